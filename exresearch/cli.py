"""The command line: thin, and every refusal is a sentence."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
import yaml
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from exresearch import __version__
from exresearch.study.languages import languages
from exresearch.study.problems import Problem, StudyError

# The rooms are imported inside the commands: `--help` and a mistyped option answer at once.
if TYPE_CHECKING:
    from exresearch.run import RunResult
    from exresearch.study import OnProgress
    from exresearch.study.parameters import Also

app = typer.Typer(
    name="exresearch",
    help=(
        "Test what is claimed about employee and customer experience on a client's own data.\n\n"
        "Start with [bold]exresearch run params/demo.yaml[/bold]: it makes a fictional client and a finished report."
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)
_page = Console(highlight=False)
_out, _err = Console(soft_wrap=True, highlight=False), Console(stderr=True, soft_wrap=True, highlight=False)


class _LateProgress(Progress):
    """A bar that shows itself only where something takes over two seconds."""

    def get_renderables(self) -> Iterator[RenderableType]:
        if any((task.elapsed or 0) >= 2 for task in self.tasks):
            yield from super().get_renderables()


@contextmanager
def _reading(study: Path) -> Iterator[OnProgress]:
    """Show how far the tables are read; what this gives is for ``on_progress`` of :func:`load_study`."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with _LateProgress(*columns, console=_err, transient=True, disable=not _err.is_terminal) as progress:
        task = progress.add_task(escape(study.name), total=None)

        def show(table: str, done: int, total: int) -> None:
            progress.update(task, description=f"{escape(study.name)}: {table}", completed=done, total=total)

        yield show


StudyArgument = Annotated[
    Path, typer.Argument(metavar="STUDY.yaml", help="The study file, such as params/demo.yaml.")
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


@app.command()
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
        overrides = _overrides(set_, language)
        with _reading(study) as show_reading:
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
        _refuse(error)
    names = [job.name for job in plan.jobs]
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=_err,
        transient=True,
    ) as progress:
        task = progress.add_task(
            f"{plan.study.settings.client}: {len(names)} notebooks", total=len(names) + 1
        )
        running: list[str] = []

        def show(name: str, state: str) -> None:
            if state == "stopping":
                _err.print("Stopping; the kernels are asked to leave ...")
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
            _err.print(escape(str(error)), style="red")
            raise typer.Exit(3) from None
        except KeyboardInterrupt:
            _err.print("Stopped. An earlier report is as it was; run the same command again to start over.")
            raise typer.Exit(130) from None
        except OSError as error:
            place = Path(str(error.filename)).name if error.filename else "the report"
            _refuse(
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


@app.command()
def check(
    study: StudyArgument,
    language: LanguageOption = None,
    set_: SetOption = None,
    json_: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write what was understood as data into this file too."),
    ] = None,
) -> None:
    """Check a study without running it: what was understood, and what can be tested.

    Exit code 0: it can be run, or will be once the guesses of a draft are confirmed. 2: the input cannot be used;
    every problem is listed.
    """
    from exresearch.report import Texts
    from exresearch.report.study_facts import study_facts
    from exresearch.report.study_text import study_text
    from exresearch.run import available_notebooks, setting_problems
    from exresearch.study import load_study

    try:
        overrides = _overrides(set_, language)
        with _reading(study) as show_reading:
            checked = load_study(study, overrides=overrides, on_progress=show_reading)
            problems = setting_problems(checked, file=study.name, overrides=overrides)
            if problems:
                raise StudyError(problems)
            facts = study_facts(checked, written=[path.stem for path in available_notebooks()])
        if json_ is not None:
            _write_json(json_, facts)
    except StudyError as error:
        _refuse(error)
    for part in study_text(facts, Texts(checked.settings.language)):
        _page.print(part)


@app.command()
def new(
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="Short name of the client, such as acme.")],
    from_: Annotated[
        list[Path],
        typer.Option(
            "--from", metavar="FILE", help="An export, or a key that explains one; may be repeated."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="DIR",
            help="Folder of the draft; params/clients by default, which git ignores.",
        ),
    ] = None,
    language: LanguageOption = None,
    codebook_format: Annotated[
        str, typer.Option("--codebook-format", metavar="yaml|csv|xlsx", help="Format of the codebook.")
    ] = "yaml",
    force: Annotated[bool, typer.Option("--force", help="Replace a draft of the same name.")] = False,
) -> None:
    """Read exports and write a draft: a study file and a codebook, every guess marked for you to confirm.

    Nothing is run with a draft before somebody has looked through it and taken out its line 'draft: true'. Exit code
    2: a file cannot be read, or the draft is there already.
    """
    from exresearch.study.draft import draft_study, legal_draft, write_draft
    from exresearch.study.paths import expanded, project_root

    folder = project_root() / "params" / "clients" if output is None else expanded(output)
    target: dict[str, Any] = {
        "folder": folder,
        "language": language or "en",
        "codebook_format": codebook_format,
        "force": force,
    }
    try:
        # A name that cannot be used is said before large files are read.
        legal_draft(client, **target)
        with _err.status(f"{escape(client)} ..."):
            draft = draft_study([expanded(path) for path in from_])
        study, codebook = write_draft(draft, client, **target)
    except StudyError as error:
        _refuse(error)
    _out.print("[bold]What was understood[/bold]")
    for sentence in draft.understood:
        _out.print(f"  {escape(sentence)}")
    _out.print("[bold]What to look at, the most doubtful first[/bold]")
    for number, sentence in enumerate(draft.doubts, start=1):
        _out.print(f"  {number}. {escape(sentence)}")
    guessed = sum(bool(variable.guessed) for variable in draft.codebook.variables)
    _out.print(
        f"Written: {escape(study.name)} and {escape(codebook.name)}; {guessed} entries hold guesses. Next:"
    )
    sys.stdout.write(f"exresearch check {study}\n")


