"""Drafts of exports as Dutch clients send them: long headings, two numbers of persons, totals, doubled rows."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
import yaml

from exresearch.study import StudyError, load_study
from exresearch.study.codebook import Variable
from exresearch.study.draft import Draft, draft_study, write_draft
from exresearch.study.draft.columns.column import own_parts
from exresearch.study.parameters import parse_study

N = 300
OPENING = "Geef aan in hoeverre u het eens bent met de volgende stellingen: "
AGREE = np.array(
    ["Helemaal mee oneens", "Mee oneens", "Niet mee eens, niet mee oneens", "Mee eens", "Helemaal mee eens"]
)
STATEMENTS = [
    "Ik ben trots om hier te werken",
    "Mijn leidinggevende luistert naar mij",
    "Ik werk hier over een jaar nog",
]
ENPS = "Beveelt u ons aan als werkgever? (0 = zeer onwaarschijnlijk, 10 = zeer waarschijnlijk)"


def survey(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal(N)
    frame = pd.DataFrame(
        {
            "Respondent ID": np.arange(1, N + 1),
            "Personeelsnummer": 1000 + rng.permutation(N),
            "Startdatum": [f"{1 + i % 28:02}-10-2024 08:{i % 60:02}" for i in range(N)],
            "Team": [f"Team {i % 12}" for i in range(N)],
        }
    )
    for statement in STATEMENTS:
        latent = factor + rng.standard_normal(N)
        frame[OPENING + statement] = AGREE[np.searchsorted([-2, -0.8, 0.2, 1.5], latent)]
    frame[ENPS] = rng.integers(0, 11, N)
    return pd.concat([frame, frame.iloc[[3, 5]]], ignore_index=True)


@pytest.fixture(autouse=True)
def _exports_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drafts here are not in params/clients, so that somebody has to allow where their exports are."""
    monkeypatch.setenv("EXRESEARCH_ALLOW", str(tmp_path))


