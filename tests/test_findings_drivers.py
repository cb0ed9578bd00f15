"""What the drivers page shows beside its verdict: against independent computations, and on planted truth."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note, Verdict
from exresearch.findings.analyses import employee_first, likelihood_check
from exresearch.findings.analyses.drivers import splits as driver_splits
from exresearch.findings.analyses.drivers.models import driver_model
from exresearch.findings.analyses.drivers.records import sampled_orders_caveats
from exresearch.findings.analyses.drivers.splits import _PeopleOfUnits
from exresearch.measures import oriented_frame
from exresearch.models import expanded_interval, importance_metrics, relative_importance
from exresearch.models.drivers import gap_replicates
from exresearch.study import Study, load_study
from exresearch.study.codebook import Variable
from exresearch.study.demo import DemoSettings, generate_demo

PARAMS = Path(__file__).parents[1] / "params"
RULES = DisclosureRules()
OUTCOMES = ["enps", "stay"]
DRIVERS = ["d_needs", "d_growth", "d_wellbeing", "d_customers_decide", "d_customer_voice", "d_rules"]
ROUNDING = 1e-9


def analysed(study: Study, **change: Any) -> Any:
    """Notebook 03, with few replicates and nothing imputed."""
    given: dict[str, Any] = {"conf_level": 0.95, "n_boot": 400, "n_imputations": 0, "n_splits": 2, "seed": 1}
    return employee_first(study, rules=RULES, **(given | change))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A demo company of 40 units and one wave, with some of its drivers and outcomes."""
    folder = tmp_path_factory.mktemp("demo") / "tables"
    files = generate_demo(folder, seed=21, settings=DemoSettings(n_units=40, n_waves=1))
    study = load_study(
        PARAMS / "demo.yaml",
        overrides={"tables": {name: str(file) for name, file in files.items()}, "synthetic": None},
    )
    kept = [
        v
        for v in study.codebook.variables
        if v.role not in ("driver", "outcome") or v.column in DRIVERS + OUTCOMES
    ]
    return replace(study, codebook=replace(study.codebook, variables=tuple(kept)))


@pytest.fixture(scope="module")
def found(demo: Study) -> Any:
    return analysed(demo)


def with_employees(study: Study, sheets: pd.DataFrame) -> Study:
    return replace(study, tables=study.tables | {"employees": sheets})


def complete_sheets(study: Study, outcome: str) -> pd.DataFrame:
    """Complete sheets with the one reversed driver turned."""
    sheets = study.table("employees")[[outcome, *DRIVERS, "weight", "unit", "person"]].dropna().copy()
    sheets["d_wellbeing"] = 8 - sheets["d_wellbeing"]
    return sheets


def test_little_influence_is_the_test_against_the_smallest_effect(demo: Study, found: Any) -> None:
    sheets = complete_sheets(demo, "enps")
    expected = relative_importance(
        sheets, outcome="enps", drivers=DRIVERS, weights="weight", cluster="unit", smallest_effect=0.02,
        n_boot=400, seed=1,
    ).set_index("driver")  # fmt: skip
    rows = found.influence[found.influence["outcome"] == "enps"].set_index("driver")
    assert rows["p_equivalence"].to_dict() == pytest.approx(expected["p_equivalence"].to_dict(), abs=ROUNDING)
    # Holm by hand.
    ordered = rows.sort_values("p_equivalence")
    running = np.maximum.accumulate(ordered["p_equivalence"] * np.arange(len(ordered), 0, -1)).clip(upper=1)
    assert ordered["p_adjusted"].tolist() == pytest.approx(running.tolist(), abs=ROUNDING)
    little, more = rows["p_adjusted"] <= 0.05, rows["conf_low"] > 0.02
    expected_words = np.where(little, "little", np.where(more, "more", "open"))
    assert rows["influence"].tolist() == expected_words.tolist()
    assert rows.loc["d_needs", "influence"] == "more"
    # A driver whose interval lies below is not yet one that passes the corrected test.
    assert set(rows["influence"]) > {"more"}


