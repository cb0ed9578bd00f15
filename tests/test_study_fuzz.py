"""Whatever the files hold, the outcome is a study or a StudyError."""

from __future__ import annotations

import copy
import io
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exresearch.study import Problem, Study, StudyError

# EXRESEARCH_FUZZ=2000 looks longer, by hand.
FEW = settings(
    max_examples=int(os.environ.get("EXRESEARCH_FUZZ", "8")),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
CELLS = st.one_of(
    st.sampled_from(
        ["", " ", "NA", "nan", "inf", "-1", "3", "3,5", "1e400", "0x1", "True", '"', "a\nb", "\x00", "²", "é"]
    ),
    st.text(max_size=6),
    st.integers(-(10**20), 10**20).map(str),
)
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6), st.dates(), st.binary(max_size=3),
        st.sampled_from(["unit", "wave", "weight", "item", "date", "text", "flag", "percent", "units", "year", "team"]),
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
KEYS = (
    "table",
    "column",
    "role",
    "construct",
    "missing",
    "minimum",
    "maximum",
    "kind",
    "n_column",
    "label",
    "values",
    "reversed",
    "guessed",
    "comment",
    "x",
)
SOURCES = st.fixed_dictionaries(
    {"file": st.sampled_from(["customers.csv", "units.csv", "none.csv", "made.xlsx", "", "."])},
    optional={
        "sheet": st.sampled_from(["", "Sheet1", "x"]),
        "heading_row": st.integers(-1, 5),
        "wave": st.sampled_from(["", "2024", "2025", " "]),
        "without_key": st.sampled_from(["refuse", "leave_out", "drop"]),
        "macros": st.sampled_from(["refuse", "ignore"]),
        "encoding": st.sampled_from(["", "utf-8", "utf-16", "cp1252", "latin1"]),
        "delimiter": st.sampled_from(["", ",", ";", "\t", "|", "x"]),
        "decimal": st.sampled_from(["", ".", ",", "'"]),
    },
)
NUMBERS = st.one_of(
    st.floats(), st.integers(-(10**20), 10**20), st.sampled_from([0, 0.5, 1, 50, 100, 10, 30])
)


def outcome(client: Any) -> Study | tuple[Problem, ...]:
    """Load a client: a study, or what is wrong with it."""
    try:
        return client.load()
    except StudyError as error:
        return error.problems


def check(client: Any) -> None:
    """A study that can be used, or problems that each say where, what and what to do."""
    result = outcome(client)
    if isinstance(result, Study):
        assert all(len(frame) for frame in result.tables.values())
        assert all(str(remark) for remark in result.remarks)
        for name, frame in result.tables.items():
            rows = result.ledger[(result.ledger["table"] == name) & (result.ledger["counted"] == "rows")]
            assert rows["n"].iloc[0] - rows["removed"].sum() == len(frame) == rows["n"].iloc[-1]
    else:
        assert result
        assert all(problem.file and problem.message and problem.remedy for problem in result)


@FEW
@given(
    column=st.sampled_from(["id", "team", "year", "eng_1", "enps", "added"]),
    role=st.sampled_from(["text", "date", "weight", "count", "flag", "category"]),
    cells=st.lists(CELLS, min_size=1, max_size=60),
)
def test_any_cells(client: Any, column: str, role: str, cells: list[str]) -> None:
    spoilt = copy.deepcopy(client)
    frame = spoilt.tables["employees"]
    frame[column] = (cells * 60)[: len(frame)]
    if column == "added":
        spoilt.variables["added"] = client.entry("employees", "added", role)
    check(spoilt)


@FEW
@given(
    data=st.binary(max_size=80),
    start=st.sampled_from([b"", b"team,year,staff,kind\n", b"PAR1", b"\xff\xfe", b"sep=;\n"]),
)
@pytest.mark.parametrize("name", ["units.csv", "units.parquet"])
def test_any_bytes_as_a_table(client: Any, name: str, data: bytes, start: bytes) -> None:
    spoilt = copy.deepcopy(client)
    spoilt.settings["tables"]["units"] = name
    spoilt.files[name] = start + data
    check(spoilt)


