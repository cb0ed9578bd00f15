"""Which table of the data model an export is, and which exports are parts of one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exresearch.study.draft.columns.column import Column, columns_of
from exresearch.study.draft.columns.questions import CUSTOMER
from exresearch.study.draft.columns.words import PERSON, TABLES, UNITS, WAVE, spaced
from exresearch.study.draft.exports import Export, Keys, alike, waves_of
from exresearch.study.draft.items.items import find_scales
from exresearch.study.parameters import TableName

_START = ("start", "hire", "in dienst", "indienst", "datum in", "first day", "date in", "begin")


@dataclass(frozen=True, slots=True)
class Part:
    """The exports of one table.

    Attributes
    ----------
    table : str
        Of the data model.
    why : str
        The reason, in a sentence.
    doubt : int
        0 to 3.
    exports : tuple of Export
        Its files, in order.
    waves : tuple of str
        Wave of each file, empty where the files hold it in a column or have none.
    columns : tuple of Column
        Its columns.
    """

    table: TableName
    why: str
    doubt: int
    exports: tuple[Export, ...]
    waves: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def n_rows(self) -> int:
        """Rows of all files together."""
        return sum(len(export.raw.frame) for export in self.exports)

    @property
    def n_same_rows(self) -> int:
        """Rows that are the same as an earlier one of their file, rows without any value apart."""
        return sum(int(export.raw.frame.dropna(how="all").duplicated().sum()) for export in self.exports)


def group_exports(exports: Sequence[Export], keys: Keys) -> tuple[list[Part], list[str]]:
    """Put exports with the same columns together, and guess which table each group is.

    Parameters
    ----------
    exports : sequence of Export
        Without the key files.
    keys : Keys
        What the key files say.

    Returns
    -------
    parts : list of Part
        At most one of each table.
    notes : list of str
        Which exports are left out, and why.
    """
    groups: list[list[Export]] = []
    for export in exports:
        for group in groups:
            if alike(group[0], export):
                group.append(export)
                break
        else:
            groups.append([export])
    parts: dict[str, Part] = {}
    notes: list[str] = []
    for group in groups:
        columns = columns_of(group, keys)
        table, why, doubt = _table(group, columns, taken=set(parts))
        files = ", ".join(export.name for export in group)
        if not table:
            notes.append(f"{files}: {why}")
            continue
        in_column = any(WAVE.match(spaced(c.name)) and c.n_distinct > 1 for c in columns)
        waves = () if in_column else tuple(waves_of(group))
        if len(group) > 1 and not in_column and not waves:
            why += " Its files stand below one another; their names do not tell waves apart."
            doubt = 3
        parts[table] = Part(table, why, doubt, tuple(group), waves, tuple(columns))
    return list(parts.values()), notes


def _table(
    group: Sequence[Export], columns: Sequence[Column], *, taken: set[str]
) -> tuple[TableName | None, str, int]:
    names = [spaced(c.name) for c in columns]
    called = " ".join(spaced(f"{e.path.stem} {e.options.get('sheet', '')}") for e in group)
    scales = find_scales(columns)
    has_person = any(column.is_called(PERSON) for column in columns)
    scored: list[tuple[int, TableName, str]] = []

    def says(table: TableName, points: int, reason: str) -> None:
        scored.append((points, table, reason))

    for table, pattern in TABLES.items():
        if pattern.search(called):
            says(table, 3, "by its name")  # type: ignore[arg-type]
    dates = [n for c, n in zip(columns, names, strict=True) if c.kind == "date"]
    if has_person and not scales and any(any(word in name for word in _START) for name in dates):
        says("people", 4, "it has a person in each row, a first day and no answers")
    if has_person and scales and any(TABLES["moments"].search(name) for name in names):
        says("moments", 4, "it has persons, contact moments and a rating")
    decimal = sum(c.kind == "number" and not c.whole for c in columns)
    answers = len(scales) if len(scales) * 3 > decimal else 0
    if not answers and decimal and not has_person and _one_row_per_unit(columns, n_files=len(group)):
        says("units", 4, "it has one row for each unit and numbers with decimals")
    elif not answers and decimal >= 2 and not has_person:
        says("units", 2, "it has numbers with decimals and no answers of persons")
    by_unit = any(pattern.match(name) for pattern in UNITS for name in names)
    if by_unit and decimal and not (answers or has_person or _one_row_per_unit(columns, n_files=len(group))):
        says("employees", 3, "it has several rows for each unit")
    if answers:
        texts = [c.question or spaced(c.name) for c in columns if c.name in scales]
        of_customers = sum(bool(CUSTOMER.search(text)) for text in texts)
        if len(scales) <= 8 and 2 * of_customers > len(texts):
            says("customers", 3, "most of its questions speak of customers")
        count = "1 answer" if len(scales) == 1 else f"{len(scales)} answers"
        says("employees", 1 + (len(scales) >= 3), f"it has {count} on a scale in each row")
    if has_person and not scored:
        says("employees", 1, "it has a person in each row")
    totals: dict[TableName, int] = {}
    reasons: dict[TableName, list[str]] = {}
    for points, name, reason in scored:
        totals[name] = totals.get(name, 0) + points
        reasons.setdefault(name, []).append(reason)
    ranked = sorted((t for t in totals if t not in taken), key=lambda t: (-totals[t], list(TABLES).index(t)))
    if not ranked:
        full = [t for t in totals if t in taken]
        if full:
            return None, f"left out: it seems to be table {full[0]!r}, and another file is that already.", 3
        return None, "left out: nothing says which table it is; name it after one, such as employees.csv.", 3
    best = ranked[0]
    rival = totals[ranked[1]] if len(ranked) > 1 else 0
    doubt = 1 if totals[best] >= 3 and totals[best] > rival else 2
    return best, f"Taken for table {best!r}: {' and '.join(reasons[best])}.", doubt


def _one_row_per_unit(columns: Sequence[Column], *, n_files: int) -> bool:
    waves = [c.n_distinct for c in columns if WAVE.match(spaced(c.name)) and c.n_distinct > 1]
    most = 1.05 * max([n_files, *waves])
    named = [c for c in columns if any(pattern.match(spaced(c.name)) for pattern in UNITS)]
    return any(c.n_distinct > 1 and c.n / c.n_distinct <= most for c in named)
