"""Raking: against R's survey, Newton's method and a general optimiser; and what a study refuses to weight by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import LinearConstraint, minimize, root

from exresearch.measures import effective_n, weight_summary
from exresearch.study import StudyError
from exresearch.study.tables.periods import wave_period
from exresearch.study.weights import rake, staff_during

REFERENCE = json.loads((Path(__file__).parent / "reference" / "raking.json").read_text(encoding="utf-8"))
SHARED = Path(__file__).parents[2] / "shared" / "reference" / "09_survey"
# Sums over rows in another order than R's.
ROUNDING = 1e-9


def schools() -> pd.DataFrame:
    """The 183 schools of apiclus1, as far as raking sees them, with R's weights."""
    cells = pd.DataFrame(REFERENCE["cells"])
    return cells.loc[cells.index.repeat(cells["n"])].reset_index(drop=True)


def raked_schools(**options: Any) -> Any:
    data = schools()
    start = pd.Series(REFERENCE["start"], index=data.index)
    return rake(data, margins=REFERENCE["margins"], start=start, **options)


def test_equals_r_by_its_own_stopping_rule() -> None:
    data, size = schools(), sum(REFERENCE["margins"]["stype"].values())
    before = data.groupby(["stype", "sch.wide"]).size() * REFERENCE["start"]
    for cycles in range(1, 11):
        weights = raked_schools(max_cycles=cycles).weights * size / len(data)
        table = weights.groupby([data["stype"], data["sch.wide"]]).sum()
        # survey::rake stops when no cell of the table changed by epsilon = 1 or more.
        if float((table - before).abs().max()) < 1:
            break
        before = table
    assert cycles == 4
    np.testing.assert_allclose(weights, data["weight"], rtol=0, atol=ROUNDING)
    assert effective_n(weights) == pytest.approx(REFERENCE["n_eff"], rel=1e-12)
    assert len(weights) / effective_n(weights) == pytest.approx(REFERENCE["design_effect"], rel=1e-12)


def test_at_convergence_the_margins_are_those_of_the_population() -> None:
    data, raked = schools(), raked_schools(tolerance=1e-13)
    assert raked.converged
    assert raked.largest_deviation < 1e-13
    assert raked.n_trimmed == 0
    for column, margin in REFERENCE["margins"].items():
        shares = raked.weights.groupby(data[column]).sum() / raked.weights.sum()
        for category, count in margin.items():
            assert shares[category] == pytest.approx(count / 6194, abs=1e-12)
    # R's default stops a little earlier: largest difference of a weight 1.2e-3 of about 30.
    off = (raked.weights * 6194 / 183 - data["weight"]).abs().max()
    assert 1e-4 < off < 2e-3


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared reference data are not here")
def test_equals_r_school_by_school() -> None:
    data, weights = (pd.read_csv(SHARED / f"{name}.csv") for name in ("apiclus1", "apiclus1_raked_weights"))
    margins = {
        column: pd.read_csv(SHARED / f"apipop_{name}.csv").set_index(column)["N"].to_dict()
        for column, name in (("stype", "stype"), ("sch.wide", "schwide"))
    }
    raked = rake(data, margins=margins, start=data["pw"], max_cycles=4)
    np.testing.assert_allclose(raked.weights * 6194 / 183, weights["rake_w"], rtol=0, atol=ROUNDING)


def random_table(seed: int) -> tuple[pd.DataFrame, dict[str, dict[str, float]], pd.Series]:
    """Rows with three dependent categories, margins that differ from theirs, and unequal starting weights."""
    rng = np.random.default_rng(seed)
    size = 400
    a = rng.integers(0, 4, size)
    b = (a + rng.integers(0, 3, size)) % 3
    c = rng.integers(0, 2, size)
    data = pd.DataFrame({"a": a, "b": b, "c": c}).astype(str)
    margins = {
        name: dict(zip(sorted(data[name].unique()), rng.dirichlet(np.full(n, 8.0)), strict=True))
        for name, n in (("a", 4), ("b", 3), ("c", 2))
    }
    return data, margins, pd.Series(rng.uniform(0.5, 2.0, size))


