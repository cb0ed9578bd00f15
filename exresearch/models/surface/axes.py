"""Stationary point and principal axes of a response surface."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exresearch.models.resampling import count_chunks

FloatArray = NDArray[np.float64]

#: What `surface_axes` gives, in its order.
AXES = (
    "stationary_x",
    "stationary_y",
    "first_axis_intercept",
    "first_axis_slope",
    "second_axis_intercept",
    "second_axis_slope",
)
#: Values under test: the first axis is the line of congruence when it runs through the origin at slope 1.
NULLS = (0.0, 0.0, 0.0, 1.0, 0.0, -1.0)
_CELLS = 4_000_000


def surface_axes(coefficients: FloatArray) -> FloatArray:
    """The six figures [..., 6] of `AXES` from b1 to b5 [..., 5]; not finite where a surface has none."""
    b1, b2, b3, b4, b5 = np.moveaxis(np.asarray(coefficients, dtype=np.float64), -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        bowl = 4.0 * b3 * b5 - b4**2
        x, y = (b2 * b4 - 2.0 * b1 * b5) / bowl, (b1 * b4 - 2.0 * b2 * b3) / bowl
        spread = np.hypot(b3 - b5, b4)
        first, second = (b5 - b3 + spread) / b4, (b5 - b3 - spread) / b4
        return np.stack([x, y, y - first * x, first, y - second * x, second], axis=-1)


def axes_gradient(coefficients: FloatArray) -> FloatArray:
    """Derivatives [6, 5] of `surface_axes` by central differences."""
    step = 1e-5 * np.maximum(np.abs(coefficients), 1e-3 * np.abs(coefficients).max())
    moved = np.eye(5) * step
    with np.errstate(invalid="ignore"):
        change = surface_axes(coefficients + moved) - surface_axes(coefficients - moved)
    return np.asarray((change / (2.0 * step[:, None])).T)


def bootstrap_coefficients(
    design: FloatArray,
    outcome: FloatArray,
    weights: FloatArray,
    codes: NDArray[np.int64],
    *,
    n_boot: int,
    seed: int,
) -> FloatArray:
    """Least squares coefficients [B, k] over units drawn with replacement."""
    size, n_units = design.shape[1], int(codes.max()) + 1
    joined = [*np.ascontiguousarray(design.T), outcome]
    products = np.zeros((n_units, size, size + 1))
    # Pair by pair: all products of all rows at once would take more memory than the rows.
    for left in range(size):
        weighted = weights * joined[left]
        for right in range(left, size + 1):
            products[:, left, right] = np.bincount(codes, weighted * joined[right], n_units)
            if right < size:
                products[:, right, left] = products[:, left, right]
    flat = products.reshape(n_units, -1)
    found = []
    for counts in count_chunks(n_units, n_boot=n_boot, seed=seed, max_cells=_CELLS):
        sums = (counts @ flat).reshape(-1, size, size + 1)
        # A replicate whose draws do not hold all columns apart gets the shortest solution, not an exception.
        inverse = np.linalg.pinv(sums[:, :, :size], rcond=1e-12, hermitian=True)
        found.append(np.einsum("bij,bj->bi", inverse, sums[:, :, size]))
    return np.concatenate(found)
