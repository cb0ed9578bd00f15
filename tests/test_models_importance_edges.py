"""Edges of relative importance: an answer or an error that names the columns, never NaN and never a silent drop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from exresearch.models import METHODS, NotEstimable, relative_importance
from exresearch.models.drivers.sampling import SAMPLED

# What is left of 15 digits after correlations of 0.9 and scales of 1e8.
SAME = 1e-9
ALL_METHODS = [*METHODS, SAMPLED]
IN_BLOCKS = ["lmg", "first", "last", "owen", SAMPLED]
SUM_TO_R2 = ["lmg", "relative_weights", "pratt", "car", "owen", SAMPLED]
NAMES = ["a", "b", "c", "d"]


def planted(seed: int, n: int = 90, binary: bool = False, whole: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 4)) + rng.uniform(0, 2) * rng.normal(size=(n, 1)), columns=NAMES)
    frame["y"] = frame.to_numpy() @ rng.normal(size=4) + rng.uniform(0.5, 3) * rng.normal(size=n)
    if binary:
        frame["y"] = (frame["y"] > frame["y"].median()).astype(float)
    if whole:
        frame[NAMES] = (2 * frame[NAMES]).round().clip(-5, 5)
    frame["w"] = rng.uniform(0.2, 5.0, n)
    frame["team"] = rng.integers(15, size=n)
    return frame


def importance(frame: pd.DataFrame, **options: object) -> pd.DataFrame:
    common = {
        "outcome": "y",
        "drivers": NAMES,
        "methods": ALL_METHODS,
        "n_orders": 100,
        "seed": 5,
        "n_boot": 0,
    }
    return relative_importance(frame, **(common | options)).set_index(["method", "driver"]).sort_index()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    powers=st.lists(st.integers(-8, 8), min_size=5, max_size=5),
    signs=st.lists(st.sampled_from([-1.0, 1.0]), min_size=5, max_size=5),
    shifts=st.lists(st.integers(-3, 3), min_size=5, max_size=5),
    order=st.permutations(NAMES),
    binary=st.booleans(),
    whole=st.booleans(),
    weights=st.sampled_from([None, "w"]),
    cluster=st.sampled_from([None, "team"]),
    blocks=st.sampled_from([None, {"a": "left", "c": "left"}]),
)
def test_units_and_orders_change_no_share(
    seed: int,
    powers: list[int],
    signs: list[float],
    shifts: list[int],
    order: list[str],
    binary: bool,
    whole: bool,
    weights: str | None,
    cluster: str | None,
    blocks: dict[str, str] | None,
) -> None:
    frame = planted(seed, binary=binary, whole=whole)
    options = {"weights": weights, "cluster": cluster, "blocks": blocks}
    options["methods"] = ALL_METHODS if blocks is None else IN_BLOCKS
    straight = importance(frame, **options)
    other = frame.sample(frac=1.0, random_state=seed)
    for column, power, sign, shift in zip([*NAMES, "y"], powers, signs, shifts, strict=True):
        other[column] = (other[column] * sign + shift) * 10.0**power
    other["team"] = [f"team {14 - team}" for team in other["team"]]
    again = importance(other, drivers=order, **options)
    assert (straight.index == again.index).all()
    assert_allclose(again["share"], straight["share"], rtol=0, atol=SAME)
    assert_allclose(again["importance"], straight["importance"], rtol=0, atol=SAME)
    assert_allclose(again["sampling_error"], straight["sampling_error"], rtol=0, atol=SAME)
    assert (again["rank"] == straight["rank"]).all()
    sums = straight["importance"].groupby(level="method").sum()
    for method in set(SUM_TO_R2) & set(options["methods"]):
        assert sums[method] == pytest.approx(straight["r_squared"].iloc[0], abs=SAME)


@pytest.mark.parametrize("interval", ["percentile", "bca"])
@pytest.mark.parametrize("cluster", [None, "team"])
def test_hard_data_have_finite_answers(interval: str, cluster: str | None) -> None:
    rng = np.random.default_rng(1)
    frame = planted(3, n=120, binary=True)
    # A near copy (r = 1 - 1e-9), a driver that is constant in many replicates, and scales 1e16 apart.
    frame["b"] = frame["a"] + 4.5e-5 * frame["a"].std() * rng.normal(size=120)
    frame["c"] = (np.arange(120) < 1).astype(float) * 1e8
    frame["d"] *= 1e-8
    assert 1e-10 < 1.0 - frame["a"].corr(frame["b"]) < 1e-8
    table = importance(frame, cluster=cluster, n_boot=99, interval=interval)
    assert np.isfinite(table.to_numpy(dtype=float)).all()
    assert (table.loc[["lmg", "owen", SAMPLED], "importance"] >= 0.0).all()
    assert table.loc["lmg", "importance"].sum() == pytest.approx(table["r_squared"].iloc[0], abs=SAME)
    # The copies share what they have in common.
    pair = table.loc["lmg", "importance"]
    assert pair["a"] == pytest.approx(pair["b"], abs=0.02)


def test_estimates_alone() -> None:
    frame = planted(2)
    table = relative_importance(frame, outcome="y", drivers=NAMES, methods=["lmg", "car"], n_boot=0, seed=1)
    full = relative_importance(frame, outcome="y", drivers=NAMES, methods=["lmg", "car"], n_boot=99, seed=1)
    assert table.columns.tolist() == [
        "driver",
        "method",
        "importance",
        "share",
        "rank",
        "n",
        "n_clusters",
        "r_squared",
        "n_excluded",
        "sampling_error",
    ]
    pd.testing.assert_frame_equal(table, full[table.columns])
    # A single cluster cannot be resampled, but it has an estimate.
    one = relative_importance(
        frame.assign(team=1), outcome="y", drivers=NAMES, cluster="team", n_boot=0, seed=1
    )
    assert_allclose(one["importance"], table["importance"][:4], rtol=0, atol=SAME)
    bca = relative_importance(frame, outcome="y", drivers=NAMES, interval="bca", n_boot=0, seed=1)
    pd.testing.assert_frame_equal(bca, table[:4])


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_estimates_alone_of_rows_in_any_order_are_those_with_intervals(missing: str) -> None:
    frame = planted(3).sample(frac=1.0, random_state=1)
    frame["w"] = np.random.default_rng(4).uniform(0.5, 2.0, len(frame))
    frame.loc[frame.index[:9], "a"] = np.nan
    frame.loc[frame.index[5:20], "y"] = np.nan
    common: dict[str, Any] = {"outcome": "y", "drivers": NAMES, "weights": "w", "missing": missing, "seed": 1}
    table = relative_importance(frame, n_boot=0, **common)
    full = relative_importance(frame, n_boot=99, **common)
    pd.testing.assert_frame_equal(table, full[table.columns], rtol=0, atol=SAME)


@pytest.mark.parametrize(
    ("change", "options", "kind", "message"),
    [
        (
            {"b": lambda frame: frame["a"] * 1e-8 - 4},
            {},
            NotEstimable,
            "columns ['a', 'b'] are copies or linear combinations among themselves (to 1e-10 of their variance), so "
            "their importance is not unique: leave one of them out of each such set, or average them into one score.",
        ),
        (
            {"b": lambda frame: 1e8},
            {},
            NotEstimable,
            "columns ['b'] are constant over the complete rows: leave them out.",
        ),
        (
            {"y": lambda frame: 3.0},
            {},
            NotEstimable,
            "columns ['y'] are constant over the complete rows: leave them out.",
        ),
        (
            {"d": lambda frame: -1e8 * frame["y"]},
            {},
            NotEstimable,
            "drivers ['d'] equal the outcome 'y' up to scale: an outcome cannot be its own driver.",
        ),
        (
            {"team": lambda frame: "only"},
            {"cluster": "team", "n_boot": 99},
            NotEstimable,
            "intervals come from resampling units and need 10 or more of them, got 1 in column 'team': name a cluster "
            "with more units, or leave cluster out to resample rows.",
        ),
        (
            {"w": lambda frame: np.where(np.arange(len(frame)) < 3, 0.0, 1.0)},
            {"weights": "w"},
            ValueError,
            "weights column 'w' holds 3 values of zero or below, and must be positive: correct them, or remove those "
            "rows first and say so.",
        ),
        (
            {"w": lambda frame: np.where(frame["team"] == 4, 0.0, 1.0)},
            {"weights": "w", "cluster": "team"},
            ValueError,
            "weights column 'w' holds {zero} values of zero or below, and must be positive: correct them, or remove "
            "those rows first and say so.",
        ),
        (
            {"w": lambda frame: -1.0},
            {"weights": "w"},
            ValueError,
            "weights column 'w' holds 90 values of zero or below, and must be positive: correct them, or remove those "
            "rows first and say so.",
        ),
        (
            {"w": lambda frame: np.nan},
            {"weights": "w"},
            NotEstimable,
            "no row is complete on the columns ['y', 'a', 'b', 'c', 'd', 'w'] (90 rows left out): columns ['w'] are "
            "missing throughout.",
        ),
    ],
)
def test_refusals_name_the_columns(
    change: dict[str, object], options: dict[str, object], kind: type[ValueError], message: str
) -> None:
    frame = planted(1)
    zero = int((frame["team"] == 4).sum())
    with pytest.raises(kind) as caught:
        importance(frame.assign(**change), **options)
    assert str(caught.value) == message.replace("{zero}", str(zero))


def test_as_many_drivers_as_rows() -> None:
    frame = planted(1).head(5)
    with pytest.raises(NotEstimable) as caught:
        importance(frame)
    assert str(caught.value) == (
        "4 drivers need more than 5 complete rows, got 5 (0 left out as incomplete): use fewer of "
        "['a', 'b', 'c', 'd']."
    )


def test_rows_without_a_weight_are_left_out_and_counted() -> None:
    frame = planted(1)
    frame.loc[[3, 8], "w"] = np.nan
    table = importance(frame, weights="w")
    assert (table["n_excluded"] == 2).all()
    assert (table["n"] == 88).all()
    without = importance(frame.drop(index=[3, 8]), weights="w")
    assert_allclose(table["importance"], without["importance"], rtol=0, atol=SAME)
