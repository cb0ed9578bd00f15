"""Figures about how engaged people are, and how their answers are distributed."""

from __future__ import annotations

import math
import textwrap

import numpy as np
import pandas as pd

from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.report.figures.rows import draw_interval, row_value, rows_axes
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

# After six years a benchmark describes other people in another time.
_DATED_AFTER = 6
_HIDDEN = mark("Hidden, or marked ×: answers that too few people gave.")


def engagement_bands(frame: pd.DataFrame, *, texts: Texts) -> Picture:
    """Draw the share of people in each band of engagement.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``band`` (text or mapping, from low to high or the reverse), ``share``, ``conf_low``, ``conf_high``
        (0 to 1), ``n`` (answers in total).
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    require(frame, ["band", "share", "conf_low", "conf_high", "n"], figure="engagement_bands")
    labels = [texts.pick(band) for band in frame["band"]]
    with style():
        figure, axes, y = rows_axes(labels, left=1.6, right=0.75)
        highest = frame[["share", "conf_high"]].astype(float).max().max()
        axes.set_xlim(0, 1.0 if pd.isna(highest) else min(1.0, float(highest) * 1.08))
        for position, row in zip(y, rows_of(frame), strict=True):
            if pd.isna(row.share):
                row_value(axes, position, texts.say("hidden"), colour=COLOURS["grey"])
                continue
            axes.barh(position, row.share, height=0.24, color=COLOURS["sky"])
            draw_interval(
                axes,
                position,
                row.share,
                row.conf_low,
                row.conf_high,
                colour=COLOURS["ink"],
                marker="|",
                size=8,
            )
            row_value(axes, position, texts.number(row.share, "percent0"), bold=True)
        number_axis(axes.xaxis, "percent0", texts)
        axes.set_xlabel(texts.say("share of employees"))
    listed = "; ".join(
        texts.say(
            "{band}: {share:percent0} (interval {low:percent0} to {high:percent0})",
            band=label,
            share=row.share,
            low=row.conf_low,
            high=row.conf_high,
        )
        for label, row in zip(labels, rows_of(frame), strict=True)
        if pd.notna(row.share)
    )
    shares = frame["share"].astype(float).reset_index(drop=True)
    if shares.notna().any():
        largest = int(np.nanargmax(shares.to_numpy()))
        takeaway = texts.say(
            "The largest group is “{band}”, with {share:percent0}.",
            band=labels[largest],
            share=shares[largest],
        )
    else:
        takeaway = texts.say("Every group is too small to be shown.")
    caption = texts.say(
        "Share of employees in each band, with {intervals}; {n:integer} answers.",
        intervals=intervals_name(frame, texts),
        n=int(frame["n"].max()),
    )
    if shares.isna().any():
        caption += " " + texts.say(_HIDDEN)
    return Picture(figure, caption, f"{listed}." if listed else takeaway, takeaway)


def engaged_share_benchmarks(
    estimate: EstimateRecord | Finding,
    published: pd.DataFrame,
    *,
    texts: Texts,
    latest_year: int | None = None,
) -> Picture:
    """Draw the client's engaged share beside published, dated figures.

    Parameters
    ----------
    estimate : EstimateRecord or Finding
        The client's share with its interval.
    published : pandas.DataFrame
        ``value`` (0 to 1), ``year`` (int or text such as "2011-2012"), ``region`` (text or mapping). Without rows the
        client's share stands alone.
    texts : Texts
        Language of the reader.
    latest_year : int, optional
        Year against which a figure is old; the newest published one by default.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing, or the estimate holds no number.
    """
    if not published.empty:
        require(published, ["value", "year", "region"], figure="engaged_share_benchmarks")
    if estimate.estimate is None or estimate.conf_low is None or estimate.conf_high is None:
        raise ValueError(
            "engaged_share_benchmarks needs an estimate with an interval; this finding was not testable."
        )
    years = [int(str(year)[-4:]) for year in published["year"]]
    newest = latest_year if latest_year is not None else max(years, default=0)
    order = sorted(range(len(years)), key=lambda index: -years[index])
    labels = [texts.say("This organisation")]
    labels += [f"{texts.pick(published['region'].iloc[i])}, {published['year'].iloc[i]}" for i in order]
    with style():
        figure, axes, y = rows_axes(labels, left=1.95, right=1.35, bold=[True] + [False] * len(order))
        values = [float(published["value"].iloc[index]) for index in order]
        axes.set_xlim(0, min(1.0, max([estimate.conf_high, *values]) * 1.1))
        axes.axvspan(estimate.conf_low, estimate.conf_high, color=COLOURS["band"], zorder=0)
        draw_interval(
            axes,
            y[0],
            estimate.estimate,
            estimate.conf_low,
            estimate.conf_high,
            colour=COLOURS["blue"],
            size=9,
        )
        row_value(axes, y[0], texts.number(estimate.estimate, "percent0"), bold=True)
        for position, index, value in zip(y[1:], order, values, strict=True):
            old = newest - years[index] >= _DATED_AFTER
            axes.plot(
                [value],
                [position],
                marker="D",
                markersize=6.5,
                markerfacecolor="white" if old else COLOURS["grey"],
                markeredgecolor=COLOURS["grey"],
                linestyle="none",
                zorder=4,
                clip_on=False,
            )
            shown = texts.number(value, "percent0")
            row_value(
                axes, position, f"{shown} ({texts.say('dated')})" if old else shown, colour=COLOURS["grey"]
            )
        number_axis(axes.xaxis, "percent0", texts)
        axes.set_xlabel(texts.say("share of employees who are engaged"))
    own = texts.say(
        "{share:percent0} of the employees are engaged ({level:percent0} interval {low:percent0} to "
        "{high:percent0}).",
        level=estimate.conf_level,
        share=estimate.estimate,
        low=estimate.conf_low,
        high=estimate.conf_high,
    )
    if published.empty:
        return Picture(figure, texts.say("The engaged share with its interval (shaded)."), own, own)
    listed = "; ".join(
        f"{label}: {texts.number(value, 'percent0')}" for label, value in zip(labels[1:], values, strict=True)
    )
    caption = texts.say(
        "The engaged share with its interval (shaded) beside published figures. Open diamonds are dated: "
        "they say nothing about today."
    )
    return Picture(figure, caption, f"{own} {texts.say('Published figures')}: {listed}.", own)


def outcome_distribution(frame: pd.DataFrame, *, texts: Texts) -> Picture:
    """Draw how the answers on each outcome are distributed, one small panel per outcome.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``outcome`` (text or mapping), ``value`` (answer category, in order), ``share`` (of the outcome's
        answers, 0 to 1).
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    require(frame, ["outcome", "value", "share"], figure="outcome_distribution")
    names = [texts.pick(outcome) for outcome in frame["outcome"]]
    outcomes = list(dict.fromkeys(names))
    columns = 2 if len(outcomes) > 1 else 1
    rows = math.ceil(len(outcomes) / columns)
    height, gap, modes = 1.75, 0.15, []
    with style():
        figure = new_figure(rows * height)
        panel = figure.get_figwidth() / columns
        for index, outcome in enumerate(outcomes):
            part = frame[[name == outcome for name in names]]
            row, column = divmod(index, columns)
            axes = add_axes(
                figure,
                left=column * panel + gap,
                right=(columns - 1 - column) * panel + gap,
                top=row * height + 0.42,
                bottom=(rows - 1 - row) * height + 0.3,
            )
            axes.spines["left"].set_visible(False)
            axes.set_yticks([])
            shares = part["share"].astype(float).to_numpy()
            known = np.nan_to_num(shares)
            top = int(known.argmax())
            colours = [COLOURS["blue"] if i == top else COLOURS["sky"] for i in range(len(shares))]
            axes.bar(range(len(shares)), known, width=0.78, color=colours)
            axes.set_ylim(0, max(float(known.max()), 0.01) * 1.05)
            for place in np.flatnonzero(np.isnan(shares)):
                axes.annotate(
                    "×", (place, 0), xytext=(0, 2), ha="center", textcoords="offset points", fontsize=8
                )
            if known[top] > 0:
                axes.annotate(
                    texts.number(float(known[top]), "percent0"),
                    (top, known[top]),
                    xytext=(0, 2),
                    ha="center",
                    textcoords="offset points",
                    fontsize=8.5,
                    weight="bold",
                )
            values = [_category(value, texts) for value in part["value"]]
            axes.set_xticks(range(len(values)), values, fontsize=8)
            axes.tick_params(axis="x", length=0)
            axes.set_title(
                textwrap.shorten(outcome, width=34, placeholder=" …"),
                fontsize=9.5,
                loc="left",
                pad=12,
                color=COLOURS["ink"],
            )
            if not known[top]:
                modes.append(
                    texts.say("{outcome}: too few answers of each kind to be shown", outcome=outcome)
                )
                continue
            modes.append(
                texts.say(
                    "{outcome}: most often {value} ({share:percent0})",
                    outcome=outcome,
                    value=values[top],
                    share=float(shares[top]),
                )
            )
    described = "; ".join(modes) + "."
    caption = texts.say(
        "How the answers are distributed. The most frequent answer is darker and has its share above it."
    )
    if frame["share"].isna().any():
        caption += " " + texts.say(_HIDDEN)
    return Picture(figure, caption, described, described)


def _category(value: object, texts: Texts) -> str:
    if isinstance(value, int | float) or hasattr(value, "__float__"):
        return texts.number(value, "number0" if float(value).is_integer() else "number1")
    return texts.pick(value)
