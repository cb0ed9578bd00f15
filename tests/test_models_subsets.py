"""The subset engine at sizes where work is split up, against least squares, closed forms and every value from R."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from exresearch.models import importance_metrics, relative_importance, subset_r2, unit_moments
from exresearch.models.drivers import gap_replicates, importance_replicates, lmg, lmg_gap, shapley_values
from exresearch.models.resampling import count_chunks

FloatArray = NDArray[np.float64]
# R prints 15 significant digits; 1e-10 leaves room for another order of summation.
EXACT = 1e-10
SAME = 1e-9

SHARED = Path(__file__).parents[1].parent / "shared" / "reference" / "01_drivers"
# Names of the measures in relaimpo, and of the packages whose values must agree with one of them.
R_NAMES = {
    "lmg": "lmg",
    "genizi": "relative_weights",
    "first": "first",
    "last": "last",
    "betasq": "beta_squared",
    "pratt": "pratt",
    "car": "car",
}
OTHERS = {
    "rwa": "relative_weights",
    "yhat_rlw": "relative_weights",
    "iopsych_relwt": "relative_weights",
    "care_car2": "car",
    "dominanceanalysis_general": "lmg",
    "brute_shapley": "lmg",
}


def shared_values() -> dict[str, dict[str, object]]:
    if not SHARED.exists():
        pytest.skip("the shared reference values of 01_drivers are not here")
    values: dict[str, dict[str, object]] = json.loads((SHARED / "values.json").read_text(encoding="utf-8"))
    return values


def correlations(columns: int, replicates: int = 1, seed: int = 1) -> FloatArray:
    """Correlation matrices of an outcome (column 0) and drivers that go together."""
    rng = np.random.default_rng(seed)
    data = rng.normal(size=(replicates, 60 + columns, columns)) + 0.8 * rng.normal(
        size=(replicates, 60 + columns, 1)
    )
    data[:, :, 0] += data[:, :, 1:4].sum(axis=2)
    data -= data.mean(axis=1, keepdims=True)
    data /= np.sqrt((data**2).sum(axis=1, keepdims=True))
    return data.swapaxes(1, 2) @ data


def solved(matrix: FloatArray, columns: list[int]) -> float:
    if not columns:
        return 0.0
    inside = matrix[np.ix_(columns, columns)]
    return float(matrix[0, columns] @ np.linalg.solve(inside, matrix[0, columns]))


@pytest.mark.parametrize("case", ["attitude", "bfi10"])
def test_every_measure_of_every_package(case: str) -> None:
    values = shared_values()[case]
    drivers = list(values["x"])
    data = pd.read_csv(SHARED / {"attitude": "attitude.csv", "bfi10": "bfi_neuro.csv"}[case])
    table = relative_importance(
        data,
        outcome=values["y"],
        drivers=drivers,
        methods=list(R_NAMES.values()),
        n_boot=0,
        seed=1,
    ).pivot(index="driver", columns="method", values=["importance", "share", "rank"])
    compared = 0
    for name, method in R_NAMES.items():
        for column, expected in (
            ("importance", values["relaimpo"]),
            ("share", values["relaimpo_rela"]),
            ("rank", values["relaimpo_rank"]),
        ):
            if name in expected:
                mine = table[column, method].astype(float)
                assert_allclose(mine[list(expected[name])], list(expected[name].values()), rtol=0, atol=EXACT)
                compared += 1
    for name, method in OTHERS.items():
        mine = table["importance", method].astype(float)
        assert_allclose(mine[list(values[name])], list(values[name].values()), rtol=0, atol=EXACT)
        compared += 1
    for part, column in (("general", "importance"), ("standardized", "share"), ("ranks", "rank")):
        expected = values["domir"][part]
        assert_allclose(
            table[column, "lmg"].astype(float)[list(expected)], list(expected.values()), rtol=0, atol=EXACT
        )
        compared += 1
    assert compared >= 20
    moments = unit_moments(data, columns=[values["y"], *drivers])
    r2 = subset_r2(moments.correlations(), players=[[i + 1] for i in range(len(drivers))])[0]
    for names, expected in values["all_subsets_R2"].items():
        mask = sum(1 << drivers.index(name) for name in names.split("+"))
        assert r2[mask] == pytest.approx(expected, abs=EXACT)


def test_weighted_correlations_and_general_dominance() -> None:
    values = shared_values()["attitude_weighted"]
    names = values["wcor"]["rows"]
    data = pd.read_csv(SHARED / "attitude_w.csv")
    moments = unit_moments(data, columns=names, weights="w")
    assert_allclose(moments.correlations()[0], values["wcor"]["data"], rtol=0, atol=EXACT)
    measured = lmg(moments.correlations(), players=[[i] for i in range(1, 7)])[0]
    assert_allclose(measured, [values["domir"][name] for name in names[1:]], rtol=0, atol=EXACT)


def test_pairwise_correlations_as_rwa_takes_them() -> None:
    values = shared_values()["bfi10_missing"]
    drivers = list(values["rwa_pairwise"])
    # rwa leaves out rows without the outcome, and correlates the others pairwise.
    data = pd.read_csv(SHARED / "bfi_neuro_with_missing.csv").dropna(subset=["neuro"])
    measured = importance_metrics(
        data[["neuro", *drivers]].corr().to_numpy()[None],
        methods=["relative_weights"],
        players=[[i + 1] for i in range(len(drivers))],
    )["relative_weights"][0]
    assert_allclose(measured, list(values["rwa_pairwise"].values()), rtol=0, atol=EXACT)
    assert measured.sum() == pytest.approx(values["rwa_R2"], abs=EXACT)


# One replicate and many; one player, as many as stay together, and more, so that the work is split up.
@pytest.mark.parametrize("replicates", [1, 3, 70])
@pytest.mark.parametrize(
    "players",
    [
        [[1]],
        [[i] for i in range(1, 9)],
        [[i] for i in range(1, 12)],
        [[3, 1], [2], [4, 5, 6], [7], [8], [9], [10], [11, 12], [13], [14]],
    ],
)
def test_subsets_are_least_squares(replicates: int, players: list[list[int]]) -> None:
    matrices = correlations(17, replicates)
    covariates = [15, 16]
    values = subset_r2(matrices, players=players, covariates=covariates)
    assert values.shape == (replicates, 2 ** len(players))
    rng = np.random.default_rng(4)
    for mask in [0, values.shape[1] - 1, *rng.integers(values.shape[1], size=25)]:
        columns = covariates + [
            column for j, player in enumerate(players) if mask >> j & 1 for column in player
        ]
        for replicate in (0, replicates - 1):
            assert values[replicate, mask] == pytest.approx(solved(matrices[replicate], columns), abs=SAME)
    assert_allclose(
        lmg(matrices, players=players, covariates=covariates), shapley_values(values.T), rtol=0, atol=SAME
    )


def test_independent_drivers_have_their_own_squared_correlation() -> None:
    r = np.linspace(-0.1, 0.3, 24)
    matrix = np.eye(25)
    matrix[0, 1:] = matrix[1:, 0] = r
    measured = lmg(matrix[None], players=[[i] for i in range(1, 25)])[0]
    assert_allclose(measured, r**2, rtol=0, atol=1e-12)


def test_exchangeable_drivers_share_alike() -> None:
    matrix = np.full((21, 21), 0.4)
    matrix[0] = matrix[:, 0] = 0.3
    np.fill_diagonal(matrix, 1.0)
    measured = lmg(matrix[None], players=[[i] for i in range(1, 21)])[0]
    assert_allclose(measured, solved(matrix, list(range(1, 21))) / 20, rtol=0, atol=1e-12)


def test_order_of_many_players_never_matters() -> None:
    matrices = correlations(17, 2)
    order = np.random.default_rng(3).permutation(np.arange(1, 17))
    straight = lmg(matrices, players=[[i] for i in range(1, 17)])
    shuffled = lmg(matrices, players=[[int(i)] for i in order])
    assert_allclose(shuffled, straight[:, order - 1], rtol=0, atol=SAME)


def test_a_constant_or_a_copy_in_some_replicates_of_many_players() -> None:
    matrices = correlations(12, 3)
    matrices[1, 4] = matrices[1, :, 4] = 0.0
    matrices[2, 9] = matrices[2, 3]
    matrices[2, :, 9] = matrices[2, :, 3]
    measured = lmg(matrices, players=[[i] for i in range(1, 12)])
    rest = [i for i in range(1, 12) if i != 4]
    without = lmg(matrices[1:2], players=[[i] for i in rest])
    assert measured[1, 3] == pytest.approx(0.0, abs=1e-12)
    assert_allclose(np.delete(measured[1], 3), without[0], rtol=0, atol=SAME)
    assert measured[2, 2] == pytest.approx(measured[2, 8], abs=SAME)
    assert measured[2].sum() == pytest.approx(solved(matrices[2], [*range(1, 9), 10, 11]), abs=SAME)


@pytest.mark.parametrize("players", [2, 3, 9, 12])
def test_the_gap_between_two_drivers_is_that_of_their_importances(players: int) -> None:
    matrices = correlations(players + 1, 150 if players == 9 else 3)
    # A driver that is constant in one replicate.
    matrices[1, 2, :] = matrices[1, :, 2] = 0.0
    values = lmg(matrices, players=[[column] for column in range(1, players + 1)])
    for first, second in ((1, 2), (2, players)):
        if first != second:
            gap = lmg_gap(matrices, columns=range(1, players + 1), first=first, second=second)
            assert_allclose(gap, values[:, first - 1] - values[:, second - 1], rtol=0, atol=EXACT)


@pytest.mark.parametrize("first", [["a"], ["a", "c"]])
@pytest.mark.parametrize("blocks", [None, {"d": "two", "e": "two"}])
def test_gaps_of_replicates_are_those_of_the_replicates(
    first: list[str], blocks: dict[str, str] | None
) -> None:
    rng = np.random.default_rng(8)
    data = pd.DataFrame(rng.normal(size=(300, 6)) + rng.normal(size=(300, 1)), columns=list("abcdey"))
    # In a block a copy does no harm.
    if blocks:
        data["e"] = data["d"]
    moments = unit_moments(data.assign(unit=np.arange(300) % 25), columns=list("yabcde"), cluster="unit")
    options: dict[str, object] = {"outcome": "y", "drivers": list("abcde"), "blocks": blocks}
    whole = importance_replicates(moments, n_boot=60, seed=5, influence=False, **options)  # type: ignore[arg-type]
    weights = np.array(
        [(name in first) / len(first) - (name == "b") for name in whole.drivers], dtype=np.float64
    )
    estimate, replicates = gap_replicates(
        moments,
        count_chunks(25, n_boot=60, seed=5, max_cells=500),
        first=first,
        second=["b"],
        **options,  # type: ignore[arg-type]
    )
    assert estimate == pytest.approx(float(whole.estimate["lmg"] @ weights), abs=EXACT)
    assert_allclose(replicates, whole.replicates["lmg"] @ weights, rtol=0, atol=EXACT)


def test_same_bytes_with_any_number_of_threads() -> None:
    threadpoolctl = pytest.importorskip("threadpoolctl", reason="threadpoolctl sets the number of threads")
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.normal(size=(3000, 13)), columns=["y", *(f"x{i}" for i in range(12))])
    frame["y"] += frame["x1"] + frame["x2"]
    frame["team"] = rng.integers(300, size=3000)
    for cluster in (None, "team"):
        tables = []
        for threads in (1, 2):
            with threadpoolctl.threadpool_limits(threads):
                tables.append(
                    relative_importance(
                        frame,
                        outcome="y",
                        drivers=[f"x{i}" for i in range(12)],
                        cluster=cluster,
                        methods=["lmg", "last", "relative_weights"],
                        n_boot=99,
                        seed=5,
                    )
                )
        pd.testing.assert_frame_equal(*tables, check_exact=True)
