"""Importance on the data, on bootstrap replicates and with each unit left out: what every summary starts from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.drivers.influence import importance_influence
from exresearch.models.drivers.metrics import explained_variance, importance_metrics
from exresearch.models.drivers.preconditions import check_methods, check_moments, method_list
from exresearch.models.drivers.sampling import N_ORDERS, SAMPLED, OrderSample
from exresearch.models.expanded import FEW_UNITS
from exresearch.models.moments.accumulate import Missing, total_moments, unit_moments
from exresearch.models.moments.pairwise import PairwiseMoments
from exresearch.models.moments.unit import UnitMoments
from exresearch.models.names import read_roles
from exresearch.models.relations import SINGULAR
from exresearch.models.resampling import NotEstimable, check_whole, count_chunks

FloatArray = NDArray[np.float64]
Measure = Callable[[FloatArray], dict[str, FloatArray]]
Sampled = Callable[[FloatArray], FloatArray]

# A tenth of the smallest tail of a 95 % interval: rarer replicates without variance cannot move a limit much.
_MAX_CONSTANT_OUTCOME = 0.01
# From this many rows on U - 1 degrees of freedom are as good as infinitely many, where at least so many rows carry the
# variance of each column: not for a driver that eight in a thousand have, nor for weights that a few rows share.
_ROWS_ALIKE, _ROWS_CARRY = 1000, 100
# Counts at once: 24 MB as floats, memory that is used again for the next chunk; and with very many rows, at least
# so many replicates that forming the products of the rows is not what takes the time.
_COUNT_CELLS = 3_000_000
_LEAST_TOGETHER = 20


@dataclass(frozen=True, slots=True, eq=False)
class ImportanceReplicates:
    """Importance of P players by each method, with its replicates; made by `importance_replicates`.

    Attributes
    ----------
    drivers : tuple of str
        The P players: drivers, or blocks of drivers by their block name.
    estimate : dict of method to ndarray [P]
    replicates : dict of method to ndarray [B, P]
        Those of sampled orders with a draw of the error of the sample in each.
    influence : dict of method to ndarray [U, P], or None
        Of each unit on each importance (`importance_influence`), where it was computed; sampled methods have no entry.
    jackknife : dict of method to ndarray [U, P], or None
        Importance with each unit left out; None with 30 or more units, where nothing is taken from it.
    r_squared : float
        R-squared of the model with all drivers and covariates.
    n, n_units, n_excluded : int
        Complete rows, resampled units, rows left out.
    members : tuple of str
        The drivers, those of a block together: what the values of method 'owen' belong to.
    sampling_error : dict of method to ndarray [P]
        Monte Carlo standard error of an estimate over sampled orders; exact methods have no entry.
    """

    drivers: tuple[str, ...]
    estimate: dict[str, FloatArray]
    replicates: dict[str, FloatArray]
    influence: dict[str, FloatArray] | None
    jackknife: dict[str, FloatArray] | None
    r_squared: float
    n: int
    n_units: int
    n_excluded: int
    members: tuple[str, ...] = ()
    sampling_error: dict[str, FloatArray] = field(default_factory=dict)

    def names(self, method: str) -> tuple[str, ...]:
        """What the values of a method belong to: the drivers for 'owen', the players for the others."""
        return self.members if method == "owen" and self.members else self.drivers


def _stack(parts: list[dict[str, FloatArray]]) -> dict[str, FloatArray]:
    return {method: np.concatenate([part[method] for part in parts]) for method in parts[0]}


def replicated(
    moments: UnitMoments | PairwiseMoments,
    counts: Iterable[NDArray[np.int32]],
    *,
    outcome: str,
    measure: Measure,
) -> dict[str, FloatArray]:
    """Importance on the replicates; too many of them with an outcome that does not vary have no answer."""
    place = moments.columns.index(outcome)
    parts, flat, total, impossible = [], 0, 0, 0
    for chunk in counts:
        correlations = moments.correlations(chunk)
        if isinstance(moments, PairwiseMoments):
            wrong = np.linalg.eigvalsh(correlations)[:, 0] < -SINGULAR
            impossible += int(wrong.sum())
            total += int(wrong.sum())
            correlations = correlations[~wrong]
        flat += int((correlations[:, place, place] == 0.0).sum())
        total += len(correlations)
        if len(correlations):
            parts.append(measure(correlations))
    if impossible > _MAX_CONSTANT_OUTCOME * total:
        raise NotEstimable(
            f"the pairwise correlations contradict one another in {impossible} of {total} bootstrap replicates: "
            "use missing='listwise', or impute."
        )
    if flat > _MAX_CONSTANT_OUTCOME * total:
        raise NotEstimable(
            f"the outcome '{outcome}' takes one single value in {flat} of {total} bootstrap replicates: "
            "too few units differ on it."
        )
    return _stack(parts)


def _wants_influence(moments: UnitMoments, asked: bool | None) -> bool:
    """Whether influences are computed: as asked, and by default where an interval is the better for them."""
    if asked is not None:
        return asked
    if moments.rows is None or moments.n_units < _ROWS_ALIKE:
        return True
    weights = moments.weight_sums
    for column in moments.rows.T:
        share = weights * (column - np.average(column, weights=weights)) ** 2
        # The number of equal rows whose squares would spread as much.
        if share.sum() ** 2 < _ROWS_CARRY * (share**2).sum():
            return True
    return False


def importance_from_counts(
    moments: UnitMoments | PairwiseMoments,
    counts: Iterable[NDArray[np.int32]],
    *,
    outcome: str,
    players: Mapping[str, Sequence[str]],
    covariates: Sequence[str] = (),
    methods: Sequence[str] = ("lmg",),
) -> dict[str, FloatArray]:
    """Importance [B, P] per method on replicates given by their unit counts (an iterable of chunks [b, U]).

    Raises
    ------
    NotEstimable
        The outcome does not vary in more than 1 % of the replicates (in rarer ones its importances are zero, as there
        is nothing to explain), or pairwise correlations contradict one another in as many (rarer ones are left out).
    """
    place = {name: index for index, name in enumerate(moments.columns)}
    measure = partial(
        importance_metrics,
        methods=methods,
        players=[[place[name] for name in names] for names in players.values()],
        covariates=[place[name] for name in covariates],
        outcome=place[outcome],
    )
    return replicated(moments, counts, outcome=outcome, measure=measure)


def importance_replicates(
    data: pd.DataFrame | UnitMoments | PairwiseMoments,
    *,
    outcome: str,
    drivers: Iterable[str],
    weights: str | None = None,
    cluster: str | None = None,
    blocks: Mapping[str, str] | None = None,
    covariates: Iterable[str] | None = None,
    methods: Iterable[str] = ("lmg",),
    missing: Missing = "listwise",
    n_boot: int = 2000,
    seed: int,
    n_orders: int = N_ORDERS,
    influence: bool | None = None,
) -> ImportanceReplicates:
    """Importance on the data and on its bootstrap replicates, unsummarised.

    Use it for a statistic of the importances that `relative_importance` and `importance_differences` lack. The
    parameters are those of `relative_importance`; `influence` says whether to compute influences (and, with few units,
    the jackknife): by default where an interval is the better for it, so not for 1,000 or more single rows that are
    alike; True for BCa intervals of those, False where only the replicates are wanted; with ``n_boot=0`` there
    are no replicates.

    Returns
    -------
    ImportanceReplicates

    Raises
    ------
    ValueError
        As `relative_importance`.
    """
    check_whole("n_boot", n_boot, least=0)
    check_whole("seed", seed, least=0)
    methods = method_list(methods)
    roles = read_roles(outcome, drivers, covariates, blocks)
    check_methods(methods, roles.players)
    columns, single_rows = roles.columns, False
    if isinstance(data, (UnitMoments, PairwiseMoments)):
        if weights is not None or cluster is not None:
            raise ValueError(
                "weights and cluster are already in the moments: give them to unit_moments instead."
            )
        if missing == "pairwise" and isinstance(data, UnitMoments):
            raise ValueError(
                "these moments are listwise already: give missing='pairwise' to unit_moments instead."
            )
        moments = data.select(columns)
    elif n_boot == 0 and cluster is None:
        moments = total_moments(data, columns=columns, weights=weights, missing=missing)
        single_rows = True
    else:
        moments = unit_moments(data, columns=columns, weights=weights, cluster=cluster, missing=missing)
    without = check_moments(moments, roles=roles, methods=methods, cluster=cluster, resampled=n_boot > 0)
    if influence and isinstance(moments, PairwiseMoments):
        raise ValueError(
            "influences, and BCa intervals with them, need rows that are complete: use missing='listwise', or "
            "another interval."
        )
    players = {
        player: [name for name in names if name not in without] for player, names in roles.players.items()
    }
    others = [name for name in roles.covariates if name not in without]
    place = {name: index for index, name in enumerate(columns)}
    inside = {player: [place[name] for name in names] for player, names in players.items()}
    outside = [place[name] for name in others]
    whole = moments.correlations()
    exact = [method for method in methods if method != SAMPLED]
    sampler = OrderSample(whole, inside, outside, n_orders, seed) if SAMPLED in methods else None

    def measure(correlations: FloatArray, sampled: Sampled | None) -> dict[str, FloatArray]:
        values = {}
        if exact:
            values = importance_metrics(
                correlations, methods=exact, players=list(inside.values()), covariates=outside
            )
        if sampled is not None:
            values[SAMPLED] = sampled(correlations)
        return {method: values[method] for method in methods}

    estimate = measure(whole, None if sampler is None else lambda _: sampler.estimate)
    counts = count_chunks(
        moments.n_units,
        n_boot=n_boot,
        seed=seed,
        max_cells=max(_COUNT_CELLS, _LEAST_TOGETHER * moments.n_units),
    )
    return ImportanceReplicates(
        drivers=tuple(players),
        estimate={method: values[0] for method, values in estimate.items()},
        replicates=replicated(
            moments,
            counts,
            outcome=roles.outcome,
            measure=partial(measure, sampled=None if sampler is None else sampler.replicates),
        )
        if n_boot
        else {method: values[:0] for method, values in estimate.items()},
        influence=importance_influence(
            moments, outcome=roles.outcome, players=players, covariates=others, methods=exact
        )
        if isinstance(moments, UnitMoments) and n_boot and exact and _wants_influence(moments, influence)
        else None,
        jackknife=_stack(
            [measure(part, None if sampler is None else sampler.left_out) for part in moments.leave_one_out()]
        )
        if n_boot and moments.n_units < FEW_UNITS and influence is not False
        else None,
        r_squared=float(explained_variance(whole, predictors=range(1, len(columns)))[0]),
        n=moments.n_rows,
        n_units=int(moments.n.sum()) if single_rows else moments.n_units,
        n_excluded=moments.n_excluded,
        members=tuple(name for names in roles.players.values() for name in names),
        sampling_error={} if sampler is None else {SAMPLED: sampler.error[0]},
    )
