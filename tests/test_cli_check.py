"""What `exresearch check` prints and writes: what was understood, in the study's language, and nobody's answers."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from exresearch.cli import app
from exresearch.report import Texts
from exresearch.report.study_facts import study_facts
from exresearch.report.study_lines import fact_lines
from exresearch.report.study_text import study_text
from exresearch.study import REMARKS

WRITTEN = {"00_data_readiness", "02_engagement_and_cx"}


def printed(facts: dict[str, Any], texts: Texts, *, width: int = 80) -> str:
    console = Console(width=width, highlight=False, color_system=None)
    with console.capture() as capture:
        for part in study_text(facts, texts):
            console.print(part)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


@pytest.fixture
def odd(client: Any) -> Any:
    """A client with something to say about everything."""
    client.settings |= {
        "name": "Small & Co",
        "draft": True,
        "hypotheses": ["engaged-minority", "employee-first", "engagement-cx"],
    }
    employees = client.tables["employees"]
    employees["spare"] = "x"
    employees["w"] = np.tile([1.0, 3.0], 30)
    employees["note"] = 1
    employees.loc[:5, "eng_1"] = 9
    client.variables["employees.eng_1"] |= {
        "missing": [9],
        "guessed": ["missing"],
        "comment": "9 stands apart",
    }
    client.variables["employees.eng_2"] |= {"reversed": True}
    client.variables["w"] = client.entry("employees", "w", "weight")
    client.variables["note"] = client.entry("employees", "note", "category")
    return client


UNDERSTOOD = """\
Small & Co – Small
3 tables
This is a draft: look through the guesses, then take out the line 'draft: true'
to run it.

Tables
Table       Files           Rows   Columns   Units   People
───────────────────────────────────────────────────────────
Employees   employees.csv     60        11       6       60
Customers   customers.csv     60         3       6        –
Units       units.csv          6         4       6        –

Answers in each wave
Wave   Employees   Customers   Units
────────────────────────────────────
2024          60          60       6

Scales
What                      Columns   Scale   Reversed   At least   Missing
─────────────────────────────────────────────────────────────────────────
Employees
engagement                      3     1-7   eng_2           50%      3.3%
Drivers: employee-first         1     1-7                            0.0%
Drivers: customer-first         1     1-7                            0.0%
enps (outcome)                  1    0-10                            0.0%
Customers
cx                              1    0-10                            0.0%

Counted and left out
 • Employees: cells with a missing code: 6

Worth knowing
 • employees.csv: One column is not in the codebook and is not read: spare.

Answer sheets that look careless
 • Employees: cannot be seen in these data
 • Customers: cannot be seen in these data

Columns that look odd
 • Employees, note: All 60 values are the same.

Guesses that nobody has confirmed
 • Employees, eng_1: missing (9 stands apart)

Weights
Table       Weights    Answers   Count as   Design effect       Range
─────────────────────────────────────────────────────────────────────
Employees   supplied        60         48            1.25   0.50-1.50

