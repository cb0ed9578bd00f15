"""Importance by likelihood against R and statsmodels, against its identities, and on planted truth."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from statsmodels.discrete.discrete_model import Logit
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.miscmodels.ordinal_model import OrderedModel

from exresearch.models import likelihood_importance, proportional_odds_test

# R's optimisers stop at about 1e-8 of the log-likelihood, in the null model too.
R_OPTIMISER = 1e-8
# Two maxima of one likelihood, both by Newton's method.
SAME = 1e-9
# statsmodels' OrderedModel maximises with numerical derivatives.
NUMERICAL = 1e-4

HERE = Path(__file__).parent / "reference"
REFERENCE = json.loads((HERE / "glm_dominance.json").read_text(encoding="utf-8"))
SHARED = Path(__file__).parents[1].parent / "shared" / "reference"
BFI = ["agree", "consc", "extra", "female", "age"]


def shared_table(folder: str, name: str) -> pd.DataFrame:
    path = SHARED / folder / name
    if not path.exists():
        pytest.skip(f"the shared reference table {name} is not here")
    return pd.read_csv(path)


def sheets(n: int = 600, seed: int = 1, units: int = 40) -> pd.DataFrame:
    """Answers a, b, c of falling importance, d without any, an eNPS of 0 to 6, promoters, weights and teams."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n, 1))
    data = pd.DataFrame(0.6 * common + 0.8 * rng.normal(size=(n, 4)), columns=list("abcd"))
    latent = data @ [1.0, 0.6, 0.3, 0.0] + rng.logistic(size=n)
    data["enps"] = np.clip(np.round(latent + 3), 0, 6)
    data["promoter"] = (data["enps"] >= 5) * 1
    return data.assign(w=rng.integers(1, 4, n).astype(float), team=rng.integers(0, units, n))


def by_driver(table: pd.DataFrame, fit: str) -> pd.Series:
    return table[table["fit"] == fit].set_index("driver")["importance"]


def test_ordinal_dominance_is_that_of_domir() -> None:
    bfi = shared_table("03_glm_dominance", "bfi_ordinal.csv")
    result = likelihood_importance(bfi, outcome="N1", drivers=BFI, model="ordinal")
    expected = REFERENCE["bfi"]
    for fit in ("mcfadden", "nagelkerke"):
        mine = by_driver(result.table, fit)
        assert_allclose(mine, [expected[fit]["general"][name] for name in BFI], rtol=0, atol=R_OPTIMISER)
        part = result.table[result.table["fit"] == fit]
        assert_allclose(part["model_fit"], expected[fit]["value"], rtol=0, atol=R_OPTIMISER)
        conditional = result.conditional[result.conditional["fit"] == fit]["importance"]
        assert_allclose(conditional, np.ravel(expected[fit]["conditional"]), rtol=0, atol=R_OPTIMISER)
        complete = result.complete[result.complete["fit"] == fit].set_index(["driver", "other"])
        for (i, one), (j, other) in itertools.permutations(enumerate(BFI), 2):
            share = expected[fit]["complete"][i][j]
            assert complete.loc[(one, other), "share_greater"] == share
            assert complete.loc[(one, other), "dominance"] == {1: 1, 0: -1}.get(share, 0)
    assert (result.table["n"] == expected["n"]).all()
    # dominanceanalysis stops its optimiser earlier.
    other_package = expected["dominanceanalysis_nagelkerke"]
    assert_allclose(by_driver(result.table, "nagelkerke"), [other_package[name] for name in BFI], atol=1e-7)


def test_ordinal_coefficients_are_those_of_clm() -> None:
    bfi = shared_table("03_glm_dominance", "bfi_ordinal.csv")
    result = likelihood_importance(bfi, outcome="N1", drivers=BFI, model="ordinal")
    table = result.coefficients.set_index("term")
    expected = REFERENCE["bfi"]
    assert_allclose(table["estimate"], [expected["coef"][name] for name in table.index], atol=R_OPTIMISER)
    assert_allclose(table["std_error"], [expected["se"][name] for name in table.index], atol=R_OPTIMISER)
    assert_allclose(result.log_likelihood, expected["log_likelihood"], atol=1e-6)
    assert_allclose(result.null_log_likelihood, expected["null_log_likelihood"], atol=1e-6)


