"""Figures and tables about keeping and attracting people, and about pay: what they say in both languages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note
from exresearch.findings.analyses import PayAndExperience, TalentMagnet
from exresearch.findings.conclude import not_testable
from exresearch.report import Page, Picture, Texts
from exresearch.report import figures as draw
from exresearch.report import talent as shown
from exresearch.report.theme import svg

RULES = DisclosureRules()
LABELS = {"pay": {"nl": "Salaris", "en": "Pay"}, "outcome": {"nl": "Blijven", "en": "Staying"}}


@pytest.fixture(params=["nl", "en"])
def texts(request: pytest.FixtureRequest) -> Texts:
    return Texts(request.param, strict=True)


def curve(gap: float) -> pd.DataFrame:
    rows = [
        {"group": name, "months": months, "estimate": 1 - rate * months, "n": 100,
         "n_risk": 90, "n_event": 6 if months else 0}
        for name, rate in (("promoters", 0.01), ("passives", 0.011), ("detractors", 0.01 + gap))
        for months in (0, 3, 6)
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    return frame.assign(
        conf_low=frame["estimate"] - 0.02, conf_high=frame["estimate"] + 0.02, conf_level=0.95
    )


def groups(rise: float) -> pd.DataFrame:
    frame = pd.DataFrame({"group": [1, 2, 3], "mean": [5.8, 6.9, 8.2], "n": 900, "n_units": 20})
    frame["estimate"] = 3 + rise * (frame["group"] - 2)
    return frame.assign(conf_low=frame["estimate"] - 0.4, conf_high=frame["estimate"] + 0.4, conf_level=0.95)


def pay(low: float, high: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    slopes = pd.DataFrame({"level": ["low", "mean", "high"], "estimate": [low, (low + high) / 2, high]})
    slopes = slopes.assign(conf_low=slopes["estimate"] - 0.03, conf_high=slopes["estimate"] + 0.03)
    lines = pd.DataFrame(
        [
            {"level": level, "x": x, "estimate": start + slope * x}
            for level, start, slope in (("low", 3.0, low), ("high", 4.5, high))
            for x in (2.0, 4.0, 6.0)
        ]
    )
    return lines.assign(
        conf_low=lines["estimate"] - 0.1, conf_high=lines["estimate"] + 0.1, n=800, conf_level=0.95
    ), slopes


def words(picture: Picture | Note) -> Picture:
    assert isinstance(picture, Picture)
    assert svg(picture.figure).startswith("<svg")
    return picture


def test_the_curve_claims_a_difference_only_where_intervals_are_apart(texts: Texts) -> None:
    apart = words(draw.staying_curve(curve(0.02), texts=texts, rules=RULES, variant="us"))
    open_ = words(draw.staying_curve(curve(0.002), texts=texts, rules=RULES, variant="us"))
    number = {"en": "94% against 82%", "nl": "94% tegen 82%"}[texts.language]
    assert number in apart.takeaway
    assert "%" not in open_.takeaway
    assert "300" in apart.caption
    assert "US" in apart.caption
    # One sentence per group, with its interval.
    assert apart.alt.count("interval") >= 3


def test_groups_of_units_say_the_ends_in_words(texts: Texts) -> None:
    rise = words(draw.referral_groups(groups(0.8), texts=texts, rules=RULES))
    decimal = {"en": ("3.8", "2.2"), "nl": ("3,8", "2,2")}[texts.language]
    assert all(number in rise.takeaway for number in decimal)
    assert "2.700" in rise.caption.replace(",", ".")
    flat = words(draw.referral_groups(groups(0.1), texts=texts, rules=RULES))
    assert not any(number in flat.takeaway for number in "0123456789")
    fall = words(draw.referral_groups(groups(-0.8), texts=texts, rules=RULES))
    assert fall.takeaway != rise.takeaway


def test_units_are_drawn_without_names_and_never_a_few(texts: Texts) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"unit": [f"SECRET{i}" for i in range(40)], "ex": rng.normal(0, 30, 40), "cx": rng.normal(0, 30, 40),
         "n_ex": 30, "n_cx": 35}
    )  # fmt: skip
    options: dict[str, Any] = {"texts": texts, "rules": RULES, "variant": "us"}
    linked = words(draw.advocacy_scatter(frame, correlation=(0.5, 0.3, 0.7), **options))
    none = words(draw.advocacy_scatter(frame, correlation=(0.1, -0.2, 0.4), **options))
    assert linked.takeaway != none.takeaway
    assert "40" in linked.caption
    assert isinstance(draw.advocacy_scatter(frame.head(4), **options), Note)
    assert isinstance(draw.advocacy_scatter(frame.assign(n_cx=4), **options), Note)
    assert "SECRET" not in svg(linked.figure) + linked.alt + linked.caption
    # Two units of few people, one on each side; each takes another with it.
    frame.loc[0, ["ex", "n_ex"]], frame.loc[1, ["cx", "n_cx"]] = [-99.0, 3], [99.0, 3]
    frame.loc[2, "n_ex"], frame.loc[3, "n_cx"] = 6, 6
    small = words(draw.advocacy_scatter(frame, correlation=(0.5, 0.3, 0.7), **options))
    marks = small.figure.axes[0].lines[2].get_xydata()
    assert len(marks) == 36
    assert not np.isin(frame.loc[:3, "ex"], marks[:, 0]).any()
    assert list(marks[:, 0]) == sorted(marks[:, 0])
    assert "36" in small.caption


def test_steps_of_few_leavers_are_not_drawn_and_take_company(texts: Texts) -> None:
    frame = curve(0.02)
    frame.loc[(frame["group"] == "detractors") & (frame["months"] == 6), "n_event"] = 4
    picture = words(draw.staying_curve(frame, texts=texts, rules=RULES, variant="us"))
    drawn = np.vstack([line.get_xydata() for line in picture.figure.axes[0].lines])
    # The step of the detractors goes, with their step before it and with one of another group.
    assert not (drawn[:, 1] < 0.93).any()
    assert (drawn[:, 0] == 6).sum() == 1
    assert texts.number(0.82, "percent0") not in picture.alt + picture.takeaway
    none = draw.staying_curve(frame.assign(n_event=2), texts=texts, rules=RULES, variant="us")
    assert isinstance(none, Note)


def test_groups_of_few_employees_are_not_drawn(texts: Texts) -> None:
    few = groups(0.8)
    few.loc[1, "n"] = 4
    assert isinstance(draw.referral_groups(few, texts=texts, rules=RULES), Note)


def test_lines_of_pay_follow_the_interplay(texts: Texts) -> None:
    said = set()
    for low, high, limits in ((0.3, 0.1, (-0.2, -0.05)), (0.1, 0.3, (0.05, 0.2)), (0.2, 0.19, (-0.05, 0.04))):
        lines, slopes = pay(low, high)
        picture = words(draw.pay_lines(lines, slopes, texts=texts, labels=LABELS, interplay=limits))
        said.add(picture.takeaway[:25])
        assert texts.number(low, "number2") in picture.takeaway
        assert texts.pick(LABELS["pay"]) in picture.caption
        assert texts.number(low - 0.03, "number2") in picture.alt
    assert len(said) == 3


def nothing() -> tuple[TalentMagnet, PayAndExperience]:
    reason = Note(message="Fewer than {needed:integer} people answered.", values={"needed": 200})
    return (
        TalentMagnet(not_testable("talent-magnet", reason=reason, rules=RULES)),
        PayAndExperience(not_testable("pay-is-not-enough", reason=reason, rules=RULES)),
    )


def test_without_results_every_figure_and_table_is_a_sentence(texts: Texts) -> None:
    result, other = nothing()
    page = Page(language=texts.language, rules=RULES)
    pictures = shown.pictures(result, other, texts=texts, rules=RULES)
    assert set(pictures) == {"staying", "referrals", "advocacy", "pay"}
    for picture in pictures.values():
        assert isinstance(picture, Note)
        assert texts.note(picture)
        assert "<svg" not in str(page.figure(picture).data)
    for name, table in shown.tables(result, other).items():
        block = str(page.table(**table).data)
        assert "<table" not in block, name


def test_tables_say_their_rows_in_words_and_hide_small_ones(texts: Texts) -> None:
    result, other = nothing()
    numbers = {"estimate": 2.3, "conf_low": 2.1, "conf_high": 2.5, "conf_level": 0.95}
    funnel = pd.DataFrame(
        [{"term": "campaign", **numbers, "events": 60, "n": 2600, "n_units": 20, "people": 60, "fewest": 60}]
    )
    phases = pd.DataFrame([{"phase": "alumnus", **numbers, "n": 40}, {"phase": "leaver", **numbers, "n": 3}])
    phases = phases.assign(minimum=0.0, maximum=10.0)
    result = TalentMagnet(result.finding, funnel=funnel, phases=phases)
    tables = shown.tables(result, other)
    page = Page(language=texts.language, rules=RULES)
    block = str(page.table(**tables["funnel"]).data)
    assert texts.say("People reached by the campaign who applied") in block
    assert "2.600" in block.replace(",", ".")
    assert texts.say("Former employees") in str(page.table(**tables["phases"]).data)
    assert texts.number(2.3, "number1") not in str(page.table(**tables["phases"]).data)
