"""What a draft may not write down: answers, codes and names that few people share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest

from exresearch.report.study_facts import study_facts
from exresearch.study import StudyError
from exresearch.study.draft import draft_study, write_draft

SECRETS = ("Piet", "Vries", "Jansen", "51234", "piet@", "1970", "-7", "-5,")


def written(folder: Path, **files: str | pd.DataFrame) -> str:
    """Everything that `exresearch new` prints and writes, of CSV files."""
    paths = []
    for name, content in files.items():
        path = folder / f"{name}.csv"
        path.write_text(
            content if isinstance(content, str) else content.to_csv(index=False), encoding="utf-8"
        )
        paths.append(path)
    return drafted(paths, folder)


def drafted(paths: list[Path], folder: Path) -> str:
    try:
        draft = draft_study(paths)
    except StudyError as error:
        return str(error)
    files = write_draft(draft, "x", folder=folder / "draft", force=True)
    text = [*draft.understood, *draft.doubts, *(file.read_text(encoding="utf-8") for file in files)]
    return "\n".join(text)


def silent(text: str) -> None:
    """Nothing of anybody is in a text."""
    assert [secret for secret in SECRETS if secret in text] == []


def answers(**more: list[object]) -> pd.DataFrame:
    """Forty answer sheets of four teams."""
    return pd.DataFrame(
        {
            "team": [f"T{i % 4}" for i in range(40)],
            "eng_1": [i % 5 + 1 for i in range(40)],
            "eng_2": [(i + i // 7) % 5 + 1 for i in range(40)],
        }
        | more
    )


AGREE = ["Strongly disagree", "Disagree", "Agree", "Strongly agree"]


def test_a_text_that_looks_like_no_answer_is_counted_and_not_listed(tmp_path: Path) -> None:
    texts: list[object] = [AGREE[i % 4] for i in range(39)] + ["I am not sure my manager Piet de Vries knows"]
    found = written(tmp_path, employees=answers(opinion=texts))
    silent(found)
    assert "values: {Strongly disagree: 1, Disagree: 2, Agree: 3, Strongly agree: 4}" in found
    assert (
        "comment: 'A statement with an answer scale: taken for a driver. Scale by its answers. 1 cell holds text that "
        "is no answer on it; correct it, or list the text under ''missing''.'"
    ) in found


def test_free_texts_of_few_people_are_no_scale_and_no_category(tmp_path: Path) -> None:
    few: list[object] = ["Piet is good", "Piet is bad", "neither", *[None] * 37]
    found = written(tmp_path, employees=answers(opinion=few))
    silent(found)
    assert (
        "{table: employees, column: opinion, role: text, guessed: [role],\n"
        "     comment: Texts that hardly anybody shares (3 in 3 rows); not shown.}"
    ) in found
    numbered: list[object] = [f"{i % 10 + 1} - Piet {i % 10}" if i < 10 else None for i in range(40)]
    silent(written(tmp_path, employees=answers(opinion=numbered)))


def test_a_code_that_few_gave_is_counted_and_not_listed(tmp_path: Path) -> None:
    frame = answers()
    frame.loc[3, "eng_1"] = -7
    frame.loc[[4, 5, 6], "eng_2"] = -5
    found = written(tmp_path, employees=frame)
    silent(found)
    assert "1 cell lies outside it; correct it, or list the code under 'missing'." in found
    assert "3 cells lie outside it; correct these, or list the code under 'missing'." in found
    frame.loc[list(range(8, 14)), "eng_2"] = -8
    assert "missing: [-8]" in written(tmp_path, employees=frame)


def test_a_sign_for_nothing_is_not_whatever_has_no_letters(tmp_path: Path) -> None:
    marks: list[object] = [str(i % 5 + 1) for i in range(38)] + ["-", "\U0001f600\U0001f52a"]
    found = written(tmp_path, employees=answers(eng_3=marks))
    assert "missing: ['-']" in found
    assert "\U0001f600" not in found
    assert "1 cell holds text that is no answer on it" in found


def test_names_of_managers_are_no_category(tmp_path: Path) -> None:
    names: list[object] = [("Piet de Vries", "Jansen, Ann", "Bob O'Hara")[i % 3] for i in range(40)]
    found = written(tmp_path, employees=answers(manager=names))
    silent(found)
    assert "comment: It seems to hold the names of managers; it is not read.}" in found
    levels: list[object] = [("yes", "no")[i % 2] for i in range(40)]
    assert "column: manager, role: category" in written(tmp_path, employees=answers(manager=levels))


def test_a_table_of_scores_is_no_key_file(tmp_path: Path) -> None:
    # Numbers of questions as column names, and a table of persons that gave such numbers.
    wide = pd.DataFrame({str(n): [(n * i) % 5 + 1 for i in range(40)] for n in range(1, 6)})
    scores = pd.DataFrame(
        {
            "score": [i % 5 + 1 for i in range(800)],
            "person": [1970 + i for i in range(800)],
            "remark": ["don't know Piet" for _ in range(800)],
        }
    )
    found = written(tmp_path, employees=wide.assign(team="T1"), people=scores)
    silent(found)
    assert "read as a key" not in found


@pytest.mark.parametrize("rows", [6, 30])
def test_a_file_without_a_heading_shows_nobody(tmp_path: Path, rows: int) -> None:
    lines = [f"Piet{i} Jansen,piet{i}@example.org,{51234 + 7 * i},comment {i}" for i in range(rows)]
    found = written(tmp_path, employees="\n".join(lines))
    silent(found)
    assert found == (
        "1 problem with this study:\n- employees.csv: the file has no heading: its first row holds what other rows "
        "hold. Put the column names in the first line."
    )


def test_a_table_of_six_people_shows_nobody(tmp_path: Path) -> None:
    people = pd.DataFrame(
        {
            "employee_id": [f"Piet{i}" for i in range(6)],
            "team": ["Jansen A", "Jansen B"] * 3,
            "salary": [51234 + i for i in range(6)],
            "birth_date": [f"1970-01-0{i + 1}" for i in range(6)],
            "contact": [f"piet@{i}.org" for i in range(6)],
            "hire_date": [f"2020-01-0{i + 1}" for i in range(6)],
            "remark": [f"Vries {i}" for i in range(6)],
        }
    )
    silent(written(tmp_path, people=people))


def test_names_among_value_labels_of_spss_are_not_written(tmp_path: Path) -> None:
    path = tmp_path / "employees.sav"
    frame = answers(boss=[float(i % 3 + 1) for i in range(40)])
    labels = {1.0: "Piet de Vries", 2.0: "Ann Jansen", 3.0: "Not sure about Piet"}
    pyreadstat.write_sav(frame, str(path), variable_value_labels={"boss": labels})
    silent(drafted([path], tmp_path))


def test_what_one_unit_alone_is_is_not_listed(client: Any) -> None:
    client.tables["units"]["boss"] = ["Piet", "Vries", "Ann", "Ann", "Bo", "Bo"]
    client.variables["boss"] = client.entry("units", "boss", "category")
    client.settings["parameters"]["set_apart"] = "boss=Bob"
    assert client.refusal() == (
        "1 problem with this study:\n"
        "- small.yaml: parameters.set_apart: no unit has 'Bob' as boss. Did you mean 'Bo'? Legal: Ann, Bo."
    )
    client.tables["units"]["boss"] = ["Piet", "Vries", "Ann", "Bea", "Bo", "Cas"]
    assert client.refusal() == (
        "1 problem with this study:\n"
        "- small.yaml: parameters.set_apart: no unit has 'Bob' as boss. Write it as the units have it."
    )


def test_check_counts_no_careless_sheets_among_four(client: Any) -> None:
    study = client.load()
    quality = study.quality.head(2).assign(n=1, n_judged=[4, 5], share=[0.25, 0.2])
    facts = study_facts(replace(study, quality=quality), written=())
    assert [(row["n"], row["n_judged"], row["share"]) for row in facts["careless"]] == [
        (None, 4, None),
        (1, 5, 0.2),
    ]
