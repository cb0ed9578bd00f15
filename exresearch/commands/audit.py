"""``exresearch audit``: whether anything is known against the packages that the suite runs on."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.markup import escape
from rich.table import Table

from exresearch.commands.console import err, page
from exresearch.commands.licences import locked
from exresearch.study.paths import project_root

NO_TOOL = (
    "Nothing was looked up: this takes the program pip-audit, which is not here. Install it, in an environment of its "
    "own (pipx install pip-audit) or in this one (pip install pip-audit), and run this again."
)
NO_ANSWER = (
    "Nothing was looked up: pip-audit gave no answer. It asks a public service about the names and versions in the "
    "lock file, for which it needs the network."
)


@dataclass(frozen=True, slots=True)
class Known:
    """Something that is known against a package.

    Attributes
    ----------
    package, version : str
        Of the lock file.
    name : str
        Of the report, such as a CVE.
    fixed_in : str
        Versions without it; empty where there is none.
    """

    package: str
    version: str
    name: str
    fixed_in: str


def audit(
    lock: Annotated[
        Path | None,
        typer.Option("--lock", metavar="FILE", help="Another list of packages than locks/run.txt."),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    seconds: Annotated[
        int, typer.Option("--seconds", min=1, metavar="N", help="How long to wait for an answer.")
    ] = 300,
) -> None:
    """Look up what is known against the packages in locks/run.txt; this is the one command that uses the network.

    It sends the names and versions of public packages, and nothing of any client. Their licences: exresearch licences.

    Exit code 0: nothing is known. 1: something is, and is listed. 2: it could not be looked up, or not for all.
    """
    file = lock if lock is not None else project_root() / "locks" / "run.txt"
    asked = locked(file)
    command = auditor()
    if command is None:
        _nothing(NO_TOOL)
    answer = _answer([*command, *options(file)], seconds=seconds)
    if answer is None:
        _nothing(NO_ANSWER)
    found, checked, skipped = known_of(answer)
    if not checked:
        _nothing(NO_ANSWER)
    if json_:
        sys.stdout.write(json.dumps([asdict(one) for one in found], indent=2) + "\n")
    elif found:
        table = Table("package", "version", "known as", "without it from")
        for one in found:
            table.add_row(
                *map(escape, (one.package, one.version, one.name, one.fixed_in or "no version yet"))
            )
        page.print(table)
    elsewhere = len(asked) - checked - len(skipped)
    if elsewhere:
        err.print(f"{elsewhere} of {len(asked)} packages are for other systems and were not asked about.")
    if skipped:
        err.print(f"Not looked up, for the service does not know them: {', '.join(skipped)}.", style="yellow")
    if found:
        packages = len({one.package for one in found})
        err.print(
            f"{len(found)} reports against {packages} of {checked} packages. Newer versions: make lock UPGRADE=1"
        )
        raise typer.Exit(1)
    err.print(f"Nothing is known against the {checked} packages that were looked up.")
    if skipped:
        raise typer.Exit(2)


def auditor() -> list[str] | None:
    """Return the command of pip-audit; None where there is none."""
    program = shutil.which("pip-audit")
    if program is not None:
        return [program]
    return [sys.executable, "-m", "pip_audit"] if importlib.util.find_spec("pip_audit") else None


def options(lock: Path) -> list[str]:
    """Return how pip-audit is asked: about the pinned versions alone, without installing any of them."""
    return [
        "--requirement", str(lock), "--require-hashes", "--disable-pip", "--format", "json",
        "--progress-spinner", "off",
    ]  # fmt: skip


def known_of(answer: dict[str, Any]) -> tuple[list[Known], int, list[str]]:
    """Read the answer of pip-audit.

    Parameters
    ----------
    answer : dict
        Its JSON.

    Returns
    -------
    list of Known
        By package and name.
    int
        How many packages were looked up.
    list of str
        Packages that the service does not know.
    """
    found, checked, skipped = set(), set(), set()
    for entry in answer["dependencies"]:
        name = str(entry["name"])
        if "vulns" not in entry:
            skipped.add(name)
            continue
        checked.add(name)
        for one in entry["vulns"]:
            fixed = ", ".join(map(str, one["fix_versions"]))
            found.add(Known(name, str(entry["version"]), str(one["id"]), fixed))
    return sorted(found, key=lambda one: (one.package, one.name)), len(checked), sorted(skipped - checked)


def _answer(command: list[str], *, seconds: int) -> dict[str, Any] | None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=seconds, stdin=subprocess.DEVNULL
        )
        answer = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    # Its exit code is 1 both where it found something and where it failed; only an answer has this list.
    return answer if isinstance(answer, dict) and isinstance(answer.get("dependencies"), list) else None


def _nothing(why: str) -> NoReturn:
    err.print(why, style="yellow")
    raise typer.Exit(2)
