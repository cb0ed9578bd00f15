"""What units are beside what units do: the link between units and the link within units, at the same scale."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from exresearch.disclosure.rules import DisclosureRules
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.report.figures.direction.clouds import Cloud, cell_size, cloud_of, draw_cloud, form_of
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, add_axes, new_figure, require, style

WIDTH = 6.46
_SIDE = 2.42
_LEFT, _GAP, _TOP, _BOTTOM = 0.64, 0.88, 1.06, 0.84
_HEADS = {
    "between": (mark("What units are"), mark("Each mark is the level of a unit, over all waves.")),
    "within": (
        mark("What happens to units"),
        mark("Each mark is a unit in one wave, seen from its own level."),
    ),
}
_CELL_HEADS = {
    "between": mark("Levels over all waves; the larger the circle, the more units."),
    "within": mark("Units in each wave, seen from their own level; the larger the circle, the more units."),
}
_COLOURS = {"between": COLOURS["blue"], "within": COLOURS["orange"]}
_BETWEEN = {
    "up": mark("Units that are higher on “{ex}” are higher on “{cx}” as well."),
    "down": mark("Units that are higher on “{ex}” are lower on “{cx}”."),
    "open": mark("Between units no clear link shows between “{ex}” and “{cx}”."),
}
_WITHIN = {
    "up": mark("When a unit is above its own level on the one, it tends to be above it on the other too."),
    "down": mark("When a unit is above its own level on the one, it tends to be below it on the other."),
    "open": mark("When a unit rises above its own level on the one, nothing clear shows on the other."),
}


def two_links(
    levels: pd.DataFrame,
    deviations: pd.DataFrame,
    lines: pd.DataFrame,
    *,
    correlations: Mapping[str, EstimateRecord | None],
    texts: Texts,
    ex_label: str,
    cx_label: str,
    shares: tuple[bool, bool],
    rules: DisclosureRules,
) -> Picture | Note:
    """Draw the link between units and the link within units side by side.

    Both panels show ranges of the same width and height, so that an inch means the same on the left and on the right.
    Nothing names a unit. Where it is not known how many answers are behind a unit, no unit is drawn at all, but circles
    that count them, each for at least as many units as a number needs respondents.

    Parameters
    ----------
    levels : pandas.DataFrame
        One row per unit: ``unit, ex, cx, n``.
    deviations : pandas.DataFrame
        One row per unit and wave: ``unit, wave, ex, cx, n``.
    lines : pandas.DataFrame
        ``part`` (between, within), ``x, estimate, conf_low, conf_high``.
    correlations : mapping
        ``between`` and ``within``; None where there is none.
    texts : Texts
        Language of the reader.
    ex_label, cx_label : str
        What the axes show.
    shares : tuple of bool
        Whether EX, and CX, are shares, shown as percentages.
    rules : DisclosureRules
        Minimum groups.

    Returns
    -------
    Picture or Note
        A note where there is one wave only, or too few units may be drawn.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if levels.empty or deviations.empty:
        return Note(
            message="There is one wave only, or too few units: what units are cannot be told from what they do."
        )
    require(levels, ["unit", "ex", "cx", "n"], figure="two_links")
    require(deviations, ["unit", "wave", "ex", "cx", "n"], figure="two_links")
    form = form_of(levels, deviations)
    spans = [
        1.10 * max(_range(levels[name]), 2 * float(deviations[name].abs().max())) for name in ("ex", "cx")
    ]
    cell = cell_size((spans[0], spans[1]))
    clouds = {
        "between": cloud_of(levels, form=form, cell=cell, rules=rules),
        "within": cloud_of(deviations, form=form, cell=cell, rules=rules),
    }
    drawn = int(clouds["between"].points["size"].sum())
    if drawn < rules.min_units or clouds["within"].points.empty:
        return Note(
            message="Not drawn: fewer than {minimum:integer} units have enough answers.",
            values={"minimum": rules.min_units},
        )
    middles = {"between": _middle(levels), "within": (0.0, 0.0)}
    if form == "cells":
        # Neither the frame nor the line may show where the outermost persons are.
        between, within = (clouds[part].points for part in ("between", "within"))
        shown = between.rename(columns={"x": "ex", "y": "cx"})
        middles["between"] = _middle(shown)
        spans = [
            1.10 * max(_range(shown[name]) + width, 2 * float(within[axis].abs().max()) + width)
            for name, axis, width in zip(("ex", "cx"), ("x", "y"), cell, strict=True)
        ]
        lines = _within_reach(lines, {part: cloud.points["x"] for part, cloud in clouds.items()}, cell[0])
    with style():
        figure = new_figure(_TOP + _SIDE + _BOTTOM, width=WIDTH)
        for index, part in enumerate(("between", "within")):
            left = _LEFT + index * (_SIDE + _GAP)
            axes = add_axes(figure, left=left, right=WIDTH - left - _SIDE, top=_TOP, bottom=_BOTTOM)
            middle = middles[part]
            axes.set_xlim(middle[0] - spans[0] / 2, middle[0] + spans[0] / 2)
            axes.set_ylim(middle[1] - spans[1] / 2, middle[1] + spans[1] / 2)
            if part == "within":
                axes.axhline(0, color=COLOURS["light"], linewidth=1, zorder=0)
                axes.axvline(0, color=COLOURS["light"], linewidth=1, zorder=0)
            dense = len(clouds[part].points) > 250
            draw_cloud(axes, clouds[part], colour=_COLOURS[part], alpha=0.28 if dense else 0.45)
            _line(axes, lines[lines["part"] == part], colour=_COLOURS[part])
            _number(axes, correlations.get(part), texts)
            _axis(axes, part, 0, shares[0], spans[0], texts)
            _axis(axes, part, 1, shares[1], spans[1], texts)
            _heading(figure, left, part, form, texts)
            axes.set_xlabel(_wrapped(ex_label if part == "between" else _seen(ex_label, shares[0], texts)))
            axes.set_ylabel(_wrapped(cx_label if part == "between" else _seen(cx_label, shares[1], texts)))
    caption = _caption(clouds, levels, deviations, texts=texts, rules=rules, correlations=correlations)
    takeaway = _takeaway(correlations, texts, ex=ex_label, cx=cx_label)
    numbers = " ".join(
        f"{texts.say(_HEADS[part][0])}: {_r(record, texts)}."
        for part, record in correlations.items()
        if record is not None
    )
    return Picture(figure, caption, f"{takeaway} {numbers} {caption}", takeaway)


