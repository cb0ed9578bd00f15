"""Finished files searched for what must not leave the computer: people, their words, places and names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from exresearch.disclosure.search.containers import opened
from exresearch.disclosure.search.known import ATOM, Kind, Secrets
from exresearch.disclosure.search.pieces import Piece, pieces_of

# How a path begins that is somebody's; the study's own folders are added from outside.
_ROOTS = (
    *(
        f"/{name}/"
        for name in (
            "home",
            "Users",
            "root",
            "tmp",
            "var",
            "mnt",
            "media",
            "opt",
            "srv",
            "private",
            "Volumes",
        )
    ),
    *(f":/{name}/" for name in ("Users", "Documents", "Program Files", "Windows", "Temp")),
    "file://",
)
_DRIVE = re.compile(
    r"(?<![A-Za-z])[A-Za-z]:\\{1,2}[A-Za-z][\w .-]*\\|(?<![\\\w])\\\\[A-Za-z][\w.-]*\\[A-Za-z]"
)
_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", re.DOTALL)
_TAG = re.compile(r"<(?!!--)[^<>]*>")
_NEXT_CELL = re.compile(r"</t[dh]>\s*<t[dh]\b[^>]*>")
_BETWEEN_CELLS = "\x1f"
_NEXT_LINE = re.compile(r",\s*\n\s*")
_SEGMENT = re.compile(r"[\n<>]")
_FIELD = re.compile(r"[,;\t|]|\s{2,}")
# A number of a sentence with a decimal comma, as in "5,8 and 4,2, or 3"; not two fields of a row such as "a,5,8" or
# "5,8,4".
_DECIMAL = re.compile(r"(?<![\w,.])(\d+),(\d+)(?![\w]|[.,]\w)")
# More places of one kind in one file are not told apart.
_MOST = 5


#: What was found in a piece of text, by the text and whether it is a picture.
Known = dict[tuple[str, bool], tuple[tuple[Kind, int], ...]]


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """A place in a file that holds something confidential; never what it holds.

    Attributes
    ----------
    file : str
        Name of the file.
    place : str
        Cell of a notebook, line of a file, or picture on that line.
    kind : Kind
        What kind of thing stands there.
    """

    file: str
    place: str
    kind: Kind


def scan_files(files: Path | Sequence[Path], secrets: Secrets, *, known: Known | None = None) -> list[Leak]:
    """Search files for what is confidential in a study.

    When to use it: before a report is put in its place, on everything that would be delivered.

    Parameters
    ----------
    files : pathlib.Path or sequence of pathlib.Path
        A folder with everything below it, or files.
    secrets : Secrets
        From :func:`exresearch.disclosure.search.confidential.secrets_of`.
    known : dict, optional
        What earlier calls with the same secrets found, to be added to: pictures stand in a notebook and on its page.

    Returns
    -------
    list of Leak
        In order of file and place, each once. At most five places of one kind in one file.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    folder = files if isinstance(files, Path) and files.is_dir() else None
    if folder is not None:
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
    else:
        paths = [files] if isinstance(files, Path) else list(files)
    found: Known = {} if known is None else known
    leaks: list[Leak] = []
    for path in paths:
        name = path.name if folder is None else path.relative_to(folder).as_posix()
        leaks += scan_bytes(path.read_bytes(), secrets, name=name, known=found)
    return leaks


def scan_bytes(content: bytes, secrets: Secrets, *, name: str, known: Known | None = None) -> list[Leak]:
    """Search the content of one file, which may be a workbook, slides, a PDF or a picture.

    Parameters
    ----------
    content : bytes
        The file.
    secrets : Secrets
        What to look for.
    name : str
        Its name; the ending says how text is read, the first bytes say what has to be opened.
    known : dict, optional
        As for :func:`scan_files`.

    Returns
    -------
    list of Leak
    """
    parts = opened(content)
    if parts is None:
        return scan_text(content.decode("utf-8", errors="replace"), secrets, name=name, known=known)
    found: dict[tuple[str, Kind], Leak] = {}
    for where, text in parts:
        for leak in scan_text(text, secrets, name=f"{name}.xml"):
            # A line of packed text is no place that anybody finds; the part is.
            found.setdefault((where, leak.kind), Leak(name, where or leak.place, leak.kind))
    return list(found.values())


def scan_text(text: str, secrets: Secrets, *, name: str, known: Known | None = None) -> list[Leak]:
    """Search the content of one file.

    Parameters
    ----------
    text : str
        What is in it.
    secrets : Secrets
        What to look for.
    name : str
        Name of the file; its ending says how to read it.
    known : dict, optional
        As for :func:`scan_files`.

    Returns
    -------
    list of Leak
    """
    found: dict[Leak, None] = {}
    counted: dict[str, int] = {}
    for piece in pieces_of(text, name=name):
        hits = None if known is None else known.get((piece.text, piece.drawn))
        if hits is None:
            hits = tuple(_in_piece(piece, secrets))
            if known is not None:
                known[piece.text, piece.drawn] = hits
        for kind, offset in hits:
            if counted.get(kind, 0) < _MOST:
                leak = Leak(name, piece.place(offset), kind)
                counted[kind] = counted.get(kind, 0) + (leak not in found)
                found[leak] = None
    return list(found)


