"""Figures and tables about drivers: labels that keep clear of each other, words that say the finding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.stats import friedmanchisquare

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note
from exresearch.findings.analyses.drivers.outcomes import OutcomeAnswers
from exresearch.models import kendall_w
from exresearch.report import Page, Picture, Texts
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


@pytest.mark.parametrize("count", [8, 16])
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


# Two studies: label, block, performance and half its interval, importance and its interval in thousandths, reversed.
CROWDED = [
    ("My needs are understood and acted on", "employee-first", 59.8, 0.5, 200, 190, 209, False),
    ("Recognition", "employee-first", 59.5, 0.4, 52, 47, 57, False),
    ("Being appreciated", "employee-first", 59.4, 0.4, 50, 45, 55, False),
    ("Growth", "employee-first", 59.6, 0.4, 62, 57, 68, False),
    ("Care for well-being", "employee-first", 59.5, 0.4, 53, 46, 61, False),
    ("Customers and stakeholders decide", "customer-first", 58.8, 0.4, 8, 6, 11, False),
    ("Customer voice", "customer-first", 58.8, 0.4, 19, 16, 22, False),
    ("Pride in what customers get", "customer-first", 58.9, 0.3, 30, 25, 35, False),
    ("Tools", "other", 59.1, 0.4, 36, 31, 42, False),
    ("Rules", "other", 57.5, 1.4, 33, 28, 38, False),
]
LONG = [
    ("Being recognised for one's contribution", "employee-first", 65.1, 0.4, 47, 44, 52, True),
    ("Being asked and heard about decisions", "employee-first", 62.9, 0.4, 48, 44, 52, True),
    ("Commitment to health and well-being", "employee-first", 65.8, 0.4, 77, 72, 83, True),
    ("Support for balance of work and life", "employee-first", 66.1, 0.4, 58, 53, 62, True),
    ("Access to flexible work", "employee-first", 67.6, 0.4, 34, 31, 37, True),
    ("Technology for better service to customers", "customer-first", 62.3, 0.4, 39, 36, 43, True),
    ("Colleagues committed to excellent customer service", "customer-first", 85.7, 0.4, 10, 8, 12, True),
    ("The work itself", "other", 81.5, 0.3, 50, 46, 55, False),
    ("Career and training", "other", 62.1, 0.3, 77, 73, 83, False),
    ("Management of the agency", "other", 60.5, 0.3, 139, 132, 147, False),
    ("The supervisor", "other", 71.8, 0.3, 33, 30, 36, False),
    ("The work group", "other", 79.2, 0.3, 18, 16, 20, False),
    ("Diversity", "other", 78.7, 0.3, 42, 38, 47, False),
    ("Integrity", "other", 77.5, 0.3, 45, 42, 50, False),
]
APART = [
    row
    for row in LONG
    if row[0] in ("The work itself", "Management of the agency", "The work group", LONG[2][0])
]


def study(rows: list[tuple[Any, ...]], outcomes: int) -> pd.DataFrame:
    """A frame for the map, the same for every outcome."""
    columns = ["label", "block", "performance", "half", "importance", "conf_low", "conf_high", "reversed"]
    frame = pd.DataFrame(rows, columns=columns)
    frame[["importance", "conf_low", "conf_high"]] /= 1000
    middle, mean = frame["importance"].median(), frame["performance"].mean()
    low = (frame["importance"] >= middle) & (frame["performance"] < mean)
    frame = frame.assign(
        driver=frame["label"], performance_low=frame["performance"] - frame["half"],
        performance_high=frame["performance"] + frame["half"], cut_importance=middle, cut_performance=mean,
        quadrant=low.map({True: "matters_low", False: "less_high"}), clear=True, respondents=500, n=500,
        named=frame["block"] != "other",
    )  # fmt: skip
    return pd.concat(
        [
            frame.assign(
                outcome=f"y{i}", outcome_label=[{"nl": f"Uitkomst {i}", "en": f"Outcome {i}"}] * len(frame)
            )
            for i in range(outcomes)
        ],
        ignore_index=True,
    )


def boxes_of(figure: Figure, axes: Axes) -> tuple[list[str], Any, Any]:
    """Labels in a panel with their boxes, and the boxes of its marks, in pixels."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    heading = [text for text in axes.texts if text.get_position()[1] > 1]
    written = [
        text for text in axes.texts if text not in heading and text.get_text() != "matters, and is low"
    ]
    labels = np.array([text.get_window_extent(renderer).extents for text in written])
    spots = [line for line in axes.lines if line.get_marker() not in ("None", "", None)]
    marks = np.vstack([axes.transData.transform(np.column_stack(line.get_data())) for line in spots])
    return [text.get_text() for text in written], labels, np.column_stack([marks - 3, marks + 3])


