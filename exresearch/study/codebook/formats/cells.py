"""One key of a codebook in one cell of a spreadsheet: how it is written there, and how it is read back."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

# One row per column of the client's table; a row of table `constructs` labels a construct.
HEADING = (
    "table", "column", "role", "construct", "block", "named", "group", "minimum", "maximum", "reversed", "missing",
    "values", "kind", "n_column", "std_error_column", "derived_from", "label_nl", "label_en", "min_share", "score",
    "instrument", "licence", "guessed", "comment",
)  # fmt: skip
# What is said of a construct beside its name and label.
CONSTRUCT_KEYS = ("min_share", "score")
_NUMBERS = ("minimum", "maximum", "min_share")
_FLAGS = ("named", "reversed")
_YES = ("true", "waar", "yes", "ja", "x", "1")
_NO = ("false", "onwaar", "no", "nee", "0")
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?")
# 1.000 is a thousand to one reader and one to another.
_AMBIGUOUS = re.compile(r"[-+]?[1-9]\d{0,2}[.,]\d{3}")
_MONTH = (
    "jan(uary|uari)?|feb(ruary|ruari)?|mar(ch)?|mrt|maart|apr(il)?|may|mei|jun[ei]?|jul[yi]?|aug(ust|ustus)?|"
    "sept?(ember)?|o[ck]t(ober)?|nov(ember)?|dec(ember)?"
)
_DATE = re.compile(rf"(?=.*\d)(\d{{1,4}}|{_MONTH})([-/. ]?(\d{{1,4}}|{_MONTH})){{1,2}}", re.IGNORECASE)
_ERRORS = (
    "#REF!", "#NAME?", "#N/A", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!",
    "#VERW!", "#NAAM?", "#N/B", "#WAARDE!", "#DEEL/0!", "#GETAL!", "#LEEG!",
)  # fmt: skip
# What a formula without a result stands for.
UNSOLVED = object()
_AS_TEXT = "Format the cell as text and type it again, or put it between double quotation marks."


class CellError(ValueError):
    """A cell that cannot be what its heading says; ``remedy`` says what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def read_cell(key: str, cell: Any) -> Any:
    """Return what a cell stands for, as a codebook in YAML would have it; None for an empty one.

    Parameters
    ----------
    key : str
        Heading of the cell, one of :data:`HEADING`.
    cell : object
        Text of a CSV file, or text, number, truth value or date of a workbook.

    Returns
    -------
    object
        A text, number, truth value, list or mapping.

    Raises
    ------
    CellError
        If it cannot be read as this key.

    Examples
    --------
    >>> read_cell("missing", '9; 99; "9"; n.v.t.')
    [9, 99, '9', 'n.v.t.']
    >>> read_cell("values", "Agree = 4; Strongly agree = 5")
    {'Agree': 4, 'Strongly agree': 5}
    """
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    if cell is UNSOLVED:
        message = "the cell holds a formula whose result is not in the file."
        raise CellError(message, "Type in the value, or save the workbook again in a spreadsheet.")
    if not isinstance(cell, str | int | float):
        raise CellError("the spreadsheet has made a date or time of this cell.", _AS_TEXT)
    if isinstance(cell, str) and cell.strip().upper() in _ERRORS:
        message = f"the cell holds the error {cell.strip()} of a spreadsheet."
        raise CellError(message, "Type in what belongs there.")
    if key in _FLAGS:
        return _flag(cell)
    if isinstance(cell, bool):
        raise CellError("the spreadsheet has made true or false of this cell.", _AS_TEXT)
    if key in _NUMBERS:
        return _number(cell.strip()) if isinstance(cell, str) else _whole(cell)
    if key == "missing":
        return [_code(item) for item in _items(cell)] if isinstance(cell, str) else [_whole(cell)]
    text = cell.strip() if isinstance(cell, str) else f"{_whole(cell)}"
    if key == "values":
        return _values(text)
    if key in ("guessed", "derived_from"):
        return [_closed(item) if item.startswith('"') else item for item in _items(text)]
    return _unquoted(text)


def write_cell(key: str, value: Any, *, typed: bool) -> str | int | float | bool | None:
    """Return the cell that :func:`read_cell` reads back as the same value; None where there is nothing to say.

    Parameters
    ----------
    key : str
        Heading of the cell.
    value : object
        Value of that key in a :class:`Variable` or :class:`Construct`.
    typed : bool
        Whether the file keeps texts and numbers apart, as a workbook does. In a CSV file a text that a spreadsheet
        would take for a number, a date or a formula is put between double quotation marks.

    Returns
    -------
    str, int, float, bool or None

    Examples
    --------
    >>> write_cell("missing", (9, "9"), typed=False), write_cell("column", "1-5", typed=False)
    ('9; "9"', '"1-5"')
    """
    if value is None or value is False or value == () or value == {}:
        return None
    if value is True:
        return True if typed else "true"
    if key in _NUMBERS:
        number = _whole(value)
        # A workbook holds 16 digits, and a point before three digits may be read as that of a thousand.
        exact = typed and float(f"{number:.16g}") == number
        return number if exact else _shown(number)
    if key == "missing":
        if typed and len(value) == 1 and isinstance(value[0], int) and abs(value[0]) < 1e15:
            return int(value[0])
        codes = [_quoted(code) if isinstance(code, str) else _shown(code) for code in value]
        return "; ".join(codes)
    if key == "values":
        return "; ".join(f"{_item(text)} = {_shown(_whole(number))}" for text, number in value.items())
    if key == "guessed":
        return "; ".join(value)
    if key == "derived_from":
        return "; ".join(_item(column) for column in value)
    text = str(value)
    mistaken = _unquoted(text) != text or text.upper() in _ERRORS or (not typed and _changed(text))
    return _quoted(text) if mistaken else text


