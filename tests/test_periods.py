"""Waves made from the day of answering: what they are called, which date tells them, and how others write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from exresearch.study import load_study
from exresearch.study.draft import draft_study, write_draft
from exresearch.study.tables.periods import MONTHS, period_kind, same_period, wave_period, waves_of_days

N = 60


def dated(client: Any, days: list[Any], *, waves: list[str], period: str = "quarter") -> Any:
    """Customers with a day and no wave beside employees and units with waves."""
    client.tables["customers"] = client.tables["customers"].drop(columns="year").assign(day=days)
    del client.variables["customers.year"]
    client.variables["customers.day"] = client.entry("customers", "day", "date")
    client.settings["tables"]["customers"] = {"file": "customers.csv", "waves_from": period}
    client.tables["employees"]["year"] = (waves * N)[:N]
    units = client.tables["units"]
    client.tables["units"] = pd.concat([units.assign(year=wave) for wave in waves], ignore_index=True)
    return client


@pytest.mark.parametrize("period", list(MONTHS))
def test_every_day_lies_in_the_period_of_its_wave(period: str) -> None:
    days = pd.Series(pd.date_range("2023-11-01", "2025-02-03"))
    waves = waves_of_days(days, period=period)
    for day, wave in zip(days, waves, strict=True):
        of = wave_period(wave)
        assert of is not None
        assert of.start_time <= day <= of.end_time
    assert period_kind(waves.unique()) == period
    assert waves.nunique() == {"month": 16, "quarter": 6, "half_year": 4, "year": 3}[period]


def test_days_with_a_time_and_none() -> None:
    days = pd.Series(
        [pd.Timestamp("2024-12-31 23:59:59.999"), pd.NaT, pd.Timestamp("2025-01-01")], index=[7, 8, 9]
    )
    waves = waves_of_days(days, period="half_year")
    assert (waves.index.tolist(), waves[7], waves.isna().tolist(), waves[9]) == (
        [7, 8, 9],
        "2024-H2",
        [False, True, False],
        "2025-H1",
    )
    assert waves_of_days(days[[8]], period="year").isna().all()


def test_periods_as_others_write_them() -> None:
    assert period_kind(["H1 2024", "2024h2"]) == "half_year"
    assert period_kind(["2024-03", "2024Q1"]) == period_kind(["baseline"]) == ""
    # The first quarter is no month, and two spellings elsewhere are left to the checks.
    assert same_period(["2024Q1"], elsewhere=["2024-01", "2024", "Q1 2024", "K1 2024"]) == {}
    assert same_period(["2024-H1", "2024-H2"], elsewhere=["H1-2024", "2024-H2"]) == {"2024-H1": "H1-2024"}


def test_answers_with_a_day_link_with_waves_of_that_name(client: Any) -> None:
    days = ["2024-01-01", "31-03-2024", "2024-04-01 10:00", "30-06-2024", "", "2024-05-05"] * 10
    study = dated(client, days, waves=["2024Q1", "2024Q2"]).load()
    waves = study.table("customers")["wave"]
    assert waves.value_counts().to_dict() == {"2024Q1": 20, "2024Q2": 30}
    assert study.waves == ("2024Q1", "2024Q2")
    ledger = study.ledger[study.ledger["table"] == "customers"]
    assert ledger[["step", "n", "removed"]].to_numpy().tolist() == [
        ["rows in the file", 60, 0],
        ["without wave", 10, 0],
        ["rows for the analysis", 60, 0],
    ]
    assert [str(remark) for remark in study.remarks] == [
        "customers.csv: day: The wave of each row is the period that this date lies in, as the study file asks."
    ]


def test_made_waves_are_written_as_the_other_tables_write_them(client: Any) -> None:
    study = dated(client, ["2024-02-01", "2024-05-01"] * 30, waves=["Q1 2024", "Q2 2024"]).load()
    assert study.waves == ("Q1 2024", "Q2 2024")
    assert set(study.table("customers")["wave"]) == {"Q1 2024", "Q2 2024"}


def test_made_waves_that_fit_no_other_show_both_lists(client: Any) -> None:
    dated(client, ["2024-02-01"] * 30 + ["2024-05-01"] * 30, waves=["2024Q1", "2024Q2"], period="month")
    assert client.refusal() == (
        "1 problem with this study:\n"
        "- customers.csv: wave: no wave of this table is in another: 2 waves: '2024-02', '2024-05' here; "
        "2 waves: '2024Q1', '2024Q2' elsewhere. "
        "Choose the 'waves_from' that fits the other waves, or name those after the same periods."
    )


def test_a_period_with_a_few_stragglers_is_refused(client: Any) -> None:
    dated(client, ["2024-02-01"] * 58 + ["2024-07-01"] * 2, waves=["2024Q1"])
    assert client.refusal() == (
        "1 problem with this study:\n"
        "- customers.csv: wave: 1 wave has fewer than 5 rows in all tables together. "
        "Correct the dates, leave these rows out, or choose a longer 'waves_from' in the study file."
    )


def test_which_date_tells_the_waves(client: Any) -> None:
    dated(client, ["2024-02-01"] * N, waves=["2024Q1"])
    client.tables["customers"]["bought"] = "2020-01-01"
    client.variables["customers.bought"] = client.entry("customers", "bought", "date")
    problem = "1 problem with this study:\n- customers.csv: waves_from: "
    remedy = (
        "Leave the day of answering without a construct, and give the other dates one or the role ignore."
    )
    assert client.refusal() == (
        f"{problem}waves are to be made from the date without a construct, but table 'customers' has several among "
        f"its dates: 'day', 'bought'. {remedy}"
    )
    client.variables["customers.bought"]["construct"] = "bought"
    assert client.load().waves == ("2024Q1",)
    client.variables["customers.day"]["construct"] = "answered"
    assert client.refusal() == (
        f"{problem}waves are to be made from the date without a construct, but table 'customers' has none among "
        f"its dates: 'day', 'bought'. {remedy}"
    )
    # The only date is the one, whatever its construct.
    client.variables["customers.bought"]["role"] = "ignore"
    assert client.load().waves == ("2024Q1",)
    client.variables["customers.day"]["role"] = "ignore"
    assert client.refusal() == (
        f"{problem}waves are to be made from a date, but no column of table 'customers' has role date. "
        "Give the day of answering the role date in the codebook."
    )
    # With a mistake in the codebook, the entry of the date may be the one that is wrong.
    client.variables["customers.cx"]["role"] = "itme"
    assert "waves_from" not in client.refusal()


def test_waves_told_twice_or_not_at_all(client: Any) -> None:
    dated(client, ["2024-02-01"] * N, waves=["2024Q1"])
    client.write()
    client.tables["customers"].drop(columns="day").to_csv(client.folder / "later.csv", index=False)
    both = {"file": "customers.csv", "waves_from": "quarter"}
    client.settings["tables"]["customers"] = [
        both | {"wave": "2023Q4"},
        {"file": "later.csv", "waves_from": "month"},
        "later.csv",
    ]
    assert client.refusal() == (
        "4 problems with this study:\n"
        "- later.csv: wave: this file has no wave; another file of the table has. "
        "Give 'wave' with this file in the study file.\n"
        "- customers.csv: waves_from: the study file gives wave '2023Q4' as well. Take one of the two out.\n"
        "- customers.csv, later.csv: waves_from: the files of table 'customers' are to have waves of different "
        "lengths: month, quarter. Give all of them the same.\n"
        "- later.csv: day: the waves are to be made from this date, which this file of the table does not have. "
        "Add it, or give 'wave' with this file in the study file."
    )
    # One file with days, one that is a wave.
    client.settings["tables"]["customers"] = [both, {"file": "later.csv", "wave": "2024Q2"}]
    assert client.load().waves == ("2024Q1", "2024Q2")
    client.settings["tables"]["customers"] = both
    client.tables["customers"]["quarter"] = "2024Q1"
    client.variables["customers.quarter"] = client.entry("customers", "quarter", "wave")
    assert client.refusal() == (
        "1 problem with this study:\n"
        "- customers.csv: wave: the study file makes waves from dates ('waves_from: quarter'), but column 'quarter' "
        "holds the waves. Take one of the two out."
    )


def test_an_unknown_period_is_refused(client: Any) -> None:
    dated(client, ["2024-02-01"] * N, waves=["2024Q1"], period="week")
    assert client.refusal().startswith("1 problem with this study:\n- small.yaml: tables.customers")


def draft_with(folder: Path, customers: dict[str, Any], waves: list[str]) -> tuple[Any, dict[str, Any], Path]:
    rng = np.random.default_rng(3)
    teams = [f"Team {i % 6}" for i in range(N)]
    employees = {"team": teams, "kwartaal": (waves * N)[:N]}
    employees |= {f"stelling {i}": rng.integers(1, 6, N) for i in range(4)}
    pd.DataFrame(employees).to_csv(folder / "medewerkers.csv", index=False)
    content = {"team": teams, "nps": rng.integers(0, 11, N)} | customers
    pd.DataFrame(content).to_csv(folder / "klanten.csv", index=False)
    draft = draft_study([folder / "medewerkers.csv", folder / "klanten.csv"])
    study, _ = write_draft(draft, "acme", folder=folder)
    return draft, yaml.safe_load(study.read_text(encoding="utf-8")), study


def test_a_draft_makes_waves_from_days_where_others_are_periods(tmp_path: Path) -> None:
    days = {"datum": [f"{1 + i % 28:02}-{2 + i % 4:02}-2024" for i in range(N)]}
    draft, content, study = draft_with(tmp_path, days, ["Q1 2024", "Q2 2024"])
    assert draft.waves_from == {"customers": "quarter"}
    assert content["tables"]["customers"] == {"file": "klanten.csv", "waves_from": "quarter"}
    day = next(v for v in draft.codebook.variables if v.column == "datum")
    assert (day.role, day.guessed, day.comment) == (
        "date",
        ("role",),
        "The waves of table 'employees' are named after quarters, so the wave of each row is made from this day "
        "('waves_from: quarter' in the study file).",
    )
    assert any(sentence.startswith("customers, datum: a date. The waves of") for sentence in draft.doubts)
    assert load_study(study).waves == ("Q1 2024", "Q2 2024")


@pytest.mark.parametrize(
    ("days", "waves"),
    [
        # Nothing in common, no periods, two days of which either may be meant, cells that are no days.
        ({"datum": ["2020-02-01"] * N}, ["2024Q1", "2024Q2"]),
        ({"datum": ["2024-02-01"] * N}, ["voorjaar", "najaar"]),
        ({"datum": ["2024-02-01"] * N, "aankoop": ["2024-02-01"] * N}, ["2024Q1", "2024Q2"]),
        ({"datum": ["2024-02-01"] * (N - 1) + ["weet niet"]}, ["2024Q1", "2024Q2"]),
    ],
)
def test_a_draft_only_says_how_where_that_is_not_clear(
    tmp_path: Path, days: dict[str, list[str]], waves: list[str]
) -> None:
    draft, content, _ = draft_with(tmp_path, days, waves)
    assert (draft.waves_from, content["tables"]["customers"]) == ({}, "klanten.csv")
    day = next(v for v in draft.codebook.variables if v.column == "datum")
    assert (day.role, day.comment) == (
        "ignore",
        "Dates of answering are not used. If they tell the waves, give this column the role date, and its file "
        "'waves_from: quarter' (or month, half_year, year) in the study file.",
    )


def test_of_the_days_of_a_platform_the_first_is_the_day_of_answering(tmp_path: Path) -> None:
    days = {"StartDate": ["2024-06-30 23:50:00"] * N, "EndDate": ["2024-07-01 00:10:00"] * N}
    draft, _, _ = draft_with(tmp_path, days, ["2023", "2024"])
    roles = {v.column: v.role for v in draft.codebook.variables}
    assert (draft.waves_from, roles["StartDate"], roles["EndDate"]) == (
        {"customers": "year"},
        "date",
        "ignore",
    )
