"""One column as a draft sees it, and what is guessed of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd

from exresearch.study.draft.columns.words import spaced
from exresearch.study.draft.exports import Export, Keys
from exresearch.study.importers.text.decimals import with_points
from exresearch.study.problems import NAMEABLE

# Where the opening of a block of statements may end, and how many statements or words make one.
_OPENING_ENDS = re.compile(r"(?:[:?.…]\s*(?:[-–]\s+)?|\s[-–]\s+)(?=\w)")
_BLOCK = 3
_LONGEST_NAME = 3
_MOSTLY = 0.9
# A sign before or behind a number, with which it is text to the tables.
_SIGN = r"^(?:\u20ac|eur|\$|\u00a3)\s*(?=\d)|(?<=\d)\s*(?:%|\u20ac|eur|euro|,-)$"
# Days as people write them and the tables do not read.
_OTHER_DAYS = (
    "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%y", "%d/%m/%y", "%d.%m.%y", "%m/%d/%Y", "%m-%d-%Y", "%Y/%m/%d", "%d %m %Y",
)  # fmt: skip
_EMPTY_NAME = re.compile(r"\b(q|question|vraag|item|v|var|x|qid|m|col|column)\b ?\w{0,6}$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """What is known of a column before anything is guessed.

    Attributes
    ----------
    name : str
        Its name in the file.
    question : str
        Wording, empty where the exports hold none.
    labels : dict of str to str
        Label of each code, where the exports hold them.
    texts : pandas.Series
        Cells as text, blanks missing.
    numbers : pandas.Series
        Cells as numbers; missing where they are none.
    kind : {"empty", "number", "date", "text"}
        What nearly all cells are.
    read : bool
        Whether the importer gave the cells; it keeps back columns that hold names or addresses.
    legible : bool
        Whether the tables read the cells as what they are; not days such as 31/3/2024, or numbers with a % behind them.
    """

    name: str
    question: str
    labels: dict[str, str]
    texts: pd.Series
    numbers: pd.Series
    kind: str
    read: bool = True
    legible: bool = True

    @property
    def n(self) -> int:
        """Cells with a value."""
        return int(self.texts.notna().sum())

    @property
    def n_distinct(self) -> int:
        """Different values."""
        return int(self.texts.nunique())

    @property
    def words(self) -> str:
        """Name and wording, as words."""
        return f"{spaced(self.name)} {self.question}".strip()

    def is_called(self, pattern: re.Pattern[str]) -> bool:
        """Whether its name begins with a pattern, or a wording that is no more than a name."""
        short = 0 < len(self.question.split()) <= _LONGEST_NAME
        return bool(pattern.match(spaced(self.name)) or (short and pattern.match(spaced(self.question))))

    @property
    def says_something(self) -> bool:
        """Whether name or wording says what was asked."""
        plain = re.sub(r"[\d_]+", " ", spaced(self.name)).strip()
        told = len(plain) >= 4 and not _EMPTY_NAME.match(plain)
        return told or len(self.question.split()) >= 2

    @property
    def whole(self) -> bool:
        """Whether all cells are whole numbers."""
        return self.kind == "number" and bool((self.numbers.dropna() % 1 == 0).all())

    def shared(self) -> list[str]:
        """Values that enough rows hold to be written down, in order."""
        counts = self.texts.value_counts()
        return sorted(counts.index[counts >= NAMEABLE])


@dataclass(slots=True)
class Guess:
    """What a draft takes a column for.

    Attributes
    ----------
    role : str
        Of the codebook.
    why : str
        The reason, in a sentence for whoever confirms it.
    more : dict
        Further keys of the entry.
    certain : set of str
        Keys that are not guessed because a file says so itself.
    doubt : int
        0 for what hardly needs a look, up to 3 for what does first.
    """

    role: str
    why: str
    more: dict[str, Any] = field(default_factory=dict)
    certain: set[str] = field(default_factory=set)
    doubt: int = 0


def columns_of(parts: Sequence[Export], keys: Keys) -> list[Column]:
    """Return the columns of a table that lies in one or more files, in the order of the first that has them."""
    names = dict.fromkeys(name for part in parts for name in part.raw.present if name.strip())
    # A codebook keeps blanks out of names: of names that differ in blanks alone it can describe one.
    plain = [name for name in names if name == name.strip() or name.strip() not in names]
    columns = [_column(name, parts, keys) for name in plain]
    asked = own_parts([column.question or column.name for column in columns])
    return [
        replace(column, question=own) if own else column for column, own in zip(columns, asked, strict=True)
    ]


def own_parts(wordings: Sequence[str]) -> list[str]:
    """Return of each wording what follows an opening that at least three share; empty where there is none.

    When to use it: survey platforms repeat the opening of a block of statements in the heading of each.

    Examples
    --------
    >>> opening = "To what extent do you agree: "
    >>> own_parts([opening + "I am proud", opening + "I am heard", opening + "I learn", "Team"])
    ['I am proud', 'I am heard', 'I learn', '']
    """
    texts = [" ".join(text.split()) for text in wordings]
    cuts = [[found.end() for found in _OPENING_ENDS.finditer(text)] for text in texts]
    counts = Counter(text[:cut] for text, ends in zip(texts, cuts, strict=True) for cut in ends)
    own = []
    for text, ends in zip(texts, cuts, strict=True):
        shared = [cut for cut in ends if counts[text[:cut]] >= _BLOCK and len(text[:cut].split()) >= _BLOCK]
        own.append(text[max(shared) :] if shared else "")
    return own


def _column(name: str, parts: Sequence[Export], keys: Keys) -> Column:
    held = [part for part in parts if name in part.raw.frame]
    question = next((p.raw.wording[name] for p in parts if name in p.raw.wording), keys.wording.get(name, ""))
    labels = next((p.raw.value_labels[name] for p in parts if name in p.raw.value_labels), None)
    labels = labels or keys.labels.get(name, {})
    texts = pd.concat([_text(part.raw.frame[name]) for part in held] or [pd.Series(dtype="str")])
    numbers = pd.concat(
        [_number(part.raw.frame[name], decimal_comma=part.raw.decimal_comma) for part in held]
        or [pd.Series(dtype="float64")]
    )
    texts, numbers = texts.reset_index(drop=True), numbers.reset_index(drop=True)
    kind, legible = _kind(held, name, texts, numbers)
    return Column(
        name=name,
        question=" ".join(question.split()),
        labels={
            str(code).strip().removesuffix(".0"): " ".join(text.split()) for code, text in labels.items()
        },
        texts=texts,
        numbers=numbers,
        kind=kind,
        read=bool(held),
        legible=legible,
    )


def _text(cells: pd.Series) -> pd.Series:
    if (
        pd.api.types.is_float_dtype(cells.dtype)
        and (cells.dropna() % 1 == 0).all()
        and cells.abs().max() < 2**63
    ):
        cells = cells.astype("Int64")
    texts = cells.astype("object").map(lambda value: str(value).strip(), na_action="ignore").astype("str")
    return texts.where((texts != "") & cells.notna().to_numpy())


def _number(cells: pd.Series, *, decimal_comma: bool) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return pd.Series(float("nan"), index=cells.index)
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return cells.astype("Float64").astype("float64")
    texts = cells.astype("object").map(lambda value: str(value).strip(), na_action="ignore").astype("str")
    texts = texts.str.replace(_SIGN, "", regex=True, case=False)
    # The tables decide on the decimal sign in the same way.
    written, unclear = with_points(texts, comma=decimal_comma)
    if unclear:
        # Decimals or thousands: the study file has to say, and numbers they are.
        written = texts.str.replace(r"[.,](?=\d{3}(?:\D|$))", "", regex=True).str.replace(
            ",", ".", regex=False
        )
    return pd.to_numeric(written, errors="coerce").astype("float64")


def _kind(
    held: Sequence[Export], name: str, texts: pd.Series, numbers: pd.Series
) -> tuple[Literal["empty", "number", "date", "text"], bool]:
    """What nearly all cells are, and whether the tables read them so."""
    n = int(texts.notna().sum())
    if n == 0:
        return "empty", True
    if all(pd.api.types.is_datetime64_any_dtype(part.raw.frame[name].dtype) for part in held):
        return "date", True
    if numbers.notna().sum() >= _MOSTLY * n:
        signed = texts.str.contains(_SIGN, regex=True, case=False, na=False)
        return "number", not signed.any()
    for form in ("ISO8601", "%d-%m-%Y", *_OTHER_DAYS):
        if pd.to_datetime(texts, format=form, errors="coerce", utc=True).notna().sum() >= _MOSTLY * n:
            return "date", form not in _OTHER_DAYS
    return "text", True
