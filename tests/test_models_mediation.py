"""Mediation: against R, other libraries and brute force, by identities, on planted truth, and its coverage."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy.stats import bootstrap as scipy_bootstrap

from exresearch.models import NotEstimable, bca_interval, bootstrap_counts
from exresearch.models.mediation import (
    ChainLink,
    averaged_mediation,
    confounded_path,
    linked_chain,
    mediation_analysis,
    proportion_mediated,
    within_between_mediation,
)
from exresearch.models.mediation.analysis import left_out_statistics, moment_statistics, statistic_names
from exresearch.models.mediation.paths import partial_covariances
from exresearch.models.moments import unit_moments

ROOT = Path(__file__).parents[1]
REFERENCE = json.loads((ROOT / "tests" / "reference" / "mediation.json").read_text())
JOBS = ROOT.parent / "shared" / "reference" / "07_mediation" / "jobs_numeric.csv"
# The same algebra in another order.
ROUNDING = 1e-9
# Where lavaan stops looking for the maximum.
CONVERGED = 1e-6
# Two bootstraps of 2,000 replicates with other draws.
DRAWS = 0.004
NAMES = ["x", "m", "n", "y"]
ROLES: dict[str, Any] = {"exposure": "x", "mediators": ["m", "n"], "outcome": "y"}


def teams(n_teams: int = 25, size: int = 12, *, seed: int = 1) -> pd.DataFrame:
    """A chain x > m > n > y with 0.5, 0.6, 0.4, in teams that share something."""
    rng = np.random.default_rng(seed)
    team = np.repeat(np.arange(n_teams), size)

    def noise() -> np.ndarray:
        return 0.6 * rng.normal(size=n_teams)[team] + rng.normal(size=len(team))

    x = noise()
    m = 0.5 * x + noise()
    n = 0.6 * m + 0.1 * x + noise()
    y = 0.4 * n + 0.2 * m + noise()
    return pd.DataFrame({"x": x, "m": m, "n": n, "y": y, "team": team, "w": rng.uniform(0.5, 2.0, len(team))})


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return teams()


def paths_of(covariance: list[list[float]], names: list[str]) -> dict[str, float]:
    found = moment_statistics(
        np.array(covariance)[None], names=names, arrangement="serial", standardised=False
    )[0]
    return dict(zip(statistic_names(names, arrangement="serial")[0], found, strict=True))


def test_paths_and_effects_of_jobs_are_those_of_r() -> None:
    jobs = REFERENCE["jobs"]
    found = paths_of(jobs["covariance"], jobs["columns"][:3])
    for term, value in (
        ("job_seek ~ treat", jobs["paths"]["a"]),
        ("depress2 ~ job_seek", jobs["paths"]["b"]),
        ("direct", jobs["paths"]["direct"]),
        ("treat > job_seek > depress2", jobs["paths"]["ab"]),
        ("total", jobs["boot_perc"]["tau"]),
        ("total_indirect", jobs["lavaan"]["ab:=a*b"][0]),
    ):
        assert found[term] == pytest.approx(value, abs=ROUNDING), term


def test_serial_mediation_is_that_of_lavaan() -> None:
    klein = REFERENCE["klein"]
    found = paths_of(klein["covariance"], klein["columns"])
    for ours, theirs in (
        ("COHES ~ POSAFF", "COHES~POSAFF"),
        ("TASKSIG ~ COHES", "TASKSIG~COHES"),
        ("JOBSAT ~ TASKSIG", "JOBSAT~TASKSIG"),
        ("POSAFF > COHES > JOBSAT", "i1:=a1*b1"),
        ("POSAFF > TASKSIG > JOBSAT", "i2:=a2*b2"),
        ("POSAFF > COHES > TASKSIG > JOBSAT", "i12:=a1*d*b2"),
        ("total", "total:=c+i1+i2+i12"),
    ):
        assert found[ours] == pytest.approx(klein["lavaan"][theirs], abs=CONVERGED), ours


@pytest.mark.skipif(not JOBS.is_file(), reason="the data of the reference are not here")
def test_percentile_intervals_of_jobs_are_those_of_the_mediation_package() -> None:
    jobs = REFERENCE["jobs"]
    found = mediation_analysis(
        pd.read_csv(JOBS),
        exposure="treat",
        mediators=["job_seek"],
        outcome="depress2",
        covariates=jobs["columns"][3:],
        interval="percentile",
        n_boot=4000,
    )
    assert (found.n, found.n_excluded, found.n_failed) == (jobs["n"], 0, 0)
    rows = found.effects.set_index("term")
    for term, name in (("total_indirect", "d0"), ("direct", "z0"), ("total", "tau")):
        low, high = jobs["boot_perc"][f"{name}.ci"]
        tolerance = DRAWS * (1 if name == "d0" else 3)
        assert rows.loc[term, "conf_low"] == pytest.approx(low, abs=tolerance), term
        assert rows.loc[term, "conf_high"] == pytest.approx(high, abs=tolerance), term
    paths = found.paths.set_index("term")["std_error"]
    assert paths["depress2 ~ job_seek"] == pytest.approx(jobs["lavaan"]["depress2~job_seek"][1], rel=0.12)


def test_weighted_paths_are_those_of_weighted_least_squares(data: pd.DataFrame) -> None:
    frame = data.assign(c=data["team"] % 3)
    found = mediation_analysis(
        frame, **ROLES, covariates=["c"], weights="w", cluster="team", n_boot=100
    ).paths.set_index("term")["estimate"]
    last = smf.wls("y ~ x + m + n + c", frame, weights=frame["w"]).fit().params
    middle = smf.wls("n ~ x + m + c", frame, weights=frame["w"]).fit().params
    assert found["n ~ m"] == pytest.approx(middle["m"], abs=ROUNDING)
    for name in ("x", "m", "n"):
        assert found[f"y ~ {name}"] == pytest.approx(last[name], abs=ROUNDING)


def test_indirect_effects_side_by_side_are_those_of_pingouin(data: pd.DataFrame) -> None:
    pingouin = pytest.importorskip("pingouin")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pingouin.mediation_analysis(data, x="x", m=["m", "n"], y="y", n_boot=20, seed=1)
    theirs = theirs.set_index("path")["coef"]
    found = mediation_analysis(data, **ROLES, arrangement="parallel", n_boot=100)
    effects = found.effects.set_index("term")["estimate"]
    for name in ("m", "n"):
        # It rounds to four decimals at least.
        assert effects[f"x > {name} > y"] == pytest.approx(theirs[f"Indirect {name}"], abs=1e-4)
    assert effects["direct"] == pytest.approx(theirs["Direct"], abs=1e-4)
    assert effects["total"] == pytest.approx(theirs["Total"], abs=1e-4)
    # The simple slope, which it prints as the last path, is another number.
    simple = smf.ols("y ~ n", data).fit().params["n"]
    assert found.paths.set_index("term")["estimate"]["y ~ n"] < simple - 0.05


def test_the_parts_add_up_to_the_simple_slope(data: pd.DataFrame) -> None:
    for arrangement in ("serial", "parallel"):
        found = mediation_analysis(data, **ROLES, arrangement=arrangement, n_boot=100)  # type: ignore[arg-type]
        effects = found.effects.set_index("term")["estimate"]
        roads = [term for term in effects.index if ">" in term]
        assert len(roads) == (3 if arrangement == "serial" else 2)
        assert effects[roads].sum() == pytest.approx(effects["total_indirect"], abs=ROUNDING)
        assert effects["direct"] + effects["total_indirect"] == pytest.approx(effects["total"], abs=ROUNDING)
    # Only the serial model is saturated, so that its total is the simple slope.
    serial = mediation_analysis(data, **ROLES, n_boot=100).effects.set_index("term")["estimate"]
    assert serial["total"] == pytest.approx(smf.ols("y ~ x", data).fit().params["x"], abs=ROUNDING)


def test_three_mediators_make_seven_roads(data: pd.DataFrame) -> None:
    frame = data.assign(o=data["n"] + np.random.default_rng(3).normal(size=len(data)))
    found = mediation_analysis(frame, exposure="x", mediators=["m", "n", "o"], outcome="y", n_boot=100)
    roads = [term for term in found.effects["term"] if ">" in term]
    assert len(roads) == 7
    assert roads[-1] == "x > m > n > o > y"


def test_replicates_are_least_squares_on_the_drawn_teams(data: pd.DataFrame) -> None:
    found = mediation_analysis(data, **ROLES, cluster="team", n_boot=100, seed=5)
    counts = bootstrap_counts(25, n_boot=100, seed=5)
    drawn = pd.concat([data[data["team"] == team] for team in range(25) for _ in range(counts[7][team])])
    a = smf.ols("m ~ x", drawn).fit().params["x"]
    d = smf.ols("n ~ x + m", drawn).fit().params["m"]
    b = smf.ols("y ~ x + m + n", drawn).fit().params["n"]
    assert found.replicates["x > m > n > y"].iloc[7] == pytest.approx(a * d * b, abs=ROUNDING)


def test_leaving_out_a_team_is_exact_and_bca_uses_it(data: pd.DataFrame) -> None:
    moments = unit_moments(data, columns=NAMES, cluster="team")
    options: dict[str, Any] = {"names": NAMES, "arrangement": "serial", "standardised": True}
    left_out = left_out_statistics(moments, **options)
    without = data[data["team"] != 4][NAMES]
    brute = moment_statistics(np.cov(without.T, bias=True)[None], **options)[0]
    np.testing.assert_allclose(left_out[4], brute, atol=ROUNDING)
    found = mediation_analysis(
        data, **ROLES, cluster="team", standardised=True, interval="bca", n_boot=400, seed=2
    )
    whole = moment_statistics(moments.covariances(), **options)[0]
    low, high = bca_interval(whole[-1], found.replicates["x > m > n > y"], -left_out[:, -1], conf_level=0.95)
    row = found.effect("x", "m", "n", "y")
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((float(low), float(high)), abs=ROUNDING)


def test_bca_of_single_rows_is_that_of_scipy() -> None:
    frame = teams(40, 1, seed=4)

    def indirect(x: np.ndarray, m: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
        x, m, y = (v - v.mean(axis=axis, keepdims=True) for v in (x, m, y))
        xx, mm, xm = (x * x).sum(axis), (m * m).sum(axis), (x * m).sum(axis)
        xy, my = (x * y).sum(axis), (m * y).sum(axis)
        return xm / xx * (my * xx - xy * xm) / (mm * xx - xm**2)

    theirs = scipy_bootstrap(
        tuple(frame[name].to_numpy() for name in ("x", "m", "y")),
        indirect,
        paired=True,
        vectorized=True,
        n_resamples=9999,
        method="BCa",
        rng=np.random.default_rng(1),
    ).confidence_interval
    found = mediation_analysis(
        frame, exposure="x", mediators=["m"], outcome="y", interval="bca", n_boot=9999
    ).effect("x", "m", "y")
    width = theirs.high - theirs.low
    assert found["conf_low"] == pytest.approx(theirs.low, abs=0.04 * width)
    assert found["conf_high"] == pytest.approx(theirs.high, abs=0.04 * width)


def test_neither_order_of_rows_nor_scale_nor_a_second_run_changes_anything(data: pd.DataFrame) -> None:
    options: dict[str, Any] = {**ROLES, "cluster": "team", "standardised": True, "n_boot": 100}
    first = mediation_analysis(data, **options).effects
    pd.testing.assert_frame_equal(first, mediation_analysis(data, **options).effects)
    other = data.assign(x=3.0 + 10.0 * data["x"], y=0.01 * data["y"]).sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(first, mediation_analysis(other, **options).effects, atol=1e-9)


def test_planted_paths_are_recovered() -> None:
    found = mediation_analysis(teams(200, 20, seed=8), **ROLES, cluster="team", n_boot=200)
    rows = found.effects.set_index("term")
    for term, truth in (("x > m > n > y", 0.12), ("x > m > y", 0.10), ("direct", 0.0)):
        assert rows.loc[term, "conf_low"] < truth < rows.loc[term, "conf_high"], term
    assert found.effect("x", "m", "n", "y")["conf_low"] > 0.05


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    held = sum(
        row["conf_low"] < 0.12 < row["conf_high"]
        for row in (
            mediation_analysis(teams(20, 6, seed=seed), **ROLES, cluster="team", n_boot=199).effect(*NAMES)
            for seed in range(60)
        )
    )
    # Of 60 intervals of 95 % fewer than 51 hold the truth once in two thousand times.
    assert held >= 51


def test_within_and_between_are_least_squares_with_team_effects_and_on_means(data: pd.DataFrame) -> None:
    found = within_between_mediation(
        data, exposure="x", mediators=["m"], outcome="y", cluster="team", n_boot=100
    ).set_index(["level", "term"])["estimate"]
    a = smf.ols("m ~ x + C(team)", data).fit().params["x"]
    b = smf.ols("y ~ x + m + C(team)", data).fit().params["m"]
    assert found["within", "x > m > y"] == pytest.approx(a * b, abs=ROUNDING)
    means = data.groupby("team")[["x", "m", "y"]].mean()
    a, b = smf.ols("m ~ x", means).fit().params["x"], smf.ols("y ~ x + m", means).fit().params["m"]
    assert found["between", "x > m > y"] == pytest.approx(a * b, abs=ROUNDING)


def test_links_on_the_same_rows_multiply_to_the_serial_effect(data: pd.DataFrame) -> None:
    links = [
        ChainLink("a", data, "x", "m"),
        ChainLink("d", data, "m", "n", ("x",)),
        ChainLink("b", data, "n", "y", ("m", "x")),
    ]
    found = linked_chain(links, cluster="team", n_boot=200, seed=3)
    whole = mediation_analysis(data, **ROLES, cluster="team", n_boot=200, seed=3).effect(*NAMES)
    names = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]
    np.testing.assert_allclose(
        found.product[names].iloc[0].astype(float), whole[names].astype(float), atol=1e-8
    )


def test_every_link_keeps_its_own_rows(data: pd.DataFrame) -> None:
    some = data.assign(m=data["m"].where(data.index % 4 != 0))
    cells = data.groupby("team", as_index=False)[["x", "m", "y"]].mean().iloc[:-3]
    links = [ChainLink("a", some, "x", "m"), ChainLink("b", cells, "m", "y", ("x",))]
    found = linked_chain(links, cluster="team", interval="bca", n_boot=200)
    assert found.links[["term", "n", "n_clusters"]].to_numpy().tolist() == [["a", 225, 25], ["b", 22, 22]]
    assert found.product[["n", "n_clusters"]].to_numpy().tolist() == [[22, 25]]
    slope = smf.ols("m ~ x", some).fit().params["x"]
    assert found.links["estimate"].iloc[0] == pytest.approx(slope, abs=ROUNDING)


def test_the_mean_of_one_version_is_that_version(data: pd.DataFrame) -> None:
    options: dict[str, Any] = {**ROLES, "cluster": "team", "n_boot": 100, "interval": "bca"}
    one = mediation_analysis(data, **options).effects
    pd.testing.assert_frame_equal(averaged_mediation([data, data], **options), one, atol=1e-10)


def test_versions_without_clusters_in_too_many_replicates_are_refused() -> None:
    data = teams(12)
    few = data[data["team"].isin(data["team"].unique()[:2])]
    with pytest.raises(NotEstimable, match="bootstrap replicates"):
        averaged_mediation([data, few], **ROLES, cluster="team", n_boot=100)


def test_the_path_at_the_true_correlation_is_the_true_path() -> None:
    # m = 0.5 x + e, y = 0.3 m + 0.2 x + u, with correlation 0.4 of e and u and variances 0.8 and 1.5.
    rho, b = 0.4, 0.3
    both = rho * np.sqrt(0.8 * 1.5)
    errors = np.diag([1.0, 0.8, 1.5])
    errors[1, 2] = errors[2, 1] = both
    effects = np.linalg.inv(np.eye(3) - np.array([[0, 0, 0], [0.5, 0, 0], [0.2, b, 0]]))
    covariance = pd.DataFrame(effects @ errors @ effects.T, index=["x", "m", "y"], columns=["x", "m", "y"])
    found = confounded_path(covariance, source="m", target="y", held=["x"], factor=0.5, grid=[-0.3, 0.0, rho])
    assert found.curve["path"].iloc[2] == pytest.approx(b, abs=ROUNDING)
    assert found.curve["effect"].iloc[2] == pytest.approx(0.5 * b, abs=ROUNDING)
    # Least squares takes the shared cause for an effect.
    assert found.curve["path"].iloc[1] == pytest.approx(b + both / 0.8, abs=ROUNDING)
    at_zero = confounded_path(covariance, source="m", target="y", held=["x"], grid=[found.rho_zero])
    assert at_zero.curve["path"].iloc[0] == pytest.approx(0.0, abs=ROUNDING)


def test_the_curve_is_that_of_imai_keele_and_yamamoto() -> None:
    # Their equation for linear models, with s1, s2 and r of what exposure and covariates leave of both ends.
    jobs = REFERENCE["jobs"]
    names = jobs["columns"]
    covariance = pd.DataFrame(jobs["covariance"], index=names, columns=names)
    held = [name for name in names if name not in ("job_seek", "depress2")]
    matrix = covariance.to_numpy()
    inside = [names.index(name) for name in held]
    ends = [names.index("job_seek"), names.index("depress2")]
    left = matrix[np.ix_(ends, ends)] - matrix[np.ix_(ends, inside)] @ np.linalg.solve(
        matrix[np.ix_(inside, inside)], matrix[np.ix_(inside, ends)]
    )
    s2, s1 = np.sqrt(np.diag(left))
    r, rho, a = left[0, 1] / (s1 * s2), 0.25, jobs["paths"]["a"]
    expected = a * s1 / s2 * (r - rho * np.sqrt((1 - r**2) / (1 - rho**2)))
    found = confounded_path(
        covariance, source="job_seek", target="depress2", held=held, factor=a, grid=[0.0, rho]
    )
    assert found.curve["effect"].tolist() == pytest.approx([jobs["paths"]["ab"], expected], abs=ROUNDING)
    assert found.shares == pytest.approx(r**2, abs=ROUNDING)


def test_a_share_is_given_only_where_it_is_one() -> None:
    good = mediation_analysis(teams(60, 10), **ROLES, cluster="team", n_boot=200)
    share = proportion_mediated(good)
    effects = good.effects.set_index("term")["estimate"]
    assert share.reason is None
    assert share.estimate == pytest.approx(effects["total_indirect"] / effects["total"])
    assert share.conf_low is not None
    assert share.conf_low < share.estimate
    rng = np.random.default_rng(2)
    x = rng.normal(size=300)
    m = 0.8 * x + rng.normal(size=300)
    nothing = pd.DataFrame({"x": x, "m": m, "y": rng.normal(size=300)})
    against = nothing.assign(y=2.0 * x - m + 0.3 * rng.normal(size=300))
    for frame, reason in ((nothing, "total_includes_zero"), (against, "opposite_signs")):
        fit = mediation_analysis(frame, exposure="x", mediators=["m"], outcome="y", n_boot=200)
        refused = proportion_mediated(fit)
        assert (refused.estimate, refused.reason) == (None, reason)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arrangement": "both"}, "arrangement must be 'serial' or 'parallel'; got 'both'."),
        ({"interval": "normal"}, "interval must be one of expanded, percentile, bca; got 'normal'."),
        (
            {"mediators": ["m", "x"]},
            "columns ['x'] are named more than once: give every column one role.",
        ),
    ],
)
def test_what_is_wrong_is_said(data: pd.DataFrame, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        mediation_analysis(data, **{**ROLES, "n_boot": 100, **change})
    assert str(caught.value) == message


def test_what_cannot_be_estimated_is_said(data: pd.DataFrame) -> None:
    cases = [
        (
            data[data["team"] < 9],
            {"cluster": "team"},
            "9 groups of rows are too few for an interval: 10 are needed.",
        ),
        (
            data.assign(n=2.0 * data["m"]),
            {},
            "exposure, mediators and outcome cannot be told apart: one does not vary, or follows from others.",
        ),
        (
            data.assign(m=1.0),
            {},
            "exposure, mediators and outcome cannot be told apart: one does not vary, or follows from others.",
        ),
    ]
    for frame, options, message in cases:
        with pytest.raises(NotEstimable) as caught:
            mediation_analysis(frame, **ROLES, n_boot=100, **options)  # type: ignore[arg-type]
        assert str(caught.value) == message
    with pytest.raises(NotEstimable, match="'d'") as refused:
        linked_chain(
            [ChainLink("a", data, "x", "m"), ChainLink("d", data.assign(n=1.0), "n", "y")],
            cluster="team",
            n_boot=100,
        )
    assert (
        str(refused.value)
        == "links ['d'] cannot be estimated: a column does not vary, or follows from others."
    )
    with pytest.raises(KeyError):
        mediation_analysis(data, **ROLES, n_boot=100).effect("x", "y")


def test_held_columns_are_taken_out_as_by_a_pseudo_inverse() -> None:
    rng = np.random.default_rng(7)
    rows = rng.normal(size=(40, 30, 7))
    rows[:5, :, 6] = 0.0
    rows[5:9, :, 5] = rows[5:9, :, 4]
    rows[9, :, 5] = rows[9, :, 4] + 1e-3 * rows[9, :, 5]
    rows -= rows.mean(axis=1, keepdims=True)
    covariances = rows.swapaxes(1, 2) @ rows / 30
    crossed = covariances[:, :4, 4:]
    inverse = np.linalg.pinv(covariances[:, 4:, 4:], rcond=1e-10, hermitian=True)
    expected = covariances[:, :4, :4] - crossed @ inverse @ crossed.swapaxes(1, 2)
    np.testing.assert_allclose(partial_covariances(covariances, keep=4), expected, atol=1e-12)
