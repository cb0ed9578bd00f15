"""Figures and tables about the chain: what they say in both languages, and that they say nothing too much."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note
from exresearch.findings.analyses import EngagementChain
from exresearch.findings.conclude import conclude, estimand_for, not_testable
from exresearch.findings.finding import EstimateRecord
from exresearch.models.mediation import ProportionMediated
from exresearch.report import Page, Picture, Texts
from exresearch.report import chain as shown
from exresearch.report.figures.chain import chain_diagram, confounding_curves, road_forest
from exresearch.report.theme import svg

RULES = DisclosureRules()
ORDER = ("experience", "engagement", "ambassadors", "cx")
LABELS = {
    "experience": {"nl": "Beleving", "en": "Experience"},
    "engagement": {"nl": "Bevlogenheid", "en": "Engagement"},
    "ambassadors": {"nl": "Ambassadeurschap", "en": "Ambassadorship"},
    "cx": {"nl": "Klantbeleving", "en": "Customer experience"},
}
SMALLEST = (-0.01, 0.01)


@pytest.fixture(params=["nl", "en"])
def texts(request: pytest.FixtureRequest) -> Texts:
    return Texts(request.param, strict=True)


def links(last: float) -> pd.DataFrame:
    ends = [(0, 1, 0.8), (1, 2, 0.7), (2, 3, last), (0, 2, 0.1), (1, 3, 0.2), (0, 3, 0.0)]
    rows = [{"source": ORDER[a], "target": ORDER[b], "estimate": value} for a, b, value in ends]
    frame = pd.DataFrame(rows)
    return frame.assign(
        conf_low=frame["estimate"] - 0.05,
        conf_high=frame["estimate"] + 0.05,
        conf_level=0.95,
        n=4000,
        n_units=60,
    )


def roads(through: float, serial: float) -> pd.DataFrame:
    values = {
        "total": 0.4, "direct": 0.4 - through, "total_indirect": through,
        "experience > engagement > cx": through - serial - 0.01,
        "experience > ambassadors > cx": 0.01, " > ".join(ORDER): serial,
    }  # fmt: skip
    frame = pd.DataFrame({"term": list(values), "estimate": list(values.values())})
    return frame.assign(
        conf_low=frame["estimate"] - 0.08,
        conf_high=frame["estimate"] + 0.08,
        conf_level=0.95,
        n=4000,
        n_units=60,
    )


def curves() -> tuple[pd.DataFrame, pd.DataFrame]:
    rho = np.linspace(-0.95, 0.95, 39)
    parts = [
        pd.DataFrame({"link": name, "rho": rho, "effect": 0.12 * (zero - rho) / zero})
        for name, zero in (("engagement", 0.7), ("customers", 0.15))
    ]
    hidden = pd.DataFrame({"link": ["engagement", "customers"], "rho_zero": [0.7, 0.15], "n": 4000})
    return pd.concat(parts, ignore_index=True), hidden


def result(share: ProportionMediated) -> EngagementChain:
    row = roads(0.35, 0.12).iloc[-1]
    deciding = EstimateRecord(
        term="serial_indirect_effect",
        label=Note(message="Serial indirect effect"),
        unit_of_measurement="standardised",
        **{name: float(row[name]) for name in ("estimate", "conf_low", "conf_high", "conf_level")},
        n=4000,
        n_units=60,
        p_value=0.001,
        method=Note(message="three regressions on units by wave, waves held constant, bootstrap over units"),
    )
    finding = conclude(
        deciding,
        hypothesis="engagement-chain",
        estimand=estimand_for("engagement-chain"),
        n_excluded=0,
        rules=RULES,
    )
    drawn, hidden = curves()
    colleagues = links(0.2).iloc[:2].assign(n=[4100, 4000])
    return EngagementChain(
        finding=finding,
        labels=LABELS,
        paths=links(0.2),
        effects=roads(0.35, 0.12),
        colleagues=colleagues,
        proportion=share,
        curves=drawn,
        hidden=hidden,
    )


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        (0.2, "Each of the three links of the chain shows with an interval without zero."),
        (
            0.02,
            "Two of the three links of the chain show with an interval without zero; the chain needs all three.",
        ),
    ],
)
def test_the_diagram_says_how_many_links_hold(last: float, sentence: str) -> None:
    names = {name: label["en"] for name, label in LABELS.items()}
    drawn = chain_diagram(links(last), order=ORDER, labels=names, texts=Texts("en", strict=True))
    assert isinstance(drawn, Picture)
    assert drawn.takeaway == sentence
    assert "From “Experience” to “Engagement”: 0.80 (0.75 to 0.85)." in drawn.alt
    assert "4,000 answers of employees in 60 units" in drawn.caption


@pytest.mark.parametrize(
    ("through", "serial", "sentence"),
    [
        (
            0.35, 0.12,
            "Along the whole chain go 0.12 of the 0.40 standard deviations between experience and customers, with an "
            "interval without zero.",
        ),
        (
            0.35, 0.05,
            "Of the 0.40 standard deviations between experience and customers 0.35 go through people's engagement or "
            "ambassadorship; along which road cannot be told apart.",
        ),
        (
            0.06, 0.02,
            "That experience reaches customers through engagement or ambassadorship does not show with an interval "
            "without zero.",
        ),
    ],
)  # fmt: skip
def test_the_roads_claim_no_more_than_their_intervals(through: float, serial: float, sentence: str) -> None:
    frame = roads(through, serial).assign(label="Road")
    drawn = road_forest(
        frame, deciding=" > ".join(ORDER), texts=Texts("en", strict=True), smallest_effect=SMALLEST
    )
    assert isinstance(drawn, Picture)
    assert drawn.takeaway == sentence


def test_the_weakest_place_is_named() -> None:
    drawn = confounding_curves(*curves(), texts=Texts("en", strict=True), smallest_effect=SMALLEST)
    assert isinstance(drawn, Picture)
    assert (
        drawn.takeaway == "A hidden cause that leaves a correlation of 0.15 would bring the chain to nothing."
    )


def test_everything_is_said_in_both_languages(texts: Texts) -> None:
    made = result(ProportionMediated(0.9, 0.6, 1.3, None))
    for picture in shown.pictures(made, texts=texts).values():
        assert isinstance(picture, Picture)
        assert svg(picture.figure).startswith("<svg")
    page = Page(language=texts.language, rules=RULES)
    table = page.table(**shown.tables(made, texts=texts)["links"]).data
    assert table.count("<tr>") == 9
    assert ("4.100" if texts.language == "nl" else "4,100") in table
    assert "90" in table


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("total_includes_zero", "is not said: the whole may be zero."),
        ("opposite_signs", "is not said: the two go opposite ways."),
    ],
)
def test_a_share_that_is_none_is_refused_in_words(reason: str, sentence: str) -> None:
    made = result(ProportionMediated(None, None, None, reason))  # type: ignore[arg-type]
    table = shown.tables(made, texts=Texts("en", strict=True))["links"]
    assert sentence in Texts("en").note(table["note"])


def test_what_was_not_tested_says_why_everywhere(texts: Texts) -> None:
    why = Note(message="Fewer than {needed:integer} people answered.", values={"needed": 200})
    made = EngagementChain(not_testable("engagement-chain", reason=why, rules=RULES))
    assert all(drawn == why for drawn in shown.pictures(made, texts=texts).values())
    page = Page(language=texts.language, rules=RULES)
    for table in shown.tables(made, texts=texts).values():
        assert texts.note(why) in page.table(**table).data


def test_nothing_to_draw_is_a_note() -> None:
    texts = Texts("en", strict=True)
    empty = pd.DataFrame()
    assert isinstance(chain_diagram(empty, order=ORDER, labels={}, texts=texts), Note)
    assert isinstance(road_forest(empty, deciding="x", texts=texts, smallest_effect=SMALLEST), Note)
    assert isinstance(confounding_curves(empty, empty, texts=texts, smallest_effect=SMALLEST), Note)
