"""Clustered shares and detectable effects against other implementations and by simulation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.power import (
    FTestAnovaPower,
    GofChisquarePower,
    NormalIndPower,
    TTestIndPower,
    TTestPower,
)
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    power_proportions_2indep,
    proportion_confint,
    proportion_effectsize,
    samplesize_proportions_2indep_onetail,
)
from statsmodels.stats.proportion import (
    test_proportions_2indep as proportions_test,
)

from exresearch.models import (
    NotEstimable,
    clustered_proportion,
    detectable_correlation,
    detectable_difference,
    detectable_r2_increment,
    units_needed,
)

SAME = 1e-9
REFERENCE = json.loads((Path(__file__).parent / "reference" / "power.json").read_text(encoding="utf-8"))
# R's uniroot stops within .Machine$double.eps^0.25, 1.2e-4.
UNIROOT = 2e-4


def proportion(units: pd.DataFrame, **options: object) -> pd.Series:
    return clustered_proportion(units, events="engaged", n="n", **options).iloc[0]


def test_people_without_units_have_nearly_the_exact_binomial_interval() -> None:
    people = pd.DataFrame({"engaged": [1] * 130 + [0] * 870, "n": 1})
    row = proportion(people, null=0.13)
    assert row["estimate"] == 0.13
    assert row["std_error"] == pytest.approx(np.sqrt(0.13 * 0.87 / 999))
    assert row["design_effect"] == pytest.approx(1.0, abs=0.002)
    exact = proportion_confint(130, 1000, method="beta")
    # Apart from t for z and n - 1 for n.
    assert (row["conf_low"], row["conf_high"]) == pytest.approx(exact, abs=2e-4)
    assert (row["n"], row["n_units"], row["n_excluded"]) == (1000, 1000, 0)
    assert row["p_value"] == 1.0


def test_korn_graubard_by_hand() -> None:
    units = pd.DataFrame({"engaged": [2, 9, 3, 1, 5, 2, 8, 4, 2, 3], "n": [20, 30] * 5})
    row = proportion(units, null=0.25, conf_level=0.9)
    share = 39 / 250
    residuals = units["engaged"] - share * units["n"]
    variance = 10 / 9 * (residuals**2).sum() / 250**2
    effective = share * (1 - share) / variance
    adjusted = effective * (stats.norm.ppf(0.95) / stats.t.ppf(0.95, 9)) ** 2
    low = stats.beta.ppf(0.05, adjusted * share, adjusted * (1 - share) + 1)
    high = stats.beta.ppf(0.95, adjusted * share + 1, adjusted * (1 - share))
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((low, high), rel=SAME)
    assert row["std_error"] == pytest.approx(np.sqrt(variance))
    assert row["statistic"] == pytest.approx((share - 0.25) / np.sqrt(variance))
    assert row["design_effect"] == pytest.approx(250 / effective)


def test_share_interval_and_p_value_agree() -> None:
    units = pd.DataFrame({"engaged": [2, 9, 3, 1, 5, 2, 8, 4, 2, 3], "n": [20, 30] * 5})
    row = proportion(units)
    for null in np.linspace(0.01, 0.6, 200):
        p = proportion(units, null=float(null))["p_value"]
        assert (p < 0.05) == (null < row["conf_low"] or null > row["conf_high"])


def test_nobody_and_everybody() -> None:
    nobody = proportion(pd.DataFrame({"engaged": [0] * 30, "n": 20}), null=0.13)
    assert (nobody["estimate"], nobody["conf_low"], nobody["std_error"]) == (0.0, 0.0, 0.0)
    assert nobody["conf_high"] == pytest.approx(1 - 0.025 ** (1 / 30))
    assert nobody["p_value"] == pytest.approx(2 * 0.87**30)
    everybody = proportion(pd.DataFrame({"engaged": [20] * 30, "n": 20}), null=0.87)
    assert everybody["conf_low"] == pytest.approx(0.025 ** (1 / 30))
    assert (everybody["estimate"], everybody["conf_high"]) == (1.0, 1.0)


@pytest.mark.parametrize(("units", "share"), [(10, 0.5), (30, 0.1), (120, 0.03)])
def test_share_intervals_cover(units: int, share: float) -> None:
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(500):
        n = rng.integers(5, 60, units)
        # Intraclass correlation 0.05.
        engaged = rng.binomial(n, rng.beta(share * 19, (1 - share) * 19, units))
        row = proportion(pd.DataFrame({"engaged": engaged, "n": n}))
        covered += row["conf_low"] <= share <= row["conf_high"]
    assert 0.92 <= covered / 500 <= 0.98


UNITS = pd.DataFrame({"engaged": [2.0] * 12, "n": [20.0] * 12})


@pytest.mark.parametrize(
    ("units", "options", "message"),
    [
        (UNITS.head(9), {}, "a share with a cluster interval needs at least 10 units, got 9."),
        (
            UNITS.assign(engaged=21),
            {},
            "events column 'engaged' holds 12 values below 0 or above 'n': it must count people out of 'n'.",
        ),
        (UNITS, {"null": 13}, "null must be a share strictly between 0 and 1, got 13."),
        (
            UNITS,
            {"conf_level": 95},
            "conf_level must lie strictly between 0 and 1, got 95: use 0.95 for 95 %.",
        ),
    ],
)
def test_share_refusals(units: pd.DataFrame, options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        proportion(units, **options)
    assert str(caught.value) == message


def test_missing_units_are_counted() -> None:
    row = proportion(UNITS.assign(engaged=[np.nan, 1, 2, 3, 2, 1] * 2))
    assert (row["n"], row["n_units"], row["n_excluded"]) == (200.0, 10, 2)


def test_published_units_needed() -> None:
    assert [units_needed(r) for r in (0.32, 0.25, 0.20, -0.20)] == [75, 124, 194, 194]
    # R: pwr::pwr.r.test(r = 0.2, power = 0.8) gives 193.09, so 194 people.
    for n in (10, 75, 124, 5000):
        assert units_needed(detectable_correlation(n)) == n
    assert detectable_correlation(75) == pytest.approx(0.3187, abs=5e-5)
    assert detectable_correlation(75, power=0.9) > detectable_correlation(75)


def test_detectable_difference_has_its_power() -> None:
    gain = detectable_difference(0.49, n_per_group=100, design_effect=2.0)
    other = 0.49 + gain
    error = np.sqrt(2.0 * (0.49 * 0.51 + other * (1 - other)) / 100)
    assert stats.norm.sf(stats.norm.ppf(0.975) - gain / error) == pytest.approx(0.8, abs=1e-8)
    assert detectable_difference(0.0, n_per_group=100) == pytest.approx(
        (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) ** 2
        / (100 + (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) ** 2)
    )
    assert detectable_difference(0.49, n_per_group=50) == pytest.approx(gain, abs=1e-8)


def test_detectable_r2_increment_has_its_power() -> None:
    for n, predictors, tested, r2 in ((200, 10, 1, 0.3), (60, 5, 2, 0.0), (11_405, 30, 1, 0.5)):
        gain = detectable_r2_increment(n, n_predictors=predictors, n_tested=tested, r2=r2)
        f2 = gain / (1 - r2 - gain)
        rest = n - predictors - 1
        critical = stats.f.ppf(0.95, tested, rest)
        assert stats.ncf.sf(critical, tested, rest, f2 * n) == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: detectable_correlation(3), NotEstimable, "a correlation needs more than 3 units, got 3."),
        (
            lambda: detectable_correlation(30, power=0.04),
            ValueError,
            "power must lie between alpha (0.05) and 1, got 0.04: use 0.8.",
        ),
        (
            lambda: detectable_correlation(30, alpha=5),
            ValueError,
            "alpha must lie strictly between 0 and 1, got 5: use 0.05.",
        ),
        (lambda: units_needed(0.0), ValueError, "r must lie between -1 and 1 and not be 0, got 0.0."),
        (
            lambda: detectable_difference(0.9, n_per_group=5),
            NotEstimable,
            "with 5 people per group and a design effect of 1.0 no difference from a share of 0.9 is found with "
            "power 0.8.",
        ),
        (
            lambda: detectable_difference(0.9, n_per_group=0),
            ValueError,
            "n_per_group and design_effect must be positive, got 0 and 1.0.",
        ),
        (
            lambda: detectable_r2_increment(11, n_predictors=10),
            NotEstimable,
            "10 predictors need more than 11 rows, got 11.",
        ),
        (
            lambda: detectable_r2_increment(110, n_predictors=10, n_tested=11),
            ValueError,
            "n_tested must lie between 1 and n_predictors (10), got 11.",
        ),
    ],
)
def test_power_refusals(call, kind: type[ValueError], message: str) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message


def _power_of_r(n: float, r: float) -> float:
    """pwr::pwr.r.test: Fisher's scale with its bias, against the critical value of t."""
    t = stats.t.isf(0.025, n - 2)
    critical = np.arctanh(np.sqrt(t**2 / (t**2 + n - 2)))
    centre = np.arctanh(r) + r / (2 * (n - 1))
    return float(sum(stats.norm.cdf((sign * centre - critical) * np.sqrt(n - 3)) for sign in (1, -1)))


