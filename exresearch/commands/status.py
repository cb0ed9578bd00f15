"""``exresearch status``: what a run would do, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

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
from exresearch.run.orders import Order, placed, plan_order, studies_in, unchanged
from exresearch.study.problems import StudyError


def status(
    study: StudiesArgument,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="DIR", help="Folder of the report, as for run.")
    ] = None,
    only: OnlyOption = None,
    language: LanguageOption = None,
    set_: SetOption = None,
    allow: AllowOption = None,
) -> None:
    """Say which notebooks a run with the same options would execute, and why; nothing is run.

    Exit code 0: nothing would be executed. 1: something would be. 2: an input cannot be used; the problems are listed.
    """
    from exresearch.run.course import stand
    from exresearch.run.plan import LAST

    table = Table("client", "notebook", "would", "because", box=None, pad_edge=False, header_style="bold")
    code = 0
    try:
        studies, _ = studies_in(study)
        overrides, some = overrides_of(set_, language), tuple(only or ())
        orders = placed([Order(path, output=output, only=some, overrides=overrides) for path in studies])
    except StudyError as error:
        refuse(error)
    for order in orders:
        try:
            with reading(order.study_file) as show_reading:
                plan = plan_order(order, on_progress=show_reading)
        except StudyError as error:
            err.print(escape(f"{order.study_file.name}: {error}"), style="red")
            code = 2
            continue
        standing, client = stand(plan), escape(plan.study.settings.client)
        for job, why in standing.stale:
            table.add_row(client, job.name, "[yellow]run[/yellow]", escape(why))
        for job, kept in standing.fresh:
            table.add_row(client, job.name, "[green]stay[/green]", f"unchanged; took {kept.seconds:.1f} s")
        summary = any(job.name == LAST for job in plan.jobs)
        if summary and standing.stale:
            table.add_row(client, LAST, "[yellow]run[/yellow]", "it is made of the others' findings")
        if standing.stale:
            code = max(code, 1)
        elif unchanged(order) is None:
            table.add_row(client, "report", "[yellow]write[/yellow]", "it is not there as it was published")
            code = max(code, 1)
    out.print(table)
    if code:
        raise typer.Exit(code)
