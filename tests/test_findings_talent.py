"""Keeping and attracting people: the join by brute force, other implementations, planted truth, and what is lacking."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.hazard_regression import PHReg

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note, Verdict
from exresearch.findings.analyses import TalentMagnet, talent_magnet
from exresearch.findings.analyses.talent.advocacy import classes, recommendation_by_phase
from exresearch.findings.analyses.talent.cells import referred_hires, unit_cells
from exresearch.findings.analyses.talent.exits import _cox, exits
from exresearch.findings.analyses.talent.funnel import first_years, funnel
from exresearch.findings.analyses.talent.referrals import _later
from exresearch.findings.analyses.talent.spells import ANSWER_HOLDS, Spells, is_own_choice, stay_spells
from exresearch.findings.analyses.talent.survival import survival
from exresearch.measures import cut_points
from exresearch.study import Study, load_study
from exresearch.study.demo import DemoSettings, generate_demo
from tests.conftest import SmallClient

PARAMS = Path(__file__).parents[1] / "params"
RULES = DisclosureRules()
ROUNDING = 1e-9
# PHReg takes who enters on the day of an event to be at risk already.
OTHER = 3e-3


def loaded(folder: Path, *, seed: int, **settings: Any) -> Study:
    files = generate_demo(folder / "tables", seed=seed, settings=DemoSettings(**settings))
    tables = {name: str(file) for name, file in files.items()}
    return load_study(PARAMS / "demo.yaml", overrides={"tables": tables, "synthetic": None})


def analysed(study: Study, **change: Any) -> TalentMagnet:
    given: dict[str, Any] = {
        "enps_variant": "us",
        "min_unit_n": 5,
        "conf_level": 0.95,
        "n_boot": 200,
        "seed": 1,
    }
    return talent_magnet(study, rules=RULES, **(given | change))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return loaded(tmp_path_factory.mktemp("demo"), seed=5, n_units=60, n_waves=4)


@pytest.fixture(scope="module")
def found(demo: Study) -> TalentMagnet:
    return analysed(demo)


def without(study: Study, **tables: list[str] | None) -> Study:
    """The study without some tables (None) or columns of them."""
    kept, gone = dict(study.tables), {}
    for name, columns in tables.items():
        if columns is None:
            kept.pop(name)
        else:
            kept[name] = kept[name].drop(columns=columns)
        gone[name] = columns
    variables = tuple(
        v
        for v in study.codebook.variables
        if v.table not in gone or (gone[v.table] is not None and v.column not in (gone[v.table] or []))
    )
    return replace(study, tables=kept, codebook=replace(study.codebook, variables=variables))


def small(client: SmallClient) -> tuple[Study, pd.DataFrame, pd.DataFrame]:
    """Thirty people, four quarters, with everything that can go wrong in a join."""
    rng = np.random.default_rng(3)
    quarters = ["2024Q1", "2024Q2", "2024Q3", "2024Q4"]
    people = pd.DataFrame({"id": [f"p{i:02d}" for i in range(30)]})
    start = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 900, 30), unit="D")
    end = start + pd.to_timedelta(rng.integers(60, 1100, 30), unit="D")
    people["start"], people["end"] = start, np.where(rng.random(30) < 0.6, end, pd.NaT)
    people["end"] = pd.to_datetime(people["end"])
    people["reason"] = np.where(people["end"].notna(), rng.choice(["eigen keuze", "pensioen"], 30), None)
    sheets = people[["id"]].merge(pd.DataFrame({"year": quarters}), how="cross")
    sheets = sheets[rng.random(len(sheets)) < 0.6].reset_index(drop=True)
    n = len(sheets)
    sheets = sheets.assign(
        team=rng.choice(SmallClient.units, n), enps=rng.integers(0, 11, n).astype(float), phase="medewerker"
    )
    for name in ("eng_1", "eng_2", "eng_3", "needs", "customer"):
        sheets[name] = rng.integers(1, 8, n)
    sheets.loc[[4, 9], "phase"] = "vertrekker"
    sheets.loc[[6], "enps"] = np.nan
    sheets.loc[sheets["id"] == "p07", "id"] = "q99"  # not on the staff list
    client.tables["employees"] = sheets
    client.tables["people"] = people
    client.tables["customers"]["year"] = "2024Q1"
    client.tables["units"]["year"] = "2024Q1"
    client.settings["tables"]["people"] = "people.csv"
    entry = SmallClient.entry
    for made in (
        entry("employees", "phase", "category"),
        entry("people", "id", "person"),
        entry("people", "start", "date"),
        entry("people", "end", "date"),
        entry("people", "reason", "category"),
    ):
        client.variables[f"{made['table']}.{made['column']}"] = made
    return client.load(), sheets, people


def test_the_join_is_what_counting_day_by_day_gives(client: SmallClient) -> None:
    study, sheets, people = small(client)
    spells = stay_spells(study, {"score": study.table("employees")["enps"]})
    assert isinstance(spells, Spells)
    answers = sheets[sheets["enps"].notna() & (sheets["phase"] == "medewerker")]
    answers = answers.assign(day=[pd.Period(q, "Q").start_time for q in answers["year"]])
    listed = people.set_index("id")
    latest = listed["end"][listed["end"] <= answers["day"].max() + pd.Timedelta(days=ANSWER_HOLDS)].max()
    closing = (latest + pd.offsets.MonthEnd(0)).normalize()
    days: dict[tuple[str, str], int] = {}
    left: set[tuple[str, str]] = set()
    for person, own in answers.groupby("id"):
        if person not in listed.index:
            continue
        begin, end = listed.loc[person, "start"], listed.loc[person, "end"]
        given = {day.toordinal(): str(wave) for day, wave in zip(own["day"], own["year"], strict=True)}
        last = end.toordinal() if pd.notna(end) else math.inf
        for day in range(begin.toordinal(), closing.toordinal()):
            known = [when for when in given if when <= day]
            if known and day < last and day - max(known) < ANSWER_HOLDS:
                key = (str(person), given[max(known)])
                days[key] = days.get(key, 0) + 1
                if day + 1 == last:
                    left.add(key)
    rows = spells.rows
    keys = list(zip(rows["person"], rows["wave"], strict=True))
    assert {key: round(y * 365.25) for key, y in zip(keys, rows["years"], strict=True)} == days
    assert {key for key, gone in zip(keys, rows["left"], strict=True) if gone} == left
    assert len(left) > 3
    assert spells.counts["leavers"] == len(left)
    assert spells.counts["people"] == len({person for person, _ in days})
    assert spells.counts["notice"] == 2
    assert spells.counts["not_listed"] == 1
    joined = sum(person in listed.index for person in answers["id"])
    assert spells.counts["no_time"] == joined - len(days) > 0
    assert spells.by_period
    # The clock is the length of service.
    begin = rows["person"].map(listed["start"])
    entry = pd.to_datetime([pd.Period(q, "Q").start_time for q in rows["wave"]])
    service = (np.maximum(entry, begin) - begin).dt.days / 365.25
    np.testing.assert_allclose(rows["start"], service, atol=ROUNDING)
    np.testing.assert_allclose(rows["stop"] - rows["start"], rows["years"], atol=ROUNDING)
    own = rows["person"].map(listed["reason"]) == "eigen keuze"
    assert rows["own_choice"].tolist() == (rows["left"] * own).tolist()
    assert rows["first"].sum() == rows["person"].nunique()


def test_the_join_does_not_follow_the_order_of_rows(client: SmallClient) -> None:
    study, _, _ = small(client)
    turned = replace(study, tables={k: v.iloc[::-1].reset_index(drop=True) for k, v in study.tables.items()})
    made = []
    for one in (study, turned):
        spells = stay_spells(one, {"score": one.table("employees")["enps"]})
        assert isinstance(spells, Spells)
        made.append(spells.rows.sort_values(["person", "wave"]).reset_index(drop=True))
    pd.testing.assert_frame_equal(made[0], made[1])


@pytest.mark.parametrize(
    ("reason", "own"),
    [
        ("Eigen keuze", True),
        ("onvrijwillig", False),
        ("vrijwillig", True),
        ("werkgever", False),
        ("quit", True),
    ],
)
def test_a_reason_says_whether_it_was_ones_own_choice(reason: str, own: bool) -> None:
    assert is_own_choice(reason) is own


def test_the_hazard_ratio_is_that_of_another_implementation(demo: Study) -> None:
    employees = demo.table("employees")
    label = Note(message="{outcome}", values={"outcome": "x"})
    found = exits(demo, {"score": employees["enps"]}, label=label, conf_level=0.95, rules=RULES)
    assert found.deciding is not None
    assert found.spells is not None
    rows = found.spells.rows
    alone = next(check for check in found.checks if check.term == "exits_alone")
    other = PHReg(rows["stop"], rows[["score"]], status=rows["left"], entry=rows["start"], ties="efron").fit(
        disp=0
    )
    assert math.log(alone.estimate) == pytest.approx(float(other.params[0]), rel=OTHER)
    x = pd.DataFrame({"score": rows["score"]})
    for column, base in (("level", "medewerker"), ("wave", None)):
        values = rows[column]
        for value in sorted(set(values) - {base or values.value_counts().index[0]}):
            x[value] = (values == value) * 1.0
    other = PHReg(
        rows["stop"], x, status=rows["left"], entry=rows["start"], strata=rows["contract"], ties="efron"
    ).fit(disp=0)
    assert math.log(found.deciding.estimate) == pytest.approx(float(other.params[0]), rel=OTHER)
    assert found.deciding.n == len(rows)
    assert found.deciding.n_units == 60
    assert {check.term: check.n_units for check in found.checks if check.term == "exits_rate"} == {
        "exits_rate": 60
    }


def test_planted_truth_is_recovered(found: TalentMagnet, demo: Study) -> None:
    finding = found.finding
    parts = {part.term: part for part in finding.components}
    assert list(parts) == ["exits", "referrals", "enps_nps"]
    assert [part.rule.estimand for part in finding.components if part.rule] == [
        "hazard_ratio", "referral_rate_ratio", "enps_nps_correlation",
    ]  # fmt: skip
    assert finding.verdict in (Verdict.SUPPORTED, Verdict.INCONCLUSIVE)
    # -0.60 per unit of engagement, of which a point on the item holds about a quarter, thinned by other departures.
    assert 0.80 < parts["exits"].estimate < 0.97
    assert parts["exits"].conf_high < 1
    # 0.35 per unit of the latent, of which a point of the unit mean is a half.
    # Means of some thirty answers are about four fifths reliable.
    assert parts["referrals"].conf_low < math.exp(0.8 * 0.175) < parts["referrals"].conf_high
    assert parts["enps_nps"].conf_low > 0
    assert parts["exits"].p_adjusted is not None
    assert parts["exits"].p_value is not None
    assert parts["exits"].p_adjusted >= parts["exits"].p_value
    checks = {check.term: check for check in finding.robustness}
    assert len(checks) == len(finding.robustness)
    # Departures that are not one's own choice have nothing to do with engagement.
    assert checks["exits_own_choice"].estimate < parts["exits"].estimate
    # Notice is a matter of chance there, so the answers of who has given it change little.
    assert checks["exits_with_notice"].estimate == pytest.approx(parts["exits"].estimate, abs=0.05)
    assert checks["exits_rate"].estimate == pytest.approx(parts["exits"].estimate, abs=0.02)


def test_nothing_is_found_where_nothing_is_planted(tmp_path: Path) -> None:
    study = loaded(tmp_path, seed=8, n_units=40, n_waves=3, effect_scale=0.0)
    finding = analysed(study).finding
    assert finding.verdict in (Verdict.INCONCLUSIVE, Verdict.EQUIVALENT)
    assert all(part.verdict is not Verdict.SUPPORTED for part in finding.components)
    assert finding.components[0].conf_low < 1 < finding.components[0].conf_high


def test_no_row_is_about_one_person_or_names_a_unit(found: TalentMagnet, demo: Study) -> None:
    names = set(demo.table("people")["person"]) | set(demo.table("employees")["unit"])
    for frame in (
        found.survival,
        found.proportional,
        found.referrals,
        found.funnel,
        found.units.drop(columns="unit"),
        found.phases,
    ):
        assert len(frame)
        assert not {"person", "unit"} & set(frame.columns)
        assert not names & {value for column in frame for value in frame[column] if isinstance(value, str)}
    # Units are in the order of their scores, which says nothing of their names.
    assert found.units["ex"].is_monotonic_increasing
    shown = found.survival[found.survival["months"] > 0]
    assert (shown["n_event"] >= RULES.min_respondents).all()
    assert (shown["n_risk"] >= RULES.min_respondents).all()
    assert (shown["months"] % 3 == 0).all()


def test_steps_with_few_leavers_are_merged_and_small_groups_left_out() -> None:
    n = 200
    rows = pd.DataFrame(
        {
            "person": [f"p{i}" for i in range(n)], "first": True, "since_first": 0.0, "left": 0, "years": 1.0,
            "score": [10.0] * 150 + [7.0] * 20 + [2.0] * 30,
        }
    )  # fmt: skip
    # Two leave in each of the first three quarters, and eight in the last.
    for quarter, (first, last) in enumerate(((0, 2), (2, 4), (4, 6), (6, 14)), start=1):
        rows.loc[first : last - 1, ["left", "years"]] = [1, quarter / 4 - 0.05]
    curve = survival(Spells(rows, {}, False), cut_points("us"), conf_level=0.95, rules=RULES)
    assert curve["group"].unique().tolist() == ["promoters"]  # 20 passives are too few, no detractor left
    assert curve["months"].tolist() == [0, 9, 12]
    assert curve["n_event"].tolist() == [0, 6, 8]
    np.testing.assert_allclose(curve["estimate"], [1, 144 / 150, 136 / 150], atol=ROUNDING)
    assert curve["n"].tolist() == [150] * 3


def test_groups_and_rates_are_ratios_of_sums(demo: Study, found: TalentMagnet) -> None:
    units = demo.table("units")
    rows = funnel(demo, conf_level=0.95).set_index("term")
    assert rows.loc["referred", "estimate"] == pytest.approx(
        100 * units["applicants_referred"].sum() / units["headcount"].sum(), rel=ROUNDING
    )
    assert rows.loc["hired", "estimate"] == pytest.approx(
        100 * units["hires"].sum() / units["applicants"].sum(), rel=ROUNDING
    )
    assert (rows["conf_low"] < rows["estimate"]).all()
    assert (rows["conf_high"] > rows["estimate"]).all()
    assert rows.loc[["hired_direct", "hired_of_referred"], "events"].sum() == rows.loc["hired", "events"]


def test_a_first_year_is_counted_for_whom_it_could_be_seen(demo: Study) -> None:
    people = demo.table("people")
    # Four waves are hardly a year: people start seven months earlier.
    people = people.assign(start=people["start"] - pd.Timedelta(days=210))
    earlier = replace(demo, tables=demo.tables | {"people": people})
    rows = funnel(earlier, conf_level=0.95).set_index("term")
    begin, end = people["start"], people["end"]
    after = begin + pd.DateOffset(years=1)
    kept = (begin > end.min()) & (after <= end.max() + pd.offsets.MonthEnd(0))
    whole, parts = rows.loc["first_year"], rows.loc[["first_year_direct", "first_year_referred"]]
    assert (whole["n"], whole["events"]) == (kept.sum(), (kept & ~(end < after)).sum())
    assert whole["n"] > 30
    # Channels add up, and those of whom it is not true are a group as well.
    assert (parts["n"].sum(), parts["events"].sum()) == (whole["n"], whole["events"])
    assert whole["people"] == whole["n"] - whole["events"]
    assert set(parts["people"]) == {int((parts["n"] - parts["events"]).min())}
    assert first_years(replace(demo, tables=demo.tables | {"people": people.drop(columns="end")})).empty


def test_groups_by_recommendation_cover_all(demo: Study, found: TalentMagnet) -> None:
    units = demo.table("units")
    assert found.referrals["mean"].is_monotonic_increasing
    assert found.referrals["n"].sum() == units["headcount"].sum()


def test_a_unit_has_the_enps_of_its_answers(demo: Study, found: TalentMagnet) -> None:
    employees = demo.table("employees").dropna(subset=["enps"])
    score = classes(employees["enps"], cut_points("us"))
    weighted = (score * employees["weight"]).groupby(employees["unit"]).sum()
    expected = weighted / employees["weight"].groupby(employees["unit"]).sum()
    np.testing.assert_allclose(np.sort(found.units["ex"]), np.sort(expected), atol=1e-7)
    correlation = np.corrcoef(found.units["ex"], found.units["cx"])[0, 1]
    assert found.finding.components[2].estimate == pytest.approx(correlation, rel=1e-7)


def test_each_phase_counts_a_person_once(demo: Study) -> None:
    rows = recommendation_by_phase(demo, conf_level=0.95).set_index("phase")
    moments = demo.table("moments")
    for phase in ("candidate", "alumnus"):
        own = moments[(moments["population"] == phase) & moments["recommend"].notna()]
        assert rows.loc[phase, "n"] == own["person"].nunique()
        once = own.drop_duplicates(["person", "wave"])
        assert rows.loc[phase, "estimate"] == pytest.approx(once["recommend"].mean(), rel=ROUNDING)


def test_without_a_staff_list_or_the_item_nothing_is_tested(demo: Study) -> None:
    for study in (without(demo, people=None), without(demo, employees=["enps", "eng_1", "eng_2", "eng_3"])):
        found = analysed(study)
        assert found.finding.verdict is Verdict.NOT_TESTABLE
        assert found.survival.empty
        assert len(found.funnel)
    assert "personeelslijst" in str(analysed(without(demo, people=None)).finding.reason.values)


def test_what_cannot_be_tested_is_said(demo: Study) -> None:
    found = analysed(without(demo, units=["applicants_referred"], customers=None, people=["referred_by"]))
    assert [part.term for part in found.finding.components] == ["exits"]
    said = [note.message for note in found.finding.caveats]
    assert any(message.startswith("Referrals could not be tested") for message in said)
    assert any(message.startswith("eNPS beside NPS could not be tested") for message in said)
    assert found.referrals.empty
    assert found.units.empty


def test_engagement_stands_in_for_recommending(demo: Study) -> None:
    found = analysed(without(demo, employees=["enps"]))
    assert [part.term for part in found.finding.components] == ["exits", "referrals"]
    assert "engagement stands in" in found.finding.caveats[0].message
    assert found.finding.components[0].conf_high < 1
    assert found.survival.empty


def test_too_few_units_and_too_few_leavers(demo: Study) -> None:
    few = demo.table("units")["unit"].unique()[:9]
    tables = {name: frame[frame["unit"].isin(few)] for name, frame in demo.tables.items() if "unit" in frame}
    found = analysed(replace(demo, tables=tables))
    assert [part.term for part in found.finding.components] == ["exits"]
    assert found.finding.components[0].n_units is None
    people = demo.table("people")
    nobody = replace(
        demo, tables=demo.tables | {"people": people.assign(end=pd.Series(pd.NaT, index=people.index))}
    )
    said = [note.message for note in analysed(nobody).finding.caveats]
    assert any("fewer than {needed:integer} people left" in message for message in said)


def test_later_referrals_are_those_of_the_next_wave(demo: Study) -> None:
    cells = unit_cells(demo)
    table = demo.table("units").set_index(["unit", "wave"])["applicants_referred"]
    found = _later(demo, cells.assign(score=1.0), cells, "referrals")
    following = dict(zip(demo.waves, demo.waves[1:], strict=False))
    assert set(found["wave"]) == set(demo.waves[:-1])
    expected = [table[unit, following[wave]] for unit, wave in zip(found["unit"], found["wave"], strict=True)]
    assert found["referrals"].tolist() == expected
    assert len(found) == len(cells) * (len(demo.waves) - 1) / len(demo.waves)


def test_referrals_can_be_counted_from_the_staff_list(demo: Study) -> None:
    cells = unit_cells(demo)
    found = referred_hires(demo, cells)
    people = demo.table("people")
    by = people["referred_by"].map(people.set_index("person")["unit"])
    started = people["start"].between("2024-04-01", "2024-06-30")
    expected = by[started].value_counts()
    wave = found[found["wave"] == "2024Q1"].set_index("unit")["referrals"]
    assert wave.sum() == expected.sum() > 0
    assert wave[expected.index].tolist() == expected.tolist()
    assert set(found["wave"]) == {"2024Q1", "2024Q2", "2024Q3"}
    shown = analysed(without(demo, units=["applicants_referred"]))
    assert "referrals" in [part.term for part in shown.finding.components]


def test_the_interval_of_the_hazard_ratio_covers_the_truth_as_often_as_it_says(client: SmallClient) -> None:
    """Service that ends at a known hazard per day, answered at one moment; units differ in it."""
    study, _, _ = small(client)
    rng, truth, held, times = np.random.default_rng(11), -0.15, 0, 40
    units, size = 24, 25
    for _ in range(times):
        unit = np.repeat([f"u{i:02d}" for i in range(units)], size)
        person = [f"p{i:04d}" for i in range(unit.size)]
        score = rng.integers(0, 11, unit.size).astype(float)
        rate = 0.35 * np.exp(truth * (score - 5) + np.repeat(rng.normal(0, 0.3, units), size))
        begin = pd.Timestamp("2023-12-31") - pd.to_timedelta(rng.integers(0, 3000, unit.size), unit="D")
        gone = rng.exponential(1 / rate) * 365.25
        end = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(np.ceil(gone), unit="D"))
        people = pd.DataFrame(
            {"person": person, "start": begin, "end": end.where(gone < 300), "reason": None}
        )
        sheets = pd.DataFrame({"person": person, "unit": unit, "wave": "2024Q1", "enps": score})
        made = replace(study, tables={"employees": sheets, "people": people})
        spells = stay_spells(made, {"score": sheets["enps"]})
        assert isinstance(spells, Spells)
        part = _cox("exits_first", spells.rows, conf_level=0.95)
        assert part is not None
        held += part.conf_low < math.exp(truth) < part.conf_high
    # Of 40 intervals of 95 % fewer than 33 hold the truth less than once in a thousand times.
    assert 33 <= held <= times
