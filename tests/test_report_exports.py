"""What a consultant passes on: numbers as in the report, nothing hidden told, files that open and stay the same."""

from __future__ import annotations

import datetime
import io
import json
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from matplotlib.figure import Figure
from openpyxl.worksheet.worksheet import Worksheet
from pptx import Presentation

from exresearch.disclosure import DisclosureRules, Entry
from exresearch.findings import Comparison, EstimateRecord, Finding, Note, conclude, load_claims, not_testable
from exresearch.findings.conclude import estimand_for
from exresearch.report import Page, Texts
from exresearch.report.exports.cells import put
from exresearch.report.exports.content import Content, Edition, contents_of
from exresearch.report.exports.dictionary import FIELDS, SUMMARY, UNITS
from exresearch.report.exports.fit import fitting, line_count
from exresearch.report.exports.layouts import HIGH, WIDE
from exresearch.report.exports.slides import slides_bytes
from exresearch.report.exports.workbook import workbook_bytes
from exresearch.report.figures.finding import finding_forest
from exresearch.report.key_figures import key_figure_of, read_key_figure, write_key_figure
from exresearch.report.sentences import UNIT_NAMES
from exresearch.report.site import SiteContext
from exresearch.report.theme import Picture
from exresearch.report.verdict import verdict_block

RULES = DisclosureRules()
DAY = datetime.date(2026, 3, 1)
INCH = 914_400


def record(term: str, estimate: float, *, n: int = 900, label: str = "Share") -> EstimateRecord:
    return EstimateRecord(
        term=term, label=Note(message=label), unit_of_measurement="share", estimate=estimate,
        conf_low=estimate - 0.02, conf_high=estimate + 0.021, conf_level=0.95, n=n, n_units=40, p_value=1 / 3e5,
        std_error=0.1 / 7, method=Note(message="Share"),
    )  # fmt: skip


def finding(*checks: EstimateRecord) -> Finding:
    main = record("share", 1 / 3)
    claim = next(one for one in load_claims() if one.id == "gallup-2012-engaged")
    assert claim.value is not None
    beside = [Comparison.of(claim.id, claim.value, conf_low=main.conf_low, conf_high=main.conf_high)]
    return conclude(
        main, hypothesis="engaged-minority", estimand=estimand_for("engaged-minority"), n_excluded=2, rules=RULES,
        comparisons=beside, robustness=list(checks) or [record("other", 0.123456789012345, label="Score")],
        caveats=[Note(message="Published shares use definitions of their own and are context, not a target.")],
    )  # fmt: skip


def untested(hypothesis: str = "human-experience") -> Finding:
    why = Note(message="There is one wave: what follows what cannot be seen.")
    return not_testable(hypothesis, reason=why, rules=RULES)


def edition(language: Any = "en", **more: Any) -> Edition:
    site = SiteContext(
        language=language, title="Report", client="A & B", pages=(), rules=RULES, synthetic=True, **more
    )
    return Edition(site, DAY, "1.2.3", 2016)


def said(*findings: Finding, language: Any = "en") -> tuple[Content, ...]:
    return contents_of(findings, Texts(language))


@cache
def passed_on(language: Any = "en") -> tuple[tuple[Content, ...], bytes, list[Entry]]:
    """Slides of three findings, made once, with figures of their own."""
    contents = said(finding(), untested(), untested("needs-segments"), language=language)
    return contents, *slides_bytes(contents, edition(language), figures=Path("nowhere"))


@cache
def drawn(language: Any = "en") -> Picture:
    picture = finding_forest(
        finding(), texts=Texts(language), label=said(finding(), language=language)[0].title
    )
    assert isinstance(picture, Picture)
    return picture


