"""Figures, tables and sentences about programmes: what they say in both languages, and what they keep back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note, Verdict
from exresearch.findings.analyses import programme_effect
from exresearch.report import Page, Texts
from exresearch.report import programmes as shown
from exresearch.report.figures import programme_checks, programme_courses, programme_events
from exresearch.report.sensitivity import curve_picture
from exresearch.report.sentences import verdict_parts
from exresearch.study import Study

SMALLEST = (-0.2, 0.2)
RULES = DisclosureRules()
LABELS = {"ex": "Mood", "cx": "Praise"}


def company(client: Any, *, customers: bool = True, seed: int = 4) -> Study:
    """Units that start in the third or fourth wave, or never, as a study of a table of units alone."""
    rng = np.random.default_rng(seed)
    unit, place = np.repeat(np.arange(42), 5), np.tile(np.arange(5), 42)
    start = np.array([2, 3, 9])[np.arange(42) % 3][unit]
    level = rng.normal(size=(2, 42))
    frame = pd.DataFrame(
        {
            "team": [f"u{u:02d}" for u in unit],
            "year": (2021 + place).astype(str),
            "mood": level[0][unit] + rng.normal(0, 0.3, len(unit)) + 0.9 * (place >= start),
            "praise": level[1][unit] + rng.normal(0, 0.3, len(unit)) + 0.9 * (place > start),
            "plan": (place >= start).astype(int),
        }
    )
    entry = client.entry
    entries = [
        entry("units", "team", "unit"),
        entry("units", "year", "wave"),
        entry("units", "mood", "measure", construct="mood", kind="mean"),
        entry("units", "plan", "flag"),
        entry("units", "praise", "measure", construct="cx" if customers else "other", kind="mean"),
    ]
    client.variables = {f"units.{e['column']}": e for e in entries}
    client.tables = {"units": frame}
    client.settings["tables"] = {"units": "units.csv"}
    return client.load()


def effect(study: Study) -> Any:
    """Notebook 10."""
    return programme_effect(
        study, programme="", anticipation=0, ex_measure="mood", cx_measure="cx", engaged_threshold=5.0,
        engaged_definition="threshold", min_unit_n=5, conf_level=0.95, n_boot=200, seed=1, rules=DisclosureRules(),
    )  # fmt: skip


def events() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two leads, the base and two effects on employees, and their average."""
    rows = pd.DataFrame(
        {
            "side": "ex",
            "event_time": [-3, -2, -1, 0, 1],
            "phase": ["lead", "lead", "base", "effect", "effect"],
            "counts": [False, False, False, True, True],
            "estimate": [0.1, -0.1, 0.0, 0.5, 0.7],
            "conf_low": [-0.2, -0.3, np.nan, 0.1, 0.2],
            "conf_high": [0.4, 0.1, np.nan, 0.9, 1.2],
            "band_low": [-0.4, -0.5, np.nan, -0.1, 0.0],
            "band_high": [0.6, 0.3, np.nan, 1.1, 1.4],
            "n_treated": [8, 12, np.nan, 12, 6],
            "n": 300,
        }
    )
    average = pd.DataFrame(
        {
            "side": ["ex"],
            "estimate": [0.6],
            "conf_low": [0.2],
            "conf_high": [1.0],
            "conf_level": [0.95],
            "n": 300,
        }
    )
    return rows, average


def drawn(picture: Any) -> str:
    """Every text in a figure."""
    axes = picture.figure.axes
    written = [text.get_text() for one in axes for text in one.texts]
    return " | ".join(written + [text.get_text() for text in picture.figure.texts])


@pytest.mark.parametrize("language", ["nl", "en"])
def test_event_study_says_what_it_shows(language: str) -> None:
    rows, average = events()
    texts = Texts(language)
    picture = programme_events(rows, average, texts=texts, rules=RULES, smallest_effect=SMALLEST)
    first, last = ("−3: 0,10 (−0,20 tot 0,40)", "+1: 0,70 (0,20 tot 1,20)") if language == "nl" else (
        "−3: 0.10 (−0.20 to 0.40)", "+1: 0.70 (0.20 to 1.20)")  # fmt: skip
    assert first in picture.alt
    assert last in picture.alt
    assert "−1:" not in picture.alt
    said = (
        "staat de medewerkersbeleving duidelijk hoger"
        if language == "nl"
        else "employee experience stands clearly higher"
    )
    assert said in picture.takeaway
    words = drawn(picture)
    assert texts.say("too small to matter").split()[0] in words
    assert {"8", "12", "6"} <= set(words.split(" | "))
    assert texts.number(0.6, "signed2") in words


def test_event_study_claims_nothing_that_its_interval_does_not_hold() -> None:
    rows, average = events()
    texts = Texts("en")
    open_ = programme_events(
        rows, average.assign(conf_low=-0.1), texts=texts, rules=RULES, smallest_effect=SMALLEST
    )
    assert open_.takeaway == "Since the start employee experience shows no clear effect."
    low = average.assign(estimate=-0.6, conf_low=-1.0, conf_high=-0.2)
    lower = programme_events(rows, low, texts=texts, rules=RULES, smallest_effect=SMALLEST)
    assert lower.takeaway == "Since the start employee experience stands clearly lower."
    with pytest.raises(ValueError, match="programme_events needs the columns"):
        programme_events(
            rows.drop(columns="band_low"), average, texts=texts, rules=RULES, smallest_effect=SMALLEST
        )


