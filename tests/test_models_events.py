"""Rates, survival and hazards against R and statsmodels, by identities, and on planted truth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose
from scipy.special import xlogy
from statsmodels.discrete.discrete_model import NegativeBinomial
from statsmodels.duration.hazard_regression import PHReg

from exresearch.models import (
    cox_regression,
    kaplan_meier,
    lagged_frame,
    lead_lag,
    linear_regression,
    proportional_hazards_test,
    rate_regression,
    unit_moments,
)
from exresearch.models.events.concordance import concordance
from exresearch.models.events.counts import _maximum
from exresearch.models.events.hazards import CoxFit
from exresearch.models.events.partial import PartialLikelihood, risk_sets
from exresearch.models.events.patterns import PatternLikelihood, Patterns
from exresearch.models.moments.arrays import complete_moments

# Both converge to rounding.
EXACT = 1e-9
# glm.nb and glm stop a step earlier: their standard errors belong to the step before.
STEP = 2e-4
# 100 draws at 95 %: below this about once in a hundred if the coverage is right.
COVERAGE = (0.89, 1.0)

REFERENCE = json.loads((Path(__file__).parent / "reference" / "events.json").read_text(encoding="utf-8"))
SHARED = Path(__file__).parents[1].parent / "shared" / "reference" / "10_glm_surv"


def shared(name: str) -> pd.DataFrame:
    if not (SHARED / name).exists():
        pytest.skip(f"the shared reference table {name} is not here")
    return pd.read_csv(SHARED / name)


@pytest.fixture(scope="module")
def small() -> pd.DataFrame:
    return pd.DataFrame(REFERENCE["small"])


def table(name: str, width: int) -> np.ndarray:
    return np.array(REFERENCE[name], dtype=float).reshape(-1, width)


# Rates


def test_negative_binomial_of_quine_is_that_of_glm_nb() -> None:
    quine = shared("quine.csv")
    data = pd.get_dummies(quine.drop(columns="Days"), prefix_sep="", drop_first=True, dtype=float)
    fit = rate_regression(
        data.assign(Days=quine["Days"]), events="Days", exposure=None, predictors=list(data.columns)
    )
    expected = REFERENCE["quine"]
    assert list(data.columns) == [name for name in expected["coef"] if name != "(Intercept)"]
    assert fit.model == "negative_binomial"
    assert fit.reason == "over-dispersion at p < 0.05"
    assert_allclose(fit.table["log_estimate"], list(expected["coef"].values()), atol=1e-6)
    assert_allclose(fit.table["model_log_std_error"], list(expected["se"].values()), atol=1e-6)
    assert_allclose([fit.theta, fit.theta_std_error], [expected["theta"], expected["SE.theta"]], atol=1e-5)
    assert_allclose([fit.log_likelihood, fit.aic], [expected["logLik"], expected["AIC"]], rtol=1e-9)
    y, mean = (
        quine["Days"].to_numpy(float),
        np.exp(np.column_stack([np.ones(len(data)), data]) @ fit.coefficients),
    )
    parts = xlogy(y, y / mean) - (y + fit.theta) * np.log((y + fit.theta) / (mean + fit.theta))
    assert_allclose(2.0 * parts.sum(), expected["deviance"], rtol=1e-6)


@pytest.mark.parametrize(("model", "name"), [("poisson", "poisson"), ("negative_binomial", "nb")])
def test_rates_with_exposure_are_those_of_r(small: pd.DataFrame, model: str, name: str) -> None:
    fit = rate_regression(small, events="count", exposure="exposure", predictors=["x", "z"], model=model)
    assert fit.reason == "asked for"
    assert_allclose(fit.coefficients, REFERENCE[f"{name}.coef"], atol=1e-8)
    assert_allclose(fit.table["model_log_std_error"], REFERENCE[f"{name}.se"], rtol=1e-5)
    assert_allclose(fit.log_likelihood, REFERENCE[f"{name}.loglik"][0], rtol=EXACT)
    assert_allclose(fit.table["estimate"], np.exp(REFERENCE[f"{name}.coef"]), atol=1e-8)
    if name == "nb":
        assert_allclose([fit.theta, fit.theta_std_error], REFERENCE["nb.theta"], rtol=STEP)


def test_dispersion_tests_are_those_of_aer(small: pd.DataFrame) -> None:
    fit = rate_regression(small, events="count", exposure="exposure", predictors=["x", "z"])
    rows = fit.overdispersion.set_index("term")
    for term, name in (
        ("cameron_trivedi_nb2", "dispersiontest2"),
        ("cameron_trivedi_nb1", "dispersiontest1"),
    ):
        assert_allclose(rows.loc[term, ["estimate", "statistic"]].astype(float), REFERENCE[name], rtol=1e-7)
    gain = 2.0 * (REFERENCE["nb.loglik"][0] - REFERENCE["poisson.loglik"][0])
    assert_allclose(rows.loc["likelihood_ratio", "statistic"], gain, rtol=1e-8)


def test_statsmodels_negative_binomial_agrees(small: pd.DataFrame) -> None:
    fit = rate_regression(
        small, events="count", exposure="exposure", predictors=["x", "z"], model="negative_binomial"
    )
    design = np.column_stack([np.ones(len(small)), small[["x", "z"]]])
    theirs = NegativeBinomial(small["count"], design, exposure=small["exposure"]).fit(
        disp=0, maxiter=500, gtol=1e-8
    )
    assert_allclose([*fit.coefficients, 1.0 / fit.theta], theirs.params, atol=1e-4)
    assert_allclose(fit.log_likelihood, theirs.llf, rtol=1e-8)


def test_cluster_errors_shrink_to_those_of_r_without_the_correction(small: pd.DataFrame) -> None:
    """CR2 lies a little above CR1 here; with each row its own cluster it is HC2."""
    fit = rate_regression(
        small, events="count", exposure="exposure", predictors=["x", "z"], cluster="team", model="poisson"
    )
    ratio = fit.table["log_std_error"].to_numpy() / np.array(REFERENCE["poisson.cr1"])
    assert ((ratio > 0.95) & (ratio < 1.25)).all()
    rows = rate_regression(small, events="count", exposure="exposure", predictors=["x", "z"], model="poisson")
    own = rate_regression(
        small.assign(row=range(len(small))),
        events="count",
        exposure="exposure",
        predictors=["x", "z"],
        cluster="row",
        model="poisson",
    )
    assert_allclose(rows.table["log_std_error"], own.table["log_std_error"], rtol=1e-8)


def test_rate_errors_are_cr2_written_out(small: pd.DataFrame) -> None:
    """Bell & McCaffrey with the working weights of the fit, every matrix n x n; weights of rows multiply them."""
    data = small.assign(w=1.0 + small.index % 3)
    for model in ("poisson", "negative_binomial"):
        fit = rate_regression(
            data,
            events="count",
            exposure="exposure",
            predictors=["x", "z"],
            cluster="team",
            weights="w",
            model=model,
        )
        design = np.column_stack([np.ones(len(data)), data[["x", "z"]]])
        mean = data["exposure"] * np.exp(design @ fit.coefficients)
        weight = (data["w"] / data["w"].mean() * mean / (1.0 + mean / fit.theta)).to_numpy()
        rows = np.sqrt(weight)[:, None] * design
        residual = np.sqrt(weight) * ((data["count"] - mean) / mean).to_numpy()
        bread = np.linalg.inv(rows.T @ rows)
        hat = rows @ bread @ rows.T
        scores = []
        for team in data["team"].unique():
            inside = (data["team"] == team).to_numpy()
            values, vectors = np.linalg.eigh(np.eye(inside.sum()) - hat[np.ix_(inside, inside)])
            scores.append(rows[inside].T @ (vectors / np.sqrt(values)) @ vectors.T @ residual[inside])
        meat = np.array(scores).T @ np.array(scores)
        assert_allclose(fit.table["log_std_error"], np.sqrt(np.diag(bread @ meat @ bread)), rtol=1e-8)


def test_rate_ratio_of_two_groups_is_the_ratio_of_their_rates() -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"good": [0, 1] * 30, "years": rng.uniform(1, 9, 60)})
    data["left"] = rng.poisson(0.6 * data["years"] * np.where(data["good"] == 1, 0.5, 1.0))
    fit = rate_regression(data, events="left", exposure="years", predictors=["good"], model="poisson")
    sums = data.groupby("good")[["left", "years"]].sum()
    rates = sums["left"] / sums["years"]
    assert_allclose(fit.table["estimate"], [rates[0], rates[1] / rates[0]], rtol=EXACT)
    # The unit of exposure moves the intercept alone; units and weights written twice move nothing.
    months = rate_regression(
        data.assign(years=data["years"] * 12),
        events="left",
        exposure="years",
        predictors=["good"],
        model="poisson",
    )
    assert_allclose(months.table.loc[1, "conf_low"], fit.table.loc[1, "conf_low"], rtol=1e-8)
    heavy = rate_regression(
        data.assign(w=7.0), events="left", exposure="years", predictors=["good"], weights="w", model="poisson"
    )
    assert_allclose(heavy.table["std_error"], fit.table["std_error"], rtol=1e-8)


def test_a_predictor_far_from_zero_leaves_its_ratio_alone(small: pd.DataFrame) -> None:
    asked = {"events": "count", "exposure": "exposure", "predictors": ["x"], "cluster": "team"}
    near, far = (rate_regression(small.assign(x=small["x"] + shift), **asked).table for shift in (0.0, 1e5))
    assert_allclose(far.loc[1, "conf_low"], near.loc[1, "conf_low"], rtol=1e-6)


def test_a_step_can_be_a_standard_deviation_over_units(small: pd.DataFrame) -> None:
    kept = {"events": "count", "exposure": "exposure", "predictors": ["x", "z"], "cluster": "team"}
    raw = rate_regression(small, **kept)
    scaled = rate_regression(small, **kept, standardise=["x"])
    spread = small.groupby("team")["x"].mean().std()
    assert_allclose(scaled.table["per"], [np.nan, spread, np.nan])
    assert_allclose(scaled.table["log_estimate"][1], spread * raw.table["log_estimate"][1], rtol=1e-8)
    assert_allclose(scaled.table["p_value"], raw.table["p_value"], rtol=1e-6)


def test_equidispersed_counts_keep_poisson_and_spread_ones_do_not() -> None:
    rng = np.random.default_rng(8)
    data = pd.DataFrame({"x": rng.normal(size=200)})
    mean = np.exp(1.0 + 0.3 * data["x"])
    data["even"], data["spread"] = rng.poisson(mean), rng.poisson(mean * rng.gamma(2.0, 0.5, 200))
    assert rate_regression(data, events="even", exposure=None, predictors=["x"]).model == "poisson"
    assert (
        rate_regression(data, events="spread", exposure=None, predictors=["x"]).model == "negative_binomial"
    )


def team_counts(seed: int, teams: int, slope: float) -> pd.DataFrame:
    rng = np.random.default_rng([77, seed])
    team = np.repeat(np.arange(teams), 4)
    frame = pd.DataFrame({"team": team, "x": rng.normal(size=teams)[team] + 0.5 * rng.normal(size=4 * teams)})
    frame["years"] = rng.uniform(5, 60, len(frame))
    effect = np.exp(slope * frame["x"] + 0.4 * rng.normal(size=teams)[team])
    return frame.assign(left=rng.poisson(0.12 * frame["years"] * effect))


def test_rate_intervals_cover_a_planted_ratio_with_few_clusters() -> None:
    covered = 0
    for seed in range(100):
        fit = rate_regression(
            team_counts(seed, 16, -0.2),
            events="left",
            exposure="years",
            predictors=["x"],
            cluster="team",
            model="negative_binomial" if seed % 2 else "poisson",
        )
        covered += fit.table.loc[1, "conf_low"] < np.exp(-0.2) < fit.table.loc[1, "conf_high"]
    assert COVERAGE[0] <= covered / 100 <= COVERAGE[1]


# Survival


@pytest.mark.parametrize("interval", ["plain", "log", "log-log"])
def test_kaplan_meier_with_late_entry_is_survfit(small: pd.DataFrame, interval: str) -> None:
    curve = kaplan_meier(small, duration="stop", event="event", start="start", interval=interval)
    columns = ["time", "n_risk", "n_event", "n_censored", "estimate", "std_error", "conf_low", "conf_high"]
    assert_allclose(curve[columns].to_numpy(float), table(f"km.{interval}", 8), atol=EXACT)


def test_kaplan_meier_by_group_is_survfit(small: pd.DataFrame) -> None:
    curve = kaplan_meier(small, duration="stop", event="event", group="region")
    columns = ["time", "n_risk", "n_event", "n_censored", "estimate", "std_error", "conf_low", "conf_high"]
    expected = table("km.groups", 9)
    assert (curve["group"].to_numpy(int) + 1 == expected[:, 0]).all()
    # R leaves the interval out where the share is 0, as here.
    assert_allclose(curve[columns].to_numpy(float), expected[:, 1:], atol=EXACT)


def test_kaplan_meier_by_hand() -> None:
    """Freedman's five: 1, 2, 2+, 3, 4+ ; S = 4/5, 4/5 x 3/4, 3/5 x 1/2."""
    staff = pd.DataFrame({"years": [1, 2, 2, 3, 4], "left": [1, 1, 0, 1, 0]})
    curve = kaplan_meier(staff, duration="years", event="left", at=[0.5, 2, 10])
    assert_allclose(curve["estimate"], [1.0, 0.6, 0.3])
    assert_allclose(
        curve["std_error"], [0.0, 0.6 * np.sqrt(1 / 20 + 1 / 12), 0.3 * np.sqrt(1 / 20 + 1 / 12 + 1 / 2)]
    )
    assert curve[["n_risk", "n_event", "n_censored"]].to_numpy().tolist() == [[5, 0, 0], [4, 2, 1], [0, 1, 1]]


