"""Messages, their translations and the values in their places."""

import pytest

from exresearch.findings import Note, load_registry
from exresearch.report import MissingTranslation, Texts
from exresearch.report.text import places


def test_a_message_is_translated_and_its_numbers_written_in_the_language():
    values = {"low": 5650, "high": 6012, "waves": 6}
    message = "Between {low:integer} and {high:integer} people answered in each of {waves} waves."
    assert Texts("en").say(message, **values) == "Between 5,650 and 6,012 people answered in each of 6 waves."
    dutch = "Aan elk van de 6 metingen deden tussen 5.650 en 6.012 mensen mee."
    assert Texts("nl", strict=True).say(message, **values) == dutch
    assert Texts("nl", strict=True).note(Note(message=message, values=values)) == dutch


def test_a_missing_translation_is_english_in_a_report_and_an_error_where_it_is_checked():
    message = "Nobody has translated {n:integer} of these."
    assert Texts("nl").say(message, n=1200) == "Nobody has translated 1.200 of these."
    with pytest.raises(MissingTranslation) as caught:
        Texts("nl", strict=True).say(message, n=1200)
    assert str(caught.value) == f"no 'nl' translation of {message!r}; run tools/messages.py --update."


@pytest.mark.parametrize(
    ("message", "values", "error"),
    [
        (
            "{n:integer} of {total:integer}",
            {"n": 1},
            "message '{n:integer} of {total:integer}': places without a value: total; values without a "
            "place: none.",
        ),
        (
            "{n:integer}",
            {"n": 1, "m": 2},
            "message '{n:integer}': places without a value: none; values without a place: m.",
        ),
        ("{n", {"n": 1}, "message '{n' has braces that do not match: expected '}' before end of string."),
        (
            "{n.real}",
            {"n": 1},
            "message '{n.real}': a place is a plain name with an optional spec; got {n.real}.",
        ),
        ("{}", {}, "message '{}': a place is a plain name with an optional spec; got {}."),
        ("{x}", {"x": 1.5}, "a place without a spec takes text or a whole number; got a float."),
        ("{x}", {"x": {}}, "a label must be text, a note, or a text in some language; got a dict."),
        ("{x:number2}", {"x": "much"}, "spec 'number2' does not fit a value of type str."),
    ],
)
def test_places_and_values_must_match(message, values, error):
    with pytest.raises(ValueError) as caught:
        Texts("en").say(message, **values)
    assert str(caught.value) == error


def test_labels_are_text_notes_mappings_or_registry_texts():
    texts = Texts("nl", strict=True)
    assert texts.pick("Zorg") == "Zorg"
    assert texts.pick({"nl": "Bevlogenheid", "en": "Engagement"}) == "Bevlogenheid"
    assert texts.pick(Note(message="{n} units", values={"n": 3})) == "3 eenheden"
    assert texts.pick(load_registry()["engagement-cx"].title) == "Bevlogenheid en klantbeleving"


@pytest.mark.parametrize(("p", "said"), [(0.0123, "p = 0.012"), (0.0000001, "p < 0.001")])
def test_a_small_p_value_reads_well(p, said):
    assert Texts("en").say("p = {p:p}", p=p) == said


def test_years_stay_years():
    assert Texts("nl").say("{year}", year=2016) == "2016"


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError) as caught:
        Texts("fr")
    assert str(caught.value) == "language must be one of en, nl; got 'fr'."


def test_places_of_a_message():
    assert places("{n:integer} of {unit}, {n:integer}") == {("n", "integer"), ("unit", "")}
