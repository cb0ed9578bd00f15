"""The data file of a comparison: every number in full precision, and the hashes of what it was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from exresearch.findings.across import Change, PooledHypothesis, PooledPart
from exresearch.models.pooling import PooledEstimate
from exresearch.report import Texts
from exresearch.report.across import Comparison


def record_of(comparison: Comparison, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
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


def plain(value: Any) -> Any:
    """Return data that JSON can hold: numbers that are none are null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
