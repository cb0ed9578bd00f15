"""The page about business outcomes: figures that say what they show, tables, and nothing of small groups."""

from __future__ import annotations

import dataclasses
import re

import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note, conclude_conjunction, not_testable
from exresearch.findings.analyses import BusinessOutcomes
from exresearch.findings.finding import EstimateRecord
from exresearch.report import Page, Texts
from exresearch.report import business as shown
from exresearch.report.figures import outcome_forest, outcome_timing, rate_levels
from exresearch.report.sentences import verdict_sentence
from exresearch.report.theme import svg

RULES = DisclosureRules()
LABELS = {
    "turnover": {"nl": "Verloop", "en": "Turnover"},
    "productivity": {"nl": "Productiviteit", "en": "Productivity"},
}
NUMBERS = {"turnover": (0.87, 0.80, 0.93), "productivity": (0.02, -0.09, 0.13)}
UNITS = {"turnover": "rate_ratio", "productivity": "standardised"}


def estimates(component: str, shift: float = 0.0) -> dict[str, object]:
    names = ("estimate", "conf_low", "conf_high")
    return {
        "component": component,
        "label": LABELS[component],
        "unit_of_measurement": UNITS[component],
        **{name: value + shift for name, value in zip(names, NUMBERS[component], strict=True)},
        "conf_level": 0.95,
        "n": 900,
        "n_units": 60,
    }


@pytest.fixture
def result() -> BusinessOutcomes:
    records = {
        name: EstimateRecord(
            term=name,
            label=Note(message="{outcome}", values={"outcome": LABELS[name]}),
            unit_of_measurement=UNITS[name],  # type: ignore[arg-type]
            estimate=estimate,
            conf_low=low,
            conf_high=high,
            conf_level=0.95,
            p_value=0.001 if name == "turnover" else 0.7,
            n=900,
            n_units=60,
            method=Note(message="{outcome}", values={"outcome": "x"}),
        )
        for name, (estimate, low, high) in NUMBERS.items()
    }
    finding = conclude_conjunction(records, hypothesis="business-outcomes", n_excluded=0, rules=RULES)
    bounds = {"turnover": (0.952, 1.05), "productivity": (-0.1, 0.1)}
    outcomes = pd.DataFrame(
        [
            estimates(part.term)
            | {"verdict": str(part.verdict), "low": bounds[part.term][0], "high": bounds[part.term][1]}
            for part in finding.components
        ]
    )
    checks = pd.DataFrame(
        [
            estimates(name, shift) | {"check": check}
            for name in NUMBERS
            for check, shift in (("declared", 0.0), ("same", -0.02), ("after", 0.03), ("within", 0.05))
        ]
    )
    levels = pd.DataFrame(
        {
            "component": "turnover",
            "label": [LABELS["turnover"]] * 3,
            "group": [1, 2, 3],
            "ex": [0.2, 0.5, 0.7],
            "estimate": [0.045, 0.034, 0.028],
            "conf_low": [0.039, 0.03, 0.024],
            "conf_high": [0.052, 0.038, 0.034],
            "conf_level": 0.95,
            "n_units": [20, 21, 22],
            "n": [400, 410, 420],
        }
    )
    dispersion = pd.DataFrame(
        [
            {
                "component": "turnover",
                "label": LABELS["turnover"],
                "model": "poisson",
                "n_events": 300,
                "mean": 1.7,
                "statistic": 0.0,
                "p_value": 1.0,
                "estimate": 0.0,
                "dispersion": 0.97,
                "n": 900,
            }
        ]
    )
    strength = {
        "e_value": 1.58,
        "e_value_limit": 1.35,
        "robustness_value": 0.23,
        "robustness_value_limit": 0.1,
    }
    confounding = pd.DataFrame([estimates(name) | strength for name in NUMBERS])
    confounding.loc[0, ["robustness_value", "robustness_value_limit"]] = float("nan")
    label = {"nl": "Aandeel bevlogen medewerkers", "en": "Share of engaged employees"}
    return BusinessOutcomes(finding, outcomes, checks, levels, dispersion, confounding, {"ex": label}, True)


def words(html: str) -> str:
    return re.sub(
        r"\s+", " ", re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).replace("\u00a0", " ")
    )


def test_the_forest_says_each_outcome_with_its_interval(result: BusinessOutcomes) -> None:
    picture = outcome_forest(result.outcomes, texts=Texts("en"))
    assert picture.alt == (
        "Turnover: 0.87 (0.80 to 0.93), supported; Productivity: 0.02 (−0.09 to 0.13), inconclusive. The claim is "
        "supported for 1 of 2 outcomes."
    )
    dutch = outcome_forest(result.outcomes, texts=Texts("nl"))
    assert dutch.alt.startswith(
        "Verloop: 0,87 (0,80 tot 0,93), onderbouwd; Productiviteit: 0,02 (−0,09 tot 0,13)"
    )
    assert "95%-intervallen" in dutch.caption
    # Ratios on a log axis, slopes on a linear one.
    assert [axes.get_xscale() for axes in picture.figure.axes] == ["log", "linear"]


def test_the_timing_names_what_goes_with_later_experience(result: BusinessOutcomes) -> None:
    texts = Texts("en")
    picture = shown.pictures(result, texts=texts, rules=RULES)["timing"]
    assert not isinstance(picture, Note)
    assert picture.takeaway == (
        "Turnover: also linked with experience that was measured afterwards, which cannot be the cause."
    )
    assert "Turnover: experience a wave after: 0.90 (0.83 to 0.96)" in picture.alt
    assert picture.alt.index("wave before") < picture.alt.index("same wave") < picture.alt.index("wave after")
    open_ = result.checks.assign(timing="after", conf_low=-1.0, conf_high=2.0)
    open_ = open_[open_["check"] == "after"]
    assert outcome_timing(open_, texts=texts).takeaway.startswith("No outcome clearly goes with")


