"""An executed notebook as HTML: prose in the reader's language, code folded away, settings as a table."""

from __future__ import annotations

import ast
import copy
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from markupsafe import Markup, escape
from nbconvert import HTMLExporter
from nbconvert.filters import Highlight2HTML, clean_html
from nbformat import NotebookNode

from exresearch.disclosure import Entry, read_ledger
from exresearch.report.anchors import slug, unique
from exresearch.report.markup import fill
from exresearch.report.page import LEDGER, without_lab_style
from exresearch.report.text import Texts
from exresearch.study.parameters import Parameters

_HEADING = re.compile(r"<h([1-3])>(.*?)</h\1>", re.DOTALL)
_TITLE = re.compile(r"\A\s*# +(.+?)\s*(?:\n|\Z)")
_TAG = re.compile(r"<[^>]+>")
# How the blocks of a page are told apart: a sentence in the place of a figure or table, and a verdict not given.
_ABSENT, _UNTESTED = 'class="exr exr-absent"', "exr-verdict exr-not-testable"
_BLOCK = re.compile(r'<div data-exr-block="(\d+)"></div>')
_ABSOLUTE = re.compile(r"\A(?:/|[A-Za-z]:[\\/]|\\\\|~)")


@dataclass(frozen=True, slots=True)
class NotebookBody:
    """The inside of a page.

    Attributes
    ----------
    title : str
        The notebook's title in the reader's language, without markup.
    html : markupsafe.Markup
        Everything below the title.
    headings : tuple of (int, str, str)
        Level (2 or 3), id and text of each heading, for the table of contents.
    settings : markupsafe.Markup
        The run's settings as a folded table; empty where the notebook was not given any.
    """

    title: str
    html: Markup
    headings: tuple[tuple[int, str, str], ...]
    settings: Markup


def body_from(record: Mapping[str, Any]) -> NotebookBody:
    """Return a body that was kept as JSON: what :func:`dataclasses.asdict` makes of one."""
    headings = tuple((int(level), str(anchor), str(text)) for level, anchor, text in record["headings"])
    # Markup that we wrote ourselves, and that is kept with its hash.
    return NotebookBody(
        str(record["title"]),
        Markup(record["html"]),  # noqa: S704
        headings,
        Markup(record["settings"]),  # noqa: S704
    )


def notebook_title(notebook: NotebookNode, texts: Texts) -> str:
    """Return the title of a notebook, its first first-level heading, in the reader's language.

    Raises
    ------
    ValueError
        If no Markdown cell begins with ``# ``.
    """
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            match = _TITLE.match(texts.translate(cell.source.strip()))
            if match:
                return match.group(1)
    raise ValueError("the notebook has no title; its first Markdown cell must begin with '# '.")


def entries_of(notebook: NotebookNode) -> tuple[list[Entry], list[str]]:
    """Return what an executed notebook shows, and the cells that show something past the door.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed.

    Returns
    -------
    tuple of list of Entry and list of str
        The ledger of the notebook, and the ids of cells with an output that is in no ledger.
    """
    entries, past = [], []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if not _is_shown(output):
                continue
            metadata = output.get("metadata", {})
            # Jupyter files what belongs to one form of an output under that form.
            record = metadata.get("text/html", metadata).get(LEDGER)
            if record is None:
                past.append(str(cell.get("id", "")))
            else:
                entries += read_ledger(record)
    return entries, past


def convert_notebook(notebook: NotebookNode, texts: Texts) -> NotebookBody:
    """Turn an executed notebook into the inside of a page.

    Markdown cells are translated as a whole (the message is the cell's source). Warnings, tracebacks and the two
    parameter cells are left out; the parameters come back as a table.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed; not changed.
    texts : Texts
        Language of the reader.

    Returns
    -------
    NotebookBody

    Raises
    ------
    ValueError
        If the notebook has no title.
    """
    title = notebook_title(notebook, texts)
    work = copy.deepcopy(notebook)
    kept, titled = [], False
    for cell in work.cells:
        tags = cell.get("metadata", {}).get("tags", [])
        if "parameters" in tags or "injected-parameters" in tags:
            continue
        if cell.cell_type == "markdown":
            cell.source = texts.translate(cell.source.strip())
            if not titled and _TITLE.match(cell.source):
                cell.source, titled = _TITLE.sub("", cell.source, count=1), True
            if not cell.source.strip():
                continue
        elif cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _is_shown(output)]
        kept.append(cell)
    work.cells = _folded(kept, texts)
    body = without_lab_style(_convert(work))
    html, headings = _with_ids(body)
    return NotebookBody(
        title=title,
        html=Markup(html),  # noqa: S704 - our own prose, and outputs that Page escaped
        headings=headings,
        settings=_settings(notebook, texts),
    )


