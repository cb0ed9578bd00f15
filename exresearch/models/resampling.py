"""Units drawn with replacement, and when there are too few of them to say anything."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

#: Fewer independent units than this carry no interval worth printing.
MIN_UNITS = 10

# Draws are held as 64-bit integers, so this bounds the scratch memory of `count_chunks` to about 32 MB.
_DRAWS_AT_ONCE = 2_000_000


class NotEstimable(ValueError):
    """The data are well formed but cannot answer the question; the message is the reason to print.

    Callers that must go on (a report, a notebook) catch it and record "not testable" with `str(error)`.
    """


def check_resampling(*, n_boot: int, conf_level: float, seed: int) -> None:
    """Check the three options that every bootstrap here shares.

    Raises
    ------
    ValueError
        `conf_level` is not inside (0, 1), `seed` is negative or not an integer, or `n_boot` is too small
        for the tails of `conf_level`.
    """
    if not 0.0 < conf_level < 1.0:
        raise ValueError(
            f"conf_level must lie strictly between 0 and 1, got {conf_level!r}: use 0.95 for 95 %."
        )
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed must be an integer of 0 or more, got {seed!r}.")
    # The smallest B for which the (B + 1) * alpha / 2-th order statistic exists.
    least = int(np.ceil(2.0 / (1.0 - conf_level) - 1e-9)) - 1
    if isinstance(n_boot, bool) or not isinstance(n_boot, (int, np.integer)) or n_boot < least:
        raise ValueError(
            f"n_boot must be an integer of at least {least} for conf_level={conf_level!r}, got {n_boot!r}: "
            "use 1000 or more for a printed interval."
        )


def count_chunks(
    n_units: int, *, n_boot: int, seed: int, max_cells: int = 20_000_000
) -> Iterator[NDArray[np.int32]]:
    """Yield the rows of `bootstrap_counts` in chunks of at most `max_cells` cells (at least one row)."""
    if n_units < 1:
        raise ValueError(f"n_units must be 1 or more, got {n_units!r}.")
    rng = np.random.default_rng(seed)
    per_chunk = max(1, max_cells // n_units)
    per_draw = max(1, _DRAWS_AT_ONCE // n_units)
    for start in range(0, n_boot, per_chunk):
        size = min(per_chunk, n_boot - start)
        counts = np.empty((size, n_units), dtype=np.int32)
        for first in range(0, size, per_draw):
            rows = min(per_draw, size - first)
            draws = rng.integers(n_units, size=(rows, n_units))
            draws += np.arange(rows)[:, None] * n_units
            counts[first : first + rows] = np.bincount(draws.ravel(), minlength=rows * n_units).reshape(
                rows, n_units
            )
        yield counts


def bootstrap_counts(n_units: int, *, n_boot: int, seed: int) -> NDArray[np.int32]:
    """How often each unit is drawn in each bootstrap replicate.

    Use it when a statistic is a function of sums over units: all replicates are then one matrix product.
    The same `n_units`, `n_boot` and `seed` always give the same counts.

    Parameters
    ----------
    n_units : int
        Number of units U that are drawn with replacement, U draws per replicate.
    n_boot : int
        Number of replicates B.
    seed : int
        Seed of the generator.

    Returns
    -------
    ndarray [B, U] of int32
        Multinomial(U, 1/U) counts; every row sums to U.

    Raises
    ------
    ValueError
        `n_units` or `n_boot` is below 1.

    Examples
    --------
    >>> bootstrap_counts(4, n_boot=2, seed=1).sum(axis=1).tolist()
    [4, 4]
    """
    if n_boot < 1:
        raise ValueError(f"n_boot must be 1 or more, got {n_boot!r}.")
    return np.concatenate(list(count_chunks(n_units, n_boot=n_boot, seed=seed)))
