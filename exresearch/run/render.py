"""The files of a report written from executed notebooks and findings."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat

from exresearch.disclosure import DisclosureRules
from exresearch.findings import load_findings, load_registry
from exresearch.report import Texts
from exresearch.report.asked import asked_of
from exresearch.report.brand import Brand
from exresearch.report.claims import render_claims
from exresearch.report.failure import plain_reason, section_of
from exresearch.report.index import render_index
from exresearch.report.methods import render_methods
from exresearch.report.notebook import NotebookBody, convert_notebook, notebook_title
from exresearch.report.provenance_page import render_provenance
from exresearch.report.search import with_search
from exresearch.report.single import one_file
from exresearch.report.site import (
    CLAIMS,
    PageLink,
    SiteContext,
    SummaryPage,
    pages_of,
    render_failure,
    render_page,
)
from exresearch.report.text import mark
from exresearch.report.verdict import shown_entry
from exresearch.run.execute import NotebookResult
from exresearch.run.followed import followed
from exresearch.run.origin import sha256
from exresearch.run.plan import Plan, available_notebooks
from exresearch.run.staging import EXPORTS
from exresearch.study import StudyFile
from exresearch.study.logo import read_logo
from exresearch.study.parameters import Also

_DOWNLOADS = {
    "spreadsheet": mark("All findings as a spreadsheet, in full precision, with a data dictionary (Excel)"),
    "slides": mark("Slides with a page per hypothesis, a figure and speaker notes (PowerPoint)"),
    "pdf": mark("The whole report on paper (PDF)"),
    "single_file": mark("The whole report as one page, to send by mail (HTML)"),
}
# The exporter that all pages share is not made for threads.
_converting = threading.Lock()


def render_report(
    plan: Plan,
    results: Sequence[NotebookResult],
    record: Mapping[str, Any],
    *,
    staging: Path,
    summaries: Sequence[SummaryPage] | None = None,
) -> None:
    """Write every page of a report that this run makes.

    Parameters
    ----------
    plan : Plan
        What was run.
    results : sequence of NotebookResult
        What became of it.
    record : mapping
        Of :func:`exresearch.run.provenance.provenance`.
    staging : pathlib.Path
        The report being built; findings are in it, and pages that are kept from an earlier run.
    summaries : sequence of SummaryPage, optional
        Of :func:`render_summaries`, where they were made before, for the audit.
    """
    site = site_of(plan, staging)
    titles = {link.name: link.title for link in site.pages}
    for result in results:
        if result.executed is not None:
            body = result.body or body_of(result.executed, site.texts)
            page = render_page(body, name=result.name, site=site)
        else:
            page = _failure(plan, result, title=titles[result.name], site=site, staging=staging)
        write_text(staging / f"{result.name}.html", page)
    if summaries is None:
        summaries = render_summaries(plan, results, staging=staging, started=str(record["started"]))
    provenance = render_provenance(
        record,
        load_findings(staging / "findings"),
        site=site,
        settings=plan.study.settings,
        hashes={path.stem: sha256(path) for path in sorted((staging / "findings").glob("*.json"))},
    )
    for summary in (*summaries, provenance):
        write_text(staging / f"{summary.name}.html", summary.html)
    _finish(staging, site=site, single_file="single_file" in plan.also)


def body_of(executed: Path, texts: Texts) -> NotebookBody:
    """Return the inside of the page of an executed notebook; from any thread, one at a time."""
    notebook = nbformat.read(executed, as_version=4)  # type: ignore[no-untyped-call]
    with _converting:
        return convert_notebook(notebook, texts)


def _finish(staging: Path, *, site: SiteContext, single_file: bool) -> None:
    """Tell every page what all pages say, those kept from an earlier run among them, and put them into one file."""
    documents = documents_of(staging, site=site)
    for name, document in with_search(documents).items():
        write_text(staging / f"{name}.html", document)
    if single_file:
        write_text(staging / EXPORTS["single_file"], one_file(documents, site=site))


def documents_of(staging: Path, *, site: SiteContext) -> dict[str, str]:
    """Return the pages of a report that are written, by name and in reading order."""
    files = {page.name: staging / page.href for page in pages_of(site)}
    return {name: path.read_text(encoding="utf-8") for name, path in files.items() if path.is_file()}


def render_summaries(
    plan: Plan, results: Sequence[NotebookResult], *, staging: Path, started: str
) -> list[SummaryPage]:
    """Render the pages that are made of findings and no notebook: the index, the claims and the methods.

    They are made before the audit, which has to know what they show.

    Parameters
    ----------
    plan : Plan
        What was run.
    results : sequence of NotebookResult
        What became of it.
    staging : pathlib.Path
        The report being built, with its findings.
    started : str
        When the run began (ISO).

    Returns
    -------
    list of SummaryPage
    """
    site = site_of(plan, staging)
    findings = load_findings(staging / "findings")
    failed = [result.name for result in results if result.status != "ok"]
    planned = followed(plan)
    asked = asked_of(plan.study, texts=site.texts, rules=site.rules)
    return [
        render_index(findings, site=site, asked=asked, failed=failed, made=started, plan=planned),
        SummaryPage(
            CLAIMS,
            render_claims(findings, site=site, failed=failed),
            tuple(shown_entry(finding) for finding in findings if finding.tested),
        ),
        render_methods(findings, site=site, settings=plan.study.settings, failed=failed, plan=planned),
    ]


def site_of(plan: Plan, staging: Path) -> SiteContext:
    """Return what all pages of a report share.

    Parameters
    ----------
    plan : Plan
        What was run.
    staging : pathlib.Path
        The report being built; a page that is kept from an earlier run belongs to it.

    Returns
    -------
    SiteContext
    """
    ran = {job.name for job in plan.jobs}
    names = [
        path.stem
        for path in available_notebooks()
        if path.stem in ran or (staging / f"{path.stem}.html").is_file()
    ]
    return site_with(plan.study.settings, pages=names, also=plan.also, brand=_brand(plan))


def site_with(
    settings: StudyFile, *, pages: Collection[str], also: Collection[Also], brand: Brand | None = None
) -> SiteContext:
    """Return what all pages of a report share, from the settings alone.

    Parameters
    ----------
    settings : StudyFile
        The study's settings; its tables need not be there.
    pages : collection of str
        Notebooks (file stems) that have a page.
    also : collection of str
        Files that are passed on beside the pages.
    brand : Brand, optional
        What the client looks like.

    Returns
    -------
    SiteContext
    """
    language = settings.language
    texts = Texts(language)
    links = []
    for path in available_notebooks():
        if path.stem in pages:
            notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
            links.append(PageLink(path.stem, notebook_title(notebook, texts)))
    return SiteContext(
        language=language,
        title=texts.pick(settings.title),
        client=settings.name or settings.client,
        pages=tuple(links),
        rules=rules_with(settings),
        synthetic=settings.synthetic is not None,
        written=frozenset(path.stem for path in available_notebooks()),
        source=texts.pick(settings.source) if settings.source is not None else "",
        brand=brand,
        downloads=tuple((EXPORTS[name], texts.say(_DOWNLOADS[name])) for name in also),
    )


def _brand(plan: Plan) -> Brand | None:
    """Return what the client looks like; None where the study file says nothing of it."""
    settings = plan.study.settings
    # Checked with the study; a file that was taken away since then leaves the name in its place.
    logo, _ = read_logo(settings.logo, folder=plan.study_file.parent, file=plan.study_file.name)
    colours = settings.colours
    if not logo and colours is None:
        return None
    return Brand(logo, colours.primary if colours else "", colours.accent if colours else "")


def rules_of(plan: Plan) -> DisclosureRules:
    """Return the minimum groups of a study."""
    return rules_with(plan.study.settings)


def rules_with(settings: StudyFile) -> DisclosureRules:
    """Return the minimum groups that settings ask for."""
    parameters = settings.parameters
    return DisclosureRules(
        min_respondents=parameters.min_respondents,
        min_comments=parameters.min_comments,
        min_model=parameters.min_model,
        min_units=parameters.min_units,
    )


def _failure(plan: Plan, result: NotebookResult, *, title: str, site: SiteContext, staging: Path) -> str:
    """Render the page of a notebook that stopped: what happened in plain words, and what is missing by it."""
    path = next(job.path for job in plan.jobs if job.name == result.name)
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    # What was recorded before it stopped is a finding all the same.
    found = {finding.hypothesis for finding in load_findings(staging / "findings")}
    return render_failure(
        name=result.name,
        title=title,
        reason=plain_reason(result.error),
        site=site,
        section=section_of(notebook, result.failed_cell, site.texts),
        lost=[
            (hypothesis.id, hypothesis.claim[site.language])
            for hypothesis in load_registry().in_notebook(result.name)
            if hypothesis.id not in found
        ],
        technical=": ".join(part for part in (result.failed_cell, result.error) if part),
    )


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f".{path.name}.part")
    with partial.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