@FEW
@given(changes=st.lists(st.tuples(st.integers(0, 15), st.sampled_from(KEYS), VALUES), min_size=1, max_size=3))
def test_any_codebook(client: Any, changes: list[tuple[int, str, Any]]) -> None:
    spoilt = copy.deepcopy(client)
    entries = list(spoilt.variables.values())
    for number, key, value in changes:
        entries[number][key] = value
    check(spoilt)


@FEW
@given(
    sources=st.lists(SOURCES, min_size=1, max_size=3),
    table=st.sampled_from(["customers", "units", "moments"]),
)
def test_any_files_of_a_table(client: Any, sources: list[dict[str, Any]], table: str) -> None:
    spoilt = copy.deepcopy(client)
    spoilt.settings["tables"][table] = sources if len(sources) > 1 else sources[0]
    book = io.BytesIO()
    spoilt.tables["customers"].to_excel(book, index=False)
    spoilt.files["made.xlsx"] = book.getvalue()
    check(spoilt)


@FEW
@given(
    answers=st.lists(
        st.sampled_from(["Yes", "no", " YES", "1", "2", "", "perhaps", "1,0", "yes "]),
        min_size=1,
        max_size=60,
    ),
    values=st.dictionaries(
        st.sampled_from(["yes", "No", " no", "1", "", "YES", "perhaps"]),
        st.one_of(NUMBERS, st.text(max_size=2)),
        max_size=4,
    ),
)
def test_any_answers_in_words(client: Any, answers: list[str], values: dict[str, Any]) -> None:
    spoilt = copy.deepcopy(client)
    frame = spoilt.tables["employees"]
    frame["needs"] = (answers * 60)[: len(frame)]
    spoilt.variables["employees.needs"]["values"] = values
    check(spoilt)


@FEW
@given(
    seconds=st.lists(
        st.one_of(CELLS, st.sampled_from(["0:01:00", "99:59:59", "1:60:00", "12", "0.5"])),
        min_size=1,
        max_size=20,
    ),
    leave_out=st.lists(
        st.sampled_from(["straight_lining", "too_fast", "duplicate_sheet", "bored"]), max_size=4
    ),
    pace=NUMBERS,
    same=st.booleans(),
)
def test_any_durations_and_careless_sheets(
    client: Any, seconds: list[str], leave_out: list[str], pace: float, same: bool
) -> None:
    spoilt = copy.deepcopy(client)
    frame = spoilt.tables["employees"]
    frame["took"] = (seconds * 60)[: len(frame)]
    spoilt.variables["took"] = client.entry("employees", "took", "duration")
    for number in range(6):
        frame[f"x{number}"] = frame["eng_1"]
        spoilt.variables[f"x{number}"] = client.entry(
            "employees", f"x{number}", "need", minimum=1, maximum=7, reversed=True
        )
    if same:
        frame[["eng_1", "eng_2", "eng_3", "needs", "customer", "enps"]] = 3
    spoilt.settings["quality"] = {"leave_out": leave_out, "seconds_per_item": pace}
    check(spoilt)


@FEW
@given(
    margins=st.dictionaries(
        st.sampled_from(["sex", "kind", "team", "unit", "x"]),
        st.dictionaries(st.sampled_from(["f", "m", "x", "", "Unit A"]), NUMBERS, max_size=3),
        max_size=2,
    ),
    table=st.sampled_from(["employees", "customers", "units"]),
    rest=st.fixed_dictionaries(
        {},
        optional={
            "by_wave": st.booleans(), "trim_low": NUMBERS, "trim_high": NUMBERS,
            "staff_list": st.lists(st.sampled_from(["sex", "kind", "x"]), max_size=2),
        },
    ),
    sexes=st.lists(st.sampled_from(["f", "m", "", "x"]), min_size=1, max_size=8),
)  # fmt: skip
def test_any_weighting(client: Any, margins: Any, table: str, rest: dict[str, Any], sexes: list[str]) -> None:
    spoilt = copy.deepcopy(client)
    frame = spoilt.tables["employees"]
    frame["sex"] = (sexes * 60)[: len(frame)]
    spoilt.variables["sex"] = client.entry("employees", "sex", "category")
    spoilt.settings["weighting"] = {table: {"margins": margins} | rest}
    check(spoilt)


