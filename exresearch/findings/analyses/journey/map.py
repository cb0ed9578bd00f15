"""The frames of the journey map, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.journey.recall import time_of_rating
from exresearch.findings.analyses.journey.scores import PARTIAL, group_scores, moment_scores, phase_scores
from exresearch.findings.note import Note
from exresearch.measures import JourneyData, NoJourney, journey_data
from exresearch.study import Study

NO_MAP = Note(message="Nobody rated a contact moment.")
_REASONS = {
    "moments": Note(message="No category of the contact moments tells them apart."),
    "ratings": Note(message="The contact moments have no question with a scale to rate them by."),
    "empty": NO_MAP,
}


@dataclass(frozen=True, slots=True)
class JourneyMap:
    """Where every moment of the journey stands. Frames hold all groups; the page decides what is shown.

    Attributes
    ----------
    moments, phases : pandas.DataFrame
        Of :func:`moment_scores` and :func:`phase_scores`; empty where there is no map.
    who, groups : pandas.DataFrame
        Of :func:`group_scores`, by who rates and by a category.
    recall : pandas.DataFrame
        Of :func:`time_of_rating`.
    scale : tuple of float
        Ends of the scale of the ratings.
    column, measure : str
        As in :class:`exresearch.measures.JourneyData`: what tells the moments apart, and what ratings measure.
    coverage : float
        Share of the moments of the journey that somebody rated.
    declared : bool
        Whether the study file describes the journey.
    reason : Note or None
        Why there is no map.
    """

    moments: pd.DataFrame = field(default_factory=pd.DataFrame)
    phases: pd.DataFrame = field(default_factory=pd.DataFrame)
    who: pd.DataFrame = field(default_factory=pd.DataFrame)
    groups: pd.DataFrame = field(default_factory=pd.DataFrame)
    recall: pd.DataFrame = field(default_factory=pd.DataFrame)
    scale: tuple[float, float] = (0.0, 0.0)
    column: str = "moment"
    measure: str = "rating"
    coverage: float = float("nan")
    declared: bool = False
    reason: Note | None = None

    @property
    def partial(self) -> bool:
        """Whether under 60 % of the journey was rated."""
        return self.coverage < PARTIAL


def drawn_map(
    study: Study, *, rules: DisclosureRules, conf_level: float
) -> tuple[JourneyMap, JourneyData | None]:
    """Score the moments of a study, and return them with the ratings behind them; None where there is no map."""
    if not study.has("moments"):
        return JourneyMap(reason=Note(message="There is no table of contact moments.")), None
    try:
        journey = journey_data(study)
    except NoJourney as error:
        if error.reason == "scales":
            message = (
                "Contact moments were rated on several scales ({columns}): one map needs one scale, and a mean over "
                "different scales has no meaning."
            )
            return JourneyMap(
                reason=Note(message=message, values={"columns": ", ".join(error.columns)})
            ), None
        return JourneyMap(reason=_REASONS[error.reason]), None
    options: dict[str, Any] = {"rules": rules, "conf_level": conf_level}
    drawn = JourneyMap(
        moments=moment_scores(journey, **options),
        phases=phase_scores(journey, **options),
        who=group_scores(study, journey, by="who", **options),
        groups=group_scores(study, journey, by="category", **options),
        recall=time_of_rating(study, journey, **options),
        scale=journey.scale,
        column=journey.column,
        measure=journey.measure,
        coverage=journey.coverage,
        declared=journey.declared,
    )
    return drawn, journey
