"""Unit moments against products of whole tables, against R, and against themselves in other orders and batches."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from exresearch.models import (
    NotEstimable,
    PairwiseMoments,
    UnitMoments,
    cluster_moments,
    importance_differences,
    merge_moments,
    parquet_moments,
    read_moments,
    relative_importance,
    unit_moments,
    write_moments,
)
from exresearch.models.moments import kernel
from exresearch.models.moments.algebra import row_order
from exresearch.models.moments.pairwise import merge_pairwise

# R prints 15 significant digits; 1e-10 leaves room for another order of summation.
EXACT = 1e-10
REFERENCE = json.loads((Path(__file__).parent / "reference" / "moments.json").read_text(encoding="utf-8"))
SHARED = Path(__file__).parents[1].parent / "shared" / "reference"
BFI = ["A1", "A2", "A3", "A4", "A5", "E1", "E2", "E3", "E4", "E5"]
ITEMS = ["a", "b", "c", "d"]


def survey(n: int = 3000, units: int = 40, seed: int = 1, dtype: str = "int8") -> pd.DataFrame:
    """Whole answers 1 to 7 that go together, units of very different sizes, weights, and a measure in euros."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n, 1))
    answers = np.clip(np.rint(4 + common + rng.normal(size=(n, 4))), 1, 7)
    frame = pd.DataFrame(answers.astype(dtype), columns=ITEMS)
    frame["euro"] = 1e8 + rng.normal(size=n)
    frame["w"] = rng.uniform(0.5, 2.0, n)
    frame["unit"] = np.minimum(rng.geometric(0.08, n), units)
    return frame


def by_hand(
    frame: pd.DataFrame, columns: list[str], origin: np.ndarray, power: int, weights: bool
) -> np.ndarray:
    out = []
    for _, rows in frame.groupby("unit"):
        z = np.column_stack([np.ones(len(rows)), rows[columns].to_numpy(dtype=float) - origin])
        w = rows["w"].to_numpy() ** power if weights else np.ones(len(rows))
        out.append(z.T @ (w[:, None] * z))
    return np.array(out)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "float32", "float64", "Int16", "int32[pyarrow]"])
def test_whole_answers_are_exact_in_any_type_and_order(dtype: str) -> None:
    frame = survey().astype(dict.fromkeys(ITEMS, dtype))
    moments = unit_moments(frame, columns=ITEMS, cluster="unit")
    assert_array_equal(moments.origin, [4.0] * 4)
    assert_array_equal(moments.matrices, by_hand(frame, ITEMS, moments.origin, 1, weights=False))
    assert moments.units.tolist() == sorted(frame["unit"].unique())
    assert_array_equal(moments.n, frame.groupby("unit").size())
    other = unit_moments(frame.sample(frac=1.0, random_state=3), columns=ITEMS, cluster="unit")
    assert_array_equal(moments.matrices, other.matrices)


@pytest.mark.parametrize("weights", [None, "w"])
def test_sums_with_weights_and_long_scales(weights: str | None) -> None:
    frame = survey()
    columns = [*ITEMS, "euro"]
    moments = unit_moments(frame, columns=columns, weights=weights, cluster="unit", squared_weights=True)
    assert_allclose(
        moments.matrices, by_hand(frame, columns, moments.origin, 1, weights is not None), atol=1e-9
    )
    assert_allclose(
        moments.squared, by_hand(frame, columns, moments.origin, 2, weights is not None), atol=1e-9
    )
    assert_array_equal(moments.matrices, moments.matrices.swapaxes(1, 2))
    assert_allclose(moments.weight_sums, moments.matrices[:, 0, 0])
    chosen = moments.select(["euro", "b"])
    assert_array_equal(chosen.squared, moments.squared[:, [[0], [5], [2]], [[0, 5, 2]]])


