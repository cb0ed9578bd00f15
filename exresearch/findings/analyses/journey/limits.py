"""Necessity: which moments have to be right for a high recommendation, whatever the others are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.journey.sheets import OUTCOME, PERSON, WHO, JourneySheets
from exresearch.models import NotEstimable
from exresearch.models.necessity import necessity

_PERMUTATIONS = 1000


def moment_necessity(
    sheets: JourneySheets, *, scale: tuple[float, float], rules: DisclosureRules, seed: int
) -> pd.DataFrame:
    """Test each moment of each kind of people for being a necessary condition of recommending.

    Each person counts with one sheet, the latest of the rows, because the test permutes rows.

    Returns
    -------
    pandas.DataFrame
        ``who, moment, place`` (``last`` for the last moment that these people rate), ``method, effect_size, p_value,
        p_adjusted`` (Holm, over the moments of a method), ``accuracy, n_peers, intercept, slope, n``.
    """
    parts = []
    bounds = (*scale, *sheets.scale)
    for number, (who, part) in enumerate(sheets.frame.groupby(WHO, sort=False)):
        moments = sheets.asked[str(who)]
        rows = part.dropna(subset=[OUTCOME]).drop_duplicates(PERSON, keep="last")
        for place, name in enumerate(moments):
            if rows[name].notna().sum() < rules.min_model:
                continue
            try:
                found = necessity(
                    rows,
                    outcome=OUTCOME,
                    conditions=[name],
                    scope=bounds,
                    n_permutations=_PERMUTATIONS,
                    seed=seed + 100 * number + place,
                )
            except NotEstimable:
                continue
            last = "last" if place == len(moments) - 1 else ""
            parts.append(found.rename(columns={"condition": "moment"}).assign(who=str(who), place=last))
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    table["p_adjusted"] = table.groupby("method")["p_value"].transform(_holm)
    return table


def moment_bottlenecks(
    sheets: JourneySheets, *, scale: tuple[float, float], rules: DisclosureRules
) -> pd.DataFrame:
    """Give the rating of each moment below which hardly anybody recommends, for the upper half of its scale.

    The ceiling itself goes through single people: the lowest rating among those who recommend is one person's answer.
    Here it is the lowest rating that at least ``min_respondents`` of them gave or went below.

    Returns
    -------
    pandas.DataFrame
        ``who, moment, level, required`` (NaN where it is the lowest possible), ``n`` (people at that level or higher),
        only for levels that enough people reach.
    """
    rows = []
    low, high = sheets.scale
    for who, part in sheets.frame.groupby(WHO, sort=False):
        people = part.dropna(subset=[OUTCOME]).drop_duplicates(PERSON, keep="last")
        for name in sheets.asked[str(who)]:
            pair = people[[name, OUTCOME]].dropna()
            if len(pair) < rules.min_model:
                continue
            for level in np.arange(np.ceil((low + high) / 2), high + 0.5):
                ratings = np.sort(pair.loc[pair[OUTCOME] >= level, name].to_numpy("float64"))
                reached = len(ratings)
                if reached >= rules.min_respondents:
                    required = float(ratings[rules.min_respondents - 1])
                    rows.append(
                        {
                            "who": str(who),
                            "moment": name,
                            "level": float(level),
                            "required": required if required > scale[0] else float("nan"),
                            "n": reached,
                        }
                    )
    return pd.DataFrame(rows)


def _holm(values: pd.Series) -> pd.Series:
    order = values.sort_values(kind="stable")
    steps = np.maximum.accumulate(order.to_numpy() * np.arange(len(order), 0, -1)).clip(max=1.0)
    return pd.Series(steps, index=order.index).reindex(values.index)