@pytest.fixture
def exports(tmp_path: Path) -> list[Path]:
    """Two waves of a survey, with two sheets sent twice in each, and a staff list with a total."""
    paths = [tmp_path / "MTO 2023.csv", tmp_path / "MTO 2024.csv", tmp_path / "HR lijst.xlsx"]
    for seed, path in enumerate(paths[:2]):
        survey(seed).to_csv(path, sep=";", index=False, encoding="cp1252")
    days = pd.to_datetime("2015-01-01") + pd.to_timedelta(np.arange(N), unit="D")
    staff = pd.DataFrame(
        {
            "Pers.nr.": [*range(1000, 1000 + N), "Totaal"],
            "Geb.datum": [*(days - pd.Timedelta(days=9000)), pd.NaT],
            "Soort contract": [*(["Vast", "Tijdelijk", "Oproep"] * (N // 3)), None],
            "Startdatum": [*days, pd.NaT],
            "Einddatum contract": [*(days + pd.Timedelta(days=4000)), pd.NaT],
            "Datum uit dienst": [*([pd.Timestamp("2024-06-01")] * 20), *([pd.NaT] * (N - 19))],
        }
    )
    staff.to_excel(paths[2], index=False)
    return paths


def entries(draft: Draft) -> dict[tuple[str, str], Variable]:
    return {(v.table, v.column): v for v in draft.codebook.variables}


def test_the_number_of_the_staff_list_is_the_person(exports: list[Path]) -> None:
    found = entries(draft_study(exports))
    assert found["employees", "Personeelsnummer"].role == "person"
    assert found["people", "Pers.nr."].role == "person"
    sheet = found["employees", "Respondent ID"]
    assert (sheet.role, sheet.comment) == (
        "ignore",
        "It seems to number persons or sheets, and is not the person of this table; it is not read.",
    )


def test_the_respondent_is_the_person_where_nothing_else_is(tmp_path: Path) -> None:
    path = tmp_path / "mto.csv"
    survey(0).head(N).drop(columns="Personeelsnummer").to_csv(path, index=False)
    assert entries(draft_study([path]))["employees", "Respondent ID"].role == "person"


def test_days_in_service_are_told_from_days_of_answering_birth_and_contracts(exports: list[Path]) -> None:
    found = entries(draft_study(exports))
    dates = {key: (v.role, v.construct) for key, v in found.items() if "dat" in key[1].lower()}
    assert dates == {
        ("employees", "Startdatum"): ("ignore", None),
        ("people", "Geb.datum"): ("ignore", None),
        ("people", "Startdatum"): ("date", "start"),
        ("people", "Einddatum contract"): ("date", None),
        ("people", "Datum uit dienst"): ("date", "end"),
    }


def test_the_opening_of_a_block_is_no_part_of_a_label(exports: list[Path]) -> None:
    draft = draft_study(exports)
    found = entries(draft)
    labels = [found["employees", OPENING + statement].label for statement in STATEMENTS]
    assert [label.nl for label in labels if label is not None] == STATEMENTS
    assert not any(OPENING in doubt for doubt in draft.doubts)
    assert found["employees", OPENING + STATEMENTS[2]].construct == "stay"
    assert found["employees", ENPS].comment == (
        "By its words it asks about recommending the employer. Scale by the values that occur."
    )


def test_an_opening_is_shared_by_three() -> None:
    assert own_parts(["How do you rate: a", "How do you rate: b", "Other"]) == ["", "", ""]
    assert own_parts(["Rate - a b", "Rate - c d", "Rate - e"]) == ["", "", ""]
    assert own_parts(["Do you agree? - x", "Do you agree? - y", "Do you agree? - z"]) == ["x", "y", "z"]


def test_doubled_sheets_and_totals_are_left_out_and_the_draft_loads(
    exports: list[Path], tmp_path: Path
) -> None:
    draft = draft_study(exports)
    assert draft.doubts[:2] == (
        "people: 1 row has no 'Pers.nr.', perhaps totals; the draft leaves them out.",
        "employees: 4 rows are the same as an earlier row; the draft leaves them out.",
    )
    study, _ = write_draft(draft, "acme", folder=tmp_path / "clients", language="nl")
    loaded = load_study(study)
    # What the codebook knows and does not use is no news.
    assert "columns_not_described" not in {remark.kind for remark in loaded.remarks}
    tables = loaded.tables
    assert {name: len(table) for name, table in tables.items()} == {"employees": 2 * N, "people": N}


def test_doubled_sheets_are_refused_unless_the_study_file_says_so(
    exports: list[Path], tmp_path: Path
) -> None:
    study, _ = write_draft(draft_study(exports), "acme", folder=tmp_path / "clients", language="nl")
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace(", same_rows: leave_out", ""), encoding="utf-8")
    with pytest.raises(StudyError) as error:
        load_study(study)
    assert [str(problem) for problem in error.value.problems] == [
        "MTO 2023.csv, MTO 2024.csv: person and wave: 4 rows repeat a combination of person and wave that stands in an "
        "earlier row. Keep one row for each, or correct the wave; rows that are wholly the same can be left out with "
        "'same_rows: leave_out' for their file in the study file."
    ]


def test_sheets_without_a_person_may_well_be_the_same(exports: list[Path], tmp_path: Path) -> None:
    frame = pd.read_csv(exports[0], sep=";", encoding="cp1252")
    frame = frame.astype({"Personeelsnummer": "object"})
    frame.loc[[7, 8], "Personeelsnummer"] = None
    frame.iloc[8] = frame.iloc[7]
    frame.to_csv(exports[0], sep=";", index=False, encoding="cp1252")
    study, _ = write_draft(draft_study(exports), "acme", folder=tmp_path / "clients", language="nl")
    assert len(load_study(study).tables["employees"]) == 2 * N


def test_units_in_two_spellings_are_told(exports: list[Path]) -> None:
    text = exports[0].read_text(encoding="cp1252")
    exports[0].write_text(text.replace("Team 7", "TEAM 7", 3), encoding="cp1252")
    assert draft_study(exports).doubts[2] == (
        "employees: 1 unit is written in more than one way, such as with other capitals; "
        "write each in one way in column 'Team'."
    )


@pytest.mark.parametrize(
    "labels",
    [
        {0: "zeer onwaarschijnlijk", 10: "zeer waarschijnlijk", 99: "geen antwoord"},
        {99: "geen antwoord"},
        {10: "beslist", 99: "weet niet"},
    ],
)
def test_a_scale_of_which_only_the_ends_are_labelled(tmp_path: Path, labels: dict[int, str]) -> None:
    path = tmp_path / "mto.sav"
    rng = np.random.default_rng(3)
    scores = rng.integers(0, 11, N).astype(float)
    scores[:9] = 99
    frame = pd.DataFrame({"team": [f"T{i % 9}" for i in range(N)], "v16": scores})
    pyreadstat.write_sav(
        frame,
        str(path),
        column_labels=["Team", ENPS],
        variable_value_labels={"v16": {float(k): v for k, v in labels.items()}},
    )
    found = entries(draft_study([path]))["employees", "v16"]
    assert (found.role, found.construct, found.minimum, found.maximum, found.missing) == (
        "outcome",
        "enps",
        0,
        10,
        (99,),
    )
    assert not found.reversed


def test_two_labels_of_many_codes_make_no_scale(tmp_path: Path) -> None:
    path = tmp_path / "mto.sav"
    frame = pd.DataFrame(
        {"team": [f"T{i % 9}" for i in range(N)], "plaats": [1.0 + 4 * (i % 2) for i in range(N)]}
    )
    pyreadstat.write_sav(frame, str(path), variable_value_labels={"plaats": {1.0: "Zwolle", 5.0: "Assen"}})
    assert entries(draft_study([path]))["employees", "plaats"].minimum is None


def test_the_study_file_of_the_documentation_is_one() -> None:
    page = (Path(__file__).parents[1] / "docs" / "new-client.md").read_text(encoding="utf-8")
    shown = next(
        block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if block.startswith("tables:")
    )
    content = {"client": "acme", "title": {"nl": "Acme", "en": "Acme"}, "codebook": "acme.codebook.yaml"}
    settings = parse_study(content | yaml.safe_load(shown), file="acme.yaml")
    assert settings.weighting["employees"].staff_list == ["contract", "geslacht"]
    assert settings.quality.leave_out == ["straight_lining", "too_fast"]


def test_what_a_platform_works_out_and_days_that_name_no_wave_are_not_used(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    need = "Mijn leidinggevende houdt rekening met wat ik nodig heb"
    survey(4).assign(
        Q4_NPS_GROUP=rng.choice(["Promoter", "Passive", "Detractor"], N + 2),
        **{need: rng.choice(AGREE, N + 2)},
    ).to_csv(tmp_path / "mto.csv", index=False)
    customers = {
        "Filiaal": [f"Team {i % 12}" for i in range(N)],
        "Datum": ["2024-05-01"] * N,
        "NPS": rng.integers(0, 11, N),
    }
    pd.DataFrame(customers).to_csv(tmp_path / "klanten.csv", index=False)
    found = entries(draft_study([tmp_path / "mto.csv", tmp_path / "klanten.csv"]))
    assert found["employees", "Q4_NPS_GROUP"].role == "ignore"
    assert (found["employees", need].block, found["employees", need].named) == ("employee-first", True)
    assert found["customers", "Datum"].comment == (
        "Dates of answering are not used. If they tell the waves, give this column the role date, and its file "
        "'waves_from: quarter' (or month, half_year, year) in the study file."
    )


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Vestigingsnr", "unit"), ("Vestigingsnummer", "unit"), ("Afdelingsnummer", "unit"), ("Afdelingscode", "unit"),
        ("Eenheidsnr.", "unit"), ("Kostenplaats", "unit"), ("nr", "person"), ("Nummer", "person"),
    ],
)  # fmt: skip
def test_usual_dutch_keys_are_found(tmp_path: Path, name: str, role: str) -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            name: [100 + (i if role == "person" else i % 12) for i in range(N)],
            "Ik word gewaardeerd": rng.integers(1, 6, N),
        }
    )
    frame.to_csv(tmp_path / "medewerkers.csv", index=False)
    assert entries(draft_study([tmp_path / "medewerkers.csv"]))["employees", name].role == role


