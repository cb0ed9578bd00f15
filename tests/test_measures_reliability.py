"""Alpha, omega and their items against R, brute force and planted truth; and the tables of a study."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pingouin as pg
import pytest
from scipy.optimize import minimize
from scipy.stats import t
from statsmodels.multivariate.factor import Factor

from exresearch.measures import (
    Reliability,
    cronbach_alpha,
    guttman_lambdas,
    item_statistics,
    item_table,
    omega_hierarchical,
    omega_total,
    reliability_table,
    schmid_leiman,
)
from exresearch.measures.factors import factor_derivatives, minres, one_factor, quartimin
from exresearch.measures.reliability.answers import checked_answers, ordered_groups
from exresearch.measures.reliability.hierarchical import _general, _resampled
from exresearch.measures.reliability.intervals import REASONS, feldt_interval, jackknife_interval
from exresearch.study import Codebook, Construct, Study, Variable

REFERENCE = json.loads((Path(__file__).parent / "reference" / "reliability.json").read_text(encoding="utf-8"))
SCALES: dict[str, Any] = REFERENCE["scales"]
SHARED = Path(__file__).parents[2] / "shared" / "reference"
# Printed with 15 significant digits by R.
R_DIGITS = 1e-9
# lavaan, and GPArotation inside psych::omega, stop before the last digits; ours go on to a gradient below 1e-10.
R_OPTIMISER = 3e-6
R_ROTATION = 2e-5
SAME = 1e-10
NAN = float("nan")


def matrix_of(triangle: list[list[float]]) -> np.ndarray:
    size = len(triangle)
    matrix = np.zeros((size, size))
    for i, row in enumerate(triangle):
        matrix[i, : i + 1] = matrix[: i + 1, i] = row
    return matrix


def rows_with(covariance: np.ndarray, n: int, seed: int = 1) -> pd.DataFrame:
    """Rows of exactly this sample covariance."""
    x = np.random.default_rng(seed).normal(size=(n, len(covariance)))
    x -= x.mean(axis=0)
    whitened = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T))).T
    return pd.DataFrame(whitened @ np.linalg.cholesky(covariance).T).add_prefix("i")


def bfi(name: str) -> pd.DataFrame:
    path = SHARED / "04_reliability" / "bfi.csv"
    if not path.exists():
        pytest.skip("the shared reference table bfi.csv is not here")
    items = pd.read_csv(path)[SCALES[name]["items"]]
    return items.assign(**{column: 7 - items[column] for column in SCALES[name]["reversed"]})


def planted(n: int = 300, seed: int = 3, loadings: tuple[float, ...] = (0.9, 0.7, 0.6, 0.5)) -> pd.DataFrame:
    """Answers of 1-7 with one factor."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n, len(loadings))) * np.sqrt(1 - np.square(loadings))
    values = np.clip(np.round(5 + 1.5 * (rng.normal(size=(n, 1)) * loadings + noise)), 1, 7)
    return pd.DataFrame(values, columns=list("abcdefghijkl"[: len(loadings)]))


def weights_and_clusters(n: int, seed: int = 4) -> dict[str, pd.Series]:
    rng = np.random.default_rng(seed)
    return {"weights": pd.Series(rng.uniform(0.3, 3, n)), "cluster": pd.Series(rng.integers(0, 25, n))}


def same(one: Reliability, other: Reliability, tolerance: float = 1e-9) -> None:
    for field in fields(Reliability):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, float):
            assert a == pytest.approx(b, abs=tolerance, nan_ok=True), field.name
        elif field.name != "method":
            assert a == b, field.name


# Against R.


@pytest.mark.parametrize("handling", ["pairwise", "listwise"])
@pytest.mark.parametrize("name", SCALES)
def test_alpha_feldts_interval_items_and_bounds_are_those_of_psych(name: str, handling: Any) -> None:
    items, expected = bfi(name), SCALES[name][handling]
    found = cronbach_alpha(items, handling=handling, interval="feldt")
    assert found.estimate == pytest.approx(expected["total"]["raw_alpha"], abs=R_DIGITS)
    assert found.std_error == pytest.approx(expected["total"]["ase"], abs=R_DIGITS)
    assert (found.conf_low, found.conf_high) == pytest.approx(expected["feldt"], abs=R_DIGITS)
    # psych's interval goes by all rows with any answer, or by the complete ones: 2,800 or about 2,700.
    assert found.n == found.n_clusters == (2800 if handling == "pairwise" else expected["n"])
    given = items.notna().astype(int)
    least = int((given.T @ given).to_numpy().min())
    assert found.n_pairwise == (least if handling == "pairwise" else expected["n"])
    robust = cronbach_alpha(items, handling=handling)
    assert robust.estimate == found.estimate
    assert robust.conf_low < found.estimate < robust.conf_high

    table = item_statistics(items, handling=handling)
    assert table["item"].tolist() == SCALES[name]["items"]
    names = {"n": "n", "mean": "mean", "sd": "sd", "item_total": "raw.r", "item_rest": "r.drop"}
    for ours, theirs in names.items():
        np.testing.assert_allclose(table[ours], expected["item_stats"][theirs], atol=R_DIGITS)
    np.testing.assert_allclose(table["alpha_if_dropped"], expected["alpha_drop"], atol=R_DIGITS)

    bounds = guttman_lambdas(items, handling=handling)
    of_total = (bounds.lambda_3, bounds.lambda_6, bounds.average_r, bounds.signal_to_noise)
    theirs = [expected["total"][key] for key in ("std.alpha", "G6(smc)", "average_r", "S/N")]
    assert of_total == pytest.approx(theirs, abs=R_DIGITS)


