"""The demo client: same seed same bytes, sound keys, values inside the codebook, planted features present."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from exresearch.study.demo import (
    DemoSettings,
    cut_demo,
    generate_demo,
    planted,
    planted_truth,
    remarks,
    simulate_demo,
)
from exresearch.study.demo.remarks import remarks_table

ROOT = Path(__file__).parents[1]
CODEBOOK = yaml.safe_load((ROOT / "data/demo/codebook.yaml").read_text(encoding="utf-8"))
TRUTH = yaml.safe_load((ROOT / "data/demo/truth.yaml").read_text(encoding="utf-8"))
TABLES = ("employees", "customers", "partners", "units", "people", "moments")
SEED = 2016
#: Four standard errors of what is compared, so that a sound generator fails about once in 16,000 seeds.
N_ERRORS = 4.0
SMALL = DemoSettings(n_units=12, mean_headcount=20)


@pytest.fixture(scope="module")
def demo() -> dict[str, pd.DataFrame]:
    return simulate_demo(SEED)


@pytest.fixture(scope="module")
def answered(demo: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Answer sheets with the missing codes of the codebook taken out."""
    sheets = demo["employees"].copy()
    for entry in CODEBOOK["variables"]:
        if entry["table"] == "employees" and "missing" in entry:
            sheets[entry["column"]] = sheets[entry["column"]].replace(entry["missing"], np.nan)
    return sheets


