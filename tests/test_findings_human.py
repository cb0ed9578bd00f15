"""Employees, customers and partners: on planted truth, on noise, without partners, and from a table of units alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Verdict, load_registry
from exresearch.findings.analyses import HumanChoices, HumanExperience, human_experience
from exresearch.findings.analyses.human.influence import influence_of
from exresearch.findings.analyses.human.links import CHECKS, rotated, same_mean, within_units
from exresearch.findings.analyses.human.sides import EDGES
from exresearch.measures import three_sides
from exresearch.models import within_association
from exresearch.report import Page, Texts, human
from exresearch.study import Study, load_study
from exresearch.study.demo import DemoSettings, generate_demo

ROOT = Path(__file__).parents[1]
RULES = DisclosureRules()
TRUTH = yaml.safe_load((ROOT / "data" / "demo" / "truth.yaml").read_text(encoding="utf-8"))
CHOICES = HumanChoices("engagement", "cx", "highly_or_moderately", 5.0, 5)
OPTIONS: dict[str, Any] = {
    "choices": CHOICES, "weights": {"ex": 1.0, "cx": 1.0, "bx": 1.0}, "later_outcome": "result",
    "waves_overlap": False, "conf_level": 0.95, "n_boot": 399, "seed": 5, "rules": RULES,
}  # fmt: skip
ROUNDING = 1e-9


def loaded(folder: Path, *, seed: int, effect_scale: float = 1.0, n_units: int = 120) -> Study:
    settings = DemoSettings(n_units=n_units, n_waves=3, mean_headcount=20, effect_scale=effect_scale)
    files = generate_demo(folder / "tables", seed=seed, settings=settings)
    tables = {name: str(file) for name, file in files.items() if name not in ("people", "moments")}
    return load_study(ROOT / "params" / "demo.yaml", overrides={"tables": tables, "synthetic": None})


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return loaded(tmp_path_factory.mktemp("demo"), seed=4)


@pytest.fixture(scope="module")
def found(study: Study) -> HumanExperience:
    return human_experience(study, **OPTIONS)


def checks(result: HumanExperience) -> dict[str, Any]:
    return {record.term: record for record in result.finding.robustness}


def test_the_deciding_links_are_those_of_plain_numpy(study: Study, found: HumanExperience) -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        from implied import human as plainly
    finally:
        sys.path.pop(0)
    tables = {name: study.table(name) for name in ("employees", "customers", "partners")}
    plain = plainly.values(
        {
            name: frame.astype(dict.fromkeys(frame.select_dtypes("number"), "float64"))
            for name, frame in tables.items()
        }
    )["human-experience"]
    for part in found.finding.components:
        assert part.estimate == pytest.approx(plain[part.term], abs=ROUNDING)


def test_planted_truth_lies_in_the_intervals(found: HumanExperience) -> None:
    finding = found.finding
    assert finding.hypothesis == "human-experience"
    assert [part.term for part in finding.components] == ["ex_cx", "ex_bx", "cx_bx"]
    implied = TRUTH["implied"]["human-experience"]
    # Smaller units and fewer waves than the truth was computed for: somewhat weaker links, within the intervals.
    for part in finding.components:
        assert part.conf_low < implied[part.term]["value"] < part.conf_high
        assert part.n_units == 120
    assert finding.components[1].verdict is Verdict.SUPPORTED
    # Partners go with the others between units and not within them.
    within = {edge: checks(found)[f"within_{edge}"] for edge in EDGES}
    for edge in ("ex_bx", "cx_bx"):
        assert within[edge].conf_low < 0 < within[edge].conf_high
    said = [
        note for note in finding.caveats if note.message.startswith("Between units, but not clearly within")
    ]
    assert "employees and partners" in str(said[0].model_dump()["values"])


def test_every_rival_has_its_check(found: HumanExperience) -> None:
    declared = load_registry()["human-experience"]
    terms = set(checks(found))
    assert terms == {f"{check}_{edge}" for check in CHECKS for edge in EDGES}
    answers = {
        "overall quality of the unit": "within",
        "size of the unit": "size",
        "time of measurement": "apart",
        "weights in a composite score": "",
    }
    assert tuple(answers) == declared.rivals.en
    assert found.together.composite is not None
    assert len(found.together.composite.draws) == 1000
    assert found.together.outcome is not None
    assert len(found.together.unmeasured) == 3
    assert found.influence.is_within
    assert len(found.influence.within) == 9


def test_the_verdict_is_that_of_all_three_together(found: HumanExperience) -> None:
    finding = found.finding
    p = sorted(part.p_value for part in finding.components)  # type: ignore[type-var]
    adjusted = sorted(part.p_adjusted for part in finding.components)  # type: ignore[type-var]
    assert adjusted[0] == pytest.approx(3 * p[0])  # type: ignore[operator]
    every = all(part.verdict is Verdict.SUPPORTED for part in finding.components)
    assert (finding.verdict is Verdict.SUPPORTED) == every


def test_on_noise_nothing_is_supported(tmp_path: Path) -> None:
    noise = human_experience(loaded(tmp_path, seed=9, effect_scale=0.0, n_units=60), **OPTIONS)
    assert noise.finding.verdict is not Verdict.SUPPORTED
    assert all(part.conf_low < 0.05 for part in noise.finding.components)
    single = noise.together.consistency.set_index("term").loc["icc_single"]
    assert single["conf_low"] < 0.05
    assert not noise.together.clear


def test_without_partners_two_sides_remain(study: Study) -> None:
    kept = tuple(v for v in study.codebook.variables if v.table != "partners")
    tables = {name: frame for name, frame in study.tables.items() if name != "partners"}
    without = replace(study, tables=tables, codebook=replace(study.codebook, variables=kept))
    result = human_experience(without, **OPTIONS)
    assert result.finding.verdict is Verdict.NOT_TESTABLE
    assert "table partners" in str(result.finding.reason.model_dump()["values"])
    assert result.finding.detectable_effect is not None
    assert len(result.two_sides) == 1
    assert result.two_sides["conf_low"].iloc[0] > 0
    assert result.links.empty
    assert result.together.composite is None


def of_units(
    client: Any, *, n_units: int = 30, waves: int = 2, known: bool = True, lacking: int = 0
) -> Study:
    """A study with a table of units alone, some of which know nothing of their partners."""
    rng = np.random.default_rng(6)
    level = rng.normal(size=(n_units, 1))
    rows = []
    for wave in range(waves):
        values = level + rng.normal(size=(n_units, 3))
        frame = pd.DataFrame(values, columns=["mood", "service", "supply"]).assign(
            team=[f"u{i:02d}" for i in range(n_units)], year=str(2023 + wave)
        )
        frame["supply"] = frame["supply"].where(frame.index >= lacking)
        rows.append(frame.assign(mood_n=20, service_n=30, supply_n=10))
    client.tables = {"units": pd.concat(rows)}
    client.settings["tables"] = {"units": "units.csv"}
    entries = [client.entry("units", "team", "unit"), client.entry("units", "year", "wave")]
    for name, construct in (("mood", "mood"), ("service", "service"), ("supply", "bx")):
        numbered = {"n_column": f"{name}_n"} if known else {}
        entries.append(client.entry("units", name, "measure", construct=construct, kind="mean", **numbered))
    if known:
        entries += [client.entry("units", f"{name}_n", "count") for name in ("mood", "service", "supply")]
    else:
        client.tables["units"] = client.tables["units"].drop(columns=["mood_n", "service_n", "supply_n"])
    client.variables = {f"{entry['table']}.{entry['column']}": entry for entry in entries}
    return client.load()


@pytest.mark.parametrize("known", [True, False])
def test_a_table_of_units_is_enough(client: Any, known: bool) -> None:
    choices = replace(CHOICES, ex_measure="mood", cx_measure="service")
    result = human_experience(
        of_units(client, n_units=31, known=known, lacking=1),
        **{**OPTIONS, "choices": choices, "later_outcome": ""},
    )
    finding = result.finding
    assert finding.tested
    assert (finding.n, finding.n_excluded) == (30 * 2 * 60 if known else 30, 1)
    # Deviations of a unit in several waves stay together.
    assert {checks(result)[f"within_{edge}"].n_units for edge in EDGES} == {30}
    assert result.together.outcome is None
    # Two waves: no effects within units.
    assert not result.influence.is_within
    assert len(result.influence.mixed) == 9
    terms = set(checks(result))
    assert not any(term.startswith("apart") for term in terms)
    # Nothing is known of heads; with numbers of answers their logarithm, the same everywhere here, says nothing.
    assert not any(term.startswith("size") for term in terms)


def test_too_few_units_and_overlapping_waves_are_said(client: Any) -> None:
    choices = replace(CHOICES, ex_measure="mood", cx_measure="service")
    small = human_experience(of_units(client, n_units=12), **{**OPTIONS, "choices": choices})
    assert small.finding.reason.message.startswith("{n_units:integer} units can be linked")
    assert influence_of(pd.DataFrame({"wave": ["1"]}), waves=["1"], waves_overlap=False, conf_level=0.95).note
    overlap = influence_of(pd.DataFrame(), waves=["1", "2"], waves_overlap=True, conf_level=0.95)
    assert overlap.note is not None
    assert overlap.shown.empty


def test_measures_that_hold_one_another_are_refused(client: Any) -> None:
    of_units(client)
    client.variables["units.supply"]["derived_from"] = ["mood"]
    choices = replace(CHOICES, ex_measure="mood", cx_measure="service")
    result = human_experience(client.load(), **{**OPTIONS, "choices": choices})
    assert result.finding.verdict is Verdict.NOT_TESTABLE
    assert "by construction" in result.finding.reason.message


def test_deviations_and_rotations_are_as_declared(study: Study) -> None:
    sides = three_sides(study, ex_measure="engagement", cx_measure="cx")
    panel = sides.panel
    other = within_association(
        panel, ex="ex", cx="cx", unit="unit", wave="wave", waves=study.waves, n_boot=199, seed=1
    ).deviations
    np.testing.assert_allclose(within_units(panel)[["ex", "cx"]], other[["ex", "cx"]], atol=ROUNDING)
    turned = rotated(panel, study.waves)
    # Three ways for a unit with all waves; each needs one value of each side.
    assert 2 * len(sides.units) < len(turned) <= 3 * len(sides.units)
    centred = panel.assign(bx=panel["bx"] - panel.groupby("wave")["bx"].transform("mean"))
    first = turned.iloc[0]
    last = centred[(centred["unit"] == first["unit"]) & (centred["wave"] == study.waves[2])]
    assert first["bx"] == pytest.approx(last["bx"].iloc[0])
    assert same_mean(panel)["ex"].mean() == pytest.approx(0.0, abs=0.02)
    one = panel[panel["wave"] == study.waves[0]]
    assert same_mean(one).empty
    assert within_units(one).empty
    assert rotated(one, study.waves).empty


@pytest.mark.parametrize(
    ("params", "table", "file", "remains"),
    [
        ("nhs_trusts", "units", "nhs_ex_cx_linked/staff_x_inpatient_2021_2022.csv", True),
        ("wa_public_sector", "employees", "wa_public_sector_2015/full_survey_data.csv", False),
    ],
)
def test_public_studies_have_no_partners(params: str, table: str, file: str, remains: bool) -> None:
    data = ROOT.parent / "shared" / "data" / file
    if not data.is_file():
        pytest.skip("the public data are not here")
    public = load_study(
        ROOT / "params" / "public" / f"{params}.yaml", overrides={"tables": {table: str(data)}}
    )
    chosen = public.settings.parameters
    choices = HumanChoices(
        chosen.ex_measure,
        chosen.cx_measure,
        chosen.engaged_definition,
        chosen.engaged_threshold,
        chosen.min_unit_n,
    )
    result = human_experience(public, **{**OPTIONS, "choices": choices})
    assert result.finding.verdict is Verdict.NOT_TESTABLE
    assert (len(result.two_sides) == 1) == remains


SPOILT: dict[str, Any] = {
    "no units": lambda s: replace(s, tables={n: t for n, t in s.tables.items() if n != "units"}),
    "one wave": lambda s: replace(
        s, waves=s.waves[:1], tables={n: t[t["wave"] == s.waves[0]] for n, t in s.tables.items()}
    ),
    "partners all alike": lambda s: changed(s, "partners", px_1=7.0, px_2=7.0),
    "nobody engaged": lambda s: changed(s, "employees", eng_1=np.nan, eng_2=np.nan, eng_3=np.nan),
    "partners say what customers say": lambda s: replace(s, tables={**s.tables, "partners": copied(s)}),
}


def changed(study: Study, table: str, **columns: Any) -> Study:
    return replace(study, tables={**study.tables, table: study.tables[table].assign(**columns)})


def copied(study: Study) -> pd.DataFrame:
    customers = study.table("customers")
    mean = customers[["cx_1", "cx_2", "cx_3"]].astype("float64").mean(axis=1)
    return customers[["unit", "wave"]].assign(px_1=mean, px_2=mean)


@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_is_missing_gives_a_reason_and_never_an_error(study: Study, spoilt: str) -> None:
    result = human_experience(SPOILT[spoilt](study), **{**OPTIONS, "n_boot": 60})
    page, texts = Page(language="nl", rules=RULES), Texts("nl", strict=True)
    shown = [page.figure(picture) for picture in human.pictures(result, texts=texts).values()]
    shown += [page.table(**table) for table in human.tables(result, texts=texts).values()]
    assert all(one.data for one in shown)
    assert result.finding.tested == (spoilt in ("no units", "one wave", "partners say what customers say"))
    if spoilt == "one wave":
        assert result.influence.note is not None
        assert not any(term.startswith("within") for term in checks(result))
    if spoilt == "no units":
        assert result.together.outcome is None
