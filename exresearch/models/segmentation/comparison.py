"""Segments or only dimensions: comparison data with the same margins and correlations, but nobody in segments."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.polynomial.hermite_e import hermeval
from scipy.special import gammaln, ndtri

from exresearch.models.segmentation.em import Search, best_fits
from exresearch.models.segmentation.features import FloatArray, Kind
from exresearch.models.segmentation.refits import featured

_ORDERS = 14
_HALVINGS = 30
_MOST = 0.995
_SEARCH = Search(starts=12, short=12, kept=2, tolerance=1e-6, most=150, rows=700)


@dataclass(frozen=True, slots=True)
class StructureTest:
    """Whether answers fall into segments more than their margins and correlations make them.

    Attributes
    ----------
    k : int
        Segments.
    gain : float
        Log-likelihood per person of k segments, above that of one.
    expected : float
        Mean of the same over comparison data.
    n_draws, n_exceeding : int
        Comparison data sets, and those with at least the observed gain; drawing stops when no verdict but "no
        segments" is left.
    p_value : float
        ``(1 + n_exceeding) / (1 + n_draws)``.
    """

    k: int
    gain: float
    expected: float
    n_draws: int
    n_exceeding: int
    p_value: float


def comparison_data(data: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Draw answers of people who differ by degree only.

    Every column holds the very answers of the data, in another order, and is missing where these are. Behind them lies
    one multivariate normal distribution, with correlations such that the answers correlate as observed: any number of
    dimensions, and no segments.

    Parameters
    ----------
    data : DataFrame [n, items]
        Numeric answers; not changed.
    rng : numpy.random.Generator
        For the draw.

    Returns
    -------
    DataFrame [n, items]

    Notes
    -----
    Cut from a normal variable, an item is ``sum_m a_m He_m(z)``; two of them correlate by ``sum_m a_m b_m r^m`` where
    the normal variables correlate by r, which is solved for r (Cario & Nelson 1997, NORTA). As comparison data for
    the question of categories or dimensions: Ruscio, Ruscio & Meron 2007, doi:10.1080/00273170701341316.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> answers = pd.DataFrame({"a": rng.integers(1, 8, 400)}).assign(b=lambda d: d["a"] + rng.integers(0, 3, 400))
    >>> drawn = comparison_data(answers, rng=rng)
    >>> sorted(drawn["b"]) == sorted(answers["b"])
    True
    >>> bool(abs(drawn.corr().loc["a", "b"] - answers.corr().loc["a", "b"]) < 0.05)
    True
    """
    return _drawn(data, _root(data), rng)


def structure_test(
    data: pd.DataFrame,
    *,
    k: int,
    kind: Kind = "profiles",
    n_draws: int = 39,
    alpha: float = 0.05,
    most_rows: int = 1500,
    seed: int = 0,
) -> StructureTest:
    """Test k segments against people who differ by degree only.

    A mixture fits better than one segment whenever items correlate or are skewed, whether or not there are segments:
    one dimension cut into slices looks like some. So the gain is set beside the gains in comparison data. Survey
    weights take no part.

    Parameters
    ----------
    data : DataFrame [n, items]
        Answers.
    k : int
        Segments, two or more.
    kind : {"profiles", "classes"}
        Model.
    n_draws : int
        Comparison data sets at most.
    alpha : float
        Level of the test.
    most_rows : int
        People at most; more are sampled.
    seed : int
        For samples, draws and starts.

    Returns
    -------
    StructureTest

    Raises
    ------
    ValueError
        If the number of draws cannot reach the level.
    """
    if 1 / (1 + n_draws) > alpha + 1e-12:
        raise ValueError(
            f"n_draws must be at least {int(np.ceil(1 / alpha)) - 1} for alpha {alpha}; got {n_draws}."
        )
    rng = np.random.default_rng([seed, k, 7])
    if len(data) > most_rows:
        data = data.iloc[np.sort(rng.choice(len(data), size=most_rows, replace=False))]
    root = _root(data)
    observed = _gain(data, k=k, kind=kind, rng=rng)
    allowed = int(np.floor(alpha * (1 + n_draws) + 1e-9)) - 1
    gains: list[float] = []
    while len(gains) < n_draws and sum(gain >= observed for gain in gains) <= allowed:
        gains.append(_gain(_drawn(data, root, rng), k=k, kind=kind, rng=rng))
    exceeding = sum(gain >= observed for gain in gains)
    return StructureTest(
        k, observed, float(np.mean(gains)), len(gains), exceeding, (1 + exceeding) / (1 + len(gains))
    )


def _gain(data: pd.DataFrame, *, k: int, kind: Kind, rng: np.random.Generator) -> float:
    features = featured(data, kind=kind)
    weights = features.gathered(np.ones((len(data), 1)))
    one, several = (
        best_fits(features, k=number, weights=weights, search=search, rng=rng).log_likelihood[0]
        for number, search in ((1, replace(_SEARCH, starts=1)), (k, _SEARCH))
    )
    return float(several - one) / len(data)


def _root(data: pd.DataFrame) -> FloatArray:
    """Root of the correlations of the normal variables behind the answers."""
    wanted = data.corr(min_periods=3).fillna(0.0).to_numpy()
    powers = np.stack([_hermite(column[~np.isnan(column)]) for column in data.to_numpy(dtype="float64").T])
    terms = powers[:, None] * powers[None]
    orders = np.arange(1, _ORDERS + 1)
    low, high = np.full_like(wanted, -_MOST), np.full_like(wanted, _MOST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = (terms * middle[..., None] ** orders).sum(axis=-1) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    latent = (low + high) / 2
    np.fill_diagonal(latent, 1.0)
    values, vectors = np.linalg.eigh((latent + latent.T) / 2)
    root = vectors * np.sqrt(np.clip(values, 1e-6, None))
    return np.asarray(root / np.sqrt((root**2).sum(axis=1, keepdims=True)), dtype="float64")


def _hermite(values: FloatArray) -> FloatArray:
    """Coefficients of a margin, cut from a normal variable, on normalised Hermite polynomials of order 1 and up."""
    levels, counts = np.unique(values, return_counts=True)
    cuts = ndtri(np.cumsum(counts)[:-1] / counts.sum())
    at_cut = np.diff(levels) * np.exp(-0.5 * cuts**2) / np.sqrt(2 * np.pi)
    found = [
        float(at_cut @ hermeval(cuts, np.eye(_ORDERS)[order - 1])) / np.exp(0.5 * gammaln(order + 1))
        for order in range(1, _ORDERS + 1)
    ]
    return np.asarray(np.array(found) / values.std(), dtype="float64")


def _drawn(data: pd.DataFrame, root: FloatArray, rng: np.random.Generator) -> pd.DataFrame:
    values = data.to_numpy(dtype="float64")
    normal = rng.standard_normal(values.shape) @ root.T
    made = np.full_like(values, np.nan)
    for column in range(values.shape[1]):
        there = np.flatnonzero(~np.isnan(values[:, column]))
        made[there[np.argsort(normal[there, column])], column] = np.sort(values[there, column])
    return pd.DataFrame(made, columns=data.columns, index=data.index)
