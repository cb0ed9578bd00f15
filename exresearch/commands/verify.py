"""``exresearch verify``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.markup import escape
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from exresearch.commands.console import AllowOption, LateProgress, err, out, page, refuse
from exresearch.study.problems import Problem, StudyError

if TYPE_CHECKING:
    from exresearch.run.verify import Verification

_STATES = {
    "ok": "[green]as it was made[/green]",
    "differs": "[red]differs[/red]",
    "not possible": "not possible",
}
# So many differences of one kind are printed; the file of --json has all of them.
_PRINTED = 20


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a report, such as reports/demo.")],
    study: Annotated[
        Path | None,
        typer.Option(
            "--study",
            metavar="STUDY.yaml",
            help="The study file, where the data are at hand; by default what the run left beside the report.",
        ),
    ] = None,
    seal: Annotated[
        str,
        typer.Option(
            "--seal", metavar="SEAL", help="The seal that was noted, or its first 8 characters or more."
        ),
    ] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Compare hashes and the seal alone.")] = False,
    recompute: Annotated[
        bool,
        typer.Option(
            "--recompute/--no-recompute", help="Compute every finding again where the data are at hand."
        ),
    ] = True,
    tolerance: Annotated[
        float,
        typer.Option(
            "--tolerance",
            min=0.0,
            metavar="SHARE",
            help="Recomputed numbers may differ by this share of the larger one; none by default.",
        ),
    ] = 0.0,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, metavar="N", help="Notebooks at a time; one per processor by default."),
    ] = None,
    allow: AllowOption = None,
    json_: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the outcome as data into this file too."),
    ] = None,
) -> None:
    """Say whether a report is still what was made, and whether its data give the same findings again.

    Hashes of all files, the seal, the numbers on pages and in the spreadsheet against the findings; with the data also
    every finding, computed again.

    Exit code 0: nothing differs. 1: something differs; every difference is named. 2: there is no report to be read.
    """
    from exresearch.run.verify import ReportUnreadable, verify_report

    # Said before minutes of computing, and as it is now, whatever the working folder is by then.
    target = None if json_ is None else _writable(json_)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    try:
        with LateProgress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
            task = progress.add_task(escape(folder.name), total=None)
            outcome = verify_report(
                folder,
                study=study,
                seal=seal,
                quick=quick,
                recompute=recompute,
                tolerance=tolerance,
                jobs=jobs,
                on_step=lambda step: progress.update(
                    task, description=f"{escape(folder.name)}: {escape(step)}"
                ),
            )
    except ReportUnreadable as error:
        err.print(escape(str(error)), style="red")
        raise typer.Exit(2) from None
    _say(outcome)
    if target is not None:
        _write(target, outcome)
    if not outcome.ok:
        raise typer.Exit(1)


def _say(outcome: Verification) -> None:
    from exresearch.run.verify import CHECKS

    table = Table("What was compared", "How many", "Outcome")
    for check in outcome.checks:
        table.add_row(CHECKS[check.name], str(check.compared), _STATES[check.state])
    page.print(table)
    for check in outcome.checks:
        for one in check.differences[:_PRINTED]:
            out.print(f"- {escape(one.sentence)}")
        if len(check.differences) > _PRINTED:
            out.print(f"- and {len(check.differences) - _PRINTED} more; --json FILE writes all of them.")
    for sentence in [*outcome.notes, *(text for check in outcome.checks for text in check.left_out)]:
        out.print(escape(sentence))
    if outcome.ok:
        out.print(f"Nothing differs. Seal: {outcome.seal}")
    else:
        count = len(outcome.differences)
        err.print(f"{count} {'thing differs' if count == 1 else 'things differ'}.", style="red")


def _writable(file: Path) -> Path:
    if not file.absolute().parent.is_dir():
        _refuse_target(file, "its folder is not there")
    return file.absolute()


def _write(file: Path, outcome: Verification) -> None:
    text = json.dumps(outcome.as_data(), indent=2, ensure_ascii=False) + "\n"
    try:
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        _refuse_target(file, str(error.strerror))


def _refuse_target(file: Path, why: str) -> NoReturn:
    remedy = "Name a file in a folder that is there."
    refuse(StudyError([Problem("--json", file.name, f"cannot be written ({why}).", remedy)]))
