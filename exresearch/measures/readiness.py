"""Who answered, and what is missing: the frames of the data readiness page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.study import Study

_ANSWERS = ("item", "driver", "outcome", "need")


def answers_by_wave(study: Study) -> pd.DataFrame:
    """Count answer sheets and units per wave, with the response rate where head counts are known.

    Parameters
    ----------
    study : Study
        The client.

    Returns
    -------
    pandas.DataFrame
        ``wave, n, n_units, response_rate`` in order of time. Answer sheets of employees; where there are none, units of
        the ``units`` table with n as the sum of the first measure's counts. ``response_rate`` is missing without a
        column ``headcount`` with role ``count`` in ``units``, and in a wave where a unit has none. One row called
        ``all`` where the table has no waves; empty where there is neither table.
    """
    name = "employees" if study.has("employees") else "units"
    frame = study.table(name)
    if frame.empty:
        return pd.DataFrame(columns=["wave", "n", "n_units", "response_rate"])
    waves = frame["wave"] if "wave" in frame else pd.Series("all", index=frame.index)
    counted = pd.Series(1.0, index=frame.index) if name == "employees" else _unit_counts(study, frame)
    work = pd.DataFrame({"wave": waves, "n": counted, "unit": frame["unit"] if "unit" in frame else pd.NA})
    if "phase" in frame:
        # Answers from before or after employment say nothing about the response of employees.
        work = (
            work[frame["phase"].isin(["employee", "working"])]
            if frame["phase"].isin(["employee", "working"]).any()
            else work
        )
    table = work.groupby("wave", sort=False).agg(n=("n", "sum"), n_units=("unit", "nunique")).reset_index()
    headcount = _headcount(study) if name == "employees" else pd.Series(dtype="float64")
    table["response_rate"] = table["n"] / table["wave"].map(headcount).astype("float64")
    order = {wave: position for position, wave in enumerate(study.waves)}
    table["n"] = table["n"].astype("int64")
    return table.sort_values("wave", key=lambda values: values.map(order), ignore_index=True)


def missing_answers(study: Study) -> pd.DataFrame:
    """Give the share of missing answers per column that holds answers or measures.

    Parameters
    ----------
    study : Study
        The client.

    Returns
    -------
    pandas.DataFrame
        ``table, column, label, share, n, note``, the largest share first; ``label`` maps language to text, ``n`` is the
        number of rows, ``note`` is empty.
    """
    rows: list[dict[str, Any]] = []
    for variable in study.codebook.variables:
        if variable.role not in (*_ANSWERS, "measure") or variable.table not in study.tables:
            continue
        values = study.tables[variable.table][variable.column]
        label = study.codebook.label(variable.column)
        rows.append(
            {
                "table": variable.table,
                "column": variable.column,
                "label": label,
                "note": pd.NA,
                "share": float(values.isna().mean()),
                "n": len(values),
            }
        )
    frame = pd.DataFrame(rows, columns=["table", "column", "label", "share", "n", "note"])
    return frame.sort_values(["share", "table", "column"], ascending=[False, True, True], ignore_index=True)


def _unit_counts(study: Study, frame: pd.DataFrame) -> pd.Series:
    names = [v.n_column for v in study.codebook.select("units", role="measure") if v.n_column is not None]
    return frame[names[0]].fillna(0) if names else pd.Series(1.0, index=frame.index)


def _headcount(study: Study) -> pd.Series:
    units = study.table("units")
    counts = [v.column for v in study.codebook.select("units", role="count")]
    if "headcount" not in counts or "wave" not in units:
        return pd.Series(dtype="float64")
    # Of a wave in which one unit's head count is unknown, the total is unknown.
    return units.groupby("wave")["headcount"].sum(skipna=False)
