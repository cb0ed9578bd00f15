"""The specification curve: every combination, its reasons, its shares, and its joint test."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from exresearch.models import NotEstimable
from exresearch.models.regression import linear_regression
from exresearch.models.sensitivity import specification_curve, specification_test

CHOICES = {"covariates": {"none": [], "size": ["size"]}, "cut": [0.0, 0.5, 9.0]}


def units(seed: int = 1, n: int = 80, slope: float = 0.6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=["ex", "size", "cx"])
    return frame.assign(cx=frame["cx"] + slope * frame["ex"])


def estimated(data: pd.DataFrame, covariates: list[str], cut: float) -> pd.DataFrame:
    kept = data[data["size"] > cut - 1.0]
    if kept.empty:
        raise NotEstimable(f"no unit is above {cut:g}.")
    table = linear_regression(kept, outcome="cx", predictors=["ex", *covariates]).table
    return table[table["term"] == "ex"]


def refusal(call: object, kind: type[Exception] = ValueError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def test_all_combinations_in_the_declared_order() -> None:
    data = units()
    before = data.copy()
    curve = specification_curve(data, specifications=CHOICES, estimate=estimated)
    table = curve.table
    assert table["specification"].tolist() == [1, 2, 3, 4, 5, 6]
    assert table[["covariates", "cut"]].to_numpy().tolist() == [
        ["none", "0.0"],
        ["none", "0.5"],
        ["none", "9.0"],
        ["size", "0.0"],
        ["size", "0.5"],
        ["size", "9.0"],
    ]
    for place, (covariates, cut) in {0: ([], 0.0), 4: (["size"], 0.5)}.items():
        expected = estimated(data, covariates, cut).iloc[0]
        for name in ("estimate", "conf_low", "conf_high", "n", "df"):
            assert table[name].iloc[place] == expected[name]
    assert table["reason"].fillna("").tolist() == ["", "", "no unit is above 9."] * 2
    assert table["rank"].dropna().tolist() == table["estimate"].dropna().rank().tolist()
    pd.testing.assert_frame_equal(data, before)
    again = specification_curve(data, specifications=CHOICES, estimate=estimated)
    pd.testing.assert_frame_equal(table, again.table)


def test_summary_by_hand() -> None:
    rows = {
        "a": {"estimate": 0.2, "conf_low": 0.1, "conf_high": 0.3},
        "b": {"estimate": 0.4, "conf_low": -0.1, "conf_high": 0.9},
        "c": pd.Series({"estimate": -0.5, "conf_low": -0.9, "conf_high": -0.1}),
        "d": {"estimate": 0.3},
        "e": {"estimate": np.nan},
    }
    curve = specification_curve(
        rows, specifications={"row": list(rows)}, estimate=lambda data, row: data[row]
    )
    summary = curve.summary.iloc[0]
    assert summary[["n_specifications", "n_estimated", "n_intervals"]].tolist() == [5, 4, 3]
    assert_allclose(summary["median"], 0.25)
    assert (summary["lowest"], summary["highest"], summary["side"]) == (-0.5, 0.4, 1.0)
    assert summary["share_same_sign"] == 0.75
    assert_allclose(summary["share_excluding_null"], 2 / 3)
    assert_allclose(summary["share_excluding_null_same_sign"], 1 / 3)
    assert curve.table["reason"].tolist()[-1] == "the estimate is not finite"
    assert curve.by_choice["share_same_sign"].tolist()[:3] == [1.0, 1.0, 0.0]
    ratios = specification_curve(
        rows, specifications={"row": ["a", "b"]}, estimate=lambda data, row: data[row], null=1.0
    )
    assert ratios.summary["side"].tolist() == [-1.0]
    assert ratios.summary["share_excluding_null"].tolist() == [1.0]


def test_a_curve_without_any_estimate() -> None:
    curve = specification_curve(
        units(), specifications={"cut": [9], "covariates": {"none": []}}, estimate=estimated
    )
    assert curve.summary["n_estimated"].tolist() == [0]
    assert curve.summary[["median", "share_same_sign"]].isna().all(axis=None)
    assert refusal(
        lambda: specification_test(curve, units(), estimate=estimated, permute=["ex"], seed=1), NotEstimable
    ) == ("none of the specifications could be estimated, so there is nothing to test.")


def test_joint_test_by_hand() -> None:
    data = units(slope=0.15, n=40)
    choices = {"covariates": CHOICES["covariates"], "cut": [0.0, 0.3]}
    curve = specification_curve(data, specifications=choices, estimate=estimated)
    table = specification_test(curve, data, estimate=estimated, permute=["ex"], n_permutations=39, seed=5)

    def statistics(frame: pd.DataFrame) -> list[float]:
        rows = pd.concat([estimated(frame, x, c) for x in ([], ["size"]) for c in (0.0, 0.3)])
        side = np.sign(rows["estimate"].median())
        outside = rows["conf_low"] > 0 if side > 0 else rows["conf_high"] < 0
        z = side * np.sign(rows["estimate"]) * norm.isf(rows["p_value"] / 2)
        return [abs(rows["estimate"].median()), outside.mean(), z.sum() / 2.0]

    assert_allclose(table["observed"], statistics(data), rtol=1e-9)
    rng = np.random.default_rng(5)
    drawn = np.array(
        [statistics(data.assign(ex=data["ex"].to_numpy()[rng.permutation(40)])) for _ in range(39)]
    )
    assert_allclose(table["expected"], drawn.mean(axis=0), rtol=1e-9)
    assert_allclose(
        table["p_value"], (1 + (drawn >= np.array(statistics(data)) - 1e-12).sum(axis=0)) / 40, rtol=1e-12
    )
    assert table["n_permutations"].tolist() == [39, 39, 39]


def test_joint_test_finds_a_link_and_keeps_its_level() -> None:
    def quick(data: pd.DataFrame, rows: str) -> dict[str, float]:
        kept = data if rows == "all" else data[data["size"] > -0.5]
        r = float(np.corrcoef(kept["ex"], kept["cx"])[0, 1])
        z, half = np.arctanh(r) * np.sqrt(len(kept) - 3), 1.96 / np.sqrt(len(kept) - 3)
        return {
            "estimate": r,
            "p_value": 2 * norm.sf(abs(z)),
            "conf_low": np.tanh(np.arctanh(r) - half),
            "conf_high": np.tanh(np.arctanh(r) + half),
        }

    def level(slope: float, seed: int) -> float:
        data = units(seed=seed, slope=slope, n=40)
        curve = specification_curve(data, specifications={"rows": ["all", "large"]}, estimate=quick)
        table = specification_test(curve, data, estimate=quick, permute=["ex"], n_permutations=19, seed=seed)
        return float(table["p_value"].iloc[0])

    assert level(0.8, seed=2) == 0.05
    # 10 % of 60 draws, with four standard errors of room.
    assert np.mean([level(0.0, seed=seed) <= 0.1 for seed in range(60)]) < 0.1 + 4 * np.sqrt(0.09 / 60)


def test_units_are_shuffled_whole() -> None:
    data = units(n=20).loc[np.repeat(np.arange(20), 3)].reset_index(drop=True)
    data["team"] = np.repeat(np.arange(20), 3)
    seen = []

    def spy(data: pd.DataFrame, one: str) -> dict[str, float]:
        seen.append(data)
        return {"estimate": 1.0, "p_value": 0.5, "conf_low": 0.5, "conf_high": 1.5}

    curve = specification_curve(data, specifications={"one": ["way"]}, estimate=spy)
    specification_test(curve, data, estimate=spy, permute=["ex"], cluster="team", n_permutations=19, seed=1)
    assert len(seen) == 20
    for frame in seen[1:]:
        assert len(frame[["team", "ex"]].drop_duplicates()) == 20
        assert sorted(frame["ex"]) == sorted(data["ex"])
        assert not frame["ex"].equals(data["ex"])
        assert frame["cx"].equals(data["cx"])
    changing = data.assign(ex=np.arange(60.0))
    assert refusal(
        lambda: specification_test(curve, changing, estimate=spy, permute=["ex"], cluster="team", seed=1)
    ) == (
        "columns ['ex'] vary within 'team', so they cannot be shuffled between its units: aggregate first, or leave "
        "cluster out."
    )
    assert refusal(
        lambda: specification_test(
            curve,
            data.assign(team=data["team"].where(data["team"] > 0)),
            estimate=spy,
            permute=["ex"],
            cluster="team",
            seed=1,
        )
    ) == (
        "cluster column 'team' has 3 missing values: give each row a unit, or leave those rows out first and say so."
    )


def test_refusals() -> None:
    data = units()

    def bare(data: pd.DataFrame, one: object) -> dict[str, float]:
        return {"estimate": 1.0}

    def run(specifications: object, estimate: object = bare, **options: object) -> str:
        return refusal(
            lambda: specification_curve(data, specifications=specifications, estimate=estimate, **options)
        )

    assert run({}) == (
        "specifications must map each choice to its alternatives, as in {'cut_off': [0.2, 0.25]}, got {}."
    )
    assert run({"one": "text"}) == (
        "choice 'one' must have a list of alternatives, or a mapping of label to value, got 'text'."
    )
    assert run({"one": [1, "1"]}) == "choice 'one' must have alternatives with different labels."
    assert run({"p_value": [1]}).startswith("choices must have the names of arguments, other than [")
    assert run({"one": [1, 2, 3]}, max_specifications=2) == (
        "specifications make 3 combinations, more than max_specifications (2): declare fewer alternatives, or raise "
        "the limit."
    )
    assert run({"one": [1]}, lambda data, one: pd.DataFrame({"estimate": [1.0, 2.0]})) == (
        "estimate must give one row per specification, got 2 rows for {'one': '1'}: select the term."
    )
    assert run({"one": [1]}, lambda data, one: 3.0) == (
        "estimate must give a mapping, Series or DataFrame of one row with 'estimate', got float for {'one': '1'}."
    )
    curve = specification_curve(data, specifications={"one": [1]}, estimate=bare)
    assert refusal(lambda: specification_test(curve, data, estimate=bare, permute=["ex"], seed=1)) == (
        "1 estimates have no ['conf_low', 'conf_high', 'p_value']: let estimate give them."
    )
    # An error that is no reason goes on.
    with pytest.raises(ZeroDivisionError):
        specification_curve(data, specifications={"one": [0]}, estimate=lambda data, one: 1 / one)
