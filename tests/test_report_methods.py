"""Summary, methods and provenance: all derived, all explained, and through the same door as the notebooks."""

import re
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import yaml

from exresearch.disclosure import DisclosureRules, Entry
from exresearch.findings import (
    EstimateRecord,
    Note,
    Verdict,
    conclude_conjunction,
    load_registry,
    not_testable,
)
from exresearch.findings.finding import DecisionRule, SmallestEffect
from exresearch.report import Texts
from exresearch.report.answers import answer, numbers, would_help
from exresearch.report.asked import asked_of
from exresearch.report.certainty import CERTAINTIES, certainty, certainty_words
from exresearch.report.failure import plain_reason, section_of
from exresearch.report.index import render_index
from exresearch.report.lookup import load_sources, load_terms, sources_of
from exresearch.report.method_words import decision_words, missing_words, weighting_words
from exresearch.report.methods import render_methods
from exresearch.report.provenance_page import render_provenance, tables_of
from exresearch.report.site import PageLink, SiteContext, SummaryPage
from exresearch.run.door import check_disclosure
from exresearch.study.parameters import parse_study

ROOT = Path(__file__).parents[1]
RULES = DisclosureRules()
EN = Texts("en")
# Put together, so that no file of the project holds a path of somebody's machine.
SOMEBODY = "/".join(["", "home", "somebody"])


