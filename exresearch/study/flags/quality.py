"""Answer sheets that look careless: counted always, left out only where the study file says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from exresearch.study.codebook import Codebook, Variable
from exresearch.study.parameters import Quality
from exresearch.study.study import QUALITY_COLUMNS, Study
from exresearch.study.tables.table import Table

FLAGS = ("straight_lining", "too_fast", "impossible_duration", "duplicate_sheet")
# Fewer answers may well be all the same, or the same as somebody else's, without any carelessness.
LEAST_FOR_LINE, LEAST_FOR_COPY = 8, 10
# Two honest sheets may be alike by chance; a copy is called one where fewer than so many sheets would find their like.
_CHANCE, _BLOCK = 0.001, 65_536
_DAY = 86_400.0
_ANSWERS = ("item", "driver", "outcome", "need")
_SHEETS = ("employees", "customers", "partners")


@dataclass(frozen=True, slots=True)
class _Sheets:
    """Per flag, one value per row: whether the sheet has it, and whether it could be seen."""

    flags: dict[str, np.ndarray]
    judged: dict[str, np.ndarray]


def judge_sheets(
    tables: Mapping[str, Table], *, codebook: Codebook, quality: Quality
) -> tuple[dict[str, Table], pd.DataFrame]:
    """Count the answer sheets that look careless, and leave out the kinds that the settings name.

    Four signs, each judged only where it can be seen:

    - ``straight_lining``: all answers the same, on 8 or more answered items, and above the middle of one item's scale
      while below that of another, reversed items turned round. Of the longest run of identical answers no cut-off is
      agreed on (Curran, 2016); only a run over the whole sheet, where the same answer says opposite things, is beyond
      doubt. It can be seen where reversed items stand beside others, or scales with different middles.
    - ``too_fast``: fewer seconds than ``seconds_per_item`` for each answered item; 2 is the limit of Huang et al.
      (2012). Of several columns with role ``duration`` the longest counts.
    - ``impossible_duration``: zero, negative, or more than a day. Says something about the clock and not about the
      answers; never a reason to leave a sheet out.
    - ``duplicate_sheet``: the same answers, blanks included, in the same unit and wave as an earlier sheet, with 10 or
      more items answered. In short questionnaires satisfied people give the same answers without copying. So a sheet
      is judged only if it would hardly find its like were all N others of its unit and wave to give the same answers,
      each in another order: N times the product of n_a! over the answers a that it gives n_a times, divided by n! of
      its n answers, is below 0.001.

    Parameters
    ----------
    tables : mapping of str to Table
        Checked tables; those of answers (employees, customers, partners) are judged.
    codebook : Codebook
        Which columns are items, on which scale, reversed or not.
    quality : Quality
        Seconds per item, and the kinds to leave out.

    Returns
    -------
    tables : dict of str to Table
        The same, without the sheets to leave out; ``flagged`` says how many of each kind there were and went.
    frame : pandas.DataFrame
        ``table, flag, n, n_judged, share``: sheets with the sign, sheets on which it could be seen, and the first as a
        share of the second (missing where none could be judged).

    References
    ----------
    Curran, P. G. (2016). Methods for the detection of carelessly invalid responses in survey data. Journal of
    Experimental Social Psychology, 66, 4-19. https://doi.org/10.1016/j.jesp.2015.07.006

    Huang, J. L., Curran, P. G., Keeney, J., Poposki, E. M., & DeShon, R. P. (2012). Detecting and deterring
    insufficient effort responding to surveys. Journal of Business and Psychology, 27, 99-114.
    https://doi.org/10.1007/s10869-011-9231-8

    Meade, A. W., & Craig, S. B. (2012). Identifying careless responses in survey data. Psychological Methods, 17,
    437-455. https://doi.org/10.1037/a0028085

    Examples
    --------
    >>> from exresearch.study import Codebook, Quality, Variable
    >>> items = tuple(
    ...     Variable(
    ...         table="customers", column=f"q{i}", role="item", construct="cx", minimum=1, maximum=5, reversed=i == 8
    ...     )
    ...     for i in range(1, 9)
    ... )
    >>> frame = pd.DataFrame([[4.0] * 8, [4.0] * 7 + [2.0]], columns=[v.column for v in items])
    >>> table = Table("customers", frame, "a.csv", (), {}, 2, {})
    >>> leave_out = Quality.model_validate({"leave_out": ["straight_lining"]})
    >>> left, counts = judge_sheets({"customers": table}, codebook=Codebook(items, {}), quality=leave_out)
    >>> len(left["customers"].frame), counts.loc[0, ["n", "n_judged"]].tolist()
    (1, [1, 2])
    """
    left = dict(tables)
    rows: list[tuple[str, str, int, int, float | None]] = []
    for name in _SHEETS:
        if name not in tables:
            continue
        table = tables[name]
        sheets = _judge(table.frame, codebook.select(name), quality=quality)
        for flag in FLAGS:
            n, judged = int(sheets.flags[flag].sum()), int(sheets.judged[flag].sum())
            rows.append((name, flag, n, judged, n / judged if judged else None))
        left[name] = _left_out(table, sheets, codebook.select(name), quality=quality)
    frame = pd.DataFrame(rows, columns=list(QUALITY_COLUMNS))
    return left, frame.astype({"n": "int64", "n_judged": "int64", "share": "float64"})


def quality_flags(study: Study) -> pd.DataFrame:
    """Return the careless sheets of a study as counted when it was read: ``table, flag, n, n_judged, share``."""
    return study.quality.copy()


def _left_out(table: Table, sheets: _Sheets, variables: tuple[Variable, ...], *, quality: Quality) -> Table:
    gone = np.zeros(len(table.frame), dtype=bool)
    flagged: dict[str, tuple[int, int]] = {}
    for flag in FLAGS:
        marked = sheets.flags[flag]
        removed = 0
        if flag in quality.leave_out:
            # The first of two copies may be gone for another reason; then the second stays.
            marked = (
                _copies(table.frame, variables, among=sheets.judged[flag] & ~gone)
                if flag == "duplicate_sheet"
                else marked
            )
            removed = int((marked & ~gone).sum())
            gone |= marked
        if sheets.flags[flag].any():
            flagged[flag] = (int(sheets.flags[flag].sum()), removed)
    frame = table.frame[~gone].reset_index(drop=True) if gone.any() else table.frame
    return replace(table, frame=frame, flagged=flagged)


def _judge(frame: pd.DataFrame, variables: tuple[Variable, ...], *, quality: Quality) -> _Sheets:
    """One column at a time, so that a million sheets need a few vectors and no second table."""
    size = len(frame)
    answered = np.zeros(size, dtype="int64")
    smallest, largest = np.full(size, np.inf), np.full(size, -np.inf)
    place_low, place_high = np.full(size, np.inf), np.full(size, -np.inf)
    middle_low, middle_high = np.full(size, np.inf), np.full(size, -np.inf)
    directions = {False: np.zeros(size, dtype=bool), True: np.zeros(size, dtype=bool)}
    seconds = np.full(size, np.nan)
    for variable in variables:
        if variable.column not in frame:
            continue
        if variable.role == "duration":
            seconds = np.fmax(seconds, frame[variable.column].to_numpy())
        if variable.role not in _ANSWERS or variable.minimum is None or variable.maximum is None:
            continue
        values = frame[variable.column].to_numpy()
        there = ~np.isnan(values)
        answered += there
        smallest, largest = np.fmin(smallest, values), np.fmax(largest, values)
        place = (values - variable.minimum) / (variable.maximum - variable.minimum)
        place = 1.0 - place if variable.reversed else place
        place_low, place_high = np.fmin(place_low, place), np.fmax(place_high, place)
        middle = np.where(there, (variable.minimum + variable.maximum) / 2, np.nan)
        middle_low, middle_high = np.fmin(middle_low, middle), np.fmax(middle_high, middle)
        directions[variable.reversed] |= there
    constant = (answered > 0) & (smallest == largest)
    both_ways = directions[False] & directions[True]
    # A whole number lies between the middles, so that an answer can be high on one scale and low on another.
    apart = np.ceil(middle_high) - np.floor(middle_low) > 1
    line_seen = (answered >= LEAST_FOR_LINE) & (both_ways | apart)
    # The top of two scales, or the middle of one that is asked both ways, says nothing against the sheet.
    contradicts = (place_low < 0.5) & (place_high > 0.5)
    timed = ~np.isnan(seconds)
    impossible = timed & ((seconds <= 0) | (seconds > _DAY))
    pace_seen = timed & ~impossible & (answered > 0)
    copy_seen = (answered >= LEAST_FOR_COPY) & ~constant
    copy_seen[copy_seen] = _unlikely_by_chance(frame, variables, rows=np.flatnonzero(copy_seen))
    with np.errstate(invalid="ignore"):
        fast = pace_seen & (seconds < quality.seconds_per_item * answered)
    return _Sheets(
        flags={
            "straight_lining": line_seen & constant & contradicts,
            "too_fast": fast,
            "impossible_duration": impossible,
            "duplicate_sheet": _copies(frame, variables, among=copy_seen),
        },
        judged={
            "straight_lining": line_seen,
            "too_fast": pace_seen,
            "impossible_duration": timed,
            "duplicate_sheet": copy_seen,
        },
    )


def _unlikely_by_chance(
    frame: pd.DataFrame, variables: tuple[Variable, ...], *, rows: np.ndarray
) -> np.ndarray:
    """Whether each of these rows would hardly find its like among the others of its unit and wave by chance."""
    together = [name for name in ("unit", "wave") if name in frame]
    others = np.full(len(frame), len(frame) - 1.0)
    if together:
        others = frame.groupby(together, dropna=False)[together[0]].transform("size").to_numpy() - 1.0
    items = [
        frame[v.column].to_numpy(dtype="float64")
        for v in variables
        if v.role in _ANSWERS and v.column in frame
    ]
    # Whole numbers up to the number of items, so that each logarithm is taken once.
    logs = np.log(np.maximum(np.arange(len(items) + 1), 1.0))
    chance = np.log(np.maximum(others[rows], 1.0))
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        among = rows[block]
        answers = np.empty((len(among), len(items)))
        for number, values in enumerate(items):
            answers[:, number] = values[among]
        answers.sort(axis=1)
        run = np.zeros(len(answers), dtype=np.intp)
        for number, column in enumerate(answers.T):
            # Blanks come last, and are equal to nothing.
            same = column == answers[:, number - 1] if number else np.zeros(len(answers), dtype=bool)
            run = np.where(same, run + 1, 1)
            chance[block] += logs[run] - np.where(np.isnan(column), 0.0, logs[number + 1])
    return np.asarray(chance < np.log(_CHANCE))


def _copies(frame: pd.DataFrame, variables: tuple[Variable, ...], *, among: np.ndarray) -> np.ndarray:
    """Rows that have the unit, wave and answers of an earlier row."""
    columns = [name for name in ("unit", "wave") if name in frame]
    columns += [v.column for v in variables if v.role in _ANSWERS and v.column in frame]
    marked = np.zeros(len(frame), dtype=bool)
    rows = np.flatnonzero(among)
    if len(rows) < 2 or not columns:
        return marked
    code = np.zeros(len(frame), dtype="uint64")
    for name in columns:
        # A hash of each row, column by column; what shares one is then compared in full.
        code = code * np.uint64(1_099_511_628_211) ^ pd.util.hash_array(_hashable(frame[name]))
    alike = rows[pd.Series(code[rows]).duplicated(keep=False).to_numpy()]
    marked[alike] = frame.iloc[alike][columns].duplicated().to_numpy()
    return marked


def _hashable(values: pd.Series) -> np.ndarray:
    if pd.api.types.is_float_dtype(values.dtype):
        cells = values.to_numpy()
        # One bit pattern for every missing cell, and for zero of either sign.
        return np.where(np.isnan(cells), np.nan, cells + 0.0)
    return pd.factorize(values)[0]
