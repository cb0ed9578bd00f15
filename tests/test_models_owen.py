"""Owen values against every order of entry, and what ties them to LMG of blocks and of single drivers."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from exresearch.models import (
    importance_differences,
    importance_metrics,
    owen_values,
    relative_importance,
    unit_moments,
)
from exresearch.models.drivers import lmg

# Two exact algorithms on the same data.
SAME = 1e-9
BLOCKS = {"a1": "a", "a2": "a", "b1": "b", "b2": "b", "b3": "b"}
DRIVERS = ["b2", "a1", "alone", "b1", "a2", "b3"]


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    data = pd.DataFrame(
        rng.normal(size=(180, 7)) + 0.7 * rng.normal(size=(180, 1)), columns=[*DRIVERS, "tenure"]
    )
    data["y"] = data["a1"] + 0.5 * data["b1"] - 0.4 * data["b3"] + data["tenure"] + rng.normal(size=180) * 2
    data["w"] = rng.uniform(0.5, 2.0, 180)
    data["team"] = rng.integers(25, size=180)
    return data


def over_all_orders(
    frame: pd.DataFrame, blocks: list[list[str]], covariates: list[str], weights: str | None
) -> dict[str, float]:
    """Mean gain in R2 over the orders that keep blocks together, each R2 a least-squares fit."""
    weight = np.ones(len(frame)) if weights is None else frame[weights].to_numpy()
    outcome = frame["y"].to_numpy()
    total = weight @ (outcome - np.average(outcome, weights=weight)) ** 2
    known: dict[frozenset[str], float] = {}

    def r2(names: frozenset[str]) -> float:
        if names not in known:
            design = np.column_stack([np.ones(len(frame)), frame[sorted(names)]])
            root = np.sqrt(weight)
            fit = np.linalg.lstsq(design * root[:, None], outcome * root, rcond=None)[0]
            known[names] = 1.0 - weight @ (outcome - design @ fit) ** 2 / total
        return known[names]

    sums: dict[str, float] = {name: 0.0 for block in blocks for name in block}
    count = 0
    for order in itertools.permutations(blocks):
        for inside in itertools.product(*(itertools.permutations(block) for block in order)):
            model = frozenset(covariates)
            count += 1
            for name in itertools.chain(*inside):
                sums[name] += r2(model | {name}) - r2(model)
                model |= {name}
    return {name: value / count for name, value in sums.items()}


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("covariates", [[], ["tenure"]])
def test_mean_over_all_orders(frame: pd.DataFrame, weights: str | None, covariates: list[str]) -> None:
    table = relative_importance(
        frame,
        outcome="y",
        drivers=DRIVERS,
        weights=weights,
        blocks=BLOCKS,
        covariates=covariates,
        methods=["lmg", "owen"],
        n_boot=0,
        seed=1,
    )
    owen = table[table["method"] == "owen"].set_index("driver")
    # The drivers of a block together; blocks as their first driver is given.
    assert owen.index.tolist() == ["b2", "b1", "b3", "a1", "a2", "alone"]
    expected = over_all_orders(frame, [["b2", "b1", "b3"], ["a1", "a2"], ["alone"]], covariates, weights)
    assert_allclose(owen["importance"], [expected[name] for name in owen.index], rtol=0, atol=SAME)
    # A block's drivers sum to the block's LMG, and all of them to the explained variance.
    wholes = table[table["method"] == "lmg"].set_index("driver")["importance"]
    assert wholes.index.tolist() == ["b", "a", "alone"]
    sums = owen["importance"].groupby(lambda name: BLOCKS.get(name, name)).sum()
    assert_allclose(sums[wholes.index], wholes, rtol=0, atol=SAME)
    alone = over_all_orders(frame, [[name] for name in covariates], [], weights)
    assert owen["importance"].sum() == pytest.approx(
        table["r_squared"].iloc[0] - sum(alone.values()), abs=SAME
    )
    assert owen["rank"].sort_values().tolist() == [1, 2, 3, 4, 5, 6]
    assert owen["share"].sum() == pytest.approx(1.0)


def test_blocks_of_one_and_one_block_are_lmg(frame: pd.DataFrame) -> None:
    matrices = unit_moments(frame, columns=["y", *DRIVERS]).correlations()
    single = [[i] for i in range(1, 7)]
    expected = lmg(matrices, players=single)
    assert_allclose(owen_values(matrices, blocks=single), expected, rtol=0, atol=1e-12)
    assert_allclose(owen_values(matrices, blocks=[list(range(1, 7))]), expected, rtol=0, atol=1e-12)
    assert_allclose(
        importance_metrics(matrices, methods=["owen"], players=single)["owen"], expected, rtol=0, atol=1e-12
    )


def test_many_drivers_in_large_blocks() -> None:
    # Within blocks drivers are exchangeable and blocks are independent: each has a share of its block's R2.
    blocks = [list(range(1, 13)), list(range(13, 25)), list(range(25, 29))]
    matrix = np.eye(29)
    expected = np.zeros(28)
    for block, r in zip(blocks, (0.3, 0.2, 0.1), strict=True):
        matrix[np.ix_(block, block)] += 0.5 * (1 - np.eye(len(block)))
        matrix[0, block] = matrix[block, 0] = r
        inside = matrix[np.ix_(block, block)]
        expected[np.array(block) - 1] = (
            matrix[0, block] @ np.linalg.solve(inside, matrix[0, block]) / len(block)
        )
    assert_allclose(owen_values(matrix[None], blocks=blocks)[0], expected, rtol=0, atol=1e-12)


def test_intervals_and_differences_are_of_drivers(frame: pd.DataFrame) -> None:
    common = {
        "outcome": "y",
        "drivers": DRIVERS,
        "blocks": BLOCKS,
        "cluster": "team",
        "n_boot": 199,
        "seed": 3,
    }
    table = relative_importance(frame, methods=["owen"], interval="bca", **common).set_index("driver")
    assert len(table) == 6
    assert (table["conf_low"] <= table["importance"]).all()
    assert (table["importance"] <= table["conf_high"]).all()
    assert np.isfinite(table.select_dtypes("number").to_numpy(dtype=float)).all()
    difference = importance_differences(
        frame, contrasts={"d": (["a1"], ["b1", "b3"])}, method="owen", **common
    ).iloc[0]
    importance = table["importance"]
    assert difference["estimate"] == pytest.approx(importance["a1"] - importance["b1"] - importance["b3"])
    with pytest.raises(ValueError) as caught:
        importance_differences(frame, contrasts={"d": (["a"], ["b1"])}, method="owen", **common)
    assert str(caught.value) == (
        "contrast 'd' names ['a'], which are not among ['b2', 'a1', 'alone', 'b1', 'a2', 'b3']."
    )


def test_order_of_drivers_never_matters(frame: pd.DataFrame) -> None:
    common = {"outcome": "y", "blocks": BLOCKS, "methods": ["owen"], "n_boot": 99, "seed": 3}
    left = relative_importance(frame, drivers=DRIVERS, **common).set_index("driver").sort_index()
    right = relative_importance(frame, drivers=sorted(DRIVERS), **common).set_index("driver").sort_index()
    pd.testing.assert_frame_equal(left, right, rtol=SAME)


def test_too_many_at_once() -> None:
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.normal(size=(90, 31)), columns=["y", *(f"x{i}" for i in range(30))])
    drivers = [f"x{i}" for i in range(30)]
    with pytest.raises(ValueError) as caught:
        relative_importance(
            data,
            outcome="y",
            drivers=drivers,
            blocks=dict.fromkeys(drivers[:20], "large"),
            methods=["owen"],
            seed=1,
        )
    assert str(caught.value) == (
        "method 'owen' needs all subsets of a block's drivers and the other blocks, at most 24 together, got 20 "
        "drivers and 10 other blocks: use fewer or smaller blocks, or method 'lmg' for the blocks as wholes."
    )