def _demo():
    return yaml.safe_load((ROOT / "params" / "demo.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def settings():
    return parse_study(_demo(), file="demo.yaml")


@pytest.fixture
def site():
    names = {hypothesis.notebook for hypothesis in load_registry().hypotheses}
    pages = tuple(PageLink(name, f"Page {name}") for name in sorted(names))
    return SiteContext(language="en", title="Report", client="Client", pages=pages, rules=RULES)


def part(term, low, high, *, p=0.001):
    return EstimateRecord(
        term=term, label=Note(message=term), unit_of_measurement="correlation", estimate=(low + high) / 2,
        conf_low=low, conf_high=high, conf_level=0.95, p_value=p, n=500, n_units=60,
        method=Note(message="bootstrap standard error over units, t interval on the Fisher z scale"),
    )  # fmt: skip


@pytest.fixture
def mixed():
    """Three links between units: two clear, one open."""
    parts = {
        "ex_cx": part("ex_cx", 0.2, 0.5),
        "ex_bx": part("ex_bx", 0.3, 0.6),
        "cx_bx": part("cx_bx", -0.05, 0.3, p=0.2),
    }
    return conclude_conjunction(parts, hypothesis="human-experience", n_excluded=0, rules=RULES)


@pytest.mark.parametrize(
    ("low", "high", "verdict", "direction", "expected"),
    [
        (0.2, 0.4, Verdict.SUPPORTED, "greater", "firm"),
        (0.05, 0.4, Verdict.SUPPORTED, "greater", "direction"),
        (-0.05, 0.05, Verdict.EQUIVALENT, "greater", "small"),
        (0.02, 0.05, Verdict.EQUIVALENT, "greater", "small"),
        (-0.05, 0.4, Verdict.INCONCLUSIVE, "greater", "leaning"),
        (-0.3, 0.4, Verdict.INCONCLUSIVE, "greater", "open"),
        (-0.3, 0.05, Verdict.INCONCLUSIVE, "greater", "leaning_against"),
        (-0.3, -0.05, Verdict.CONTRADICTED, "greater", "direction_against"),
        (-0.3, -0.2, Verdict.CONTRADICTED, "greater", "firm_against"),
        (0.05, 0.4, Verdict.INCONCLUSIVE, "greater", "corrected"),
        (-0.4, -0.2, Verdict.SUPPORTED, "less", "firm"),
        (-0.4, 0.05, Verdict.INCONCLUSIVE, "less", "leaning"),
        (-0.4, -0.2, Verdict.SUPPORTED, "two-sided", "firm"),
        (0.2, 0.4, Verdict.SUPPORTED, "two-sided", "firm"),
    ],
)
def test_words_for_certainty_follow_from_the_interval(low, high, verdict, direction, expected):
    rule = DecisionRule(
        estimand="x", null=0.0, direction=direction, smallest_effect=SmallestEffect(low=-0.1, high=0.1)
    )
    assert certainty(rule, low, high, verdict=verdict).id == expected


def test_every_word_for_certainty_can_be_said_and_speaks_of_no_probability():
    for rule in CERTAINTIES:
        assert not re.search(r"probab|likely|%|per cent", f"{rule.label} {rule.sentence}"), rule.id
    # Every pair of ends that an interval can have is ruled, but for those that are equivalence.
    zones = ("against", "little_against", "little_with", "with")
    pairs = {(a, b) for i, a in enumerate(zones) for b in zones[i:]}
    small = {(a, b) for a, b in pairs if {a, b} <= {"little_against", "little_with"}}
    assert {rule.ends for rule in CERTAINTIES if rule.ends} == pairs - small


def test_a_claim_of_several_parts_is_as_sure_as_each_of_them(mixed):
    said = [(words.names, words.id) for words in certainty_words(mixed, EN)]
    assert said == [
        ("Employees and customers; Employees and partners", "firm"),
        ("Customers and partners", "leaning"),
    ]
    assert answer(mixed, EN) == (
        "It stays open whether the experience of employees, customers and partners hangs together. Supported: "
        "ex_cx, ex_bx. Inconclusive: cx_bx."
    )
    assert numbers(mixed, EN)[2] == (
        "Customers and partners", "correlation 0.13 (95% interval −0.05 to 0.30) – open, leaning towards the claim",
    )  # fmt: skip
    assert would_help(mixed, EN) == "More units would help most: there are 60 now."


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_hypothesis_has_plain_answers_that_fit_their_sentence(language):
    for hypothesis in load_registry().hypotheses:
        answers = hypothesis.answers
        assert answers.question[language].startswith("of " if language == "nl" else "whether ")
        assert not answers.question[language].endswith(".")
        for said in (answers.supported, answers.contradicted, answers.equivalent):
            if said is not None:
                assert said[language].endswith(".")
                # A sentence for somebody who reads nothing else has no number in it.
                assert not re.search(r"\d", said[language])
        assert answers.supported[language] != answers.contradicted[language]
        assert all(estimand.meaning[language].endswith(".") for estimand in hypothesis.estimands)


def test_the_index_says_sureness_once_and_folds_what_could_not_be_tested(site, mixed):
    lacking = not_testable("two-way", reason=Note(message="There are two waves."), rules=RULES)
    page = render_index([mixed, lacking], site=site, made="2026-03-01T10:00:00+00:00")
    assert page.html.count("<h4>") == 1
    assert "Not equally sure in every part" in page.html
    folded = page.html.split('id="group-not-testable"')[1].split("</section>")[0]
    assert folded.index("<details") < folded.index('id="h-two-way"') < folded.index("There are two waves.")
    assert "Of 2 claims, 1 could be tested with these data, which support 0." in page.html
    assert "Made on 1 March 2026." in page.html


def test_what_the_summary_shows_reaches_the_audit(site, mixed, client):
    page = render_index([mixed], site=site)
    names = {entry.name for entry in page.entries}
    assert names == {"All hypotheses on one scale", "human-experience"}
    plan = SimpleNamespace(work=Path("nowhere"), study=client.load())
    record = check_disclosure(plan, [], rules=RULES, summaries=[page])
    assert record["entries"] == len(page.entries)
    more = SummaryPage("methods", "", (Entry("x", "words"),))
    assert check_disclosure(plan, [], rules=RULES, summaries=[page, more])["entries"] == len(page.entries) + 1


def test_what_was_asked_counts_answers_people_units_and_waves(client):
    study = client.load()
    asked = asked_of(study, texts=EN, rules=RULES)
    rows = len(study.tables["employees"])
    assert f"{rows:,} answers" in asked.data
    assert f"From {len(client.units)} units" in asked.where
    assert asked.entry.least >= RULES.min_respondents
    few = asked_of(study, texts=EN, rules=DisclosureRules(min_respondents=10**6))
    assert not re.search(r"\d", few.data)


def test_methods_describe_every_hypothesis_by_the_registry(site, settings, mixed):
    document = render_methods([mixed], site=site, settings=settings, failed=["04_direction"]).html
    for hypothesis in load_registry().hypotheses:
        block = document.split(f'id="m-{hypothesis.id}"')[1].split("</article>")[0]
        plain = re.sub(r"&#39;", "'", re.sub(r"&#34;", '"', block))
        for estimand in hypothesis.estimands:
            assert estimand.meaning.en in plain
            assert estimand.reason.en in plain
            assert decision_words(estimand, level=0.95, texts=EN) in plain
        assert load_registry().family_of(hypothesis.id).label.en in plain
    block = document.split('id="m-human-experience"')[1].split("</article>")[0]
    assert "Bootstrap standard error over units, t interval on the Fisher z scale" in block
    assert "corrected together by Holm" in block
    assert "Bonett" in block
    stopped = document.split('id="m-two-way"')[1].split("</article>")[0]
    assert "Not judged: the notebook stopped before its end." in stopped


def test_missing_answers_and_weights_are_said_as_they_were_set(settings):
    plain = " ".join(missing_words(settings, EN) + weighting_words(settings, EN))
    assert "filled in 20 times" in plain
    assert "none is left out for it" in plain
    assert "computes no weights" in plain
    set_otherwise = _demo() | {
        "quality": {"leave_out": ["too_fast"]},
        "weighting": {"employees": {"staff_list": ["function"]}},
    }
    set_otherwise["parameters"] = set_otherwise["parameters"] | {"n_imputations": 0}
    other = parse_study(set_otherwise, file="demo.yaml")
    changed = " ".join(missing_words(other, EN) + weighting_words(other, EN))
    assert "missing answers are not filled in" in changed
    assert "answered too fast" in changed
    assert (
        "Employees: weighted so that the answers resemble the population by function, each wave by itself."
        in changed
    )


def test_every_abbreviation_of_the_methods_is_explained(site, settings, mixed):
    document = render_methods([mixed], site=site, settings=settings).html
    text = re.sub(r"<[^>]+>", " ", document.split('<main id="main"')[1].split('id="literature"')[0])
    terms = {term.term.en for term in load_terms()}
    used = set(re.findall(r"\b(?:e?[A-Z]{2,}[0-9]?|rwg|[A-Z]{2}[0-9])\b", text))
    assert used - {word for term in terms for word in term.split()} == set()
    assert {"eNPS", "LMG"} <= used


def test_words_of_the_methods_are_those_of_the_glossary():
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("| ").split("|")]
        for line in glossary.splitlines()
        if line.startswith("| ")
    ]
    words = {}
    for row in rows:
        if len(row) == 4:
            words[row[2]] = row[1]
        elif len(row) == 3:
            english = [word.strip() for word in row[2].split(";")]
            words |= dict(
                zip(english, [re.sub(r" \(.*", "", word).strip() for word in row[1].split(";")], strict=False)
            )
    shared = [term for term in load_terms() if term.term.en in words]
    assert len(shared) > 8
    for term in shared:
        assert words[term.term.en] == term.term.nl, term.term.en
    for term in load_terms():
        for language in ("nl", "en"):
            assert term.meaning[language].endswith("."), term.term.en
            assert "." not in term.meaning[language].removesuffix("."), term.term.en


