"""Loading a study: names, missing codes, order of waves, overrides, file formats, schema and the fictional tables."""

from __future__ import annotations

import datetime
import decimal
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
import yaml

from exresearch.run import available_notebooks, notebook_parameters
from exresearch.study import (
    Codebook,
    Parameters,
    Study,
    StudyError,
    Variable,
    load_settings,
    load_study,
    parameter_names,
    project_root,
    resolve_path,
    study_schema,
)
from exresearch.study.demo import DemoSettings, generate_demo
from exresearch.study.tables import Table, ordered_waves

ROOT = project_root()
STUDIES = sorted((ROOT / "params").rglob("*.yaml"))
STUDIES = [path for path in STUDIES if not path.name.endswith(".codebook.yaml")]


@pytest.fixture(scope="module")
def demo() -> Study:
    return load_study("params/demo.yaml")


def test_keys_get_their_standard_names_and_codes_become_missing(demo: Study) -> None:
    raw = pd.read_parquet(ROOT / "data" / "demo" / "generated" / "employees.parquet")
    people = demo.table("employees")
    assert [name for name in ("person", "unit", "wave", "weight") if name not in people] == []
    assert "person_id" not in people
    assert people["person"].tolist() == raw["person_id"].tolist()
    coded = [name for name in raw.select_dtypes("number") if (raw[name] == 99).any()]
    assert coded == ["d_tools", "pay_satisfaction"]
    for name in coded:
        expected = raw[name].astype("float64").where(raw[name] != 99)
        pd.testing.assert_series_equal(people[name], expected)
    # A reversed item stands as it was answered; turning it is the business of the measures.
    assert demo.codebook.find("employees", "d_wellbeing").reversed
    pd.testing.assert_series_equal(people["d_wellbeing"], raw["d_wellbeing"].astype("float64"))
    assert {str(people[name].dtype) for name in people} == {"float64", "str"}
    assert {str(demo.table("people")[name].dtype) for name in ("start", "end")} == {"datetime64[us]"}


def test_the_ledger_counts_rows_and_coded_cells(demo: Study) -> None:
    raw = pd.read_parquet(ROOT / "data" / "demo" / "generated" / "employees.parquet")
    codes = int((raw.select_dtypes("number") == 99).sum().sum())
    ledger = demo.ledger
    assert list(ledger.columns) == ["table", "step", "counted", "n", "removed"]
    of_people = ledger[ledger["table"] == "employees"].drop(columns="table")
    assert of_people.to_numpy().tolist() == [
        ["rows in the file", "rows", len(raw), 0],
        ["cells with a missing code", "cells", codes, codes],
        ["rows for the analysis", "rows", len(raw), 0],
    ]
    assert ledger[ledger["step"] == "rows in the file"]["table"].tolist() == list(demo.tables)
    assert demo.waves == ("2024Q1", "2024Q2", "2024Q3", "2024Q4", "2025Q1", "2025Q2")


def test_what_is_not_described_or_lacks_a_key_is_in_the_ledger(client: Any) -> None:
    client.tables["employees"]["remark"] = "x"
    client.tables["employees"].loc[:3, "team"] = " "
    ledger = client.load().ledger
    rows = ledger[ledger["table"] == "employees"].drop(columns="table").to_numpy().tolist()
    assert rows == [
        ["rows in the file", "rows", 60, 0],
        ["without unit", "rows", 4, 0],
        ["columns not in the codebook", "columns", 1, 0],
        ["rows for the analysis", "rows", 60, 0],
    ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["10", "9", "2"], ("2", "9", "10")),
        (["wave 10", "wave 9", "wave 1"], ("wave 1", "wave 9", "wave 10")),
        (["Q1 2025", "Q4 2024", "Q2 2024"], ("Q2 2024", "Q4 2024", "Q1 2025")),
        (["2024Q1", "2023Q4"], ("2023Q4", "2024Q1")),
        (["before", "after 2", "after 10", "²"], ("before", "after 2", "after 10", "²")),
    ],
)
def test_waves_in_order_of_time(names: list[str], expected: tuple[str, ...]) -> None:
    frame = pd.DataFrame({"wave": [*names, None]}, dtype="str")
    assert ordered_waves({"units": Table("units", frame, "u.csv", (), {}, len(frame), {})}) == expected


def test_overrides_reach_settings_keys_and_mappings(client: Any) -> None:
    file = client.write()
    before = file.read_bytes()
    overrides = {
        "n_boot": 700,
        "parameters.seed": 5,
        "language": "nl",
        "title.en": "Other",
        "synthetic.seed": 9,
    }
    settings = load_settings(file, overrides=overrides)
    assert (settings.parameters.n_boot, settings.parameters.seed) == (700, 5)
    assert settings.synthetic is not None
    assert (settings.language, settings.title.en, settings.title.nl, settings.synthetic.seed) == (
        "nl", "Other", "Klein", 9,
    )  # fmt: skip
    assert settings.parameters.model_fields_set == {"n_boot", "seed"}
    assert overrides["n_boot"] == 700
    assert file.read_bytes() == before


