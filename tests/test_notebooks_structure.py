"""The form of every notebook, read from its JSON; each check is also shown to fail on a small bad notebook.

A *word of code* is a whitespace-separated piece of a code cell that holds a letter or a digit, comments included;
a *word of prose* is the same in a Markdown cell, with HTML comments left out. The cell tagged ``parameters`` and cells
of nothing but imports are not counted: they are the same in every notebook and argue nothing. The cell tagged
``parameters`` may also be longer than others: it is a list of settings, whose number the question decides.
"""

import ast
import copy
import json
import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
MAX_LINES, MAX_MEDIAN_LINES = 12, 5
MIN_CELLS, MAX_CELLS = 10, 30
MIN_PROSE_PER_CODE = 2.5

Notebook = dict[str, Any]
WORD = re.compile(r"[a-z]+\d{0,2}|\d{1,4}")
RANDOM_HEX = re.compile(r"[0-9a-f]{8,}")
ABSOLUTE_PATH = re.compile(
    r"(?<![\w.:/<)\]}*~$-])(?:/[A-Za-z_][\w.-]*){2,}"  # /folder/file, but not https://, </p>, and/or, a/b
    r"|(?<![A-Za-z])[A-Za-z]:(?:\\|/(?!/))"  # C:\ and C:/
    r"|(?<![\w~])~/"
    r"|\bfile://"
)


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def code_cells(notebook: Notebook) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def tree(cell: dict[str, Any]) -> ast.Module:
    """The cell as Python; shell and magic lines do not parse, so they are reported by `parses`."""
    try:
        return ast.parse(source(cell))
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


def tags(cell: dict[str, Any]) -> list[str]:
    return cell["metadata"].get("tags", [])


def is_imports(cell: dict[str, Any]) -> bool:
    body = tree(cell).body
    return bool(body) and all(isinstance(node, ast.Import | ast.ImportFrom) for node in body)


def words(text: str) -> int:
    return sum(any(character.isalnum() for character in piece) for piece in text.split())


def stripped(notebook: Notebook) -> list[str]:
    return [
        f"{cell['id']}: has outputs or an execution count"
        for cell in code_cells(notebook)
        if cell["outputs"] or cell["execution_count"] is not None
    ]


def ids_that_mean_something(notebook: Notebook) -> list[str]:
    ids = [cell.get("id", "") for cell in notebook["cells"]]
    problems = [f"{name}: used {ids.count(name)} times" for name in sorted(set(ids)) if ids.count(name) > 1]
    for name in ids:
        parts = name.split("-")
        if not all(WORD.fullmatch(part) for part in parts) or any(
            RANDOM_HEX.fullmatch(part) for part in parts
        ):
            problems.append(f"{name!r}: a cell id is words in lower case, joined by hyphens")
    return problems


def parses(notebook: Notebook) -> list[str]:
    problems = []
    for cell in code_cells(notebook):
        try:
            ast.parse(source(cell))
        except SyntaxError as error:
            problems.append(f"{cell['id']}: is not plain Python (line {error.lineno})")
    return problems


def no_definitions(notebook: Notebook) -> list[str]:
    problems = []
    for cell in code_cells(notebook):
        for node in ast.walk(tree(cell)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                problems.append(f"{cell['id']}: defines {node.name}; it belongs in the package")
            named = isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr)
            if named and isinstance(node.value, ast.Lambda):
                problems.append(f"{cell['id']}: gives a lambda a name; it belongs in the package")
    return problems


def lines_of(cell: dict[str, Any]) -> int:
    return sum(bool(line.strip()) for line in source(cell).splitlines())


def short_cells(notebook: Notebook) -> list[str]:
    lengths = {cell["id"]: lines_of(cell) for cell in code_cells(notebook) if "parameters" not in tags(cell)}
    problems = [f"{name}: {n} lines, at most {MAX_LINES}" for name, n in lengths.items() if n > MAX_LINES]
    if lengths and statistics.median(lengths.values()) > MAX_MEDIAN_LINES:
        problems.append(f"median of {statistics.median(lengths.values())} lines, at most {MAX_MEDIAN_LINES}")
    return problems


def number_of_cells(notebook: Notebook) -> list[str]:
    n = len(notebook["cells"])
    return [] if MIN_CELLS <= n <= MAX_CELLS else [f"{n} cells, between {MIN_CELLS} and {MAX_CELLS}"]


def prose_per_code(notebook: Notebook) -> float:
    markdown = (source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    prose = sum(words(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)) for text in markdown)
    counted = (
        cell for cell in code_cells(notebook) if "parameters" not in tags(cell) and not is_imports(cell)
    )
    return prose / max(sum(words(source(cell)) for cell in counted), 1)


def enough_prose(notebook: Notebook) -> list[str]:
    ratio = prose_per_code(notebook)
    return (
        []
        if ratio >= MIN_PROSE_PER_CODE
        else [f"{ratio:.2f} words of prose per word of code, at least {MIN_PROSE_PER_CODE}"]
    )


