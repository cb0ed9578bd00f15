"""What is hidden cannot be worked out from what is shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from exresearch.disclosure import DisclosureRules, Groups, release

RULES = DisclosureRules()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("min_respondents", 4, "min_respondents is 4; it can be raised but not set below 5."),
        ("min_comments", 9, "min_comments is 9; it can be raised but not set below 10."),
        ("min_model", 29, "min_model is 29; it can be raised but not set below 30."),
        ("min_units", -1, "min_units is -1; it can be raised but not set below 5."),
        ("min_respondents", float("nan"), "min_respondents must be a whole number of at least 5; got nan."),
        ("min_respondents", 5.5, "min_respondents must be a whole number of at least 5; got 5.5."),
        ("min_units", True, "min_units must be a whole number of at least 5; got True."),
        ("min_model", "30", "min_model must be a whole number of at least 30; got '30'."),
    ],
)
def test_rules_are_never_lowered(name: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        DisclosureRules(**{name: value})
    assert str(caught.value) == message


def test_rules_can_be_raised_and_say_what_they_are() -> None:
    rules = DisclosureRules(min_respondents=10, min_comments=20, min_model=50, min_units=8)
    message, values = rules.sentence()
    assert values == {"min_respondents": 10, "min_comments": 20, "min_model": 50, "min_units": 8}
    assert [name for name in values if f"{{{name}:integer}}" not in message] == []


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ([20, 30, 5], [False, False, False]),
        ([3, 20, 9], [True, False, True]),
        ([4, 4, 20], [True, True, False]),
        ([1, 2, 20, 9], [True, True, False, True]),
        ([0, 20, 30], [True, False, False]),
        ([0, 3, 20, 30], [True, True, True, False]),
        ([np.nan, 20, 30], [True, True, False]),
        ([3], [True]),
        ([2, 1], [True, True]),
        ([], []),
    ],
    ids=str,
)
def test_a_small_row_is_hidden_in_company(counts: list[float], hidden: list[bool]) -> None:
    released = release(pd.DataFrame({"n": counts}, dtype="float64"), count="n", rules=RULES)
    assert released.hidden.tolist() == hidden
    assert released.n_hidden == sum(hidden)
    assert released.rules is RULES


def test_every_number_of_a_hidden_row_goes_and_the_words_stay() -> None:
    frame = pd.DataFrame(
        {
            "team": ["a", "b", "c"],
            "kind": pd.Categorical(["x", "y", "x"]),
            "mean": [5.0, 6.0, 4.0],
            "n": [3, 20, 9],
            "above": [True, False, True],
            "mixed": np.array([1, "word", 2.5], dtype=object),
            "last": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]),
        },
        index=["r", "r", "r"],
    )
    before = frame.copy(deep=True)
    released = release(frame, count="n", rules=RULES)
    shown = released.frame
    assert released.hidden.to_numpy().tolist() == [True, False, True]
    for name in ("mean", "n", "above", "mixed", "last"):
        assert shown[name].isna().tolist() == [True, False, True], name
    for name in ("team", "kind"):
        assert shown[name].tolist() == frame[name].tolist()
    assert shown.iloc[1].tolist() == frame.iloc[1].tolist()
    assert list(shown.columns) == list(frame.columns)
    pd.testing.assert_frame_equal(frame, before)


def test_nothing_is_touched_where_nothing_is_hidden() -> None:
    frame = pd.DataFrame({"mean": [5.0, 6.0], "n": [8, 20]})
    released = release(frame, count="n", rules=RULES)
    pd.testing.assert_frame_equal(released.frame, frame)
    assert released.frame is not frame


@pytest.mark.parametrize(("count", "n_hidden"), [(4, 2), (5, 0), (0, 2)])
def test_one_count_for_the_whole_table(count: int, n_hidden: int) -> None:
    released = release(pd.DataFrame({"mean": [5.0, 6.0]}), count=count, rules=RULES)
    assert released.n_hidden == n_hidden
    assert released.frame["mean"].isna().sum() == n_hidden


@pytest.mark.parametrize(
    ("count", "message"),
    [
        ("m", "release: there is no column 'm' to count by; the frame has team, n."),
        ("n", "release: column 'n' must hold counts of respondents; it has texts or negative values."),
        ("team", "release: column 'team' must hold counts of respondents; it has texts or negative values."),
        (-1, "release: count must be a number of respondents; got -1."),
    ],
)
def test_what_it_refuses(count: str | int, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        release(pd.DataFrame({"team": ["a", "b"], "n": [-3, 20]}), count=count, rules=RULES)
    assert str(caught.value) == message


@settings(max_examples=100, deadline=None, derandomize=True)
@given(counts=st.lists(st.integers(0, 40), min_size=1, max_size=8), least=st.integers(5, 12))
def test_a_total_gives_nobody_away(counts: list[int], least: int) -> None:
    rules = DisclosureRules(min_respondents=least)
    released = release(pd.DataFrame({"n": counts}), count="n", rules=rules)
    hidden = np.array(counts)[released.hidden.to_numpy()]
    shown = np.array(counts)[~released.hidden.to_numpy()]
    assert (shown >= least).all()
    people = hidden[hidden > 0]
    if len(shown) and len(people):
        assert len(people) > 1
        assert people.sum() >= least


def test_company_is_found_in_the_same_table() -> None:
    frame = pd.DataFrame({"by": ["a", "a", "a", "b", "b"], "n": [3, 40, 9, 8, 7]})
    released = release(frame, count="n", rules=RULES, within=["by"])
    assert released.hidden.tolist() == [True, False, True, False, False]
    assert release(frame, count="n", rules=RULES).hidden.tolist() == [True, False, False, False, True]
    assert release(frame.head(0), count="n", rules=RULES, within=["by"]).n_hidden == 0


def test_what_tells_tables_apart_must_be_there() -> None:
    with pytest.raises(ValueError) as caught:
        release(pd.DataFrame({"n": [8]}), count="n", rules=RULES, within=["wave", "by"])
    assert str(caught.value) == (
        "release: there is no column wave, by to tell tables apart; the frame has n."
    )


def test_categories_of_units_that_overlap_are_hidden_together() -> None:
    """Kinds and places are made of the same four units; what both show together leaves the smallest unit open."""
    units = {"a": "kind a, place a", "b": "kind b, place b", "c": "kind b, place c", "d": "kind d, place d"}
    people = np.array([3.0, 6.0, 7.0, 10.0])
    names = ["kind a", "kind b", "kind d", "place a", "place b", "place c", "place d"]
    made_of = np.array([[name in both for both in units.values()] for name in names], dtype=float)
    frame = pd.DataFrame(
        {"category": [name.split()[0] for name in names], "value": names, "n": (made_of @ people).astype(int)}
    )
    above = {unit: [(name.split()[0], name) for name in both.split(", ")] for unit, both in units.items()}
    groups = Groups("employees", pairs=("category", "value"))

    def most_in_a(rules: DisclosureRules) -> float:
        shown = ~release(frame, count="n", rules=rules, groups=groups).hidden.to_numpy()
        known = np.vstack([made_of[shown], np.ones(4)])
        return -float(linprog([-1, 0, 0, 0], A_eq=known, b_eq=known @ people, bounds=(0, None)).fun)

    # Each table by itself hides other company, and the two together give unit a away.
    assert most_in_a(DisclosureRules()) == pytest.approx(3)
    assert most_in_a(DisclosureRules(roll_ups={"unit": above})) >= 5
