"""What a study with missing answers says: complete sheets and imputed ones side by side, and the rule of each score."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Finding, Note
from exresearch.findings.analyses import EmployeeFirst, employee_first, engaged_minority
from exresearch.findings.analyses.drivers.models import driver_model
from exresearch.findings.analyses.drivers.sheets import sheets_to_impute
from exresearch.findings.analyses.score_rules import link_score_rules, score_rule
from exresearch.measures import construct_score, link_table, oriented_frame
from exresearch.models import pool_imputations
from exresearch.report import Page, columns
from exresearch.study import Construct, Study, StudyError, load_study
from exresearch.study.demo import DemoSettings, generate_demo
from exresearch.study.parameters import parse_study

PARAMS = Path(__file__).parents[1] / "params"
RULES = DisclosureRules()
OUTCOMES = ["enps", "stay"]
DRIVERS = ["d_needs", "d_growth", "d_customers_decide", "d_customer_voice", "d_tools"]
METHOD = (
    "multiple imputation (chained equations, predictive mean matching), {m:integer} imputations; Rubin's rules, "
    "degrees of freedom of Barnard and Rubin"
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A demo company of 20 units and two waves, with half of its drivers and outcomes."""
    folder = tmp_path_factory.mktemp("demo") / "tables"
    files = generate_demo(folder, seed=12, settings=DemoSettings(n_units=20, n_waves=2))
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


def analysed(study: Study, **change: Any) -> EmployeeFirst:
    """Notebook 03, with few replicates and imputations."""
    given: dict[str, Any] = {
        "conf_level": 0.95,
        "n_boot": 200,
        "n_imputations": 5,
        "n_splits": 0,
        "seed": 1,
    } | change
    return employee_first(study, rules=RULES, **given)


def with_sheets(study: Study, sheets: pd.DataFrame) -> Study:
    """A study with other answer sheets."""
    return replace(study, tables=study.tables | {"employees": sheets})


def with_codebook(study: Study, *, needed: dict[str, float]) -> Study:
    """A study whose codebook asks for another share of the items of some constructs."""
    constructs = study.codebook.constructs | {
        name: Construct(nl=name, en=name, min_share=share) for name, share in needed.items()
    }
    return replace(study, codebook=replace(study.codebook, constructs=constructs))


@pytest.fixture(scope="module")
def result(demo: Study) -> EmployeeFirst:
    """Notebook 03 of it."""
    return analysed(demo)


def messages(finding: Finding) -> list[str]:
    """The caveats as they stand in the catalogue."""
    return [note.message for note in finding.caveats]


def test_complete_sheets_and_imputed_ones_are_both_reported(demo: Study, result: EmployeeFirst) -> None:
    sheets, finding = demo.table("employees"), result.finding
    checks = {record.term: record for record in finding.robustness}
    assert [term for term in checks if term.endswith("_imputed")] == [f"{name}_imputed" for name in OUTCOMES]
    answers = sheets[[*DRIVERS, *OUTCOMES]]
    answered = answers.notna().any(axis=1).sum()
    for part in finding.components:
        check = checks[f"{part.term}_imputed"]
        complete = sheets[[part.term, *DRIVERS, "weight"]].notna().all(axis=1).sum()
        assert (part.n, check.n) == (complete, answered)
        assert part.n < check.n
        assert check.method.model_dump() == {"message": METHOD, "values": {"m": 5}}
        assert check.label.message == "{outcome}: missing answers imputed"
        assert check.conf_low < check.estimate < check.conf_high
        assert check.n_units == part.n_units == 20
        # An eighth of the sheets is lost listwise and 3 % of the answers: about the same picture, not the same number.
        assert 0 < abs(check.estimate - part.estimate) < 0.05
    assert finding.n_excluded == len(sheets) - finding.n
    table = result.missing_answers
    assert table["outcome"].tolist() == [name for name in OUTCOMES for _ in range(2)]
    assert table["handling"].tolist() == ["only complete answer sheets", "missing answers imputed"] * 2
    for _, row in table.iterrows():
        record = next(p for p in finding.components if p.term == row["outcome"])
        if row["handling"] == "missing answers imputed":
            record = checks[f"{row['outcome']}_imputed"]
            cells = answers.loc[answers.notna().any(axis=1), [row["outcome"], *DRIVERS]].isna()
            assert row["imputed"] == pytest.approx(cells.to_numpy().mean())
            assert 0 < row["missing_information"] < 0.6
        else:
            assert np.isnan(row["imputed"])
            assert np.isnan(row["missing_information"])
        names = ["estimate", "conf_low", "conf_high", "conf_level", "n"]
        assert [row[name] for name in names] == [getattr(record, name) for name in names]
        assert row["n_excluded"] == len(sheets) - row["n"]


