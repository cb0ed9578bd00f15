"""Human work and standardisation, ambassadors and colleagues: recomputed, on planted truth, on noise, without data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Verdict
from exresearch.findings.analyses import (
    PeersCarryPeers,
    PeopleNotProcess,
    peers_carry_peers,
    people_not_process,
)
from exresearch.findings.analyses.peers.sheets import AFTER, peer_sheets
from exresearch.findings.analyses.people.checks import _halves
from exresearch.findings.analyses.people.units import PeopleUnits, people_units
from exresearch.models import colleague_means
from exresearch.study import Study, load_study
from exresearch.study.demo import DemoSettings, generate_demo

PARAMS = Path(__file__).parents[1] / "params"
RULES = DisclosureRules()
ROUNDING = 1e-8
PROCESS: dict[str, Any] = {"min_unit_n": 5, "conf_level": 0.95, "n_boot": 99, "seed": 1, "rules": RULES}
PEERS: dict[str, Any] = {"enps_variant": "us", "min_unit_n": 5, "conf_level": 0.95, "rules": RULES}
CHECKS = (
    "contact",
    "contact_half",
    "kinds",
    "curved",
    "engagement",
    "halves",
    "units_once",
    "within",
    "calibrated",
)


def loaded(folder: Path, *, seed: int, effect_scale: float = 1.0) -> Study:
    settings = DemoSettings(n_units=60, n_waves=4, mean_headcount=16, effect_scale=effect_scale)
    files = generate_demo(folder / "tables", seed=seed, settings=settings)
    tables = {name: str(file) for name, file in files.items()}
    return load_study(PARAMS / "demo.yaml", overrides={"tables": tables, "synthetic": None})


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return loaded(tmp_path_factory.mktemp("demo"), seed=11)


@pytest.fixture(scope="module")
def process(demo: Study) -> PeopleNotProcess:
    return people_not_process(demo, **PROCESS)


@pytest.fixture(scope="module")
def peers(demo: Study) -> PeersCarryPeers:
    return peers_carry_peers(demo, **PEERS)


def without(study: Study, table: str, *columns: str) -> Study:
    kept = tuple(v for v in study.codebook.variables if v.table != table or v.column not in columns)
    tables = study.tables | {table: study.table(table).drop(columns=list(columns))}
    return replace(study, tables=tables, codebook=replace(study.codebook, variables=kept))


def changed(study: Study, table: str, **columns: Any) -> Study:
    return replace(study, tables=study.tables | {table: study.table(table).assign(**columns)})


def weighted(values: pd.Series, weights: pd.Series, by: Any) -> pd.Series:
    has = values.notna()
    keys = [key[has] for key in by] if isinstance(by, list) else by[has]
    return (values * weights)[has].groupby(keys).sum() / weights[has].groupby(keys).sum()


def test_both_components_are_those_of_another_implementation(demo: Study, process: PeopleNotProcess) -> None:
    sheets, customers = demo.table("employees"), demo.table("customers")
    units = pd.DataFrame(
        {
            name: weighted(sheets[name].astype(float), sheets["weight"], sheets["unit"])
            for name in ("autonomy", "standardisation", "skill")
        }
    )
    items = customers[["cx_1", "cx_2", "cx_3"]].astype(float)
    answers = items.mean(axis=1).where(items.notna().sum(axis=1) >= 2)
    cx = weighted(answers, customers["weight"], [customers["unit"], customers["wave"]]).rename("cx")
    rows = cx.reset_index().join(units, on="unit")
    z = rows[["cx", *units.columns]].apply(lambda v: (v - v.mean()) / v.std(ddof=0))
    x = z[["autonomy", "standardisation", "skill"]].assign(product=z["standardisation"] * z["skill"])
    x = sm.add_constant(x.join(pd.get_dummies(rows["wave"], dtype=float).iloc[:, 1:]))
    fit = sm.OLS(z["cx"], x).fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(rows["unit"])[0]})
    for part, term in zip(process.finding.components, ("autonomy", "product"), strict=True):
        assert part.estimate == pytest.approx(fit.params[term], abs=ROUNDING)
        # CR2 against CR1 with sixty units.
        assert part.std_error == pytest.approx(fit.bse[term], rel=0.12)
        assert part.n_units == 60
    slopes = process.slopes.set_index("level")["estimate"]
    for level, at in (("low", -1), ("mean", 0), ("high", 1)):
        assert slopes[level] == pytest.approx(fit.params["skill"] + at * fit.params["product"], abs=ROUNDING)
    assert process.finding.n == int(
        sheets[["autonomy", "standardisation", "skill"]].notna().any(axis=1).sum()
    )
    assert process.finding.n_excluded == 0


def test_exactly_enough_people_are_enough_and_units_left_out_are_counted(demo: Study) -> None:
    sheets = demo.table("employees")
    answered = sheets.dropna(subset=["autonomy", "standardisation", "skill"])
    least = int(answered.groupby("unit")["person"].nunique().median())
    units = people_units(demo, min_unit_n=least)
    assert isinstance(units, PeopleUnits)
    people = {
        name: sheets[sheets[name].notna()].groupby("unit")["person"].nunique()
        for name in ("autonomy", "standardisation", "skill")
    }
    enough = pd.DataFrame(people).min(axis=1)
    assert set(units.frame["unit"]) <= set(enough.index[enough >= least])
    assert (enough[units.frame["unit"].unique()] == least).any()
    assert units.n_excluded == 60 - units.n_units > 0
    # From the same people twice the same answers could not be told apart; other people's can.
    twice = units.scores.assign(autonomy=units.scores["human_skill"])
    assert len(_halves(demo, replace(units, scores=twice), conf_level=0.95, seed=1)) == 2


def test_every_rival_has_a_check(process: PeopleNotProcess) -> None:
    terms = [record.term for record in process.finding.robustness]
    expected = [f"{name}_{part}" for name in CHECKS for part in ("autonomy", "interaction")]
    assert set(terms) == {*expected, "other_product_interaction"}
    assert len(terms) == len(set(terms))
    by = {record.term: record for record in process.finding.robustness}
    parts = {part.term: part for part in process.finding.components}
    for name in ("contact", "curved", "halves", "units_once"):
        assert by[f"{name}_autonomy"].estimate == pytest.approx(parts["autonomy"].estimate, abs=0.12)
    # Sampling error draws to zero, and a product twice.
    assert abs(by["calibrated_interaction"].estimate) > abs(by["units_once_interaction"].estimate)
    assert process.known["reliability"].between(0.5, 1).all()


def test_lines_have_the_slopes_and_stay_among_the_units(process: PeopleNotProcess) -> None:
    slopes = process.slopes.set_index("level")["estimate"]
    steps = {}
    for level in ("low", "mean", "high"):
        part = process.lines[process.lines["level"] == level]
        steps[level] = np.diff(part["estimate"]) / np.diff(part["x"])
        np.testing.assert_allclose(steps[level], steps[level][0], rtol=1e-6)
        assert (part["conf_low"] < part["estimate"]).all()
    assert steps["low"][0] / steps["high"][0] == pytest.approx(slopes["low"] / slopes["high"], rel=1e-6)


def test_the_effect_of_colleagues_is_that_of_another_implementation(
    demo: Study, peers: PeersCarryPeers
) -> None:
    sheets = demo.table("employees")
    rows = sheets[["person", "unit", "wave", "weight"]].assign(y=sheets["enps"].astype(float))
    rows = rows.assign(fan=(rows["y"] >= 9).astype(float).where(rows["y"].notna()))
    at = rows["wave"].map({wave: place for place, wave in enumerate(demo.waves)})
    known = rows.assign(at=at).dropna(subset=["fan"])
    known["w"], known["wf"] = known["weight"], known["weight"] * known["fan"]
    cell = known.groupby(["unit", "at"])[["w", "wf"]].sum().assign(k=known.groupby(["unit", "at"]).size())
    before = rows.assign(at=at - 1).join(cell, on=["unit", "at"])
    own = before.merge(
        known[["person", "unit", "at", "w", "wf"]],
        on=["person", "unit", "at"],
        how="left",
        suffixes=("", "_own"),
    )
    own.index = before.index
    count = own["k"] - own["w_own"].notna()
    share = (own["wf"] - own["wf_own"].fillna(0)) / (own["w"] - own["w_own"].fillna(0))
    rows = rows.assign(share=share.where(count >= 5)).dropna(subset=["y", "share"])
    rows = rows[rows.groupby("person")["person"].transform("size") > 1]
    names = ["y", "share", *demo.waves[2:]]
    rows = rows.join(pd.get_dummies(rows["wave"], dtype=float)[list(demo.waves[2:])])
    sums = rows[names].mul(rows["weight"], axis=0).groupby(rows["person"]).transform("sum")
    own_mean = sums.div(rows["weight"].groupby(rows["person"]).transform("sum"), axis=0)
    d = rows[names] - own_mean
    rest = {
        n: sm.WLS(d[n], d[list(demo.waves[2:])], weights=rows["weight"]).fit().resid for n in ("y", "share")
    }
    slope = np.sum(rows["weight"] * rest["share"] * rest["y"]) / np.sum(rows["weight"] * rest["share"] ** 2)
    spread = {n: np.sqrt(np.average(rest[n] ** 2, weights=rows["weight"])) for n in rest}
    plain = next(record for record in peers.finding.robustness if record.term == "peers_plain")
    assert plain.estimate == pytest.approx(slope * spread["share"] / spread["y"], abs=1e-7)
    assert plain.n == len(rows)


def test_colleagues_engagement_is_held_equal_where_it_is_asked(demo: Study, peers: PeersCarryPeers) -> None:
    sheets = demo.table("employees")
    items = sheets[["eng_1", "eng_2", "eng_3"]].astype(float)
    rows = sheets[["person", "unit", "wave", "weight"]].assign(
        y=sheets["enps"].astype(float), mood=items.mean(axis=1).where(items.notna().sum(axis=1) >= 2)
    )
    rows = rows.assign(fan=(rows["y"] >= 9).astype(float).where(rows["y"].notna()))
    names: dict[str, Any] = {"person": "person", "unit": "unit", "wave": "wave", "waves": demo.waves}
    for name, column, lag in (("share", "fan", 1), ("now", "mood", 0), ("before", "mood", 1)):
        rows[name] = colleague_means(rows, columns=[column], weights="weight", lag=lag, **names)[column]
    cuts = {"enps_promoters_from": 9, "enps_detractors_to": 6}
    later = peer_sheets(demo, enps_variant="us", min_unit_n=5, **cuts)
    wanted = colleague_means(rows, columns=["fan"], weights="weight", lag=-1, **names)["fan"]
    np.testing.assert_allclose(later.frame[AFTER], wanted)  # type: ignore[union-attr]
    rows = rows.dropna(subset=["y", "share", "now", "before"])
    rows = rows[rows.groupby("person")["person"].transform("size") > 1]
    design = pd.get_dummies(rows[["person", "wave"]], dtype=float).iloc[:, :-1]
    fit = sm.WLS(rows["y"], rows[["share", "now", "before"]].join(design), weights=rows["weight"]).fit()
    assert peers.line == pytest.approx(fit.params["share"], abs=1e-7)
    assert peers.finding.n == len(rows)
    assert peers.finding.n_excluded == len(sheets) - len(rows)
    assert peers.bins["n"].sum() == len(rows)
    bare = peers_carry_peers(without(demo, "employees", "eng_1", "eng_2", "eng_3"), **PEERS).finding
    assert bare.estimate == pytest.approx(
        next(record.estimate for record in peers.finding.robustness if record.term == "peers_plain"),
        abs=ROUNDING,
    )
    assert bare.caveats[0].message.startswith("Engagement was not asked")


def test_rivals_of_colleagues_are_answered(peers: PeersCarryPeers) -> None:
    by = {record.term: record for record in peers.finding.robustness}
    names = (
        *(
            "later",
            "beside_later",
            "same_wave",
            "plain",
            "customers",
            "kind_waves",
            "everybody",
            "both_waves",
        ),
        *("every_wave", "own_course", "means"),
    )
    assert {f"peers_{name}" for name in names} < set(by)
    # Likeness of people in one unit is no contagion.
    assert by["peers_everybody"].estimate > peers.finding.estimate
    voluntary, assigned, difference = (
        by[f"ambassadors_{n}"] for n in ("voluntary", "assigned", "difference")
    )
    assert difference.estimate == pytest.approx(voluntary.estimate - assigned.estimate, abs=ROUNDING)
    assert [record.term for record in peers.timing] == ["peer_effect", "peers_same_wave", "peers_later"]


def test_nothing_is_claimed_where_nothing_is_planted(tmp_path: Path) -> None:
    study = loaded(tmp_path, seed=14, effect_scale=0.0)
    process = people_not_process(study, **PROCESS).finding
    assert process.verdict in (Verdict.INCONCLUSIVE, Verdict.EQUIVALENT)
    found = peers_carry_peers(study, **PEERS).finding
    assert found.verdict is not Verdict.SUPPORTED


def test_what_is_not_measured_is_not_tested(demo: Study) -> None:
    for column in ("autonomy", "standardisation", "skill"):
        result = people_not_process(without(demo, "employees", column), **PROCESS)
        assert result.finding.verdict is Verdict.NOT_TESTABLE
        assert result.lines.empty
    result = peers_carry_peers(without(demo, "employees", "enps"), **PEERS)
    assert result.finding.verdict is Verdict.NOT_TESTABLE
    assert result.bins.empty
    few = demo.table("employees")
    two = replace(demo, tables=demo.tables | {"employees": few[few["wave"].isin(demo.waves[:2])]})
    assert peers_carry_peers(two, **PEERS).finding.verdict is Verdict.NOT_TESTABLE


def test_constant_answers_are_not_tested(demo: Study) -> None:
    finding = people_not_process(changed(demo, "employees", skill=4.0), **PROCESS).finding
    assert finding.reason.message == "Units hardly differ in how people work, or in what customers say."
    finding = peers_carry_peers(changed(demo, "employees", enps=7.0), **PEERS).finding
    assert finding.verdict is Verdict.NOT_TESTABLE


def test_without_contact_kinds_or_roles_a_caveat_says_so(demo: Study) -> None:
    bare = without(demo, "units", "contact_intensity", "unit_type", "business_unit", "location", "headcount")
    bare = without(bare, "employees", "ambassador")
    finding = people_not_process(bare, **PROCESS).finding
    said = [note.message for note in finding.caveats]
    assert (
        "How intense customer contact is, was not measured by unit: that it explains the links stays possible."
        in said
    )
    assert (
        "The data do not say what kind of work units do: that it explains the links stays possible." in said
    )
    assert not any(record.term.startswith(("contact", "kinds")) for record in finding.robustness)
    found = peers_carry_peers(bare, **PEERS)
    assert found.ambassadors == ()
    assert (
        "The study does not tell ambassadors of their own accord from appointed ones: that part stays untested."
        in [note.message for note in found.finding.caveats]
    )


def test_who_moves_is_followed_anew(demo: Study) -> None:
    sheets = demo.table("employees")
    units = sorted(sheets["unit"].unique())
    chosen = sheets["person"].isin(sorted(sheets["person"].dropna().unique())[:12]) & (
        sheets["wave"] == demo.waves[-1]
    )
    moved = changed(demo, "employees", unit=sheets["unit"].where(~chosen, units[-1]))
    finding = peers_carry_peers(moved, **PEERS).finding
    note = next(note for note in finding.caveats if "more than one unit" in note.message)
    assert 0 < note.model_dump()["values"]["n"] <= 12


def test_the_order_of_rows_changes_nothing(demo: Study, peers: PeersCarryPeers) -> None:
    shuffled = demo.table("employees").sample(frac=1, random_state=2).reset_index(drop=True)
    again = peers_carry_peers(replace(demo, tables=demo.tables | {"employees": shuffled}), **PEERS).finding
    assert again.estimate == pytest.approx(peers.finding.estimate, abs=1e-10)
    assert again.conf_low == pytest.approx(peers.finding.conf_low, abs=1e-10)