def _middle(rows: pd.DataFrame) -> tuple[float, float]:
    ex, cx = ((float(rows[name].max()) + float(rows[name].min())) / 2 for name in ("ex", "cx"))
    return ex, cx


def _within_reach(lines: pd.DataFrame, drawn: Mapping[str, pd.Series], width: float) -> pd.DataFrame:
    low = lines["part"].map({part: x.min() - width / 2 for part, x in drawn.items()})
    high = lines["part"].map({part: x.max() + width / 2 for part, x in drawn.items()})
    return lines[(lines["x"] >= low) & (lines["x"] <= high)]


def _range(values: pd.Series) -> float:
    return float(values.max() - values.min())


def _line(axes: Axes, line: pd.DataFrame, *, colour: str) -> None:
    if line.empty:
        return
    x = line["x"].astype(float)
    axes.fill_between(
        x,
        line["conf_low"].astype(float),
        line["conf_high"].astype(float),
        color=colour,
        alpha=0.20,
        linewidth=0,
        zorder=3,
    )
    axes.plot(x, line["estimate"].astype(float), color=COLOURS["ink"], linewidth=2.0, zorder=4)


def _r(record: EstimateRecord, texts: Texts) -> str:
    limits = interval(record.conf_low, record.conf_high, "number2", language=texts.language)
    return texts.say("correlation {estimate:number2} ({limits})", estimate=record.estimate, limits=limits)


