"""Aggregation of a whole study: which constructs may stand for units, and what the units' means are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.measures.aggregation.agreement import rwg_j
from exresearch.measures.aggregation.gate import LEAST_ICC2, LEAST_RWG, aggregation_gate
from exresearch.measures.aggregation.intraclass import icc
from exresearch.measures.aggregation.keys import SheetKeys
from exresearch.measures.aggregation.shrinkage import LEAST_UNITS, shrunken_means
from exresearch.measures.aggregation.unit_means import check_weights, unit_means
from exresearch.measures.scores import NotScorable, construct_score, least_share, oriented_frame
from exresearch.study import Study, Variable

TABLES_OF_ANSWERS = ("employees", "customers", "partners")
NOT_JUDGED = {
    "not_measured": "The construct is not measured in this table.",
    "no_unit": "The table does not say to which unit an answer belongs.",
    "different_scales": "The items of the construct have different scales.",
    "few_units": "Fewer than two units have enough answers.",
    "one_each": "No unit has answers of two people, so that agreement cannot be seen.",
    "no_spread": "Within every unit all answers are the same.",
}
NOT_RANKED = {
    "few_people": "Too few people of the unit answered.",
    "few_units": "Too few units have enough answers for units to be compared.",
    "no_spread": "Within every unit all answers are the same.",
}
_ROLES = ("item", "outcome", "driver", "need")
_AGGREGATION = [
    "table", "construct", "label", "n", "n_units", "n_units_left_out", "k", "icc1", "icc1_low", "icc1_high", "icc2",
    "icc2_low", "icc2_high", "f", "df1", "df2", "p_value", "rwg_median", "rwg_share", "n_items", "passes", "reason",
]  # fmt: skip
_OWN = ["unit", "n", "size", "mean", "sd", "std_error", "conf_low", "conf_high"]
_SHRUNKEN = ["shrunken", "shrunken_low", "shrunken_high", "reliability", "rank", "rank_low", "rank_high"]


def aggregation_table(
    study: Study,
    *,
    table: str | None = None,
    construct: str | None = None,
    min_unit_n: int = 5,
    least_icc2: float = LEAST_ICC2,
    least_rwg: float = LEAST_RWG,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Judge for every construct of every table of answers whether its unit means may stand for the units.

    When to use it: before units are compared or linked.

    Parameters
    ----------
    study : Study
        The client.
    table, construct : str, optional
        Only this table, or this construct.
    min_unit_n : int
        People with a score that a unit needs, each counted once, whatever the waves; units with fewer are left out and
        counted. Sheets that do not say whose they are count as people.
    least_icc2, least_rwg : float
        As :func:`aggregation_gate`.
    conf_level : float
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per table and construct, in the order of the codebook: ``table, construct, label`` (both languages),
        ``n`` (answers in the units that stay), ``n_units, n_units_left_out, k, icc1, icc1_low, icc1_high, icc2,
        icc2_low, icc2_high, f, df1, df2, p_value``, ``rwg_median, rwg_share`` (units with at least ``least_rwg``),
        ``n_items, passes`` (missing where it cannot be judged), ``reason`` (what fails, or why it cannot be judged;
        empty where it passes).

    Notes
    -----
    A construct is its score (:func:`exresearch.measures.construct_score`), turned so that higher means more; all waves
    together. A person's scores of several waves are averaged first, so that ``k`` and the degrees of freedom count
    people: a unit would else look reliable because each of its people resembles herself. With weights they count
    effective people. Agreement uses each answer sheet by itself: rwg of one item, and that of parallel items where
    there are several, on the sheets that answered all.
    """
    rows = []
    for name in [table] if table else TABLES_OF_ANSWERS:
        known = constructs_of(study, name)
        keys = SheetKeys.of(study.table(name)) if study.has(name, "unit") else None
        for one in [construct] if construct else known:
            row, reason = _judge(
                study, keys, name, known.get(one, []), min_unit_n, least_icc2, least_rwg, conf_level
            )
            base = {"table": name, "construct": one, "label": study.codebook.label(one)}
            rows.append({**base, "n_items": len(known.get(one, [])), **row, "reason": reason})
    judged = pd.DataFrame(rows, columns=_AGGREGATION)
    counts = ["n", "n_units", "n_units_left_out", "n_items"]
    numbers = _AGGREGATION[6:19]
    return judged.astype(
        dict.fromkeys(numbers, "float64") | dict.fromkeys(counts, "Int64") | {"passes": "boolean"}
    )


