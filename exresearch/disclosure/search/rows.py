"""Rows of a study's tables, recognised by a few of their values side by side."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.study.problems import NAMEABLE

# Rows that would hold the same values by chance, below which they are no chance.
_CHANCE = 1e-3
_FEWEST = 3
_LONGEST = 60
_DECIMAL = re.compile(r"[+-]?\d+,\d+")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
# As fit indices and p-values are written; an answer is not.
_STATISTIC = re.compile(r"[+-]?[01][.,]00+")
_LABELLED = re.compile(r"(.*)[:=](.*)", re.DOTALL)
_AROUND = " \t\r\n'\"[](){}"


class TableRows:
    """The values of one or more tables, column by column.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Tables with one row per person, answer sheet or unit.
    """

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self._columns: list[list[tuple[dict[str, int], NDArray[np.signedinteger], NDArray[np.float64]]]] = []
        self._sizes: list[int] = []
        for frame in tables.values():
            if len(frame) and frame.shape[1] >= _FEWEST:
                self._columns.append([_coded(frame.iloc[:, place]) for place in range(frame.shape[1])])
                self._sizes.append(len(frame))
        self._names = frozenset(str(name) for frame in tables.values() for name in frame.columns)
        self._values = frozenset(
            value for columns in self._columns for codes, _, _ in columns for value in codes
        )
        # Pages repeat their numbers and words.
        self._compared: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"TableRows({self._sizes})"

    def holds(self, parts: Sequence[str]) -> bool:
        """Say whether three or more values in a row are those of one row, and not so by chance.

        Parameters
        ----------
        parts : sequence of str
            Texts that stand side by side.

        Returns
        -------
        bool
            True where fewer than five rows of a table have these values in columns side by side, and so many rows would
            be expected to have them by chance as is next to none.
        """
        run: list[str] = []
        for part in [*parts, ""]:
            known = self._compared.get(part)
            if known is None:
                known = self._compared[part] = self._value(part) if len(part) <= _LONGEST else ""
            value = known
            if value and value in self._values:
                run.append(value)
                continue
            if len(run) >= _FEWEST and self._in_a_row(run):
                return True
            run = []
        return False

    def _value(self, part: str) -> str:
        """A value as it is compared; none where it is said to be something else than a column."""
        labelled = _LABELLED.fullmatch(part)
        if labelled is None:
            return "" if _STATISTIC.fullmatch(part.strip(_AROUND)) else _plain(part)
        return _plain(labelled.group(2)) if labelled.group(1).strip(_AROUND) in self._names else ""

    def _in_a_row(self, run: Sequence[str]) -> bool:
        for columns, size in zip(self._columns, self._sizes, strict=True):
            for start in range(len(run) - _FEWEST + 1):
                for first in range(len(columns) - _FEWEST + 1):
                    if _revealed(run[start:], columns[first:], size):
                        return True
        return False


def _revealed(
    run: Sequence[str],
    columns: Sequence[tuple[dict[str, int], NDArray[np.signedinteger], NDArray[np.float64]]],
    size: int,
) -> bool:
    known: list[tuple[NDArray[np.signedinteger], int]] = []
    expected, values = float(size), []
    for value, (codes, rows, shares) in zip(run, columns, strict=False):
        code = codes.get(value)
        if code is None:
            break
        known.append((rows, code))
        values.append(value)
        expected *= float(shares[code])
        if len(known) < _FEWEST or expected > _CHANCE or _counts_on(values):
            continue
        same = np.flatnonzero(known[0][0] == known[0][1])
        for others, sought in known[1:]:
            same = same[others[same] == sought]
        if len(same) < NAMEABLE:
            return len(same) > 0
    return False


def _counts_on(values: Sequence[str]) -> bool:
    """Whether numbers go on by equal steps, as the codes of a scale do."""
    if not all(_NUMBER.fullmatch(value) for value in values):
        return False
    steps = {round(float(b) - float(a), 9) for a, b in pairwise(values)}
    return len(steps) == 1


def _coded(column: pd.Series) -> tuple[dict[str, int], NDArray[np.signedinteger], NDArray[np.float64]]:
    codes, uniques = pd.factorize(column)
    names = [_text(value) for value in uniques]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    # As small as it goes: a wide table of a million rows is held once more, as numbers.
    kind = np.min_scalar_type(-max(len(numbers), 1))
    again = np.array([numbers[name] for name in names] + [-1], dtype=kind)
    rows = again[codes]
    counts = np.bincount(rows[rows >= 0], minlength=max(len(numbers), 1))
    return numbers, rows, counts / max(len(column), 1)


def _text(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return value.isoformat() if value != value.normalize() else value.date().isoformat()
    if isinstance(value, float | np.floating) and math.isfinite(value):
        return _plain(repr(float(value)))
    return _plain(str(value))


def _plain(text: str) -> str:
    """A value as it is compared: without quotes, brackets, or zeros after the decimal point."""
    if text.isalnum() and not text.isdecimal():
        return text.casefold()
    value = text.strip(_AROUND)
    if _DECIMAL.fullmatch(value):
        value = value.replace(",", ".")
    if _NUMBER.fullmatch(value):
        return repr(float(value)).removesuffix(".0")
    return value.casefold()
