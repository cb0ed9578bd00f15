"""Who of those who answered was at work: candidates, leavers and alumni say nothing about the response of the staff."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.study.codebook import Codebook
from exresearch.study.coded import coded
from exresearch.study.problems import NAMEABLE
from exresearch.study.remarks import Remark

_SHOWN = 5
# Words for each phase, in lower case, hyphens and underscores read as blanks. The one place that knows them. Before and
# after are not among them: they may be of a programme.
_WORDS = {
    "employee": (
        "employee", "employees", "working", "at work", "employed", "current", "current employee", "active", "staff",
        "onboarding", "new hire", "medewerker", "medewerkers", "werknemer", "werkend", "werkzaam", "aan het werk",
        "in dienst", "huidig", "huidige medewerker", "actief", "nieuwe medewerker",
    ),
    "candidate": (
        "candidate", "candidates", "applicant", "applicants", "preboarding", "pre boarding", "kandidaat",
        "kandidaten", "sollicitant", "sollicitanten",
    ),
    "leaver": (
        "leaver", "leavers", "leaving", "exit", "offboarding", "vertrekker", "vertrekkers", "vertrekkend",
        "vertrekkende medewerker", "vertrokken", "uit dienst", "uitdienst", "uitstromer", "uitstroom",
    ),
    "alumnus": (
        "alumnus", "alumna", "alumni", "former", "former employee", "ex employee", "oud medewerker",
        "oud medewerkers", "ex medewerker", "ex medewerkers", "voormalig medewerker",
    ),
}  # fmt: skip
_PHASES = {word: phase for phase, words in _WORDS.items() for word in words}


def phase_column(codebook: Codebook) -> str | None:
    """Return the category column of the employees that says whether somebody works here.

    Returns
    -------
    str or None
        The one with construct ``phase``, else the one of that name, else None.
    """
    categories = codebook.select("employees", role="category")
    named = [v.column for v in categories if v.construct == "phase"]
    named += [v.column for v in categories if v.column == "phase"]
    return named[0] if named else None


def phase_of(value: str) -> str:
    """Return which phase a word stands for, in Dutch or English; an empty text where it is not known.

    Examples
    --------
    >>> phase_of("Medewerker"), phase_of("uit-dienst"), phase_of("Oud-medewerker"), phase_of("pilot")
    ('employee', 'leaver', 'alumnus', '')
    """
    return _PHASES.get(re.sub(r"[\s_-]+", " ", value).strip().casefold(), "")


def at_work(sheets: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Return the sheets of people at work; those from before or after employment say nothing about the response.

    When to use it: wherever respondents are set against staff, in a response rate as in a weight.

    Parameters
    ----------
    sheets : pandas.DataFrame
        Rows of the cleaned table ``employees``.
    codebook : Codebook
        Says which column holds the phase.

    Returns
    -------
    pandas.DataFrame
        The sheets without those of candidates, leavers and alumni. A sheet without a phase, or with one that is not
        known, is somebody's at work. All of them where there is no such column, or nobody is at work.
    """
    working = working_rows(sheets, codebook)
    return sheets if working is None else sheets[working]


def working_rows(sheets: pd.DataFrame, codebook: Codebook) -> NDArray[np.bool_] | None:
    """Say which sheets :func:`at_work` keeps; None where it keeps them all. No other column is copied for it."""
    working = _working(sheets, codebook)
    return working if working.any() and not working.all() else None


def phase_remarks(sheets: pd.DataFrame, codebook: Codebook, *, file: str) -> list[Remark]:
    """Say which sheets do not count as the staff's, and which phases are not known.

    Parameters
    ----------
    sheets : pandas.DataFrame
        The cleaned table ``employees``.
    codebook : Codebook
        Says which column holds the phase.
    file : str
        Name of the table's file.

    Returns
    -------
    list of Remark
        ``phases_not_known``, ``sheets_not_at_work`` or ``nobody_at_work``; phases that fewer than five sheets have are
        counted and not named.
    """
    column = phase_column(codebook)
    if column is None or column not in sheets:
        return []
    counts = sheets[column].value_counts()
    unknown = [value for value in counts.index if not phase_of(str(value))]
    remarks = []
    if unknown:
        detail = "".join(_named(counts[unknown]))
        remarks.append(Remark("employees", file, column, "phases_not_known", len(unknown), detail))
    working = _working(sheets, codebook)
    if not working.all():
        kind = "sheets_not_at_work" if working.any() else "nobody_at_work"
        remarks.append(Remark("employees", file, column, kind, int((~working).sum())))
    return remarks


def _working(sheets: pd.DataFrame, codebook: Codebook) -> NDArray[np.bool_]:
    column = phase_column(codebook)
    if column is None or column not in sheets:
        return np.ones(len(sheets), dtype=bool)
    codes, names = coded(sheets[column])
    # The last place is that of sheets without a phase, whose number is -1.
    here = np.array([*(phase_of(str(value)) in ("", "employee") for value in names), True])
    return here[codes]


def _named(counts: pd.Series) -> Iterator[str]:
    shown = sorted(str(value) for value in counts.index[counts >= NAMEABLE])[:_SHOWN]
    if shown:
        yield f" ({', '.join(repr(value) for value in shown)}{' and others' if len(counts) > len(shown) else ''})"
