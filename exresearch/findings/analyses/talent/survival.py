"""Talent magnet, the curve: how many are still there after an answer, without a step that shows one person."""

from __future__ import annotations

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.talent.advocacy import classes
from exresearch.findings.analyses.talent.spells import Spells
from exresearch.measures import Cuts
from exresearch.models import NotEstimable, kaplan_meier

#: Months between the points of the curve, at least: days of departure are nobody's business.
STEP = 3
GROUPS = {100.0: "promoters", 0.0: "passives", -100.0: "detractors"}
_COLUMNS = ["group", "months", "estimate", "conf_low", "conf_high", "conf_level", "n_risk", "n_event", "n"]


def survival(spells: Spells, cuts: Cuts, *, conf_level: float, rules: DisclosureRules) -> pd.DataFrame:
    """Estimate the share still in service, month by month after the first answer, of three groups.

    People stay in the group of their first answer. A point is given every :data:`STEP` months, and only where at least
    ``min_respondents`` people of the group left since the point before and as many are still followed; points with
    fewer are merged with the next. Groups with fewer people than a driver model needs are left out, and so is a group
    without a point.

    Parameters
    ----------
    spells : Spells
        Of :func:`exresearch.findings.analyses.talent.spells.stay_spells`; its score on the scale of the cut-points.
    cuts : Cuts
        Promoters and detractors.
    conf_level : float
        Of each point by itself.
    rules : DisclosureRules
        Minimum groups.

    Returns
    -------
    pandas.DataFrame
        ``group, months, estimate, conf_low, conf_high, conf_level, n_risk, n_event`` (since the point before) and ``n``
        (people), from 0 months on.
    """
    rows = spells.rows
    first = rows[rows["first"]].drop_duplicates("person").set_index("person")["score"]
    group = rows["person"].map(classes(first, cuts)).map(GROUPS)
    followed = pd.DataFrame(
        {"begin": rows["since_first"], "left": rows["left"], "group": group, "person": rows["person"]}
    )
    followed["stop"] = followed["begin"] + rows["years"]
    followed = followed.dropna(subset=["group"])
    sizes = followed.groupby("group")["person"].nunique()
    kept = [name for name in GROUPS.values() if sizes.get(name, 0) >= rules.min_model]
    parts = []
    for name in kept:
        part = followed[followed["group"] == name]
        longest = int(12 * part["stop"].max())
        months = list(range(STEP, longest + 1, STEP))
        curve = _at(part, months, conf_level)
        months = _coarse(curve, months, least=rules.min_respondents)
        if not months:
            continue
        shown = _at(part, [0, *months], conf_level)
        parts.append(shown.assign(group=name, n=int(sizes[name])))
    if not parts:
        return pd.DataFrame(columns=_COLUMNS)
    return pd.concat(parts, ignore_index=True)[_COLUMNS]


def _at(part: pd.DataFrame, months: list[int], conf_level: float) -> pd.DataFrame:
    if not months:
        return pd.DataFrame(columns=["months", "n_event", "n_risk"])
    try:
        curve = kaplan_meier(
            part,
            start="begin",
            duration="stop",
            event="left",
            at=[month / 12 for month in months],
            conf_level=conf_level,
        )
    except NotEstimable:
        return pd.DataFrame(columns=["months", "n_event", "n_risk"])
    # At the start nobody has left yet, and that is no estimate; everybody who is followed is at risk.
    curve = curve.assign(months=months)
    curve.loc[curve["months"] == 0, "n_risk"] = part["person"].nunique()
    before = curve["estimate"] == 1.0
    return curve.assign(
        conf_low=curve["conf_low"].mask(before, 1.0), conf_high=curve["conf_high"].mask(before, 1.0)
    )


def _coarse(curve: pd.DataFrame, months: list[int], *, least: int) -> list[int]:
    """Keep the points between which enough people left, as long as enough are followed."""
    kept, waiting = [], 0
    for month, events, risk in zip(months, curve["n_event"], curve["n_risk"], strict=False):
        waiting += int(events)
        if int(risk) < least:
            break
        if waiting >= least:
            kept.append(month)
            waiting = 0
    return kept
