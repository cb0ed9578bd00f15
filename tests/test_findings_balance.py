"""Balance of EX and CX: the planted truth, another implementation, null worlds, lacking data and what may be drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Verdict
from exresearch.findings.analyses import Balance, ex_cx_balance
from exresearch.findings.analyses.balance.rows import (
    category_columns,
    on_one_scale,
    ranked,
    within_waves,
    without_outermost,
)
from exresearch.findings.analyses.balance.surface import shown_region
from exresearch.measures import link_table
from exresearch.study import Study, load_study
from exresearch.study.demo import DemoSettings, generate_demo, planted_truth
from exresearch.study.demo.company import simulate_company

PARAMS = Path(__file__).parents[1] / "params"
SEED = 5
SETTINGS = DemoSettings(n_units=60, n_waves=4, mean_headcount=20)
# Another order of summation.
EXACT = 1e-8


def small_demo(folder: Path, settings: DemoSettings) -> Study:
    files = generate_demo(folder / "tables", seed=SEED, settings=settings)
    return load_study(
        PARAMS / "demo.yaml",
        overrides={"tables": {name: str(file) for name, file in files.items()}, "synthetic": None},
    )


def analysed(study: Study, **change: Any) -> Balance:
    settings: dict[str, Any] = {
        "ex_measure": "experience", "cx_measure": "cx", "later_outcome": "result", "min_unit_n": 5,
        "engaged_definition": "highly_or_moderately", "engaged_threshold": 5.0, "conf_level": 0.95, "n_boot": 199,
        "seed": 1, "rules": DisclosureRules(),
    }  # fmt: skip
    return ex_cx_balance(study, **(settings | change))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Sixty units in four waves."""
    return small_demo(tmp_path_factory.mktemp("balance"), SETTINGS)


@pytest.fixture(scope="module")
def found(demo: Study) -> Balance:
    return analysed(demo)


@pytest.fixture(scope="module")
def rows(demo: Study) -> pd.DataFrame:
    """Both sides of a wave beside the result of the next and of this one, joined without the package."""
    panel = link_table(demo, ex_measure="experience", cx_measure="cx").panel
    results = demo.table("units")[["unit", "wave", "result"]]
    following = dict(zip(demo.waves[1:], demo.waves[:-1], strict=True))
    later = results.assign(wave=results["wave"].map(following)).rename(columns={"result": "outcome"})
    joined = panel.merge(later.dropna(), on=["unit", "wave"]).merge(results, on=["unit", "wave"])
    return joined.astype({"ex": float, "cx": float})


def z(values: pd.Series) -> pd.Series:
    return (values - values.mean()) / values.std(ddof=0)


def polynomial(frame: pd.DataFrame) -> pd.DataFrame:
    x, y = z(frame["ex"]), z(frame["cx"])
    return pd.DataFrame({"one": 1.0, "x": x, "y": y, "xx": x**2, "xy": x * y, "yy": y**2})


SLOPE, CURVATURE = np.array([0, 1, -1, 0, 0, 0]), np.array([0, 0, 0, 1, -1, 1])


def by_least_squares(frame: pd.DataFrame, *others: pd.DataFrame) -> tuple[float, float]:
    """Slope and curvature along the line of difference by statsmodels."""
    design = pd.concat([polynomial(frame), *others], axis=1)
    params = sm.OLS(z(frame["outcome"]), design).fit().params.to_numpy()[:6]
    return float(SLOPE @ params), float(CURVATURE @ params)


def check(found: Balance, name: str) -> tuple[float, float]:
    values = found.checks[found.checks["check"] == name].set_index("component")["estimate"]
    return float(values["slope"]), float(values["curvature"])


