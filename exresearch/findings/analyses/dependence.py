"""What to say when colleagues' answers could not be kept together, or hardly."""

from __future__ import annotations

import pandas as pd

from exresearch.findings.note import Note
from exresearch.measures import Groups

FEW_UNITS = 30


def units_counted(rows: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    """Return estimates with ``n_units`` only where the groups kept together are units.

    Parameters
    ----------
    rows : pandas.DataFrame
        Tidy estimates with ``n_units``, the number of groups that were kept together.
    groups : Groups
        Those groups.

    Returns
    -------
    pandas.DataFrame
        The same rows; ``n_units`` missing where persons or answer sheets were the groups.
    """
    if groups.by != "unit":
        return rows.assign(n_units=None)
    # Sheets without a unit are groups of their own, and no units.
    return rows.assign(n_units=rows["n_units"].clip(upper=groups.n_units))


def few_units_caveat(groups: Groups) -> list[Note]:
    """Return the caveats that belong to the groups an interval was computed from.

    Parameters
    ----------
    groups : Groups
        The groups that were kept together.

    Returns
    -------
    list of Note
        Empty where units were kept together and there are 30 or more of them.
    """
    if groups.by == "unit":
        if groups.n_units >= FEW_UNITS:
            return []
        message = (
            "There are fewer than {few:integer} units: intervals from so few units are often too narrow."
        )
        return [Note(message=message, values={"few": FEW_UNITS})]
    if groups.n_units:
        message = (
            "There are too few units ({n_units:integer}) to take into account that colleagues answer alike: the "
            "intervals may be too narrow."
        )
        return [Note(message=message, values={"n_units": groups.n_units})]
    return [
        Note(
            message=(
                "The data do not say who works together: if colleagues answer alike, the intervals, computed row by "
                "row, are too narrow."
            )
        )
    ]
