"""The only place that rounds: numbers, intervals, probabilities and dates as a reader's language writes them."""

from __future__ import annotations

import datetime
import math
import re
from decimal import ROUND_HALF_UP, Decimal

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from exresearch.study.languages import known_language, locale_of, translation

# The code of a language that there is a catalogue of; see exresearch.study.languages.
Language = str
_SPEC = re.compile(r"^(number|signed|percent|points)([0-6])$")
# Messages of the catalogue. Percentage points: short enough for a table cell, and still a word that can be read aloud.
_BETWEEN = "{low} to {high}"
_POINTS = "%-points"
MESSAGES = (_BETWEEN, _POINTS)
_UNIT_SPECS = {
    "share": "percent1",
    "share_difference": "points1",
    # What comes back of a shock by way of the other side: the product of two small effects.
    "returned_share": "percent1",
    # Every estimate of explained variance is a difference or a gain.
    "variance_share": "points1",
    "points": "number1",
    "index": "number1",
}
_DIGITS = re.compile(r"#[#,0.]*")
_SMALLEST_P = 0.001


def number(value: float, digits: int, *, language: Language, signed: bool = False) -> str:
    """Write a number with a fixed count of decimals.

    Parameters
    ----------
    value : float
        Any finite number.
    digits : int
        Decimals shown, 0 to 6; halves are rounded away from zero, as readers expect.
    language : str
        Dutch gets the decimal comma and a point between thousands.
    signed : bool
        Show a plus sign before positive numbers.

    Returns
    -------
    str
        With a true minus sign, and never "minus zero".

    Raises
    ------
    ValueError
        If the value is not finite, or digits or language are not legal.

    Examples
    --------
    >>> number(12345.678, 1, language="nl")
    '12.345,7'
    """
    rounded = _rounded(value, digits, language)
    text = format_decimal(rounded, _pattern(digits), locale=locale_of(language))
    if signed and rounded > 0:
        text = f"+{text}"
    return text.replace("-", "−")


def integer(value: float, *, language: Language) -> str:
    """Write a count, with a separator between thousands; ``integer(5812, language="en")`` is ``'5,812'``."""
    return number(value, 0, language=language)


def percent(share: float, digits: int, *, language: Language) -> str:
    """Write a share (0.125) as a percentage (``12.5%``); digits as in :func:`number`."""
    # Rounded as a percentage: 0.145 without decimals is 15 %, whatever binary fractions make of it.
    rounded = _rounded(share * 100, digits, language) / 100
    # Where the sign stands, and whether a blank parts it from the number, is the language's.
    locale = locale_of(language)
    pattern = _DIGITS.sub(_pattern(digits), locale.percent_formats[None].pattern, count=1)
    text = format_percent(rounded, pattern, locale=locale, decimal_quantization=True)
    return text.replace("-", "−")


def points(difference: float, digits: int, *, language: Language) -> str:
    """Write a difference of shares (0.052) in percentage points (``5.2 %-points``)."""
    return f"{number(difference * 100, digits, language=language)} {_said(_POINTS, language)}"


def p_value(value: float, *, language: Language) -> str:
    """Write a p-value with three decimals, or ``< 0.001``.

    Raises
    ------
    ValueError
        If the value lies outside 0 to 1.

    Examples
    --------
    >>> p_value(0.00002, language="nl")
    '< 0,001'
    """
    if not 0 <= value <= 1:
        raise ValueError(f"p_value must lie between 0 and 1; got {value}.")
    if value < _SMALLEST_P:
        return f"< {number(_SMALLEST_P, 3, language=language)}"
    return number(value, 3, language=language)


def interval(low: float, high: float, spec: str, *, language: Language) -> str:
    """Write two limits with one spec; ``interval(1.2, 1.9, "number1", language="nl")`` is ``'1,2 tot 1,9'``."""
    parts = [render(limit, spec, language=language) for limit in (low, high)]
    if spec.startswith("points"):
        parts[0] = parts[0].removesuffix(f" {_said(_POINTS, language)}")
    return _said(_BETWEEN, language).format(low=parts[0], high=parts[1])


def date(value: datetime.date | str, *, language: Language) -> str:
    """Write a date (or its ISO text) in words; ``date("2026-03-01", language="nl")`` is ``'1 maart 2026'``."""
    day = value if isinstance(value, datetime.date) else datetime.date.fromisoformat(value)
    return format_date(day, "long", locale=locale_of(known_language(language)))


def render(value: object, spec: str, *, language: Language) -> str:
    """Write a value as a spec says: the specs that messages and tables may use.

    Parameters
    ----------
    value : float, int, date or str
        A number for every spec but ``date``.
    spec : str
        ``integer``, ``number0`` to ``number6``, ``signed0`` to ``signed6``, ``percent0`` to ``percent6`` (of
        a share), ``points0`` to ``points6`` (of a difference of shares), ``p``, ``date``.
    language : str
        Language of the reader.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the spec is unknown or the value is not of its kind.
    """
    if spec == "date" and isinstance(value, datetime.date | str):
        return date(value, language=language)
    if spec == "date" or isinstance(value, bool | str) or not hasattr(value, "__float__"):
        raise ValueError(f"spec {spec!r} does not fit a value of type {type(value).__name__}.")
    numeric = float(value)
    if spec == "integer":
        return integer(numeric, language=language)
    if spec == "p":
        return p_value(numeric, language=language)
    match = _SPEC.match(spec)
    if match is None:
        raise ValueError(
            f"unknown spec {spec!r}; legal: integer, number0-6, signed0-6, percent0-6, points0-6, p, date, "
            "or none for text."
        )
    kind, digits = match.group(1), int(match.group(2))
    if kind == "percent":
        return percent(numeric, digits, language=language)
    if kind == "points":
        return points(numeric, digits, language=language)
    return number(numeric, digits, language=language, signed=kind == "signed")


def unit_spec(unit_of_measurement: str) -> str:
    """Return the spec of estimates in a unit of measurement: shares as percentages, ratios with two decimals."""
    return _UNIT_SPECS.get(unit_of_measurement, "number2")


def _pattern(digits: int) -> str:
    return "#,##0" + ("." + "0" * digits if digits else "")


def _rounded(value: float, digits: int, language: Language) -> float:
    known_language(language)
    if not 0 <= digits <= 6:
        raise ValueError(f"digits must lie between 0 and 6; got {digits}.")
    if not math.isfinite(value):
        raise ValueError(f"only finite numbers can be written; got {value}.")
    # repr-based decimal arithmetic: 2.675 is what was meant, not the binary fraction below it.
    step = Decimal(1).scaleb(-digits)
    rounded = float(Decimal(repr(round(float(value), 12))).quantize(step, rounding=ROUND_HALF_UP))
    # Without this, -0.001 would be written as minus zero.
    return rounded or 0.0


def _said(message: str, language: Language) -> str:
    return translation(message, language) or message
