"""The command line: thin, and every refusal is a sentence."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
import yaml
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from exresearch import __version__
from exresearch.study.problems import Problem, StudyError

# The rooms are imported inside the commands: `--help` and a mistyped option answer at once.
if TYPE_CHECKING:
    from exresearch.run import RunResult
    from exresearch.study import Study

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
_out, _err = Console(soft_wrap=True, highlight=False), Console(stderr=True, soft_wrap=True, highlight=False)

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
        "--language", metavar="nl|en", help="Language of the report; the study file says so by default."
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
) -> None:
    """Run a study: check it, execute the notebooks, write the report.

    Exit code 0: all notebooks ran. 1: a notebook failed; the others ran and the report says which. 2: the input
    cannot be used; every problem is listed and nothing was started.
    """
    from exresearch.run import plan_run, run_plan

    try:
        overrides = _overrides(set_, language)
        plan = plan_run(study, output=output, only=only or (), overrides=overrides, force=force)
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
            result = run_plan(plan, jobs=jobs, on_progress=show)
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
def check(study: StudyArgument, language: LanguageOption = None, set_: SetOption = None) -> None:
    """Check a study without running it: what was understood, and what can be tested."""
    from exresearch.run import setting_problems
    from exresearch.study import load_study

    try:
        checked = load_study(study, overrides=_overrides(set_, language))
        problems = setting_problems(checked, file=study.name, overrides=_overrides(set_, language))
        if problems:
            raise StudyError(problems)
    except StudyError as error:
        _refuse(error)
    _show_study(checked)


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

    if language not in ("nl", "en"):
        _refuse(
            StudyError(
                [
                    Problem(
                        "--language", "", f"{language!r} is not a language of the reports.", "Legal: nl, en."
                    )
                ]
            )
        )
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
    if result.failed:
        _err.print(
            f"{len(result.failed)} of {len(result.notebooks)} notebooks failed; the report says which.",
            style="red",
        )
        raise typer.Exit(1)


def _show_study(study: Study) -> None:
    from exresearch.findings import testability_table
    from exresearch.report import Texts

    settings, texts = study.settings, Texts("en")
    _out.print(
        f"{settings.client}: {len(study.tables)} tables, {len(study.waves) or 1} waves, language {settings.language}"
    )
    tables = Table("table", "rows", "columns read", "units", "people")
    for name, frame in study.tables.items():
        counts = [str(frame[key].nunique()) if key in frame else "-" for key in ("unit", "person")]
        tables.add_row(name, f"{len(frame):,}", str(frame.shape[1]), *counts)
    _out.print(tables)
    parameters = settings.parameters
    answers = testability_table(
        study,
        ex_measure=parameters.ex_measure,
        cx_measure=parameters.cx_measure,
        min_unit_n=parameters.min_unit_n,
        engaged_definition=parameters.engaged_definition,
        conf_level=parameters.conf_level,
    )
    verdicts = Table("hypothesis", "can be tested", "detectable effect", "why not")
    for _, row in answers.iterrows():
        effect = (
            "-"
            if row["value"] != row["value"]
            else f"{row['kind']} {row['value']:.2f} (n = {int(row['n']):,})"
        )
        reason = "" if row["note"] is None else texts.note(row["note"])
        verdicts.add_row(row["hypothesis"], "yes" if row["testable"] else "no", effect, escape(reason))
    _out.print(verdicts)
