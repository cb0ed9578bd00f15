"""A checked study, written down so that a kernel reads it as it is instead of checking everything again."""

from exresearch.study.prepared.prepare import PREPARED, drop_prepared, prepare_study, prepared_study

__all__ = ["PREPARED", "drop_prepared", "prepare_study", "prepared_study"]