@pytest.mark.parametrize("name", SCALES)
def test_without_the_data_the_covariances_give_the_same(name: str) -> None:
    scale = SCALES[name]
    expected, n = scale["listwise"], scale["listwise"]["n"]
    items = rows_with(matrix_of(scale["covariance"]), n)
    found = cronbach_alpha(items, interval="feldt")
    values = (found.estimate, found.std_error, found.conf_low, found.conf_high)
    total = expected["total"]
    assert values == pytest.approx((total["raw_alpha"], total["ase"], *expected["feldt"]), abs=R_DIGITS)
    assert (found.coefficient, found.n, found.n_items, found.conf_level) == ("alpha", n, 5, 0.95)
    table = item_statistics(items)
    np.testing.assert_allclose(table["item_rest"], expected["item_stats"]["r.drop"], atol=R_DIGITS)
    np.testing.assert_allclose(table["alpha_if_dropped"], expected["alpha_drop"], atol=R_DIGITS)

    bounds, guttman = guttman_lambdas(items), scale["guttman"]
    for number in (1, 2, 3, 5, 6):
        assert getattr(bounds, f"lambda_{number}") == pytest.approx(guttman[f"lambda.{number}"], abs=R_DIGITS)
    # Of five items psych goes through the first half of the ten splits only.
    r = np.corrcoef(items.T)
    halves = []
    for half in combinations(range(5), 2):
        side = np.isin(range(5), half)
        halves.append(4 * r[np.ix_(side, ~side)].sum() / r.sum())
    split = scale["split_half"]
    assert (max(halves[:5]), min(halves[:5]), np.mean(halves[:5])) == pytest.approx(
        (split["maxrb"], split["minrb"], split["meanr"]), abs=R_DIGITS
    )
    assert guttman["lambda.4"] == pytest.approx(max(halves[:5]), abs=R_DIGITS)
    ours = (bounds.lambda_4, bounds.split_half_low, bounds.split_half_mean)
    assert ours == pytest.approx((max(halves), min(halves), np.mean(halves)), abs=SAME)


@pytest.mark.parametrize("name", SCALES)
def test_omega_is_that_of_semtools_and_the_model_that_of_lavaan(name: str) -> None:
    scale = SCALES[name]
    n, covariance = scale["listwise"]["n"], matrix_of(scale["covariance"])
    items = rows_with(covariance, n)
    observed, implied = omega_total(items), omega_total(items, variance="model")
    assert observed.estimate == pytest.approx(scale["omega3"], abs=R_OPTIMISER)
    assert observed.estimate == pytest.approx(scale["compRelSEM"], abs=R_OPTIMISER)
    assert implied.estimate == pytest.approx(scale["omega"], abs=R_OPTIMISER)
    assert (observed.n, observed.n_items, observed.n_clusters, observed.reason) == (n, 5, n, "")
    # lavaan divides by n.
    model = one_factor(covariance[None] * (n - 1) / n)
    np.testing.assert_allclose(model.loadings[0], scale["loadings"], atol=5e-6)
    np.testing.assert_allclose(model.uniquenesses[0], scale["residual_var"], atol=2e-5)
    # psych's omega of one factor, by minres.
    r = np.corrcoef(items.T)
    loadings, proper = minres(r[None], 1)
    assert proper[0]
    assert 1 - (1 - loadings[0] ** 2).sum() / r.sum() == pytest.approx(scale["omega_1f"], abs=1e-6)


@pytest.mark.parametrize("name", SCALES)
def test_omega_of_the_data_themselves(name: str) -> None:
    assert omega_total(bfi(name)).estimate == pytest.approx(SCALES[name]["omega3"], abs=R_OPTIMISER)
    assert omega_total(bfi(name)).n == SCALES[name]["listwise"]["n"]


def test_hierarchical_omega_and_all_beside_it_are_those_of_psych() -> None:
    expected = REFERENCE["omega_hs"]
    r = pd.DataFrame(matrix_of(expected["correlation"])).add_prefix("x")
    found = schmid_leiman(r)
    assert found.omega_hierarchical == pytest.approx(expected["omega_h"], abs=R_ROTATION)
    assert found.omega_total == pytest.approx(expected["omega_tot"], abs=R_ROTATION)
    assert found.explained_common_variance == pytest.approx(expected["ecv_g"], abs=R_ROTATION)
    # psych puts the factor with most variance first, ours that of the first items: 2, 1, 3.
    theirs = np.array(expected["sl"]["data"])[:, [0, 2, 1, 3, 4, 5, 6]]
    np.testing.assert_allclose(found.loadings.drop(columns="item"), theirs, atol=5 * R_ROTATION)
    assert found.loadings["item"].tolist() == list(r.columns)
    order = [1, 0, 2]
    np.testing.assert_allclose(
        found.factor_correlations, np.array(expected["pf_cor"])[np.ix_(order, order)], atol=R_ROTATION
    )
    groups = pd.DataFrame(expected["omega_group"]).iloc[[2, 1, 3]]
    assert groups[".rownames"].tolist() == ["F2*", "F1*", "F3*"]
    for ours, psychs in (("total", "total"), ("general", "general"), ("specific", "group")):
        np.testing.assert_allclose(found.omega_groups[ours], groups[psychs], atol=2 * R_ROTATION)
    assert found.omega_groups["group"].tolist() == ["group_1", "group_2", "group_3"]

    result = omega_hierarchical(rows_with(r.to_numpy(), expected["n"]), n_boot=100, seed=1)
    assert result.estimate == pytest.approx(expected["omega_h"], abs=R_ROTATION)
    assert (result.coefficient, result.n, result.n_items, result.n_clusters) == (
        "omega_hierarchical", 301, 9, 301,
    )  # fmt: skip


# Pingouin's listwise interval.


