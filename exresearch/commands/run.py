"""``exresearch run``: one study, or many at once."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from exresearch.commands.console import (
    AllowOption,
    LanguageOption,
    OnlyOption,
    SetOption,
    StudiesArgument,
    err,
    out,
    overrides_of,
    reading,
    refuse,
)
from exresearch.commands.table import Standing
from exresearch.run.limits import MINUTES, Limits, can_limit_memory, memory_of, usual_jobs
from exresearch.run.orders import Order, note, placed, plan_order, studies_in, unchanged
from exresearch.study.problems import Problem, StudyError

if TYPE_CHECKING:
    from exresearch.run import RunResult
    from exresearch.study.parameters import Also


def run(
    study: StudiesArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="DIR",
            help="Folder of the report, reports/<client> by default; of several studies, the folder of their folders.",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            min=1,
            metavar="N",
            help="Notebooks at a time, over all studies; one more than processors by default.",
        ),
    ] = None,
    only: OnlyOption = None,
    language: LanguageOption = None,
    set_: SetOption = None,
    allow: AllowOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Execute notebooks though nothing they are made from has changed.")
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Write into a folder that holds something else than this client's report."
        ),
    ] = False,
    time_limit: Annotated[
        float,
        typer.Option(
            "--time-limit",
            min=0.0,
            metavar="MINUTES",
            help="A notebook that takes longer is ended; 0 is no limit.",
        ),
    ] = MINUTES,
    memory: Annotated[
        str | None,
        typer.Option(
            "--memory", metavar="SIZE", help="A notebook that needs more, such as 4GiB, fails (on Linux)."
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help="Let the workers of a Dask cluster do it, such as tcp://10.0.0.1:8786; they see the same files.",
        ),
    ] = None,
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
    """Run studies: check them, execute what has changed, write the reports.

    A notebook is executed only if something it is made from has changed: itself, its settings, the data, the codebook,
    the package or a version; [bold]exresearch status[/bold] says what would be. Several studies run at once, and what
    happens to one touches no other. Ctrl-C keeps what is finished; the same command goes on from there.

    What is passed on beside the pages (--spreadsheet, --slides, --pdf, --single-file) can also stand in the study file,
    under the key 'also'. A PDF that cannot be made is left out, with the reason.

    Exit code 0: all notebooks ran. 1: a notebook or a report failed; the others ran and the report says which. 2: the
    input cannot be used; every problem is listed. 3: a report would have told of single people, units, remarks or this
    computer, and was not published. Of several studies the highest counts.
    """
    wanted: list[tuple[Also, bool]] = [("spreadsheet", spreadsheet), ("slides", slides), ("pdf", pdf)]
    wanted.append(("single_file", single_file))
    try:
        studies, others = studies_in(study)
        order = Order(
            studies[0],
            output=output,
            only=tuple(only or ()),
            overrides=overrides_of(set_, language),
            overwrite=overwrite,
            also=tuple(name for name, chosen in wanted if chosen),
            keep_notebooks=keep_notebooks,
            cold=cold,
            force=force,
            limits=_limits(time_limit, memory),
        )
        if len(studies) == 1 and scheduler is None:
            _one(order, jobs=jobs)
        else:
            for path in others:
                err.print(f"{escape(path.name)} is no study file, and is left out.", style="yellow")
            _many([replace(order, study_file=path) for path in studies], jobs=jobs, scheduler=scheduler)
    except StudyError as error:
        refuse(error)


def _limits(minutes: float, memory: str | None) -> Limits:
    try:
        size = memory_of(memory) if memory else 0
    except ValueError as error:
        remedy = "Example: --memory 4GiB"
        raise StudyError([Problem("--memory", str(memory), f"{error}", remedy)]) from None
    if size and not can_limit_memory():
        err.print(
            "--memory has no effect on this system: only Linux can hold a notebook to it.", style="yellow"
        )
    return Limits(minutes * 60, size)


def _one(order: Order, *, jobs: int | None) -> None:
    """Run one study, its notebooks shown as they come."""
    found = unchanged(order)
    if found is not None:
        index, published = found
        out.print(
            f"Nothing has changed: 0 of {published.notebooks} notebooks executed, the report is as it was."
        )
        sys.stdout.write(f"{index}\n")
        return
    from exresearch.run.kernels import begin_kernels

    if not order.cold and (not order.only or len(order.only) > 2):
        # It imports while this process does, and while the tables are read.
        begin_kernels()
    # What is imported stays, so that nobody need look for what can go; a tenth of the time.
    gc.disable()
    import exresearch.run.imports  # noqa: F401 - before all that imports jsonschema
    from exresearch.run import DisclosureError, LeakError, run_plan

    gc.freeze()
    gc.enable()
    with reading(order.study_file) as show_reading:
        plan = plan_order(order, on_progress=show_reading)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        names = [job.name for job in plan.jobs]
        task = progress.add_task(
            f"{plan.study.settings.client}: {len(names)} notebooks", total=len(names) + 1
        )
        running: list[str] = []

        def show(name: str, state: str) -> None:
            if state == "stopping":
                err.print("Stopping; the kernels are ended ...")
            elif state == "started":
                running.append(name)
            elif name in running or state == "unchanged":
                running[:] = [one for one in running if one != name]
                progress.advance(task)
            progress.update(task, description=", ".join(running) or "done")

        try:
            result = run_plan(
                plan,
                jobs=jobs,
                on_progress=show,
                keep_notebooks=order.keep_notebooks,
                cold=order.cold,
                force=order.force,
                limits=order.limits,
            )
            note(order, plan, result)
        except (LeakError, DisclosureError) as error:
            # Made, and not published: what it shows together would tell too much.
            err.print(escape(str(error)), style="red")
            raise typer.Exit(3) from None
        except KeyboardInterrupt:
            _stopped()
        except OSError as error:
            place = Path(str(error.filename)).name if error.filename else "the report"
            message = f"cannot be written ({error.strerror})."
            remedy = "Free some space, or choose another folder."
            raise StudyError([Problem("--output", place, message, remedy)]) from None
    _report(result)


def _stopped() -> NoReturn:
    err.print("Stopped. Earlier reports are as they were; run the same command again to go on from here.")
    raise typer.Exit(130)


def _report(result: RunResult) -> None:
    reused = sum(notebook.reused for notebook in result.notebooks)
    for notebook in result.notebooks:
        if notebook.status != "ok":
            out.print(f"{notebook.name}: [red]failed[/red] ({notebook.error}) after {notebook.seconds:.1f} s")
        elif not notebook.reused:
            out.print(f"{notebook.name}: [green]ran[/green] in {notebook.seconds:.1f} s")
    if reused:
        out.print(
            f"{reused} of {len(result.notebooks)} notebooks were taken over: nothing in them has changed."
        )
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


def _many(orders: Sequence[Order], *, jobs: int | None, scheduler: str | None) -> None:
    """Run several studies, or one elsewhere, and show how all of them stand."""
    from exresearch.run.forking import begin_forkserver
    from exresearch.run.kernels import begin_kernels

    if scheduler is None:
        # Both import while this process does.
        begin_forkserver()
        if not orders[0].cold:
            begin_kernels()
    import exresearch.run.imports  # noqa: F401 - before all that imports jsonschema
    from exresearch.run.many import run_orders
    from exresearch.run.processes import Cluster, Processes

    orders = placed(orders)
    workers: Cluster | Processes
    if scheduler is not None:
        workers = Cluster(scheduler)
        slots = jobs or workers.size
    else:
        slots = jobs or usual_jobs()
        workers = Processes(slots, cold=orders[0].cold)
    standing = Standing()
    try:
        with standing, workers:
            states = run_orders(orders, workers=workers, slots=slots, on_change=standing.show)
    except KeyboardInterrupt:
        standing.last()
        _stopped()
    code = standing.end(states)
    if code:
        raise typer.Exit(code)
