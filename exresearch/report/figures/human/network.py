"""Three sides and the links between them: between units, and within units beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, intervals_name, new_figure, require, rows_of, style

NO_NETWORK = Note(message="The three sides could not be set beside each other.")
EDGES = {
    "ex_cx": mark("Employees and customers"),
    "ex_bx": mark("Employees and partners"),
    "cx_bx": mark("Customers and partners"),
}
SIDES = {"ex": mark("Employees"), "cx": mark("Customers"), "bx": mark("Partners")}
_HEIGHT, _PANEL = 3.1, 3.2
# How far the middle of the triangle lies above the lower edge, in inches.
_BELOW = 1.06
_RADIUS, _REACH = 0.42, 1.2
# A correlation of 1 would be this many points thick.
_THICK = 22.0
_ANGLES = {"ex": 90.0, "cx": 210.0, "bx": 330.0}
_PARTS = {
    "deciding": mark("Between units: {units:integer} units"),
    "within": mark("Within units: {units:integer} units over waves"),
}
_TAKEAWAYS = {
    3: mark("All three sides hang together between units, each pair also with the third held constant."),
    2: mark(
        "Two of the three links hold between units with the third side held constant; one does not show: {open}."
    ),
    1: mark("Of the three links one holds between units with the third side held constant: {shown}."),
    0: mark("With the third side held constant, none of the three links shows between units."),
}
_WITHIN = {
    "all": mark("Within units the same links show."),
    "some": mark("Within units {shown} shows; the others do not."),
    "none": mark("Within units no link shows: where one side rises, the others do not rise with it."),
}


def three_sides_network(links: pd.DataFrame, *, texts: Texts) -> Picture | Note:
    """Draw three sides as points, and the links between them as lines as thick as they are strong.

    A line is solid where its interval leaves out zero, and thin dashes where it does not, so that the eye does not take
    chance for a link.

    Parameters
    ----------
    links : pandas.DataFrame
        ``check`` (``deciding`` for between units, ``within``; others are ignored), ``component, x, y, estimate,
         conf_low, conf_high, n, n_units``; optional ``conf_level``.
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture or Note
        A note where there is nothing to draw.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if links.empty or not (links["check"] == "deciding").any():
        return NO_NETWORK
    columns = ("check", "component", "x", "y", "estimate", "conf_low", "conf_high", "n", "n_units")
    require(links, columns, figure="three_sides_network")
    links = links[links["check"].isin(_PARTS)]
    released = release(
        links, count="n", rules=DisclosureRules(), within=["check"], name="Links between three sides"
    )
    if released.n_hidden:
        return NO_NETWORK
    parts = [name for name in _PARTS if (links["check"] == name).any()]
    width = _PANEL * len(parts)
    with style():
        figure = new_figure(_HEIGHT, width=max(width, _PANEL + 1.2))
        start = (figure.get_figwidth() - width) / 2
        for place, name in enumerate(parts):
            left = (start + place * _PANEL) / figure.get_figwidth()
            axes = figure.add_axes((left, 0, _PANEL / figure.get_figwidth(), 1))
            axes.set_xlim(-_PANEL / 2, _PANEL / 2)
            axes.set_ylim(-_BELOW, _HEIGHT - _BELOW)
            axes.axis("off")
            rows = links[links["check"] == name]
            _panel(axes, rows, texts, faint=name == "within")
            axes.text(
                0,
                _HEIGHT - _BELOW - 0.05,
                texts.say(_PARTS[name], units=int(rows["n_units"].max())),
                ha="center",
                va="top",
                fontsize=9.5,
                color=COLOURS["grey"],
            )
    between = links[links["check"] == "deciding"]
    takeaway = _takeaway(between, links[links["check"] == "within"], texts)
    caption = texts.say(
        "Correlations of two sides with the third held constant, with {intervals}. A line is as thick as the "
        "correlation is strong, and dashed where the interval includes zero.",
        intervals=intervals_name(links, texts),
    )
    answers = int(between["n"].max())
    if answers != int(between["n_units"].max()):
        caption += " " + texts.say("Behind the values of the units are {n:integer} answers.", n=answers)
    said = [
        texts.say(
            "{edge}: {estimate:number2} ({limits}).",
            edge=texts.say(EDGES[row.component]),
            estimate=float(row.estimate),
            limits=_limits(row, texts),
        )
        for row in rows_of(between)
    ]
    return Picture(figure, caption, " ".join([takeaway, *said]), takeaway, [released])


def _panel(axes: Axes, rows: pd.DataFrame, texts: Texts, *, faint: bool) -> None:
    at = {
        name: (_REACH * math.cos(math.radians(angle)), _REACH * math.sin(math.radians(angle)))
        for name, angle in _ANGLES.items()
    }
    for row in rows_of(rows):
        clear = row.conf_low > 0 or row.conf_high < 0
        colour = (COLOURS["blue"] if row.estimate > 0 else COLOURS["orange"]) if clear else COLOURS["grey"]
        (x0, y0), (x1, y1) = at[row.x], at[row.y]
        axes.plot(
            [x0, x1],
            [y0, y1],
            color=colour,
            linewidth=max(1.2, _THICK * abs(float(row.estimate))) if clear else 1.4,
            linestyle="-" if clear else (0, (4, 2.2)),
            alpha=0.85 if clear else 0.7,
            solid_capstyle="butt",
            zorder=1,
        )
        axes.text(
            (x0 + x1) / 2,
            (y0 + y1) / 2,
            f"{texts.number(float(row.estimate), 'number2')}\n{_limits(row, texts)}",
            ha="center",
            va="center",
            fontsize=8.8,
            color=COLOURS["ink"] if clear else COLOURS["grey"],
            weight="bold" if clear else "normal",
            linespacing=1.25,
            bbox={"boxstyle": "round,pad=0.18,rounding_size=0.25", "facecolor": "white", "edgecolor": "none"},
            zorder=3,
        )
    for name, (x, y) in at.items():
        axes.add_patch(
            Circle(
                (x, y),
                _RADIUS,
                facecolor="white" if faint else COLOURS["band"],
                edgecolor=COLOURS["grey"],
                linewidth=1.2,
                zorder=4,
            )
        )
        axes.text(
            x, y, texts.say(SIDES[name]), ha="center", va="center", fontsize=8.8, weight="bold", zorder=5
        )


def _takeaway(between: pd.DataFrame, within: pd.DataFrame, texts: Texts) -> str:
    shown = _named(between, texts, clear=True)
    open_ = _named(between, texts, clear=False)
    count = len(shown)
    values: Mapping[str, Any] = {2: {"open": ", ".join(open_)}, 1: {"shown": ", ".join(shown)}}.get(count, {})
    first = texts.say(_TAKEAWAYS[count], **values)
    if within.empty:
        return first
    inside = _named(within, texts, clear=True)
    if not inside:
        return f"{first} {texts.say(_WITHIN['none'])}"
    if set(shown) <= set(inside):
        return f"{first} {texts.say(_WITHIN['all'])}" if shown else first
    return f"{first} {texts.say(_WITHIN['some'], shown=', '.join(inside))}"


def _named(rows: pd.DataFrame, texts: Texts, *, clear: bool) -> list[str]:
    """Names of the positive links whose interval leaves out zero, or of the others, within a sentence."""
    names = []
    for row in rows_of(rows):
        if (row.conf_low > 0) == clear:
            name = texts.say(EDGES[row.component])
            names.append(texts.say("“{name}”", name=name[:1].lower() + name[1:]))
    return names


def _limits(row: Any, texts: Texts) -> str:
    return interval(float(row.conf_low), float(row.conf_high), "number2", language=texts.language)
