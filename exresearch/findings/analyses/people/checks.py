"""Human work and standardisation, checks beside the verdict: other units, other things held the same, other shapes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from exresearch.findings.analyses.linkage.covariates import both_languages, unit_covariates
from exresearch.findings.analyses.people.answers import UnitAnswers, people_by_name
from exresearch.findings.analyses.people.units import (
    COMPONENTS,
    CONSTRUCTS,
    CX,
    PRODUCT,
    PeopleUnits,
    component_record,
    error_covariances,
    fitted,
    part_label,
    standardised,
)
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.measures import NotMeasured, UnsuitableScale, link_side, unit_categories
from exresearch.models import NotEstimable, calibrated_regression, within_regression
from exresearch.study import Study

_OTHER = "(standardisation x autonomy)"
_LABELS = {
    "contact": "{part}: with equal customer contact",
    "contact_half": "{part}: units with most customer contact alone",
    "kinds": "{part}: with equal kind and size of unit",
    "curved": "{part}: with room for curves",
    "engagement": "{part}: with equal engagement of the unit's people",
    "halves": "{part}: autonomy from other people than the rest",
    "units_once": "{part}: every unit counts once, all waves together",
    "within": "{part}: changes within units alone",
    "calibrated": "{part}: corrected for few answers per unit",
}
_OTHER_LABEL = "{part}: standardisation against room to act instead of skill"
_WITHIN = Note(message="deviations from the unit's own mean and from the wave, standard error by unit (CR2)")
_CALIBRATED = Note(
    message="means of units corrected for sampling error (regression calibration), unit bootstrap"
)
_NO_CONTACT = Note(
    message="How intense customer contact is, was not measured by unit: that it explains the links stays possible."
)
_NO_KINDS = Note(
    message="The data do not say what kind of work units do: that it explains the links stays possible."
)
_HALVES = "(halves)"


@dataclass(frozen=True, slots=True)
class ProcessChecks:
    """Checks beside the verdict.

    Attributes
    ----------
    records : tuple of EstimateRecord
        One or two for each check, under the name of the check and ``_autonomy`` or ``_interaction``.
    notes : list of Note
        Rivals that these data cannot answer.
    known : pandas.DataFrame
        ``label, reliability, n``: how well the values of units are known, by measure.
    """

    records: tuple[EstimateRecord, ...]
    notes: list[Note] = field(default_factory=list)
    known: pd.DataFrame = field(default_factory=pd.DataFrame)


def process_checks(
    study: Study, units: PeopleUnits, *, min_unit_n: int, conf_level: float, n_boot: int, seed: int
) -> ProcessChecks:
    """Estimate both components by other choices; none of them chooses the verdict.

    Parameters
    ----------
    study : Study
        The client.
    units : PeopleUnits
        Behind the verdict.
    min_unit_n, conf_level, n_boot, seed
        As :func:`exresearch.findings.analyses.people_not_process`.

    Returns
    -------
    ProcessChecks
    """
    found: list[EstimateRecord] = []
    notes: list[Note] = []
    frame = units.frame

    def held(name: str, more: pd.DataFrame, rows: pd.DataFrame | None = None) -> None:
        data = (frame if rows is None else rows).join(more)
        fit = fitted(data, units.waves, conf_level=conf_level, more=list(more.columns))
        if fit is not None:
            found.extend(
                component_record(fit.table, part, label=_label(name, part), name=name, n=units.n)
                for part in COMPONENTS
            )

    contact = _of_units(study, units, "customer_contact")
    if contact is None:
        notes.append(_NO_CONTACT)
    else:
        held("contact", contact)
        found += _most_contact(study, units, contact.iloc[:, 0], conf_level=conf_level)
    kinds = _kinds(study, units)
    if kinds is None:
        notes.append(_NO_KINDS)
    else:
        held("kinds", kinds[0])
        notes += kinds[1]
    squares = frame[list(CONSTRUCTS)] ** 2
    held("curved", squares.add_suffix(" squared"))
    mood = _of_units(study, units, "engagement")
    if mood is not None:
        held("engagement", mood)
    found += _other_product(units, conf_level=conf_level)
    found += _halves(study, units, conf_level=conf_level, seed=seed)
    found += _once(units, conf_level=conf_level)
    found += _within(study, units, min_unit_n=min_unit_n, conf_level=conf_level)
    records, known = _calibrated(study, units, conf_level=conf_level, n_boot=n_boot, seed=seed)
    return ProcessChecks((*found, *records), notes, known)


def _label(name: str, component: str) -> Note:
    return Note(message=_LABELS[name], values={"part": part_label(component)})


def _of_units(study: Study, units: PeopleUnits, construct: str) -> pd.DataFrame | None:
    """Mean of another measure over the waves of a unit, in standard deviations over the rows."""
    table = "customers" if construct == "customer_contact" else "employees"
    try:
        side, _ = link_side(study, construct, table=table, engaged_definition="threshold", min_unit_n=1)
    except (NotMeasured, UnsuitableScale):
        return None
    means = side.frame.astype({"value": "float64"}).groupby("unit")["value"].mean()
    values = units.frame["unit"].map(means)
    spread = float(values.std(ddof=0))
    if values.isna().any() or spread <= 1e-9:
        return None
    return pd.DataFrame({construct: (values - values.mean()) / spread})


def _most_contact(
    study: Study, units: PeopleUnits, contact: pd.Series, *, conf_level: float
) -> list[EstimateRecord]:
    """Both components in the half of the units with most contact, in the standard deviations of all units."""
    by_unit = contact.groupby(units.frame["unit"]).first()
    chosen = by_unit.index[by_unit >= by_unit.median()]
    rows = units.frame[units.frame["unit"].isin(chosen)]
    waves = [name for name in units.waves if rows[name].min() < rows[name].max()]
    fit = fitted(rows, waves, conf_level=conf_level)
    if fit is None:
        return []
    answers = UnitAnswers.of(study.table("employees"), units.scores.index)
    n = int(answers.unit_names.isin(chosen)[answers.units].sum())
    return [
        component_record(fit.table, part, label=_label("contact_half", part), name="contact_half", n=n)
        for part in COMPONENTS
    ]


def _kinds(study: Study, units: PeopleUnits) -> tuple[pd.DataFrame, list[Note]] | None:
    categories = unit_categories(study)
    if categories.empty:
        return None
    once = units.frame[["unit"]].drop_duplicates().merge(categories, on="unit", how="left")
    held = unit_covariates(study, once)
    if not held.columns:
        return None
    by_unit = held.frame.set_index("unit")
    found = pd.DataFrame({name: units.frame["unit"].map(by_unit[name]) for name in held.columns})
    note = Note(
        message="Kind and size of unit, as far as they are held the same: {names}.",
        values={"names": both_languages(held.labels)},
    )
    return found, [note, *held.notes]


def _other_product(units: PeopleUnits, *, conf_level: float) -> list[EstimateRecord]:
    """Whether standardisation brakes room to act instead."""
    frame = units.frame.assign(**{_OTHER: units.frame["standardisation"] * units.frame["autonomy"]})
    fit = fitted(frame, units.waves, conf_level=conf_level, more=[_OTHER])
    if fit is None:
        return []
    made = component_record(
        fit.table,
        "standardisation",
        label=Note(message=_OTHER_LABEL, values={"part": part_label("standardisation")}),
        name="other_product",
        term=_OTHER,
        n=units.n,
    )
    return [made]


def _halves(study: Study, units: PeopleUnits, *, conf_level: float, seed: int) -> list[EstimateRecord]:
    """Autonomy from one half of a unit's people, standardisation and skill from the other, and the other way round."""
    employees = study.table("employees")
    answers = UnitAnswers.of(employees, units.scores.index)
    people = people_by_name(employees, answers.rows)
    half = (np.random.default_rng(seed).permutation(people.max() + 1) % 2)[people]
    rows = units.raw.drop(columns=list(CONSTRUCTS))
    place = answers.unit_names.get_indexer(pd.Index(rows["unit"]))
    scores = {name: units.scores[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in CONSTRUCTS}
    means = [
        {name: answers.means(scores[name], where=half == side)[0][place] for name in CONSTRUCTS}
        for side in (0, 1)
    ]
    parts = [
        rows.assign(**{**means[1 - side], "autonomy": means[side]["autonomy"], _HALVES: side})
        for side in (0, 1)
    ]
    both = pd.concat(parts, ignore_index=True)
    lacking = both[list(CONSTRUCTS)].isna().any(axis=1)
    both = both[~both["unit"].isin(both.loc[lacking, "unit"])].reset_index(drop=True)
    if both.empty or bool((both[list(CONSTRUCTS)].std(ddof=0) <= 1e-9).any()):
        return []
    frame, waves = standardised(both, order=study.waves)
    fit = fitted(frame, waves, conf_level=conf_level)
    if fit is None:
        return []
    return [
        component_record(fit.table, part, label=_label("halves", part), name="halves", n=units.n)
        for part in COMPONENTS
    ]


def _pooled(units: PeopleUnits) -> pd.DataFrame:
    """One row per unit, with the mean over its waves of customer experience less what the wave has in common."""
    shared = units.raw["cx"].groupby(units.raw["wave"]).transform("mean") - units.raw["cx"].mean()
    rows = units.raw.assign(cx=units.raw["cx"] - shared).groupby("unit", as_index=False, sort=True)
    return rows[["cx", *CONSTRUCTS]].mean().assign(wave="all")


def _once(units: PeopleUnits, *, conf_level: float) -> list[EstimateRecord]:
    if not units.waves:
        return []
    frame, waves = standardised(_pooled(units), order=["all"])
    fit = fitted(frame, waves, conf_level=conf_level)
    if fit is None:
        return []
    return [
        component_record(fit.table, part, label=_label("units_once", part), name="units_once", n=units.n)
        for part in COMPONENTS
    ]


def _within(study: Study, units: PeopleUnits, *, min_unit_n: int, conf_level: float) -> list[EstimateRecord]:
    """Whether customers are better off in the waves in which a unit had more room or less was laid down."""
    employees = study.table("employees")
    if "wave" not in employees or not units.waves:
        return []
    answers = UnitAnswers.of(employees, units.scores.index)
    rows = units.raw[["unit", "wave", "cx"]]
    place = answers.cells(rows)
    kept = place >= 0
    made = {}
    for name in CONSTRUCTS:
        values = units.scores[name].to_numpy(dtype=np.float64, na_value=np.nan)
        means, n = answers.means(values, by_wave=True)
        made[name] = means[place]
        kept &= n[place] >= max(min_unit_n, 1)
    rows = rows.assign(**made)[kept].reset_index(drop=True)
    if len(rows) < 3 or bool((rows[list(CONSTRUCTS)].std(ddof=0) <= 1e-9).any()):
        return []
    frame, _ = standardised(rows, order=study.waves)
    try:
        fit = within_regression(
            frame,
            outcome=CX,
            predictors=["autonomy", "standardisation", "human_skill", PRODUCT],
            entity="unit",
            wave="wave",
            cluster="unit",
            conf_level=conf_level,
        )
    except NotEstimable:
        return []
    return [
        component_record(
            fit.table, part, label=_label("within", part), name="within", method=_WITHIN, n=units.n
        )
        for part in COMPONENTS
    ]


def _calibrated(
    study: Study, units: PeopleUnits, *, conf_level: float, n_boot: int, seed: int
) -> tuple[list[EstimateRecord], pd.DataFrame]:
    """Both components as they would be if every unit's values were known without sampling error."""
    employees = study.table("employees")
    rows = _pooled(units)
    errors = error_covariances(units.scores, employees, rows["unit"].tolist())
    known = pd.DataFrame(columns=["label", "reliability", "n"])
    try:
        table = calibrated_regression(
            rows,
            outcome="cx",
            predictors=list(CONSTRUCTS),
            products={PRODUCT: ("standardisation", "human_skill")},
            errors=errors,
            n_boot=n_boot,
            conf_level=conf_level,
            seed=seed,
        )
    except NotEstimable:
        return [], known
    reliability = table.set_index("term")["reliability"]
    known = pd.DataFrame(
        {
            "label": [units.labels[name] for name in CONSTRUCTS],
            "reliability": [float(reliability[name]) for name in CONSTRUCTS],
            "n": [int(units.scores[name].notna().sum()) for name in CONSTRUCTS],
        }
    )
    records = [
        component_record(
            table, part, label=_label("calibrated", part), name="calibrated", method=_CALIBRATED, n=units.n
        )
        for part in COMPONENTS
    ]
    return records, known