def attrition_fit(**options: str) -> CoxFit:
    return cox_regression(
        shared("attrition_surv.csv"),
        duration="time",
        event="event",
        predictors=["overtime", "jobsat", "age"],
        **options,  # type: ignore[arg-type]
    )


def test_cox_of_attrition_is_coxph() -> None:
    fit, expected = attrition_fit(), REFERENCE["cox_attrition_efron"]
    assert_allclose(fit.table["log_estimate"], list(expected["coef"].values()), atol=EXACT)
    assert_allclose(fit.table["log_std_error"], list(expected["se"].values()), atol=EXACT)
    assert_allclose([fit.null_log_likelihood, fit.log_likelihood], expected["loglik"], rtol=EXACT)
    assert_allclose(fit.concordance, expected["concordance"], atol=EXACT)
    tests = fit.overall.set_index("term")["statistic"]
    assert_allclose([tests["wald"], tests["likelihood_ratio"]], [expected["wald"], expected["lr"]], rtol=1e-8)
    assert (fit.n, fit.n_events) == (expected["n"], expected["nevent"])


def small_fit(small: pd.DataFrame, name: str) -> CoxFit:
    options = {
        "startstop": {"start": "start"},
        "startstop_strata": {"start": "start", "strata": "region"},
        "startstop_robust": {"start": "start", "cluster": "team"},
        "strata_robust": {"start": "start", "strata": "region", "cluster": "team"},
        "breslow_robust": {"ties": "breslow", "cluster": "team"},
        "efron_robust": {"cluster": "team"},
    }[name]
    return cox_regression(small, duration="stop", event="event", predictors=["x", "z"], **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    ["startstop", "startstop_strata", "startstop_robust", "strata_robust", "breslow_robust", "efron_robust"],
)
def test_cox_with_late_entry_strata_and_clusters_is_coxph(small: pd.DataFrame, name: str) -> None:
    fit = small_fit(small, name)
    assert_allclose(fit.coefficients, REFERENCE[f"{name}.coef"], atol=EXACT)
    assert_allclose([fit.null_log_likelihood, fit.log_likelihood], REFERENCE[f"{name}.loglik"], rtol=EXACT)
    assert_allclose(fit.concordance, REFERENCE[f"{name}.concordance"][0], atol=EXACT)
    naive = REFERENCE.get(f"{name}.naive_se", REFERENCE[f"{name}.se"])
    assert_allclose(fit.table["model_log_std_error"], naive, atol=EXACT)
    if name.endswith("robust"):
        # R's errors are ours without the correction for few clusters.
        sums = np.zeros((fit.n_clusters, 2))
        np.add.at(
            sums,
            small["team"].to_numpy(),
            fit.likelihood.score_residuals() / small[["x", "z"]].std(ddof=0).to_numpy() ** -1,
        )
        covariance = fit.model_covariance.to_numpy()
        assert_allclose(
            np.sqrt(np.diag(covariance @ sums.T @ sums @ covariance)), REFERENCE[f"{name}.se"], atol=EXACT
        )
        assert (fit.table["log_std_error"] > REFERENCE[f"{name}.se"]).all()
        assert (fit.table["df"] < fit.n_clusters - 1).all()


