"""Whether a study can test a hypothesis at all, and what effect it could have detected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from exresearch.findings.decision import error_rate
from exresearch.findings.finding import DetectableEffect
from exresearch.findings.lacking import lacking_data
from exresearch.findings.note import Note
from exresearch.findings.registry import Hypothesis, load_registry
from exresearch.findings.shared_source import by_construction
from exresearch.measures import (
    EngagedDefinition,
    NotMeasured,
    NotScorable,
    UnsuitableScale,
    approximates,
    construct_score,
    effective_n,
    engagement_index,
    link_side,
    link_table,
    score_items,
    score_method,
)
from exresearch.measures.resampling import respondents
from exresearch.models import detectable_correlation, detectable_difference, detectable_r2_increment
from exresearch.study import Study

UNSUITABLE_SCALE = Note(
    message=(
        "The bands of the engagement index need three items on a scale of 1 to 7, which these data do not have. The "
        "setting engaged_definition: threshold takes any scale."
    )
)
#: Said where a side cannot be read although its columns are there.
NOT_LINKED = Note(message="The two sides are not both measured by unit, so that nothing can be linked.")
_NOT_THREE_ITEMS = Note(
    message=(
        "The bands of the engagement index can only be approximated with three items that share a scale, which these "
        "data do not have. The setting engaged_definition: threshold takes any number of items."
    )
)
POWER = 0.8
# Drivers in a typical model, only for the detectable effect of a study that has none.
_TYPICAL_DRIVERS = 8


@dataclass(frozen=True, slots=True)
class Testability:
    """The answer for one hypothesis.

    Attributes
    ----------
    hypothesis : str
        Its id.
    testable : bool
        Whether the data and their size are there.
    reason : Note or None
        Why not.
    detectable_effect : DetectableEffect or None
        The effect found with a power of 80 %, where a number of units or respondents is known.
    n, n_units, n_waves : int
        Answers, units that can be linked (all units, where a side is not measured), waves.
    """

    hypothesis: str
    testable: bool
    reason: Note | None
    detectable_effect: DetectableEffect | None
    n: int
    n_units: int
    n_waves: int


def testability(
    study: Study,
    hypothesis: str,
    *,
    ex_measure: str = "engagement",
    cx_measure: str = "cx",
    min_unit_n: int = 5,
    engaged_definition: EngagedDefinition = "threshold",
    conf_level: float = 0.95,
) -> Testability:
    """Compare what a hypothesis needs with what a study has.

    Parameters
    ----------
    study : Study
        The client.
    hypothesis : str
        Id from the registry.
    ex_measure, cx_measure : str
        Constructs of the two sides.
    min_unit_n : int
        Answers a unit needs on each side.
    engaged_definition : EngagedDefinition
        Who counts as engaged; the bands need three items of 1-7, approximated ones three items of one scale.
    conf_level : float
        Level of the intervals; the power is that of a two-sided test at 1 minus it.

    Returns
    -------
    Testability

    Raises
    ------
    UnknownHypothesis
        If the registry has no such id.
    """
    return _judged(
        study,
        load_registry()[hypothesis],
        counted={},
        ex_measure=ex_measure,
        cx_measure=cx_measure,
        min_unit_n=min_unit_n,
        engaged_definition=engaged_definition,
        conf_level=conf_level,
    )


def testability_of(study: Study, hypotheses: Iterable[str], **options: Any) -> dict[str, Testability]:
    """Judge several hypotheses as :func:`testability` judges one, reading the two sides once for all of them.

    Parameters
    ----------
    study : Study
        The client.
    hypotheses : iterable of str
        Ids from the registry.
    **options
        As :func:`testability`.

    Returns
    -------
    dict of str to Testability
        By id, in the order given.
    """
    counted = dict[bool, tuple[int, int]]()
    registry = load_registry()
    return {name: _judged(study, registry[name], counted=counted, **options) for name in hypotheses}


def _judged(
    study: Study,
    declared: Hypothesis,
    *,
    counted: dict[bool, tuple[int, int]],
    ex_measure: str = "engagement",
    cx_measure: str = "cx",
    min_unit_n: int = 5,
    engaged_definition: EngagedDefinition = "threshold",
    conf_level: float = 0.95,
) -> Testability:
    """One hypothesis; units and waves, with and without customers, are counted once for all that share ``counted``."""
    customers = _asks_customers(declared)
    if customers not in counted and customers:
        counted[True] = _linked(study, ex_measure=ex_measure, cx_measure=cx_measure, min_unit_n=min_unit_n)
    elif customers not in counted:
        counted[False] = _employees_alone(study, ex_measure=ex_measure, min_unit_n=min_unit_n)
    units, waves = counted[customers]
    answers, people = _answers(study, declared)
    # Several sheets of one person say less than as many people.
    detectable = _detectable(
        study,
        declared,
        n=people,
        n_units=units,
        design_effect=_price_of_weights(study, declared),
        alpha=error_rate(conf_level),
    )
    reason = lacking_data(study, declared, ex_measure=ex_measure, cx_measure=cx_measure)
    if reason is None:
        reason = _too_small(declared, people=people, n_units=units, n_waves=waves)
    by_band = declared.id == "engaged-minority" or (
        declared.id == "engagement-cx" and ex_measure == "engagement"
    )
    if reason is None and by_band and engaged_definition != "threshold" and study.has("employees"):
        try:
            engagement_index(
                study.table("employees").head(0),
                codebook=study.codebook,
                approximated=approximates(engaged_definition),
            )
        except UnsuitableScale:
            reason = unsuitable_scale(engaged_definition)
    between_units = declared.power in ("correlation_units", "panel_units")
    if reason is None and between_units and _sets_beside(declared):
        reason = by_construction(study, ex_measure, cx_measure)
    if reason is None and between_units:
        sides = {"employees": ex_measure} | ({"customers": cx_measure} if _asks_customers(declared) else {})
        reason = _unscorable(study, **sides)
    return Testability(declared.id, reason is None, reason, detectable, answers, units, waves)


def _sets_beside(declared: Hypothesis) -> bool:
    """Whether the claim is about the link of both sides, and not about what a programme does to each."""
    both = any({"ex", "cx"} <= set(option.parts) for option in declared.needs.any_of)
    return both and (
        declared.power == "correlation_units" or load_registry().family_of(declared.id).direction
    )


def unsuitable_scale(definition: EngagedDefinition) -> Note:
    """Return why the bands, or the approximated bands, are not for these items.

    Examples
    --------
    >>> unsuitable_scale("highly") == UNSUITABLE_SCALE
    True
    """
    return _NOT_THREE_ITEMS if approximates(definition) else UNSUITABLE_SCALE


def _too_small(declared: Hypothesis, *, people: int, n_units: int, n_waves: int) -> Note | None:
    needs = declared.needs
    if n_units < needs.min_units:
        return Note(
            message="{n_units:integer} units can be linked; at least {needed:integer} are needed.",
            values={"n_units": n_units, "needed": needs.min_units},
        )
    if needs.min_waves > 1 and n_waves < needs.min_waves:
        return Note(
            message="There are {n_waves:integer} waves; at least {needed:integer} are needed.",
            values={"n_waves": n_waves, "needed": needs.min_waves},
        )
    if people < needs.min_respondents:
        return Note(
            message="Fewer than {needed:integer} people answered.",
            values={"needed": needs.min_respondents},
        )
    return None


def _linked(study: Study, *, ex_measure: str, cx_measure: str, min_unit_n: int) -> tuple[int, int]:
    sides: dict[str, Any] = {"ex_measure": ex_measure, "cx_measure": cx_measure, "min_unit_n": min_unit_n}
    try:
        try:
            link = link_table(study, **sides)
        except UnsuitableScale:
            # Which units can be linked hardly depends on who counts as engaged.
            highest = max(v.maximum or 0.0 for v in score_items(study.codebook, "employees", "engagement"))
            link = link_table(study, engaged_definition="threshold", engaged_threshold=highest, **sides)
    except NotMeasured:
        units = study.table("units" if study.has("units", "unit") else "employees")
        return (int(units["unit"].nunique()) if "unit" in units else 0), len(study.waves)
    return len(link.units), int(link.panel["wave"].nunique())


def _asks_customers(declared: Hypothesis) -> bool:
    """Whether some way to test a hypothesis asks for customers; colleagues, say, are about employees alone."""
    if declared.power not in ("correlation_units", "panel_units"):
        return True
    return any("customers" in way.tables or "cx" in way.parts for way in declared.needs.any_of)


def _employees_alone(study: Study, *, ex_measure: str, min_unit_n: int) -> tuple[int, int]:
    """Count units with employee experience in some wave, and waves."""
    try:
        side, _ = link_side(study, ex_measure, table="employees", min_unit_n=min_unit_n)
    except UnsuitableScale:
        highest = max(v.maximum or 0.0 for v in score_items(study.codebook, "employees", "engagement"))
        side, _ = link_side(
            study,
            ex_measure,
            table="employees",
            engaged_definition="threshold",
            engaged_threshold=highest,
            min_unit_n=min_unit_n,
        )
    except NotMeasured:
        units = study.table("units" if study.has("units", "unit") else "employees")
        return (int(units["unit"].nunique()) if "unit" in units else 0), len(study.waves)
    return int(side.frame["unit"].nunique()), int(side.frame["wave"].nunique())


def _unscorable(study: Study, **sides: str) -> Note | None:
    """Say of the first side whose codebook asks for a factor score that these data do not give."""
    for table, construct in sides.items():
        # Engagement enters the link as a share.
        if construct == "engagement" or score_method(study.codebook, construct) != "factor":
            continue
        if study.has(table, "unit") and score_items(study.codebook, table, construct):
            try:
                construct_score(study.table(table), codebook=study.codebook, table=table, construct=construct)
            except NotScorable:
                return Note(
                    message=(
                        "The codebook asks for a factor score of “{measure}”, and no factor can be found behind its "
                        "answers. The setting score: mean of that construct takes any answers."
                    ),
                    values={"measure": study.codebook.label(construct)},
                )
    return None


def _answers(study: Study, declared: Hypothesis) -> tuple[int, int]:
    """Count answers, and the people who gave them where they are known."""
    tables = declared.needs.any_of[0].tables
    for name in ("employees", "moments", "people"):
        if name in tables and name in study.tables:
            frame = study.tables[name]
            return len(frame), respondents(frame)
    aggregated = any("units" in alternative.tables for alternative in declared.needs.any_of)
    if aggregated and "units" in study.tables:
        counts = [
            v.n_column for v in study.codebook.select("units", role="measure") if v.n_column is not None
        ]
        answers = int(study.tables["units"][counts[0]].fillna(0).sum()) if counts else 0
        return answers, answers
    return 0, 0


def _price_of_weights(study: Study, declared: Hypothesis) -> float:
    """Design effect of the weights of the answers that a hypothesis is about; 1 without weights."""
    for name in ("employees", "moments"):
        if name in declared.needs.any_of[0].tables and study.has(name, "weight"):
            weights = study.table(name)["weight"]
            return len(weights) / effective_n(weights) if len(weights) else 1.0
    return 1.0


def _detectable(
    study: Study, declared: Hypothesis, *, n: int, n_units: int, design_effect: float, alpha: float
) -> DetectableEffect | None:
    if declared.power in ("correlation_units", "panel_units"):
        if n_units < 4:
            return None
        value = detectable_correlation(n_units, power=POWER, alpha=alpha)
        return DetectableEffect(kind="correlation", value=float(value), power=POWER, n=n_units)
    if declared.power == "proportion_respondents":
        if n < 10:
            return None
        # One share against one half, which is known: a comparison of two groups without the sampling error of one.
        value = detectable_difference(
            0.5, n_per_group=2 * n, design_effect=design_effect, power=POWER, alpha=alpha
        )
        return DetectableEffect(kind="share_difference", value=float(value), power=POWER, n=n)
    drivers = len(study.codebook.select("employees", role="driver")) or _TYPICAL_DRIVERS
    effective = int(n / design_effect)
    if effective <= drivers + 3:
        return None
    value = detectable_r2_increment(effective, n_predictors=drivers, power=POWER, alpha=alpha)
    return DetectableEffect(kind="variance_share", value=float(value), power=POWER, n=n)


def testability_table(study: Study, **options: object) -> pd.DataFrame:
    """Say for every hypothesis of the registry whether this study can test it.

    Parameters
    ----------
    study : Study
        The client.
    **options
        As :func:`testability`.

    Returns
    -------
    pandas.DataFrame
        One row per hypothesis in reading order: ``hypothesis, title, testable, note, value, kind, n, n_respondents,
        n_units, n_waves``. ``n`` is the number of units or answers behind the detectable effect ``value`` of ``kind``;
        ``n_respondents`` counts answers; ``note`` is the reason where it is not testable.
    """
    rows, counted = [], dict[bool, tuple[int, int]]()
    for declared in load_registry().hypotheses:
        answer = _judged(study, declared, counted=counted, **options)  # type: ignore[arg-type]
        effect = answer.detectable_effect
        rows.append(
            {
                "hypothesis": declared.id,
                "title": declared.title.model_dump(),
                "testable": answer.testable,
                "note": answer.reason,
                "value": float("nan") if effect is None else effect.value,
                "kind": "correlation" if effect is None else effect.kind,
                "n": float("nan") if effect is None else effect.n,
                "n_respondents": answer.n,
                "n_units": answer.n_units,
                "n_waves": answer.n_waves,
            }
        )
    return pd.DataFrame(rows)