def test_the_interplay_is_that_of_ordinary_least_squares(demo: Study, found: Any) -> None:
    sheets = complete_sheets(demo, "stay")
    weights = sheets["weight"]

    def scaled(values: pd.Series) -> pd.Series:
        middle = np.average(values, weights=weights)
        return (values - middle) / np.sqrt(np.average((values - middle) ** 2, weights=weights))

    design = sheets[[name for name in DRIVERS if name not in ("d_needs", "d_customers_decide")]].assign(
        first=scaled(sheets["d_needs"]), second=scaled(sheets["d_customers_decide"])
    )
    design["product"] = design["first"] * design["second"]
    fit = sm.WLS(scaled(sheets["stay"]), sm.add_constant(design), weights=weights).fit()
    rows = found.interaction[found.interaction["outcome"] == "stay"].set_index("term")
    for term in ("first", "second", "product"):
        assert rows.loc[term, "estimate"] == pytest.approx(fit.params[term], abs=1e-8)
    for term, level in (("slope_low", -1), ("slope_mean", 0), ("slope_high", 1)):
        slope = fit.params["first"] + level * fit.params["product"]
        assert rows.loc[term, "estimate"] == pytest.approx(slope, abs=1e-8)
    assert rows["n_clusters"].unique().tolist() == [40]
    assert rows["n"].unique().tolist() == [len(sheets)]
    assert rows["p_adjusted"].notna().tolist() == [term == "product" for term in rows.index]
    # CR2 written out with matrices of the sheets of each unit (Pustejovsky & Tipton 2018, constant variance).
    x, w = sm.add_constant(design).to_numpy(), weights.to_numpy()
    bread = np.linalg.inv(x.T @ (w[:, None] * x))
    meat = np.zeros_like(bread)
    for unit in sheets["unit"].unique():
        inside = (sheets["unit"] == unit).to_numpy()
        hat = x[inside] @ bread @ (x * w[:, None]).T
        spread = np.eye(inside.sum()) - hat[:, inside] - hat[:, inside].T + hat @ hat.T
        values, vectors = np.linalg.eigh(spread)
        score = (
            (x[inside] * w[inside, None]).T @ (vectors / np.sqrt(values)) @ (vectors.T @ fit.resid[inside])
        )
        meat += np.outer(score, score)
    errors = pd.Series(np.sqrt(np.diag(bread @ meat @ bread)), index=fit.params.index)
    for term in ("first", "second", "product"):
        assert rows.loc[term, "std_error"] == pytest.approx(errors[term], rel=1e-6)
    half = stats.t.ppf(0.975, rows["df"]) * rows["std_error"]
    np.testing.assert_allclose(rows["conf_high"] - rows["estimate"], half, rtol=1e-9)
    np.testing.assert_allclose(rows["estimate"] - rows["conf_low"], half, rtol=1e-9)


def test_a_planted_interplay_is_found_with_its_sign(demo: Study) -> None:
    sheets = demo.table("employees").copy()
    centred = [sheets[name] - sheets[name].mean() for name in ("d_needs", "d_customers_decide")]
    sheets["stay"] = (sheets["stay"] - 0.4 * centred[0] * centred[1]).clip(-50, 50)
    variables = tuple(
        replace_variable(v, minimum=-50.0, maximum=50.0) if v.column == "stay" else v
        for v in demo.codebook.variables
    )
    study = replace(with_employees(demo, sheets), codebook=replace(demo.codebook, variables=variables))
    rows = analysed(study, n_splits=0).interaction.set_index(["outcome", "term"])
    assert rows.loc[("stay", "product"), "conf_high"] < 0
    assert rows.loc[("stay", "slope_low"), "estimate"] > rows.loc[("stay", "slope_high"), "estimate"]
    assert rows.loc[("stay", "product"), "p_adjusted"] < 0.001


