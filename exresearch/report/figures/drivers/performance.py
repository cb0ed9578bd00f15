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

from exresearch.disclosure import DisclosureRules, Groups, Measure, release
from exresearch.findings.note import Note
from exresearch.report.columns import driver_labels
from exresearch.report.figures.drivers.blocks import BLOCKS, block_handles, known_blocks
from exresearch.report.figures.drivers.dividing import name_corner, name_lines
from exresearch.report.figures.drivers.map_words import map_alt, map_caption, map_takeaway, short_names
from exresearch.report.figures.drivers.naming import (
    Names,
    Panel,
    key_height,
    key_lines,
    label_small,
    name_all,
    number_all,
    room_for_names,
    write_key,
)
from exresearch.report.figures.drivers.placement import wrapped
from exresearch.report.figures.visible import visible
from exresearch.report.text import Texts
from exresearch.report.theme import (
    COLOURS,
    WIDTH,
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
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.62, 0.1, 0.6, 0.5
_LARGE, _LARGE_NUMBERED = 4.6, 4.8
_GUTTER, _SMALL_TOP, _SMALL_BOTTOM = 0.16, 0.58, 0.28
_ACROSS = 3
# Height of the small panels, by how many stand beside each other.
_SMALL = {1: 2.4, 2: 1.9, 3: 1.6}
# Room left and right of the drivers, as shares of their spread, tried in turn until every name finds a place.
_AIR = ((0.15, 0.2), (0.1, 0.45))
_TICKS = (0, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8)
# Each driver is a question of its own: the mean answer of everybody, from 0 to 100 on its scale.
PERFORMANCE = Groups("employees", measures={"performance": Measure("0 to 100", 0, 100, each="driver")})
NO_PERFORMANCE = Note(
    message="No driver has a declared scale and enough answers, so there is no map of importance and performance."
)


def performance_map(frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Draw importance against performance: the first outcome with every driver named, the others small.

    Where names do not find room beside their marks, the marks are numbered in order of importance and a key below
    the map lists the names.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per outcome and driver, of
        :func:`exresearch.findings.analyses.drivers.performance.performance_table`, with ``outcome_label`` (text or
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
    released = release(
        frame,
        count="respondents",
        rules=rules,
        within=["outcome"],
        groups=PERFORMANCE,
        name="Importance and performance of drivers",
    )
    frame = visible(released)
    if frame.empty:
        return NO_PERFORMANCE
    if released.n_hidden:
        frame = _among_themselves(frame)
    frame = frame.assign(
        text=driver_labels(frame, texts), short=short_names(frame, texts), number=_numbers(frame)
    )
    panels = [rows for _, rows in frame.groupby("outcome", sort=False)]
    with style():
        figure, numbered = _named_or_numbered(panels, texts)
    return Picture(
        figure,
        map_caption(frame, texts, numbered=numbered),
        map_alt(panels, texts),
        map_takeaway(panels, texts),
        shown=[released],
    )


def _among_themselves(frame: pd.DataFrame) -> pd.DataFrame:
    """Move the dividing line to the mean of the drivers that are shown: that of all would give the hidden one away."""
    mean = frame.groupby("outcome", sort=False)["performance"].transform("mean")
    low, was_low = frame["performance"] < mean, frame["performance"] < frame["cut_performance"]
    side = frame["quadrant"].str.replace("_(low|high)$", "", regex=True) + low.map(
        {True: "_low", False: "_high"}
    )
    return frame.assign(
        cut_performance=mean,
        quadrant=frame["quadrant"].where(frame["quadrant"] == "against", side),
        clear=frame["clear"] & (low == was_low),
    )


def _named_or_numbered(panels: list[pd.DataFrame], texts: Texts) -> tuple[Figure, bool]:
    """Draw with names where they all find a place, else with numbers."""
    every = pd.concat(panels)
    for air in _AIR:
        limits = (*_range(every, air), _ceiling(panels[0]))
        panel = Panel(panels[0], limits=limits, width=WIDTH - _LEFT - _RIGHT, height=_LARGE)
        # Looked for before anything is drawn.
        names = room_for_names(panel, taken=[name_corner(panel, texts), *name_lines(panel, texts)])
        if names is not None:
            return _draw(panels, texts, air=air, names=names), False
    return _draw(panels, texts, air=_AIR[0], names=None), True


def _numbers(frame: pd.DataFrame) -> pd.Series:
    """Number of each driver, by its importance for the first outcome that has it."""
    first = frame.drop_duplicates("driver")
    place = first["outcome"].map({name: i for i, name in enumerate(frame["outcome"].unique())})
    order = first.assign(place=place).sort_values(
        ["place", "importance"], ascending=[True, False], kind="stable"
    )
    return frame["driver"].map({driver: i for i, driver in enumerate(order["driver"], start=1)})


def _draw(
    panels: list[pd.DataFrame], texts: Texts, *, air: tuple[float, float], names: Names | None
) -> Figure:
    """Draw all panels, with numbers where there is no room for names."""
    numbered = names is None
    first, others = panels[0], panels[1:]
    every = pd.concat(panels)
    large = _LARGE_NUMBERED if numbered else _LARGE
    key = key_lines(every.drop_duplicates("driver")) if numbered else []
    across = min(len(others), _ACROSS)
    lines = -(-len(others) // _ACROSS)
    below = lines * (_SMALL.get(across, 0.0) + _SMALL_TOP) + (_SMALL_BOTTOM if lines else 0.0)
    key_room = key_height(key) if numbered else 0.0
    figure = new_figure(large + _TOP + _BOTTOM + key_room + below)
    width = figure.get_figwidth() - _LEFT - _RIGHT
    low, high = _range(every, air)
    axes = add_axes(figure, left=_LEFT, right=_RIGHT, top=_TOP, bottom=_BOTTOM + key_room + below)
    _panel(axes, first, texts, low=low, high=high, ceiling=_ceiling(first))
    panel = Panel(first, limits=(low, high, _ceiling(first)), width=width, height=large)
    taken = [name_corner(panel, texts, axes=axes), *name_lines(panel, texts, axes=axes)]
    if names is None:
        number_all(axes, panel, taken=taken)
        write_key(figure, key, top=_TOP + large + _BOTTOM)
    else:
        name_all(axes, panel, names)
    axes.set_xlabel(
        texts.say("performance: mean answer, 0 = low end of the scale, 100 = high end"), fontsize=9
    )
    axes.set_ylabel(texts.say("importance: share of variance explained"), fontsize=9)
    _legend(figure, every, texts)
    _heading(axes, texts.pick(first["outcome_label"].iloc[0]), height=large)
    shared = max(map(_ceiling, others), default=0.0)
    for place, rows in enumerate(others):
        line, column = divmod(place, _ACROSS)
        wide, high_of = (width - (across - 1) * _GUTTER) / across, _SMALL[across]
        left = _LEFT + column * (wide + _GUTTER)
        top = _TOP + large + _BOTTOM + key_room + line * (high_of + _SMALL_TOP) + _SMALL_TOP
        right, bottom = figure.get_figwidth() - left - wide, figure.get_figheight() - top - high_of
        small = add_axes(figure, left=left, right=right, top=top, bottom=bottom)
        _panel(small, rows, texts, low=low, high=high, ceiling=shared, small=True)
        if column:
            small.set_yticklabels([])
        shape = Panel(rows, limits=(low, high, shared), width=wide, height=high_of)
        label_small(small, shape, numbered=numbered)
        name = wrapped(texts.pick(rows["outcome_label"].iloc[0]), width=max(int(wide / 0.06), 8), lines=2)
        _heading(small, name, height=high_of)
    return figure


def _range(frame: pd.DataFrame, air: tuple[float, float]) -> tuple[float, float]:
    """Limits of performance: what is there, with room for labels, within 0 to 100."""
    low, high = float(frame["performance_low"].min()), float(frame["performance_high"].max())
    left, right = (max(share * (high - low), 0.5) for share in air)
    return max(low - left, 0.0), min(high + right, 100.0)


def _ceiling(rows: pd.DataFrame) -> float:
    """Highest importance on a panel."""
    return float(rows["conf_high"].max()) * 1.12


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
        axes.tick_params(labelsize=8)


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
