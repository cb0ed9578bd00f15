"""A third language is a catalogue and nothing else; and no page speaks two languages."""

import datetime
import importlib.util
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml

from exresearch.disclosure import DisclosureRules
from exresearch.findings import (
    Finding,
    Note,
    SmallestEffect,
    Verdict,
    load_claims,
    load_registry,
    not_testable,
)
from exresearch.report import Page, Texts
from exresearch.report.claims import render_claims
from exresearch.report.failure import plain_reason
from exresearch.report.index import render_index
from exresearch.report.methods import render_methods
from exresearch.report.notebook import notebook_title
from exresearch.report.numbers import interval
from exresearch.report.site import PageLink, SiteContext, render_failure, render_page
from exresearch.run.plan import available_notebooks
from exresearch.study import load_settings
from exresearch.study.languages import FOLDER_VARIABLE, in_language, languages, listed, worded
from exresearch.study.parameters import LocalText, parse_study
from exresearch.study.problems import StudyError
from tests.wordlists import DUTCH, ENGLISH, hits, references, texts_of

ROOT = Path(__file__).parents[1]
RULES = DisclosureRules()
OPEN, SHUT = "⟦", "⟧"
# What Markdown makes of the beginning of a line stays in front of the sign.
_LINE = re.compile(r"^(\s*(?:#+ |[-*] |\d+\. |> )?)(.*?)(\s*)$")
STUDY = {"client": "acme", "title": {"en": "Acme"}, "codebook": "c.yaml", "tables": {"units": "u.csv"}}


