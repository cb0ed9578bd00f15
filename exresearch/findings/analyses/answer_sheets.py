"""Answer sheets as scores in standard deviations, with waves, weights and whose answers belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from exresearch.findings.note import Note
from exresearch.measures import Groups, NotScorable, construct_score, dependence_groups, score_items
from exresearch.study import Study

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

    def only(self, rows: pd.Index) -> AnswerSheets:
        """Some of the sheets, in the same standard deviations."""
        waves = [name for name in self.waves if np.ptp(self.frame.loc[rows, name].to_numpy()) > 0.0]
        if waves and np.ptp(self.frame.loc[rows, waves].sum(axis=1).to_numpy()) < 1e-9:
            # The wave that the others are compared with has no sheet left.
            waves = waves[1:]
        groups = replace(self.groups, labels=self.groups.labels.loc[rows])
        return replace(self, frame=self.frame.loc[rows], raw=self.raw.loc[rows], waves=waves, groups=groups)


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
    scores: dict[str, pd.Series] = {}
    ends: dict[str, tuple[float, float]] = {}
    for name, construct in constructs.items():
        items = [v for v in score_items(codebook, "employees", construct) if v.column in employees]
        unscored = Note(message="No score can be made of “{measure}”.", values={"measure": labels[name]})
        if not items:
            return unscored
        try:
            scores[name] = construct_score(
                employees, codebook=codebook, table="employees", construct=construct
            ).astype("float64")
        except NotScorable:
            return unscored
        ends[name] = (min(v.minimum or 0.0 for v in items), max(v.maximum or 0.0 for v in items))
    raw = pd.DataFrame(scores).dropna()
    flat = [name for name in scores if raw[name].nunique() < 2]
    if len(raw) < 3 or flat:
        name = flat[0] if flat else next(iter(scores))
        message = "Answers on “{measure}” hardly differ between people."
        return Note(message=message, values={"measure": labels[name]})
    sheets = employees.loc[raw.index]
    weights = sheets["weight"].astype("float64") if "weight" in sheets else None
    means = {name: float(np.average(raw[name], weights=weights)) for name in scores}
    spreads = {
        name: float(np.sqrt(np.average((raw[name] - means[name]) ** 2, weights=weights))) for name in scores
    }
    frame = pd.DataFrame({name: (raw[name] - means[name]) / spreads[name] for name in scores})
    waves = []
    if "wave" in sheets:
        for wave in sheets["wave"].value_counts().index[1:]:
            waves.append(f"wave: {wave}")
            frame[waves[-1]] = (sheets["wave"] == wave).astype("float64")
    groups = dependence_groups(sheets)
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
    employees = study.table("employees").loc[sheets.frame.index]
    reason = Note(message="There are too few units with enough people to ask some about their colleagues.")
    if sheets.groups.by != "unit":
        return reason
    people = employees["person"] if "person" in employees else pd.Series(employees.index, employees.index)
    known = people.notna() & employees["unit"].notna()
    codes = pd.factorize(people[known], sort=True)[0]
    half = pd.Series(np.random.default_rng(seed).permutation(codes.max() + 1)[codes] % 2, people[known].index)
    keys = [employees.loc[known, "unit"], *([employees.loc[known, "wave"]] if "wave" in employees else [])]
    values = sheets.frame.loc[known, columns]
    weight = sheets.frame.loc[known, WEIGHT] if sheets.weight else pd.Series(1.0, values.index)
    parts = []
    for side in (0, 1):
        of_others = weight.where(half != side, 0.0)
        total = of_others.groupby(keys).transform("sum")
        count = (half != side).groupby(keys).transform("sum")
        means = (
            values.mul(of_others, axis=0).groupby(keys).transform("sum").div(total.where(total > 0), axis=0)
        )
        parts.append(means[(half == side) & (count >= least)])
    found = pd.concat(parts).loc[lambda frame: frame.notna().all(axis=1)]
    if found.empty or employees.loc[found.index, "unit"].nunique() < 10 or (found.nunique() < 2).any():
        return reason
    found = found.sort_index()
    kept = sheets.only(found.index)
    z = (found - found.mean()) / found.std(ddof=0)
    return replace(kept, frame=kept.frame.assign(**{name: z[name] for name in columns}))


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
    values = sheets.frame[columns]
    weight = sheets.frame[WEIGHT] if sheets.weight else pd.Series(1.0, values.index)
    by = sheets.groups.labels
    means = (
        values.mul(weight, axis=0)
        .groupby(by)
        .transform("sum")
        .div(weight.groupby(by).transform("sum"), axis=0)
    )
    rest = sheets.frame[[GROUP, *([WEIGHT] if sheets.weight else [])]]
    return pd.concat([values - means, rest], axis=1)


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
            score = construct_score(
                employees.loc[sheets.frame.index],
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
