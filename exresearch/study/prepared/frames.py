"""A table on disk exactly as it is in memory, to be mapped and not read: kernels side by side share its pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.lib.format import open_memmap

# Columns of text, whose cells Arrow keeps end to end, and those whose cells have one size.
_TEXT = pd.StringDtype("pyarrow", na_value=np.nan)
_FIXED = "fiubM"


def write_frame(frame: pd.DataFrame, folder: Path, name: str) -> dict[str, Any] | None:
    """Write a frame.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns of numbers, dates or text, with names of their own.
    folder : pathlib.Path
        Where its files go.
    name : str
        First part of the files' names.

    Returns
    -------
    dict or None
        What :func:`read_frame` needs, to be kept as JSON; None, with nothing written, for a frame with anything else.
    """
    columns = list(frame.columns)
    plain = isinstance(frame.columns, pd.Index) and all(type(column) is str for column in columns)
    index = frame.index
    counted = isinstance(index, pd.RangeIndex) and (index.start, index.step, index.name) == (0, 1, None)
    numbered = index.dtype == np.int64 and index.name is None and index.nlevels == 1
    if not plain or len(set(columns)) != len(columns) or not (counted or numbered) or frame.attrs:
        return None
    groups: dict[str, list[int]] = {}
    for position, dtype in enumerate(frame.dtypes):
        if dtype == _TEXT and isinstance(dtype, pd.StringDtype):
            groups.setdefault("text", []).append(position)
        elif isinstance(dtype, np.dtype) and dtype.kind in _FIXED:
            groups.setdefault(dtype.str, []).append(position)
        else:
            return None
    kept: dict[str, Any] = {"columns": columns, "rows": len(frame), "groups": groups, "counted": counted}
    for number, (kind, positions) in enumerate(groups.items()):
        if kind == "text":
            cells = [pa.chunked_array(pa.array(frame.iloc[:, p], pa.large_string())) for p in positions]
            table = pa.table([one.combine_chunks() for one in cells], names=[columns[p] for p in positions])
            with (
                pa.OSFile(str(folder / f"{name}.arrow"), "wb") as sink,
                pa.ipc.new_file(sink, table.schema) as file,
            ):
                # One batch: whoever reads it gets each column in one piece.
                file.write_table(table, max_chunksize=max(len(table), 1))
        elif len(frame):
            shape = (len(positions), len(frame))
            target = open_memmap(
                folder / f"{name}.{number}.npy", mode="w+", dtype=np.dtype(kind), shape=shape
            )
            for row, position in enumerate(positions):
                target[row] = frame.iloc[:, position].to_numpy()
            target.flush()
    if not counted:
        np.save(folder / f"{name}.index.npy", index.to_numpy())
    return kept


def read_frame(folder: Path, name: str, kept: dict[str, Any]) -> pd.DataFrame:
    """Read what :func:`write_frame` wrote: columns of one type in one block, as if the frame had just been made.

    Numbers are mapped privately: to change one changes neither the file nor anybody else's frame.

    Raises
    ------
    OSError, ValueError
        If a file is not there, or not as it was written.
    """
    rows, blocks = kept["rows"], []
    for number, (kind, positions) in enumerate(kept["groups"].items()):
        if kind == "text":
            with pa.memory_map(str(folder / f"{name}.arrow")) as source:
                table = pa.ipc.open_file(source).read_all()
            if len(table) != rows:
                raise ValueError(f"{name}.arrow has {len(table)} rows, not {rows}")
            for position, cells in zip(positions, table.columns, strict=True):
                array: Any = pd.arrays.ArrowStringArray(cells, dtype=_TEXT)  # type: ignore[call-arg]
                blocks.append((array, np.array([position])))
            continue
        shape = (len(positions), rows)
        if rows:
            values = np.load(folder / f"{name}.{number}.npy", mmap_mode="c", allow_pickle=False)
        else:
            values = np.empty(shape, dtype=np.dtype(kind))
        if values.shape != shape or values.dtype != np.dtype(kind):
            raise ValueError(f"{name}.{number}.npy does not have the shape or type that it was written with")
        blocks.append((values.view(np.ndarray), np.array(positions)))
    index = pd.RangeIndex(rows) if kept["counted"] else pd.Index(np.load(folder / f"{name}.index.npy"))
    columns = pd.Index(kept["columns"], dtype="str")
    internals: Any = getattr(pd.api, "internals")  # noqa: B009 - pandas-stubs do not know it
    frame: pd.DataFrame = internals.create_dataframe_from_blocks(blocks, index=index, columns=columns)
    return frame
