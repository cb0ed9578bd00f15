"""The analyses on the two public studies: what the published data are known to show, and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import EstimateRecord, Finding, Verdict
from exresearch.findings.analyses import employee_first, engaged_minority, engagement_and_cx
from exresearch.study import Study, load_study

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
NHS = DATA / "nhs_ex_cx_linked" / "staff_x_inpatient_2021_2022.csv"
WA = DATA / "wa_public_sector_2015" / "full_survey_data.csv"
RULES = DisclosureRules()
# The sources give their correlations with two digits.
TWO_DIGITS = 0.006
ROUNDING = 1e-9


def link(study: Study, *, n_boot: int = 400) -> Any:
    """Notebook 02 with the settings of the study file."""
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
        n_boot=n_boot,
        seed=p.seed,
        rules=RULES,
    )


def drivers(study: Study, *, n_boot: int = 200) -> Any:
    """Notebook 03 with few replicates."""
    return employee_first(
        study,
        conf_level=0.95,
        n_boot=n_boot,
        n_imputations=0,
        seed=study.settings.parameters.seed,
        rules=RULES,
    )


def checks(finding: Finding) -> dict[str, EstimateRecord]:
    """Robustness checks by their term."""
    return {record.term: record for record in finding.robustness}


def said(finding: Finding, words: str) -> dict[str, Any]:
    """The values of the one caveat that has these words."""
    (note,) = [note for note in finding.caveats if words in note.message]
    return dict(note.model_dump()["values"])


@pytest.fixture(scope="module")
def nhs() -> Study:
    """English hospital trusts."""
    if not NHS.is_file():
        pytest.skip("the public NHS data are not in ../shared (see docs/public-studies.md)")
    return load_study(ROOT / "params" / "public" / "nhs_trusts.yaml", overrides={"tables.units": str(NHS)})


@pytest.fixture(scope="module")
def trusts(nhs: Study) -> Finding:
    """What notebook 02 finds about them."""
    return link(nhs).finding


def test_trusts_with_less_burnout_have_better_inpatient_care(nhs: Study, trusts: Finding) -> None:
    assert (trusts.verdict, trusts.estimand, trusts.null) == (Verdict.SUPPORTED, "correlation", 0)
    year = checks(trusts)
    assert year["correlation_2021"].estimate == pytest.approx(0.60, abs=TWO_DIGITS)
    assert year["correlation_2021_set_apart"].estimate == pytest.approx(0.42, abs=TWO_DIGITS)
    assert 0 < year["correlation_2021_set_apart"].conf_low < year["correlation_2021_set_apart"].conf_high < 1
    raw = pd.read_csv(NHS)
    one = raw.loc[raw["survey_year"] == 2021, ["Burned_out_rate", "Q46"]].dropna()
    assert year["correlation_2021"].estimate == pytest.approx(-one.corr().iloc[0, 1], abs=ROUNDING)
    assert year["correlation_2021"].n_units == len(one)


def test_what_trusts_keep_explains_the_link(trusts: Finding) -> None:
    change = checks(trusts)["change_on_change"]
    assert change.conf_low < 0 < change.conf_high
    assert abs(change.estimate) < 0.05


def test_the_finding_on_trusts_claims_no_more(trusts: Finding) -> None:
    assert checks(trusts)["ratio"].unit_of_measurement == "ratio"
    assert trusts.comparisons == ()
    assert said(trusts, "which side comes first") == {"n_waves": 2}
    assert said(trusts, "the link without them") == {"count": 11, "kind": "Acute Specialist Trusts"}
    assert said(trusts, "not engagement")["measure"]["en"].startswith("not burned out")
    assert said(trusts, "It does not say which side causes the other") == {}
    assert trusts.n_excluded == 0
    assert trusts.n_units == checks(trusts)["ratio"].n_units


def test_trusts_have_no_employees(nhs: Study) -> None:
    p = nhs.settings.parameters
    share = engaged_minority(
        nhs,
        engaged_definition=p.engaged_definition,
        engaged_threshold=p.engaged_threshold,
        conf_level=0.95,
        rules=RULES,
    ).finding
    for finding in (share, drivers(nhs).finding):
        assert finding.verdict is Verdict.NOT_TESTABLE
        assert finding.reason.model_dump()["values"] == {
            "missing": {"en": "table employees", "nl": "tabel medewerkers (employees)"}
        }


def test_the_same_trusts_twice(nhs: Study, trusts: Finding) -> None:
    assert link(nhs).finding.model_dump_json() == trusts.model_dump_json()


@pytest.fixture(scope="module")
def wa() -> Study:
    """Employees of the public sector of Western Australia."""
    if not WA.is_file():
        pytest.skip("the public Western Australian data are not in ../shared (see docs/public-studies.md)")
    return load_study(
        ROOT / "params" / "public" / "wa_public_sector.yaml", overrides={"tables.employees": str(WA)}
    )


@pytest.fixture(scope="module")
def sector(wa: Study) -> Any:
    """What notebook 03 finds about them."""
    return drivers(wa)


def test_answers_of_the_sector_are_turned_and_counted_listwise(wa: Study, sector: Any) -> None:
    model = [v.column for v in wa.codebook.select("employees", role="driver")]
    raw = pd.read_csv(WA, usecols=["A3m", *model], dtype=str)
    answers = raw.apply(pd.to_numeric, errors="coerce")
    answers = answers.where(answers.isin([1, 2, 3, 4, 5, 6, 7]))
    complete = answers.dropna()
    finding = sector.finding
    assert finding.components[0].term == "enps"
    assert finding.n == len(complete)
    assert finding.n_excluded == len(raw) - len(complete)
    # 1 is "strongly agree" on both sides, so turning both leaves their correlation as it was.
    row = sector.correlations.set_index("driver").loc["A3h"]
    pair = answers[["A3m", "A3h"]].dropna()
    assert row["enps"] == pytest.approx(pair.corr().iloc[0, 1], abs=ROUNDING)
    assert row["enps"] > 0
    assert row["n"] <= len(pair)


def test_what_the_sector_shows(sector: Any) -> None:
    finding = sector.finding
    assert [part.term for part in finding.components] == ["enps", "stay"]
    assert [part.verdict for part in finding.components] == [Verdict.SUPPORTED, Verdict.EQUIVALENT]
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert said(finding, "Not measured here")["missing"]["en"] == "Discretionary effort, Promoting the brand"
    assert said(finding, "The data do not say who works together") == {}
    assert "bootstrap over answer sheets" in finding.method.message
    assert finding.n_units is None


def test_the_same_sector_twice(wa: Study, sector: Any) -> None:
    assert drivers(wa).finding.model_dump_json() == sector.finding.model_dump_json()
