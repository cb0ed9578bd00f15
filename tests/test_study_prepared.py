"""A prepared study is the study: equal in every part, used while nothing changes, and no longer."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from exresearch.run.plan import plan_run, write_resolved_study
from exresearch.study import Study, examine_study, load_study
from exresearch.study.prepared import PREPARED, drop_prepared, prepare_study, prepared_study
from exresearch.study.prepared.frames import read_frame, write_frame
from tests.conftest import SmallClient


def checked(file: Path) -> Study:
    """The study as its files give it, whatever is prepared."""
    examined = examine_study(file)
    assert examined.study is not None, examined.problems
    return examined.study


def assert_same(one: Study, other: Study) -> None:
    assert list(one.tables) == list(other.tables)
    for name in one.tables:
        assert_frame_equal(one.tables[name], other.tables[name], check_exact=True)
    for part in ("ledger", "quality"):
        assert_frame_equal(getattr(one, part), getattr(other, part), check_exact=True)
    for part in {field.name for field in fields(Study)} - {"tables", "ledger", "quality"}:
        assert getattr(one, part) == getattr(other, part), part


def test_a_run_prepares_what_its_notebooks_would_read(client: SmallClient, tmp_path: Path) -> None:
    plan = plan_run(client.write(), output=tmp_path / "report")
    file = write_resolved_study(plan)
    prepared = prepared_study(file)
    assert prepared is not None
    # Nobody else reads the answers.
    assert (file.parent / PREPARED).stat().st_mode & 0o077 == 0 or os.name == "nt"
    # Changing a table, as nobody should, changes neither the file nor the next one's table.
    changed = load_study(file)
    changed.tables["employees"].loc[0, "eng_1"] = -5.0
    assert_same(prepared, load_study(file))
    drop_prepared(file)
    assert not (file.parent / PREPARED).exists()
    assert prepared_study(file) is None
    assert_same(load_study(file, judged=True), prepared)


def test_raked_weights_and_remarks_survive(client: SmallClient) -> None:
    employees = client.tables["employees"]
    employees["contract"] = ["fixed", "hired"] * 30
    employees.loc[12, "team"] = None
    employees["nobody described this"] = 1
    client.variables["contract"] = client.entry("employees", "contract", "category")
    client.settings["weighting"] = {"employees": {"margins": {"contract": {"fixed": 300, "hired": 100}}}}
    file = client.write()
    study = checked(file)
    assert study.weighting
    assert study.remarks
    assert prepare_study(study, file, called=file.name)
    found = prepared_study(file)
    assert found is not None
    assert_same(study, found)


@pytest.mark.parametrize(
    "changed", ["small.yaml", "codebook.yaml", "employees.csv", "prepared/employees.1.npy"]
)
def test_after_any_change_the_files_are_read_again(client: SmallClient, changed: str) -> None:
    file = client.write()
    assert prepare_study(checked(file), file, called=file.name)
    path = file.parent / changed
    assert path.is_file()
    path.unlink() if "npy" in changed else path.write_bytes(path.read_bytes() + b"\n")
    assert prepared_study(file) is None
    assert_same(checked(file), load_study(file))


def test_an_override_is_not_answered_with_what_was_prepared_without(client: SmallClient) -> None:
    file = client.write()
    prepare_study(checked(file), file, called=file.name)
    assert load_study(file, overrides={"n_boot": 300}).settings.parameters.n_boot == 300


def test_what_is_interrupted_is_not_there(client: SmallClient, monkeypatch: pytest.MonkeyPatch) -> None:
    file = client.write()
    study = checked(file)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", full)
        assert not prepare_study(study, file, called=file.name)
    assert [path.name for path in file.parent.glob("*prepared*")] == []
    # As it is left when the process is killed before the last step.
    (file.parent / f".{PREPARED}-killed").mkdir()
    assert prepared_study(file) is None
    assert prepare_study(study, file, called=file.name)
    assert [path.name for path in file.parent.glob("*prepared*")] == [PREPARED]


def test_a_remark_that_could_be_about_either_file_is_not_renamed(client: SmallClient) -> None:
    file = client.write()
    assert not prepare_study(checked(file), file, called="codebook.yaml")


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1.5, np.nan], "b": ["x", None], "c": [True, False], "d": [1, 2]}),
        pd.DataFrame({"day": np.array(["2024-01-01", "NaT"], dtype="datetime64[us]")}),
        pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": list("xyz")}).iloc[[0, 2]],
        pd.DataFrame({"a": pd.Series(dtype="float64"), "b": pd.Series(dtype="str")}),
    ],
)
def test_frames_come_back_as_they_were(frame: pd.DataFrame, tmp_path: Path) -> None:
    kept = write_frame(frame, tmp_path, "a")
    assert kept is not None
    again = read_frame(tmp_path, "a", kept)
    assert_frame_equal(frame, again, check_exact=True)
    assert again.index.equals(frame.index)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1, "x"]}, dtype=object),
        pd.DataFrame({"a": pd.Categorical(["x", "y"])}),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
        pd.DataFrame({0: [1.0]}),
        pd.DataFrame({"a": [1.0]}, index=["x"]),
    ],
)
def test_other_frames_are_not_kept(frame: pd.DataFrame, tmp_path: Path) -> None:
    assert write_frame(frame, tmp_path, "a") is None
    assert list(tmp_path.iterdir()) == []
