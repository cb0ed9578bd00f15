"""Net promoter scores against R and statsmodels, and whether their intervals cover what they should."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import norm

from exresearch.measures import enps

CASES = json.loads((Path(__file__).parent / "reference" / "nps.json").read_text(encoding="utf-8"))["cases"]
# Printed with 15 significant digits by R.
R_DIGITS = 1e-12
SAME = 1e-12
# Simulated coverage of 4,000 samples has a standard error of 0.35 points; the exact rate also steps with n.
COVERS = (0.93, 0.975)


def answers(promoters: int, passives: int, detractors: int) -> pd.Series:
    return pd.Series([10] * promoters + [7] * passives + [2] * detractors, dtype="float64")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_score_error_and_interval_are_those_of_r(case: dict[str, object]) -> None:
    p, q, d, n = (case[name] for name in ("promoters", "passives", "detractors", "n"))
    score = enps(answers(p, q, d), variant="us")
    assert score.estimate == pytest.approx(100 * case["nps"], abs=R_DIGITS)
    assert score.std_error == pytest.approx(100 * case["se_NPSpkg"], rel=R_DIGITS)
    low, high = case["adj_wald_t1_add3"]["ci"]
    assert score.conf_low == pytest.approx(100 * max(low, -1), rel=1e-9, abs=1e-9)
    assert score.conf_high == pytest.approx(100 * min(high, 1), rel=1e-9, abs=1e-9)
    assert (score.n, score.n_effective, score.conf_level, score.variant) == (n, n, 0.95, "us")
    shares = (score.promoters, score.passives, score.detractors)
    assert shares == pytest.approx((p / n, q / n, d / n), abs=SAME)
    assert sum(shares) == pytest.approx(1, abs=SAME)


def test_the_same_answers_score_low_and_high_by_variant() -> None:
    # 100 answers: +1 by the American limits, +44 by the European ones.
    scores = pd.Series([9] * 30 + [8] * 28 + [7] * 13 + [6] * 15 + [5] * 14, dtype="float64")
    us, eu = enps(scores, variant="us"), enps(scores, variant="eu")
    assert (us.estimate, eu.estimate) == (pytest.approx(1), pytest.approx(44))
    assert (us.promoters, us.detractors) == (pytest.approx(0.30), pytest.approx(0.29))
    assert (eu.promoters, eu.detractors) == (pytest.approx(0.58), pytest.approx(0.14))
    assert us.conf_high < eu.conf_low


@pytest.mark.parametrize(("variant", "worth"), [("us", "DDDDDDDPPXX"), ("eu", "DDDDDDPPXXX")])
def test_each_answer_is_in_its_class(variant: str, worth: str) -> None:
    for answer, kind in enumerate(worth):
        score = enps(pd.Series([float(answer)]), variant=variant)
        assert (score.detractors, score.passives, score.promoters) == (kind == "D", kind == "P", kind == "X")


@pytest.mark.parametrize(("scores", "sign"), [([10.0] * 12, 1), ([0.0] * 12, -1)])
def test_agreement_still_leaves_an_interval_with_a_width(scores: list[float], sign: int) -> None:
    score = enps(pd.Series(scores), variant="us")
    assert (score.estimate, score.std_error) == (100 * sign, 0)
    inner, outer = sorted([score.conf_low, score.conf_high], key=abs)
    assert outer == 100 * sign
    assert 30 < abs(inner) < 70


def test_weights_of_any_unit_and_equal_weights() -> None:
    rng = np.random.default_rng(1)
    scores = pd.Series(rng.integers(0, 11, 200).astype("float64"))
    scores[::9] = np.nan
    plain = enps(scores, variant="us")
    assert plain.n == int(scores.notna().sum())
    assert enps(scores, variant="us", weights=pd.Series(3.0, index=scores.index)) == plain
    weights = pd.Series(rng.uniform(0.2, 4, 200))
    weighted, scaled = (enps(scores, variant="us", weights=w) for w in (weights, 1000 * weights))
    there = scores.notna()
    w, x = weights[there], scores[there]
    outcome = (x >= 9).astype(int) - (x <= 6).astype(int)
    mean = np.average(outcome, weights=w)
    kish = w.sum() ** 2 / (w**2).sum()
    assert weighted.estimate == pytest.approx(100 * mean, abs=1e-10)
    assert weighted.n_effective == pytest.approx(kish)
    assert weighted.std_error == pytest.approx(
        100 * np.sqrt((np.average(outcome**2, weights=w) - mean**2) / kish)
    )
    for name in ("estimate", "std_error", "conf_low", "conf_high", "n_effective"):
        assert getattr(scaled, name) == pytest.approx(getattr(weighted, name), rel=1e-9)
    assert weighted.n == plain.n


@pytest.mark.parametrize("weighted", [False, True])
def test_clusters_give_statsmodels_variance(weighted: bool) -> None:
    rng = np.random.default_rng(2)
    cluster = pd.Series(np.repeat(np.arange(30), rng.integers(4, 12, 30)))
    level = rng.normal(0, 2, 30)[cluster]
    scores = pd.Series(np.clip(np.round(7 + level + rng.normal(0, 1.5, len(cluster))), 0, 10))
    weights = pd.Series(rng.uniform(0.5, 2, len(cluster))) if weighted else None
    score = enps(scores, variant="us", weights=weights, cluster=cluster)
    outcome = 100.0 * ((scores >= 9).astype(int) - (scores <= 6).astype(int))
    ones = np.ones((len(scores), 1))
    model = sm.WLS(outcome, ones, weights=1.0 if weights is None else weights)
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": True})
    assert score.estimate == pytest.approx(fit.params.iloc[0], rel=1e-9)
    assert score.std_error == pytest.approx(fit.bse.iloc[0], rel=1e-9)
    assert score.n_effective < score.n / 2
    assert score.conf_high - score.conf_low > 2 * norm.ppf(0.975) * fit.bse.iloc[0] * 0.9


def test_an_answer_without_a_group_is_one_by_itself() -> None:
    rng = np.random.default_rng(3)
    scores = pd.Series(rng.integers(0, 11, 60).astype("float64"))
    cluster = pd.Series([f"g{i // 6}" for i in range(60)], dtype="str")
    own = cluster.copy()
    cluster[:9] = None
    own[:9] = [f"alone {i}" for i in range(9)]
    assert enps(scores, variant="us", cluster=cluster) == enps(scores, variant="us", cluster=own)


def test_clusters_never_narrow_what_independent_answers_give() -> None:
    # Every cluster holds one promoter and one detractor: their sums do not differ at all.
    scores, cluster = pd.Series([10.0, 0.0] * 20), pd.Series(np.repeat(np.arange(20), 2))
    plain, grouped = enps(scores, variant="us"), enps(scores, variant="us", cluster=cluster)
    assert (grouped.n_effective, grouped.std_error) == (plain.n_effective, plain.std_error)
    assert grouped.conf_high - grouped.conf_low > plain.conf_high - plain.conf_low


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"variant": "uk"}, "variant must be one of us, eu; got 'uk'."),
        ({"scores": [np.nan]}, "enps needs at least one answer; all scores are missing."),
        ({"scores": [11.0, -1.0, 3.0]}, "enps takes answers from 0 to 10; 2 lie outside."),
        ({"weights": [1.0]}, "weights must be as many as the scores (3); got 1."),
        (
            {"weights": [1.0, -1.0, np.nan]},
            "enps takes weights above 0; 2 are missing, infinite, zero or negative.",
        ),
        ({"cluster": ["a", "a"]}, "cluster must be as many as the scores (3); got 2."),
        ({"cluster": ["a", "a", "a"]}, "cluster must have at least two groups; got 1."),
        ({"conf_level": 95}, "conf_level must be between 0 and 1; got 95."),
    ],
)
def test_what_it_refuses(arguments: dict[str, object], message: str) -> None:
    options = {"scores": [1.0, 5.0, 9.0], "variant": "us"} | arguments
    options |= {
        name: pd.Series(options[name]) for name in ("scores", "weights", "cluster") if name in options
    }
    with pytest.raises(ValueError) as caught:
        enps(options.pop("scores"), **options)
    assert str(caught.value) == message


def test_the_interval_covers_for_25_answers() -> None:
    rng = np.random.default_rng(4)
    shares, truth, covered, runs = (0.35, 0.4, 0.25), 10.0, 0, 4000
    for p, q, d in rng.multinomial(25, shares, runs):
        score = enps(answers(p, q, d), variant="us")
        covered += score.conf_low <= truth <= score.conf_high
    assert COVERS[0] < covered / runs < COVERS[1]


def test_the_interval_covers_for_clusters_and_only_with_them() -> None:
    rng = np.random.default_rng(5)
    groups, size, runs = 20, 15, 1000
    cluster = pd.Series(np.repeat(np.arange(groups), size))
    # Promoter, passive or detractor by a normal with two limits, half of whose variance is shared within a cluster.
    truth = 100 * (norm.sf(0.5) - norm.cdf(-0.3))
    kept = ignored = 0
    for _ in range(runs):
        z = np.sqrt(0.5) * (rng.normal(size=groups)[cluster] + rng.normal(size=groups * size))
        scores = pd.Series(np.select([z > 0.5, z < -0.3], [10.0, 0.0], 7.0))
        with_them, without = enps(scores, variant="us", cluster=cluster), enps(scores, variant="us")
        kept += with_them.conf_low <= truth <= with_them.conf_high
        ignored += without.conf_low <= truth <= without.conf_high
    assert COVERS[0] - 0.01 < kept / runs < COVERS[1]
    assert ignored / runs < 0.75
