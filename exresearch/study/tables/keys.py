"""Keys within tables and references between them: nobody twice, nothing that hangs in the air."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from exresearch.study.codebook import Codebook
from exresearch.study.problems import NAMEABLE, Problem, StudyError
from exresearch.study.remarks import Remark
from exresearch.study.tables.cells.key_cells import one_spelling, perhaps_totals, words_for_totals
from exresearch.study.tables.cells.naming import named_of
from exresearch.study.tables.rows import NEEDED
from exresearch.study.tables.table import Table
from exresearch.study.tables.waves import shared_waves

# The first key must be there; the others count where they are.
_UNIQUE = {"employees": ("person", "wave"), "units": ("unit", "wave"), "people": ("person",)}
# Tables whose dates may mark a period.
_WITH_PERIODS = ("people", "moments")


def check_tables(
    tables: Mapping[str, Table], *, codebook: Codebook | None = None, whole: bool = True
) -> tuple[Remark, ...]:
    """Check keys within tables and references between them, in both directions.

    Parameters
    ----------
    tables : mapping of str to Table
        What could be read.
    codebook : Codebook, optional
        Its dates with construct ``start`` and ``end`` are the ends of a period; without it, columns of that name.
    whole : bool
        Whether the codebook could be read in full; if not, nothing is concluded from a key that is not there.

    Returns
    -------
    tuple of Remark
        Units without answers, persons that ``people`` does not know, waves that tables do not share: counted.

    Raises
    ------
    StudyError
        A person twice in one wave, a unit twice in one wave of ``units``, a key without a value where it is needed,
        a period that ends before it starts, units that the ``units`` table does not know, a table of whose persons
        most are unknown to ``people``, persons, units or waves written in two ways, or tables without a wave in common.
    """
    problems: list[Problem] = []
    remarks: list[Remark] = []
    for table in tables.values():
        problems += (
            _lacking_keys(table, whole=whole)
            + _repeated_keys(table, whole=whole)
            + _turned_periods(table, codebook)
        )
    problems += [problem for key in ("person", "unit") for problem in _two_ways(tables, key)]
    problems += _perhaps_totals(tables)
    for found, noted in (_units(tables), _persons(tables), shared_waves(tables)):
        problems += found
        remarks += noted
    if problems:
        raise StudyError(problems)
    return tuple(remarks)


def _lacking_keys(table: Table, *, whole: bool) -> list[Problem]:
    frame = table.frame
    problems = []
    for key in NEEDED.get(table.name, ()):
        if key not in frame and whole:
            message = f"table {table.name!r} needs a column with role {key!r}."
            problems.append(Problem(table.file, key, message, "Give one column that role in the codebook."))
    for key in (*NEEDED.get(table.name, ()), *(("wave",) if table.name == "units" else ())):
        if key in frame and frame[key].isna().any():
            count = int(frame[key].isna().sum())
            message = f"{count} row{' has' if count == 1 else 's have'} no {key}."
            remedy = "Complete or remove them."
            if key != "wave":
                remedy = "Complete them, or write 'without_key: leave_out' for this file in the study file."
            problems.append(Problem(table.file, key, message, remedy))
    return problems


def _repeated_keys(table: Table, *, whole: bool) -> list[Problem]:
    frame = table.frame
    first, *others = _UNIQUE.get(table.name, ("",))
    if first not in frame or (not whole and any(key not in frame for key in others)):
        return []
    keys = [first, *(key for key in others if key in frame)]
    # A person without a wave in two rows is as much a repetition as with one: only who it is has to be known.
    repeated = int(frame.dropna(subset=[first]).duplicated(subset=keys).sum())
    if not repeated:
        return []
    rows, what = f"{repeated} row{' repeats' if repeated == 1 else 's repeat'}", " and ".join(keys)
    if len(keys) == 1:
        message = f"{rows} a {first} that stands in an earlier row."
        remedy = f"Keep one row for each {first}."
        if others:
            remedy = f"Keep one row for each {first}, or give a column the role 'wave'."
    else:
        message = f"{rows} a combination of {what} that stands in an earlier row."
        remedy = "Keep one row for each, or correct the wave."
        if frame.duplicated().any():
            remedy = (
                "Keep one row for each, or correct the wave; rows that are wholly the same can be left out with "
                "'same_rows: leave_out' for their file in the study file."
            )
    return [Problem(table.file, what, message, remedy)]


def _turned_periods(table: Table, codebook: Codebook | None) -> list[Problem]:
    if table.name not in _WITH_PERIODS:
        return []
    columns = {"start": "start", "end": "end"}
    if codebook is not None:
        columns |= {v.construct: v.column for v in codebook.select(table.name, role="date") if v.construct}
    start, end = columns["start"], columns["end"]
    if not all(name in table.frame and _is_date(table.frame[name]) for name in (start, end)):
        return []
    turned = int((table.frame[start] > table.frame[end]).sum())
    if not turned:
        return []
    message = f"{turned} row{' has' if turned == 1 else 's have'} a start after the end."
    return [Problem(table.file, f"{start} and {end}", message, "Correct the dates.")]


def _is_date(values: pd.Series) -> bool:
    return bool(pd.api.types.is_datetime64_any_dtype(values.dtype))


def _two_ways(tables: Mapping[str, Table], key: str) -> list[Problem]:
    """Persons or units that two files or rows write differently, such as 007 and 7, so that they would not link."""
    columns = {name: table.frame[key].dropna() for name, table in tables.items() if key in table.frame}
    if not columns:
        return []
    written = pd.concat([pd.Series(column.unique(), dtype="str") for column in columns.values()])
    written = written.drop_duplicates()
    plain = one_spelling(written, key)
    twice = plain.duplicated(keep=False)
    if not twice.any():
        return []
    n, two = plain[twice].nunique(), set(written[twice])
    files = _odd_files(tables, columns, dict(zip(written[twice], plain[twice], strict=True)))
    rows = pd.concat([column[column.isin(two)] for column in columns.values()])
    # A person in many rows is still one person.
    named = named_of(rows, len(two)) if key == "unit" else ""
    what = f"1 {key} is" if n == 1 else f"{n} {key}s are"
    how = (
        "zeros in front or '.0' behind"
        if key == "person"
        else "capitals, blanks, zeros in front or '.0' behind"
    )
    message = f"{what} written in two ways that differ in {how}{named}."
    return [Problem(files, key, message, f"Write each {key} in one way, in all files.")]


def _odd_files(
    tables: Mapping[str, Table], columns: Mapping[str, pd.Series], plain: Mapping[str, str]
) -> str:
    """Files with another spelling than most files have; where as many have each, all that hold one of them."""
    held = []
    for name, column in columns.items():
        table = tables[name]
        files = pd.Series(table.file, index=table.frame.index)
        if sum(n for _, n in table.kept_by_file) == len(table.frame):
            files = pd.Series(
                [file for file, n in table.kept_by_file for _ in range(n)],
                index=table.frame.index,
                dtype="str",
            )
        some = column[column.isin(plain.keys())]
        held.append(pd.DataFrame({"key": some, "file": files[some.index]}).drop_duplicates())
    found = pd.concat(held)
    # A file may hold two tables.
    found = found.drop_duplicates()
    by_key = found.groupby("key").size()
    names = by_key.index.map(plain)
    most = by_key.groupby(names).transform("max")
    rivals = (by_key == most).groupby(names).transform("sum")
    odd = by_key.index[(by_key < most) | (rivals > 1)]
    return ", ".join(dict.fromkeys(found.loc[found["key"].isin(odd), "file"]))


def _perhaps_totals(tables: Mapping[str, Table]) -> list[Problem]:
    """Units that are called like a total and have hardly any answers of their own: a total is one row, or few."""
    units = {name: table.frame["unit"].dropna() for name, table in tables.items() if "unit" in table.frame}
    named = {name: column[perhaps_totals(column)] for name, column in units.items()}
    answers = [column for name, column in named.items() if name != "units"]
    rows = pd.concat(answers).value_counts() if answers else pd.Series(dtype="int64")
    real = set(rows.index[rows >= NAMEABLE])
    problems = []
    for name, column in named.items():
        doubtful = column[~column.isin(real)]
        count = doubtful.nunique()
        if count:
            are = "1 unit is" if count == 1 else f"{count} units are"
            message = f"{are} named like a total ({words_for_totals(doubtful)}), and it is not clear whether it is one."
            remedy = (
                "If so, remove the rows, or list the text under 'missing' in the codebook; if not, write the name "
                "without that word, in all files."
            )
            problems.append(Problem(tables[name].file, "unit", message, remedy))
    return problems


def _units(tables: Mapping[str, Table]) -> tuple[list[Problem], list[Remark]]:
    if "units" not in tables or "unit" not in tables["units"].frame:
        return [], []
    units = tables["units"]
    known = units.frame["unit"].dropna().unique().tolist()
    answers = [table for table in tables.values() if table.name != "units" and "unit" in table.frame]
    problems = [problem for table in answers for problem in _strange_units(table, known)]
    if not answers:
        return problems, []
    answering = set().union(*(table.frame["unit"].dropna().unique() for table in answers))
    silent = len(set(known) - answering)
    remarks = [Remark("units", units.file, "unit", "units_without_answers", silent)] if silent else []
    return problems, remarks


def _strange_units(table: Table, known: list[str]) -> list[Problem]:
    units = table.frame["unit"].dropna()
    strange = units[~units.isin(known)]
    if strange.empty:
        return []
    count = strange.nunique()
    units_are = "1 unit is" if count == 1 else f"{count} units are"
    # A unit of few rows may be as good as a person, so only larger ones are named.
    message = f"{units_are} not in the table 'units'{named_of(strange, count)}."
    return [Problem(table.file, "unit", message, "Correct the names, or add these units.")]


def _persons(tables: Mapping[str, Table]) -> tuple[list[Problem], list[Remark]]:
    """Persons with answers against the staff list; people who never answered are what non-response is about."""
    if "people" not in tables or "person" not in tables["people"].frame:
        return [], []
    known = set(tables["people"].frame["person"].dropna().unique())
    problems, remarks = [], []
    for name in ("employees", "moments"):
        if name not in tables or "person" not in tables[name].frame:
            continue
        table = tables[name]
        persons = set(table.frame["person"].dropna().unique())
        strange = len(persons - known)
        if 2 * strange > len(persons):
            message = (
                f"{strange} of {len(persons)} persons are not in the table 'people'; the keys do not fit."
            )
            remedy = "Give both tables the same keys, or the role ignore to the person of this table."
            problems.append(Problem(table.file, "person", message, remedy))
        elif strange:
            remarks.append(Remark(name, table.file, "person", "persons_not_in_people", strange))
    return problems, remarks
