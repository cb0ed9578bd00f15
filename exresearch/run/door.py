"""The last check before a report is written: all of it is in the ledger, and nothing can be worked out from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import nbformat

from exresearch.disclosure import DisclosureRules, Entry, audit, entry_from_json, members_of
from exresearch.disclosure.attack.audit import Disclosure
from exresearch.report.notebook import entries_of
from exresearch.run.execute import NotebookResult
from exresearch.run.plan import Plan

_LEDGER = "ledger"
Ledgers = dict[str, str]
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
    kept: Sequence[str] = (),
    summaries: Sequence[Shown] = (),
) -> tuple[dict[str, Any], Ledgers]:
    """Audit everything that a report shows: its notebooks, its other pages, and what is kept from an earlier run.

    Parameters
    ----------
    plan : Plan
        What was run.
    results : sequence of NotebookResult
        What became of it.
    rules : DisclosureRules
        Minimum groups.
    kept : sequence of str
        Pages of an earlier run that stay in the report.
    summaries : sequence of Shown
        Pages that are no notebook, and files that are passed on. A run makes them anew, so that they are not
        remembered.

    Returns
    -------
    tuple of dict and Ledgers
        What was looked at, for the provenance; and what each page shows, for :func:`remember`.

    Raises
    ------
    DisclosureError
        If an output is in no ledger, or a small group can be worked out. Names pages and tables, and no number.
    """
    folder = plan.work / _LEDGER
    ledgers: Ledgers = {}
    shown: list[tuple[str, Entry]] = []
    past: list[str] = []
    for result in results:
        if result.executed is None:
            # The page of a notebook that failed shows nothing.
            ledgers[result.name] = "[]"
            continue
        notebook = nbformat.read(result.executed, as_version=4)  # type: ignore[no-untyped-call]
        entries, cells = entries_of(notebook)
        past += [
            f"{result.name}: the step {cell} shows something that no disclosure control has seen."
            for cell in cells
        ]
        ledgers[result.name] = json.dumps([entry.as_json() for entry in entries], ensure_ascii=False)
        shown += [(result.name, entry) for entry in entries]
    for name in kept:
        earlier = _earlier(folder / f"{name}.json")
        if earlier is None:
            line = f"{name}: what this page of an earlier run shows is not known, so nothing can be held against it."
            raise DisclosureError([line], remedy="Run all notebooks, without --only.")
        shown += [(name, entry) for entry in earlier]
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
    record = {
        "entries": done.n_entries,
        "groups": done.n_cells,
        "hidden": done.n_hidden,
        "systems": done.n_systems,
        "attacked": done.n_targets,
        "worked_out": 0,
    }
    return record, ledgers


def remember(plan: Plan, ledgers: Ledgers) -> None:
    """Keep what each page shows, for runs of some notebooks later.

    Called when the report is published and not before: a report that was stopped is not what the pages show.

    Parameters
    ----------
    plan : Plan
        What was run.
    ledgers : mapping of str to str
        By page.
    """
    folder = plan.work / _LEDGER
    folder.mkdir(exist_ok=True)
    for name, content in ledgers.items():
        (folder / f"{name}.json").write_text(content, encoding="utf-8")


def _line(one: Disclosure) -> str:
    what = "how many people answered" if one.counts else "the answers"
    measure = f" to “{one.measure}”" if one.measure else ""
    how = "can be computed" if one.exact else "are known too closely"
    return f"{one.population}, {one.group}: {what}{measure} {how}, from {'; '.join(one.tables)}."


def _earlier(path: Path) -> list[Entry] | None:
    try:
        return [entry_from_json(record) for record in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, KeyError):
        return None
