"""Hierarchical omega: how much of a score is one general factor where the items form groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student_t

from exresearch.measures.factors import minres, quartimin
from exresearch.measures.reliability.answers import (
    Answers,
    checked_answers,
    covariance_matrix,
    ordered_groups,
)
from exresearch.measures.reliability.intervals import Reliability, check_level, without_estimate
from exresearch.measures.reliability.omega import fault_of

FloatArray = NDArray[np.float64]
# Rows of one block of resampled counts, times groups: keeps a block near 40 MB.
_BLOCK = 5_000_000
# Replicates that may come out without a general factor; with more, the interval would be that of the others.
_MOST_FAILED = 0.05


@dataclass(frozen=True, slots=True)
class SchmidLeiman:
    """A general factor and group factors, none related to another.

    Attributes
    ----------
    loadings : pandas.DataFrame
        One row per item: ``item, general, group_1, ..., communality, uniqueness, general_share`` (of the communality).
    factor_correlations : ndarray [m, m]
        Of the oblique factors before the general one was taken out.
    omega_hierarchical, omega_total : float
        Share of the variance of the sum of standardised items that the general factor, or all factors, explain.
    omega_groups : pandas.DataFrame
        One row per group of items (each item in the group where its loading is largest): ``group, total, general,
        specific``, the same shares for the sum of the items of the group alone, by all factors, by the general factor,
        and by that of the group.
    explained_common_variance : float
        Share of all common variance that is general.
    """

    loadings: pd.DataFrame
    factor_correlations: FloatArray
    omega_hierarchical: float
    omega_total: float
    omega_groups: pd.DataFrame
    explained_common_variance: float


def schmid_leiman(correlations: pd.DataFrame, *, n_factors: int = 3) -> SchmidLeiman:
    """Take a general factor out of correlated ones.

    The correlations are fitted by minres with ``n_factors`` factors, rotated by oblimin (quartimin); one factor is
    fitted to the correlations of these, with loadings ``g``. With rotated loadings ``L`` the general loadings are
    ``L g`` and those of the groups ``L diag(sqrt(1 - g^2))``. Two factors share their correlation equally.

    Parameters
    ----------
    correlations : pandas.DataFrame [k, k]
        Of items turned so that higher means more.
    n_factors : int
        Factors, 2 or more.

    Returns
    -------
    SchmidLeiman
        Factors in the order of the items that load on them.

    Raises
    ------
    ValueError
        If there are too few items for the factors (``(k - m)^2`` not above ``k + m``: as many loadings as
        correlations), or no proper solution exists: a
        Heywood case, or factors that are not positively related.

    References
    ----------
    Schmid, J., & Leiman, J. M. (1957). The development of hierarchical factor solutions. *Psychometrika*, 22(1), 53-61.
    https://doi.org/10.1007/BF02289209. In R: ``psych::omega(x, nfactors = 3)``.

    Examples
    --------
    >>> general, group = np.full(9, 0.6), np.kron(np.eye(3), np.full((3, 1), 0.5))
    >>> matrix = np.outer(general, general) + group @ group.T
    >>> np.fill_diagonal(matrix, 1)
    >>> found = schmid_leiman(pd.DataFrame(matrix))
    >>> round(found.omega_hierarchical, 4), round(found.explained_common_variance, 4)
    (0.6752, 0.5391)
    """
    r = correlations.to_numpy(dtype=np.float64)
    k = len(r)
    _check_factors(n_factors, k)
    rotated, phi, g, proper = _oblique(r[None], n_factors)
    if not proper[0]:
        raise ValueError(
            f"no proper solution with n_factors={n_factors}: an item keeps no variance of its own, or the factors are "
            "not positively related. Try fewer factors."
        )
    first = np.abs(rotated[0]).argmax(axis=0)
    order = np.argsort(first, kind="stable")
    loadings, phi0, g0 = rotated[0][:, order], phi[0][np.ix_(order, order)], g[0][order]
    general, groups = loadings @ g0, loadings * np.sqrt(1 - g0**2)
    communality = general**2 + (groups**2).sum(axis=1)
    names = [f"group_{number}" for number in range(1, n_factors + 1)]
    table = pd.DataFrame({"item": [str(name) for name in correlations.columns], "general": general})
    table[names] = groups
    table = table.assign(
        communality=communality, uniqueness=1 - communality, general_share=general**2 / communality
    )
    member = groups.argmax(axis=1)
    rows = []
    for number, name in enumerate(names):
        of = member == number
        total = float(r[np.ix_(of, of)].sum()) if of.any() else float("nan")
        parts = (float(general[of].sum()) ** 2 / total, float(groups[of, number].sum()) ** 2 / total)
        rows.append({"group": name, "total": sum(parts), "general": parts[0], "specific": parts[1]})
    return SchmidLeiman(
        loadings=table,
        factor_correlations=phi0,
        omega_hierarchical=float(general.sum()) ** 2 / float(r.sum()),
        omega_total=1 - float((1 - communality).sum()) / float(r.sum()),
        omega_groups=pd.DataFrame(rows),
        explained_common_variance=float((general**2).sum() / communality.sum()),
    )


def omega_hierarchical(
    items: pd.DataFrame,
    *,
    n_factors: int = 3,
    weights: pd.Series | None = None,
    cluster: pd.Series | None = None,
    conf_level: float = 0.95,
    n_boot: int = 1000,
    seed: int,
) -> Reliability:
    """Compute the share of a score's variance that one general factor explains.

    When to use it: to see whether a total of several groups of items measures one thing. Where it is far below
    :func:`omega_total`, the total mixes several. ``omega_h = (sum of general loadings)^2 / sum of correlations``, of
    standardised items, from :func:`schmid_leiman`.

    Parameters
    ----------
    items : pandas.DataFrame [n, k]
        Numeric columns, one per item, all turned so that higher means more. Rows that lack an answer are left out.
    n_factors : int
        Group factors, 2 or more; two need five items, three need seven.
    weights : pandas.Series, optional
        Weight of each row, above 0; the unit does not matter.
    cluster : pandas.Series, optional
        Group of each row, kept together when resampling. A row without one is a group by itself.
    conf_level : float
        Level of the interval.
    n_boot : int
        Replicates, 100 or more.
    seed : int
        Seed of the replicates.

    Returns
    -------
    Reliability
        ``coefficient`` is ``omega_hierarchical``; standard error of a bootstrap over groups, or rows, and t interval
        with it, cut off at 0 and 1. Its centre is ``2 omega_h - mean of the replicates``: these lie below the estimate
        as that lies below the truth (Efron and Tibshirani 1993, chapter 10). The estimate itself is not corrected; the
        interval is made to hold it. Without estimate, and with a ``reason``, where there is no proper solution; without
        interval where more than 5 % of the replicates have no general factor.

    Raises
    ------
    ValueError
        If items, weights or clusters are not as described, an option is out of range, or there are too few items.

    References
    ----------
    Zinbarg, R. E., Revelle, W., Yovel, I., & Li, W. (2005). Cronbach's alpha, Revelle's beta, and McDonald's omega_h.
    *Psychometrika*, 70(1), 123-133. https://doi.org/10.1007/s11336-003-0974-7. In R: ``psych::omega(x)$omega_h``.

    Efron, B., & Tibshirani, R. J. (1993). *An Introduction to the Bootstrap*. Chapman & Hall.
    https://doi.org/10.1201/9780429246593

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> groups = np.repeat(rng.normal(size=(400, 3)), 3, axis=1)
    >>> answers = 0.6 * rng.normal(size=(400, 1)) + 0.5 * groups + 0.6 * rng.normal(size=(400, 9))
    >>> result = omega_hierarchical(pd.DataFrame(answers), n_boot=200, seed=1)
    >>> result.coefficient, result.n, bool(result.conf_low < 0.745 < result.conf_high)
    ('omega_hierarchical', 400, True)
    """
    check_level(conf_level)
    if n_boot < 100:
        raise ValueError(f"n_boot must be 100 or more; got {n_boot!r}.")
    answers = checked_answers(items, weights=weights, cluster=cluster, handling="listwise")
    n, k = len(answers.scores), len(answers.names)
    _check_factors(n_factors, k)
    over = "clusters" if answers.clustered else "sheets"
    method = (
        f"minres with {n_factors} factors, oblimin, Schmid-Leiman; bootstrap over {over}"
        f"{', weighted' if answers.weighted else ''}"
    )
    matrix = covariance_matrix(answers)
    lacking = fault_of(matrix, n=n)
    values = np.array([np.nan])
    if not lacking:
        values, lacking = _general(_correlations(matrix)[None], n_factors)
    if lacking:
        return without_estimate(
            "omega_hierarchical", lacking, answers=answers, conf_level=conf_level, method=method
        )
    estimate = float(values[0])
    replicates = np.empty(0)
    if answers.n_groups > 1:
        replicates = _resampled(answers, n_factors, n_boot=n_boot, seed=seed)
    if len(replicates) < (1 - _MOST_FAILED) * n_boot:
        reason = "few_groups" if answers.n_groups < 2 else "no_interval"
        return without_estimate(
            "omega_hierarchical",
            reason,
            answers=answers,
            conf_level=conf_level,
            method=method,
            estimate=estimate,
        )
    error = float(replicates.std(ddof=1))
    # Replicates lie below the estimate as that lies below the truth: their percentiles would be too low twice over.
    centre = 2 * estimate - float(replicates.mean())
    half = float(student_t.ppf(0.5 + conf_level / 2, answers.n_groups - 1)) * error
    return Reliability(
        coefficient="omega_hierarchical",
        estimate=estimate,
        std_error=error,
        conf_low=max(min(centre - half, estimate), 0.0),
        conf_high=min(max(centre + half, estimate), 1.0),
        conf_level=conf_level,
        n=n,
        n_items=k,
        n_clusters=answers.n_groups,
        method=method,
        n_pairwise=n,
    )


def _check_factors(n_factors: int, k: int) -> None:
    if n_factors < 2:
        raise ValueError(f"n_factors must be 2 or more; got {n_factors!r}. For one factor use omega_total.")
    if k <= n_factors or (k - n_factors) ** 2 <= k + n_factors:
        raise ValueError(
            f"{k} items are too few for n_factors={n_factors}; use fewer factors, or omega_total."
        )


def _oblique(r: FloatArray, n_factors: int) -> tuple[FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]:
    """Rotated loadings, correlations of factors, their general loadings, and whether all that is proper."""
    unrotated, proper = minres(r, n_factors)
    rotated, phi = quartimin(unrotated)
    sign = np.where(rotated.sum(axis=1) < 0, -1.0, 1.0)
    rotated, phi = rotated * sign[:, None], phi * sign[:, :, None] * sign[:, None]
    if n_factors == 2:
        g = np.sqrt(np.maximum(phi[:, :1, 1], 0.0)) * np.ones(2)
        return rotated, phi, g, proper & (phi[:, 0, 1] > 0)
    loading, fits = minres(phi, 1)
    g = loading[:, :, 0]
    g = g * np.where(g.sum(axis=1) < 0, -1.0, 1.0)[:, None]
    return rotated, phi, g, proper & fits & (g > 0).all(axis=1)


def _general(r: FloatArray, n_factors: int) -> tuple[FloatArray, str]:
    """Hierarchical omega of each correlation matrix with a general factor; and why the first has none."""
    rotated, _, g, proper = _oblique(r, n_factors)
    general = (rotated * g[:, None]).sum(axis=(1, 2))
    # A replicate may have a residual variance on its bound: to leave those out would cut a tail off.
    values = np.where((g > 0).all(axis=1), general**2 / r.sum(axis=(1, 2)), np.nan)
    if proper[0]:
        return values, ""
    return values, "no_general" if minres(r[:1], n_factors)[1][0] else "heywood"


def _correlations(matrix: FloatArray) -> FloatArray:
    scale = np.sqrt(np.diagonal(matrix, axis1=-2, axis2=-1))
    return np.asarray(matrix / (scale[..., :, None] * scale[..., None, :]))


def _resampled(answers: Answers, n_factors: int, *, n_boot: int, seed: int) -> FloatArray:
    """Hierarchical omega of resampled groups with a general factor; a resample is a sum of the groups' moments."""
    by_name = answers.scores[:, np.argsort(answers.names, kind="stable")]
    labels = None if answers.groups is None else pd.Series(answers.groups)
    groups, _ = ordered_groups(np.column_stack([by_name, answers.weights]), labels)
    x = answers.scores - answers.scores.mean(axis=0)
    k = x.shape[1]
    upper = np.triu_indices(k)
    parts = [answers.weights, *(answers.weights * x[:, i] for i in range(k))]
    parts += [answers.weights * x[:, i] * x[:, j] for i, j in zip(*upper, strict=True)]
    parts = [np.bincount(groups, weights=part, minlength=answers.n_groups) for part in parts]
    moments = np.column_stack(parts)
    rng = np.random.default_rng(seed)
    size = answers.n_groups
    block = max(_BLOCK // size, 1)
    sums = []
    for start in range(0, n_boot, block):
        drawn = rng.integers(0, size, size=(min(block, n_boot - start), size))
        counts = np.stack([np.bincount(row, minlength=size) for row in drawn]).astype(np.float64)
        sums.append(counts @ moments)
    total = np.concatenate(sums)
    means = total[:, 1 : k + 1] / total[:, :1]
    products = np.empty((n_boot, k, k))
    products[:, upper[0], upper[1]] = products[:, upper[1], upper[0]] = total[:, k + 1 :] / total[:, :1]
    matrix = products - means[:, :, None] * means[:, None]
    spread = np.diagonal(matrix, axis1=1, axis2=2)
    usable = (spread > 1e-12 * spread.max()).all(axis=1)
    values, _ = _general(_correlations(matrix[usable]), n_factors) if usable.any() else (np.empty(0), "")
    return values[np.isfinite(values)]