@app.command()
def demo(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another company for another seed.")] = 2016,
    units: Annotated[
        int | None, typer.Option("--units", min=1, metavar="N", help="Keep only so many units.")
    ] = None,
    employees: Annotated[
        int | None, typer.Option("--employees", min=1, metavar="N", help="Keep only so many employees.")
    ] = None,
) -> None:
    """Write the fictional demo client into a folder: tables, codebook and a study file to play with."""
    from exresearch.study.demo import write_demo_study

    try:
        file = write_demo_study(directory, seed=seed, n_units=units, n_employees=employees)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        _refuse(
            StudyError(
                [
                    Problem(
                        "demo", directory.name, f"cannot be written: {reason}.", "Name a new or empty folder."
                    )
                ]
            )
        )
    _out.print(
        f"The demo client is in {escape(str(directory))}. Run it with: exresearch run {escape(str(file))}"
    )


@app.command()
def hypotheses(language: LanguageOption = "en") -> None:
    """List what can be tested, with the notebook that does it."""
    from exresearch.findings.registry import load_registry

    if language not in languages():
        message = f"{language!r} is not a language of the reports."
        _refuse(StudyError([Problem("--language", "", message, f"Legal: {', '.join(languages())}.")]))
    table = Table("id", "claim", "notebook", show_lines=True)
    for hypothesis in load_registry().hypotheses:
        table.add_row(hypothesis.id, hypothesis.claim[language], hypothesis.notebook)
    _out.print(table)


@app.command()
def schema(
    codebook: Annotated[
        bool, typer.Option("--codebook", help="The schema of a codebook (params/codebook.schema.json).")
    ] = False,
) -> None:
    """Print the JSON schema of a study file (kept in params/schema.json, where editors find it)."""
    from exresearch.study import study_schema
    from exresearch.study.codebook import codebook_schema

    sys.stdout.write(codebook_schema() if codebook else study_schema())


@app.command()
def codebook(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A codebook in YAML, CSV or XLSX.")],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="The file to write; its suffix says in which format.")
    ],
    semicolon: Annotated[
        bool, typer.Option("--semicolon", help="CSV with semicolons, as a Dutch Excel opens it.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT if it is there.")] = False,
) -> None:
    """Turn a codebook into another format: YAML, CSV or XLSX, which hold the same.

    Exit code 2: IN has problems, which are all listed, or OUT cannot be written.
    """
    from exresearch.study.codebook import load_codebook, write_codebook
    from exresearch.study.paths import expanded

    file = expanded(target)
    try:
        if file.exists() and not force:
            message = "the file is there already."
            raise StudyError([Problem(file.name, "", message, "Name another, or replace it with --force.")])
        book = load_codebook(expanded(source))
        write_codebook(book, file, delimiter=";" if semicolon else ",")
    except StudyError as error:
        _refuse(error)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        message = f"cannot be written: {reason}."
        remedy = "Name a file in a folder that is there, ending in .yaml, .csv or .xlsx."
        _refuse(StudyError([Problem(file.name, "", message, remedy)]))
    _out.print(
        f"{len(book.variables)} columns and {len(book.constructs)} constructs are in {escape(str(target))}."
    )


def main() -> None:
    """Run the command line."""
    app()


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    if version:
        _out.print(f"exresearch {__version__}")
        raise typer.Exit


def _overrides(settings: list[str] | None, language: str | None) -> dict[str, Any]:
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
        except yaml.YAMLError:
            overrides[key.strip()] = text
    if language is not None:
        overrides["language"] = language
    if problems:
        raise StudyError(problems)
    return overrides


def _refuse(error: StudyError) -> NoReturn:
    _err.print(escape(str(error)), style="red")
    raise typer.Exit(2)


def _report(result: RunResult) -> None:
    for notebook in result.notebooks:
        mark = "[green]ran[/green]" if notebook.status == "ok" else f"[red]failed[/red] ({notebook.error})"
        _out.print(f"{notebook.name}: {mark} in {notebook.seconds:.1f} s")
    _out.print(f"The report took {result.seconds:.1f} s. Open it in a browser:")
    sys.stdout.write(f"{result.index}\n")
    for sentence in result.left_out:
        _err.print(escape(sentence), style="yellow")
    if result.failed:
        _err.print(
            f"{len(result.failed)} of {len(result.notebooks)} notebooks failed; the report says which.",
            style="red",
        )
        raise typer.Exit(1)


def _write_json(file: Path, facts: dict[str, Any]) -> None:
    text = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        message = f"cannot be written ({error.strerror})."
        raise StudyError(
            [Problem("--json", file.name, message, "Name a file in a folder that is there.")]
        ) from None
