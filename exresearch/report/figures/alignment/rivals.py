"""Rival models of behaviour: what each explains beyond the sum of the parts."""

from __future__ import annotations

import pandas as pd

from exresearch.findings.note import Note
from exresearch.report.figures.rows import draw_interval, rows_axes
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, intervals_name, number_axis, require, rows_of, style

NO_MODELS = Note(message="There are no models to compare.")
NAMES = {
    "sum": mark("Sum: each part by itself"),
    "product": mark("Products of the three"),
    "minimum": mark("Weakest of the three"),
    "moderation": mark("Alignment strengthens the three"),
    "together": mark("All of these together"),
}
_TAKEAWAYS = {
    "minimum": mark(
        "Of the single forms the weakest of the three adds most to the sum: {gain:percent1} of the differences in "
        "behaviour."
    ),
    "product": mark(
        "Of the single forms the products of the three add most to the sum: {gain:percent1} of the differences in "
        "behaviour."
    ),
    "moderation": mark(
        "Of the single forms alignment as a moderator adds most to the sum: {gain:percent1} of the differences in "
        "behaviour."
    ),
}
_NOTHING = mark("No form of interplay clearly adds to what the sum explains.")


def rival_models(
    models: pd.DataFrame, *, texts: Texts, smallest_effect: tuple[float, float]
) -> Picture | Note:
    """Draw what each model explains beyond the sum, and beside it the same for people without part in the fit.

    Parameters
    ----------
    models : pandas.DataFrame
        ``model, estimate, gain, gain_low, gain_high, gain_held_out`` of
        :class:`exresearch.findings.analyses.AlignedWorkforce`.
    texts : Texts
        Language of the reader.
    smallest_effect : (float, float)
        What is too small to matter.

    Returns
    -------
    Picture or Note
        A note where there are no models.
    """
    if models.empty:
        return NO_MODELS
    require(
        models, ["model", "estimate", "gain", "gain_low", "gain_high", "gain_held_out"], figure="rival_models"
    )
    total = float(models.set_index("model")["estimate"]["sum"])
    shown = models[models["model"] != "sum"]
    labels = [texts.say(NAMES[str(name)]) for name in shown["model"]]
    with style():
        figure, axes, positions = rows_axes(labels, right=1.4, top=0.12, bottom=0.62)
        low = min(float(shown["gain_low"].min()), smallest_effect[0])
        high = max(float(shown["gain_high"].max()), smallest_effect[1])
        axes.set_xlim(low - 0.04 * (high - low), high + 0.04 * (high - low))
        axes.axvspan(*smallest_effect, color=COLOURS["band"], zorder=0)
        axes.axvline(0, color=COLOURS["grey"], linewidth=1)
        for place, row in zip(positions, rows_of(shown), strict=True):
            decides = row.model == "together"
            draw_interval(
                axes, place, float(row.gain), float(row.gain_low), float(row.gain_high),
                colour=COLOURS["blue"] if decides else COLOURS["grey"], marker="D" if decides else "o", filled=True,
            )  # fmt: skip
            axes.plot(
                [float(row.gain_held_out)], [place], marker="|", markersize=13, markeredgewidth=1.6,
                color=COLOURS["orange"], zorder=5,
            )  # fmt: skip
            limits = interval(row.gain_low, row.gain_high, "percent1", language=texts.language)
            axes.text(
                1.02, place, f"{texts.number(float(row.gain), 'percent1')}  ({limits})",
                transform=axes.get_yaxis_transform(), va="center", fontsize=9, color=COLOURS["ink"],
            )  # fmt: skip
        number_axis(axes.xaxis, "percent1", texts, ticks=5)
        axes.set_xlabel(texts.say("explained beyond the sum"))
    single = shown[shown["model"] != "together"].sort_values("gain", ascending=False)
    best = rows_of(single.head(1))[0]
    takeaway = (
        texts.say(_TAKEAWAYS[str(best.model)], gain=float(best.gain))
        if float(best.gain_low) > 0.0
        else texts.say(_NOTHING)
    )
    caption = texts.say(
        "Share of the differences in behaviour that each model explains beyond the sum, which itself explains "
        "{total:percent1}; with {intervals}. Upright dash: the same in people who had no part in the estimate. "
        "Diamond: decides. Shaded: too small to matter. {n:integer} answer sheets.",
        total=total,
        intervals=intervals_name(models, texts),
        n=int(models["n"].max()),
    )
    listed = "; ".join(
        f"{label}: {texts.number(float(row.gain), 'percent1')} "
        f"({interval(row.gain_low, row.gain_high, 'percent1', language=texts.language)})"
        for label, row in zip(labels, rows_of(shown), strict=True)
    )
    return Picture(figure, caption, f"{takeaway} {listed}.", takeaway)
