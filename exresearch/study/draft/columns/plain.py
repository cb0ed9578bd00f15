"""Columns that are no answer on a scale: keys, dates, categories, texts, and what a draft leaves alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from exresearch.study.draft.columns.column import Column, Guess
from exresearch.study.draft.columns.labels import is_no_answer, is_placeholder
from exresearch.study.draft.columns.words import (
    AMOUNT_OF_PAY,
    BIRTH,
    CATEGORY,
    COUNT,
    DURATION,
    FIRST_DAY,
    FREE_TEXT,
    LAST_DAY,
    MANAGER,
    NUMBER,
    PERSON,
    PLATFORM,
    RESPONDENT,
    UNITS,
    WAVE,
    WEIGHT,
    personal,
    spaced,
)
from exresearch.study.problems import NAMEABLE
from exresearch.study.tables.cells.key_cells import WRITTEN_BY_PROGRAMS

# Names that the tables keep for their keys.
_KEPT = {"person", "unit", "wave", "weight"}
_MOST_CATEGORIES = 60
_MOST_BANDS = 15
_LONG = 40
_MOSTLY = 0.5
_OWN = 0.95
# One amount and no band, with a sign or without.
_AMOUNT = r"\D{0,5}\d(?:[.,]?\d){2,}\D{0,6}"
_NAME = r"[A-ZÀ-Þ][\w'’.-]*(?:,?\s+[\w'’.-]+)*,?\s+[A-ZÀ-Þ][\w'’.-]*|[^\s@]+@\S+"
# A question after a trait of the person, not after what somebody knows or has seen.
_ABOUT = re.compile(
    r"(what|which|are you|in (what|which)|size|your|wat|welke?|ben (je|u)|bent u|in welke?|(\S+ ?){1,4}$)",
    re.IGNORECASE,
)


def guess_keys(columns: Sequence[Column], *, table: str, n_rows: int, n_waves: int = 1) -> dict[str, Guess]:
    """Guess which columns name the person, the unit, the wave and the weight.

    Parameters
    ----------
    columns : sequence of Column
        All columns of one table.
    table : str
        Which table of the data model it is.
    n_rows : int
        Its rows.
    n_waves : int
        Waves that its files stand for, where each holds one.

    Returns
    -------
    dict of str to Guess
        By the name of the column; at most one of each role.
    """
    found: dict[str, Guess] = {}
    free = [c for c in columns if c.kind in ("text", "number") and c.read]
    wave = next(
        (
            c
            for c in columns
            if c.read
            and WAVE.match(spaced(c.name))
            and 2 <= c.n_distinct <= max(2, min(60, c.n // 5))
            and c.n
        ),
        None,
    )
    if wave is not None:
        found[wave.name] = Guess(
            "wave", f"By its name; it holds {wave.n_distinct} different values.", doubt=1
        )
    if table in ("employees", "people", "moments"):
        persons = [c for c in free if c.is_called(PERSON) and c.n_distinct >= c.n / 30]
        # A respondent's number may begin anew in each wave; a number of the staff list is the person.
        person = next((c for c in persons if not RESPONDENT.match(spaced(c.name))), next(iter(persons), None))
        if person is not None:
            why = f"By its name; {person.n_distinct} different values in {person.n} rows."
            found[person.name] = Guess("person", why)
        else:
            own = [
                c
                for c in free
                if c.is_called(NUMBER) and c.n_distinct >= _OWN * c.n / _per_row(wave, n_waves)
            ]
            if own:
                why = "By its name a number, and hardly any two rows of a wave share one: taken for that of the person."
                found[own[0].name] = Guess("person", why, doubt=2)
    unit = _unit(
        [c for c in free if c.name not in found and c.name not in _KEPT - {"unit"}],
        table=table,
        n_waves=wave.n_distinct if wave else n_waves,
    )
    if unit is not None:
        found[unit.name] = _unit_guess(unit)
    weight = next(
        (c for c in free if WEIGHT.match(spaced(c.name)) and c.kind == "number" and c.name not in found), None
    )
    if weight is not None and weight.n == n_rows and (weight.numbers > 0).all():
        found[weight.name] = Guess("weight", "By its name; every row has a number above 0.", doubt=1)
    return found


def _per_row(wave: Column | None, n_waves: int) -> int:
    """Rows that one person can have: one in each wave."""
    return wave.n_distinct if wave else max(n_waves, 1)


def _unit_guess(column: Column) -> Guess:
    if not any(column.is_called(pattern) for pattern in UNITS):
        why = "Nothing by its name, but its values hardly repeat, as those of units in such a table."
        return Guess("unit", why, doubt=3)
    why = f"By its name; it holds {column.n_distinct} different units."
    return Guess("unit", why, doubt=2 if column.kind == "text" and column.n_distinct < 5 else 1)


def _unit(columns: Sequence[Column], *, table: str, n_waves: int) -> Column | None:
    for pattern in UNITS:
        for column in columns:
            if not column.is_called(pattern) or column.n_distinct < 2:
                continue
            per_unit = column.n / column.n_distinct
            # A table of units has a row for each, perhaps in each wave; elsewhere a unit has several rows.
            fits = per_unit <= 1.05 * n_waves if table == "units" else True
            if fits and (table in ("units", "people") or per_unit >= 2):
                return column
    if table != "units":
        return None
    # Nothing by name: the first text whose values hardly repeat.
    texts = [
        c
        for c in columns
        if c.kind == "text" and not personal(c.name) and c.n_distinct >= 0.9 * c.n / max(n_waves, 1)
    ]
    return texts[0] if texts else None


def guess_plain(column: Column, *, table: str, n_rows: int) -> Guess | None:
    """Guess a column that is no key and no answer, or return None where an answer scale is to be looked for first."""
    name = spaced(column.name)
    if personal(column.name) or (BIRTH.search(name) and column.kind == "date"):
        return Guess(
            "ignore", "It seems to hold a name, an address or another mark of a person; it is not read."
        )
    if table != "units" and _are_amounts_of_pay(column):
        return Guess(
            "ignore",
            "It seems to hold what each person earns; it is not read. As a category it needs bands, such as "
            "2500-3000.",
        )
    if column.kind == "empty":
        if not column.read:
            return Guess("ignore", "The importer keeps this column of the survey platform back.")
        return Guess("ignore", "No row has a value.")
    if not column.legible:
        return _illegible(column, table)
    if DURATION.search(name) and column.kind == "number" and not column.labels:
        return Guess("duration", "By its name; taken for seconds.", doubt=1)
    in_service = column.kind == "date" and table in ("people", "moments")
    if PLATFORM.match(name) and not column.labels and not column.question and not in_service:
        return Guess("ignore", "Made by the survey platform; it says nothing about work.")
    if name in _KEPT:
        return Guess(
            "ignore", f"The name {column.name!r} is kept for a key, and this column is none that can be used."
        )
    if column.kind == "date":
        if in_service:
            return Guess("date", "Its cells are dates.")
        if PLATFORM.match(name):
            return Guess("ignore", "Dates of answering are not used.")
        why = (
            "Dates of answering are not used. If they tell the waves, give this column the role date, and its file "
            "'waves_from: quarter' (or month, half_year, year) in the study file."
        )
        return Guess("ignore", why)
    if PLATFORM.match(name) and not column.labels:
        return Guess("ignore", "Made by the survey platform; it says nothing about work.")
    if PERSON.match(name) and column.kind in ("number", "text") and column.n_distinct > _MOST_CATEGORIES:
        return Guess(
            "ignore",
            "It seems to number persons or sheets, and is not the person of this table; it is not read.",
        )
    if table != "units" and COUNT.search(name) and column.whole and not column.labels and not column.question:
        return Guess("count", "Whole numbers, and its name speaks of a number of something.", doubt=1)
    if column.n_distinct == 1:
        only = str(column.texts.dropna().iloc[0])
        if column.kind == "text" and (is_placeholder(only) or is_no_answer(only)):
            return Guess("ignore", "No row has a value; some hold a sign or words for nothing.")
        if column.kind == "text" and FREE_TEXT.search(column.words):
            return Guess(
                "ignore", "By its name it is for answers in own words, and hardly anybody wrote one."
            )
        ticked = "a box that was ticked or not" if column.n < n_rows else "the same value in every row"
        return Guess("ignore", f"It holds only one answer: {ticked}.")
    return None


def _illegible(column: Column, table: str) -> Guess:
    if column.kind == "date":
        why = (
            "Its cells are days in a form that is not read; write them as 2024-03-31 or 31-03-2024 and give it the "
            "role date."
        )
        return Guess("ignore", why, doubt=3 if table in ("people", "moments") else 1)
    why = "Its cells are numbers with a sign, such as %; write them without it and give it a role."
    return Guess("ignore", why, doubt=3 if table == "units" else 1)


def _are_amounts_of_pay(column: Column) -> bool:
    """Whether a column by its name and its cells holds exact amounts of pay, and neither bands nor grades."""
    if not AMOUNT_OF_PAY.search(spaced(column.name)) or column.labels or not column.n:
        return False
    return bool(column.texts.dropna().str.fullmatch(_AMOUNT).mean() > _MOSTLY)


def mark_service(found: Mapping[str, Guess]) -> None:
    """Say which dates of a staff list are the first and the last day in service, by their names."""
    dates = [name for name, guess in found.items() if guess.role == "date"]
    for construct, patterns, day in (("start", FIRST_DAY, "first"), ("end", LAST_DAY, "last")):
        hits = (name for pattern in patterns for name in dates if pattern.match(spaced(name)))
        name = next(hits, None)
        if name is not None:
            found[name].more["construct"] = construct
            found[name].why = f"Its cells are dates; by its name the {day} day in service."
            found[name].doubt = 2


def is_trait(column: Column) -> bool:
    """Whether a column by its name holds a trait of a person or unit, such as an age or a department."""
    asked = bool(CATEGORY.search(column.question) and _ABOUT.match(column.question))
    return bool(CATEGORY.search(spaced(column.name))) or asked


def guess_category(column: Column, *, table: str, n_rows: int) -> Guess:
    """Guess a column that is no answer on a scale: a category, a text, or nothing that can be said."""
    guess = _unanswered(column, table=table, n_rows=n_rows)
    if guess.role == "category":
        # What a program writes for an empty cell is nobody's category, however few the cells are.
        nothing = [t for t in column.texts.dropna().unique() if t.casefold() in WRITTEN_BY_PROGRAMS]
        if nothing:
            guess.more["missing"] = sorted(nothing)
    return guess


def _unanswered(column: Column, *, table: str, n_rows: int) -> Guess:
    by_name = is_trait(column)
    strange = unlisted(column)
    if column.kind == "text" and (FREE_TEXT.search(column.words) or _is_free(column)):
        return Guess("text", "Answers in own words; they may name people and are not shown.")
    if column.kind == "text" and not column.labels and not column.shared():
        return Guess(
            "text", f"Texts that hardly anybody shares ({column.n_distinct} in {column.n} rows); not shown."
        )
    if (
        column.kind == "text"
        and not column.labels
        and MANAGER.search(spaced(column.name))
        and _are_names(column)
    ):
        return Guess("ignore", "It seems to hold the names of managers; it is not read.", doubt=1)
    few = 2 <= column.n_distinct <= min(_MOST_CATEGORIES, max(12, n_rows // 5))
    if column.labels and few:
        why = f"Its {len(column.labels)} labels have no order from bad to good. {strange}".strip()
        if by_name:
            return Guess("category", why, doubt=1 if strange else 0)
        return Guess("ignore", f"{why} Make it a category if groups are to be compared by it.")
    if few and by_name and (column.kind == "text" or (column.whole and column.n_distinct <= _MOST_BANDS)):
        return Guess("category", f"By its name; it holds {column.n_distinct} different values.")
    if few and column.kind == "text":
        if "?" in column.question or len(column.question.split()) > 6:
            return Guess("ignore", "Answers without an order from bad to good.")
        return Guess("category", f"It holds {column.n_distinct} different texts.", doubt=1)
    if column.kind == "number" and table not in ("units",):
        why = "Numbers that are no points of an answer scale; as a category they need bands, such as 25-34."
        return Guess("ignore", why)
    many = f"{column.n_distinct} different values in {column.n} rows"
    return Guess("ignore", f"Nothing says what it is ({many}).", doubt=1)


def unlisted(column: Column) -> str:
    """Say how many cells hold a value that the labels do not list; never which."""
    if not column.labels:
        return ""
    strange = column.texts.dropna()
    strange = strange[~strange.isin(column.labels.keys())]
    if strange.empty:
        return ""
    cells = "1 cell holds" if len(strange) == 1 else f"{len(strange)} cells hold"
    return f"{cells} something that the labels do not list."


def codes_in_words(column: Column) -> tuple[list[str], int]:
    """Return the texts among numbers that stand for no answer, and how many other texts there are.

    A sign such as a dash is listed wherever it stands; words only where enough rows share them to be a code.
    """
    strange = column.texts[column.numbers.isna()].value_counts()
    codes = [
        str(text)
        for text, n in strange.items()
        if is_placeholder(str(text)) or (n >= NAMEABLE and is_no_answer(str(text)))
    ]
    return sorted(codes), int(strange.drop(codes).sum())


def _are_names(column: Column) -> bool:
    """Whether most texts are two or more words with capitals, or a surname before a comma, as names of people are."""
    return bool(column.texts.dropna().str.fullmatch(_NAME).mean() > _MOSTLY)


def _is_free(column: Column) -> bool:
    texts = column.texts.dropna()
    return bool(texts.str.len().mean() > _LONG and column.n_distinct > max(_MOST_CATEGORIES, len(texts) / 10))
