"""Rates of an outcome by level of employee experience, for the figure of notebook 09."""

from __future__ import annotations

import numpy as np
import pandas as pd

from exresearch.findings.analyses.business.panel import OutcomePanel
from exresearch.models import NotEstimable, lagged_frame, rate_regression


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
