"""How recommending rises with the number of good moments."""

from __future__ import annotations

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.analyses.journey.order import WholeJourney
from exresearch.findings.note import Note
from exresearch.report.figures.journey.groups import of_steps
from exresearch.report.figures.rows import headroom
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import (
    COLOURS,
    Picture,
    add_axes,
    intervals_name,
    new_figure,
    number_axis,
    rows_of,
    style,
)

NO_STEPS = Note(message="Too few people rated three or more moments to show a whole journey.")
_TAKEAWAYS = {
    "more": mark(
        "The last step, from all but one to all moments good, brings more than the steps before it: a whole journey is "
        "more than the sum of its moments."
    ),
    "less": mark(
        "The last step brings less than those before it: a nearly whole journey does most of the work."
    ),
    "even": mark(
        "Each further good moment goes with more recommending, and the last one does not clearly bring more than the "
        "others."
    ),
    "uneven": mark(
        "Recommending does not rise with each further good moment, and the last one does not clearly bring more than "
        "the others."
    ),
    "open": mark("Journeys with more good moments are shown beside those with fewer."),
}


def journey_steps(
    whole: WholeJourney, *, scale: tuple[float, float], texts: Texts, rules: DisclosureRules
) -> Picture | Note:
    """Draw the mean recommendation by how many moments of the journey were good.

    Parameters
    ----------
    whole : WholeJourney
        Of :func:`exresearch.findings.analyses.journey_moments`.
    scale : tuple of float
        Ends of the scale of the recommendation.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Least people behind a point.

    Returns
    -------
    Picture or Note
        A note where there are fewer than two points.
    """
    if whole.steps.empty:
        return NO_STEPS
    released = release(
        whole.steps,
        count="people",
        rules=rules,
        groups=of_steps(scale),
        name="Recommendation by number of good moments",
    )
    steps = released.frame[~released.hidden & released.frame["estimate"].notna()]
    if len(steps) < 2:
        return NO_STEPS
    with style():
        figure = new_figure(2.9)
        axes = add_axes(figure, left=0.55, right=0.25, top=0.34, bottom=0.78)
        axes.set_xlim(-0.4, whole.moments + 0.4)
        low, high = float(steps["conf_low"].min()), float(steps["conf_high"].max())
        room = 0.10 * (high - low)
        axes.set_ylim(
            max(scale[0], low - room), min(scale[1] + 0.02 * (scale[1] - scale[0]), high + 2.5 * room)
        )
        axes.yaxis.grid(True)
        axes.plot(steps["good"], steps["estimate"], color=COLOURS["sky"], linewidth=1.6, zorder=2)
        for row in rows_of(steps):
            axes.plot(
                [row.good, row.good],
                [row.conf_low, row.conf_high],
                color=COLOURS["blue"],
                linewidth=2,
                zorder=3,
            )
            axes.plot([row.good], [row.estimate], "o", color=COLOURS["blue"], markersize=8, zorder=4)
            axes.annotate(
                texts.number(row.estimate, "number1"), (row.good, row.conf_high), xytext=(0, 4),
                textcoords="offset points", ha="center", fontsize=9, weight="bold",
            )  # fmt: skip
            axes.annotate(
                texts.say("n = {n:integer}", n=int(row.people)), (row.good, 0), xycoords=("data", "axes fraction"),
                xytext=(0, -17), textcoords="offset points", ha="center", va="top", fontsize=8, color=COLOURS["grey"],
            )  # fmt: skip
        axes.set_xticks([int(good) for good in steps["good"]])
        number_axis(axes.yaxis, "number1", texts, ticks=4)
        axes.set_xlabel(texts.say("Number of good moments, out of {k:integer}", k=whole.moments), labelpad=16)
        headroom(axes, texts.say("Mean recommendation"))
    last, kind = whole.last_step, "open"
    if last:
        kind = "more" if last["conf_low"] > 0 else "less" if last["conf_high"] < 0 else "even"
    if kind == "even" and not steps["estimate"].astype(float).is_monotonic_increasing:
        kind = "uneven"
    takeaway = texts.say(_TAKEAWAYS[kind])
    caption = texts.say(
        "Mean recommendation by the number of moments rated {good:number1} or higher, the upper third of the scale, "
        "with {intervals}; people who rated all {k:integer} moments.",
        good=whole.good_from,
        intervals=intervals_name(steps, texts),
        k=whole.moments,
    )
    said = [
        texts.say(
            "{good:integer} good moment: {estimate:number1}, interval {limits}."
            if row.good == 1
            else "{good:integer} good moments: {estimate:number1}, interval {limits}.",
            good=int(row.good),
            estimate=row.estimate,
            limits=interval(row.conf_low, row.conf_high, "number1", language=texts.language),
        )
        for row in rows_of(steps)
    ]
    return Picture(figure, caption, " ".join([takeaway, *said]), takeaway, [released])
