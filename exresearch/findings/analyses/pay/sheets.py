"""Pay and experience: answer sheets in standard deviations, and the regression with the product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from exresearch.findings.analyses.dependence import units_counted
from exresearch.findings.analyses.talent.spells import stay_spells
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.measures import Groups, NotScorable, construct_score, dependence_groups, score_items
from exresearch.models import NotEstimable
from exresearch.models.regression import LinearFit, linear_regression
from exresearch.study import Study
from exresearch.study.languages import worded

OUTCOME, PAY, EXPERIENCE, PRODUCT = "(outcome)", "(pay)", "(experience)", "(product)"
WEIGHT, _GROUP = "(weight)", "(group)"
_CONSTRUCTS = {"pay": "pay_satisfaction", "experience": "experience", "outcome": "stay"}
_METHODS = {
    "unit": "regression with a product, all in standard deviations, standard error by unit",
    "person": "regression with a product, all in standard deviations, standard error by person",
    "row": "regression with a product, all in standard deviations, robust standard error",
}


@dataclass(frozen=True, slots=True)
class PaySheets:
    """Sheets that can be analysed. Person by person: for estimators, never for a page.

    Attributes
    ----------
    frame : pandas.DataFrame
        Outcome, pay, experience (mean 0, standard deviation 1), their product, columns of waves, weight and group.
    raw : pandas.DataFrame
        ``pay, experience, outcome`` as scored.
    waves : list of str
        Columns of the waves but the largest.
    groups : Groups
        Whose answers are kept together.
    outcome : {"asked", "followed"}
        Whether the outcome is the intention, or being there a year later.
    means, spreads, ends : dict
        Of ``pay, experience, outcome``; ends of the scales of the answers.
    at_top : float
        Share of the highest possible answer among the outcomes.
    labels : dict of str to dict of str to str
    n_excluded : int
        Sheets without one of the three.
    """

    frame: pd.DataFrame
    raw: pd.DataFrame
    waves: list[str]
    groups: Groups
    outcome: Literal["asked", "followed"]
    means: dict[str, float]
    spreads: dict[str, float]
    ends: dict[str, tuple[float, float]]
    at_top: float
    labels: dict[str, dict[str, str]]
    n_excluded: int


def pay_sheets(
    study: Study, *, outcome: Literal["asked", "followed", "either"] = "either"
) -> PaySheets | Note:
    """Score pay satisfaction, experience and staying, and bring them to standard deviations.

    Parameters
    ----------
    study : Study
        With employees.
    outcome : {"asked", "followed", "either"}
        The intention to stay as asked; being there a year later, from the staff list; or the first where there is one.

    Returns
    -------
    PaySheets or Note
        A note where something is not measured.
    """
    employees, codebook = study.table("employees"), study.codebook
    scores: dict[str, pd.Series] = {}
    ends: dict[str, tuple[float, float]] = {}
    for name, construct in _CONSTRUCTS.items():
        items = [v for v in score_items(codebook, "employees", construct) if v.column in employees]
        if not items:
            continue
        try:
            scores[name] = construct_score(
                employees, codebook=codebook, table="employees", construct=construct
            )
        except NotScorable:
            return Note(
                message="No score can be made of “{measure}”.", values={"measure": codebook.label(construct)}
            )
        ends[name] = (min(v.minimum or 0.0 for v in items), max(v.maximum or 0.0 for v in items))
    labels = {name: codebook.label(construct) for name, construct in _CONSTRUCTS.items()}
    used: Literal["asked", "followed"] = "asked"
    if outcome == "followed" or (outcome == "either" and "outcome" not in scores):
        stayed = stayed_a_year(study, scores["pay"]) if "pay" in scores else None
        if stayed is None:
            return Note(message="Nobody can be followed for a year after answering.")
        scores["outcome"], ends["outcome"], used = stayed, (0.0, 1.0), "followed"
        labels["outcome"] = worded("Still employed a year later")
    if set(scores) != set(_CONSTRUCTS):
        return Note(message="Pay satisfaction, experience or staying is not measured.")
    raw = pd.DataFrame(scores).dropna()
    if len(raw) < 3 or (raw.nunique() < 2).any():
        return Note(
            message="Pay satisfaction, experience or the intention to stay hardly differ between people."
        )
    return _standardised(study, raw, outcome=used, ends=ends, labels=labels, n_all=len(employees))


def stayed_a_year(study: Study, score: pd.Series) -> pd.Series | None:
    """Return 1 where somebody still worked here a year after a sheet and 0 where not; missing where that is not known.

    Parameters
    ----------
    study : Study
        With a staff list.
    score : pandas.Series
        Sheets that count have one.

    Returns
    -------
    pandas.Series or None
        In the order of the sheets that are known; None where nobody is.
    """
    if not study.has("people", "person"):
        return None
    spells = stay_spells(study, {"score": score})
    if isinstance(spells, Note):
        return None
    rows = spells.rows
    # Service of a person after each sheet: until the last row without a gap ends.
    left = rows.groupby("person")["left"].transform("max")
    last = (rows["since_first"] + rows["years"]).groupby(rows["person"]).transform("max")
    followed = last - rows["since_first"]
    known = (followed >= 1.0) | (left == 1)
    # Who left within the year is known at once, who stayed only after a year: take sheets that a year could follow.
    in_time = rows["wave"].isin(rows.loc[followed >= 1.0, "wave"].unique())
    stayed = (followed >= 1.0).astype("float64")[known & in_time]
    return stayed if stayed.nunique() == 2 else None


def _standardised(
    study: Study,
    raw: pd.DataFrame,
    *,
    outcome: Literal["asked", "followed"],
    ends: dict[str, tuple[float, float]],
    labels: dict[str, dict[str, str]],
    n_all: int,
) -> PaySheets:
    table = study.table("employees")
    employees = table[[name for name in ("weight", "wave", "unit", "person") if name in table]].loc[raw.index]
    weights = employees["weight"].astype("float64") if "weight" in employees else None
    means = {str(name): float(np.average(raw[name], weights=weights)) for name in raw}
    spreads = {
        str(name): float(np.sqrt(np.average((raw[name] - means[str(name)]) ** 2, weights=weights)))
        for name in raw
    }
    z = {name: (raw[name] - means[name]) / spreads[name] for name in means}
    frame = pd.DataFrame({OUTCOME: z["outcome"], PAY: z["pay"], EXPERIENCE: z["experience"]})
    frame[PRODUCT] = frame[PAY] * frame[EXPERIENCE]
    waves = []
    if "wave" in employees:
        for wave in employees["wave"].value_counts().index[1:]:
            name = f"wave: {wave}"
            frame[name] = (employees["wave"] == wave).astype("float64")
            waves.append(name)
    groups = dependence_groups(employees)
    frame[_GROUP] = groups.labels
    if weights is not None:
        frame[WEIGHT] = weights
    top = raw["outcome"] >= ends["outcome"][1]
    return PaySheets(
        frame=frame,
        raw=raw,
        waves=waves,
        groups=groups,
        outcome=outcome,
        means=means,
        spreads=spreads,
        ends=ends,
        at_top=float(np.average(top, weights=weights)),
        labels=labels,
        n_excluded=n_all - len(raw),
    )


def fitted(
    sheets: PaySheets, *, conf_level: float, more: pd.DataFrame | None = None, waves: bool = True
) -> LinearFit | None:
    """Regress the outcome on pay, experience and their product.

    Parameters
    ----------
    sheets : PaySheets
        Of :func:`pay_sheets`.
    conf_level : float
        Of the intervals.
    more : pandas.DataFrame, optional
        Columns that are held the same as well, on the index of the sheets.
    waves : bool
        Whether waves are held the same.

    Returns
    -------
    LinearFit or None
        None where it cannot be estimated.
    """
    frame = sheets.frame if more is None else sheets.frame.join(more)
    others = [*(sheets.waves if waves else []), *([] if more is None else more.columns)]
    try:
        return linear_regression(
            frame,
            outcome=OUTCOME,
            predictors=[PAY, EXPERIENCE, PRODUCT, *others],
            weights=WEIGHT if WEIGHT in frame else None,
            cluster=None if sheets.groups.by == "row" else _GROUP,
            covariance=None if sheets.groups.by == "row" else "CR2",
            conf_level=conf_level,
        )
    except NotEstimable:
        return None


def interaction_record(
    fit: LinearFit, sheets: PaySheets, *, name: str, label: Note, term: str = PRODUCT
) -> EstimateRecord:
    """Take the coefficient of the product into a record."""
    by = sheets.groups.by
    return estimate_record(
        units_counted(fit.table.assign(n_units=fit.n_clusters), sheets.groups),
        term,
        name=name,
        label=label,
        unit_of_measurement="standardised",
        method=Note(message=_METHODS[by]),
    )
