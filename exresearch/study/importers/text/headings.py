"""Where the column names stand, when a title or empty rows come first."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

_NUMBER = re.compile(r"[-+]?[\d.,]*\d[\d.,]*%?")
# Numbers that may well be a name: of a question, of a year or a month.
_NAME_OF_NUMBERS = re.compile(r"\d{1,2}|1\d\d|\d{1,2}\.\d{1,2}|(?:19|20)\d\d(?:0[1-9]|1[0-2])?")
_DATE = re.compile(r"(?:19|20)\d\d-\d{1,2}-\d{1,2}\b.*|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d\b.*")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# 'Jan de Vries', 'J. Bos'; and the words by which a heading above such names can be told from one of them.
_FULL_NAME = re.compile(
    r"[A-ZÀ-Þ][\w'’-]*\.?(?: (?:van|de|den|der|ter|ten|te|in|'t|von|el|al|bin))*(?: [A-ZÀ-Þ][\w'’-]*\.?){1,2}"
)
_NAMES_A_COLUMN = re.compile(
    r"name|naam|employee|medewerk|manager|leidinggev|person|respondent|contact|klant|customer|colle|coach|mentor|by|door|user"
    r"|team|unit|afdeling|depart|vestiging|location|locatie|branch|filiaal|winkel|store|adres|address|title|titel|functie",
    re.IGNORECASE,
)
_ENOUGH_NAMES = 3


def find_heading(rows: Sequence[Sequence[str]], *, wanted: Collection[str] | None) -> int:
    """Return the row that holds the column names, counted from 0.

    When to use it: on the first rows of a text file or a sheet, unless the study file names the row.

    Parameters
    ----------
    rows : sequence of sequence of str
        The first rows, at least some of them with answers; an empty cell is an empty text.
    wanted : collection of str or None
        Columns that the codebook describes.

    Returns
    -------
    int
        The first of the rows that hold most wanted names; where none is wanted or none occurs, the first row that is
        as wide as the rows below it. A title, an empty row or a row of group names is narrower than that.

    Examples
    --------
    >>> rows = [["Staff survey 2024", "", ""], ["", "", ""], ["unit", "wave", "eng_1"], ["A", "1", "5"]]
    >>> find_heading(rows, wanted=None)
    2
    >>> find_heading([["unit", "wave"], ["wave", "unit"]], wanted={"unit"})
    0
    """
    names = set(wanted or ())
    if names:
        hits = [len(names & {part for cell in row for part in (cell, cell.strip())}) for row in rows]
        if any(hits):
            return hits.index(max(hits))
    widths = [_width(row) for row in rows]
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    # A last column without a name, or a first one, is allowed; the body has its width more than once.
    body = max((width for width in widths if widths.count(width) > 1 or len(rows) < 3), default=0)
    for number, width in enumerate(widths):
        if width < body or not width:
            continue
        below = next((row for row in rows[number + 1 :] if any(cell.strip() for cell in row)), [])
        # Names of groups leave cells open, and the names of the columns stand below them.
        if 2 * filled[number] > body or not (_are_names(below) and len(set(below)) > 2 * filled[number] - 1):
            return number
    return next((number for number, count in enumerate(filled) if count), 0)


def is_heading(row: Sequence[str], below: Sequence[Sequence[str]] = ()) -> bool:
    """Return whether a row can be column names at all.

    When to use it: where no wanted name is in the row. A file without a heading would otherwise lose its first answers,
    and show them as names.

    Parameters
    ----------
    row : sequence of str
        The row in question.
    below : sequence of sequence of str
        The rows below it.

    Returns
    -------
    bool
        False where no cell is a word, where half of the cells occur again below themselves, or where a cell is an
        e-mail address, or a date, a large number or somebody's full name above others.

    Examples
    --------
    >>> is_heading(["unit", "2023", "2024"]), is_heading(["5", "3", ""])
    (True, False)
    >>> is_heading(["North", "5"], [["South", "3"], ["North", "5"]])
    False
    >>> is_heading(["Jan Jansen", "51234"], [["Ann Bos", "48003"]])
    False
    >>> is_heading(["Jan Jansen", "nice"], [["Ann Bos", "fine"], ["Kim de Wit", "well"], ["Ali Kaya", "good"]])
    False
    """
    cells = {place: cell.strip() for place, cell in enumerate(row) if cell.strip()}
    again = sum(
        any(place < len(r) and r[place].strip() == cell for r in below) for place, cell in cells.items()
    )
    words = any(not _NUMBER.fullmatch(cell) for cell in cells.values())
    answers = any(
        _ADDRESS.fullmatch(cell) or _is_answer(cell, [r[place].strip() for r in below if place < len(r)])
        for place, cell in cells.items()
    )
    return words and not answers and 2 * again < max(len(cells), 1)


def _is_answer(cell: str, below: Sequence[str]) -> bool:
    """Whether a cell is a date above dates, a full name above others, or a number above numbers that is no name."""
    filled = [one for one in below if one]
    if not filled:
        return False
    if _DATE.fullmatch(cell):
        return all(_DATE.fullmatch(one) for one in filled)
    if _FULL_NAME.fullmatch(cell) and not _NAMES_A_COLUMN.search(cell):
        named = {one for one in filled if _FULL_NAME.fullmatch(one)}
        if len(named) >= max(_ENOUGH_NAMES, 0.8 * len(filled)):
            return True
    number = _NUMBER.fullmatch(cell) and not _NAME_OF_NUMBERS.fullmatch(cell)
    return bool(number) and all(_NUMBER.fullmatch(one) for one in filled)


def _are_names(row: Sequence[str]) -> bool:
    cells = [cell.strip() for cell in row if cell.strip()]
    return (
        bool(cells) and len(set(cells)) == len(cells) and not any(_NUMBER.fullmatch(cell) for cell in cells)
    )


def _width(row: Sequence[str]) -> int:
    """Number of cells up to the last that holds something."""
    return max((number for number, cell in enumerate(row, start=1) if cell.strip()), default=0)
