"""Reports held together: read from their folders, checked against their own record, compared, written as a report."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat

from exresearch import __version__
from exresearch.disclosure import DisclosureRules
from exresearch.findings import load_registry
from exresearch.findings.across import (
    ClientReport,
    changes,
    pool_drivers,
    pool_hypothesis,
    ranked_drivers,
)
from exresearch.report import Texts
from exresearch.report.across import Comparison, render_comparison
from exresearch.report.notebook import notebook_title
from exresearch.report.text import mark
from exresearch.run.compare_read import inputs_of, problems_between, read_report
from exresearch.run.compare_record import plain, record_of
from exresearch.run.origin import sha256
from exresearch.run.plan import available_notebooks
from exresearch.run.render import write_text
from exresearch.study import project_root
from exresearch.study.languages import languages
from exresearch.study.problems import Problem, StudyError

RECORD = "compare.json"
_RULES = ("min_respondents", "min_comments", "min_model", "min_units")
_CLIENT = mark("Client {letter}")


def compare_reports(
    folders: Sequence[Path],
    *,
    output: Path | None = None,
    language: str = "en",
    waves: bool = False,
    client: str | None = None,
    names: bool = False,
    force: bool = False,
) -> Path:
    """Compare finished reports and write a report of its own.

    Only findings, run.json and contributed moments are read.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Folders of reports: of different clients, or with `waves` of one client in order of time.
    output : pathlib.Path, optional
        Folder to write; ``reports/compare`` or ``reports/<client>-waves`` in the project by default.
    language : str
        Of the reader.
    waves : bool
        Compare reports of one client.
    client : str, optional
        Client that the comparison is for, by the key in its study file: it alone is named.
    names : bool
        Name all clients.
    force : bool
        Write into a folder that holds something else than a comparison.

    Returns
    -------
    pathlib.Path
        The first page.

    Raises
    ------
    StudyError
        With every problem: a folder that is no report, files that are not what its record says, clients that are
        given twice, equal data, a client that is not among them.
    OSError
        If the folder cannot be written.
    """
    problems = [] if language in languages() else [_language(language)]
    read = [read_report(folder, problems) for folder in folders]
    if problems:
        raise StudyError(problems)
    found = [report for report in read if report is not None]
    problems = problems_between(found, folders, waves=waves)
    if client is not None and all(report["client"] != client for report in found):
        known = ", ".join(sorted({str(report["client"]) for report in found}))
        problems.append(
            Problem("--client", client, "this is none of the clients compared.", f"They are: {known}.")
        )
    target = (output or _default(found, waves=waves)).expanduser().resolve()
    problems += _writable(target, force=force)
    if problems:
        raise StudyError(problems)
    clients = _labelled(found, folders, waves=waves, client=client, names=names)
    comparison = _compared(clients, found, language=language, waves=waves, client=client)
    _write(comparison, found, target)
    return target / "index.html"


def _compared(
    clients: Sequence[ClientReport],
    found: Sequence[Mapping[str, Any]],
    *,
    language: str,
    waves: bool,
    client: str | None,
) -> Comparison:
    first = next((at for at, one in enumerate(clients) if one.client == client), None)
    texts = Texts(language)
    titles = {
        path.stem: notebook_title(nbformat.read(path, as_version=4), texts)  # type: ignore[no-untyped-call]
        for path in available_notebooks()
    }
    settings = [report["record"].get("parameters", {}) for report in found]
    strictest = {
        name: max([getattr(DisclosureRules(), name), *(int(one.get(name, 0)) for one in settings)])
        for name in _RULES
    }
    rules = replace(DisclosureRules(), **strictest)
    shared: dict[str, Any] = {
        "language": language,
        "clients": tuple(clients),
        "titles": titles,
        "rules": rules,
        "version": __version__,
    }
    if waves:
        moved = tuple((at, at + 1, changes(clients[at], clients[at + 1])) for at in range(len(clients) - 1))
        return Comparison(first=None, hypotheses=(), drivers=None, ranked=(), changes=moved, **shared)
    known = [h.id for h in load_registry().hypotheses if any(h.id in one.findings for one in clients)]
    return Comparison(
        first=first,
        hypotheses=tuple(pool_hypothesis(name, clients, first=first) for name in known),
        drivers=pool_drivers(clients, first=first),
        ranked=ranked_drivers(clients),
        changes=(),
        **shared,
    )


def _labelled(
    found: Sequence[Mapping[str, Any]],
    folders: Sequence[Path],
    *,
    waves: bool,
    client: str | None,
    names: bool,
) -> list[ClientReport]:
    """Give every client its name, or a letter that follows neither the alphabet nor the order given."""
    if waves:
        labels = [dict.fromkeys(languages(), folder.name) for folder in folders]
        order = list(range(len(found)))
    else:
        # The order of hashes is no order of names, and the same whatever the order of the folders.
        order = sorted(range(len(found)), key=lambda at: (found[at]["client"] != client, found[at]["digest"]))
        labels, letter = [], 0
        for at in order:
            if names or found[at]["client"] == client:
                labels.append(dict.fromkeys(languages(), str(found[at]["client"])))
                continue
            labels.append({code: Texts(code).say(_CLIENT, letter=_letters(letter)) for code in languages()})
            letter += 1
    reports = []
    for at, label in zip(order, labels, strict=True):
        report = found[at]
        notebooks = {one["name"]: one.get("parameters", {}) for one in report["record"].get("notebooks", [])}
        shared = report["record"].get("parameters", {})
        reports.append(
            ClientReport(
                client=report["client"],
                label=label,
                findings=report["findings"],
                # Each notebook's own; of a report made in parts what all notebooks share.
                settings={path.stem: notebooks.get(path.stem) or shared for path in available_notebooks()},
                digest=report["digest"],
                inputs=inputs_of(report),
                drivers=report["drivers"],
                synthetic=bool(report["record"].get("synthetic")),
            )
        )
    return reports


def _letters(number: int) -> str:
    """A, B, ..., Z, AA, AB and so on."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = string.ascii_uppercase[rest] + text
    return text


def _write(comparison: Comparison, found: Sequence[Mapping[str, Any]], target: Path) -> None:
    documents = render_comparison(comparison)
    target.mkdir(parents=True, exist_ok=True)
    # Without its record a folder is nobody's report: whatever stops this, half of it is never taken for all.
    (target / RECORD).unlink(missing_ok=True)
    for old in sorted(target.glob("*.html")):
        if old.stem not in documents:
            old.unlink()
    for name, document in documents.items():
        write_text(target / f"{name}.html", document)
    content = record_of(comparison, found)
    content["outputs"] = [
        {"file": f"{name}.html", "sha256": sha256(target / f"{name}.html")} for name in sorted(documents)
    ]
    write_text(
        target / RECORD, json.dumps(plain(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    )


def _default(found: Sequence[Mapping[str, Any]], *, waves: bool) -> Path:
    name = f"{found[0]['client']}-waves" if waves and found else "compare"
    return project_root() / "reports" / name


def _writable(target: Path, *, force: bool) -> list[Problem]:
    if target.exists() and not target.is_dir():
        return [Problem("--output", target.name, "this is a file, not a folder.", "Name a folder.")]
    if target.is_dir() and any(target.iterdir()) and not (target / RECORD).is_file() and not force:
        message = "this folder holds files that are not a comparison."
        return [
            Problem("--output", target.name, message, "Name another folder, or add --force to write into it.")
        ]
    return []


def _language(received: str) -> Problem:
    message = f"{received!r} is not a language of the reports."
    return Problem("--language", "", message, f"Legal: {', '.join(languages())}.")
