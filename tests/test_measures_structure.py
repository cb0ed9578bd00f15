"""Factor models against lavaan, their identities, invariance that is planted or broken, and the study's own tables."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import ncx2, t

from exresearch.measures import (
    INVARIANCE_REASONS,
    STUDY_REASONS,
    chi_square_difference,
    confirmatory_factor_analysis,
    fit_measures,
    invariance_fits,
    invariance_of_study,
    marker_correction,
    marker_of_study,
    measurement_invariance,
    one_factor_test,
    robust_statistics,
    structure_of_study,
)
from exresearch.measures.scores.factor_scores import FACTOR_REASONS
from exresearch.measures.structure.invariance import _passes
from exresearch.measures.structure.sem import (
    REASONS,
    Parameter,
    SampleMoments,
    SemFit,
    StructuralModel,
    fit_model,
    measurement_parameters,
    moments_from_summary,
    sample_moments,
)
from exresearch.study import Codebook, Construct, Study

# lavaan stops its search earlier than we do: its own chi-square is good to 1e-7, its estimates to 1e-5.
FIT, ESTIMATE = 1e-6, 3e-5
# Two of our own ways to one number.
SAME = 1e-8

REFERENCE = json.loads((Path(__file__).parent / "reference" / "sem.json").read_text(encoding="utf-8"))
SHARED = Path(__file__).parents[1].parent / "shared" / "reference"
ITEMS = [f"x{i}" for i in range(1, 10)]
HS = {"visual": ITEMS[:3], "textual": ITEMS[3:6], "speed": ITEMS[6:]}
PANEL = [f"{name}{wave}" for name in "xy" for wave in range(1, 5)]
WITHIN = ["RIx", "RIy", *(f"w{name}{wave}" for wave in range(1, 5) for name in "xy")]
LEVELS = ("configural", "metric", "scalar", "strict")
NAMES = {
    "npar": "npar", "chisq": "chisq", "df": "df", "p_value": "pvalue", "baseline_chisq": "baseline.chisq",
    "baseline_df": "baseline.df", "cfi": "cfi", "tli": "tli", "rmsea": "rmsea", "rmsea_low": "rmsea.ci.lower",
    "rmsea_high": "rmsea.ci.upper", "rmsea_p": "rmsea.pvalue", "srmr": "srmr", "aic": "aic", "bic": "bic",
    "log_likelihood": "logl",
}  # fmt: skip


def shared_table(name: str) -> pd.DataFrame:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the shared reference table {name} is not here")
    return pd.read_csv(path)


def from_lavaan(name: str, *, observed: list[str], latent: list[str], n_groups: int = 1) -> StructuralModel:
    """The model of a lavaan fit: what has a standard error is free, by its label where it has one."""
    table = REFERENCE["fits"][name]["est"]
    blank = [""] * len(table["lhs"])
    columns = [table[c] for c in ("lhs", "op", "rhs", "est", "se")]
    groups = table.get("group", [1] * len(blank))
    rows = zip(*columns, groups, table.get("label", blank), strict=True)
    return StructuralModel(
        tuple(observed),
        tuple(latent),
        tuple(
            Parameter(lhs, op, rhs, group - 1, None if se else est, label if se else "")
            for lhs, op, rhs, est, se, group, label in rows
        ),
        n_groups,
    )


def assert_is_lavaan(fit: SemFit, name: str) -> None:
    expected, mine = REFERENCE["fits"][name], dataclasses.asdict(fit_measures(fit))
    for ours, theirs in NAMES.items():
        assert_allclose(mine[ours], expected["fit"][theirs], rtol=0, atol=FIT, err_msg=ours)
    assert (fit.df, fit.model.n_free) == (expected["fit"]["df"], expected["fit"]["npar"])
    estimates = fit.estimates()
    table = expected["est"]
    standardised = np.array(table["std.all"], dtype=float)
    known = np.isfinite(standardised)
    assert_allclose(estimates["estimate"], table["est"], rtol=0, atol=ESTIMATE)
    assert_allclose(estimates["std_error"], table["se"], rtol=0, atol=ESTIMATE)
    assert_allclose(estimates["standardised"][known], standardised[known], rtol=0, atol=ESTIMATE)
    assert fit.reason == ""
    if "z" not in table:
        return
    free = estimates["free"].to_numpy()
    assert (np.array([z is None for z in table["z"]]) == ~free).all()
    # A ratio to a small error: lavaan's early stop shows more.
    assert_allclose(estimates["statistic"][free], np.array(table["z"], dtype=float)[free], rtol=0, atol=1e-3)
    for ours, theirs in (("p_value", "pvalue"), ("conf_low", "ci.lower"), ("conf_high", "ci.upper")):
        values = np.array(table[theirs], dtype=float)
        assert_allclose(estimates[ours][free], values[free], rtol=0, atol=1e-4, err_msg=ours)
    residual = estimates[(estimates["op"] == "~~") & (estimates["lhs"] == estimates["rhs"])].set_index("lhs")
    explained = 1.0 - residual["standardised"].reindex(list(expected["r2"]))
    assert_allclose(explained, list(expected["r2"].values()), rtol=0, atol=ESTIMATE)


def hs_moments() -> SampleMoments:
    schools = REFERENCE["moments"]["hs"].values()
    return moments_from_summary(
        ITEMS,
        n=[s["n"] for s in schools],
        means=[np.array(s["mean"]) for s in schools],
        covs=[np.array(s["cov"]) for s in schools],
    )


def hs_sheets() -> pd.DataFrame:
    """Invented sheets that have exactly the means and covariances of the two schools of Holzinger and Swineford."""
    parts = []
    for name, school in REFERENCE["moments"]["hs"].items():
        draws = np.random.default_rng(5).standard_normal((school["n"], 9))
        draws -= draws.mean(axis=0)
        plain = np.linalg.cholesky(np.cov(draws.T, bias=True))
        wanted = np.linalg.cholesky(np.array(school["cov"]))
        part = pd.DataFrame(draws @ np.linalg.inv(plain).T @ wanted.T + school["mean"], columns=ITEMS)
        # Sorted by name, so that Pasteur is the first group, as in lavaan.
        parts.append(part.assign(school="1 Pasteur" if name == "Pasteur" else "2 Grant-White"))
    return pd.concat(parts, ignore_index=True)


def panel_moments() -> SampleMoments:
    panel = REFERENCE["moments"]["panel"]
    return moments_from_summary(
        PANEL, n=[panel["n"]], means=[np.array(panel["mean"])], covs=[np.array(panel["cov"])]
    )


def planted(
    n: int = 600, *, seed: int = 3, shift: float = 0.0, loading: float = 0.8, groups: int = 2
) -> pd.DataFrame:
    """Two correlated factors of three items; in the second group item a1 has an intercept and a loading of its own."""
    rng = np.random.default_rng(seed)
    group = np.arange(n * groups) % groups
    common = rng.standard_normal((len(group), 2)) @ np.array([[1.0, 0.4], [0.0, 0.9]]) + 0.3 * group[:, None]
    answers = 0.8 * np.repeat(common, 3, axis=1) + 0.6 * rng.standard_normal((len(group), 6))
    second = group == 1
    answers[second, 1] += shift + (loading - 0.8) * common[second, 0]
    frame = pd.DataFrame(answers, columns=["a0", "a1", "a2", "b0", "b1", "b2"])
    return frame.assign(wave=group.astype(str), unit=rng.integers(30, size=len(group)))


TWO = {"a": ["a0", "a1", "a2"], "b": ["b0", "b1", "b2"]}


# Against lavaan.


def test_cross_lagged_panel_is_lavaan() -> None:
    fit = fit_model(from_lavaan("clpm", observed=PANEL, latent=[]), panel_moments())
    assert fit.df == 12
    assert_is_lavaan(fit, "clpm")


def test_random_intercept_panel_is_lavaan() -> None:
    fit = fit_model(from_lavaan("riclpm", observed=PANEL, latent=WITHIN), panel_moments())
    assert fit.df == 9
    assert_is_lavaan(fit, "riclpm")


def test_random_intercept_panel_with_missing_answers_and_equal_lags_is_lavaan() -> None:
    data = shared_table("06_sem/panel4_sim_missing.csv")
    moments = sample_moments(data, columns=PANEL, missing="fiml")
    assert (moments.n, moments.n_excluded) == (500, 0)
    assert_is_lavaan(
        fit_model(from_lavaan("riclpm_fiml", observed=PANEL, latent=WITHIN), moments), "riclpm_fiml"
    )


def test_missing_answers_that_are_not_there_change_nothing() -> None:
    data = planted(150)[["a0", "a1", "a2", "b0", "b1", "b2"]]
    rows = measurement_parameters(TWO, means=True)
    model = StructuralModel(tuple(data.columns), ("a", "b"), rows)
    listwise = fit_model(model, sample_moments(data, columns=list(data.columns)))
    holes = pd.concat([data, pd.DataFrame({"a0": [np.nan]})], ignore_index=True)
    fiml = fit_model(model, sample_moments(holes, columns=list(data.columns), missing="fiml"))
    assert fiml.moments.n_excluded == 1
    assert_allclose(fiml.theta, listwise.theta, atol=1e-6)
    assert_allclose(fiml.chisq, listwise.chisq, atol=SAME)


def test_factor_analysis_is_lavaan() -> None:
    analysis = confirmatory_factor_analysis(hs_sheets(), factors=HS)
    assert_is_lavaan_cfa(analysis)


def test_factor_analysis_of_the_answers_is_lavaan() -> None:
    analysis = confirmatory_factor_analysis(
        shared_table("04_reliability/HolzingerSwineford1939.csv"), factors=HS
    )
    assert_is_lavaan_cfa(analysis)


def assert_is_lavaan_cfa(analysis: Any) -> None:
    expected = REFERENCE["fits"]["hs"]
    assert (analysis.n, analysis.n_excluded, analysis.converged, analysis.reason) == (301, 0, True, "")
    assert analysis.n_clusters is None
    assert len(analysis.fit) == 1
    for ours, theirs in NAMES.items():
        assert_allclose(analysis.fit.loc[0, ours], expected["fit"][theirs], atol=FIT, err_msg=ours)
    table = pd.DataFrame(expected["est"]).set_index(["lhs", "op", "rhs"])
    loadings = analysis.loadings
    assert list(loadings["item"]) == ITEMS
    rows = [(f, "=~", i) for f, i in zip(loadings["factor"], loadings["item"], strict=True)]
    assert_allclose(loadings["estimate"], table.loc[rows, "est"], atol=ESTIMATE)
    assert_allclose(loadings["std_error"], table.loc[rows, "se"], atol=ESTIMATE)
    assert_allclose(loadings["standardised"], table.loc[rows, "std.all"], atol=ESTIMATE)
    half = 1.959963984540054 * loadings["std_error"]
    assert_allclose(loadings["conf_low"], loadings["estimate"] - half)
    assert_allclose(loadings["conf_high"], loadings["estimate"] + half)
    correlations = analysis.correlations
    rows = [(a, "~~", b) for a, b in zip(correlations["first"], correlations["second"], strict=True)]
    assert_allclose(correlations["estimate"], table.loc[rows, "std.all"], atol=ESTIMATE)
    assert ((correlations["conf_low"] < correlations["estimate"]) & (correlations["conf_high"] < 1)).all()
    # Composite reliability from lavaan's own estimates.
    for row in analysis.reliability.itertuples():
        true = sum(table.loc[(row.factor, "=~", i), "est"] for i in HS[row.factor]) ** 2
        true *= table.loc[(row.factor, "~~", row.factor), "est"]
        error = sum(table.loc[(i, "~~", i), "est"] for i in HS[row.factor])
        assert_allclose(row.estimate, true / (true + error), atol=ESTIMATE)
        assert row.conf_low < row.estimate < row.conf_high


def test_the_four_levels_are_lavaan() -> None:
    for level, fit in invariance_fits(hs_moments(), factors=HS).items():
        theirs = from_lavaan(level, observed=ITEMS, latent=list(HS), n_groups=2)
        assert theirs.n_free == fit.model.n_free
        assert_is_lavaan(fit_model(theirs, hs_moments()), level)
        # Our own way of writing the model down, whose rows stand in another order.
        assert_allclose(fit.chisq, REFERENCE["fits"][level]["fit"]["chisq"], atol=FIT)
        mine = fit.estimates().assign(group=[p.group + 1 for p in fit.model.parameters])
        keys = ["lhs", "op", "rhs", "group"]
        both = mine.merge(pd.DataFrame(REFERENCE["fits"][level]["est"]), on=keys, suffixes=("", "_r"))
        assert len(both) == len(REFERENCE["fits"][level]["est"]["lhs"])
        assert_allclose(both["estimate"], both["est"], atol=ESTIMATE)
        assert_allclose(both["std_error"], both["se"], atol=ESTIMATE)
    means = both[(both["op"] == "~1") & both["lhs"].isin(list(HS))]
    assert (means.loc[means["group"] == 1, "estimate"] == 0).all()
    assert (means.loc[means["group"] == 2, "std_error"] > 0).all()


def test_the_invariance_table_is_lavaan() -> None:
    table = measurement_invariance(hs_sheets(), factors=HS, by="school").set_index("level")
    assert list(table.index) == list(LEVELS)
    for level in LEVELS:
        expected = REFERENCE["fits"][level]["fit"]
        for ours in ("chisq", "df", "p_value", "cfi", "rmsea", "srmr"):
            assert_allclose(table.loc[level, ours], expected[NAMES[ours]], atol=FIT)
    tests = REFERENCE["lrt"]
    assert_allclose(table["delta_chisq"].iloc[1:], np.array(tests["Chisq diff"][1:], dtype=float), atol=FIT)
    assert table["delta_df"].tolist()[1:] == tests["Df diff"][1:]
    assert_allclose(table["delta_p"].iloc[1:], np.array(tests["Pr(>Chisq)"][1:], dtype=float), atol=FIT)
    assert_allclose(table["delta_cfi"].iloc[1:], np.diff(table["cfi"]), atol=SAME)
    assert_allclose(table["delta_rmsea"].iloc[1:], np.diff(table["rmsea"]), atol=SAME)
    assert table[["delta_chisq", "delta_df", "delta_p", "delta_cfi"]].iloc[0].isna().all()
    assert table["holds"].tolist() == [True, True, False, False]
    assert set(table["n"]) == {301}
    assert set(table["n_groups"]) == {2}
    assert set(table["reason"]) == {""}


# The engine itself.


def test_the_likelihood_is_at_its_maximum() -> None:
    """Against a general optimiser on the likelihood written down in another way."""
    data = planted(200)
    data = data[data["wave"] == "1"]
    fit = confirmatory_factor_analysis(data, factors=TWO).solution
    cov = np.cov(data[list(fit.model.observed)].to_numpy().T, bias=True)

    def discrepancy(theta: np.ndarray) -> float:
        loadings = np.zeros((6, 2))
        loadings[:3, 0], loadings[3:, 1] = [1, *theta[:2]], [1, *theta[2:4]]
        factors = np.array([[theta[10], theta[11]], [theta[11], theta[12]]])
        sigma = loadings @ factors @ loadings.T + np.diag(theta[4:10])
        sign, log_det = np.linalg.slogdet(sigma)
        if sign <= 0:
            return 1e6
        return log_det + np.trace(np.linalg.solve(sigma, cov)) - np.linalg.slogdet(cov)[1] - 6

    found = minimize(
        discrepancy, np.r_[np.ones(4), np.ones(6) * 0.5, 1, 0.1, 1], method="BFGS", options={"gtol": 1e-7}
    )
    assert_allclose(fit.chisq, len(data) * found.fun, atol=1e-6)
    assert_allclose(fit.theta, found.x, atol=1e-4)


def test_standard_errors_are_the_curvature_of_a_fitting_model() -> None:
    """Where the model fits the moments exactly, expected and observed information are one."""
    rows = measurement_parameters(TWO)
    model = StructuralModel(tuple(i for items in TWO.values() for i in items), ("a", "b"), rows)
    data = planted(100)
    first = fit_model(model, sample_moments(data, columns=list(model.observed)))
    exact = moments_from_summary(model.observed, n=[200], means=[np.zeros(6)], covs=[first.implied()[0].cov])
    fit = fit_model(model, exact)
    assert fit.chisq < 1e-9
    assert_allclose(fit.theta, first.theta, atol=1e-6)

    def log_likelihood(theta: np.ndarray) -> float:
        moved = dataclasses.replace(fit, theta=theta).implied()[0].cov
        cov = exact.blocks[0].cov
        return -100 * (np.linalg.slogdet(moved)[1] + np.trace(np.linalg.solve(moved, cov)))

    step, q = 1e-3, len(fit.theta)
    unit = np.eye(q) * step
    hessian = np.array(
        [
            [
                log_likelihood(fit.theta + a + b) - log_likelihood(fit.theta + a - b)
                - log_likelihood(fit.theta - a + b) + log_likelihood(fit.theta - a - b)
                for b in unit
            ]
            for a in unit
        ]
    ) / (4 * step**2)  # fmt: skip
    assert_allclose(fit.covariance, np.linalg.inv(-hessian), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("groups", [None, "wave"])
def test_order_units_and_names_change_nothing(groups: str | None) -> None:
    data = planted(200)
    options: dict[str, Any] = {"groups": groups, "cluster": "unit"}
    plain = confirmatory_factor_analysis(data, factors=TWO, **options)
    turned = data.iloc[::-1].copy()
    turned["a1"], turned["b0"] = 100 * turned["a1"] + 7, turned["b0"] / 50
    turned["wave"] = turned["wave"].map({"0": "z", "1": "y"})
    other = confirmatory_factor_analysis(turned, factors={"b": TWO["b"][::-1], "a": TWO["a"]}, **options)
    same = [
        "n",
        "npar",
        "df",
        "chisq",
        "p_value",
        "cfi",
        "tli",
        "rmsea",
        "rmsea_low",
        "rmsea_high",
        "srmr",
        "scaling",
    ]
    assert_allclose(plain.fit[same], other.fit[same], rtol=1e-6, atol=1e-7)
    names = {"0": "z", "1": "y", "": ""}
    ours = plain.loadings.assign(group=plain.loadings["group"].map(names))
    both = ours.merge(other.loadings, on=["group", "factor", "item"], suffixes=("", "_other"))
    assert len(both) == len(ours) == 6 * (2 if groups else 1)
    assert_allclose(both["standardised"], both["standardised_other"], rtol=1e-5)
    one = plain.correlations.assign(group=plain.correlations["group"].map(names)).sort_values("group")
    two = other.correlations.sort_values("group")
    for column in ("estimate", "std_error", "p_value", "conf_low", "conf_high"):
        assert_allclose(one[column], two[column], rtol=1e-4, atol=1e-9)


def test_equal_weights_are_no_weights() -> None:
    data = planted(150).assign(weight=2.5)
    plain = confirmatory_factor_analysis(data, factors=TWO, cluster="unit")
    weighted = confirmatory_factor_analysis(data, factors=TWO, cluster="unit", weights="weight")
    pd.testing.assert_frame_equal(plain.fit, weighted.fit, rtol=1e-9)
    pd.testing.assert_frame_equal(plain.loadings, weighted.loadings, rtol=1e-7)
    bare = confirmatory_factor_analysis(data, factors=TWO, weights="weight", robust=False)
    pd.testing.assert_frame_equal(bare.fit, confirmatory_factor_analysis(data, factors=TWO).fit, rtol=1e-9)


def test_a_weight_of_two_is_the_row_twice() -> None:
    data = planted(150).assign(weight=1.0)
    data.loc[:99, "weight"] = 2.0
    doubled = pd.concat([data, data.iloc[:100]], ignore_index=True)
    weighted = confirmatory_factor_analysis(data, factors=TWO, weights="weight", cluster="unit")
    twice = confirmatory_factor_analysis(doubled, factors=TWO, cluster="unit")
    # Rows are counted and not weights, and nothing else differs.
    assert (weighted.n, twice.n) == (300, 400)
    assert_allclose(weighted.loadings["estimate"], twice.loadings["estimate"], rtol=1e-6)
    assert_allclose(weighted.loadings["std_error"], twice.loadings["std_error"], rtol=1e-6)
    assert_allclose(weighted.fit["chisq"], twice.fit["chisq"], rtol=1e-6)
    assert_allclose(weighted.fit["cfi"], twice.fit["cfi"], rtol=1e-6)


# Robust statistics.


@pytest.mark.parametrize("cluster", ["unit", "team", None])
def test_the_scaling_factor_is_its_definition(cluster: str | None) -> None:
    """By brute force: casewise moments, a dense weight matrix and the projection, over clusters and two groups.

    Units are in both groups, teams in one, and there are more rows than moments: three ways to keep what is needed.
    """
    data = planted(60, seed=8).assign(weight=np.random.default_rng(1).uniform(0.5, 2, 120))
    data["team"], data["row"] = data["unit"] % 10 + 100 * data["wave"].astype(int), range(120)
    items = [i for own in TWO.values() for i in own]
    moments = sample_moments(
        data, columns=items, groups="wave", weights="weight", cluster=cluster, robust=True
    )
    rows = measurement_parameters(TWO, n_groups=2, means=True, equal=("loadings",))
    fit = fit_model(StructuralModel(tuple(items), ("a", "b"), rows, 2), moments)
    robust = robust_statistics(fit)
    pairs = [(i, j) for i in range(6) for j in range(i, 6)]
    weight = (data["weight"] / data["weight"].mean()).to_numpy()
    units = sorted(data[cluster or "row"].unique())
    sums = np.zeros((len(units), 2 * 27))
    whole = np.zeros((54, 54))
    jacobian = np.zeros((54, len(fit.theta)))
    for g, name in enumerate(["0", "1"]):
        inside = (data["wave"] == name).to_numpy()
        values, w = data.loc[inside, items].to_numpy(), weight[inside]
        centred = values - np.average(values, axis=0, weights=w)
        products = np.array([[row[i] * row[j] for i, j in pairs] for row in centred])
        cases = np.hstack([centred, products - np.average(products, axis=0, weights=w)]) * w[:, None]
        for case, unit in zip(cases, data.loc[inside, cluster or "row"], strict=True):
            sums[units.index(unit), 27 * g : 27 * (g + 1)] += case
        inverse = np.linalg.inv(fit.implied()[g].cov)
        basis = []
        for i, j in pairs:
            matrix = np.zeros((6, 6))
            matrix[i, j] = matrix[j, i] = 1
            basis.append(inverse @ matrix)
        own = np.zeros((27, 27))
        own[:6, :6] = inverse
        own[6:, 6:] = [[np.trace(a @ b) / 2 for b in basis] for a in basis]
        whole[27 * g : 27 * (g + 1), 27 * g : 27 * (g + 1)] = own * w.sum()
        for k in range(len(fit.theta)):
            moved = []
            for sign in (1, -1):
                theta = fit.theta.copy()
                theta[k] += sign * 1e-5
                told = dataclasses.replace(fit, theta=theta).implied()[g]
                moved.append(np.r_[told.mean, [told.cov[i, j] for i, j in pairs]])
            jacobian[27 * g : 27 * (g + 1), k] = (moved[0] - moved[1]) / 2e-5
    sizes = np.repeat([weight[data["wave"] == name].sum() for name in ("0", "1")], 27)
    spread = (sums / sizes).T @ (sums / sizes) * len(units) / (len(units) - 1)
    bread = np.linalg.inv(jacobian.T @ whole @ jacobian)
    projection = whole - whole @ jacobian @ bread @ jacobian.T @ whole
    assert_allclose(robust.scaling, np.trace(projection @ spread) / fit.df, rtol=1e-6)
    sandwich = bread @ jacobian.T @ whole @ spread @ whole @ jacobian @ bread
    assert_allclose(robust.covariance, sandwich, rtol=1e-4, atol=1e-8)
    assert robust.n_clusters == len(units)


def test_the_scaled_test_keeps_its_level_with_clusters_and_skew() -> None:
    """A modest version of benchmarks/robust_fit.py: normal theory rejects most of these true models."""
    rng = np.random.default_rng(11)
    model = StructuralModel(
        tuple(f"{f}{i}" for f in "ab" for i in range(3)), ("a", "b"), measurement_parameters(TWO)
    )
    plain, scaled, estimates, errors = [], [], [], []
    for _ in range(100):
        unit = np.repeat(np.arange(60), 12)
        shared = np.sqrt(0.3) * rng.standard_normal((60, 6))[unit]
        own = np.sqrt(0.7) * rng.standard_normal((720, 6))
        factor = rng.exponential(size=(720, 2)) - 1
        data = pd.DataFrame(0.8 * np.repeat(factor, 3, axis=1) + shared + own, columns=list(model.observed))
        moments = sample_moments(
            data.assign(unit=unit), columns=list(model.observed), cluster="unit", robust=True
        )
        fit = fit_model(model, moments)
        robust = robust_statistics(fit)
        plain.append(fit_measures(fit).p_value)
        scaled.append(fit_measures(fit, robust=robust))
        estimates.append(fit.theta[0])
        errors.append(np.sqrt(robust.covariance[0, 0]))
    # Four standard errors of a mean of 100 chi-squares over 8, and of a share of 5 %.
    assert abs(np.mean([m.chisq for m in scaled]) / 8 - 1) < 0.2
    assert np.mean([m.p_value < 0.05 for m in scaled]) < 0.14
    assert np.mean(np.array(plain) < 0.05) > 0.2
    assert 0.8 < np.mean(errors) / np.std(estimates, ddof=1) < 1.2


def test_robust_intervals_are_by_students_t_on_the_clusters() -> None:
    analysis = confirmatory_factor_analysis(planted(100), factors=TWO, cluster="unit", conf_level=0.9)
    assert analysis.n_clusters == 30
    free = analysis.loadings[analysis.loadings["std_error"] > 0]
    half = t.ppf(0.95, 29) * free["std_error"]
    assert_allclose(free["conf_high"] - free["estimate"], half)
    assert_allclose(free["estimate"] - free["conf_low"], half)
    assert_allclose(free["p_value"], 2 * t.sf(np.abs(free["statistic"]), 29), rtol=1e-6)
    r = analysis.correlations.iloc[0]
    half = t.ppf(0.95, 29) * r["std_error"] / (1 - r["estimate"] ** 2)
    assert_allclose(np.arctanh(r["conf_high"]), np.arctanh(r["estimate"]) + half)
    assert_allclose(r["p_value"], 2 * t.sf(abs(r["statistic"]), 29), rtol=1e-6)


# What cannot be estimated.


def model_of(factors: dict[str, list[str]]) -> StructuralModel:
    items = tuple(i for own in factors.values() for i in own)
    return StructuralModel(items, tuple(factors), measurement_parameters(factors))


@pytest.mark.parametrize(
    ("factors", "change", "reason"),
    [
        ({"a": ["a0", "a1"]}, {}, "too_many_parameters"),
        (TWO, {"a1": 3.0}, "not_positive_definite"),
        (TWO, {"a1": "a0"}, "not_positive_definite"),
        (TWO, {"a1": np.nan}, "too_few_rows"),
    ],
)
def test_why_there_are_no_numbers(factors: dict[str, list[str]], change: dict[str, Any], reason: str) -> None:
    data = planted(100)
    for column, value in change.items():
        data[column] = data[value] * 2 if isinstance(value, str) else value
    analysis = confirmatory_factor_analysis(data, factors=factors, cluster="unit")
    assert not analysis.converged
    assert analysis.reason == REASONS[reason]
    assert analysis.loadings["standardised"].isna().all()
    assert analysis.fit[["chisq", "p_value", "cfi", "rmsea", "srmr"]].isna().all(axis=None)
    assert analysis.reliability["estimate"].isna().all()


def test_a_model_that_cannot_tell_parameters_apart_says_so() -> None:
    """Loadings and variance of a factor all free: 6 parameters on 10 moments, and still a scale too many."""
    items = ("a", "b", "c", "d")
    rows = [Parameter("f", "=~", i) for i in items] + [Parameter(i, "~~", i) for i in items]
    model = StructuralModel(items, ("f",), (*rows, Parameter("f", "~~", "f")))
    cov = 0.5 + 0.5 * np.eye(4)
    fit = fit_model(model, moments_from_summary(items, n=[200], means=[np.zeros(4)], covs=[cov]))
    assert (fit.estimated, fit.reason, fit.df) == (False, REASONS["not_identified"], 1)
    assert np.isnan(fit.theta).all()


def test_a_negative_variance_is_reported_beside_its_numbers() -> None:
    cov = np.array([[1.0, 0.8, 0.8], [0.8, 1.0, 0.6], [0.8, 0.6, 1.0]])
    fit = fit_model(
        model_of({"f": ["a", "b", "c"]}),
        moments_from_summary("abc", n=[100], means=[np.zeros(3)], covs=[cov]),
    )
    assert fit.estimated
    assert fit.reason == REASONS["negative_variance"]
    # Just identified: the loading of b is cov(b, c) / cov(a, c), the variance of a 1 - 0.64 / 0.6.
    values = fit.estimates().set_index(["lhs", "op", "rhs"])["estimate"]
    assert_allclose(values["f", "=~", "b"], 0.6 / 0.8, atol=1e-6)
    assert_allclose(values["a", "~~", "a"], 1 - 0.64 / 0.6, atol=1e-6)


def test_factors_beyond_a_correlation_of_one_are_reported() -> None:
    loadings = np.kron(np.eye(2), np.full((3, 1), 0.6))
    cov = loadings @ np.array([[1, 1.2], [1.2, 1]]) @ loadings.T + 0.8 * np.eye(6)
    items = [i for own in TWO.values() for i in own]
    fit = fit_model(model_of(TWO), moments_from_summary(items, n=[100], means=[np.zeros(6)], covs=[cov]))
    assert (fit.estimated, fit.reason) == (True, REASONS["improper_factors"])


def test_fit_of_robust_statistics_is_free_of_the_scaling() -> None:
    """By the formula, from the chi-squares of normal theory: a model of one factor that does not fit, in two groups."""
    data = planted(300).assign(weight=np.random.default_rng(4).choice([0.2, 3.0], 600))
    options: dict[str, Any] = {
        "factors": {"all": [*TWO["a"], *TWO["b"]]},
        "weights": "weight",
        "groups": "wave",
    }
    analysis = confirmatory_factor_analysis(data, cluster="unit", **options)
    plain = fit_measures(analysis.solution)
    spread = robust_statistics(analysis.solution)
    assert spread.scaling > 1.3
    assert spread.scaling_baseline > 1.3
    off = plain.chisq - spread.scaling * plain.df
    off_baseline = plain.baseline_chisq - spread.scaling_baseline * plain.baseline_df
    assert off > 50
    row = analysis.fit.iloc[0]
    assert_allclose(row["chisq"], plain.chisq / spread.scaling)
    assert_allclose(row["cfi"], 1 - off / off_baseline)
    assert_allclose(row["tli"], 1 - (off / plain.df) / (off_baseline / plain.baseline_df))
    assert_allclose(row["rmsea"], np.sqrt(2 * off / (600 * plain.df)))
    # Both ends of the interval are those at which the test would have been at its 95th and 5th percentile.
    for end, share in (("rmsea_low", 0.95), ("rmsea_high", 0.05)):
        away = row[end] ** 2 * 600 * plain.df / (2 * spread.scaling)
        assert_allclose(ncx2.cdf(row["chisq"], plain.df, away), share, rtol=1e-6)


@pytest.mark.parametrize("cluster", [None, "unit"])
def test_the_error_of_composite_reliability_is_the_delta_method(cluster: str | None) -> None:
    """With a slope taken by small steps of the parameters."""
    data = planted(200)
    analysis = confirmatory_factor_analysis(data, factors=TWO, cluster=cluster)
    fit = analysis.solution
    covariance = fit.covariance if cluster is None else robust_statistics(fit).covariance
    at = [index for index in fit.model.free_index if index >= 0]
    assert at == list(range(len(fit.theta)))
    free = [p for p, index in zip(fit.model.parameters, fit.model.free_index, strict=True) if index >= 0]

    def omega(theta: np.ndarray, factor: str) -> float:
        value = {(p.op, p.lhs, p.rhs): x for p, x in zip(free, theta, strict=True)}
        total = sum(value.get(("=~", factor, item), 1.0) for item in TWO[factor]) ** 2
        total *= value[("~~", factor, factor)]
        return total / (total + sum(value[("~~", item, item)] for item in TWO[factor]))

    for row in analysis.reliability.itertuples():
        slope = [
            (omega(fit.theta + step, row.factor) - omega(fit.theta - step, row.factor)) / 2e-5
            for step in 1e-5 * np.eye(len(fit.theta))
        ]
        assert_allclose(row.estimate, omega(fit.theta, row.factor))
        assert_allclose(row.std_error, np.sqrt(slope @ covariance @ slope), rtol=1e-6)
        quantile = 1.959963984540054 if cluster is None else t.ppf(0.975, 29)
        half = quantile * row.std_error / (row.estimate * (1 - row.estimate))
        assert_allclose([row.conf_low, row.conf_high], expit(logit(row.estimate) + half * np.array([-1, 1])))


# Few clusters.


@pytest.mark.parametrize("few", [1, 2, 9])
def test_fewer_than_ten_clusters_give_a_reason_and_no_numbers(few: int) -> None:
    data = planted(300).assign(team=np.arange(600) % few)
    reason = REASONS["few_clusters"]
    analysis = confirmatory_factor_analysis(data, factors=TWO, cluster="team")
    assert (analysis.converged, analysis.reason, analysis.n, analysis.n_clusters) == (
        False,
        reason,
        600,
        None,
    )
    assert analysis.fit[["chisq", "cfi", "rmsea", "rmsea_low"]].isna().all(axis=None)
    free = ~analysis.loadings["item"].isin(["a0", "b0"])
    assert analysis.loadings.loc[free, ["estimate", "std_error", "conf_low"]].isna().all(axis=None)
    steps = measurement_invariance(data, factors=TWO, by="wave", cluster="team")
    assert set(steps["reason"]) == {reason}
    assert steps[["chisq", "holds"]].isna().all(axis=None)
    assert set(one_factor_test(data, factors=TWO, cluster="team")["reason"]) == {reason}
    marked = marker_correction(data, columns=["a0", "b0"], marker="b2", cluster="team")
    assert marked[["estimate", "std_error", "conf_low"]].isna().all(axis=None)
    # Normal theory knows of no clusters.
    assert confirmatory_factor_analysis(data, factors=TWO, cluster="team", robust=False).converged


def test_ten_clusters_are_enough() -> None:
    data = planted(300).assign(team=np.arange(600) % 10)
    analysis = confirmatory_factor_analysis(data, factors=TWO, cluster="team")
    assert (analysis.converged, analysis.reason, analysis.n_clusters) == (True, "", 10)
    marked = marker_correction(data, columns=["a0", "b0"], marker="b2", cluster="team")
    assert marked[["estimate", "std_error", "conf_low"]].notna().all(axis=None)


@pytest.mark.parametrize("scaling", [0.0, -1.0, float("nan"), 1e-28, 1e-300])
def test_a_scaling_that_cannot_be_gives_no_numbers_and_no_error(scaling: float) -> None:
    analysis = confirmatory_factor_analysis(planted(100), factors=TWO, cluster="unit")
    spread = robust_statistics(analysis.solution)
    broken = fit_measures(analysis.solution, robust=dataclasses.replace(spread, scaling=scaling))
    assert np.isnan([broken.rmsea_low, broken.rmsea_high]).all()
    if not scaling > 0:
        numbers = [broken.chisq, broken.p_value, broken.cfi, broken.tli, broken.rmsea, broken.rmsea_p]
        assert np.isnan(numbers).all()
    other = fit_measures(analysis.solution, robust=dataclasses.replace(spread, scaling_baseline=0.0))
    assert np.isnan([other.cfi, other.tli, other.baseline_chisq]).all()
    assert other.rmsea_high > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"factors": {}}, "factors must name at least one construct with its items; got none."),
        ({"factors": {"a": []}}, "factors ['a'] must be lists of at least one item."),
        (
            {"factors": {"a": ["a0", "a1"], "b": ["a1"]}},
            "columns ['a1'] are named more than once: give every item one factor.",
        ),
        ({"factors": {"a": ["a0", "q", "r"]}}, "columns ['q', 'r'] are not in the data: check the spelling."),
        (
            {"factors": {"a": ["a0", "a1", "text"]}},
            "columns ['text'] are not numeric: recode them to numbers.",
        ),
        ({"conf_level": 95}, "conf_level must be between 0 and 1; got 95."),
        (
            {"weights": "zero"},
            "weights column 'zero' holds 200 values that are missing, zero or below: correct them, or remove "
            "those rows first and say so.",
        ),
        (
            {"factors": {"a": ["a0", "a1", "endless"]}},
            "columns ['endless'] hold infinite values: declare them missing, or correct them.",
        ),
    ],
)
def test_illegal_input(change: dict[str, Any], message: str) -> None:
    data = planted(100).assign(zero=0.0, text="x", endless=np.inf)
    with pytest.raises(ValueError) as caught:
        confirmatory_factor_analysis(data, **{"factors": TWO} | change)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ([("x", "~", "q")], "parameters name ['q'], which are neither observed nor latent."),
        ([("x", "<-", "y")], "op must be one of ['=~', '~', '~~', '~1']; got ['<-']."),
        ([("x", "~~", "y"), ("y", "~~", "x")], "parameters ['x ~~ y'] are given more than once."),
        ([("x", "~", "y", 1)], "group must be from 0 to 0; got [1]."),
        (
            [("x", "~", "y", 0, 1.0, "b")],
            "parameters with the labels ['b'] are fixed as well: give a value or a label.",
        ),
    ],
)
def test_models_that_contradict_themselves(parameters: list[tuple[Any, ...]], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        StructuralModel(("x", "y"), (), tuple(Parameter(*row) for row in parameters))
    assert str(caught.value) == message


# Invariance.


@pytest.mark.parametrize("cluster", [None, "unit"])
@pytest.mark.parametrize(
    ("planted_difference", "holds"),
    [
        ({}, [True, True, True, True]),
        ({"shift": 0.5}, [True, True, False, False]),
        ({"loading": 0.3}, [True, False, False, False]),
    ],
)
def test_a_planted_difference_is_found_at_its_level(
    planted_difference: dict[str, float], holds: list[bool], cluster: str | None
) -> None:
    data = planted(600, **planted_difference)
    table = measurement_invariance(data, factors=TWO, by="wave", cluster=cluster)
    assert table["holds"].tolist() == holds
    first = holds.index(False) if False in holds else None
    p = table["delta_p"].tolist()
    assert all(value > 0.01 for value in p[1:first])
    assert first is None or p[first] < 1e-6
    assert table["n_groups"].tolist() == [2] * 4


@pytest.mark.parametrize("seed", [2, 16])
def test_a_rise_of_rmsea_that_chance_explains_refuses_nothing(seed: int) -> None:
    """Three items that measure the same in both groups; RMSEA of 2 or 4 degrees of freedom follows chance."""
    options: dict[str, Any] = {"factors": {"a": TWO["a"]}, "by": "wave", "robust": True}
    by_limits = measurement_invariance(planted(300, seed=seed), **options, rule="chen").set_index("level")
    assert by_limits.loc["scalar", "delta_rmsea"] > 0.025
    assert by_limits["holds"].tolist() == [True, True, False, False]
    assert by_limits.loc["scalar", "delta_p"] > 0.05
    tested = measurement_invariance(planted(300, seed=seed), **options)
    assert tested["holds"].tolist() == [True] * 4
    shifted = measurement_invariance(planted(300, seed=seed, shift=0.25), **options)
    assert shifted["holds"].tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("changes", "rule", "holds"),
    [
        ((-0.010, 0.0, 0.049), "chen_tested", False),
        ((-0.010, 0.0, 0.050), "chen_tested", True),
        ((-0.009, 0.015, 0.049), "chen_tested", False),
        ((-0.009, 0.015, 0.050), "chen_tested", True),
        ((-0.009, 0.014, 0.0), "chen_tested", True),
        ((-0.010, 0.0, np.nan), "chen_tested", False),
        ((-0.009, np.nan, 0.0), "chen_tested", True),
        ((-0.009, 0.015, 0.9), "chen", False),
        ((-0.009, 0.015, 0.0), "cheung_rensvold", True),
        ((-0.010, 0.0, 0.9), "cheung_rensvold", False),
    ],
)
def test_the_limits_of_a_level(changes: tuple[float, float, float], rule: Any, holds: bool) -> None:
    assert _passes(*changes, rule=rule) is holds


def test_the_rule_decides() -> None:
    """A rise of RMSEA alone refuses under Chen's rule and not under that of Cheung and Rensvold."""
    found = {}
    for rule in ("chen_tested", "chen", "cheung_rensvold"):
        data = planted(2000, seed=5, shift=0.16)
        table = measurement_invariance(data, factors=TWO, by="wave", rule=rule)
        found[rule] = table.set_index("level").loc["scalar"]
    assert found["chen"]["delta_cfi"] > -0.010
    assert found["chen"]["delta_rmsea"] >= 0.015
    assert not found["chen"]["holds"]
    assert not found["chen_tested"]["holds"]
    assert found["cheung_rensvold"]["holds"]