@pytest.mark.parametrize("seed", range(5))
def test_equals_newton_on_the_dual(seed: int) -> None:
    data, margins, start = random_table(seed)
    design = np.column_stack(
        [(data[name] == category).to_numpy(float) for name, margin in margins.items() for category in margin]
    )
    wanted = np.array([value for margin in margins.values() for value in margin.values()]) * len(data)
    # One category of the second and third column follows from the others.
    kept = [0, 1, 2, 3, 4, 5, 7]

    def gap(multipliers: np.ndarray) -> Any:
        return design[:, kept].T @ (start * np.exp(design[:, kept] @ multipliers)) - wanted[kept]

    solved = root(gap, np.zeros(len(kept)), tol=1e-13)
    expected = start * np.exp(design[:, kept] @ solved.x)
    raked = rake(data, margins=margins, start=start, tolerance=1e-14)
    np.testing.assert_allclose(raked.weights, expected, rtol=1e-9)
    assert raked.weights.mean() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_bounds_give_the_nearest_weights_within_them(seed: int) -> None:
    data, margins, _ = random_table(seed)
    cells = data[["a", "b"]].value_counts().sort_index()
    margins = {name: margins[name] for name in ("a", "b")}
    low, high = 0.7, 1.5
    counts = cells.to_numpy(float)
    labels = cells.index.to_frame(index=False)
    within = {
        name: {k: 0.5 * v + 0.5 * (data[name] == k).mean() for k, v in m.items()}
        for name, m in margins.items()
    }
    conditions = [
        LinearConstraint(((labels[name] == k).to_numpy(float) * counts / len(data))[None, :], v, v)
        for name, margin in within.items()
        for k, v in list(margin.items())[: 4 if name == "a" else 2]
    ]
    best = minimize(
        lambda w: float(counts @ (w * np.log(w) - w + 1)) / len(data),
        np.ones(len(cells)),
        jac=lambda w: counts * np.log(w) / len(data),
        bounds=[(low, high)] * len(cells),
        constraints=conditions,
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 500},
    )
    raked = rake(data, margins=within, trim_low=low, trim_high=high, tolerance=1e-12)
    assert raked.converged
    assert raked.weights.between(low, high).all()
    by_cell = raked.weights.groupby([data["a"], data["b"]]).first().sort_index()
    np.testing.assert_allclose(by_cell, best.x, atol=1e-5)
    assert raked.n_trimmed == int(((raked.weights == low) | (raked.weights == high)).sum())
    free = rake(data, margins=within)
    assert (free.n_trimmed, free.weights.between(low, high).all()) == (0, raked.n_trimmed == 0)


def test_where_bounds_and_margins_cannot_both_hold_the_bounds_do() -> None:
    data = pd.DataFrame({"a": ["x"] * 90 + ["y"] * 10})
    raked = rake(data, margins={"a": {"x": 50, "y": 50}}, trim_high=2.0)
    assert (raked.converged, raked.n_trimmed) == (False, 10)
    assert raked.weights.max() == 2.0
    assert raked.weights.mean() == pytest.approx(1, abs=1e-12)
    assert raked.largest_deviation == pytest.approx(0.3, abs=1e-12)


def test_margins_that_contradict_one_another_do_not_converge() -> None:
    data = pd.DataFrame({"a": ["x", "x", "y", "y"] * 5, "b": ["p", "p", "q", "q"] * 5})
    raked = rake(data, margins={"a": {"x": 0.7, "y": 0.3}, "b": {"p": 0.4, "q": 0.6}})
    assert (raked.converged, raked.n_trimmed) == (False, 0)
    assert raked.largest_deviation == pytest.approx(0.3)
    assert np.isfinite(raked.weights).all()
    assert raked.cycles < 1000


@pytest.mark.parametrize(
    "trim", [{}, {"trim_low": 0.6}, {"trim_high": 1.2}, {"trim_low": 0.9, "trim_high": 1.1}]
)
def test_no_margins_however_odd_give_wild_weights(trim: dict[str, float]) -> None:
    rng = np.random.default_rng(12)
    for _ in range(25):
        data = pd.DataFrame({name: rng.integers(0, 2, 8).astype(str) for name in "abc"})
        data.iloc[:2] = [["0"] * 3, ["1"] * 3]
        margins = {
            name: {"0": 0.01, "1": 0.99} if rng.random() < 0.5 else {"0": 0.9, "1": 0.1} for name in "abc"
        }
        raked = rake(data, margins=margins, start=pd.Series(rng.uniform(0.01, 10, 8)), **trim)
        weights = raked.weights
        assert (weights > 0).all()
        assert weights.mean() == pytest.approx(1, abs=1e-9)
        assert weights.between(trim.get("trim_low", 0), trim.get("trim_high", np.inf)).all()
        assert raked.converged == (raked.largest_deviation <= 1e-10)


