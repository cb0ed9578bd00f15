"""The data behind a figure: the frames that it shows, as tables for readers who cannot see it and for all others."""

from exresearch.report.behind.declared import Behind
from exresearch.report.behind.tables import data_tables, declared_for

__all__ = ["Behind", "data_tables", "declared_for"]
