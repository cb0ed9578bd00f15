"""``findings.xlsx``: every number of every finding, as it is and as it is shown, with what it means."""

from __future__ import annotations

import io
from collections.abc import Sequence

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from exresearch.findings.decision import Verdict
from exresearch.report.exports.cells import across, fit_row, head, printed, put, widths
from exresearch.report.exports.content import Content, Edition, Line, unit_name
from exresearch.report.exports.dictionary import FIELDS, RANKS, SUMMARY, UNITS, Field
from exresearch.report.exports.package import plain_package
from exresearch.report.sentences import UNIT_NAMES, VERDICT_LABELS
from exresearch.report.text import Texts, mark
from exresearch.report.verdict import SYMBOLS

PARTS = {
    "deciding": mark("Deciding estimate"),
    "component": mark("Part of the claim"),
    "check": mark("Check"),
    "driver": mark("Driver"),
}
_INKS = {
    Verdict.SUPPORTED: "005A8C", Verdict.CONTRADICTED: "A84300", Verdict.EQUIVALENT: "00664D",
    Verdict.INCONCLUSIVE: "4A525C", Verdict.NOT_TESTABLE: "4A525C",
}  # fmt: skip
# Columns of numbers, or of numbers as they are shown.
_RIGHT = frozenset(field.key for field in FIELDS + RANKS + SUMMARY if field.form) | {
    "shown", "limits", "smallest", "p_shown", "level", "ranks",
}  # fmt: skip
_EXPLAINED = (mark("Column"), mark("Field in the JSON file"), mark("Sheet"), mark("Meaning"))
# A sheet's name has at most 31 signs and none of these.
_MOST, _UNNAMEABLE = 31, str.maketrans(dict.fromkeys(r"[]:*?/\'", "-"))
# Text that goes over the columns of a table ends here, so that it can be read without scrolling.
_READ_TO = 9


def workbook_bytes(contents: Sequence[Content], edition: Edition) -> bytes:
    """Return the findings of a report as a workbook.

    Parameters
    ----------
    contents : sequence of Content
        Of :func:`exresearch.report.exports.content.contents_of`.
    edition : Edition
        For whom and when.

    Returns
    -------
    bytes
        An XLSX file: a summary, a sheet per hypothesis, a data dictionary and a sheet about the report. The same
        content on the same day gives the same bytes.
    """
    texts = edition.site.texts
    book = Workbook()
    summary = book.active
    names = _sheet_names(contents, texts)
    summary.title = texts.say("Summary")
    _summary(summary, contents, names, edition)
    for content, name in zip(contents, names, strict=True):
        _hypothesis(_added(book, name), content, edition)
    _dictionary(_added(book, texts.say("Data dictionary")), edition, ranked=_ranked(contents))
    _about(_added(book, texts.say("About")), edition)
    book.properties.creator = "exresearch"
    book.properties.title = edition.site.title
    book.properties.language = texts.language
    saved = io.BytesIO()
    book.save(saved)
    return plain_package(saved.getvalue(), made_on=edition.made_on)


def _added(book: Workbook, name: str) -> Worksheet:
    return book.create_sheet(name)


