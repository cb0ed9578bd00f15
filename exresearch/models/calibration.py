"""Regression on values that are known roughly: what their errors take away from slopes and from a product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from exresearch.models.columns import check_columns, numeric_columns
from exresearch.models.names import name_list
from exresearch.models.resampling import MIN_UNITS, NotEstimable, bootstrap_counts, check_resampling

FloatArray = NDArray[np.float64]

_LEAST_FINITE = 0.975
_CONDITION = 1e-8
# Numbers of a block of replicates that are worked on at once: 4 MB.
_CELLS = 500_000


def calibrated_regression(
    units: pd.DataFrame,
    *,
    outcome: str,
    predictors: Sequence[str],
    products: Mapping[str, tuple[str, str]],
    errors: FloatArray,
    n_boot: int = 1000,
    conf_level: float = 0.95,
    seed: int,
) -> pd.DataFrame:
    """Regress on predictors that carry sampling error, corrected for it; products of predictors included.

    Use it beside a regression on means of few answers, since error in a predictor draws its slope to zero, and a
    product suffers twice. It cannot tell error from real differences that were modelled as error.

    Parameters
    ----------
    units : DataFrame
        One row per unit. Incomplete rows are left out and counted.
    outcome, predictors : str and sequence of str
        Numeric columns.
    products : mapping of str to (str, str)
        Names of products, each of two predictors.
    errors : ndarray [units, predictors, predictors]
        Covariance of the sampling errors of the predictors of each unit, in the rows of `units`.
    n_boot, conf_level, seed : int, float, int
        Replicates (units), coverage and seed.

    Returns
    -------
    DataFrame
        One row per predictor and product: term, estimate (standard deviations of the outcome per standard deviation of
        the predictor *without* error; products of such predictors), std_error (bootstrap), p_value (null 0), conf_low,
        conf_high, n, n_units, n_excluded, conf_level, reliability (of predictors; NaN for products), method.

    Raises
    ------
    ValueError
        Columns missing, not numeric or infinite; errors of another shape, or not finite; a product of unknown
        predictors; options out of range.
    NotEstimable
        Fewer than 10 units, no variation, or predictors that differ no more than their errors explain, in the data or
        in more than 2.5 % of the replicates.

    Notes
    -----
    Regression calibration (Carroll et al. 2006, ch. 4): each unit's predictors x are replaced by their best linear
    guess m + T (T + E)^-1 (x - m), with E the mean error covariance over units and T the covariance of x less E.
    A product of two guesses differs from the expectation of the product by a constant when x is normal, which the
    intercept takes. Standardised by the roots of the diagonal of T. Interval: estimate -/+ t(units - 1) times the
    standard deviation over replicates, in which everything but the errors is computed anew.

    References
    ----------
    Carroll, Ruppert, Stefanski & Crainiceanu (2006), Measurement Error in Nonlinear Models, doi:10.1201/9781420010138

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> true = rng.normal(size=(400, 2))
    >>> units = pd.DataFrame(true + rng.normal(0, 0.5, (400, 2)), columns=["a", "b"])
    >>> units["y"] = true[:, 0] - 0.5 * true[:, 0] * true[:, 1] + rng.normal(0, 0.5, 400)
    >>> found = calibrated_regression(
    ...     units, outcome="y", predictors=["a", "b"], products={"ab": ("a", "b")},
    ...     errors=np.tile(0.25 * np.eye(2), (400, 1, 1)), n_boot=99, seed=1)
    >>> found["reliability"].round(1).tolist()
    [0.8, 0.8, nan]
    """
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    names = name_list("predictors", predictors)
    check_columns(units, numeric=[outcome, *names])
    unknown = sorted({part for pair in products.values() for part in pair if part not in names})
    if unknown:
        raise ValueError(f"products must be of predictors; {unknown} are not among {names}.")
    shape = (len(units), len(names), len(names))
    if errors.shape != shape:
        raise ValueError(
            f"errors must have the shape {shape}, units and twice the predictors; got {errors.shape}."
        )
    values = numeric_columns(units, [outcome, *names])
    complete = np.isfinite(values).all(axis=1)
    if not np.isfinite(errors[complete]).all():
        raise ValueError("errors must be finite for every complete row of units.")
    values, noise = values[complete], errors[complete]
    if len(values) < MIN_UNITS:
        raise NotEstimable(f"a corrected regression needs at least {MIN_UNITS} units, got {len(values)}.")
    # In an order of their own, so that the order of the rows does not matter.
    order = np.lexsort(values.T)
    values, noise = values[order], noise[order]
    spread = values.std(axis=0)
    if (spread <= 0.0).any():
        raise NotEstimable("the outcome or a predictor has the same value in all units.")
    values = (values - values.mean(axis=0)) / spread
    noise = noise / np.outer(spread[1:], spread[1:])
    pairs = [(names.index(a), names.index(b)) for a, b in products.values()]
    once = _slopes(np.ones((1, len(values))), values, noise, pairs)
    if not len(once[0]):
        raise NotEstimable("the predictors differ no more than their sampling errors explain.")
    counts = bootstrap_counts(len(values), n_boot=n_boot, seed=seed)
    step = max(1, _CELLS // (len(values) * (1 + len(names) + len(pairs))))
    sound = np.concatenate(
        [
            _slopes(counts[at : at + step].astype(np.float64), values, noise, pairs)[0]
            for at in range(0, len(counts), step)
        ]
    )
    if len(sound) < _LEAST_FINITE * n_boot:
        raise NotEstimable("in too many replicates the predictors differ no more than their errors explain.")
    error = np.std(sound, axis=0, ddof=1)
    df = len(values) - 1.0
    half = float(stdtrit(df, (1.0 + conf_level) / 2.0)) * error
    estimate, reliability = once[0][0], once[1][0]
    return pd.DataFrame(
        {
            "term": [*names, *products],
            "estimate": estimate,
            "std_error": error,
            "p_value": 2.0 * stdtr(df, -np.abs(estimate / error)),
            "conf_low": estimate - half,
            "conf_high": estimate + half,
            "n": len(values),
            "n_units": len(values),
            "n_excluded": int((~complete).sum()),
            "conf_level": conf_level,
            "reliability": [*reliability, *[np.nan] * len(pairs)],
            "method": "regression calibration, unit bootstrap, t interval",
        }
    )


def _slopes(
    w: FloatArray, values: FloatArray, noise: FloatArray, pairs: Sequence[tuple[int, int]]
) -> tuple[FloatArray, FloatArray]:
    """Standardised slopes and reliabilities with each of B row counts w [B, n]; none where nothing beyond errors is."""
    total = w.sum(axis=1)
    y, x = values[:, 0], values[:, 1:]
    centred = x - ((w @ x) / total[:, None])[:, None, :]
    observed = (centred * w[:, :, None]).transpose(0, 2, 1) @ centred / (total - 1.0)[:, None, None]
    error = np.tensordot(w, noise, axes=1) / total[:, None, None]
    true = observed - error
    sound = np.linalg.eigvalsh(true)[:, 0] > _CONDITION * np.trace(observed, axis1=1, axis2=2)
    w, total, centred, observed, true = w[sound], total[sound], centred[sound], observed[sound], true[sound]
    own = np.diagonal(true, axis1=1, axis2=2)
    guess = centred @ np.linalg.solve(observed, true) / np.sqrt(own)[:, None, :]
    products = [guess[:, :, a] * guess[:, :, b] for a, b in pairs]
    design = np.concatenate(
        [np.ones((*w.shape, 1)), guess, *(product[:, :, None] for product in products)], axis=2
    )
    rise = y - ((w @ y) / total)[:, None]
    weighted = (design * w[:, :, None]).transpose(0, 2, 1)
    slopes = np.linalg.solve(weighted @ design, weighted @ rise[:, :, None])[:, 1:, 0]
    spread = np.sqrt((w * rise**2).sum(axis=1) / (total - 1.0))
    return slopes / spread[:, None], own / np.diagonal(observed, axis1=1, axis2=2)
