"""Notebook 06: does experience tell more about recommending than what people click on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.clicks.sheets import ClickSheets, Form, click_sheets, count_columns
from exresearch.findings.analyses.dependence import few_units_caveat, units_counted
from exresearch.findings.analyses.journey.sheets import OUTCOME, Source, journey_sheets
from exresearch.findings.conclude import conclude, estimand_for, not_testable
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.findings.testability import Testability, testability
from exresearch.measures import NoJourney, journey_data
from exresearch.models import NotEstimable, explained_variance
from exresearch.study import Study

_HYPOTHESIS = "beyond-clicks"
DIFFERENCE = "gain_difference"
_METHODS = {
    "unit": "difference of two gains in explained variance, jackknife over units",
    "person": "difference of two gains in explained variance, jackknife over persons",
    "row": "difference of two gains in explained variance, jackknife over answer sheets",
}
_LABEL = Note(message="Gain of experience over clicks, less the reverse")
_NO_SHEETS = Note(
    message=(
        "Too few people have a recommendation, and ratings and counts of all moments that they were asked about, to "
        "set one against the other."
    )
)
_ALIKE = Note(
    message="Ratings, or counts of what people did, hardly differ between people, so that they cannot tell anything."
)
_NO_RATINGS = Note(
    message="Contact moments are not rated on one scale, so that there is nothing to set beside clicks."
)
# Name of a check: its label, the form of ratings and counts, and where the recommendation comes from.
_CHECKS: dict[str, tuple[str, Form, Source | None]] = {
    "gain_survey": (
        "Recommendation from the staff survey instead of the question beside the ratings",
        "each",
        "survey",
    ),
    "gain_means": (
        "One mean rating against one mean of each count, so that ratings have no more columns",
        "means",
        None,
    ),
    "gain_logs": (
        "Counts by their logarithm: from one to two clicks as far as from two to four",
        "logs",
        None,
    ),
    "gain_filled": (
        "Sheets with skipped moments as well, filled with the mean and marked as such",
        "filled",
        None,
    ),
}


@dataclass(frozen=True, slots=True)
class BeyondClicks:
    """Everything that the page says about clicks and experience.

    Attributes
    ----------
    finding : Finding
        The verdict on ``beyond-clicks``.
    models : pandas.DataFrame
        Rows ``counts, ratings, both`` and the gains ``over_counts`` (of ratings), ``over_ratings`` (of counts) and
        ``gain_difference``, with the columns of :func:`exresearch.models.explained_variance` and ``predictors`` (their
        number; missing for differences) and ``people``; empty where not tested.
    counts : tuple of dict
        What was counted, in both languages.
    """

    finding: Finding
    models: pd.DataFrame = field(default_factory=pd.DataFrame)
    counts: tuple[dict[str, str], ...] = ()


def beyond_clicks(study: Study, *, conf_level: float, rules: DisclosureRules, seed: int) -> BeyondClicks:
    """Decide whether ratings of contact moments add more to what counts of behaviour say than the other way round.

    Three models explain the recommendation: by counts alone, by ratings alone, by both. What decides is the gain of
    ratings over counts less that of counts over ratings, as shares of the variance in the population.

    Parameters
    ----------
    study : Study
        The client.
    conf_level : float
        Of every interval.
    rules : DisclosureRules
        Rules of the report.
    seed : int
        Of the folds of the fit on held-out units.

    Returns
    -------
    BeyondClicks
    """
    ready = testability(study, _HYPOTHESIS, conf_level=conf_level)
    if ready.reason is not None:
        return BeyondClicks(_untested(ready.reason, ready, rules))
    try:
        journey = journey_data(study)
    except NoJourney:
        return BeyondClicks(_untested(_NO_RATINGS, ready, rules))
    answers = journey_sheets(study, journey)
    sheets = None if answers is None else click_sheets(study, journey, sheets=answers)
    if sheets is not None and _alike(sheets):
        return BeyondClicks(_untested(_ALIKE, ready, rules))
    models = None if sheets is None else _fitted(sheets, conf_level=conf_level, seed=seed)
    if sheets is None or models is None or sheets.people < rules.min_model:
        return BeyondClicks(_untested(_NO_SHEETS, ready, rules))
    robustness = []
    for name, (label, form, source) in _CHECKS.items():
        if source == sheets.source:
            continue
        # The same answers, unless the recommendation is another.
        same = answers if source is None else None
        other = click_sheets(study, journey, form=form, source=source, sheets=same)
        found = None if other is None else _fitted(other, conf_level=conf_level, seed=seed)
        if other is not None and found is not None and other.people >= rules.min_model:
            robustness.append(_record(found, other, name=name, label=Note(message=label)))
    finding = conclude(
        _record(models, sheets, name=DIFFERENCE, label=_LABEL),
        hypothesis=_HYPOTHESIS,
        estimand=estimand_for(_HYPOTHESIS),
        n_excluded=sheets.n_excluded,
        rules=rules,
        robustness=tuple(robustness),
        caveats=_caveats(sheets),
    )
    counts = tuple(study.codebook.label(column) for column in count_columns(study))
    return BeyondClicks(finding, models, counts)


def _untested(reason: Note, ready: Testability, rules: DisclosureRules) -> Finding:
    return not_testable(_HYPOTHESIS, reason=reason, rules=rules, detectable_effect=ready.detectable_effect)


def _alike(sheets: ClickSheets) -> bool:
    """Whether nobody rated, or nobody was counted, otherwise than the others: a rival that had no chance."""
    sides = (sheets.frame[sheets.ratings], sheets.frame[sheets.counts])
    return any(float(np.abs(side.to_numpy()).max(initial=0.0)) <= 1e-9 for side in sides)


def _fitted(sheets: ClickSheets, *, conf_level: float, seed: int) -> pd.DataFrame | None:
    models = {
        "counts": [*sheets.marks, *sheets.counts],
        "ratings": [*sheets.marks, *sheets.ratings],
        "both": [*sheets.marks, *sheets.counts, *sheets.ratings],
    }
    try:
        found = explained_variance(
            sheets.frame,
            outcome=OUTCOME,
            models=models,
            contrasts={
                "over_counts": {"both": 1.0, "counts": -1.0},
                "over_ratings": {"both": 1.0, "ratings": -1.0},
                # What both explain drops out: gain of ratings over counts less that of counts over ratings.
                DIFFERENCE: {"ratings": 1.0, "counts": -1.0},
            },
            cluster=sheets.cluster,
            weights=sheets.weights,
            conf_level=conf_level,
            seed=seed,
        )
    except NotEstimable:
        return None
    sizes = {name: len(columns) for name, columns in models.items()}
    found = found.assign(
        predictors=found["term"].map(sizes), people=sheets.people, n_units=found["n_clusters"]
    )
    return units_counted(found, sheets.groups)


def _record(models: pd.DataFrame, sheets: ClickSheets, *, name: str, label: Note) -> EstimateRecord:
    return estimate_record(
        models,
        DIFFERENCE,
        name=name,
        label=label,
        unit_of_measurement="variance_share",
        method=Note(message=_METHODS[sheets.groups.by]),
    )


def _caveats(sheets: ClickSheets) -> list[Note]:
    caveats = []
    if sheets.source == "asked":
        message = (
            "Ratings and recommendation were given on one occasion by the same person, clicks were counted by a "
            "system: a mood that colours both answers gives ratings a lead. The check with the staff survey takes "
            "part of that away."
        )
        caveats.append(Note(message=message))
    message = (
        "What was counted is what people did with messages about a moment. Other traces, such as time spent or what "
        "they looked for, may say more."
    )
    caveats.append(Note(message=message))
    if sheets.silent:
        message = (
            "For {n:integer} kinds of people too few sheets were complete; they are left out."
            if len(sheets.silent) > 1
            else "For one kind of people too few sheets were complete; it is left out."
        )
        caveats.append(
            Note(message=message, values={"n": len(sheets.silent)} if len(sheets.silent) > 1 else {})
        )
    return caveats + few_units_caveat(sheets.groups)
