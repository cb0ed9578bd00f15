"""The effect of programmes: against Welch's test and plain loops, on planted truth, on noise and on awkward designs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Finding, Verdict
from exresearch.findings.analyses import programme_effect
from exresearch.findings.analyses.programmes.effects import start_groups
from exresearch.findings.analyses.programmes.panel import assigned_by, read_programme
from exresearch.findings.analyses.programmes.specifications import no_programme
from exresearch.measures import link_side
from exresearch.study import Study, load_study
from exresearch.study.demo import DemoSettings, generate_demo, planted
from exresearch.study.demo.company import simulate_company

PARAMS = Path(__file__).parents[1] / "params"
# Another order of summation.
EXACT = 1e-9
SEED = 3
# Half of the units start a programme.
WORLD = DemoSettings(n_units=90, n_waves=6, mean_headcount=14, programme_share=0.5)
WAVES = ("2021", "2022", "2023", "2024", "2025")


def effect(study: Study, **change: Any) -> Any:
    """Notebook 10 with the settings of the demo."""
    settings: dict[str, Any] = {
        "programme": "", "anticipation": 0, "ex_measure": "engagement", "cx_measure": "cx",
        "engaged_definition": "highly_or_moderately", "engaged_threshold": 5.0, "min_unit_n": 5, "conf_level": 0.95,
        "n_boot": 200, "seed": 1, "rules": DisclosureRules(),
    }  # fmt: skip
    return programme_effect(study, **(settings | change))


def demo_study(folder: Path, *, seed: int, **change: Any) -> Study:
    """The small demo company, changed."""
    files = generate_demo(folder, seed=seed, settings=replace(WORLD, **change))
    tables = {name: str(file) for name, file in files.items()}
    return load_study(PARAMS / "demo.yaml", overrides={"tables": tables, "synthetic": None})


@pytest.fixture(scope="module", autouse=True)
def without_specifications() -> Iterator[None]:
    """Leave out the curves of all choices, a quarter of the time: test_findings_specifications has them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "exresearch.findings.analyses.programmes.effect.programme_specifications",
            lambda finding, *_: no_programme(finding),
        )
        yield


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return demo_study(tmp_path_factory.mktemp("with") / "tables", seed=SEED)


@pytest.fixture(scope="module")
def found(demo: Study) -> Any:
    return effect(demo)


def units_table(rng: np.random.Generator, *, units: int = 60, waves: tuple[str, ...] = WAVES) -> pd.DataFrame:
    """Units with a level of their own that start in the third or fourth wave, or (two thirds) never."""
    unit, place = np.repeat(np.arange(units), len(waves)), np.tile(np.arange(len(waves)), units)
    start = np.array([2, 3, 99, 99, 99, 99])[np.arange(units) % 6]
    on = place >= start[unit]
    level = rng.normal(size=(2, units))
    noise = rng.normal(0, 0.4, size=(2, len(unit)))
    later = place >= start[unit] + 1
    return pd.DataFrame(
        {
            "team": [f"u{u:03d}" for u in unit],
            "year": np.array(waves)[place],
            "mood": level[0][unit] + 0.2 * place + noise[0] + 0.8 * on,
            "praise": level[1][unit] + noise[1] + 0.7 * later,
            "answers": 10 + unit % 7,
            "plan": on.astype(int),
            "region": [f"r{u // 3:02d}" for u in unit],
        }
    )


def of_units(client: Any, frame: pd.DataFrame, *more: dict[str, Any]) -> Study:
    """A study of nothing but a table of units."""
    entry = client.entry
    entries = [
        entry("units", "team", "unit"),
        entry("units", "year", "wave"),
        entry("units", "mood", "measure", construct="mood", kind="mean", n_column="answers"),
        entry("units", "praise", "measure", construct="cx", kind="mean", n_column="answers"),
        entry("units", "answers", "count"),
        entry("units", "plan", "flag"),
        entry("units", "region", "category"),
        *more,
    ]
    client.variables = {f"units.{e['column']}": e for e in entries}
    client.tables = {"units": frame}
    client.settings["tables"] = {"units": "units.csv"}
    return client.load()


