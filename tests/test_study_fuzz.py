"""Whatever the files hold, the outcome is a study or a StudyError."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exresearch.study import Problem, Study, StudyError

FEW = settings(
    max_examples=30,
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
    "x",
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
    key=st.sampled_from(["client", "title", "codebook", "tables", "parameters", "hypotheses", "synthetic"]),
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
