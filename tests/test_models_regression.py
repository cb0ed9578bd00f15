"""Linear regression from moments against R, pyfixest, statsmodels and matrices written out in full."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from statsmodels.regression.linear_model import OLS, WLS

from exresearch.models import NotEstimable, unit_moments
from exresearch.models.moments.arrays import complete_moments
from exresearch.models.regression import LinearFit, linear_combinations, linear_regression, wald_test

# Another order of summation; R and pyfixest print 15 digits.
EXACT = 1e-9
# p values of 1e-29 amplify the last digits of t.
TAIL = 1e-8

REFERENCE = json.loads((Path(__file__).parent / "reference" / "regression.json").read_text(encoding="utf-8"))
SHARED = Path(__file__).parents[1].parent / "shared" / "reference"
LINE = ["HRS", "LEAD", "COHES"]
FEW = ["HRS", "LEAD", "G.COHES"]
ROWS = ["HC0", "HC1", "HC2", "HC3", "HC4"]
CLUSTERS = ["CR0", "CR1", "CR1S", "CR2", "CR3"]


def shared_table(name: str) -> pd.DataFrame:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the shared reference table {name} is not here")
    return pd.read_csv(path)


@pytest.fixture(scope="module")
def bh() -> pd.DataFrame:
    return shared_table("04_reliability/bh1996.csv")


@pytest.fixture(scope="module")
def few() -> pd.DataFrame:
    return shared_table("05_multilevel/bh1996_12groups.csv").assign(w=lambda d: 1.0 + np.arange(len(d)) % 5)


def planted(seed: int = 4, clusters: int = 9) -> pd.DataFrame:
    """Unbalanced teams, one predictor of the team, weights, and an outcome with team effects."""
    rng = np.random.default_rng(seed)
    team = np.repeat(np.arange(clusters), rng.integers(3, 14, clusters))
    n = len(team)
    frame = pd.DataFrame(
        {
            "team": team,
            "x": rng.normal(5, 2, n),
            "z": rng.normal(size=n),
            "size": rng.normal(size=clusters)[team],
        }
    )
    frame["w"] = rng.uniform(0.3, 3.0, n)
    effect = rng.normal(size=clusters)[team]
    frame["y"] = 2.0 + 0.5 * frame["x"] - 0.3 * frame["size"] + 0.7 * effect + rng.normal(size=n) * frame["w"]
    return frame


PREDICTORS = ["x", "z", "size"]


def root(matrix: np.ndarray, power: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    there = values > 1e-9 * values.max()
    return (vectors[:, there] * values[there] ** power) @ vectors[:, there].T


def brute_force(
    frame: pd.DataFrame,
    predictors: Sequence[str],
    *,
    weights: str | None,
    cluster: str | None,
    target: str,
    constraints: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """CR2 as clubSandwich has it, with every n x n matrix written out: estimate, covariance, df, nu of HTZ."""
    design = np.column_stack([np.ones(len(frame)), frame[list(predictors)]])
    outcome, n = frame["y"].to_numpy(), len(frame)
    W = np.diag(frame[weights].to_numpy(float) if weights else np.ones(n))
    work = np.linalg.inv(W) if target == "inverse_weights" else np.eye(n)
    bread = np.linalg.inv(design.T @ W @ design)
    estimate = bread @ design.T @ W @ outcome
    residual = outcome - design @ estimate
    leave = np.eye(n) - design @ bread @ design.T @ W
    working = leave @ work @ leave.T
    codes = frame[cluster].to_numpy() if cluster else np.arange(n)
    covariance, parts = np.zeros_like(bread), []
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        block = np.ix_(rows, rows)
        if target == "inverse_weights":
            # Rows times the root of their weight.
            scale = np.sqrt(np.diag(W)[rows])
            adjust = root(scale[:, None] * working[block] * scale, -0.5) * scale / scale[:, None]
        else:
            adjust = root(working[block], -0.5)
        part = bread @ design[rows].T @ W[block] @ adjust
        covariance += np.outer(part @ residual[rows], part @ residual[rows])
        parts.append(part @ leave[rows])
    across = np.array([[g @ work @ h.T for h in parts] for g in parts])
    single = np.einsum("ghii->igh", across)
    df = np.trace(single, axis1=1, axis2=2) ** 2 / (single**2).sum(axis=(1, 2))
    several = constraints @ across @ constraints.T
    scaled = root(np.einsum("ggij->ij", several), -0.5)
    several = scaled @ several @ scaled
    q = len(constraints)
    spread = np.einsum("ghij,ghji->", several, several) + (np.einsum("ghii->gh", several) ** 2).sum()
    return estimate, covariance, df, q * (q + 1) / spread


def assert_same(one: pd.DataFrame, other: pd.DataFrame, tolerance: float = EXACT) -> None:
    for name in ("estimate", "std_error", "statistic", "df", "conf_low", "conf_high"):
        assert_allclose(one[name], other[name], rtol=tolerance, atol=tolerance)
    # Small p values magnify the last digits of t.
    assert_allclose(one["p_value"], other["p_value"], rtol=100 * tolerance)


@pytest.mark.parametrize("covariance", ["classical", *ROWS, *CLUSTERS])
def test_standard_errors_are_those_of_r(bh: pd.DataFrame, covariance: str) -> None:
    fit = linear_regression(
        bh,
        outcome="WBEING",
        predictors=LINE,
        covariance=covariance,
        cluster="GRP" if covariance in CLUSTERS else None,
    )
    expected = REFERENCE["bh1996"]
    assert fit.table["term"].tolist() == ["intercept", *LINE]
    assert_allclose(fit.table["estimate"], expected["estimate"], rtol=EXACT)
    assert_allclose(fit.table["std_error"], expected["std_error"][covariance], rtol=EXACT)
    assert_allclose(fit.r_squared, expected["r_squared"], rtol=EXACT)
    assert set(fit.table["n"]) == {7382}
    assert set(fit.table["n_clusters"]) == {99 if covariance in CLUSTERS else 7382}


def test_degrees_of_freedom_p_values_and_intervals_are_those_of_r(
    bh: pd.DataFrame, few: pd.DataFrame
) -> None:
    expected = REFERENCE["bh1996"]
    table = linear_regression(bh, outcome="WBEING", predictors=LINE, cluster="GRP").table
    assert_allclose(table["df"], expected["CR2"]["df"], rtol=EXACT)
    assert_allclose(table["statistic"], expected["CR2"]["t"], rtol=EXACT)
    assert_allclose(table["p_value"], expected["CR2"]["p"], rtol=TAIL)
    table = linear_regression(bh, outcome="WBEING", predictors=LINE, cluster="GRP", covariance="CR1S").table
    assert_allclose(table["df"], expected["CR1S_df_p_ci"]["df"])
    assert_allclose(table["p_value"], expected["CR1S_df_p_ci"]["p"], rtol=TAIL)
    assert_allclose(table[["conf_low", "conf_high"]], expected["CR1S_df_p_ci"]["ci"], rtol=EXACT)
    expected = REFERENCE["few"]
    fit = linear_regression(few, outcome="WBEING", predictors=FEW, cluster="GRP")
    assert (fit.n, fit.n_clusters, fit.n_excluded) == (expected["n"], 12, 0)
    for mine, theirs in (
        ("estimate", "estimate"),
        ("std_error", "std_error"),
        ("statistic", "t"),
        ("df", "df"),
    ):
        assert_allclose(fit.table[mine], expected["CR2"][theirs], rtol=EXACT)
    assert_allclose(fit.table["p_value"], expected["CR2"]["p"], rtol=TAIL)
    stata = linear_regression(few, outcome="WBEING", predictors=FEW, cluster="GRP", covariance="CR1S").table
    assert_allclose(stata["std_error"], expected["CR1S"], rtol=EXACT)


@pytest.mark.parametrize("weights", [None, "w"])
def test_jackknife_and_weights_are_those_of_pyfixest(few: pd.DataFrame, weights: str | None) -> None:
    expected = REFERENCE["few"]["pyfixest"]
    made = {
        kind: linear_regression(
            few, outcome="WBEING", predictors=FEW, cluster="GRP", weights=weights, covariance=kind
        ).table
        for kind in ("CR1S", "CR3")
    }
    jackknife = expected["weighted_CRV3" if weights else "CRV3"]
    factor = np.sqrt(12 / 11 * 646 / 643)
    assert_allclose(made["CR3"]["std_error"] * factor, jackknife, rtol=EXACT)
    if weights:
        assert_allclose(made["CR1S"]["std_error"], expected["weighted_CRV1"], rtol=EXACT)
        assert_allclose(made["CR1S"]["estimate"], expected["weighted_estimate"], rtol=EXACT)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("covariance", ["classical", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1S"])
def test_equals_statsmodels(weights: str | None, covariance: str) -> None:
    data = planted()
    design = np.column_stack([np.ones(len(data)), data[PREDICTORS]])
    model = OLS(data["y"], design) if weights is None else WLS(data["y"], design, weights=data[weights])
    if covariance == "classical":
        theirs = model.fit()
    elif covariance.startswith("HC"):
        theirs = model.fit(cov_type=covariance, use_t=True)
    else:
        theirs = model.fit(
            cov_type="cluster",
            cov_kwds={"groups": data["team"].to_numpy(), "use_correction": covariance == "CR1S"},
            use_t=True,
        )
    fit = linear_regression(
        data,
        outcome="y",
        predictors=PREDICTORS,
        weights=weights,
        covariance=covariance,
        cluster="team" if covariance.startswith("CR") else None,
    )
    assert_allclose(fit.coefficients, theirs.params, rtol=EXACT)
    assert_allclose(fit.covariance, theirs.cov_params(), rtol=EXACT, atol=1e-14)
    assert_allclose(fit.table["p_value"], theirs.pvalues, rtol=TAIL)
    assert_allclose(fit.table[["conf_low", "conf_high"]], theirs.conf_int(), rtol=TAIL)
    assert_allclose(fit.r_squared, theirs.rsquared, rtol=EXACT)
    mean_weight = 1.0 if weights is None else data[weights].mean()
    assert_allclose(fit.residual_sd, np.sqrt(theirs.scale / mean_weight), rtol=EXACT)
    # statsmodels takes n - k for clusters here; the statistic is the same.
    constraints = np.eye(4)[1:]
    joint = wald_test(fit, terms=PREDICTORS, test="F")
    assert_allclose(joint["statistic"], np.squeeze(theirs.f_test(constraints).fvalue), rtol=TAIL)
    if not covariance.startswith("CR"):
        assert_allclose(joint["p_value"], theirs.f_test(constraints).pvalue, rtol=TAIL)
    chi = theirs.wald_test(constraints, use_f=False, scalar=True)
    joint = wald_test(fit, constraints=constraints, test="chi2")
    assert_allclose([joint["statistic"][0], joint["p_value"][0]], [chi.statistic, chi.pvalue], rtol=TAIL)


@pytest.mark.parametrize("cluster", ["team", None])
@pytest.mark.parametrize(
    ("weights", "target"), [(None, "constant"), ("w", "constant"), ("w", "inverse_weights")]
)
def test_cr2_equals_matrices_written_out(weights: str | None, target: str, cluster: str | None) -> None:
    data = planted()
    constraints = np.array([[0.0, 1.0, 0.0, -1.0], [0.0, 1.0, 2.0, 0.0]])
    estimate, covariance, df, nu = brute_force(
        data, PREDICTORS, weights=weights, cluster=cluster, target=target, constraints=constraints
    )
    fit = linear_regression(
        data,
        outcome="y",
        predictors=PREDICTORS,
        weights=weights,
        cluster=cluster,
        covariance="CR2",
        working_variance=target,
    )
    assert_allclose(fit.coefficients, estimate, rtol=EXACT)
    assert_allclose(fit.covariance, covariance, rtol=EXACT, atol=1e-12)
    assert_allclose(fit.table["df"], df, rtol=EXACT)
    joint = wald_test(fit, constraints=constraints, null=[0.1, 0.2])
    assert_allclose(joint["df_denom"], nu - 1.0, rtol=EXACT)
    gap = constraints @ estimate - [0.1, 0.2]
    quadratic = gap @ np.linalg.solve(constraints @ covariance @ constraints.T, gap)
    assert_allclose(joint["statistic"], (nu - 1.0) / nu * quadratic / 2.0, rtol=EXACT)
    if cluster is None and target == "inverse_weights":
        rows = linear_regression(data, outcome="y", predictors=PREDICTORS, weights=weights, covariance="HC2")
        assert_allclose(rows.covariance, covariance, rtol=EXACT, atol=1e-12)


@pytest.mark.parametrize("target", ["constant", "inverse_weights"])
def test_cr2_with_a_dummy_per_team_takes_the_generalised_root(target: str) -> None:
    data = planted(clusters=6)
    dummies = [f"team{code}" for code in range(1, 6)]
    data = data.assign(**{name: (data["team"] == i + 1) * 1.0 for i, name in enumerate(dummies)})
    predictors = ["x", "z", *dummies]
    estimate, covariance, df, _ = brute_force(
        data, predictors, weights="w", cluster="team", target=target, constraints=np.eye(8)[1:2]
    )
    fit = linear_regression(
        data, outcome="y", predictors=predictors, weights="w", cluster="team", working_variance=target
    )
    assert_allclose(fit.coefficients, estimate, rtol=1e-7)
    assert_allclose(np.diag(fit.covariance), np.diag(covariance), rtol=1e-6)
    assert_allclose(fit.table["df"], df, rtol=1e-6)


def test_working_variances_agree_where_weights_are_constant_within_teams() -> None:
    data = planted().assign(w=lambda d: 1.0 + d["team"] % 4)
    estimate, covariance, _, _ = brute_force(
        data, PREDICTORS, weights="w", cluster="team", target="inverse_weights", constraints=np.eye(4)[1:2]
    )
    # clubSandwich's root for inverse_var = TRUE: D (D B D)^(-1/2) D with D the root of the working covariance.
    design = np.column_stack([np.ones(len(data)), data[PREDICTORS]])
    weight = data["w"].to_numpy()
    bread = np.linalg.inv(design.T * weight @ design)
    residual = data["y"].to_numpy() - design @ estimate
    club = np.zeros_like(bread)
    for code in range(9):
        rows = np.flatnonzero(data["team"] == code)
        D = np.diag(weight[rows] ** -0.5)
        B = np.diag(1 / weight[rows]) - design[rows] @ bread @ design[rows].T
        score = bread @ design[rows].T * weight[rows] @ D @ root(D @ B @ D, -0.5) @ D @ residual[rows]
        club += np.outer(score, score)
    assert_allclose(covariance, club, rtol=EXACT, atol=1e-12)
    same = linear_regression(
        data.assign(w=2.0), outcome="y", predictors=PREDICTORS, weights="w", cluster="team"
    )
    assert_same(same.table, linear_regression(data, outcome="y", predictors=PREDICTORS, cluster="team").table)


def test_moments_give_what_rows_give() -> None:
    data = planted()
    for cluster in ("team", None):
        moments = unit_moments(data, columns=["y", "w", *PREDICTORS], cluster=cluster)
        rows = linear_regression(data, outcome="y", predictors=PREDICTORS, cluster=cluster)
        assert_same(linear_regression(moments, outcome="y", predictors=PREDICTORS).table, rows.table)
        assert rows.covariance_type == ("CR2" if cluster else "HC3")
    moments = unit_moments(data, columns=["y", *PREDICTORS], cluster="team", weights="w")
    for covariance in CLUSTERS:
        assert_same(
            linear_regression(
                moments,
                outcome="y",
                predictors=PREDICTORS,
                covariance=covariance,
                working_variance="inverse_weights",
            ).table,
            linear_regression(
                data,
                outcome="y",
                predictors=PREDICTORS,
                cluster="team",
                weights="w",
                covariance=covariance,
                working_variance="inverse_weights",
            ).table,
        )


def test_without_intercept_and_standardised() -> None:
    data = planted()
    fit = linear_regression(
        data, outcome="y", predictors=PREDICTORS, weights="w", intercept=False, covariance="HC3"
    )
    theirs = WLS(data["y"], data[PREDICTORS], weights=data["w"]).fit(cov_type="HC3", use_t=True)
    assert_allclose(fit.covariance, theirs.cov_params(), rtol=EXACT)
    assert_allclose(fit.table["conf_low"], theirs.conf_int()[0], rtol=TAIL)
    assert_allclose(fit.r_squared, theirs.rsquared, rtol=EXACT)
    raw = linear_regression(data, outcome="y", predictors=PREDICTORS, weights="w", cluster="team")
    standard = linear_regression(
        data, outcome="y", predictors=PREDICTORS, weights="w", cluster="team", standardised=True
    )
    assert standard.table["term"].tolist() == PREDICTORS
    values = data[[*PREDICTORS, "y"]]
    spread = np.sqrt(np.cov(values.T, aweights=data["w"], ddof=0).diagonal())
    assert_allclose(standard.coefficients, raw.coefficients[1:] * spread[:3] / spread[3], rtol=EXACT)
    for name in ("statistic", "df", "p_value"):
        assert_allclose(standard.table[name], raw.table[name][1:], rtol=TAIL)


def test_combinations_are_the_coefficients_of_a_turned_model() -> None:
    data = planted().assign(sum=lambda d: d["x"] + d["z"])
    fit = linear_regression(data, outcome="y", predictors=["x", "z", "size"], cluster="team", weights="w")
    # y = b1 x + b2 z = (b1 - b2) x + b2 (x + z)
    turned = linear_regression(
        data, outcome="y", predictors=["x", "sum", "size"], cluster="team", weights="w", conf_level=0.9
    )
    table = linear_combinations(
        fit, combinations={"x": {"x": 1, "z": -1}, "sum": {"z": 1.0}, "twice": {"z": 2}}, conf_level=0.9
    )
    assert_same(table.iloc[:2], turned.table.iloc[1:3], 1e-8)
    assert (
        table["method"].tolist()
        == ["least squares, CR2 standard error, constant working variance, t with Satterthwaite df"] * 3
    )
    assert_allclose(table["df"][1], table["df"][2])
    shifted = linear_combinations(fit, combinations={"z": {"z": 1}}, null=0.3)
    assert_allclose(
        shifted["statistic"], (fit.coefficients["z"] - 0.3) / fit.table["std_error"][2], rtol=EXACT
    )
    # One constraint is the t test, with its df.
    joint = wald_test(fit, constraints=[[0, 1, -1, 0]])
    assert_allclose(joint["statistic"][0], table["statistic"][0] ** 2, rtol=EXACT)
    assert_allclose(joint["df_denom"][0], table["df"][0], rtol=EXACT)
    assert_allclose(joint["p_value"][0], table["p_value"][0], rtol=TAIL)


def fits(data: pd.DataFrame) -> list[LinearFit]:
    return [
        linear_regression(data, outcome="y", predictors=PREDICTORS, weights="w", covariance=kind, cluster=by)
        for kind, by in (("CR2", "team"), ("CR3", "team"), ("HC3", None), ("CR2", None))
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"x": (1e8, 0.0), "size": (1e-8, 0.0), "y": (1e6, 0.0)},
        {"x": (1e-8, 0.0), "z": (1e8, 0.0), "w": (1e7, 0.0)},
        {"y": (1e-8, 0.0), "w": (1e-8, 0.0)},
    ],
)
def test_units_of_measurement_decide_nothing(change: dict[str, tuple[float, float]]) -> None:
    data = planted()
    other = data.assign(**{name: data[name] * by + plus for name, (by, plus) in change.items()})
    for one, two in zip(fits(data), fits(other), strict=True):
        for name in ("statistic", "df"):
            assert_allclose(two.table[name], one.table[name], rtol=EXACT)
        assert_allclose(two.table["p_value"], one.table["p_value"], rtol=TAIL)
        joint = [wald_test(fit, terms=["x", "size"]) for fit in (one, two)]
        assert_allclose(joint[0]["p_value"], joint[1]["p_value"], rtol=TAIL)


def test_means_of_a_hundred_million_cost_no_digits() -> None:
    data = planted()
    # In steps of 2^-20, which a mean of 1e8 leaves exact.
    columns = ["x", "z", "y"]
    data[columns] = np.round(data[columns] * 2**20) / 2**20
    far = data.assign(**{name: data[name] + 1e8 for name in columns})
    for one, two in zip(fits(data), fits(far), strict=True):
        for name in ("estimate", "std_error", "df"):
            assert_allclose(two.table[name][1:], one.table[name][1:], rtol=1e-8)
        expected = one.coefficients["intercept"] + 1e8 * (1 - one.coefficients[["x", "z"]].sum())
        assert_allclose(two.coefficients["intercept"], expected, rtol=1e-8)


def test_order_of_rows_columns_and_teams_decides_nothing() -> None:
    data = planted()
    mixed = data.sample(frac=1.0, random_state=3).assign(team=lambda d: 100 - d["team"])
    for one, two in zip(fits(data), fits(mixed), strict=True):
        assert_same(one.table, two.table)
    turned = linear_regression(data, outcome="y", predictors=PREDICTORS[::-1], weights="w", cluster="team")
    assert_same(
        turned.table.set_index("term"), fits(data)[0].table.set_index("term").loc[turned.table["term"]]
    )


def test_rows_left_out_are_counted_and_the_data_are_not_changed() -> None:
    data = planted()
    holes = data.astype({"team": "float"})
    holes.loc[0, "y"] = holes.loc[1, "x"] = holes.loc[2, "w"] = holes.loc[3, "team"] = np.nan
    before = holes.copy()
    fit = linear_regression(holes, outcome="y", predictors=PREDICTORS, weights="w", cluster="team")
    whole = linear_regression(data[4:], outcome="y", predictors=PREDICTORS, weights="w", cluster="team")
    assert_same(fit.table, whole.table)
    assert (fit.n_excluded, fit.n) == (4, len(data) - 4)
    assert set(fit.table["n_excluded"]) == {4}
    pd.testing.assert_frame_equal(holes, before)


def test_planted_slopes_are_covered_as_often_as_promised() -> None:
    covered = []
    for seed in range(100):
        table = linear_regression(
            planted(seed, clusters=15), outcome="y", predictors=PREDICTORS, cluster="team"
        ).table.set_index("term")
        covered.append(
            (table["conf_low"] <= [2.0, 0.5, 0.0, -0.3]) & (table["conf_high"] >= [2.0, 0.5, 0.0, -0.3])
        )
    # 95 % and three standard errors of 100 draws.
    assert (np.abs(np.mean(covered, axis=0) - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 100)).all()


def refusal(call: object, *args: object, **options: object) -> str:
    with pytest.raises(ValueError) as caught:
        call(*args, **options)  # type: ignore[operator]
    return ("NotEstimable: " if isinstance(caught.value, NotEstimable) else "") + str(caught.value)


def test_data_without_an_answer_are_refused_by_name() -> None:
    data = planted().assign(
        copy=lambda d: 3 * d["x"] - d["z"], flat=2.0, zero=0.0, made=lambda d: 1 + d["x"] - 2 * d["size"]
    )

    def refused(predictors: Sequence[str], frame: pd.DataFrame = data, **more: object) -> str:
        return refusal(linear_regression, frame, **({"outcome": "y", "predictors": predictors} | more))

    assert refused(["x", "z", "size", "copy"]) == (
        "NotEstimable: columns ['x', 'z', 'copy'] are copies or linear combinations among themselves (to "
        "1e-10 of their variance), so their coefficients are not unique: leave one of them out of each such set."
    )
    assert refused(["x", "flat", "zero"]) == (
        "NotEstimable: columns ['flat', 'zero'] are constant over the complete rows: leave them out."
    )
    assert refused(["x", "zero"], intercept=False) == (
        "NotEstimable: columns ['zero'] are zero in all complete rows: leave them out."
    )
    assert refused(["x"], outcome="flat") == (
        "NotEstimable: outcome 'flat' is constant over the complete rows."
    )
    assert refused(["x", "size"], outcome="made") == (
        "NotEstimable: outcome 'made' is an exact linear combination of the predictors, so nothing is left to estimate "
        "the precision from: look for a predictor that was made from it."
    )
    assert refused(PREDICTORS, data[:4]) == (
        "NotEstimable: 4 coefficients need more than 4 complete rows, got 4 (0 left out as incomplete): use fewer "
        "predictors."
    )
    assert refused(["x"], data[data["team"] == 1], cluster="team") == (
        "NotEstimable: covariance 'CR2' compares clusters and there is 1: name a cluster with two or more units, or "
        "leave cluster out to take rows."
    )
    lone = data.assign(alone=(data["team"] == 3) * 1.0)
    assert refused(["x", "alone"], lone, cluster="team", covariance="CR3") == (
        "NotEstimable: one cluster decides the coefficients of ['alone'] alone, so that CR3 is not defined: "
        "leave these out, or use covariance='CR2'."
    )
    single = data.assign(single=np.arange(len(data)) == 7).astype({"single": float})
    for covariance in ("HC2", "HC3", "HC4", "CR3"):
        assert refused(["x", "single"], single, covariance=covariance) == (
            f"NotEstimable: one row decides the coefficients of ['single'] alone, so that {covariance} is not defined: "
            "merge small categories."
        )
    two = data[data["team"] < 2]
    assert refused(["size"], two, cluster="team") == (
        "NotEstimable: the coefficients of ['intercept', 'size'] are fitted without residual in every cluster (a "
        "column that is constant within few clusters, for example), so that clusters say nothing of their precision: "
        "leave them out."
    )


def test_requests_that_make_no_sense_are_refused() -> None:
    data = planted()
    ask = {"outcome": "y", "predictors": ["x"]}

    def refused(frame: object = data, **more: object) -> str:
        return refusal(linear_regression, frame, **(ask | more))

    assert refused(covariance="HC5") == (
        "covariance must be one of ['classical', 'HC0', 'HC1', 'HC2', 'HC3', 'HC4', 'CR0', 'CR1', 'CR1S', 'CR2', "
        "'CR3'], got 'HC5'."
    )
    assert refused(covariance="HC3", cluster="team") == (
        "covariance 'HC3' takes rows as independent, and there are clusters: use CR0 to CR3, or leave cluster out."
    )
    assert refused(working_variance="w") == (
        "working_variance must be 'constant' or 'inverse_weights', got 'w'."
    )
    assert refused(conf_level=95) == (
        "conf_level must lie strictly between 0 and 1, got 95: use 0.95 for 95 %."
    )
    assert refused(predictors="x") == ("predictors must be a list of one or more column names, got 'x'.")
    assert refused(predictors=["x", "y", "x"]) == (
        "columns ['x', 'y'] are named more than once among outcome and predictors."
    )
    assert refused(predictors=["intercept"]) == (
        "a predictor is called 'intercept', the name of the constant: rename the column."
    )
    assert refused(standardised=True, intercept=False) == (
        "standardised=True needs an intercept: use intercept=True."
    )
    assert refused(predictors=["x", "a", "b"]) == (
        "columns ['a', 'b'] are not in the data: check the spelling, or leave them out."
    )
    assert refused(data.assign(w=-1.0), weights="w", cluster="team") == (
        f"weights column 'w' holds {len(data)} values of zero or below, and must be positive: correct them, or remove "
        "those rows first and say so."
    )
    moments = unit_moments(data, columns=["x", "y"], weights="w", cluster="team")
    assert refused(moments) == (
        "moments with weights do not hold what a constant working variance needs: give the rows, or use "
        "working_variance='inverse_weights'."
    )
    assert refused(moments, weights="w") == (
        "weights and cluster are already in the moments: give them to unit_moments instead."
    )


def test_tests_that_make_no_sense_are_refused() -> None:
    data = planted(clusters=4)
    fit = linear_regression(data, outcome="y", predictors=["x", "z"], cluster="team")
    rows = linear_regression(data, outcome="y", predictors=["x", "z"])

    assert refusal(wald_test, fit) == "give either terms or constraints, and not both."
    assert refusal(wald_test, fit, terms=["x", "q"]) == (
        "terms ['q'] are not among the terms ['intercept', 'x', 'z']."
    )
    assert refusal(wald_test, fit, terms="x") == (
        "terms must be a list of one or more different terms, got 'x'."
    )
    assert refusal(wald_test, fit, constraints=[[1, 0]]) == (
        "constraints must be a finite matrix with one column per term ['intercept', 'x', 'z'], got the shape (1, 2)."
    )
    assert refusal(wald_test, fit, constraints=[[0, 1, 1], [0, 2, 2]]) == (
        "constraints must be rows of which none is zero or a combination of the others."
    )
    assert refusal(wald_test, fit, terms=["x"], null=[1, 2]) == (
        "null must be one finite number, or one per constraint, got [1, 2]."
    )
    assert refusal(wald_test, fit, terms=["x"], test="LR") == "test must be 'HTZ', 'F' or 'chi2', got 'LR'."
    assert refusal(wald_test, rows, terms=["x"], test="HTZ") == (
        "test 'HTZ' goes with covariance 'CR2', got a fit with 'HC3': use 'F'."
    )
    small = linear_regression(data[data["team"] < 3], outcome="y", predictors=["x", "z"], cluster="team")
    assert refusal(wald_test, small, terms=["intercept", "x", "z"]) == (
        "NotEstimable: a joint test of 3 constraints needs at least 4 clusters, got 3: test fewer at once."
    )
    # Nearly all rows in one team, so that the clusters count for less than their number.
    heavy = pd.concat([data, *[data[data["team"] == 0]] * 40], ignore_index=True)
    heavy["y"] = np.random.default_rng(1).normal(size=len(heavy))
    uneven = linear_regression(heavy, outcome="y", predictors=PREDICTORS, cluster="team")
    assert refusal(wald_test, uneven, terms=PREDICTORS) == (
        "NotEstimable: 4 clusters leave no degrees of freedom for a joint test of 3 constraints: test fewer at once."
    )
    assert refusal(linear_combinations, fit, combinations={}) == (
        "combinations must map a name to {term: weight}, got {}."
    )
    assert refusal(linear_combinations, fit, combinations={"a": {}}) == (
        "combination 'a' must map terms to weights, got {}."
    )
    assert refusal(linear_combinations, fit, combinations={"a": {"q": 1}}) == (
        "combination 'a' names ['q'], which are not among the terms ['intercept', 'x', 'z']."
    )
    assert refusal(linear_combinations, fit, combinations={"a": {"x": 0}}) == (
        "combination 'a' must have finite weights that are not all zero, got {'x': 0}."
    )


def test_units_of_a_few_rows_give_what_their_products_give() -> None:
    # Fewer rows per unit than coefficients: pieces of the covariance come from the rows, not from k by k kernels.
    rng = np.random.default_rng(31)
    codes = np.repeat(np.arange(25), rng.integers(2, 5, 25))
    values = rng.normal(size=(len(codes), 7)) + rng.normal(size=(25, 1))[codes]
    weights = rng.uniform(0.5, 2.0, len(codes))
    names = tuple("abcdefy")
    few = complete_moments(values, columns=names, weights=weights, codes=codes)
    assert few.factors is not None
    many = replace(few, factors=None)
    for moments in (few, many):
        assert moments.weight_sums.tolist() == pytest.approx(np.bincount(codes, weights).tolist())
    z = np.column_stack([np.ones(len(codes)), values - few.origin])
    expected = np.stack([(z[codes == g] * weights[codes == g, None]).T @ z[codes == g] for g in range(25)])
    assert_allclose(few.matrices, expected, atol=1e-9)
    options = {"outcome": "y", "predictors": list("abcdef"), "working_variance": "inverse_weights"}
    for kind in ("CR0", "CR2", "CR3"):
        quick, slow = (linear_regression(m, covariance=kind, **options) for m in (few, many))  # type: ignore[arg-type]
        numbers = ["estimate", "std_error", "df", "p_value", "conf_low", "conf_high"]
        assert_allclose(quick.table[numbers], slow.table[numbers], rtol=1e-9)
        pd.testing.assert_frame_equal(quick.rows(slice(2, 4)), quick.table.iloc[2:4].reset_index(drop=True))