def test_pingouins_listwise_interval_counts_the_rows_it_left_out() -> None:
    items = planted(60)
    items.loc[::2, "a"] = np.nan
    ours = cronbach_alpha(items, interval="feldt")
    theirs, limits = pg.cronbach_alpha(items, nan_policy="listwise")
    assert ours.estimate == pytest.approx(theirs, abs=SAME)
    assert ours.n == 30
    wrong = feldt_interval(theirs, n=60, n_items=4, conf_level=0.95)
    np.testing.assert_allclose(limits, wrong, atol=5.1e-4)
    right, complete = pg.cronbach_alpha(items.dropna())
    assert right == pytest.approx(theirs, abs=SAME)
    np.testing.assert_allclose(complete, [ours.conf_low, ours.conf_high], atol=5.1e-4)
    assert limits[1] - limits[0] < 0.75 * (ours.conf_high - ours.conf_low)


# Against another implementation and brute force.


def test_one_factor_is_at_least_as_likely_as_statsmodels() -> None:
    for seed in range(5):
        r = planted(200, seed, (0.8, 0.7, 0.6, 0.5, 0.4)).corr().to_numpy()
        model = one_factor(r[None])
        fit = Factor(corr=r, n_factor=1, method="ml").fit()
        np.testing.assert_allclose(model.uniquenesses[0], fit.uniqueness, atol=1e-3)

        def misfit(uniqueness: np.ndarray, loadings: np.ndarray, r: np.ndarray = r) -> float:
            implied = np.outer(loadings, loadings) + np.diag(uniqueness)
            return float(np.linalg.slogdet(implied)[1] + np.trace(r @ np.linalg.inv(implied)))

        ours = misfit(model.uniquenesses[0], model.loadings[0])
        assert ours <= misfit(fit.uniqueness, fit.loadings[:, 0]) + 1e-12
        assert model.converged[0]
        # No step away from it is better.
        rng = np.random.default_rng(seed)
        for _ in range(20):
            step = rng.normal(size=(2, 5)) * 1e-4
            assert misfit(model.uniquenesses[0] + step[0], model.loadings[0] + step[1]) >= ours - 1e-13


def test_derivatives_are_those_of_refitted_models() -> None:
    matrix = planted(500, 1, (0.9, 0.8, 0.7, 0.5, 0.5)).cov().to_numpy()
    model = one_factor(matrix[None])
    slopes = factor_derivatives(matrix[None], model)[0]
    change = np.random.default_rng(2).normal(size=(5, 5)) * 1e-5
    change = change + change.T
    up, down = (one_factor((matrix + sign * change)[None]) for sign in (1, -1))
    moved = np.concatenate([up.loadings[0] - down.loadings[0], up.uniquenesses[0] - down.uniquenesses[0]]) / 2
    np.testing.assert_allclose(np.einsum("aij,ij->a", slopes, change), moved, atol=1e-9)
    assert np.abs(moved).max() > 1e-6


def test_minres_is_the_least_squares_solution() -> None:
    rng = np.random.default_rng(2)
    factors = rng.normal(size=(300, 2)) @ np.array([[1, 0.5], [0, 0.8]])
    answers = np.repeat(factors, [4, 3], axis=1) * np.linspace(0.9, 0.6, 7) + 0.6 * rng.normal(size=(300, 7))
    r = np.corrcoef(answers.T)
    loadings, proper = minres(r[None], 2)
    assert proper[0]
    off = ~np.eye(7, dtype=bool)

    def misfit(flat: np.ndarray) -> float:
        values = flat.reshape(7, 2)
        return float(((r - values @ values.T)[off] ** 2).sum())

    best = misfit(loadings[0].ravel())
    start = loadings[0].ravel() + np.random.default_rng(1).normal(size=14) * 0.05
    found = minimize(misfit, start, method="BFGS", options={"gtol": 1e-9})
    assert best == pytest.approx(found.fun, abs=1e-10)


def test_quartimin_finds_planted_simple_structure() -> None:
    simple = np.kron(np.eye(3), np.array([[0.8], [0.7], [0.6]]))
    phi = np.array([[1, 0.4, 0.3], [0.4, 1, 0.2], [0.3, 0.2, 1]])
    # Unrotated: loadings on uncorrelated factors, turned at random.
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    rotated, found = quartimin((simple @ np.linalg.cholesky(phi) @ turn)[None])
    order = np.abs(rotated[0]).argmax(axis=1)[[0, 3, 6]]
    sign = np.sign(rotated[0][[0, 3, 6], order])
    np.testing.assert_allclose(rotated[0][:, order] * sign, simple, atol=1e-5)
    np.testing.assert_allclose(found[0][np.ix_(order, order)] * np.outer(sign, sign), phi, atol=1e-5)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("handling", ["listwise", "pairwise"])
def test_the_jackknife_of_alpha_leaves_out_each_cluster(handling: Any, missing: bool) -> None:
    items = planted(150)
    if missing:
        items = items.mask(np.random.default_rng(8).random(items.shape) < 0.1)
    options = weights_and_clusters(len(items))
    found = cronbach_alpha(items, handling=handling, **options)
    # With answers missing a whole cluster may be out already.
    used = items.notna().all(axis=1) | (handling == "pairwise")
    left_out = []
    for group in sorted(options["cluster"][used].unique()):
        keep = options["cluster"] != group
        part = cronbach_alpha(items[keep], handling=handling, weights=options["weights"][keep])
        left_out.append(part.estimate)
    error, low, high = jackknife_interval(found.estimate, left_out, conf_level=0.95)
    assert (found.std_error, found.conf_low, found.conf_high) == pytest.approx((error, low, high), abs=SAME)
    assert found.n_clusters == len(left_out) > 20
    assert found.method == f"{handling} covariances; jackknife over clusters, weighted"


