"""The link table against plain pandas, and the frames of the readiness page."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.measures import NotMeasured, answers_by_wave, link_table
from exresearch.measures.link import pool_waves
from exresearch.measures.resampling import respondents, respondents_by
from exresearch.study import Study

COLUMNS = ["ex", "ex_n", "ex_size", "cx", "cx_n", "cx_size"]
# Sums in another order.
EXACT = {"rtol": 1e-12, "atol": 1e-12}


@pytest.fixture
def panel(client: Any) -> Any:
    """The small client in three waves with weights, missing answers and one unit with few customers."""
    rng = np.random.default_rng(11)
    for name, size in (("employees", 60), ("customers", 60)):
        waves = [client.tables[name].assign(year=wave) for wave in ("9", "10", "11")]
        frame = pd.concat(waves, ignore_index=True)
        numbers = list(frame.select_dtypes("number"))
        frame[numbers] = rng.integers(1, 8, (3 * size, len(numbers))).astype("float64")
        frame["w"] = rng.uniform(0.3, 3, 3 * size).round(3)
        client.variables[f"{name}.w"] = client.entry(name, "w", "weight")
        client.tables[name] = frame
    client.tables["employees"].loc[::7, "eng_2"] = np.nan
    customers = client.tables["customers"]
    client.tables["customers"] = customers[(customers["team"] != "Unit F") | (customers.index % 20 == 10)]
    units = client.tables["units"]
    client.tables["units"] = pd.concat(
        [units.assign(year=wave) for wave in ("11", "9", "10")], ignore_index=True
    )
    return client


def by_hand(answers: pd.DataFrame, keys: list[str], side: str) -> pd.DataFrame:
    """Weighted mean, number and weight of answers per group."""
    rows = []
    for key, part in answers.dropna(subset=["value"]).groupby(keys):
        value = np.average(part["value"], weights=part["weight"])
        rows.append([*key, value, float(len(part)), part["weight"].sum()])
    return pd.DataFrame(rows, columns=[*keys, side, f"{side}_n", f"{side}_size"])


def expected(study: Study, keys: list[str]) -> pd.DataFrame:
    """Both sides by hand: the share of indices of 16 or more, and the mean of cx."""
    people, customers = study.table("employees"), study.table("customers")
    index = people["eng_1"] + people["eng_2"] + people["eng_3"]
    share = people.assign(value=(index >= 16).astype("float64").where(index.notna()))
    sides = by_hand(share, keys, "ex"), by_hand(customers.assign(value=customers["cx"]), keys, "cx")
    return sides[0].merge(sides[1], on=keys)


def test_link_of_weighted_answers_pooled_over_waves_and_per_wave(panel: Any) -> None:
    study = panel.load()
    assert study.waves == ("9", "10", "11")
    link = link_table(study, ex_measure="engagement", cx_measure="cx")
    pooled = expected(study, ["unit"])
    assert pooled.loc[pooled["cx_n"] < 5, "unit"].tolist() == ["Unit F"]
    pooled = pooled[pooled["cx_n"] >= 5]
    assert link.units["unit"].tolist() == pooled["unit"].tolist()
    np.testing.assert_allclose(link.units[COLUMNS], pooled[COLUMNS], **EXACT)
    assert link.n_excluded == 1
    waves = expected(study, ["unit", "wave"])
    waves = waves[(waves["cx_n"] >= 5) & (waves["ex_n"] >= 5)].sort_values(["unit", "wave"])
    got = link.panel.sort_values(["unit", "wave"])
    assert got[["unit", "wave"]].to_numpy().tolist() == waves[["unit", "wave"]].to_numpy().tolist()
    np.testing.assert_allclose(got[COLUMNS], waves[COLUMNS], **EXACT)
    assert (link.ex.kind, link.ex.source, link.cx.kind, link.cx.source) == (
        "share", "employees", "mean", "customers",
    )  # fmt: skip


def test_the_unit_of_weights_and_the_order_of_rows_do_not_matter(panel: Any) -> None:
    first = link_table(panel.load(), ex_measure="engagement", cx_measure="cx")
    for name in ("employees", "customers"):
        panel.tables[name]["w"] *= 1000
        panel.tables[name] = panel.tables[name].sample(frac=1, random_state=1)
    again = link_table(panel.load(), ex_measure="engagement", cx_measure="cx")
    values = ["ex", "ex_n", "cx", "cx_n"]
    np.testing.assert_allclose(again.units[values], first.units[values], rtol=1e-9)
    assert again.units["unit"].tolist() == first.units["unit"].tolist()


@pytest.mark.parametrize(("least", "units"), [(5, 5), (29, 5), (31, 0)])
def test_units_of_few_answers_are_left_out_and_counted(panel: Any, least: int, units: int) -> None:
    # Ten people answered three times each; without persons every sheet is somebody.
    del panel.variables["employees.id"]
    link = link_table(panel.load(), ex_measure="enps", cx_measure="cx", min_unit_n=least)
    assert (len(link.units), link.n_excluded) == (units, 6 - units)
    assert (link.units[["ex_n", "cx_n"]] >= least).all(axis=None)


def test_a_unit_with_exactly_enough_answers_stays(panel: Any) -> None:
    del panel.variables["employees.id"]
    counts = link_table(panel.load(), ex_measure="engagement", cx_measure="cx", min_unit_n=1).units
    for side, other in (("ex_n", "cx_n"), ("cx_n", "ex_n")):
        least = int(counts.loc[counts[side] <= counts[other], side].max())
        kept = link_table(panel.load(), ex_measure="engagement", cx_measure="cx", min_unit_n=least).units
        enough = counts[(counts["ex_n"] >= least) & (counts["cx_n"] >= least)]
        assert (enough[side] == least).any()
        assert kept["unit"].tolist() == enough["unit"].tolist()


def test_a_unit_keeps_its_latest_category_whatever_the_order_of_rows(panel: Any) -> None:
    units = panel.tables["units"]
    units.loc[(units["team"] == "Unit A") & (units["year"] == "11"), "kind"] = "kiosk"
    panel.variables["units.cx"] = panel.entry("units", "cx", "category")
    units["cx"] = "clash"
    link = link_table(panel.load(), ex_measure="engagement", cx_measure="cx")
    assert link.units.set_index("unit")["kind"].to_dict() == {
        "Unit A": "kiosk", "Unit B": "office", "Unit C": "shop", "Unit D": "office", "Unit E": "shop",
    }  # fmt: skip
    # A category called like a side does not take its place.
    assert set(link.units["cx_category"]) == {"clash"}
    assert link.units["cx"].dtype == "float64"


@pytest.fixture
def measured(client: Any) -> Any:
    """Units with aggregated measures in two waves: a reversed percentage with its base, and a mean without one."""
    client.settings["tables"] = {"units": "units.csv"}
    client.tables = {
        "units": pd.DataFrame(
            {
                "team": ["a", "a", "b", "b", "c", "d", "e", "e"],
                "year": [1, 2, 1, 2, 1, 1, 1, 2],
                "tired": [20, 40, 10, 50, 30, 60, 90, 30],
                "base": [100, 300, 50, None, 4, 0, 0, None],
                "care": [8, 6, 7, 5, 9, 4, 3, 1],
            }
        )
    }
    client.variables = {
        "team": client.entry("units", "team", "unit"),
        "year": client.entry("units", "year", "wave"),
        "tired": client.entry(
            "units", "tired", "measure", construct="rested", kind="percent", minimum=0, maximum=100, reversed=True,
            n_column="base",
        ),
        "care": client.entry("units", "care", "measure", construct="care", kind="mean"),
    }  # fmt: skip
    return client


def test_measures_of_units_are_turned_pooled_and_read_as_shares(measured: Any) -> None:
    link = link_table(measured.load(), ex_measure="rested", cx_measure="care")
    units = link.units.set_index("unit")
    # a: weighted by its numbers of answers; b: one number unknown, so both waves alike; c: too few; d: nobody;
    # e: nobody in the first wave, so only the second.
    assert units.index.tolist() == ["a", "b", "e"]
    np.testing.assert_allclose(units["ex"], [(0.8 * 100 + 0.6 * 300) / 400, (0.9 + 0.5) / 2, 0.7], **EXACT)
    np.testing.assert_array_equal(units["ex_n"], [400, np.nan, np.nan])
    np.testing.assert_allclose(units["cx"], [7, 6, 2], **EXACT)
    assert units["cx_n"].isna().all()
    assert link.n_excluded == 2
    assert (link.ex.kind, link.ex.source, link.cx.kind) == ("share", "units", "mean")
    kept = [["a", "1"], ["a", "2"], ["b", "1"], ["b", "2"], ["e", "2"]]
    assert link.panel[["unit", "wave"]].to_numpy().tolist() == kept
    np.testing.assert_allclose(link.panel["ex"], [0.8, 0.6, 0.9, 0.5, 0.7], **EXACT)


def test_answers_on_one_side_and_a_measure_on_the_other(panel: Any) -> None:
    units = panel.tables["units"]
    units["care"] = np.arange(len(units), dtype="float64")
    panel.variables["care"] = panel.entry("units", "care", "measure", construct="care", kind="rate")
    link = link_table(panel.load(), ex_measure="engagement", cx_measure="care")
    assert len(link.units) == 6
    by_unit = units.groupby("team")["care"].mean()
    np.testing.assert_allclose(link.units["cx"], by_unit, **EXACT)
    assert link.cx.source == "units"
    assert link.ex.source == "employees"


@pytest.mark.parametrize(
    ("ex", "cx", "name", "table"),
    [("ease", "cx", "ease", "employees"), ("enps", "engagement", "engagement", "customers")],
)
def test_a_side_that_is_not_measured(client: Any, ex: str, cx: str, name: str, table: str) -> None:
    with pytest.raises(NotMeasured) as caught:
        link_table(client.load(), ex_measure=ex, cx_measure=cx)
    assert str(caught.value) == (
        f"construct {name!r} is not measured by unit: neither items of table {table!r} with a unit, "
        "nor a measure of table 'units'."
    )


def test_answers_by_wave_with_head_counts(panel: Any) -> None:
    panel.tables["employees"] = panel.tables["employees"].iloc[:170]
    panel.tables["units"] = panel.tables["units"].rename(columns={"staff": "headcount"})
    panel.variables["units.staff"]["column"] = "headcount"
    table = answers_by_wave(panel.load())
    assert table["wave"].tolist() == ["9", "10", "11"]
    assert table["n"].tolist() == [60, 60, 50]
    assert table["n_units"].tolist() == [6, 6, 5]
    np.testing.assert_allclose(table["response_rate"], [60 / 72, 60 / 72, 50 / 72], **EXACT)
    # A total of which one part is unknown is unknown.
    units = panel.tables["units"]
    units["headcount"] = units["headcount"].astype("float64")
    units.loc[units.index[units["year"] == "10"][0], "headcount"] = np.nan
    assert answers_by_wave(panel.load())["response_rate"].isna().tolist() == [False, True, False]


def test_answers_by_wave_without_head_counts_waves_or_people(client: Any, measured: Any) -> None:
    table = answers_by_wave(measured.load())
    assert table["wave"].tolist() == ["1", "2"]
    assert table["n"].tolist() == [154, 300]
    assert table["n_units"].tolist() == [5, 3]
    assert table["response_rate"].isna().all()
    del measured.variables["year"]
    measured.tables["units"] = measured.tables["units"].drop_duplicates("team")
    assert answers_by_wave(measured.load())["wave"].tolist() == ["all"]


def test_ten_sheets_of_two_people_are_two_people(client: Any) -> None:
    employees, years = client.tables["employees"], [str(2020 + place % 5) for place in range(60)]
    employees["year"] = client.tables["customers"]["year"] = years
    employees.loc[:9, "id"] = ["p00"] * 5 + ["p01"] * 5
    study = client.load()
    for construct in ("engagement", "enps"):
        link = link_table(study, ex_measure=construct, cx_measure="cx", min_unit_n=5)
        assert set(link.units["unit"]) == {f"Unit {letter}" for letter in "BCDEF"}
        assert (link.n_excluded, link.n_ex_out, link.n_cx_out) == (1, 1, 0)
        assert "Unit A" not in set(link.panel["unit"])
    # Of sheets that do not say who they are, each is somebody.
    del client.variables["employees.id"]
    assert len(link_table(client.load(), ex_measure="enps", cx_measure="cx", min_unit_n=5).units) == 6


@pytest.mark.parametrize("case", ["all known", "a size is missing", "no numbers", "nullable"])
def test_pooling_waves_weighs_each_wave_by_its_answers_as_done_one_unit_at_a_time(case: str) -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"unit": rng.choice(list("pqrs"), 30), "value": rng.normal(size=30)})
    frame["n"], frame["size"] = rng.integers(1, 9, 30).astype(float), rng.uniform(1, 5, 30)
    if case == "a size is missing":
        frame.loc[3, "size"] = np.nan
    elif case == "no numbers":
        frame[["n", "size"]] = np.nan
    elif case == "nullable":
        frame[["n", "size"]] = frame[["n", "size"]].astype("Float64")
        frame.loc[5, "n"] = pd.NA
    pooled = pool_waves(frame)
    assert pooled.dtypes[["n", "size"]].tolist() == frame.dtypes[["n", "size"]].tolist()
    for (unit, part), row in zip(
        frame.groupby("unit"), pooled.astype({"n": float, "size": float}).itertuples(), strict=True
    ):
        known = bool(part["size"].notna().all())
        mean = np.average(part["value"], weights=part["size"].astype(float) if known else None)
        n, size = (float(part[name].astype(float).sum(skipna=False)) for name in ("n", "size"))
        assert row.unit == unit
        assert [row.value, row.n, row.size] == pytest.approx([mean, n, size], rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("with_person", [True, False])
def test_people_of_each_unit_are_counted_as_of_one_unit(with_person: bool) -> None:
    rng = np.random.default_rng(5)
    sheets = pd.DataFrame(
        {"unit": rng.choice(["a", "b", "c", None], 60), "person": rng.choice(["p", "q", "r", None], 60)}
    )
    sheets = sheets if with_person else sheets[["unit"]]
    one_by_one = {unit: respondents(part) for unit, part in sheets.groupby("unit")}
    assert respondents_by(sheets).to_dict() == one_by_one
