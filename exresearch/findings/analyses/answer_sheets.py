"""Answer sheets as scores in standard deviations, with waves, weights and whose answers belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.findings.note import Note
from exresearch.measures import Groups, NotScorable, construct_score, dependence_groups, score_items
from exresearch.study import Study
from exresearch.study.coded import coded, ranked

WEIGHT, GROUP = "(weight)", "(group)"
#: What a general mood is read from: the first of these that was asked.
_MOODS = ("satisfaction", "experience", "engagement")


@dataclass(frozen=True, slots=True)
class AnswerSheets:
    """Sheets that can be analysed. Person by person: for estimators, never for a page.

    Attributes
    ----------
    frame : pandas.DataFrame
        A column per measure (mean 0, standard deviation 1, weighted), columns of waves, weight (where there are any)
        and group; on the index of the employees.
    raw : pandas.DataFrame
        The measures as scored.
    waves : list of str
        Columns of the waves but the largest.
    groups : Groups
        Whose answers are kept together.
    means, spreads : dict of str to float
    ends : dict of str to (float, float)
        Ends of the scales of the answers.
    labels : dict of str to dict of str to str
        Of the measures, in both languages.
    n_excluded : int
        Sheets without one of the measures.
    """

    frame: pd.DataFrame
    raw: pd.DataFrame
    waves: list[str]
    groups: Groups
    means: dict[str, float]
    spreads: dict[str, float]
    ends: dict[str, tuple[float, float]]
    labels: dict[str, dict[str, str]]
    n_excluded: int

    @property
    def weight(self) -> str | None:
        """Column of the weights, if any."""
        return WEIGHT if WEIGHT in self.frame else None

    @property
    def cluster(self) -> str | None:
        """Column of the groups; None where every sheet is on its own."""
        return None if self.groups.by == "row" else GROUP

    def only(self, kept: NDArray[np.bool_]) -> AnswerSheets:
        """Some of the sheets, by a mask, in the same standard deviations."""
        rows = np.flatnonzero(kept)
        frame = self.frame.take(rows)
        waves = [name for name in self.waves if np.ptp(frame[name].to_numpy()) > 0.0]
        if waves and np.ptp(frame[waves].to_numpy().sum(axis=1)) < 1e-9:
            # The wave that the others are compared with has no sheet left.
            waves = waves[1:]
        groups = replace(self.groups, labels=self.groups.labels.take(rows))
        return replace(self, frame=frame, raw=self.raw.take(rows), waves=waves, groups=groups)


def answer_sheets(study: Study, constructs: Mapping[str, str]) -> AnswerSheets | Note:
    """Score measures of the employees and bring them to standard deviations.

    Parameters
    ----------
    study : Study
        With employees.
    constructs : mapping of str to str
        Name that a measure gets here, and its construct.

    Returns
    -------
    AnswerSheets or Note
        A note where something is not measured, cannot be scored or hardly differs.
    """
    employees, codebook = study.table("employees"), study.codebook
    labels = {name: codebook.label(construct) for name, construct in constructs.items()}
    scores: dict[str, NDArray[np.float64]] = {}
    ends: dict[str, tuple[float, float]] = {}
    for name, construct in constructs.items():
        items = [v for v in score_items(codebook, "employees", construct) if v.column in employees]
        unscored = Note(message="No score can be made of “{measure}”.", values={"measure": labels[name]})
        if not items:
            return unscored
        try:
            scores[name] = construct_score(
                employees, codebook=codebook, table="employees", construct=construct
            ).to_numpy(dtype=np.float64, na_value=np.nan)
        except NotScorable:
            return unscored
        ends[name] = (min(v.minimum or 0.0 for v in items), max(v.maximum or 0.0 for v in items))
    complete = np.logical_and.reduce([np.isfinite(values) for values in scores.values()])
    raw = pd.DataFrame(
        {name: values[complete] for name, values in scores.items()}, index=employees.index[complete]
    )
    flat = [name for name in scores if len(raw) == 0 or np.ptp(raw[name].to_numpy()) == 0.0]
    if len(raw) < 3 or flat:
        name = flat[0] if flat else next(iter(scores))
        message = "Answers on “{measure}” hardly differ between people."
        return Note(message=message, values={"measure": labels[name]})
    weights = (
        employees["weight"].to_numpy(dtype=np.float64, na_value=np.nan)[complete]
        if "weight" in employees
        else None
    )
    means = {name: float(np.average(raw[name], weights=weights)) for name in scores}
    spreads = {
        name: float(np.sqrt(np.average((raw[name] - means[name]) ** 2, weights=weights))) for name in scores
    }
    made = {name: (raw[name].to_numpy() - means[name]) / spreads[name] for name in scores}
    waves = []
    if "wave" in employees:
        codes, names = coded(employees["wave"])
        for wave in employees["wave"][complete].value_counts().index[1:]:
            waves.append(f"wave: {wave}")
            made[waves[-1]] = (codes[complete] == names.get_loc(wave)).astype(np.float64)
    groups = _by_number(employees, dependence_groups(employees, where=complete), complete)
    frame = pd.DataFrame(made, index=raw.index)
    frame[GROUP] = groups.labels
    if weights is not None:
        frame[WEIGHT] = weights
    return AnswerSheets(
        frame=frame,
        raw=raw,
        waves=waves,
        groups=groups,
        means=means,
        spreads=spreads,
        ends=ends,
        labels=labels,
        n_excluded=len(employees) - len(raw),
    )


def other_half(
    study: Study, sheets: AnswerSheets, columns: list[str], *, least: int, seed: int
) -> AnswerSheets | Note:
    """Replace measures by the mean of them over colleagues of the same unit and wave in a random other half.

    Outcome and predictors then come from different people. Both halves are used both ways round, and one person's
    sheets are in one half.

    Parameters
    ----------
    study : Study
        The client.
    sheets : AnswerSheets
        Of :func:`answer_sheets`.
    columns : list of str
        The measures to be replaced; standardised anew.
    least : int
        Colleagues that the mean needs.
    seed : int
        Of the halves.

    Returns
    -------
    AnswerSheets or Note
        The sheets that have such colleagues; a note where there are no units, or too few sheets with colleagues.
    """
    employees = study.table("employees")
    reason = Note(message="There are too few units with enough people to ask some about their colleagues.")
    if sheets.groups.by != "unit":
        return reason
    rows = employees.index.get_indexer(sheets.frame.index)
    people = ranked(employees["person"])[0][rows] if "person" in employees else np.arange(len(rows))
    units, unit_names = ranked(employees["unit"])
    waves, wave_names = (
        coded(employees["wave"])
        if "wave" in employees
        else (np.zeros(len(employees), np.int64), pd.Index(["all"]))
    )
    known = (people >= 0) & (units[rows] >= 0)
    # People are numbered as they are in these sheets, in the order of their names.
    number = np.cumsum(np.bincount(people[known]) > 0) - 1
    drawn = np.random.default_rng(seed).permutation(number[-1] + 1) % 2
    known &= waves[rows] >= 0
    half = drawn[number[people[known]]]
    n_cells = len(unit_names) * len(wave_names)
    cells = (units[rows] * len(wave_names) + waves[rows])[known]
    values = sheets.frame[columns].to_numpy()[known]
    weight = sheets.frame[WEIGHT].to_numpy()[known] if sheets.weight else np.ones(len(cells))
    found, enough = np.empty_like(values), np.zeros(len(cells), dtype=bool)
    for side in (0, 1):
        here, others = half == side, half != side
        cell, w = cells[others], weight[others]
        total = np.bincount(cell, w, n_cells)
        count = np.bincount(cell, minlength=n_cells)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.stack(
                [np.bincount(cell, w * column[others], n_cells) / total for column in values.T], axis=1
            )
        found[here] = means[cells[here]]
        enough[here] = (count >= least)[cells[here]]
    enough &= np.isfinite(found).all(axis=1)
    found, kept = found[enough], np.flatnonzero(known)[enough]
    if len(kept) == 0 or len(np.unique(units[rows[kept]])) < 10 or (np.ptp(found, axis=0) == 0.0).any():
        return reason
    mask = np.zeros(len(rows), dtype=bool)
    mask[kept] = True
    only = sheets.only(mask)
    z = (found - found.mean(axis=0)) / found.std(axis=0)
    return replace(only, frame=only.frame.assign(**dict(zip(columns, z.T, strict=True))))


def within_groups(sheets: AnswerSheets, columns: list[str]) -> pd.DataFrame | None:
    """Take the mean of each unit off columns, so that only differences between colleagues are left.

    Parameters
    ----------
    sheets : AnswerSheets
        With units.
    columns : list of str
        Of ``sheets.frame``.

    Returns
    -------
    pandas.DataFrame or None
        The columns, with weight and group; None where no units are known.
    """
    if sheets.groups.by != "unit":
        return None
    weight = sheets.frame[WEIGHT].to_numpy() if sheets.weight else np.ones(len(sheets.frame))
    codes = sheets.groups.labels.cat.codes.to_numpy(dtype=np.int64)
    made = {}
    with np.errstate(invalid="ignore"):
        total = np.bincount(codes, weight)
        for name in columns:
            values = sheets.frame[name].to_numpy()
            made[name] = values - (np.bincount(codes, weight * values) / total)[codes]
    rest = sheets.frame[[GROUP, *([WEIGHT] if sheets.weight else [])]]
    return pd.concat([pd.DataFrame(made, index=rest.index), rest], axis=1)


def general_mood(study: Study, sheets: AnswerSheets) -> tuple[pd.Series, dict[str, str]] | None:
    """Return a general judgement of the work in standard deviations, with its label; None where none was asked.

    Parameters
    ----------
    study : Study
        The client.
    sheets : AnswerSheets
        For whose rows.

    Returns
    -------
    tuple of pandas.Series and dict of str to str, or None
        Missing where somebody did not answer.
    """
    employees, codebook = study.table("employees"), study.codebook
    for construct in _MOODS:
        items = [v for v in score_items(codebook, "employees", construct) if v.column in employees]
        if not items:
            continue
        try:
            # Only what a score is made of, as the table is wide.
            used = [v.column for v in items] + (["weight"] if "weight" in employees else [])
            score = construct_score(
                employees[list(dict.fromkeys(used))].loc[sheets.frame.index],
                codebook=codebook,
                table="employees",
                construct=construct,
            ).astype("float64")
        except NotScorable:
            continue
        spread = float(np.std(score.dropna()))
        if spread > 0.0:
            return (score - score.mean()) / spread, codebook.label(construct)
    return None


def _by_number(employees: pd.DataFrame, groups: Groups, rows: NDArray[np.bool_]) -> Groups:
    """The groups as categories in the order of their names, of which many models are made without reading text."""
    if groups.by == "row":
        return groups
    codes, names = ranked(employees[groups.by])
    codes = codes[rows]
    if (codes < 0).any():
        return replace(groups, labels=groups.labels.astype("category"))
    labels = pd.Series(pd.Categorical.from_codes(codes, names), index=groups.labels.index)
    return replace(groups, labels=labels)
