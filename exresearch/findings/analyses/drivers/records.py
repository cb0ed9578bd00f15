"""From fitted driver models to the records and frames of the page: one place that turns numbers into rows."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from exresearch.findings.analyses.drivers.models import (
    N_ORDERS,
    DriverModel,
    Fit,
    named_and_block_differences,
    turned_round,
)
from exresearch.findings.finding import DriverRecord, EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.models import summarise_importance
from exresearch.study import Codebook

_METHODS = {
    "unit": "exact LMG; bootstrap over units, expanded percentile interval",
    "person": "exact LMG; bootstrap over persons, expanded percentile interval",
    "row": "exact LMG; bootstrap over answer sheets, expanded percentile interval",
}
# The same where there are too many drivers for all their orders.
_SAMPLED_METHODS = {
    "unit": "LMG over a random sample of orders; bootstrap over units, expanded percentile interval",
    "person": "LMG over a random sample of orders; bootstrap over persons, expanded percentile interval",
    "row": "LMG over a random sample of orders; bootstrap over answer sheets, expanded percentile interval",
}
_LABELS = {
    "blocks": "{outcome}: mean driver of the two blocks",
    "relative_weights": "{outcome}: relative weights",
    "first": "{outcome}: each driver alone (first)",
    "last": "{outcome}: each driver last",
    "few_units": "{outcome}: interval for few units",
}
_CHECKS = ("relative_weights", "first", "last")
_HOW = {
    "same": "the same bootstrap",
    "jackknife": "leaving out one unit at a time; Student interval, degrees of freedom of Satterthwaite",
}


def component_record(fit: Fit, model: DriverModel, decided: pd.DataFrame) -> EstimateRecord:
    """Return the difference between the named drivers, of the measure that decides, as a component of the claim."""
    by = fit.groups.by
    return estimate_record(
        decided,
        "named",
        name=fit.outcome.name,
        label=Note(message="{outcome}", values={"outcome": fit.label}),
        unit_of_measurement="variance_share",
        method=Note(message=_METHODS[by] if model.method == "lmg" else _SAMPLED_METHODS[by]),
    )


def method_records(
    fit: Fit, model: DriverModel, decided: pd.DataFrame, *, conf_level: float
) -> list[EstimateRecord]:
    """Return the same difference by other measures of importance, between the blocks, and with few units."""
    records = [_check(fit, decided, "blocks", "blocks", how="same")]
    for method in _CHECKS:
        if method in fit.replicates.estimate:
            found = named_and_block_differences(fit, model, method=method, conf_level=conf_level)
            records.append(_check(fit, found, "named", method, how="same"))
    if fit.groups.by == "unit" and "conf_low_jackknife" in decided:
        # A share lies between -1 and 1; a Student interval does not know that.
        left_out = decided.assign(
            conf_low=decided["conf_low_jackknife"].clip(-1, 1),
            conf_high=decided["conf_high_jackknife"].clip(-1, 1),
            p_value=decided["p_value_jackknife"],
            std_error=None,
        )
        records.append(_check(fit, left_out, "named", "few_units", how="jackknife"))
    return records


def _check(fit: Fit, found: pd.DataFrame, term: str, name: str, *, how: str) -> EstimateRecord:
    return estimate_record(
        found,
        term,
        name=f"{fit.outcome.name}_{name}",
        label=Note(message=_LABELS[name], values={"outcome": fit.label}),
        unit_of_measurement="variance_share",
        method=Note(message=_HOW[how]),
    )


def importance_table(fit: Fit, codebook: Codebook, model: DriverModel, *, conf_level: float) -> pd.DataFrame:
    """Return importance and rank of every driver, with its labels."""
    table = summarise_importance(fit.replicates, conf_level=conf_level, methods=[model.method])
    players = model.players
    # The construct's label and not the item's wording: values are oriented, the wording may be reversed.
    labels = {
        name: codebook.label(name if name in model.groups.values() else v.name) for name, v in players.items()
    }
    return table.assign(
        outcome=fit.outcome.name,
        outcome_label=pd.Series([fit.label] * len(table), index=table.index, dtype="object"),
        label=table["driver"].map(labels),
        block=table["driver"].map({name: v.block for name, v in players.items()}),
        named=table["driver"].map({name: model.named(name) for name in players}),
        # A group goes by its own name.
        reversed=table["driver"].map(
            {n: n not in model.groups.values() and turned_round(v, codebook) for n, v in players.items()}
        ),
    )


def driver_record(row: pd.Series) -> DriverRecord:
    """Return a row of importances as part of a finding."""
    return DriverRecord(
        outcome=str(row["outcome"]),
        driver=str(row["driver"]),
        label=row["label"],
        block=row["block"],
        importance=float(row["importance"]),
        conf_low=float(row["conf_low"]),
        conf_high=float(row["conf_high"]),
        rank=int(row["rank"]),
        rank_low=int(row["rank_low"]),
        rank_high=int(row["rank_high"]),
    )


def difference_table(finding: Finding, codebook: Codebook) -> pd.DataFrame:
    """Return the components of a finding as rows to draw."""
    return pd.DataFrame(
        [
            {
                "outcome": part.term,
                "label": codebook.label(part.term),
                "estimate": part.estimate,
                "conf_low": part.conf_low,
                "conf_high": part.conf_high,
                "verdict": part.verdict.value if part.verdict is not None else None,
                "p_value": part.p_value,
                "p_adjusted": part.p_adjusted,
                "n": part.n,
            }
            for part in finding.components
        ]
    )


def sampled_orders_caveats(fits: Iterable[Fit], model: DriverModel) -> list[Note]:
    """Say that importance rests on a sample of the orders, and how far that may be off; nothing where it is exact."""
    errors = [
        float(fit.replicates.sampling_error[model.method].max()) for fit in fits if model.method != "lmg"
    ]
    if not errors:
        return []
    message = (
        "There are {count:integer} drivers, too many for all their orders: importance is the mean over "
        "{orders:integer} orders drawn at random. The standard error of that is at most {error:points2}, and is "
        "part of the intervals."
    )
    return [
        Note(
            message=message,
            values={"count": len(model.players), "orders": N_ORDERS, "error": max(errors)},
        )
    ]
