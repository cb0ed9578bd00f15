"""Response surface of two congruent measures: what agreement and disagreement of x and y go with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.linkage.complete import CompleteRows, complete_rows
from exresearch.models.regression import LinearFit, linear_combinations, linear_regression
from exresearch.models.regression.design import WorkingVariance
from exresearch.models.regression.sandwich import Covariance
from exresearch.models.resampling import NotEstimable, check_resampling, is_real
from exresearch.models.surface.axes import bootstrap_coefficients
from exresearch.models.surface.shape import POLYNOMIAL, axes_table, joint_tests, side_shares

FloatArray = NDArray[np.float64]
Scale = Literal["midpoint", "grand_mean", "standardised"]

#: Slopes and curvatures along the lines x = y and x = -y (a1 to a4), and b3 - b5 (a5).
LINES = {
    "congruence_slope": {"x": 1.0, "y": 1.0},
    "congruence_curvature": {"x^2": 1.0, "x*y": 1.0, "y^2": 1.0},
    "incongruence_slope": {"x": 1.0, "y": -1.0},
    "incongruence_curvature": {"x^2": 1.0, "x*y": -1.0, "y^2": 1.0},
    "axis_difference": {"x^2": 1.0, "y^2": -1.0},
}
_COPY = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class ResponseSurface:
    """A polynomial regression and what its surface looks like; see `response_surface`.

    Attributes
    ----------
    lines : DataFrame
        Slopes and curvatures along the lines of congruence and incongruence, in the estimate schema.
    coefficients : DataFrame
        Intercept, b1 to b5 and covariates, in the estimate schema.
    axes : DataFrame
        Stationary point and principal axes.
    tests : DataFrame
        Joint tests: second_order, difference_score, squared_difference; reason where clusters are too few for one.
    balance : DataFrame
        Share of rows on either side of the line x = y.
    centre : (float, float)
        What was taken off x and y.
    fit : LinearFit
    """

    lines: pd.DataFrame
    coefficients: pd.DataFrame
    axes: pd.DataFrame
    tests: pd.DataFrame
    balance: pd.DataFrame
    centre: tuple[float, float]
    fit: LinearFit


def _limits(argument: str, limits: object) -> tuple[float, float]:
    pair = list(limits) if isinstance(limits, Sequence) and not isinstance(limits, str) else []
    if (
        len(pair) != 2
        or not all(is_real(value) and np.isfinite(value) for value in pair)
        or pair[0] >= pair[1]
    ):
        raise ValueError(
            f"{argument} must be the lowest and highest possible answer, as in (1, 7), got {limits!r}: without a "
            "common scale give scale='standardised'."
        )
    return float(pair[0]), float(pair[1])


def _centred(
    rows: CompleteRows, *, names: tuple[str, str], scale: str, x_limits: object, y_limits: object
) -> tuple[FloatArray, tuple[float, float], tuple[float, float]]:
    """X and y on one scale around a common point [n, 2], with centre and divisor of each."""
    values, share = rows.matrix[:, 1:3], rows.shares
    mean = share @ values
    if scale == "standardised":
        sd = np.sqrt(share @ (values - mean) ** 2)
        return (values - mean) / sd, (float(mean[0]), float(mean[1])), (float(sd[0]), float(sd[1]))
    low, high = _limits("x_limits", x_limits)
    if (low, high) != _limits("y_limits", y_limits):
        raise ValueError(
            f"'{names[0]}' and '{names[1]}' are on different scales ({x_limits!r} and {y_limits!r}), so that being "
            "equal has no meaning: rescale both to one scale first, or give scale='standardised' to compare positions "
            "relative to others."
        )
    for name, column in zip(names, values.T, strict=True):
        outside = int(((column < low) | (column > high)).sum())
        if outside:
            raise ValueError(
                f"column '{name}' holds {outside} values outside its limits {low:g} to {high:g}: correct them, or "
                "the limits."
            )
    centre = (low + high) / 2.0 if scale == "midpoint" else float(mean.mean())
    return values - centre, (centre, centre), (1.0, 1.0)


def _refuse_difference_scores(rows: CompleteRows, names: Sequence[str]) -> None:
    """Refuse columns that are a difference of x and y in disguise."""
    x, y = rows.matrix[:, 1], rows.matrix[:, 2]
    gap = x - y
    found = []
    for name, column in zip(names, rows.matrix.T, strict=True):
        for score in (gap, np.abs(gap), gap**2):
            if name in names[1:3] or not (np.ptp(column) > 0.0 and np.ptp(score) > 0.0):
                continue
            if 1.0 - abs(float(np.corrcoef(column, score)[0, 1])) < _COPY:
                found.append(name)
                break
    if found:
        raise ValueError(
            f"columns {found} are difference scores of '{names[1]}' and '{names[2]}', which hide what each of them "
            "does: leave them out, the surface holds them as a special case."
        )


def response_surface(
    data: pd.DataFrame,
    *,
    outcome: str,
    x: str,
    y: str,
    x_limits: tuple[float, float] | None = None,
    y_limits: tuple[float, float] | None = None,
    scale: Scale = "midpoint",
    cluster: str | None = None,
    weights: str | None = None,
    covariates: Sequence[str] = (),
    covariance: Covariance | None = None,
    working_variance: WorkingVariance = "constant",
    n_boot: int = 1000,
    conf_level: float = 0.95,
    seed: int,
) -> ResponseSurface:
    """Polynomial regression of an outcome on two measures, and the surface it draws.

    Use it for balance or fit of EX and CX: whether an outcome differs when one outruns the other, which a difference
    score cannot tell from an effect of either. Read the lines only where rows lie on both sides of x = y (`balance`).

    Parameters
    ----------
    data : DataFrame
        One row per unit, or per unit and wave (then with `cluster`). Incomplete rows are left out and counted.
    outcome, x, y : str
        Numeric columns; x and y on one scale.
    x_limits, y_limits : (float, float)
        Lowest and highest possible answer of each, in their unit; needed unless standardised.
    scale : {'midpoint', 'grand_mean', 'standardised'}
        Zero is the middle of the scale, or the mean of x and y together; both get the same, so that x = y stays where
        it is. 'standardised' takes all three columns as z scores: congruence is then an equal position among others.
    cluster, weights, covariates, covariance, working_variance
        As in `linear_regression`; covariates are numeric.
    n_boot, conf_level, seed : int, float, int
        Replicates (units) for the axes, coverage and seed.

    Returns
    -------
    ResponseSurface
        `lines`: congruence_slope (a1 = b1 + b2), congruence_curvature (a2 = b3 + b4 + b5), incongruence_slope
        (a3 = b1 - b2; positive: the outcome is higher where x exceeds y), incongruence_curvature (a4 = b3 - b4 + b5;
        negative: lower the further apart) and axis_difference (a5 = b3 - b5), columns as `linear_regression`.
        `axes`: stationary_x, stationary_y, intercept and slope of the first and second principal axis (p10, p11, p20,
        p21), std_error (delta method), null, p_value, conf_low and conf_high (expanded percentile bootstrap); a
        surface near a plane has none, and its intervals are then very wide or missing. `tests`: joint tests of the
        three second-order terms, and of what a difference score (b1 = -b2, others 0) and a squared difference
        (b1 = b2 = 0, b3 = b5 = -b4 / 2) take for granted. `balance`: group, n, share (weighted); far is more than half
        a standard deviation.

    Raises
    ------
    ValueError
        Columns or options at fault, x and y on different scales, values outside the limits, or a column that is a
        difference score.
    NotEstimable
        Fewer than 10 units, x or y without variation, or powers that are exact combinations (x and y that take too few
        values).

    Notes
    -----
    z = b0 + b1 x + b2 y + b3 x^2 + b4 x y + b5 y^2. Congruence in the strict sense needs p10 = 0 and p11 = 1 (a3 = 0
    and a5 = 0 imply it), a4 < 0, and a1 = a2 = 0. In R: `RSA::RSA(z ~ x * y, data)`.

    References
    ----------
    Edwards & Parry (1993), doi:10.2307/256822; Humberg, Nestler & Back (2019), Response surface analysis in
    personality and social psychology, doi:10.1177/1948550618757600

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> units = pd.DataFrame(rng.uniform(1, 7, (200, 2)), columns=["ex", "cx"])
    >>> units["retention"] = 5 - 0.5 * (units["ex"] - units["cx"]) ** 2 + rng.normal(size=200)
    >>> surface = response_surface(
    ...     units, outcome="retention", x="ex", y="cx", x_limits=(1, 7), y_limits=(1, 7), seed=1
    ... )
    >>> surface.lines["estimate"].round(0).tolist()[3]
    -2.0
    """
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    if scale not in ("midpoint", "grand_mean", "standardised"):
        raise ValueError(f"scale must be 'midpoint', 'grand_mean' or 'standardised', got {scale!r}.")
    rows = complete_rows(
        data,
        columns=[outcome, x, y],
        covariates=covariates,
        weights=weights,
        cluster=cluster,
        what="a response surface",
    )
    names = [outcome, x, y, *covariates]
    constant = [name for name, column in zip(names, rows.matrix.T, strict=True) if np.ptp(column) == 0.0]
    if constant:
        raise NotEstimable(f"columns {constant} are constant over the complete rows.")
    clash = sorted(set(POLYNOMIAL) & set(covariates))
    if clash:
        raise ValueError(f"covariates {clash} have the name of a term of the surface: rename them.")
    _refuse_difference_scores(rows, names)
    values, centre, _ = _centred(rows, names=(x, y), scale=scale, x_limits=x_limits, y_limits=y_limits)
    z = rows.matrix[:, 0]
    if scale == "standardised":
        z = (z - rows.shares @ z) / np.sqrt(rows.shares @ (z - rows.shares @ z) ** 2)
    powers = np.column_stack(
        [values, values[:, 0] ** 2, values[:, 0] * values[:, 1], values[:, 1] ** 2, rows.matrix[:, 3:]]
    )
    # Names of its own for outcome, weights and cluster, with which no covariate can collide.
    frame = pd.DataFrame(powers, columns=[*POLYNOMIAL, *covariates])
    frame = frame.assign(
        **{"outcome of the surface": z, "weight of the row": rows.weights, "unit of the row": rows.codes}
    )
    fit = linear_regression(
        frame,
        outcome="outcome of the surface",
        predictors=[*POLYNOMIAL, *covariates],
        weights=None if weights is None else "weight of the row",
        cluster=None if cluster is None else "unit of the row",
        covariance=covariance,
        working_variance=working_variance,
        conf_level=conf_level,
    )
    replicates = bootstrap_coefficients(
        np.column_stack([np.ones(len(powers)), powers]), z, rows.weights, rows.codes, n_boot=n_boot, seed=seed
    )[:, 1:6]
    axes = axes_table(fit, replicates, n_units=rows.n_units, conf_level=conf_level)
    return ResponseSurface(
        lines=linear_combinations(fit, combinations=LINES).assign(n_excluded=rows.n_excluded),
        coefficients=fit.table.assign(n_excluded=rows.n_excluded),
        axes=axes.assign(n_excluded=rows.n_excluded),
        tests=joint_tests(fit).assign(n_excluded=rows.n_excluded),
        balance=side_shares(values, rows.shares),
        centre=centre,
        fit=fit,
    )
