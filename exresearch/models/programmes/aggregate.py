"""From cells of cohort and wave to averages, with their errors, joint tests and simultaneous bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtrc, ndtr, ndtri, stdtr, stdtrit

from exresearch.models.programmes.cells import Cell
from exresearch.models.programmes.panel import ProgrammePanel

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: With fewer treated units (or clusters) than this the interval is flagged and a randomisation test stands beside it.
FEW_TREATED = 10
# Smallest share of the largest eigenvalue at which leads still say different things.
_SINGULAR = 1e-10


@dataclass(frozen=True, eq=False)
class Average:
    """A weighted average of cells.

    Attributes
    ----------
    term : str
    estimate : float
    influence : ndarray [U]
    treated, controls : ndarray [U] of bool
        Units that are in one of its cells.
    fitted : int
        Slopes that were estimated among the controls.
    """

    term: str
    estimate: float
    influence: FloatArray
    treated: BoolArray
    controls: BoolArray
    fitted: int


def cell_average(cells: Sequence[Cell], panel: ProgrammePanel, *, term: str) -> Average:
    """Average over cells by the weight of their treated units, which is itself a matter of who was sampled."""
    weights = np.array([cell.weight for cell in cells])
    estimates = np.array([cell.estimate for cell in cells])
    total = weights.sum()
    average = float(weights @ estimates / total)
    influence = np.zeros(len(panel.start))
    for cell, weight in zip(cells, weights, strict=True):
        influence += weight / total * cell.influence
        influence[cell.treated] += panel.weights[cell.treated] / total * (cell.estimate - average)
    return Average(term, average, influence, *_roles(cells))


def cohort_average(cells: Sequence[Cell], *, term: str) -> Average:
    """Average over the waves of one cohort, each wave counting once."""
    estimate = float(np.mean([cell.estimate for cell in cells]))
    influence = np.mean([cell.influence for cell in cells], axis=0)
    return Average(term, estimate, influence, *_roles(cells))


def unit_average(cells: Sequence[Cell], panel: ProgrammePanel, *, term: str) -> Average:
    """Average over cohorts by the weight of their units: each unit counts once, however long it was treated."""
    cohorts = [
        cohort_average([cell for cell in cells if cell.cohort == cohort], term=str(cohort))
        for cohort in sorted({cell.cohort for cell in cells})
    ]
    weights = np.array([panel.weights[one.treated].sum() for one in cohorts])
    total = weights.sum()
    average = float(weights @ [one.estimate for one in cohorts] / total)
    influence = np.zeros(len(panel.start))
    for one, weight in zip(cohorts, weights, strict=True):
        influence += weight / total * one.influence
        influence[one.treated] += panel.weights[one.treated] / total * (one.estimate - average)
    return Average(term, average, influence, *_roles(cells))


def empty_average(panel: ProgrammePanel, *, term: str) -> Average:
    """An average that cannot be had: a row of missing values."""
    nobody = np.zeros(len(panel.start), dtype=bool)
    return Average(term, np.nan, np.zeros(len(panel.start)), nobody, nobody, 0)


def _roles(cells: Sequence[Cell]) -> tuple[BoolArray, BoolArray, int]:
    return (
        np.any([cell.treated for cell in cells], axis=0),
        np.any([cell.controls for cell in cells], axis=0),
        max(cell.fitted for cell in cells),
    )


def clustered_influence(averages: Sequence[Average], panel: ProgrammePanel) -> tuple[FloatArray, FloatArray]:
    """Influence of each cluster [C, K], scaled for few of them, and the degrees of freedom [K].

    NaN where fewer than two clusters are treated or fewer than two are not, or no degree of freedom is left.
    """
    labels, codes = np.unique(panel.clusters, return_inverse=True)
    influence = np.zeros((len(labels), len(averages)))
    degrees = np.full(len(averages), np.nan)
    for column, one in enumerate(averages):
        summed = np.bincount(codes, weights=one.influence, minlength=len(labels))
        treated = np.zeros(len(labels), dtype=bool)
        treated[codes[one.treated]] = True
        others = np.zeros(len(labels), dtype=bool)
        others[codes[one.controls]] = True
        others &= ~treated
        # As a variance divides by n - 1. Clusters that hold all controls also hold treated units.
        n1, n0 = int(treated.sum()), int(others.sum()) - one.fitted
        parts = [(treated, n1)] if not others.any() else [(treated, n1), (others, n0)]
        if min(size for _, size in parts) < 2:
            influence[:, column] = np.nan
            continue
        variances = []
        for members, size in parts:
            summed[members] *= np.sqrt(size / (size - 1.0))
            variances.append(float((summed[members] ** 2).sum()))
        if others.any() and n1 < FEW_TREATED and variances[0] < variances[1] * n0 / n1:
            # A few units that happen to be alike are no sign of certainty: no less than controls would vary.
            least = variances[1] * n0 / n1
            if variances[0] > 0.0:
                summed[treated] *= np.sqrt(least / variances[0])
            else:
                summed[treated] = np.sqrt(least / n1)
            variances[0] = least
        influence[:, column] = summed
        below = sum(v**2 / (size - 1) for v, (_, size) in zip(variances, parts, strict=True))
        # Welch: no more certain of the error than its larger part allows.
        degrees[column] = sum(variances) ** 2 / below if below > 0.0 else n1 - 1.0
    return influence, degrees


def estimate_table(
    averages: Sequence[Average], panel: ProgrammePanel, *, conf_level: float, baseline_sd: float
) -> pd.DataFrame:
    """The averages in the estimate schema, with the standardised estimate and its interval."""
    influence, df = clustered_influence(averages, panel)
    estimate = np.array([one.estimate for one in averages])
    error = np.sqrt((influence**2).sum(axis=0))
    # Without any variation there is no error to test against.
    error[error <= 1e-14 * np.abs(estimate)] = np.nan
    statistic = estimate / error
    half = stdtrit(df, (1.0 + conf_level) / 2.0) * error
    return pd.DataFrame(
        {
            "term": [one.term for one in averages],
            "estimate": estimate,
            "std_error": error,
            "statistic": statistic,
            "p_value": 2.0 * stdtr(df, -np.abs(statistic)),
            "conf_low": estimate - half,
            "conf_high": estimate + half,
            "n": [int((one.treated | one.controls).sum()) for one in averages],
            "conf_level": conf_level,
            "df": df,
            "n_treated": [int(one.treated.sum()) for one in averages],
            "n_controls": [int((one.controls & ~one.treated).sum()) for one in averages],
            "n_compared": [int(one.controls.sum()) for one in averages],
            "standardised": estimate / baseline_sd,
            "standardised_low": (estimate - half) / baseline_sd,
            "standardised_high": (estimate + half) / baseline_sd,
        }
    )


def _maxima(influence: FloatArray, *, n_boot: int, seed: int) -> FloatArray:
    """Largest |t| over the columns when each cluster's influence keeps its size and draws its sign."""
    error = np.sqrt((influence**2).sum(axis=0))
    signs = np.random.default_rng(seed).integers(0, 2, size=(n_boot, len(influence))) * 2.0 - 1.0
    return np.asarray(np.abs(signs @ (influence / error)).max(axis=1))


