"""Figure about clicks and experience: how much of recommending each explains alone, and both together."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.figures.rows import rows_axes
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, intervals_name, number_axis, rows_of, style

NO_MODELS = Note(message="Clicks and experience could not be set beside each other.")
_MODELS = {
    "counts": (mark("Clicks alone"), COLOURS["grey"]),
    "ratings": (mark("Experience alone"), COLOURS["blue"]),
    "both": (mark("Both"), COLOURS["sky"]),
}
_TAKEAWAYS = {
    "more": mark(
        "Experience adds {over_counts:points1} of the differences in recommending to what clicks say; clicks add "
        "{over_ratings:points1} to what experience says."
    ),
    "less": mark(
        "Clicks add {over_ratings:points1} of the differences in recommending to what experience says; experience "
        "adds {over_counts:points1} to what clicks say."
    ),
    "open": mark(
        "Which of the two adds more does not show: experience adds {over_counts:points1} to clicks, clicks add "
        "{over_ratings:points1} to experience."
    ),
}


def explained_bars(models: pd.DataFrame, *, texts: Texts) -> Picture | Note:
    """Draw the explained variance of three models as bars with intervals, and its value on units left out.

    Parameters
    ----------
    models : pandas.DataFrame
        Rows ``counts, ratings, both, over_counts, over_ratings, gain_difference`` with ``estimate, conf_low, conf_high,
        held_out, n, people, conf_level``.
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture or Note
        A note where there is nothing to draw.
    """
    if models.empty:
        return NO_MODELS
    released = release(
        # A share below nothing is drawn as nothing.
        models.assign(bar=models["estimate"].clip(lower=0.0)),
        count="people",
        rules=DisclosureRules(),
        name="Recommending explained by clicks and by experience",
    )
    if released.n_hidden:
        return NO_MODELS
    models = released.frame
    by = {str(row.term): row for row in rows_of(models)}
    shown = [(texts.say(label), colour, by[name]) for name, (label, colour) in _MODELS.items()]
    with style():
        figure, axes, places = rows_axes([label for label, _, _ in shown], left=1.45, right=1.25, wrap=18)
        for (_, colour, row), y in zip(shown, places, strict=True):
            axes.barh(y, float(row.bar), height=0.22, color=colour)
            axes.plot([row.conf_low, row.conf_high], [y, y], color=COLOURS["ink"], linewidth=1.4)
            axes.plot(
                [row.held_out], [y], marker="D", markersize=5, color="white", markeredgecolor=COLOURS["ink"]
            )
            axes.annotate(
                f"{texts.number(float(row.estimate), 'percent1')}\n({_limits(row, texts)})",
                (1.0, y),
                xycoords=("axes fraction", "data"),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
            )
        lowest = min(0.0, *(min(float(row.conf_low), float(row.held_out)) for _, _, row in shown))
        highest = max(max(float(row.conf_high), float(row.held_out)) for _, _, row in shown)
        axes.set_xlim(lowest, 1.05 * max(highest, 0.05))
        number_axis(axes.xaxis, "percent0", texts)
        axes.set_xlabel(texts.say("explained differences in recommending"))
    values = {name: float(by[name].estimate) for name in ("over_counts", "over_ratings")}
    difference = by["gain_difference"]
    way = "more" if difference.conf_low > 0 else "less" if difference.conf_high < 0 else "open"
    takeaway = texts.say(_TAKEAWAYS[way], **values)
    caption = texts.say(
        "Share of the differences in recommending, between people of one kind in one wave, that each model explains, "
        "with {intervals}; {people:integer} people, {n:integer} sheets. What a model gains by being fitted to these "
        "very people is estimated by leaving out one unit at a time, and taken off. Diamonds: the share in units that "
        "had no part in the fit, where every coefficient that is of no use costs something.",
        intervals=intervals_name(models, texts),
        people=int(by["both"].people),
        n=int(by["both"].n),
    )
    said = " ".join(
        texts.say(
            "{model}: {share:percent1} ({limits}).",
            model=label,
            share=float(row.estimate),
            limits=_limits(row, texts),
        )
        for label, _, row in shown
    )
    return Picture(figure, caption, f"{said} {takeaway}", takeaway, [released], drawn={"term": list(_MODELS)})


def _limits(row: Any, texts: Texts) -> str:
    return interval(
        row.conf_low,
        row.conf_high,
        "percent1",
        language=texts.language,
    )
