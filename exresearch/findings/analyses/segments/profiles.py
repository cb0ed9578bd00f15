"""What a segment is called, and what distinguishes it: its needs beside everybody's."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.segments.people import People
from exresearch.findings.note import Note
from exresearch.study import Study
from exresearch.study.languages import listed

# Standard deviations from everybody's mean from which a need names a segment.
_DISTINCT = 0.3
_MOST_NAMED = 2
_EMPTY = 1e-6
_HIGH = "High: {high}"
_LOW = "Low: {low}"
_BOTH = "High: {high}; low: {low}"
_NEITHER = "Near the average on every need"
Label = dict[str, str]
Value = int | float | str | Label


def profiles(people: People, segment: NDArray[np.intp], *, study: Study, conf_level: float) -> pd.DataFrame:
    """Return the mean of every need in every segment, with an interval that keeps units together.

    Parameters
    ----------
    people : People
        Everybody once.
    segment : ndarray [n] of int
        Segment of each person.
    study : Study
        For the wording of the needs.
    conf_level : float
        Of the intervals, which take the division into segments as given.

    Returns
    -------
    DataFrame
        ``segment, item, label`` (both languages), ``construct, estimate, overall`` (mean of everybody),
        ``conf_low, conf_high, conf_level, minimum, maximum`` (of the scale), ``n``.
    """
    rows = []
    codes = people.codes
    for variable in people.items:
        values = people.needs[variable.column].to_numpy()
        known = ~np.isnan(values)
        overall = float(np.average(values[known], weights=people.weights[known]))
        for number in range(int(segment.max()) + 1):
            chosen = known & (segment == number)
            mean, half = _mean(values[chosen], people.weights[chosen], codes[chosen], conf_level)
            rows.append(
                {
                    "segment": number,
                    "item": variable.column,
                    "label": study.codebook.label(variable.column),
                    "construct": variable.construct or variable.column,
                    "estimate": mean,
                    "overall": overall,
                    "conf_low": mean - half,
                    "conf_high": mean + half,
                    "conf_level": conf_level,
                    "minimum": float(values[known].min() if variable.minimum is None else variable.minimum),
                    "maximum": float(values[known].max() if variable.maximum is None else variable.maximum),
                    "n": int(chosen.sum()),
                }
            )
    return pd.DataFrame(rows)


def answered(profile: pd.DataFrame, *, rules: DisclosureRules) -> tuple[pd.DataFrame, list[Note]]:
    """Keep the needs that enough people of every segment answered; one hidden mean would follow from the others.

    Parameters
    ----------
    profile : DataFrame
        Of :func:`profiles`.
    rules : DisclosureRules
        Minimum groups.

    Returns
    -------
    tuple of DataFrame and list of Note
        The profile without the other needs, and a note that names those.
    """
    few = profile.groupby("item", sort=False)["n"].transform("min") < rules.min_respondents
    if not few.any():
        return profile, []
    labels = list(profile.loc[few].drop_duplicates("item")["label"])
    names: Label = listed(labels)
    message = "Left out of the profiles, because too few people of a segment answered: {names}."
    return profile[~few], [Note(message=message, values={"names": names})]


def segment_names(people: People, segment: NDArray[np.intp], *, study: Study) -> list[Note]:
    """Name each segment by the needs in which it stands out, in the words of the codebook.

    A need is a construct where several items share one, else an item. It counts from 0.3 standard deviations above or
    below everybody's mean; at most two on each side are named.

    Parameters
    ----------
    people, segment, study
        As :func:`profiles`.

    Returns
    -------
    list of Note
        One per segment.
    """
    z = pd.DataFrame(people.standardised_needs(), columns=people.needs.columns)
    of_item = {v.column: v.construct or v.column for v in people.items}
    if len(set(of_item.values())) < 2:
        of_item = {column: column for column in of_item}
    needs: dict[str, list[str]] = {}
    for column, name in of_item.items():
        needs.setdefault(name, []).append(column)
    scores = pd.DataFrame({name: z[columns].mean(axis=1) for name, columns in needs.items()})
    scores = (scores - scores.mean()) / scores.std(ddof=0)
    names = []
    for number in range(int(segment.max()) + 1):
        chosen = segment == number
        mean = pd.Series(
            np.average(scores[chosen], axis=0, weights=people.weights[chosen]), index=scores.columns
        )
        high = mean[mean >= _DISTINCT].sort_values(ascending=False).index[:_MOST_NAMED]
        low = mean[mean <= -_DISTINCT].sort_values().index[:_MOST_NAMED]
        said: dict[str, Value] = {"high": _listed(list(high), study), "low": _listed(list(low), study)}
        if len(high) and len(low):
            names.append(Note(message=_BOTH, values=said))
        elif len(high):
            names.append(Note(message=_HIGH, values={"high": said["high"]}))
        elif len(low):
            names.append(Note(message=_LOW, values={"low": said["low"]}))
        else:
            names.append(Note(message=_NEITHER))
    return names


def overlap(people: People, segment: NDArray[np.intp], *, study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Say how far segments go with the categories of the organisation.

    Returns
    -------
    tuple of DataFrame
        ``label`` (both languages), ``cramers_v, n`` per category, the strongest first; and of the strongest one
        ``category`` (its column), ``level, n, least`` (people in the smallest cell of the row; next to none if it is
        empty) and a share per segment, ``segment_1`` and so on.
        Cramér's V is corrected for chance (Bergsma 2013, doi:10.1016/j.jkss.2012.10.002).
    """
    rows, crossed = [], {}
    k = int(segment.max()) + 1
    for name in people.categories:
        table = pd.crosstab(people.categories[name], segment).reindex(columns=range(k), fill_value=0)
        rows.append(
            {
                "name": name,
                "label": study.codebook.label(str(name)),
                "cramers_v": _cramers_v(table.to_numpy()),
                "n": len(segment),
            }
        )
        crossed[name] = table
    found = pd.DataFrame(rows).sort_values("cramers_v", ascending=False, kind="stable").reset_index(drop=True)
    table = crossed[str(found["name"].iloc[0])]
    totals = table.sum(axis=1)
    cells = pd.DataFrame({"level": table.index, "n": totals.to_numpy()})
    # An empty cell says of everybody in the row what they are not: it asks for company, and is next to none itself.
    cells["least"] = np.maximum(table.min(axis=1).to_numpy(), _EMPTY)
    for number in range(k):
        cells[f"segment_{number + 1}"] = (table[number] / totals).to_numpy()
    return found.drop(columns="name"), cells.assign(category=str(found["name"].iloc[0]))


