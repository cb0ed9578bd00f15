"""Cells of a key that are no key: signs for nothing, totals, numbers that a spreadsheet has rounded, two spellings."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

from exresearch.study.problems import Problem

# What programs write for an empty cell. 'NA' is left out: it may be North America.
_NOTHING = (
    "nan", "null", "none", "nil", "<na>", "n/a", "#n/a", "nvt", "n.v.t.", "-", "--", ".", "?", "(blank)", "(leeg)",
    "(empty)", "missing",
)  # fmt: skip
# Those that only a program writes: 'none' and '-' may be a category.
WRITTEN_BY_PROGRAMS = ("nan", "null", "<na>", "#n/a")
# Words that are a total by themselves, and the names of totals as first or last words: 'Subtotaal Zuid', 'North Total'.
_SURE = (
    "grand total", "subtotal", "subtotals", "sub total", "sub-total", "overall total", "eindtotaal", "subtotaal",
    "algemeen totaal", "totaalgemiddelde", "gemiddelde", "gemiddeld",
)  # fmt: skip
# The same, but a unit may be called so as well: 'Total Care'.
_UNSURE = ("total", "totals", "totaal", "totalen", "average", "overall")
_TOTALS = (*_SURE, *_UNSURE, "mean", "median", "mediaan")
# What a total is of, where it is no unit's name.
_EVERYTHING = (
    "alle", "all", "of", "van", "organisatie", "organisation", "organization", "bedrijf", "company", "concern", "regio",
    "regio's", "region", "regions", "vestigingen", "winkels", "filialen", "teams", "afdelingen", "units", "stores",
    "branches", "departments", "locations", "locaties", "medewerkers", "employees", "staff", "personeel", "klanten",
    "customers", "respondenten", "respondents", "generaal", "general",
)  # fmt: skip
_ALL_OF = re.compile(rf"(?:alle|all) (?:{'|'.join(_EVERYTHING[2:])})")
_BETWEEN = " :.–—()-"
# The longest word first, so that 'grand total' is not the total of a 'grand'.
_WORDS = "|".join(sorted((*_SURE, *_UNSURE), key=len, reverse=True))
_BEGINS = re.compile(rf"({_WORDS})[{_BETWEEN}]+(.*\w.*)", re.IGNORECASE)
_ENDS = re.compile(rf"(.*\w.*?)[{_BETWEEN}]+({_WORDS})", re.IGNORECASE)
# What each of these has in it, to look closely at few texts.
_HINT = "tota|gemiddeld|average|overall|mean|median|mediaan|^al"
_SCIENTIFIC = r"[-+]?\d(?:[.,]\d+)?[eE]\+\d+"
_AS_TEXT = "Give the column the format Text where it comes from, and export it again."
LEAVE_OUT = "write 'without_key: leave_out' for this file in the study file"
# A cell of Excel holds fifteen digits.
_EXACT = 1e15


def strange_keys(values: pd.Series, role: str, *, column: str, file: str) -> list[Problem]:
    """Return what is wrong with the cells of a key, whoever they belong to.

    Parameters
    ----------
    values : pandas.Series
        Cells as they stand in the file, missing codes made missing.
    role : str
        ``person``, ``unit`` or ``wave``; of a ``category`` only what programs write for nothing is a problem, since it
        would be a group of its own; other roles have none.
    column, file : str
        Where they are, for the messages.

    Returns
    -------
    list of Problem
        No message holds a cell, other than signs for nothing and words for totals.

    Examples
    --------
    >>> strange_keys(pd.Series(["a", "Totaal"]), "unit", column="team", file="a.csv")[0].message
    "1 row seems to be a total ('Totaal')."
    """
    if role not in ("person", "unit", "wave", "category"):
        return []
    if pd.api.types.is_float_dtype(values.dtype):
        return (
            []
            if role == "category"
            else _too_long(int((values.abs() >= _EXACT).sum()), role, column=column, file=file)
        )
    if not isinstance(values.dtype, pd.StringDtype):
        return []
    problems: list[Problem] = []
    # Each text once: a key stands in many rows.
    texts = pd.Series(values.dropna().unique(), dtype="str")
    signs = texts[texts.str.casefold().isin(WRITTEN_BY_PROGRAMS if role == "category" else _NOTHING)]
    nothing = values[values.isin(signs)] if len(signs) else values[:0]
    if len(nothing):
        cells, them = (
            ("1 cell holds", "the cell") if len(nothing) == 1 else (f"{len(nothing)} cells hold", "the cells")
        )
        message = f"{cells} a sign for nothing ({_listed(nothing)})."
        remedy = f"Empty {them}, or list the text under 'missing' in the codebook."
        problems.append(Problem(file, column, message, remedy))
    if role in ("wave", "category"):
        return problems
    totals = values[totals_among(values, role=role)]
    if len(totals):
        rows, them = (
            ("1 row seems to be a total", "it")
            if len(totals) == 1
            else (f"{len(totals)} rows seem to be totals", "them")
        )
        message = f"{rows} ({words_for_totals(totals)})."
        problems.append(Problem(file, column, message, f"Remove {them}, or {LEAVE_OUT}."))
    n_short = int(values.str.fullmatch(_SCIENTIFIC, na=False).sum())
    if n_short:
        cells = "1 cell holds a number that is" if n_short == 1 else f"{n_short} cells hold numbers that are"
        message = f"{cells} cut short, such as 1.23E+15; who or what was meant is lost."
        problems.append(Problem(file, column, message, _AS_TEXT))
    return problems


def totals_among(values: pd.Series, *, role: str = "unit") -> pd.Series:
    """Return which texts are totals or averages by their words, in Dutch or English.

    Parameters
    ----------
    values : pandas.Series
        Keys as text.
    role : str
        ``unit`` or ``person``; nobody's number is called after a total, some units are.

    Returns
    -------
    pandas.Series
        Of bool. A name that may be a unit's as well is not among them; see :func:`perhaps_totals`.

    Examples
    --------
    >>> totals_among(pd.Series(["North", "Totaal:", "North Total", "Subtotaal Zuid", "Total Care"])).tolist()
    [False, True, True, True, False]
    """
    kinds = _kinds_of_total(values)
    return kinds.eq("sure") | (kinds.ne("") & (role == "person"))


def perhaps_totals(values: pd.Series) -> pd.Series:
    """Return which names of units begin or end with a word for a total, and may be a unit's name as well.

    Examples
    --------
    >>> perhaps_totals(pd.Series(["Totaal Noord", "Total Care", "Totaalzorg", "Totaal"])).tolist()
    [True, True, False, False]
    """
    return _kinds_of_total(values).eq("perhaps")


def words_for_totals(totals: pd.Series) -> str:
    """Return the words that make names totals; of a longer name no more than that word.

    Examples
    --------
    >>> words_for_totals(pd.Series(["Totaal", "Subtotaal Zuid"]))
    "'Subtotaal ...', 'Totaal'"
    """
    shown = set()
    for text in totals.unique():
        written = text.strip(_BETWEEN)
        word, rest, first = _word_for_total(written)
        if _ALL_OF.fullmatch(written.casefold()):
            word, rest, first = written.split()[0], "...", True
        if written.casefold() in _TOTALS:
            rest = ""
        shown.add((f"{word} ..." if first else f"... {word}") if rest else text)
    return ", ".join(repr(text) for text in sorted(shown))


def _kinds_of_total(values: pd.Series) -> pd.Series:
    """Return ``sure``, ``perhaps`` or nothing for each text."""
    texts = pd.Series(values.dropna().unique(), dtype="str")
    plain = texts.str.casefold()
    hinted = plain.str.contains(_HINT, regex=True)
    known = set(plain) if hinted.any() else set()
    words = plain[hinted].str.strip(_BETWEEN)
    kinds = {text: _kind_of_total(word, known) for text, word in zip(texts[hinted], words, strict=True)}
    kinds = {text: kind for text, kind in kinds.items() if kind}
    if not kinds:
        return pd.Series("", index=values.index, dtype="str")
    return values.map(kinds).fillna("").astype("str")


def _kind_of_total(text: str, known: set[str]) -> str:
    if text in _TOTALS or _ALL_OF.fullmatch(text):
        return "sure"
    word, rest, _ = _word_for_total(text)
    if not rest:
        return ""
    ends = {rest.split()[0], rest.split()[-1]}
    sure = word in _SURE or rest in known or rest.isdigit() or ends & {*_EVERYTHING, *_TOTALS}
    return "sure" if sure else "perhaps"


def _word_for_total(text: str) -> tuple[str, str, bool]:
    """Return the word for a total that a text begins or ends with, the rest, and whether it begins with it."""
    if found := _BEGINS.fullmatch(text):
        return found.group(1), found.group(2), True
    if found := _ENDS.fullmatch(text):
        return found.group(2), found.group(1), False
    return "", "", True


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
