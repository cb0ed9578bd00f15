"""Sums per unit of one Parquet file, batch by batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from exresearch.models.moments.accumulate import Missing, used_rows
from exresearch.models.moments.batch import (
    Batch,
    Layout,
    Present,
    add_listwise,
    add_pairwise,
    short_scale,
)
from exresearch.models.moments.kernel import AnyArray, FloatArray, IntArray, unit_order
from exresearch.models.moments.pairwise import PairwiseMoments
from exresearch.models.moments.unit import UnitMoments

Moments = UnitMoments | PairwiseMoments


class FileSums:
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
        self.layout = file_layout(source, columns)
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


def file_layout(source: pq.ParquetFile, columns: tuple[str, ...]) -> Layout:
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
