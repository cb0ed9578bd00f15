"""The regressions behind notebook 09: one outcome on employee experience before, at the same time, or after."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.findings.analyses.business.panel import RATES, OutcomePanel
from exresearch.models import (
    LinearFit,
    NotEstimable,
    RateFit,
    lagged_frame,
    linear_regression,
)
from exresearch.models.columns import check_columns, check_positive
from exresearch.models.events.columns import check_predictors
from exresearch.models.events.rate_fits import RateModel, fit_rates
from exresearch.models.moments.arrays import complete_moments

Timing = Literal["before", "same", "after"]
TIMINGS: tuple[Timing, ...] = ("before", "same", "after")
_STEPS = {"before": 1, "after": -1}
_RENAMED = {"n": "n_rows", "n_clusters": "n_units"}
EX = "employee experience"
BETWEEN, WITHIN, EARLIER = "between units", "within units", "its own earlier value"


@dataclass(frozen=True, slots=True)
class OutcomeFit:
    """One outcome on employee experience.

    Attributes
    ----------
    component : str
        Which outcome.
    cells : mapping
        The columns of `rows`, estimates of employee experience: ``term, estimate, std_error, df, p_value, conf_low,
        conf_high, conf_level, n`` (answers behind it where they are known, else units), ``n_rows, n_units``. Ratios for
        counts, with ``log_estimate``.
    regression : RateFit or LinearFit
        The fit.
    columns, there, made
        Columns of the panel, which of their rows are complete, and columns that were made for these: together `used`.
    predictors : tuple of str
        All predictors.
    categories : bool
        Whether kinds of unit are among them.
    """

    component: str
    cells: Mapping[str, Any]
    regression: RateFit | LinearFit
    columns: Mapping[str, Any]
    there: NDArray[np.bool_]
    made: Mapping[str, NDArray[np.float64]]
    predictors: tuple[str, ...]
    categories: bool

    @property
    def rows(self) -> pd.DataFrame:
        """The estimates."""
        return pd.DataFrame(dict(self.cells))

    @property
    def used(self) -> pd.DataFrame:
        """The rows of the panel that it rests on, with ``employee experience`` at its own time."""
        return pd.DataFrame(
            {name: values[self.there] for name, values in self.columns.items()} | dict(self.made)
        )

    @property
    def row(self) -> pd.DataFrame:
        """The estimate of employee experience as a whole."""
        return self.rows[self.rows["term"] == EX]


def outcome_fit(
    panel: OutcomePanel,
    component: str,
    *,
    timing: Timing = "before",
    categories: bool = True,
    earlier: bool = False,
    split: bool = False,
    units: Collection[str] | None = None,
    model: RateModel = "auto",
    conf_level: float,
) -> OutcomeFit:
    """Regress an outcome on employee experience, with effects of waves and of kinds of unit.

    Parameters
    ----------
    panel : OutcomePanel
        Of :func:`~exresearch.findings.analyses.business.panel.outcome_panel`.
    component : str
        One of its measured outcomes.
    timing : {"before", "same", "after"}
        When employee experience was measured, seen from the outcome: a wave before, in its own, a wave after.
    categories : bool
        Whether kinds of unit are kept equal.
    earlier : bool
        Whether the outcome of a wave before is kept equal; of a count its logged rate, with half an event added.
    split : bool
        Whether the mean of the unit and the deviations from it get coefficients of their own.
    units : collection of str, optional
        Units to use; all by default.
    model : {"auto", "poisson", "negative_binomial"}
        As :func:`exresearch.models.rate_regression`.
    conf_level : float
        Of the interval.

    Returns
    -------
    OutcomeFit

    Raises
    ------
    NotEstimable
        As the estimators.
    """
    exposure = f"{component} exposure" if component in RATES else None
    columns = _with_experience(panel, timing)
    there = columns["unit"].codes >= 0
    for name in (EX, component, *([exposure] if exposure else [])):
        there &= ~np.isnan(columns[name])
    if earlier:
        columns = columns | {EARLIER: _before(panel, component)}
        there &= ~np.isnan(columns[EARLIER])
    if units is not None:
        there &= _among(panel, columns["unit"], units)
    unit_codes, labels = pd.factorize(columns["unit"].codes[there])
    if len(labels) < 2:
        raise NotEstimable(f"fewer than two units have both '{component}' and employee experience.")
    terms, made = [EX], {}
    if split:
        own = columns[EX][there]
        mean = (np.bincount(unit_codes, weights=own) / np.bincount(unit_codes))[unit_codes]
        made = {BETWEEN: mean, WITHIN: own - mean}
        terms = [BETWEEN, WITHIN]
    dummies: dict[str, NDArray[np.float64]] = {}
    for column in ("wave", *(panel.categories if categories else ())):
        codes, levels = columns[column].codes[there], columns[column].categories.tolist()
        found = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(levels)))
        dummies |= {f"{column}_{levels[place]}": (codes == place) * 1.0 for place in found[1:]}
    predictors = [*terms, *([EARLIER] if earlier else []), *dummies]
    made |= dummies
    asked = [component, *([exposure] if exposure else []), *predictors]
    used = {name: made[name] if name in made else columns[name][there] for name in asked}
    regression = _regression(
        used, component, exposure, predictors, unit_codes, len(labels), model=model, conf_level=conf_level
    )
    # The constant comes first, and then what is asked about.
    asked_about = regression.cells(slice(1, 1 + len(terms)))
    cells = {_RENAMED.get(name, name): values for name, values in asked_about.items()}
    answers = float(columns["ex_n"][there].sum())
    cells |= {"n": len(labels) if np.isnan(answers) else int(answers), "conf_level": conf_level}
    return OutcomeFit(
        component,
        cells,
        regression,
        columns,
        there,
        made,
        tuple(predictors),
        bool(categories and panel.categories),
    )


def _regression(
    used: Mapping[str, Any],
    component: str,
    exposure: str | None,
    predictors: list[str],
    codes: NDArray[np.int64],
    n_units: int,
    *,
    model: RateModel,
    conf_level: float,
) -> RateFit | LinearFit:
    """The fit itself, of columns that were read and checked with the panel: no table is made of them again."""
    x = np.column_stack([used[name] for name in predictors])
    if exposure is None:
        moments = complete_moments(
            np.column_stack([x, used[component]]),
            columns=(*predictors, component),
            weights=np.ones(len(x)),
            codes=codes,
        )
        return linear_regression(
            moments, outcome=component, predictors=predictors, covariance="CR2", conf_level=conf_level
        )
    times = used[exposure]
    if (times <= 0.0).any():
        check_positive(pd.DataFrame({exposure: times}), argument="exposure", column=exposure)
    check_predictors(x, predictors, clusters=codes, n_clusters=n_units, cluster="unit")
    return fit_rates(
        used[component],
        x,
        events=component,
        predictors=predictors,
        exposure=times,
        clusters=codes,
        n_clusters=n_units,
        model=model,
        conf_level=conf_level,
    )


def _among(panel: OutcomePanel, labels: Any, units: Collection[str]) -> NDArray[np.bool_]:
    """The rows of some units."""
    key = ("among", frozenset(units))
    if key not in panel.prepared:
        panel.prepared[key] = labels.categories.isin(list(units))[labels.codes]
    return panel.prepared[key]  # type: ignore[no-any-return]


def _with_experience(panel: OutcomePanel, timing: Timing) -> dict[str, Any]:
    """Columns of the panel, with experience and the answers behind it of the wave that the timing asks for.

    Labels are categories in their order: every fit takes rows of them, and counts them.
    """
    key = ("experience", timing)
    if key not in panel.prepared:
        frame = panel.frame
        moved = {"z": frame["z"], "ex_n": frame["ex_n"]}
        if timing != "same":
            names, lag = list(moved), _STEPS[timing]
            later = lagged_frame(frame, unit="unit", wave="wave", columns=names, lag=lag, waves=panel.waves)
            moved = {name: later[f"{name} {timing} 1"] for name in names}
        labels = ("unit", "wave", *panel.categories)
        columns: dict[str, Any] = {name: frame[name].astype("category").array for name in labels}
        others = [name for name in frame.columns if name not in labels]
        columns |= {name: frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in others}
        columns["ex_n"], columns[EX] = (
            moved[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in ("ex_n", "z")
        )
        numeric = [name for name in (*others, EX) if name not in ("z", "ex", "ex_n")]
        check_columns(pd.DataFrame({name: columns[name] for name in numeric}), numeric=numeric)
        panel.prepared[key] = columns
    return panel.prepared[key]  # type: ignore[no-any-return]


def _before(panel: OutcomePanel, component: str) -> NDArray[np.float64]:
    """The outcome of a wave before, as its level, in the rows of the panel; missing where it is not known."""
    key = ("before", component)
    if key not in panel.prepared:
        frame = panel.frame[["unit", "wave"]].assign(**{EARLIER: _level(panel.frame, component)})
        frame = lagged_frame(frame, unit="unit", wave="wave", columns=[EARLIER], waves=panel.waves)
        panel.prepared[key] = frame[f"{EARLIER} before 1"].to_numpy(dtype=np.float64, na_value=np.nan)
    return panel.prepared[key]  # type: ignore[no-any-return]


def _level(frame: pd.DataFrame, component: str) -> pd.Series:
    if component not in RATES:
        return frame[component]
    rate = (frame[component] + 0.5) / frame[f"{component} exposure"]
    return pd.Series(np.log(rate.to_numpy(dtype="float64")), index=frame.index)