def _mean(
    values: NDArray[np.float64], weights: NDArray[np.float64], codes: NDArray[np.int64], conf_level: float
) -> tuple[float, float]:
    """Weighted mean and half of its interval, linearised over groups."""
    mean = float(np.average(values, weights=weights))
    groups = np.unique(codes, return_inverse=True)[1]
    pull = np.bincount(groups, weights=weights * (values - mean)) / weights.sum()
    size = len(pull)
    if size < 2:
        return mean, float("nan")
    std_error = float(np.sqrt(size / (size - 1) * (pull**2).sum()))
    return mean, float(student.ppf((1 + conf_level) / 2, size - 1)) * std_error


def _cramers_v(table: NDArray[np.int64]) -> float:
    table = table[table.sum(axis=1) > 0]
    n, (rows, columns) = table.sum(), table.shape
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi = float(((table - expected) ** 2 / np.where(expected > 0, expected, 1)).sum() / n)
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(phi / least)) if least > 0 else 0.0


def _listed(names: list[str], study: Study) -> Label:
    return listed([study.codebook.label(name) for name in names], each=_inside)


def _inside(text: str) -> str:
    """A label as part of a sentence: without its full stop, and small where it is no sentence."""
    bare = text.rstrip(".")
    return f"“{bare}”" if bare != text else bare[:1].lower() + bare[1:]
