"""Pay and experience, checks beside the verdict: the ends of the scale, level, curvature, and who really left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.dependence import units_counted
from exresearch.findings.analyses.pay.sheets import (
    EXPERIENCE,
    OUTCOME,
    PAY,
    PRODUCT,
    WEIGHT,
    PaySheets,
    fitted,
    interaction_record,
    pay_sheets,
)
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.models import NotEstimable, ordinal_regression
from exresearch.study import Study

_LEVEL = ("level", "niveau", "management_level")
_LABELS = {
    "pay_alone": "Interplay: nothing else held the same",
    "pay_level": "Interplay: within the same level",
    "pay_curved": "Interplay: with room for curves of pay and of experience",
    "pay_ranks": "Interplay: staying by rank instead of by answer",
    "pay_ordinal": "Interplay, as an odds ratio: only the order of the answers counts",
    "pay_exits": "Interplay: still employed a year later, from the staff list",
}


def checks(
    study: Study, sheets: PaySheets, *, conf_level: float, rules: DisclosureRules
) -> tuple[EstimateRecord, ...]:
    """Estimate the interplay by other choices; none of them chooses the verdict.

    Parameters
    ----------
    study : Study
        The client.
    sheets : PaySheets
        Behind the verdict.
    conf_level : float
        Of the intervals.
    rules : DisclosureRules
        As many leavers as a driver model needs people must be there.

    Returns
    -------
    tuple of EstimateRecord
        Alone; with level; with squares; staying by its normal scores, and by the order of the answers alone, to see
        what the ends of the scale do; and being there a year later.
    """
    squares = sheets.frame[[PAY, EXPERIENCE]] ** 2
    squares.columns = ["(pay squared)", "(experience squared)"]
    found = [
        _linear("pay_alone", sheets, conf_level=conf_level, waves=False),
        _linear("pay_curved", sheets, conf_level=conf_level, more=squares),
    ]
    levels = _levels(study, sheets)
    if levels is not None:
        found.append(_linear("pay_level", sheets, conf_level=conf_level, more=levels))
    if sheets.outcome == "asked":
        ranked = replace(sheets, frame=sheets.frame.assign(**{OUTCOME: normal_scores(sheets.raw["outcome"])}))
        found.append(_linear("pay_ranks", ranked, conf_level=conf_level))
        found.append(_ordinal(sheets, conf_level=conf_level))
        followed = pay_sheets(study, outcome="followed")
        if isinstance(followed, PaySheets) and int((followed.raw["outcome"] == 0).sum()) >= rules.min_model:
            found.append(_linear("pay_exits", followed, conf_level=conf_level))
    return tuple(record for record in found if record is not None)


def normal_scores(values: pd.Series) -> pd.Series:
    """Return values by their rank: what a normal distribution has at that place, brought to a deviation of 1.

    Examples
    --------
    >>> normal_scores(pd.Series([1.0, 2.0, 2.0, 7.0])).round(2).tolist()
    [-1.41, 0.0, 0.0, 1.41]
    """
    ranks = (values.rank() - 0.5) / len(values)
    scores = pd.Series(ndtri(ranks.to_numpy()), index=values.index)
    return (scores - scores.mean()) / float(np.std(scores))


def _linear(
    name: str,
    sheets: PaySheets,
    *,
    conf_level: float,
    more: pd.DataFrame | None = None,
    waves: bool = True,
) -> EstimateRecord | None:
    fit = fitted(sheets, conf_level=conf_level, more=more, waves=waves)
    if fit is None:
        return None
    return interaction_record(fit, sheets, name=name, label=Note(message=_LABELS[name]))


def _levels(study: Study, sheets: PaySheets) -> pd.DataFrame | None:
    """Columns for the levels but the largest."""
    for variable in study.codebook.select("employees", role="category"):
        if variable.name in _LEVEL and study.has("employees", variable.column):
            values = study.table("employees").loc[sheets.frame.index, variable.column].fillna("")
            made = {f"level: {value}": (values == value) * 1.0 for value in values.value_counts().index[1:]}
            return pd.DataFrame(made) if made else None
    return None


def _ordinal(sheets: PaySheets, *, conf_level: float) -> EstimateRecord | None:
    """Odds ratio of the product, where only the order of answers counts; means of items go to whole points."""
    frame = sheets.frame.assign(answer=sheets.raw["outcome"].round(), group=sheets.groups.labels)
    by = sheets.groups.by
    try:
        table = ordinal_regression(
            frame,
            outcome="answer",
            predictors=[PAY, EXPERIENCE, PRODUCT, *sheets.waves],
            cluster=None if by == "row" else "group",
            weights=WEIGHT if WEIGHT in frame else None,
            conf_level=conf_level,
        )
    except (NotEstimable, ValueError):
        # More answers than an ordinal model takes are a number, and the linear model is for numbers.
        return None
    return estimate_record(
        units_counted(table.assign(n_units=table["n_clusters"]), sheets.groups),
        PRODUCT,
        name="pay_ordinal",
        label=Note(message=_LABELS["pay_ordinal"]),
        unit_of_measurement="odds_ratio",
        method=Note(message="proportional odds with a product, sandwich standard error by group"),
    )
