"""Explained variance of rival linear models in the population, with an interval that keeps units together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.drivers import subset_r2
from exresearch.models.gain.folds import held_out_r2
from exresearch.models.influence import effective_df
from exresearch.models.jackknife import jackknife_interval, jackknife_p_value
from exresearch.models.moments import UnitMoments, unit_moments
from exresearch.models.names import name_list, one_name
from exresearch.models.resampling import MIN_UNITS, NotEstimable, check_conf_level

FloatArray = NDArray[np.float64]


def held_out_gain(
    data: pd.DataFrame,
    *,
    outcome: str,
    base: Sequence[str],
    added: Sequence[str],
    cluster: str | None = None,
    weights: str | None = None,
    folds: int = 10,
    repeats: int = 5,
    conf_level: float = 0.95,
    seed: int,
) -> pd.DataFrame:
    """How much more of the variance other predictors explain on top of some, beyond what chance would give.

    Use it for a claim that one model says more than another that it contains: products over a sum, segments over
    demography. In the sample more predictors always explain more; this takes that out.

    Parameters
    ----------
    data : DataFrame
        One row per answer sheet. Incomplete rows are left out and counted.
    outcome : str
    base, added : sequence of str
        Numeric predictors of the smaller model (may be empty), and those that the larger one has besides.
    cluster, weights, folds, repeats, conf_level, seed
        As :func:`explained_variance`.

    Returns
    -------
    DataFrame
        Rows ``base, full, gain``, columns as :func:`explained_variance`.

    Raises
    ------
    ValueError
        Columns or options at fault.
    NotEstimable
        As :func:`explained_variance`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame(rng.normal(size=(500, 2)), columns=["a", "b"])
    >>> data["y"] = data["a"] + data["b"] + rng.normal(size=500)
    >>> found = held_out_gain(data, outcome="y", base=["a"], added=["b"], seed=1).set_index("term")
    >>> found["estimate"].round(1).to_dict()
    {'base': 0.3, 'full': 0.6, 'gain': 0.4}
    """
    base, added = name_list("base", base, least=0), name_list("added", added)
    return explained_variance(
        data,
        outcome=outcome,
        models={"base": base, "full": [*base, *added]},
        contrasts={"gain": {"full": 1.0, "base": -1.0}},
        cluster=cluster,
        weights=weights,
        folds=folds,
        repeats=repeats,
        conf_level=conf_level,
        seed=seed,
    )


def explained_variance(
    data: pd.DataFrame | UnitMoments,
    *,
    outcome: str,
    models: Mapping[str, Sequence[str]],
    contrasts: Mapping[str, Mapping[str, float]] | None = None,
    cluster: str | None = None,
    weights: str | None = None,
    folds: int = 10,
    repeats: int = 5,
    conf_level: float = 0.95,
    seed: int,
) -> pd.DataFrame:
    """Explained variance of linear models and differences of it, corrected for learning from a sample.

    Use it to compare models on the same people: nested ones, rivals that do not contain each other, or one gain with
    another. The interval is about the population: what a model with the best possible coefficients explains.

    Parameters
    ----------
    data : DataFrame or UnitMoments
        One row per answer sheet, or their moments, with weights and units in them. Rows that miss any column of any
        model are left out and counted.
    outcome : str
    models : mapping of str to sequence of str
        Name of a model to its numeric predictors, which may be none. A predictor that is a combination of the others
        adds nothing.
    contrasts : mapping of str to mapping of str to float, optional
        Name of a difference to weights of the models' explained variances, as ``{"gain": {"full": 1, "base": -1}}``.
    cluster : str, optional
        Column with the unit: its rows are left out together and share a fold. Without it every row is on its own.
    weights : str, optional
        Column with positive weights.
    folds, repeats : int
        Of the cross-validation in ``held_out``.
    conf_level : float
    seed : int
        Of the folds; nothing else is drawn.

    Returns
    -------
    DataFrame
        A row per model and per contrast: ``term``; ``estimate``, share of the variance of the outcome in the
        population; ``std_error, statistic, df, p_value`` (against 0), ``conf_low, conf_high``; ``in_sample``, the plain
        R-squared; ``held_out``, the mean over repeats on folds that had no part in the fit; ``n, n_clusters,
        n_excluded, conf_level, method``.

    Raises
    ------
    ValueError
        Columns or options at fault, a contrast of an unknown model, or a name used twice.
    NotEstimable
        Fewer than 10 units, fewer units than folds, no more rows than a model has predictors, or an outcome that does
        not vary.

    Notes
    -----
    R-squared in the sample is too high by about tr(S V) / SST and on held-out folds too low by as much, with V the
    clustered covariance of the coefficients and S the cross-products of the predictors. Leaving out one unit at a time
    estimates the first: ``estimate = U r - (U - 1) mean(r_u)`` lies between the two, and may be below 0. The standard
    error is that of the same jackknife, with Satterthwaite degrees of freedom.

    For a gain that is truly 0 the first-order term vanishes. The jackknife's variance is then too large (Efron & Stein
    1981), so that the interval errs on the safe side; the interval of a cross-validated gain on the other hand is
    centred below the truth and misses it often (`benchmarks/gain.py`).

    References
    ----------
    Efron & Stein (1981), The jackknife estimate of variance, doi:10.1214/aos/1176345462
    Bates, Hastie & Tibshirani (2024), Cross-validation: what does it estimate and how well does it do it?,
    doi:10.1080/01621459.2023.2197686
    Williamson et al. (2021), Nonparametric variable importance assessment using machine learning techniques,
    doi:10.1111/biom.13392

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame(rng.normal(size=(400, 2)), columns=["a", "b"])
    >>> data["y"] = data["a"] + rng.normal(size=400)
    >>> rivals = {"a": ["a"], "b": ["b"]}
    >>> found = explained_variance(data, outcome="y", models=rivals, contrasts={"a - b": {"a": 1, "b": -1}}, seed=1)
    >>> found["term"].tolist(), found["estimate"].round(1).abs().tolist()
    (['a', 'b', 'a - b'], [0.4, 0.0, 0.4])
    """
    check_conf_level(conf_level)
    outcome = one_name("outcome", outcome)
    columns = {name: name_list(f"models[{name!r}]", chosen, least=0) for name, chosen in models.items()}
    differences = dict(contrasts or {})
    _check_contrasts(columns, differences)
    predictors = list(dict.fromkeys(name for chosen in columns.values() for name in chosen))
    if isinstance(data, UnitMoments):
        if weights is not None or cluster is not None:
            raise ValueError(
                "weights and cluster are already in the moments: give them to unit_moments instead."
            )
        moments = data.select([outcome, *predictors])
    else:
        moments = unit_moments(data, columns=[outcome, *predictors], weights=weights, cluster=cluster)
    _check_size(moments, columns)
    mix = np.eye(len(columns))
    names = list(columns)
    for weight in differences.values():
        mix = np.vstack([mix, [float(weight.get(name, 0.0)) for name in names]])
    whole = _r_squared(moments.correlations(), moments.columns, columns)[0] @ mix.T
    parts = [_r_squared(part, moments.columns, columns) for part in moments.leave_one_out()]
    left_out = np.concatenate(parts) @ mix.T
    held_out = held_out_r2(moments, outcome=outcome, models=columns, folds=folds, repeats=repeats, seed=seed)
    size = moments.n_units
    estimate = size * whole - (size - 1) * left_out.mean(axis=0)
    low, high = jackknife_interval(estimate, left_out, conf_level=conf_level)
    gaps = left_out - left_out.mean(axis=0)
    std_error = np.sqrt((size - 1) / size * (gaps**2).sum(axis=0))
    return pd.DataFrame(
        {
            "term": [*names, *differences],
            "estimate": estimate,
            "std_error": std_error,
            "statistic": np.divide(
                estimate, std_error, out=np.full_like(estimate, np.nan), where=std_error > 0
            ),
            "df": effective_df(left_out),
            "p_value": jackknife_p_value(estimate, left_out, null=0.0),
            "conf_low": low,
            "conf_high": high,
            "in_sample": whole,
            "held_out": mix @ np.array([float(held_out[name].mean()) for name in names]),
            "n": moments.n_rows,
            "n_clusters": size,
            "n_excluded": moments.n_excluded,
            "conf_level": conf_level,
            "method": "explained variance, jackknife over units",
        }
    )


def _check_contrasts(
    models: Mapping[str, Sequence[str]], contrasts: Mapping[str, Mapping[str, float]]
) -> None:
    if not models:
        raise ValueError("models must hold at least one model, got none.")
    unknown = sorted({name for weight in contrasts.values() for name in weight} - set(models))
    if unknown:
        raise ValueError(f"contrasts name models {unknown} that are not there: use {sorted(models)}.")
    twice = sorted(set(models) & set(contrasts))
    if twice:
        raise ValueError(f"contrasts {twice} have the name of a model: rename them.")


def _check_size(moments: UnitMoments, models: Mapping[str, Sequence[str]]) -> None:
    if moments.n_units < MIN_UNITS:
        raise NotEstimable(
            f"explained variance needs at least {MIN_UNITS} units with complete rows, got {moments.n_units} "
            f"({moments.n_excluded} rows left out as incomplete)."
        )
    largest = max(len(chosen) for chosen in models.values())
    if moments.n_rows <= largest + 1:
        raise NotEstimable(
            f"a model of {largest} predictors needs more than {largest + 1} complete rows, got {moments.n_rows}."
        )
    if not moments.correlations()[0, 0, 0]:
        raise NotEstimable(f"column '{moments.columns[0]}' is constant over the complete rows.")


def _r_squared(
    correlations: FloatArray, names: Sequence[str], models: Mapping[str, Sequence[str]]
) -> FloatArray:
    """R-squared of each model, per matrix [B, models]; the outcome is the first column."""
    place = {name: number for number, name in enumerate(names)}
    found = np.zeros((len(correlations), len(models)))
    for number, chosen in enumerate(models.values()):
        if chosen:
            players = [[place[name] for name in chosen]]
            found[:, number] = subset_r2(correlations, players=players)[:, 1]
    return found
