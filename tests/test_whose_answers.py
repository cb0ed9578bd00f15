"""Whose answers count: phases, the day of reference, and one count of people behind every response rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.measures import (
    answers_by_wave,
    respondents_against_staff,
    response_by_group,
    rows_used,
    weight_summary,
)
from exresearch.study.weights import rake

TABLES = ("employees", "customers", "units")
_RATE = ["wave", "n", "response_rate"]


@pytest.fixture
def counted(client: Any) -> Any:
    """The small client with a head count of 12 in each unit."""
    client.variables["units.staff"]["construct"] = "headcount"
    client.variables["units.staff"]["label"] = {"nl": "Bezetting", "en": "Head count"}
    return client


def remarks(study: Any, *kinds: str) -> list[str]:
    return [str(remark) for remark in study.remarks if remark.kind in kinds]


def with_phase(client: Any, phases: Any, *, column: str = "phase", **more: Any) -> Any:
    client.tables["employees"][column] = phases
    client.variables["employees.phase"] = client.entry("employees", column, "category", **more)
    return client


def with_staff(client: Any, **columns: Any) -> Any:
    """A staff list of 120 people, the 60 respondents first; every third one is hired."""
    staff = pd.DataFrame(
        {"id": [f"p{i:02d}" for i in range(120)], "contract": ["hired", "fixed", "fixed"] * 40}
    )
    client.tables["people"] = staff.assign(**columns)
    client.settings["tables"]["people"] = "people.csv"
    roles = {"id": "person", "start": "date", "end": "date"}
    for name in client.tables["people"]:
        client.variables[f"people.{name}"] = client.entry("people", name, roles.get(name, "category"))
    return client


def in_waves(client: Any, *waves: str, only: tuple[str, ...] = TABLES) -> Any:
    """The tables once in each wave."""
    for name in only:
        client.tables[name] = pd.concat([client.tables[name].assign(year=wave) for wave in waves])
    return client


def without_waves(client: Any, *names: str) -> Any:
    for name in names:
        del client.variables[f"{name}.year"]
        client.tables[name] = client.tables[name].drop(columns="year")
    return client


# Phases


def test_a_file_without_phases_is_of_people_at_work(counted: Any) -> None:
    in_waves(counted, "2024", "2025", only=("customers", "units"))
    sheets = counted.tables.pop("employees")
    parts = {"2024.csv": sheets.assign(phase="employee"), "2025.csv": sheets.assign(year="2025")}
    counted.files |= {name: part.to_csv(index=False) for name, part in parts.items()}
    counted.settings["tables"]["employees"] = list(parts)
    counted.variables["employees.phase"] = counted.entry("employees", "phase", "category")
    study = counted.load()
    expected = [["2024", 60, 60 / 72], ["2025", 60, 60 / 72]]
    assert answers_by_wave(study)[_RATE].to_numpy().tolist() == expected
    assert response_by_group(study)["response_rate"].tolist() == pytest.approx([60 / 72] * 4)


@pytest.mark.parametrize(
    ("works", "gone"),
    [("employee", "leaver"), ("Medewerker", "vertrokken"), ("in dienst", "Uit-dienst"), ("working", "alumnus"),
     ("werknemer", "sollicitant"), (None, "oud_medewerker")],
)  # fmt: skip
def test_phases_are_known_in_two_languages(counted: Any, works: str | None, gone: str) -> None:
    counted.tables["units"]["staff"] = 8
    study = with_phase(counted, ([works] * 6 + [gone] * 4) * 6).load()
    assert answers_by_wave(study)[_RATE].to_numpy().tolist() == [["2024", 36, 0.75]]
    assert response_by_group(study)["n"].tolist() == [18, 18]
    assert remarks(study, "sheets_not_at_work", "phases_not_known") == [
        "employees.csv: phase: By this column 24 answer sheets are candidates', leavers' or alumni's; the response "
        "does not count them."
    ]


def test_the_phase_may_have_another_name(counted: Any) -> None:
    label = {"nl": "Fase", "en": "Phase"}
    with_phase(counted, ["leaver"] + ["employee"] * 59, column="rol", construct="phase", label=label)
    study = counted.load()
    assert answers_by_wave(study)["n"].tolist() == [59]
    assert remarks(study, "sheets_not_at_work") == [
        "employees.csv: rol: By this column one answer sheet is a candidate's, leaver's or alumnus's; the response "
        "does not count it."
    ]


def test_a_phase_that_is_not_known_counts_and_is_said_but_not_a_rare_one(counted: Any) -> None:
    study = with_phase(counted, ["proef"] * 5 + ["Jan weg"] * 4 + ["leaver"] * 51).load()
    assert answers_by_wave(study)["n"].tolist() == [9]
    assert remarks(study, "phases_not_known") == [
        "employees.csv: phase: 2 phases are not known ('proef' and others) and count as at work; known are employee, "
        "candidate, leaver and alumnus."
    ]
    counted.tables["employees"]["phase"] = ["Jan weg"] * 4 + ["leaver"] * 56
    assert remarks(counted.load(), "phases_not_known") == [
        "employees.csv: phase: One phase is not known and counts as at work; known are employee, candidate, leaver and "
        "alumnus."
    ]


def test_where_nobody_is_at_work_all_sheets_count(counted: Any) -> None:
    study = with_phase(counted, "leaver").load()
    assert answers_by_wave(study)[_RATE].to_numpy().tolist() == [["2024", 60, 60 / 72]]
    assert remarks(study, "nobody_at_work") == [
        "employees.csv: phase: By this column every answer sheet is a candidate's, leaver's or alumnus's; the response "
        "counts them all the same."
    ]


# Weights


def test_only_people_at_work_are_raked_to_the_staff_list(client: Any) -> None:
    with_staff(client)
    # The last twenty respondents left; all of them were hired.
    client.tables["people"].loc[40:59, "contract"] = "hired"
    with_phase(client, ["employee"] * 40 + ["leaver"] * 20)
    client.tables["employees"]["w"] = np.tile([2.0, 6.0], 30)
    client.variables["employees.w"] = client.entry("employees", "w", "weight")
    client.settings["weighting"] = {"employees": {"staff_list": ["contract"]}}
    study = client.load()
    [record] = study.weighting
    assert (record.n, record.converged) == (40, True)
    table = respondents_against_staff(study)
    assert table["n_respondents"].sum() == 40
    assert table["share_weighted"].tolist() == pytest.approx(table["share_staff"].tolist(), abs=1e-9)
    weights = study.table("employees")["weight"]
    assert weights[:40].mean() == pytest.approx(1)
    # The mean starting weight of those at work is 4.
    assert weights[40:].tolist() == pytest.approx([0.5, 1.5] * 10)
    assert remarks(study, "sheets_not_at_work_not_raked") == [
        "small.yaml: weighting.employees: 20 answer sheets of people who are not at work are not raked; they count "
        "with their starting weight."
    ]


def test_a_wave_of_leavers_alone_keeps_its_starting_weights(weighted: Any) -> None:
    with_phase(weighted, ["employee"] * 60 + ["leaver"] * 60)
    study = weighted.load()
    assert [record.wave for record in study.weighting] == ["2024"]
    assert study.table("employees")["weight"][60:].tolist() == [1.0] * 60


def test_weights_to_the_phase_itself_are_of_everybody(client: Any) -> None:
    with_phase(client, ["employee"] * 40 + ["leaver"] * 20)
    client.settings["weighting"] = {"employees": {"margins": {"phase": {"employee": 0.9, "leaver": 0.1}}}}
    study = client.load()
    assert study.weighting[0].n == 60
    assert study.table("employees")["weight"].tolist() == pytest.approx([1.35] * 40 + [0.3] * 20)


@pytest.fixture
def weighted(client: Any) -> Any:
    """Two waves, with margins for a contract."""
    in_waves(client, "2024", "2025")
    client.tables["employees"]["contract"] = (["fixed"] * 4 + ["hired"]) * 24
    client.variables["employees.contract"] = client.entry("employees", "contract", "category")
    client.settings["weighting"] = {"employees": {"margins": {"contract": {"fixed": 300, "hired": 100}}}}
    return client


def test_weights_and_their_check_take_the_category_from_the_staff_list(client: Any) -> None:
    with_staff(client)
    own = ["hired" if i % 3 == 0 and i < 30 else "fixed" for i in range(60)]
    client.tables["employees"]["contract"] = own
    client.variables["employees.contract"] = client.entry("employees", "contract", "category")
    client.settings["weighting"] = {"employees": {"staff_list": ["contract"]}}
    study = client.load()
    table = respondents_against_staff(study)
    assert study.weighting[0].converged
    assert table["n_respondents"].tolist() == [40, 20]
    assert table["share_weighted"].tolist() == pytest.approx(table["share_staff"].tolist(), abs=1e-9)
    assert remarks(study, "categories_disagree") == [
        "small.yaml: weighting.employees: 10 answer sheets give another category than the staff list (contract); the "
        "staff list goes first."
    ]


def test_a_person_that_the_staff_list_lacks_has_the_category_of_the_sheet(client: Any) -> None:
    with_staff(client)
    client.tables["people"] = client.tables["people"].iloc[5:]
    client.tables["employees"]["contract"] = "hired"
    client.variables["employees.contract"] = client.entry("employees", "contract", "category")
    table = respondents_against_staff(client.load())
    assert table.set_index("category")["n_respondents"].to_dict() == {"fixed": 37, "hired": 23}


def test_sheets_without_a_wave_are_in_the_weights_of_all(client: Any) -> None:
    client.tables["employees"].loc[:9, "year"] = None
    table = weight_summary(client.load())
    assert table.loc[table["table"] == "employees", ["wave", "n"]].to_numpy().tolist() == [
        ["2024", 50],
        ["all", 60],
    ]
    assert table.loc[table["table"] == "customers", "wave"].tolist() == ["2024"]


def test_raking_that_creeps_on_is_not_called_stuck() -> None:
    # Nearly the same question twice: every cycle takes off half a thousandth of what is left.
    cells = pd.DataFrame({"a": ["x", "x", "y", "y"], "b": ["x", "y", "x", "y"]})
    rows = cells.loc[cells.index.repeat([4000, 1, 1, 2000])]
    half = {"x": 0.5, "y": 0.5}
    raked = rake(rows, margins={"a": half, "b": half}, tolerance=1e-6, max_cycles=10_000)
    assert raked.converged
    assert raked.cycles > 1000


# One count of people behind every rate


def test_head_counts_without_waves_are_those_of_every_wave(counted: Any) -> None:
    in_waves(counted, "2024", "2025", only=("employees", "customers"))
    study = without_waves(counted, "units").load()
    assert answers_by_wave(study)[_RATE].to_numpy().tolist() == [["2024", 60, 60 / 72], ["2025", 60, 60 / 72]]
    assert response_by_group(study)["response_rate"].tolist() == pytest.approx([60 / 72] * 4)


def test_a_study_without_waves_has_a_rate(counted: Any) -> None:
    table = answers_by_wave(without_waves(counted, *TABLES).load())
    assert table[[*_RATE, "source"]].to_numpy().tolist() == [["all", 60, 60 / 72, "head counts"]]


@pytest.mark.parametrize("waves", [("2024", "2023"), ("2023", "2024")])
def test_without_waves_of_answers_the_last_head_count_goes(counted: Any, waves: tuple[str, str]) -> None:
    units, heads = counted.tables["units"], {"2023": 11, "2024": 20}
    counted.tables["units"] = pd.concat([units.assign(year=wave, staff=heads[wave]) for wave in waves])
    study = without_waves(counted, "employees", "customers").load()
    assert answers_by_wave(study)[_RATE].to_numpy().tolist() == [["all", 60, 0.5]]
    assert response_by_group(study)["headcount"].tolist() == [60, 60]


def test_a_unit_that_answered_without_a_head_count_leaves_the_rate_unknown(counted: Any) -> None:
    in_waves(counted, "2024", "2025")
    units = counted.tables["units"]
    counted.tables["units"] = units[~((units["team"] == "Unit F") & (units["year"] == "2025"))]
    study = counted.load()
    assert answers_by_wave(study)["response_rate"].tolist() == pytest.approx([60 / 72, np.nan], nan_ok=True)
    later = response_by_group(study).query("wave == '2025'").set_index("group")
    # Unit F is an office, as it was the year before.
    assert later["n"].to_dict() == {"office": 30, "shop": 30}
    assert later["response_rate"].to_dict() == pytest.approx({"office": np.nan, "shop": 30 / 36}, nan_ok=True)
    assert remarks(study, "units_without_headcount") == [
        "units.csv: staff: The head count of one unit is not known (2025); nor is the response rate of that wave, or "
        "of the unit's group."
    ]


def test_more_answers_than_people_give_no_rate_and_a_remark(counted: Any) -> None:
    counted.tables["units"]["staff"] = 8
    study = counted.load()
    assert answers_by_wave(study)[["response_rate", "source"]].isna().all(axis=None)
    assert response_by_group(study)["response_rate"].isna().all()
    assert remarks(study, "more_answers_than_people") == [
        "units.csv: staff: In one wave more people answered than there are (2024), in all or in a group of units; that "
        "response rate is left out."
    ]
    # Too many in one group alone.
    counted.tables["units"]["staff"] = [12, 8] * 3
    study = counted.load()
    assert answers_by_wave(study)["response_rate"].tolist() == [1.0]
    assert response_by_group(study).set_index("group")["response_rate"].to_dict() == pytest.approx(
        {"office": np.nan, "shop": 30 / 36}, nan_ok=True
    )
    assert len(remarks(study, "more_answers_than_people")) == 1


def test_sheets_without_a_unit_are_in_no_group_and_that_is_said(counted: Any) -> None:
    counted.tables["employees"].loc[:19, "team"] = None
    study = counted.load()
    assert answers_by_wave(study)["response_rate"].tolist() == [60 / 72]
    assert response_by_group(study)["n"].tolist() == [20, 20]
    assert remarks(study, "answers_in_no_group") == [
        "employees.csv: unit: 20 answer sheets without a unit count in the response of all and in that of no group."
    ]


def test_groups_and_waves_agree_where_all_is_known(counted: Any) -> None:
    counted.tables["units"]["staff"] = [20, 12, 15, 10, 30, 13]
    study = in_waves(counted, "2024", "2025").load()
    groups = response_by_group(study).groupby("wave")[["n", "headcount"]].sum()
    assert answers_by_wave(study)["response_rate"].tolist() == (groups["n"] / groups["headcount"]).tolist()
    assert not remarks(study, "more_answers_than_people", "units_without_headcount", "answers_in_no_group")


# Staff


def test_a_day_of_reference_counts_the_people_of_that_day(client: Any) -> None:
    starts = ["2020-01-01"] * 108 + ["2024-11-15"] * 12
    ends = [None] * 96 + ["2024-01-15"] * 12 + [None] * 12
    with_staff(client, start=starts, end=ends)
    assert answers_by_wave(client.load())["response_rate"].tolist() == [60 / 120]
    client.settings["waves"] = [{"name": "2024", "day": "2024-06-01"}]
    assert answers_by_wave(client.load())["response_rate"].tolist() == [60 / 96]
    # The last day of service counts, and the first.
    for day, n in (("2024-01-15", 108), ("2024-01-16", 96), ("2024-11-14", 96), ("2024-11-15", 108)):
        client.settings["waves"] = [{"name": "2024", "day": day}]
        assert respondents_against_staff(client.load())["n_staff"].sum() == n
    client.settings["weighting"] = {"employees": {"staff_list": ["contract"]}}
    client.tables["people"].loc[96:107, "contract"] = "hired"
    client.settings["waves"] = [{"name": "2024", "day": "2024-06-01"}]
    weights = client.load().table("employees")["weight"]
    # On that day 64 of 96 are fixed, as of the 60 who answered: nobody is weighted.
    assert weights.tolist() == pytest.approx([1.0] * 60)


def test_people_in_full_time_equivalents_are_rounded_and_not_cut_off(counted: Any) -> None:
    counted.tables["units"]["staff"] = 12.9
    assert respondents_against_staff(counted.load())["n_staff"].tolist() == [39, 39]


@pytest.mark.parametrize(("known", "compared"), [(48, False), (60, True)])
def test_a_category_that_most_of_the_staff_lack_is_not_compared(
    client: Any, known: int, compared: bool
) -> None:
    with_staff(client, grade=["a", "b"] * (known // 2) + [None] * (120 - known))
    assert ("grade" in set(respondents_against_staff(client.load())["column"])) == compared


def test_units_without_a_head_count_are_on_neither_side_of_the_comparison(counted: Any) -> None:
    counted.tables["units"]["staff"] = [np.nan, 12, 12, 12, 12, 12]
    table = respondents_against_staff(counted.load()).set_index("category")
    assert table["n_respondents"].to_dict() == {"office": 30, "shop": 20}
    assert table["n_staff"].to_dict() == {"office": 36, "shop": 24}


def test_one_row_left_out_is_a_step_of_its_own(client: Any) -> None:
    units = client.tables["units"]
    client.tables["units"] = pd.concat([units, units.head(1).assign(team="")])
    client.settings["tables"]["units"] = {"file": "units.csv", "without_key": "leave_out"}
    flow = rows_used(client.load()).query("table == 'units'")
    assert flow[["step", "n", "removed"]].to_numpy().tolist() == [
        ["rows in the files", 7, 0],
        ["without unit", 6, 1],
        ["rows for the analysis", 6, 0],
    ]
