"""How strong an unmeasured confounder must be to change the conclusion of a regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from exresearch.models.names import shown
from exresearch.models.regression import LinearFit
from exresearch.models.resampling import NotEstimable, is_real

FloatArray = NDArray[np.float64]

_COLUMNS = ("term", "estimate", "std_error", "df")


@dataclass(frozen=True, slots=True)
class Association:
    """One coefficient with what omitted-variable bias needs.

    Attributes
    ----------
    row : dict
        Its row in the estimate schema.
    estimate, std_error, df : float
        As reported, the standard error and df being those of the interval.
    classical_error, residual_df : float
        Standard error under equal variances and n - k: they hold the partial R-squared.
    """

    row: dict[str, object]
    estimate: float
    std_error: float
    df: float
    classical_error: float
    residual_df: float

    @property
    def strength(self) -> float:
        """Partial Cohen's f of the coefficient, |t| / sqrt(df) of the classical t."""
        return abs(self.estimate) / (self.classical_error * float(np.sqrt(self.residual_df)))


def classical_errors(fit: LinearFit) -> FloatArray:
    """Standard errors of the coefficients under equal variances."""
    design = fit.design
    return np.asarray(np.sqrt(design.residual_variance * (design.to_raw**2).sum(axis=1)))


def read_association(data: LinearFit | pd.DataFrame, term: str) -> Association:
    """The coefficient `term` of a fit, or of rows of classical estimates."""
    table = data.table if isinstance(data, LinearFit) else data
    if not isinstance(table, pd.DataFrame) or any(name not in table.columns for name in _COLUMNS):
        raise ValueError(
            f"data must be a LinearFit, or a DataFrame with the columns {list(_COLUMNS)}, got "
            f"{type(data).__name__}."
        )
    found = np.flatnonzero((table["term"] == term).to_numpy())
    if len(found) != 1:
        raise ValueError(
            f"term must name one of the estimates {shown(table['term'].tolist())}, got {term!r}."
        )
    place = int(found[0])
    row: dict[str, object] = {str(name): table[name].iloc[place] for name in table.columns}
    estimate, error, df = (float(table[name].iloc[place]) for name in ("estimate", "std_error", "df"))
    if isinstance(data, LinearFit):
        classical = float(classical_errors(data)[place])
        residual_df = float(data.n - data.design.size)
    else:
        method = str(row.get("method", ""))
        if method.startswith("least squares, ") and not method.startswith("least squares, classical"):
            raise ValueError(
                f"term '{term}' has a robust standard error, from which its partial R-squared does not follow: give "
                "the LinearFit instead of its rows."
            )
        classical, residual_df = error, df
    if not (np.isfinite(estimate) and error > 0.0 and classical > 0.0 and np.isfinite(residual_df)):
        raise ValueError(f"term '{term}' must have a finite estimate and df and a positive standard error.")
    if not (df > 1.0 and residual_df > 1.0):
        raise NotEstimable(
            f"term '{term}' has {min(df, residual_df):.3g} degrees of freedom, and one more covariate takes one: more "
            "units are needed."
        )
    return Association(row, estimate, error, df, classical, residual_df)


def check_share(argument: str, value: float, *, closed: bool) -> None:
    """Raise ValueError unless the argument lies in [0, 1), or in [0, 1] where it is closed."""
    if not is_real(value) or not 0.0 <= value <= 1.0 or (value == 1.0 and not closed):
        raise ValueError(f"{argument} must lie in [0, 1{']' if closed else ')'}, got {value!r}.")


def equal_strength(excess: float) -> float:
    """The R-squared r with r / sqrt(1 - r) = excess."""
    if excess <= 0.0:
        return 0.0
    square = excess * excess
    # The difference in the textbook form loses all digits for a large excess.
    return float(2.0 / (1.0 + np.sqrt(1.0 + 4.0 / square)))


