"""Whether the link between units has one strength: along the range, for the best units, and by a moderator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.analyses.linkage.covariates import both_languages
from exresearch.findings.note import Note
from exresearch.measures import LinkTable, NotMeasured, unit_measure
from exresearch.models import NotEstimable, dose_response, moderation, quantile_regression
from exresearch.study import Study

_POINTS = 41
_BAND = (0.05, 0.95)
_SLOPES = {
    "slope": Note(message="Over the whole range"),
    "slope_below": Note(message="Below the median of the employees’ side"),
    "slope_above": Note(message="Above that median"),
    "slope_change": Note(message="Change of the slope at that median"),
}
_QUANTILES = {
    0.5: Note(message="For the middle of the customers’ side (median)"),
    0.9: Note(message="For the top of the customers’ side (90th percentile)"),
}
_TOP_AGAINST_MIDDLE = Note(message="Top minus middle")
_AT = (Note(message="Where {moderator} is low"), Note(message="Where {moderator} is in the middle"),
       Note(message="Where {moderator} is high"))  # fmt: skip
_PER_SD = Note(message="Change of the slope for each standard deviation of {moderator}")
_NO_CURVE = Note(message="The units differ too little on the employees’ side for a curve.")
_NO_QUANTILES = Note(
    message="There are too few units for a line through the best of them, so that is not shown."
)
_NO_MODERATOR = Note(
    message=(
        "No property of the units is named that might strengthen the link (setting: moderator), so that is not shown."
    )
)
_UNKNOWN_MODERATOR = Note(
    message=(
        "“{moderator}” is not a measure of the units in this study, so whether it strengthens the link is not shown."
    )
)
_FLAT_MODERATOR = Note(
    message="The units differ too little in {moderator}, or too few have it: whether it strengthens the link is open."
)
_COLUMNS = [
    "part", "term", "label", "estimate", "std_error", "p_value", "conf_low", "conf_high", "conf_level", "n", "n_units",
    "unit_of_measurement",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class LinkShape:
    """Where the link is stronger or weaker.

    Attributes
    ----------
    table : pandas.DataFrame
        Slopes in standard deviations of the units' values: ``part`` (dose, quantiles, moderation), ``term, label`` (a
        note), ``estimate, std_error, p_value, conf_low, conf_high, conf_level, n, n_units, unit_of_measurement``.
    curve : pandas.DataFrame
        ``model`` (linear, spline), ``ex, estimate, conf_low, conf_high`` in the units of both sides; empty without one.
    curvature : float
        p-value of the test that the curve is a straight line; missing without a curve.
    moderated : pandas.DataFrame
        Slope along the moderator: ``moderator, estimate, conf_low, conf_high``; empty without one.
    regions : pandas.DataFrame
        ``low, high, slope`` (positive, negative, undetermined), ``share`` (of the units) between the borders of Johnson
        and Neyman.
    moderator : dict of str to str
        Its name; empty without one.
    notes : list of Note
        What is not shown, and why.
    """

    table: pd.DataFrame
    curve: pd.DataFrame
    curvature: float
    moderated: pd.DataFrame
    regions: pd.DataFrame
    moderator: dict[str, str]
    notes: list[Note]

    def interaction(self) -> tuple[float, float, float] | None:
        """Return estimate and limits of the change of the slope per standard deviation of the moderator."""
        rows = self.table[self.table["term"] == "interaction"]
        if rows.empty:
            return None
        row = rows.iloc[0]
        return float(row["estimate"]), float(row["conf_low"]), float(row["conf_high"])


def link_shape(study: Study, table: LinkTable, *, moderator: str, resampling: Mapping[str, Any]) -> LinkShape:
    """Look for a bend, for a steeper line through the best units, and for what strengthens the link.

    Parameters
    ----------
    study : Study
        The client.
    table : LinkTable
        Its link.
    moderator : str
        Construct of the units that may strengthen it, or empty.
    resampling : mapping
        ``n_boot, conf_level, seed``.

    Returns
    -------
    LinkShape
    """
    units = table.units
    centre, spread = units[["ex", "cx"]].mean(), units[["ex", "cx"]].std()
    scaled = pd.DataFrame(
        {"unit": units["unit"], **{s: (units[s] - centre[s]) / spread[s] for s in ("ex", "cx")}}
    )
    level = float(resampling["conf_level"])
    notes: list[Note] = []
    parts: list[pd.DataFrame] = []
    curve, curvature = pd.DataFrame(), float("nan")
    try:
        dose = dose_response(scaled, ex="ex", cx="cx", conf_level=level)
    except NotEstimable:
        notes.append(_NO_CURVE)
    else:
        rows = dose.table[dose.table["model"].isin(["linear", "two_lines"])]
        parts.append(_part("dose", rows, [_SLOPES[term] for term in rows["term"]]))
        curve = dose.curve[dose.curve["model"] != "quadratic"].reset_index(drop=True)
        curve["ex"] = curve["ex"] * spread["ex"] + centre["ex"]
        for name in ("estimate", "conf_low", "conf_high"):
            curve[name] = curve[name] * spread["cx"] + centre["cx"]
        curvature = float(dose.tests.set_index("model")["p_value"].to_dict()["spline"])
    try:
        rows = quantile_regression(scaled, ex="ex", cx="cx", quantiles=list(_QUANTILES), **resampling)
    except NotEstimable:
        notes.append(_NO_QUANTILES)
    else:
        parts.append(_part("quantiles", rows, [*_QUANTILES.values(), _TOP_AGAINST_MIDDLE]))
    moderated, regions, label = _moderated(study, scaled, moderator, level, parts, notes)
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS)
    if units["ex_n"].notna().all():
        frame["n"] = int(units["ex_n"].sum())
    return LinkShape(frame, curve, curvature, moderated, regions, label, notes)


def _part(part: str, rows: pd.DataFrame, labels: list[Note]) -> pd.DataFrame:
    words = pd.Series(labels, index=rows.index, dtype=object)
    units = rows["n_clusters"]
    named = rows.assign(part=part, label=words, n_units=units, unit_of_measurement="standardised")
    return named[_COLUMNS]


def _moderated(
    study: Study,
    scaled: pd.DataFrame,
    moderator: str,
    level: float,
    parts: list[pd.DataFrame],
    notes: list[Note],
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    nothing: tuple[pd.DataFrame, pd.DataFrame, dict[str, str]] = (pd.DataFrame(), pd.DataFrame(), {})
    if not moderator:
        notes.append(_NO_MODERATOR)
        return nothing
    label = study.codebook.label(moderator)
    try:
        values = unit_measure(study, moderator).frame.groupby("unit")["value"].mean()
    except NotMeasured:
        notes.append(_UNKNOWN_MODERATOR.model_copy(update={"values": {"moderator": label}}))
        return nothing
    frame = scaled.assign(level=scaled["unit"].map(values).astype("float64"))
    spread = float(frame["level"].std())
    names: dict[str, Any] = {"ex": "ex", "cx": "cx", "moderator": "level", "conf_level": level}
    try:
        low, high = (float(frame["level"].quantile(share)) for share in _BAND)
        grid = np.linspace(low, high, _POINTS)
        found = moderation(frame, **names)
        along = moderation(frame, at=list(grid), **names).table
    except NotEstimable:
        notes.append(_FLAT_MODERATOR.model_copy(update={"values": {"moderator": label}}))
        return nothing
    rows = found.table.copy()
    numbers = ["estimate", "std_error", "conf_low", "conf_high"]
    first = rows["term"] == "interaction"
    rows.loc[first, numbers] = rows.loc[first, numbers] * spread
    values_of = {"moderator": both_languages([label])}
    simple = _AT if len(rows) == 4 else (_AT[0], _AT[2])
    labels = [_PER_SD, *simple] if len(rows) in (3, 4) else [_PER_SD] + [_AT[1]] * (len(rows) - 1)
    parts.append(
        _part("moderation", rows, [note.model_copy(update={"values": values_of}) for note in labels])
    )
    slopes = along[along["term"] == "slope"]
    kept = slopes[["moderator", "estimate", "conf_low", "conf_high", "conf_level"]]
    return kept.reset_index(drop=True), found.regions, label
