"""Covariances of all rows and of bootstrap replicates, made once for several mediation models of the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.moments import UnitMoments, unit_moments
from exresearch.models.resampling import bootstrap_counts

FloatArray = NDArray[np.float64]

# Cells of 8 bytes in a block of counts (160 MB).
CELLS = 20_000_000


@dataclass(frozen=True, slots=True, eq=False)
class DrawnMoments:
    """What mediation models of some columns are made of.

    Use it where several models share rows, clusters and weights: other mediators, another order, another interval.

    Attributes
    ----------
    moments : UnitMoments
        Per cluster.
    whole : ndarray [1, q, q]
        Covariances of all rows.
    replicates : ndarray [B, q, q]
        Covariances of each bootstrap replicate.
    """

    moments: UnitMoments
    whole: FloatArray
    replicates: FloatArray

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        *,
        columns: Sequence[str],
        cluster: str | None,
        weights: str | None,
        n_boot: int,
        seed: int,
    ) -> DrawnMoments:
        """Read rows that are complete on the columns, and draw their clusters; options as `mediation_analysis`."""
        moments = unit_moments(frame, columns=columns, cluster=cluster, weights=weights)
        counts = bootstrap_counts(moments.n_units, n_boot=n_boot, seed=seed)
        size = max(1, CELLS // counts.shape[1])
        drawn = [moments.covariances(counts[start : start + size]) for start in range(0, n_boot, size)]
        return cls(moments, moments.covariances(), np.concatenate(drawn))

    def select(self, columns: Iterable[str]) -> DrawnMoments:
        """The same of some of the columns, in their order."""
        names = list(columns)
        places = np.array([self.moments.columns.index(name) for name in names])
        return DrawnMoments(
            self.moments.select(names),
            np.ascontiguousarray(self.whole[:, places[:, None], places]),
            np.ascontiguousarray(self.replicates[:, places[:, None], places]),
        )