def test_rows_without_a_category_keep_their_share_together() -> None:
    data = pd.DataFrame({"a": ["x"] * 60 + ["y"] * 20 + [None] * 20, "b": (["p"] * 5 + ["q"] * 5) * 10})
    raked = rake(data, margins={"a": {"x": 50, "y": 50}, "b": {"p": 30, "q": 70}}, tolerance=1e-13)
    shares = raked.weights.groupby(data["a"].fillna("none")).sum() / 100
    assert shares.to_dict() == pytest.approx({"none": 0.2, "x": 0.4, "y": 0.4}, abs=1e-12)
    assert raked.weights.groupby(data["b"]).sum().to_dict() == pytest.approx({"p": 30, "q": 70}, abs=1e-10)


def test_scale_order_and_the_frame_do_not_matter() -> None:
    data, margins, start = random_table(3)
    kept = data.copy()
    first = rake(data, margins=margins, start=start).weights
    pd.testing.assert_frame_equal(data, kept)
    shuffled = data.sample(frac=1, random_state=1)
    percentages = {name: {k: 100 * v for k, v in margin.items()} for name, margin in margins.items()}
    again = rake(shuffled, margins=percentages, start=7 * start.loc[shuffled.index]).weights
    np.testing.assert_allclose(again.loc[data.index], first, rtol=1e-12)


def test_bounds_are_relative_to_the_mean_whatever_the_scale_of_the_starting_weights() -> None:
    data, margins, start = random_table(3)
    bounds = {"trim_low": 0.5, "trim_high": 1.6}
    first = rake(data, margins={"a": margins["a"]}, start=start / start.mean(), **bounds)
    again = rake(data, margins={"a": margins["a"]}, start=40 * start, **bounds)
    assert first.n_trimmed > 0
    np.testing.assert_allclose(again.weights, first.weights, rtol=1e-9)
    assert (again.converged, again.n_trimmed) == (first.converged, first.n_trimmed)


