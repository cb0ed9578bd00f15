"""A fitted structural equation model, and its parameters with intervals and in standard deviations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from exresearch.measures.structure.sem.clusters import FloatArray
from exresearch.measures.structure.sem.matrices import Implied, compile_model, implied_groups
from exresearch.measures.structure.sem.model import Parameter, StructuralModel
from exresearch.measures.structure.sem.moments import SampleMoments

# Why a model has no numbers, or numbers that are not to be believed.
REASONS = {
    "too_few_rows": "there are fewer complete answer sheets than items",
    "few_clusters": (
        "the complete answer sheets come from fewer than ten units or persons, too few to say how much answers vary "
        "between them"
    ),
    "not_positive_definite": "an item is constant, or follows from the other items",
    "too_many_parameters": "the model has more parameters than the data have means, variances and covariances",
    "not_converged": "the estimation did not converge",
    "not_identified": "the data cannot tell some parameters of the model apart",
    "negative_variance": "a variance is estimated below zero",
    "improper_factors": "the estimated covariances of the factors contradict one another, as no real factors could",
}


@dataclass(frozen=True, slots=True)
class SemFit:
    """A fitted model.

    Attributes
    ----------
    model : StructuralModel
        What was fitted.
    moments : SampleMoments
        To what.
    theta : numpy.ndarray
        Distinct free parameters [q]; NaN where `estimated` is false.
    covariance : numpy.ndarray
        Of these, from the expected information (complete data), or the observed information (FIML) [q, q].
    log_likelihood, log_likelihood_saturated : float
        Of this model, and of the model that fits every mean and covariance.
    chisq : float
        Twice their difference.
    df : int
        Moments minus distinct free parameters.
    n_iterations : int
        Steps taken.
    estimated : bool
        Whether the search converged on an identified solution.
    reason : str
        One of :data:`REASONS`: why there are no numbers, or why they ask for care; else empty.
    saturated : tuple
        Mean [p] and covariance [p, p] of each group as the data have them, missing answers allowed for.
    """

    model: StructuralModel
    moments: SampleMoments
    theta: FloatArray
    covariance: FloatArray
    log_likelihood: float
    log_likelihood_saturated: float
    chisq: float
    df: int
    n_iterations: int
    estimated: bool
    reason: str
    saturated: tuple[tuple[FloatArray, FloatArray], ...]

    @property
    def row_values(self) -> FloatArray:
        """The value of each parameter of the model, fixed ones included."""
        free = self.model.free_index
        pairs = zip(self.model.parameters, free, strict=True)
        return np.array([self.theta[i] if i >= 0 else float(p.value or 0.0) for p, i in pairs])

    def implied(self) -> tuple[Implied, ...]:
        """What the model says of each group."""
        size = len(self.model.observed)
        return tuple(implied_groups(compile_model(self.model), self.theta, size))

    def estimates(
        self, *, covariance: FloatArray | None = None, clusters: int | None = None, conf_level: float = 0.95
    ) -> pd.DataFrame:
        """Give each parameter with its interval.

        Parameters
        ----------
        covariance : numpy.ndarray, optional
            Of the free parameters, where another one than `covariance` is wanted, such as a sandwich.
        clusters : int, optional
            Number of clusters behind it: tests and intervals are then by Student's t on one less, and not by z.
        conf_level : float
            Level of the intervals, between 0 and 1.

        Returns
        -------
        pandas.DataFrame
            ``lhs, op, rhs, group`` (its name), ``label, free, estimate, std_error, statistic, ``p_value,
            conf_low, conf_high, standardised``. Fixed parameters have a standard error of 0 and no test. Standardised
            as lavaan's ``std.all``: all variables have variance 1, residual covariances are correlations.

        Raises
        ------
        ValueError
            If the level is out of range.
        """
        if not 0 < conf_level < 1:
            raise ValueError(f"conf_level must be between 0 and 1; got {conf_level!r}.")
        free = np.array(self.model.free_index)
        spread = self.covariance if covariance is None else covariance
        errors = np.append(np.sqrt(np.clip(np.diag(spread), 0.0, None)), 0.0)[free]
        values = self.row_values
        if not self.estimated:
            values = np.where(free >= 0, np.nan, values)
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = np.where(errors > 0, values / errors, np.nan)
        half = quantile(clusters, conf_level) * errors
        rows = self.model.parameters
        return pd.DataFrame(
            {
                "lhs": [p.lhs for p in rows],
                "op": [p.op for p in rows],
                "rhs": [p.rhs for p in rows],
                "group": [self.moments.groups[p.group] for p in rows],
                "label": [p.label for p in rows],
                "free": free >= 0,
                "estimate": values,
                "std_error": errors,
                "statistic": statistic,
                "p_value": two_sided(statistic, clusters),
                "conf_low": values - half,
                "conf_high": values + half,
                "standardised": self._standardised() if self.estimated else np.full(len(rows), np.nan),
            }
        )

    def _standardised(self) -> FloatArray:
        position = {name: i for i, name in enumerate((*self.model.observed, *self.model.latent))}
        scale = [np.sqrt(np.clip(np.diag(group.total), 0.0, None)) for group in self.implied()]
        values = self.row_values
        own = {
            (p.lhs, p.group): v
            for p, v in zip(self.model.parameters, values, strict=True)
            if p.op == "~~" and p.lhs == p.rhs
        }
        with np.errstate(divide="ignore", invalid="ignore"):
            pairs = zip(self.model.parameters, values, strict=True)
            found = [self._one(p, v, scale[p.group], position, own) for p, v in pairs]
        return np.array(found)

    @staticmethod
    def _one(
        p: Parameter,
        value: float,
        scale: FloatArray,
        position: dict[str, int],
        own: dict[tuple[str, int], float],
    ) -> float:
        a = scale[position[p.lhs]]
        if p.op == "~1":
            return float(value / a)
        b = scale[position[p.rhs]]
        if p.op == "~~":
            if p.lhs == p.rhs:
                return float(value / a**2)
            product = own.get((p.lhs, p.group), 0.0) * own.get((p.rhs, p.group), 0.0)
            return float(value / np.sqrt(product)) if product > 0 else float("nan")
        return float(value * a / b) if p.op == "=~" else float(value * b / a)


def quantile(clusters: int | None, conf_level: float) -> float:
    """Half the width of an interval in standard errors: normal, or Student's t on the clusters less one."""
    upper = (1 + conf_level) / 2
    return float(ndtri(upper) if clusters is None else stdtrit(max(clusters - 1, 1), upper))


def two_sided(statistic: FloatArray, clusters: int | None) -> FloatArray:
    """P-value of a statistic by the same distribution."""
    below = -np.abs(statistic)
    return np.asarray(
        2 * (ndtr(below) if clusters is None else stdtr(max(clusters - 1, 1), below)), dtype=np.float64
    )
