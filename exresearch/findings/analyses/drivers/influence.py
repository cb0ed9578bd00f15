"""Which drivers are shown to have little influence, and which are merely not shown to have much."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from exresearch.findings.analyses.drivers.models import SECOND, Fit
from exresearch.findings.decision import error_rate
from exresearch.findings.multiplicity import holm
from exresearch.findings.note import Note, NoteValue
from exresearch.models import summarise_importance
from exresearch.study.languages import listed

LITTLE, MORE, OPEN = "little", "more", "open"


def influence_table(
    fits: Mapping[str, Fit],
    importance: pd.DataFrame,
    *,
    method: str,
    smallest_effect: float,
    conf_level: float,
) -> pd.DataFrame:
    """Test of every driver whether its importance is below the smallest effect of interest.

    Parameters
    ----------
    fits : mapping of str to Fit
        The outcomes that were analysed.
    importance : pandas.DataFrame
        One row per outcome and driver: ``outcome, driver, label, block, named, reversed, importance, conf_low, n``.
    method : str
        The measure that decides.
    smallest_effect : float
        Smallest importance that matters, as a share of explained variance.
    conf_level : float
        One minus the error rate of each outcome's family of tests.

    Returns
    -------
    pandas.DataFrame
        The rows of ``importance`` with ``smallest_effect``; ``p_equivalence``, the level at which importance is below
        it; ``p_adjusted``, the same corrected by Holm's method over the
        drivers of the outcome; and ``influence``: ``little`` where that is no more than the error rate, ``more`` where
        the whole interval lies above, ``open`` elsewhere.
    """
    parts = []
    for name, rows in importance.groupby("outcome", sort=False):
        fit = fits[str(name)]
        summary = summarise_importance(
            fit.replicates, conf_level=conf_level, smallest_effect=smallest_effect, methods=[method]
        ).set_index("driver")
        tested = {str(driver): float(p) for driver, p in summary["p_equivalence"].items()}
        adjusted = holm(tested)
        rows = rows.assign(
            smallest_effect=smallest_effect,
            p_equivalence=rows["driver"].map(tested),
            p_adjusted=rows["driver"].map(adjusted),
            influence=OPEN,
        )
        rows["influence"] = (
            rows["influence"]
            .mask(rows["conf_low"] > smallest_effect, MORE)
            .mask(rows["p_adjusted"] <= error_rate(conf_level), LITTLE)
        )
        parts.append(rows)
    return pd.concat(parts, ignore_index=True)


def named_influence(influence: pd.DataFrame, labels: Mapping[str, dict[str, str]]) -> Note:
    """Say for which outcomes the named customer-first drivers are shown to have little influence.

    Parameters
    ----------
    influence : pandas.DataFrame
        Of :func:`influence_table`.
    labels : mapping
        Label of each outcome in both languages.

    Returns
    -------
    Note
        With several named drivers an outcome counts where it is shown of each of them.
    """
    named = influence[influence["named"] & (influence["block"] == SECOND)]
    shown = (named["influence"] == LITTLE).groupby(named["outcome"], sort=False).all()
    drivers = named.drop_duplicates("driver")["label"]
    values: dict[str, NoteValue] = {
        "driver": listed(drivers),
        "limit": float(named["smallest_effect"].iloc[0]),
    }
    if not shown.any():
        message = (
            "Of the customer-first driver that the claim names, “{driver}”, it is for no outcome shown that its "
            "importance is below {limit:percent0}."
        )
        return Note(message=message, values=dict(values))
    names = listed([labels[str(name)] for name in shown.index[shown]])
    message = (
        "Of the customer-first driver that the claim names, “{driver}”, it is shown that its importance is below "
        "{limit:percent0} for {count:integer} of {total:integer} outcomes: {outcomes}."
    )
    return Note(
        message=message, values=values | {"count": int(shown.sum()), "total": len(shown), "outcomes": names}
    )
