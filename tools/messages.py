"""Keep the catalogues of translations complete: find every message, compare, add what is new, drop what is stale.

``python tools/messages.py --check`` lists what is missing, stale or wrong in any catalogue; ``--update`` rewrites
them. ``--update --language de`` rewrites one, and begins it where there is none. See docs/translating.md.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import yaml
from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

from exresearch.disclosure import DisclosureRules
from exresearch.findings.lacking import FORMS, WORDS
from exresearch.measures.reasons import all_reasons
from exresearch.report.numbers import MESSAGES
from exresearch.report.text import places
from exresearch.study import REMARKS
from exresearch.study.flags.suspects import SUSPECTS
from exresearch.study.languages import LANGUAGE, SOURCE
from exresearch.study.parameters import Parameters

ROOT = Path(__file__).resolve().parents[1]
# Letters by which a message is recognised within another.
_LONG = 40
LOCALE = ROOT / "exresearch" / "report" / "locale"
CATALOGUE = LOCALE / "nl.po"
# Functions whose first argument is a message, and keywords that hold one.
SPEAKERS = {"say", "translate", "mark", "warning", "worded", "Note", "Column"}
KEYWORDS = {
    "Note": {"message"},
    "table": {"caption", "note"},
    "words": {"caption", "note"},
    "Column": {"header"},
    "render_failure": {"reason"},
}
# Words in the cells of tables, said by columns of the kind "message".
IN_CELLS = (
    "rows in the file", "rows in the files", "empty rows", "without unit", "without wave", "without person",
    "rows that repeat an earlier one", "rows that seem to be totals", "previews and tests of the survey",
    "sheets that the platform marks as spam", "sheets that were not finished",
    "cells with a missing code", "without a category to weight by", "sheets with all answers the same",
    "sheets answered too fast", "sheets with an impossible duration", "sheets that repeat an earlier one",
    "rows for the analysis",
    "columns not in the codebook", "rows", "cells", "columns", "all waves", "only complete answer sheets",
    "missing answers imputed", "as in the verdict", "with the marker in the model",
    "drivers and outcome from different people, between units", "promoter or not (logistic)",
    "in their order (ordinal)",
)  # fmt: skip
HEADER = 'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"MIME-Version: 1.0\\n"\n' + (
    '"Content-Type: text/plain; charset=UTF-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n\n'
)


# Calls whose message may be a variable: it is followed back to its literals.
FOLLOWED = {"Note", "table", "words", "worded"}


class Unextractable(ValueError):
    """A message that is put together at run time, so that it cannot be translated."""


def messages_in_code(source: str, *, where: str) -> Iterator[tuple[str, str]]:
    """Yield every message of Python source as (message, place it was found).

    A note whose message is a variable or an entry of a mapping is followed back to the literals assigned to
    that name.
    """
    tree = ast.parse(source)
    indirect: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict) and _is_pair(node):
            raise Unextractable(
                f"{where}:{node.lineno}: a text has its Dutch in the catalogue, not beside it."
            )
        if isinstance(node, ast.Call):
            for argument in _message_arguments(node):
                yield from _literals(argument, where=f"{where}:{argument.lineno}")
                if _called(node) in FOLLOWED:
                    indirect |= _base_names(argument)
    indirect |= _looped_over(tree, indirect)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and _base_names(_target(node)) & indirect:
            for literal in _texts_in(node.value):
                yield str(literal.value), f"{where}:{literal.lineno}"


def messages_in_template(source: str, *, where: str) -> Iterator[tuple[str, str]]:
    """Yield every ``say("...")`` of a template."""
    for call in Environment(autoescape=True).parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "say" and call.args:
            if not isinstance(call.args[0], nodes.Const):
                raise Unextractable(f"{where}:{call.lineno}: say() takes a literal message.")
            yield str(call.args[0].value), f"{where}:{call.lineno}"


def messages_in_notebook(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the Markdown cells of a notebook, each as one message, and the literal messages of its code."""
    for index, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        where = f"{path.name}#{cell.get('id', index)}"
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and source.strip():
            yield source.strip(), where
        elif cell["cell_type"] == "code" and not source.lstrip().startswith(("%", "!")):
            yield from messages_in_code(source, where=where)


def all_messages(root: Path = ROOT) -> dict[str, list[str]]:
    """Return every message of the project with the places where it is said."""
    found: dict[str, list[str]] = {}
    for message, where in _everything(root):
        found.setdefault(message, []).append(where)
    return found


