"""Reports held together: read from their folders, checked against their own record, compared, written as a report."""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import nbformat
from pydantic import ValidationError

from exresearch import __version__
from exresearch.disclosure import DisclosureRules
from exresearch.findings import load_findings, load_registry
from exresearch.findings.across import (
    Change,
    ClientReport,
    DriverMoments,
    PooledHypothesis,
    PooledPart,
    changes,
    pool_drivers,
    pool_hypothesis,
    ranked_drivers,
)
from exresearch.models.pooling import PooledEstimate
from exresearch.report import Texts
from exresearch.report.across import Comparison, render_comparison
from exresearch.report.notebook import notebook_title
from exresearch.report.text import mark
from exresearch.run.contribute import MOMENTS
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
    read = [_read(folder, problems) for folder in folders]
    if problems:
        raise StudyError(problems)
    found = [report for report in read if report is not None]
    problems = _alike(found, folders, waves=waves)
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


def _read(folder: Path, problems: list[Problem]) -> dict[str, Any] | None:
    """Read what a report says of itself and its findings, and hold the one against the other."""
    name = folder.name or str(folder)
    remedy = "Name the folder of a finished report, which holds run.json."
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        client, outputs = record["client"], {one["file"]: one["sha256"] for one in record["outputs"]}
    except (OSError, ValueError, KeyError, TypeError):
        problems.append(Problem(name, "run.json", "this is no finished report of exresearch.", remedy))
        return None
    own = {file: digest for file, digest in outputs.items() if file.startswith(("findings/", "moments/"))}
    here = {
        path.relative_to(folder).as_posix()
        for part in ("findings", "moments")
        for path in sorted((folder / part).glob("*.json"))
    }
    wrong = sorted(file for file in here | set(own) if sha256(folder / file) != own.get(file))
    again = "Run the study again, or take the report from where it was delivered."
    problems += [
        Problem(name, file, "this file is not the one that run.json tells of.", again) for file in wrong
    ]
    if wrong:
        return None
    try:
        findings = load_findings(folder / "findings")
        moments = folder / MOMENTS
        drivers = (
            DriverMoments.model_validate_json(moments.read_text(encoding="utf-8"))
            if moments.is_file()
            else None
        )
    except (OSError, ValueError, ValidationError) as error:
        problems.append(Problem(name, "findings", f"these cannot be read: {error}.", again))
        return None
    return {
        "client": str(client),
        "folder": folder,
        "record": record,
        "findings": {finding.hypothesis: finding for finding in findings},
        "drivers": drivers,
        "files": own,
        # Of all the files, whatever else the record says: when it was made is none of a comparison's business.
        "digest": _digest(outputs),
    }


