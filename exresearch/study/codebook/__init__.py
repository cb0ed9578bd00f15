"""What every column of every table means: one entry per column, a label per construct."""

from exresearch.study.codebook.book import Codebook, codebook_remarks, contradictions
from exresearch.study.codebook.derived import SharedSource, columns_in_common, derived_remarks
from exresearch.study.codebook.formats.read import load_codebook, read_codebook
from exresearch.study.codebook.formats.write import write_codebook
from exresearch.study.codebook.keys import codebook_schema
from exresearch.study.codebook.variable import (
    KEYS,
    VARIABLE,
    Block,
    Construct,
    Guessable,
    Role,
    ScoreMethod,
    Variable,
)

__all__ = [
    "KEYS",
    "VARIABLE",
    "Block",
    "Codebook",
    "Construct",
    "Guessable",
    "Role",
    "ScoreMethod",
    "SharedSource",
    "Variable",
    "codebook_remarks",
    "codebook_schema",
    "columns_in_common",
    "contradictions",
    "derived_remarks",
    "load_codebook",
    "read_codebook",
    "write_codebook",
]