def reason(finding: Finding) -> tuple[str, dict[str, Any]]:
    """Message and values of why something could not be tested."""
    assert finding.verdict is Verdict.NOT_TESTABLE
    return finding.reason.message, dict(finding.reason.model_dump()["values"])


def caveats(finding: Finding) -> str:
    """All caveats in one text."""
    return " ".join(note.message for note in finding.caveats)


def test_planted_effects_lie_within_their_intervals(demo: Study, found: Any) -> None:
    parts = {part.term: part for part in found.finding.components}
    company = simulate_company(np.random.default_rng(np.random.SeedSequence(SEED).spawn(8)[0]), WORLD)
    flag = demo.table("units").pivot(index="unit", columns="wave", values="programme")
    assert (flag.to_numpy() == company.programme_active()[:, 1:]).all()
    for name, construct, table, latent, planted_effect in (
        ("ex", "engagement", "employees", company.ex, planted.PROGRAMME_EX * planted.EX_WITHIN_SD),
        ("cx", "cx", "customers", company.cx, planted.PROGRAMME_CX * planted.CX_WITHIN_SD),
    ):
        frame = link_side(demo, construct, table=table)[0].frame
        wide = frame.pivot(index="unit", columns="wave", values="value").reindex(columns=list(demo.waves))
        measured = wide.to_numpy(dtype=float)
        there = ~np.isnan(measured)
        # From the latent scale to the measure by the line through all units and waves; then to their deviations.
        slope = np.polyfit(latent[:, 1:][there], measured[there], 1)[0]
        truth = slope * planted_effect / np.nanstd(measured[:, 0], ddof=1)
        assert 0.2 < truth < 0.6
        assert parts[name].conf_low < truth < parts[name].conf_high


def test_everything_beside_the_verdict_of_the_demo(demo: Study, found: Any) -> None:
    finding = found.finding
    assert [part.term for part in finding.components] == ["ex", "cx"]
    assert all(part.unit_of_measurement == "standardised" for part in finding.components)
    # Holm over the two.
    low, high = sorted(part.p_value for part in finding.components)
    adjusted = sorted(part.p_adjusted for part in finding.components)
    assert adjusted == pytest.approx([2 * low, max(2 * low, high)], rel=EXACT)
    assert len({record.term for record in finding.robustness}) == len(finding.robustness)
    assert {
        "ex_never", "ex_anticipation", "ex_per_wave", "ex_same_waves", "ex_covariates", "ex_weighted", "ex_two_way",
        "ex_lag_adjusted", "ex_within_thirds",
    } <= {record.term for record in finding.robustness}  # fmt: skip
    early = effect(demo, anticipation=1).finding
    sooner = next(record for record in finding.robustness if record.term == "ex_anticipation")
    assert sooner.estimate == pytest.approx(early.components[0].estimate, rel=EXACT)
    assert sooner.conf_low == pytest.approx(early.components[0].conf_low, rel=EXACT)
    assert "That none was found does not show that there was none." in caveats(finding)
    assert set(found.checks["kind"]) == {"deciding", "check", "placebo"}
    assert (found.events["n_treated"].dropna() >= 5).all()
    counted = found.events[found.events["counts"]]
    assert counted.groupby("side")["event_time"].min().to_dict() == {"ex": 0, "cx": 1}
    limits = found.events.dropna(subset=["conf_low"])
    assert (limits["band_low"] <= limits["conf_low"]).all()
    assert (limits["band_high"] >= limits["conf_high"]).all()
    assert (found.courses["n_units"] >= 5).all()


def test_no_effect_is_found_where_there_is_none(tmp_path: Path) -> None:
    result = effect(demo_study(tmp_path / "tables", seed=5, effect_scale=0.0))
    assert result.finding.verdict in (Verdict.INCONCLUSIVE, Verdict.EQUIVALENT)
    assert all(part.p_adjusted > 0.05 for part in result.finding.components)
    assert all(abs(part.estimate) < 0.5 for part in result.finding.components)