def test_scales_of_different_lengths_share_a_table() -> None:
    # A slider of 0 to 400 takes 16 bits, and an unsigned column must not wrap in them.
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"unit": rng.integers(3, size=900)})
    frame["short"] = rng.integers(0, 11, 900).astype("uint8")
    frame["long"] = rng.integers(0, 401, 900)
    frame["flag"] = rng.integers(0, 2, 900).astype(bool)
    frame["shifted"] = rng.integers(100_000_000, 100_000_011, 900)
    names = ["short", "long", "flag", "shifted"]
    moments = unit_moments(frame, columns=names, cluster="unit")
    assert_array_equal(moments.origin, [5.0, 200.0, 0.0, 100_000_005.0])
    assert_array_equal(moments.matrices, by_hand(frame, names, moments.origin, 1, weights=False))
    # One step more, and sums are taken in double precision around the mean.
    frame.loc[0, "long"] = 1000
    moments = unit_moments(frame, columns=names, cluster="unit")
    assert moments.origin[1] == pytest.approx(frame["long"].mean())
    assert_allclose(moments.matrices, by_hand(frame, names, moments.origin, 1, weights=False), atol=1e-7)


@pytest.mark.parametrize("units", [1, 3, 5000])
def test_the_number_of_threads_changes_nothing(units: int, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = survey(n=20_000)
    frame["unit"] = np.random.default_rng(4).integers(units, size=len(frame))
    options = {"columns": [*ITEMS, "euro"], "weights": "w", "cluster": "unit"}
    found = []
    for workers in (1, 2, 5):
        monkeypatch.setattr(kernel, "n_workers", lambda workers=workers: workers)
        found.append(unit_moments(frame, **options))
    for other in found[1:]:
        assert_array_equal(found[0].matrices, other.matrices)
    assert_allclose(
        found[0].matrices, by_hand(frame, [*ITEMS, "euro"], found[0].origin, 1, weights=True), atol=1e-8
    )


def test_more_units_than_16_bits_hold() -> None:
    frame = pd.DataFrame({"x": np.arange(140_000) % 5, "unit": np.arange(140_000) // 2})
    frame = frame.sample(frac=1.0, random_state=1)
    moments = unit_moments(frame, columns=["x"], cluster="unit")
    assert moments.n_units == 70_000
    expected = (frame["x"] - 2).pow(2).groupby(frame["unit"]).sum()
    assert_array_equal(moments.matrices[:, 1, 1], expected)
    assert_array_equal(moments.units, expected.index)


def test_labels_are_in_their_own_order_and_missing_rows_are_counted() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, np.nan, 5.0, 6.0], "team": ["b", "a", None, "c", "a", "b"]})
    kinds = ["object", "str", pd.CategoricalDtype(["c", "b", "a"])]
    for kind in kinds:
        moments = unit_moments(frame.astype({"team": kind}), columns=["x"], cluster="team")
        assert moments.units.tolist() == ["a", "b"]
        assert moments.n.tolist() == [2, 2]
        assert moments.n_excluded == 2


def test_row_order_is_lexsort() -> None:
    rng = np.random.default_rng(5)
    whole = [rng.integers(low, low + 5, 500).astype(float) for low in (-3, 0, 1000)]
    mixed = [np.round(rng.normal(size=500), 1), *whole, np.where(rng.random(500) < 0.3, np.nan, 1.5)]
    gappy = [np.where(rng.random(500) < 0.2, np.nan, column) for column in (*whole, np.full(500, np.nan))]
    for columns in (whole, mixed, mixed[::-1], [np.ones(500)], gappy, [*mixed, *gappy]):
        assert_array_equal(row_order(columns), np.lexsort(columns[::-1]))


def test_parts_of_whole_answers_add_up_exactly() -> None:
    frame = survey()
    # The second part lacks the lower answers, so that its middle is another one.
    parts = [frame[frame["a"] < 4], frame[frame["a"] >= 4].iloc[::2], frame[frame["a"] >= 4].iloc[1::2]]
    whole = unit_moments(frame, columns=ITEMS, cluster="unit")
    merged = merge_moments([unit_moments(part, columns=ITEMS, cluster="unit") for part in parts])
    assert merged.n_rows == len(frame)
    assert_array_equal(merged.origin, np.rint(merged.origin))
    assert_array_equal(merged.matrices, by_hand(frame, ITEMS, merged.origin, 1, weights=False))
    assert_allclose(merged.correlations(), whole.correlations(), rtol=0, atol=1e-14)


