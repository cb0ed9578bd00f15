"""How the constructs go together: correlations as they are, and without the noise of measurement."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.figures.door import model_rules
from exresearch.report.figures.rows import LINE, rows_axes
from exresearch.report.text import Texts
from exresearch.report.theme import COLOURS, Picture, require, rows_of, style

_MOST = 14
# Measured apart, and hardly two things: the upper end of what discriminant validity allows (Ronkko & Cho 2022).
_SAME = 0.9
NO_CORRELATIONS = Note(
    message="Too few people answered about two constructs, so there are no correlations to show."
)


def correlation_map(frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Draw the correlations between constructs as a map: below the diagonal as measured, above it disattenuated.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per pair: ``x, y, x_label, y_label, r, conf_low, conf_high, disattenuated, n, respondents`` of
        :func:`exresearch.measures.correlation_table`; a missing ``disattenuated`` stays blank.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        A correlation rests on as many people as a driver model; others are left blank.

    Returns
    -------
    Picture or Note
        The note where there is no pair.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if frame.empty:
        return NO_CORRELATIONS
    columns = [
        "x",
        "y",
        "x_label",
        "y_label",
        "r",
        "conf_low",
        "conf_high",
        "disattenuated",
        "n",
        "respondents",
    ]
    require(frame, columns, figure="correlation_map")
    released = release(
        frame[frame["r"].notna()],
        count="respondents",
        rules=model_rules(rules),
        within=["x", "y"],
        name="correlations between constructs",
    )
    frame = released.frame[~released.hidden]
    if frame.empty:
        return NO_CORRELATIONS
    named = dict(zip(frame["x"], frame["x_label"], strict=True))
    named |= dict(zip(frame["y"], frame["y_label"], strict=True))
    # Those whose correlations can be corrected come first: the map says most about them.
    corrected = frame[frame["disattenuated"].notna()]
    able = {*corrected["x"], *corrected["y"]}
    names = sorted(named, key=lambda name: name not in able)[:_MOST]
    pairs = frame[frame["x"].isin(names) & frame["y"].isin(names)]
    labels = [f"{place}  {texts.pick(named[name])}" for place, name in enumerate(names, start=1)]
    count = len(names)
    with style():
        figure, axes, positions = rows_axes(
            labels, left=2.15, right=0.1, top=0.3, bottom=0.08, wrap=27, least=0.3
        )
        axes.set_xlim(0, count)
        axes.xaxis.grid(False)
        axes.spines["bottom"].set_visible(False)
        axes.xaxis.tick_top()
        axes.set_xticks(np.arange(count) + 0.5, [str(place) for place in range(1, count + 1)], fontsize=8)
        axes.tick_params(axis="x", length=0, pad=1)
        half = min((b - a for a, b in pairwise(positions)), default=LINE * 2) / 2
        for row in rows_of(pairs):
            a, b = names.index(str(row.x)), names.index(str(row.y))
            low, high = max(a, b), min(a, b)
            for line, column, value in ((low, high, row.r), (high, low, row.disattenuated)):
                if pd.isna(value):
                    continue
                y = positions[line]
                # Limits are set: `add_patch` would look for new ones, which takes longer than the cell.
                axes.add_artist(
                    Rectangle(
                        (column, y - half),
                        1,
                        2 * half,
                        facecolor=_shade(float(value)),
                        edgecolor="white",
                        lw=1,
                    )
                )
                ink = "white" if abs(float(value)) > 0.62 else COLOURS["ink"]
                axes.text(
                    column + 0.5, y, texts.number(100 * float(value), "integer"), ha="center", va="center",
                    fontsize=7.5, color=ink,
                )  # fmt: skip
    able_pairs = frame[frame["disattenuated"].notna()]
    close = able_pairs[able_pairs["disattenuated"].abs() >= _SAME]
    takeaway = texts.say(
        "Whether people tell the constructs apart cannot be judged: no pair has a known reliability on both sides."
    )
    if len(close):
        nearest = close.iloc[int(close["disattenuated"].abs().to_numpy().argmax())]
        takeaway = texts.say(
            "Hardly to be told apart, of {total:integer} pairs that can be judged: {count:integer}. The closest are "
            "“{x}” and “{y}” (disattenuated {value:number2}).",
            total=len(able_pairs),
            count=len(close),
            x=texts.pick(nearest["x_label"]),
            y=texts.pick(nearest["y_label"]),
            value=float(nearest["disattenuated"]),
        )
    elif len(able_pairs):
        takeaway = texts.say(
            "Of {total:integer} pairs that can be judged, none comes near to measuring the same.",
            total=len(able_pairs),
        )
    caption = texts.say(
        "Correlations between scores of people, in hundredths. Below the diagonal as measured, above it without the "
        "noise of measurement (disattenuated; blank where a construct has one question and its reliability is "
        "unknown). Darker is stronger; orange is negative. From {limit:number2} on two constructs can hardly be told "
        "apart. {least:integer} to {most:integer} answer sheets.",
        limit=_SAME,
        least=int(frame["n"].min()),
        most=int(frame["n"].max()),
    )
    if len(named) > count:
        caption += " " + texts.say(
            "The first {shown:integer} of {total:integer} constructs.", shown=count, total=len(named)
        )
    strongest = frame.iloc[int(frame["r"].abs().to_numpy().argmax())]
    alt = texts.say(
        "As measured, the strongest correlation is {r:number2} (interval {low:number2} to {high:number2}), between "
        "“{x}” and “{y}”.",
        r=float(strongest["r"]),
        low=float(strongest["conf_low"]),
        high=float(strongest["conf_high"]),
        x=texts.pick(strongest["x_label"]),
        y=texts.pick(strongest["y_label"]),
    )
    return Picture(figure, caption, f"{takeaway} {alt}", takeaway, [released], drawn={"x": names, "y": names})


def _shade(value: float) -> tuple[float, float, float]:
    light, dark = (0.93, 0.95, 0.97), (0.0, 0.36, 0.60) if value >= 0 else (0.80, 0.33, 0.0)
    strength = min(abs(value), 1.0)
    return tuple(a + (b - a) * strength for a, b in zip(light, dark, strict=True))  # type: ignore[return-value]
