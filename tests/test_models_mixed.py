"""The random-intercept model against lme4, statsmodels and likelihoods with every matrix written out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize, minimize_scalar
from scipy.stats import chi2
from statsmodels.regression.mixed_linear_model import MixedLM

from exresearch.models import NotEstimable, merge_moments, unit_moments
from exresearch.models.mixed import RandomIntercept, random_intercept, unit_predictions
from exresearch.models.regression import linear_regression

# lme4 stops its search at about this distance from the best variances; likelihoods are flat there.
SEARCH = 1e-6
FLAT = 1e-9
# Another order of summation.
EXACT = 1e-9
# Differences of a likelihood written out in full.
STEPS = 1e-5

REFERENCE = json.loads((Path(__file__).parent / "reference" / "multilevel.json").read_text(encoding="utf-8"))
SHARED = Path(__file__).parents[1].parent / "shared" / "reference"


def shared_table(name: str) -> pd.DataFrame:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the shared reference table {name} is not here")
    return pd.read_csv(path)


@pytest.fixture(scope="module")
def bh() -> pd.DataFrame:
    return shared_table("04_reliability/bh1996.csv")


@pytest.fixture(scope="module")
def few() -> pd.DataFrame:
    return shared_table("05_multilevel/bh1996_12groups.csv")


def planted(
    seed: int = 4, units: int = 14, sd: float = 0.8, most: int = 12, within: float = 0.5
) -> pd.DataFrame:
    """Unbalanced units, a predictor that differs within and between them, one of the unit, and an outcome."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(units), rng.integers(1, most, units))
    level, size = rng.normal(size=(2, units))
    n = len(unit)
    frame = pd.DataFrame({"unit": unit, "x": 5.0 + level[unit] + rng.normal(size=n), "size": size[unit]})
    frame["z"] = rng.normal(size=n)
    frame["y"] = 2.0 + within * frame["x"] - 0.3 * frame["size"] + sd * rng.normal(size=units)[unit]
    frame["y"] += rng.normal(size=n)
    return frame


PREDICTORS = ["x", "z", "size"]


def fitted(frame: pd.DataFrame, **options: Any) -> RandomIntercept:
    return random_intercept(frame, **{"outcome": "y", "predictors": PREDICTORS, "cluster": "unit", **options})


