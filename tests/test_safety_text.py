"""What a client wrote comes out as that text: no formula, no markup, no template, no mathematics, no code."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings import EstimateRecord, Finding, Note, conclude, load_findings, save_finding
from exresearch.findings.conclude import estimand_for
from exresearch.report import Texts
from exresearch.report.exports.content import contents_of
from exresearch.report.exports.workbook import workbook_bytes
from exresearch.report.verdict import verdict_block
from exresearch.study.codebook import Codebook, Construct, Variable, load_codebook, write_codebook
from exresearch.study.draft import draft_study, write_draft
from tests.test_report_exports import edition, passed_on

RULES = DisclosureRules()
HOSTILE = (
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1+1", "\r=1", '=HYPERLINK("http")',
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "</script><script>x",
    "{{ 7*7 }}", "{% for x in y %}", "{name}", "%(name)s", "${7*7}", "$x^2$", r"\input{/etc/passwd}", r"$\frac$",
    "**bold** [a](javascript:x)", "# heading", "__import__('os').system('x')", "&lt;b&gt; & &amp;",
    "a\nb: c", "'; drop --", "- x", "!!python/name:os.system", "*alias", "&anchor", "#REF!", "_x0041_", "]]>",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
texts = st.sampled_from(HOSTILE) | st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"), exclude_characters="\ufeff"), min_size=1, max_size=12
).filter(lambda text: text.strip() == text)  # fmt: skip


def hostile_finding(text: str) -> Finding:
    """A finding in which the client's words stand wherever they can."""
    said = Note(message="{name}", values={"name": text})
    record = EstimateRecord(
        term="share", label=said, unit_of_measurement="share", estimate=0.5, conf_low=0.4, conf_high=0.6,
        conf_level=0.95, n=900, n_units=40, p_value=0.01, std_error=0.01, method=said,
    )  # fmt: skip
    return conclude(
        record, hypothesis="engaged-minority", estimand=estimand_for("engaged-minority"), n_excluded=0, rules=RULES,
        robustness=[record.model_copy(update={"term": "other"})], caveats=[said],
    )  # fmt: skip


def shown(markup: str) -> tuple[set[str], str]:
    """The elements of a piece of a page, and its words."""
    return set(re.findall(r"<\s*([a-zA-Z]+)", markup)), unescape(re.sub(r"<[^>]*>", "", markup))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_shows_the_text(text: str) -> None:
    elements, words = shown(str(verdict_block(hostile_finding(text), Texts("en"))))
    plain, _ = shown(str(verdict_block(hostile_finding("Plain words"), Texts("en"))))
    assert elements == plain
    assert " ".join(text.split()) in " ".join(words.split())


def test_findings_keep_the_text_and_workbooks_have_no_formula(tmp_path: Path) -> None:
    for text in HOSTILE:
        finding = hostile_finding(text)
        save_finding(finding, tmp_path)
        assert load_findings(tmp_path) == [finding] or load_findings(tmp_path) == (finding,)
    cells = []
    for text in HOSTILE:
        content = workbook_bytes(contents_of([hostile_finding(text)], Texts("en")), edition())
        cells += [cell for sheet in openpyxl.load_workbook(io.BytesIO(content)) for row in sheet for cell in row]
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            sheets = [parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/")]
        assert not any(b"<f>" in sheet or b"<f " in sheet for sheet in sheets)
    assert {cell.data_type for cell in cells} <= {"n", "s", "b"}
    marked = [cell for cell in cells if cell.data_type == "s" and str(cell.value).startswith(FORMULA)]
    assert len(marked) > 8
    assert all(cell.quotePrefix for cell in marked)