def test_five_waves_have_starts_and_four_have_none(tmp_path: Path) -> None:
    small = {"n_units": 40}
    result = effect(demo_study(tmp_path / "five", seed=2, n_waves=5, **small))
    assert [part.term for part in result.finding.components] == ["ex", "cx"]
    # Those that start in the last wave say nothing of customers.
    assert "{side}: {count:integer} units start without a wave before it" in caveats(result.finding)
    four = effect(demo_study(tmp_path / "four", seed=2, n_waves=4, **small)).finding
    assert reason(four)[0].startswith("{side}: no unit starts the programme after the first wave")


def test_one_start_is_welchs_test_of_changes(client: Any) -> None:
    frame = units_table(np.random.default_rng(8), waves=WAVES[:3])
    study = of_units(client, frame.assign(region="all"))
    result = effect(study, ex_measure="mood")
    wide = frame.pivot(index="team", columns="year", values="mood")
    treated = frame.groupby("team")["plan"].max() == 1
    change = wide["2023"] - wide["2022"]
    sd = wide["2021"].std(ddof=1)
    welch = ttest_ind(change[treated], change[~treated], equal_var=False)
    limits = welch.confidence_interval(0.95)
    row = result.effects.iloc[0]
    assert result.effects["side"].tolist() == ["ex"]
    assert row["estimate"] * sd == pytest.approx(change[treated].mean() - change[~treated].mean(), abs=EXACT)
    assert [row["conf_low"] * sd, row["conf_high"] * sd] == pytest.approx(
        [limits.low, limits.high], abs=EXACT
    )
    assert row["p_value"] == pytest.approx(welch.pvalue, abs=EXACT)
    assert (row["n_treated"], row["n_compared"], row["baseline_sd"]) == (10, 50, pytest.approx(sd))
    assert row["n"] == frame["answers"].sum()
    # Half a claim is no verdict.
    assert reason(result.finding)[0].startswith("{side}: the programme starts in the last wave")
    assert "decides nothing by itself" in caveats(result.finding)


def test_effects_agree_with_plain_loops(client: Any) -> None:
    frame = units_table(np.random.default_rng(9))
    finding = effect(
        of_units(client, frame.drop(columns="region").assign(region="x")), ex_measure="mood"
    ).finding
    start = frame[frame["plan"] == 1].groupby("team")["year"].min().reindex(frame["team"].unique())
    for part, column, delay in zip(finding.components, ("mood", "praise"), (0, 1), strict=True):
        wide = frame.pivot(index="team", columns="year", values=column)
        gains = []
        for team, first in start.dropna().items():
            place = WAVES.index(first)
            per_wave = []
            for later in range(place + delay, len(WAVES)):
                change = wide[WAVES[later]] - wide[WAVES[place - 1]]
                waiting = start.isna() | (start > WAVES[later])
                per_wave.append(change[team] - change[waiting.to_numpy()].mean())
            gains.append(np.mean(per_wave))
        assert part.estimate == pytest.approx(np.mean(gains) / wide["2021"].std(ddof=1), abs=EXACT)
        assert part.n_units == 60
    assert finding.verdict is Verdict.SUPPORTED


def test_order_of_rows_and_units_of_measurement_change_nothing(client: Any) -> None:
    frame = units_table(np.random.default_rng(9))
    first = effect(of_units(client, frame), ex_measure="mood").finding
    turned = frame.assign(mood=3 + 10 * frame["mood"]).sample(frac=1, random_state=4)
    second = effect(of_units(client, turned), ex_measure="mood").finding
    for one, other in zip(first.components, second.components, strict=True):
        assert (one.estimate, one.conf_low, one.conf_high) == pytest.approx(
            (other.estimate, other.conf_low, other.conf_high), abs=EXACT
        )