def test_an_override_of_a_path_counts_from_where_one_is(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.write()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    client.tables["units"].assign(staff=99).to_csv(elsewhere / "mine.csv", index=False)
    monkeypatch.chdir(elsewhere)
    assert client.load(**{"tables.units": "mine.csv"}).table("units")["staff"].unique().tolist() == [99.0]
    assert client.load(**{"tables.units": "units.csv"}).table("units")["staff"].unique().tolist() == [12.0]


def test_a_study_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve_path("params/demo.yaml") == ROOT / "params" / "demo.yaml"
    assert resolve_path("absent.yaml") == tmp_path / "absent.yaml"
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "demo.yaml").write_text("client: near", encoding="utf-8")
    assert resolve_path("params/demo.yaml") == tmp_path / "params" / "demo.yaml"


@pytest.mark.parametrize("path", available_notebooks(), ids=lambda path: path.stem)
def test_notebooks_and_model_agree_on_every_default(path: Path) -> None:
    declared, model = notebook_parameters(path), Parameters()
    shared = [name for name in declared if name in parameter_names()]
    assert shared
    assert {name: declared[name] for name in shared} == {name: getattr(model, name) for name in shared}
    assert [type(declared[name]) for name in shared] == [type(getattr(model, name)) for name in shared]


def test_the_schema_in_the_repository_is_the_model_s() -> None:
    assert (ROOT / "params" / "schema.json").read_text(encoding="utf-8") == study_schema()


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_study_file_names_the_schema_and_keeps_to_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    start = "# yaml-language-server: $schema="
    first = text.splitlines()[0]
    assert first.startswith(start)
    schema = (path.parent / first.removeprefix(start)).resolve()
    assert schema == ROOT / "params" / "schema.json"
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
    content = yaml.safe_load(text)
    assert [error.message for error in validator.iter_errors(content)] == []
    assert list(validator.iter_errors(content | {"langauge": "nl"}))
    assert load_settings(path).client == content["client"]


ROWS = [["Café, zuid", "1,5", "3"], ['De "Hoek"', "-2,25", ""], ["1,2", "10", "2"]]


def text_of(separator: str, *, end: str = "\n", start: str = "") -> str:
    """The rows as a text file with all texts between quotes."""
    quoted = [[f'"{row[0].replace(chr(34), 2 * chr(34))}"', *row[1:]] for row in ROWS]
    return start + end.join(separator.join(row) for row in [["team", "score", "n"], *quoted]) + end


@pytest.mark.parametrize(
    "content",
    [
        text_of(";").encode("utf-8"),
        text_of(";").encode("utf-8-sig"),
        text_of(";").encode("cp1252"),
        text_of(";").encode("utf-16"),
        text_of(";", end="\r\n").encode("cp1252"),
        text_of(";", start="sep=;\n").encode("utf-8-sig"),
        text_of("\t", start="\n\n").encode("utf-8"),
        text_of(",").replace("1,5,", '"1.5",').replace("-2,25,", "-2.25,").encode("utf-8"),
    ],
    ids=["utf-8", "bom", "cp1252", "utf-16", "crlf", "sep", "tab", "comma"],
)
def test_text_files_of_many_makes_are_read_alike(client: Any, content: bytes) -> None:
    client.settings["tables"] = {"units": "units.csv"}
    client.files["units.csv"] = content
    client.variables["u"] = client.entry(
        "units", "score", "measure", construct="score", kind="mean", n_column="n"
    )
    for name in ("year", "staff", "kind"):
        del client.variables[f"units.{name}"]
    units = client.load().table("units")
    # A comma inside a name stays; only numbers are turned.
    assert units["unit"].tolist() == ["Café, zuid", 'De "Hoek"', "1,2"]
    assert units["score"].tolist() == [1.5, -2.25, 10.0]
    np.testing.assert_array_equal(units["n"], [3.0, np.nan, 2.0])


def test_line_breaks_and_blank_cells_inside_quotes(client: Any) -> None:
    client.files["units.csv"] = 'team,year,staff,kind\n"Unit\nA",2024,1,"  "\n'
    client.settings["tables"] = {"units": "units.csv"}
    units = client.load().table("units")
    assert units["unit"].tolist() == ["Unit\nA"]
    assert units["kind"].isna().tolist() == [True]


