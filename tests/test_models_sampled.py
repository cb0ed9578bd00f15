"""LMG over sampled orders: right within the error it states, for more drivers than all subsets allow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from exresearch.models import lmg_sampled, relative_importance, unit_moments
from exresearch.models.drivers import draw_orders, lmg

SAME = 1e-9


def planted(drivers: int, n: int = 600, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        rng.normal(size=(n, drivers)) + 0.6 * rng.normal(size=(n, 1)),
        columns=[f"x{i:02d}" for i in range(drivers)],
    )
    frame["y"] = frame.to_numpy() @ (0.85 ** np.arange(drivers)) + rng.normal(size=n) * 3
    return frame


def names(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame.columns if name != "y"]


@pytest.mark.parametrize("drivers", [12, 16])
def test_exact_within_the_stated_error(drivers: int) -> None:
    frame = planted(drivers)
    matrices = unit_moments(frame, columns=["y", *names(frame)]).correlations()
    players = [[i] for i in range(1, drivers + 1)]
    exact = lmg(matrices, players=players)[0]
    scaled = []
    for seed in range(150):
        values, error = lmg_sampled(
            matrices, players=players, orders=draw_orders(drivers, n_orders=400, seed=seed)
        )
        assert values[0].sum() == pytest.approx(exact.sum(), abs=SAME)
        scaled.append((values[0] - exact) / error[0])
    # 150 seeds of correlated drivers: about 3 % of the share that lies within 1.96 errors is chance.
    assert 0.92 < (np.abs(scaled) < 1.96).mean() < 0.98
    assert_allclose(np.mean(scaled), 0.0, atol=0.2)
    many, error = lmg_sampled(matrices, players=players, orders=draw_orders(drivers, n_orders=10_000, seed=1))
    assert (np.abs(many[0] - exact) < 4 * error[0]).all()
    assert error.max() < 0.01 * exact.sum()


def test_blocks_and_covariates_and_dependent_columns() -> None:
    frame = planted(9)
    matrices = unit_moments(frame, columns=["y", *names(frame)]).correlations()
    matrices = np.concatenate([matrices, matrices, matrices])
    # A copy and a constant, as a replicate may bring them.
    matrices[1, 5], matrices[1, :, 5] = matrices[1, 2], matrices[1, :, 2]
    matrices[1, 5, 5] = matrices[1, 2, 2]
    matrices[2, 3] = matrices[2, :, 3] = 0.0
    players, covariates = [[3, 1], [2], [4], [5, 7], [6]], [8, 9]
    exact = lmg(matrices, players=players, covariates=covariates)
    # All 120 orders are soon drawn, so that many draws come near the exact mean.
    values, error = lmg_sampled(
        matrices, players=players, covariates=covariates, orders=draw_orders(5, n_orders=20_000, seed=2)
    )
    assert_allclose(values, exact, rtol=0, atol=5 * error.max())
    assert_allclose(values.sum(axis=1), exact.sum(axis=1), rtol=0, atol=SAME)


def test_thirty_drivers_with_intervals() -> None:
    frame = planted(30)
    common = {"outcome": "y", "drivers": names(frame), "n_boot": 99, "seed": 4}
    table = relative_importance(frame, methods=["lmg_sampled", "relative_weights"], **common)
    assert np.isfinite(table.select_dtypes("number").to_numpy(dtype=float)).all()
    sampled = table[table["method"] == "lmg_sampled"].set_index("driver")
    assert sampled["importance"].sum() == pytest.approx(table["r_squared"].iloc[0], abs=SAME)
    assert (sampled["sampling_error"] > 0.0).all()
    # The error of the draw is small beside the error of the data.
    assert (sampled["sampling_error"] < 0.15 * sampled["std_error"]).all()
    weights = table[table["method"] == "relative_weights"].set_index("driver")
    assert (weights["sampling_error"] == 0.0).all()
    # Relative weights come near LMG (Johnson 2000), with intervals as wide.
    assert_allclose(sampled["importance"], weights["importance"], atol=0.02)
    assert_allclose(sampled["std_error"], weights["std_error"], rtol=0.35)
    again = relative_importance(
        frame.sample(frac=1.0, random_state=1),
        methods=["lmg_sampled", "relative_weights"],
        **(common | {"drivers": names(frame)[::-1]}),
    )
    pd.testing.assert_frame_equal(
        table.set_index(["method", "driver"]).sort_index(),
        again.set_index(["method", "driver"]).sort_index(),
        rtol=1e-7,
    )


def test_intervals_are_those_of_all_orders() -> None:
    frame = planted(8, n=300)
    frame["team"] = np.arange(300) % 40
    both = relative_importance(
        frame,
        outcome="y",
        drivers=names(frame)[:8],
        cluster="team",
        methods=["lmg", "lmg_sampled"],
        n_boot=999,
        seed=4,
    )
    exact, sampled = (part.set_index("driver") for _, part in both.groupby("method"))
    for column in ("importance", "conf_low", "conf_high"):
        assert_allclose(sampled[column], exact[column], rtol=0, atol=0.25 * exact["std_error"].max())
    assert_allclose(sampled["std_error"], exact["std_error"], rtol=0.1)
    assert (sampled["conf_low"] >= 0.0).all()


def test_orders_come_in_pairs_and_from_the_seed() -> None:
    orders = draw_orders(6, n_orders=100, seed=1)
    assert (np.sort(orders, axis=1) == np.arange(6)).all()
    assert (orders[::2] == orders[1::2, ::-1]).all()
    assert (orders == draw_orders(6, n_orders=100, seed=1)).all()
    assert (orders != draw_orders(6, n_orders=100, seed=2)).any()
    first = draw_orders(4, n_orders=40_000, seed=1)[::2, 0]
    assert_allclose(np.bincount(first) / len(first), 0.25, atol=0.01)


@pytest.mark.parametrize("n_orders", [99, 101, 50, 200.0, True])
def test_refused_numbers_of_orders(n_orders: object) -> None:
    frame = planted(4)
    with pytest.raises(ValueError) as caught:
        relative_importance(
            frame, outcome="y", drivers=names(frame), methods=["lmg_sampled"], n_orders=n_orders, seed=1
        )
    assert str(caught.value) == (
        "n_orders must be an even number of at least 100 (every order goes with its reverse), "
        f"got {n_orders!r}."
    )