def test_known_weights_need_no_cycle() -> None:
    data = pd.DataFrame({"a": ["x", "y"]})
    raked = rake(data, margins={"a": {"x": 1, "y": 3}}, start=pd.Series([1.0, 3.0]))
    assert (raked.cycles, raked.converged, raked.weights.tolist()) == (0, True, [0.5, 1.5])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"margins": {}}, "rake needs at least one row and one margin."),
        ({"margins": {"b": {"x": 1}}}, "rake: there are no columns ['b']; the frame has ['a']."),
        (
            {"margins": {"a": {"x": 0, "y": -1, "z": 2}}},
            "rake: margins of 'a' that are not above 0: ['x', 'y']; categories of 'a' without rows: ['z']. Merge or "
            "complete them.",
        ),
        (
            {"margins": {"a": {"x": 1}}},
            "rake: 1 categories of 'a' without a margin. Merge or complete them.",
        ),
        (
            {"start": pd.Series([1.0])},
            "start must be as many as the rows (2); got 1.",
        ),
        (
            {"start": pd.Series([1.0, 0.0])},
            "start must hold weights above 0; 1 are missing, infinite, zero or negative.",
        ),
        ({"trim_low": 1.0}, "trim_low must lie between 0 and 1, as a part of the mean weight; got 1.0."),
        ({"trim_high": 0.5}, "trim_high must be above 1, as a multiple of the mean weight; got 0.5."),
    ],
)
def test_raking_refuses(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        rake(pd.DataFrame({"a": ["x", "y"]}), **({"margins": {"a": {"x": 1, "y": 1}}} | change))
    assert str(caught.value) == message


# Weights of a study


@pytest.fixture
def weighted(client: Any) -> Any:
    """The small client with two waves, a contract, and margins for it."""
    sheets = client.tables["employees"]
    sheets = pd.concat([sheets, sheets.assign(year="2025")], ignore_index=True)
    sheets["contract"] = (["fixed"] * 4 + ["hired"]) * 24
    client.tables["employees"] = sheets
    client.variables["employees.contract"] = client.entry("employees", "contract", "category")
    client.settings["weighting"] = {"employees": {"margins": {"contract": {"fixed": 300, "hired": 100}}}}
    return client


def with_staff(client: Any, **columns: Any) -> Any:
    """The client with a staff list of its sixty respondents and twenty others."""
    staff = pd.DataFrame(
        {"id": [f"p{i:02d}" for i in range(80)], "contract": ["fixed"] * 48 + ["hired"] * 32}
    )
    client.tables["people"] = staff.assign(**columns)
    client.settings["tables"]["people"] = "people.csv"
    roles = {"id": "person", "contract": "category", "start": "date", "end": "date"}
    for column in client.tables["people"]:
        client.variables[f"people.{column}"] = client.entry("people", column, roles[column])
    return client


def said(study: Any) -> list[str]:
    """The remarks about weights."""
    return [str(remark) for remark in study.remarks if remark.column.startswith("weighting")]


def margins(client: Any, **change: Any) -> None:
    """Replace settings of the weights."""
    client.settings["weighting"]["employees"] |= change


def test_a_study_is_weighted_wave_by_wave(weighted: Any) -> None:
    study = weighted.load()
    sheets = study.table("employees")
    for _, wave in sheets.groupby("wave"):
        assert wave["weight"].mean() == pytest.approx(1, abs=1e-12)
        assert wave.groupby("contract")["weight"].sum().to_dict() == pytest.approx({"fixed": 45, "hired": 15})
    assert [(r.table, r.wave, r.n, r.converged, r.n_trimmed) for r in study.weighting] == [
        ("employees", "2024", 60, True, 0),
        ("employees", "2025", 60, True, 0),
    ]
    summary = weight_summary(study)
    own = summary[summary["table"] == "employees"]
    assert own["wave"].tolist() == ["2024", "2025", "all"]
    assert set(own["source"]) == {"raked"}
    assert own["converged"].tolist() == [True, True, True]
    # By hand: weights 45/48 and 15/12.
    effect = (48 * (45 / 48) ** 2 + 12 * (15 / 12) ** 2) / 60
    assert own["design_effect"].tolist() == pytest.approx([effect] * 3)
    assert own["n_eff"].tolist() == pytest.approx([60 / effect, 60 / effect, 120 / effect])
    assert own["smallest"].tolist() == pytest.approx([45 / 48] * 3)
    assert own["largest"].tolist() == pytest.approx([15 / 12] * 3)
    assert own["ratio"].tolist() == pytest.approx([4 / 3] * 3)
    others = summary[summary["table"] == "customers"].iloc[0]
    assert (others["source"], others["n_eff"], others["design_effect"], others["n"]) == ("none", 60, 1, 60)
    assert pd.isna(others["converged"])


def test_supplied_weights_are_where_raking_starts(weighted: Any) -> None:
    sheets = weighted.tables["employees"]
    sheets["w"] = np.tile([1.0, 3.0], 60)
    weighted.variables["employees.w"] = weighted.entry("employees", "w", "weight")
    raked = weighted.load().table("employees")
    expected = rake(
        raked.loc[raked["wave"] == "2024", ["contract"]],
        margins={"contract": {"fixed": 3, "hired": 1}},
        start=sheets["w"].iloc[:60],
    )
    assert raked["weight"].iloc[:60].tolist() == pytest.approx(expected.weights.tolist())
    del weighted.settings["weighting"]
    supplied = weighted.load()
    assert supplied.table("employees")["weight"].tolist() == sheets["w"].tolist()
    assert weight_summary(supplied).loc[0, "source"] == "supplied"


def test_waves_together(weighted: Any) -> None:
    # Sixty people answered twice: more sheets than the eighty people that the margins count.
    margins(weighted, by_wave=False, margins={"contract": {"fixed": 60, "hired": 20}})
    study = weighted.load()
    assert [(r.wave, r.n) for r in study.weighting] == [("all", 120)]
    summary = weight_summary(study).iloc[:3]
    assert summary["converged"].tolist() == [pd.NA, pd.NA, True]
    assert summary["n_trimmed"].tolist() == [pd.NA, pd.NA, 0]


def test_missing_categories_are_counted_and_remarked(weighted: Any) -> None:
    weighted.tables["employees"].loc[:9, "contract"] = None
    study = weighted.load()
    wave = study.table("employees").iloc[:60]
    assert wave.loc[:9, "weight"].tolist() == pytest.approx([1.0] * 10)
    rows = study.ledger[study.ledger["step"] == "without a category to weight by"]
    assert rows[["table", "counted", "n", "removed"]].to_numpy().tolist() == [["employees", "rows", 10, 0]]
    assert said(study) == [
        "small.yaml: weighting.employees: 10 answer sheets lack a category that they are weighted by (contract); "
        "together they keep the share they have."
    ]


def test_bounds_are_kept_and_remarked(weighted: Any) -> None:
    margins(weighted, trim_high=1.1, trim_low=0.5)
    study = weighted.load()
    assert study.table("employees")["weight"].max() == 1.1
    assert weight_summary(study).iloc[:3][["n_trimmed", "converged"]].to_numpy().tolist() == [
        [12, False],
        [12, False],
        [24, False],
    ]
    assert said(study) == [
        "small.yaml: weighting.employees: The weights stay within their bounds, so the margins are not met; shares are "
        "off by: 2024 (3 %), 2025 (3 %)."
    ]


def test_all_waves_meet_their_margins_only_if_each_does(weighted: Any) -> None:
    sheets = weighted.tables["employees"]
    # In 2025 the shares are those of the margins.
    sheets.loc[60:, "contract"] = ["fixed"] * 45 + ["hired"] * 15
    margins(weighted, trim_high=1.1)
    assert weight_summary(weighted.load()).iloc[:3]["converged"].tolist() == [False, True, False]


def test_one_bound_is_enough_for_the_bounds_to_come_first(weighted: Any) -> None:
    margins(weighted, trim_high=1.1)
    assert [record.converged for record in weighted.load().weighting] == [False, False]
    margins(weighted, trim_high=None, trim_low=0.99)
    assert [record.converged for record in weighted.load().weighting] == [False, False]


def test_margins_from_the_staff_list_of_each_wave(weighted: Any) -> None:
    # All hired people but four left in the course of 2024.
    left = [pd.NaT] * 52 + [pd.Timestamp("2024-06-30")] * 28
    with_staff(weighted, start=pd.Timestamp("2020-01-01"), end=left)
    weighted.tables["employees"]["contract"] = (["fixed"] * 48 + ["hired"] * 12) * 2
    weighted.settings["weighting"] = {"employees": {"staff_list": ["contract"]}}
    study = weighted.load()
    shares = study.table("employees").groupby(["wave", "contract"])["weight"].sum() / 60
    expected = [48 / 80, 32 / 80, 48 / 52, 4 / 52]
    assert shares.tolist() == pytest.approx(expected)
    assert said(study) == [
        "small.yaml: weighting.employees: The margins of contract are counted among the people in service during each "
        "wave."
    ]


def test_a_staff_list_without_dates_counts_everybody_and_tells_the_category(weighted: Any) -> None:
    with_staff(weighted)
    del weighted.variables["employees.contract"], weighted.tables["employees"]["contract"]
    weighted.tables["people"].loc[79, "contract"] = None
    weighted.settings["weighting"] = {"employees": {"staff_list": ["contract"]}}
    study = weighted.load()
    sheets = study.table("employees")
    known = dict(zip(weighted.tables["people"]["id"], weighted.tables["people"]["contract"], strict=True))
    shares = sheets.groupby([sheets["wave"], sheets["person"].map(known)])["weight"].sum() / 60
    assert shares.tolist() == pytest.approx([48 / 79, 31 / 79] * 2)
    assert said(study) == [
        "small.yaml: weighting.employees: The margins of contract are counted among everybody on the staff list: dates "
        "of service or of the waves are not known.",
        "small.yaml: weighting.employees: On the staff list one person lacks a category (contract); the margins "
        "are those of the others.",
    ]


def test_sheets_without_a_wave_are_not_raked(weighted: Any) -> None:
    weighted.tables["employees"].loc[[0, 5], "year"] = None
    study = weighted.load()
    assert study.table("employees")["weight"].iloc[[0, 5]].tolist() == [1.0, 1.0]
    kinds = [(remark.kind, remark.n) for remark in study.remarks if remark.kind == "sheets_not_raked"]
    assert kinds == [("sheets_not_raked", 2)]
    # Supplied weights keep their proportions, with mean 1 as in the waves.
    weighted.tables["employees"]["w"] = 4.0
    weighted.tables["employees"].loc[5, "w"] = 12.0
    weighted.variables["employees.w"] = weighted.entry("employees", "w", "weight")
    assert weighted.load().table("employees")["weight"].iloc[[0, 5]].tolist() == [0.5, 1.5]


UNITS = {f"Unit {letter}": 70 for letter in "ABCDEF"}
PLACE = "small.yaml: weighting.employees"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"margins": {}},
            f"{PLACE}: there is nothing to weight by. Give 'margins' or 'staff_list', or take this out.",
        ),
        (
            {"margins": {"contrct": {"fixed": 300, "hired": 100}}},
            f"{PLACE}.margins.contrct: table 'employees' has no such category column. Did you mean 'contract'? Legal: "
            "contract, unit.",
        ),
        (
            {"margins": {"contract": {}}},
            f"{PLACE}.margins.contract: there are no margins. Give one for each category.",
        ),
        (
            {"margins": {"contract": {"fixed": 300, "hired": 0}}},
            f"{PLACE}.margins.contract: the margin of 'hired' is not above 0. Leave out categories that nobody is in.",
        ),
        (
            {"margins": {"contract": {"fixed": 0.5, "hired": 0.3}}},
            f"{PLACE}.margins.contract: the shares sum to 0.8, not to 1 or 100. Complete or correct them, or give "
            "whole numbers of people.",
        ),
        (
            {
                "margins": {
                    "contract": {"fixed": 300, "hired": 100},
                    "unit": UNITS,
                }
            },
            f"{PLACE}.margins: the numbers of people differ between the columns: contract 400, unit 420. Count the "
            "same people in each, or give shares.",
        ),
        (
            {"margins": {"contract": {"fixed": 40, "hired": 10}}},
            f"{PLACE}.margins.contract: the margins count 50 people, but more answered (wave 2024, 2025). Give the "
            "numbers of the population, or its shares.",
        ),
        (
            {"margins": {"contract": {"fixed": 100}}},
            f"{PLACE}.margins.contract: there is 1 category in the data without a margin: 'hired'. Give each a margin, "
            "or list it under 'missing' in the codebook.",
        ),
        (
            {"margins": {"contract": {"fixed": 60, "hired": 30, "Temp": 10}}},
            f"{PLACE}.margins.contract: there is 1 category with a margin without answers: 'Temp' (wave 2024, 2025). "
            "Merge it with another category, in the data and in the margins, or leave out its margin.",
        ),
        (
            {"staff_list": ["unit"]},
            f"{PLACE}.staff_list: this study has no staff list. Give the table 'people' under 'tables', or give "
            "'margins'.",
        ),
        (
            {"trim_low": 2.0},
            f"{PLACE}.trim_low: 2.0 is not below 1. Correct the value.",
        ),
    ],
)
def test_margins_that_cannot_be(weighted: Any, change: dict[str, Any], problem: str) -> None:
    margins(weighted, **change)
    message = weighted.refusal()
    if "trim_low" in change:
        assert message.startswith(f"1 problem with this study:\n- {PLACE}.trim_low: ")
    else:
        assert message == f"1 problem with this study:\n- {problem}"


