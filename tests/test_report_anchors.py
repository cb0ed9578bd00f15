"""Addresses on a page, the list of places for the search field, and all pages in one file."""

import json
import re

import pytest
from markupsafe import Markup

from exresearch.disclosure import DisclosureRules
from exresearch.report import Texts
from exresearch.report.anchors import with_anchors
from exresearch.report.search import places_of, with_search
from exresearch.report.single import one_file
from exresearch.report.site import PageLink, SiteContext, shell

TABLE = """<figure class="exr exr-table">
<div aria-label="Links &amp; roads" class="exr-scroll" role="group" tabindex="0">
<table><caption><span>Links &amp; roads</span></caption><thead><tr><th scope="col">Link</th></tr></thead>
<tbody><tr><th scope="row">First</th><td>0.10</td><td>0.05 to 0.15</td></tr>
<tr><th scope="row">Second<small class="exr-detail">method a</small></th><td>0.20</td><td>0.10 to 0.30</td></tr></tbody>
</table></div></figure>"""
BODY = Markup(  # noqa: S704 - our own
    f"""<h2 id="found">What was found</h2><p>{"Long words. " * 40}</p>
<section aria-label="Verdict: Chain" class="exr exr-verdict exr-supported" id="verdict-chain">
<p class="exr-sentence"><strong>It holds.</strong></p>
<dl><div><dt>Estimate</dt><dd>0.20</dd></div><div><dt>95% interval</dt><dd>0.10 to 0.30</dd></div></dl>
{TABLE}</section>
{TABLE}{TABLE}
<figure class="exr exr-figure"><p class="exr-takeaway">The café wins.</p>
<figcaption>What is drawn</figcaption></figure>"""
)


@pytest.fixture
def site() -> SiteContext:
    pages = (PageLink("02_link", "Link & chain"),)
    return SiteContext(language="en", title="Report", client="Acme", pages=pages, rules=DisclosureRules())


def test_everything_has_an_address_of_its_own_and_the_same_each_time() -> None:
    page = str(with_anchors(BODY, Texts("en")))
    assert page == with_anchors(BODY, Texts("en"))
    ids = re.findall(r'\sid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert [name for name in ids if not re.search(r"-\d+$", name) or name.startswith("figure")] == [
        "found", "verdict-chain", "table-chain-links-roads", "table-links-roads", "figure-1",
    ]  # fmt: skip
    assert {"table-links-roads-2", "table-chain-links-roads-1", "table-chain-links-roads-2"} <= set(ids)
    third = re.findall(r'<figure id="(table-[^"]*)"', page)[-1]
    assert re.findall(r'class="anchor" href="#([^"]*)"', page) == [
        "found", "table-chain-links-roads", "verdict-chain", "table-links-roads", third, "figure-1",
    ]  # fmt: skip


def test_an_estimate_leads_to_the_row_with_the_same_interval_and_back() -> None:
    page = str(with_anchors(BODY, Texts("en")))
    assert '<dd><a class="exr-trace" href="#table-chain-links-roads-2">0.20' in page
    row = re.search(r'<tr id="table-chain-links-roads-2">.*?</tr>', page, re.DOTALL)
    assert row is not None
    assert '<a class="exr-back" href="#verdict-chain">' in row.group()
    assert page.count("exr-back") == 1
    assert '<a href="findings/chain.json">' in page
    other = Markup(str(BODY).replace("<dd>0.10 to 0.30</dd>", "<dd>0.11 to 0.30</dd>"))  # noqa: S704
    assert "exr-trace" not in with_anchors(other, Texts("en")), "another interval is another result"


def test_the_list_of_places_holds_what_a_page_says_shortened(site: SiteContext) -> None:
    document = shell(BODY, name="02_link", title="Link & chain", site=site)
    title, places = places_of(document)
    assert title == "Link & chain"
    found = {place[0]: place[1:] for place in places}
    assert found["found"][0] == "What was found"
    assert len(found["found"][1]) < 130
    assert found["verdict-chain"] == ["Verdict: Chain", "It holds."]
    assert found["table-links-roads"] == ["Links & roads", "First · Second"]
    assert found["figure-1"] == ["The café wins.", "What is drawn"]
    assert not [text for place in places for text in place if "0.20" in text], (
        "numbers of tables are left out"
    )
    documents = with_search({"02_link": document, "index": document.replace("café", "</script>")})
    listed = re.search(r'id="exr-places">(.*?)</script>', documents["02_link"], re.DOTALL)
    assert listed is not None
    assert [page[:2] for page in json.loads(listed[1])] == [
        ["02_link", "Link & chain"],
        ["index", "Link & chain"],
    ]
    # Made anew it is the same: a page that was kept has an older list.
    assert with_search(documents) == documents


def test_one_file_keeps_every_link_within_itself(site: SiteContext) -> None:
    body = Markup('<h2 id="a">A</h2><p><a href="02_link.html#found">x</a> <a href="index.html">y</a></p>')
    documents = {
        "index": shell(body, name="index", title="Report", site=site, headings=[(2, "a", "A & B")]),
        "02_link": shell(BODY, name="02_link", title="Link & chain", site=site),
    }
    whole = one_file(documents, site=site)
    links = re.findall(r'<a\b[^>]*?\shref="([^"]*)"', whole)
    ids = re.findall(r'\sid="([^"]*)"', whole)
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links} <= set(ids)
    assert {"#02_link.found", "#index", "#index.a"} <= set(links)
    assert "chain.json" in whole
    assert whole.count("<style>") == whole.count("<h1") == 1
    assert [int(level) for level in re.findall(r"<h([1-6])", whole)] == [1, 2, 3, 2, 3]
