"""A long table of units and waves as arrays, with the wave at which each unit started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.columns import check_columns, check_positive, label_codes, numeric_columns
from exresearch.models.names import name_list, one_name, optional_name, shown
from exresearch.models.resampling import NotEstimable, check_whole
from exresearch.models.unit_waves import unit_waves

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Ends = Literal["refuse", "absorbing"]


@dataclass(frozen=True, eq=False)
class ProgrammePanel:
    """Units in rows and waves in columns.

    Attributes
    ----------
    units, waves : list
        Labels of the rows and of the columns.
    outcome : ndarray [U, T]
        NaN where the unit was not measured.
    start : ndarray [U] of int
        Column of the first wave with the programme; T or more when it does not start within the data.
    weights : ndarray [U]
    covariates : ndarray [U, k]
        As they were at each unit's first measurement.
    clusters : ndarray [U] of int
        Number of the cluster of each unit.
    left_out : dict
        What was left out, in numbers.
    """

    units: list[Any]
    waves: list[Any]
    outcome: FloatArray
    start: IntArray
    weights: FloatArray
    covariates: FloatArray
    clusters: IntArray
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def n_waves(self) -> int:
        """Number of waves T."""
        return len(self.waves)

    @property
    def treated(self) -> NDArray[np.bool_]:
        """Which units start within the data."""
        return self.start < self.n_waves


def read_panel(
    data: pd.DataFrame,
    *,
    unit: str,
    wave: str,
    outcome: str,
    start: str | None,
    flag: str | None,
    waves: Sequence[Any] | None,
    weights: str | None,
    covariates: Sequence[str],
    cluster: str | None,
    ends: Ends,
) -> ProgrammePanel:
    """Check the table and put it into arrays; units that had the programme from the first wave on are left out.

    Raises
    ------
    ValueError
        Columns missing or of the wrong kind, both or neither of `start` and `flag`, a unit twice in a wave, waves out
        of the list, a start or a cluster that is not the same in all rows of a unit, a flag that is missing, not 0
        or 1, or turns back to 0 (unless `ends="absorbing"`).
    """
    if (start is None) == (flag is None):
        raise ValueError(
            f"give either start (column with the first wave of the programme) or flag (0/1 per wave), got "
            f"start={start!r} and flag={flag!r}."
        )
    if ends not in ("refuse", "absorbing"):
        raise ValueError(f"ends must be 'refuse' or 'absorbing', got {ends!r}.")
    covariates = name_list("covariates", covariates, least=0)
    one_name("outcome", outcome)
    numeric = [outcome, *covariates, *(name for name in (flag, weights) if name is not None)]
    other = [one_name("unit", unit), one_name("wave", wave), *(n for n in (start, cluster) if n is not None)]
    optional_name("weights", weights)
    check_columns(data, numeric=numeric, other=other)
    if weights is not None:
        check_positive(data, argument="weights", column=weights)
    places = unit_waves(data, unit=unit, wave=wave, waves=waves, nameless="leave_out")
    frame, codes, columns = data, places.unit, places.wave
    if not places.placed.all():
        frame = data.loc[places.placed]
    units, order = places.units, places.waves
    values = numeric_columns(frame, [outcome])
    wide = places.spread(values)[0]
    if flag is not None:
        starts = _start_of_flag(numeric_columns(frame, [flag])[:, 0], codes, columns, wide.shape, flag, ends)
    else:
        starts = _start_of_column(frame[str(start)], codes, len(units), order, listed=waves is not None)
    # As it was first measured: later values may be an effect of the programme.
    first = np.lexsort((columns, codes))
    first = first[np.concatenate([[True], np.diff(codes[first]) > 0])] if len(first) else first
    weight = np.ones(len(units)) if weights is None else numeric_columns(frame, [weights])[first, 0]
    fixed = numeric_columns(frame, covariates)[first]
    if cluster is None:
        groups = np.arange(len(units), dtype=np.int64)
    else:
        groups = _constant(label_codes(frame[cluster], argument="cluster")[0], codes, len(units), cluster)
    measured = ~np.isnan(wide).all(axis=1)
    complete = ~np.isnan(np.column_stack([weight, fixed])).any(axis=1) & (groups >= 0)
    always = starts <= 0
    kept = measured & complete & ~always
    return ProgrammePanel(
        units=[label for label, keep in zip(units.tolist(), kept, strict=True) if keep],
        waves=order,
        outcome=wide[kept],
        start=starts[kept],
        weights=weight[kept],
        covariates=fixed[kept],
        clusters=groups[kept],
        left_out={
            "rows without unit or wave": int((~places.placed).sum()),
            "rows without outcome": int(np.isnan(values).sum()),
            "units never measured": int((~measured).sum()),
            "units treated from the first wave": int((measured & always).sum()),
            "units without weight, covariate or cluster": int((measured & ~always & ~complete).sum()),
        },
    )


def _start_of_flag(
    values: FloatArray, codes: IntArray, columns: IntArray, shape: tuple[int, int], flag: str, ends: Ends
) -> IntArray:
    wrong = int((~np.isin(values, (0.0, 1.0))).sum())
    if wrong:
        raise ValueError(
            f"flag column '{flag}' holds {wrong} values that are missing or not 0 or 1: correct them."
        )
    on = np.full(shape, np.nan)
    on[codes, columns] = values
    starts = np.where((on == 1.0).any(axis=1), (on == 1.0).argmax(axis=1), shape[1])
    ended = int(((np.arange(shape[1]) > starts[:, None]) & (on == 0.0)).any(axis=1).sum())
    if ended and ends == "refuse":
        raise ValueError(
            f"flag column '{flag}' turns back to 0 in {ended} units: leave out the waves after their programme ended, "
            "or give ends='absorbing' to count them as treated from the start on."
        )
    return starts.astype(np.int64)


def _start_of_column(
    column: pd.Series, codes: IntArray, n_units: int, order: list[Any], *, listed: bool
) -> IntArray:
    """Place of the first wave at or after the start; the number of waves where there is none."""
    places = {}
    for value in dict.fromkeys(column.dropna().tolist()):
        if value in order:
            places[value] = order.index(value)
            continue
        try:
            if listed:
                raise TypeError
            places[value] = sum(bool(one < value) for one in order)
        except TypeError as error:
            raise ValueError(
                f"start column '{column.name}' holds {value!r}, which is not among the waves {shown(order)}: write "
                "starts as waves, and leave them missing for units that never start."
            ) from error
    rows = np.array([places.get(value, len(order)) for value in column.tolist()], dtype=np.int64)
    return _constant(rows, codes, n_units, str(column.name))


def _constant(rows: IntArray, codes: IntArray, n_units: int, name: str) -> IntArray:
    """The value of each unit, which must be the same in all its rows."""
    result = np.full(n_units, -1, dtype=np.int64)
    result[codes] = rows
    differing = len(np.unique(codes[rows != result[codes]]))
    if differing:
        raise ValueError(
            f"column '{name}' is not the same in all rows of {differing} units: give each unit one value."
        )
    return result


def blank_treated(panel: ProgrammePanel, *, anticipation: int) -> ProgrammePanel:
    """The panel without what was measured at or after the start, or within its anticipation."""
    check_whole("anticipation", anticipation, least=0)
    late = np.arange(panel.n_waves) >= (panel.start - anticipation)[:, None]
    return replace(panel, outcome=np.where(late, np.nan, panel.outcome))


def baseline_deviation(panel: ProgrammePanel, *, outcome: str) -> float:
    """Standard deviation of the outcome between units at the first wave, when none had the programme."""
    first = panel.outcome[:, :1].ravel()
    first = first[~np.isnan(first)]
    deviation = float(first.std(ddof=1)) if len(first) > 1 else 0.0
    if not deviation > 0.0:
        raise NotEstimable(
            f"'{outcome}' does not vary between the {len(first)} units of the first wave, so that effects cannot be "
            "standardised: give baseline_sd."
        )
    return deviation