def test_the_literature_stands_beside_the_code_and_is_called_for():
    code = [
        path
        for folder in ("models", "measures", "findings")
        for path in (ROOT / "exresearch" / folder).rglob("*.py")
    ]
    docs = sorted((ROOT / "docs").glob("methods*.md"))
    said = "\n".join(path.read_text(encoding="utf-8") for path in [*code, *docs])
    registry = (ROOT / "exresearch" / "findings" / "hypotheses.yaml").read_text(encoding="utf-8")
    together = re.sub(r'"\s*\n\s*"', "", said) + registry
    for source in load_sources():
        assert source.doi in said, source.text
        assert [word for word in source.words if word not in together] == [], source.text
        # Nobody is cited by a name and year that the method descriptions do not have.
        assert source.doi or source.text.split(" (")[0].split(",")[0].split(" &")[0] in together, source.text
    holm = next(h for h in load_registry().hypotheses if h.id == "balance")
    assert any("Holm" in source.text for source in sources_of(holm, None))


RECORD = {
    "started": "2026-03-01T10:00:00+00:00",
    "exresearch": "0.1.0",
    "commit": {"id": "c" * 40, "changed": True},
    "lock_sha256": "d" * 64,
    "seed": 2016,
    "language": "nl",
    "study_file": {"file": f"{SOMEBODY}/client.yaml", "sha256": "e" * 64},
    "codebook": {"file": "codebook.yaml", "sha256": "f" * 64},
    "inputs": [{"table": "units", "file": f"{SOMEBODY}/units.csv", "rows": 35000, "sha256": "a" * 64}],
    "parameters": {"n_boot": 2000, "waves_overlap": False, "moderator": ""},
    "notebooks": [
        {"name": "08_human_experience", "status": "ok", "seconds": 3.24, "sha256": "b" * 64},
        {"name": "04_direction", "status": "failed", "seconds": 1.0, "sha256": "b" * 64},
    ],
    "packages": {"numpy": "2.4.6"},
    "disclosure": {"entries": 9, "groups": 8, "hidden": 7, "systems": 6, "attacked": 5, "worked_out": 0},
}  # fmt: skip


