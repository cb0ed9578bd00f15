"""The figures and tables about balance: they say what they are given, claim no more, and survive extremes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import EstimateRecord, Note, conclude_conjunction, not_testable
from exresearch.findings.analyses import Balance
from exresearch.report import Page, Picture, Texts
from exresearch.report.balance import checks_picture, surface_picture, tables
from exresearch.report.sentences import verdict_sentence
from exresearch.report.theme import svg

RULES = DisclosureRules()
LONG = {
    "en": "Share of people who are highly engaged " * 3,
    "nl": "Aandeel mensen dat sterk bevlogen is " * 3,
}


@pytest.fixture(params=["nl", "en"])
def texts(request: pytest.FixtureRequest) -> Texts:
    return Texts(request.param, strict=True)


def record(term: str, low: float, high: float) -> EstimateRecord:
    return EstimateRecord(
        term=term,
        label=Note(message="Who comes off worse" if term == "slope" else "How far they drift apart"),
        unit_of_measurement="standardised",
        estimate=(low + high) / 2,
        conf_low=low,
        conf_high=high,
        conf_level=0.95,
        p_value=0.5 if low < 0 < high else 0.001,
        n=5000,
        n_units=60,
        method=Note(message="x"),
    )


def surface(
    *, slope: tuple[float, float] = (-0.1, 0.3), curvature: tuple[float, float] = (-0.7, -0.2), **change: Any
) -> Balance:
    """A surface with the middle of these intervals as its shape."""
    finding = conclude_conjunction(
        {"slope": record("slope", *slope), "curvature": record("curvature", *curvature)},
        hypothesis="balance",
        n_excluded=0,
        rules=RULES,
    )
    a3, a4 = np.mean(slope), np.mean(curvature)
    steps = np.linspace(-2, 2, 41)
    x, y = (part.ravel() for part in np.meshgrid(steps, steps))
    half = (x - y) / 2
    angles = np.deg2rad(np.arange(0, 360, 5))
    at = np.tile(np.linspace(-1.4, 1.4, 11), 2)
    line = np.repeat(["congruence", "incongruence"], 11)
    mean, spread = 50.0, 10.0
    height = mean + spread * np.where(line == "incongruence", a3 * at + a4 * at**2, 0.0)
    checks = pd.DataFrame(
        [
            {
                "check": name,
                "label": Note(message=label),
                "component": component,
                "estimate": np.mean(limits),
                "conf_low": limits[0],
                "conf_high": limits[1],
                "conf_level": 0.95,
                "n": 5000,
            }
            for name, label in (
                ("deciding", "Deciding estimate"),
                ("ranks", "Ranks instead of values"),
                ("within_units", "Within units only"),
            )
            for component, limits in (
                ("slope", slope),
                ("curvature", (-1.0, 0.1) if name == "within_units" else curvature),
            )
        ]
    )
    terms = ("incongruence_slope", "incongruence_curvature")
    made: dict[str, Any] = {
        "shape": pd.DataFrame(
            {
                "term": terms, "label": [Note(message="Within units only")] * 2, "estimate": [a3, a4],
                "conf_low": [slope[0], curvature[0]], "conf_high": [slope[1], curvature[1]], "p_value": [0.5, 0.001],
                "conf_level": 0.95, "n": 5000,
            }
        ),
        "sides": pd.DataFrame(
            {
                "group": ["x_above_y", "y_above_x", "equal", "x_far_above_y", "y_far_above_x"],
                "n": [100, 80, 0, 60, 3], "share": [0.56, 0.44, 0.0, 0.33, 0.02],
            }
        ),
        "checks": checks,
        "region": pd.DataFrame({"x": 2 * np.cos(angles), "y": 2 * np.sin(angles)}),
        "grid": pd.DataFrame({"x": x, "y": y, "estimate": mean + spread * (a3 * half + a4 * half**2)}),
        "along": pd.DataFrame(
            {
                "line": line, "position": at, "estimate": height, "conf_low": height - 2, "conf_high": height + 2,
                "conf_level": 0.95,
            }
        ),
        "scales": {"ex": (0.5, 0.2), "cx": (7.0, 0.9), "outcome": (mean, spread)},
        "labels": {
            "ex": {"en": "Engaged", "nl": "Bevlogen"}, "cx": {"en": "Service", "nl": "Dienst"},
            "outcome": {"en": "Result", "nl": "Resultaat"},
        },
        "kinds": {"ex": "share", "cx": "mean", "outcome": "mean"},
        "difference_p": 0.01,
        "n_rows": 180,
    }  # fmt: skip
    return Balance(finding=finding, **(made | change))


def drawn(picture: Picture | Note) -> str:
    assert isinstance(picture, Picture)
    text = svg(picture.figure)
    assert text.startswith("<svg")
    assert "DejaVu" not in text
    assert svg(picture.figure) == text
    return text


@pytest.mark.parametrize(
    ("slope", "curvature", "expected"),
    [
        (
            (-0.1, 0.3),
            (-0.7, -0.2),
            "The further employees and customers drift apart, the lower “Result” a wave later. Which of the two is "
            "ahead makes no clear difference.",
        ),
        (
            (0.1, 0.3),
            (-0.7, 0.2),
            "Whether “Result” a wave later depends on how far employees and customers drift apart, stays open. It is "
            "higher where employees are ahead than where customers are.",
        ),
        (
            (-0.3, -0.1),
            (0.2, 0.6),
            "The further employees and customers drift apart, the higher “Result” a wave later. It is higher where "
            "customers are ahead than where employees are.",
        ),
    ],
)
def test_the_takeaway_claims_what_the_intervals_exclude(
    slope: tuple[float, float], curvature: tuple[float, float], expected: str
) -> None:
    picture = surface_picture(surface(slope=slope, curvature=curvature), texts=Texts("en"), rules=RULES)
    assert isinstance(picture, Picture)
    assert picture.takeaway == expected


def test_the_alternative_text_gives_both_walks_with_intervals() -> None:
    picture = surface_picture(surface(slope=(-0.2, 0.2)), texts=Texts("en"), rules=RULES)
    assert isinstance(picture, Picture)
    assert picture.alt.endswith(
        "Predicted, with intervals: both low: 50 (48 to 52); average: 50 (48 to 52); both high: 50 (48 to 52); "
        "customers ahead: 41 (39 to 43); average: 50 (48 to 52); employees ahead: 41 (39 to 43)."
    )
    assert "fewer than 5 of the 60 units" in picture.caption
    assert "95% intervals" in picture.caption


def test_the_picture_in_both_languages(texts: Texts) -> None:
    result = surface()
    text = drawn(surface_picture(result, texts=texts, rules=RULES))
    for words in ("In step", "Apart", "customers ahead", "both high"):
        assert texts.say(words).split()[0] in text
    # Axes in the units of the measures, and the outcome at the average of both.
    assert texts.number(0.4, "percent0") in text
    assert ">50<" in text
    assert drawn(checks_picture(result, texts=texts))


def test_extremes_are_drawn() -> None:
    texts = Texts("en")
    labels = {"ex": LONG, "cx": LONG, "outcome": LONG}
    flat = surface(slope=(-0.001, 0.001), curvature=(-0.001, 0.001), labels=labels)
    drawn(surface_picture(flat, texts=texts, rules=RULES))
    share = surface(kinds={"ex": "mean", "cx": "mean", "outcome": "share"})
    small = {name: getattr(share, name).copy() for name in ("grid", "along")}
    for frame in small.values():
        for column in ("estimate", "conf_low", "conf_high"):
            if column in frame:
                frame[column] = frame[column] / 100
    picture = surface_picture(
        surface(kinds={"ex": "mean", "cx": "mean", "outcome": "share"}, **small), texts=texts, rules=RULES
    )
    drawn(picture)
    assert isinstance(picture, Picture)
    assert "both low: 50% (48% to 52%)" in picture.alt


def test_nothing_is_drawn_of_few_units_or_without_a_region(texts: Texts) -> None:
    reason = Note(message="There are too few units around the average to draw a surface.")
    assert surface_picture(surface(), texts=texts, rules=DisclosureRules(min_units=61)) == reason
    empty = surface(region=pd.DataFrame({"x": [], "y": []}))
    assert surface_picture(empty, texts=texts, rules=RULES) == reason
    assert checks_picture(surface(checks=pd.DataFrame()), texts=texts) == Note(
        message="There are no checks to show."
    )


def test_the_checks_count_whole_intervals() -> None:
    picture = checks_picture(surface(), texts=Texts("en"))
    assert isinstance(picture, Picture)
    assert picture.takeaway == (
        "That the outcome falls as the two drift apart shows, with its whole interval, in 1 of 2 other ways of asking."
    )
    assert "Ranks instead of values, How far they drift apart: −0.45 (−0.70 to −0.20)" in picture.alt


def test_what_is_not_tested_says_why_everywhere(texts: Texts) -> None:
    reason = Note(message="There are no checks to show.")
    result = Balance(not_testable("balance", reason=reason, rules=RULES))
    assert surface_picture(result, texts=texts, rules=RULES) == reason
    assert checks_picture(result, texts=texts) == reason
    page = Page(language=texts.language, rules=RULES)
    for table in tables(result, texts=texts).values():
        assert texts.note(reason) in str(page.table(**table).data)


def test_tables_on_a_page(texts: Texts) -> None:
    page = Page(language=texts.language, rules=RULES)
    made = tables(surface(), texts=texts)
    shape, sides = (str(page.table(**made[name]).data) for name in ("shape", "sides"))
    assert texts.number(-0.45, "number2") in shape
    assert texts.say("p = {p:p}", p=0.01) in shape if texts.language == "en" else "p = 0,010" in shape
    assert texts.number(0.56, "percent0") in sides
    # Four rows in the order of sides; rows of units, not people, so that none is hidden.
    assert sides.index(texts.say("employees ahead")) < sides.index(texts.say("customers ahead"))
    assert texts.number(0.02, "percent0") in sides


def test_the_sentence_says_which_way_is_which() -> None:
    sentence = verdict_sentence(surface().finding, Texts("en"))
    assert sentence.startswith(
        "Who comes off worse: with every standard deviation that employees move ahead and customers fall behind, the "
        "outcome of the next wave changes by 0.10 standard deviations (95% interval −0.10 to 0.30; positive means "
        "that it is worse when employees lose to customers)."
    )
    assert "Supported: How far they drift apart. Inconclusive: Who comes off worse." in sentence
