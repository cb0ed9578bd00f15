"""Units by kind: whether a link is one of kinds rather than of units."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups, release
from exresearch.findings.note import Note
from exresearch.report.figures.linkage.release import release_units, side_columns
from exresearch.report.figures.linkage.units import axis_spec
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, add_axes, new_figure, number_axis, require, style

_MARKS = (("o", "blue"), ("s", "orange"), ("^", "green"), ("D", "sky"), ("v", "ink"))
_REST = ("o", "light")
_OTHER = "(other kinds)"
_WORDS = {
    "less": mark(
        "Within kinds of unit the link is weaker than over all units: part of it is that kinds differ."
    ),
    "more": mark("Within kinds of unit the link is stronger than over all units: kinds hide part of it."),
    "open": mark("The link within kinds of unit cannot be told apart from that over all units."),
}
NO_KINDS = Note(
    message="There are not enough units of several kinds with enough answers to draw them by kind."
)


def kind_scatter(
    frame: pd.DataFrame,
    *,
    texts: Texts,
    rules: DisclosureRules,
    groups: Mapping[str, Groups],
    kind_label: str,
    ex_label: str,
    cx_label: str,
    ex_is_share: bool,
    change: tuple[float, float],
) -> Picture | Note:
    """Draw units coloured by kind, with the mean of each kind and the line within kinds.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per unit: ``unit, ex, ex_n, cx, cx_n`` (answers on each side, where known), ``kind``; optional
        ``linked`` (false: not to be drawn).
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum answers per unit, and units of a kind.
    groups : mapping of str to Groups
        Who is counted on each side, ``ex`` and ``cx``.
    kind_label, ex_label, cx_label : str
        What the kinds and axes are.
    ex_is_share : bool
        Whether ``ex`` is a share.
    change : tuple of float
        Limits of the slope within kinds minus that of all units.

    Returns
    -------
    Picture or Note
        The note where fewer than two kinds are left.

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    require(frame, ["unit", "ex", "ex_n", "cx", "cx_n", "kind"], figure="kind_scatter")
    shown, released = release_units(frame, groups=groups, rules=rules, name="Units by kind")
    counts = shown["kind"].value_counts()
    named = [kind for kind in counts.index if kind != _OTHER and counts[kind] >= rules.min_units]
    shown = shown[shown["kind"].isin([*named, _OTHER])]
    if len(named) + (_OTHER in set(shown["kind"])) < 2 or len(shown) < rules.min_units:
        return NO_KINDS
    # The five largest kinds keep a colour; the rest is drawn pale.
    leading = sorted(named[: len(_MARKS)])
    drawn = [(kind, shown[shown["kind"] == kind], look) for kind, look in zip(leading, _MARKS, strict=False)]
    rest = shown[~shown["kind"].isin(leading)]
    if len(rest):
        drawn.insert(0, (texts.say("other kinds"), rest, _REST))
    # Means of units that are all drawn: they tell nothing that the units do not.
    means = shown[shown["kind"].isin(leading)].groupby("kind")[["ex", "cx", "ex_n"]]
    middles = means.agg({"ex": "mean", "cx": "mean", "ex_n": "sum"}).reset_index()
    released.append(release(middles, count="ex_n", rules=rules, name="Means of kinds of unit"))
    slope = _within(shown)
    rows = -(-len(drawn) // 3)
    with style():
        figure = new_figure(4.1 + 0.2 * rows)
        axes = add_axes(figure, left=0.68, right=0.12, top=0.2 + 0.2 * rows, bottom=0.6)
        axes.grid(True)
        for name, part, (marker, colour) in drawn:
            axes.plot(
                part["ex"], part["cx"], linestyle="none", marker=marker, markersize=5, color=COLOURS[colour],
                alpha=0.55, markeredgecolor="white", markeredgewidth=0.5, label=name,
            )  # fmt: skip
        for _, part, (marker, colour) in drawn:
            if colour == "light":
                continue
            x, y = float(part["ex"].mean()), float(part["cx"].mean())
            ends = part["ex"].quantile([0.1, 0.9]).to_numpy()
            axes.plot(ends, y + slope * (ends - x), color=COLOURS[colour], linewidth=2, zorder=4)
            axes.plot(
                [x], [y], marker=marker, markersize=11, color=COLOURS[colour], markeredgecolor="white",
                markeredgewidth=1.4, zorder=5,
            )  # fmt: skip
        axes.set_xlabel(ex_label)
        axes.set_ylabel(cx_label)
        number_axis(axes.xaxis, axis_spec(shown["ex"], share=ex_is_share), texts)
        number_axis(axes.yaxis, axis_spec(shown["cx"]), texts)
        axes.legend(
            loc="lower left", bbox_to_anchor=(-0.08, 1), ncols=3, frameon=False, fontsize=8.5, handletextpad=0.1,
            columnspacing=0.8, borderaxespad=0.2,
        )  # fmt: skip
    takeaway = texts.say(_WORDS["less" if change[1] < 0 else "more" if change[0] > 0 else "open"])
    caption = texts.say(
        "{units:integer} units by {kind}. Large marks: mean of a kind; lines: the link within kinds, with one slope "
        "for all. Units with fewer than {minimum} answers are not drawn.",
        units=len(shown),
        kind=kind_label[:1].lower() + kind_label[1:] if kind_label[1:2].islower() else kind_label,
        minimum=rules.min_respondents,
    )
    alt = texts.say(
        "The slope within kinds minus that of all units lies between {low:signed2} and {high:signed2}.",
        low=change[0],
        high=change[1],
    )
    columns = side_columns(ex_label, cx_label, ex_is_share=ex_is_share, texts=texts)
    return Picture(figure, caption, f"{takeaway} {alt} {caption}", takeaway, released, columns=columns)


def _within(frame: pd.DataFrame) -> float:
    centred = frame[["ex", "cx"]] - frame.groupby("kind")[["ex", "cx"]].transform("mean")
    return float((centred["ex"] * centred["cx"]).sum() / np.maximum((centred["ex"] ** 2).sum(), 1e-300))
