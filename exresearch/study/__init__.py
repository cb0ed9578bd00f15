"""What comes in: the study file, the codebook, the tables, and the fictional demo client."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exresearch.study.codebook import (
        Codebook,
        Construct,
        ScoreMethod,
        SharedSource,
        Variable,
        columns_in_common,
        load_codebook,
    )
    from exresearch.study.load import Examined, examine_study, load_study
    from exresearch.study.parameters import (
        TABLES,
        Moment,
        Parameters,
        Phase,
        Quality,
        StudyFile,
        TableSource,
        Weighting,
        parameter_names,
        parse_study,
        study_schema,
    )
    from exresearch.study.paths import output_folder, project_root, resolve_path
    from exresearch.study.problems import Problem, StudyError, nearest
    from exresearch.study.remarks import REMARKS, Remark, remark_sentence, remarks_table
    from exresearch.study.settings import from_command_line, load_settings
    from exresearch.study.study import Study
    from exresearch.study.tables import OnProgress, Table, check_tables, read_table

# Where each is; imported when first asked for, so that a command that reads no tables answers at once.
_PLACES = {
    "Codebook": "codebook",
    "Construct": "codebook",
    "Examined": "load",
    "Moment": "parameters",
    "OnProgress": "tables",
    "Parameters": "parameters",
    "Phase": "parameters",
    "Problem": "problems",
    "Quality": "parameters",
    "REMARKS": "remarks",
    "Remark": "remarks",
    "ScoreMethod": "codebook",
    "SharedSource": "codebook",
    "Study": "study",
    "StudyError": "problems",
    "StudyFile": "parameters",
    "TABLES": "parameters",
    "Table": "tables",
    "TableSource": "parameters",
    "Variable": "codebook",
    "Weighting": "parameters",
    "check_tables": "tables",
    "columns_in_common": "codebook",
    "examine_study": "load",
    "from_command_line": "settings",
    "load_codebook": "codebook",
    "load_settings": "settings",
    "load_study": "load",
    "nearest": "problems",
    "output_folder": "paths",
    "parameter_names": "parameters",
    "parse_study": "parameters",
    "project_root": "paths",
    "read_table": "tables",
    "remark_sentence": "remarks",
    "remarks_table": "remarks",
    "resolve_path": "paths",
    "study_schema": "parameters",
}

__all__ = [
    "REMARKS",
    "TABLES",
    "Codebook",
    "Construct",
    "Examined",
    "Moment",
    "OnProgress",
    "Parameters",
    "Phase",
    "Problem",
    "Quality",
    "Remark",
    "ScoreMethod",
    "SharedSource",
    "Study",
    "StudyError",
    "StudyFile",
    "Table",
    "TableSource",
    "Variable",
    "Weighting",
    "check_tables",
    "columns_in_common",
    "examine_study",
    "from_command_line",
    "load_codebook",
    "load_settings",
    "load_study",
    "nearest",
    "output_folder",
    "parameter_names",
    "parse_study",
    "project_root",
    "read_table",
    "remark_sentence",
    "remarks_table",
    "resolve_path",
    "study_schema",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
