"""The last check before a report is written: all of it is in the ledger, and nothing can be worked out from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from exresearch.disclosure import DisclosureRules, Entry, audit, entry_from_json, members_of
from exresearch.disclosure.audit import Disclosure
from exresearch.report.notebook import entries_of
from exresearch.run.execute import NotebookResult
from exresearch.run.plan import Plan
from exresearch.study.problems import Problem, StudyError

_LEDGER = "ledger"
# More lines than this hide the first ones.
_MOST_PROBLEMS = 12


class DisclosureError(StudyError):
    """A report that is not written, because small groups could be worked out from it."""


def check_disclosure(
    plan: Plan, results: Sequence[NotebookResult], *, rules: DisclosureRules, kept: Sequence[str] = ()
) -> dict[str, Any]:
    """Audit everything that the notebooks show, together with the pages that are kept from an earlier run.

    The ledger of each page is written into the working folder, for runs of some notebooks later.

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

    Returns
    -------
    dict
        What was looked at, for the provenance.

    Raises
    ------
    DisclosureError
        If an output is in no ledger, or a small group can be worked out. Names pages and tables, and no number.
    """
    folder = plan.work / _LEDGER
    folder.mkdir(exist_ok=True)
    shown: list[tuple[str, Entry]] = []
    problems = []
    for result in results:
        if result.executed is None:
            (folder / f"{result.name}.json").unlink(missing_ok=True)
            continue
        notebook = nbformat.read(result.executed, as_version=4)  # type: ignore[no-untyped-call]
        entries, past = entries_of(notebook)
        problems += [_past_the_door(result.name, cell) for cell in past]
        content = json.dumps([entry.as_json() for entry in entries], ensure_ascii=False)
        (folder / f"{result.name}.json").write_text(content, encoding="utf-8")
        shown += [(result.name, entry) for entry in entries]
    for name in kept:
        earlier = _earlier(folder / f"{name}.json")
        if earlier is None:
            message = "What this page shows is not known any more, so it cannot be held against the others."
            problems.append(Problem(f"{name}.html", "", message, "Run all notebooks, without --only."))
            continue
        shown += [(name, entry) for entry in earlier]
    if problems:
        raise DisclosureError(problems)
    done = audit(shown, members_of(plan.study), rules=rules)
    if done.disclosures:
        raise DisclosureError(_problems(done.disclosures))
    return {
        "entries": done.n_entries,
        "groups": done.n_cells,
        "hidden": done.n_hidden,
        "systems": done.n_systems,
        "attacked": done.n_targets,
        "worked_out": 0,
    }


def _past_the_door(name: str, cell: str) -> Problem:
    message = f"The step {cell} shows something that did not pass disclosure control."
    return Problem(
        f"{name}.ipynb", cell, message, "Show it with page.table, page.figure, page.say or page.verdict."
    )


def _problems(found: Sequence[Disclosure]) -> list[Problem]:
    problems = []
    for one in found[:_MOST_PROBLEMS]:
        page = one.tables[0].partition(":")[0] if one.tables else "report"
        what = "the number of people that answered" if one.counts else "the answers"
        how = "can be computed" if one.exact else "are known too closely"
        measure = f" to “{one.measure}”" if one.measure else ""
        message = f"From everything shown together {what}{measure} of a small group ({one.group}) {how}."
        remedy = (
            "Raise min_respondents, join small units or categories in the data, or take one of these notebooks out of "
            "the report with --only."
        )
        message += f" It follows from {'; '.join(one.tables)}."
        problems.append(Problem(f"{page}.html", one.population, message, remedy))
    left = len(found) - _MOST_PROBLEMS
    if left > 0:
        message = f"{left} more groups can be worked out in the same way."
        problems.append(Problem("report", "", message, "Begin with those above."))
    return problems


def _earlier(path: Path) -> list[Entry] | None:
    try:
        return [entry_from_json(record) for record in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, KeyError):
        return None
