"""Figures, tables and words of the page on direction, in both languages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules, Measure
from exresearch.findings import EstimateRecord, Finding, Note, conclude, conclude_conjunction, not_testable
from exresearch.findings.analyses import Direction
from exresearch.findings.analyses.direction.links import NO_LINKS, Links
from exresearch.findings.conclude import estimand_for
from exresearch.report.direction import direction_answer, direction_figures, direction_tables
from exresearch.report.figures import effects_by_model, lag_curve, path_picture, two_links
from exresearch.report.figures.direction.clouds import cell_size, cloud_of, form_of
from exresearch.report.page import Page
from exresearch.report.sentences import direction_words, verdict_parts
from exresearch.report.text import Texts
from exresearch.report.theme import Picture, svg

EN, NL = Texts("en"), Texts("nl", strict=True)
RULES = DisclosureRules()
SIDES = {"ex": ("employees", Measure("engaged")), "cx": ("customers", Measure("cx", 0, 10))}
METHOD = Note(message="regression with fixed effects of units and waves, CR2")


def record(
    term: str, low: float, high: float, *, unit: Any = "standardised", label: str = "{effect}"
) -> EstimateRecord:
    return EstimateRecord(
        term=term, label=Note(message=label, values={"effect": {"nl": term, "en": term}}), unit_of_measurement=unit,
        estimate=(low + high) / 2, conf_low=low, conf_high=high, conf_level=0.95,
        p_value=0.001 if low > 0 or high < 0 else 0.4, n=900, n_units=60, method=METHOD,
    )  # fmt: skip


def two_way(forth: tuple[float, float], back: tuple[float, float], verdict: Any) -> Finding:
    return conclude_conjunction(
        {"ex_to_cx": record("ex_to_cx", *forth), "cx_to_ex": record("cx_to_ex", *back)},
        hypothesis="two-way", n_excluded=0, rules=RULES, direction_verdict=verdict,
        robustness=[record("ex_to_cx_dynamic", 0.05, 0.3), record("cx_to_ex_dynamic", -0.1, 0.1),
                    record("ex_to_cx_clpm", 0.2, 0.3), record("cx_to_ex_clpm", 0.1, 0.2),
                    record("between", 0.3, 0.6, unit="correlation")],
    )  # fmt: skip


def units(n: int = 40, *, answers: float = 25.0) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(4)
    ex = rng.uniform(0.2, 0.8, n)
    levels = pd.DataFrame(
        {
            "unit": [f"SECRET{i}" for i in range(n)],
            "ex": ex,
            "cx": 5 + 4 * ex,
            "ex_n": answers,
            "cx_n": answers,
        }
    )
    deviations = pd.DataFrame(
        {"unit": np.repeat(levels["unit"], 3).to_numpy(), "wave": np.tile(["a", "b", "c"], n),
         "ex": rng.normal(0, 0.05, 3 * n), "cx": rng.normal(0, 0.3, 3 * n), "ex_n": answers, "cx_n": answers}
    )  # fmt: skip
    lines = pd.concat(
        pd.DataFrame({"part": part, "x": x, "estimate": slope * x,
                      "conf_low": slope * x - 0.1, "conf_high": slope * x + 0.1})
        for part, slope, x in (("between", 4.0, np.linspace(0.2, 0.8, 9)), ("within", 0.0, np.linspace(-0.1, 0.1, 9)))
    )  # fmt: skip
    return levels, deviations, lines


def draw(
    levels: pd.DataFrame, deviations: pd.DataFrame, lines: pd.DataFrame, *, texts: Texts = EN, **more: Any
) -> Any:
    links: dict[str, Any] = {
        "between": record("between", 0.4, 0.7, unit="correlation"),
        "within": record("within", -0.2, 0.1, unit="correlation"),
    }
    options: dict[str, Any] = {
        "correlations": links, "ex_label": "engaged", "cx_label": "served", "shares": (True, False), "rules": RULES,
        "sides": SIDES,
    }  # fmt: skip
    return two_links(levels, deviations, lines, texts=texts, **(options | more))


def dots(picture: Picture, panel: int) -> int:
    return sum(
        len(marks.get_offsets()) for marks in picture.figure.axes[panel].collections if len(marks.get_sizes())
    )


def test_the_two_links_stand_side_by_side_at_one_scale() -> None:
    levels, deviations, lines = units()
    picture = draw(levels, deviations, lines)
    left, right = picture.figure.axes
    for name in ("get_xlim", "get_ylim"):
        assert np.diff(getattr(left, name)()) == pytest.approx(np.diff(getattr(right, name)()))
    assert (dots(picture, 0), dots(picture, 1)) == (40, 120)
    assert right.get_xlim()[0] == pytest.approx(-right.get_xlim()[1])
    assert picture.takeaway == (
        "Units that are higher on “engaged” are higher on “served” as well. When a unit rises above its own level on "
        "the one, nothing clear shows on the other."
    )
    assert "What units are: correlation 0.55 (0.40 to 0.70)." in picture.alt
    assert "What happens to units: correlation −0.05 (−0.20 to 0.10)." in picture.alt
    assert "with its 95% interval shaded" in picture.caption
    written = " ".join(text.get_text() for axes in picture.figure.axes for text in axes.texts)
    assert "correlation 0.55 (0.40 to 0.70)" in written
    assert "SECRET" not in svg(picture.figure) + picture.alt + picture.caption
    # The line does not leave the axes, and neither does a mark.
    assert left.get_xlim()[0] < levels["ex"].min() < levels["ex"].max() < left.get_xlim()[1]
    dutch = draw(levels, deviations, lines, texts=NL)
    assert dutch.takeaway.startswith("Eenheden die hoger staan op \u2018engaged\u2019, staan ook hoger op")


def test_small_units_are_not_drawn_and_too_few_units_not_at_all() -> None:
    levels, deviations, lines = units()
    levels.loc[:4, "ex_n"] = 4
    picture = draw(levels, deviations, lines)
    assert dots(picture, 0) == 35
    left_out = (
        "Not drawn: marks with fewer than 5 answers, or that would give those of such a mark away (5 on the left, 0 on "
        "the right)."
    )
    assert left_out in picture.caption
    levels.loc[:35, "cx_n"] = 4
    assert draw(levels, deviations, lines) == Note(
        message="Not drawn: fewer than {minimum:integer} units have enough answers.", values={"minimum": 5}
    )
    one_wave = draw(levels, deviations.head(0), lines)
    assert isinstance(one_wave, Note)
    assert one_wave.message.startswith("There is one wave only")


def test_a_small_unit_takes_company_and_ranges_do_not_show_where_it_is() -> None:
    levels, deviations, lines = units()
    levels.loc[0, ["ex", "cx", "ex_n"]] = [0.999, 9.9, 3]
    levels.loc[7, "ex_n"] = 9
    deviations.loc[4, "cx_n"] = 2
    picture = draw(levels, deviations, lines)
    left = picture.figure.axes[0]
    # Other units go with it, the smallest first; of a wave, the unit in another wave and another unit.
    hidden = 40 - dots(picture, 0)
    assert hidden >= 2
    assert dots(picture, 1) < 119
    assert left.get_xlim()[1] < 0.999
    shown = np.asarray(left.collections[0].get_offsets())[:, 0]
    assert not np.isin(levels.loc[[0, 7], "ex"], shown).any()
    assert (np.diff(shown) >= 0).all()
    assert f"({hidden} on the left, " in picture.caption
    # A unit that is too small to be linked is not drawn, and still takes another with it.
    levels, deviations, lines = units()
    small = pd.DataFrame({"unit": ["SECRET"], "ex": [0.5], "ex_n": [4.0], "linked": False})
    picture = draw(pd.concat([levels.assign(linked=True), small], ignore_index=True), deviations, lines)
    assert dots(picture, 0) == 39
    assert "Left: 40 units" in picture.caption
    assert "(1 on the left, 0 on the right)" in picture.caption


def test_units_of_unknown_size_are_counted_and_never_drawn_one_by_one() -> None:
    levels, deviations, lines = units(300)
    levels["cx_n"] = np.nan
    levels.loc[0, ["ex", "cx"]] = [3.0, 40.0]
    assert form_of(levels, deviations) == "cells"
    picture = draw(levels, deviations, lines)
    # The outermost person is neither drawn nor to be read off the frame.
    assert picture.figure.axes[0].get_xlim()[1] < 2.0
    assert "Circles stand for at least 5 units each; " in picture.caption
    options: dict[str, Any] = {
        "form": "cells", "cell": cell_size((0.6, 3.0)), "rules": RULES, "sides": SIDES, "name": "x",
    }  # fmt: skip
    cloud = cloud_of(deviations, **options)
    assert (cloud.points["size"] >= 5).all()
    # The same person three times in a cell is one person.
    again = pd.concat([deviations.head(1)] * 9, ignore_index=True)
    assert cloud_of(again, **options).points.empty
    assert cloud_of(again, **options).n_left_out == 9


def paths(forth: tuple[float, float] = (0.1, 0.3), back: tuple[float, float] = (-0.2, 0.1)) -> pd.DataFrame:
    limits = {
        "ex_autoregressive": (0.2, 0.4),
        "cx_autoregressive": (0.3, 0.5),
        "ex_to_cx": forth,
        "cx_to_ex": back,
    }
    return pd.DataFrame(
        [{"term": term, "estimate": (low + high) / 2, "conf_low": low, "conf_high": high, "n": 60, "conf_level": 0.95}
         for term, (low, high) in limits.items()]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("forth", "back", "takeaway"),
    [
        ((0.1, 0.3), (-0.2, 0.1),
         "What happens to employees is seen with customers a wave later; the reverse does not show."),
        ((-0.1, 0.3), (0.1, 0.2),
         "What happens with customers is seen with employees a wave later; the reverse does not show."),
        ((0.1, 0.3), (0.1, 0.2), "What happens on either side is seen on the other side a wave later."),
        ((-0.1, 0.3), (-0.1, 0.2), "In neither direction does an effect show a wave later."),
    ],
)  # fmt: skip
def test_arrows_are_as_thick_as_their_effect_and_dashed_where_open(
    forth: tuple[float, float], back: tuple[float, float], takeaway: str
) -> None:
    picture = path_picture(paths(forth, back), texts=EN, ex_label="Mood", cx_label="Service")
    assert isinstance(picture, Picture)
    assert picture.takeaway == takeaway
    arrows = [patch for patch in picture.figure.axes[0].patches if type(patch).__name__ == "FancyArrowPatch"]
    assert [arrow.get_linestyle() in ("-", "solid") for arrow in arrows] == [
        True,
        True,
        forth[0] > 0,
        back[0] > 0,
    ]
    assert arrows[1].get_linewidth() > arrows[0].get_linewidth()
    written = [text.get_text() for text in picture.figure.axes[0].texts]
    assert any(
        text.endswith(f"({EN.number(forth[0], 'number2')} to {EN.number(forth[1], 'number2')})")
        for text in written
    )
    assert "60 units" in picture.caption
    assert "with 95% intervals" in picture.caption


def test_what_cannot_be_drawn_is_said() -> None:
    nothing = pd.DataFrame()
    assert path_picture(nothing, texts=EN, ex_label="a", cx_label="b") == Note(
        message="There are no effects over time to draw."
    )
    assert isinstance(lag_curve(nothing, texts=EN), Note)
    assert isinstance(effects_by_model(untested("undetermined_by_design"), texts=EN), Note)
    with pytest.raises(ValueError) as caught:
        path_picture(paths().head(3), texts=EN, ex_label="a", cx_label="b")
    assert str(caught.value) == (
        "path_picture needs the terms ex_autoregressive, cx_autoregressive, ex_to_cx, cx_to_ex; missing: cx_to_ex."
    )


def test_effects_are_shown_model_by_model() -> None:
    picture = effects_by_model(two_way((0.1, 0.3), (-0.2, 0.1), None), texts=EN)
    assert isinstance(picture, Picture)
    # The model that mixes is drawn, and not counted.
    assert picture.takeaway == (
        "Of 2 models that keep what units are apart from what they do, 2 show an effect of employees on customers and "
        "0 one of customers on employees."
    )
    assert "A second kind of model: from employees to customers 0.18 (0.05 to 0.30)" in picture.alt
    nothing = two_way((-0.1, 0.3), (-0.2, 0.1), None).model_copy(update={"robustness": ()})
    drawn = effects_by_model(nothing, texts=EN)
    assert isinstance(drawn, Picture)
    assert drawn.takeaway.startswith("None of the 1 models")


def test_lags_are_drawn_for_both_sides() -> None:
    rows = [
        {
            "term": term,
            "lag": lag,
            "estimate": 0.1,
            "conf_low": low,
            "conf_high": 0.3,
            "conf_level": 0.95,
            "n": 60,
        }
        for term, low in (("ex_to_cx", 0.05), ("cx_to_ex", -0.1))
        for lag in (1, 2)
    ]
    picture = lag_curve(pd.DataFrame(rows), texts=EN)
    assert isinstance(picture, Picture)
    assert picture.takeaway == "2 of the 4 effects have an interval without zero."
    assert [label.get_text() for label in picture.figure.axes[0].get_xticklabels()] == [
        "a wave later",
        "2 waves later",
    ]
    assert "from employees to customers, a wave later: 0.10 (0.05 to 0.30)." in picture.alt


def test_effects_of_few_units_are_not_drawn_and_take_company() -> None:
    rows = [
        {"term": "ex_to_cx", "lag": lag, "estimate": 0.1 * lag, "conf_low": -0.1, "conf_high": 0.5, "n": 60}
        for lag in (1, 2, 3, 4)
    ]
    lags = pd.DataFrame(rows)
    lags.loc[3, "n"] = 4
    picture = lag_curve(lags, texts=EN)
    assert isinstance(picture, Picture)
    assert len(picture.figure.axes[0].lines[1].get_xdata()) == 2
    assert "0.40" not in picture.alt
    assert isinstance(lag_curve(lags.assign(n=3), texts=EN), Note)
    assert isinstance(path_picture(paths().assign(n=4), texts=EN, ex_label="a", cx_label="b"), Note)


def untested(verdict: Any) -> Finding:
    note = Note(message="{n_units:integer} units can be linked; at least {needed:integer} are needed.",
                values={"n_units": 12, "needed": 30})  # fmt: skip
    return not_testable("two-way", reason=note, rules=RULES, direction_verdict=verdict)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("ex_first", "Employee experience comes first."),
        ("cx_first", "Customer experience comes first."),
        ("both", "Each moves the other."),
        ("neither", "Neither is seen to follow the other."),
        (None, "Which comes first stays open in these data."),
    ],
)
def test_every_answer_has_its_words(verdict: Any, words: str) -> None:
    finding = two_way((0.1, 0.3), (-0.2, 0.1), verdict)
    effect, meaning = verdict_parts(finding, EN)
    assert effect == (
        "ex_to_cx: a unit that is one standard deviation above its own level on “employee experience” is 0.20 standard "
        "deviations above its own level on “customer experience” a wave later (95% interval 0.10 to 0.30)."
    )
    assert meaning.startswith(words)
    assert verdict_parts(finding, NL)[1] != meaning


def test_an_effect_below_zero_is_said_to_be_below() -> None:
    effect, _ = verdict_parts(two_way((-0.3, 0.1), (-0.2, 0.1), "neither"), EN)
    assert effect.endswith(
        "0.10 standard deviations below its own level on “customer experience” a wave later (95% interval −0.30 to "
        "0.10, where minus means below)."
    )
    estimand = estimand_for("vicious-circle", component="loop")
    loop = record("loop", 0.006, 0.05, unit="returned_share")
    circle = conclude(
        loop,
        hypothesis="vicious-circle",
        estimand=estimand,
        n_excluded=0,
        rules=RULES,
        direction_verdict="both",
    )
    effect, meaning = verdict_parts(circle, EN)
    assert effect == (
        "Of a rise or fall on one side, 2.8% comes back to it two waves later, by way of the other side (95% interval "
        "0.6% to 5.0%)."
    )
    assert meaning.startswith(
        "Each moves the other. That supports the claim: within units the one is seen to follow"
    )


def test_what_was_not_tested_says_whether_the_design_is_why() -> None:
    assert direction_words(untested(None), EN) == []
    assert verdict_parts(untested("undetermined_by_design"), EN) == (
        "These data cannot test the claim.",
        "Which comes first cannot be told from data of this design. 12 units can be linked; at least 30 are needed.",
    )
    assert verdict_parts(untested(None), EN)[1] == "12 units can be linked; at least 30 are needed."


def page_of(finding: Finding, links: Links, **frames: pd.DataFrame) -> Direction:
    empty = pd.DataFrame()
    frames = {"effects": empty, "paths": empty, "lags": empty, "shocks": empty} | frames
    names = ("ex-precedes-cx", "two-way", "vicious-circle")
    label = {"nl": "stemming", "en": "mood"}
    note = (Note(message="Which of the two effects is the larger one stays open."),)
    return Direction(
        dict.fromkeys(names, finding), links, labels={"ex": label, "cx": label}, shares=(True, False), n_waves=3,
        nuance=note if finding.tested else (), **frames,
    )  # fmt: skip


@pytest.mark.parametrize("texts", [EN, NL])
def test_the_page_holds_together_whatever_could_be_asked(texts: Texts) -> None:
    levels, deviations, lines = units()
    links = Links(
        levels, deviations, lines, (record("between", 0.4, 0.7, unit="correlation", label="{effect}"),)
    )
    shocks = pd.DataFrame(
        [{"term": "ex_to_cx", "shock": "fall", "estimate": 0.1, "conf_low": 0.0, "conf_high": 0.2, "conf_level": 0.95,
          "n": 900, "n_units": 60}]
    )  # fmt: skip
    page = Page(language=texts.language, rules=RULES)
    for result in (
        page_of(two_way((0.1, 0.3), (0.1, 0.2), "both"), links, paths=paths(), shocks=shocks),
        page_of(untested("undetermined_by_design"), links),
        page_of(untested(None), NO_LINKS),
    ):
        drawn = direction_figures(result, texts=texts, rules=RULES)
        assert list(drawn) == ["links", "paths", "models", "lags"]
        for picture in drawn.values():
            assert page.figure(picture).data
        for table in direction_tables(result).values():
            assert page.table(**table).data
        assert direction_answer(result, texts=texts)
    answer = direction_answer(page_of(two_way((0.1, 0.3), (0.1, 0.2), "both"), links), texts=EN)
    assert answer == "Each moves the other. Which of the two effects is the larger one stays open."
    undetermined = page_of(untested("undetermined_by_design"), links)
    assert (
        direction_figures(undetermined, texts=EN, rules=RULES)["paths"]
        == undetermined.findings["two-way"].reason
    )
