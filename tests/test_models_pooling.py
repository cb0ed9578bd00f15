"""Random-effects meta-analysis against metafor, statsmodels, brute force and closed forms."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq, minimize_scalar
from statsmodels.stats.meta_analysis import combine_effects

from exresearch.models import NotEstimable
from exresearch.models.pooling import (
    POOLING_METHODS,
    against_pool,
    between_variance,
    leave_one_out,
    pool_estimates,
    shrunken,
)

R: dict[str, Any] = json.loads(
    (Path(__file__).parent / "reference" / "meta.json").read_text(encoding="utf-8")
)
Y, SE = np.array(R["yi"]), np.sqrt(R["vi"])
TESTS = {"": "normal", "knha": "knapp_hartung", "adhoc": "adhoc"}
# metafor stops searching at 1e-5 (REML, ML, EB) and 1e-4 (PM, confint), so that its own digits end there.
TOLERANCE = 1e-4


def against(pooled: Any, theirs: dict[str, Any]) -> None:
    pairs = {
        "k": pooled.k,
        "estimate": pooled.estimate,
        "se": pooled.std_error,
        "zval": pooled.statistic,
        "ci.lb": pooled.conf_low,
        "ci.ub": pooled.conf_high,
        "tau2": pooled.tau2,
        "I2": 100 * pooled.i2,
        "H2": pooled.h2,
        "QE": pooled.q,
        "QEp": pooled.q_p_value,
        "logLik": pooled.log_likelihood,
    }
    if theirs["pi.lb"] is not None:
        pairs |= {"pi.lb": pooled.predict_low, "pi.ub": pooled.predict_high}
    for key, value in pairs.items():
        assert value == pytest.approx(theirs[key], rel=TOLERANCE), key
    assert pooled.p_value == pytest.approx(theirs["pval"], abs=1e-7)
    assert pooled.df == theirs["ddf"]
    if theirs["se.tau2"] is not None:
        assert pooled.tau2_se == pytest.approx(theirs["se.tau2"], rel=TOLERANCE)


@pytest.mark.parametrize("name", list(R["fits"]))
def test_nine_estimators_as_metafor(name: str) -> None:
    method, _, test = name.partition("_")
    against(pool_estimates(Y, SE, method=method, test=TESTS[test]), R["fits"][name])  # type: ignore[arg-type]


def test_two_clients_as_metafor_with_a_warning() -> None:
    pooled = pool_estimates(R["k2"]["yi"], np.sqrt(R["k2"]["vi"]))
    against(pooled, R["k2"]["REML_knha"])
    assert pooled.warnings == (
        "Two clients: how much effects differ rests on one difference, and the intervals on one degree of "
        "freedom. They are computed, and are so wide that they rarely say anything.",
    )


def test_intervals_of_heterogeneity_weights_and_influence_as_metafor() -> None:
    pooled = pool_estimates(Y, SE)
    low, high = R["confint"]["ci.lb"], R["confint"]["ci.ub"]
    ours = [
        (pooled.tau2_low, pooled.tau2_high),
        (pooled.i2_low, pooled.i2_high),
        (pooled.h2_low, pooled.h2_high),
    ]
    for (mine_low, mine_high), at, scale in zip(ours, (0, 2, 3), (1, 100, 1), strict=True):
        # metafor finds these by uniroot to 1e-4, absolute.
        assert scale * mine_low == pytest.approx(low[at], rel=3e-4)
        assert scale * mine_high == pytest.approx(high[at], rel=TOLERANCE)
    assert np.multiply(pooled.weights, 100) == pytest.approx(R["weights"], rel=TOLERANCE)
    terms = [str(at) for at in range(len(Y))]
    left = leave_one_out(Y, SE, terms=terms, test="normal")
    names = {
        "estimate": "estimate",
        "std_error": "se",
        "statistic": "zval",
        "conf_low": "ci.lb",
        "conf_high": "ci.ub",
    }
    names |= {"q": "Q", "q_p_value": "Qp", "tau2": "tau2", "h2": "H2", "p_value": "pval"}
    for mine, theirs in names.items():
        assert left[mine].tolist() == pytest.approx(R["leave1out"][theirs], rel=TOLERANCE), mine
    assert (left["n"] == 12).all()
    assert left["term"].tolist() == terms
    single = shrunken(Y, SE, terms=terms)
    assert single["estimate"].tolist() == pytest.approx(R["blup"]["pred"], rel=TOLERANCE)
    assert single["std_error"].tolist() == pytest.approx(R["blup"]["se"], rel=TOLERANCE)
    assert single["influence"].tolist() == pytest.approx(R["cooks"], rel=TOLERANCE)


@pytest.mark.parametrize("rows", [slice(None), slice(3, 6), slice(0, 3), slice(5, 7)])
def test_likelihood_estimators_are_at_the_top(rows: slice) -> None:
    y, v = Y[rows], np.square(SE[rows])

    def deviance(tau2: float, restricted: bool) -> float:
        # Written with the normal distribution of contrasts, in which no mean is left: another road than ours.
        if not restricted:
            weights = 1 / (v + tau2)
            return float(-stats.norm.logpdf(y, (weights @ y) / weights.sum(), np.sqrt(v + tau2)).sum())
        contrasts = np.linalg.svd(np.ones((1, len(y))))[2][1:]
        covariance = contrasts @ np.diag(v + tau2) @ contrasts.T
        return float(-stats.multivariate_normal.logpdf(contrasts @ y, cov=covariance))

    for method, restricted in (("REML", True), ("ML", False)):
        grid = np.concatenate([[0], np.geomspace(1e-5, 1e1, 70)])
        start = grid[int(np.argmin([deviance(t, restricted) for t in grid]))]
        best = minimize_scalar(
            deviance, bounds=(0.7 * start, 1.4 * start + 1e-9), args=(restricted,), method="bounded",
            options={"xatol": 1e-12},
        )  # fmt: skip
        tau2, _ = between_variance(y, v, method=method)  # type: ignore[arg-type]
        assert deviance(tau2, restricted) <= best.fun + 1e-12
        assert tau2 == pytest.approx(0.0 if start == 0 else best.x, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("rows", [slice(None), slice(6, 9), slice(9, 12)])
def test_moment_estimators_as_statsmodels(rows: slice) -> None:
    y, v = Y[rows], np.square(SE[rows])
    for method, theirs in (("DL", "chi2"), ("PM", "iterated")):
        options = {} if theirs == "chi2" else {"atol": 1e-12, "maxiter": 500}
        other = combine_effects(y, v, method_re=theirs, **options)
        ours = pool_estimates(y, np.sqrt(v), method=method, test="knapp_hartung")  # type: ignore[arg-type]
        assert ours.tau2 == pytest.approx(max(0.0, other.tau2), rel=1e-6, abs=1e-9)
        assert ours.estimate == pytest.approx(other.mean_effect_re, rel=1e-6)
        assert ours.std_error == pytest.approx(math.sqrt(other.var_hksj_re), rel=1e-6)
        assert ours.q == pytest.approx(other.q, rel=1e-9)


@pytest.mark.parametrize("k", [2, 3, 8])
def test_equal_variances_have_a_closed_form(k: int) -> None:
    y = np.array([0.1, 0.9, -0.3, 0.4, 0.2, 0.75, -0.6, 0.05])[:k]
    v = np.full(k, 0.02)
    known = {name: np.var(y, ddof=1) - 0.02 for name in ("REML", "DL", "HE", "PM", "EB")}
    known |= {"ML": np.var(y) - 0.02, "HS": np.var(y) - 0.02, "FE": 0.0}
    rough = np.var(y)
    known["SJ"] = rough * (np.square(y - y.mean()) / (0.02 + rough)).sum() / (k - 1)
    assert set(known) == set(POOLING_METHODS)
    for method, expected in known.items():
        pooled = pool_estimates(y, np.sqrt(v), method=method)  # type: ignore[arg-type]
        assert pooled.tau2 == pytest.approx(expected, rel=1e-9)
        # With equal weights Knapp-Hartung is the t-test of the estimates, whatever the variance between clients.
        theirs = stats.ttest_1samp(y, 0.0)
        assert (pooled.statistic, pooled.p_value) == pytest.approx(
            (theirs.statistic, theirs.pvalue), rel=1e-9
        )
        interval = theirs.confidence_interval()
        assert (pooled.conf_low, pooled.conf_high) == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_units_order_and_sign_change_nothing_else() -> None:
    pooled, turned = pool_estimates(Y, SE), pool_estimates(-1000 * Y[::-1], 1000 * SE[::-1])
    assert turned.estimate == pytest.approx(-1000 * pooled.estimate, rel=1e-9)
    assert turned.tau2 == pytest.approx(1e6 * pooled.tau2, rel=1e-8)
    assert (turned.p_value, turned.i2, turned.q) == pytest.approx(
        (pooled.p_value, pooled.i2, pooled.q), rel=1e-8
    )
    assert turned.predict_low == pytest.approx(-1000 * pooled.predict_high, rel=1e-8)
    moved = pool_estimates(Y + 1, SE, null=1.0)
    assert moved.p_value == pytest.approx(pooled.p_value, rel=1e-9)


def test_clients_that_agree_leave_nothing_between() -> None:
    for method in POOLING_METHODS:
        pooled = pool_estimates([0.2, 0.2, 0.2], [0.1, 0.2, 0.3], method=method)
        assert (pooled.tau2, pooled.q, pooled.i2) == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)
        ordinary = pool_estimates([0.2, 0.2, 0.2], [0.1, 0.2, 0.3], method=method, test="adhoc")
        assert ordinary.std_error == pytest.approx(1 / math.sqrt(1 / 0.01 + 1 / 0.04 + 1 / 0.09))
    assert pool_estimates([0.2, 0.2, 0.2], [0.1, 0.2, 0.3]).warnings == (
        "3 clients: how much effects differ is hardly known with fewer than 5, and the intervals are wide for "
        "that reason.",
    )
    assert pool_estimates(Y, SE).warnings == ()


def test_a_client_is_held_against_the_others() -> None:
    held = against_pool(Y[3], SE[3], others=np.delete(Y, 3), others_se=np.delete(SE, 3), test="normal")
    left = leave_one_out(Y, SE, terms=[str(at) for at in range(13)], test="normal").iloc[3]
    assert held.others.estimate == left["estimate"]
    # metafor: rstudent(m)$z[4] = (yi - mu) / sqrt(vi + tau2 + se^2), all without it.
    error = math.sqrt(SE[3] ** 2 + R["leave1out"]["tau2"][3] + R["leave1out"]["se"][3] ** 2)
    assert held.statistic == pytest.approx((Y[3] - R["leave1out"]["estimate"][3]) / error, rel=TOLERANCE)
    assert held.inside
    assert not against_pool(3.0, 0.1, others=Y, others_se=SE).inside


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.1], [0.1]), "pooling needs at least 2 clients, got 1."),
        (([0.1, 0.2], [0.1]), "estimates and std_errors must be of one length; got shapes (2,) and (1,)."),
        (
            ([0.1, math.nan], [0.1, 0.1]),
            "estimates and std_errors must be finite; leave out clients that lack one.",
        ),
        (
            ([0.1, 0.2], [0.1, 0.0]),
            "std_errors must be above zero: an estimate without sampling error has no weight.",
        ),
    ],
)
def test_what_cannot_be_pooled_is_refused(arguments: tuple[list[float], list[float]], message: str) -> None:
    with pytest.raises((ValueError, NotEstimable)) as caught:
        pool_estimates(*arguments)
    assert str(caught.value) == message


def test_options_and_few_clients_are_refused() -> None:
    with pytest.raises(ValueError) as caught:
        pool_estimates(Y, SE, method="XX")  # type: ignore[arg-type]
    assert str(caught.value) == "method must be one of REML, ML, DL, HE, HS, SJ, EB, PM, FE; got 'XX'."
    with pytest.raises(ValueError) as caught:
        pool_estimates(Y, SE, test="t")  # type: ignore[arg-type]
    assert str(caught.value) == "test must be one of knapp_hartung, adhoc, normal; got 't'."
    with pytest.raises(NotEstimable) as caught:
        leave_one_out(Y[:2], SE[:2], terms=["a", "b"])
    assert str(caught.value) == "leaving one out needs at least 3 clients, got 2."
    with pytest.raises(ValueError) as caught:
        leave_one_out(Y, SE, terms=["a"])
    assert str(caught.value) == "terms must name each of the 13 clients; got 1 names."


def test_the_prediction_counts_the_doubt_about_the_variance() -> None:
    for rows in (slice(None), slice(0, 5)):
        pooled = pool_estimates(Y[rows], SE[rows])
        y, v = Y[rows], np.square(SE[rows])
        # The same mixture drawn at random, each variance between clients by bisection on its own.
        rng = np.random.default_rng(3)
        draws = []
        for critical in rng.chisquare(len(v) - 1, 800):
            tau2 = _root(y, v, critical)
            weights = 1 / (v + tau2)
            mean = weights @ y / weights.sum()
            error = math.sqrt(_q(y, v, tau2) / (len(v) - 1) / weights.sum())
            draws += list(
                mean + error * rng.standard_t(len(v) - 1, 50) + math.sqrt(tau2) * rng.standard_normal(50)
            )
        low, high = np.quantile(draws, [0.025, 0.975])
        width = pooled.expect_high - pooled.expect_low  # type: ignore[operator]
        assert pooled.expect_low == pytest.approx(low, abs=0.05 * width)
        assert pooled.expect_high == pytest.approx(high, abs=0.05 * width)
    agree = pool_estimates([0.2] * 4, [0.1] * 4)
    assert (agree.predict_low, agree.predict_high) == pytest.approx((0.2, 0.2))
    assert agree.expect_low < 0.2 < agree.expect_high  # type: ignore[operator]
    assert pool_estimates(Y, SE, method="FE").expect_low is None


def _q(y: Any, v: Any, tau2: float) -> float:
    weights = 1 / (v + tau2)
    return float(weights @ np.square(y - weights @ y / weights.sum()))


def _root(y: Any, v: Any, critical: float) -> float:
    return 0.0 if _q(y, v, 0.0) <= critical else float(brentq(lambda t: _q(y, v, t) - critical, 0.0, 1e6))
