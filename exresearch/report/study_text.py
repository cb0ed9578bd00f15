"""What ``exresearch check`` prints: everything that was understood of a study, in the study's language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exresearch.report.columns import EFFECTS, TABLE_LABELS, effect_spec
from exresearch.report.study_lines import Facts, count, fact_lines, few
from exresearch.report.text import Texts, mark

_ROLES = {"outcome": mark(" (outcome)"), "need": mark(" (need)")}
_BLOCKS = {
    "employee-first": mark("Drivers: employee-first"), "customer-first": mark("Drivers: customer-first"),
    "other": mark("Drivers: other"),
}  # fmt: skip
_SOURCES = {"supplied": mark("supplied"), "raked": mark("raked"), "none": mark("none")}


def study_text(facts: Facts, texts: Texts) -> list[RenderableType]:
    """Put what was understood into words, as parts to print one below the other.

    Parameters
    ----------
    facts : mapping
        As :func:`exresearch.report.study_facts.study_facts` returns them.
    texts : Texts
        Language of the reader.

    Returns
    -------
    list of rich renderables
        Legible from 80 columns.
    """
    sections = [
        (mark("Tables"), _tables(facts, texts)),
        (mark("Answers in each wave"), _waves(facts, texts)),
        (mark("Scales"), _scales(facts, texts)),
        (mark("Counted and left out"), _bullets(fact_lines("left_out", facts, texts))),
        (mark("Worth knowing"), _bullets(fact_lines("remarks", facts, texts))),
        (mark("Answer sheets that look careless"), _bullets(fact_lines("careless", facts, texts))),
        (mark("Columns that look odd"), _bullets(fact_lines("suspicious", facts, texts))),
        (mark("Guesses that nobody has confirmed"), _bullets(fact_lines("guesses", facts, texts))),
        (mark("Weights"), _weights(facts, texts)),
        (mark("What can be tested"), _hypotheses(facts, texts)),
    ]
    parts: list[RenderableType] = _heading(facts, texts)
    for title, content in sections:
        if content:
            parts += [Text(f"\n{texts.say(title)}", style="bold"), *content]
    return parts


def _heading(facts: Facts, texts: Texts) -> list[RenderableType]:
    waves = facts["waves"]
    n = len(facts["tables"])
    counts = [texts.say("{n:integer} tables", n=n) if n > 1 else texts.say("one table")]
    if len(waves) > 1:
        span = texts.say("{first} to {last}", first=waves[0], last=waves[-1])
        counts.append(texts.say("{n:integer} waves", n=len(waves)) + f" ({span})")
    if facts["synthetic"]:
        counts.append(texts.say("fictional data"))
    title = texts.pick(facts["title"])
    named = title if title.startswith(facts["name"]) else f"{facts['name']} – {title}"
    lines: list[RenderableType] = [
        Text(named, style="bold"),
        Text(" · ".join(counts)),
    ]
    if facts["draft"]:
        message = mark(
            "This is a draft: look through the guesses, then take out the line 'draft: true' to run it."
        )
        lines.append(Text(texts.say(message), style="yellow"))
    return lines


def _tables(facts: Facts, texts: Texts) -> list[RenderableType]:
    table = _grid([(mark("Table"), ""), (mark("Files"), ""), (mark("Rows"), "r"), (mark("Columns"), "r"),
                   (mark("Units"), "r"), (mark("People"), "r")], texts)  # fmt: skip
    for row in facts["tables"]:
        files = ", ".join(few(row["files"], texts))
        plain = all(file.lower().endswith(f".{layout}") for file in row["files"] for layout in row["layouts"])
        layouts = "" if plain or not row["layouts"] else f" ({', '.join(row['layouts'])})"
        rows = count(row["rows"], texts)
        if row["rows"] != row["rows_in_files"]:
            rows = texts.say("{n:integer} of {total:integer}", n=row["rows"], total=row["rows_in_files"])
        table.add_row(
            texts.say(TABLE_LABELS[row["table"]]), files + layouts, rows, count(row["columns"], texts),
            count(row["units"], texts), count(row["people"], texts),
        )  # fmt: skip
    return [table]


def _waves(facts: Facts, texts: Texts) -> list[RenderableType]:
    dated = [row for row in facts["tables"] if row["waves"]]
    if not dated:
        return []
    rated = any(wave["response_rate"] is not None for row in dated for wave in row["waves"])
    heads = [(mark("Wave"), ""), *((TABLE_LABELS[row["table"]], "r") for row in dated)]
    if rated:
        heads.append((mark("Response rate"), "r"))
    table = _grid(heads, texts)
    for wave in facts["waves"]:
        cells = [next((w for w in row["waves"] if w["wave"] == wave), None) for row in dated]
        line = [wave, *(count(None if cell is None else cell["rows"], texts) for cell in cells)]
        if rated:
            rate = next(
                (cell["response_rate"] for cell in cells if cell and cell["response_rate"] is not None), None
            )
            line.append("–" if rate is None else texts.number(rate, "percent0"))
        table.add_row(*line)
    return [table]


def _scales(facts: Facts, texts: Texts) -> list[RenderableType]:
    table = _grid([(mark("What"), ""), (mark("Columns"), "r"), (mark("Scale"), "r"), (mark("Reversed"), ""),
                   (mark("At least"), "r"), (mark("Missing"), "r")], texts)  # fmt: skip
    before = ""
    for row in facts["scales"]:
        if row["table"] != before:
            before = row["table"]
            table.add_row(Text(texts.say(TABLE_LABELS[before]), style="italic"), *[""] * 5)
        if row["role"] == "driver":
            named = texts.say(_BLOCKS[row["measures"]])
        else:
            named = texts.pick(row["label"]) + texts.say(_ROLES.get(row["role"], ""))
        table.add_row(
            named,
            str(len(row["columns"])),
            ", ".join(f"{low:g}-{high:g}" for low, high in row["scales"]) or "–",
            _reversed(row, texts),
            ""
            if row["min_share"] is None or len(row["columns"]) == 1
            else texts.number(row["min_share"], "percent0"),
            "–" if row["missing"] is None else texts.number(row["missing"], "percent1"),
        )
    return [table] if facts["scales"] else []


def _reversed(row: Facts, texts: Texts) -> str:
    if len(row["columns"]) > 1 and len(row["reversed"]) == len(row["columns"]):
        return texts.say("all")
    return ", ".join(few(row["reversed"], texts))


def _weights(facts: Facts, texts: Texts) -> list[RenderableType]:
    # The last row of a table is about all its waves; --json has each wave.
    whole = {row["table"]: row for row in facts["weights"] if row["source"] != "none"}
    weighted = list(whole.values())
    if not facts["weights"]:
        return []
    if not weighted:
        return _bullets([texts.say("None: every answer sheet counts as one.")])
    table = _grid([(mark("Table"), ""), (mark("Weights"), ""), (mark("Answers"), "r"),
                   (mark("Count as"), "r"), (mark("Design effect"), "r"), (mark("Range"), "r")], texts)  # fmt: skip
    for row in weighted:
        table.add_row(
            texts.say(TABLE_LABELS[row["table"]]),
            texts.say(_SOURCES[row["source"]]),
            count(row["n"], texts),
            count(row["n_eff"], texts),
            texts.number(row["design_effect"], "number2"),
            f"{texts.number(row['smallest'], 'number2')}-{texts.number(row['largest'], 'number2')}",
        )
    return [table]


def _hypotheses(facts: Facts, texts: Texts) -> list[RenderableType]:
    rows = facts["hypotheses"]
    groups = [
        (mark("Testable"), "green", [row for row in rows if row["testable"] and row["written"]]),
        (mark("Testable, notebook not written yet"), "cyan",
         [row for row in rows if row["testable"] and not row["written"]]),
        (mark("Not testable"), "yellow", [row for row in rows if not row["testable"]]),
    ]  # fmt: skip
    parts: list[RenderableType] = []
    powers = {row["power"] for row in rows if row["power"] is not None}
    if powers:
        message = mark(
            "Beside each: the smallest effect that a study of this size finds with {power:percent0} probability."
        )
        parts.append(Padding(Text(texts.say(message, power=max(powers))), (0, 0, 0, 2)))
    for title, colour, members in groups:
        if not members:
            continue
        parts.append(Padding(Text(f"{texts.say(title)} ({len(members)})", style=colour), (1, 0, 0, 2)))
        table = Table.grid(padding=(0, 2), pad_edge=True)
        table.add_column(ratio=5)
        table.add_column(ratio=6)
        for row in members:
            said = _effect(row, texts)
            if not row["testable"]:
                said = texts.pick(row["reason"]) if row["reason"] else ""
            table.add_row(Text(texts.pick(row["title"])), Text(said))
        parts.append(Padding(table, (0, 0, 0, 2)))
    return parts


def _effect(row: Facts, texts: Texts) -> str:
    if row["smallest_effect"] is None:
        return ""
    least, counted = row["smallest_effect"], texts.say("n = {n:integer}", n=row["n"])
    number = texts.number(least, effect_spec(row["kind"], least))
    return f"{texts.say(EFFECTS[row['kind']][0])} {number} ({counted})"


def _grid(columns: Sequence[tuple[str, str]], texts: Texts) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1), header_style="dim")
    for header, side in columns:
        table.add_column(
            texts.say(header), justify="right" if side else "left", overflow="fold", no_wrap=bool(side)
        )
    return table


def _bullets(lines: Iterable[str]) -> list[RenderableType]:
    table = Table.grid(padding=(0, 1), pad_edge=True)
    table.add_column(no_wrap=True)
    table.add_column()
    rows = list(lines)
    for line in rows:
        table.add_row("•", Text(line))
    return [table] if rows else []
