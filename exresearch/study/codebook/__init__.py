"""What every column of every table means: one entry per column, a label per construct."""

from exresearch.study.codebook.book import Codebook, load_codebook
from exresearch.study.codebook.variable import KEYS, VARIABLE, Block, Construct, Guessable, Role, Variable

__all__ = [
    "KEYS",
    "VARIABLE",
    "Block",
    "Codebook",
    "Construct",
    "Guessable",
    "Role",
    "Variable",
    "load_codebook",
]