def housing_sheets() -> tuple[pd.DataFrame, list[str], dict[str, str]]:
    """The table of housing with dummies, their names, and the question of each."""
    housing = shared_table("10_glm_surv", "housing.csv")
    housing["satisfied"] = housing["Sat"].map({"Low": 0, "Medium": 1, "High": 2})
    names = {"Infl": ["Medium", "High"], "Type": ["Apartment", "Atrium", "Terrace"], "Cont": ["High"]}
    for column, levels in names.items():
        for level in levels:
            housing[f"{column}{level}"] = (housing[column] == level) * 1.0
    dummies = [f"{column}{level}" for column, levels in names.items() for level in levels]
    return housing, dummies, {name: name[:4] for name in dummies}


def test_weighted_ordinal_coefficients_are_those_of_polr() -> None:
    housing, dummies, blocks = housing_sheets()
    result = likelihood_importance(
        housing, outcome="satisfied", drivers=dummies, model="ordinal", weights="Freq", blocks=blocks
    )
    expected = REFERENCE["housing"]
    values = [*expected["coef"].values(), *expected["zeta"].values()]
    # polr's optimiser stops at a relative change of 1e-8 of the deviance.
    assert_allclose(result.coefficients["estimate"], values, atol=1e-4)
    # Weights have mean 1, so that the log-likelihood is that of the rows and not of the people.
    assert_allclose(-2 * result.log_likelihood * housing["Freq"].mean(), expected["deviance"], rtol=1e-8)


def test_ordinal_errors_and_chances_are_those_of_polr() -> None:
    """A row for each of the 1,681 people, as polr counts weights."""
    housing, dummies, blocks = housing_sheets()
    people = housing.loc[housing.index.repeat(housing["Freq"])].reset_index(drop=True)
    result = likelihood_importance(
        people, outcome="satisfied", drivers=dummies, model="ordinal", blocks=blocks
    )
    expected = REFERENCE["housing"]
    table = result.coefficients
    assert_allclose(table["estimate"], [*expected["coef"].values(), *expected["zeta"].values()], atol=1e-4)
    assert_allclose(table["std_error"], list(expected["se"].values()), atol=1e-4)
    assert_allclose(-2 * result.log_likelihood, expected["deviance"], rtol=1e-8)
    assert_allclose(-2 * result.log_likelihood + 2 * len(table), expected["AIC"], rtol=1e-8)
    slopes, limits = table["estimate"].to_numpy()[:6], table["estimate"].to_numpy()[6:]
    below = 1 / (1 + np.exp(-(limits - (housing[dummies].to_numpy()[:5] @ slopes)[:, None])))
    chances = np.diff(np.column_stack([np.zeros(5), below, np.ones(5)]), axis=1)
    assert_allclose(chances, expected["probabilities"], atol=1e-4)


def test_proportional_odds_test_is_nominal_test() -> None:
    bfi = shared_table("03_glm_dominance", "bfi_ordinal.csv")
    result = proportional_odds_test(bfi, outcome="N1", drivers=BFI)
    expected = REFERENCE["bfi"]["nominal_test"]
    tests = result.tests.set_index("term").loc[BFI]
    assert tests["df"].tolist() == expected["df"]
    assert_allclose(tests["statistic"], expected["statistic"], atol=1e-6)
    assert_allclose(tests["p_value"], expected["p_value"], atol=1e-6)
    assert result.tests["method"].eq("likelihood ratio").all()
    assert result.tests["n"].eq(2548).all()
    assert result.tests["term"].tolist() == [*BFI, "all"]
    # A pooled coefficient lies among those it pools.
    slopes = result.slopes.groupby("term")
    assert (slopes["estimate"].min() < slopes["common"].first()).all()
    assert (slopes["estimate"].max() > slopes["common"].first()).all()
    assert result.slopes["threshold"].tolist()[:5] == ["1|2", "2|3", "3|4", "4|5", "5|6"]


