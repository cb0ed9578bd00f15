"""The chain's measures by answer sheet, and by unit and wave beside the customers' side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.findings.note import Note
from exresearch.findings.testability import NOT_LINKED
from exresearch.measures import NotMeasured, NotScorable, construct_score, link_side
from exresearch.study import Study
from exresearch.study.coded import ranked
from exresearch.study.languages import worded

#: Columns of the links, in their order.
EXPERIENCE, ENGAGEMENT, AMBASSADORS, CX = "experience", "engagement", "ambassadors", "cx"
CHAIN = (EXPERIENCE, ENGAGEMENT, AMBASSADORS, CX)
PEOPLE = (EXPERIENCE, ENGAGEMENT, AMBASSADORS)
#: What ambassadorship is made of.
PARTS = ("enps", "effort")
#: Columns of the groups.
UNIT, WAVE, WEIGHT, PERSON = "(unit)", "(wave)", "(weight)", "(person)"
_FEW_CELLS = Note(message="Too few units have answers of both employees and customers in the same wave.")
_NO_SPREAD = Note(
    message="One of the links of the chain hardly differs between units, so nothing can vary with it."
)


@dataclass(frozen=True, slots=True, eq=False)
class ChainRows:
    """What the chain is estimated on. Sheets are for estimators, never for a page.

    Attributes
    ----------
    sheets : pandas.DataFrame
        Complete answer sheets in units: the columns of people in standard deviations, the two parts of ambassadorship,
        unit and wave (categories in the order of their names), weight, number of the person in the order of names.
    answered : pandas.DataFrame
        The same for all sheets in units, with gaps: what links have that need not the same people.
    cells : pandas.DataFrame
        Units by wave with both sides: ``experience, engagement, ambassadors, enps, effort`` (means of the sheets),
        ``cx, n`` (sheets), ``cx_n``, unit, wave and columns of the waves.
    waves : list of str
        Columns of the waves but the first one, in `cells`.
    labels : dict of str to dict of str to str
        Name of each link, in both languages.
    n_units_out : int
        Units of either side that are in no cell.
    n_sheets_out : int
        Answer sheets in units that lack one of the answers.
    cx_source : str
        Table of the customers' side.
    """

    sheets: pd.DataFrame = field(repr=False)
    answered: pd.DataFrame = field(repr=False)
    cells: pd.DataFrame = field(repr=False)
    waves: list[str]
    labels: dict[str, dict[str, str]]
    n_units_out: int
    n_sheets_out: int
    cx_source: str


def chain_rows(study: Study, *, min_unit_n: int, scored: pd.DataFrame | None = None) -> ChainRows | Note:
    """Score every link and bring people and customers together by unit and wave.

    Parameters
    ----------
    study : Study
        With employees in units, and customers or a measure of the units.
    min_unit_n : int
        Complete sheets that a unit needs in a wave, and answers of customers where their number is known.
    scored : pandas.DataFrame, optional
        What was ``answered`` in the rows of this study with another ``min_unit_n``, so that nothing is scored again.

    Returns
    -------
    ChainRows or Note
        A note where the sides cannot be brought together.
    """
    answered = _sheets(study) if scored is None else scored
    if isinstance(answered, Note):
        return answered
    sheets = answered[_complete(answered, [*PEOPLE, *PARTS])].reset_index(drop=True)
    try:
        side, _ = link_side(study, "cx", table="customers", min_unit_n=min_unit_n)
    except NotMeasured:
        return NOT_LINKED
    right = side.frame.rename(columns={"value": CX, "n": "cx_n", "unit": UNIT, "wave": WAVE})
    right = right[[UNIT, WAVE, CX, "cx_n"]].astype({CX: "float64", "cx_n": "float64"})
    cells = cell_means(sheets).merge(right, on=[UNIT, WAVE], how="inner", validate="one_to_one")
    cells = cells[cells["people"] >= min_unit_n].reset_index(drop=True)
    units = answered[UNIT].cat.categories[np.unique(answered[UNIT].cat.codes)]
    everything = set(units) | set(side.frame["unit"])
    waves = _waves(cells)
    cells = cells.assign(**{name: (cells[WAVE] == name.removeprefix("wave: ")) * 1.0 for name in waves})
    if cells[UNIT].nunique() < 3:
        return _FEW_CELLS
    if (cells[list(CHAIN)].std() <= 0.0).any():
        return _NO_SPREAD
    codebook = study.codebook
    labels = {name: codebook.label(name) for name in (EXPERIENCE, ENGAGEMENT, *PARTS, CX)}
    labels[AMBASSADORS] = worded("Ambassadorship and effort")
    return ChainRows(
        sheets=sheets,
        answered=answered,
        cells=cells,
        waves=waves,
        labels=labels,
        n_units_out=len(everything) - cells[UNIT].nunique(),
        n_sheets_out=len(answered) - len(sheets),
        cx_source=side.source,
    )


@dataclass(frozen=True, slots=True, eq=False)
class CellSums:
    """Weighted sums by unit and wave, of all sheets or of some.

    Attributes
    ----------
    codes : ndarray
        Unit and wave of each sheet as one number, in the order of both.
    n_cells : int
        Numbers there are.
    weight : ndarray
    values : dict of str to ndarray
        Columns times weight.
    first : ndarray of bool
        Whether a sheet is its person's first in its cell.
    """

    codes: NDArray[np.int64]
    n_cells: int
    weight: NDArray[np.float64]
    values: dict[str, NDArray[np.float64]]
    first: NDArray[np.bool_]

    @classmethod
    def of(cls, sheets: pd.DataFrame) -> CellSums:
        """Prepare the sheets of :class:`ChainRows`."""
        units, waves = sheets[UNIT].cat, sheets[WAVE].cat
        n_waves = len(waves.categories)
        codes = units.codes.to_numpy(dtype=np.int64) * n_waves + waves.codes.to_numpy(dtype=np.int64)
        people = sheets[PERSON].to_numpy(dtype=np.int64)
        # Sheets are kept in their order, so that the first is the first.
        first = np.zeros(len(sheets), dtype=bool)
        first[np.unique(codes * (int(people.max(initial=0)) + 1) + people, return_index=True)[1]] = True
        weight = sheets[WEIGHT].to_numpy(dtype=np.float64)
        values = {name: sheets[name].to_numpy(dtype=np.float64) * weight for name in (*PEOPLE, *PARTS)}
        return cls(codes, len(units.categories) * n_waves, weight, values, first)

    def sums(self, where: NDArray[np.bool_] | None = None) -> pd.DataFrame:
        """Sums by cell number: the columns, weight, ``n`` (sheets) and ``people``."""
        rows = slice(None) if where is None else np.flatnonzero(where)
        codes = self.codes[rows]
        made = {
            name: np.bincount(codes, weights=values[rows], minlength=self.n_cells)
            for name, values in {**self.values, WEIGHT: self.weight}.items()
        }
        made["n"] = np.bincount(codes, minlength=self.n_cells)
        made["people"] = np.bincount(codes[self.first[rows]], minlength=self.n_cells)
        return pd.DataFrame(made)


def means_of(sums: pd.DataFrame) -> pd.DataFrame:
    """Means of the columns of :meth:`CellSums.sums`, with ``n`` and ``people``; cells without a sheet are left out."""
    there = sums[sums["n"] > 0]
    return there[[*PEOPLE, *PARTS]].div(there[WEIGHT], axis=0).assign(n=there["n"], people=there["people"])


def cell_means(sheets: pd.DataFrame) -> pd.DataFrame:
    """Weighted means by unit and wave, with ``n`` (sheets) and ``people``.

    Parameters
    ----------
    sheets : pandas.DataFrame
        As in :class:`ChainRows`, or some of their rows.

    Returns
    -------
    pandas.DataFrame
        One row per unit and wave, ordered by both.
    """
    means = means_of(CellSums.of(sheets).sums())
    units, waves = sheets[UNIT].cat.categories, sheets[WAVE].cat.categories
    cells = means.index.to_numpy()
    means.insert(0, UNIT, units.take(cells // len(waves)))
    means.insert(1, WAVE, waves.take(cells % len(waves)))
    return means.reset_index(drop=True)


def _sheets(study: Study) -> pd.DataFrame | Note:
    employees, codebook = study.table("employees"), study.codebook
    names = [EXPERIENCE, ENGAGEMENT, *PARTS]
    made: dict[str, NDArray[np.float64]] = {}
    for construct in names:
        try:
            score = construct_score(employees, codebook=codebook, table="employees", construct=construct)
        except NotScorable:
            return Note(
                message="No score can be made of “{measure}”.", values={"measure": codebook.label(construct)}
            )
        made[construct] = score.to_numpy(dtype=np.float64, na_value=np.nan)
    units, unit_names = ranked(employees["unit"])
    waves, wave_names = (
        ranked(employees["wave"])
        if "wave" in employees
        else (np.zeros(len(employees), dtype=np.int64), pd.Index(["all"]))
    )
    rows = np.flatnonzero((units >= 0) & (waves >= 0))
    frame = pd.DataFrame({name: values[rows] for name, values in made.items()})
    weight = (
        employees["weight"].to_numpy(dtype=np.float64, na_value=np.nan)[rows]
        if "weight" in employees
        else np.ones(len(rows))
    )
    complete = _complete(frame, names)
    if complete.sum() < 3 or any(np.ptp(frame[name].to_numpy()[complete]) == 0.0 for name in names):
        return _NO_SPREAD
    for name in names:
        frame[name] = _standardised(frame[name].to_numpy(), complete, weight)
    frame[AMBASSADORS] = _standardised((frame[PARTS[0]] + frame[PARTS[1]]).to_numpy() / 2, complete, weight)
    frame[UNIT] = pd.Categorical.from_codes(units[rows], unit_names)
    frame[WAVE] = pd.Categorical.from_codes(waves[rows], wave_names)
    frame[WEIGHT] = weight
    frame[PERSON] = _people(employees)[rows]
    return frame


def _people(employees: pd.DataFrame) -> NDArray[np.int64]:
    """Number of each person in the order of names; a sheet without a person is somebody of its own."""
    n = len(employees)
    codes, names = (
        ranked(employees["person"])
        if "person" in employees
        else (np.full(n, -1, dtype=np.int64), pd.Index([], dtype="str"))
    )
    alone = np.flatnonzero(codes < 0)
    if not len(alone):
        return codes
    own = [f" row {number}" for number in alone.tolist()]
    order = np.argsort(np.array([*names.astype(str), *own], dtype=object), kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    everybody = codes.copy()
    everybody[alone] = len(names) + np.arange(len(alone))
    return rank[everybody]


def _complete(frame: pd.DataFrame, names: Sequence[str]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.ones(len(frame), dtype=bool)
    for name in names:
        found &= ~np.isnan(frame[name].to_numpy())
    return found


def _standardised(
    values: NDArray[np.float64], complete: NDArray[np.bool_], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Standard deviations from the mean, both of the complete sheets."""
    known, weights = values[complete], weight[complete]
    mean = float(np.average(known, weights=weights))
    spread = float(np.sqrt(np.average((known - mean) ** 2, weights=weights)))
    return (values - mean) / spread


def _waves(cells: pd.DataFrame) -> list[str]:
    return [f"wave: {wave}" for wave in sorted(cells[WAVE].value_counts().sort_index().index)[1:]]
