"""Unmeasured confounders held against covariates that were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.names import name_list
from exresearch.models.regression import LinearFit
from exresearch.models.resampling import check_conf_level, is_real
from exresearch.models.sensitivity.omitted import adjusted_rows, read_association

FloatArray = NDArray[np.float64]

_COLUMNS = [
    "term",
    "benchmark",
    "strength",
    "r2_exposure",
    "r2_outcome",
    "estimate",
    "std_error",
    "statistic",
    "df",
    "p_value",
    "conf_low",
    "conf_high",
    "n",
    "n_clusters",
    "conf_level",
    "reason",
]


def _groups(benchmarks: object, term: str, terms: Sequence[str]) -> dict[str, list[str]]:
    if isinstance(benchmarks, Mapping):
        groups = {
            str(name): name_list(f"benchmarks['{name}']", members) for name, members in benchmarks.items()
        }
    else:
        groups = {str(name): [name] for name in name_list("benchmarks", benchmarks)}
    allowed = [name for name in terms if name not in (term, "intercept")]
    unknown = sorted(
        {name for members in groups.values() for name in members if name not in allowed}, key=str
    )
    if unknown or not groups:
        raise ValueError(f"benchmarks must be among the other predictors {allowed}, got {unknown}.")
    return groups


def confounder_bounds(
    fit: LinearFit,
    *,
    term: str,
    benchmarks: Sequence[str] | Mapping[str, Sequence[str]],
    strengths: Sequence[float] = (1.0, 2.0, 3.0),
    conf_level: float | None = None,
) -> pd.DataFrame:
    """What would be left of an estimate were an unmeasured confounder as strong as a measured covariate.

    Use it to give a robustness value a yardstick: "a cause three times as strong as sector leaves the sign".

    Parameters
    ----------
    fit : LinearFit
        From `linear_regression`, with covariates.
    term : str
        The exposure.
    benchmarks : sequence of str, or mapping of name to sequence of str
        Covariates of the fit one by one, or sets of them (the dummies of a category) under a name.
    strengths : sequence of float
        How many times as strong as the benchmark, with exposure and outcome alike.
    conf_level : float, optional
        Coverage; that of the fit when left out.

    Returns
    -------
    DataFrame, one row per benchmark and strength
        term, benchmark, strength, r2_exposure and r2_outcome (partial R-squared of the confounder), estimate,
        std_error, statistic, df, p_value, conf_low, conf_high (as adjusted for it), n, n_clusters, conf_level, reason.
        r2_outcome is cut at 1, and reason says so. Where no confounder can be that strong the estimate is missing
        and reason says why.

    Raises
    ------
    ValueError
        An unknown term or benchmark, or strengths that are not positive.
    NotEstimable
        One degree of freedom or less.

    Notes
    -----
    With R2_d and R2_y the partial R-squared of the benchmark with exposure and outcome and a confounder orthogonal to
    the covariates: r2_exposure = k R2_d / (1 - R2_d); with eta = k R2_d^2 / ((1 - k R2_d)(1 - R2_d)),
    r2_outcome = ((sqrt(k) + sqrt(eta)) / sqrt(1 - eta))^2 R2_y / (1 - R2_y). Both follow from X'WX of the fit:
    R2_d = M_dJ M_JJ^-1 M_Jd / M_dd with M its inverse. In R: `sensemakr::ovb_bounds`.

    References
    ----------
    Cinelli & Hazlett (2020), section 4.4, doi:10.1111/rssb.12348

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame(rng.normal(size=(200, 3)), columns=["size", "ex", "cx"])
    >>> data["ex"] += 0.3 * data["size"]
    >>> data["cx"] += 0.5 * data["ex"] + 0.3 * data["size"]
    >>> from exresearch.models.regression import linear_regression
    >>> fit = linear_regression(data, outcome="cx", predictors=["ex", "size"])
    >>> confounder_bounds(fit, term="ex", benchmarks=["size"])["strength"].tolist()
    [1.0, 2.0, 3.0]
    """
    if not isinstance(fit, LinearFit):
        raise ValueError(f"fit must be a LinearFit, got {type(fit).__name__}.")
    level = fit.conf_level if conf_level is None else conf_level
    check_conf_level(level)
    times = [float(value) for value in strengths if is_real(value) and 0.0 < value < np.inf]
    if len(times) != len(list(strengths)) or not times:
        raise ValueError(f"strengths must be a list of positive numbers, got {strengths!r}.")
    found = read_association(fit, term)
    terms = list(fit.design.terms)
    groups = _groups(benchmarks, term, terms)
    inverse = fit.design.to_raw @ fit.design.to_raw.T
    exposure = terms.index(term)
    rows = []
    for name, members in groups.items():
        places = [terms.index(member) for member in members]
        block = inverse[np.ix_(places, places)]
        across = inverse[exposure, places]
        slopes = fit.design.estimate[places]
        r2_d = float(across @ np.linalg.solve(block, across)) / float(inverse[exposure, exposure])
        lost = float(slopes @ np.linalg.solve(block, slopes)) / fit.design.residual_variance
        for strength in times:
            r2_exposure, r2_outcome, reason = _bound(r2_d, lost / found.residual_df, strength)
            row: dict[str, object] = {
                "term": term,
                "benchmark": name,
                "strength": strength,
                "r2_exposure": r2_exposure,
                "r2_outcome": r2_outcome,
            }
            if np.isfinite(r2_exposure):
                adjusted = adjusted_rows(found, np.array([r2_exposure]), np.array([r2_outcome]), level)
                row |= {str(key): value for key, value in adjusted.iloc[0].items()}
            rows.append({**row, "reason": reason})
    table = pd.DataFrame(rows).assign(n=fit.n, n_clusters=fit.n_clusters, conf_level=level)
    return table.reindex(columns=_COLUMNS)


def _bound(r2_d: float, f2_y: float, strength: float) -> tuple[float, float, str | None]:
    """Partial R-squared with exposure and outcome of a confounder so many times as strong, and a reason."""
    r2_exposure = strength * r2_d / (1.0 - r2_d)
    if r2_exposure >= 1.0:
        reason = f"no confounder can be {strength:g} times as strong: it would explain all of the exposure"
        return np.nan, np.nan, reason
    overlap = strength * r2_d**2 / ((1.0 - strength * r2_d) * (1.0 - r2_d))
    r2_outcome = ((np.sqrt(strength) + np.sqrt(overlap)) / np.sqrt(1.0 - overlap)) ** 2 * f2_y
    if r2_outcome > 1.0:
        return r2_exposure, 1.0, f"a confounder {strength:g} times as strong would explain all of the outcome"
    return r2_exposure, float(r2_outcome), None