def test_squared_weights_are_carried() -> None:
    frame = survey()
    options = {"columns": ITEMS, "weights": "w", "cluster": "unit"}
    parts = [unit_moments(part, squared_weights=True, **options) for part in (frame[:900], frame[900:])]
    merged = parts[0].merge(parts[1])
    assert_allclose(merged.squared, by_hand(frame, ITEMS, merged.origin, 2, weights=True), atol=1e-9)
    with pytest.raises(ValueError) as caught:
        parts[0].merge(unit_moments(frame, **options))
    assert str(caught.value) == (
        "moments with and without squared weights cannot be merged: compute all with squared_weights, or none."
    )


# Missing answers, pair by pair.


def with_gaps(share: float = 0.15, **options: int) -> pd.DataFrame:
    frame = survey(**options).astype(dict.fromkeys(ITEMS, float))
    rng = np.random.default_rng(9)
    return frame.mask(rng.random(frame.shape) < share * frame.columns.isin([*ITEMS, "euro"]))


def weighted_pair(frame: pd.DataFrame, i: str, j: str, weights: str | None) -> tuple[float, float]:
    both = frame.dropna(subset=[i, j])
    w = np.ones(len(both)) if weights is None else both[weights]
    covariance = np.cov(both[i] - both[i].mean(), both[j] - both[j].mean(), aweights=w, ddof=0)
    return covariance[0, 1], covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("cluster", [None, "unit"])
def test_pairwise_is_every_pair_alone(weights: str | None, cluster: str | None) -> None:
    frame = with_gaps(n=800)
    columns = [*ITEMS, "euro"]
    moments = unit_moments(frame, columns=columns, weights=weights, cluster=cluster, missing="pairwise")
    expected = np.array([[weighted_pair(frame, i, j, weights) for j in columns] for i in columns])
    assert_allclose(moments.covariances()[0], expected[:, :, 0], rtol=0, atol=EXACT)
    assert_allclose(moments.correlations()[0], expected[:, :, 1], rtol=0, atol=EXACT)
    there = frame[columns].notna().astype(int)
    assert_array_equal(moments.n_pairs, there.T @ there)
    assert moments.n_rows == moments.n_pairs.min()
    assert moments.n_excluded == int((there.sum(axis=1) == 0).sum())
    if weights is None:
        assert_allclose(moments.correlations()[0], frame[columns].corr(), rtol=0, atol=1e-7)
    # The same with some units twice, each left out, some columns, and in two parts.
    twice = moments.correlations(np.full((1, moments.n_units), 2))
    assert_allclose(twice, moments.correlations(), rtol=0, atol=EXACT)
    left_out = moments.correlations(1 - np.eye(moments.n_units, dtype=int))
    assert_allclose(np.concatenate(list(moments.leave_one_out())), left_out, rtol=0, atol=EXACT)
    chosen = moments.select(["euro", "c"])
    assert_allclose(chosen.correlations()[0], expected[:, :, 1][np.ix_([4, 2], [4, 2])], rtol=0, atol=EXACT)
    options = {"columns": columns, "weights": weights, "cluster": cluster, "missing": "pairwise"}
    merged = unit_moments(frame[:300], **options).merge(unit_moments(frame[300:], **options))
    assert_allclose(merged.correlations(), moments.correlations(), rtol=0, atol=EXACT)
    assert_array_equal(merged.n_pairs, moments.n_pairs)


def test_pairwise_without_gaps_is_listwise() -> None:
    frame = survey(n=500)
    for cluster in (None, "unit"):
        options = {"columns": ITEMS, "weights": "w", "cluster": cluster}
        pairs, rows = unit_moments(frame, missing="pairwise", **options), unit_moments(frame, **options)
        counts = np.random.default_rng(1).integers(3, size=(5, rows.n_units))
        assert_allclose(pairs.correlations(counts), rows.correlations(counts), rtol=0, atol=1e-12)


