"""How precisely each unit's value of a side of the link is known, from whatever the study says about it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from exresearch.measures.aggregation import person_means, unit_means
from exresearch.measures.engagement import EngagedDefinition, engaged
from exresearch.measures.scores import construct_score
from exresearch.measures.sides import Side
from exresearch.study import Study

Source = Literal["answers", "std_error", "share", "waves", "unknown"]
_COLUMNS = ["unit", "value", "people", "error"]


@dataclass(frozen=True, slots=True)
class UnitPrecision:
    """Values of units with their sampling variance.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``unit, value, people, error``: value over all waves, people (answers, in a table of units) behind it, and its
        sampling variance; both missing where they are not known.
    source : {"answers", "std_error", "share", "waves", "unknown"}
        Where the variance comes from: the answers within units, the standard errors of the table, shares of n, or how
        the values of a unit differ from wave to wave, beside what all units share.
    spread : float or None
        Standard deviation within units of one person's value, where it is known; ``error`` is its square over people.
    is_share : bool
        Whether values are shares of people who answered once, so that the binomial distribution holds.
    """

    frame: pd.DataFrame
    source: Source
    spread: float | None
    is_share: bool


def unit_precision(
    study: Study, side: Side, *, engaged_definition: EngagedDefinition, engaged_threshold: float
) -> UnitPrecision:
    """Find the sampling variance of each unit's value.

    When to use it: to correct a link for unreliable unit means, or to draw how far small units scatter by chance.

    Parameters
    ----------
    study : Study
        The client.
    side : Side
        One side of its link.
    engaged_definition, engaged_threshold
        As :func:`exresearch.measures.link_table`, of which the side comes.

    Returns
    -------
    UnitPrecision

    Notes
    -----
    From answers: the variance between people within units, pooled over units, over the effective number of people; who
    answered in several waves counts once. From a table of units: the squared standard error; for a percentage with a
    number of answers ``p (1 - p) / n``; else, with two waves or more, the variance within units around the mean of each
    wave, over the number of waves, which takes real changes for error as well.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from exresearch.measures import link_table
    >>> from exresearch.study import load_study
    >>> from exresearch.study.demo import write_demo_study
    >>> study = load_study(write_demo_study(Path(mkdtemp()), n_units=4, n_employees=60))
    >>> side = link_table(study, ex_measure="engagement", cx_measure="cx").cx
    >>> unit_precision(study, side, engaged_definition="highly", engaged_threshold=5.0).source
    'answers'
    """
    if side.source == "units":
        return _from_table(study, side)
    frame = study.table(side.source)
    if side.construct == "engagement":
        values = engaged(
            frame,
            codebook=study.codebook,
            definition=engaged_definition,
            threshold=engaged_threshold,
            construct=side.construct,
        ).astype("Float64")
    else:
        values = construct_score(frame, codebook=study.codebook, table=side.source, construct=side.construct)
    who, weights = frame.get("person"), frame.get("weight")
    means = unit_means(values, unit=frame["unit"], weights=weights, person=who, own_variance_from=math.inf)
    people = person_means(values, unit=frame["unit"], person=who, weights=weights)
    by_unit = people.assign(square=people["weight"] ** 2).groupby("unit")
    effective = by_unit["weight"].sum() ** 2 / by_unit["square"].sum()
    error = means["std_error"].to_numpy(dtype="float64") ** 2
    spreads = np.sqrt(error * means["unit"].map(effective).to_numpy(dtype="float64"))
    found = pd.DataFrame(
        {
            "unit": means["unit"],
            "value": means["mean"].astype("float64"),
            "people": means["unit"].map(by_unit.size()).astype("float64"),
            "error": error,
        }
    )
    known = bool(np.isfinite(spreads).all()) and len(spreads) > 0 and bool(spreads[0] > 0)
    once = weights is None and bool((means["n"].to_numpy() == found["people"].to_numpy()).all())
    return UnitPrecision(
        found[_COLUMNS],
        "answers" if known else "unknown",
        float(spreads[0]) if known else None,
        side.kind == "share" and once,
    )


def _from_table(study: Study, side: Side) -> UnitPrecision:
    measure = study.codebook.select("units", role="measure", construct=side.construct)[0]
    rows = side.frame.astype({"value": "float64", "n": "float64"})
    table = study.table("units")
    source: Source = "unknown"
    if measure.std_error_column:
        # The side left rows without a value out, in the order of the table.
        keys = [name for name in ("unit", "wave") if name in table]
        errors = table[[*keys, measure.std_error_column]].drop_duplicates(keys)
        rows = rows.merge(errors, on=keys, how="left").rename(columns={measure.std_error_column: "se"})
        rows["error"] = (rows["se"].astype("float64") / (100 if side.kind == "share" else 1)) ** 2
        source = "std_error"
    elif side.kind == "share" and rows["n"].notna().any():
        rows["error"] = rows["value"] * (1 - rows["value"]) / rows["n"]
        source = "share"
    else:
        rows["error"] = np.nan
    # The weights by which the link averages waves.
    usable = rows["n"].notna().groupby(rows["unit"]).transform("all")
    weight = rows["n"].where(usable, 1.0)
    work = rows.assign(
        weight=weight, product=weight * rows["value"], square=weight**2 * rows["error"], waves=1
    )
    pooled = work.groupby("unit", as_index=False, sort=True).agg(
        weight=("weight", "sum"), product=("product", "sum"), square=("square", _whole), people=("n", _whole),
        waves=("waves", "sum"),
    )  # fmt: skip
    pooled["value"], pooled["error"] = (
        pooled["product"] / pooled["weight"],
        pooled["square"] / pooled["weight"] ** 2,
    )
    if source == "unknown":
        variance = _between_waves(rows)
        if variance is not None:
            pooled["error"], source = variance / pooled["waves"], "waves"
    spread = _spread(pooled) if source in ("std_error", "share") else None
    return UnitPrecision(
        pooled[_COLUMNS], source, spread, source == "share" and bool(pooled["waves"].eq(1).all())
    )


def _whole(values: pd.Series) -> float:
    return float("nan") if values.isna().any() else float(values.sum())


def _spread(pooled: pd.DataFrame) -> float | None:
    known = pooled[pooled["error"].gt(0) & pooled["people"].gt(0)]
    return float(np.sqrt((known["error"] * known["people"]).median())) if len(known) else None


def _between_waves(rows: pd.DataFrame) -> float | None:
    """Variance of a unit's values around its own mean and that of each wave; None with too few waves."""
    several = rows[rows.groupby("unit")["wave"].transform("nunique") >= 2]
    n_units, n_waves = several["unit"].nunique(), several["wave"].nunique()
    freedom = len(several) - n_units - n_waves + 1
    if n_waves < 2 or freedom < 1:
        return None
    residual = several["value"] - several.groupby("wave")["value"].transform("mean")
    residual = residual - residual.groupby(several["unit"]).transform("mean")
    return float((residual**2).sum() / freedom)