@pytest.mark.parametrize("variance", ["observed", "model"])
def test_the_jackknife_of_omega_is_nearly_that_of_refitted_models(variance: Any) -> None:
    items = planted(400)
    options = weights_and_clusters(len(items))
    found = omega_total(items, variance=variance, **options)
    left_out = []
    for group in range(25):
        keep = options["cluster"] != group
        part = omega_total(items[keep], variance=variance, weights=options["weights"][keep])
        left_out.append(part.estimate)
    error, low, high = jackknife_interval(found.estimate, left_out, conf_level=0.95)
    # One Newton step instead of a new fit: some percent of the width at most.
    width = high - low
    assert found.std_error == pytest.approx(error, rel=0.03)
    assert abs(found.conf_low - low) < 0.03 * width
    assert abs(found.conf_high - high) < 0.03 * width


def test_the_quantile_widens_with_the_kurtosis_of_the_jackknife() -> None:
    even = np.array([0.70, 0.72] * 20)
    one_sided = np.full(40, 0.71)
    one_sided[0] = 0.71 - np.sqrt(((even - 0.71) ** 2).sum()) * np.sqrt(40 / 39)
    (e1, low1, high1), (e2, low2, high2) = (
        jackknife_interval(0.71, values, conf_level=0.95) for values in (even, one_sided)
    )
    assert e2 == pytest.approx(e1, rel=0.12)
    assert high2 - low2 > 1.7 * (high1 - low1)
    # Symmetric on log(1 - r), so longer below.
    assert 0.71 - low1 > high1 - 0.71
    many = jackknife_interval([0.71, 0.71], np.stack([even, one_sided]), conf_level=0.95)
    np.testing.assert_allclose(many, np.array([(e1, e2), (low1, low2), (high1, high2)]), rtol=SAME)


def test_the_degrees_of_freedom_of_the_jackknife_by_hand() -> None:
    values = 1 - np.exp(np.array([-1.2] * 20 + [-1.1, -1.3] * 2 + [-1.15, -1.25] * 8))
    logs = np.log(1 - values)
    size, away = len(logs), logs - logs.mean()
    kurtosis = np.mean(away**4) / np.mean(away**2) ** 2
    shown = (kurtosis - 1) / (1 - 2 * kurtosis / size)
    df = 2 * size / shown
    assert 2 < df < size - 1
    error = np.sqrt((size - 1) / size * (away**2).sum())
    middle = np.log(1 - 0.7)
    expected = (
        0.3 * error,
        1 - np.exp(middle + t.ppf(0.975, df) * error),
        1 - np.exp(middle - t.ppf(0.975, df) * error),
    )
    assert jackknife_interval(0.7, values, conf_level=0.95) == pytest.approx(expected, rel=1e-9)


# Identities.


@pytest.mark.parametrize("function", [cronbach_alpha, omega_total, lambda x, **o: omega_hierarchical(
    x, n_factors=2, n_boot=100, seed=1, **o)], ids=["alpha", "omega", "hierarchical"])  # fmt: skip
def test_order_units_and_equal_weights_change_nothing(function: Any) -> None:
    items = planted(200, 5, (0.8, 0.8, 0.7, 0.6, 0.5, 0.5))
    items[["d", "e", "f"]] = items[["d", "e", "f"]].add(
        np.random.default_rng(1).normal(size=200), axis="index"
    )
    options = weights_and_clusters(200)
    plain, full = function(items), function(items, **options)
    assert plain.reason == full.reason == ""
    same(function(items, weights=pd.Series(7.0, index=items.index)), plain)
    same(function(items, weights=1000 * options["weights"], cluster=options["cluster"]), full)
    same(function(items[list("fbdace")], **options), full, 1e-6)
    same(function(items * 3 + 2, **options), full, 1e-6)
    assert full.n_clusters == 25
    assert abs(full.estimate - plain.estimate) > 1e-4
    order = np.random.default_rng(6).permutation(200)
    shuffled = {name: series.iloc[order] for name, series in options.items()}
    same(function(items.iloc[order], **shuffled), full, 1e-6)
    same(function(items.iloc[order]), plain, 1e-6)
    names = options["cluster"].map(lambda number: f"team {-number}")
    same(function(items, weights=options["weights"], cluster=names), full, 1e-6)
    assert full.conf_low < full.estimate < full.conf_high
    before = items.copy()
    function(items, **options)
    pd.testing.assert_frame_equal(items, before)


@pytest.mark.parametrize("function", [cronbach_alpha, omega_total])
def test_a_sheet_of_weight_two_counts_as_two_and_copies_in_a_cluster_as_one(function: Any) -> None:
    items = planted(120)
    double = pd.Series(np.where(np.arange(120) % 3 == 0, 2.0, 1.0))
    twice = pd.concat([items, items[::3]], ignore_index=True)
    assert function(items, weights=double).estimate == pytest.approx(function(twice).estimate, abs=1e-9)
    whose = pd.Series([*range(120), *range(0, 120, 3)])
    weighted, copied = function(items, weights=double), function(twice, cluster=whose)
    for name in ("std_error", "conf_low", "conf_high", "n_clusters"):
        assert getattr(copied, name) == pytest.approx(getattr(weighted, name), abs=2e-5), name
    assert copied.conf_high - copied.conf_low > function(twice).conf_high - function(twice).conf_low


def test_a_sheet_without_a_cluster_is_one_by_itself() -> None:
    items = planted(100)
    cluster = pd.Series([f"g{i // 5}" for i in range(100)], dtype="str")
    own = cluster.copy()
    cluster[:10] = None
    own[:10] = [f"alone {i}" for i in range(10)]
    same(cronbach_alpha(items, cluster=cluster), cronbach_alpha(items, cluster=own))
    assert cronbach_alpha(items, cluster=cluster).n_clusters == 28


