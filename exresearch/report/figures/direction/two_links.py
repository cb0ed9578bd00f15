"""What units are beside what units do: the link between units and the link within units, at the same scale."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from exresearch.disclosure import DisclosureRules, Released, release
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.report.figures.direction.clouds import Sides, cell_size, cloud_of, draw_cloud, form_of
from exresearch.report.figures.direction.two_links_words import caption_of, correlation, takeaway_of
from exresearch.report.figures.visible import visible
from exresearch.report.tables import Column
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
# Rounding leaves the ends of a line no further than this from the outermost mark.
_NEAR = 1e-9
_COLOURS = {"between": COLOURS["blue"], "within": COLOURS["orange"]}


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
    sides: Sides,
    rules: DisclosureRules,
) -> Picture | Note:
    """Draw the link between units and the link within units side by side.

    Both panels show ranges of the same width and height, so that an inch means the same on the left and on the right.
    Nothing names a unit. Where it is not known how many answers are behind a unit, no unit is drawn at all, but circles
    that count them, each for at least as many units as a number needs respondents.

    Parameters
    ----------
    levels : pandas.DataFrame
        One row per unit: ``unit, ex, cx`` and the answers behind both, ``ex_n, cx_n``; optional ``linked``, false
        for units that are too small on a side and only take others with them.
    deviations : pandas.DataFrame
        One row per unit and wave: ``unit, wave, ex, cx, ex_n, cx_n``.
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
    sides : mapping of str to (str, Measure or None)
        Of ``ex`` and ``cx``: the study table that was counted, and what the level of a unit is the mean or share of.
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
    require(levels, ["unit", "ex", "cx", "ex_n", "cx_n"], figure="two_links")
    require(deviations, ["unit", "wave", "ex", "cx", "ex_n", "cx_n"], figure="two_links")
    linked = levels[levels["linked"].astype(bool)] if "linked" in levels else levels
    form = form_of(linked, deviations)
    cell = cell_size(_spans(linked[["ex", "cx"]], deviations[["ex", "cx"]]))
    options: dict[str, Any] = {"form": form, "cell": cell, "rules": rules, "sides": sides}
    clouds = {
        "between": cloud_of(levels if form == "dots" else linked, name="Levels of units", **options),
        "within": cloud_of(deviations, name="Units by wave, from their own level", **options),
    }
    drawn = int(clouds["between"].points["size"].sum())
    if drawn < rules.min_units or clouds["within"].points.empty:
        return Note(
            message="Not drawn: fewer than {minimum:integer} units have enough answers.",
            values={"minimum": rules.min_units},
        )
    # Neither the frame nor the line may show where those are that are not drawn.
    between, within = (clouds[part].points for part in ("between", "within"))
    room = cell if form == "cells" else (0.0, 0.0)
    spans = _spans(between[["x", "y"]], within[["x", "y"]], room)
    middles = {"between": _middle(between), "within": (0.0, 0.0)}
    lines = _within_reach(lines, {part: cloud.points["x"] for part, cloud in clouds.items()}, room[0])
    models = _models(lines, correlations, n_units=linked["unit"].nunique(), rules=rules)
    lines = visible(models[0])
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
    caption = caption_of(clouds, linked, deviations, texts=texts, rules=rules, correlations=correlations)
    takeaway = takeaway_of(correlations, texts, ex=ex_label, cx=cx_label)
    numbers = " ".join(
        f"{texts.say(_HEADS[part][0])}: {correlation(record, texts)}."
        for part, record in correlations.items()
        if record is not None
    )
    shown = [*clouds["between"].shown, *clouds["within"].shown, *models]
    ex, cx = (
        Column({texts.language: label}, "percent1" if share else "number2")
        for label, share in zip((ex_label, cx_label), shares, strict=True)
    )
    columns = {"ex": ex, "cx": cx, "x": ex}
    return Picture(figure, caption, f"{takeaway} {numbers} {caption}", takeaway, shown=shown, columns=columns)


def _spans(
    between: pd.DataFrame, within: pd.DataFrame, room: tuple[float, float] = (0.0, 0.0)
) -> tuple[float, float]:
    """Width and height that both panels need, from their columns of both sides."""
    across, along = (
        1.10 * (max(_range(between.iloc[:, side]), 2 * float(within.iloc[:, side].abs().max())) + room[side])
        for side in (0, 1)
    )
    return across, along


def _middle(points: pd.DataFrame) -> tuple[float, float]:
    x, y = ((float(points[name].max()) + float(points[name].min())) / 2 for name in ("x", "y"))
    return x, y


def _models(
    lines: pd.DataFrame,
    correlations: Mapping[str, EstimateRecord | None],
    *,
    n_units: int,
    rules: DisclosureRules,
) -> list[Released]:
    """Release the lines and the correlations beside the clouds: each is about all units together."""
    records = pd.DataFrame(
        [
            {"part": part, "estimate": r.estimate, "conf_low": r.conf_low, "conf_high": r.conf_high}
            for part, r in correlations.items()
            if r is not None
        ]
    )
    return [
        release(frame, count=n_units, rules=rules, name=name)
        for frame, name in (
            (lines, "Lines between and within units"),
            (records, "Correlations of both links"),
        )
    ]


def _within_reach(lines: pd.DataFrame, drawn: Mapping[str, pd.Series], width: float) -> pd.DataFrame:
    room = width / 2 + _NEAR
    low = lines["part"].map({part: x.min() - room for part, x in drawn.items()})
    high = lines["part"].map({part: x.max() + room for part, x in drawn.items()})
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


def _number(axes: Axes, record: EstimateRecord | None, texts: Texts) -> None:
    text = texts.say("no correlation can be told") if record is None else correlation(record, texts)
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