@pytest.mark.parametrize("weights", [None, "w"])
def test_logistic_is_statsmodels_on_all_subsets(weights: str | None) -> None:
    data = sheets(n=300)
    result = likelihood_importance(
        data, outcome="promoter", drivers=list("abc"), covariates=["d"], model="logistic", weights=weights
    )
    weight = np.ones(300) if weights is None else (data["w"] / data["w"].mean()).to_numpy()
    y = data["promoter"].to_numpy()
    share = np.average(y, weights=weight)
    null = float(weight @ (y * np.log(share) + (1 - y) * np.log1p(-share)))
    assert_allclose(result.null_log_likelihood, null, atol=SAME)
    for m, row in enumerate(result.subsets.itertuples()):
        names = [name for j, name in enumerate("abc") if m >> j & 1]
        design = np.column_stack([np.ones(300), data[["d", *names]]])
        if weights is None:
            fitted = Logit(y, design).fit(method="newton", disp=0, tol=1e-10)
        else:
            fitted = GLM(y, design, family=Binomial(), freq_weights=weight).fit(tol=1e-12)
        assert row.subset == " + ".join(names)
        assert row.n_players == len(names)
        assert_allclose(row.log_likelihood, fitted.llf, atol=1e-8)
        assert_allclose(row.mcfadden, 1.0 - fitted.llf / null, atol=SAME)
        cox_snell = 1.0 - np.exp(2.0 * (null - fitted.llf) / 300)
        assert_allclose(row.nagelkerke, cox_snell / (1.0 - np.exp(2.0 * null / 300)), atol=SAME)
    table = result.coefficients.set_index("term").loc[["intercept", "d", "a", "b", "c"]]
    assert_allclose(table["estimate"], fitted.params, atol=1e-7)
    assert_allclose(table["std_error"], fitted.bse, atol=1e-7)
    assert_allclose(table["p_value"], fitted.pvalues, atol=1e-7)
    assert_allclose(table[["conf_low", "conf_high"]], fitted.conf_int(), atol=1e-6)


def test_ordinal_is_statsmodels_ordered_model() -> None:
    data = sheets(n=250)
    result = likelihood_importance(data, outcome="enps", drivers=["a", "b"], model="ordinal")
    for row, names in zip(result.subsets.itertuples(), [[], ["a"], ["b"], ["a", "b"]], strict=True):
        if names:
            fitted = OrderedModel(data["enps"].astype(int), data[names], distr="logit").fit(
                method="bfgs", disp=0
            )
            assert_allclose(row.log_likelihood, fitted.llf, atol=NUMERICAL)
            assert row.log_likelihood >= fitted.llf
    assert_allclose(result.coefficients["estimate"][:2], fitted.params[:2], atol=1e-3)


@pytest.mark.parametrize(("model", "outcome"), [("logistic", "promoter"), ("ordinal", "enps")])
def test_identities(model, outcome: str) -> None:
    data = sheets()
    options = {"outcome": outcome, "model": model, "weights": "w", "blocks": {"b": "pair", "c": "pair"}}
    result = likelihood_importance(data, drivers=list("abc"), covariates=["d"], **options)
    # Importances sum to what drivers add to the covariates.
    for fit in ("mcfadden", "nagelkerke"):
        part = result.table[result.table["fit"] == fit]
        added = result.subsets[fit].iloc[-1] - result.subsets[fit].iloc[0]
        assert_allclose(part["importance"].sum(), added, atol=1e-12)
        assert_allclose(part["model_fit"], result.subsets[fit].iloc[-1])
        assert_allclose(part["share"].sum(), 1.0)
        conditional = result.conditional[result.conditional["fit"] == fit]
        means = conditional.groupby("driver", sort=False)["importance"].mean()
        assert_allclose(means, part["importance"], atol=1e-12)
    assert result.table["driver"].tolist() == ["a", "pair"] * 2
    # Whole weights are repeated rows.
    repeated = data.loc[data.index.repeat(data["w"].astype(int))].reset_index(drop=True)
    other = likelihood_importance(
        repeated, drivers=list("abc"), covariates=["d"], **(options | {"weights": None})
    )
    assert_allclose(result.table["importance"], other.table["importance"], atol=SAME)
    # Order of rows: the same bytes. Order of drivers and units of measurement: the same importance.
    shuffled = likelihood_importance(
        data.sample(frac=1, random_state=3), drivers=list("abc"), covariates=["d"], **options
    )
    pd.testing.assert_frame_equal(result.table, shuffled.table, rtol=0, atol=0)
    scaled = data.assign(a=data["a"] * 1e8 + 1e9, c=data["c"] * -1e-8, d=data["d"] + 1e6)
    turned = likelihood_importance(scaled, drivers=list("cba"), covariates=["d"], **options)
    for fit in ("mcfadden", "nagelkerke"):
        one, two = by_driver(result.table, fit), by_driver(turned.table, fit)
        assert_allclose(one, two[one.index], atol=SAME)


