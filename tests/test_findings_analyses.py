"""The analyses behind the notebooks: against independent computations, on whole and on awkward studies."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import beta, norm, t

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Finding, Note, Verdict, load_registry

# Under other names, or pytest takes them for tests.
from exresearch.findings import testability as can_test
from exresearch.findings import testability_table as table_of_tests
from exresearch.findings.analyses import (
    employee_first,
    engaged_minority,
    engagement_and_cx,
    outcome_answers,
    set_apart_problem,
)
from exresearch.measures import enps
from exresearch.report import Texts
from exresearch.report.figures import outcome_distribution
from exresearch.study import Codebook, Construct, Problem, Study, StudyError, load_study
from exresearch.study.demo import DemoSettings, generate_demo, write_demo_study

PARAMS = Path(__file__).parents[1] / "params"
RULES = DisclosureRules()
N_BOOT = 300
# Sums in another order differ in the last digits; R2 of all subsets accumulates a few more.
ROUNDING = 1e-9


def link(study: Study, **change: Any) -> Any:
    """Notebook 02 with the settings of the demo."""
    settings: dict[str, Any] = {
        "ex_measure": "engagement", "cx_measure": "cx", "ex_alternative": "", "leader_share": 0.25, "set_apart": "",
        "engaged_definition": "highly_or_moderately", "engaged_threshold": 5.0, "min_unit_n": 5, "conf_level": 0.95,
        "n_boot": N_BOOT, "seed": 1,
    }  # fmt: skip
    return engagement_and_cx(study, rules=RULES, **(settings | change))


def minority(study: Study, **change: Any) -> Any:
    """The engaged share with the settings of the demo."""
    settings = {"engaged_definition": "highly_or_moderately", "engaged_threshold": 5.0, "conf_level": 0.95}
    return engaged_minority(study, rules=RULES, **(settings | change))


def first(study: Study, **change: Any) -> Any:
    """Notebook 03."""
    return employee_first(
        study,
        **(
            {
                "conf_level": 0.95,
                "n_boot": N_BOOT,
                "n_imputations": 0,
                "n_splits": 0,
                "seed": 1,
                "rules": RULES,
            }
            | change
        ),
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A demo company of 40 units and two waves."""
    folder = tmp_path_factory.mktemp("demo") / "tables"
    files = generate_demo(folder, seed=11, settings=DemoSettings(n_units=40, n_waves=2))
    return load_study(
        PARAMS / "demo.yaml",
        overrides={"tables": {name: str(file) for name, file in files.items()}, "synthetic": None},
    )


@pytest.fixture(scope="module")
def found(demo: Study) -> tuple[Any, Any, Any]:
    """The three analyses of it."""
    return link(demo), minority(demo), first(demo)


def changed(study: Study, **tables: pd.DataFrame) -> Study:
    """A study with some tables replaced."""
    return replace(study, tables=study.tables | tables)


def places(note: Note) -> dict[str, Any]:
    """The values of a note."""
    return dict(note.model_dump()["values"])


def texts(finding: Finding) -> list[str]:
    """The caveats' messages."""
    return [note.message for note in finding.caveats]


def test_ratio_and_correlation_against_plain_pandas(demo: Study, found: tuple[Any, Any, Any]) -> None:
    finding = found[0].finding
    sheets, customers = demo.table("employees"), demo.table("customers")
    total = sheets[["eng_1", "eng_2", "eng_3"]].sum(axis=1, skipna=False)
    sheets = sheets.assign(engaged=(total >= 16) * sheets["weight"])[total.notna()]
    sums = sheets.groupby("unit")[["engaged", "weight"]].sum()
    items = customers[["cx_1", "cx_2", "cx_3"]]
    customers = customers.assign(score=items.mean(axis=1))[items.notna().mean(axis=1) >= 0.5]
    customers["product"] = customers["score"] * customers["weight"]
    cx = customers.groupby("unit")[["product", "weight"]].sum()
    units = sums.assign(cx=cx["product"] / cx["weight"], share=sums["engaged"] / sums["weight"]).sort_values(
        "cx"
    )
    low, high = units.iloc[:10].sum(), units.iloc[-10:].sum()
    ratio = (high["engaged"] / high["weight"]) / (low["engaged"] / low["weight"])
    assert finding.estimate == pytest.approx(ratio, abs=ROUNDING)
    assert finding.conf_low < finding.estimate < finding.conf_high
    assert (finding.n, finding.n_units, finding.n_excluded) == (len(sheets), 40, 0)
    checks = {record.term: record for record in finding.robustness}
    assert checks["correlation"].estimate == pytest.approx(units["share"].corr(units["cx"]), abs=ROUNDING)
    ols = sm.OLS(units["cx"], sm.add_constant(units["share"])).fit(cov_type="HC3", use_t=True)
    assert checks["slope"].estimate == pytest.approx(ols.params["share"], abs=1e-7)
    assert checks["slope"].std_error == pytest.approx(ols.bse["share"], abs=1e-7)
    assert set(checks) == {
        "odds_ratio", "difference", "ratio_top_20", "ratio_top_33", "ratio_units_alike", "ratio_highly", "correlation",
        "slope", "slope_adjusted", "slope_disattenuated", "correlation_2024Q1", "correlation_2024Q2",
        "change_on_change",
    }  # fmt: skip


