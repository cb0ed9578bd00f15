"""What a file is, by its content: the suffix is a hint and never decides."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from exresearch.study.importers.text.encoding import is_wide
from exresearch.study.problems import StudyError
from exresearch.study.yaml_file import read_bytes, refused

_HEAD = 1 << 16
_CSV = "Export it as CSV, XLSX, SPSS or Parquet."
_UNPACK = "Unpack it and name the file inside."
# First bytes, what it is, and what to do; in the order in which they are tried.
_OTHERS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF", _CSV),
    (b"{\\rtf", "an RTF text", _CSV),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"\x89PNG", "an image", _CSV),
    (b"\xff\xd8\xff", "an image", _CSV),
    (b"GIF8", "an image", _CSV),
    (b"II*\x00", "an image", _CSV),
    (b"MM\x00*", "an image", _CSV),
    (b"SQLite format 3\x00", "an SQLite database", _CSV),
    (b"\x00\x01\x00\x00Standard ", "an Access database", _CSV),
    (b"<stata_dta>", "a Stata file", _CSV),
    (b"HEADER RECORD*******", "a SAS transport file", _CSV),
    (b"\x00" * 12 + b"\xc2\xea\x81\x60", "a SAS file", _CSV),
    (b"RDX", "an R file", _CSV),
    (b"RDA", "an R file", _CSV),
    (b"X\n\x00\x00\x00", "an R file", _CSV),
    (b"ARROW1", "a Feather file", _CSV),
    (b"FEA1", "a Feather file", _CSV),
    (b"\x89HDF", "an HDF5 file", _CSV),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = re.compile(rb"\s*<(!doctype\s+html|html|head|body|table|meta|style|script)\b", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml\b", re.IGNORECASE)
_JSON = re.compile(rb'\s*(\{\s*("|\})|\[\s*[\[{"\]\d])')
_UTF_MARKS = (b"\xff\xfe", b"\xfe\xff")
# Bytes that no text holds; tab, line ends, form feed and the old end-of-file mark are left out.
_CONTROL = bytes(set(range(9)) | set(range(14, 26)) | set(range(27, 32)))
_BINARY = {
    ".xlsx": "workbook", ".xlsm": "workbook", ".xlsb": "workbook", ".xls": "workbook", ".ods": "workbook",
    ".sav": "SPSS file", ".zsav": "SPSS file", ".parquet": "Parquet file",
}  # fmt: skip


def kind_of(path: Path) -> str:
    r"""Return what a file is.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    str
        parquet, xlsx, xlsm, xlsb, xls, ods, spss or text.

    Raises
    ------
    StudyError
        If the file is missing, a folder, empty, protected, damaged, or of a kind that cannot be read.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "answers.xls"
    ...     _ = path.write_text("unit,eng_1\nA,5\n", encoding="utf-8")
    ...     kind_of(path)
    'text'
    """
    head = read_bytes(path, limit=_HEAD)
    if not head:
        raise refused(path, "the file is empty (0 bytes).", "Export it again.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"$FL2", b"$FL3")):
        return "spss"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(path)
    if head.startswith(_OLE):
        return _compound(path)
    for first, what, remedy in _OTHERS:
        if head.startswith(first):
            rds = what == "a gzip archive" and path.suffix.lower() in (".rds", ".rda", ".rdata")
            raise _cannot(path, "an R file" if rds else what, _CSV if rds else remedy)
    if what := _marked_up(head):
        raise _cannot(path, what, _CSV)
    if not _is_text(head):
        if path.suffix.lower() in _BINARY:
            message = f"not a readable {_BINARY[path.suffix.lower()]}; it is damaged or cut off."
            raise refused(path, message, "Export it again.")
        raise refused(path, "the file is neither a text nor a table that can be read.", _CSV)
    if path.suffix.lower() in _BINARY and b"\n" not in head and b"\r" not in head:
        # A few letters with such a name are what is left of a file.
        message = f"not a readable {_BINARY[path.suffix.lower()]}; it is damaged or cut off."
        raise refused(path, message, "Export it again.")
    return "text"


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as parts:
            names = set(parts.namelist())
            kind = parts.read("mimetype")[:100].decode("ascii", "replace") if "mimetype" in names else ""
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError):
        raise refused(path, "the file is damaged or cut off.", "Export it again.") from None
    if kind.startswith("application/vnd.oasis.opendocument.spreadsheet"):
        return "ods"
    if kind.startswith("application/vnd.oasis.opendocument"):
        raise _cannot(path, "an OpenDocument file without sheets", _CSV)
    if any(name.startswith("xl/workbook") and name.endswith(".bin") for name in names):
        return "xlsb"
    if any(name.startswith("xl/") for name in names):
        macros = any(name.lower().endswith("vbaproject.bin") for name in names)
        return "xlsm" if macros or path.suffix.lower() == ".xlsm" else "xlsx"
    if any(name.startswith("word/") for name in names):
        raise _cannot(path, "a Word document", _CSV)
    if any(name.startswith("ppt/") for name in names):
        raise _cannot(path, "a PowerPoint presentation", _CSV)
    if any(name.endswith(".iwa") for name in names):
        raise _cannot(path, "an Apple Numbers, Pages or Keynote file", _CSV)
    raise _cannot(path, "a zip archive", _UNPACK)


def _compound(path: Path) -> str:
    content = read_bytes(path)

    def holds(stream: str) -> bool:
        return stream.encode("utf-16-le") in content

    if holds("EncryptedPackage"):
        raise refused(path, "the workbook is protected by a password.", "Save it without the password.")
    if holds("Workbook") or holds("Book\0"):
        return "xls"
    if holds("WordDocument"):
        raise _cannot(path, "a Word document", _CSV)
    raise _cannot(path, "an old Office file that is no workbook", _CSV)


def _marked_up(head: bytes) -> str:
    plain = head.removeprefix(b"\xef\xbb\xbf")
    if plain.startswith(_UTF_MARKS):
        plain = plain.replace(b"\0", b"")[2:]
    if _MARKUP.match(plain):
        return "an HTML page"
    if _XML.match(plain):
        return "an XML file"
    # A Qualtrics export may begin with its row of {"ImportId": ...}.
    if _JSON.match(plain) and b"ImportId" not in plain.partition(b"\n")[0]:
        return "a JSON file"
    if b"SPSS PORT FILE" in plain[:600]:
        return "an SPSS portable file"
    stata = plain[:1] and 0x66 <= plain[0] <= 0x73 and plain[1:3] in (b"\x01\x01", b"\x02\x01")
    return "a Stata file" if stata else ""


def _is_text(head: bytes) -> bool:
    if head.startswith((*_UTF_MARKS, b"\x00\x00\xfe\xff")):
        return True
    plain = head.replace(b"\0", b"")
    # A few zero bytes are damage, which the reader of text names with its line.
    zeros = len(head) - len(plain)
    legal = len(plain.translate(None, _CONTROL)) == len(plain)
    return legal and (100 * zeros < len(head) or is_wide(head))


def _cannot(path: Path, what: str, remedy: str) -> StudyError:
    return refused(path, f"this is {what}, which cannot be read.", remedy)