def test_rates_are_per_hundred_people_with_intervals(result: BusinessOutcomes) -> None:
    picture = rate_levels(
        result.levels,
        texts=Texts("nl"),
        rules=RULES,
        ex_label="Aandeel bevlogen medewerkers",
        ex_is_share=True,
    )
    assert picture is not None
    assert picture.takeaway == (
        "Vertrekkers per 100 medewerkers, in één meting: 4,5 waar de beleving het laagst is, 2,8 waar ze het hoogst is."
    )
    assert "20%: 4,5 (3,9–5,2)" in picture.alt
    assert "minstens 20 eenheden" in picture.caption


@pytest.mark.parametrize(("column", "value"), [("n_units", 4), ("n", 4)])
def test_rates_of_few_units_or_people_are_not_drawn(
    result: BusinessOutcomes, column: str, value: int
) -> None:
    few = result.levels.copy()
    few.loc[1, column] = value
    options = {"texts": Texts("en"), "rules": RULES, "ex_label": "x", "ex_is_share": True}
    assert rate_levels(few, **options) is None  # type: ignore[arg-type]
    assert rate_levels(few.head(0), **options) is None  # type: ignore[arg-type]
    said = shown.pictures(dataclasses.replace(result, levels=few), texts=Texts("en"), rules=RULES)["levels"]
    assert isinstance(said, Note)


def test_outcomes_of_few_people_are_not_drawn_and_take_company(result: BusinessOutcomes) -> None:
    texts = Texts("en")
    few = pd.concat([result.outcomes, result.outcomes.assign(label="Third")], ignore_index=True)
    few.loc[0, "n"] = 3
    picture = outcome_forest(few, texts=texts)
    assert not isinstance(picture, Note)
    assert "Turnover" not in picture.alt
    assert "0.87 (0.80 to 0.93)" not in picture.alt.replace("Third: 0.87", "")
    assert picture.alt.count("to") < 4 * 2
    assert isinstance(outcome_forest(few.assign(n=3), texts=texts), Note)
    assert isinstance(outcome_timing(result.checks.assign(timing="same", n=3), texts=texts), Note)


def test_a_group_in_which_nobody_left_is_not_drawn(result: BusinessOutcomes) -> None:
    none_left = result.levels.copy()
    none_left.loc[2, ["estimate", "conf_low"]] = 0.0
    options = {"texts": Texts("en"), "rules": RULES, "ex_label": "x", "ex_is_share": True}
    assert rate_levels(none_left, **options) is None  # type: ignore[arg-type]


def test_wide_intervals_end_in_an_arrow_and_do_not_break_the_axis(result: BusinessOutcomes) -> None:
    wide = result.outcomes.assign(conf_low=[0.001, -9.0], conf_high=[900.0, 9.0])
    assert svg(outcome_forest(wide, texts=Texts("en")).figure).startswith("<svg")


def test_tables_show_checks_by_outcome(result: BusinessOutcomes) -> None:
    page = Page(language="en", rules=RULES)
    tables = shown.tables(result, texts=page.texts)
    checks = words(page.table(**tables["checks"]).data)
    assert "Based on Turnover Productivity Answers" in checks
    assert "As in the verdict 0.87 (0.80 to 0.93) 0.02 (−0.09 to 0.13) 900" in checks
    assert checks.index("Changes within units alone") < checks.index("Experience of a wave after")
    assert "Poisson" in words(page.table(**tables["dispersion"]).data)
    strength = words(page.table(**tables["confounding"]).data)
    assert "Turnover 0.87 0.80 to 0.93 1.58 1.35 – –" in strength
    assert "23% 10%" in strength


def test_earnings_are_explained_with_what_was_published() -> None:
    for language, lines in {
        "en": ["147% higher", "2% lower", "Schneider, B., Hanges", "2010-2012"],
        "nl": ["147% hoger", "2% lager", "Grote bedrijven in de Verenigde Staten"],
    }.items():
        page = Page(language=language, rules=RULES)  # type: ignore[arg-type]
        text = words(page.words(**shown.published(shown.EARNINGS, texts=page.texts)).data)
        assert all(line in text for line in lines)
    harter = shown.published(shown.UNITS, texts=Texts("en"))["frame"]
    assert harter["value"].tolist() == ["−0.30", "0.25", "0.17"]


def test_the_verdict_is_in_plain_words(result: BusinessOutcomes) -> None:
    assert verdict_sentence(result.finding, Texts("en")).startswith(
        "Turnover: where employee experience is one standard deviation better, the rate a wave later is 0.87 times as "
        "high (95% interval 0.80 to 0.93)."
    )
    assert "0,87 keer zo hoog" in verdict_sentence(result.finding, Texts("nl"))


def test_what_could_not_be_tested_is_said_everywhere(result: BusinessOutcomes) -> None:
    message = "None of the four outcomes is measured by unit in such a way that it can be linked with the wave before."
    reason = Note(message=message)
    finding = not_testable("business-outcomes", reason=reason, rules=RULES)
    none = pd.DataFrame()
    empty = BusinessOutcomes(finding, none, none, none, none, none, result.labels, False)
    page = Page(language="nl", rules=RULES)
    assert list(shown.pictures(empty, texts=page.texts, rules=RULES).values()) == [reason] * 3
    for table in shown.tables(empty, texts=page.texts).values():
        assert "Geen van de vier uitkomsten" in words(page.table(**table).data)
