"""The largest partial likelihood, and the refusal where there is none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from exresearch.models.events.partial import PartialLikelihood, RiskSets
from exresearch.models.events.patterns import Likelihood, PatternLikelihood, Patterns
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]

# Newton's method has converged when no coefficient per standard deviation moves by more than this.
_STILL = 1e-9
_STEPS = 50
# Log hazards per standard deviation beyond which a maximum is no longer looked for.
_FAR = 40.0
# Rounds in which violated constraints are added.
_CUTS = 200
# What the solver of the linear programme lets pass, and entries of a direction that are nothing.
_ROUNDING, _NOTHING = 1e-6, 1e-6


def maximise(sets: RiskSets, x: FloatArray, names: Sequence[str]) -> tuple[Likelihood, PartialLikelihood]:
    """The partial likelihood without effects and at its maximum; x [n, p] has columns of mean 0 and variance 1.

    Raises
    ------
    NotEstimable
        The likelihood rises for ever along some columns (they are named), or says nothing about some of them.
    """
    patterns = Patterns.of(sets, x)

    def at(beta: FloatArray) -> Likelihood:
        return PartialLikelihood(sets, x, beta) if patterns is None else PatternLikelihood(patterns, beta)

    def monotone(values: FloatArray) -> bool:
        return _monotone(sets, values) if patterns is None else patterns.monotone(values)

    columns = (x if patterns is None else patterns.x).T
    alone = [name for name, own in zip(names, columns, strict=True) if monotone(own) or monotone(-own)]
    if alone:
        raise NotEstimable(_refusal(alone))
    null = now = at(np.zeros(x.shape[1]))
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
            if isinstance(now, PatternLikelihood):
                return null, PartialLikelihood(sets, x, now.beta, all_sums=now.all_sums)
            return null, now if isinstance(now, PartialLikelihood) else PartialLikelihood(sets, x, now.beta)
        for half in range(30):
            then = at(now.beta + step / 2.0**half)
            # Rounding of the sum of logarithms is no fall.
            if then.log_likelihood >= now.log_likelihood - 1e-12 * abs(now.log_likelihood):
                break
        now = then
    together = _direction(sets, x)
    if together:
        raise NotEstimable(_refusal([names[column] for column in together]))
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
    slack = 1e-12 * float(index.max() - index.min())
    lower = False
    # By event time: the smallest of those who have it against the largest and smallest of those at risk.
    for place in np.unique(sets.event_place):
        risk = index[(sets.first <= place) & (place < sets.last)]
        if index[sets.own == place].min() < risk.max() - slack:
            return False
        lower |= bool(risk.min() < risk.max() - slack)
    return lower


def _direction(sets: RiskSets, x: FloatArray) -> list[int]:
    """The columns of a direction with few of them along which the likelihood never falls; empty if there is none.

    A linear programme with a constraint for each event and each row at risk then, of which those that are violated
    are added in turn.
    """
    size = x.shape[1]
    places = np.unique(sets.event_place).tolist()
    gain = np.zeros(size)
    for place in places:
        risk = (sets.first <= place) & (place < sets.last)
        gain += (x[sets.own == place].mean(axis=0) - x[risk].mean(axis=0)) / len(places)
    rows: list[FloatArray] = []
    for _ in range(_CUTS):
        both = np.array(rows).reshape(-1, size)
        found = linprog(
            np.ones(2 * size),
            A_ub=np.hstack([-both, both]) if rows else None,
            b_ub=np.zeros(len(rows)) if rows else None,
            A_eq=np.concatenate([gain, -gain])[None, :],
            b_eq=[1.0],
            bounds=(0.0, None),
            method="highs",
        )
        if found.status != 0:
            return []
        direction = found.x[:size] - found.x[size:]
        index = x @ direction
        before = len(rows)
        for place in places:
            risk = np.flatnonzero((sets.first <= place) & (place < sets.last))
            ended = np.flatnonzero(sets.own == place)
            top, least = risk[index[risk].argmax()], ended[index[ended].argmin()]
            if index[least] < index[top] - _ROUNDING * float(np.abs(direction).max()):
                rows.append(x[least] - x[top])
        if len(rows) == before:
            entries = np.abs(direction)
            return np.flatnonzero(entries > _NOTHING * entries.max()).tolist()
    return []


def _refusal(columns: Sequence[str]) -> str:
    return (
        f"at every event those who have it hold the largest (or all the smallest) value of {list(columns)} among those "
        "at risk, so the hazard ratio has no finite estimate (monotone likelihood): leave out or merge categories of "
        "these columns, or describe the groups with kaplan_meier."
    )