def _power_of_f2(v: float) -> float:
    """pwr::pwr.f2.test with u = 6 and f2 = 0.05."""
    return float(stats.ncf.sf(stats.f.ppf(0.95, 6, v), 6, v, 0.05 * (v + 7)))


def _power_of_two_means() -> float:
    """pwr::pwr.t2n.test with 30 and 120 people and d = 0.4."""
    return float(TTestIndPower().power(0.4, 30, 0.05, ratio=4))


EFFECT = proportion_effectsize(0.5, 0.4)
POWER = {
    "prop_n": lambda: samplesize_proportions_2indep_onetail(
        0.1, 0.4, 0.8, alpha=0.05, alternative="two-sided"
    ),
    "prop_power": lambda: power_proportions_2indep(0.1, 0.4, 200).power,
    "prop_p2": lambda: 0.3 + brentq(lambda d: power_proportions_2indep(d, 0.3, 300).power - 0.9, 0.01, 0.5),
    "t_n": lambda: TTestIndPower().solve_power(effect_size=0.3, alpha=0.05, power=0.8),
    "t_power": lambda: TTestIndPower().power(0.5, 50, 0.05),
    "t_paired_n": lambda: TTestPower().solve_power(effect_size=0.3, alpha=0.05, power=0.8),
    "t_onesided": lambda: TTestIndPower().power(0.5, 40, 0.05, alternative="larger"),
    "anova_n": lambda: (
        FTestAnovaPower().solve_power(effect_size=np.sqrt(0.75 / 9), k_groups=4, alpha=0.05, power=0.8) / 4
    ),
    "pwr_r_n": lambda: brentq(lambda n: _power_of_r(n, 0.2) - 0.8, 10, 1000),
    "pwr_f2_v": lambda: brentq(lambda v: _power_of_f2(v) - 0.8, 10, 1000),
    "pwr_2p_n": lambda: NormalIndPower().solve_power(effect_size=EFFECT, alpha=0.05, power=0.8),
    "pwr_chisq_N": lambda: GofChisquarePower().solve_power(effect_size=0.2, n_bins=5, alpha=0.05, power=0.8),
    "pwr_anova_n": lambda: (
        FTestAnovaPower().solve_power(effect_size=0.25, k_groups=4, alpha=0.05, power=0.8) / 4
    ),
    "pwr_t2n_power": _power_of_two_means,
    "pwr_r_power": lambda: _power_of_r(150, 0.2),
}


