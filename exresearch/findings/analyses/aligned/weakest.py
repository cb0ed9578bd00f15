"""Behaviour of people with the same sum, by whether one of the three lags behind the others."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.aligned.rivals import BEHAVIOUR, PARTS
from exresearch.findings.analyses.answer_sheets import AnswerSheets
from exresearch.measures.resampling import respondents
from exresearch.models import NotEstimable, linear_combinations, linear_regression

#: Groups by the mean of the three, and parts of each by how far the weakest lags behind it.
LEVELS, THIRDS = 5, 3
_NAMES = {0: "even", THIRDS - 1: "lagging"}


def weakest_groups(
    sheets: AnswerSheets, employees: pd.DataFrame, *, conf_level: float, rules: DisclosureRules
) -> pd.DataFrame:
    """Compare people whose three parts are even with people whose weakest part lags, at the same mean of the three.

    Parameters
    ----------
    sheets : AnswerSheets
        With ``readiness, willingness, ability, behaviour``.
    employees : pandas.DataFrame
        The table, to count the people behind a group.
    conf_level : float
        Of the intervals.
    rules : DisclosureRules
        A level is left out where either group has fewer people than the rules allow.

    Returns
    -------
    pandas.DataFrame
        ``kind`` (even: the third with the smallest distance from mean to weakest; lagging: the third with the largest),
        ``level`` (1 to 5), ``x`` (mean of the three, in standard deviations of a part), ``weakest`` (the same of the
        weakest part), ``estimate`` (mean behaviour on the scale of the answers), ``conf_low, conf_high, conf_level,
        minimum, maximum`` (of that scale), ``n``. Empty where fewer than two levels are left.
    """
    three = sheets.frame[list(PARTS)].to_numpy()
    mean, low = three.mean(axis=1), three.min(axis=1)
    level = _groups(mean, LEVELS)
    third = np.zeros(len(three), dtype=np.int64)
    for number in range(LEVELS):
        inside = level == number
        third[inside] = _groups((mean - low)[inside], THIRDS)
    # Groups by number: even and lagging people of the first level, of the second, ...
    group = np.full(len(three), -1)
    for place, one in enumerate(_NAMES):
        group = np.where(third == one, len(_NAMES) * level + place, group)
    places = employees.index.get_indexer(sheets.frame.index)
    counts = {}
    for number in np.unique(group[group >= 0]).tolist():
        behind = np.zeros(len(employees), dtype=bool)
        behind[places[group == number]] = True
        counts[_name(number)] = respondents(employees, where=behind)
    names = [
        f"{word} {number}"
        for number in range(1, LEVELS + 1)
        if all(counts.get(f"{word} {number}", 0) >= rules.min_respondents for word in _NAMES.values())
        for word in _NAMES.values()
    ]
    empty = pd.DataFrame({"kind": [], "level": [], "x": [], "estimate": []})
    if len(names) < 4:
        return empty
    shown = [number for number in range(len(_NAMES) * LEVELS) if _name(number) in names]
    rows = np.flatnonzero(np.isin(group, shown))
    needed = [name for name in (BEHAVIOUR, sheets.cluster, sheets.weight) if name is not None]
    data = sheets.frame[needed].take(rows)
    data = data.assign(**{_name(number): (group[rows] == number) * 1.0 for number in shown})
    weight = np.ones(len(rows)) if sheets.weight is None else data[sheets.weight].to_numpy()
    try:
        fit = linear_regression(
            data,
            outcome=BEHAVIOUR,
            predictors=names,
            weights=sheets.weight,
            cluster=sheets.cluster,
            intercept=False,
            conf_level=conf_level,
        )
    except NotEstimable:
        return empty
    found = linear_combinations(fit, combinations={one: {one: 1.0} for one in names})
    total, middle, weakest = (
        np.bincount(group[rows], weight * values, len(_NAMES) * LEVELS)[shown]
        for values in (np.ones(len(rows)), mean[rows], low[rows])
    )
    for column in ("estimate", "conf_low", "conf_high"):
        found[column] = sheets.means[BEHAVIOUR] + sheets.spreads[BEHAVIOUR] * found[column]
    return pd.DataFrame(
        {
            "kind": [one.split()[0] for one in names],
            "level": [int(one.split()[1]) for one in names],
            "x": middle / total,
            "weakest": weakest / total,
            **{column: found[column].to_numpy() for column in ("estimate", "conf_low", "conf_high")},
            "conf_level": conf_level,
            "minimum": sheets.ends[BEHAVIOUR][0],
            "maximum": sheets.ends[BEHAVIOUR][1],
            "n": [counts[one] for one in names],
        }
    )


def _name(number: int) -> str:
    level, place = divmod(number, len(_NAMES))
    return f"{list(_NAMES.values())[place]} {level + 1}"


def _groups(values: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Groups of about equal size from low to high, from 0."""
    # Ties stay together, so that no order of the sheets decides; groups are then not quite equal.
    ranks = rankdata(values)
    numbers: NDArray[np.int64] = np.floor((ranks - 0.5) / len(values) * count).astype(np.int64)
    return numbers
