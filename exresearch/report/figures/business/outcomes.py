"""The outcomes of a claim about the business: each with its interval, ratios and slopes on axes of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.decision import Verdict
from exresearch.findings.note import Note
from exresearch.report.figures.business.axes import HEADINGS, prepare
from exresearch.report.figures.door import too_few
from exresearch.report.figures.forests import MARKS
from exresearch.report.figures.rows import draw_interval, headroom, row_value, rows_panels
from exresearch.report.figures.visible import visible
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.sentences import VERDICT_LABELS
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, intervals_name, require, rows_of, style

_COLUMNS = (
    "label",
    "estimate",
    "conf_low",
    "conf_high",
    "unit_of_measurement",
    "verdict",
    "low",
    "high",
    "n",
)
TIMES = {
    "before": (mark("{outcome}: experience a wave before"), "o", True, "blue"),
    "same": (mark("{outcome}: experience of the same wave"), "s", False, "grey"),
    "after": (mark("{outcome}: experience a wave after"), "^", True, "orange"),
}


def outcome_forest(frame: pd.DataFrame, *, texts: Texts) -> Picture | Note:
    """Draw the deciding estimate of every outcome.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label`` (text or mapping), ``estimate, conf_low, conf_high, unit_of_measurement`` (``rate_ratio`` or
        ``standardised``), ``verdict``, ``low`` and ``high`` (bounds of what is too small to matter), ``n``; optional
        ``conf_level``.
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture or Note
        The note where too few people are behind everything.

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    require(frame, _COLUMNS, figure="outcome_forest")
    released = release(frame, count="n", rules=DisclosureRules(), name="Outcomes")
    frame = visible(released)
    if frame.empty:
        return too_few(released.rules)
    groups = _groups(frame)
    with style():
        figure, panels = rows_panels(
            [[texts.pick(row.label) for row in rows] for rows in groups],
            right=1.35,
            top=0.4,
            bottom=0.42,
            least=0.52,
        )
        for (axes, positions), rows in zip(panels, groups, strict=True):
            unit = rows[0].unit_of_measurement
            values = [value for row in rows for value in (row.estimate, row.conf_low, row.conf_high)]
            prepare(axes, unit, values, band=(rows[0].low, rows[0].high), texts=texts)
            headroom(axes, texts.say(HEADINGS[unit]))
            for y, row in zip(positions, rows, strict=True):
                verdict = Verdict(row.verdict)
                marker, filled, colour = MARKS[verdict]
                draw_interval(
                    axes,
                    y,
                    row.estimate,
                    row.conf_low,
                    row.conf_high,
                    colour=colour,
                    marker=marker,
                    filled=filled,
                )
                shown = f"{texts.number(row.estimate, unit_spec(unit))}\n{texts.say(VERDICT_LABELS[verdict])}"
                row_value(axes, y, shown, colour=colour)
    supported = int((frame["verdict"] == Verdict.SUPPORTED.value).sum())
    takeaway = texts.say(
        "The claim is supported for {supported} of {total} outcomes.", supported=supported, total=len(frame)
    )
    caption = texts.say(
        "Link of each outcome with employee experience a wave before, with {intervals}. Line: no link; shaded: too "
        "small to matter. For turnover and absence the claim is to the left of the line, for productivity and result "
        "to the right.",
        intervals=intervals_name(frame, texts),
    )
    said = [
        f"{texts.pick(row.label)}: {_numbers(row, texts)}, {texts.say(VERDICT_LABELS[Verdict(row.verdict)])}"
        for rows in groups
        for row in rows
    ]
    return Picture(figure, caption, f"{'; '.join(said)}. {takeaway}", takeaway, shown=[released])


def outcome_timing(frame: pd.DataFrame, *, texts: Texts) -> Picture | Note:
    """Draw the link of every outcome with employee experience of a wave before, the same wave and a wave after.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label, timing`` (``before``, ``same``, ``after``), ``estimate, conf_low, conf_high, unit_of_measurement, n``;
        optional ``conf_level``.
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture or Note
        Its takeaway names the outcomes that go with later experience as well.

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    columns = ("label", "timing", "estimate", "conf_low", "conf_high", "unit_of_measurement", "n")
    require(frame, columns, figure="outcome_timing")
    released = release(frame, count="n", rules=DisclosureRules(), name="Outcomes, before and after")
    frame = visible(released)
    if frame.empty:
        return too_few(released.rules)
    groups = _groups(frame)
    names = [
        [texts.say(TIMES[row.timing][0], outcome=texts.pick(row.label)) for row in rows] for rows in groups
    ]
    with style():
        figure, panels = rows_panels(names, left=2.15, right=0.62, top=0.4, bottom=0.42, wrap=28)
        for (axes, positions), rows in zip(panels, groups, strict=True):
            unit = rows[0].unit_of_measurement
            values = [value for row in rows for value in (row.estimate, row.conf_low, row.conf_high)]
            prepare(axes, unit, values, band=None, texts=texts)
            headroom(axes, texts.say(HEADINGS[unit]))
            _separate(axes, positions, rows)
            for y, row in zip(positions, rows, strict=True):
                _, marker, filled, colour = TIMES[row.timing]
                drawn = COLOURS[colour]
                draw_interval(
                    axes,
                    y,
                    row.estimate,
                    row.conf_low,
                    row.conf_high,
                    colour=drawn,
                    marker=marker,
                    filled=filled,
                )
                row_value(axes, y, texts.number(row.estimate, unit_spec(unit)), colour=drawn)
    after = [row for rows in groups for row in rows if row.timing == "after" and _clear(row)]
    takeaway = texts.say("No outcome clearly goes with experience that was measured after it.")
    if after:
        takeaway = texts.say(
            "{outcomes}: also linked with experience that was measured afterwards, which cannot be the cause.",
            outcomes=", ".join(texts.pick(row.label) for row in after),
        )
    caption = texts.say(
        "The same regression with employee experience measured a wave before the outcome, in its wave, and a wave "
        "after it, with {intervals}. Line: no link.",
        intervals=intervals_name(frame, texts),
    )
    said = [f"{name}: {_numbers(row, texts)}" for part, rows in zip(names, groups, strict=True)
            for name, row in zip(part, rows, strict=True)]  # fmt: skip
    return Picture(figure, caption, f"{'; '.join(said)}. {takeaway}", takeaway, shown=[released])


def _groups(frame: pd.DataFrame) -> list[list[Any]]:
    units = list(dict.fromkeys(frame["unit_of_measurement"]))
    return [rows_of(frame[frame["unit_of_measurement"] == unit]) for unit in units]


def _numbers(row: Any, texts: Texts) -> str:
    spec = unit_spec(row.unit_of_measurement)
    limits = interval(row.conf_low, row.conf_high, spec, language=texts.language)
    return f"{texts.number(row.estimate, spec)} ({limits})"


def _clear(row: Any) -> bool:
    null = 1.0 if row.unit_of_measurement == "rate_ratio" else 0.0
    return bool(row.conf_low > null or row.conf_high < null)


def _separate(axes: Any, positions: Sequence[float], rows: Sequence[Any]) -> None:
    """A thin line between two outcomes."""
    for above, below, first, second in zip(positions, positions[1:], rows, rows[1:], strict=False):
        if first.label != second.label:
            axes.axhline((above + below) / 2, color=COLOURS["light"], linewidth=0.8)