def test_equal_loadings_make_all_coefficients_one_and_the_same() -> None:
    matrix = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    items = rows_with(matrix, 200)
    for found in (cronbach_alpha(items), omega_total(items), omega_total(items, variance="model")):
        assert found.estimate == pytest.approx(0.8, abs=1e-9)
    bounds = guttman_lambdas(items)
    for name in ("lambda_2", "lambda_3", "lambda_4", "split_half_mean"):
        assert getattr(bounds, name) == pytest.approx(0.8, abs=1e-9)
    two = guttman_lambdas(items.iloc[:, :2])
    assert two.lambda_3 == pytest.approx(2 * 0.5 / 1.5, abs=1e-9)


def test_unequal_loadings_put_alpha_below_omega_and_omega_at_the_truth() -> None:
    loadings = np.array([0.9, 0.7, 0.5, 0.3])
    matrix = np.outer(loadings, loadings) + np.diag(1 - loadings**2)
    truth = loadings.sum() ** 2 / matrix.sum()
    items = rows_with(matrix, 300)
    assert omega_total(items).estimate == pytest.approx(truth, abs=1e-9)
    assert cronbach_alpha(items).estimate < truth - 0.02


def test_hierarchical_omega_finds_planted_general_and_group_factors() -> None:
    general, group = np.full(9, 0.6), np.kron(np.eye(3), np.full((3, 1), 0.5))
    matrix = np.outer(general, general) + group @ group.T
    np.fill_diagonal(matrix, 1.0)
    items = rows_with(matrix, 500)
    found = omega_hierarchical(items, n_boot=200, seed=1)
    assert found.estimate == pytest.approx(general.sum() ** 2 / matrix.sum(), abs=1e-5)
    assert found == omega_hierarchical(items, n_boot=200, seed=1)
    other = omega_hierarchical(items, n_boot=200, seed=2)
    assert (other.estimate, other.conf_low) != (found.estimate, found.conf_low)
    assert other.conf_low == pytest.approx(found.conf_low, abs=0.03)
    # Corrected for bias, upwards.
    assert (found.conf_low + found.conf_high) / 2 > found.estimate + 0.1 * found.std_error
    assert found.std_error * t.ppf(0.975, 499) == pytest.approx((found.conf_high - found.conf_low) / 2)
    # Sheets that come in fives tell less than as many independent ones.
    five = omega_hierarchical(
        pd.concat([items] * 5, ignore_index=True),
        cluster=pd.Series(np.tile(np.arange(500), 5)),
        n_boot=200,
        seed=1,
    )
    assert (five.n, five.n_clusters) == (2500, 500)
    assert five.std_error == pytest.approx(found.std_error, rel=0.01)


# Whether the interval holds the truth; benchmarks/reliability_coverage.py goes through many more cases.


def test_the_interval_of_alpha_covers_where_feldts_does_not() -> None:
    rng = np.random.default_rng(5)
    limits = np.quantile(np.random.default_rng(0).normal(size=400_000), [0.02, 0.06, 0.14, 0.30])
    big = 0.7 * rng.normal(size=(400_000, 1)) + np.sqrt(0.51) * rng.normal(size=(400_000, 3))
    matrix = np.cov(np.searchsorted(limits, big).T)
    truth = 1.5 * (1 - np.trace(matrix) / matrix.sum())
    ours = feldts = 0
    for _ in range(400):
        x = 0.7 * rng.normal(size=(100, 1)) + np.sqrt(0.51) * rng.normal(size=(100, 3))
        items = pd.DataFrame(np.searchsorted(limits, x))
        one, other = cronbach_alpha(items), cronbach_alpha(items, interval="feldt")
        ours += one.conf_low <= truth <= one.conf_high
        feldts += other.conf_low <= truth <= other.conf_high
    assert ours / 400 > 0.92
    assert feldts / 400 < 0.90


# What cannot be said, and what is refused.


@pytest.mark.parametrize(
    ("items", "options", "reason"),
    [
        ({"a": [1.0, 2.0, NAN, NAN], "b": [NAN, NAN, 3.0, 4.0]}, {}, "few_sheets"),
        ({"a": [1.0, 2.0, NAN, NAN], "b": [NAN, NAN, 3.0, 4.0]}, {"handling": "pairwise"}, "few_sheets"),
        ({"a": [3.0] * 5, "b": [4.0] * 5}, {}, "no_variance"),
        ({"a": [1.0, 2.0, 3.0], "b": [3.0, 2.0, 1.0]}, {}, "no_variance"),
        ({"a": [1.0, 2.0, 3.0, 5.0], "b": [1.0, 2.0, 3.0, 5.0]}, {}, "perfect"),
        ({"a": [1.0, 2.0, 3.0], "b": [1.0, 3.0, 3.0]}, {"cluster": pd.Series([1, 1, 1])}, "few_groups"),
        ({"a": [4.0, 4.0, 4.0, 1.0], "b": [4.0, 4.0, 4.0, 2.0]}, {}, "one_group"),
    ],
)
def test_what_alpha_cannot_tell_has_a_reason(items: Any, options: Any, reason: str) -> None:
    found = cronbach_alpha(pd.DataFrame(items), **options)
    assert found.reason == REASONS[reason]
    assert np.isnan([found.std_error, found.conf_low, found.conf_high]).all()
    assert np.isnan(found.estimate) == (reason in ("few_sheets", "no_variance"))


def test_what_omega_cannot_tell_has_a_reason() -> None:
    # The first item would have to share more with the others than it varies: 0.8 * 0.8 / 0.5 > 1.
    heywood = np.array([[1, 0.8, 0.8], [0.8, 1, 0.5], [0.8, 0.5, 1]])
    items = rows_with(heywood, 100)
    assert omega_total(items).reason == REASONS["heywood"]
    assert omega_total(items[:4]).reason == REASONS["few_sheets"]
    assert omega_total(items.assign(i1=2.0)).reason == REASONS["no_variance"]
    assert omega_total(items.assign(i1=items["i0"] + items["i2"])).reason == REASONS["not_fitted"]
    fine = planted(50)
    alone = omega_total(fine, cluster=pd.Series(1, index=fine.index))
    assert alone.reason == REASONS["few_groups"]
    assert alone.estimate == omega_total(fine).estimate
    assert np.isnan([alone.std_error, alone.conf_low, alone.conf_high]).all()


