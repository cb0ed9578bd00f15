"""Who answered, and what is missing: the frames of the data readiness page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.study import TABLES, Study
from exresearch.study.weights import (
    ALL_WAVES,
    answers_counted,
    headcount_column,
    invited,
    response_rate,
    working_rows,
)

_ANSWERS = ("item", "driver", "outcome", "need")
# More columns than this cannot be read side by side.
_MANY_GROUPS = 12
# Steps of the ledger that count the rows of a table before anything is left out.
_IN_FILES = ("rows in the file", "rows in the files")


def answers_by_wave(study: Study) -> pd.DataFrame:
    """Count answer sheets and units per wave, with the response rate where head counts are known.

    Parameters
    ----------
    study : Study
        The client.

    Returns
    -------
    pandas.DataFrame
        ``wave, n, n_units, response_rate, source`` in order of time. Answer sheets of employees; where there are none,
        units of the ``units`` table with n as the sum of the first measure's counts. ``n_units`` is missing where
        answers have no unit. ``response_rate`` goes by the head counts of ``units`` (role ``count``, construct
        ``headcount``, or a column of that name), and is missing in a wave where a unit has none; without that column by
        the people on the staff list in service on the wave's day of reference, or at some time during the wave where
        the study file gives none, and is missing where neither its dates nor the name of the wave tell. It is missing
        as well where more answered than there are. ``source`` says which: ``head counts`` or ``staff list``, missing
        where the rate is. One row called ``all`` where the table has no waves; empty where there is neither table.
    """
    name = "employees" if study.has("employees") else "units"
    frame = study.table(name)
    if frame.empty:
        return pd.DataFrame(columns=["wave", "n", "n_units", "response_rate", "source"])
    waves = frame["wave"] if "wave" in frame else pd.Series(ALL_WAVES, index=frame.index)
    counted = pd.Series(1.0, index=frame.index) if name == "employees" else _unit_counts(study, frame)
    work = pd.DataFrame({"wave": waves, "n": counted, "unit": frame["unit"] if "unit" in frame else pd.NA})
    if name == "employees":
        working = working_rows(frame, study.codebook)
        work = work if working is None else work[working]
    table = work.groupby("wave", sort=False).agg(n=("n", "sum"), n_units=("unit", "nunique")).reset_index()
    counted_heads = headcount_column(study) is not None
    # Units by themselves are not set against the staff list: nobody knows whom they asked.
    known = name == "employees" or counted_heads
    table["response_rate"] = [
        response_rate(n, invited(study, wave)) if known else float("nan")
        for wave, n in zip(table["wave"], table["n"], strict=True)
    ]
    if name == "units":
        # Of a wave in which one unit does not say how many answered, the rate is unknown.
        unsaid = set(waves[answers_counted(study, frame).isna()])
        table["response_rate"] = table["response_rate"].mask(table["wave"].isin(unsaid))
    source = "head counts" if counted_heads else "staff list"
    table["source"] = pd.Series(source, index=table.index, dtype="str").where(table["response_rate"].notna())
    if "unit" not in frame:
        table["n_units"] = pd.Series(pd.NA, index=table.index, dtype="Int64")
    order = {wave: position for position, wave in enumerate(study.waves)}
    table["n"] = table["n"].astype("int64")
    return table.sort_values("wave", key=lambda values: values.map(order), ignore_index=True)


def missing_cells(study: Study) -> pd.DataFrame:
    """Give the share of missing answers per column and group of answer sheets: the missing map.

    The groups are the waves; in a table of one wave the first category that splits it in two to twelve parts, of the
    units where there is one; else everybody.

    Parameters
    ----------
    study : Study
        The client.

    Returns
    -------
    pandas.DataFrame
        ``table, column, label, by, category, group, n, share``: ``by`` is ``wave``, the label of a category (a mapping
        from language to text), or empty, and ``category`` its column; ``group`` its value in order; ``n`` the rows of
        that group, answered or not;
        ``share`` the part of them without an answer, 1 where a question was not asked. Rows without a group are left
        out here.
    """
    rows: list[dict[str, Any]] = []
    for name in TABLES:
        frame = study.table(name)
        variables = [v for v in study.codebook.select(name) if v.role in (*_ANSWERS, "measure")]
        columns = [v.column for v in variables if v.column in frame]
        if not columns or frame.empty:
            continue
        by, groups = _groups(study, name, frame)
        missing = frame[columns].isna().groupby(groups.to_numpy(), sort=True)
        shares, sizes = missing.mean(), missing.size()
        order = list(sizes.index)
        if by == "wave":
            order = [wave for wave in study.waves if wave in sizes.index]
        elif by:
            # Labels of codes in the order of the codebook, in which "less than 200" goes before "200 and more".
            described = [v for v in study.codebook.variables if v.column == by]
            known = [text for v in described for text in v.values]  # noqa: PD011 - a field of the codebook
            order = [text for text in known if text in order] + [text for text in order if text not in known]
        rows += [
            {
                "table": name,
                "column": column,
                "label": study.codebook.label(column),
                "by": by if by in ("", "wave") else study.codebook.label(by),
                "category": by,
                "group": group,
                "n": int(sizes[group]),
                "share": float(shares[column][group]),
            }
            for column in columns
            for group in order
        ]
    return pd.DataFrame(rows, columns=["table", "column", "label", "by", "category", "group", "n", "share"])


def rows_used(study: Study) -> pd.DataFrame:
    """Follow the rows of each table from the files to the analysis: the attrition flow.

    Parameters
    ----------
    study : Study
        The client.

    Returns
    -------
    pandas.DataFrame
        ``table, step, n, removed``: per table one row ``rows in the files`` (n rows, none removed), one for each step
        of the ledger that took rows out (n rows left after it), and one ``rows for the analysis`` (the study's table).
    """
    rows: list[dict[str, Any]] = []
    for name in TABLES:
        if name not in study.tables:
            continue
        frame = study.tables[name]
        steps = study.ledger[(study.ledger["table"] == name) & (study.ledger["counted"] == "rows")]
        taken = steps[steps["removed"] > 0]
        # As the file was read, and not counted back from the analysis: a step that is missing here would show.
        left = int(steps.loc[steps["step"].isin(_IN_FILES), "n"].iloc[0])
        rows.append({"table": name, "step": "rows in the files", "n": left, "removed": 0})
        for step, removed in zip(taken["step"], taken["removed"], strict=True):
            left -= int(removed)
            rows.append({"table": name, "step": step, "n": left, "removed": int(removed)})
        rows.append({"table": name, "step": "rows for the analysis", "n": len(frame), "removed": 0})
    return pd.DataFrame(rows, columns=["table", "step", "n", "removed"])


def _groups(study: Study, name: str, frame: pd.DataFrame) -> tuple[str, pd.Series]:
    """Return by what the rows of a table are told apart, and the group of each; missing where it has none."""
    if "wave" in frame and len(frame["wave"].dropna().unique()) > 1:
        return "wave", frame["wave"]
    units = study.table("units")
    if "unit" in frame and "unit" in units and name != "units":
        known = units.drop_duplicates("unit").set_index("unit")
        for variable in study.codebook.select("units", role="category"):
            groups = frame["unit"].map(known[variable.column])
            if 1 < groups.nunique() <= _MANY_GROUPS:
                return variable.column, groups
    for variable in study.codebook.select(name, role="category"):
        if 1 < frame[variable.column].nunique() <= _MANY_GROUPS:
            return variable.column, frame[variable.column]
    return "", pd.Series("all", index=frame.index)


def _unit_counts(study: Study, frame: pd.DataFrame) -> pd.Series:
    known = answers_counted(study, frame)
    return known.fillna(0) if known.notna().any() else pd.Series(1.0, index=frame.index)