def simultaneous_band(
    averages: Sequence[Average], panel: ProgrammePanel, *, conf_level: float, n_boot: int, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Limits that hold all averages at once with the given coverage; NaN for those without an error."""
    influence, df = clustered_influence(averages, panel)
    error = np.sqrt((influence**2).sum(axis=0))
    usable = np.isfinite(error) & (error > 0.0)
    half = np.full(len(averages), np.nan)
    if usable.any():
        maxima = np.sort(_maxima(influence[:, usable], n_boot=n_boot, seed=seed))
        critical = maxima[int(np.ceil(conf_level * (n_boot + 1))) - 1]
        # The draws know of no degrees of freedom: the same tail of t, and never within the pointwise interval.
        tail = min(float(ndtr(-critical)), (1.0 - conf_level) / 2.0)
        half[usable] = -stdtrit(df[usable], tail) * error[usable]
    estimate = np.array([one.estimate for one in averages])
    return estimate - half, estimate + half


def joint_test(averages: Sequence[Average], panel: ProgrammePanel, *, n_boot: int, seed: int) -> pd.DataFrame:
    """Are all averages zero: Hotelling's T2 as F, and the largest |t| by the multiplier bootstrap."""
    influence, df = clustered_influence(averages, panel)
    error = np.sqrt((influence**2).sum(axis=0))
    usable = np.isfinite(error) & (error > 0.0)
    rows: list[dict[str, object]] = []
    q = int(usable.sum())
    estimate = np.array([one.estimate for one in averages])[usable]
    kept = influence[:, usable]
    degrees = _joint_df([one for one, keep in zip(averages, usable, strict=True) if keep], panel)
    f_value, p_value, df2 = np.nan, np.nan, degrees - q + 1.0
    if q:
        scaled = kept / error[usable]
        values, vectors = np.linalg.eigh(scaled.T @ scaled)
        if values[0] > _SINGULAR * values[-1] and df2 >= 1.0:
            wald = float((((estimate / error[usable]) @ vectors) ** 2 / values).sum())
            f_value = wald * df2 / (q * degrees)
            p_value = float(fdtrc(q, df2, f_value))
    rows.append({"test": "wald", "statistic": f_value, "df": q, "df2": df2, "p_value": p_value})
    largest, p_value = np.nan, np.nan
    if q:
        scores = np.abs(estimate / error[usable])
        largest = float(scores.max())
        # On the normal scale of the draws.
        observed = float(np.max(-ndtri(stdtr(df[usable], -scores))))
        maxima = _maxima(kept, n_boot=n_boot, seed=seed)
        p_value = float((1 + (maxima >= observed).sum()) / (n_boot + 1))
    rows.append({"test": "max_t", "statistic": largest, "df": q, "df2": np.nan, "p_value": p_value})
    return pd.DataFrame(rows)


def _joint_df(averages: Sequence[Average], panel: ProgrammePanel) -> float:
    """The smaller number, of treated clusters in any of the averages and of others, less 1; NaN without averages."""
    if not averages:
        return float("nan")
    treated = set(panel.clusters[np.any([one.treated for one in averages], axis=0)].tolist())
    others = set(panel.clusters[np.any([one.controls for one in averages], axis=0)].tolist()) - treated
    return float(min(len(part) for part in (treated, others) if part) - 1)