def test_bfi_with_missing_answers_is_r() -> None:
    path = SHARED / "01_drivers" / "bfi_neuro_with_missing.csv"
    if not path.exists():
        pytest.skip("the shared reference table 01_drivers/bfi_neuro_with_missing.csv is not here")
    # rwa drops the rows without outcome before it correlates pairwise.
    everyone = pd.read_csv(path)
    data = everyone.dropna(subset=["neuro"])
    expected = REFERENCE["bfi10_missing"]
    options = {"outcome": "neuro", "drivers": BFI, "n_boot": 99, "seed": 1}
    pairs = relative_importance(data, methods=["relative_weights"], missing="pairwise", **options)
    assert_allclose(pairs["importance"], list(expected["rwa_pairwise"].values()), rtol=0, atol=EXACT)
    assert_allclose(pairs["r_squared"], expected["rwa_R2"], rtol=0, atol=EXACT)
    # rwa reports the 2,548 complete rows; the worst pair has more.
    assert (pairs["n"] > expected["rwa_reported_n"]).all()
    complete = relative_importance(data, methods=["lmg"], **options)
    assert_allclose(
        complete["importance"], list(expected["relaimpo_listwise_lmg"].values()), rtol=0, atol=EXACT
    )
    moments = unit_moments(data, columns=["neuro", *BFI], missing="pairwise")
    assert_allclose(moments.correlations()[0], data[["neuro", *BFI]].corr(), rtol=0, atol=EXACT)


def test_pairwise_goes_the_same_way_as_a_frame_and_as_moments() -> None:
    frame = with_gaps()
    options = {"outcome": "a", "drivers": ["b", "c"], "n_boot": 99, "seed": 1}
    moments = unit_moments(frame, columns=["c", "b", "a"], cluster="unit", missing="pairwise")
    left = relative_importance(frame, cluster="unit", missing="pairwise", **options)
    pd.testing.assert_frame_equal(left, relative_importance(moments, **options), rtol=1e-9)
    contrast = {"b - c": (["b"], ["c"])}
    table = importance_differences(frame, cluster="unit", missing="pairwise", contrasts=contrast, **options)
    assert table["estimate"].item() == pytest.approx(left["importance"][0] - left["importance"][1])
    assert table["n"].item() == left["n"][0]
    listwise = unit_moments(frame, columns=["a", "b", "c"], cluster="unit")
    with pytest.raises(ValueError) as caught:
        relative_importance(listwise, missing="pairwise", **options)
    assert str(caught.value) == (
        "these moments are listwise already: give missing='pairwise' to unit_moments instead."
    )


def contradicting() -> pd.DataFrame:
    """Three columns, any two of which are answered together: r(xy) = r(xz) = 0.9 and r(yz) = -0.9."""
    rng = np.random.default_rng(6)
    frames = []
    for gap, sign in (("z", 1), ("y", 1), ("x", -1)):
        base = rng.normal(size=(60, 1))
        values = pd.DataFrame(base + rng.normal(size=(60, 3)) / 3, columns=list("xyz"))
        last = {"z": "y", "y": "z", "x": "z"}[gap]
        values[last] *= sign
        frames.append(values.assign(**{gap: np.nan}))
    return pd.concat(frames, ignore_index=True)


def test_pairs_that_contradict_one_another_are_refused() -> None:
    frame = contradicting()
    moments = unit_moments(frame, columns=["x", "y", "z"], missing="pairwise")
    assert moments.smallest_eigenvalue < -0.5
    with pytest.raises(NotEstimable) as caught:
        relative_importance(moments, outcome="x", drivers=["y", "z"], n_boot=99, seed=1)
    assert str(caught.value) == (
        "the pairwise correlations of columns ['x', 'y', 'z'] contradict one another (smallest eigenvalue "
        f"{moments.smallest_eigenvalue:.3g}): use missing='listwise', or impute."
    )
    with pytest.raises(NotEstimable) as caught:
        unit_moments(frame[:60], columns=["x", "y", "z"], missing="pairwise")
    assert str(caught.value) == (
        "no row has both columns of the pairs [('x', 'z'), ('y', 'z'), ('z', 'z')]: leave out a column of each, or "
        "use missing='listwise'."
    )


