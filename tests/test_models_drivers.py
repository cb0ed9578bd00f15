"""Relative importance against R, against least squares on every subset, and against its own identities."""

from __future__ import annotations

import itertools
import json
from math import factorial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from statsmodels.regression.linear_model import OLS, WLS

from exresearch.models import (
    METHODS,
    NotEstimable,
    importance_differences,
    importance_metrics,
    relative_importance,
    subset_r2,
    unit_moments,
)
from exresearch.models.drivers import lmg, shapley_values

# R prints 15 significant digits; 1e-10 leaves room for another order of summation.
EXACT = 1e-10
# Two exact algorithms on the same data.
SAME = 1e-9

REFERENCE = json.loads((Path(__file__).parent / "reference" / "drivers.json").read_text(encoding="utf-8"))
SHARED = Path(__file__).parents[1].parent / "shared" / "reference"
R_NAMES = {
    "lmg": "lmg",
    "genizi": "relative_weights",
    "first": "first",
    "last": "last",
    "betasq": "beta_squared",
    "pratt": "pratt",
    "car": "car",
}
ATTITUDE = ["complaints", "privileges", "learning", "raises", "critical", "advance"]
BFI = ["A1", "A2", "A3", "A4", "A5", "E1", "E2", "E3", "E4", "E5"]


def shared_table(name: str) -> pd.DataFrame:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the shared reference table {name} is not here")
    return pd.read_csv(path)


@pytest.fixture
def attitude() -> pd.DataFrame:
    return pd.DataFrame(REFERENCE["data"]["attitude_w"])


