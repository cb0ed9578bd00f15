"""Counts of the bootstrap: exactly multinomial, the same for a seed whatever the size of the chunks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from exresearch.models import bootstrap_counts
from exresearch.models.resampling import _poisson_table, count_chunks


@pytest.mark.parametrize("n_units", [1, 2, 9, 10, 30, 257, 5000])
def test_every_replicate_has_as_many_draws_as_units(n_units: int) -> None:
    counts = bootstrap_counts(n_units, n_boot=300, seed=2)
    assert counts.dtype == np.int32
    assert counts.min() >= 0
    assert (counts.sum(axis=1) == n_units).all()


@pytest.mark.parametrize("max_cells", [1, 12_345, 400_000, 20_000_000])
def test_chunks_change_nothing(max_cells: int) -> None:
    counts = bootstrap_counts(3001, n_boot=900, seed=7)
    chunks = list(count_chunks(3001, n_boot=900, seed=7, max_cells=max_cells))
    assert max(chunk.size for chunk in chunks) <= max(max_cells, 3001)
    assert (np.concatenate(chunks) == counts).all()
    # More replicates begin with the same ones.
    assert (bootstrap_counts(3001, n_boot=1000, seed=7)[:900] == counts).all()


def chi_square(observed: np.ndarray, probability: np.ndarray) -> float:
    expected = probability * observed.sum()
    often = expected > 5
    return float(
        stats.chisquare(
            np.append(observed[often], observed[~often].sum()),
            np.append(expected[often], expected[~often].sum()),
        ).pvalue
    )


@pytest.mark.parametrize("n_units", [12, 40, 400])
def test_counts_are_multinomial(n_units: int) -> None:
    counts = bootstrap_counts(n_units, n_boot=40_000, seed=11)
    sizes = np.arange(n_units + 1)
    for unit in (0, n_units - 1):
        observed = np.bincount(counts[:, unit], minlength=n_units + 1)
        assert chi_square(observed, stats.binom.pmf(sizes, n_units, 1 / n_units)) > 1e-4
    # A set of units is binomial too, which holds only with the right dependence between units.
    some = n_units // 3
    observed = np.bincount(counts[:, :some].sum(axis=1), minlength=n_units + 1)
    assert chi_square(observed, stats.binom.pmf(sizes, n_units, some / n_units)) > 1e-4
    # Replicates are independent of one another.
    assert abs(np.corrcoef(counts[:-1, 0], counts[1:, 0])[0, 1]) < 0.02


def test_the_table_settles_what_sixteen_bits_settle() -> None:
    below, table = _poisson_table(0.97)
    edges = np.arange(2**16 + 1) / 2**16
    assert below[:8] == pytest.approx(stats.poisson.cdf(np.arange(8), 0.97), abs=1e-15)
    for count in range(6):
        inside = np.flatnonzero(table == count)
        assert (edges[inside] >= (below[count - 1] if count else 0.0)).all()
        assert (edges[inside + 1] <= below[count]).all()
    assert 5 < (table < 0).sum() < 15