def _whole(number: float) -> int | float:
    return int(number) if math.isfinite(number) and number == int(number) and abs(number) < 1e15 else number


def _shown(number: float) -> str:
    text = repr(number)
    return f"{text}0" if _AMBIGUOUS.fullmatch(text) else text


def _flag(cell: str | float) -> bool:
    text = f"{_whole(cell)}".lower() if not isinstance(cell, str) else cell.strip().lower()
    if text not in (*_YES, *_NO):
        raise CellError(
            f"{text!r} is neither true nor false.", "Write true or false, or leave the cell empty."
        )
    return text in _YES


def _number(text: str) -> int | float:
    if _AMBIGUOUS.fullmatch(text):
        whole, part = re.split("[.,]", text)
        remedy = (
            f"Write {whole}{part} or {whole}."
            if part == "000"
            else f"Write {whole}{part} or {whole}.{part}0."
        )
        raise CellError(f"{text!r} may be {whole}{part} or {whole} and a fraction.", remedy)
    if _DATE.fullmatch(text) and not _NUMBER.fullmatch(text):
        raise CellError(f"a number is expected, not {text!r}; a spreadsheet has made a date of it.", _AS_TEXT)
    if not _NUMBER.fullmatch(text):
        raise CellError(f"a number is expected, not {text!r}.", "Correct the cell.")
    if re.fullmatch(r"[-+]?\d+", text):
        return int(text)
    return float(text.replace(",", "."))


def _code(item: str) -> int | float | str:
    if item.startswith('"'):
        return _closed(item)
    if re.fullmatch(r"[-+]?\d+,\d+", item):
        shown = item.replace(",", "; ")
        point = item.replace(",", ".")
        remedy = f"Put a semicolon between codes ({shown}), or write one number with a point ({point})."
        raise CellError(f"{item!r} may be two codes or one number.", remedy)
    if _NUMBER.fullmatch(item):
        return _number(item)
    if _changed(item) and not item.startswith(("-", "'")):
        message = f"{item!r} looks like what a spreadsheet makes of something else."
        raise CellError(message, "Put a code that is text between double quotation marks.")
    return item


def _values(text: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for item in _items(text):
        answer, sign, number = item.rpartition("=")
        if not sign or not answer.strip():
            remedy = "Write answer = number, with semicolons between: Agree = 4; Strongly agree = 5."
            raise CellError(f"{item!r} gives no answer a number.", remedy)
        answer = answer.strip()
        answer = _closed(answer) if answer.startswith('"') else answer
        if answer in values:
            raise CellError(f"the answer {answer!r} stands here twice.", "Keep one.")
        values[answer] = _number(number.strip())
    return values


def _items(text: str) -> Iterator[str]:
    """Yield the parts between semicolons and line ends, those within quotation marks aside."""
    for match in re.finditer(r'(?:\s*"(?:[^"]|"")*"[^;\n]*|[^;\n]+)', text):
        item = match.group().strip()
        if item:
            yield item


def _closed(item: str) -> str:
    text = _unquoted(item)
    if text == item:
        message = f"the quotation marks of {item!r} do not match."
        raise CellError(message, "Put one before and one behind the text, and double those within it.")
    return text


def _unquoted(text: str) -> str:
    inside = text[1:-1]
    whole = len(text) > 2 and text[0] == text[-1] == '"' and '"' not in inside.replace('""', "")
    return inside.replace('""', '"') if whole else text


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _item(text: str) -> str:
    """An answer as it stands before its number: plain where nothing in it would be taken for something else."""
    plain = re.fullmatch(r"[^\W\d][\w ,.()/'’-]*", text) and not _changed(text)
    return text if plain else _quoted(text)


def _changed(text: str) -> bool:
    """Whether a spreadsheet would make something else of a text in a CSV file."""
    if text[0] in "=+-@'#":
        return True
    if text.casefold() in (*_YES[:2], *_NO[:2]):
        return True
    if _DATE.fullmatch(text) and not text.isdigit():
        return True
    number = re.fullmatch(r"[\d.,][\d.,:/\-\s%€$eEapmAPM]*", text)
    return number is not None and not re.fullmatch(r"0|[1-9]\d{0,9}", text)