def test_cox_per_cluster_information_adds_up(small: pd.DataFrame) -> None:
    likelihood = small_fit(small, "strata_robust").likelihood
    parts = likelihood.information_by_cluster(small["team"].to_numpy())
    assert_allclose(parts.sum(axis=0), likelihood.information, rtol=1e-10)
    assert (np.linalg.eigvalsh(parts) > -1e-10).all()
    assert_allclose(likelihood.information_by_time().sum(axis=0), likelihood.information, rtol=1e-10)


@pytest.mark.parametrize("time", ["km", "identity", "rank"])
@pytest.mark.parametrize("name", ["startstop", "startstop_strata"])
def test_proportional_hazards_test_is_cox_zph(small: pd.DataFrame, name: str, time: str) -> None:
    rows = proportional_hazards_test(small_fit(small, name), time=time)  # type: ignore[arg-type]
    assert_allclose(
        rows[["statistic", "df", "p_value"]].to_numpy(), table(f"{name}.zph_{time}", 3), atol=EXACT
    )


def test_proportional_hazards_test_of_attrition_is_cox_zph() -> None:
    rows = proportional_hazards_test(attrition_fit())
    assert_allclose(rows[["statistic", "df", "p_value"]].to_numpy(), table("attrition.zph_km", 3), rtol=1e-8)


