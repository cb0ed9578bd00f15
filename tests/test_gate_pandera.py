"""The gate against an independent judge: pandera, with a schema made from the same codebook, on spoilt tables.

Forty-eight tables get some two hundred changes of cells, keys and columns; both must refuse the same tables, for the
same columns. Pandera is not the gate itself: see docs/dependencies.md.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.errors
import pandera.pandas as pa
import pytest

from exresearch.study import Codebook, StudyError, TableSource, Variable, check_tables, read_table
from exresearch.study.tables import Table

UNITS = [f"Unit {letter}" for letter in "ABCDE"]
KEY = "person and wave"


def variable(column: str, role: str, **more: Any) -> Variable:
    return Variable(table="employees", column=column, role=role, **more)


CODEBOOK = Codebook(
    variables=(
        variable("id", "person"),
        variable("team", "unit"),
        variable("round", "wave"),
        variable("w", "weight"),
        variable("q", "item", construct="q", minimum=1, maximum=7, missing=(9, "n.v.t.")),
        variable("r", "outcome", construct="r", minimum=0, maximum=10, missing=(99,)),
        variable("d", "driver", block="other", minimum=-2, maximum=2),
        variable("v", "item", construct="v", minimum=1, maximum=3, values={"Low": 1, "Middle": 2, "High": 3}),
        variable("boss", "flag"),
        variable("calls", "count", missing=(-1,)),
        variable("took", "duration"),
        variable("since", "date"),
        variable("kind", "category"),
        variable("told", "text"),
    ),
    constructs={},
)


def good(rng: np.random.Generator) -> pd.DataFrame:
    """Thirty sheets as cells of text, all in order, some blank or a missing code where that is allowed."""
    size = 30

    def some(cells: list[str], *more: str) -> list[str]:
        return rng.choice([*cells, *cells, *more], size).tolist()

    scale = [str(n) for n in range(1, 8)]
    return pd.DataFrame(
        {
            "id": [f"p{n}" for n in range(size)],
            "team": some(UNITS, ""),
            "round": some(["1", "2"]),
            "w": some(["1", "0.5", "2e0"]),
            "q": some(scale, "", "9", "n.v.t."),
            "r": some([*scale, "0", "10", "7.5"], "", "99"),
            "d": some(["-2", "0", "1.25"], " "),
            "v": some(["low", "High", " MIDDLE "], "2", ""),
            "boss": some(["0", "1"], ""),
            "calls": some(["0", "12"], "-1", ""),
            "took": some(["250", "-3", "0"], "0:04:10", ""),
            "since": some(["2020-02-29", "1-9-2019"], ""),
            "kind": some(["fixed", "hired"], ""),
            "told": some(["all is well", "1900"], ""),
        }
    )


SPOILT: dict[str, tuple[str, ...]] = {
    "team": ("Unit F", "unit a", ""),
    "w": ("0", "-1", "", "one", "inf"),
    "q": ("0", "8", "99", "often", "inf", "6.5", "-9"),
    "r": ("11", "-0.5", "x", "9", ""),
    "d": ("-3", "2.01", "none", "-2.0"),
    "v": ("Highest", "4", "lo w", "1", "HIGH"),
    "boss": ("2", "yes", "0.0", "0.5"),
    "calls": ("-2", "many", "3.5", "-inf"),
    "took": ("soon", "1:2:3", "12", "inf"),
    "since": ("1899-12-31", "2021-02-29", "01/02/2020", "1-13-2020", "2020-06-01", "soon"),
    "kind": ("other", "12"),
    "told": ("anything", "-1"),
}


def spoil(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Up to ten changes, any of which may well be legal."""
    for _ in range(int(rng.choice([0, 1, 3, 6, 10]))):
        kind = rng.random()
        if kind < 0.1 and len(frame.columns) > 1:
            frame = frame.drop(columns=str(rng.choice(frame.columns)))
        elif kind < 0.3 and {"id", "round"} <= set(frame.columns):
            one, other = rng.integers(0, len(frame), 2)
            frame.loc[one, "id"] = rng.choice([frame.loc[other, "id"], ""])
        else:
            column = str(rng.choice(list(SPOILT)))
            if column in frame:
                rows = rng.integers(0, len(frame), int(rng.choice([1, 1, 7])))
                frame.loc[rows, column] = str(rng.choice(SPOILT[column]))
    return frame


def is_date(cell: str) -> bool:
    """A date of 1900 or later, as the standard library reads it."""
    for form in ("%Y-%m-%d", "%d-%m-%Y"):
        try:
            return time.strptime(cell, form).tm_year >= 1900
        except ValueError:
            continue
    return False