What can be tested
  Beside each: the smallest effect that a study of this size finds with 80%
  probability.

  Testable (1)
    Engaged employees a minority  difference between two shares 19.4 %-points
                                  (n = 60)

  Testable, notebook not written yet (1)
    Employees come first  share of explained variance 14.6% (n = 60)

  Not testable (1)
    Engagement and customer experience  5 units can be linked; at least 10 are
                                        needed."""


def test_everything_that_was_understood_is_said(odd: Any) -> None:
    assert printed(study_facts(odd.load(), written=WRITTEN), Texts("en", strict=True)) == UNDERSTOOD


@pytest.mark.parametrize("width", [80, 120])
def test_it_fits_in_dutch_too(odd: Any, width: int) -> None:
    lines = printed(study_facts(odd.load(), written=WRITTEN), Texts("nl", strict=True), width=width)
    assert max(len(line) for line in lines.splitlines()) <= width
    for said in ("Tabellen", "Drijfveren: klant eerst", "Toetsbaar, notebook nog niet geschreven (1)"):
        assert said in lines
    assert " • Medewerkers, note: Alle 60 waarden zijn gelijk." in lines.splitlines()


def test_the_command_prints_it_and_writes_it_as_data(odd: Any, tmp_path: Path) -> None:
    file = odd.write()
    data = tmp_path / "understood.json"
    result = CliRunner().invoke(app, ["check", str(file), "--json", str(data)], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    assert result.output.startswith("Small & Co – Small")
    facts = json.loads(data.read_text(encoding="utf-8"))
    written = [path.stem for path in (Path(__file__).parents[1] / "notebooks").glob("*.ipynb")]
    assert facts == json.loads(json.dumps(study_facts(odd.load(), written=written)))
    assert facts["tables"][0] == {
        "table": "employees",
        "files": ["employees.csv"],
        "layouts": ["csv"],
        "rows_in_files": 60,
        "rows": 60,
        "columns": 11,
        "units": 6,
        "people": 60,
        "waves": [{"wave": "2024", "rows": 60, "response_rate": None}],
    }
    assert facts["hypotheses"][0] == {
        "hypothesis": "engagement-cx",
        "title": {"nl": "Bevlogenheid en klantbeleving", "en": "Engagement and customer experience"},
        "testable": False,
        "reason": {
            "nl": "Aantal eenheden dat te koppelen is: 5; nodig zijn er ten minste 10.",
            "en": "5 units can be linked; at least 10 are needed.",
        },
        "smallest_effect": pytest.approx(0.963, abs=0.001),
        "kind": "correlation",
        "n": 5,
        "power": 0.8,
        "notebook": "02_engagement_and_cx",
        "written": True,
    }


def test_nobody_is_in_what_it_says(odd: Any) -> None:
    facts = study_facts(odd.load(), written=WRITTEN)
    everything = json.dumps(facts) + printed(facts, Texts("en"), width=120)
    for person in odd.tables["employees"]["id"]:
        assert person not in everything


def test_language_and_name(client: Any) -> None:
    client.settings["language"] = "nl"
    file = client.write()
    dutch = CliRunner().invoke(app, ["check", str(file)]).output
    english = CliRunner().invoke(app, ["check", str(file), "--language", "en"]).output
    assert dutch.splitlines()[:2] == ["small – Klein", "3 tabellen"]
    assert english.splitlines()[:2] == ["small – Small", "3 tables"]


def test_data_that_cannot_be_written(client: Any, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["check", str(client.write()), "--json", str(tmp_path / "no" / "x.json")]
    )
    assert result.exit_code == 2
    assert result.output == (
        "1 problem with this study:\n"
        "- --json: x.json: cannot be written (No such file or directory). Name a file in a folder that is there.\n"
    )


def test_several_files_waves_and_rows_left_out(client: Any) -> None:
    employees = client.tables["employees"]
    client.files["later.csv"] = employees.assign(year="2025").to_csv(index=False)
    client.files["employees.csv"] = employees.to_csv(index=False)
    client.tables["units"] = client.tables["units"].rename(columns={"staff": "headcount"})
    client.variables["units.staff"]["column"] = "headcount"
    later = client.tables["units"].assign(year="2025", team="")
    client.tables["units"] = pd.concat([client.tables["units"], later.head(1)])
    client.settings["tables"] |= {
        "employees": ["employees.csv", "later.csv"],
        "units": {"file": "units.csv", "without_key": "leave_out"},
    }
    text = printed(study_facts(client.load(), written=WRITTEN), Texts("en", strict=True), width=100)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "3 tables · 2 waves (2024 to 2025)" in lines
    assert "Employees employees.csv, later.csv 120 9 6 60" in lines
    assert "Units units.csv 6 of 7 4 6 –" in lines
    # Ten of twelve answered in each unit; the second wave has no head counts.
    assert "2024 60 60 6 83%" in lines
    assert "2025 60 – – –" in lines
    assert "• Units: without unit: 1 (1 left out)" in lines


@pytest.mark.parametrize(
    ("kind", "n", "detail", "said"),
    [
        ("empty_rows", 1, "", "Eén rij is helemaal leeg en is weggelaten."),
        ("empty_rows", 2, "", "2 rijen zijn helemaal leeg en zijn weggelaten."),
        ("rows_without_key", 2, "person",
         "2 rijen zonder persoon zijn weggelaten, zoals het onderzoeksbestand vraagt."),
        ("table_not_listed", 1, "people",
         "Het codeboek beschrijft één kolom van tabel 'Personeelslijst', die het onderzoek niet noemt."),
        ("waves_not_shared", 3, "customers", "3 metingen van deze tabel staan niet in tabel 'Klanten'."),
        ("guesses_stand", 6, "a, ...",
         "6 kolommen bevatten nog gissingen van het concept die niemand heeft nagelopen: a, ..."),
    ],
)  # fmt: skip
def test_remarks_are_wholly_dutch(kind: str, n: int, detail: str, said: str) -> None:
    facts = {"remarks": [{"file": "a.csv", "column": "", "kind": kind, "n": n, "detail": detail}]}
    assert fact_lines("remarks", facts, Texts("nl", strict=True)) == [f"a.csv: {said}"]


@pytest.mark.parametrize("kind", REMARKS)
def test_every_remark_is_said_of_one_and_of_more(kind: str) -> None:
    facts = {"remarks": [{"file": "", "column": "", "kind": kind, "n": n, "detail": "unit"} for n in (1, 2)]}
    for language in ("nl", "en"):
        one, more = fact_lines("remarks", facts, Texts(language, strict=True))
        assert (one == more) is (len(REMARKS[kind]) == 1)
        assert not re.search(r"\b1 ", one)
    assert "{n}" not in REMARKS[kind][0]


def test_a_draft_of_many_guesses_names_the_most_doubtful(client: Any) -> None:
    client.settings["draft"] = True
    for entry in client.variables.values():
        entry["guessed"] = ["label"]
    client.variables["customers.cx"] |= {"guessed": ["label", "role"], "comment": "By its words."}
    for number in range(14):
        client.tables["units"][f"extra_{number}"] = "a"
        client.variables[f"extra_{number}"] = client.entry(
            "units", f"extra_{number}", "category", guessed=["label"], comment=f"Reason {number}."
        )
    facts = study_facts(client.load(), written=WRITTEN)
    assert len(facts["guesses"]) == 30
    lines = printed(facts, Texts("en", strict=True)).splitlines()
    first = lines.index("Guesses that nobody has confirmed") + 1
    assert lines[first : first + 5] == [
        " • Customers, cx: label, role (By its words)",
        " • Employees, id, team, year, eng_1, 5 more: label",
        " • Customers, team, year: label",
        " • Units, team, year, staff, kind: label",
        " • Units, extra_0: label (Reason 0)",
    ]
    assert lines[first + 12] == " • and 6 more columns; --json FILE lists them all"
