"""The score of a construct: mean, sum or factor score of its items."""

from __future__ import annotations

from typing import get_args

import pandas as pd

from exresearch.measures.scores.factor_scores import NotScorable, bartlett_scores, fit_factor
from exresearch.measures.scores.orientation import oriented_frame
from exresearch.study import Codebook, ScoreMethod, Variable

# Where the codebook does not describe the construct; the default of its min_share.
_HALF = 0.5
_ITEMS = ("item", "outcome", "need")


def least_share(codebook: Codebook, construct: str) -> float:
    """Return the share of a construct's items that must be answered for a score.

    Parameters
    ----------
    codebook : Codebook
        May give the construct a ``min_share``.
    construct : str
        Name of the construct.

    Returns
    -------
    float
        Half of them where the codebook does not say otherwise.

    Examples
    --------
    >>> least_share(Codebook((), {}), "ease")
    0.5
    """
    declared = codebook.constructs.get(construct)
    return _HALF if declared is None else declared.min_share


def score_method(codebook: Codebook, construct: str) -> ScoreMethod:
    """Return how a construct's items become a score.

    Parameters
    ----------
    codebook : Codebook
        May give the construct a ``score``.
    construct : str
        Name of the construct.

    Returns
    -------
    {"mean", "sum", "factor"}
        The mean where the codebook does not say otherwise.

    Examples
    --------
    >>> score_method(Codebook((), {}), "ease")
    'mean'
    """
    declared = codebook.constructs.get(construct)
    return "mean" if declared is None else declared.score


def score_items(codebook: Codebook, table: str, construct: str) -> tuple[Variable, ...]:
    """Return the items that a construct's score is made of: roles ``item``, ``outcome`` and ``need``.

    Examples
    --------
    >>> score_items(Codebook((), {}), "employees", "ease")
    ()
    """
    return tuple(v for v in codebook.select(table, construct=construct) if v.role in _ITEMS)


def construct_score(
    frame: pd.DataFrame,
    *,
    codebook: Codebook,
    table: str,
    construct: str,
    min_share: float | None = None,
    method: ScoreMethod | None = None,
) -> pd.Series:
    """Score a construct from its items: the one place where answers become a score.

    When to use it: always. The mean is the default and the easiest to read. The sum is for questionnaires whose manual
    speaks of sums. The factor score gives the items that hang together most the largest weights; with items that are
    about equally good it hardly differs from the mean.

    Parameters
    ----------
    frame : pandas.DataFrame
        A cleaned table. Give all waves at once: a factor fitted wave by wave would change what is measured.
    codebook : Codebook
        Names the items of the construct, roles ``item``, ``outcome`` and ``need``.
    table : str
        Which table of the data model ``frame`` is.
    construct : str
        Name of the construct.
    min_share : float, optional
        Share of the items that must be answered, above 0 and at most 1; otherwise the score is missing, whatever the
        method. By default what the codebook says of the construct (:func:`least_share`).
    method : {"mean", "sum", "factor"}, optional
        By default what the codebook says of the construct (:func:`score_method`).

    Returns
    -------
    pandas.Series
        ``mean``: mean of the answered items, oriented, on the items' own scale.
        ``sum``: that mean times the number of items, answered or not, so that a sheet with a gap is not lower for it
        (prorated). For a sum of complete sheets alone set ``min_share`` to 1; limits that were published for a sum
        need that.
        ``factor``: Bartlett's score of one factor, fitted by maximum likelihood to the complete sheets with their
        weights (column ``weight``), on the items' own scale; see :func:`bartlett_scores`.

    Raises
    ------
    ValueError
        If no item measures the construct, its items have different scales, or ``min_share`` or ``method`` is none.
    NotScorable
        If a factor score is asked for and no factor can be found: fewer than three items, too few complete sheets, or
        items that do not go together. It is a ``ValueError`` too.

    References
    ----------
    Newman, D. A. (2014). Missing data: five practical guidelines. *Organizational Research Methods*, 17(4), 372-411.
    https://doi.org/10.1177/1094428114548590

    Examples
    --------
    >>> scale = {"table": "employees", "role": "item", "construct": "ease", "minimum": 1, "maximum": 5}
    >>> book = Codebook((Variable(column="a", **scale), Variable(column="b", **scale)), {})
    >>> sheets = pd.DataFrame({"a": [1.0, 5.0], "b": [3.0, None]})
    >>> ease = {"codebook": book, "table": "employees", "construct": "ease"}
    >>> construct_score(sheets, **ease).tolist()
    [2.0, 5.0]
    >>> construct_score(sheets, **ease, min_share=1).tolist()
    [2.0, nan]
    >>> construct_score(sheets, **ease, method="sum").tolist()
    [4.0, 10.0]
    """
    if min_share is None:
        min_share = least_share(codebook, construct)
    if not 0 < min_share <= 1:
        raise ValueError(f"min_share must be above 0 and at most 1; got {min_share!r}.")
    if method is None:
        method = score_method(codebook, construct)
    if method not in get_args(ScoreMethod):
        raise ValueError(f"method must be one of {', '.join(get_args(ScoreMethod))}; got {method!r}.")
    items = score_items(codebook, table, construct)
    if not items:
        raise ValueError(f"no item of table {table!r} measures construct {construct!r}; see the codebook.")
    scales = {(item.minimum, item.maximum) for item in items}
    if len(scales) > 1:
        shown = ", ".join(f"{low:g}-{high:g}" for low, high in sorted(scales, key=str))
        raise ValueError(
            f"the items of construct {construct!r} have different scales ({shown}); score them separately."
        )
    answers = oriented_frame(frame, items)
    # A share such as 0.7 of ten items is seven, whatever its last digit.
    enough = answers.notna().sum(axis=1) >= min_share * len(items) - 1e-9
    if method == "factor":
        try:
            model = fit_factor(answers, weights=frame["weight"] if "weight" in frame else None)
        except NotScorable as error:
            raise NotScorable(
                f"construct {construct!r} of table {table!r} has no factor score: {error.reason}",
                reason=error.reason,
            ) from None
        return bartlett_scores(answers, model).where(enough)
    scores = answers.mean(axis=1).where(enough)
    return scores * len(items) if method == "sum" else scores
