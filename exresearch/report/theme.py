"""One visual language for every figure: colours, type, labelled rows, and SVG that is the same byte for byte."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from exresearch.disclosure import Released
from exresearch.report.tables import Column
from exresearch.report.text import Texts

# Okabe and Ito's colours, told apart by readers with any colour vision; text only in the dark ones.
COLOURS = {
    "blue": "#0072B2", "orange": "#D55E00", "green": "#00795A", "sky": "#56B4E9",
    "ink": "#1b1f24", "grey": "#5b6470", "light": "#c9ced6", "band": "#e8edf3",
}  # fmt: skip
# 5.4 inches: wide enough for a page, and 10 points stay legible when the picture is scaled to a telephone.
WIDTH = 5.4
# Where a picture goes: on a page of the report, on a slide, or on paper.
Size = Literal["page", "slide", "print"]
# Dots per inch, and the room in inches that a picture is enlarged to fill: beside the words of a slide of 13.33 by
# 7.5 inches, and between the margins of an A4 sheet with room for words below.
_ROOM: dict[Size, tuple[int, float, float]] = {
    "page": (192, WIDTH, math.inf), "slide": (200, 10.0, 5.0), "print": (300, 6.7, 8.6),
}  # fmt: skip
# Runs of one colour, which is what figures are made of, are found in a third of the time of the usual search, and files
# are a tenth larger: zlib's Z_RLE.
_PACKED = {"compress_type": 3}
# Inches left around a figure whose margins are cut.
_AIR = 0.04
_FONTS = "'Segoe UI', 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"
_RC: Any = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 10, "axes.labelsize": 9.5,
    "xtick.labelsize": 9, "ytick.labelsize": 9, "axes.edgecolor": COLOURS["grey"], "axes.labelcolor": COLOURS["grey"],
    "xtick.color": COLOURS["grey"], "ytick.color": COLOURS["grey"], "text.color": COLOURS["ink"], "axes.linewidth": 0.8,
    "grid.color": "#e3e6ea", "grid.linewidth": 0.8, "axes.axisbelow": True, "svg.fonttype": "none",
    "svg.hashsalt": "exresearch", "text.parse_math": False, "axes.unicode_minus": True,
    "figure.facecolor": "white", "savefig.facecolor": "white",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure with everything that a page says about it, in the reader's language.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        Drawn outside pyplot, so that nothing has to be closed.
    caption : str
        What is shown, and on how many answers.
    alt : str
        The finding in words, for who cannot see the figure.
    takeaway : str
        One sentence to remember.
    shown : sequence of Released
        The frames that were drawn, and from which every number in the words comes.
    columns : mapping of str to Column
        How the tables behind the figure head and round columns that depend on what was asked, such as the axes of a
        scatter, in the reader's language; see :mod:`exresearch.report.behind`.
    drawn : mapping of str to collection
        By column, the values whose rows were drawn, where these are not all.
    """

    figure: Figure
    caption: str
    alt: str
    takeaway: str
    shown: Sequence[Released]
    columns: Mapping[str, Column] = field(default_factory=dict)
    drawn: Mapping[str, Collection[object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.shown:
            raise ValueError("a picture names the released frames that it shows; got none.")
        empty = [name for name in ("caption", "alt", "takeaway") if not getattr(self, name).strip()]
        if empty:
            raise ValueError(
                f"a picture needs a caption, alt text and a takeaway; empty: {', '.join(empty)}."
            )


@contextmanager
def style() -> Iterator[None]:
    """Draw in the house style: ``with style(): ...``; the caller's settings come back afterwards."""
    with rc_context({**sns.axes_style("white"), **_RC}):
        yield


def new_figure(height: float, *, width: float = WIDTH) -> Figure:
    """Return an empty figure of the house's width; ``height`` in inches."""
    return Figure(figsize=(width, height))


def add_axes(figure: Figure, *, left: float, right: float, top: float, bottom: float) -> Axes:
    """Add axes with margins in inches, so that text beside them keeps its room at every height."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    )
    sns.despine(ax=axes)
    return axes


def number_axis(axis: Axis, spec: str, texts: Texts, *, ticks: int = 5) -> None:
    """Write the ticks of an axis as the reader's language does, at most ``ticks`` of them."""
    if axis.get_scale() == "linear":
        axis.set_major_locator(MaxNLocator(nbins=ticks, steps=[1, 2, 5, 10], integer=spec == "integer"))
    axis.set_major_formatter(FuncFormatter(lambda value, _: texts.number(float(value), spec)))
    axis.set_minor_formatter(NullFormatter())


def rows_of(frame: pd.DataFrame) -> list[Any]:
    """Return the rows of a frame as named tuples, for drawing them one by one."""
    return list(frame.itertuples())


def intervals_name(frame: pd.DataFrame | None, texts: Texts, *, level: float | None = None) -> str:
    """Name the intervals of a figure: "95% intervals" where ``conf_level`` says their level, else "intervals"."""
    levels = set(frame["conf_level"].dropna()) if frame is not None and "conf_level" in frame else set()
    if level is None and len(levels) == 1:
        level = float(levels.pop())
    return texts.say("intervals") if level is None else texts.say("{level:percent0} intervals", level=level)


def require(frame: pd.DataFrame, columns: Sequence[str], *, figure: str) -> None:
    """Check that a frame can be drawn.

    Raises
    ------
    ValueError
        If columns are missing (all are named) or there is no row.
    """
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ValueError(f"{figure} needs the columns {', '.join(columns)}; missing: {', '.join(missing)}.")
    if frame.empty:
        raise ValueError(f"{figure} needs at least one row; got none.")


def svg(figure: Figure) -> str:
    """Draw a figure as SVG text that depends on nothing but the figure.

    Type is measured with matplotlib's own font and shown in the reader's, which is narrower; so files are
    small and nothing overlaps.

    Returns
    -------
    str
        An ``<svg>`` element without prologue or metadata.
    """
    stream = io.StringIO()
    with style():
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return re.sub(r"'DejaVu Sans'(, [^;\"]*)?(?=[;\"])", _FONTS, text).strip() + "\n"


def png(figure: Figure, *, size: Size) -> bytes:
    """Draw a figure as a PNG picture that depends on nothing but the figure, and that says nothing but the figure.

    The picture is as large as fits into the room of its size, type and all: 10 by 5 inches at 200 dots per inch on a
    slide, without its margins, 6.7 by 8.6 inches at 300 in print, and the width of a page at 192. On a slide a figure
    of up to 2.8 inches has type of 16 points and more; what should be read from far has few rows.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        As drawn for a page; not changed.
    size : {"page", "slide", "print"}
        What the picture is for.

    Returns
    -------
    bytes
        A PNG file without metadata.

    Raises
    ------
    ValueError
        If the size is not known.
    """
    if size not in _ROOM:
        raise ValueError(f"size must be one of {', '.join(_ROOM)}; got {size!r}.")
    dots, wide, high = _ROOM[size]
    width, height = figure.get_size_inches()
    stream, box = io.BytesIO(), None
    with style():
        if size == "slide":
            # Every part of an inch makes the type larger.
            box = figure.get_tightbbox().padded(_AIR)
            width, height = box.width, box.height
        dpi = dots * min(wide / width, high / height)
        figure.savefig(
            stream, format="png", dpi=dpi, bbox_inches=box, metadata={"Software": None}, pil_kwargs=_PACKED
        )
    return stream.getvalue()
