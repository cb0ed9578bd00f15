"""Files of survey platforms and HR systems become raw tables, by one interface."""

from exresearch.study.importers.open import read_columns
from exresearch.study.importers.raw import RawTable

__all__ = ["RawTable", "read_columns"]