def test_engaged_share_against_plain_pandas(demo: Study, found: tuple[Any, Any, Any]) -> None:
    finding, bands = found[1].finding, found[1].bands
    sheets = demo.table("employees")
    total = sheets[["eng_1", "eng_2", "eng_3"]].sum(axis=1, skipna=False).dropna()
    weight = sheets.loc[total.index, "weight"]
    for least, estimate in ((16, finding.estimate), (19, finding.robustness[0].estimate)):
        assert estimate == pytest.approx(((total >= least) * weight).sum() / weight.sum(), abs=ROUNDING)
    assert finding.conf_low < finding.estimate < finding.conf_high
    assert (finding.n, finding.n_units, finding.n_excluded) == (len(total), 40, len(sheets) - len(total))
    # Korn and Graubard by hand, against one half.
    sums = pd.DataFrame({"engaged": (total >= 16) * weight, "weight": weight}).groupby(sheets["unit"]).sum()
    rest = sums["engaged"] - finding.estimate * sums["weight"]
    variance = 40 / 39 * (rest**2).sum() / sums["weight"].sum() ** 2
    effective = (
        finding.estimate * (1 - finding.estimate) / variance * (norm.ppf(0.975) / t.ppf(0.975, 39)) ** 2
    )
    hits, misses = effective * finding.estimate, effective * (1 - finding.estimate)
    tails = beta.cdf(0.5, hits, misses + 1), beta.sf(0.5, hits + 1, misses)
    assert finding.p_value == pytest.approx(min(1.0, 2 * min(tails)), abs=1e-7)
    assert finding.robustness[0].term == "share_highly"
    assert bands["share"].sum() == pytest.approx(1, abs=ROUNDING)
    assert bands["share"].iloc[:2].sum() == pytest.approx(finding.estimate, abs=ROUNDING)


def test_importance_against_all_orders_of_a_few_drivers(demo: Study) -> None:
    kept = ["d_needs", "d_growth", "d_customers_decide", "d_rules"]
    variables = tuple(v for v in demo.codebook.variables if v.role != "driver" or v.column in kept)
    small = replace(demo, codebook=replace(demo.codebook, variables=variables))
    result = first(small)
    sheets = demo.table("employees")
    rows = sheets[["enps", *kept, "weight"]].dropna()
    matrix = np.cov(rows[["enps", *kept]].T, aweights=rows["weight"])

    def explained(subset: tuple[int, ...]) -> float:
        index = list(subset)
        if not index:
            return 0.0
        return float(
            matrix[0, index] @ np.linalg.solve(matrix[np.ix_(index, index)], matrix[0, index]) / matrix[0, 0]
        )

    gains: dict[int, list[float]] = {number: [] for number in (1, 2, 3, 4)}
    for order in permutations((1, 2, 3, 4)):
        for place, number in enumerate(order):
            gains[number].append(explained(order[: place + 1]) - explained(order[:place]))
    lmg = {name: float(np.mean(gains[number])) for number, name in enumerate(kept, start=1)}
    enps = result.importance[result.importance["outcome"] == "enps"].set_index("driver")
    assert enps["importance"].to_dict() == pytest.approx(lmg, abs=ROUNDING)
    part = result.finding.components[0]
    assert part.term == "enps"
    assert part.estimate == pytest.approx(lmg["d_needs"] - lmg["d_customers_decide"], abs=ROUNDING)
    assert (part.n, part.n_units, result.finding.n_excluded) == (len(rows), 40, len(sheets) - len(rows))
    # The table of directions counts answers with the same weights, pair by pair.
    pair = sheets[["enps", "d_needs", "weight"]].dropna()
    expected = np.cov(pair[["enps", "d_needs"]].T, aweights=pair["weight"])
    shown = result.correlations.set_index("driver").loc["d_needs", "enps"]
    assert shown == pytest.approx(expected[0, 1] / np.sqrt(expected[0, 0] * expected[1, 1]), abs=ROUNDING)
    blocks = {record.term: record.estimate for record in result.finding.robustness}
    assert blocks["enps_blocks"] == pytest.approx(
        (lmg["d_needs"] + lmg["d_growth"]) / 2 - lmg["d_customers_decide"], abs=ROUNDING
    )


