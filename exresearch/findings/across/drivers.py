"""Pooled drivers: importances of the same constructs over clients, from contributed moments and never from rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit
from scipy.stats import rankdata

from exresearch.findings.across.clients import ClientReport
from exresearch.findings.across.contribution import DriverMoments
from exresearch.findings.across.hypothesis import LEAST_CLIENTS, TEST
from exresearch.findings.note import Note
from exresearch.models.drivers import lmg
from exresearch.models.pooling import PooledEstimate, pool_estimates
from exresearch.models.relations import SINGULAR

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PooledDriver:
    """One driver over clients.

    Attributes
    ----------
    construct : str
    label : dict of str to str
    block : str or None
    shares : tuple of float
        Importance (LMG, share of the outcome's variance) in each client, in the order of the pool.
    mean : PooledEstimate
        Random-effects mean of these.
    together, together_low, together_high : float
        Importance in all answers together, differences of level between clients taken out; interval by leaving out
        each client in turn.
    ranks : tuple of int
        Rank in each client.
    rank : int
        Rank of the random-effects mean.
    """

    construct: str
    label: dict[str, str]
    block: str | None
    shares: tuple[float, ...]
    mean: PooledEstimate
    together: float
    together_low: float
    together_high: float
    ranks: tuple[int, ...]
    rank: int


@dataclass(frozen=True, slots=True)
class PooledDrivers:
    """Drivers over clients, or why there are none.

    Attributes
    ----------
    clients : tuple of int
        Positions of the clients in the pool.
    drivers : tuple of PooledDriver
        The most important first; empty where nothing can be pooled.
    left_out : tuple of (int, Note)
        Other clients, with the reason.
    reason : Note or None
        Why nothing is pooled.
    """

    clients: tuple[int, ...]
    drivers: tuple[PooledDriver, ...]
    left_out: tuple[tuple[int, Note], ...]
    reason: Note | None = None


@dataclass(frozen=True, slots=True)
class RankedDriver:
    """Ranks of one driver in the findings of clients, by its label; None where a client does not have it."""

    label: dict[str, str]
    ranks: tuple[int | None, ...]


def pool_drivers(
    clients: Sequence[ClientReport], *, first: int | None = None, conf_level: float = 0.95
) -> PooledDrivers:
    """Pool the importance of drivers for the eNPS over the clients that contributed moments.

    Only clients with the same constructs as drivers are pooled: an importance is a share of what all drivers
    together explain. Two numbers are given for each driver: the random-effects mean of the clients' own importances,
    each with the standard error of its bootstrap, and the importance in the sum of all clients' matrices about
    their own means, where every answer counts alike.

    Parameters
    ----------
    clients : sequence of ClientReport
        All clients.
    first : int, optional
        The client that the comparison is for; decides between sets of constructs that are as large.
    conf_level : float
        Of all intervals.

    Returns
    -------
    PooledDrivers

    Notes
    -----
    The interval of the importance in all answers together is by the jackknife over clients: k times the whole minus
    (k - 1) times without one, Student's t on k - 1 degrees of freedom.
    """
    sets: dict[frozenset[tuple[str, str]], list[int]] = {}
    left: list[tuple[int, Note]] = []
    for position, client in enumerate(clients):
        if client.drivers is None:
            left.append((position, Note(message="It contributed no moments.")))
        else:
            sets.setdefault(_constructs(client.drivers), []).append(position)
    if not sets:
        return PooledDrivers((), (), tuple(left), _too_few(0, len(clients)))
    chosen = max(sets, key=lambda one: (len(sets[one]), first in sets[one], -min(sets[one])))
    chosen_clients = sets[chosen]
    for constructs, positions in sets.items():
        if constructs != chosen:
            message = "Its drivers are not the same constructs."
            left += [(position, Note(message=message)) for position in positions]
    left.sort(key=lambda one: one[0])
    if len(chosen_clients) < LEAST_CLIENTS:
        reason = _too_few(len(chosen_clients), len(clients))
        return PooledDrivers(tuple(chosen_clients), (), tuple(left), reason)
    found = [clients[position].drivers for position in chosen_clients]
    drivers = _pooled([one for one in found if one is not None], conf_level=conf_level)
    return PooledDrivers(tuple(chosen_clients), drivers, tuple(left))


def ranked_drivers(clients: Sequence[ClientReport]) -> tuple[RankedDriver, ...]:
    """Compare the ranks of drivers for the eNPS in the findings, by label; those that most clients have first.

    When to use it: where moments were not contributed, or the constructs differ. A rank is one among the drivers of its
    own client and says nothing of size.
    """
    found: dict[tuple[tuple[str, str], ...], dict[int, int]] = {}
    for position, client in enumerate(clients):
        finding = client.findings.get("employee-first")
        for driver in finding.drivers if finding is not None else ():
            if driver.outcome == "enps":
                found.setdefault(tuple(sorted(driver.label.items())), {})[position] = driver.rank
    rows = [
        RankedDriver(dict(label), tuple(ranks.get(position) for position in range(len(clients))))
        for label, ranks in found.items()
    ]
    return tuple(
        sorted(
            rows, key=lambda row: (sum(rank is None for rank in row.ranks), _mean_rank(row), str(row.label))
        )
    )


def _mean_rank(row: RankedDriver) -> float:
    known = [rank for rank in row.ranks if rank is not None]
    return sum(known) / len(known)


def _pooled(found: Sequence[DriverMoments], *, conf_level: float) -> tuple[PooledDriver, ...]:
    names = [driver.name for driver in found[0].drivers]
    orders = [[[d.name for d in one.drivers].index(name) for name in names] for one in found]
    shares = np.array([np.asarray(one.importance)[order] for one, order in zip(found, orders, strict=True)])
    errors = np.array([one.std_errors()[order] for one, order in zip(found, orders, strict=True)])
    # Sheets and not weights: the weights of a client say nothing beside those of another.
    matrices = np.array(
        [
            one.n * one.within()[np.ix_([0, *(at + 1 for at in order)], [0, *(at + 1 for at in order)])]
            for one, order in zip(found, orders, strict=True)
        ]
    )
    together = _lmg(matrices.sum(axis=0))
    k = len(found)
    without = np.array([_lmg(matrices.sum(axis=0) - matrix) for matrix in matrices])
    pseudo = k * together - (k - 1) * without
    reach = stdtrit(k - 1, (1.0 + conf_level) / 2.0) * pseudo.std(axis=0, ddof=1) / np.sqrt(k)
    ranks = np.array([rankdata(-row, method="min") for row in shares]).astype(int)
    means = [
        pool_estimates(shares[:, at], np.maximum(errors[:, at], SINGULAR), conf_level=conf_level, test=TEST)
        for at in range(len(names))
    ]
    overall = rankdata([-mean.estimate for mean in means], method="min").astype(int)
    drivers = [
        PooledDriver(
            construct=name,
            label=found[0].drivers[at].label,
            block=found[0].drivers[at].block,
            shares=tuple(float(value) for value in shares[:, at]),
            mean=means[at],
            together=float(together[at]),
            together_low=float(together[at] - reach[at]),
            together_high=float(together[at] + reach[at]),
            ranks=tuple(int(rank) for rank in ranks[:, at]),
            rank=int(overall[at]),
        )
        for at, name in enumerate(names)
    ]
    return tuple(sorted(drivers, key=lambda driver: (driver.rank, driver.construct)))


def _lmg(products: FloatArray) -> FloatArray:
    """Importance of each driver from centred sums of products, the outcome first."""
    spread = np.sqrt(np.diag(products))
    correlations = products / np.outer(spread, spread)
    return np.asarray(
        lmg(correlations[None], players=[[at] for at in range(1, len(spread))])[0], dtype="float64"
    )


def _constructs(found: DriverMoments) -> frozenset[tuple[str, str]]:
    return frozenset({("outcome", found.outcome.name)} | {("driver", d.name) for d in found.drivers})


def _too_few(n: int, clients: int) -> Note:
    message = (
        "Drivers are not pooled: {n:integer} of {all:integer} clients contributed moments of the same drivers, and a "
        "statement about clients takes at least {least:integer}."
    )
    return Note(message=message, values={"n": n, "all": clients, "least": LEAST_CLIENTS})