def test_what_hierarchical_omega_cannot_tell_has_a_reason() -> None:
    group = np.kron(np.eye(2), np.full((3, 1), 0.8))
    phi = np.array([[1, -0.5], [-0.5, 1]])
    opposed = group @ phi @ group.T + 0.36 * np.eye(6)
    found = omega_hierarchical(rows_with(opposed, 200), n_factors=2, n_boot=100, seed=1)
    assert found.reason == REASONS["no_general"]
    assert np.isnan(found.estimate)
    with pytest.raises(ValueError) as caught:
        schmid_leiman(pd.DataFrame(opposed), n_factors=2)
    assert str(caught.value) == (
        "no proper solution with n_factors=2: an item keeps no variance of its own, or the factors are not positively "
        "related. Try fewer factors."
    )


def test_replicates_of_hierarchical_omega_are_those_of_repeated_rows() -> None:
    items = rows_with(np.kron(np.eye(2), np.full((3, 3), 0.25)) + 0.35 + 0.4 * np.eye(6), 120)
    options = weights_and_clusters(120)
    answers = checked_answers(items, **options, handling="listwise")
    content = np.column_stack([items, answers.weights])
    numbers, size = ordered_groups(content, options["cluster"])
    found = _resampled(answers, 2, n_boot=30, seed=4)
    drawn = np.random.default_rng(4).integers(0, size, size=(30, size))
    expected = []
    for row in drawn:
        rows = np.repeat(np.arange(120), np.bincount(row, minlength=size)[numbers])
        matrix = np.cov(items.iloc[rows].T, aweights=answers.weights[rows], ddof=0)
        scale = np.sqrt(np.diag(matrix))
        values, _ = _general((matrix / np.outer(scale, scale))[None], 2)
        expected.append(values[0])
    assert found == pytest.approx(expected, abs=1e-6)


def test_the_interval_of_hierarchical_omega_is_corrected_for_bias_and_that_of_t() -> None:
    items = rows_with(np.kron(np.eye(2), np.full((3, 3), 0.25)) + 0.35 + 0.4 * np.eye(6), 120)
    options = weights_and_clusters(120)
    found = omega_hierarchical(items, n_factors=2, n_boot=200, seed=4, **options)
    drawn = _resampled(checked_answers(items, **options, handling="listwise"), 2, n_boot=200, seed=4)
    centre = 2 * found.estimate - drawn.mean()
    half = t.ppf(0.975, found.n_clusters - 1) * drawn.std(ddof=1)
    assert found.n_clusters == 24
    assert (found.conf_low, found.conf_high) == pytest.approx((centre - half, centre + half), rel=SAME)
    assert found.std_error == pytest.approx(drawn.std(ddof=1), rel=SAME)


def test_replicates_with_an_item_on_its_bound_are_kept() -> None:
    general, group = np.full(6, 0.75), np.kron(np.eye(2), np.full((3, 1), 0.45))
    group[0, 0] = 0.63
    matrix = np.outer(general, general) + group @ group.T
    np.fill_diagonal(matrix, 1.0)
    items = rows_with(matrix, 60)
    answers = checked_answers(items, weights=None, cluster=None, handling="listwise")
    numbers, _ = ordered_groups(np.column_stack([items, answers.weights]), None)
    drawn = np.random.default_rng(1).integers(0, 60, size=(200, 60))
    place = np.argsort(numbers)
    r = np.array([np.corrcoef(items.to_numpy()[place[row]].T) for row in drawn])
    on_bound = ~minres(r, 2)[1]
    assert 10 < on_bound.sum() < 190
    assert len(_resampled(answers, 2, n_boot=200, seed=1)) == 200
    assert omega_hierarchical(items, n_factors=2, n_boot=200, seed=1).reason == ""


TWO = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [2.0, 2.0, 5.0]})


