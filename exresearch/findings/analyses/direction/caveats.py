"""What a careful reader is told beside a verdict on direction."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.findings.analyses.aggregation import left_out_caveat
from exresearch.findings.note import Note, NoteValue
from exresearch.findings.shared_source import shared_sources
from exresearch.measures import (
    EngagedDefinition,
    LinkTable,
    NotMeasured,
    Side,
    icc,
    side_scores,
    unit_mean_errors,
)
from exresearch.measures.remembered import remembered
from exresearch.models import CrossLaggedPanel
from exresearch.study import Study
from exresearch.study.coded import coded
from exresearch.study.languages import worded
from exresearch.study.tables.periods import period_kind, wave_period

Matrix = NDArray[np.float64]
_PERIODS = {
    "month": "one month",
    "quarter": "one quarter",
    "half_year": "half a year",
    "year": "one year",
}
_CAUSE = Note(
    message=(
        "What units have and keep drops out. What changes over time and moves both sides, such as the workload, does "
        "not: it can look as if one side followed the other."
    )
)
_LAG = "The waves are {distance} apart. An effect that is much faster or slower shows too small here, or not at all."
_UNEVEN = (
    "The waves are not equally far apart, while the model takes every step from wave to wave as equally long."
)
_UNKNOWN = (
    "The names of the waves do not say how far apart they are. An effect that works much faster or much slower than "
    "the time between two waves does not show."
)
_MISSING = (
    "{n_missing:integer} of {n_units:integer} units miss one wave or more. They count with the waves they have, as if "
    "what is missing could be told from what is there; the check on units with all waves shows what that does."
)
_NOISE = (
    "{measure}: in one wave unit values have a reliability of {icc2:number2} (ICC(2)), and of how far a unit is from "
    "its own level about {noise:percent0} is sampling error, because other people answered. That draws the effects "
    "towards zero; one of the checks takes it out."
)
_NO_ANSWERS = (
    "{measure} comes from a table of units without the answers behind it: how much of its change is sampling error "
    "cannot be told. Such error draws the effects towards zero."
)
_BETWEEN = {
    "the variance": (
        "Units hardly differ in a lasting way on one of the two sides, so that the model has little to set apart; the "
        "effects within units stand."
    ),
    "the random": (
        "The lasting levels of both sides go together almost completely, so that their correlation cannot be told; the "
        "effects within units stand."
    ),
}
_OPPOSITE = Note(
    message=(
        "Both effects are estimated below zero. What goes round is then no circle in which one side drags the other "
        "along; its size counts as negative."
    )
)


def sampling_errors(
    study: Study,
    link: LinkTable,
    *,
    waves: Sequence[str],
    engaged_definition: EngagedDefinition,
    engaged_threshold: float,
) -> dict[str, Matrix]:
    """Estimate the covariances between waves of the sampling errors of unit means, per side.

    Returns
    -------
    dict of str to numpy.ndarray
        ``ex``, ``cx``; a side of which the answers are not there, or say too little, is left out.
    """
    found = {}
    for name, side in (("ex", link.ex), ("cx", link.cx)):
        values = _scores(study, side, engaged_definition, engaged_threshold)
        if values is None:
            continue
        among = frozenset(link.panel["unit"])
        scored = (engaged_definition, engaged_threshold) if side.kind == "share" else ()
        asked = ("sampling_errors", side.source, side.construct, side.kind, tuple(waves), among, scored)
        matrix = remembered(
            study, asked, partial(_errors_of, study.table(side.source), values, among=among, waves=waves)
        )
        if np.isfinite(matrix).all():
            found[name] = matrix.copy()
    return found


def _errors_of(
    frame: pd.DataFrame, values: pd.Series, *, among: frozenset[str], waves: Sequence[str]
) -> Matrix:
    """Sampling errors among some units; answers of the others are taken as missing, so that no column is copied."""
    codes, names = coded(frame["unit"])
    inside = np.array([*(name in among for name in names), False])[codes]
    return unit_mean_errors(
        values.where(inside),
        unit=frame["unit"],
        wave=frame["wave"],
        waves=waves,
        weights=frame["weight"] if "weight" in frame else None,
        person=frame["person"] if "person" in frame else None,
    )


def direction_caveats(
    study: Study,
    link: LinkTable,
    fit: CrossLaggedPanel,
    *,
    waves: Sequence[str],
    deviations: pd.DataFrame,
    errors: dict[str, Matrix],
    engaged_definition: EngagedDefinition,
    engaged_threshold: float,
    min_unit_n: int,
) -> list[Note]:
    """Return what belongs beside a verdict that was reached.

    Parameters
    ----------
    study, link, fit
        The client, its link, and the model that decided.
    waves : sequence of str
        In order.
    deviations : pandas.DataFrame
        ``unit, ex, cx`` within units.
    errors : dict
        Of :func:`sampling_errors`.
    """
    caveats = [_CAUSE, lag_caveat(waves, among=study.waves)]
    caveats += shared_sources(study, [link.ex.construct], [link.cx.construct])
    by_unit = link.panel.groupby("unit").size()
    n_missing = int((by_unit < len(waves)).sum())
    if n_missing:
        caveats.append(Note(message=_MISSING, values={"n_missing": n_missing, "n_units": len(by_unit)}))
    for name, side in (("ex", link.ex), ("cx", link.cx)):
        values: dict[str, NoteValue] = {"measure": study.codebook.label(side.construct)}
        if side.source == "units":
            caveats.append(Note(message=_NO_ANSWERS, values=values))
            continue
        scores = _scores(study, side, engaged_definition, engaged_threshold)
        reliability = np.nan if scores is None else _wave_reliability(study, side, scores, waves)
        noise = _noise(deviations, name, errors.get(name))
        if np.isfinite(reliability) and np.isfinite(noise):
            caveats.append(Note(message=_NOISE, values=values | {"icc2": reliability, "noise": noise}))
    for start, words in _BETWEEN.items():
        if fit.reason.startswith(start):
            caveats.append(Note(message=words))
    if (fit.raw[["ex_to_cx", "cx_to_ex"]] < 0).all():
        caveats.append(_OPPOSITE)
    return caveats + left_out_caveat(link, min_unit_n=min_unit_n)


def lag_caveat(waves: Sequence[str], *, among: Sequence[str] = ()) -> Note:
    """Say how far waves are apart, as far as their names, or their places among all waves of the study, tell."""
    kind = period_kind(waves)
    if not kind:
        places = [list(among).index(wave) for wave in waves] if among else []
        if len({later - one for one, later in pairwise(places)}) > 1:
            return Note(message=_UNEVEN)
        return Note(message=_UNKNOWN)
    periods = [period for period in map(wave_period, waves) if period is not None]
    # A half-year is a period of six months, whose numbers run on by six.
    steps = {round((b.start_time - a.start_time).days / 30.4) for a, b in pairwise(periods)}
    months = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}[kind]
    if steps != {months}:
        return Note(message=_UNEVEN)
    return Note(message=_LAG, values={"distance": worded(_PERIODS[kind])})


def _scores(study: Study, side: Side, definition: EngagedDefinition, threshold: float) -> pd.Series | None:
    if side.source == "units":
        return None
    try:
        return side_scores(study, side.construct, side.source, definition=definition, threshold=threshold)[0]
    except NotMeasured:
        return None


def _wave_reliability(study: Study, side: Side, values: pd.Series, waves: Sequence[str]) -> float:
    """The median over waves of ICC(2)."""
    frame = study.table(side.source)
    found = []
    for wave in waves:
        rows = frame["wave"] == wave
        try:
            found.append(icc(values[rows].astype("float64"), groups=frame["unit"][rows]).icc2)
        except ValueError:
            continue
    return float(np.median(found)) if found else float("nan")


def _noise(deviations: pd.DataFrame, name: str, errors: Matrix | None) -> float:
    """Share of the variance within units that is sampling error, between 0 and 1."""
    if errors is None or not len(deviations):
        return float("nan")
    n_units = deviations["unit"].nunique()
    observed = float((deviations[name] ** 2).sum()) / max(n_units - 1, 1)
    expected = float(np.trace(errors) - errors.sum() / len(errors))
    return float(np.clip(expected / observed, 0.0, 1.0)) if observed > 0 else float("nan")
