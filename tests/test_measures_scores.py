"""Answers turned the right way, scores, the engagement index with its bands, and groups that belong together."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.multivariate.factor import Factor

from exresearch.measures import (
    NotMeasured,
    NotScorable,
    UnsuitableScale,
    approximates,
    construct_score,
    dependence_groups,
    engaged,
    engagement_band,
    engagement_index,
    least_share,
    link_table,
    oriented,
    oriented_frame,
    other_definition,
    score_method,
    score_summary,
)
from exresearch.measures.scores import bartlett_scores, fit_factor
from exresearch.study import Codebook, Construct, Variable

NAN = np.nan
FACTORS = json.loads((Path(__file__).parent / "reference" / "one_factor.json").read_text(encoding="utf-8"))[
    "cases"
]
# lavaan stops when its own criterion changes by less than this.
LAVAAN = 3e-6


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
        ({"method": "median"}, "method must be one of mean, sum, factor; got 'median'."),
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
        (tuple(item(name, maximum=5) for name in "abc"), "3 (scales: 1-5)"),
    ],
)
def test_the_bands_do_not_carry_over_to_other_items(variables: tuple[Variable, ...], shown: str) -> None:
    with pytest.raises(UnsuitableScale) as caught:
        engaged(FRAME, codebook=Codebook(variables, {}), definition="highly")
    assert str(caught.value) == (
        f"the engagement index needs three items on a scale of 1-7; construct 'engagement' has {shown}. "
        "Set engaged_definition: threshold, with an engaged_threshold on the scale of the items."
    )


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ((item("a", maximum=5), item("b", maximum=5)), "2 (scales: 1-5)"),
        ((item("a"), item("b"), item("c", maximum=5)), "3 (scales: 1-5, 1-7)"),
        (tuple(item(name, maximum=5) for name in "abcd"), "4 (scales: 1-5)"),
    ],
)
def test_only_three_items_of_one_scale_are_approximated(variables: tuple[Variable, ...], shown: str) -> None:
    for definition in ("highly_approximated", "highly_or_moderately_approximated"):
        with pytest.raises(UnsuitableScale) as caught:
            engaged(FRAME, codebook=Codebook(variables, {}), definition=definition)
        assert str(caught.value) == (
            f"the engagement index needs three items on one scale; construct 'engagement' has {shown}. "
            "Set engaged_definition: threshold, with an engaged_threshold on the scale of the items."
        )


@pytest.mark.parametrize(("low", "high"), [(1, 5), (0, 10), (1, 4), (0, 100)])
def test_another_scale_is_stretched_to_1_7(low: int, high: int) -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.integers(low, high + 1, (200, 3)), columns=list("abc")).astype("float64")
    frame.loc[:2] = [[low] * 3, [high] * 3, [NAN, high, high]]
    scale = {"minimum": low, "maximum": high}
    book = Codebook((item("a", **scale), item("b", **scale), item("c", reversed=True, **scale)), {})
    turned = frame.assign(c=low + high - frame["c"])
    expected = (1 + 6 * (turned - low) / (high - low)).sum(axis=1, skipna=False)
    index = engagement_index(frame, codebook=book, approximated=True)
    np.testing.assert_allclose(index, expected, atol=1e-8)
    assert (index[0], index[1]) == (9.0, 15.0)
    for definition, floor in (("highly_approximated", 19), ("highly_or_moderately_approximated", 16)):
        share = engaged(frame, codebook=book, definition=definition)
        np.testing.assert_array_equal(
            share, (expected.round(6) >= floor).where(expected.notna()).astype("float64")
        )
    with pytest.raises(UnsuitableScale):
        engagement_index(frame, codebook=book)


def test_on_1_7_the_approximation_is_the_index() -> None:
    for definition in ("highly", "highly_or_moderately"):
        exact = engaged(FRAME, codebook=THREE, definition=definition)
        pd.testing.assert_series_equal(
            engaged(FRAME, codebook=THREE, definition=f"{definition}_approximated"), exact
        )
    assert [approximates(d) for d in ("highly", "threshold", "highly_approximated")] == [False, False, True]
    assert other_definition("threshold") is None
    for definition in ("highly", "highly_or_moderately_approximated"):
        other = other_definition(definition)
        assert other is not None
        assert other_definition(other) == definition
        assert approximates(other) == approximates(definition)


def test_a_limit_of_the_bands_is_met_in_spite_of_rounding() -> None:
    # Three times 5 1/3, and three times 6 1/3: sums that are 16 and 19 but for their last digits.
    scale = {"minimum": 0, "maximum": 3.6}
    book = Codebook(tuple(item(name, **scale) for name in "abc"), {})
    frame = pd.DataFrame({"a": [2.6, 3.2], "b": [2.6, 3.2], "c": [2.6, 3.2]})
    assert engagement_index(frame, codebook=book, approximated=True).tolist() == [16.0, 19.0]
    assert engaged(frame, codebook=book, definition="highly_or_moderately_approximated").tolist() == [
        1.0,
        1.0,
    ]
    assert engaged(frame, codebook=book, definition="highly_approximated").tolist() == [0.0, 1.0]


@pytest.mark.parametrize("threshold", [1.0, 0.5, 7.1])
def test_a_threshold_outside_the_scale_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError) as caught:
        engaged(FRAME, codebook=THREE, definition="threshold", threshold=threshold)
    assert str(caught.value) == (
        "threshold must lie on the scale of the items of 'engagement', above 1 and not above 7; got "
        f"{threshold:g}."
    )


def test_an_unknown_definition_is_refused() -> None:
    with pytest.raises(ValueError) as caught:
        engaged(FRAME, codebook=THREE, definition="fully")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "definition must be one of highly, highly_or_moderately, highly_approximated, "
        "highly_or_moderately_approximated, threshold; got 'fully'."
    )


def test_a_threshold_is_one_of_the_mean_whatever_the_codebook_says() -> None:
    label = {"nl": "Bevlogenheid", "en": "Engagement"}
    for method in ("mean", "sum", "factor"):
        book = Codebook(THREE.variables, {"engagement": Construct(**label, score=method)})
        np.testing.assert_array_equal(
            engaged(FRAME, codebook=book, definition="threshold", threshold=6.0), [1, 0, 1, NAN]
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


# Sums and factor scores


def answers(covariance: Any, *, n: int = 60, seed: int = 0) -> pd.DataFrame:
    """Sheets whose covariance, divided by n, is exactly this one."""
    size = len(covariance)
    z = np.random.default_rng(seed).standard_normal((n, size))
    z -= z.mean(axis=0)
    z = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / n)).T @ np.linalg.cholesky(np.asarray(covariance)).T
    return pd.DataFrame(z, columns=[f"q{i}" for i in range(size)])


def scale_of(frame: pd.DataFrame, *, score: Any = "factor", **more: Any) -> Codebook:
    ends = {"minimum": 1, "maximum": 7} | more
    variables = tuple(item(name, "trust", **ends) for name in frame.columns)
    return Codebook(variables, {"trust": Construct(nl="Vertrouwen", en="Trust", score=score)})


def likert(n: int = 400, *, seed: int = 4, size: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    latent = rng.standard_normal((n, 1)) * np.linspace(1.4, 0.5, size) + rng.normal(0, 0.9, (n, size))
    return pd.DataFrame(np.clip(np.round(4 + latent), 1, 7), columns=[f"q{i}" for i in range(size)])


def test_a_sum_is_prorated_and_min_share_holds_for_it() -> None:
    book = Codebook(THREE.variables, {"engagement": Construct(nl="a", en="b", score="sum")})
    options: dict[str, Any] = {"codebook": book, "table": "employees", "construct": "engagement"}
    assert score_method(book, "engagement") == "sum"
    np.testing.assert_array_equal(construct_score(FRAME, **options), [21.0, 3.0, 18.0, NAN])
    np.testing.assert_array_equal(construct_score(FRAME, **options, min_share=1), [21.0, 3.0, NAN, NAN])
    np.testing.assert_array_equal(construct_score(FRAME, **options, method="mean"), [7.0, 1.0, 6.0, NAN])


@pytest.mark.parametrize("name", list(FACTORS))
def test_one_factor_is_that_of_lavaan(name: str) -> None:
    case = FACTORS[name]
    model = fit_factor(answers(case["covariance"]))
    np.testing.assert_allclose(model.loadings, case["loadings"], atol=LAVAAN)
    np.testing.assert_allclose(model.uniquenesses, case["residual_var"], atol=LAVAAN)
    np.testing.assert_allclose(model.means, 0, atol=1e-12)
    assert model.n == 60


def test_three_items_have_a_closed_form() -> None:
    # With three items the model reproduces the covariances: loading 1 is sqrt(s12 s13 / s23).
    s = np.array([[2.0, 0.8, 0.6], [0.8, 1.5, 0.5], [0.6, 0.5, 1.2]])
    model = fit_factor(answers(s))
    expected = [np.sqrt(0.8 * 0.6 / 0.5), np.sqrt(0.8 * 0.5 / 0.6), np.sqrt(0.6 * 0.5 / 0.8)]
    np.testing.assert_allclose(model.loadings, expected, atol=1e-6)
    np.testing.assert_allclose(model.uniquenesses, np.diag(s) - np.square(expected), atol=1e-6)


def test_factor_scores_are_bartlett_s_and_a_weighted_mean_of_the_items() -> None:
    frame = likert()
    book = scale_of(frame)
    score = construct_score(frame, codebook=book, table="employees", construct="trust")
    model = fit_factor(frame)
    # Bartlett's formula in matrices, and statsmodels' own fit and scores.
    inverse = np.diag(1 / model.uniquenesses)
    loadings = model.loadings[:, None]
    weights = np.linalg.inv(loadings.T @ inverse @ loadings) @ loadings.T @ inverse
    factor = (frame.to_numpy() - model.means) @ weights.T[:, 0]
    other = Factor(frame.to_numpy(), n_factor=1, method="ml").fit().factor_scoring(method="bartlett")[:, 0]
    assert abs(np.corrcoef(factor, other)[0, 1]) == pytest.approx(1, abs=1e-6)
    slope, start = np.polyfit(factor, score, 1)
    np.testing.assert_allclose(score, start + slope * factor, atol=1e-9)
    # On the items' own scale: who answers 5 everywhere scores 5, and nobody lies outside.
    strength = model.loadings / model.uniquenesses
    np.testing.assert_allclose(score, frame.to_numpy() @ strength / strength.sum(), atol=1e-9)
    same = pd.DataFrame(np.repeat([[5.0], [1.0]], 4, axis=1), columns=frame.columns)
    np.testing.assert_allclose(bartlett_scores(same, model), [5.0, 1.0], atol=1e-9)
    assert score.between(1, 7).all()
    # The item that goes with the others most counts most.
    assert np.argmax(strength) == 0


def test_a_gap_moves_a_factor_score_neither_up_nor_down() -> None:
    # The last item is hard to agree with: leaving it out must not look like agreement.
    rng = np.random.default_rng(6)
    factor = rng.standard_normal((4000, 1))
    frame = pd.DataFrame(4 + factor + rng.normal(0, 0.7, (4000, 4)), columns=[f"q{i}" for i in range(4)])
    frame["q3"] -= 2
    book = scale_of(frame)
    options: dict[str, Any] = {"codebook": book, "table": "employees", "construct": "trust"}
    whole = construct_score(frame, **options)
    # A score given its own model: only the gap differs.
    gap = bartlett_scores(frame.assign(q3=NAN), fit_factor(frame))
    assert (gap - whole).mean() == pytest.approx(0, abs=0.02)
    mean = construct_score(frame.assign(q3=NAN), **options, method="mean") - construct_score(
        frame, **options, method="mean"
    )
    assert mean.mean() == pytest.approx(0.5, abs=0.02)
    few = construct_score(
        frame.assign(q2=frame["q2"].where(frame.index > 5), q3=frame["q3"].where(frame.index > 5)),
        **options, min_share=0.6,
    )  # fmt: skip
    assert few.isna().tolist() == [True] * 6 + [False] * 3994


def test_weights_order_and_turned_items_do_not_change_what_is_scored() -> None:
    frame = likert()
    book = scale_of(frame)
    options: dict[str, Any] = {"codebook": book, "table": "employees", "construct": "trust"}
    score = construct_score(frame, **options)
    shuffled = frame.sample(frac=1, random_state=1)
    np.testing.assert_allclose(construct_score(shuffled, **options)[frame.index], score, atol=1e-5)
    other = Codebook(book.variables[::-1], book.constructs)
    np.testing.assert_allclose(
        construct_score(frame, codebook=other, table="employees", construct="trust"), score, atol=1e-5
    )
    turned = Codebook((replace(book.variables[0], reversed=True), *book.variables[1:]), book.constructs)
    np.testing.assert_allclose(
        construct_score(frame.assign(q0=8 - frame["q0"]), codebook=turned, table="employees", construct="trust"),
        score, atol=1e-5,
    )  # fmt: skip
    np.testing.assert_allclose(construct_score(frame.assign(weight=3.0), **options), score, atol=1e-5)
    # A weight of 2 is a sheet that is there twice.
    weight = pd.Series(np.where(frame.index < 100, 2.0, 1.0))
    doubled = pd.concat([frame, frame.head(100)], ignore_index=True)
    np.testing.assert_allclose(
        construct_score(frame.assign(weight=weight), **options),
        construct_score(doubled, **options)[frame.index],
        atol=1e-5,
    )
    assert not np.allclose(construct_score(frame.assign(weight=weight), **options), score, atol=1e-4)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (
            lambda f: f[["q0", "q1"]],
            "A factor score needs at least 3 items; score the mean or the sum instead.",
        ),
        (
            lambda f: f.head(49),
            "A factor score needs at least 50 answer sheets on which all items are answered.",
        ),
        (
            lambda f: f.assign(q0=f["q0"].where(f.index < 49)),
            "A factor score needs at least 50 answer sheets on which all items are answered.",
        ),
        (
            lambda f: f.assign(q1=4.0),
            "One of the items has the same answer on every complete sheet, so that no factor can be found.",
        ),
        (
            lambda f: f.assign(q1=f["q0"]),
            "Some of the items follow from the others exactly, so that no factor can be found; leave one out.",
        ),
        (
            lambda f: f.assign(q1=8 - f["q1"]),
            "One of the items goes against the others: see whether it is reversed, or score the mean or the sum "
            "instead.",
        ),
        (
            lambda f: answers([[1, 0.8, 0.8], [0.8, 1, 0.3], [0.8, 0.3, 1]]),
            "One of the items would be the factor by itself (a Heywood case); score the mean or the sum instead.",
        ),
    ],
)
def test_where_there_is_no_factor(spoil: Any, reason: str) -> None:
    frame = spoil(likert())
    with pytest.raises(NotScorable) as caught:
        construct_score(frame, codebook=scale_of(frame), table="employees", construct="trust")
    assert str(caught.value) == f"construct 'trust' of table 'employees' has no factor score: {reason}"
    assert caught.value.reason == reason
    assert isinstance(caught.value, ValueError)


@pytest.fixture
def scored(client: Any) -> Any:
    """Two waves; the second alone asked `trust`, three items of which the last two were left open by some."""
    table = client.tables["employees"]
    second = table.assign(year="2025")
    for number, column in enumerate(likert(60, seed=8, size=3).T.to_numpy()):
        second[f"trust_{number}"] = column
        table[f"trust_{number}"] = NAN
    second.loc[[0, 1], ["trust_1", "trust_2"]] = NAN
    second.loc[3, "trust_2"] = NAN
    client.tables["employees"] = pd.concat([table, second], ignore_index=True)
    for name in ("customers", "units"):
        frame = client.tables[name]
        client.tables[name] = pd.concat([frame, frame.assign(year="2025")])
    for number in range(3):
        entry = client.entry("employees", f"trust_{number}", "item", construct="trust", minimum=1, maximum=7)
        client.variables[f"employees.trust_{number}"] = entry
    return client.load()


def test_no_sheet_gets_lost_on_the_way_to_a_score(scored: Any) -> None:
    table = score_summary(scored)
    assert list(table.columns) == [
        "table", "construct", "label", "method", "n_items", "min_share", "n", "n_scored", "n_too_few", "n_unasked",
        "n_unscorable", "mean", "sd", "minimum", "maximum", "reason",
    ]  # fmt: skip
    assert table[["table", "construct"]].to_numpy().tolist() == [
        ["employees", "engagement"], ["employees", "enps"], ["employees", "trust"], ["customers", "cx"],
    ]  # fmt: skip
    parts = table[["n_scored", "n_too_few", "n_unasked", "n_unscorable"]]
    assert parts.sum(axis=1).tolist() == table["n"].tolist() == [120, 120, 120, 120]
    trust = table.iloc[2]
    assert trust[["n_items", "min_share", "method", "reason"]].tolist() == [3, 0.5, "mean", ""]
    assert parts.iloc[2].tolist() == [58, 2, 60, 0]
    score = construct_score(
        scored.table("employees"), codebook=scored.codebook, table="employees", construct="trust"
    )
    assert trust[["mean", "sd", "minimum", "maximum"]].tolist() == pytest.approx(
        [score.mean(), score.std(), score.min(), score.max()], rel=1e-12
    )
    # With weights of two, as if everybody were there twice.
    frame = scored.table("employees")
    weight = np.where(np.arange(len(frame)) % 3 == 0, 2.0, 1.0)
    weighted = replace(scored, tables=scored.tables | {"employees": frame.assign(weight=weight)})
    row = score_summary(weighted).iloc[2]
    there = score.notna()
    assert row["mean"] == pytest.approx(np.average(score[there], weights=weight[there]), rel=1e-12)
    spread = np.cov(score[there], aweights=weight[there], ddof=0) * 58 / 57
    assert row["sd"] == pytest.approx(np.sqrt(spread), rel=1e-12)


def test_why_there_are_no_scores(scored: Any) -> None:
    frame = scored.table("employees")
    book = scored.codebook
    label = {"nl": "Vertrouwen", "en": "Trust"}

    def trust(codebook: Codebook = book, **columns: Any) -> pd.Series:
        tables = scored.tables | {"employees": frame.assign(**columns)}
        return score_summary(replace(scored, codebook=codebook, tables=tables)).iloc[2]

    nobody = trust(**{f"trust_{number}": NAN for number in range(3)})
    assert nobody["reason"] == "Nobody answered any of its items."
    assert nobody[["n_scored", "n_too_few", "n_unasked"]].tolist() == [0, 0, 120]
    few = trust(trust_1=NAN, trust_2=NAN)
    assert few["reason"] == "On no answer sheet enough of its items are answered."
    assert few[["n_scored", "n_too_few", "n_unasked"]].tolist() == [0, 60, 60]
    assert few[["mean", "sd", "minimum", "maximum"]].isna().all()
    factor = Codebook(book.variables, {"trust": Construct(**label, score="factor")})
    assert trust(factor)[["method", "n_scored", "reason"]].tolist() == ["factor", 58, ""]
    alike = trust(factor, trust_1=frame["trust_0"])
    assert alike[["n_scored", "n_too_few", "n_unasked", "n_unscorable"]].tolist() == [0, 0, 60, 60]
    assert alike["reason"] == (
        "Some of the items follow from the others exactly, so that no factor can be found; leave one out."
    )
    link = replace(
        scored, codebook=factor, tables=scored.tables | {"employees": frame.assign(trust_1=frame["trust_0"])}
    )
    with pytest.raises(NotMeasured) as caught:
        link_table(link, ex_measure="trust", cx_measure="cx")
    assert (
        str(caught.value) == f"construct 'trust' of table 'employees' has no factor score: {alike['reason']}"
    )
    # Of the sum every mean is three times as large.
    total = Codebook(book.variables, {"trust": Construct(**label, score="sum")})
    means = [
        link_table(replace(scored, codebook=b), ex_measure="trust", cx_measure="cx").units["ex"]
        for b in (book, total)
    ]
    np.testing.assert_allclose(means[1], 3 * means[0], rtol=1e-12)
