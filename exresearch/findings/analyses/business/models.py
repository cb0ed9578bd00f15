"""The regressions behind notebook 09: one outcome on employee experience before, at the same time, or after."""

from __future__ import annotations

from collections.abc import Collection
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
    rate_regression,
)
from exresearch.models.events.rates import RateModel

Timing = Literal["before", "same", "after"]
TIMINGS: tuple[Timing, ...] = ("before", "same", "after")
_STEPS = {"before": 1, "after": -1}
EX = "employee experience"
BETWEEN, WITHIN, EARLIER = "between units", "within units", "its own earlier value"


@dataclass(frozen=True, slots=True)
class OutcomeFit:
    """One outcome on employee experience.

    Attributes
    ----------
    component : str
        Which outcome.
    rows : pandas.DataFrame
        Estimates of employee experience: ``term, estimate, std_error, df, p_value, conf_low, conf_high, conf_level, n``
        (answers behind it where they are known, else units), ``n_rows, n_units``. Ratios for counts, with
        ``log_estimate``.
    regression : RateFit or LinearFit
        The fit.
    used : pandas.DataFrame
        The rows of the panel that it rests on, with ``employee experience`` at its own time.
    predictors : tuple of str
        All predictors.
    categories : bool
        Whether kinds of unit are among them.
    """

    component: str
    rows: pd.DataFrame
    regression: RateFit | LinearFit
    used: pd.DataFrame
    predictors: tuple[str, ...]
    categories: bool

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
    there = np.ones(len(panel.frame), dtype=bool)
    for name in (EX, component, *([exposure] if exposure else [])):
        there &= ~np.isnan(columns[name])
    if earlier:
        columns = columns | {EARLIER: _before(panel, component)}
        there &= ~np.isnan(columns[EARLIER])
    if units is not None:
        there &= columns["unit"].isin(list(units))
    used = {name: values[there] for name, values in columns.items()}
    unit_codes, labels = pd.factorize(used["unit"])
    if len(labels) < 2:
        raise NotEstimable(f"fewer than two units have both '{component}' and employee experience.")
    terms = [EX]
    if split:
        mean = (np.bincount(unit_codes, weights=used[EX]) / np.bincount(unit_codes))[unit_codes]
        used |= {BETWEEN: mean, WITHIN: used[EX] - mean}
        terms = [BETWEEN, WITHIN]
    dummies: dict[str, NDArray[np.float64]] = {}
    for column in ("wave", *(panel.categories if categories else ())):
        codes, levels = pd.factorize(used[column], sort=True)
        dummies |= {
            f"{column}_{level}": (codes == place) * 1.0 for place, level in enumerate(levels) if place
        }
    predictors = [*terms, *([EARLIER] if earlier else []), *dummies]
    data = pd.DataFrame({**used, **dummies})
    regression: RateFit | LinearFit
    if exposure is not None:
        regression = rate_regression(
            data,
            events=component,
            exposure=exposure,
            predictors=predictors,
            cluster="unit",
            model=model,
            conf_level=conf_level,
        )
    else:
        regression = linear_regression(
            data,
            outcome=component,
            predictors=predictors,
            cluster="unit",
            covariance="CR2",
            conf_level=conf_level,
        )
    table = regression.table
    rows = table[table["term"].isin(terms)].rename(columns={"n": "n_rows", "n_clusters": "n_units"})
    answers = float(used["ex_n"].sum())
    rows = rows.assign(
        n=len(labels) if np.isnan(answers) else int(answers), conf_level=conf_level
    ).reset_index(drop=True)
    return OutcomeFit(
        component, rows, regression, data, tuple(predictors), bool(categories and panel.categories)
    )


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


def rates_by_level(
    panel: OutcomePanel, component: str, *, least_units: int, conf_level: float, most: int = 5
) -> pd.DataFrame:
    """Give the rate of an outcome by fifths of employee experience a wave before.

    Parameters
    ----------
    panel : OutcomePanel
        The panel.
    component : str
        A count.
    least_units : int
        Units that each group needs; there are fewer groups where a fifth has fewer.
    conf_level : float
        Of the intervals.
    most : int
        Groups at most.

    Returns
    -------
    pandas.DataFrame
        ``group`` (1 is the lowest experience), ``n_groups, ex`` (its mean in the group, as measured), ``estimate,
        conf_low, conf_high`` (events per person), ``conf_level, n_units, n_rows, n_events, n`` (people, the largest
        number in a wave); no rows where there are no two groups of enough units, or no interval.
    """
    exposure = f"{component} exposure"
    frame = lagged_frame(
        panel.frame, unit="unit", wave="wave", columns=["z", "ex"], lag=1, waves=panel.waves
    ).dropna(subset=["z before 1", component, exposure])
    for n_groups in range(most, 1, -1):
        if frame["z before 1"].nunique() < n_groups:
            continue
        ranks = frame["z before 1"].rank(method="average", pct=True)
        group = (
            pd.Series(np.ceil(ranks.to_numpy() * n_groups), index=frame.index)
            .clip(1, n_groups)
            .astype("int64")
        )
        if group.nunique() == n_groups and frame["unit"].groupby(group).nunique().min() >= least_units:
            try:
                return _by_group(frame.assign(group=group), component, exposure, conf_level)
            except NotEstimable:
                return pd.DataFrame()
    return pd.DataFrame()


def _by_group(frame: pd.DataFrame, component: str, exposure: str, conf_level: float) -> pd.DataFrame:
    groups = sorted(frame["group"].unique())
    rows = []
    for one in groups:
        # The intercept is the rate of the group that the other groups are set against.
        others = {
            f"group {other}": (frame["group"] == other).astype("float64") for other in groups if other != one
        }
        fit = rate_regression(
            frame.assign(**others),
            events=component,
            exposure=exposure,
            predictors=list(others),
            cluster="unit",
            conf_level=conf_level,
            model="poisson",
        )
        part = frame[frame["group"] == one]
        row = fit.table.iloc[0]
        rows.append(
            {
                "group": int(one),
                "n_groups": len(groups),
                "ex": float(part["ex before 1"].mean()),
                **{name: float(row[name]) for name in ("estimate", "conf_low", "conf_high")},
                "conf_level": conf_level,
                "n_units": int(part["unit"].nunique()),
                "n_rows": len(part),
                "n_events": int(part[component].sum()),
                "n": int(part.groupby("wave")[exposure].sum().max()),
            }
        )
    return pd.DataFrame(rows)


def _level(frame: pd.DataFrame, component: str) -> pd.Series:
    if component not in RATES:
        return frame[component]
    rate = (frame[component] + 0.5) / frame[f"{component} exposure"]
    return pd.Series(np.log(rate.to_numpy(dtype="float64")), index=frame.index)