def _sheet_names(contents: Sequence[Content], texts: Texts) -> list[str]:
    taken = {texts.say(name).casefold() for name in ("Summary", "Data dictionary", "About")}
    names = []
    for content in contents:
        name = base = content.finding.hypothesis.translate(_UNNAMEABLE)[:_MOST]
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{base[: _MOST - len(str(number)) - 1]}-{number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _prepare(sheet: Worksheet) -> None:
    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _footer(edition: Edition) -> str:
    texts, site = edition.site.texts, edition.site
    parts = [site.client, site.title, texts.number(edition.made_on, "date")]
    return " · ".join(parts + [texts.say("fictional data")] * site.synthetic)


def _summary(sheet: Worksheet, contents: Sequence[Content], names: Sequence[str], edition: Edition) -> None:
    texts, fields = edition.site.texts, SUMMARY
    _prepare(sheet)
    widths(sheet, [field.width for field in fields])
    head(sheet, 1, [(texts.say(field.header), field.key in _RIGHT) for field in fields])
    for row, (content, name) in enumerate(zip(contents, names, strict=True), start=2):
        first = content.lines[0] if content.lines else None
        sentence = f"{content.effect} {content.meaning}".strip()
        values = {
            "title": content.title,
            "label": f"{content.symbol} {content.label}",
            "answer": content.answer,
            "sentence": sentence,
            "shown": first.shown if first else "",
            "limits": first.limits if first else "",
            "level": first.level if first else "",
            "n": first.numbers.get("n") if first else None,
            "n_units": first.numbers.get("n_units") if first else None,
        }
        for at, field in enumerate(fields, start=1):
            ink = _INKS[content.finding.verdict] if field.key == "label" else "1B1F24"
            put(
                sheet, row, at, values[field.key], form=field.form, bold=field.key in ("title", "label"),
                right=field.key in _RIGHT, colour=ink, padded=True,
            )  # fmt: skip
        sheet.cell(row, 1).hyperlink = f"#'{name}'!A1"
        fit_row(sheet, row, [(values[field.key], field.width) for field in fields])
    sheet.freeze_panes = "B2"
    if contents:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(fields))}{len(contents) + 1}"
    printed(sheet, heading=1, footer=_footer(edition))


def _ranked(contents: Sequence[Content]) -> bool:
    return any(line.part == "driver" for content in contents for line in content.lines)


def _hypothesis(sheet: Worksheet, content: Content, edition: Edition) -> None:
    texts = edition.site.texts
    fields = FIELDS + (RANKS if _ranked([content]) else ())
    _prepare(sheet)
    widths(sheet, [field.width for field in fields])
    across(sheet, 1, 1, _READ_TO, content.title, bold=True, size=14)
    put(sheet, 2, 1, texts.say("Claim"), bold=True)
    across(sheet, 2, 2, _READ_TO, content.claim)
    put(sheet, 3, 1, f"{content.symbol} {content.label}", bold=True, colour=_INKS[content.finding.verdict])
    across(sheet, 3, 2, _READ_TO, f"{content.effect} {content.meaning}".strip())
    heading = 4
    if content.lines:
        head(sheet, heading, [(texts.say(field.header), field.key in _RIGHT) for field in fields])
        fit_row(sheet, heading, [(texts.say(field.header), field.width) for field in fields])
    row = heading
    for line in content.lines:
        row += 1
        cells = _cells(line, texts)
        for at, field in enumerate(fields, start=1):
            value = cells.get(field.key)
            put(
                sheet, row, at, value, form=field.form, bold=line.part == "deciding" and at < 4,
                right=field.key in _RIGHT, padded=True,
            )  # fmt: skip
        fit_row(sheet, row, [(cells.get(field.key), field.width) for field in fields])
    if content.lines:
        sheet.freeze_panes = f"C{heading + 1}"
        sheet.auto_filter.ref = f"A{heading}:{get_column_letter(len(fields))}{row}"
    for title, said in _below(content, texts):
        row += 2
        across(sheet, row, 1, 2, title, bold=True)
        for text in said:
            row += 1
            across(sheet, row, 1, _READ_TO, text)
    printed(
        sheet, heading=heading, footer=f"{content.title} · {_footer(edition)}",
        pages=2 if content.lines else 1, columns="A:B" if content.lines else "",
    )  # fmt: skip


def _below(content: Content, texts: Texts) -> list[tuple[str, tuple[str, ...]]]:
    told = [
        (texts.say("Why this verdict"), (content.reason,)),
        (texts.say("Beside published figures"), content.comparisons),
        (texts.say("Keep in mind"), content.caveats),
        (texts.say("What may be shown"), (content.disclosure,)),
    ]
    return [(title, said) for title, said in told if any(said)]


