"""The record of a run against itself, and the files of a report against the record."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from exresearch.run.origin import sha256
from exresearch.run.seal import RECORD, as_json, delivered, seal_of, seals_on
from exresearch.run.verify.outcome import Check, Difference, ReportUnreadable, plain

# From this version of the record on there is a seal.
_SEALED = (1, 1)
#: A noted seal has at least so many characters.
LEAST = 8


def read_record(folder: Path) -> tuple[dict[str, Any] | None, list[Difference]]:
    """Read ``run.json`` of a report.

    Returns
    -------
    tuple of dict or None and list of Difference
        None where it is no record any more, with what is wrong with it.

    Raises
    ------
    ReportUnreadable
        If there is no folder, or no such file in it.
    """
    path = folder / RECORD
    if not folder.is_dir():
        raise ReportUnreadable(f"{folder.name}: there is no such folder. Name the folder of a report.")
    try:
        content = path.read_bytes()
    except OSError:
        message = (
            f"{folder.name}: this folder has no {RECORD} that can be read, so it is no report of this suite."
        )
        raise ReportUnreadable(f"{message} Name the folder that holds index.html and {RECORD}.") from None
    try:
        text = content.decode("utf-8")
        record = json.loads(text)
    except (UnicodeDecodeError, ValueError, RecursionError):
        return None, [plain(RECORD, "was changed: it is not JSON any more.")]
    if not isinstance(record, dict) or not _listed(record):
        return None, [plain(RECORD, "was changed: it holds no list of the delivered files any more.")]
    if not _written_as(record, text):
        return record, [plain(RECORD, "was changed: it is not written as a run writes it.")]
    return record, []


def check_record(
    record: Mapping[str, Any], folder: Path, *, noted: str = "", changed: list[Difference]
) -> tuple[str, Check]:
    """Check the seal: of the record, on the pages, and as somebody noted it.

    Parameters
    ----------
    record : mapping
        Of :func:`read_record`.
    folder : pathlib.Path
        The report.
    noted : str
        The seal that a reader noted, or its first characters; blanks and hyphens do not count.
    changed : list of Difference
        What is wrong with the record already.

    Returns
    -------
    tuple of str and Check
        The seal as computed anew, and what differs.
    """
    found = list(changed)
    seal = seal_of(record, folder)
    written = record.get("seal")
    left_out: list[str] = []
    pages = {name: seals_on(folder / name) for name in delivered(folder) if name.endswith(".html")}
    shown = {name: seals for name, seals in pages.items() if seals}
    compared = 1
    if not isinstance(written, str) and not shown and _version(record) < _SEALED:
        left_out.append("This report was made before reports had a seal; its record cannot be checked.")
        compared = 0
    elif written != seal:
        found.append(
            Difference(
                RECORD,
                "seal",
                seal,
                str(written),
                f"{RECORD}: the seal does not fit: the record and the files give {seal}, and it says {written}.",
            )
        )
    for name, seals in shown.items():
        for text, whole in seals:
            compared += 1
            if not (text == seal if whole else len(text) >= LEAST and seal.startswith(text)):
                sentence = (
                    f"{name}: shows the seal {text or 'of nothing'}; the record and the files give {seal}."
                )
                found.append(Difference(name, "seal", seal, text, sentence))
    sealed = isinstance(written, str) or _version(record) >= _SEALED
    found += [
        plain(name, "does not show the seal of the report any more.")
        for name in ("index.html", "provenance.html")
        if sealed and name in pages and name not in shown
    ]
    if noted:
        compared += 1
        wanted = re.sub(r"[\s-]", "", noted).lower()
        if len(wanted) < LEAST or not seal.startswith(wanted):
            sentence = f"The seal that was noted ({noted}) is not that of this report ({seal})."
            found.append(Difference(RECORD, "seal", noted, seal, sentence))
    return seal, Check("record", compared, tuple(found), tuple(left_out))


def check_files(
    record: Mapping[str, Any], folder: Path, *, on_file: Callable[[str], None] | None = None
) -> Check:
    """Compare the hash of every delivered file with the record, and find files that are missing or added.

    Parameters
    ----------
    record : mapping
        Of :func:`read_record`.
    folder : pathlib.Path
        The report.
    on_file : callable, optional
        Told the name of each file.

    Returns
    -------
    Check
    """
    found: list[Difference] = []
    there = delivered(folder)
    hashes: dict[str, str] = {}
    for entry in record["outputs"]:
        if entry["file"] in hashes:
            found.append(plain(RECORD, f"lists {entry['file']} twice."))
        hashes[entry["file"]] = entry["sha256"]
    for name in sorted({*there, *hashes}):
        if on_file is not None:
            on_file(name)
        if name not in there:
            found.append(plain(name, "is missing."))
        elif name not in hashes:
            found.append(plain(name, "was added: the run did not make it."))
        elif (now := sha256(folder / name)) != hashes[name]:
            sentence = f"{name}: was changed: its SHA-256 is {now[:12]}…, and was {hashes[name][:12]}…."
            found.append(Difference(name, "", hashes[name], now, sentence))
    return Check("files", len(hashes), tuple(found))


def _listed(record: Mapping[str, Any]) -> bool:
    outputs = record.get("outputs")
    return isinstance(outputs, list) and all(
        isinstance(entry, dict)
        and entry.keys() == {"file", "sha256"}
        and all(isinstance(value, str) for value in entry.values())
        for entry in outputs
    )


def _written_as(record: Mapping[str, Any], text: str) -> bool:
    try:
        return as_json(record) == text
    except (ValueError, UnicodeError):
        return False


def _version(record: Mapping[str, Any]) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in str(record.get("schema_version", "")).split("."))
    except ValueError:
        # A version that is none is a change; the seal tells of it.
        return _SEALED
