"""Links between colleagues, each with rows of its own, and the chain that joins them to the link between units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.analyses.chain.rows import (
    AMBASSADORS,
    CX,
    ENGAGEMENT,
    EXPERIENCE,
    PEOPLE,
    UNIT,
    WAVE,
    WEIGHT,
    ChainRows,
)
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.models import NotEstimable
from exresearch.models.mediation import ChainLink
from exresearch.models.mediation import linked_chain as joined_chain

_LABEL = Note(message="First two links between colleagues, the last between units")
_METHOD = Note(message="links on rows of their own, multiplied; bootstrap over units of all links together")


def between_colleagues(rows: ChainRows, **resampling: Any) -> tuple[pd.DataFrame, list[EstimateRecord]]:
    """Follow the links between people of one unit and wave.

    Parameters
    ----------
    rows : ChainRows
        With sheets.
    **resampling
        ``conf_level, n_boot, seed``.

    Returns
    -------
    tuple of pandas.DataFrame and list of EstimateRecord
        Links ``source, target, estimate, conf_low, conf_high, conf_level, n, n_units`` in standard deviations of
        people, the last row the product of the first two; and a check: the chain with those two links between
        colleagues.
    """
    try:
        chain = joined_chain(_links(rows), cluster=UNIT, **resampling)
        near = joined_chain(_near(rows), cluster=UNIT, **resampling)
    except NotEstimable:
        return pd.DataFrame(), []
    ends = {
        "experience": (EXPERIENCE, ENGAGEMENT),
        "engagement": (ENGAGEMENT, AMBASSADORS),
        "chain": (EXPERIENCE, f"{ENGAGEMENT} > {AMBASSADORS}"),
    }
    links = pd.concat([near.links, near.product], ignore_index=True)
    links = links.assign(
        source=[ends[term][0] for term in links["term"]],
        target=[ends[term][1] for term in links["term"]],
        n_units=links["n_clusters"],
    )
    # Fewest rows of a link are units by wave; behind them are these answers.
    product = chain.product.assign(n=int(rows.cells["n"].sum()), n_units=chain.product["n_clusters"])
    record = estimate_record(
        product,
        "chain",
        name="chain_linked",
        label=_LABEL,
        unit_of_measurement="standardised",
        method=_METHOD,
    )
    return links, [record]


def deviations(sheets: pd.DataFrame, *, names: Sequence[str]) -> pd.DataFrame:
    """Answer sheets that have some columns, as deviations from the weighted mean of their unit and wave.

    Parameters
    ----------
    sheets : pandas.DataFrame
        As ``answered`` in :class:`~exresearch.findings.analyses.chain.rows.ChainRows`.
    names : sequence of str
        The columns; sheets that lack one are left out.

    Returns
    -------
    pandas.DataFrame
        The columns, with unit, wave and weight.
    """
    there = np.ones(len(sheets), dtype=bool)
    for name in names:
        there &= sheets[name].notna().to_numpy()
    rows = sheets.loc[there, [*names, UNIT, WAVE, WEIGHT]].reset_index(drop=True)
    waves = rows[WAVE].cat
    codes = rows[UNIT].cat.codes.to_numpy(dtype=np.int64) * len(waves.categories) + waves.codes.to_numpy()
    weight = rows[WEIGHT].to_numpy()
    total = np.bincount(codes, weights=weight)
    for name in names:
        values = rows[name].to_numpy()
        with np.errstate(invalid="ignore"):
            means = np.bincount(codes, weights=values * weight) / total
        rows[name] = values - means[codes]
    return rows


def _near(rows: ChainRows) -> list[ChainLink]:
    """The first two links between colleagues, in standard deviations of people among their colleagues."""
    spread = deviations(rows.answered, names=PEOPLE)[list(PEOPLE)].std()
    return _people_links(rows, spread)


def _people_links(rows: ChainRows, spread: pd.Series) -> list[ChainLink]:
    """Each link with all sheets that it can use."""
    scaled = rows.answered.assign(**{name: rows.answered[name] / spread[name] for name in PEOPLE})
    return [
        ChainLink(
            "experience",
            deviations(scaled, names=(EXPERIENCE, ENGAGEMENT)),
            EXPERIENCE,
            ENGAGEMENT,
            weights=WEIGHT,
        ),
        ChainLink(
            "engagement",
            deviations(scaled, names=PEOPLE),
            ENGAGEMENT,
            AMBASSADORS,
            (EXPERIENCE,),
            weights=WEIGHT,
        ),
    ]


def _links(rows: ChainRows) -> list[ChainLink]:
    """Three links; all in standard deviations of the units by wave, so that their product is that of the verdict."""
    spread = rows.cells[[*PEOPLE, CX]].std()
    cells = rows.cells.assign(**{name: rows.cells[name] / spread[name] for name in (*PEOPLE, CX)})
    last = ChainLink("customers", cells, AMBASSADORS, CX, (ENGAGEMENT, EXPERIENCE, *rows.waves))
    return [*_people_links(rows, spread), last]
