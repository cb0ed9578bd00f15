"""Behaviour by the mean of three parts, for people whose parts are even and people of whom one lags behind."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups, Measure, release
from exresearch.findings.note import Note
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import (
    COLOURS,
    Picture,
    add_axes,
    intervals_name,
    new_figure,
    number_axis,
    require,
    rows_of,
    style,
)

NO_GROUPS = Note(
    message="There are too few people to set those of whom one part lags behind beside the others."
)
_KINDS: dict[str, tuple[str, str, Any, str]] = {
    "even": (mark("three even"), COLOURS["blue"], "-", "o"),
    "lagging": (mark("one lags behind"), COLOURS["orange"], (0, (3, 1.4)), "s"),
}
# Each group is a part of a level; the middle third of it is not shown, so that nothing adds up to a known total.
_WHO = Groups(
    "employees",
    by={"level of the three": "level", "distance of the weakest": "kind"},
    measures={"estimate": Measure("customer_orientation", "minimum", "maximum")},
)
_TAKEAWAYS = {
    "all": mark(
        "At every level people of whom one part lags behind put the customer first less than people of whom the three "
        "are even."
    ),
    "some": mark(
        "At {lower:integer} of {total:integer} levels people of whom one part lags behind put the customer first less "
        "than people of whom the three are even; at the others the difference is within what chance would give."
    ),
    "none": mark(
        "People of whom one part lags behind do not clearly differ from people of whom the three are even."
    ),
}


def weakest_link(
    groups: pd.DataFrame, *, texts: Texts, labels: dict[str, dict[str, str]], rules: DisclosureRules
) -> Picture | Note:
    """Draw mean behaviour by the mean of readiness, willingness and ability, even or with one that lags.

    Parameters
    ----------
    groups : pandas.DataFrame
        ``kind, level, x, estimate, conf_low, conf_high, conf_level, minimum, maximum, n`` of
        :class:`exresearch.findings.analyses.AlignedWorkforce`.
    texts : Texts
        Language of the reader.
    labels : dict
        Of ``behaviour``.
    rules : DisclosureRules
        A level of which a group may not be shown is left out.

    Returns
    -------
    Picture or Note
        A note where there are no groups.
    """
    if groups.empty:
        return NO_GROUPS
    columns = ["kind", "level", "x", "estimate", "conf_low", "conf_high", "minimum", "maximum", "n"]
    require(groups, columns, figure="weakest_link")
    released = release(
        groups, count="n", rules=rules, groups=_WHO, name="Behaviour by the weakest of three parts"
    )
    # Two groups of a level are set beside each other, or neither.
    gone = set(groups["level"][released.hidden])
    groups = released.frame[~groups["level"].isin(gone)]
    if groups["level"].nunique() < 2:
        return NO_GROUPS
    with style():
        figure = new_figure(3.6)
        axes = add_axes(figure, left=0.66, right=1.3, top=0.2, bottom=0.62)
        axes.grid(True)
        for kind, (label, colour, dash, marker) in _KINDS.items():
            part = groups[groups["kind"] == kind].sort_values("x")
            x, y = part["x"].astype(float), part["estimate"].astype(float)
            below, above = y - part["conf_low"].astype(float), part["conf_high"].astype(float) - y
            axes.errorbar(
                x, y, yerr=[below, above], color=colour, linestyle=dash, linewidth=2, marker=marker, markersize=5,
                elinewidth=1.4,
            )  # fmt: skip
            axes.annotate(
                texts.say(label), (float(x.iloc[-1]), float(y.iloc[-1])), xytext=(9, 0), textcoords="offset points",
                va="center", fontsize=9.5, color=colour, annotation_clip=False,
            )  # fmt: skip
        number_axis(axes.xaxis, "number1", texts)
        number_axis(axes.yaxis, "number1", texts)
        axes.set_xlabel(texts.say("mean of readiness, willingness and ability (standard deviations)"))
        axes.set_ylabel(texts.pick(labels["behaviour"]))
    by = groups.set_index(["level", "kind"])
    levels = sorted({int(level) for level in groups["level"]})
    lower = sum(
        float(by["conf_high"][level, "lagging"]) < float(by["conf_low"][level, "even"]) for level in levels
    )
    if lower == len(levels):
        takeaway = texts.say(_TAKEAWAYS["all"])
    elif lower:
        takeaway = texts.say(_TAKEAWAYS["some"], lower=lower, total=len(levels))
    else:
        takeaway = texts.say(_TAKEAWAYS["none"])
    caption = texts.say(
        "Mean of “{behaviour}” on the scale of the answers, with {intervals}. People are put in groups by the mean of "
        "the three; of each group the third of whom the three lie closest together and the third of whom the weakest "
        "lies furthest below the mean are shown. The smallest group has {least:integer} people.",
        behaviour=texts.pick(labels["behaviour"]),
        intervals=intervals_name(groups, texts),
        least=int(groups["n"].min()),
    )
    listed = "; ".join(
        f"{texts.say(_KINDS[str(row.kind)][0])}, {texts.number(float(row.x), 'number1')}: "
        f"{texts.number(float(row.estimate), 'number1')} "
        f"({interval(row.conf_low, row.conf_high, 'number1', language=texts.language)})"
        for row in rows_of(groups)
    )
    return Picture(figure, caption, f"{takeaway} {listed}.", takeaway, [released])
