"""Where the drivers stand by every measure of importance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.columns import driver_labels
from exresearch.report.figures.drivers.placement import wrapped
from exresearch.report.figures.visible import visible
from exresearch.report.text import Texts, mark
from exresearch.report.theme import (
    COLOURS,
    Picture,
    add_axes,
    new_figure,
    number_axis,
    require,
    rows_of,
    style,
)

# Shape, colour and size: the verdict's measure stands out, and so do the two that bound the others.
_METHODS = {
    "lmg": (mark("LMG, used in the verdict"), "D", COLOURS["blue"], 6.0),
    "relative_weights": (mark("relative weights"), "o", COLOURS["grey"], 4.2),
    "first": (mark("each driver alone"), ">", COLOURS["orange"], 4.8),
    "last": (mark("after all others"), "<", COLOURS["green"], 4.8),
    "beta_squared": (mark("squared coefficient"), "s", COLOURS["grey"], 3.8),
    "pratt": (mark("coefficient times correlation (Pratt)"), "x", COLOURS["grey"], 4.4),
    "car": (mark("CAR scores"), "+", COLOURS["grey"], 5.4),
}
_LEFT, _RIGHT, _BOTTOM, _GUTTER = 1.8, 0.12, 0.5, 0.16
# Inches above the panels: a line of the legend, and the headings.
_LEGEND, _HEADINGS = 0.2, 0.78
_MANY = 14
NO_IMPORTANCE = Note(message="No importance was computed, so there is nothing for methods to agree about.")


def method_agreement(frame: pd.DataFrame, *, texts: Texts) -> Picture | Note:
    """Draw the rank of every driver by every method, one column of ranks per outcome.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per outcome, driver and method, of
        :func:`exresearch.findings.analyses.drivers.agreement.agreement_table`, with ``outcome_label`` (text or
        mapping).
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture or Note
        The note where there is no importance, or of too few people.

    Raises
    ------
    ValueError
        If a column is missing or a method is unknown.
    """
    if frame.empty:
        return NO_IMPORTANCE
    columns = ["outcome", "outcome_label", "driver", "label", "named", "method", "rank", "kendall_w", "n"]
    require(frame, columns, figure="method_agreement")
    unknown = sorted(set(frame["method"]) - set(_METHODS))
    if unknown:
        raise ValueError(
            f"method_agreement knows the methods {', '.join(_METHODS)}; got {', '.join(unknown)}."
        )
    released = release(
        frame.assign(text=driver_labels(frame, texts)),
        count="n",
        rules=DisclosureRules(),
        within=["outcome"],
        name="Rank of drivers by every measure of importance",
    )
    frame = visible(released)
    if frame.empty:
        return NO_IMPORTANCE
    order = frame.groupby("driver", sort=False)["rank"].mean().sort_values(kind="stable").index
    texts_of = frame.drop_duplicates("driver").set_index("driver")
    many = len(order) > _MANY
    row = 0.25 if many else 0.34
    outcomes = list(frame["outcome"].unique())
    with style():
        top = _LEGEND * -(-frame["method"].nunique() // 2) + _HEADINGS
        figure = new_figure(top + row * len(order) + _BOTTOM)
        width = (figure.get_figwidth() - _LEFT - _RIGHT - (len(outcomes) - 1) * _GUTTER) / len(outcomes)
        for place, outcome in enumerate(outcomes):
            rows = frame[frame["outcome"] == outcome]
            left = _LEFT + place * (width + _GUTTER)
            axes = add_axes(
                figure, left=left, right=figure.get_figwidth() - left - width, top=top, bottom=_BOTTOM
            )
            axes.set_ylim(len(order) - 0.5, -0.5)
            axes.set_xlim(0.4 - 0.02 * len(order), len(order) * 1.02 + 0.6)
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            for line in range(0, len(order), 2):
                axes.axhspan(line - 0.5, line + 0.5, color="#f5f7f9", zorder=0)
            spans = rows.groupby("driver", sort=False)["rank"].agg(["min", "max"])
            for line, driver in enumerate(order):
                if driver in spans.index:
                    axes.plot(
                        list(spans.loc[driver]), [line] * 2, color=COLOURS["light"], linewidth=2.2, zorder=1
                    )
            for method, (_, marker, colour, size) in reversed(_METHODS.items()):
                own = rows[rows["method"] == method]
                lines = order.get_indexer(own["driver"])
                axes.plot(
                    own["rank"],
                    lines,
                    linestyle="none",
                    marker=marker,
                    color=colour,
                    markerfacecolor=colour if method == "lmg" else "white",
                    markersize=size * (0.85 if many else 1),
                    markeredgewidth=1.1,
                    zorder=3,
                )
            number_axis(axes.xaxis, "integer", texts, ticks=4)
            axes.set_xticks(sorted({1, round((1 + len(order)) / 2), len(order)}))
            heading = wrapped(
                texts.pick(rows["outcome_label"].iloc[0]), width=max(int(width / 0.062), 8), lines=4
            )
            concordance = float(rows["kendall_w"].iloc[0])
            if not np.isnan(concordance):
                heading += "\n" + texts.say("W = {w:number2}", w=concordance)
            axes.annotate(
                heading, (0, 1), xycoords="axes fraction", xytext=(0, 4), textcoords="offset points", va="bottom",
                fontsize=7.9, color=COLOURS["ink"],
            )  # fmt: skip
            if place == 0:
                for line, driver in enumerate(order):
                    axes.annotate(
                        wrapped(
                            str(texts_of.loc[driver, "text"]),
                            width=28 if many else 23,
                            lines=1 if many else 2,
                        ),
                        (0, line),
                        xycoords=("figure fraction", "data"),
                        xytext=(2, 0),
                        textcoords="offset points",
                        va="center",
                        fontsize=8 if many else 8.8,
                        weight="bold" if texts_of.loc[driver, "named"] else "normal",
                        annotation_clip=False,
                    )
        figure.text(
            0.5 + _LEFT / figure.get_figwidth() / 2,
            0.06 / figure.get_figheight(),
            texts.say("rank (1 = most important)"),
            ha="center",
            va="bottom",
            fontsize=9.5,
            color=COLOURS["grey"],
        )
        handles = [
            Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=size + 0.6,
                   markerfacecolor=colour if method == "lmg" else "white", label=texts.say(label))
            for method, (label, marker, colour, size) in _METHODS.items() if (frame["method"] == method).any()
        ]  # fmt: skip
        figure.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(0, 1),
            ncols=2,
            frameon=False,
            fontsize=8.6,
            handletextpad=0.1,
            borderaxespad=0.1,
            columnspacing=1.0,
            labelspacing=0.35,
        )
    takeaway, alt = _words(frame, texts)
    caption = texts.say(
        "Rank of every driver by {methods:integer} measures of importance, per outcome; the line spans them. W: "
        "Kendall’s coefficient of agreement, 1 where all measures give the same order. {n:integer} answers or more.",
        methods=int(frame["method"].nunique()),
        n=int(frame["n"].min()),
    )
    return Picture(figure, caption, alt, takeaway, shown=[released])


def _words(frame: pd.DataFrame, texts: Texts) -> tuple[str, str]:
    """Takeaway and alternative text: who comes first by every measure, who keeps a place, and how far they agree."""
    spans = frame.groupby(["driver", "outcome"], sort=False)["rank"].agg(["min", "max"])
    steady = spans[spans["min"] == spans["max"]].reset_index()
    names = frame.drop_duplicates("driver").set_index("driver")["text"]
    outcomes = frame.drop_duplicates("outcome").set_index("outcome")
    first = steady.loc[steady["min"] == 1, "driver"].value_counts(sort=False)
    takeaway = texts.say("The measures do not agree on which driver comes first.")
    if len(first):
        driver = str(first.index[int(first.to_numpy().argmax())])
        takeaway = texts.say(
            "All measures put “{driver}” first, for {count:integer} of {total:integer} outcomes.",
            driver=names[driver],
            count=int(first.max()),
            total=len(outcomes),
        )
    kept = []
    for driver in dict.fromkeys(steady.sort_values("min", kind="stable")["driver"]):
        own = steady[steady["driver"] == driver]
        for rank, rows in own.groupby("min"):
            listed = ", ".join(texts.pick(outcomes.loc[name, "outcome_label"]) for name in rows["outcome"])
            kept.append(
                texts.say(
                    "“{driver}” (rank {rank} for {outcomes})",
                    driver=names[str(driver)],
                    rank=str(int(rank)),
                    outcomes=listed,
                )
            )
    same = texts.say("No driver has the same rank by all measures.")
    if kept:
        same = texts.say("The same rank by all measures: {drivers}.", drivers="; ".join(kept))
    agreement = [
        texts.say(
            "{outcome}: W = {w:number2}.", outcome=texts.pick(row.outcome_label), w=float(row.kendall_w)
        )
        for row in rows_of(outcomes)
        if not np.isnan(row.kendall_w)
    ]
    return takeaway, " ".join([takeaway, same, *agreement])
