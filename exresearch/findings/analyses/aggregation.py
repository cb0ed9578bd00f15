"""What to say of the units behind a link: whether their means stand for them, and which were left out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from exresearch.findings.note import Note, NoteValue
from exresearch.measures import LinkTable, aggregation_gate, aggregation_table
from exresearch.study import Study

_BELOW: dict[tuple[str, ...], str] = {
    ("icc2",): (
        "Unit means of {measure} are less reliable than declared (ICC(2) {icc2:number2}, at least "
        "{least_icc2:number2}): the link is probably stronger than it looks here."
    ),
    ("rwg",): (
        "People of one unit agree less on {measure} than declared (median rwg {rwg:number2}, at least "
        "{least_rwg:number2}): a unit mean stands for opinions that differ."
    ),
    ("icc2", "rwg"): (
        "Unit means of {measure} are less reliable than declared (ICC(2) {icc2:number2}, at least "
        "{least_icc2:number2}), and people of one unit agree less on it than declared (median rwg {rwg:number2}, at "
        "least {least_rwg:number2}): how far unit means stand for the units is uncertain."
    ),
}
_NO_ANSWERS = (
    "{measure} comes from a table of units without the answers behind it: whether people of one unit agree cannot be "
    "judged."
)
_NOT_JUDGED = (
    "Whether unit means of {measure} are reliable cannot be judged: the answers within units hardly differ, or are too "
    "few."
)
_NOT_SCORED = (
    "Whether unit means of {measure} are reliable cannot be judged: the codebook asks for a score that cannot be "
    "computed."
)
_ALIKE = "Unit means of {measure} are all the same, so that they tell nothing apart."


def aggregation_caveats(
    study: Study, link: LinkTable, *, min_unit_n: int, least_icc2: float, least_rwg: float
) -> list[Note]:
    """Return a caveat for each side of a link whose unit means fall below the gate, or cannot be judged.

    Parameters
    ----------
    study : Study
        The client.
    link : LinkTable
        Its link.
    min_unit_n : int
        People that a unit needs to be judged by, as in :func:`exresearch.measures.aggregation_table`.
    least_icc2, least_rwg : float
        As :func:`exresearch.measures.aggregation_gate`.

    Returns
    -------
    list of Note
        Empty where both sides pass.

    Notes
    -----
    Engagement is judged by its score, also where the link uses the share of engaged people.
    """
    caveats = []
    for side in (link.ex, link.cx):
        values: dict[str, NoteValue] = {"measure": study.codebook.label(side.construct)}
        if side.source == "units":
            caveats.append(Note(message=_NO_ANSWERS, values=values))
            continue
        row = aggregation_table(
            study,
            table=side.source,
            construct=side.construct,
            min_unit_n=min_unit_n,
            least_icc2=least_icc2,
            least_rwg=least_rwg,
        ).iloc[0]
        icc2, rwg = float(row["icc2"]), float(row["rwg_median"])
        if not np.isfinite(icc2):
            # Without a score nothing was counted either; -inf is that of units with one and the same mean.
            message = _NOT_SCORED if pd.isna(row["n"]) else _NOT_JUDGED if np.isnan(icc2) else _ALIKE
            caveats.append(Note(message=message, values=values))
            continue
        below = aggregation_gate(icc2, pd.Series([rwg]), least_icc2=least_icc2, least_rwg=least_rwg).fails
        if "icc2" in below:
            values |= {"icc2": icc2, "least_icc2": least_icc2}
        if "rwg" in below:
            values |= {"rwg": rwg, "least_rwg": least_rwg}
        if below:
            caveats.append(Note(message=_BELOW[below], values=values))
    return caveats


def left_out_caveat(link: LinkTable, *, min_unit_n: int) -> list[Note]:
    """Say how many units fell out of a link, and by which side.

    Parameters
    ----------
    link : LinkTable
        The link.
    min_unit_n : int
        Answers that a unit needs on each side.

    Returns
    -------
    list of Note
        Empty where no unit fell out.
    """
    if not link.n_excluded:
        return []
    message = (
        "{n_out:integer} of {n_units:integer} units are left out, for want of {least:integer} answers on a side: "
        "{ex:integer} on the employees’ side, {cx:integer} on the customers’ side; a unit can lack both."
    )
    values: dict[str, NoteValue] = {
        "n_out": link.n_excluded,
        "n_units": link.n_excluded + len(link.units),
        "ex": link.n_ex_out,
        "cx": link.n_cx_out,
    }
    if link.units[["ex_n", "cx_n"]].isna().all(axis=None):
        # How many answers are behind a value is not known, so that none was left out for having too few.
        message = (
            "{n_out:integer} of {n_units:integer} units are left out, because a value is missing: {ex:integer} on the "
            "employees’ side, {cx:integer} on the customers’ side; a unit can lack both."
        )
    else:
        values["least"] = min_unit_n
    return [Note(message=message, values=values)]
