"""The largest partial likelihood, and the refusal where there is none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from exresearch.models.events.partial import PartialLikelihood, RiskSets
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]

# Newton's method has converged when no coefficient per standard deviation moves by more than this.
_STILL = 1e-9
_STEPS = 50
# Log hazards per standard deviation beyond which a maximum is no longer looked for.
_FAR = 40.0
# Part of the largest entry of a direction, or of its largest difference, that is the rounding of Newton's step.
_LEVEL = 1e-4


def maximise(
    sets: RiskSets, x: FloatArray, names: Sequence[str]
) -> tuple[PartialLikelihood, PartialLikelihood]:
    """The partial likelihood without effects and at its maximum; x [n, p] has columns of mean 0 and variance 1.

    Raises
    ------
    NotEstimable
        The likelihood rises for ever along some columns (they are named), or says nothing about some of them.
    """
    alone = [names[j] for j in range(x.shape[1]) if _monotone(sets, x[:, j]) or _monotone(sets, -x[:, j])]
    if alone:
        raise NotEstimable(_refusal(alone))
    null = now = PartialLikelihood(sets, x, np.zeros(x.shape[1]))
    silent = [
        name
        for name, own in zip(names, np.diag(null.information), strict=True)
        if own < 1e-10 * len(sets.own)
    ]
    if silent or _singular(null.information):
        raise NotEstimable(
            f"among those at risk together, columns {silent or list(names)} do not vary or are combinations of one "
            "another at every event, so they have no hazard ratio: leave some of them out, or use fewer strata."
        )
    step: FloatArray = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        if _singular(now.information) or float(np.abs(now.beta).max()) > _FAR:
            break
        step = np.asarray(np.linalg.solve(now.information, now.score), dtype=np.float64)
        if float(np.abs(step).max()) < _STILL:
            return null, now
        for half in range(30):
            then = PartialLikelihood(sets, x, now.beta + step / 2.0**half)
            # Rounding of the sum of logarithms is no fall.
            if then.log_likelihood >= now.log_likelihood - 1e-12 * abs(now.log_likelihood):
                break
        now = then
    direction = step / float(np.abs(step).max())
    direction[np.abs(direction) < _LEVEL] = 0.0
    if _monotone(sets, x @ direction):
        raise NotEstimable(_refusal([name for name, part in zip(names, direction, strict=True) if part]))
    raise NotEstimable(
        f"the hazard ratios of {list(names)} did not converge: use fewer predictors, or look for one that nearly "
        "decides who has the event."
    )


def _singular(information: FloatArray) -> bool:
    if not np.isfinite(information).all():
        return True
    values = np.linalg.eigvalsh(information)
    return bool(values[0] <= 1e-12 * max(values[-1], 1.0))


def _monotone(sets: RiskSets, index: FloatArray) -> bool:
    """Whether at every event those who have it hold the largest value at risk, and some at risk hold less."""
    slack = _LEVEL * float(index.max() - index.min())
    lower = False
    # By event time: the smallest of those who have it against the largest and smallest of those at risk.
    for place in np.unique(sets.event_place):
        risk = index[(sets.first <= place) & (place < sets.last)]
        if index[sets.own == place].min() < risk.max() - slack:
            return False
        lower |= bool(risk.min() < risk.max() - slack)
    return lower


def _refusal(columns: Sequence[str]) -> str:
    return (
        f"at every event those who have it hold the largest (or all the smallest) value of {list(columns)} among those "
        "at risk, so the hazard ratio has no finite estimate (monotone likelihood): leave out or merge categories of "
        "these columns, or describe the groups with kaplan_meier."
    )
