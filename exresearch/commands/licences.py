"""``exresearch licences``: under which terms each package that the suite runs on may be passed on."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from exresearch.commands.console import err, page, refuse
from exresearch.study.paths import project_root
from exresearch.study.problems import Problem, StudyError

# May be combined with a work under the GPL-3.0-or-later, after the FSF's list of licences; AGPL-3.0 by section 13.
_COMPATIBLE = frozenset({
    "0BSD", "AGPL-3.0", "AGPL-3.0-ONLY", "AGPL-3.0-OR-LATER", "APACHE-2.0", "ARTISTIC-2.0", "BLUEOAK-1.0.0", "BSD",
    "BSD-2-CLAUSE", "BSD-3-CLAUSE", "BSD-3-CLAUSE-OPEN-MPI", "BSL-1.0", "CC0-1.0", "ECL-2.0", "GPL-2.0-OR-LATER",
    "GPL-3.0", "GPL-3.0-ONLY", "GPL-3.0-OR-LATER", "HPND", "ISC", "LGPL-2.0-OR-LATER", "LGPL-2.1", "LGPL-2.1-ONLY",
    "LGPL-2.1-OR-LATER", "LGPL-3.0", "LGPL-3.0-ONLY", "LGPL-3.0-OR-LATER", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0",
    "NCSA", "PSF-2.0", "PYTHON-2.0", "UNICODE-3.0", "UNLICENSE", "UPL-1.0", "W3C", "WTFPL", "X11", "ZLIB", "ZPL-2.1",
})  # fmt: skip
# Known, and not to be combined with it.
_INCOMPATIBLE = frozenset({
    "AFL-3.0", "APSL-2.0", "BSD-4-CLAUSE", "BUSL-1.1", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CDDL-1.0",
    "CPL-1.0", "EPL-1.0", "EPL-2.0", "EUPL-1.1", "GPL-2.0", "GPL-2.0-ONLY", "MPL-1.1", "MS-PL", "OSL-3.0",
    "PROPRIETARY", "SSPL-1.0",
})  # fmt: skip
# What packages write in the old free field, and in their classifiers.
_ALIASES = {
    "apache 2.0": "Apache-2.0", "apache license 2.0": "Apache-2.0", "apache software license": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0", "mit license": "MIT", "the mit license": "MIT", "bsd license": "BSD",
    "2-clause bsd": "BSD-2-Clause", "bsd 2-clause": "BSD-2-Clause", "3-clause bsd": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause", "bsd 3-clause": "BSD-3-Clause", "bsd 3-clause license": "BSD-3-Clause",
    "isc license": "ISC", "isc license (iscl)": "ISC", "psfl": "PSF-2.0", "psf": "PSF-2.0",
    "python software foundation license": "PSF-2.0", "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "the unlicense (unlicense)": "Unlicense", "zope public license": "ZPL-2.1", "gplv3": "GPL-3.0",
    "gnu general public license v2 (gplv2)": "GPL-2.0-only", "gnu general public license v3 (gplv3)": "GPL-3.0",
    "gnu general public license v2 or later (gplv2+)": "GPL-2.0-or-later",
    "gnu general public license v3 or later (gplv3+)": "GPL-3.0-or-later",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0",
    "gnu lesser general public license v2 or later (lgplv2+)": "LGPL-2.1-or-later",
    "other/proprietary license": "Proprietary",
}  # fmt: skip
_NAME = re.compile(r"([a-z0-9][a-z0-9._-]*)==(\S+)")


@dataclass(frozen=True, slots=True)
class Licence:
    """What a package says of its licence.

    Attributes
    ----------
    package : str
        Its name, as the lock file has it.
    version : str
        Installed; empty where it is not, as on another system.
    licence : str
        As an SPDX expression where it can be told.
    compatible : {"yes", "no", "unknown", ""}
        With the GPL-3.0-or-later; empty where the package is not installed.
    """

    package: str
    version: str
    licence: str
    compatible: str


def licences(
    json_: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    csv_: Annotated[bool, typer.Option("--csv", help="Print it as CSV.")] = False,
    lock: Annotated[
        Path | None,
        typer.Option("--lock", metavar="FILE", help="Another list of packages than locks/run.txt."),
    ] = None,
) -> None:
    """List the packages that the suite runs on, with version and licence.

    Exit code 0: all of them can be passed on under the GPL-3.0-or-later. 1: some cannot, or do not say.
    """
    names = locked(lock if lock is not None else project_root() / "locks" / "run.txt")
    found = [licence_of(name) for name in sorted(names)]
    if json_:
        sys.stdout.write(json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False) + "\n")
    elif csv_:
        sys.stdout.write(_csv(found))
    else:
        table = Table("package", "version", "licence", "with the GPL-3.0-or-later")
        for one in found:
            cells = (one.package, one.version or "not installed here", one.licence, one.compatible)
            table.add_row(*(escape(cell) for cell in cells), style="red" if doubtful(one) else None)
        page.print(table)
    wrong = [one for one in found if doubtful(one)]
    for one in wrong:
        said = "cannot be combined with" if one.compatible == "no" else "is not known to go with"
        err.print(
            escape(f"{one.package} {one.version}: {one.licence or 'no licence'} {said} the GPL-3.0-or-later.")
        )
    absent = sum(not one.version for one in found)
    err.print(
        f"{len(found)} packages; {absent} are not installed here (for another system); {len(wrong)} to look at."
    )
    if wrong:
        raise typer.Exit(1)


def locked(lock: Path) -> dict[str, str]:
    """Read the names and versions of a lock file; where systems differ, the last version."""
    try:
        text = lock.read_text(encoding="utf-8")
    except OSError as error:
        message = f"cannot be read ({error.strerror or 'no access'})."
        refuse(
            StudyError([Problem("--lock", lock.name, message, "Name a lock file, such as locks/run.txt.")])
        )
    found = (_NAME.match(line) for line in text.splitlines())
    return {match[1]: match[2] for match in found if match}


def licence_of(package: str) -> Licence:
    """Look up what an installed package says of its licence.

    Parameters
    ----------
    package : str
        Name.

    Returns
    -------
    Licence
        From the field ``License-Expression``, else from ``License`` if it is a name and no text, else from the
        classifiers; several of these hold together.
    """
    try:
        about = metadata(package)
    except PackageNotFoundError:
        return Licence(package, "", "", "")
    written = _field(about, "License-Expression") or _short(_field(about, "License"))
    if not written:
        classifiers = about.get_all("Classifier") or []
        named = [text.rpartition(" :: ")[2] for text in classifiers if text.startswith("License :: ")]
        written = " AND ".join(_spdx(name) for name in named if name != "OSI Approved")
    expression = _spdx(written)
    return Licence(package, about["Version"], expression, compatible(expression))


def compatible(expression: str) -> str:
    """Tell whether a licence goes with the GPL-3.0-or-later.

    Parameters
    ----------
    expression : str
        In SPDX: names, ``AND``, ``OR``, ``WITH`` and brackets.

    Returns
    -------
    {"yes", "no", "unknown"}

    Examples
    --------
    >>> compatible("Apache-2.0 OR GPL-2.0-only"), compatible("MIT AND EPL-2.0"), compatible("Own terms")
    ('yes', 'no', 'unknown')
    """
    tokens = re.findall(r"[()]|[^\s()]+", expression)
    try:
        verdict, rest = _either(tokens)
    except IndexError:
        return "unknown"
    return verdict if not rest else "unknown"


def doubtful(one: Licence) -> bool:
    """Whether somebody has to look at this."""
    return one.compatible not in ("yes", "")


def _either(tokens: list[str]) -> tuple[str, list[str]]:
    verdict, rest = _both(tokens)
    while rest and rest[0].upper() == "OR":
        other, rest = _both(rest[1:])
        verdict = _first(("yes", "unknown", "no"), (verdict, other))
    return verdict, rest


def _both(tokens: list[str]) -> tuple[str, list[str]]:
    verdict, rest = _one(tokens)
    while rest and rest[0].upper() == "AND":
        other, rest = _one(rest[1:])
        verdict = _first(("no", "unknown", "yes"), (verdict, other))
    return verdict, rest


def _one(tokens: list[str]) -> tuple[str, list[str]]:
    if tokens[0] == "(":
        verdict, rest = _either(tokens[1:])
        # What is not closed is not understood.
        return (verdict, rest[1:]) if rest[0] == ")" else ("unknown", rest)
    name, rest = tokens[0].upper(), tokens[1:]
    # An exception only ever adds a permission.
    rest = rest[2:] if len(rest) > 1 and rest[0].upper() == "WITH" else rest
    known = "yes" if name in _COMPATIBLE else "no" if name in _INCOMPATIBLE else "unknown"
    return known, rest


def _first(order: Iterable[str], among: Iterable[str]) -> str:
    held = set(among)
    return next(verdict for verdict in order if verdict in held)


def _field(about: PackageMetadata, name: str) -> str:
    return about[name] if name in about else ""


def _short(text: str) -> str:
    """A name of a licence; nothing for its whole text, or where it says nothing."""
    text = text.strip()
    return "" if "\n" in text or len(text) > 60 or text.upper() == "UNKNOWN" else text


def _spdx(text: str) -> str:
    return _ALIASES.get(text.strip().casefold(), text.strip())


def _csv(found: Iterable[Licence]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("package", "version", "licence", "compatible"))
    # A package could call its licence =1+1.
    writer.writerows([neutral(cell) for cell in asdict(one).values()] for one in found)
    return text.getvalue()


def neutral(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula when it opens a CSV file."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
