"""The link in closed form: the same estimates as the resampled ones, and intervals that agree with them."""

import numpy as np
import pandas as pd
import pingouin
import pytest

from exresearch.models import NotEstimable, unit_association
from exresearch.models.linkage import correlation_in_closed_form
from exresearch.models.linkage.leaders import RankedUnits
from exresearch.models.linkage.quick import dummies, standard_residuals
from exresearch.models.linkage.shuffles import shuffled_correlations, shuffled_log_ratios
from exresearch.models.sensitivity import specification_median_test

EXACT = 1e-10
# Linearised against 2,000 bootstrap replicates of 120 units.
RESAMPLED = 0.08


@pytest.fixture
def units():
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"ex": rng.uniform(0.2, 0.8, 120), "n": rng.integers(5, 40, 120)})
    frame["kind"] = rng.choice(["a", "b", "c"], 120)
    frame["size"] = rng.normal(size=120)
    frame["cx"] = frame["ex"] + 0.1 * frame["size"] + rng.normal(0, 0.3, 120)
    return frame


def test_raw_correlation_is_that_of_the_bootstrap(units):
    quick = correlation_in_closed_form(units, ex="ex", cx="cx")
    slow = unit_association(units, ex="ex", cx="cx", n_boot=2000, seed=1).iloc[0]
    assert quick["estimate"] == pytest.approx(slow["estimate"], abs=EXACT)
    assert quick["n"] == 120
    assert quick["df"] == 118
    for name in ("std_error", "conf_low", "conf_high"):
        assert quick[name] == pytest.approx(slow[name], rel=RESAMPLED), name
    level = correlation_in_closed_form(units, ex="ex", cx="cx", conf_level=0.5)
    assert level["conf_high"] - level["conf_low"] < quick["conf_high"] - quick["conf_low"]


def test_partial_correlation_is_pingouins(units):
    quick = correlation_in_closed_form(units, ex="ex", cx="cx", covariates=["size", "kind"])
    dummies = units.assign(b=(units["kind"] == "b") * 1.0, c=(units["kind"] == "c") * 1.0)
    theirs = pingouin.partial_corr(dummies, x="ex", y="cx", covar=["size", "b", "c"])
    assert quick["estimate"] == pytest.approx(float(theirs["r"].iloc[0]), abs=1e-9)
    assert quick["df"] == 120 - 2 - 3
    coded = units.assign(kind=pd.factorize(units["kind"])[0])
    again = correlation_in_closed_form(coded, ex="ex", cx="cx", covariates=["size", "kind"])
    assert again["estimate"] == pytest.approx(quick["estimate"], abs=EXACT)


def test_weights_are_those_of_numpy_and_their_unit_does_not_matter(units):
    quick = correlation_in_closed_form(units, ex="ex", cx="cx", weights="n")
    cov = np.cov(units["ex"], units["cx"], aweights=units["n"])
    assert quick["estimate"] == pytest.approx(cov[0, 1] / np.sqrt(cov[0, 0] * cov[1, 1]), abs=EXACT)
    scaled = correlation_in_closed_form(units.assign(n=units["n"] * 3.7), ex="ex", cx="cx", weights="n")
    for name in ("estimate", "conf_low", "p_value"):
        assert scaled[name] == pytest.approx(quick[name], abs=EXACT)


def test_what_cannot_be_estimated_is_said(units):
    with pytest.raises(NotEstimable, match="at least 10 units, got 9"):
        correlation_in_closed_form(units.head(9), ex="ex", cx="cx")
    with pytest.raises(NotEstimable, match="does not vary"):
        correlation_in_closed_form(units.assign(cx=1.0), ex="ex", cx="cx")
    with pytest.raises(NotEstimable, match="copies"):
        correlation_in_closed_form(units.assign(cx=2 * units["ex"]), ex="ex", cx="cx")


def test_median_test_rejects_a_link_and_not_its_absence():
    rng = np.random.default_rng(3)
    ex, noise = rng.normal(size=(2, 50))

    def curve(outcome):
        return lambda orders: np.array([[np.corrcoef(ex[order], outcome)[0, 1], np.nan] for order in orders])

    options = {"n_units": 50, "n_permutations": 199, "seed": 1}
    linked = specification_median_test(curve(ex + noise), **options).iloc[0]
    assert linked["p_value"] == pytest.approx(1 / 200)
    assert linked["n_permutations"] == 199
    nothing = specification_median_test(curve(noise), **options).iloc[0]
    assert nothing["observed"] == pytest.approx(abs(np.corrcoef(ex, noise)[0, 1]))
    assert nothing["p_value"] > 0.05
    with pytest.raises(NotEstimable, match="none of the specifications"):
        specification_median_test(lambda orders: np.full((len(orders), 1), np.nan), **options)


@pytest.fixture
def shuffled():
    rng = np.random.default_rng(9)
    n = 60
    ex, size = rng.uniform(0.1, 0.9, n), rng.integers(5, 40, n).astype(float)
    ex[[3, 30]] = np.nan
    size[[3, 30]] = np.nan
    cx = rng.integers(1, 8, n).astype(float)  # with ties
    cx[7] = np.nan
    kinds = [rng.integers(0, 3, n), (np.arange(n) == 12).astype(np.int64)]
    orders = np.stack([rng.permutation(n) for _ in range(25)])
    return ex[orders], size[orders], cx, kinds, np.isfinite(ex[orders]) & np.isfinite(cx)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("covariates", [False, True])
def test_correlations_of_shuffles_are_those_of_one_shuffle_at_a_time(shuffled, weighted, covariates):
    ex, size, cx, kinds, kept = shuffled
    codes = kinds if covariates else []
    found = shuffled_correlations(ex, cx, kept=kept, codes=codes, weights=size if weighted else None)
    for row, one in enumerate(found):
        into = kept[row]
        weight = size[row, into] if weighted else np.ones(into.sum())
        design = dummies([values[into] for values in codes], int(into.sum()))
        assert one == pytest.approx(standard_residuals(ex[row, into], cx[into], design, weight)[2], abs=1e-12)
    assert np.isnan(shuffled_correlations(ex, 0 * cx, kept=kept)).all()
    few = kept & (np.cumsum(kept, axis=1) < 10)
    assert np.isnan(shuffled_correlations(ex, cx, kept=few)).all()


@pytest.mark.parametrize("weighting", ["units", "employees"])
def test_ratios_of_shuffles_are_those_of_units_ranked_anew(shuffled, weighting):
    ex, size, cx, _, kept = shuffled
    options = {"leader_share": 0.25, "weighting": weighting}
    found = shuffled_log_ratios(ex, cx, kept=kept, employees=size, **options)
    for row, one in enumerate(found):
        into = kept[row]
        ranked = RankedUnits(cx[into], ex[row, into], size[row, into], np.zeros(into.sum(), dtype=np.intp))
        (leaders, laggards), _ = (part[0] for part in ranked.shares(np.ones((1, into.sum())), **options))
        assert one == pytest.approx(np.log(leaders / laggards), abs=1e-12)
    assert np.isnan(shuffled_log_ratios(0 * ex, cx, kept=kept, employees=size, **options)).all()