def test_the_check_changes_nothing_else(demo: Study, result: EmployeeFirst) -> None:
    without = analysed(demo, n_imputations=0)
    assert without.finding.components == result.finding.components
    assert [r for r in result.finding.robustness if not r.term.endswith("_imputed")] == list(
        without.finding.robustness
    )
    note = "Missing answers were not imputed: n_imputations is 0."
    assert messages(without.finding) == [*messages(result.finding), note]
    assert without.missing_answers["handling"].unique().tolist() == ["only complete answer sheets"]


def test_the_same_input_gives_the_same_bytes_whatever_the_order_of_its_rows(
    demo: Study, result: EmployeeFirst
) -> None:
    assert analysed(demo).finding.model_dump_json() == result.finding.model_dump_json()
    shuffled = analysed(with_sheets(demo, demo.table("employees").sample(frac=1, random_state=3)))
    for before, after in zip(result.finding.robustness, shuffled.finding.robustness, strict=True):
        assert (after.term, after.n) == (before.term, before.n)
        assert [after.estimate, after.conf_low, after.conf_high] == pytest.approx(
            [before.estimate, before.conf_low, before.conf_high], abs=1e-9
        )
    other = analysed(demo, seed=2).finding
    assert other.robustness[-1].estimate != result.finding.robustness[-1].estimate


def test_where_nothing_is_missing_there_is_nothing_to_impute(demo: Study) -> None:
    sheets = demo.table("employees")
    complete = sheets[sheets[[*DRIVERS, *OUTCOMES]].notna().all(axis=1)]
    result = analysed(with_sheets(demo, complete))
    assert (
        messages(result.finding)[-1]
        == "No answer to these questions is missing: there was nothing to impute."
    )
    assert not [r.term for r in result.finding.robustness if r.term.endswith("_imputed")]
    assert result.missing_answers["n_excluded"].tolist() == [0, 0]


def test_what_a_wave_did_not_ask_is_not_imputed(demo: Study, result: EmployeeFirst) -> None:
    sheets = demo.table("employees").copy()
    later = sheets["wave"] == sheets["wave"].max()
    sheets.loc[later, "stay"] = np.nan
    checks = {r.term: r for r in analysed(with_sheets(demo, sheets)).finding.robustness}
    assert checks["stay_imputed"].n == (~later).sum()
    assert checks["enps_imputed"].n == len(sheets)
    # Without a driver in a wave, none of its sheets can be used.
    sheets = demo.table("employees").copy()
    sheets.loc[later, "d_tools"] = np.nan
    checks = {r.term: r for r in analysed(with_sheets(demo, sheets)).finding.robustness}
    assert {checks[f"{name}_imputed"].n for name in OUTCOMES} == {(~later).sum()}


def test_an_outcome_asked_in_one_unit_is_resampled_by_person_as_on_complete_sheets(demo: Study) -> None:
    sheets = demo.table("employees").copy()
    pilot = sheets["unit"].value_counts().index[0]
    later = sheets["wave"] == sheets["wave"].max()
    sheets.loc[~later | (sheets["unit"] != pilot), "stay"] = np.nan
    sheets = sheets[~later | (sheets["unit"] == pilot)]
    checks = {r.term: r for r in analysed(with_sheets(demo, sheets)).finding.robustness}
    check = checks["stay_imputed"]
    assert (check.n, check.n_units) == ((sheets["wave"] == sheets["wave"].max()).sum(), None)
    assert check.conf_low < check.estimate < check.conf_high
    assert checks["enps_imputed"].n_units == 20


def test_what_is_left_out_is_counted_with_weights_and_without(demo: Study) -> None:
    sheets = demo.table("employees").copy()
    sheets.loc[sheets.index[50:60], [*DRIVERS, *OUTCOMES]] = np.nan
    complete = sheets[["enps", *DRIVERS]].notna().all(axis=1).sum()
    weighted = analysed(with_sheets(demo, sheets))
    unweighted = analysed(with_sheets(demo, sheets.drop(columns="weight")))
    for result in (weighted, unweighted):
        finding, table = result.finding, result.missing_answers.set_index(["outcome", "handling"])
        assert (finding.n, finding.n_excluded) == (complete, len(sheets) - complete)
        assert table.loc[("enps", "only complete answer sheets"), "n_excluded"] == finding.n_excluded
        # A sheet without any of these answers has nothing to be imputed from.
        assert table.loc[("enps", "missing answers imputed"), "n_excluded"] == 10
        assert finding.robustness[-1].n == len(sheets) - 10
    assert weighted.finding.estimate != unweighted.finding.estimate
    assert weighted.finding.robustness[-1].estimate != unweighted.finding.robustness[-1].estimate


