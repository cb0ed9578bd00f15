"""Rubin's rules: one estimate, with an interval that knows how much was missing, from several completions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import t as student_t

from exresearch.models.resampling import NotEstimable, check_conf_level


def pool_imputations(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    terms: Sequence[str],
    df_complete: float,
    n: int,
    null: float = 0.0,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Pool the estimates of several completed data sets by Rubin's rules.

    Use it for estimates that are roughly normal; correlations and ratios are transformed first.

    Parameters
    ----------
    estimates : array [m, K]
        Each of the K statistics on each of the m completed data sets.
    variances : array [m, K]
        Their squared standard errors within each completed data set.
    terms : sequence of str
        Names of the K statistics.
    df_complete : float
        Degrees of freedom that the statistic would have without missing answers: rows less parameters, or clusters
        less one; infinity for none.
    n : int
        Rows of a completed data set.
    null : float
        The value under test.
    conf_level : float
        Coverage, for example 0.95.

    Returns
    -------
    DataFrame, one row per statistic
        term, estimate (the mean), std_error (the root of the total variance), statistic (estimate minus null, over
        std_error), p_value (two-sided, Student's t), conf_low, conf_high, n, conf_level, df, within, between,
        variance_share (part of the total variance that is due to missing answers), missing_information (fraction of
        missing information) and n_imputations.

    Raises
    ------
    ValueError
        The shapes disagree, there are fewer than two data sets, a value is not finite, a variance is negative, or
        `df_complete` or `conf_level` is out of range.
    NotEstimable
        A statistic varies between the data sets and not within them, with `df_complete` finite: no degrees of freedom
        are left.

    Notes
    -----
    With U the mean variance, B the variance of the estimates, r = (1 + 1/m) B / U and T = U (1 + r): the fraction of
    missing information is (r + 2 / (df + 3)) / (r + 1), and df combines (m - 1) (1 + 1/r)^2 with
    (v + 1) / (v + 3) v / (1 + r), v being `df_complete`, as 1 / (1/a + 1/b). In R: `mice::pool`. One exception: where
    the estimates do not differ (B = 0) nothing is missing for this statistic, and the fraction is 0, where the formula,
    and R, leave 2 / (df + 3).

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys, doi:10.1002/9780470316696; Barnard & Rubin (1999),
    Small-sample degrees of freedom with multiple imputation, doi:10.1093/biomet/86.4.948

    Examples
    --------
    >>> table = pool_imputations([[1.0], [2.0], [3.0]], [[1.0], [1.0], [1.0]], terms=["slope"], df_complete=98, n=100)
    >>> table[["estimate", "within", "between"]].values.tolist()
    [[2.0, 1.0, 1.0]]
    >>> table[["df", "missing_information"]].round(2).values.tolist()
    [[5.33, 0.67]]
    """
    values, within = np.asarray(estimates, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    if values.ndim != 2 or values.shape != within.shape or values.shape[1] != len(terms):
        raise ValueError(
            f"estimates and variances must both have the shape [m, {len(terms)}], got {values.shape} and "
            f"{within.shape}."
        )
    m = len(values)
    if m < 2:
        raise ValueError(f"estimates must come from two or more completed data sets, got {m}.")
    if not (np.isfinite(values).all() and np.isfinite(within).all() and (within >= 0.0).all()):
        raise ValueError("estimates must be finite, and variances finite and not negative.")
    if not df_complete > 0.0:
        raise ValueError(f"df_complete must be above 0, got {df_complete!r}.")
    check_conf_level(conf_level)
    centre, inside, between = values.mean(axis=0), within.mean(axis=0), values.var(axis=0, ddof=1)
    added = (1.0 + 1.0 / m) * between
    total = inside + added
    share = np.divide(added, total, out=np.zeros_like(total), where=total > 0.0)
    if np.isfinite(df_complete) and ((inside == 0.0) & (between > 0.0)).any():
        raise NotEstimable(
            "a statistic has no variance within the completed data sets and some between them."
        )
    # Reciprocals, so that nothing missing (share 0) and no limit of the complete data (infinity) need no exception.
    from_missing = share**2 / (m - 1)
    if np.isinf(df_complete):
        from_data = np.zeros_like(share)
    else:
        from_data = 1.0 / ((df_complete + 1.0) / (df_complete + 3.0) * df_complete * (1.0 - share))
    inverse = from_missing + from_data
    df = np.divide(1.0, inverse, out=np.full_like(share, np.inf), where=inverse > 0.0)
    error = np.sqrt(total)
    # Without any variance the value is known: it is the null, or certainly is not.
    exact = np.where(centre == null, 0.0, np.copysign(np.inf, centre - null))
    statistic = np.divide(centre - null, error, out=exact, where=error > 0.0)
    half = error * student_t.ppf(0.5 + conf_level / 2.0, df)
    # r / (1 + r) is the share; so (r + c) / (1 + r) is share + c (1 - share). Where nothing is missing, nothing is.
    information = np.where(share > 0.0, share + 2.0 / (df + 3.0) * (1.0 - share), 0.0)
    return pd.DataFrame(
        {
            "term": list(terms),
            "estimate": centre,
            "std_error": error,
            "statistic": statistic,
            "p_value": 2.0 * student_t.sf(np.abs(statistic), df),
            "conf_low": centre - half,
            "conf_high": centre + half,
            "n": n,
            "conf_level": conf_level,
            "df": df,
            "within": inside,
            "between": between,
            "variance_share": share,
            "missing_information": information,
            "n_imputations": m,
        }
    )
