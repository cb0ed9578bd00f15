"""Axes of the figures about business outcomes: ratios on a log axis, slopes on a linear one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from exresearch.report.numbers import unit_spec
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, number_axis

RATIO = "rate_ratio"
HEADINGS = {
    "rate_ratio": mark("Times as much, per standard deviation better experience"),
    "standardised": mark("Standard deviations higher, per standard deviation better experience"),
}
_TICKS = (0.1, 0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
# A ratio beyond these is drawn as an arrow.
_LOW, _HIGH = 0.1, 10.0
_MOST_TICKS = 5


def null_of(unit: str) -> float:
    """Return the value of no effect: 1 of a ratio, 0 of a slope."""
    return 1.0 if unit == RATIO else 0.0


def prepare(
    axes: Axes, unit: str, values: Sequence[float], *, band: tuple[float, float] | None, texts: Texts
) -> None:
    """Set scale, limits and ticks of a horizontal axis for values and limits, and draw no effect and the band.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Changed.
    unit : str
        ``rate_ratio`` or ``standardised``.
    values : sequence of float
        Estimates and limits to be shown.
    band : tuple of float, optional
        What is too small to matter.
    texts : Texts
        Language of the reader.
    """
    null = null_of(unit)
    bounds = [*values, null, *(band or ())]
    if unit == RATIO:
        low, high = max(min(bounds), _LOW), min(max(bounds), _HIGH)
        pad = max((high / low) ** 0.06, 1.02)
        low, high = low / pad, high * pad
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        axes.xaxis.set_major_locator(
            FixedLocator(_spread([tick for tick in _TICKS if low <= tick <= high], null))
        )
        axes.xaxis.set_minor_locator(FixedLocator([]))
        number_axis(axes.xaxis, unit_spec(unit), texts)
    else:
        low, high = min(bounds), max(bounds)
        pad = 0.06 * (high - low) or 0.01
        axes.set_xlim(low - pad, high + pad)
        number_axis(axes.xaxis, "number1" if high - low > 0.4 else unit_spec(unit), texts)
    if band is not None:
        axes.axvspan(*band, color=COLOURS["band"], zorder=0)
    axes.axvline(null, color=COLOURS["grey"], linewidth=1)


def _spread(ticks: list[float], null: float) -> list[float]:
    """As many ticks as fit, no effect among them."""
    if len(ticks) <= _MOST_TICKS or null not in ticks:
        return ticks
    step = math.ceil(len(ticks) / _MOST_TICKS)
    at = ticks.index(null)
    return [tick for place, tick in enumerate(ticks) if (place - at) % step == 0]
