"""Tables: headers in words, digits by column, small groups hidden."""

import re

import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules, Groups, Measure, Released, read_ledger, release
from exresearch.findings import Note
from exresearch.report import Column, Page, Texts, html_table
from exresearch.report.page import LEDGER

RULES = DisclosureRules()
TEXTS = Texts("en")


@pytest.fixture
def groups():
    return pd.DataFrame(
        {
            "group": ["Sales & Service", "Care", "Board"],
            "estimate": [0.412, 0.38, 0.97531],
            "conf_low": [0.37, 0.33, 0.7],
            "conf_high": [0.45, 0.43, 1.0],
            "conf_level": [0.95] * 3,
            "unit_of_measurement": ["share"] * 3,
            "n": [1500, 40, 3],
        }
    )


def shown(frame, count=40):
    """Release a frame as a whole."""
    return release(frame, count=count, rules=RULES)


def cells(table, tag="td"):
    return re.findall(rf"<{tag}(?: [^>]*)?>([^<]*)", str(table))


def test_numbers_follow_unit_and_language(groups):
    columns = ["group", "estimate", "conf_low", "n"]
    english = html_table(shown(groups), texts=TEXTS, caption="Groups", columns=columns)
    assert cells(english)[:3] == ["41.2%", "37.0% to 45.0%", "1,500"]
    assert [c for c in cells(english, "th") if c][:4] == ["Group", "Estimate", "95% interval", "Answers"]
    dutch = html_table(shown(groups), texts=Texts("nl", strict=True), caption="Groepen", columns=columns)
    assert cells(dutch)[:3] == ["41,2%", "37,0% tot 45,0%", "1.500"]
    assert "95%-interval" in dutch


def test_a_table_is_accessible(groups):
    table = html_table(shown(groups), texts=TEXTS, caption="Groups", columns=["group", "n"])
    assert "<caption><span>Groups</span></caption>" in table
    assert table.count('scope="col"') == 2
    assert table.count('scope="row"') == 3
    assert 'role="group" tabindex="0" aria-label="Groups"' in table
    assert "Sales &amp; Service" in table


def test_small_groups_and_the_row_that_would_give_them_away_are_hidden(groups):
    page = Page(language="en", rules=RULES)
    html = page.table(
        groups, count="n", caption="Groups", columns=["group", "estimate", "conf_low", "n"]
    ).data
    # Board has 3 answers; Care is hidden with it.
    assert html.count("n &lt; 5</td>") == 6
    for secret in ("97.5", "38.0", "0.97", ">3<", ">40<"):
        assert secret not in html
    assert "41.2%" in html
    assert (
        "“n &lt; 5”: not shown, because fewer than 5 people answered or because the number would give such "
        "a group away." in html
    )


def test_a_higher_minimum_is_named(groups):
    page = Page(language="nl", rules=DisclosureRules(min_respondents=50))
    html = page.table(groups, count="n", caption="Groups", columns=["group", "estimate"]).data
    # Care and Board together are still fewer than 50, so the third group goes with them.
    assert html.count("n &lt; 50</td>") == 3


def test_a_whole_table_on_too_few_people_shows_no_number(groups):
    page = Page(language="en", rules=RULES)
    html = page.table(groups, count=4, caption="Groups", columns=["group", "estimate", "n"]).data
    assert "%" not in html.split("<tbody>")[1].split("</tbody>")[0]


def test_missing_values_words_and_details():
    frame = pd.DataFrame(
        {
            "label": [Note(message="{n} units", values={"n": 4}), {"nl": "Zorg", "en": "Care"}],
            "estimate": [1.5, float("nan")],
            "unit_of_measurement": ["ratio", "share"],
            "p_value": [0.0001, None],
            "verdict": ["supported", None],
            "detail": ["how it was done", ""],
            "open": [True, False],
            "step": ["all waves", "rows"],
        }
    )
    columns = dict.fromkeys(["label", "estimate", "unit_of_measurement", "p_value", "verdict", "detail"])
    table = html_table(
        shown(frame),
        texts=Texts("nl", strict=True),
        caption="x",
        columns={**columns, "open": {"nl": "Open", "en": "Open"}, "step": Column("Step", "message")},
    )
    assert cells(table) == [
        "1,50",
        "verhouding",
        "&lt; 0,001",
        "onderbouwd",
        "ja",
        "alle metingen",
        "–",
        "aandeel",
        "–",
        "–",
        "nee",
        "rijen",
    ]
    assert '4 eenheden<small class="exr-detail">how it was done</small>' in table


def test_a_row_with_nothing_known_has_no_interval(groups):
    frame = groups.assign(estimate=[0.4, None, 0.5], conf_low=[0.3, None, 0.4], conf_high=[0.5, None, 0.6])
    table = html_table(shown(frame), texts=TEXTS, caption="x", columns=["group", "estimate", "conf_low"])
    assert cells(table)[2:4] == ["–", "–"]


def test_unknown_columns_and_headers_are_named(groups):
    with pytest.raises(ValueError) as caught:
        html_table(shown(groups), texts=TEXTS, caption="x", columns=["group", "size", "age"])
    assert str(caught.value) == (
        "table: no column size, age; the frame has group, estimate, conf_low, conf_high, conf_level, "
        "unit_of_measurement, n."
    )
    with pytest.raises(ValueError) as caught:
        html_table(shown(groups.assign(shoe_size=1)), texts=TEXTS, caption="x")
    assert str(caught.value) == (
        "table: no standard header for shoe_size; give one in columns={name: 'Header'}."
    )


def test_only_a_released_frame_becomes_a_table(groups):
    with pytest.raises(AttributeError):
        html_table(groups, texts=TEXTS, caption="x", columns=["n"])
    entry = shown(groups).entry
    with pytest.raises(TypeError) as caught:
        Released(frame=groups, hidden=groups["n"] < 0, rules=RULES, entry=entry)
    assert str(caught.value) == "a frame is released by exresearch.disclosure.release and in no other way."


def test_a_table_carries_its_entry_and_nothing_that_is_hidden(groups):
    page = Page(language="en", rules=RULES)
    who = Groups("employees", by={"department": "group"}, measures={"estimate": Measure("engaged")})
    block = page.table(groups, count="n", caption="Groups", columns=["group", "estimate"], groups=who)
    (entry,) = read_ledger(block.metadata[LEDGER])
    assert (entry.name, entry.kind, entry.population, entry.least) == ("Groups", "groups", "employees", 1500)
    assert [(cell.group["department"], cell.n, cell.hidden) for cell in entry.cells] == [
        ("Sales & Service", 1500, False),
        ("Care", None, True),
        ("Board", None, True),
    ]
    assert [cell.totals[0].total for cell in entry.cells] == [pytest.approx(0.412 * 1500), None, None]


def test_a_table_of_words_takes_no_numbers(groups):
    page = Page(language="en", rules=RULES)
    with pytest.raises(ValueError, match="hold numbers; say how many people are behind them"):
        page.words(groups, caption="x")
    assert "Board" in page.words(groups[["group"]], caption="x").data


def test_the_frame_is_not_changed(groups):
    before = groups.copy(deep=True)
    Page(language="en", rules=RULES).table(groups, count="n", caption="x", columns=["group", "n"])
    pd.testing.assert_frame_equal(groups, before)
