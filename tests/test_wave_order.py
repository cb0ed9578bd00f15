"""Waves in order of time: as their names tell it, as the study file lists them, or with a remark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from exresearch.study.parameters import parse_study
from exresearch.study.tables.periods import in_time


@pytest.mark.parametrize(
    "waves",
    [
        ("voorjaar 2024", "najaar 2024", "voorjaar 2025"),
        ("Spring 2024", "Autumn 2024"),
        ("najaar 2023", "voorjaar 2024"),
        ("Jan 2024", "Feb 2024", "March 2024", "april 2024", "mei 2024"),
        ("Dec '23", "Jan '24"),
        ("pre", "post", "follow-up"),
        ("voormeting", "tussenmeting", "nameting"),
        ("nulmeting", "eenmeting", "tweemeting", "10e meting"),
        ("nulmeting 2023", "2e meting 2024"),
        ("eerste meting", "tweede meting", "derde meting"),
        ("T0", "T1", "T10"),
        ("Q4 23", "Q1 24", "Q2 24"),
        ("4e kwartaal 23", "1e kwartaal 24"),
        ("23Q4", "24Q1"),
        ("12-2023", "01-2024"),
        ("31-12-2023", "01-06-2024"),
        ("2023/24", "2024/25"),
        ("-1", "0", "1"),
        ("wave 9", "wave 10"),
    ],
    ids=lambda waves: " ".join(waves),
)
def test_names_that_tell_the_order(waves: tuple[str, ...]) -> None:
    assert in_time(reversed(waves)) == (waves, True)


@pytest.mark.parametrize(
    "waves",
    [
        ("pilot", "start van het programma"),
        ("jan", "nov"),
        ("zomer 2023", "winter 2023"),
        ("2024", "2024Q1"),
        ("nulmeting", "T1"),
        # Days before months, or months before days.
        ("04-03-2024", "03-04-2024"),
        # Years, or days.
        ("dec-23", "jan-24"),
        ("10 april", "12 maart"),
    ],
    ids=lambda waves: " ".join(waves),
)
def test_names_that_leave_the_order_open(waves: tuple[str, ...]) -> None:
    ordered, known = in_time(waves)
    assert set(ordered) == set(waves)
    assert not known


def in_waves(client: Any, *waves: str) -> Any:
    for name in ("employees", "customers", "units"):
        client.tables[name] = pd.concat([client.tables[name].assign(year=wave) for wave in waves])
    return client


def said(study: Any) -> list[str]:
    return [str(remark) for remark in study.remarks if remark.kind == "waves_order_unknown"]


def test_an_order_by_name_is_said_and_a_list_corrects_it(client: Any) -> None:
    study = in_waves(client, "launch", "anniversary").load()
    assert study.waves == ("anniversary", "launch")
    assert said(study) == [
        "small.yaml: waves: The names of the waves do not tell their order; they are taken as anniversary, launch. If "
        "that is wrong, list them under 'waves'."
    ]
    client.settings["waves"] = ["launch", {"name": "anniversary"}]
    study = client.load()
    assert study.waves == ("launch", "anniversary")
    assert not said(study)


def test_a_known_order_needs_no_remark_and_a_list_goes_before_it(client: Any) -> None:
    study = in_waves(client, "najaar 2024", "voorjaar 2024").load()
    assert (study.waves, said(study)) == (("voorjaar 2024", "najaar 2024"), [])
    client.settings["waves"] = ["najaar 2024", "voorjaar 2024"]
    assert client.load().waves == ("najaar 2024", "voorjaar 2024")


@pytest.mark.parametrize(
    ("waves", "problem"),
    [
        (["2024", "2025", "2026"], "no table has the wave '2026'. Did you mean '2025'? Legal: 2024, 2025."),
        (["2024"], "1 wave is not in the list: '2025'. List all waves of all tables, in order of time."),
        (["2024", "2025", "2024"], "the wave '2024' stands here twice; keep one. Correct this entry."),
        (
            [2024, 2025],
            "a list of waves is expected, each a text between quotes or a name with a day. Correct this entry.",
        ),
        (
            [{"name": "2024", "day": "1 June"}, "2025"],
            "'1 June' is not a day: write it as 2024-03-31. Correct this entry.",
        ),
        ([{"name": "2024", "date": "2024-06-01"}, "2025"], "unknown key 'date'. Legal: name, day."),
    ],
)
def test_a_list_of_waves_that_cannot_be(client: Any, waves: Any, problem: str) -> None:
    in_waves(client, "2024", "2025").settings["waves"] = waves
    place = {"'1": "waves.0.day", "unknown": "waves.0.date"}.get(problem.split(" ")[0], "waves")
    assert client.refusal() == f"1 problem with this study:\n- small.yaml: {place}: {problem}"


def test_the_list_of_the_documentation_is_one() -> None:
    page = (Path(__file__).parents[1] / "docs" / "new-client.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"^```yaml\n(waves:.*?)```", page, re.DOTALL | re.MULTILINE)
    content = {
        "client": "acme",
        "title": {"nl": "Acme", "en": "Acme"},
        "codebook": "c.yaml",
        "tables": {"units": "u.csv"},
    }
    settings = parse_study(content | yaml.safe_load(shown), file="acme.yaml")
    assert [wave.name for wave in settings.waves] == ["launch", "half way", "anniversary"]
    # YAML makes dates of the days; in the resolved study file of a run they are texts.
    days = {"half way": pd.Timestamp("2024-10-01"), "anniversary": pd.Timestamp("2025-03-01")}
    assert settings.reference_days() == days
    again = settings.model_dump(mode="json", exclude_unset=True)
    assert parse_study(again, file="acme.yaml").reference_days() == days
