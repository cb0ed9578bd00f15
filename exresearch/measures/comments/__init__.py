"""Comments in own words: language, personal data taken out, codes and themes, by rules and weights that can be read."""

from exresearch.measures.comments.coder import Coded, code_comment, confusion
from exresearch.measures.comments.language import comment_language
from exresearch.measures.comments.lexicon import CODES, theme_labels
from exresearch.measures.comments.of_study import coded_comments, comment_column
from exresearch.measures.comments.personal import without_personal_data

__all__ = [
    "CODES",
    "Coded",
    "code_comment",
    "coded_comments",
    "comment_column",
    "comment_language",
    "confusion",
    "theme_labels",
    "without_personal_data",
]
