"""What stands beside the verdict on balance: other scales, things taken into account, no extremes, within units."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from exresearch.findings.analyses.balance.records import COMPONENTS, CR2, counted_rows, lines_of, named_rows
from exresearch.findings.analyses.balance.rows import (
    LEAST_SIDE,
    OUTERMOST,
    LaterRows,
    category_columns,
    limits_of,
    on_one_scale,
    ranked,
    within_waves,
    without_outermost,
)
from exresearch.findings.analyses.wording import skipped_checks
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note, NoteValue
from exresearch.findings.records import estimate_record
from exresearch.measures import LinkTable
from exresearch.models import (
    NotEstimable,
    linear_combinations,
    linear_regression,
    response_surface,
)
from exresearch.study import Study
from exresearch.study.languages import listed

# What each check does otherwise, for the figure and, per component, for the finding.
_OTHERWISE = {
    "within_waves": "Standardised within each wave",
    "shared_scale": "As they are, 0 to 100",
    "ranks": "Ranks instead of values",
    "earlier_outcome": "Earlier outcome taken into account",
    "categories": "Taken into account: {categories}",
    "outermost": "Without the outermost {share:percent1} of rows",
    "within_units": "Within units only",
}
_SLOPES = {
    "within_waves": "Who comes off worse, with everything standardised within its wave",
    "shared_scale": "Who comes off worse, with both sides as they are, from 0 to 100",
    "ranks": "Who comes off worse, with both sides as ranks",
    "earlier_outcome": "Who comes off worse, the earlier outcome taken into account",
    "categories": "Who comes off worse, taken into account: {categories}",
    "outermost": "Who comes off worse, without the outermost {share:percent1} of rows",
    "within_units": "Who comes off worse, within units only",
}
_CURVATURES = {
    "within_waves": "How far they drift apart, with everything standardised within its wave",
    "shared_scale": "How far they drift apart, with both sides as they are, from 0 to 100",
    "ranks": "How far they drift apart, with both sides as ranks",
    "earlier_outcome": "How far they drift apart, the earlier outcome taken into account",
    "categories": "How far they drift apart, taken into account: {categories}",
    "outermost": "How far they drift apart, without the outermost {share:percent1} of rows",
    "within_units": "How far they drift apart, within units only",
}
_POWERS = ("x", "y", "x^2", "x*y", "y^2")
_COMBINED = {
    "incongruence_slope": {"x": 1.0, "y": -1.0},
    "incongruence_curvature": {"x^2": 1.0, "x*y": -1.0, "y^2": 1.0},
}
_LABEL = dict[str, str]


@dataclass(frozen=True, slots=True)
class Checks:
    """Checks that could be computed, in their order.

    Attributes
    ----------
    table : pandas.DataFrame
        ``check, label`` (what differs, in both languages), ``component`` (slope, curvature) and the estimate schema
        with ``n_units``; two rows per check.
    records : tuple of EstimateRecord
        The same for the finding.
    notes : tuple of Note
        What could not be computed, or not be read.
    """

    table: pd.DataFrame
    records: tuple[EstimateRecord, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class _Made:
    """Checks while they are being made."""

    parts: list[pd.DataFrame] = field(default_factory=list)
    records: list[EstimateRecord] = field(default_factory=list)
    failed: int = 0


def balance_checks(
    study: Study, link: LinkTable, rows: LaterRows, *, conf_level: float, n_boot: int, seed: int
) -> Checks:
    """Ask the question of the verdict in other ways.

    Parameters
    ----------
    study : Study
        The client.
    link : LinkTable
        Both sides.
    rows : LaterRows
        What the verdict rests on.
    conf_level, n_boot, seed
        As :func:`exresearch.models.response_surface`.

    Returns
    -------
    Checks
    """
    options: dict[str, Any] = {
        "outcome": "outcome", "x": "ex", "y": "cx", "cluster": "unit", "conf_level": conf_level, "n_boot": n_boot,
        "seed": seed,
    }  # fmt: skip
    frame = rows.frame
    made = _Made()
    notes: list[Note] = []

    def surface(data: pd.DataFrame, **change: Any) -> Callable[[], pd.DataFrame]:
        return lambda: lines_of(
            response_surface(data, **(options | {"scale": "standardised"} | change)), data
        )

    if len(frame["wave"].unique()) > 1:
        _add(made, "within_waves", surface(within_waves(frame)))
    notes += _shared_scale(made, study, link, frame, options)
    _add(made, "ranks", surface(ranked(frame)))
    before = frame[frame["before"].notna()]
    if len(before):
        _add(made, "earlier_outcome", surface(before, covariates=["before"]))
    names = [v.column for v in study.codebook.select("units", role="category") if v.column in frame]
    fitting = category_columns(frame, names)
    if fitting:
        dummies = pd.concat([frame, *fitting.values()], axis=1)
        columns = [column for part in fitting.values() for column in part.columns]
        added = surface(dummies, covariates=columns)
        _add(made, "categories", added, categories=_listed(study, list(fitting)))
    _add(made, "outermost", surface(without_outermost(frame)), share=OUTERMOST)
    _add(made, "within_units", lambda: _within_units(frame, conf_level=conf_level))
    notes += skipped_checks(made.failed)
    table = pd.concat(made.parts, ignore_index=True) if made.parts else pd.DataFrame({"check": []})
    return Checks(table, tuple(made.records), tuple(notes))


def _add(made: _Made, check: str, compute: Callable[[], pd.DataFrame], **values: NoteValue) -> None:
    try:
        lines = compute()
    except NotEstimable:
        made.failed += 1
        return
    label = Note(message=_OTHERWISE[check], values=values)
    named = {
        "slope": Note(message=_SLOPES[check], values=values),
        "curvature": Note(message=_CURVATURES[check], values=values),
    }
    for component, term in COMPONENTS.items():
        row = lines[lines["term"] == term]
        made.parts.append(named_rows(row, check, label, component=component))
        made.records.append(
            estimate_record(
                lines,
                term,
                name=f"{component}_{check}",
                label=named[component],
                unit_of_measurement="standardised",
                method=CR2,
            )
        )


def _shared_scale(
    made: _Made, study: Study, link: LinkTable, frame: pd.DataFrame, options: Mapping[str, Any]
) -> list[Note]:
    """Both sides from 0 to 100 on their own scales, where rows lie on both sides of the line of agreement."""
    limits = [limits_of(study, side) for side in (link.ex, link.cx)]
    if limits[0] is None or limits[1] is None:
        message = (
            "That both sides are as high on their own scale cannot be tried out: a side has no fixed lowest and "
            "highest value."
        )
        return [Note(message=message)]
    data, top = on_one_scale(frame, limits[0], limits[1])
    above = float((data["ex"] > data["cx"]).mean())
    if min(above, 1.0 - above) < LEAST_SIDE:
        message = (
            "With both sides taken as they are, from 0 to 100 on their own scale, employees are ahead in "
            "{above:percent0} of the rows: so one-sided that what happens on the other side cannot be seen, and "
            "that scale is left out."
        )
        return [Note(message=message, values={"above": above})]
    highest = top * (1.0 + 1e-9)
    _add(
        made,
        "shared_scale",
        lambda: lines_of(
            response_surface(
                data,
                **options,
                scale="grand_mean",
                x_limits=(-1e-9, highest),
                y_limits=(-1e-9, highest),
            ),
            data,
        ),
    )
    return []


def _within_units(frame: pd.DataFrame, *, conf_level: float) -> pd.DataFrame:
    """The polynomial in deviations from the means of each unit; units with one row say nothing."""
    several = frame.groupby("unit")["wave"].transform("size") > 1
    values = frame.loc[several, ["outcome", "ex", "cx"]]
    if frame.loc[several, "unit"].nunique() < 10 or (values.nunique() < 2).any():
        raise NotEstimable("too few units with more than one row.")
    z = (values - values.mean()) / values.std(ddof=0)
    x, y = z["ex"], z["cx"]
    powers = pd.DataFrame({"outcome": z["outcome"], "x": x, "y": y, "x^2": x**2, "x*y": x * y, "y^2": y**2})
    waves = pd.get_dummies(frame.loc[several, "wave"], prefix="wave", dtype="float64").iloc[:, 1:]
    units = frame.loc[several, "unit"]
    full = pd.concat([powers, waves], axis=1)
    within = full - full.groupby(units).transform("mean")
    # A wave that only one kind of row has left nothing of itself.
    left = [name for name in waves if within[name].abs().max() > 1e-9]
    fit = linear_regression(
        within.assign(unit=units),
        outcome="outcome",
        predictors=[*_POWERS, *map(str, left)],
        cluster="unit",
        intercept=False,
        conf_level=conf_level,
    )
    return counted_rows(linear_combinations(fit, combinations=_COMBINED), frame[several])


def _listed(study: Study, columns: Sequence[str]) -> _LABEL:
    """The labels of categories of the units in one phrase, in every language."""
    variables = {v.column: v for v in study.codebook.select("units", role="category")}
    labels = [variables[column].label or column for column in columns]
    return listed(labels, each=lambda text: text[:1].lower() + text[1:])