def test_replicates_that_contradict_themselves_are_refused() -> None:
    # Near the edge of what is possible: the whole matrix passes, resamples do not.
    frame = contradicting()
    rng = np.random.default_rng(7)
    for share in np.arange(0.9, 0.0, -0.02):
        mixed = frame.copy()
        mixed["z"] = share * frame["z"] + (1 - share) * rng.normal(size=len(frame))
        moments = unit_moments(mixed, columns=["x", "y", "z"], missing="pairwise")
        if moments.smallest_eigenvalue > 0.001:
            break
    with pytest.raises(NotEstimable) as caught:
        relative_importance(moments, outcome="x", drivers=["y", "z"], n_boot=99, seed=1)
    assert str(caught.value).startswith("the pairwise correlations contradict one another in ")
    assert str(caught.value).endswith(" of 99 bootstrap replicates: use missing='listwise', or impute.")


# Files.


def as_parquet(frame: pd.DataFrame, path: Path, rows: int) -> Path:
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=rows)
    return path


@pytest.mark.parametrize("batch_rows", [100, 700, 1_000_000])
@pytest.mark.parametrize("label", [str, int])
def test_parquet_is_the_frame(tmp_path: Path, batch_rows: int, label: Callable[[object], object]) -> None:
    frame = survey()
    frame["unit"] = [label(unit) for unit in frame["unit"]]
    path = as_parquet(frame, tmp_path / "answers.parquet", rows=900)
    whole = unit_moments(frame, columns=ITEMS, cluster="unit")
    said: list[tuple[int, int]] = []
    read = parquet_moments(
        path,
        columns=ITEMS,
        cluster="unit",
        batch_rows=batch_rows,
        on_progress=lambda done, total: said.append((done, total)),
    )
    assert_array_equal(read.matrices, whole.matrices)
    assert read.units.tolist() == whole.units.tolist()
    assert_array_equal(read.n, whole.n)
    assert said[-1] == (3000, 3000)
    assert [done for done, _ in said] == sorted(done for done, _ in said)
    options = {"columns": ["euro", *ITEMS], "weights": "w", "cluster": "unit", "squared_weights": True}
    read, whole = parquet_moments(path, batch_rows=batch_rows, **options), unit_moments(frame, **options)
    assert_allclose(read.covariances(), whole.covariances(), rtol=1e-10)
    assert_allclose(read.weight_sums, whole.weight_sums, rtol=1e-12)
    assert_allclose(read.squared[:, 0, 0], whole.squared[:, 0, 0], rtol=1e-12)


def test_parquet_with_missing_answers(tmp_path: Path) -> None:
    frame = with_gaps()
    frame.loc[::50, "w"] = np.nan
    frame.loc[7::60, "unit"] = np.nan
    whole_types = {**dict.fromkeys(ITEMS, "Int8"), "unit": "Int16"}
    path = as_parquet(frame.astype(whole_types), tmp_path / "answers.parquet", rows=1000)
    for missing in ("listwise", "pairwise"):
        options = {"columns": [*ITEMS, "euro"], "weights": "w", "cluster": "unit", "missing": missing}
        read, held = parquet_moments(path, batch_rows=800, **options), unit_moments(frame, **options)
        assert_allclose(read.correlations(), held.correlations(), rtol=0, atol=EXACT)
        assert (read.n_rows, read.n_excluded) == (held.n_rows, held.n_excluded)
        assert read.units.tolist() == held.units.tolist()


