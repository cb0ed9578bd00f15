"""The chain as a diagram: four boxes, six arrows, each with its slope and interval."""

from __future__ import annotations

import textwrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, intervals_name, new_figure, require, style

NO_LINKS = Note(message="There are no links to draw.")
_WIDTH, _HEIGHT = 6.9, 3.5
_BOX = (1.75, 0.82)
#: Lower left corner of each box, in inches, in the order of the chain.
_PLACES = ((0.05, 0.12), (0.95, 2.58), (4.2, 2.58), (5.1, 0.12))
_CHAINED = ((0, 1), (1, 2), (2, 3))
#: Of each link: where its arrow leaves and reaches the boxes, and where its label stands beside it, in inches.
_ARROWS: dict[tuple[int, int], tuple[tuple[float, float], tuple[float, float], tuple[float, float, str]]] = {
    (0, 1): ((0.40, 1.0), (0.22, 0.0), (1.20, 1.76, "left")),
    (1, 2): ((1.0, 0.5), (0.0, 0.5), (3.43, 3.27, "center")),
    (2, 3): ((0.78, 0.0), (0.60, 1.0), (5.70, 1.76, "right")),
    (0, 2): ((0.90, 1.0), (0.12, 0.0), (2.45, 1.17, "left")),
    (1, 3): ((0.88, 0.0), (0.10, 1.0), (4.45, 1.17, "right")),
    (0, 3): ((1.0, 0.42), (0.0, 0.42), (3.45, 0.63, "center")),
}
#: Inches between the lines of a label.
_LINE = 0.165
_TAKEAWAYS = {
    3: mark("Each of the three links of the chain shows with an interval without zero."),
    2: mark(
        "Two of the three links of the chain show with an interval without zero; the chain needs all three."
    ),
    1: mark(
        "One of the three links of the chain shows with an interval without zero; the chain needs all three."
    ),
    0: mark("None of the three links of the chain shows with an interval without zero."),
}


def chain_diagram(
    paths: pd.DataFrame, *, order: tuple[str, ...], labels: dict[str, str], texts: Texts
) -> Picture | Note:
    """Draw the links of the chain, and in grey the roads around them.

    Parameters
    ----------
    paths : pandas.DataFrame
        ``source, target, estimate, conf_low, conf_high, n, n_units``, standardised; without rows a note comes instead.
    order : tuple of str
        The four links, in order.
    labels : dict of str to str
        Name of each in the reader's language.
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture or Note
        Arrows are as thick as the slope is large, and dashed where the interval includes zero.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if paths.empty:
        return NO_LINKS
    columns = ["source", "target", "estimate", "conf_low", "conf_high", "n", "n_units"]
    require(paths, columns, figure="chain_diagram")
    named = {f"{end}_label": paths[end].map(labels) for end in ("source", "target")}
    released = release(paths.assign(**named), count="n", rules=DisclosureRules(), name="Links of the chain")
    if released.n_hidden:
        return NO_LINKS
    rows: Any = paths.set_index(["source", "target"])
    with style():
        figure = new_figure(_HEIGHT, width=_WIDTH)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, _WIDTH)
        axes.set_ylim(0, _HEIGHT)
        axes.axis("off")
        for place, name in zip(_PLACES, order, strict=True):
            _box(axes, place, labels[name])
        for ends in _ARROWS:
            row = rows.loc[(order[ends[0]], order[ends[1]])]
            _link(axes, ends, row, texts)
    shown = [rows.loc[(order[a], order[b])] for a, b in _CHAINED]
    clear = sum(bool(row["conf_low"] > 0 or row["conf_high"] < 0) for row in shown)
    takeaway = texts.say(_TAKEAWAYS[clear])
    caption = texts.say(
        "Slopes in standard deviations with {intervals}, everything before a link held the same; {n:integer} answers "
        "of employees in {units:integer} units. Blue: the chain. Grey: roads around it. An arrow is as thick as its "
        "slope is large, and dashed where the interval includes zero.",
        intervals=intervals_name(paths, texts),
        n=int(paths["n"].max()),
        units=int(paths["n_units"].max()),
    )
    told = " ".join(
        texts.say(
            "From “{source}” to “{target}”: {estimate:number2} ({limits}).",
            source=labels[order[a]],
            target=labels[order[b]],
            estimate=float(row["estimate"]),
            limits=_limits(row, texts),
        )
        for (a, b), row in zip(_CHAINED, shown, strict=True)
    )
    return Picture(figure, caption, f"{told} {takeaway}", takeaway, [released])


def _box(axes: Axes, place: tuple[float, float], label: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            place,
            *_BOX,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=COLOURS["band"],
            edgecolor=COLOURS["grey"],
            linewidth=1.0,
            zorder=3,
        )
    )
    lines = textwrap.wrap(label, 18, max_lines=3, placeholder=" …")
    _lines(axes, lines, (place[0] + _BOX[0] / 2, place[1] + _BOX[1] / 2, "center"), size=10, weight="bold")


def _link(axes: Axes, ends: tuple[int, int], row: Any, texts: Texts) -> None:
    leave, arrive, label = _ARROWS[ends]
    start, end = _within(_PLACES[ends[0]], leave), _within(_PLACES[ends[1]], arrive)
    chained = ends in _CHAINED
    colour = COLOURS["blue"] if chained else COLOURS["grey"]
    clear = row["conf_low"] > 0 or row["conf_high"] < 0
    thick = min(1.0 + 5.0 * abs(float(row["estimate"])), 5.5)
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>,head_length=5,head_width=2.6",
            mutation_scale=1.6,
            shrinkA=2,
            shrinkB=1,
            linewidth=thick if chained else min(thick, 2.0),
            linestyle="-" if clear else (0, (4, 2)),
            color=colour,
            alpha=1.0 if chained else 0.75,
            zorder=2,
        )
    )
    estimate = texts.number(float(row["estimate"]), "signed2")
    _lines(
        axes, [estimate, f"({_limits(row, texts)})"] if chained or ends[1] - ends[0] == 2
        else [f"{estimate} ({_limits(row, texts)})"],
        label, size=9.5 if chained else 8.5, weight="bold" if chained else "normal", colour=colour,
    )  # fmt: skip


def _lines(
    axes: Axes,
    lines: list[str],
    place: tuple[float, float, str],
    *,
    size: float,
    weight: str,
    colour: str = COLOURS["ink"],
) -> None:
    """Each line as a text of its own: lines of one text keep the places they have in matplotlib's wider font."""
    x, y, across = place
    for number, line in enumerate(lines):
        axes.text(
            x, y + (0.5 * (len(lines) - 1) - number) * _LINE, line, ha=across, va="center", fontsize=size,
            weight=weight, color=colour, zorder=5,
        )  # fmt: skip


def _within(place: tuple[float, float], share: tuple[float, float]) -> tuple[float, float]:
    return place[0] + share[0] * _BOX[0], place[1] + share[1] * _BOX[1]


def _limits(row: Any, texts: Texts) -> str:
    return interval(float(row["conf_low"]), float(row["conf_high"]), "number2", language=texts.language)
