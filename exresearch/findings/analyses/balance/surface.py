"""The response surface as it may be drawn: where enough units lie, and along both of its lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models import ResponseSurface, linear_combinations

FloatArray = NDArray[np.float64]
_DIRECTIONS = np.deg2rad(np.arange(0.0, 360.0, 2.0))
_CELLS, _STEPS = 81, 41
# Angles of the lines x = y and x = -y, the latter towards high x.
_LINES = {"congruence": np.pi / 4, "incongruence": -np.pi / 4}


def shown_region(values: FloatArray, units: pd.Series | NDArray[np.int64], *, min_units: int) -> pd.DataFrame:
    """Return the outline of the region beyond which, on no side, fewer than a minimum of units lie.

    In each of 180 directions the outline lies where the ``min_units``-th unit from outside has its outermost row, so
    that it lies within the convex hull and no part of it can be read back to fewer units.

    Parameters
    ----------
    values : array [n, 2]
        Rows around (0, 0).
    units : pandas.Series or array [n]
        Unit of each row.
    min_units : int
        Least number of units beyond, or on, the line that bounds the region in each of those directions.

    Returns
    -------
    pandas.DataFrame
        ``x, y`` in the order of the outline; empty where there are too few units around the middle.
    """
    ways = np.column_stack([np.cos(_DIRECTIONS), np.sin(_DIRECTIONS)])
    border = _borders(values, pd.factorize(units)[0], ways, min_units=min_units)
    if border is None or (border <= 0.0).any():
        return pd.DataFrame({"x": [], "y": []})
    cosine = ways @ ways.T
    # How far one can go in each direction before one of the lines is met.
    with np.errstate(divide="ignore"):
        radius = np.where(cosine > 1e-9, border[None, :] / np.maximum(cosine, 1e-9), np.inf).min(axis=1)
    return pd.DataFrame({"x": radius * ways[:, 0], "y": radius * ways[:, 1]})


def _borders(
    values: FloatArray, units: NDArray[np.int64], ways: FloatArray, *, min_units: int
) -> FloatArray | None:
    """Reach of the ``min_units``-th unit from outside in each direction; None where there are fewer units."""
    known = units >= 0
    values, units = values[known], units[known]
    n_units = int(units.max(initial=-1)) + 1
    if n_units < min_units:
        return None
    # Answers are whole numbers mostly, so that many rows share a point.
    columns = [pd.factorize(column)[0] for column in values.T]
    codes, points = pd.factorize(columns[0].astype(np.int64) * (int(columns[1].max()) + 1) + columns[1])
    first = np.zeros(len(points), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    places = values[first]
    pairs = np.sort(pd.unique(codes * n_units + units))
    held, owner = np.divmod(pairs, n_units)
    starts = np.searchsorted(held, np.arange(len(points) + 1))
    border = np.empty(len(ways))
    for number, way in enumerate(ways):
        reach = places @ way
        wanted = min(4 * min_units, len(reach))
        while True:
            outer = np.argpartition(reach, len(reach) - wanted)[len(reach) - wanted :]
            found: set[int] = set()
            for point in outer[np.argsort(-reach[outer])].tolist():
                # More than the minimum at one point settle it as well as the minimum does.
                begin = starts[point]
                found.update(owner[begin : min(starts[point + 1], begin + min_units)].tolist())
                if len(found) >= min_units:
                    break
            if len(found) >= min_units:
                border[number] = reach[point]
                break
            wanted = min(4 * wanted, len(reach))
    return border


def surface_grid(surface: ResponseSurface, region: pd.DataFrame) -> pd.DataFrame:
    """Return the predicted outcome on a lattice around the region: ``x, y, estimate`` in standard deviations."""
    if region.empty:
        return pd.DataFrame({"x": [], "y": [], "estimate": []})
    steps = np.linspace(-1.0, 1.0, _CELLS) * float(region.abs().to_numpy().max())
    x, y = (part.ravel() for part in np.meshgrid(steps, steps))
    b = surface.fit.coefficients
    terms = np.column_stack([np.ones(len(x)), x, y, x**2, x * y, y**2])
    names = ["intercept", "x", "y", "x^2", "x*y", "y^2"]
    return pd.DataFrame({"x": x, "y": y, "estimate": terms @ b[names].to_numpy()})


def surface_lines(surface: ResponseSurface, region: pd.DataFrame) -> pd.DataFrame:
    """Return the predicted outcome along both lines, as far as the region goes.

    Parameters
    ----------
    surface : ResponseSurface
        Standardised, without covariates.
    region : pandas.DataFrame
        Of :func:`shown_region`.

    Returns
    -------
    pandas.DataFrame
        ``line`` (``congruence``: x = y; ``incongruence``: y = -x), ``position`` (x) and the estimate schema, in
        standard deviations.
    """
    parts = []
    for line, angle in _LINES.items() if len(region) else ():
        ends = [_distance(region, way) / np.sqrt(2.0) for way in (angle + np.pi, angle)]
        positions = np.linspace(-ends[0], ends[1], _STEPS)
        sign = 1.0 if line == "congruence" else -1.0
        combinations = {
            f"{line} {number}": {
                "intercept": 1.0,
                "x": at,
                "y": sign * at,
                "x^2": at**2,
                "x*y": sign * at**2,
                "y^2": at**2,
            }
            for number, at in enumerate(positions)
        }
        rows = linear_combinations(surface.fit, combinations=combinations)
        parts.append(rows.assign(line=line, position=positions))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"line": [], "position": []})


def _distance(region: pd.DataFrame, angle: float) -> float:
    """How far the outline is from the middle in a direction."""
    x, y = region["x"].to_numpy(), region["y"].to_numpy()
    angles, radius = np.arctan2(y, x), np.hypot(x, y)
    order = np.argsort(angles)
    wanted = (angle + np.pi) % (2 * np.pi) - np.pi
    return float(np.interp(wanted, angles[order], radius[order], period=2 * np.pi))