def test_a_driver_worded_the_other_way_round_is_turned(demo: Study, found: tuple[Any, Any, Any]) -> None:
    variables = tuple(
        replace(v, reversed=True) if v.column == "d_growth" else v for v in demo.codebook.variables
    )
    turned = first(replace(demo, codebook=replace(demo.codebook, variables=variables)))
    before, after = (result.correlations.set_index("driver") for result in (found[2], turned))
    outcomes = ["enps", "stay", "effort", "promote"]
    assert after.loc["d_growth", outcomes].tolist() == pytest.approx(
        [-value for value in before.loc["d_growth", outcomes]], abs=ROUNDING
    )
    rest = before.index.drop("d_growth")
    pd.testing.assert_frame_equal(after.loc[rest], before.loc[rest])
    # Importance has no sign.
    assert turned.finding.estimate == pytest.approx(found[2].finding.estimate, abs=ROUNDING)


def test_a_named_driver_that_is_not_the_extreme_one_is_said(found: tuple[Any, Any, Any]) -> None:
    result = found[2]
    notes = {note.message.split("“")[1].split("”")[0]: places(note)["outcomes"]["en"].split(", ")
             for note in result.finding.caveats if "“" in note.message}  # fmt: skip
    table = result.importance.assign(label=result.importance["outcome"].map(
        result.differences.set_index("outcome")["label"].map(lambda label: label["en"])))  # fmt: skip
    ranks = table[table["named"]].set_index(["block", "label"])["rank"]
    first_not_top = [label for label, rank in ranks["employee-first"].items() if rank > 1]
    last_not_bottom = [label for label, rank in ranks["customer-first"].items() if rank < 10]
    assert last_not_bottom, "the demo has an outcome where another driver weighs less"
    assert notes.get("most", []) == first_not_top
    assert notes.get("least", []) == last_not_bottom


def test_the_ranks_in_the_finding_are_those_of_the_table(found: tuple[Any, Any, Any]) -> None:
    result = found[2]
    names = ["importance", "conf_low", "conf_high", "rank", "rank_low", "rank_high"]
    table = result.importance.set_index(["outcome", "driver"])[names]
    for record in result.finding.drivers:
        row = table.loc[(record.outcome, record.driver)]
        assert [getattr(record, name) for name in names] == row.tolist()
        assert record.rank_low <= record.rank <= record.rank_high
    assert (table["rank_high"] > table["rank"]).any()


def test_four_outcomes_in_one_family(found: tuple[Any, Any, Any]) -> None:
    finding = found[2].finding
    assert [part.term for part in finding.components] == ["enps", "stay", "effort", "promote"]
    assert finding.estimate == finding.components[0].estimate
    for part in finding.components:
        assert part.conf_low < part.estimate < part.conf_high
        assert part.p_adjusted >= part.p_value
    names = [f"{o}_{c}" for o in ("enps", "stay", "effort", "promote") for c in
             ("blocks", "relative_weights", "first", "last")]  # fmt: skip
    assert [record.term for record in finding.robustness] == names
    assert len(finding.drivers) == 40
    assert found[2].differences["estimate"].tolist() == [part.estimate for part in finding.components]


def test_the_same_study_twice_gives_the_same_bytes(demo: Study, found: tuple[Any, Any, Any]) -> None:
    for before, again in zip(found, (link(demo), minority(demo), first(demo)), strict=True):
        assert before.finding.model_dump_json() == again.finding.model_dump_json()


def numbers(finding: Finding) -> list[float]:
    """All estimates and limits, in order."""
    records = [finding, *finding.components, *finding.robustness]
    return [value for r in records for value in (r.estimate, r.conf_low, r.conf_high, float(r.n))]


