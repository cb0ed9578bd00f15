"""The wild cluster bootstrap against refits of the rows, wildboottest, and its own identities."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from exresearch.models import NotEstimable, unit_moments
from exresearch.models.regression import LinearFit, linear_regression, wild_cluster_test
from exresearch.models.regression.wild import _multipliers

REFERENCE = json.loads((Path(__file__).parent / "reference" / "regression.json").read_text(encoding="utf-8"))[
    "few"
]["wild"]
SHARED = Path(__file__).parents[1].parent / "shared" / "reference" / "05_multilevel"


def planted(seed: int = 4, clusters: int = 8) -> pd.DataFrame:
    """Unbalanced teams with effects of their own, and a predictor of the team."""
    rng = np.random.default_rng(seed)
    team = np.repeat(np.arange(clusters), rng.integers(3, 14, clusters))
    frame = pd.DataFrame(
        {"team": team, "x": rng.normal(size=len(team)), "size": rng.normal(size=clusters)[team]}
    )
    frame["w"] = rng.uniform(0.3, 3.0, len(team))
    frame["y"] = 0.3 * frame["x"] + 0.7 * rng.normal(size=clusters)[team] + rng.normal(size=len(team))
    return frame


def fitted(data: pd.DataFrame, *, cluster: str = "team", weights: str | None = "w") -> LinearFit:
    return linear_regression(data, outcome="y", predictors=["x", "size"], cluster=cluster, weights=weights)


def refitted(
    data: pd.DataFrame, combination: np.ndarray, null: float, multipliers: np.ndarray
) -> tuple[float, np.ndarray]:
    """The t statistic and its replicates, by fitting the rows again and again."""
    design = np.column_stack([np.ones(len(data)), data[["x", "size"]]])
    weight, outcome = data["w"].to_numpy(), data["y"].to_numpy()
    codes = data["team"].to_numpy()
    bread = np.linalg.inv(design.T * weight @ design)

    def t(values: np.ndarray) -> float:
        estimate = bread @ (design.T * weight) @ values
        residual = weight * (values - design @ estimate)
        scores = np.array(
            [combination @ bread @ (design * residual[:, None])[codes == c].sum(0) for c in set(codes)]
        )
        return float((combination @ estimate - null) / np.sqrt((scores**2).sum()))

    free = bread @ (design.T * weight) @ outcome
    side = bread @ combination
    tied = free - side * (combination @ free - null) / (combination @ side)
    residual = outcome - design @ tied
    return t(outcome), np.array([t(design @ tied + residual * row[codes]) for row in multipliers])


@pytest.mark.parametrize("null", [0.0, 0.4])
@pytest.mark.parametrize("combination", [{"x": 1.0}, {"size": 1.0}, {"x": 2.0, "size": -1.0}])
def test_all_patterns_of_signs_equal_refits(combination: dict[str, float], null: float) -> None:
    data = planted()
    signs = np.array(list(itertools.product([1.0, -1.0], repeat=8)))
    row = np.array([0.0, combination.get("x", 0.0), combination.get("size", 0.0)])
    observed, replicates = refitted(data, row, null, signs)
    table = wild_cluster_test(
        fitted(data), combination=combination, null=null, distribution="rademacher", seed=1
    )
    expected = np.mean(np.abs(replicates) >= abs(observed) * (1 - 1e-9))
    assert table["p_value"][0] == expected
    assert table["n_boot"][0] == 128
    # The factor of CR1.
    assert_allclose(table["statistic"][0], observed * np.sqrt(7 / 8), rtol=1e-9)


@pytest.mark.parametrize("distribution", ["webb", "rademacher"])
def test_samples_of_multipliers_equal_refits(distribution: str) -> None:
    data = planted(clusters=15)
    drawn = np.concatenate(
        list(_multipliers(15, n_boot=199, distribution=distribution, enumerate_all=False, seed=7))
    )
    values = {"webb": np.sqrt([0.5, 1.0, 1.5]), "rademacher": [1.0]}[distribution]
    assert_allclose(np.unique(drawn), [*-np.sort(values)[::-1], *values])
    observed, replicates = refitted(data, np.array([0.0, 1.0, 0.0]), 0.3, drawn)
    table = wild_cluster_test(
        fitted(data), combination={"x": 1}, null=0.3, distribution=distribution, n_boot=199, seed=7
    )
    assert table["p_value"][0] == (1 + np.sum(np.abs(replicates) >= abs(observed))) / 200


@pytest.mark.parametrize("term", ["HRS", "G.COHES"])
def test_p_values_are_those_of_wildboottest(term: str) -> None:
    path = SHARED / "bh1996_12groups.csv"
    if not path.exists():
        pytest.skip("the shared reference table bh1996_12groups.csv is not here")
    fit = linear_regression(
        pd.read_csv(path), outcome="WBEING", predictors=["HRS", "LEAD", "G.COHES"], cluster="GRP"
    )
    signs = wild_cluster_test(fit, combination={term: 1}, seed=1)
    assert signs["n_boot"][0] == 2**11
    assert signs["method"][0] == "restricted wild cluster bootstrap t, all patterns of signs"
    # The data and their mirror image tie with themselves: ours count, wildboottest's are left to rounding.
    assert signs["p_value"][0] - REFERENCE[term]["rademacher"] in (0.0, 2 / 4096)
    webb = wild_cluster_test(fit, combination={term: 1}, distribution="webb", n_boot=40_000, seed=1)
    p = REFERENCE[term]["webb"]
    # Three standard errors of two samples, of 99,999 and of 40,000.
    assert abs(webb["p_value"][0] - p) < 3 * np.sqrt(p * (1 - p) * (1 / 99_999 + 1 / 40_000))


@pytest.mark.parametrize("clusters", [5, 13])
def test_interval_holds_the_values_that_are_not_rejected(clusters: int) -> None:
    fit = fitted(planted(clusters=clusters))
    table = wild_cluster_test(fit, combination={"x": 1}, seed=3, conf_level=0.95)
    assert table["n_boot"][0] == {5: 9999, 13: 4096}[clusters]
    ends = table.loc[0, ["conf_low", "conf_high"]].to_numpy(float)
    width = ends[1] - ends[0]
    for end, side in zip(ends, (-1, 1), strict=True):
        p = [
            wild_cluster_test(fit, combination={"x": 1}, null=end + step * side * width, seed=3)["p_value"][0]
            for step in (-1e-6, 1e-6)
        ]
        assert p[0] > 0.05 >= p[1]


def test_same_seed_same_bytes_and_scale_decides_nothing() -> None:
    data = planted()
    one = wild_cluster_test(fitted(data), combination={"x": 1}, seed=5)
    pd.testing.assert_frame_equal(
        one, wild_cluster_test(fitted(data), combination={"x": 1}, seed=5), check_exact=True
    )
    moments = unit_moments(data, columns=["size", "y", "x"], weights="w", cluster="team")
    same = linear_regression(
        moments, outcome="y", predictors=["x", "size"], working_variance="inverse_weights"
    )
    other = wild_cluster_test(same, combination={"x": 1}, seed=5)
    assert other["p_value"][0] == one["p_value"][0]
    assert_allclose(other[["conf_low", "conf_high"]], one[["conf_low", "conf_high"]], rtol=1e-9)
    scaled = data.assign(x=data["x"] * 1e8, y=data["y"] * 1e-8 + 1.0, w=data["w"] * 1e5)
    other = wild_cluster_test(fitted(scaled), combination={"x": 1}, seed=5)
    assert other["p_value"][0] == one["p_value"][0]
    assert_allclose(other[["conf_low", "conf_high"]] * 1e16, one[["conf_low", "conf_high"]], rtol=1e-6)
    assert (
        wild_cluster_test(fitted(data), combination={"x": 1, "size": -2}, seed=5)["term"][0] == "x + -2 size"
    )


def test_what_has_no_answer_is_refused() -> None:
    data = planted(clusters=5)

    def refused(fit: LinearFit, **options: object) -> str:
        with pytest.raises(ValueError) as caught:
            wild_cluster_test(fit, **({"combination": {"x": 1}, "seed": 1} | options))  # type: ignore[arg-type]
        return ("NotEstimable: " if isinstance(caught.value, NotEstimable) else "") + str(caught.value)

    assert refused(fitted(data), distribution="rademacher") == (
        "NotEstimable: 5 clusters have 16 patterns of signs, too few for an interval of 95%: use distribution='webb', "
        "or more clusters."
    )
    assert refused(fitted(data), distribution="normal") == (
        "distribution must be 'auto', 'rademacher' or 'webb', got 'normal'."
    )
    assert refused(fitted(data), n_boot=10) == (
        "n_boot must be an integer of at least 39 for conf_level=0.95, got 10: use 1000 or more for a printed interval."
    )
    assert refused(fitted(data), combination={"q": 1}) == (
        "combination 'combination' names ['q'], which are not among the terms ['intercept', 'x', 'size']."
    )
    rows = linear_regression(data, outcome="y", predictors=["x"])
    assert refused(rows) == (
        "the wild cluster bootstrap needs clusters: name a cluster in linear_regression."
    )
    two = linear_regression(planted(clusters=2), outcome="y", predictors=["x"], cluster="team")
    assert refused(two) == (
        "NotEstimable: the 95% interval of 'x' by the wild cluster bootstrap is unbounded: too few of the 2 "
        "clusters carry it."
    )
