"""What the chain would be worth if two of its links shared a cause that nobody measured."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
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

NO_CURVES = Note(message="There is no chain whose hidden causes could be looked for.")
_LINKS: dict[str, tuple[str, str, Any]] = {
    "engagement": (mark("shared by\nengagement and\nambassadorship"), COLOURS["orange"], (0, (4, 1.6))),
    "customers": (mark("shared by\nambassadorship\nand customers"), COLOURS["blue"], "-"),
}
_SENTENCES = {
    "engagement": mark("If engagement and ambassadorship shared one: at a correlation of {rho:number2}."),
    "customers": mark("If ambassadorship and customers shared one: at a correlation of {rho:number2}."),
}


def confounding_curves(
    curves: pd.DataFrame, hidden: pd.DataFrame, *, texts: Texts, smallest_effect: tuple[float, float]
) -> Picture | Note:
    """Draw the serial effect against the correlation that an unmeasured cause leaves behind.

    Parameters
    ----------
    curves : pandas.DataFrame
        ``link`` (engagement, customers), ``rho, effect``.
    hidden : pandas.DataFrame
        ``link, rho_zero, n``: where each curve crosses zero, and the answers behind it.
    texts : Texts
        Language of the reader.
    smallest_effect : tuple of float
        What is too small to matter.

    Returns
    -------
    Picture or Note
        A note where there is nothing to draw.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if curves.empty or hidden.empty:
        return NO_CURVES
    require(curves, ["link", "rho", "effect"], figure="confounding_curves")
    at_zero = float(curves["effect"].iloc[int(curves["rho"].abs().to_numpy().argmin())])
    # The curve says what the estimate would be; its points belong to all who are behind the estimate.
    released = release(
        hidden.assign(at_zero=at_zero),
        count="n",
        rules=DisclosureRules(),
        name="Where hidden causes leave nothing",
    )
    if released.n_hidden:
        return NO_CURVES
    hidden = released.frame
    zero = {str(row.link): float(row.rho_zero) for row in rows_of(hidden)}
    inside = curves[curves["rho"].abs() <= 0.9]
    with style():
        figure = new_figure(3.3)
        axes = add_axes(figure, left=0.66, right=1.85, top=0.2, bottom=0.62)
        axes.grid(True)
        axes.axhspan(*smallest_effect, color=COLOURS["band"], zorder=0)
        axes.axhline(0.0, color=COLOURS["grey"], linewidth=1)
        axes.axvline(0.0, color=COLOURS["light"], linewidth=1)
        limit = 2.6 * max(abs(at_zero), *map(abs, smallest_effect))
        for name, (label, colour, dash) in _LINKS.items():
            part = inside[inside["link"] == name]
            if part.empty:
                continue
            axes.plot(part["rho"], part["effect"], color=colour, linestyle=dash, linewidth=2.2, zorder=3)
            axes.plot(
                [zero[name]], [0.0], marker="o", markersize=7, color=colour, markeredgecolor="white", zorder=4
            )
            axes.annotate(
                texts.say("{what}\nzero at {rho:number2}", what=texts.say(label), rho=zero[name]),
                (1.0, 0.80 if name == "engagement" else 0.32),
                xycoords="axes fraction",
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color=colour,
                annotation_clip=False,
            )
        axes.plot(
            [0.0],
            [at_zero],
            marker="D",
            markersize=7,
            color=COLOURS["ink"],
            markeredgecolor="white",
            zorder=5,
        )
        axes.set_xlim(-0.9, 0.9)
        axes.set_ylim(-limit, limit)
        number_axis(axes.xaxis, "number1", texts)
        number_axis(axes.yaxis, "number1" if limit > 0.2 else "number2", texts)
        axes.set_xlabel(texts.say("correlation left by an unmeasured cause"))
        axes.set_ylabel(texts.say("effect along the chain"))
    weakest = min(zero, key=lambda name: abs(zero[name]))
    takeaway = texts.say(
        "A hidden cause that leaves a correlation of {rho:number2} would bring the chain to nothing.",
        rho=zero[weakest],
    )
    caption = texts.say(
        "The effect along the whole chain, reckoned anew for every correlation that an unmeasured cause of both ends "
        "of a link would leave. Diamond: no such cause. Dots: where nothing would be left. Shaded: too small to matter."
    )
    told = " ".join(texts.say(_SENTENCES[name], rho=rho) for name, rho in zero.items())
    return Picture(figure, caption, f"{takeaway} {told}", takeaway, [released])
