"""``exresearch forget``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from exresearch.commands.console import err, out, refuse
from exresearch.study.paths import project_root
from exresearch.study.problems import StudyError


def forget(
    client: Annotated[
        str, typer.Argument(metavar="CLIENT", help="Short name of the client, as its study file has it.")
    ],
    params: Annotated[
        bool,
        typer.Option("--params", help="Its study files and codebooks in params/clients too."),
    ] = False,
    report: Annotated[
        list[Path] | None,
        typer.Option(
            "--report",
            metavar="DIR",
            help="A report of this client outside reports/, as --output named it; may be repeated.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a client: its reports in reports/, and all that was kept to make them.

    That is every report of this client, comparisons of its waves, the executed notebooks, prepared data, results kept
    for the next run and logs. The client's own exports are never deleted; they are named, so that somebody can, and so
    are comparisons with other clients. Reports that were passed on and back-ups are not found.

    Exit code 0: it is gone, or nothing was there. 1: it was not confirmed, or something remains and is listed. 2: the
    name or a folder is not of a client.
    """
    from exresearch.run.forget import delete, traces_of

    try:
        traces = traces_of(client, params=params, reports=report or ())
    except StudyError as error:
        refuse(error)
    for sentence in traces.others:
        err.print(escape(sentence), style="yellow")
    if not traces.kept:
        out.print(f"Nothing is kept of client {client!r}.")
    for kept in traces.kept:
        files = "1 file" if kept.files == 1 else f"{kept.files} files"
        more = " (a link; what it leads to stays)" if kept.path.is_symlink() else ""
        more = f" ({kept.strange} other files in it stay)" if kept.strange else more
        out.print(f"{escape(_shown(kept.path))}: {files}, {_size(kept.size)}{more}")
    left: list[Path] = []
    if traces.kept:
        if not yes and not typer.confirm("Delete this for good?", default=False):
            err.print("Nothing was deleted.")
            raise typer.Exit(1)
        for kept in traces.kept:
            left += delete(kept)
        if not left:
            out.print(f"Client {client!r} is forgotten.")
    for own in traces.own:
        out.print(f"Left, for it is the client's own: {escape(_shown(own))}")
    for path in left:
        err.print(f"Could not be deleted: {escape(_shown(path))}", style="red")
    if left:
        raise typer.Exit(1)


def _shown(path: Path) -> str:
    root = project_root()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _size(n: int) -> str:
    return f"{n} bytes" if n < 1000 else f"{n / 1000:.0f} kB" if n < 1_000_000 else f"{n / 1_000_000:.1f} MB"
