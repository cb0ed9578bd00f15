"""Numbers as people write them: which sign is the decimal one is decided for a whole column, on evidence."""

from __future__ import annotations

import pandas as pd

_LIKE = r"[-+]?[\d.,]*\d[\d.,]*(?:[eE][-+]?\d+)?"
_POINT = r"[-+]?(?:\d+|[1-9]\d{0,2}(?:,\d{3})+)?(?:\.\d*)?(?:[eE][-+]?\d+)?"
_COMMA = r"[-+]?(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+)?(?:,\d*)?(?:[eE][-+]?\d+)?"
SETTING = "Name the decimal sign of the file in the study file (decimal: ',' or decimal: '.')."


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
    index, texts = texts.index, texts.reset_index(drop=True)
    signed = texts[texts.str.contains("[.,]", regex=True, na=False)]
    commas_used = bool(signed.str.contains(",", regex=False).any())
    if not len(signed) or not (comma or commas_used or signed.str.count(r"\.").gt(1).any()):
        # Without any comma a point is the decimal sign, as in nearly every file.
        return texts.set_axis(index), None
    signed = signed[signed.str.fullmatch(_LIKE)]
    point, commas = signed.str.fullmatch(_POINT), signed.str.fullmatch(_COMMA)
    n_point, n_comma, both = (
        int((point & ~commas).sum()),
        int((commas & ~point).sum()),
        signed[point & commas],
    )
    if known:
        chosen = comma
    elif n_point and n_comma:
        message = f"{_cells(n_comma)} a decimal comma and {_cells(n_point)} a decimal point."
        return texts.set_axis(index), (message, "Write all numbers of the column in the same way.")
    elif n_point or n_comma:
        chosen = bool(n_comma)
    elif not len(both):
        return texts.set_axis(index), None
    elif (both.str.contains(",", regex=False) == comma).all():
        # All with the usual sign of the file and three digits behind it: decimals.
        chosen = comma
    else:
        message = (
            "every number with a point or a comma can be read in two ways, with decimals or with thousands."
        )
        return texts.set_axis(index), (message, SETTING)
    group, sign = (".", ",") if chosen else (",", ".")
    legal = commas if chosen else point
    written = signed.str.replace(group, "", regex=False).str.replace(sign, ".", regex=False)
    # What is legal in the other way only is no number here.
    written = written.where(legal, "'" + signed + "'")
    texts = texts.where(~texts.index.isin(signed.index), written.reindex(texts.index))
    return texts.set_axis(index), None


def _cells(count: int) -> str:
    return "1 cell has" if count == 1 else f"{count} cells have"
