"""The files of a report written from executed notebooks and findings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note, load_findings
from exresearch.report import Texts
from exresearch.report.claims import render_claims
from exresearch.report.index import render_index
from exresearch.report.notebook import notebook_title
from exresearch.report.site import PageLink, SiteContext, render_failure, render_page
from exresearch.run.execute import NotebookResult
from exresearch.run.plan import Plan, available_notebooks


def render_report(
    plan: Plan, results: Sequence[NotebookResult], record: Mapping[str, Any], *, staging: Path
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
    """
    settings = plan.study.settings
    language = settings.language
    texts = Texts(language)
    links = []
    for path in available_notebooks():
        ran = any(job.name == path.stem for job in plan.jobs)
        if ran or (staging / f"{path.stem}.html").is_file():
            notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
            links.append(PageLink(path.stem, notebook_title(notebook, texts)))
    site = SiteContext(
        language=language,
        title=getattr(settings.title, language),
        client=settings.name or settings.client,
        pages=tuple(links),
        rules=rules_of(plan),
        synthetic=settings.synthetic is not None,
        written=frozenset(path.stem for path in available_notebooks()),
        source=getattr(settings.source, language) if settings.source is not None else "",
    )
    titles = {link.name: link.title for link in links}
    for result in results:
        if result.executed is not None:
            notebook = nbformat.read(result.executed, as_version=4)  # type: ignore[no-untyped-call]
            page = render_page(notebook, name=result.name, site=site)
        else:
            page = render_failure(
                name=result.name, title=titles[result.name], reason=_reason(result), site=site
            )
        write_text(staging / f"{result.name}.html", page)
    findings = load_findings(staging / "findings")
    failed = [result.name for result in results if result.status != "ok"]
    write_text(staging / "claims.html", render_claims(findings, site=site, failed=failed))
    index = staging / "index.html"
    write_text(index, render_index(findings, site=site, provenance=_shown_provenance(record)))


def rules_of(plan: Plan) -> DisclosureRules:
    """Return the minimum groups of a study."""
    parameters = plan.study.settings.parameters
    return DisclosureRules(
        min_respondents=parameters.min_respondents,
        min_comments=parameters.min_comments,
        min_model=parameters.min_model,
        min_units=parameters.min_units,
    )


def _reason(result: NotebookResult) -> Note:
    if result.failed_cell:
        message = "It stopped at the step {cell} with an error of the type {kind}."
        return Note(message=message, values={"cell": result.failed_cell, "kind": result.error})
    return Note(message="It did not run to its end ({kind}).", values={"kind": result.error})


def _shown_provenance(record: Mapping[str, Any]) -> dict[str, Any]:
    files = [
        {"name": item["file"], "sha256": item["sha256"], "rows": item["rows"]} for item in record["inputs"]
    ]
    files += [
        {"name": record[key]["file"], "sha256": record[key]["sha256"], "rows": None}
        for key in ("codebook", "study_file")
    ]
    return {
        "version": record["exresearch"],
        "started": record["started"],
        "seed": record["seed"],
        "files": files,
        "parameters": record["parameters"],
        "notebooks": record["notebooks"],
        "packages": {"python": record["python"], **record["packages"]},
    }


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f".{path.name}.part")
    with partial.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