def test_statsmodels_agrees_on_efron_and_entry(small: pd.DataFrame) -> None:
    """Where nobody enters at the time of an event: such a person is at risk then to statsmodels, and not to R."""
    data = small.assign(start=small["start"] + 0.5)
    theirs = PHReg(
        data["stop"],
        data[["x", "z"]].to_numpy(float),
        status=data["event"],
        entry=data["start"],
        ties="efron",
    ).fit()
    fit = small_fit(data, "startstop")
    assert_allclose(fit.coefficients, theirs.params, atol=1e-5)
    assert_allclose(fit.table["log_std_error"], theirs.bse, atol=1e-5)


def test_a_stratum_without_events_says_nothing(small: pd.DataFrame) -> None:
    quiet = small.assign(region=7, event=0)
    more = small_fit(pd.concat([quiet, small], ignore_index=True), "startstop_strata")
    assert_allclose(more.coefficients, REFERENCE["startstop_strata.coef"], atol=EXACT)
    assert_allclose(more.concordance, REFERENCE["startstop_strata.concordance"][0], atol=EXACT)


def test_a_split_row_changes_nothing(small: pd.DataFrame) -> None:
    """A person in two rows with the same predictors is the same person."""
    late = small.assign(start=small["start"] + 0.5)
    early = small.assign(stop=small["start"] + 0.5, event=0)
    split = pd.concat([early, late], ignore_index=True)
    whole, parts = small_fit(small, "startstop_robust"), small_fit(split, "startstop_robust")
    columns = ["estimate", "std_error", "df", "conf_low"]
    assert_allclose(parts.table[columns], whole.table[columns], rtol=1e-8)
    shuffled = small_fit(split.sample(frac=1, random_state=1), "startstop_robust")
    assert_allclose(shuffled.table[columns], whole.table[columns], rtol=1e-8)


