"""The journey on a page: what is drawn, hidden and said, in both languages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules, Released
from exresearch.findings.analyses import JourneyMap
from exresearch.findings.analyses.journey.order import WholeJourney
from exresearch.findings.note import Note
from exresearch.report.figures.journey import journey_map, journey_steps, outer_bars
from exresearch.report.text import Texts
from exresearch.report.theme import Picture, svg

RULES = DisclosureRules()
NAMES = ["verkennen", "tekenen", "eerste week", "groei"]
PHASES = {"in": "before", "at": "during"}


def label(name: str) -> dict[str, str]:
    return {"nl": name.capitalize(), "en": f"The {name}"}


def a_map() -> JourneyMap:
    estimate = np.array([5.0, np.nan, 4.0, 5.5])
    moments = pd.DataFrame(
        {
            "moment": NAMES,
            "label": [label(name) for name in NAMES],
            "phase": ["in", "in", "at", "at"],
            "phase_label": [label("in")] * 2 + [label("at")] * 2,
            "employment": ["before", "before", "during", "during"],
            "declared": True,
            "planned": [True, False, True, True],
            "n": [60, 0, 55, 70],
            "people": [60, 0, 55, 70],
            "estimate": estimate,
            "conf_low": estimate - 0.3,
            "conf_high": estimate + 0.3,
            "conf_level": 0.95,
            "rank_low": [2.0, np.nan, 3.0, 1.0],
            "rank_high": [2.0, np.nan, 3.0, 1.0],
        }
    )
    phases = pd.DataFrame(
        {"phase": ["in", "at"], "phase_label": [label("in"), label("at")], "employment": ["before", "during"],
         "estimate": [5.0, 4.75], "people": [60, 70]}
    )  # fmt: skip
    who = pd.DataFrame(
        {
            "moment": ["verkennen", "verkennen", "eerste week", "groei", "groei"],
            "group": ["candidate", "employee", "employee", "employee", "leaver"],
            "estimate": [5.1, 4.9, 4.0, 5.61, 1.23],
            "people": [30, 30, 55, 66, 4],
        }
    ).assign(dimension="population")
    return JourneyMap(moments=moments, phases=phases, who=who, scale=(1.0, 7.0), coverage=0.75, declared=True)


WEIGHTS = pd.DataFrame(
    {
        "who": ["employee"] * 3,
        "moment": ["verkennen", "eerste week", "groei"],
        "importance": [0.05, 0.10, 0.30],
        "conf_low": [0.02, 0.05, 0.2],
        "conf_high": [0.08, 0.15, 0.4],
        "rank_low": [3, 2, 1],
        "rank_high": [3, 2, 1],
        "people": 55,
    }
)


def drawn(result: Picture | Note) -> tuple[Picture, str]:
    assert isinstance(result, Picture)
    return result, svg(result.figure)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_map_names_moments_phases_and_gaps_in_text(language: str) -> None:
    texts = Texts(language, strict=True)  # type: ignore[arg-type]
    picture, drawing = drawn(journey_map(a_map(), WEIGHTS, texts=texts, rules=RULES))
    for name in NAMES:
        # Wrapped names are one text per line.
        assert all(part in drawing for part in texts.pick(label(name)).split())
    assert texts.say("not asked") in drawing
    assert texts.say("n = {n:integer}", n=70) in drawing
    assert texts.say("{moment}: a gap.", moment=texts.pick(label("tekenen"))) in picture.alt
    assert texts.number(5.5, "number1") in picture.takeaway
    assert svg(picture.figure) == drawing


def test_takeaway_of_a_journey_without_differences() -> None:
    even = a_map()
    moments = even.moments.assign(
        estimate=5.0, conf_low=4.8, conf_high=5.2, n=50, people=50, rank_low=1, rank_high=4
    )
    picture, _ = drawn(
        journey_map(replace(even, moments=moments), pd.DataFrame(), texts=Texts("en"), rules=RULES)
    )
    assert (
        picture.takeaway
        == "No moment stands out: no difference between two moments is larger than chance may make it."
    )


def test_moments_that_cannot_be_told_apart_share_a_place() -> None:
    texts = Texts("en")
    shared = a_map()
    two = shared.moments.assign(rank_low=[1, np.nan, 3, 1], rank_high=[2, np.nan, 3, 2])
    open_order = WEIGHTS.assign(rank_low=1, rank_high=3)
    picture, _ = drawn(journey_map(replace(shared, moments=two), open_order, texts=texts, rules=RULES))
    assert picture.takeaway == (
        "“The verkennen” and “The groei” are rated best and cannot be told apart. “The eerste week” is rated worst "
        "(4.0). Which moment weighs most in recommending stays open."
    )
    six = pd.concat([two] * 2, ignore_index=True).assign(
        moment=[f"m{number}" for number in range(8)],
        rank_low=[1, np.nan, 5, 1] * 2,
        rank_high=[4, np.nan, 6, 4] * 2,
    )
    kinds = pd.concat([WEIGHTS.assign(moment=["m0", "m2", "m3"], who=who) for who in ("employee", "leaver")])
    picture, _ = drawn(journey_map(replace(shared, moments=six), kinds, texts=texts, rules=RULES))
    assert picture.takeaway == (
        "4 of the 6 moments share the first place: no difference between them is certain. “The eerste week” and “The "
        "eerste week” are rated worst and cannot be told apart. Among leavers “The groei” weighs most in recommending."
    )


def test_small_groups_and_what_gives_them_away_are_not_drawn() -> None:
    picture, _ = drawn(journey_map(a_map(), WEIGHTS, texts=Texts("en"), rules=RULES))
    heights = {
        round(float(y), 2)
        for axes in picture.figure.axes
        for line in axes.lines
        for y in np.asarray(line.get_ydata())
    }
    # Four leavers at the last moment; the employees beside them would give their mean away.
    assert 1.23 not in heights
    assert 5.61 not in heights
    assert {5.1, 4.9, 4.0} <= heights


def test_a_moment_that_everybody_rated_alike_is_a_gap_and_takes_its_phase_along() -> None:
    alike = a_map()
    moments = alike.moments.assign(
        estimate=[5.0, np.nan, 7.0, 5.5], conf_low=np.nan, conf_high=np.nan, people=[60, 0, 55, 70]
    )
    picture, drawing = drawn(
        journey_map(replace(alike, moments=moments), WEIGHTS, texts=Texts("en"), rules=RULES)
    )
    assert "The eerste week: a gap." in picture.alt
    assert "n = 55" not in drawing
    # Its mean would follow from that of its phase and the moment beside it.
    assert "mean 5.0" in drawing
    assert "mean 4.8" not in drawing
    assert not any(4.75 in entry_values(entry) for entry in picture.shown)


def entry_values(released: Released) -> list[float]:
    return [total.total for cell in released.entry.cells for total in cell.totals if total.total is not None]


def test_moments_that_too_few_rated_are_gaps() -> None:
    few = a_map()
    moments = few.moments.assign(people=[60, 0, 4, 70], n=[60, 0, 4, 70])
    picture, drawing = drawn(
        journey_map(replace(few, moments=moments), WEIGHTS, texts=Texts("en"), rules=RULES)
    )
    assert "too few" in drawing
    assert "n = 4" not in drawing
    assert "The eerste week: a gap." in picture.alt


def test_long_journeys_and_labels_get_room() -> None:
    wide = a_map()
    rows = pd.concat([wide.moments] * 4, ignore_index=True)
    rows["moment"] = [f"m{number}" for number in range(16)]
    rows["phase"] = [f"phase {number // 4}" for number in range(16)]
    rows["phase_label"] = [label("a phase with quite a long name indeed, longer than its band")] * 16
    rows["label"] = [label("a moment whose name takes more than two lines of text")] * 16
    picture, _ = drawn(
        journey_map(
            replace(wide, moments=rows, who=pd.DataFrame()), pd.DataFrame(), texts=Texts("en"), rules=RULES
        )
    )
    assert picture.figure.get_figwidth() > 14


def test_nothing_to_draw() -> None:
    nobody = a_map()
    moments = nobody.moments.assign(people=0, n=0, estimate=np.nan)
    texts = Texts("en")
    said = journey_map(replace(nobody, moments=moments), WEIGHTS, texts=texts, rules=RULES)
    assert isinstance(said, Note)
    assert said.message == "No contact moment was rated by enough people to draw the journey."
    assert isinstance(journey_map(JourneyMap(), WEIGHTS, texts=texts, rules=RULES), Note)
    assert isinstance(outer_bars(pd.DataFrame(), texts=texts, rules=RULES), Note)
    assert isinstance(journey_steps(WholeJourney(), scale=(0, 10), texts=texts, rules=RULES), Note)


def test_bars_of_the_gain() -> None:
    table = pd.DataFrame(
        {"term": ["gain", "employee", "leaver"], "base": [0.5, 0.55, 0.3], "estimate": [0.118, 0.09, 0.2],
         "conf_low": [0.1, -0.01, 0.1], "conf_high": [0.13, 0.2, 0.3], "conf_level": 0.95, "people": [200, 180, 20]}
    )  # fmt: skip
    picture, drawing = drawn(outer_bars(table, texts=Texts("en", strict=True), rules=RULES))
    assert picture.takeaway == (
        "With moments before and after employment, 11.8 %-points more of the differences in recommending is explained."
    )
    assert "All together, n = 200" in drawing
    # Two kinds of 110 and 93 people, 200 together: three people are of both, and that is not shown.
    few = table.assign(people=[200, 110, 93])
    assert "n = 200" not in drawn(outer_bars(few, texts=Texts("en"), rules=RULES))[1]
    # Twenty leavers are too few for a model.
    assert "Leavers" not in drawing
    assert "Employees" in drawing
    # Who is too few to be counted takes the next smallest kind with it: together with all they would give them away.
    hidden, drawing = drawn(outer_bars(table.assign(people=[184, 180, 4]), texts=Texts("en"), rules=RULES))
    assert "Employees" not in drawing
    assert "Leavers" not in hidden.alt
    assert "9.0" not in hidden.alt


@pytest.mark.parametrize(
    ("low", "high", "word"), [(0.1, 0.5, "more than the sum"), (-1, -0.1, "less"), (-1, 1, "not")]
)
def test_the_last_step_says_what_its_interval_says(low: float, high: float, word: str) -> None:
    steps = pd.DataFrame(
        {"good": [0, 1, 2], "estimate": [5.0, 6.0, 8.0], "conf_low": [4.5, 5.5, 7.5], "conf_high": [5.5, 6.5, 8.5],
         "conf_level": 0.95, "n": [20, 30, 40], "people": [20, 30, 40]}
    )  # fmt: skip
    last = {"estimate": (low + high) / 2, "conf_low": low, "conf_high": high, "conf_level": 0.95}
    whole = WholeJourney(steps=steps, last_step=last, moments=2, good_from=5.0)
    picture, _ = drawn(journey_steps(whole, scale=(0, 10), texts=Texts("en", strict=True), rules=RULES))
    assert word in picture.takeaway


def test_a_step_of_few_people_takes_another_one_with_it() -> None:
    steps = pd.DataFrame(
        {"good": [0, 1, 2, 3], "estimate": [np.nan, 5.7, 6.3, 8.1], "conf_low": [np.nan, 5.5, 6.1, 7.5],
         "conf_high": [np.nan, 5.9, 6.5, 8.5], "conf_level": 0.95, "n": [3, 20, 30, 40], "people": [3, 20, 30, 40]}
    )  # fmt: skip
    whole = WholeJourney(steps=steps, moments=3, good_from=5.0)
    picture, drawing = drawn(journey_steps(whole, scale=(0, 10), texts=Texts("en", strict=True), rules=RULES))
    assert "5.7" not in picture.alt
    assert "n = 20" not in drawing
    assert "n = 3<" not in drawing
    assert "6.3" in picture.alt
