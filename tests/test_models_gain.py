"""Explained variance and its gain: against refits unit by unit, scikit-learn on the same folds, and planted truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression
from statsmodels.regression.linear_model import WLS

from exresearch.models import NotEstimable, explained_variance, fold_numbers, held_out_gain, loss_gain

# Another order of summation.
EXACT = 1e-9


def planted(seed: int = 1, n: int = 240, units: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=["a", "b", "c"])
    frame["team"] = np.arange(n) % units
    frame["ab"] = frame["a"] * frame["b"]
    shock = rng.normal(size=units)[frame["team"]] * 0.4
    frame["y"] = 3 + 0.4 * frame["a"] + 0.3 * frame["b"] + 0.25 * frame["ab"] + shock + rng.normal(size=n)
    return frame.assign(w=rng.uniform(0.5, 2.0, n))


def r_squared(frame: pd.DataFrame, columns: list[str], weights: str | None) -> float:
    design = np.column_stack([np.ones(len(frame)), frame[columns]])
    w = frame[weights] if weights else np.ones(len(frame))
    return float(WLS(frame["y"], design, weights=w).fit().rsquared)


@pytest.mark.parametrize("cluster", ["team", None])
@pytest.mark.parametrize("weights", ["w", None])
def test_estimate_and_error_by_refitting(cluster: str | None, weights: str | None) -> None:
    frame = planted(n=90)
    found = held_out_gain(
        frame, outcome="y", base=["a", "b"], added=["ab", "c"], cluster=cluster, weights=weights, seed=1
    ).set_index("term")
    groups = frame["team"] if cluster else pd.Series(range(len(frame)))
    base, full = ["a", "b"], ["a", "b", "ab", "c"]
    whole = r_squared(frame, full, weights) - r_squared(frame, base, weights)
    left = np.array(
        [
            r_squared(part, full, weights) - r_squared(part, base, weights)
            for part in (frame[(groups != unit).to_numpy()] for unit in sorted(groups.unique()))
        ]
    )
    size = len(left)
    row = found.loc["gain"]
    assert_allclose(row["in_sample"], whole, rtol=EXACT)
    assert_allclose(row["estimate"], size * whole - (size - 1) * left.mean(), rtol=1e-7)
    error = np.sqrt((size - 1) / size * ((left - left.mean()) ** 2).sum())
    assert_allclose(row["std_error"], error, rtol=1e-7)
    assert_allclose(found.loc["full", "in_sample"], r_squared(frame, full, weights), rtol=EXACT)
    assert (row["n"], row["n_clusters"], row["n_excluded"]) == (90, size, 0)
    assert row["conf_low"] < row["estimate"] < row["conf_high"]


@pytest.mark.parametrize("weights", ["w", None])
def test_held_out_as_scikit_learn(weights: str | None) -> None:
    frame = planted()
    found = held_out_gain(
        frame,
        outcome="y",
        base=[],
        added=["a", "b", "ab"],
        cluster="team",
        weights=weights,
        folds=5,
        repeats=2,
        seed=3,
    ).set_index("term")
    w = frame[weights].to_numpy() if weights else np.ones(len(frame))
    x, y = frame[["a", "b", "ab"]].to_numpy(), frame["y"].to_numpy()
    expected = []
    for numbers in fold_numbers(30, folds=5, repeats=2, seed=3):
        fold = numbers[frame["team"]]
        left = total = 0.0
        for test in (fold == number for number in range(5)):
            fit = LinearRegression().fit(x[~test], y[~test], sample_weight=w[~test])
            left += float((w[test] * (y[test] - fit.predict(x[test])) ** 2).sum())
            mean = np.average(y[~test], weights=w[~test])
            total += float((w[test] * (y[test] - mean) ** 2).sum())
        expected.append(1.0 - left / total)
    assert_allclose(found.loc["full", "held_out"], np.mean(expected), rtol=1e-8)
    assert_allclose(found.loc["base", ["estimate", "in_sample", "held_out"]].astype(float), 0.0, atol=EXACT)


def test_estimate_lies_between_sample_and_held_out() -> None:
    row = held_out_gain(
        planted(), outcome="y", base=["a"], added=["b", "c", "ab"], cluster="team", seed=1
    ).iloc[2]
    assert row["held_out"] < row["estimate"] < row["in_sample"]


def test_order_of_rows_and_copies_of_predictors_change_nothing() -> None:
    frame = planted()
    options = {"outcome": "y", "base": ["a"], "cluster": "team", "seed": 1}
    found = held_out_gain(frame, added=["ab"], **options)
    assert_allclose(
        held_out_gain(frame.sample(frac=1.0, random_state=1), added=["ab"], **options)["held_out"],
        found["held_out"],
        rtol=EXACT,
    )
    # A combination of predictors adds nothing, and a unit's own dummy disappears where the unit is left out.
    twice = held_out_gain(frame.assign(sum=frame["a"] + frame["ab"]), added=["ab", "sum"], **options)
    numbers = ["estimate", "std_error", "in_sample", "held_out"]
    assert_allclose(twice[numbers], found[numbers], rtol=1e-6)
    dummy = held_out_gain(frame.assign(one=(frame["team"] == 3) * 1.0), added=["ab", "one"], **options)
    assert np.isfinite(dummy[numbers].to_numpy()).all()


def test_rivals_that_do_not_contain_each_other() -> None:
    frame = planted(n=2000, units=100)
    found = explained_variance(
        frame,
        outcome="y",
        models={"a": ["a"], "b": ["b"], "none": []},
        contrasts={"a over b": {"a": 1.0, "b": -1.0}, "b over none": {"b": 1.0, "none": -1.0}},
        cluster="team",
        seed=1,
    ).set_index("term")
    assert_allclose(
        found.loc["a over b", "estimate"], found.loc["a", "estimate"] - found.loc["b", "estimate"]
    )
    assert_allclose(found.loc["b over none", "estimate"], found.loc["b", "estimate"])
    total = 0.4**2 + 0.3**2 + 0.25**2 + 0.4**2 + 1.0
    truth = {"a": 0.16 / total, "b": 0.09 / total, "a over b": 0.07 / total}
    for name, value in truth.items():
        assert abs(found.loc[name, "estimate"] - value) < 3 * found.loc[name, "std_error"]


def test_no_gain_is_rarely_found_and_a_small_one_is_covered() -> None:
    missed, above, errors = 0, 0, []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "b", "c"]).assign(
            team=np.arange(300) // 10
        )
        frame["y"] = frame["a"] + rng.normal(size=30)[frame["team"]] * 0.4 + rng.normal(size=300)
        row = held_out_gain(
            frame, outcome="y", base=["a"], added=["b", "c"], cluster="team", repeats=1, seed=seed
        ).iloc[2]
        missed += not row["conf_low"] <= 0.0 <= row["conf_high"]
        above += row["conf_low"] > 0.0
        errors.append(row["estimate"])
    assert (missed <= 8, above) == (True, 0)
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(60)


def test_gain_of_predictions_by_hand() -> None:
    frame = planted()
    frame = frame.assign(base=3.0, full=3 + 0.4 * frame["a"], mean=frame["y"].mean())
    found = loss_gain(frame, outcome="y", base="base", full="full", null="mean", cluster="team", weights="w")
    w, y = frame["w"], frame["y"]
    total = w * (y - frame["mean"]) ** 2
    gain = w * ((y - 3.0) ** 2 - (y - frame["full"]) ** 2)
    estimate = gain.sum() / total.sum()
    pull = (gain - estimate * total).groupby(frame["team"]).sum()
    error = np.sqrt(30 / 29 * (pull**2).sum()) / total.sum()
    row = found.set_index("term").loc["gain"]
    assert_allclose([row["estimate"], row["std_error"]], [estimate, error], rtol=EXACT)
    # What a unit does to the errors of others is added to its own part; what is not given is 0.
    by_unit = pd.DataFrame({"full": 3 * pull + 5 * np.sign(pull), "mean": 0.0}, index=pull.index)
    wide = loss_gain(
        frame,
        outcome="y",
        base="base",
        full="full",
        null="mean",
        cluster="team",
        weights="w",
        training=-by_unit,
    ).set_index("term")
    whole = pull + by_unit["full"]
    error = np.sqrt(30 / 29 * (whole**2).sum()) / total.sum()
    assert_allclose(wide.loc["gain", ["estimate", "std_error"]].to_list(), [estimate, error], rtol=EXACT)
    assert wide.loc["base", "std_error"] == found["std_error"].iloc[0]
    # Never below the one that takes predictions as given.
    less = loss_gain(
        frame, outcome="y", base="base", full="full", null="mean", cluster="team", weights="w",
        training=pd.DataFrame({"full": 0.5 * pull}, index=pull.index),
    )  # fmt: skip
    assert_allclose(less["std_error"].iloc[2], row["std_error"], rtol=EXACT)
    with pytest.raises(ValueError, match="training is by unit and needs cluster"):
        loss_gain(frame, outcome="y", base="base", full="full", training=by_unit)
    alone = loss_gain(frame, outcome="y", base="base", full="full")
    assert alone["n_clusters"].tolist() == [240] * 3


def test_refusals() -> None:
    frame = planted()
    calls = {
        "contrasts name models ['z'] that are not there: use ['a'].": lambda: explained_variance(
            frame, outcome="y", models={"a": ["a"]}, contrasts={"g": {"z": 1.0}}, seed=1
        ),
        "contrasts ['a'] have the name of a model: rename them.": lambda: explained_variance(
            frame, outcome="y", models={"a": ["a"]}, contrasts={"a": {"a": 1.0}}, seed=1
        ),
        "models must hold at least one model, got none.": lambda: explained_variance(
            frame, outcome="y", models={}, seed=1
        ),
    }
    for message, call in calls.items():
        with pytest.raises(ValueError) as caught:
            call()
        assert str(caught.value) == message
    few = {
        "explained variance needs at least 10 units with complete rows, got 5 (0 rows left out as incomplete).": (
            frame.assign(team=frame["team"] % 5)
        ),
        "column 'y' is constant over the complete rows.": frame.assign(y=1.0),
    }
    for message, data in few.items():
        with pytest.raises(NotEstimable) as refused:
            held_out_gain(data, outcome="y", base=["a"], added=["b"], cluster="team", seed=1)
        assert str(refused.value) == message
    with pytest.raises(NotEstimable) as refused:
        held_out_gain(frame[:12], outcome="y", base=["a"], added=["b"], folds=13, seed=1)
    assert str(refused.value) == "13 folds need as many units, got 12."
    with pytest.raises(NotEstimable) as refused:
        loss_gain(frame[:5], outcome="y", base="a", full="b")
    assert str(refused.value) == "a gain needs at least 10 units, got 5 (0 rows left out)."
