"""From exports to a draft: every table, every column, every guess with its reason."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from exresearch.study.codebook import VARIABLE, Codebook, Construct, Variable
from exresearch.study.draft.columns.column import Column, Guess
from exresearch.study.draft.columns.measures import guess_units
from exresearch.study.draft.columns.plain import (
    guess_category,
    guess_keys,
    guess_plain,
    is_trait,
    mark_service,
)
from exresearch.study.draft.columns.words import CONSTRUCTS
from exresearch.study.draft.exports import read_exports, take_keys
from exresearch.study.draft.items.blocks import settle
from exresearch.study.draft.items.changes import answers_of, waves_amiss
from exresearch.study.draft.items.grouping import Part, group_exports
from exresearch.study.draft.items.items import find_scales, guess_answer
from exresearch.study.draft.items.reversal import likely_reversed
from exresearch.study.draft.keys import keys_amiss, rows_without_key
from exresearch.study.draft.periods import waves_by_day
from exresearch.study.draft.totals import without_closing_rows
from exresearch.study.problems import Problem, StudyError

_SHOWN = 6
_LONG_NAME = 60
_SCALED = ("item", "driver", "outcome", "need")
# Keys of an entry that a draft may guess, in the order in which the entry has them.
_GUESSABLE = (
    "role", "construct", "block", "named", "group", "minimum", "maximum", "reversed", "missing", "values", "kind",
    "n_column", "label",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """A study as it was guessed.

    Attributes
    ----------
    parts : tuple of Part
        Its tables.
    codebook : Codebook
        Every column of every table; guessed keys are listed in ``guessed``, reasons stand in ``comment``.
    settings : dict of str to object
        Settings that the guessed items call for.
    without_key : dict of str to str
        For each table with rows that lack the unit, such as totals: the column.
    same_rows : tuple of str
        Tables with rows that are the same as an earlier one.
    waves_from : dict of str to str
        For each table whose waves are made from days: ``month``, ``quarter``, ``half_year`` or ``year``.
    understood : tuple of str
        What was understood, in sentences.
    doubts : tuple of str
        What to look at, the most doubtful first, in sentences.
    """

    parts: tuple[Part, ...]
    codebook: Codebook
    settings: dict[str, Any]
    without_key: dict[str, str]
    same_rows: tuple[str, ...]
    waves_from: dict[str, str]
    understood: tuple[str, ...]
    doubts: tuple[str, ...]


def draft_study(paths: Sequence[Path]) -> Draft:
    r"""Read exports and guess what they hold.

    When to use it: at the first sight of a client's files; ``exresearch new`` writes it for somebody to confirm.
    Nothing is guessed without a reason: a column that nothing is known of gets the role ``ignore`` and says why.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Exports of survey platforms and HR systems; files that explain the columns of others are seen as such.

    Returns
    -------
    Draft

    Raises
    ------
    StudyError
        If a file cannot be read, or none of them is a table that is known.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "employees.csv"
    ...     _ = file.write_text("team,enps\n" + "".join(f"T{i % 4},{i % 11}\n" for i in range(44)))
    ...     draft = draft_study([file])
    >>> [(v.column, v.role, v.construct) for v in draft.codebook.variables]
    [('team', 'unit', None), ('enps', 'outcome', 'enps')]
    """
    exports, notes = read_exports(paths)
    tables, keys, said = take_keys(exports)
    parts, left_out = group_exports(without_closing_rows(tables), keys)
    if not parts:
        names = ", ".join(path.name for path in paths)
        message = "none of these files is a table that can be recognised."
        remedy = "Name each after its table: employees, customers, partners, units, people or moments."
        raise StudyError([Problem("--from", names, message, remedy)])
    guesses: dict[str, dict[str, Guess]] = {part.table: _guess(part) for part in parts}
    waves_from = waves_by_day(parts, guesses)
    doubts = [(3, note) for note in left_out]
    for part in parts:
        doubts += waves_amiss(part, guesses[part.table])
        if part.table == "employees":
            doubts += _turn_round(part, guesses[part.table])
    without_key: dict[str, str] = {}
    for part in parts:
        column, sentence = rows_without_key(part, guesses[part.table])
        if column:
            without_key[part.table] = column
        if sentence:
            doubts.append((3, sentence))
    variables = [
        _variable(part.table, column, guesses[part.table][column.name])
        for part in parts
        for column in part.columns
    ]
    used = dict.fromkeys(v.construct for v in variables if v.construct is not None and v.role != "ignore")
    constructs = {
        name: Construct.model_validate({"nl": CONSTRUCTS[name][0], "en": CONSTRUCTS[name][1]})
        for name in used
        if name in CONSTRUCTS
    }
    same_rows = []
    for part in parts:
        # Elsewhere two people may well give the same answers.
        known = part.table in ("units", "people") or (
            part.table == "employees" and any(g.role == "person" for g in guesses[part.table].values())
        )
        n = part.n_same_rows if known else 0
        if n:
            same_rows.append(part.table)
            rows, them = ("1 row is", "it") if n == 1 else (f"{n} rows are", "them")
            doubts.append(
                (3, f"{part.table}: {rows} the same as an earlier row; the draft leaves {them} out.")
            )
    for part in parts:
        doubts += [
            (3, f"{part.table}: {sentence}")
            for sentence in keys_amiss(part, guesses[part.table], dated=part.table in waves_from)
        ]
    settings, why = _settings(variables)
    doubts += [(3, sentence) for sentence in why]
    doubts += [(part.doubt, f"{part.table}: {part.why}") for part in parts if part.doubt >= 2]
    doubts += _looked_at(parts, guesses)
    doubts.sort(key=lambda pair: -pair[0])
    return Draft(
        parts=tuple(parts),
        codebook=Codebook(variables=tuple(variables), constructs=constructs),
        settings=settings,
        without_key=without_key,
        same_rows=tuple(same_rows),
        waves_from=waves_from,
        understood=(*said, *notes, *(_understood(part, guesses[part.table]) for part in parts)),
        doubts=tuple(sentence for _, sentence in doubts),
    )


def _guess(part: Part) -> dict[str, Guess]:
    columns, table, n_rows = part.columns, part.table, part.n_rows
    found = guess_keys(columns, table=table, n_rows=n_rows, n_waves=max(len(part.waves), 1))
    if part.waves:
        # The study file gives the wave of each file.
        found = {name: guess for name, guess in found.items() if guess.role != "wave"}
    rest = [c for c in columns if c.name not in found]
    if table == "units":
        units = [c.n_distinct for c in columns if c.name in found and found[c.name].role == "unit"]
        return found | guess_units(rest, n_rows=n_rows, n_units=max([0, *units]))
    scales = find_scales(rest)
    for column in rest:
        guess = guess_plain(column, table=table, n_rows=n_rows)
        if (
            guess is None
            and column.name in scales
            and not (scales[column.name].source == "data" and is_trait(column))
        ):
            guess = guess_answer(column, scales[column.name], table=table)
        found[column.name] = guess or guess_category(column, table=table, n_rows=n_rows)
    if table == "people":
        mark_service(found)
    answers = {c.name: found[c.name] for c in rest if found[c.name].role in _SCALED}
    settle(columns, answers, table=table)
    return found


def _turn_round(part: Part, found: Mapping[str, Guess]) -> list[tuple[int, str]]:
    """Turn items round that run against all others of the table, as far as labels and words have put them."""
    frame: dict[str, pd.Series] = {}
    for column in part.columns:
        guess = found[column.name]
        if guess.role not in ("item", "driver", "outcome"):
            continue
        low, high = guess.more["minimum"], guess.more["maximum"]
        numbers = answers_of(column, guess)
        numbers = numbers.where(numbers.between(low, high))
        frame[column.name] = low + high - numbers if guess.more.get("reversed") else numbers
    judged = likely_reversed(pd.DataFrame(frame))
    if judged.reason == "mixed":
        sentence = "employees: about as many items point one way as the other; look which are to be reversed."
        return [(3, sentence)]
    for name in judged.items:
        guess = found[name]
        turned = not guess.more.get("reversed", False)
        guess.more["reversed"] = turned
        if not turned:
            del guess.more["reversed"]
        guess.doubt = 3
        sign = "turned round" if turned else "not turned round"
        guess.why = f"It runs against the other answers, so it is {sign} here. {guess.why}"
    return []


def _variable(table: str, column: Column, guess: Guess) -> Variable:
    entry: dict[str, Any] = {"table": table, "column": column.name, "role": guess.role} | guess.more
    if column.question and guess.role in (*_SCALED, "measure", "category"):
        # The export holds one language; whoever confirms the draft translates it.
        entry["label"] = {"nl": column.question, "en": column.question}
    # Not to use a column is what a draft does where it has nothing to go by; that is no guess.
    sure = guess.certain | ({"role"} if guess.role == "ignore" else set())
    entry["guessed"] = tuple(key for key in _GUESSABLE if key in entry and key not in sure)
    entry["comment"] = guess.why
    if "missing" in entry:
        entry["missing"] = tuple(entry["missing"])
    if "values" in entry:
        entry["values"] = {text: float(number) for text, number in entry["values"].items()}
    for key in ("minimum", "maximum"):
        if key in entry:
            entry[key] = float(entry[key])
    return VARIABLE.validate_python(entry, strict=False)


def _settings(variables: Sequence[Variable]) -> tuple[dict[str, Any], list[str]]:
    items = [v for v in variables if v.table == "employees" and v.construct == "engagement"]
    ends = {(v.minimum, v.maximum) for v in items}
    settings: dict[str, Any] = {}
    why: list[str] = []
    if items and (len(items) != 3 or ends != {(1.0, 7.0)}):
        low, high = next(iter(ends))
        threshold = round((low or 0) + 2 / 3 * ((high or 0) - (low or 0)), 2)
        settings = {"engaged_definition": "threshold", "engaged_threshold": threshold}
        count = "1 item" if len(items) == 1 else f"{len(items)} items"
        why.append(
            f"parameters: {count} of engagement, scale {low:g} to {high:g}, cannot make the three-item index; "
            f"engaged is a mean of {threshold:g} or more, two thirds up the scale. Choose this yourself."
        )
    measured = {v.construct for v in variables if v.table == "units" and v.role == "measure"}
    persons = {v.construct for v in variables if v.table == "customers" and v.role != "ignore"}
    if "cx" not in measured | persons and "nps" in measured:
        settings["cx_measure"] = "nps"
        why.append(
            "parameters: customers' recommendation (nps) stands for customer experience; there is no other."
        )
    return settings, why


def _taken_for(guess: Guess) -> str:
    construct = f" of {guess.more['construct']}" if "construct" in guess.more else ""
    block = f" ({guess.more['block']})" if "block" in guess.more else ""
    article = "an" if guess.role[0] in "aeiou" else "a"
    return "not used" if guess.role == "ignore" else f"{article} {guess.role}{construct}{block}"


def _understood(part: Part, found: Mapping[str, Guess]) -> str:
    counts: dict[str, int] = {}
    for guess in found.values():
        counts[guess.role] = counts.get(guess.role, 0) + 1
    roles = ", ".join(
        f"{n} {role if n == 1 else 'categories' if role == 'category' else f'{role}s'}"
        for role, n in counts.items()
        if role != "ignore"
    )
    files = ", ".join(export.name for export in part.exports)
    waves = f" Waves: {', '.join(part.waves)}." if part.waves else ""
    return (
        f"{part.table}: {files}, {part.n_rows:,} rows, {len(part.columns)} columns: {roles or 'nothing used'}; "
        f"{counts.get('ignore', 0)} not used.{waves} {part.why}"
    )


def _looked_at(parts: Sequence[Part], guesses: Mapping[str, Mapping[str, Guess]]) -> list[tuple[int, str]]:
    """One sentence per kind of guess that needs a look, and per reason for which columns are not used."""
    said: list[tuple[int, str]] = []
    for part in parts:
        # Of a long heading what is its own, without the opening of the block; of a short name the wording as well.
        short = {
            c.name: f"{c.name} ({textwrap.shorten(c.question, _LONG_NAME, placeholder=' ...')})"
            if len(c.name) <= _LONG_NAME
            else c.question
            for c in part.columns
            if c.question and (len(c.name) > _LONG_NAME or guesses[part.table][c.name].role in _SCALED)
        }
        alike: dict[tuple[int, str], list[str]] = {}
        for name, guess in guesses[part.table].items():
            if guess.doubt >= 2 or guess.role == "ignore":
                sentence = f"{_taken_for(guess)}. {guess.why}"
                alike.setdefault((guess.doubt, sentence), []).append(short.get(name, name))
        for (doubt, sentence), names in alike.items():
            shown = ", ".join(names[:_SHOWN]) + (
                f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            )
            said.append((doubt, f"{part.table}, {shown}: {sentence}"))
    return said
