"""The key figure of a hypothesis as a picture file that carries its own words, for slides and documents."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exresearch.disclosure.search.containers import png_texts
from exresearch.report.theme import Picture, png

FOLDER = "figures"
# Names that the PNG format gives to texts of this kind.
_ALT, _TAKEAWAY, _CAPTION = "Description", "Title", "Comment"
_HEADER_ENDS = 33
_TALL = 1.2


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A picture of pixels with what is said about it.

    Attributes
    ----------
    png : bytes
    alt, takeaway, caption : str
        As of :class:`exresearch.report.theme.Picture`.
    """

    png: bytes
    alt: str
    takeaway: str
    caption: str

    @property
    def is_tall(self) -> bool:
        """Whether it is so much higher than wide that its words would be too small on a slide."""
        wide, high = (int.from_bytes(self.png[at : at + 4], "big") for at in (16, 20))
        return high > _TALL * wide


def key_figure_of(picture: Picture) -> KeyFigure:
    """Draw a picture at the size of a slide."""
    words = {_ALT: picture.alt, _TAKEAWAY: picture.takeaway, _CAPTION: picture.caption}
    drawn = _with_texts(png(picture.figure, size="slide"), words)
    return KeyFigure(drawn, picture.alt, picture.takeaway, picture.caption)


def write_key_figure(figure: KeyFigure, hypothesis: str, folder: Path) -> Path:
    """Write ``<hypothesis>.png`` into a folder, which is made when absent.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hypothesis}.png"
    path.write_bytes(figure.png)
    return path


def read_key_figure(folder: Path, hypothesis: str) -> KeyFigure | None:
    """Read the key figure of a hypothesis back; None where the report has none."""
    try:
        content = (folder / f"{hypothesis}.png").read_bytes()
    except OSError:
        return None
    words = png_texts(content)
    if _ALT not in words:
        return None
    return KeyFigure(content, words[_ALT], words.get(_TAKEAWAY, ""), words.get(_CAPTION, ""))


def _with_texts(content: bytes, texts: Mapping[str, str]) -> bytes:
    chunks = b"".join(
        _chunk(b"iTXt", name.encode("latin-1") + b"\0\0\0\0\0" + text.encode("utf-8"))
        for name, text in texts.items()
    )
    return content[:_HEADER_ENDS] + chunks + content[_HEADER_ENDS:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
