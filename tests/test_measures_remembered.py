"""What is kept of a study: given again, never changed by whoever got it, gone with the study."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from exresearch.measures import link_table
from exresearch.measures.remembered import _KEPT, remembered
from exresearch.study import Study, load_study


@pytest.fixture
def study(client: Any) -> Study:
    return load_study(client.write())


def test_what_was_asked_before_is_not_worked_out_again(study: Study) -> None:
    calls: list[int] = []

    def make() -> int:
        calls.append(1)
        return len(calls)

    assert [remembered(study, key, make) for key in ("a", "a", "b", "a")] == [1, 1, 2, 1]
    # Another study with the same tables is another study, and so is one with another table.
    assert remembered(replace(study), "a", make) == 3
    study.tables["extra"] = pd.DataFrame({"x": [1.0]})
    assert remembered(study, "a", make) == 4
    study.tables["extra"]["y"] = 2.0
    assert remembered(study, "a", make) == 5


def test_what_fails_is_not_kept(study: Study) -> None:
    with pytest.raises(ZeroDivisionError):
        remembered(study, "a", lambda: 1 // 0)
    assert remembered(study, "a", lambda: 1) == 1


def test_nothing_is_kept_of_a_study_that_is_gone(study: Study) -> None:
    gone = replace(study)
    place = id(gone)
    remembered(gone, "a", lambda: 1)
    assert place in _KEPT
    del gone
    gc.collect()
    assert place not in _KEPT


def test_a_link_table_may_be_changed_by_whoever_got_it(study: Study) -> None:
    options: dict[str, Any] = {"ex_measure": "engagement", "cx_measure": "cx", "min_unit_n": 1}
    first = link_table(study, **options)
    expected = first.panel.copy()
    first.panel["ex"] = 0.0
    first.panel.loc[:, "cx"] = 0.0
    first.units["more"] = 1.0
    first.ex.frame["value"] = 0.0
    first.few["ex"].add("nobody")
    again = link_table(study, **options)
    pd.testing.assert_frame_equal(again.panel, expected)
    assert "more" not in again.units
    assert "nobody" not in again.few["ex"]
    assert (again.ex.frame["value"] != 0.0).any()
    # Other choices are other tables.
    assert link_table(study, **(options | {"min_unit_n": 10**6})).panel.empty
