"""Numbers as a Dutch or English reader writes them."""

import datetime

import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules, release
from exresearch.report import Texts, html_table, numbers
from exresearch.report.columns import SCORES
from exresearch.report.numbers import render


@pytest.mark.parametrize(
    ("value", "spec", "dutch", "english"),
    [
        (5812, "integer", "5.812", "5,812"),
        (1234567.8, "number1", "1.234.567,8", "1,234,567.8"),
        (2.675, "number2", "2,68", "2.68"),
        (-2.675, "number2", "−2,68", "−2.68"),
        (-0.001, "number2", "0,00", "0.00"),
        (0.5, "number0", "1", "1"),
        (0.124, "signed2", "+0,12", "+0.12"),
        (-0.124, "signed2", "−0,12", "−0.12"),
        (0.0, "signed2", "0,00", "0.00"),
        (0.145, "percent0", "15%", "15%"),
        (0.2949, "percent1", "29,5%", "29.5%"),
        (1.0, "percent0", "100%", "100%"),
        (-0.02, "percent0", "−2%", "−2%"),
        (0.0521, "points1", "5,2 %-punt", "5.2 %-points"),
        (0.0004, "p", "< 0,001", "< 0.001"),
        (0.001, "p", "0,001", "0.001"),
        (0.0496, "p", "0,050", "0.050"),
        (1, "p", "1,000", "1.000"),
        ("2026-03-01", "date", "1 maart 2026", "1 March 2026"),
        (datetime.date(2026, 12, 31), "date", "31 december 2026", "31 December 2026"),
    ],
)
def test_every_spec_in_both_languages(value, spec, dutch, english):
    assert render(value, spec, language="nl") == dutch
    assert render(value, spec, language="en") == english


@pytest.mark.parametrize(
    ("spec", "dutch", "english"),
    [
        ("number2", "1,21 tot 1,68", "1.21 to 1.68"),
        ("percent0", "121% tot 168%", "121% to 168%"),
        # The unit is said once.
        ("points0", "121 tot 168 %-punt", "121 to 168 %-points"),
    ],
)
def test_intervals(spec, dutch, english):
    assert numbers.interval(1.21, 1.68, spec, language="nl") == dutch
    assert numbers.interval(1.21, 1.68, spec, language="en") == english


@pytest.mark.parametrize(
    ("value", "spec", "message"),
    [
        (
            1.0,
            "number9",
            "unknown spec 'number9'; legal: integer, number0-6, signed0-6, percent0-6, points0-6, p, date, "
            "or none for text.",
        ),
        ("twelve", "integer", "spec 'integer' does not fit a value of type str."),
        (True, "integer", "spec 'integer' does not fit a value of type bool."),
        (3, "date", "spec 'date' does not fit a value of type int."),
        (float("nan"), "number2", "only finite numbers can be written; got nan."),
        (float("inf"), "percent0", "only finite numbers can be written; got inf."),
        (1.2, "p", "p_value must lie between 0 and 1; got 1.2."),
    ],
)
def test_what_cannot_be_written_is_refused(value, spec, message):
    with pytest.raises(ValueError) as caught:
        render(value, spec, language="en")
    assert str(caught.value) == message


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError) as caught:
        render(1.0, "number2", language="de")
    assert str(caught.value) == "language must be one of en, nl; got 'de'."


@pytest.mark.parametrize(
    ("unit", "shown"),
    [
        ("ratio", "0.31"),
        ("share", "31.2%"),
        ("share_difference", "31.2 %-points"),
        ("variance_share", "31.2 %-points"),
        ("points", "0.3"),
        ("correlation", "0.31"),
    ],
)
def test_digits_follow_the_unit_of_measurement(unit, shown):
    assert render(0.312, numbers.unit_spec(unit), language="en") == shown


def test_scores_and_their_limits_have_as_many_digits():
    row = {
        "variant": "US",
        "wave": "all waves",
        "estimate": -6.3,
        "conf_low": -23.7128,
        "conf_high": 11.6462,
        "conf_level": 0.95,
        "promoters": float("nan"),
        "passives": 0.5,
        "detractors": 0.25,
        "n": 143,
    }
    released = release(pd.DataFrame([row]), count="n", rules=DisclosureRules())
    shown = html_table(released, texts=Texts("en"), caption="eNPS", columns=SCORES)
    assert "−23.7 to 11.6" in shown
    assert "95% interval" in shown
