"""Answers turned the right way, scores, the engagement index with its bands, and groups that belong together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.measures import (
    UnsuitableScale,
    construct_score,
    dependence_groups,
    engaged,
    engagement_band,
    engagement_index,
    least_share,
    oriented,
    oriented_frame,
)
from exresearch.study import Codebook, Construct, Variable

NAN = np.nan


def item(column: str, construct: str = "engagement", **more: Any) -> Variable:
    scale = {"minimum": 1, "maximum": 7} | more
    return Variable(table="employees", column=column, role="item", construct=construct, **scale)


THREE = Codebook(variables=(item("a"), item("b"), item("c", reversed=True)), constructs={})
FRAME = pd.DataFrame({"a": [7, 1, 6, NAN], "b": [7, 1, NAN, NAN], "c": [1, 7, 2, NAN]}, dtype="float64")


@pytest.mark.parametrize(
    ("scale", "turned"), [({}, [7.0, 4.0, 1.0]), ({"minimum": 0, "maximum": 10}, [9.0, 6.0, 3.0])]
)
def test_reversed_answers_are_mirrored_on_their_own_scale(scale: dict[str, int], turned: list[float]) -> None:
    values = pd.Series([1, 4, 7])
    assert oriented(values, item("a", **scale)).tolist() == [1.0, 4.0, 7.0]
    assert oriented(values, item("a", reversed=True, **scale)).tolist() == turned
    assert values.tolist() == [1, 4, 7]
    assert values.dtype == "int64"


def test_oriented_columns_keep_their_names_and_missing_answers() -> None:
    frame = FRAME.set_axis([9, 3, 5, 7])
    turned = oriented_frame(frame, THREE.variables)
    assert list(turned.columns) == ["a", "b", "c"]
    assert turned.index.tolist() == [9, 3, 5, 7]
    np.testing.assert_array_equal(turned["c"], [7, 1, 6, NAN])


@pytest.mark.parametrize(
    ("min_share", "expected"),
    [(0.5, [7.0, 1.0, 6.0, NAN]), (0.7, [7.0, 1.0, NAN, NAN]), (1, [7.0, 1.0, NAN, NAN])],
)
def test_a_score_needs_its_share_of_answers(min_share: float, expected: list[float]) -> None:
    score = construct_score(
        FRAME, codebook=THREE, table="employees", construct="engagement", min_share=min_share
    )
    np.testing.assert_array_equal(score, expected)


@pytest.mark.parametrize(
    ("declared", "expected"), [(None, 0.5), (0.5, 0.5), (0.7, 0.7), (1.0, 1.0), (0.2, 0.2)]
)
def test_the_codebook_says_how_many_items_a_score_needs(declared: float | None, expected: float) -> None:
    label = {"nl": "Bevlogenheid", "en": "Engagement"}
    book = THREE
    if declared is not None:
        book = Codebook(THREE.variables, {"engagement": Construct(**label, min_share=declared)})
    assert least_share(book, "engagement") == expected
    given: dict[str, Any] = {"codebook": book, "table": "employees", "construct": "engagement"}
    score = construct_score(FRAME, **given)
    # The caller may still say otherwise, and the index of three is a sum whatever the codebook says.
    np.testing.assert_array_equal(score, construct_score(FRAME, **given, min_share=expected))
    np.testing.assert_array_equal(score, [7.0, 1.0, 6.0 if expected <= 2 / 3 else NAN, NAN])
    np.testing.assert_array_equal(construct_score(FRAME, **given, min_share=0.5), [7.0, 1.0, 6.0, NAN])
    np.testing.assert_array_equal(engagement_index(FRAME, codebook=book), [21, 3, NAN, NAN])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"construct": "ease"}, "no item of table 'employees' measures construct 'ease'; see the codebook."),
        (
            {"table": "customers"},
            "no item of table 'customers' measures construct 'engagement'; see the codebook.",
        ),
        ({"min_share": 0}, "min_share must be above 0 and at most 1; got 0."),
        ({"min_share": 2}, "min_share must be above 0 and at most 1; got 2."),
        (
            {"codebook": Codebook((item("a"), item("b", maximum=5)), {})},
            "the items of construct 'engagement' have different scales (1-5, 1-7); score them separately.",
        ),
    ],
)
def test_a_score_that_would_mean_nothing(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        construct_score(
            FRAME, **{"codebook": THREE, "table": "employees", "construct": "engagement"} | options
        )
    assert str(caught.value) == message


def test_the_index_is_a_sum_of_complete_answers() -> None:
    np.testing.assert_array_equal(engagement_index(FRAME, codebook=THREE), [21, 3, NAN, NAN])


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ((item("a"), item("b")), "2 (scales: 1-7)"),
        ((item("a"), item("b"), item("c", maximum=5)), "3 (scales: 1-5, 1-7)"),
        ((), "0 (scales: none)"),
    ],
)
def test_the_bands_do_not_carry_over_to_other_items(variables: tuple[Variable, ...], shown: str) -> None:
    with pytest.raises(UnsuitableScale) as caught:
        engaged(FRAME, codebook=Codebook(variables, {}), definition="highly")
    assert str(caught.value) == (
        f"the engagement index needs three items on a scale of 1-7; construct 'engagement' has {shown}. "
        "Set engaged_definition: threshold, with an engaged_threshold on the scale of the items."
    )


def test_bands_begin_at_their_limits() -> None:
    index = pd.Series([21, 19, 18, 16, 15, 13, 12, 3, NAN])
    bands = engagement_band(index)
    names = ["highly", "moderately", "slightly", "disengaged"]
    assert bands.cat.categories.tolist() == names
    assert bands.tolist()[:8] == [name for name in names for _ in range(2)]
    assert bands.isna().tolist() == [False] * 8 + [True]


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("highly", [1, 1, 0, 0, 0, 0, NAN]),
        ("highly_or_moderately", [1, 1, 1, 1, 0, 0, NAN]),
        ("threshold", [1, 1, 1, 1, 1, 0, NAN]),
    ],
)
def test_who_counts_as_engaged(definition: Any, expected: list[float]) -> None:
    sums = [(7, 7, 7), (7, 6, 6), (6, 6, 6), (6, 5, 5), (5, 5, 5), (5, 5, 4), (NAN, NAN, 7)]
    frame = pd.DataFrame(sums, columns=["a", "b", "c"])
    book = Codebook((item("a"), item("b"), item("c")), {})
    result = engaged(frame, codebook=book, definition=definition, threshold=5.0)
    np.testing.assert_array_equal(result, expected)
    assert result.dtype == "float64"


@pytest.mark.parametrize(
    ("units", "people", "by"),
    [(10, 40, "unit"), (9, 40, "person"), (0, 10, "person"), (9, 9, "row"), (0, 0, "row")],
)
def test_groups_that_answers_are_kept_together_by(units: int, people: int, by: str) -> None:
    frame = pd.DataFrame({"answer": range(80)})
    if units:
        frame["unit"] = [f"u{i % units}" for i in range(80)]
    if people:
        frame["person"] = [f"p{i % people}" for i in range(80)]
    groups = dependence_groups(frame)
    assert (groups.by, groups.n_units) == (by, units)
    assert groups.labels.nunique() == {"unit": units, "person": people, "row": 80}[by]
    assert groups.labels.index.equals(frame.index)


def test_rows_without_a_unit_are_groups_of_their_own() -> None:
    frame = pd.DataFrame({"unit": [f"u{i % 12}" for i in range(60)]}, dtype="str")
    frame.loc[[0, 5, 6], "unit"] = None
    groups = dependence_groups(frame)
    assert groups.n_units == 12
    assert groups.labels.notna().all()
    assert groups.labels[[0, 5, 6]].nunique() == 3
    assert not set(groups.labels[[0, 5, 6]]) & set(frame["unit"].dropna())
    assert frame["unit"].isna().sum() == 3
