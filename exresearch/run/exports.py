"""Files that are passed on beside the pages: made when they are asked for, or left out with a reason."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from exresearch import __version__
from exresearch.disclosure import Entry
from exresearch.findings import load_findings
from exresearch.report.exports.content import Edition, contents_of
from exresearch.report.exports.pdf import PdfError, find_browser, print_pdf
from exresearch.report.key_figures import FOLDER
from exresearch.report.single import one_file
from exresearch.report.site import SiteContext
from exresearch.run.execute import NotebookResult
from exresearch.run.plan import Plan
from exresearch.run.render import documents_of, site_of
from exresearch.run.seal import without_place
from exresearch.run.staging import EXPORTS

NO_BROWSER = (
    "No PDF was made: it takes Chromium, Chrome or Edge on this computer, and none was found. Install one, or print "
    "the pages from a browser."
)


@dataclass(frozen=True, slots=True)
class Export:
    """A file that is passed on, with what it shows: its part of the report's ledger.

    Attributes
    ----------
    name : str
        File name.
    entries : tuple of Entry
        What the audit of the whole report has to know of it.
    """

    name: str
    entries: tuple[Entry, ...]


def possible(plan: Plan) -> tuple[Plan, dict[str, str]]:
    """Leave out of a plan what cannot be made on this computer.

    Returns
    -------
    tuple of Plan and dict
        The plan, and a sentence for each format that was left out.
    """
    if "pdf" in plan.also and find_browser() is None:
        return without_pdf(plan), {"pdf": NO_BROWSER}
    return plan, {}


def drop_unfinished(plan: Plan, results: Sequence[NotebookResult], staging: Path) -> None:
    """Take away the key figures of notebooks that did not run to their end, which no audit sees."""
    failed = {result.name for result in results if result.executed is None}
    for job in plan.jobs:
        if job.name in failed:
            for hypothesis in job.hypotheses:
                (staging / FOLDER / f"{hypothesis}.png").unlink(missing_ok=True)


def without_pdf(plan: Plan) -> Plan:
    """Return the plan without a PDF."""
    return replace(plan, also=tuple(one for one in plan.also if one != "pdf"))


def write_office(plan: Plan, staging: Path, *, started: datetime.datetime) -> list[Export]:
    """Write the spreadsheet and the slides that a plan asks for.

    When to use it: after the notebooks, whose findings and key figures lie in the report that is being built, and
    before the audit, which has to know what is shown.

    Parameters
    ----------
    plan : Plan
        What was run.
    staging : pathlib.Path
        The report being built.
    started : datetime.datetime
        When the run began; its day is the only time in these files.

    Returns
    -------
    list of Export
    """
    if not {"spreadsheet", "slides"} & set(plan.also):
        return []
    # Libraries of office files take a while to import, and most runs ask for none.
    from exresearch.report.exports.slides import slides_bytes
    from exresearch.report.exports.workbook import workbook_bytes

    site = site_of(plan, staging)
    edition = Edition(site, started.date(), __version__, plan.study.settings.parameters.seed)
    contents = contents_of(load_findings(staging / "findings"), site.texts)
    made = []
    if "spreadsheet" in plan.also:
        name = EXPORTS["spreadsheet"]
        (staging / name).write_bytes(workbook_bytes(contents, edition))
        made.append(Export(name, tuple(entry for content in contents for entry in content.entries)))
    if "slides" in plan.also:
        name = EXPORTS["slides"]
        slides, entries = slides_bytes(contents, edition, figures=staging / FOLDER)
        (staging / name).write_bytes(slides)
        made.append(Export(name, tuple(entries)))
    return made


def write_pdf(plan: Plan, staging: Path) -> str:
    """Print a report whose pages are written, as one document.

    Returns
    -------
    str
        Why there is none, as a sentence; empty where there is one.
    """
    browser = find_browser()
    if browser is None:
        return NO_BROWSER
    site = site_of(plan, staging)
    footer = f"{site.client} · {site.title}"
    if site.synthetic:
        footer += f" · {site.texts.say('fictional data')}"
    try:
        content = print_pdf(whole_report(staging, site=site), footer=footer, browser=browser)
    except PdfError as error:
        return str(error)
    (staging / EXPORTS["pdf"]).write_bytes(content)
    return ""


def whole_report(staging: Path, *, site: SiteContext) -> str:
    """Return all pages of a report as one document, in reading order."""
    ready = staging / EXPORTS["single_file"]
    if ready.is_file():
        return without_place(ready.read_text(encoding="utf-8"))
    return without_place(one_file(documents_of(staging, site=site), site=site))


def recorded(plan: Plan, left_out: Mapping[str, str]) -> dict[str, Any]:
    """Return what the provenance says of files that are passed on: each that was asked for, or why it is not there."""
    made = {name: {"file": EXPORTS[name], "left_out": ""} for name in plan.also}
    return made | {name: {"file": "", "left_out": reason} for name, reason in left_out.items()}
