"""A checked study: the client's tables, what they mean, and who fell out on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from exresearch.study.codebook import Codebook
from exresearch.study.parameters import StudyFile
from exresearch.study.remarks import Remark

if TYPE_CHECKING:
    # The package of tables needs this module.
    from exresearch.study.weights.weighting import WaveWeights

QUALITY_COLUMNS = ("table", "flag", "n", "n_judged", "share")


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Study:
    """Everything a notebook needs to know about one client.

    Attributes
    ----------
    settings : StudyFile
        The study file, checked, overrides included.
    codebook : Codebook
        What every column means.
    tables : dict of str to pandas.DataFrame
        Cleaned tables; keys are named ``person``, ``unit``, ``wave``, ``weight``. Waves are text. Not reverse-coded.
    ledger : pandas.DataFrame
        One row per table and step: ``table, step, counted, n, removed``, where ``counted`` is rows, cells or columns;
        see :func:`exresearch.study.tables.attrition_ledger`.
    waves : tuple of str
        All waves in order of time.
    files : dict of str to tuple of pathlib.Path
        The files behind each table, and the codebook.
    remarks : tuple of Remark
        What is worth knowing about the input and stands in nobody's way.
    weighting : tuple of WaveWeights
        How raking went, per table and wave; empty where the study file asks for none.
    quality : pandas.DataFrame
        Answer sheets that look careless, counted before any was left out: ``table, flag, n, n_judged, share``; see
        :func:`exresearch.study.tables.judge_sheets`.
    layouts : dict of str to tuple of str
        What kind of file each file of a table turned out to be, such as ``csv/qualtrics``.
    """

    settings: StudyFile
    codebook: Codebook
    tables: dict[str, pd.DataFrame]
    ledger: pd.DataFrame
    waves: tuple[str, ...]
    files: dict[str, tuple[Path, ...]]
    remarks: tuple[Remark, ...] = ()
    weighting: tuple[WaveWeights, ...] = ()
    quality: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(QUALITY_COLUMNS)))
    layouts: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        """Return a table, or an empty frame when the study has none of that name."""
        return self.tables.get(name, pd.DataFrame())

    def has(self, name: str, *columns: str) -> bool:
        """Whether the study has a table, with all these standard or own columns."""
        return name in self.tables and all(column in self.tables[name] for column in columns)