def test_the_label_of_an_spss_column_can_name_the_key(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "v1": np.arange(N) + 1000.0,
            "v2": [f"A{i % 12}" for i in range(N)],
            "v3": rng.integers(1, 6, N).astype(float),
        }
    )
    labels = ["Personeelsnummer", "Afdelingsnummer", "Ik word gewaardeerd"]
    pyreadstat.write_sav(frame, str(tmp_path / "mto.sav"), column_labels=labels)
    found = entries(draft_study([tmp_path / "mto.sav"]))
    assert [found["employees", name].role for name in ("v1", "v2", "v3")] == ["person", "unit", "driver"]


def staff(folder: Path, **columns: list[str]) -> Draft:
    frame = pd.DataFrame({"personeelsnr": range(1000, 1000 + N), **columns})
    frame.to_csv(folder / "personeel.csv", index=False)
    return draft_study([folder / "personeel.csv"])


@pytest.mark.parametrize("form", ["{:,.2f}", "\u20ac {:,.0f}", "{:.0f}", "{:,.2f} euro"])
def test_salaries_are_not_read_and_not_listed(tmp_path: Path, form: str) -> None:
    # Few different ones, so that their number alone would make a category.
    amounts = [form.format(2750 + 150 * (i % 9)).translate(str.maketrans(",.", ".,")) for i in range(N)]
    draft = staff(tmp_path, **{"Salaris": amounts, "Bruto maandloon": amounts})
    for name in ("Salaris", "Bruto maandloon"):
        entry = entries(draft)["people", name]
        assert (entry.role, entry.comment) == (
            "ignore",
            "It seems to hold what each person earns; it is not read. As a category it needs bands, such as 2500-3000.",
        )
    _, codebook = write_draft(draft, "acme", folder=tmp_path / "clients")
    said = codebook.read_text(encoding="utf-8") + "".join(draft.doubts)
    assert not re.search(r"2[.,]?750|3[.,]?050", said)