def planted(n: int = 400, drivers: int = 5, seed: int = 3) -> pd.DataFrame:
    """Correlated drivers x0, x1, ... of falling importance, an outcome y, weights and 30 teams."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n, 1))
    frame = pd.DataFrame(
        0.6 * common + rng.normal(size=(n, drivers)), columns=[f"x{i}" for i in range(drivers)]
    )
    frame["y"] = frame.to_numpy() @ (0.8 ** np.arange(drivers)) + rng.normal(size=n) * 2
    frame["w"] = rng.uniform(0.5, 2.0, n)
    frame["team"] = rng.integers(30, size=n)
    return frame


def assert_matches_r(table: pd.DataFrame, expected: dict[str, dict[str, float]]) -> None:
    for r_name, method in R_NAMES.items():
        if r_name in expected:
            mine = table[table["method"] == method].set_index("driver")["importance"]
            assert_allclose(mine[list(expected[r_name])], list(expected[r_name].values()), rtol=0, atol=EXACT)
    assert_allclose(table["r_squared"], expected["r2"], rtol=0, atol=EXACT)


def test_attitude_is_relaimpo(attitude: pd.DataFrame) -> None:
    expected = REFERENCE["attitude"]
    table = relative_importance(
        attitude, outcome="rating", drivers=ATTITUDE, methods=METHODS, n_boot=99, seed=1
    )
    assert_matches_r(table, expected)
    first = table[table["method"] == "lmg"].set_index("driver")
    assert first["rank"].to_dict() == expected["rank"]
    assert_allclose(first["share"], [expected["share"][name] for name in ATTITUDE], atol=EXACT)
    weights = table[table["method"] == "relative_weights"].set_index("driver")["importance"]
    assert_allclose(weights[ATTITUDE], [expected["rwa"][name] for name in ATTITUDE], atol=EXACT)
    assert (table["n"] == 30).all()
    assert (table["n_clusters"] == 30).all()
    assert (table["n_excluded"] == 0).all()


def test_weighted_attitude_is_relaimpo(attitude: pd.DataFrame) -> None:
    table = relative_importance(
        attitude, outcome="rating", drivers=ATTITUDE, weights="w", methods=METHODS, n_boot=99, seed=1
    )
    assert_matches_r(table, REFERENCE["attitude_weighted"])


@pytest.mark.parametrize(
    ("name", "file", "weights"),
    [
        ("bfi10", "bfi_neuro.csv", None),
        ("bfi10_weighted", "bfi_neuro_w.csv", "w"),
        ("bfi10_missing", "bfi_neuro_with_missing.csv", None),
    ],
)
def test_bfi_is_relaimpo(name: str, file: str, weights: str | None) -> None:
    data = shared_table(f"01_drivers/{file}")
    expected = REFERENCE[name]
    table = relative_importance(
        data, outcome="neuro", drivers=BFI, weights=weights, methods=METHODS, n_boot=99, seed=1
    )
    assert_matches_r(table, expected)
    n = expected.get("n", expected.get("n_complete"))
    assert (table["n"] == n).all()
    assert (table["n_excluded"] == len(data) - n).all()


def test_suppressor_from_a_correlation_matrix() -> None:
    expected = REFERENCE["suppressor"]
    measured = importance_metrics([expected["matrix"]], methods=METHODS, players=[[1], [2], [3]])
    for r_name, method in R_NAMES.items():
        assert_allclose(measured[method][0], list(expected[r_name].values()), rtol=0, atol=EXACT)


def test_every_subset_is_its_least_squares_r2(attitude: pd.DataFrame) -> None:
    correlations = unit_moments(attitude, columns=["rating", *ATTITUDE]).correlations()
    values = subset_r2(correlations, players=[[i] for i in range(1, 7)])[0]
    assert values[0] == 0.0
    assert len(REFERENCE["attitude"]["all_subsets_r2"]) == 63
    for names, r2 in REFERENCE["attitude"]["all_subsets_r2"].items():
        mask = sum(1 << ATTITUDE.index(name) for name in names.split("+"))
        assert values[mask] == pytest.approx(r2, abs=EXACT)


def least_squares_r2(frame: pd.DataFrame, names: list[str], weights: str | None) -> float:
    design = np.column_stack([np.ones(len(frame)), frame[names]])
    if weights is None:
        return float(OLS(frame["y"].to_numpy(), design).fit().rsquared) if names else 0.0
    return float(WLS(frame["y"].to_numpy(), design, weights=frame[weights].to_numpy()).fit().rsquared)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("blocks", [None, {"x1": "pair", "x4": "pair"}])
@pytest.mark.parametrize("covariates", [[], ["x6", "x7"]])
def test_brute_force(weights: str | None, blocks: dict[str, str] | None, covariates: list[str]) -> None:
    frame = planted(n=150, drivers=8)
    drivers = [f"x{i}" for i in range(6)]
    table = relative_importance(
        frame,
        outcome="y",
        drivers=drivers,
        weights=weights,
        blocks=blocks,
        covariates=covariates,
        methods=["lmg", "first", "last"],
        n_boot=99,
        seed=1,
    )
    players: dict[str, list[str]] = {}
    for name in drivers:
        players.setdefault((blocks or {}).get(name, name), []).append(name)
    size = len(players)
    worth = {}
    for chosen in itertools.chain.from_iterable(itertools.combinations(players, k) for k in range(size + 1)):
        names = covariates + [driver for player in chosen for driver in players[player]]
        worth[frozenset(chosen)] = least_squares_r2(frame, names, weights)
    everyone = frozenset(players)
    expected = {}
    for player in players:
        expected["first", player] = worth[frozenset([player])] - worth[frozenset()]
        expected["last", player] = worth[everyone] - worth[everyone - {player}]
        expected["lmg", player] = sum(
            factorial(len(rest))
            * factorial(size - len(rest) - 1)
            / factorial(size)
            * (worth[rest | {player}] - r2)
            for rest, r2 in worth.items()
            if player not in rest
        )
    measured = table.set_index(["method", "driver"])["importance"].to_dict()
    assert measured.keys() == expected.keys()
    for key, value in expected.items():
        assert measured[key] == pytest.approx(value, abs=SAME)
    assert table["r_squared"].iloc[0] == pytest.approx(worth[everyone], abs=SAME)


def test_what_sums_to_r2() -> None:
    frame = planted()
    drivers = [f"x{i}" for i in range(5)]
    sums = relative_importance(
        frame, outcome="y", drivers=drivers[:4], covariates=["x4"], methods=METHODS, n_boot=99, seed=1
    )
    gain = sums["r_squared"].iloc[0] - least_squares_r2(frame, ["x4"], None)
    totals = sums.groupby("method")["importance"].sum()
    for method in ("lmg", "relative_weights", "pratt", "car"):
        assert totals[method] == pytest.approx(gain, abs=SAME)
    assert totals["first"] > gain
    assert_allclose(sums.groupby("method")["share"].sum(), 1.0)


def test_units_of_measurement_and_order_never_matter() -> None:
    frame = planted()
    drivers = [f"x{i}" for i in range(5)]
    table = relative_importance(frame, outcome="y", drivers=drivers, cluster="team", methods=METHODS, seed=4)
    rng = np.random.default_rng(8)
    other = frame.sample(frac=1.0, random_state=5)
    for column, scale in zip([*drivers, "y"], 10.0 ** np.array([-8, 8, -3, 5, 0, 7]), strict=True):
        other[column] = other[column] * scale + scale * 5
    again = relative_importance(
        other, outcome="y", drivers=list(rng.permutation(drivers)), cluster="team", methods=METHODS, seed=4
    )
    left = table.set_index(["method", "driver"]).sort_index()
    right = again.set_index(["method", "driver"]).sort_index()
    # Not only the estimate: clusters are resampled by label, so the whole interval is the same.
    assert_allclose(left.to_numpy(dtype=float), right.to_numpy(dtype=float), rtol=0, atol=SAME)


def test_row_order_never_matters_without_clusters() -> None:
    frame = planted()
    shuffled = frame.sample(frac=1.0, random_state=5)
    options = {"outcome": "y", "drivers": ["x0", "x1"], "weights": "w", "seed": 4, "n_boot": 99}
    left, right = relative_importance(frame, **options), relative_importance(shuffled, **options)
    pd.testing.assert_frame_equal(left, right, rtol=SAME)


def test_a_mean_of_1e8_costs_no_digits() -> None:
    frame = planted()
    moved = frame[["y", "x0", "x1", "team"]] * [1.0, 1.0, 1.0, 1] + [1e8, 1e8, -1e8, 0]
    # What is left of the answers after adding 1e8 is the truth to compare with.
    back = moved - [1e8, 1e8, -1e8, 0]
    for cluster in (None, "team"):
        left = unit_moments(moved, columns=["y", "x0", "x1"], cluster=cluster)
        right = unit_moments(back, columns=["y", "x0", "x1"], cluster=cluster)
        assert_allclose(left.correlations(), right.correlations(), rtol=0, atol=1e-12)
        assert_allclose(left.covariances(), np.cov(back.iloc[:, :3].T, ddof=0)[None], rtol=1e-10)


def test_moments_add_up() -> None:
    frame = planted()
    columns = ["y", "x0", "x1"]
    for cluster in (None, "team"):
        whole = unit_moments(frame, columns=columns, weights="w", cluster=cluster)
        parts = [
            unit_moments(part, columns=columns, weights="w", cluster=cluster)
            for part in (frame.iloc[:150], frame.iloc[150:])
        ]
        merged = parts[0].merge(parts[1])
        assert merged.n_rows == 400
        assert merged.units.tolist() == whole.units.tolist()
        assert merged.n.tolist() == whole.n.tolist()
        assert_allclose(merged.weight_sums, whole.weight_sums)
        assert_allclose(merged.covariances(), whole.covariances(), rtol=1e-12)
        counts = np.random.default_rng(1).integers(3, size=(4, whole.n_units))
        assert_allclose(merged.correlations(counts), whole.correlations(counts), rtol=1e-10)
    with pytest.raises(ValueError) as caught:
        parts[0].merge(unit_moments(frame, columns=columns))
    assert str(caught.value) == (
        "moments per cluster and moments per row cannot be merged: give both a cluster, or neither."
    )


def test_moments_give_what_the_rows_give() -> None:
    frame = planted()
    moments = unit_moments(frame, columns=["x2", "y", "x0", "x1"], weights="w", cluster="team")
    options = {"outcome": "y", "drivers": ["x0", "x1"], "n_boot": 99, "seed": 2}
    assert_allclose(
        relative_importance(moments, **options).iloc[:, 2:].to_numpy(dtype=float),
        relative_importance(frame, weights="w", cluster="team", **options).iloc[:, 2:].to_numpy(dtype=float),
        atol=SAME,
    )


def test_leave_one_out_is_leaving_one_out() -> None:
    frame = planted(n=60)
    for cluster in (None, "team"):
        moments = unit_moments(frame, columns=["y", "x0"], weights="w", cluster=cluster)
        direct = moments.correlations(1 - np.eye(moments.n_units, dtype=int))
        assert_allclose(np.concatenate(list(moments.leave_one_out())), direct, atol=1e-12)


def test_ranks_and_probabilities() -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.normal(size=(3000, 4)), columns=["y", "strong", "weak", "none"])
    frame["y"] += frame["strong"] + 0.4 * frame["weak"]
    table = relative_importance(frame, outcome="y", drivers=["none", "strong", "weak"], n_boot=199, seed=1)
    assert table["driver"].tolist() == ["none", "strong", "weak"]
    assert table["rank"].tolist() == [3, 1, 2]
    assert table["rank_low"].tolist() == [3, 1, 2]
    assert table["rank_high"].tolist() == [3, 1, 2]
    assert table["prob_first"].tolist() == [0.0, 1.0, 0.0]
    assert table["prob_last"].tolist() == [1.0, 0.0, 0.0]


def test_dependent_columns_in_a_replicate_add_nothing() -> None:
    copies = np.array([[1.0, 0.5, 0.5], [0.5, 1.0, 1.0], [0.5, 1.0, 1.0]])
    constant = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 0.0]])
    both = np.stack([copies, constant])
    assert_allclose(subset_r2(both, players=[[1], [2]]), [[0, 0.25, 0.25, 0.25], [0, 0.25, 0, 0.25]])
    assert_allclose(lmg(both, players=[[1], [2]]), [[0.125, 0.125], [0.25, 0.0]])
    measured = importance_metrics(both, methods=METHODS, players=[[1], [2]])
    assert all(np.isfinite(values).all() for values in measured.values())
    assert_allclose(measured["last"], [[0.0, 0.0], [0.25, 0.0]], atol=1e-12)
    assert_allclose(measured["relative_weights"].sum(axis=1), 0.25)


def test_shapley_values_of_a_known_game() -> None:
    # The glove game: a left glove (player 0) needs one of two right gloves (1, 2).
    worth = [[0.0], [0.0], [0.0], [1.0], [0.0], [1.0], [0.0], [1.0]]
    assert_allclose(shapley_values(worth), [[2 / 3, 1 / 6, 1 / 6]])


def test_differences_are_those_of_the_same_replicates() -> None:
    frame = planted()
    drivers = [f"x{i}" for i in range(5)]
    common = {"outcome": "y", "drivers": drivers, "cluster": "team", "seed": 9, "n_boot": 399}
    table = relative_importance(frame, **common).set_index("driver")
    contrasts = {"one": (["x0"], ["x4"]), "sets": (["x0", "x1"], ["x2", "x3", "x4"])}
    sums = importance_differences(frame, contrasts=contrasts, smallest_effect=0.05, **common)
    means = importance_differences(frame, contrasts=contrasts, per_driver=True, **common)
    lmgs = table["importance"]
    assert sums["term"].tolist() == ["one", "sets"]
    assert_allclose(
        sums["estimate"],
        [lmgs["x0"] - lmgs["x4"], lmgs["x0"] + lmgs["x1"] - lmgs["x2"] - lmgs["x3"] - lmgs["x4"]],
    )
    assert_allclose(means["estimate"].iloc[1], lmgs[["x0", "x1"]].mean() - lmgs[["x2", "x3", "x4"]].mean())
    assert ((sums["p_value"] < 0.05) == ((sums["conf_low"] > 0) | (sums["conf_high"] < 0))).all()
    assert_allclose(sums["statistic"], sums["estimate"] / sums["std_error"])
    assert sums["n"].tolist() == [400, 400]
    assert sums["n_units"].tolist() == [30, 30]
    assert sums["n_excluded"].tolist() == [0, 0]
    assert "p_equivalence" not in means
    # One driver against the rest of two: the same replicates, so the same standard error as by hand.
    alone = importance_differences(frame, contrasts={"all": (["x0"], ["x1"])}, method="first", **common)
    assert alone["method"].tolist() == ["difference in first, expanded percentile bootstrap"]


def test_equivalence_is_the_90_percent_interval_inside_the_bounds() -> None:
    frame = planted()
    common = {
        "outcome": "y",
        "drivers": ["x0", "x1", "x2"],
        "contrasts": {"d": (["x1"], ["x2"])},
        "seed": 9,
        "n_boot": 999,
        "conf_level": 0.90,
    }
    for interval in ("expanded", "percentile", "bca"):
        plain = importance_differences(frame, interval=interval, **common).iloc[0]
        edge = max(abs(plain["conf_low"]), abs(plain["conf_high"]))
        for smallest, inside in ((edge * 1.001, True), (edge * 0.999, False)):
            table = importance_differences(frame, interval=interval, smallest_effect=smallest, **common)
            assert bool(table["p_equivalence"].iloc[0] < 0.05) is inside
            assert table["smallest_effect"].iloc[0] == smallest


def test_planted_equality_is_covered() -> None:
    # Drivers a and b are exchangeable, so their difference is 0; c is stronger than both by 0.2 to 0.3.
    covered = {"null": 0, "effect": 0}
    truth = None
    for seed in range(-1, 200):
        rng = np.random.default_rng(1000 + seed)
        n = 400_000 if seed < 0 else 240
        frame = pd.DataFrame(rng.normal(size=(n, 4)), columns=["y", "a", "b", "c"])
        frame["y"] += 0.3 * frame["a"] + 0.3 * frame["b"] + 0.7 * frame["c"]
        common = {"outcome": "y", "drivers": ["a", "b", "c"]}
        if seed < 0:
            moments = unit_moments(frame, columns=["y", "a", "b", "c"])
            values = lmg(moments.correlations(), players=[[1], [2], [3]])[0]
            truth = {"null": values[0] - values[1], "effect": values[2] - values[0]}
            continue
        table = importance_differences(
            frame,
            contrasts={"null": (["a"], ["b"]), "effect": (["c"], ["a"])},
            n_boot=199,
            seed=seed,
            **common,
        ).set_index("term")
        for term in covered:
            covered[term] += table.loc[term, "conf_low"] <= truth[term] <= table.loc[term, "conf_high"]
    # 200 draws at 95 %: 180 to 198 is outside of chance less than once in 500.
    assert all(180 <= count <= 198 for count in covered.values()), covered


DATA = pd.DataFrame(
    {
        "y": [1.0, 2.0, 3.0, 4.0, 6.0, 5.0, 7.0, 9.0],
        "a": [1.0, 3.0, 2.0, 5.0, 4.0, 6.0, 8.0, 7.0],
        "b": [2.0, 1.0, 4.0, 3.0, 6.0, 5.0, 7.0, 9.0],
        "copy": [1.0, 3.0, 2.0, 5.0, 4.0, 6.0, 8.0, 7.0],
        "same": 3.0,
        "text": list("abcdefgh"),
        "zero": [1.0, 0.0, 1.0, -2.0, 1.0, 1.0, 1.0, 1.0],
        "endless": [np.inf, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
        "team": 1,
    }
).assign(sum=lambda frame: frame["a"] + frame["b"], twice=lambda frame: 2 * frame["y"] + 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"drivers": ["a", "no", "nope"]},
            "columns ['no', 'nope'] are not in the data: check the spelling, or leave them out.",
        ),
        (
            {"drivers": ["a", "text"]},
            "columns ['text'] are not numeric: recode them to numbers, or make dummies of categories.",
        ),
        (
            {"drivers": ["a", "endless"]},
            "columns ['endless'] hold infinite values: declare them missing, or correct them.",
        ),
        (
            {"drivers": ["a", "y"]},
            "columns ['y'] are named more than once among outcome, drivers and covariates.",
        ),
        ({"drivers": "a"}, "drivers must be a list of one or more column names, got 'a'."),
        (
            {"drivers": ["a", "same"]},
            "columns ['same'] are constant over the complete rows: leave them out.",
        ),
        (
            {"drivers": ["b", "a", "copy"]},
            "columns ['a', 'copy'] are copies or linear combinations among themselves (to 1e-10 of their "
            "variance), so their importance is not unique: leave one of them out of each such set, or average them "
            "into one score.",
        ),
        (
            {"drivers": ["a", "sum"], "covariates": ["b"]},
            "columns ['a', 'sum', 'b'] are copies or linear combinations among themselves (to 1e-10 of their "
            "variance), so their importance is not unique: leave one of them out of each such set, or average them "
            "into one score.",
        ),
        (
            {"drivers": ["a", "twice"]},
            "drivers ['twice'] equal the outcome 'y' up to scale: an outcome cannot be its own driver.",
        ),
        (
            {"drivers": ["a"], "weights": "zero"},
            "weights column 'zero' holds 2 values of zero or below, and must be positive: correct them, or remove "
            "those rows first and say so.",
        ),
        (
            {"drivers": ["a"], "cluster": "team"},
            "intervals come from resampling units and need 10 or more of them, got 1 in column 'team': "
            "name a cluster with more units, "
            "or leave cluster out to resample rows.",
        ),
        (
            {"drivers": ["a", "b"], "methods": ["lmg", "shapley"]},
            "methods must be a list of some of ['lmg', 'relative_weights', 'first', 'last', 'beta_squared', 'pratt', "
            "'car', 'owen', 'lmg_sampled'], got ['lmg', 'shapley'].",
        ),
        (
            {"drivers": ["a", "b"], "blocks": {"a": "g", "b": "g"}, "methods": ["pratt", "lmg", "car"]},
            "methods ['pratt', 'car'] are not defined for blocks of drivers: use some of ['lmg', 'first', 'last', "
            "'owen', 'lmg_sampled'], or leave out blocks.",
        ),
        (
            {"drivers": ["a", "b"], "blocks": {"c": "g"}},
            "blocks name ['c'], which are not among the drivers ['a', 'b'].",
        ),
        (
            {"drivers": ["a", "b"], "blocks": {"a": "b"}},
            "blocks ['b'] have the name of a driver outside the block: rename the block.",
        ),
        (
            {"drivers": ["a"], "conf_level": 95},
            "conf_level must lie strictly between 0 and 1, got 95: use 0.95 for 95 %.",
        ),
        (
            {"drivers": ["a"], "n_boot": 10},
            "n_boot must be an integer of at least 39 for conf_level=0.95, got 10: use 1000 or more for a printed "
            "interval.",
        ),
        ({"drivers": ["a"], "seed": -1}, "seed must be an integer of 0 or more, got -1."),
        (
            {"drivers": ["a"], "interval": "basic"},
            "interval must be 'expanded', 'percentile' or 'bca', got 'basic'.",
        ),
        (
            {"drivers": ["a"], "rank_method": "all"},
            "rank_method must be 'pairwise' or 'percentile', got 'all'.",
        ),
        (
            {"drivers": ["a"], "smallest_effect": 0.0},
            "smallest_effect must be a positive difference in R-squared, for example 0.02, got 0.0.",
        ),
    ],
)
def test_refusals(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        relative_importance(DATA, **({"outcome": "y", "seed": 1} | options))
    assert str(caught.value) == message


def test_too_few_rows() -> None:
    frame = planted(n=6)
    frame.loc[0, "x0"] = np.nan
    with pytest.raises(NotEstimable) as caught:
        relative_importance(frame, outcome="y", drivers=[f"x{i}" for i in range(5)], seed=1)
    assert str(caught.value) == (
        "5 drivers need more than 6 complete rows, got 5 (1 left out as incomplete): use fewer of "
        "['x0', 'x1', 'x2', 'x3', 'x4']."
    )


def test_too_many_players_and_the_remedies() -> None:
    frame = planted(n=100, drivers=26)
    drivers = [f"x{i}" for i in range(26)]
    with pytest.raises(ValueError) as caught:
        relative_importance(frame, outcome="y", drivers=drivers, seed=1)
    assert str(caught.value) == (
        "method 'lmg' needs all 2**players subsets, so at most 24 players, got 26: "
        "put related drivers in blocks, or use method 'relative_weights' or 'lmg_sampled'."
    )
    blocks = {name: f"block {index // 6}" for index, name in enumerate(drivers)}
    grouped = relative_importance(frame, outcome="y", drivers=drivers, blocks=blocks, n_boot=99, seed=1)
    assert grouped["driver"].tolist() == ["block 0", "block 1", "block 2", "block 3", "block 4"]
    assert grouped["importance"].sum() == pytest.approx(grouped["r_squared"].iloc[0], abs=SAME)
    weights = relative_importance(
        frame, outcome="y", drivers=drivers, methods=["relative_weights"], n_boot=99, seed=1
    )
    assert weights["importance"].sum() == pytest.approx(weights["r_squared"].iloc[0], abs=SAME)


def test_an_outcome_that_hardly_varies_is_not_estimable() -> None:
    frame = planted(n=40)
    frame["y"] = np.where(np.arange(40) < 2, 1.0, 0.0)
    with pytest.raises(NotEstimable) as caught:
        relative_importance(frame, outcome="y", drivers=["x0"], n_boot=200, seed=1)
    flat = int(str(caught.value).split(" in ")[1].split(" ")[0])
    assert 10 < flat < 50  # 0.95**40 = 13 % of 200
    assert str(caught.value) == (
        f"the outcome 'y' takes one single value in {flat} of 200 bootstrap replicates: too few units differ on it."
    )


@pytest.mark.parametrize(
    ("contrasts", "message"),
    [
        ({}, "contrasts must name at least one pair of sets of drivers, got none."),
        ({"d": (["a"], [])}, "contrast 'd' must be two non-empty lists of drivers, got (['a'], [])."),
        ({"d": (["a"], ["c"])}, "contrast 'd' names ['c'], which are not among ['a', 'b']."),
        (
            {"d": (["a"], ["a"])},
            "contrast 'd' names ['a'] more than once: a driver is on one side, once.",
        ),
    ],
)
def test_contrast_refusals(contrasts: dict[str, tuple[list[str], list[str]]], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        importance_differences(DATA, outcome="y", drivers=["a", "b"], contrasts=contrasts, seed=1)
    assert str(caught.value) == message


def test_data_stay_as_they_were() -> None:
    frame = planted()
    before = frame.copy(deep=True)
    relative_importance(
        frame, outcome="y", drivers=["x0", "x1"], weights="w", cluster="team", n_boot=99, seed=1
    )
    pd.testing.assert_frame_equal(frame, before)