def test_the_order_of_rows_changes_nothing(demo: Study, found: tuple[Any, Any, Any]) -> None:
    tables = {name: frame.sample(frac=1, random_state=5) for name, frame in demo.tables.items()}
    study = changed(demo, **tables)
    for before, shuffled in zip(found, (link(study), minority(study), first(study)), strict=True):
        assert numbers(shuffled.finding) == pytest.approx(numbers(before.finding), abs=1e-6)
        assert shuffled.finding.verdict is before.finding.verdict
        assert shuffled.finding.reason == before.finding.reason


def test_the_names_of_units_change_no_estimate(demo: Study, found: tuple[Any, Any, Any]) -> None:
    units = sorted(demo.table("units")["unit"].unique())
    names = dict(zip(units, reversed([f"x{number:03d}" for number in range(len(units))]), strict=True))
    tables = {
        name: frame.assign(unit=frame["unit"].map(names)) if "unit" in frame else frame
        for name, frame in demo.tables.items()
    }
    study = changed(demo, **tables)
    for before, after in zip(found, (link(study), minority(study), first(study)), strict=True):
        assert after.finding.estimate == pytest.approx(before.finding.estimate, abs=ROUNDING)
        assert after.finding.verdict is before.finding.verdict
        assert (after.finding.n, after.finding.n_units) == (before.finding.n, before.finding.n_units)


def test_published_ratio_only_beside_the_same_quantity(demo: Study, found: tuple[Any, Any, Any]) -> None:
    (comparison,) = found[0].finding.comparisons
    assert (comparison.claim, comparison.published) == ("temkin-2016-ratio", 1.53)
    for definition in ("highly", "threshold"):
        other = link(demo, engaged_definition=definition).finding
        assert (other.estimand, other.comparisons) == ("ratio", ())
    assert {c.claim for c in found[1].finding.comparisons} == set(found[1].published["claim"])


def on_five_points(study: Study) -> Study:
    """The same study with engagement asked on 1-5, by answers that stretch back to what they were or close by."""
    names = ["eng_1", "eng_2", "eng_3"]
    sheets = study.table("employees")
    coded = ((sheets[names] - 1) * 4 / 6).round() + 1
    variables = tuple(replace(v, maximum=5.0) if v.column in names else v for v in study.codebook.variables)
    return replace(
        changed(study, employees=sheets.assign(**{name: coded[name] for name in names})),
        codebook=replace(study.codebook, variables=variables),
    )


@pytest.mark.parametrize("which", ["highly", "highly_or_moderately"])
def test_approximated_bands_are_called_so_and_set_beside_nothing_published(demo: Study, which: str) -> None:
    five, definition = on_five_points(demo), f"{which}_approximated"
    caveat = (
        "The bands of the engagement index are an approximation: the three questions have another scale, which was "
        "stretched to 1 to 7. They are not compared with published figures."
    )
    result = minority(five, engaged_definition=definition)
    # By the definition in words: rescaled sum of 19 or more, or of 16 or more.
    sheets = five.table("employees")
    stretched = (1 + 6 * (sheets[["eng_1", "eng_2", "eng_3"]] - 1) / 4).sum(axis=1, skipna=False)
    there = stretched.notna()
    engaged = stretched[there].round(6) >= (19 if which == "highly" else 16)
    assert result.finding.estimate == pytest.approx(
        np.average(engaged, weights=sheets.loc[there, "weight"]), rel=ROUNDING
    )
    assert result.finding.comparisons == ()
    assert result.published.empty
    assert list(result.published.columns) == ["claim", "value", "year", "region", "source"]
    assert caveat in texts(result.finding)
    assert not any("Published shares" in text for text in texts(result.finding))
    assert all("approximated" in band["en"] and "benaderd" in band["nl"] for band in result.bands["band"])
    assert result.bands["share"].sum() == pytest.approx(1, rel=ROUNDING)
    assert result.finding.robustness[0].label.message.endswith("(approximated)")
    other = "highly_or_moderately" if which == "highly" else "highly"
    assert result.finding.robustness[0].term == f"share_{other}_approximated"

    linked = link(five, engaged_definition=definition).finding
    assert (linked.estimand, linked.comparisons) == ("ratio", ())
    assert texts(linked).count(caveat) == 1
    labels = [record.label.message for record in linked.robustness if record.term.endswith("approximated")]
    named = "highly or moderately" if which == "highly" else "highly"
    assert labels == [f"Ratio of {named} engaged (approximated)"]
    # Without the name nothing is approximated.
    assert not link(five, engaged_definition=which).finding.tested
    assert not minority(five, engaged_definition=which).finding.tested