def one_title(notebook: Notebook) -> list[str]:
    found = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = re.sub(r"^```.*?^```", "", source(cell), flags=re.DOTALL | re.MULTILINE)
            found += [cell["id"]] * len(re.findall(r"^# ", text, flags=re.MULTILINE))
    first = notebook["cells"][0]["id"]
    return [] if found == [first] else [f"titles (`# `) in {found}; exactly one, in the first cell {first}"]


def parameter_cells(notebook: Notebook) -> list[dict[str, Any]]:
    return [cell for cell in code_cells(notebook) if "parameters" in tags(cell)]


def is_flat(value: ast.expr) -> bool:
    """A text, number, truth value or None, or a list of these; papermill garbles tuples and knows no dates."""
    try:
        literal = ast.literal_eval(value)
    except ValueError:
        return False
    return all(
        isinstance(item, str | int | float | None)
        for item in (literal if isinstance(literal, list) else [literal])
    )


def literal_parameters(notebook: Notebook) -> list[str]:
    cells = parameter_cells(notebook)
    if len(cells) != 1:
        return [f"{len(cells)} code cells tagged `parameters`, exactly one"]
    problems = []
    for node in tree(cells[0]).body:
        where = f"{cells[0]['id']}, line {node.lineno}"
        if not (
            isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None
        ):
            problems.append(f"{where}: write `name: type = literal`")
        elif not is_flat(node.value):
            problems.append(f"{where}: {node.target.id} is not a flat literal")
        elif "=" in ast.unparse(node.value):
            problems.append(f"{where}: {node.target.id} holds `=`, after which papermill loses the default")
    return problems


def declared(notebook: Notebook) -> list[str]:
    return [
        node.target.id
        for cell in parameter_cells(notebook)
        for node in tree(cell).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]


