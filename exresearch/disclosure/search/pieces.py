"""Files taken apart into plain text for a search: pictures unpacked, escapes undone, cells told apart."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

_LISTED = re.compile(r'(<script type="application/json"[^>]*>)(.*?)(</script>)', re.DOTALL)
_DATA = re.compile(
    r"data:(?P<kind>[\w/+.-]+)(?:;[\w=.-]+)*?;base64,(?P<coded>[A-Za-z0-9+/=]*(?:\s+[A-Za-z0-9+/=]{20,})*)"
    r"|data:image/svg\+xml[^,\"<>]*,(?P<quoted>[^\"<>]*)"
)
_BINARY = re.compile(r"[A-Za-z0-9+/]{200,}={0,2}")
# Coordinates of a drawing; nobody reads them, and they make up most of a page.
_DRAWN = re.compile(r"\b(?:d=\"[MLHVCSQTAZmlhvcsqtaz\d\s.,+e-]*\"|points=\"[\d\s.,+e-]*\")")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_ESCAPED = {"n": " ", "t": "\t", "r": " ", "b": " ", "f": " "}
# The ledger of a notebook's outputs names the groups of every table; it is taken out before anything is delivered.
LEDGER = "exresearch"
# What a notebook writes as a list of lines, beside the forms of an output, such as text/html.
_LINES = ("source", "text", "traceback")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text and where it comes from.

    Attributes
    ----------
    text : str
        Without escapes.
    where : str
        Cell or picture; empty for the file itself, whose lines are counted.
    drawn : bool
        Whether it is a drawing.
    """

    text: str
    where: str = ""
    drawn: bool = False

    def place(self, offset: int) -> str:
        """Name the place of an offset."""
        return self.where or f"line {self.text.count(chr(10), 0, offset) + 1}"


def pieces_of(text: str, *, name: str) -> Iterator[Piece]:
    """Take the content of a file apart.

    Parameters
    ----------
    text : str
        What is in it.
    name : str
        Its name; the ending says how it is read.

    Yields
    ------
    Piece
    """
    if name.endswith(".ipynb"):
        try:
            notebook = json.loads(text)
            cells = list(_cells(notebook))
        except (ValueError, TypeError, AttributeError, KeyError):
            # Whatever it is, it is searched.
            cells = [("", _unescaped(text))]
        for where, content in cells:
            yield from _plain(content, where=where)
    else:
        yield from _plain(_unescaped(text) if name.endswith(".json") else text)


def _cells(notebook: dict[str, Any]) -> Iterator[tuple[str, str]]:
    rest = {key: value for key, value in notebook.items() if key != "cells"}
    yield "metadata", "\n".join(_strings(rest))
    for number, cell in enumerate(notebook["cells"], start=1):
        yield f"cell {cell.get('id') or number}", "\n".join(_strings(cell))


def _strings(value: Any, key: str = "") -> Iterator[str]:
    """Every text and number of nested data, each with its key; lists of lines are joined as Jupyter reads them."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name != LEDGER:
                yield from _strings(item, str(name))
    elif isinstance(value, list):
        if all(isinstance(item, str) for item in value) and (key in _LINES or "/" in key):
            yield f'"{key}": ' + "".join(value)
        elif any(isinstance(item, dict | list) for item in value):
            for item in value:
                yield from _strings(item, key)
        else:
            yield f'"{key}": ' + ", ".join(str(item) for item in value)
    elif value is not None:
        yield f'"{key}": {value}'


def _plain(text: str, *, where: str = "") -> Iterator[Piece]:
    pictures: list[tuple[str, int]] = []

    def unpacked(match: re.Match[str]) -> str:
        coded, quoted = match["coded"], match["quoted"]
        if quoted is not None:
            pictures.append((unquote(quoted), match.start()))
        elif "svg" in match["kind"] or match["kind"].startswith("text"):
            try:
                drawing = base64.b64decode(re.sub(r"\s", "", coded)).decode("utf-8", errors="replace")
            except binascii.Error:
                # Cut off, or not what it says.
                return match.group()
            pictures.append((drawing, match.start()))
        return _lines(match)

    listed: list[str] = []

    def taken(match: re.Match[str]) -> str:
        listed.append(match[2])
        return match[1] + "\n" * match[2].count("\n") + match[3]

    rest = _DATA.sub(unpacked, text) if "data:" in text else text
    # Every page of a report carries the same list for its search: apart, it is known again.
    rest = _LISTED.sub(taken, rest)
    rest = _BINARY.sub("", rest)
    yield Piece(_undrawn(rest), where)
    for data in listed:
        yield Piece(_undrawn(data), where or f"line {text.count(chr(10), 0, text.find(data)) + 1}")
    for number, (drawing, start) in enumerate(pictures, start=1):
        line = where or f"line {text.count(chr(10), 0, start) + 1}"
        yield Piece(_undrawn(drawing), f"{line}, picture {number}", drawn=True)


def _lines(match: re.Match[str]) -> str:
    """Only the ends of lines, so that they can be counted afterwards."""
    return "\n" * match.group().count("\n")


def _undrawn(text: str) -> str:
    short = _DRAWN.sub(_lines, text)
    return html.unescape(short) if "&" in short else short


def _unescaped(text: str) -> str:
    """Undo the escapes of JSON, so that what was said stands there, on the line where it stood."""

    def plain(match: re.Match[str]) -> str:
        code = match.group(1)
        return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPED.get(code, code)

    return _ESCAPE.sub(plain, text) if "\\" in text else text
