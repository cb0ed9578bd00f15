"""How well a model fits: chi-square, CFI, TLI, RMSEA, SRMR, information criteria, and the test between two models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, chndtr
from scipy.stats import ncx2

from exresearch.measures.structure.robust import RobustStatistics
from exresearch.measures.structure.sem import SemFit

# Interval and test of RMSEA, as everywhere: 90 %, and close fit is 0.05 (Browne & Cudeck 1993).
_TAIL = 0.05
_CLOSE = 0.05


@dataclass(frozen=True, slots=True)
class FitMeasures:
    """Fit of one model; missing where it was not estimated, or has no degrees of freedom to be tested with.

    Attributes
    ----------
    n, n_groups, npar : int
        Rows, groups, distinct free parameters.
    chisq, df, p_value : float
        Test of exact fit; divided by `scaling` where the statistics are robust.
    scaling : float
        1 for normal theory.
    baseline_chisq, baseline_df : float
        Of the model in which no item is correlated with another; scaled alike.
    cfi, tli : float
        Against that baseline.
    rmsea, rmsea_low, rmsea_high, rmsea_p : float
        With its 90 % interval, and the p-value of "RMSEA is at most 0.05".
    srmr : float
        Root mean square difference of observed and implied correlations (and standardised means).
    aic, bic, log_likelihood : float
        Normal theory in any case.
    """

    n: int
    n_groups: int
    npar: int
    chisq: float
    df: int
    p_value: float
    scaling: float
    baseline_chisq: float
    baseline_df: int
    cfi: float
    tli: float
    rmsea: float
    rmsea_low: float
    rmsea_high: float
    rmsea_p: float
    srmr: float
    aic: float
    bic: float
    log_likelihood: float


def fit_measures(fit: SemFit, *, robust: RobustStatistics | None = None) -> FitMeasures:
    r"""Compute what is reported of the fit of a model.

    Parameters
    ----------
    fit : SemFit
        Estimated or not.
    robust : RobustStatistics, optional
        Of this fit. CFI, TLI and RMSEA then estimate what they would be in the population, free of the scaling
        (Brosseau-Liard & Savalei 2014), and are comparable with those of normal theory.

    Returns
    -------
    FitMeasures

    Notes
    -----
    With :math:`\delta = \chi^2 - c\,df` (c = 1 for normal theory), baseline values with index b, and G groups,
    :math:`CFI = 1 - \max(\delta, 0) / \max(\delta, \delta_b, 0)`,
    :math:`TLI = 1 - (\delta / df) / (\delta_b / df_b)`, :math:`RMSEA = \sqrt{G \max(\delta, 0) / (N\,df)}`.

    References
    ----------
    Bentler (1990), https://doi.org/10.1037/0033-2909.107.2.238; Steiger (1998),
    https://doi.org/10.1080/10705519809540115; Brosseau-Liard & Savalei (2014),
    https://doi.org/10.1080/00273171.2014.933697. In R: ``lavaan::fitMeasures(fit)``.
    """
    groups, size, nan = len(fit.moments.groups), len(fit.model.observed), float("nan")
    n, npar, df = fit.moments.n, fit.model.n_free, fit.df
    baseline_df = groups * size * (size - 1) // 2
    if not fit.estimated:
        return FitMeasures(n, groups, npar, nan, df, nan, nan, nan, baseline_df, *[nan] * 10)
    scaling = 1.0 if robust is None or not df else _positive(robust.scaling)
    scaling_baseline = 1.0 if robust is None or not baseline_df else _positive(robust.scaling_baseline)
    baseline = max(2 * (fit.log_likelihood_saturated - _independence(fit)), 0.0)
    off, off_baseline = fit.chisq - scaling * df, baseline - scaling_baseline * baseline_df
    chisq = fit.chisq / scaling
    low, high, close = _rmsea(chisq, df, n, groups, scaling) if df else (nan, nan, nan)
    return FitMeasures(
        n=n,
        n_groups=groups,
        npar=npar,
        chisq=chisq,
        df=df,
        p_value=float(chdtrc(df, chisq)) if df else nan,
        scaling=scaling,
        baseline_chisq=baseline / scaling_baseline,
        baseline_df=baseline_df,
        cfi=_cfi(off, off_baseline),
        tli=1.0 - (off / df) / (off_baseline / baseline_df) if df and off_baseline else nan,
        rmsea=float(np.sqrt(groups * max(off, 0.0) / (n * df))) if df else nan,
        rmsea_low=low,
        rmsea_high=high,
        rmsea_p=close,
        srmr=_srmr(fit),
        aic=2 * npar - 2 * fit.log_likelihood,
        bic=float(np.log(n)) * npar - 2 * fit.log_likelihood,
        log_likelihood=fit.log_likelihood,
    )


def chi_square_difference(
    restricted: SemFit,
    general: SemFit,
    *,
    robust: tuple[RobustStatistics, RobustStatistics] | None = None,
) -> tuple[float, int, float]:
    """Test a model against a more general one that contains it.

    Parameters
    ----------
    restricted, general : SemFit
        Fits of nested models to the same data.
    robust : tuple of RobustStatistics, optional
        Of the two, in this order; then the scaled difference of Satorra and Bentler (2001).

    Returns
    -------
    tuple of float, int, float
        Statistic, degrees of freedom and p-value. Statistic and p-value are missing where a model was not estimated,
        where the models have the same degrees of freedom, or where the scaling of the difference is not positive,
        which happens by chance in small samples.

    References
    ----------
    Satorra, A., & Bentler, P. M. (2001). A scaled difference chi-square test statistic for moment structure analysis.
    *Psychometrika*, 66(4), 507-514. https://doi.org/10.1007/BF02296192. In R: ``lavaan::lavTestLRT``.
    """
    df, nan = restricted.df - general.df, float("nan")
    if df <= 0 or not (restricted.estimated and general.estimated):
        return nan, df, nan
    scaling = 1.0
    if robust is not None:
        above = restricted.df * robust[0].scaling
        below = general.df * robust[1].scaling if general.df else 0.0
        scaling = (above - below) / df
    if not scaling > 0:
        return nan, df, nan
    statistic = max(restricted.chisq - general.chisq, 0.0) / scaling
    return statistic, df, float(chdtrc(df, statistic))


def _independence(fit: SemFit) -> float:
    """Log likelihood of independent items, whose means and variances come from whoever answered them."""
    total = 0.0
    if fit.moments.complete:
        for block in fit.moments.blocks:
            total -= block.n / 2 * float((np.log(2 * np.pi * np.diag(block.cov)) + 1).sum())
        return total
    for g in range(len(fit.moments.groups)):
        blocks = [block for block in fit.moments.blocks if block.group == g]
        for column in range(len(fit.model.observed)):
            parts = [
                (block.n, block.mean[at[0]], block.cov[at[0], at[0]])
                for block in blocks
                if len(at := np.flatnonzero(block.columns == column))
            ]
            n, mean, variance = (np.array(values) for values in zip(*parts, strict=True))
            centre = float((n * mean).sum() / n.sum())
            spread = float((n * (variance + (mean - centre) ** 2)).sum() / n.sum())
            total -= float(n.sum()) / 2 * (float(np.log(2 * np.pi * spread)) + 1)
    return total


def _positive(scaling: float) -> float:
    """Take what no test can be divided by as missing, so that everything that rests on it is."""
    return scaling if 0 < scaling < np.inf else float("nan")


def _cfi(off: float, off_baseline: float) -> float:
    if np.isnan(off) or np.isnan(off_baseline):
        return float("nan")
    largest = max(off, off_baseline, 0.0)
    return 1.0 - max(off, 0.0) / largest if largest > 0 else 1.0


def _rmsea(chisq: float, df: int, n: int, groups: int, scaling: float) -> tuple[float, float, float]:
    """Both ends of the 90 % interval, and the p-value of close fit."""
    nan = float("nan")
    unit = scaling * groups / (n * df)
    if not (np.isfinite(chisq) and unit > 0):
        return nan, nan, nan

    def end(share: float) -> float:
        if chdtrc(df, chisq) >= 1 - share:
            return 0.0
        top = chisq + 10.0
        while chndtr(chisq, df, top) > share:
            top *= 2
        try:
            found = brentq(lambda away: chndtr(chisq, df, away) - share, 1e-10, top, xtol=1e-10)
        except ValueError:
            # The distribution cannot be computed this far out.
            return nan
        return float(np.sqrt(found * unit))

    close = float(ncx2.sf(chisq, df, _CLOSE**2 / unit))
    return end(1 - _TAIL), end(_TAIL), close


def _srmr(fit: SemFit) -> float:
    total = weight = 0.0
    for g, (told, (mean, cov)) in enumerate(zip(fit.implied(), fit.saturated, strict=True)):
        scale = np.sqrt(np.diag(cov))
        off = ((cov - told.cov) / np.outer(scale, scale))[np.triu_indices(len(scale))]
        if fit.model.has_means:
            off = np.concatenate([off, (mean - told.mean) / scale])
        n = sum(block.n for block in fit.moments.blocks if block.group == g)
        total += n * float(np.sqrt((off**2).mean()))
        weight += n
    return total / weight