def unit_mean_table(
    study: Study, *, table: str, construct: str, min_unit_n: int = 5, conf_level: float = 0.95, seed: int
) -> pd.DataFrame:
    """Give each unit its mean over all waves, the value to compare it by, and its rank with the doubt about it.

    When to use it: to look at units by themselves. ``shrunken`` is for comparing and ranking; ``mean`` is what
    people answered.

    Parameters
    ----------
    study : Study
        The client.
    table, construct : str
        Which score.
    min_unit_n : int
        People with a score that a unit needs, as in :func:`aggregation_table`; a unit with fewer keeps its row and its
        ``n``, without values.
    conf_level : float
        Level of all intervals.
    seed : int
        Seed of the rank intervals.

    Returns
    -------
    pandas.DataFrame
        One row per unit: ``unit, n`` (answers), ``size`` (sum of their weights), ``mean, sd, std_error, conf_low,
        conf_high`` as :func:`unit_means`; ``shrunken, shrunken_low, shrunken_high, reliability, rank, rank_low,
        rank_high`` as :func:`shrunken_means`; ``respondents`` (people behind the answers); ``reason``: why values are
        missing, empty otherwise. One row without a unit where the construct cannot be aggregated at all, or has no
        score.

    Notes
    -----
    ``std_error`` rests on a unit's own variance; the shrunken values on the variance within units pooled over all:
    a variance from a handful of people would else decide how far they are drawn in. Answers of one person in
    several waves are kept together in both.
    """
    variables = constructs_of(study, table).get(construct, [])
    problem = _problem(study, table, variables)
    reason = NOT_JUDGED[problem] if problem else ""
    score = pd.Series(dtype="float64")
    if not reason:
        score, reason = score_of(study, table, variables)
    if reason:
        empty = pd.DataFrame({"unit": [""], "n": [0], "reason": [reason]})
        return empty.assign(respondents=0).reindex(columns=[*_OWN, *_SHRUNKEN, "respondents", "reason"])
    frame = study.table(table)
    who = {name: frame[name] for name in ("person",) if name in frame}
    options: dict[str, Any] = {
        "unit": frame["unit"],
        "weights": _weights(frame),
        **who,
        "conf_level": conf_level,
    }
    keys = SheetKeys.of(frame)
    scored = score.notna().to_numpy(dtype=bool)
    enough = keys.enough(scored, min_unit_n)
    score_kept = score.where(enough)
    means = unit_means(score_kept, **options)[_OWN]
    few = unit_means(score.where(~enough), **options)[["unit", "n"]]
    pooled = unit_means(score_kept, **options, own_variance_from=math.inf)
    usable = len(pooled) >= LEAST_UNITS and bool((pooled["std_error"] > 0).all())
    if usable:
        shrunken = shrunken_means(pooled, conf_level=conf_level, seed=seed)
        means = means.merge(shrunken[["unit", *_SHRUNKEN]], on="unit", how="left", validate="one_to_one")
    reason = "" if usable else NOT_RANKED["few_units" if len(pooled) < LEAST_UNITS else "no_spread"]
    both = [
        part
        for part in (means.assign(reason=reason), few.assign(reason=NOT_RANKED["few_people"]))
        if len(part)
    ]
    whole = pd.concat(both, ignore_index=True) if both else means.assign(reason="")
    people = pd.Series(keys.respondents(scored), index=keys.unit_names)
    whole["respondents"] = whole["unit"].map(people).fillna(0).astype("int64")
    return whole.reindex(columns=[*_OWN, *_SHRUNKEN, "respondents", "reason"]).sort_values(
        "unit", ignore_index=True
    )


