"""Importance on the data, on bootstrap replicates and with each unit left out: what every summary starts from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import eigh

from exresearch.models.drivers.influence import importance_influence
from exresearch.models.drivers.metrics import explained_variance, importance_metrics
from exresearch.models.drivers.preconditions import SINGULAR, check_methods, check_moments, check_names
from exresearch.models.drivers.sampling import N_ORDERS, SAMPLED, draw_orders, lmg_sampled, pair_gains
from exresearch.models.expanded import FEW_UNITS
from exresearch.models.moments.accumulate import Missing, unit_moments
from exresearch.models.moments.pairwise import PairwiseMoments
from exresearch.models.moments.unit import UnitMoments
from exresearch.models.resampling import NotEstimable, count_chunks

FloatArray = NDArray[np.float64]
Measure = Callable[[FloatArray], dict[str, FloatArray]]
Sampled = Callable[[FloatArray], FloatArray]

# A tenth of the smallest tail of a 95 % interval: rarer replicates without variance cannot move a limit much.
_MAX_CONSTANT_OUTCOME = 0.01
# From this many rows on U - 1 degrees of freedom are as good as infinitely many, where at least so many rows carry the
# variance of each column: not for a driver that eight in a thousand have, nor for weights that a few rows share.
_ROWS_ALIKE, _ROWS_CARRY = 1000, 100
# Orders in a replicate of a sampled method; see `_Sampler`.
_REPLICATE_ORDERS = 100
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


def players_of(drivers: Sequence[str], blocks: Mapping[str, str] | None) -> dict[str, list[str]]:
    """Player name to its drivers, in the order of the drivers; a driver without a block is its own player."""
    players: dict[str, list[str]] = {}
    for name in drivers:
        players.setdefault(blocks.get(name, name) if blocks else name, []).append(name)
    return players


def _stack(parts: list[dict[str, FloatArray]]) -> dict[str, FloatArray]:
    return {method: np.concatenate([part[method] for part in parts]) for method in parts[0]}


class _Sampler:
    """LMG over sampled orders, of the data and of their replicates.

    All replicates use the same orders, a few of those of the estimate, so that the draw of orders adds next to
    nothing to the differences between replicates; what those few orders miss on the data is added back. The estimate
    itself rests on a sample of orders too: every replicate gets a draw of that error, so that intervals know of it.
    """

    def __init__(
        self,
        whole: FloatArray,
        players: dict[str, list[int]],
        covariates: list[int],
        n_orders: int,
        seed: int,
    ) -> None:
        # Orders are drawn over names, so that the order in which drivers are given changes nothing.
        by_name = sorted(players)
        self._place = [by_name.index(name) for name in players]
        self._players = [players[name] for name in by_name]
        self._covariates = covariates
        orders = draw_orders(len(players), n_orders=n_orders, seed=seed)
        self._few = orders[:_REPLICATE_ORDERS]
        (pairs,) = pair_gains(whole, players=self._players, orders=orders, covariates=self._covariates)
        self.estimate = pairs.mean(axis=0)[None, self._place]
        # The covariance of the mean over the drawn orders.
        covariance = np.atleast_2d(np.cov(pairs, rowvar=False)) / len(pairs)
        self.error = np.sqrt(np.diag(covariance))[None, self._place]
        values, vectors = eigh(
            covariance, driver="ev"
        )  # one thread, as the sum below: the same bytes on any machine
        self._root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
        self._rng = np.random.default_rng([seed, len(players), 1])
        self._missed = self.estimate - self._values(whole)

    def left_out(self, correlations: FloatArray) -> FloatArray:
        return np.asarray(np.maximum(self._values(correlations) + self._missed, 0.0))

    def replicates(self, correlations: FloatArray) -> FloatArray:
        drawn = self._rng.standard_normal((len(correlations), len(self._place)))
        error = np.einsum("bi,ij->bj", drawn, self._root)[:, self._place]
        error -= error.mean(
            axis=1, keepdims=True
        )  # the gains of any order sum to R2; the root only does so nearly
        return np.asarray(np.maximum(self._values(correlations) + self._missed + error, 0.0))

    def _values(self, correlations: FloatArray) -> FloatArray:
        return lmg_sampled(
            correlations, players=self._players, orders=self._few, covariates=self._covariates
        )[0][:, self._place]


def _replicated(
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
    return _replicated(moments, counts, outcome=outcome, measure=measure)


def importance_replicates(
    data: pd.DataFrame | UnitMoments | PairwiseMoments,
    *,
    outcome: str,
    drivers: Sequence[str],
    weights: str | None = None,
    cluster: str | None = None,
    blocks: Mapping[str, str] | None = None,
    covariates: Sequence[str] | None = None,
    methods: Sequence[str] = ("lmg",),
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
    covariates = covariates if covariates is not None else ()
    check_names(outcome, drivers, covariates, blocks, methods)
    players = players_of(drivers, blocks)
    check_methods(methods, players)
    columns = [outcome, *drivers, *covariates]
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
    else:
        moments = unit_moments(data, columns=columns, weights=weights, cluster=cluster, missing=missing)
    check_moments(
        moments,
        outcome=outcome,
        predictors=columns[1:],
        drivers=drivers,
        cluster=cluster,
        resampled=n_boot > 0,
    )
    if influence and isinstance(moments, PairwiseMoments):
        raise ValueError(
            "influences, and BCa intervals with them, need rows that are complete: use missing='listwise', or "
            "another interval."
        )
    place = {name: index for index, name in enumerate(columns)}
    inside = {player: [place[name] for name in names] for player, names in players.items()}
    outside = [place[name] for name in covariates]
    whole = moments.correlations()
    exact = [method for method in methods if method != SAMPLED]
    sampler = _Sampler(whole, inside, outside, n_orders, seed) if SAMPLED in methods else None

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
        replicates=_replicated(
            moments,
            counts,
            outcome=outcome,
            measure=partial(measure, sampled=None if sampler is None else sampler.replicates),
        )
        if n_boot
        else {method: values[:0] for method, values in estimate.items()},
        influence=importance_influence(
            moments, outcome=outcome, players=players, covariates=covariates, methods=exact
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
        n_units=moments.n_units,
        n_excluded=moments.n_excluded,
        members=tuple(name for names in players.values() for name in names),
        sampling_error={} if sampler is None else {SAMPLED: sampler.error[0]},
    )
