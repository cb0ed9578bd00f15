"""The intervals and levels that a summary of importances can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.bootstrap import bca_interval, bootstrap_tail, percentile_interval
from exresearch.models.drivers.replicates import ImportanceReplicates
from exresearch.models.expanded import FEW_UNITS, expanded_interval, expanded_tail
from exresearch.models.influence import effective_df
from exresearch.models.jackknife import jackknife_interval, jackknife_p_value
from exresearch.models.resampling import is_real

FloatArray = NDArray[np.float64]
Interval = Literal["expanded", "percentile", "bca"]


def check_interval(interval: str) -> None:
    """Raise ValueError unless `interval` is 'expanded', 'percentile' or 'bca'."""
    if interval not in ("expanded", "percentile", "bca"):
        raise ValueError(f"interval must be 'expanded', 'percentile' or 'bca', got {interval!r}.")


def check_smallest_effect(smallest_effect: float | None) -> None:
    """Raise ValueError unless `smallest_effect` is a positive number or None."""
    if smallest_effect is None:
        return
    if not is_real(smallest_effect) or not 0.0 < smallest_effect < np.inf:
        raise ValueError(
            f"smallest_effect must be a positive difference in R-squared, for example 0.02, got {smallest_effect!r}."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Combination:
    """Linear combinations of importances with all that their intervals need; made by `combined`.

    Attributes
    ----------
    estimate : ndarray [K]
    replicates : ndarray [B, K]
    influence, jackknife : ndarray [U, K] or None
    n_units : int
    interval : {'expanded', 'percentile', 'bca'}
    """

    estimate: FloatArray
    replicates: FloatArray
    influence: FloatArray | None
    jackknife: FloatArray | None
    n_units: int
    interval: Interval

    @property
    def std_error(self) -> FloatArray:
        """Standard deviation of the replicates."""
        return np.asarray(self.replicates.std(axis=0, ddof=1))

    @property
    def df(self) -> FloatArray | None:
        """Degrees of freedom of the units, None where U - 1 is used."""
        return None if self.influence is None else effective_df(self.influence)

    def limits(self, conf_level: float) -> tuple[FloatArray, FloatArray]:
        """Lower and upper limits."""
        if self.interval == "expanded":
            return expanded_interval(self.replicates, conf_level=conf_level, n_units=self.n_units, df=self.df)
        if self.interval == "bca" and self.influence is not None:
            return bca_interval(self.estimate, self.replicates, self.influence, conf_level=conf_level)
        return percentile_interval(self.replicates, conf_level=conf_level)

    def tails(self, null: float) -> tuple[FloatArray, FloatArray]:
        """One-sided levels (above `null`, below `null`), the counterpart of `limits`."""
        if self.interval == "expanded":
            return expanded_tail(self.replicates, null=null, n_units=self.n_units, df=self.df)
        if self.interval == "bca":
            return bootstrap_tail(
                self.replicates, null=null, estimate=self.estimate, influence=self.influence
            )
        return bootstrap_tail(self.replicates, null=null)

    def p_equivalence(self, smallest_effect: float) -> FloatArray:
        """Level of the two one-sided tests that the value lies within plus and minus `smallest_effect`."""
        above, _ = self.tails(-smallest_effect)
        _, below = self.tails(smallest_effect)
        return np.minimum(1.0, np.maximum(above, below))

    def few_clusters(self, *, conf_level: float, null: float | None) -> pd.DataFrame:
        """The columns that flag few units, with the jackknife's answer beside the bootstrap's where they are few."""
        columns = pd.DataFrame({"few_clusters": self.n_units < FEW_UNITS}, index=range(len(self.estimate)))
        if self.jackknife is not None:
            low, high = jackknife_interval(self.estimate, self.jackknife, conf_level=conf_level)
            columns["conf_low_jackknife"], columns["conf_high_jackknife"] = low, high
            if null is not None:
                columns["p_value_jackknife"] = jackknife_p_value(self.estimate, self.jackknife, null=null)
        return columns


def combined(
    result: ImportanceReplicates, method: str, combine: FloatArray | None, *, interval: Interval
) -> Combination:
    """The importances by `method`, times the columns of `combine` [P, K] where it is given.

    Raises
    ------
    ValueError
        `interval` is unknown, or BCa without influences.
    """
    check_interval(interval)
    if interval == "bca" and result.influence is None:
        raise ValueError(
            "interval 'bca' needs the influence of every row: call importance_replicates with influence=True."
        )

    def mixed(values: dict[str, FloatArray] | None) -> FloatArray | None:
        if values is None or method not in values:
            return None
        return values[method] if combine is None else values[method] @ combine

    weights = np.eye(len(result.names(method))) if combine is None else combine
    return Combination(
        estimate=result.estimate[method] @ weights,
        replicates=result.replicates[method] @ weights,
        influence=mixed(result.influence),
        jackknife=mixed(result.jackknife),
        n_units=result.n_units,
        interval=interval,
    )
