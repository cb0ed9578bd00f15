"""Secrets are found in workbooks, slides, PDF files and pictures as they are in pages."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from matplotlib.figure import Figure
from openpyxl.comments import Comment
from pptx import Presentation

from exresearch.disclosure import Leak, Secrets, scan_files
from exresearch.disclosure.search.containers import opened, png_texts
from exresearch.disclosure.search.known import Column, Known, Phrase
from exresearch.disclosure.search.rows import TableRows

KEY, WORDS, MAIL = "P0417", "nobody asked us about the weekends", "j.devries@example.org"
ROW = (2024, 7, 2, 6, 1, 3)
SAID = tuple(WORDS.split())
SECRETS = Secrets(
    exact={"p0417": [Known("person", KEY, 0)], "devries": [Known("contact", MAIL, 2)]},
    said={SAID[:2]: [Phrase("comment", SAID, 0)]},
    columns={"person": Column(frozenset({"employee_id"}), frozenset({"17"}))},
    folders=("/data/clients/secret",),
    rows=TableRows({"a": pd.DataFrame([ROW, *[[2024 - i, i % 7, 3, i % 5, i % 3, 1] for i in range(300)]])}),
)


def saved(document: object) -> bytes:
    stream = io.BytesIO()
    document.save(stream)  # type: ignore[attr-defined]
    return stream.getvalue()


def cell(text: str) -> bytes:
    book = openpyxl.Workbook()
    book.active["B3"] = text
    return saved(book)


def remark(text: str) -> bytes:
    book = openpyxl.Workbook()
    book.active["B3"] = 1
    book.active["B3"].comment = Comment(text, "somebody")
    return saved(book)


def sheet_name(text: str) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = text[:31]
    return saved(book)


def slide(text: str) -> bytes:
    deck = Presentation()
    deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = f"About {text}"
    return saved(deck)


def split(text: str) -> bytes:
    """Cut into runs in the middle of a word, as happens when somebody changes the look of a letter."""
    deck = Presentation()
    paragraph = deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text_frame.paragraphs[0]
    for part in (text[:3], text[3:]):
        paragraph.add_run().text = part
    return saved(deck)


def notes(text: str) -> bytes:
    deck = Presentation()
    deck.slides.add_slide(deck.slide_layouts[6]).notes_slide.notes_text_frame.text = f"Say & tell: {text}"
    return saved(deck)


def description(text: str) -> bytes:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    shape = slide.shapes.add_picture(io.BytesIO(picture("nothing")), 0, 0)
    shape._element.nvPicPr.cNvPr.set("descr", f'"{text}"')
    return saved(deck)


def picture(text: str) -> bytes:
    stream = io.BytesIO()
    Figure(figsize=(1, 1)).savefig(stream, format="png", dpi=10, metadata={"Description": f"≥ {text}"})
    return stream.getvalue()


def in_slides(text: str) -> bytes:
    deck = Presentation()
    deck.slides.add_slide(deck.slide_layouts[6]).shapes.add_picture(io.BytesIO(picture(text)), 0, 0)
    return saved(deck)


def title(text: str) -> bytes:
    coded = text.encode("utf-16-be").hex().upper()
    return f"%PDF-1.7\n1 0 obj <</Title <FEFF{coded}> >> endobj\n".encode()


def bookmark(text: str) -> bytes:
    packed = zlib.compress(b"<</Title (About \\(" + text.encode() + b"\\))>>")
    return b"%PDF-1.7\n2 0 obj <</Filter /FlateDecode>>\nstream\n" + packed + b"\nendstream endobj\n"


MAKERS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "cell": ("a.xlsx", cell), "comment of a cell": ("a.xlsx", remark), "slide": ("a.pptx", slide),
    "split": ("a.pptx", split), "speaker notes": ("a.pptx", notes), "description": ("a.pptx", description),
    "words of a picture in slides": ("a.pptx", in_slides), "words of a picture": ("a.png", picture),
    "title of a PDF": ("a.pdf", title), "bookmark of a PDF": ("a.pdf", bookmark),
}  # fmt: skip


@pytest.mark.parametrize("place", MAKERS)
@pytest.mark.parametrize(
    ("kind", "text"),
    [("person", KEY), ("comment", WORDS), ("contact", MAIL), ("path", "/data/clients/secret/a")],
)
def test_a_planted_secret_is_found_wherever_it_stands(
    place: str, kind: str, text: str, tmp_path: Path
) -> None:
    name, make = MAKERS[place]
    (tmp_path / name).write_bytes(make(text))
    assert {(leak.file, leak.kind) for leak in scan_files(tmp_path, SECRETS)} == {(name, kind)}


@pytest.mark.parametrize("place", MAKERS)
def test_nothing_is_found_where_nothing_is(place: str, tmp_path: Path) -> None:
    name, make = MAKERS[place]
    (tmp_path / name).write_bytes(make("nothing of anybody"))
    assert scan_files(tmp_path, SECRETS) == []


def test_the_name_of_a_sheet_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(sheet_name(f"Sheet {KEY}"))
    assert scan_files(tmp_path, SECRETS)[0].kind == "person"


def test_cells_side_by_side_are_a_row_and_cells_below_a_heading_a_column(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["first", *ROW])
    (tmp_path / "row.xlsx").write_bytes(saved(book))
    book = openpyxl.Workbook()
    for line in (["name", "employee_id"], ["a", "18"], ["b", "17"]):
        book.active.append(line)
    (tmp_path / "column.xlsx").write_bytes(saved(book))
    assert scan_files(tmp_path, SECRETS) == [
        Leak("column.xlsx", "xl/worksheets/sheet1.xml", "person"),
        Leak("row.xlsx", "xl/worksheets/sheet1.xml", "row"),
    ]


def test_a_leak_says_where_and_never_what(tmp_path: Path) -> None:
    (tmp_path / "a.pptx").write_bytes(notes(KEY))
    (leak,) = scan_files(tmp_path, SECRETS)
    assert leak.place == "ppt/notesSlides/notesSlide1.xml"
    assert KEY not in str(leak)


def test_what_is_broken_is_searched_as_it_is() -> None:
    whole = cell(KEY)
    assert opened(whole[: len(whole) // 2]) is not None
    assert opened(b"plain text") is None
    assert "Description" not in png_texts(picture("x")[:60])
    assert opened(b"%PDF-1.7 stream\nnot packed\nendstream (said)") == [("document", "said")]


def test_a_package_in_a_package_is_opened() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as outer:
        outer.writestr("embeddings/book.xlsx", cell(KEY))
    said = dict(opened(stream.getvalue()) or [])
    assert any(KEY in text for text in said.values())
