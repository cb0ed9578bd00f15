"""The setting that sets a category of units apart, checked and applied."""

from __future__ import annotations

import pandas as pd

from exresearch.study import Problem, Study, nearest


def set_apart_problem(study: Study, set_apart: str, *, file: str = "study file") -> Problem | None:
    """Say what is wrong with the setting ``set_apart``.

    When to use it: before a run, with the other problems of the study file; an analysis refuses a wrong setting with
    the same words.

    Parameters
    ----------
    study : Study
        The client.
    set_apart : str
        ``column=value``, or empty.
    file : str
        Name of the study file, for the message.

    Returns
    -------
    Problem or None
        None when the setting is empty, or names a category of the units and one of its values.
    """
    if not set_apart:
        return None
    column, _, value = set_apart.partition("=")
    place = "parameters.set_apart"
    units = study.table("units")
    categories = [v.column for v in study.codebook.select("units", role="category") if v.column in units]
    if not categories:
        message = "no units can be set apart: the table 'units' has no column with role category."
        return Problem(file, place, message, "Describe one in the codebook, or leave this empty.")
    if column not in categories:
        message = f"'column=value' is expected, with a category of the units; got {set_apart!r}."
        return Problem(file, place, message, nearest(column, categories))
    values = sorted(units[column].dropna().unique())
    if value not in values:
        return Problem(file, place, f"no unit has {value!r} as its {column}.", nearest(value, values))
    return None


def is_set_apart(units: pd.DataFrame, set_apart: str) -> pd.Series:
    """Say of each unit whether it belongs to the category that is set apart."""
    column, _, value = set_apart.partition("=")
    # A unit without the category is not one of them.
    return (units[column] == value).fillna(False).astype(bool)