def number(of: Variable) -> Callable[[str], float]:
    """Number of a cell, with what the codebook and a clock make of it; NaN for text."""

    def read(cell: str) -> float:
        hours, *rest = cell.split(":")
        if of.role == "duration" and len(rest) == 2 and all(len(part) == 2 for part in rest):
            return int(hours) * 3600 + int(rest[0]) * 60 + int(rest[1])
        for text, value in of.values.items():  # noqa: PD011 - a field of the codebook
            if text.lower() == cell.lower():
                return value
        try:
            return float(cell)
        except ValueError:
            return math.nan

    return read


def is_legal(of: Variable) -> Callable[[str], bool]:
    """What the codebook says of one cell of a column of numbers."""
    read = number(of)
    low, high = (0.0, 1.0) if of.role == "flag" else (of.minimum, of.maximum)

    def legal(cell: str) -> bool:
        value = read(cell)
        if (
            not math.isfinite(value)
            or (of.role == "weight" and value <= 0)
            or (of.role == "count" and value < 0)
        ):
            return False
        return low is None or high is None or low <= value <= high

    return legal


def as_schema(codebook: Codebook, *, units: list[str]) -> pa.DataFrameSchema:
    """The codebook in pandera's words, over cells of text."""
    columns: dict[str, pa.Column] = {}
    for v in codebook.variables:
        checks: list[pa.Check] = []
        if v.role == "unit":
            checks = [pa.Check.isin(units)]
        elif v.role == "date":
            checks = [pa.Check(is_date, element_wise=True)]
        elif v.role not in ("person", "wave", "category", "text"):
            checks = [pa.Check(is_legal(v), element_wise=True)]
        columns[v.column] = pa.Column(str, checks, nullable=v.role != "weight", required=True)

    def once(frame: pd.DataFrame) -> bool:
        keys = [name for name in ("id", "round") if name in frame]
        return "id" not in keys or not frame.dropna(subset=keys).duplicated(keys).any()

    return pa.DataFrameSchema(columns, checks=pa.Check(once, name=KEY))


def judged_by_pandera(path: Path) -> set[str]:
    """Columns that pandera refuses; ``KEY`` for persons that repeat."""
    cells = pd.read_csv(path, dtype="str", keep_default_na=False)
    cells = cells.apply(lambda column: column.str.strip()).replace("", None)
    for v in CODEBOOK.variables:
        if v.column in cells and v.missing:
            cells[v.column] = cells[v.column].where(
                ~cells[v.column].isin([str(code) for code in v.missing]), None
            )
    try:
        as_schema(CODEBOOK, units=UNITS).validate(cells.astype("str"), lazy=True)
    except pandera.errors.SchemaErrors as error:
        found = error.failure_cases
        missing = found[found["check"] == "column_in_dataframe"]["failure_case"]
        named = found[found["check"] != "column_in_dataframe"]
        refused = {KEY if row.check == KEY else str(row.column) for row in named.itertuples()}
        return refused | set(missing.astype("str"))
    return set()


def judged_by_the_gate(path: Path) -> set[str]:
    """Columns that the gate refuses, by the names in the file."""
    source = TableSource.model_validate({"file": path.name})
    known = Table("units", pd.DataFrame({"unit": UNITS}, dtype="str"), "units.csv", (), {}, 5, {})
    try:
        table = read_table([(path, source)], name="employees", codebook=CODEBOOK)
    except StudyError as error:
        return {problem.place for problem in error.problems}
    try:
        check_tables({"employees": table, "units": known})
    except StudyError as error:
        names = {"unit": "team", "person": KEY}
        return {names.get(problem.place, problem.place) for problem in error.problems}
    return set()


@pytest.mark.parametrize("block", range(4))
def test_the_gate_and_pandera_refuse_the_same_tables(block: int, tmp_path: Path) -> None:
    refused = 0
    for seed in range(12 * block, 12 * block + 12):
        rng = np.random.default_rng(seed)
        path = tmp_path / f"{seed}.csv"
        spoil(good(rng), rng).to_csv(path, index=False)
        ours, theirs = judged_by_the_gate(path), judged_by_pandera(path)
        columns = {v.column for v in CODEBOOK.variables}
        assert bool(ours) == bool(theirs), seed
        if ours & columns - {"team"}:
            # References and keys are looked at once every column is in order.
            theirs -= {"team", KEY}
            ours -= {"team", KEY}
        assert ours == theirs, seed
        refused += bool(ours)
    assert 4 <= refused <= 11