@pytest.mark.parametrize(("model", "outcome"), [("logistic", "promoter"), ("ordinal", "enps")])
def test_planted_drivers_are_found(model, outcome: str) -> None:
    data = sheets(n=4000, seed=5)
    data.loc[:99, "d"] = np.nan
    result = likelihood_importance(data, outcome=outcome, drivers=list("dcba"), model=model)
    assert result.table["rank"].tolist() == [4, 3, 2, 1] * 2
    assert result.table["n"].eq(3900).all()
    assert result.table["n_excluded"].eq(100).all()
    assert result.table["model"].eq(model).all()
    slopes = result.coefficients.set_index("term").loc[list("abcd")]
    # Rounding the latent variable keeps the proportional odds, so that the planted slopes are the model's.
    distance = (slopes["estimate"] - [1.0, 0.6, 0.3, 0.0]) / slopes["std_error"]
    assert (distance.abs() < 3.3).all()


def test_intervals_are_a_delete_a_group_jackknife() -> None:
    data = sheets(n=400, units=12)
    options = {"outcome": "enps", "drivers": ["a", "b"], "model": "ordinal", "weights": "w"}
    result = likelihood_importance(data, cluster="team", n_groups=5, conf_level=0.9, seed=8, **options)
    group = (np.random.default_rng(8).permutation(12) % 5)[data["team"]]
    parts = np.array(
        [likelihood_importance(data[group != g], **options).table["importance"] for g in range(5)]
    )
    std_error = np.sqrt(4 / 5 * ((parts - parts.mean(axis=0)) ** 2).sum(axis=0))
    table = result.table
    assert_allclose(table["std_error"], std_error, rtol=1e-6)
    half = stats.t.ppf(0.95, 4) * std_error
    assert_allclose(table["conf_low"], table["importance"] - half, rtol=1e-6)
    assert_allclose(table["conf_high"], table["importance"] + half, rtol=1e-6)
    assert table["conf_level"].eq(0.9).all()
    assert table["n_groups"].eq(5).all()
    plain = likelihood_importance(data, cluster="team", **options).table
    pd.testing.assert_frame_equal(table[plain.columns], plain)


def test_progress_counts_every_model() -> None:
    calls: list[tuple[int, int]] = []
    options = {"outcome": "promoter", "drivers": ["a", "b"], "model": "logistic"}
    likelihood_importance(
        sheets(), n_groups=2, seed=1, progress=lambda done, total: calls.append((done, total)), **options
    )
    assert calls == [(done, 12) for done in range(1, 13)]


def test_departure_from_proportional_odds_is_found() -> None:
    rng = np.random.default_rng(2)
    data = pd.DataFrame(rng.normal(size=(3000, 2)), columns=["even", "uneven"])
    # The second driver moves people over the first threshold only.
    first = 0.8 * data["even"] + 1.0 * data["uneven"] + rng.logistic(size=3000) > -1.0
    second = 0.8 * data["even"] + rng.logistic(size=3000) > 0.5
    data["y"] = first * (1.0 + second)
    result = proportional_odds_test(data, outcome="y", drivers=["even", "uneven"], weights=None)
    p_values = result.tests.set_index("term")["p_value"]
    assert p_values["uneven"] < 1e-10
    assert p_values["all"] < 1e-10
    slopes = result.slopes.set_index(["term", "threshold"])["estimate"]
    assert slopes["uneven", "0|1"] > slopes["uneven", "1|2"] + 0.5
    # Nearly those of a logit per threshold, Brant's starting point.
    design = np.column_stack([np.ones(3000), data[["even", "uneven"]]])
    separate = [Logit((data["y"] > k).to_numpy(), design).fit(disp=0).params for k in (0, 1)]
    assert_allclose(
        [slopes["uneven", "0|1"], slopes["uneven", "1|2"]], [one[2] for one in separate], atol=0.1
    )


def test_size_of_the_proportional_odds_test() -> None:
    p_values = []
    for seed in range(30):
        data = sheets(n=300, seed=seed)
        tests = proportional_odds_test(data, outcome="enps", drivers=["a", "b"], weights=None).tests
        p_values.append(tests.set_index("term")["p_value"])
    rejected = (pd.DataFrame(p_values) < 0.05).mean()
    # 1.5 of 30 expected; 7 or more have a chance of 0.07 %.
    assert (rejected < 7 / 30).all()