def test_components_errors_and_intervals_written_out(found: Balance, rows: pd.DataFrame) -> None:
    slope, curvature = found.finding.components
    assert [slope.term, curvature.term] == ["slope", "curvature"]
    assert (slope.estimate, curvature.estimate) == pytest.approx(by_least_squares(rows), abs=EXACT)
    assert found.n_rows == len(rows)
    assert slope.n == int(rows["ex_n"].sum())
    assert slope.n_units == rows["unit"].nunique()
    # CR2 by matrices of the rows of each unit (Pustejovsky & Tipton 2018, constant variance).
    x = polynomial(rows).to_numpy()
    residuals = sm.OLS(z(rows["outcome"]), x).fit().resid.to_numpy()
    bread = np.linalg.inv(x.T @ x)
    hat = x @ bread @ x.T
    meat = np.zeros_like(bread)
    makers = []
    for unit in rows["unit"].unique():
        inside = (rows["unit"] == unit).to_numpy()
        values, vectors = np.linalg.eigh(np.eye(inside.sum()) - hat[np.ix_(inside, inside)])
        adjusted = x[inside].T @ (vectors / np.sqrt(values)) @ vectors.T
        meat += np.outer(adjusted @ residuals[inside], adjusted @ residuals[inside])
        makers.append(adjusted @ (np.eye(len(x)) - hat)[inside])
    for record, weights in ((slope, SLOPE), (curvature, CURVATURE)):
        error = float(np.sqrt(weights @ bread @ meat @ bread @ weights))
        assert record.std_error == pytest.approx(error, rel=1e-6)
        # Satterthwaite: the quadratic form's expectation and variance under constant variance.
        parts = np.array([weights @ bread @ maker for maker in makers])
        products = parts @ parts.T
        df = np.trace(products) ** 2 / (products**2).sum()
        half = stats.t.ppf(0.975, df) * error
        assert (record.conf_low, record.conf_high) == pytest.approx(
            (record.estimate - half, record.estimate + half), rel=1e-6
        )
    # Holm for two.
    p_values = np.array([slope.p_value, curvature.p_value], dtype=float)
    assert min(slope.p_adjusted or 0, curvature.p_adjusted or 0) == pytest.approx(
        min(1.0, 2 * p_values.min())
    )


def test_the_planted_surface_lies_in_the_intervals(found: Balance, rows: pd.DataFrame) -> None:
    """The noise of the result aside: what is planted, seen through the measured experience of the same units."""
    planted = planted_truth()["balance"]
    assert planted["effect"] == "mixed"
    company = simulate_company(np.random.default_rng(np.random.SeedSequence(SEED).spawn(8)[0]), SETTINGS)
    gap = (company.ex_standard - company.cx_standard)[:, 1:]
    units, waves = sorted(rows["unit"].unique()), sorted(rows["wave"].unique())
    place = rows["unit"].map({unit: number for number, unit in enumerate(units)}).to_numpy()
    at = rows["wave"].map({wave: number for number, wave in enumerate(waves)}).to_numpy()
    strength = float(str(planted["curvature_incongruence"]))
    expected = 50 + 10 * strength * gap[place, at] ** 2
    params = sm.OLS(expected / rows["outcome"].std(ddof=0), polynomial(rows)).fit().params.to_numpy()
    slope, curvature = found.finding.components
    assert float(CURVATURE @ params) < -0.2
    assert curvature.conf_low < float(CURVATURE @ params) < curvature.conf_high
    assert slope.conf_low < float(SLOPE @ params) < slope.conf_high
    # Nothing of the kind is planted for who comes off worse.
    assert slope.conf_low < 0 < slope.conf_high
    assert curvature.estimate < 0


def test_checks_ask_the_same_otherwise(found: Balance, rows: pd.DataFrame) -> None:
    assert check(found, "ranks") == pytest.approx(by_least_squares(ranked(rows)), abs=EXACT)
    assert check(found, "within_waves") == pytest.approx(by_least_squares(within_waves(rows)), abs=EXACT)
    assert check(found, "earlier_outcome") == pytest.approx(
        by_least_squares(rows, rows[["result"]]), abs=EXACT
    )
    fewer = without_outermost(rows)
    assert len(rows) - len(fewer) == int(np.ceil(0.025 * (len(rows) - 1)))
    assert check(found, "outermost") == pytest.approx(by_least_squares(fewer), abs=EXACT)
    # Dummies of units and waves give the same as deviations from the means of a unit.
    dummies = [
        pd.get_dummies(rows[name], prefix=name, dtype=float).iloc[:, 1:].astype(float)
        for name in ("unit", "wave")
    ]
    assert check(found, "within_units") == pytest.approx(by_least_squares(rows, *dummies), abs=EXACT)
    fitting = category_columns(rows, ["unit_type", "business_unit", "location"])
    # Room for six columns: three for the type of unit, and neither five nor nine more.
    assert list(fitting) == ["unit_type"]
    assert check(found, "categories") == pytest.approx(by_least_squares(rows, *fitting.values()), abs=EXACT)
    assert len({record.term for record in found.finding.robustness}) == len(found.finding.robustness)
    assert {record.unit_of_measurement for record in found.finding.robustness} == {"standardised"}


