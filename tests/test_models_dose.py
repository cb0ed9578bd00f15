"""Dose-response, moderation and quantile regression against other implementations and planted truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linprog
from scipy.stats import t as student
from statsmodels.regression.linear_model import WLS
from statsmodels.regression.quantile_regression import QuantReg

from exresearch.models import NotEstimable, bootstrap_counts
from exresearch.models.linkage import dose_response, moderation, quantile_regression
from exresearch.models.linkage.dose import spline_basis
from exresearch.models.linkage.interior import quantile_coefficients

# Another order of summation.
EXACT = 1e-8


def units(seed: int = 1, n: int = 120, bend: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"ex": rng.normal(7, 1, n), "size": rng.normal(size=n), "contact": rng.uniform(0, 1, n)}
    )
    frame["n"] = rng.integers(5, 200, n)
    noise = rng.normal(size=n) * np.sqrt(20 / frame["n"])
    frame["cx"] = 1 + 0.5 * frame["ex"] + bend * (frame["ex"] - 7) ** 2 + 0.2 * frame["size"] + noise
    return frame.assign(region=np.arange(n) // 6)


def refusal(call: object, kind: type[Exception] = ValueError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("weights", [None, "n"])
def test_dose_response_by_weighted_least_squares(weights: str | None) -> None:
    frame = units(bend=0.1)
    w = frame["n"].to_numpy(float) if weights else np.ones(len(frame))
    made = dose_response(
        frame, ex="ex", cx="cx", covariates=["size"], weights=weights, covariance="classical", knots=4
    )
    ex, mean = frame["ex"].to_numpy(), np.average(frame["ex"], weights=w)
    order = np.argsort(ex)
    middles = np.cumsum(w[order]) - w[order] / 2

    def quantile(prob: float) -> float:
        return float(np.interp(prob * w.sum(), middles, ex[order]))

    def fitted(*columns: np.ndarray) -> object:
        return WLS(
            frame["cx"].to_numpy(), np.column_stack([np.ones(len(frame)), *columns, frame["size"]]), weights=w
        ).fit()

    rows = made.table.set_index("term")
    straight, square = fitted(ex), fitted(ex - mean, (ex - mean) ** 2)
    assert_allclose(
        rows.loc["slope", ["estimate", "std_error"]].astype(float),
        [straight.params[1], straight.bse[1]],
        rtol=EXACT,
    )
    assert_allclose(rows.loc["curvature", "estimate"], square.params[2], rtol=EXACT)
    assert_allclose(
        rows.loc["slope_high", "estimate"],
        square.params[1] + 2 * square.params[2] * (quantile(0.9) - mean),
        rtol=EXACT,
    )
    bent = fitted(ex, np.maximum(ex - quantile(0.5), 0))
    assert_allclose(rows.loc["slope_change", "p_value"], bent.pvalues[2], rtol=1e-6)
    assert_allclose(rows.loc["slope_above", "estimate"], bent.params[1] + bent.params[2], rtol=EXACT)
    # The spline: the same space of functions from truncated cubes that are forced to be straight outside.
    knots = np.array([quantile(p) for p in (0.05, 0.35, 0.65, 0.95)])
    spline = fitted(ex, *spline_basis(ex, knots).T)
    tests = made.tests.set_index("model")
    assert_allclose(tests.loc["spline", "statistic"], spline.f_test(np.eye(5)[2:4]).fvalue, rtol=1e-6)
    assert_allclose(tests.loc["spline", "r_squared"], spline.rsquared, rtol=EXACT)
    curve = made.curve[made.curve["model"] == "quadratic"]
    at = curve["ex"].to_numpy() - mean
    size = np.average(frame["size"], weights=w)
    expected = square.get_prediction(np.column_stack([np.ones(len(at)), at, at**2, np.full(len(at), size)]))
    assert_allclose(curve["estimate"], expected.predicted_mean, rtol=EXACT)
    assert_allclose(curve[["conf_low", "conf_high"]], expected.conf_int(), rtol=EXACT)


def test_the_spline_is_smooth_and_straight_outside_its_knots() -> None:
    knots = np.array([1.0, 2.0, 4.0, 5.0])
    grid = np.linspace(0, 7, 7001)
    basis = spline_basis(grid, knots)
    second = np.diff(basis, 2, axis=0) / 0.001**2
    assert_allclose(second[(grid[1:-1] < 0.99) | (grid[1:-1] > 5.01)], 0.0, atol=1e-6)
    assert np.abs(np.diff(second, axis=0)).max() < 0.01


def test_curvature_is_found_where_it_is_and_not_elsewhere() -> None:
    bent = dose_response(units(bend=-0.3), ex="ex", cx="cx", weights="n", cluster="region")
    assert (bent.tests["p_value"] < 0.01).all()
    assert bent.table.set_index("term").loc["curvature", "conf_high"] < 0
    drawn = [dose_response(units(seed=s), ex="ex", cx="cx", weights="n", n_points=2) for s in range(40)]
    levels = [made.tests["p_value"] < 0.05 for made in drawn]
    # 5 % of 40 draws, with four standard errors of room.
    assert np.mean(levels, axis=0).max() < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 40)
    inside = [
        (table["conf_low"] < 0.5) & (table["conf_high"] > 0.5)
        for table in (made.table.iloc[[0, 1, 5]] for made in drawn)
    ]
    assert np.mean(inside, axis=0).min() > 0.95 - 4 * np.sqrt(0.05 * 0.95 / 40)


def test_dose_response_refusals_and_missing_rows() -> None:
    frame = units()
    holed = pd.concat([frame, frame.iloc[:4].assign(cx=np.nan)]).sample(frac=1, random_state=1)
    one, other = (dose_response(data, ex="ex", cx="cx", weights="n") for data in (frame, holed))
    assert_allclose(one.table["std_error"], other.table["std_error"], rtol=1e-7)
    assert set(other.table["n_excluded"]) == {4}
    assert refusal(lambda: dose_response(frame, ex="ex", cx="cx", knots=7)) == (
        "knots must be one of [3, 4, 5], got 7."
    )
    assert refusal(
        lambda: dose_response(frame.assign(ex=np.arange(120) % 2), ex="ex", cx="cx"), NotEstimable
    ) == ("'ex' has too few different values for a curve with 4 knots: use a linear slope.")
    assert refusal(lambda: dose_response(frame.assign(ex=1.0), ex="ex", cx="cx"), NotEstimable) == (
        "'ex' has the same value in all 120 units."
    )
    assert refusal(lambda: dose_response(frame.iloc[:9], ex="ex", cx="cx"), NotEstimable) == (
        "a dose-response curve needs at least 10 units with ['ex', 'cx'], got 9 (0 rows left out as incomplete)."
    )
    assert refusal(lambda: dose_response(frame.assign(n=0), ex="ex", cx="cx", weights="n")) == (
        "weights column 'n' holds 120 values of zero or below, and must be positive: correct them, or remove "
        "those rows first and say so."
    )


def moderated(seed: int = 1, n: int = 150) -> pd.DataFrame:
    frame = units(seed=seed, n=n)
    return frame.assign(cx=frame["cx"] + 0.9 * (frame["contact"] - 0.6) * frame["ex"])


def test_simple_slopes_and_borders_in_closed_form() -> None:
    frame = moderated()
    # Away from zero by more than noise at both ends, so that there are three regions.
    frame["cx"] -= 0.5 * frame["ex"]
    made = moderation(
        frame,
        ex="ex",
        cx="cx",
        moderator="contact",
        at=[0.0, 0.25],
        covariates=["size"],
        covariance="classical",
    )
    product = frame["ex"] * frame["contact"]
    fit = WLS(
        frame["cx"].to_numpy(),
        np.column_stack([np.ones(150), frame[["ex", "contact"]], product, frame["size"]]),
    ).fit()
    assert made.table["term"].tolist() == ["interaction", "slope", "slope"]
    assert_allclose(
        made.table["estimate"],
        [fit.params[3], fit.params[1], fit.params[1] + 0.25 * fit.params[3]],
        rtol=1e-7,
    )
    assert_allclose(made.table["std_error"].iloc[:2], fit.bse[[3, 1]], rtol=1e-7)
    v, t = fit.cov_params(), student.ppf(0.975, 145)
    roots = np.roots(
        [
            fit.params[3] ** 2 - t**2 * v[3, 3],
            2 * (fit.params[1] * fit.params[3] - t**2 * v[1, 3]),
            fit.params[1] ** 2 - t**2 * v[1, 1],
        ]
    )
    assert made.regions["slope"].tolist() == ["negative", "undetermined", "positive"]
    assert_allclose(made.regions["high"].iloc[:2], np.sort(roots), rtol=1e-6)
    assert_allclose(made.regions["share"].sum(), 1.0)
    below = (frame["contact"] <= roots.min()).mean()
    assert_allclose(made.regions["share"].iloc[0], below)


def test_borders_agree_with_slopes_under_satterthwaite() -> None:
    frame = moderated()
    frame["cx"] -= 0.5 * frame["ex"]
    options = {"ex": "ex", "cx": "cx", "moderator": "contact", "cluster": "region", "weights": "n"}
    regions = moderation(frame, **options).regions
    border = float(regions["high"].iloc[0])
    row = moderation(frame, **options, at=[border]).table.iloc[1]
    assert_allclose(min(abs(row["conf_low"]), abs(row["conf_high"])), 0.0, atol=1e-9)


def test_moderation_recovers_planted_slopes_and_picks_values() -> None:
    inside = []
    for seed in range(40):
        table = moderation(
            moderated(seed), ex="ex", cx="cx", moderator="contact", weights="n", at=[0.0, 1.0]
        ).table
        inside.append((table["conf_low"] < [0.9, -0.04, 0.86]) & (table["conf_high"] > [0.9, -0.04, 0.86]))
    assert np.mean(inside, axis=0).min() > 0.95 - 4 * np.sqrt(0.05 * 0.95 / 40)
    two = moderation(
        moderated().assign(contact=np.arange(150) % 2), ex="ex", cx="cx", moderator="contact"
    ).table
    assert two["moderator"].tolist()[1:] == [0.0, 1.0]
    frame = moderated()
    assert refusal(lambda: moderation(frame, ex="ex", cx="cx", moderator="contact", at="low")) == (
        "at must be a list of values of the moderator, got 'low'."
    )
    assert (
        refusal(
            lambda: moderation(frame.assign(contact=1), ex="ex", cx="cx", moderator="contact"), NotEstimable
        )
        == "columns ['contact'] are constant over the complete rows."
    )


def check_loss(design: np.ndarray, y: np.ndarray, w: np.ndarray, q: float) -> float:
    """The least weighted check loss, by linear programming."""
    n, k = design.shape
    found = linprog(
        np.concatenate([np.zeros(k), q * w, (1 - q) * w]),
        A_eq=np.hstack([design, np.eye(n), -np.eye(n)]),
        b_eq=y,
        bounds=[(None, None)] * k + [(0, None)] * (2 * n),
        method="highs",
    )
    return float(found.fun)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_quantile_coefficients_are_those_of_linear_programming(q: float) -> None:
    frame = units(n=80)
    design = np.column_stack([np.ones(80), frame["ex"] - 7, frame["size"]])
    y, weights = (
        frame["cx"].to_numpy(),
        np.vstack([np.ones(80), frame["n"], bootstrap_counts(80, n_boot=4, seed=1)]),
    )
    found = quantile_coefficients(design, y, weights.astype(float), q)
    for w, row in zip(weights, found, strict=True):
        left = y - design @ row
        loss = float((w * left * (q - (left < 0))).sum())
        assert_allclose(loss, check_loss(design, y, w, q), rtol=1e-7)
    # statsmodels stops its iterations at 1e-6 of the coefficients.
    assert_allclose(found[0], QuantReg(y, design).fit(q=q, p_tol=1e-9, max_iter=5000).params, atol=1e-3)


def test_quantile_slopes_and_their_difference() -> None:
    frame = units()
    table = quantile_regression(frame, ex="ex", cx="cx", weights="n", n_boot=199, seed=2)
    assert table["term"].tolist() == ["slope", "slope", "slope_difference"]
    assert_allclose(table["estimate"].iloc[2], table["estimate"].iloc[1] - table["estimate"].iloc[0])
    design = np.column_stack([np.ones(120), frame["ex"] - 7])
    counts = bootstrap_counts(120, n_boot=199, seed=2) * frame["n"].to_numpy(float)
    drawn = quantile_coefficients(design, frame["cx"].to_numpy(), counts, 0.5)[:, 1]
    # Flat optima: the line may turn a little where several are as good.
    assert_allclose(table["std_error"].iloc[0], drawn.std(ddof=1), rtol=1e-3)
    # A unit of weight 2 is two units.
    heavy = frame.assign(n=1 + np.arange(120) % 2)
    twice = heavy.loc[heavy.index.repeat(heavy["n"])]
    one = quantile_regression(heavy, ex="ex", cx="cx", weights="n", n_boot=99, seed=1)
    other = quantile_regression(twice, ex="ex", cx="cx", n_boot=99, seed=1)
    assert_allclose(one["estimate"], other["estimate"], atol=1e-6)


def test_from_average_to_excellent_is_recovered() -> None:
    def held(seed: int, widening: float) -> tuple[bool, bool]:
        rng = np.random.default_rng(seed)
        ex = rng.uniform(0, 1, 100)
        frame = pd.DataFrame({"ex": ex, "cx": ex + (1 + widening * ex) * rng.normal(size=100)})
        row = quantile_regression(frame, ex="ex", cx="cx", n_boot=99, seed=seed).iloc[2]
        truth = widening * 1.2815515655446004
        return row["conf_low"] < truth < row["conf_high"], row["conf_low"] > 0

    none = np.array([held(seed, 0.0) for seed in range(16)])
    some = np.array([held(seed, 3.0) for seed in range(16)])
    # 95 % of 16 draws, with four standard errors of room.
    assert none[:, 0].mean() > 0.95 - 4 * np.sqrt(0.05 * 0.95 / 16)
    assert some[:, 0].mean() > 0.95 - 4 * np.sqrt(0.05 * 0.95 / 16)
    assert some[:, 1].mean() > 0.5


def test_quantile_refusals() -> None:
    frame = units()

    def run(data: pd.DataFrame = frame, kind: type[Exception] = ValueError, **options: object) -> str:
        options = {"ex": "ex", "cx": "cx", "n_boot": 99, "seed": 1, **options}
        return refusal(lambda: quantile_regression(data, **options), kind)

    assert run(quantiles=[0.9, 0.5]) == (
        "quantiles must be a rising list of numbers between 0 and 1, got [0.9, 0.5]."
    )
    assert run(frame.iloc[:40], NotEstimable) == (
        "a line with 1 slopes through quantiles [0.9] needs at least 50 units, got 40."
    )
    assert run(frame.assign(cx=1.0), NotEstimable) == "columns ['cx'] are constant over the complete rows."
    assert run(frame.assign(size=frame["ex"] * 2), NotEstimable, covariates=["size"]) == (
        "columns ['ex', 'size'] are copies or linear combinations among themselves (to 1e-10 of their variance), so "
        "their coefficients are not unique: leave one of them out of each such set."
    )
    few = frame.assign(few=np.arange(120) == 0).astype({"few": float})
    assert run(few, NotEstimable, covariates=["few"]) == (
        "1 units decide a coefficient of ['ex', 'few'] alone (a category with one unit, for example): merge small "
        "categories."
    )
    few = frame.assign(few=np.arange(120) < 2).astype({"few": float})
    message = run(few, NotEstimable, covariates=["few"])
    assert message.startswith("in ")
    assert message.endswith(
        " of 99 replicates a column of ['ex', 'few'] has no variation: leave out what few units differ in."
    )
    # Replicates in which one unit alone is different have an answer.
    few = frame.assign(few=np.arange(120) < 5).astype({"few": float})
    assert (
        quantile_regression(few, ex="ex", cx="cx", covariates=["few"], n_boot=99, seed=1)["estimate"]
        .notna()
        .all()
    )