def replace_variable(variable: Variable, **change: Any) -> Variable:
    return replace(variable, **change)


def test_performance_is_the_weighted_mean_on_its_scale(demo: Study, found: Any) -> None:
    sheets = demo.table("employees")
    values = sheets["d_wellbeing"].dropna()
    mean = 8 - np.average(values, weights=sheets.loc[values.index, "weight"])
    rows = found.performance[found.performance["outcome"] == "enps"].set_index("driver")
    assert rows.loc["d_wellbeing", "performance"] == pytest.approx(100 * (mean - 1) / 6, abs=ROUNDING)
    assert rows.loc["d_wellbeing", "respondents"] == sheets.loc[values.index, "person"].nunique()
    assert rows["cut_performance"].iloc[0] == pytest.approx(rows["performance"].mean(), abs=ROUNDING)
    assert rows["cut_importance"].iloc[0] == pytest.approx(rows["importance"].median(), abs=ROUNDING)
    matters, low = rows["importance"] >= rows["cut_importance"], rows["performance"] < rows["cut_performance"]
    expected = np.where(
        matters, np.where(low, "matters_low", "matters_high"), np.where(low, "less_low", "less_high")
    )
    against = found.correlations.set_index("driver")["enps"].loc[rows.index] < 0
    assert against.loc["d_rules"]
    assert rows["quadrant"].tolist() == np.where(against, "against", expected).tolist()


def test_the_interval_of_a_performance_is_that_of_leaving_out_units(demo: Study, found: Any) -> None:
    sheets = demo.table("employees")
    rows = found.performance[found.performance["outcome"] == "enps"].set_index("driver")
    data = oriented_frame(sheets, list(driver_model(demo.codebook).drivers))

    def apart(kept: pd.Series) -> np.ndarray:
        means = []
        for name in rows.index:
            values = data.loc[kept, name].dropna()
            means.append(100 * (np.average(values, weights=sheets.loc[values.index, "weight"]) - 1) / 6)
        return np.array(means) - np.mean(means)

    units = sheets["unit"].unique()
    left_out = np.array([apart(sheets["unit"] != unit) for unit in units])
    spread = (left_out - left_out.mean(axis=0)) ** 2
    error = np.sqrt((len(units) - 1) / len(units) * spread.sum(axis=0))
    half = (rows["performance_high"] - rows["performance_low"]) / 2
    assert len(units) == 40
    # Linearised against refitted: they differ by the size of units.
    np.testing.assert_allclose(half, stats.t.ppf(0.975, 39) * error, rtol=0.05)
    np.testing.assert_allclose(rows["performance"] - rows["cut_performance"], apart(sheets["unit"].notna()))
    # The same from a regression on indicators of the drivers, errors within units times G / (G - 1).
    long = (
        data[list(rows.index)]
        .assign(unit=sheets["unit"], weight=sheets["weight"])
        .melt(["unit", "weight"])
        .dropna()
    )
    dummies = pd.get_dummies(long["variable"], dtype=float)[list(rows.index)]
    fit = sm.WLS(100 * (long["value"].astype(float) - 1) / 6, dummies, weights=long["weight"])
    groups = {"groups": pd.factorize(long["unit"])[0], "use_correction": False}
    covariance = np.asarray(fit.fit(cov_type="cluster", cov_kwds=groups).cov_params())
    contrast = np.eye(len(rows)) - 1 / len(rows)
    exact = np.sqrt(40 / 39 * np.diag(contrast @ covariance @ contrast))
    np.testing.assert_allclose(half, stats.t.ppf(0.975, 39) * exact, rtol=1e-6)
    # What may be chance in its performance is not called clear, however clear its importance is.
    chance = rows["cut_performance"].between(rows["performance_low"], rows["performance_high"])
    assert chance.any()
    assert not rows.loc[chance, "clear"].any()