def test_a_shared_scale_only_where_both_sides_are_seen(
    found: Balance, demo: Study, rows: pd.DataFrame
) -> None:
    # eNPS and marks both run from 0 to 10 here, so that equal answers are equal.
    panel = link_table(demo, ex_measure="enps", cx_measure="cx").panel
    assert 0.1 < (panel["ex"] > panel["cx"]).mean() < 0.9
    marks = analysed(demo, ex_measure="enps")
    joined = rows[["unit", "wave", "outcome"]].merge(panel, on=["unit", "wave"])
    both = joined[["ex", "cx"]].astype(float)
    x, y = ((both - both.to_numpy().mean()) / np.sqrt(both.var(ddof=0).mean())).to_numpy().T
    design = np.column_stack([np.ones_like(x), x, y, x**2, x * y, y**2])
    params = sm.OLS(z(joined["outcome"]).to_numpy(), design).fit().params
    expected = (float(SLOPE @ params), float(CURVATURE @ params))
    assert check(marks, "shared_scale") == pytest.approx(expected, abs=EXACT)
    frame = pd.DataFrame({"ex": [1.0, 4.0, 7.0], "cx": [0.0, 5.0, 10.0], "outcome": [1.0, 2.0, 6.0]})
    scaled, top = on_one_scale(frame, (1.0, 7.0), (0.0, 10.0))
    assert scaled["ex"].tolist() == pytest.approx(scaled["cx"].tolist())
    assert scaled["ex"].std(ddof=0) == pytest.approx(1.0)
    assert scaled["ex"].max() == pytest.approx(top)
    assert scaled["outcome"].mean() == pytest.approx(0.0, abs=EXACT)
    told = [note.message for note in found.finding.caveats]
    one_sided = any("so one-sided" in message for message in told)
    assert one_sided != (found.checks["check"] == "shared_scale").any()


def test_the_lines_run_through_the_surface(found: Balance, rows: pd.DataFrame) -> None:
    mean, spread = found.scales["outcome"]
    assert (mean, spread) == pytest.approx((rows["outcome"].mean(), rows["outcome"].std(ddof=0)))
    fit = sm.OLS(z(rows["outcome"]), polynomial(rows)).fit()
    for line, sign in (("congruence", 1), ("incongruence", -1)):
        along = found.along[found.along["line"] == line]
        at = along["position"].to_numpy()
        terms = np.column_stack([np.ones_like(at), at, sign * at, at**2, sign * at**2, at**2])
        assert along["estimate"].to_numpy() == pytest.approx(
            mean + spread * (terms @ fit.params.to_numpy()), abs=1e-6
        )
        assert (along["conf_low"] < along["estimate"]).all()
        assert (along["estimate"] < along["conf_high"]).all()
        # As far as the region goes, and no further.
        reach = np.hypot(found.region["x"], found.region["y"]).max()
        assert np.abs(at).max() * np.sqrt(2) <= reach + EXACT
    nearest = found.grid.assign(away=np.hypot(found.grid["x"], found.grid["y"])).nsmallest(1, "away")
    assert nearest["estimate"].item() == pytest.approx(mean + spread * fit.params.iloc[0], abs=1e-3)


def test_no_part_of_the_region_goes_back_to_few_units() -> None:
    rng = np.random.default_rng(3)
    values = rng.standard_normal((300, 2))
    units = pd.Series(np.repeat(np.arange(60), 5))
    region = shown_region(values, units, min_units=5)
    angles = np.deg2rad(np.arange(0, 360, 10))
    ways = np.column_stack([np.cos(angles), np.sin(angles)])
    border = (region.to_numpy() @ ways.T).max(axis=0)
    for way, limit in zip(ways, border, strict=True):
        assert units[values @ way >= limit - EXACT].nunique() >= 5
    # However far away one unit goes, the outline stays within that of one unit less.
    moved = values.copy()
    moved[int(np.hypot(*values.T).argmax())] *= 1000
    radius = [
        np.hypot(*shown_region(part, units, min_units=least).to_numpy().T)
        for part, least in ((moved, 5), (values, 4))
    ]
    assert (radius[0] <= radius[1] + EXACT).all()
    assert shown_region(values, units, min_units=61).empty
    assert shown_region(values + 9, units, min_units=5).empty


def test_the_order_of_rows_changes_nothing(found: Balance, demo: Study) -> None:
    tables = {name: table.sample(frac=1, random_state=4) for name, table in demo.tables.items()}
    other = analysed(replace(demo, tables=tables))
    for one, two in zip(found.finding.components, other.finding.components, strict=True):
        assert (one.estimate, one.conf_low, one.p_value) == pytest.approx(
            (two.estimate, two.conf_low, two.p_value), abs=EXACT
        )
    assert other.finding.verdict is found.finding.verdict


