"""Latent profiles and latent classes: one fit, with its information criteria and everybody's probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import xlogy

from exresearch.models.resampling import NotEstimable
from exresearch.models.segmentation.em import Fits, Search, best_fits, posteriors
from exresearch.models.segmentation.features import (
    Features,
    FloatArray,
    Variances,
    class_features,
    profile_features,
)


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """A mixture of k segments, from large to small.

    Attributes
    ----------
    k : int
    shares : ndarray [k]
    means, variances : DataFrame [k, items]
        On the scale of the answers; of classes the mean and variance of the codes.
    probabilities : dict of str to DataFrame
        Of classes: per item the probability [k, answers]; empty for profiles.
    log_likelihood, aic, bic : float
        ``-2 log L`` plus 2, or ln(n), times the number of parameters: lower is better.
    entropy : float
        Relative entropy: 1 where everybody certainly belongs to one segment, 0 where nobody does; NaN with one.
    n_parameters, n : int
    converged : bool
    reached : int
        How many of the starts that went on ended at the best log-likelihood.
    posterior : ndarray [n, k]
        Probability of each segment, row by row: for estimators, never for a page.
    """

    k: int
    shares: FloatArray
    means: pd.DataFrame
    variances: pd.DataFrame
    probabilities: dict[str, pd.DataFrame]
    log_likelihood: float
    aic: float
    bic: float
    entropy: float
    n_parameters: int
    n: int
    converged: bool
    reached: int
    posterior: FloatArray

    @property
    def segment(self) -> np.ndarray:
        """Likeliest segment of each row."""
        return np.asarray(self.posterior.argmax(axis=1), dtype=np.intp)


def latent_profiles(
    data: pd.DataFrame,
    *,
    k: int,
    weights: ArrayLike | None = None,
    search: Search | None = None,
    variances: Variances = "equal",
    least_variance: float | None = None,
    seed: int = 0,
) -> Mixture:
    """Fit k latent profiles: within a segment every need is normal and independent of the others.

    Use it for needs on a scale. Each segment has its own means; the variance of a need within segments is the same in
    all (mclust's EEI) or free (VVI). Free ones make segments of everybody who gave the same highest answer. A missing
    answer adds nothing to the likelihood, which is right if answers are missing at random given the others.
    Likelihoods of mixtures have many optima: the best of many random starts is kept.

    Parameters
    ----------
    data : DataFrame [n, items]
        Numeric answers; NaN where there is none.
    k : int
        Number of segments.
    weights : array-like [n], optional
        Survey weights; brought to a mean of 1.
    search : Search, optional
        Starts, iterations, tolerance.
    variances : {"equal", "free"}
        Whether the variance of an item is the same in all segments.
    least_variance : float, optional
        Floor of a variance within a segment, in squared units of the answers. By default a twelfth of the squared step
        between answers, the variance that rounding takes away: without one, a free variance of people who all gave the
        same answer makes the likelihood infinite.
    seed : int
        For the starts.

    Returns
    -------
    Mixture

    Raises
    ------
    NotEstimable
        If there are fewer rows than parameters, or an item does not vary.
    ValueError
        If `k` is not positive, weights are negative or do not fit, or answers are infinite.

    Notes
    -----
    ``log L = sum_i w_i log sum_k p_k prod_j N(x_ij; m_kj, v_kj)`` by expectation and maximisation (Dempster, Laird &
    Rubin 1977); latent profiles: Vermunt & Magidson 2002, doi:10.1017/CBO9780511499531.004.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> low, high = rng.normal(2, 1, (60, 3)), rng.normal(6, 1, (40, 3))
    >>> found = latent_profiles(pd.DataFrame(np.vstack([low, high]), columns=["a", "b", "c"]), k=2)
    >>> found.shares.round(1).tolist()
    [0.6, 0.4]
    """
    _check(data, k=k)
    features = profile_features(data, variances=variances, least_variance=least_variance)
    return fitted(features, k=k, weights=weights, search=search, seed=seed)


def latent_classes(
    data: pd.DataFrame,
    *,
    k: int,
    weights: ArrayLike | None = None,
    search: Search | None = None,
    seed: int = 0,
) -> Mixture:
    """Fit k latent classes: within a segment every answer has its own probability, independent of other items.

    Use it for answers that are categories, such as yes or no.

    Parameters
    ----------
    data : DataFrame [n, items]
        Codes of the answers; NaN where there is none.
    k, weights, search, seed
        As :func:`latent_profiles`.

    Returns
    -------
    Mixture

    Raises
    ------
    NotEstimable
        If there are fewer rows than parameters, or an item does not vary.
    ValueError
        As :func:`latent_profiles`.

    Notes
    -----
    Goodman 1974, doi:10.1093/biomet/61.2.215; Linzer & Lewis 2011, doi:10.18637/jss.v042.i10.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1, 1, 1, 2, 2] * 20, "b": [1, 1, 1, 2, 2] * 20, "c": [1, 1, 2, 2, 2] * 20})
    >>> latent_classes(answers, k=2).shares.round(1).tolist()
    [0.6, 0.4]
    """
    _check(data, k=k)
    return fitted(class_features(data), k=k, weights=weights, search=search, seed=seed)


def normalised(weights: ArrayLike | None, *, n: int) -> FloatArray:
    """Weights with a mean of 1."""
    if weights is None:
        return np.ones(n)
    found = np.asarray(weights, dtype="float64")
    if found.shape != (n,) or not np.isfinite(found).all() or (found < 0).any() or found.sum() <= 0:
        raise ValueError(
            f"weights must be {n} finite numbers of at least 0, not all 0; got shape {found.shape}."
        )
    return np.asarray(found * (n / found.sum()), dtype="float64")


def mixture(features: Features, fits: Fits, *, weights: FloatArray, replicate: int = 0) -> Mixture:
    """Describe one of the fits of features."""
    coefficients, log_shares = fits.coefficients[replicate], fits.log_shares[replicate]
    k, n = len(log_shares), len(features.pattern)
    of_pattern = posteriors(features, coefficients[None], log_shares[None])[0].T
    added = features.gathered(weights[:, None])[:, 0]
    log_likelihood = float(fits.log_likelihood[replicate]) + float(added @ features.rescaled())
    n_parameters = features.n_parameters(k)
    certain = xlogy(of_pattern, of_pattern).sum(axis=1)
    entropy = 1 + float(added @ certain) / (float(weights.sum()) * np.log(k)) if k > 1 else float("nan")
    described = features.described(coefficients)
    probabilities: dict[str, pd.DataFrame] = {}
    if isinstance(described, list):
        for item, levels, part in zip(features.items, features.levels, described, strict=True):
            probabilities[item] = pd.DataFrame(part, columns=levels)
        means = np.column_stack(
            [part @ levels for part, levels in zip(described, features.levels, strict=True)]
        )
        squares = [part @ levels**2 for part, levels in zip(described, features.levels, strict=True)]
        variances = np.column_stack(squares) - means**2
    else:
        means, variances = described
    return Mixture(
        k=k,
        shares=np.exp(log_shares),
        means=pd.DataFrame(means, columns=features.items),
        variances=pd.DataFrame(variances, columns=features.items),
        probabilities=probabilities,
        log_likelihood=log_likelihood,
        aic=-2 * log_likelihood + 2 * n_parameters,
        bic=-2 * log_likelihood + float(np.log(n)) * n_parameters,
        entropy=entropy,
        n_parameters=n_parameters,
        n=n,
        converged=bool(fits.converged[replicate]),
        reached=int(fits.reached[replicate]),
        posterior=of_pattern[features.pattern],
    )


def fitted(
    features: Features, *, k: int, weights: Any, search: Search | None = None, seed: int = 0
) -> Mixture:
    """Fit as :func:`latent_profiles` on features that are there already."""
    n = len(features.pattern)
    weight = normalised(weights, n=n)
    if n <= features.n_parameters(k):
        raise NotEstimable(f"{n} rows are too few for {k} segments on {len(features.items)} items.")
    fits = best_fits(
        features,
        k=k,
        weights=features.gathered(weight[:, None]),
        search=search or Search(),
        rng=np.random.default_rng([seed, k]),
    )
    return mixture(features, fits, weights=weight)


def _check(data: pd.DataFrame, *, k: int) -> None:
    if k < 1:
        raise ValueError(f"k must be at least 1; got {k}.")
    check_answers(data)


def check_answers(data: pd.DataFrame) -> None:
    """Refuse answers that no mixture can be fitted to."""
    values = data.to_numpy(dtype="float64")
    if np.isinf(values).any():
        raise ValueError("answers must be finite or missing.")
    flat = [
        str(name)
        for name, column in zip(data, values.T, strict=True)
        if len(np.unique(column[~np.isnan(column)])) < 2
    ]
    if flat:
        raise NotEstimable(f"these do not vary: {', '.join(flat)}.")