def test_several_files_are_one(tmp_path: Path) -> None:
    frame = survey()
    for number, part in enumerate(
        [frame[frame["a"] < 4], *(frame[frame["a"] >= 4].iloc[k::9] for k in range(9))]
    ):
        as_parquet(part, tmp_path / f"{number}.parquet", rows=200)
    # A file of nothing but missing answers is counted, and is no trouble.
    empty = frame[:20].astype({"b": "Int8"}).assign(b=pd.NA).astype({"b": "Int8"})
    as_parquet(empty, tmp_path / "none.parquet", rows=200)
    read = parquet_moments(tmp_path, columns=ITEMS, cluster="unit")
    assert (read.n_rows, read.n_excluded) == (3000, 20)
    assert_array_equal(read.matrices, by_hand(frame, ITEMS, read.origin, 1, weights=False))
    paths = sorted(tmp_path.glob("*.parquet"))
    assert_array_equal(read.matrices, parquet_moments(paths, columns=ITEMS, cluster="unit").matrices)
    with pytest.raises(NotEstimable) as caught:
        parquet_moments(tmp_path / "none.parquet", columns=ITEMS, cluster="unit")
    assert str(caught.value) == (
        "no row is complete on the columns ['a', 'b', 'c', 'd', 'unit'] (20 rows left out): "
        "leave out a column that is mostly missing."
    )


def test_parquet_refuses(tmp_path: Path) -> None:
    frame = survey(n=100).assign(text="x", zero=0.0, endless=np.inf)
    path = as_parquet(frame, tmp_path / "answers.parquet", rows=100)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(path.read_bytes()[:500])
    usual = {"columns": ITEMS, "cluster": "unit"}
    cases = [
        (path, {"columns": []}, "columns must be a list of one or more column names, got []."),
        (path, {"columns": ["a", "no", "nope"]},
         f"columns ['no', 'nope'] are not in '{path}': check the spelling, or leave them out."),
        (path, {"columns": ["a", "a"]}, "columns ['a'] are named more than once: give every column one role."),
        (path, {"columns": ["a", "text"]},
         f"columns ['text'] of '{path}' are not numeric: recode them to numbers, or make dummies of categories."),
        (path, {"columns": ["a", "endless"]},
         f"column 'endless' of '{path}' holds infinite values: declare them missing, or correct them."),
        (path, {"weights": "zero"},
         f"weights column 'zero' of '{path}' holds 100 values of zero or below, and must be positive: "
         "correct them, or remove those rows first and say so."),
        (path, {"cluster": "euro"}, f"cluster column 'euro' of '{path}' must hold whole numbers or text, got double."),
        (path, {"missing": "some"}, "missing must be 'listwise' or 'pairwise', got 'some'."),
        (path, {"batch_rows": 0}, "batch_rows must be 1 or more, got 0."),
        (path, {"missing": "pairwise", "squared_weights": True},
         "squared_weights serve regressions, which need complete rows: leave them out, or use missing='listwise'."),
        (broken, {}, f"'{broken}' cannot be read as Parquet: check that it is whole."),
        (tmp_path / "no", {},
         f"'{tmp_path / 'no'}' is no Parquet file and no folder of .parquet files: check the path."),
        ([], {}, "paths must name at least one Parquet file, got none."),
    ]  # fmt: skip
    for paths, options, message in cases:
        with pytest.raises(ValueError) as caught:
            parquet_moments(paths, **(usual | options))
        assert str(caught.value) == message


def test_saved_moments_come_back(tmp_path: Path) -> None:
    frame = survey()
    for name, label in (("whole", int), ("text", str)):
        frame["unit"] = [label(unit) for unit in frame["unit"]]
        moments = unit_moments(frame, columns=ITEMS, weights="w", cluster="unit", squared_weights=True)
        path = tmp_path / name
        write_moments(moments, path, least_rows=1)
        again = read_moments(path)
        for field in UnitMoments.__slots__:
            left, right = getattr(moments, field), getattr(again, field)
            if isinstance(left, pd.Index):
                left, right = left.tolist(), right.tolist()
            same = np.array_equal(left, right) if isinstance(left, np.ndarray) else left == right
            assert same, field
        write_moments(again, tmp_path / "twice", least_rows=1)
        assert path.read_bytes() == (tmp_path / "twice").read_bytes()
    assert_allclose(merge_moments([again, again]).correlations(), moments.correlations(), atol=1e-14)


