"""The seal of a report: one hash of its record and its files, printed on its pages and written into the record."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exresearch.run.origin import sha256

RECORD = "run.json"
#: So many characters of the seal stand where the whole of it would be in the way.
SHORT = 16
# A page leaves a place for the seal, for nothing can hold its own hash. A client's text cannot make one: it is escaped.
_PLACE = re.compile(r'(<code class="exr-seal" data-seal="(whole|short)">)([0-9a-f]*)(</code>)')
_UNSEALED = ("seal", "outputs")


def sealed(record: Mapping[str, Any], staging: Path) -> str:
    """Seal a report: print the seal on its pages, and return the text of ``run.json``.

    When to use it: last of all, when every other file of the report is in place.

    Parameters
    ----------
    record : mapping
        Of :func:`exresearch.run.provenance.provenance`, with all that was added since.
    staging : pathlib.Path
        The report. Pages with a place for the seal are changed.

    Returns
    -------
    str
        The record with the hash of every delivered file (``outputs``) and the ``seal``: the SHA-256 of the record
        without these two, and of the name and the hash of every file, each page without its seal.
    """
    seal = seal_of(record, staging)
    for path in sorted(staging.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        stamped = _PLACE.sub(lambda found: f"{found[1]}{_shown(seal, found[2])}{found[4]}", text)
        if stamped != text:
            # In place: what is being built is not a report yet.
            path.write_text(stamped, encoding="utf-8", newline="\n")
    outputs = [{"file": name, "sha256": sha256(staging / name)} for name in delivered(staging)]
    return as_json({**_body(record), "outputs": outputs, "seal": seal})


def seal_of(record: Mapping[str, Any], folder: Path) -> str:
    """Compute the seal of a report from its record and its files."""
    whole = hashlib.sha256()
    whole.update(json.dumps(_body(record), ensure_ascii=False, sort_keys=True).encode())
    for name in delivered(folder):
        whole.update(f"\n{name}\0{_unsealed(folder / name)}".encode())
    return whole.hexdigest()


def delivered(folder: Path) -> list[str]:
    """Return the names of a report's files but ``run.json``, with their folders, in order."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in names if name != RECORD)


def seals_on(page: Path) -> list[tuple[str, bool]]:
    """Return the seals that a page shows, each with whether it is the whole of it."""
    return [(found[3], found[2] == "whole") for found in _PLACE.finditer(_read(page))]


def unsealed(html: str) -> str:
    """Return a page as it was before the seal was printed on it."""
    return _PLACE.sub(r"\1\4", html)


def without_place(html: str) -> str:
    """Return a document without the sentence that shows the seal: a PDF is printed before there is one."""
    return re.sub(r'<p class="[^"]*exr-sealed[^"]*">.*?</p>\n?', "", html, flags=re.DOTALL)


def as_json(record: Mapping[str, Any]) -> str:
    """Write a record the one way in which it is written, so that any other way shows."""
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _body(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in _UNSEALED}


def _unsealed(path: Path) -> str:
    if path.suffix != ".html":
        return sha256(path)
    return hashlib.sha256(unsealed(_read(path)).encode("utf-8", "surrogateescape")).hexdigest()


def _read(path: Path) -> str:
    # Bytes that are no text keep their difference.
    return path.read_bytes().decode("utf-8", "surrogateescape")


def _shown(seal: str, form: str) -> str:
    return seal if form == "whole" else seal[:SHORT]
