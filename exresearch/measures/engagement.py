"""Who is engaged: the three-item index with its bands, exact or approximated, or a declared threshold."""

from __future__ import annotations

from typing import Literal, get_args

import pandas as pd

from exresearch.measures.scores import construct_score, oriented_frame, score_items
from exresearch.study import Codebook

EngagedDefinition = Literal[
    "highly",
    "highly_or_moderately",
    "highly_approximated",
    "highly_or_moderately_approximated",
    "threshold",
]
# Lower limits of the summed index of three items on 1-7 (Temkin Group 2016).
BANDS = (("highly", 19), ("moderately", 16), ("slightly", 13), ("disengaged", 3))
_APPROXIMATED = "_approximated"
# Steps of a rescaled scale are fractions, whose sum may miss a limit by the last digit.
_DIGITS = 9
_OTHER: dict[EngagedDefinition, EngagedDefinition] = {
    "highly": "highly_or_moderately",
    "highly_or_moderately": "highly",
    "highly_approximated": "highly_or_moderately_approximated",
    "highly_or_moderately_approximated": "highly_approximated",
}


class UnsuitableScale(ValueError):
    """The items are not those that the index and its bands are defined for: three of 1-7, or three to approximate."""


def approximates(definition: EngagedDefinition) -> bool:
    """Say whether a definition stretches another scale to 1-7, so that its results are approximations.

    Examples
    --------
    >>> approximates("highly_approximated"), approximates("highly")
    (True, False)
    """
    return definition.endswith(_APPROXIMATED)


def other_definition(definition: EngagedDefinition) -> EngagedDefinition | None:
    """Return the other definition by bands, to set beside a result; None with a threshold.

    Examples
    --------
    >>> other_definition("highly"), other_definition("threshold")
    ('highly_or_moderately', None)
    """
    return _OTHER.get(definition)


def engagement_index(
    frame: pd.DataFrame, *, codebook: Codebook, construct: str = "engagement", approximated: bool = False
) -> pd.Series:
    """Sum three engagement items into the index of 3-21.

    Parameters
    ----------
    frame : pandas.DataFrame
        The cleaned ``employees`` table.
    codebook : Codebook
        Names the items of ``construct``.
    construct : str
        Name of the construct.
    approximated : bool
        Stretch items of another scale to 1-7 first, ``1 + 6 (x - minimum) / (maximum - minimum)``. Only on request, and
        never to be set beside figures that were measured on 1-7.

    Returns
    -------
    pandas.Series
        Index from 3 to 21; missing where any of the three answers is missing, because the bands are limits of a sum.

    Raises
    ------
    UnsuitableScale
        If there are not exactly three items on one scale, or, unless ``approximated``, that scale is not 1-7. The
        published limits do not carry over to other scales; use ``engaged_definition: threshold``.

    Notes
    -----
    What is wrong with stretching: an answer on five points is not the same opinion as the answer on seven points that
    lies at the same height. Means agree fairly well after it (of 5 and 7 points no difference, of 10 points 0.3 of ten
    lower; Dawes 2008), but a band is a limit and not a mean. On 1-5 the index moves in steps of 1.5, so that "19 or
    more" becomes 19.5 and "16 or more" 16.5: a share of people can differ much where means do not.

    References
    ----------
    Temkin Group (2016). *Employee Engagement Benchmark Study*. Dawes, J. (2008). Do data characteristics change
    according to the number of scale points used? *International Journal of Market Research*, 50(1), 61-77.
    https://doi.org/10.1177/147078530805000106

    Examples
    --------
    >>> from exresearch.study import Variable
    >>> scale = {"table": "employees", "role": "item", "construct": "engagement", "minimum": 1, "maximum": 5}
    >>> book = Codebook(tuple(Variable(column=name, **scale) for name in "abc"), {})
    >>> sheets = pd.DataFrame({"a": [5, 4], "b": [5, 4], "c": [4, 4]})
    >>> engagement_index(sheets, codebook=book, approximated=True).tolist()
    [19.5, 16.5]
    """
    items = codebook.select("employees", role="item", construct=construct)
    scales = {(item.minimum, item.maximum) for item in items}
    if len(items) != 3 or len(scales) != 1 or not (approximated or scales == {(1, 7)}):
        shown = ", ".join(f"{low:g}-{high:g}" for low, high in sorted(scales, key=str)) or "none"
        needed = "on one scale" if approximated else "on a scale of 1-7"
        raise UnsuitableScale(
            f"the engagement index needs three items {needed}; construct {construct!r} has {len(items)} "
            f"(scales: {shown}). Set engaged_definition: threshold, with an engaged_threshold on the scale of the "
            "items."
        )
    total = oriented_frame(frame, items).sum(axis=1, skipna=False)
    ((low, high),) = scales
    if low is None or high is None or (low, high) == (1, 7):
        return total
    return (3 + 6 * (total - 3 * low) / (high - low)).round(_DIGITS)


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
    definition : EngagedDefinition
        ``highly`` (index of 19 or more), ``highly_or_moderately`` (16 or more); the same with ``_approximated`` for
        three items of another scale, stretched to 1-7 (see :func:`engagement_index`); or ``threshold``: mean item score
        of ``threshold`` or more.
    threshold : float
        Mean item score, only for ``"threshold"``: above the lowest answer of the items, and not above the highest.
    construct : str
        Name of the construct.

    Returns
    -------
    pandas.Series
        1.0 engaged, 0.0 not, missing where it cannot be said.

    Raises
    ------
    UnsuitableScale
        If the bands are asked for on other items than three of 1-7, or the approximated ones on other than three items
        of one scale.
    ValueError
        If the definition is unknown, no item measures the construct, or the threshold lies outside the scale.

    Examples
    --------
    >>> from exresearch.study import Variable
    >>> scale = {"table": "employees", "role": "item", "construct": "engagement", "minimum": 1, "maximum": 5}
    >>> book = Codebook((Variable(column="a", **scale), Variable(column="b", **scale)), {})
    >>> sheets = pd.DataFrame({"a": [5, 3], "b": [3, 3]})
    >>> engaged(sheets, codebook=book, definition="threshold", threshold=4.0).tolist()
    [1.0, 0.0]
    """
    if definition not in get_args(EngagedDefinition):
        legal = ", ".join(get_args(EngagedDefinition))
        raise ValueError(f"definition must be one of {legal}; got {definition!r}.")
    if definition == "threshold":
        # The threshold is one of a mean, whatever score the codebook asks for.
        score = construct_score(
            frame, codebook=codebook, table="employees", construct=construct, method="mean"
        )
        item = score_items(codebook, "employees", construct)[0]
        if item.minimum is not None and item.maximum is not None:
            low, high = item.minimum, item.maximum
            if not low < threshold <= high:
                raise ValueError(
                    f"threshold must lie on the scale of the items of {construct!r}, above {low:g} and not above "
                    f"{high:g}; got {threshold:g}."
                )
        return (score >= threshold).astype("float64").where(score.notna())
    limits = dict(BANDS)
    floor = limits["highly"] if definition in ("highly", "highly_approximated") else limits["moderately"]
    index = engagement_index(
        frame, codebook=codebook, construct=construct, approximated=approximates(definition)
    )
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