def _judge(
    study: Study,
    keys: SheetKeys | None,
    table: str,
    variables: Sequence[Variable],
    min_unit_n: int,
    least_icc2: float,
    least_rwg: float,
    conf_level: float,
) -> tuple[dict[str, Any], str]:
    """One row of the aggregation table, and its reason."""
    problem = _problem(study, table, variables)
    if problem or keys is None:
        return {}, NOT_JUDGED[problem or "no_unit"]
    score, unknown = score_of(study, table, variables)
    if unknown:
        return {}, unknown
    frame = study.table(table)
    values = score.to_numpy(dtype=np.float64, na_value=np.nan)
    scored = np.isfinite(values)
    n_units = int(np.count_nonzero(keys.respondents(scored) >= max(min_unit_n, 1)))
    kept = keys.enough(scored, min_unit_n)
    row: dict[str, Any] = {
        "n": int(np.count_nonzero(kept)),
        "n_units": n_units,
        "n_units_left_out": len(keys.unit_names) - n_units,
    }
    people = _people_means(values, keys, kept, _weights(frame))
    if row["n_units"] < 2:
        return row, NOT_JUDGED["few_units"]
    # People lie unit by unit.
    starts = np.flatnonzero(np.diff(people["unit"], prepend=-1))
    if len(starts) == len(people):
        return row, NOT_JUDGED["one_each"]
    means = people["value"].to_numpy()
    if (np.maximum.reduceat(means, starts) - np.minimum.reduceat(means, starts) <= 1e-12).all():
        return row, NOT_JUDGED["no_spread"]
    found = icc(people["value"], groups=people["unit"], weights=people["weight"], conf_level=conf_level)
    row |= {name: getattr(found, name) for name in _AGGREGATION[6:17]}
    low, high = variables[0].minimum, variables[0].maximum
    agreement = None
    if low is not None and high is not None and high - low >= 1 and float(high - low).is_integer():
        numbers = pd.Categorical.from_codes(
            np.where(kept, keys.units, -1), pd.RangeIndex(len(keys.unit_names))
        )
        groups = pd.Series(numbers, index=frame.index)
        agreement = rwg_j(oriented_frame(frame, variables), groups=groups, n_points=int(high - low) + 1)[
            "rwg"
        ]
    gate = aggregation_gate(found.icc2, agreement, least_icc2=least_icc2, least_rwg=least_rwg)
    row |= {"rwg_median": gate.rwg_median, "rwg_share": gate.rwg_share, "passes": gate.passes}
    return row, gate.reason


def constructs_of(study: Study, table: str) -> dict[str, list[Variable]]:
    """The items of each construct of a table, in the order of the codebook; an item without one is its own."""
    found: dict[str, list[Variable]] = {}
    if table in study.tables:
        for variable in study.codebook.select(table):
            if variable.role in _ROLES and variable.column in study.tables[table]:
                found.setdefault(variable.construct or variable.column, []).append(variable)
    # As in construct_score, a driver is no item of a construct that has items.
    return {name: [v for v in items if v.role != "driver"] or items for name, items in found.items()}


def _problem(study: Study, table: str, variables: Sequence[Variable]) -> str:
    if not variables:
        return "not_measured"
    if not study.has(table, "unit"):
        return "no_unit"
    return "" if same_scale(variables) else "different_scales"


def same_scale(variables: Sequence[Variable]) -> bool:
    """Whether the items have one scale, so that they can be one score."""
    return len({(variable.minimum, variable.maximum) for variable in variables}) == 1


def score_of(study: Study, table: str, variables: Sequence[Variable]) -> tuple[pd.Series, str]:
    """Score of a construct, and why there is none; drivers, which construct_score leaves out, by the same rule."""
    frame, construct = study.table(table), variables[0].construct or variables[0].column
    if variables[0].construct and variables[0].role != "driver":
        try:
            return construct_score(frame, codebook=study.codebook, table=table, construct=construct), ""
        except NotScorable as error:
            return pd.Series(float("nan"), index=frame.index), error.reason
    answers = oriented_frame(frame, variables)
    enough = answers.notna().mean(axis=1) >= least_share(study.codebook, construct)
    return answers.mean(axis=1).where(enough), ""


def _people_means(
    values: NDArray[np.float64], keys: SheetKeys, kept: NDArray[np.bool_], weights: pd.Series | None
) -> pd.DataFrame:
    """As :func:`person_means` of the sheets that are kept, with units by number and in their order."""
    rows = np.flatnonzero(kept)
    w = np.ones(len(rows)) if weights is None else weights.to_numpy(dtype=np.float64, na_value=np.nan)[rows]
    check_weights("aggregation_table", w)
    people, size = keys.people[rows], len(keys.unit_of)
    there = np.flatnonzero(np.bincount(people, minlength=size))
    total = np.bincount(people, weights=w, minlength=size)[there]
    means = np.bincount(people, weights=w * values[rows], minlength=size)[there] / total
    return pd.DataFrame({"unit": keys.unit_of[there], "value": means, "weight": total})


def _weights(frame: pd.DataFrame) -> pd.Series | None:
    return frame["weight"] if "weight" in frame else None
