"""Cells of a key that are no key: signs for nothing, totals, numbers that a spreadsheet has rounded, two spellings."""

from __future__ import annotations

import unicodedata

import pandas as pd

from exresearch.study.problems import Problem

# What programs write for an empty cell. 'NA' is left out: it may be North America.
_NOTHING = (
    "nan", "null", "none", "nil", "<na>", "n/a", "#n/a", "nvt", "n.v.t.", "-", "--", ".", "?", "(blank)", "(leeg)",
    "(empty)", "missing",
)  # fmt: skip
_TOTALS = (
    "total", "totals", "grand total", "subtotal", "sub total", "sub-total", "totaal", "totalen", "eindtotaal",
    "subtotaal", "algemeen totaal", "average", "gemiddelde", "overall", "overall total",
)  # fmt: skip
_SCIENTIFIC = r"[-+]?\d(?:[.,]\d+)?[eE]\+\d+"
_AS_TEXT = "Give the column the format Text where it comes from, and export it again."
# A cell of Excel holds fifteen digits.
_EXACT = 1e15


def strange_keys(values: pd.Series, role: str, *, column: str, file: str) -> list[Problem]:
    """Return what is wrong with the cells of a key, whoever they belong to.

    Parameters
    ----------
    values : pandas.Series
        Cells as they stand in the file, missing codes made missing.
    role : str
        ``person``, ``unit`` or ``wave``; other roles have no such problems.
    column, file : str
        Where they are, for the messages.

    Returns
    -------
    list of Problem
        No message holds a cell, other than signs for nothing and words for totals.

    Examples
    --------
    >>> print(*strange_keys(pd.Series(["a", "Totaal"]), "unit", column="team", file="a.csv"))
    a.csv: team: 1 row seems to be a total ('Totaal'). Remove it, or list the text under 'missing' in the codebook.
    """
    if role not in ("person", "unit", "wave"):
        return []
    if pd.api.types.is_float_dtype(values.dtype):
        return _too_long(int((values.abs() >= _EXACT).sum()), role, column=column, file=file)
    if not isinstance(values.dtype, pd.StringDtype):
        return []
    problems: list[Problem] = []
    plain = values.str.casefold()
    nothing = values[plain.isin(_NOTHING)]
    if len(nothing):
        cells, them = (
            ("1 cell holds", "the cell") if len(nothing) == 1 else (f"{len(nothing)} cells hold", "the cells")
        )
        message = f"{cells} a sign for nothing ({_listed(nothing)})."
        remedy = f"Empty {them}, or list the text under 'missing' in the codebook."
        problems.append(Problem(file, column, message, remedy))
    if role == "wave":
        return problems
    totals = values[totals_among(values)]
    if len(totals):
        rows, them = (
            ("1 row seems to be a total", "it")
            if len(totals) == 1
            else (f"{len(totals)} rows seem to be totals", "them")
        )
        message = f"{rows} ({_listed(totals)})."
        remedy = f"Remove {them}, or list the text under 'missing' in the codebook."
        problems.append(Problem(file, column, message, remedy))
    n_short = int(values.str.fullmatch(_SCIENTIFIC, na=False).sum())
    if n_short:
        cells = "1 cell holds a number that is" if n_short == 1 else f"{n_short} cells hold numbers that are"
        message = f"{cells} cut short, such as 1.23E+15; who or what was meant is lost."
        problems.append(Problem(file, column, message, _AS_TEXT))
    return problems


def totals_among(values: pd.Series) -> pd.Series:
    """Return which texts are words for a total, in Dutch or English.

    Examples
    --------
    >>> totals_among(pd.Series(["A07", "Totaal:", "Total care"])).tolist()
    [False, True, False]
    """
    return values.str.casefold().str.rstrip(":.").isin(_TOTALS)


def one_spelling(keys: pd.Series, role: str) -> pd.Series:
    """Return keys as they would be if each were written in one way.

    When to use it: to find keys that two files write differently, so that they do not link. Zeros in front, ``.0``
    behind and full-width digits make no difference; for units, capitals and blanks make none either.

    Parameters
    ----------
    keys : pandas.Series
        Different keys, as text.
    role : str
        ``person`` or ``unit``.

    Returns
    -------
    pandas.Series

    Examples
    --------
    >>> one_spelling(pd.Series(["007", "7", "7.0", "A07"]), "person").tolist()
    ['7', '7', '7', 'A07']
    """
    strange = keys.str.contains(r"^0\d|^\d+\.0+$|[^\x00-\x7f]", regex=True)
    plain = keys.mask(strange, keys[strange].map(lambda key: unicodedata.normalize("NFKC", key)))
    if role == "unit":
        plain = plain.str.casefold().str.split().str.join(" ")
    return plain.str.replace(r"^0+(?=\d+(?:\.0+)?$)", "", regex=True).str.replace(
        r"^(\d+)\.0+$", r"\1", regex=True
    )


def _too_long(n: int, role: str, *, column: str, file: str) -> list[Problem]:
    if not n or role == "wave":
        return []
    cells = "1 cell holds a number" if n == 1 else f"{n} cells hold numbers"
    message = f"{cells} of more than fifteen digits, which spreadsheets round; who or what was meant is lost."
    return [Problem(file, column, message, _AS_TEXT)]


def _listed(cells: pd.Series) -> str:
    return ", ".join(repr(text) for text in sorted(cells.unique()))
