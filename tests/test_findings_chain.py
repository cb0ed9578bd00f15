"""The chain from experience to customers: other implementations, planted truth, rivals, noise, and what is lacking."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
import yaml

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Verdict
from exresearch.findings.analyses import EngagementChain, chain_specifications, engagement_chain
from exresearch.findings.analyses.chain.checks import pooled, split_cells
from exresearch.findings.analyses.chain.people import deviations
from exresearch.findings.analyses.chain.rows import CHAIN, PEOPLE, UNIT, WAVE, ChainRows, chain_rows
from exresearch.findings.note import Note
from exresearch.study import Study, load_study
from tests.conftest import SmallClient

ROOT = Path(__file__).parents[1]
RULES = DisclosureRules()
OPTIONS: dict[str, Any] = {"min_unit_n": 5, "conf_level": 0.95, "n_boot": 200, "seed": 3, "rules": RULES}
ROUNDING = 1e-8


@pytest.fixture(scope="module")
def demo() -> Study:
    return load_study(ROOT / "params" / "demo.yaml")


@pytest.fixture(scope="module")
def found(demo: Study) -> EngagementChain:
    return engagement_chain(demo, **OPTIONS)


@pytest.fixture(scope="module")
def rows(demo: Study) -> ChainRows:
    made = chain_rows(demo, min_unit_n=5)
    assert isinstance(made, ChainRows)
    return made


def written(
    client: SmallClient,
    *,
    links: tuple[float, float, float] = (0.7, 0.7, 0.7),
    units: int = 60,
    waves: int = 2,
    customers: bool = True,
    seed: int = 1,
) -> Study:
    """Write a study of units whose own levels make the chain, each link with something of its own."""
    rng = np.random.default_rng(seed)
    place = [(f"Unit {u:02d}", f"20{20 + w}") for u in range(units) for w in range(waves)]
    x = rng.normal(size=len(place))
    m = links[0] * x + rng.normal(size=len(place))
    n = links[1] * m + rng.normal(size=len(place))
    y = links[2] * n + rng.normal(size=len(place))
    size = 8
    whose = np.repeat(np.arange(len(place)), size)

    def answers(level: np.ndarray, low: int, high: int) -> np.ndarray:
        scaled = (low + high) / 2 + (high - low) / 7 * (level[whose] + 0.5 * rng.normal(size=len(whose)))
        return np.clip(np.rint(scaled), low, high).astype(int)

    client.tables["employees"] = pd.DataFrame(
        {
            "id": [f"p{i:05d}" for i in range(len(whose))],
            "team": [place[i][0] for i in whose],
            "year": [place[i][1] for i in whose],
            "feel": answers(x, 1, 7),
            **{f"eng_{i}": answers(m, 1, 7) for i in (1, 2, 3)},
            "enps": answers(n, 0, 10),
            "extra": answers(n, 1, 7),
        }
    )
    client.tables["customers"] = pd.DataFrame(
        {
            "team": [place[i][0] for i in whose],
            "year": [place[i][1] for i in whose],
            "cx": answers(y, 0, 10),
        }
    )
    entry = SmallClient.entry
    for name in ("employees.needs", "employees.customer", "units.staff", "units.kind"):
        client.variables.pop(name)
    client.variables["employees.feel"] = entry(
        "employees", "feel", "item", construct="experience", minimum=1, maximum=7
    )
    client.variables["employees.extra"] = entry(
        "employees", "extra", "outcome", construct="effort", minimum=1, maximum=7
    )
    if not customers:
        client.tables["units"] = pd.DataFrame(
            {"team": [p[0] for p in place], "year": [p[1] for p in place], "rating": np.round(5 + y, 2)}
        )
        client.variables["units.rating"] = entry("units", "rating", "measure", construct="cx", kind="mean")
        drop = [name for name in client.variables if name.startswith("customers.")]
        for name in drop:
            client.variables.pop(name)
        client.tables.pop("customers")
        client.settings["tables"].pop("customers")
    else:
        client.tables.pop("units")
        client.settings["tables"].pop("units")
        for name in ("units.team", "units.year"):
            client.variables.pop(name)
    return client.load()


def terms(result: EngagementChain) -> list[str]:
    return [record.term for record in result.finding.robustness]


def test_the_deciding_paths_are_those_of_another_implementation(
    rows: ChainRows, found: EngagementChain
) -> None:
    cells = rows.cells.rename(columns={WAVE: "wave"})
    z = cells.assign(**{name: (cells[name] - cells[name].mean()) / cells[name].std() for name in CHAIN})
    a = smf.ols("engagement ~ experience + C(wave)", z).fit().params["experience"]
    d = smf.ols("ambassadors ~ engagement + experience + C(wave)", z).fit().params["engagement"]
    b = smf.ols("cx ~ ambassadors + engagement + experience + C(wave)", z).fit().params["ambassadors"]
    paths = found.paths.set_index(["source", "target"])["estimate"]
    assert paths["experience", "engagement"] == pytest.approx(a, abs=ROUNDING)
    assert paths["engagement", "ambassadors"] == pytest.approx(d, abs=ROUNDING)
    assert paths["ambassadors", "cx"] == pytest.approx(b, abs=ROUNDING)
    finding = found.finding
    assert finding.estimate == pytest.approx(a * d * b, abs=ROUNDING)
    assert (finding.n, finding.n_units, finding.n_excluded) == (int(cells["n"].sum()), 120, 0)


def test_units_by_wave_are_weighted_means_of_their_sheets(demo: Study, rows: ChainRows) -> None:
    cell = rows.cells.iloc[17]
    mine = rows.sheets[(rows.sheets[UNIT] == cell[UNIT]) & (rows.sheets[WAVE] == cell[WAVE])]
    assert len(mine) == cell["n"]
    for name in PEOPLE:
        assert cell[name] == pytest.approx(np.average(mine[name], weights=mine["(weight)"]), abs=ROUNDING)
    customers = demo.table("customers")
    own = customers[(customers["unit"] == cell[UNIT]) & (customers["wave"] == cell[WAVE])]
    score = own[["cx_1", "cx_2", "cx_3"]].mean(axis=1)
    assert cell["cx"] == pytest.approx(np.average(score, weights=own["weight"]), abs=0.02)
    assert len(rows.answered) == len(rows.sheets) + rows.n_sheets_out


def test_the_demo_is_as_far_from_its_truth_as_chance_allows(found: EngagementChain) -> None:
    truth = yaml.safe_load((ROOT / "data" / "demo" / "truth.yaml").read_text())["implied"]
    implied = {
        name: part["value"] for name, part in truth["engagement-chain"].items() if name != "definition"
    }
    finding = found.finding
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.conf_low is not None
    assert finding.conf_high is not None
    assert finding.conf_low < implied["serial_indirect_effect"] < finding.conf_high
    paths = found.paths.set_index(["source", "target"])
    for ends, name in (
        (("experience", "engagement"), "experience_on_engagement"),
        (("engagement", "ambassadors"), "engagement_on_ambassadors"),
        (("ambassadors", "cx"), "ambassadors_on_cx"),
    ):
        row = paths.loc[ends]
        # Three standard errors: of three paths one misses two of them once in seven times.
        assert abs(row["estimate"] - implied[name]) < 3.0 * row["std_error"], name


def test_the_demo_answers_every_rival(found: EngagementChain) -> None:
    assert terms(found) == [
        "chain_bca", "chain_units", "chain_within", "chain_later", "chain_kinds", "chain_halves", "chain_order",
        "chain_enps", "chain_effort", "chain_weighted", "chain_linked",
    ]  # fmt: skip
    assert {record.unit_of_measurement for record in found.finding.robustness} == {"standardised"}
    assert len(found.unmeasured) == 3
    assert found.hidden["link"].tolist() == ["engagement", "customers"]
    assert found.proportion is not None
    messages = [caveat.message for caveat in found.finding.caveats]
    assert messages[0].startswith("The order of the links is assumed")


def test_roads_add_up_and_two_orders_share_their_whole(found: EngagementChain) -> None:
    effects = found.effects.set_index("term")["estimate"]
    roads = [term for term in effects.index if ">" in term]
    assert effects[roads].sum() == pytest.approx(effects["total_indirect"], abs=ROUNDING)
    assert effects["direct"] + effects["total_indirect"] == pytest.approx(effects["total"], abs=ROUNDING)


def test_halves_are_of_other_people_and_keep_a_person_on_one_side(rows: ChainRows) -> None:
    frames = split_cells(rows, seed=1, n_splits=2)
    assert len(frames) == 2
    assert not frames[0]["engagement"].equals(frames[1]["engagement"])
    for frame in frames:
        together = rows.cells.merge(frame, on=[UNIT, WAVE], suffixes=("", "_half"))
        # Both halves together are everybody.
        assert (together["n_half"] == together["n"]).all()
        within = together["engagement"] - together.groupby(UNIT)["engagement"].transform("mean")
        half = together["engagement_half"] - together.groupby(UNIT)["engagement_half"].transform("mean")
        assert 0.3 < np.corrcoef(within, half)[0, 1] < 0.95


def test_deviations_are_from_colleagues_of_the_same_wave(rows: ChainRows, found: EngagementChain) -> None:
    people = deviations(rows.answered, names=PEOPLE)
    z = people[list(PEOPLE)] / people[list(PEOPLE)].std()
    fit = smf.wls("ambassadors ~ engagement + experience", data=z, weights=people["(weight)"]).fit()
    link = found.colleagues.set_index("source").loc["engagement"]
    assert (link["estimate"], link["n"]) == (
        pytest.approx(fit.params["engagement"], abs=ROUNDING),
        len(people),
    )
    near = deviations(rows.answered, names=["experience", "engagement"])
    one = near[(near[UNIT] == near[UNIT].iloc[0]) & (near[WAVE] == near[WAVE].iloc[0])]
    assert np.average(one["experience"], weights=one["(weight)"]) == pytest.approx(0.0, abs=ROUNDING)
    assert len(near) > len(rows.sheets)


def test_pooled_units_are_means_of_their_answers(rows: ChainRows) -> None:
    units = pooled(rows.cells)
    mine = rows.cells[rows.cells[UNIT] == units[UNIT].iloc[3]]
    assert units["experience"].iloc[3] == pytest.approx(np.average(mine["experience"], weights=mine["n"]))
    assert units["n"].sum() == rows.cells["n"].sum()


def test_a_planted_chain_is_found_and_survives_its_rivals(client: SmallClient) -> None:
    study = written(client, links=(0.9, 0.9, 0.9))
    result = engagement_chain(study, **OPTIONS)
    assert result.finding.verdict is Verdict.SUPPORTED
    assert result.finding.conf_low is not None
    assert result.finding.conf_low > 0.1
    by = {record.term: record for record in result.finding.robustness}
    for term in ("chain_within", "chain_halves", "chain_bca", "chain_enps", "chain_effort"):
        assert by[term].conf_low > 0.0, term
    # The other order is not what was planted.
    assert by["chain_order"].estimate < 0.3 * result.finding.estimate  # type: ignore[operator]
    assert result.proportion is not None
    assert result.proportion.estimate == pytest.approx(1.0, abs=0.35)
    rho = result.hidden.set_index("link")["rho_zero"]
    assert (rho > 0.3).all()


def test_without_its_last_link_there_is_no_chain(client: SmallClient) -> None:
    result = engagement_chain(written(client, links=(0.7, 0.7, 0.0), seed=4), **OPTIONS)
    assert result.finding.verdict in (Verdict.INCONCLUSIVE, Verdict.EQUIVALENT)
    assert result.proportion is not None
    assert result.proportion.reason == "total_includes_zero"


def test_a_measure_of_units_takes_the_place_of_customers(client: SmallClient) -> None:
    result = engagement_chain(written(client, customers=False), **OPTIONS)
    assert result.finding.verdict is Verdict.SUPPORTED
    assert result.finding.n_units == 60


def test_one_wave_has_no_checks_over_time(client: SmallClient) -> None:
    study = written(client, waves=1)
    result = engagement_chain(study, **OPTIONS)
    assert result.finding.tested
    assert not {"chain_units", "chain_within", "chain_later", "chain_kinds"} & set(terms(result))
    curve = chain_specifications(study, result, min_unit_n=5, conf_level=0.95, seed=3)
    assert [decision.name for decision in curve.deciding.decisions] == ["made_of", "weights"]
    row = curve.deciding.deciding
    assert row is not None
    assert row["estimate"] == pytest.approx(result.finding.estimate)


def test_exactly_enough_people_are_enough_and_units_left_out_are_counted(
    demo: Study, rows: ChainRows, client: SmallClient
) -> None:
    least = int(rows.cells["people"].median())
    fewer = chain_rows(demo, min_unit_n=least)
    assert isinstance(fewer, ChainRows)
    assert fewer.cells["people"].min() == least
    assert fewer.n_units_out == demo.table("employees")["unit"].nunique() - fewer.cells[UNIT].nunique() > 0
    study = written(client, waves=1)
    sheets = study.table("employees")
    alone = sheets["unit"].isin(sorted(sheets["unit"].unique())[:3]) & (
        sheets.groupby("unit").cumcount() >= OPTIONS["min_unit_n"] - 1
    )
    study = replace(study, tables=study.tables | {"employees": sheets[~alone]})
    assert engagement_chain(study, **OPTIONS).finding.n_excluded == 3


def test_what_cannot_be_tested_says_why(client: SmallClient) -> None:
    study = written(client, units=20)
    result = engagement_chain(study, **OPTIONS)
    assert result.finding.verdict is Verdict.NOT_TESTABLE
    assert result.finding.reason == Note(
        message="{n_units:integer} units can be linked; at least {needed:integer} are needed.",
        values={"n_units": 20, "needed": 30},
    )
    curve = chain_specifications(study, result, min_unit_n=5, conf_level=0.95, seed=3)
    assert curve.curves == ()
    assert curve.deciding.note == result.finding.reason


def test_a_constant_link_is_a_reason_and_no_traceback(client: SmallClient) -> None:
    study = written(client)
    flat = study.table("employees").assign(effort=4.0)
    column = next(v.column for v in study.codebook.variables if v.construct == "effort")
    flat[column] = 4.0
    result = engagement_chain(replace(study, tables=study.tables | {"employees": flat}), **OPTIONS)
    assert result.finding.verdict is Verdict.NOT_TESTABLE
    assert result.finding.reason == Note(
        message="One of the links of the chain hardly differs between units, so nothing can vary with it."
    )