def test_the_flag_is_chosen_or_asked_for(client: Any) -> None:
    frame = units_table(np.random.default_rng(9)).assign(other=0)
    study = of_units(client, frame, client.entry("units", "other", "flag"))
    message, values = reason(effect(study, ex_measure="mood").finding)
    assert "name it with the setting" in message
    assert values == {"flags": "plan, other"}
    assert effect(study, ex_measure="mood", programme="plan").finding.tested
    message, values = reason(effect(study, ex_measure="mood", programme="plans").finding)
    assert "which is no flag of the units" in message
    assert values == {"named": "plans", "flags": "plan, other"}


def test_employees_are_shown_where_customers_are_not_measured(client: Any) -> None:
    study = of_units(client, units_table(np.random.default_rng(9)))
    result = effect(study, ex_measure="mood", cx_measure="result")
    assert reason(result.finding)[0] == "These data are missing: {missing}."
    assert result.effects["side"].tolist() == ["ex"]
    assert result.effects["conf_low"].item() > 0
    # A unit without customers counts for its employees.
    frame = units_table(np.random.default_rng(9))
    gone = frame.assign(praise=frame["praise"].where(frame["team"] > "u005"))
    both = effect(of_units(client, gone), ex_measure="mood").effects.set_index("side")
    assert both["n_units"].to_dict() == {"ex": 60, "cx": 54}


def test_few_units_and_few_starters(client: Any) -> None:
    frame = units_table(np.random.default_rng(9))
    few = effect(of_units(client, frame[frame["team"] < "u018"]), ex_measure="mood")
    assert (
        reason(few.finding)[0]
        == "{n_units:integer} units can be linked; at least {needed:integer} are needed."
    )
    assert few.effects.empty
    kept = frame["plan"].where(frame["team"] < "u012", 0)
    hidden = effect(of_units(client, frame.assign(plan=kept)), ex_measure="mood")
    message, values = reason(hidden.finding)
    assert message.startswith("{side}: fewer than {needed:integer} units start")
    assert values["needed"] == 5
    assert hidden.effects.empty
    kept = frame["plan"].where(frame["team"] < "u020", 0)
    some = effect(of_units(client, frame.assign(plan=kept)), ex_measure="mood")
    assert some.effects["few_treated"].all()
    assert some.effects["n_treated"].tolist() == [8, 8]
    assert some.effects["randomisation_p_value"].between(0.001, 1).all()
    assert "which is few for an interval" in caveats(some.finding)
    # One group of starters: nothing is set apart, and the starts are drawn together.
    assert some.starts.empty
    assert set(some.courses["starts"]) == {"", "2023, 2024"}


def test_programmes_that_end_were_always_there_or_are_unknown(client: Any) -> None:
    frame = units_table(np.random.default_rng(9))
    plan = frame["plan"].astype("Int64")
    late = frame["year"] == "2025"
    ended = late & frame["team"].isin(["u000", "u006"])
    plan = plan.mask(ended, 0)
    plan = plan.mask(frame["team"] == "u002", 1)
    # A gap just before the first flag hides the start; a gap long before it does not.
    plan = plan.mask((frame["team"] == "u012") & (frame["year"] == "2022"), pd.NA)
    plan = plan.mask((frame["team"] == "u018") & (frame["year"] == "2021"), pd.NA)
    study = of_units(client, frame.assign(plan=plan))
    programme = read_programme(study, "")
    assert (programme.n_unknown, programme.n_ended) == (1, 2)
    result = effect(study, ex_measure="mood")
    said = caveats(result.finding)
    assert "the programme ended again" in said
    assert "had the programme from the first wave on" in said
    assert "it is not known when their programme started" in said
    assert result.effects["n_units"].tolist() == [58, 58]
    assert result.finding.n_excluded == 2
    assert {"ex_absorbing", "cx_absorbing"} <= {record.term for record in result.finding.robustness}


def test_everybody_at_once_has_nobody_to_compare_with(client: Any) -> None:
    frame = units_table(np.random.default_rng(9))
    together = frame.assign(plan=(frame["year"] >= "2023").astype(int))
    message, _ = reason(effect(of_units(client, together), ex_measure="mood").finding)
    assert message.startswith("{side}: all units start the programme in the same wave")