def test_of_many_sheets_a_sample_is_imputed_and_the_method_says_so(
    demo: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exresearch.findings.analyses.drivers.sheets._MOST_SHEETS", 500)
    check = analysed(demo).finding.robustness[-1]
    assert (check.n, check.n_units) == (500, 20)
    shuffled = with_sheets(demo, demo.table("employees").sample(frac=1, random_state=4))
    again = analysed(shuffled).finding.robustness[-1]
    assert again.estimate == pytest.approx(check.estimate, abs=1e-9)
    assert check.method.model_dump() == {
        "message": METHOD.replace(
            "imputations;", "imputations, of a random sample of {n:integer} answer sheets;"
        ),
        "values": {"m": 5, "n": check.n},
    }


def test_variances_within_are_those_of_the_bootstrap_and_units_give_the_degrees_of_freedom(
    demo: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def recorded(estimates: Any, variances: Any, **options: Any) -> pd.DataFrame:
        given.append((np.asarray(variances), options["df_complete"]))
        return pool_imputations(estimates, variances, **options)

    monkeypatch.setattr("exresearch.findings.analyses.drivers.imputation.pool_imputations", recorded)
    part = analysed(demo).finding.components[0]
    variances, df = given[0]
    assert (variances.shape, df) == ((5, 1), 19)
    # The difference on complete sheets, of about the same n, has about the same standard error.
    assert np.sqrt(variances.mean()) == pytest.approx(part.std_error, rel=0.3)


def test_sheets_are_helped_by_the_others_of_their_unit_and_by_their_weight(demo: Study) -> None:
    sheets = demo.table("employees").copy()
    # The gate lets no sheet in without a weight; whoever builds a study by hand may.
    sheets.loc[sheets.index[:4], "weight"] = np.nan
    study = with_sheets(demo, sheets)
    model = driver_model(study.codebook)
    measured = list(study.codebook.select("employees", role="outcome"))
    data = oriented_frame(sheets, [*model.drivers, *measured])
    found = sheets_to_impute(study, data, model, measured, seed=1)
    assert found.frame.index.tolist() == sheets.index[4:].tolist()
    assert found.frame["(weight)"].tolist() == sheets["weight"].iloc[4:].tolist()
    answers = data.iloc[4:]
    strength = {}
    for construct in {
        v.construct for role in ("item", "need") for v in study.codebook.select("employees", role=role)
    }:
        score = construct_score(
            sheets.iloc[4:], codebook=study.codebook, table="employees", construct=str(construct)
        )
        strength[f"({construct})"] = answers.corrwith(score).abs().sum()
    assert len(strength) > 5
    closest = sorted(strength, key=lambda name: -strength[name])[:5]
    assert found.auxiliary == [*closest, "(level of the group)", "(weight)"]
    own = ((answers - answers.mean()) / answers.std()).mean(axis=1)
    units = sheets["unit"].iloc[4:]
    for row in found.frame.index[[0, 100, 500]]:
        others = own[(units == units[row]) & (own.index != row)].mean()
        assert found.frame.loc[row, "(level of the group)"] == pytest.approx(others)


@pytest.mark.parametrize("without", [["unit"], ["unit", "person", "wave"]])
def test_persons_or_sheets_stand_in_for_units(demo: Study, without: list[str]) -> None:
    sheets = demo.table("employees").drop(columns=without)
    check = analysed(with_sheets(demo, sheets)).finding.robustness[-1]
    assert (check.term, check.n, check.n_units) == ("stay_imputed", len(sheets), None)
    assert check.conf_low < check.estimate < check.conf_high


def test_awkward_other_questions_do_no_harm(demo: Study) -> None:
    sheets = demo.table("employees").copy()
    sheets["satisfaction"] = 4.0
    sheets["autonomy"] = sheets["d_needs"]
    sheets["skill"] = np.nan
    sheets.loc[sheets.index[:3], "standardisation"] = np.nan
    sheets["weight"] = 1.0
    check = analysed(with_sheets(demo, sheets)).finding.robustness[-1]
    assert check.conf_low < check.estimate < check.conf_high


def test_the_page_shows_both_in_both_languages(result: EmployeeFirst) -> None:
    expected = {
        "en": ["only complete answer sheets", "missing answers imputed", "Based on", "Imputed answers", "Left out"],
        "nl": ["alleen volledige vragenlijsten", "ontbrekende antwoorden aangevuld", "Gebaseerd op",
               "Aangevulde antwoorden", "Weggelaten"],
    }  # fmt: skip
    for language, words in expected.items():
        page = Page(language=language, rules=RULES)
        caption = "Difference between the named drivers, by what was done with missing answers"
        shown = page.table(
            result.missing_answers, count="n", caption=caption, columns=columns.MISSING_ANSWERS
        ).data
        assert [word for word in words if word not in shown] == []
        verdict = page.verdict(result.finding).data
        assert {"en": "Barnard and Rubin", "nl": "vrijheidsgraden van Barnard en Rubin"}[language] in verdict


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1, "1 imputations are too few: give 5 to 200, or 0 for none. Correct this entry."),
        (201, "201 is out of range. It must be at most 200."),
        (-1, "-1 is out of range. It must be at least 0."),
    ],
)
def test_numbers_of_imputations_that_say_nothing(value: int, message: str) -> None:
    content = {
        "client": "a", "title": {"nl": "a", "en": "a"}, "codebook": "c.yaml", "tables": {"units": "u.csv"},
        "parameters": {"n_imputations": value},
    }  # fmt: skip
    with pytest.raises(StudyError) as caught:
        parse_study(content, file="a.yaml")
    assert str(caught.value) == f"1 problem with this study:\n- a.yaml: parameters.n_imputations: {message}"


