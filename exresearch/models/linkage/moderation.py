"""Moderation: for which units the link of EX and CX is stronger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import stdtrit

from exresearch.models.linkage.complete import complete_rows
from exresearch.models.names import as_list
from exresearch.models.regression import LinearFit, linear_combinations, linear_regression
from exresearch.models.regression.design import WorkingVariance
from exresearch.models.regression.estimates import degrees_of_freedom
from exresearch.models.regression.sandwich import Covariance
from exresearch.models.resampling import NotEstimable, is_real

FloatArray = NDArray[np.float64]

# Values of the moderator between which a border of the region is looked for.
_STEPS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Moderation:
    """Interaction, simple slopes and the Johnson-Neyman regions; see `moderation`."""

    table: pd.DataFrame
    regions: pd.DataFrame
    fit: LinearFit


def moderation(
    units: pd.DataFrame,
    *,
    ex: str,
    cx: str,
    moderator: str,
    at: Sequence[float] | None = None,
    covariates: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | None = None,
    covariance: Covariance | None = None,
    working_variance: WorkingVariance = "inverse_weights",
    conf_level: float = 0.95,
) -> Moderation:
    """Slope of CX on EX at different values of a moderator, such as the intensity of customer contact.

    Use it for "the link is stronger where employees meet customers". The interaction is the test; a slope that is
    significant at one value and not at another is none.

    Parameters
    ----------
    units : DataFrame
        One row per unit, or per unit and wave (then with `cluster`). Incomplete rows are left out and counted.
    ex, cx, moderator : str
        Numeric columns; a moderator with two values is coded 0 and 1.
    at : sequence of float, optional
        Values of the moderator, in its own unit, for the simple slopes; without it its (weighted) 10th, 50th and 90th
        percentile, or its values when there are two or three.
    covariates, weights, cluster, covariance, working_variance
        As in `dose_response`.
    conf_level : float
        Coverage, also of the regions.

    Returns
    -------
    Moderation
        `table`, columns as `linear_regression` after moderator (its value, missing for the interaction): interaction
        (change of the slope per unit of the moderator), then slope at each value.
        `regions` (Johnson-Neyman), from the lowest to the highest value of the moderator: low, high, slope
        ('positive', 'negative' or 'undetermined': whether the interval of the slope leaves zero out), share (of the
        units' weight). `fit`: the regression, with EX and moderator centred.

    Raises
    ------
    ValueError
        Columns missing, named twice, not numeric or infinite; weights of zero or below; values that are no numbers.
    NotEstimable
        Fewer than 10 units; EX, moderator or CX without variation, or a product that is a combination of the others.

    Notes
    -----
    slope(m) = b1 + b3 m with variance v11 + 2 m v13 + m^2 v33; the borders are where |slope(m)| is t times its standard
    error, with the degrees of freedom of each slope, found numerically. The region is pointwise, not simultaneous.

    References
    ----------
    Bauer & Curran (2005), Probing interactions in fixed and multilevel regression, doi:10.1207/s15327906mbr4003_5

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> units = pd.DataFrame(rng.normal(size=(150, 2)), columns=["ex", "contact"])
    >>> units["cx"] = (0.5 + 0.4 * units["contact"]) * units["ex"] + rng.normal(0, 0.5, 150)
    >>> moderation(units, ex="ex", cx="cx", moderator="contact").table["term"].tolist()
    ['interaction', 'slope', 'slope', 'slope']
    """
    rows = complete_rows(
        units,
        columns=[ex, cx, moderator],
        covariates=covariates,
        weights=weights,
        cluster=cluster,
        what="a moderated link",
    )
    constant = [name for name, place in ((ex, 0), (moderator, 2)) if np.ptp(rows.matrix[:, place]) == 0.0]
    if constant:
        raise NotEstimable(f"columns {constant} are constant over the complete rows.")
    means = rows.shares @ rows.matrix
    dose, level = rows.matrix[:, 0] - means[0], rows.matrix[:, 2] - means[2]
    frame = pd.DataFrame({"ex": dose, "moderator": level, "product": dose * level})
    others = [f"covariate {name}" for name in covariates]
    frame[others] = rows.matrix[:, 3:]
    frame = frame.assign(**{"the cx": rows.matrix[:, 1], "the weight": rows.weights, "the unit": rows.codes})
    fit = linear_regression(
        frame,
        outcome="the cx",
        predictors=["ex", "moderator", "product", *others],
        weights=None if weights is None else "the weight",
        cluster=None if cluster is None else "the unit",
        covariance=covariance,
        working_variance=working_variance,
        conf_level=conf_level,
    )
    values = _values(at, rows.matrix[:, 2], rows.quantile(2, (0.1, 0.5, 0.9)))
    table = linear_combinations(
        fit,
        combinations={
            "interaction": {"product": 1.0},
            **{f"slope {i}": {"ex": 1.0, "product": value - means[2]} for i, value in enumerate(values)},
        },
    )
    table["term"] = ["interaction", *["slope"] * len(values)]
    table.insert(1, "moderator", [np.nan, *values])
    return Moderation(
        table=table.assign(n_excluded=rows.n_excluded),
        regions=_regions(fit, rows.matrix[:, 2], rows.shares, float(means[2])),
        fit=fit,
    )


def _values(at: object, column: FloatArray, percentiles: FloatArray) -> list[float]:
    if at is None:
        different = np.unique(column)
        return [float(value) for value in (different if len(different) <= 3 else np.unique(percentiles))]
    members = as_list(at)
    if not members or not all(is_real(value) and np.isfinite(value) for value in members):
        raise ValueError(f"at must be a list of values of the moderator, got {at!r}.")
    return [float(value) for value in members]


def _margin(fit: LinearFit, centred: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Slope and half the width of its interval at centred values of the moderator."""
    terms = list(fit.design.terms)
    reach = np.zeros((len(centred), len(terms)))
    reach[:, terms.index("ex")], reach[:, terms.index("product")] = 1.0, centred
    variance = np.einsum("ij,jk,ik->i", reach, fit.covariance.to_numpy(), reach)
    df = degrees_of_freedom(fit.design, fit.covariance_type, reach @ fit.design.to_raw)
    half = stdtrit(df, (1.0 + fit.conf_level) / 2.0) * np.sqrt(np.maximum(variance, 0.0))
    return reach @ fit.coefficients.to_numpy(), half


def _regions(fit: LinearFit, column: FloatArray, share: FloatArray, mean: float) -> pd.DataFrame:
    def gap(value: float, side: float) -> float:
        slope, half = _margin(fit, np.array([value - mean]))
        return float(side * slope[0] - half[0])

    grid = np.linspace(column.min(), column.max(), _STEPS + 1)
    slope, half = _margin(fit, grid - mean)
    borders = [float(grid[0])]
    for side in (1.0, -1.0):
        inside = side * slope - half > 0.0
        borders += [
            float(brentq(gap, grid[place], grid[place + 1], args=(side,), xtol=1e-12))
            for place in np.flatnonzero(inside[1:] != inside[:-1])
        ]
    edges = [*sorted(borders), float(grid[-1])]
    found = []
    for low, high in pairwise(edges):
        middle = (low + high) / 2.0
        word = (
            "positive"
            if gap(middle, 1.0) > 0.0
            else "negative"
            if gap(middle, -1.0) > 0.0
            else "undetermined"
        )
        # The first region holds its lower border, every region its upper one.
        held = (column <= high) & ((column > low) | (low == edges[0]))
        found.append({"low": low, "high": high, "slope": word, "share": float(share[held].sum())})
    return pd.DataFrame(found)
