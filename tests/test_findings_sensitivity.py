"""What stands beside a verdict: every declared combination of choices, and causes that nobody measured."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import EstimateRecord, Note
from exresearch.findings.analyses import (
    Alternative,
    Decision,
    Ratio,
    Slope,
    declared_specifications,
    engagement_and_cx,
    link_specifications,
    unmeasured_rows,
)
from exresearch.models import NotEstimable
from exresearch.models.linkage import correlation_in_closed_form
from exresearch.models.regression import linear_regression
from exresearch.models.sensitivity import confounder_bounds, robustness_value
from exresearch.study import load_study
from exresearch.study.demo import write_demo_study

SETTINGS = {
    "ex_measure": "engagement",
    "cx_measure": "cx",
    "ex_alternative": "",
    "engaged_definition": "highly_or_moderately",
    "engaged_threshold": 5.0,
    "leader_share": 0.25,
    "set_apart": "",
    "min_unit_n": 5,
    "conf_level": 0.95,
    "seed": 1,
}


def note(message):
    return Note(message=message)


@pytest.fixture
def units():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"ex": rng.normal(size=80), "size": rng.normal(size=80)})
    frame["ex"] += 0.5 * frame["size"]
    frame["cx"] = 0.5 * frame["ex"] + 0.4 * frame["size"] + rng.normal(size=80)
    return frame


DECISIONS = (
    Decision(
        "covariates",
        note("Held equal"),
        (Alternative("none", note("Nothing"), []), Alternative("size", note("Size"), ["size"])),
    ),
    Decision(
        "rows", note("Units"), (Alternative("all", note("All"), 80), Alternative("few", note("Few"), 5))
    ),
)


def slope(units, covariates, rows):
    return correlation_in_closed_form(units.head(rows), ex="ex", cx="cx", covariates=covariates)


def curve(units, **more):
    options = {"estimate": slope, "deciding": {"covariates": "size", "rows": "all"}} | more
    return declared_specifications(units, decisions=DECISIONS, unit_of_measurement="correlation", **options)


def record(units, **more):
    row = slope(units, ["size"], 80) | more
    return EstimateRecord(
        term="x",
        label=note("x"),
        method=note("x"),
        unit_of_measurement="correlation",
        conf_level=0.95,
        n=80,
        **{name: row[name] for name in ("estimate", "conf_low", "conf_high")},
    )


def test_every_combination_is_there_and_what_could_not_be_computed_is_counted(units):
    made = curve(units, permute=["ex"], n_permutations=39, seed=1)
    assert len(made.table) == 4
    assert made.table["deciding"].tolist() == [False, False, True, False]
    assert made.deciding["estimate"] == pytest.approx(slope(units, ["size"], 80)["estimate"])
    assert made.note.model_dump()["values"] == {"count": 2, "total": 4}
    summary = made.summary.iloc[0]
    assert summary["n_estimated"] == 2
    assert summary["n"] == 80
    assert summary["p_value"] == pytest.approx(1 / 40)
    assert set(made.test["statistic"]) == {"median", "share_excluding_null", "stouffer"}


def test_the_recorded_interval_of_the_verdict_takes_the_place_of_the_quick_one(units):
    made = curve(units, verdict=record(units, conf_low=-0.9))
    assert made.deciding["conf_low"] == -0.9
    assert made.summary["share_excluding_null"].iloc[0] == 0.5
    with pytest.raises(ValueError, match="the deciding combination gives"):
        curve(units, verdict=record(units, estimate=0.9, conf_high=0.95))


def test_the_declared_combination_must_be_one_of_them(units):
    with pytest.raises(ValueError, match="must be one of the declared combinations"):
        curve(units, deciding={"covariates": "age", "rows": "all"})
    with pytest.raises(ValueError, match="must name an alternative of each"):
        curve(units, deciding={"covariates": "size"})
    assert curve(units, deciding=None).deciding is None


def test_without_any_estimate_there_is_a_reason(units):
    def never(units, **choices):
        raise NotEstimable("no")

    made = curve(units, estimate=never)
    assert made.table.empty
    assert made.deciding is None
    assert made.note.message == "None of the combinations of choices can be computed with these data."


def test_unmeasured_rows_are_those_of_the_estimators(units):
    fit = linear_regression(units, outcome="cx", predictors=["ex", "size"], standardised=True)
    made = unmeasured_rows(
        [
            Slope(note("slope"), fit, "ex", {"size": (note("Size"), ["size"])}, per_sd=1.0),
            Ratio(note("ratio"), 1.5, 1.2, 1.9, 0.95, 400),
        ]
    )
    one, other = made.iloc[0], made.iloc[1]
    expected = robustness_value(fit, term="ex").iloc[0]
    for name in (
        "estimate",
        "conf_low",
        "conf_high",
        "partial_r2",
        "robustness_value",
        "robustness_value_alpha",
    ):
        assert one[name] == pytest.approx(expected[name])
    bound = confounder_bounds(fit, term="ex", benchmarks=["size"], strengths=[1.0]).iloc[0]
    assert one["yardstick"] == note("Size")
    assert (one["yardstick_exposure"], one["left_over"], one["left_low"]) == pytest.approx(
        (bound["r2_exposure"], bound["estimate"], bound["conf_low"])
    )
    assert one["left_over"] < one["estimate"]
    # exp(0.91 d) + sqrt(exp(0.91 d) (exp(0.91 d) - 1)), VanderWeele & Ding (2017).
    risk = np.exp(0.91 * one["estimate"])
    assert one["e_value"] == pytest.approx(risk + np.sqrt(risk * (risk - 1)))
    assert other["e_value"] == pytest.approx(1.5 + np.sqrt(0.75))
    assert np.isnan(other["robustness_value"])
    with pytest.raises(ValueError, match="unit_of_measurement must be one of"):
        unmeasured_rows([Ratio(note("x"), 1.5, 1.2, 1.9, 0.95, 4, "slope")])


def link(tmp_path, *, linked=True):
    study = load_study(write_demo_study(tmp_path, n_units=40, n_employees=1200))
    if not linked:
        # Every unit gets the customers of another one.
        customers = study.tables["customers"]
        names = sorted(customers["unit"].unique())
        other = dict(zip(names, np.random.default_rng(5).permutation(names), strict=True))
        shuffled = customers.assign(unit=customers["unit"].map(other))
        study = replace(study, tables=study.tables | {"customers": shuffled})
    found = engagement_and_cx(study, rules=DisclosureRules(), n_boot=100, **SETTINGS)
    return found, link_specifications(study, found, n_permutations=39, **SETTINGS)


def test_link_of_the_demo_under_every_choice(tmp_path):
    found, made = link(tmp_path)
    (ratio_name, ratio), (_, correlation) = made.curves
    assert made.deciding is ratio
    assert ratio_name.message == "Engaged share of the leaders divided by that of the laggards"
    declared = ratio.deciding
    assert (declared["estimate"], declared["conf_low"], declared["conf_high"]) == pytest.approx(
        (found.finding.estimate, found.finding.conf_low, found.finding.conf_high)
    )
    checks = {one.term: one.estimate for one in found.finding.robustness}
    table = ratio.table[(ratio.table["waves"] == "pooled") & (ratio.table["scoring"] == "declared")]
    if "answers" in table:
        table = table[table["answers"] == "n_5"]
    wide = table[(table["cut"] == "cut_33") & (table["weights"] == "employees")]
    assert wide["estimate"].iloc[0] == pytest.approx(checks["ratio_top_33"])
    alike = table[(table["cut"] == "declared") & (table["weights"] == "units")]
    assert alike["estimate"].iloc[0] == pytest.approx(checks["ratio_units_alike"])
    assert correlation.deciding is None
    first = correlation.table.iloc[0]
    assert first["estimate"] == pytest.approx(checks["correlation"])
    # The demo's link is planted: it shows under every choice, and a shuffle does not reach it.
    for _, one in made.curves:
        assert one.summary["share_same_sign"].iloc[0] == 1.0
        assert one.summary["p_value"].iloc[0] == pytest.approx(1 / 40)
    assert made.unmeasured["unit_of_measurement"].tolist() == ["standardised", "standardised", "ratio"]
    assert made.unmeasured["estimate"].iloc[0] == pytest.approx(checks["correlation"])
    assert (made.unmeasured["robustness_value"].dropna() > 0.1).all()


def test_units_without_a_link_give_no_p_value_to_speak_of(tmp_path):
    _, made = link(tmp_path, linked=False)
    for _, one in made.curves:
        assert one.summary["p_value"].iloc[0] > 0.05
        assert one.summary["share_excluding_null"].iloc[0] < 0.5
    assert made.unmeasured["robustness_value_alpha"].iloc[0] < 0.2


def test_what_cannot_be_tested_has_no_curve_but_a_reason(tmp_path):
    study = load_study(write_demo_study(tmp_path, n_units=4, n_employees=60))
    found = engagement_and_cx(study, rules=DisclosureRules(), n_boot=50, **SETTINGS)
    made = link_specifications(study, found, **SETTINGS)
    assert made.curves == ()
    assert made.unmeasured.empty
    assert made.deciding.note == found.finding.reason
