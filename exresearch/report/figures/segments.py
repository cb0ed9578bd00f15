"""Figures about segments: what distinguishes them, how many there are, and what they explain."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator

from exresearch.disclosure import DisclosureRules, Groups, Measure, release
from exresearch.findings.note import Note
from exresearch.report.figures.rows import draw_interval, headroom, row_value, rows_axes
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

NO_SEGMENTS = Note(message="No segments were found, so that there is nothing to draw.")
NO_MODELS = Note(
    message="There are too few people or units to judge models by people who had no part in them."
)
#: Shape and colour of each segment: told apart without colour as well.
MARKS = (
    ("o", COLOURS["blue"]), ("s", COLOURS["orange"]), ("^", COLOURS["green"]),
    ("D", COLOURS["sky"]), ("v", COLOURS["ink"]), ("P", COLOURS["grey"]),
)  # fmt: skip
_STABLE = 0.6
#: The last sheet of each person counts, in no other table.
LAST = {"sheet": "the last of each person"}
PROFILE = Groups(
    "employees",
    by={"segment": "segment"},
    fixed=LAST,
    measures={"estimate": Measure("answer", "minimum", "maximum", each="item")},
)
MODELS = {
    "categories": mark("Categories of the organisation"),
    "categories_trimmed": mark("The best of these categories, as many columns as segments have"),
    "segments": mark("Segments on needs"),
    "both": mark("Categories and segments together"),
    "needs": mark("Needs as plain predictors"),
}


def segment_profiles(frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Draw the mean of every need in every segment.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``segment, item, label`` (text or mapping), ``estimate, overall, conf_low, conf_high, conf_level, minimum,
        maximum`` (of the scale), ``n``.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        A need of which the mean of a segment may not be shown is left out.

    Returns
    -------
    Picture or Note
        A note without segments.
    """
    if frame.empty:
        return NO_SEGMENTS
    require(
        frame,
        [
            "segment",
            "item",
            "label",
            "estimate",
            "overall",
            "conf_low",
            "conf_high",
            "minimum",
            "maximum",
            "n",
        ],
        figure="segment_profiles",
    )
    released = release(
        pd.concat([frame, _everybody(frame)], ignore_index=True).assign(
            number=lambda one: one["segment"] + 1
        ),
        count="n",
        rules=rules,
        groups=PROFILE,
        name="Needs by segment",
    )
    gone = set(released.frame["item"][released.hidden])
    frame = released.frame[~released.frame["item"].isin(gone) & released.frame["segment"].notna()]
    if frame.empty:
        return NO_SEGMENTS
    items = list(dict.fromkeys(frame["item"]))
    labels = [texts.pick(frame.loc[frame["item"] == item, "label"].iloc[0]).rstrip(".") for item in items]
    k = int(frame["segment"].max()) + 1
    low, high = float(frame["conf_low"].min()), float(frame["conf_high"].max())
    pad = 0.05 * (high - low)
    with style():
        figure, axes, positions = rows_axes(labels, left=2.35, right=0.2, top=0.42, wrap=32, least=0.42)
        axes.set_xlim(low - pad, high + pad)
        for y, item in zip(positions, items, strict=True):
            part = frame[frame["item"] == item]
            overall = float(part["overall"].iloc[0])
            axes.plot([overall] * 2, [y - 0.17, y + 0.17], color=COLOURS["light"], linewidth=3, zorder=1)
            for row in rows_of(part):
                marker, colour = MARKS[int(row.segment)]
                draw_interval(
                    axes, y, row.estimate, row.conf_low, row.conf_high, colour=colour, marker=marker, size=6
                )
        for number in range(k):
            marker, colour = MARKS[number]
            axes.plot(
                [],
                [],
                marker=marker,
                color=colour,
                linestyle="none",
                label=texts.say("segment {number}", number=number + 1),
            )
        axes.plot([], [], color=COLOURS["light"], linewidth=3, label=texts.say("everybody"))
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=k + 1, frameon=False, fontsize=8.5,
            handletextpad=0.2, columnspacing=0.9, borderaxespad=0.1,
        )  # fmt: skip
        number_axis(axes.xaxis, "number0" if high - low > 4 else "number1", texts, ticks=4)
        axes.set_xlabel(texts.say("mean answer"))
    apart = frame.groupby("item", sort=False)["estimate"].agg(lambda v: v.max() - v.min())
    widest = items[int(apart.to_numpy().argmax())]
    named = labels[items.index(widest)]
    takeaway = texts.say(
        "Segments differ most on “{need}”: the highest mean is {difference:number1} points above the lowest.",
        need=named,
        difference=float(apart.max()),
    )
    people = int(frame.groupby("segment")["n"].max().sum())
    caption = texts.say(
        "Mean answer to every need per segment, with {intervals} that take the division as given; grey: everybody. "
        "Up to {n:integer} answers to a need.",
        intervals=intervals_name(frame, texts),
        n=people,
    )
    described = "; ".join(
        texts.say(
            "{label}: {values}",
            label=label,
            values=", ".join(
                texts.number(float(v), "number1") for v in frame.loc[frame["item"] == item, "estimate"]
            ),
        )
        for item, label in zip(items, labels, strict=True)
    )
    drawn = {"number": [place + 1 for place in range(k)], "item": items}
    return Picture(figure, caption, f"{takeaway} {described}.", takeaway, [released], drawn=drawn)


