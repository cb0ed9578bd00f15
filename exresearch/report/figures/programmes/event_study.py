"""The event study: how units with a programme differ from what would have been, wave by wave since its start."""

from __future__ import annotations

import textwrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter
from matplotlib.transforms import blended_transform_factory

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.figures.door import too_few
from exresearch.report.figures.visible import visible
from exresearch.report.numbers import interval
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

#: Name, colour and marker of each side.
SIDES = {
    "ex": (mark("Employee experience"), COLOURS["blue"], "o"),
    "cx": (mark("Customer experience"), COLOURS["orange"], "s"),
}
# Inches: a panel, what stands above and below it, and the margins.
_PANEL, _ABOVE, _BELOW, _LEFT, _RIGHT = 2.15, 0.62, 0.5, 0.62, 0.98


def programme_events(
    events: pd.DataFrame,
    effects: pd.DataFrame,
    *,
    texts: Texts,
    rules: DisclosureRules,
    smallest_effect: tuple[float, float],
) -> Picture | Note:
    """Draw the effect by waves since the start, employees above and customers below.

    Parameters
    ----------
    events : pandas.DataFrame
        ``side, event_time, phase, counts, estimate, conf_low, conf_high, band_low, band_high, n_treated, n``, in
        standard deviations between units; the base wave without limits.
    effects : pandas.DataFrame
        ``side, estimate, conf_low, conf_high, conf_level, n``: the average over the waves that count.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum groups.
    smallest_effect : tuple of float
        Bounds of what is too small to matter.

    Returns
    -------
    Picture or Note
        The note where too few people are behind both sides.

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    columns = ["side", "event_time", "phase", "counts", "estimate", "conf_low", "conf_high"]
    require(events, [*columns, "band_low", "band_high", "n_treated", "n"], figure="programme_events")
    require(
        effects, ["side", "estimate", "conf_low", "conf_high", "conf_level", "n"], figure="programme_events"
    )
    released = [
        release(frame, count="n", rules=rules, within=["side"], name=name)
        for frame, name in ((events, "Effect by waves since the start"), (effects, "Average effect"))
    ]
    events, effects = (visible(one) for one in released)
    if effects.empty or events.empty:
        return too_few(rules)
    sides = [side for side in SIDES if side in set(effects["side"])]
    bounds = pd.concat([events["band_low"], events["band_high"], effects["conf_low"], effects["conf_high"]])
    low, high = min(float(bounds.min()), smallest_effect[0]), max(float(bounds.max()), smallest_effect[1])
    times = sorted(set(events["event_time"]))
    one = _ABOVE + _PANEL + _BELOW
    with style():
        figure = new_figure(one * len(sides) + 0.1)
        for number, side in enumerate(sides):
            axes = add_axes(
                figure,
                left=_LEFT,
                right=_RIGHT,
                top=number * one + _ABOVE,
                bottom=(len(sides) - 1 - number) * one + _BELOW + 0.1,
            )
            pad = 0.06 * (high - low)
            axes.set_ylim(low - pad, high + pad)
            axes.set_xlim(times[0] - 0.5, times[-1] + 1.5)
            _panel(
                axes, side, events[events["side"] == side], effects[effects["side"] == side].iloc[0],
                texts=texts, band=smallest_effect, times=times,
            )  # fmt: skip
    return Picture(
        figure,
        _caption(effects, texts),
        " ".join(
            _described(side, events[events["side"] == side], effects[effects["side"] == side].iloc[0], texts)
            for side in sides
        ),
        _takeaway(effects, texts),
        released,
    )


def _panel(
    axes: Axes,
    side: str,
    rows: pd.DataFrame,
    effect: pd.Series,
    *,
    texts: Texts,
    band: tuple[float, float],
    times: list[int],
) -> None:
    name, colour, marker = SIDES[side]
    axes.axhspan(*band, color=COLOURS["band"], zorder=0)
    axes.axhline(0, color=COLOURS["grey"], linewidth=1, zorder=1)
    axes.axvline(-0.5, color=COLOURS["ink"], linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    for row in rows_of(rows):
        before = row.phase != "effect"
        tone = COLOURS["grey"] if before else colour
        if row.phase != "base":
            limits = [float(row.band_low), float(row.band_high)]
            axes.plot([row.event_time] * 2, limits, color=tone, linewidth=1.1, zorder=2)
            limits = [float(row.conf_low), float(row.conf_high)]
            axes.plot(
                [row.event_time] * 2, limits, color=tone, linewidth=3.2, solid_capstyle="butt", alpha=0.75, zorder=3
            )  # fmt: skip
        axes.plot(
            [row.event_time], [float(row.estimate)], marker="D" if row.phase == "base" else marker, markersize=6.5,
            markerfacecolor=tone if row.counts else "white", markeredgecolor=tone, markeredgewidth=1.5,
            linestyle="none", zorder=5,
        )  # fmt: skip
    # The average stands apart, in the column after the last wave.
    place = times[-1] + 1
    axes.axvspan(times[-1] + 0.55, times[-1] + 1.5, color="#f6f7f9", zorder=-1)
    axes.plot(
        [place] * 2, [float(effect.conf_low), float(effect.conf_high)], color=colour, linewidth=3.2,
        solid_capstyle="butt", zorder=3,
    )  # fmt: skip
    axes.plot(
        [place], [float(effect.estimate)], marker="D", markersize=8, color=colour, linestyle="none", zorder=5
    )
    axes.annotate(
        texts.number(float(effect.estimate), "signed2"), (place, float(effect.estimate)), xytext=(9, 0),
        textcoords="offset points", va="center", ha="left", fontsize=10.5, weight="bold", color=colour,
        annotation_clip=False,
    )  # fmt: skip
    _words(axes, texts.say(name), colour, rows, texts=texts, band=band, times=times)


def _words(
    axes: Axes,
    name: str,
    colour: str,
    rows: pd.DataFrame,
    *,
    texts: Texts,
    band: tuple[float, float],
    times: list[int],
) -> None:
    in_axes: Any = axes.transAxes
    axes.text(
        -0.13,
        1.17,
        name,
        transform=in_axes,
        ha="left",
        va="bottom",
        weight="bold",
        fontsize=10.5,
        color=colour,
    )
    across = blended_transform_factory(axes.transData, axes.transAxes)
    for x, text, align in (
        (-0.58, texts.say("before the start"), "right"),
        (-0.42, texts.say("since the start"), "left"),
        (times[-1] + 1, texts.say("average"), "center"),
    ):
        axes.text(x, 1.03, text, transform=across, ha=align, va="bottom", fontsize=9, color=COLOURS["grey"])
    lines = textwrap.wrap(texts.say("too small to matter"), 14)
    axes.annotate(
        "\n".join(lines), (1, band[0]), xycoords=blended_transform_factory(axes.transAxes, axes.transData),
        xytext=(5, 0), textcoords="offset points", va="top", ha="left", fontsize=8, color=COLOURS["grey"],
        annotation_clip=False,
    )  # fmt: skip
    number_axis(axes.yaxis, "number1", texts)
    axes.set_ylabel(texts.say("standard deviations"))
    axes.xaxis.set_major_locator(FixedLocator(times))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: texts.number(float(value), "signed0")))
    axes.tick_params(axis="x", length=0)
    small: Any = {"transform": across, "va": "top", "fontsize": 8, "color": COLOURS["grey"]}
    for row in rows_of(rows.dropna(subset=["n_treated"])):
        axes.text(row.event_time, -0.185, texts.number(int(row.n_treated), "integer"), ha="center", **small)
    axes.text(times[-1] + 0.62, -0.185, texts.say("units"), ha="left", **small)
    axes.text(times[-1] + 0.62, -0.07, texts.say("waves"), ha="left", **small)


def _limits(row: Any, texts: Texts) -> str:
    return interval(float(row.conf_low), float(row.conf_high), "number2", language=texts.language)


def _described(side: str, rows: pd.DataFrame, effect: pd.Series, texts: Texts) -> str:
    parts = [
        texts.say(
            "{time:signed0}: {estimate:number2} ({limits})",
            time=int(row.event_time),
            estimate=float(row.estimate),
            limits=_limits(row, texts),
        )
        for row in rows_of(rows[rows["phase"] != "base"])
    ]
    return texts.say(
        "{side}: on average {estimate:number2} standard deviations since the start ({limits}); by waves since the "
        "start {listed}.",
        side=texts.say(SIDES[side][0]),
        estimate=float(effect.estimate),
        limits=_limits(effect, texts),
        listed="; ".join(parts),
    )


def _caption(effects: pd.DataFrame, texts: Texts) -> str:
    return texts.say(
        "Difference between units with a programme and what would be expected from units that had not started yet, in "
        "standard deviations between units, against the last wave before the start (diamond). Thick: "
        "{level:percent0} interval of each wave by itself; thin: of all waves together. Filled marks count in the "
        "average, which for customers begins a wave after the start. Shaded: too small to matter.",
        level=float(effects["conf_level"].iloc[0]),
    )


def _takeaway(effects: pd.DataFrame, texts: Texts) -> str:
    up = [side for side, low in zip(effects["side"], effects["conf_low"], strict=True) if low > 0]
    down = [side for side, high in zip(effects["side"], effects["conf_high"], strict=True) if high < 0]
    if len(effects) > 1 and len(up) == len(effects):
        return texts.say("Since the start both employee and customer experience stand clearly higher.")
    said = [
        texts.say("Since the start {side} stands clearly higher.", side=_lower(texts.say(SIDES[side][0])))
        for side in up
    ]
    said += [
        texts.say("Since the start {side} stands clearly lower.", side=_lower(texts.say(SIDES[side][0])))
        for side in down
    ]
    said += [
        texts.say("Since the start {side} shows no clear effect.", side=_lower(texts.say(SIDES[side][0])))
        for side in effects["side"]
        if side not in up + down
    ]
    return " ".join(said)


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]