def pseudo(message: str) -> str:
    """Translate a message into a language that everybody can see: each line of it between signs."""
    lines = message.split("\n")
    return "\n".join(_LINE.sub(rf"\1{OPEN}\2{SHUT}\3", line) if line.strip() else line for line in lines)


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("messages", ROOT / "tools" / "messages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def dutch(tool):
    """Return the Dutch of every message; that none is missing is tested with the tool."""
    return {str(entry.id): str(entry.string) for entry in tool.read_catalogue() if entry.id}


@pytest.fixture(scope="module")
def folder(tool, dutch, tmp_path_factory):
    """Write a catalogue of German in which nothing is German."""
    folder = tmp_path_factory.mktemp("locale")
    wanted = tool.wanted("de", {message: [] for message in dutch})
    catalogue = tool.read_catalogue(folder / "de.po")
    for message in wanted:
        catalogue.add(message, string=pseudo(message))
    tool.write_catalogue(catalogue, wanted, folder / "de.po")
    return folder


@pytest.fixture
def german(folder, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    return Texts("de", strict=True)


def unwrapped(text: str) -> str:
    """Return what of a text did not come from the catalogue."""
    before = None
    while before != text:
        before, text = text, re.sub(rf"{OPEN}[^{OPEN}{SHUT}]*{SHUT}", " ", text)
    return text


def findings() -> list[Finding]:
    shared = {"disclosure_rule": Note(message=RULES.sentence()[0], values=RULES.sentence()[1])}
    decided = Finding(
        hypothesis="engaged-minority",
        verdict=Verdict.SUPPORTED,
        estimand="share",
        unit_of_measurement="share",
        null=0.5,
        direction="less",
        smallest_effect=SmallestEffect(low=0.45, high=0.55),
        family="engaged-minority",
        estimate=0.312,
        conf_low=0.295,
        conf_high=0.33,
        conf_level=0.95,
        p_value=0.0001,
        p_adjusted=0.0001,
        n=5812,
        n_units=120,
        n_excluded=3,
        method=Note(message="Korn-Graubard interval, answers of one unit kept together"),
        reason=Note(message="That supports the claim."),
        caveats=(
            Note(
                message="These data are missing: {missing}.",
                values={"missing": listed([worded("employees"), {"nl": "Groei", "en": "Wachstum"}])},
            ),
        ),
        **shared,
    )
    untested = not_testable(
        "ex-precedes-cx",
        reason=Note(message="These data are missing: {missing}.", values={"missing": worded("customers")}),
        rules=RULES,
    )
    return [decided, untested]


def site(language: str) -> SiteContext:
    texts = Texts(language)
    pages = [
        PageLink(path.stem, notebook_title(nbformat.read(path, as_version=4), texts))
        for path in available_notebooks()
    ]
    return SiteContext(
        language=language,
        title="Acme 2026",
        client="Acme",
        pages=tuple(pages),
        rules=RULES,
        written=frozenset(page.name for page in pages),
    )


def executed(language: str, name: str) -> nbformat.NotebookNode:
    """Return a notebook of the project with one table, one warning and one verdict as its outputs."""
    page = Page(language=language, rules=RULES)
    frame = pd.DataFrame({"label": [worded("Who rates")] * 2, "mean": [1234.5, 2.25], "n": [40, 50]})
    shown = [
        page.table(
            frame,
            count="n",
            caption="All claims at a glance",
            columns={"label": None, "mean": "Mean", "n": None},
        ),
        page.verdict(findings()[0]),
    ]
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and not cell.metadata.get("tags")]
    for cell, output in zip(cells, shown, strict=False):
        bundle = {"text/html": str(output.data)}
        cell.outputs = [nbformat.v4.new_output("display_data", data=bundle)]
    return notebook


def pages(language: str) -> dict[str, str]:
    context, found = site(language), findings()
    settings = parse_study(STUDY, file="acme.yaml")
    made = {
        "index": render_index(found, site=context).html,
        "methods": render_methods(found, site=context, settings=settings).html,
        "claims": render_claims(found, site=context, failed=[]),
        "failure": render_failure(
            name="00_data_readiness",
            title=context.pages[0].title,
            reason=plain_reason("MemoryError"),
            site=context,
        ),
    }
    name = "02_engagement_and_cx"
    made[name] = render_page(executed(language, name), name=name, site=context)
    return made


def test_the_languages_are_the_catalogues_that_are_there(german):
    assert languages() == ("de", "en", "nl")
    with pytest.raises(ValueError, match=r"^language must be one of de, en, nl; got 'fr'\.$"):
        Texts("fr")


def test_numbers_dates_and_lists_are_those_of_the_language(german):
    assert german.number(1234.5, "number1") == "1.234,5"
    assert german.number(0.125, "percent1") == "12,5\xa0%"
    assert german.number(datetime.date(2026, 3, 1), "date") == "1. März 2026"
    assert interval(0.1, 0.2, "points0", language="de") == f"{OPEN}10 to 20 {OPEN}%-points{SHUT}{SHUT}"
    assert german.listed(["a", {"en": "b"}]) == "a, b"


def test_a_page_in_a_third_language_has_no_other_language_on_it(german):
    for name, page in pages("de").items():
        assert '<html lang="de"' in page, name
        # A picture breaks a text into lines.
        rest = unwrapped("\n".join(texts_of(page)))
        assert hits([rest], ENGLISH | DUTCH, names=references()) == {}, name
        assert "1.234,50" in page or not name.startswith("0"), name


def test_texts_of_a_client_fall_back_and_never_fail(german):
    assert in_language({"nl": "Groei", "en": "Growth"}, "de") == "Growth"
    assert in_language({"nl": "Groei"}, "de") == in_language({"nl": "Groei"}, "en") == "Groei"
    assert LocalText.model_validate({"en": "Growth"}).nl == "Growth"
    assert LocalText.model_validate({"nl": "Groei"}).en == "Groei"
    assert german.pick({"fr": "Croissance"}) == "Croissance"


def test_a_label_of_ours_is_said_in_every_language(german):
    assert worded("Who rates") == {
        "de": f"{OPEN}Who rates{SHUT}",
        "en": "Who rates",
        "nl": "Wie beoordeelt",
    }
    assert load_registry()["engagement-cx"].title["de"] == f"{OPEN}Engagement and customer experience{SHUT}"


def test_a_study_may_be_in_any_language_there_is(german):
    assert parse_study(STUDY | {"language": "de"}, file="acme.yaml").language == "de"
    with pytest.raises(StudyError) as caught:
        parse_study(STUDY | {"language": "fr"}, file="acme.yaml")
    said = "acme.yaml: language: 'fr' is not a legal value. Legal: de, en, nl."
    assert str(caught.value.problems[0]) == said


def test_the_command_line_goes_before_the_study_file_and_that_before_english(tmp_path):
    (tmp_path / "c.yaml").write_text("variables: []", encoding="utf-8")
    file = tmp_path / "acme.yaml"
    file.write_text(yaml.safe_dump(STUDY), encoding="utf-8")
    assert load_settings(file).language == "en"
    file.write_text(yaml.safe_dump(STUDY | {"language": "nl"}), encoding="utf-8")
    assert load_settings(file).language == "nl"
    assert load_settings(file, overrides={"language": "en"}).language == "en"


def test_a_new_catalogue_is_begun_and_checked_by_the_tool(tool, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(tool, "all_messages", lambda: {"Who rates": ["a.py:1"]})
    assert tool.main(["--update", "--language", "pt_BR", "--folder", str(tmp_path)]) == 0
    assert tool.main(["--check", "--folder", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "pt_BR.po: missing: 'Who rates' (a.py:1)" in said
    # What has its Dutch beside it is for every other catalogue to translate.
    assert (
        "pt_BR.po: missing: 'Engagement and customer experience' (exresearch/findings/hypotheses.yaml)"
        in said
    )
    with pytest.raises(SystemExit):
        tool.main(["--update", "--language", "xx", "--folder", str(tmp_path)])
    assert "'xx' is no code of a language" in capsys.readouterr().err


@pytest.mark.parametrize(("language", "words"), [("nl", ENGLISH), ("en", DUTCH)])
def test_no_message_speaks_the_other_language(dutch, language, words):
    said = dutch.values() if language == "nl" else dutch.keys()
    # Keys and values of a file stand in quotation marks or as code; "not met" is the English past of "meet".
    bare = [re.sub(r"`[^`]*`|'[\w: ]+'|\{[^}]*\}|\bnot met\b", " ", text) for text in said]
    assert hits(bare, words, names=references()) == {}


@pytest.mark.parametrize(("language", "words"), [("nl", ENGLISH), ("en", DUTCH)])
def test_no_text_of_the_registry_and_the_ledger_speaks_the_other_language(language, words):
    listed_ = [*load_registry().hypotheses, *load_registry().families, *load_claims()]
    said = list(_under([item.model_dump(mode="json") for item in listed_], language))
    assert len(said) > 150
    assert hits(said, words, names=references()) == {}


def _under(value: object, key: str):
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield from ([inner] if isinstance(inner, str) else inner or [])
            else:
                yield from _under(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _under(inner, key)
