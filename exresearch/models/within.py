"""Regression within persons or units over time: everything that lasts about them drops out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.columns import check_columns, check_positive, numeric_columns, unit_codes
from exresearch.models.deviations import from_own_mean, independent, row_order
from exresearch.models.names import name_list
from exresearch.models.regression import LinearFit, linear_regression
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]

_NOTHING = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class WithinFit:
    """A regression of deviations from the own mean.

    Attributes
    ----------
    table : DataFrame
        See `within_regression`.
    deviations : DataFrame
        Deviations of outcome and predictors from the own mean, with effects of waves taken out as well, the weight and
        the cluster: row by row, for `binned_deviations` and never for a page.
    outcome, predictors : str and tuple of str
    spreads : dict of str to float
        Standard deviation of outcome and predictors within entities, after effects of waves.
    fit : LinearFit
        Of the deviations, on their own scales.
    """

    table: pd.DataFrame
    deviations: pd.DataFrame
    outcome: str
    predictors: tuple[str, ...]
    spreads: dict[str, float]
    fit: LinearFit


def within_regression(
    data: pd.DataFrame,
    *,
    outcome: str,
    predictors: Sequence[str],
    entity: str,
    wave: str | None,
    cluster: str,
    weights: str | None = None,
    conf_level: float = 0.95,
    standardised: bool = False,
) -> WithinFit:
    """Least squares with an effect of every entity (a person, a unit) and of every wave.

    Use it where what lasts about a person or unit must not count: only whether the outcome moved after, or along with,
    the predictor. Do not put an earlier value of the outcome among the predictors without saying that its effect, and
    with it that of what goes along, is drawn down by about (1 + a) / (T - 1) (Nickell 1981).

    Parameters
    ----------
    data : DataFrame
        One row per entity and wave. Rows that miss something, and entities of which one row is left, are left out and
        counted.
    outcome, predictors : str and sequence of str
        Numeric columns.
    entity : str
        Column whose effects drop out.
    wave : str or None
        Column of categories (a wave, or wave and kind together) whose effects are taken out as well; None for none.
    cluster : str
        Column within which errors may go together. Every entity must lie in one cluster.
    weights : str, optional
        Column with positive weights.
    conf_level : float
        Coverage.
    standardised : bool
        Slopes in standard deviations within entities, of outcome per predictor, taken as known.

    Returns
    -------
    WithinFit
        Its `table` has one row per predictor: term, estimate, std_error, statistic, df, p_value, conf_low, conf_high, n
        (rows), n_clusters, n_excluded, conf_level, method, n_entities.

    Raises
    ------
    ValueError
        Columns missing or not numeric, weights of zero or below, an entity in two clusters.
    NotEstimable
        Nothing varies within entities beyond the effects of waves, or fewer than two clusters.

    Notes
    -----
    Outcome, predictors and dummies of waves become deviations from their (weighted) mean per entity (Frisch-Waugh);
    standard errors are CR2 by cluster with Satterthwaite df. Effects nested in clusters may be left out of the CR2
    adjustment where rows have equal weights (Pustejovsky & Tipton 2018, theorem 2); with weights that is approximate.

    References
    ----------
    Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, ch. 10; Pustejovsky & Tipton (2018),
    doi:10.1080/07350015.2016.1247004; Nickell (1981), doi:10.2307/1911408

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = pd.DataFrame({"who": np.repeat(range(60), 3), "wave": [1, 2, 3] * 60, "x": rng.normal(size=180)})
    >>> rows["team"] = rows["who"] // 4
    >>> rows["y"] = 0.5 * rows["x"] + rng.normal(size=60)[rows["who"]] + rng.normal(0, 0.3, 180)
    >>> fit = within_regression(rows, outcome="y", predictors=["x"], entity="who", wave="wave", cluster="team")
    >>> fit.table[["term", "n", "n_entities", "n_clusters"]].to_numpy().tolist()
    [['x', 180, 60, 15]]
    """
    names = name_list("predictors", predictors)
    numeric = [outcome, *names, *([] if weights is None else [weights])]
    keys = [entity, cluster, *([] if wave is None else [wave])]
    check_columns(data, numeric=numeric, other=list(dict.fromkeys(keys)))
    labels = {name: unit_codes(data[name])[0] for name in dict.fromkeys(keys)}
    numbers = {name: numeric_columns(data, [name])[:, 0] for name in dict.fromkeys(numeric)}
    present: NDArray[np.bool_] = np.logical_and.reduce(
        [codes >= 0 for codes in labels.values()] + [~np.isnan(column) for column in numbers.values()]
    )
    several = np.bincount(labels[entity][present], minlength=len(data)) > 1
    rows = np.flatnonzero(present)
    rows = rows[several[labels[entity][rows]]]
    if len(rows) < 3:
        raise NotEstimable("nobody, or hardly anybody, has two complete rows.")
    owner = np.zeros(int(labels[entity].max()) + 1, dtype=np.int64)
    owner[labels[entity][rows]] = labels[cluster][rows]
    if (owner[labels[entity][rows]] != labels[cluster][rows]).any():
        raise ValueError(f"some of '{entity}' lie in several of '{cluster}': every entity needs one cluster.")
    # Sorted, so that the order of the rows changes no digit.
    rows = rows[
        row_order(
            [labels[name][rows] for name in (cluster, entity, *([] if wave is None else [wave]))],
            [numbers[name][rows] for name in numbers],
        )
    ]
    numbers = {name: column[rows] for name, column in numbers.items()}
    together = labels[cluster][rows]
    w = np.ones(len(rows)) if weights is None else numbers[weights]
    wrong = int((w <= 0.0).sum())
    if wrong:
        check_positive(pd.DataFrame({weights: w}), argument="weights", column=str(weights))
    # Rows of an entity stand together.
    codes = np.cumsum(np.diff(labels[entity][rows], prepend=labels[entity][rows[0]]) != 0)
    values = np.column_stack([numbers[name] for name in (outcome, *names)])
    overall = values.std(axis=0)
    own = from_own_mean(values, codes, w)
    dummies = np.empty((len(rows), 0))
    if wave is not None:
        which, levels = pd.factorize(labels[wave][rows], sort=True)
        marks = (which[:, None] == np.arange(1, len(levels))).astype(np.float64)
        dummies = independent(from_own_mean(marks, codes, w))
    root = np.sqrt(w)[:, None]
    rest = own
    if dummies.shape[1]:
        shared, *_ = np.linalg.lstsq(root * dummies, root * own, rcond=None)
        rest = own - dummies @ shared
    spread = np.sqrt((w[:, None] * rest**2).sum(axis=0) / w.sum())
    least = _NOTHING * np.maximum(overall, 1e-300)
    columns = np.array([outcome, *names], dtype=object)
    still = [str(name) for name in columns[spread <= least]]
    if still:
        raise NotEstimable(f"columns {still} do not vary within '{entity}' beyond the effects of waves.")
    made = [f"(wave {place})" for place in range(dummies.shape[1])]
    frame = pd.DataFrame(np.column_stack([own, dummies]), columns=[outcome, *names, *made])
    frame["(weight)"], frame["(cluster)"] = w, together
    fit = linear_regression(
        frame,
        outcome=outcome,
        predictors=[*names, *made],
        weights=None if weights is None else "(weight)",
        cluster="(cluster)",
        covariance="CR2",
        conf_level=conf_level,
        intercept=False,
    )
    table = fit.table[fit.table["term"].isin(names)].reset_index(drop=True)
    spreads = dict(zip([outcome, *names], spread.tolist(), strict=True))
    if standardised:
        factor = table["term"].map(spreads).astype("float64") / spreads[outcome]
        for column in ("estimate", "std_error", "conf_low", "conf_high"):
            table[column] *= factor
    table = table.assign(
        n_excluded=len(data) - len(rows),
        n_entities=int(codes.max()) + 1,
        method="deviations from the own mean, CR2 standard error, t with Satterthwaite df",
    )
    deviations = pd.DataFrame(rest, columns=[outcome, *names])
    deviations["(weight)"], deviations["(cluster)"] = w, together
    return WithinFit(table, deviations, outcome, tuple(names), spreads, fit)


def binned_deviations(
    fit: WithinFit, *, predictor: str, n_bins: int = 8, conf_level: float = 0.95
) -> pd.DataFrame:
    """Mean deviation of the outcome in equally large groups of deviations of one predictor.

    Use it to see whether a straight line is a fair summary of `within_regression`.

    Parameters
    ----------
    fit : WithinFit
        Of `within_regression`.
    predictor : str
        One of its predictors; the others are taken out of both sides first.
    n_bins : int
        Groups, at least 2; equal deviations stay together, so that there may be fewer.
    conf_level : float
        Coverage.

    Returns
    -------
    DataFrame
        One row per group: bin, x, y (weighted means of the deviations, on their own scales), conf_low, conf_high (of y,
        CR2 by cluster), n (rows), n_clusters, conf_level.

    Raises
    ------
    ValueError
        Unknown predictor or fewer than 2 bins.
    NotEstimable
        A group lies in a single cluster.

    References
    ----------
    Cattaneo, Crump, Farrell & Feng (2024), On binscatter, doi:10.1257/aer.20221576

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = pd.DataFrame({"who": np.repeat(range(60), 3), "x": rng.normal(size=180)})
    >>> rows = rows.assign(y=rows["x"], team=rows["who"] // 4)
    >>> rows["y"] += rng.normal(0, 0.1, 180)
    >>> fit = within_regression(rows, outcome="y", predictors=["x"], entity="who", wave=None, cluster="team")
    >>> bins = binned_deviations(fit, predictor="x", n_bins=3)
    >>> bins["n"].tolist(), bool(bins["y"].is_monotonic_increasing)
    ([60, 60, 60], True)
    """
    if predictor not in fit.predictors:
        raise ValueError(f"predictor must be one of {list(fit.predictors)}, got {predictor!r}.")
    if isinstance(n_bins, bool) or not isinstance(n_bins, int) or n_bins < 2:
        raise ValueError(f"n_bins must be a whole number of at least 2, got {n_bins!r}.")
    rows = fit.deviations
    w = rows["(weight)"].to_numpy()
    sides = rows[[predictor, fit.outcome]].to_numpy()
    others = [name for name in fit.predictors if name != predictor]
    if others:
        root, held = np.sqrt(w)[:, None], rows[others].to_numpy()
        shared, *_ = np.linalg.lstsq(root * held, root * sides, rcond=None)
        sides = sides - held @ shared
    # Rounded, so that equal deviations are equal.
    x = np.round(sides[:, 0], 12)
    group = pd.Series(pd.qcut(x, n_bins, labels=False, duplicates="drop")).to_numpy()
    names = [f"bin {one}" for one in np.unique(group)]
    frame = pd.DataFrame((group[:, None] == np.unique(group)).astype(np.float64), columns=names)
    frame = frame.assign(y=sides[:, 1], weight=w, cluster=rows["(cluster)"].to_numpy())
    table = linear_regression(
        frame, outcome="y", predictors=names, weights="weight", cluster="cluster", covariance="CR2",
        conf_level=conf_level, intercept=False,
    ).table  # fmt: skip
    found = (
        table[["estimate", "conf_low", "conf_high"]].rename(columns={"estimate": "y"}).reset_index(drop=True)
    )
    at = [group == one for one in np.unique(group)]
    found.insert(0, "x", [float(np.average(sides[here, 0], weights=w[here])) for here in at])
    found.insert(0, "bin", range(1, len(at) + 1))
    clusters = rows["(cluster)"].to_numpy()
    return found.assign(
        n=[int(here.sum()) for here in at],
        n_clusters=[len(set(clusters[here])) for here in at],
        conf_level=conf_level,
    )
