"""Conditional and complete dominance against R, brute force and their identities; reproducibility against a loop."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from statsmodels.regression.linear_model import WLS

from exresearch.models import (
    NotEstimable,
    bootstrap_counts,
    complete_dominance,
    conditional_dominance,
    dominance_analysis,
    relative_importance,
    unit_moments,
)
from exresearch.models.drivers import dominance_bootstrap, shapley_values
from exresearch.models.drivers.dominance import pairwise_dominance

# R prints 15 significant digits; 1e-10 leaves room for another order of summation.
EXACT = 1e-10
# Two exact algorithms on the same data.
SAME = 1e-9

HERE = Path(__file__).parent / "reference"
REFERENCE = json.loads((HERE / "glm_dominance.json").read_text(encoding="utf-8"))["attitude"]
ATTITUDE = ["complaints", "privileges", "learning", "raises", "critical", "advance"]


@pytest.fixture(scope="module")
def attitude() -> pd.DataFrame:
    return pd.DataFrame(json.loads((HERE / "drivers.json").read_text(encoding="utf-8"))["data"]["attitude_w"])


@pytest.fixture
def teams() -> pd.DataFrame:
    """Three correlated drivers of falling importance, a covariate, an outcome, weights, and 12 teams."""
    rng = np.random.default_rng(5)
    common = rng.normal(size=(120, 1))
    data = pd.DataFrame(0.6 * common + rng.normal(size=(120, 4)), columns=["x0", "x1", "x2", "age"])
    data["y"] = data @ [0.6, 0.5, 0.1, 0.3] + rng.normal(size=120)
    return data.assign(w=rng.uniform(0.5, 2.0, 120), team=rng.integers(0, 12, 120))


def test_dominance_is_that_of_domir_and_dominanceanalysis(attitude: pd.DataFrame) -> None:
    result = dominance_analysis(attitude, outcome="rating", drivers=ATTITUDE, n_boot=39, seed=1)
    general = result.general.set_index("driver")["importance"]
    for package in ("general", "yhat_general"):
        assert_allclose(general[ATTITUDE], [REFERENCE[package][name] for name in ATTITUDE], atol=EXACT)
    conditional = result.conditional.pivot_table(index="driver", columns="n_others", values="importance")
    assert_allclose(conditional.loc[ATTITUDE], REFERENCE["conditional"], rtol=0, atol=EXACT)
    pairs = result.pairs.set_index(["driver", "other", "level"])
    for (i, one), (j, other) in itertools.combinations(enumerate(ATTITUDE), 2):
        for level in ("general", "conditional", "complete"):
            # dominanceanalysis codes 1, 0.5, 0.
            expected = 2 * REFERENCE["matrix"][level][i][j] - 1
            assert pairs.loc[(one, other, level), "dominance"] == expected
            assert pairs.loc[(one, other, level), "share_greater"] == REFERENCE["complete"][i][j]
    assert list(result.pairs.columns) == [
        "driver",
        "other",
        "level",
        "dominance",
        "share_greater",
        "reproducibility",
        "prob_dominates",
        "prob_dominated",
        "prob_undetermined",
        "n",
        "n_clusters",
    ]
    assert (result.pairs["n"] == 30).all()


def test_dominance_is_brute_force() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(2**4, 3)).round(1)
    conditional = conditional_dominance(values)
    dominance, share = complete_dominance(values)
    for game, (i, j) in itertools.product(range(3), itertools.permutations(range(4), 2)):
        rest = [k for k in range(4) if k not in (i, j)]
        sets = [sum(1 << k for k in chosen) for s in range(3) for chosen in itertools.combinations(rest, s)]
        more = np.array([values[m | 1 << i, game] - values[m | 1 << j, game] for m in sets])
        assert share[game, i, j] == (more > 1e-9).mean()
        expected = (
            1
            if (more >= -1e-9).all() and (more > 1e-9).any()
            else -1
            if (more <= 1e-9).all() and (more < -1e-9).any()
            else 0
        )
        assert dominance[game, i, j] == expected
        gains: list[list[float]] = [[] for _ in range(4)]
        for m in range(16):
            if not m >> i & 1:
                gains[m.bit_count()].append(values[m | 1 << i, game] - values[m, game])
        assert_allclose(conditional[game, i], [np.mean(one) for one in gains], atol=EXACT)


def test_general_is_the_mean_of_conditional_and_strict_levels_imply_weaker_ones() -> None:
    rng = np.random.default_rng(3)
    # Near-additive games, in which all levels occur.
    worth = np.array([np.arange(8)[:, None] >> j & 1 for j in range(3)])
    values = (worth * rng.uniform(0.1, 1.0, size=(3, 1, 400))).sum(axis=0) + rng.normal(
        scale=0.1, size=(8, 400)
    )
    assert_allclose(conditional_dominance(values).mean(axis=2), shapley_values(values), atol=EXACT)
    found = pairwise_dominance(values)
    for strict, weak in (("complete", "conditional"), ("conditional", "general")):
        holds = found[strict] != 0
        assert 0.1 < holds.mean() < 0.6
        assert_array_equal(found[strict][holds], found[weak][holds])
    for level in found.values():
        assert_array_equal(level, -level.swapaxes(1, 2))


def test_equal_players_do_not_dominate_one_another() -> None:
    values = np.array([[0.0], [0.3], [0.3], [0.5]])
    assert {name: level.any() for name, level in pairwise_dominance(values).items()} == {
        "general": False,
        "conditional": False,
        "complete": False,
    }
    assert not complete_dominance(values)[1].any()


@pytest.mark.parametrize("function", [conditional_dominance, complete_dominance])
def test_values_of_a_wrong_shape_are_refused(function) -> None:
    with pytest.raises(ValueError) as error:
        function(np.zeros((6, 1)))
    assert str(error.value) == "values must have the shape [2**P, b], got (6, 1)."


def test_reproducibility_is_that_of_a_loop(teams: pd.DataFrame) -> None:
    drivers = ["x0", "x1", "x2"]
    result = dominance_analysis(
        teams,
        outcome="y",
        drivers=drivers,
        covariates=["age"],
        weights="w",
        cluster="team",
        n_boot=40,
        seed=4,
    )
    codes = pd.factorize(teams["team"], sort=True)[0]
    found = []
    for counts in bootstrap_counts(12, n_boot=40, seed=4):
        times = counts[codes] * teams["w"].to_numpy()
        values = np.zeros((8, 1))
        for m in range(8):
            names = ["age", *(name for j, name in enumerate(drivers) if m >> j & 1)]
            design = np.column_stack([np.ones(len(teams)), teams[names]])[times > 0]
            values[m] = WLS(teams["y"][times > 0], design, weights=times[times > 0]).fit().rsquared
        found.append(pairwise_dominance(values))
    for row in result.pairs.itertuples():
        i, j = drivers.index(row.driver), drivers.index(row.other)
        replicates = np.array([one[row.level][0, i, j] for one in found])
        assert row.reproducibility == (replicates == row.dominance).mean()
        assert row.prob_dominates == (replicates == 1).mean()
        assert row.prob_dominated == (replicates == -1).mean()
        assert_allclose(row.prob_undetermined, (replicates == 0).mean())
    assert result.pairs["reproducibility"].between(0.05, 0.95).any()
    assert (result.pairs["n_clusters"] == 12).all()


def test_moments_blocks_and_batches_change_nothing(
    teams: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"outcome": "y", "drivers": ["x0", "x1", "x2", "age"], "n_boot": 50, "seed": 2}
    options["blocks"] = {"x1": "pair", "x2": "pair"}
    whole = dominance_analysis(teams, cluster="team", **options)
    assert whole.general["driver"].tolist() == ["x0", "pair", "age"]
    assert_allclose(
        whole.conditional.groupby("driver")["importance"].mean()[["x0", "pair", "age"]],
        whole.general["importance"],
        atol=SAME,
    )
    pd.testing.assert_frame_equal(
        whole.general, relative_importance(teams, cluster="team", **options), rtol=0, atol=0
    )
    monkeypatch.setattr(dominance_bootstrap, "_CELLS", 20)
    moments = unit_moments(teams, columns=["y", "x0", "x1", "x2", "age", "w"], cluster="team")
    other = dominance_analysis(moments, **options)
    pd.testing.assert_frame_equal(whole.pairs, other.pairs)
    pd.testing.assert_frame_equal(whole.conditional, other.conditional)


def test_order_and_scale_change_no_statement(teams: pd.DataFrame) -> None:
    one = dominance_analysis(
        teams, outcome="y", drivers=["x0", "x1", "x2"], cluster="team", n_boot=50, seed=1
    )
    scaled = teams.assign(x0=teams["x0"] * 1e8, x2=teams["x2"] * 1e-8).sample(frac=1, random_state=1)
    other = dominance_analysis(
        scaled, outcome="y", drivers=["x2", "x1", "x0"], cluster="team", n_boot=50, seed=1
    )
    turned = other.pairs.rename(
        columns={
            "driver": "other",
            "other": "driver",
            "prob_dominates": "prob_dominated",
            "prob_dominated": "prob_dominates",
        }
    ).assign(dominance=-other.pairs["dominance"], share_greater=1.0 - other.pairs["share_greater"])
    keys = ["driver", "other", "level"]
    pd.testing.assert_frame_equal(
        one.pairs.sort_values(keys, ignore_index=True),
        turned[one.pairs.columns].sort_values(keys, ignore_index=True),
    )


def test_a_planted_order_is_found_and_repeats() -> None:
    rng = np.random.default_rng(7)
    data = pd.DataFrame(rng.normal(size=(3000, 3)), columns=["large", "small", "none"])
    data["y"] = data["large"] + 0.4 * data["small"] + rng.normal(size=3000)
    pairs = dominance_analysis(
        data, outcome="y", drivers=["none", "small", "large"], n_boot=100, seed=1
    ).pairs
    assert (pairs["dominance"] == -1).all()
    assert (pairs["reproducibility"] == 1.0).all()


def test_what_cannot_be_compared_is_refused(teams: pd.DataFrame) -> None:
    with pytest.raises(ValueError) as error:
        dominance_analysis(teams, outcome="y", drivers=["x0"], n_boot=50, seed=1)
    assert str(error.value) == (
        "dominance compares 2 to 16 players, got 1: put related drivers in blocks, or use relative_importance."
    )
    with pytest.raises(ValueError) as error:
        dominance_analysis(teams, outcome="y", drivers="x0", n_boot=50, seed=1)
    assert str(error.value) == "drivers must be a list of one or more column names, got 'x0'."
    with pytest.raises(NotEstimable) as error:
        dominance_analysis(teams.assign(x1=3.0), outcome="y", drivers=["x0", "x1"], n_boot=50, seed=1)
    assert str(error.value) == "columns ['x1'] are constant over the complete rows: leave them out."
