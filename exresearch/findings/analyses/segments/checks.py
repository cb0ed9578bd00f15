"""Segments on needs, checks beside the verdict: other numbers, plain needs, other people, another method."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.findings.analyses.segments.gains import HeldOut, held_out
from exresearch.findings.analyses.segments.people import People, people
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.models import NotEstimable
from exresearch.models.segmentation import adjusted_rand, k_means, latent_classes, latent_profiles
from exresearch.models.segmentation.em import Search
from exresearch.study import Study

_LABELS = {
    "gain_added": "Categories and segments, above the categories alone",
    "gain_equal": "Segments instead of the best categories, with as many columns",
    "gain_fewer": "One segment fewer",
    "gain_more": "One segment more",
    "gain_number": "Number of segments chosen anew in every training part",
    "gain_colleagues": "Colleagues of the same unit on both sides of the division",
    "gain_averaged": "Answers averaged over all sheets of a person",
    "gain_last_wave": "Sheets of the last wave alone",
    "needs_instead": "Needs as plain predictors, instead of the categories",
    "segments_or_needs": "Segments instead of needs as plain predictors",
}
_LEAST_OF_WAVE = 300


def model_rows(judged: HeldOut, *, segments: int | None, conf_level: float) -> pd.DataFrame:
    """Explained variance of every model above the mean, and the predictions behind it.

    Parameters
    ----------
    judged : HeldOut
        Gets the predictions ``categories, needs`` and, with segments, ``segments, both, categories_trimmed``.
    segments : int, optional
        Their number; none where no segments were found.
    conf_level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        ``term, estimate, conf_low, conf_high, conf_level, n``.
    """
    design = judged.people.design()
    judged.add("categories", base=design)
    names = ["categories"]
    if segments is not None:
        judged.add("categories_trimmed", base=design, most_columns=segments - 1)
        judged.add("segments", segments=segments)
        judged.add("both", base=design, segments=segments)
        names += ["categories_trimmed", "segments", "both"]
    judged.add("needs", base=judged.people.standardised_needs())
    names += ["needs"]
    rows = []
    for name in names:
        found = judged.gain(name, base="mean", conf_level=conf_level)
        if found is not None:
            rows.append(found.assign(term=name))
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def outcome_rows(judged: HeldOut, *, study: Study, conf_level: float) -> pd.DataFrame:
    """Gain of segments over the categories per outcome, with its label in both languages."""
    rows = []
    for place, variable in enumerate(judged.people.measured):
        found = judged.gain("segments", base="categories", conf_level=conf_level, outcome=place)
        if found is not None:
            label = study.codebook.label(variable.construct or variable.column)
            rows.append(found.assign(term=variable.column, label=pd.Series([label], index=found.index)))
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def checks(
    study: Study, judged: HeldOut, *, k: int, conf_level: float, seed: int
) -> tuple[EstimateRecord, ...]:
    """Estimate the gain by other choices; none of them chooses the verdict.

    Parameters
    ----------
    study : Study
        The client.
    judged : HeldOut
        With the predictions of :func:`model_rows`.
    k : int
        Number of segments.
    conf_level : float
        Of the intervals.
    seed : int
        As in the verdict.

    Returns
    -------
    tuple of EstimateRecord
    """
    found = [
        _record(judged, "gain_added", "both", "categories", conf_level),
        _record(judged, "gain_equal", "segments", "categories_trimmed", conf_level),
    ]
    if k > 2:
        judged.add("fewer", segments=k - 1)
        found.append(_record(judged, "gain_fewer", "fewer", "categories", conf_level))
    judged.add("more", segments=k + 1)
    judged.add("number", segments="bic")
    found += [
        _record(judged, "gain_more", "more", "categories", conf_level),
        _record(judged, "gain_number", "number", "categories", conf_level),
    ]
    if judged.people.groups.by == "unit":
        found.append(_other(judged.people, "gain_colleagues", k, conf_level, seed, by_person=True))
    sheets = study.table("employees")
    if "person" in sheets and sheets["person"].duplicated().any():
        averaged = people(study, averaged=True)
        found.append(_other(averaged, "gain_averaged", k, conf_level, seed))
        if len(study.waves) > 1:
            last = people(study, wave=study.waves[-1])
            if isinstance(last, People) and len(last.needs) >= _LEAST_OF_WAVE:
                found.append(_other(last, "gain_last_wave", k, conf_level, seed))
    found += [
        _record(judged, "needs_instead", "needs", "categories", conf_level),
        _record(judged, "segments_or_needs", "segments", "needs", conf_level),
    ]
    return tuple(record for record in found if record is not None)


def agreement(everybody: People, segment: NDArray[np.intp], *, k: int, seed: int) -> pd.DataFrame:
    """How far other divisions of the same people agree with the segments.

    Returns
    -------
    DataFrame
        ``term, estimate, n``: ``k_means`` by distance; ``classes`` (or ``profiles``), the other kind of mixture.
    """
    needs = everybody.needs
    search = Search(starts=20, kept=3, tolerance=1e-6, most=200)
    rows = [("k_means", k_means(needs, k=k, starts=10, seed=seed))]
    other = latent_classes if everybody.kind == "profiles" else latent_profiles
    try:
        found = other(needs, k=k, weights=everybody.weights, search=search, seed=seed)
        rows.append(("classes" if everybody.kind == "profiles" else "profiles", found.segment))
    except NotEstimable:
        pass
    return pd.DataFrame(
        [
            {"term": name, "estimate": adjusted_rand(segment, division), "n": len(needs)}
            for name, division in rows
        ]
    )


def _record(judged: HeldOut, name: str, full: str, base: str, conf_level: float) -> EstimateRecord | None:
    return judged.record(name, full, base=base, label=Note(message=_LABELS[name]), conf_level=conf_level)


def _other(
    everybody: People | Note, name: str, k: int, conf_level: float, seed: int, *, by_person: bool = False
) -> EstimateRecord | None:
    """The same gain among other people, or with other folds."""
    if isinstance(everybody, Note):
        return None
    try:
        judged = held_out(everybody, seed=seed, by_person=by_person)
    except NotEstimable:
        return None
    judged.add("categories", base=everybody.design())
    judged.add("segments", segments=k)
    return _record(judged, name, "segments", "categories", conf_level)