def _cells(line: Line, texts: Texts) -> dict[str, object]:
    judged = (
        "" if line.verdict is None else f"{SYMBOLS[line.verdict]} {texts.say(VERDICT_LABELS[line.verdict])}"
    )
    words: dict[str, object] = {
        "part": texts.say(PARTS[line.part]),
        "label": line.label,
        "shown": line.shown,
        "limits": line.limits,
        "p_shown": line.p_shown,
        "unit": unit_name(line, texts),
        "smallest": line.smallest,
        "verdict": judged,
        "method": line.method,
        "note": line.note,
        "ranks": line.ranks,
    }
    return words | line.numbers


def _dictionary(sheet: Worksheet, edition: Edition, *, ranked: bool) -> None:
    texts = edition.site.texts
    _prepare(sheet)
    widths(sheet, (30, 24, 34, 90))
    head(sheet, 1, [(texts.say(name), False) for name in _EXPLAINED])
    each = texts.say("one per hypothesis")
    rows = [(field, texts.say("Summary")) for field in SUMMARY]
    rows += [(field, each) for field in FIELDS + (RANKS if ranked else ())]
    row = 1
    for field, where in rows:
        row += 1
        _explained(sheet, row, (texts.say(field.header), _stored(field), where, texts.say(field.meaning)))
    row += 2
    second = ("Unit of measurement", _EXPLAINED[1], "", _EXPLAINED[3])
    head(sheet, row, [(texts.say(name), False) for name in second])
    for unit, meaning in UNITS.items():
        row += 1
        _explained(sheet, row, (texts.say(UNIT_NAMES[unit]), unit, "", texts.say(meaning)))
    sheet.freeze_panes = "A2"
    printed(sheet, heading=1, footer=_footer(edition))


def _stored(field: Field) -> str:
    computed = ("part", "shown", "limits", "p_shown", "level", "sentence", "answer", "title", "note", "ranks")
    return "" if field.key in computed else {"unit": "unit_of_measurement", "smallest": "smallest_effect"}.get(
        field.key, field.key
    )  # fmt: skip


def _explained(sheet: Worksheet, row: int, cells: Sequence[str]) -> None:
    for at, text in enumerate(cells, start=1):
        put(sheet, row, at, text, bold=at == 1)
    fit_row(sheet, row, list(zip(cells, (30, 24, 34, 90), strict=True)))


def _about(sheet: Worksheet, edition: Edition) -> None:
    texts, site = edition.site.texts, edition.site
    _prepare(sheet)
    widths(sheet, (28, 110))
    message, values = site.rules.sentence()
    facts = [
        (texts.say("Client"), site.client),
        (texts.say("Report"), site.title),
        (texts.say("Made on"), texts.number(edition.made_on, "date")),
        ("exresearch", edition.version),
        (texts.say("Seed"), str(edition.seed)),
        (texts.say("Source"), site.source),
        (texts.say("What may be shown"), texts.say(message, **values)),
        (texts.say("How to read it"), texts.say(
            "Columns “as shown” are rounded as in the report; the others hold the number in full precision, for "
            "calculations. More decimals are not more certainty: that is what the interval tells."
        )),
        (texts.say("Verdicts"), texts.say(
            "The rule was fixed before the data were read. Supported: the whole interval lies on the side of the "
            "claim, and not all of it is too small to matter. Contradicted: the whole interval lies on the other side. "
            "No meaningful effect: the whole interval is too small to matter. Inconclusive: both are still possible. "
            "Not testable: the data needed are not there."
        )),
    ]  # fmt: skip
    if site.synthetic:
        notice = (
            "This organisation does not exist; its figures were made up to show what a report looks like."
        )
        facts.insert(0, (texts.say("Fictional data."), texts.say(notice)))
    row = 0
    for name, value in facts:
        if value:
            row += 1
            put(sheet, row, 1, name, bold=True)
            put(sheet, row, 2, value)
            fit_row(sheet, row, [(value, 110)])
    printed(sheet, heading=1, footer=_footer(edition))
    sheet.print_title_rows = None
