"""Spoilt studies give a verdict or a reason in every analysis of links over time, and n counts what was used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Finding, Note, Verdict
from exresearch.findings import testability as whether_testable
from exresearch.findings.analyses import (
    business_outcomes,
    engagement_and_cx,
    ex_cx_balance,
    link_details,
    pay_and_experience,
    programme_effect,
    talent_magnet,
    which_comes_first,
)
from exresearch.findings.analyses.dependence import few_units_caveat, units_counted
from exresearch.findings.analyses.direction.caveats import lag_caveat
from exresearch.findings.analyses.direction.models import Answers
from exresearch.findings.analyses.programmes.effects import answers_behind, compared
from exresearch.findings.analyses.set_apart import is_set_apart
from exresearch.findings.analyses.talent.referrals import _later
from exresearch.measures import dependence_groups, unit_means
from exresearch.study import Study, load_study
from exresearch.study.demo import DemoSettings, generate_demo

PARAMS = Path(__file__).parents[1] / "params"
RULES = DisclosureRules()
ENGAGED: dict[str, Any] = {"engaged_definition": "highly_or_moderately", "engaged_threshold": 5.0}
DRAWS: dict[str, Any] = {"conf_level": 0.95, "n_boot": 60, "seed": 1}
SIDES: dict[str, Any] = {"ex_measure": "engagement", "cx_measure": "cx", "min_unit_n": 5}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Study:
    files = generate_demo(
        tmp_path_factory.mktemp("demo"),
        seed=3,
        settings=DemoSettings(n_units=12, n_waves=4, mean_headcount=12),
    )
    tables = {name: str(file) for name, file in files.items()}
    return load_study(PARAMS / "demo.yaml", overrides={"tables": tables, "synthetic": None})


def edited(study: Study, table: str, **columns: Any) -> Study:
    """The study with other values in some columns."""
    return replace(study, tables={**study.tables, table: study.tables[table].assign(**columns)})


def without(study: Study, table: str, *columns: str) -> Study:
    """The study without a table, or without some of its columns."""
    tables = dict(study.tables)
    gone = tables.pop(table)
    if columns:
        tables[table] = gone.drop(columns=list(columns))
    kept = tuple(
        v
        for v in study.codebook.variables
        if v.table != table or (len(columns) > 0 and v.column not in columns)
    )
    return replace(study, tables=tables, codebook=replace(study.codebook, variables=kept))


def link(study: Study) -> list[Finding]:
    chosen = {"cx_measure": "cx", "leader_share": 0.25, "set_apart": "", "min_unit_n": 5}
    found = engagement_and_cx(
        study, ex_measure="engagement", ex_alternative="", **ENGAGED, **chosen, **DRAWS, rules=RULES
    )
    link_details(study, found, moderator="customer_contact", **ENGAGED, **chosen, **DRAWS, rules=RULES)
    return [found.finding]


def direction(study: Study) -> list[Finding]:
    found = which_comes_first(
        study, **SIDES, **ENGAGED, set_apart="", waves_overlap=False, **DRAWS, rules=RULES
    )
    return list(found.findings.values())


def balance(study: Study) -> list[Finding]:
    return [ex_cx_balance(study, **SIDES, **ENGAGED, later_outcome="result", **DRAWS, rules=RULES).finding]


def business(study: Study) -> list[Finding]:
    sides = {"ex_measure": "engagement", "ex_alternative": "", "min_unit_n": 5}
    return [business_outcomes(study, **sides, **ENGAGED, conf_level=0.95, rules=RULES).finding]


def talent(study: Study) -> list[Finding]:
    return [talent_magnet(study, enps_variant="us", min_unit_n=5, **DRAWS, rules=RULES).finding]


def pay(study: Study) -> list[Finding]:
    return [pay_and_experience(study, conf_level=0.95, rules=RULES).finding]


def programme(study: Study) -> list[Finding]:
    return [
        programme_effect(
            study, programme="programme", anticipation=0, **SIDES, **ENGAGED, **DRAWS, rules=RULES
        ).finding
    ]


def one_wave(study: Study) -> Study:
    tables = {
        name: table[table["wave"] == study.waves[0]].reset_index(drop=True) if "wave" in table else table
        for name, table in study.tables.items()
    }
    return replace(study, tables=tables, waves=study.waves[:1])


def late(study: Study) -> pd.Series:
    units = study.table("units")
    return (units["wave"] >= study.waves[2]).astype("float64")


EVERY = (link, direction, balance, business, talent, pay, programme)
ENGAGEMENT = ("eng_1", "eng_2", "eng_3")
SPOILT: dict[str, tuple[Callable[[Study], Study], tuple[Callable[[Study], list[Finding]], ...]]] = {
    "no employees": (lambda s: without(s, "employees"), EVERY),
    "no customers": (lambda s: without(s, "customers"), (link, direction, balance, talent)),
    "no units": (lambda s: without(s, "units"), (balance, business, talent, programme)),
    "no staff list": (lambda s: without(s, "people"), (business, talent, pay)),
    "one wave": (one_wave, (direction, balance, business, talent, programme)),
    "nobody engaged": (
        lambda s: edited(s, "employees", **dict.fromkeys(ENGAGEMENT, np.nan)),
        (link, direction, balance, business, programme),
    ),
    "all alike": (
        lambda s: edited(s, "employees", enps=9.0, **dict.fromkeys(ENGAGEMENT, 5.0)),
        (link, business, talent, programme),
    ),
    "same customers": (
        lambda s: edited(s, "customers", cx_1=7.3, cx_2=7.3, cx_3=7.3),
        (link, direction, balance),
    ),
    "nobody left": (
        lambda s: edited(edited(s, "units", leavers=0.0), "people", end=pd.NaT),
        (business, talent),
    ),
    "no heads": (lambda s: edited(s, "units", headcount=0.0), (business, talent)),
    "one kind": (lambda s: edited(s, "units", unit_type="shop"), (link, business, talent)),
    "every unit its kind": (
        lambda s: edited(s, "units", unit_type=s.table("units")["unit"]),
        (link, business, talent),
    ),
    "always on": (lambda s: edited(s, "units", programme=1.0), (programme,)),
    "never on": (lambda s: edited(s, "units", programme=0.0), (programme,)),
    "all at once": (lambda s: edited(s, "units", programme=late(s)), (programme,)),
    "no reasons": (lambda s: edited(s, "people", reason=None), (talent,)),
    "pay alike": (lambda s: edited(s, "employees", pay_satisfaction=4.0), (pay,)),
    "nobody plans to stay": (lambda s: edited(s, "employees", stay=np.nan), (pay,)),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_is_missing_gives_a_reason_and_never_an_error(base: Study, spoilt: str) -> None:
    spoil, analyses = SPOILT[spoilt]
    study = spoil(base)
    for analyse in analyses:
        for finding in analyse(study):
            assert finding.reason.message
            if finding.verdict is Verdict.NOT_TESTABLE:
                assert finding.estimate is None
                assert finding.n is None


def panel_of(rows: dict[str, str], n: int = 10) -> pd.DataFrame:
    """Units with the waves they have, one letter each."""
    return pd.DataFrame(
        [{"unit": unit, "wave": wave, "ex_n": n} for unit, waves in rows.items() for wave in waves]
    )


def test_answers_are_counted_where_a_model_uses_them() -> None:
    answers = Answers(panel_of({"one": "abcd", "two": "abd", "three": "ab"}), "abcd")
    assert answers.all() == 90
    assert answers.complete() == 40
    # Three waves in a row: those of the first unit alone.
    assert answers.in_a_row(3) == 40
    # Pairs: all but the last wave of the second unit; two pairs: the first unit alone.
    assert answers.in_a_row(2) == 80
    assert answers.in_a_row(2, several=True) == 40
    assert answers.without(answers.panel["unit"] == "one").all() == 50
    unknown = Answers(panel_of({"one": "ab"}).assign(ex_n=[10, None]), "ab")
    assert unknown.all() is None


def test_uneven_waves_are_told_by_their_places_too() -> None:
    assert "equally far apart" in lag_caveat(["T1", "T2", "T4"], among=["T1", "T2", "T3", "T4"]).message
    assert "do not say" in lag_caveat(["T1", "T3"], among=["T1", "T2", "T3", "T4"]).message
    assert "do not say" in lag_caveat(["T1", "T2", "T4"]).message


def test_a_unit_without_the_category_is_not_set_apart() -> None:
    units = pd.DataFrame({"kind": pd.Series(["shop", None, "desk"], dtype="string")})
    assert is_set_apart(units, "kind=shop").tolist() == [True, False, False]
    assert len(units[~is_set_apart(units, "kind=shop")]) == 2


def test_the_mean_of_equal_answers_is_that_answer() -> None:
    rng = np.random.default_rng(1)
    values = pd.Series(np.full(4000, 7.3))
    means = unit_means(
        values, unit=pd.Series(np.repeat(np.arange(80), 50)), weights=pd.Series(rng.uniform(0.2, 3, 4000))
    )
    assert set(means["mean"]) == {7.3}


def test_referrals_a_wave_later_ask_for_no_answers_then(base: Study) -> None:
    first, second = base.waves[:2]
    cells = pd.DataFrame(
        {
            "unit": ["u", "u", "v"],
            "wave": [first, second, second],
            "referrals": [1.0, 2.0, 5.0],
            "headcount": [10.0, 20.0, 30.0],
        }
    )
    # Enough people answered in the first wave alone.
    frame = cells.iloc[[0]].assign(score=7.0, answers=8)
    later = _later(base, frame, cells, "referrals")
    assert later[["wave", "referrals", "headcount", "answers"]].to_numpy().tolist() == [[first, 2.0, 20.0, 8]]


def test_units_with_the_programme_from_the_first_wave_are_not_counted() -> None:
    panel = pd.DataFrame(
        {"unit": list("aabbcc"), "wave": ["1", "2"] * 3, "n": 10, "start": ["1", "1", "2", "2", None, None]}
    )
    assert answers_behind(compared(panel, ["1", "2"])) == 40
    # Without numbers of answers, units.
    assert answers_behind(panel.assign(n=np.nan)) == 3


def test_a_programme_with_few_to_compare_with_is_not_shown(client: Any) -> None:
    rng = np.random.default_rng(2)
    waves = ("2021", "2022", "2023", "2024")
    unit, place = np.repeat(np.arange(60), 4), np.tile(np.arange(4), 60)
    frame = pd.DataFrame(
        {
            "team": [f"u{u:02d}" for u in unit],
            "year": np.array(waves)[place],
            "mood": rng.normal(size=240),
            "praise": rng.normal(size=240),
            "answers": 10,
            # All start together but for three.
            "plan": ((unit >= 3) & (place >= 2)).astype(int),
        }
    )
    measure = {"kind": "mean", "minimum": -9, "maximum": 9, "n_column": "answers"}
    entries = [
        client.entry("units", "team", "unit"),
        client.entry("units", "year", "wave"),
        client.entry("units", "mood", "measure", construct="mood", **measure),
        client.entry("units", "praise", "measure", construct="praise", **measure),
        client.entry("units", "plan", "flag"),
    ]
    client.variables = {f"units.{e['column']}": e for e in entries}
    client.tables = {"units": frame}
    client.settings["tables"] = {"units": "units.csv"}
    study = client.load()
    chosen: dict[str, Any] = {"programme": "", "anticipation": 0, **ENGAGED, **DRAWS, "rules": RULES}
    result = programme_effect(study, ex_measure="mood", cx_measure="praise", min_unit_n=5, **chosen)
    assert result.finding.verdict is Verdict.NOT_TESTABLE
    assert isinstance(result.finding.reason, Note)
    assert result.finding.reason.message.startswith(
        "{side}: fewer than {needed:integer} units had not started"
    )
    assert result.events.empty
    assert result.starts.empty


def test_sheets_without_a_unit_are_no_units(base: Study) -> None:
    sheets = base.table("employees")
    groups = dependence_groups(sheets.assign(unit=sheets["unit"].where(np.arange(len(sheets)) % 2 == 0)))
    assert groups.labels.nunique() > 100
    rows = pd.DataFrame({"n_units": [groups.labels.nunique(), 10]})
    assert units_counted(rows, groups)["n_units"].tolist() == [12, 10]
    assert "fewer than" in few_units_caveat(groups)[0].message


def test_customers_do_not_decide_whether_colleagues_can_be_followed(base: Study) -> None:
    customers = base.table("customers")
    few = customers[(customers["wave"] == base.waves[0]) & (customers["unit"] == customers["unit"].iloc[0])]
    ready = whether_testable(
        replace(base, tables=base.tables | {"customers": few}), "peers-carry-peers", ex_measure="enps"
    )
    assert (ready.n_units, ready.n_waves) == (12, 4)
