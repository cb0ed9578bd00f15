"""Figures and tables about aligned people and about the promise: what they say in both languages, and of nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note
from exresearch.findings.analyses import AlignedWorkforce, PromiseDelivered
from exresearch.findings.conclude import not_testable
from exresearch.report import Page, Picture, Texts
from exresearch.report import aligned as shown
from exresearch.report import promise as shown_promise
from exresearch.report.figures.alignment import promise_surface, rival_models, weakest_link
from exresearch.report.theme import svg

RULES = DisclosureRules()
SMALLEST = (-0.005, 0.005)
LABELS = {name: {"nl": name, "en": name} for name in ("outcome", "delivery", "promise", "behaviour")}


@pytest.fixture(params=["nl", "en"])
def texts(request: pytest.FixtureRequest) -> Texts:
    return Texts(request.param, strict=True)


def models(product: float, minimum: float, moderation: float) -> pd.DataFrame:
    gains = [np.nan, product, minimum, moderation, product + minimum + moderation]
    frame = pd.DataFrame({"model": ["sum", "product", "minimum", "moderation", "together"], "gain": gains})
    frame = frame.assign(gain_low=frame["gain"] - 0.002, gain_high=frame["gain"] + 0.002)
    frame = frame.assign(gain_held_out=frame["gain"] - 0.001, estimate=0.25 + frame["gain"].fillna(0.0))
    return frame.assign(
        conf_low=frame["estimate"] - 0.01, conf_high=frame["estimate"] + 0.01, held_out=0.25, conf_level=0.95, n=900
    )  # fmt: skip


def groups(*gaps: float) -> pd.DataFrame:
    rows = [
        {"kind": kind, "level": level, "x": float(level), "estimate": level - (kind == "lagging") * gap}
        for level, gap in enumerate(gaps, start=1)
        for kind in ("even", "lagging")
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(
        conf_low=frame["estimate"] - 0.1, conf_high=frame["estimate"] + 0.1, conf_level=0.95, n=40,
        minimum=-1.0, maximum=7.0,
    )  # fmt: skip


def landscape(texts: Texts, slope: tuple[float, float], curvature: tuple[float, float], **more: Any) -> Any:
    steps = np.linspace(-2, 2, 21)
    x, y = (part.ravel() for part in np.meshgrid(steps, steps))
    grid = pd.DataFrame({"x": x, "y": y, "estimate": 4 + 0.5 * x})
    turn = np.deg2rad(np.arange(0, 360, 2.0))
    region = pd.DataFrame({"x": 1.6 * np.cos(turn), "y": 1.6 * np.sin(turn)})
    at = np.linspace(-1.1, 1.1, 9)
    along = pd.concat(
        pd.DataFrame({"line": line, "position": at, "estimate": 4 + 0.5 * at})
        for line in ("congruence", "incongruence")
    )
    along = along.assign(conf_low=along["estimate"] - 0.2, conf_high=along["estimate"] + 0.2, conf_level=0.95)
    options = {
        "region": region, "along": along, "scales": {"delivery": (4.0, 1.2), "promise": (4.0, 1.2)},
        "labels": {name: texts.pick(label) for name, label in LABELS.items()}, "slope": slope,
        "curvature": curvature, "one_scale": True, "n": 300, "texts": texts, "rules": RULES,
    }  # fmt: skip
    return promise_surface(grid, **(options | more))


@pytest.mark.parametrize(
    ("gains", "expected"),
    [
        ((0.004, 0.012, 0.003), "Of the single forms the weakest of the three adds most to the sum: 1.2 %-points of "
         "the differences in behaviour."),
        ((0.012, 0.004, 0.003), "Of the single forms the products of the three add most to the sum: 1.2 %-points "
         "of the differences in behaviour."),
        ((0.012, 0.011, 0.003), "Interplay adds to the sum; which single form adds most cannot be told, since their "
         "intervals overlap."),
        ((0.001, 0.001, 0.0015), "No form of interplay clearly adds to what the sum explains."),
    ],
)  # fmt: skip
def test_the_takeaway_names_the_form_that_adds_most(gains: tuple[float, ...], expected: str) -> None:
    picture = rival_models(models(*gains), texts=Texts("en", strict=True), smallest_effect=SMALLEST)
    assert isinstance(picture, Picture)
    assert picture.takeaway == expected


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ((0.5, 0.6), "At every level people of whom one part lags behind put the customer first less than people of "
         "whom the three are even."),
        ((0.5, 0.0), "At 1 of 2 levels people of whom one part lags behind put the customer first less than people of "
         "whom the three are even; at the others the difference is within what chance would give."),
        ((0.0, 0.0), "People of whom one part lags behind do not clearly differ from people of whom the three are "
         "even."),
    ],
)  # fmt: skip
def test_the_takeaway_about_the_weakest_claims_what_intervals_exclude(
    gaps: tuple[float, ...], expected: str
) -> None:
    picture = weakest_link(groups(*gaps), texts=Texts("en", strict=True), labels=LABELS, rules=RULES)
    assert isinstance(picture, Picture)
    assert picture.takeaway == expected


def test_a_level_with_a_small_group_is_left_out_with_its_company() -> None:
    small = groups(0.5, 0.6, 0.7, 0.8).assign(n=[4, 40, 30, 41, 50, 50, 50, 50])
    picture = weakest_link(small, texts=Texts("en", strict=True), labels=LABELS, rules=RULES)
    assert isinstance(picture, Picture)
    assert "The smallest group has 50 people" in picture.caption
    # Level 1 for its own sake, level 2 so that the first does not follow from what is known of everybody.
    assert not any(said in picture.alt for said in ("1.0:", "0.5", "2.0:", "1.4"))
    assert {"3.0", "2.3"} <= set(picture.alt.replace(":", " ").split())
    few = groups(0.5, 0.6).assign(n=[4, 40, 40, 40])
    assert isinstance(weakest_link(few, texts=Texts("en", strict=True), labels=LABELS, rules=RULES), Note)


def test_how_many_got_less_counts_people_and_hides_few_with_company() -> None:
    reason = Note(message="There are no models to compare.")
    finding = not_testable("promise-delivered", reason=reason, rules=RULES)
    sides = pd.DataFrame(
        {"group": ["x_above_y", "y_above_x", "equal", "x_far_above_y", "y_far_above_x"], "n": [90, 70, 9, 5, 6],
         "share": [0.53, 0.41, 0.06, 0.03, 0.04], "people": [60, 50, 3, 0, 0]}
    )  # fmt: skip
    table = shown_promise.tables(PromiseDelivered(finding, sides=sides), texts=Texts("en", strict=True))[
        "sides"
    ]
    html = Page(language="en", rules=RULES).table(**table).data
    assert "53%" in html
    assert "41%" not in html
    assert "6%" not in html


@pytest.mark.parametrize(
    ("slope", "curvature", "expected"),
    [
        ((0.1, 0.3), (-0.2, -0.1), "Where more is delivered than was promised, “outcome” is higher than where it is "
         "less. A shortfall costs more than the same surplus gains."),
        ((-0.1, 0.3), (-0.1, 0.1), "Whether “outcome” is higher where more is delivered than was promised, stays open. "
         "Along the line of difference the surface does not clearly bend."),
    ],
)  # fmt: skip
def test_the_takeaway_about_the_promise(
    slope: tuple[float, float], curvature: tuple[float, float], expected: str
) -> None:
    picture = landscape(Texts("en", strict=True), slope, curvature)
    assert picture.takeaway == expected
    assert isinstance(landscape(Texts("en", strict=True), slope, curvature, n=4), Note)


def test_everything_in_both_languages(texts: Texts) -> None:
    drawn = [
        rival_models(models(0.004, 0.012, 0.003), texts=texts, smallest_effect=SMALLEST),
        weakest_link(groups(0.5, 0.5), texts=texts, labels=LABELS, rules=RULES),
        landscape(texts, (0.1, 0.3), (0.1, 0.2), one_scale=False),
    ]
    for picture in drawn:
        assert isinstance(picture, Picture)
        assert picture.caption
        assert picture.alt.startswith(picture.takeaway)
        assert "<svg" in svg(picture.figure)


def test_what_cannot_be_tested_is_said_in_every_place(texts: Texts) -> None:
    page = Page(language=texts.language, rules=RULES)
    reason = Note(message="There are no models to compare.")
    workforce = AlignedWorkforce(not_testable("aligned-workforce", reason=reason, rules=RULES))
    kept = PromiseDelivered(not_testable("promise-delivered", reason=reason, rules=RULES))
    said = texts.say(reason.message)
    for table in [
        *shown.tables(workforce, texts=texts).values(),
        *shown_promise.tables(kept, texts=texts).values(),
    ]:
        assert said in page.table(**table).data
    drawn = [
        *shown.pictures(workforce, texts=texts, rules=RULES).values(),
        *shown_promise.pictures(kept, texts=texts, rules=RULES).values(),
    ]
    assert all(picture == reason for picture in drawn)
