"""The verdict overview: every tested hypothesis on one axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator
from matplotlib.transforms import blended_transform_factory

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.decision import Verdict
from exresearch.findings.finding import DecisionRule, EstimateRecord, Finding
from exresearch.findings.registry import load_registry
from exresearch.report.figures.forests import LOG_UNITS, MARKS, ForestRow, draw_row
from exresearch.report.figures.visible import visible
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.overview import reading_order
from exresearch.report.sentences import VERDICT_LABELS
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, add_axes, new_figure, number_axis, rows_of, style
from exresearch.report.verdict import SYMBOLS

# Beyond this many smallest effects of interest a difference in place says nothing more.
_EDGE = 25.0
# Little room for what speaks against a claim; what lies beyond is an arrow.
_AGAINST = 8.0
# Inches: margins, a heading, a line of a title, the air around it, and from one mark of a claim to the next.
_LEFT, _RIGHT, _TOP, _BOTTOM = 1.98, 1.78, 0.5, 0.5
_HEAD, _LINE, _AIR, _APART = 0.38, 0.15, 0.12, 0.085
# Characters in a line of a title, and beside the marks.
_WRAP, _WIDE = 29, 25
_TIMES = mark("{value} times ({limits})")
_SHORT = dict.fromkeys(LOG_UNITS, _TIMES) | {
    "correlation": mark("r = {value} ({limits})"),
    "standardised": mark("{value} SD ({limits})"),
}


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
    released = release(
        pd.DataFrame([part for finding in tested for part in _parts(finding, texts, named)]),
        count="n",
        rules=DisclosureRules(),
        name="All hypotheses on one scale",
    )
    claims = _in_order(_claims(tested, visible(released), texts, named))
    groups = {verdict: [one for one in claims if one.verdict is verdict] for verdict in MARKS}
    with style():
        figure = _draw({verdict: group for verdict, group in groups.items() if group}, texts)
    counts = {verdict: sum(1 for finding in tested if finding.verdict is verdict) for verdict in MARKS}
    takeaway = "; ".join(
        f"{texts.say(VERDICT_LABELS[verdict])}: {count}" for verdict, count in counts.items() if count
    )
    takeaway = f"{takeaway[0].upper()}{takeaway[1:]}."
    caption = texts.say(
        "Every tested hypothesis on one scale, with intervals, the largest effect of each verdict first: 1 is the "
        "smallest effect that was declared to matter. Right: the effect in its own unit (SD: standard deviations, r: "
        "correlation). A claim about several things has a mark for each. An arrow means that an interval goes on."
    )
    untested = len(findings) - len(tested)
    if untested:
        caption += " " + texts.say("Not drawn: {count} that these data cannot test.", count=untested)
    listed = "; ".join(one.said for one in claims)
    return Picture(figure, caption, f"{takeaway} {listed}.", takeaway, [released])


@dataclass(frozen=True, slots=True)
class _Claim:
    """A line of the overview: one claim, a mark for each of its parts, and what stands beside and in the alt text."""

    title: str
    verdict: Verdict
    marks: list[ForestRow]
    beside: str
    said: str

    @property
    def size(self) -> float:
        """The smallest of its effects: a claim about several things is no stronger than the weakest."""
        return min((mark.estimate for mark in self.marks), default=-math.inf)


def _parts(finding: Finding, texts: Texts, named: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the one estimate that decides, or each of the claim's, in its own unit and in smallest effects."""
    title = texts.pick(named.get(finding.hypothesis, finding.hypothesis))
    behind = finding.n or finding.n_units or 0
    records: Sequence[Finding | EstimateRecord] = (
        finding.components if len(finding.components) > 1 else [finding]
    )
    known = (
        load_registry().family_of(finding.hypothesis).components
        if finding.hypothesis in load_registry()
        else {}
    )
    parts: list[dict[str, object]] = []
    for record in records:
        label, rule, unit = None, finding.rule, record.unit_of_measurement
        if isinstance(record, EstimateRecord):
            label = texts.pick(known[record.term]) if record.term in known else texts.pick(record.label)
            rule = record.rule or rule
        ends = (record.estimate, record.conf_low, record.conf_high)
        values = [math.nan if value is None else value for value in ends]
        scaled = [_in_smallest_effects(value, rule, unit) for value in values]
        parts.append(
            {
                "hypothesis": finding.hypothesis,
                "title": title,
                "part": label,
                "verdict": None if record.verdict is None else record.verdict.value,
                "unit_of_measurement": unit,
                "estimate": values[0],
                "conf_low": values[1],
                "conf_high": values[2],
                "conf_level": record.conf_level,
                "times": scaled[0],
                "times_low": min(scaled[1:]),
                "times_high": max(scaled[1:]),
                "n": record.n or behind,
            }
        )
    return parts


def _claims(
    tested: Sequence[Finding], parts: pd.DataFrame, texts: Texts, named: Mapping[str, object]
) -> list[_Claim]:
    claims = []
    for finding in tested:
        rows = rows_of(parts[parts["hypothesis"] == finding.hypothesis])
        title = texts.pick(named.get(finding.hypothesis, finding.hypothesis))
        marks = [
            ForestRow(row.part or title, row.unit_of_measurement, row.times, row.times_low, row.times_high,
                      verdict=None if row.verdict is None else Verdict(row.verdict))
            for row in rows
        ]  # fmt: skip
        several = len(finding.components) > 1
        holds = sum(1 for part in finding.components if part.verdict is Verdict.SUPPORTED)
        beside = "" if not rows else _own(rows[0], texts)
        said = f"{title}: {texts.say(VERDICT_LABELS[finding.verdict])}"
        if several:
            beside = texts.say(
                "{holds:integer} of {parts:integer} parts supported",
                holds=holds,
                parts=len(finding.components),
            )
            told = [
                f"{row.part}: {texts.say(VERDICT_LABELS[one.verdict])}, {_own(row, texts)}"
                for row, one in zip(rows, marks, strict=True)
                if one.verdict is not None
            ]
            said += f" ({'; '.join(told)})" if told else ""
        elif rows:
            said += f", {beside}"
        claims.append(_Claim(title, finding.verdict, marks, beside, said))
    return claims


