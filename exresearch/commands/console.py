"""What all commands share: where they write, how they refuse, and the options that several take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
import yaml
from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.segment import Segment

from exresearch.study.confine import allow
from exresearch.study.languages import languages
from exresearch.study.problems import Problem, StudyError

if TYPE_CHECKING:
    from exresearch.study import OnProgress

# What moves a terminal's cursor, changes its title or clipboard, or shows text in another order than it has.
_COMMANDS = {
    code: "\N{REPLACEMENT CHARACTER}"
    for code in (*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if chr(code) not in "\n\t"
}


class SafeConsole(Console):
    """A console on which a text is a text: names in files from outside give the terminal no orders."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Give the parts of what is shown, without signs that a terminal obeys."""
        for part in super().render(renderable, options):
            yield part if part.control else part._replace(text=part.text.translate(_COMMANDS))


page = SafeConsole(highlight=False)
out = SafeConsole(soft_wrap=True, highlight=False)
err = SafeConsole(stderr=True, soft_wrap=True, highlight=False)


class LateProgress(Progress):
    """A bar that shows itself only where something takes over two seconds."""

    def get_renderables(self) -> Iterator[RenderableType]:
        """Give the bar once it is late enough."""
        if any((task.elapsed or 0) >= 2 for task in self.tasks):
            yield from super().get_renderables()


@contextmanager
def reading(study: Path) -> Iterator[OnProgress]:
    """Show how far the tables are read; what this gives is for ``on_progress`` of :func:`load_study`."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with LateProgress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(escape(study.name), total=None)

        def show(table: str, done: int, total: int) -> None:
            progress.update(task, description=f"{escape(study.name)}: {table}", completed=done, total=total)

        yield show


StudyArgument = Annotated[
    Path, typer.Argument(metavar="STUDY.yaml", help="The study file, such as params/demo.yaml.")
]
StudiesArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="STUDY.yaml...",
        help="Study files, such as params/demo.yaml; a folder or a pattern means the study files in it.",
    ),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="NAME",
        help="Run only this notebook, such as 03_enps_drivers or 03; may be repeated.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Replace a setting for this run; may be repeated. Example: --set n_boot=500",
    ),
]
LanguageOption = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="|".join(languages()),
        help="Language of the report; the study file says so by default.",
    ),
]


def _allow(folders: list[Path] | None) -> list[Path] | None:
    problems = allow(folders or [])
    if problems:
        refuse(StudyError(problems))
    return folders


AllowOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--allow",
        metavar="DIR",
        callback=_allow,
        help="A folder, outside that of the study file, in which it may name files; may be repeated.",
    ),
]


def overrides_of(settings: list[str] | None, language: str | None) -> dict[str, Any]:
    """Read ``--set`` and ``--language``.

    Parameters
    ----------
    settings : list of str or None
        Each ``key=value``, the value as YAML.
    language : str or None
        Of the report.

    Returns
    -------
    dict
        Keys of the study file and its parameters.

    Raises
    ------
    StudyError
        Where an entry is not of that form.
    """
    overrides: dict[str, Any] = {}
    problems = []
    for item in settings or []:
        key, sign, text = item.partition("=")
        if not sign or not key.strip():
            problems.append(
                Problem("--set", item, "this is not of the form key=value.", "Example: --set n_boot=500")
            )
            continue
        try:
            overrides[key.strip()] = yaml.safe_load(text) if text.strip() else ""
        except (yaml.YAMLError, ValueError, RecursionError):
            # A ValueError is of an impossible date, which the check of the settings will name as it is written.
            overrides[key.strip()] = text
    if language is not None:
        overrides["language"] = language
    if problems:
        raise StudyError(problems)
    return overrides


def refuse(error: StudyError) -> NoReturn:
    """Say what is wrong with the input and end with exit code 2."""
    err.print(escape(str(error)), style="red")
    raise typer.Exit(2)