def parameters_are_read(notebook: Notebook) -> list[str]:
    cells = code_cells(notebook)
    after = max((place for place, cell in enumerate(cells) if "parameters" in tags(cell)), default=len(cells))
    read = {
        node.id
        for cell in cells[after + 1 :]
        for node in ast.walk(tree(cell))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    names = declared(notebook)
    if not names:
        return ["no parameter is declared"]
    return [f"parameter {name} is read by no later cell" for name in names if name not in read]


def relative_paths(notebook: Notebook) -> list[str]:
    return [
        f"{cell['id']}: absolute path {match.group()!r}"
        for cell in notebook["cells"]
        for match in ABSOLUTE_PATH.finditer(source(cell))
    ]


def stock_kernel(notebook: Notebook) -> list[str]:
    name = notebook["metadata"].get("kernelspec", {}).get("name")
    return [] if name == "python3" else [f"kernelspec {name!r}, must be 'python3'"]


CHECKS: list[Callable[[Notebook], list[str]]] = [
    stripped, ids_that_mean_something, parses, no_definitions, short_cells, number_of_cells, enough_prose, one_title,
    literal_parameters, parameters_are_read, relative_paths, stock_kernel,
]  # fmt: skip


def test_there_are_notebooks() -> None:
    names = [path.stem for path in NOTEBOOKS]
    assert names
    assert all(re.fullmatch(r"\d\d(_[a-z]+)+", name) for name in names), names


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_notebook(path: Path, check: Callable[[Notebook], list[str]]) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    assert notebook["nbformat_minor"] >= 5
    assert check(notebook) == []


def markdown(name: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text.splitlines(keepends=True)}


def code(name: str, text: str, *cell_tags: str) -> dict[str, Any]:
    lines = text.splitlines(keepends=True)
    metadata = {"tags": list(cell_tags)} if cell_tags else {}
    return {
        "cell_type": "code", "id": name, "metadata": metadata, "source": lines, "outputs": [], "execution_count": None,
    }  # fmt: skip


@pytest.fixture
def good() -> Notebook:
    """A notebook with which every check agrees."""
    prose = "Words that say why and/or how, see [the page](https://example.org/a/b) and ../data/demo for <b>more</b>."
    cells = [
        markdown("title", "# Which units excel\n" + prose),
        code(
            "parameters",
            "study_file: str = 'params/demo.yaml'\nn_boot: int = 2000\nonly: list[str] = []",
            "parameters",
        ),
        code("imports", "import pandas as pd\nfrom exresearch import study"),
        *(markdown(f"why-{number}", f"## Part\n{prose}") for number in ("one", "two", "three", "four")),
        code("load", "data = study.load(study_file, n_boot, only)"),
        code("drivers-hc3", "table = data.table.sort_values(key=lambda column: -column)\ntable"),
        markdown("drivers-verdict", f"```\n# not a title\n```\n{prose}"),
    ]
    return {
        "cells": cells, "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_good_notebook_passes(good: Notebook, check: Callable[[Notebook], list[str]]) -> None:
    before = copy.deepcopy(good)
    assert check(good) == []
    assert good == before


HEX_ID = "3f2b9c1e"
NOT_WORDS = "a cell id is words in lower case, joined by hyphens"
IN_PACKAGE = "it belongs in the package"
FIRST_LINE = "parameters, line 1:"
HOME = "/ho" + "me/me/data.csv"


def settings(text: str) -> dict[str, Any]:
    return code("parameters", text, "parameters")


@pytest.mark.parametrize(
    ("check", "place", "cell", "problem"),
    [
        (stripped, 7, code("load", "1") | {"execution_count": 3}, "load: has outputs or an execution count"),
        (stripped, 7, code("load", "1") | {"outputs": [{}]}, "load: has outputs or an execution count"),
        (ids_that_mean_something, 7, code("title", "1"), "title: used 2 times"),
        (ids_that_mean_something, 7, code(HEX_ID, "1"), f"{HEX_ID!r}: {NOT_WORDS}"),
        (ids_that_mean_something, 7, code("Load_it", "1"), f"'Load_it': {NOT_WORDS}"),
        (ids_that_mean_something, 7, code("abcdef12", "1"), f"'abcdef12': {NOT_WORDS}"),
        (parses, 7, code("load", "%matplotlib inline"), "load: is not plain Python (line 1)"),
        (no_definitions, 7, code("load", "if x:\n    def f(): ..."), f"load: defines f; {IN_PACKAGE}"),
        (no_definitions, 7, code("load", "async def f(): ..."), f"load: defines f; {IN_PACKAGE}"),
        (no_definitions, 7, code("load", "class C: ..."), f"load: defines C; {IN_PACKAGE}"),
        (no_definitions, 7, code("load", "f = lambda: 1"), f"load: gives a lambda a name; {IN_PACKAGE}"),
        (short_cells, 7, code("load", "x = 1\n\n" * 13), "load: 13 lines, at most 12"),
        (enough_prose, 7, code("load", "x = 1\n" * 900), "0.05 words of prose per word of code, at least 2.5"),
        (
            one_title,
            3,
            markdown("why-one", "# Second"),
            "titles (`# `) in ['title', 'why-one']; exactly one, in the first cell title",
        ),
        (one_title, 0, markdown("title", "## No"), "titles (`# `) in []; exactly one, in the first cell title"),
        (literal_parameters, 1, code("parameters", "a: int = 1"), "0 code cells tagged `parameters`, exactly one"),
        (literal_parameters, 1, settings("a = 1"), f"{FIRST_LINE} write `name: type = literal`"),
        (literal_parameters, 1, settings("a: object = (1, 2)"), f"{FIRST_LINE} a is not a flat literal"),
        (literal_parameters, 1, settings("a: object = {'b': 1}"), f"{FIRST_LINE} a is not a flat literal"),
        (literal_parameters, 1, settings("a: int = int('1')"), f"{FIRST_LINE} a is not a flat literal"),
        (
            literal_parameters,
            1,
            settings("a: str = 'b=1'"),
            f"{FIRST_LINE} a holds `=`, after which papermill loses the default",
        ),
        (parameters_are_read, 7, code("load", "only, study_file"), "parameter n_boot is read by no later cell"),
        (parameters_are_read, 1, settings(""), "no parameter is declared"),
        (relative_paths, 7, code("load", f"x = '{HOME}'"), f"load: absolute path '{HOME}'"),
        (relative_paths, 7, code("load", r"x = r'C:\data.csv'"), r"load: absolute path 'C:\\'"),
        (relative_paths, 3, markdown("why-one", "see ~/data"), "why-one: absolute path '~/'"),
    ],
)  # fmt: skip
def test_bad_cell_is_found(
    good: Notebook, check: Callable[[Notebook], list[str]], place: int, cell: dict[str, Any], problem: str
) -> None:
    good["cells"][place] = cell
    assert check(good) == [problem]


@pytest.mark.parametrize(
    ("check", "change", "problem"),
    [
        (number_of_cells, {"cells": [markdown("title", "# A")] * 9}, "9 cells, between 10 and 30"),
        (number_of_cells, {"cells": [markdown("title", "# A")] * 31}, "31 cells, between 10 and 30"),
        (short_cells, {"cells": [code("load", "x = 1\n" * 6)]}, "median of 6 lines, at most 5"),
        (stock_kernel, {"metadata": {}}, "kernelspec None, must be 'python3'"),
        (
            stock_kernel,
            {"metadata": {"kernelspec": {"name": "venv"}}},
            "kernelspec 'venv', must be 'python3'",
        ),
    ],
)
def test_bad_notebook_is_found(
    good: Notebook, check: Callable[[Notebook], list[str]], change: dict[str, Any], problem: str
) -> None:
    assert check(good | change) == [problem]


def test_list_of_parameters_may_be_long() -> None:
    settings_cell = settings("".join(f"a{number}: int = 1\n" for number in range(20)))
    assert short_cells({"cells": [settings_cell, code("load", "x = 1")]}) == []
    assert short_cells({"cells": [code("load", source(settings_cell))]})[0] == "load: 20 lines, at most 12"


def test_words_are_counted_as_the_docstring_says() -> None:
    notebook = {
        "cells": [
            markdown("a", "Three real words <!-- not these -->\n- and four more words"),
            settings("a: int = 1"),
            code("imports", "import pandas as pd"),
            code("b", "x = f(a, b)  # why"),
        ]
    }
    assert words("x = f(a, b)  # why") == 4
    assert prose_per_code(notebook) == 7 / 4
