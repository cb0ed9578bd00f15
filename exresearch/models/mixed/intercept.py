"""Linear mixed model with a random intercept per unit: slopes, and how much of the outcome differs between units."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc

from exresearch.models.mixed.design import mixed_sums
from exresearch.models.mixed.likelihood import Profile, best_ratio, variance_intervals
from exresearch.models.mixed.precision import precision
from exresearch.models.mixed.result import RandomIntercept, estimate_rows, variance_rows
from exresearch.models.mixed.split import between_name, split_columns, within_name
from exresearch.models.moments.accumulate import unit_moments
from exresearch.models.moments.unit import UnitMoments
from exresearch.models.names import name_list, one_name, optional_name, repeated
from exresearch.models.regression.design import check_names
from exresearch.models.resampling import check_conf_level

FloatArray = NDArray[np.float64]
DegreesOfFreedom = Literal["kenward_roger", "satterthwaite"]

_LABELS = {"kenward_roger": "Kenward-Roger standard error and df", "satterthwaite": "Satterthwaite df"}


def _moments(
    data: pd.DataFrame | UnitMoments, outcome: str, predictors: list[str], cluster: str | None
) -> UnitMoments:
    columns = [*predictors, outcome]
    if not isinstance(data, UnitMoments):
        if cluster is None:
            raise ValueError("cluster must be the name of the column with the unit, got None.")
        return unit_moments(data, columns=columns, cluster=cluster)
    if cluster is not None:
        raise ValueError("cluster is already in the moments: give it to unit_moments instead.")
    if (data.weight_sums != data.n).any():
        raise ValueError(
            "a random intercept takes no weights, and these moments have them: compute unit_moments without weights."
        )
    return data.select(columns)


def _columns_to_split(within_between: object, predictors: list[str]) -> list[str]:
    if isinstance(within_between, bool):
        return predictors if within_between else []
    columns = name_list("within_between", within_between)
    strangers = [name for name in columns if name not in predictors]
    if strangers:
        raise ValueError(
            f"within_between names {strangers}, which are not among the predictors {predictors}."
        )
    if repeated(columns):
        raise ValueError(f"columns {repeated(columns)} are named more than once in within_between.")
    return columns


def random_intercept(
    data: pd.DataFrame | UnitMoments,
    *,
    outcome: str,
    predictors: Iterable[str] = (),
    cluster: str | None = None,
    within_between: bool | Iterable[str] = False,
    reml: bool = True,
    df: DegreesOfFreedom | None = None,
    conf_level: float = 0.95,
) -> RandomIntercept:
    """Regression with an intercept of its own per unit, drawn from a normal distribution.

    Use it when answers come from units (teams, locations) and the question is how much of the outcome differs between
    units, what a predictor of the unit adds to it, or whether a link within units is that between them
    (`within_between`). For a slope alone, that assumes nothing of the units, `linear_regression` with clusters.

    Parameters
    ----------
    data : DataFrame or UnitMoments
        One row per answer sheet, or the moments made from it by cluster (then without `cluster`); unweighted. A row
        missing outcome, predictor or cluster is left out and counted.
    outcome : str
        Numeric column.
    predictors : sequence of str
        Numeric columns, of the row or of the unit. Without any the model is that of the ICC.
    cluster : str, optional
        Column with the unit; needed with a DataFrame.
    within_between : bool or sequence of str
        Predictors (True: all) that are replaced by the deviation from the unit's mean, `x_within`, and that mean,
        `x_between`, over the rows used. Without it a slope is a mixture of both.
    reml : bool
        Restricted maximum likelihood; with False maximum likelihood, as comparisons of predictors by AIC need.
    df : {'kenward_roger', 'satterthwaite'}, optional
        Degrees of freedom of t. Kenward-Roger's, the default with REML, also enlarge the standard error for variances
        that are estimated: choose them with few units. They do not exist with reml=False.
    conf_level : float
        Coverage of all intervals.

    Returns
    -------
    RandomIntercept
        Its `table` has one row per coefficient ('intercept', then the predictors in their order): term, estimate,
        std_error, statistic (t), df, p_value (two-sided), conf_low, conf_high, n (rows), n_clusters (units),
        n_excluded, conf_level, method. A variance between units of zero is a result: `boundary` is True.

    Raises
    ------
    ValueError
        Columns that are missing, named twice, not numeric or infinite; unknown options; no cluster, or one beside
        moments; moments with weights; a part of a split with the name of another column.
    NotEstimable
        The data have no answer: one unit, units of a single row all of them, too few rows or units for the
        coefficients, columns that are constant or exact combinations of one another, a column to split that does not
        vary within or between units, an outcome that is constant or that the predictors and units explain in full.

    Notes
    -----
    y = X b + u + e, Var u = tau^2, Var e = s; V of a unit of n rows has the values s (1 + n r) on its mean and s around
    it, r = tau^2 / s. b and s have closed forms given r, so the (restricted) likelihood is a function of r alone, and
    of cross-products by size of unit: rows and units cost nothing. Its maximum is found from the derivative.
    ICC = tau^2 / (tau^2 + s). R^2 marginal is the variance f of X b over f + tau^2 + s, conditional (f + tau^2) over
    the same. The test of tau^2 = 0 halves the p value of the likelihood ratio, as the null is at the edge. At the
    boundary Satterthwaite's df are n - k for every coefficient, that of the unit as well; those of Kenward-Roger stay
    few, and are cautious (`benchmarks/mixed.py`: with 6 units and no variance between them 99 % intervals for 95 %).

    Weights are refused: those of a survey are no precisions of rows, and a likelihood has no place for them.

    In R: `lme4::lmer(y ~ x + (1 | unit))`, `lmerTest` (Satterthwaite), `pbkrtest` (Kenward-Roger), `performance::icc`,
    `performance::r2`.

    References
    ----------
    Bates, Maechler, Bolker & Walker (2015), doi:10.18637/jss.v067.i01; Kenward & Roger (1997), doi:10.2307/2533558;
    Nakagawa, Johnson & Schielzeth (2017), doi:10.1098/rsif.2017.0213; Self & Liang (1987),
    doi:10.1080/01621459.1987.10478472

    Examples
    --------
    Slopes of 0.2 within units, and 1.0 between them.

    >>> rng = np.random.default_rng(1)
    >>> team, level = np.repeat(np.arange(40), 15), rng.normal(size=40)
    >>> data = pd.DataFrame({"team": team, "ex": level[team] + rng.normal(size=600)})
    >>> data["cx"] = level[team] + 0.2 * (data["ex"] - level[team]) + 0.4 * rng.normal(size=40)[team]
    >>> data["cx"] += rng.normal(size=600)
    >>> fit = random_intercept(data, outcome="cx", predictors=["ex"], cluster="team", within_between=True)
    >>> fit.table[["term", "n_clusters"]].values.tolist()
    [['intercept', 40], ['ex_within', 40], ['ex_between', 40]]
    >>> fit.contextual["term"].tolist(), bool(fit.contextual["p_value"][0] < 0.001), fit.boundary
    (['ex_between - ex_within'], True, False)
    """
    check_conf_level(conf_level)
    outcome, names = one_name("outcome", outcome), name_list("predictors", predictors, least=0)
    cluster = optional_name("cluster", cluster)
    check_names(outcome, names, True)
    kind = df or ("kenward_roger" if reml else "satterthwaite")
    if kind not in _LABELS:
        raise ValueError(f"df must be 'kenward_roger' or 'satterthwaite', got {df!r}.")
    if kind == "kenward_roger" and not reml:
        raise ValueError("df 'kenward_roger' goes with reml=True: use df='satterthwaite'.")
    split = _columns_to_split(within_between, names)
    moments = _moments(data, outcome, names, cluster)
    if split and moments.matrices is not None:
        moments = split_columns(moments, split)
        names = [column for column in moments.columns if column != outcome]

    sums = mixed_sums(moments, outcome=outcome, predictors=names)
    profile = Profile(sums=sums, reml=reml)
    ratio = best_ratio(profile)
    fitted = precision(profile, ratio, kenward_roger=kind == "kenward_roger")
    terms, residual = list(sums.terms), fitted.residual_variance * sums.scale**2
    estimate = sums.to_raw @ fitted.solution
    estimate[0] += sums.centre
    likelihood = "REML" if reml else "maximum likelihood"
    about = f"random intercept, {likelihood}, {_LABELS[kind]}"
    pairs = [(terms.index(between_name(name)), terms.index(within_name(name))) for name in split]
    context = np.zeros((len(pairs), len(terms)))
    for row, (upper, lower) in zip(context, pairs, strict=True):
        row[[upper, lower]] = 1.0, -1.0
    context_names = [f"{terms[upper]} - {terms[lower]}" for upper, lower in pairs]
    table, contextual = (
        estimate_rows(labels, value, reach, fitted=fitted, sums=sums, conf_level=conf_level, method=about)
        for labels, value, reach in (
            (terms, estimate, sums.to_raw),
            (context_names, context @ estimate, context @ sums.to_raw),
        )
    )
    found = variance_intervals(profile, ratio, conf_level)
    deviance, null = profile.deviance([ratio, 0.0])
    criterion = float(deviance + profile.constant())
    free = len(terms) + 2
    # Spread of X b around its mean, with n - 1 as divisor.
    mean = float(sums.totals[:, :-1].sum(axis=0) @ fitted.solution) / sums.n
    fixed = (float(fitted.solution @ fitted.solution) - sums.n * mean**2) / (sums.n - 1)
    fixed = max(fixed, 0.0) * sums.scale**2
    between = ratio * residual
    whole = fixed + between + residual
    statistic = max(float(null - deviance), 0.0)

    def square(matrix: FloatArray) -> pd.DataFrame:
        return pd.DataFrame(sums.to_raw @ matrix @ sums.to_raw.T, index=terms, columns=terms)

    return RandomIntercept(
        table=table,
        contextual=contextual,
        variances=variance_rows(sums, np.array([between, residual]), found, conf_level, likelihood),
        boundary=ratio == 0.0,
        boundary_test=pd.DataFrame(
            {
                "term": ["between"],
                "statistic": statistic,
                "p_value": 0.5 * float(chdtrc(1.0, statistic)) if ratio > 0.0 else 1.0,
                "n": sums.n,
                "n_clusters": sums.n_units,
                "method": f"likelihood ratio, {likelihood}, half chi-squared with 1 df",
            }
        ),
        coefficients=pd.Series(estimate, index=terms),
        covariance=square(fitted.covariance),
        model_covariance=square(fitted.model),
        reml=reml,
        criterion=criterion,
        log_likelihood=-criterion / 2.0,
        aic=criterion + 2.0 * free,
        bic=criterion + float(np.log(sums.n)) * free,
        icc_adjusted=ratio / (1.0 + ratio),
        icc_low=found.ratio[0] / (1.0 + found.ratio[0]),
        icc_high=found.ratio[1] / (1.0 + found.ratio[1]),
        icc_conditional=between / whole,
        r2_marginal=fixed / whole,
        r2_conditional=(fixed + between) / whole,
        n=sums.n,
        n_clusters=sums.n_units,
        n_excluded=sums.n_excluded,
        conf_level=conf_level,
        sums=sums,
        precision=fitted,
        ratio=ratio,
    )
