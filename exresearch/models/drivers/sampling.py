"""Importance of more drivers than all subsets allow: LMG over a sample of orders, with its error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from exresearch.models.drivers.doubling import DEPENDENT
from exresearch.models.drivers.metrics import partial_out
from exresearch.models.names import name_order
from exresearch.models.resampling import is_whole

FloatArray = NDArray[np.float64]
Orders = NDArray[np.intp]

#: LMG over a sample of orders: not a function of a correlation matrix alone, so it stands apart from `METHODS`.
SAMPLED = "lmg_sampled"
#: Orders that are drawn unless told: with 30 drivers, a tenth of a second and an error of about half a percent of R2.
N_ORDERS = 10_000

# Orders in a replicate; see `OrderSample`.
_REPLICATE_ORDERS = 100
# Doubles of working space per block of orders (1.6 MB).
_BLOCK_CELLS = 200_000


def check_orders(n_orders: int) -> None:
    """Raise ValueError unless `n_orders` is an even number of at least 100."""
    if not is_whole(n_orders) or n_orders < 100 or n_orders % 2:
        raise ValueError(
            f"n_orders must be an even number of at least 100 (every order goes with its reverse), got {n_orders!r}."
        )


def draw_orders(players: int, *, n_orders: int, seed: int) -> Orders:
    """Random orders of entry [n_orders, players], each followed by its reverse."""
    check_orders(n_orders)
    rng = np.random.default_rng([seed, players])
    drawn = rng.permuted(np.tile(np.arange(players), (n_orders // 2, 1)), axis=1)
    return np.stack([drawn, drawn[:, ::-1]], axis=1).reshape(n_orders, players)


def _gains(matrix: FloatArray, columns: Orders) -> FloatArray:
    """Gain in explained variance [N, K] of each column of `matrix`, entered in each order of `columns`.

    The last row of a Cholesky factor with the outcome (column 0 of `matrix`) at the end holds their roots.
    """
    order = np.concatenate([columns, np.zeros((len(columns), 1), dtype=np.intp)], axis=1)
    ordered = matrix.ravel().take(order[:, :, None] * len(matrix) + order[:, None, :])
    try:
        factor = np.linalg.cholesky(ordered)
        independent = bool(np.einsum("nkk->nk", factor)[:, :-1].min() ** 2 > DEPENDENT)
    except np.linalg.LinAlgError:
        independent = False
    entered = factor[:, -1, :-1] ** 2 if independent else _gains_of_dependent(ordered)
    gains = np.empty(columns.shape)
    np.put_along_axis(gains, columns - 1, entered, axis=1)
    return gains


def _gains_of_dependent(ordered: FloatArray) -> FloatArray:
    """The same where a column is a combination of others and adds nothing after them, or nothing is left."""
    gains = np.empty((len(ordered), ordered.shape[1] - 1))
    rest = ordered
    for step in range(gains.shape[1]):
        pivot, lead = rest[:, 0, 0], rest[:, 0, 1:]
        scaled = lead * np.divide(1.0, pivot, out=np.zeros_like(pivot), where=pivot > DEPENDENT)[:, None]
        gains[:, step] = scaled[:, -1] * lead[:, -1]
        rest = rest[:, 1:, 1:] - scaled[:, :, None] * lead[:, None, :]
    return gains


def lmg_sampled(
    correlations: FloatArray,
    *,
    players: Sequence[Sequence[int]],
    orders: Orders,
    covariates: Sequence[int] = (),
    outcome: int = 0,
) -> tuple[FloatArray, FloatArray]:
    """LMG over a sample of orders of entry, and the Monte Carlo error of it.

    Use it for more players than `lmg` takes, where blocks are not wanted; the error falls with the root of the number
    of orders.

    Parameters
    ----------
    correlations : array [B, q, q]
        Correlation matrices, outcome included.
    players, covariates, outcome
        As in `subset_r2`.
    orders : array [N, P]
        Orders of the players from `draw_orders`: pairs of an order and its reverse.

    Returns
    -------
    (values, sampling_error) : two ndarrays [B, P]
        Mean gain over the orders, which sums to the R-squared beyond the covariates in any sample; and the standard
        error of that mean over the drawn orders, from the spread between pairs.

    Notes
    -----
    A driver that enters late in one order enters early in its reverse, so that the mean of a pair varies less than
    that of two independent orders (antithetic sampling): Mitchell, Cooper, Frank & Holmes (2022), Sampling
    permutations for Shapley value estimation, Journal of Machine Learning Research 23(43).

    Examples
    --------
    >>> r = np.array([[[1.0, 0.5, 0.4], [0.5, 1.0, 0.0], [0.4, 0.0, 1.0]]])
    >>> values, error = lmg_sampled(r, players=[[1], [2]], orders=draw_orders(2, n_orders=100, seed=1))
    >>> values.round(2).tolist(), error.round(2).tolist()
    ([[0.25, 0.16]], [[0.0, 0.0]])
    """
    values, error = np.empty((len(correlations), len(players))), np.empty((len(correlations), len(players)))
    sampled = pair_gains(correlations, players=players, orders=orders, covariates=covariates, outcome=outcome)
    for replicate, pairs in enumerate(sampled):
        values[replicate] = pairs.mean(axis=0)
        error[replicate] = pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))
    return values, error


def pair_gains(
    correlations: FloatArray,
    *,
    players: Sequence[Sequence[int]],
    orders: Orders,
    covariates: Sequence[int] = (),
    outcome: int = 0,
) -> Iterator[FloatArray]:
    """Mean gain [N / 2, P] of each player in each order and its reverse, per matrix; parameters as in `lmg_sampled`."""
    columns = [column for player in players for column in player]
    residual = partial_out(correlations, covariates=covariates, keep=[outcome, *columns])
    sizes = np.array([len(player) for player in players])
    starts = np.cumsum(sizes) - sizes
    # Every player of every order, once per column of it, and which of its columns that is.
    player = np.repeat(orders.ravel(), times := sizes[orders.ravel()])
    within = np.arange(len(player)) - np.repeat(np.cumsum(times) - times, times)
    entered = (starts[player] + within + 1).reshape(len(orders), -1)
    step = max(2, _BLOCK_CELLS // (len(columns) + 1) ** 2 // 2 * 2)
    for matrix in residual:
        gains = np.concatenate(
            [_gains(matrix, entered[first : first + step]) for first in range(0, len(entered), step)]
        )
        yield np.add.reduceat(gains, starts, axis=1).reshape(-1, 2, len(players)).mean(axis=1)


class OrderSample:
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
        by_name = sorted(players, key=name_order)
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
        # In one thread, as the sum in `replicates`: the same bytes on any machine.
        values, vectors = eigh(covariance, driver="ev")
        self._root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
        self._rng = np.random.default_rng([seed, len(players), 1])
        self._missed = self.estimate - self._values(whole)

    def left_out(self, correlations: FloatArray) -> FloatArray:
        """LMG [B, P] with units left out, over the few orders, with what these miss on the data."""
        return np.asarray(np.maximum(self._values(correlations) + self._missed, 0.0))

    def replicates(self, correlations: FloatArray) -> FloatArray:
        """LMG [B, P] of replicates, each with a draw of the error of the sample of orders."""
        drawn = self._rng.standard_normal((len(correlations), len(self._place)))
        error = np.einsum("bi,ij->bj", drawn, self._root)[:, self._place]
        # The gains of any order sum to R-squared; the root only does so nearly.
        error -= error.mean(axis=1, keepdims=True)
        return np.asarray(np.maximum(self._values(correlations) + self._missed + error, 0.0))

    def _values(self, correlations: FloatArray) -> FloatArray:
        return lmg_sampled(
            correlations, players=self._players, orders=self._few, covariates=self._covariates
        )[0][:, self._place]
