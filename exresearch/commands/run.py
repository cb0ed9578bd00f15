"""``exresearch run``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from exresearch.commands.console import (
    LanguageOption,
    SetOption,
    StudyArgument,
    err,
    out,
    overrides_of,
    reading,
    refuse,
)
from exresearch.study.problems import Problem, StudyError

if TYPE_CHECKING:
    from exresearch.run import RunResult
    from exresearch.study.parameters import Also


def run(
    study: StudyArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Folder of the report; reports/<client> by default."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, metavar="N", help="Notebooks at a time; one per processor by default."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="NAME",
            help="Run only this notebook, such as 03_enps_drivers or 03; may be repeated.",
        ),
    ] = None,
    language: LanguageOption = None,
    set_: SetOption = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Write into a folder that holds something else than this client's report."
        ),
    ] = False,
    keep_notebooks: Annotated[
        bool,
        typer.Option(
            "--keep-notebooks",
            help="Deliver the executed notebooks too, in the folder 'notebooks' of the report.",
        ),
    ] = False,
    single_file: Annotated[
        bool,
        typer.Option("--single-file", help="Write the report as one file too: report.html, to send by mail."),
    ] = False,
    cold: Annotated[
        bool,
        typer.Option(
            "--cold",
            help="Start Python anew for every notebook, instead of forking it from one that has everything loaded.",
        ),
    ] = False,
    spreadsheet: Annotated[
        bool,
        typer.Option(
            "--spreadsheet",
            help="Write findings.xlsx too: every number as it is and as it is shown, with what it means.",
        ),
    ] = False,
    slides: Annotated[
        bool,
        typer.Option(
            "--slides",
            help="Write slides.pptx too: a slide per hypothesis, to be edited, with speaker notes.",
        ),
    ] = False,
    pdf: Annotated[
        bool,
        typer.Option(
            "--pdf",
            help="Write report.pdf too: the whole report on paper; takes Chromium, Chrome or Edge on this computer.",
        ),
    ] = False,
) -> None:
    """Run a study: check it, execute the notebooks, write the report.

    What is passed on beside the pages (--spreadsheet, --slides, --pdf, --single-file) can also stand in the study file,
    under the key 'also'. A PDF that cannot be made is left out, with the reason.

    Exit code 0: all notebooks ran. 1: a notebook failed; the others ran and the report says which. 2: the input
    cannot be used; every problem is listed and nothing was started. 3: the report would have told of single
    people, units, remarks or this computer, and was not published.
    """
    from exresearch.run import DisclosureError, LeakError, plan_run, run_plan

    options: list[tuple[Also, bool]] = [("spreadsheet", spreadsheet), ("slides", slides), ("pdf", pdf)]
    options.append(("single_file", single_file))
    try:
        overrides = overrides_of(set_, language)
        with reading(study) as show_reading:
            plan = plan_run(
                study,
                output=output,
                only=only or (),
                overrides=overrides,
                force=force,
                also=[name for name, wanted in options if wanted],
                on_progress=show_reading,
            )
    except StudyError as error:
        refuse(error)
    names = [job.name for job in plan.jobs]
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    ) as progress:
        task = progress.add_task(
            f"{plan.study.settings.client}: {len(names)} notebooks", total=len(names) + 1
        )
        running: list[str] = []

        def show(name: str, state: str) -> None:
            if state == "stopping":
                err.print("Stopping; the kernels are asked to leave ...")
            elif state == "started":
                running.append(name)
            elif name in running:
                running.remove(name)
                progress.advance(task)
            progress.update(task, description=", ".join(running) or "done")

        try:
            result = run_plan(
                plan,
                jobs=jobs,
                on_progress=show,
                keep_notebooks=keep_notebooks,
                cold=cold,
            )
        except (LeakError, DisclosureError) as error:
            # Made, and not published: what it shows together would tell too much.
            err.print(escape(str(error)), style="red")
            raise typer.Exit(3) from None
        except KeyboardInterrupt:
            err.print("Stopped. An earlier report is as it was; run the same command again to start over.")
            raise typer.Exit(130) from None
        except OSError as error:
            place = Path(str(error.filename)).name if error.filename else "the report"
            refuse(
                StudyError(
                    [
                        Problem(
                            "--output",
                            place,
                            f"cannot be written ({error.strerror}).",
                            "Free some space, or choose another folder.",
                        )
                    ]
                )
            )
    _report(result)


def _report(result: RunResult) -> None:
    for notebook in result.notebooks:
        mark = "[green]ran[/green]" if notebook.status == "ok" else f"[red]failed[/red] ({notebook.error})"
        out.print(f"{notebook.name}: {mark} in {notebook.seconds:.1f} s")
    out.print(f"The report took {result.seconds:.1f} s. Open it in a browser:")
    sys.stdout.write(f"{result.index}\n")
    for sentence in result.left_out:
        err.print(escape(sentence), style="yellow")
    if result.failed:
        err.print(
            f"{len(result.failed)} of {len(result.notebooks)} notebooks failed; the report says which.",
            style="red",
        )
        raise typer.Exit(1)
