"""Sensitivity to unmeasured confounding against published examples and confounders that are then measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import t as student
from statsmodels.regression.linear_model import OLS

from exresearch.models import NotEstimable
from exresearch.models.regression import LinearFit, linear_regression
from exresearch.models.sensitivity import (
    adjusted_for_confounder,
    confounder_bounds,
    e_value,
    robustness_value,
)

# Another order of summation.
EXACT = 1e-9
# Cinelli & Hazlett (2020), the Darfur example: estimate and standard error to five digits as printed by
# the authors' package (sensemakr, darfur data), df 783.
DARFUR = pd.DataFrame({"term": ["harmed"], "estimate": [0.09732], "std_error": [0.02326], "df": [783.0]})


def planted(seed: int = 3, n: int = 120) -> pd.DataFrame:
    """A confounder z of ex and cx, two covariates and units of ten rows."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=["size", "age", "z"])
    frame["z"] += 0.4 * frame["size"]
    frame["ex"] = 0.4 * frame["z"] + 0.3 * frame["size"] + rng.normal(size=n)
    frame["cx"] = 0.6 * frame["ex"] + 0.5 * frame["z"] + 0.4 * frame["size"] + rng.normal(size=n)
    return frame.assign(team=np.arange(n) // 10, w=rng.uniform(0.5, 2.0, n))


def fitted(frame: pd.DataFrame, predictors: list[str], **options: object) -> LinearFit:
    return linear_regression(
        frame, outcome="cx", predictors=predictors, **{"covariance": "classical", **options}
    )


def partial_r2(frame: pd.DataFrame, outcome: str, added: list[str], others: list[str]) -> float:
    """Share of what the others leave that the added columns explain."""
    left = [
        OLS(frame[outcome], np.column_stack([np.ones(len(frame)), frame[names]])).fit().ssr
        for names in (others, [*others, *added])
    ]
    return 1.0 - left[1] / left[0]


def refusal(call: Callable[[], object], kind: type[Exception] = ValueError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def test_darfur_as_published() -> None:
    row = robustness_value(DARFUR, term="harmed").iloc[0]
    assert_allclose(row["partial_r2"], 0.022, atol=5e-4)
    assert_allclose(row["robustness_value"], 0.139, atol=5e-4)
    assert_allclose(row["robustness_value_alpha"], 0.076, atol=5e-4)
    # Once, twice and three times as strong as `female`, by sensemakr::ovb_bounds: r2dz.x, r2yz.dx to four digits.
    adjusted = adjusted_for_confounder(
        DARFUR, term="harmed", r2_exposure=[0.0092, 0.0183, 0.0275], r2_outcome=[0.1246, 0.2493, 0.3741]
    )
    assert_allclose(adjusted["estimate"], [0.0752, 0.0529, 0.0304], atol=2e-4)
    assert_allclose(adjusted["std_error"], [0.0219, 0.0204, 0.0187], atol=1e-4)
    assert_allclose(adjusted["statistic"], [3.44, 2.60, 1.63], atol=1e-2)
    assert_allclose(adjusted["conf_low"], [0.0323, 0.0130, -0.0063], atol=2e-4)


@pytest.mark.parametrize("weights", [None, "w"])
def test_adjusting_for_the_strength_of_a_confounder_is_adjusting_for_it(weights: str | None) -> None:
    """The long regression, from the short one and two partial R-squared."""
    frame = planted()
    short = fitted(frame, ["ex", "size"], weights=weights)
    long = fitted(frame, ["ex", "size", "z"], weights=weights)
    root = np.sqrt(frame["w"] if weights else np.ones(len(frame)))
    scaled = frame.mul(root, axis=0).assign(one=root)

    def share(outcome: str, others: list[str]) -> float:
        left = [OLS(scaled[outcome], scaled[["one", *names]]).fit().ssr for names in (others, [*others, "z"])]
        return 1.0 - left[1] / left[0]

    row = adjusted_for_confounder(
        short, term="ex", r2_exposure=share("ex", ["size"]), r2_outcome=share("cx", ["ex", "size"])
    ).iloc[0]
    expected = long.table.set_index("term").loc["ex"]
    for name in ("estimate", "std_error", "statistic", "df", "conf_low", "conf_high"):
        assert_allclose(row[name], expected[name], rtol=EXACT)
    assert_allclose(row["p_value"], expected["p_value"], rtol=1e-7)


@pytest.mark.parametrize("q", [0.5, 1.0, 1.5])
def test_a_confounder_of_the_robustness_value_takes_that_share_away(q: float) -> None:
    fit = fitted(planted(), ["ex", "size"])
    row = robustness_value(fit, term="ex", q=q).iloc[0]
    strength = row["robustness_value"]
    left = adjusted_for_confounder(fit, term="ex", r2_exposure=strength, r2_outcome=strength)
    assert_allclose(left["estimate"], (1.0 - q) * row["estimate"], atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"covariance": "HC3"}, {"covariance": "CR2", "cluster": "team"}])
