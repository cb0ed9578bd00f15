"""``exresearch plan``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from exresearch.commands.console import (
    AllowOption,
    LanguageOption,
    SetOption,
    StudyArgument,
    out,
    overrides_of,
    refuse,
)
from exresearch.study.problems import StudyError


def plan(
    study: StudyArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FILE", help="The plan; <study>.plan.yaml beside the study file by default."
        ),
    ] = None,
    language: LanguageOption = None,
    set_: SetOption = None,
    allow: AllowOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a plan that is there.")] = False,
) -> None:
    """Freeze the analysis plan of a study before its data arrive; no table is opened.

    It holds what is tested, which number decides, what is too small to matter, every setting, the codebook's hash and
    the version of the package. Name it in the study file under 'plan', and every report says whether it was followed.

    Exit code 2: the study file or its codebook cannot be used, or there is such a file already.
    """
    from exresearch.run.frozen import freeze_plan
    from exresearch.run.plan_file import write_plan
    from exresearch.study import resolve_path
    from exresearch.study.paths import expanded

    try:
        file = resolve_path(study)
        target = expanded(output) if output is not None else file.with_name(f"{file.stem}.plan.yaml")
        content = freeze_plan(file, overrides=overrides_of(set_, language))
        write_plan(content, target, force=force)
    except StudyError as error:
        refuse(error)
    count = len(content["hypotheses"])
    out.print(f"The plan of {escape(str(content['client']))} is frozen: {count} hypotheses, no data read.")
    out.print(f"Digest, to be kept by somebody else: {content['digest']}")
    out.print(f"Name it in {escape(file.name)}: plan: {escape(target.name)}")
