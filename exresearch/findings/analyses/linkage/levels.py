"""The link between units and that within units, in one mixed model of units by wave."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from exresearch.findings.note import Note
from exresearch.measures import LinkTable
from exresearch.models import NotEstimable, random_intercept

_ONE_WAVE = Note(
    message="With one wave, differences within units over time cannot be told from those between them."
)
_NOT_SPLIT = Note(
    message="There are too few units with several waves, or they hardly change: the two levels cannot be told apart."
)
_LEFT_OVER = Note(
    message=(
        "Of what employee experience leaves open, {icc:percent0} ({low:percent0} to {high:percent0}) lies between "
        "units and stays the same over the waves."
    )
)
_NOTHING_LEFT = Note(
    message=(
        "The variance between units is estimated as zero: once employee experience and the waves are taken into "
        "account, units differ no more in customer experience than their waves do. With {level:percent0} confidence "
        "at most {high:percent0} of what is left open lies between units."
    )
)
_LABELS = {
    "ex_between": Note(message="Between units: who is higher on average"),
    "ex_within": Note(message="Within units: when a unit is higher than its own average"),
    "ex_between - ex_within": Note(message="Between minus within"),
}
_COLUMNS = [
    "term", "label", "estimate", "std_error", "df", "p_value", "conf_low", "conf_high", "conf_level", "n", "n_units",
    "n_rows", "unit_of_measurement",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class LinkLevels:
    """Slopes between and within units.

    Attributes
    ----------
    table : pandas.DataFrame
        Rows ex_between, ex_within and their difference, in standard deviations of the units' values on both sides:
        ``term, label`` (a note), ``estimate, std_error, df, p_value, conf_low, conf_high, conf_level, n`` (answers, or
        rows where those are not known), ``n_units, n_rows`` (units by wave), ``unit_of_measurement``.
    icc, icc_low, icc_high : float
        Share of what the model leaves open that lies between units, with its interval; missing without a model.
    boundary : bool
        Whether the variance between units is estimated as zero.
    notes : list of Note
        What the variances say, or why there is no model.
    """

    table: pd.DataFrame
    icc: float
    icc_low: float
    icc_high: float
    boundary: bool
    notes: list[Note]


def link_levels(table: LinkTable, *, conf_level: float) -> LinkLevels:
    """Fit a random intercept per unit to units by wave, with employee experience split in two levels.

    Parameters
    ----------
    table : LinkTable
        The link of the study.
    conf_level : float
        Of every interval.

    Returns
    -------
    LinkLevels

    Notes
    -----
    Waves are held constant by columns of 0 and 1. Restricted maximum likelihood, Kenward-Roger. In R:
    ``lmer(cx ~ ex_within + ex_between + wave + (1 | unit))``.
    """
    empty = pd.DataFrame(columns=_COLUMNS)
    nothing = (float("nan"),) * 3
    waves = sorted(table.panel["wave"].unique())
    if len(waves) < 2:
        return LinkLevels(empty, *nothing, False, [_ONE_WAVE])
    spread = table.units[["ex", "cx"]].std()
    rows = table.panel.assign(**{side: table.panel[side] / spread[side] for side in ("ex", "cx")})
    dummies = {f"wave: {wave}": (rows["wave"] == wave).astype("float64") for wave in waves[1:]}
    try:
        fit = random_intercept(
            rows.assign(**dummies),
            outcome="cx",
            predictors=["ex", *dummies],
            cluster="unit",
            within_between=["ex"],
            conf_level=conf_level,
        )
    except NotEstimable:
        return LinkLevels(empty, *nothing, False, [_NOT_SPLIT])
    found = pd.concat([fit.table, fit.contextual]).set_index("term").loc[list(_LABELS)].reset_index()
    known = table.panel["ex_n"].notna().all()
    answers = int(table.panel["ex_n"].sum()) if known else fit.n
    found = found.assign(
        label=found["term"].map(_LABELS),
        n_units=found["n_clusters"],
        n_rows=fit.n,
        n=answers,
        unit_of_measurement="standardised",
    )[_COLUMNS]
    values = {"icc": fit.icc_adjusted, "low": fit.icc_low, "high": fit.icc_high}
    note = _LEFT_OVER.model_copy(update={"values": values})
    if fit.boundary:
        note = _NOTHING_LEFT.model_copy(update={"values": {"level": conf_level, "high": fit.icc_high}})
    return LinkLevels(found, fit.icc_adjusted, fit.icc_low, fit.icc_high, fit.boundary, [note])
