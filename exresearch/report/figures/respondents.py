"""Who is behind the answers: response by group, and the respondents beside all staff."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups, release
from exresearch.findings.note import Note
from exresearch.report.columns import INVITED
from exresearch.report.figures.rows import draw_interval, headroom, row_value, rows_panels
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, number_axis, require, rows_of, style
from exresearch.study import Codebook
from exresearch.study.remarks import one_or_more

_MOST_ROWS = 14
# The smallest difference that is not written as zero.
_SHOWN = 0.0005
_GROUP = ("column", "group", "wave")
NO_HEADCOUNT = Note(
    message=(
        "In each group the number of people or of answers of a unit is not known, so there is no response rate by "
        "group to show."
    )
)
NO_GROUPS = Note(
    message=(
        "There is no response by group to show: that takes groups of units, such as regions or departments, to which "
        "the answers belong."
    )
)
NO_STAFF = Note(
    message=(
        "The respondents cannot be compared with all staff: that takes answer sheets of employees, and a staff list or "
        "head counts that share a category with them."
    )
)
# Groups without a rate, for one and for more.
_UNKNOWN = (
    mark("No rate for {groups}: there the number of people or of answers of a unit is not known."),
    mark("No rates for {groups}: there the number of people or of answers of a unit is not known."),
)
_MOST_NAMED = 5


def group_response(
    frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules, codebook: Codebook
) -> Picture | Note:
    """Draw which part of each group of units answered in the last wave, with the number invited.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``column`` (what tells the groups apart), ``group``, ``wave``, ``n`` (answered), ``headcount`` (invited),
        ``source`` (of the number invited), ``response_rate, conf_low, conf_high`` (shares; may be missing) of
        :func:`exresearch.measures.response_by_group`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Groups below the minimum, and those that would give them away, are drawn without a number.
    codebook : Codebook
        Labels the columns.

    Returns
    -------
    Picture or Note
        The note where there are no groups, or none has a response rate.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if frame.empty:
        return NO_GROUPS
    needed = [*_GROUP, "n", "headcount", "source", "response_rate", "conf_low", "conf_high"]
    require(frame, needed, figure="group_response")
    known = frame[frame["response_rate"].notna()]
    if known.empty:
        return NO_HEADCOUNT
    last = known["wave"].iloc[-1]
    released = release(
        known[known["wave"] == last],
        count="n",
        rules=rules,
        groups=Groups("employees", pairs=("column", "group"), fixed=_wave(last)),
        name="response by group",
    )
    work = released.frame.assign(hidden=released.hidden)
    work["column"] = [texts.pick(codebook.label(name)) for name in work["column"]]
    groups, n_more = _panels(work, "column", by="headcount")
    with style():
        figure, panels = rows_panels(
            [[str(group) for group in part["group"]] for _, part in groups],
            left=2.0,
            right=1.35,
            top=0.36,
            bottom=0.5,
            wrap=27,
            least=0.33,
        )
        for (label, part), (axes, positions) in zip(groups, panels, strict=True):
            headroom(axes, label)
            axes.set_xlim(0, 1)
            for y, row in zip(positions, rows_of(part), strict=True):
                if row.hidden:
                    row_value(axes, y, _secret(texts, rules), colour=COLOURS["grey"])
                    continue
                low, high = row.conf_low, row.conf_high
                draw_interval(axes, y, row.response_rate, low, high, colour=COLOURS["blue"])
                text = texts.say(
                    "{rate:percent0} of {n:integer}", rate=float(row.response_rate), n=float(row.headcount)
                )
                row_value(axes, y, text, bold=True)
            number_axis(axes.xaxis, "percent0", texts)
    shown = work[~work["hidden"]]
    caption = texts.say(
        "Response rate of each group of units, with the number of people invited. Groups whose intervals lie apart "
        "differ by more than chance."
    )
    caption += " " + texts.say(INVITED[work["source"].iloc[0]])
    if last != "all":
        caption += " " + texts.say("Wave {wave}.", wave=str(last))
    caption += _unknown(frame[(frame["wave"] == last) & frame["response_rate"].isna()], texts)
    caption += _more(n_more, texts) + _hiding(released.n_hidden, texts, rules)
    if shown.empty:
        takeaway = texts.say("Every group is too small to show its response rate.")
        return Picture(figure, caption, takeaway, takeaway, [released])
    rates = shown["response_rate"].to_numpy(dtype="float64")
    low, high = shown.iloc[int(rates.argmin())], shown.iloc[int(rates.argmax())]
    takeaway = texts.say(
        "Response runs from {low:percent0} ({lowest}) to {high:percent0} ({highest}).",
        low=float(low["response_rate"]),
        lowest=str(low["group"]),
        high=float(high["response_rate"]),
        highest=str(high["group"]),
    )
    listed = "; ".join(
        f"{row.group}: {texts.number(float(row.response_rate), 'percent0')}" for row in rows_of(shown)
    )
    return Picture(figure, caption, f"{takeaway} {listed}.", takeaway, [released])