def staff(seed: int, teams: int, slope: float) -> pd.DataFrame:
    rng = np.random.default_rng([5, seed])
    team = np.repeat(np.arange(teams), 15)
    enps = rng.normal(size=teams)[team]
    time = rng.exponential(1.0 / (0.3 * np.exp(slope * enps + 0.3 * rng.normal(size=teams)[team])))
    return pd.DataFrame(
        {
            "team": team,
            "enps": enps,
            "years": np.ceil(np.minimum(time, 3.0) * 12) / 12,
            "left": (time < 3.0).astype(int),
        }
    )


def test_hazard_intervals_cover_a_planted_ratio_with_few_clusters() -> None:
    covered = 0
    for seed in range(100):
        fit = cox_regression(
            staff(seed, 16, -0.1), duration="years", event="left", predictors=["enps"], cluster="team"
        )
        covered += fit.table.loc[0, "conf_low"] < np.exp(-0.1) < fit.table.loc[0, "conf_high"]
    assert COVERAGE[0] <= covered / 100 <= COVERAGE[1]


def test_hazards_that_change_are_found() -> None:
    rng = np.random.default_rng(2)
    x = rng.integers(0, 2, 1000)
    # A log hazard ratio of 1 in the first year and -1 after it.
    early, late = rng.exponential(1.0 / np.exp(1.0 * x)), 1.0 + rng.exponential(1.0 / np.exp(-1.0 * x))
    data = pd.DataFrame({"x": x, "years": np.where(early < 1.0, early, late), "left": 1})
    rows = proportional_hazards_test(cox_regression(data, duration="years", event="left", predictors=["x"]))
    assert rows["p_value"].max() < 1e-6
    assert rows.loc[0, "slope"] < -1.0
    wide = cox_regression(data.assign(x=2.0 * x), duration="years", event="left", predictors=["x"])
    assert_allclose(proportional_hazards_test(wide).loc[0, "slope"], rows.loc[0, "slope"] / 2.0, rtol=1e-8)


