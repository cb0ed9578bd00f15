"""The chain's measures by answer sheet, and by unit and wave beside the customers' side."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from exresearch.findings.note import Note
from exresearch.findings.testability import NOT_LINKED
from exresearch.measures import NotMeasured, NotScorable, construct_score, link_side
from exresearch.study import Study
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
        unit, wave, weight, person.
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


def chain_rows(study: Study, *, min_unit_n: int) -> ChainRows | Note:
    """Score every link and bring people and customers together by unit and wave.

    Parameters
    ----------
    study : Study
        With employees in units, and customers or a measure of the units.
    min_unit_n : int
        Complete sheets that a unit needs in a wave, and answers of customers where their number is known.

    Returns
    -------
    ChainRows or Note
        A note where the sides cannot be brought together.
    """
    scored = _sheets(study)
    if isinstance(scored, Note):
        return scored
    sheets = scored.dropna(subset=[*PEOPLE, *PARTS]).reset_index(drop=True)
    try:
        side, _ = link_side(study, "cx", table="customers", min_unit_n=min_unit_n)
    except NotMeasured:
        return NOT_LINKED
    right = side.frame.rename(columns={"value": CX, "n": "cx_n", "unit": UNIT, "wave": WAVE})
    right = right[[UNIT, WAVE, CX, "cx_n"]].astype({CX: "float64", "cx_n": "float64"})
    cells = cell_means(sheets).merge(right, on=[UNIT, WAVE], how="inner", validate="one_to_one")
    cells = cells[cells["people"] >= min_unit_n].reset_index(drop=True)
    everything = set(scored[UNIT]) | set(side.frame["unit"])
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
        answered=scored,
        cells=cells,
        waves=waves,
        labels=labels,
        n_units_out=len(everything) - cells[UNIT].nunique(),
        n_sheets_out=len(scored) - len(sheets),
        cx_source=side.source,
    )


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
    names = [*PEOPLE, *PARTS]
    grouped = sheets[[UNIT, WAVE]].assign(**{name: sheets[name] * sheets[WEIGHT] for name in names})
    grouped[WEIGHT], grouped[PERSON] = sheets[WEIGHT], sheets[PERSON]
    by = grouped.groupby([UNIT, WAVE], sort=True)
    sums = by[[*names, WEIGHT]].sum()
    means = sums[names].div(sums[WEIGHT], axis=0)
    means["n"] = by.size()
    means["people"] = by[PERSON].nunique()
    return means.reset_index()


def _sheets(study: Study) -> pd.DataFrame | Note:
    employees, codebook = study.table("employees"), study.codebook
    scores = {}
    for construct in (EXPERIENCE, ENGAGEMENT, *PARTS):
        try:
            scores[construct] = construct_score(
                employees, codebook=codebook, table="employees", construct=construct
            )
        except NotScorable:
            return Note(
                message="No score can be made of “{measure}”.", values={"measure": codebook.label(construct)}
            )
    frame = pd.DataFrame(scores).astype("float64")
    frame[UNIT] = employees["unit"]
    frame[WAVE] = employees["wave"] if "wave" in employees else "all"
    frame[WEIGHT] = employees["weight"].astype("float64") if "weight" in employees else 1.0
    # A sheet without a person is somebody of its own.
    own = pd.Series([f" row {number}" for number in range(len(frame))], index=frame.index)
    frame[PERSON] = (
        employees["person"].where(employees["person"].notna(), own) if "person" in employees else own
    )
    frame = frame[frame[UNIT].notna() & frame[WAVE].notna()]
    names = [EXPERIENCE, ENGAGEMENT, *PARTS]
    complete = frame.dropna(subset=names)
    if len(complete) < 3 or (complete[names].nunique() < 2).any():
        return _NO_SPREAD
    for name in names:
        frame = frame.assign(**{name: _standardised(frame[name], frame.loc[complete.index])})
    both = frame[list(PARTS)].mean(axis=1, skipna=False)
    frame = frame.assign(**{AMBASSADORS: both})
    return frame.assign(**{AMBASSADORS: _standardised(both, frame.loc[complete.index])}).reset_index(
        drop=True
    )


def _standardised(values: pd.Series, complete: pd.DataFrame) -> pd.Series:
    """Standard deviations from the mean, both of the complete sheets."""
    known, weights = values[complete.index], complete[WEIGHT]
    mean = float(np.average(known, weights=weights))
    spread = float(np.sqrt(np.average((known - mean) ** 2, weights=weights)))
    return (values - mean) / spread


def _waves(cells: pd.DataFrame) -> list[str]:
    return [f"wave: {wave}" for wave in sorted(cells[WAVE].value_counts().sort_index().index)[1:]]
