"""Counts of units with their exposure: read as they are, from percentages, and from the staff list."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from exresearch.measures import NoExposure, NotMeasured, link_side, staff_exits, unit_count
from exresearch.study import Study, Variable, load_study
from exresearch.study.demo import write_demo_study


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return load_study(write_demo_study(Path(tmp_path_factory.mktemp("demo")), n_units=6, n_employees=120))


def changed(
    study: Study, *, variables: tuple[Variable, ...] = (), drop: tuple[str, ...] = (), **tables: object
) -> Study:
    """The study with other tables, without columns of units, and with more entries in its codebook."""
    kept = tuple(v for v in study.codebook.variables if not (v.table == "units" and v.column in drop))
    book = dataclasses.replace(study.codebook, variables=kept + variables)
    return dataclasses.replace(study, codebook=book, tables={**study.tables, **tables})  # type: ignore[dict-item]


def units_of(study: Study) -> pd.DataFrame:
    return study.table("units").copy()


def test_a_count_is_read_with_the_head_count(demo: Study) -> None:
    units, found = units_of(demo), unit_count(demo, "absence")
    assert found.source == "count"
    assert found.n_excluded == found.n_rounded == 0
    expected = units[["unit", "wave", "absence_days", "headcount"]].set_axis(
        ["unit", "wave", "count", "exposure"], axis=1
    )
    expected = expected.astype({"count": "float64", "exposure": "float64"})
    pd.testing.assert_frame_equal(
        found.frame.sort_values(["unit", "wave"], ignore_index=True),
        expected.sort_values(["unit", "wave"], ignore_index=True),
        check_dtype=False,
    )


def test_rows_that_cannot_be_used_are_counted(demo: Study) -> None:
    units = units_of(demo).astype({"absence_days": "float64", "headcount": "float64"})
    units.loc[0, "absence_days"] = -1
    units.loc[1, "headcount"] = 0
    units.loc[2, "absence_days"] = None
    units.loc[3, "absence_days"] = 10.5
    found = unit_count(changed(demo, units=units), "absence")
    assert (len(found.frame), found.n_excluded, found.n_rounded) == (len(units) - 3, 2, 1)
    assert (found.frame["count"] % 1 == 0).all()


def test_a_percentage_is_turned_into_a_count(demo: Study) -> None:
    units = units_of(demo).assign(absent=4.0)
    scale: dict[str, Any] = {"kind": "percent", "minimum": 0, "maximum": 100}
    percent = Variable(table="units", column="absent", role="measure", construct="absence", **scale)
    found = unit_count(changed(demo, variables=(percent,), drop=("absence_days",), units=units), "absence")
    assert found.source == "percentage"
    assert found.n_rounded == 0
    expected = (found.frame["exposure"] * 0.04).round()
    assert found.frame["count"].tolist() == expected.tolist()


def test_a_rate_of_an_unknown_base_has_no_exposure(demo: Study) -> None:
    rate = Variable(table="units", column="absence_days", role="measure", construct="absence", kind="rate")
    with pytest.raises(NoExposure, match="a rate of which the base is not known"):
        unit_count(changed(demo, variables=(rate,), drop=("absence_days",)), "absence")


def test_without_head_count_and_staff_list_there_is_no_exposure(demo: Study) -> None:
    lacking = changed(demo, drop=("headcount",), units=units_of(demo).drop(columns="headcount"))
    lacking.tables.pop("people")
    with pytest.raises(NoExposure, match="nowhere known"):
        unit_count(lacking, "absence")


def test_another_exposure_is_a_count_of_that_construct(demo: Study) -> None:
    found = unit_count(demo, "referrals", exposure="campaign_reach")
    merged = found.frame.merge(units_of(demo), on=["unit", "wave"])
    assert (merged["exposure"] == merged["campaign_reach"]).all()
    with pytest.raises(NoExposure, match="has the construct 'nothing'"):
        unit_count(demo, "referrals", exposure="nothing")


def test_what_is_not_there_is_not_measured(demo: Study) -> None:
    with pytest.raises(NotMeasured, match="no count and no percentage"):
        unit_count(changed(demo, drop=("absence_days",)), "absence")


def test_leavers_come_from_the_staff_list_where_units_lack_them(demo: Study) -> None:
    counted = unit_count(demo, "turnover")
    listed = unit_count(changed(demo, drop=("leavers",)), "turnover")
    assert (counted.source, listed.source) == ("count", "people")
    both = counted.frame.merge(listed.frame, on=["unit", "wave"], suffixes=("", "_list"))
    assert len(both) == len(listed.frame) > 0
    # The demo writes who left in the rest of the quarter into both.
    assert both["count"].tolist() == both["count_list"].tolist()
    assert both["exposure"].tolist() == both["exposure_list"].tolist()


def test_exits_are_counted_by_hand(demo: Study) -> None:
    people = pd.DataFrame(
        {
            "person": list("abcdef"),
            "unit": ["x", "x", "x", "y", "y", "y"],
            "start": pd.to_datetime(
                ["2023-01-01", "2023-01-01", "2024-02-15", "2023-01-01", "2024-01-01", "2024-04-01"]
            ),
            "end": pd.to_datetime(
                ["2024-03-31", None, "2024-03-01", "2023-12-31", "2024-01-01", "2024-06-30"]
            ),
        }
    )
    people = people.assign(start=pd.to_datetime(people["start"]), end=pd.to_datetime(people["end"]))
    small = dataclasses.replace(demo, tables={"people": people}, waves=("2024Q1", "2024Q2", "2024Q3"))
    found = staff_exits(small).frame.sort_values(["wave", "unit"], ignore_index=True)
    # x, first quarter: a and b are there on its first day, a leaves, c came later. y: e alone, who leaves that day.
    assert found[["unit", "wave", "count", "exposure"]].to_numpy().tolist() == [
        ["x", "2024Q1", 1.0, 2.0],
        ["y", "2024Q1", 1.0, 1.0],
        ["x", "2024Q2", 0.0, 1.0],
        ["y", "2024Q2", 1.0, 1.0],
    ]


def test_a_staff_list_without_dates_or_waves_without_dates_count_nobody(demo: Study) -> None:
    people = demo.table("people").drop(columns="end")
    with pytest.raises(NotMeasured, match="who left which unit when"):
        staff_exits(changed(demo, people=people))
    with pytest.raises(NotMeasured, match="no wave has dates"):
        staff_exits(dataclasses.replace(demo, waves=("before", "after")))


def test_the_employees_side_needs_no_customers(demo: Study) -> None:
    alone = dataclasses.replace(demo, tables={k: v for k, v in demo.tables.items() if k == "employees"})
    side, left_out = link_side(alone, "engagement", table="employees", min_unit_n=5)
    assert side.kind == "share"
    assert side.frame["n"].min() >= 5
    strict, more = link_side(alone, "engagement", table="employees", min_unit_n=1000)
    assert strict.frame.empty
    assert more == demo.table("employees")["unit"].nunique() > left_out
