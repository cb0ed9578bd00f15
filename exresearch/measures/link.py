"""The link table: one row per unit, or per unit and wave, with its employee and its customer side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from exresearch.measures.aggregation import unit_means
from exresearch.measures.engagement import EngagedDefinition, engaged
from exresearch.measures.resampling import respondents
from exresearch.measures.scores import NotScorable, construct_score, oriented
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
    """

    construct: str
    kind: Kind
    source: str
    frame: pd.DataFrame


@dataclass(frozen=True, slots=True)
class LinkTable:
    """Employee and customer experience side by side.

    Attributes
    ----------
    ex, cx : Side
        The two sides by unit and wave.
    units : pandas.DataFrame
        One row per unit: ``unit, ex, ex_n, ex_size, cx, cx_n, cx_size`` and the unit's categories.
    panel : pandas.DataFrame
        The same per unit and wave.
    n_excluded : int
        Units left out because a side is missing or rests on too few answers.
    n_ex_out, n_cx_out : int
        Those of them that fall out by their employee side, and by their customer side; a unit can fall out by both.
    """

    ex: Side
    cx: Side
    units: pd.DataFrame
    panel: pd.DataFrame
    n_excluded: int
    n_ex_out: int
    n_cx_out: int


class NotMeasured(ValueError):
    """A side of the link is not measured in this study."""


def link_table(
    study: Study,
    *,
    ex_measure: str,
    cx_measure: str,
    engaged_definition: EngagedDefinition = "highly_or_moderately",
    engaged_threshold: float = 5.0,
    min_unit_n: int = 5,
) -> LinkTable:
    """Join employee and customer experience by unit, over all waves and per wave.

    The construct ``engagement`` enters as the share of engaged employees; any other construct by its score;
    a ``measure`` of the ``units`` table as it is, turned so that higher is better, percentages as shares;
    complaints that are counted per unit as :func:`complaint_rate`.

    Parameters
    ----------
    study : Study
        The client.
    ex_measure, cx_measure : str
        Constructs of the two sides.
    engaged_definition, engaged_threshold
        As :func:`exresearch.measures.engaged`.
    min_unit_n : int
        Answers that a unit needs on each side where the number of answers is known, and people behind them where the
        sheets say who they are.

    Returns
    -------
    LinkTable

    Raises
    ------
    NotMeasured
        If a side is not in the data, has no units, or cannot be scored as the codebook asks.

    Notes
    -----
    Values of several waves are averaged with ``size`` as weight, so that the value of a unit is the value of its pooled
    answers. Where a wave of a unit has no number of answers, the waves of that unit count alike. A row of units with a
    value and a number of answers of 0 contradicts itself and is left out.
    """
    ex = _side(study, ex_measure, "employees", definition=engaged_definition, threshold=engaged_threshold)
    cx = _side(study, cx_measure, "customers", definition=engaged_definition, threshold=engaged_threshold)
    keys = ["unit", "wave"]
    panel = _join(ex.frame, cx.frame, keys=keys)
    ex_units, cx_units = _pool(ex.frame), _pool(cx.frame)
    pooled = _join(ex_units, cx_units, keys=["unit"])
    everything = set(ex.frame["unit"]) | set(cx.frame["unit"])
    few = {"ex": _few_people(study, ex, min_unit_n), "cx": _few_people(study, cx, min_unit_n)}
    hidden = few["ex"] | few["cx"]
    units = _enough(pooled[~pooled["unit"].isin(hidden)], min_unit_n)
    panel = panel[~panel["unit"].isin(hidden)]
    categories = unit_categories(study)
    if not categories.empty:
        # A category may be called like a column of ours.
        names = ("", "_category")
        units = units.merge(categories, on="unit", how="left", validate="one_to_one", suffixes=names)
        panel = panel.merge(categories, on="unit", how="left", validate="many_to_one", suffixes=names)
    return LinkTable(
        ex=ex,
        cx=cx,
        units=units.reset_index(drop=True),
        panel=_enough(panel, min_unit_n).reset_index(drop=True),
        n_excluded=len(everything) - len(units),
        n_ex_out=len(everything) - _with_enough(ex_units, min_unit_n, few=few["ex"]),
        n_cx_out=len(everything) - _with_enough(cx_units, min_unit_n, few=few["cx"]),
    )


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
    side = _side(study, construct, table, definition=engaged_definition, threshold=engaged_threshold)
    few = (side.frame["n"] < min_unit_n).fillna(False).astype(bool)
    few |= side.frame["unit"].isin(_few_people(study, side, min_unit_n))
    kept = side.frame[~few].reset_index(drop=True)
    return replace(side, frame=kept), int(side.frame["unit"].nunique() - kept["unit"].nunique())