def paired_messages(root: Path = ROOT) -> dict[str, list[str]]:
    """Return the English of every text that has its Dutch beside it, with the file."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / "exresearch").rglob("*.yaml")):
        for message in _english(_yaml(path.read_text(encoding="utf-8"))):
            found.setdefault(message, []).append(path.relative_to(root).as_posix())
    return found


def wanted(language: str, messages: dict[str, list[str]], root: Path = ROOT) -> dict[str, list[str]]:
    """Return what a catalogue has to translate: of Dutch only what does not have its Dutch beside it."""
    return messages if language == "nl" else messages | paired_messages(root)


def catalogues(folder: Path = LOCALE) -> list[Path]:
    """Return the catalogues that there are."""
    return sorted(folder.glob("*.po"))


def problems(catalogue: Catalog, messages: dict[str, list[str]]) -> list[str]:
    """Say what is missing, empty, stale, or has other places than its original."""
    entries = {str(entry.id): str(entry.string or "") for entry in catalogue if entry.id}
    found = [
        f"missing: {message!r} ({places_[0]})"
        for message, places_ in messages.items()
        if not entries.get(message)
    ]
    found += [f"stale: {message!r}" for message in entries if message not in messages]
    for message, translation in entries.items():
        if message in messages and translation and _places(message) != _places(translation):
            found.append(f"places differ: {message!r} -> {translation!r}")
    return found + [f"holds another message: {message!r}" for message in _holding_others(entries)]


def _holding_others(entries: dict[str, str]) -> Iterator[str]:
    """Yield messages whose translation has the original of another one in it: two entries that were merged."""
    # By its first words each long message is looked for once; short ones may well be part of another.
    starts = {message[:_LONG]: message for message in entries if len(message) >= _LONG}
    for message, translation in entries.items():
        pieces = (translation[at : at + _LONG] for at in range(len(translation) - _LONG + 1))
        if any(starts.get(piece, message) != message for piece in pieces):
            yield message


def read_catalogue(path: Path = CATALOGUE) -> Catalog:
    """Read a catalogue; an absent file is an empty one."""
    if not path.exists():
        return Catalog(locale=path.stem)
    with path.open("rb") as stream:
        return read_po(stream, locale=path.stem)


def write_catalogue(catalogue: Catalog, messages: dict[str, list[str]], path: Path = CATALOGUE) -> None:
    """Write a catalogue sorted, with new messages empty and stale ones gone; always the same bytes."""
    fresh = Catalog(locale=path.stem)
    for message in sorted(messages):
        known = catalogue.get(message)
        fresh.add(message, string=str(known.string or "") if known else "")
    with path.open("wb") as stream:
        stream.write(HEADER.replace("{language}", path.stem).encode())
        write_po(stream, fresh, width=110, omit_header=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 1 where ``--check`` finds something."""
    parser = argparse.ArgumentParser(description=__doc__)
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--check", action="store_true", help="list what is missing, stale or wrong")
    choice.add_argument("--update", action="store_true", help="add new messages empty, drop stale ones")
    parser.add_argument("--language", type=_code, help="only this catalogue, such as de; begun by --update")
    parser.add_argument("--folder", type=Path, default=LOCALE, help="where the catalogues are")
    options = parser.parse_args(arguments)
    named = [options.folder / f"{options.language}.po"] if options.language else catalogues(options.folder)
    messages, found = all_messages(), False
    for path in named:
        own = wanted(path.stem, messages)
        if options.update:
            write_catalogue(read_catalogue(path), own, path)
        for problem in problems(read_catalogue(path), own):
            found = True
            print(f"{path.name}: {problem}")
    return 1 if found and options.check else 0


def _code(text: str) -> str:
    """Return the code of a language other than English that Babel knows the numbers and dates of."""
    try:
        known = re.match(LANGUAGE, text) is not None and text != SOURCE
        Locale.parse(text)
    except (UnknownLocaleError, ValueError):
        known = False
    if not known:
        raise argparse.ArgumentTypeError(f"{text!r} is no code of a language, such as de or pt_BR")
    return text


def _yaml(text: str) -> object:
    # The parser in C is ten times as fast, where it is there.
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe loaders both


def _english(content: object) -> Iterator[str]:
    """Yield the English of every pair, and of every list of pairs, however deep."""
    if isinstance(content, dict):
        english, dutch = content.get("en"), content.get("nl")
        if isinstance(english, str) and isinstance(dutch, str):
            yield english
        elif (
            content.keys() == {"nl", "en"}
            and isinstance(english, list)
            and isinstance(dutch, list)
            and len(english) == len(dutch)
        ):
            # Phrases side by side. Lists of words to look for in comments are of other lengths: data of a language.
            yield from english
        for name, inner in content.items():
            # Lists of phrases to look for in comments are data of a language, no texts.
            if name not in ("nl", "en"):
                yield from _english(inner)
    elif isinstance(content, list):
        for inner in content:
            yield from _english(inner)