def test_one_construct_of_three_items_begins_at_the_metric_level() -> None:
    table = measurement_invariance(planted(200), factors={"a": TWO["a"]}, by="wave").set_index("level")
    assert table["df"].tolist() == [0, 2, 4, 7]
    assert table.loc["configural", ["p_value", "rmsea"]].isna().all()
    assert table["holds"].tolist() == [True] * 4


def test_small_groups_are_left_out_and_counted() -> None:
    data = planted(200, groups=3)
    data.loc[data["wave"] == "2", "wave"] = np.where(np.arange(200) < 99, "2", "1")
    data.loc[0, "a0"] = np.nan
    table = measurement_invariance(data, factors=TWO, by="wave")
    assert set(table["n"]) == {199 + 301}
    assert set(table["n_groups"]) == {2}
    assert set(table["n_excluded"]) == {100}
    assert set(table["n_groups_excluded"]) == {1}
    alone = measurement_invariance(data, factors=TWO, by="wave", min_group_n=250)
    assert alone["reason"].tolist() == [INVARIANCE_REASONS["one_group"]]
    assert alone["level"].tolist() == [""]
    assert alone["holds"].isna().all()
    assert alone[["n", "n_groups", "n_groups_excluded"]].to_numpy().tolist() == [[301, 1, 2]]
    pair = measurement_invariance(data, factors={"a": ["a0", "a1"]}, by="wave")
    assert pair["reason"].tolist() == [INVARIANCE_REASONS["not_identified"]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": "mine"}, "rule must be one of ['chen_tested', 'chen', 'cheung_rensvold']; got 'mine'."),
        ({"min_group_n": 1}, "min_group_n must be at least 2; got 1."),
        ({"by": "language"}, "columns ['language'] are not in the data: check the spelling."),
    ],
)
def test_illegal_options_of_invariance(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        measurement_invariance(planted(100), **{"factors": TWO, "by": "wave"} | options)
    assert str(caught.value) == message


def test_a_difference_between_models_that_do_not_differ_has_no_test() -> None:
    fit = fit_model(model_of(TWO), sample_moments(planted(100), columns=list(model_of(TWO).observed)))
    statistic, df, p = chi_square_difference(fit, fit)
    assert (df, np.isnan(statistic), np.isnan(p)) == (0, True, True)


# Common method variance.


def test_one_factor_is_refused_where_there_are_two() -> None:
    table = one_factor_test(planted(300), factors=TWO, cluster="unit")
    assert table["model"].tolist() == ["measured", "one_factor"]
    assert table["df"].tolist() == [8, 9]
    assert table["delta_df"].tolist()[1] == 1
    assert table.loc[0, "cfi"] > 0.99
    assert table.loc[1, "delta_cfi"] < -0.1
    assert table.loc[1, "delta_p"] < 1e-10
    assert table["n_clusters"].tolist() == [30, 30]
    assert table["reason"].tolist() == ["", ""]
    with pytest.raises(ValueError) as caught:
        one_factor_test(planted(300), factors={"a": TWO["a"]})
    assert str(caught.value) == "factors must name two constructs or more; got ['a']."


def test_the_marker_correction_is_its_formula() -> None:
    data = planted(300)
    data["blue"] = 0.3 * (data["a0"] + data["b0"] + data["b1"]) + np.random.default_rng(1).standard_normal(
        600
    )
    table = marker_correction(data, columns=["a0", "b0", "b1"], marker="blue")
    r = data[["a0", "b0", "b1", "blue"]].corr()
    smallest = r.loc["blue", ["a0", "b0", "b1"]].min()
    for row in table.itertuples():
        expected = (r.loc[row.first, row.second] - smallest) / (1 - smallest)
        assert_allclose([row.correlation, row.marker_correlation], [r.loc[row.first, row.second], smallest])
        assert_allclose(row.estimate, expected)
        assert row.conf_low < row.estimate < row.conf_high
    assert set(table["n"]) == {600}
    declared = marker_correction(data, columns=["a0", "b0"], marker=0.2)
    assert_allclose(declared["estimate"], (r.loc["a0", "b0"] - 0.2) / 0.8)
    plain = marker_correction(data, columns=["a0", "b0"], marker=0.0).iloc[0]
    assert_allclose(plain["estimate"], r.loc["a0", "b0"])
    # Of normal answers the sandwich is near the textbook error of Fisher's z.
    width = np.arctanh(plain["conf_high"]) - np.arctanh(plain["conf_low"])
    assert_allclose(width, 2 * 1.96 / np.sqrt(597), rtol=0.15)


def test_the_error_of_a_corrected_correlation_is_that_of_the_jackknife_over_clusters() -> None:
    rng = np.random.default_rng(2)
    unit = np.repeat(np.arange(80), 5)
    common = rng.standard_normal((80, 1))[unit]
    data = pd.DataFrame(common + rng.standard_normal((400, 3)), columns=["a", "b", "blue"])
    data = data.assign(unit=unit, weight=rng.uniform(0.5, 2, 400))
    options: dict[str, Any] = {
        "columns": ["a", "b"],
        "marker": "blue",
        "weights": "weight",
        "cluster": "unit",
    }
    row = marker_correction(data, **options).iloc[0]
    left_out = [marker_correction(data[data["unit"] != u], **options)["estimate"].iloc[0] for u in range(80)]
    jackknife = np.sqrt(79 / 80 * ((left_out - np.mean(left_out)) ** 2).sum())
    assert_allclose(row["std_error"], jackknife, rtol=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ["a0"]}, "columns must be two or more; got ['a0']."),
        ({"marker": "a0"}, "marker 'a0' is one of the columns to be corrected: take it out of columns."),
        ({"marker": 1.0}, "marker must be a column, or a correlation from 0 to below 1; got 1.0."),
        ({"conf_level": 0}, "conf_level must be between 0 and 1; got 0."),
    ],
)
def test_illegal_markers(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        marker_correction(planted(50), **{"columns": ["a0", "b0"], "marker": "b2"} | options)
    assert str(caught.value) == message


# The study.


def company(client: Any, *, waves: int = 2, per_wave: int = 240) -> Any:
    """Employees with two constructs of three items, one of them reversed, in twelve units of two kinds."""
    rng = np.random.default_rng(9)
    n = waves * per_wave
    units = [f"Unit {letter}" for letter in "ABCDEFGHIJKL"]
    team = np.array(units)[np.arange(n) % 12]
    common = rng.standard_normal((n, 2)) @ np.array([[1.0, 0.4], [0.0, 0.9]])
    raw = 4 + 1.2 * np.repeat(common, 3, axis=1) + 0.8 * rng.standard_normal((n, 6))
    answers = np.clip(np.round(raw), 1, 7).astype(int)
    frame = pd.DataFrame(answers, columns=["eng_1", "eng_2", "eng_3", "ease_1", "ease_2", "ease_3"])
    frame["ease_3"] = 8 - frame["ease_3"]
    frame["blue"] = rng.integers(1, 8, n)
    frame["enps"] = rng.integers(0, 11, n)
    frame["needs"], frame["customer"] = rng.integers(1, 8, n), rng.integers(1, 8, n)
    frame["id"], frame["team"] = [f"p{i % per_wave:03d}" for i in range(n)], team
    frame["year"] = np.repeat([f"{2024 + wave}" for wave in range(waves)], per_wave)
    frame["answer_language"] = np.where(rng.uniform(size=n) < 0.5, "nl", "en")
    client.tables["employees"] = frame
    client.tables["units"] = pd.DataFrame(
        {
            "team": np.tile(units, waves),
            "year": np.repeat([f"{2024 + wave}" for wave in range(waves)], 12),
            "staff": 30,
            "kind": np.tile(["shop", "office"] * 6, waves),
        }
    )
    seven = {"minimum": 1, "maximum": 7}
    for name in ("ease_1", "ease_2", "ease_3"):
        more = {"reversed": True} if name == "ease_3" else {}
        client.variables[f"employees.{name}"] = client.entry(
            "employees", name, "item", construct="ease", **seven, **more
        )
    client.variables["employees.blue"] = client.entry("employees", "blue", "item", construct="blue", **seven)
    client.variables["employees.answer_language"] = client.entry("employees", "answer_language", "category")
    return client


@pytest.fixture
def study(client: Any) -> Study:
    return company(client).load()


def test_the_structure_of_a_study(study: Study) -> None:
    table = structure_of_study(study).set_index(["table", "model"])
    assert table.index.tolist() == [
        (name, model) for name in ("employees", "customers") for model in ("measured", "one_factor")
    ]
    measured, single = table.loc[("employees", "measured")], table.loc[("employees", "one_factor")]
    assert (measured["n"], measured["n_constructs"], measured["n_items"]) == (480, 2, 6)
    assert (measured["df"], single["df"], measured["n_clusters"]) == (8, 9, 12)
    # The reversed item has been turned round: its construct holds together.
    assert measured["cfi"] > 0.98
    assert single["cfi"] < 0.85
    assert (measured["reason"], single["reason"]) == ("", "")
    customers = table.loc["customers"]
    assert set(customers["reason"]) == {STUDY_REASONS["no_construct"]}
    assert customers["chisq"].isna().all()


def test_the_invariance_of_a_study(study: Study) -> None:
    table = invariance_of_study(study)
    employees = table[table["table"] == "employees"]
    assert list(dict.fromkeys(employees["by"])) == ["wave", "answer_language", "kind"]
    assert employees["level"].tolist() == list(LEVELS) * 3
    assert employees["holds"].all()
    assert set(employees["n"]) == {480}
    assert set(employees["n_groups"]) == {2}
    customers = table[table["table"] == "customers"]
    assert customers[["by", "level", "reason"]].to_numpy().tolist() == [
        ["", "", STUDY_REASONS["no_construct"]]
    ]


def test_what_a_study_lacks_is_said(client: Any) -> None:
    client = company(client, waves=1)
    del client.variables["employees.answer_language"], client.variables["units.kind"]
    client.tables["employees"] = client.tables["employees"].drop(columns="answer_language")
    client.tables["units"] = client.tables["units"].drop(columns="kind")
    table = invariance_of_study(client.load())
    employees = table[table["table"] == "employees"]
    assert dict(zip(employees["by"], employees["reason"], strict=True)) == {
        "wave": STUDY_REASONS["one_wave"],
        "language": STUDY_REASONS["no_language"],
        "unit": STUDY_REASONS["no_kinds"],
    }


def test_a_single_construct_of_three_items_cannot_be_tested(client: Any) -> None:
    table = structure_of_study(client.load())
    employees = table[table["table"] == "employees"]
    assert set(employees["reason"]) == {STUDY_REASONS["small_construct"]}


@pytest.mark.parametrize("marker", ["blue", "needs"])
def test_the_marker_of_a_study(study: Study, marker: str) -> None:
    table = marker_of_study(study, marker=marker)
    scores = ["engagement", "enps", "ease"] + (["blue"] if marker == "needs" else [])
    pairs = [(a, b) for i, a in enumerate(scores) for b in scores[i + 1 :]]
    assert sorted(map(sorted, zip(table["first"], table["second"], strict=True))) == sorted(
        map(sorted, pairs)
    )
    assert set(table["reason"]) == {""}
    assert set(table["table"]) == {"employees"}
    assert set(table["n"]) == {480}
    assert ((table["conf_low"] < table["estimate"]) & (table["estimate"] < table["conf_high"])).all()


@pytest.mark.parametrize(("marker", "reason"), [("pink", "unknown_marker"), ("cx", "few_scores")])
def test_a_marker_that_is_no_use(study: Study, marker: str, reason: str) -> None:
    table = marker_of_study(study, marker=marker)
    assert table["reason"].tolist() == [STUDY_REASONS[reason]]
    assert table["estimate"].isna().all()


def asked_in_two_units(client: Any) -> Any:
    """The company, whose questions about ease were asked in two of its twelve units."""
    client = company(client)
    frame = client.tables["employees"]
    names = ["ease_1", "ease_2", "ease_3"]
    asked = frame["team"].isin(["Unit A", "Unit B"])
    for name in names:
        frame[name] = frame[name].astype("Int64").where(asked)
    return client


def test_questions_of_two_units_are_grouped_by_person(client: Any) -> None:
    """The whole table has twelve units; the sheets that enter the model have two, which are too few to be groups."""
    study = asked_in_two_units(client).load()
    table = structure_of_study(study).set_index(["table", "model"])
    row = table.loc[("employees", "measured")]
    assert (row["n"], row["n_excluded"], row["n_clusters"], row["reason"]) == (80, 400, 40, "")
    sheets = study.table("employees").copy()
    sheets["ease_3"] = 8 - sheets["ease_3"]
    factors = {name: [f"{name}_{i}" for i in (1, 2, 3)] for name in ("eng", "ease")}
    by_hand = confirmatory_factor_analysis(sheets, factors=factors, cluster="person")
    assert_allclose(
        row[["chisq", "scaling"]].astype(float), by_hand.fit.loc[0, ["chisq", "scaling"]].astype(float)
    )
    steps = invariance_of_study(study, min_group_n=20)
    steps = steps[(steps["table"] == "employees") & (steps["by"] == "wave")]
    assert set(steps["n"]) == {80}
    assert steps["chisq"].notna().all()
    marked = marker_of_study(study, marker="blue").set_index(["first", "second"])
    pair = (
        marked.loc[("engagement", "ease")]
        if ("engagement", "ease") in marked.index
        else marked.loc[("ease", "engagement")]
    )
    assert (pair["n"], pair["reason"]) == (80, "")
    assert pair[["estimate", "conf_low"]].notna().all()


def test_clusters_of_a_comparison_are_those_of_the_sheets_compared(client: Any) -> None:
    """Sheets of the other ten units name no language."""
    client = company(client)
    frame = client.tables["employees"]
    known = frame["team"].isin(["Unit A", "Unit B"])
    frame["answer_language"] = np.where(known, np.where(frame["year"] == "2024", "nl", "en"), None)
    study = client.load()
    steps = invariance_of_study(study, min_group_n=20).set_index(["table", "by", "level"])
    row = steps.loc[("employees", "answer_language", "metric")]
    sheets = study.table("employees").copy()
    sheets["ease_3"] = 8 - sheets["ease_3"]
    factors = {name: [f"{name}_{i}" for i in (1, 2, 3)] for name in ("eng", "ease")}
    by_hand = measurement_invariance(
        sheets, factors=factors, by="answer_language", cluster="person", min_group_n=20
    ).set_index("level")
    assert row["n"] == 80
    for column in ("chisq", "delta_chisq"):
        assert_allclose(row[column], by_hand.loc["metric", column])


def test_a_construct_without_a_score_is_left_out_of_the_marker_with_its_reason(client: Any) -> None:
    client = company(client)
    frame = client.tables["employees"]
    frame["ease_2"] = frame["ease_1"]
    study = client.load()
    factor = Construct(nl="Gemak", en="Ease", score="factor")
    book = study.codebook
    study = dataclasses.replace(study, codebook=Codebook(book.variables, {**book.constructs, "ease": factor}))
    table = marker_of_study(study, marker="blue")
    assert table[["first", "second", "reason"]].to_numpy().tolist() == [
        ["engagement", "enps", ""],
        ["ease", "", FACTOR_REASONS["alike"]],
    ]
    assert table["n"].tolist() == [480, 0]
    assert table["estimate"].notna().tolist() == [True, False]
    few = marker_of_study(study, marker="enps")
    assert few["reason"].tolist()[-1] == FACTOR_REASONS["alike"]


def test_the_weights_of_a_study_reach_its_structure(client: Any) -> None:
    client = company(client)
    frame = client.tables["employees"]
    frame["w"] = np.random.default_rng(6).choice([0.3, 2.5], len(frame))
    client.variables["employees.w"] = client.entry("employees", "w", "weight")
    study = client.load()
    sheets = study.table("employees").copy()
    sheets["ease_3"] = 8 - sheets["ease_3"]
    assert sheets["weight"].nunique() == 2
    factors = {name: [f"{name}_{i}" for i in (1, 2, 3)] for name in ("eng", "ease")}
    options: dict[str, Any] = {"weights": "weight", "cluster": "unit"}

    table = structure_of_study(study)
    by_hand = one_factor_test(sheets, factors=factors, **options)
    plain = one_factor_test(sheets, factors=factors, cluster="unit")
    for column in ("chisq", "scaling", "rmsea", "srmr"):
        ours = table.loc[table["table"] == "employees", column]
        assert_allclose(ours, by_hand[column], rtol=1e-6, atol=1e-9)
    assert abs(plain.loc[1, "chisq"] / by_hand.loc[1, "chisq"] - 1) > 0.01

    steps = invariance_of_study(study)
    steps = steps[(steps["table"] == "employees") & (steps["by"] == "wave")]
    by_hand = measurement_invariance(sheets, factors=factors, by="wave", **options)
    assert_allclose(steps["chisq"], by_hand["chisq"], rtol=1e-6)

    marked = marker_of_study(study, marker="blue").set_index(["first", "second"])
    scores = pd.DataFrame({name: sheets[columns].mean(axis=1) for name, columns in factors.items()})
    r = np.cov(scores.to_numpy().T, aweights=sheets["weight"])
    assert_allclose(marked.loc[("engagement", "ease"), "correlation"], r[0, 1] / np.sqrt(r[0, 0] * r[1, 1]))
