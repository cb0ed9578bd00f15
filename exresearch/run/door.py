"""The last check before a report is written: all of it is in the ledger, and nothing can be worked out from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import nbformat

from exresearch.disclosure import DisclosureRules, Entry, audit, members_of
from exresearch.disclosure.attack.audit import Disclosure
from exresearch.report.notebook import entries_of
from exresearch.run.execute import NotebookResult
from exresearch.run.plan import Plan

# More lines than this hide the first ones.
_MOST = 12


class Shown(Protocol):
    """A page or file of a report, with what it shows."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Its part of the report's ledger."""


class DisclosureError(RuntimeError):
    """A report that was made and not published, because small groups could be worked out from it.

    Parameters
    ----------
    lines : sequence of str
        What is wrong, each a sentence that names pages, tables and groups and never a number.
    remedy : str
        What to do.
    """

    def __init__(self, lines: Sequence[str], *, remedy: str) -> None:
        self.lines = tuple(lines)
        listed = [f"- {line}" for line in lines[:_MOST]]
        listed += [f"- and {len(lines) - _MOST} more" for _ in range(len(lines) > _MOST)]
        heading = "Nothing was published: what the report shows would tell too much."
        super().__init__("\n".join([heading, *listed, f"An earlier report is as it was. {remedy}"]))


def check_disclosure(
    plan: Plan,
    results: Sequence[NotebookResult],
    *,
    rules: DisclosureRules,
    summaries: Sequence[Shown] = (),
) -> dict[str, Any]:
    """Audit everything that a report shows: its notebooks, those taken over too, and its other pages.

    Parameters
    ----------
    plan : Plan
        What was run.
    results : sequence of NotebookResult
        What became of it.
    rules : DisclosureRules
        Minimum groups.
    summaries : sequence of Shown
        Pages that are no notebook, and files that are passed on.

    Returns
    -------
    dict
        What was looked at, for the provenance.

    Raises
    ------
    DisclosureError
        If an output is in no ledger, or a small group can be worked out. Names pages and tables, and no number.
    """
    shown: list[tuple[str, Entry]] = []
    past: list[str] = []
    for result in results:
        if result.executed is None:
            # The page of a notebook that failed shows nothing.
            continue
        notebook = nbformat.read(result.executed, as_version=4)  # type: ignore[no-untyped-call]
        entries, cells = entries_of(notebook)
        past += [
            f"{result.name}: the step {cell} shows something that no disclosure control has seen."
            for cell in cells
        ]
        shown += [(result.name, entry) for entry in entries]
    shown += [(page.name, entry) for page in summaries for entry in page.entries]
    if past:
        raise DisclosureError(past, remedy="Show it with page.table, page.figure, page.say or page.verdict.")
    done = audit(shown, members_of(plan.study), rules=rules)
    if done.disclosures:
        remedy = (
            "Raise min_respondents in the study file, join small units or categories in the data, or leave one of "
            "these notebooks out with --only."
        )
        raise DisclosureError([_line(one) for one in done.disclosures], remedy=remedy)
    return {
        "entries": done.n_entries,
        "groups": done.n_cells,
        "hidden": done.n_hidden,
        "systems": done.n_systems,
        "attacked": done.n_targets,
        "worked_out": 0,
    }


def _line(one: Disclosure) -> str:
    what = "how many people answered" if one.counts else "the answers"
    measure = f" to “{one.measure}”" if one.measure else ""
    how = "can be computed" if one.exact else "are known too closely"
    return f"{one.population}, {one.group}: {what}{measure} {how}, from {'; '.join(one.tables)}."
