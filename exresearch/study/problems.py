"""What is wrong with a study's input: every problem at once, each with its place and its remedy."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

_TYPES = {
    "string_type": "a text", "int_type": "a whole number", "float_type": "a number", "bool_type": "true or false",
    "dict_type": "a mapping of keys", "model_type": "a mapping of keys", "dataclass_type": "a mapping of keys",
    "list_type": "a list", "tuple_type": "a list", "invalid_key": "a text as key", "finite_number": "a finite number",
}  # fmt: skip
_LIMITS = {
    "greater_than_equal": ("ge", "at least"), "less_than_equal": ("le", "at most"),
    "greater_than": ("gt", "above"), "less_than": ("lt", "below"),
}  # fmt: skip
# In the words of whoever writes the file, not of the pattern.
_PATTERNS = {
    r"^[a-z][a-z0-9_]*$": "Use lower-case letters, digits and underscores, starting with a letter.",
    r"^([a-z][a-z0-9_]*)?$": "Use lower-case letters, digits and underscores, starting with a letter.",
    r"^[a-z0-9][a-z0-9_-]*$": "Use lower-case letters, digits, hyphens and underscores; begin with no sign.",
    r"^(#[0-9A-Fa-f]{6})?$": "Write it between quotes with six digits, such as '#005a8f'.",
    r"^([^=]+=.+)?$": "Write it as 'column=value', such as 'Region=North'.",
}
_LONGEST = 60
# The rule of every room that reads input: a value is named, in a message or a draft, only if at least this many rows
# hold it. Then it is a code, and not somebody's answer.
NAMEABLE = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the input.

    Attributes
    ----------
    file : str
        Name of the file, as the user gave it.
    place : str
        Key, column or line in that file.
    message : str
        What is wrong, without any person's answer.
    remedy : str
        What to do about it.
    """

    file: str
    place: str
    message: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.place}" if self.place else self.file
        return f"{where}: {self.message} {self.remedy}".rstrip()


class StudyError(ValueError):
    """The input cannot be used; carries every problem found.

    Parameters
    ----------
    problems : iterable of Problem
        At least one.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        heading = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(
            "\n".join([f"{heading} with this study:", *(f"- {problem}" for problem in self.problems)])
        )


def nearest(value: str, legal: Sequence[str]) -> str:
    """Return a sentence with the nearest legal value, or all of them.

    Examples
    --------
    >>> nearest("langauge", ["client", "language"])
    "Did you mean 'language'? Legal: client, language."
    """
    listed = f"Legal: {', '.join(legal)}." if legal else "There is none."
    close = difflib.get_close_matches(value, legal, n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}? {listed}" if close else listed


def explain(
    error: ValidationError,
    *,
    file: str,
    unknown_key: Callable[[tuple[str | int, ...]], str],
    place: str = "",
    example: str = "params/demo.yaml",
) -> list[Problem]:
    """Turn pydantic's errors about settings into problems that say what to do.

    Settings are never anybody's answers, so their values are named.

    Parameters
    ----------
    error : pydantic.ValidationError
        As raised by a strict model.
    file : str
        Name of the file that was checked.
    unknown_key : callable
        From the path of a key that the model does not have to the remedy.
    place : str
        What the path of a key is below, such as an entry of a list.
    example : str
        A file that shows how it is done.

    Returns
    -------
    list of Problem
        One per setting, in the order of the model.
    """
    problems: dict[tuple[str | int, ...], Problem] = {}
    for item in error.errors():
        path = tuple(part for part in item["loc"] if part != "[key]")
        if item["type"] in ("string_type", "int_type", "float_type") and isinstance(path[-1], str):
            # A union says per branch why it did not fit; whoever wrote the file wants to hear it once.
            path = path[:-1] if path[-1] in ("int", "float", "str") and len(path) > 1 else path
        key = ".".join(str(part) for part in path)
        where = ", ".join(part for part in (place, key) if part)
        message, remedy = _in_words(item, path, unknown_key=unknown_key, example=example)
        problems.setdefault(path, Problem(file, where, message, remedy))
    return list(problems.values())


def _in_words(
    item: Any,
    path: tuple[str | int, ...],
    *,
    unknown_key: Callable[[tuple[str | int, ...]], str],
    example: str,
) -> tuple[str, str]:
    kind, value, context = item["type"], item["input"], item.get("ctx") or {}
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"unknown key {str(path[-1])!r}.", unknown_key(path)
    if kind == "missing":
        return "this key is required and missing.", f"Add it; see {example}."
    if kind == "value_error":
        return f"{context['error']}.", "Correct this entry."
    if kind == "literal_error":
        # pydantic gives the legal values as one text: 'a', 'b' or 'c'.
        legal = [part.strip(" '") for part in str(context["expected"]).replace("' or '", "', '").split(",")]
        # An empty text stands for a key that is left out.
        return f"{_shown(value)} is not a legal value.", nearest(str(value), [name for name in legal if name])
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return f"{_shown(value)} is out of range.", f"It must be {words} {context[name]}."
    if kind == "string_pattern_mismatch":
        remedy = _PATTERNS.get(context["pattern"], "Correct the value.")
        return f"{_shown(value)} is not of the right form.", remedy
    if kind in ("string_too_short", "too_short"):
        return "there is nothing in it.", f"Fill it in; see {example}."
    if len(item["loc"]) > len(path) and item["loc"][-1] in ("int", "float", "str"):
        return f"a number or a text is expected, not {_shown(value)}{_kind(value)}.", "Correct the value."
    if kind in _TYPES:
        return f"{_TYPES[kind]} is expected, not {_shown(value)}{_kind(value)}.", _hint(kind, value)
    return f"{_shown(value)} is not accepted: {item['msg']}.", "Correct the value."


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST else f"{value[:_LONGEST]}...")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "a list"
    return "a mapping" if isinstance(value, dict) else f"a {type(value).__name__}"


def _kind(value: Any) -> str:
    names = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}
    return f" ({names[type(value)]})" if type(value) in names else ""


def _hint(kind: str, value: Any) -> str:
    if kind == "string_type" and not isinstance(value, list | tuple | dict | None):
        return "Put it between quotes if it is meant as text."
    if kind == "invalid_key":
        return "Put the key between quotes."
    if kind in ("int_type", "float_type") and isinstance(value, str):
        return "Write it without quotes if it is meant as a number."
    if kind in ("list_type", "tuple_type") and not isinstance(value, list | tuple | dict | None):
        return "Put it between square brackets."
    return "Correct the value."
