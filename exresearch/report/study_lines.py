"""What was understood of a study and is said in sentences, one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from exresearch.report.columns import FLAG_LABELS, KEY_LABELS, TABLE_LABELS
from exresearch.report.text import Texts, places
from exresearch.study import remark_sentence
from exresearch.study.flags import suspect_sentence

_NAMES, _GUESSES = 4, 12
Facts = Mapping[str, Any]


def fact_lines(part: str, facts: Facts, texts: Texts) -> list[str]:
    """Say one part of what was understood, one thing per line.

    Parameters
    ----------
    part : {"left_out", "remarks", "careless", "suspicious", "guesses"}
        Key of the facts.
    facts : mapping
        As :func:`exresearch.report.study_facts.study_facts` returns them.
    texts : Texts
        Language of the reader.

    Returns
    -------
    list of str

    Raises
    ------
    KeyError
        If the part is not one that is said in lines.
    """
    return list(_LINES[part](facts, texts))


def few(names: Sequence[str], texts: Texts) -> list[str]:
    """Return the first names, and how many more there are."""
    shown = list(names[:_NAMES])
    more = len(names) - len(shown)
    return [*shown, texts.say("{n:integer} more", n=more)] if more else shown


def count(value: float | None, texts: Texts) -> str:
    """Return a whole number in words of the reader, a dash for none."""
    return "–" if value is None else texts.number(value, "integer")


def _ledger(facts: Facts, texts: Texts) -> Iterable[str]:
    for row in facts["left_out"]:
        if row["counted"] == "columns":
            # A remark names them.
            continue
        line = f"{texts.say(TABLE_LABELS[row['table']])}: {texts.translate(row['step'])}: {count(row['n'], texts)}"
        if row["removed"] and row["counted"] == "rows":
            line += texts.say(" ({n:integer} left out)", n=row["removed"])
        yield line


def _remarks(facts: Facts, texts: Texts) -> Iterable[str]:
    for row in facts["remarks"]:
        where = [part for part in (row["file"], row["column"]) if part]
        yield ": ".join([*where, _sentence(remark_sentence(row["kind"], row["n"]), row, texts)])


def _careless(facts: Facts, texts: Texts) -> Iterable[str]:
    unseen: dict[str, list[str]] = {}
    for row in facts["careless"]:
        name, flag = texts.say(TABLE_LABELS[row["table"]]), texts.say(FLAG_LABELS[row["flag"]])
        if not row["n_judged"] or row["n"] is None:
            unseen.setdefault(name, []).append(flag)
            continue
        share = texts.number(row["share"] or 0.0, "percent1")
        counted = texts.say("{n:integer} of {total:integer}", n=row["n"], total=row["n_judged"])
        yield f"{name}: {flag}: {counted} ({share})"
    for name, flags in unseen.items():
        named = "" if len(flags) == len(FLAG_LABELS) else f" ({', '.join(flags)})"
        yield f"{name}: " + texts.say("cannot be seen in these data") + named


def _suspicious(facts: Facts, texts: Texts) -> Iterable[str]:
    for row in facts["suspicious"]:
        where = f"{texts.say(TABLE_LABELS[row['table']])}, {row['column']}"
        yield f"{where}: {_sentence(suspect_sentence(row['kind'], row['n']), row, texts)}"
    if not facts["suspicious"]:
        yield texts.say("No column looks odd.")


def _guesses(facts: Facts, texts: Texts) -> Iterable[str]:
    alike: dict[tuple[str, str, str], list[str]] = {}
    for row in facts["guesses"]:
        key = (row["table"], ", ".join(row["guessed"]), row["comment"] or "")
        alike.setdefault(key, []).append(row["column"])
    for (name, keys, comment), columns in list(alike.items())[:_GUESSES]:
        line = f"{texts.say(TABLE_LABELS[name])}, {', '.join(few(columns, texts))}: {keys}"
        yield f"{line} ({comment.rstrip('.')})" if comment else line
    more = sum(len(columns) for columns in list(alike.values())[_GUESSES:])
    if more:
        yield texts.say("and {n:integer} more columns; --json FILE lists them all", n=more)


def _sentence(message: str, row: Facts, texts: Texts) -> str:
    words = {"n": row["n"], "detail": row["detail"], "table": row["detail"], "key": row["detail"]}
    for place, labels in (("table", TABLE_LABELS), ("key", KEY_LABELS)):
        if row["detail"] in labels:
            words[place] = texts.say(labels[row["detail"]])
    wanted = {name for name, _ in places(message)}
    # A list that was cut short ends in three dots of its own.
    return texts.say(message, **{name: words[name] for name in wanted}).replace("....", "...")


_LINES: dict[str, Callable[[Facts, Texts], Iterable[str]]] = {
    "left_out": _ledger,
    "remarks": _remarks,
    "careless": _careless,
    "suspicious": _suspicious,
    "guesses": _guesses,
}
