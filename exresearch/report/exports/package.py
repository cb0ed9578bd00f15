"""Office files that depend on nothing but what is in them: no time of saving, no name of whoever saved."""

from __future__ import annotations

import datetime
import io
import re
import zipfile

_MODIFIED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_CORE = "docProps/core.xml"


def plain_package(saved: bytes, *, made_on: datetime.date) -> bytes:
    """Save a workbook or slides anew with the day of the run as their only time.

    Parameters
    ----------
    saved : bytes
        An Office Open XML file.
    made_on : datetime.date
        Day of the run.

    Returns
    -------
    bytes
        The same parts in the same order; the same content on the same day gives the same bytes.
    """
    stamp = f"{made_on.isoformat()}T00:00:00Z".encode()
    day = (made_on.year, made_on.month, made_on.day, 0, 0, 0)
    copy = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved)) as parts,
        zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in parts.namelist():
            content = parts.read(name)
            if name == _CORE:
                content = _MODIFIED.sub(rb"\g<1>" + stamp, content)
            target.writestr(zipfile.ZipInfo(name, day), content, zipfile.ZIP_DEFLATED)
    return copy.getvalue()
