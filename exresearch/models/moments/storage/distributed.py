"""Cross-products per unit from Parquet files that many machines read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exresearch.models.moments.accumulate import Missing
from exresearch.models.moments.storage.batches import Moments
from exresearch.models.moments.storage.parquet import (
    BATCH_ROWS,
    FAN_IN,
    add_parts,
    check_parquet,
    file_moments,
    finished,
    parquet_files,
)
from exresearch.models.names import name_list, one_name, optional_name

if TYPE_CHECKING:
    from distributed import Client


def cluster_moments(
    paths: str | Path | Sequence[str | Path],
    *,
    client: Client,
    columns: Iterable[str],
    cluster: str,
    weights: str | None = None,
    missing: Missing = "listwise",
    squared_weights: bool = False,
    batch_rows: int = BATCH_ROWS,
) -> Moments:
    """`parquet_moments` with the files spread over the workers of a Dask cluster.

    Use it when one machine reads too slowly. Each worker reads one file at a time, in batches, on one thread, so that
    its memory does not grow with the file; sums travel, answers do not.

    Parameters
    ----------
    paths, columns, cluster, weights, missing, squared_weights, batch_rows
        As in `parquet_moments`. Workers and caller see the files under the same paths, as on a shared disk. A single
        file is one task: write large data in as many files as there are workers, or more.
    client : distributed.Client
        The cluster. Start workers with as many processes as cores.

    Returns
    -------
    UnitMoments or PairwiseMoments
        The same as `parquet_moments`, to the last bit: parts are added in the order of the files.

    Raises
    ------
    ImportError
        `distributed` is not installed.
    ValueError, NotEstimable
        As `parquet_moments`.

    Examples
    --------
    With the extra ``cluster`` installed::

        from distributed import Client

        with Client("scheduler:8786") as client:
            moments = cluster_moments("answers/", client=client, columns=["enps", "needs"], cluster="unit")
    """
    _check_client(client)
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
    # Not pure: a file may have changed since a task of the same name.
    parts: list[Any] = [
        client.submit(
            file_moments,
            file,
            columns,
            cluster=cluster,
            weights=weights,
            missing=missing,
            squared_weights=squared_weights,
            batch_rows=batch_rows,
            workers=1,
            pure=False,
        )
        for file in files
    ]
    while len(parts) > 1:
        parts = [
            client.submit(add_parts, parts[first : first + FAN_IN], pure=False)
            for first in range(0, len(parts), FAN_IN)
        ]
    return finished(parts[0].result(), columns, missing=missing, weights=weights, cluster=cluster)


def _check_client(client: object) -> None:
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError(
            "cluster_moments needs the package distributed: pip install '.[cluster]', "
            "or use parquet_moments on one machine."
        ) from error
    if not isinstance(client, Client):
        raise ValueError(f"client must be a distributed.Client, got {type(client).__name__}.")
