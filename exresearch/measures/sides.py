"""One side of the link: employee or customer experience by unit and wave, wherever it was measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from exresearch.measures.aggregation import unit_means
from exresearch.measures.engagement import EngagedDefinition, engaged
from exresearch.measures.remembered import remembered
from exresearch.measures.resampling import respondents_by
from exresearch.measures.scores import NotScorable, construct_score, oriented, score_items, score_method
from exresearch.study import Study

Kind = Literal["share", "mean"]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the link: a construct by unit and wave.

    Attributes
    ----------
    construct : str
        What is measured.
    kind : {"share", "mean"}
        A share of people (0-1), or a mean of scores, on the scale that they have.
    source : str
        The table it comes from.
    frame : pandas.DataFrame
        ``unit, wave, value, n, size``: n counts answers, ``size`` is the sum of their weights; both are missing where a
        table of units does not say how many answers are behind a value.
    scale : tuple of float, optional
        Lowest and highest value that one answer can have, where that is known.
    """

    construct: str
    kind: Kind
    source: str
    frame: pd.DataFrame
    scale: tuple[float, float] | None = None


class NotMeasured(ValueError):
    """A side of the link is not measured in this study."""


def link_side(
    study: Study,
    construct: str,
    *,
    table: str,
    engaged_definition: EngagedDefinition = "highly_or_moderately",
    engaged_threshold: float = 5.0,
    min_unit_n: int = 5,
) -> tuple[Side, int]:
    """Read one side by unit and wave, whatever the other side has, without values that rest on too few answers.

    Use it where a question is about one side alone, so that a unit need not have customers to count.

    Parameters
    ----------
    study : Study
        The client.
    construct : str
        What is measured.
    table : {"employees", "customers"}
        Where its answers are; a ``measure`` of the units takes their place where there are none.
    engaged_definition, engaged_threshold, min_unit_n
        As :func:`link_table`.

    Returns
    -------
    tuple of Side and int
        The side, and the number of units of which no wave is left.

    Raises
    ------
    NotMeasured
        As :func:`link_table`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from exresearch.study import load_study
    >>> from exresearch.study.demo import write_demo_study
    >>> study = load_study(write_demo_study(Path(mkdtemp()), n_units=4, n_employees=40))
    >>> side, left_out = link_side(study, "cx", table="customers")
    >>> side.kind, bool((side.frame["n"] >= 5).all())
    ('mean', True)
    """
    side = read_side(study, construct, table, definition=engaged_definition, threshold=engaged_threshold)
    few = (side.frame["n"] < min_unit_n).fillna(False).astype(bool)
    few |= side.frame["unit"].isin(few_people(study, side, min_unit_n))
    kept = side.frame[~few].reset_index(drop=True)
    return replace(side, frame=kept), int(side.frame["unit"].nunique() - kept["unit"].nunique())


def read_side(
    study: Study, construct: str, table: str, *, definition: EngagedDefinition, threshold: float
) -> Side:
    """Read one side by unit and wave, with all its values."""
    asked = ("side", construct, table, definition, threshold)
    side = remembered(study, asked, lambda: _read(study, construct, table, definition, threshold))
    # Whoever asks may change the frame: what is kept stays as it is.
    return replace(side, frame=side.frame.copy())


def _read(study: Study, construct: str, table: str, definition: EngagedDefinition, threshold: float) -> Side:
    if construct == "complaints" and not _has_items(study, construct, table):
        try:
            return complaint_rate(study)
        except NotMeasured:
            pass
    try:
        values, kind = side_scores(study, construct, table, definition=definition, threshold=threshold)
    except NotMeasured:
        if _has_items(study, construct, table):
            raise
        try:
            return unit_measure(study, construct)
        except NotMeasured:
            raise NotMeasured(
                f"construct {construct!r} is not measured by unit: neither items of table {table!r} with a unit, "
                "nor a measure of table 'units'."
            ) from None
    by_unit = _by_unit_and_wave(study.table(table), values)
    return Side(construct, kind, table, by_unit, _scale(study, construct, table, kind))


def _scale(study: Study, construct: str, table: str, kind: Kind) -> tuple[float, float] | None:
    """Return the limits of one person's score; none where it has none, as a factor score."""
    if kind == "share":
        return 0.0, 1.0
    measured = score_items(study.codebook, table, construct)
    method = score_method(study.codebook, construct)
    lows = [v.minimum for v in measured if v.minimum is not None]
    highs = [v.maximum for v in measured if v.maximum is not None]
    if method == "factor" or len(lows) < len(measured) or len(highs) < len(measured):
        return None
    times = len(measured) if method == "sum" else 1
    return float(min(lows)) * times, float(max(highs)) * times


