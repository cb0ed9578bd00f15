"""Sum, product, minimum and alignment as moderator: the rival models, and what each explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from exresearch.findings.analyses.answer_sheets import AnswerSheets
from exresearch.findings.analyses.dependence import units_counted
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.models import NotEstimable, UnitMoments, explained_variance, unit_moments
from exresearch.models.regression.design import build_design

PARTS = ("readiness", "willingness", "ability")
ALIGNMENT, BEHAVIOUR = "alignment", "behaviour"
PAIRS = ("readiness x willingness", "readiness x ability", "willingness x ability")
TRIPLE, WEAKEST, MODERATION = "all three", "weakest", "alignment x mean"
#: What each model has beyond readiness, willingness, ability and alignment, each with a slope of its own.
MODELS: dict[str, tuple[str, ...]] = {
    "sum": (),
    "product": (*PAIRS, TRIPLE),
    "minimum": (WEAKEST,),
    "moderation": (MODERATION,),
    "together": (*PAIRS, TRIPLE, WEAKEST, MODERATION),
}
#: Models of one product each.
SINGLE: dict[str, tuple[str, ...]] = {name: (name,) for name in (*PAIRS, TRIPLE)}
DECIDING = "together"
_METHODS = {
    "unit": "explained variance beyond the sum; jackknife over units, which takes out what chance adds",
    "person": "explained variance beyond the sum; jackknife over persons, which takes out what chance adds",
    "row": "explained variance beyond the sum; jackknife over answer sheets, which takes out what chance adds",
}
_DIFFERENCE = {
    "unit": "difference of explained variance; jackknife over units, which takes out what chance adds",
    "person": "difference of explained variance; jackknife over persons, which takes out what chance adds",
    "row": "difference of explained variance; jackknife over answer sheets, which takes out what chance adds",
}


def with_products(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the sheets with the products, the weakest part and alignment times the mean of the three.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``readiness, willingness, ability, alignment`` in standard deviations.

    Returns
    -------
    pandas.DataFrame
        A new frame with columns of :data:`PAIRS` and the others besides.
    """
    ready, willing, able = (frame[name] for name in PARTS)
    three = frame[list(PARTS)]
    made = {
        PAIRS[0]: ready * willing,
        PAIRS[1]: ready * able,
        PAIRS[2]: willing * able,
        TRIPLE: ready * willing * able,
        WEAKEST: three.min(axis=1),
        MODERATION: frame[ALIGNMENT] * three.mean(axis=1),
    }
    return frame.assign(**made)


def sums_of(
    sheets: AnswerSheets, terms: Sequence[str], *, held: Sequence[str] | None = None
) -> UnitMoments | None:
    """Read the sheets once for all models of some terms; None where no sheet is complete.

    Parameters
    ----------
    sheets : AnswerSheets
        Whose frame :func:`with_products` made.
    terms : sequence of str
        Beyond the sum.
    held : sequence of str, optional
        Columns in every model; the waves by default.
    """
    always = [*PARTS, ALIGNMENT, *(sheets.waves if held is None else held)]
    try:
        return unit_moments(
            sheets.frame,
            columns=[BEHAVIOUR, *always, *terms],
            weights=sheets.weight,
            cluster=sheets.cluster,
        )
    except NotEstimable:
        return None


def compared(
    sheets: AnswerSheets,
    *,
    sums: UnitMoments | None = None,
    models: Mapping[str, Sequence[str]] | None = None,
    held: Sequence[str] | None = None,
    folds: int = 10,
    repeats: int = 5,
    conf_level: float,
    seed: int,
) -> pd.DataFrame | None:
    """Estimate what each model explains, and what it gains over the sum.

    Parameters
    ----------
    sheets : AnswerSheets
        Whose frame :func:`with_products` made.
    sums : UnitMoments, optional
        Of :func:`sums_of` with all their terms.
    models : mapping of str to sequence of str, optional
        Terms beyond the sum; :data:`MODELS` and :data:`SINGLE` by default. One is called ``sum``.
    held : sequence of str, optional
        Columns in every model; the waves by default.
    folds, repeats, conf_level, seed
        As :func:`exresearch.models.explained_variance`.

    Returns
    -------
    pandas.DataFrame or None
        Rows per model and ``gain: model`` for all but the sum, and ``weakest over product``; None where nothing can be
        estimated.
    """
    chosen = dict(models if models is not None else MODELS | SINGLE)
    always = [*PARTS, ALIGNMENT, *(sheets.waves if held is None else held)]
    contrasts = {f"gain: {name}": {name: 1.0, "sum": -1.0} for name in chosen if name != "sum"}
    if {"minimum", "product"} <= set(chosen):
        contrasts["weakest over product"] = {"minimum": 1.0, "product": -1.0}
    try:
        return explained_variance(
            sheets.frame if sums is None else sums,
            outcome=BEHAVIOUR,
            models={name: [*always, *terms] for name, terms in chosen.items()},
            contrasts=contrasts,
            cluster=sheets.cluster if sums is None else None,
            weights=sheets.weight if sums is None else None,
            folds=folds,
            repeats=repeats,
            conf_level=conf_level,
            seed=seed,
        )
    except NotEstimable:
        return None


def sign_of(
    sheets: AnswerSheets,
    term: str = WEAKEST,
    *,
    held: Sequence[str] | None = None,
    sums: UnitMoments | None = None,
) -> float:
    """Return 1 where a term beyond the sum goes with more of the outcome, and -1 where it goes with less.

    A share of variance has no sign. Where the weakest part counts for less than the sum says, people make up for what
    they lack, and what the interplay explains speaks against the claim.
    """
    always = [*PARTS, ALIGNMENT, *(sheets.waves if held is None else held)]
    sums = sums_of(sheets, [term], held=held) if sums is None else sums
    if sums is None:
        return 1.0
    try:
        # The sign alone is asked for: no covariance is made.
        fit = build_design(
            sums, outcome=BEHAVIOUR, predictors=[*always, term], working_variance="inverse_weights"
        )
    except NotEstimable:
        return 1.0
    return -1.0 if fit.estimate[fit.terms.index(term)] < 0.0 else 1.0


def gain_record(
    found: pd.DataFrame, term: str, sheets: AnswerSheets, *, name: str, label: Note, sign: float = 1.0
) -> EstimateRecord:
    """Take a gain, counted negative where ``sign`` is, into a record."""
    rows = found if sign > 0 else _turned(found)
    by = sheets.groups.by
    gained = term.startswith("gain: ")
    return estimate_record(
        units_counted(rows.assign(n_units=rows["n_clusters"]), sheets.groups),
        term,
        name=name,
        label=label,
        unit_of_measurement="variance_share",
        method=Note(message=_METHODS[by]) if gained else Note(message=_DIFFERENCE[by]),
    )


def _turned(found: pd.DataFrame) -> pd.DataFrame:
    return found.assign(
        estimate=-found["estimate"],
        statistic=-found["statistic"],
        conf_low=-found["conf_high"],
        conf_high=-found["conf_low"],
    )
