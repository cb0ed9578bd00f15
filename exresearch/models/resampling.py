"""Units drawn with replacement, and when there are too few of them to say anything."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from numbers import Real

import numpy as np
from numpy.typing import NDArray

#: Fewer independent units than this carry no interval worth printing.
MIN_UNITS = 10

# Counts made at once: 16 MB of scratch memory, which stays near the processor.
_CELLS_AT_ONCE = 2_000_000
# Standard deviations by which the independent draws stay below the number of units (see `bootstrap_counts`).
_MARGIN = 3.0
# Equally likely values of the 16 random bits that a count is looked up by.
_BITS = 2**16


class NotEstimable(ValueError):
    """The data are well formed but cannot answer the question; the message is the reason to print.

    Callers that must go on (a report, a notebook) catch it and record "not testable" with `str(error)`.
    """


def is_whole(value: object) -> bool:
    """Whether a value is a whole number and no truth value."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def check_whole(argument: str, value: int, *, least: int) -> None:
    """Raise ValueError unless the argument is a whole number of at least `least`."""
    if not is_whole(value) or value < least:
        raise ValueError(f"{argument} must be an integer of {least} or more, got {value!r}.")


def is_real(value: object) -> bool:
    """Whether a value is a number, and neither NaN nor a truth value."""
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_)) and not np.isnan(float(value))


def check_conf_level(conf_level: float) -> None:
    """Raise ValueError unless `conf_level` lies in (0, 1)."""
    if not is_real(conf_level) or not 0.0 < conf_level < 1.0:
        raise ValueError(
            f"conf_level must lie strictly between 0 and 1, got {conf_level!r}: use 0.95 for 95 %."
        )


def check_resampling(*, n_boot: int, conf_level: float, seed: int) -> None:
    """Check the three options that every bootstrap here shares.

    Raises
    ------
    ValueError
        `conf_level` is not inside (0, 1), `seed` is negative or not an integer, or `n_boot` is too small
        for the tails of `conf_level`.
    """
    check_conf_level(conf_level)
    check_whole("seed", seed, least=0)
    # The smallest B for which the (B + 1) * alpha / 2-th order statistic exists.
    least = int(np.ceil(2.0 / (1.0 - conf_level) - 1e-9)) - 1
    if not is_whole(n_boot) or n_boot < least:
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
    # Three streams, each read in the order of the replicates, so that the size of a chunk changes nothing.
    bits, refined, added = (np.random.default_rng(stream) for stream in np.random.SeedSequence(seed).spawn(3))
    # Poisson counts of this rate sum to fewer than U but for 1 replicate in 740.
    rate = max(0.0, 1.0 - _MARGIN / np.sqrt(n_units))
    below, table = _poisson_table(rate)
    words = -(-n_units // 4)
    per_chunk = max(1, max_cells // n_units)
    per_draw = max(1, _CELLS_AT_ONCE // n_units)
    for start in range(0, n_boot, per_chunk):
        counts = np.zeros((min(per_chunk, n_boot - start), n_units), dtype=np.int32)
        for first in range(0, len(counts), per_draw):
            part = counts[first : first + per_draw]
            if rate > 0.0:
                drawn = bits.integers(0, 2**64, size=(len(part), words), dtype=np.uint64)
                # Little-endian on every machine, so that the same seed gives the same counts there.
                halves = drawn.astype("<u8", copy=False).view("<u2")[:, :n_units]
                looked_up = table.take(halves)
                open_cells = np.flatnonzero(looked_up < 0)
                share = (halves[np.divmod(open_cells, n_units)] + refined.random(len(open_cells))) / _BITS
                looked_up.reshape(-1)[open_cells] = np.searchsorted(below, share, side="right")
                part[...] = looked_up
            left = n_units - part.sum(axis=1, dtype=np.int32)
            part[left < 0] = 0
            left[left < 0] = n_units
            place = added.integers(n_units, size=int(left.sum()))
            place += np.repeat(np.arange(len(part)) * n_units, left)
            np.add.at(part.reshape(-1), place, np.int32(1))
        yield counts


@lru_cache(maxsize=16)
def _poisson_table(rate: float) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Poisson distribution function, and the count by 16 random bits, -1 where they do not settle it."""
    probability, terms = np.exp(-rate), []
    while probability > 1e-20:
        terms.append(probability)
        probability *= rate / len(terms)
    below = np.cumsum(terms)
    below[-1] = 1.0
    lowest = np.searchsorted(below, np.arange(_BITS) / _BITS, side="right")
    highest = np.searchsorted(below, np.arange(1, _BITS + 1) / _BITS, side="left")
    table = np.where(lowest == highest, lowest, -1).astype(np.int8)
    # Shared by all calls with this rate.
    below.flags.writeable = table.flags.writeable = False
    return below, table


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

    Notes
    -----
    Counts of draws whose number is itself Poisson are independent Poisson counts, which are looked up by 16 random
    bits each (by more bits for the few values that 16 do not settle); given their sum they are multinomial. The rate
    is 1 - 3 / sqrt(U), so that the sum stays below U, and the rest are drawn one by one; a replicate whose sum is
    above U is drawn one by one from the start. The distribution is exact.

    Examples
    --------
    >>> bootstrap_counts(4, n_boot=2, seed=1).sum(axis=1).tolist()
    [4, 4]
    """
    if n_boot < 1:
        raise ValueError(f"n_boot must be 1 or more, got {n_boot!r}.")
    return np.concatenate(list(count_chunks(n_units, n_boot=n_boot, seed=seed)))