def test_a_sum_or_factor_score_is_said_beside_the_link(demo: Study) -> None:
    label = {"nl": "Klantbeleving", "en": "Customer experience"}
    said = {
        "mean": None,
        "sum": "The score for “{measure}” is a sum: the mean of the answered questions times the number of questions.",
        "factor": (
            "The score for “{measure}” is a factor score, on the scale of the questions: those that go together most "
            "with the others count most."
        ),
    }
    estimates = {}
    for method, message in said.items():
        book = replace(
            demo.codebook, constructs=demo.codebook.constructs | {"cx": Construct(**label, score=method)}
        )
        finding = link(replace(demo, codebook=book)).finding
        assert [text for text in texts(finding) if text.startswith("The score for")] == (
            [message] if message else []
        )
        slope = next(record for record in finding.robustness if record.term == "slope")
        estimates[method] = (finding.estimate, slope.estimate)
    # Ranks are those of the mean, a slope is in points of the sum.
    assert estimates["sum"][0] == pytest.approx(estimates["mean"][0], rel=ROUNDING)
    assert estimates["sum"][1] == pytest.approx(3 * estimates["mean"][1], rel=ROUNDING)
    # Three items that are about equally good: the factor score is close to their mean.
    assert estimates["factor"][1] == pytest.approx(estimates["mean"][1], rel=0.05)


def test_caveats_of_two_waves(found: tuple[Any, Any, Any]) -> None:
    finding = found[0].finding
    note = next(note for note in finding.caveats if "which side comes first" in note.message)
    assert places(note) == {"n_waves": 2}
    assert "There are fewer than {few:integer} units" not in " ".join(texts(finding))


def test_a_category_of_units_set_apart(demo: Study) -> None:
    finding = link(demo, set_apart="unit_type=winkel").finding
    kinds = demo.table("units").groupby("unit")["unit_type"].last()
    note = next(note for note in finding.caveats if "the link without them" in note.message)
    assert places(note) == {"count": int((kinds == "winkel").sum()), "kind": "winkel"}
    check = next(record for record in finding.robustness if record.term == "correlation_set_apart")
    assert check.n_units == 40 - int((kinds == "winkel").sum())


@pytest.mark.parametrize(
    ("setting", "message", "remedy"),
    [
        ("unit_type", "no unit has '' as its unit_type.", "Legal: bezorging, kantoor, servicebalie, winkel."),
        ("unit_type=winkels", "no unit has 'winkels' as its unit_type.",
         "Did you mean 'winkel'? Legal: bezorging, kantoor, servicebalie, winkel."),
    ],
)  # fmt: skip
def test_a_category_that_does_not_exist(demo: Study, setting: str, message: str, remedy: str) -> None:
    problem = Problem("demo.yaml", "parameters.set_apart", message, remedy)
    assert set_apart_problem(demo, setting, file="demo.yaml") == problem
    with pytest.raises(StudyError) as caught:
        link(demo, set_apart=setting)
    assert str(caught.value) == (
        f"1 problem with this study:\n- study file: parameters.set_apart: {message} {remedy}"
    )
    assert set_apart_problem(demo, "") is None


def test_a_misspelt_column_of_units(demo: Study) -> None:
    problem = set_apart_problem(demo, "unit_typ=winkel")
    assert problem is not None
    assert (
        problem.message == "'column=value' is expected, with a category of the units; got 'unit_typ=winkel'."
    )
    assert problem.remedy.startswith("Did you mean 'unit_type'? Legal: ")
    without = replace(demo, tables={name: t for name, t in demo.tables.items() if name != "units"})
    assert str(set_apart_problem(without, "a=b")) == (
        "study file: parameters.set_apart: no units can be set apart: the table 'units' has no column with role "
        "category. Describe one in the codebook, or leave this empty."
    )


def test_outcomes_that_cannot_be_analysed_are_named(demo: Study) -> None:
    sheets = demo.table("employees")
    study = changed(demo, employees=sheets.assign(stay=3.0, promote=np.nan))
    finding = first(study).finding
    assert [part.term for part in finding.components] == ["enps", "effort"]
    label = {name: demo.codebook.label(name) for name in ("stay", "promote")}
    same = next(note for note in finding.caveats if "everybody answers the same" in note.message)
    assert places(same) == {"outcome": label["stay"], "same": label["stay"]}
    few = next(note for note in finding.caveats if "answered everything" in note.message)
    assert places(few) == {"outcome": label["promote"], "needed": 30}


