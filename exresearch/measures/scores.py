"""From answers to scores: reverse coding in one place, and the mean of a construct's items."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from exresearch.study import Codebook, Variable

# Where the codebook does not describe the construct; the default of its min_share.
_HALF = 0.5


def oriented(values: pd.Series, variable: Variable) -> pd.Series:
    """Return a column's values so that higher means more of its construct.

    Parameters
    ----------
    values : pandas.Series
        Answers on the scale that the codebook declares, missing codes already missing.
    variable : Variable
        The codebook entry.

    Returns
    -------
    pandas.Series
        ``minimum + maximum - value`` where the entry is ``reversed``, else the values, as float64.

    Examples
    --------
    >>> scale = {"minimum": 1, "maximum": 7, "reversed": True}
    >>> item = Variable(table="employees", column="q", role="driver", block="other", **scale)
    >>> oriented(pd.Series([1.0, 7.0]), item).tolist()
    [7.0, 1.0]
    """
    numbers = values.astype("float64")
    if not variable.reversed or variable.minimum is None or variable.maximum is None:
        return numbers
    return variable.minimum + variable.maximum - numbers


def oriented_frame(frame: pd.DataFrame, variables: Sequence[Variable]) -> pd.DataFrame:
    """Return several columns oriented, under their own names.

    Parameters
    ----------
    frame : pandas.DataFrame
        A cleaned table.
    variables : sequence of Variable
        Entries of that table.

    Returns
    -------
    pandas.DataFrame
        One float64 column per entry, named by the column in the client's table.
    """
    return pd.DataFrame({v.column: oriented(frame[v.column], v) for v in variables}, index=frame.index)


def least_share(codebook: Codebook, construct: str) -> float:
    """Return the share of a construct's items that must be answered for a score.

    Parameters
    ----------
    codebook : Codebook
        May give the construct a ``min_share``.
    construct : str
        Name of the construct.

    Returns
    -------
    float
        Half of them where the codebook does not say otherwise.

    Examples
    --------
    >>> least_share(Codebook((), {}), "ease")
    0.5
    """
    declared = codebook.constructs.get(construct)
    return _HALF if declared is None else declared.min_share


def construct_score(
    frame: pd.DataFrame, *, codebook: Codebook, table: str, construct: str, min_share: float | None = None
) -> pd.Series:
    """Score a construct as the mean of its items.

    Parameters
    ----------
    frame : pandas.DataFrame
        A cleaned table.
    codebook : Codebook
        Names the items of the construct, roles ``item``, ``outcome`` and ``need``.
    table : str
        Which table of the data model ``frame`` is.
    construct : str
        Name of the construct.
    min_share : float, optional
        Share of the items that must be answered, above 0 and at most 1; otherwise the score is missing. By default
        what the codebook says of the construct (:func:`least_share`).

    Returns
    -------
    pandas.Series
        Mean of the answered items, oriented, on the items' own scale.

    Raises
    ------
    ValueError
        If no item measures the construct, its items have different scales, or ``min_share`` is out of range.

    References
    ----------
    Newman, D. A. (2014). Missing data: five practical guidelines. *Organizational Research Methods*, 17(4), 372-411.
    https://doi.org/10.1177/1094428114548590

    Examples
    --------
    >>> scale = {"table": "employees", "role": "item", "construct": "ease", "minimum": 1, "maximum": 5}
    >>> book = Codebook((Variable(column="a", **scale), Variable(column="b", **scale)), {})
    >>> sheets = pd.DataFrame({"a": [1.0, 5.0], "b": [3.0, None]})
    >>> construct_score(sheets, codebook=book, table="employees", construct="ease").tolist()
    [2.0, 5.0]
    >>> construct_score(sheets, codebook=book, table="employees", construct="ease", min_share=1).tolist()
    [2.0, nan]
    """
    if min_share is None:
        min_share = least_share(codebook, construct)
    if not 0 < min_share <= 1:
        raise ValueError(f"min_share must be above 0 and at most 1; got {min_share!r}.")
    items = [v for v in codebook.select(table, construct=construct) if v.role in ("item", "outcome", "need")]
    if not items:
        raise ValueError(f"no item of table {table!r} measures construct {construct!r}; see the codebook.")
    scales = {(item.minimum, item.maximum) for item in items}
    if len(scales) > 1:
        shown = ", ".join(f"{low:g}-{high:g}" for low, high in sorted(scales, key=str))
        raise ValueError(
            f"the items of construct {construct!r} have different scales ({shown}); score them separately."
        )
    answers = oriented_frame(frame, items)
    enough = answers.notna().mean(axis=1) >= min_share
    return answers.mean(axis=1).where(enough)
