"""Figures of the link between employee and customer experience, unit by unit and leaders against laggards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups, release
from exresearch.findings.note import Note
from exresearch.report.figures.door import too_few
from exresearch.report.figures.linkage.release import release_units, side_columns
from exresearch.report.figures.rows import draw_interval, row_value, rows_axes
from exresearch.report.figures.visible import visible
from exresearch.report.text import Texts, mark
from exresearch.report.theme import (
    COLOURS,
    Picture,
    add_axes,
    intervals_name,
    new_figure,
    number_axis,
    require,
    style,
)

_GROUPS = {
    "leaders": (mark("leaders"), "^", COLOURS["blue"]),
    "middle": (mark("in between"), "o", COLOURS["grey"]),
    "laggards": (mark("laggards"), "v", COLOURS["orange"]),
}
_LINKS = {
    "up": mark("Where “{ex}” is higher, “{cx}” tends to be higher too."),
    "down": mark("Where “{ex}” is higher, “{cx}” tends to be lower."),
    "open": mark("Between units no clear link shows between “{ex}” and “{cx}”."),
}
LEFT_OUT = mark(
    "Not drawn: {left_out} units with fewer than {minimum} answers, or whose answers would give those of such a unit "
    "away."
)
FEW_UNITS = Note(message="Not drawn: fewer than {minimum} units have enough answers.")


def unit_scatter(
    frame: pd.DataFrame,
    *,
    texts: Texts,
    ex_label: str,
    cx_label: str,
    ex_is_share: bool,
    rules: DisclosureRules,
    groups: Mapping[str, Groups],
    line: tuple[float, float] | None = None,
    correlation: tuple[float, float] | None = None,
) -> Picture | Note:
    """Draw units by their employee and customer experience.

    Units with too few answers are left out, with those that would give them away, and nothing names a unit. With too
    few units a note says so.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per unit: ``unit``, ``ex``, ``cx``, ``ex_n``, ``cx_n`` (answers behind each side), ``group``
        (``leaders``, ``middle``, ``laggards``); optional ``linked`` (false: not to be drawn).
    texts : Texts
        Language of the reader.
    ex_label, cx_label : str
        What the axes show.
    ex_is_share : bool
        Whether ``ex`` is a share, shown as a percentage.
    rules : DisclosureRules
        Minimum answers per unit and minimum number of units.
    groups : mapping of str to Groups
        Who is counted on each side, ``ex`` and ``cx``.
    line : tuple of float, optional
        Intercept and slope of the fitted line, in the units of the axes.
    correlation : tuple of float, optional
        Confidence limits of the correlation; the takeaway claims a link only where they exclude zero.

    Returns
    -------
    Picture or Note

    Raises
    ------
    ValueError
        If a column is missing, there is no row, or a group is unknown.
    """
    require(frame, ["unit", "ex", "cx", "ex_n", "cx_n", "group"], figure="unit_scatter")
    unknown = sorted({str(group) for group in frame["group"].dropna()} - set(_GROUPS))
    if unknown:
        raise ValueError(f"unit_scatter knows the groups {', '.join(_GROUPS)}; got {', '.join(unknown)}.")
    shown, released = release_units(frame, groups=groups, rules=rules, name="Units by both sides")
    if len(shown) < rules.min_units:
        return FEW_UNITS.model_copy(update={"values": {"minimum": rules.min_units}})
    caption = texts.say("{ex} and {cx} of {units:integer} units.", ex=ex_label, cx=cx_label, units=len(shown))
    left_out = (int(frame["linked"].sum()) if "linked" in frame else len(frame)) - len(shown)
    if left_out:
        caption += " " + texts.say(LEFT_OUT, minimum=rules.min_respondents, left_out=left_out)
    with style():
        figure = new_figure(4.3)
        axes = add_axes(figure, left=0.68, right=0.12, top=0.48, bottom=0.6)
        axes.grid(True)
        for name, (label, marker, colour) in _GROUPS.items():
            part = shown[shown["group"] == name]
            if len(part):
                axes.plot(
                    part["ex"].astype(float),
                    part["cx"].astype(float),
                    linestyle="none",
                    marker=marker,
                    markersize=6.5,
                    color=colour,
                    alpha=0.75,
                    markeredgecolor="white",
                    markeredgewidth=0.6,
                    label=texts.say(label),
                )
        if line is not None:
            ends = np.array([float(shown["ex"].min()), float(shown["ex"].max())])
            axes.plot(ends, line[0] + line[1] * ends, color=COLOURS["ink"], linewidth=2, zorder=4)
        axes.set_xlabel(ex_label)
        axes.set_ylabel(cx_label)
        number_axis(axes.xaxis, axis_spec(shown["ex"], share=ex_is_share), texts)
        number_axis(axes.yaxis, axis_spec(shown["cx"]), texts)
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=3,
            frameon=False,
            fontsize=9,
            handletextpad=0.2,
            borderaxespad=0.2,
        )
    takeaway = texts.say("Each mark is a unit.")
    if correlation is not None:
        message = _LINKS["up" if correlation[0] > 0 else "down" if correlation[1] < 0 else "open"]
        takeaway = texts.say(message, ex=ex_label, cx=cx_label)
    alt = f"{takeaway} {caption}"
    if correlation is not None:
        alt += " " + texts.say(
            "The interval of the correlation runs from {low:number2} to {high:number2}.",
            low=correlation[0],
            high=correlation[1],
        )
    columns = side_columns(ex_label, cx_label, ex_is_share=ex_is_share, texts=texts)
    return Picture(figure, caption, alt, takeaway, released, columns=columns)


def leaders_laggards(
    frame: pd.DataFrame,
    *,
    texts: Texts,
    measure: str,
    rules: DisclosureRules,
    groups: Groups | None = None,
    published: tuple[float, float] | None = None,
    published_label: str | None = None,
) -> Picture | Note:
    """Draw the favourable share among the leaders and the laggards in customer experience.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows ``share_leaders`` and ``share_laggards`` in ``term``, with ``estimate, conf_low, conf_high`` (0
        to 1), ``n`` (answers in all units) and ``people`` (answers in the group; missing where they are not known);
        other rows are ignored.
    texts : Texts
        Language of the reader.
    measure : str
        What the share is a share of, in the reader's language, such as "share of engaged employees".
    rules : DisclosureRules
        Minimum groups.
    groups : Groups, optional
        Who is counted, where that is known.
    published : tuple of float, optional
        Published shares of leaders and laggards, drawn as a reference.
    published_label : str, optional
        Source and year of that pair; needed with it, because an undated benchmark is none.

    Returns
    -------
    Picture or Note
        The note where too few people are among either.

    Raises
    ------
    ValueError
        If a column or a row is missing, or the published pair has no label.
    """
    require(frame, ["term", "estimate", "conf_low", "conf_high", "n", "people"], figure="leaders_laggards")
    terms = ["share_leaders", "share_laggards"]
    missing = [term for term in terms if term not in set(frame["term"])]
    if missing:
        raise ValueError(
            f"leaders_laggards needs the terms {', '.join(terms)}; missing: {', '.join(missing)}."
        )
    if published is not None and not published_label:
        raise ValueError("leaders_laggards: published figures need published_label, with source and year.")
    chosen = frame[frame["term"].isin(terms)]
    known = groups is not None and bool(chosen["people"].notna().all())
    released = release(
        chosen.assign(people=chosen["people"] if known else chosen["n"]),
        count="people", rules=rules, groups=groups if known else None, name="Leaders and laggards",
    )  # fmt: skip
    if released.n_hidden:
        return too_few(rules)
    rows = visible(released).set_index("term")
    labels = [texts.say("Leaders in customer experience"), texts.say("Laggards in customer experience")]
    with style():
        figure, axes, y = rows_axes(
            labels, left=1.95, right=0.8, top=0.36 if published else 0.15, bottom=0.62
        )
        references = list(published) if published else []
        highest = max([float(rows.loc[terms, "conf_high"].max()), *references])
        axes.set_xlim(0, min(1.0, highest * 1.1))
        for index, (term, colour, marker) in enumerate(
            zip(terms, (COLOURS["blue"], COLOURS["orange"]), "^v", strict=True)
        ):
            row: Any = rows.loc[term]
            if published is not None:
                axes.plot(
                    [published[index]] * 2,
                    [y[index] - 0.16, y[index] + 0.16],
                    color=COLOURS["grey"],
                    linewidth=1.6,
                    linestyle=(0, (2, 1.2)),
                )
                axes.text(
                    published[index],
                    y[index] - 0.17,
                    texts.number(published[index], "percent0"),
                    ha="center",
                    va="bottom",
                    fontsize=7.5,
                    color=COLOURS["grey"],
                )
            draw_interval(
                axes,
                y[index],
                row["estimate"],
                row["conf_low"],
                row["conf_high"],
                colour=colour,
                marker=marker,
                size=9,
            )
            row_value(axes, y[index], texts.number(row["estimate"], "percent0"), bold=True)
        number_axis(axes.xaxis, "percent0", texts)
        axes.set_xlabel(measure)
    lead, lag = rows.loc[terms[0]], rows.loc[terms[1]]
    takeaway = texts.say(
        "{measure}: {leaders:percent0} among the leaders in customer experience, {laggards:percent0} among "
        "the laggards.",
        measure=measure[:1].upper() + measure[1:],
        leaders=lead["estimate"],
        laggards=lag["estimate"],
    )
    alt = (
        takeaway
        + " "
        + texts.say(
            "The intervals run from {a:percent0} to {b:percent0} and from {c:percent0} to {d:percent0}.",
            a=lead["conf_low"],
            b=lead["conf_high"],
            c=lag["conf_low"],
            d=lag["conf_high"],
        )
    )
    # Where nothing is known of answers, the units were counted.
    unknown = "n_units" in rows and bool((rows.loc[terms, "n"] == rows.loc[terms, "n_units"]).all())
    caption = texts.say(
        "Shares with {intervals}; {n:integer} units."
        if unknown
        else "Shares with {intervals}; {n:integer} answers in all units.",
        intervals=intervals_name(frame, texts),
        n=int(rows.loc[terms, "n"].max()),
    )
    if published is not None and published_label:
        caption += " " + texts.say(
            "Dashed: published shares of {leaders:percent0} and {laggards:percent0} ({source}).",
            leaders=published[0],
            laggards=published[1],
            source=published_label,
        )
    return Picture(figure, caption, alt, takeaway, [released])


def axis_spec(values: pd.Series, *, share: bool = False) -> str:
    """Return how the ticks of an axis are written, by how far its values reach."""
    if share:
        return "percent0"
    span = float(values.max()) - float(values.min())
    return "number0" if span >= 8 else "number1" if span >= 0.8 else "number2"
