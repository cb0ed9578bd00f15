"""Notebook 07: segments are looked for in the needs alone, and then set against the categories of the organisation."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.dependence import few_units_caveat
from exresearch.findings.analyses.segments.checks import agreement, checks, model_rows, outcome_rows
from exresearch.findings.analyses.segments.gains import HeldOut, held_out
from exresearch.findings.analyses.segments.people import FIVE, People, people
from exresearch.findings.analyses.segments.profiles import answered, overlap, profiles, segment_names
from exresearch.findings.conclude import conclude, estimand_for, not_testable
from exresearch.findings.finding import Finding
from exresearch.findings.note import Note
from exresearch.findings.registry import load_registry
from exresearch.findings.testability import Testability, testability
from exresearch.models import NotEstimable
from exresearch.models.segmentation import Segmentation, choose_segments
from exresearch.study import Study
from exresearch.study.languages import listed

_HYPOTHESIS = "needs-segments"
_REFUSALS = {
    "one": "The needs do not fall into segments: one group describes them best.",
    "small": "The needs do not fall into segments that are large enough to speak of.",
    "unstable": "The needs do not fall into segments that come back when other people of the same kind are asked.",
    "dimension": (
        "The needs differ by degree and do not fall into segments: people without any segments, whose needs hang "
        "together as these do, would be divided as well."
    ),
}
_LABEL = Note(message="Segments instead of the categories of the organisation")


@dataclass(frozen=True, slots=True)
class NeedsSegments:
    """The finding, and the frames that the page shows. Nobody's own segment is in it.

    Attributes
    ----------
    finding : Finding
    number : DataFrame
        Per number of segments, as :func:`exresearch.models.segmentation.choose_segments`, with ``n``.
    sizes : DataFrame
        Per segment ``segment, label`` (a note), ``share`` (weighted), ``n``.
    profile : DataFrame
        As :func:`exresearch.findings.analyses.segments.profiles.profiles`.
    models : DataFrame
        Explained variance among people who had no part in the fit: ``term, estimate, conf_low, conf_high, conf_level,
        n``; ``categories, categories_trimmed, segments, needs, both``.
    outcomes : DataFrame
        Gain per outcome: ``label, estimate, conf_low, conf_high, conf_level, n``.
    overlap, cells : DataFrame
        As :func:`exresearch.findings.analyses.segments.profiles.overlap`.
    agreement : DataFrame
        ``term, estimate`` (adjusted Rand index with the segments), ``n``: k-means, and the other kind of mixture.
    """

    finding: Finding
    number: pd.DataFrame = field(default_factory=pd.DataFrame)
    sizes: pd.DataFrame = field(default_factory=pd.DataFrame)
    profile: pd.DataFrame = field(default_factory=pd.DataFrame)
    models: pd.DataFrame = field(default_factory=pd.DataFrame)
    outcomes: pd.DataFrame = field(default_factory=pd.DataFrame)
    overlap: pd.DataFrame = field(default_factory=pd.DataFrame)
    cells: pd.DataFrame = field(default_factory=pd.DataFrame)
    agreement: pd.DataFrame = field(default_factory=pd.DataFrame)


def needs_segments(study: Study, *, conf_level: float, rules: DisclosureRules, seed: int) -> NeedsSegments:
    """Decide whether segments built on needs say more than function, level, department, business unit and location.

    The latest sheet of each person counts. Segments and their number come from the needs alone, by
    :func:`exresearch.models.segmentation.choose_segments`. What decides is the mean over all outcomes of the variance
    that segments explain beyond the categories, among units that had no part in the fit; segments are found anew in
    every training part.

    Parameters
    ----------
    study : Study
        The client.
    conf_level : float
        Of every interval.
    rules : DisclosureRules
        A segment holds as many people as a driver model needs.
    seed : int
        For starts, samples and folds.

    Returns
    -------
    NeedsSegments
        Not testable where no segments are found; the page then still shows what needs as plain predictors explain.
    """
    ready = testability(study, _HYPOTHESIS, conf_level=conf_level)
    if ready.reason is not None:
        return NeedsSegments(_untested(ready.reason, ready, rules))
    everybody = people(study)
    if isinstance(everybody, Note):
        return NeedsSegments(_untested(everybody, ready, rules))
    least = load_registry()[_HYPOTHESIS].needs.min_respondents
    if len(everybody.needs) < least:
        reason = Note(message="Fewer than {needed:integer} people answered.", values={"needed": least})
        return NeedsSegments(_untested(reason, ready, rules))
    try:
        found = choose_segments(
            everybody.needs,
            weights=everybody.weights,
            kind=everybody.kind,
            min_size=rules.min_model,
            seed=seed,
        )
        judged = held_out(everybody, seed=seed)
    except NotEstimable:
        reason = Note(
            message="There are too few people or units for segments that are judged by other people."
        )
        return NeedsSegments(_untested(reason, ready, rules))
    # A handful of people in a segment that was not chosen is nobody's business either.
    shown = found.table["smallest"].where(found.table["smallest"] >= rules.min_respondents)
    number = found.table.assign(n=len(everybody.needs), smallest=shown)
    if found.mixture is None:
        models = model_rows(judged, segments=None, conf_level=conf_level)
        reason = Note(message=_REFUSALS[str(found.refusal)])
        return NeedsSegments(_untested(reason, ready, rules), number, models=models)
    return _concluded(
        study, everybody, found, judged, number, ready=ready, conf_level=conf_level, rules=rules, seed=seed
    )


def _concluded(
    study: Study,
    everybody: People,
    found: Segmentation,
    judged: HeldOut,
    number: pd.DataFrame,
    *,
    ready: Testability,
    conf_level: float,
    rules: DisclosureRules,
    seed: int,
) -> NeedsSegments:
    assert found.mixture is not None  # noqa: S101
    k, segment = found.mixture.k, found.mixture.segment
    models = model_rows(judged, segments=k, conf_level=conf_level)
    deciding = judged.record(
        "out_of_sample_gain", "segments", base="categories", label=_LABEL, conf_level=conf_level
    )
    if deciding is None:
        reason = Note(
            message="There are too few people or units for segments that are judged by other people."
        )
        return NeedsSegments(_untested(reason, ready, rules), number)
    profile, hidden = answered(profiles(everybody, segment, study=study, conf_level=conf_level), rules=rules)
    finding = conclude(
        deciding,
        hypothesis=_HYPOTHESIS,
        estimand=estimand_for(_HYPOTHESIS),
        n_excluded=everybody.n_excluded,
        rules=rules,
        robustness=checks(study, judged, k=k, conf_level=conf_level, seed=seed),
        caveats=_caveats(study, everybody, found) + hidden,
    )
    names = segment_names(everybody, segment, study=study)
    sizes = pd.DataFrame(
        {
            "segment": range(k),
            "label": names,
            "share": np.bincount(segment, weights=everybody.weights) / everybody.weights.sum(),
            "n": np.bincount(segment),
        }
    )
    summary, cells = overlap(everybody, segment, study=study)
    return NeedsSegments(
        finding=finding,
        number=number,
        sizes=sizes,
        profile=profile,
        models=models,
        outcomes=outcome_rows(judged, study=study, conf_level=conf_level),
        overlap=summary,
        cells=cells,
        agreement=agreement(everybody, segment, k=k, seed=seed),
    )


def _untested(reason: Note, ready: Testability, rules: DisclosureRules) -> Finding:
    return not_testable(_HYPOTHESIS, reason=reason, rules=rules, detectable_effect=ready.detectable_effect)


def _caveats(study: Study, everybody: People, found: Segmentation) -> list[Note]:
    caveats = []
    if not everybody.five:
        message = (
            "None of function, level, department, business unit and location is known by its name; all categories that "
            "are there take their place."
        )
        caveats.append(Note(message=message))
    elif everybody.categories.shape[1] < len(FIVE):
        message = "Of the five categories of the claim {n:integer} are known: {names}."
        labels = [study.codebook.label(str(name)) for name in everybody.categories]
        names = listed(labels)
        caveats.append(Note(message=message, values={"n": len(labels), "names": names}))
    lowest = found.table.iloc[int(found.table["bic"].to_numpy().argmin())]
    chosen = found.table[found.table["chosen"]].iloc[0]
    if lowest["k"] != chosen["k"]:
        message = (
            "By BIC alone there would be {lowest:integer} segments, but these are too small or do not come back; the "
            "best number that does is {chosen:integer}."
        )
        caveats.append(Note(message=message, values={"lowest": int(lowest["k"]), "chosen": int(chosen["k"])}))
    message = (
        "Segments are a summary: somebody between two of them is counted with the nearest. Needs and outcomes come "
        "from one questionnaire, so that a habit of answering may make them go together."
    )
    caveats.append(Note(message=message))
    message = (
        "The gain is about models learnt from as many people as took part. What is too small to be learnt from them "
        "counts as nothing, in the categories and in the segments: that is no evidence that it is not there."
    )
    caveats.append(Note(message=message))
    return caveats + few_units_caveat(everybody.groups)