def test_parquet_of_many_types(client: Any) -> None:
    frame = pd.DataFrame(
        {
            "team": pd.Categorical(["a", "b", "c"]),
            "year": pd.array([2024, 2024, None], dtype="Int64"),
            "number": pd.array([2**60 + 1, None, 7], dtype="Int64"),
            "score": [decimal.Decimal("1.50"), None, decimal.Decimal("2.25")],
            "flag": [True, None, False],
            "day": [datetime.date(2024, 3, 31), None, datetime.date(2023, 1, 2)],
            "count": [9, 1, 2],
        }
    )
    client.settings["tables"] = {"customers": "customers.parquet"}
    client.variables = {
        "t": client.entry("customers", "team", "unit"),
        "y": client.entry("customers", "year", "wave"),
        "n": client.entry("customers", "number", "text"),
        "s": client.entry("customers", "score", "item", construct="cx", minimum=0, maximum=10),
        "f": client.entry("customers", "flag", "flag"),
        "d": client.entry("customers", "day", "date"),
        "c": client.entry("customers", "count", "count", missing=["9"]),
    }
    client.folder.mkdir()
    # A wave has at least five rows.
    frame = pd.concat([frame] * 3, ignore_index=True)
    # A named index is a column like any other.
    frame.set_index("team").to_parquet(client.folder / "customers.parquet")
    study = client.load()
    assert len(study.table("customers")) == 9
    read = study.table("customers").head(3)
    assert read["unit"].tolist() == ["a", "b", "c"]
    assert read["wave"].dropna().tolist() == ["2024", "2024"]
    assert read["number"].dropna().tolist() == [str(2**60 + 1), "7"]
    np.testing.assert_array_equal(read["score"], [1.5, np.nan, 2.25])
    np.testing.assert_array_equal(read["flag"], [1.0, np.nan, 0.0])
    assert read["day"].tolist()[0::2] == [pd.Timestamp("2024-03-31"), pd.Timestamp("2023-01-02")]
    np.testing.assert_array_equal(read["count"], [np.nan, 1.0, 2.0])
    assert study.waves == ("2024",)


def test_dates_as_written_in_two_ways(client: Any) -> None:
    client.tables["employees"]["start"] = ["2024-03-31", "31-3-2024", ""] * 20
    client.variables["start"] = client.entry("employees", "start", "date")
    start = client.load().table("employees")["start"]
    assert start.tolist()[:2] == [pd.Timestamp("2024-03-31")] * 2
    assert start.isna().tolist()[:3] == [False, False, True]


def test_codebook_finds_and_labels() -> None:
    item = Variable(table="employees", column="q", role="item", construct="ease", minimum=1, maximum=7)
    book = Codebook(variables=(item,), constructs={})
    assert book.find("employees", "q") is item
    assert book.select("employees", role="driver") == ()
    assert book.label("ease") == {"nl": "ease", "en": "ease"}
    with pytest.raises(KeyError) as caught:
        book.find("employees", "p")
    assert caught.value.args == ("the codebook does not describe column 'p' of table 'employees'",)


@pytest.fixture
def fictional(client: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[int]]:
    """A study on fictional tables of three units, and the seeds with which they were made."""
    made: list[int] = []

    def small(directory: Path, *, seed: int) -> dict[str, Path]:
        made.append(seed)
        return generate_demo(directory, seed=seed, settings=DemoSettings(n_units=3))

    monkeypatch.setattr("exresearch.study.load.generate_demo", small)
    client.tables = {}
    client.settings |= {
        "codebook": str(ROOT / "data" / "demo" / "codebook.yaml"),
        "synthetic": {"seed": 4},
        "tables": {"employees": "made/employees.parquet", "units": "made/units.csv"},
    }
    return client, made


def test_fictional_tables_are_made_when_absent_or_of_another_seed(fictional: tuple[Any, list[int]]) -> None:
    client, made = fictional
    first = client.load().table("units")
    pd.testing.assert_frame_equal(client.load().table("units"), first)
    assert made == [4]
    assert not client.load(**{"synthetic.seed": 5}).table("units").equals(first)
    assert made == [4, 5]
    pd.testing.assert_frame_equal(client.load().table("units"), first)
    (client.folder / "made" / "units.csv").unlink()
    pd.testing.assert_frame_equal(client.load().table("units"), first)
    assert made == [4, 5, 4, 4]


def test_an_interrupted_generation_is_done_again(
    fictional: tuple[Any, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, made = fictional
    with monkeypatch.context() as patched:

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        patched.setitem(generate_demo.__globals__, "write_table", interrupted)
        with pytest.raises(KeyboardInterrupt):
            client.load()
    assert not (client.folder / "made").exists()
    assert len(client.load().table("units")) == 18
    assert made == [4, 4]
    # An earlier generator made other tables; a cut of the company is kept.
    stamp = client.folder / "made" / "generated.json"
    record = json.loads(stamp.read_text(encoding="utf-8"))
    stamp.write_text(json.dumps(record | {"generator": 1, "n_units": 3}), encoding="utf-8")
    client.load()
    assert made == [4, 4]
    del record["generator"]
    stamp.write_text(json.dumps(record), encoding="utf-8")
    client.load()
    assert made == [4, 4, 4]
    # Without its record the folder might be anybody's.
    (client.folder / "made" / "generated.json").write_text("{", encoding="utf-8")
    with pytest.raises(StudyError):
        client.load()
    assert made == [4, 4, 4]
