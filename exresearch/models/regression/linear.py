"""Linear regression: coefficients with robust standard errors, degrees of freedom and intervals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.moments.unit import UnitMoments
from exresearch.models.regression.design import Design, WorkingVariance, build_design
from exresearch.models.regression.estimates import estimate_cells
from exresearch.models.regression.sandwich import (
    COVARIANCES,
    Covariance,
    check_variances,
    coefficient_covariance,
)
from exresearch.models.resampling import check_conf_level

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LinearFit:
    """A fitted linear regression, for `wald_test`, `linear_combinations` and `wild_cluster_test`.

    Frames are made when they are asked for: of many fits only one number may be wanted.

    Attributes
    ----------
    table : DataFrame
        One row per coefficient, see `linear_regression`.
    coefficients : Series [p]
        Estimates by term.
    covariance : DataFrame [p, p]
        Their covariance matrix.
    matrix : ndarray [p, p]
        The same without labels.
    covariance_type : str
        How it was estimated.
    r_squared : float
        Around the mean with an intercept, around zero without one.
    residual_sd : float
        Root of the (weighted) sum of squared residuals over n - k, for a row of mean weight; unit of the outcome.
    n, n_clusters, n_excluded : int
        Complete rows; clusters (rows where there is none); rows left out as incomplete.
    conf_level : float
    design : Design
        What covariances and tests are computed from.
    """

    design: Design
    matrix: FloatArray
    covariance_type: str
    conf_level: float

    @cached_property
    def table(self) -> pd.DataFrame:
        """All coefficients."""
        return self.rows(slice(None))

    def rows(self, part: slice) -> pd.DataFrame:
        """Some rows of `table`, numbered anew."""
        return pd.DataFrame(self.cells(part))

    def cells(self, part: slice) -> dict[str, Any]:
        """The columns of some rows of `table`; one value for what is the same in all."""
        design = self.design
        return estimate_cells(
            design.terms[part],
            design.estimate[part],
            design.to_raw[part],
            design=design,
            covariance=self.covariance_type,
            matrix=self.matrix[part, part],
            conf_level=self.conf_level,
        )

    @cached_property
    def coefficients(self) -> pd.Series:
        """Estimates by term."""
        return pd.Series(self.design.estimate, index=list(self.design.terms))

    @cached_property
    def covariance(self) -> pd.DataFrame:
        """Their covariance matrix."""
        terms = list(self.design.terms)
        return pd.DataFrame(self.matrix, index=terms, columns=terms)

    @property
    def r_squared(self) -> float:
        """Around the mean with an intercept, around zero without one."""
        return self.design.r_squared

    @property
    def residual_sd(self) -> float:
        """Root of the (weighted) sum of squared residuals over n - k."""
        return self.design.residual_sd

    @property
    def n(self) -> int:
        """Complete rows."""
        return self.design.n

    @property
    def n_clusters(self) -> int:
        """Clusters, or rows where there is none."""
        return self.design.n_clusters

    @property
    def n_excluded(self) -> int:
        """Rows left out as incomplete."""
        return self.design.n_excluded


def linear_regression(
    data: pd.DataFrame | UnitMoments,
    *,
    outcome: str,
    predictors: Iterable[str],
    weights: str | None = None,
    cluster: str | None = None,
    covariance: Covariance | None = None,
    working_variance: WorkingVariance = "constant",
    conf_level: float = 0.95,
    intercept: bool = True,
    standardised: bool = False,
) -> LinearFit:
    """Ordinary or weighted least squares, with standard errors that hold within clusters also when there are few.

    Use it for a slope adjusted for covariates. Make products, powers and dummies as columns first; slopes along a
    line and curvatures are then `linear_combinations`, and sets of columns are tested by `wald_test`. With clusters
    the default (CR2 with Satterthwaite degrees of freedom) holds its level down to about ten; below that, or when
    few clusters carry a predictor, put `wild_cluster_test` beside it.

    Parameters
    ----------
    data : DataFrame or UnitMoments
        One row per observation, or the moments made from it (then without `weights` and `cluster`). A row missing
        outcome, predictor, weight or cluster is left out and counted.
    outcome, predictors : str and sequence of str
        Numeric columns.
    weights : str, optional
        Column with positive weights; only their ratios matter.
    cluster : str, optional
        Column with the unit within which residuals may go together.
    covariance : str, optional
        'classical'; for rows HC0 to HC4; for clusters CR0, CR1 (times G / (G - 1)), CR1S (Stata's), CR2
        (bias-reduced) or CR3 (jackknife, without the factor (G - 1) / G). CR types without clusters take rows: CR2
        without weights, or with variances inverse to them, is HC2 with Satterthwaite df. The default is CR2 with
        clusters and HC3 without.
    working_variance : {'constant', 'inverse_weights'}
        What CR2 and its df are unbiased under, where there are weights: residuals of one variance (survey weights)
        or of a variance inverse to the weight (means weighted by n). Moments with weights know the second alone.
    conf_level : float
        Coverage of the intervals.
    intercept : bool
        Whether there is a constant.
    standardised : bool
        Slopes in standard deviations of outcome per standard deviation of predictor (weighted, taken as known, so
        that tests are those of the raw slopes), without the intercept's row. The standard errors leave out what the
        standard deviations add or take away: of a single strong predictor (r of 0.8) they are 1.7 times those of r.

    Returns
    -------
    LinearFit
        Its `table` has one row per coefficient ('intercept', then the predictors in their order): term, estimate,
        std_error, statistic (t), df, p_value (two-sided), conf_low, conf_high, n (rows), n_clusters (rows where
        there is no cluster), n_excluded, conf_level, method. df are those of Satterthwaite for CR2, clusters - 1 for
        the other CR types, and n - k for the rest.

    Raises
    ------
    ValueError
        Columns that are missing, named twice, not numeric or infinite (all at once); weights of zero or below;
        unknown options; HC types with clusters; a constant working variance from moments with weights.
    NotEstimable
        The data have no answer: too few complete rows, columns that are constant or exact combinations of one
        another, an outcome that is constant or an exact combination of the predictors, a single cluster, a
        coefficient that one cluster (CR3) or row (HC2 to HC4) decides, or one without variation between clusters.

    Notes
    -----
    With M = (X'WX)^-1 and residuals e_g of cluster g, the covariance is M (sum of s_g s_g') M with s_g = X_g'W_g e_g
    (CR0) or X_g'W_g A_g e_g. For CR3 A_g = (I - H_gg)^-1. For CR2 A_g is the symmetric inverse root of the
    working covariance of e_g, the generalised one where the cluster fits a direction alone; with weights and
    working variance 'inverse_weights' it is the root after rows are multiplied by the root of their weight, which
    is clubSandwich's where weights are constant within clusters. All of it follows from cross-products per
    cluster: clusters cost k^3 each, and rows nothing.

    In R: `clubSandwich::coef_test(lm(y ~ x, weights = w), vcov = "CR2", cluster = g, test = "Satterthwaite")`.

    References
    ----------
    Bell & McCaffrey (2002), Bias reduction in standard errors for linear regression with multi-stage samples, Survey
    Methodology 28, 169-181; Pustejovsky & Tipton (2018), doi:10.1080/07350015.2016.1247004; MacKinnon & White
    (1985), doi:10.1016/0304-4076(85)90158-7

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({"team": np.repeat(np.arange(20), 10), "ex": rng.normal(7, 1, 200)})
    >>> data["cx"] = 2 + 0.5 * data["ex"] + rng.normal(0, 1, 200)
    >>> fit = linear_regression(data, outcome="cx", predictors=["ex"], cluster="team")
    >>> fit.table[["term", "n", "n_clusters"]].values.tolist()
    [['intercept', 200, 20], ['ex', 200, 20]]
    """
    check_conf_level(conf_level)
    if covariance is not None and covariance not in COVARIANCES:
        raise ValueError(f"covariance must be one of {list(COVARIANCES)}, got {covariance!r}.")
    if working_variance not in ("constant", "inverse_weights"):
        raise ValueError(
            f"working_variance must be 'constant' or 'inverse_weights', got {working_variance!r}."
        )
    clustered = data.matrices is not None if isinstance(data, UnitMoments) else cluster is not None
    kind = covariance or ("CR2" if clustered else "HC3")
    if clustered and kind.startswith("HC"):
        raise ValueError(
            f"covariance '{kind}' takes rows as independent, and there are clusters: use CR0 to CR3, or leave "
            "cluster out."
        )
    design = build_design(
        data,
        outcome=outcome,
        predictors=predictors,
        weights=weights,
        cluster=cluster,
        intercept=intercept,
        standardised=standardised,
        # Only CR2 uses it, and from rows with clusters the constant one takes two more passes.
        working_variance=working_variance if kind == "CR2" else "inverse_weights",
    )
    matrix = design.to_raw @ coefficient_covariance(design, kind) @ design.to_raw.T
    check_variances(design, np.diag(matrix), design.terms, design.to_raw)
    return LinearFit(design, matrix, kind, conf_level)