@pytest.mark.parametrize(
    ("function", "items", "options", "message"),
    [
        (
            cronbach_alpha,
            TWO,
            {"handling": "fiml"},
            "handling must be one of listwise, pairwise; got 'fiml'.",
        ),
        (cronbach_alpha, TWO, {"interval": "wald"}, "interval must be one of jackknife, feldt; got 'wald'."),
        (cronbach_alpha, TWO, {"conf_level": 95}, "conf_level must be between 0 and 1; got 95."),
        (
            cronbach_alpha,
            TWO,
            {"interval": "feldt", "weights": pd.Series([1, 1, 1])},
            "interval='feldt' holds for independent rows of equal weight; leave weights and cluster out, or use "
            "interval='jackknife'.",
        ),
        (cronbach_alpha, TWO[["a"]], {}, "items must have 2 or more columns; got 1."),
        (
            cronbach_alpha,
            TWO["a"],
            {},
            "items must be a pandas DataFrame, one column per item; got Series.",
        ),
        (
            cronbach_alpha,
            TWO[["a", "a"]],
            {},
            "items must have a name of their own each; more than once: a.",
        ),
        (
            cronbach_alpha,
            TWO.astype({"b": "str"}),
            {},
            "items must be numeric; not so: b. Recode them to numbers.",
        ),
        (
            item_statistics,
            TWO.assign(a=np.inf),
            {},
            "items must be finite; not so: a. Declare such codes missing.",
        ),
        (
            guttman_lambdas,
            TWO,
            {"weights": pd.Series([1, 2])},
            "weights must be as many as the rows of items (3); got 2.",
        ),
        (
            cronbach_alpha,
            TWO,
            {"cluster": pd.Series([1, 2])},
            "cluster must be as many as the rows of items (3); got 2.",
        ),
        (
            cronbach_alpha,
            TWO,
            {"weights": pd.Series([0, NAN, 2])},
            "weights must be above 0; 2 are missing, infinite, zero or negative. Leave those rows out.",
        ),
        (
            omega_total,
            TWO,
            {},
            "omega_total needs 3 or more items; got 2: one correlation cannot tell two loadings. Use the "
            "Spearman-Brown coefficient, guttman_lambdas(items).lambda_3.",
        ),
        (
            omega_total,
            planted(9),
            {"variance": "total"},
            "variance must be one of observed, model; got 'total'.",
        ),
        (
            omega_hierarchical,
            planted(50, 1, (0.5,) * 6),
            {"seed": 1},
            "6 items are too few for n_factors=3; use fewer factors, or omega_total.",
        ),
        (
            omega_hierarchical,
            planted(9),
            {"seed": 1, "n_factors": 1},
            "n_factors must be 2 or more; got 1. For one factor use omega_total.",
        ),
        (omega_hierarchical, planted(9), {"seed": 1, "n_boot": 10}, "n_boot must be 100 or more; got 10."),
    ],
)
def test_what_is_refused(function: Any, items: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        function(items, **options)
    assert str(caught.value) == message


# The tables of a study.


def variable(column: str, construct: str, role: str = "item", **more: Any) -> Variable:
    scale = {"minimum": 1, "maximum": 7} | more
    return Variable(table="employees", column=column, role=role, construct=construct, **scale)


@pytest.fixture
def study(client: Any) -> Study:
    """Constructs of one, two, three and six items, one with a reversed item and one with two scales."""
    loaded = client.load()
    answers = planted(600, 9, (0.8, 0.7, 0.6, 0.7, 0.6, 0.5, 0.7, 0.7, 0.6, 0.6, 0.5, 0.5))
    rng = np.random.default_rng(1)
    halves = pd.DataFrame(rng.normal(size=(600, 2)))
    answers[list("ghi")] = answers[list("ghi")].add(halves[0], axis="index")
    answers[list("jkl")] = answers[list("jkl")].add(halves[1], axis="index")
    answers["f"] = 8 - answers["f"]
    answers.loc[:50, "d"] = np.nan
    frame = answers.assign(
        wave=np.repeat(["2023", "2024"], 300),
        unit=[f"unit {number % 30}" for number in range(600)],
        weight=rng.uniform(0.5, 2, 600),
        one=answers["a"],
    )
    book = Codebook(
        (
            variable("one", "single", "outcome"),
            variable("a", "pair"),
            variable("b", "pair"),
            variable("c", "trio", "need", label={"nl": "Groei", "en": "Growth"}),
            variable("d", "trio", "need"),
            variable("f", "trio", "need", reversed=True),
            *(variable(name, "six") for name in "ghijkl"),
            variable("e", "mixed"),
            variable("m", "mixed", maximum=5),
            Variable(
                table="employees",
                column="x",
                role="driver",
                construct="driver",
                block="other",
                minimum=1,
                maximum=7,
            ),
        ),
        {},
    )
    frame = frame.assign(m=np.minimum(frame["e"], 5), x=frame["a"])
    return replace(loaded, codebook=book, tables={"employees": frame})


def test_every_construct_has_its_rows(study: Study) -> None:
    table = reliability_table(study, conf_level=0.9, n_boot=100, seed=3)
    assert list(table.columns) == [
        "table", "construct", "label", "coefficient", "estimate", "std_error", "conf_low", "conf_high", "conf_level",
        "n_items", "n", "respondents", "n_clusters", "method", "reason",
    ]  # fmt: skip
    rows = list(zip(table["construct"], table["coefficient"], table["reason"], strict=True))
    assert rows == [
        ("single", "alpha", REASONS["single_item"]),
        ("pair", "alpha", ""),
        ("pair", "omega_total", REASONS["two_items"]),
        ("trio", "alpha", ""),
        ("trio", "omega_total", ""),
        ("six", "alpha", ""),
        ("six", "omega_total", ""),
        ("six", "omega_hierarchical", ""),
        ("mixed", "alpha", REASONS["scales"]),
        ("mixed", "omega_total", REASONS["scales"]),
    ]
    assert set(table["table"]) == {"employees"}
    assert table["label"].iloc[0] == {"nl": "single", "en": "single"}
    assert table["conf_level"].eq(0.9).all()
    said = table[table["reason"] == ""]
    assert said["n_clusters"].eq(30).all()
    assert said["n"].tolist() == [600, 549, 549, 600, 600, 600]
    assert (
        table.loc[table["reason"] != "", ["estimate", "std_error", "conf_low", "conf_high"]]
        .isna()
        .all(axis=None)
    )

    frame = study.table("employees")
    options = {"weights": frame["weight"], "cluster": frame["unit"], "conf_level": 0.9}
    trio = frame[["c", "d"]].assign(f=8 - frame["f"])
    six = frame[list("ghijkl")]
    expected = [
        cronbach_alpha(frame[["a", "b"]], **options),
        cronbach_alpha(trio, **options),
        omega_total(trio, **options),
        cronbach_alpha(six, **options),
        omega_total(six, **options),
        omega_hierarchical(six, n_factors=2, n_boot=100, seed=3, **options),
    ]
    for row, direct in zip(said.to_dict("records"), expected, strict=True):
        for name in (
            "coefficient",
            "estimate",
            "std_error",
            "conf_low",
            "conf_high",
            "n",
            "n_items",
            "method",
        ):
            assert row[name] == getattr(direct, name), name
    again = reliability_table(study, conf_level=0.9, n_boot=100, seed=3)
    pd.testing.assert_frame_equal(table, again, check_exact=True)


def test_groups_are_those_of_the_sheets_that_answered(study: Study) -> None:
    frame = study.table("employees")
    # Asked in three units alone: their number cannot stand for the variation between units.
    asked = frame["unit"].isin(["unit 1", "unit 2", "unit 3"])
    frame = frame.assign(a=frame["a"].where(asked), person=[f"p{number % 300}" for number in range(600)])
    few = replace(study, tables={"employees": frame})
    table = reliability_table(few, n_boot=100).set_index(["construct", "coefficient"])
    pair, rest = table.loc[("pair", "alpha")], table.loc[("trio", "alpha")]
    people = frame.loc[asked, "person"].nunique()
    assert (pair["n"], pair["n_clusters"], rest["n_clusters"]) == (60, people, 30)
    direct = cronbach_alpha(frame[["a", "b"]], weights=frame["weight"], cluster=frame["person"])
    assert (pair["conf_low"], pair["conf_high"]) == pytest.approx((direct.conf_low, direct.conf_high))
    alone = replace(study, tables={"employees": frame.drop(columns="person")})
    assert reliability_table(alone, n_boot=100).set_index(["construct", "coefficient"]).loc[
        ("pair", "alpha"), ["n_clusters", "method"]
    ].tolist() == [60, "listwise covariances; jackknife over sheets, weighted"]


def test_the_reliability_of_a_factor_score_is_said_to_be_that_of_a_sum(study: Study) -> None:
    label = {"nl": "zes", "en": "six"}
    book = Codebook(study.codebook.variables, {"six": Construct(**label, score="factor")})
    found = reliability_table(replace(study, codebook=book), n_boot=100)
    plain = reliability_table(study, n_boot=100)
    mine = found["construct"] == "six"
    assert set(found.loc[mine, "reason"]) == {
        "The score is a factor score; this is the reliability of the plain sum of its items."
    }
    assert found.loc[mine, "estimate"].tolist() == plain.loc[mine, "estimate"].tolist()
    assert found.loc[~mine, "reason"].tolist() == plain.loc[~mine, "reason"].tolist()


def test_nine_items_have_three_groups(study: Study) -> None:
    frame = study.table("employees")
    rng = np.random.default_rng(2)
    third = rng.normal(size=600)
    more = {name: frame["g"] * 0.5 + third + rng.normal(size=600) for name in ("n", "o", "p")}
    book = Codebook((*study.codebook.variables, *(variable(name, "six") for name in more)), {})
    nine = replace(study, codebook=book, tables={"employees": frame.assign(**more)})
    found = reliability_table(nine, n_boot=100).set_index(["construct", "coefficient"])
    row = found.loc[("six", "omega_hierarchical")]
    assert row["n_items"] == 9
    assert str(row["method"]).startswith("minres with 3 factors")


def test_every_item_has_its_row(study: Study) -> None:
    table = item_table(study).set_index("column")
    assert list(item_table(study).columns) == [
        "table", "construct", "label", "column", "item_label", "reversed", "n", "respondents", "missing", "mean", "sd",
        "item_rest", "alpha_if_dropped", "reason",
    ]  # fmt: skip
    assert list(table.index) == ["one", "a", "b", "c", "d", "f", *"ghijkl", "e", "m"]
    frame = study.table("employees")
    trio = frame[["c", "d"]].assign(f=8 - frame["f"])
    beside = item_statistics(trio, weights=frame["weight"]).set_index("item")
    for name in ("item_rest", "alpha_if_dropped"):
        np.testing.assert_allclose(table.loc[["c", "d", "f"], name], beside[name])
    # Means of everybody who answers the item, turned; items of a scale of their own keep theirs.
    assert table.loc["c", "mean"] == pytest.approx(np.average(frame["c"], weights=frame["weight"]))
    assert table.loc["f", "mean"] == pytest.approx(8 - np.average(frame["f"], weights=frame["weight"]))
    assert (table.loc["d", "n"], table.loc["d", "missing"]) == (549, pytest.approx(51 / 600))
    assert table.loc[["f", "c"], "reversed"].tolist() == [True, False]
    assert table.loc["c", "item_label"] == {"nl": "Groei", "en": "Growth"}
    assert table.loc["one", "reason"] == REASONS["single_item"]
    assert table.loc[["e", "m"], "reason"].eq(REASONS["scales"]).all()
    assert table.loc[["c", "d", "f", *"ghijkl"], "reason"].eq("").all()
    assert table.loc[["a", "b"], "alpha_if_dropped"].isna().all()
    assert table["mean"].notna().all()


def test_items_that_say_nothing_have_a_reason(study: Study) -> None:
    frame = study.table("employees").assign(a=4.0, d=np.nan)
    spoilt = replace(study, tables={"employees": frame})
    table = item_table(spoilt).set_index("column")
    assert table.loc[["a", "b"], "reason"].eq(REASONS["no_variance"]).all()
    assert table.loc[["c", "d", "f"], "reason"].eq(REASONS["few_sheets"]).all()
    assert table.loc["d", "n"] == 0
    assert np.isnan(table.loc["d", "mean"])
    found = reliability_table(spoilt, n_boot=100).set_index(["construct", "coefficient"])
    assert found.loc[("trio", "alpha"), "reason"] == REASONS["few_sheets"]
    assert found.loc[("trio", "omega_total"), "reason"] == REASONS["few_sheets"]


def test_a_study_without_answers_has_empty_tables(study: Study) -> None:
    nothing = replace(study, tables={})
    assert reliability_table(nothing).empty
    assert item_table(nothing).empty
    with pytest.raises(ValueError) as caught:
        reliability_table(study, n_boot=5)
    assert str(caught.value) == "n_boot must be 100 or more; got 5."
