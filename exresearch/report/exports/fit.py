"""How large words may be to fit into a box, reckoned with the widths of the typeface."""

from __future__ import annotations

from collections.abc import Sequence

# Widths of Arial's signs, in parts of its size; what is not listed is as wide as most small letters.
_NARROW, _WIDE = frozenset("iljtfrI.,:;'|!()[] -’"), frozenset("mwMWGOQCDHNRUKABEPSVXY%@—…")
_WIDTHS = (0.31, 0.74, 0.556)
_LINE = 1.2


def line_count(text: str, width: float, size: float, *, bold: bool = False) -> int:
    """Return how many lines a text takes.

    Parameters
    ----------
    text : str
    width : float
        Of the box, in inches.
    size : float
        In points.
    bold : bool

    Returns
    -------
    int

    Examples
    --------
    >>> line_count("One line", 3, 14), line_count("word " * 40, 3, 14) > 4
    (1, True)
    """
    room, used, lines = width * 72 / size, 0.0, 1
    for word in text.split():
        long = sum(_wide(sign) for sign in word) * (1.08 if bold else 1.0)
        if used and used + _WIDTHS[0] + long > room:
            lines, used = lines + 1, 0.0
        used += long + (_WIDTHS[0] if used else 0.0)
        while used > room:
            lines, used = lines + 1, used - room
    return lines


def fitting(
    texts: Sequence[str],
    width: float,
    height: float,
    *,
    sizes: Sequence[float],
    gap: float = 0,
    bold: bool = False,
) -> float:
    """Return the largest size at which paragraphs fit into a box; the smallest one where none does.

    Parameters
    ----------
    texts : sequence of str
        Paragraphs.
    width, height : float
        Of the box, in inches.
    sizes : sequence of float
        In points, the largest first.
    gap : float
        Between paragraphs, in points.
    bold : bool

    Returns
    -------
    float
    """
    for size in sizes:
        lines = sum(line_count(text, width, size, bold=bold) for text in texts)
        if lines * size * _LINE + gap * len(texts) <= height * 72:
            return size
    return sizes[-1]


def pages_of(
    items: Sequence[tuple[str, str]], width: float, height: float, *, size: float, gap: float
) -> list[list[tuple[str, str]]]:
    """Spread items, each a heading with a text, over as many boxes as they need."""
    pages: list[list[tuple[str, str]]] = []
    used = height * 72
    for heading, text in items:
        lines = line_count(heading, width, size, bold=True) + line_count(text, width, size)
        tall = lines * size * _LINE + gap + 2
        if used + tall > height * 72:
            pages.append([])
            used = 0.0
        pages[-1].append((heading, text))
        used += tall
    return pages


def _wide(sign: str) -> float:
    return _WIDTHS[0] if sign in _NARROW else _WIDTHS[1] if sign in _WIDE else _WIDTHS[2]
