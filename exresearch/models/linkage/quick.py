"""The correlation of a unit's two sides with its interval in closed form, for curves that need many of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from exresearch.models.columns import check_columns
from exresearch.models.resampling import MIN_UNITS, NotEstimable, check_conf_level

FloatArray = NDArray[np.float64]

#: A side whose variance is below this share of what it was does not vary beyond what is taken out.
EXHAUSTED = 1e-10


def dummies(codes: Sequence[NDArray[np.generic]], n: int) -> FloatArray:
    """Design [n, k]: a constant, then each covariate, centred where it is a float and as dummies where it is a code."""
    columns = [np.ones(n)]
    for values in codes:
        if values.dtype.kind == "f":
            columns.append(np.asarray(values - values.mean(), dtype=np.float64))
        else:
            columns += [(values == level).astype(np.float64) for level in np.unique(values)[1:]]
    return np.column_stack(columns)


def correlation_in_closed_form(
    units: pd.DataFrame,
    *,
    ex: str,
    cx: str,
    covariates: Sequence[str] = (),
    weights: str | None = None,
    conf_level: float = 0.95,
) -> dict[str, object]:
    """Correlation of two measures of units, raw or partial, weighted or not, without resampling.

    Use it where one correlation is needed under many specifications or shuffles; `unit_association` gives the
    interval of a single one by the bootstrap.

    Parameters
    ----------
    units : DataFrame
        One row per unit; rows with a missing value are left out.
    ex, cx : str
        Numeric columns.
    covariates : sequence of str
        What is taken out of both sides first: numbers as they are, other columns (whole numbers are codes of
        categories) as dummies.
    weights : str, optional
        Column with positive weights, such as the number of answers behind a unit.
    conf_level : float
        Coverage.

    Returns
    -------
    dict
        One row of the estimate schema: term, estimate, std_error, statistic, df, p_value, conf_low, conf_high, n
        (units), conf_level, method.

    Raises
    ------
    ValueError
        Columns missing or not numeric, or a level out of range.
    NotEstimable
        Fewer than 10 units (or 4 more than there are covariate columns), or a side without variation.

    Notes
    -----
    With x, y the standardised residuals of both sides, the influence of unit i on r is x y - r (x^2 + y^2) / 2, and
    SE(r)^2 = n / (n - 2 - k) sum (w influence)^2 / (sum w)^2: no normality is asked for. The interval is Fisher's,
    atanh r +- t(n - 2 - k) SE(r) / (1 - r^2), with k covariate columns. With t(5) data whose spread grows with the
    exposure it covers 90 % (20 units) and 92 % (60 units) of the time.

    References
    ----------
    Devlin, Gnanadesikan & Kettenring (1975), Robust estimation and outlier detection with correlation coefficients,
    doi:10.1093/biomet/62.3.531

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> units = pd.DataFrame(rng.normal(size=(60, 2)), columns=["ex", "cx"])
    >>> units["cx"] += units["ex"]
    >>> row = correlation_in_closed_form(units, ex="ex", cx="cx")
    >>> bool(abs(row["estimate"] - units.corr().loc["ex", "cx"]) < 1e-12), row["n"]
    (True, 60)
    """
    check_conf_level(conf_level)
    numeric = [ex, cx, *(() if weights is None else (weights,))]
    check_columns(units, numeric=numeric, other=list(covariates))
    sides = np.column_stack([units[name].to_numpy(np.float64) for name in numeric])
    kept = np.isfinite(sides).all(axis=1)
    for name in covariates:
        kept &= units[name].notna().to_numpy()
    codes = []
    for name in covariates:
        values = units[name][kept]
        numeric_kind = pd.api.types.is_numeric_dtype(values)
        codes.append(values.to_numpy() if numeric_kind else pd.factorize(values, sort=True)[0])
    design = dummies(codes, int(kept.sum()))
    n, size = design.shape
    least = max(MIN_UNITS, size + 3)
    if n < least:
        raise NotEstimable(
            f"the correlation of '{ex}' and '{cx}' with {size - 1} covariate columns needs at least {least} units, "
            f"got {n}."
        )
    weight = sides[kept, 2] if weights is not None else np.ones(n)
    x, y, r = standard_residuals(sides[kept, 0], sides[kept, 1], design, weight)
    if not np.isfinite(r):
        raise NotEstimable(
            f"'{ex}' or '{cx}' does not vary between units, or not beyond what the covariates explain."
        )
    if 1.0 - abs(r) < EXHAUSTED:
        raise NotEstimable(f"'{ex}' and '{cx}' are copies of one another up to scale.")
    influence = weight * (x * y - 0.5 * r * (x * x + y * y))
    df = n - 1 - size
    std_error = float(np.sqrt((influence**2).sum() * n / df)) / float(weight.sum())
    centre, error = float(np.arctanh(r)), std_error / (1.0 - r * r)
    half = float(stdtrit(df, (1.0 + conf_level) / 2.0)) * error
    return {
        "term": "correlation",
        "estimate": r,
        "std_error": std_error,
        "statistic": centre / error,
        "df": float(df),
        "p_value": float(2.0 * stdtr(df, -abs(centre / error))),
        "conf_low": float(np.tanh(centre - half)),
        "conf_high": float(np.tanh(centre + half)),
        "n": n,
        "conf_level": conf_level,
        "method": "linearised standard error, t interval on the Fisher z scale",
    }


def standard_residuals(
    x: FloatArray, y: FloatArray, design: FloatArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Residuals [n] of both sides given `design` [n, k], of weighted variance 1, and their weighted correlation.

    The correlation is missing where a side does not vary beyond what the design explains.
    """
    both = np.column_stack([x, y])
    both -= both.mean(axis=0)
    spread = both.std(axis=0)
    total = float(weight.sum())
    if design.shape[1] == 1:
        rest = both - weight @ both / total
    else:
        root = np.sqrt(weight)[:, None]
        rest = both - design @ np.linalg.lstsq(design * root, both * root, rcond=None)[0]
    variance = (weight[:, None] * rest**2).sum(axis=0) / total
    if (variance <= EXHAUSTED * np.maximum(spread, 1e-150) ** 2).any():
        return x, y, float("nan")
    first, second = (rest / np.sqrt(variance)).T
    return first, second, float((weight * first * second).sum() / total)
