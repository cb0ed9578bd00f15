"""Figures that say what the data can carry: how many answered, and what weights cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups, release
from exresearch.findings.note import Note
from exresearch.report.columns import INVITED, TABLE_LABELS
from exresearch.report.figures.door import release_tables, too_few, whole_as_missing
from exresearch.report.figures.rows import draw_interval, headroom, row_value, rows_panels
from exresearch.report.text import Texts
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

# A loss that is rounded to no per cent.
_NOTHING = 0.005
NO_SHEETS = Note(message="The study has no answer sheets of its own, so there is nothing to weight.")
NO_WEIGHTS = Note(message="The answers have no weights: every answer sheet counts as one.")


def response_by_wave(frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> Picture:
    """Draw how many people answered in each wave.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``wave`` (str, in order), ``n`` (answers), ``n_units`` (units, may be missing), ``response_rate``
        (share of those invited, may be missing), ``source`` (of the number invited, may be missing).
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Waves below the minimum, and those that would give them away, get no bar.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    require(frame, ["wave", "n", "n_units", "response_rate", "source"], figure="response_by_wave")
    released = release(
        frame.reset_index(drop=True).assign(of_wave=whole_as_missing(frame["wave"]).to_numpy()),
        count="n",
        rules=rules,
        groups=Groups("employees", by={"wave": "of_wave"}),
        name="response by wave",
    )
    frame, shown = released.frame, released.frame[~released.hidden]
    with style():
        figure = new_figure(2.9)
        axes = add_axes(figure, left=0.1, right=0.1, top=0.5, bottom=0.62)
        axes.spines["left"].set_visible(False)
        axes.set_yticks([])
        x = np.arange(len(frame))
        counts = frame["n"].astype("Float64").fillna(0.0).to_numpy("float64")
        axes.bar(shown.index, counts[shown.index], width=0.62, color=COLOURS["blue"])
        # Few bars stand in the middle, no wider than those of many.
        middle, half = (len(frame) - 1) / 2, max(len(frame) / 2 + 0.1, len(frame) / 8 + 1.5)
        axes.set_xlim(middle - half, middle + half)
        crowded = len(frame) > 8
        for index, row in enumerate(rows_of(frame)):
            lines = [texts.say("n < {minimum}", minimum=rules.min_respondents)]
            if row.Index in shown.index:
                lines = [texts.number(row.n, "integer")]
            if row.Index in shown.index and pd.notna(row.response_rate):
                lines.append(texts.number(row.response_rate, "percent0"))
            axes.annotate(
                "\n".join(lines),
                (index, counts[index]),
                xytext=(0, 4),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=7.5 if crowded else 9.5,
                weight="bold",
            )
        ticks = [_wave_label(row, texts, len(frame) > 5) for row in rows_of(frame)]
        axes.set_xticks(x, ticks, fontsize=7.5 if crowded else 9)
        axes.tick_params(axis="x", length=0)
    low, high = (int(shown["n"].min()), int(shown["n"].max())) if len(shown) else (0, 0)
    if shown.empty:
        takeaway = texts.say("Fewer than {needed:integer} people answered.", needed=rules.min_respondents)
    elif len(frame) == 1:
        takeaway = texts.say("{n:integer} people answered.", n=high)
    else:
        takeaway = texts.say(
            "Between {low:integer} and {high:integer} people answered in each of {waves} waves.",
            low=low,
            high=high,
            waves=len(shown),
        )
    rates = shown["response_rate"].dropna()
    if len(rates):
        takeaway += " " + texts.say("The lowest response rate was {rate:percent0}.", rate=float(rates.min()))
    caption = texts.say("Answers in each wave, and below it the number of units.")
    if frame["n_units"].isna().all():
        caption = texts.say("Answers in each wave.")
    sources = list(dict.fromkeys(shown.loc[shown["response_rate"].notna(), "source"]))
    if sources:
        caption += " " + texts.say("The percentage is the response rate.")
        caption += "".join(f" {texts.say(INVITED[source])}" for source in sources)
    return Picture(figure, caption, takeaway, takeaway, [released])


