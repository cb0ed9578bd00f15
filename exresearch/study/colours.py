"""Whether text in a colour can be read: contrast as WCAG 2.2 counts it, and the nearest colour that has enough."""

from __future__ import annotations

import colorsys

# What text of the report stands on: the least favourable of its light grounds, and of its dark ones.
LIGHT_GROUND, DARK_GROUND = "#f3f6fa", "#202831"
NEEDED = 4.5


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours, from 1 to 21.

    Parameters
    ----------
    first, second : str
        As ``#rrggbb``.

    Returns
    -------
    float
        (L1 + 0.05) / (L2 + 0.05), where L1 and L2 are the relative luminances of the lighter and the darker one; WCAG
        2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio.

    Examples
    --------
    >>> round(contrast("#ffffff", "#000000"), 1)
    21.0
    >>> round(contrast("#767676", "#ffffff"), 2)
    4.54
    """
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def readable(colour: str, *, ground: str) -> str:
    """Return the colour, made darker or lighter only as far as text on a ground needs.

    Parameters
    ----------
    colour, ground : str
        As ``#rrggbb``.

    Returns
    -------
    str
        The colour itself where it has a contrast of 4.5; else of the same hue, darker on a light ground and lighter on
        a dark one.

    Examples
    --------
    >>> readable("#005a8f", ground="#ffffff")
    '#005a8f'
    >>> contrast(readable("#ffcc00", ground="#ffffff"), "#ffffff") >= 4.5
    True
    """
    if contrast(colour, ground) >= NEEDED:
        return colour
    red, green, blue = _parts(colour)
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    step = 0.005 if _luminance(ground) < 0.2 else -0.005
    found = colour
    while contrast(found, ground) < NEEDED and 0 < light + step < 1:
        light += step
        found = "#" + "".join(
            f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, light, saturation)
        )
    return found


def _parts(colour: str) -> tuple[float, float, float]:
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
