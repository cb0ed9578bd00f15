"""The map of importance and performance: what matters, and is low."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from exresearch.disclosure import DisclosureRules
from exresearch.findings.note import Note
from exresearch.report.columns import driver_labels
from exresearch.report.figures.drivers.blocks import BLOCKS, block_handles, known_blocks
from exresearch.report.figures.drivers.placement import nearest, place_labels, text_size, wrapped
from exresearch.report.text import Texts
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

_COLUMNS = [
    "outcome", "outcome_label", "label", "block", "named", "importance", "conf_low", "conf_high", "performance",
    "performance_low", "performance_high", "cut_importance", "cut_performance", "quadrant", "clear", "respondents",
]  # fmt: skip
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.7, 0.14, 0.6, 0.5
_SMALL, _GUTTER, _SMALL_TOP, _SMALL_BOTTOM = 1.5, 0.16, 0.58, 0.28
_ACROSS = 3
_MANY = 14
# Drivers that a small panel names.
_NAMED_SMALL = 2
_TICKS = (0, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8)
NO_PERFORMANCE = Note(
    message="No driver has a declared scale and enough answers, so there is no map of importance and performance."
)


def performance_map(frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Draw importance against performance: the first outcome with every driver named, the others small.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per outcome and driver, of
        :func:`exresearch.findings.analyses.driver_performance.performance_table`, with ``outcome_label`` (text or
        mapping).
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Drivers that fewer people answered are left out.

    Returns
    -------
    Picture or Note
        The note where no driver is left.

    Raises
    ------
    ValueError
        If a column is missing or a block is unknown.
    """
    if frame.empty:
        return NO_PERFORMANCE
    require(frame, _COLUMNS, figure="performance_map")
    frame = frame.assign(block=known_blocks(frame, figure="performance_map"))
    frame = frame[frame["respondents"] >= rules.min_respondents]
    if frame.empty:
        return NO_PERFORMANCE
    frame = frame.assign(text=_names(frame, texts))
    panels = [rows for _, rows in frame.groupby("outcome", sort=False)]
    first, others = panels[0], panels[1:]
    large = 4.0 if len(first) <= _MANY else 5.6
    lines = -(-len(others) // _ACROSS)
    below = lines * (_SMALL + _SMALL_TOP) + (_SMALL_BOTTOM if lines else 0.0)
    low, high = _range(frame)
    ceiling = float(first["conf_high"].max()) * 1.12
    shared = max((float(rows["conf_high"].max()) for rows in others), default=0.0) * 1.12
    with style():
        figure = new_figure(large + _TOP + _BOTTOM + below)
        axes = add_axes(figure, left=_LEFT, right=_RIGHT, top=_TOP, bottom=_BOTTOM + below)
        _panel(axes, first, texts, low=low, high=high, ceiling=ceiling)
        _name_all(axes, first, texts, width=figure.get_figwidth() - _LEFT - _RIGHT, height=large)
        axes.set_xlabel(
            texts.say("performance: mean answer, 0 = low end of the scale, 100 = high end"), fontsize=9
        )
        axes.set_ylabel(texts.say("importance: share of variance explained"), fontsize=9)
        _legend(figure, frame, texts)
        _heading(axes, texts.pick(first["outcome_label"].iloc[0]), height=large)
        wide = (figure.get_figwidth() - _LEFT - _RIGHT - (_ACROSS - 1) * _GUTTER) / _ACROSS
        for place, rows in enumerate(others):
            line, column = divmod(place, _ACROSS)
            left = _LEFT + column * (wide + _GUTTER)
            top = _TOP + large + _BOTTOM + line * (_SMALL + _SMALL_TOP) + _SMALL_TOP
            small = add_axes(
                figure,
                left=left,
                right=figure.get_figwidth() - left - wide,
                top=top,
                bottom=figure.get_figheight() - top - _SMALL,
            )
            _panel(small, rows, texts, low=low, high=high, ceiling=shared, small=True)
            if column:
                small.set_yticklabels([])
            _name_low(small, rows, width=wide, height=_SMALL)
            _heading(
                small, wrapped(texts.pick(rows["outcome_label"].iloc[0]), width=24, lines=2), height=_SMALL
            )
    takeaway = _takeaway(panels, texts)
    caption = texts.say(
        "Each mark is a driver. Above the horizontal line: at least as important as the median driver. Left of the "
        "vertical line: lower than the mean of the drivers. Shaded: what matters, and is low. Hollow: the distance "
        "from one of the two lines may be chance. (−): goes with a worse outcome, so that low is no shortcoming. Thin "
        "lines: interval of the importance, and of the distance from the mean performance. The vertical axis is "
        "stretched at the bottom, where most drivers are."
    )
    return Picture(figure, caption, f"{takeaway} {_alt(first, texts)}", takeaway)


def _names(frame: pd.DataFrame, texts: Texts) -> list[str]:
    labels = driver_labels(frame, texts)
    return [
        f"{label} (−)" if quadrant == "against" else label
        for label, quadrant in zip(labels, frame["quadrant"], strict=True)
    ]


def _range(frame: pd.DataFrame) -> tuple[float, float]:
    """Limits of performance: what is there, with room for labels, within 0 to 100."""
    low, high = float(frame["performance_low"].min()), float(frame["performance_high"].max())
    pad = max(0.18 * (high - low), 0.5)
    return max(low - pad, 0.0), min(high + pad, 100.0)


def _panel(
    axes: Axes,
    rows: pd.DataFrame,
    texts: Texts,
    *,
    low: float,
    high: float,
    ceiling: float,
    small: bool = False,
) -> None:
    axes.set_yscale("function", functions=(lambda v: np.sqrt(np.clip(v, 0, None)), np.square))
    axes.set_ylim(0, ceiling)
    axes.set_xlim(low, high)
    across, along = float(rows["cut_performance"].iloc[0]), float(rows["cut_importance"].iloc[0])
    axes.add_patch(
        Rectangle(
            (low, along), across - low, ceiling - along, facecolor=COLOURS["band"], edgecolor="none", zorder=0
        )
    )
    axes.axhline(along, color=COLOURS["grey"], linewidth=0.9, zorder=1)
    axes.axvline(across, color=COLOURS["grey"], linewidth=0.9, zorder=1)
    for row in rows_of(rows):
        _, colour, marker = BLOCKS[row.block]
        thin: dict[str, Any] = {"color": colour, "linewidth": 0.8, "alpha": 0.45, "zorder": 2}
        axes.plot([row.performance] * 2, [row.conf_low, row.conf_high], **thin)
        axes.plot([row.performance_low, row.performance_high], [row.importance] * 2, **thin)
        axes.plot(
            [row.performance],
            [row.importance],
            marker=marker,
            color=colour,
            markerfacecolor=colour if row.clear else "white",
            markersize=4 if small else 6,
            markeredgewidth=1.2,
            linestyle="none",
            zorder=4,
        )
    ticks = [tick for tick in _TICKS if tick <= ceiling]
    ticks = [t for t in ticks if t == 0 or t >= ceiling / (60 if small else 150)]
    axes.yaxis.set_major_locator(FixedLocator(ticks[:: 2 if small else 1]))
    spec = "percent0" if all(round(100 * t, 6) % 1 == 0 for t in ticks) else "percent1"
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: texts.number(float(value), spec)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    number_axis(axes.xaxis, "number0" if high - low > 3 else "number1", texts, ticks=3 if small else 5)
    if small:
        axes.tick_params(labelsize=7.5)


def _inches(axes: Axes, rows: pd.DataFrame, *, width: float, height: float) -> np.ndarray[Any, Any]:
    (left, right), (_, top) = axes.get_xlim(), axes.get_ylim()
    across = (rows["performance"].to_numpy(dtype=float) - left) / (right - left) * width
    along = np.sqrt(rows["importance"].to_numpy(dtype=float).clip(0) / top) * height
    return np.column_stack([across, along])


def _lines(
    axes: Axes, rows: pd.DataFrame, *, width: float, height: float
) -> list[tuple[float, float, float, float]]:
    """The cut lines and the intervals, as boxes without width."""
    hair = 0.004

    def spot(performance: float, importance: float) -> tuple[float, float]:
        frame = pd.DataFrame({"performance": [performance], "importance": [importance]})
        return tuple(_inches(axes, frame, width=width, height=height)[0])

    x, y = spot(float(rows["cut_performance"].iloc[0]), float(rows["cut_importance"].iloc[0]))
    lines = [(x - hair, 0.0, x + hair, height), (0.0, y - hair, width, y + hair)]
    for row in rows_of(rows):
        x, y = spot(row.performance, row.importance)
        bottom, top = spot(row.performance, row.conf_low)[1], spot(row.performance, row.conf_high)[1]
        left, right = (
            spot(row.performance_low, row.importance)[0],
            spot(row.performance_high, row.importance)[0],
        )
        lines += [(x - hair, bottom, x + hair, top), (left, y - hair, right, y + hair)]
    return lines


def _name_all(axes: Axes, rows: pd.DataFrame, texts: Texts, *, width: float, height: float) -> None:
    many = len(rows) > _MANY
    points = 7.0 if many else 8.2
    labels = [wrapped(text, width=21 if many else 24, lines=2 if many else 3) for text in rows["text"]]
    corner = texts.say("matters, and is low")
    wide, high = text_size(corner, points=8.5)
    axes.annotate(
        corner,
        (0, 1),
        xycoords="axes fraction",
        xytext=(5, -4),
        textcoords="offset points",
        va="top",
        fontsize=8.5,
        style="italic",
        color=COLOURS["grey"],
    )
    _write(axes, rows, labels, points, width, height, taken=[(0.0, height - high - 0.1, wide + 0.1, height)])


def _name_low(axes: Axes, rows: pd.DataFrame, *, width: float, height: float) -> None:
    low = (rows["quadrant"] == "matters_low") & rows["clear"]
    low &= rows["importance"].where(low).rank(ascending=False) <= _NAMED_SMALL
    if low.any():
        labels = [wrapped(text, width=17, lines=2) for text in rows["text"][low]]
        points = _inches(axes, rows[~low], width=width, height=height)
        marks = [(x - 0.05, y - 0.05, x + 0.05, y + 0.05) for x, y in points]
        _write(axes, rows[low], labels, 6.8, width, height, taken=marks)


def _write(
    axes: Axes,
    rows: pd.DataFrame,
    labels: list[str],
    points: float,
    width: float,
    height: float,
    *,
    taken: list[tuple[float, float, float, float]],
) -> None:
    spots = _inches(axes, rows, width=width, height=height)
    sizes = [
        text_size(label, points=points, bold=bool(named))
        for label, named in zip(labels, rows["named"], strict=True)
    ]
    thin = _lines(axes, rows, width=width, height=height)
    boxes = place_labels(spots, sizes, width=width, height=height, taken=taken, thin=thin)
    for spot, box, label, named in zip(spots, boxes, labels, rows["named"], strict=True):
        end = nearest(box, spot)
        if np.linalg.norm(end - spot) > 0.17:
            axes.plot(
                [spot[0] / width, end[0] / width],
                [spot[1] / height, end[1] / height],
                transform=axes.transAxes,
                color=COLOURS["light"],
                linewidth=0.8,
                zorder=2,
            )
        axes.text(
            (box[0] + box[2]) / 2 / width,
            (box[1] + box[3]) / 2 / height,
            label,
            transform=axes.transAxes,
            ha="center",
            va="center",
            fontsize=points,
            linespacing=1.1,
            weight="bold" if named else "normal",
            zorder=5,
        )


def _heading(axes: Axes, text: str, *, height: float) -> None:
    axes.text(
        0, 1 + 0.06 / height, text, transform=axes.transAxes, va="bottom", fontsize=9.5, color=COLOURS["ink"]
    )


def _legend(figure: Figure, frame: pd.DataFrame, texts: Texts) -> None:
    figure.legend(
        handles=[
            *block_handles(frame["block"], texts),
            Line2D([], [], linestyle="none", marker="o", color=COLOURS["ink"], markerfacecolor="white", markersize=6,
                   label=texts.say("hollow: may be chance")),
        ],
        loc="upper left",
        bbox_to_anchor=(0, 1),
        ncols=4,
        frameon=False,
        fontsize=9,
        handletextpad=0.1,
        borderaxespad=0.1,
        columnspacing=1.0,
    )  # fmt: skip


def _takeaway(panels: list[pd.DataFrame], texts: Texts) -> str:
    found: dict[str, list[str]] = {}
    for rows in panels:
        low = rows[(rows["quadrant"] == "matters_low") & rows["clear"]].sort_values(
            "importance", ascending=False
        )
        for text in low["text"]:
            found.setdefault(text, []).append(texts.pick(rows["outcome_label"].iloc[0]))
    if not found:
        return texts.say("No driver clearly matters more than most and is clearly lower than the others.")
    listed = "; ".join(
        texts.say("“{driver}” ({outcomes})", driver=driver, outcomes=", ".join(outcomes))
        for driver, outcomes in found.items()
    )
    return texts.say("Matters, and is low: {drivers}.", drivers=listed)


def _alt(rows: pd.DataFrame, texts: Texts) -> str:
    top = rows.iloc[int(rows["importance"].to_numpy().argmax())]
    lowest = rows.iloc[int(rows["performance"].to_numpy().argmin())]
    return texts.say(
        "For {outcome} “{first}” is most important ({importance:percent1}) with a performance of "
        "{performance:number0}; “{lowest}” has the lowest performance ({least:number0}).",
        outcome=texts.pick(top["outcome_label"]),
        first=top["text"],
        importance=float(top["importance"]),
        performance=float(top["performance"]),
        lowest=lowest["text"],
        least=float(lowest["performance"]),
    )