def _is_pair(node: ast.Dict) -> bool:
    keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
    texts: Collection[object] = [value.value for value in node.values if isinstance(value, ast.Constant)]
    return {"nl", "en"} <= keys and any(isinstance(text, str) and " " in text for text in texts)


def _everything(root: Path) -> Iterator[tuple[str, str]]:
    package = root / "exresearch"
    for path in sorted(package.rglob("*.py")):
        where = path.relative_to(root).as_posix()
        yield from messages_in_code(path.read_text(encoding="utf-8"), where=where)
    for path in sorted(package.rglob("*.j2")):
        yield from messages_in_template(
            path.read_text(encoding="utf-8"), where=path.relative_to(root).as_posix()
        )
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        yield from messages_in_notebook(path)
    yield from ((message, "a cell of a table") for message in IN_CELLS)
    yield from ((message, "exresearch/study/remarks.py") for forms in REMARKS.values() for message in forms)
    yield from (
        (message, "exresearch/study/flags/suspects.py") for forms in SUSPECTS.values() for message in forms
    )
    yield from ((reason, "exresearch/measures/reasons.py") for reason in all_reasons())
    yield from ((message, "exresearch/findings/lacking.py") for message in (*FORMS.values(), *WORDS))
    yield from ((message, "exresearch/report/numbers.py") for message in MESSAGES)
    yield DisclosureRules().sentence()[0], "exresearch/disclosure/rules.py"
    for name, field in Parameters.model_fields.items():
        if field.description:
            yield field.description, f"exresearch/study/parameters: {name}"


def _message_arguments(call: ast.Call) -> Iterator[ast.expr]:
    name = _called(call)
    if name in SPEAKERS and call.args:
        yield call.args[0]
    for keyword in call.keywords:
        if keyword.arg in KEYWORDS.get(name, ()):
            yield keyword.value
        if name in ("table", "words") and keyword.arg == "columns" and isinstance(keyword.value, ast.Dict):
            yield from (value for value in keyword.value.values if isinstance(value, ast.Constant))


def _literals(argument: ast.expr, *, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(argument, ast.JoinedStr):
        raise Unextractable(f"{where}: a message is a literal with places, not an f-string.")
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value, where
    elif isinstance(argument, ast.IfExp):
        yield from _literals(argument.body, where=where)
        yield from _literals(argument.orelse, where=where)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _base_names(expression: ast.expr) -> set[str]:
    if isinstance(expression, ast.IfExp):
        return _base_names(expression.body) | _base_names(expression.orelse)
    while isinstance(expression, ast.Subscript):
        expression = expression.value
    return {expression.id} if isinstance(expression, ast.Name) else set()


def _target(node: ast.Assign | ast.AnnAssign) -> ast.expr:
    return node.targets[0] if isinstance(node, ast.Assign) else node.target


def _looped_over(tree: ast.AST, names: set[str]) -> set[str]:
    """Return what is looped over where one of the names is a loop variable: ``for term, label in labels.items()``."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension):
            variables = {part.id for part in ast.walk(node.target) if isinstance(part, ast.Name)}
            if variables & names:
                found |= {part.id for part in ast.walk(node.iter) if isinstance(part, ast.Name)}
    return found


def _texts_in(value: ast.expr | None) -> Iterator[ast.Constant]:
    """Yield the texts of a value that can be messages: more than one word, and neither a key nor an argument."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str) and " " in value.value:
        yield value
    elif isinstance(value, ast.Dict):
        for entry in value.values:
            yield from _texts_in(entry)
    elif isinstance(value, ast.Tuple | ast.List):
        for entry in value.elts:
            yield from _texts_in(entry)
    elif isinstance(value, ast.IfExp):
        yield from _texts_in(value.body)
        yield from _texts_in(value.orelse)
    elif isinstance(value, ast.BinOp):
        yield from _texts_in(value.left)
        yield from _texts_in(value.right)


def _places(message: str) -> frozenset[tuple[str, str]] | None:
    try:
        return places(message)
    except ValueError:
        # A Markdown cell may use braces for something else.
        return None


if __name__ == "__main__":
    sys.exit(main())