def note(message: str, **values: Any) -> dict[str, Any]:
    """A note as it is written."""
    return {"message": message, "values": values}


SOME = (
    "A score for “{measure}” needs at least {needed:integer} of the {count:integer} questions; sheets with fewer "
    "answers are left out."
)
ALL = "A score for “{measure}” needs all {count:integer} questions; sheets without one are left out."


def test_the_rule_of_a_score_is_said(demo: Study) -> None:
    def said(share: float, **more: bool) -> list[dict[str, Any]]:
        book = with_codebook(demo, needed={"need_growth": share}).codebook
        return [n.model_dump() for n in score_rule(book, "employees", "need_growth", **more)]

    label = {"nl": "need_growth", "en": "need_growth"}
    assert said(0.5) == [note(SOME, measure=label, needed=2, count=3)]
    assert said(0.1) == [note(SOME, measure=label, needed=1, count=3)]
    assert said(2 / 3) == [note(SOME, measure=label, needed=2, count=3)]
    assert said(0.7) == said(0.1, complete=True) == [note(ALL, measure=label, count=3)]
    assert score_rule(demo.codebook, "employees", "satisfaction") == []


def test_the_link_and_the_share_use_the_rule_of_the_codebook_and_say_it(demo: Study) -> None:
    strict = with_codebook(demo, needed={"cx": 1.0, "engagement": 1.0})
    customers = demo.table("customers")
    items = [v.column for v in demo.codebook.select("customers", role="item", construct="cx")]
    answered = customers[items].notna()
    assert (answered.mean(axis=1) >= 0.5).sum() - answered.all(axis=1).sum() > 0

    def link(study: Study, **change: Any) -> Any:
        given: dict[str, Any] = {
            "ex_measure": "engagement", "cx_measure": "cx", "engaged_definition": "threshold",
            "engaged_threshold": 5.0, "min_unit_n": 5,
        } | change  # fmt: skip
        return link_table(study, **given)

    assert link(demo).cx.frame["n"].sum() == (answered.mean(axis=1) >= 0.5).sum()
    assert link(strict).cx.frame["n"].sum() == answered.all(axis=1).sum()
    assert link(strict).units["cx"].tolist() != link(demo).units["cx"].tolist()

    eng = demo.table("employees")[["eng_1", "eng_2", "eng_3"]].notna()
    share = {"engaged_definition": "threshold", "engaged_threshold": 5.0, "conf_level": 0.95, "rules": RULES}
    loose_n, strict_n = (engaged_minority(study, **share).finding.n for study in (demo, strict))
    assert (loose_n, strict_n) == ((eng.sum(axis=1) >= 2).sum(), eng.all(axis=1).sum())
    assert loose_n > strict_n
    # The bands are limits of a sum of three, whatever the codebook says.
    bands: dict[str, Any] = share | {"engaged_definition": "highly_or_moderately"}
    assert engaged_minority(demo, **bands).finding.n == strict_n

    def rules_in(finding: Finding) -> list[Note]:
        return [n for n in finding.caveats if n.message in (SOME, ALL)]

    label = demo.codebook.label("engagement")
    assert [n.model_dump() for n in rules_in(engaged_minority(demo, **share).finding)] == [
        note(SOME, measure=label, needed=2, count=3)
    ]
    assert [n.model_dump() for n in rules_in(engaged_minority(demo, **bands).finding)] == [
        note(ALL, measure=label, count=3)
    ]
    both = link_score_rules(demo.codebook, link(demo), definition="threshold")
    assert [n.message for n in both] == [SOME, SOME]
    both = link_score_rules(demo.codebook, link(demo), definition="highly")
    assert [n.message for n in both] == [ALL, SOME]