@pytest.mark.parametrize("name", REFERENCE["power"])
def test_power_of_r_by_the_functions_that_a_study_would_use(name: str) -> None:
    # R leaves out the other tail of two-sided tests, which is 3e-5 of the power at most.
    tolerance = 1e-4 if name.endswith("power") else UNIROOT
    assert POWER[name]() == pytest.approx(REFERENCE["power"][name], rel=tolerance)


def test_our_own_power_agrees_with_r_within_its_approximation() -> None:
    power = REFERENCE["power"]
    # Fisher's scale without its bias: R's number, rounded up.
    assert units_needed(0.2) == np.ceil(power["pwr_r_n"])
    assert detectable_correlation(150, power=power["pwr_r_power"]) == pytest.approx(0.2, abs=0.001)
    # Variances of the two shares and not of their mean: 0.4 against 0.5 with R's number of people.
    assert detectable_difference(0.4, n_per_group=power["prop_n"]) == pytest.approx(0.1, abs=5e-4)
    n = round(power["pwr_f2_v"]) + 7
    gain = detectable_r2_increment(n, n_predictors=6, n_tested=6)
    assert gain / (1 - gain) == pytest.approx(0.05, rel=1e-3)


def test_two_shares_as_prop_test() -> None:
    r = REFERENCE["prop_test"]
    (a, b), (n_a, n_b) = r["x"], r["n"]
    table = [[a, b], [n_a - a, n_b - b]]
    for correction, expected in ((True, r), (False, r["nocorrect"])):
        found = stats.chi2_contingency(table, correction=correction)
        assert found.statistic == pytest.approx(expected["stat"], rel=1e-12)
        assert found.pvalue == pytest.approx(expected["p"], rel=1e-12)
        low, high = confint_proportions_2indep(a, n_a, b, n_b, method="wald", compare="diff")
        wider = (1 / n_a + 1 / n_b) / 2 if correction else 0.0
        assert (low - wider, high + wider) == pytest.approx(tuple(expected["ci"]), rel=1e-10)
    plain = proportions_test(a, n_a, b, n_b, method="score", correction=False)
    assert plain.statistic**2 == pytest.approx(r["nocorrect"]["stat"], rel=1e-9)
    assert plain.pvalue == pytest.approx(r["nocorrect"]["p"], rel=1e-9)
