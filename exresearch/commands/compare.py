"""``exresearch compare``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from exresearch.commands.console import LanguageOption, out, refuse
from exresearch.study.problems import Problem, StudyError


def compare(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="DIR ...", help="Folders of finished reports, such as reports/demo."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Folder of the comparison; reports/compare by default."),
    ] = None,
    language: LanguageOption = "en",
    waves: Annotated[
        bool,
        typer.Option("--waves", help="The reports are of one client, in order of time: show what changed."),
    ] = False,
    client: Annotated[
        str | None,
        typer.Option(
            "--client",
            metavar="NAME",
            help="Client that the comparison is for (key 'client' of its study file): named, and held against others.",
        ),
    ] = None,
    names: Annotated[
        bool, typer.Option("--names", help="Name all clients; without it the others are letters.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Write into a folder that holds something else than a comparison."),
    ] = False,
) -> None:
    """Compare the reports of clients, or of one client over time.

    Findings and contributed moments are read, never answers. Every claim is pooled over the clients whose numbers
    mean the same (random effects, at least three clients).

    Exit code 2: a folder is no report, or its files are not those that its run.json tells of; clients or data are given
    twice; the comparison cannot be written.
    """
    from exresearch.run.compare import compare_reports

    try:
        index = compare_reports(
            folders,
            output=output,
            language=language or "en",
            waves=waves,
            client=client,
            names=names,
            force=force,
        )
    except StudyError as error:
        refuse(error)
    except OSError as error:
        message = f"cannot be written ({error.strerror})."
        refuse(StudyError([Problem("--output", "", message, "Free some space, or choose another folder.")]))
    out.print("The comparison is ready. Open it in a browser:")
    sys.stdout.write(f"{index}\n")
