"""Panel models against lavaan, regressions with dummies and simulation; identities, planted truth and refusals."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from exresearch.models import (
    CrossLaggedPanel,
    NotEstimable,
    asymmetric_shocks,
    cross_lagged_difference,
    cross_lagged_panel,
    dynamic_panel,
    lag_scan,
    linear_regression,
    loop_gain,
)
from exresearch.models.panel.loop import product_below, product_interval
from exresearch.models.panel.quantities import effects_and_correlations

# lavaan stops its search earlier than we do.
FIT, ESTIMATE = 1e-6, 3e-5
SAME = 1e-8

REFERENCE = json.loads((Path(__file__).parent / "reference" / "sem.json").read_text(encoding="utf-8"))
SHARED = Path(__file__).parents[1].parent / "shared"
# Effect, outcome and predictor as lavaan's syntax names them.
PATHS = (
    ("ex_autoregressive", "x", "x"),
    ("cx_autoregressive", "y", "y"),
    ("ex_to_cx", "y", "x"),
    ("cx_to_ex", "x", "y"),
)
ROLES = {"unit": "unit", "wave": "wave", "ex": "ex", "cx": "cx"}


def shared_table(name: str) -> pd.DataFrame:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the shared table {name} is not here")
    return pd.read_csv(path)


def long(wide: pd.DataFrame, *, ex: str, cx: str, n_waves: int, unit: str) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"unit": wide[unit], "wave": t, "ex": wide[f"{ex}{t}"], "cx": wide[f"{cx}{t}"]})
        for t in range(1, n_waves + 1)
    ]
    return pd.concat(parts, ignore_index=True)


def with_moments_of_lavaan() -> pd.DataFrame:
    """Invented units that have exactly the means and covariances of the 500 of the reference."""
    panel = REFERENCE["moments"]["panel"]
    draws = np.random.default_rng(5).standard_normal((panel["n"], 8))
    draws -= draws.mean(axis=0)
    plain = np.linalg.cholesky(np.cov(draws.T, bias=True))
    values = draws @ np.linalg.inv(plain).T @ np.linalg.cholesky(np.array(panel["cov"])).T + panel["mean"]
    wide = pd.DataFrame(values, columns=[f"{name}{t}" for name in "xy" for t in range(1, 5)])
    return long(wide.assign(unit=range(panel["n"])), ex="x", cx="y", n_waves=4, unit="unit")


def planted(
    n_units: int = 300,
    n_waves: int = 4,
    *,
    ex_to_cx: float = 0.3,
    cx_to_ex: float = 0.0,
    level: float = 1.0,
    fall: float = 0.0,
    seed: int = 1,
) -> pd.DataFrame:
    """Stable levels that correlate 0.6, and a process within units that has run in; falls of EX do `fall` more."""
    rng = np.random.default_rng(seed)
    stable = level * rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], n_units)
    now, before, parts = np.zeros((n_units, 2)), np.zeros((n_units, 2)), []
    for wave in range(-20, n_waves):
        shocks = rng.multivariate_normal([0, 0], [[1, 0.3], [0.3, 1]], n_units)
        extra = fall * np.minimum(now[:, 0] - before[:, 0], 0.0)
        following = now @ np.array([[0.3, ex_to_cx], [cx_to_ex, 0.3]]) + shocks
        following[:, 1] += extra
        before, now = now, following
        if wave >= 0:
            frame = pd.DataFrame(stable + now, columns=["ex", "cx"])
            parts.append(frame.assign(unit=range(n_units), wave=wave + 1))
    return pd.concat(parts, ignore_index=True)


def row(table: pd.DataFrame, **where: object) -> pd.Series:
    chosen = table
    for column, value in where.items():
        chosen = chosen[chosen[column] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


def assert_paths_are_lavaans(result: CrossLaggedPanel, name: str, head: str) -> None:
    """Every effect, raw with its error and standardised, lag by lag."""
    expected = REFERENCE["fits"][name]
    for ours, theirs in (
        ("chisq", "chisq"),
        ("p_value", "pvalue"),
        ("cfi", "cfi"),
        ("rmsea", "rmsea"),
        ("srmr", "srmr"),
    ):
        assert_allclose(getattr(result.fit, ours), expected["fit"][theirs], rtol=0, atol=FIT, err_msg=ours)
    assert (result.fit.df, result.fit.npar) == (expected["fit"]["df"], expected["fit"]["npar"])
    table = pd.DataFrame({key: expected["est"][key] for key in ("lhs", "op", "rhs", "est", "se", "std.all")})
    theirs = table[table["op"] == "~"].set_index(["lhs", "rhs"])
    for term, out, by in PATHS:
        lags = [theirs.loc[(f"{head}{out}{t}", f"{head}{by}{t - 1}")] for t in (2, 3, 4)]
        assert_allclose(result.effects[term], np.mean([float(lag["std.all"]) for lag in lags]), atol=ESTIMATE)
        if result.constrained:
            mine = row(result.table, term=term, scale="raw", wave_to="all")
            assert_allclose(
                [mine["estimate"], mine["std_error"]], [lags[0]["est"], lags[0]["se"]], atol=ESTIMATE
            )
            continue
        for t, lag in zip("234", lags, strict=True):
            mine = row(result.table, term=term, scale="raw", wave_to=t)
            assert_allclose([mine["estimate"], mine["std_error"]], [lag["est"], lag["se"]], atol=ESTIMATE)
            mine = row(result.table, term=term, scale="standardised", wave_to=t)
            assert_allclose(mine["estimate"], float(lag["std.all"]), atol=ESTIMATE)


# Against lavaan.


def test_cross_lagged_panel_is_lavaan() -> None:
    result = cross_lagged_panel(with_moments_of_lavaan(), **ROLES, model="clpm", constrained=False)
    assert (result.fit.df, result.n, result.n_waves, result.n_excluded) == (12, 500, 4, 0)
    assert_paths_are_lavaans(result, "clpm", "")


def test_random_intercept_panel_is_lavaan() -> None:
    result = cross_lagged_panel(with_moments_of_lavaan(), **ROLES, constrained=False)
    assert (result.fit.df, result.reason, result.converged) == (9, "", True)
    assert_paths_are_lavaans(result, "riclpm", "w")
    expected = pd.DataFrame(
        {key: REFERENCE["fits"]["riclpm"]["est"][key] for key in ("lhs", "op", "rhs", "std.all")}
    ).set_index(["lhs", "op", "rhs"])["std.all"]
    mine = result.correlations.set_index("term")["estimate"]
    assert_allclose(mine["between_correlation"], float(expected["RIx", "~~", "RIy"]), atol=ESTIMATE)
    shocks = [float(expected[f"wx{t}", "~~", f"wy{t}"]) for t in (2, 3, 4)]
    assert_allclose(mine["shock_correlation"], np.mean(shocks), atol=ESTIMATE)


def test_random_intercept_panel_with_missing_waves_and_equal_lags_is_lavaan() -> None:
    wide = shared_table("reference/06_sem/panel4_sim_missing.csv")
    data = long(wide, ex="x", cx="y", n_waves=4, unit="id")
    result = cross_lagged_panel(data, **ROLES, missing="fiml")
    assert (result.fit.df, result.n, result.n_excluded) == (17, 500, 0)
    assert_paths_are_lavaans(result, "riclpm_fiml", "w")
    listwise = cross_lagged_panel(data, **ROLES)
    assert listwise.n + listwise.n_excluded == 500


@pytest.mark.parametrize("model", ["clpm", "ri_clpm"])
@pytest.mark.parametrize("constrained", [True, False])
def test_three_waves_of_soldiers_converge(model: str, constrained: bool) -> None:
    wide = shared_table("data/r_multilevel/univbct.csv").drop_duplicates("SUBNUM")
    data = long(wide, ex="COMMIT", cx="JOBSAT", n_waves=3, unit="SUBNUM")
    result = cross_lagged_panel(data, **ROLES, model=model, constrained=constrained)  # type: ignore[arg-type]
    df = {("clpm", True): 8, ("clpm", False): 4, ("ri_clpm", True): 5, ("ri_clpm", False): 1}
    assert (result.n, result.n_excluded, result.reason) == (412, 83, "")
    assert result.fit.df == df[model, constrained]
    assert not result.table.isna().any(axis=None)


# Identities.


def test_standardised_errors_are_those_of_drawn_parameters() -> None:
    """Draws of all parameters give the spread of the standardised effects, mean over lags, and their covariance."""
    result = cross_lagged_panel(planted(2000), **ROLES)
    rng = np.random.default_rng(1)
    thetas = rng.multivariate_normal(result.solution.theta, result.solution.covariance, 1500)
    options = {"random": True, "between": False}
    drawn = np.array([effects_and_correlations(result.solution, theta, 4, **options) for theta in thetas])
    standardised = drawn[:, :24].reshape(-1, 2, 4, 3)[:, 1].mean(axis=2)
    scale = np.sqrt(np.diag(result.covariance))
    assert_allclose(
        np.cov(standardised.T) / np.outer(scale, scale), result.covariance / np.outer(scale, scale), atol=0.1
    )
    assert_allclose(standardised.mean(axis=0), result.effects, atol=0.005)


def test_units_and_order_change_nothing() -> None:
    data = planted(120)
    plain = cross_lagged_panel(data, **ROLES)
    moved = data.assign(ex=data["ex"] * 20 + 50).sample(frac=1.0, random_state=3)
    other = cross_lagged_panel(moved, **ROLES)
    assert_allclose(other.effects, plain.effects, atol=1e-6)
    assert_allclose(other.covariance, plain.covariance, atol=1e-6)
    assert_allclose(other.fit.chisq, plain.fit.chisq, atol=1e-6)
    assert_allclose(loop_gain(other)["estimate"], loop_gain(plain)["estimate"], atol=1e-6)


def test_exchanging_the_two_exchanges_the_effects() -> None:
    data = planted(120)
    plain = cross_lagged_panel(data, **ROLES)
    swapped = cross_lagged_panel(data, unit="unit", wave="wave", ex="cx", cx="ex")
    assert_allclose(swapped.effects["cx_to_ex"], plain.effects["ex_to_cx"], atol=1e-6)
    one, two = cross_lagged_difference(plain).iloc[0], cross_lagged_difference(swapped).iloc[0]
    assert_allclose([one["estimate"], one["std_error"]], [-two["estimate"], two["std_error"]], atol=1e-6)
    variance = plain.covariance.loc[["ex_to_cx", "cx_to_ex"], ["ex_to_cx", "cx_to_ex"]].to_numpy()
    assert_allclose(one["std_error"] ** 2, variance[0, 0] + variance[1, 1] - 2 * variance[0, 1], atol=SAME)


def test_two_waves_of_cross_lagged_panel_are_two_regressions() -> None:
    data = planted(200, 2)
    result = cross_lagged_panel(data, **ROLES, model="clpm", errors="robust")
    wide = data.pivot(index="unit", columns="wave", values=["ex", "cx"])
    wide.columns = [f"{name}{t}" for name, t in wide.columns]
    fit = linear_regression(wide, outcome="cx2", predictors=["cx1", "ex1"], covariance="HC0")
    assert_allclose(result.raw["ex_to_cx"], fit.coefficients["ex1"], atol=SAME)
    assert_allclose(
        result.raw_covariance.loc["ex_to_cx", "ex_to_cx"],
        fit.covariance.loc["ex1", "ex1"] * 200 / 199,
        rtol=1e-6,
    )
    assert result.fit.df == 0


def test_lag_scan_is_least_squares_with_dummies() -> None:
    data = planted(40, 5)
    table = lag_scan(data, **ROLES, max_lag=2)
    assert table[["term", "lag"]].to_numpy().tolist() == [
        [term, lag] for lag in (1, 2) for term in ("ex_to_cx", "cx_to_ex")
    ]
    data = data.sort_values(["unit", "wave"])
    past = data.groupby("unit")[["ex", "cx"]].shift(2).add_suffix("_past")
    rows = pd.concat([data, past], axis=1).dropna()
    dummies = pd.get_dummies(rows[["unit", "wave"]].astype(str), dtype=float).drop(columns="wave_3")
    full = pd.concat([rows[["cx", "ex_past", "cx_past"]], dummies, rows[["unit"]]], axis=1)
    names = ["ex_past", "cx_past", *dummies.columns]
    fit = linear_regression(full, outcome="cx", predictors=names, cluster="unit", intercept=False)
    within = rows[["ex_past", "cx"]] - rows.groupby("unit")[["ex_past", "cx"]].transform("mean")
    scale = np.sqrt((within["ex_past"] ** 2).sum() / (within["cx"] ** 2).sum())
    mine, theirs = row(table, term="ex_to_cx", lag=2), row(fit.table, term="ex_past")
    assert_allclose(mine["estimate"], theirs["estimate"] * scale, atol=SAME)
    assert_allclose(mine["std_error"], theirs["std_error"] * scale, atol=SAME)
    assert_allclose(mine["df"], theirs["df"], rtol=1e-6)


def test_rise_and_fall_add_up_to_the_change() -> None:
    data = planted(60, 5, fall=0.5)
    result = asymmetric_shocks(data, **ROLES)
    assert result.table["shock"].tolist() == ["rise", "fall", "fall_minus_rise"] * 2
    estimates = result.table.set_index(["term", "shock"])
    for term in ("ex_to_cx", "cx_to_ex"):
        part = estimates.loc[term]
        assert_allclose(
            part["estimate"]["fall"] - part["estimate"]["rise"], part["estimate"]["fall_minus_rise"]
        )
        assert_allclose(row(result.test, term=term)["p_value"], part["p_value"]["fall_minus_rise"], atol=SAME)


# The product.


@pytest.mark.parametrize(
    ("first", "second", "rho"),
    [(2.0, 1.0, 0.3), (0.0, 0.0, 0.0), (5.0, 0.2, -0.6), (12.0, 11.0, 0.1), (-1.0, 3.0, 0.5)],
)
def test_product_is_that_of_drawn_normals(first: float, second: float, rho: float) -> None:
    rng = np.random.default_rng(1)
    draws = rng.multivariate_normal([first, second], [[1, rho], [rho, 1]], 400_000).prod(axis=1)
    low, high = product_interval(first, second, rho, 0.95)
    # Three standard errors of a simulated tail of 2.5 %.
    assert_allclose([(draws <= low).mean(), (draws > high).mean()], 0.025, atol=7.5e-4)
    assert_allclose(product_below(0.3, first, second, rho), (draws <= 0.3).mean(), atol=2.4e-3)


def test_loop_gain_is_the_product_with_errors_widened_for_few_units() -> None:
    """40 units of 8 values: normal-theory variances times 40 / 28."""
    result = cross_lagged_panel(planted(40), **ROLES)
    gain = loop_gain(result).iloc[0]
    paths = ["ex_to_cx", "cx_to_ex"]
    (a, b), spread = result.raw[paths], result.raw_covariance.loc[paths, paths].to_numpy() * 40 / 28
    assert_allclose(gain["estimate"], a * b)
    assert_allclose(gain["std_error"] ** 2, np.array([b, a]) @ spread @ np.array([b, a]))
    draws = np.random.default_rng(2).multivariate_normal([a, b], spread, 400_000).prod(axis=1)
    assert_allclose(
        [(draws <= gain["conf_low"]).mean(), (draws > gain["conf_high"]).mean()], 0.025, atol=1e-3
    )
    assert_allclose(gain["p_value"], 2 * min((draws <= 0).mean(), (draws > 0).mean()), atol=6e-3)


def test_errors_widened_for_few_units_are_those_of_normal_theory_times_a_root() -> None:
    """40 units of 8 values: variances times 40 / 28; estimates, fit and loop gain stay."""
    plain, wide = (cross_lagged_panel(planted(40), **ROLES, errors=errors) for errors in ("model", "widened"))
    for ours, theirs in ((wide.table, plain.table), (wide.correlations, plain.correlations)):
        assert_allclose(ours["estimate"], theirs["estimate"])
        assert_allclose(ours["std_error"], theirs["std_error"] * np.sqrt(40 / 28))
    half = wide.table["conf_high"] - wide.table["estimate"]
    assert_allclose(half, 1.959963984540054 * wide.table["std_error"])
    assert_allclose(wide.covariance, plain.covariance * 40 / 28)
    assert_allclose(wide.raw_covariance, plain.raw_covariance * 40 / 28)
    assert (wide.fit, wide.errors) == (plain.fit, "widened")
    difference = [cross_lagged_difference(panel)["std_error"].iloc[0] for panel in (wide, plain)]
    assert_allclose(difference[0], difference[1] * np.sqrt(40 / 28))
    limits = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]
    assert_allclose(*(loop_gain(panel)[limits].to_numpy() for panel in (wide, plain)))


def test_loop_gain_of_hardly_more_units_than_values_is_refused() -> None:
    result = cross_lagged_panel(planted(40), **ROLES)
    with pytest.raises(NotEstimable) as error:
        loop_gain(dataclasses.replace(result, n=12))
    assert str(error.value) == "effects over 4 waves need at least 13 units, got 12."


def test_loop_gain_covers_planted_truth() -> None:
    """25 panels, true gain 0.04: the interval misses 1.25 on average, and 5 or more once in a hundred times."""
    missed = 0
    for seed in range(25):
        gain = loop_gain(
            cross_lagged_panel(planted(150, ex_to_cx=0.2, cx_to_ex=0.2, seed=seed), **ROLES)
        ).iloc[0]
        missed += not gain["conf_low"] < 0.04 < gain["conf_high"]
    assert missed < 5


# Planted truth.


def test_planted_effects_are_found_by_both_models_that_allow_for_units() -> None:
    data = planted(1500, ex_to_cx=0.3, cx_to_ex=0.1)
    panel, dynamic = cross_lagged_panel(data, **ROLES), dynamic_panel(data, **ROLES)
    truth = {"ex_autoregressive": 0.3, "cx_autoregressive": 0.3, "ex_to_cx": 0.3, "cx_to_ex": 0.1}
    for term, value in truth.items():
        for table, where in ((panel.table, {"wave_to": "all"}), (dynamic.table, {})):
            found = row(table, term=term, scale="raw", **where)
            assert abs(found["estimate"] - value) < 3 * found["std_error"]
    assert_allclose(
        panel.correlations.set_index("term").loc["between_correlation", "estimate"], 0.6, atol=0.1
    )


def test_dynamic_panel_is_right_where_deviations_from_means_are_not() -> None:
    """Mean of 15 panels with feedback: maximum likelihood is close, the within estimator far off (Nickell)."""
    found, within = [], []
    for seed in range(15):
        data = planted(200, ex_to_cx=0.2, cx_to_ex=0.2, seed=seed)
        table = dynamic_panel(data, **ROLES).table
        found.append([row(table, term=t, scale="raw")["estimate"] for t in ("cx_autoregressive", "ex_to_cx")])
        values = data.pivot(index="unit", columns="wave", values=["ex", "cx"]).to_numpy().reshape(-1, 2, 4)
        x, own, y = (
            v - v.mean(axis=1, keepdims=True) for v in (values[:, 0, :3], values[:, 1, :3], values[:, 1, 1:])
        )
        within.append(np.linalg.lstsq(np.column_stack([own.ravel(), x.ravel()]), y.ravel(), rcond=None)[0])
    assert_allclose(np.mean(found, axis=0), [0.3, 0.2], atol=0.06)
    assert float(np.mean(within, axis=0)[0]) < 0.0


def test_dynamic_panel_agrees_with_differences_and_instruments() -> None:
    """Anderson and Hsiao: changes on lagged changes, with the levels two waves back as instruments."""
    data = planted(4000, 4, ex_to_cx=0.3, cx_to_ex=0.1)
    values = data.pivot(index="unit", columns="wave", values=["ex", "cx"]).to_numpy().reshape(-1, 2, 4)
    values = values - values.mean(axis=0)
    x, y = values[:, 0], values[:, 1]
    change = np.concatenate([y[:, t] - y[:, t - 1] for t in (2, 3)])
    past = np.column_stack([np.concatenate([v[:, t - 1] - v[:, t - 2] for t in (2, 3)]) for v in (y, x)])
    instruments = np.column_stack([np.concatenate([v[:, t - 2] for t in (2, 3)]) for v in (y, x)])
    theirs = np.linalg.solve(instruments.T @ past, instruments.T @ change)
    table = dynamic_panel(data, **ROLES).table
    mine = [row(table, term=t, scale="raw")["estimate"] for t in ("cx_autoregressive", "ex_to_cx")]
    assert_allclose(mine, theirs, atol=0.06)


def test_missing_waves_are_allowed_for_by_both_models() -> None:
    """Whoever had low CX at the first wave is gone from the third on more often."""
    whole = planted(2000)
    first = whole[whole["wave"] == 1].set_index("unit")["cx"]
    leaves = np.random.default_rng(3).random(2000) < 0.6 * (first.sort_index() < 0).to_numpy()
    gone = leaves[whole["unit"]] & (whole["wave"] >= 3)
    data = whole.assign(ex=whole["ex"].mask(gone), cx=whole["cx"].mask(gone))
    assert gone.sum() > 800
    for result in (
        cross_lagged_panel(data, **ROLES, missing="fiml"),
        dynamic_panel(data, **ROLES, missing="fiml"),
    ):
        chosen = result.table[result.table["scale"] == "raw"].set_index("term")
        assert (result.n, result.n_excluded) == (2000, 0)
        assert abs(chosen.loc["ex_to_cx", "estimate"] - 0.3) < 3 * chosen.loc["ex_to_cx", "std_error"]
        assert abs(chosen.loc["cx_to_ex", "estimate"]) < 3 * chosen.loc["cx_to_ex", "std_error"]


def test_complete_units_are_the_same_under_fiml() -> None:
    data = planted(150)
    for function in (cross_lagged_panel, dynamic_panel):
        one, two = (function(data, **ROLES, missing=way).table for way in ("listwise", "fiml"))  # type: ignore[operator]
        assert_allclose(one["estimate"], two["estimate"], atol=1e-6)


def test_stable_differences_alone_deceive_the_plain_panel_and_not_the_other() -> None:
    data = planted(1500, ex_to_cx=0.0)
    plain = row(cross_lagged_panel(data, **ROLES, model="clpm").table, term="ex_to_cx", scale="standardised")
    random = row(cross_lagged_panel(data, **ROLES).table, term="ex_to_cx", scale="standardised")
    assert plain["conf_low"] > 0.03
    assert random["conf_low"] < 0.0 < random["conf_high"]


def test_planted_asymmetry_is_found_and_symmetry_is_not_rejected() -> None:
    skewed = asymmetric_shocks(planted(1000, 5, fall=0.6), **ROLES).test
    assert row(skewed, term="ex_to_cx")["p_value"] < 0.001
    even = asymmetric_shocks(planted(1000, 5), **ROLES).test
    assert row(even, term="ex_to_cx")["p_value"] > 0.05


def test_lag_scan_sees_the_lag_that_is_there() -> None:
    table = lag_scan(planted(1000, 6, ex_to_cx=0.4), **ROLES)
    assert table["lag"].max() == 4
    by_lag = table[table["term"] == "ex_to_cx"].set_index("lag")["estimate"]
    assert by_lag.idxmax() == 1
    assert by_lag[1] > 0.2


# What has no answer, and what is a mistake.


def test_two_waves_are_too_few_for_random_intercepts() -> None:
    for function in (cross_lagged_panel, dynamic_panel, lag_scan):
        with pytest.raises(NotEstimable) as error:
            function(planted(50, 2), **ROLES)  # type: ignore[operator]
        assert str(error.value) == "this needs at least 3 waves in column 'wave', got 2."


def test_too_few_units_have_no_direction() -> None:
    data = planted(29)
    for function, what in (
        (cross_lagged_panel, "with both values in all waves"),
        (dynamic_panel, "with both values in all waves"),
        (lag_scan, "with two pairs of waves"),
        (asymmetric_shocks, "with changes that far apart"),
    ):
        with pytest.raises(NotEstimable) as error:
            function(data, **ROLES)  # type: ignore[operator]
        assert str(error.value) == f"direction needs at least 30 units {what}, got 29."


def test_a_constant_or_copied_series_is_refused() -> None:
    with pytest.raises(NotEstimable, match=r"^column 'cx' does not vary"):
        cross_lagged_panel(planted(50).assign(cx=1.0), **ROLES)
    data = planted(50)
    with pytest.raises(NotEstimable) as error:
        cross_lagged_panel(data.assign(cx=data["ex"] * 2), **ROLES)
    assert str(error.value) == (
        "a wave has a value that does not vary between units, or that follows from the others."
    )


def test_units_without_stable_differences_are_named_or_estimated() -> None:
    """Many such panels have a random intercept with a variance below zero: effects stand, the reason is given."""
    reasons = set()
    for seed in range(8):
        result = cross_lagged_panel(planted(100, level=0.0, seed=seed), **ROLES)
        reasons.add(result.reason)
        assert not result.table.isna().any(axis=None)
        assert not result.correlations.isna().any(axis=None)
        assert ("between_correlation" in set(result.correlations["term"])) == (not result.reason)
    assert "the variance of a random intercept is estimated at zero or below" in reasons


def test_rows_that_repeat_or_have_no_place_are_refused() -> None:
    data = planted(40)
    with pytest.raises(ValueError) as error:
        cross_lagged_panel(pd.concat([data, data.iloc[:2]]), **ROLES)
    assert str(error.value) == "2 rows repeat a unit in a wave: aggregate to one row per 'unit' and 'wave'."
    with pytest.raises(ValueError) as error:
        cross_lagged_panel(data.assign(unit=data["unit"].where(data.index > 2)), **ROLES)
    assert str(error.value) == (
        "3 rows have no 'unit' or 'wave', and no place in the panel: fill these in, or remove the rows "
        "first and say so."
    )
    with pytest.raises(ValueError) as error:
        cross_lagged_panel(data, **ROLES, waves=[1, 2, 3])
    assert str(error.value) == "column 'wave' holds waves ['4'] that are not in waves [1, 2, 3]."
    with pytest.raises(ValueError) as error:
        cross_lagged_panel(data, **ROLES, waves=[1, 2, 3, 4, 4])
    assert str(error.value) == "waves names a wave more than once: [1, 2, 3, 4, 4]."
    with pytest.raises(ValueError) as error:
        cross_lagged_panel(data, **ROLES, waves="1234")
    assert str(error.value) == "waves must be a list of the waves in order, got '1234'."
    mixed = data["wave"].astype(object).replace({4: "four"})
    with pytest.raises(ValueError) as error:
        cross_lagged_panel(data.assign(wave=mixed), **ROLES)
    assert str(error.value) == (
        "wave column 'wave' holds values that have no order among themselves: give waves in order."
    )
    with pytest.raises(ValueError) as error:
        cross_lagged_panel(data, **ROLES, model="sem")  # type: ignore[arg-type]
    assert str(error.value) == "model must be one of ['clpm', 'ri_clpm'], got 'sem'."
    with pytest.raises(ValueError) as error:
        cross_lagged_panel(data, **ROLES, missing="fiml", errors="robust")
    assert str(error.value) == (
        "errors 'robust' need complete units: set missing to 'listwise', or errors to 'model'."
    )
