"""Names of columns in every way that people write them: they work, or are refused in words, and never mislead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from exresearch.models import (
    NotEstimable,
    UnitMoments,
    dominance_analysis,
    importance_differences,
    importance_replicates,
    likelihood_importance,
    linear_regression,
    relative_importance,
    unit_moments,
)

# What is left of 15 digits.
SAME = 1e-12
NAMES = ["a", "b", "c", "d"]


def sheets(n: int = 120, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 4)) + rng.normal(size=(n, 1)), columns=NAMES)
    frame["y"] = frame["a"] + 0.5 * frame["b"] + rng.normal(size=n)
    frame["yes"] = (frame["y"] > 0.0).astype(float)
    frame["w"] = rng.uniform(0.5, 2.0, n)
    frame["team"] = rng.integers(15, size=n)
    return frame


FRAME = sheets()
USUAL: dict[str, object] = {"outcome": "y", "drivers": NAMES, "n_boot": 0, "seed": 1}


def importance(frame: pd.DataFrame | UnitMoments = FRAME, **options: object) -> pd.DataFrame:
    return relative_importance(frame, **(USUAL | options))


def refusal(
    call: Callable[..., object], *data: object, kind: type[ValueError] = ValueError, **options: object
) -> str:
    with pytest.raises(kind) as caught:
        call(*data, **options)
    assert type(caught.value) is kind
    return str(caught.value)


AS_WRITTEN: list[Callable[[list[str]], object]] = [
    tuple,
    pd.Index,
    np.array,
    pd.Series,
    lambda names: np.array(names, dtype=object),
    lambda names: (name for name in names),
    lambda names: dict.fromkeys(names).keys(),
    lambda names: pd.DataFrame(columns=names).columns,
]


@pytest.mark.parametrize("written", AS_WRITTEN)
def test_names_in_any_order_of_their_own_do(written: Callable[[list[str]], object]) -> None:
    pd.testing.assert_frame_equal(importance(drivers=written(NAMES)), importance())
    pd.testing.assert_frame_equal(
        importance(drivers=written(["a", "b"]), covariates=written(["c"]), methods=written(["lmg", "car"])),
        importance(drivers=["a", "b"], covariates=["c"], methods=["lmg", "car"]),
    )
    moments = unit_moments(FRAME, columns=written(NAMES))
    assert moments.columns == tuple(NAMES)
    assert [type(name) for name in moments.columns] == [str] * 4
    assert moments.select(written(["b", "a"])).columns == ("b", "a")
    fit = linear_regression(FRAME, outcome="y", predictors=written(["a", "b"]))
    pd.testing.assert_frame_equal(
        fit.table, linear_regression(FRAME, outcome="y", predictors=["a", "b"]).table
    )
    by_likelihood = likelihood_importance(
        FRAME, outcome="yes", drivers=written(["a", "b"]), model="logistic", fits=written(["mcfadden"])
    )
    assert by_likelihood.table["driver"].tolist() == ["a", "b"]


@pytest.mark.parametrize("written", AS_WRITTEN)
def test_sides_of_a_contrast_in_any_order_of_their_own_do(written: Callable[[list[str]], object]) -> None:
    # A generator that a check had used up gave a difference of 0 with an interval from 0 to 0.
    options = USUAL | {"n_boot": 199}
    table = importance_differences(FRAME, contrasts={"t": (written(["a"]), written(["b", "c"]))}, **options)
    expected = importance_differences(FRAME, contrasts={"t": (["a"], ["b", "c"])}, **options)
    pd.testing.assert_frame_equal(table, expected)
    values = importance().set_index("driver")["importance"]
    assert table["estimate"][0] == pytest.approx(values["a"] - values["b"] - values["c"], abs=SAME)


def test_dominance_takes_the_names_of_an_index() -> None:
    options = {"outcome": "y", "n_boot": 99, "seed": 1}
    result = dominance_analysis(FRAME, drivers=FRAME.columns[:2], covariates=FRAME.columns[2:3], **options)
    expected = dominance_analysis(FRAME, drivers=["a", "b"], covariates=["c"], **options)
    pd.testing.assert_frame_equal(result.pairs, expected.pairs)


A_SET = "got a set, whose order is not the same in every run."
LISTS = "a list of one or more column names"
REMEDY = ": make it a column of the data and give its name."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drivers": {"a"}}, f"drivers must be {LISTS}, {A_SET}"),
        ({"covariates": frozenset("e")}, f"covariates must be a list of column names, {A_SET}"),
        ({"drivers": 5}, f"drivers must be {LISTS}, got 5."),
        ({"drivers": None}, f"drivers must be {LISTS}, got None."),
        ({"drivers": []}, f"drivers must be {LISTS}, got []."),
        ({"drivers": (name for name in "")}, f"drivers must be {LISTS}, got []."),
        ({"drivers": [["a", "b"]]}, f"drivers must be {LISTS}, got [['a', 'b']]."),
        ({"drivers": np.array([["a", "b"]])}, f"drivers must be {LISTS}, got a ndarray."),
        ({"drivers": np.array("a")}, f"drivers must be {LISTS}, got a ndarray."),
        ({"outcome": ["y"]}, "outcome must be the name of a column, got ['y']."),
        ({"outcome": None}, "outcome must be the name of a column, got None."),
        ({"outcome": FRAME["y"]}, f"outcome must be the name of a column, got a Series{REMEDY}"),
        ({"weights": FRAME["w"]}, f"weights must be the name of a column, got a Series{REMEDY}"),
        ({"weights": np.ones(120)}, f"weights must be the name of a column, got a ndarray{REMEDY}"),
        ({"cluster": FRAME["team"]}, f"cluster must be the name of a column, got a Series{REMEDY}"),
        ({"cluster": ["team"]}, "cluster must be the name of a column, got ['team']."),
        (
            {"methods": {"lmg"}},
            "methods must be a list of some of ['lmg', 'relative_weights', 'first', 'last', 'beta_squared', 'pratt', "
            "'car', 'owen', 'lmg_sampled'], got {'lmg'}.",
        ),
        (
            {"blocks": ["a"]},
            "blocks must map drivers to the name of their block, as in {'a': 'pay', 'b': 'pay'}, got ['a'].",
        ),
        *(
            (
                {"blocks": {"a": nothing, "b": "k"}},
                "blocks give drivers ['a'] no name of a block: give one, or leave these drivers out of blocks.",
            )
            for nothing in (None, float("nan"), pd.NA, ["k"])
        ),
        (
            {"blocks": {"a": "y", "b": "y"}},
            "blocks ['y'] have the name of the outcome or of a covariate: rename the block.",
        ),
        ({"n_boot": False}, "n_boot must be an integer of at least 39 for conf_level=0.95, got False: use 1000 or "
         "more for a printed interval."),
        ({"n_boot": -0.0}, "n_boot must be an integer of at least 39 for conf_level=0.95, got -0.0: use 1000 or "
         "more for a printed interval."),
        *(
            (
                {"conf_level": level},
                f"conf_level must lie strictly between 0 and 1, got {level!r}: use 0.95 for 95 %.",
            )
            for level in (None, "x", True, [0.9], float("nan"))
        ),
        *(
            (
                {"smallest_effect": effect},
                "smallest_effect must be a positive difference in R-squared, for example 0.02, got "
                f"{effect!r}.",
            )
            for effect in ("x", [0.1], True, float("inf"))
        ),
    ],
)  # fmt: skip
def test_refusals(options: dict[str, object], message: str) -> None:
    assert refusal(importance, **options) == message


@pytest.mark.parametrize(
    ("contrasts", "message"),
    [
        (
            [("a", "b")],
            "contrasts must map names to two lists of drivers, as in {'pay - team': (['pay'], ['team'])}, got "
            "[('a', 'b')].",
        ),
        ({"t": 5}, "contrast 't' must be two non-empty lists of drivers, got 5."),
        ({"t": (1, 2)}, "contrast 't' must be two non-empty lists of drivers, got (1, 2)."),
        ({"t": "ab"}, "contrast 't' must be two non-empty lists of drivers, got 'ab'."),
        ({"t": ("a", "b")}, "contrast 't' must be two non-empty lists of drivers, got ('a', 'b')."),
        ({"t": (["a"], ["b"], "c")}, "contrast 't' must be two non-empty lists of drivers, got (['a'], ['b'], 'c')."),
    ],
)  # fmt: skip
def test_contrasts_that_are_none(contrasts: object, message: str) -> None:
    assert refusal(importance_differences, FRAME, contrasts=contrasts, **(USUAL | {"n_boot": 99})) == message


def test_replicates_check_their_number_and_seed() -> None:
    options = {"outcome": "y", "drivers": NAMES}
    assert refusal(importance_replicates, FRAME, n_boot=-1, seed=1, **options) == (
        "n_boot must be an integer of 0 or more, got -1."
    )
    assert refusal(importance_replicates, FRAME, n_boot=9, seed=True, **options) == (
        "seed must be an integer of 0 or more, got True."
    )


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_moments_refuse_what_is_no_list_of_names(missing: str) -> None:
    # The columns a and b were taken for the text "ab".
    assert (
        refusal(unit_moments, FRAME, columns="ab", missing=missing) == f"columns must be {LISTS}, got 'ab'."
    )
    assert (
        refusal(unit_moments, FRAME, columns={"a", "b"}, missing=missing)
        == f"columns must be {LISTS}, {A_SET}"
    )
    assert (
        refusal(unit_moments, FRAME, columns=None, missing=missing) == f"columns must be {LISTS}, got None."
    )
    weights = refusal(unit_moments, FRAME, columns=["a"], weights=FRAME["w"], missing=missing)
    assert weights == f"weights must be the name of a column, got a Series{REMEDY}"
    moments = unit_moments(FRAME, columns=["a", "b"], missing=missing)
    assert refusal(moments.select, "a") == f"columns must be {LISTS}, got 'a'."
    assert refusal(moments.select, ["a", "a"]) == (
        "columns ['a'] are named more than once: name every column once."
    )
    lists = FRAME.assign(team=[[1], [2]] * 60)
    assert refusal(unit_moments, lists, columns=["a"], cluster="team", missing=missing) == (
        "cluster column 'team' holds values that cannot be labels, such as lists: give each unit a number or a text."
    )
    by_likelihood = {"outcome": "yes", "drivers": ["a"], "model": "logistic", "cluster": "team"}
    assert refusal(likelihood_importance, lists, **by_likelihood) == (
        "cluster column 'team' holds values that cannot be labels, such as lists: give each unit a number or a text."
    )


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
@pytest.mark.parametrize("cluster", [None, "team"])
def test_counts_that_are_none(missing: str, cluster: str | None) -> None:
    moments = unit_moments(FRAME, columns=["a", "b"], cluster=cluster, missing=missing)
    ones = np.ones((2, moments.n_units))
    wrong = "counts must be numbers of zero or more: how often each unit enters a replicate."
    for bad in (-1.0, np.nan, np.inf):
        counts = ones.copy()
        counts[1, 3] = bad
        assert refusal(moments.correlations, counts) == wrong
    assert refusal(moments.sums, ones.astype(str)) == wrong
    ones[1] = 0.0
    for of in (moments.correlations, moments.covariances):
        assert refusal(of, ones) == (
            "1 of 2 replicates hold no unit (the first is number 1): leave out the rows of counts that are zero "
            "throughout."
        )
    assert_array_equal(moments.sums(ones)[1], np.zeros(moments.sums()[0].shape))
    assert_array_equal(moments.correlations(ones[:1].astype(bool)), moments.correlations(ones[:1]))


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_names_of_several_kinds(missing: str) -> None:
    renamed = FRAME.rename(columns={"a": 1.5, "b": None, "c": 7, "d": ("d", 1)})
    table = importance(renamed, drivers=[1.5, None, 7, ("d", 1)], missing=missing)
    assert_allclose(table["importance"], importance()["importance"], rtol=0, atol=SAME)
    sampled = importance(renamed, drivers=[1.5, None, 7], methods=["lmg_sampled"], n_orders=100)
    assert sampled["importance"].sum() == pytest.approx(sampled["r_squared"][0], abs=SAME)
    twice = refusal(importance, renamed, drivers=[1.5, "y", 7, 1.5])
    assert twice == "columns [1.5, 'y'] are named more than once among outcome, drivers and covariates."


def test_columns_that_floats_cannot_hold() -> None:
    cases = {
        "complex": (1j * FRAME["a"],
                    "columns ['b'] are not numeric: recode them to numbers, or make dummies of categories."),
        "tiny": (1e-160 * FRAME["a"],
                 "columns ['b'] vary by less than 1e-100 or hold values beyond 1e+100: give them in another unit, or "
                 "correct them."),
        "huge": (FRAME["a"].where(FRAME.index != 3, 1.7e308),
                 "columns ['b'] vary by less than 1e-100 or hold values beyond 1e+100: give them in another unit, or "
                 "correct them."),
        "labels": (FRAME.index + 2**60,
                   "columns ['b'] hold whole numbers beyond 2**53, of which the last digits would be lost: they look "
                   "like labels; leave them out, or convert them to float first."),
    }  # fmt: skip
    for values, message in cases.values():
        assert refusal(importance, FRAME.assign(b=values)) == message
    gaps = pd.Series([None, *(2**60 + FRAME.index[1:])], dtype="Int64")
    assert refusal(importance, FRAME.assign(b=gaps)) == cases["labels"][1]
    # Within these limits units change no share.
    assert_allclose(
        importance(FRAME.assign(b=1e-90 * FRAME["b"]))["share"], importance()["share"], rtol=0, atol=1e-9
    )


def test_an_outcome_made_of_its_drivers() -> None:
    whole = FRAME.assign(y=2.0 * FRAME["a"] - FRAME["b"])
    assert refusal(importance, whole, kind=NotEstimable) == (
        "outcome 'y' is an exact linear combination of columns ['a', 'b'], so that nothing is left for others to "
        "explain: leave out what it was made of, or take another outcome."
    )
    assert refusal(importance, whole, kind=NotEstimable, drivers=["a", "c"], covariates=["d", "b"]) == (
        "outcome 'y' is an exact linear combination of columns ['a', 'b'], so that nothing is left for others to "
        "explain: leave out what it was made of, or take another outcome."
    )
    # All importances were 0 up to rounding, and their ranks rounding alone.
    copied = FRAME.assign(copy=3.0 - FRAME["y"])
    assert refusal(importance, copied, kind=NotEstimable, covariates=["copy"]) == (
        "covariates ['copy'] equal the outcome 'y' up to scale, and leave nothing to explain: leave them out."
    )
    # Nearly made of them has an answer.
    near = whole.assign(y=whole["y"] + 1e-3 * FRAME["c"] * FRAME["d"])
    assert importance(near)["r_squared"][0] == pytest.approx(1.0, abs=1e-4)


def relation(
    columns: str, what: str = "importance is", remedy: str = ", or average them into one score."
) -> str:
    return (
        f"columns {columns} are copies or linear combinations among themselves (to 1e-10 of their variance), so their "
        f"{what} not unique: leave one of them out of each such set{remedy}"
    )


def test_relations_are_named_one_by_one() -> None:
    frame = FRAME.assign(b2=1 - FRAME["b"], sum=FRAME["c"] + 1e-3 * FRAME["d"])
    drivers = ["a", "b", "c", "d", "b2", "sum"]
    assert refusal(importance, frame, kind=NotEstimable, drivers=drivers) == (
        relation("['b', 'b2'] and ['c', 'd', 'sum']")
    )
    assert refusal(
        likelihood_importance, frame, kind=NotEstimable, outcome="yes", drivers=drivers, model="logistic"
    ) == relation("['b', 'b2'] and ['c', 'd', 'sum']")
    assert refusal(linear_regression, frame, kind=NotEstimable, outcome="y", predictors=drivers) == (
        relation("['b', 'b2'] and ['c', 'd', 'sum']", "coefficients are", ".")
    )
    linked = frame.assign(sum=FRAME["b"] + FRAME["c"])
    assert refusal(importance, linked, kind=NotEstimable, drivers=drivers) == (
        relation("['b', 'c', 'b2', 'sum']")
    )


@pytest.mark.parametrize("cluster", [None, "team"])
@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_a_relation_within_a_block_or_the_covariates_decides_nothing(
    cluster: str | None, missing: str
) -> None:
    methods = ["lmg", "first", "last", "lmg_sampled"]
    frame = FRAME.assign(copy=3 - FRAME["a"], sum=FRAME["a"] + FRAME["b"], d2=2 * FRAME["d"])
    common = {"methods": methods, "cluster": cluster, "missing": missing, "n_boot": 99, "n_orders": 100}
    table = importance(
        frame,
        drivers=["a", "copy", "b", "sum", "c"],
        covariates=["d", "d2"],
        blocks=dict.fromkeys(["a", "copy", "b", "sum"], "block"),
        **common,
    )
    expected = importance(
        drivers=["a", "b", "c"], covariates=["d"], blocks=dict.fromkeys("ab", "block"), **common
    )
    assert table["driver"].tolist() == expected["driver"].tolist() == ["block", "c"] * 4
    numbers = ["importance", "share", "std_error", "conf_low", "conf_high", "r_squared", "n"]
    assert_allclose(table[numbers].astype(float), expected[numbers].astype(float), rtol=0, atol=1e-9)
    # BCa needs the influence of rows, which has to do without the copies.
    if missing == "listwise":
        bca = importance(
            frame,
            drivers=["a", "copy", "c"],
            blocks={"a": "k", "copy": "k"},
            cluster=cluster,
            n_boot=99,
            interval="bca",
        )
        assert_allclose(
            bca[numbers].astype(float),
            importance(drivers=["a", "c"], cluster=cluster, n_boot=99, interval="bca")[numbers].astype(float),
            rtol=0,
            atol=1e-9,
        )  # fmt: skip


def test_relations_beyond_a_block_and_shares_within_it_are_refused() -> None:
    frame = FRAME.assign(copy=3 - FRAME["a"])
    drivers = [*NAMES, "copy"]
    block = {"a": "k", "copy": "k"}
    assert refusal(importance, frame, kind=NotEstimable, drivers=drivers, blocks={"a": "k", "b": "k"}) == (
        relation("['a', 'copy']")
    )
    assert refusal(importance, frame, kind=NotEstimable, covariates=["copy"]) == relation("['a', 'copy']")
    assert refusal(
        importance, frame, kind=NotEstimable, drivers=drivers, blocks=block, methods=["lmg", "owen"]
    ) == relation(
        "['a', 'copy']", "shares of their block by method 'owen' are", ", or leave out that method."
    )


def test_dominance_with_a_copy_within_a_block() -> None:
    options = {"outcome": "y", "cluster": "team", "n_boot": 99, "seed": 1}
    result = dominance_analysis(
        FRAME.assign(copy=3 - FRAME["a"]),
        drivers=["a", "copy", "b", "c"],
        blocks={"a": "k", "copy": "k"},
        **options,
    )
    expected = dominance_analysis(FRAME.rename(columns={"a": "k"}), drivers=["k", "b", "c"], **options)
    pd.testing.assert_frame_equal(result.pairs, expected.pairs)
    assert_allclose(result.conditional["importance"], expected.conditional["importance"], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (FRAME[:0], {}, "the data have no rows: check what was filtered out before."),
        (
            FRAME.assign(team=None),
            {"cluster": "team"},
            "no row is complete on the columns ['y', 'a', 'b', 'c', 'd', 'team'] (120 rows left out): columns ['team'] "
            "are missing throughout.",
        ),
        (
            FRAME.assign(w=np.nan, b=np.nan),
            {"weights": "w", "drivers": ["a", "b"]},
            "no row is complete on the columns ['y', 'a', 'b', 'w'] (120 rows left out): columns ['b', 'w'] are "
            "missing throughout.",
        ),
        (
            FRAME.assign(w=np.nan),
            {"weights": "w", "missing": "pairwise"},
            "no row has any of the columns ['y', 'a', 'b', 'c', 'd'], with ['w'] (120 rows left out): columns ['w'] "
            "are missing throughout.",
        ),
        (
            FRAME.assign(a=FRAME["a"].where(FRAME.index < 60), b=FRAME["b"].where(FRAME.index >= 60)),
            {},
            "no row is complete on the columns ['y', 'a', 'b', 'c', 'd'] (120 rows left out): leave out a column that "
            "is mostly missing.",
        ),
        (
            FRAME[:2],
            {"drivers": ["a"]},
            "1 driver needs more than 2 complete rows, got 2 (0 left out as incomplete): use fewer of ['a'].",
        ),
        (
            FRAME[:3],
            {"drivers": ["a", "b"], "covariates": ["c"]},
            "3 drivers and covariates need more than 4 complete rows, got 3 (0 left out as incomplete): use fewer of "
            "['a', 'b', 'c'].",
        ),
        (
            FRAME.assign(**{f"x{i}": FRAME["a"] ** i for i in range(60)})[:9],
            {"drivers": [f"x{i}" for i in range(60)], "methods": ["relative_weights"]},
            "60 drivers need more than 61 complete rows, got 9 (0 left out as incomplete): use fewer of ['x0', 'x1', "
            "'x2', 'x3', 'x4', 'x5', 'x6', 'x7'] and 52 more.",
        ),
    ],
)
def test_no_or_few_rows(frame: pd.DataFrame, options: dict[str, object], message: str) -> None:
    assert refusal(importance, frame, kind=NotEstimable, **options) == message


@pytest.mark.parametrize("n_units", [2, 9])
def test_fewer_than_ten_units_have_no_interval(n_units: int) -> None:
    frame = FRAME.assign(team=FRAME.index % n_units)
    assert refusal(importance, frame, kind=NotEstimable, cluster="team", n_boot=99) == (
        f"intervals come from resampling units and need 10 or more of them, got {n_units} in column 'team': name a "
        "cluster with more units, or leave cluster out to resample rows."
    )


def test_cluster_robust_errors_rest_on_the_same_sums_with_gaps() -> None:
    # Weights to the power 0, 1 and 2 over the same rows: a row without a weight belongs to none of them.
    frame = FRAME.copy()
    frame.loc[[3, 40], "w"] = np.nan
    frame.loc[17, "a"] = np.nan
    options = {"outcome": "y", "predictors": ["a", "b"], "weights": "w", "cluster": "team"}
    fit = linear_regression(frame, **options)
    expected = linear_regression(frame.drop(index=[3, 17, 40]), **options)
    assert_allclose(fit.table["std_error"], expected.table["std_error"], rtol=SAME)
    assert_allclose(fit.table["df"], expected.table["df"], rtol=SAME)
    assert fit.n_excluded == 3
