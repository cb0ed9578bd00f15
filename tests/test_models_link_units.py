"""Pooled intervals, funnel limits, corrected links and slopes by kind, against other implementations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import binom, norm
from statsmodels.stats.proportion import confint_proportions_2indep

from exresearch.measures import icc
from exresearch.models import (
    NotEstimable,
    disattenuated_association,
    funnel_limits,
    kind_slopes,
    leader_contrast,
    pooled_contrast,
)

# Sums in another order differ in the last digits.
ROUNDING = 1e-9
# The other implementation takes whole counts and writes its formulas out differently.
OTHER = 1e-7


def company(n: int = 40, *, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    units = pd.DataFrame({"cx": rng.normal(7, 1, n), "n": rng.integers(10, 60, n)})
    share = 1 / (1 + np.exp(-(units["cx"] - 7)))
    return units.assign(engaged=rng.binomial(units["n"], share) / units["n"])


def test_pooled_intervals_against_statsmodels() -> None:
    units = company()
    found = pooled_contrast(units, cx="cx", engaged="engaged", n="n", leader_share=0.25).set_index("term")
    ranked = units.sort_values("cx")
    low, high = ranked.head(10), ranked.tail(10)
    counts = [round(float((part["engaged"] * part["n"]).sum())) for part in (high, low)]
    sizes = [int(part["n"].sum()) for part in (high, low)]
    for term, compare, method in (
        ("ratio", "ratio", "log"),
        ("odds_ratio", "odds-ratio", "logit"),
        ("difference", "diff", "newcomb"),
    ):
        limits = confint_proportions_2indep(
            counts[0], sizes[0], counts[1], sizes[1], compare=compare, method=method, correction=False
        )
        assert found.loc[term, ["conf_low", "conf_high"]].tolist() == pytest.approx(limits, abs=OTHER), term
    assert (found["n"] == sum(sizes)).all()
    once = leader_contrast(units, cx="cx", engaged="engaged", n="n", n_boot=99, seed=1).set_index("term")
    assert found["estimate"].to_dict() == pytest.approx(
        once.loc[found.index, "estimate"].to_dict(), abs=ROUNDING
    )


def test_pooled_contrast_refuses_groups_without_both() -> None:
    units = company().assign(engaged=lambda d: (d["cx"] > 7) * 1.0)
    with pytest.raises(NotEstimable, match="nobody, or everybody"):
        pooled_contrast(units, cx="cx", engaged="engaged", n="n")
    with pytest.raises(ValueError, match=r"leader_share must lie in \(0, 0.5\], got 0.7"):
        pooled_contrast(units, cx="cx", engaged="engaged", n="n", leader_share=0.7)


def test_funnel_limits_of_a_mean_are_normal_ones() -> None:
    found = funnel_limits([9, 400], centre=7.0, spread=1.5)
    for level in (0.95, 0.998):
        rows, z = found[found["level"] == level], norm.ppf((1 + level) / 2)
        assert rows["low"].to_numpy() == pytest.approx(7 - z * 1.5 / np.sqrt([9, 400]), abs=ROUNDING)
        assert rows["high"].to_numpy() == pytest.approx(7 + z * 1.5 / np.sqrt([9, 400]), abs=ROUNDING)


def test_funnel_limits_of_a_share_follow_the_published_formula() -> None:
    n, share, tail = 37, 0.42, 0.975
    # The smallest number whose cumulative probability passes the tail, and how far it passes it.
    number = next(r for r in range(n + 1) if binom.cdf(r, n, share) > tail)
    ahead = (binom.cdf(number, n, share) - tail) / (
        binom.cdf(number, n, share) - binom.cdf(number - 1, n, share)
    )
    found = funnel_limits([n], centre=share, levels=[0.95])
    assert found["high"].iloc[0] == pytest.approx((number - ahead) / n, abs=ROUNDING)
    many = funnel_limits([40_000], centre=share, levels=[0.95])
    half = norm.ppf(tail) * np.sqrt(share * (1 - share) / 40_000)
    assert many[["low", "high"]].iloc[0].tolist() == pytest.approx([share - half, share + half], abs=2e-5)


def test_funnel_limits_hold_the_units_of_a_company_without_differences() -> None:
    rng = np.random.default_rng(5)
    n = rng.integers(8, 200, 4000)
    share = rng.binomial(n, 0.3) / n
    limits = funnel_limits(n, centre=0.3, levels=[0.95])
    inside = ((share >= limits["low"]) & (share <= limits["high"])).mean()
    assert 0.92 < inside < 0.975


def test_funnel_limits_refuse_nonsense() -> None:
    with pytest.raises(ValueError, match="n must hold numbers above zero"):
        funnel_limits([0], centre=0.5)
    with pytest.raises(ValueError, match="centre must be a share from 0 to 1, got 7"):
        funnel_limits([5], centre=7)
    with pytest.raises(ValueError, match="spread must be zero or more"):
        funnel_limits([5], centre=7, spread=-1.0)


def rough(n: int, *, seed: int, r: float = 0.6, error: float = 0.5) -> pd.DataFrame:
    """Units whose true values correlate by r, each value known with its own sampling variance."""
    rng = np.random.default_rng(seed)
    true = rng.multivariate_normal([0, 0], [[1, r], [r, 1]], n)
    variance = error * rng.uniform(0.5, 1.5, (n, 2))
    seen = true + rng.normal(size=(n, 2)) * np.sqrt(variance)
    return pd.DataFrame(np.column_stack([seen, variance]), columns=["ex", "cx", "ex_error", "cx_error"])


NAMES = {"ex": "ex", "cx": "cx", "ex_error": "ex_error", "cx_error": "cx_error"}


def test_correction_recovers_the_link_of_true_values() -> None:
    found = disattenuated_association(rough(4000, seed=1), **NAMES, n_boot=200, seed=1).set_index("term")
    assert found.loc["correlation", "estimate"] == pytest.approx(0.4, abs=0.03)
    assert found.loc["disattenuated", "estimate"] == pytest.approx(0.6, abs=0.04)
    assert found.loc["reliability_ex", "estimate"] == pytest.approx(2 / 3, abs=0.03)


def test_intervals_of_the_corrected_link_hold_the_truth() -> None:
    held = []
    for seed in range(150):
        found = disattenuated_association(rough(60, seed=seed, error=0.3), **NAMES, n_boot=120, seed=1)
        row = found.set_index("term").loc["disattenuated"]
        held.append(row["conf_low"] <= 0.6 <= row["conf_high"])
    assert 0.90 <= np.mean(held) <= 0.995


def test_reliability_is_icc2_where_units_are_alike_in_size() -> None:
    rng = np.random.default_rng(2)
    unit = np.repeat(np.arange(30), 8)
    answers = pd.Series(rng.normal(size=30)[unit] + rng.normal(size=240))
    by = answers.groupby(unit)
    error = float(by.var().mean() / 8)
    units = pd.DataFrame({"ex": by.mean(), "cx": rng.normal(size=30)})
    found = disattenuated_association(
        units.assign(ex_error=error, cx_error=0.0), **NAMES, n_boot=100, seed=1
    ).set_index("term")
    assert found.loc["reliability_ex", "estimate"] == pytest.approx(
        icc(answers, groups=pd.Series(unit)).icc2, abs=ROUNDING
    )
    assert found.loc["reliability_cx", ["estimate", "conf_low", "conf_high"]].tolist() == [1.0, 1.0, 1.0]
    assert found.loc["correlation", "estimate"] == pytest.approx(units["ex"].corr(units["cx"]), abs=ROUNDING)


def test_units_that_differ_by_chance_alone_have_no_corrected_link() -> None:
    with pytest.raises(NotEstimable, match="no more than their sampling error"):
        disattenuated_association(rough(40, seed=1).assign(ex_error=9.0), **NAMES, n_boot=100, seed=1)
    with pytest.raises(ValueError, match="are variances"):
        disattenuated_association(rough(40, seed=1).assign(ex_error=-1.0), **NAMES, n_boot=100, seed=1)


def kinds(n: int = 90, *, seed: int = 4) -> pd.DataFrame:
    """Three kinds that differ on both sides, and no link within them."""
    rng = np.random.default_rng(seed)
    kind = np.array(["a", "b", "c"])[rng.integers(0, 3, n)]
    level = pd.Series(kind).map({"a": -1.0, "b": 0.0, "c": 1.5}).to_numpy()
    return pd.DataFrame(
        {"kind": kind, "ex": level + rng.normal(size=n), "cx": 2 * level + rng.normal(size=n)}
    )


def test_slopes_by_kind_against_least_squares() -> None:
    units = kinds()
    found = kind_slopes(units, ex="ex", cx="cx", kind="kind", n_boot=300, seed=1).set_index("term")
    dummies = pd.get_dummies(units["kind"], drop_first=True, dtype=float)
    within = sm.OLS(units["cx"], sm.add_constant(pd.concat([units[["ex"]], dummies], axis=1))).fit()
    whole = sm.OLS(units["cx"], sm.add_constant(units[["ex"]])).fit()
    means = units.groupby("kind").agg(ex=("ex", "mean"), cx=("cx", "mean"), n=("ex", "size"))
    between = sm.WLS(means["cx"], sm.add_constant(means[["ex"]]), weights=means["n"]).fit()
    assert found.loc["slope", "estimate"] == pytest.approx(whole.params["ex"], abs=ROUNDING)
    assert found.loc["slope_within", "estimate"] == pytest.approx(within.params["ex"], abs=ROUNDING)
    assert found.loc["slope_between", "estimate"] == pytest.approx(between.params["ex"], abs=ROUNDING)
    # A bootstrap and a sandwich agree about the error of the slope within kinds, roughly.
    assert found.loc["slope_within", "std_error"] == pytest.approx(
        within.get_robustcov_results("HC2").bse[1], rel=0.2
    )
    assert found.loc["slope", "conf_low"] > 0.5
    assert found.loc["slope_within", "conf_low"] < 0 < found.loc["slope_within", "conf_high"]
    assert found.loc["slope_change", "conf_high"] < 0
    assert found.loc["correlation_means", "estimate"] > 0.9


def test_slopes_by_kind_do_not_depend_on_rows_or_names() -> None:
    units = kinds()
    once = kind_slopes(units, ex="ex", cx="cx", kind="kind", n_boot=120, seed=1)
    again = kind_slopes(
        units.sample(frac=1, random_state=1), ex="ex", cx="cx", kind="kind", n_boot=120, seed=1
    )
    pd.testing.assert_frame_equal(once, again, check_exact=False, rtol=1e-9)


def test_slopes_by_kind_refuse_a_single_kind() -> None:
    with pytest.raises(NotEstimable, match="all complete units are of one 'kind'"):
        kind_slopes(kinds().assign(kind="a"), ex="ex", cx="cx", kind="kind", n_boot=99, seed=1)
