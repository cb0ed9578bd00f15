"""Units that may be drawn: enough answers on both sides, and none whose answers would give those of others away."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups, Measure, Released, release
from exresearch.measures import LinkTable, Side
from exresearch.measures.link import pool_waves
from exresearch.report.figures.visible import visible
from exresearch.report.tables import Column
from exresearch.report.text import Texts

_SIDES = ("ex", "cx")
# Numbers that a table of units gives, of which this study has no answers.
_ELSEWHERE = "answers behind the units"


def population(side: Side) -> str:
    """Return the study table whose rows are behind a side of the link."""
    return side.source if side.source != "units" else _ELSEWHERE


def measure_of(side: Side) -> Measure | None:
    """Return what a side measures; none where it is not known how far one answer can reach."""
    name = "engaged" if (side.construct, side.kind) == ("engagement", "share") else side.construct
    return None if side.scale is None else Measure(name, *side.scale)


def side_groups(side: Side, column: str) -> Groups:
    """Return who is counted in a frame of units with the values of a side in a column."""
    measure = measure_of(side)
    measures = {} if measure is None else {column: measure}
    return Groups(population(side), by={"unit": "unit"}, measures=measures)


def link_groups(table: LinkTable) -> dict[str, Groups]:
    """Return who is counted in the units of a link, for both sides."""
    return {"ex": side_groups(table.ex, "ex"), "cx": side_groups(table.cx, "cx")}


def with_small_units(units: pd.DataFrame, table: LinkTable, *, rules: DisclosureRules) -> pd.DataFrame:
    """Add the units that the link left out because too few people are behind them, so that they find company.

    Parameters
    ----------
    units : pandas.DataFrame
        ``unit, ex, ex_n, cx, cx_n`` of the units that are linked, and more.
    table : LinkTable
        The link.
    rules : DisclosureRules
        Minimum groups.

    Returns
    -------
    pandas.DataFrame
        With a column ``linked``; a side of a unit that is added is there only where it is too small.
    """
    small = []
    for name, side in (("ex", table.ex), ("cx", table.cx)):
        pooled = pool_waves(side.frame)
        pooled = pooled[~pooled["unit"].isin(units["unit"])]
        n = pooled["n"].astype("float64").where(~pooled["unit"].isin(table.few.get(name, set())), 1.0)
        few = (n > 0) & (n < rules.min_respondents)
        part = pd.DataFrame({"unit": pooled["unit"], name: pooled["value"].astype("float64"), f"{name}_n": n})
        small.append(part[few].set_index("unit"))
    added = pd.concat(small, axis=1).rename_axis("unit").reset_index()
    linked = units.assign(linked=True)
    return pd.concat([linked, added.assign(linked=False)], ignore_index=True) if len(added) else linked


def release_units(
    units: pd.DataFrame, *, groups: Mapping[str, Groups], rules: DisclosureRules, name: str
) -> tuple[pd.DataFrame, list[Released]]:
    """Release units side by side; only those that may be shown on both sides are to be drawn.

    Parameters
    ----------
    units : pandas.DataFrame
        ``unit, ex, ex_n, cx, cx_n``, numbers of answers behind each side; optional ``linked``.
    groups : mapping of str to Groups
        Of ``ex`` and ``cx``.
    rules : DisclosureRules
        Minimum groups.
    name : str
        What the ledger calls the figure.

    Returns
    -------
    tuple of pandas.DataFrame and list of Released
        The units to draw, in the order of their employees' side, with all their columns but ``unit``; and the two
        frames that were released.
    """
    parts = {}
    for side in _SIDES:
        known = units[units[side].notna()]
        frame = known[["unit", side, f"{side}_n"]].astype({side: "float64", f"{side}_n": "float64"})
        parts[side] = release(frame, count=f"{side}_n", rules=rules, groups=groups[side], name=name)
    shown = [visible(part) for part in parts.values()]
    kept = units.index.intersection(shown[0].index).intersection(shown[1].index)
    if "linked" in units:
        kept = kept[units.loc[kept, "linked"].to_numpy(dtype=bool)]
    drawn = units.loc[kept].drop(columns="unit").sort_values(["ex", "cx"], ignore_index=True)
    return drawn, list(parts.values())


def side_columns(ex_label: str, cx_label: str, *, ex_is_share: bool, texts: Texts) -> dict[str, Column]:
    """Return how the table behind a figure heads and rounds both sides: as the axes do."""
    return {
        "ex": Column({texts.language: ex_label}, "percent0" if ex_is_share else "number2"),
        "cx": Column({texts.language: cx_label}, "number2"),
    }
