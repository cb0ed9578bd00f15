"""Pages: whole, escaped, deterministic, and without any request."""

import html.parser
import re
from dataclasses import replace
from itertools import pairwise

import nbformat
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import (
    DetectableEffect,
    EstimateRecord,
    Finding,
    Note,
    SmallestEffect,
    Verdict,
    conclude_conjunction,
    load_registry,
    not_testable,
)
from exresearch.report import Page, Texts
from exresearch.report.index import render_index
from exresearch.report.notebook import convert_notebook
from exresearch.report.site import PageLink, SiteContext, render_failure, render_page
from exresearch.report.verdict import verdict_block

RULES = DisclosureRules()
MESSAGE, VALUES = RULES.sentence()
# Put together, so that no file of the project holds a path of somebody's machine.
SOMEBODY = "/".join(["", "home", "somebody"])
EVIL = "<script>alert('x')</script> & Co"
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Outline(html.parser.HTMLParser):
    """Tags and attributes of a page, with a check that they are closed in order."""

    def __init__(self, document):
        super().__init__()
        self.seen, self.stack = [], []
        self.feed(document)
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def count(self, tag):
        return sum(1 for name, _ in self.seen if name == tag)


@pytest.fixture
def site():
    def make(language="nl", **more):
        pages = (PageLink("00_data_readiness", "Gegevens"), PageLink("02_engagement_and_cx", EVIL))
        return SiteContext(language=language, title="Rapport", client=EVIL, pages=pages, rules=RULES, **more)

    return make


@pytest.fixture
def findings():
    shared = {
        "reason": Note(message="That supports the claim."),
        "disclosure_rule": Note(message=MESSAGE, values=VALUES),
    }
    share = Finding(
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
        method=Note(message="{name}", values={"name": EVIL}),
        caveats=(Note(message="{name}", values={"name": EVIL}),),
        **shared,
    )
    untested = Finding(
        hypothesis="ex-precedes-cx",
        verdict=Verdict.NOT_TESTABLE,
        estimand="x",
        unit_of_measurement="standardised",
        null=0.0,
        direction="greater",
        smallest_effect=SmallestEffect(low=-0.05, high=0.05),
        family="direction",
        detectable_effect=DetectableEffect(kind="correlation", value=0.25, power=0.8, n=124),
        **shared,
    )
    return [untested, share]


@pytest.fixture
def notebook(findings):
    page = Page(language="nl", rules=RULES)
    frame = pd.DataFrame({"group": [EVIL, "b"], "n": [40, 50]})
    shown = [
        page.table(frame, count="n", caption="All waves"),
        page.verdict(findings[1]),
        page.warning("No answer is missing."),
    ]
    new = nbformat.v4
    outputs = [
        new.new_output("display_data", data={"text/html": item.data, "text/plain": "x"}) for item in shown
    ]
    outputs.append(new.new_output("stream", name="stderr", text=f"Warning: {SOMEBODY}/secret"))
    outputs.append(new.new_output("error", ename="E", evalue="secret", traceback=["secret"]))
    return new.new_notebook(
        cells=[
            new.new_markdown_cell("# Title of the page\n\nFirst words."),
            new.new_code_cell("seed: int = 1\nconf_level: float = 0.95", metadata={"tags": ["parameters"]}),
            new.new_code_cell(
                f"seed = 2016\nfile = '{SOMEBODY}/x.yaml'", metadata={"tags": ["injected-parameters"]}
            ),
            new.new_markdown_cell("## Same heading\n\n## Same heading\n\n# A second title"),
            new.new_code_cell("page.table(frame)", outputs=outputs),
        ]
    )


