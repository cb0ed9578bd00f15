"""Intervals and levels where they are easily wrong: near copies, ties, units at a limit, sampled orders, gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from exresearch.models import (
    adjusted_p_values,
    bca_interval,
    bootstrap_counts,
    effective_df,
    expanded_interval,
    expanded_p_value,
    importance_influence,
    importance_metrics,
    importance_replicates,
    linear_regression,
    proportional_odds_test,
    rank_interval,
    relative_importance,
    summarise_differences,
    summarise_importance,
    unit_moments,
)
from exresearch.models.drivers import importance_from_counts


def near_copies(gap: float) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(size=(200, 3)), columns=["a", "b", "c"])
    frame["b"] = frame["a"] + gap * frame["b"]
    frame["y"] = frame.sum(axis=1) + 2.0 * rng.normal(size=200)
    return frame.assign(w=rng.lognormal(size=200), team=np.arange(200) % 20)


@pytest.mark.parametrize("covariates", [[], ["c"]])
@pytest.mark.parametrize("gap", [1.0, 1e-3])
def test_influence_of_near_copies_is_the_derivative_too(gap: float, covariates: list[str]) -> None:
    frame = near_copies(gap)
    methods = ["lmg", "relative_weights", "first", "last", "beta_squared", "pratt", "car"]
    drivers = [name for name in "abc" if name not in covariates]
    columns = ["y", *drivers, *covariates]

    def measured(step: float) -> dict[str, np.ndarray]:
        heavier = frame.assign(w=frame["w"].where(frame["team"] != 7, frame["w"] * (1.0 + step)))
        return importance_metrics(
            unit_moments(heavier, columns=columns, weights="w", cluster="team").correlations(),
            methods=methods,
            players=[[index + 1] for index in range(len(drivers))],
            covariates=range(len(drivers) + 1, len(columns)),
        )

    up, down = measured(1e-4), measured(-1e-4)
    got = importance_influence(
        unit_moments(frame, columns=columns, weights="w", cluster="team"),
        outcome="y",
        players={name: [name] for name in drivers},
        covariates=covariates,
        methods=methods,
    )
    for method in methods:
        wanted = 20 * (up[method] - down[method])[0] / 2e-4
        assert_allclose(got[method][7], wanted, rtol=0, atol=2e-3 * np.abs(wanted).max(), err_msg=method)
        assert_allclose(got[method].sum(axis=0), 0.0, rtol=0, atol=1e-12 * np.abs(got[method]).max())


@pytest.mark.parametrize("value", [0.5, 0.3])
def test_replicates_without_variance_leave_out_every_other_value(value: float) -> None:
    # 0.5 has a standard deviation of 0 in binary arithmetic, 0.3 one of rounding.
    draws = np.full((2000, 1), value)
    low, high = expanded_interval(draws, conf_level=0.95, n_units=12, df=[1.0])
    assert_allclose([low[0], high[0]], value, rtol=1e-12)
    for null, level in ((value, 1.0), (0.0, 2 / 2001), (1.0, 2 / 2001)):
        assert expanded_p_value(draws, null=null, n_units=12, df=[1.0])[0] == pytest.approx(level)


def test_degrees_of_freedom_at_any_size_of_influence() -> None:
    pull = np.array([5.0, 1.0, -1.0, 0.5, -2.0, 0.0])
    assert_allclose(effective_df(pull * 1e200), effective_df(pull), rtol=1e-12)
    assert_allclose(effective_df(pull * 1e-200), effective_df(pull), rtol=1e-12)


def test_adjusted_levels_never_fall_as_statistics_become_less_extreme() -> None:
    draws = np.random.default_rng(2).normal(size=(4999, 2))
    draws /= draws.std(axis=0, ddof=1)
    estimate = np.array([2.0, 1.99])
    levels = adjusted_p_values(estimate, draws + estimate, n_units=10**6)
    assert levels[1] == levels[0]
    # Alone the second would have about 0.047.
    assert levels[1] > 0.08


@pytest.mark.parametrize("conf_level", [0.8, 0.95])
def test_two_drivers_have_one_rank_when_their_difference_is_beyond_chance(conf_level: float) -> None:
    rng = np.random.default_rng(8)
    draws = rng.normal(size=(999, 2))
    # One unit carries the difference of the two, and none either of them alone.
    pull = rng.normal(size=(40, 1)) * np.ones(2) * 10.0 + rng.normal(size=(40, 2))
    pull[0] += [6.0, -6.0]
    df = effective_df(pull[:, 0] - pull[:, 1])
    assert df < 10.0 < effective_df(pull[:, 1])
    seen = set()
    for gap in np.linspace(0.0, 6.0, 61):
        estimate = np.array([1.0 + gap, 1.0])
        for influence, degrees in ((None, None), (pull, df)):
            low, high = rank_interval(
                estimate, draws + estimate, conf_level=conf_level, n_units=40, influence=influence
            )
            level = adjusted_p_values(
                estimate[:1] - estimate[1:],
                draws[:, :1] - draws[:, 1:] + gap,
                n_units=40,
                df=None if degrees is None else degrees[None],
            )[0]
            one = level < 1.0 - conf_level
            assert ([*low, *high] == [1, 2, 1, 2]) if one else ([*low, *high] == [1, 1, 2, 2])
            seen.add((influence is None, bool(one)))
    assert len(seen) == 4


def test_bca_counts_half_of_the_replicates_that_equal_the_estimate() -> None:
    # Symmetric around the estimate with many ties: no bias, so that the interval is symmetric too.
    draws = np.repeat([-2.0, -1.0, 0.0, 1.0, 2.0], [50, 100, 699, 100, 50])
    low, high = bca_interval(0.0, draws, np.array([1.0, -1.0, 2.0, -2.0]), conf_level=0.8)
    assert float(low) == -float(high) == -1.0


def unequal(units: int) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    team = np.repeat(np.arange(units), rng.integers(2, 40, units))
    frame = pd.DataFrame(
        rng.normal(size=(len(team), 2)) + rng.normal(size=(units, 2))[team], columns=["a", "b"]
    )
    frame["y"] = frame["a"] + 0.6 * frame["b"] + rng.normal(size=len(team)) + rng.normal(size=units)[team]
    return frame.assign(team=team)


@pytest.mark.parametrize(("units", "few"), [(29, True), (30, False)])
def test_summaries_take_their_parts_from_the_replicates(units: int, few: bool) -> None:
    result = importance_replicates(
        unequal(units), outcome="y", drivers=["a", "b"], cluster="team", n_boot=199, seed=1
    )
    assert result.influence is not None
    assert (result.jackknife is not None) == few
    table = summarise_differences(result, contrasts={"a - b": (["a"], ["b"])}, smallest_effect=0.2)
    draws = result.replicates["lmg"][:, :1] - result.replicates["lmg"][:, 1:]
    pull = result.influence["lmg"][:, 0] - result.influence["lmg"][:, 1]
    df = effective_df(pull)
    assert df < units - 4.0
    low, high = expanded_interval(draws, conf_level=0.95, n_units=units, df=df[None])
    assert table["conf_low"].tolist() == low.tolist()
    assert table["conf_high"].tolist() == high.tolist()
    assert table["std_error"].tolist() == [draws.std(ddof=1)]
    assert table["few_clusters"].tolist() == [few]
    assert ("conf_low_jackknife" in table) == few


def test_intervals_over_sampled_orders_know_of_the_draw_of_orders() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(4000, 7)) + 2.0 * rng.normal(size=(4000, 1))
    frame = pd.DataFrame(x, columns=list("abcdefg"))
    frame["y"] = x @ np.arange(7.0) + 15.0 * rng.normal(size=4000)
    both = relative_importance(
        frame,
        outcome="y",
        drivers=list("abcdefg"),
        methods=["lmg", "lmg_sampled"],
        n_orders=100,
        n_boot=999,
        seed=2,
    )
    exact, sampled = (part.set_index("driver") for _, part in both.groupby("method"))
    # The draw of so few orders matters here as much as the draw of rows.
    assert (sampled["sampling_error"] > 0.8 * exact["std_error"]).any()
    assert_allclose(sampled["std_error"], np.hypot(exact["std_error"], sampled["sampling_error"]), rtol=0.1)
    result = importance_replicates(
        frame, outcome="y", drivers=list("abcdefg"), methods=["lmg_sampled"], n_orders=100, n_boot=20, seed=2
    )
    # The draws of the orders sum to nothing, as the gains of any order sum to R-squared.
    others = importance_replicates(
        frame, outcome="y", drivers=list("abcdefg"), methods=["lmg"], n_boot=20, seed=2
    )
    assert_allclose(
        result.replicates["lmg_sampled"].sum(axis=1), others.replicates["lmg"].sum(axis=1), rtol=1e-9
    )


def gappy() -> pd.DataFrame:
    """Correlated columns with 30 % missing: a few bootstrap replicates have impossible pairwise correlations."""
    rng = np.random.default_rng(2)
    x = 0.35 * rng.normal(size=(60, 3)) + rng.normal(size=(60, 1))
    frame = pd.DataFrame(x, columns=["a", "b", "c"])
    frame["y"] = 0.6 * x.sum(axis=1) + 0.35 * rng.normal(size=60)
    return frame.mask(rng.random((60, 4)) < 0.3)


def test_replicates_that_contradict_themselves_are_left_out() -> None:
    frame = gappy()
    result = importance_replicates(
        frame, outcome="y", drivers=["a", "b", "c"], missing="pairwise", n_boot=1000, seed=1
    )
    left = result.replicates["lmg"]
    # Three of a thousand importances of zero would add half to the standard errors.
    assert left.shape == (997, 3)
    assert left.min() > 0.05


def test_a_chunk_of_nothing_but_contradictions() -> None:
    frame = gappy()
    moments = unit_moments(frame, columns=["y", "a", "b", "c"], missing="pairwise")
    counts = bootstrap_counts(60, n_boot=1000, seed=1)
    wrong = np.linalg.eigvalsh(moments.correlations(counts))[:, 0] < -1e-10
    chunks = [counts[wrong], counts[~wrong]]
    values = importance_from_counts(moments, chunks, outcome="y", players={name: [name] for name in "abc"})
    assert len(values["lmg"]) == (~wrong).sum() == 997


def test_cr2_of_rows_is_hc2_under_the_variance_that_it_is_unbiased_under() -> None:
    frame = near_copies(1.0)
    common = {"outcome": "y", "predictors": ["a", "b"], "weights": "w"}
    hc2 = linear_regression(frame, covariance="HC2", **common).covariance
    inverse = linear_regression(frame, covariance="CR2", working_variance="inverse_weights", **common)
    constant = linear_regression(frame, covariance="CR2", **common)
    assert_allclose(inverse.covariance, hc2, rtol=1e-9)
    assert not np.allclose(constant.covariance, hc2, rtol=0.01)


@pytest.mark.parametrize(
    ("kind", "alike"), [("plain", True), ("rare", False), ("weights", False), ("light weights", True)]
)
def test_rows_of_which_few_carry_a_column_have_their_degrees_of_freedom(kind: str, alike: bool) -> None:
    rng = np.random.default_rng(6)
    frame = pd.DataFrame(rng.normal(size=(1200, 2)), columns=["a", "b"])
    if kind == "rare":
        frame["b"] = (np.arange(1200) < 10).astype(float)
    frame["y"] = frame["a"] + 2.0 * frame["b"] + rng.normal(size=1200)
    frame["w"] = np.exp((2.0 if kind == "weights" else 0.3) * rng.normal(size=1200))
    result = importance_replicates(
        frame,
        outcome="y",
        drivers=["a", "b"],
        weights="w" if "weights" in kind else None,
        n_boot=20,
        seed=1,
    )
    assert (result.influence is None) == alike
    if result.influence is not None:
        assert effective_df(result.influence["lmg"])[1] < 100.0


def test_standard_errors_of_standardised_slopes_take_the_scales_as_known() -> None:
    # As the docstring says: sqrt((1 - r2) / n) where that of a correlation is (1 - r2) / sqrt(n).
    rng = np.random.default_rng(1)
    x = rng.normal(size=40_000)
    frame = pd.DataFrame({"x": x, "y": 0.8 * x + 0.6 * rng.normal(size=40_000)})
    fit = linear_regression(frame, outcome="y", predictors=["x"], standardised=True)
    r = float(frame.corr().iloc[0, 1])
    assert fit.table["estimate"][0] == pytest.approx(r)
    ratio = fit.table["std_error"][0] / ((1.0 - r**2) / 200.0)
    assert ratio == pytest.approx(1.0 / np.sqrt(1.0 - r**2), rel=0.02)
    assert ratio == pytest.approx(1.7, abs=0.05)


def test_limits_of_squares_stop_at_zero() -> None:
    rng = np.random.default_rng(3)
    team = np.repeat(np.arange(10), [100, *[3] * 9])
    frame = pd.DataFrame(rng.normal(size=(127, 2)), columns=["a", "b"])
    frame["y"] = np.where(team == 0, 1.0, 0.0) * frame["a"] + rng.normal(size=127)
    result = importance_replicates(
        frame.assign(team=team), outcome="y", drivers=["a", "b"], cluster="team", n_boot=99, seed=1
    )
    assert result.influence is not None
    low, high = expanded_interval(
        result.replicates["lmg"], conf_level=0.95, n_units=10, df=effective_df(result.influence["lmg"])
    )
    assert low.min() < 0.0
    table = summarise_importance(result)
    assert table["conf_low"].tolist() == np.maximum(low, 0.0).tolist()
    assert table["conf_high"].tolist() == high.tolist()


def test_jackknife_columns_are_those_of_leaving_out_rows() -> None:
    frame = unequal(12).assign(w=np.random.default_rng(1).lognormal(size=len(unequal(12))))
    common = {"outcome": "y", "drivers": ["a", "b"], "weights": "w", "cluster": "team"}
    table = relative_importance(frame, n_boot=39, seed=1, **common)
    left = np.array(
        [
            relative_importance(frame[frame["team"] != unit], n_boot=0, seed=1, **common)["importance"]
            for unit in range(12)
        ]
    )
    spread = np.sqrt(11 / 12 * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    half = stats.t.ppf(0.975, effective_df(left)) * spread
    assert_allclose(table["conf_low_jackknife"], table["importance"] - half, rtol=1e-9)
    assert_allclose(table["conf_high_jackknife"], table["importance"] + half, rtol=1e-9)
    scaled = relative_importance(frame.assign(w=frame["w"] / frame["w"].sum()), n_boot=39, seed=1, **common)
    pd.testing.assert_frame_equal(table, scaled, rtol=1e-9)


def test_percentile_ranks_are_rounded_outwards() -> None:
    # Of 59 replicates the limits at 95 % lie between the outermost and the next.
    draws = np.tile([3.0, 2.0, 1.0], (59, 1))
    draws[0] = [3.0, 1.0, 2.0]
    low, high = rank_interval([3.0, 2.0, 1.0], draws, conf_level=0.95, n_units=50, rank_method="percentile")
    assert low.tolist() == [1, 2, 2]
    assert high.tolist() == [1, 3, 3]


def test_every_replicate_draws_as_many_units_as_there_are() -> None:
    # Some of 20,000 have too many independent draws, and are drawn anew.
    for units in (10, 40, 100):
        assert (bootstrap_counts(units, n_boot=20_000, seed=3).sum(axis=1) == units).all()


def test_slopes_at_thresholds_have_normal_intervals() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"a": rng.normal(size=300)})
    frame["y"] = np.digitize(frame["a"] + rng.logistic(size=300), [-1.0, 0.0, 1.0]).astype(float)
    slopes = proportional_odds_test(frame, outcome="y", drivers=["a"]).slopes
    half = stats.norm.ppf(0.975) * slopes["std_error"]
    assert_allclose(slopes["conf_low"], slopes["estimate"] - half, rtol=1e-12)
    assert_allclose(slopes["conf_high"], slopes["estimate"] + half, rtol=1e-12)
    assert_allclose(slopes["p_value"], 2.0 * stats.norm.sf(np.abs(slopes["estimate"] / slopes["std_error"])))