def _number(axes: Axes, record: EstimateRecord | None, texts: Texts) -> None:
    text = texts.say("no correlation can be told") if record is None else _r(record, texts)
    axes.text(
        0.0,
        1.025,
        text,
        transform=axes.transAxes,
        ha="left",
        va="bottom",
        fontsize=9.5,
        weight="bold",
        color=COLOURS["ink"],
    )


def _heading(figure: Figure, left: float, part: str, form: str, texts: Texts) -> None:
    head, dots = _HEADS[part]
    height = float(figure.get_figheight())
    figure.text(
        left / WIDTH,
        1 - 0.08 / height,
        texts.say(head),
        fontsize=11.5,
        weight="bold",
        color=_COLOURS[part],
        va="top",
    )
    words = texts.say(dots if form == "dots" else _CELL_HEADS[part])
    figure.text(
        left / WIDTH,
        1 - 0.33 / height,
        "\n".join(textwrap.wrap(words, 40)),
        fontsize=8.5,
        color=COLOURS["grey"],
        va="top",
        linespacing=1.25,
    )


def _seen(label: str, share: bool, texts: Texts) -> str:
    if share:
        return texts.say("{label}, points from own level", label=label)
    return texts.say("{label}, from own level", label=label)


def _wrapped(label: str) -> str:
    return "\n".join(textwrap.wrap(label, 34, max_lines=3, placeholder=" …"))


def _axis(axes: Axes, part: str, side: int, share: bool, span: float, texts: Texts) -> None:
    axis: Any = axes.xaxis if side == 0 else axes.yaxis
    axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    digits = 0 if share or span >= 4 else 1 if span >= 0.4 else 2
    sign = "signed" if part == "within" else "number"
    spec, factor = (f"{sign}{digits}", 100.0 if share else 1.0)
    if share and part == "between":
        spec, factor = "percent0", 1.0
    axis.set_major_formatter(FuncFormatter(lambda value, _: texts.number(float(value) * factor, spec)))


def _caption(
    clouds: Mapping[str, Cloud],
    levels: pd.DataFrame,
    deviations: pd.DataFrame,
    *,
    texts: Texts,
    rules: DisclosureRules,
    correlations: Mapping[str, EstimateRecord | None],
) -> str:
    what = texts.say(
        "Left: {units:integer} units by their level. Right: {rows:integer} times that one of {within:integer} units "
        "was measured in a wave, as its distance from its own level and from what all units share in that wave. Both "
        "panels have the same scale, so that distances can be compared.",
        units=len(levels),
        rows=len(deviations),
        within=int(deviations["unit"].nunique()),
    )
    level = next((record.conf_level for record in correlations.values() if record is not None), None)
    if level is not None:
        what += " " + texts.say(
            "Line: least squares, with its {level:percent0} interval shaded; in brackets the interval of the "
            "correlation.",
            level=level,
        )
    left_out = {part: cloud.n_left_out for part, cloud in clouds.items()}
    if clouds["between"].form == "cells":
        return (
            what
            + " "
            + texts.say(
                "Circles stand for at least {minimum:integer} units each; {levels:integer} units on the left and "
                "{rows:integer} measurements on the right lie in emptier places and are not drawn.",
                minimum=rules.min_respondents,
                levels=left_out["between"],
                rows=left_out["within"],
            )
        )
    if any(left_out.values()):
        what += " " + texts.say(
            "Marks with fewer than {minimum:integer} answers are not drawn ({levels:integer} on the left, "
            "{rows:integer} on the right).",
            minimum=rules.min_respondents,
            levels=left_out["between"],
            rows=left_out["within"],
        )
    return what


def _takeaway(correlations: Mapping[str, EstimateRecord | None], texts: Texts, *, ex: str, cx: str) -> str:
    sentences = []
    for part, words in (("between", _BETWEEN), ("within", _WITHIN)):
        record = correlations.get(part)
        if record is None:
            continue
        message = words["up" if record.conf_low > 0 else "down" if record.conf_high < 0 else "open"]
        sentences.append(texts.say(message, ex=ex, cx=cx) if part == "between" else texts.say(message))
    return " ".join(sentences) or texts.say("Neither link can be told.")