def read(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def within(values: pd.Series, unit: pd.Series) -> pd.Series:
    return values - values.groupby(unit).transform("mean")


# Files


def test_same_seed_gives_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    first, again = (generate_demo(tmp_path / name, seed=3, settings=SMALL) for name in ("a", "b"))
    other = generate_demo(tmp_path / "c", seed=4, settings=SMALL)
    assert tuple(first) == TABLES
    for name in TABLES:
        assert first[name].read_bytes() == again[name].read_bytes(), name
        assert first[name].read_bytes() != other[name].read_bytes(), name
    assert (tmp_path / "a/generated.json").read_bytes() == (tmp_path / "b/generated.json").read_bytes()


def test_files_hold_what_was_simulated(tmp_path: Path) -> None:
    files = generate_demo(tmp_path / "new" / "demo", seed=3, settings=SMALL)
    tables = simulate_demo(3, SMALL)
    for name, file in files.items():
        pd.testing.assert_frame_equal(read(file), tables[name], check_dtype=False)
    stamp = json.loads((tmp_path / "new/demo/generated.json").read_text(encoding="utf-8"))
    assert stamp["rows"] == {name: len(tables[name]) for name in TABLES}
    assert stamp["seed"] == 3
    assert stamp["settings"]["n_units"] == 12


def test_interrupted_generation_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "demo"
    files = generate_demo(target, seed=3, settings=SMALL)
    before = {name: file.read_bytes() for name, file in files.items()}

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(generate_demo.__globals__, "write_table", interrupted)
    for place in (target, tmp_path / "fresh"):
        with pytest.raises(KeyboardInterrupt):
            generate_demo(place, seed=4, settings=SMALL)
    assert {name: file.read_bytes() for name, file in files.items()} == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["demo"]


def test_earlier_demo_is_replaced_and_other_files_are_not(tmp_path: Path) -> None:
    target = tmp_path / "demo"
    first = generate_demo(target, seed=3, settings=SMALL)["units"].read_bytes()
    assert generate_demo(target, seed=4, settings=SMALL)["units"].read_bytes() != first
    (target / "notes.txt").write_text("keep me", encoding="utf-8")
    with pytest.raises(FileExistsError) as caught:
        generate_demo(target, seed=4, settings=SMALL)
    assert str(caught.value) == (
        f"generate_demo: directory {target} also holds notes.txt, which is not part of a demo and would be lost. "
        f"Choose another directory or move these files."
    )
    file = target / "notes.txt"
    with pytest.raises(FileExistsError) as caught:
        generate_demo(file)
    assert str(caught.value) == (
        f"generate_demo: {file} is a file; directory must be a new or empty directory or an earlier demo. "
        f"Choose another directory."
    )


@pytest.mark.parametrize(
    ("field", "value", "legal"),
    [
        ("n_units", 1, "2 to 100000"),
        ("n_waves", 0, "1 to 40"),
        ("mean_headcount", 5, "10 to 10000"),
        ("programme_share", 1.5, "0 to 1"),
        ("ex_to_cx", float("nan"), "-0.4 to 0.4"),
        ("effect_scale", -1.0, "0 to 1"),
    ],
)
def test_settings_refuse_what_is_not_legal(field: str, value: float, legal: str) -> None:
    with pytest.raises(ValueError) as caught:
        DemoSettings(**{field: value})
    assert str(caught.value) == (
        f"DemoSettings: {field} is {value!r}; legal values are {legal}. "
        f"Choose a value in that range or leave {field} out for its default."
    )


# Shape, keys, codebook


def test_size_of_the_company(demo: dict[str, pd.DataFrame]) -> None:
    assert demo["units"].shape[0] == 720
    assert sorted(demo["units"]["wave"].unique()) == [
        "2024Q1",
        "2024Q2",
        "2024Q3",
        "2024Q4",
        "2025Q1",
        "2025Q2",
    ]
    headcount = demo["units"].groupby("wave")["headcount"].sum()
    assert headcount.between(5_400, 6_600).all()
    response = demo["employees"].groupby("wave").size() / headcount
    assert response.between(0.68, 0.72).all()
    per_cell = demo["customers"].groupby(["unit", "wave"]).size()
    assert (per_cell.size, per_cell.min(), per_cell.max()) == (720, 20, 40)
    starters = demo["units"].groupby("unit")["programme"].max().sum()
    assert starters == 25
    first_active = demo["units"][demo["units"]["programme"] == 1].groupby("unit")["wave"].min()
    assert sorted(first_active.unique()) == ["2024Q3", "2024Q4", "2025Q1"]


def test_keys_are_unique_and_refer_to_something(demo: dict[str, pd.DataFrame]) -> None:
    sheets, people, units, moments = (demo[name] for name in ("employees", "people", "units", "moments"))
    assert not sheets.duplicated(["person_id", "wave"]).any()
    assert not moments.duplicated(["person_id", "wave", "moment"]).any()
    assert not units.duplicated(["unit", "wave"]).any()
    assert people["person_id"].is_unique
    for name in TABLES:
        assert set(demo[name]["unit"]) <= set(units["unit"]), name
    known = set(people["person_id"])
    assert set(sheets["person_id"]) <= known
    assert set(people["referred_by"].dropna()) <= known
    hired = moments[moments["population"] != "candidate"]
    assert set(hired["person_id"]) <= known
    assert not set(moments.loc[moments["population"] == "candidate", "person_id"]) & known
    home = people.set_index("person_id")["unit"]
    assert (home[sheets["person_id"]].to_numpy() == sheets["unit"].to_numpy()).all()
    assert (home[hired["person_id"]].to_numpy() == hired["unit"].to_numpy()).all()
    assert (people["end"].isna() == people["reason"].isna()).all()


def test_hr_records_agree_with_unit_counts_and_answers(demo: dict[str, pd.DataFrame]) -> None:
    people, units = demo["people"], demo["units"]
    start, end = pd.to_datetime(people["start"]), pd.to_datetime(people["end"])
    assert (end.dropna() > start[end.notna()]).all()
    for wave, part in units.groupby("wave"):
        quarter = pd.Period(wave, freq="Q")
        survey = quarter.start_time + pd.Timedelta(days=9)
        here = (start <= survey) & ~(end <= survey)
        left = here & (end <= quarter.end_time)
        new = start.between(quarter.start_time, quarter.end_time)
        by_unit = part.set_index("unit")
        for column, who in (("headcount", here), ("leavers", left), ("hires", new)):
            counted = people[who].groupby("unit").size().reindex(by_unit.index, fill_value=0)
            assert (counted == by_unit[column]).all(), (wave, column)
        sheets = demo["employees"][demo["employees"]["wave"] == wave]
        assert set(sheets["person_id"]) <= set(people.loc[here, "person_id"])
        assert set(sheets.loc[sheets["phase"] == "leaver", "person_id"]) <= set(people.loc[left, "person_id"])
    assert (
        units["applicants"] - units["applicants_referred"] >= units["hires"] - units["hires_referred"]
    ).all()
    assert (units["applicants_referred"] >= units["hires_referred"]).all()


@pytest.mark.parametrize("table", TABLES)
def test_codebook_describes_every_column(demo: dict[str, pd.DataFrame], table: str) -> None:
    entries = {entry["column"]: entry for entry in CODEBOOK["variables"] if entry["table"] == table}
    assert list(entries) == list(demo[table].columns)
    for column, entry in entries.items():
        assert set(entry["label"]) == {"nl", "en"}, column
        assert entry.get("construct", "engagement") in CODEBOOK["constructs"], column
        if "minimum" not in entry:
            continue
        values = demo[table][column].dropna()
        values = values[~values.isin(entry.get("missing", []))]
        assert (values == values.round()).all(), column
        # Every scale is used from one end to the other, or nearly so.
        assert entry["minimum"] <= values.min() <= entry["minimum"] + 2, column
        assert values.max() == entry["maximum"], column


def test_codebook_constructs_are_all_used() -> None:
    used = {entry["construct"] for entry in CODEBOOK["variables"] if "construct" in entry}
    assert used == set(CODEBOOK["constructs"])


# Planted features


def test_truth_file_says_what_the_generator_plants() -> None:
    assert TRUTH["planted"] == planted_truth()
    assert set(TRUTH["implied"]) >= {"engagement-cx", "engaged-minority", "employee-first"}


def test_response_depends_on_contract_only_and_weights_undo_it(demo: dict[str, pd.DataFrame]) -> None:
    sheets = demo["employees"]
    weights = sheets.groupby("contract")["weight"].unique()
    assert {name: len(values) for name, values in weights.items()} == {"inhuur": 1, "tijdelijk": 1, "vast": 1}
    assert weights["inhuur"][0] > weights["tijdelijk"][0] > weights["vast"][0]
    assert sheets["weight"].mean() == pytest.approx(1.0, abs=0.005)
    total = sheets[["eng_1", "eng_2", "eng_3"]].sum(axis=1, skipna=False)
    means = total.groupby(sheets["contract"]).agg(["mean", "sem"])
    gap = means.loc["vast", "mean"] - means.loc["inhuur", "mean"]
    # The same people answer several times; twice the naive error covers that.
    assert abs(gap) < N_ERRORS * 2 * np.hypot(*means.loc[["vast", "inhuur"], "sem"])


def test_missing_answers(demo: dict[str, pd.DataFrame]) -> None:
    sheets = demo["employees"]
    items = [e["column"] for e in CODEBOOK["variables"] if e["table"] == "employees" and "minimum" in e]
    share = sheets[items].isna().mean()
    assert share.drop("skill").between(0.005, 0.065).all()
    assert sheets.loc[sheets["function"] == "staf", "skill"].isna().all()
    assert sheets.loc[sheets["function"] != "staf", "skill"].isna().mean() < 0.065
    coded = {column for column in items if (sheets[column] == 99).any()}
    declared = {e["column"] for e in CODEBOOK["variables"] if e.get("missing") == [99]}
    assert coded == declared == {"d_tools", "pay_satisfaction"}
    # Completely at random: the sum of engagement does not differ by whether eNPS was skipped.
    total = sheets[["eng_1", "eng_2", "eng_3"]].sum(axis=1, skipna=False)
    by_skip = total.groupby(sheets["enps"].isna()).agg(["mean", "sem"])
    assert abs(by_skip["mean"].diff().iloc[1]) < N_ERRORS * np.hypot(*by_skip["sem"])


def test_collinear_pair_reversed_sign_and_reversed_items(answered: pd.DataFrame) -> None:
    pair = answered["d_recognition"].corr(answered["d_appreciation"])
    assert 0.82 < pair < 0.88
    for outcome in ("enps", "stay", "effort", "promote"):
        assert answered["d_rules"].corr(answered[outcome]) < -0.10, outcome
        named = [answered[name].corr(answered[outcome]) for name in ("d_needs", "d_customers_decide")]
        assert named[0] > named[1] > 0, outcome
    reversed_columns = {e["column"] for e in CODEBOOK["variables"] if e.get("reversed")}
    assert reversed_columns == {"d_wellbeing", "behaviour_2"}
    assert answered["d_wellbeing"].corr(answered["enps"]) < -0.2
    assert answered["behaviour_2"].corr(answered["behaviour_1"]) < -0.4


def test_person_effects_are_stable_over_waves(answered: pd.DataFrame) -> None:
    total = answered[["eng_1", "eng_2", "eng_3"]].sum(axis=1, skipna=False)
    wide = answered.assign(total=total).pivot_table(index="person_id", columns="wave", values="total")
    assert 0.3 < wide["2024Q1"].corr(wide["2025Q2"]) < 0.8
    assert wide["2024Q1"].corr(wide["2025Q2"]) > 0.75 * wide["2024Q1"].corr(wide["2024Q2"])


def test_partner_link_is_between_units_only() -> None:
    tables = simulate_demo(SEED, DemoSettings(n_units=600, mean_headcount=25))
    cells = pd.DataFrame(
        {
            "ex": tables["employees"][["eng_1", "eng_2", "eng_3"]]
            .mean(axis=1)
            .groupby([tables["employees"]["unit"], tables["employees"]["wave"]])
            .mean(),
            "partner": tables["partners"].groupby(["unit", "wave"])[["px_1", "px_2"]].mean().mean(axis=1),
        }
    ).dropna()
    unit = pd.Series(cells.index.get_level_values("unit"), index=cells.index)
    between = cells.groupby(unit).mean()
    assert between["ex"].corr(between["partner"]) > 0.35
    change = cells.groupby(unit).diff().dropna()
    # First differences overlap, so the error is taken from the number of units and waves, without gain from them.
    assert abs(change["ex"].corr(change["partner"])) < N_ERRORS * np.sqrt(1.5 / len(change))


def test_influence_runs_both_ways_within_units_and_is_absent_in_a_null_world() -> None:
    from exresearch.study.demo.company import simulate_company

    def slopes(settings: DemoSettings) -> tuple[np.ndarray, np.ndarray]:
        company = simulate_company(np.random.default_rng(5), settings)
        spread = (0.28, 0.45)
        past = np.stack([company.ex[:, 1:], company.cx[:, 1:]], axis=-1) / spread
        # Demeaning long series leaves a bias of order 1 / waves, so the panel is made long.
        past = past - past.mean(axis=1, keepdims=True)
        x, y = past[:, :-1].reshape(-1, 2), past[:, 1:].reshape(-1, 2)
        inverse = np.linalg.inv(x.T @ x)
        found = inverse @ x.T @ y
        error = np.sqrt(np.outer(np.diag(inverse), ((y - x @ found) ** 2).mean(axis=0)))
        return found.T, error.T

    planted = TRUTH["planted"]["two-way"]
    world = DemoSettings(n_units=400, n_waves=40, programme_share=0.0)
    found, error = slopes(world)
    target = np.array(
        [
            [planted["autoregression"], planted["cx_to_ex"]],
            [planted["ex_to_cx"], planted["autoregression"]],
        ]
    )
    # The bias of demeaning, about (1 + autoregression) / waves, comes on top of sampling error.
    assert (np.abs(found - target) < N_ERRORS * error + 1.4 / 39).all()
    null, error = slopes(DemoSettings(n_units=400, n_waves=40, programme_share=0.0, effect_scale=0.0))
    assert (np.abs(null[[0, 1], [1, 0]]) < N_ERRORS * error[[0, 1], [1, 0]]).all()


def test_complaints_follow_customer_experience_and_absence_follows_engagement(
    demo: dict[str, pd.DataFrame],
) -> None:
    units = demo["units"].set_index(["unit", "wave"])
    cx = demo["customers"].groupby(["unit", "wave"])[["cx_1", "cx_2", "cx_3"]].mean().mean(axis=1)
    ex = demo["employees"].groupby(["unit", "wave"])[["eng_1", "eng_2", "eng_3"]].mean().mean(axis=1)
    assert np.log1p(units["complaints"] / units["headcount"]).corr(cx) < -0.3
    earlier = ex.groupby("unit").shift(1)
    assert (units["absence_days"] / units["headcount"]).corr(earlier) < -0.1
    assert units["productivity"].corr(earlier) > 0.1


def test_engaged_people_leave_less_often(demo: dict[str, pd.DataFrame]) -> None:
    sheets = demo["employees"]
    people = demo["people"].set_index("person_id").loc[sheets["person_id"]]
    quarter = pd.PeriodIndex(pd.to_datetime(people["end"]), freq="Q").astype(str).to_numpy()
    left = (quarter == sheets["wave"].to_numpy()) & (people["reason"] == "eigen keuze").to_numpy()
    total = sheets[["eng_1", "eng_2", "eng_3"]].sum(axis=1, skipna=False)
    share = pd.Series(left[total.notna()], dtype=float).groupby((total.dropna() >= 16).to_numpy())
    low, high = share.mean()
    assert np.log(low / high) > N_ERRORS * np.sqrt((1 / share.sum()).sum())


def test_null_world_has_no_effects() -> None:
    sheets = simulate_demo(SEED, DemoSettings(n_units=60, effect_scale=0.0))["employees"]
    for outcome in ("enps", "stay", "effort", "promote"):
        pair = sheets[["d_needs", outcome, "person_id"]].dropna()
        # Persons answer several times, so the number of persons is what counts.
        assert abs(pair["d_needs"].corr(pair[outcome])) < N_ERRORS / np.sqrt(pair["person_id"].nunique()), (
            outcome
        )


# The cut


def test_cut_is_a_small_company_of_its_own(demo: dict[str, pd.DataFrame]) -> None:
    before = {name: frame.copy() for name, frame in demo.items()}
    cut = cut_demo(demo, n_units=4, n_employees=40, seed=7)
    again = cut_demo(demo, n_units=4, n_employees=40, seed=7)
    for name in TABLES:
        pd.testing.assert_frame_equal(demo[name], before[name])
        pd.testing.assert_frame_equal(cut[name], again[name])
        assert list(cut[name].columns) == list(demo[name].columns)
        assert len(cut[name]) > 0
        assert set(cut[name]["unit"]) <= set(cut["units"]["unit"])
    sheets, people, units = cut["employees"], cut["people"], cut["units"]
    assert units["unit"].nunique() == 4
    assert sheets.groupby("unit")["person_id"].nunique().tolist() == [10, 10, 10, 10]
    assert set(sheets["person_id"]) == set(people["person_id"])
    assert set(people["referred_by"].dropna()) <= set(people["person_id"])
    assert units.groupby("wave")["headcount"].sum().between(20, 40).all()
    assert units["leavers"].sum() == pd.to_datetime(people["end"]).ge("2024-01-01").sum()
    assert (units["applicants_referred"] >= units["hires_referred"]).all()
    whole = demo["units"].merge(units[["unit", "wave"]])
    assert (units["complaints"].to_numpy() <= whole["complaints"].to_numpy()).all()
    assert not sheets.duplicated(["person_id", "wave"]).any()


def test_cut_of_everything_keeps_everything_that_answered(demo: dict[str, pd.DataFrame]) -> None:
    everybody = demo["employees"]["person_id"].nunique()
    cut = cut_demo(demo, n_units=120, n_employees=everybody, seed=1)
    pd.testing.assert_frame_equal(cut["employees"], demo["employees"])
    pd.testing.assert_frame_equal(cut["customers"], demo["customers"])


def test_cut_refuses_what_is_not_there() -> None:
    tables = simulate_demo(3, SMALL)
    with pytest.raises(ValueError) as caught:
        cut_demo(tables, n_units=13, n_employees=40, seed=1)
    assert str(caught.value) == (
        "cut_demo: n_units is 13; legal values are 1 to 12, the units of the tables. "
        "Ask for fewer units or simulate more."
    )
    available = tables["employees"]["person_id"].nunique()
    with pytest.raises(ValueError) as caught:
        cut_demo(tables, n_units=12, n_employees=5, seed=1)
    assert str(caught.value) == (
        f"cut_demo: n_employees is 5; legal values are 12 (one a unit) to {available}, "
        "the people who answered in the chosen units. Ask for a number in that range."
    )


# The benchmark that finds the implied truths


@pytest.fixture(scope="module")
def benchmark() -> object:
    spec = importlib.util.spec_from_file_location("demo_truth", ROOT / "benchmarks" / "demo_truth.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # a dataclass looks its module up by name
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        spec.loader.exec_module(module)
    return module


def test_brute_force_lmg_has_its_identities(benchmark: object) -> None:
    independent = np.eye(4)
    independent[3, :3] = independent[:3, 3] = (0.5, -0.3, 0.0)
    np.testing.assert_allclose(benchmark.lmg(independent), [0.25, 0.09, 0.0], atol=1e-12)
    rng = np.random.default_rng(2)
    matrix = np.corrcoef(rng.standard_normal((5, 5)) @ rng.standard_normal((5, 200)))
    k = 4
    r_squared = matrix[k, :k] @ np.linalg.solve(matrix[:k, :k], matrix[:k, k])
    share = benchmark.lmg(matrix)
    assert share.sum() == pytest.approx(r_squared, abs=1e-9)
    sign = np.diag([1.0, -1.0, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(benchmark.lmg(sign @ matrix @ sign), share, atol=1e-9)


def test_one_company_agrees_with_the_implied_truth(benchmark: object) -> None:
    # The error of one company of 120 units, from ten companies; the target is the whole population.
    companies = [benchmark.measure(simulate_demo(seed, DemoSettings())) for seed in range(10)]
    implied = TRUTH["implied"]
    links = pd.DataFrame([benchmark.leaders_and_laggards(company.units) for company in companies])
    targets = {name: implied["engagement-cx"][name]["value"] for name in links}
    check = {name: (links[name], targets[name]) for name in links}
    for outcome in ("enps", "stay", "effort", "promote"):
        found = pd.DataFrame([benchmark.importance(company.moments[outcome]) for company in companies])
        for name in ("named_difference", "block_difference", "r_squared"):
            check[f"{outcome} {name}"] = (found[name], implied["employee-first"][outcome][name]["value"])
    for name, (values, target) in check.items():
        # t with nine degrees of freedom: 6.6 standard errors are as rare as four of the normal.
        assert abs(values.mean() - target) < 6.6 * values.std(ddof=1) / np.sqrt(len(values)), name
    assert 0.45 < implied["engaged-minority"]["engaged_share"]["value"] < 0.50
    assert 1.4 < implied["engagement-cx"]["ratio"]["value"] < 1.6


def test_the_tone_of_remarks_goes_with_the_rating_as_planted() -> None:
    rating = np.repeat([2.0, 4.0, 5.0, 7.0], 8000)
    moment = np.arange(rating.size) % len(planted.MOMENTS)
    rows = remarks_table(np.random.default_rng(5), moment, rating)
    assert rows["written"].mean() == pytest.approx(planted.COMMENTED, abs=0.01)
    said = rows[rows["written"]]
    assert (said["language"] == "en").mean() == pytest.approx(planted.COMMENT_ENGLISH, abs=0.02)
    for place, chances in enumerate(planted.TONE_BY_RATING.values()):
        shares = said.loc[rating[said.index] == [2.0, 4.0, 5.0, 7.0][place], "tone"].value_counts(
            normalize=True
        )
        # Four standard errors of a share of some 1,200 remarks.
        np.testing.assert_allclose(shares.reindex(planted.TONES).fillna(0.0), chances, atol=0.058)
    flat = remarks_table(np.random.default_rng(5), moment, rating, by_rating=False)
    tones = flat[flat["written"]].groupby(rating[flat["written"]])["tone"].value_counts(normalize=True)
    assert tones.xs("hinders", level=1).max() < 0.26
    assert tones.xs("hinders", level=1).min() > 0.14


def test_remarks_are_not_those_that_the_coder_learned_from() -> None:
    """No five words in a row are in a labelled remark as well."""

    def runs(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", text.casefold())
        return {tuple(words[start : start + 5]) for start in range(len(words) - 4)}

    file = Path(remarks.__file__).parents[2] / "measures" / "comments" / "data" / "remarks.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        labelled = {run for row in csv.DictReader(stream) for run in runs(row["text"])}
    sentences = [line for tone in remarks.SENTENCES for language in tone for line in language]
    assert not [line for line in sentences if runs(line.format("zoiets")) & labelled]
