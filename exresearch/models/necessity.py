"""Necessary condition analysis: what must be there for a high outcome, whatever else there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.resampling import NotEstimable, check_whole

FloatArray = NDArray[np.float64]
#: Verbal labels of the effect size (Dul 2016): below 0.1 small, 0.3 medium, 0.5 large, above very large.
NECESSITY_BOUNDS = (0.1, 0.3, 0.5)
_LEAST_ROWS = 10
# Answers permuted at once: 32 MB.
_CELLS_AT_ONCE = 4_000_000


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
    low_x, high_x, low_y, high_y = bounds = _scope(points, scope)
    peers = _peers(points)
    intercept = slope = float("nan")
    accuracy = 1.0
    if method == "ce_fdh":
        area = _step_area(peers, bounds)
    else:
        slope = float(np.polyfit(peers[:, 0], peers[:, 1], 1)[0]) if len(peers) > 1 else 0.0
        intercept = float(peers[:, 1].mean() - slope * peers[:, 0].mean())
        area = _line_area(intercept, slope, bounds) if slope > 0 else 0.0
        accuracy = float(np.mean(points[:, 1] <= intercept + slope * points[:, 0] + 1e-9))
    size = area / ((high_x - low_x) * (high_y - low_y))
    return Ceiling(method, peers, intercept, slope, float(size), accuracy, bounds)


def necessity(
    data: pd.DataFrame,
    *,
    outcome: str,
    conditions: Sequence[str],
    scope: tuple[float, float, float, float] | None = None,
    n_permutations: int = 1000,
    seed: int,
) -> pd.DataFrame:
    """Test for each condition whether it is necessary for the outcome.

    Parameters
    ----------
    data : pandas.DataFrame
        One row per person: rows have to be independent, because the test permutes them. Rows without the outcome or a
        condition are left out for that condition.
    outcome : str
        Numeric column.
    conditions : sequence of str
        Numeric columns.
    scope : tuple of float, optional
        Ends of the scales, (x low, x high, y low, y high); those observed when left out.
    n_permutations : int
        Random pairings of condition and outcome; at least 99.
    seed : int
        Of these.

    Returns
    -------
    pandas.DataFrame
        Per condition and method: ``condition, method, effect_size`` (d), ``p_value`` (share of random pairings with at
        least that d, the observed one counted among them), ``accuracy, n_peers, intercept, slope, n, n_excluded``.

    Raises
    ------
    ValueError
        If columns are missing, or there are fewer than 99 permutations.
    NotEstimable
        If fewer than ten rows have outcome and condition, or one of these does not vary.

    References
    ----------
    Dul, J., van der Laan, E. & Kuik, R. (2020). A statistical significance test for necessary condition analysis.
    *Organizational Research Methods*, 23, 385-395. doi:10.1177/1094428118795272

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({"rating": rng.integers(1, 8, 300)})
    >>> data["enps"] = np.minimum(rng.integers(0, 11, 300), 3 + data["rating"])
    >>> found = necessity(data, outcome="enps", conditions=["rating"], n_permutations=199, seed=1)
    >>> found[["method", "p_value"]].values.tolist()
    [['ce_fdh', 0.005], ['cr_fdh', 0.005]]
    """
    check_whole("n_permutations", n_permutations, least=99)
    absent = [name for name in (outcome, *conditions) if name not in data]
    if absent:
        raise ValueError(f"necessity needs columns that the data lack: {', '.join(absent)}.")
    rows = []
    for number, condition in enumerate(conditions):
        complete = data[[condition, outcome]].dropna().astype("float64")
        if len(complete) < _LEAST_ROWS:
            raise NotEstimable(
                f"{len(complete)} rows are too few to draw a ceiling; {_LEAST_ROWS} are needed."
            )
        x, y = complete[condition].to_numpy(), complete[outcome].to_numpy()
        lines = {method: ceiling_line(x, y, method=method, scope=scope) for method in ("ce_fdh", "cr_fdh")}
        random = _permuted(x, y, scope=scope, n=n_permutations, seed=[seed, number])
        for method, line in lines.items():
            reached = int((random[method] >= line.effect_size - 1e-12).sum())
            rows.append(
                {
                    "condition": condition,
                    "method": method,
                    "effect_size": line.effect_size,
                    "p_value": (1 + reached) / (1 + n_permutations),
                    "accuracy": line.accuracy,
                    "n_peers": len(line.peers),
                    "intercept": line.intercept,
                    "slope": line.slope,
                    "n": len(complete),
                    "n_excluded": len(data) - len(complete),
                }
            )
    return pd.DataFrame(rows)


def bottlenecks(lines: dict[str, Ceiling], *, levels: Sequence[float]) -> pd.DataFrame:
    """Give the lowest value of each condition that goes with each level of the outcome.

    Returns
    -------
    pandas.DataFrame
        One row per level, ``level`` and a column per condition: NaN where nothing is necessary, infinity where the
        condition would have to lie beyond its scale.

    Examples
    --------
    >>> bottlenecks({"rating": ceiling_line([1, 2, 3], [4, 6, 9])}, levels=[4, 5, 9])["rating"].tolist()
    [nan, 2.0, 3.0]
    """
    return pd.DataFrame(
        [{"level": float(y)} | {name: line.required(y) for name, line in lines.items()} for y in levels]
    )


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


def _scope(
    points: FloatArray, scope: tuple[float, float, float, float] | None
) -> tuple[float, float, float, float]:
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


def _line_area(intercept: float, slope: float, scope: tuple[float, float, float, float]) -> float:
    """Area above a rising line and within a rectangle."""
    low_x, high_x, low_y, high_y = scope
    at_floor = np.clip((low_y - intercept) / slope, low_x, high_x)
    at_top = np.clip((high_y - intercept) / slope, low_x, high_x)
    full = (at_floor - low_x) * (high_y - low_y)
    sides = high_y - (intercept + slope * np.array([at_floor, at_top]))
    return float(full + (at_top - at_floor) * sides.mean())


def _permuted(
    x: FloatArray, y: FloatArray, *, scope: tuple[float, float, float, float] | None, n: int, seed: list[int]
) -> dict[str, FloatArray]:
    """Effect sizes of both ceilings for random pairings, all at once: only the highest y at each x matters."""
    rng = np.random.default_rng(seed)
    bounds = _scope(np.column_stack([x, y]), scope)
    low_x, high_x, low_y, high_y = bounds
    values, starts = np.unique(np.sort(x), return_index=True)
    edges = np.diff(np.concatenate([values, [high_x]]))
    whole = (high_x - low_x) * (high_y - low_y)
    sizes: dict[str, list[FloatArray]] = {"ce_fdh": [], "cr_fdh": []}
    per_chunk = max(1, _CELLS_AT_ONCE // len(y))
    for start in range(0, n, per_chunk):
        drawn = rng.permuted(np.tile(y, (min(per_chunk, n - start), 1)), axis=1)
        tops = np.maximum.accumulate(np.maximum.reduceat(drawn, starts, axis=1), axis=1)
        area = (values[0] - low_x) * (high_y - low_y) + (high_y - tops) @ edges
        sizes["ce_fdh"].append(area / whole)
        before = np.column_stack([np.full(len(tops), -np.inf), tops[:, :-1]])
        peers = (tops > before).astype(np.float64)
        count = peers.sum(axis=1)
        mean_x, mean_y = peers @ values / count, (peers * tops).sum(axis=1) / count
        gap = (values[None, :] - mean_x[:, None]) * peers
        square = (gap**2).sum(axis=1)
        slope = np.divide((gap * tops).sum(axis=1), square, out=np.zeros_like(square), where=square > 0)
        lines = [
            _line_area(float(my - b * mx), float(b), bounds) if b > 0 else 0.0
            for b, mx, my in zip(slope, mean_x, mean_y, strict=True)
        ]
        sizes["cr_fdh"].append(np.array(lines) / whole)
    return {method: np.concatenate(found) for method, found in sizes.items()}