def test_a_confounder_of_the_value_at_alpha_brings_the_interval_to_zero(options: dict[str, object]) -> None:
    fit = fitted(planted(), ["ex", "size"], **options)
    strength = float(robustness_value(fit, term="ex", alpha=0.1)["robustness_value_alpha"].iloc[0])
    assert 0.05 < strength < 0.5
    left = adjusted_for_confounder(fit, term="ex", r2_exposure=strength, r2_outcome=strength, conf_level=0.9)
    assert_allclose(left["conf_low"], 0.0, atol=1e-12)


@pytest.mark.parametrize(("t_value", "df"), [(4.0, 30.0), (12.0, 4.0), (40.0, 3.0)])
def test_the_value_at_alpha_is_the_least_strength_that_reaches_zero(t_value: float, df: float) -> None:
    """By search over confounders that explain at most r of each, not necessarily as much of the outcome."""
    rows = pd.DataFrame({"term": ["ex"], "estimate": [t_value], "std_error": [1.0], "df": [df]})
    value = float(robustness_value(rows, term="ex")["robustness_value_alpha"].iloc[0])

    def lowest(strength: float) -> float:
        outcome = np.linspace(0.0, strength, 4001)
        return float(
            adjusted_for_confounder(rows, term="ex", r2_exposure=strength, r2_outcome=outcome)[
                "conf_low"
            ].min()
        )

    assert lowest(value * 0.999) > 0.0
    assert lowest(value * 1.001) < 0.0


def test_partial_r2_and_the_value_at_alpha_of_a_weak_link() -> None:
    frame = planted()
    row = robustness_value(fitted(frame, ["ex", "size"]), term="ex").iloc[0]
    assert_allclose(row["partial_r2"], partial_r2(frame, "cx", ["ex"], ["size"]), rtol=EXACT)
    assert row["n"] == 120
    weak = pd.DataFrame({"term": ["ex"], "estimate": [0.1], "std_error": [0.1], "df": [50.0]})
    row = robustness_value(weak, term="ex").iloc[0]
    assert row["robustness_value_alpha"] == 0.0
    assert 0.0 < row["robustness_value"] < 0.2


def test_robust_errors_leave_the_point_and_move_the_limit() -> None:
    frame = planted()
    classical = robustness_value(fitted(frame, ["ex"]), term="ex").iloc[0]
    robust = robustness_value(fitted(frame, ["ex"], covariance="CR2", cluster="team"), term="ex").iloc[0]
    assert_allclose(robust["robustness_value"], classical["robustness_value"], rtol=EXACT)
    wider = robust["std_error"] * student.ppf(0.975, robust["df"] - 1)
    assert (robust["robustness_value_alpha"] < classical["robustness_value_alpha"]) == (
        wider > classical["std_error"] * student.ppf(0.975, classical["df"] - 1)
    )