def test_provenance_leads_from_every_claim_to_its_data(site, settings, mixed):
    page = render_provenance(
        RECORD, [mixed], site=site, settings=settings, hashes={"human-experience": "9" * 64}
    )
    row = page.html.split('id="p-human-experience"')[1].split("</tr>")[0]
    assert 'href="08_human_experience.html#verdict-human-experience"' in row
    assert 'href="findings/human-experience.json"' in row
    assert "9" * 12 in row
    assert "9" * 13 not in row
    assert row.rstrip().endswith("<td>Units</td>")
    assert "exresearch run client.yaml --language nl" in page.html
    assert "git checkout " + "c" * 40 in page.html
    assert "cccccccccccc (changed since)" in page.html
    assert "The code had changes" in page.html
    assert "9 tables, figures and sentences" in page.html
    assert "Worked out: 0." in page.html
    assert "somebody" not in page.html
    states = page.html.split('<h2 id="notebooks">')[1].split("</table>")[0]
    assert states.count("<td>finished</td>") == 1
    assert "<td>failed</td>" in states.split('href="04_direction.html"')[1].split("</tr>")[0]
    assert states.count("kept from an earlier run") == len(site.pages) - 2
    assert (
        page.html
        == render_provenance(
            RECORD, [mixed], site=site, settings=settings, hashes={"human-experience": "9" * 64}
        ).html
    )


def test_the_tables_of_a_claim_are_those_the_study_has():
    linked = load_registry()["engagement-cx"]
    assert tables_of(linked, {"employees", "customers", "units"}) == ("employees", "customers")
    assert tables_of(linked, {"employees", "units"}) == ("employees", "units")
    assert tables_of(linked, {"units"}) == ("units",)
    assert tables_of(linked, {"people"}) == ("employees", "customers")


def test_a_failure_is_told_in_plain_words():
    for kind in ("KeyError", "ValueError", "MemoryError", "DeadKernelError", "LinAlgError", "Surprise"):
        said = plain_reason(kind).message
        assert "Error" not in said
        assert said.endswith(".")
    assert plain_reason("MemoryError") == plain_reason("DeadKernelError") != plain_reason("Surprise")
    new = nbformat.v4
    book = new.new_notebook(
        cells=[
            new.new_markdown_cell("# Title\n\n## First\n\nWords.", id="a"),
            new.new_code_cell("", id="b"),
            new.new_markdown_cell("### Second\n\nWords.", id="c"),
            new.new_code_cell("", id="d"),
        ]
    )
    assert [section_of(book, cell, EN) for cell in ("b", "d", "z")] == ["First", "Second", ""]
