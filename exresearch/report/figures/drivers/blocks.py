"""How the blocks of drivers are told apart: by colour and by shape."""

from __future__ import annotations

import pandas as pd
from matplotlib.lines import Line2D

from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS

BLOCKS = {
    "employee-first": (mark("employee-first"), COLOURS["blue"], "o"),
    "customer-first": (mark("customer-first"), COLOURS["orange"], "s"),
    "other": (mark("other"), COLOURS["grey"], "D"),
}


def known_blocks(frame: pd.DataFrame, *, figure: str) -> pd.Series:
    """Return the block of each row, ``other`` where none is given.

    Raises
    ------
    ValueError
        If a block is unknown.
    """
    blocks = frame["block"].astype(object).where(frame["block"].notna(), "other")
    unknown = sorted({str(block) for block in blocks} - set(BLOCKS))
    if unknown:
        raise ValueError(f"{figure} knows the blocks {', '.join(BLOCKS)}; got {', '.join(unknown)}.")
    return blocks


def block_handles(blocks: pd.Series, texts: Texts) -> list[Line2D]:
    """Return the entries of a legend for the blocks that occur."""
    return [
        Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=7, label=texts.say(label))
        for name, (label, colour, marker) in BLOCKS.items()
        if (blocks == name).any()
    ]