def test_a_rare_category_without_a_margin_is_not_named(weighted: Any) -> None:
    weighted.tables["employees"].loc[[0, 1], "contract"] = ["Director", "Owner"]
    assert weighted.refusal() == (
        f"1 problem with this study:\n- {PLACE}.margins.contract: there are 2 categories in the data without a margin. "
        "Give each a margin, or list it under 'missing' in the codebook."
    )


def test_a_rare_category_of_the_staff_list_is_not_named(weighted: Any) -> None:
    with_staff(weighted)
    weighted.tables["people"].loc[[70, 71], "contract"] = "Director"
    weighted.settings["weighting"] = {"employees": {"staff_list": ["contract"]}}
    # As its person stands on the staff list, a sheet has the category of its own table.
    assert weighted.refusal() == (
        f"1 problem with this study:\n- {PLACE}.staff_list.contract: there is 1 category with a margin without answers "
        "(wave 2024, 2025). Merge it with another category in both tables, or give 'margins' instead."
    )


def test_margins_without_a_solution_are_refused_unless_there_are_bounds(weighted: Any) -> None:
    sheets = weighted.tables["employees"]
    sheets["place"] = sheets["contract"].map({"fixed": "in", "hired": "out"})
    weighted.variables["employees.place"] = weighted.entry("employees", "place", "category")
    weighted.settings["weighting"]["employees"]["margins"]["place"] = {"in": 0.5, "out": 0.5}
    assert weighted.refusal() == (
        f"1 problem with this study:\n- {PLACE}: no weights meet all margins (wave 2024, 2025). Merge small "
        "categories, or set trim_low and trim_high, which then hold instead of the margins."
    )
    margins(weighted, trim_low=0.5, trim_high=2.0)
    assert weight_summary(weighted.load())["converged"].tolist()[:3] == [False] * 3