def test_a_lack_of_balance_to_one_side_is_supported_or_contradicted(demo: Study) -> None:
    """A result that suffers where employees lose to customers and where the two drift apart, and its mirror image."""
    panel = link_table(demo, ex_measure="experience", cx_measure="cx").panel.astype(
        {"ex": float, "cx": float}
    )
    ahead = z(panel["ex"]) - z(panel["cx"])
    following = dict(zip(demo.waves[:-1], demo.waves[1:], strict=True))
    noise = np.random.default_rng(6).normal(0, 0.3, len(panel))
    for sign, verdict in ((1.0, Verdict.SUPPORTED), (-1.0, Verdict.CONTRADICTED)):
        made = panel.assign(
            wave=panel["wave"].map(following), made=50 + sign * (ahead - 0.5 * ahead**2) + noise
        )
        units = demo.table("units").drop(columns="result")
        units = units.merge(made[["unit", "wave", "made"]].dropna(), on=["unit", "wave"], how="left")
        changed = replace(demo, tables=demo.tables | {"units": units.rename(columns={"made": "result"})})
        finding = analysed(changed).finding
        assert [record.verdict for record in finding.components] == [verdict, verdict]
        assert finding.verdict is verdict


def test_nothing_is_found_where_nothing_is_planted(tmp_path: Path) -> None:
    study = small_demo(tmp_path, replace(SETTINGS, effect_scale=0.0, n_units=52, n_waves=2))
    finding = analysed(study).finding
    assert finding.verdict in (Verdict.INCONCLUSIVE, Verdict.EQUIVALENT)
    for record in finding.components:
        assert record.conf_low < 0 < record.conf_high


def untestable(result: Balance) -> str:
    assert result.finding.verdict is Verdict.NOT_TESTABLE
    assert result.checks.empty
    assert result.grid.empty
    assert result.finding.robustness == ()
    return result.finding.reason.message


def test_what_is_lacking_is_said(demo: Study) -> None:
    assert untestable(analysed(demo, later_outcome="")) == (
        "No outcome is named that should suffer from a lack of balance. The setting later_outcome takes a measure of "
        "the units, such as the result."
    )
    reason = analysed(demo, later_outcome="turnover").finding.reason
    assert reason.message.startswith("The setting later_outcome names “{construct}”")
    assert dict(reason.model_dump()["values"]) == {"construct": "turnover"}
    assert untestable(analysed(demo, waves_overlap=True)) == (
        "Successive waves share part of the time they measure, so that no outcome comes a wave later."
    )
    # One wave less than two, and fewer than fifty units.
    units = demo.table("units")
    one = {
        name: table[table["wave"] == demo.waves[0]] if "wave" in table else table
        for name, table in demo.tables.items()
    }
    assert untestable(analysed(replace(demo, tables=one))) == (
        "There are {n_waves:integer} waves; at least {needed:integer} are needed."
    )
    few = sorted(units["unit"].unique())[:49]
    some = {
        name: table[table["unit"].isin(few)] if "unit" in table else table
        for name, table in demo.tables.items()
    }
    assert untestable(analysed(replace(demo, tables=some))) == (
        "{n_units:integer} units can be linked; at least {needed:integer} are needed."
    )
    bare = units.assign(result=units["result"].where(units["unit"].isin(few)))
    result = analysed(replace(demo, tables=demo.tables | {"units": bare}))
    assert untestable(result).startswith("For {n_units:integer} units the outcome of a later wave is known")
    assert dict(result.finding.reason.model_dump()["values"]) == {"n_units": 49, "needed": 50}
    same = replace(demo, tables=demo.tables | {"units": units.assign(result=50.0)})
    assert untestable(analysed(same)).startswith("There are too few units, or they hardly differ")


def test_rows_without_a_next_wave_are_counted(demo: Study) -> None:
    units = demo.table("units")
    gone = (units["wave"] == demo.waves[2]) & units["unit"].isin(sorted(units["unit"].unique())[:3])
    result = analysed(replace(demo, tables=demo.tables | {"units": units[~gone]}))
    note = next(n for n in result.finding.caveats if "the next wave has no outcome" in n.message)
    assert dict(note.model_dump()["values"]) == {"count": 3}
    # The wave after the missing one is not taken for the next.
    panel = link_table(demo, ex_measure="experience", cx_measure="cx").panel
    assert result.n_rows == int((panel["wave"] != demo.waves[-1]).sum()) - 3
