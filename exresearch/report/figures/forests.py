"""Forests: many estimates with their intervals against what would be nothing and what would be too small to matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.decision import Verdict
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.report.figures.door import too_few
from exresearch.report.figures.rows import draw_interval, headroom, row_value, rows_axes, rows_panels
from exresearch.report.figures.visible import visible
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.sentences import UNIT_NAMES, VERDICT_LABELS
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, number_axis, require, rows_of, style
from exresearch.report.verdict import release_records

_DIFFERENCE = mark("difference in explained variance")
LOG_UNITS = ("ratio", "odds_ratio", "hazard_ratio", "rate_ratio")
MARKS = {
    Verdict.SUPPORTED: ("o", True, COLOURS["blue"]),
    Verdict.CONTRADICTED: ("X", True, COLOURS["orange"]),
    Verdict.EQUIVALENT: ("s", False, COLOURS["green"]),
    Verdict.INCONCLUSIVE: ("o", False, COLOURS["grey"]),
}


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One row of a forest: what it is called, its interval, and its verdict where it has one."""

    label: str
    unit: str
    estimate: float
    low: float
    high: float
    deciding: bool = False
    verdict: Verdict | None = None


def robustness_forest(finding: Finding, *, texts: Texts, label: str | None = None) -> Picture | Note:
    """Draw the deciding estimate and, beside it, the same question answered in other ways.

    Estimates of different kinds (ratios, correlations, shares) are never put on one axis: each has its own
    panel.

    Parameters
    ----------
    finding : Finding
        A tested finding with its robustness records.
    texts : Texts
        Language of the reader.
    label : str, optional
        Name of the deciding row; "Deciding estimate" by default.

    Returns
    -------
    Picture or Note
        The note where too few people are behind the deciding estimate.

    Raises
    ------
    ValueError
        If the finding was not testable.
    """
    deciding = deciding_row(finding, label or texts.say("Deciding estimate"))
    decided, beside = (
        release_records(_numbers(records, texts, deciding.label), finding, name=name)
        for name, records in (
            ("Deciding estimate", [finding]),
            ("Checks beside the deciding estimate", finding.robustness),
        )
    )
    if decided.n_hidden:
        return too_few(decided.rules)
    checks = [
        _row(record, texts)
        for record, hidden in zip(finding.robustness, beside.hidden, strict=True)
        if not hidden
    ]
    groups = [[deciding] + [row for row in checks if row.unit == deciding.unit]]
    others = dict.fromkeys(row.unit for row in checks if row.unit != deciding.unit)
    groups += [[row for row in checks if row.unit == unit] for unit in others]
    band = (finding.smallest_effect.low, finding.smallest_effect.high)
    with style():
        bold = [True] + [False] * (len(groups[0]) - 1)
        figure, panels = rows_panels(
            [[row.label for row in rows] for rows in groups], right=1.05, top=0.34, bottom=0.36, bold=bold
        )
        for index, ((axes, positions), rows) in enumerate(zip(panels, groups, strict=True)):
            null = finding.null if index == 0 else null_of(rows[0].unit)
            draw_panel(axes, positions, rows, texts=texts, null=null, band=band if index == 0 else None)
            headroom(axes, texts.say(UNIT_NAMES[rows[0].unit]))
    # A share has no "no effect", so a check in shares points nowhere.
    compared = [(row, finding.null if row.unit == deciding.unit else null_of(row.unit)) for row in checks]
    side = deciding.estimate - finding.null
    # The whole interval: an estimate just above nothing says no more than one just below.
    judged = [
        ((row.low if side > 0 else row.high) - null) * side > 0 for row, null in compared if null is not None
    ]
    takeaway = texts.say("There are no checks beside the deciding estimate.")
    if judged:
        takeaway = checks_sentence(sum(judged), len(judged), texts)
    caption = texts.say(
        "The deciding estimate and the checks beside it, with intervals; each unit has its own axis. Line: "
        "no effect. Shaded: too small "
        "to matter."
    )
    described = _described([row for rows in groups for row in rows], texts)
    return Picture(figure, caption, f"{described} {takeaway}", takeaway, [decided, beside])


