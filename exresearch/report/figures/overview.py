"""The verdict overview: every tested hypothesis on one axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.ticker import FixedLocator

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.decision import Verdict
from exresearch.findings.finding import DecisionRule, Finding
from exresearch.findings.registry import load_registry
from exresearch.report.figures.forests import LOG_UNITS, MARKS, ForestRow, deciding_row, draw_row
from exresearch.report.figures.rows import headroom, row_value, rows_axes
from exresearch.report.overview import reading_order
from exresearch.report.sentences import VERDICT_LABELS
from exresearch.report.text import Texts
from exresearch.report.theme import COLOURS, Picture, number_axis, style

# Beyond this many smallest effects of interest a difference in place says nothing more.
_OVERVIEW_EDGE = 20.0


def overview_forest(
    findings: Sequence[Finding], *, texts: Texts, titles: Mapping[str, object] | None = None
) -> Picture:
    """Draw all tested hypotheses on one axis: how many times the smallest effect that matters.

    Parameters
    ----------
    findings : sequence of Finding
        Findings of a report; those that were not testable are counted in the caption.
    texts : Texts
        Language of the reader.
    titles : mapping of str to text, optional
        Short title per hypothesis (text or mapping); from the registry by default.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If no finding was tested.
    """
    tested = [finding for finding in reading_order(findings) if finding.tested]
    if not tested:
        raise ValueError("overview_forest needs at least one tested finding; got none.")
    named = titles if titles is not None else {h.id: h.title for h in load_registry().hypotheses}
    rows_of = {finding.hypothesis: _rows(finding, texts, named) for finding in tested}
    every = [row for rows in rows_of.values() for row, _ in rows]
    numbers = pd.DataFrame(
        {name: [getattr(row, name) for row in every] for name in ("estimate", "low", "high")}
    )
    numbers["n"] = [n for rows in rows_of.values() for _, n in rows]
    released = release(numbers, count="n", rules=DisclosureRules(), name="All hypotheses on one scale")
    hidden = {id(row) for row, secret in zip(every, released.hidden, strict=True) if secret}
    # A claim of several parts is a heading with its verdict, and a row for each part.
    lines: list[tuple[str, Verdict | None, ForestRow | None]] = []
    listed = []
    for finding in tested:
        title = texts.pick(named.get(finding.hypothesis, finding.hypothesis))
        rows = [row for row, _ in rows_of[finding.hypothesis] if id(row) not in hidden]
        if len(finding.components) > 1 and rows:
            lines.append((title, finding.verdict, None))
        for row in rows:
            lines.append((row.label, row.verdict, row))
            name = row.label if len(finding.components) < 2 else f"{title}: {row.label}"
            if row.verdict is not None:
                listed.append(f"{name}: {texts.say(VERDICT_LABELS[row.verdict])}")
    titles_of = {texts.pick(named.get(finding.hypothesis, finding.hypothesis)) for finding in tested}
    bold = [label in titles_of for label, _, _ in lines]
    with style():
        figure, axes, y = rows_axes(
            [label for label, _, _ in lines], left=1.75, right=1.35, top=0.42, bottom=0.8, wrap=23,
            least=0.32, air=0.12, bold=bold,
        )  # fmt: skip
        axes.set_xscale("symlog", linthresh=2, linscale=1)
        axes.set_xlim(-_OVERVIEW_EDGE, _OVERVIEW_EDGE)
        axes.axvspan(-1, 1, color=COLOURS["band"], zorder=0)
        axes.axvline(0, color=COLOURS["grey"], linewidth=1)
        for position, heads, (_, verdict, mark) in zip(y, bold, lines, strict=True):
            if mark is not None:
                draw_row(axes, position, mark)
            if verdict is not None:
                word = texts.say(VERDICT_LABELS[verdict])
                row_value(axes, position, word, colour=MARKS[verdict][2], bold=heads)
        axes.xaxis.set_major_locator(FixedLocator([-10, -3, -1, 0, 1, 3, 10]))
        axes.xaxis.set_minor_locator(FixedLocator([]))
        number_axis(axes.xaxis, "integer", texts)
        axes.set_xlabel(texts.say("times the smallest effect that matters"), labelpad=16)
        below: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "top",
                                 "fontsize": 8.5, "color": COLOURS["grey"]}  # fmt: skip
        # Each side of zero has room beyond the axis, under the labels and under the verdicts.
        axes.annotate("← " + texts.say("against the claim"), (0.47, 0), xytext=(0, -17), ha="right", **below)
        axes.annotate(texts.say("with the claim") + " →", (0.53, 0), xytext=(0, -17), ha="left", **below)
        headroom(axes, texts.say("shaded: too small to matter"))
    counts = {verdict: sum(1 for finding in tested if finding.verdict is verdict) for verdict in MARKS}
    takeaway = (
        "; ".join(
            f"{texts.say(VERDICT_LABELS[verdict])}: {count}" for verdict, count in counts.items() if count
        )
        + "."
    )
    takeaway = takeaway[0].upper() + takeaway[1:]
    caption = texts.say(
        "Every tested hypothesis on one scale, with intervals: 1 is the smallest effect that was declared "
        "to matter. A claim about several things has a row for each. An arrow means that an interval goes on."
    )
    untested = len(findings) - len(tested)
    if untested:
        caption += " " + texts.say("Not drawn: {count} that these data cannot test.", count=untested)
    return Picture(figure, caption, f"{'; '.join(listed)}. {takeaway}", takeaway, [released])


def _rows(finding: Finding, texts: Texts, named: Mapping[str, object]) -> list[tuple[ForestRow, int]]:
    """Return a row for the one number that decides, or for each component of the claim, and who is behind it."""
    behind = finding.n or finding.n_units or 0
    if len(finding.components) < 2:
        title = texts.pick(named.get(finding.hypothesis, finding.hypothesis))
        return [(_scaled(deciding_row(finding, title), finding.rule, finding.verdict), behind)]
    registry = load_registry()
    known = registry.family_of(finding.hypothesis).components if finding.hypothesis in registry else {}
    rows = []
    for part in finding.components:
        name = texts.pick(known[part.term]) if part.term in known else texts.pick(part.label)
        row = ForestRow(name, part.unit_of_measurement, part.estimate, part.conf_low, part.conf_high)
        rows.append((_scaled(row, part.rule or finding.rule, part.verdict), part.n or behind))
    return rows


def _scaled(row: ForestRow, rule: DecisionRule, verdict: Verdict | None) -> ForestRow:
    low, high = sorted(_in_smallest_effects(value, rule, row.unit) for value in (row.low, row.high))
    return ForestRow(
        row.label, row.unit, _in_smallest_effects(row.estimate, rule, row.unit), low, high, verdict=verdict
    )


def _in_smallest_effects(value: float, rule: DecisionRule, unit: str) -> float:
    """Return how many smallest effects of interest a value lies from the null, positive on the side of the claim."""
    low, high, null = rule.smallest_effect.low, rule.smallest_effect.high, rule.null
    if unit in LOG_UNITS:
        # A limit of exactly zero is infinitely far; the edge of the figure shows it as an arrow.
        if value <= 0:
            return -math.inf if rule.direction != "less" else math.inf
        value, low, high, null = math.log(value), math.log(low), math.log(high), math.log(null)
    width = (high - null) if value >= null else (null - low)
    distance = (value - null) / (width or (high - low) or 1.0)
    return -distance if rule.direction == "less" else distance
