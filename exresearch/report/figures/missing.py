"""The missing map: which questions stay unanswered, in which wave or group."""

from __future__ import annotations

import textwrap
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from exresearch.disclosure import DisclosureRules, Groups, release
from exresearch.findings.note import Note
from exresearch.report.columns import TABLE_LABELS
from exresearch.report.figures.door import release_tables, too_few
from exresearch.report.figures.rows import headroom, row_value, rows_panels
from exresearch.report.text import Texts
from exresearch.report.theme import COLOURS, Picture, require, rows_of, style

_MOST_COLUMNS, _MOST_GROUPS = 24, 12
_ROOM_FOR_TEXT = 7
# Letters across the map, and in the name of a panel.
_WIDTH, _LONGEST_NAME = 52, 84
NO_ANSWERS = Note(message="The study has no column with answers, so there is nothing that could be missing.")


def missing_map(frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Draw which part of the answers is missing for each question and group, as a map.

    The questions with most missing answers are drawn; those that nobody of a group answered were not asked there.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``table, column, label, by, category, group, n, share`` of :func:`exresearch.measures.missing_cells`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Groups below the minimum, and those that would give them away, stay blank.

    Returns
    -------
    Picture or Note
        The note where there is no column with answers, or no table has enough rows.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if frame.empty:
        return NO_ANSWERS
    columns = ["table", "column", "label", "by", "category", "group", "n", "share"]
    require(frame, columns, figure="missing_map")
    work, released = release_tables(
        # A group of everybody has no name.
        frame.assign(of_group=frame["group"].astype(object).where(frame["category"] != "", None)),
        count="n", rules=rules, within=["column"], name="missing answers",
        groups=lambda table: Groups(table, pairs=("category", "of_group")),
    )  # fmt: skip
    # What a few people alone are, such as a rank or a place, may name them.
    few = frame[(frame["n"] < rules.min_respondents) & (frame["by"] != "wave")]
    nameless = set(zip(few["table"], few["group"], strict=True))
    work["asked"] = work["share"].lt(1).fillna(value=False).astype(bool)
    # What is missing of a question as a whole rests on all who were asked.
    asked_of = release(
        _totals(frame), count="n", rules=rules, within=["table", "column"], name="missing answers"
    )
    totals = asked_of.frame[~asked_of.hidden]
    if totals.empty:
        return too_few(rules)
    worst = totals.sort_values("share", ascending=False, kind="stable").head(_MOST_COLUMNS)
    parts = [
        (str(name), worst[worst["table"] == name].sort_index())
        for name in totals["table"].unique()
        if (worst["table"] == name).any()
    ]
    asked = work[work["asked"] & ~work["hidden"]]
    top = max(0.05, float(asked["share"].max()) if len(asked) else 0.05)
    with style():
        labels = [[texts.pick(label) for label in part["label"]] for _, part in parts]
        figure, panels = rows_panels(labels, left=2.5, right=0.62, top=0.58, bottom=0.06, wrap=36, least=0.27)
        for (name, part), (axes, positions) in zip(parts, panels, strict=True):
            cells = work[work["table"] == name]
            # Above the names of the groups, which stand on the map.
            headroom(axes, _panel_name(name, cells, texts), lift=0.24)
            _map_panel(
                axes,
                positions,
                part,
                cells,
                top=top,
                texts=texts,
                nameless={group for table, group in nameless if table == name},
            )
    caption = texts.say(
        "Share of missing answers for each question and group; darker is more. At the right: where the question was "
        "asked. A dash: not asked of that group."
    )
    if len(totals) > len(worst):
        caption += " " + texts.say(
            "The {shown:integer} questions with most missing answers, of {total:integer}.",
            shown=len(worst),
            total=len(totals),
        )
    if work.loc[work["table"].isin(totals["table"]), "hidden"].any():
        caption += " " + texts.say(
            "Blank: groups of fewer than {minimum} people, or that would give such a group away.",
            minimum=rules.min_respondents,
        )
    first = worst.iloc[0]
    takeaway = texts.say("No answer is missing.")
    if float(first["share"]) > 0:
        takeaway = texts.say(
            "Most answers are missing for “{label}”: {share:percent1}.",
            label=texts.pick(first["label"]),
            share=float(first["share"]),
        )
    listed = "; ".join(
        f"{texts.pick(r.label)}: {texts.number(float(r.share), 'percent1')}" for r in rows_of(worst)
    )
    return Picture(
        figure,
        caption,
        f"{takeaway} {listed}.",
        takeaway,
        [*released, asked_of],
        drawn={"column": set(worst["column"])},
    )


def _totals(work: pd.DataFrame) -> pd.DataFrame:
    """Return the share missing of each column over the groups that were asked: ``table, column, label, n, share``."""
    there = work["share"] < 1
    asked = work.assign(gone=(work["share"] * work["n"]).where(there, 0.0), base=work["n"].where(there, 0))
    sums = asked.groupby(["table", "column"], sort=False)[["gone", "base", "n"]].sum().reset_index()
    labels = work.drop_duplicates(["table", "column"]).set_index(["table", "column"])["label"]
    share = np.where(sums["base"] > 0, sums["gone"] / sums["base"].clip(lower=1), 1.0)
    return sums.assign(
        share=share, label=[labels[key] for key in zip(sums["table"], sums["column"], strict=True)]
    )[["table", "column", "label", "n", "share"]]


def _map_panel(
    axes: Axes,
    positions: list[float],
    part: pd.DataFrame,
    cells: pd.DataFrame,
    *,
    top: float,
    texts: Texts,
    nameless: set[str],
) -> None:
    groups = list(cells["group"].drop_duplicates())[-_MOST_GROUPS:]
    axes.set_xlim(0, len(groups))
    axes.xaxis.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.xaxis.tick_top()
    crowded = len(groups) > _ROOM_FOR_TEXT
    shown = [
        "–" if name in nameless else texts.say("all") if name == "all" else _short(str(name), of=len(groups))
        for name in groups
    ]
    axes.set_xticks(np.arange(len(groups)) + 0.5, shown, fontsize=6 if crowded else 7)
    axes.tick_params(axis="x", length=0, pad=1)
    edges = [0.0, *((a + b) / 2 for a, b in pairwise(positions)), axes.get_ylim()[0]]
    by_cell = cells.set_index(["column", "group"])[["share", "hidden", "asked"]]
    for index, row in enumerate(rows_of(part)):
        low, high = edges[index], edges[index + 1]
        for place, group in enumerate(groups):
            cell = by_cell.loc[(row.column, group)]
            if cell["hidden"]:
                continue
            share, middle = float(cell["share"]), (place + 0.5, positions[index])
            strength = min(share / top, 1.0) if cell["asked"] else 0.0
            colour = _shade(strength) if cell["asked"] else "white"
            axes.add_patch(
                Rectangle((place, low), 1, high - low, facecolor=colour, edgecolor="white", linewidth=1.5)
            )
            ink = "white" if strength > 0.55 else COLOURS["ink"]
            if not cell["asked"]:
                axes.annotate("–", middle, ha="center", va="center", fontsize=8, color=COLOURS["grey"])
            elif not crowded:
                text = texts.number(share, "percent0")
                axes.annotate(text, middle, ha="center", va="center", fontsize=8.5, color=ink)
        row_value(axes, positions[index], texts.number(float(row.share), "percent1"), bold=True)


def _shade(strength: float) -> tuple[float, float, float]:
    light, dark = (0.91, 0.93, 0.95), (0.0, 0.33, 0.55)
    return tuple(a + (b - a) * strength for a, b in zip(light, dark, strict=True))  # type: ignore[return-value]


def _panel_name(name: str, cells: pd.DataFrame, texts: Texts) -> str:
    title, by = texts.say(TABLE_LABELS[name]), texts.pick(cells["by"].iloc[0])
    whole = f"{title}: {texts.say('wave') if by == 'wave' else by}" if by else title
    # A category may be called after a whole question.
    return textwrap.shorten(whole, _LONGEST_NAME, placeholder=" …")


def _short(name: str, *, of: int) -> str:
    """Cut a name to what fits above one of so many columns."""
    room = max(8, _WIDTH // of)
    return name if len(name) <= room else f"{name[: room - 1]}…"
