"""Columns of a table of units: numbers of answers, counts and measures."""

from __future__ import annotations

from collections.abc import Sequence

from exresearch.study.draft.columns.column import Column, Guess
from exresearch.study.draft.columns.plain import codes_in_words, guess_plain
from exresearch.study.draft.columns.words import (
    ANSWERED,
    COUNT,
    HEADCOUNT,
    MEASURES,
    PEOPLE_COUNTED,
    PERCENT,
    slug,
    spaced,
)

_SHARE_OF_NAME = 4
_YES, _NO = ("yes", "ja", "true", "waar"), ("no", "nee", "false", "onwaar")


def guess_units(columns: Sequence[Column], *, n_rows: int, n_units: int) -> dict[str, Guess]:
    """Guess the columns of a table of units that are no keys.

    Parameters
    ----------
    columns : sequence of Column
        Columns without a role yet.
    n_rows, n_units : int
        Rows of the table, and different units in it.

    Returns
    -------
    dict of str to Guess
        By the name of the column.
    """
    found: dict[str, Guess] = {}
    for column in columns:
        guess = guess_plain(column, table="units", n_rows=n_rows)
        if guess is None and column.kind == "number":
            guess = _with_codes(_number(column), column)
        found[column.name] = guess or _text(column, n_rows=n_rows, n_units=n_units)
    _name_constructs(columns, found)
    heads = [c.name for c in columns if found[c.name].role == "count" and _counts_people(c)]
    if len(heads) == 1:
        found[heads[0]].more["construct"] = "headcount"
        found[heads[0]].why += " By its words it counts the people of a unit: response rates go by it."
    answered = [c.name for c in columns if found[c.name].role == "count" and _counts_answers(c)]
    for name, guess in found.items():
        if guess.role == "measure":
            n_column = _n_column(name, answered)
            if n_column:
                guess.more["n_column"] = n_column
    return found


def _number(column: Column) -> Guess:
    values = column.numbers.dropna()
    low, high = float(values.min()), float(values.max())
    name = spaced(column.name)
    if column.whole and set(values.unique()) <= {0.0, 1.0}:
        return Guess("flag", "It holds only 0 and 1.", doubt=1)
    if column.whole and low >= 1900 and high <= 2100:
        return Guess("ignore", "It seems to hold a year.", doubt=1)
    if name.split()[-1] in ("id", "code", "nr", "nummer"):
        return Guess(
            "ignore", "By its name it is a number that tells units apart; another column is the unit."
        )
    if column.whole and low >= 0 and (COUNT.search(name) or high > 100):
        return Guess("count", "Whole numbers, and its name speaks of a number of something.", doubt=1)
    if PERCENT.search(f"{column.name} {name}") and low >= 0 and high <= 100 and high > 1:
        more = {"kind": "percent", "minimum": 0, "maximum": 100}
        return Guess(
            "measure", "Its name speaks of a percentage, and its values lie in 0 to 100.", more, doubt=1
        )
    if PERCENT.search(f"{column.name} {name}"):
        return Guess("measure", "Its name speaks of a rate.", {"kind": "rate"}, doubt=1)
    if column.whole and not any(pattern.search(name) for _, pattern in MEASURES):
        return Guess(
            "ignore", "Whole numbers, and nothing says whether they count or measure something.", doubt=1
        )
    if not column.says_something:
        return Guess("ignore", "Numbers with decimals, and nothing says what they measure.", doubt=1)
    why = "Numbers with decimals: taken for a mean. Minimum and maximum cannot be seen from means and may be added."
    return Guess("measure", why, {"kind": "mean"}, doubt=1)


def _with_codes(guess: Guess, column: Column) -> Guess:
    """The same guess with the signs that stand for no number, and a word about other texts."""
    codes, strange = codes_in_words(column)
    if guess.role == "ignore":
        return guess
    if codes:
        guess.more["missing"] = list(codes)
        shown = ", ".join(repr(code) for code in codes)
        guess.why += f" Some cells hold {shown}, taken for no number."
        guess.doubt = max(guess.doubt, 2)
    if strange:
        guess.why += f" {strange} cells hold other text; correct these, or list the text under 'missing'."
        guess.doubt = 3
    return guess


def _text(column: Column, *, n_rows: int, n_units: int) -> Guess:
    answers = {text.lower(): text for text in column.texts.dropna().unique()}
    if len(answers) == 2 and any(a in _YES for a in answers) and any(a in _NO for a in answers):
        values = {written: 1 if text in _YES else 0 for text, written in answers.items()}
        return Guess("flag", "It holds only yes and no.", {"values": values}, doubt=1)
    if n_units >= 20 and column.n_distinct >= 0.8 * n_units:
        return Guess("ignore", "Nearly every unit has another text: a name of the unit beside its key.")
    if column.n_distinct <= max(12, min(60, n_rows // 5)):
        return Guess("category", f"It holds {column.n_distinct} different texts.")
    many = f"{column.n_distinct} different texts in {column.n} rows"
    return Guess("ignore", f"Too many different values for categories ({many}).")


def _name_constructs(columns: Sequence[Column], found: dict[str, Guess]) -> None:
    """Give every measure a construct of its own: a known one by its words, else its own name."""
    taken: set[str] = set()
    for known, pattern in MEASURES:
        for column in columns:
            guess = found[column.name]
            if guess.role != "measure" or "construct" in guess.more or known in taken:
                continue
            if pattern.search(spaced(column.name)) or pattern.search(column.question):
                guess.more["construct"] = known
                guess.doubt = 2
                guess.why = f"By its words it measures {known}. {guess.why}"
                taken.add(known)
    for column in columns:
        guess = found[column.name]
        if guess.role == "measure" and "construct" not in guess.more:
            name = slug(column.name)
            while name in taken:
                name += "_2"
            guess.more["construct"] = name
            taken.add(name)


def _counts_people(column: Column) -> bool:
    return bool(PEOPLE_COUNTED.search(spaced(column.name)))


def _counts_answers(column: Column) -> bool:
    name = spaced(column.name)
    return bool(ANSWERED.search(name)) and not HEADCOUNT.search(name)


def _n_column(measure: str, answered: Sequence[str]) -> str:
    """The column with the number of answers behind a measure: by the beginning of its name, or the only one."""
    for name in answered:
        stem = spaced(name).rsplit(" ", 1)[0]
        if len(stem) >= _SHARE_OF_NAME and spaced(measure).startswith(stem):
            return name
    return answered[0] if len(answered) == 1 else ""