def test_a_driver_that_is_low_beyond_chance_is_clear_and_one_at_the_mean_is_not(demo: Study) -> None:
    sheets = demo.table("employees").copy()
    sheets["d_needs"] = (sheets["d_needs"] - 2).clip(lower=1)
    rows = analysed(with_employees(demo, sheets), n_splits=0).performance.set_index(["outcome", "driver"])
    assert rows.loc[("enps", "d_needs"), "quadrant"] == "matters_low"
    assert bool(rows.loc[("enps", "d_needs"), "clear"])
    inside = rows["performance"].between(rows["cut_performance"] - 0.3, rows["cut_performance"] + 0.3)
    assert not rows.loc[inside, "clear"].any()


def test_ranks_by_every_method(demo: Study, found: Any) -> None:
    sheets = complete_sheets(demo, "enps")
    matrix = np.cov(sheets[["enps", *DRIVERS]].T, aweights=sheets["weight"])
    scale = np.sqrt(np.diag(matrix))
    methods = ["lmg", "relative_weights", "first", "last", "beta_squared", "pratt", "car"]
    values = importance_metrics(
        [matrix / np.outer(scale, scale)], methods=methods, players=[[i] for i in range(1, 7)]
    )
    rows = found.agreement[found.agreement["outcome"] == "enps"]
    assert list(dict.fromkeys(rows["method"])) == methods
    for method in methods:
        own = rows[rows["method"] == method].set_index("driver").loc[DRIVERS]
        assert own["importance"].tolist() == pytest.approx(values[method][0].tolist(), abs=1e-8)
        assert own["rank"].tolist() == pd.Series(values[method][0]).rank(ascending=False).astype(int).tolist()
    # Kendall's W is linear in the mean rank correlation.
    wide = rows.pivot(index="driver", columns="method", values="rank").corr("spearman").to_numpy()
    mean = wide[np.triu_indices(7, 1)].mean()
    assert rows["kendall_w"].iloc[0] == pytest.approx((1 + 6 * mean) / 7, abs=1e-8)


