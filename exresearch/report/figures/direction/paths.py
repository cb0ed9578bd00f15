"""What follows what: two sides, two waves, four arrows."""

from __future__ import annotations

import textwrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.figures.door import too_few
from exresearch.report.figures.visible import visible
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, intervals_name, new_figure, require, style

WIDTH, _HEIGHT = 6.9, 3.42
_BOX = (1.75, 0.86)
_X = (0.05, WIDTH - 0.05 - _BOX[0])
_Y = {"ex": 2.08, "cx": 0.08}
_CROSSED = ("ex_to_cx", "cx_to_ex")
_TAKEAWAYS = {
    (True, True): mark("What happens on either side is seen on the other side a wave later."),
    (True, False): mark(
        "What happens to employees is seen with customers a wave later; the reverse does not show."
    ),
    (False, True): mark(
        "What happens with customers is seen with employees a wave later; the reverse does not show."
    ),
    (False, False): mark("In neither direction does an effect show a wave later."),
}


def path_picture(paths: pd.DataFrame, *, texts: Texts, ex_label: str, cx_label: str) -> Picture | Note:
    """Draw the effects of one wave on the next, each arrow with its estimate and interval.

    An arrow is as thick as its effect is large, and dashed where its interval includes zero.

    Parameters
    ----------
    paths : pandas.DataFrame
        ``term`` (ex_autoregressive, cx_autoregressive, ex_to_cx, cx_to_ex), ``estimate, conf_low, conf_high, n``;
        standardised. Without rows a note comes instead.
    texts : Texts
        Language of the reader.
    ex_label, cx_label : str
        What is measured on either side.

    Returns
    -------
    Picture or Note

    Raises
    ------
    ValueError
        If a column or a term is missing.
    """
    if paths.empty:
        return Note(message="There are no effects over time to draw.")
    require(paths, ["term", "estimate", "conf_low", "conf_high", "n"], figure="path_picture")
    terms = ["ex_autoregressive", "cx_autoregressive", *_CROSSED]
    missing = [term for term in terms if term not in set(paths["term"])]
    if missing:
        raise ValueError(f"path_picture needs the terms {', '.join(terms)}; missing: {', '.join(missing)}.")
    released = release(paths, count="n", rules=DisclosureRules(), name="Effects of one wave on the next")
    if released.n_hidden:
        return too_few(released.rules)
    paths = visible(released)
    rows: Any = paths.set_index("term")
    labels = {"ex": ex_label, "cx": cx_label}
    with style():
        figure = new_figure(_HEIGHT, width=WIDTH)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(0, _HEIGHT)
        axes.axis("off")
        for x, head in zip(_X, (texts.say("in one wave"), texts.say("a wave later")), strict=True):
            axes.text(
                x + _BOX[0] / 2,
                _HEIGHT - 0.10,
                head,
                ha="center",
                va="top",
                fontsize=9.5,
                color=COLOURS["grey"],
            )
            for side, label in labels.items():
                _box(axes, x, _Y[side], label)
        left, right = _X[0] + _BOX[0], _X[1]
        for side in ("ex", "cx"):
            y = _Y[side] + _BOX[1] / 2
            _arrow(axes, (left, y), (right, y), rows.loc[f"{side}_autoregressive"], COLOURS["grey"])
            _label(
                axes,
                ((left + right) / 2, y),
                rows.loc[f"{side}_autoregressive"],
                COLOURS["grey"],
                texts,
                bold=False,
            )
        for term, colour in zip(_CROSSED, (COLOURS["blue"], COLOURS["orange"]), strict=True):
            source, target = term.split("_to_")
            down = source == "ex"
            start = (left, _Y[source] + (0.14 if down else _BOX[1] - 0.14))
            end = (right, _Y[target] + (_BOX[1] - 0.14 if down else 0.14))
            _arrow(axes, start, end, rows.loc[term], colour)
            # Before the arrows cross.
            place = tuple(a + 0.27 * (b - a) for a, b in zip(start, end, strict=True))
            _label(axes, (place[0], place[1]), rows.loc[term], colour, texts, bold=True)
    shows = tuple(
        bool(rows.loc[term, "conf_low"] > 0 or rows.loc[term, "conf_high"] < 0) for term in _CROSSED
    )
    takeaway = texts.say(_TAKEAWAYS[(shows[0], shows[1])])
    caption = texts.say(
        "Effects within units, in standard deviations, with {intervals}; {n:integer} units. An arrow is as thick as "
        "its effect is large, and dashed where the interval includes zero. Grey: how long a rise or fall lasts.",
        intervals=intervals_name(paths, texts),
        n=int(rows.loc["ex_to_cx", "n"]),
    )
    described = [
        texts.say(message, estimate=float(rows.loc[term, "estimate"]), limits=_limits(rows.loc[term], texts))
        for message, term in (
            (mark("From employees to customers: {estimate:number2} ({limits})."), "ex_to_cx"),
            (mark("From customers to employees: {estimate:number2} ({limits})."), "cx_to_ex"),
        )
    ]
    return Picture(figure, caption, " ".join([*described, takeaway, caption]), takeaway, shown=[released])


def _limits(row: Any, texts: Texts) -> str:
    return interval(float(row["conf_low"]), float(row["conf_high"]), "number2", language=texts.language)


def _box(axes: Axes, x: float, y: float, label: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x, y),
            *_BOX,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=COLOURS["band"],
            edgecolor=COLOURS["grey"],
            linewidth=1.0,
            zorder=3,
        )
    )
    text = "\n".join(textwrap.wrap(label, 21, max_lines=3, placeholder=" …"))
    axes.text(
        x + _BOX[0] / 2, y + _BOX[1] / 2, text, ha="center", va="center", fontsize=10, weight="bold", zorder=4
    )


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], row: Any, colour: str) -> None:
    clear = row["conf_low"] > 0 or row["conf_high"] < 0
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>,head_length=5,head_width=2.6",
            mutation_scale=1.6,
            shrinkA=2,
            shrinkB=1,
            linewidth=min(1.2 + 11.0 * abs(float(row["estimate"])), 7.0),
            linestyle="-" if clear else (0, (4, 2)),
            color=colour,
            zorder=2,
        )
    )


def _label(
    axes: Axes, place: tuple[float, float], row: Any, colour: str, texts: Texts, *, bold: bool
) -> None:
    text = f"{texts.number(float(row['estimate']), 'signed2')}\n({_limits(row, texts)})"
    axes.text(
        *place,
        text,
        ha="center",
        va="center",
        fontsize=9.5 if bold else 8.5,
        weight="bold" if bold else "normal",
        color=colour,
        linespacing=1.25,
        zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 2.5},
    )
