"""The balance of employee and customer experience: an outcome as a landscape, and two walks through it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.note import Note
from exresearch.report.figures.landscape import NO_SURFACE, LandscapeWords, landscape
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture

__all__ = ["NO_SURFACE", "balance_surface"]

_WORDS = LandscapeWords(
    heading=mark("{outcome}, a wave later"),
    caption=mark(
        "Above: “{outcome}” a wave later as the surface predicts it, with figures on the lines between bands, darker "
        "is higher. The lines cross at the average of both. Solid: in step, both equally many standard deviations "
        "above or below their average; dashed: apart, one as far above as the other is below. The surface ends where "
        "on a side fewer than {least:integer} of the {n_units:integer} units lie further out. Below: the prediction "
        "along both lines, with {intervals}."
    ),
    y_ahead=mark("customers ahead"),
    x_ahead=mark("employees ahead"),
    apart={
        "down": mark("The further employees and customers drift apart, the lower “{outcome}” a wave later."),
        "up": mark("The further employees and customers drift apart, the higher “{outcome}” a wave later."),
        "open": mark(
            "Whether “{outcome}” a wave later depends on how far employees and customers drift apart, stays open."
        ),
    },
    worse={
        "up": mark("It is higher where employees are ahead than where customers are."),
        "down": mark("It is higher where customers are ahead than where employees are."),
        "open": mark("Which of the two is ahead makes no clear difference."),
    },
)


def balance_surface(
    grid: pd.DataFrame,
    *,
    region: pd.DataFrame,
    along: pd.DataFrame,
    scales: Mapping[str, tuple[float, float]],
    labels: Mapping[str, str],
    kinds: Mapping[str, str],
    slope: tuple[float, float],
    curvature: tuple[float, float],
    n_units: int,
    texts: Texts,
    rules: DisclosureRules,
) -> Picture | Note:
    """Draw the predicted outcome by employee and customer experience, and along the lines of agreement and difference.

    Parameters
    ----------
    grid, region, along : pandas.DataFrame
        As :class:`exresearch.findings.analyses.Balance` has them; nothing outside the region is drawn.
    scales : mapping of str to (float, float)
        Mean and standard deviation of ``ex`` and ``cx``, for the axes.
    labels, kinds : mapping of str to str
        Of ``ex``, ``cx`` and ``outcome``: name in the reader's language, and ``share`` or ``mean``.
    slope, curvature : (float, float)
        Their intervals; the takeaway claims no more than these exclude.
    n_units : int
        Units behind the surface.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum number of units.

    Returns
    -------
    Picture or Note
        The note where there is no region, or where there are too few units.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    places = {"x": "ex", "y": "cx"}
    return landscape(
        grid,
        region=region,
        along=along,
        scales={place: scales[side] for place, side in places.items() if side in scales},
        labels={**labels, **{place: labels[side] for place, side in places.items()}},
        shares=frozenset(
            place for place, side in {**places, "outcome": "outcome"}.items() if kinds[side] == "share"
        ),
        slope=slope,
        curvature=curvature,
        n=n_units,
        least=rules.min_units,
        words=_WORDS,
        texts=texts,
    )
