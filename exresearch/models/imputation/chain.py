"""Chained equations with predictive mean matching: each missing answer is borrowed from somebody alike."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.columns import check_columns, numeric_columns
from exresearch.models.imputation.matching import nearest
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]

# Added to the diagonal of the standardised cross-products, per row: copies and constant columns do no harm.
_RIDGE = 1e-5
# So many rows hold a near one for everybody; which of them may lend is drawn anew each time.
_MOST_LENDERS = 10_000


def imputations(
    frame: pd.DataFrame,
    *,
    columns: Sequence[str],
    n_imputations: int,
    seed: int,
    auxiliary: Sequence[str] = (),
    cluster: str | None = None,
    burn_in: int = 10,
    between: int = 3,
    donors: int = 5,
) -> Iterator[pd.DataFrame]:
    """Complete the missing answers several times, each time with other plausible ones.

    Use it where answers are missing at random given the answers that are there, and pool what is computed on the
    completed data with `pool_imputations`. Every borrowed value is an answer that somebody gave.

    Parameters
    ----------
    frame : DataFrame
        One row per answer sheet.
    columns : sequence of str
        Numeric columns to complete: everything in the model that follows, its outcome too.
    n_imputations : int
        Completed data sets, 1 or more; 20 or more for a printed interval.
    seed : int
        Seed of all draws.
    auxiliary : sequence of str
        More numeric columns that help to predict; they are completed for that purpose and not returned.
    cluster : str, optional
        Column with the group of each row, without gaps; the parameters of the imputation model then vary from draw to
        draw as much as groups of rows make them vary.
    burn_in, between : int
        Rounds over all columns before the first completed data set (0 or more), and up to each next one (1 or more).
    donors : int
        How many of the rows with the nearest predictions may lend their answer, 1 or more.

    Yields
    ------
    DataFrame
        `columns`, complete, in the order of the rows of `frame`. The order of rows and columns changes nothing.

    Raises
    ------
    ValueError
        Columns that are missing, named twice, not numeric or infinite; a cluster with gaps; a count out of range.
    NotEstimable
        A column has no value at all.

    Notes
    -----
    For each column in turn, from the one with the fewest gaps, over the rows with a value: b is its least-squares
    regression on all other columns, and b* = b + s (X'X)^-1 sum_g z_g X_g'e_g with z_g standard normal, a draw whose
    covariance is the sandwich (over clusters, CR1; over rows, HC1). A row with a gap takes the value of one of the
    `donors` rows whose X b lies nearest to its X b* (matching of type 1, as in R's `mice`, since matching both by b*
    may leave out the uncertainty of b). Rows that are as near as the last of these may lend as well: on answer scales
    many rows have the same prediction, and none of them comes first.

    It does what statsmodels' `MICEData` does, which takes twenty times as long on 25,000 rows by 14 columns, knows no
    clusters and matches both by b*; tests hold the two against each other.

    References
    ----------
    van Buuren (2018), Flexible Imputation of Missing Data, sections 3.4 and 4.5, doi:10.1201/9780429492259; White,
    Royston & Wood (2011), doi:10.1002/sim.4067; Morris, White & Royston (2014), doi:10.1186/1471-2288-14-75

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame(rng.integers(1, 8, size=(50, 3)).astype(float), columns=["enps", "needs", "pay"])
    >>> data.loc[:9, "needs"] = np.nan
    >>> sets = list(imputations(data, columns=["enps", "needs"], auxiliary=["pay"], n_imputations=2, seed=1))
    >>> [(list(done.columns), int(done.isna().sum().sum())) for done in sets]
    [(['enps', 'needs'], 0), (['enps', 'needs'], 0)]
    """
    least = {"n_imputations": 1, "seed": 0, "burn_in": 0, "between": 1, "donors": 1}
    given = {"n_imputations": n_imputations, "seed": seed, "donors": donors}
    given |= {"burn_in": burn_in, "between": between}
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least[name]:
            raise ValueError(f"{name} must be an integer of {least[name]} or more, got {value!r}.")
    everything = [*columns, *auxiliary]
    if not columns:
        raise ValueError("columns must name at least one column, got none.")
    check_columns(frame, numeric=everything, other=() if cluster is None else (cluster,))
    if cluster is not None and frame[cluster].isna().any():
        raise ValueError(
            f"cluster column '{cluster}' has {int(frame[cluster].isna().sum())} gaps: give these rows a group of their "
            "own."
        )
    empty = [name for name in everything if frame[name].isna().all()]
    if empty:
        raise NotEstimable(f"columns {empty} hold no value at all: leave them out.")
    return _completed(frame, list(columns), everything, cluster, given)


def _completed(
    frame: pd.DataFrame, columns: list[str], everything: list[str], cluster: str | None, given: dict[str, int]
) -> Iterator[pd.DataFrame]:
    # An order of their own, so that neither row nor column order of the file reaches the draws.
    names = sorted(everything)
    values = numeric_columns(frame, names)
    labels = np.zeros(len(frame)) if cluster is None else pd.factorize(frame[cluster], sort=True)[0]
    order = np.lexsort([labels, *values.T[::-1]])
    groups = None if cluster is None else pd.factorize(labels[order])[0]
    chain = _Chain.start(values[order], groups, donors=given["donors"], seed=given["seed"])
    back = chain.stored[np.argsort(order)]
    place = [names.index(name) for name in columns]
    rounds = given["burn_in"]
    for _ in range(given["n_imputations"]):
        rounds += given["between"]
        for _ in range(rounds):
            chain.round()
        rounds = 0
        done = np.empty((len(place), len(back)))
        for column, j in zip(done, place, strict=True):
            chain.answers[j].take(back, out=column)
        yield pd.DataFrame(done.T, columns=columns, index=frame.index, copy=False)


@dataclass(frozen=True, slots=True)
class _Gaps:
    """Where a column is missing and where not, in the order of the rows, as places in which the rows are stored."""

    rows: IndexArray
    filled: IndexArray
    others: IndexArray
    # The groups of these rows; and their order by group, where each group begins in it, and which groups these are.
    labels: IndexArray
    by_group: IndexArray
    starts: IndexArray
    found: IndexArray


@dataclass(slots=True)
class _Chain:
    """The state of the chain: the completed answers by column, also standardised with a constant in front."""

    answers: FloatArray
    design: FloatArray
    # The same, column by column: passes over all rows are quicker there, and single rows in the other.
    across: FloatArray
    # By column, those with the fewest gaps first.
    gaps: dict[int, _Gaps]
    # Where each group begins: rows are stored group by group.
    bounds: IndexArray | None
    # Where each row is stored.
    stored: IndexArray
    donors: int
    rng: np.random.Generator

    @classmethod
    def start(cls, values: FloatArray, groups: IndexArray | None, *, donors: int, seed: int) -> _Chain:
        """Fill every gap with an answer drawn from the same column."""
        rng = np.random.default_rng(seed)
        missing = np.isnan(values)
        answers = values.copy()
        centre, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
        labels = np.zeros(len(values), dtype=np.intp) if groups is None else groups
        bounds = None if groups is None else np.append(0, np.bincount(groups).cumsum())
        by_group = np.argsort(labels, kind="stable")
        stored = np.empty_like(by_group)
        stored[by_group] = np.arange(len(by_group))
        gaps = {}
        for j in map(int, np.argsort(missing.sum(axis=0), kind="stable")):
            if not missing[:, j].any():
                continue
            rows, filled = np.flatnonzero(missing[:, j]), np.flatnonzero(~missing[:, j])
            answers[rows, j] = values[rng.choice(filled, size=len(rows)), j]
            order = np.argsort(labels[rows], kind="stable")
            found, starts = np.unique(labels[rows][order], return_index=True)
            others = np.delete(np.arange(values.shape[1] + 1), j + 1)
            gaps[j] = _Gaps(stored[rows], stored[filled], others, labels[rows], order, starts, found)
        standard = (answers - centre) / np.where(spread > 0.0, spread, 1.0)
        design = np.column_stack([np.ones(len(values)), standard])[by_group]
        return cls(
            answers=np.ascontiguousarray(answers[by_group].T),
            design=design,
            across=np.ascontiguousarray(design.T),
            gaps=gaps,
            bounds=bounds,
            stored=stored,
            donors=donors,
            rng=rng,
        )

    def round(self) -> None:
        """Draw every gap anew, column by column."""
        # Computed anew each time: changes of the sums would gather rounding.
        blocks = None if self.bounds is None else self._blocks(self.bounds)
        sums = self.design.T @ self.design if blocks is None else blocks.sum(axis=0)
        for j, gaps in self.gaps.items():
            self._redraw(j, gaps, sums, blocks)

    def _blocks(self, bounds: IndexArray) -> FloatArray:
        """The cross-products of each group [G, q, q]."""
        size = self.design.shape[1]
        blocks = np.empty((len(bounds) - 1, size, size))
        for products, (first, last) in zip(blocks, itertools.pairwise(bounds), strict=True):
            block = self.design[first:last]
            np.matmul(block.T, block, out=products)
        return blocks

    def _redraw(self, j: int, gaps: _Gaps, sums: FloatArray, blocks: FloatArray | None) -> None:
        column, rows, others = j + 1, gaps.rows, gaps.others
        guessed = self.design.take(rows, axis=0)
        known = sums - guessed.T @ guessed
        cross = known[others[:, None], others]
        cross.flat[:: len(cross) + 1] += _RIDGE * len(self.design)
        coefficients = np.zeros(len(sums))
        coefficients[others] = np.linalg.solve(cross, known[others, column])
        normal = self.rng.standard_normal(len(self.design) if blocks is None else len(blocks))
        scores = self._signed_scores(column, gaps, guessed, coefficients, normal, blocks)
        drawn = coefficients.copy()
        scale = math.sqrt(self._small_sample(len(gaps.filled), len(others)))
        drawn[others] += scale * np.linalg.solve(cross, scores[others])
        lends = np.arange(len(gaps.filled))
        if len(lends) > _MOST_LENDERS:
            lends = self.rng.choice(len(lends), size=_MOST_LENDERS, replace=False)
        predicted = (coefficients @ self.across).take(gaps.filled.take(lends))
        lender = nearest(predicted, guessed @ drawn, lends, donors=self.donors, rng=self.rng)
        lender = gaps.filled.take(lender)
        self.answers[j][rows] = self.answers[j].take(lender)
        before, now = guessed[:, column].copy(), self.across[column].take(lender)
        self.design[rows, column] = self.across[column][rows] = guessed[:, column] = now
        # Of the products only those with this column change; its square by (new - old) (new + old).
        apart = now - before
        change = guessed * apart[:, None]
        change[:, column] = apart * (now + before)
        if blocks is None:
            _shift(sums, ..., column, change.sum(axis=0))
            return
        change = np.add.reduceat(change.take(gaps.by_group, axis=0), gaps.starts, axis=0)
        _shift(sums, ..., column, change.sum(axis=0))
        _shift(blocks, gaps.found, column, change)

    def _signed_scores(
        self,
        column: int,
        gaps: _Gaps,
        guessed: FloatArray,
        coefficients: FloatArray,
        normal: FloatArray,
        blocks: FloatArray | None,
    ) -> FloatArray:
        """sum_g z_g X_g'e_g over the rows with a value; of groups from their cross-products, without a pass."""
        contrast = -coefficients
        contrast[column] = 1.0
        if blocks is None:
            signed = (contrast @ self.across) * normal
            signed[gaps.rows] = 0.0
            return np.asarray(self.across @ signed)
        products = (normal @ blocks.reshape(len(blocks), -1)).reshape(blocks.shape[1:])
        gap = guessed.T @ ((guessed @ contrast) * normal.take(gaps.labels))
        return np.asarray(products @ contrast - gap)

    def _small_sample(self, n: int, size: int) -> float:
        """Correction of the sandwich for few rows (HC1), or few clusters (CR1)."""
        left = max(n - size, 1)
        if self.bounds is None:
            return n / left
        n_groups = len(self.bounds) - 1
        return n_groups / max(n_groups - 1, 1) * max(n - 1, 1) / left


def _shift(products: FloatArray, which: Any, column: int, change: FloatArray) -> None:
    """Add to the products with one column, in the matrices that are named: [which, q, q], change [which, q]."""
    products[which, :, column] += change
    change[..., column] = 0.0
    products[which, column, :] += change
