"""Promise and delivery: staying, or recommending, as a landscape over both."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.note import Note
from exresearch.report.figures.landscape import LandscapeWords, landscape
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture

_CAPTIONS = {
    True: mark(
        "Above: “{outcome}” as the surface predicts it, with figures on the lines between bands, darker is higher. The "
        "lines cross at the middle of the scale. Solid: in step, as much delivered as promised; dashed: apart, the one "
        "as far above the middle as the other is below. The surface ends where on a side fewer than {least:integer} of "
        "the {n:integer} people lie further out. Below: the prediction along both lines, with {intervals}."
    ),
    False: mark(
        "Above: “{outcome}” as the surface predicts it, with figures on the lines between bands, darker is higher. The "
        "lines cross at the average of both. Solid: in step, both equally many standard deviations above or below "
        "their average; dashed: apart, the one as far above as the other is below. The surface ends where on a side "
        "fewer than {least:integer} of the {n:integer} people lie further out. Below: the prediction along both lines, "
        "with {intervals}."
    ),
}


_COSTS = {
    "down": mark("A shortfall costs more than the same surplus gains."),
    "up": mark("A surplus gains more than the same shortfall costs."),
    "open": mark(
        "A surplus gains about as much as the same shortfall costs, or the data do not tell them apart."
    ),
}
_BENDS = {
    "down": mark("Along the line of difference the surface bends down."),
    "up": mark("Along the line of difference the surface bends up."),
    "open": mark("Along the line of difference the surface does not clearly bend."),
}


def _words(*, one_scale: bool, rises: bool) -> LandscapeWords:
    return LandscapeWords(
        heading=mark("{outcome}"),
        caption=_CAPTIONS[one_scale],
        y_ahead=mark("less delivered than promised"),
        x_ahead=mark("more delivered than promised"),
        apart=_COSTS if rises else _BENDS,
        worse={
            "up": mark(
                "Where more is delivered than was promised, “{outcome}” is higher than where it is less."
            ),
            "down": mark(
                "Where more is delivered than was promised, “{outcome}” is lower than where it is less."
            ),
            "open": mark(
                "Whether “{outcome}” is higher where more is delivered than was promised, stays open."
            ),
        },
        slope_first=True,
    )


def promise_surface(
    grid: pd.DataFrame,
    *,
    region: pd.DataFrame,
    along: pd.DataFrame,
    scales: Mapping[str, tuple[float, float]],
    labels: Mapping[str, str],
    slope: tuple[float, float],
    curvature: tuple[float, float],
    one_scale: bool,
    n: int,
    texts: Texts,
    rules: DisclosureRules,
) -> Picture | Note:
    """Draw the predicted outcome by delivery and promise, and along the lines of agreement and difference.

    Parameters
    ----------
    grid, region, along : pandas.DataFrame
        As :class:`exresearch.findings.analyses.PromiseDelivered` has them.
    scales : mapping of str to (float, float)
        Of ``delivery`` and ``promise``: value at zero, and one unit.
    labels : mapping of str to str
        Of ``delivery, promise, outcome``, in the reader's language.
    slope, curvature : (float, float)
        Their intervals along the line of difference.
    one_scale : bool
        Whether both were answered on one scale.
    n : int
        People behind the surface.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum number of people.

    Returns
    -------
    Picture or Note
        A note where there is no region.
    """
    places = {"x": "delivery", "y": "promise"}
    return landscape(
        grid,
        region=region,
        along=along,
        scales={place: scales[side] for place, side in places.items() if side in scales},
        labels={"outcome": labels["outcome"], **{place: labels[side] for place, side in places.items()}},
        slope=slope,
        curvature=curvature,
        n=n,
        least=rules.min_respondents,
        words=_words(one_scale=one_scale, rises=slope[0] > 0.0),
        texts=texts,
    )
