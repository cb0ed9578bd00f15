"""The encoding of a text file, found by its bytes: nothing is guessed silently and no byte is replaced."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import NoReturn

from exresearch.study.problems import StudyError
from exresearch.study.remarks import Remark
from exresearch.study.yaml_file import refused

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {
    "utf-8": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-32": "UTF-32",
    "cp1252": "Windows-1252", "mac_roman": "Mac Roman",
}  # fmt: skip
# Where nobody has named the encoding: how it is said, and with which remark.
_CONCLUDED = {"cp1252": "read_as_cp1252", "mac_roman": "read_as_mac_roman"}
# A letter outside ASCII, as UTF-8 writes it.
_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
# After a small letter, capitals and signs of Windows-1252 that do not occur there, and are small letters in Mac Roman.
_MAC = re.compile(rb"[a-z][\x81\x87-\x8b\x8d-\x90\x9d\x9f]|[a-z]\x95(?=[a-z])")
# The small letters of Windows-1252, capitals and signs in Mac Roman.
_WINDOWS = re.compile(rb"[a-z][\xdf-\xff]")
_HIGH = bytes(range(128, 256))
_LOW = bytes(range(128))
_PIECE = 1 << 20
_NAME_IT = "Name its encoding in the study file (encoding: utf-8, utf-16 or cp1252), or save it as UTF-8."


def as_utf8(path: Path, content: bytes, *, encoding: str = "") -> tuple[bytes, tuple[Remark, ...]]:
    r"""Return the text of a file in UTF-8, without a byte-order mark.

    When to use it: on every text file. A byte-order mark decides; then UTF-16 is known by its zero bytes, UTF-8 by
    being legal, and Mac Roman by letters where Windows-1252 has none; anything else is Windows-1252. The last two are
    said in a remark.

    Parameters
    ----------
    path : pathlib.Path
        The file, for the messages.
    content : bytes
        All of it.
    encoding : str
        What the study file says: utf-8, utf-16, cp1252, or nothing.

    Returns
    -------
    bytes
        The same text in UTF-8.
    tuple of Remark
        One where the encoding was concluded and not certain.

    Raises
    ------
    StudyError
        If the bytes fit no encoding, not the one that the study file names, or several: parts of different files.

    Examples
    --------
    >>> as_utf8(Path("a.csv"), "caf\u00e9".encode("utf-16"))[0]
    b'caf\xc3\xa9'
    >>> print(as_utf8(Path("a.csv"), b"caf\xe9")[1][0])
    a.csv: The file is not UTF-8; it was read as Windows-1252 (one line with letters outside ASCII).
    """
    mark, marked = next(((mark, name) for mark, name in _MARKS if content.startswith(mark)), (b"", ""))
    if marked:
        if encoding and marked != encoding:
            message = (
                f"the file begins with the mark of {_NAMES[marked]}, but the study file says {encoding}."
            )
            raise refused(path, message, "Correct 'encoding' in the study file, or leave it out.")
        if marked == "utf-8":
            content = content[len(mark) :]
        return _checked(path, _decoded(path, content, marked)), ()
    chosen = encoding or _concluded(path, content)
    if chosen == "utf-16":
        chosen = _ends(content)
    text = _checked(path, _decoded(path, content, chosen))
    if encoding or chosen not in _CONCLUDED:
        return text, ()
    lines = sum(line != line.translate(None, _HIGH) for line in content.splitlines())
    return text, (Remark("", path.name, "", _CONCLUDED[chosen], lines),)


def is_wide(head: bytes) -> bool:
    r"""Return whether the first bytes of a file are UTF-16 without a mark: many zeros, in one half of each pair.

    Examples
    --------
    >>> is_wide("unit;q".encode("utf-16-le")), is_wide(b"unit and team;\0q"), is_wide(b"unit;q")
    (True, False, False)
    """
    few, many = sorted((head[1::2].count(0), head[::2].count(0)))
    return 10 * many >= len(head) and many > 4 * few


def _concluded(path: Path, content: bytes) -> str:
    if is_wide(content[:_PIECE]):
        return "utf-16"
    try:
        _decoded(path, content, "utf-8")
    except StudyError:
        # Two letters in a row that are one in UTF-8 do not occur in Western texts.
        letters = _SEQUENCE.findall(content)
        high = len(content) - len(content.translate(None, _HIGH))
        if 2 * sum(map(len, letters)) >= high:
            raise
        return _single_bytes(path, content)
    return "utf-8"


def _single_bytes(path: Path, content: bytes) -> str:
    """Return Windows-1252 or Mac Roman, for a file that is no UTF-8; refuse one that holds several encodings."""
    lines = [line for line in content.splitlines() if line != line.translate(None, _HIGH)]
    # A line whose letters are all legal UTF-8 was written as that.
    wide = sum(not _SEQUENCE.sub(b"", line).translate(None, _LOW) for line in lines)
    if wide:
        _refuse_mixed(path, wide, len(lines) - wide, "UTF-8", "in another encoding")
    mac, windows = (sum(bool(found.search(line)) for line in lines) for found in (_MAC, _WINDOWS))
    if mac and windows:
        _refuse_mixed(path, mac, windows, _NAMES["mac_roman"], f"in {_NAMES['cp1252']}")
    return "mac_roman" if mac else "cp1252"


def _refuse_mixed(path: Path, n: int, others: int, name: str, other: str) -> NoReturn:
    lines = "1 line has" if n == 1 else f"{n} lines have"
    more = "1 has" if others == 1 else f"{others} have"
    message = (
        f"{lines} letters in {name} and {more} letters {other}; parts of different files were put together."
    )
    raise refused(path, message, "Export it again, or save each part as UTF-8 before putting them together.")


def _ends(content: bytes) -> str:
    """Which half of each pair is zero for the signs of ASCII."""
    return "utf-16-le" if content[1::2].count(0) >= content[::2].count(0) else "utf-16-be"


def _decoded(path: Path, content: bytes, encoding: str) -> bytes:
    """Check or change the encoding piece by piece, so that a large file is not in memory three times."""
    decoder = codecs.getincrementaldecoder(encoding)()
    pieces: list[bytes] = []
    lines = 1
    for start in range(0, max(len(content), 1), _PIECE):
        piece = content[start : start + _PIECE]
        try:
            text = decoder.decode(piece, final=start + _PIECE >= len(content))
            changed = b"" if encoding == "utf-8" else text.encode("utf-8")
        except UnicodeError as error:
            before = error.object[: error.start] if isinstance(error, UnicodeDecodeError) else b""
            row = lines + (before.decode(encoding, errors="replace").count("\n") if before else 0)
            message = f"line {row} holds bytes that are not {_NAMES[encoding]}."
            raise refused(path, message, _NAME_IT) from None
        lines += text.count("\n")
        pieces.append(changed)
    return content if encoding == "utf-8" else b"".join(pieces)


def _checked(path: Path, text: bytes) -> bytes:
    if b"\0" in text:
        line = text[: text.index(b"\0")].count(b"\n") + 1
        message = f"line {line} holds zero bytes; the file is damaged, or is no text."
        raise refused(path, message, "Export it again.")
    return text
