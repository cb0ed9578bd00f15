"""What a client wrote comes out as that text: no formula, no markup, no template, no mathematics, no code."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from pptx import Presentation
from rich.markup import escape
from rich.table import Table
from typer.testing import CliRunner

from exresearch.cli import app
from exresearch.commands.console import SafeConsole
from exresearch.disclosure import DisclosureRules
from exresearch.findings import (
    EstimateRecord,
    Finding,
    Note,
    conclude,
    load_findings,
    not_testable,
    write_finding,
)
from exresearch.findings.conclude import estimand_for
from exresearch.report import Texts
from exresearch.report.exports.content import contents_of
from exresearch.report.exports.slides import slides_bytes
from exresearch.report.exports.workbook import workbook_bytes
from exresearch.report.verdict import verdict_block
from exresearch.study import load_settings
from exresearch.study.codebook import Codebook, Construct, load_codebook, read_codebook, write_codebook
from exresearch.study.codebook.variable import VARIABLE
from exresearch.study.draft import draft_study, write_draft
from tests.test_report_exports import edition

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
        write_finding(finding, tmp_path)
        assert load_findings(tmp_path) == (finding,)
    # Those that a spreadsheet would calculate, as label, method and caveat.
    content = workbook_bytes(
        contents_of([hostile_finding(text) for text in HOSTILE[:9]], Texts("en")), edition()
    )
    cells = [cell for sheet in openpyxl.load_workbook(io.BytesIO(content)) for row in sheet for cell in row]
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/")]
    assert not any(b"<f>" in sheet or b"<f " in sheet for sheet in sheets)
    assert {cell.data_type for cell in cells} <= {"n", "s", "b"}
    marked = [cell for cell in cells if cell.data_type == "s" and str(cell.value).startswith(FORMULA)]
    assert len(marked) > 8
    assert all(cell.quotePrefix for cell in marked)


def test_slides_hold_the_text() -> None:
    reasons = [
        not_testable("needs-segments", reason=Note(message="{x}", values={"x": text}), rules=RULES)
        for text in HOSTILE
    ]
    content, _ = slides_bytes(contents_of(reasons, Texts("en")), edition(), figures=Path("nowhere"))
    deck = Presentation(io.BytesIO(content))
    said = "\n".join(
        shape.text_frame.text for slide in deck.slides for shape in slide.shapes if shape.has_text_frame
    )
    words = " ".join(said.replace("_x000D_", " ").split())
    assert [text for text in HOSTILE if " ".join(text.split()) not in words] == []


def spreadsheet_cells(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [cell for row in csv.reader(file) for cell in row]


@settings(max_examples=40, deadline=None)
@given(names=st.lists(texts, min_size=2, max_size=2, unique_by=str.casefold), label=texts, answer=texts)
def test_a_codebook_keeps_the_text_and_is_no_formula(names: list[str], label: str, answer: str) -> None:
    column, other = (re.sub(r"\s", " ", name) for name in names)
    words = {"nl": label, "en": label}
    scale = {"minimum": 1, "maximum": 2, "missing": [answer], "values": {f"{answer}|1": 1, "b": 2}}
    entry = {"table": "customers", "role": "item", "construct": "cx", "label": words, "comment": label}
    try:
        variables = tuple(
            VARIABLE.validate_json(json.dumps(entry | scale | {"column": name})) for name in (column, other)
        )
    except ValueError:
        # Not every text is a legal code.
        reject()
    book = Codebook(variables, {"cx": Construct(**words)})
    with TemporaryDirectory() as folder:
        path = Path(folder) / "book.csv"
        write_codebook(book, path)
        assert read_codebook(path) == (book, [])
        risky = [cell for cell in spreadsheet_cells(path) if cell.startswith(FORMULA)]
    # A number may have a sign.
    assert [cell for cell in risky if not re.fullmatch(r"[-+]?[\d.]+", cell)] == []


def test_a_codebook_as_a_workbook_has_no_formula(tmp_path: Path) -> None:
    entry = {"table": "customers", "role": "item", "construct": "cx", "minimum": 1, "maximum": 2}
    names = [" ".join(text.split()) for text in HOSTILE]
    columns = [entry | {"column": name, "label": {"nl": name, "en": name}, "comment": name} for name in names]
    book = Codebook(tuple(VARIABLE.validate_json(json.dumps(one)) for one in columns), {})
    write_codebook(book, tmp_path / "book.xlsx")
    assert read_codebook(tmp_path / "book.xlsx") == (book, [])
    sheets = openpyxl.load_workbook(tmp_path / "book.xlsx")
    assert not any(cell.data_type == "f" for sheet in sheets for row in sheet for cell in row)


def test_a_draft_keeps_the_text_of_an_export(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": [f"p{i:03}" for i in range(60)], "team": [HOSTILE[0], HOSTILE[7]] * 30})
    names = [" ".join(text.split()) for text in HOSTILE]
    for at, name in enumerate(names):
        frame[name] = [1 + (at + i) % 5 for i in range(60)]
    # A file name that would be a key of its own, were it written as it is.
    export = tmp_path / "employees\nclient: evil #.csv"
    frame.to_csv(export, index=False)
    draft = draft_study([export])
    for form in ("yaml", "csv", "xlsx"):
        study, codebook = write_draft(draft, "acme", folder=tmp_path / form, codebook_format=form)
        settings = load_settings(study)
        assert (settings.client, len(settings.tables)) == ("acme", 1)
        assert {*names, "id", "team"} <= {variable.column for variable in load_codebook(codebook).variables}
    risky = [
        cell for cell in spreadsheet_cells(tmp_path / "csv" / "acme.codebook.csv") if cell.startswith(FORMULA)
    ]
    assert risky == []


def test_a_terminal_is_given_no_orders(tmp_path: Path) -> None:
    # A title of the window, a clipboard, a cursor, a colour, and an order of reading, as YAML can write them.
    orders = r"\e]0;owned\a \e]52;c;AAAA\a \e[2J \e[31mred \x9b2J \u202Egnp.exe \r"
    (tmp_path / "small.yaml").write_text(
        f'client: a\n"{orders}": 1\ntables: {{units: "{orders}.csv"}}\n', encoding="utf-8"
    )
    done = CliRunner().invoke(app, ["check", str(tmp_path / "small.yaml")])
    assert done.exit_code == 2
    assert "gnp.exe" in done.stderr
    assert re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", done.output) == []
    shown = io.StringIO()
    console = SafeConsole(file=shown, force_terminal=True, width=60, color_system="standard")
    table = Table("a\x1b[2Jb")
    table.add_row(escape("c\x07\x1b]52;c;AAAA\x07"), style="red")
    console.print(table)
    console.print(escape("d\x1b[2Je"), style="red")
    # The console's own colours are still there.
    own = re.sub(r"\x1b\[[0-9;]*m", "", shown.getvalue())
    assert "\x1b[31m" in shown.getvalue()
    assert "\x1b" not in own
    assert "d\ufffd[2Je" in own
