"""Promise and delivery: against least squares written out, the surface's other lines, and without the data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import WLS

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note, Verdict
from exresearch.findings.analyses import PromiseDelivered, promise_delivered
from exresearch.findings.analyses.answer_sheets import answer_sheets
from exresearch.findings.analyses.promise.checks import earlier_promise
from exresearch.findings.analyses.promise.sheets import two_sides, with_powers
from exresearch.study import Study, load_study
from exresearch.study.demo import DemoSettings, generate_demo

PARAMS = Path(__file__).parents[1] / "params"
RULES = DisclosureRules()
OPTIONS = {"conf_level": 0.95, "n_boot": 99, "seed": 1, "rules": RULES}
NAMES = {"outcome": "stay", "delivery": "delivery", "promise": "promise"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    files = generate_demo(
        tmp_path_factory.mktemp("demo") / "tables", seed=4, settings=DemoSettings(n_units=24, n_waves=2)
    )
    tables = {name: str(file) for name, file in files.items()}
    return load_study(PARAMS / "demo.yaml", overrides={"tables": tables, "synthetic": None})


@pytest.fixture(scope="module")
def found(demo: Study) -> PromiseDelivered:
    return promise_delivered(demo, **OPTIONS)


def with_sheets(study: Study, frame: pd.DataFrame) -> Study:
    return replace(study, tables=study.tables | {"employees": frame})


def without(study: Study, *columns: str) -> Study:
    kept = tuple(v for v in study.codebook.variables if v.table != "employees" or v.column not in columns)
    changed = with_sheets(study, study.table("employees").drop(columns=list(columns)))
    return replace(changed, codebook=replace(study.codebook, variables=kept))


def raw_scores(study: Study) -> pd.DataFrame:
    frame = study.table("employees")
    return pd.DataFrame(
        {
            "stay": frame["stay"],
            "x": frame[["delivery_1", "delivery_2"]].mean(axis=1),
            "p": frame[["promise_1", "promise_2"]].mean(axis=1),
            "w": frame["weight"],
            "wave": frame["wave"],
            "unit": frame["unit"],
        }
    ).dropna()


def test_the_slope_is_that_of_another_implementation(demo: Study, found: PromiseDelivered) -> None:
    raw = raw_scores(demo)
    w = raw["w"]

    def variance(values: pd.Series) -> float:
        return float(np.average((values - np.average(values, weights=w)) ** 2, weights=w))

    spread = np.sqrt((variance(raw["x"]) + variance(raw["p"])) / 2)
    x, p = (raw["x"] - 4) / spread, (raw["p"] - 4) / spread
    y = (raw["stay"] - np.average(raw["stay"], weights=w)) / np.sqrt(variance(raw["stay"]))
    wave = (raw["wave"] == raw["wave"].min()) * 1.0
    design = pd.DataFrame(
        {"one": 1.0, "x": x, "p": p, "xx": x * x, "xp": x * p, "pp": p * p, "wave": wave - wave.mean()}
    )
    fit = WLS(y, design, weights=w).fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(raw["unit"])[0]})
    finding = found.finding
    assert finding.estimate == pytest.approx(fit.params["x"] - fit.params["p"], abs=1e-8)
    # CR2 against CR1: close with 24 units.
    line = fit.t_test(np.array([[0, 1, -1, 0, 0, 0, 0]], float))
    assert finding.std_error == pytest.approx(float(line.sd.item()), rel=0.1)
    checks = {record.term: record for record in finding.robustness}
    bend = fit.params["xx"] - fit.params["xp"] + fit.params["pp"]
    assert checks["incongruence_curvature"].estimate == pytest.approx(bend, abs=1e-8)
    assert checks["slope_short"].estimate == pytest.approx(finding.estimate - bend, abs=1e-8)
    assert checks["slope_more"].estimate == pytest.approx(finding.estimate + bend, abs=1e-8)


def test_half_the_gap_has_the_slope_of_the_line(demo: Study, found: PromiseDelivered) -> None:
    sides = two_sides(demo, sheets(demo))
    frame = with_powers(sides)
    terms = ["gap", "level", "x^2", "x*y", "y^2", *sides.sheets.waves]
    design = frame[terms].assign(one=1.0)
    fit = WLS(frame["outcome"], design, weights=frame["(weight)"]).fit()
    assert fit.params["gap"] == pytest.approx(found.finding.estimate, abs=1e-8)


def sheets(study: Study) -> object:
    made = answer_sheets(study, NAMES)
    assert not isinstance(made, Note)
    return made


def test_what_is_planted_is_found_and_drawn_within_bounds(demo: Study, found: PromiseDelivered) -> None:
    finding = found.finding
    assert finding.verdict is Verdict.SUPPORTED
    terms = {record.term for record in finding.robustness}
    assert {"slope_earlier", "slope_colleagues", "slope_mood", "slope_within", "slope_other_outcome"} <= terms
    share = found.sides.set_index("group")["share"]
    assert share[["x_above_y", "y_above_x", "equal"]].sum() == pytest.approx(1.0)
    low, high = 1 - 4, 7 - 4
    unit = found.scales["delivery"][1]
    assert found.region[["x", "y"]].to_numpy().min() >= low / unit - 1e-6
    assert found.region[["x", "y"]].to_numpy().max() <= high / unit + 1e-6
    assert found.labels["outcome"] == demo.codebook.label("stay")


def test_recommending_stands_in_where_staying_was_not_asked(demo: Study) -> None:
    found = promise_delivered(without(demo, "stay"), **OPTIONS)
    assert found.labels["outcome"] == demo.codebook.label("enps")
    said = [caveat.message for caveat in found.finding.caveats]
    assert (
        "Nobody was asked about the intention to stay. Recommending the organisation takes its place." in said
    )


def test_two_scales_are_compared_by_position(demo: Study) -> None:
    changed = tuple(
        replace(v, maximum=9.0) if v.column.startswith("promise_") else v for v in demo.codebook.variables
    )
    found = promise_delivered(replace(demo, codebook=replace(demo.codebook, variables=changed)), **OPTIONS)
    assert not found.one_scale
    own = {record.term: record for record in promise_delivered(demo, **OPTIONS).finding.robustness}
    assert found.finding.estimate == pytest.approx(own["slope_own_spread"].estimate, abs=1e-8)
    assert "slope_own_spread" not in {record.term for record in found.finding.robustness}


def test_the_earlier_promise_is_the_persons_own(demo: Study) -> None:
    sides = two_sides(demo, sheets(demo))  # type: ignore[arg-type]
    earlier = earlier_promise(demo, sides)
    assert earlier is not None
    frame = demo.table("employees")
    before = (
        frame[frame["wave"] == demo.waves[0]].set_index("person")[["promise_1", "promise_2"]].mean(axis=1)
    )
    rows = earlier.sheets.frame
    told = frame.loc[rows.index, "person"].map(before) / sides.unit["promise"][1]
    assert np.allclose(rows["promise"], told)
    one_wave = with_sheets(demo, frame[frame["wave"] == demo.waves[0]])
    assert earlier_promise(one_wave, two_sides(one_wave, sheets(one_wave))) is None  # type: ignore[arg-type]


def test_what_cannot_be_tested_says_why(demo: Study) -> None:
    lacking = promise_delivered(without(demo, "promise_1", "promise_2"), **OPTIONS)
    assert lacking.finding.verdict is Verdict.NOT_TESTABLE
    assert lacking.grid.empty
    frame = demo.table("employees")
    two = frame.assign(**{name: (frame[name] > 4) * 1.0 + 1 for name in ("promise_1", "delivery_1")})
    two = two.assign(promise_2=two["promise_1"], delivery_2=two["delivery_1"])
    reason = promise_delivered(with_sheets(demo, two), **OPTIONS).finding.reason
    assert reason.message == "Promise and delivery take too few values: no surface can be estimated."
    flat = frame.assign(stay=5.0)
    reason = promise_delivered(with_sheets(demo, flat), **OPTIONS).finding.reason
    assert reason.message == "Answers on “{measure}” hardly differ between people."


def test_noise_is_not_called_a_broken_promise(demo: Study) -> None:
    rng = np.random.default_rng(3)
    frame = demo.table("employees")
    noise = with_sheets(demo, frame.assign(stay=rng.integers(1, 8, len(frame)).astype(float)))
    verdict = promise_delivered(noise, **OPTIONS).finding.verdict
    assert verdict in (Verdict.INCONCLUSIVE, Verdict.EQUIVALENT)