def weight_ranges(frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Draw how unequal the weights of each table and wave are, with the effective number of answers.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``table``, ``wave``, ``source`` (``supplied``, ``raked`` or ``none``), ``n``, ``n_eff``, ``design_effect``,
        ``smallest``, ``largest`` (weights over their mean, that as many sheets as the rules ask for have or go beyond).
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Waves below the minimum, and those that would give them away, get no number.

    Returns
    -------
    Picture or Note
        The note where no table has weights.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if frame.empty:
        return NO_SHEETS
    weighted = frame[frame["source"] != "none"] if "source" in frame else frame
    if weighted.empty:
        return NO_WEIGHTS
    needed = ["table", "wave", "source", "n", "n_eff", "design_effect", "smallest", "largest"]
    require(weighted, needed, figure="weight_ranges")
    work, released = release_tables(
        # One is the mean of all weights.
        weighted.assign(of_wave=whole_as_missing(weighted["wave"]), average=1.0),
        count="n",
        rules=rules,
        groups=lambda table: Groups(table, by={"wave": "of_wave"}),
        name="weights",
    )
    shown = work[~work["hidden"]]
    if shown.empty:
        return too_few(rules)
    groups = [(str(name), part) for name, part in work.groupby("table", sort=False)]
    with style():
        figure, panels = rows_panels(
            [[_wave_text(wave, texts) for wave in part["wave"]] for _, part in groups],
            left=1.1,
            right=2.0,
            top=0.36,
            bottom=0.5,
            least=0.33,
        )
        high = float(shown["largest"].fillna(1.0).max()) * 1.05
        low = min(0.0, float(shown["smallest"].fillna(1.0).min()))
        for (name, part), (axes, positions) in zip(groups, panels, strict=True):
            headroom(axes, texts.say(TABLE_LABELS[name]))
            axes.set_xlim(low, max(high, 1.2))
            axes.axvline(1, color=COLOURS["grey"], linewidth=1)
            for y, row in zip(positions, rows_of(part), strict=True):
                if row.hidden:
                    secret = texts.say("n < {minimum}", minimum=rules.min_respondents)
                    row_value(axes, y, secret, colour=COLOURS["grey"])
                    continue
                draw_interval(axes, y, row.average, row.smallest, row.largest, colour=COLOURS["blue"])
                text = texts.say(
                    "{n:integer} count as {n_eff:integer}", n=float(row.n), n_eff=float(row.n_eff)
                )
                row_value(axes, y, text, wrap=30, bold=True)
            number_axis(axes.xaxis, "number1", texts)
        panels[-1][0].set_xlabel(texts.say("weight of an answer sheet; 1 is the average"))
    worst = shown.iloc[int(shown["design_effect"].to_numpy(dtype="float64").argmax())]
    loss = 1 - float(worst["n_eff"]) / float(worst["n"])
    takeaway = texts.say(
        "Weighting costs precision, at most as much as losing {loss:percent0} of the answers ({table}, {wave}).",
        loss=loss,
        table=texts.say(TABLE_LABELS[str(worst["table"])]),
        wave=_wave_text(worst["wave"], texts),
    )
    if loss < _NOTHING:
        takeaway = texts.say("The weights cost hardly any precision.")
    caption = texts.say(
        "Smallest and largest weight in each wave that at least {least:integer} answer sheets have or go beyond; at "
        "the right the number of answer sheets, and the number of equally weighted ones that would be as precise.",
        least=rules.min_respondents,
    )
    return Picture(figure, caption, takeaway, takeaway, released)


def _wave_label(row: Any, texts: Texts, short: bool) -> str:
    wave, units = _wave_text(row.wave, texts), row.n_units
    if pd.isna(units):
        return wave
    shown = texts.number(units, "integer")
    return f"{wave}\n{shown}" if short else f"{wave}\n" + texts.say("{n} units", n=shown)


def _wave_text(wave: object, texts: Texts) -> str:
    return texts.say("all") if pd.isna(wave) or wave in ("", "all") else str(wave)  # type: ignore[call-overload]
