"""Talent magnet, advocacy: the eNPS of units beside what their customers say, and who recommends in which phase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from exresearch.findings.analyses.linkage.checks import BOOTSTRAP
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.measures import Cuts, cut_points, dependence_groups, oriented, population_column, unit_means
from exresearch.measures.resampling import respondents, respondents_by
from exresearch.models import NotEstimable, unit_association
from exresearch.models.regression import linear_regression
from exresearch.models.resampling import MIN_UNITS
from exresearch.study import Study, Variable
from exresearch.study.weights.phases import phase_of

_PHASES = ("candidate", "employee", "leaver", "alumnus")
#: People of a phase that a mean needs, and units that a category needs to be held the same.
_LEAST, _LEAST_UNITS = 10, 3


@dataclass(frozen=True, slots=True)
class Advocacy:
    """eNPS beside NPS, unit by unit.

    Attributes
    ----------
    deciding : EstimateRecord or None
        Correlation over units; None where `reason` says why not.
    checks : tuple of EstimateRecord
        With mean answers instead of promoters and detractors, and among units of the same kind.
    units : pandas.DataFrame
        One row per unit, in the order of its scores: ``unit, ex`` (eNPS), ``cx`` (NPS), ``n_ex, n_cx`` (answers).
    reason : Note or None
    """

    deciding: EstimateRecord | None
    checks: tuple[EstimateRecord, ...]
    units: pd.DataFrame
    reason: Note | None


def question(study: Study, table: str, construct: str) -> Variable | None:
    """Return the outcome of a table that measures a construct, where it is there."""
    for variable in study.codebook.select(table, role="outcome", construct=construct):
        if study.has(table, variable.column):
            return variable
    return None


def fitting(
    variable: Variable,
    *,
    variant: Literal["us", "eu", "custom"] | Cuts,
    promoters_from: int,
    detractors_to: int,
) -> Cuts | None:
    """Return the cut-points on the scale of a question, or None where they do not fit it."""
    if variable.minimum is None or variable.maximum is None:
        return None
    try:
        return cut_points(
            variant,
            promoters_from=promoters_from,
            detractors_to=detractors_to,
            scale=(variable.minimum, variable.maximum),
        )
    except ValueError:
        return None


def classes(values: pd.Series, cuts: Cuts) -> pd.Series:
    """Return 100 for promoters, 0 for passives, -100 for detractors; missing stays missing.

    Examples
    --------
    >>> classes(pd.Series([10.0, 7.0, 6.0]), cut_points("us")).tolist()
    [100.0, 0.0, -100.0]
    """
    found = 100.0 * (
        (values >= cuts.promoter).astype("float64") - (values <= cuts.detractor).astype("float64")
    )
    return found.where(values.notna())


def advocacy(
    study: Study,
    *,
    label: Note,
    cuts: dict[str, Any],
    min_unit_n: int,
    conf_level: float,
    n_boot: int,
    seed: int,
) -> Advocacy:
    """Correlate the eNPS of units with the NPS that their customers give.

    Parameters
    ----------
    study : Study
        With employees and customers by unit.
    label : Note
        Of the component.
    cuts : dict
        ``variant, promoters_from, detractors_to``.
    min_unit_n : int
        People and answers that a unit needs on each side.
    conf_level, n_boot, seed
        Of the intervals.

    Returns
    -------
    Advocacy
    """
    sides, means = {}, {}
    for side, table, construct in (("ex", "employees", "enps"), ("cx", "customers", "nps")):
        asked = question(study, table, construct)
        found = None if asked is None else fitting(asked, **cuts)
        if asked is None or found is None or not study.has(table, "unit"):
            return Advocacy(
                None,
                (),
                pd.DataFrame(),
                Note(
                    message=(
                        "eNPS beside NPS could not be tested: employees or customers were not asked, by unit, whether "
                        "they recommend."
                    )
                ),
            )
        values = oriented(study.table(table)[asked.column], asked)
        sides[side] = _by_unit(study, table, classes(values, found), min_unit_n=min_unit_n)
        means[side] = _by_unit(study, table, values, min_unit_n=min_unit_n)
    units = sides["ex"].add_suffix("_ex").join(sides["cx"].add_suffix("_cx"), how="inner")
    if len(units) < MIN_UNITS:
        message = (
            "eNPS beside NPS could not be tested: {n_units:integer} units have enough answers of both; at least "
            "{needed:integer} are needed."
        )
        note = Note(message=message, values={"n_units": len(units), "needed": MIN_UNITS})
        return Advocacy(None, (), pd.DataFrame(), note)
    units = units.rename(columns={"mean_ex": "ex", "mean_cx": "cx"})
    resampling: dict[str, Any] = {"n_boot": n_boot, "conf_level": conf_level, "seed": seed}
    deciding = _correlation(units, name="enps_nps", label=label, **resampling)
    if deciding is None:
        return Advocacy(
            None,
            (),
            pd.DataFrame(),
            Note(message="eNPS beside NPS could not be tested: units hardly differ."),
        )
    answers = units.assign(ex=means["ex"]["mean"], cx=means["cx"]["mean"])
    found_checks = [
        _correlation(
            answers,
            name="enps_nps_means",
            label=Note(message="eNPS beside NPS: mean answers instead of promoters and detractors"),
            **resampling,
        ),
        _within_categories(study, units, **resampling),
    ]
    # The order of the names would tell which unit is which.
    drawn = units[["ex", "cx", "n_ex", "n_cx"]].rename_axis("unit").reset_index()
    drawn = drawn.sort_values(["ex", "cx"]).reset_index(drop=True)
    return Advocacy(deciding, tuple(check for check in found_checks if check is not None), drawn, None)


def recommendation_by_phase(study: Study, *, conf_level: float) -> pd.DataFrame:
    """Return the mean recommendation of the employer by candidates, employees, leavers and former employees.

    Parameters
    ----------
    study : Study
        With moments.
    conf_level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        ``phase, estimate, std_error, conf_low, conf_high, conf_level, n`` (people), ``minimum, maximum`` (of the
        scale), ``dimension`` (column that says who recommends); empty where moments do not say who recommends. A person
        counts once for each day of answering.
    """
    asked = question(study, "moments", "journey_recommendation")
    who = population_column(study)
    if asked is None or who is None:
        return pd.DataFrame()
    moments = study.table("moments")
    keys = [name for name in ("person", "wave", who) if name in moments]
    frame = moments.assign(value=oriented(moments[asked.column], asked)).dropna(subset=["value"])
    if "person" in keys:
        frame = frame.drop_duplicates([*keys, "value"])
    frame = frame.assign(phase=frame[who].map(phase_of, na_action="ignore"), one=1.0)
    rows = []
    for phase in _PHASES:
        part = frame[frame["phase"] == phase]
        groups = dependence_groups(part)
        if respondents(part) < _LEAST:
            continue
        part = part.assign(group=groups.labels)
        try:
            row = linear_regression(
                part,
                outcome="value",
                predictors=["one"],
                intercept=False,
                cluster=None if groups.by == "row" else "group",
                conf_level=conf_level,
            ).table.iloc[0]
        except NotEstimable:
            continue
        numbers = {name: float(row[name]) for name in ("estimate", "std_error", "conf_low", "conf_high")}
        rows.append({"phase": phase, **numbers, "n": respondents(part)})
    if not rows:
        return pd.DataFrame()
    low, high = float(asked.minimum or 0.0), float(asked.maximum or 10.0)
    return pd.DataFrame(rows).assign(conf_level=conf_level, minimum=low, maximum=high, dimension=who)


def _by_unit(study: Study, table: str, values: pd.Series, *, min_unit_n: int) -> pd.DataFrame:
    frame = study.table(table)
    means = unit_means(values, unit=frame["unit"], weights=frame.get("weight")).set_index("unit")
    named = [name for name in ("unit", "person") if name in frame]
    people = respondents_by(frame[named].loc[values.notna() & frame["unit"].notna()])
    enough = (means["n"] >= min_unit_n) & (means.index.to_series().map(people) >= min_unit_n)
    return means.loc[enough, ["mean", "n"]]


def _correlation(
    units: pd.DataFrame, *, name: str, label: Note, term: str = "correlation", **options: Any
) -> EstimateRecord | None:
    try:
        rows = unit_association(units, ex="ex", cx="cx", **options)
    except NotEstimable:
        return None
    return estimate_record(
        rows.assign(n=int(units["n_ex"].sum())),
        term,
        name=name,
        label=label,
        unit_of_measurement="correlation",
        method=BOOTSTRAP,
    )


def _within_categories(study: Study, units: pd.DataFrame, **options: Any) -> EstimateRecord | None:
    """The correlation with the categories of units held the same, where each holds several units."""
    names = [
        v.column for v in study.codebook.select("units", role="category") if study.has("units", v.column)
    ]
    if not names or not study.has("units", "unit"):
        return None
    latest = study.table("units").groupby("unit")[names].last().reindex(units.index)
    sizes = {name: latest[name].value_counts() for name in names}
    usable = [name for name, size in sizes.items() if len(size) > 1 and size.min() >= _LEAST_UNITS]
    if not usable:
        return None
    return _correlation(
        units.join(latest[usable].add_prefix("kind: ")),
        name="enps_nps_categories",
        label=Note(message="eNPS beside NPS: within the same kind of unit"),
        term="partial_correlation",
        covariates=[f"kind: {name}" for name in usable],
        **options,
    )