@pytest.mark.parametrize("rows", [CROWDED, LONG, APART], ids=["crowded", "long", "apart"])
@pytest.mark.parametrize("outcomes", [2, 4])
def test_what_the_map_names_stands_clear(rows: list[tuple[Any, ...]], outcomes: int) -> None:
    texts = Texts("en", strict=True)
    frame = study(rows, outcomes)
    picture = draw.performance_map(frame, texts=texts, rules=RULES)
    assert isinstance(picture, Picture)
    panels = picture.figure.axes
    for axes in panels:
        names, labels, marks = boxes_of(picture.figure, axes)
        among = overlap(labels, labels)
        np.fill_diagonal(among, 0.0)
        # Lines of one label share the hair that their descenders need.
        assert among.max() < 20, names
        assert overlap(labels, marks).max() < 2, names
    numbered = rows is not APART
    names, labels, _ = boxes_of(picture.figure, panels[0])
    lines = {"median importance", "mean performance"}
    assert lines & set(names)
    assert (set(names) - lines == {str(i + 1) for i in range(len(rows))}) == numbered
    assert ("Outcome 0" in picture.caption) == numbered
    assert ("(R)" in picture.caption) == (rows is not CROWDED)
    assert "(−)" not in picture.caption
    if not numbered:
        # Nothing lies on a line that divides the map.
        x, y = panels[0].transData.transform((frame["cut_performance"][0], frame["cut_importance"][0]))
        assert not ((labels[:, 0] < x) & (labels[:, 2] > x)).any()
        assert not ((labels[:, 1] < y) & (labels[:, 3] > y)).any()
    # Small panels share the width.
    small = [axes.get_position() for axes in panels[1:]]
    if small:
        assert small[-1].x1 == pytest.approx(panels[0].get_position().x1)
        assert small[0].x0 == pytest.approx(panels[0].get_position().x0)


def test_the_key_is_in_order_of_importance_and_whole(texts: Texts) -> None:
    picture = draw.performance_map(study(LONG, 2), texts=texts, rules=RULES)
    assert isinstance(picture, Picture)
    written = [text.get_text() for text in picture.figure.texts]
    assert [int(text) for text in written if text.isdigit()] == list(range(1, 15))
    listed = " ".join(text for text in written if not text.isdigit()).replace("\N{NO-BREAK SPACE}", " ")
    order = sorted(LONG, key=lambda row: -row[4])
    assert listed == " ".join(row[0] + " (R)" * row[7] for row in order)


def test_headings_stay_within_two_lines(texts: Texts) -> None:
    picture = draw.performance_map(study(LONG, 4), texts=texts, rules=RULES)
    assert isinstance(picture, Picture)
    assert len(picture.takeaway) <= 146
    # What the heading leaves out, the alternative text says.
    for label in (LONG[2][0], LONG[3][0], "Management of the agency", "Career and training"):
        assert picture.alt.count(label) >= 4
    steady = draw.method_agreement(agreement(8), texts=texts)
    assert isinstance(steady, Picture)
    assert steady.takeaway == texts.say(
        "All measures put “{driver}” first, for {count:integer} of {total:integer} outcomes.",
        driver="Driver 0", count=1, total=1,
    )  # fmt: skip
    assert texts.say("The measures do not agree on which driver comes first.") == (
        draw.method_agreement(
            agreement(3).assign(
                rank=lambda frame: frame["rank"].where(frame["method"] == "lmg", 4 - frame["rank"])
            ),
            texts=texts,
        ).takeaway  # type: ignore[union-attr]
    )