def test_groups_that_start_together_are_the_units_of_the_inference(client: Any) -> None:
    frame = units_table(np.random.default_rng(9))
    own = frame["team"].str[1:].astype(int)
    start = np.array([2, 3, 99, 99, 99, 99])[(own // 3) % 6]
    place = frame["year"].map({wave: number for number, wave in enumerate(WAVES)})
    by_region = frame.assign(plan=(place >= start).astype(int))
    result = effect(of_units(client, by_region), ex_measure="mood")
    assert "so the intervals count groups" in caveats(result.finding)
    plain = effect(of_units(client, by_region.assign(region="x")), ex_measure="mood")
    assert result.finding.estimate == pytest.approx(plain.finding.estimate, abs=EXACT)
    assert result.finding.std_error != pytest.approx(plain.finding.std_error, rel=0.01)
    few = by_region.assign(region=np.char.add("r", start.astype(str)))
    panel = few.rename(columns={"team": "unit"}).assign(start=np.where(start < 99, start.astype(str), None))
    assert assigned_by(panel, ["region"]) == ("region", False)
    assert "the intervals are too narrow" in caveats(effect(of_units(client, few), ex_measure="mood").finding)


def test_units_chosen_because_they_were_low(client: Any) -> None:
    rng = np.random.default_rng(12)
    frame = units_table(rng, units=120)
    noise = rng.normal(size=len(frame))
    frame = frame.assign(mood=frame["mood"] - 0.8 * frame["plan"] + noise)
    before = frame[frame["year"] == "2022"].set_index("team")["mood"]
    low = before.index[before < before.quantile(0.3)]
    frame["plan"] = (frame["team"].isin(low) & (frame["year"] >= "2023")).astype(int)
    result = effect(of_units(client, frame), ex_measure="mood")
    assert "and low units rise by themselves" in caveats(result.finding)
    rows = result.balance[result.balance["side"] == "ex"].set_index("term")
    assert rows.loc["before", "conf_high"] < 0
    # The plain difference takes the recovery for an effect; there is none.
    assert rows.loc["difference_in_differences", "conf_low"] > 0
    assert rows.loc["lag_adjusted", "conf_low"] < 0 < rows.loc["lag_adjusted", "conf_high"]


def test_other_courses_before_the_start_are_said(client: Any) -> None:
    frame = units_table(np.random.default_rng(9))
    rising = frame.groupby("team")["plan"].transform("max") * frame["year"].astype(int)
    result = effect(of_units(client, frame.assign(mood=frame["mood"] + rising)), ex_measure="mood")
    assert "units with the programme were on another course already" in caveats(result.finding)
    early = result.checks[(result.checks["kind"] == "placebo") & (result.checks["side"] == "ex")]
    assert (early["conf_low"] > 0).all()


def test_small_starts_join_the_next_and_the_rest_the_last() -> None:
    starts = ["2"] * 3 + ["3"] * 4 + ["4"] * 5 + ["5"] * 2 + [None] * 3 + ["1"] * 9
    panel = pd.DataFrame({"unit": range(len(starts)), "start": starts})
    groups = start_groups(panel, ["1", "2", "3", "4", "5"], min_units=5)
    assert groups == [["2", "3"], ["4", "5"]]


def test_waves_of_one_side_and_without_flag(client: Any, demo: Study) -> None:
    # A programme that starts between two measurements counts from the second.
    frame = units_table(np.random.default_rng(9))
    skipped = frame.assign(mood=frame["mood"].where(frame["year"] != "2023"))
    result = effect(of_units(client, skipped), ex_measure="mood")
    assert result.events.loc[result.events["side"] == "ex", "event_time"].tolist() == [-2, -1, 0, 1]
    variables = tuple(v for v in demo.codebook.variables if v.role != "flag")
    bare = replace(demo, codebook=replace(demo.codebook, variables=variables))
    assert reason(effect(bare).finding)[0] == "These data are missing: {missing}."