def robustness_value(
    data: LinearFit | pd.DataFrame, *, term: str, q: float = 1.0, alpha: float = 0.05
) -> pd.DataFrame:
    """How much of what is left of exposure and outcome a confounder must explain to undo an association.

    Use it beside every adjusted slope: "an unmeasured cause that explains less than RV of the remaining variance of
    both cannot take away q of the estimate". It says how strong, never how likely, such a cause is: hold it against
    `confounder_bounds`.

    Parameters
    ----------
    data : LinearFit or DataFrame
        From `linear_regression` with an unweighted or weighted fit; or rows of classical estimates with term,
        estimate, std_error and df (n - k), for published figures.
    term : str
        The exposure.
    q : float
        Share of the estimate that is to be explained away; 1 brings it to zero.
    alpha : float
        Two-sided level at which the interval is to reach the value left over, (1 - q) times the estimate.

    Returns
    -------
    DataFrame of one row
        The estimate's own row, followed by partial_r2 (of the exposure with the outcome, which is also what a
        confounder that explains all that is left of the outcome must explain of the exposure), robustness_value,
        robustness_value_alpha (0 when the interval holds that value already), q and alpha.

    Raises
    ------
    ValueError
        An unknown term, options out of range, or rows with robust standard errors.
    NotEstimable
        One degree of freedom or less.

    Notes
    -----
    With f = |t| / sqrt(df) of the classical t, RV_q solves r / sqrt(1 - r) = q f: RV_q = (sqrt(g^4 + 4 g^2) - g^2) / 2
    with g = q f. For RV_q,alpha g = q f - f*, f* = t*(df - 1) / sqrt(df - 1); where q f > 1 / f* the larger of
    confounders of unequal strength decides and RV = (q^2 f^2 - f*^2) / (1 + q^2 f^2). The bias needs the classical
    standard error whatever the covariance. With a robust one f* is multiplied by the ratio of the robust to the
    classical standard error (a confounder is taken to shrink both alike), with t* at the robust df - 1.
    In R: `sensemakr::robustness_value`.

    References
    ----------
    Cinelli & Hazlett (2020), Making sense of sensitivity: extending omitted variable bias, doi:10.1111/rssb.12348

    Examples
    --------
    >>> darfur = pd.DataFrame({"term": ["harmed"], "estimate": [0.0973], "std_error": [0.02326], "df": [783]})
    >>> row = robustness_value(darfur, term="harmed").iloc[0]
    >>> [round(float(row[name]), 3) for name in ("partial_r2", "robustness_value", "robustness_value_alpha")]
    [0.022, 0.139, 0.076]
    """
    if not is_real(q) or not 0.0 < q < np.inf:
        raise ValueError(f"q must be positive, got {q!r}: 1 for the whole estimate, 0.5 for half of it.")
    if not is_real(alpha) or not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie strictly between 0 and 1, got {alpha!r}: use 0.05.")
    found = read_association(data, term)
    strength = q * found.strength
    ratio = found.std_error / found.classical_error
    critical = float(-stdtrit(found.df - 1.0, alpha / 2.0)) * ratio / float(np.sqrt(found.residual_df - 1.0))
    limit = equal_strength(strength - critical)
    if strength > critical and strength * critical > 1.0:
        limit = (strength**2 - critical**2) / (1.0 + strength**2)
    return pd.DataFrame(
        [
            {
                **found.row,
                "partial_r2": found.strength**2 / (1.0 + found.strength**2),
                "robustness_value": equal_strength(strength),
                "robustness_value_alpha": limit,
                "q": float(q),
                "alpha": float(alpha),
            }
        ]
    )


