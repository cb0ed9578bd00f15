"""Parquet files of every column type come out cell by cell; what cannot be an answer is refused by name."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Collection
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from pandas.testing import assert_frame_equal

from exresearch.commands import console
from exresearch.study import StudyError, load_study
from exresearch.study.importers import RawTable
from exresearch.study.importers.parquet import read_parquet
from exresearch.study.parameters import TableSource
from exresearch.study.paths import absent
from exresearch.study.remarks import Remark


def raw(path: Path, columns: Collection[str] | None = None) -> RawTable:
    return read_parquet(path, columns=columns, source=TableSource.model_validate({"file": path.name}))


def refusal(path: Path, columns: Collection[str] | None = None) -> str:
    with pytest.raises(StudyError) as caught:
        raw(path, columns)
    return "\n".join(str(problem) for problem in caught.value.problems)


@pytest.mark.parametrize("row_group_size", [1, 1000])
def test_every_type_of_column(tmp_path: Path, row_group_size: int) -> None:
    day, zone = dt.date(2024, 2, 29), "Europe/Amsterdam"
    moment = dt.datetime(2024, 2, 29, 22, 30, tzinfo=dt.UTC)
    table = pa.table(
        {
            "int8": pa.array([1, None, 7], pa.int8()),
            "int64": pa.array([2**53 + 1, None, -3]),
            "uint64": pa.array([2**63 + 1, None, 1], pa.uint64()),
            "half": pa.array(np.array([1.5, np.nan, 2.5], dtype="float16")),
            "float": pa.array([0.1, None, 1e300]),
            "decimal": pa.array([Decimal("1.25"), None, Decimal("2.50")]),
            "category": pa.array(["north", None, "south"]).dictionary_encode(),
            "coded": pa.array([5, None, 6], pa.int16()).dictionary_encode(),
            "text": pa.array(["é", None, ""], pa.large_string()),
            "flag": pa.array([True, None, False]),
            "day": pa.array([day, None, dt.date(1600, 1, 1)]),
            "moment": pa.array([moment, None, moment], pa.timestamp("us", zone)),
            "clock": pa.array([dt.time(1, 2, 3), None, dt.time(0)], pa.time32("s")),
            "took": pa.array([1500, None, 0], pa.duration("ms")),
            "nothing": pa.nulls(3),
            "a.b": pa.array([1.0, None, 2.0]),
        }
    )
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=row_group_size)
    found = raw(path)
    golden = pd.DataFrame(
        {
            "int8": [1.0, np.nan, 7.0],
            "int64": pd.array([2**53 + 1, None, -3], dtype="Int64"),
            "uint64": pd.array([2**63 + 1, None, 1], dtype="UInt64"),
            "half": np.array([1.5, np.nan, 2.5], dtype="float32"),
            "float": [0.1, np.nan, 1e300],
            "decimal": [1.25, np.nan, 2.5],
            "category": pd.Series(["north", None, "south"], dtype="str"),
            "coded": [5.0, np.nan, 6.0],
            "text": pd.Series(["é", None, ""], dtype="str"),
            "flag": pd.array([True, None, False], dtype="boolean"),
            "day": pd.Series(["2024-02-29", None, "1600-01-01"], dtype="datetime64[ms]"),
            "moment": pd.Series(
                ["2024-02-29 23:30", None, "2024-02-29 23:30"], dtype="datetime64[us]"
            ).dt.tz_localize(zone),
            "clock": [3723.0, np.nan, 0.0],
            "took": [1.5, np.nan, 0.0],
            "nothing": pd.Series([None] * 3, dtype="str"),
            "a.b": [1.0, np.nan, 2.0],
        }
    )
    assert_frame_equal(found.frame, golden)
    assert (found.present, found.layout) == (tuple(golden), "parquet")
    assert found.remarks == (
        Remark("", "a.parquet", "clock", "times_in_seconds", 2),
        Remark("", "a.parquet", "took", "times_in_seconds", 2),
    )


def test_a_frame_of_pandas_with_a_named_index_comes_back(tmp_path: Path) -> None:
    frame = pd.DataFrame({"unit": ["a", "b"], "q": [1, 7], "kind": pd.Categorical(["x", "y"])}).set_index(
        "unit"
    )
    frame.to_parquet(tmp_path / "a.parquet")
    expected = pd.DataFrame({"q": pd.array([1, 7], dtype="Int64"), "kind": ["x", "y"], "unit": ["a", "b"]})
    assert_frame_equal(raw(tmp_path / "a.parquet").frame, expected.astype({"kind": "str", "unit": "str"}))


def test_only_wanted_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"c": [1.5], "a": [[1]], "b": ["x"]}), path)
    found = raw(path, {"b", "c", "absent"})
    assert_frame_equal(found.frame, pd.DataFrame({"c": [1.5], "b": pd.Series(["x"], dtype="str")}))
    assert found.present == ("c", "a", "b")
    assert raw(path, {"absent"}).frame.shape == (1, 0)


def test_what_cannot_be_an_answer_is_refused_by_name_and_told_where_nobody_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table(
        {
            "q": [1.5],
            "choices": [["a", "b"]],
            "place": [{"x": 1}],
            "pairs": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int8())),
            "photo": [b"\0"],
        }
    )
    pq.write_table(table, path)
    remedy = "Write one plain value per cell, or leave the column out."
    assert refusal(path, set(table.column_names)) == "\n".join(
        f"a.parquet: {name}: the column holds {what}, which is no answer. {remedy}"
        for name, what in (
            ("choices", "lists"),
            ("place", "records"),
            ("pairs", "records"),
            ("photo", "bytes"),
        )
    )
    found = raw(path)
    assert_frame_equal(found.frame, pd.DataFrame({"q": [1.5]}))
    assert [str(remark) for remark in found.remarks][:1] == [
        "a.parquet: choices: It is not clear what this column holds: the column holds lists, which is no answer."
    ]


def test_a_column_that_stands_twice_is_refused_where_it_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table([[1.5], [2.5], [3.5]], names=["q", "q", "r"]), path)
    assert (
        refusal(path, {"q"})
        == "a.parquet: q: the heading has this column more than once. Rename or remove one."
    )
    assert raw(path, {"r"}).frame["r"].tolist() == [3.5]


def test_a_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "answers.parquet"
    folder.mkdir()
    assert refusal(folder) == "answers.parquet: this is a folder, not a file. Name the file."
    pq.write_table(pa.table({"q": [1]}), folder / "part-0.parquet")
    assert [
        str(problem) for problem in absent("tables.units", folder, "answers.parquet", file="study.yaml")
    ] == [
        "study.yaml: tables.units: 'answers.parquet' is a folder of Parquet files, not a file. "
        "List its files one by one, below this table."
    ]


def test_an_empty_or_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.touch()
    assert refusal(path) == "a.parquet: the file is empty (0 bytes). Export it again."
    pq.write_table(pa.table({"q": list(range(1000)), "t": ["x"] * 1000}), path)
    whole = path.read_bytes()
    for kept in (4, 100, len(whole) - 9):
        path.write_bytes(whole[:kept])
        assert refusal(path) == "a.parquet: not a readable Parquet file. Export it again."
    changed = bytearray(whole)
    changed[4:60] = bytes(56)
    path.write_bytes(changed)
    assert refusal(path) == "a.parquet: not a readable Parquet file. Export it again."


def test_progress_is_told_per_file_and_per_column(client: Any) -> None:
    steps: list[tuple[str, int, int]] = []
    load_study(client.write(), on_progress=lambda *step: steps.append(step))
    tables = {"employees": 9, "customers": 3, "units": 4}
    assert steps == [(name, done, 1 + n) for name, n in tables.items() for done in range(1, n + 2)]


def test_a_study_reads_every_format_alike(client: Any) -> None:
    client.load()
    by_csv = client.load().tables["employees"]
    frame, folder = client.tables["employees"], client.folder
    frame.to_excel(folder / "employees.xlsx", index=False)
    # Written from the same frame by odfpy: see tests/written/make.py.
    shutil.copy(Path(__file__).parent / "written" / "employees.ods", folder / "employees.ods")
    frame.to_parquet(folder / "employees.parquet")
    pyreadstat.write_sav(frame, str(folder / "employees.sav"))
    for suffix in ("xlsx", "ods", "parquet", "sav"):
        client.settings["tables"]["employees"] = f"employees.{suffix}"
        assert_frame_equal(client.load().tables["employees"], by_csv)


def test_an_error_of_a_spreadsheet_is_refused_unless_the_codebook_lists_it(client: Any) -> None:
    people = client.tables["employees"]
    people["team"] = people["team"].mask(people.index == 3, "#N/A")
    people["needs"] = people["needs"].astype("object").mask(people.index < 2, "#DIV/0!")
    remedy = "Correct the formulas, or list the error under 'missing' in the codebook."
    assert client.refusal() == (
        "2 problems with this study:\n"
        f"- employees.csv: team: 1 cell holds an error of the spreadsheet (#N/A). {remedy}\n"
        f"- employees.csv: needs: 2 cells hold errors of the spreadsheet (#DIV/0!). {remedy}"
    )
    for name, code in (("team", "#N/A"), ("needs", "#DIV/0!")):
        client.variables[f"employees.{name}"]["missing"] = [code]
    assert int(client.load().tables["employees"]["needs"].isna().sum()) == 2


def test_a_category_of_bands_that_became_dates_is_refused(client: Any) -> None:
    units = client.tables["units"].assign(kind=pd.Timestamp("2024-05-01"))
    client.settings["tables"]["units"] = "units.xlsx"
    client.write()
    units.to_excel(client.folder / "units.xlsx", index=False)
    assert client.refusal() == (
        "1 problem with this study:\n- units.xlsx: kind: a category is expected, but the column holds dates. "
        "Spreadsheets make dates of texts such as '1-5': correct them, or the role."
    )


def test_the_bar_shows_itself_after_two_seconds() -> None:
    now = 0.0
    bar = console.LateProgress(get_time=lambda: now, auto_refresh=False)
    bar.add_task("study.yaml", total=None)
    assert list(bar.get_renderables()) == []
    now = 2.5
    assert len(list(bar.get_renderables())) == 1
