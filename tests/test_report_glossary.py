"""One concept has one word: no Dutch text of a report uses a word that the glossary forbids."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from exresearch.findings.claims import load_claims
from exresearch.findings.registry import load_registry

ROOT = Path(__file__).parents[1]


def _forbidden():
    """Read the last column of the glossary's last table."""
    table = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").partition("## Words to avoid")[2]
    rows = [line.strip("| ").split("|") for line in table.splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in rows[0]][-1] == "Forbidden in Dutch"
    return [word.strip() for row in rows[2:] for word in row[-1].split(",")]


def _used(text, words):
    return [
        word for word in words if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text, re.IGNORECASE)
    ]


def _dutch(value):
    """Yield every text under a key ``nl``, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings(inner) if key == "nl" else _dutch(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _dutch(inner)


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        yield from value


@pytest.fixture(scope="module")
def forbidden():
    return _forbidden()


def test_the_glossary_forbids_what_is_most_often_confused(forbidden):
    assert {"betrokkenheid", "significant", "je", "jullie", "matig bevlogen"} <= set(forbidden)
    assert _used("Een significant verschil in betrokkenheid.", forbidden) == ["betrokkenheid", "significant"]
    assert _used("Insignificante jeugd", forbidden) == []


def test_the_catalogue_uses_no_forbidden_word(forbidden):
    with (ROOT / "exresearch" / "report" / "locale" / "nl.po").open("rb") as stream:
        catalogue = read_po(stream, locale="nl")
    # Names of settings stand in code, and places between braces are no words.
    texts = [re.sub(r"\{[^}]*\}|`[^`]*`", " ", str(entry.string)) for entry in catalogue if entry.id]
    assert len(texts) > 300
    assert [(text, used) for text in texts if (used := _used(text, forbidden))] == []


def test_the_registry_and_the_published_figures_use_no_forbidden_word(forbidden):
    registry = [hypothesis.model_dump(mode="json") for hypothesis in load_registry().hypotheses]
    figures = [figure.model_dump(mode="json") for figure in load_claims()]
    texts = list(_dutch(registry + figures))
    assert len(texts) > 100
    assert [(text, used) for text in texts if (used := _used(text, forbidden))] == []


def test_the_verdicts_have_the_names_of_the_glossary():
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    with (ROOT / "exresearch" / "report" / "locale" / "nl.po").open("rb") as stream:
        catalogue = read_po(stream, locale="nl")
    for english in ("supported", "contradicted", "no meaningful effect", "inconclusive", "not testable"):
        assert f"| {english} | {catalogue[english].string} | {english} |" in glossary
