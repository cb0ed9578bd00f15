"""All weights of a composite of three, as places in a triangle."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, new_figure, require, style

NO_COMPOSITE = Note(message="There are too few units, or they hardly differ: no composite can be made.")
_CORNERS = {"ex": (0.5, math.sqrt(3.0) / 2.0), "cx": (0.0, 0.0), "bx": (1.0, 0.0)}
_ONLY = {"ex": mark("Employees only"), "cx": mark("Customers only"), "bx": mark("Partners only")}
_PALE_TO_DARK = ("#dbe7f1", "#7fb2d6", COLOURS["blue"], "#00324e")


def weight_triangle(
    draws: pd.DataFrame, *, weights: Mapping[str, float], n_units: int, texts: Texts
) -> Picture | Note:
    """Draw every weighting that was drawn as a point: the nearer a corner, the more that side weighs.

    Parameters
    ----------
    draws : pandas.DataFrame
        ``ex, cx, bx`` (weights that add up to 1) and ``same_group`` (share of the units that stay in their quarter).
    weights : mapping
        The declared weights, adding up to 1.
    n_units : int
        Units behind the composite.
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture or Note
        A note where there are no draws.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if draws.empty:
        return NO_COMPOSITE
    require(draws, [*_CORNERS, "same_group"], figure="weight_triangle")
    corners = np.array([_CORNERS[name] for name in _CORNERS])
    places = draws[list(_CORNERS)].to_numpy(dtype=np.float64) @ corners
    points = draws.assign(x=places[:, 0], y=places[:, 1])
    star = pd.DataFrame([np.array([weights[name] for name in _CORNERS]) @ corners], columns=["x", "y"])
    star = star.assign(**{name: float(weights[name]) for name in _CORNERS})
    rules = DisclosureRules()
    if n_units < rules.min_units:
        return NO_COMPOSITE
    released, declared = (
        release(frame, count=n_units, rules=rules, name=name)
        for frame, name in ((points, "Weights of a composite"), (star, "Declared weights of a composite"))
    )
    shares = released.frame["same_group"].to_numpy(dtype=np.float64)
    with style():
        figure = new_figure(3.45)
        axes = figure.add_axes((0.0, 0.01, 0.8, 0.98))
        axes.set_aspect("equal")
        axes.axis("off")
        axes.set_xlim(-0.14, 1.14)
        axes.set_ylim(-0.13, 1.0)
        # Lines at which a side weighs a quarter, half and three quarters.
        for index in range(3):
            for at in (0.25, 0.5, 0.75):
                ends = []
                for other in range(3):
                    if other != index:
                        mixed = np.zeros(3)
                        mixed[index], mixed[other] = at, 1.0 - at
                        ends.append(mixed @ corners)
                axes.plot(*np.array(ends).T, color="#e3e6ea", linewidth=0.8, zorder=1)
        axes.plot(*np.vstack([corners, corners[:1]]).T, color=COLOURS["grey"], linewidth=1.2, zorder=2)
        colours = LinearSegmentedColormap.from_list("steady", _PALE_TO_DARK)
        order = np.argsort(shares, kind="stable")
        low = min(float(shares.min()), 0.95)
        cloud = axes.scatter(
            released.frame["x"].to_numpy()[order],
            released.frame["y"].to_numpy()[order],
            c=shares[order],
            cmap=colours,
            vmin=low,
            vmax=1.0,
            s=13,
            linewidths=0,
            zorder=3,
        )
        axes.plot(
            declared.frame["x"],
            declared.frame["y"],
            marker="*",
            markersize=17,
            color=COLOURS["orange"],
            markeredgecolor="white",
            markeredgewidth=1.2,
            linestyle="none",
            zorder=5,
            clip_on=False,
        )
        for name, (x, y) in _CORNERS.items():
            above = name == "ex"
            axes.text(
                x,
                y + (0.035 if above else -0.035),
                texts.say(_ONLY[name]),
                ha="center",
                va="bottom" if above else "top",
                fontsize=9.5,
                weight="bold",
            )
        bar = figure.colorbar(cloud, cax=figure.add_axes((0.83, 0.16, 0.025, 0.6)))
        bar.outline.set_visible(False)
        bar.ax.yaxis.set_major_formatter(
            FuncFormatter(lambda value, _: texts.number(float(value), "percent0"))
        )
        bar.ax.tick_params(length=0, labelsize=9)
        figure.text(
            0.80,
            0.80,
            texts.say("Units that stay\nin their quarter"),
            fontsize=9,
            color=COLOURS["grey"],
            va="bottom",
            ha="left",
        )
    middle, lowest = float(np.median(shares)), float(shares.min())
    takeaway = texts.say(
        "With other weights {moved:percent0} of the units typically change to another quarter of the ranking, and up "
        "to {most:percent0} do.",
        moved=1.0 - middle,
        most=1.0 - lowest,
    )
    caption = texts.say(
        "Each point is one of {draws:integer} weightings of the three sides, drawn evenly from all there are; the star "
        "is the declared one. The darker, the more of the {units:integer} units stay in the quarter where the declared "
        "weights put them.",
        draws=len(draws),
        units=n_units,
    )
    return Picture(figure, caption, f"{takeaway} {caption}", takeaway, [released, declared])
