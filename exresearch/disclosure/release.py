"""The door through which a frame passes before it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from exresearch.disclosure.rules import DisclosureRules


@dataclass(frozen=True, slots=True)
class Released:
    """A frame that may be shown.

    Attributes
    ----------
    frame : pandas.DataFrame
        As received, with every number of a hidden row missing.
    hidden : pandas.Series
        True for each row whose numbers are hidden.
    rules : DisclosureRules
        The rules that were applied.
    """

    frame: pd.DataFrame
    hidden: pd.Series
    rules: DisclosureRules

    @property
    def n_hidden(self) -> int:
        """How many rows are hidden."""
        return int(self.hidden.sum())


def release(frame: pd.DataFrame, *, count: str | int, rules: DisclosureRules) -> Released:
    """Hide the numbers of rows that rest on too few respondents.

    Where exactly one row would be hidden, the smallest of the others is hidden with it, so that the hidden row is not the
    difference between a total and the rest.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table of group results; not changed.
    count : str or int
        Name of the column with the number of respondents behind each row, or that number for the table as a whole.
    rules : DisclosureRules
        Minimum groups.

    Returns
    -------
    Released
        The frame to show, which rows are hidden, and the rules.

    Raises
    ------
    ValueError
        If the column does not exist or does not hold counts.

    Examples
    --------
    >>> teams = pd.DataFrame({"team": ["a", "b", "c"], "mean": [5.0, 6.0, 4.0], "n": [3, 20, 9]})
    >>> release(teams, count="n", rules=DisclosureRules()).hidden.tolist()
    [True, False, True]
    """
    if isinstance(count, str):
        if count not in frame.columns:
            raise ValueError(
                f"release: there is no column {count!r} to count by; the frame has {list(frame.columns)}."
            )
        counts = pd.to_numeric(frame[count], errors="coerce")
        # A row without a count has nothing behind it that could be shown, unless it holds no number at all.
        if (counts < 0).any():
            raise ValueError(
                f"release: column {count!r} must hold counts of respondents; it has negative values."
            )
        counts = counts.fillna(0)
    else:
        counts = pd.Series(count, index=frame.index)
    hidden = counts < rules.min_respondents
    if isinstance(count, str) and hidden.sum() == 1 and len(frame) > 1:
        hidden.loc[counts[~hidden].idxmin()] = True
    shown = frame.copy()
    numeric = list(shown.select_dtypes("number").columns)
    if hidden.any():
        shown[numeric] = shown[numeric].astype("Float64").mask(hidden, other=np.nan)
    return Released(frame=shown, hidden=hidden, rules=rules)
