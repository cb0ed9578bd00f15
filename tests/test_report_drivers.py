"""Figures and tables about drivers: labels that keep clear of each other, words that say the finding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import friedmanchisquare

from exresearch.disclosure import DisclosureRules
from exresearch.models import kendall_w
from exresearch.report import Picture, Texts
from exresearch.report import drivers as shown
from exresearch.report import figures as draw
from exresearch.report.figures.drivers.performance import NO_PERFORMANCE
from exresearch.report.figures.drivers.placement import overlap, place_labels, text_size
from exresearch.report.theme import svg

RULES = DisclosureRules()
NAME = {"nl": "Blijven", "en": "Staying"}


@pytest.fixture(params=["nl", "en"])
def texts(request: pytest.FixtureRequest) -> Texts:
    return Texts(request.param, strict=True)


def performance(count: int, *, seed: int = 1) -> pd.DataFrame:
    """Two outcomes, with the first driver important, low and clearly so."""
    rng = np.random.default_rng(seed)
    importance = np.r_[0.2, rng.uniform(0.005, 0.06, count - 1)]
    level = np.r_[40.0, rng.uniform(55, 65, count - 1)]
    parts = []
    for outcome in ("stay", "effort"):
        frame = pd.DataFrame({"driver": [f"d{i}" for i in range(count)], "importance": importance})
        frame = frame.assign(
            outcome=outcome, outcome_label=[NAME] * count, label=[f"Driver number {i} of many" for i in range(count)],
            block=["employee-first", *["other"] * (count - 1)], named=[True] + [False] * (count - 1),
            conf_low=importance * 0.8, conf_high=importance * 1.2, performance=level, performance_low=level - 1,
            performance_high=level + 1, cut_importance=np.median(importance), cut_performance=level.mean(),
            quadrant=["matters_low", *["less_high"] * (count - 1)], clear=True, respondents=500, n=500,
        )  # fmt: skip
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("count", [8, 30])
@pytest.mark.parametrize("spread", [0.3, 2.0])
def test_labels_cover_neither_each_other_nor_a_point(count: int, spread: float) -> None:
    rng = np.random.default_rng(count)
    width, height = 4.5, 5.6
    points = np.clip(rng.normal([2.2, 2.8], spread, size=(count, 2)), 0.1, [4.4, 5.5])
    sizes = [text_size("Fourteen chars\nand a second line", points=7.0)] * count
    boxes = place_labels(points, sizes, width=width, height=height)
    among = overlap(boxes, boxes)
    np.fill_diagonal(among, 0.0)
    assert among.max() == 0.0
    if spread > 1:
        marks = np.column_stack([points - 0.05, points + 0.05])
        assert overlap(boxes, marks).max() == 0.0
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2] <= width).all()
    assert (boxes[:, 3] <= height).all()
    assert np.array_equal(boxes, place_labels(points, sizes, width=width, height=height))


@pytest.mark.parametrize("count", [1, 8, 30])
def test_the_map_says_what_matters_and_is_low(texts: Texts, count: int) -> None:
    picture = draw.performance_map(performance(count), texts=texts, rules=RULES)
    assert isinstance(picture, Picture)
    name = NAME[texts.language]
    assert (
        f"Driver number 0 of many{'”' if texts.language == 'en' else '’'} ({name}, {name})"
        in picture.takeaway
    )
    assert picture.takeaway in picture.alt
    drawn = svg(picture.figure)
    assert drawn.count("Driver number") >= count
    assert drawn == svg(draw.performance_map(performance(count), texts=texts, rules=RULES).figure)  # type: ignore[union-attr]


def test_the_map_names_nothing_that_may_be_chance(texts: Texts) -> None:
    picture = draw.performance_map(performance(8).assign(clear=False), texts=texts, rules=RULES)
    assert isinstance(picture, Picture)
    assert picture.takeaway == texts.say(
        "No driver clearly matters more than most and is clearly lower than the others."
    )


def test_the_map_hides_what_few_people_answered(texts: Texts) -> None:
    frame = performance(8)
    few = frame.assign(respondents=frame["respondents"].mask(frame["driver"] == "d0", 4))
    picture = draw.performance_map(few, texts=texts, rules=RULES)
    assert isinstance(picture, Picture)
    assert "number 0" not in svg(picture.figure) + picture.alt
    assert draw.performance_map(frame.assign(respondents=4), texts=texts, rules=RULES) == NO_PERFORMANCE
    assert draw.performance_map(frame.iloc[:0], texts=texts, rules=RULES) == NO_PERFORMANCE


def agreement(count: int) -> pd.DataFrame:
    """The first driver keeps its place; the others are turned round by the second method."""
    order = list(range(1, count + 1))
    parts = []
    for method, ranks in (("lmg", order), ("first", [1, *order[:0:-1]])):
        frame = pd.DataFrame({"driver": [f"d{i}" for i in range(count)], "rank": ranks, "method": method})
        frame["label"] = [f"Driver {i}" for i in range(count)]
        frame["outcome_label"] = [NAME] * count
        parts.append(frame.assign(outcome="stay", named=False, kendall_w=0.5, n=200))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("count", [2, 8, 30])
def test_agreement_names_who_keeps_a_place(texts: Texts, count: int) -> None:
    picture = draw.method_agreement(agreement(count), texts=texts)
    assert isinstance(picture, Picture)
    assert "Driver 0" in picture.takeaway
    assert ("Driver 1 " in picture.takeaway.replace("”", " ").replace("’", " ")) == (count == 2)
    assert texts.number(0.5, "number2") in picture.alt
    assert svg(picture.figure).count("Driver") >= count


def test_unknown_methods_are_named(texts: Texts) -> None:
    with pytest.raises(ValueError) as caught:
        draw.method_agreement(agreement(3).assign(method="shapley"), texts=texts)
    assert str(caught.value) == (
        "method_agreement knows the methods lmg, relative_weights, first, last, beta_squared, pratt, car; got shapley."
    )


def test_the_table_of_the_map_has_a_row_per_driver(texts: Texts) -> None:
    rows = shown.performance_rows(performance(8), texts=texts)
    assert rows["label"].tolist()[0] == "Driver number 0 of many"
    assert rows["detail"].tolist() == [texts.say("named by the claim"), *[""] * 7]
    assert rows["performance"].is_monotonic_increasing
    assert rows.loc[rows["driver"] == "d0", ["stay", "effort"]].to_numpy().tolist() == [[0.2, 0.2]]


def test_concordance_against_friedman() -> None:
    rng = np.random.default_rng(2)
    values: Any = rng.integers(0, 6, size=(5, 9)).astype(float)
    statistic = friedmanchisquare(*values.T).statistic
    assert kendall_w(values) == pytest.approx(statistic / (5 * 8), abs=1e-12)
    assert kendall_w([[1, 2, 3], [3, 2, 1]]) == 0.0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [[1.0, 2.0]],
            "values must have two or more judges in its rows and things in its columns, got (1, 2).",
        ),
        ([[1.0, np.nan], [1.0, 2.0]], "values must be finite: leave out things that a judge did not rank."),
        ([[1.0, 1.0], [2.0, 2.0]], "no judge tells the things apart: there is no order to agree about."),
    ],
)
def test_concordance_refuses(values: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        kendall_w(values)
    assert str(caught.value) == message