def test_page_of_a_whole_study(client: Any) -> None:
    result = effect(company(client))
    assert result.finding.verdict is Verdict.SUPPORTED
    for language in ("nl", "en"):
        page = Page(language=language, rules=DisclosureRules())
        pictures = shown.pictures(result, texts=page.texts, rules=RULES)
        assert list(pictures) == ["events", "courses", "checks"]
        blocks = [page.figure(picture).data for picture in pictures.values()]
        blocks += [page.table(**table).data for table in shown.tables(result).values()]
        blocks += [page.verdict(result.finding).data]
        blocks += [page.figure(curve_picture(result.choices, texts=page.texts)).data]
        everything = " ".join(blocks)
        assert "nan" not in everything.lower().replace("finan", "")
        # No unit is named.
        assert not any(f"u{number:02d}" in everything for number in range(42))
    effect_, meaning = verdict_parts(result.finding, Texts("en"))
    ex, cx = result.finding.components
    assert effect_ == (
        f"After its start, units with a programme stand {ex.estimate:.2f} standard deviations higher in employee "
        f"experience than they would have without it (95% interval {ex.conf_low:.2f} to {ex.conf_high:.2f}). From a "
        f"wave later on they stand {cx.estimate:.2f} standard deviations higher in customer experience (95% interval "
        f"{cx.conf_low:.2f} to {cx.conf_high:.2f})."
    )
    assert meaning.startswith("Supported: Employee experience from the start on, Customer experience")


def test_courses_show_each_start_beside_those_that_never_did(client: Any) -> None:
    result = effect(company(client))
    picture = programme_courses(
        result.courses, texts=Texts("en"), rules=RULES, labels=LABELS, ex_is_share=False
    )
    titles = [axes.get_title(loc="left") for axes in picture.figure.axes]
    assert titles == ["start 2023\n14 units", "start 2024\n14 units"] * 2
    frame = company(client).table("units")
    never = frame[frame.groupby("unit")["plan"].transform("max") == 0]
    mean = never.loc[never["wave"] == "2021", "mood"].mean()
    assert f"Mood, units that never started: 2021: {mean:.2f}".replace("-", "−") in picture.alt
    nothing = programme_courses(
        pd.DataFrame(), texts=Texts("en"), rules=RULES, labels=LABELS, ex_is_share=False
    )
    assert isinstance(nothing, Note)


def test_checks_count_whole_intervals_on_the_side_of_the_estimate() -> None:
    checks = pd.DataFrame(
        {
            "side": "ex",
            "kind": ["deciding", "check", "check", "placebo"],
            "check": ["deciding", "never", "weighted", "placebo_1"],
            "label": [
                "Employees",
                "Employees: against others",
                "Employees: by size",
                "Employees: one wave earlier",
            ],
            "estimate": [0.5, 0.4, 0.2, 0.3],
            "conf_low": [0.2, 0.1, -0.1, 0.1],
            "conf_high": [0.8, 0.7, 0.5, 9.0],
            "conf_level": 0.95,
            "n": 300,
        }
    )
    picture = programme_checks(checks, texts=Texts("en"), rules=RULES, smallest_effect=SMALLEST)
    assert picture.takeaway == (
        "1 of the 2 checks lie, with their whole interval, on the side of the deciding estimate. Of 1 starts that "
        "never were, 1 show a clear effect."
    )
    assert "Employees: by size: 0.20 (−0.10 to 0.50)" in picture.alt
    words = drawn(picture)
    assert "Against others" in words
    assert "Employees:" not in words
    # A limit far away does not squeeze the others.
    assert picture.figure.axes[0].get_xlim()[1] < 3


def test_effects_of_few_answers_are_neither_drawn_nor_said(client: Any) -> None:
    texts = Texts("en")
    rows, average = events()
    few = average.assign(n=4)
    assert isinstance(programme_events(rows, few, texts=texts, rules=RULES, smallest_effect=SMALLEST), Note)
    rows["n"] = [4, 250, 300, 300, 300]
    picture = programme_events(rows, average, texts=texts, rules=RULES, smallest_effect=SMALLEST)
    assert "−3:" not in picture.alt
    assert "−2:" not in picture.alt
    assert "+1:" in picture.alt
    courses = effect(company(client)).courses
    small = courses["side"].eq("ex") & courses["group"].eq(1) & courses["wave"].eq("2022")
    hidden = courses.assign(n=courses["n"].mask(small, 3))
    picture = programme_courses(hidden, texts=texts, rules=RULES, labels=LABELS, ex_is_share=False)
    group = picture.alt.partition("Mood, start 2023: ")[2].partition(";")[0]
    assert "2022:" not in group
    # Another course or wave of the same side goes along with it.
    whole = programme_courses(courses, texts=texts, rules=RULES, labels=LABELS, ex_is_share=False)
    assert [one.alt.partition("Praise")[0].count(": ") for one in (whole, picture)] == [18, 16]


def test_half_a_claim_is_shown_and_not_judged(client: Any) -> None:
    result = effect(company(client, customers=False))
    assert result.finding.verdict is Verdict.NOT_TESTABLE
    page = Page(language="en", rules=DisclosureRules())
    pictures = shown.pictures(result, texts=page.texts, rules=RULES)
    assert "Employee experience: on average" in pictures["events"].alt
    assert "Customer experience" not in pictures["events"].alt
    assert "These data are missing" in page.verdict(result.finding).data


def test_nothing_at_all_is_said_in_every_place(client: Any) -> None:
    study = company(client)
    study.tables["units"]["plan"] = 0.0
    result = effect(study)
    page = Page(language="nl", rules=DisclosureRules())
    for picture in shown.pictures(result, texts=page.texts, rules=RULES).values():
        assert "geen enkele eenheid begint" in page.figure(picture).data
    for table in shown.tables(result).values():
        assert "geen enkele eenheid begint" in page.table(**table).data
    curve = curve_picture(result.choices, texts=page.texts)
    assert "geen enkele eenheid begint" in page.figure(curve).data
