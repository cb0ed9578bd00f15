"""Linear combinations of coefficients, and joint tests of several of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, fdtrc

from exresearch.models.regression.estimates import estimate_rows
from exresearch.models.regression.linear import LinearFit
from exresearch.models.regression.sandwich import check_variances, hotelling_df
from exresearch.models.resampling import NotEstimable, check_conf_level

FloatArray = NDArray[np.float64]

# Smallest share of the largest eigenvalue at which constraints still say different things.
_SINGULAR = 1e-12


def combination_matrix(fit: LinearFit, combinations: Mapping[str, Mapping[str, float]]) -> FloatArray:
    """One row of coefficient weights [p] per named combination.

    Raises
    ------
    ValueError
        No combination, an empty one, an unknown term, or weights that are not finite or all zero.
    """
    if not isinstance(combinations, Mapping) or not combinations:
        raise ValueError(f"combinations must map a name to {{term: weight}}, got {combinations!r}.")
    terms = list(fit.design.terms)
    rows = np.zeros((len(combinations), len(terms)))
    for row, (name, weights) in zip(rows, combinations.items(), strict=True):
        if not isinstance(weights, Mapping) or not weights:
            raise ValueError(f"combination '{name}' must map terms to weights, got {weights!r}.")
        unknown = [term for term in weights if term not in terms]
        if unknown:
            raise ValueError(f"combination '{name}' names {unknown}, which are not among the terms {terms}.")
        row[[terms.index(term) for term in weights]] = [float(value) for value in weights.values()]
        if not np.isfinite(row).all() or not row.any():
            raise ValueError(
                f"combination '{name}' must have finite weights that are not all zero, got {dict(weights)!r}."
            )
    return rows


def linear_combinations(
    fit: LinearFit,
    *,
    combinations: Mapping[str, Mapping[str, float]],
    null: float = 0.0,
    conf_level: float | None = None,
) -> pd.DataFrame:
    """Estimates, intervals and tests of weighted sums of coefficients.

    Use it for a difference between two slopes, a slope at a value of a moderator, or slope and curvature of a
    response surface along a line.

    Parameters
    ----------
    fit : LinearFit
        From `linear_regression`.
    combinations : mapping of name to {term: weight}
        Terms that are not named have weight 0.
    null : float
        Value under test.
    conf_level : float, optional
        Coverage; that of the fit when left out.

    Returns
    -------
    DataFrame, one row per combination
        As the table of `linear_regression`; the Satterthwaite df of CR2 are those of the combination itself.

    Raises
    ------
    ValueError
        A combination that is empty, names an unknown term, or has weights that are not finite or all zero.
    NotEstimable
        A combination without variation between clusters.

    Examples
    --------
    The slope along the line of agreement x = y is b1 + b2, the curvature along it b3 + b4 + b5.

    >>> from exresearch.models.regression import linear_regression
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame(rng.normal(size=(300, 3)), columns=["x", "y", "z"])
    >>> data = data.assign(x2=data["x"] ** 2, xy=data["x"] * data["y"], y2=data["y"] ** 2)
    >>> fit = linear_regression(data, outcome="z", predictors=["x", "y", "x2", "xy", "y2"])
    >>> table = linear_combinations(
    ...     fit, combinations={"slope": {"x": 1, "y": 1}, "curvature": {"x2": 1, "xy": 1, "y2": 1}}
    ... )
    >>> table[["term", "df"]].values.tolist()
    [['slope', 294.0], ['curvature', 294.0]]
    """
    level = fit.conf_level if conf_level is None else conf_level
    check_conf_level(level)
    rows = combination_matrix(fit, combinations)
    return estimate_rows(
        list(combinations),
        rows @ fit.design.estimate,
        rows @ fit.design.to_raw,
        design=fit.design,
        covariance=fit.covariance_type,
        matrix=rows @ fit.covariance.to_numpy() @ rows.T,
        conf_level=level,
        null=null,
    )


def _constraints(
    fit: LinearFit,
    terms: Sequence[str] | None,
    constraints: ArrayLike | None,
    null: float | ArrayLike,
) -> tuple[FloatArray, FloatArray]:
    names = list(fit.design.terms)
    if (terms is None) == (constraints is None):
        raise ValueError("give either terms or constraints, and not both.")
    if terms is not None:
        if isinstance(terms, str) or not terms or len(set(terms)) != len(terms):
            raise ValueError(f"terms must be a list of one or more different terms, got {terms!r}.")
        unknown = [name for name in terms if name not in names]
        if unknown:
            raise ValueError(f"terms {unknown} are not among the terms {names}.")
        rows = np.eye(len(names))[[names.index(name) for name in terms]]
    else:
        rows = np.asarray(constraints, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(names) or not len(rows) or not np.isfinite(rows).all():
            raise ValueError(
                f"constraints must be a finite matrix with one column per term {names}, got the shape {rows.shape}."
            )
    values = np.asarray(null, dtype=np.float64)
    if values.ndim > 1 or values.size not in (1, len(rows)) or not np.isfinite(values).all():
        raise ValueError(f"null must be one finite number, or one per constraint, got {null!r}.")
    return rows, np.broadcast_to(values, len(rows)).copy()


def wald_test(
    fit: LinearFit,
    *,
    terms: Sequence[str] | None = None,
    constraints: ArrayLike | None = None,
    null: float | ArrayLike = 0.0,
    test: Literal["HTZ", "F", "chi2"] | None = None,
) -> pd.DataFrame:
    """Joint test that several coefficients, or combinations of them, have given values.

    Use it for "do these columns matter at all": dummies of a category, all powers of a curve, an interaction.

    Parameters
    ----------
    fit : LinearFit
        From `linear_regression`.
    terms : sequence of str, optional
        Coefficients that are `null` under the hypothesis; or else
    constraints : array [q, p], optional
        Rows of weights of the p coefficients, in the order of `fit.coefficients`.
    null : float or array [q]
        Values under test.
    test : {'HTZ', 'F', 'chi2'}, optional
        HTZ (the default with CR2, and defined for it alone) approximates Hotelling's T-squared and holds its level
        with few clusters; F has the df of the fit (clusters - 1 or n - k) in the denominator.

    Returns
    -------
    DataFrame of one row
        test; statistic (F, or chi-squared); df_num (q); df_denom (infinite for chi2); p_value; n; n_clusters;
        n_excluded; method.

    Raises
    ------
    ValueError
        Unknown terms, a matrix of the wrong shape, rows that are combinations of one another, or HTZ without CR2.
    NotEstimable
        Fewer clusters than constraints need.

    Notes
    -----
    Q = (C b - null)' (C V C')^-1 (C b - null). HTZ: (nu - q + 1) / nu Q / q ~ F(q, nu - q + 1), with nu from matching
    the total variance of C V C' under the working model to that of a Wishart; with q = 1 it is the t test with
    Satterthwaite df. In R: `clubSandwich::Wald_test(fit, constraints, vcov = "CR2", test = "HTZ")`.

    References
    ----------
    Pustejovsky & Tipton (2018), Small-sample methods for cluster-robust variance estimation and hypothesis testing in
    fixed effects models, doi:10.1080/07350015.2016.1247004

    Examples
    --------
    >>> from exresearch.models.regression import linear_regression
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame(rng.normal(size=(200, 3)), columns=["x", "z", "y"]).assign(team=np.arange(200) // 10)
    >>> fit = linear_regression(data, outcome="y", predictors=["x", "z"], cluster="team")
    >>> wald_test(fit, terms=["x", "z"])[["test", "df_num", "n_clusters"]].values.tolist()
    [['HTZ', 2, 20]]
    """
    bias_reduced = fit.covariance_type == "CR2"
    asked = test or ("HTZ" if bias_reduced else "F")
    if asked not in ("HTZ", "F", "chi2"):
        raise ValueError(f"test must be 'HTZ', 'F' or 'chi2', got {test!r}.")
    if asked == "HTZ" and not bias_reduced:
        raise ValueError(
            f"test 'HTZ' goes with covariance 'CR2', got a fit with {fit.covariance_type!r}: use 'F'."
        )
    rows, values = _constraints(fit, terms, constraints, null)
    count, design = len(rows), fit.design
    # On the scale of the classical standard errors, so that units of measurement decide nothing.
    reach = rows @ design.to_raw
    size = np.linalg.norm(reach, axis=1)
    if (size == 0.0).any() or _singular(reach / size[:, None] @ (reach / size[:, None]).T):
        raise ValueError("constraints must be rows of which none is zero or a combination of the others.")
    reach /= size[:, None]
    clustered = fit.covariance_type.startswith("CR")
    if clustered and count > design.n_clusters - 1:
        raise NotEstimable(
            f"a joint test of {count} constraints needs at least {count + 1} clusters, got {design.n_clusters}: "
            "test fewer at once."
        )
    distance = (rows @ design.estimate - values) / size
    middle = rows @ fit.covariance.to_numpy() @ rows.T / np.outer(size, size)
    labels = tuple(terms) if terms is not None else tuple(f"constraint {i + 1}" for i in range(count))
    check_variances(design, np.diag(middle), labels, reach)
    if _singular(middle):
        raise NotEstimable(
            f"the covariance of the {count} constraints is singular ({design.n_clusters} clusters): test fewer at once."
        )
    quadratic = float(distance @ np.linalg.solve(middle, distance))
    if asked == "chi2":
        statistic, df, p_value = quadratic, np.inf, float(chdtrc(count, quadratic))
    else:
        shrink = 1.0
        df = float(design.n_clusters - 1 if clustered else design.n - design.size)
        if asked == "HTZ":
            nu = hotelling_df(design, reach)
            df = nu - count + 1.0
            if df <= 0.0:
                raise NotEstimable(
                    f"{design.n_clusters} clusters leave no degrees of freedom for a joint test of {count} "
                    "constraints: test fewer at once."
                )
            shrink = df / nu
        statistic = shrink * quadratic / count
        p_value = float(fdtrc(count, df, statistic))
    return pd.DataFrame(
        {
            "test": [asked],
            "statistic": statistic,
            "df_num": count,
            "df_denom": df,
            "p_value": p_value,
            "n": design.n,
            "n_clusters": design.n_clusters,
            "n_excluded": design.n_excluded,
            "method": f"Wald test, {fit.covariance_type} covariance, {asked}",
        }
    )


def _singular(matrix: FloatArray) -> bool:
    values = np.linalg.eigvalsh(matrix)
    return bool(values[0] < _SINGULAR * values[-1])
