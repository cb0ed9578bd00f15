"""The client's logo, made safe to be carried along in every page of a report."""

from __future__ import annotations

import base64
import re
import struct
from pathlib import Path
from xml.etree import ElementTree

from exresearch.study.paths import absent, below
from exresearch.study.problems import Problem

_LARGEST = 200_000
_PNG = b"\x89PNG\r\n\x1a\n"
# What a picture is drawn from; the rest of a PNG says who made it, when and with what.
_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"pHYs", b"IDAT", b"IEND")
_SVG = "http://www.w3.org/2000/svg"
_ELEMENTS = frozenset(
    {
        "svg",
        "g",
        "defs",
        "symbol",
        "use",
        "title",
        "desc",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
    }
    | {
        "polygon",
        "text",
        "tspan",
        "linearGradient",
        "radialGradient",
        "stop",
        "clipPath",
        "mask",
        "pattern",
        "style",
    }
)
_HREF = ("href", "{http://www.w3.org/1999/xlink}href")
# A reference out of the file, or a sign that could hide one.
_OUTWARD = re.compile(r"url\(\s*['\"]?(?!#)|@import|expression\(|\\|[a-z]+script:", re.IGNORECASE)


def read_logo(written: str, *, folder: Path, file: str) -> tuple[str, list[Problem]]:
    """Read the logo of a study.

    Parameters
    ----------
    written : str
        Path as the study file has it; empty where there is none.
    folder : pathlib.Path
        Folder of the study file, outside which nothing is read.
    file : str
        Name of the study file, for the messages.

    Returns
    -------
    tuple of str and list of Problem
        The picture as a data URI, empty where there is none or something is wrong with it. Of a PNG only what is drawn
        is kept; an SVG loses scripts, events, foreign elements and every reference out of the file.
    """
    if not written:
        return "", []
    path = below(folder, written)
    if not path.is_relative_to(folder.resolve()):
        message = f"{written!r} lies outside the folder of the study file."
        return "", [Problem(file, "logo", message, "Put the logo beside the study file.")]
    problems = absent("logo", path, written, file=file)
    if problems:
        return "", problems
    if path.stat().st_size > _LARGEST:
        message = f"{written!r} has {-(-path.stat().st_size // 1000)} kB, and every page carries it along."
        return "", [Problem(file, "logo", message, f"Save it with at most {_LARGEST // 1000} kB.")]
    content = path.read_bytes()
    try:
        if content.startswith(_PNG):
            return _data("image/png", _bare_png(content)), []
        if re.search(rb"<svg[\s>]", content):
            return _data("image/svg+xml", _bare_svg(content)), []
    except (ElementTree.ParseError, ValueError, struct.error):
        message = f"{written!r} is not a picture that can be read."
        return "", [Problem(file, "logo", message, "Save the logo anew, as PNG or as plain SVG.")]
    message = f"{written!r} is neither a PNG nor an SVG picture."
    return "", [Problem(file, "logo", message, "Save the logo as PNG or SVG.")]


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _bare_png(content: bytes) -> bytes:
    """Keep the parts that are drawn."""
    kept, at, name = [_PNG], len(_PNG), b""
    while name != b"IEND":
        size, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + size
        if end > len(content):
            raise ValueError("the file ends too early")
        if name in _CHUNKS:
            kept.append(content[at:end])
        at = end
    return b"".join(kept)


def _bare_svg(content: bytes) -> bytes:
    """Keep the elements that draw, with references inside the file alone."""
    text = re.sub(r"<!DOCTYPE[^>\[]*>", "", content.decode("utf-8"))
    if "<!" in re.sub(r"<!--.*?-->|<!\[CDATA\[", "", text, flags=re.DOTALL):
        raise ValueError("the file declares entities")
    root = ElementTree.fromstring(text)  # noqa: S314 - without declarations there is nothing to expand
    if root.tag != f"{{{_SVG}}}svg":
        raise ValueError("not an SVG picture")
    _clean(root)
    ElementTree.register_namespace("", _SVG)
    return ElementTree.tostring(root, encoding="unicode").encode()


def _clean(element: ElementTree.Element) -> None:
    for name, value in list(element.attrib.items()):
        foreign = name.startswith("{") and name not in _HREF
        outward = _OUTWARD.search(value) or (name in _HREF and not value.startswith("#"))
        if foreign or outward or name.lower().startswith("on"):
            del element.attrib[name]
    for child in list(element):
        namespace, _, name = str(child.tag).removeprefix("{").rpartition("}")
        styled = name == "style" and _OUTWARD.search("".join(child.itertext()))
        if namespace != _SVG or name not in _ELEMENTS or styled:
            element.remove(child)
        else:
            _clean(child)
