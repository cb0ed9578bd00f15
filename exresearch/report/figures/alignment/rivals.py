"""Rival models of behaviour: what each explains beyond the sum of the parts."""

from __future__ import annotations

import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.figures.rows import draw_interval, rows_axes
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, intervals_name, require, rows_of, style

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
        "Of the single forms the weakest of the three adds most to the sum: {gain:points1} of the differences in "
        "behaviour."
    ),
    "product": mark(
        "Of the single forms the products of the three add most to the sum: {gain:points1} of the differences in "
        "behaviour."
    ),
    "moderation": mark(
        "Of the single forms alignment as a moderator adds most to the sum: {gain:points1} of the differences in "
        "behaviour."
    ),
}
_TIED = mark(
    "Interplay adds to the sum; which single form adds most cannot be told, since their intervals overlap."
)
_NOTHING = mark("No form of interplay clearly adds to what the sum explains.")


def rival_models(
    models: pd.DataFrame, *, texts: Texts, smallest_effect: tuple[float, float]
) -> Picture | Note:
    """Draw what each model explains beyond the sum, and beside it the same for people without part in the fit.

    Parameters
    ----------
    models : pandas.DataFrame
        ``model, estimate, gain, gain_low, gain_high, gain_held_out, n`` of
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
        models,
        ["model", "estimate", "gain", "gain_low", "gain_high", "gain_held_out", "n"],
        figure="rival_models",
    )
    released = release(models, count="n", rules=DisclosureRules(), name="Rival models of behaviour")
    if released.n_hidden:
        return NO_MODELS
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
            # The axis names the unit, which every number would repeat.
            limits = interval(100 * row.gain_low, 100 * row.gain_high, "number1", language=texts.language)
            axes.text(
                1.02, place, f"{texts.number(100 * float(row.gain), 'number1')} ({limits})",
                transform=axes.get_yaxis_transform(), va="center", fontsize=9, color=COLOURS["ink"],
            )  # fmt: skip
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: texts.number(100 * float(at), "number1")))
        axes.set_xlabel(texts.say("explained beyond the sum, in %-points"))
    single = shown[shown["model"] != "together"].sort_values("gain", ascending=False)
    best, next_best = rows_of(single.head(2))
    if float(best.gain_low) <= 0.0:
        takeaway = texts.say(_NOTHING)
    elif float(best.gain_low) > float(next_best.gain_high):
        takeaway = texts.say(_TAKEAWAYS[str(best.model)], gain=float(best.gain))
    else:
        takeaway = texts.say(_TIED)
    caption = texts.say(
        "Share of the differences in behaviour that each model explains beyond the sum, which itself explains "
        "{total:percent1}; with {intervals}. Upright dash: the same in people who had no part in the estimate. "
        "Diamond: decides. Shaded: too small to matter. {n:integer} answer sheets.",
        total=total,
        intervals=intervals_name(models, texts),
        n=int(models["n"].max()),
    )
    listed = "; ".join(
        f"{label}: {texts.number(float(row.gain), 'points1')} "
        f"({interval(row.gain_low, row.gain_high, 'points1', language=texts.language)})"
        for label, row in zip(labels, rows_of(shown), strict=True)
    )
    return Picture(figure, caption, f"{takeaway} {listed}.", takeaway, [released])