def test_what_may_not_travel(tmp_path: Path) -> None:
    frame = survey(n=300)
    path = tmp_path / "sums"
    few = frame[:16].assign(unit=[1] * 11 + [2] * 5)
    cases = [
        (unit_moments(frame, columns=ITEMS),
         "moments of single rows are the answers of people, which may not travel: give unit_moments a cluster."),
        (unit_moments(frame, columns=ITEMS, cluster="unit", missing="pairwise"),
         "pairwise moments are not written, as a pair of columns may rest on one person: use missing='listwise'."),
        (unit_moments(few, columns=ITEMS, cluster="unit"),
         "1 of 2 units have fewer than 10 rows, and the sums of few rows tell the answers of people: "
         "join small units, take fewer columns, or lower least_rows knowingly."),
        (unit_moments(frame.assign(unit=0.5), columns=ITEMS, cluster="unit"),
         "labels of units must be whole numbers, or all of them text, to be written: rename the units."),
    ]  # fmt: skip
    for moments, message in cases:
        with pytest.raises(ValueError) as caught:
            write_moments(moments, path)
        assert str(caught.value) == message
        assert not path.exists()
    # With many columns more rows are needed: no more rows than columns are the answers but for a rotation.
    wide = (
        pd.DataFrame(np.random.default_rng(1).integers(5, size=(20, 20))).rename(columns=str).assign(unit=1)
    )
    with pytest.raises(ValueError) as caught:
        write_moments(unit_moments(wide, columns=[str(i) for i in range(20)], cluster="unit"), path)
    assert str(caught.value).startswith("1 of 1 units have fewer than 22 rows, ")


def test_damaged_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "sums"
    write_moments(unit_moments(survey(), columns=ITEMS, cluster="unit"), path, least_rows=1)
    content = path.read_bytes()
    foreign = tmp_path / "foreign.npz"
    np.savez(foreign, a=np.ones(3))
    harmful = tmp_path / "harmful"
    np.savez(harmful, a=np.array([{}], dtype=object))
    damaged = [
        content[:100],
        content[:-30],
        b"",
        b"text",
        foreign.read_bytes(),
        (tmp_path / "harmful.npz").read_bytes(),
    ]
    # A single wrong byte in the numbers.
    place = content.index(b"matrices.npy") + 300
    damaged.append(content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :])
    for number, wrong in enumerate(damaged):
        target = tmp_path / f"wrong{number}"
        target.write_bytes(wrong)
        with pytest.raises(ValueError) as caught:
            read_moments(target)
        assert str(caught.value) == (
            f"'{target}' is no file of moments, or it is damaged: write it again with write_moments."
        )
    with pytest.raises(FileNotFoundError):
        read_moments(tmp_path / "nothing")


def test_merge_of_nothing() -> None:
    with pytest.raises(ValueError) as caught:
        merge_moments([])
    assert str(caught.value) == "merge_moments needs the moments of at least one part, got none."
    assert merge_pairwise([unit_moments(survey(n=50), columns=ITEMS, missing="pairwise")]).n_rows == 50


def test_cluster_moments_needs_a_client(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(ValueError) as caught:
        cluster_moments(tmp_path, client=3, columns=ITEMS, cluster="unit")
    assert str(caught.value) == "client must be a distributed.Client, got int."


def test_cluster_moments_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(ImportError) as caught:
        cluster_moments(tmp_path, client=3, columns=ITEMS, cluster="unit")
    assert str(caught.value) == (
        "cluster_moments needs the package distributed: pip install '.[cluster]', "
        "or use parquet_moments on one machine."
    )


def test_types_follow_the_option() -> None:
    assert isinstance(unit_moments(survey(n=50), columns=ITEMS, missing="pairwise"), PairwiseMoments)
    assert isinstance(unit_moments(survey(n=50), columns=ITEMS), UnitMoments)
