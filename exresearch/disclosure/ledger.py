"""What a report has shown: one entry for each table, figure and sentence."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.disclosure.groups import Groups
from exresearch.disclosure.hiding.primary import limits

Kind = Literal["groups", "estimates", "words"]


@dataclass(frozen=True, slots=True)
class Total:
    """What is known of a measure in one group.

    Attributes
    ----------
    measure : str
        What was measured.
    low, high : float
        Lowest and highest value that one answer can have.
    total : float or None
        Sum over the group's answers: mean times number. None where it is hidden.
    within : float
        Half the width of what rounding leaves open.
    """

    measure: str
    low: float
    high: float
    total: float | None
    within: float = 0.0


@dataclass(frozen=True, slots=True)
class Cell:
    """A group of people and what was shown of it.

    Attributes
    ----------
    group : mapping of str to str
        Dimensions and their values; none for everybody.
    n : float or None
        Answers behind it; None where it is hidden or the count is itself a measure.
    totals : tuple of Total
    """

    group: Mapping[str, str]
    n: float | None
    totals: tuple[Total, ...]
    hidden: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """What one table or figure shows.

    Attributes
    ----------
    name : str
        What the table is called.
    kind : {"groups", "estimates", "words"}
        Groups of people; estimates from all people together; no numbers.
    population : str
        Who is counted.
    least : float or None
        Smallest number of people behind a shown row.
    cells : tuple of Cell
        Empty but for groups. Holds nothing that is hidden but its name.
    distribution : bool
        Whether rows count the people who gave an answer, so that counts are answers.
    """

    name: str
    kind: Kind
    population: str = ""
    least: float | None = None
    cells: tuple[Cell, ...] = ()
    distribution: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the entry as plain data."""
        cells = [
            {
                "group": dict(cell.group),
                "n": cell.n,
                "hidden": cell.hidden,
                "totals": [[t.measure, t.low, t.high, t.total, t.within] for t in cell.totals],
            }
            for cell in self.cells
        ]
        return {
            "name": self.name,
            "kind": self.kind,
            "population": self.population,
            "least": self.least,
            "cells": cells,
            "distribution": self.distribution,
        }


def _entry(record: Mapping[str, Any]) -> Entry:
    cells = tuple(
        Cell(
            group=dict(cell["group"]),
            n=cell["n"],
            totals=tuple(Total(*values) for values in cell["totals"]),
            hidden=bool(cell["hidden"]),
        )
        for cell in record["cells"]
    )
    return Entry(
        name=record["name"],
        kind=record["kind"],
        population=record["population"],
        least=record["least"],
        cells=cells,
        distribution=bool(record["distribution"]),
    )


def ledger_text(entries: Sequence[Entry]) -> str:
    """Return entries as one text: a notebook is read and written many times, and a text is left as it is.

    Parameters
    ----------
    entries : sequence of Entry

    Returns
    -------
    str
        JSON; :func:`read_ledger` reads it back.
    """
    return json.dumps([entry.as_json() for entry in entries], ensure_ascii=False, separators=(",", ":"))


def read_ledger(text: str) -> list[Entry]:
    """Read entries back.

    Parameters
    ----------
    text : str
        From :func:`ledger_text`.

    Returns
    -------
    list of Entry

    Raises
    ------
    ValueError
        If it is no JSON.
    KeyError
        If a record is not one of an entry.
    """
    return [_entry(record) for record in json.loads(text)]


def entry_of(
    frame: pd.DataFrame,
    *,
    name: str,
    count: str | None,
    counts: NDArray[np.float64],
    hidden: NDArray[np.bool_],
    groups: Groups | None,
    rounded: Mapping[str, float],
) -> Entry:
    """Make the entry of a frame that is released.

    Parameters
    ----------
    frame : pandas.DataFrame
        As it was before anything was hidden.
    name : str
        What the table is called.
    count : str or None
        Column with the counts.
    counts : numpy.ndarray, shape (rows,)
        People behind each row.
    hidden : numpy.ndarray of bool, shape (rows,)
        Rows whose numbers are not shown.
    groups : Groups or None
        Who is in each row.
    rounded : mapping of str to float
        Columns that were rounded, and to what.

    Returns
    -------
    Entry
    """
    seen = counts[~hidden & np.isfinite(counts)]
    seen = seen[seen > 0]
    least = float(seen.min()) if seen.size else None
    if groups is None:
        kind: Kind = "words" if np.isnan(counts).all() and count is None else "estimates"
        return Entry(name, kind, least=least)
    columns = {
        column: (
            measure,
            *limits(frame, measure),
            pd.to_numeric(frame[column], errors="coerce").to_numpy("float64", na_value=np.nan),
        )
        for column, measure in groups.measures.items()
    }
    names = _groups(frame, groups)
    slack = rounded.get(count or "", 0.0) / 2
    # Looked up once, not once more for every row.
    of_each = {c: frame[m.each].array for c, (m, *_) in columns.items() if m.each}
    answers = frame[groups.answer].array if groups.answer else None
    questions = frame[groups.answered].array if groups.answered in frame.columns else None
    cells = []
    for row, group in enumerate(names):
        secret = bool(hidden[row])
        n = None if secret or not math.isfinite(counts[row]) else float(counts[row])
        totals = []
        for column, (measure, low, high, values) in columns.items():
            which = f"{measure.name}: {of_each[column][row]}" if measure.each else measure.name
            known = n is not None and math.isfinite(values[row])
            total = float(values[row] * (n or 0.0)) if known else None
            within = (n or 0.0) * rounded.get(column, 0.0) / 2 + slack * max(abs(low[row]), abs(high[row]))
            totals.append(Total(which, float(low[row]), float(high[row]), total, float(within)))
        if answers is not None:
            question = groups.answered if questions is None else str(questions[row])
            answer = f"{question} = {answers[row]}"
            cells.append(Cell(group, None, (Total(answer, 0.0, 1.0, n, slack), *totals), secret))
        else:
            cells.append(Cell(group, n, tuple(totals), secret))
    return Entry(name, "groups", groups.population, least, tuple(cells), bool(groups.answer))


def _groups(frame: pd.DataFrame, groups: Groups) -> Sequence[dict[str, str]]:
    found: list[dict[str, str]] = [dict(groups.fixed) for _ in range(len(frame))]
    for dimension, column in groups.by.items():
        for group, value in zip(found, frame[column], strict=True):
            if not (pd.api.types.is_scalar(value) and pd.isna(value)):
                group[dimension] = str(value)
    if groups.pairs is not None:
        dimensions, values = (frame[column] for column in groups.pairs)
        for group, dimension, value in zip(found, dimensions, values, strict=True):
            if not (pd.api.types.is_scalar(value) and pd.isna(value)):
                group[str(dimension)] = str(value)
    return found
