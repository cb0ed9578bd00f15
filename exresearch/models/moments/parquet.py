"""Cross-products per unit from Parquet files of any size, in memory that does not grow with the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from exresearch.models.moments.accumulate import Missing, check_options, nothing_left, used_rows
from exresearch.models.moments.batch import (
    Batch,
    Layout,
    Present,
    add_listwise,
    add_pairwise,
    short_scale,
)
from exresearch.models.moments.kernel import AnyArray, FloatArray, IntArray, unit_order
from exresearch.models.moments.pairwise import PairwiseMoments, check_pairs, merge_pairwise
from exresearch.models.moments.unit import UnitMoments, merge_moments
from exresearch.models.resampling import NotEstimable

Moments = UnitMoments | PairwiseMoments
OnProgress = Callable[[int, int], None]

#: Rows held at a time: 40 answers of one byte are 20 MB, and units still have enough rows for quick products.
BATCH_ROWS = 524_288


def parquet_moments(
    paths: str | Path | Sequence[str | Path],
    *,
    columns: Sequence[str],
    cluster: str,
    weights: str | None = None,
    missing: Missing = "listwise",
    squared_weights: bool = False,
    batch_rows: int = BATCH_ROWS,
    on_progress: OnProgress | None = None,
) -> Moments:
    """Weighted cross-products per unit from Parquet files, read in batches.

    Use it for files that do not fit in memory; for a frame there is `unit_moments`, and for many machines
    `cluster_moments`.

    Parameters
    ----------
    paths : path or sequence of paths
        Files, or folders of files ending in .parquet, in the order of their names.
    columns, weights, missing, squared_weights
        As in `unit_moments`; the columns hold numbers.
    cluster : str
        Column with the unit: whole numbers or text. Without units the moments would be as long as the file.
    batch_rows : int
        Rows in memory at a time.
    on_progress : callable, optional
        Called with the rows read and the rows there are, after every batch.

    Returns
    -------
    UnitMoments, or PairwiseMoments with ``missing="pairwise"``

    Raises
    ------
    ValueError
        A path that does not exist or is no Parquet file, columns that a file lacks or that are not numbers, infinite
        values, weights of zero or below.
    NotEstimable
        As `unit_moments`.

    Notes
    -----
    The middle of a scale of whole numbers comes from the statistics that Parquet keeps, the origin of other columns
    from the first rows that have them; sums around different origins of files are shifted before they are added.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> data = pd.DataFrame({"x": [1, 2, 3, 4], "y": [2, 4, 5, 9], "team": list("aabb")})
    >>> with TemporaryDirectory() as folder:
    ...     data.to_parquet(Path(folder) / "answers.parquet")
    ...     moments = parquet_moments(folder, columns=["x", "y"], cluster="team")
    >>> moments.n.tolist(), moments.covariances()[0].round(3).tolist()
    ([2, 2], [[1.25, 2.75], [2.75, 6.5]])
    """
    columns = tuple(columns)
    files = parquet_files(paths)
    check_parquet(
        files, columns, cluster=cluster, weights=weights, missing=missing, squared_weights=squared_weights
    )
    if batch_rows < 1:
        raise ValueError(f"batch_rows must be 1 or more, got {batch_rows!r}.")
    total = sum(pq.read_metadata(file).num_rows for file in files) if on_progress else 0
    done = 0

    def tell(rows: int) -> None:
        nonlocal done
        done += rows
        if on_progress:
            on_progress(done, total)

    parts = [
        file_moments(
            file,
            columns,
            cluster=cluster,
            weights=weights,
            missing=missing,
            squared_weights=squared_weights,
            batch_rows=batch_rows,
            tell=tell,
        )
        for file in files
    ]
    while len(parts) > 1:
        parts = [add_parts(parts[first : first + FAN_IN]) for first in range(0, len(parts), FAN_IN)]
    return finished(columns, missing, *parts[0])


#: Parts that are added at once. In a tree, here as on many machines, so that both give the same to the last bit.
FAN_IN = 8
#: Moments of some rows, or None where every row was left out, and how many were left out.
Part = tuple[Moments | None, int]


def file_moments(
    file: str,
    columns: tuple[str, ...],
    *,
    cluster: str,
    weights: str | None,
    missing: Missing,
    squared_weights: bool,
    batch_rows: int = BATCH_ROWS,
    workers: int | None = None,
    tell: Callable[[int], None] | None = None,
) -> Part:
    """The moments of one file; what a machine of its own can do without knowing of the others.

    `workers` is the number of threads, by default what the machine has.
    """
    source = pq.ParquetFile(file, read_dictionary=[cluster], pre_buffer=False)
    sums = _FileSums(
        file, source, columns, cluster, weights, missing, squared_weights=squared_weights, workers=workers
    )
    wanted = [*columns, cluster, *([] if weights is None else [weights])]
    for record in source.iter_batches(batch_size=batch_rows, columns=wanted, use_threads=workers != 1):
        sums.add(record)
        if tell is not None:
            tell(record.num_rows)
    return sums.moments(), sums.n_excluded


def add_parts(parts: Sequence[Part]) -> Part:
    """Some parts as one, added in their order."""
    held = [moments for moments, _ in parts if moments is not None]
    n_excluded = sum(excluded for _, excluded in parts)
    if not held:
        return None, n_excluded
    pairs = [moments for moments in held if isinstance(moments, PairwiseMoments)]
    total: Moments = (
        merge_pairwise(pairs)
        if pairs
        else merge_moments([moments for moments in held if isinstance(moments, UnitMoments)])
    )
    return replace(total, n_excluded=n_excluded), n_excluded


def finished(columns: tuple[str, ...], missing: Missing, moments: Moments | None, n_excluded: int) -> Moments:
    """The moments of all parts, or NotEstimable when there is nothing in them."""
    if moments is None:
        raise NotEstimable(nothing_left(columns, n_excluded, missing))
    if isinstance(moments, PairwiseMoments):
        check_pairs(moments)
    return moments


def parquet_files(paths: str | Path | Sequence[str | Path]) -> list[str]:
    """The files named, and those of the folders named."""
    files: list[Path] = []
    for path in [Path(paths)] if isinstance(paths, (str, Path)) else [Path(one) for one in paths]:
        found = sorted(path.glob("**/*.parquet")) if path.is_dir() else [path]
        if not found or not path.exists():
            raise ValueError(f"'{path}' is no Parquet file and no folder of .parquet files: check the path.")
        files += found
    if not files:
        raise ValueError("paths must name at least one Parquet file, got none.")
    return [str(file) for file in files]


def check_parquet(
    files: Sequence[str],
    columns: tuple[str, ...],
    *,
    cluster: str,
    weights: str | None,
    missing: Missing,
    squared_weights: bool,
) -> None:
    """Refuse, before anything is read, what no file can give."""
    check_options(columns, missing, squared_weights=squared_weights)
    numbers = [*columns, *([] if weights is None else [weights])]
    asked = [*numbers, cluster]
    twice = sorted({name for name in asked if asked.count(name) > 1})
    if twice:
        raise ValueError(f"columns {twice} are named more than once: give every column one role.")
    for file in files:
        try:
            schema = pq.read_schema(file)
        except (pa.ArrowInvalid, OSError) as error:
            raise ValueError(f"'{file}' cannot be read as Parquet: check that it is whole.") from error
        absent = [name for name in asked if name not in schema.names]
        if absent:
            raise ValueError(f"columns {absent} are not in '{file}': check the spelling, or leave them out.")
        text = [name for name in numbers if not _is_number(schema.field(name).type)]
        if text:
            raise ValueError(
                f"columns {text} of '{file}' are not numeric: recode them to numbers, or make dummies of categories."
            )
        kind = schema.field(cluster).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise ValueError(
                f"cluster column '{cluster}' of '{file}' must hold whole numbers or text, got {kind}."
            )


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


class _FileSums:
    """Sums per unit over the batches of one file, around an origin that stays."""

    def __init__(
        self,
        file: str,
        source: pq.ParquetFile,
        columns: tuple[str, ...],
        cluster: str,
        weights: str | None,
        missing: Missing,
        *,
        squared_weights: bool,
        workers: int | None,
    ) -> None:
        self.file, self.columns, self.cluster, self.weights = file, columns, cluster, weights
        self.missing, self.squared_weights, self.workers = missing, squared_weights, workers
        self.layout = _layout(source, columns)
        self.slots: dict[Any, int] = {}
        self.n_excluded = 0
        q = len(columns)
        pairwise = missing == "pairwise"
        self.n = np.zeros(0, dtype=np.int64)
        self.matrices = np.zeros((0, q, 4 * q) if pairwise else (0, q + 1, q + 1))
        # Numbers of rows are sums of weights where there are none, and squared weights are weights.
        self.pairs = np.zeros((0, q, q)) if pairwise and weights is not None else None
        self.squared = np.zeros((0, q + 1, q + 1)) if squared_weights and weights is not None else None

    def add(self, record: pa.RecordBatch) -> None:
        """Add the rows of one batch."""
        if record.num_rows == 0:
            return
        found = [self._values(record.column(name), name) for name in self.columns]
        values, present = [column for column, _ in found], [there for _, there in found]
        rows = used_rows(present, record.num_rows, self.missing)
        weight = None
        if self.weights is not None:
            weight, there = self._values(record.column(self.weights), self.weights)
            weight = weight.astype(np.float64)
            if there is not None:
                rows &= there
                weight = np.where(there, weight, 1.0)
            wrong = int((weight <= 0.0).sum())
            if wrong:
                raise ValueError(
                    f"weights column '{self.weights}' of '{self.file}' holds {wrong} values of zero or below, and must "
                    "be positive: correct them, or remove those rows first and say so."
                )
        codes = self._codes(record.column(self.cluster))
        rows &= codes >= 0
        self.n_excluded += int((~rows).sum())
        codes = np.where(rows, codes, -1)
        layout = self._known(values, present, rows)
        order = unit_order(codes, len(self.slots))
        self.n += order.counts
        batch = Batch(columns=values, present=present, weights=weight, codes=codes)
        if self.missing == "pairwise":
            add_pairwise(batch, layout, order, self.matrices, self.pairs, workers=self.workers)
        else:
            add_listwise(batch, layout, order, self.matrices, self.squared, workers=self.workers)

    def moments(self) -> Moments | None:
        """The moments of the file, or None when no row was used."""
        used = np.flatnonzero(self.n)
        if len(used) == 0:
            return None
        labels = pd.Index(list(self.slots))
        used = used[np.argsort(labels[used], kind="stable")]
        origin = np.where(np.isnan(self.layout.origin), 0.0, self.layout.origin)
        matrices = self.matrices[used]
        if self.missing == "pairwise":
            pairs = None if self.pairs is None else self.pairs[used]
            return PairwiseMoments.of_units(
                self.columns, labels[used], self.n[used], origin, matrices, pairs, self.n_excluded
            )
        squared = None if self.squared is None else self.squared[used]
        return UnitMoments(
            columns=self.columns,
            units=labels[used],
            n=self.n[used],
            weight_sums=matrices[:, 0, 0].copy(),
            origin=origin,
            matrices=matrices,
            rows=None,
            n_excluded=self.n_excluded,
            squared=matrices if self.squared_weights and self.weights is None else squared,
        )

    def _values(self, column: pa.Array, name: str) -> tuple[AnyArray, NDArray[np.bool_] | None]:
        """Values of a column, and where they are present (None: everywhere)."""
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.uint8())
        there = None
        if pa.types.is_floating(column.type):
            values = np.asarray(column.to_numpy(zero_copy_only=False))
            if np.isinf(values).any():
                raise ValueError(
                    f"column '{name}' of '{self.file}' holds infinite values: declare them missing, or correct them."
                )
            there = ~np.isnan(values)
            return values, None if there.all() else there
        if column.null_count:
            there = np.asarray(column.is_valid().to_numpy(zero_copy_only=False))
            column = pc.fill_null(column, pc.min(column) if column.null_count < len(column) else 0)
        return np.asarray(column.to_numpy(zero_copy_only=False)), there

    def _codes(self, labels: pa.Array) -> IntArray:
        """Place of the unit of each row, -1 where it is missing; new units get the next places."""
        if not pa.types.is_dictionary(labels.type):
            labels = labels.dictionary_encode()
        # A dictionary may hold the same value twice, or none.
        places = [
            -1 if label is None else self.slots.setdefault(label, len(self.slots))
            for label in labels.dictionary.to_pylist()
        ]
        self._grow()
        codes = np.asarray(pc.fill_null(labels.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False))
        found: IntArray = np.append(np.array(places, dtype=np.int64), -1)[codes]
        return found

    def _grow(self) -> None:
        more = len(self.slots) - len(self.n)
        if more > 0:
            self.n = np.append(self.n, np.zeros(more, dtype=np.int64))
            self.matrices = _longer(self.matrices, more)
            self.pairs = None if self.pairs is None else _longer(self.pairs, more)
            self.squared = None if self.squared is None else _longer(self.squared, more)

    def _known(self, values: list[AnyArray], present: Present, rows: NDArray[np.bool_]) -> Layout:
        """The layout with the origins that these rows can tell."""
        origin, half = self.layout.origin, self.layout.half
        unknown = np.flatnonzero(np.isnan(origin))
        for index in unknown:
            there = present[index]
            seen = values[index][rows if there is None else rows & there]
            if len(seen):
                first = float(seen[0])
                origin[index] = first + (seen.astype(np.float64) - first).mean()
        for index in np.flatnonzero(np.isfinite(half)):
            low, high = int(values[index].min()), int(values[index].max())
            if max(high - origin[index], origin[index] - low) > half[index]:
                raise ValueError(
                    f"column '{self.columns[index]}' of '{self.file}' holds values outside the range that the "
                    "file's own statistics give: write the file again."
                )
        return Layout(origin=np.where(np.isnan(origin), 0.0, origin), half=half)


def _longer(table: FloatArray, more: int) -> FloatArray:
    return np.concatenate([table, np.zeros((more, *table.shape[1:]))])


def _layout(source: pq.ParquetFile, columns: tuple[str, ...]) -> Layout:
    """Middles of the scales of whole numbers from the file's statistics; origins of other columns are not known yet."""
    names = [source.metadata.schema.column(index).path for index in range(source.metadata.num_columns)]
    origin, half = np.full(len(columns), np.nan), np.full(len(columns), np.inf)
    for place, name in enumerate(columns):
        kind = source.schema_arrow.field(name).type
        if pa.types.is_boolean(kind):
            origin[place], half[place] = 0.0, 1.0
        if not pa.types.is_integer(kind):
            continue
        low, high = np.inf, -np.inf
        for group in range(source.metadata.num_row_groups):
            chunk = source.metadata.row_group(group).column(names.index(name))
            known = chunk.statistics
            if known is not None and known.has_min_max:
                low, high = min(low, known.min), max(high, known.max)
            elif known is None or known.null_count != chunk.num_values:
                # Not told: what the type can hold.
                limits = np.iinfo(kind.to_pandas_dtype())
                low, high = min(low, limits.min), max(high, limits.max)
        scale = short_scale(low, high) if low <= high else (0.0, 0.0)
        if scale is not None:
            origin[place], half[place] = scale
    return Layout(origin=origin, half=half)