def _everybody(frame: pd.DataFrame) -> pd.DataFrame:
    """The mean of everybody on each need, as rows without a segment."""
    answers = frame.groupby("item", sort=False)["n"].sum()
    rows = frame.drop_duplicates("item").assign(segment=np.nan, conf_low=np.nan, conf_high=np.nan)
    return rows.assign(estimate=rows["overall"], n=rows["item"].map(answers))


def segment_numbers(frame: pd.DataFrame, *, texts: Texts) -> Picture | Note:
    """Draw BIC, certainty and stability for every number of segments.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``k, bic, entropy, stability, stability_low, chosen, n``.
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture or Note
        A note where no number was tried.
    """
    if frame.empty:
        return NO_SEGMENTS
    require(
        frame, ["k", "bic", "entropy", "stability", "stability_low", "chosen", "n"], figure="segment_numbers"
    )
    released = release(
        frame.assign(above=frame["bic"] - frame["bic"].min()),
        count="n",
        rules=DisclosureRules(),
        name="Numbers of segments",
    )
    if released.n_hidden:
        return NO_SEGMENTS
    frame = released.frame
    several = frame[frame["k"] > 1]
    returning = several[several["stability"].notna()]
    chosen = frame.loc[frame["chosen"], "k"].tolist()
    with style():
        figure = new_figure(2.9)
        left = add_axes(figure, left=0.72, right=2.95, top=0.42, bottom=0.58)
        right = add_axes(figure, left=3.1, right=0.95, top=0.42, bottom=0.58)
        left.plot(frame["k"], frame["above"], color=COLOURS["blue"], marker="o", markersize=5, linewidth=1.6)
        headroom(left, texts.say("BIC above the lowest"))
        blue, orange = COLOURS["blue"], COLOURS["orange"]
        right.plot(
            returning["k"], returning["stability"], color=blue, marker="o", markersize=5, linewidth=1.6
        )
        right.vlines(
            returning["k"], returning["stability_low"], returning["stability"], color=blue, linewidth=2.2
        )
        right.plot(
            several["k"], several["entropy"], color=orange, marker="s", markersize=5, linewidth=1.2,
            linestyle=(0, (4, 1.5)),
        )  # fmt: skip
        right.axhline(_STABLE, color=COLOURS["grey"], linewidth=1)
        right.set_ylim(0, 1.03)
        places = [(float(several["entropy"].iloc[-1]), texts.say("certainty"), orange)]
        if len(returning):
            places = sorted([*places, (float(returning["stability"].iloc[-1]), texts.say("stability"), blue)])
            if places[1][0] - places[0][0] < 0.1:
                middle = (places[0][0] + places[1][0]) / 2
                places = [(middle - 0.05, *places[0][1:]), (middle + 0.05, *places[1][1:])]
        for y, text, colour in places:
            right.annotate(text, (1, y), xycoords=("axes fraction", "data"), xytext=(7, 0), textcoords="offset points",
                           va="center", fontsize=9, color=colour, annotation_clip=False)  # fmt: skip
        right.text(
            0, 1 + 0.1 / 1.9, texts.say("stability and certainty, 0 to 1"), transform=right.transAxes, va="bottom",
            fontsize=9.5, color=COLOURS["grey"],
        )  # fmt: skip
        for axes in (left, right):
            axes.xaxis.set_major_locator(FixedLocator(frame["k"].tolist()))
            axes.set_xlabel(texts.say("number of segments"))
            axes.yaxis.grid(True)
            for k in chosen:
                axes.axvspan(k - 0.25, k + 0.25, color=COLOURS["band"], zorder=0)
        left.set_xlim(frame["k"].min() - 0.3, frame["k"].max() + 0.3)
        right.set_xlim(frame["k"].min() - 0.3, frame["k"].max() + 0.3)
        number_axis(left.yaxis, "integer", texts)
        number_axis(right.yaxis, "number1", texts, ticks=6)
    lowest = int(frame["k"].iloc[int(frame["bic"].to_numpy().argmin())])
    if chosen:
        row = frame[frame["k"] == chosen[0]].iloc[0]
        takeaway = texts.say(
            "{k:integer} segments are chosen; other samples of the people find them again with an adjusted Rand index "
            "of {stability:number2}.",
            k=int(chosen[0]),
            stability=float(row["stability"]),
        )
    else:
        takeaway = texts.say("No number of segments passes the rule, so that none is named.")
    caption = texts.say(
        "Left: how far BIC lies above its lowest value. Right: adjusted Rand index with segments of bootstrap samples "
        "(bar down to the fifth percentile; line: what is asked) and how certainly people belong to one segment. "
        "Shaded: the number chosen. {n:integer} people.",
        n=int(frame["n"].iloc[0]),
    )
    alt = texts.say("BIC is lowest with {k:integer}.", k=lowest)
    listed = "; ".join(
        texts.say(
            "{k:integer} segments: stability {stability}, certainty {certainty:number2}",
            k=int(row.k),
            stability="–" if pd.isna(row.stability) else texts.number(float(row.stability), "number2"),
            certainty=float(row.entropy),
        )
        for row in rows_of(several)
    )
    return Picture(figure, caption, f"{takeaway} {alt} {listed}.", takeaway, [released])


