"""The page of provenance: from every number back to the data, and how to compute it all again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exresearch.findings.finding import Finding
from exresearch.findings.hypothesis import Hypothesis
from exresearch.findings.registry import load_registry
from exresearch.report.columns import TABLE_LABELS
from exresearch.report.markup import fill
from exresearch.report.method_words import missing_words, weighting_words
from exresearch.report.planned import plan_words
from exresearch.report.sentences import VERDICT_LABELS
from exresearch.report.site import PROVENANCE, SiteContext, SummaryPage, shell
from exresearch.report.text import Texts, mark
from exresearch.report.verdict import SYMBOLS
from exresearch.study.parameters import Parameters, StudyFile

_STATUS = {"ok": mark("finished"), "failed": mark("failed"), "kept": mark("kept from an earlier run")}
# Of a hash so many characters are shown; run.json has all of them.
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class _Trail:
    """The way of one claim back to its data."""

    id: str
    title: str
    css: str
    symbol: str
    label: str
    page: str
    href: str
    json: str
    sha: str
    tables: str


def render_provenance(
    record: Mapping[str, Any],
    findings: Sequence[Finding],
    *,
    site: SiteContext,
    settings: StudyFile,
    hashes: Mapping[str, str],
) -> SummaryPage:
    """Render the page that says what a report was made from.

    Parameters
    ----------
    record : mapping
        Of :func:`exresearch.run.provenance.provenance`, with the audit's record under ``disclosure``; keys that are
        missing are not shown.
    findings : sequence of Finding
        All findings of the report.
    site : SiteContext
        The report it belongs to.
    settings : StudyFile
        The study's settings.
    hashes : mapping of str to str
        SHA-256 of the file of every finding, by hypothesis.

    Returns
    -------
    SummaryPage
        Holds file names, hashes, counts of rows, versions and settings: nothing of a person, and no path.
    """
    texts = site.texts
    found = {finding.hypothesis: finding for finding in findings}
    tables = {str(item["table"]) for item in record.get("inputs", [])}
    trails = [
        _trail(hypothesis, found.get(hypothesis.id), site=site, tables=tables, hashes=hashes)
        for hypothesis in load_registry().hypotheses
        if hypothesis.id in found or hypothesis.notebook in {page.name for page in site.pages}
    ]
    headings = [
        (2, "again", texts.say("How to compute it again")),
        (2, "seal", texts.say("Whether it is still what was made")),
        (2, "plan", texts.say("The analysis plan")),
        (2, "trail", texts.say("From every claim back to the data")),
        (2, "files", texts.say("Data files")),
        (2, "notebooks", texts.say("Notebooks")),
        (2, "disclosure", texts.say("What was tried to work out")),
        (2, "settings", texts.say("Settings")),
        (2, "packages", texts.say("Packages")),
    ]
    body = fill(
        "provenance.html.j2",
        texts=texts,
        facts=_facts(record, texts),
        command=_command(record),
        plan=plan_words(record.get("plan"), texts),
        verify=_verify(record, texts),
        commit=(record.get("commit") or {}).get("id", ""),
        changed=bool((record.get("commit") or {}).get("changed")),
        trails=trails,
        files=_files(record, texts),
        notebooks=_notebooks(record, site),
        disclosure=_disclosure(record.get("disclosure"), texts),
        parameters=_parameters(record, texts),
        weighting=weighting_words(settings, texts),
        quality=missing_words(settings, texts),
        packages=sorted(record.get("packages", {}).items()),
    )
    title = texts.say("What this report was made from")
    return SummaryPage(
        PROVENANCE, shell(body, name=PROVENANCE, title=title, site=site, headings=headings), ()
    )


def tables_of(hypothesis: Hypothesis, present: Collection[str]) -> tuple[str, ...]:
    """Return the tables with which a hypothesis is tested in a study that has these.

    Parameters
    ----------
    hypothesis : Hypothesis
        Of the registry.
    present : collection of str
        Tables that the study brings.

    Returns
    -------
    tuple of str
        Of the first way to test it whose tables are all there; of the first way at all where none is.
    """
    ways = [option.tables for option in hypothesis.needs.any_of]
    return next((way for way in ways if set(way) <= set(present)), ways[0])


def _trail(
    hypothesis: Hypothesis,
    finding: Finding | None,
    *,
    site: SiteContext,
    tables: Collection[str],
    hashes: Mapping[str, str],
) -> _Trail:
    texts = site.texts
    pages = {page.name: page for page in site.pages}
    page = pages.get(hypothesis.notebook)
    needed = tables_of(hypothesis, tables)
    absent = texts.say("(not in this study)")
    named = [
        texts.say(TABLE_LABELS[name]) + ("" if not tables or name in tables else f" {absent}")
        for name in needed
    ]
    anchor = f"#verdict-{hypothesis.id}" if finding is not None else ""
    return _Trail(
        id=hypothesis.id,
        title=hypothesis.title[texts.language],
        css="none" if finding is None else finding.verdict.value.replace("_", "-"),
        symbol="–" if finding is None else SYMBOLS[finding.verdict],
        label=texts.say("not decided" if finding is None else VERDICT_LABELS[finding.verdict]),
        page="" if page is None else page.title,
        href="" if page is None else f"{page.href}{anchor}",
        json="" if finding is None else f"findings/{hypothesis.id}.json",
        sha=hashes.get(hypothesis.id, "")[:_SHOWN],
        tables=texts.listed(named),
    )


def _facts(record: Mapping[str, Any], texts: Texts) -> list[tuple[str, str]]:
    facts = []
    if record.get("started"):
        facts.append((texts.say("Made on"), texts.number(str(record["started"])[:10], "date")))
    if record.get("exresearch"):
        facts.append(("exresearch", str(record["exresearch"])))
    commit = record.get("commit")
    if commit:
        state = texts.say("changed since") if commit["changed"] else texts.say("unchanged")
        facts.append((texts.say("Version of the code"), f"{str(commit['id'])[:_SHOWN]} ({state})"))
    elif "commit" in record:
        facts.append((texts.say("Version of the code"), texts.say("not known")))
    if record.get("lock_sha256"):
        facts.append((texts.say("List of packages (locks/run.txt)"), str(record["lock_sha256"])[:_SHOWN]))
    if record.get("seed") is not None:
        facts.append((texts.say("Seed"), str(record["seed"])))
    if record.get("python"):
        facts.append(("Python", str(record["python"])))
    if record.get("system"):
        facts.append((texts.say("System"), str(record["system"])))
    return facts


def _command(record: Mapping[str, Any]) -> str:
    """Return the command that makes the report again; the study file by its name alone."""
    name = _study_name(record)
    language = record.get("language", "")
    return f"exresearch run {name}" + (f" --language {language}" if language else "")


def _verify(record: Mapping[str, Any], texts: Texts) -> str:
    """Return the command that checks the report, with the study file for whoever has the data."""
    folder = texts.say("FOLDER")
    return f"exresearch verify {folder}\nexresearch verify {folder} --study {_study_name(record)}"


def _study_name(record: Mapping[str, Any]) -> str:
    return _bare(record.get("study_file", {}).get("file", "study.yaml"))


def _files(record: Mapping[str, Any], texts: Texts) -> list[tuple[str, str, str, str]]:
    rows = [
        (
            texts.say(TABLE_LABELS[item["table"]]),
            _bare(item["file"]),
            texts.number(item["rows"], "integer"),
            str(item["sha256"])[:_SHOWN],
        )
        for item in record.get("inputs", [])
    ]
    for key, label in (("codebook", texts.say("Codebook")), ("study_file", texts.say("Study file"))):
        if key in record:
            rows.append((label, _bare(record[key]["file"]), "–", str(record[key]["sha256"])[:_SHOWN]))
    return rows


def _notebooks(record: Mapping[str, Any], site: SiteContext) -> list[tuple[str, str, str, str, str]]:
    """List every page of the report: what became of its notebook, how long that took, and its hash."""
    texts = site.texts
    runs = {str(run["name"]): run for run in record.get("notebooks", [])}
    rows = []
    for page in site.pages:
        run = runs.get(page.name)
        seconds = "–" if run is None else texts.number(run["seconds"], "number1")
        status = texts.say(_STATUS["kept" if run is None else run["status"]])
        sha = "" if run is None else str(run.get("sha256", ""))[:_SHOWN]
        rows.append((page.title, page.href, status, seconds, sha or "–"))
    return rows


def _disclosure(record: Mapping[str, Any] | None, texts: Texts) -> list[str]:
    if record is None:
        return []
    counts = {
        key: int(record[key]) for key in ("entries", "groups", "hidden", "systems", "attacked", "worked_out")
    }
    return [
        texts.say(
            "{entries:integer} tables, figures and sentences of this report were held together. They show "
            "{groups:integer} groups of people, of which {hidden:integer} are hidden.",
            **{key: counts[key] for key in ("entries", "groups", "hidden")},
        ),
        texts.say(
            "Every total that could give a hidden group away was set against its parts ({systems:integer} sets of "
            "totals and parts, {attacked:integer} numbers to be found). Worked out: {worked_out:integer}. With one or "
            "more this report would not have been published.",
            **{key: counts[key] for key in ("systems", "attacked", "worked_out")},
        ),
    ]


def _parameters(record: Mapping[str, Any], texts: Texts) -> list[tuple[str, str, str]]:
    rows = []
    for name, value in record.get("parameters", {}).items():
        field = Parameters.model_fields.get(name)
        meaning = texts.say(field.description) if field is not None and field.description else ""
        if isinstance(value, bool):
            shown = texts.say("yes") if value else texts.say("no")
        else:
            shown = "–" if value in (None, "") else str(value)
        rows.append((str(name), shown, meaning))
    return rows


def _bare(name: object) -> str:
    """Return the name of a file without any folder, however it is written."""
    return str(name).replace("\\", "/").rsplit("/", 1)[-1]
