"""The command line: thin, and every refusal is a sentence."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from exresearch import __version__
from exresearch.commands.audit import audit
from exresearch.commands.compare import compare
from exresearch.commands.console import (
    AllowOption,
    LanguageOption,
    SetOption,
    StudyArgument,
    err,
    out,
    overrides_of,
    page,
    reading,
    refuse,
)
from exresearch.commands.forget import forget
from exresearch.commands.licences import licences
from exresearch.commands.plan import plan
from exresearch.commands.run import run
from exresearch.commands.status import status
from exresearch.commands.verify import verify
from exresearch.study.languages import languages
from exresearch.study.problems import Problem, StudyError

# The rooms are imported inside the commands: `--help` and a mistyped option answer at once.
if TYPE_CHECKING:
    pass

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
app.command()(run)
app.command()(status)
app.command()(plan)
app.command()(verify)
app.command()(compare)
app.command()(forget)
app.command()(audit)
app.command()(licences)


@app.command()
def check(
    study: StudyArgument,
    language: LanguageOption = None,
    set_: SetOption = None,
    allow: AllowOption = None,
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
    from exresearch.report.planned import check_words
    from exresearch.report.study_facts import study_facts
    from exresearch.report.study_text import study_text
    from exresearch.run import available_notebooks, setting_problems
    from exresearch.run.followed import set_beside
    from exresearch.study import load_study, resolve_path

    try:
        overrides = overrides_of(set_, language)
        with reading(study) as show_reading:
            checked = load_study(study, overrides=overrides, on_progress=show_reading)
            problems = setting_problems(checked, file=study.name, overrides=overrides)
            if problems:
                raise StudyError(problems)
            named = checked.settings.plan
            planned = (
                set_beside(
                    resolve_path(study).parent / named,
                    checked.settings,
                    codebook=checked.files["codebook"][0],
                )
                if named
                else None
            )
            facts = study_facts(checked, written=[path.stem for path in available_notebooks()])
        if json_ is not None:
            _write_json(json_, facts)
    except StudyError as error:
        refuse(error)
    for part in study_text(facts, Texts(checked.settings.language)):
        page.print(part)
    for sentence in check_words(planned, Texts(checked.settings.language)):
        page.print(escape(sentence))


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
    from exresearch.study.confine import allow_options
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
        with err.status(f"{escape(client)} ..."):
            draft = draft_study([expanded(path) for path in from_])
        study, codebook = write_draft(draft, client, **target)
    except StudyError as error:
        refuse(error)
    out.print("[bold]What was understood[/bold]")
    for sentence in draft.understood:
        out.print(f"  {escape(sentence)}")
    out.print("[bold]What to look at, the most doubtful first[/bold]")
    for number, sentence in enumerate(draft.doubts, start=1):
        out.print(f"  {number}. {escape(sentence)}")
    guessed = sum(bool(variable.guessed) for variable in draft.codebook.variables)
    out.print(
        f"Written: {escape(study.name)} and {escape(codebook.name)}; {guessed} entries hold guesses. Next:"
    )
    exports = [export.path.resolve() for part in draft.parts for export in part.exports]
    named = allow_options(study.resolve(), exports)
    sys.stdout.write(f"exresearch check {study}{named}\n")


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
        refuse(
            StudyError(
                [
                    Problem(
                        "demo", directory.name, f"cannot be written: {reason}.", "Name a new or empty folder."
                    )
                ]
            )
        )
    out.print(
        f"The demo client is in {escape(str(directory))}. Run it with: exresearch run {escape(str(file))}"
    )


@app.command()
def hypotheses(language: LanguageOption = "en") -> None:
    """List what can be tested, with the notebook that does it."""
    from exresearch.findings.registry import load_registry

    if language not in languages():
        message = f"{language!r} is not a language of the reports."
        refuse(StudyError([Problem("--language", "", message, f"Legal: {', '.join(languages())}.")]))
    table = Table("id", "claim", "notebook", show_lines=True)
    for hypothesis in load_registry().hypotheses:
        table.add_row(hypothesis.id, hypothesis.claim[language], hypothesis.notebook)
    out.print(table)


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
        refuse(error)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        message = f"cannot be written: {reason}."
        remedy = "Name a file in a folder that is there, ending in .yaml, .csv or .xlsx."
        refuse(StudyError([Problem(file.name, "", message, remedy)]))
    out.print(
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
        out.print(f"exresearch {__version__}")
        raise typer.Exit


def _write_json(file: Path, facts: dict[str, Any]) -> None:
    text = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        message = f"cannot be written ({error.strerror})."
        raise StudyError(
            [Problem("--json", file.name, message, "Name a file in a folder that is there.")]
        ) from None