@pytest.fixture
def documents(site, findings, notebook):
    def make(language="nl"):
        context = site(language, synthetic=True, source=EVIL)
        return {
            "page": render_page(notebook, name="02_engagement_and_cx", site=context),
            "index": render_index(
                findings, site=context, failed=["02_engagement_and_cx"], made="2026-03-01T10:00:00+00:00"
            ).html,
            "failure": render_failure(
                name="00_data_readiness",
                title=EVIL,
                reason=Note(message="{x}", values={"x": EVIL}),
                site=context,
            ),
        }

    return make


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("kind", ["page", "index", "failure"])
def test_every_page_is_whole_and_asks_for_nothing(documents, kind, language):
    document = documents(language)[kind]
    outline = Outline(document)
    tags = dict.fromkeys(tag for tag, _ in outline.seen)
    assert (outline.count("h1"), outline.count("main"), outline.count("header"), outline.count("footer")) == (
        1,
        1,
        1,
        1,
    )
    assert next(attrs for tag, attrs in outline.seen if tag == "html")["lang"] == language
    assert not {"link", "iframe"} & set(tags)
    scripts = [attrs for tag, attrs in outline.seen if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "exr-places"}, {}]
    for _, attrs in outline.seen:
        for name in ("src", "href"):
            if name in attrs:
                assert re.match(r"(data:image/svg\+xml;base64,|#|[0-9a-z_/-]+\.(html|json))", attrs[name])
    assert not re.search(r"url\(|@import|https?:", document)
    assert "default-src 'none'" in document
    levels = [int(tag[1]) for tag, _ in outline.seen if re.fullmatch(r"h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [attrs["id"] for _, attrs in outline.seen if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {attrs["href"][1:] for _, attrs in outline.seen if attrs.get("href", "").startswith("#")} <= set(
        ids
    )
    assert all(attrs.get("alt") for tag, attrs in outline.seen if tag == "img")


@pytest.mark.parametrize("kind", ["page", "index", "failure"])
def test_client_text_is_escaped_and_no_path_shown(documents, kind):
    document = documents()[kind]
    assert "<script>alert" not in document
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; Co" in document
    for secret in ("/home", "somebody", "secret", "Traceback"):
        assert secret not in document


def test_the_same_input_gives_the_same_bytes(documents):
    assert documents() == documents()


def test_fictional_data_are_called_that(site, findings):
    said = "Fictieve gegevens."
    assert said in render_index(findings, site=site(synthetic=True)).html
    assert said not in render_index(findings, site=site(synthetic=False)).html


def test_a_page_translates_its_prose_hides_its_code_and_shows_its_settings(site, notebook):
    text = "Between {low:integer} and {high:integer} people answered in each of {waves} waves."
    notebook.cells[3].source = "Settings of this run"
    document = render_page(notebook, name="02_engagement_and_cx", site=site())
    assert "<h1>Title of the page</h1>" in document
    assert "<p>Instellingen van dit rapport</p>" in document
    assert text not in document
    assert ".input{display:none}" in document
    assert re.search(
        r'<button type="button" id="code-button" aria-pressed="false"[^>]* hidden>Code tonen<', document
    )
    settings = document.split("Instellingen van dit rapport</summary>")[1]
    assert "<td><code>2016</code></td><td>Startgetal van elke toevallige trekking.</td>" in settings
    assert "<code>conf_level</code></th><td><code>0,95</code></td>" in settings
    assert "<td><code>x.yaml</code></td>" in settings
    assert 'class="exr-lab"' not in document


def test_headings_are_unique_and_in_the_contents(site, notebook):
    document = render_page(notebook, name="02_engagement_and_cx", site=site())
    assert '<h2 id="same-heading">' in document
    assert '<h2 id="same-heading-2">' in document
    assert '<h2 id="a-second-title">' in document
    assert '<a href="#same-heading-2">Same heading</a>' in document


def test_a_notebook_needs_a_title_and_a_page(site, notebook):
    with pytest.raises(ValueError) as caught:
        render_page(notebook, name="99_other", site=site())
    assert str(caught.value) == (
        "page '99_other' is not in the site; its pages are index, 00_data_readiness, 02_engagement_and_cx, claims, "
        "methods, provenance."
    )
    del notebook.cells[0]
    notebook.cells[2].source = "No heading"
    with pytest.raises(ValueError) as caught:
        render_page(notebook, name="02_engagement_and_cx", site=site())
    assert str(caught.value) == "the notebook has no title; its first Markdown cell must begin with '# '."


def test_rendering_does_not_change_the_notebook(site, notebook):
    before = nbformat.writes(notebook)
    render_page(notebook, name="02_engagement_and_cx", site=site())
    assert nbformat.writes(notebook) == before


def test_the_index_names_every_hypothesis_and_has_an_anchor_for_it(site, findings):
    document = render_index(findings, site=site("en"), failed=["02_engagement_and_cx"]).html
    for hypothesis in load_registry().hypotheses:
        assert str(hypothesis.title["en"]).replace("'", "&#39;") in document
        assert document.count(f'id="h-{hypothesis.id}"') == 1
    decided, rest = document.split("<summary>No notebook yet")
    assert 'href="02_engagement_and_cx.html#verdict-engaged-minority"' in decided
    assert 'href="methods.html#m-engaged-minority"' in decided
    assert 'href="findings/engaged-minority.json"' in decided
    # Its notebook is in the site but left no finding, for it failed.
    assert "Engagement and customer experience" in decided.split("because the notebook failed</h3>")[1]
    whole = render_index(findings, site=site("en")).html
    assert "Engagement and customer experience" in whole.split("Not decided in this run</h3>")[1]
    assert "Ready, willing and able" in rest


def test_the_index_says_what_failed_and_that_its_hypotheses_were_not_judged(site):
    pages = (PageLink("02_engagement_and_cx", "Engagement and CX"),)
    document = render_index([], site=replace(site("en"), pages=pages), failed=["02_engagement_and_cx"]).html
    top, below = document.split("</section>", 1)
    top += "</section>"
    assert "Failed in this report:" in top
    failed = re.search(r'<section class="exr exr-warning failed".*?</section>', top, flags=re.DOTALL).group()
    assert [" ".join(item.split()) for item in re.findall(r"<li>(.*?)</li>", failed)] == [
        '<a href="02_engagement_and_cx.html">Engagement and CX</a>. '
        "Not judged: Engagement and customer experience; Engaged employees a minority"
    ]
    assert "No hypothesis was decided in this run." not in document
    lost = below.split("Not judged, because the notebook failed</h3>")[1].split("</section>")[0]
    assert re.findall(r"<strong>(.*?)</strong>", lost) == [
        "Engagement and customer experience",
        "Engaged employees a minority",
    ]
    assert "Not decided in this run" not in document
    # Nothing failed: nothing is said of it.
    whole = render_index([], site=site("en")).html
    assert "Failed in this report:" not in whole
    assert "No hypothesis was decided in this run." in whole


def test_the_index_without_findings_still_stands(site):
    said = "In dit rapport is over geen enkele hypothese een oordeel gegeven."
    assert said in render_index([], site=site()).html


def test_two_findings_of_one_hypothesis_are_refused(site, findings):
    with pytest.raises(ValueError) as caught:
        render_index([findings[0], findings[0]], site=site())
    assert str(caught.value) == "render_index takes one finding per hypothesis; some hypothesis has two."


def test_a_verdict_shows_everything_the_record_holds(findings):
    shown = Page(language="en", rules=RULES).verdict(findings[1]).data
    for expected in (
        "supported",
        "31.2%",
        "29.5% to 33.0%",
        "45.0% to 55.0%",
        "&lt; 0.001",
        "5,812",
        "120",
        "at least 5 respondents",
    ):
        assert expected in shown
    untested = Page(language="en", rules=RULES).verdict(findings[0]).data
    assert "With 124 units a study finds a correlation of 0.25 or stronger with 80% probability." in untested
    assert "<dl>" not in untested


def test_each_part_of_a_claim_says_what_is_too_small_for_it():
    def part(term, unit, estimate, low, high):
        return EstimateRecord(
            term=term, label=Note(message="x"), unit_of_measurement=unit, estimate=estimate, conf_low=low,
            conf_high=high, conf_level=0.95, p_value=0.001, n=500, method=Note(message="x"),
        )  # fmt: skip

    parts = {
        "turnover": part("turnover", "rate_ratio", 0.85, 0.8, 0.9),
        "result": part("result", "standardised", 0.4, 0.3, 0.5),
    }
    block = verdict_block(
        conclude_conjunction(parts, hypothesis="business-outcomes", n_excluded=0, rules=DisclosureRules()),
        Texts("en", strict=True),
    )
    rows = re.findall(r"<tr>(.*?)</tr>", block, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>\s*(.*?)\s*</t[hd]>", row, re.DOTALL) for row in rows]
    place = cells[0].index("Too small to matter")
    assert [row[place] for row in cells[1:]] == ["0.95\u00a0to\u00a01.05", "−0.10\u00a0to\u00a00.10"]


def test_a_section_with_nothing_to_show_folds_its_prose_and_says_why_once():
    def shown(*blocks):
        outputs = [nbformat.v4.new_output("display_data", {"text/html": block}) for block in blocks]
        return nbformat.v4.new_code_cell("page.figure(picture)", outputs=outputs)

    absent = '<p class="exr exr-absent">Too few waves.</p>'
    cells = [
        nbformat.v4.new_markdown_cell("# Title"),
        nbformat.v4.new_markdown_cell("## Empty\n\nWhat the *arrows* mean."),
        shown(absent, absent),
        nbformat.v4.new_markdown_cell("## Full\n\nWhat the dots mean."),
        shown(absent, "<figure>dots</figure>"),
    ]
    work = nbformat.v4.new_notebook(cells=cells)
    html = str(convert_notebook(work, Texts("en")).html)
    empty, full = html.split(">Full<")
    assert empty.count("Too few waves.") == 1
    assert "<details" in empty
    assert "<em>arrows</em>" in empty
    assert "<details" not in full
    assert "What the dots mean." in full


def test_one_reason_for_several_claims_is_said_once(site):
    def open_by_design(hypothesis):
        return not_testable(
            hypothesis, reason=Note(message="There are two waves."), rules=DisclosureRules(),
            direction_verdict="undetermined_by_design",
        )  # fmt: skip

    found = [open_by_design(name) for name in ("ex-precedes-cx", "two-way", "vicious-circle")]
    whole = render_index(found, site=site("en")).html
    assert whole.count("There are two waves.") == 1
    assert "Chicken and egg" in whole
