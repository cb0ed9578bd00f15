"""A correlation, raw or partial, with an interval from the bootstrap of its units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from exresearch.models.drivers.metrics import partial_out
from exresearch.models.moments.unit import UnitMoments
from exresearch.models.resampling import NotEstimable, count_chunks

FloatArray = NDArray[np.float64]

# Residual variance (share of the column's own) below which covariates explain a column completely.
_EXHAUSTED = 1e-10


def _partial_correlation(correlations: FloatArray, covariates: Sequence[int]) -> FloatArray:
    """Correlation [B] of columns 0 and 1 given `covariates`; 0 where one of the two does not vary."""
    rest = partial_out(correlations, covariates=covariates, keep=[0, 1])
    scale = np.sqrt(np.clip(rest[:, 0, 0], 0.0, None) * np.clip(rest[:, 1, 1], 0.0, None))
    return np.divide(rest[:, 0, 1], scale, out=np.zeros_like(scale), where=scale > _EXHAUSTED)


def correlation_row(
    term: str,
    moments: UnitMoments,
    *,
    covariates: Sequence[int],
    n_boot: int,
    conf_level: float,
    seed: int,
    names: tuple[str, str],
) -> dict[str, object]:
    """A correlation with t interval from the bootstrap standard error of Fisher's z."""
    whole = moments.correlations()
    rest = partial_out(whole, covariates=covariates, keep=[0, 1])[0]
    exhausted = [name for name, value in zip(names, np.diag(rest), strict=True) if value < _EXHAUSTED]
    if exhausted:
        raise NotEstimable(
            f"columns {exhausted} do not vary between units, or not beyond what the covariates explain: "
            "there is nothing left to correlate."
        )
    estimate = float(_partial_correlation(whole, covariates)[0])
    if 1.0 - abs(estimate) < _EXHAUSTED:
        raise NotEstimable(f"'{names[0]}' and '{names[1]}' are copies of one another up to scale.")
    degrees = moments.n_units - 2 - len(covariates)
    chunks = count_chunks(moments.n_units, n_boot=n_boot, seed=seed)
    replicates = np.concatenate(
        [_partial_correlation(moments.correlations(part), covariates) for part in chunks]
    )
    limit = 1.0 - 1e-12
    spread = float(np.arctanh(np.clip(replicates, -limit, limit)).std(ddof=1))
    centre = float(np.arctanh(estimate))
    half = float(stdtrit(degrees, (1.0 + conf_level) / 2.0)) * spread
    return {
        "term": term,
        "estimate": estimate,
        "std_error": float(replicates.std(ddof=1)),
        "statistic": centre / spread,
        "p_value": float(2.0 * stdtr(degrees, -abs(centre) / spread)),
        "conf_low": float(np.tanh(centre - half)),
        "conf_high": float(np.tanh(centre + half)),
        "method": "bootstrap standard error of Fisher's z, t interval",
    }
