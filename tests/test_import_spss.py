"""SPSS files written by pyreadstat come out cell by cell, with labels, and declared codes missing and counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from pandas.testing import assert_frame_equal

from exresearch.study import StudyError
from exresearch.study.importers import RawTable
from exresearch.study.importers.spss import read_spss
from exresearch.study.parameters import TableSource

LONG = "how_satisfied_are_you_with_your_work_in_general_this_year"


def raw(path: Path, columns: Collection[str] | None = None, **settings: Any) -> RawTable:
    return read_spss(
        path, columns=columns, source=TableSource.model_validate({"file": path.name, **settings})
    )


def refusal(path: Path, **settings: Any) -> str:
    with pytest.raises(StudyError) as caught:
        raw(path, **settings)
    return "\n".join(str(problem) for problem in caught.value.problems)


def texts(*cells: str | None) -> pd.Series:
    return pd.Series(cells, dtype="str")


@pytest.mark.parametrize(("suffix", "compress"), [("sav", False), ("sav", True), ("zsav", True)])
def test_every_cell_and_every_label(tmp_path: Path, suffix: str, compress: bool) -> None:
    path = tmp_path / f"answers.{suffix}"
    frame = pd.DataFrame(
        {
            "unit": ["Zürich   ", "Noord", "", "XX", "Noord", "x" * 300],
            "q1": [1.0, 7.0, 9.0, 98.0, 99.0, np.nan],
            "q2": [-1.0, 2.0, 3.0, -3.0, 5.0, 6.0],
            "day": [dt.date(2024, 2, 29), dt.date(1899, 12, 31), None, dt.date(2024, 1, 1), None, None],
            "moment": pd.to_datetime(["2024-02-29 23:59:59", None, None, None, None, "1970-01-01 00:00:00"]),
            "took": [dt.time(0, 1, 30), None, dt.time(23, 59, 59), None, None, None],
            LONG: [0.1, 1 / 3, -1e-12, 123456789.125, 0.0, 5.0],
        }
    )
    pyreadstat.write_sav(
        frame,
        str(path),
        column_labels={"q1": "Ik ben tevreden – écht", LONG: "In general"},
        variable_value_labels={
            "q1": {1: "Oneens", 7: "Eens", 9: "n.v.t.", 98: "Weet niet"},
            "unit": {"XX": "onbekend"},
        },
        missing_ranges={
            "q1": [9, {"lo": 90, "hi": 99}],
            "q2": [{"lo": float("-inf"), "hi": 0}],
            "unit": ["XX"],
        },
        compress=compress and suffix == "zsav",
        row_compress=compress and suffix == "sav",
    )
    found = raw(path)
    assert_frame_equal(
        found.frame,
        pd.DataFrame(
            {
                "unit": texts("Zürich", "Noord", None, None, "Noord", "x" * 300),
                "q1": [1.0, 7.0, np.nan, np.nan, np.nan, np.nan],
                "q2": [np.nan, 2.0, 3.0, np.nan, 5.0, 6.0],
                "day": pd.Series(
                    ["2024-02-29", "1899-12-31", None, "2024-01-01", None, None], dtype="datetime64[us]"
                ),
                "moment": pd.Series(
                    ["2024-02-29 23:59:59", None, None, None, None, "1970-01-01 00:00:00"],
                    dtype="datetime64[us]",
                ),
                "took": [90.0, np.nan, 86399.0, np.nan, np.nan, np.nan],
                LONG: [0.1, 1 / 3, -1e-12, 123456789.125, 0.0, 5.0],
            }
        ),
    )
    assert found.coded_missing == {
        "unit": {"XX": 1},
        # 99 has no label and one cell: it is counted, and not named.
        "q1": {"98": 1, "90 to 99": 1, "9": 1},
        "q2": {"0 or less": 2},
    }
    assert found.value_labels == {
        "q1": {"1": "Oneens", "7": "Eens", "9": "n.v.t.", "98": "Weet niet"},
        "unit": {"XX": "onbekend"},
    }
    assert found.wording == {"q1": "Ik ben tevreden – écht", LONG: "In general"}
    assert (found.present, found.layout, found.decimal_comma) == (tuple(frame), "sav", False)


def test_a_code_that_five_cells_hold_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.sav"
    frame = pd.DataFrame({"q": [97.0] * 5 + [98.0] * 4 + [1.0]})
    pyreadstat.write_sav(frame, str(path), missing_ranges={"q": [{"lo": 90, "hi": float("inf")}]})
    found = raw(path)
    assert found.coded_missing == {"q": {"97": 5, "90 or more": 4}}
    assert found.frame["q"].isna().sum() == 9


def test_only_wanted_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(pd.DataFrame({"c": [1.0], "a": [2.0], "b": ["x"]}), str(path))
    found = raw(path, {"b", "c", "absent"})
    assert_frame_equal(found.frame, pd.DataFrame({"c": [1.0], "b": texts("x")}))
    assert found.present == ("c", "a", "b")
    assert raw(path, {"absent"}).frame.shape == (1, 0)


@pytest.mark.parametrize("kept", [6, 200, 600, 0.99])
def test_a_damaged_file_is_refused(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(pd.DataFrame({"q": np.arange(50.0), "t": ["text"] * 50}), str(path))
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(len(content) * kept)])
    assert refusal(path) == "a.sav: not a readable SPSS file; it is damaged or cut off. Export it again."


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sav").touch()
    assert refusal(tmp_path / "a.sav") == "a.sav: the file is empty (0 bytes). Export it again."


@pytest.mark.parametrize("place", ["label", "cell"])
def test_a_wrong_encoding_is_refused_and_can_be_named(tmp_path: Path, place: str) -> None:
    path = tmp_path / "a.sav"
    frame = pd.DataFrame({"unit": ["Zürich" if place == "cell" else "Bern"] * 2})
    pyreadstat.write_sav(frame, str(path), column_labels=["Zürich?" if place == "label" else "Where?"])
    # The file goes on to say that it is UTF-8.
    path.write_bytes(path.read_bytes().replace("Zürich".encode(), "Zürich ".encode("cp1252")))
    assert refusal(path) == (
        "a.sav: its texts are not in the encoding that the file names. "
        "Name the encoding in the study file (encoding: cp1252), or save it from SPSS as UTF-8."
    )
    found = raw(path, encoding="cp1252")
    assert (found.frame["unit"][0], found.wording["unit"]) in (("Zürich", "Where?"), ("Bern", "Zürich ?"))


def test_a_number_that_is_no_date_stays_a_number_for_the_check_of_the_column(tmp_path: Path) -> None:
    path = tmp_path / "a.sav"
    frame = pd.DataFrame({"day": [1.4e10, -5.0], "month": [1.4e10, np.nan]})
    pyreadstat.write_sav(frame, str(path), variable_format={"day": "DATE11", "month": "MOYR8"})
    found = raw(path).frame
    assert found["day"].tolist() == [1.4e10, -5.0]
    assert found["month"].tolist()[0] == pd.Timestamp("1582-10-14") + pd.Timedelta(seconds=1.4e10)


def test_a_column_that_lost_its_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(pd.DataFrame({"q": [1.0]}), str(path))
    frame, meta = pyreadstat.read_sav(str(path), metadataonly=True)
    meta.column_names = [None]
    monkeypatch.setattr(pyreadstat, "read_sav", lambda *_, **__: (frame, meta))
    with pytest.raises(StudyError) as caught:
        read_spss(path, columns={"q"}, source=TableSource.model_validate({"file": "a.sav"}))
    [problem] = caught.value.problems
    assert str(problem) == "a.sav: a column has no name; the file is damaged. Export it again."
