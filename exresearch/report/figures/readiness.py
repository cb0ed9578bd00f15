"""Figures that say what the data can carry: who answered, what is missing, what could be found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from exresearch.report.figures.rows import headroom, row_value, rows_axes, rows_panels
from exresearch.report.text import Texts, mark
from exresearch.report.theme import (
    COLOURS,
    Picture,
    add_axes,
    new_figure,
    number_axis,
    require,
    rows_of,
    style,
)

_KINDS = {
    "correlation": (mark("correlation"), "number2"),
    "share_difference": (mark("difference between two shares"), "points1"),
    "variance_share": (mark("share of explained variance"), "percent1"),
}
_SMALL_SHARE = 0.005


def response_by_wave(frame: pd.DataFrame, *, texts: Texts) -> Picture:
    """Draw how many people answered in each wave.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``wave`` (str, in order), ``n`` (answers), ``n_units`` (units, may be missing), ``response_rate``
        (share of those invited, may be missing).
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    require(frame, ["wave", "n", "n_units", "response_rate"], figure="response_by_wave")
    with style():
        figure = new_figure(2.9)
        axes = add_axes(figure, left=0.1, right=0.1, top=0.5, bottom=0.62)
        axes.spines["left"].set_visible(False)
        axes.set_yticks([])
        x = np.arange(len(frame))
        counts = frame["n"].astype(float).to_numpy()
        axes.bar(x, counts, width=0.62, color=COLOURS["blue"])
        axes.set_xlim(min(-0.6, -1.5 + len(frame) / 4), max(len(frame) - 0.4, len(frame) / 2 + 1.5))
        crowded = len(frame) > 8
        for index, row in enumerate(rows_of(frame)):
            lines = [texts.number(row.n, "integer")]
            if pd.notna(row.response_rate):
                lines.append(texts.number(row.response_rate, "percent0"))
            axes.annotate(
                "\n".join(lines),
                (index, counts[index]),
                xytext=(0, 4),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=7.5 if crowded else 9.5,
                weight="bold",
            )
        ticks = [_wave_label(row, texts, len(frame) > 5) for row in rows_of(frame)]
        axes.set_xticks(x, ticks, fontsize=7.5 if crowded else 9)
        axes.tick_params(axis="x", length=0)
    low, high = int(frame["n"].min()), int(frame["n"].max())
    if len(frame) == 1:
        takeaway = texts.say("{n:integer} people answered.", n=high)
    else:
        takeaway = texts.say(
            "Between {low:integer} and {high:integer} people answered in each of {waves} waves.",
            low=low,
            high=high,
            waves=len(frame),
        )
    rates = frame["response_rate"].dropna()
    if len(rates):
        takeaway += " " + texts.say("The lowest response rate was {rate:percent0}.", rate=float(rates.min()))
    caption = texts.say("Answers in each wave, and below it the number of units.")
    if frame["n_units"].isna().all():
        caption = texts.say("Answers in each wave.")
    return Picture(figure, caption, takeaway, takeaway)


