"""The figure of what moves an outcome: importance of each driver, with intervals of importance and rank."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.columns import REVERSED_NOTE, driver_labels
from exresearch.report.figures.door import too_few
from exresearch.report.figures.drivers.blocks import BLOCKS, block_handles, known_blocks
from exresearch.report.figures.rows import column_head, draw_interval, headroom, row_value, rows_axes
from exresearch.report.figures.visible import visible
from exresearch.report.numbers import interval
from exresearch.report.text import Texts
from exresearch.report.theme import COLOURS, Picture, intervals_name, number_axis, require, rows_of, style

# More rows than this are set closer together.
_MANY = 14
# Drivers that the alternative text tells with their intervals; the table below the figure tells all.
_TOLD = 5


def driver_forest(
    frame: pd.DataFrame, *, texts: Texts, outcome: str | None = None, n: int | None = None
) -> Picture | Note:
    """Draw drivers in order of importance, with the interval of importance and of rank.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``driver`` (text or mapping), ``block`` (``employee-first``, ``customer-first``, ``other`` or
        missing), ``importance, conf_low, conf_high`` (shares of explained variance), ``rank, rank_low,
        rank_high``; optional ``named`` (bool: the driver is one that the claim names), ``reversed`` (bool: values
        run against the name) and ``n``.
    texts : Texts
        Language of the reader.
    outcome : str, optional
        What is explained, in the reader's language.
    n : int, optional
        Answers in the model; taken from the column ``n`` when left out.

    Returns
    -------
    Picture or Note
        The note where too few people answered.

    Raises
    ------
    ValueError
        If a column is missing, there is no row, a block is unknown, or nothing says how many answered.
    """
    columns = ["driver", "block", "importance", "conf_low", "conf_high", "rank", "rank_low", "rank_high"]
    require(frame, columns, figure="driver_forest")
    blocks = known_blocks(frame, figure="driver_forest")
    released = release(
        frame.assign(block=blocks).sort_values("importance", ascending=False, kind="stable"),
        count="n" if "n" in frame else n,
        rules=DisclosureRules(),
        name="Importance of drivers",
    )
    ordered = visible(released)
    if ordered.empty:
        return too_few(released.rules)
    named = (
        ordered["named"].fillna(False).astype(bool).tolist() if "named" in ordered else [False] * len(ordered)
    )
    labels = driver_labels(ordered.assign(label=ordered["driver"]), texts)
    with style():
        room: dict[str, Any] = {"left": 2.0, "wrap": 26}
        if len(labels) > _MANY:
            room = {"left": 2.35, "wrap": 32, "least": 0.25, "air": 0.06}
        figure, axes, y = rows_axes(labels, right=1.12, top=0.52, bold=named, **room)
        high, low = (
            float(np.nanmax(ordered[["importance", "conf_high"]].astype(float).to_numpy())),
            float(ordered["conf_low"].min()),
        )
        axes.set_xlim(min(0.0, low * 1.05), max(high * 1.05, 1e-6))
        axes.axvline(0, color=COLOURS["grey"], linewidth=1)
        for position, row in zip(y, rows_of(ordered), strict=True):
            _, colour, marker = BLOCKS[row.block]
            draw_interval(
                axes, position, row.importance, row.conf_low, row.conf_high, colour=colour, marker=marker
            )
            row_value(axes, position, _value(row, texts), colour=COLOURS["ink"])
        number_axis(axes.xaxis, "percent0" if high > 0.05 else "percent1", texts, ticks=4)
        axes.set_xlabel(texts.say("importance: share of variance explained"))
        figure.legend(
            handles=block_handles(ordered["block"], texts),
            loc="upper left",
            bbox_to_anchor=(0, 1),
            ncols=3,
            frameon=False,
            fontsize=9,
            handletextpad=0.1,
            borderaxespad=0.1,
            columnspacing=1.2,
        )
        headroom(axes, texts.say("bold: drivers that the claim names") if any(named) else "")
        column_head(axes, texts.say("share (rank)"))
    first, last = ordered.iloc[0], ordered.iloc[-1]
    low, high = int(first["rank_low"]), int(first["rank_high"])
    takeaway = texts.say(
        "Most important is “{driver}” ({importance:percent1}; rank {ranks} of {total}).",
        driver=labels[0],
        importance=first["importance"],
        ranks=str(low) if low == high else f"{low}–{high}",
        total=len(labels),
    )
    if outcome is not None:
        takeaway = f"{outcome}: {takeaway[0].lower()}{takeaway[1:]}"
    told = [
        f"{label}: {texts.number(row.importance, 'percent1')} "
        f"({interval(row.conf_low, row.conf_high, 'percent1', language=texts.language)})"
        for label, row in zip(labels[:_TOLD], rows_of(ordered), strict=False)
    ]
    alt = f"{takeaway} {'; '.join(told)}."
    if len(labels) > 1:
        alt += " " + texts.say(
            "Least important is “{driver}” ({importance:percent1}).",
            driver=labels[-1],
            importance=last["importance"],
        )
    size = n if n is not None else int(ordered["n"].max()) if "n" in ordered else None
    caption = texts.say(
        "Importance of each driver with {intervals}; on the right its share of explained variance and, in "
        "brackets, the interval of "
        "its rank.",
        intervals=intervals_name(ordered, texts),
    )
    if outcome is not None:
        caption = texts.say("Outcome: {outcome}.", outcome=outcome) + " " + caption
    if "reversed" in ordered and ordered["reversed"].any():
        caption += " " + texts.say(REVERSED_NOTE)
    if size is not None:
        caption += " " + texts.say("{n:integer} answers.", n=size)
    return Picture(figure, caption, alt, takeaway, shown=[released])


def _value(row: Any, texts: Texts) -> str:
    low, high = int(row.rank_low), int(row.rank_high)
    ranks = str(low) if low == high else f"{low}–{high}"
    return f"{texts.number(row.importance, 'percent1')} ({ranks})"
