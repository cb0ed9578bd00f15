"""What a likelihood model cannot answer is refused by name; what statsmodels passes over in silence is not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from statsmodels.tools.numdiff import approx_fprime, approx_hess

from exresearch.models import NotEstimable, likelihood_importance, proportional_odds_test
from exresearch.models.likelihood import assumption, cumulative, subsets
from exresearch.models.likelihood.cumulative import CumulativeLogit, Maximum, maximise
from exresearch.models.likelihood.separation import separating_columns

REFERENCE = json.loads(
    (Path(__file__).parent / "reference" / "glm_dominance.json").read_text(encoding="utf-8")
)


def sheets(n: int = 200, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(rng.normal(size=(n, 3)), columns=["needs", "pay", "age"])
    data["enps"] = np.clip(np.round(data["needs"] + rng.logistic(size=n) + 2), 0, 4)
    data["promoter"] = (data["enps"] > 2) * 1.0
    return data.assign(w=1.0)


def model(n: int = 200, levels: int = 5, **more) -> CumulativeLogit:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, 2))
    y = np.clip(np.round(x[:, 0] + rng.logistic(size=n) + 2), 0, levels - 1).astype(int)
    order = np.argsort(y, kind="stable")
    if "columns" in more:
        more = {"by_threshold": rng.normal(size=(n, more.pop("columns")))}
    return CumulativeLogit(y[order], x[order], weights=rng.uniform(0.5, 2.0, n), **more)


def message(error: type[Exception], **options) -> str:
    data = options.pop("data", sheets())
    full = {"outcome": "enps", "drivers": ["needs", "pay"], "model": "ordinal"} | options
    with pytest.raises(error) as caught:
        likelihood_importance(data, **full)
    return str(caught.value)


@pytest.mark.parametrize("more", [{}, {"columns": 2}, {"levels": 2}])
def test_score_and_hessian_are_numerical_derivatives(more: dict) -> None:
    one = model(**more)
    rng = np.random.default_rng(4)
    at = one.start_params + 0.05 * rng.normal(size=len(one.start_params))
    assert_allclose(one.score(at), approx_fprime(at, one.loglike, centered=True), atol=1e-5)
    assert_allclose(one.hessian(at), approx_hess(at, one.loglike), atol=1e-2)


def test_likelihood_is_that_of_statsmodels_formula() -> None:
    one = model()
    at = maximise(one).params
    low, upp = one._bounds(at)
    assert_allclose(one.loglike(at), one.weights @ np.log(one.prob(low, upp)), rtol=1e-12)


def test_a_start_far_away_ends_at_the_same_maximum() -> None:
    one = model()
    near = maximise(one)
    far = maximise(one, start=np.array([30.0, -30.0, -1.0, 0.0, 1.0, 2.0]))
    assert near.converged
    assert far.converged
    assert_allclose(far.params, near.params, atol=1e-8)


def test_a_trust_region_takes_over_where_newton_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    one = model()
    near = maximise(one)
    fit = CumulativeLogit.fit
    methods: list[str] = []
    steps = cumulative._MAX_STEPS
    # Newton's method is stopped at once until the trust region has run.
    monkeypatch.setattr(cumulative, "_MAX_STEPS", 1)

    def watched(self, **options):
        methods.append(options["min_method"])
        monkeypatch.setattr(cumulative, "_MAX_STEPS", steps)
        return fit(self, **options)

    monkeypatch.setattr(CumulativeLogit, "fit", watched)
    found = maximise(one)
    assert methods == ["trust-exact"]
    assert found.converged
    assert_allclose(found.params, near.params, atol=1e-8)


def test_perfect_separation_of_r_is_refused() -> None:
    data = pd.DataFrame(REFERENCE["separation"]["data"])
    assert REFERENCE["separation"]["converged"]
    data["noise"] = [0.1, -0.3, 0.2, 0.4, -0.2, 0.3, -0.1, 0.0]
    assert message(NotEstimable, data=data, outcome="y", drivers=["noise", "x"], model="logistic") == (
        "columns ['x'] separate the categories of the outcome perfectly, so that the model has no largest likelihood: "
        "leave them out, or merge categories of the outcome."
    )


@pytest.mark.parametrize(("kind", "outcome"), [("logistic", "promoter"), ("ordinal", "enps")])
def test_separation_by_one_driver_or_by_several_is_named(kind: str, outcome: str) -> None:
    data = sheets(n=2000)
    # Quasi-complete: whoever says yes is always in the upper part, the others are anywhere in it.
    data["yes"] = (data["enps"] > 2) * (np.arange(2000) % 2.0)
    lower = data["enps"] <= 2
    data.loc[lower, "yes"] = 0.0
    options = {"data": data, "outcome": outcome, "model": kind}
    if kind == "logistic":
        assert message(NotEstimable, drivers=["needs", "yes", "pay"], **options).startswith(
            "columns ['yes'] separate the categories of the outcome perfectly"
        )
    data["sum"] = 9.0 * (data["enps"] > 2) + 2.0 * data["needs"] - 3.0 * data["pay"]
    named = message(NotEstimable, drivers=["needs", "age", "pay", "sum"], **options)
    assert named.startswith("columns ['needs', 'pay', 'sum'] separate")
    data["same"] = 10.0 - 2.0 * data[outcome]
    named = message(NotEstimable, drivers=["needs", "same"], **options)
    assert named.startswith("columns ['same'] separate")


def test_separation_by_hand() -> None:
    assert separating_columns(np.array([0, 0, 1, 1, 2]), np.array([[1.0], [2], [2], [3], [3]])) == [0]
    assert separating_columns(np.array([0, 0, 1, 1, 2]), np.array([[1.0], [3], [2], [3], [3]])) == []


def test_non_convergence_is_never_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(one: CumulativeLogit, *, start: np.ndarray | None = None) -> Maximum:
        found = maximise(one, start=start)
        return Maximum(found.params, found.covariance, found.log_likelihood, one.k_vars == failing)

    monkeypatch.setattr(subsets, "maximise", lost)
    failing = 1
    assert message(NotEstimable) == (
        "the model did not converge with the columns ['needs', 'pay']: leave out nearly equal drivers, or merge rare "
        "categories of the outcome."
    )
    failing = 2
    assert message(NotEstimable) == (
        "the model did not converge with the columns ['needs']: leave out nearly equal drivers, or merge rare "
        "categories of the outcome."
    )


def test_score_test_where_the_larger_model_has_no_maximum(monkeypatch: pytest.MonkeyPatch) -> None:
    data = sheets(n=2000)
    options = {"outcome": "enps", "drivers": ["needs", "pay"]}
    ratio = proportional_odds_test(data, **options)

    def lost(one: CumulativeLogit, *, start: np.ndarray | None = None) -> Maximum:
        return Maximum(start, np.eye(len(start)), -np.inf, False)

    monkeypatch.setattr(assumption, "maximise", lost)
    score = proportional_odds_test(data, **options)
    assert score.tests["method"].eq("score").all()
    assert score.slopes.empty
    assert list(score.slopes.columns) == list(ratio.slopes.columns)
    # Both statistics are the same to first order.
    assert_allclose(score.tests["statistic"], ratio.tests["statistic"], rtol=0.1)


def test_outcomes_without_an_answer() -> None:
    data = sheets()
    assert message(ValueError, model="logistic") == (
        "outcome 'enps' holds [2.0, 3.0, 4.0] and a logistic model needs 0 and 1: recode it, or use model 'ordinal'."
    )
    assert message(NotEstimable, data=data.assign(enps=3.0)) == (
        "outcome 'enps' has one value, [3.0], over the complete rows: nothing to explain."
    )
    assert message(ValueError, data=data.assign(enps=np.arange(200.0))) == (
        "outcome 'enps' has 200 categories, and an ordinal model takes at most 20: merge neighbouring ones, or use "
        "relative_importance."
    )
    gap = data.assign(pay=data["pay"].where(data["enps"] != 4))
    assert message(NotEstimable, data=gap) == (
        "categories [4.0] of outcome 'enps' occur in no complete row: merge each with a neighbour, or leave out the "
        "drivers that were not asked there."
    )
    with pytest.raises(NotEstimable) as caught:
        proportional_odds_test(data, outcome="promoter", drivers=["needs"])
    assert str(caught.value) == (
        "outcome 'promoter' has two categories, [0.0, 1.0], so that there is one threshold and nothing to compare."
    )


def test_columns_without_an_answer() -> None:
    data = sheets().assign(flat=1e8, still=0.0)
    assert message(NotEstimable, data=data, drivers=["needs", "flat", "still"]) == (
        "columns ['flat', 'still'] are constant over the complete rows: leave them out."
    )
    data["copy"] = 3.0 * data["needs"] + 1.0
    assert message(NotEstimable, data=data, drivers=["needs", "pay", "copy"]) == (
        "columns ['needs', 'copy'] are copies or linear combinations among themselves (to 1e-10 of their variance), so "
        "their importance is not unique: leave one of them out of each such set, or average them into one score."
    )
    assert message(NotEstimable, data=data.iloc[:6].assign(enps=[0.0, 1, 2, 3, 4, 2])) == (
        "2 drivers and covariates and 5 categories of 'enps' need more than 6 complete rows, got 6 (0 left out as "
        "incomplete): use fewer drivers."
    )
    many = [f"x{i}" for i in range(13)]
    wide = data.join(pd.DataFrame(np.random.default_rng(1).normal(size=(200, 13)), columns=many))
    assert message(ValueError, data=wide, drivers=many) == (
        "all 2**players models are fitted, so at most 12 players, got 13: put related drivers in blocks, or use "
        "relative_importance."
    )


def test_wrong_arguments() -> None:
    assert message(ValueError, model="probit") == "model must be 'logistic' or 'ordinal', got 'probit'."
    assert message(ValueError, fits=["aic"]) == (
        "fits must be a list of some of ['mcfadden', 'nagelkerke'], got ['aic']."
    )
    assert message(ValueError, drivers="needs") == (
        "drivers must be a list of one or more column names, got 'needs'."
    )
    assert message(ValueError, covariates="age") == "covariates must be a list of column names, got 'age'."
    assert message(ValueError, drivers=["needs", "needs", "pay"]) == (
        "columns ['needs'] are named more than once among outcome, drivers and covariates."
    )
    assert message(ValueError, drivers=["needs", "rest", "peace"]) == (
        "columns ['rest', 'peace'] are not in the data: check the spelling, or leave them out."
    )
    assert message(ValueError, blocks={"age": "who"}) == (
        "blocks name ['age'], which are not among the drivers ['needs', 'pay']."
    )
    assert message(ValueError, blocks={"needs": "pay"}) == (
        "blocks ['pay'] have the name of a driver outside the block: rename the block."
    )
    assert message(ValueError, data=sheets().assign(w=0.0), weights="w") == (
        "weights column 'w' holds 200 values of zero or below, and must be positive: correct them, or remove those "
        "rows first and say so."
    )


def test_wrong_jackknife() -> None:
    assert message(ValueError, n_groups=20) == (
        "seed must be an integer of 0 or more where n_groups is given, got None."
    )
    assert message(ValueError, n_groups=1, seed=1) == (
        "n_groups must be an integer of 2 or more, got 1: use 20."
    )
    assert message(ValueError, n_groups=20, seed=1, conf_level=95) == (
        "conf_level must lie strictly between 0 and 1, got 95: use 0.95 for 95 %."
    )
    data = sheets().assign(team=np.arange(200) % 4)
    assert message(NotEstimable, data=data, cluster="team", n_groups=5, seed=1) == (
        "the jackknife needs at least one unit in each of 5 groups, and there are 4: use fewer groups, or no intervals."
    )
    data.loc[data["team"] == 2, "enps"] = 5.0
    assert message(NotEstimable, data=data, cluster="team", n_groups=4, seed=1) == (
        "categories [5.0] of outcome 'enps' occur in one group of the jackknife only: merge each with a neighbour, or "
        "leave out n_groups."
    )
