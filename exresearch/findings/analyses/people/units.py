"""Human work and standardisation: units by wave in standard deviations, and the regression with the product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.findings.analyses.people.answers import UnitAnswers, people_of
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.findings.registry import load_registry
from exresearch.measures import NotMeasured, NotScorable, Side, construct_score, link_side
from exresearch.models import NotEstimable
from exresearch.models.regression import LinearFit, linear_regression
from exresearch.study import Study
from exresearch.study.coded import ranked

HYPOTHESIS = "people-not-process"
COMPONENTS = ("autonomy", "standardisation")
CONSTRUCTS = ("autonomy", "standardisation", "human_skill")
PRODUCT = "(standardisation x skill)"
CX = "(cx)"
#: Which coefficient decides which component.
TERMS = {"autonomy": "autonomy", "standardisation": PRODUCT}
METHOD = Note(
    message="least squares on units and waves, all in standard deviations, standard error by unit (CR2)"
)


@dataclass(frozen=True, slots=True)
class PeopleUnits:
    """Units with all four measures.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row per unit and wave: ``unit, wave``, customer experience and the three measures of the unit (mean 0,
        standard deviation 1 over rows), the product of two, and columns of waves.
    raw : pandas.DataFrame
        The same four as they were measured, as ``cx, autonomy, standardisation, human_skill``.
    scores : pandas.DataFrame
        The three scores of each answer sheet of these units. Person by person: for estimators, never for a page.
    waves : list of str
        Columns of the waves but the first.
    side : Side
        Customer experience as measured.
    means, spreads : dict of str to float
        Over the rows of ``frame``.
    labels : dict of str to dict of str to str
        Of the four measures.
    n : int
        Answer sheets behind the units.
    n_excluded : int
        Units with people or customers that are left out.
    """

    frame: pd.DataFrame
    raw: pd.DataFrame
    scores: pd.DataFrame
    waves: list[str]
    side: Side
    means: dict[str, float]
    spreads: dict[str, float]
    labels: dict[str, dict[str, str]]
    n: int
    n_excluded: int

    @property
    def n_units(self) -> int:
        """Units with all four measures."""
        return int(self.frame["unit"].nunique())


def people_units(study: Study, *, min_unit_n: int) -> PeopleUnits | Note:
    """Set autonomy, standardisation and skill of each unit beside what its customers say, wave by wave.

    The three are means over all waves: how a unit works hardly changes, and a mean of more people is known better.

    Parameters
    ----------
    study : Study
        With employees, and customers or a table of units.
    min_unit_n : int
        People that a unit needs on each of the three, and customers that it needs in a wave.

    Returns
    -------
    PeopleUnits or Note
        A note where something is not measured or does not vary.
    """
    employees, codebook = study.table("employees"), study.codebook
    labels = {name: codebook.label(name) for name in (*CONSTRUCTS, "cx")}
    scores = pd.DataFrame(index=employees.index)
    for name in CONSTRUCTS:
        try:
            scores[name] = construct_score(employees, codebook=codebook, table="employees", construct=name)
        except NotScorable:
            return Note(message="No score can be made of “{measure}”.", values={"measure": labels[name]})
    try:
        side, _ = link_side(study, "cx", table="customers", min_unit_n=min_unit_n)
    except NotMeasured:
        return Note(message="Customer experience is not measured by unit.")
    means = _unit_values(scores, employees, min_unit_n=min_unit_n)
    rows = side.frame[["unit", "wave", "value"]].rename(columns={"value": "cx"}).astype({"cx": "float64"})
    unit_of, unit_names = ranked(employees["unit"])
    everybody = {*rows["unit"].astype(str), *unit_names.astype(str)}
    rows = rows.merge(means, on="unit", how="inner").sort_values(["unit", "wave"], kind="stable")
    rows = rows.reset_index(drop=True)
    raw = rows[["cx", *CONSTRUCTS]]
    if len(rows) < 3 or bool((raw.std(ddof=0) <= 1e-9).any()):
        return Note(message="Units hardly differ in how people work, or in what customers say.")
    frame, waves = standardised(rows, order=study.waves)
    # One place more, for those without a unit.
    there = np.array([*unit_names.isin(rows["unit"]), False])[unit_of]
    kept = there & scores.notna().to_numpy().any(axis=1)
    return PeopleUnits(
        frame=frame,
        raw=rows,
        scores=scores[kept],
        waves=waves,
        side=side,
        means={str(name): float(raw[name].mean()) for name in raw},
        spreads={str(name): float(raw[name].std(ddof=0)) for name in raw},
        labels=labels,
        n=int(kept.sum()),
        n_excluded=len(everybody) - int(rows["unit"].nunique()),
    )


def standardised(rows: pd.DataFrame, *, order: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """Bring ``cx`` and the three measures to standard deviations over rows, with their product and columns of waves.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``unit, wave, cx`` and the three measures.
    order : sequence of str
        Waves in order.

    Returns
    -------
    tuple of pandas.DataFrame and list of str
        The frame of a :class:`PeopleUnits`, and the columns of its waves.
    """
    frame = rows[["unit", "wave"]].copy()
    for name in ("cx", *CONSTRUCTS):
        values = rows[name].astype("float64")
        frame[CX if name == "cx" else name] = (values - values.mean()) / values.std(ddof=0)
    frame[PRODUCT] = frame["standardisation"] * frame["human_skill"]
    present = [wave for wave in order if (rows["wave"] == wave).any()]
    waves = []
    for wave in present[1:]:
        waves.append(f"wave: {wave}")
        frame[waves[-1]] = (rows["wave"] == wave).astype("float64")
    return frame, waves


def _unit_values(scores: pd.DataFrame, employees: pd.DataFrame, *, min_unit_n: int) -> pd.DataFrame:
    """Mean of each construct by unit over all waves, where enough people answered each."""
    answers = UnitAnswers.of(employees, employees.index)
    people = people_of(employees, answers.rows)
    n_units = len(answers.unit_names)
    found: dict[str, NDArray[np.float64]] = {}
    enough: NDArray[np.bool_] = np.ones(n_units, dtype=bool)
    for name in CONSTRUCTS:
        values = scores[name].to_numpy(dtype=np.float64, na_value=np.nan)
        found[name], _ = answers.means(values)
        answered = np.isfinite(values) & (answers.units >= 0)
        # Each person once in each unit.
        pairs = pd.unique(people[answered] * n_units + answers.units[answered])
        enough &= np.bincount(pairs % n_units, minlength=n_units) >= max(min_unit_n, 1)
    return pd.DataFrame({"unit": answers.unit_names, **found})[enough].reset_index(drop=True)


def error_covariances(
    scores: pd.DataFrame, employees: pd.DataFrame, units: Sequence[str]
) -> NDArray[np.float64]:
    """Covariance of the sampling errors of a unit's three means, whose answers come from the same people.

    Parameters
    ----------
    scores : pandas.DataFrame
        The three scores, on the index of sheets.
    employees : pandas.DataFrame
        Answer sheets: ``unit``, and ``person`` and ``weight`` where there are any.
    units : sequence of str
        Order of the result.

    Returns
    -------
    ndarray [units, 3, 3]
        ``m / (m - 1) sum_p e_p e_p'`` over the m people of a unit, with ``e_p`` the sum of their weighted deviations
        from the unit's means over the sum of weights: answers of one person in several waves count as one.
    """
    answers = UnitAnswers.of(employees, scores.index)
    place = np.full(len(answers.unit_names), -1)
    known = answers.unit_names.get_indexer(pd.Index(units))
    place[known[known >= 0]] = np.flatnonzero(known >= 0)
    g, w = place[answers.units], answers.weight
    y = scores[list(CONSTRUCTS)].to_numpy(dtype=np.float64)
    people = people_of(employees, answers.rows)
    _, first, owner = np.unique(g * (people.max() + 1) + people, return_index=True, return_inverse=True)
    e = np.zeros((len(first), y.shape[1]))
    for column in range(y.shape[1]):
        has = np.isfinite(y[:, column])
        total = np.bincount(g[has], w[has], len(units))
        mean = np.bincount(g[has], (w * np.where(has, y[:, column], 0.0))[has], len(units)) / total
        part = np.where(has, w * (np.nan_to_num(y[:, column]) - mean[g]) / total[g], 0.0)
        e[:, column] = np.bincount(owner, part, len(first))
    unit = g[first]
    m = np.bincount(unit, minlength=len(units)).astype(np.float64)
    found = np.empty((len(units), y.shape[1], y.shape[1]))
    for left in range(y.shape[1]):
        for right in range(y.shape[1]):
            found[:, left, right] = np.bincount(unit, e[:, left] * e[:, right], len(units))
    return found * (m / np.maximum(m - 1.0, 1.0))[:, None, None]


def fitted(
    frame: pd.DataFrame,
    waves: Sequence[str],
    *,
    conf_level: float,
    predictors: Sequence[str] = ("autonomy", "standardisation", "human_skill", PRODUCT),
    more: Sequence[str] = (),
) -> LinearFit | None:
    """Regress customer experience on autonomy, standardisation, skill and the product, with waves held the same.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of :class:`PeopleUnits`, with the columns of ``more``.
    waves : sequence of str
        Columns of the waves.
    conf_level : float
        Of the intervals.
    predictors : sequence of str
        What stands in the regression.
    more : sequence of str
        What is held the same as well.

    Returns
    -------
    LinearFit or None
        None where it cannot be estimated.
    """
    try:
        return linear_regression(
            frame,
            outcome=CX,
            predictors=[*predictors, *waves, *more],
            cluster="unit",
            covariance="CR2",
            conf_level=conf_level,
        )
    except NotEstimable:
        return None


def part_label(component: str) -> dict[str, str]:
    """Return what a component of the claim is called, in both languages."""
    return load_registry().family_of(HYPOTHESIS).components[component].model_dump()


def component_record(
    table: pd.DataFrame,
    component: str,
    *,
    label: Note | None = None,
    name: str = "",
    method: Note = METHOD,
    term: str | None = None,
    n: int,
) -> EstimateRecord:
    """Take one coefficient into a record of a component.

    Parameters
    ----------
    table : pandas.DataFrame
        Tidy estimates with ``n_units`` or ``n_clusters``.
    component : {"autonomy", "standardisation"}
        Which component.
    label : Note, optional
        The name of the component by default.
    name : str
        Of the check; empty for the deciding estimate.
    method : Note
        How it was computed.
    term : str, optional
        Which coefficient, where it is another one.
    n : int
        Answers behind it.

    Returns
    -------
    EstimateRecord
    """
    rows = table if "n_units" in table else table.assign(n_units=table["n_clusters"])
    suffix = "interaction" if component == "standardisation" else component
    return estimate_record(
        rows.assign(n=n),
        term or TERMS[component],
        name=f"{name}_{suffix}" if name else component,
        label=Note(message="{part}", values={"part": part_label(component)}) if label is None else label,
        unit_of_measurement="standardised",
        method=method,
    )
