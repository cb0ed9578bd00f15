"""Folders for sockets: nobody else's, and with a path that is short enough."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

#: How they are called.
FOLDER = "exr-"
# Systems allow 104 or 108 bytes for the path of a socket; the client adds a hyphen and a number.
_LONGEST = 100
_NAME = "k"


def socket_folder() -> tuple[Path, bool]:
    """Make a folder for sockets, which only this user can look into.

    When to use it: for everything that kernels say. What goes over a network port instead, even over one of this
    computer alone, is signed and not secret: every user of the computer can listen to what a kernel shows.

    Returns
    -------
    folder : pathlib.Path
        New and empty; in the usual temporary folder, or, where that lies too deep for the path of a socket, in the
        user's own folder for such things or in ``/tmp``.
    short : bool
        Whether a socket fits into it.
    """
    for place in (None, os.environ.get("XDG_RUNTIME_DIR") or None, "/tmp"):  # noqa: S108 - mkdtemp makes it ours
        try:
            folder = Path(tempfile.mkdtemp(prefix=FOLDER, dir=place))
        except OSError:
            continue
        if fits(folder / _NAME):
            return folder, True
        folder.rmdir()
    return Path(tempfile.mkdtemp(prefix=FOLDER)), False


def fits(address: Path) -> bool:
    """Whether a path is short enough for a socket."""
    return len(os.fsencode(address)) < _LONGEST
