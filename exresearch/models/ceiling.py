"""The ceiling over a scatter: the line above which hardly anything is observed, and the empty space above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]
#: Verbal labels of the effect size (Dul 2016): below 0.1 small, 0.3 medium, 0.5 large, above very large.
NECESSITY_BOUNDS = (0.1, 0.3, 0.5)


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The line above which there are no, or hardly any, observations.

    Attributes
    ----------
    method : {"ce_fdh", "cr_fdh"}
        Step function through the highest observations, or the straight line fitted to its corners.
    peers : array [K, 2]
        Corners (x, y) of the step function, from the lowest x on.
    intercept, slope : float
        Of the straight line; NaN for the step function.
    effect_size : float
        d: the empty space above the line as a part of the scope; 0 where nothing is necessary.
    accuracy : float
        Share of observations on or below the line; 1 for the step function.
    scope : tuple of float
        Lowest and highest x, lowest and highest y.
    """

    method: str
    peers: FloatArray
    intercept: float
    slope: float
    effect_size: float
    accuracy: float
    scope: tuple[float, float, float, float]

    def required(self, y: float) -> float:
        """Lowest x that goes with an outcome of y: NaN where none is needed, infinity beyond the scope.

        Examples
        --------
        >>> ceiling_line([1, 2, 3], [4, 6, 9]).required(5)
        2.0
        """
        low_x, high_x, _, _ = self.scope
        if self.method == "ce_fdh":
            enough = self.peers[self.peers[:, 1] >= y - 1e-12]
            # Above the highest outcome nobody can tell what it would take.
            x = float(enough[0, 0]) if len(enough) else float("inf")
        elif not self.slope > 0:
            return float("nan")
        else:
            x = (y - self.intercept) / self.slope
        if x <= low_x + 1e-12:
            return float("nan")
        return x if x <= high_x + 1e-12 else float("inf")


def ceiling_line(
    x: Sequence[float] | FloatArray | pd.Series,
    y: Sequence[float] | FloatArray | pd.Series,
    *,
    method: str = "ce_fdh",
    scope: tuple[float, float, float, float] | None = None,
) -> Ceiling:
    """Draw the ceiling over a scatter of a condition and an outcome.

    Use it to ask whether a high outcome occurs without the condition. A slope says what goes with more on average; a
    ceiling says what is never seen without. One mistaken answer can lift it, which `accuracy` of the straight
    line and the number of peers help to see.

    Parameters
    ----------
    x, y : sequence of float [n]
        Condition and outcome of each observation, without missing values.
    method : {"ce_fdh", "cr_fdh"}
        Ceiling envelopment (free disposal hull), a step function that never falls, fit for answers on scales; or
        ceiling regression, the least-squares line through its corners.
    scope : tuple of float, optional
        Lowest and highest possible x and y; those observed when left out.

    Returns
    -------
    Ceiling

    Raises
    ------
    ValueError
        If the method is not known, lengths differ, values are missing, or the scope leaves observations out.
    NotEstimable
        If x or y does not vary.

    Notes
    -----
    ``d = C / S``: C the area above the line within the scope S. In R: ``NCA::nca_analysis(data, x, y, ceilings =
    c("ce_fdh", "cr_fdh"), scope = ...)``.

    References
    ----------
    Dul, J. (2016). Necessary condition analysis (NCA). *Organizational Research Methods*, 19, 10-52.
    doi:10.1177/1094428115584005

    Examples
    --------
    >>> ceiling_line([1, 2, 3], [4, 6, 9]).effect_size
    0.8
    """
    if method not in ("ce_fdh", "cr_fdh"):
        raise ValueError(f"method must be 'ce_fdh' or 'cr_fdh', got {method!r}.")
    points = _points(x, y)
    low_x, high_x, low_y, high_y = bounds = scope_of(points, scope)
    peers = _peers(points)
    intercept = slope = float("nan")
    accuracy = 1.0
    if method == "ce_fdh":
        area = _step_area(peers, bounds)
    else:
        slope = float(np.polyfit(peers[:, 0], peers[:, 1], 1)[0]) if len(peers) > 1 else 0.0
        intercept = float(peers[:, 1].mean() - slope * peers[:, 0].mean())
        area = float(line_area(np.array(intercept), np.array(slope), bounds)) if slope > 0 else 0.0
        accuracy = float(np.mean(points[:, 1] <= intercept + slope * points[:, 0] + 1e-9))
    size = area / ((high_x - low_x) * (high_y - low_y))
    return Ceiling(method, peers, intercept, slope, float(size), accuracy, bounds)


def _points(
    x: Sequence[float] | FloatArray | pd.Series, y: Sequence[float] | FloatArray | pd.Series
) -> FloatArray:
    one, other = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if one.ndim != 1 or one.shape != other.shape:
        raise ValueError(f"x and y must be of the same length, got shapes {one.shape} and {other.shape}.")
    points = np.column_stack([one, other])
    if not np.isfinite(points).all():
        raise ValueError("x and y must be finite: leave out what is missing first.")
    if not len(points) or (points.max(axis=0) <= points.min(axis=0)).any():
        raise NotEstimable("the condition or the outcome does not vary.")
    return points


def scope_of(
    points: FloatArray, scope: tuple[float, float, float, float] | None
) -> tuple[float, float, float, float]:
    """Ends of x and of y: those given, or those observed."""
    (low_x, low_y), (high_x, high_y) = points.min(axis=0), points.max(axis=0)
    if scope is None:
        return float(low_x), float(high_x), float(low_y), float(high_y)
    if low_x < scope[0] or high_x > scope[1] or low_y < scope[2] or high_y > scope[3]:
        raise ValueError(f"scope {scope!r} leaves observations out; give the ends of both scales.")
    return scope


def _peers(points: FloatArray) -> FloatArray:
    """Corners of the step function: points with a higher y than all points of the same or a lower x."""
    ordered = points[np.lexsort((-points[:, 1], points[:, 0]))]
    before = np.concatenate([[-np.inf], np.maximum.accumulate(ordered[:, 1])[:-1]])
    return ordered[ordered[:, 1] > before]


def _step_area(peers: FloatArray, scope: tuple[float, float, float, float]) -> float:
    low_x, high_x, low_y, high_y = scope
    # Left of the first observation even the lowest outcome was not seen.
    edges = np.concatenate([[low_x], peers[:, 0], [high_x]])
    heights = np.concatenate([[low_y], peers[:, 1]])
    return float(np.sum(np.diff(edges) * (high_y - heights)))


def line_area(
    intercept: FloatArray, slope: FloatArray, scope: tuple[float, float, float, float]
) -> FloatArray:
    """Area above each of some rising lines and within a rectangle."""
    low_x, high_x, low_y, high_y = scope
    at_floor = np.clip((low_y - intercept) / slope, low_x, high_x)
    at_top = np.clip((high_y - intercept) / slope, low_x, high_x)
    full = (at_floor - low_x) * (high_y - low_y)
    beside = high_y - intercept - slope * (at_floor + at_top) / 2.0
    return np.asarray(full + (at_top - at_floor) * beside)
