"""Which comes first, on planted panels, on the demo's generator, on public data, and where it cannot be asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import solve_discrete_lyapunov

from exresearch.disclosure import DisclosureRules
from exresearch.findings import EstimateRecord, Finding, Note, Verdict, shared_source
from exresearch.findings.analyses import Direction, which_comes_first
from exresearch.findings.analyses.direction import order as direction
from exresearch.findings.analyses.direction.caveats import lag_caveat
from exresearch.findings.analyses.direction.models import component_rows, no_answer
from exresearch.findings.analyses.direction.nuance import nuance
from exresearch.models import NotEstimable, change_on_change, cross_lagged_panel, loop_gain
from exresearch.models.regression import linear_regression
from exresearch.study import Codebook, Study, Variable, load_study
from exresearch.study.demo import DemoSettings, generate_demo
from exresearch.study.demo.company import simulate_company

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
NHS = DATA / "nhs_ex_cx_linked" / "staff_x_inpatient_2021_2022.csv"
UNIVBCT = DATA / "r_multilevel" / "univbct.csv"
RULES = DisclosureRules()
# The same sums in another order.
ROUNDING = 1e-9
# Maximum likelihood stops when nothing changes any more to about this much.
LIKELIHOOD = 1e-5
WORLDS = {
    "ex_first": [[0.3, 0.0], [0.45, 0.3]],
    "cx_first": [[0.3, 0.45], [0.0, 0.3]],
    "both": [[0.3, 0.4], [0.4, 0.3]],
    "neither": [[0.3, 0.0], [0.0, 0.3]],
}


def planted(lag: list[list[float]], *, n_units: int = 150, n_waves: int = 4, seed: int = 11) -> pd.DataFrame:
    """Units that differ for good, by a correlation of 0.6, and follow a first-order course around their level."""
    rng = np.random.default_rng(seed)
    levels = rng.multivariate_normal([0, 0], [[1.0, 0.6], [0.6, 1.0]], n_units)
    matrix = np.array(lag)
    now = rng.multivariate_normal([0, 0], solve_discrete_lyapunov(matrix, np.eye(2)), n_units)
    rows = []
    for wave in range(n_waves):
        values = 50 + 5 * (levels + now)
        rows.append(
            pd.DataFrame({"team": [f"Team {i:03d}" for i in range(n_units)], "year": 2020 + wave,
                          "mood": values[:, 0], "service": values[:, 1], "asked": 20, "served": 30})
        )  # fmt: skip
        now = now @ matrix.T + rng.normal(size=(n_units, 2))
    return pd.concat(rows, ignore_index=True)


def study_of(client: Any, units: pd.DataFrame, *, counted: bool = True) -> Study:
    """A study that is nothing but a table of units."""
    measure = {"kind": "mean", "minimum": 0, "maximum": 100}
    mood, service = ({"n_column": name} if counted else {} for name in ("asked", "served"))
    entries = [
        client.entry("units", "team", "unit"),
        client.entry("units", "year", "wave"),
        client.entry("units", "mood", "measure", construct="mood", **measure, **mood),
        client.entry("units", "service", "measure", construct="service", **measure, **service),
    ]
    client.tables = {"units": units}
    client.variables = {f"units.{entry['column']}": entry for entry in entries}
    client.settings["tables"] = {"units": "units.csv"}
    return client.load()


def ask(study: Study, **changes: Any) -> Direction:
    """Notebook 04."""
    settings: dict[str, Any] = {
        "ex_measure": "mood", "cx_measure": "service", "engaged_definition": "highly_or_moderately",
        "engaged_threshold": 5.0, "set_apart": "", "waves_overlap": False, "min_unit_n": 5, "conf_level": 0.95,
        "n_boot": 200, "seed": 1, "rules": RULES,
    }  # fmt: skip
    return which_comes_first(study, **(settings | changes))


def places(note: Note) -> dict[str, Any]:
    return dict(note.model_dump()["values"])


def by_term(finding: Finding) -> dict[str, EstimateRecord]:
    return {record.term: record for record in (*finding.components, *finding.robustness)}


@pytest.mark.parametrize(
    ("world", "verdicts"),
    [
        ("ex_first", ("supported", "inconclusive")),
        ("cx_first", ("contradicted", "inconclusive")),
        ("both", ("inconclusive", "supported")),
        ("neither", ("inconclusive", "inconclusive")),
    ],
)
def test_a_planted_order_is_found(
    client: Any, monkeypatch: pytest.MonkeyPatch, world: str, verdicts: tuple[str, str]
) -> None:
    # The checks beside the verdict cost more than the verdict, and have a test of their own.
    monkeypatch.setattr(
        direction, "other_models", lambda *_, **__: ({part: [] for part in direction.COMPONENTS}, 0)
    )
    result = ask(study_of(client, planted(WORLDS[world], seed=15)))
    assert {finding.direction_verdict for finding in result.findings.values()} == {world}
    assert result.verdict == world
    first, both = (result.findings[name] for name in ("ex-precedes-cx", "two-way"))
    if world == "cx_first":
        # Of the two parts of the claim one is contradicted and none supported.
        assert Verdict.SUPPORTED not in {part.verdict for part in first.components}
    assert (first.verdict.value, both.verdict.value) == verdicts
    assert (result.findings["vicious-circle"].verdict is Verdict.SUPPORTED) == (world == "both")
    matrix = np.array(WORLDS[world])
    spread = np.sqrt(np.diag(solve_discrete_lyapunov(matrix, np.eye(2))))
    truth = {
        "ex_to_cx": matrix[1, 0] * spread[0] / spread[1],
        "cx_to_ex": matrix[0, 1] * spread[1] / spread[0],
        "loop": matrix[1, 0] * matrix[0, 1],
    }
    truth["ex_minus_cx"] = truth["ex_to_cx"] - truth["cx_to_ex"]
    rows = result.effects.set_index("term")
    for term, value in truth.items():
        # 99 % limits: four effects in four worlds are sixteen chances of bad luck.
        assert abs(rows.loc[term, "estimate"] - value) <= 2.58 * rows.loc[term, "std_error"], term
    between = result.links.record("between")
    assert between is not None
    assert between.conf_low > 0


def test_the_numbers_are_those_of_the_declared_model(client: Any) -> None:
    frame = planted(WORLDS["ex_first"])
    result = ask(study_of(client, frame))
    fit = cross_lagged_panel(frame, unit="team", wave="year", ex="mood", cx="service", errors="widened")
    table = fit.table[fit.table["scale"] == "standardised"].set_index("term")
    found = by_term(result.findings["two-way"])
    for term in ("ex_to_cx", "cx_to_ex"):
        for name in ("estimate", "conf_low", "conf_high", "p_value", "std_error"):
            assert getattr(found[term], name) == pytest.approx(table.loc[term, name], abs=LIKELIHOOD)
        assert (found[term].n, found[term].n_units) == (150 * 4 * 20, 150)
    circle = result.findings["vicious-circle"]
    gain = loop_gain(fit).iloc[0]
    assert circle.estimate == pytest.approx(gain["estimate"], abs=LIKELIHOOD)
    assert circle.conf_high == pytest.approx(gain["conf_high"], abs=LIKELIHOOD)
    assert circle.unit_of_measurement == "returned_share"
    # The order of the rows changes no verdict, and units are their own scale.
    other = frame.sample(frac=1, random_state=3).assign(service=frame["service"] / 10)
    again = ask(study_of(client, other))
    assert again.findings["ex-precedes-cx"].estimate == pytest.approx(
        result.findings["ex-precedes-cx"].estimate, abs=LIKELIHOOD
    )
    assert again.verdict == result.verdict
    terms = {record.term for record in result.findings["two-way"].robustness}
    models = ("free_lags", "robust", "dynamic", "fixed_effects", "clpm")
    assert {f"{side}_{model}" for side in ("ex_to_cx", "cx_to_ex") for model in models} <= terms
    assert {"between", "within"} <= terms
    assert not any("complete" in term or "known_errors" in term for term in terms)
    # Mixing what units are with what they do makes an effect of what is none.
    assert found["cx_to_ex"].conf_low < 0 < found["cx_to_ex_clpm"].conf_low


@pytest.mark.parametrize(
    ("n_waves", "overlap", "message"),
    [(2, False, "The same units were measured in"), (4, True, "Successive waves share part")],
)
def test_the_design_can_leave_it_undetermined(client: Any, n_waves: int, overlap: bool, message: str) -> None:
    frame = planted(WORLDS["ex_first"], n_waves=n_waves)
    result = ask(study_of(client, frame), waves_overlap=overlap)
    for finding in result.findings.values():
        assert finding.verdict is Verdict.NOT_TESTABLE
        assert finding.direction_verdict == "undetermined_by_design"
        assert finding.reason.message.startswith(message)
        # More units would not help.
        assert finding.detectable_effect is None
    assert result.paths.empty
    assert result.effects.empty
    assert result.lags.empty
    between, within = result.links.record("between"), result.links.record("within")
    assert between is not None
    assert within is not None
    assert between.conf_low > 0
    if n_waves == 2:
        changes = change_on_change(
            frame, ex="mood", cx="service", unit="team", wave="year", n_boot=200, seed=1
        )
        assert within.estimate == pytest.approx(changes["estimate"].iloc[0], abs=ROUNDING)
        assert places(within.label) == {"first": "2020", "last": "2021"}
        assert {record.term for record in result.links.records} == {
            "between",
            "within",
            "between_2020",
            "between_2021",
        }


def test_few_units_are_not_a_matter_of_design(client: Any) -> None:
    result = ask(study_of(client, planted(WORLDS["ex_first"], n_units=29)))
    finding = result.findings["two-way"]
    assert finding.verdict is Verdict.NOT_TESTABLE
    assert finding.direction_verdict is None
    assert places(finding.reason) == {"n_units": 29, "needed": 30}
    assert finding.detectable_effect is not None
    assert result.links.record("between") is not None


def test_a_model_without_an_answer_is_not_testable(client: Any) -> None:
    frame = planted(WORLDS["neither"], n_units=40)
    # Nothing changes but for one wave: no variance within units in the others.
    first = frame[frame["year"] == 2020].set_index("team")
    frame["mood"] = frame["team"].map(first["mood"])
    result = ask(study_of(client, frame))
    finding = result.findings["ex-precedes-cx"]
    assert (finding.verdict, finding.direction_verdict) == (Verdict.NOT_TESTABLE, None)
    assert "direction" not in finding.reason.message
    assert no_answer(NotEstimable("a wave has a value that")).message == (
        "In one of the waves all units have the same value."
    )
    assert no_answer(NotEstimable("something else")).message.startswith(
        "The model that follows units over time"
    )


def test_units_that_miss_waves_count_with_what_they_have(client: Any) -> None:
    frame = planted(WORLDS["ex_first"])
    gone = frame["team"].isin([f"Team {i:03d}" for i in range(30)]) & (frame["year"] == 2022)
    result = ask(study_of(client, frame[~gone]))
    finding = result.findings["two-way"]
    found = by_term(finding)
    assert "full-information" in found["ex_to_cx"].method.message
    assert (found["ex_to_cx"].n_units, found["ex_to_cx_complete"].n_units) == (150, 120)
    caveat = next(note for note in finding.caveats if "n_missing" in places(note))
    assert places(caveat) == {"n_missing": 30, "n_units": 150}
    complete = frame[~frame["team"].isin(frame.loc[gone, "team"])]
    fit = cross_lagged_panel(complete, unit="team", wave="year", ex="mood", cx="service")
    assert found["ex_to_cx_complete"].estimate == pytest.approx(fit.effects["ex_to_cx"], abs=LIKELIHOOD)


def test_units_with_too_few_answers_in_every_wave_are_counted_as_left_out(client: Any) -> None:
    frame = planted(WORLDS["ex_first"], n_units=60)
    once = frame["team"].isin(["Team 000", "Team 001"]) & (frame["year"] > 2020)
    few = frame["team"].isin(["Team 002", "Team 003", "Team 004"])
    frame.loc[few, "asked"] = 3
    result = ask(study_of(client, frame[~once]))
    finding = result.findings["two-way"]
    assert finding.n_units == 57
    assert finding.n_excluded == 3


def test_the_band_within_units_is_clustered_by_unit(client: Any) -> None:
    # What units do lasts, so that their waves are no independent answers.
    frame = planted([[0.9, 0.0], [0.0, 0.9]], n_units=60)
    result = ask(study_of(client, frame))
    line = result.links.lines[result.links.lines["part"] == "within"]
    rows = result.links.deviations
    fit = linear_regression(
        rows, outcome="cx", predictors=["ex"], cluster="unit", intercept=False, conf_level=0.95
    ).table.set_index("term")
    last = line.iloc[-1]
    assert last["conf_high"] == pytest.approx(fit.loc["ex", "conf_high"] * last["x"], abs=ROUNDING)
    assert last["conf_low"] == pytest.approx(fit.loc["ex", "conf_low"] * last["x"], abs=ROUNDING)


def test_two_opposite_movements_are_no_circle() -> None:
    frame = planted([[0.3, -0.4], [-0.4, 0.3]])
    fit = cross_lagged_panel(frame, unit="team", wave="year", ex="mood", cx="service")
    row = component_rows(fit).set_index("term").loc["loop"]
    gain = loop_gain(fit).iloc[0]
    assert gain["conf_low"] > 0
    assert (row["estimate"], row["conf_low"], row["conf_high"]) == (
        -gain["estimate"], -gain["conf_high"], -gain["conf_low"],
    )  # fmt: skip


def test_one_movement_against_the_other_counts_as_it_is() -> None:
    frame = planted([[0.3, 0.4], [-0.4, 0.3]])
    fit = cross_lagged_panel(frame, unit="team", wave="year", ex="mood", cx="service")
    row = component_rows(fit).set_index("term").loc["loop"]
    gain = loop_gain(fit).iloc[0]
    assert gain["conf_high"] < 0
    assert (
        row[["estimate", "conf_low", "conf_high"]].tolist()
        == gain[["estimate", "conf_low", "conf_high"]].tolist()
    )


def effect(low: float, high: float) -> EstimateRecord:
    text: Any = {"message": "It"}
    return EstimateRecord(
        term="effect", label=text, unit_of_measurement="standardised", estimate=(low + high) / 2, conf_low=low,
        conf_high=high, conf_level=0.95, p_value=0.001 if low > 0 or high < 0 else 0.4, n=100, method=text,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("forth", "back", "lead", "verdict", "start"),
    [
        (
            (-0.1, 0.1),
            (-0.1, 0.1),
            (-0.1, 0.1),
            "neither",
            "In neither direction is an effect seen, and in neither",
        ),
        ((-0.1, 0.02), (-0.1, 0.1), (-0.1, 0.1), "neither", "In neither direction is an effect seen; in one"),
        (
            (-0.1, 0.02),
            (-0.1, 0.03),
            (-0.1, 0.1),
            "neither",
            "In neither direction is an effect seen, and in both",
        ),
        (
            (-0.3, -0.1),
            (-0.1, 0.1),
            (-0.1, 0.1),
            "neither",
            "At least one of the two effects lies below zero",
        ),
        ((0.1, 0.4), (0.1, 0.2), (0.05, 0.3), "both", "Of the two effects, that of employees"),
        ((0.1, 0.2), (0.1, 0.4), (-0.3, -0.05), "both", "Of the two effects, that of customers"),
        (
            (0.1, 0.2),
            (0.1, 0.2),
            (0.001, 0.02),
            "both",
            "Which of the two effects is the larger one stays open",
        ),
    ],
)
def test_what_the_word_of_the_verdict_leaves_out(
    forth: tuple[float, float], back: tuple[float, float], lead: tuple[float, float], verdict: Any, start: str
) -> None:
    parts = {"ex_to_cx": effect(*forth), "cx_to_ex": effect(*back), "ex_minus_cx": effect(*lead)}
    (note,) = nuance(parts, verdict)
    assert note.message.startswith(start)
    assert nuance({name: effect(-0.1, 0.2) for name in parts}, None) == []


@pytest.mark.parametrize(
    ("waves", "start", "distance"),
    [
        (["2023Q4", "2024Q1", "2024Q2"], "The waves are {distance} apart.", "one quarter"),
        (["2024-H1", "2024-H2", "2025-H1"], "The waves are {distance} apart.", "half a year"),
        (["2020", "2021", "2022"], "The waves are {distance} apart.", "one year"),
        (["2024-01", "2024-02", "2024-03"], "The waves are {distance} apart.", "one month"),
        (["2020", "2021", "2023"], "The waves are not equally far apart", None),
        (["nulmeting", "eenmeting"], "The names of the waves do not say", None),
    ],
)
def test_the_time_between_waves_is_said(waves: list[str], start: str, distance: str | None) -> None:
    note = lag_caveat(waves)
    assert note.message.startswith(start)
    if distance is not None:
        chosen: Any = places(note)["distance"]
        assert chosen["en"] == distance


def latent(seed: int, world: DemoSettings) -> pd.DataFrame:
    """The demo's units as they really are."""
    company = simulate_company(np.random.default_rng(seed), world)
    n, steps = company.ex.shape
    return pd.DataFrame(
        {"unit": np.repeat(np.arange(n), steps - 1), "wave": np.tile(np.arange(1, steps), n),
         "ex": company.ex[:, 1:].ravel(), "cx": company.cx[:, 1:].ravel()}
    )  # fmt: skip