def test_copies_of_a_driver_are_named(demo: Study) -> None:
    sheets = demo.table("employees")
    finding = first(changed(demo, employees=sheets.assign(d_growth=sheets["d_needs"]))).finding
    assert finding.verdict is Verdict.NOT_TESTABLE
    assert finding.reason.message == (
        "{outcome} is left out: some of its drivers, or a driver and the outcome, are copies or sums of one another, "
        "or hardly anybody answers differently."
    )


def test_people_count_and_not_their_sheets(demo: Study) -> None:
    sheets = demo.table("employees")
    complete = sheets.dropna()
    twice = complete[complete["person"].duplicated(keep=False)]
    few = twice[twice["person"].isin(sorted(twice["person"].unique())[:29])]
    assert len(few) == 58
    answer = can_test(changed(demo, employees=few), "engaged-minority")
    assert (answer.testable, answer.n) == (False, 58)
    assert answer.reason.message == "Fewer than {needed:integer} people answered."
    assert minority(changed(demo, employees=few)).finding.verdict is Verdict.NOT_TESTABLE


def test_too_few_replicates_for_the_correction_are_said(demo: Study, found: tuple[Any, Any, Any]) -> None:
    notes = [note for note in first(demo, conf_level=0.99).finding.caveats if "replicates" in note.message]
    assert [places(note) for note in notes] == [{"n_boot": N_BOOT}]
    assert not [text for text in texts(found[2].finding) if "replicates" in text]


def test_without_units_the_intervals_say_so(demo: Study) -> None:
    sheets = demo.table("employees").drop(columns="unit")
    by_person = changed(demo, employees=sheets)
    by_row = changed(demo, employees=sheets.drop(columns="person"))
    message = (
        "The data do not say who works together: if colleagues answer alike, the intervals, computed row by row, are "
        "too narrow."
    )
    for study, how in ((by_person, "persons"), (by_row, "answer sheets")):
        drivers = first(study).finding
        assert f"bootstrap over {how}" in drivers.method.message
        assert link(study).finding.verdict is Verdict.NOT_TESTABLE
        for finding in (minority(study).finding, drivers):
            assert message in texts(finding)
            # Neither persons nor sheets are units.
            assert finding.n_units is None
            assert {part.n_units for part in (*finding.components, *finding.robustness)} == {None}


def test_units_without_difference(demo: Study) -> None:
    customers = demo.table("customers").assign(cx_1=4.0, cx_2=4.0, cx_3=4.0)
    finding = link(changed(demo, customers=customers)).finding
    assert finding.verdict is Verdict.NOT_TESTABLE
    assert (
        finding.reason.message == "All units have the same value of {measure}, so nothing can vary with it."
    )


