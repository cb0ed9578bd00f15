"""What divides a map of drivers, by name: the corner that matters and is low, and both lines."""

from __future__ import annotations

from matplotlib.axes import Axes

from exresearch.report.figures.drivers.naming import Box, Panel
from exresearch.report.figures.drivers.placement import text_size, wrapped
from exresearch.report.text import Texts
from exresearch.report.theme import COLOURS


def name_corner(panel: Panel, texts: Texts, *, axes: Axes | None = None) -> Box:
    """Name the shaded corner, where there are axes to write on, and return the room that takes."""
    corner = texts.say("matters, and is low")
    wide, high = text_size(corner, points=8.5)
    if wide + 0.1 > panel.cuts[0]:
        corner = wrapped(corner, width=max(int(panel.cuts[0] / 0.085), 8), lines=3)
        wide, high = text_size(corner, points=8.5)
    if axes is not None:
        axes.annotate(
            corner,
            (0, 1),
            xycoords="axes fraction",
            xytext=(5, -4),
            textcoords="offset points",
            va="top",
            fontsize=8.5,
            style="italic",
            color=COLOURS["grey"],
        )
    return 0.0, panel.height - high - 0.1, wide + 0.1, panel.height


def name_lines(panel: Panel, texts: Texts, *, axes: Axes | None = None) -> list[Box]:
    """Name the two dividing lines where no mark is in the way, as the corner; return the room that takes."""
    x, y = panel.cuts
    taken: list[Box] = []
    for text, across in ((texts.say("median importance"), False), (texts.say("mean performance"), True)):
        wide, high = text_size(text, points=8)
        gap = 0.05
        places = [(x + gap, gap), (x - wide - gap, gap)]
        if not across:
            places = [
                (panel.width - wide, y - high - gap), (gap, y - high - gap), (panel.width - wide, y + gap),
            ]  # fmt: skip
        for left, bottom in places:
            box = (left, bottom, left + wide, bottom + high)
            if left >= 0 and left + wide <= panel.width and bottom >= 0 and panel.free(box):
                if axes is not None:
                    axes.text(left / panel.width, bottom / panel.height, text, transform=axes.transAxes,
                              va="bottom", fontsize=8, color=COLOURS["grey"], zorder=3)  # fmt: skip
                taken.append(box)
                break
    return taken