def test_halves_of_units_share_nobody_and_cover_everybody(demo: Study) -> None:
    sheets = complete_sheets(demo, "enps")
    people = _PeopleOfUnits.of(sheets, ["enps", *DRIVERS])
    half = people.half(np.random.default_rng(3))
    sizes, inside = np.bincount(people.unit), np.bincount(people.unit, half)
    assert inside.tolist() == (sizes // 2).tolist()
    whole = people.means(np.ones(len(half), dtype=bool))
    expected = (
        sheets.assign(product=sheets["enps"] * sheets["weight"]).groupby("unit")[["product", "weight"]].sum()
    )
    assert whole[:, 0].tolist() == pytest.approx(
        (expected["product"] / expected["weight"]).tolist(), abs=1e-9
    )


def test_what_one_person_brings_to_both_sides_goes_with_other_people(
    demo: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def interval(replicates: np.ndarray, **options: Any) -> Any:
        asked.append((len(replicates), options))
        return expanded_interval(replicates, **options)

    monkeypatch.setattr(driver_splits, "expanded_interval", interval)
    halves: list[np.ndarray] = []
    means = _PeopleOfUnits.means
    monkeypatch.setattr(
        _PeopleOfUnits, "means", lambda self, inside: (halves.append(inside), means(self, inside))[1]
    )
    # The named driver is tied to the outcome within persons alone: between people of a unit there is no link.
    rng = np.random.default_rng(5)
    sheets = demo.table("employees").copy()
    mood = rng.normal(size=len(sheets))
    for name in DRIVERS:
        sheets[name] = rng.normal(size=len(sheets)) + (2 * mood if name == "d_needs" else 0)
    sheets["stay"] = 2 * mood + rng.normal(size=len(sheets))
    result = analysed(with_employees(demo, sheets), n_splits=5)
    table = result.source.table
    rows = table[table["outcome"] == "stay"].set_index("handling")
    assert rows.loc["as in the verdict", "conf_low"] > 0.3
    other = rows.loc["drivers and outcome from different people, between units"]
    assert other["conf_low"] < 0 < other["conf_high"]
    assert other["n_units"] == 40
    # An interval that is wide enough for 40 units, on the mean over the splits of each replicate.
    assert asked[0] == (400, {"conf_level": 0.95, "n_units": 40})
    assert other["n"] == len(complete_sheets(with_employees(demo, sheets), "stay"))
    # Every split is used both ways round.
    for own, others in zip(halves[::2], halves[1::2], strict=True):
        assert np.array_equal(own, ~others)
    assert len(halves) == 2 * 5 * len(OUTCOMES)
    (record,) = [part for part in result.finding.robustness if part.term == "stay_split"]
    assert record.p_value > 0.05


def test_a_marker_takes_away_what_it_shares(demo: Study) -> None:
    rng = np.random.default_rng(6)
    sheets = demo.table("employees").copy()
    sheets["satisfaction"] = rng.normal(size=len(sheets))
    sheets["d_needs"] = sheets["satisfaction"] + 0.3 * rng.normal(size=len(sheets))
    sheets["stay"] = sheets["satisfaction"] + 0.3 * rng.normal(size=len(sheets))
    result = analysed(with_employees(demo, sheets), marker="satisfaction", n_splits=0)
    rows = result.source.table[result.source.table["outcome"] == "stay"].set_index("handling")
    assert rows.loc["as in the verdict", "estimate"] > 0.5
    assert abs(rows.loc["with the marker in the model", "estimate"]) < 0.02
    assert "stay_marker" in [record.term for record in result.finding.robustness]


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("", "The study file names no marker, so that check was not made."),
        (
            "d_needs",
            "No question of the employees outside the model goes by the name of the marker, {marker}.",
        ),
        (
            "nothing",
            "No question of the employees outside the model goes by the name of the marker, {marker}.",
        ),
    ],
)
def test_without_a_marker_it_says_so(demo: Study, marker: str, message: str) -> None:
    result = analysed(demo, marker=marker, n_splits=0)
    assert message in [note.message for note in result.source.notes]
    assert set(result.source.table["handling"]) == {"as in the verdict"}


def test_too_few_units_to_split(demo: Study) -> None:
    sheets = demo.table("employees")
    few = sheets[sheets["unit"].isin(sorted(sheets["unit"].unique())[:29])]
    notes = analysed(with_employees(demo, few)).source.notes
    expected = Note(
        message=(
            "Splitting the people of a unit in two needs {least:integer} units with {people:integer} people or more; "
            "there are {units:integer}."
        ),
        values={"least": 30, "people": 10, "units": 29},
    )
    assert expected in notes


def test_few_units_have_an_interval_of_their_own(demo: Study) -> None:
    sheets = demo.table("employees")
    few = sheets[sheets["unit"].isin(sorted(sheets["unit"].unique())[:15])]
    finding = analysed(with_employees(demo, few)).finding
    records = {record.term: record for record in finding.robustness}
    assert records["enps_few_units"].estimate == finding.estimate
    assert records["enps_few_units"].conf_low < finding.estimate < records["enps_few_units"].conf_high
    assert "enps_few_units" not in [record.term for record in analysed(demo, n_splits=0).finding.robustness]


def test_nothing_beside_the_verdict_changes_it(demo: Study, found: Any) -> None:
    plain = analysed(demo, n_splits=0)
    assert plain.finding.verdict is found.finding.verdict is Verdict.SUPPORTED
    assert plain.finding.components == found.finding.components
    shuffled = analysed(with_employees(demo, demo.table("employees").sample(frac=1, random_state=3)))
    for name in ("influence", "interaction", "performance", "agreement"):
        before, after = getattr(found, name), getattr(shuffled, name)
        pd.testing.assert_frame_equal(before, after, rtol=1e-7, atol=1e-8)
    pd.testing.assert_frame_equal(found.source.table, shuffled.source.table, rtol=1e-7, atol=1e-8)