def test_an_empty_category_column_is_refused(weighted: Any) -> None:
    weighted.tables["employees"].loc[60:, "contract"] = None
    assert weighted.refusal() == (
        f"1 problem with this study:\n- {PLACE}.margins.contract: no answer sheet has this category (wave 2025). "
        "Complete the column, or take its margins out."
    )


def test_all_wrong_settings_at_once(weighted: Any) -> None:
    with_staff(weighted)
    weighted.settings["weighting"] = {
        "employees": {"staff_list": ["unit", "contract"], "margins": {"contract": {"fixed": 1, "hired": -1}}},
        "customers": {"staff_list": ["kind"]},
        "partners": {"margins": {"kind": {"a": 1}}},
    }
    assert weighted.refusal().splitlines() == [
        "5 problems with this study:",
        f"- {PLACE}.margins.contract: the margin of 'hired' is not above 0. Leave out categories that nobody is in.",
        f"- {PLACE}.staff_list: table 'people' has no category column 'unit'. Legal: contract.",
        f"- {PLACE}.staff_list: the margins of 'contract' are given under 'margins' as well. Keep one of the two.",
        "- small.yaml: weighting.customers.staff_list: the staff list says nothing about table 'customers'. Give "
        "'margins' instead.",
        "- small.yaml: weighting.partners: this study has no table 'partners'. Give the table under 'tables', or take "
        "this out.",
    ]


