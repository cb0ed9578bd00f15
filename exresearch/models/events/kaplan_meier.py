"""The share to which the event has not happened yet, by the time that has passed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from exresearch.models.columns import check_columns, label_codes
from exresearch.models.events.columns import check_event, check_times
from exresearch.models.names import as_list, one_name, optional_name
from exresearch.models.resampling import NotEstimable, check_conf_level, is_real

FloatArray = NDArray[np.float64]
Interval = Literal["log-log", "log", "plain"]


def kaplan_meier(
    data: pd.DataFrame,
    *,
    duration: str,
    event: str,
    start: str | None = None,
    group: str | None = None,
    at: Sequence[float] | None = None,
    interval: Interval = "log-log",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Kaplan-Meier estimate of the share still there, with numbers at risk.

    Use it to show how many stay how long, in all or by group, before a `cox_regression` compares them. People who
    were there already when observation began enter with `start`: without it those who left before could not be seen,
    and the share that stays comes out too high.

    Parameters
    ----------
    data : DataFrame
        One row per person, or several that follow one another in time. Incomplete rows are left out and counted.
    duration : str
        Column with the time at which the row ends (time employed).
    event : str
        Column with 1 where the event happened then and 0 where it had not.
    start : str, optional
        Column with the time at which the row begins; 0 without it.
    group : str, optional
        Column with a label; one curve each.
    at : sequence of float, optional
        Times to report, such as years; by default every time at which a row ends.
    interval : {'log-log', 'log', 'plain'}
        The scale on which the interval is symmetric. 'log-log' stays within 0 and 1 and holds best in small groups.
    conf_level : float
        Coverage of the intervals, at each time by itself.

    Returns
    -------
    DataFrame, one row per group and time
        group (None without groups); time; estimate (share to which the event had not happened by then); std_error
        (Greenwood; NaN once the estimate is 0); conf_low, conf_high (NaN then too, and under 'log-log' while the
        estimate is 1); n_risk (just before that time); n_event, n_censored (rows that end without the event; both
        since the previous time of `at`, if given); n (rows of the group); n_excluded; conf_level; method.

    Raises
    ------
    ValueError
        Columns missing or not numeric; events other than 0 and 1; rows that do not take time; unknown options.
    NotEstimable
        No complete row, or no event at all.

    Notes
    -----
    S(t) is the product over event times up to t of 1 - d / r, and Greenwood's variance S^2 times the sum of
    d / (r (r - d)). In R: `survival::survfit(Surv(start, stop, event) ~ group, conf.type = "log-log")`.

    References
    ----------
    Kaplan & Meier (1958), doi:10.1080/01621459.1958.10501452; Kalbfleisch & Prentice (2002), The statistical analysis
    of failure time data, 2nd edition, section 1.4, doi:10.1002/9781118032985

    Examples
    --------
    >>> staff = pd.DataFrame({"years": [1, 2, 2, 3, 4], "left": [1, 1, 0, 1, 0]})
    >>> curve = kaplan_meier(staff, duration="years", event="left")
    >>> [(row.time, row.n_risk, round(row.estimate, 2)) for row in curve.itertuples()]
    [(1.0, 5, 0.8), (2.0, 4, 0.6), (3.0, 2, 0.3), (4.0, 1, 0.3)]
    """
    check_conf_level(conf_level)
    if interval not in get_args(Interval):
        raise ValueError(f"interval must be one of {list(get_args(Interval))}, got {interval!r}.")
    duration, event = one_name("duration", duration), one_name("event", event)
    start, group = optional_name("start", start), optional_name("group", group)
    moments = None
    if at is not None:
        moments = as_list(at)
        if not moments or not all(is_real(time) for time in moments) or moments != sorted(set(moments)):
            raise ValueError(f"at must be a list of times that rise, got {at!r}.")
    numeric = [duration, event, *([] if start is None else [start])]
    others = [] if group is None else [group]
    check_columns(data, numeric=numeric, other=others)
    frame = data.loc[data[[*numeric, *others]].notna().all(axis=1), [*numeric, *others]]
    if frame.empty:
        raise NotEstimable(f"no row has values in all of the columns {[*numeric, *others]}.")
    happened = check_event(frame, event)
    begin, stop = check_times(frame, duration, start)
    codes, labels = (
        (np.zeros(len(frame), dtype=np.int64), pd.Index([None], dtype=object))
        if group is None
        else label_codes(frame[group], argument="group")
    )
    z = float(ndtri((1.0 + conf_level) / 2.0))
    curves = []
    for code, label in enumerate(labels):
        rows = codes == code
        curve = _curve(begin[rows], stop[rows], happened[rows], moments)
        curve["conf_low"], curve["conf_high"] = _limits(
            curve["estimate"].to_numpy(), curve["std_error"].to_numpy(), z, interval
        )
        curve.insert(0, "group", pd.Series([label] * len(curve), dtype=object))
        curves.append(curve.assign(n=int(rows.sum())))
    order = [
        "group",
        "time",
        "estimate",
        "std_error",
        "conf_low",
        "conf_high",
        "n_risk",
        "n_event",
        "n_censored",
        "n",
    ]
    return pd.concat(curves, ignore_index=True)[order].assign(
        n_excluded=len(data) - len(frame),
        conf_level=conf_level,
        method=f"Kaplan-Meier, Greenwood variance, {interval} interval",
    )


def survival_steps(
    begin: FloatArray, stop: FloatArray, happened: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Distinct times at which rows end, with the numbers at risk and with the event, and the share after each."""
    times = np.unique(stop)
    risk = len(stop) - np.searchsorted(np.sort(stop), times, side="left")
    risk = risk - (len(begin) - np.searchsorted(np.sort(begin), times, side="left"))
    deaths = np.bincount(np.searchsorted(times, stop[happened]), minlength=len(times))
    share = np.asarray(np.cumprod(1.0 - deaths / risk), dtype=np.float64)
    return times, risk.astype(np.float64), deaths.astype(np.float64), share


def _curve(
    begin: FloatArray, stop: FloatArray, happened: NDArray[np.bool_], moments: list[float] | None
) -> pd.DataFrame:
    times, risk, deaths, share = survival_steps(begin, stop, happened)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(deaths / (risk * (risk - deaths)))
        error = share * np.sqrt(greenwood)
    asked = times if moments is None else np.array(moments, dtype=np.float64)
    step = np.searchsorted(times, asked, side="right")
    ended = np.searchsorted(np.sort(stop), asked, side="right")
    counted = np.concatenate([[0.0], np.cumsum(deaths)])[step]
    events = np.diff(counted, prepend=0.0)
    return pd.DataFrame(
        {
            "time": asked,
            "estimate": np.concatenate([[1.0], share])[step],
            "std_error": np.concatenate([[0.0], error])[step],
            "n_risk": [int(((begin < time) & (stop >= time)).sum()) for time in asked.tolist()],
            "n_event": events.astype(np.int64),
            "n_censored": (np.diff(ended, prepend=0) - events).astype(np.int64),
        }
    )


def _limits(share: FloatArray, error: FloatArray, z: float, interval: str) -> tuple[FloatArray, FloatArray]:
    if interval == "plain":
        return np.clip(share - z * error, 0.0, 1.0), np.clip(share + z * error, 0.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        if interval == "log":
            low, high = (share * np.exp(sign * z * error / share) for sign in (-1.0, 1.0))
            return low, np.minimum(high, 1.0)
        scale = error / (share * np.abs(np.log(share)))
        low, high = (share ** np.exp(sign * z * scale) for sign in (1.0, -1.0))
        unknown = (share <= 0.0) | (share >= 1.0)
        return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)
