"""What pages say against what findings hold: every page that is made of findings is made once more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any, get_args

from exresearch.findings import Finding, load_registry
from exresearch.report.anchors import with_anchors
from exresearch.report.claims import render_claims
from exresearch.report.index import render_index
from exresearch.report.methods import render_methods
from exresearch.report.provenance_page import render_provenance
from exresearch.report.search import with_search
from exresearch.report.site import SUMMARIES, SiteContext, pages_of
from exresearch.report.verdict import verdict_block
from exresearch.run.origin import sha256
from exresearch.run.plan import available_notebooks
from exresearch.run.render import site_with
from exresearch.run.seal import unsealed
from exresearch.run.verify.outcome import Check, Difference, plain
from exresearch.run.verify.words import main_of, unlike, words_of
from exresearch.study import StudyFile
from exresearch.study.parameters import Also

_FOLDER = "findings"
_ASKED = re.compile(r'<p class="asked">.*?</p>', re.DOTALL)
_TRACE = re.compile(r'<a class="exr-trace" href="#([^"]+)">(.*?)<span class="hidden-text">', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A report as it lies there, with what its record says of it.

    Attributes
    ----------
    folder : pathlib.Path
    record : mapping
        Of ``run.json``.
    findings : tuple of Finding
        Those that are in order.
    settings : StudyFile
        As far as pages show them; the tables are stand-ins.
    site : SiteContext
    """

    folder: Path
    record: Mapping[str, Any]
    findings: tuple[Finding, ...]
    settings: StudyFile
    site: SiteContext

    @property
    def failed(self) -> list[str]:
        """Notebooks that did not run to their end."""
        return [str(one["name"]) for one in self.record["notebooks"] if one["status"] != "ok"]


def read_delivered(folder: Path, record: Mapping[str, Any], findings: Sequence[Finding]) -> Delivered:
    """Put together what pages are made from.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the record lacks what it should hold.
    """
    settings = StudyFile.model_validate(
        {
            "client": record["client"],
            "name": record["name"],
            "title": record["title"],
            "source": record["source"],
            "language": record["language"],
            "codebook": record["codebook"]["file"],
            "tables": {item["table"]: item["file"] for item in record["inputs"]},
            "synthetic": {} if record["synthetic"] else None,
            "weighting": record["weighting"],
            "quality": record["quality"],
            "parameters": record["parameters"],
        }
    )
    made = {name for name, what in record["also"].items() if what["file"]}
    site = site_with(
        settings,
        pages=[path.stem for path in available_notebooks() if (folder / f"{path.stem}.html").is_file()],
        also=[name for name in get_args(Also) if name in made],
    )
    return Delivered(folder, record, tuple(findings), settings, site)


def read_each(folder: Path) -> tuple[list[Finding], Check]:
    """Read every finding of a report, each by itself: whether its numbers give its verdict, and how it is written.

    Returns
    -------
    tuple of list of Finding and Check
        Those that are in order.
    """
    kept: list[Finding] = []
    found: list[Difference] = []
    files = sorted((folder / _FOLDER).glob("*.json"))
    for path in files:
        name = f"{_FOLDER}/{path.name}"
        try:
            content = path.read_bytes()
            finding = Finding.model_validate_json(content)
        except (OSError, ValueError):
            found.append(plain(name, "is no finding any more: its fields do not fit each other."))
            continue
        if (finding.model_dump_json(indent=2) + "\n").encode() != content:
            found.append(plain(name, "is not written as a run writes it."))
        if finding.hypothesis != path.stem:
            found.append(plain(name, f"holds the finding of {finding.hypothesis!r}."))
            continue
        kept.append(finding)
    return kept, Check("findings", len(files), tuple(found))


def check_pages(report: Delivered) -> Check:
    """Compare every page that is made of findings with the same page made once more.

    Verdicts on the pages of notebooks, the rows of tables to which their estimates lead, the summary, the claims, the
    methods and the provenance; and the list for the search field, which holds the beginnings of all texts.
    """
    documents = documents_in(report)
    found: list[Difference] = []
    compared = 0
    for finding in report.findings:
        name = load_registry()[finding.hypothesis].notebook if finding.hypothesis in load_registry() else ""
        if name in documents and name not in report.failed:
            compared += 1
            found += _verdict(finding, name, documents[name], report)
    for name, expected in _summaries(report).items():
        if name not in documents:
            found.append(plain(f"{name}.html", "is missing."))
            continue
        compared += 1
        shown = words_of(_ASKED.sub("", main_of(documents[name])))
        found += unlike(
            words_of(main_of(expected)), shown, file=f"{name}.html", place="", against=_against(name)
        )
    for name, expected in with_search(documents).items():
        compared += 1
        if expected != documents[name]:
            found.append(plain(f"{name}.html", "the list for the search field does not fit what pages say."))
    return Check("pages", compared, tuple(found))


def documents_in(report: Delivered) -> dict[str, str]:
    """Return the pages of a report by name and in reading order, without the seal on them."""
    return {
        page.name: unsealed((report.folder / page.href).read_bytes().decode("utf-8", "replace"))
        for page in pages_of(report.site)
        if (report.folder / page.href).is_file()
    }


def _against(name: str) -> str:
    return "the record" if name == "provenance" else "the findings"


def _summaries(report: Delivered) -> dict[str, str]:
    """Render the pages that are no notebook once more; what they take from the data themselves is left out."""
    record, site, failed = report.record, report.site, report.failed
    findings = report.findings
    provenance = render_provenance(
        record,
        findings,
        site=site,
        settings=report.settings,
        hashes={
            one.hypothesis: sha256(report.folder / _FOLDER / f"{one.hypothesis}.json") for one in findings
        },
    )
    made = {
        "index": render_index(
            findings, site=site, failed=failed, made=str(record["started"]), plan=record["plan"]
        ).html,
        "claims": render_claims(findings, site=site, failed=failed),
        "methods": render_methods(
            findings, site=site, settings=report.settings, failed=failed, plan=record["plan"]
        ).html,
        "provenance": provenance.html,
    }
    return {name: made[name] for name in SUMMARIES}


def _verdict(finding: Finding, name: str, document: str, report: Delivered) -> list[Difference]:
    file, place = f"{name}.html", f"verdict of {finding.hypothesis}"
    source = f"{_FOLDER}/{finding.hypothesis}.json"
    block = re.search(
        rf'<section\b[^>]*?\sid="verdict-{re.escape(finding.hypothesis)}".*?</section>', document, re.DOTALL
    )
    if block is None:
        return [plain(file, f"has no verdict of {finding.hypothesis}.", place=place)]
    expected = with_anchors(verdict_block(finding, report.site.texts), report.site.texts)
    found = list(
        unlike(words_of(str(expected)), words_of(block.group()), file=file, place=place, against=source)
    )
    for target, estimate in _TRACE.findall(block.group()):
        row = re.search(rf'<tr id="{re.escape(target)}"[^>]*>.*?</tr>', document, re.DOTALL)
        shown = " ".join(unescape(re.sub(r"<[^>]*>", "", estimate)).split())
        if row is None or shown not in _cells(row.group()):
            found.append(
                plain(file, f"the row {target}, to which the estimate leads, does not show it.", place=place)
            )
    return found


def _cells(row: str) -> set[str]:
    return {" ".join(words_of(cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)}