# Lead and lag


def test_lagged_frame_respects_gaps_and_the_order_of_waves() -> None:
    units = pd.DataFrame(
        {
            "team": ["b", "a", "a", "b", "a"],
            "wave": ["spring", "fall", "spring", "next", "next"],
            "ex": [1, 2, 3, 4, 5],
        }
    )
    order = ["spring", "fall", "next"]
    back = lagged_frame(units, unit="team", wave="wave", columns=["ex"], waves=order)
    assert_allclose(back["ex before 1"], [np.nan, 3, np.nan, np.nan, 2])
    ahead = lagged_frame(units, unit="team", wave="wave", columns=["ex"], lag=-2, waves=order)
    assert_allclose(ahead["ex after 2"], [4, np.nan, 5, np.nan, np.nan])
    assert units.columns.tolist() == ["team", "wave", "ex"]


def panel(rng: np.random.Generator, *, units: int = 120, waves: int = 5) -> pd.DataFrame:
    ex = rng.normal(size=(units, waves))
    before = np.column_stack([np.zeros(units), ex[:, :-1]])
    frame = pd.DataFrame({"team": np.repeat(range(units), waves), "wave": list(range(waves)) * units})
    frame["ex"], frame["years"] = ex.ravel(), rng.uniform(10, 40, units * waves)
    frame["result"] = 0.5 * before.ravel() + rng.normal(size=units * waves)
    return frame.assign(left=rng.poisson(0.2 * frame["years"] * np.exp(-0.3 * before.ravel())))


def test_lead_and_lag_find_what_was_planted_before_and_nothing_after() -> None:
    data = panel(np.random.default_rng(6))
    spread = data.groupby("team")["ex"].mean().std()
    slopes = lead_lag(data, unit="team", wave="wave", outcome="result", predictor="ex").set_index("term")
    assert slopes.loc["before", "conf_low"] < 0.5 * spread < slopes.loc["before", "conf_high"]
    assert slopes.loc["before", "p_value"] < 1e-6
    assert slopes.loc["after", "conf_low"] < 0.0 < slopes.loc["after", "conf_high"]
    assert slopes["n"].tolist() == [480, 480]
    assert_allclose(slopes["per"], spread)
    rates = lead_lag(
        data, unit="team", wave="wave", outcome="left", predictor="ex", exposure="years"
    ).set_index("term")
    assert rates.loc["before", "conf_low"] < np.exp(-0.3 * spread) < rates.loc["before", "conf_high"] < 1.0
    assert rates.loc["after", "conf_low"] < 1.0 < rates.loc["after", "conf_high"]


def test_lead_lag_is_the_regression_on_the_lagged_column() -> None:
    data = panel(np.random.default_rng(9), units=30)
    frame = lagged_frame(data, unit="team", wave="wave", columns=["ex"])
    row = linear_regression(
        frame, outcome="result", predictors=["ex before 1", "years"], cluster="team"
    ).table.loc[1]
    ours = lead_lag(
        data, unit="team", wave="wave", outcome="result", predictor="ex", covariates=["years"]
    ).loc[0]
    assert_allclose(ours["estimate"], row["estimate"] * ours["per"], rtol=1e-10)
    assert_allclose(ours["p_value"], row["p_value"], rtol=1e-8)


