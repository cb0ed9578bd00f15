"""A finding drawn from its record alone: what decides, some checks beside it, and what was published."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from exresearch.findings.claims import load_claims
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.report.figures.door import too_few
from exresearch.report.figures.forests import ForestRow, deciding_row, draw_panel, null_of
from exresearch.report.figures.rows import AIR, LINE, headroom, rows_panels
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.sentences import UNIT_NAMES
from exresearch.report.text import Texts
from exresearch.report.theme import Picture, style
from exresearch.report.verdict import release_records

# Inches that are legible on a slide when all of the figure is seen at once, and signs in a line of a label.
_HIGH, _WRAP, _LEFT = 3.6, 29, 2.35


def finding_forest(finding: Finding, *, texts: Texts, label: str) -> Picture | Note:
    """Draw a tested finding small enough for a slide.

    Parameters
    ----------
    finding : Finding
        A tested finding.
    texts : Texts
        Language of the reader.
    label : str
        Name of the deciding row, where the claim has no parts.

    Returns
    -------
    Picture or Note
        The note where too few people are behind the deciding estimate.

    Raises
    ------
    ValueError
        If the finding was not testable.
    """
    deciding = deciding_row(finding, label)
    parts = [_row(part, texts) for part in finding.components if len(finding.components) > 1]
    rows = parts or [replace(deciding, verdict=finding.verdict)]
    published = _published(finding, texts)
    alike = [record for record in finding.robustness if record.unit_of_measurement == deciding.unit]
    alike = _fitting(alike, [*rows, *published], texts)
    checks = [replace(_row(record, texts), deciding=False) for record in alike]
    # The first row is the deciding one, or the first part of the claim, which has the same numbers.
    numbers = [finding.n, *[part.n for part in finding.components[1:] if parts]]
    numbers += [record.n for record in alike] + [finding.n] * len(published)
    every = [*rows, *checks, *published]
    frame = pd.DataFrame(
        {
            "label": [row.label for row in every],
            "unit_of_measurement": [row.unit for row in every],
            "estimate": [row.estimate for row in every],
            "conf_low": [row.low for row in every],
            "conf_high": [row.high for row in every],
            "conf_level": finding.conf_level,
            "n": pd.array(numbers, dtype="Float64"),
        }
    )
    released = release_records(frame, finding, name="Deciding estimate")
    if released.hidden.iloc[0]:
        return too_few(released.rules)
    shown = [row for row, hidden in zip(every, released.hidden, strict=True) if not hidden]
    units = list(dict.fromkeys(row.unit for row in shown))
    groups = [[row for row in shown if row.unit == unit] for unit in units]
    bands = {deciding.unit: finding.rule}
    for part in finding.components:
        bands.setdefault(part.unit_of_measurement, part.rule or finding.rule)
    with style():
        bold = [row in rows for row in groups[0]]
        figure, panels = rows_panels(
            [[row.label for row in group] for group in groups], right=1.35, top=0.34, bottom=0.36, bold=bold,
            left=_LEFT, wrap=_WRAP, least=0.38,
        )  # fmt: skip
        for (axes, positions), group in zip(panels, groups, strict=True):
            rule = bands[group[0].unit]
            band = (rule.smallest_effect.low, rule.smallest_effect.high)
            null = rule.null if group[0].unit in bands else null_of(group[0].unit)
            draw_panel(axes, positions, group, texts=texts, null=null, band=band)
            headroom(axes, texts.say(UNIT_NAMES[group[0].unit]))
    caption = texts.say(
        "With {level:percent0} intervals. Line: no effect. Shaded: too small to matter.",
        level=finding.conf_level,
    )
    left = len(finding.robustness) - len(checks)
    if left:
        caption += " " + texts.say("Checks that are not drawn here: {count}.", count=left)
    alt = "; ".join(_said(row, texts) for row in shown) + "."
    takeaway = _said(shown[0], texts) + "."
    return Picture(figure, caption, alt, takeaway, [released])


def _fitting(
    checks: Sequence[EstimateRecord], rows: Sequence[ForestRow], texts: Texts
) -> list[EstimateRecord]:
    """The first checks for which there is room below the rows that are always drawn."""

    def height(label: str, lines: int = 1) -> float:
        return max(0.38, LINE * max(lines, len(textwrap.wrap(label, _WRAP))) + AIR)

    used = 0.7 * len({row.unit for row in rows})
    # A verdict stands below its number.
    used += sum(height(row.label, 1 if row.verdict is None else 2) for row in rows)
    chosen = []
    for record in checks:
        used += height(texts.note(record.label))
        if used > _HIGH:
            break
        chosen.append(record)
    return chosen


def _row(record: EstimateRecord, texts: Texts) -> ForestRow:
    return ForestRow(
        texts.note(record.label), record.unit_of_measurement, record.estimate, record.conf_low, record.conf_high,
        deciding=True, verdict=record.verdict,
    )  # fmt: skip


def _published(finding: Finding, texts: Texts) -> list[ForestRow]:
    ledger = {figure.id: figure for figure in load_claims()}
    rows = []
    for one in finding.comparisons:
        figure = ledger.get(one.claim)
        if figure is not None and figure.unit == finding.unit_of_measurement:
            label = texts.say(
                "Published: {region}, {period}",
                region=figure.region,
                period=figure.period or str(figure.year),
            )
            rows.append(ForestRow(label, figure.unit, one.published, one.published, one.published))
    return rows


def _said(row: ForestRow, texts: Texts) -> str:
    spec = unit_spec(row.unit)
    shown = f"{row.label}: {texts.number(row.estimate, spec)}"
    if row.low == row.high:
        return shown
    return f"{shown} ({interval(row.low, row.high, spec, language=texts.language)})"