def _digest(outputs: Mapping[str, str]) -> str:
    content = json.dumps(sorted(outputs.items()), separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def _alike(found: Sequence[Mapping[str, Any]], folders: Sequence[Path], *, waves: bool) -> list[Problem]:
    problems = []
    if len(found) < 2:
        message = f"a comparison takes at least two reports; got {len(found)}."
        problems.append(Problem("compare", "", message, "Name two or more folders of reports."))
    for at, report in enumerate(found):
        for earlier, folder in zip(found[:at], folders[:at], strict=False):
            name = folders[at].name
            if _inputs(report) == _inputs(earlier):
                message = f"this report was made from the same data as {folder.name!r}."
                problems.append(Problem(name, "", message, "Leave one of the two out."))
            elif report["client"] == earlier["client"] and not waves:
                message = f"this is a report of the same client as {folder.name!r}, {report['client']!r}."
                remedy = "Leave one out, or compare reports of one client with --waves."
                problems.append(Problem(name, "", message, remedy))
    if waves and len({report["client"] for report in found}) > 1:
        listed = ", ".join(sorted({repr(report["client"]) for report in found}))
        message = f"with --waves all reports are of one client; these are of {listed}."
        problems.append(Problem("--waves", "", message, "Leave --waves out to compare clients."))
    return problems


def _inputs(report: Mapping[str, Any]) -> dict[str, str]:
    inputs = report["record"].get("inputs", [])
    return {f"{one['table']}: {one['file']}": str(one["sha256"]) for one in inputs}


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
                inputs=_inputs(report),
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
    content = _record(comparison, found)
    content["outputs"] = [
        {"file": f"{name}.html", "sha256": sha256(target / f"{name}.html")} for name in sorted(documents)
    ]
    write_text(
        target / RECORD, json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    )


def _record(comparison: Comparison, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return every number of a comparison and the hashes of its sources; it names nobody whom no page names."""
    files = {report["digest"]: report["files"] for report in found}
    return {
        "schema_version": "1.0",
        "kind": "waves" if comparison.changes else "clients",
        "exresearch": comparison.version,
        "language": comparison.language,
        "reports": [
            {
                "label": client.label["en"],
                "sha256": client.digest,
                "files": [
                    {"file": file, "sha256": digest} for file, digest in sorted(files[client.digest].items())
                ],
            }
            for client in comparison.clients
        ],
        "for": None if comparison.first is None else comparison.clients[comparison.first].label["en"],
        "hypotheses": [_hypothesis(pooled, comparison) for pooled in comparison.hypotheses],
        "drivers": None
        if comparison.drivers is None
        else {
            "reports": [_name(at, comparison) for at in comparison.drivers.clients],
            "reason": _said(comparison.drivers.reason),
            "left_out": [
                {"report": _name(at, comparison), "reason": _said(reason)}
                for at, reason in comparison.drivers.left_out
            ],
            "drivers": [
                asdict(driver) | {"mean": asdict(driver.mean)} for driver in comparison.drivers.drivers
            ],
            "ranks": [asdict(row) for row in comparison.ranked],
        },
        "changes": [
            {
                "before": _name(before, comparison),
                "after": _name(after, comparison),
                "numbers": [_change(row) for row in rows],
            }
            for before, after, rows in comparison.changes
        ],
    }


def _hypothesis(pooled: PooledHypothesis, comparison: Comparison) -> dict[str, Any]:
    return {
        "hypothesis": pooled.hypothesis,
        "verdict": pooled.verdict.value,
        "report_verdicts": {
            _name(at, comparison): None if verdict is None else verdict.value
            for at, verdict in enumerate(pooled.client_verdicts)
        },
        "parts": [_part(part, comparison) for part in pooled.parts],
    }


def _part(part: PooledPart, comparison: Comparison) -> dict[str, Any]:
    return {
        "term": part.term,
        "rule": part.rule.model_dump(mode="json"),
        "unit_of_measurement": part.unit,
        "verdict": part.verdict.value,
        "p_adjusted": part.p_adjusted,
        "reason": _said(part.reason),
        "estimates": [
            {
                "report": _name(one.client, comparison),
                "estimate": one.record.estimate,
                "conf_low": one.record.conf_low,
                "conf_high": one.record.conf_high,
                "verdict": None if one.record.verdict is None else one.record.verdict.value,
                "pooled_as": one.value,
                "std_error": one.std_error,
                "std_error_from_interval": one.from_interval,
            }
            for one in part.estimates
        ],
        "left_out": [
            {
                "report": _name(one.client, comparison),
                "differs_in": list(one.differs),
                "reason": _said(one.reason),
            }
            for one in part.left_out
        ],
        # On the scale of pooling; in the unit beside it.
        "pooled": None if part.pooled is None else asdict(part.pooled),
        "pooled_in_unit": None if part.pooled is None else _in_unit(part, part.pooled),
        "without": []
        if part.without is None
        else [
            {"report": _name(one.client, comparison)} | {key: row[key] for key in row if key != "term"}
            for one, row in zip(part.estimates, part.without.to_dict("records"), strict=True)
        ],
        "against": {_name(at, comparison): asdict(held) for at, held in sorted(part.against.items())},
    }


def _in_unit(part: PooledPart, pooled: PooledEstimate) -> dict[str, float | None]:
    names = ("estimate", "conf_low", "conf_high", "predict_low", "predict_high", "expect_low", "expect_high")
    return {name: part.back(getattr(pooled, name)) for name in names}


def _change(row: Change) -> dict[str, Any]:
    return {
        "hypothesis": row.hypothesis,
        "term": row.term,
        "unit_of_measurement": row.unit,
        "before": row.before.estimate,
        "after": row.after.estimate,
        "change": row.change,
        "as": "ratio" if row.as_ratio else "difference",
        "conf_low": row.conf_low,
        "conf_high": row.conf_high,
        "p_value": row.p_value,
        "reason": _said(row.reason),
    }


def _name(position: int, comparison: Comparison) -> str:
    return comparison.clients[position].label["en"]


def _said(note: Any) -> str | None:
    return None if note is None else Texts("en").note(note)


def _plain(value: Any) -> Any:
    """Return data that JSON can hold: numbers that are none are null."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


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
