"""Findings check themselves, survive the disk byte for byte, and read back as one tidy frame."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest
from pydantic import ValidationError

from exresearch.findings import (
    Comparison,
    DecisionRule,
    DetectableEffect,
    DriverRecord,
    EstimateRecord,
    Finding,
    Note,
    SmallestEffect,
    Verdict,
    estimate_record,
    finding_schema,
    load_findings,
    read_findings,
    write_finding,
)

NAN = float("nan")
METHOD = Note(message="a method")


def numbers(**change: Any) -> dict[str, Any]:
    """A ratio of 1.5 that supports its claim."""
    return {
        "estimate": 1.5,
        "conf_low": 1.2,
        "conf_high": 1.9,
        "conf_level": 0.95,
        "std_error": 0.1,
        "p_value": 0.001,
        "p_adjusted": 0.001,
        "n": 900,
        "n_units": 60,
        "method": METHOD,
    } | change


def content(**change: Any) -> dict[str, Any]:
    """The fields of a finding that is supported."""
    return {
        "hypothesis": "engagement-cx",
        "verdict": Verdict.SUPPORTED,
        "reason": Note(message="above {null:number2}", values={"null": 1.0}),
        "estimand": "ratio",
        "unit_of_measurement": "ratio",
        "null": 1.0,
        "direction": "greater",
        "smallest_effect": SmallestEffect(low=1 / 1.1, high=1.1),
        "family": "engagement-cx",
        "n_excluded": 3,
        "disclosure_rule": Note(message="a rule"),
        **numbers(),
    } | change


def untested(**change: Any) -> dict[str, Any]:
    """The fields of a finding that is not testable."""
    bare = {
        name: value for name, value in content().items() if name not in numbers() and name != "n_excluded"
    }
    return bare | {"verdict": Verdict.NOT_TESTABLE} | change


OTHER = DecisionRule(
    estimand="less", null=1.0, direction="less", smallest_effect=SmallestEffect(low=0.5, high=1.05)
)
RULE = DecisionRule(
    estimand="ratio", null=1.0, direction="greater", smallest_effect=SmallestEffect(low=1 / 1.1, high=1.1)
)


def part(**change: Any) -> EstimateRecord:
    """One component or check."""
    fields = {"term": "one", "label": Note(message="One"), "unit_of_measurement": "ratio", **numbers()}
    return EstimateRecord(**(fields | change))


def driver(**change: Any) -> DriverRecord:
    """The importance of one driver."""
    fields: dict[str, Any] = {
        "outcome": "enps",
        "driver": "d",
        "label": {"nl": "d", "en": "d"},
        "block": None,
    }
    fields |= {"importance": 0.1, "conf_low": 0.0, "conf_high": 0.2, "rank": 1, "rank_low": 1, "rank_high": 2}
    return DriverRecord(**(fields | change))


CHECK = part(term="check")
PUBLISHED = Comparison.of("temkin-2016-ratio", 1.53, conf_low=1.2, conf_high=1.9)


@pytest.mark.parametrize(
    ("fields", "place", "message"),
    [
        (content(conf_low=0.9), (), "the decision rule gives 'inconclusive' for these numbers, not 'supported'."),
        (content(verdict=Verdict.EQUIVALENT), (),
         "the decision rule gives 'supported' for these numbers, not 'equivalent'."),
        (content(p_adjusted=0.06), (), "the decision rule gives 'inconclusive' for these numbers, not 'supported'."),
        (content(direction="less"), (), "the decision rule gives 'contradicted' for these numbers, not 'supported'."),
        (content(conf_low=2.0), (), "conf_low 2.0 is above conf_high 1.9."),
        (content(conf_low=-0.1), (), "a ratio lies between 0 and inf; got [-0.1]."),
        (content(conf_level=0.5), (), "conf_level must lie between 0.5 and 1; got 0.5."),
        (content(p_value=1.5), (), "p_value must lie between 0 and 1; got 1.5."),
        (content(p_value=0.5), (), "p_adjusted 0.001 is below p_value 0.5."),
        (content(smallest_effect=SmallestEffect(low=1.1, high=1.2)), (),
         "engagement-cx: the smallest effect of interest does not contain the null 1.0."),
        (content(p_value=None, method=None), (), "engagement-cx: verdict 'supported' needs p_value, method."),
        (content(n_excluded=None), (), "engagement-cx: verdict 'supported' needs n_excluded."),
        (content(robustness=(CHECK, CHECK)), (), "engagement-cx: robustness check check is given more than once."),
        (content(comparisons=(Comparison(claim="x", published=3.0, relation="inside"),)), (),
         "engagement-cx: the interval lies 'below' of the published figure 'x', not 'inside'."),
        (content(components=(part(),)), (),
         "engagement-cx: component 'one' needs p_adjusted, a verdict and the rule behind it."),
        (content(components=(part(verdict=Verdict.SUPPORTED),)), (),
         "engagement-cx: component 'one' needs p_adjusted, a verdict and the rule behind it."),
        (content(components=(part(verdict=Verdict.SUPPORTED, rule=OTHER),)), (),
         "engagement-cx: with components the finding carries the rule of the first, 'one'."),
        (untested(direction_verdict="neither"), (),
         "engagement-cx: what was not tested leaves the direction undetermined by design."),
        (content(direction_verdict="undetermined_by_design"), (),
         "engagement-cx: what the design leaves undetermined was not tested."),
        (content(components=(part(verdict=Verdict.EQUIVALENT, rule=RULE),)), (),
         "engagement-cx: the decision rule gives 'supported' for component 'one', not 'equivalent'."),
        (content(components=(part(verdict=Verdict.SUPPORTED, rule=RULE),) * 2), (),
         "engagement-cx: component one is given more than once."),
        (content(components=(part(verdict=Verdict.SUPPORTED, rule=RULE, estimate=1.4),)), (),
         "engagement-cx: with components the finding carries the numbers of the first, 'one'; different: estimate."),
        (content(estimate=NAN), ("estimate",), "Input should be a finite number"),
        (content(conf_high=float("inf")), ("conf_high",), "Input should be a finite number"),
        (content(null=NAN), ("null",), "Input should be a finite number"),
        (content(n=0), ("n",), "Input should be greater than or equal to 1"),
        (content(n_excluded=-1), ("n_excluded",), "Input should be greater than or equal to 0"),
        (content(std_error=-0.1), ("std_error",), "Input should be greater than or equal to 0"),
        (content(estimate="1.5"), ("estimate",), "Input should be a valid number"),
        (content(colour="red"), ("colour",), "Extra inputs are not permitted"),
        (content(hypothesis="Engagement CX"), ("hypothesis",),
         "String should match pattern '^[a-z0-9]+(-[a-z0-9]+)*$'"),
        (content(schema_version="0.9"), ("schema_version",), "Input should be '1.0'"),
        (untested(estimate=1.5, n=900), (),
         "engagement-cx: a finding that is not testable carries no numbers; got estimate, n."),
        (untested(components=(part(),), robustness=(CHECK,), drivers=(driver(),), comparisons=(PUBLISHED,)), (),
         "engagement-cx: a finding that is not testable carries no numbers; got components, robustness, drivers, "
         "comparisons."),
    ],
)  # fmt: skip
def test_nonsense_is_refused(fields: dict[str, Any], place: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Finding(**fields)
    (problem,) = caught.value.errors()
    assert problem["loc"] == place
    said = problem["msg"].removeprefix("Value error, ")
    assert said in (message, f"engagement-cx: {message}")


@pytest.mark.parametrize(
    ("unit", "change", "message"),
    [
        ("share", {"estimate": 0.4, "conf_low": 0.3, "conf_high": 1.1}, "a share lies between 0 and 1; got [1.1]."),
        ("correlation", {"estimate": -1.2, "conf_low": -1.3, "conf_high": 0.5},
         "a correlation lies between -1 and 1; got [-1.2, -1.3]."),
        ("ratio", {"p_value": 0.2, "p_adjusted": 0.1}, "p_adjusted 0.1 is below p_value 0.2."),
    ],
)  # fmt: skip
def test_a_record_knows_the_range_of_its_unit(unit: str, change: dict[str, float], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        part(unit_of_measurement=unit, **change)
    assert caught.value.errors()[0]["msg"] == f"Value error, {message}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rank_low": 3}, "Value error, driver 'd': rank_low 3 is above rank_high 2."),
        ({"conf_low": 0.3}, "Value error, driver 'd': conf_low is above conf_high."),
        ({"rank": 0}, "Input should be greater than or equal to 1"),
    ],
)
def test_a_driver_checks_its_ranks_and_limits(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        driver(**change)
    assert caught.value.errors()[0]["msg"] == message


def test_a_comparison_says_where_the_interval_lies() -> None:
    sides = [Comparison.of("x", 1.0, conf_low=low, conf_high=low + 1) for low in (0.5, 0.0, 1.0, 1.5, -1.5)]
    assert [side.relation for side in sides] == ["inside", "inside", "inside", "above", "below"]


@pytest.fixture
def full() -> Finding:
    """A finding with everything in it."""
    return Finding(
        **content(
            verdict=Verdict.INCONCLUSIVE,
            components=(
                part(verdict=Verdict.SUPPORTED, rule=RULE),
                part(term="two", verdict=Verdict.CONTRADICTED, n_units=None, rule=OTHER),
            ),
            robustness=(part(term="check", p_value=None, p_adjusted=None, std_error=None),),
            drivers=(driver(),),
            comparisons=(PUBLISHED,),
            caveats=(Note(message="{what}", values={"what": {"nl": "café", "en": "coffee"}}),),
        )
    )


@pytest.fixture
def lacking() -> Finding:
    """A finding that is not testable."""
    effect = DetectableEffect(kind="correlation", value=0.9, power=0.8, n=6)
    return Finding(**untested(hypothesis="balance", detectable_effect=effect))


def test_a_finding_comes_back_from_disk_as_it_was(full: Finding, lacking: Finding, tmp_path: Path) -> None:
    for finding in (full, lacking):
        assert write_finding(finding, tmp_path / "new" / "findings").name == f"{finding.hypothesis}.json"
    assert load_findings(tmp_path / "new" / "findings") == (lacking, full)
    assert full.tested
    assert not lacking.tested


def test_the_same_finding_gives_the_same_bytes(full: Finding, tmp_path: Path) -> None:
    first = write_finding(full, tmp_path).read_bytes()
    again = Finding.model_validate_json(first)
    assert write_finding(again, tmp_path).read_bytes() == first
    assert b"caf\xc3\xa9" in first
    assert first.endswith(b"}\n")
    assert b"\r" not in first


def test_a_written_finding_fits_the_schema(full: Finding, lacking: Finding, tmp_path: Path) -> None:
    schema = json.loads(finding_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    for finding in (full, lacking):
        written = json.loads(write_finding(finding, tmp_path).read_text(encoding="utf-8"))
        jsonschema.validate(written, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(written | {"colour": "red"}, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(written | {"verdict": "proven"}, schema)


def test_a_failing_write_leaves_the_earlier_finding(
    full: Finding, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = write_finding(full, tmp_path).read_bytes()

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left on device"):
        write_finding(Finding(**content(n=901)), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["engagement-cx.json"]
    assert (tmp_path / "engagement-cx.json").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"hypothesis": "engage', "engagement-cx.json is not a valid finding: finding: Invalid JSON: EOF while "
         "parsing a string at line 1 column 22"),
        (b"\xff\xfe", "engagement-cx.json is not a valid finding: the file is not UTF-8 text."),
    ],
)  # fmt: skip
def test_a_damaged_file_is_named(text: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "engagement-cx.json").write_bytes(text)
    with pytest.raises(ValueError) as caught:
        load_findings(tmp_path)
    assert str(caught.value) == message


def test_a_changed_number_is_named(full: Finding, tmp_path: Path) -> None:
    path = write_finding(full, tmp_path)
    changed = json.loads(path.read_text(encoding="utf-8")) | {"verdict": "equivalent", "n": -1}
    path.write_text(json.dumps(changed), encoding="utf-8")
    with pytest.raises(ValueError) as caught:
        read_findings(tmp_path)
    assert str(caught.value) == (
        "engagement-cx.json is not a valid finding: n: Input should be greater than or equal to 1"
    )


def test_a_finding_under_another_name_is_refused(full: Finding, tmp_path: Path) -> None:
    write_finding(full, tmp_path).rename(tmp_path / "balance.json")
    with pytest.raises(ValueError) as caught:
        load_findings(tmp_path)
    assert str(caught.value) == "balance.json holds the finding of 'engagement-cx'; rename or remove it."


def test_no_findings_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        load_findings(tmp_path / "findings")
    assert str(caught.value) == "there is no findings folder 'findings'; run the study first."
    assert load_findings(tmp_path) == ()


COLUMNS = {
    **dict.fromkeys(["hypothesis", "role", "term", "verdict", "estimand", "unit_of_measurement"], "str"),
    **dict.fromkeys(
        ["estimate", "std_error", "p_value", "p_adjusted", "conf_low", "conf_high", "conf_level"], "float64"
    ),
    **dict.fromkeys(["n", "n_units", "n_excluded"], "Int64"),
    "family": "str",
    **dict.fromkeys(["null", "smallest_low", "smallest_high"], "float64"),
}


def test_all_findings_as_one_frame(full: Finding, lacking: Finding, tmp_path: Path) -> None:
    for finding in (full, lacking):
        write_finding(finding, tmp_path)
    frame = read_findings(tmp_path)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == COLUMNS
    assert frame["role"].tolist() == ["deciding", "deciding", "component", "component", "robustness"]
    assert frame["term"].tolist() == ["ratio", "ratio", "one", "two", "check"]
    assert frame["verdict"].fillna("none").tolist() == [
        "not_testable",
        "inconclusive",
        "supported",
        "contradicted",
        "none",
    ]
    # A component is judged by its own estimand.
    assert frame["estimand"].tolist() == ["ratio", "ratio", "ratio", "less", "ratio"]
    assert frame["smallest_low"].tolist() == [1 / 1.1, 1 / 1.1, 1 / 1.1, 0.5, 1 / 1.1]
    bare = frame.loc[0, ["estimate", "conf_low", "n", "n_units", "n_excluded", "p_adjusted"]]
    assert bare.isna().all()
    row = frame.loc[1]
    assert row[["estimate", "conf_low", "conf_high", "n", "n_units", "n_excluded"]].tolist() == [
        1.5, 1.2, 1.9, 900, 60, 3,
    ]  # fmt: skip
    assert frame["smallest_high"].tolist() == [1.1, 1.1, 1.1, 1.05, 1.1]
    assert frame.loc[3, "n_units"] is pd.NA


def test_an_empty_folder_gives_an_empty_frame_of_the_same_types(tmp_path: Path) -> None:
    assert {name: str(kind) for name, kind in read_findings(tmp_path).dtypes.items()} == COLUMNS


def test_a_row_becomes_a_record() -> None:
    rows = pd.DataFrame([{"term": "a", **numbers(method="x", n=900.0, n_units=60.0, std_error=NAN)}])
    record = estimate_record(
        rows, "a", name="b", label=Note(message="B"), unit_of_measurement="ratio", method=METHOD
    )
    assert record.model_dump(exclude={"label", "method", "rule"}) == {
        "term": "b", "unit_of_measurement": "ratio", "estimate": 1.5, "conf_low": 1.2, "conf_high": 1.9,
        "conf_level": 0.95, "std_error": None, "p_value": 0.001, "p_adjusted": None, "n": 900, "n_units": 60,
        "verdict": None,
    }  # fmt: skip
    bare = rows.drop(columns=["n_units", "p_value"])
    record = estimate_record(bare, "a", label=Note(message="A"), unit_of_measurement="ratio", method=METHOD)
    assert (record.term, record.n_units, record.p_value) == ("a", None, None)


@pytest.mark.parametrize("terms", [["b"], ["a", "a"]])
def test_a_row_must_be_there_once(terms: list[str]) -> None:
    rows = pd.DataFrame([{"term": term, **numbers()} for term in terms])
    with pytest.raises(ValueError) as caught:
        estimate_record(rows, "a", label=Note(message="A"), unit_of_measurement="ratio", method=METHOD)
    assert str(caught.value) == (
        f"exactly one estimate 'a' is expected; there are {terms.count('a')} among {terms}."
    )
