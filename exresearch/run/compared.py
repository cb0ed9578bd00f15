"""Comparisons that a client's report went into: whose they are, and whether they may go with it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_RECORD, _OWN = "compare.json", "run.json"


def is_comparison(folder: Path) -> bool:
    """Whether a folder holds a comparison of reports, which has no client of its own."""
    return (folder / _RECORD).is_file()


def comparisons_with(
    client: str, reports: Iterable[Path], among: Iterable[Path]
) -> tuple[list[Path], list[Path]]:
    """Find the comparisons that a client's reports went into.

    Parameters
    ----------
    client : str
        Short name.
    reports : iterable of pathlib.Path
        Its reports, known by the hashes of their findings; a report that was made anew since is not recognised.
    among : iterable of pathlib.Path
        Folders that may hold a comparison.

    Returns
    -------
    own : list of pathlib.Path
        Comparisons of this client's waves, which are of nobody else.
    shared : list of pathlib.Path
        Comparisons with other clients.
    """
    hashes = {digest for report in reports for digest in _hashes(_read(report / _OWN).get("outputs"))}
    own, shared = [], []
    for folder in among:
        record = _read(folder / _RECORD)
        if not record:
            continue
        parts = [part for part in _list(record.get("reports")) if isinstance(part, dict)]
        known = any(part.get("label") == client or _hashes(part.get("files")) & hashes for part in parts)
        if record.get("kind") == "waves":
            own += [folder] if known or folder.name == f"{client}-waves" else []
        elif known:
            shared.append(folder)
    return own, shared


def _hashes(files: Any) -> set[str]:
    """Hashes of findings and moments, which no two clients have alike."""
    return {
        str(entry.get("sha256"))
        for entry in _list(files)
        if isinstance(entry, dict) and str(entry.get("file")).startswith(("findings/", "moments/"))
    }


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
