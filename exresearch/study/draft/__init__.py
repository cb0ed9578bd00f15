"""From exports to a draft of a study: what can be guessed, each guess with its reason, and nothing more."""

from exresearch.study.draft.build import Draft, draft_study
from exresearch.study.draft.items.reversal import ReversedItems, likely_reversed
from exresearch.study.draft.write import CodebookFormat, legal_draft, write_draft

__all__ = [
    "CodebookFormat",
    "Draft",
    "ReversedItems",
    "draft_study",
    "legal_draft",
    "likely_reversed",
    "write_draft",
]
