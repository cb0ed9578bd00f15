"""Pay and experience: against another implementation, on planted truth, on noise, and without the data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Verdict
from exresearch.findings.analyses import PayAndExperience, pay_and_experience
from exresearch.findings.analyses.pay.checks import normal_scores
from exresearch.findings.analyses.pay.sheets import PaySheets, fitted, pay_sheets
from exresearch.models import ordinal_regression
from exresearch.models.regression import linear_regression
from exresearch.study import Study, load_study
from exresearch.study.demo import DemoSettings, generate_demo

PARAMS = Path(__file__).parents[1] / "params"
RULES = DisclosureRules()
ROUNDING = 1e-8


def loaded(folder: Path, *, seed: int, effect_scale: float = 1.0, n_waves: int = 2) -> Study:
    settings = DemoSettings(n_units=40, n_waves=n_waves, effect_scale=effect_scale)
    files = generate_demo(folder / "tables", seed=seed, settings=settings)
    tables = {name: str(file) for name, file in files.items()}
    return load_study(PARAMS / "demo.yaml", overrides={"tables": tables, "synthetic": None})


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return loaded(tmp_path_factory.mktemp("demo"), seed=4)


@pytest.fixture(scope="module")
def found(demo: Study) -> PayAndExperience:
    return pay_and_experience(demo, conf_level=0.95, rules=RULES)


def without(study: Study, *columns: str) -> Study:
    kept = tuple(v for v in study.codebook.variables if v.table != "employees" or v.column not in columns)
    tables = study.tables | {"employees": study.table("employees").drop(columns=list(columns))}
    return replace(study, tables=tables, codebook=replace(study.codebook, variables=kept))


def test_the_interplay_is_that_of_another_implementation(demo: Study, found: PayAndExperience) -> None:
    frame = demo.table("employees")
    facets = frame[["facet_emotion", "facet_memory", "facet_identity"]]
    raw = pd.DataFrame(
        {
            "stay": frame["stay"], "pay": frame["pay_satisfaction"],
            "experience": facets.mean(axis=1).where(facets.notna().sum(axis=1) >= 2), "w": frame["weight"],
        }
    ).dropna()  # fmt: skip
    z = raw[["stay", "pay", "experience"]].apply(
        lambda v: (
            (v - np.average(v, weights=raw["w"]))
            / np.sqrt(np.average((v - np.average(v, weights=raw["w"])) ** 2, weights=raw["w"]))
        )
    )
    x = pd.DataFrame(
        {"one": 1.0, "pay": z["pay"], "experience": z["experience"], "product": z["pay"] * z["experience"]}
    )
    x["wave"] = (frame.loc[raw.index, "wave"] == "2024Q2") * 1.0
    fit = sm.WLS(z["stay"], x, weights=raw["w"]).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(frame.loc[raw.index, "unit"])[0]}
    )
    finding = found.finding
    assert finding.estimate == pytest.approx(fit.params["product"], abs=ROUNDING)
    # CR2 against CR1: close with forty units.
    assert finding.std_error == pytest.approx(fit.bse["product"], rel=0.08)
    data = z[["stay"]].join(x.drop(columns="one")).assign(w=raw["w"], unit=frame.loc[raw.index, "unit"])
    same = linear_regression(
        data,
        outcome="stay",
        predictors=["pay", "experience", "product", "wave"],
        weights="w",
        cluster="unit",
        covariance="CR2",
    ).table.set_index("term")
    for name in ("std_error", "conf_low", "conf_high"):
        assert getattr(finding, name) == pytest.approx(same.loc["product", name], abs=ROUNDING)
    assert finding.n == len(raw)
    assert finding.n_excluded == len(frame) - len(raw)
    assert finding.n_units == 40
    slopes = found.slopes.set_index("level")["estimate"]
    for level, at in (("low", -1), ("mean", 0), ("high", 1)):
        assert slopes[level] == pytest.approx(fit.params["pay"] + at * fit.params["product"], abs=ROUNDING)


def test_planted_truth_is_recovered(found: PayAndExperience) -> None:
    finding = found.finding
    assert finding.estimand == "pay_experience_interaction"
    assert finding.verdict is Verdict.SUPPORTED
    # -0.10 of the latents, in standard deviations of an outcome of about one, answered with some noise.
    assert finding.conf_low < -0.085 < finding.conf_high < 0
    checks = {check.term: check for check in finding.robustness}
    assert set(checks) == {"pay_alone", "pay_level", "pay_curved", "pay_ranks", "pay_ordinal"}
    for name in ("pay_alone", "pay_level", "pay_curved", "pay_ranks"):
        assert checks[name].estimate == pytest.approx(finding.estimate, abs=0.02)
    assert checks["pay_ordinal"].conf_high < 1
    assert found.e_values["e_value"].iloc[0] > found.e_values["e_value_limit"].iloc[0] > 1


def test_lines_have_the_slopes_and_lie_on_the_scales(found: PayAndExperience, demo: Study) -> None:
    sheets = pay_sheets(demo)
    assert isinstance(sheets, PaySheets)
    slopes = found.slopes.set_index("level")["estimate"]
    for level in ("low", "high"):
        part = found.lines[found.lines["level"] == level]
        steps = np.diff(part["estimate"]) / np.diff(part["x"])
        expected = slopes[level] * sheets.spreads["outcome"] / sheets.spreads["pay"]
        np.testing.assert_allclose(steps, expected, rtol=1e-6)
        assert part["x"].between(1, 7).all()
        assert (part["conf_low"] < part["estimate"]).all()
        assert (part["estimate"] < part["conf_high"]).all()
    assert 0 < sheets.at_top < 1
    assert sheets.at_top == pytest.approx(
        np.average(
            sheets.raw["outcome"] == 7, weights=demo.table("employees").loc[sheets.raw.index, "weight"]
        )
    )


def test_nothing_is_found_where_nothing_is_planted(tmp_path: Path) -> None:
    study = loaded(tmp_path, seed=6, effect_scale=0.0, n_waves=1)
    finding = pay_and_experience(study, conf_level=0.95, rules=RULES).finding
    assert finding.verdict in (Verdict.INCONCLUSIVE, Verdict.EQUIVALENT)
    assert finding.conf_low is not None
    assert finding.conf_high is not None
    assert finding.conf_low < 0 < finding.conf_high


def test_what_is_not_measured_is_not_tested(demo: Study) -> None:
    for columns in (["pay_satisfaction"], ["facet_emotion", "facet_memory", "facet_identity"]):
        shown = pay_and_experience(without(demo, *columns), conf_level=0.95, rules=RULES)
        assert shown.finding.verdict is Verdict.NOT_TESTABLE
        assert shown.lines.empty
    few = demo.table("employees").head(150)
    small = replace(demo, tables=demo.tables | {"employees": few})
    reason = pay_and_experience(small, conf_level=0.95, rules=RULES).finding.reason
    assert "people answered" in reason.message


def test_constant_answers_are_not_tested(demo: Study) -> None:
    same = demo.tables | {"employees": demo.table("employees").assign(stay=4.0)}
    finding = pay_and_experience(replace(demo, tables=same), conf_level=0.95, rules=RULES).finding
    assert finding.verdict is Verdict.NOT_TESTABLE


def test_without_the_intention_nobody_is_followed_too_short(demo: Study) -> None:
    # Two quarters do not make a year.
    finding = pay_and_experience(without(demo, "stay"), conf_level=0.95, rules=RULES).finding
    assert finding.verdict is Verdict.NOT_TESTABLE
    assert finding.reason.message == "Nobody can be followed for a year after answering."


def test_without_the_intention_staying_a_year_takes_its_place(tmp_path: Path) -> None:
    study = loaded(tmp_path, seed=9, n_waves=5)
    found = pay_and_experience(without(study, "stay"), conf_level=0.95, rules=RULES)
    assert found.finding.tested
    assert "a year later" in found.finding.caveats[0].message
    sheets = pay_sheets(study, outcome="followed")
    assert isinstance(sheets, PaySheets)
    employees, people = (
        study.table("employees").loc[sheets.raw.index],
        study.table("people").set_index("person"),
    )
    assert set(employees["wave"]) == {"2024Q1"}
    gone = employees["person"].map(people["end"]) - pd.Timestamp("2024-01-01")
    expected = ~(gone.dt.days < 365.25)
    assert (sheets.raw["outcome"] == 1).tolist() == expected.tolist()


def test_normal_scores_follow_ranks_alone() -> None:
    values = pd.Series([1.0, 5.0, 5.0, 6.0, 7.0])
    np.testing.assert_allclose(normal_scores(values), normal_scores(np.exp(values)))
    assert np.std(normal_scores(values)) == pytest.approx(1)


def test_the_interval_covers_the_truth_as_often_as_it_says(demo: Study) -> None:
    sheets = pay_sheets(demo)
    assert isinstance(sheets, PaySheets)
    rng, held, times = np.random.default_rng(2), 0, 60
    frame = sheets.frame.iloc[:1500]
    units = pd.factorize(sheets.groups.labels.iloc[:1500])[0]
    for _ in range(times):
        shared = rng.normal(0, 0.5, units.max() + 1)[units]
        # Units differ in the interplay itself, which errors row by row would miss.
        own = rng.normal(0, 0.15, units.max() + 1)[units]
        outcome = (
            0.2 * frame["(pay)"] + (own - 0.1) * frame["(product)"] + shared + rng.normal(0, 1, len(frame))
        )
        fit = fitted(replace(sheets, frame=frame.assign(**{"(outcome)": outcome})), conf_level=0.95)
        assert fit is not None
        row = fit.table.set_index("term").loc["(product)"]
        held += row["conf_low"] < -0.1 < row["conf_high"]
    # Of 60 intervals of 95 % fewer than 51 hold the truth once in two thousand times.
    assert 51 <= held <= times


def test_odds_ratios_are_those_of_another_implementation() -> None:
    rng = np.random.default_rng(5)
    n, groups = 600, np.repeat(np.arange(30), 20)
    data = pd.DataFrame({"x": rng.normal(size=n), "z": rng.normal(size=n), "group": groups})
    eta = 0.6 * data["x"] - 0.3 * data["z"] + rng.normal(0, 0.5, 30)[groups]
    data["y"] = (eta + rng.logistic(size=n) > 0).astype(float)
    found = ordinal_regression(data, outcome="y", predictors=["x", "z"], cluster="group").set_index("term")
    exog = sm.add_constant(data[["x", "z"]])
    other = sm.Logit(data["y"], exog).fit(disp=0, cov_type="cluster", cov_kwds={"groups": groups})
    # Logit multiplies by (n - 1) / (n - k) as well.
    small = np.sqrt((n - 1) / (n - 3))
    for name in ("x", "z"):
        assert found.loc[name, "log_estimate"] == pytest.approx(other.params[name], rel=1e-6)
        assert found.loc[name, "log_std_error"] == pytest.approx(other.bse[name] / small, rel=1e-5)
    assert found["df"].tolist() == [29.0, 29.0]
    assert found["n"].tolist() == [n, n]


def test_scores_of_an_ordered_outcome_are_the_slope_of_its_likelihood() -> None:
    rng = np.random.default_rng(6)
    data = pd.DataFrame({"x": rng.normal(size=300)})
    data["y"] = np.clip(np.rint(3 + data["x"] + rng.logistic(size=300)), 1, 5)
    table = ordinal_regression(data, outcome="y", predictors=["x"])
    turned = ordinal_regression(data.assign(y=6 - data["y"]), outcome="y", predictors=["x"])
    assert turned["log_estimate"][0] == pytest.approx(-table["log_estimate"][0], rel=1e-6)
    assert turned["log_std_error"][0] == pytest.approx(table["log_std_error"][0], rel=1e-6)
    shuffled = data.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(ordinal_regression(shuffled, outcome="y", predictors=["x"]), table)
    with pytest.raises(ValueError, match="at most 20"):
        ordinal_regression(data.assign(y=data["x"]), outcome="y", predictors=["x"])
