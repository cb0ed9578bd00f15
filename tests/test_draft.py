"""A draft guesses what an export shows, says why, and guesses nothing without a reason."""

from __future__ import annotations

import contextlib
import csv
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from exresearch import findings
from exresearch.cli import app
from exresearch.measures import answers_by_wave
from exresearch.study import StudyError, load_settings, load_study
from exresearch.study.codebook import Variable, load_codebook
from exresearch.study.draft import Draft, draft_study, write_draft
from exresearch.study.draft.columns.answers import scale_from_data, scale_from_labels
from exresearch.study.draft.columns.texts import scale_from_texts

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
N = 240
AGREE = ["Helemaal oneens", "Oneens", "Neutraal", "Eens", "Helemaal eens"]


def file(folder: Path, name: str, columns: dict[str, Any]) -> Path:
    path = folder / name
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def one_factor(seed: int, points: int, count: int, *, n: int = N) -> list[np.ndarray]:
    """Answers of 1 to so many points on some items that go together."""
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal(n)
    latent = [0.75 * factor + 0.65 * rng.standard_normal(n) for _ in range(count)]
    return [1 + np.searchsorted(np.linspace(-1.5, 1.5, points - 1), one) for one in latent]


def entries(draft: Draft) -> dict[str, Variable]:
    return {variable.column: variable for variable in draft.codebook.variables}


def public(*parts: str) -> Path:
    path = DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip("the public data are not in ../shared (see docs/public-studies.md)")
    return path


