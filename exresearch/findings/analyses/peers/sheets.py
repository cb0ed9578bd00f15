"""Ambassadors and colleagues: each person's answers beside what colleagues answered before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from exresearch.findings.analyses.talent.advocacy import fitting, question
from exresearch.findings.note import Note
from exresearch.measures import NotScorable, construct_score
from exresearch.measures.advocacy import Cuts
from exresearch.models import NotEstimable, WithinFit, colleague_means, within_regression
from exresearch.study import Study
from exresearch.study.coded import coded, ranked

OUTCOME, PROMOTER = "(enps)", "(promoter)"
_ENGAGEMENT = "(engagement)"
BEFORE, SAME, AFTER = "(colleagues before)", "(colleagues now)", "(colleagues after)"
MOOD = ("(engagement of colleagues now)", "(engagement of colleagues before)")
SPELL, UNIT, WAVE, WEIGHT, PERSON = "(person in unit)", "unit", "wave", "weight", "person"
#: Columns that may say who is an ambassador, and what they may call the two kinds.
_COLUMNS = ("ambassador", "ambassadeur", "ambassador_role")
_KINDS = {
    "voluntary": ("vrijwillig", "voluntary", "volunteer"),
    "assigned": ("aangewezen", "benoemd", "assigned", "appointed"),
}


@dataclass(frozen=True, slots=True)
class PeerSheets:
    """Answer sheets with a person, a unit and a wave. Person by person: for estimators, never for a page.

    Attributes
    ----------
    frame : pandas.DataFrame
        The answer on recommending the employer, whether it is that of a promoter, keys, weight where there is one, and
        the share of promoters among colleagues in the wave before, in the same and in the next one.
    waves : tuple of str
        In order.
    cuts : Cuts
        Who is a promoter.
    kinds : dict of str to str
        Columns of 0 and 1 of voluntary and assigned ambassadors, where the study tells them apart.
    label : dict of str to str
        Of the question.
    held : tuple of str
        Columns with the engagement of colleagues in the same wave and the one before; empty where it is not measured.
    least : int
        Colleagues that a share needs.
    n_all, n_moved : int
        Sheets of the study; people who answered in more than one unit.
    """

    frame: pd.DataFrame
    waves: tuple[str, ...]
    cuts: Cuts
    kinds: dict[str, str]
    label: dict[str, str]
    held: tuple[str, ...]
    least: int
    n_all: int
    n_moved: int

    @property
    def weights(self) -> str | None:
        """Column of weights, where there is one."""
        return WEIGHT if WEIGHT in self.frame else None

    def of_colleagues(
        self, columns: Sequence[str], *, lag: int, present_in_both: bool = False
    ) -> pd.DataFrame:
        """Return means over colleagues of columns of the frame, in the rows of the frame."""
        return colleague_means(
            self.frame,
            columns=columns,
            person=PERSON,
            unit=UNIT,
            wave=WAVE,
            waves=self.waves,
            weights=self.weights,
            lag=lag,
            least=self.least,
            present_in_both=present_in_both,
        )


def peer_sheets(
    study: Study,
    *,
    enps_variant: Literal["us", "eu", "custom"],
    enps_promoters_from: int,
    enps_detractors_to: int,
    min_unit_n: int,
) -> PeerSheets | Note:
    """Set every answer beside the share of promoters among colleagues, the person left out.

    Parameters
    ----------
    study : Study
        With employees.
    enps_variant, enps_promoters_from, enps_detractors_to
        Who is a promoter.
    min_unit_n : int
        Colleagues that a share needs.

    Returns
    -------
    PeerSheets or Note
        A note where the question is not there, or its scale does not fit the cut-points.
    """
    asked = question(study, "employees", "enps")
    if asked is None:
        return Note(message="Nobody was asked whether they recommend the employer.")
    cuts = fitting(
        asked,
        variant=enps_variant,
        promoters_from=enps_promoters_from,
        detractors_to=enps_detractors_to,
    )
    if cuts is None:
        return Note(message="The cut-points of a promoter do not fit the scale of the question.")
    employees = study.table("employees")
    frame = _keyed(employees)
    answer = employees[asked.column].astype("float64")
    frame[OUTCOME] = answer
    frame[PROMOTER] = (answer >= cuts.promoter).astype("float64").where(answer.notna())
    kinds = {}
    for name, marks in _marked(study).items():
        kinds[name] = f"({name})"
        frame[kinds[name]] = marks
    engagement = _engagement(study)
    if engagement is not None:
        frame[_ENGAGEMENT] = engagement
    sheets = PeerSheets(
        frame=frame,
        waves=tuple(study.waves),
        cuts=cuts,
        kinds=kinds,
        label=study.codebook.label("enps"),
        held=() if engagement is None else MOOD,
        least=min_unit_n,
        n_all=len(employees),
        n_moved=_moved(frame),
    )
    for column, lag in ((BEFORE, 1), (SAME, 0), (AFTER, -1)):
        frame[column] = sheets.of_colleagues([PROMOTER], lag=lag)[PROMOTER]
    for lag, column in enumerate(sheets.held):
        frame[column] = sheets.of_colleagues([_ENGAGEMENT], lag=lag)[_ENGAGEMENT]
    return sheets


def _keyed(employees: pd.DataFrame) -> pd.DataFrame:
    """Keys of the sheets as categories: people and people in units by number, units and waves in their order."""
    who, people = coded(employees[PERSON])
    units, unit_names = ranked(employees[UNIT])
    waves, wave_names = ranked(employees[WAVE])
    # A person in another unit is followed anew: a move changes the colleagues, and everything else as well.
    spell = np.full(len(employees), -1)
    known = (who >= 0) & (units >= 0)
    spell[known], spells = pd.factorize(who[known] * len(unit_names) + units[known])
    frame = pd.DataFrame(index=employees.index)
    frame[PERSON] = pd.Categorical.from_codes(who, pd.RangeIndex(len(people)))
    frame[UNIT] = pd.Categorical.from_codes(units, unit_names)
    frame[WAVE] = pd.Categorical.from_codes(waves, wave_names)
    if WEIGHT in employees:
        frame[WEIGHT] = employees[WEIGHT]
    frame[SPELL] = pd.Categorical.from_codes(spell, pd.RangeIndex(len(spells)))
    return frame


def _moved(frame: pd.DataFrame) -> int:
    """Count the people who answered in more than one unit."""
    spell, who = (frame[name].cat.codes.to_numpy() for name in (SPELL, PERSON))
    owner = np.zeros(len(frame[SPELL].cat.categories), dtype=np.int64)
    owner[spell[spell >= 0]] = who[spell >= 0]
    return int((np.bincount(owner, minlength=1) > 1).sum())


def _marked(study: Study) -> dict[str, pd.Series]:
    """1 for voluntary and for assigned ambassadors, 0 for others, where the study tells the two apart."""
    employees = study.table("employees")
    for variable in study.codebook.select("employees", role="category"):
        if variable.column.lower() not in _COLUMNS or variable.column not in employees:
            continue
        codes, names = pd.factorize(employees[variable.column].astype("object"))
        words = [str(name).strip().lower() for name in names]
        found = {
            kind: pd.Series(
                # One place more, for those without an answer.
                np.array([*(word in known for word in words), False])[codes].astype(np.float64),
                index=employees.index,
            )
            for kind, known in _KINDS.items()
        }
        if all(0 < marks.sum() < len(marks) for marks in found.values()):
            return found
    return {}


def _engagement(study: Study) -> pd.Series | None:
    """Engagement of everybody, or None where it is not measured or hardly differs."""
    employees = study.table("employees")
    measured = [
        v for v in study.codebook.select("employees", construct="engagement") if v.role in ("item", "outcome")
    ]
    if not any(v.column in employees for v in measured):
        return None
    try:
        score = construct_score(employees, codebook=study.codebook, table="employees", construct="engagement")
    except NotScorable:
        return None
    return score.astype("float64") if score.min() < score.max() else None


def followed(
    frame: pd.DataFrame,
    predictors: Sequence[str],
    *,
    conf_level: float,
    outcome: str = OUTCOME,
    wave: str = WAVE,
    standardised: bool = True,
    **more: Any,
) -> WithinFit | None:
    """Regress a person's answers on what colleagues answered, within persons, waves held the same.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of :class:`PeerSheets`, with the columns of the predictors.
    predictors : sequence of str
        The first is the one that is asked about.
    conf_level : float
        Of the intervals.
    outcome, wave : str
        Columns.
    standardised : bool
        In standard deviations within persons.
    **more
        As :func:`exresearch.models.within_regression`.

    Returns
    -------
    WithinFit or None
        None where it cannot be estimated.
    """
    options: Mapping[str, Any] = {
        "entity": SPELL,
        "cluster": UNIT,
        "weights": WEIGHT if WEIGHT in frame else None,
        "conf_level": conf_level,
        "standardised": standardised,
    }
    needed = dict.fromkeys([outcome, *predictors, SPELL, UNIT, wave, *([WEIGHT] if WEIGHT in frame else [])])
    usable = frame[list(needed)]
    usable = usable[usable[[*predictors, SPELL]].notna().all(axis=1)]
    try:
        return within_regression(
            usable, outcome=outcome, predictors=predictors, wave=wave, **{**options, **more}
        )
    except NotEstimable:
        return None
