"""Figures that say what the data can carry: how many answered, what weights cost, what could be found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.columns import EFFECTS, INVITED, TABLE_LABELS, effect_spec
from exresearch.report.figures.rows import draw_interval, headroom, row_value, rows_panels
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
from exresearch.study.remarks import one_or_more

# A loss that is rounded to no per cent.
_NOTHING = 0.005
# For one hypothesis, and for more.
_TESTABLE = (
    mark("Only {testable} of {total} hypotheses can be tested with these data."),
    mark("{testable} of {total} hypotheses can be tested with these data."),
)
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
    released = release(frame, count="n", rules=rules)
    shown = frame[~released.hidden]
    with style():
        figure = new_figure(2.9)
        axes = add_axes(figure, left=0.1, right=0.1, top=0.5, bottom=0.62)
        axes.spines["left"].set_visible(False)
        axes.set_yticks([])
        x = np.arange(len(frame))
        counts = frame["n"].astype(float).where(~released.hidden, 0.0).to_numpy()
        axes.bar(x, counts, width=0.62, color=COLOURS["blue"])
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
    return Picture(figure, caption, takeaway, takeaway)


def detectable_effects(frame: pd.DataFrame, *, texts: Texts, power: float = 0.8) -> Picture:
    """Draw the smallest effect that this study would find, for each hypothesis.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``title`` (hypothesis, text or mapping), ``testable`` (bool), ``value`` (detectable effect, may be
        missing), ``kind`` (``correlation``, ``share_difference`` or ``variance_share``), ``n`` (units or
        respondents that decide, may be missing).
    texts : Texts
        Language of the reader.
    power : float
        Probability of finding the effect.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing, a kind is unknown, or there is no row.
    """
    require(frame, ["title", "testable", "value", "kind", "n"], figure="detectable_effects")
    unknown = sorted(set(frame["kind"].dropna()) - set(EFFECTS))
    if unknown:
        raise ValueError(
            f"detectable_effects knows the kinds {', '.join(EFFECTS)}; got {', '.join(unknown)}."
        )
    ordered = frame.sort_values(
        ["testable", "value"], ascending=[False, True], na_position="last", kind="stable"
    )
    # What has no detectable effect stands with the correlations, the commonest kind.
    kinds = ordered["kind"].astype(object).where(ordered["kind"].notna(), "correlation")
    groups = [(kind, ordered[kinds == kind]) for kind in EFFECTS if (kinds == kind).any()]
    with style():
        labels = [[texts.pick(title) for title in part["title"]] for _, part in groups]
        figure, panels = rows_panels(labels, left=2.2, right=1.05, top=0.36, bottom=0.42, wrap=28)
        for (kind, part), (axes, positions) in zip(groups, panels, strict=True):
            name, spec = EFFECTS[kind][0], _spec(kind, part)
            headroom(axes, texts.say(name))
            _detectable_panel(axes, positions, part, spec=spec, texts=texts)
        panels[-1][0].set_xlabel(texts.say("dot: testable · cross: not testable"))
    testable = int(frame["testable"].sum())
    takeaway = texts.say(one_or_more(_TESTABLE, testable), testable=testable, total=len(frame))
    return Picture(
        figure,
        texts.say(
            "The smallest effect that this study would find with {power:percent0} probability; further to "
            "the left is better.",
            power=power,
        ),
        takeaway + " " + _detail(ordered, texts),
        takeaway,
    )


def weight_ranges(frame: pd.DataFrame, *, texts: Texts) -> Picture | Note:
    """Draw how unequal the weights of each table and wave are, with the effective number of answers.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``table``, ``wave``, ``source`` (``supplied``, ``raked`` or ``none``), ``n``, ``n_eff``, ``design_effect``,
        ``smallest``, ``largest`` (weights over their mean).
    texts : Texts
        Language of the reader.

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
    groups = [(str(name), part) for name, part in weighted.groupby("table", sort=False)]
    with style():
        figure, panels = rows_panels(
            [[_wave_text(wave, texts) for wave in part["wave"]] for _, part in groups],
            left=1.1,
            right=2.0,
            top=0.36,
            bottom=0.5,
            least=0.33,
        )
        high = float(weighted["largest"].max()) * 1.05
        low = min(0.0, float(weighted["smallest"].min()))
        for (name, part), (axes, positions) in zip(groups, panels, strict=True):
            headroom(axes, texts.say(TABLE_LABELS[name]))
            axes.set_xlim(low, max(high, 1.2))
            axes.axvline(1, color=COLOURS["grey"], linewidth=1)
            for y, row in zip(positions, rows_of(part), strict=True):
                draw_interval(axes, y, 1.0, row.smallest, row.largest, colour=COLOURS["blue"])
                text = texts.say(
                    "{n:integer} count as {n_eff:integer}", n=float(row.n), n_eff=float(row.n_eff)
                )
                row_value(axes, y, text, wrap=30, bold=True)
            number_axis(axes.xaxis, "number1", texts)
        panels[-1][0].set_xlabel(texts.say("weight of an answer sheet; 1 is the average"))
    worst = weighted.iloc[int(weighted["design_effect"].to_numpy(dtype="float64").argmax())]
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
        "Smallest and largest weight in each wave; at the right the number of answer sheets, and the number of equally "
        "weighted ones that would be as precise."
    )
    return Picture(figure, caption, takeaway, takeaway)


def _detectable_panel(
    axes: Axes, positions: list[float], part: pd.DataFrame, *, spec: str, texts: Texts
) -> None:
    finite = part["value"].dropna().astype(float)
    axes.set_xlim(0, min(1.0, float(finite.max()) * 1.15) if len(finite) else 0.5)
    for position, row in zip(positions, rows_of(part), strict=True):
        if pd.isna(row.value):
            row_value(axes, position, texts.say("not testable"), colour=COLOURS["grey"])
            continue
        colour = COLOURS["blue"] if row.testable else COLOURS["grey"]
        reach = min(float(row.value), axes.get_xlim()[1])
        axes.hlines(position, 0, reach, color=COLOURS["light"], linewidth=2)
        marker = "o" if row.testable else "X"
        axes.plot([reach], [position], marker=marker, color=colour, markersize=7, clip_on=False)
        row_value(
            axes, position, texts.number(float(row.value), spec), colour=colour, bold=bool(row.testable)
        )
    # Percentage points and small percentages are long to write.
    ticks = 2 if spec.startswith("points") or spec == "percent4" else 4
    number_axis(axes.xaxis, spec if len(finite) else "number1", texts, ticks=ticks)


def _spec(kind: str, part: pd.DataFrame) -> str:
    return effect_spec(kind, float(part["value"].fillna(1.0).min()))


def _wave_label(row: Any, texts: Texts, short: bool) -> str:
    wave, units = _wave_text(row.wave, texts), row.n_units
    if pd.isna(units):
        return wave
    shown = texts.number(units, "integer")
    return f"{wave}\n{shown}" if short else f"{wave}\n" + texts.say("{n} units", n=shown)


def _detail(frame: pd.DataFrame, texts: Texts) -> str:
    parts = []
    for row in rows_of(frame):
        if pd.notna(row.value):
            name, spec = EFFECTS[row.kind][0], _spec(row.kind, frame[frame["kind"] == row.kind])
            parts.append(
                f"{texts.pick(row.title)}: {texts.number(float(row.value), spec)} ({texts.say(name)})"
            )
    return "; ".join(parts) + ("." if parts else "")


def _wave_text(wave: object, texts: Texts) -> str:
    return texts.say("all") if pd.isna(wave) or wave in ("", "all") else str(wave)  # type: ignore[call-overload]
