"""What is passed on beside the pages, against findings and pages: spreadsheet, slides, single file, notebooks."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from openpyxl import load_workbook
from pptx import Presentation

from exresearch.report.exports.content import Content, Edition, contents_of
from exresearch.report.exports.slides import slides_bytes
from exresearch.report.exports.workbook import workbook_bytes
from exresearch.report.key_figures import FOLDER
from exresearch.report.single import one_file
from exresearch.report.site import render_page
from exresearch.run.render import body_of
from exresearch.run.seal import unsealed
from exresearch.run.staging import EXPORTS
from exresearch.run.verify.content import Delivered, documents_in
from exresearch.run.verify.outcome import Check, Difference, most, other, plain
from exresearch.run.verify.words import main_of, unlike, words_of

_FINDINGS, _PAGES = "the findings", "the pages"
_TOLD = 20
_Said = dict[str, str]


def check_passed_on(report: Delivered) -> Check:
    """Compare everything that is passed on with what it was made from.

    Returns
    -------
    Check
        The spreadsheet cell by cell and the slides shape by shape with the same made of the findings once more; the
        single file with the pages; each delivered notebook with its page. A PDF is known by its hash alone.
    """
    found: list[Difference] = []
    left_out: list[str] = []
    compared = 0
    edition = Edition(
        report.site,
        datetime.datetime.fromisoformat(str(report.record["started"])).date(),
        str(report.record["exresearch"]),
        int(report.record["seed"]),
    )
    contents = contents_of(report.findings, report.site.texts)
    for kind, compare in (("spreadsheet", _spreadsheet), ("slides", _slides)):
        path = report.folder / EXPORTS[kind]  # type: ignore[index]
        if path.is_file():
            compared += 1
            found += compare(path, contents, edition, report)
    single = report.folder / EXPORTS["single_file"]
    documents = documents_in(report)
    if single.is_file():
        compared += 1
        found += _single(single, documents, report)
    for path in sorted((report.folder / "notebooks").glob("*.ipynb")):
        if path.stem in documents:
            compared += 1
            found += _notebook(path, documents[path.stem], report)
    if (report.folder / EXPORTS["pdf"]).is_file():
        left_out.append("A PDF is known by its hash alone; its words were not compared.")
    return Check("passed_on", compared, tuple(found), tuple(left_out))


def _spreadsheet(
    path: Path, contents: tuple[Content, ...], edition: Edition, report: Delivered
) -> tuple[Difference, ...]:
    del report
    try:
        cells = _cells(path.read_bytes())
    except Exception:  # noqa: BLE001 - whatever a damaged workbook makes of its reader
        return (plain(path.name, "is no workbook that can be read any more."),)
    return _compared(_cells(workbook_bytes(contents, edition)), cells, file=path.name)


def _slides(
    path: Path, contents: tuple[Content, ...], edition: Edition, report: Delivered
) -> tuple[Difference, ...]:
    try:
        said = _shapes(path.read_bytes())
    except Exception:  # noqa: BLE001 - as above
        return (plain(path.name, "holds no slides that can be read any more."),)
    made, _ = slides_bytes(contents, edition, figures=report.folder / FOLDER)
    return _compared(_shapes(made), said, file=path.name)


def _single(path: Path, documents: dict[str, str], report: Delivered) -> tuple[Difference, ...]:
    whole = unsealed(path.read_bytes().decode("utf-8", "replace"))
    expected = one_file(documents, site=report.site)
    return unlike(
        words_of(main_of(expected)), words_of(main_of(whole)), file=path.name, place="", against=_PAGES
    )


def _notebook(path: Path, document: str, report: Delivered) -> tuple[Difference, ...]:
    name = f"notebooks/{path.name}"
    try:
        body = body_of(path, report.site.texts)
        expected = render_page(body, name=path.stem, site=report.site)
    except (ValueError, KeyError, AttributeError, TypeError, nbformat.ValidationError):
        return (plain(name, "is no notebook that can be read any more."),)
    return unlike(
        words_of(main_of(expected)),
        words_of(main_of(document)),
        file=f"{path.stem}.html",
        place="",
        against=name,
    )


def _compared(expected: _Said, found: _Said, *, file: str) -> tuple[Difference, ...]:
    differences = [
        other(file, place, expected=expected.get(place, ""), found=found.get(place, ""), against=_FINDINGS)
        for place in {**expected, **found}
        if expected.get(place) != found.get(place)
    ]
    return most(differences, _TOLD)


def _cells(content: bytes) -> _Said:
    book = load_workbook(io.BytesIO(content))
    return {
        f"sheet {sheet.title}, cell {cell.coordinate}": repr(cell.value)
        if _number(cell.value)
        else str(cell.value)
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }


def _number(value: object) -> bool:
    return isinstance(value, int | float)


def _shapes(content: bytes) -> _Said:
    deck = Presentation(io.BytesIO(content))
    said: _Said = {}
    for number, slide in enumerate(deck.slides, start=1):
        for index, text in enumerate(_texts(slide)):
            said[f"slide {number}, text {index + 1}"] = text
        if slide.has_notes_slide:
            said[f"slide {number}, notes"] = slide.notes_slide.notes_text_frame.text
    return said


def _texts(slide: Any) -> Iterator[str]:
    for shape in slide.shapes:
        if shape.has_text_frame:
            yield shape.text_frame.text