def test_bounds_against_regressions_of_the_benchmarks() -> None:
    frame = planted().assign(north=np.arange(120) % 3 == 0, south=np.arange(120) % 3 == 1)
    frame[["north", "south"]] = frame[["north", "south"]].astype(float)
    frame["ex"] += 0.5 * frame["north"]
    names = ["ex", "size", "north", "south"]
    fit = fitted(frame, names)
    table = confounder_bounds(
        fit, term="ex", benchmarks={"size": ["size"], "region": ["north", "south"]}, strengths=[0.5, 1]
    )
    assert table[["benchmark", "strength"]].to_numpy().tolist() == [
        ["size", 0.5],
        ["size", 1.0],
        ["region", 0.5],
        ["region", 1.0],
    ]
    for _, row in table.iterrows():
        members = {"size": ["size"], "region": ["north", "south"]}[row["benchmark"]]
        others = [name for name in names[1:] if name not in members]
        d = partial_r2(frame, "ex", members, others)
        y = partial_r2(frame, "cx", members, ["ex", *others])
        k = row["strength"]
        eta = k * d**2 / ((1 - k * d) * (1 - d))
        assert_allclose(row["r2_exposure"], k * d / (1 - d), rtol=EXACT)
        assert_allclose(
            row["r2_outcome"], ((k**0.5 + eta**0.5) / (1 - eta) ** 0.5) ** 2 * y / (1 - y), rtol=EXACT
        )
        expected = adjusted_for_confounder(
            fit, term="ex", r2_exposure=row["r2_exposure"], r2_outcome=row["r2_outcome"]
        ).iloc[0]
        assert_allclose(row["conf_low"], expected["conf_low"], rtol=EXACT)
    assert table["reason"].isna().all()


def test_bounds_that_nothing_can_reach_are_rows_with_a_reason() -> None:
    frame = planted()
    frame["ex"] += 1.5 * frame["size"]
    frame["cx"] += 3.0 * frame["age"]
    table = confounder_bounds(
        fitted(frame, ["ex", "size", "age"]), term="ex", benchmarks=["size", "age"], strengths=[2]
    )
    assert table["reason"].tolist() == [
        "no confounder can be 2 times as strong: it would explain all of the exposure",
        "a confounder 2 times as strong would explain all of the outcome",
    ]
    assert np.isnan(table["estimate"].iloc[0])
    assert table["r2_outcome"].iloc[1] == 1.0
    assert table["std_error"].iloc[1] == 0.0


def test_refusals() -> None:
    fit = fitted(planted(), ["ex", "size"], covariance="HC3")
    assert refusal(lambda: robustness_value(fit, term="z")) == (
        "term must name one of the estimates ['intercept', 'ex', 'size'], got 'z'."
    )
    assert refusal(lambda: robustness_value(fit.table, term="ex")) == (
        "term 'ex' has a robust standard error, from which its partial R-squared does not follow: give the LinearFit "
        "instead of its rows."
    )
    assert refusal(lambda: robustness_value(fit, term="ex", q=0.0)) == (
        "q must be positive, got 0.0: 1 for the whole estimate, 0.5 for half of it."
    )
    assert refusal(lambda: robustness_value(fit, term="ex", alpha=1.0)) == (
        "alpha must lie strictly between 0 and 1, got 1.0: use 0.05."
    )
    assert refusal(lambda: robustness_value(DARFUR[["term"]], term="harmed")) == (
        "data must be a LinearFit, or a DataFrame with the columns ['term', 'estimate', 'std_error', 'df'], got "
        "DataFrame."
    )
    assert refusal(lambda: robustness_value(DARFUR.assign(std_error=0.0), term="harmed")) == (
        "term 'harmed' must have a finite estimate and df and a positive standard error."
    )
    assert refusal(lambda: robustness_value(DARFUR.assign(df=1.0), term="harmed"), NotEstimable) == (
        "term 'harmed' has 1 degrees of freedom, and one more covariate takes one: more units are needed."
    )
    assert refusal(
        lambda: adjusted_for_confounder(DARFUR, term="harmed", r2_exposure=1.0, r2_outcome=1.0)
    ) == ("r2_exposure must lie in [0, 1), got 1.0.")
    assert refusal(
        lambda: adjusted_for_confounder(DARFUR, term="harmed", r2_exposure=0.1, r2_outcome=1.1)
    ) == ("r2_outcome must lie in [0, 1], got 1.1.")
    assert refusal(
        lambda: adjusted_for_confounder(DARFUR, term="harmed", r2_exposure=[0.1, 0.2], r2_outcome=[0.1] * 3)
    ) == ("r2_exposure and r2_outcome must be numbers or lists of one length, got shapes (2,) and (3,).")
    assert refusal(lambda: confounder_bounds(fit, term="ex", benchmarks=["ex", "z"])) == (
        "benchmarks must be among the other predictors ['size'], got ['ex', 'z']."
    )
    assert refusal(lambda: confounder_bounds(fit, term="ex", benchmarks=["size"], strengths=[0])) == (
        "strengths must be a list of positive numbers, got [0]."
    )
    assert refusal(lambda: confounder_bounds(fit.table, term="ex", benchmarks=["size"])) == (
        "fit must be a LinearFit, got DataFrame."
    )


