"""The forest of a claim over clients: each client, the pool, and where one more client is expected."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.across import ClientReport, PooledDrivers, PooledPart
from exresearch.report.across.words import pooled_sentences
from exresearch.report.figures.forests import ForestRow, draw_panel
from exresearch.report.figures.rows import headroom, rows_axes
from exresearch.report.numbers import unit_spec
from exresearch.report.sentences import UNIT_NAMES
from exresearch.report.tables import Column
from exresearch.report.text import Texts
from exresearch.report.theme import COLOURS, Picture, number_axis, style


def pooled_forest(
    part: PooledPart, clients: Sequence[ClientReport], *, label: str, texts: Texts, rules: DisclosureRules
) -> Picture:
    """Draw the estimates of all clients in the pool of a part, their mean, and the prediction interval.

    Parameters
    ----------
    part : PooledPart
        With a pool.
    clients : sequence of ClientReport
        All clients.
    label : str
        Name of the part, in the reader's language.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Rules of the comparison.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the part has no pool.
    """
    pooled = part.pooled
    if pooled is None:
        raise ValueError(f"{part.term or part.rule.estimand}: there is no pool to draw.")
    rows, behind = [], []
    for one in part.estimates:
        record, client = one.record, clients[one.client]
        ends = (record.estimate or 0.0, record.conf_low or 0.0, record.conf_high or 0.0)
        rows.append(ForestRow(texts.pick(client.label), part.unit, *ends, verdict=record.verdict))
        behind.append(record.n or record.n_units or 0)
    mean = [part.back(value) or 0.0 for value in (pooled.estimate, pooled.conf_low, pooled.conf_high)]
    following = [part.back(value) or 0.0 for value in (pooled.expect_low, pooled.expect_high)]
    rows.append(
        ForestRow(
            texts.say("All clients together"),
            part.unit,
            mean[0],
            mean[1],
            mean[2],
            deciding=True,
            verdict=part.verdict if part.testable else None,
        )
    )
    rows.append(ForestRow(texts.say("One more client"), part.unit, mean[0], following[0], following[1]))
    frame = pd.DataFrame(
        {
            "label": [row.label for row in rows],
            "unit_of_measurement": part.unit,
            "estimate": [row.estimate for row in rows],
            "conf_low": [_shown(row.low) for row in rows],
            "conf_high": [_shown(row.high) for row in rows],
            "conf_level": pooled.conf_level,
            "behind": [*behind, sum(behind), sum(behind)],
        }
    )
    # Where intervals are far wider than all estimates lie apart, arrows say so and the estimates stay legible.
    released = release(frame, count="behind", rules=rules, name="Clients and their pool")
    bold = [False] * len(part.estimates) + [True, False]
    with style():
        figure, axes, positions = rows_axes(
            [row.label for row in rows], right=1.12, top=0.34, bottom=0.36, least=0.56, bold=bold
        )
        band = (part.rule.smallest_effect.low, part.rule.smallest_effect.high)
        bounded = [_bounded(row, rows[: len(part.estimates) + 1]) for row in rows]
        draw_panel(axes, positions, bounded, texts=texts, null=part.rule.null, band=band)
        edge = (positions[-3] + positions[-2]) / 2
        axes.axhline(edge, color=COLOURS["grey"], linewidth=0.8)
        headroom(axes, texts.say(UNIT_NAMES[part.unit]))
    caption = texts.say(
        "Each client with its own interval and verdict; below the line their mean, and where the true value of one "
        "more client is expected. Line: no effect. Shaded: too small to matter."
    )
    sentences = pooled_sentences(part, texts)
    takeaway = f"{label}: {sentences[0][0].lower()}{sentences[0][1:]}"
    spec = unit_spec(part.unit)
    listed = "; ".join(f"{row.label}: {texts.number(row.estimate, spec)}" for row in rows[:-1])
    columns = {"label": Column(texts.say("Client"))}
    return Picture(figure, caption, f"{listed}. {sentences[1]}", takeaway, [released], columns)


def drivers_forest(pooled: PooledDrivers, *, texts: Texts, rules: DisclosureRules, least: int) -> Picture:
    """Draw the mean importance of each driver over clients, with the clients' own beside it.

    Raises
    ------
    ValueError
        If no driver was pooled.
    """
    if not pooled.drivers:
        raise ValueError("drivers_forest needs at least one pooled driver; got none.")
    frame = pd.DataFrame(
        [
            {
                "label": texts.pick(driver.label),
                "estimate": driver.mean.estimate,
                "conf_low": driver.mean.conf_low,
                "conf_high": driver.mean.conf_high,
                "conf_level": driver.mean.conf_level,
                "unit_of_measurement": "share",
                "behind": least,
                **{f"client_{at}": share for at, share in enumerate(driver.shares)},
            }
            for driver in pooled.drivers
        ]
    )
    released = release(frame, count="behind", rules=rules, name="Drivers over clients")
    with style():
        figure, axes, positions = rows_axes(
            [texts.pick(driver.label) for driver in pooled.drivers], right=0.8, top=0.15, bottom=0.42
        )
        highest = max(max(driver.shares) for driver in pooled.drivers)
        highest = max(highest, *(driver.mean.conf_high for driver in pooled.drivers))
        axes.set_xlim(min(0.0, *(driver.mean.conf_low for driver in pooled.drivers)), highest * 1.05)
        for position, driver in zip(positions, pooled.drivers, strict=True):
            axes.plot(
                driver.shares,
                [position] * len(driver.shares),
                linestyle="none",
                marker="|",
                markersize=9,
                color=COLOURS["grey"],
                zorder=2,
            )
            mean = driver.mean
            axes.plot([mean.conf_low, mean.conf_high], [position] * 2, color=COLOURS["blue"], linewidth=2.2)
            axes.plot([mean.estimate], [position], marker="D", markersize=6, color=COLOURS["blue"])
            axes.annotate(
                texts.number(mean.estimate, "percent1"),
                (1, position),
                xycoords=axes.get_yaxis_transform(),
                xytext=(11, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                annotation_clip=False,
            )
        number_axis(axes.xaxis, "percent0", texts)
    first, last = pooled.drivers[0], pooled.drivers[-1]
    takeaway = texts.say(
        "Over {k:integer} clients “{first}” explains most of recommending the employer, and “{last}” least.",
        k=len(pooled.clients),
        first=texts.pick(first.label),
        last=texts.pick(last.label),
    )
    caption = texts.say(
        "Share of the differences in recommending the employer that each driver explains: the mean over clients with "
        "its interval, and the clients themselves as lines."
    )
    listed = "; ".join(
        f"{texts.pick(driver.label)}: {texts.number(driver.mean.estimate, 'percent1')}"
        for driver in pooled.drivers
    )
    return Picture(
        figure, caption, f"{listed}.", takeaway, [released], {"label": Column(texts.say("Driver"))}
    )


def _shown(value: float) -> float:
    return min(max(value, -999.0), 999.0)


def _bounded(row: ForestRow, others: Sequence[ForestRow]) -> ForestRow:
    """Keep what sets the axis within a few times the room of all estimates; the rest is an arrow."""
    middle = [one.estimate for one in others]
    narrow = [value for one in others[:-1] for value in (one.low, one.high) if math.isfinite(value)]
    room = 2.0 * (max([*narrow, *middle]) - min([*narrow, *middle]))
    low, high = min(narrow) - room, max(narrow) + room
    return ForestRow(
        row.label, row.unit, row.estimate, max(row.low, low), min(row.high, high), row.deciding, row.verdict
    )