def _folded(cells: list[NotebookNode], texts: Texts) -> list[NotebookNode]:
    """Fold the prose of sections that have nothing to show, and say only once why.

    A section runs from one heading to the next. It has nothing to show where every output says what is absent or is a
    verdict that could not be given; what its figures would have meant is then for whoever wants to know.
    """
    sections: list[list[NotebookNode]] = [[]]
    for cell in cells:
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            sections.append([])
        sections[-1].append(cell)
    for section in sections:
        said: set[str] = set()
        shown = []
        for cell in section:
            if cell.cell_type != "code":
                continue
            fresh = []
            for output in cell.outputs:
                block = _html_of(output)
                if _ABSENT in block and block in said:
                    continue
                said.add(block)
                fresh.append(output)
            cell.outputs = fresh
            shown += [_html_of(output) for output in fresh]
        empty = bool(shown) and all(_ABSENT in block or _UNTESTED in block for block in shown)
        if empty and section[0].cell_type == "markdown":
            heading, _, prose = section[0].source.partition("\n")
            if prose.strip():
                summary = texts.say("What this section is about")
                fold = f'<details class="settings quiet"><summary>{escape(summary)}</summary>'
                section[0].source = f"{heading}\n\n{fold}\n\n{prose.strip()}\n\n</details>"
    return [cell for section in sections for cell in section]


def _html_of(output: NotebookNode) -> str:
    return str(output.get("data", {}).get("text/html", output.get("text", "")))


def _convert(notebook: NotebookNode) -> str:
    """Convert cells and prose; code and outputs are put in afterwards, for nbconvert would parse them three times."""
    blocks: list[str] = []

    def put(block: str) -> str:
        blocks.append(block)
        return f'<div data-exr-block="{len(blocks) - 1}"></div>'

    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = put(_coloured(cell.source))
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/html" in data:
                data["text/html"] = put(_html_of(output))
    with warnings.catch_warnings():
        # nbconvert warns about the alternative text of images that it embeds itself; ours carry theirs.
        warnings.simplefilter("ignore")
        body, _ = _exporter().from_notebook_node(notebook)
    # Ids of cells are made of random characters where a notebook has none; nothing links to them.
    body = re.sub(r' id="cell-id=[^"]*"', "", str(body))
    return _BLOCK.sub(lambda place: blocks[int(place[1])], body)


@cache
def _exporter() -> Any:
    return HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="basic",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        filters={"highlight_code": lambda source, **_: source, "clean_html": _clean},
    )


def _clean(text: str) -> str:
    """Take out what may not stand in HTML; code that is put in afterwards was escaped when it was coloured."""
    return text if _BLOCK.fullmatch(text) else str(clean_html(text))  # type: ignore[no-untyped-call]


@lru_cache(maxsize=512)
def _coloured(source: str) -> str:
    """Colour the code of a cell, the same for every client: notebooks differ in their settings alone."""
    coloured: str = Highlight2HTML(pygments_lexer="ipython3")(source)  # type: ignore[no-untyped-call]
    return coloured.replace('class=" highlight', 'class="highlight', 1)


def _is_shown(output: NotebookNode) -> bool:
    # Notebooks print nothing; what a library prints is for nobody, and passed no disclosure control.
    return output.output_type not in ("error", "stream")


def _with_ids(body: str) -> tuple[str, tuple[tuple[int, str, str], ...]]:
    headings: list[tuple[int, str, str]] = []
    used: set[str] = set()

    def number(match: re.Match[str]) -> str:
        # A page has one first-level heading, the title; any other is a section.
        level, inner = max(2, int(match.group(1))), match.group(2)
        text = Markup(_TAG.sub("", inner)).unescape()  # noqa: S704
        name = unique(slug(text), used)
        headings.append((level, name, text))
        return f'<h{level} id="{escape(name)}">{inner}</h{level}>'

    return _HEADING.sub(number, body), tuple(headings)


def _settings(notebook: NotebookNode, texts: Texts) -> Markup:
    values: dict[str, Any] = {}
    # The defaults first, then what the run replaced.
    for tag in ("parameters", "injected-parameters"):
        for cell in notebook.cells:
            if tag in cell.get("metadata", {}).get("tags", []):
                values |= _assignments(cell.source)
    if not values:
        return Markup("")
    rows = []
    for name, value in values.items():
        field = Parameters.model_fields.get(name)
        meaning = texts.say(field.description) if field is not None and field.description else ""
        rows.append((name, _value(value, texts), meaning))
    return fill("settings.html.j2", texts=texts, rows=rows)


def _assignments(source: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target: ast.expr = statement.targets[0]
        elif isinstance(statement, ast.AnnAssign):
            target = statement.target
        else:
            continue
        if isinstance(target, ast.Name) and statement.value is not None:
            try:
                found[target.id] = ast.literal_eval(statement.value)
            except ValueError:
                # papermill writes NaN as a call; a setting that is no literal is not shown.
                continue
    return found


def _value(value: Any, texts: Texts) -> str:
    if isinstance(value, bool):
        return texts.say("yes") if value else texts.say("no")
    if value is None or value == "":
        return "–"
    if isinstance(value, float):
        # Shown as it was typed, in the reader's notation.
        digits = len(repr(value).partition(".")[2]) if "e" not in repr(value) else 6
        return texts.number(value, f"number{min(digits, 6)}")
    text = str(value)
    # Where a file lies on somebody's disk is nobody's business; its name is.
    return re.split(r"[\\/]", text.rstrip("\\/"))[-1] if _ABSOLUTE.match(text) else text