def book(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def table(sheet: Worksheet, heading: int = 4) -> list[dict[str, Any]]:
    """The rows below the headings of a sheet, until an empty one."""
    names = [cell.value for cell in sheet[heading]]
    rows = []
    for row in sheet.iter_rows(min_row=heading + 1, values_only=True):
        if row[0] is None:
            break
        rows.append(dict(zip(names, row, strict=True)))
    return rows


def words(content: bytes) -> str:
    """Every text of an Office file, notes and descriptions of pictures too."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        return "\n".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_workbook_holds_the_record_in_full_and_what_the_page_shows(language: Any, tmp_path: Path) -> None:
    one = finding()
    (tmp_path / "engaged-minority.json").write_text(one.model_dump_json(), encoding="utf-8")
    stored = json.loads((tmp_path / "engaged-minority.json").read_text(encoding="utf-8"))
    texts = Texts(language)
    sheets = book(workbook_bytes(said(one, language=language), edition(language)))
    rows = table(sheets["engaged-minority"])
    headers = {field.key: texts.say(field.header) for field in FIELDS}
    page = str(verdict_block(one, texts))
    assert len(rows) == 2
    for row, whole in zip(rows, (stored, stored["robustness"][0]), strict=True):
        for key in (
            "estimate",
            "conf_low",
            "conf_high",
            "conf_level",
            "std_error",
            "p_value",
            "n",
            "n_units",
        ):
            assert row[headers[key]] == whole[key], key
        assert row[headers["shown"]] == texts.number(whole["estimate"], "percent1")
        for key in ("shown", "limits", "p_shown"):
            assert row[headers[key]].replace("<", "&lt;") in page, key
    first = sheets[sheets.sheetnames[0]]
    summary = dict(zip([cell.value for cell in first[1]], [cell.value for cell in first[2]], strict=True))
    shown = [summary[texts.say(field.header)] for field in SUMMARY if field.key in ("shown", "limits", "n")]
    assert shown == [texts.number(1 / 3, "percent1"), rows[0][headers["limits"]], 900]


def test_the_workbook_explains_every_column_and_unit_and_opens_ready_to_read() -> None:
    sheets = book(workbook_bytes(said(finding(), untested()), edition()))
    assert sheets.sheetnames == [
        "Summary",
        "engaged-minority",
        "human-experience",
        "Data dictionary",
        "About",
    ]
    explained = {cell.value for cell in sheets["Data dictionary"]["A"]}
    assert {field.header for field in (*SUMMARY, *FIELDS)} | set(UNIT_NAMES.values()) <= explained
    assert set(UNITS) == set(UNIT_NAMES)
    assert sheets["engaged-minority"].freeze_panes == "C5"
    assert sheets["engaged-minority"].print_title_rows == "$4:$4"
    about = {row[0]: row[1] for row in sheets["About"].iter_rows(values_only=True)}
    assert {"Client": "A & B", "Made on": "1 March 2026", "Seed": "2016"}.items() <= about.items()
    assert "Fictional data." in about
    formats = {cell.number_format for cell in sheets["engaged-minority"][5]}
    assert {"0.000000", "0%", "#,##0"} <= formats


def test_long_and_odd_names_of_sheets_are_told_apart() -> None:
    long = "a" * 40
    contents = [
        replace(one, finding=one.finding.model_copy(update={"hypothesis": long}))
        for one in said(untested()) * 2
    ]
    names = book(workbook_bytes(contents, edition())).sheetnames
    assert names[1:3] == ["a" * 31, f"{'a' * 29}-2"]


@pytest.mark.parametrize("text", ["=1+1", "+31 6", "-2 weeks", "@SUM(A1)", "\t=1", '=HYPERLINK("x")'])
def test_text_is_never_a_formula(text: str) -> None:
    sheet = openpyxl.Workbook().active
    put(sheet, 1, 1, text)
    saved = io.BytesIO()
    sheet.parent.save(saved)
    cell = book(saved.getvalue()).active["A1"]
    assert (cell.data_type, cell.value, cell.quotePrefix) == ("s", text, True)


def test_signs_that_a_workbook_cannot_hold_are_left_out() -> None:
    sheet = openpyxl.Workbook().active
    put(sheet, 1, 1, "a\x00b_x0041_" + "c" * 40_000)
    assert sheet["A1"].value.startswith("a b_x005F_x0041_c")
    assert len(sheet["A1"].value) == 32_767


def test_what_is_hidden_on_the_page_is_hidden_in_what_is_passed_on(tmp_path: Path) -> None:
    few, known = record("few", 0.777777, n=3, label="Score"), record("known", 0.444444, label="Slope")
    one = finding(few, known, record("third", 0.555555, label="Points"))
    contents = said(one)
    page = str(verdict_block(one, Texts("en")))
    slides, entries = slides_bytes(contents, edition(), figures=tmp_path)
    assert "77.8%" not in page
    for content in (workbook_bytes(contents, edition()), slides):
        everything = words(content)
        assert "0.7777" not in everything
        assert "77.8" not in everything
        assert "n &lt; 5" in everything
        assert "33.3%" in everything
    assert min(entry.least for entry in entries if entry.least is not None) >= 5
    assert len(contents[0].entries) == 2


def test_a_deciding_estimate_that_is_hidden_leaves_no_number_anywhere(tmp_path: Path) -> None:
    raised = finding().disclosure_rule.model_copy(
        update={"values": finding().disclosure_rule.values | {"min_respondents": 1000}}
    )
    contents = said(finding().model_copy(update={"disclosure_rule": raised}))
    slides, _ = slides_bytes(contents, edition(), figures=tmp_path)
    for content in (workbook_bytes(contents, edition()), slides):
        assert "33.3" not in words(content)
        assert "0.3333" not in words(content)
    assert len(Presentation(io.BytesIO(slides)).slides) == 3


def test_the_same_findings_are_the_same_bytes(tmp_path: Path) -> None:
    first, second = (workbook_bytes(said(finding(), untested()), edition()) for _ in range(2))
    assert first == second
    contents, one, _ = passed_on()
    assert one == slides_bytes(contents, edition(), figures=tmp_path)[0]
    for content in (first, one):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            assert {part.date_time for part in parts.infolist()} == {(2026, 3, 1, 0, 0, 0)}
            assert parts.read("docProps/core.xml").count(b"2026-03-01T00:00:00Z") == 2


def inside(slide: Any) -> list[str]:
    """Shapes of a slide that reach beyond it."""
    return [
        shape.name for shape in slide.shapes
        if min(shape.left, shape.top) < 0 or shape.left + shape.width > WIDE * INCH + 1
        or shape.top + shape.height > HIGH * INCH + 1
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "nl"])
def test_slides_have_titles_notes_descriptions_and_numbers(language: Any) -> None:
    contents, content, entries = passed_on(language)
    deck = Presentation(io.BytesIO(content))
    assert round(deck.slide_width / deck.slide_height, 2) == 1.78
    title, summary, shown, listed = deck.slides
    for slide in deck.slides:
        assert slide.shapes.title.text_frame.text
        assert slide.notes_slide.notes_text_frame.text
        assert inside(slide) == []
        # Nothing that says "click to add text".
        assert all(shape.text_frame.text for shape in slide.placeholders if shape.has_text_frame)
        assert all(
            p.text == p.text.strip()
            for s in slide.placeholders
            if s.has_text_frame
            for p in s.text_frame.paragraphs
        )
    numbered = [slide for slide in deck.slides if 'type="slidenum"' in slide.element.xml]
    assert len(numbered) == 3
    assert {shape.placeholder_format.type for shape in shown.placeholders} >= {1, 2, 18}
    order = [shape.name for shape in shown.shapes]
    assert order == ["Title", "Verdict", "Text", "Figure", "Source", "Slide number"]
    (picture,) = [shape for shape in shown.shapes if shape.name == "Figure"]
    assert picture._element.nvPicPr.cNvPr.get("descr") == drawn(language).alt
    texts = Texts(language)
    notes = shown.notes_slide.notes_text_frame.text
    for text in (contents[0].method, *contents[0].caveats, *contents[0].comparisons, contents[0].disclosure):
        assert text in notes
    assert "02_engagement_and_cx.html#verdict-engaged-minority" in notes
    badge = next(shape for shape in shown.placeholders if shape.name == "Verdict").text_frame.text
    assert badge == f"{contents[0].symbol} {contents[0].label}"
    assert contents[0].title in summary.placeholders[1].text_frame.text
    assert texts.say("Fictional data.") in title.placeholders[15].text_frame.text
    assert all(one.meaning in listed.placeholders[1].text_frame.text for one in contents[1:])
    # The figure was drawn for the slide alone, so that it has its own place in the ledger.
    assert len(entries) == len(contents[0].entries) + 1


def test_the_slide_has_the_key_figure_of_the_notebook_where_there_is_one(tmp_path: Path) -> None:
    page = Page(language="nl", rules=RULES, report_dir=tmp_path)
    shown = page.figure(drawn("nl"), of=["engaged-minority", "two-way"]).data
    assert "engaged-minority" in shown
    names = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert names == ["engaged-minority.png", "two-way.png"]
    kept = read_key_figure(tmp_path / "figures", "engaged-minority")
    assert kept is not None
    # Words in any language travel in the picture.
    assert (kept.alt, kept.takeaway, kept.caption) == (
        drawn("nl").alt,
        drawn("nl").takeaway,
        drawn("nl").caption,
    )
    content, entries = slides_bytes(said(finding()), edition(), figures=tmp_path / "figures")
    assert len(entries) == len(said(finding())[0].entries)
    slide = Presentation(io.BytesIO(content)).slides[2]
    assert next(shape for shape in slide.shapes if shape.name == "Figure").image.blob == kept.png


def test_a_key_figure_that_is_too_tall_is_drawn_anew(tmp_path: Path) -> None:
    picture = replace(drawn(), figure=Figure(figsize=(1, 2)))
    write_key_figure(key_figure_of(picture), "engaged-minority", tmp_path)
    content, entries = slides_bytes(said(finding()), edition(), figures=tmp_path)
    assert len(entries) == len(said(finding())[0].entries) + 1
    slide = Presentation(io.BytesIO(content)).slides[2]
    wide, high = next(shape for shape in slide.shapes if shape.name == "Figure").image.size
    assert wide > high


def test_a_figure_without_of_writes_nothing_and_one_without_words_is_not_taken(tmp_path: Path) -> None:
    Page(language="en", rules=RULES, report_dir=tmp_path).figure(drawn())
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "two-way.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert read_key_figure(tmp_path, "two-way") is None
    assert read_key_figure(tmp_path, "balance") is None


def test_the_figure_of_a_finding_shows_what_decides_what_checks_and_what_was_published() -> None:
    many = [record(f"check-{number}", 0.3 + number / 1000, label="Share") for number in range(20)]
    picture = finding_forest(finding(*many), texts=Texts("en"), label="Share")
    assert isinstance(picture, Picture)
    assert "Published" in picture.alt
    assert picture.figure.get_figheight() < 4.6
    assert "not drawn here" in picture.caption


def test_words_are_made_to_fit_and_as_large_as_they_can_be() -> None:
    long = "Werkgelegenheidsvoorwaardenregeling " * 12
    assert fitting(["short"], 5, 1, sizes=(26, 16)) == 26
    assert fitting([long], 5, 1, sizes=(26, 16, 8)) == 8
    assert line_count("x" * 200, 2, 20) > 5
