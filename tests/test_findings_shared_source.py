"""Measures computed from one another: refused where the codebook is wrong, warned of, and never tested."""

from dataclasses import replace
from pathlib import Path

import pytest

from exresearch import findings
from exresearch.disclosure import DisclosureRules
from exresearch.findings import Verdict, by_construction, shared_source
from exresearch.findings.analyses import engagement_and_cx
from exresearch.findings.shared_source import shared_sources
from exresearch.report import Texts
from exresearch.study import Codebook, Variable, columns_in_common, load_study
from exresearch.study.codebook import contradictions, derived_remarks, read_codebook, write_codebook

ROOT = Path(__file__).parents[1]
CHAINS = ROOT.parent / "shared" / "data" / "us_nursing_homes" / "chain_panel.csv"
# The source gives its correlations with two digits.
TWO_DIGITS = 0.006


def column(name, *sources, **more):
    entry = {"table": "units", "role": "measure", "kind": "mean", "construct": f"{name}_of"}
    entry |= more
    return Variable(column=name, derived_from=sources, **entry)


def book(*variables):
    return Codebook(tuple(variables), {})


HOURS = column("hours", role="ignore", kind=None)
TURNOVER = column("turnover")
STAFFING = column("staffing", "hours", "turnover")
OVERALL = column("overall", "staffing", "inspection")
INSPECTION = column("inspection")
WORKLOAD = column("workload", "hours")
ALL = book(HOURS, TURNOVER, STAFFING, OVERALL, INSPECTION, WORKLOAD)


@pytest.mark.parametrize(
    ("one", "other", "kind", "first", "columns"),
    [
        ("turnover_of", "staffing_of", "contains", "staffing_of", ("turnover",)),
        ("staffing_of", "turnover_of", "contains", "staffing_of", ("turnover",)),
        ("turnover_of", "overall_of", "contains", "overall_of", ("turnover",)),
        ("staffing_of", "workload_of", "shares", "staffing_of", ("hours",)),
    ],
)
def test_what_two_measures_have_in_common(one, other, kind, first, columns):
    found = columns_in_common(ALL, one, other)
    assert (found.kind, found.first, found.columns) == (kind, first, columns)


@pytest.mark.parametrize("other", ["inspection_of", "workload_of", "turnover_of", "unknown"])
def test_nothing_in_common_is_nothing(other):
    assert columns_in_common(ALL, "turnover_of", other) is None


class Only:
    """A study that is nothing but its codebook."""

    codebook = ALL


def test_every_pair_is_named_once_and_empty_measures_are_passed_over():
    found = shared_sources(Only, ["staffing_of", "", "inspection_of"], ["workload_of", "staffing_of", ""])
    assert found == [shared_source(Only, "staffing_of", "workload_of")]
    both = shared_sources(Only, ["turnover_of", "overall_of"], ["overall_of", "turnover_of"])
    assert both == [shared_source(Only, "turnover_of", "overall_of")]


def faults(*variables):
    return [str(found.problem) for found in contradictions(variables, {}, file="book.yaml")]


def test_the_codebook_refuses_what_cannot_be():
    assert faults(column("stars", "turnovr"), TURNOVER) == [
        "book.yaml: units.stars: derived_from names 'turnovr', which the codebook does not describe in table 'units'. "
        "Did you mean 'turnover'? Legal: turnover."
    ]
    assert faults(column("a", "b"), column("b", "c"), column("c", "a"), column("d", "a")) == [
        "book.yaml: units.a: derived_from goes round in a circle: a, b, c. A column cannot be computed from itself; "
        "take one of them out."
    ]
    assert faults(*ALL.variables) == []
    with pytest.raises(ValueError, match="derived_from names 'a', the column itself; take it out"):
        column("a", "a")
    with pytest.raises(ValueError, match="derived_from names 'b' twice; keep one"):
        column("a", "b", "b")


