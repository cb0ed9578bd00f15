"""Human work and standardisation, and colleagues, on the page: what it says in both languages, and of nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note
from exresearch.findings.analyses import PeersCarryPeers, PeopleNotProcess
from exresearch.findings.conclude import conclude, conclude_conjunction, estimand_for, not_testable
from exresearch.findings.finding import EstimateRecord
from exresearch.report import Page, Picture, Texts
from exresearch.report import people as shown
from exresearch.report.figures.people.checks import CheckGroup, checks_forest
from exresearch.report.theme import svg

RULES = DisclosureRules()
SAID = Note(message="{part}", values={"part": "a"})
LABELS = {name: {"nl": name, "en": name} for name in ("autonomy", "standardisation", "human_skill", "cx")}


@pytest.fixture(params=["nl", "en"])
def texts(request: pytest.FixtureRequest) -> Texts:
    return Texts(request.param, strict=True)


def record(term: str, estimate: float, *, half: float = 0.1, **more: Any) -> EstimateRecord:
    given: dict[str, Any] = {
        "term": term, "label": SAID, "unit_of_measurement": "standardised", "estimate": estimate,
        "conf_low": estimate - half, "conf_high": estimate + half, "conf_level": 0.95, "n": 900, "n_units": 60,
        "std_error": half / 2, "p_value": 0.001, "method": SAID,
    }  # fmt: skip
    return EstimateRecord(**(given | more))


def process(interplay: float) -> PeopleNotProcess:
    finding = conclude_conjunction(
        {"autonomy": record("autonomy", 0.2), "standardisation": record("standardisation", interplay)},
        hypothesis="people-not-process",
        n_excluded=0,
        rules=RULES,
        robustness=[
            record("contact_autonomy", 0.2),
            record("contact_interaction", interplay),
            record("other_product_interaction", 0.3),
        ],
    )
    levels = ["low", "mean", "high"]
    slopes = pd.DataFrame({"level": levels, "estimate": [0.5 - interplay, 0.5, 0.5 + interplay]})
    slopes = slopes.assign(conf_low=slopes["estimate"] - 0.1, conf_high=slopes["estimate"] + 0.1, n=120)
    lines = pd.DataFrame([{"level": level, "x": x} for level in levels for x in (3.0, 4.0, 5.0)])
    lines["estimate"] = 7 + lines["x"] * np.repeat(slopes["estimate"].to_numpy(), 3)
    lines = lines.assign(conf_low=lines["estimate"] - 0.2, conf_high=lines["estimate"] + 0.2)
    known = pd.DataFrame({"label": [SAID], "reliability": [0.8], "n": [900]})
    return PeopleNotProcess(finding, slopes, lines.assign(conf_level=0.95, n=120), known, LABELS)


def peers(effect: float, *, n: int = 100) -> PeersCarryPeers:
    deciding = record("peer_effect", effect)
    ambassadors = tuple(
        record(f"ambassadors_{name}", 0.1, unit_of_measurement="slope")
        for name in ("voluntary", "assigned", "difference")
    )
    finding = conclude(
        deciding,
        hypothesis="peers-carry-peers",
        estimand=estimand_for("peers-carry-peers"),
        n_excluded=10,
        rules=RULES,
        robustness=[record("peers_plain", effect), record("peers_later", 0.5), *ambassadors],
    )
    bins = pd.DataFrame({"bin": [1, 2, 3], "x": [-0.1, 0.0, 0.1], "y": [-effect, 0.0, effect]})
    bins = bins.assign(
        conf_low=bins["y"] - 0.05, conf_high=bins["y"] + 0.05, conf_level=0.95, n=[n, 200, 200], n_clusters=30
    )
    return PeersCarryPeers(
        finding, bins, 10 * effect, (deciding,), ambassadors, "us", 300, {"nl": "eNPS", "en": "eNPS"}
    )


def drawn(texts: Texts, interplay: float = -0.2, effect: float = 0.2, **more: Any) -> dict[str, Any]:
    return shown.pictures(process(interplay), peers(effect, **more), texts=texts, rules=RULES)


def test_every_figure_says_what_it_shows(texts: Texts) -> None:
    for name, picture in drawn(texts).items():
        assert isinstance(picture, Picture), name
        assert picture.caption, name
        assert picture.takeaway in picture.alt
        assert svg(picture.figure).startswith("<svg")


@pytest.mark.parametrize(
    ("interplay", "expected"),
    [
        (-0.2, "Where more is laid down, skill does less for customers: the slope is 0.70 where little is laid down "
         "and 0.30 where much is."),
        (0.2, "Where more is laid down, skill does more for customers: the slope is 0.30 where little is laid down and "
         "0.70 where much is."),
        (-0.05, "That skill does less for customers where more is laid down does not show: the slopes are 0.55 and "
         "0.45."),
    ],
)  # fmt: skip
def test_the_takeaway_on_skill_follows_the_interval(interplay: float, expected: str) -> None:
    assert drawn(Texts("en"), interplay)["skill"].takeaway == expected


@pytest.mark.parametrize(
    ("effect", "start"),
    [(0.2, "After a wave with more ambassadors among colleagues, people recommend the employer more than they usually "
      "do: from −0.20 to +0.20 between the outer groups."),
     (-0.2, "After a wave with more ambassadors among colleagues, people recommend the employer less than they usually "
      "do: from +0.20 to −0.20 between the outer groups."),
     (0.05, "Whether people recommend the employer more after a wave with more ambassadors among colleagues does not "
      "show: −0.05 and +0.05 in the outer groups.")],
)  # fmt: skip
def test_the_takeaway_on_colleagues_follows_the_interval(effect: float, start: str) -> None:
    assert drawn(Texts("en"), effect=effect)["peers"].takeaway == start


def test_too_few_answers_in_a_group_leave_the_figure_out() -> None:
    picture = drawn(Texts("en"), n=RULES.min_respondents - 1)["peers"]
    assert isinstance(picture, Note)
    assert isinstance(drawn(Texts("en"), n=RULES.min_respondents)["peers"], Picture)


def test_checks_with_too_few_answers_are_not_drawn() -> None:
    groups = [CheckGroup("Checks", [record("small", 0.777, n=4), record("large", 0.3)], record("first", 0.2))]
    picture = checks_forest(groups, texts=Texts("en", strict=True))
    assert "0.78" not in picture.alt
    assert "0.30" in picture.alt
    assert picture.shown[0].n_hidden == 1
    with pytest.raises(ValueError, match="no group has a row"):
        checks_forest([CheckGroup("Checks", [record("small", 0.777, n=4)])], texts=Texts("en", strict=True))


def test_each_check_stands_once_with_the_part_it_is_about() -> None:
    pictures = drawn(Texts("en"))
    # Contact for each part, and another interplay that is compared with nothing.
    assert pictures["process_checks"].alt.count("Deciding estimate") == 2
    assert "Another interplay, for comparison" in pictures["process_checks"].alt
    # What should be nothing is not among the checks that are counted.
    assert "What cannot be: should be nothing" in pictures["peer_checks"].alt


def test_tables_say_why_they_are_empty(texts: Texts) -> None:
    full = shown.tables(process(-0.2), peers(0.2))
    assert [len(table["frame"]) for table in full.values()] == [1, 3]
    reason = Note(message="Fewer than {needed:integer} people answered.", values={"needed": 200})
    nothing = {
        name: not_testable(name, reason=reason, rules=RULES)
        for name in ("people-not-process", "peers-carry-peers")
    }
    empty = PeopleNotProcess(nothing["people-not-process"]), PeersCarryPeers(nothing["peers-carry-peers"])
    assert [table["note"] for table in shown.tables(*empty).values()] == [reason, reason]
    assert all(isinstance(one, Note) for one in shown.pictures(*empty, texts=texts, rules=RULES).values())
    # Colleagues can be tested where nobody is an ambassador.
    untold = shown.tables(process(-0.2), PeersCarryPeers(peers(0.2).finding))["ambassadors"]["note"]
    assert (
        untold.message
        == "Ambassadors of their own accord and appointed ones could not be set beside each other."
    )
    page = Page(language=texts.language, rules=RULES)
    for table in full.values():
        assert page.table(**table)
