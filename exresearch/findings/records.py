"""From a row of a tidy frame of estimates to a record that a finding can hold."""

from __future__ import annotations

import pandas as pd

from exresearch.findings.finding import EstimateRecord, MeasurementUnit
from exresearch.findings.note import Note


def estimate_record(
    estimates: pd.DataFrame,
    term: str,
    *,
    label: Note,
    unit_of_measurement: MeasurementUnit,
    method: Note,
    name: str | None = None,
) -> EstimateRecord:
    """Take one row of a tidy frame of estimates into a record.

    Parameters
    ----------
    estimates : pandas.DataFrame
        ``term, estimate, std_error, p_value, conf_low, conf_high, conf_level, n, n_units``; p-value, error and units
        may be missing.
    term : str
        Which row.
    label : Note
        What the estimate is, for the reader.
    unit_of_measurement : str
        Unit of the numbers.
    method : Note
        How it was computed.
    name : str, optional
        Name of the record, where it differs from ``term``.

    Returns
    -------
    EstimateRecord

    Raises
    ------
    ValueError
        If the frame has no row, or more than one, of that term.
    """
    rows = estimates[estimates["term"] == term]
    if len(rows) != 1:
        raise ValueError(
            f"exactly one estimate {term!r} is expected; there are {len(rows)} among {list(estimates['term'])}."
        )
    row = rows.iloc[0].to_dict()
    std_error, p_value, n_units = (
        None if pd.isna(row.get(key)) else row[key] for key in ("std_error", "p_value", "n_units")
    )
    return EstimateRecord(
        term=name or term,
        label=label,
        unit_of_measurement=unit_of_measurement,
        estimate=float(row["estimate"]),
        conf_low=float(row["conf_low"]),
        conf_high=float(row["conf_high"]),
        conf_level=float(row["conf_level"]),
        n=int(row["n"]),
        std_error=None if std_error is None else float(std_error),
        p_value=None if p_value is None else float(p_value),
        n_units=None if n_units is None else int(n_units),
        method=method,
    )
