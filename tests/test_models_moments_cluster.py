"""A local Dask cluster gives what one process gives, in memory that does not grow with the files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from exresearch.models import NotEstimable, cluster_moments, parquet_moments

distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")

COLUMNS = [f"q{number:02d}" for number in range(30)]
BATCH_ROWS = 65_536


def write_part(path: Path, *, seed: int, rows: int) -> None:
    """Noise of 8 bytes, which takes as much room in the file as in memory, and an answer of one byte."""
    rng = np.random.default_rng(seed)
    columns = {name: rng.random(rows) for name in COLUMNS[1:]}
    columns[COLUMNS[0]] = rng.integers(1, 8, rows).astype(np.int8)
    columns["w"] = rng.uniform(0.5, 2.0, rows)
    columns["unit"] = rng.integers(50, size=rows)
    pq.write_table(pa.table(columns), path, row_group_size=BATCH_ROWS, use_dictionary=False)


def peak_memory(dask_worker: object) -> int:
    """Most memory this worker's process has held, in bytes, or 0 where the system does not tell."""
    del dask_worker
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    return int(status.read_text(encoding="ascii").split("VmHWM:")[1].split()[0]) * 1024


@pytest.fixture(scope="module")
def client() -> Iterator[object]:
    with (
        distributed.LocalCluster(
            processes=True, n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=0
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_cluster_gives_what_one_process_gives(client: object, tmp_path: Path) -> None:
    for number in range(4):
        write_part(tmp_path / f"small{number}.parquet", seed=number, rows=3000)
    for options in ({"weights": "w", "squared_weights": True}, {"missing": "pairwise"}):
        given = {"columns": COLUMNS, "cluster": "unit", **options}
        here, there = parquet_moments(tmp_path, **given), cluster_moments(tmp_path, client=client, **given)
        assert_array_equal(here.matrices, there.matrices)
        assert_array_equal(here.origin, there.origin)
        assert_array_equal(here.n, there.n)
        assert (here.n_rows, here.units.tolist()) == (there.n_rows, there.units.tolist())
    # What is wrong on a worker arrives as what it is.
    empty = pa.table({"q00": pa.nulls(5, pa.int8()), "unit": pa.array([1] * 5)})
    pq.write_table(empty, tmp_path / "empty")
    with pytest.raises(NotEstimable) as caught:
        cluster_moments(tmp_path / "empty", client=client, columns=["q00"], cluster="unit")
    assert str(caught.value) == (
        "no row is complete on the columns ['q00', 'unit'] (5 rows left out): leave out a column that is mostly "
        "missing."
    )


def test_worker_memory_is_bounded(client: object, tmp_path: Path) -> None:
    # A small file of the same kind first, so that what is loaded once is counted before.
    write_part(tmp_path / "warm.parquet", seed=1, rows=2 * BATCH_ROWS)
    options = {"columns": COLUMNS, "cluster": "unit", "batch_rows": BATCH_ROWS}
    cluster_moments([tmp_path / "warm.parquet"] * 2, client=client, **options)
    before = client.run(peak_memory)
    large = tmp_path / "large.parquet"
    write_part(large, seed=2, rows=10 * BATCH_ROWS)
    assert cluster_moments(large, client=client, **options).n_rows == 10 * BATCH_ROWS
    size = large.stat().st_size
    assert size > 150 * 2**20
    after = client.run(peak_memory)
    if not all(before.values()):
        pytest.skip("this system does not tell the peak memory of a process")
    growth = max(after[worker] - before[worker] for worker in before)
    # Five times the rows of the small file, and no more memory than a quarter of the large one.
    assert growth < size / 4
