"""Notebook 03: how the outcomes were answered, and the eNPS with its variant."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.findings.testability import respondents
from exresearch.measures import dependence_groups, enps, oriented
from exresearch.measures.advocacy import CUTS, NetPromoterScore, Variant
from exresearch.study import Study

_OUTCOMES = ("enps", "stay", "effort", "promote")


@dataclass(frozen=True, slots=True)
class OutcomeAnswers:
    """What people answered on the outcomes.

    Attributes
    ----------
    distribution : pandas.DataFrame
        ``outcome`` (label), ``value, share, n``: the weighted share of each answer, missing where too few people gave
        it. Outcomes with too few people are left out.
    score : pandas.DataFrame
        eNPS per wave and over all waves: ``variant, wave, estimate, conf_low, conf_high, conf_level, promoters,
        passives, detractors, n``, the three shares missing where one of the classes holds too few people; empty
        where no outcome is on a scale of 0-10.
    caption : Note
        Caption of the score table, naming the variant.
    """

    distribution: pd.DataFrame
    score: pd.DataFrame
    caption: Note


def outcome_answers(
    study: Study, *, enps_variant: Variant, conf_level: float, rules: DisclosureRules
) -> OutcomeAnswers:
    """Describe the outcomes: distribution of the answers, and eNPS by wave.

    Parameters
    ----------
    study : Study
        The client.
    enps_variant : {"us", "eu"}
        Promoters and detractors.
    conf_level : float
        Level of the intervals.
    rules : DisclosureRules
        Minimum groups; a distribution needs as many answers as a driver model.

    Returns
    -------
    OutcomeAnswers
    """
    employees = study.table("employees")
    parts: list[pd.DataFrame] = []
    score = pd.DataFrame(columns=["variant", "wave", "estimate", "conf_low", "conf_high", "conf_level", "n"])
    for name in _OUTCOMES:
        for variable in study.codebook.select("employees", role="outcome", construct=name):
            if variable.column not in employees:
                continue
            values = oriented(employees[variable.column], variable).dropna()
            if respondents(employees.loc[values.index]) < rules.min_model:
                continue
            parts.append(_distribution(values, employees, rules=rules, label=study.codebook.label(name)))
            if name == "enps" and (variable.minimum, variable.maximum) == (0, 10):
                score = _scores(
                    employees,
                    values,
                    waves=study.waves,
                    variant=enps_variant,
                    conf_level=conf_level,
                    rules=rules,
                )
    promoter, detractor = CUTS[enps_variant]
    caption = Note(
        message=(
            "eNPS, variant {variant}: promoters answer {promoter} to 10, detractors 0 to {detractor}; "
            "{level:percent0} intervals"
        ),
        values={
            "variant": enps_variant.upper(),
            "promoter": promoter,
            "detractor": detractor,
            "level": conf_level,
        },
    )
    columns = ["outcome", "value", "share", "n"]
    distribution = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    return OutcomeAnswers(distribution, score, caption)


def _distribution(
    values: pd.Series, employees: pd.DataFrame, *, rules: DisclosureRules, label: dict[str, str]
) -> pd.DataFrame:
    """Give the weighted share of each answer, missing where too few people gave it."""
    weights = (
        employees.loc[values.index, "weight"] if "weight" in employees else values.mask(values.notna(), 1.0)
    )
    sizes = weights.groupby(values).sum().sort_index()
    people = [respondents(employees.loc[values.index[values == value]]) for value in sizes.index]
    share = sizes.to_numpy() / float(sizes.sum())
    shares = pd.DataFrame({"value": sizes.index, "people": people, "share": share})
    hidden = release(shares, count="people", rules=rules).hidden
    shown = shares.assign(share=shares["share"].mask(hidden), n=len(values)).drop(columns="people")
    shown["outcome"] = pd.Series([label] * len(shown), dtype="object", index=shown.index)
    return shown


def _scores(
    employees: pd.DataFrame,
    values: pd.Series,
    *,
    waves: tuple[str, ...],
    variant: Variant,
    conf_level: float,
    rules: DisclosureRules,
) -> pd.DataFrame:
    weights = employees["weight"] if "weight" in employees else None
    parts: list[tuple[str, pd.Series]] = []
    if "wave" in employees and len(waves) > 1:
        parts = [(wave, values[employees.loc[values.index, "wave"] == wave]) for wave in waves]
    parts.append(("all waves", values))
    rows = []
    for wave, part in parts:
        if part.empty:
            continue
        # Chosen anew for every part: a wave may have too few units to stand for the variation between units.
        groups = dependence_groups(employees.loc[part.index])
        cluster = None if groups.by == "row" else groups.labels
        own = {
            name: None if series is None else series.loc[part.index]
            for name, series in (("weights", weights), ("cluster", cluster))
        }
        result = enps(part, variant=variant, conf_level=conf_level, **own)
        rows.append(
            {
                "variant": variant.upper(),
                "wave": wave,
                "estimate": result.estimate,
                "conf_low": result.conf_low,
                "conf_high": result.conf_high,
                "conf_level": conf_level,
                **_class_shares(result, part, employees, rules=rules),
                "n": result.n,
            }
        )
    return pd.DataFrame(rows)


def _class_shares(
    result: NetPromoterScore, answers: pd.Series, employees: pd.DataFrame, *, rules: DisclosureRules
) -> dict[str, float]:
    promoter, detractor = CUTS[result.variant]
    high, low = answers >= promoter, answers <= detractor
    people = [respondents(employees.loc[answers.index[inside]]) for inside in (high, low, ~(high | low))]
    shares = {"promoters": result.promoters, "passives": result.passives, "detractors": result.detractors}
    # Two of the three give the third away, and so do one of them and the score.
    few = any(0 < count < rules.min_respondents for count in people)
    return dict.fromkeys(shares, float("nan")) if few else shares