@pytest.mark.parametrize(
    ("estimate", "limits", "options", "expected"),
    [
        # VanderWeele & Ding (2017): infant formula, and smoking and lung cancer (Hammond & Horn).
        (3.9, (1.8, 8.7), {}, (7.26, 3.0)),
        (3.9, (1.8, 8.7), {"scale": "odds_ratio", "rare": True}, (7.26, 3.0)),
        (10.73, (8.02, 14.36), {}, (20.95, 15.52)),
        (0.80, (0.71, 0.91), {}, (1.81, 1.43)),
        # By the formulas of the paper's table 2, by hand.
        (4.0, (1.0, 16.0), {"scale": "odds_ratio"}, (2.0 + 2.0**0.5, 1.0)),
        (0.56, (0.46, 0.69), {"scale": "hazard_ratio", "rare": True}, (2.97, 2.26)),
        (0.0, (-0.1, 0.1), {"scale": "standardised"}, (1.0, 1.0)),
    ],
)
def test_e_values(
    estimate: float, limits: tuple[float, float], options: dict, expected: tuple[float, float]
) -> None:
    row = e_value(estimate, *limits, **options).iloc[0]
    assert_allclose([row["e_value"], row["e_value_limit"]], expected, atol=6e-3)


def test_a_confounder_of_the_e_value_explains_the_ratio_away() -> None:
    """Two by two tables with a binary confounder: the greatest ratio it makes without any effect."""
    ratio = 2.4
    strength = float(e_value(ratio)["e_value"].iloc[0])
    share = np.linspace(1e-4, 1.0, 20_000)
    # Among the exposed a share has the cause, among the others that share over `strength`.
    made = (1 + (strength - 1) * share) / (1 + (strength - 1) * share / strength)
    assert_allclose(made.max(), ratio, rtol=1e-6)


def test_e_values_mirror_and_convert() -> None:
    for scale in ("risk_ratio", "odds_ratio", "hazard_ratio"):
        one, other = e_value(2.0, 1.5, 3.0, scale=scale), e_value(0.5, 1 / 3.0, 1 / 1.5, scale=scale)
        assert_allclose(one[["e_value", "e_value_limit"]], other[["e_value", "e_value_limit"]], rtol=1e-12)
    assert e_value(0.7, 0.5, 1.2)["e_value_limit"].tolist() == [1.0]
    assert np.isnan(e_value(2.0)["e_value_limit"].iloc[0])
    assert_allclose(
        e_value(0.5, scale="standardised")["e_value"], e_value(np.exp(0.91 * 0.5))["e_value"], rtol=1e-12
    )


def test_e_value_refusals() -> None:
    assert refusal(lambda: e_value(-1.0)) == "estimate must be above 0 on the scale 'risk_ratio', got -1.0."
    assert refusal(lambda: e_value(2.0, 1.0)) == "give both conf_low and conf_high, or neither."
    assert refusal(lambda: e_value(2.0, 2.1, 3.0)) == (
        "estimate must lie between conf_low and conf_high, got 2.0 and [2.1, 3.0]."
    )
    assert refusal(lambda: e_value(2.0, scale="rr")) == (
        "scale must be one of ['risk_ratio', 'odds_ratio', 'hazard_ratio', 'standardised'], got 'rr'."
    )
    assert refusal(lambda: e_value(np.nan)) == "estimate must be a finite number, got nan."