def difference_forest(
    frame: pd.DataFrame,
    *,
    texts: Texts,
    null: float,
    smallest_effect: tuple[float, float],
    unit: str = "variance_share",
    axis_label: str | None = None,
) -> Picture | Note:
    """Draw one difference per outcome, with the verdict on each.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``outcome`` (text or mapping), ``estimate, conf_low, conf_high`` (in ``unit``), ``n``, ``verdict`` (value of
        a :class:`~exresearch.findings.decision.Verdict`, or missing).
    texts : Texts
        Language of the reader.
    null : float
        Where there would be no difference.
    smallest_effect : tuple of float
        Bounds of what is too small to matter.
    unit : str
        Unit of measurement of the estimates.
    axis_label : str, optional
        What the axis shows, in the reader's language; the unit's name by default.

    Returns
    -------
    Picture or Note
        The note where too few people are behind every difference.

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    require(
        frame, ["outcome", "estimate", "conf_low", "conf_high", "n", "verdict"], figure="difference_forest"
    )
    released = release(frame, count="n", rules=DisclosureRules(), name="Differences by outcome")
    frame = visible(released)
    if frame.empty:
        return too_few(DisclosureRules())
    rows = [
        ForestRow(texts.pick(row.outcome), unit, float(row.estimate), float(row.conf_low),
        float(row.conf_high),
             verdict=None if pd.isna(row.verdict) else Verdict(row.verdict))
        for row in rows_of(frame)
    ]  # fmt: skip
    with style():
        figure, axes, positions = rows_axes([row.label for row in rows], right=1.35, least=0.56)
        # A difference of two shares is one of percentage points.
        spec = "points1" if unit == "variance_share" else None
        draw_panel(axes, positions, rows, texts=texts, null=null, band=smallest_effect, spec=spec)
        named = _DIFFERENCE if unit == "variance_share" else UNIT_NAMES[unit]
        axes.set_xlabel(axis_label or texts.say(named))
    supported = sum(1 for row in rows if row.verdict is Verdict.SUPPORTED)
    takeaway = texts.say(
        "The claim is supported for {supported} of {total} outcomes.", supported=supported, total=len(rows)
    )
    return Picture(
        figure,
        texts.say(
            "Difference per outcome with intervals and verdict. Line: no difference; shaded: too small to "
            "matter."
        ),
        f"{_described(rows, texts, spec=spec)} {takeaway}",
        takeaway,
        [released],
    )


def _numbers(records: Sequence[EstimateRecord | Finding], texts: Texts, deciding: str) -> pd.DataFrame:
    names = ("estimate", "conf_low", "conf_high", "n")
    frame = pd.DataFrame({name: [getattr(one, name) for one in records] for name in names}, dtype="float64")
    labels = [texts.note(one.label) if isinstance(one, EstimateRecord) else deciding for one in records]
    return frame.assign(
        label=labels,
        unit_of_measurement=[one.unit_of_measurement for one in records],
        conf_level=pd.Series([one.conf_level for one in records], dtype="float64"),
    )


def null_of(unit: str) -> float | None:
    """Return the value at which an estimate in a unit says nothing; None where there is no such value."""
    if unit in LOG_UNITS:
        return 1.0
    return None if unit in ("share", "score", "points", "index") else 0.0


def draw_panel(
    axes: Axes,
    positions: Sequence[float],
    rows: Sequence[ForestRow],
    *,
    texts: Texts,
    null: float | None,
    band: tuple[float, float] | None,
    spec: str | None = None,
) -> None:
    """Draw rows of one unit on an axis of their own, with the line of no effect and what is too small to matter."""
    unit = rows[0].unit
    bounds = [value for row in rows for value in (row.estimate, row.low, row.high)]
    bounds += [] if null is None else [null]
    bounds += [] if band is None else list(band)
    if unit in LOG_UNITS and min(bounds) > 0:
        axes.set_xscale("log")
        # A bootstrap limit near zero or in the hundreds is drawn as an arrow, not as an axis.
        low, high = max(min(bounds), 0.05), min(max(bounds), 20.0)
        pad = max((high / low) ** 0.06, 1.02)
        axes.set_xlim(low / pad, high * pad)
        ticks = [
            t
            for t in (0.05, 0.1, 0.2, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 5, 10, 20)
            if low / pad <= t <= high * pad
        ]
        if len(ticks) > 3:
            ticks = [t for t in ticks if t not in (0.75, 1.25)]
        if len(ticks) > 5:
            ticks = [t for t in ticks if t in (0.05, 0.2, 0.5, 1, 2, 5, 20)]
        if high / low < 1.4:
            # On so short a stretch a log axis is as good as linear.
            ticks = list(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]).tick_values(low, high))
        axes.xaxis.set_major_locator(FixedLocator([t for t in ticks if low / pad <= t <= high * pad]))
        axes.xaxis.set_minor_locator(FixedLocator([]))
    else:
        low, high = min(bounds), max(bounds)
        pad = 0.06 * (high - low) or 0.01
        axes.set_xlim(low - pad, high + pad)
    if band is not None:
        axes.axvspan(*band, color=COLOURS["band"], zorder=0)
    if null is not None:
        axes.axvline(null, color=COLOURS["grey"], linewidth=1)
    for position, row in zip(positions, rows, strict=True):
        draw_row(axes, position, row)
        shown = texts.number(row.estimate, spec or unit_spec(unit))
        if row.verdict is not None:
            shown += "\n" + texts.say(VERDICT_LABELS[row.verdict])
        row_value(
            axes,
            position,
            shown,
            colour=MARKS[row.verdict][2] if row.verdict else COLOURS["ink"],
            bold=row.deciding,
        )
    left, right = axes.get_xlim()
    ticked = unit_spec(unit)
    if ticked.startswith(("percent", "points")):
        # On a share axis whole percentages do, unless the axis is narrower than a few of them.
        ticked = "percent0" if right - left > 0.04 else "percent1"
    elif ticked == "number2" and axes.get_xscale() == "linear" and right - left > 0.4:
        ticked = "number1"
    number_axis(axes.xaxis, ticked, texts, ticks=5 if ticked == "number1" else 4)


def draw_row(axes: Axes, position: float, row: ForestRow, *, size: float = 7.0) -> None:
    """Draw a row; verdicts differ in shape and filling as well as in colour."""
    marker, filled, colour = "o", row.deciding, COLOURS["blue"] if row.deciding else COLOURS["grey"]
    if row.verdict in MARKS:
        marker, filled, colour = MARKS[row.verdict]
    elif row.deciding:
        marker = "D"
    draw_interval(
        axes,
        position,
        row.estimate,
        row.low,
        row.high,
        colour=colour,
        marker=marker,
        filled=filled,
        size=size,
    )


def checks_sentence(clear: int, checks: int, texts: Texts) -> str:
    """Say how many checks lie, with their whole interval, on the side of the deciding estimate."""
    if clear == checks:
        return texts.say(
            "All {checks} checks lie, with their whole interval, on the side of the deciding estimate.",
            checks=checks,
        )
    return texts.say(
        "{clear} of the {checks} checks lie, with their whole interval, on the side of the deciding estimate.",
        clear=clear,
        checks=checks,
    )


def deciding_row(finding: Finding, label: str) -> ForestRow:
    """Return the deciding estimate of a tested finding as a row."""
    if finding.estimate is None or finding.conf_low is None or finding.conf_high is None:
        raise ValueError(f"{finding.hypothesis} was not testable: there is no estimate to draw.")
    return ForestRow(
        label,
        finding.unit_of_measurement,
        finding.estimate,
        finding.conf_low,
        finding.conf_high,
        deciding=True,
    )


def _row(record: EstimateRecord, texts: Texts) -> ForestRow:
    return ForestRow(
        texts.note(record.label),
        record.unit_of_measurement,
        record.estimate,
        record.conf_low,
        record.conf_high,
    )


def _described(rows: Sequence[ForestRow], texts: Texts, *, spec: str | None = None) -> str:
    parts = []
    for row in rows:
        shown = spec or unit_spec(row.unit)
        limits = interval(row.low, row.high, shown, language=texts.language)
        part = f"{row.label}: {texts.number(row.estimate, shown)} ({limits})"
        parts.append(part if row.verdict is None else f"{part}, {texts.say(VERDICT_LABELS[row.verdict])}")
    return "; ".join(parts) + "."