def adjusted_rows(
    found: Association, r2_exposure: FloatArray, r2_outcome: FloatArray, conf_level: float
) -> pd.DataFrame:
    """Estimate, error, t, p and interval once a confounder of that strength is adjusted for."""
    left = 1.0 - r2_exposure
    root = float(np.sqrt(found.residual_df))
    bias = np.sqrt(r2_outcome * r2_exposure / left) * found.classical_error * root
    estimate = np.sign(found.estimate) * (abs(found.estimate) - bias)
    error = found.std_error * np.sqrt((1.0 - r2_outcome) / left) * root / np.sqrt(found.residual_df - 1.0)
    df = found.df - 1.0
    # A confounder that explains all of the outcome leaves no error.
    certain = np.where(estimate == 0.0, np.nan, np.copysign(np.inf, estimate))
    statistic = np.divide(estimate, error, out=certain, where=error > 0.0)
    half = float(stdtrit(df, (1.0 + conf_level) / 2.0)) * error
    return pd.DataFrame(
        {
            "estimate": estimate,
            "std_error": error,
            "statistic": statistic,
            "df": df,
            "p_value": 2.0 * stdtr(df, -np.abs(statistic)),
            "conf_low": estimate - half,
            "conf_high": estimate + half,
        }
    )


def adjusted_for_confounder(
    data: LinearFit | pd.DataFrame,
    *,
    term: str,
    r2_exposure: ArrayLike,
    r2_outcome: ArrayLike,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """The estimate as it would be, at worst, after adjusting for a confounder of given strength.

    Use it for a grid of strengths (contours), or for a confounder whose strength is known from elsewhere. The bias is
    taken towards zero; a negative-bias confounder would make the estimate larger by as much.

    Parameters
    ----------
    data, term
        As in `robustness_value`.
    r2_exposure : float or array [m], in [0, 1)
        Partial R-squared of the confounder with the exposure, given the covariates.
    r2_outcome : float or array [m], in [0, 1]
        Partial R-squared of the confounder with the outcome, given exposure and covariates.
    conf_level : float
        Coverage.

    Returns
    -------
    DataFrame, one row per strength
        term, r2_exposure, r2_outcome, estimate, std_error, statistic, df, p_value, conf_low, conf_high, conf_level.

    Raises
    ------
    ValueError
        Strengths out of range or of different lengths, or as in `robustness_value`.
    NotEstimable
        One degree of freedom or less.

    Notes
    -----
    bias = se sqrt(df R2_outcome R2_exposure / (1 - R2_exposure)) with the classical se; the standard error becomes
    se sqrt((1 - R2_outcome) / (1 - R2_exposure) df / (df - 1)). Both are exact for one confounder, and bounds for
    several together.

    References
    ----------
    Cinelli & Hazlett (2020), doi:10.1111/rssb.12348

    Examples
    --------
    >>> darfur = pd.DataFrame({"term": ["harmed"], "estimate": [0.0973], "std_error": [0.02326], "df": [783]})
    >>> row = adjusted_for_confounder(darfur, term="harmed", r2_exposure=0.0092, r2_outcome=0.1246).iloc[0]
    >>> round(float(row["estimate"]), 3), round(float(row["statistic"]), 2)
    (0.075, 3.44)
    """
    if not is_real(conf_level) or not 0.0 < conf_level < 1.0:
        raise ValueError(
            f"conf_level must lie strictly between 0 and 1, got {conf_level!r}: use 0.95 for 95 %."
        )
    with_exposure = np.atleast_1d(np.asarray(r2_exposure, dtype=np.float64))
    with_outcome = np.atleast_1d(np.asarray(r2_outcome, dtype=np.float64))
    lengths = {len(with_exposure), len(with_outcome)} if with_exposure.ndim == with_outcome.ndim == 1 else {0}
    if len(lengths - {1}) > 1 or 0 in lengths:
        raise ValueError(
            f"r2_exposure and r2_outcome must be numbers or lists of one length, got shapes {with_exposure.shape} "
            f"and {with_outcome.shape}."
        )
    with_exposure, with_outcome = np.broadcast_arrays(with_exposure, with_outcome)
    for value in with_exposure.tolist():
        check_share("r2_exposure", value, closed=False)
    for value in with_outcome.tolist():
        check_share("r2_outcome", value, closed=True)
    found = read_association(data, term)
    table = adjusted_rows(found, with_exposure, with_outcome, conf_level)
    table.insert(0, "term", term)
    table.insert(1, "r2_exposure", with_exposure)
    table.insert(2, "r2_outcome", with_outcome)
    return table.assign(conf_level=conf_level)
