"""The employee journey in the data: contact moments in order, ratings on one scale, and who gave them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pandas as pd

from exresearch.measures.remembered import remembered
from exresearch.measures.resampling import respondents
from exresearch.measures.scores import oriented, oriented_frame
from exresearch.study import Study, Variable
from exresearch.study.weights.phases import phase_of

#: Words by which a category of the moments is known, where the study file does not tell.
_MOMENT = re.compile(r"moment|touch ?_?point|contact_?point", re.IGNORECASE)
_PHASE = re.compile(r"phase|fase|stage", re.IGNORECASE)
_EMPLOYMENT = {
    "before": ("before", "voor", "vooraf", "pre", "candidate", "kandidaat", "preboarding"),
    "during": ("during", "tijdens", "in dienst", "employed", "employee", "medewerker", "working", "werken"),
    "after": ("after", "na", "achteraf", "post", "leaver", "vertrek", "exit", "alumni", "uit dienst"),
}
_WHEN = {word: when for when, words in _EMPLOYMENT.items() for word in words}
ORDER = ("before", "during", "after")
_COLUMNS = ["moment", "label", "phase", "phase_label", "employment", "declared", "planned", "n", "people"]


class NoJourney(ValueError):
    """The ratings of contact moments cannot be put on one map.

    Attributes
    ----------
    reason : {"moments", "ratings", "scales", "empty"}
        No column tells the moments apart; nothing rates them; the ratings have several scales; there is no rating.
    columns : tuple of str
        Columns it is about.
    """

    def __init__(self, reason: str, columns: tuple[str, ...] = ()) -> None:
        self.reason, self.columns = reason, columns
        super().__init__(f"the journey has no map ({reason}): {', '.join(columns) or 'no column'}")


@dataclass(frozen=True, slots=True)
class JourneyData:
    """The journey of a study.

    Attributes
    ----------
    moments : pandas.DataFrame
        One row per contact moment, in order: ``moment`` (as the table writes it), ``label`` and ``phase_label`` (both
        languages), ``phase``, ``employment`` (before, during, after; empty where not known), ``declared`` (in the
        study file), ``planned`` (false: belongs to the journey and is not asked about), ``n`` (ratings), ``people``.
        Moments that the data hold and the study file does not come last, without a phase.
    ratings : pandas.DataFrame
        One row per rating, on the index of the table: ``moment, rating``, and where known ``person, unit, wave, who``
        (as the table writes it), ``population`` (candidate, employee, leaver, alumnus), ``date, weight, recommend``.
        Person by person: for estimators, never for a page.
    scale : tuple of float
        Ends of the scale of the ratings.
    declared : bool
        Whether the study file describes the journey.
    recommend : Variable or None
        The question about recommending that was asked with the ratings.
    n_unrated : int
        Rows without a rating or a moment.
    column : str
        Column of the table that tells the moments apart.
    measure : str
        What the ratings measure: their construct, or the column of the question.
    """

    moments: pd.DataFrame
    ratings: pd.DataFrame
    scale: tuple[float, float]
    declared: bool
    recommend: Variable | None
    n_unrated: int
    column: str = "moment"
    measure: str = "rating"

    @property
    def coverage(self) -> float:
        """Share of the moments of the journey that were rated by somebody."""
        own = self.moments[self.moments["declared"]] if self.declared else self.moments
        return float((own["n"] > 0).mean())

    def names(self, *employment: str) -> list[str]:
        """Moments that were rated, in order, of the parts of the journey that are named."""
        chosen = self.moments["employment"].isin(employment) & (self.moments["n"] > 0)
        return list(self.moments.loc[chosen, "moment"])


def journey_data(study: Study) -> JourneyData:
    """Bring the ratings of contact moments on one scale and the moments in order.

    When to use it: before anything is said about the journey. Several questions about a moment are averaged, where
    they share a scale; a mean of scales that differ would be a number without a meaning, and is refused.

    Parameters
    ----------
    study : Study
        With table ``moments``: a category that tells the moments apart and one or more items.

    Returns
    -------
    JourneyData

    Raises
    ------
    NoJourney
        If no column tells the moments apart, nothing rates them, the scales differ, or there is no rating.
    """
    return remembered(study, "journey data", lambda: _read(study))


def _read(study: Study) -> JourneyData:
    table = study.table("moments")
    column = moment_column(study)
    if column is None:
        raise NoJourney("moments")
    items = [v for v in study.codebook.select("moments", role="item") if v.column in table]
    if not items:
        raise NoJourney("ratings")
    scales = {(v.minimum, v.maximum) for v in items}
    if len(scales) > 1 or None in next(iter(scales)):
        raise NoJourney("scales", tuple(v.column for v in items))
    low, high = next(iter(scales))
    rating = (
        oriented_frame(table, items).mean(axis=1)
        if len(items) > 1
        else oriented(table[items[0].column], items[0])
    )
    asked = _recommendation(study)
    who = population_column(study)
    parts: dict[str, Any] = {"moment": table[column], "rating": rating}
    parts |= {name: table[name] for name in ("person", "unit", "wave", "weight") if name in table}
    if who is not None:
        parts |= {"who": table[who], "population": _phases(table[who])}
    day = next((v.column for v in study.codebook.select("moments", role="date") if v.column in table), None)
    if day is not None:
        parts["date"] = table[day]
    if asked is not None:
        parts["recommend"] = oriented(table[asked.column], asked)
    every = pd.DataFrame(parts, index=table.index)
    ratings = every.dropna(subset=["moment", "rating"])
    if ratings.empty:
        raise NoJourney("empty", tuple(v.column for v in items))
    moments = _in_order(study, column, ratings)
    return JourneyData(
        moments=moments,
        ratings=ratings,
        scale=(float(low or 0.0), float(high or 0.0)),
        declared=bool(study.settings.journey),
        recommend=asked,
        n_unrated=len(every) - len(ratings),
        column=column,
        measure=", ".join(dict.fromkeys(v.construct or v.column for v in items)),
    )


def _phases(who: pd.Series) -> pd.Series:
    """What :func:`phase_of` says of each; asked once for each different word."""
    return who.map({name: phase_of(name) for name in who.dropna().unique()})


def moment_column(study: Study) -> str | None:
    """Return the category that tells the moments apart.

    The one with construct ``moment``; else the one that holds most of the moments in the study file; else the one
    whose name says so; else the only category.
    """
    table = study.table("moments")
    found = [v for v in study.codebook.select("moments", role="category") if v.column in table]
    named = [v.column for v in found if v.construct == "moment"]
    if named:
        return named[0]
    declared = {moment.name for phase in study.settings.journey for moment in phase.moments}
    held = {v.column: len(declared & {str(one) for one in table[v.column].dropna().unique()}) for v in found}
    best = max(held, key=lambda name: held[name], default=None)
    if best is not None and held[best]:
        return best
    named = [v.column for v in found if _MOMENT.search(v.column)]
    return named[0] if named else found[0].column if len(found) == 1 else None


def population_column(study: Study) -> str | None:
    """Return the category of the moments that says who rates: the one whose every value is a phase that is known."""
    for variable in study.codebook.select("moments", role="category"):
        if study.has("moments", variable.column):
            values = study.table("moments")[variable.column].dropna().unique()
            if len(values) and all(phase_of(str(value)) for value in values):
                return variable.column
    return None


def _recommendation(study: Study) -> Variable | None:
    for variable in study.codebook.select("moments", role="outcome", construct="journey_recommendation"):
        if study.has("moments", variable.column):
            return variable
    return None


def _in_order(study: Study, column: str, ratings: pd.DataFrame) -> pd.DataFrame:
    counts = ratings["moment"].value_counts()
    people = {name: respondents(part) for name, part in ratings.groupby("moment")}
    rows: list[dict[str, Any]] = []

    def row(name: str, **more: Any) -> None:
        plain: dict[str, Any] = {"label": _label(study, column, name), "phase": "", "phase_label": None}
        plain |= {"employment": "", "declared": False, "planned": True}
        rows.append(
            {"moment": name, **plain, "n": int(counts.get(name, 0)), "people": people.get(name, 0)} | more
        )

    for phase in study.settings.journey:
        for moment in phase.moments:
            own: dict[str, Any] = {} if moment.label is None else {"label": moment.label.model_dump()}
            own |= {
                "phase": phase.id,
                "phase_label": phase.label.model_dump(),
                "employment": phase.employment,
            }
            row(moment.name, declared=True, planned=moment.measured, **own)
    declared = {each["moment"] for each in rows}
    others = [name for name in counts.index if name not in declared]
    if study.settings.journey:
        for name in sorted(others):
            row(name)
    else:
        for name, told in _read_off(study, column, ratings):
            label = {"nl": told, "en": told} if told else None
            row(name, phase=told, phase_label=label, employment=_when(told))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _label(study: Study, column: str, name: str) -> dict[str, str]:
    return {"nl": name, "en": name}


def _read_off(study: Study, column: str, ratings: pd.DataFrame) -> list[tuple[str, str]]:
    """Moments with their phase, in the order of the phases where these are known, and of appearance within them."""
    first = list(dict.fromkeys(ratings["moment"]))
    phases = [
        v.column
        for v in study.codebook.select("moments", role="category")
        if v.column != column and study.has("moments", v.column) and _PHASE.search(v.construct or v.column)
    ]
    if not phases:
        return [(name, "") for name in first]
    told = study.table("moments").loc[ratings.index, phases[0]]
    modes = told.groupby(ratings["moment"]).agg(
        lambda part: part.mode().iloc[0] if part.notna().any() else ""
    )
    found = [(name, str(modes[name])) for name in first]
    order = {phase: number for number, phase in enumerate(dict.fromkeys(phase for _, phase in found))}
    places = {"before": 0, "during": 1, "after": 2}
    return sorted(found, key=lambda pair: (places.get(_when(pair[1]), 3), order[pair[1]]))


def _when(phase: str) -> str:
    """Whether a phase lies before, during or after employment, by its name; empty where the name does not tell.

    Examples
    --------
    >>> _when("Voor"), _when("tijdens"), _when("ergens")
    ('before', 'during', '')
    """
    return _WHEN.get(re.sub(r"[\s_-]+", " ", phase).strip().casefold(), "")
