"""Workbooks, slides, PDF files and pictures opened for a search: what they say, as text."""

from __future__ import annotations

import html
import io
import re
import zipfile
import zlib
from collections.abc import Iterator

# How these files begin.
_ZIP, _PDF, _PNG = b"PK\x03\x04", b"%PDF-", b"\x89PNG\r\n\x1a\n"
_MARKUP = (".xml", ".rels", ".vml", ".html", ".txt", ".json")
_PARAGRAPH = re.compile(r"<a:p>.*?</a:p>|<a:p [^>]*>.*?</a:p>|<si>.*?</si>|<is>.*?</is>", re.DOTALL)
_RUN = re.compile(r"<(?:a:)?t(?: [^>]*)?>(.*?)</(?:a:)?t>", re.DOTALL)
_ROW = re.compile(r"<row\b[^>]*>(.*?)</row>", re.DOTALL)
_CELL = re.compile(r"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_VALUE = re.compile(r"<v>(.*?)</v>", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_LITERAL = re.compile(rb"\((?:[^()\\]++|\\.|\((?:[^()\\]++|\\.)*+\))*+\)", re.DOTALL)
_HEX = re.compile(rb"<(feff[0-9a-f\s]*)>", re.IGNORECASE)
_OCTAL = re.compile(rb"\\([0-7]{1,3})")
_ESCAPES = (
    (rb"\(", b"("),
    (rb"\)", b")"),
    (rb"\\", b"\\"),
    (rb"\n", b"\n"),
    (rb"\r", b"\r"),
    (rb"\t", b"\t"),
)


def opened(content: bytes) -> list[tuple[str, str]] | None:
    """Open a file that is no plain text.

    A workbook's sheets come as tables, so that cells side by side are seen as such; text that is cut into runs is put
    together again, speaker notes and the descriptions of pictures with it. Of a PDF come its strings: title, author,
    bookmarks, addresses of links, descriptions of pictures. The words on its pages are numbers of letter shapes, which
    are not read: a report's PDF is printed from pages that are searched themselves. Of a picture of pixels come the
    words it carries, not those it shows.

    Parameters
    ----------
    content : bytes
        The file.

    Returns
    -------
    list of (str, str) or None
        Parts with what they say; None for a file of another kind.
    """
    if content.startswith(_ZIP):
        return list(_of_zip(content))
    if content.startswith(_PDF):
        return [("document", _of_pdf(content))]
    if content.startswith(_PNG):
        return [("description", "\n".join(f"{name}: {text}" for name, text in png_texts(content).items()))]
    return None


def png_texts(content: bytes) -> dict[str, str]:
    """Return the texts that a PNG picture carries, by their names.

    Examples
    --------
    >>> png_texts(b"")
    {}
    """
    texts, at = {}, len(_PNG)
    while at + 8 <= len(content):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        body = content[at + 8 : at + 8 + size]
        at += size + 12
        name, _, rest = body.partition(b"\0")
        if kind == b"tEXt":
            texts[name.decode("latin-1")] = rest.decode("latin-1")
        elif kind == b"zTXt":
            texts[name.decode("latin-1")] = _inflated(rest[1:]).decode("latin-1")
        elif kind == b"iTXt" and len(rest) > 1:
            packed, words = rest[0], rest[2:].split(b"\0", 2)[-1]
            said = _inflated(words) if packed else words
            texts[name.decode("latin-1")] = said.decode("utf-8", errors="replace")
    return texts


def _of_zip(content: bytes) -> Iterator[tuple[str, str]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        names = archive.namelist()
        yield "names of parts", "\n".join(names)
        shared: list[str] = []
        if "xl/sharedStrings.xml" in names:
            text = archive.read("xl/sharedStrings.xml").decode("utf-8", errors="replace")
            shared = [_joined(block) for block in re.findall(r"<si>.*?</si>", text, re.DOTALL)]
        for name in names:
            part = archive.read(name)
            if name.endswith(_MARKUP):
                yield name, _of_markup(part.decode("utf-8", errors="replace"), shared)
            else:
                for where, text in opened(part) or ():
                    yield f"{name}, {where}", text
    except (zipfile.BadZipFile, RuntimeError, zlib.error):
        # Cut off or locked: whatever can be read of it is searched.
        yield "", content.decode("utf-8", errors="replace")


def _of_markup(text: str, shared: list[str]) -> str:
    joined = [_joined(block) for block in _PARAGRAPH.findall(text)]
    parts = [text, *joined]
    if "<sheetData" in text:
        parts.append(_table(text, shared))
    return "\n".join(part for part in parts if part)


def _joined(block: str) -> str:
    return "".join(_RUN.findall(block))


def _table(sheet: str, shared: list[str]) -> str:
    """A sheet as the table of a page, which is searched row by row and column by column."""
    rows = []
    for row in _ROW.findall(sheet):
        cells = []
        for attributes, inner in _CELL.findall(row):
            value = _VALUE.search(inner or "")
            said = value[1] if value else _joined(inner or "")
            if value and 't="s"' in attributes and value[1].isdigit() and int(value[1]) < len(shared):
                said = shared[int(value[1])]
            cells.append(f"<td>{said}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _of_pdf(content: bytes) -> str:
    plain = [_STREAM.sub(b"", content)]
    plain += [_inflated(match[1]) for match in _STREAM.finditer(content)]
    said = []
    for part in plain:
        said += [_string(match.group()[1:-1]) for match in _LITERAL.finditer(part)]
        said += [_string(bytes.fromhex(match[1].decode("ascii"))) for match in _even(part)]
    # Strings of one sign or none are parts of drawings.
    return "\n".join(html.escape(text, quote=False) for text in said if len(text) > 1)


def _even(part: bytes) -> Iterator[re.Match[bytes]]:
    return (match for match in _HEX.finditer(part) if len(re.sub(rb"\s", b"", match[1])) % 2 == 0)


def _string(raw: bytes) -> str:
    raw = _OCTAL.sub(lambda match: bytes([int(match[1], 8) & 255]), raw)
    for escaped, plain in _ESCAPES:
        raw = raw.replace(escaped, plain)
    if raw.startswith(b"\xfe\xff"):
        return raw[2:].decode("utf-16-be", errors="replace")
    return raw.decode("latin-1")


def _inflated(packed: bytes) -> bytes:
    """What was packed; what is not packed, or in another way, counts as nothing said."""
    try:
        return zlib.decompressobj().decompress(packed)
    except zlib.error:
        return b""
