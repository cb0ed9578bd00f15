"""Answer scales that a draft has to read from what clients write: numbered texts, neutral answers, codes, waves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.study import StudyError, load_study
from exresearch.study.codebook import Variable
from exresearch.study.draft import Draft, draft_study, write_draft
from exresearch.study.draft.columns.answers import scale_from_labels
from exresearch.study.draft.columns.texts import scale_from_texts

N = 300
ITEMS = ["Ik ben trots op mijn werk", "Mijn werk geeft mij energie", "Er wordt naar mij geluisterd"]
ENPS = "Ik beveel ons aan als werkgever"
AGREE = ["Helemaal mee oneens", "Mee oneens", "Neutraal", "Mee eens", "Helemaal mee eens"]
SATISFIED = ["1 = zeer tevreden", "2 = tevreden", "3 = neutraal", "4 = ontevreden", "5 = zeer ontevreden"]


def answers(seed: int, *, points: int = 5, n: int = N) -> pd.DataFrame:
    """Employees in 15 teams: three items that go together, and a recommendation."""
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal(n)
    frame = pd.DataFrame(
        {
            "personeelsnr": [f"{100000 + i}" for i in range(n)],
            "team": [f"T{i % 15:02}" for i in range(n)],
        }
    )
    middle = (points + 1) / 2
    for item in ITEMS:
        latent = middle + 0.4 + points / 5 * (0.7 * factor + 0.7 * rng.standard_normal(n))
        frame[item] = np.clip(np.round(latent), 1, points).astype(int)
    frame[ENPS] = np.clip(np.round(6.8 + 1.7 * factor + 1.2 * rng.standard_normal(n)), 0, 10).astype(int)
    return frame


def drafted(folder: Path, **frames: pd.DataFrame) -> Draft:
    return draft_study([saved(folder, name, frame) for name, frame in frames.items()])


def saved(folder: Path, name: str, frame: pd.DataFrame) -> Path:
    path = folder / f"{name}.csv"
    frame.to_csv(path, index=False)
    return path


def entries(draft: Draft) -> dict[str, Variable]:
    return {variable.column: variable for variable in draft.codebook.variables}


@pytest.mark.parametrize("descending", [True, False])
def test_the_words_behind_a_number_say_which_end_is_the_favourable_one(
    tmp_path: Path, descending: bool
) -> None:
    labels = [f"{number} - {text}" for number, text in enumerate(AGREE[:: -1 if descending else 1], start=1)]
    frame = answers(1)
    for item in ITEMS:
        codes = 6 - frame[item] if descending else frame[item]
        frame[item] = np.array(labels)[codes - 1]
    draft = drafted(tmp_path, employees=frame)
    found = entries(draft)
    assert [found[item].reversed for item in ITEMS] == [descending] * 3
    # The recommendation goes with the items, so it is not turned round.
    assert not found[ENPS].reversed
    assert any("the lowest code is the most favourable" in doubt for doubt in draft.doubts) == descending


def test_numbered_and_plain_words_of_customers_give_the_same_scores(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(1, 6, N)
    words = [text.partition(" = ")[2] for text in SATISFIED]
    scores = []
    for texts in (SATISFIED, words):
        frame = pd.DataFrame(
            {
                "vestiging": [f"V{i % 12}" for i in range(N)],
                "Hoe tevreden bent u?": np.array(texts)[codes - 1],
            }
        )
        entry = entries(drafted(tmp_path, klanten=frame))["Hoe tevreden bent u?"]
        numbers = frame["Hoe tevreden bent u?"].map(entry.values)
        scores.append((6 - numbers if entry.reversed else numbers).tolist())
    assert scores[0] == scores[1]


def test_numbers_without_a_direction_say_so(tmp_path: Path) -> None:
    labels = np.array(["1 - laag", "2", "3", "4", "5 - hoog"])
    frame = answers(2).assign(**{ITEMS[0]: labels[answers(2)[ITEMS[0]] - 1]})
    comment = entries(drafted(tmp_path, employees=frame))[ITEMS[0]].comment
    assert comment is not None
    assert "Nothing says which end is the favourable one; the highest is taken for it." in comment


def test_a_column_of_numbers_with_words_at_its_ends_is_read_as_one_scale(tmp_path: Path) -> None:
    frame = answers(4)
    ends = {0: "0 - Zeer onwaarschijnlijk", 10: "10 - Zeer waarschijnlijk"}
    frame.loc[:5, ENPS] = 0
    frame.loc[6:20, ENPS] = 10
    truth = frame[ENPS].to_numpy()
    frame[ENPS] = frame[ENPS].map(lambda score: ends.get(score, str(score)))
    draft = drafted(tmp_path, employees=frame)
    entry = entries(draft)[ENPS]
    assert (entry.role, entry.construct, entry.minimum, entry.maximum) == ("outcome", "enps", 0, 10)
    study, _ = write_draft(draft, "acme", folder=tmp_path)
    assert load_study(study).tables["employees"][ENPS].tolist() == truth.tolist()


def test_the_remedy_for_a_text_with_its_number_keeps_the_answer(client: Any) -> None:
    frame = client.tables["employees"]
    column = next(v["column"] for v in client.variables.values() if v["role"] in ("item", "driver"))
    cells = frame[column].astype("object")
    cells.iloc[:6] = "5 - very likely"
    frame[column] = cells
    with pytest.raises(StudyError) as error:
        client.load()
    assert [problem.remedy for problem in error.value.problems] == [
        "Give a text that begins with its number that number under 'values' in the codebook; correct the other cells, "
        "or list them under 'missing'."
    ]


@pytest.mark.parametrize(
    "neutral",
    [
        "Niet mee eens/niet mee oneens", "Niet eens/niet oneens", "Niet mee eens en niet mee oneens",
        "Niet oneens, niet eens", "Eens noch oneens", "Niet eens of oneens", "Deels mee eens, deels mee oneens",
        "Neither agree nor disagree",
    ],
)  # fmt: skip
def test_everyday_neutral_answers_stand_in_the_middle(neutral: str) -> None:
    found = scale_from_texts([neutral if text == "Neutraal" else text for text in AGREE])
    assert found is not None
    assert found.values[neutral] == 3  # noqa: PD011
    labels = {str(code): text for code, text in enumerate(AGREE, start=1)} | {"3": neutral}
    assert scale_from_labels(labels) is not None


def test_tevreden_and_niet_eens_are_understood() -> None:
    satisfied = [
        "Zeer ontevreden",
        "Ontevreden",
        "Niet tevreden, niet ontevreden",
        "Tevreden",
        "Zeer tevreden",
    ]
    found = scale_from_texts(satisfied)
    assert found is not None
    assert list(found.values) == satisfied
    denied = ["Helemaal niet eens", "Niet eens", "Neutraal", "Eens", "Helemaal eens"]
    found = scale_from_texts(denied)
    assert found is not None
    assert list(found.values) == denied


def test_two_spellings_of_an_answer_are_one_rung(tmp_path: Path) -> None:
    frame = answers(5)
    for item in ITEMS:
        frame[item] = np.array(AGREE)[frame[item] - 1]
    frame.loc[:40, ITEMS[0]] = frame.loc[:40, ITEMS[0]].replace("Mee eens", "mee  eens.")
    # Another questionnaire has other words for the middle.
    frame[ITEMS[1]] = frame[ITEMS[1]].replace("Neutraal", "Niet eens/niet oneens")
    found = entries(drafted(tmp_path, employees=frame))
    assert [found[item].role for item in ITEMS] == ["item", "item", "driver"]
    assert found[ITEMS[0]].values["mee  eens."] == found[ITEMS[0]].values["Mee eens"] == 4  # noqa: PD011


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1 - helemaal oneens", "2 - oneens", "3 - eens", "4 - helemaal eens"], (1, 4)),
        (["1 - oneens", "2", "3", "4", "5", "6 - eens"], (1, 6)),
        (["1. Helemaal oneens", "2. Oneens", "3. Eens"], (1, 3)),
        (["0 - onwaarschijnlijk", *map(str, range(1, 10))], (0, 10)),
        (["1 - Noord", "2 - Zuid", "3 - West"], None),
        (["25-34", "35-44", "45-54"], None),
        (["1-3", "3-5", "5-10"], None),
        (["1 dag", "2 dagen", "3 dagen"], None),
        (["1 - oneens", "1 - slecht", "5 - eens", "5 - goed"], None),
    ],
)  # fmt: skip
def test_the_outer_labels_name_the_ends(texts: list[str], expected: tuple[int, int] | None) -> None:
    found = scale_from_texts(texts)
    assert (None if found is None else found.ends) == expected


@pytest.mark.parametrize("code", [0, 6])
def test_a_code_beside_the_scale_is_no_point_of_it(tmp_path: Path, code: int) -> None:
    frame = answers(1)
    rng = np.random.default_rng(3)
    for item in ITEMS:
        frame.loc[rng.random(N) < 0.06, item] = code
    draft = drafted(tmp_path, employees=frame)
    found = entries(draft)
    for item in ITEMS:
        assert (found[item].minimum, found[item].maximum, found[item].missing) == (1, 5, (code,))
        assert found[item].role in ("item", "driver")
    sentence = (
        f"{code} lies just beside 1 to 5 and is taken for no answer: whoever chose it answers the rest like"
    )
    assert any(sentence in doubt for doubt in draft.doubts)


def test_a_real_scale_of_six_points_stays_one_and_borrows_nothing_of_the_recommendation(
    tmp_path: Path,
) -> None:
    found = entries(drafted(tmp_path, employees=answers(6, points=6)))
    assert [(found[item].minimum, found[item].maximum) for item in ITEMS] == [(1, 6)] * 3
    assert [found[item].missing for item in ITEMS] == [()] * 3


def test_a_value_beside_the_scale_of_which_nothing_can_be_seen_is_said(tmp_path: Path) -> None:
    frame = answers(7)[["team", ITEMS[0]]]
    frame.loc[:20, ITEMS[0]] = 6
    comment = entries(drafted(tmp_path, employees=frame))[ITEMS[0]].comment
    assert comment is not None
    assert "6 lies just beside 1 to 5; if it stands for no answer, list it under 'missing'" in comment


def test_a_wave_with_another_scale_is_the_most_doubtful_thing(tmp_path: Path) -> None:
    later = answers(6, points=10)
    later.loc[:9, ITEMS] = 1
    draft = drafted(tmp_path, mto_2023=answers(5), mto_2024=later)
    assert draft.doubts[0] == (
        f"employees, {', '.join(ITEMS)}: in 2023 the answers run from 1 to 5, elsewhere from 1 to 10; perhaps the "
        "scale was another one, and they cannot be compared as they are."
    )
    comment = entries(draft)[ITEMS[0]].comment
    assert comment is not None
    assert "In 2023 the answers run from 1 to 5, elsewhere from 1 to 10;" in comment


def test_a_wave_with_the_other_direction_is_the_most_doubtful_thing(tmp_path: Path) -> None:
    turned = answers(6)
    turned[ITEMS] = 6 - turned[ITEMS]
    draft = drafted(tmp_path, mto_2023=answers(5), mto_2024=turned)
    assert draft.doubts[0] == (
        f"employees, {ENPS}: in 2024 the correlation with the other answers has another sign than before; perhaps "
        "these or the others were asked or coded the other way round there."
    )


def test_waves_with_one_scale_and_direction_are_not_doubted(tmp_path: Path) -> None:
    draft = drafted(tmp_path, mto_2023=answers(5), mto_2024=answers(6))
    assert not [doubt for doubt in draft.doubts if "in 2023" in doubt or "in 2024" in doubt]


def with_averages(frame: pd.DataFrame, *, decimals: int, label: str | None = None) -> pd.DataFrame:
    below = frame.astype("object")
    means = [round(float(value), decimals) for value in frame.iloc[:, 2:].mean()]
    below.loc[len(below)] = [label, None, *(int(mean) if decimals == 0 else mean for mean in means)]
    return below


@pytest.mark.parametrize("decimals", [0, 2])
@pytest.mark.parametrize("label", [None, "Totaal", "Gemiddelde"])
def test_a_closing_row_of_averages_costs_no_question_and_is_no_respondent(
    tmp_path: Path, decimals: int, label: str | None
) -> None:
    plain = entries(drafted(tmp_path, employees=answers(1)))
    draft = drafted(tmp_path, employees=with_averages(answers(1), decimals=decimals, label=label))
    found = entries(draft)
    assert {name: (v.role, v.minimum, v.maximum) for name, v in found.items()} == {
        name: (v.role, v.minimum, v.maximum) for name, v in plain.items()
    }
    sentence = "employees: 1 row at the end seems to be a total or an average of those above; the draft leaves it out."
    assert sentence in draft.doubts
    assert draft.without_key == {"employees": "personeelsnr"}
    assert found["personeelsnr"].missing == (() if label is None else (label,))
    assert "employees: mto" not in "".join(draft.understood)
    assert f"{N} rows" in draft.understood[0]


def test_the_last_respondent_without_a_team_is_no_total(tmp_path: Path) -> None:
    frame = answers(1)
    frame.loc[N - 1, "team"] = None
    draft = drafted(tmp_path, employees=frame)
    assert draft.without_key == {}
    assert f"{N} rows" in draft.understood[0]


def test_a_closing_row_of_a_table_without_keys_is_said(tmp_path: Path) -> None:
    frame = answers(1).drop(columns=["personeelsnr", "team"])
    frame.insert(0, "opmerking", "goed")
    below = frame.astype("object")
    below.loc[N] = [None, *[round(float(value), 2) for value in frame.iloc[:, 1:].mean()]]
    assert any(
        doubt.endswith("no column is a key, so remove it from the file.")
        for doubt in drafted(tmp_path, employees=below).doubts
    )


def test_grades_with_halves_are_read_whatever_the_decimal_sign(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    grades = np.clip(np.round(rng.normal(7, 1, N) * 2) / 2, 1, 10)
    name = "Rapportcijfer voor uw werk als geheel"
    for number, texts in enumerate((grades, [f"{grade:g}".replace(".", ",") for grade in grades])):
        entry = entries(drafted(tmp_path, employees=answers(1).assign(**{name: texts})))[name]
        assert (number, entry.minimum, entry.maximum) == (number, 1, 10)
        assert entry.role != "ignore"
