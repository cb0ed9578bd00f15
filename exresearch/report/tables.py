"""Frames as accessible HTML tables: headers in words, numbers rounded by declared specs, hidden cells named."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from exresearch.disclosure import Released
from exresearch.findings.decision import Verdict
from exresearch.findings.note import Note
from exresearch.report.markup import fill
from exresearch.report.numbers import interval, render, unit_spec
from exresearch.report.sentences import UNIT_NAMES, VERDICT_LABELS
from exresearch.report.text import Texts, mark


@dataclass(frozen=True, slots=True)
class Column:
    """How a column is headed and shown.

    Parameters
    ----------
    header : str, Note or mapping
        English message, a note, or a mapping from language to text.
    spec : str
        A spec of :func:`exresearch.report.numbers.render`; or ``text`` (text, a note, or a mapping from
        language to text), ``message`` (an English message that is translated), ``estimate`` (digits follow
        the row's ``unit_of_measurement``; two decimals without), ``verdict``, ``unit`` (name of a unit of
        measurement), ``yes_no``, ``figures`` (text with numbers in it, which is hidden with its row), ``reference`` (a
        published source, which stays in English; or text as with ``text``).
    words : mapping of str to str, optional
        What a code in the frame is called: for the spec ``message`` as an English message, for ``text`` in the reader's
        language. What is not in it stays as it is.
    """

    header: str | Note | Mapping[str, str]
    spec: str = "text"
    words: Mapping[str, str] | None = None


_INTERVAL = "conf_low"
_LOW, _HIGH = "_low", "_high"
_SILENT = ("conf_high", "conf_level")
# Small print below the first cell of a row, instead of a column of its own.
_DETAIL = "detail"
_WORDS = ("text", "message", "verdict", "unit", "yes_no", "date", "reference")
# Shown as it is, and hidden like a number.
_FIGURES = "figures"
STANDARD_COLUMNS: dict[str, Column] = {
    "label": Column(mark("What")),
    "description": Column(mark("Step")),
    "wave": Column(mark("Wave")),
    "unit": Column(mark("Unit")),
    "group": Column(mark("Group")),
    "outcome": Column(mark("Outcome")),
    "driver": Column(mark("Driver")),
    "block": Column(mark("Block")),
    "hypothesis": Column(mark("Hypothesis")),
    "estimate": Column(mark("Estimate"), "estimate"),
    "unit_of_measurement": Column(mark("Unit of measurement"), "unit"),
    "conf_low": Column(mark("Interval"), "estimate"),
    "std_error": Column(mark("Standard error"), "number3"),
    "statistic": Column(mark("Test statistic"), "number2"),
    "p_value": Column(mark("p"), "p"),
    "p_adjusted": Column(mark("p, corrected"), "p"),
    "n": Column(mark("Answers"), "integer"),
    "n_units": Column(mark("Units"), "integer"),
    "n_excluded": Column(mark("Left out"), "integer"),
    "removed": Column(mark("Removed"), "integer"),
    "share": Column(mark("Share"), "percent1"),
    "response_rate": Column(mark("Response rate"), "percent0"),
    "importance": Column(mark("Importance"), "percent1"),
    "rank": Column(mark("Rank"), "integer"),
    "mean": Column(mark("Mean"), "number2"),
    "sd": Column(mark("Standard deviation"), "number2"),
    "method": Column(mark("Method")),
    "verdict": Column(mark("Verdict"), "verdict"),
    "note": Column(mark("Note")),
    "value": Column(mark("Value"), "number2"),
    "detail": Column(mark("Method")),
}


def html_table(
    released: Released,
    *,
    texts: Texts,
    caption: str,
    columns: Mapping[str, str | Column | Mapping[str, str] | None] | Sequence[str] | None = None,
    note: str | None = None,
    order: Sequence[int] | None = None,
) -> Markup:
    """Turn a frame that was released into a table.

    Parameters
    ----------
    released : Released
        One row per table row. ``conf_low`` and ``conf_high`` become one column, named after ``conf_level``, and so do
        other columns that end in ``_low`` and ``_high``, unless both are asked for; ``detail`` (text) becomes small
        print under the first cell. Rows whose numbers are hidden show the rule instead.
    texts : Texts
        Language of the reader.
    caption, note : str
        In the reader's language.
    columns : mapping or sequence, optional
        Which columns, in which order. A mapping gives a header (English message or mapping from language to
        text), a :class:`Column`, or ``None`` for the standard one. All columns by default; each must then
        have a standard header.
    order : sequence of int, optional
        Positions of the rows to show, in the order to show them; all as they are by default.

    Returns
    -------
    markupsafe.Markup
        A ``<figure>`` with a ``<table>``; the first column heads its row.

    Raises
    ------
    ValueError
        If a column does not exist or has no standard header.
    """
    frame, minimum = released.frame, released.rules.min_respondents
    chosen = _chosen(frame, columns)
    detailed = chosen.pop(_DETAIL, None) is not None
    details = [
        texts.pick(value) if detailed and value else "" for value in frame.get(_DETAIL, [""] * len(frame))
    ]
    concealed = [bool(value) for value in released.hidden]
    secret = texts.say("n < {minimum}", minimum=minimum)
    # A lower limit stands for both, unless the upper one has a column of its own.
    uppers = {
        name: upper
        for name in chosen
        if name.endswith(_LOW) and (upper := name.removesuffix(_LOW) + _HIGH) in frame and upper not in chosen
    }
    places = range(len(frame)) if order is None else order
    # Taken out of the frame column by column: asking it for one cell at a time is a hundred times slower.
    values = {name: _taken(frame, name, places) for name in (*chosen, *uppers.values())}
    units = _taken(frame, "unit_of_measurement", places) if "unit_of_measurement" in frame else None
    rows = []
    for at, index in enumerate(places):
        is_hidden, cells = concealed[index], []
        for name, column in chosen.items():
            conceal = is_hidden and column.spec not in _WORDS
            shown = secret if conceal else _cell(
                values[name][at],
                column,
                texts,
                unit="" if units is None else str(units[at]),
                bounds=(values[uppers[name]][at],) if name in uppers else (),
            )  # fmt: skip
            cells.append((shown, conceal))
        rows.append(cells)
    explanation = texts.say(
        "“{secret}”: not shown, because fewer than {minimum} people answered or because the number would "
        "give such a group away.",
        secret=secret,
        minimum=minimum,
    ) if any(concealed[index] for index in places) else ""  # fmt: skip
    return fill(
        "table.html.j2",
        texts=texts,
        caption=caption,
        headers=[
            (_header(frame, name, column, texts), column.spec not in _WORDS)
            for name, column in chosen.items()
        ],
        rows=rows,
        details=[details[index] for index in places],
        notes=[text for text in (note, explanation) if text],
    )


def _chosen(
    frame: pd.DataFrame, columns: Mapping[str, str | Column | Mapping[str, str] | None] | Sequence[str] | None
) -> dict[str, Column]:
    if columns is None:
        wanted: dict[str, str | Column | Mapping[str, str] | None] = {
            str(name): None for name in frame.columns if name not in _SILENT
        }
    elif isinstance(columns, Mapping):
        wanted = {name: value for name, value in columns.items() if name not in _SILENT}
    else:
        wanted = {name: None for name in columns if name not in _SILENT}
    absent = [name for name in wanted if name not in frame.columns]
    if absent:
        raise ValueError(
            f"table: no column {', '.join(absent)}; the frame has {', '.join(map(str, frame.columns))}."
        )
    nameless = [name for name, value in wanted.items() if value is None and name not in STANDARD_COLUMNS]
    if nameless:
        raise ValueError(
            f"table: no standard header for {', '.join(nameless)}; give one in columns={{name: 'Header'}}."
        )
    chosen = {}
    for name, value in wanted.items():
        if isinstance(value, Column):
            chosen[name] = value
        elif value is None:
            chosen[name] = STANDARD_COLUMNS[name]
        else:
            chosen[name] = Column(
                value, STANDARD_COLUMNS[name].spec if name in STANDARD_COLUMNS else _guess(frame[name])
            )
    return chosen


def _guess(values: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(values):
        return "yes_no"
    if pd.api.types.is_integer_dtype(values):
        return "integer"
    return "number2" if pd.api.types.is_numeric_dtype(values) else "text"


def _header(frame: pd.DataFrame, name: str, column: Column, texts: Texts) -> str:
    if name == _INTERVAL and column.header == STANDARD_COLUMNS[_INTERVAL].header:
        levels = list(frame["conf_level"].dropna().unique()) if "conf_level" in frame else []
        if len(levels) == 1:
            return texts.say("{level:percent0} interval", level=float(levels[0]))
    return texts.say(column.header) if isinstance(column.header, str) else texts.pick(column.header)


def _taken(frame: pd.DataFrame, name: str, places: Sequence[int]) -> list[Any]:
    """The values of a column at some rows, each as the column gives it."""
    column = frame[name].array
    return [column[place] for place in places]


def _cell(value: Any, column: Column, texts: Texts, *, unit: str, bounds: Sequence[Any]) -> str:
    """What a cell says; ``bounds`` holds the upper limit of an interval whose lower one is the value."""
    if not isinstance(value, str | Note | Mapping) and pd.api.types.is_scalar(value) and pd.isna(value):
        return "–"
    spec = column.spec
    if spec == _FIGURES or (spec in _WORDS and spec != "date"):
        if column.words is None:
            return _words(value, spec, texts)
        words = column.words.get(str(value), str(value))
        return texts.say(words) if spec == "message" and str(value) in column.words else words
    if spec == "estimate":
        spec = unit_spec(unit)
    if isinstance(value, float) and not math.isfinite(value):
        return "–"
    for high in bounds:
        if pd.isna(high) or not math.isfinite(high):
            return "–"
        return interval(float(value), float(high), spec, language=texts.language)
    return render(value, spec, language=texts.language)


def _words(value: object, spec: str, texts: Texts) -> str:
    if spec == "yes_no":
        return texts.say("yes") if value else texts.say("no")
    if spec == "verdict":
        return texts.say(VERDICT_LABELS[Verdict(str(value))])
    if spec == "unit":
        return texts.say(UNIT_NAMES[str(value)])
    if spec == "reference" and isinstance(value, str):
        # The title of a published source stays in its own language.
        return Markup('<span lang="en">{}</span>').format(value)
    if spec == "message":
        return texts.translate(str(value))
    if isinstance(value, str | Note | Mapping) or hasattr(value, "nl"):
        return texts.pick(value)
    return str(value)