@pytest.mark.parametrize("alpha", [0.0, 0.7])
def test_maximum_of_the_likelihood_is_that_of_statsmodels(alpha: float) -> None:
    rng = np.random.default_rng(3)
    design = np.column_stack([np.ones(80), rng.normal(size=(80, 2))])
    offset, weights = rng.normal(size=80), rng.uniform(0.5, 2.0, 80)
    mean = np.exp(design @ [0.5, 0.4, -0.8] + offset)
    y = rng.poisson(mean * (rng.gamma(2.0, 0.5, 80) if alpha else 1.0)).astype(float)
    family = sm.families.NegativeBinomial(alpha=alpha) if alpha else sm.families.Poisson()
    theirs = sm.GLM(y, design, family=family, offset=offset, freq_weights=weights).fit(maxiter=300, tol=1e-14)
    coefficients, fitted = _maximum(y, design, offset, weights, alpha=alpha)
    assert coefficients == pytest.approx(theirs.params, abs=1e-7)
    # Ours is the better one: the score is zero to rounding.
    score = design.T @ (weights * (y - fitted) / (1.0 + alpha * fitted))
    assert np.abs(score).max() < 1e-9
    far = _maximum(y, design, offset, weights, alpha=alpha, start=np.array([8.0, 5.0, 5.0]))[0]
    assert far == pytest.approx(coefficients, abs=1e-9)


def test_moments_of_complete_arrays_are_those_of_rows() -> None:
    rng = np.random.default_rng(4)
    data = pd.DataFrame(rng.normal(5.0, 1.0, size=(30, 2)), columns=["x", "y"])
    data["w"], data["unit"] = rng.uniform(0.5, 2.0, 30), rng.permutation(np.arange(30) % 4)
    for cluster in ("unit", None):
        slow = unit_moments(data, columns=["x", "y"], weights="w", cluster=cluster)
        quick = complete_moments(
            data[["x", "y"]].to_numpy(),
            columns=("x", "y"),
            weights=data["w"].to_numpy(),
            codes=None if cluster is None else data[cluster].to_numpy(),
        )
        assert quick.n.tolist() == slow.n.tolist()
        fits = [
            linear_regression(
                one, outcome="y", predictors=["x"], covariance="CR2", working_variance="inverse_weights"
            ).table
            for one in (quick, slow)
        ]
        pd.testing.assert_frame_equal(*fits, rtol=1e-11)


def test_concordance_is_that_of_all_pairs() -> None:
    rng = np.random.default_rng(6)
    n = 120
    start = rng.integers(0, 4, n).astype(float)
    stop, event = start + rng.integers(1, 6, n), rng.random(n) < 0.4
    for strata, efron in ((np.zeros(n, dtype=np.int64), True), (np.arange(n) % 3, False)):
        sets = risk_sets(start, stop, event, strata, efron=efron)
        index = rng.integers(0, 6, n) / 3.0
        agree = pairs = 0.0
        for one in np.flatnonzero(event):
            for other in range(n):
                at_risk = strata[other] == strata[one] and start[other] < stop[one] <= stop[other]
                if at_risk and not (event[other] and stop[other] == stop[one]):
                    pairs += 1.0
                    agree += float(index[other] < index[one]) + 0.5 * float(index[other] == index[one])
        assert concordance(sets, index) == pytest.approx(agree / pairs, abs=1e-14)


@pytest.mark.parametrize("efron", [True, False])
def test_counts_of_rows_that_are_alike_give_the_likelihood_of_the_rows(efron: bool) -> None:
    rng = np.random.default_rng(12)
    n = 3000
    start, length = rng.integers(0, 6, n), rng.integers(1, 9, n)
    event = rng.random(n) < 0.3
    # Standardised, as the maximum is looked for: the same values again and again, but no whole numbers.
    x = np.column_stack([rng.integers(0, 11, n) / 3.3, rng.random(n) < 0.2]) - [1.6, 0.2]
    strata = rng.integers(0, 3, n)
    sets = risk_sets(start.astype(float), (start + length).astype(float), event, strata, efron=efron)
    patterns = Patterns.of(sets, x)
    assert patterns is not None
    assert len(patterns.x) == 22
    for beta in (np.zeros(2), np.array([0.3, -0.8])):
        rows, alike = PartialLikelihood(sets, x, beta), PatternLikelihood(patterns, beta)
        assert alike.log_likelihood == pytest.approx(rows.log_likelihood, rel=1e-12)
        assert_allclose(alike.score, rows.score, rtol=1e-9, atol=1e-9)
        assert_allclose(alike.information, rows.information, rtol=1e-10)
    # Where nearly every row is one of its kind, the rows themselves are quicker.
    assert Patterns.of(sets, rng.normal(size=(n, 2))) is None
