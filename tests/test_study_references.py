"""What tables say of one another: units, persons and waves in both directions, and what is only worth knowing."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from exresearch.run import plan_run
from exresearch.study import Codebook, StudyError, Variable, check_tables
from exresearch.study.tables import Table


def table(name: str, **columns: list[Any]) -> Table:
    frame = pd.DataFrame({key: pd.Series(values, dtype="str") for key, values in columns.items()})
    return Table(name, frame, f"{name}.csv", (), {}, len(frame), {})


def outcome(*tables: Table, whole: bool = True) -> list[str]:
    """Remarks, or problems."""
    try:
        return [str(remark) for remark in check_tables({t.name: t for t in tables}, whole=whole)]
    except StudyError as error:
        return [str(problem) for problem in error.problems]


def test_units_without_answers_are_counted_only_where_there_are_answers() -> None:
    units = table("units", unit=["A", "B", "C"])
    assert outcome(units) == []
    assert outcome(units, table("customers", unit=["A", None, "B"])) == [
        "units.csv: unit: One unit of this table has no answers in any other table."
    ]


@pytest.mark.parametrize("name", ["employees", "moments"])
def test_persons_are_looked_up_among_the_people(name: str) -> None:
    people = table("people", person=["a", "b", "c", "d", "never answered"])
    assert outcome(people, table(name, person=["a", "b", None])) == []
    assert outcome(people, table(name, person=["a", "b", "x", "y"])) == [
        f"{name}.csv: person: 2 persons of this table are not on the staff list."
    ]
    assert outcome(people, table(name, person=["a", "x", "y"])) == [
        f"{name}.csv: person: 2 of 3 persons are not in the table 'people'; the keys do not fit. "
        "Give both tables the same keys, or the role ignore to the person of this table."
    ]


def test_waves_that_only_some_tables_have_are_worth_knowing() -> None:
    both, one = table("employees", wave=["1", "2"]), table("customers", wave=["2"])
    assert outcome(both, one) == ["employees.csv: wave: One wave of this table is not in table 'customers'."]
    assert outcome(both, one, table("partners", wave=["3", "2"])) == [
        "employees.csv: wave: One wave of this table is in no other table.",
        "partners.csv: wave: One wave of this table is in no other table.",
    ]


def test_a_table_that_shares_no_wave_is_refused_once() -> None:
    employees, customers = table("employees", wave=["1"] * 5), table("customers", wave=["2"] * 5)
    rest = "Write the waves alike in all tables, or give this column another role than wave."
    assert outcome(employees, customers) == [
        f"customers.csv: wave: no wave of this table is in another: 1 wave: '2' here; 1 wave: '1' elsewhere. {rest}"
    ]
    partners = table("partners", wave=["2", "3", "4"])
    assert outcome(employees, customers, partners) == [
        "employees.csv: wave: no wave of this table is in another: 1 wave: '1' here; "
        f"3 waves: '2' and others elsewhere. {rest}"
    ]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("2024Q1", "2024-q1", True),
        ("2024Q1", "Q1 2024", True),
        ("wave 1", "Wave 01", True),
        ("2024 spring", "Spring 2024", True),
        ("1", "-1", False),
        ("1.5", "15", False),
        ("2024Q1", "2024Q2", False),
        ("²", "2", False),
        ("<1", ">1", False),
    ],
)
def test_waves_that_differ_in_spelling_alone(one: str, other: str, alike: bool) -> None:
    found = outcome(table("employees", wave=[one, other] * 5))
    first, second = sorted([one, other])
    expected = (
        f"employees.csv: wave: waves are written in two ways: {first!r}, {second!r}. "
        "Write each wave in one way, in all tables."
    )
    assert found == ([expected] if alike else [])


def test_no_key_is_missed_where_the_codebook_is_broken() -> None:
    units = table("units", wave=["1"])
    assert outcome(units, whole=False) == []
    assert outcome(table("units", unit=["A", "A"]), whole=False) == []
    assert outcome(units) == [
        "units.csv: unit: table 'units' needs a column with role 'unit'. Give one column that role in the codebook."
    ]


def test_periods_run_forwards() -> None:
    people = table("people", person=["a", "b", "c"])
    dates = pd.to_datetime(pd.Series(["2020-01-02", "2020-01-02", None]))
    frame = people.frame.assign(
        start=dates, end=pd.to_datetime(pd.Series(["2020-01-01", "2020-01-02", "2019-01-01"]))
    )
    turned = Table("people", frame, "people.csv", (), {}, 3, {})
    assert outcome(turned) == [
        "people.csv: start and end: 1 row has a start after the end. Correct the dates."
    ]


def test_a_period_of_a_staff_list_in_dutch_runs_forwards() -> None:
    frame = pd.DataFrame(
        {
            "person": ["a", "b"],
            "in dienst": pd.to_datetime(["2020-01-02", "2020-01-02"]),
            "uit dienst": pd.to_datetime(["2020-01-01", None]),
        }
    )
    people = Table("people", frame, "personeel.csv", (), {}, 2, {})
    dates = tuple(
        Variable(table="people", column=f"{word} dienst", role="date", construct=construct)
        for word, construct in (("in", "start"), ("uit", "end"))
    )
    with pytest.raises(StudyError) as caught:
        check_tables({"people": people}, codebook=Codebook(dates, {}))
    assert [str(problem) for problem in caught.value.problems] == [
        "personeel.csv: in dienst and uit dienst: 1 row has a start after the end. Correct the dates."
    ]


def test_answers_in_words_become_numbers(client: Any) -> None:
    words = {"Never": 1, "Sometimes": 4, "Always": 7}
    client.variables["employees.needs"]["values"] = words
    client.tables["employees"]["needs"] = ["ALWAYS ", "never", "Sometimes", "4", "1", ""] * 10
    needs = client.load().table("employees")["needs"]
    assert needs.tolist()[:5] == [7.0, 1.0, 4.0, 4.0, 1.0]
    assert needs.isna().tolist()[5::6] == [True] * 10


def test_guesses_that_stand_are_a_remark_and_a_draft_does_not_run(client: Any, tmp_path: Any) -> None:
    client.variables["employees.needs"]["guessed"] = ["role", "block"]
    client.variables["partners.x"] = client.entry("partners", "x", "text")
    assert [str(remark) for remark in client.load().remarks] == [
        "codebook.yaml: The codebook describes one column of table 'partners', which the study does not list.",
        "codebook.yaml: One column still holds guesses of the draft that nobody has confirmed: needs.",
    ]
    client.settings["draft"] = True
    assert [remark.kind for remark in client.load().remarks] == ["table_not_listed"]
    with pytest.raises(StudyError) as caught:
        plan_run(client.write(), output=tmp_path / "out")
    assert [str(problem) for problem in caught.value.problems] == [
        "small.yaml: draft: this study is a draft: 2 guesses stand in its codebook, about 1 column. "
        "Look through them, delete 'guessed' where they are right, then delete this line."
    ]


def test_files_of_a_table_may_each_be_a_wave(client: Any) -> None:
    customers = client.tables.pop("customers").drop(columns="year")
    client.write()
    for wave in ("2023", "2024"):
        customers.to_csv(client.folder / f"cx{wave}.csv", index=False)
    client.settings["tables"]["customers"] = [
        {"file": f"cx{wave}.csv", "wave": wave} for wave in ("2023", "2024")
    ]
    del client.variables["customers.year"]
    study = client.load()
    assert study.table("customers")["wave"].tolist() == ["2023"] * 60 + ["2024"] * 60
    assert study.waves == ("2023", "2024")
    client.settings["tables"]["customers"][1].pop("wave")
    assert client.refusal() == (
        "1 problem with this study:\n- cx2024.csv: wave: this file has no wave; another file of the table has. "
        "Give 'wave' with this file in the study file."
    )
