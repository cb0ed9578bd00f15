"""Files that are either whole or not there, whatever stops the computer in between."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def write_durably(path: Path, content: bytes) -> None:
    """Write a file beside its place, wait until it is on the disk, and put it there in one step.

    Parameters
    ----------
    path : pathlib.Path
        In a folder that is there.
    content : bytes
        All of it.

    Raises
    ------
    OSError
        If it cannot be written; what stood there before still stands.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    sync(path.parent)


def sync(*paths: Path) -> None:
    """Wait until files and folders are on the disk; a system that cannot say so is believed."""
    for path in paths:
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def move_folder(made: Path, place: Path) -> None:
    """Put a complete folder in the place of an earlier one.

    Parameters
    ----------
    made : pathlib.Path
        Beside its place, and complete.
    place : pathlib.Path
        Where it goes; if this is interrupted, either the old folder, the new one or none is there.
    """
    sync(*sorted(path for path in made.rglob("*")), made)
    if place.exists():
        old = place.with_name(f".{place.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        place.rename(old)
        made.rename(place)
        shutil.rmtree(old, ignore_errors=True)
    else:
        made.rename(place)
    sync(place.parent)


def remove(paths: Iterable[Path]) -> None:
    """Remove files and folders, those that are gone already among them."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(FileNotFoundError):
                path.unlink()
