"""What comes in: the study file, the codebook, the tables, and the fictional demo client."""

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
