"""Response by group, and respondents beside the staff: by hand, against scipy, statsmodels and simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats.contingency import association
from statsmodels.stats.proportion import proportion_confint

from exresearch.measures import (
    answers_by_wave,
    representativeness,
    respondents_against_staff,
    response_by_group,
)
from exresearch.measures.respondents.nonresponse import _dependence


@pytest.fixture
def counted(client: Any) -> Any:
    """The small client with head counts that differ by unit, and weights."""
    client.tables["units"]["staff"] = [20, 12, 15, 10, 30, 13]
    client.tables["units"] = client.tables["units"].rename(columns={"staff": "headcount"})
    client.variables["units.staff"] = client.entry("units", "headcount", "count")
    client.tables["employees"]["w"] = np.tile([1.0, 2.0], 30)
    client.variables["employees.w"] = client.entry("employees", "w", "weight")
    return client


def with_staff(client: Any, **columns: Any) -> Any:
    """A staff list of 80 people, the 60 respondents among them; contract and site go by blocks."""
    staff = pd.DataFrame(
        {"id": [f"p{i:02d}" for i in range(80)], "contract": ["fixed"] * 40 + ["hired"] * 40}
    )
    client.tables["people"] = staff.assign(**columns)
    client.settings["tables"]["people"] = "people.csv"
    roles = {"id": "person", "team": "unit", "start": "date", "end": "date"}
    for column in client.tables["people"]:
        role = roles.get(column, "category")
        client.variables[f"people.{column}"] = client.entry("people", column, role)
    return client


def test_response_by_category_of_the_units(counted: Any) -> None:
    table = response_by_group(counted.load())
    assert list(table.columns) == [
        "column", "group", "wave", "n", "headcount", "source", "response_rate", "conf_low", "conf_high",
    ]  # fmt: skip
    assert table[["column", "group", "wave", "n", "headcount"]].to_numpy().tolist() == [
        ["kind", "office", "2024", 30, 35],
        ["kind", "shop", "2024", 30, 65],
    ]
    assert table["response_rate"].tolist() == pytest.approx([30 / 35, 30 / 65])
    for row in table.itertuples():
        expected = proportion_confint(row.n, row.headcount, method="wilson")
        assert (row.conf_low, row.conf_high) == pytest.approx(expected, abs=1e-12)
    narrow = response_by_group(counted.load(), conf_level=0.8)
    assert (narrow["conf_low"] > table["conf_low"]).all()


def test_all_and_nobody_still_have_an_interval(counted: Any) -> None:
    counted.tables["units"]["headcount"] = 10
    sheets = counted.tables["employees"]
    counted.tables["employees"] = sheets[sheets["team"].isin(["Unit A", "Unit C", "Unit E"])]
    table = response_by_group(counted.load())
    assert table["response_rate"].tolist() == [0, 1]
    for row in table.itertuples():
        expected = proportion_confint(row.n, 30, method="wilson")
        assert (row.conf_low, row.conf_high) == pytest.approx(expected, abs=1e-12)


def test_neither_an_unknown_head_count_nor_a_wrong_one_has_a_rate(counted: Any) -> None:
    counted.tables["units"]["headcount"] = [np.nan, 5, 15, 5, 30, 13]
    table = response_by_group(counted.load()).set_index("group")
    assert table.loc["shop", ["headcount", "response_rate", "conf_low", "conf_high"]].isna().all()
    assert table.loc["office", "headcount"] == 23
    assert table.loc["office", ["response_rate", "conf_low", "conf_high"]].isna().all()
    whole = representativeness(counted.load())
    assert whole[["cramers_v", "r_indicator"]].isna().all(axis=None)


def test_people_of_the_staff_list_in_service_stand_in_for_head_counts(client: Any) -> None:
    teams = np.append(np.repeat(client.units, 10), np.repeat(client.units[:2], 10))
    gone = [pd.NaT] * 70 + [pd.Timestamp("2023-05-01")] * 10
    study = with_staff(client, team=teams, end=gone).load()
    table = response_by_group(study)
    # Ten more in unit A, a shop; the ten of unit B had left.
    assert table[["group", "n", "headcount"]].to_numpy().tolist() == [["office", 30, 30], ["shop", 30, 40]]


def test_the_staff_list_says_how_many_could_have_answered_in_a_wave(client: Any) -> None:
    gone = [pd.NaT] * 70 + [pd.Timestamp("2023-05-01")] * 10
    assert answers_by_wave(with_staff(client, end=gone).load())["response_rate"].tolist() == [60 / 70]
    # Without dates nobody knows who was there.
    client.tables["people"] = client.tables["people"].drop(columns="end")
    del client.variables["people.end"]
    assert answers_by_wave(client.load())["response_rate"].isna().all()


def test_no_head_counts_and_no_categories(client: Any) -> None:
    table = response_by_group(client.load())
    assert table["n"].tolist() == [30, 30]
    assert table["response_rate"].isna().all()
    assert respondents_against_staff(client.load()).empty
    del client.variables["units.kind"]
    assert response_by_group(client.load()).empty
    assert representativeness(client.load()).empty


def test_only_employees_count_as_having_responded(counted: Any) -> None:
    counted.tables["employees"]["phase"] = (["employee"] * 8 + ["leaver"] * 2) * 6
    counted.variables["employees.phase"] = counted.entry("employees", "phase", "category")
    assert response_by_group(counted.load())["n"].tolist() == [24, 24]


def test_waves_are_told_apart(counted: Any) -> None:
    for name in ("employees", "customers", "units"):
        frame = counted.tables[name]
        later = frame.assign(year="2025")
        counted.tables[name] = pd.concat([frame, later.iloc[20:] if name == "employees" else later])
    table = response_by_group(counted.load())
    assert table[["wave", "group", "n"]].to_numpy().tolist() == [
        ["2024", "office", 30], ["2024", "shop", 30], ["2025", "office", 20], ["2025", "shop", 20],
    ]  # fmt: skip
    study = counted.load()
    assert set(respondents_against_staff(study)["wave"]) == {"2025"}
    assert respondents_against_staff(study, wave="2024")["n_respondents"].tolist() == [30, 30]
    with pytest.raises(
        ValueError, match=r"^wave must be one that employees answered in \(2024, 2025\); got '2023'\.$"
    ):
        respondents_against_staff(study, wave="2023")


def test_respondents_beside_the_staff_list_by_person(counted: Any) -> None:
    # The sheets know nothing of contracts; the staff list does.
    study = with_staff(counted).load()
    table = respondents_against_staff(study)
    assert table[["source", "column", "category", "n_respondents", "n_staff"]].to_numpy().tolist() == [
        ["staff list", "contract", "fixed", 40, 40],
        ["staff list", "contract", "hired", 20, 40],
        ["head counts", "kind", "office", 30, 35],
        ["head counts", "kind", "shop", 30, 65],
    ]
    assert table["share_respondents"].tolist() == pytest.approx([2 / 3, 1 / 3, 1 / 2, 1 / 2])
    assert table["share_staff"].tolist() == pytest.approx([1 / 2, 1 / 2, 0.35, 0.65])
    assert table["difference"].tolist() == pytest.approx([1 / 6, -1 / 6, 0.15, -0.15])
    spread = np.sqrt([0.25, 0.25, 0.35 * 0.65, 0.35 * 0.65])
    assert table["std_difference"].tolist() == pytest.approx(
        list(np.array([1 / 6, -1 / 6, 0.15, -0.15]) / spread)
    )
    sheets = study.table("employees").assign(kind=np.repeat(["shop", "office"] * 3, 10))
    weighted = sheets.groupby("kind")["weight"].sum() / sheets["weight"].sum()
    assert table["share_weighted"].tolist()[2:] == pytest.approx(weighted.tolist())
    for _, part in table.groupby("column"):
        assert part[["share_respondents", "share_weighted", "share_staff"]].sum().tolist() == pytest.approx(
            [1, 1, 1]
        )


def test_the_staff_list_says_who_respondents_are_before_their_sheets_do(counted: Any) -> None:
    sheets = with_staff(counted).tables["employees"]
    sheets["contract"] = "unknown"
    counted.variables["employees.contract"] = counted.entry("employees", "contract", "category")
    table = respondents_against_staff(counted.load())
    assert table[["category", "n_respondents"]].to_numpy().tolist()[:2] == [["fixed", 40], ["hired", 20]]


def test_without_persons_the_columns_of_the_same_name_are_compared(counted: Any) -> None:
    with_staff(counted, site="x", reason=["moved"] * 3 + [None] * 77)
    counted.tables["employees"]["contract"] = ["fixed"] * 45 + ["hired"] * 15
    counted.variables["employees.contract"] = counted.entry("employees", "contract", "category")
    del counted.variables["employees.id"]
    table = respondents_against_staff(counted.load())
    assert table.loc[table["source"] == "staff list", ["column", "n_respondents"]].to_numpy().tolist() == [
        ["contract", 45],
        ["contract", 15],
    ]


def test_a_reason_for_leaving_is_not_a_category_of_the_staff(counted: Any) -> None:
    with_staff(counted, reason=["moved"] * 3 + [None] * 77)
    assert "reason" not in set(respondents_against_staff(counted.load())["column"])


def test_cramers_v_against_scipy(counted: Any) -> None:
    table = representativeness(with_staff(counted).load())
    expected = [
        association(np.array([[40, 20], [0, 20]]), method="cramer"),
        association(np.array([[30, 30], [5, 35]]), method="cramer"),
    ]
    assert table["cramers_v"].tolist() == pytest.approx(expected)
    assert table[["n_respondents", "n_staff", "n_categories"]].to_numpy().tolist() == [
        [60, 80, 2],
        [60, 100, 2],
    ]


def test_r_indicator_by_hand_and_without_bias() -> None:
    # Two categories of 40, answered by all and by half: S^2 = 0.0625, chance 0.25 / 80 and 40 x 0.25 / 80^2.
    _, indicator = _dependence(np.array([40.0, 20.0]), np.array([40.0, 40.0]))
    assert indicator == pytest.approx(1 - 2 * np.sqrt(0.0625 - 0.25 / 80 + 10 / 80**2), abs=1e-12)
    rng = np.random.default_rng(4)
    staff = np.array([60.0, 80.0, 120.0, 40.0, 100.0])
    chances = np.array([0.3, 0.75, 0.6, 0.9, 0.5])
    share = staff / staff.sum()
    truth = 1 - 2 * np.sqrt(share @ (chances - share @ chances) ** 2)
    drawn = [
        _dependence(rng.binomial(staff.astype(int), chances).astype(float), staff)[1] for _ in range(2000)
    ]
    assert np.mean(drawn) == pytest.approx(truth, abs=0.003)
    equal = [_dependence(rng.binomial(staff.astype(int), 0.6).astype(float), staff)[1] for _ in range(2000)]
    assert np.mean(equal) > 0.95


def test_the_level_must_be_a_level(client: Any) -> None:
    with pytest.raises(ValueError, match=r"^conf_level must be between 0 and 1; got 95\.$"):
        response_by_group(client.load(), conf_level=95)


def test_head_counts_are_known_by_construct_as_well_as_by_name(client: Any, counted: Any) -> None:
    by_name = answers_by_wave(counted.load())
    counted.tables["units"] = counted.tables["units"].rename(columns={"headcount": "workforce"})
    counted.variables["units.staff"] = counted.entry("units", "workforce", "count", construct="headcount")
    study = counted.load()
    pd.testing.assert_frame_equal(answers_by_wave(study), by_name)
    assert response_by_group(study)["source"].unique().tolist() == ["head counts"]


def test_units_alone_have_a_response_rate_where_they_say_how_many_answered(client: Any) -> None:
    client.tables["units"] = client.tables["units"].assign(satisfied=[50.0] * 6, answers=[4, 5, 6, 7, 8, 6.0])
    client.variables |= {
        "units.staff": client.entry("units", "staff", "count", construct="headcount"),
        "units.satisfied": client.entry("units", "satisfied", "measure", construct="engagement", kind="percent",
                                        minimum=0, maximum=100, n_column="answers"),
    }  # fmt: skip
    client.settings["tables"] = {"units": "units.csv"}
    client.variables = {key: entry for key, entry in client.variables.items() if key.startswith("units.")}
    [rate] = answers_by_wave(client.load())["response_rate"]
    assert rate == pytest.approx(36 / 72)
    client.tables["units"].loc[0, "answers"] = np.nan
    assert answers_by_wave(client.load())["response_rate"].isna().all()
