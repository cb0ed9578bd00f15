"""The page of claims: every claim and every published figure, dated, and what this study says or why it does not."""

from __future__ import annotations

import re
from typing import Any

import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import (
    Comparison,
    EstimateRecord,
    Finding,
    Note,
    conclude,
    load_registry,
    not_testable,
)
from exresearch.findings.claims import load_claims
from exresearch.findings.conclude import estimand_for
from exresearch.report import Texts
from exresearch.report.claims import render_claims
from exresearch.report.site import PageLink, SiteContext

RULES = DisclosureRules()


def site(language: Any = "en", **more: Any) -> SiteContext:
    pages = (PageLink("02_engagement_and_cx", "Engagement"), PageLink("08_human_experience", "People"))
    return SiteContext(language=language, title="Report", client="A & B", pages=pages, rules=RULES, **more)


def share(estimate: float = 0.48) -> Finding:
    low, high = estimate - 0.02, estimate + 0.02
    record = EstimateRecord(
        term="share", label=Note(message="Share"), unit_of_measurement="share", estimate=estimate, conf_low=low,
        conf_high=high, conf_level=0.95, n=900, n_units=40, p_value=0.04, std_error=0.01, method=Note(message="Share"),
    )  # fmt: skip
    figure = next(one for one in load_claims() if one.id == "gallup-2012-engaged")
    assert figure.value is not None
    return conclude(
        record, hypothesis="engaged-minority", estimand=estimand_for("engaged-minority"), n_excluded=0, rules=RULES,
        comparisons=[Comparison.of(figure.id, figure.value, conf_low=low, conf_high=high)],
    )  # fmt: skip


def missing() -> Finding:
    return not_testable(
        "human-experience",
        reason=Note(message="There is one wave: what follows what cannot be seen."),
        rules=RULES,
    )


def card(page: str, hypothesis: str) -> str:
    found = re.search(rf'<article class="claim[^>]*id="claim-{hypothesis}".*?</article>', page, re.DOTALL)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_claim_and_every_figure_is_there_once(language: Any) -> None:
    page = render_claims([], site=site(language))
    for hypothesis in load_registry().hypotheses:
        assert page.count(f'id="claim-{hypothesis.id}"') == 1
        assert hypothesis.article[0] in card(page, hypothesis.id)
    for figure in load_claims():
        assert page.count(f'id="figure-{figure.id}"') == 1
        own = card(page, figure.hypotheses[0])
        assert f'id="figure-{figure.id}"' in own
        for other in figure.hypotheses[1:]:
            assert f'href="#figure-{figure.id}"' in card(page, other)
    # Nothing is left in the other language.
    assert ("This study" in page) == (language == "en")


def test_a_figure_never_comes_without_its_year_and_what_is_wrong_with_it() -> None:
    page = render_claims([], site=site())
    rows = re.findall(r'<li id="figure-.*?</li>', page, re.DOTALL)
    assert len(rows) == len(load_claims())
    for row in rows:
        assert re.search(r'published-from"><strong>(\d{4}(-\d{4})?|year not stated)</strong> · ', row)
        assert re.search(r'published-mind"><span>Mind:</span> \S', row)
        assert 'published-source"' in row
    old = next(row for row in rows if 'id="figure-gallup-2012-engaged"' in row)
    assert "Not a current figure: the newest of this kind in the ledger is of 2024." in old
    assert "2011-2012" in old
    newest = next(row for row in rows if 'id="figure-gallup-2024-engaged"' in row)
    assert "Not a current figure" not in newest


def test_shaky_attributions_are_named() -> None:
    page = render_claims([], site=site())
    assert "Attributed to Gallup by mistake in article 000" in page
    assert "Found earlier with Carl W. Buehner than with Maya Angelou" in page


def test_a_finding_is_said_with_its_interval_and_its_page() -> None:
    page = render_claims([share(), missing()], site=site())
    own = card(page, "engaged-minority")
    assert "48.0% are engaged (95% interval 46.0% to 50.0%)" in own
    assert 'href="02_engagement_and_cx.html#verdict-engaged-minority"' in own
    assert "This study: higher than the published figure." in own
    untested = card(page, "human-experience")
    assert "not testable" in untested
    assert "There is one wave" in untested


def test_what_has_no_finding_says_why() -> None:
    page = render_claims([], site=site(written=frozenset({"04_direction"})), failed=["02_engagement_and_cx"])
    assert "stopped before its end" in card(page, "engagement-cx")
    assert "was not part of this run" in card(page, "balance")
    assert "no notebook tests it yet" in card(page, "beyond-clicks")
    assert "supported" not in card(page, "beyond-clicks")


def test_the_same_findings_give_the_same_bytes_in_any_order() -> None:
    one = render_claims([share(), missing()], site=site())
    assert one == render_claims([missing(), share()], site=site())
    with pytest.raises(ValueError, match=r"^render_claims takes one finding per hypothesis;"):
        render_claims([share(), share()], site=site())


def test_the_page_loads_nothing_and_escapes_what_it_shows() -> None:
    page = render_claims([share()], site=site())
    assert "A &amp; B" in page
    assert "://" not in re.sub(r"<style>.*?</style>|<script>.*?</script>", "", page, flags=re.DOTALL)
    assert page.count("<h1>") == 1
    assert Texts("nl", strict=True).say("Claims and their sources") in render_claims([], site=site("nl"))
