"""The decision rule: from an interval and a declared estimand to a verdict, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

Direction = Literal["greater", "less", "two-sided"]
DirectionVerdict = Literal["ex_first", "cx_first", "both", "neither", "undetermined_by_design"]


class Verdict(StrEnum):
    """What a study may conclude about a hypothesis."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"
    NOT_TESTABLE = "not_testable"


def error_rate(conf_level: float) -> float:
    """Return the error rate that belongs to a confidence level, without the rounding of binary numbers.

    Examples
    --------
    >>> 1 - 0.9 == 0.1, error_rate(0.9) == 0.1
    (False, True)
    """
    return round(1 - conf_level, 12)


def decide(
    conf_low: float,
    conf_high: float,
    *,
    null: float,
    direction: Direction,
    smallest_effect: tuple[float, float],
    p_adjusted: float,
    alpha: float,
) -> Verdict:
    """Apply the declared decision rule to one interval.

    The rule is read from top to bottom; the first line that holds gives the verdict.

    ================================================================  =============
    interval inside the smallest effect of interest                   equivalent
    interval excludes the null on the claimed side, ``p <= alpha``    supported
    interval excludes the null on the other side, ``p <= alpha``      contradicted
    anything else                                                     inconclusive
    ================================================================  =============

    Equivalence comes first: an effect that is surely smaller than what matters is not support for a claim, however
    surely it differs from nothing.

    Parameters
    ----------
    conf_low, conf_high : float
        Confidence limits of the deciding estimand, in its own unit, at level ``1 - alpha``.
    null : float
        Value of the estimand when the claim is empty (0 for a difference, 1 for a ratio).
    direction : {"greater", "less", "two-sided"}
        The side of the null on which the claim lies.
    smallest_effect : tuple of float
        Lower and upper bound of what is too small to matter; contains the null.
    p_adjusted : float
        Two-sided p-value, corrected within the declared family.
    alpha : float
        Error rate of the family.

    Returns
    -------
    Verdict
        Never ``not_testable``: that is the answer where there is no interval.

    Raises
    ------
    ValueError
        If a number is not finite, the limits are crossed, the smallest effect does not contain the null, or
        ``p_adjusted`` or ``alpha`` is no probability.

    References
    ----------
    Lakens, D. (2017). Equivalence tests. *Social Psychological and Personality Science*, 8(4), 355-362.
    https://doi.org/10.1177/1948550617697177

    Examples
    --------
    >>> str(decide(1.2, 1.9, null=1, direction="greater", smallest_effect=(0.91, 1.1), p_adjusted=0.001, alpha=0.05))
    'supported'
    """
    low, high = smallest_effect
    # Comparisons written so that NaN fails them.
    if not (-float("inf") < conf_low <= conf_high < float("inf")):
        raise ValueError(
            f"conf_low and conf_high must be finite and in order; got {conf_low} and {conf_high}."
        )
    if not (low <= null <= high):
        raise ValueError(f"smallest_effect must contain the null {null}; got {low} to {high}.")
    if not 0 <= p_adjusted <= 1:
        raise ValueError(f"p_adjusted must lie between 0 and 1; got {p_adjusted}.")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1; got {alpha}.")
    if direction not in ("greater", "less", "two-sided"):
        raise ValueError(f"direction must be 'greater', 'less' or 'two-sided'; got {direction!r}.")
    if low <= conf_low and conf_high <= high:
        return Verdict.EQUIVALENT
    above, below = conf_low > null, conf_high < null
    if not (above or below) or p_adjusted > alpha:
        return Verdict.INCONCLUSIVE
    claimed = (
        direction == "two-sided" or (direction == "greater" and above) or (direction == "less" and below)
    )
    return Verdict.SUPPORTED if claimed else Verdict.CONTRADICTED


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the verdict on a conjunction: the claim holds only if it holds for every component.

    Parameters
    ----------
    verdicts : iterable of Verdict
        Verdicts of the components that could be tested, at least one.

    Returns
    -------
    Verdict
        The common verdict if all agree; ``contradicted`` if any component contradicts the claim and none supports it;
        otherwise ``inconclusive``.

    Raises
    ------
    ValueError
        If there is no component, or one is ``not_testable`` (leave it out and say so in a caveat).

    Examples
    --------
    >>> str(combine([Verdict.SUPPORTED, Verdict.EQUIVALENT]))
    'inconclusive'
    """
    found = set(verdicts)
    if not found:
        raise ValueError("combine needs at least one verdict; got none.")
    if Verdict.NOT_TESTABLE in found:
        raise ValueError(
            "combine takes tested components only; leave 'not_testable' ones out and name them in a caveat."
        )
    if len(found) == 1:
        return found.pop()
    if Verdict.CONTRADICTED in found and Verdict.SUPPORTED not in found:
        return Verdict.CONTRADICTED
    return Verdict.INCONCLUSIVE