@FEW
@given(
    waves=st.lists(
        st.sampled_from(["2024", "2024Q1", "q1 2024", "Q1", "-1", "1", "01", "²", ""]), min_size=1, max_size=5
    ),
    persons=st.lists(st.sampled_from(["p00", "p01", "x", ""]), min_size=1, max_size=8),
    dates=st.lists(
        st.sampled_from(["2020-01-01", "1-1-1899", "", "x", "9999-12-31"]), min_size=2, max_size=5
    ),
)
def test_any_keys(client: Any, waves: list[str], persons: list[str], dates: list[str]) -> None:
    spoilt = copy.deepcopy(client)
    frame = spoilt.tables["customers"]
    frame["year"] = (waves * 60)[: len(frame)]
    size = len(persons)
    spoilt.tables["people"] = pd.DataFrame(
        {"id": persons, "start": (dates * 8)[:size], "end": (dates[1:] * 8)[:size]}
    )
    spoilt.settings["tables"]["people"] = {"file": "people.csv", "without_key": "leave_out"}
    for column, role in (("id", "person"), ("start", "date"), ("end", "date")):
        spoilt.variables[f"people.{column}"] = client.entry("people", column, role)
    check(spoilt)


def in_bytes(frame: pd.DataFrame, name: str, folder: Path) -> bytes:
    """A table as a file of another format."""
    path = folder / f"made-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    if name.endswith(".sav"):
        pyreadstat.write_sav(frame, path)
    elif name.endswith(".parquet"):
        frame.to_parquet(path)
    else:
        frame.to_excel(path, index=False)
    content = path.read_bytes()
    path.unlink()
    return content


@FEW
@given(place=st.floats(0, 1), data=st.binary(min_size=1, max_size=40))
@pytest.mark.parametrize("name", ["units.xlsx", "units.ods", "units.sav", "units.parquet"])
def test_any_damage_to_a_binary_file(client: Any, name: str, place: float, data: bytes) -> None:
    spoilt = copy.deepcopy(client)
    whole = in_bytes(spoilt.tables["units"], name, spoilt.folder)
    at = int(place * len(whole))
    spoilt.settings["tables"]["units"] = name
    spoilt.files[name] = whole[:at] + data + whole[at + len(data) :]
    check(spoilt)


@FEW
@given(
    data=st.binary(max_size=60),
    start=st.sampled_from([b"", b"table,column,role\n", b"table;column;role\nunits;team;", b"PK"]),
)
@pytest.mark.parametrize("name", ["codebook.csv", "codebook.xlsx"])
def test_any_bytes_as_a_codebook(client: Any, name: str, data: bytes, start: bytes) -> None:
    spoilt = copy.deepcopy(client)
    spoilt.settings["codebook"] = name
    spoilt.files[name] = start + data
    check(spoilt)


@FEW
@given(
    key=st.sampled_from(
        [
            "client",
            "title",
            "codebook",
            "tables",
            "parameters",
            "hypotheses",
            "synthetic",
            "quality",
            "weighting",
            "draft",
            "name",
        ]
    ),
    value=VALUES,
)
def test_any_setting(client: Any, key: str, value: Any) -> None:
    spoilt = copy.deepcopy(client)
    spoilt.settings[key] = value
    check(spoilt)


@FEW
@given(
    text=st.one_of(
        st.text(max_size=60), st.text(alphabet="[]{}:-&*!?| \n\tab'\"#%@`0123456789.", max_size=60)
    )
)
def test_any_yaml(client: Any, text: str) -> None:
    for name in ("small.yaml", "codebook.yaml"):
        spoilt = copy.deepcopy(client)
        spoilt.files[name] = text.encode("utf-8", errors="surrogatepass")
        check(spoilt)


def test_the_client_s_own_files_are_not_changed_by_loading(client: Any) -> None:
    client.load()
    before = {path.name: path.read_bytes() for path in Path(client.folder).iterdir()}
    client.load()
    assert {path.name: path.read_bytes() for path in Path(client.folder).iterdir()} == before