def _side(
    study: Study, construct: str, table: str, *, definition: EngagedDefinition, threshold: float
) -> Side:
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
    return Side(construct, kind, table, _by_unit_and_wave(study.table(table), values))


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
    return Side(construct, kind, "units", by_unit[answered].reset_index(drop=True))


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


def _pool(frame: pd.DataFrame) -> pd.DataFrame:
    weights = frame["size"].astype("Float64")
    known = weights.notna()
    work = pd.DataFrame(
        {"unit": frame["unit"], "n": frame["n"], "size": frame["size"], "value": frame["value"]}
    )
    # With some numbers of answers known and others not, the unknown waves would weigh nothing.
    usable = known.groupby(frame["unit"]).transform("all")
    work["weight"] = weights.where(usable, 1.0).astype("float64")
    work["product"] = frame["value"] * work["weight"]
    pooled = work.groupby("unit", as_index=False, sort=True).agg(
        product=("product", "sum"),
        weight=("weight", "sum"),
        n=("n", _total),
        size=("size", _total),
        least=("value", "min"),
        most=("value", "max"),
    )
    # As in unit_means: rounding must not make units differ whose waves are all alike.
    pooled["value"] = (pooled["product"] / pooled["weight"]).clip(pooled["least"], pooled["most"])
    return pooled[["unit", "value", "n", "size"]]


def _total(values: pd.Series) -> float:
    return float("nan") if values.isna().any() else float(values.sum())


def _join(ex: pd.DataFrame, cx: pd.DataFrame, *, keys: list[str]) -> pd.DataFrame:
    left = ex.rename(columns={"value": "ex", "n": "ex_n", "size": "ex_size"})
    right = cx.rename(columns={"value": "cx", "n": "cx_n", "size": "cx_size"})
    joined = left.merge(right, on=keys, how="inner", validate="one_to_one")
    numeric = ["ex", "ex_n", "ex_size", "cx", "cx_n", "cx_size"]
    joined[numeric] = joined[numeric].astype("float64")
    return joined


def _with_enough(side: pd.DataFrame, min_unit_n: int, *, few: set[str]) -> int:
    lacking = (side["n"].astype("float64") < min_unit_n) | side["unit"].isin(few)
    return int((~lacking).sum())


def _few_people(study: Study, side: Side, min_unit_n: int) -> set[str]:
    """Units behind whose answers of several waves stand too few people: five sheets of one person are one person."""
    if side.source == "units":
        return set()
    frame = study.table(side.source).dropna(subset=["unit"])
    measured = study.codebook.select(side.source, construct=side.construct)
    columns = [v.column for v in measured if v.role in ("item", "outcome") and v.column in frame]
    answered = frame[frame[columns].notna().any(axis=1)]
    return {str(unit) for unit, part in answered.groupby("unit") if respondents(part) < min_unit_n}


def _enough(frame: pd.DataFrame, min_unit_n: int) -> pd.DataFrame:
    few = (frame["ex_n"] < min_unit_n) | (frame["cx_n"] < min_unit_n)
    return frame[~few]


def unit_categories(study: Study) -> pd.DataFrame:
    """Return one row per unit: ``unit`` and its latest categories; no rows where units have none."""
    names = [v.column for v in study.codebook.select("units", role="category")]
    if not names or not study.has("units", "unit"):
        return pd.DataFrame()
    units = study.table("units")
    if "wave" in units:
        order = {wave: position for position, wave in enumerate(study.waves)}
        units = units.sort_values("wave", key=lambda waves: waves.map(order), kind="stable")
    # A unit that changes category keeps its latest one.
    return units[["unit", *names]].groupby("unit", as_index=False, sort=True).last()
