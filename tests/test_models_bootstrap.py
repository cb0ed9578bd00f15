"""Bootstrap replicates and intervals against R's relaimpo and boot, and their agreement with the p value."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from exresearch.models import (
    bca_interval,
    bootstrap_counts,
    bootstrap_p_value,
    importance_influence,
    percentile_interval,
    rank_interval,
    regression_influence,
    relative_importance,
    unit_moments,
)
from exresearch.models.drivers import importance_from_counts
from exresearch.models.resampling import count_chunks

EXACT = 1e-10
# relaimpo's BCa takes the influences from a regression on 1,000 replicates, ours are exact derivatives.
BCA = 0.003

HERE = Path(__file__).parent / "reference"
REFERENCE = json.loads((HERE / "bootstrap.json").read_text(encoding="utf-8"))
SHARED = Path(__file__).parents[1].parent / "shared" / "reference" / "02_bootstrap"
DRIVERS = ["complaints", "privileges", "learning", "raises", "critical", "advance"]


def shared(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip(f"the shared reference table {name} is not here")
    return SHARED / name


@pytest.fixture(scope="module")
def attitude() -> pd.DataFrame:
    data = json.loads((HERE / "drivers.json").read_text(encoding="utf-8"))["data"]["attitude_w"]
    return pd.DataFrame(data).assign(row=range(30))


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    rows = np.loadtxt(shared("attitude_indices_1based.csv"), delimiter=",", dtype=int) - 1
    return np.array([np.bincount(row, minlength=30) for row in rows], dtype=np.int32)


@pytest.fixture(scope="module")
def replicates() -> np.ndarray:
    return pd.read_csv(shared("attitude_lmg_replicates.csv"))[DRIVERS].to_numpy()


def attitude_influence(attitude: pd.DataFrame) -> np.ndarray:
    moments = unit_moments(attitude, columns=["rating", *DRIVERS], cluster="row")
    return importance_influence(moments, outcome="rating", players={name: [name] for name in DRIVERS})["lmg"]


def test_every_replicate_is_relaimpo(
    attitude: pd.DataFrame, counts: np.ndarray, replicates: np.ndarray
) -> None:
    moments = unit_moments(attitude, columns=["rating", *DRIVERS], cluster="row")
    mine = importance_from_counts(
        moments, [counts[:600], counts[600:]], outcome="rating", players={name: [name] for name in DRIVERS}
    )["lmg"]
    assert_allclose(mine, replicates, rtol=0, atol=EXACT)


@pytest.mark.parametrize("level", ["0.9", "0.95"])
def test_intervals_are_those_of_r(
    attitude: pd.DataFrame, counts: np.ndarray, replicates: np.ndarray, level: str
) -> None:
    expected = REFERENCE["attitude"]
    estimate = np.array([expected["estimate"][name] for name in DRIVERS])
    limits = {
        kind: [np.array(list(expected[kind][level]["lmg"][end].values())) for end in ("lower", "upper")]
        for kind in ("perc", "bca")
    }
    mine = percentile_interval(replicates, conf_level=float(level))
    assert_allclose(mine, limits["perc"], rtol=0, atol=EXACT)
    # With R's own influences, and with exact ones.
    theirs = regression_influence(counts, replicates)
    mine = bca_interval(estimate, replicates, theirs, conf_level=float(level))
    assert_allclose(mine, limits["bca"], rtol=0, atol=EXACT)
    exact = attitude_influence(attitude)
    mine = bca_interval(estimate, replicates, exact, conf_level=float(level))
    assert_allclose(mine, limits["bca"], rtol=0, atol=BCA)


@pytest.mark.parametrize("level", ["0.9", "0.95"])
def test_differences_and_ranks_are_those_of_r(
    attitude: pd.DataFrame, counts: np.ndarray, replicates: np.ndarray, level: str
) -> None:
    expected = REFERENCE["attitude"]
    estimate = np.array([expected["estimate"][name] for name in DRIVERS])
    pairs = np.zeros((6, 15))
    for column, (i, j) in enumerate(combinations(range(6), 2)):
        pairs[i, column], pairs[j, column] = 1.0, -1.0
    bca = expected["bca"][level]["lmg.diff"]
    limits = [list(bca[end].values()) for end in ("lower", "upper")]
    theirs = regression_influence(counts, replicates @ pairs)
    mine = bca_interval(estimate @ pairs, replicates @ pairs, theirs, conf_level=float(level))
    assert_allclose(mine, limits, rtol=0, atol=EXACT)
    # R's method with other draws differs from itself by up to 0.013 here.
    exact = attitude_influence(attitude) @ pairs
    gap = np.abs(
        np.array(bca_interval(estimate @ pairs, replicates @ pairs, exact, conf_level=float(level))) - limits
    )
    assert gap.max() < 0.008
    assert (gap < BCA).sum() >= 28
    ranks = expected["perc"][level]["lmg.rank"]
    low, high = rank_interval(
        estimate, replicates, conf_level=float(level), n_units=30, rank_method="percentile"
    )
    assert low.tolist() == list(ranks["lower"].values())
    assert high.tolist() == list(ranks["upper"].values())


def test_differences_and_standard_errors_are_those_of_r(replicates: np.ndarray) -> None:
    pairs = np.array([replicates[:, i] - replicates[:, j] for i, j in combinations(range(6), 2)]).T
    expected = REFERENCE["attitude"]["perc"]["0.95"]["lmg.diff"]
    low, high = percentile_interval(pairs, conf_level=0.95)
    assert_allclose(low, list(expected["lower"].values()), rtol=0, atol=EXACT)
    assert_allclose(high, list(expected["upper"].values()), rtol=0, atol=EXACT)
    errors = [REFERENCE["attitude"]["se"][name] for name in DRIVERS]
    assert_allclose(replicates.std(axis=0, ddof=1), errors, atol=EXACT)


def test_rank_intervals_agree_with_r(attitude: pd.DataFrame) -> None:
    # Other replicates than R's: rank limits are whole, so most agree and none is off by more than one.
    table = relative_importance(
        attitude, outcome="rating", drivers=DRIVERS, n_boot=4000, rank_method="percentile", seed=1
    ).set_index("driver")
    expected = REFERENCE["attitude"]["perc"]["0.95"]["lmg.rank"]
    for mine, theirs in (("rank_low", "lower"), ("rank_high", "upper")):
        gap = (table[mine] - pd.Series(expected[theirs])).abs()
        assert gap.max() <= 1
        assert (gap == 0).sum() >= 5
    assert table["prob_first"].sum() == pytest.approx(1.0)


def test_cluster_bootstrap_standard_errors_are_near_those_of_r() -> None:
    expected = REFERENCE["klein"]["se"]
    data = pd.read_csv(shared("klein2000.csv"))
    table = relative_importance(
        data, outcome="JOBSAT", drivers=list(expected), cluster="GRPID", n_boot=4000, seed=0
    )
    assert (table["n_clusters"] == 50).all()
    # R drew 1,000 replicates, whose own error is 2 % and more for skewed importances.
    assert_allclose(table["std_error"], list(expected.values()), rtol=0.10)


def test_counts() -> None:
    counts = bootstrap_counts(7, n_boot=5000, seed=3)
    assert counts.shape == (5000, 7)
    assert (counts.sum(axis=1) == 7).all()
    assert_allclose(counts.mean(axis=0), 1.0, atol=0.06)
    assert_allclose(counts.var(axis=0), 6 / 7, atol=0.08)
    chunks = list(count_chunks(7, n_boot=5000, seed=3, max_cells=100))
    assert len(chunks) > 300
    assert (np.concatenate(chunks) == counts).all()
    assert (bootstrap_counts(7, n_boot=5000, seed=4) != counts).any()


def test_interval_and_p_value_agree() -> None:
    rng = np.random.default_rng(5)
    values = np.column_stack(
        [rng.normal(0.2, 0.1, 1000), rng.exponential(size=1000), np.round(rng.normal(size=1000), 1)]
    )
    estimate, influence = np.array([0.19, 1.2, 0.05]), rng.exponential(size=(40, 3))
    for options in ({}, {"estimate": estimate, "influence": influence}):
        for level in (0.8, 0.9, 0.95):
            if options:
                low, high = bca_interval(estimate, values, influence, conf_level=level)
            else:
                low, high = percentile_interval(values, conf_level=level)
            for null in np.linspace(-0.5, 4.0, 451):
                p = bootstrap_p_value(values, null=float(null), **options)
                outside = (null < low - 1e-9) | (null > high + 1e-9)
                inside = (null > low + 1e-9) & (null < high - 1e-9)
                assert (p[outside] < 1 - level + 1e-9).all()
                assert (p[inside] > 1 - level - 1e-9).all()
    assert_allclose(bootstrap_p_value(values, null=99.0), 2 / 1001)


def test_replicates_that_are_all_equal() -> None:
    same = np.full((99, 2), [0.3, 0.0])
    for low, high in (
        percentile_interval(same, conf_level=0.95),
        bca_interval([0.3, 0.0], same, np.full((5, 2), [0.3, 0.0]), conf_level=0.95),
    ):
        assert low.tolist() == [0.3, 0.0]
        assert high.tolist() == [0.3, 0.0]
    assert_allclose(bootstrap_p_value(same, null=0.0), [0.02, 1.0])
    one_sided = bca_interval(5.0, np.linspace(0, 1, 99), [1.0, 2.0], conf_level=0.95)
    assert np.isfinite(one_sided).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: percentile_interval([0.1, np.nan, 0.2], conf_level=0.5),
            "replicates must be finite, got 1 of 3 that are not: decide first what such a replicate means.",
        ),
        (
            lambda: percentile_interval([0.1], conf_level=0.5),
            "replicates must have two or more rows (one per replicate), got shape (1,).",
        ),
        (
            lambda: bca_interval([0.1], np.ones((99, 2)), np.ones((4, 2)), conf_level=0.5),
            "estimate, replicates and influence must describe the same statistics, got 1, 2 and 2 columns.",
        ),
        (lambda: bootstrap_counts(0, n_boot=3, seed=1), "n_units must be 1 or more, got 0."),
        (lambda: bootstrap_counts(3, n_boot=0, seed=1), "n_boot must be 1 or more, got 0."),
    ],
)
def test_refusals(call, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