def test_answers_as_categories(demo: Study) -> None:
    check = likelihood_check(demo, enps_variant="us", rules=RULES, seed=1)
    assert check.table[["outcome", "model"]].to_numpy().tolist() == [
        ["enps", "promoter or not (logistic)"],
        ["enps", "in their order (ordinal)"],
        ["stay", "in their order (ordinal)"],
    ]
    for fit in ("mcfadden", "nagelkerke"):
        assert (check.table[f"{fit}_first"] > check.table[f"{fit}_second"]).all()
    assert check.notes[0].model_dump()["values"] == {"count": 3, "total": 3}


def test_the_error_of_sampled_orders_is_the_largest_of_all_outcomes_and_drivers() -> None:
    model: Any = SimpleNamespace(method="lmg_sampled", players=range(30))
    fits: Any = [
        SimpleNamespace(replicates=SimpleNamespace(sampling_error={"lmg_sampled": np.array(errors)}))
        for errors in ([0.001, 0.004], [0.002, 0.003])
    ]
    (note,) = sampled_orders_caveats(fits, model)
    assert note.model_dump()["values"] == {"count": 30, "orders": 100_000, "error": 0.004}
    assert sampled_orders_caveats(fits, SimpleNamespace(method="lmg")) == []  # type: ignore[arg-type]


def test_more_drivers_than_all_orders_can_be_gone_through(demo: Study) -> None:
    rng = np.random.default_rng(8)
    sheets = demo.table("employees").copy()
    spare = [f"x{number}" for number in range(22)]
    for name in spare:
        sheets[name] = rng.normal(size=len(sheets))
    more = tuple(
        Variable(table="employees", column=name, role="driver", block="other", minimum=-9.0, maximum=9.0)
        for name in spare
    )
    kept = tuple(v for v in demo.codebook.variables if v.column != "stay")
    study = replace(with_employees(demo, sheets), codebook=replace(demo.codebook, variables=(*kept, *more)))
    result = analysed(study, n_boot=60)
    assert result.finding.verdict is Verdict.SUPPORTED
    (note,) = result.sentences["importance"]
    values = note.model_dump()["values"]
    assert (values["count"], values["orders"]) == (28, 100_000)
    assert 0 < values["error"] < 0.001
    assert note in result.finding.caveats
    assert result.finding.method is not None
    assert result.finding.method.message.startswith("LMG over a random sample of orders")
    # Drivers that are noise take next to nothing away from the others.
    exact = analysed(demo, n_boot=200, n_splits=0).finding
    assert result.finding.estimate == pytest.approx(exact.estimate, abs=0.01)


def test_a_replicate_draws_the_same_units_in_every_split(
    demo: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    replicates = []

    def gaps(*args: Any, **options: Any) -> Any:
        found = gap_replicates(*args, **options)
        replicates.append(found[1])
        return found

    monkeypatch.setattr(driver_splits, "gap_replicates", gaps)
    means, asked = _PeopleOfUnits.means, itertools.count()

    def turned(self: _PeopleOfUnits, inside: np.ndarray) -> np.ndarray:
        # The same units in every half, whose order by their answers is the other way round in every second one.
        return means(self, np.ones_like(inside)) * (-1) ** next(asked)

    monkeypatch.setattr(_PeopleOfUnits, "means", turned)
    analysed(demo, n_splits=1)
    assert len(replicates) == 2 * len(OUTCOMES)
    for there, back in zip(replicates[::2], replicates[1::2], strict=True):
        assert there.std() > 0.01
        np.testing.assert_allclose(there, back, atol=ROUNDING)