@pytest.mark.parametrize(("scale", "forth", "back"), [(1.0, 0.20, 0.10), (0.0, 0.0, 0.0)])
def test_the_effects_planted_in_the_demo_are_recovered(scale: float, forth: float, back: float) -> None:
    world = DemoSettings(n_units=600, programme_share=0.0, effect_scale=scale)
    fit = cross_lagged_panel(latent(5, world), unit="unit", wave="wave", ex="ex", cx="cx")
    rows = component_rows(fit).set_index("term")
    for term, truth in (("ex_to_cx", forth), ("cx_to_ex", back)):
        assert rows.loc[term, "conf_low"] <= truth <= rows.loc[term, "conf_high"]
    assert (rows.loc["ex_to_cx", "conf_low"] > 0) == (scale > 0)


def demo_of(folder: Path, world: DemoSettings, *, seed: int, without: tuple[str, ...] = ()) -> Study:
    """A demo company of its own size, as a study of its own: the demo's study file would bring its own tables back."""
    tables = generate_demo(folder / "tables", seed=seed, settings=world)
    book = (ROOT / "data" / "demo" / "codebook.yaml").read_text(encoding="utf-8")
    (folder / "codebook.yaml").write_text(book, encoding="utf-8")
    lines = ["client: c", "title: {nl: C, en: C}", "codebook: codebook.yaml", "tables:"]
    lines += [f"  {name}: {path}" for name, path in tables.items() if name not in without]
    (folder / "study.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load_study(folder / "study.yaml")


def test_sampling_errors_taken_out_bring_the_planted_effects_back(tmp_path: Path) -> None:
    world = DemoSettings(
        n_units=140, n_waves=4, mean_headcount=40, programme_share=0.0, ex_to_cx=0.4, cx_to_ex=0.0
    )
    study = demo_of(tmp_path, world, seed=2)
    result = ask(study, ex_measure="engagement", cx_measure="cx")
    found = by_term(result.findings["two-way"])
    raw, corrected = found["ex_to_cx"], found["ex_to_cx_known_errors"]
    assert corrected.conf_low <= 0.4 <= corrected.conf_high
    assert corrected.estimate > raw.estimate
    assert corrected.conf_high - corrected.conf_low > raw.conf_high - raw.conf_low
    assert found["cx_to_ex_known_errors"].conf_low <= 0.0 <= found["cx_to_ex_known_errors"].conf_high
    noise = [places(note) for note in result.findings["two-way"].caveats if "noise" in places(note)]
    assert len(noise) == 2
    assert all(0.05 < float(str(values["noise"])) < 0.9 for values in noise)
    circle = by_term(result.findings["vicious-circle"])
    assert {"loop_complaints", "ex_to_cx_complaints", "cx_to_ex_complaints", "asymmetry_ex_to_cx"} <= set(
        circle
    )


def test_complaints_take_the_place_of_customers_who_were_not_asked(tmp_path: Path) -> None:
    world = DemoSettings(n_units=60, n_waves=3, mean_headcount=30)
    study = demo_of(tmp_path, world, seed=3, without=("customers", "partners", "moments"))
    result = ask(study, ex_measure="engagement", cx_measure="cx")
    assert result.findings["vicious-circle"].tested
    assert result.labels["cx"]["en"] == "Complaints per head (reversed)"
    for name in ("ex-precedes-cx", "two-way"):
        assert result.findings[name].verdict is Verdict.NOT_TESTABLE
        assert result.findings[name].reason.message == "These data are missing: {missing}."
        assert result.findings[name].direction_verdict is None


def test_a_study_without_units_has_nothing_to_link(client: Any) -> None:
    client.settings["tables"] = {"employees": "employees.csv"}
    client.tables = {"employees": client.tables["employees"]}
    client.variables = {
        name: entry for name, entry in client.variables.items() if entry["table"] == "employees"
    }
    result = ask(client.load(), ex_measure="engagement", cx_measure="cx")
    assert {finding.verdict for finding in result.findings.values()} == {Verdict.NOT_TESTABLE}
    assert result.links.records == ()
    assert result.verdict is None


@pytest.mark.skipif(not NHS.exists(), reason="the public data are not here")
def test_hospital_trusts_differ_and_do_not_move_together() -> None:
    study = load_study(
        ROOT / "params" / "public" / "nhs_trusts.yaml", overrides={"tables": {"units": str(NHS)}}
    )
    p = study.settings.parameters
    result = ask(
        study,
        ex_measure=p.ex_measure,
        cx_measure=p.cx_measure,
        set_apart=p.set_apart,
        min_unit_n=p.min_unit_n,
    )
    assert result.verdict == "undetermined_by_design"
    found = {record.term: record for record in result.links.records}
    # The source gives -0.5 to -0.6 with burnout itself, and -0.3 to -0.4 without specialist trusts, by year.
    assert 0.5 <= found["between"].estimate <= 0.61
    assert 0.3 <= found["between_set_apart"].estimate <= 0.45
    assert 0.5 <= found["between_2022"].estimate < found["between_2021"].estimate <= 0.61
    assert abs(found["within"].estimate) < 0.05
    assert found["within"].conf_low < -0.1
    assert found["within"].conf_high > 0.1


@pytest.mark.skipif(not UNIVBCT.exists(), reason="the public data are not here")
def test_real_people_over_three_waves() -> None:
    study = load_study(
        ROOT / "params" / "public" / "univbct.yaml", overrides={"tables": {"units": str(UNIVBCT)}}
    )
    p = study.settings.parameters
    result = ask(study, ex_measure=p.ex_measure, cx_measure=p.cx_measure)
    assert result.verdict == "ex_first"
    assert result.n_waves == 3
    found = by_term(result.findings["two-way"])
    assert found["ex_to_cx"].n_units == 491
    assert found["ex_to_cx_clpm"].conf_low > 0
    assert found["ex_to_cx"].estimate == pytest.approx(0.270, abs=0.001)
    assert found["ex_to_cx_complete"].n_units == 412
    # Nobody knows how many people are behind a unit: here it is one.
    assert result.links.levels[["ex_n", "cx_n"]].isna().all(axis=None)


def test_what_both_sides_are_computed_from_is_said(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        direction, "other_models", lambda *_, **__: ({part: [] for part in direction.COMPONENTS}, 0)
    )
    study = study_of(client, planted(WORLDS["neither"], n_units=40))
    shared = tuple(
        replace(v, derived_from=("asked",)) if v.construct in ("mood", "service") else v
        for v in (*study.codebook.variables, Variable(table="units", column="asked", role="ignore"))
    )
    mixed = replace(study, codebook=Codebook(shared, study.codebook.constructs))
    caveat = shared_source(mixed, "mood", "service")
    assert caveat is not None
    for finding in ask(mixed).findings.values():
        assert finding.caveats.count(caveat) == 1
    assert caveat not in ask(study).findings["two-way"].caveats