def missing_shares(frame: pd.DataFrame, *, texts: Texts) -> Picture:
    """Draw which share of the answers is missing in each column, the largest first.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label`` (text, note, or a mapping from language to text), ``share`` (0 to 1), ``n`` (rows looked
        at), ``note`` (what is known about the reason; may be missing).
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    require(frame, ["label", "share", "n", "note"], figure="missing_shares")
    ordered = frame.sort_values("share", ascending=False, kind="stable")
    labels = [texts.pick(label) for label in ordered["label"]]
    for index, note in enumerate(ordered["note"]):
        if (isinstance(note, str | dict) and note) or hasattr(note, "message"):
            labels[index] += f" ({texts.pick(note)})"
    with style():
        figure, axes, y = rows_axes(labels, right=0.7)
        shares = ordered["share"].astype(float).to_numpy()
        axes.set_xlim(0, max(0.05, float(shares.max()) * 1.05))
        axes.hlines(y, 0, shares, color=COLOURS["sky"], linewidth=5)
        axes.plot(shares, y, "o", color=COLOURS["blue"], markersize=6, clip_on=False)
        for position, share in zip(y, shares, strict=True):
            row_value(axes, position, texts.number(share, "percent1"), bold=True)
        number_axis(axes.xaxis, "percent0" if axes.get_xlim()[1] > 0.08 else "percent1", texts)
        axes.set_xlabel(texts.say("share of answers that is missing"))
    takeaway = texts.say(
        "Most answers are missing for “{label}”: {share:percent1}.",
        label=texts.pick(ordered["label"].iloc[0]),
        share=float(shares[0]),
    )
    if float(shares[0]) == 0:
        takeaway = texts.say("No answer is missing.")
    caption = texts.say(
        "Share of missing answers for each column, of {n:integer} rows at most.", n=int(frame["n"].max())
    )
    return Picture(figure, caption, takeaway, takeaway)


def detectable_effects(frame: pd.DataFrame, *, texts: Texts, power: float = 0.8) -> Picture:
    """Draw the smallest effect that this study would find, for each hypothesis.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``title`` (hypothesis, text or mapping), ``testable`` (bool), ``value`` (detectable effect, may be
        missing), ``kind`` (``correlation``, ``share_difference`` or ``variance_share``), ``n`` (units or
        respondents that decide, may be missing).
    texts : Texts
        Language of the reader.
    power : float
        Probability of finding the effect.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing, a kind is unknown, or there is no row.
    """
    require(frame, ["title", "testable", "value", "kind", "n"], figure="detectable_effects")
    unknown = sorted(set(frame["kind"].dropna()) - set(_KINDS))
    if unknown:
        raise ValueError(f"detectable_effects knows the kinds {', '.join(_KINDS)}; got {', '.join(unknown)}.")
    ordered = frame.sort_values(
        ["testable", "value"], ascending=[False, True], na_position="last", kind="stable"
    )
    # What has no detectable effect stands with the correlations, the commonest kind.
    kinds = ordered["kind"].astype(object).where(ordered["kind"].notna(), "correlation")
    groups = [(kind, ordered[kinds == kind]) for kind in _KINDS if (kinds == kind).any()]
    with style():
        labels = [[texts.pick(title) for title in part["title"]] for _, part in groups]
        figure, panels = rows_panels(labels, left=2.2, right=1.05, top=0.36, bottom=0.42, wrap=28)
        for (kind, part), (axes, positions) in zip(groups, panels, strict=True):
            name, spec = _KINDS[kind][0], _spec(kind, part)
            headroom(axes, texts.say(name))
            _detectable_panel(axes, positions, part, spec=spec, texts=texts)
        panels[-1][0].set_xlabel(texts.say("dot: testable · cross: not testable"))
    testable = int(frame["testable"].sum())
    takeaway = texts.say(
        "{testable} of {total} hypotheses can be tested with these data.", testable=testable, total=len(frame)
    )
    return Picture(
        figure,
        texts.say(
            "The smallest effect that this study would find with {power:percent0} probability; further to "
            "the left is better.",
            power=power,
        ),
        takeaway + " " + _detail(ordered, texts),
        takeaway,
    )


def _detectable_panel(
    axes: Axes, positions: list[float], part: pd.DataFrame, *, spec: str, texts: Texts
) -> None:
    finite = part["value"].dropna().astype(float)
    axes.set_xlim(0, min(1.0, float(finite.max()) * 1.15) if len(finite) else 0.5)
    for position, row in zip(positions, rows_of(part), strict=True):
        if pd.isna(row.value):
            row_value(axes, position, texts.say("not testable"), colour=COLOURS["grey"])
            continue
        colour = COLOURS["blue"] if row.testable else COLOURS["grey"]
        reach = min(float(row.value), axes.get_xlim()[1])
        axes.hlines(position, 0, reach, color=COLOURS["light"], linewidth=2)
        marker = "o" if row.testable else "X"
        axes.plot([reach], [position], marker=marker, color=colour, markersize=7, clip_on=False)
        row_value(
            axes, position, texts.number(float(row.value), spec), colour=colour, bold=bool(row.testable)
        )
    number_axis(axes.xaxis, spec if len(finite) else "number1", texts, ticks=4)


def _spec(kind: str, part: pd.DataFrame) -> str:
    # In a large study the detectable share of variance is a fraction of a per cent.
    small = kind == "variance_share" and float(part["value"].fillna(1.0).min()) < _SMALL_SHARE
    return "percent2" if small else _KINDS[kind][1]


def _wave_label(row: Any, texts: Texts, short: bool) -> str:
    wave, units = str(row.wave), row.n_units
    if pd.isna(units):
        return wave
    shown = texts.number(units, "integer")
    return f"{wave}\n{shown}" if short else f"{wave}\n" + texts.say("{n} units", n=shown)


def _detail(frame: pd.DataFrame, texts: Texts) -> str:
    parts = []
    for row in rows_of(frame):
        if pd.notna(row.value):
            name, spec = _KINDS[row.kind][0], _spec(row.kind, frame[frame["kind"] == row.kind])
            parts.append(
                f"{texts.pick(row.title)}: {texts.number(float(row.value), spec)} ({texts.say(name)})"
            )
    return "; ".join(parts) + ("." if parts else "")
