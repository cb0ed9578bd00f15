"""What each moment weighs in recommending the employer, for each kind of people apart."""

from __future__ import annotations

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.journey.sheets import OUTCOME, PERSON, WHO, JourneySheets
from exresearch.models import NotEstimable, relative_importance

_COLUMNS = ["who", "moment", "importance", "share", "rank", "rank_low", "rank_high", "conf_low", "conf_high"]


def moment_importance(
    sheets: JourneySheets, *, rules: DisclosureRules, conf_level: float, n_boot: int, seed: int
) -> tuple[pd.DataFrame, list[str]]:
    """Share out the explained variance of the recommendation among the moments that each kind of people rates.

    Different people rate different moments, so that there is no one model with all of them. Waves are held the same.

    Parameters
    ----------
    sheets : JourneySheets
        Of :func:`journey_sheets`.
    rules : DisclosureRules
        People that a driver model needs.
    conf_level, n_boot, seed
        Of the intervals.

    Returns
    -------
    tuple of pandas.DataFrame and list of str
        ``who, moment, importance`` (LMG, in units of explained variance), ``share, rank, rank_low, rank_high, conf_low,
        conf_high, conf_level, n, people``; and the kinds of people without a model, because they rate fewer than two
        moments or too few of them answered.
    """
    rows, without = [], []
    for who, part in sheets.frame.groupby(WHO, sort=False):
        moments = sheets.asked[str(who)]
        complete = part.dropna(subset=[OUTCOME, *moments])
        waves = [name for name in sheets.waves if complete[name].min() < complete[name].max()]
        if len(moments) < 2 or sheets.people(complete) < rules.min_model:
            without.append(str(who))
            continue
        try:
            found = relative_importance(
                complete,
                outcome=OUTCOME,
                drivers=moments,
                covariates=waves or None,
                weights=sheets.weights,
                cluster=sheets.cluster,
                n_boot=n_boot,
                conf_level=conf_level,
                seed=seed,
            )
        except NotEstimable:
            without.append(str(who))
            continue
        found = found.rename(columns={"driver": "moment"}).assign(
            who=str(who), people=sheets.people(complete)
        )
        rows.append(found[[*_COLUMNS, "conf_level", "n", "people"]])
    return (pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()), without


def people_in_several(sheets: JourneySheets, *, rules: DisclosureRules) -> pd.DataFrame:
    """Count the people of each kind, and how many of them answered as another kind as well.

    Returns
    -------
    pandas.DataFrame
        ``who, n`` (people), ``also`` (those who answered as another kind as well; missing where there are so few
        that somebody may know who), in order of appearance.
    """
    kinds = sheets.frame.groupby(PERSON)[WHO].nunique()
    several = set(kinds.index[kinds > 1])
    rows = []
    for who, part in sheets.frame.groupby(WHO, sort=False):
        people = set(part[PERSON])
        also = len(people & several)
        # Neither those who are in several nor the rest may be so few that somebody knows who.
        safe = all(count == 0 or count >= rules.min_respondents for count in (also, len(people) - also))
        shown = also if safe else float("nan")
        rows.append({"who": str(who), "n": len(people), "also": shown})
    return pd.DataFrame(rows)
