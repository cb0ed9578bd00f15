"""The net promoter scores of a study: of the employer by employees, of the company by customers, by wave."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

import pandas as pd

from exresearch.measures.advocacy.comparison import enps_change
from exresearch.measures.advocacy.cuts import Cuts, Variant, cut_points
from exresearch.measures.advocacy.score import check_level
from exresearch.measures.advocacy.tables import NUMBERS, REASONS, scored
from exresearch.measures.resampling import dependence_groups, respondents
from exresearch.measures.scores import oriented
from exresearch.study import Study, Variable

ALL_WAVES = "all waves"
#: Table and construct of the outcomes that are scored.
CONSTRUCTS = (("employees", "enps"), ("customers", "nps"))
REASONS_OF_STUDY = {
    "not_asked": "The question is not in this table.",
    "scale": "The scale of this question does not fit the limits for promoters and detractors.",
    "one_wave": "The question was answered in one wave only, so that there is no change.",
    "no_waves": "The table has no waves, so that there is no change.",
    **REASONS,
    "one_cluster_change": (
        "The answers of a wave come from one unit or person, so that it cannot be said how certain the change is."
    ),
}
_CHANGE = (
    "estimate", "std_error", "conf_low", "conf_high", "conf_level", "p_value", "n_first", "n_last", "n_effective_first",
    "n_effective_last", "n_shared", "correlation", "df", "respondents",
)  # fmt: skip


def nps_of_study(
    study: Study,
    *,
    variant: Variant | Literal["custom"] | Cuts,
    conf_level: float,
    promoters_from: int = 9,
    detractors_to: int = 6,
) -> pd.DataFrame:
    """Score recommending in a study, by wave and over all waves.

    When to use it: to describe advocacy of employees and customers. Units (ten or more), else persons, are kept
    together by the intervals, which are score intervals (:func:`exresearch.measures.enps`).

    Parameters
    ----------
    study : Study
        Outcome ``enps`` of employees and ``nps`` of customers, on 0-10 or 1-10, or on the scale that one's own
        cut-points fit. Answers to reversed questions are turned round.
    variant : {"us", "eu", "custom"} or Cuts
        Which answers make promoters and detractors, on the scale that the codebook declares.
    conf_level : float
        Level of the intervals, between 0 and 1.
    promoters_from, detractors_to : int
        Lowest answer of a promoter and highest of a detractor; they count with ``custom`` only.

    Returns
    -------
    pandas.DataFrame
        Rows by table, then wave in order of time, then all waves: ``table, construct, label`` (mapping of language to
        text), ``group`` (wave, or ``all waves``), ``variant, estimate, std_error, conf_low, conf_high, conf_level,
        promoters, passives, detractors, n, n_effective, respondents`` (who answered, each counted once) and
        ``reason``. Where something cannot be estimated it is missing and
        ``reason`` says why; otherwise that is empty. Scores of employees and of customers whose questions have
        different scales carry different variants; :func:`combine_scores` keeps them out of one table.

    Raises
    ------
    ValueError
        If the variant is unknown or the level out of range.
    """
    check_level(conf_level)
    limits = {"promoters_from": promoters_from, "detractors_to": detractors_to}
    rows: list[dict[str, Any]] = []
    for table, construct in CONSTRUCTS:
        start = _start(study, table, construct)
        question = _question(study, table, construct)
        cuts = None if question is None else _fitting(variant, question, **limits)
        if question is None or cuts is None:
            reason = REASONS_OF_STUDY["not_asked" if question is None else "scale"]
            rows.append(
                start
                | {"variant": "", "group": ALL_WAVES, "conf_level": conf_level, "n": 0, "reason": reason}
            )
            continue
        frame = _asked(study, table, question)
        for group, part in _parts(study, frame):
            numbers = scored(
                oriented(part[question.column], question),
                cuts=cuts,
                weights=part["weight"] if "weight" in part else None,
                cluster=_cluster(part, question),
                conf_level=conf_level,
            )
            asked = part[part[question.column].notna()]
            rows.append(
                start
                | {"group": group, "variant": cuts.variant, **numbers, "respondents": respondents(asked)}
            )
    columns = ["table", "construct", "label", "group", "variant", *NUMBERS, "respondents", "reason"]
    return _typed(pd.DataFrame(rows, columns=columns), counts=["n", "respondents"])


def nps_change_of_study(
    study: Study,
    *,
    variant: Variant | Literal["custom"] | Cuts,
    conf_level: float,
    promoters_from: int = 9,
    detractors_to: int = 6,
) -> pd.DataFrame:
    """Compare the first and the last wave in which recommending was asked.

    Parameters
    ----------
    study, variant, conf_level, promoters_from, detractors_to
        As in :func:`nps_of_study`.

    Returns
    -------
    pandas.DataFrame
        One row per table: ``table, construct, label, first, last`` (waves), ``variant, estimate`` (last minus first),
        ``std_error, conf_low, conf_high, conf_level, p_value, n_first, n_last, n_effective_first, n_effective_last,
        n_shared`` (units or persons with answers in both waves), ``correlation`` (of both scores through them),
        ``df, respondents`` (of the wave that fewer people answered) and ``reason``, as in :func:`nps_of_study`.

    Raises
    ------
    ValueError
        If the variant is unknown or the level out of range.
    """
    check_level(conf_level)
    limits = {"promoters_from": promoters_from, "detractors_to": detractors_to}
    rows: list[dict[str, Any]] = []
    for table, construct in CONSTRUCTS:
        start = _start(study, table, construct) | {"conf_level": conf_level}
        question = _question(study, table, construct)
        cuts = None if question is None else _fitting(variant, question, **limits)
        if question is None or cuts is None:
            reason = REASONS_OF_STUDY["not_asked" if question is None else "scale"]
            rows.append(start | {"variant": "", "reason": reason})
            continue
        found = _change(study, _asked(study, table, question), question, cuts, conf_level=conf_level)
        known = {"reason": found} if isinstance(found, str) else found | {"reason": ""}
        rows.append(start | {"variant": cuts.variant} | known)
    columns = ["table", "construct", "label", "first", "last", "variant", *_CHANGE, "reason"]
    return _typed(
        pd.DataFrame(rows, columns=columns), counts=["n_first", "n_last", "n_shared", "respondents"]
    )


def _start(study: Study, table: str, construct: str) -> dict[str, Any]:
    return {"table": table, "construct": construct, "label": study.codebook.label(construct)}


def _asked(study: Study, table: str, question: Variable) -> pd.DataFrame:
    """The question with whose sheets are whose: parts are taken of the table, which is wide."""
    frame = study.table(table)
    keys = [name for name in ("person", "unit", "wave", "weight") if name in frame]
    return frame[list(dict.fromkeys([*keys, question.column]))]


def _question(study: Study, table: str, construct: str) -> Variable | None:
    # The codebook allows one outcome of a construct in a table.
    for variable in study.codebook.select(table, role="outcome", construct=construct):
        if study.has(table, variable.column):
            return variable
    return None


def _fitting(variant: Variant | Literal["custom"] | Cuts, question: Variable, **limits: int) -> Cuts | None:
    """Return the cut-points on the scale of the question, or None where they do not fit it."""
    if question.minimum is None or question.maximum is None:
        return None
    if variant != "custom":
        # An unknown variant is a mistake of the caller, cut-points that do not fit a question are not.
        cut_points(variant)
    try:
        return cut_points(variant, scale=(question.minimum, question.maximum), **limits)
    except ValueError:
        return None


def _parts(study: Study, frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    waves = study.waves if "wave" in frame and len(study.waves) > 1 else ()
    return [*((wave, frame[frame["wave"] == wave]) for wave in waves), (ALL_WAVES, frame)]


def _cluster(part: pd.DataFrame, question: Variable) -> pd.Series | None:
    """Chosen anew for every part: a wave may have too few units to stand for the variation between units."""
    groups = dependence_groups(part[part[question.column].notna()])
    return None if groups.by == "row" else groups.labels.reindex(part.index)


def _change(
    study: Study, frame: pd.DataFrame, question: Variable, cuts: Cuts, *, conf_level: float
) -> dict[str, Any] | str:
    """Return the change from the first wave with answers to the last, or why there is none."""
    if "wave" not in frame:
        return REASONS_OF_STUDY["no_waves"]
    answered = frame[frame[question.column].notna()]
    waves = [wave for wave in study.waves if (answered["wave"] == wave).any()]
    if len(waves) < 2:
        return REASONS_OF_STUDY["one_wave" if waves else "no_answers"]
    both = answered[answered["wave"].isin([waves[0], waves[-1]])]
    later = both["wave"] == waves[-1]
    cluster = _cluster(_in_first_units(both, later), question)
    named = {"first": waves[0], "last": waves[-1]}
    if cluster is not None and cluster.groupby(later).nunique().min() < 2:
        return REASONS_OF_STUDY["one_cluster_change"]
    change = enps_change(
        oriented(both[question.column], question),
        later=later,
        variant=cuts,
        weights=both["weight"] if "weight" in both else None,
        cluster=cluster,
        conf_level=conf_level,
    )
    people = [respondents(both[part]) for part in (~later, later)]
    renamed = {
        "n_a": "n_last", "n_b": "n_first", "n_effective_a": "n_effective_last", "n_effective_b": "n_effective_first",
    }  # fmt: skip
    found = {renamed.get(name, name): value for name, value in asdict(change).items()}
    return named | found | {"respondents": min(people)}


def _in_first_units(both: pd.DataFrame, later: pd.Series) -> pd.DataFrame:
    """Put people back into the unit of the first wave where units were renamed or made anew between the two.

    Otherwise nothing would tie the waves to each other, although the same people answered in both.
    """
    if not {"unit", "person"} <= set(both.columns):
        return both
    first = (
        both[~later].dropna(subset=["person", "unit"]).drop_duplicates("person").set_index("person")["unit"]
    )
    before, after = set(first), set(both.loc[later, "unit"].dropna())
    if 2 * len(before & after) >= min(len(before), len(after)):
        return both
    earlier = both["person"].map(first)
    return both.assign(unit=both["unit"].mask(later & earlier.notna(), earlier))


def _typed(table: pd.DataFrame, *, counts: list[str]) -> pd.DataFrame:
    return table.astype(dict.fromkeys(counts, "Int64"))
