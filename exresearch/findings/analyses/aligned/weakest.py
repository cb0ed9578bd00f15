"""Behaviour of people with the same sum, by whether one of the three lags behind the others."""

from __future__ import annotations

import pandas as pd

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
    three = sheets.frame[list(PARTS)]
    mean, low = three.mean(axis=1), three.min(axis=1)
    level = _groups(mean, LEVELS)
    third = (mean - low).groupby(level).transform(lambda gap: _groups(gap, THIRDS))
    kind = third.map(_NAMES)
    name = kind.str.cat(level.astype(int).astype(str), sep=" ")
    weight = sheets.frame[sheets.weight] if sheets.weight else pd.Series(1.0, three.index)
    rows = pd.DataFrame(
        {"kind": kind, "level": level, "name": name, "mean": mean * weight, "low": low * weight, "w": weight}
    )
    rows = rows[kind.notna()]
    counts = {str(key): respondents(employees.loc[part.index]) for key, part in rows.groupby("name")}
    names = [
        f"{word} {number}"
        for number in range(1, LEVELS + 1)
        if all(counts.get(f"{word} {number}", 0) >= rules.min_respondents for word in _NAMES.values())
        for word in _NAMES.values()
    ]
    empty = pd.DataFrame({"kind": [], "level": [], "x": [], "estimate": []})
    if len(names) < 4:
        return empty
    rows = rows[rows["name"].isin(names)]
    data = sheets.frame.loc[rows.index].assign(**{one: (rows["name"] == one) * 1.0 for one in names})
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
    sums = rows.groupby("name")[["mean", "low", "w"]].sum().loc[names]
    for column in ("estimate", "conf_low", "conf_high"):
        found[column] = sheets.means[BEHAVIOUR] + sheets.spreads[BEHAVIOUR] * found[column]
    return pd.DataFrame(
        {
            "kind": [one.split()[0] for one in names],
            "level": [int(one.split()[1]) for one in names],
            "x": (sums["mean"] / sums["w"]).to_numpy(),
            "weakest": (sums["low"] / sums["w"]).to_numpy(),
            **{column: found[column].to_numpy() for column in ("estimate", "conf_low", "conf_high")},
            "conf_level": conf_level,
            "minimum": sheets.ends[BEHAVIOUR][0],
            "maximum": sheets.ends[BEHAVIOUR][1],
            "n": [counts[one] for one in names],
        }
    )


def _groups(values: pd.Series, count: int) -> pd.Series:
    """Groups of about equal size from low to high: from 1 for levels, from 0 within them."""
    # Ties stay together, so that no order of the sheets decides; groups are then not quite equal.
    number = ((values.rank() - 0.5) / len(values) * count).floordiv(1.0)
    return (number + 1 if count == LEVELS else number).astype("float64")