@pytest.mark.parametrize("count", [1, 8, 30])
def test_the_map_says_what_matters_and_is_low(texts: Texts, count: int) -> None:
    picture = draw.performance_map(performance(count), texts=texts, rules=RULES)
    assert isinstance(picture, Picture)
    name = NAME[texts.language]
    first = texts.say("“{driver}”", driver="Driver number 0 of many")
    said = texts.say("Matters and is low for {outcome}: {drivers}.", outcome=name, drivers=first)
    assert picture.takeaway == f"{said} {texts.say('Some for {outcomes} too.', outcomes=name)}"
    assert picture.alt.startswith(f"{said} {said} ")
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
    # The line at the mean of all drivers would give the hidden one away.
    assert picture.figure.axes[0].lines[1].get_xdata()[0] == pytest.approx(frame["performance"][1:8].mean())
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
    assert ("Driver 1 " in picture.alt.replace("”", " ").replace("’", " ")) == (count == 2)
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


def forest_rows(count: int = 6) -> pd.DataFrame:
    importance = np.linspace(0.3, 0.05, count)
    return pd.DataFrame(
        {
            "driver": [f"Driver {i}" for i in range(count)], "block": "other", "importance": importance,
            "conf_low": importance * 0.8, "conf_high": importance * 1.2, "rank": range(1, count + 1),
            "rank_low": range(1, count + 1), "rank_high": range(1, count + 1), "n": 300,
        }
    )  # fmt: skip


def test_importance_of_few_people_is_not_drawn_and_takes_company(texts: Texts) -> None:
    frame = forest_rows()
    frame.loc[0, "n"] = 4
    picture = draw.driver_forest(frame, texts=texts)
    assert isinstance(picture, Picture)
    words = svg(picture.figure) + picture.alt + picture.takeaway + picture.caption
    assert "Driver 0" not in words
    assert texts.number(0.3, "percent1") not in words
    assert sum(f"Driver {i}" in words for i in range(6)) == 4
    assert isinstance(draw.driver_forest(frame.assign(n=4), texts=texts), Note)
    ranks = agreement(4)
    ranks.loc[ranks["driver"] == "d0", "n"] = 4
    shown_ranks = draw.method_agreement(ranks, texts=texts)
    assert isinstance(shown_ranks, Picture)
    assert "Driver 0" not in svg(shown_ranks.figure) + shown_ranks.alt


def test_a_forest_needs_to_know_how_many_people_answered(texts: Texts) -> None:
    with pytest.raises(ValueError):
        draw.driver_forest(forest_rows().drop(columns="n"), texts=texts)
    assert isinstance(draw.driver_forest(forest_rows().drop(columns="n"), texts=texts, n=300), Picture)


def test_the_score_of_a_small_wave_takes_company(texts: Texts) -> None:
    score = pd.DataFrame(
        {
            "variant": "US", "wave": ["2024", "2025", "2026", "all waves"], "estimate": [10.0, 20.0, 30.0, 17.3],
            "conf_low": 1.0, "conf_high": 40.0, "conf_level": 0.95, "promoters": 0.4, "passives": 0.4,
            "detractors": 0.2, "n": [4, 90, 80, 174],
        }
    )  # fmt: skip
    answers = OutcomeAnswers(pd.DataFrame(), score, Note(message="There is nothing to show here."))
    table = str(Page(language=texts.language, rules=RULES).table(**shown.score_table(answers)).data)
    assert texts.number(20.0, "number1") in table
    assert texts.number(10.0, "number1") not in table
    assert texts.number(30.0, "number1") not in table
