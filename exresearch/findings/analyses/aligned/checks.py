"""What stands beside the verdict: each form of interplay, curves, the scale, colleagues, mood, and overlap of parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.analyses.aligned.rivals import (
    ALIGNMENT,
    BEHAVIOUR,
    DECIDING,
    MODELS,
    MODERATION,
    PAIRS,
    PARTS,
    TRIPLE,
    WEAKEST,
    compared,
    gain_record,
    sign_of,
    sums_of,
    with_products,
)
from exresearch.findings.analyses.answer_sheets import AnswerSheets, general_mood, other_half, within_groups
from exresearch.findings.analyses.pay.checks import normal_scores
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.models import NotEstimable, UnitMoments, explained_variance
from exresearch.study import Study

# Colleagues in the other half, from whom a mean is taken.
_LEAST_COLLEAGUES = 3
_OF_MODELS = {
    "product": "Gain over the sum: products of the three alone",
    "minimum": "Gain over the sum: the weakest of the three alone",
    "moderation": "Gain over the sum: alignment as a moderator alone",
    PAIRS[0]: "Gain over the sum: readiness times willingness alone",
    PAIRS[1]: "Gain over the sum: readiness times ability alone",
    PAIRS[2]: "Gain over the sum: willingness times ability alone",
    TRIPLE: "Gain over the sum: the product of all three alone",
}
_OWN_SIGN = {"moderation": MODERATION, **{name: name for name in (*PAIRS, TRIPLE)}}
_OTHERWISE = {
    "curves": "Gain over the sum: with a curve for each part in the sum",
    "ranks": "Gain over the sum: behaviour by rank instead of by answer",
    "within": "Gain over the sum: between colleagues of one unit only",
    "mood": "Gain over the sum: “{mood}” and its curve in both",
}


def model_records(
    found: pd.DataFrame, sheets: AnswerSheets, sums: UnitMoments | None = None
) -> list[EstimateRecord]:
    """Return the gain of each form of interplay alone, and of the weakest part over the products.

    Parameters
    ----------
    found : pandas.DataFrame
        Of :func:`exresearch.findings.analyses.aligned.rivals.compared`.
    sheets : AnswerSheets
        Behind it.
    sums : UnitMoments, optional
        Of :func:`exresearch.findings.analyses.aligned.rivals.sums_of` with the terms of all models.

    Returns
    -------
    list of EstimateRecord
        A gain is counted negative where its interplay goes the other way.
    """
    records = [
        gain_record(
            found,
            f"gain: {name}",
            sheets,
            name=f"gain_{'_'.join(name.split(' x '))}".replace(" ", "_"),
            label=Note(message=message),
            sign=sign_of(sheets, _OWN_SIGN.get(name, WEAKEST), sums=sums),
        )
        for name, message in _OF_MODELS.items()
    ]
    over = gain_record(
        found,
        "weakest over product",
        sheets,
        name="weakest_over_product",
        label=Note(message="Weakest of the three over the products: explained variance"),
    )
    return [*records, over]


def other_ways(
    study: Study, sheets: AnswerSheets, *, conf_level: float, seed: int
) -> tuple[list[EstimateRecord], int]:
    """Estimate the deciding gain by other choices; none of them chooses the verdict.

    Parameters
    ----------
    study : Study
        The client.
    sheets : AnswerSheets
        Behind the verdict, with products.
    conf_level, seed
        As :func:`exresearch.models.explained_variance`.

    Returns
    -------
    tuple of list of EstimateRecord and int
        With squares of all parts in both models, which products of parts that go together would otherwise stand for;
        behaviour by its normal scores, to see what the ends of the scale do; within units; with a general mood; and how
        many of these could not be computed.
    """
    squares = {f"{name} squared": sheets.frame[name] ** 2 for name in (*PARTS, ALIGNMENT)}
    ways: dict[str, tuple[AnswerSheets | None, list[str], dict[str, Any]]] = {
        "curves": (
            replace(sheets, frame=sheets.frame.assign(**squares)),
            [*sheets.waves, *squares],
            {},
        ),
        "ranks": (
            replace(sheets, frame=sheets.frame.assign(**{BEHAVIOUR: normal_scores(sheets.raw[BEHAVIOUR])})),
            sheets.waves,
            {},
        ),
    }
    terms = [BEHAVIOUR, *PARTS, ALIGNMENT, *MODELS[DECIDING], *sheets.waves]
    inside = within_groups(sheets, terms)
    if inside is not None:
        ways["within"] = (replace(sheets, frame=inside), sheets.waves, {})
    found = general_mood(study, sheets)
    if found is not None:
        values, label = found
        kept = sheets.only(values.notna().to_numpy())
        mood = values[values.notna()].to_numpy()
        ways["mood"] = (
            replace(kept, frame=kept.frame.assign(mood=mood, **{"mood squared": mood**2})),
            [*kept.waves, "mood", "mood squared"],
            {"mood": label},
        )
    records, skipped = [], 0
    for name, (data, held, named) in ways.items():
        if data is None:
            continue
        sums = sums_of(data, MODELS[DECIDING], held=held)
        rows = compared(
            data,
            sums=sums,
            models={"sum": (), DECIDING: MODELS[DECIDING]},
            held=held,
            repeats=1,
            conf_level=conf_level,
            seed=seed,
        )
        if rows is None:
            skipped += 1
            continue
        records.append(
            gain_record(
                rows,
                f"gain: {DECIDING}",
                data,
                name=f"gain_{name}",
                label=Note(message=_OTHERWISE[name], values=named),
                sign=sign_of(data, held=held, sums=sums),
            )
        )
    return records, skipped


def overlap(sheets: AnswerSheets) -> pd.DataFrame:
    """Say how far readiness, willingness, ability and alignment overlap.

    Returns
    -------
    pandas.DataFrame
        Per part: ``part``, ``mean`` and ``sd`` of the answers, ``readiness, willingness, ability, alignment`` (the
        correlations), ``vif`` (how many times overlap widens the variance of its slope: 1 / (1 - R2) on the others),
        ``n``.
    """
    names = [*PARTS, ALIGNMENT]
    weights = sheets.frame[sheets.weight] if sheets.weight else None
    together = np.cov(sheets.frame[names].to_numpy().T, aweights=weights, ddof=0)
    spread = np.sqrt(np.diag(together))
    correlations = together / np.outer(spread, spread)
    found = pd.DataFrame(correlations, columns=names)
    return found.assign(
        part=names,
        mean=[sheets.means[name] for name in names],
        sd=[sheets.spreads[name] for name in names],
        vif=np.diag(np.linalg.pinv(correlations, hermitian=True)),
        n=len(sheets.frame),
    )


def from_colleagues(
    study: Study, sheets: AnswerSheets, *, conf_level: float, seed: int
) -> pd.DataFrame | Note:
    """Estimate what the sum explains when the four parts are those of other people of the unit.

    Parameters
    ----------
    study : Study
        The client.
    sheets : AnswerSheets
        Behind the verdict.
    conf_level, seed
        Of the interval and the random halves.

    Returns
    -------
    pandas.DataFrame or Note
        One row, as :func:`exresearch.models.explained_variance`; a note where there are too few colleagues.
    """
    parts: Sequence[str] = [*PARTS, ALIGNMENT]
    others = other_half(study, sheets, list(parts), least=_LEAST_COLLEAGUES, seed=seed)
    if isinstance(others, Note):
        return others
    try:
        found = explained_variance(
            others.frame,
            outcome=BEHAVIOUR,
            models={"waves": others.waves, "sum": [*parts, *others.waves]},
            contrasts={"colleagues": {"sum": 1.0, "waves": -1.0}},
            cluster=others.cluster,
            weights=others.weight,
            repeats=1,
            conf_level=conf_level,
            seed=seed,
        )
    except NotEstimable:
        return Note(message="There are too few units with enough people to ask some about their colleagues.")
    return found[found["term"] == "colleagues"]


def rescored(sheets: AnswerSheets) -> AnswerSheets:
    """Return the sheets with all products."""
    return replace(sheets, frame=with_products(sheets.frame))
