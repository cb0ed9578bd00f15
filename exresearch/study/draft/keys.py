"""The keys of a table as a draft guessed them: rows that lack one, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from exresearch.study.draft.columns.column import Column, Guess
from exresearch.study.draft.items.grouping import Part
from exresearch.study.tables.cells.key_cells import one_spelling, totals_among
from exresearch.study.tables.rows import NEEDED


def rows_without_key(part: Part, found: Mapping[str, Guess]) -> tuple[str, str]:
    """Say which rows are no row of data, because they lack the key or are totals of the rows above.

    Words for a total in a key become missing codes of it, so that the row has no key.

    Parameters
    ----------
    part : Part
        The table.
    found : mapping of str to Guess
        What every column is taken for; that of a key may change.

    Returns
    -------
    column : str
        The key that such rows lack, for ``without_key: leave_out`` in the study file; empty where there are none, or
        the table has no key.
    sentence : str
        What was found, empty where nothing was.
    """
    needed = NEEDED.get(part.table, ())
    roles = needed or ("person", "unit")
    keys = [c for role in roles for c in part.columns if found[c.name].role == role]
    closing = sum(len(export.totals) for export in part.exports)
    if not keys:
        if not closing:
            return "", ""
        rows, them = _closing(closing)
        return "", f"{part.table}: {rows}; no column is a key, so remove {them} from the file."
    for key in keys:
        _list_totals(part, key, found[key.name])
    column = keys[0]
    if not needed:
        if not closing:
            return "", ""
        rows, them = _closing(closing)
        return column.name, f"{part.table}: {rows}; the draft leaves {them} out."
    # Rows without any value are left out whatever the study file says.
    empty = sum(int(export.raw.frame.isna().all(axis=1).sum()) for export in part.exports)
    n = len(column.texts) - column.n - empty + int(totals_among(column.texts).sum()) + closing
    if not n:
        return "", ""
    rows = "1 row has" if n == 1 else f"{n} rows have"
    return column.name, f"{part.table}: {rows} no {column.name!r}, perhaps totals; the draft leaves them out."


def _closing(n: int) -> tuple[str, str]:
    if n == 1:
        return "1 row at the end seems to be a total or an average of those above", "it"
    return f"{n} rows at the end seem to be totals or averages of those above", "them"


def _list_totals(part: Part, key: Column, guess: Guess) -> None:
    below = [
        export.totals[key.name].dropna().astype("str").str.strip()
        for export in part.exports
        if key.name in export.totals
    ]
    texts = pd.concat([key.texts.dropna(), *below], ignore_index=True).astype("str")
    if part.table not in NEEDED:
        texts = pd.concat(below or [texts.iloc[:0]], ignore_index=True).astype("str")
    totals = sorted(texts[totals_among(texts)].unique())
    if totals:
        guess.more["missing"] = totals
        guess.why += " A row of totals is no row of data."


def keys_amiss(part: Part, found: Mapping[str, Guess], *, dated: bool) -> list[str]:
    """Return what ``check`` would say of the keys, in sentences; with dates, the waves are made from these."""
    keys = {guess.role: name for name, guess in found.items() if guess.role in ("person", "unit", "wave")}
    said = []
    for table, key in (("units", "unit"), ("people", "person")):
        if part.table == table and key not in keys:
            said.append(f"no column seems to hold the {key}, which this table needs; give one that role.")
    if "person" in keys and part.table == "employees" and "wave" not in keys and not (part.waves or dated):
        person = next(c for c in part.columns if c.name == keys["person"])
        if person.n_distinct < person.n:
            said.append(
                "persons stand in several rows, and no column seems to hold the wave; give one that role."
            )
    unit = next((c for c in part.columns if found[c.name].role == "unit"), None)
    if unit is not None and unit.kind == "text":
        spelt = pd.Series(unit.texts.dropna().unique(), dtype="str")
        n = len(spelt) - one_spelling(spelt, "unit").nunique()
        if n:
            units = "1 unit is" if n == 1 else f"{n} units are"
            said.append(
                f"{units} written in more than one way, such as with other capitals; "
                f"write each in one way in column {unit.name!r}."
            )
    unread = {name for export in part.exports for name in export.raw.present} - {c.name for c in part.columns}
    if unread:
        names = ", ".join(sorted(name.strip() for name in unread if name.strip()))
        said.append(
            f"a name stands twice in the heading, once with a blank before or after it; one is read: {names}."
        )
    return said