@pytest.mark.parametrize("suffix", ["yaml", "csv", "xlsx"])
def test_every_format_carries_it(tmp_path, suffix):
    unnamed = {"role": "ignore", "kind": None, "construct": None}
    odd = book(
        column("a; b", **unnamed),
        column("=1", **unnamed),
        TURNOVER,
        column("stars", "a; b", "=1", "turnover"),
    )
    path = tmp_path / f"book.{suffix}"
    write_codebook(odd, path)
    assert read_codebook(path) == (odd, [])


def chains(**parameters):
    if not CHAINS.exists():
        pytest.skip("the nursing-home chains are not here")
    file = ROOT / "params" / "public" / "us_nursing_homes.yaml"
    return load_study(file, overrides={"tables": {"units": str(CHAINS)}, **parameters})


def link(study):
    p = study.settings.parameters
    return engagement_and_cx(
        study,
        ex_measure=p.ex_measure,
        cx_measure=p.cx_measure,
        ex_alternative=p.ex_alternative,
        engaged_definition=p.engaged_definition,
        engaged_threshold=p.engaged_threshold,
        leader_share=p.leader_share,
        set_apart=p.set_apart,
        min_unit_n=p.min_unit_n,
        conf_level=p.conf_level,
        n_boot=100,
        seed=p.seed,
        rules=DisclosureRules(),
    ).finding


def test_turnover_goes_with_inspection_in_every_release():
    study = chains()
    finding = link(study)
    checks = {record.term: record for record in finding.robustness}
    # SOURCE.md of the data: -0.34 in June 2026, n = 627; here turned round. The others by pandas' corr.
    known = {
        "2025-12": 0.395,
        "2026-02": 0.389,
        "2026-03": 0.372,
        "2026-04": 0.339,
        "2026-05": 0.334,
        "2026-06": 0.337,
    }
    for wave, value in known.items():
        assert checks[f"correlation_{wave}"].estimate == pytest.approx(value, abs=TWO_DIGITS), wave
    assert checks["correlation_2026-06"].n_units == 627
    assert finding.verdict is Verdict.SUPPORTED
    assert finding.estimate == pytest.approx(0.363, abs=TWO_DIGITS)
    assert finding.conf_low > 0.25
    assert not any("computed" in Texts("en").note(caveat) for caveat in finding.caveats)
    assert not any(remark.kind.startswith("measure") for remark in study.remarks)


@pytest.mark.parametrize("measure", ["overall_stars", "staffing_stars"])
def test_stars_that_contain_turnover_are_warned_of_and_not_tested(measure):
    study = chains(cx_measure=measure)
    remarks = [str(remark) for remark in study.remarks if remark.kind == "measure_computed_from_other"]
    assert remarks == [
        f"us_nursing_homes.yaml: cx_measure {measure}: This measure is computed in part from {part}; set beside it, it "
        "goes together with it by construction."
        for part in ("staff_stability", "nurse_stability")
    ]
    finding = link(study)
    assert finding.verdict is Verdict.NOT_TESTABLE
    assert finding.reason == by_construction(study, measure, "staff_stability")
    assert "computed in part" in Texts("en").note(finding.reason)
    options = {"ex_measure": "staff_stability", "cx_measure": measure}
    assert not findings.testability(study, "two-way", **options).testable


def test_shared_ingredients_are_a_caveat_and_no_refusal():
    study = chains()
    shared = tuple(
        replace(v, derived_from=("Average total nurse hours per resident day",))
        if v.construct in ("staff_stability", "inspection_stars")
        else v
        for v in study.codebook.variables
    )
    mixed = replace(study, codebook=Codebook(shared, study.codebook.constructs))
    caveat = shared_source(mixed, "staff_stability", "inspection_stars")
    assert "from the same columns (Average total nurse hours per resident day)" in Texts("en").note(caveat)
    assert by_construction(mixed, "staff_stability", "inspection_stars") is None
    finding = link(mixed)
    assert finding.verdict is Verdict.SUPPORTED
    assert caveat in finding.caveats
    assert shared_source(study, "staff_stability", "inspection_stars") is None
    kinds = [r.kind for r in derived_remarks(mixed.codebook, study.settings.parameters, file="x.yaml")]
    assert kinds == ["measures_share_columns"]
