"""How a message counts cells, and which of their values it may name."""

from __future__ import annotations

import pandas as pd

from exresearch.study.problems import NAMEABLE

_SHOWN = 5


def nameable(values: pd.Series) -> list[str]:
    """Return the values that enough rows share to be named in a message, in order, numbers without quotes."""
    counts = values.value_counts()
    common = counts.index[counts >= NAMEABLE].tolist()
    return [f"{value:g}" if isinstance(value, float) else repr(str(value)) for value in sorted(common)]


def named(values: pd.Series) -> str:
    """Return the values that may be named, between brackets; an empty text where there are none."""
    common = nameable(values)
    return f" ({', '.join(common[:_SHOWN])}{' and others' if len(common) > _SHOWN else ''})" if common else ""


def several(marked: pd.Series, one: str, more: str) -> str:
    """Return how many are marked, and the words for one or for more.

    Examples
    --------
    >>> several(pd.Series([True, False]), "date lies", "dates lie")
    '1 date lies'
    """
    count = int(marked.sum())
    return f"{count} {one if count == 1 else more}"


def n_cells(marked: pd.Series, one: str, more: str) -> str:
    """Return how many cells are marked, and what they do."""
    return several(marked, f"cell {one}", f"cells {more}")


def named_of(values: pd.Series, count: int) -> str:
    """Return the values that enough rows share, after a colon, and whether these are all of ``count``."""
    named = nameable(values)
    shown = f": {', '.join(named[:_SHOWN])}" if named else ""
    return shown + (" and others" if named and count > len(named[:_SHOWN]) else "")
