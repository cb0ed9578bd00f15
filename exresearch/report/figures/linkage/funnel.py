"""Funnel plots: extreme values against the number of people behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from exresearch.disclosure import DisclosureRules, Released, release
from exresearch.findings.analyses.linkage.funnel import Funnel
from exresearch.findings.note import Note
from exresearch.report.figures.linkage.release import side_groups
from exresearch.report.figures.linkage.units import axis_spec
from exresearch.report.figures.visible import enough_people, visible
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, add_axes, new_figure, number_axis, style

_PANEL, _TOP, _BOTTOM, _KEY = 2.55, 0.3, 0.5, 0.22
_STEPS = (1, 2, 5)
# Beyond this ratio of largest to smallest the axis of numbers is logarithmic.
_WIDE = 8.0
_MARKS = {True: mark("the tenth at either end"), False: mark("other units")}
TOO_FEW = Note(message="Not drawn: too few units have enough answers.")


def unit_funnels(
    funnels: Sequence[Funnel], *, texts: Texts, rules: DisclosureRules, labels: Mapping[str, str]
) -> Picture | Note:
    """Draw each side of the link against its number of people, with limits of what chance would do.

    Parameters
    ----------
    funnels : sequence of Funnel
        Of :func:`exresearch.findings.analyses.linkage.funnel.link_funnels`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum people per unit and minimum number of units.
    labels : mapping of str to str
        Names of the sides ``ex`` and ``cx``, in the reader's language.

    Returns
    -------
    Picture or Note
        The note where too few units are left.
    """
    kept = []
    for one in funnels:
        released, units = _released(one, rules)
        if len(units) >= rules.min_units:
            kept.append((one, units, released))
    if not kept:
        return TOO_FEW
    height = _PANEL + _TOP + _BOTTOM
    with style():
        figure = new_figure(height * len(kept) + _KEY)
        for number, (one, units, _) in enumerate(kept):
            axes = add_axes(
                figure,
                left=0.68,
                right=0.5,
                top=_KEY + _TOP + height * number,
                bottom=_BOTTOM + height * (len(kept) - 1 - number),
            )
            _panel(axes, one, units, texts)
            axes.set_title(labels[one.side], loc="left", fontsize=9.5, color=COLOURS["grey"])
        handles, names = figure.axes[0].get_legend_handles_labels()
        figure.legend(
            handles,
            names,
            loc="upper left",
            ncols=2,
            frameon=False,
            fontsize=8.5,
            handletextpad=0.2,
            borderaxespad=0.2,
        )
    first, units, _ = kept[0]
    extreme = units[units["extreme"]]
    takeaway = texts.say(
        "Of the {extreme} units with the most extreme values of “{label}”, {small} are smaller than the median unit.",
        extreme=len(extreme),
        small=int(extreme["small"].sum()),
        label=labels[first.side],
    )
    outside = " ".join(
        texts.say(
            "“{label}”: {outside} of {units} units lie beyond the outer limits.",
            label=labels[one.side],
            outside=int(rows["outside"].sum()),
            units=len(rows),
        )
        for one, rows, _ in kept
    )
    caption = texts.say(
        "Each mark is a unit with at least {minimum} people. Lines: the value of all people together, and limits "
        "within which 95% and 99.8% of the units would lie if they differed by chance alone (Spiegelhalter 2005).",
        minimum=rules.min_respondents,
    )
    shown = [released for _, _, released in kept]
    columns = {side: Column({texts.language: label}) for side, label in labels.items()}
    return Picture(
        figure, f"{caption} {outside}", f"{takeaway} {outside} {caption}", takeaway, shown, columns=columns
    )


def _released(one: Funnel, rules: DisclosureRules) -> tuple[Released, pd.DataFrame]:
    """Release the units of a side with those too small to be linked; and return what is drawn, by its value."""
    given = one.units
    behind = enough_people(given["answers"], given["people"], rules)
    frame = given.assign(behind=behind)[given["linked"].astype(bool) | (behind < rules.min_respondents)]
    groups = side_groups(one.source, "value")
    released = release(frame, count="behind", rules=rules, groups=groups, name=f"Units by size: {one.side}")
    drawn = visible(released)
    return released, drawn[drawn["linked"]].sort_values("value", ignore_index=True)


def _panel(axes: Axes, one: Funnel, units: pd.DataFrame, texts: Texts) -> None:
    # The lines begin at the smallest unit that is drawn.
    limits = one.limits[one.limits["n"] * (1 + 1e-9) >= min(units["people"].min(), one.limits["n"].max())]
    axes.grid(True)
    wide = float(units["people"].max() / units["people"].min()) > _WIDE
    if wide:
        axes.set_xscale("log")
    axes.axhline(one.centre, color=COLOURS["grey"], linewidth=1)
    for level, width, dash in ((0.95, 1.1, (0, (3, 2))), (0.998, 1.4, "solid")):
        rows = limits[np.isclose(limits["level"], level)]
        for side in ("low", "high"):
            axes.plot(rows["n"], rows[side], color=COLOURS["grey"], linewidth=width, linestyle=dash)
        if len(rows):
            axes.annotate(
                texts.number(level, "percent1" if level > 0.99 else "percent0"),
                (float(rows["n"].iloc[-1]), float(rows["high"].iloc[-1])),
                xytext=(4, 2 if level > 0.99 else -6),
                textcoords="offset points",
                fontsize=7.5,
                color=COLOURS["grey"],
                va="center",
                annotation_clip=False,
            )
    for extreme, colour, marker in ((False, "blue", "o"), (True, "orange", "D")):
        rows = units[units["extreme"] == extreme]
        axes.plot(
            rows["people"], rows["value"], linestyle="none", marker=marker, markersize=5.5, color=COLOURS[colour],
            alpha=0.75, markeredgecolor="white", markeredgewidth=0.5, clip_on=False,
            label=texts.say(_MARKS[extreme]),
        )  # fmt: skip
    # The names of the limits stand in the margin.
    axes.set_xlim(right=float(limits["n"].max()))
    number_axis(axes.yaxis, axis_spec(units["value"], share=one.is_share), texts)
    number_axis(axes.xaxis, "integer", texts)
    if wide:
        low, high = axes.get_xlim()
        ticks = [
            step * 10.0**power for power in range(8) for step in _STEPS if low <= step * 10.0**power <= high
        ]
        axes.xaxis.set_major_locator(FixedLocator(ticks[:: -(-len(ticks) // 6)] if len(ticks) > 6 else ticks))
        axes.xaxis.set_minor_locator(FixedLocator([]))
    axes.set_xlabel(texts.say("People behind the value of a unit"))
