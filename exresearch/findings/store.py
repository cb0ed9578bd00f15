"""Findings on disk: one JSON file per hypothesis, read back as records or as one tidy frame."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from exresearch.findings.finding import EstimateRecord, Finding

_TEXTS = ["hypothesis", "role", "term", "verdict", "estimand", "unit_of_measurement", "family"]
_INTEGERS = ["n", "n_units", "n_excluded"]
_FLOATS = [
    "estimate", "std_error", "p_value", "p_adjusted", "conf_low", "conf_high", "conf_level", "null", "smallest_low",
    "smallest_high",
]  # fmt: skip
_COLUMNS = [
    "hypothesis", "role", "term", "verdict", "estimand", "unit_of_measurement", "estimate", "std_error", "p_value",
    "p_adjusted", "conf_low", "conf_high", "conf_level", "n", "n_units", "n_excluded", "family", "null", "smallest_low",
    "smallest_high",
]  # fmt: skip


def write_finding(finding: Finding, directory: Path | str) -> Path:
    """Write a finding as ``<hypothesis>.json``, all of it or nothing.

    The same finding gives the same bytes: keys in the model's order, shortest round-trip floats, no time stamp.

    Parameters
    ----------
    finding : Finding
        The record.
    directory : path
        The ``findings`` folder of a report; made when absent.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{finding.hypothesis}.json"
    partial = folder / f".{finding.hypothesis}.json.part"
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(finding.model_dump_json(indent=2) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except BaseException:
        # Half a file is worth nothing, and an earlier finding stays as it was.
        partial.unlink(missing_ok=True)
        raise
    return path


def load_findings(directory: Path | str) -> tuple[Finding, ...]:
    """Read every finding of a report, in alphabetical order of the hypotheses.

    Parameters
    ----------
    directory : path
        The ``findings`` folder. A folder without findings gives an empty tuple.

    Returns
    -------
    tuple of Finding

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    ValueError
        If a file is not a finding, or not that of the hypothesis in its name; naming the file and what is wrong.
    """
    folder = Path(directory)
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no findings folder {folder.name!r}; run the study first.")
    findings = []
    for path in sorted(folder.glob("*.json")):
        try:
            # Strict validation from JSON text, where enumerations and tuples have their JSON form.
            finding = Finding.model_validate_json(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise ValueError(f"{path.name} is not a valid finding: the file is not UTF-8 text.") from error
        except ValidationError as error:
            details = "; ".join(
                f"{'.'.join(str(part) for part in item['loc']) or 'finding'}: {item['msg']}"
                for item in error.errors()
            )
            raise ValueError(f"{path.name} is not a valid finding: {details}") from error
        if path.stem != finding.hypothesis:
            raise ValueError(f"{path.name} holds the finding of {finding.hypothesis!r}; rename or remove it.")
        findings.append(finding)
    return tuple(findings)


def read_findings(directory: Path | str) -> pd.DataFrame:
    """Read all findings of a report into one tidy frame.

    Parameters
    ----------
    directory : path
        The ``findings`` folder.

    Returns
    -------
    pandas.DataFrame
        One row per estimate: ``hypothesis, role`` (``deciding``, ``component`` or ``robustness``)``, term, verdict,
        estimand, unit_of_measurement, estimate, std_error, p_value, p_adjusted, conf_low, conf_high, conf_level, n,
        n_units, n_excluded, family, null, smallest_low, smallest_high``. Counts are nullable integers (Int64), texts
        strings, the rest float64. Verdict, estimand and limits of a component are its own; a robustness check has no
        verdict. A hypothesis
        that was not testable has one row without numbers.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`load_findings`.
    """
    rows: list[dict[str, Any]] = []
    for finding in load_findings(directory):
        declared = {
            "hypothesis": finding.hypothesis,
            "estimand": finding.estimand,
            "family": finding.family,
            "null": finding.null,
            "smallest_low": finding.smallest_effect.low,
            "smallest_high": finding.smallest_effect.high,
        }
        rows.append(declared | {"role": "deciding", "term": finding.estimand} | _numbers(finding))
        for role, records in (("component", finding.components), ("robustness", finding.robustness)):
            rows.extend(
                declared | _rule(record) | {"role": role, "term": record.term} | _numbers(record)
                for record in records
            )
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    types = (
        dict.fromkeys(_INTEGERS, "Int64") | dict.fromkeys(_FLOATS, "float64") | dict.fromkeys(_TEXTS, "str")
    )
    return frame.astype(types)


def finding_schema() -> str:
    """Return the JSON schema of a finding, for tools in other languages."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Finding.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _rule(record: EstimateRecord) -> dict[str, Any]:
    """What judges a component, where it is another estimand than that of the first."""
    if record.rule is None:
        return {}
    smallest = record.rule.smallest_effect
    return {
        "estimand": record.rule.estimand,
        "null": record.rule.null,
        "smallest_low": smallest.low,
        "smallest_high": smallest.high,
    }


def _numbers(record: Any) -> dict[str, Any]:
    names = ("verdict", "unit_of_measurement", "estimate", "std_error", "p_value", "p_adjusted", "conf_low",
             "conf_high", "conf_level", "n", "n_units", "n_excluded")  # fmt: skip
    values = {name: getattr(record, name, None) for name in names}
    return values | {"verdict": None if values["verdict"] is None else str(values["verdict"].value)}
