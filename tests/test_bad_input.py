"""Whatever is wrong with the input is said at once and in full, and never by anybody's answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from exresearch.cli import app
from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses import employee_first, engaged_minority, engagement_and_cx
from exresearch.study import parameter_names

SETTINGS = ", ".join(parameter_names())
TOP = (
    "client, name, title, logo, colours, language, codebook, tables, waves, draft, weighting, quality, journey, "
    "synthetic, source, hypotheses, also, contribute, plan, show_unit_names, parameters"
)
TABLES = "employees, customers, partners, units, people, moments"
CORRECT = "Correct the cells, or list the text under 'missing' in the codebook."
SCALE = "Correct the scale, or list the code under 'missing' in the codebook."
PATH = "Check the path; it counts from the folder of the study file."
UNREADABLE = (
    "not valid YAML: it holds a character, date or number that cannot be read. "
    "Save it as plain YAML text, with texts between quotes."
)


def problems(*lines: str) -> str:
    """The message with these problems in this order."""
    heading = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    return "\n".join([f"{heading} with this study:", *(f"- {line}" for line in lines)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "small.yaml: the file is empty. See params/demo.yaml for an example."),
        (b"# only a remark\n", "small.yaml: the file is empty. See params/demo.yaml for an example."),
        (
            b"- a\n- b\n",
            "small.yaml: a mapping of keys is expected, not a list. See params/demo.yaml for an example.",
        ),
        (
            b"hello",
            "small.yaml: a mapping of keys is expected, not a single value. See params/demo.yaml for an example.",
        ),
        (
            b"client: a: b",
            "small.yaml: line 1: not valid YAML: mapping values are not allowed in this context. "
            "Correct that line.",
        ),
        (
            b"client: a\nclient: b",
            "small.yaml: line 2: not valid YAML: the key 'client' stands here twice. Correct that line.",
        ),
        (b"client: *other", "small.yaml: line 1: not valid YAML: found undefined alias. Correct that line."),
        (b"client: &a [*a]", "small.yaml: an anchor refers to itself, or to too much. Write the text out."),
        (
            b"[" * 100_000,
            "small.yaml: more than 40 levels lie within each other. See params/demo.yaml for an example.",
        ),
        (b"client: 2024-13-45", f"small.yaml: {UNREADABLE}"),
        (b"client: !!timestamp soon", f"small.yaml: {UNREADABLE}"),
        (b"client: \x00", f"small.yaml: {UNREADABLE}"),
        ("client: café".encode("cp1252"), "small.yaml: the file is not UTF-8 text. Save it as UTF-8."),
    ],
)
def test_study_file_that_cannot_be_read(client: Any, content: bytes, message: str) -> None:
    client.files["small.yaml"] = content
    assert client.refusal() == problems(message)


def test_anchors_that_multiply_are_refused(client: Any) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{name}: &{name} [{', '.join([f'*{of}'] * 10)}]"
        for of, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    client.files["small.yaml"] = "\n".join(lines)
    assert client.refusal() == problems(
        "small.yaml: an anchor refers to itself, or to too much. Write the text out."
    )


def test_every_wrong_setting_at_once(client: Any) -> None:
    client.settings = {
        "client": "Acme Corp!",
        "language": "fr",
        "langauge": "nl",
        "n_boot": 500,
        "n_bots": 500,
        "title": {"nl": "Klein", "eng": "Small"},
        "codebook": 5,
        "tables": {"employee": "employees.csv", "units": 3},
        "hypotheses": "engagement-cx",
        "parameters": {
            "ex_measure": ["engagement"],
            "engaged_threshold": float("inf"),
            "set_apart": "Region",
            "enps_variant": "uk",
            "conf_level": 2,
            "n_boot": "500",
            "seed": 1.5,
            "min_respondents": 2,
            "min_comments": 9,
            "min_units": True,
            "leadershare": 0.2,
        },
    }
    quotes = "Put it between quotes if it is meant as text."
    assert client.refusal() == problems(
        "small.yaml: client: 'Acme Corp!' is not of the right form. "
        "Use lower-case letters, digits, hyphens and underscores; begin with no sign.",
        "small.yaml: title.eng: unknown key 'eng'. Did you mean 'en'? Legal: nl, en.",
        "small.yaml: language: 'fr' is not a legal value. Legal: en, nl.",
        f"small.yaml: codebook: a text is expected, not 5 (a whole number). {quotes}",
        f"small.yaml: tables.employee: 'employee' is not a legal value. Did you mean 'employees'? Legal: {TABLES}.",
        "small.yaml: tables.units: a path, a description of a file, or a list of these is expected. "
        "Correct this entry.",
        "small.yaml: hypotheses: a list is expected, not 'engagement-cx' (a text). Put it between square brackets.",
        "small.yaml: parameters.ex_measure: a text is expected, not a list. Correct the value.",
        "small.yaml: parameters.engaged_threshold: a finite number is expected, not inf (a "
        "number). Correct the value.",
        "small.yaml: parameters.set_apart: 'Region' is not of the right form. "
        "Write it as 'column=value', such as 'Region=North'.",
        "small.yaml: parameters.enps_variant: 'uk' is not a legal value. Legal: us, eu, custom.",
        "small.yaml: parameters.conf_level: 2 is out of range. It must be at most 0.999.",
        "small.yaml: parameters.n_boot: a whole number is expected, not '500' (a text). "
        "Write it without quotes if it is meant as a number.",
        "small.yaml: parameters.seed: a whole number is expected, not 1.5 (a number). Correct the value.",
        "small.yaml: parameters.min_respondents: 2 is out of range. It must be at least 5.",
        "small.yaml: parameters.min_comments: 9 is out of range. It must be at least 10.",
        "small.yaml: parameters.min_units: a whole number is expected, not true (true or false). "
        "Correct the value.",
        "small.yaml: parameters.leadershare: unknown key 'leadershare'. Did you mean "
        f"'leader_share'? Legal: {SETTINGS}.",
        f"small.yaml: langauge: unknown key 'langauge'. Did you mean 'language'? Legal: {TOP}.",
        "small.yaml: n_boot: unknown key 'n_boot'. It is a setting: put it under 'parameters:'.",
        f"small.yaml: n_bots: unknown key 'n_bots'. Did you mean 'n_boot', under 'parameters:'? Legal here: {TOP}.",
    )


def test_keys_left_out_empty_or_of_another_kind(client: Any) -> None:
    client.settings = {
        "title": None,
        "codebook": "",
        "tables": {},
        "hypotheses": [],
        "parameters": [1],
        "synthetic": {"sead": 1},
        7: "x",
    }
    fill = "there is nothing in it. Fill it in; see params/demo.yaml."
    assert client.refusal() == problems(
        "small.yaml: client: this key is required and missing. Add it; see params/demo.yaml.",
        "small.yaml: title: a mapping of keys is expected, not nothing. Correct the value.",
        f"small.yaml: codebook: {fill}",
        f"small.yaml: tables: {fill}",
        "small.yaml: synthetic.sead: unknown key 'sead'. Did you mean 'seed'? Legal: seed.",
        f"small.yaml: hypotheses: {fill}",
        "small.yaml: parameters: a mapping of keys is expected, not a list. Correct the value.",
        "small.yaml: 7: a text as key is expected, not 7 (a whole number). Put the key between quotes.",
    )


def test_a_composite_needs_a_weight(client: Any) -> None:
    client.settings |= {"parameters": {"composite_ex": 0, "composite_cx": 0, "composite_bx": 0}}
    assert client.refusal() == problems(
        "small.yaml: parameters.composite_bx: composite_ex, composite_cx and composite_bx are all 0: give at least one "
        "of them a weight. Correct this entry."
    )
    client.settings |= {"parameters": {"composite_ex": 0, "composite_cx": 0.5, "composite_bx": 0}}
    assert client.load().settings.parameters.composite_cx == 0.5


def test_cut_points_of_one_s_own_must_leave_nobody_both(client: Any) -> None:
    own = {"enps_variant": "custom", "enps_promoters_from": 7}
    client.settings |= {"parameters": own | {"enps_detractors_to": 7}}
    assert client.refusal() == problems(
        "small.yaml: parameters.enps_detractors_to: 7 is not below enps_promoters_from (7): nobody can be promoter and "
        "detractor at once. Correct this entry."
    )
    # The default of the other is checked as well.
    client.settings |= {"parameters": {"enps_variant": "custom", "enps_promoters_from": 6}}
    assert client.refusal() == problems(
        "small.yaml: parameters.enps_detractors_to: 6 is not below enps_promoters_from (6): nobody can be promoter and "
        "detractor at once. Correct this entry."
    )
    client.settings |= {"parameters": {"enps_promoters_from": 11, "enps_detractors_to": -1}}
    assert client.refusal() == problems(
        "small.yaml: parameters.enps_promoters_from: 11 is out of range. It must be at most 10.",
        "small.yaml: parameters.enps_detractors_to: -1 is out of range. It must be at least 0.",
    )


def test_overrides_are_checked_like_the_file(client: Any) -> None:
    wrong = {"n_bot": 3, "tables.unit": "x.csv", "title.nl": 3, "n_boot": 5, "tables.units": "none.csv"}
    assert client.refusal(**wrong) == problems(
        "--set title.nl=3: a text is expected, not 3 (a whole number). Put it between quotes "
        "if it is meant as text.",
        f"--set tables.unit=x.csv: 'unit' is not a legal value. Did you mean 'units'? Legal: {TABLES}.",
        "--set n_boot=5: 5 is out of range. It must be at least 200.",
        f"--set n_bot=3: unknown key 'n_bot'. Did you mean 'n_boot', under 'parameters:'? Legal here: {TOP}.",
        f"--set tables.units=none.csv: the file 'none.csv' does not exist. {PATH}",
    )


@pytest.mark.parametrize(
    "long", ["x" * 300 + ".csv", "employees.csv/deeper.csv", "a\0b.csv", "~nobody-at-all/x.csv"]
)
def test_files_that_are_not_there_are_listed_together(client: Any, long: str) -> None:
    client.settings |= {"codebook": "nope.yaml"}
    client.settings["tables"] = {"employees": long, "customers": "customers.csv", "units": "."}
    assert client.refusal() == problems(
        f"small.yaml: codebook: the file 'nope.yaml' does not exist. {PATH}",
        f"small.yaml: tables.employees: the file {long!r} does not exist. {PATH}",
        "small.yaml: tables.units: '.' is a folder, not a file. Name the file.",
    )


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("knd=shop", "'knd' is not a category of the units. Did you mean 'kind'? Legal: kind."),
        ("kind=shp", "no unit has 'shp' as kind. Did you mean 'shop'? Legal: office, shop."),
    ],
)
def test_set_apart_names_a_category_that_occurs(client: Any, chosen: str, message: str) -> None:
    client.settings["parameters"]["set_apart"] = chosen
    assert client.refusal() == problems(f"small.yaml: parameters.set_apart: {message}")
    client.settings["parameters"]["set_apart"] = "kind=shop"
    assert client.load().settings.parameters.set_apart == "kind=shop"


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("", ["codebook.yaml: the file is empty. See data/demo/codebook.yaml for an example."]),
        (
            "constructs: {ease: {nl: gemak, en: ease}}",
            [
                "codebook.yaml: variables: this key is required and missing. Add it; see data/demo/codebook.yaml."
            ],
        ),
        (
            "variables: []",
            [
                "codebook.yaml: line 1, variables: there is nothing in it. Fill it in; see data/demo/codebook.yaml."
            ],
        ),
        (
            "variables: [eng_1]",
            [
                "codebook.yaml: line 1, variable 1: a mapping of keys is expected, not 'eng_1' (a text). "
                "Correct the value."
            ],
        ),
        (
            "variable: []",
            [
                "codebook.yaml: variables: this key is required and missing. Add it; see data/demo/codebook.yaml.",
                "codebook.yaml: line 1, variable: unknown key 'variable'. Did you mean 'variables'? Legal: "
                "constructs, variables.",
            ],
        ),
    ],
)
def test_codebook_that_is_no_codebook(client: Any, content: str, lines: list[str]) -> None:
    client.files["codebook.yaml"] = content
    assert client.refusal() == problems(*lines)


def test_every_wrong_entry_of_the_codebook_at_once(client: Any) -> None:
    v = client.variables
    v["employees.id"]["rol"] = "person"
    v["employees.team"]["role"] = "unitt"
    v["employees.year"]["block"] = "other"
    del v["employees.eng_1"]["minimum"]
    v["employees.eng_2"]["minimum"] = 9
    v["employees.eng_3"] |= {"minimum": None, "maximum": None}
    del v["employees.needs"]["block"]
    v["employees.customer"]["missing"] = 9
    v["employees.enps"]["missing"] = [9, True]
    del v["customers.team"]["column"]
    v["customers.year"]["table"] = "customer"
    v["customers.cx"]["label"] = {"nl": "Gemak", "eng": "Ease"}
    v["units.staff"] |= {"role": "measure", "construct": "staff", "kind": "percent"}
    v["units.kind"]["column"] = 5
    keys = "table, column, role, construct, block, named, group, minimum, maximum, reversed"
    keys += ", missing, values, kind, n_column"
    roles = "person, unit, wave, weight, item, driver, outcome, need, category, measure, count, flag"
    roles += ", date, duration, text, ignore"
    assert client.refusal() == problems(
        "codebook.yaml: line 5, variable 1 (id), rol: unknown key 'rol'. Did you mean 'role'? Legal: "
        f"{keys}, std_error_column, derived_from, label, instrument, licence, guessed, comment.",
        "codebook.yaml: line 8, variable 2 (team), role: 'unitt' is not a legal value. Did you mean "
        f"'unit'? Legal: {roles}.",
        "codebook.yaml: line 9, variable 3 (year): block, group and named are only for a driver. Correct this entry.",
        "codebook.yaml: line 13, variable 4 (eng_1): minimum and maximum go together; give both. Correct this entry.",
        "codebook.yaml: line 18, variable 5 (eng_2): minimum 9 is not below maximum 7. Correct this entry.",
        "codebook.yaml: line 24, variable 6 (eng_3): a column with role item needs minimum and maximum. "
        "Correct this entry.",
        "codebook.yaml: line 30, variable 7 (needs): a driver needs a block: employee-first, customer-first or other. "
        "Correct this entry.",
        "codebook.yaml: line 43, variable 8 (customer), missing: a list is expected, not 9 (a whole number). "
        "Put it between square brackets.",
        "codebook.yaml: line 50, variable 9 (enps), missing.1: a number or a text is expected, not true "
        "(true or false). Correct the value.",
        "codebook.yaml: line 53, variable 10 (without a column), column: this key is required and missing. "
        "Add it; see data/demo/codebook.yaml.",
        "codebook.yaml: line 55, variable 11 (year), table: 'customer' is not a legal value. Did you mean "
        f"'customers'? Legal: {TABLES}.",
        "codebook.yaml: line 64, variable 12 (cx), label.eng: unknown key 'eng'. Did you mean 'en'? Legal: nl, en.",
        "codebook.yaml: line 73, variable 15 (staff): a measure of kind percent needs minimum: 0 and maximum: 100; "
        "another number is a rate. Correct this entry.",
        "codebook.yaml: line 79, variable 16 (without a column), column: a text is expected, not 5 (a whole number). "
        "Put it between quotes if it is meant as text.",
    )


def test_entries_of_the_codebook_that_contradict_each_other(client: Any) -> None:
    v, seven = client.variables, {"minimum": 1, "maximum": 7}
    v["a"] = client.entry("employees", "team", "category")
    v["b"] = client.entry("employees", "id2", "person")
    v["c"] = client.entry("employees", "unit", "category")
    v["d"] = client.entry("employees", "eng_4", "item", construct="engagement", minimum=1, maximum=5)
    v["e"] = client.entry("employees", "enps_2", "outcome", construct="enps", minimum=0, maximum=10)
    v["f"] = client.entry(
        "units", "happy", "measure", construct="happy", kind="mean", n_column="team", **seven
    )
    v["g"] = client.entry("units", "happy_2", "measure", construct="happy", kind="mean")
    assert client.refusal() == problems(
        "codebook.yaml: line 73, team: table 'employees' has 2 entries for this column. Keep one.",
        "codebook.yaml: line 76, id2: table 'employees' has 2 columns with role 'person': id, id2. Keep one.",
        "codebook.yaml: line 88, enps_2: construct 'enps' has 2 columns with role 'outcome' in table "
        "'employees': enps, enps_2. Give each a construct of its own.",
        "codebook.yaml: line 102, happy_2: construct 'happy' has 2 columns with role 'measure' in table "
        "'units': happy, happy_2. Give each a construct of its own.",
        "codebook.yaml: line 82, engagement: the items of this construct in table 'employees' have "
        "different scales: 1-7, 1-5. Give each scale a construct of its own.",
        "codebook.yaml: line 79, employees.unit: this name is kept for the column with role 'unit'; here "
        "the role is 'category'. Rename the column, or give it that role.",
        "codebook.yaml: line 94, units.happy: n_column names 'team', which does not hold numbers of "
        "answers or standard errors. Name a column with role count, or leave it out.",
    )


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("units.csv", b"", ["units.csv: the file is empty (0 bytes). Export it again."]),
        (
            "units.csv",
            b"\n \n\n",
            ["units.csv: the file has no heading. Put the column names in the first line."],
        ),
        (
            "units.csv",
            b"team,year,staff,kind\n",
            ["units.csv: the file has a heading but no rows. Export it again."],
        ),
        (
            "units.csv",
            b"team,year,staff,kind,team\nUnit A,2024,1,shop,x\n",
            ["units.csv: team: the heading has this column more than once. Rename or remove one."],
        ),
        (
            "units.csv",
            b"teem,year,staf,kind\nUnit A,2024,1,shop\n",
            [
                "units.csv: staff: table 'units' has no such column. Did you mean 'staf'? Legal: teem, "
                "year, staf, kind.",
                "units.csv: team: table 'units' has no such column. Did you mean 'teem'? Legal: teem, "
                "year, staf, kind.",
            ],
        ),
        (
            "units.csv",
            b"team,year,staff,kind\nUnit A,2024,1\nUnit B,2024,1,shop,x\nUnit C,2024,1,shop\n",
            [
                "units.csv: 2 rows have not as many fields as the heading (4), the first in row 2. "
                "Export it again, with text between quotes."
            ],
        ),
        (
            "units.csv",
            b'team,year,staff,kind\nUnit A,2024,1,shop\n"Unit B,2024,1,shop\n',
            [
                "units.csv: 1 row has not as many fields as the heading (4), the first in row 3. Export "
                "it again, with text between quotes."
            ],
        ),
        ("units.parquet", b"", ["units.parquet: the file is empty (0 bytes). Export it again."]),
        (
            "units.parquet",
            b"PAR1 damaged PAR1",
            ["units.parquet: not a readable Parquet file. Export it again."],
        ),
        (
            "units.xlsx",
            b"PK",
            ["units.xlsx: not a readable workbook; it is damaged or cut off. Export it again."],
        ),
        (
            "units",
            b'{"team": ["Unit A"]}',
            ["units: this is a JSON file, which cannot be read. Export it as CSV, XLSX, SPSS or Parquet."],
        ),
    ],
)
def test_table_file_that_cannot_be_read(client: Any, name: str, content: bytes, lines: list[str]) -> None:
    client.settings["tables"]["units"] = name
    client.files[name] = content
    assert client.refusal() == problems(*lines)


def test_parquet_cut_off_in_the_middle(client: Any) -> None:
    client.write()
    path = client.folder / "employees.parquet"
    client.tables["employees"].to_parquet(path)
    client.settings["tables"]["employees"] = path.name
    whole = path.read_bytes()
    # The foot is kept and the pages are overwritten, so that only reading the columns finds it.
    client.files[path.name] = whole[:4] + bytes(len(whole) // 3) + whole[4 + len(whole) // 3 :]
    assert client.refusal() == problems("employees.parquet: not a readable Parquet file. Export it again.")


def test_a_listed_table_needs_a_description(client: Any) -> None:
    client.settings["tables"]["partners"] = "customers.csv"
    assert client.refusal() == problems(
        "customers.csv: table 'partners' is listed in the study, but the codebook describes none of its columns. "
        "Describe its columns, or leave the table out."
    )


def test_columns_that_a_measure_refers_to_must_be_there(client: Any) -> None:
    client.variables["m"] = client.entry(
        "units", "happy", "measure", construct="happy", kind="mean", n_column="base"
    )
    assert client.refusal() == problems(
        "units.csv: base (n_column of happy): table 'units' has no such column. Legal: team, year, staff, kind.",
        "units.csv: happy: table 'units' has no such column. Legal: team, year, staff, kind.",
    )


def test_cells_are_counted_and_only_codes_are_named(client: Any) -> None:
    people = client.tables["employees"].astype("object")
    people.loc[3, "eng_1"] = "veel"
    people.loc[0:4, "eng_2"] = "NA"
    people.loc[5:8, "eng_2"] = "soms"
    people.loc[0, "eng_3"] = 8
    people.loc[0:1, "needs"] = "inf"
    people.loc[0:7, "enps"] = 99
    people.loc[9, "enps"] = -4
    client.tables["employees"] = people
    message = client.refusal()
    assert message == problems(
        f"employees.csv: eng_1: a number is expected, but 1 cell holds text. {CORRECT}",
        f"employees.csv: eng_2: a number is expected, but 9 cells hold text ('NA'). {CORRECT}",
        f"employees.csv: eng_3: 1 cell lies outside the scale 1 to 7. {SCALE}",
        "employees.csv: needs: 2 cells are infinite. Correct the cells.",
        f"employees.csv: enps: 9 cells lie outside the scale 0 to 10 (99). {SCALE}",
    )
    assert "veel" not in message
    assert "soms" not in message


def test_weights_counts_flags_and_dates(client: Any) -> None:
    people, units = client.tables["employees"], client.tables["units"]
    people["w"] = 1.0
    people.loc[0, "w"], people.loc[1, "w"], people.loc[2, "w"] = -1, 0, np.nan
    people["born"] = "2001-02-03"
    people.loc[3, "born"] = "03/02/2001"
    people["boss"] = 0
    people.loc[4, "boss"] = 2
    units.loc[5, "staff"] = -3
    client.variables["w"] = client.entry("employees", "w", "weight")
    client.variables["born"] = client.entry("employees", "born", "date")
    client.variables["boss"] = client.entry("employees", "boss", "flag")
    assert client.refusal() == problems(
        "employees.csv: w: 2 weights are zero or negative. Weights must be above 0.",
        "employees.csv: w: 1 row has no weight. Give every row a weight, or leave the column out.",
        "employees.csv: born: a date is expected, but 1 cell holds something else. "
        "Write dates as 2024-03-31 or 31-03-2024.",
        "employees.csv: boss: 1 cell lies outside the scale 0 to 1. A flag is 0 or 1: correct the cells, or the role.",
        "units.csv: staff: 1 count is negative. Counts must be 0 or more.",
    )


def test_keys_that_repeat_lack_or_are_unknown(client: Any) -> None:
    people, units = client.tables["employees"], client.tables["units"]
    people.loc[1, "id"] = "p00"
    people.loc[0:2, "team"] = "Anna's"
    people["team"] = people["team"].replace({"Unit F": "Unit G"})
    units.loc[1, "team"] = "Unit A"
    units.loc[4, "team"] = None
    both = "a combination of {} that stands in an earlier row. Keep one row for each, or correct the wave."
    names = "Correct the names, or add these units."
    message = client.refusal()
    assert message == problems(
        f"employees.csv: person and wave: 1 row repeats {both.format('person and wave')}",
        "units.csv: unit: 1 row has no unit. Complete them, or write 'without_key: leave_out' for this file in the "
        "study file.",
        f"units.csv: unit and wave: 1 row repeats {both.format('unit and wave')}",
        "employees.csv: unit: 4 units are not in the table 'units': 'Unit B', 'Unit E', 'Unit G' "
        f"and others. {names}",
        f"customers.csv: unit: 2 units are not in the table 'units': 'Unit B', 'Unit E'. {names}",
    )
    assert "p00" not in message
    assert "Anna" not in message


def test_keys_without_waves(client: Any) -> None:
    del client.variables["employees.year"], client.variables["units.team"]
    client.tables["employees"].loc[1, "id"] = "p00"
    assert client.refusal() == problems(
        "employees.csv: person: 1 row repeats a person that stands in an earlier row. "
        "Keep one row for each person, or give a column the role 'wave'.",
        "units.csv: unit: table 'units' needs a column with role 'unit'. Give one column that "
        "role in the codebook.",
    )


def test_units_without_a_wave_in_some_rows(client: Any) -> None:
    client.tables["units"].loc[0, "year"] = None
    assert client.refusal() == problems("units.csv: wave: 1 row has no wave. Complete or remove them.")


def test_a_client_s_own_tables_are_never_replaced(client: Any) -> None:
    client.settings["synthetic"] = {"seed": 1}
    client.settings["tables"] = {"employees": "employees.csv"}
    made = "employees.parquet, customers.parquet, partners.csv, units.csv, people.csv, moments.parquet"
    assert client.refusal() == problems(
        f"small.yaml: tables: the generator makes no employees.csv. Its files are {made}."
    )
    client.settings["tables"] = {"units": "units.csv"}
    assert client.refusal() == problems(
        "small.yaml: synthetic: folder 'small' holds tables that the generator did not make; "
        "they would be replaced. Take out 'synthetic' if this is a client's data, or name another folder."
    )
    client.settings["tables"] = {"units": "units.csv", "people": "more/people.csv"}
    assert client.refusal() == problems(
        "small.yaml: tables: the tables of a fictional client must lie in one folder. Give all "
        "tables the same folder."
    )
    client.settings["tables"] = {"units": "small.yaml/units.csv"}
    assert client.refusal() == problems(
        "small.yaml: tables: 'small.yaml' is a file, or a folder that holds other files as well. "
        "Name a folder of their own."
    )
    assert pd.read_csv(client.folder / "units.csv")["team"].tolist() == list(client.units)


def run(*arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command line."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("command", ["run", "check"])
def test_command_line_refuses_with_a_sentence(client: Any, command: str) -> None:
    client.settings["parameters"]["n_boot"] = 5
    code, out, err = run(command, client.write())
    line = "small.yaml: parameters.n_boot: 5 is out of range. It must be at least 200."
    assert (code, out, err) == (2, "", problems(line) + "\n")
    assert run(command, client.folder / "smal.yaml") == (
        2, "", problems("smal.yaml: the file does not exist. Check the path.") + "\n",
    )  # fmt: skip
    # Of a folder, run takes the study files; its codebook is no study.
    folder = "small: this is a folder, not a file. Name the file." if command == "check" else line
    assert run(command, client.folder) == (2, "", problems(folder) + "\n")
    assert run(command, client.file, "--set", "n_boot") == (
        2, "", problems("--set: n_boot: this is not of the form key=value. Example: --set n_boot=500") + "\n",
    )  # fmt: skip
    assert not (client.folder / "reports").exists()


def test_everything_a_run_needs_is_checked_before_it_starts(client: Any) -> None:
    client.settings |= {"hypotheses": ["engagement-cxx"]}
    client.settings["parameters"]["ex_measure"] = "engagment"
    file = client.write()
    code, out, err = run("run", file, "--output", file, "--only", "99_nothing")
    lines = err.splitlines()
    assert (code, out, lines[0]) == (2, "", "4 problems with this study:")
    assert lines[1].startswith(
        "- small.yaml: hypotheses: there is no hypothesis 'engagement-cxx'. Did you mean 'engagement-cx'? Legal: "
    )
    assert lines[2:4] == [
        "- small.yaml: parameters.ex_measure: the codebook has no construct 'engagment'. "
        "Did you mean 'engagement'? Legal: cx, engagement, enps.",
        "- --output: small.yaml: this is a file, not a folder. Name a folder.",
    ]
    assert lines[4].startswith("- --only: '99_nothing' names no notebook. Legal: 00_data_readiness, ")
    assert len(lines) == 5


@pytest.mark.parametrize("place", ["small/units.csv/report", "/proc/report"])
def test_output_that_cannot_be_written(client: Any, place: str) -> None:
    if place.startswith("/") and not Path("/proc/self").exists():
        pytest.skip("this system has no /proc")
    output = client.folder.parent / place
    assert run("run", client.write(), "--output", output) == (
        2,
        "",
        problems("--output: report: this folder cannot be written. Choose another one, or change its rights.")
        + "\n",
    )


def test_output_of_somebody_else(client: Any, tmp_path: Path) -> None:
    file, output = client.write(), tmp_path / "out"
    output.mkdir()
    (output / "run.json").write_text('{"client": "other"}', encoding="utf-8")
    rest = "Name another folder, or add --overwrite to write into it."
    assert run("run", file, "--output", output) == (
        2, "", problems(f"--output: out: this folder holds the report of client 'other'. {rest}") + "\n",
    )  # fmt: skip
    (output / "run.json").unlink()
    (output / "thesis.txt").write_text("mine", encoding="utf-8")
    assert run("run", file, "--output", output) == (
        2, "", problems(f"--output: out: this folder holds files that are not a report. {rest}") + "\n",
    )  # fmt: skip
    assert [path.name for path in output.iterdir()] == ["thesis.txt"]


def verdicts(client: Any) -> list[tuple[str, str]]:
    """Hypothesis and verdict of everything that the notebooks decide."""
    study, rules = client.load(), DisclosureRules()
    common = {"conf_level": 0.95, "rules": rules}
    resampled = common | {"n_boot": 200, "seed": 1}
    band = {"engaged_definition": "highly_or_moderately", "engaged_threshold": 5.0}
    pages = [
        engagement_and_cx(
            study, ex_measure="engagement", cx_measure="cx", ex_alternative="", leader_share=0.25, set_apart="",
            min_unit_n=5, **band, **resampled,
        ),
        engaged_minority(study, **band, **common),
        employee_first(study, n_imputations=5, **resampled),
    ]  # fmt: skip
    return [(page.finding.hypothesis, page.finding.verdict.value) for page in pages]


def test_one_unit_only_is_not_testable(client: Any) -> None:
    for name, frame in client.tables.items():
        client.tables[name] = frame.assign(team="Unit A").iloc[: 1 if name == "units" else None]
    assert ("engagement-cx", "not_testable") in verdicts(client)


def test_all_answers_equal_is_not_testable(client: Any) -> None:
    for frame, columns in (
        (client.tables["employees"], ["eng_1", "eng_2", "eng_3", "needs", "customer", "enps"]),
        (client.tables["customers"], ["cx"]),
    ):
        frame[columns] = 6
    found = dict(verdicts(client))
    assert found["engagement-cx"] == found["employee-first"] == "not_testable"


def test_the_small_client_is_a_good_one(client: Any) -> None:
    study = client.load()
    assert {name: frame.shape for name, frame in study.tables.items()} == {
        "employees": (60, 9), "customers": (60, 3), "units": (6, 4),
    }  # fmt: skip
    assert yaml.safe_load(client.file.read_text(encoding="utf-8"))["client"] == "small"
