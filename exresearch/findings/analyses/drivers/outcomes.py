"""Notebook 03: how the outcomes were answered, and the eNPS with its variant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.note import Note
from exresearch.measures import dependence_groups, enps, oriented
from exresearch.measures.advocacy import CUTS, Cuts, NetPromoterScore, cut_points
from exresearch.measures.resampling import respondents
from exresearch.study import Study, Variable

_OUTCOMES = ("enps", "stay", "effort", "promote")


@dataclass(frozen=True, slots=True)
class OutcomeAnswers:
    """What people answered on the outcomes.

    Attributes
    ----------
    distribution : pandas.DataFrame
        ``outcome`` (label), ``column`` (its name), ``value, share, n, answers, people``: the weighted share of each
        answer, the answers in total, and how many sheets and people gave this one. Outcomes with too few people are
        left out.
    score : pandas.DataFrame
        eNPS per wave and over all waves: ``variant, wave, estimate, conf_low, conf_high, conf_level, promoters,
        passives, detractors, n``, the three shares missing where one of the classes holds too few people; empty
        where the item is not asked, or its scale does not fit the cut-points.
    caption : Note
        Caption of the score table, naming the variant, its cut-points and the scale.
    """

    distribution: pd.DataFrame
    score: pd.DataFrame
    caption: Note


def outcome_answers(
    study: Study,
    *,
    enps_variant: Literal["us", "eu", "custom"],
    enps_promoters_from: int = 9,
    enps_detractors_to: int = 6,
    conf_level: float,
    rules: DisclosureRules,
) -> OutcomeAnswers:
    """Describe the outcomes: distribution of the answers, and eNPS by wave.

    Parameters
    ----------
    study : Study
        The client.
    enps_variant : {"us", "eu", "custom"}
        Promoters and detractors. On a scale of 1-10 the variant says so.
    enps_promoters_from, enps_detractors_to : int
        Lowest answer of a promoter and highest of a detractor; they count with ``custom`` only.
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
    cuts = cut_points(enps_variant, promoters_from=enps_promoters_from, detractors_to=enps_detractors_to)
    for name in _OUTCOMES:
        for variable in study.codebook.select("employees", role="outcome", construct=name):
            if variable.column not in employees:
                continue
            values = oriented(employees[variable.column], variable).dropna()
            if respondents(employees, where=values.index) < rules.min_model:
                continue
            parts.append(
                _distribution(values, employees, variable=variable, label=study.codebook.label(name))
            )
            fitting = _fitting(cuts, variable) if name == "enps" else None
            if fitting is not None:
                cuts = fitting
                score = _scores(
                    employees,
                    values,
                    waves=study.waves,
                    cuts=cuts,
                    conf_level=conf_level,
                    rules=rules,
                )
    caption = Note(
        message=(
            "eNPS, variant {variant}: promoters answer {promoter} or more, detractors {detractor} or less, on a scale "
            "of {minimum} to {maximum}; {level:percent0} intervals"
        ),
        values={
            "variant": _shown(cuts),
            "promoter": cuts.promoter,
            "detractor": cuts.detractor,
            "minimum": cuts.minimum,
            "maximum": cuts.maximum,
            "level": conf_level,
        },
    )
    columns = ["outcome", "column", "value", "share", "n", "answers", "people"]
    distribution = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    return OutcomeAnswers(distribution, score, caption)


def _distribution(
    values: pd.Series, employees: pd.DataFrame, *, variable: Variable, label: dict[str, str]
) -> pd.DataFrame:
    """Give the weighted share of each answer, and who gave it."""
    weights = (
        employees["weight"].loc[values.index] if "weight" in employees else values.mask(values.notna(), 1.0)
    )
    sizes = weights.groupby(values).sum().sort_index()
    people = [respondents(employees, where=values.index[values == value]) for value in sizes.index]
    share = sizes.to_numpy() / float(sizes.sum())
    shown = pd.DataFrame(
        {
            "column": variable.column,
            "value": sizes.index,
            "share": share,
            "n": len(values),
            "answers": values.value_counts().reindex(sizes.index).to_numpy(),
            "people": people,
        }
    )
    shown["outcome"] = pd.Series([label] * len(shown), dtype="object", index=shown.index)
    return shown


def _scores(
    employees: pd.DataFrame,
    values: pd.Series,
    *,
    waves: tuple[str, ...],
    cuts: Cuts,
    conf_level: float,
    rules: DisclosureRules,
) -> pd.DataFrame:
    weights = employees["weight"] if "weight" in employees else None
    parts: list[tuple[str, pd.Series]] = []
    if "wave" in employees and len(waves) > 1:
        held = employees["wave"].loc[values.index]
        parts = [(wave, values[held == wave]) for wave in waves]
    parts.append(("all waves", values))
    rows = []
    for wave, part in parts:
        if part.empty:
            continue
        # Chosen anew for every part: a wave may have too few units to stand for the variation between units.
        groups = dependence_groups(employees, where=part.index)
        cluster = None if groups.by == "row" else groups.labels
        result = enps(
            part,
            variant=cuts,
            conf_level=conf_level,
            weights=None if weights is None else weights.loc[part.index],
            cluster=None if cluster is None else cluster.loc[part.index],
        )
        rows.append(
            {
                "variant": _shown(cuts),
                "wave": wave,
                "estimate": result.estimate,
                "conf_low": result.conf_low,
                "conf_high": result.conf_high,
                "conf_level": conf_level,
                **_class_shares(result, part, employees, cuts=cuts, rules=rules),
                "n": result.n,
            }
        )
    return pd.DataFrame(rows)


def _class_shares(
    result: NetPromoterScore,
    answers: pd.Series,
    employees: pd.DataFrame,
    *,
    cuts: Cuts,
    rules: DisclosureRules,
) -> dict[str, float]:
    high, low = answers >= cuts.promoter, answers <= cuts.detractor
    people = [respondents(employees, where=answers.index[inside]) for inside in (high, low, ~(high | low))]
    shares = {"promoters": result.promoters, "passives": result.passives, "detractors": result.detractors}
    # Two of the three give the third away, and so do one of them and the score.
    few = any(0 < count < rules.min_respondents for count in people)
    return dict.fromkeys(shares, float("nan")) if few else shares


def _fitting(cuts: Cuts, variable: Variable) -> Cuts | None:
    """Return the cut-points on the item's own scale, or None where they do not fit it."""
    if variable.minimum is None or variable.maximum is None:
        return None
    try:
        return cuts.on((variable.minimum, variable.maximum))
    except ValueError:
        return None


def _shown(cuts: Cuts) -> str:
    """Published variants are known in capitals."""
    return cuts.variant.upper() if cuts.name in CUTS else cuts.variant
