"""Signs that units with a programme would have changed differently without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from exresearch.findings.analyses.programmes.effects import (
    SideEffects,
    answers_behind,
    compared,
    in_deviations,
)
from exresearch.models import (
    NotEstimable,
    baseline_balance,
    placebo_effects,
)

#: By how many waves the start is pretended to be earlier, at most.
MOST_EARLIER = 3
_NO_ROWS = pd.DataFrame(columns=["side", "term", "estimate", "conf_low", "conf_high", "conf_level", "n"])


@dataclass(frozen=True, eq=False)
class Balance:
    """Where units stood before a programme, and what the effect is when that is allowed for.

    Attributes
    ----------
    before : pandas.DataFrame
        One row: starters less controls in the wave before the start, in standard deviations; empty where it cannot be
        had.
    effects : pandas.DataFrame
        Rows ``difference_in_differences, lag_adjusted, within_thirds, earlier_base``, in standard deviations.
    selected : str
        ``low``, ``high`` or ``open``: where the interval of the first lies.
    """

    before: pd.DataFrame
    effects: pd.DataFrame
    selected: str


def balance_of(one: SideEffects) -> Balance:
    """Compare starters and controls before the start, and the effect with and without allowing for it.

    Parameters
    ----------
    one : SideEffects
        The effect on one side.
    """
    try:
        found = baseline_balance(one.panel, **one.options, delay=one.delay)
    except NotEstimable:
        return Balance(_NO_ROWS, _NO_ROWS, "open")
    sd = one.effects.baseline_sd
    before = in_deviations(found.differences.iloc[[0]], sd)
    selected = "low" if found.selected_low else "high" if found.selected_high else "open"
    return Balance(_counted(before, one), _counted(in_deviations(found.effects, sd), one), selected)


def _counted(rows: pd.DataFrame, one: SideEffects) -> pd.DataFrame:
    return rows.assign(side=one.name, n_units=rows["n"], n=answers_behind(compared(one.panel, one.waves)))


def placebos(one: SideEffects, *, min_units: int) -> pd.DataFrame:
    """Return effects of starts that are pretended to be earlier, from waves before the true start.

    Parameters
    ----------
    one : SideEffects
        The effect on one side.
    min_units : int
        Treated units behind a row.

    Returns
    -------
    pandas.DataFrame
        ``side, term, shift, estimate, p_value, conf_low, conf_high, conf_level, n_treated, n_units, n`` in standard
        deviations; empty where no earlier start can be pretended. Customers are not given a wave of grace here: what
        moves before the true start is no effect of it.
    """
    first = int(one.options["anticipation"]) + 1
    try:
        found = placebo_effects(one.panel, **one.options, shifts=list(range(first, first + MOST_EARLIER)))
    except NotEstimable:
        return _NO_ROWS
    shown = found[found["reason"].isna() & found["conf_low"].notna() & (found["n_treated"] >= min_units)]
    return _counted(in_deviations(shown, one.effects.baseline_sd), one)


def lead_test(one: SideEffects) -> tuple[float, int] | None:
    """Return the p-value of all leads being zero together, and how many they are; None without leads.

    It is that of Hotelling's test where it can be had, else that of the largest lead.
    """
    table = one.effects.pretrend.dropna(subset=["p_value"])
    if table.empty:
        return None
    row = table.iloc[0]
    return float(row["p_value"]), int(row["df"])


def moved_by(both: dict[str, SideEffects]) -> Iterator[tuple[str, float, int]]:
    """Yield side, p-value and number of leads where there are any."""
    for name, one in both.items():
        found = lead_test(one)
        if found is not None:
            yield name, *found