def _in_order(claims: Sequence[_Claim]) -> list[_Claim]:
    """By verdict, and within one by size; the order of the registry where that is the same."""
    order = list(MARKS)
    return sorted(claims, key=lambda one: (order.index(one.verdict), -one.size))


def _own(row: Any, texts: Texts) -> str:
    """An estimate with its interval in its own unit, in few letters."""
    unit, spec = row.unit_of_measurement, unit_spec(row.unit_of_measurement)
    value, limits = texts.number(row.estimate, spec), (row.conf_low, row.conf_high)
    if spec.startswith("points"):
        # The estimate names the unit.
        spec, limits = spec.replace("points", "number"), (limits[0] * 100, limits[1] * 100)
    shown = interval(*limits, spec, language=texts.language)
    return texts.say(_SHORT.get(unit, "{value} ({limits})"), value=value, limits=shown)


def _draw(groups: Mapping[Verdict, Sequence[_Claim]], texts: Texts) -> Figure:
    lines: list[tuple[Verdict, _Claim | None]] = []
    for verdict, group in groups.items():
        lines += [(verdict, None), *((verdict, one) for one in group)]
    heads = [
        one.title if one is not None else _head(verdict, len(groups[verdict]), texts)
        for verdict, one in lines
    ]
    heights = [_height(head, one) for head, (_, one) in zip(heads, lines, strict=True)]
    figure = new_figure(sum(heights) + _TOP + _BOTTOM)
    axes = add_axes(figure, left=_LEFT, right=_RIGHT, top=_TOP, bottom=_BOTTOM)
    axes.set_ylim(sum(heights), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xscale("symlog", linthresh=2, linscale=1)
    axes.set_xlim(-_AGAINST, _EDGE)
    axes.axvspan(-1, 1, color=COLOURS["band"], zorder=0)
    axes.axvline(0, color=COLOURS["grey"], linewidth=1)
    page = blended_transform_factory(figure.transFigure, axes.transData)
    start = 0.0
    for head, height, (verdict, one) in zip(heads, heights, lines, strict=True):
        middle, colour = start + height / 2, MARKS[verdict][2]
        start += height
        if one is None:
            low = start - _HEAD / 2 + 0.05
            axes.text(0.004, low, head, transform=page, va="center", fontsize=10, weight="bold", color=colour)
            continue
        axes.plot([0.004, 0.996], [start - height] * 2, color=COLOURS["band"], linewidth=0.8, transform=page,
                  clip_on=False, zorder=0)  # fmt: skip
        axes.text(0.004, middle, "\n".join(wrap(head, _WRAP)), transform=page, va="center", fontsize=9,
                  linespacing=1.05)  # fmt: skip
        for place, mark_ in enumerate(one.marks):
            draw_row(axes, middle + _APART * (place - (len(one.marks) - 1) / 2), mark_,
                     size=7.0 if len(one.marks) == 1 else 4.5)  # fmt: skip
        axes.annotate(_broken(one.beside), (1, middle), xycoords=axes.get_yaxis_transform(), xytext=(10, 0),
                      textcoords="offset points", va="center", fontsize=8.5, annotation_clip=False)  # fmt: skip
    axes.xaxis.set_major_locator(FixedLocator([-5, -1, 0, 1, 5, 20]))
    axes.xaxis.set_minor_locator(FixedLocator([]))
    number_axis(axes.xaxis, "integer", texts)
    axes.set_xlabel(texts.say("times the smallest effect that matters"), labelpad=4)
    _zones(axes, texts)
    return figure


def _broken(text: str) -> str:
    """What stands beside a claim, its interval on a line of its own where both do not fit."""
    return text if len(text) <= _WIDE else text.replace(" (", "\n(")


def _height(head: str, claim: _Claim | None) -> float:
    if claim is None:
        return _HEAD
    lines = max(len(wrap(head, _WRAP)), 1 + _broken(claim.beside).count("\n"))
    return max(_LINE * lines, _APART * len(claim.marks)) + _AIR


def _head(verdict: Verdict, count: int, texts: Texts) -> str:
    label = texts.say(VERDICT_LABELS[verdict])
    return f"{SYMBOLS[verdict]}  {label[0].upper()}{label[1:]}: {count}"


def _zones(axes: Axes, texts: Texts) -> None:
    """Name the three parts of the axis above it: beside them there is room, and below the axis there is none."""
    above: dict[str, Any] = {"xycoords": axes.get_xaxis_transform(), "textcoords": "offset points", "va": "bottom",
                             "fontsize": 8.5, "color": COLOURS["grey"], "annotation_clip": False}  # fmt: skip
    axes.annotate(
        "\n".join(wrap(texts.say("too small to matter"), 11)), (0, 1), xytext=(0, 4), ha="center", **above
    )
    axes.annotate(f"← {texts.say('against the claim')}", (-1, 1), xytext=(-6, 4), ha="right", **above)
    axes.annotate(f"{texts.say('with the claim')} →", (1, 1), xytext=(6, 4), ha="left", **above)


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
