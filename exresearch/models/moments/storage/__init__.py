"""Moments from files larger than memory, from many machines, and in files of their own."""

from exresearch.models.moments.storage.distributed import cluster_moments
from exresearch.models.moments.storage.parquet import parquet_moments
from exresearch.models.moments.storage.saved import read_moments, write_moments

__all__ = ["cluster_moments", "parquet_moments", "read_moments", "write_moments"]
