"""Finished reports read for a comparison, once their files are what their own record says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from exresearch.findings import load_findings
from exresearch.findings.across import DriverMoments
from exresearch.run.contribute import MOMENTS
from exresearch.run.origin import sha256
from exresearch.study.problems import Problem


def read_report(folder: Path, problems: list[Problem]) -> dict[str, Any] | None:
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


def problems_between(
    found: Sequence[Mapping[str, Any]], folders: Sequence[Path], *, waves: bool
) -> list[Problem]:
    """Say what keeps reports from being compared with each other."""
    problems = []
    if len(found) < 2:
        message = f"a comparison takes at least two reports; got {len(found)}."
        problems.append(Problem("compare", "", message, "Name two or more folders of reports."))
    for at, report in enumerate(found):
        for earlier, folder in zip(found[:at], folders[:at], strict=False):
            name = folders[at].name
            if inputs_of(report) == inputs_of(earlier):
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


def inputs_of(report: Mapping[str, Any]) -> dict[str, str]:
    """Return the hash of each input file of a report."""
    inputs = report["record"].get("inputs", [])
    return {f"{one['table']}: {one['file']}": str(one["sha256"]) for one in inputs}
