"""What may be set: of a study's tables, of its analysis, and the study file as a whole."""

from exresearch.study.parameters.analysis import Parameters
from exresearch.study.parameters.journey import Moment, Phase
from exresearch.study.parameters.sources import (
    TABLES,
    Language,
    LocalText,
    Quality,
    Synthetic,
    TableName,
    TableSource,
    Wave,
    Weighting,
)
from exresearch.study.parameters.study_file import (
    Also,
    StudyFile,
    parameter_names,
    parse_study,
    study_schema,
)

__all__ = [
    "TABLES",
    "Also",
    "Language",
    "LocalText",
    "Moment",
    "Parameters",
    "Phase",
    "Quality",
    "StudyFile",
    "Synthetic",
    "TableName",
    "TableSource",
    "Wave",
    "Weighting",
    "parameter_names",
    "parse_study",
    "study_schema",
]
