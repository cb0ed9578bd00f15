"""Who is engaged: the three-item index with its bands, or a declared threshold."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from exresearch.measures.scores import construct_score, oriented_frame
from exresearch.study import Codebook

EngagedDefinition = Literal["highly", "highly_or_moderately", "threshold"]
# Lower limits of the summed index of three items on 1-7 (Temkin Group 2016).
BANDS = (("highly", 19), ("moderately", 16), ("slightly", 13), ("disengaged", 3))


class UnsuitableScale(ValueError):
    """The items are not the three 1-7 items that the index and its bands are defined for."""


def engagement_index(frame: pd.DataFrame, *, codebook: Codebook, construct: str = "engagement") -> pd.Series:
    """Sum three engagement items of 1-7 into the index of 3-21.

    Parameters
    ----------
    frame : pandas.DataFrame
        The cleaned ``employees`` table.
    codebook : Codebook
        Names the items of ``construct``.
    construct : str
        Name of the construct.

    Returns
    -------
    pandas.Series
        Index from 3 to 21; missing where any of the three answers is missing, because the bands are limits of a sum.

    Raises
    ------
    UnsuitableScale
        If there are not exactly three items, or they are not on a scale of 1-7. The published limits do not carry over
        to other scales; use ``engaged_definition: threshold``.

    References
    ----------
    Temkin Group (2016). *Employee Engagement Benchmark Study*.
    """
    items = codebook.select("employees", role="item", construct=construct)
    scales = {(item.minimum, item.maximum) for item in items}
    if len(items) != 3 or scales != {(1, 7)}:
        shown = ", ".join(f"{low:g}-{high:g}" for low, high in sorted(scales, key=str)) or "none"
        raise UnsuitableScale(
            f"the engagement index needs three items on a scale of 1-7; construct {construct!r} has {len(items)} "
            f"(scales: {shown}). Set engaged_definition: threshold, with an engaged_threshold on the scale of the "
            "items."
        )
    return oriented_frame(frame, items).sum(axis=1, skipna=False)


def engaged(
    frame: pd.DataFrame,
    *,
    codebook: Codebook,
    definition: EngagedDefinition,
    threshold: float = 5.0,
    construct: str = "engagement",
) -> pd.Series:
    """Say of each answer sheet whether its person counts as engaged.

    Parameters
    ----------
    frame : pandas.DataFrame
        The cleaned ``employees`` table.
    codebook : Codebook
        Names the items.
    definition : {"highly", "highly_or_moderately", "threshold"}
        Index of 19 or more, index of 16 or more, or mean item score of ``threshold`` or more.
    threshold : float
        Mean item score, only for ``"threshold"``.
    construct : str
        Name of the construct.

    Returns
    -------
    pandas.Series
        1.0 engaged, 0.0 not, missing where it cannot be said.

    Raises
    ------
    UnsuitableScale
        If the bands are asked for on other items than three of 1-7.
    ValueError
        If no item measures the construct.
    """
    if definition == "threshold":
        score = construct_score(frame, codebook=codebook, table="employees", construct=construct)
        return (score >= threshold).astype("float64").where(score.notna())
    limits = dict(BANDS)
    floor = limits["highly"] if definition == "highly" else limits["moderately"]
    index = engagement_index(frame, codebook=codebook, construct=construct)
    return (index >= floor).astype("float64").where(index.notna())


def engagement_band(index: pd.Series) -> pd.Series:
    """Return the band of each index value: highly, moderately, slightly engaged, or disengaged.

    Parameters
    ----------
    index : pandas.Series
        Values of :func:`engagement_index`.

    Returns
    -------
    pandas.Series
        Ordered categories from ``highly`` to ``disengaged``; missing stays missing.
    """
    names = [name for name, _ in BANDS]
    edges = [-float("inf"), *sorted(limit for _, limit in BANDS)[1:], float("inf")]
    bands = pd.cut(index, bins=edges, right=False, labels=names[::-1])
    return bands.cat.reorder_categories(names)
