"""The catalogue of translations is complete, and nothing in it is stale."""

import importlib.util
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("messages", ROOT / "tools" / "messages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def messages(tool):
    return tool.all_messages()


def test_every_message_has_a_translation_and_every_translation_a_message(tool, messages):
    assert tool.problems(tool.read_catalogue(), messages) == []


def test_the_catalogue_is_written_as_the_tool_writes_it(tool, messages, tmp_path):
    path = tmp_path / "nl.po"
    tool.write_catalogue(tool.read_catalogue(), messages, path)
    assert path.read_bytes() == tool.CATALOGUE.read_bytes()


def test_messages_are_found_wherever_they_are_written(tool):
    source = """
_REASONS = {"a": "First reason.", "b": "Second reason."}
page.say("Said here.")
Note(message=_REASONS["a"])
label = "One way." if big else "Other way."
Note(message=label)
methods = {"x": "In a loop."}
for name, message in methods.items():
    Note(message=message)
page.table(frame, caption="A caption.", columns={"a": "A header", "b": None}, note=Note(message="A note."))
Column(mark("Marked"), "text")
worded(_REASONS["a"] if big else _MORE[kind])
_MORE = {"c": "Third reason."}
other("Not a message.")
"""
    found = {message for message, _ in tool.messages_in_code(source, where="x.py")}
    assert found == {
        "First reason.",
        "Second reason.",
        "Third reason.",
        "Said here.",
        "One way.",
        "Other way.",
        "In a loop.",
        "A caption.",
        "A header",
        "A note.",
        "Marked",
    }
    template = '{{ say("In a template.") }} {% set x = say("And {n:integer}.", n=1) %}'
    assert [m for m, _ in tool.messages_in_template(template, where="t")] == [
        "In a template.",
        "And {n:integer}.",
    ]


def test_a_text_in_two_languages_in_code_is_refused(tool):
    with pytest.raises(tool.Unextractable) as caught:
        list(tool.messages_in_code('x = {"nl": "Een tekst", "en": "A text"}', where="x.py"))
    assert str(caught.value) == "x.py:1: a text has its Dutch in the catalogue, not beside it."


def test_a_message_made_at_run_time_is_refused(tool):
    with pytest.raises(tool.Unextractable) as caught:
        list(tool.messages_in_code('page.say(f"{n} people")', where="x.py"))
    assert str(caught.value) == "x.py:1: a message is a literal with places, not an f-string."


def test_what_is_missing_stale_or_different_is_said(tool):
    catalogue = Catalog(locale="nl")
    catalogue.add("Gone", string="Weg")
    catalogue.add("{n:integer} people", string="{m:integer} mensen")
    catalogue.add("Empty", string="")
    messages = {"{n:integer} people": ["a.py:1"], "Empty": ["a.py:2"], "New": ["a.py:3"]}
    assert tool.problems(catalogue, messages) == [
        "missing: 'Empty' (a.py:2)",
        "missing: 'New' (a.py:3)",
        "stale: 'Gone'",
        "places differ: '{n:integer} people' -> '{m:integer} mensen'",
    ]


def test_a_translation_that_swallowed_another_message_is_said(tool):
    long = "Somebody put two entries of the catalogue together."
    catalogue = Catalog(locale="nl")
    catalogue.add(long, string="Iemand voegde twee vermeldingen samen.")
    catalogue.add("Short", string=f"Kort.{long}")
    assert tool.problems(catalogue, {long: ["a.py:1"], "Short": ["a.py:2"]}) == [
        "holds another message: 'Short'"
    ]