class Dense:
    """The likelihood and everything derived from it with n x n matrices."""

    def __init__(self, frame: pd.DataFrame, predictors: list[str], *, reml: bool = True) -> None:
        self.y = frame["y"].to_numpy(float)
        self.X = np.column_stack([np.ones(len(frame)), frame[predictors]])
        self.codes = pd.factorize(frame["unit"], sort=True)[0]
        self.Z = np.eye(self.codes.max() + 1)[self.codes]
        self.G = [self.Z @ self.Z.T, np.eye(len(self.y))]
        self.reml = reml

    def parts(self, variances: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        inverse = np.linalg.inv(variances[0] * self.G[0] + variances[1] * self.G[1])
        cov = np.linalg.inv(self.X.T @ inverse @ self.X)
        return inverse, cov, cov @ self.X.T @ inverse @ self.y

    def criterion(self, variances: np.ndarray) -> float:
        inverse, cov, b = self.parts(variances)
        residual = self.y - self.X @ b
        n, k = self.X.shape
        value = (n - k * self.reml) * np.log(2 * np.pi) - np.linalg.slogdet(inverse)[1]
        value += residual @ inverse @ residual - self.reml * np.linalg.slogdet(cov)[1]
        return float(value)

    def hessian(self, variances: np.ndarray) -> np.ndarray:
        """By central differences of the criterion."""
        step = 1e-3 * variances
        out = np.zeros((2, 2))
        for i in (0, 1):
            for j in (0, 1):
                a, b = np.eye(2)[i] * step, np.eye(2)[j] * step
                value = self.criterion(variances + a + b) - self.criterion(variances + a - b)
                value += self.criterion(variances - a - b) - self.criterion(variances - a + b)
                out[i, j] = value / (4.0 * step[i] * step[j])
        return out

    def satterthwaite(self, variances: np.ndarray) -> np.ndarray:
        _, cov, _ = self.parts(variances)
        slopes = []
        for i in (0, 1):
            step = np.eye(2)[i] * variances * 1e-4
            change = self.parts(variances + step)[1] - self.parts(variances - step)[1]
            slopes.append(np.diag(change) / (2 * step[i]))
        gradient = np.array(slopes)
        spread = 2.0 * np.linalg.inv(self.hessian(variances))
        return np.asarray(2.0 * np.diag(cov) ** 2 / np.einsum("ir,ij,jr->r", gradient, spread, gradient))

    def kenward_roger(self, variances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Adjusted covariance and df of each coefficient, step by step as in the paper, with its F for q = 1."""
        inverse, cov, _ = self.parts(variances)
        XV = self.X.T @ inverse
        P = [-XV @ g @ XV.T for g in self.G]
        Q = [[XV @ g @ inverse @ h @ XV.T for h in self.G] for g in self.G]
        information = np.zeros((2, 2))
        for i in (0, 1):
            for j in (0, 1):
                information[i, j] = 0.5 * (
                    np.trace(inverse @ self.G[i] @ inverse @ self.G[j])
                    - 2.0 * np.trace(cov @ Q[i][j])
                    + np.trace(cov @ P[i] @ cov @ P[j])
                )
        W = np.linalg.inv(information)
        inner = sum(W[i, j] * (Q[i][j] - P[i] @ cov @ P[j]) for i in (0, 1) for j in (0, 1))
        adjusted = cov + 2.0 * cov @ inner @ cov
        df = []
        for c in np.eye(len(cov)):
            theta = np.outer(c, c) / (c @ cov @ c)
            a1 = sum(
                W[i, j] * np.trace(theta @ cov @ P[i] @ cov) * np.trace(theta @ cov @ P[j] @ cov)
                for i in (0, 1)
                for j in (0, 1)
            )
            a2 = sum(
                W[i, j] * np.trace(theta @ cov @ P[i] @ cov @ theta @ cov @ P[j] @ cov)
                for i in (0, 1)
                for j in (0, 1)
            )
            g = (2 * a1 - 5 * a2) / (3 * a2)
            c1, c2, c3 = (part / (3 + 2 * (1 - g)) for part in (g, 1 - g, 3 - g))
            b = (a1 + 6 * a2) / 2
            mean, variance = 1 / (1 - a2), 2 * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
            rho = variance / (2 * mean**2)
            m = 4 + 3 / (rho - 1)
            assert_allclose(m / (mean * (m - 2)), 1.0, rtol=1e-6)
            df.append(m)
        return adjusted, np.array(df)


# lme4


@pytest.mark.parametrize(
    ("case", "predictors", "split"),
    [("bh1996", ["HRS", "LEAD", "COHES"], False), ("split", ["HRS", "LEAD"], True), ("few", None, False)],
)
@pytest.mark.parametrize("from_moments", [False, True])
def test_lme4(
    bh: pd.DataFrame,
    few: pd.DataFrame,
    case: str,
    predictors: list[str] | None,
    split: bool,
    from_moments: bool,
) -> None:
    frame, names = (few, ["HRS", "LEAD", "G.COHES"]) if predictors is None else (bh, predictors)
    data: Any = frame
    if from_moments:
        data = unit_moments(frame, columns=["WBEING", *reversed(names)], cluster="GRP")
    fit = random_intercept(
        data,
        outcome="WBEING",
        predictors=names,
        cluster=None if from_moments else "GRP",
        within_between=split,
        df="satterthwaite",
    )
    want = REFERENCE[case]
    assert_allclose(fit.table["estimate"], want["estimate"], rtol=SEARCH)
    assert_allclose(fit.table["std_error"], want["std_error"], rtol=SEARCH)
    assert_allclose(np.sqrt(np.diag(fit.model_covariance)), want["std_error"], rtol=SEARCH)
    assert_allclose(fit.table["df"], want["df"], rtol=SEARCH)
    assert_allclose(fit.table["statistic"], want["statistic"], rtol=SEARCH)
    assert_allclose(fit.table["p_value"], want["p_value"], rtol=1e-4)
    assert not fit.boundary
    assert_allclose(fit.variances["estimate"], want["variances"], rtol=SEARCH)
    for name in ("log_likelihood", "criterion", "aic", "bic"):
        assert_allclose(getattr(fit, name), want[name], rtol=FLAT)
    for name in ("icc_adjusted", "icc_conditional", "r2_marginal", "r2_conditional"):
        assert_allclose(getattr(fit, name), want[name], rtol=SEARCH)
    assert (fit.n, fit.n_clusters, fit.n_excluded) == (want["n"], want["n_clusters"], 0)
    assert_allclose(unit_predictions(fit)["estimate"][:10], want["predictions"], atol=SEARCH)


def test_kenward_roger_of_twelve_groups(few: pd.DataFrame) -> None:
    fit = random_intercept(few, outcome="WBEING", predictors=["HRS", "LEAD", "G.COHES"], cluster="GRP")
    want = REFERENCE["few_kenward_roger"]
    for name in ("estimate", "std_error", "statistic", "df"):
        assert_allclose(fit.table[name], want[name], rtol=SEARCH, err_msg=name)
    assert_allclose(fit.table["p_value"], want["p_value"], rtol=1e-5)
    assert fit.table["method"].unique().tolist() == [
        "random intercept, REML, Kenward-Roger standard error and df"
    ]


# Matrices in full, and statsmodels


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("seed", [4, 5])
def test_the_likelihood_in_full(seed: int, reml: bool) -> None:
    # Few rows, as threads of the linear algebra library would otherwise cost seconds.
    frame = planted(seed, units=12, most=7)
    fit, dense = fitted(frame, reml=reml, df="satterthwaite"), Dense(frame, PREDICTORS, reml=reml)
    variances = fit.variances["estimate"].to_numpy()
    _, cov, b = dense.parts(variances)
    assert_allclose(fit.criterion, dense.criterion(variances), rtol=EXACT)
    assert_allclose(fit.coefficients, b, rtol=EXACT)
    assert_allclose(fit.model_covariance, cov, rtol=EXACT)
    best = minimize(
        lambda logs: dense.criterion(np.exp(logs)),
        np.zeros(2),
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-10},
    )
    assert_allclose(variances, np.exp(best.x), rtol=STEPS)
    assert_allclose(fit.table["df"], dense.satterthwaite(variances), rtol=1e-4)


def test_kenward_roger_in_full() -> None:
    frame = planted(6)
    fit, dense = fitted(frame), Dense(frame, PREDICTORS)
    covariance, df = dense.kenward_roger(fit.variances["estimate"].to_numpy())
    assert_allclose(fit.covariance, covariance, rtol=1e-7)
    assert_allclose(fit.table["df"], df, rtol=1e-6)


def test_kenward_roger_in_full_at_the_boundary() -> None:
    frame = boundary_frame()
    fit, dense = fitted(frame, predictors=["x"]), Dense(frame, ["x"])
    covariance, df = dense.kenward_roger(fit.variances["estimate"].to_numpy())
    assert_allclose(fit.covariance, covariance, rtol=1e-7)
    assert_allclose(fit.table["df"], df, rtol=1e-6)


@pytest.mark.parametrize("reml", [True, False])
def test_profile_intervals_in_full(reml: bool) -> None:
    frame = planted(7, units=10)
    fit, dense = fitted(frame, reml=reml, conf_level=0.9), Dense(frame, PREDICTORS, reml=reml)
    cut = fit.criterion + chi2.ppf(0.9, 1)

    def profiled(place: int, value: float) -> float:
        def other(log: float) -> float:
            return dense.criterion(np.array([value, np.exp(log)] if place == 0 else [np.exp(log), value]))

        return float(minimize_scalar(other, bounds=(-12, 5), method="bounded", options={"xatol": 1e-9}).fun)

    for place, row in enumerate(fit.variances.itertuples()):
        for limit in (row.conf_low, row.conf_high):
            assert_allclose(profiled(place, float(limit)), cut, atol=1e-5)

    def by_icc(icc: float) -> float:
        def whole(log: float) -> float:
            return dense.criterion(np.exp(log) * np.array([icc, 1.0 - icc]))

        return float(minimize_scalar(whole, bounds=(-5, 5), method="bounded", options={"xatol": 1e-9}).fun)

    assert_allclose([by_icc(fit.icc_low), by_icc(fit.icc_high)], cut, atol=1e-5)
    assert fit.icc_low < fit.icc_adjusted < fit.icc_high


@pytest.mark.parametrize("reml", [True, False])
def test_statsmodels(reml: bool) -> None:
    frame = planted(8, units=40)
    fit = fitted(frame, reml=reml)
    design = np.column_stack([np.ones(len(frame)), frame[PREDICTORS]])
    other = MixedLM(frame["y"], design, groups=frame["unit"]).fit(reml=reml)
    # Its optimiser stops early.
    assert_allclose(fit.coefficients, other.fe_params, rtol=1e-3)
    assert_allclose(np.sqrt(np.diag(fit.model_covariance)), other.bse_fe, rtol=5e-3)
    assert_allclose(fit.variances["estimate"], [other.cov_re.iloc[0, 0], other.scale], rtol=5e-3)
    assert_allclose(fit.log_likelihood, other.llf, rtol=1e-6)


def test_balanced_units_are_analysis_of_variance() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(12, 1)) + rng.normal(size=(12, 8))
    frame = pd.DataFrame({"unit": np.repeat(np.arange(12), 8), "y": values.ravel()})
    fit = fitted(frame, predictors=[])
    residual = float(values.var(axis=1, ddof=1).mean())
    between = float(values.mean(axis=1).var(ddof=1)) - residual / 8
    assert_allclose(fit.variances["estimate"], [between, residual], rtol=1e-8)
    # The mean of balanced units has exactly units - 1 df, and Kenward-Roger's term is zero.
    assert_allclose(fit.table["df"], 11, rtol=1e-7)
    assert_allclose(fit.table["std_error"], np.sqrt(values.mean(axis=1).var(ddof=1) / 12), rtol=1e-8)
    assert fit.r2_marginal == 0.0
    assert fit.icc_adjusted == pytest.approx(fit.icc_conditional, rel=1e-12)
    assert fit.contextual.empty
    assert list(fit.contextual) == list(fit.table)


# Predictions


def test_predictions_in_full() -> None:
    frame = planted(9)
    fit, dense = fitted(frame), Dense(frame, PREDICTORS)
    between, residual = fit.variances["estimate"]
    size, k = dense.Z.shape[1], dense.X.shape[1]
    both = np.column_stack([dense.X, dense.Z])
    # Henderson's mixed model equations.
    left = both.T @ both / residual
    left[k:, k:] += np.eye(size) / between
    inverse = np.linalg.inv(left)
    solution = inverse @ both.T @ dense.y / residual
    table = unit_predictions(fit, conf_level=0.8)
    assert table["unit"].tolist() == list(range(size))
    assert_allclose(table["estimate"], solution[k:], rtol=1e-8)
    assert_allclose(table["std_error"], np.sqrt(np.diag(inverse)[k:]), rtol=1e-8)
    assert_allclose(table["conf_high"] - table["estimate"], 1.2815515655446004 * table["std_error"])
    n = table["n"]
    assert_allclose(table["reliability"], n * between / (n * between + residual), rtol=1e-10)


# Within and between


def test_split_is_centring_by_hand() -> None:
    frame = planted(10)
    means = frame.groupby("unit")["x"].transform("mean")
    by_hand = frame.assign(x_within=frame["x"] - means, x_between=means)
    names = ["x_within", "x_between", "z", "size"]
    fit, other = fitted(frame, within_between=["x"]), fitted(by_hand, predictors=names)
    pd.testing.assert_frame_equal(fit.table, other.table, rtol=1e-9)
    assert_allclose(fit.criterion, other.criterion, rtol=1e-11)
    # Between minus within is the slope of the unit's mean beside the column itself.
    mundlak = fitted(by_hand, predictors=["x", "x_between", "z", "size"])
    same = ["estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high"]
    assert_allclose(
        fit.contextual[same].to_numpy(float), mundlak.table.loc[[2], same].to_numpy(float), rtol=1e-8
    )
    assert fit.contextual["term"].tolist() == ["x_between - x_within"]


def test_within_slope_is_that_of_fixed_effects() -> None:
    frame = planted(11)
    fit = fitted(frame, predictors=["x"], within_between=True)
    centred = frame[["x", "y"]] - frame.groupby("unit")[["x", "y"]].transform("mean")
    assert_allclose(
        fit.coefficients["x_within"],
        (centred["x"] @ centred["y"]) / (centred["x"] @ centred["x"]),
        rtol=1e-10,
    )


# Boundary


def boundary_frame() -> pd.DataFrame:
    """Units whose means are closer together than their rows allow."""
    rng = np.random.default_rng(3)
    unit = np.repeat(np.arange(8), 6)
    noise = rng.normal(size=(8, 6))
    noise -= 0.95 * noise.mean(axis=1, keepdims=True)
    x = rng.normal(size=48)
    return pd.DataFrame({"unit": unit, "x": x, "y": 1.0 + 0.5 * x + noise.ravel()})


def test_boundary_is_a_result() -> None:
    frame = boundary_frame()
    fit = fitted(frame, predictors=["x"], df="satterthwaite")
    plain = linear_regression(frame, outcome="y", predictors=["x"], covariance="classical")
    assert fit.boundary
    same = ["estimate", "std_error", "df", "p_value", "conf_low", "conf_high"]
    assert_allclose(fit.table[same], plain.table[same], rtol=1e-9)
    assert fit.variances["estimate"][0] == 0.0 == fit.variances["conf_low"][0]
    assert fit.variances["conf_high"][0] > 0.0
    assert (fit.icc_adjusted, fit.icc_low, fit.icc_conditional) == (0.0, 0.0, 0.0)
    assert fit.r2_marginal == fit.r2_conditional > 0.0
    assert fit.boundary_test[["statistic", "p_value"]].to_numpy().tolist() == [[0.0, 1.0]]
    table = unit_predictions(fit)
    assert (table[["estimate", "std_error", "reliability"]] == 0.0).all(axis=None)
    # A coefficient of the unit keeps few df by Kenward-Roger.
    level = frame.assign(size=frame["unit"] % 3)
    assert fitted(level, predictors=["size"]).table["df"].max() < 12.0


def test_boundary_test_is_half_a_likelihood_ratio() -> None:
    frame = planted(12, sd=0.6)
    fit, dense = fitted(frame), Dense(frame, PREDICTORS)
    null = minimize_scalar(lambda log: dense.criterion(np.array([0.0, np.exp(log)])), bounds=(-5, 5)).fun
    statistic = null - fit.criterion
    assert not fit.boundary
    assert_allclose(fit.boundary_test["statistic"], statistic, atol=1e-6)
    assert_allclose(fit.boundary_test["p_value"], 0.5 * chi2.sf(statistic, 1), atol=1e-6)


# Invariance


def test_scales_and_origins_change_nothing() -> None:
    frame = planted(13)
    moved = frame.assign(
        x=1e8 + frame["x"] * 1e-2, z=frame["z"] * 1e8, y=frame["y"] * 1e-8, size=frame["size"] * 1e-8
    )
    scale = np.array([np.nan, 1e-2, 1e8, 1e-8])
    for split in (False, True):
        names = ["x", "z"] if split else PREDICTORS
        one = fitted(frame, predictors=names, within_between=split)
        two = fitted(moved, predictors=names, within_between=split)
        factor = np.repeat(scale[1:3], 2) if split else scale[1:]
        for column in ("estimate", "std_error"):
            # Values at 1e8 keep eight digits of their differences.
            assert_allclose(two.table[column][1:] * factor * 1e8, one.table[column][1:], rtol=2e-6, atol=1e-7)
        assert_allclose(two.table["df"][1:], one.table["df"][1:], rtol=1e-5)
        assert_allclose(two.variances["estimate"] * 1e16, one.variances["estimate"], rtol=1e-5)
        assert_allclose([two.icc_low, two.icc_high], [one.icc_low, one.icc_high], rtol=1e-5)
        assert_allclose(two.r2_marginal, one.r2_marginal, rtol=1e-5)


def test_criterion_follows_the_unit_of_the_outcome() -> None:
    frame = planted(14)
    one, two = fitted(frame, reml=False), fitted(frame.assign(y=frame["y"] * 100.0), reml=False)
    assert_allclose(two.criterion, one.criterion + 2 * len(frame) * np.log(100.0), rtol=EXACT)


def test_order_of_rows_predictors_and_parts_changes_nothing() -> None:
    frame = planted(15)
    one = fitted(frame)
    two = fitted(frame.sample(frac=1.0, random_state=1))
    pd.testing.assert_frame_equal(one.table, two.table, rtol=EXACT)
    pd.testing.assert_frame_equal(one.variances, two.variances, rtol=1e-7)
    three = fitted(frame, predictors=PREDICTORS[::-1])
    assert_allclose(three.coefficients[one.coefficients.index], one.coefficients, rtol=EXACT)
    halves = [
        unit_moments(part, columns=["y", *PREDICTORS], cluster="unit") for part in (frame[::2], frame[1::2])
    ]
    merged = random_intercept(merge_moments(halves), outcome="y", predictors=PREDICTORS)
    pd.testing.assert_frame_equal(one.table, merged.table, rtol=EXACT)
    again = fitted(frame)
    pd.testing.assert_frame_equal(one.table, again.table, check_exact=True)
    pd.testing.assert_frame_equal(one.variances, again.variances, check_exact=True)


def test_labels_and_missing_rows() -> None:
    frame = planted(16)
    named = frame.assign(unit="team " + frame["unit"].astype(str).str.zfill(2))
    gaps = pd.concat([named, named.head(3).assign(y=np.nan), named.head(2).assign(unit=None)])
    one, two = fitted(frame), fitted(gaps)
    assert_allclose(two.table["estimate"], one.table["estimate"], rtol=EXACT)
    assert (two.n, two.n_excluded) == (one.n, 5)
    assert unit_predictions(two)["unit"][0] == "team 00"


def test_a_very_high_icc() -> None:
    frame = planted(17, sd=1e4)
    fit, dense = fitted(frame), Dense(frame, PREDICTORS)
    assert fit.icc_adjusted > 0.99999
    _, cov, b = dense.parts(fit.variances["estimate"].to_numpy())
    assert_allclose(fit.coefficients, b, rtol=1e-5)
    assert_allclose(fit.model_covariance, cov, rtol=1e-5)


# Planted truth


def test_intervals_hold_the_truth() -> None:
    truth = {"x_within": 0.2, "x_between": 1.0, "size": -0.5}
    draws, hits, kept, variance, share, boundary = 200, 0, 0, 0, 0, 0
    estimates = np.zeros(3)
    rng = np.random.default_rng(20)
    unit = np.repeat(np.arange(12), rng.integers(3, 15, 12))
    for _ in range(draws):
        level, size = rng.normal(size=(2, 12))
        x = level[unit] + rng.normal(size=len(unit))
        mean = (np.bincount(unit, x) / np.bincount(unit))[unit]
        y = 1.0 + 0.2 * (x - mean) + mean - 0.5 * size[unit] + 0.5 * rng.normal(size=12)[unit]
        frame = pd.DataFrame({"unit": unit, "x": x, "size": size[unit], "y": y + rng.normal(size=len(unit))})
        fit = fitted(frame, predictors=["x", "size"], within_between=["x"])
        table = fit.table.set_index("term").loc[list(truth)]
        estimates += table["estimate"] / draws
        inside = (table["conf_low"] <= list(truth.values())) & (table["conf_high"] >= list(truth.values()))
        hits += int(inside["x_within"])
        kept += int(inside["size"])
        low, high = fit.variances.loc[0, ["conf_low", "conf_high"]]
        variance += int(low <= 0.25 <= high)
        share += int(fit.icc_low <= 0.2 <= fit.icc_high)
        boundary += int(fit.boundary)
    assert_allclose(estimates, list(truth.values()), atol=0.06)
    # Three standard errors of a share of 95 % in 200 draws.
    margin = 3.0 * np.sqrt(0.95 * 0.05 / draws)
    for count in (hits, kept, variance, share):
        assert abs(count / draws - 0.95) < margin
    assert boundary > 0


def test_boundary_test_holds_its_level() -> None:
    rng = np.random.default_rng(21)
    unit = np.repeat(np.arange(30), 8)
    rejected = 0
    for _ in range(200):
        frame = pd.DataFrame({"unit": unit, "y": rng.normal(size=240)})
        rejected += int(fitted(frame, predictors=[]).boundary_test["p_value"][0] < 0.05)
    assert 0.01 < rejected / 200 < 0.1


# What it refuses


def refused(kind: type[Exception], message: str, frame: Any, **options: Any) -> None:
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        fitted(frame, **options)


def test_data_without_an_answer() -> None:
    frame = planted(18)
    n = len(frame)
    refused(
        NotEstimable,
        "a random intercept needs units that differ, got 1 unit: use linear_regression instead.",
        frame.assign(unit=1),
    )
    refused(
        NotEstimable,
        f"each of the {n} units has a single row, so that variance between and within units cannot be told apart: "
        "use linear_regression instead.",
        frame.assign(unit=np.arange(n)),
    )
    refused(
        NotEstimable,
        "4 coefficients need more than 4 complete rows, got 4 (0 left out as incomplete): use fewer predictors.",
        frame.head(4).assign(unit=[0, 0, 1, 1]),
    )
    refused(
        NotEstimable,
        "columns ['z'] are constant over the complete rows: leave them out.",
        frame.assign(z=1.0),
    )
    refused(NotEstimable, "outcome 'y' is constant over the complete rows.", frame.assign(y=1.0))
    with pytest.raises(NotEstimable, match="z"):
        fitted(frame.assign(z=frame["x"] * 2.0 + 1.0))
    refused(
        NotEstimable,
        "outcome 'y' has no variation within units beyond the predictors, so that the residual variance cannot be "
        "estimated: aggregate to one row per unit and use linear_regression.",
        frame.assign(y=frame["size"]),
        predictors=["x"],
    )
    refused(
        NotEstimable,
        "outcome 'y' has no variation within units beyond the predictors, so that the residual variance cannot be "
        "estimated: aggregate to one row per unit and use linear_regression.",
        frame.assign(y=2.0 * frame["x"] + frame["size"] + frame["unit"] ** 2),
        predictors=["x"],
    )
    refused(
        NotEstimable,
        "the variance between units is more than 1e+10 times that within them, which floats do not hold: aggregate to "
        "one row per unit and use linear_regression.",
        planted(18, sd=4e5),
    )
    refused(
        NotEstimable,
        "2 units leave nothing to estimate the variance between them from, beside 2 coefficients (the intercept "
        "included) of columns that differ between units alone: use fewer of those.",
        frame[frame["unit"].isin(frame["unit"].value_counts().index[:2])],
    )


def test_columns_that_cannot_be_split() -> None:
    frame = planted(19)
    refused(
        NotEstimable,
        "columns ['size'] do not vary within units, so they have no within part: leave them out of within_between.",
        frame,
        within_between=True,
    )
    centred = frame["x"] - frame.groupby("unit")["x"].transform("mean")
    refused(
        NotEstimable,
        "columns ['x'] have the same mean in every unit, so they have no between part: leave them out of "
        "within_between.",
        frame.assign(x=centred),
        within_between=["x"],
    )
    refused(
        NotEstimable,
        "columns ['x'] are constant over the complete rows: leave them out.",
        frame.assign(x=7.3),
        within_between=["x"],
    )
    refused(
        ValueError,
        "columns ['x_within'] have the name of a within or between part: rename them, or split other columns.",
        frame.assign(x_within=frame["z"]),
        predictors=["x", "x_within"],
        within_between=["x"],
    )
    refused(
        ValueError,
        "within_between names ['w'], which are not among the predictors ['x', 'z', 'size'].",
        frame,
        within_between=["w"],
    )
    refused(
        ValueError,
        "columns ['x'] are named more than once in within_between.",
        frame,
        within_between=["x", "x"],
    )


def test_options_that_do_not_exist() -> None:
    frame = planted(20)
    refused(
        ValueError, "df must be 'kenward_roger' or 'satterthwaite', got 'residual'.", frame, df="residual"
    )
    refused(
        ValueError,
        "df 'kenward_roger' goes with reml=True: use df='satterthwaite'.",
        frame,
        df="kenward_roger",
        reml=False,
    )
    refused(
        ValueError, "cluster must be the name of the column with the unit, got None.", frame, cluster=None
    )
    refused(
        ValueError,
        "columns ['y'] are named more than once among outcome and predictors.",
        frame,
        predictors=["x", "y"],
    )
    columns = ["y", *PREDICTORS]
    moments = unit_moments(frame, columns=columns, cluster="unit")
    refused(ValueError, "cluster is already in the moments: give it to unit_moments instead.", moments)
    refused(
        ValueError,
        "the moments hold single rows, and a random intercept is that of a unit: give unit_moments a cluster.",
        unit_moments(frame, columns=columns),
        cluster=None,
    )
    refused(
        ValueError,
        "a random intercept takes no weights, and these moments have them: compute unit_moments without weights.",
        unit_moments(frame.assign(w=2.0), columns=columns, cluster="unit", weights="w"),
        cluster=None,
    )