def test_waves_with_dates() -> None:
    names = ["2024", "2024Q3", "Q3 2024", "2024-K3", "2024-07", "wave 1", "2024-13", "20241"]
    assert [str(wave_period(name)) for name in names] == [
        "2024", "2024Q3", "2024Q3", "2024Q3", "2024-07", "None", "None", "None",
    ]  # fmt: skip


def test_service_includes_the_first_and_the_last_day(weighted: Any) -> None:
    end = [pd.Timestamp("2023-12-31"), pd.Timestamp("2024-01-01")] + [pd.NaT] * 78
    start = [pd.NaT, pd.NaT, pd.Timestamp("2024-12-31 23:00"), pd.Timestamp("2025-01-01")] + [pd.NaT] * 76
    study = with_staff(weighted, start=start, end=end).load()
    people = study.table("people")
    staff = staff_during(people, wave="2024", codebook=study.codebook)
    assert staff is not None
    assert set(people["person"]) - set(staff["person"]) == {"p00", "p03"}
    assert staff_during(people, wave="first", codebook=study.codebook) is None


def test_waves_with_and_without_dates_are_told_apart(weighted: Any) -> None:
    with_staff(weighted, start=pd.Timestamp("2020-01-01"))
    sheets = weighted.tables["employees"]
    sheets["contract"] = (["fixed"] * 48 + ["hired"] * 12) * 2
    sheets["year"] = sheets["year"].replace("2025", "baseline")
    weighted.settings["weighting"] = {"employees": {"staff_list": ["contract"]}}
    study = weighted.load()
    assert said(study) == [
        f"{PLACE}: The margins of contract (2024) are counted among the people in service during each wave.",
        f"{PLACE}: The margins of contract (baseline) are counted among everybody on the staff list: dates of "
        "service or of the waves are not known.",
    ]


def test_a_staff_list_of_nobody_is_refused(weighted: Any) -> None:
    with_staff(weighted, start=pd.Timestamp("2025-01-01"))
    weighted.settings["weighting"] = {"employees": {"staff_list": ["contract"]}}
    with pytest.raises(StudyError) as caught:
        weighted.load()
    assert [str(problem) for problem in caught.value.problems] == [
        f"{PLACE}.staff_list: the staff list has nobody to count (wave 2024). Complete its dates of service and its "
        "categories, or give 'margins' instead."
    ]
