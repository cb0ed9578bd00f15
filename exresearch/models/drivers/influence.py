"""What one unit more or less does to importances: the infinitesimal jackknife, at any number of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from exresearch.models.drivers.metrics import importance_metrics
from exresearch.models.moments.algebra import BLOCK_CELLS
from exresearch.models.moments.unit import UnitMoments

FloatArray = NDArray[np.float64]

# Central differences of this size in coordinates where the predictors are uncorrelated: their own error is then about
# 1e-9 of the derivative, and rounding no more, however nearly equal two drivers are.
_STEP = 1e-5


def importance_influence(
    moments: UnitMoments,
    *,
    outcome: str,
    players: Mapping[str, Sequence[str]],
    covariates: Sequence[str] = (),
    methods: Sequence[str] = ("lmg",),
) -> dict[str, FloatArray]:
    """Empirical influence of every unit on every importance.

    Use it for the acceleration of BCa intervals, for standard errors without a bootstrap, and to see which units carry
    a result. It costs q (q + 1) evaluations of the importances of q columns, however many units or rows there are.

    Parameters
    ----------
    moments : UnitMoments
        With outcome, drivers and covariates, none of them constant or a combination of the others.
    outcome : str
    players : mapping of player name to its columns
    covariates : sequence of str
    methods : sequence of str
        As in `importance_metrics`.

    Returns
    -------
    dict of method to ndarray [U, P]
        U times the derivative of the importance in the weight of the unit; every column sums to 0, and the root of
        its sum of squares is U times the standard error (without correction for small U).

    Notes
    -----
    An importance T is a function of correlations R, and these of sums over units, so that by the chain rule

    l_u = (U / W) sum over i <= j of dT/dr_ij s_uij,

    with s_uij the unit's weighted sum of products of the standardised columns i and j, W the sum of weights, and T
    taken of any covariances, whose scale it does not see. The sums are exact; the derivatives of T are central
    differences along A E_ij A', with A the Cholesky factor of the predictors' correlations, and 1 for the outcome:
    differences of single correlations lose all digits when two drivers are nearly equal.

    References
    ----------
    Jaeckel (1972), The infinitesimal jackknife; Davison & Hinkley (1997), Bootstrap Methods and their Application,
    section 2.7, doi:10.1017/CBO9780511802843

    Examples
    --------
    >>> import pandas as pd
    >>> from exresearch.models import unit_moments
    >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [2.0, 4.0, 5.0, 3.0]})
    >>> moments = unit_moments(data, columns=["x", "y"])
    >>> importance_influence(moments, outcome="y", players={"x": ["x"]})["lmg"][:, 0].round(3).tolist()
    [0.864, -0.224, 0.16, -0.8]
    """
    place = {name: index for index, name in enumerate(moments.columns)}
    used = [outcome, *(name for names in players.values() for name in names), *covariates]
    inside = {name: index for index, name in enumerate(used)}
    keep = np.array([place[name] for name in used], dtype=np.intp)
    correlations = moments.correlations()[0][np.ix_(keep, keep)]
    size = len(used)
    root = np.eye(size)
    root[1:, 1:] = np.linalg.cholesky(correlations[1:, 1:])
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    tilted = np.repeat(correlations[None], 2 * len(pairs), axis=0)
    for index, (i, j) in enumerate(pairs):
        change = np.outer(root[:, i], root[:, j])
        change = change if i == j else change + change.T
        for half, sign in ((2 * index, 1.0), (2 * index + 1, -1.0)):
            tilted[half] += sign * _STEP * change
    deviations = np.sqrt(np.einsum("nii->ni", tilted))
    tilted /= deviations[:, :, None] * deviations[:, None, :]
    measured = importance_metrics(
        tilted,
        methods=methods,
        players=[[inside[name] for name in names] for names in players.values()],
        covariates=[inside[name] for name in covariates],
        outcome=inside[outcome],
    )
    # A unit's products in the coordinates of the steps are those of columns times this.
    whiten: FloatArray = np.asarray(np.linalg.inv(root), dtype=np.float64)
    influence = {
        method: _chained(moments, keep, pairs, (values[::2] - values[1::2]) / (2.0 * _STEP), whiten)
        for method, values in measured.items()
    }
    # The sum is the derivative along the scale of all columns: 0, but for the error of the differences.
    return {method: values - values.mean(axis=0) for method, values in influence.items()}


def _chained(
    moments: UnitMoments,
    keep: NDArray[np.intp],
    pairs: Sequence[tuple[int, int]],
    slopes: FloatArray,
    whiten: FloatArray,
) -> FloatArray:
    """Influence [U, P] from the derivatives [pairs, P] along the steps: one quadratic form per player."""
    forms = np.zeros((slopes.shape[1], len(keep), len(keep)))
    for (i, j), slope in zip(pairs, slopes, strict=True):
        forms[:, i, j] += slope / 2.0
        forms[:, j, i] += slope / 2.0
    sums = moments.sums()[0]
    total, means = sums[0, 0], sums[0, 1:] / sums[0, 0]
    deviations = np.sqrt(np.maximum(np.diag(sums)[1:] / total - means**2, 0.0))[keep]
    # Columns (1, x - origin) to standardised columns, to the coordinates of the steps.
    standardise = np.zeros((len(keep), len(sums)))
    standardise[np.arange(len(keep)), keep + 1] = 1.0 / deviations
    standardise[:, 0] = -means[keep] / deviations
    standardise = whiten @ standardise
    forms = np.einsum("ia,pij,jb->pab", standardise, forms, standardise)
    size = len(sums) - 1
    scale = moments.n_units / total
    if moments.matrices is not None:
        flat = moments.matrices.reshape(moments.n_units, -1)
        return np.asarray(scale * (flat @ forms.reshape(len(forms), -1).T))
    if moments.rows is None:
        raise ValueError("these moments hold neither clusters nor rows.")
    out = np.empty((moments.n_units, len(forms)))
    rows_at_once = max(1, BLOCK_CELLS // (2 * size + 2))
    for start in range(0, moments.n_units, rows_at_once):
        part = slice(start, start + rows_at_once)
        centred = np.column_stack([np.ones(len(moments.rows[part])), moments.rows[part]])
        for player, form in enumerate(forms):
            out[part, player] = np.einsum("na,na->n", centred @ form, centred)
        out[part] *= scale * moments.weight_sums[part, None]
    return out
