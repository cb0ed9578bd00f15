"""Columns that look odd are named, each by its kind, and nothing of a person is shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.study.flags.suspects import SUSPECTS, suspect_sentence, suspicious_columns
from exresearch.study.remarks import REMARKS

N = 200


@pytest.fixture
def odd(client: Any) -> Any:
    """One table of employees whose columns are all in order."""
    rng = np.random.default_rng(11)
    factor = rng.standard_normal(N)
    latent = 0.8 * factor[:, None] + 0.6 * rng.standard_normal((N, 4))
    answers = np.clip(np.round(4 + 1.5 * latent), 1, 7)
    frame = pd.DataFrame(answers, columns=["e1", "e2", "e3", "e4"])
    frame["team"] = rng.choice(["north", "south", "east"], N)
    small = client
    small.variables, small.tables = {}, {}
    small.settings = {
        "client": "odd",
        "title": {"nl": "Vreemd", "en": "Odd"},
        "codebook": "codebook.yaml",
        "tables": {"employees": "employees.csv"},
    }
    entry = small.entry
    for name in ("e1", "e2", "e3", "e4"):
        small.variables[name] = entry("employees", name, "item", construct="engagement", minimum=1, maximum=7)
    small.variables["team"] = entry("employees", "team", "category")
    small.tables["employees"] = frame
    return small


def described(odd: Any, name: str, values: Any, role: str = "category", **more: Any) -> None:
    odd.tables["employees"][name] = values
    odd.variables[name] = odd.entry("employees", name, role, **more)


def found(odd: Any) -> list[list[Any]]:
    return suspicious_columns(odd.load()).to_numpy().tolist()


def test_a_study_in_order_has_none(odd: Any) -> None:
    table = suspicious_columns(odd.load())
    assert table.empty
    assert list(table) == ["table", "column", "kind", "n", "detail"]


@pytest.mark.parametrize(
    ("kind", "values", "detail"),
    [
        ("constant", ["yes"] * N, ""),
        ("id_like", [f"A{number:04}" for number in range(N)], ""),
        ("free_text", [f"I would say that number {number % 60} is what matters most here" for number in range(N)], ""),
        ("number_as_text", [str(number % 40) for number in range(N)], ""),
        ("date_as_text", [f"2024-03-{number % 28 + 1:02}" for number in range(N)], ""),
        ("date_as_text", [f"{number % 28 + 1:02}-03-2024" for number in range(N)], ""),
    ],
)  # fmt: skip
def test_categories_that_are_none(odd: Any, kind: str, values: list[str], detail: str) -> None:
    described(odd, "odd", values)
    assert found(odd) == [["employees", "odd", kind, N, detail]]


def test_a_category_in_two_spellings_is_said(odd: Any) -> None:
    described(odd, "contract", ["Fixed", "fixed", " Temporary  work", "Temporary work"] * (N // 4))
    assert found(odd) == [["employees", "contract", "two_spellings", 2, ""]]
    described(odd, "contract", ["Fixed", "Temporary"] * (N // 2))
    assert found(odd) == []


def test_years_and_bands_are_no_dates(odd: Any) -> None:
    described(odd, "year", [str(2000 + number % 5) for number in range(N)])
    described(odd, "band", [f"{number % 3 + 1}-{number % 3 + 5}" for number in range(N)])
    assert found(odd) == []


def test_missing_columns(odd: Any) -> None:
    described(odd, "none", [""] * N)
    described(odd, "few", ["a", "b"] * 15 + [""] * (N - 30))
    assert found(odd) == [
        ["employees", "none", "all_missing", N, ""],
        ["employees", "few", "mostly_missing", N - 30, "85"],
    ]


def test_an_item_that_was_not_reversed_and_one_that_should_not_be(odd: Any) -> None:
    frame = odd.tables["employees"]
    frame["e4"] = 8 - frame["e4"]
    assert found(odd) == [["employees", "e4", "unreversed_item", N, "3"]]
    odd.variables["e4"]["reversed"] = True
    assert found(odd) == []
    odd.variables["e1"]["reversed"] = True
    assert found(odd) == [["employees", "e1", "wrongly_reversed", N, "3"]]


def test_two_items_that_run_against_each_other(odd: Any) -> None:
    del odd.variables["e3"], odd.variables["e4"]
    odd.tables["employees"]["e2"] = 8 - odd.tables["employees"]["e2"]
    assert found(odd) == [["employees", "e1", "opposed_items", N, "e2"]]


def test_drivers_of_one_scale_keep_one_another_company(odd: Any) -> None:
    for name in ("e1", "e2", "e3", "e4"):
        odd.variables[name] = odd.entry("employees", name, "driver", block="other", minimum=1, maximum=7)
    odd.tables["employees"]["e2"] = 8 - odd.tables["employees"]["e2"]
    assert found(odd) == [["employees", "e2", "unreversed_item", N, "3"]]


def test_a_scale_of_which_a_part_is_used(odd: Any) -> None:
    described(
        odd, "score", [number % 5 + 1 for number in range(N)], "item", construct="s", minimum=0, maximum=10
    )
    assert found(odd) == [["employees", "score", "narrow_scale", N, "1-5 (0-10)"]]


def test_a_row_of_averages_does_not_go_unseen(odd: Any) -> None:
    scores = [float(number % 7 + 1) for number in range(N - 1)] + [3.98]
    described(odd, "score", scores, "item", construct="s", minimum=1, maximum=7)
    assert found(odd) == [["employees", "score", "between_points", 1, ""]]
    # Where many answers lie between, the scale is one without points.
    described(
        odd,
        "score",
        [number % 12 / 2 + 1 for number in range(N)],
        "item",
        construct="s",
        minimum=1,
        maximum=7,
    )
    assert found(odd) == []


def test_a_column_that_repeats_another(odd: Any) -> None:
    described(odd, "again", odd.tables["employees"]["team"])
    assert found(odd) == [["employees", "again", "identical_columns", N, "team"]]


def test_columns_that_are_not_read_are_not_judged(odd: Any) -> None:
    described(odd, "odd", ["yes"] * N, "ignore")
    assert found(odd) == []


def test_every_kind_has_a_sentence_of_its_own_and_shows_no_value() -> None:
    assert not set(SUSPECTS) & set(REMARKS)
    for kind, forms in SUSPECTS.items():
        assert suspect_sentence(kind, 1) == forms[0]
        assert suspect_sentence(kind, 3) == forms[-1]
        assert all(sentence.format(n=3, detail="x").endswith(".") for sentence in forms)
        assert "{n}" not in forms[0] or len(forms) == 1


def in_two_waves(odd: Any) -> None:
    frame = odd.tables["employees"]
    later = frame.sample(frac=1, random_state=1)
    odd.tables["employees"] = pd.concat(
        [frame.assign(wave="2023"), later.assign(wave="2024")], ignore_index=True
    )
    odd.variables["wave"] = odd.entry("employees", "wave", "wave")


def test_waves_of_one_scale_and_direction_are_not_named(odd: Any) -> None:
    in_two_waves(odd)
    assert found(odd) == []


def test_the_wave_whose_answers_have_another_scale_is_named(odd: Any) -> None:
    in_two_waves(odd)
    frame = odd.tables["employees"]
    first = frame["wave"] == "2023"
    frame.loc[first, "e1"] = np.ceil(frame.loc[first, "e1"] / 2)
    frame.loc[[0, 1, 2, 3, 4], "e1"] = 4
    frame.loc[[N, N + 1, N + 2, N + 3, N + 4], "e1"] = 7
    assert ["employees", "e1", "other_scale_in_wave", N, "2023: 1-4 (1-7)"] in found(odd)
    assert suspect_sentence("other_scale_in_wave", N).endswith("perhaps its scale was another one: {detail}.")


def test_the_wave_in_which_an_item_runs_the_other_way_is_named(odd: Any) -> None:
    in_two_waves(odd)
    frame = odd.tables["employees"]
    frame.loc[frame["wave"] == "2024", "e2"] = 8 - frame.loc[frame["wave"] == "2024", "e2"]
    assert ["employees", "e2", "other_direction_in_wave", N, "2024"] in found(odd)
