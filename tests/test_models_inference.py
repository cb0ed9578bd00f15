"""Influences, expanded intervals, ranks, adjusted levels and few clusters of driver importance."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from statsmodels.stats.multitest import multipletests

from exresearch.models import (
    FEW_UNITS,
    METHODS,
    NotEstimable,
    adjusted_p_values,
    all_pairs,
    effective_df,
    expanded_interval,
    expanded_p_value,
    expanded_tail,
    importance_differences,
    importance_influence,
    importance_replicates,
    jackknife_interval,
    jackknife_p_value,
    percentile_interval,
    rank_interval,
    regression_influence,
    relative_importance,
    summarise_differences,
    summarise_importance,
    unit_moments,
)
from exresearch.models.drivers import importance_from_counts, influence

# Two central differences, one in the correlations and one in the weights.
SLOPE = 1e-6
# Two exact algorithms on the same data.
SAME = 1e-9
DRIVERS = [f"x{i}" for i in range(5)]


def planted(n: int = 400, units: int = 40, seed: int = 3) -> pd.DataFrame:
    """Five correlated drivers, of which x0 and x1, x2 and x3 are exchangeable, an outcome, weights and teams."""
    rng = np.random.default_rng(seed)
    team = rng.integers(units, size=n)
    common = rng.normal(size=(n, 1)) + rng.normal(size=(units, 1))[team] * 0.4
    frame = pd.DataFrame(0.6 * common + rng.normal(size=(n, 5)), columns=DRIVERS)
    frame["y"] = frame[DRIVERS].to_numpy() @ [0.6, 0.6, 0.3, 0.3, 1.0] + rng.normal(size=n) * 2
    return frame.assign(w=rng.uniform(0.5, 2.0, n), team=team)


@pytest.mark.parametrize("cluster", [None, "team"])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("kind", ["plain", "covariates", "blocks"])
def test_influence_is_the_derivative_in_the_weight_of_a_unit(
    cluster: str | None, weights: str | None, kind: str
) -> None:
    frame = planted(n=40, units=15)
    moments = unit_moments(frame, columns=["x3", "y", "x0", "x2", "x1"], weights=weights, cluster=cluster)
    options = {
        "plain": {"players": {"a": ["x0"], "b": ["x2"], "c": ["x1"]}, "methods": METHODS},
        "covariates": {"players": {"a": ["x0"], "b": ["x2"]}, "covariates": ["x1", "x3"], "methods": METHODS},
        "blocks": {"players": {"a": ["x0", "x3"], "b": ["x2"]}, "methods": ["lmg", "first", "last"]},
    }[kind]
    found = importance_influence(moments, outcome="y", **options)
    step = 1e-4 * np.eye(moments.n_units)
    above, below = (importance_from_counts(moments, [1 + s], outcome="y", **options) for s in (step, -step))
    assert list(found) == list(options["methods"])
    for method, values in found.items():
        slope = (above[method] - below[method]) / 2e-4 * moments.n_units
        assert_allclose(values, slope, rtol=0, atol=SLOPE)
        assert_allclose(values.sum(axis=0), 0.0, atol=1e-10)


def test_influence_of_rows_and_of_units_of_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = planted(n=50).assign(row=range(50))
    columns, players = ["y", "x0", "x1"], {"x0": ["x0"], "x1": ["x1"]}
    rows = unit_moments(frame, columns=columns, weights="w")
    units = unit_moments(frame, columns=columns, weights="w", cluster="row")
    left = importance_influence(rows, outcome="y", players=players)["lmg"]
    right = importance_influence(units, outcome="y", players=players)["lmg"]
    # Rows lie in an order of their own.
    assert_allclose(left, right[rows.units], rtol=0, atol=SAME)
    monkeypatch.setattr(influence, "BLOCK_CELLS", 50)
    assert_allclose(importance_influence(rows, outcome="y", players=players)["lmg"], left, rtol=0, atol=SAME)


def test_influence_gives_the_standard_error_of_the_bootstrap() -> None:
    frame = planted(n=4000, units=200)
    for cluster in (None, "team"):
        result = importance_replicates(
            frame, outcome="y", drivers=DRIVERS, cluster=cluster, n_boot=1000, seed=1, influence=True
        )
        error = np.sqrt((result.influence["lmg"] ** 2).sum(axis=0)) / result.n_units
        # 1,000 replicates know a standard deviation to 2.2 %.
        assert_allclose(error, result.replicates["lmg"].std(axis=0), rtol=0.09)


def test_regression_on_frequencies_finds_influences() -> None:
    rng = np.random.default_rng(1)
    counts = rng.multinomial(8, np.full(8, 1 / 8), size=400)
    pull = rng.normal(size=(8, 2))
    found = regression_influence(counts, counts @ pull / 8)
    assert_allclose(found, pull - pull.mean(axis=0), atol=SAME)
    assert_allclose(regression_influence(counts, counts @ pull[:, 0] / 8), found[:, 0], atol=SAME)
    with pytest.raises(ValueError) as caught:
        regression_influence(counts[:8], np.ones(8))
    assert str(caught.value) == (
        "counts must have a row for each of the 8 replicates and fewer columns than rows, got shape (8, 8)."
    )


def test_expanded_interval_of_a_mean_is_students() -> None:
    rng = np.random.default_rng(2)
    for units in (10, 25, 400):
        sample = rng.normal(size=units)
        # What endless replicates of a mean look like.
        grid = stats.norm.ppf(
            np.arange(1, 40_000) / 40_000, loc=sample.mean(), scale=sample.std() / np.sqrt(units)
        )
        low, high = expanded_interval(grid, conf_level=0.95, n_units=units)
        expected = stats.t.interval(0.95, units - 1, loc=sample.mean(), scale=stats.sem(sample))
        assert_allclose([low, high], expected, rtol=0, atol=1e-5)
        above, below = expanded_tail(grid, null=0.1, n_units=units)
        test = stats.ttest_1samp(sample, 0.1, alternative="less")
        assert_allclose([above, below], [1 - test.pvalue, test.pvalue], rtol=0, atol=1e-5)
        assert_allclose(
            expanded_p_value(grid, null=0.1, n_units=units), stats.ttest_1samp(sample, 0.1).pvalue, atol=1e-5
        )


def test_expanded_interval_with_many_units_is_the_percentile_interval() -> None:
    values = np.random.default_rng(3).exponential(size=(999, 2))
    expected = percentile_interval(values, conf_level=0.9)
    assert_allclose(expanded_interval(values, conf_level=0.9, n_units=10**9), expected, rtol=1e-6)
    widths = [np.diff(expanded_interval(values, conf_level=0.9, n_units=u), axis=0) for u in (200, 30, 12, 3)]
    assert all((narrow < wide).all() for narrow, wide in pairwise(widths))


def test_expanded_level_and_interval_agree_beyond_the_replicates_too() -> None:
    rng = np.random.default_rng(5)
    values = np.column_stack(
        [rng.normal(0.2, 0.1, 299), rng.exponential(size=299), np.round(rng.normal(size=299), 1)]
    )
    for units, df in ((12, None), (12, np.array([2.0, 6.0, 11.0])), (200, None)):
        options = {"n_units": units, "df": df}
        for level in (0.8, 0.95, 0.99):
            low, high = expanded_interval(values, conf_level=level, **options)
            for null in np.linspace(-4.0, 8.0, 301):
                p = expanded_p_value(values, null=float(null), **options)
                outside, inside = (
                    (null < low - 1e-9) | (null > high + 1e-9),
                    (null > low + 1e-9) & (null < high - 1e-9),
                )
                assert (p[outside] < 1 - level + 1e-9).all()
                assert (p[inside] > 1 - level - 1e-9).all()
    assert (expanded_interval(values, conf_level=0.99, n_units=12)[1] > values.max(axis=0)).all()
    assert expanded_p_value(values, null=1e9, n_units=12).tolist() == [2 / 300] * 3
    same = np.full(99, 0.3)
    assert [float(x) for x in expanded_interval(same, conf_level=0.95, n_units=12)] == [0.3, 0.3]
    for units, message in (
        (1, "n_units must be an integer of 2 or more, got 1."),
        (2.5, "n_units must be an integer of 2 or more, got 2.5."),
    ):
        with pytest.raises(ValueError) as caught:
            expanded_interval(values, conf_level=0.95, n_units=units)
        assert str(caught.value) == message


def test_degrees_of_freedom_come_from_the_kurtosis() -> None:
    rng = np.random.default_rng(6)
    pull = rng.standard_t(4, size=(50, 3)) + 7.0
    kurtosis = stats.kurtosis(pull, fisher=False)
    assert_allclose(effective_df(pull), np.minimum(2 * 50 / (kurtosis - 1), 49.0), rtol=1e-12)
    assert_allclose(effective_df(pull * 1e-150), effective_df(pull), rtol=1e-9)
    assert effective_df(np.tile([1.0, -1.0], 10)) == 19.0
    assert effective_df(np.zeros(20)) == 19.0
    one = np.zeros(20)
    one[3] = 1.0
    assert effective_df(one) == pytest.approx(2 / (1 - 1 / 20), rel=0.15)
    with pytest.raises(ValueError) as caught:
        effective_df([1.0])
    assert str(caught.value) == "influence must be finite, with two or more units as rows, got shape (1,)."


def test_jackknife_of_a_mean_is_its_students_interval() -> None:
    sample = np.random.default_rng(7).normal(size=15)
    left_out = (sample.sum() - sample) / 14
    df = float(effective_df(sample))
    for level in (0.8, 0.95):
        expected = stats.t.interval(level, df, loc=sample.mean(), scale=stats.sem(sample))
        assert_allclose(jackknife_interval(sample.mean(), left_out, conf_level=level), expected, rtol=1e-12)
        for end in expected:
            assert jackknife_p_value(sample.mean(), left_out, null=end) == pytest.approx(1 - level)
    assert jackknife_p_value(1.0, np.ones(5), null=1.0) == 1.0
    assert jackknife_p_value(1.0, np.ones(5), null=0.0) == 0.0
    with pytest.raises(ValueError) as caught:
        jackknife_interval([1.0, 2.0], left_out, conf_level=0.95)
    assert (
        str(caught.value)
        == "left_out must have two or more rows of the shape of the estimate (2,), got (15,)."
    )


def test_adjusted_levels_of_independent_statistics_are_those_of_holm_and_sidak() -> None:
    rng = np.random.default_rng(8)
    estimate = np.array([3.2, -2.6, 2.4, 0.3, -1.2])
    found = adjusted_p_values(estimate, estimate + rng.normal(size=(20_000, 5)), n_units=10**9)
    single = 2 * stats.norm.sf(np.abs(estimate))
    assert_allclose(found, multipletests(single, method="holm-sidak")[1], atol=0.01)
    few = adjusted_p_values(estimate, estimate + rng.normal(size=(20_000, 5)), n_units=12)
    assert (few > found).all()


def test_adjusted_levels_by_hand() -> None:
    rng = np.random.default_rng(9)
    mixed = rng.normal(size=(4, 4))
    estimate = np.array([0.5, -4.0, 3.0, 0.0])
    values = estimate + rng.normal(size=(499, 4)) @ mixed
    error = values.std(axis=0, ddof=1)
    order = np.argsort(-np.abs(estimate) / error)
    expected, worst = np.empty(4), 0.0
    for place, column in enumerate(order):
        left = order[place:]
        largest = np.abs((values[:, left] - estimate[left]) / error[left]).max(axis=1)
        worst = max(worst, (1 + (largest >= abs(estimate[column]) / error[column]).sum()) / 500)
        expected[column] = worst
    assert_allclose(adjusted_p_values(estimate, values, n_units=10**9), expected, rtol=0, atol=SAME)
    shuffled = rng.permutation(4)
    again = adjusted_p_values(estimate[shuffled], values[:, shuffled], n_units=10**9)
    assert_allclose(again, expected[shuffled], rtol=0, atol=SAME)
    # Statistics without spread: 0 is certain, and so is anything else.
    assert adjusted_p_values([0.0, 1.0], np.tile([0.0, 1.0], (99, 1)), n_units=30).tolist() == [1.0, 0.01]
    with pytest.raises(ValueError) as caught:
        adjusted_p_values([1.0], values, n_units=30)
    assert (
        str(caught.value) == "estimate must have the shape [K] and replicates [B, K], got (1,) and (499, 4)."
    )


def test_rank_intervals() -> None:
    rng = np.random.default_rng(10)
    truth = np.array([5.0, 1.0, 1.0, 0.0])
    errors = rng.normal(scale=0.1, size=(499, 4))
    estimate = truth + np.array([0.05, 0.02, -0.02, 0.0])
    options = {"conf_level": 0.95, "n_units": 200}
    low, high = rank_interval(estimate, estimate + errors, **options)
    assert low.tolist() == [1, 2, 2, 4]
    assert high.tolist() == [1, 3, 3, 4]
    order = np.array([2, 0, 3, 1])
    again = rank_interval(estimate[order], (estimate + errors)[:, order], **options)
    assert [part.tolist() for part in again] == [low[order].tolist(), high[order].tolist()]
    assert [part.tolist() for part in rank_interval([1.0], np.ones((99, 1)), **options)] == [[1], [1]]
    wide = rank_interval(estimate, estimate + 60 * errors, **options)
    assert [part.tolist() for part in wide] == [[1, 1, 1, 1], [4, 4, 4, 4]]
    with pytest.raises(ValueError) as caught:
        rank_interval(estimate, errors, rank_method="best", **options)
    assert str(caught.value) == "rank_method must be 'pairwise' or 'percentile', got 'best'."


def test_ranks_of_tied_drivers_are_both_in_the_interval() -> None:
    covered = {"pairwise": 0, "percentile": 0}
    for seed in range(50):
        result = importance_replicates(
            planted(n=200, seed=seed), outcome="y", drivers=DRIVERS, n_boot=199, seed=seed
        )
        for method in covered:
            table = summarise_importance(result, rank_method=method).set_index("driver")
            # x4 is first, x0 and x1 share ranks 2 and 3, x2 and x3 share 4 and 5.
            for names, first, last in ((["x0", "x1"], 2, 3), (["x2", "x3"], 4, 5)):
                held = (table.loc[names, "rank_low"] <= first) & (table.loc[names, "rank_high"] >= last)
                covered[method] += int(held.sum())
    # Of 200. The percentile interval of ranks falls short where drivers are tied.
    assert covered["pairwise"] >= 190
    assert covered["percentile"] < covered["pairwise"]


@pytest.mark.parametrize("interval", ["expanded", "percentile", "bca"])
def test_little_influence_is_the_upper_limit_below_the_smallest_effect(interval: str) -> None:
    result = importance_replicates(
        planted(), outcome="y", drivers=DRIVERS, cluster="team", n_boot=399, seed=2
    )
    limits = summarise_importance(result, conf_level=0.90, interval=interval).set_index("driver")["conf_high"]
    for driver, limit in limits.items():
        for factor, below in ((1.001, True), (0.999, False)):
            table = summarise_importance(result, smallest_effect=limit * factor, interval=interval)
            row = table.set_index("driver").loc[driver]
            assert bool(row["p_equivalence"] < 0.05) is below
            assert row["smallest_effect"] == limit * factor


def test_all_pairs() -> None:
    result = importance_replicates(
        planted(n=1500), outcome="y", drivers=DRIVERS, cluster="team", n_boot=999, seed=2
    )
    table = summarise_differences(result, contrasts=all_pairs(DRIVERS)).set_index("term")
    assert len(table) == 10
    assert table.index[0] == "x0 - x1"
    assert (table["p_adjusted"] >= table["p_value"]).all()
    assert (table["p_adjusted"] > table["p_value"]).any()
    # Ten pairs and B = 999: Holm could show nothing below 10 * 2 / 1000.
    assert table.loc["x2 - x4", "p_adjusted"] < 0.01
    assert table.loc[["x0 - x1", "x2 - x3"], "p_adjusted"].min() > 0.05
    reverse = summarise_differences(result, contrasts=all_pairs(DRIVERS[::-1])).set_index("term")
    assert_allclose(
        [reverse.loc["x4 - x2", name] for name in ("estimate", "p_value", "p_adjusted")],
        [-table.loc["x2 - x4", "estimate"], *table.loc["x2 - x4", ["p_value", "p_adjusted"]]],
    )
    alone = summarise_differences(result, contrasts={"x1 - x3": (["x1"], ["x3"])}).iloc[0]
    assert alone["p_adjusted"] == alone["p_value"] == table.loc["x1 - x3", "p_value"]
    blocks = {"x0": "g", "x1": "g"}
    grouped = importance_differences(
        planted(),
        outcome="y",
        drivers=DRIVERS,
        blocks=blocks,
        contrasts=all_pairs(["g", "x4"]),
        n_boot=199,
        seed=1,
    )
    assert grouped["term"].tolist() == ["g - x4"]


def test_few_clusters_have_a_jackknife_beside_the_bootstrap() -> None:
    frame = planted(n=300, units=12)
    options = {"outcome": "y", "drivers": DRIVERS, "cluster": "team", "n_boot": 199, "seed": 1}
    table = relative_importance(frame, **options).set_index("driver")
    gaps = importance_differences(frame, contrasts={"d": (["x4"], ["x2"])}, **options).iloc[0]
    assert table["few_clusters"].all()
    assert bool(gaps["few_clusters"])
    left_out = np.array(
        [
            relative_importance(frame[frame["team"] != team], **options).set_index("driver")["importance"]
            for team in range(12)
        ]
    )
    low, high = jackknife_interval(table["importance"], left_out, conf_level=0.95)
    assert_allclose(table["conf_low_jackknife"], low, rtol=0, atol=SAME)
    assert_allclose(table["conf_high_jackknife"], high, rtol=0, atol=SAME)
    difference = left_out[:, 4] - left_out[:, 2]
    low, high = jackknife_interval(gaps["estimate"], difference, conf_level=0.95)
    assert gaps["conf_low_jackknife"] == pytest.approx(low, abs=SAME)
    assert gaps["conf_high_jackknife"] == pytest.approx(high, abs=SAME)
    assert (gaps["p_value_jackknife"] < 0.05) == (low > 0 or high < 0)
    # Many units have neither.
    enough = relative_importance(planted(), **options)
    assert enough["n_clusters"].iloc[0] >= FEW_UNITS
    assert not enough["few_clusters"].any()
    assert "conf_low_jackknife" not in enough
    with pytest.raises(NotEstimable) as caught:
        relative_importance(planted(units=9), **options)
    assert str(caught.value) == (
        "intervals come from resampling units and need 10 or more of them, got 9 in column 'team': name a cluster "
        "with more units, or leave cluster out to resample rows."
    )


def test_many_rows_do_without_influences_unless_asked() -> None:
    result = importance_replicates(planted(n=1000), outcome="y", drivers=["x0", "x1"], n_boot=99, seed=1)
    assert result.influence is None
    table = summarise_importance(result)
    expected = expanded_interval(result.replicates["lmg"], conf_level=0.95, n_units=1000)
    assert_allclose([table["conf_low"], table["conf_high"]], expected)
    with pytest.raises(ValueError) as caught:
        summarise_importance(result, interval="bca")
    assert str(caught.value) == (
        "interval 'bca' needs the influence of every row: call importance_replicates with influence=True."
    )
    bca = relative_importance(
        planted(n=1000), outcome="y", drivers=["x0", "x1"], n_boot=99, interval="bca", seed=1
    )
    assert (bca["conf_low"] < bca["importance"]).all()


def test_replicates_alone() -> None:
    options = {"outcome": "y", "drivers": ["x0", "x1"], "cluster": "team", "n_boot": 99, "seed": 1}
    alone = importance_replicates(planted(units=15), influence=False, **options)
    both = importance_replicates(planted(units=15), **options)
    assert alone.influence is None
    assert alone.jackknife is None
    assert both.influence["lmg"].shape == both.jackknife["lmg"].shape == (15, 2)
    assert (alone.replicates["lmg"] == both.replicates["lmg"]).all()
    table = summarise_importance(alone)
    assert table["few_clusters"].all()
    assert "conf_low_jackknife" not in table


def test_order_and_scale_of_drivers_change_nothing() -> None:
    frame = planted(n=200, units=14)
    options = {"outcome": "y", "cluster": "team", "n_boot": 199, "smallest_effect": 0.05, "seed": 4}
    left = relative_importance(frame, drivers=DRIVERS, methods=METHODS, **options)
    moved = frame.assign(x1=frame["x1"] * 1e-8 + 3.0, x3=frame["x3"] * 1e8)
    right = relative_importance(moved, drivers=DRIVERS[::-1], methods=METHODS, **options)
    both = [table.set_index(["method", "driver"]).sort_index().astype(float) for table in (left, right)]
    # Degrees of freedom rest on numerical derivatives.
    assert_allclose(both[0], both[1], rtol=0, atol=1e-7)
