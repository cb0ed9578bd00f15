"""A codebook to a file: YAML, CSV or a workbook, which hold the same and can be turned into one another."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any, Literal

import yaml

from exresearch.study.codebook.book import Codebook
from exresearch.study.codebook.formats.cells import CONSTRUCT_KEYS, HEADING, write_cell
from exresearch.study.codebook.keys import variable_keys
from exresearch.study.codebook.variable import Construct, Variable
from exresearch.study.paths import project_root

SUFFIXES = (".yaml", ".yml", ".csv", ".xlsx")
_WIDTH = 112


class _Dumper(yaml.SafeDumper):
    """Texts with line ends between double quotes, where no indentation can get into them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    plain = text.isprintable()
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _text)


def write_codebook(
    book: Codebook, path: Path, *, heading: str = "", delimiter: Literal[",", ";", "\t"] = ","
) -> None:
    """Write a codebook in the format that the suffix names; read back, it is equal.

    Parameters
    ----------
    book : Codebook
        What to write. The same codebook gives the same bytes.
    path : pathlib.Path
        File with suffix ``.yaml``, ``.yml``, ``.csv`` or ``.xlsx``; what is there is replaced.
    heading : str
        Remark at the top of a YAML file, for whoever opens it; other formats have no place for one.
    delimiter : str
        Sign between the cells of a CSV file; a Dutch Excel opens those with a semicolon.

    Raises
    ------
    ValueError
        If the suffix is none of these, or a cell becomes longer than a workbook can hold.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> from exresearch.study.codebook import read_codebook
    >>> book, _ = read_codebook(project_root() / "data" / "demo" / "codebook.yaml")
    >>> folder = getfixture("tmp_path")
    >>> write_codebook(book, folder / "codebook.xlsx")
    >>> read_codebook(folder / "codebook.xlsx") == (book, [])
    True
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        received = suffix or "a file without a suffix"
        raise ValueError(f"a codebook is written as {', '.join(SUFFIXES)}, not as {received}")
    if suffix == ".xlsx":
        from exresearch.study.codebook.formats.workbook import workbook_bytes

        content = workbook_bytes(book)
    elif suffix == ".csv":
        content = b"\xef\xbb\xbf" + _csv(book, delimiter=delimiter).encode("utf-8")
    else:
        content = _yaml(book, schema=_schema(path), heading=heading).encode("utf-8")
    path.write_bytes(content)


def variable_cells(variable: Variable, *, typed: bool) -> dict[str, Any]:
    """Return the cells of a column's row, by heading."""
    values = {key: getattr(variable, key) for key in variable_keys() if key != "label"}
    if variable.label is not None:
        values |= {"label_nl": variable.label.nl, "label_en": variable.label.en}
    return {key: write_cell(key, value, typed=typed) for key, value in values.items()}


def construct_cells(name: str, construct: Construct, *, typed: bool) -> dict[str, Any]:
    """Return the cells of a construct's row, by heading."""
    values = {"column": name, "label_nl": construct.nl, "label_en": construct.en} | _rules(construct)
    return {key: write_cell(key, value, typed=typed) for key, value in values.items()}


def _rules(construct: Construct) -> dict[str, Any]:
    """How a construct is scored, as far as that does not go without saying."""
    usual = {key: Construct.model_fields[key].default for key in CONSTRUCT_KEYS}
    return {key: getattr(construct, key) for key in usual if getattr(construct, key) != usual[key]}


def _csv(book: Codebook, *, delimiter: str) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, HEADING, delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    for name, construct in book.constructs.items():
        writer.writerow({"table": "constructs"} | construct_cells(name, construct, typed=False))
    for variable in book.variables:
        writer.writerow(variable_cells(variable, typed=False))
    return text.getvalue()


def _yaml(book: Codebook, *, schema: str, heading: str) -> str:
    lines = [f"# yaml-language-server: $schema={schema}"] if schema else []
    lines += [f"# {line}".rstrip() for line in heading.splitlines()]
    if book.constructs:
        lines.append("constructs:")
        for name, construct in book.constructs.items():
            content: dict[str, Any] = {"nl": construct.nl, "en": construct.en} | _rules(construct)
            # A long name stands behind a question mark, on a line of its own.
            key = _dumped({name: 0}, flow=False).rstrip("\n").removesuffix("0").replace("\n", "\n  ")
            lines.append(f"  {key}{_flow(content)}")
    lines.append("variables:")
    table = ""
    for variable in book.variables:
        if variable.table != table:
            table = variable.table
            lines += ["", f"  # {table}"] if lines[-1] != "variables:" else [f"  # {table}"]
        lines.append(f"  - {_flow(_entry(variable))}")
    return "\n".join(lines) + "\n"


def _entry(variable: Variable) -> dict[str, Any]:
    """What an entry says beyond what goes without saying."""
    entry: dict[str, Any] = {}
    for key in variable_keys():
        value = getattr(variable, key)
        if value is None or value is False or value == () or value == {}:
            continue
        if key == "label":
            value = {"nl": value.nl, "en": value.en}
        elif key in ("minimum", "maximum"):
            value = _plain(value)
        elif key == "values":
            value = {text: _plain(number) for text, number in value.items()}
        entry[key] = list(value) if isinstance(value, tuple) else value
    return entry


def _plain(number: float) -> int | float:
    return int(number) if number == int(number) and abs(number) < 1e15 else number


def _flow(content: dict[str, Any]) -> str:
    """A mapping between braces on lines of a bearable length, broken between its keys only."""
    lines = [""]
    for key, value in content.items():
        part = _dumped({key: value}).rstrip("\n")[1:-1]
        if lines[-1] and len(lines[-1]) + len(part) > _WIDTH:
            lines.append("")
        lines[-1] += f"{part}, "
    return "{" + "\n     ".join(line.rstrip() for line in lines).rstrip(",") + "}"


def _dumped(content: Any, *, flow: bool = True) -> str:
    text: str = yaml.dump(
        content, Dumper=_Dumper, default_flow_style=flow, sort_keys=False, allow_unicode=True, width=10**9
    )
    return text


def _schema(path: Path) -> str:
    """Where an editor finds the schema, seen from a file of the project; nothing for a file elsewhere."""
    root, folder = project_root(), path.resolve().parent
    schema = root / "params" / "codebook.schema.json"
    if not schema.is_file() or not folder.is_relative_to(root):
        return ""
    return Path(os.path.relpath(schema, folder)).as_posix()
