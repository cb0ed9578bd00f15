"""What was promised and what was delivered on one scale, and the surface of an outcome over both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.findings.analyses.answer_sheets import AnswerSheets
from exresearch.measures import score_method
from exresearch.models import NotEstimable, ResponseSurface, response_surface
from exresearch.models.surface.shape import POLYNOMIAL
from exresearch.study import Study

OUTCOME, DELIVERY, PROMISE = "outcome", "delivery", "promise"
#: Sheets furthest from the middle of the cloud that one check leaves out.
OUTERMOST = 0.025


@dataclass(frozen=True, slots=True)
class TwoSides:
    """Sheets with delivery and promise in units that they share.

    Attributes
    ----------
    sheets : AnswerSheets
        ``outcome, delivery, promise``; the last two as answered, divided by the standard deviation that both have in
        common, or each in its own standard deviations where the scales differ. Waves have mean 0.
    limits : (float, float) or None
        Ends of the common scale in those units; None where the scales differ.
    unit : dict of str to (float, float)
        Of each side: value at zero of the surface, and what one unit is, on the scale of the answers.
    """

    sheets: AnswerSheets
    limits: tuple[float, float] | None
    unit: dict[str, tuple[float, float]]


def two_sides(study: Study, sheets: AnswerSheets) -> TwoSides:
    """Bring delivery and promise to one unit.

    On one scale "as much as was promised" means the same answer, which standardising each side by itself would undo;
    where the scales differ it can only mean an equal position among all.

    Parameters
    ----------
    study : Study
        The client.
    sheets : AnswerSheets
        With ``outcome, delivery, promise``.

    Returns
    -------
    TwoSides
    """
    waves = sheets.frame[sheets.waves] - sheets.frame[sheets.waves].mean()
    frame = sheets.frame.assign(**{str(name): waves[name] for name in waves})
    means = {score_method(study.codebook, side) for side in (DELIVERY, PROMISE)} == {"mean"}
    if not means or sheets.ends[DELIVERY] != sheets.ends[PROMISE]:
        unit = {side: (sheets.means[side], sheets.spreads[side]) for side in (DELIVERY, PROMISE)}
        return TwoSides(replace(sheets, frame=frame), None, unit)
    low, high = sheets.ends[DELIVERY]
    spread = float(np.sqrt(np.mean([sheets.spreads[side] ** 2 for side in (DELIVERY, PROMISE)])))
    frame = frame.assign(**{side: sheets.raw[side] / spread for side in (DELIVERY, PROMISE)})
    # A hair of room, as the ends divided and the answers divided may differ in the last digit.
    limits = (low / spread - 1e-9, high / spread + 1e-9)
    unit = dict.fromkeys((DELIVERY, PROMISE), ((low + high) / 2.0, spread))
    return TwoSides(replace(sheets, frame=frame), limits, unit)


def surface_of(
    sides: TwoSides,
    *,
    frame: pd.DataFrame | None = None,
    more: tuple[str, ...] = (),
    conf_level: float,
    n_boot: int,
    seed: int,
) -> ResponseSurface | None:
    """Estimate the surface of the outcome over delivery (x) and promise (y), with waves held the same.

    Parameters
    ----------
    sides : TwoSides
        Of :func:`two_sides`.
    frame : pandas.DataFrame, optional
        Other sheets in the same units.
    more : tuple of str
        Columns held the same as well.
    conf_level, n_boot, seed
        As :func:`exresearch.models.response_surface`.

    Returns
    -------
    ResponseSurface or None
        None where it cannot be estimated.
    """
    sheets = sides.sheets
    data = sheets.frame if frame is None else frame
    waves = [name for name in sheets.waves if np.ptp(data[name].to_numpy()) > 0.0]
    try:
        return response_surface(
            data,
            outcome=OUTCOME,
            x=DELIVERY,
            y=PROMISE,
            x_limits=sides.limits,
            y_limits=sides.limits,
            scale="standardised" if sides.limits is None else "midpoint",
            cluster=sheets.cluster,
            weights=sheets.weight,
            covariates=[*waves, *more],
            n_boot=n_boot,
            conf_level=conf_level,
            seed=seed,
        )
    except NotEstimable:
        return None


def without_outermost(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which sheets are left without those furthest from the middle of both sides, by Mahalanobis distance."""
    values = frame[[DELIVERY, PROMISE]].to_numpy()
    away = values - values.mean(axis=0)
    distance = np.einsum("ij,jk,ik->i", away, np.linalg.pinv(np.cov(values.T)), away)
    kept: NDArray[np.bool_] = distance <= np.quantile(distance, 1.0 - OUTERMOST)
    return kept


def with_powers(sides: TwoSides) -> pd.DataFrame:
    """Return the sheets with the five terms of the surface, and half the gap and half the sum in place of x and y.

    The slope of half the gap, the sum held the same, is the slope along the line of incongruence: b1 x + b2 y =
    (b1 + b2) (x + y) / 2 + (b1 - b2) (x - y) / 2.
    """
    frame = sides.sheets.frame
    x, y = frame[DELIVERY], frame[PROMISE]
    if sides.limits is None:
        weights = frame[sides.sheets.weight] if sides.sheets.weight else None
        x, y = _standardised(x, weights), _standardised(y, weights)
    else:
        x, y = x - float(np.mean(sides.limits)), y - float(np.mean(sides.limits))
    terms = dict(zip(POLYNOMIAL[2:], (x**2, x * y, y**2), strict=True))
    return frame.assign(gap=(x - y) / 2.0, level=(x + y) / 2.0, **terms)


def _standardised(values: pd.Series, weights: pd.Series | None) -> pd.Series:
    mean = float(np.average(values, weights=weights))
    spread = float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))
    return (values - mean) / (spread if spread > 0.0 else 1.0)