def segment_models(frame: pd.DataFrame, *, texts: Texts) -> Picture | Note:
    """Draw what each way to describe people explains among people who had no part in the fit.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``term`` (a key of ``MODELS``), ``estimate, conf_low, conf_high, conf_level, n``.
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture or Note
        A note where nothing could be judged.
    """
    if frame.empty:
        return NO_MODELS
    require(frame, ["term", "estimate", "conf_low", "conf_high", "n"], figure="segment_models")
    released = release(frame, count="n", rules=DisclosureRules(), name="What describes people")
    if released.n_hidden:
        return NO_MODELS
    names = [name for name in MODELS if (frame["term"] == name).any()]
    rows = [frame[frame["term"] == name].iloc[0] for name in names]
    labels = [texts.say(MODELS[name]) for name in names]
    low = min(0.0, *(float(row["conf_low"]) for row in rows))
    high = max(0.01, *(float(row["conf_high"]) for row in rows))
    pad = 0.06 * (high - low)
    with style():
        figure, axes, positions = rows_axes(
            labels, left=2.1, right=0.85, wrap=27, bold=[name == "segments" for name in names]
        )
        axes.set_xlim(low - pad, high + pad)
        axes.axvline(0, color=COLOURS["grey"], linewidth=1)
        for y, name, row in zip(positions, names, rows, strict=True):
            strong = name == "segments"
            draw_interval(
                axes, y, float(row["estimate"]), float(row["conf_low"]), float(row["conf_high"]),
                colour=COLOURS["blue" if strong else "grey"], marker="D" if strong else "o", filled=strong,
            )  # fmt: skip
            row_value(axes, y, texts.number(float(row["estimate"]), "percent1"), bold=strong)
        number_axis(axes.xaxis, "percent0" if high - low > 0.04 else "percent1", texts, ticks=4)
        axes.set_xlabel(texts.say("explained variance among people who had no part in the fit"))
    takeaway = _models_takeaway(dict(zip(names, rows, strict=True)), texts)
    caption = texts.say(
        "Explained variance, mean over the outcomes, of people in units that had no part in the fit, with {intervals}. "
        "{n:integer} people.",
        intervals=intervals_name(frame, texts),
        n=int(frame["n"].max()),
    )
    described = "; ".join(
        texts.say(
            "{label}: {value} (interval {limits})",
            label=label,
            value=texts.number(float(row["estimate"]), "percent1"),
            limits=interval(
                float(row["conf_low"]), float(row["conf_high"]), "percent1", language=texts.language
            ),
        )
        for label, row in zip(labels, rows, strict=True)
    )
    return Picture(figure, caption, f"{takeaway} {described}.", takeaway, [released])


def _models_takeaway(rows: dict[str, pd.Series], texts: Texts) -> str:
    needs, categories = float(rows["needs"]["estimate"]), float(rows["categories"]["estimate"])
    if "segments" not in rows:
        return texts.say(
            "Without segments, needs as plain predictors explain {needs:percent1} and the categories "
            "{categories:percent1}.",
            needs=needs,
            categories=categories,
        )
    segments = float(rows["segments"]["estimate"])
    return texts.say(
        "Of people who had no part in the fit, segments explain {segments:percent1}, the categories "
        "{categories:percent1} and needs as plain predictors {needs:percent1}.",
        segments=segments,
        categories=categories,
        needs=needs,
    )