def test_nobody_engaged_among_the_laggards(demo: Study) -> None:
    sheets = demo.table("employees").assign(eng_1=1.0)
    lucky = sheets["unit"].isin(sorted(sheets["unit"].unique())[:2])
    sheets.loc[lucky, ["eng_1", "eng_2", "eng_3"]] = 7.0
    finding = link(changed(demo, employees=sheets)).finding
    assert finding.verdict is Verdict.NOT_TESTABLE
    assert finding.reason.message.startswith(
        "There is no ratio: among the leaders or the laggards hardly anybody"
    )


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Forty employees in four units."""
    return load_study(
        write_demo_study(tmp_path_factory.mktemp("cut") / "small", seed=2016, n_units=4, n_employees=40)
    )


def test_a_small_client_is_told_what_it_could_have_found(cut: Study) -> None:
    answer = can_test(cut, "engagement-cx")
    assert not answer.testable
    assert answer.reason.model_dump() == {
        "message": "{n_units:integer} units can be linked; at least {needed:integer} are needed.",
        "values": {"n_units": 4, "needed": 10},
    }
    assert (answer.detectable_effect.kind, answer.detectable_effect.n) == ("correlation", 4)
    # tanh((1.960 + 0.842) / sqrt(4 - 3))
    assert answer.detectable_effect.value == pytest.approx(np.tanh(1.959964 + 0.841621), abs=1e-6)
    finding = link(cut).finding
    assert finding.verdict is Verdict.NOT_TESTABLE
    assert finding.detectable_effect == answer.detectable_effect
    table = table_of_tests(cut).set_index("hypothesis")
    linked = table.index[(table["kind"] == "correlation") & table["value"].notna()]
    assert not table.loc[linked, "testable"].any()
    assert {"engagement-cx", "ex-precedes-cx", "two-way", "balance", "human-experience"} <= set(linked)
    assert table.loc[["engaged-minority", "employee-first"], "testable"].all()


def test_a_small_client_gets_its_findings_with_a_warning(cut: Study) -> None:
    message = (
        "There are too few units ({n_units:integer}) to take into account that colleagues answer alike: the intervals "
        "may be too narrow."
    )
    for finding in (minority(cut).finding, first(cut).finding):
        assert finding.tested
        assert finding.n_units is None
        note = next(note for note in finding.caveats if note.message == message)
        assert places(note) == {"n_units": 4}


def test_exactly_enough_people_are_enough(demo: Study) -> None:
    needed = load_registry()["employee-first"].needs.min_respondents
    sheets = demo.table("employees").drop_duplicates("person")
    assert can_test(changed(demo, employees=sheets.head(needed)), "employee-first").testable
    short = can_test(changed(demo, employees=sheets.head(needed - 1)), "employee-first")
    assert short.reason == Note(
        message="Fewer than {needed:integer} people answered.", values={"needed": needed}
    )


def test_a_share_against_one_half_is_one_sample(demo: Study) -> None:
    answer = can_test(demo, "engaged-minority")
    share = answer.detectable_effect
    assert (share.kind, share.n) == ("share_difference", demo.table("employees")["person"].nunique())
    # (z + z) sqrt(1 / 4n) to first order
    assert share.value == pytest.approx(2.801585 * np.sqrt(0.25 / share.n), rel=1e-2)


def test_missing_data_are_named_in_both_languages(demo: Study) -> None:
    bare = replace(demo, tables={name: demo.tables[name] for name in ("customers", "units")})
    for name in ("engaged-minority", "employee-first"):
        answer = can_test(bare, name)
        assert answer.reason.message == "These data are missing: {missing}."
        assert places(answer.reason) == {
            "missing": {"en": "table employees", "nl": "tabel medewerkers (employees)"}
        }
        assert (answer.testable, answer.n) == (False, 0)
    assert minority(bare).finding.verdict is Verdict.NOT_TESTABLE
    assert first(bare).importance.empty
    sheets = replace(demo, tables={"employees": demo.tables["employees"]})
    reason = can_test(sheets, "engagement-cx").reason
    assert places(reason) == {"missing": {"en": "table customers", "nl": "tabel klanten (customers)"}}


def test_five_point_items_without_customers(demo: Study) -> None:
    """Items that do not fit the index, and no customer side: two reasons at once are no crash."""
    variables = tuple(
        replace(v, maximum=5) if v.construct == "engagement" else v for v in demo.codebook.variables
    )
    study = replace(
        demo,
        codebook=replace(demo.codebook, variables=variables),
        tables={"employees": demo.tables["employees"]},
    )
    assert can_test(study, "engagement-cx").n_units == 40
    finding = minority(study).finding
    assert finding.verdict is Verdict.NOT_TESTABLE
    assert finding.reason.message.startswith(
        "The bands of the engagement index need three items on a scale of 1 to 7"
    )


def test_every_hypothesis_of_the_demo_can_be_judged(demo: Study) -> None:
    table = table_of_tests(demo)
    assert list(table.columns) == [
        "hypothesis", "title", "testable", "note", "value", "kind", "n", "n_respondents", "n_units", "n_waves",
    ]  # fmt: skip
    assert len(table) == 20
    refused = table[~table["testable"]]
    # Two waves are too few for direction, forty units for the chain; nothing is missing.
    assert {note.message for note in refused["note"]} == {
        "There are {n_waves:integer} waves; at least {needed:integer} are needed.",
        "{n_units:integer} units can be linked; at least {needed:integer} are needed.",
    }
    assert (table["n_waves"] == 2).all()
    assert table["value"].between(0, 1).all()


def test_outcomes_and_enps_by_wave(demo: Study) -> None:
    answers = outcome_answers(demo, enps_variant="eu", conf_level=0.95, rules=RULES)
    sums = answers.distribution.groupby(answers.distribution["outcome"].map(lambda label: label["en"]))[
        "share"
    ].sum()
    assert sums.to_numpy() == pytest.approx(np.ones(len(sums)), abs=ROUNDING)
    # Answers that fewer than five people gave are not drawn, never one alone, so that none is the rest of 100 %.
    assert (answers.distribution["people"] < RULES.min_respondents).any(), "the small demo has a rare answer"
    [drawn] = outcome_distribution(answers.distribution, texts=Texts("en"), rules=RULES).shown
    hidden = drawn.hidden.groupby(drawn.frame["column"]).sum()
    assert set(hidden) - {0}
    assert 1 not in set(hidden)
    assert answers.score["wave"].tolist() == ["2024Q1", "2024Q2", "all waves"]
    sheets = demo.table("employees").dropna(subset="enps")
    w, value = sheets["weight"], sheets["enps"]
    expected = 100 * ((value >= 8) @ w - (value <= 5) @ w) / w.sum()
    whole = answers.score.iloc[-1]
    assert whole["estimate"] == pytest.approx(expected, abs=1e-7)
    # Colleagues are kept together.
    by_unit = enps(value, variant="eu", weights=w, cluster=sheets["unit"])
    assert whole[["conf_low", "conf_high"]].tolist() == [by_unit.conf_low, by_unit.conf_high]
    assert whole["n"] == len(sheets)
    label = demo.codebook.label("enps")["en"]
    rows = answers.distribution[answers.distribution["outcome"].map(lambda given: given["en"]) == label]
    by_value = w.groupby(value).sum() / w.sum()
    shown = rows.dropna(subset="share").set_index("value")["share"]
    assert len(shown) > 5
    assert shown.to_dict() == pytest.approx(by_value.loc[shown.index].to_dict(), abs=ROUNDING)
    assert places(answers.caption)["variant"] == "EU"


def with_scale(study: Study, **changes: float) -> Study:
    variables = tuple(
        replace(v, **changes) if (v.table, v.construct, v.role) == ("employees", "enps", "outcome") else v
        for v in study.codebook.variables
    )
    return replace(study, codebook=Codebook(variables, study.codebook.constructs))


def test_enps_of_1_to_10_and_by_cut_points_of_one_s_own(demo: Study) -> None:
    options = {"conf_level": 0.95, "rules": RULES}
    sheets = demo.table("employees")
    ten = with_scale(changed(demo, employees=sheets.assign(enps=sheets["enps"].clip(lower=1))), minimum=1.0)
    declared, original = (outcome_answers(study, enps_variant="us", **options) for study in (ten, demo))
    assert set(declared.score["variant"]) == {"US, 1-10"}
    # No answer of 0 changes class, so that only the name does.
    assert declared.score["estimate"].tolist() == original.score["estimate"].tolist()
    shown = {"variant": "US, 1-10", "promoter": 9, "detractor": 6, "minimum": 1, "maximum": 10, "level": 0.95}
    assert places(declared.caption) == shown
    own = {"enps_variant": "custom", "enps_promoters_from": 8, "enps_detractors_to": 5}
    custom = outcome_answers(demo, **own, **options)
    eu = outcome_answers(demo, enps_variant="eu", **options)
    assert set(custom.score["variant"]) == {"custom (8-10, 0-5)"}
    columns = ["estimate", "conf_low", "conf_high", "promoters", "passives", "detractors", "n"]
    assert custom.score[columns].equals(eu.score[columns])
    # The two numbers count with custom alone.
    ignored = outcome_answers(demo, **(own | {"enps_variant": "us"}), **options)
    assert ignored.score.equals(original.score)
    five = with_scale(
        changed(demo, employees=sheets.assign(enps=sheets["enps"].clip(1, 5))), minimum=1.0, maximum=5.0
    )
    assert outcome_answers(five, enps_variant="us", **options).score.empty
    fitting = own | {"enps_promoters_from": 5, "enps_detractors_to": 3}
    assert set(outcome_answers(five, **fitting, **options).score["variant"]) == {"custom (5, 1-3), 1-5"}


def test_classes_of_too_few_people_do_not_show_beside_the_score(demo: Study) -> None:
    sheets = demo.table("employees")
    one_wave = sheets[sheets["wave"] == demo.waves[0]].head(40).reset_index(drop=True)
    # Four promoters, 16 passives and 20 detractors by the American cuts.
    one_wave["enps"] = [10.0] * 4 + [8.0] * 16 + [3.0] * 20
    few = outcome_answers(
        changed(demo, employees=one_wave), enps_variant="us", conf_level=0.95, rules=RULES
    ).score
    enough = outcome_answers(
        changed(demo, employees=one_wave.assign(enps=one_wave["enps"].replace(8.0, 9.0))),
        enps_variant="us",
        conf_level=0.95,
        rules=RULES,
    ).score
    classes = ["promoters", "passives", "detractors"]
    assert few[classes].isna().all(axis=None)
    assert few["estimate"].notna().all()
    assert set(few["n"]) == {40}
    # A class that nobody chose gives nobody away.
    assert enough[classes].notna().all(axis=None)
    assert enough["passives"].eq(0).all()
