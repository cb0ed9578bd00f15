"""A forest of checks in groups: each group has an estimate of its own that decides, and its own heading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from exresearch.disclosure import DisclosureRules, Released, release
from exresearch.findings.finding import EstimateRecord
from exresearch.report.figures.forests import checks_sentence
from exresearch.report.figures.rows import draw_interval, headroom, row_value, rows_panels
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.text import Texts
from exresearch.report.theme import COLOURS, Picture, number_axis, style


@dataclass(frozen=True, slots=True)
class CheckGroup:
    """Rows under one heading.

    Attributes
    ----------
    heading : str
        In the reader's language.
    checks : sequence of EstimateRecord
        Beside the deciding estimate.
    deciding : EstimateRecord, optional
        Drawn first and filled.
    band : tuple of float, optional
        What is too small to matter.
    compared : bool
        Whether the takeaway counts its rows; rows that should be nothing are not counted.
    """

    heading: str
    checks: Sequence[EstimateRecord]
    deciding: EstimateRecord | None = None
    band: tuple[float, float] | None = None
    compared: bool = True


def checks_forest(groups: Sequence[CheckGroup], *, texts: Texts) -> Picture:
    """Draw deciding estimates and, under each, the same question answered in other ways.

    Parameters
    ----------
    groups : sequence of CheckGroup
        A panel each; groups without rows are left out.
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If no group has a row.
    """
    released, shown = _released(groups, texts)
    if not shown:
        raise ValueError("checks_forest: no group has a row.")
    labels = [
        [
            *([texts.say("Deciding estimate")] if group.deciding else []),
            *(_name(one, texts) for one in group.checks),
        ]
        for group in shown
    ]
    with style():
        bold = [shown[0].deciding is not None] + [False] * (len(labels[0]) - 1)
        figure, panels = rows_panels(
            labels, left=2.65, right=0.72, top=0.42, bottom=0.46, wrap=35, least=0.36, air=0.12, bold=bold
        )
        for (axes, positions), group in zip(panels, shown, strict=True):
            rows = [*([group.deciding] if group.deciding else []), *group.checks]
            low, high = _reach(group, rows)
            axes.set_xlim(low, high)
            if group.band is not None:
                axes.axvspan(*group.band, color=COLOURS["band"], zorder=0)
            axes.axvline(0.0, color=COLOURS["grey"], linewidth=1)
            for y, row in zip(positions, rows, strict=True):
                first = row is group.deciding
                draw_interval(
                    axes, y, row.estimate, row.conf_low, row.conf_high,
                    colour=COLOURS["blue"] if first else COLOURS["grey"], marker="D" if first else "o", filled=first,
                    size=7.0 if first else 5.5,
                )  # fmt: skip
                row_value(axes, y, texts.number(row.estimate, "signed2"), bold=first)
            number_axis(axes.xaxis, "number1" if high - low > 0.4 else "number2", texts, ticks=4)
            headroom(axes, group.heading)
    takeaway = _takeaway(shown, texts)
    caption = texts.say(
        "Deciding estimates (diamonds) and the checks beside them, with {level:percent0} intervals. Line: nothing. "
        "Shaded: too small to matter. An arrow goes on beyond the axis.",
        level=_level(shown),
    )
    described = " ".join(_described(group, texts) for group in shown)
    return Picture(figure, caption, f"{described} {takeaway}", takeaway, [released])


def _released(groups: Sequence[CheckGroup], texts: Texts) -> tuple[Released, list[CheckGroup]]:
    """Release the estimates, and leave out those that too few answers are behind and groups without any."""
    records = [row for group in groups for row in (group.deciding, *group.checks) if row is not None]
    columns = ("term", "estimate", "conf_low", "conf_high", "n")
    frame = pd.DataFrame([{name: getattr(row, name) for name in columns} for row in records], columns=columns)
    # No estimate follows from the others: each is a table by itself.
    named = [
        (group.heading, texts.say("Deciding estimate") if row is group.deciding else _name(row, texts))
        for group in groups
        for row in (group.deciding, *group.checks)
        if row is not None
    ]
    frame = frame.assign(
        place=[str(place) for place in range(len(frame))],
        part=[heading for heading, _ in named],
        label=[label for _, label in named],
    )
    released = release(frame, count="n", rules=DisclosureRules(), within=["place"], name="Checks")
    few = {id(row) for row, hidden in zip(records, released.hidden, strict=True) if hidden}
    kept = [
        replace(
            group,
            deciding=None if id(group.deciding) in few else group.deciding,
            checks=[row for row in group.checks if id(row) not in few],
        )
        for group in groups
    ]
    return released, [group for group in kept if group.deciding is not None or group.checks]


def _name(record: EstimateRecord, texts: Texts) -> str:
    """The check alone, where its label names the part of the claim before a colon: the heading says that."""
    head, colon, rest = texts.note(record.label).partition(": ")
    text = rest if colon and "part" in record.label.values else f"{head}{colon}{rest}"  # noqa: PD011
    return text[:1].upper() + text[1:]


def _reach(group: CheckGroup, rows: Sequence[EstimateRecord]) -> tuple[float, float]:
    bounds = [value for row in rows for value in (row.conf_low, row.conf_high)] + [0.0, *(group.band or ())]
    # A check that knows little ends in an arrow and does not squeeze the others.
    first = group.deciding
    reach = (
        max(abs(v) for v in bounds) if first is None else 2.5 * max(abs(first.conf_low), abs(first.conf_high))
    )
    low, high = max(min(bounds), -reach), min(max(bounds), reach)
    pad = 0.05 * (high - low)
    return low - pad, high + pad


def _level(groups: Sequence[CheckGroup]) -> float:
    return next(
        row.conf_level for group in groups for row in (group.deciding, *group.checks) if row is not None
    )


def _takeaway(groups: Sequence[CheckGroup], texts: Texts) -> str:
    clear, total = 0, 0
    for group in groups:
        if group.deciding is None or not group.compared:
            continue
        sign = 1.0 if group.deciding.estimate > 0 else -1.0
        total += len(group.checks)
        clear += sum(min(sign * row.conf_low, sign * row.conf_high) > 0 for row in group.checks)
    if not total:
        return texts.say("There are no checks beside the deciding estimate.")
    return checks_sentence(clear, total, texts)


def _described(group: CheckGroup, texts: Texts) -> str:
    rows = []
    for row in (group.deciding, *group.checks):
        if row is None:
            continue
        spec = unit_spec(row.unit_of_measurement)
        name = texts.say("Deciding estimate") if row is group.deciding else _name(row, texts)
        limits = interval(row.conf_low, row.conf_high, spec, language=texts.language)
        rows.append(f"{name}: {texts.number(row.estimate, spec)} ({limits})")
    return f"{group.heading}. {'; '.join(rows)}."