def staff_comparison(
    frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules, codebook: Codebook
) -> Picture | Note:
    """Draw the make-up of the respondents beside that of the staff. Single units are not drawn, nor named.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``wave, column, category, n_respondents, n_staff, share_respondents, share_staff, difference`` (shares; may be
        missing) of :func:`exresearch.measures.respondents_against_staff`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Categories below the minimum on either side, and those that would give them away, get no number.
    codebook : Codebook
        Labels the columns.

    Returns
    -------
    Picture or Note
        The note where nothing can be compared.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    known = frame[frame["column"] != "unit"] if "column" in frame else frame
    if known.empty:
        return NO_STAFF
    needed = ["wave", "column", "category", "n_respondents", "n_staff", "share_respondents", "share_staff"]
    require(known, [*needed, "difference"], figure="staff_comparison")
    sizes = known[["n_staff", "n_respondents"]].astype(float)
    released = release(
        # Neither side may rest on too few.
        known.assign(least=sizes.min(axis=1)),
        count="least",
        rules=rules,
        groups=Groups("employees", pairs=("column", "category"), fixed=_wave(known["wave"].iloc[-1])),
        name="respondents beside staff",
    )
    work = released.frame.assign(hidden=released.hidden | known["difference"].isna())
    work["column"] = [texts.pick(codebook.label(name)) for name in work["column"]]
    # What a few people alone are, such as a rank or a place, may name them: such a category is not even named.
    few = sizes.max(axis=1) < rules.min_respondents
    groups, n_more = _panels(work[~few], "column", by="n_staff")
    n_more += int(few.sum())
    work = work[~few]
    if work.empty:
        return NO_STAFF
    with style():
        figure, panels = rows_panels(
            [[str(category) for category in part["category"]] for _, part in groups],
            left=2.0,
            right=1.2,
            top=0.36,
            bottom=0.5,
            wrap=27,
            least=0.33,
        )
        shares = work.loc[~work["hidden"], ["share_respondents", "share_staff"]].astype("float64")
        highest = float(shares.max().max())
        for (label, part), (axes, positions) in zip(groups, panels, strict=True):
            headroom(axes, label)
            axes.set_xlim(0, min(1.0, highest * 1.1) if math.isfinite(highest) else 1.0)
            for y, row in zip(positions, rows_of(part), strict=True):
                _pair(axes, y, row, texts=texts, rules=rules)
            number_axis(axes.xaxis, "percent0", texts)
        panels[-1][0].set_xlabel(texts.say("dot: respondents · ring: all staff"))
    shown = work[~work["hidden"]]
    caption = texts.say(
        "Make-up of the respondents and of all staff; at the right the difference in percentage points."
    )
    if known["wave"].iloc[-1] != "all":
        caption += " " + texts.say("Wave {wave}.", wave=str(known["wave"].iloc[-1]))
    caption += _more(n_more, texts) + _hiding(int(work["hidden"].sum()), texts, rules)
    if shown.empty:
        takeaway = texts.say("Every category is too small to compare.")
        return Picture(figure, caption, takeaway, takeaway, [released])
    largest = shown.iloc[int(shown["difference"].astype("float64").abs().to_numpy().argmax())]
    more = texts.say("The largest difference is {difference:points1} ({column}: {category}).",
                     difference=float(largest["difference"]), column=str(largest["column"]),
                     category=str(largest["category"]))  # fmt: skip
    listed = "; ".join(
        f"{row.column}, {row.category}: {texts.number(float(row.share_respondents), 'percent0')} / "
        f"{texts.number(float(row.share_staff), 'percent0')}"
        for row in rows_of(shown)
    )
    return Picture(figure, caption, f"{more} {listed}.", more, [released])


def _pair(axes: Any, y: float, row: Any, *, texts: Texts, rules: DisclosureRules) -> None:
    if row.hidden:
        row_value(axes, y, _secret(texts, rules), colour=COLOURS["grey"])
        return
    axes.plot([row.share_respondents, row.share_staff], [y, y], color=COLOURS["light"], linewidth=3)
    ring = {"markerfacecolor": "white", "markeredgecolor": COLOURS["orange"], "markeredgewidth": 1.8}
    axes.plot([row.share_staff], [y], "o", markersize=8, clip_on=False, **ring)
    axes.plot([row.share_respondents], [y], "o", color=COLOURS["blue"], markersize=6, clip_on=False)
    sign = "+" if row.difference >= _SHOWN else ""
    row_value(axes, y, sign + texts.number(float(row.difference), "points1"), bold=True)


def _panels(frame: pd.DataFrame, column: str, *, by: str) -> tuple[list[tuple[str, pd.DataFrame]], int]:
    """Return one part per column, its largest groups in their order, and how many groups are not drawn."""
    parts, left_out = [], 0
    for name, part in frame.groupby(column, sort=False):
        # Hidden rows have no size here, and come last.
        largest = part[by].astype("Float64").fillna(-1.0).astype(float).nlargest(_MOST_ROWS).index
        left_out += len(part) - len(largest)
        parts.append((str(name), part[part.index.isin(largest)]))
    return parts, left_out


def _wave(wave: object) -> dict[str, str]:
    return {} if wave == "all" else {"wave": str(wave)}


def _unknown(groups: pd.DataFrame, texts: Texts) -> str:
    """Return which groups have no response rate; a blank goes before it."""
    if groups.empty:
        return ""
    names = [str(name) for name in groups["group"]]
    listed = ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
    return " " + texts.say(one_or_more(_UNKNOWN, len(names)), groups=listed)


def _secret(texts: Texts, rules: DisclosureRules) -> str:
    return texts.say("n < {minimum}", minimum=rules.min_respondents)


def _more(count: int, texts: Texts) -> str:
    return " " + texts.say("Smaller groups are not drawn ({count:integer}).", count=count) if count else ""


def _hiding(count: int, texts: Texts, rules: DisclosureRules) -> str:
    if not count:
        return ""
    return " " + texts.say(
        "“{secret}”: not shown, because fewer than {minimum} people answered or because the number would "
        "give such a group away.",
        secret=_secret(texts, rules),
        minimum=rules.min_respondents,
    )