@pytest.fixture(autouse=True)
def _exports_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drafts here are not in params/clients, so that somebody has to allow where their exports are."""
    monkeypatch.setenv("EXRESEARCH_ALLOW", os.pathsep.join(map(str, (tmp_path, DATA))))


@pytest.fixture
def dutch(tmp_path: Path) -> list[Path]:
    """A Dutch survey with labels as answers, a survey of customers and a staff list."""
    eens = [np.array(AGREE)[one - 1] for one in one_factor(1, 5, 4)]
    eens[3] = np.array(AGREE)[5 - one_factor(1, 5, 4)[3]]
    score = np.random.default_rng(2)
    mto = {
        "medewerkernummer": [f"M{i:04}" for i in range(N)],
        "E-mail": [f"m{i}@example.org" for i in range(N)],
        "vestiging": [f"V{i % 12:02}" for i in range(N)],
        "Ik ben trots op mijn werk": eens[0],
        "Er wordt naar mij geluisterd": eens[1],
        "Bij ons staat de klant centraal": eens[2],
        "Mijn werk maakt mij somber": eens[3],
        "Hoe waarschijnlijk is het dat je ons aanbeveelt als werkgever?": score.integers(0, 11, N),
        "leeftijdsgroep": score.choice(["tot 35", "35-50", "50 en ouder"], N),
        "toelichting": [f"tekst {i}" for i in range(N)],
    }
    klanten = {
        "vestiging": [f"V{i % 12:02}" for i in range(N)],
        "tevredenheid": [*score.integers(1, 11, N - 1), 99],
        "aanbevelen": score.integers(0, 11, N),
    }
    personeel = {
        "medewerkernummer": [f"M{i:04}" for i in range(N)],
        "vestiging": [f"V{i % 12:02}" for i in range(N)],
        "in_dienst": ["2019-04-01"] * N,
        "geboortedatum": [f"19{60 + i % 30}-02-0{i % 9 + 1}" for i in range(N)],
        "achternaam": [f"Naam{i}" for i in range(N)],
    }
    return [
        file(tmp_path, "mto_2024.csv", mto),
        file(tmp_path, "klanten.csv", klanten),
        file(tmp_path, "personeel.csv", personeel),
    ]


def test_a_dutch_client_is_understood(dutch: list[Path]) -> None:
    draft = draft_study(dutch)
    assert {part.table for part in draft.parts} == {"employees", "customers", "people"}
    found = {(v.table, v.column): v for v in draft.codebook.variables}
    roles = {key: (v.role, v.construct, v.block) for key, v in found.items()}
    assert roles == {
        ("employees", "medewerkernummer"): ("person", None, None),
        ("employees", "E-mail"): ("ignore", None, None),
        ("employees", "vestiging"): ("unit", None, None),
        ("employees", "Ik ben trots op mijn werk"): ("item", "engagement", None),
        ("employees", "Er wordt naar mij geluisterd"): ("driver", None, "employee-first"),
        ("employees", "Bij ons staat de klant centraal"): ("driver", None, "customer-first"),
        ("employees", "Mijn werk maakt mij somber"): ("driver", None, "other"),
        ("employees", "Hoe waarschijnlijk is het dat je ons aanbeveelt als werkgever?"): (
            "outcome",
            "enps",
            None,
        ),
        ("employees", "leeftijdsgroep"): ("category", None, None),
        ("employees", "toelichting"): ("text", None, None),
        ("customers", "vestiging"): ("unit", None, None),
        ("customers", "tevredenheid"): ("item", "cx", None),
        ("customers", "aanbevelen"): ("outcome", "nps", None),
        ("people", "medewerkernummer"): ("person", None, None),
        ("people", "vestiging"): ("unit", None, None),
        ("people", "in_dienst"): ("date", "start", None),
        ("people", "geboortedatum"): ("ignore", None, None),
        ("people", "achternaam"): ("ignore", None, None),
    }
    proud = found["employees", "Ik ben trots op mijn werk"]
    assert proud.values == {answer: number for number, answer in enumerate(AGREE, start=1)}  # noqa: PD011
    assert found["employees", "Er wordt naar mij geluisterd"].named
    assert found["employees", "Bij ons staat de klant centraal"].named
    gloomy = found["employees", "Mijn werk maakt mij somber"]
    assert gloomy.reversed
    assert gloomy.comment is not None
    assert gloomy.comment.startswith("It runs against the other answers, so it is turned round here.")
    satisfied = found["customers", "tevredenheid"]
    assert (satisfied.minimum, satisfied.maximum, satisfied.missing) == (1, 10, (99,))


def test_every_guess_is_listed_with_its_reason_and_the_draft_loads(dutch: list[Path], tmp_path: Path) -> None:
    draft = draft_study(dutch)
    for variable in draft.codebook.variables:
        assert variable.comment
        if variable.role != "ignore":
            assert "role" in variable.guessed
        for key in ("construct", "block", "minimum", "missing", "values"):
            assert not getattr(variable, key) or key in variable.guessed
    study, _ = write_draft(draft, "acme", folder=tmp_path / "clients", language="nl")
    checked = load_study(study)
    assert checked.settings.draft
    assert sorted(checked.tables) == ["customers", "employees", "people"]
    assert len(checked.tables["employees"]) == N


def test_no_value_of_a_person_is_written_or_said(dutch: list[Path], tmp_path: Path) -> None:
    draft = draft_study(dutch)
    for form in ("yaml", "csv"):
        study, codebook = write_draft(draft, "acme", folder=tmp_path / form, codebook_format=form)  # type: ignore[arg-type]
        text = study.read_text(encoding="utf-8") + codebook.read_text(encoding="utf-8-sig")
        text += "\n".join([*draft.understood, *draft.doubts])
        assert not re.search(r"M\d{4}|@example|Naam\d|tekst \d|19\d\d-", text)


def test_the_same_exports_give_the_same_bytes(dutch: list[Path], tmp_path: Path) -> None:
    for turn in ("first", "second"):
        draft = draft_study(dutch)
        for form in ("yaml", "csv", "xlsx"):
            write_draft(draft, "acme", folder=tmp_path / turn / form, codebook_format=form)  # type: ignore[arg-type]
    written = sorted(path.relative_to(tmp_path / "first") for path in (tmp_path / "first").rglob("acme.*"))
    assert len(written) == 6
    for path in written:
        assert (tmp_path / "first" / path).read_bytes() == (tmp_path / "second" / path).read_bytes()
    books = [
        load_codebook(tmp_path / "first" / form / f"acme.codebook.{form}") for form in ("yaml", "csv", "xlsx")
    ]
    assert books[0] == books[1] == books[2]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"1": "Strongly agree", "2": "Agree", "3": "Disagree", "4": "Strongly disagree"}, ((1, 4), (), True)),
        ({"1": "Zeer ontevreden", "2": "Neutraal", "3": "Zeer tevreden", "9": "Weet niet"}, ((1, 3), (9,), False)),
        ({"0": "Not at all likely", "10": "Extremely likely"}, ((0, 10), (), False)),
        ({"0": "No", "10": "Yes, ten"}, None),
        ({"1": "Poor", "2": "Fair", "3": "Excellent", "-1": "No answer"}, ((1, 3), (-1,), False)),
        ({"1": "Male", "2": "Female", "3": "Other"}, None),
        ({"1": "Yes", "2": "No"}, None),
        ({"1": "Agree", "3": "Neutral", "4": "Disagree"}, None),
        ({"1": "Next year", "2": "Within 2 years", "3": "No plans to leave"}, ((1, 3), (), False)),
    ],
)  # fmt: skip
def test_scales_from_labels(labels: dict[str, str], expected: Any) -> None:
    found = scale_from_labels(labels)
    assert (None if found is None else (found.ends, found.missing, found.descending)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3, 4, 5], ((1, 5), ())),
        ([1, 2, 3, 4, 5, 9], ((1, 5), (9,))),
        ([1, 2, 3, 4, 5, 99, -1], ((1, 5), (-1, 99))),
        ([1, 2, 3, 4, 5, 6, 7, 9], ((1, 7), (9,))),
        ([1, 2, 3, 4, 5, 6, 7] * 3 + [8], ((1, 7), (8,))),
        (list(range(11)), ((0, 10), ())),
        (list(range(1, 11)), ((1, 10), ())),
        ([1, 2, 3, 4], ((1, 4), ())),
        ([1, 2], None),
        ([1.5, 2, 3], None),
        ([18, 40, 63], None),
    ],
)
def test_scales_from_data(values: list[float], expected: Any) -> None:
    found = scale_from_data([pd.Series(values, dtype="float64")])
    assert (None if found is None else (found.ends, found.missing)) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (AGREE, {answer: number for number, answer in enumerate(AGREE, start=1)}),
        (["Very poor", "Poor", "Good", "Very good"], {"Very poor": 1, "Poor": 2, "Good": 3, "Very good": 4}),
        (["Agree", "Neither agree nor disagree", "Strongly disagree"], None),
        (["0 - Not likely", *map(str, range(1, 10)), "10 - Very likely"], None),
        (["Red", "Green", "Blue"], None),
    ],
)
def test_scales_from_answers_in_words(texts: list[str], expected: dict[str, int] | None) -> None:
    found = scale_from_texts(texts)
    if texts[0].startswith("0"):
        assert found is not None
        numbers = found.values  # noqa: PD011
        assert (found.ends, numbers["10 - Very likely"], numbers["7"]) == ((0, 10), 10, 7)
    else:
        assert (None if found is None else found.values) == expected  # noqa: PD011


def test_nothing_is_guessed_of_columns_that_say_nothing(tmp_path: Path) -> None:
    answers = one_factor(3, 5, 2)
    path = file(
        tmp_path,
        "employees.csv",
        {"q1": answers[0], "q2": answers[1], "x": np.random.default_rng(1).normal(size=N)},
    )
    draft = draft_study([path])
    assert {name: v.role for name, v in entries(draft).items()} == {
        "q1": "ignore",
        "q2": "ignore",
        "x": "ignore",
    }
    assert entries(draft)["q1"].comment == (
        "Answers on a scale, but nothing says what was asked; give it a role and a construct. Scale by the values that "
        "occur. Nothing says which end is the favourable one; the highest is taken for it."
    )
    # What can be seen, the scale, is kept for whoever gives it a role.
    assert (entries(draft)["q1"].minimum, entries(draft)["q1"].maximum) == (1, 5)


def test_intention_to_leave_is_turned_to_staying(tmp_path: Path) -> None:
    stay, *rest = one_factor(4, 5, 4)
    columns = {f"I feel heard {number}": one for number, one in enumerate(rest)}
    path = file(tmp_path, "employees.csv", columns | {"I intend to leave this organisation": 6 - stay})
    found = entries(draft_study([path]))["I intend to leave this organisation"]
    assert (found.role, found.construct, found.reversed) == ("outcome", "stay", True)


@pytest.mark.parametrize("count", [10, 24, 60])
def test_many_drivers_are_put_into_groups(tmp_path: Path, count: int) -> None:
    answers = one_factor(7, 5, count)
    names = [f"{'ABCDE'[i % 5]}{i // 15 + 1}{'abc'[i // 5 % 3]} The planning works" for i in range(count)]
    names[0], names[1] = "A1a I feel heard", "B1a Customers decide"
    draft = draft_study([file(tmp_path, "employees.csv", dict(zip(names, answers, strict=True)))])
    drivers = [v for v in draft.codebook.variables if v.role == "driver"]
    assert len(drivers) == count
    groups = {v.group or v.column for v in drivers}
    assert len(groups) == (10 if count == 10 else 3)
    assert {v.column for v in drivers if v.named} == set(names[:2])
    assert all(v.group is None for v in drivers if v.block != "other")


def test_files_of_one_table_become_its_waves(tmp_path: Path) -> None:
    paths = [
        file(
            tmp_path,
            f"units_2024Q{quarter}.csv",
            {
                "team code": [f"T{i:02}" for i in range(30)] + [None],
                "Engagement score": np.round(np.random.default_rng(quarter).uniform(5, 8, 31), 3),
                "responses": range(10, 41),
            },
        )
        for quarter in (1, 2, 3)
    ]
    draft = draft_study(paths)
    assert [(part.table, part.waves) for part in draft.parts] == [("units", ("2024Q1", "2024Q2", "2024Q3"))]
    assert draft.without_key == {"units": "team code"}
    assert entries(draft)["Engagement score"].n_column == "responses"
    study, _ = write_draft(draft, "teams", folder=tmp_path)
    checked = load_study(study)
    assert checked.waves == ("2024Q1", "2024Q2", "2024Q3")
    assert len(checked.tables["units"]) == 90


def test_key_files_explain_the_columns_and_are_no_tables(tmp_path: Path) -> None:
    agree = ["Strongly agree", "Agree", "Neither", "Disagree", "Strongly disagree"]
    answers = one_factor(5, 5, 3)
    survey = file(
        tmp_path, "survey.csv", {f"A{i}": [*one[:-9], *[8] * 9] for i, one in enumerate(answers, 1)}
    )
    wording = {
        "A1": "I\u2019m listened to",
        "A2": "Our customers come first",
        "A3": "I am proud to work here",
    }
    questions = pd.DataFrame({"Question ID": wording.keys(), "Question": wording.values()})
    questions.to_csv(tmp_path / "questions.csv", index=False, encoding="cp1252")
    labels = [
        (q, str(code), text) for q in wording for code, text in [*enumerate(agree, 1), (8, "Don\u2019t know")]
    ]
    keys = pd.DataFrame(labels, columns=["Question ID", "Value", "Label"])
    keys.to_csv(tmp_path / "answers.csv", index=False, encoding="cp1252")
    draft = draft_study([tmp_path / "answers.csv", survey, tmp_path / "questions.csv"])
    assert [part.table for part in draft.parts] == ["employees"]
    found = entries(draft)
    assert {name: (v.role, v.construct, v.block) for name, v in found.items()} == {
        "A1": ("driver", None, "employee-first"),
        "A2": ("driver", None, "customer-first"),
        "A3": ("item", "engagement", None),
    }
    for variable in found.values():
        assert (variable.minimum, variable.maximum, variable.missing, variable.reversed) == (1, 5, (8,), True)
    assert found["A1"].label is not None
    assert found["A1"].label.en == "I\u2019m listened to"
    assert draft.understood[:2] == (
        "answers.csv: read as a key with the labels of the answers to 3 questions.",
        "questions.csv: read as a key with the wording of 3 questions.",
    )
    assert draft.settings == {"engaged_definition": "threshold", "engaged_threshold": 3.67}


def test_labels_of_an_spss_file_are_used(tmp_path: Path) -> None:
    labels = {1.0: "Helemaal eens", 2.0: "Eens", 3.0: "Neutraal", 4.0: "Oneens", 5.0: "Helemaal oneens"}
    answers = pd.DataFrame({"q1": one_factor(6, 5, 1)[0].astype("float64"), "afd": [1.0, 2.0] * (N // 2)})
    pyreadstat.write_sav(
        answers,
        tmp_path / "mto.sav",
        column_labels=["Ik word gewaardeerd", "Afdeling"],
        variable_value_labels={"q1": labels, "afd": {1.0: "Noord", 2.0: "Zuid"}},
    )
    found = entries(draft_study([tmp_path / "mto.sav"]))
    assert (found["q1"].role, found["q1"].block, found["q1"].reversed) == ("driver", "employee-first", True)
    assert found["afd"].role == "unit"


def test_a_unit_that_stands_twice_is_left_out_once_and_counted(tmp_path: Path) -> None:
    columns = {
        "team": [f"T{i}" for i in range(20)] + ["T0"],
        "engagement": [6.5 + i / 100 for i in range(20)] + [6.5],
    }
    draft = draft_study([file(tmp_path, "units.csv", columns)])
    assert draft.same_rows == ("units",)
    assert "units: 1 row is the same as an earlier row; the draft leaves it out." in draft.doubts
    study, _ = write_draft(draft, "teams", folder=tmp_path)
    ledger = load_study(study).ledger
    row = ledger[ledger["step"] == "rows that repeat an earlier one"]
    assert row[["table", "n", "removed"]].to_numpy().tolist() == [["units", 1, 1]]
    # Rows with the same key and other values are still refused.
    columns["engagement"][-1] = 7.5
    file(tmp_path, "units.csv", columns)
    with pytest.raises(StudyError, match="1 row repeats a unit that stands in an earlier row"):
        load_study(study)


def test_a_file_that_is_no_table_is_named(tmp_path: Path) -> None:
    path = file(tmp_path, "export.csv", {"a": ["x"] * 4, "b": ["y"] * 4})
    with pytest.raises(StudyError) as caught:
        draft_study([path])
    assert str(caught.value) == (
        "1 problem with this study:\n- --from: export.csv: none of these files is a table that can be recognised. Name "
        "each after its table: employees, customers, partners, units, people or moments."
    )


def test_every_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(StudyError) as caught:
        draft_study([tmp_path / "empty.csv", tmp_path / "absent.csv"])
    assert str(caught.value) == (
        "2 problems with this study:\n- empty.csv: the file is empty (0 bytes). Export it again.\n"
        "- absent.csv: the file does not exist. Check the path."
    )


def test_the_command_writes_a_draft_that_is_checked_and_not_run(dutch: list[Path], tmp_path: Path) -> None:
    command = ["new", "acme", *(part for path in dutch for part in ("--from", str(path)))]
    command += ["--output", str(tmp_path / "clients"), "--language", "nl"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0
    assert "What was understood" in result.stdout
    assert "What to look at, the most doubtful first" in result.stdout
    assert result.stdout.endswith(f"exresearch check {tmp_path / 'clients' / 'acme.yaml'}\n")
    text = (tmp_path / "clients" / "acme.yaml").read_text(encoding="utf-8")
    assert "\ndraft: true\n" in text
    assert "\nlanguage: nl\n" in text
    assert "  employees: ../mto_2024.csv\n" in text
    again = CliRunner().invoke(app, command)
    assert (again.exit_code, again.stdout) == (2, "")
    assert again.stderr == (
        "2 problems with this study:\n"
        "- new: acme.yaml: this file is there already. Name another client or folder, or replace it with --force.\n"
        "- new: acme.codebook.yaml: this file is there already. Name another client or folder, or replace it with "
        "--force.\n"
    )
    assert CliRunner().invoke(app, [*command, "--force"]).exit_code == 0
    refused = CliRunner().invoke(app, ["run", str(tmp_path / "clients" / "acme.yaml")])
    assert refused.exit_code == 2
    assert "this study is a draft" in refused.stderr


def test_wrong_options_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app,
        ["new", "Acme BV", "--from", "absent.csv", "--output", str(tmp_path), "--language", "fr",
         "--codebook-format", "xls"],
    )  # fmt: skip
    assert result.exit_code == 2
    assert result.stderr == (
        "3 problems with this study:\n"
        "- new: Acme BV: this is not a legal name for a client. Use lower-case letters, digits, hyphens and "
        "underscores; begin with a letter or digit.\n"
        "- --codebook-format: 'xls' is not a format of a codebook. Did you mean 'xlsx'? Legal: yaml, csv, xlsx.\n"
        "- --language: 'fr' is not a language of the reports. Legal: en, nl.\n"
    )


def one_edit(study: Path) -> Path:
    """Take out the line that makes it a draft, and nothing else."""
    text = study.read_text(encoding="utf-8")
    assert text.count("draft: true\n") == 1
    ready = study.with_name(f"{study.stem}_ready.yaml")
    ready.write_text(text.replace("draft: true\n", ""), encoding="utf-8")
    return ready


def what_can_be_tested(study: Path) -> list[str]:
    checked = load_study(study)
    chosen = checked.settings.parameters
    table = findings.testability_table(checked, engaged_definition=chosen.engaged_definition)
    return table.loc[table["testable"], "hypothesis"].tolist()


def test_western_australia_needs_one_edit(tmp_path: Path) -> None:
    folder = public("wa_public_sector_2015")
    files = [folder / name for name in ("full_survey_data.csv", "question-key.csv", "response-key.csv")]
    draft = draft_study(files)
    found = entries(draft)
    # The reviewed codebook of the same data, which was made by hand.
    reviewed = load_codebook(ROOT / "params" / "public" / "wa_public_sector.codebook.yaml")
    for variable in reviewed.variables:
        mine = found[variable.column]
        assert (mine.minimum, mine.maximum, mine.reversed) == (
            variable.minimum, variable.maximum, variable.reversed
        )  # fmt: skip
        assert mine.missing == variable.missing
        assert (mine.role, mine.block) == (variable.role, variable.block)
        if variable.role == "outcome":
            assert mine.construct == variable.construct
    named = {v.column for v in draft.codebook.variables if v.named}
    assert named == {"B1b", "B3d"}
    assert named <= {v.column for v in reviewed.variables if v.named}
    # Exact importance of more drivers than this takes too long.
    assert len({v.group or v.column for v in draft.codebook.variables if v.role == "driver"}) <= 13
    study, _ = write_draft(draft, "wa", folder=tmp_path)
    assert what_can_be_tested(one_edit(study)) == ["engaged-minority", "employee-first"]


def test_nhs_pulse_workbooks_need_one_edit(tmp_path: Path) -> None:
    folder = public("nhs_pulse_2022")
    draft = draft_study([folder / f"{quarter}.xlsm" for quarter in ("202122Q4", "202223Q1", "202223Q2")])
    roles = {name: (v.role, v.construct) for name, v in entries(draft).items()}
    assert roles == {
        "Region Code": ("category", None), "Region Name": ("category", None), "STP Code": ("category", None),
        "STP Name": ("ignore", None), "Org Code": ("unit", None), "Org Name": ("ignore", None),
        "Care Setting": ("category", None), "Total Responses": ("count", None),
        "HSCIC Workforce Headcount": ("count", "headcount"), "Engagement Score": ("measure", "engagement"),
        "Advocacy": ("measure", "advocacy"), "Involvement": ("measure", "involvement"),
        "Motivation": ("measure", "motivation"),
    }  # fmt: skip
    study, _ = write_draft(draft, "nhs_pulse", folder=tmp_path)
    text = study.read_text(encoding="utf-8")
    assert "macros: ignore" in text
    assert "The workbook holds macros. They are never run" in text
    ready = one_edit(study)
    checked = load_study(ready)
    assert checked.waves == ("202122Q4", "202223Q1", "202223Q2")
    assert len(checked.tables["units"]) == 193 + 184 + 187
    assert what_can_be_tested(ready) == ["business-outcomes"]
    rates = answers_by_wave(checked)["response_rate"]
    # 118,335 of 1,078,630 in the published summary of 2022/23 Q1, of which one trust is not on this sheet.
    assert rates[1] == pytest.approx(118_335 / 1_078_630, rel=0.01)


NAMES = [
    "team",
    "person_id",
    "wave",
    "weight",
    "unit",
    "enps",
    "q1",
    "e-mail",
    "I feel heard",
    "score %",
    "date",
    " x ",
]
CELLS = st.one_of(
    st.integers(-2, 12).map(str),
    st.sampled_from(
        ["", "-", "n.v.t.", "Eens", "Oneens", "Neutraal", "2024-01-31", "1,5", "ja", "nee", "\u2019", "inf"]
    ),
    st.text(max_size=6),
)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    columns=st.lists(st.sampled_from(NAMES), min_size=2, max_size=7, unique=True),
    rows=st.lists(st.lists(CELLS, min_size=7, max_size=7), min_size=1, max_size=12),
    table=st.sampled_from(["employees", "customers", "units", "people", "moments", "export"]),
    repeats=st.sampled_from([1, 20]),
)
def test_any_table_gives_a_draft_or_problems(
    columns: list[str], rows: list[list[str]], table: str, repeats: int
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{table}.csv"
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(columns)
            writer.writerows([row[: len(columns)] for row in rows] * repeats)
        try:
            study, _ = write_draft(draft_study([path]), "any", folder=Path(folder))
        except StudyError as error:
            assert all(problem.message and problem.remedy for problem in error.problems)  # noqa: PT017
            return
        with contextlib.suppress(StudyError):
            load_study(study)
        # Whatever the tables are, the draft itself is a study file and a codebook that can be read.
        assert load_settings(study).draft
        assert len(load_codebook(study.with_name("any.codebook.yaml")).variables) <= len(columns)
