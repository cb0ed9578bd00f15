"""From the frames that a picture shows to the tables below it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pandas as pd
from markupsafe import Markup

from exresearch.disclosure import Released
from exresearch.report.behind import across, answers, drivers, links, people, results
from exresearch.report.behind.declared import Behind
from exresearch.report.columns import TABLE_LABELS
from exresearch.report.tables import Column, html_table
from exresearch.report.text import Texts
from exresearch.report.theme import Picture

# Rows of a table at most: more are no help to anybody, and a page has to stay light.
MOST, FEW = 60, 24
# Frames that a drawing needs and that say nothing which the others do not: a surface is drawn of thousands of
# points and told by the lines along it, a gap is where a moment has no number, at first everybody is there, and how
# few people left in between is not drawn.
UNTOLD = (
    "Surface",
    "Gaps in the journey",
    "First answers",
    "People who left between two points of the curve",
)


def data_tables(picture: Picture, *, texts: Texts) -> list[Markup]:
    """Return the tables behind a picture, in the order in which it shows its frames.

    Parameters
    ----------
    picture : Picture
        Its frames are known by their names in the ledger, see :func:`declared_for`.
    texts : Texts
        Language of the reader.

    Returns
    -------
    list of markupsafe.Markup
        With the numbers of hidden rows hidden, at most :data:`MOST` rows each; longer ones say how many there are.
    """
    tables = []
    for released in picture.shown:
        behind = declared_for(released.entry.name)
        if behind is None or released.frame.empty:
            continue
        columns = _filled(released.frame, behind, picture)
        if columns:
            order, note = _rows(released, behind, list(columns), picture, texts)
            if not len(order):
                continue
            caption = texts.say(behind.caption)
            side = released.entry.name.partition(": ")[2]
            if side in picture.columns:
                caption = f"{caption}: {texts.pick(picture.columns[side].header)}"
            elif side in TABLE_LABELS:
                caption = f"{caption}: {texts.say(TABLE_LABELS[side])}"
            tables.append(
                html_table(released, texts=texts, caption=caption, columns=columns, note=note, order=order)
            )
    return tables


def declared_for(name: str) -> Behind | None:
    """Return how the frame of a name is shown as a table; of "name: part" what is declared for "name".

    Returns
    -------
    Behind or None
        None for what is not told, and for a name that is not known; the tests see to it that no figure has one.
    """
    return _declared().get(name.partition(": ")[0])


@cache
def _declared() -> dict[str, Behind]:
    every: dict[str, Behind] = {}
    for module in (across, answers, links, drivers, people, results):
        every |= module.TABLES
    return every


def _filled(frame: pd.DataFrame, behind: Behind, picture: Picture) -> dict[str, Column]:
    """The declared columns that the frame has and that are not empty, headed as the picture says where it does.

    What the picture heads besides comes after the first of them.
    """
    first = dict(list(behind.columns.items())[:1])
    wanted = {
        **first,
        **{k: v for k, v in picture.columns.items() if k not in behind.columns},
        **behind.columns,
    }
    return {
        name: picture.columns.get(name, column)
        for name, column in wanted.items()
        if name in frame and frame[name].notna().any()
    }


def _rows(
    released: Released, behind: Behind, columns: list[str], picture: Picture, texts: Texts
) -> tuple[Sequence[int], str | None]:
    """Which rows are listed in which order, and a note where these are not all."""
    frame = released.frame.reset_index(drop=True)
    for name, values in picture.drawn.items():
        if name in frame:
            frame = frame[frame[name].isin(list(values))]
    places: Sequence[int] = [int(at) for at in frame.index]
    if behind.shuffled:
        hidden = released.hidden.to_numpy(dtype=bool)
        places = [int(at) for at in frame.sort_values(columns, kind="stable").index if not hidden[at]]
    count, most = len(places), FEW if behind.thinned else MOST
    if count <= most:
        return places, None
    if behind.shuffled or behind.thinned:
        # From the first to the last, so that the list tells of all of them.
        places = [places[round(step * (count - 1) / (most - 1))] for step in range(most)]
        note = texts.say(
            "{shown:integer} of {count:integer} rows, evenly chosen from the first to the last.",
            shown=most,
            count=count,
        )
        return places, note
    note = texts.say("The first {shown:integer} of {count:integer} rows.", shown=MOST, count=count)
    return places[:MOST], note
