"""Labels beside points, so that none covers another label or a point."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_POINT, _INCH, _LEADING = 0.055, 72.0, 1.22
_ROUNDS = 6
# Inches that other points keep from a label; and what it costs, in inches, to lie on a thin line, to lie on a line that
# divides the panel, and to stand on the other side of it than the point.
_CLEAR, _ON_LINE, _ON_CUT, _ACROSS = 0.13, 0.2, 2.0, 1.0
# Parts of the way to a label that are looked at, and what it costs to be over another point or label there.
_ALONG, _OVER = (0.25, 0.5, 0.75), 0.6
_ANGLES = np.linspace(0, 2 * np.pi, 24, endpoint=False)
_COSINES, _SINES = np.cos(_ANGLES), np.sin(_ANGLES)
_DISTANCES = (0.08, 0.11, 0.15, 0.19, 0.24, 0.3, 0.36, 0.43, 0.5, 0.7, 0.95, 1.25, 1.6)


def wrapped(label: str, *, width: int, lines: int) -> str:
    """Break a label into at most ``lines`` lines of ``width`` characters; what is left over becomes an ellipsis."""
    return "\n".join(textwrap.wrap(label, width, max_lines=lines, placeholder=" …", break_long_words=False))


def balanced(label: str, *, width: int, lines: int) -> str:
    """Break a label as :func:`wrapped` does, into lines of about the same length."""
    best = wrapped(label, width=width, lines=lines)
    count = best.count("\n")
    for narrower in range(width - 1, len(label) // (count + 1) - 1, -1):
        tried = wrapped(label, width=max(narrower, 1), lines=lines)
        if tried.count("\n") > count or tried.split() != best.split():
            break
        best = tried
    return best


@lru_cache(maxsize=4096)
def text_size(text: str, *, points: float, bold: bool = False) -> tuple[float, float]:
    """Width and height in inches of text in matplotlib's own font, which is wider than the reader's."""
    face = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal", size=points)
    parts = text.split("\n")
    width = max(text_to_path.get_text_width_height_descent(part or " ", face, False)[0] for part in parts)
    return float(width) / _INCH + 0.04, len(parts) * points * _LEADING / _INCH


def place_labels(
    points: FloatArray,
    sizes: Sequence[tuple[float, float]],
    *,
    width: float,
    height: float,
    taken: Sequence[tuple[float, float, float, float]] = (),
    thin: Sequence[tuple[float, float, float, float]] = (),
    cuts: tuple[float, float] | None = None,
    reach: float | None = None,
) -> FloatArray:
    """Find room for one label per point.

    Every label starts at the nearest free place around its point; then each is taken up and put down again where it
    costs least, a few times over. That is done with the most crowded point first, from below and from above, and the
    cheapest of the three stays. The same points always give the same places.

    Parameters
    ----------
    points : array [n, 2]
        Inches from the lower left corner of the panel.
    sizes : sequence of (width, height)
        Of each label, in inches.
    width, height : float
        Of the panel, in inches.
    taken : sequence of (left, bottom, right, top)
        Where no label may be.
    thin : sequence of (left, bottom, right, top)
        Lines that a label had better not lie on.
    cuts : (x, y), optional
        A vertical and a horizontal line that divide the panel: labels stay on the side of their point where they can.
    reach : float, optional
        Inches from its point that a label may be; anywhere in the panel when left out.

    Returns
    -------
    ndarray [n, 4]
        Left, bottom, right and top of each label.
    """
    count = len(points)
    marks = np.column_stack([points - _POINT, points + _POINT])
    fixed = np.vstack([marks, np.asarray(taken, dtype=float).reshape(-1, 4)])
    lines = np.asarray(thin, dtype=float).reshape(-1, 4)
    gaps = np.linalg.norm(points[:, None, :] - points[None, :, :], axis=2)
    crowded = np.lexsort([np.arange(count), np.sort(gaps, axis=1)[:, : min(4, count)].sum(axis=1)])
    upwards = np.lexsort([points[:, 0], points[:, 1]])

    candidates = [
        _candidates(point, size, width, height, reach) for point, size in zip(points, sizes, strict=True)
    ]

    def alone(index: int, boxes: FloatArray) -> FloatArray:
        """What boxes cost wherever the other labels are."""
        costs = _cost(boxes, points[index], fixed, np.delete(points, index, axis=0))
        costs += _ON_LINE * (overlap(boxes, lines) > 0).sum(axis=1)
        return costs if cuts is None else costs + _cut_cost(boxes, points[index], cuts)

    # What runs to each candidate is looked at again for every label that is moved.
    ways = [_ways(boxes, point) for boxes, point in zip(candidates, points, strict=True)]

    def among(index: int, own: FloatArray, way: FloatArray, boxes: FloatArray) -> FloatArray:
        others = ~np.isnan(boxes[:, 0])
        others[index] = False
        return _label_cost(own, way, boxes[others])

    costs = [alone(index, boxes) for index, boxes in enumerate(candidates)]
    best, least = np.full((count, 4), np.nan), np.inf
    for order in (crowded, upwards, upwards[::-1]):
        boxes, chosen = np.full((count, 4), np.nan), np.zeros(count, dtype=np.intp)
        for _ in range(_ROUNDS):
            before = boxes.copy()
            for index in order:
                chosen[index] = (costs[index] + among(index, candidates[index], ways[index], boxes)).argmin()
                boxes[index] = candidates[index][chosen[index]]
            if np.array_equal(before, boxes):
                break
        total = sum(
            float(costs[index][at] + among(index, boxes[[index]], ways[index][..., [at], :], boxes)[0])
            for index, at in enumerate(chosen)
        )
        if total < least - 1e-9:
            best, least = boxes, total
    return best


def astray(boxes: FloatArray, point: FloatArray, cuts: tuple[float, float]) -> FloatArray:
    """How many of the two dividing lines keep each of the boxes [a, 4] from its point: across or on the line."""
    count = np.zeros(len(boxes))
    for axis, cut in enumerate(cuts):
        beyond = boxes[:, axis] < cut if point[axis] >= cut else boxes[:, axis + 2] > cut
        count += beyond
    return count


def _cut_cost(boxes: FloatArray, point: FloatArray, cuts: tuple[float, float]) -> FloatArray:
    on = sum(
        ((boxes[:, axis] < cut) & (boxes[:, axis + 2] > cut)).astype(float) for axis, cut in enumerate(cuts)
    )
    return np.asarray(_ACROSS * astray(boxes, point, cuts) + (_ON_CUT - _ACROSS) * on)


def overlap(first: FloatArray, second: FloatArray) -> FloatArray:
    """Area that each of the boxes [a, 4] has in common with each of the boxes [b, 4]."""
    across = np.minimum(first[:, None, 2], second[None, :, 2]) - np.maximum(
        first[:, None, 0], second[None, :, 0]
    )
    along = np.minimum(first[:, None, 3], second[None, :, 3]) - np.maximum(
        first[:, None, 1], second[None, :, 1]
    )
    return np.asarray(np.maximum(across, 0) * np.maximum(along, 0))


def nearest(box: FloatArray, point: FloatArray) -> FloatArray:
    """The place on a box that is nearest to a point, where a line from the point ends."""
    return np.array([np.clip(point[0], box[0], box[2]), np.clip(point[1], box[1], box[3])])


def _candidates(
    point: FloatArray, size: tuple[float, float], width: float, height: float, reach: float | None
) -> FloatArray:
    """Boxes around the point and, without a limit, all over the panel for when it is crowded there."""
    wide, high = size
    distances = np.array([d for d in _DISTANCES if reach is None or d <= reach])[:, None]
    x, y = point[0] + distances * _COSINES, point[1] + distances * _SINES
    # The side of the box that faces the point touches the circle.
    left = x - wide * (0.5 - 0.5 * np.clip(1.6 * _COSINES, -1, 1))
    bottom = y - high * (0.5 - 0.5 * np.clip(1.6 * _SINES, -1, 1))
    corners = np.column_stack([left.ravel(), bottom.ravel()])
    if reach is None:
        across, along = np.arange(0, width - wide, 0.12), np.arange(0, height - high, 0.09)
        everywhere = np.column_stack([np.repeat(across, len(along)), np.tile(along, len(across))])
        corners = np.vstack([corners, everywhere])
    boxes = np.column_stack([corners, corners + np.array(size)])
    inside = (boxes[:, 0] >= 0) & (boxes[:, 1] >= 0) & (boxes[:, 2] <= width) & (boxes[:, 3] <= height)
    return boxes[inside] if inside.any() else boxes[:1]


def _cost(boxes: FloatArray, point: FloatArray, fixed: FloatArray, points: FloatArray) -> FloatArray:
    """What the boxes [a, 4] cost as a label of a point, by the other points and what lies in the panel."""
    ends = _ends(boxes, point)
    cost = np.linalg.norm(ends - point, axis=1) + 1000.0 * overlap(boxes, fixed).sum(axis=1)
    # A label that is nearer to another point reads as if it were that one's.
    (left, bottom, right, top), (x, y) = boxes.T[:, :, None], points.T
    apart = np.hypot(
        np.maximum(np.maximum(left - x, x - right), 0), np.maximum(np.maximum(bottom - y, y - top), 0)
    )
    cost += 5.0 * np.maximum(_CLEAR - apart, 0).sum(axis=1)
    # A line that runs over another point or label reads as if it belonged there.
    for share in _ALONG:
        way = point + share * (ends - point)
        near = np.linalg.norm(way[:, None, :] - points[None, :, :], axis=2)
        cost += _OVER * (near < 0.07).sum(axis=1)
    # To the right reads best.
    return np.asarray(cost + 0.03 * (boxes[:, 0] < point[0]))


def _ways(boxes: FloatArray, point: FloatArray) -> FloatArray:
    """Places on the way from a point to each of the boxes [a, 4]: x and y [2, parts, a, 1]."""
    ends = _ends(boxes, point)
    return np.stack([(point + share * (ends - point)).T for share in _ALONG], axis=1)[..., None]


def _label_cost(boxes: FloatArray, way: FloatArray, labels: FloatArray) -> FloatArray:
    """What the boxes [a, 4], with the way to each, cost beside the labels [b, 4] of other points."""
    # A sliver of air between labels.
    cost = 1000.0 * overlap(boxes, labels + np.array([-0.03, -0.015, 0.03, 0.015])).sum(axis=1)
    left, bottom, right, top = labels.T
    x, y = way
    for over in ((x > left) & (x < right) & (y > bottom) & (y < top)).sum(axis=2):
        cost += _OVER * over
    return np.asarray(cost)


def _ends(boxes: FloatArray, point: FloatArray) -> FloatArray:
    """The place on each box that is nearest to a point."""
    return np.asarray(np.minimum(np.maximum(point, boxes[:, :2]), boxes[:, 2:]))