def _in_piece(piece: Piece, secrets: Secrets) -> Iterator[tuple[Kind, int]]:
    text = piece.text
    words = ATOM.findall(text)
    yield from _exact(text, words, secrets)
    yield from _said(text, words, secrets)
    yield from _paths(text, secrets)
    yield from _by_column(text, secrets)
    if not piece.drawn:
        if secrets.said:
            # Once more without tags, which may stand between two words.
            shown = _TAG.sub(_blank, text)
            yield from _said(shown, ATOM.findall(shown), secrets)
        yield from _rows(text, secrets)


def _exact(text: str, words: Sequence[str], secrets: Secrets) -> Iterator[tuple[Kind, int]]:
    """What is recognised sign for sign: one look at every word, and a closer one where a word is known."""
    there = {word for word in set(words) if word.casefold() in secrets.exact}
    if not there:
        return
    for match in ATOM.finditer(text):
        if match.group() in there:
            for known in secrets.exact[match.group().casefold()]:
                if known.stands_at(text, match):
                    yield known.kind, match.start()


def _said(text: str, words: Sequence[str], secrets: Secrets) -> Iterator[tuple[Kind, int]]:
    """What somebody wrote, word for word, whatever signs are between the words."""
    if not secrets.said:
        return
    # Each word once: a long page has few different ones.
    folded = {word: word.casefold() for word in set(words)}
    known = secrets.said.keys()
    there = set(folded.values())
    first, second = ({pair[side] for pair in known if pair[side] in there} for side in (0, 1))
    if not first or not second:
        return
    lower = [folded[word] for word in words]
    places = [
        number
        for number, (word, following) in enumerate(pairwise(lower))
        if word in first and following in second and (word, following) in known
    ]
    for place in places:
        for phrase in secrets.said[lower[place], lower[place + 1]]:
            if phrase.stands_among(lower, place):
                yield phrase.kind, next(islice(ATOM.finditer(text), place, None)).start()


def _paths(text: str, secrets: Secrets) -> Iterator[tuple[Kind, int]]:
    for root in (*_ROOTS, *secrets.folders):
        start = text.find(root)
        while start >= 0:
            before = text[start - 1 : start] if start else ""
            # A path of its own, not the middle of an address or of a path that counts from here.
            inside = bool(before) and (before.isalnum() or before in "_.:/<)]}*~$-")
            if not (inside and root.startswith("/")) or root in secrets.folders:
                yield "path", start
                break
            start = text.find(root, start + 1)
    if "\\" in text:
        yield from (("path", match.start()) for match in _DRIVE.finditer(text))


def _blank(tag: re.Match[str]) -> str:
    return " " + "\n" * tag.group().count("\n")


def _by_column(text: str, secrets: Secrets) -> Iterator[tuple[Kind, int]]:
    """Keys that look like any number or word count only beside the name of their column."""
    for kind, column in secrets.columns.items():
        if not column.values or not column.named(text):
            continue
        for match in column.assigned(text):
            if (match.group(1) or match.group(2)) in column.values:
                yield kind, match.start()
        for table in _TABLE.finditer(text):
            where: set[int] = set()
            for row in _ROW.finditer(table.group()):
                cells = [_TAG.sub("", cell).strip() for cell in _CELL.findall(row.group())]
                headed = {number for number, cell in enumerate(cells) if cell in column.names}
                if headed:
                    where = headed
                elif any(number < len(cells) and cells[number] in column.values for number in where):
                    yield kind, table.start() + row.start()


def _rows(text: str, secrets: Secrets) -> Iterator[tuple[Kind, int]]:
    """Values side by side as they stand side by side in the row of a table."""
    if secrets.rows is None:
        return
    joined = _NEXT_LINE.sub(",", _NEXT_CELL.sub(_BETWEEN_CELLS, text))
    seen = set()
    for segment in _SEGMENT.split(joined):
        # A comma in a cell is a decimal sign as soon as not.
        if _BETWEEN_CELLS in segment:
            parts = segment.split(_BETWEEN_CELLS)
        else:
            parts = _FIELD.split(_DECIMAL.sub(r"\1.\2", segment))
        if len(parts) < 3 or segment in seen:
            continue
        seen.add(segment)
        if secrets.rows.holds(parts):
            yield "row", max(text.find(max(_FIELD.split(segment.replace(_BETWEEN_CELLS, "\t")), key=len)), 0)
