"""Net promoter scores against R and statsmodels, and whether their intervals cover what they should."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import multinomial, norm
from scipy.stats import t as student_t
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from exresearch.measures import Cuts, cut_points, enps
from exresearch.measures.advocacy import CUTS
from exresearch.measures.advocacy.intervals import constrained_spread, score_limits

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
    score = enps(answers(p, q, d), variant="us", interval="adjusted_wald")
    assert score.estimate == pytest.approx(100 * case["nps"], abs=R_DIGITS)
    assert score.std_error == pytest.approx(100 * case["se_NPSpkg"], rel=R_DIGITS)
    low, high = case["adj_wald_t1_add3"]["ci"]
    assert score.conf_low == pytest.approx(100 * max(low, -1), rel=1e-9, abs=1e-9)
    assert score.conf_high == pytest.approx(100 * min(high, 1), rel=1e-9, abs=1e-9)
    assert (score.n, score.n_effective, score.conf_level, score.variant) == (n, n, 0.95, "us")
    shares = (score.promoters, score.passives, score.detractors)
    assert shares == pytest.approx((p / n, q / n, d / n), abs=SAME)
    assert sum(shares) == pytest.approx(1, abs=SAME)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_variance_wald_interval_and_test_of_r_follow_from_the_score(case: dict[str, object]) -> None:
    """There is no Wald interval here, for it has no width where all agree; what R gives follows all the same."""
    p, q, d, n = (case[name] for name in ("promoters", "passives", "detractors", "n"))
    score = enps(answers(p, q, d), variant="us")
    assert (score.std_error / 100) ** 2 * n == pytest.approx(case["var_pop"], abs=R_DIGITS)
    half = norm.ppf(0.975) * score.std_error
    assert [(score.estimate - half) / 100, (score.estimate + half) / 100] == pytest.approx(
        case["wald_ci"], abs=R_DIGITS
    )
    # R's nps.test gives the same interval, upper limit first; that of nobody's difference from 0 has no p-value.
    if case["nps_test_p"] is not None:
        with np.errstate(divide="ignore"):
            z = np.divide(score.estimate, score.std_error)
        assert 2 * norm.sf(abs(z)) == pytest.approx(case["nps_test_p"], rel=1e-9, abs=1e-15)
    outcome = DescrStatsW(np.repeat([1.0, 0.0, -1.0], [p, q, d]))
    assert outcome.mean == pytest.approx(score.estimate / 100, abs=R_DIGITS)
    assert outcome.std_mean == pytest.approx(case["se_n_minus_1"], abs=R_DIGITS)
    assert outcome.std_mean == pytest.approx(score.std_error / 100 * np.sqrt(n / (n - 1)), abs=R_DIGITS)


def greatest_likelihood(p: float, d: float, delta: float) -> tuple[float, float]:
    """Shares with P - D = delta under which the answers are most likely, by trying; rest is passive."""

    def against(below: float) -> float:
        shares = np.array([below + delta, 1 - 2 * below - delta, below])
        seen = np.array([p, 1 - p - d, d])
        return -float((seen * np.log(np.maximum(shares, 1e-300)))[seen > 1e-12].sum())

    low, high = max(0.0, -delta), (1 - delta) / 2
    found = minimize_scalar(against, bounds=(low, high), method="bounded", options={"xatol": 1e-12})
    below = min([found.x, low, high], key=against)
    return below + delta, below


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("quantile", [1.0, 1.96, 2.776])
def test_score_limits_are_those_of_the_likelihood_by_brute_force(
    case: dict[str, object], quantile: float
) -> None:
    p, d, n = case["promoters"] / case["n"], case["detractors"] / case["n"], case["n"]
    for delta in np.linspace(-0.95, 0.95, 20):
        high, low = greatest_likelihood(p, d, float(delta))
        # A flat likelihood is maximised to the root of its rounding.
        assert constrained_spread(p, d, delta=float(delta)) == pytest.approx(high + low - delta**2, abs=1e-6)

    def beyond(delta: float) -> float:
        high, low = greatest_likelihood(p, d, delta)
        return n * (p - d - delta) ** 2 - quantile**2 * (high + low - delta**2)

    limits = score_limits(p, d, n=n, quantile=quantile)
    tiny = 1e-7
    for limit, end in zip(limits, (-1, 1), strict=True):
        if abs(p - d - end) < 1e-12:
            assert limit == end
        else:
            assert limit == pytest.approx(brentq(beyond, p - d + end * tiny, end), abs=1e-5)


def test_the_score_interval_has_its_closed_forms_where_all_agree() -> None:
    z2 = norm.ppf(0.975) ** 2
    promoters, passives = (enps(answers(*counts), variant="us") for counts in ((12, 0, 0), (0, 12, 0)))
    assert promoters.conf_low == pytest.approx(100 * (12 - z2) / (12 + z2), rel=1e-9)
    assert promoters.conf_high == 100
    assert [passives.conf_low, passives.conf_high] == pytest.approx(
        [-100 * z2 / (12 + z2), 100 * z2 / (12 + z2)], rel=1e-9
    )


def test_without_passives_it_is_wilson_s_interval() -> None:
    score = enps(answers(17, 0, 8), variant="us", conf_level=0.9)
    low, high = proportion_confint(17, 25, alpha=0.1, method="wilson")
    assert [score.conf_low, score.conf_high] == pytest.approx([200 * low - 100, 200 * high - 100], rel=1e-9)


def test_turning_the_scale_round_turns_the_interval_round() -> None:
    for interval in ("score", "adjusted_wald"):
        one, other = (
            enps(answers(*counts), variant="us", interval=interval) for counts in ((9, 4, 2), (2, 4, 9))
        )
        assert [one.conf_low, one.conf_high] == pytest.approx([-other.conf_high, -other.conf_low], abs=1e-9)


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


@pytest.mark.parametrize("interval", ["score", "adjusted_wald", "bootstrap"])
@pytest.mark.parametrize(("scores", "sign"), [([10.0] * 12, 1), ([0.0] * 12, -1)])
def test_agreement_still_leaves_an_interval_with_a_width(
    scores: list[float], sign: int, interval: str
) -> None:
    score = enps(pd.Series(scores), variant="us", interval=interval)
    assert (score.estimate, score.std_error, score.interval) == (100 * sign, 0, interval)
    inner, outer = sorted([score.conf_low, score.conf_high], key=abs)
    assert outer == 100 * sign
    assert 30 < abs(inner) < 70
    # Of three clusters nobody can see how alike they are, so they count as three answers.
    grouped = enps(
        pd.Series(scores), variant="us", interval=interval, cluster=pd.Series(np.repeat([0, 1, 2], 4))
    )
    assert grouped.n_effective == 3
    assert grouped.conf_high - grouped.conf_low > score.conf_high - score.conf_low


def test_the_bootstrap_is_the_expanded_percentile_of_drawn_clusters() -> None:
    rng = np.random.default_rng(12)
    cluster = pd.Series(np.repeat(np.arange(15), 8))
    level = rng.normal(0, 2, 15)[cluster]
    scores = pd.Series(np.clip(np.round(7.5 + level + rng.normal(0, 1.5, 120)), 0, 10))
    weights = pd.Series(rng.uniform(0.5, 2, 120))
    options = {"variant": "us", "weights": weights, "cluster": cluster, "interval": "bootstrap"}
    score = enps(scores, **options, n_boot=20_000, seed=5)
    outcome = (scores >= 9).astype(int) - (scores <= 6).astype(int)
    top, bottom = ((weights * part).groupby(cluster).sum().to_numpy() for part in (outcome, 1))
    draws = rng.integers(15, size=(20_000, 15))
    replicates = top[draws].sum(axis=1) / bottom[draws].sum(axis=1)
    tail = norm.sf(np.sqrt(15 / 14) * student_t.isf(0.025, 14))
    # Two sets of 20,000 draws.
    assert [score.conf_low, score.conf_high] == pytest.approx(
        100 * np.quantile(replicates, [tail, 1 - tail]), abs=2.5
    )
    assert enps(scores, **options, n_boot=500, seed=5) == enps(scores, **options, n_boot=500, seed=5)
    assert enps(scores, **options, n_boot=500, seed=6) != enps(scores, **options, n_boot=500, seed=5)
    # Order of rows, and the unit of the weights, are nothing.
    order = rng.permutation(120)
    shuffled = {
        name: value.iloc[order].reset_index(drop=True) if isinstance(value, pd.Series) else value
        for name, value in options.items()
    }
    again = enps(
        scores.iloc[order].reset_index(drop=True),
        **shuffled | {"weights": 4 * shuffled["weights"]},
        n_boot=500,
        seed=5,
    )
    once = enps(scores, **options, n_boot=500, seed=5)
    assert [again.estimate, again.std_error, again.n_effective] == pytest.approx(
        [once.estimate, once.std_error, once.n_effective], rel=1e-9
    )


@pytest.mark.parametrize("variant", ["us", "eu"])
def test_a_question_of_1_to_10_says_so(variant: str) -> None:
    scores = pd.Series([1.0, 5, 6, 8, 9, 10])
    declared, original = enps(scores, variant=variant, scale=(1, 10)), enps(scores, variant=variant)
    assert (declared.variant, original.variant) == (f"{variant}, 1-10", variant)
    assert (declared.estimate, declared.conf_low) == (original.estimate, original.conf_low)
    with pytest.raises(ValueError) as caught:
        enps(pd.Series([0.0, 5, 9]), variant=variant, scale=(1.0, 10.0))
    assert str(caught.value) == "enps takes answers from 1 to 10; 1 lie outside."


def test_cut_points_of_one_s_own() -> None:
    strict = Cuts("strict", promoter=10, detractor=7)
    score = enps(pd.Series([10.0, 10, 9, 8, 7, 0]), variant=strict)
    assert (score.promoters, score.passives, score.detractors) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert score.variant == "strict (10, 0-7)"
    seven = Cuts("agree", promoter=6, detractor=3, minimum=1, maximum=7)
    assert enps(pd.Series([7.0, 1, 4]), variant=seven).variant == "agree (6-7, 1-3), 1-7"
    assert (CUTS["us"].scale, CUTS["eu"].promoter, CUTS["eu"].detractor) == ((0, 10), 8, 5)
    custom = cut_points("custom", promoters_from=6, detractors_to=2, scale=(1.0, 7.0))
    assert custom == Cuts("custom", 6, 2, 1, 7)
    # The numbers count with custom only.
    assert cut_points("us", promoters_from=3, detractors_to=2) == CUTS["us"]
    assert cut_points(strict) is strict


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": " "}, "name of Cuts must not be empty: it is printed beside every score."),
        ({"promoter": 8.5}, "promoter of Cuts must be a whole number; got 8.5."),
        ({"minimum": True}, "minimum of Cuts must be a whole number; got True."),
        ({"minimum": 10}, "minimum of Cuts must be below maximum; got 10 and 10."),
        (
            {"promoter": 6},
            "promoter of Cuts must be above detractor, so that nobody is both; got promoter 6 and detractor 6.",
        ),
        (
            {"promoter": 11},
            "promoter and detractor of Cuts must lie within the scale of 0-10; got promoter 11 and detractor 6.",
        ),
        (
            {"minimum": 7},
            "promoter and detractor of Cuts must lie within the scale of 7-10; got promoter 9 and detractor 6.",
        ),
        (
            {"name": "eu"},
            "name 'eu' of Cuts is kept for promoters from 8 and detractors up to 5; got promoter 9 and detractor 6. "
            "Use another name.",
        ),
        (
            {"name": "us", "maximum": 11},
            "the cut-points of variant 'us' are made for a scale of 0-10 or 1-10; got 0-11. Give Cuts with cut-points "
            "of that scale and a name of their own.",
        ),
    ],
)
def test_cut_points_that_make_no_sense_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        Cuts(**({"name": "own", "promoter": 9, "detractor": 6} | arguments))
    assert str(caught.value) == message


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
        ({"variant": "uk"}, "variant must be us, eu or Cuts with cut-points of your own; got 'uk'."),
        ({"interval": "wald"}, "interval must be one of score, adjusted_wald, bootstrap; got 'wald'."),
        (
            {"n_boot": 30},
            "n_boot must be a whole number of at least 39 for a level of 0.95; got 30. Use 1000 or more for an "
            "interval that is shown.",
        ),
        ({"seed": -1}, "seed must be a whole number of 0 or more; got -1."),
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


@pytest.mark.parametrize(
    "shares", [(0.35, 0.4, 0.25), (0.8, 0.15, 0.05), (0.05, 0.15, 0.8), (0.95, 0.04, 0.01), (0.6, 0, 0.4)]
)
def test_the_interval_covers_for_25_answers_skewed_ones_too(shares: tuple[float, float, float]) -> None:
    """Exactly: every outcome of 25 answers, weighed by its probability."""
    truth = 100 * (shares[0] - shares[2])
    covered = {"score": 0.0, "adjusted_wald": 0.0}
    for p in range(26):
        for d in range(26 - p):
            chance = multinomial.pmf([p, 25 - p - d, d], 25, shares)
            if chance < 1e-9:
                continue
            for interval in covered:
                score = enps(answers(p, 25 - p - d, d), variant="us", interval=interval)
                covered[interval] += chance * (score.conf_low <= truth <= score.conf_high)
    assert 0.93 < covered["score"] < 0.97
    assert covered["adjusted_wald"] > 0.93


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