def test_bands_of_pay_are_a_category(tmp_path: Path) -> None:
    bands = ["tot 2500", "2500-3000", "3000-4000", "4000 of meer"] * (N // 4)
    scale = [str(i % 12) for i in range(N)]
    found = entries(staff(tmp_path, Salaris=bands, Salarisschaal=scale))
    assert (found["people", "Salaris"].role, found["people", "Salarisschaal"].role) == (
        "category",
        "category",
    )


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%d.%m.%Y", "%d-%m-%y"])
def test_days_in_another_form_are_told_and_neither_text_nor_category(tmp_path: Path, form: str) -> None:
    days = pd.to_datetime("2018-11-21") + pd.to_timedelta(np.arange(N) % 50, unit="D")
    draft = staff(tmp_path, **{"in dienst": days.strftime(form).tolist()})
    entry = entries(draft)["people", "in dienst"]
    assert (entry.role, entry.comment) == (
        "ignore",
        "Its cells are days in a form that is not read; write them as 2024-03-31 or 31-03-2024 and give it the role "
        "date.",
    )
    assert any("days in a form that is not read" in doubt for doubt in draft.doubts[:2])


def test_percentages_with_a_sign_are_told(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "vestiging": [f"V{i:02}" for i in range(40)],
            "klanttevredenheid": [f"{7 + i / 40:.2f}" for i in range(40)],
            "verzuim": [f"{4 + i / 20:.2f}%".replace(".", ",") for i in range(40)],
        }
    )
    frame.to_csv(tmp_path / "vestigingen.csv", index=False)
    entry = entries(draft_study([tmp_path / "vestigingen.csv"]))["units", "verzuim"]
    assert (entry.role, entry.comment) == (
        "ignore",
        "Its cells are numbers with a sign, such as %; write them without it and give it a role.",
    )


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ([""] * N, "No row has a value."),
        (["-"] * 9 + [""] * (N - 9), "No row has a value; some hold a sign or words for nothing."),
        (
            ["Goed geregeld"] + [""] * (N - 1),
            "By its name it is for answers in own words, and hardly anybody wrote one.",
        ),
    ],
)
def test_a_column_for_comments_without_comments_is_no_ticked_box(
    tmp_path: Path, cells: list[str], why: str
) -> None:
    frame = survey(1).head(N).assign(Toelichting=cells)
    frame.to_csv(tmp_path / "mto.csv", index=False)
    entry = entries(draft_study([tmp_path / "mto.csv"]))["employees", "Toelichting"]
    assert (entry.role, entry.comment) == ("ignore", why)