def side_scores(
    study: Study,
    construct: str,
    table: str,
    *,
    definition: EngagedDefinition = "highly_or_moderately",
    threshold: float = 5.0,
) -> tuple[pd.Series, Kind]:
    """Score the answers behind one side of the link.

    When to use it: where the means of units are not enough, such as for how far sampling alone moves them.

    Parameters
    ----------
    study : Study
        The client.
    construct : str
        ``engagement`` is 1 for engaged people and 0 for others; any other construct its score.
    table : str
        Answer sheets with a unit.
    definition, threshold
        As :func:`exresearch.measures.engaged`.

    Returns
    -------
    tuple of pandas.Series and {"share", "mean"}
        One value per answer sheet, and what the mean of a unit is.

    Raises
    ------
    NotMeasured
        If the table has no unit or no such items, or they cannot be scored as the codebook asks.
    """
    if not _has_items(study, construct, table):
        raise NotMeasured(f"construct {construct!r} has no items in table {table!r} with a unit.")
    frame, codebook = study.table(table), study.codebook
    if construct == "engagement":
        return (
            engaged(
                frame, codebook=codebook, definition=definition, threshold=threshold, construct=construct
            ),
            "share",
        )
    try:
        return construct_score(frame, codebook=codebook, table=table, construct=construct), "mean"
    except NotScorable as error:
        raise NotMeasured(str(error)) from error


def _has_items(study: Study, construct: str, table: str) -> bool:
    measured = [v for v in study.codebook.select(table, construct=construct) if v.role in ("item", "outcome")]
    return bool(measured) and study.has(table, "unit")


def unit_measure(study: Study, construct: str) -> Side:
    """Read a measure of the units by unit and wave.

    Parameters
    ----------
    study : Study
        The client.
    construct : str
        Which measure.

    Returns
    -------
    Side
        Turned so that higher is better, percentages as shares; rows without a value, and rows whose value rests on a
        number of answers of 0, are left out.

    Raises
    ------
    NotMeasured
        If the table of units has no such measure, or no unit.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from exresearch.study import load_study
    >>> from exresearch.study.demo import write_demo_study
    >>> study = load_study(write_demo_study(Path(mkdtemp()), n_units=4, n_employees=40))
    >>> unit_measure(study, "result").kind
    'mean'
    """
    measures = study.codebook.select("units", role="measure", construct=construct)
    if not measures or not study.has("units", "unit"):
        raise NotMeasured(f"construct {construct!r} is no measure of table 'units'.")
    measure = measures[0]
    frame = study.table("units")
    values = oriented(frame[measure.column], measure)
    kind: Kind = "share" if measure.kind == "percent" else "mean"
    n = frame[measure.n_column] if measure.n_column else pd.Series(pd.NA, index=frame.index, dtype="Float64")
    by_unit = pd.DataFrame(
        {
            "unit": frame["unit"],
            "wave": frame["wave"] if "wave" in frame else "all",
            "value": values / 100 if kind == "share" else values,
            "n": n.astype("Float64"),
            "size": n.astype("Float64"),
        }
    )
    answered = by_unit["value"].notna() & (by_unit["n"] > 0).fillna(True).astype(bool)
    scale = (0.0, 1.0) if kind == "share" else None
    return Side(construct, kind, "units", by_unit[answered].reset_index(drop=True), scale)


def complaint_rate(study: Study) -> Side:
    """Count complaints per head by unit and wave.

    When to use it: as a customer side that does not wait for customers to fill in a questionnaire.

    Parameters
    ----------
    study : Study
        The client.

    Returns
    -------
    Side
        Complaints per head with the sign turned, so that higher is better; ``n`` and ``size`` are the heads. Rows
        without heads are left out.

    Raises
    ------
    NotMeasured
        If the table of units does not count both complaints and heads.
    """
    frame = study.table("units")
    counts = {
        name: [v.column for v in study.codebook.select("units", role="count", construct=name)]
        for name in ("complaints", "headcount")
    }
    lacking = [name for name, columns in counts.items() if not any(column in frame for column in columns)]
    if lacking or not study.has("units", "unit"):
        raise NotMeasured("complaints per head need counts of complaints and of heads in table 'units'.")
    complaints, heads = (
        frame[next(column for column in columns if column in frame)].astype("Float64")
        for columns in counts.values()
    )
    by_unit = pd.DataFrame(
        {
            "unit": frame["unit"],
            "wave": frame["wave"] if "wave" in frame else "all",
            "value": -complaints / heads.where(heads > 0),
            "n": heads,
            "size": heads,
        }
    )
    return Side("complaints", "mean", "units", by_unit.dropna().reset_index(drop=True))


def _by_unit_and_wave(frame: pd.DataFrame, values: pd.Series) -> pd.DataFrame:
    means = unit_means(values, unit=frame["unit"], wave=frame.get("wave"), weights=frame.get("weight"))
    means["n"] = means["n"].astype("Float64")
    return means.rename(columns={"mean": "value"})[["unit", "wave", "value", "n", "size"]]


def few_people(study: Study, side: Side, min_unit_n: int) -> set[str]:
    """Units behind whose answers of several waves stand too few people: five sheets of one person are one person."""
    if side.source == "units":
        return set()
    frame = study.table(side.source)
    measured = study.codebook.select(side.source, construct=side.construct)
    columns = [v.column for v in measured if v.role in ("item", "outcome") and v.column in frame]
    answered = np.zeros(len(frame), dtype=bool)
    for column in columns:
        answered |= frame[column].notna().to_numpy()
    people = respondents_by(frame, where=answered)
    return {str(unit) for unit in people.index[people < min_unit_n]}
