"""The page about employees, customers and partners: what figures and tables say, in both languages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note
from exresearch.findings.analyses import HumanExperience
from exresearch.findings.analyses.human.influence import Influence
from exresearch.findings.analyses.human.together import Together
from exresearch.findings.conclude import conclude_conjunction, not_testable
from exresearch.findings.finding import EstimateRecord
from exresearch.models import composite_sensitivity, consistency_index, partial_network, weakest_link
from exresearch.report import Page, Picture, Texts
from exresearch.report import figures as draw
from exresearch.report import human as shown
from exresearch.report.theme import svg

RULES = DisclosureRules()
EDGES = {"ex_cx": ("ex", "cx"), "ex_bx": ("ex", "bx"), "cx_bx": ("cx", "bx")}


@pytest.fixture(params=["nl", "en"])
def texts(request: pytest.FixtureRequest) -> Texts:
    return Texts(request.param, strict=True)


def links(
    between: tuple[float, float, float], within: tuple[float, float, float] | None = None
) -> pd.DataFrame:
    rows = []
    for check, values in (("deciding", between), ("within", within)):
        for (component, (x, y)), value in zip(EDGES.items(), values or (), strict=values is not None):
            rows.append(
                {"check": check, "component": component, "x": x, "y": y, "estimate": value}
                | {"conf_low": value - 0.15, "conf_high": value + 0.15, "conf_level": 0.95}
                | {"n": 4000 if check == "deciding" else 480, "n_units": 120}
            )
    return pd.DataFrame(rows)


def effects(value: float) -> pd.DataFrame:
    frame = pd.DataFrame(
        [{"predictor": x, "outcome": y} for x in ("ex", "cx", "bx") for y in ("ex", "cx", "bx")]
    )
    frame["estimate"] = np.where(frame["predictor"] == frame["outcome"], 0.4, 0.02)
    frame.loc[1, "estimate"] = value
    return frame.assign(
        conf_low=frame["estimate"] - 0.1,
        conf_high=frame["estimate"] + 0.1,
        conf_level=0.95,
        n_units=120,
        n=480,
    )


def picture_of(picture: Picture | Note) -> Picture:
    assert isinstance(picture, Picture)
    assert svg(picture.figure).startswith("<svg")
    return picture


def result() -> HumanExperience:
    rng = np.random.default_rng(1)
    units = pd.DataFrame(rng.normal(size=(60, 1)) + rng.normal(size=(60, 3)), columns=["ex", "cx", "bx"])
    network = partial_network(units, columns=["ex", "cx", "bx"], n_boot=199, seed=1)
    weakest, clear = weakest_link(network)
    labels = {name: {"nl": name, "en": name} for name in ("ex", "cx", "bx")}
    records = {
        edge: EstimateRecord(
            term=edge, label=Note(message="{edge}", values={"edge": edge}), unit_of_measurement="correlation",
            estimate=0.3, conf_low=0.1, conf_high=0.5, conf_level=0.95, n=4000, n_units=60, p_value=0.004,
            std_error=0.1, method=Note(message="{edge}", values={"edge": "x"}),
        )
        for edge in EDGES
    }  # fmt: skip
    finding = conclude_conjunction(records, hypothesis="human-experience", n_excluded=0, rules=RULES)
    outcome = units.assign(outcome=rng.normal(size=60))
    together = Together(
        consistency=consistency_index(units, columns=["ex", "cx", "bx"], n_boot=199, seed=1),
        weakest=weakest.assign(label=[{"nl": term, "en": term} for term in weakest["term"]]),
        clear=clear,
        composite=composite_sensitivity(
            outcome, weights=dict.fromkeys(labels, 1.0), outcome="outcome", seed=1
        ),
        weights=dict.fromkeys(labels, 1 / 3),
        outcome={"nl": "Omzet", "en": "Sales"},
    )
    return HumanExperience(
        finding, links((0.3, 0.4, 0.05), (0.3, 0.0, 0.0)), Influence(effects(0.3), effects(0.3)), together,
        labels=labels,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("between", "said"),
    [
        ((0.3, 0.4, 0.5), "All three sides"),
        ((0.3, 0.4, 0.05), "customers and partners"),
        ((0.05, 0.4, 0.05), "employees and partners"),
        ((0.05, 0.0, 0.05), "none of the three"),
        ((-0.4, 0.0, 0.05), "none of the three"),
    ],
)
def test_the_network_claims_what_its_intervals_allow(between: tuple[float, float, float], said: str) -> None:
    english, dutch = Texts("en", strict=True), Texts("nl", strict=True)
    found = picture_of(draw.three_sides_network(links(between), texts=english))
    assert said in found.takeaway
    assert "4,000" in found.caption
    assert found.alt.count(" to ") >= 3
    assert picture_of(draw.three_sides_network(links(between), texts=dutch)).takeaway != found.takeaway


@pytest.mark.parametrize(
    ("within", "said"),
    [
        ((0.3, 0.4, 0.0), "the same links"),
        ((0.0, 0.1, 0.0), "no link shows"),
        ((0.3, 0.0, 0.0), "customers” shows"),
    ],
)
def test_within_units_stands_beside_between(within: tuple[float, float, float], said: str) -> None:
    found = picture_of(
        draw.three_sides_network(links((0.3, 0.4, 0.05), within), texts=Texts("en", strict=True))
    )
    assert said in found.takeaway
    assert len(found.figure.axes) == 2


def test_the_matrix_says_which_side_moves_which(texts: Texts) -> None:
    moved = picture_of(draw.influence_matrix(effects(0.3), within=True, texts=texts))
    still = picture_of(draw.influence_matrix(effects(0.0), within=True, texts=texts))
    mixed = picture_of(draw.influence_matrix(effects(0.3), within=False, texts=texts))
    word = {"en": "from employees to customers", "nl": "van medewerkers naar klanten"}[texts.language]
    assert word in moved.takeaway
    assert word not in still.takeaway
    assert moved.takeaway != mixed.takeaway
    assert "120" in moved.caption


def test_the_triangle_says_how_many_units_move(texts: Texts) -> None:
    composite = result().together.composite
    assert composite is not None
    found = picture_of(
        draw.weight_triangle(composite.draws, weights={"ex": 1, "cx": 0, "bx": 0}, n_units=60, texts=texts)
    )
    median = 1 - composite.draws["same_group"].median()
    assert texts.number(median, "percent0") in found.takeaway
    assert {"en": "1,000", "nl": "1.000"}[texts.language] in found.caption


def test_every_table_can_be_shown_and_says_why_not(texts: Texts) -> None:
    page = Page(language=texts.language, rules=RULES)
    whole = result()
    for name, table in shown.tables(whole, texts=texts).items():
        html = page.table(**table).data
        assert ("<table" in html) == (name not in ("two_sides", "unmeasured"))
    assert {"en": "Sales", "nl": "Omzet"}[texts.language] in page.table(
        **shown.tables(whole, texts=texts)["composite"]
    ).data
    reason = Note(message="Fewer than {needed:integer} people answered.", values={"needed": 5})
    empty = HumanExperience(not_testable("human-experience", reason=reason, rules=RULES))
    for table in shown.tables(empty, texts=texts).values():
        assert "<table" not in page.table(**table).data
    assert all(isinstance(one, Note) for one in shown.pictures(empty, texts=texts).values())
    assert texts.note(shown.weakest_words(empty)) == texts.note(empty.finding.reason)


def test_the_weakest_link_is_named_or_left_open(texts: Texts) -> None:
    whole = result()
    tied = texts.note(shown.weakest_words(replace(whole, together=replace(whole.together, clear=False))))
    clear = texts.note(shown.weakest_words(replace(whole, together=replace(whole.together, clear=True))))
    assert {"en": "stays open", "nl": "blijft open"}[texts.language] in tied
    assert {"en": "tied", "nl": "gelijk"}[texts.language] not in clear


def test_a_reason_takes_the_place_of_effects_over_time(texts: Texts) -> None:
    note = Note(message="There is one wave: what follows what cannot be seen.")
    without: Any = replace(result(), influence=Influence(note=note))
    assert shown.pictures(without, texts=texts)["influence"] == note
