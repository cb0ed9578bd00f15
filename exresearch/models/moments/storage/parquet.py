"""Cross-products per unit from Parquet files of any size, in memory that does not grow with the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from exresearch.models.moments.accumulate import Missing, check_options, nothing_left
from exresearch.models.moments.pairwise import PairwiseMoments, check_pairs, merge_pairwise
from exresearch.models.moments.storage.batches import FileSums, Moments
from exresearch.models.moments.unit import UnitMoments, merge_moments
from exresearch.models.names import name_list, one_name, optional_name, repeated
from exresearch.models.resampling import NotEstimable

OnProgress = Callable[[int, int], None]

#: Rows held at a time: 40 answers of one byte are 20 MB, and units still have enough rows for quick products.
BATCH_ROWS = 524_288


def parquet_moments(
    paths: str | Path | Sequence[str | Path],
    *,
    columns: Iterable[str],
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
    >>> import pandas as pd
    >>> data = pd.DataFrame({"x": [1, 2, 3, 4], "y": [2, 4, 5, 9], "team": list("aabb")})
    >>> with TemporaryDirectory() as folder:
    ...     data.to_parquet(Path(folder) / "answers.parquet")
    ...     moments = parquet_moments(folder, columns=["x", "y"], cluster="team")
    >>> moments.n.tolist(), moments.covariances()[0].round(3).tolist()
    ([2, 2], [[1.25, 2.75], [2.75, 6.5]])
    """
    columns, cluster = tuple(name_list("columns", columns)), one_name("cluster", cluster)
    weights = optional_name("weights", weights)
    files = parquet_files(paths)
    check_parquet(
        files,
        columns,
        cluster=cluster,
        weights=weights,
        missing=missing,
        squared_weights=squared_weights,
        batch_rows=batch_rows,
    )
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
    return finished(parts[0], columns, missing=missing, weights=weights, cluster=cluster)


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
    sums = FileSums(
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


def finished(
    part: Part, columns: tuple[str, ...], *, missing: Missing, weights: str | None, cluster: str
) -> Moments:
    """The moments of all parts, or NotEstimable when there is nothing in them."""
    moments, n_excluded = part
    if moments is None:
        raise NotEstimable(nothing_left(columns, n_excluded, missing, weights=weights, cluster=cluster))
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
    batch_rows: int,
) -> None:
    """Refuse, before anything is read, what no file can give."""
    check_options(missing, squared_weights=squared_weights)
    if batch_rows < 1:
        raise ValueError(f"batch_rows must be 1 or more, got {batch_rows!r}.")
    numbers = [*columns, *([] if weights is None else [weights])]
    asked = [*numbers, cluster]
    twice = repeated(asked)
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
