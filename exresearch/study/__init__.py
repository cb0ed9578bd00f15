"""What comes in: the study file, the codebook, the tables, and the fictional demo client."""

from exresearch.study.codebook import Codebook, Variable, load_codebook
from exresearch.study.parameters import (
    TABLES,
    Parameters,
    StudyFile,
    parameter_names,
    parse_study,
    study_schema,
)
from exresearch.study.problems import Problem, StudyError, nearest
from exresearch.study.study import Study, load_settings, load_study, output_folder, project_root, resolve_path
from exresearch.study.tables import Table, check_tables, read_table

__all__ = [
    "TABLES",
    "Codebook",
    "Parameters",
    "Problem",
    "Study",
    "StudyError",
    "StudyFile",
    "Table",
    "Variable",
    "check_tables",
    "load_codebook",
    "load_settings",
    "load_study",
    "nearest",
    "output_folder",
    "parameter_names",
    "parse_study",
    "project_root",
    "read_table",
    "resolve_path",
    "study_schema",
]
