"""Numbers as people write them: which sign is the decimal one is decided for a whole column, on evidence."""

from __future__ import annotations

import re

import pandas as pd

_LIKE = re.compile(r"[-+]?[\d.,]*\d[\d.,]*([eE][-+]?\d+)?")
_POINT = re.compile(r"[-+]?(\d+|[1-9]\d{0,2}(,\d{3})+)?(\.\d*)?([eE][-+]?\d+)?")
_COMMA = re.compile(r"[-+]?(\d+|[1-9]\d{0,2}(\.\d{3})+)?(,\d*)?([eE][-+]?\d+)?")
_SETTING = "Name the decimal sign of the file in the study file (decimal: ',' or decimal: '.')."


def with_points(
    texts: pd.Series, *, comma: bool, known: bool = False
) -> tuple[pd.Series, tuple[str, str] | None]:
    """Write the numbers of a column with a decimal point and without thousands signs.

    Parameters
    ----------
    texts : pandas.Series
        Cells as text; not changed.
    comma : bool
        Whether a comma is the usual decimal sign of the file.
    known : bool
        Whether that is certain, so that the column need not show it.

    Returns
    -------
    pandas.Series
        Numbers as ``1234.5``; any other text as it was.
    tuple of (str, str) or None
        What is wrong and the remedy, where both signs are used as the decimal one, or where every number could be
        read in two ways.

    Examples
    --------
    >>> with_points(pd.Series(["1.234,5", "7", "n/a"]), comma=True)[0].tolist()
    ['1234.5', '7', 'n/a']
    >>> with_points(pd.Series(["1.234", "2.500"]), comma=True)[1][0]
    'every number with a point or a comma can be read in two ways, with decimals or with thousands.'
    """
    signed = texts[texts.str.contains("[.,]", regex=True, na=False)]
    commas_used = bool(signed.str.contains(",", regex=False).any())
    if not len(signed) or not (comma or commas_used or signed.str.count(r"\.").gt(1).any()):
        # Without any comma a point is the decimal sign, as in nearly every file.
        return texts, None
    counts = signed.value_counts()
    counts = counts[[_LIKE.fullmatch(text) is not None for text in counts.index]]
    point = {text for text in counts.index if _POINT.fullmatch(text)}
    both = {text for text in point if _COMMA.fullmatch(text)}
    commas = {text for text in counts.index if _COMMA.fullmatch(text)}
    only_point, only_comma = point - both, commas - both
    if known:
        chosen = comma
    elif only_point and only_comma:
        n_point, n_comma = (int(counts[list(which)].sum()) for which in (only_point, only_comma))
        message = f"{_cells(n_comma)} a decimal comma and {_cells(n_point)} a decimal point."
        return texts, (message, "Write all numbers of the column in the same way.")
    elif only_point or only_comma:
        chosen = bool(only_comma)
    elif not both:
        return texts, None
    elif all(("," in text) == comma for text in both):
        # All with the usual sign of the file and three digits behind it: decimals.
        chosen = comma
    else:
        message = (
            "every number with a point or a comma can be read in two ways, with decimals or with thousands."
        )
        return texts, (message, _SETTING)
    legal = commas if chosen else point
    group, sign = (".", ",") if chosen else (",", ".")
    written = {text: text.replace(group, "").replace(sign, ".") for text in legal}
    # A number that is legal in the other way only is no number here.
    written |= {text: f"'{text}'" for text in counts.index if text not in legal}
    return texts.where(~texts.isin(list(written)), texts.map(written)), None


def _cells(count: int) -> str:
    return "1 cell has" if count == 1 else f"{count} cells have"
