"""Tables about measurement: what the frames of the measures room look like on a page."""

from __future__ import annotations

import pandas as pd

from exresearch.findings.note import Note
from exresearch.report.columns import TABLE_LABELS, driver_labels
from exresearch.report.numbers import interval
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import rows_of
from exresearch.study import Codebook

_MODELS = {"measured": mark("as measured"), "one_factor": mark("one factor")}
_LEVELS = {
    "none": mark("no step"),
    "configural": mark("configural"),
    "metric": mark("metric"),
    "scalar": mark("scalar"),
    "strict": mark("strict"),
}
# By what groups are told apart, where it is no column with a label.
_COMPARED = {"wave": mark("wave"), "unit": mark("unit"), "language": mark("language")}
ITEMS: dict[str, Column | None] = {
    "item_label": Column(mark("Question")),
    "detail": None,
    "n": None,
    "item_rest": Column(mark("Correlation with the others"), "number2"),
    "alpha_if_dropped": Column(mark("Alpha without it"), "number2"),
}
FIT: dict[str, Column | None] = {
    "table": Column(mark("Table")),
    "model": Column(mark("Model"), "message"),
    "n_items": Column(mark("Questions"), "integer"),
    "n": Column(mark("Complete sheets"), "integer"),
    "n_excluded": None,
    "chisq": Column(mark("Chi-square"), "number0"),
    "df": Column(mark("df"), "integer"),
    "cfi": Column(mark("CFI"), "number3"),
    "rmsea": Column(mark("RMSEA (90% interval)")),
    "srmr": Column(mark("SRMR"), "number3"),
}
MARKER: dict[str, Column | None] = {
    "first": Column(mark("Construct")),
    "second": Column(mark("with")),
    "correlation": Column(mark("As measured"), "number2"),
    "marker_correlation": Column(mark("Of the marker"), "number2"),
    "estimate": Column(mark("Corrected"), "number2"),
    "conf_low": None,
    "n": None,
}
INVARIANCE: dict[str, Column | None] = {
    "table": Column(mark("Table")),
    "by": Column(mark("Compared by")),
    "n_groups": Column(mark("Groups"), "integer"),
    "n": Column(mark("Complete sheets"), "integer"),
    "highest": Column(mark("Holds up to"), "message"),
    "cfi": Column(mark("CFI"), "number3"),
    "delta_cfi": Column(mark("Change of CFI"), "number3"),
    "delta_rmsea": Column(mark("Change of RMSEA"), "number3"),
}
_MOST_PAIRS = 15


def unit_rows(frame: pd.DataFrame, *, codebook: Codebook, table: str, construct: str) -> pd.DataFrame:
    """Return the means of units with what was measured, and on which scale.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of :func:`exresearch.measures.unit_mean_table`.
    codebook : Codebook
        Tells the scale.
    table, construct : str
        What the means are of.

    Returns
    -------
    pandas.DataFrame
        With ``table, construct, minimum, maximum``; the scale is missing where there is none.
    """
    scales = [
        (float(v.minimum), float(v.maximum))
        for v in codebook.select(table)
        if construct in (v.construct, v.column) and v.minimum is not None and v.maximum is not None
    ]
    low, high = scales[0] if scales else (float("nan"), float("nan"))
    return frame.assign(table=table, construct=construct, minimum=low, maximum=high)


def item_rows(frame: pd.DataFrame, *, texts: Texts) -> pd.DataFrame:
    """Return the questions that share a construct as rows of a table, the construct in small print.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of :func:`exresearch.measures.item_table`.
    texts : Texts
        Language of the reader.

    Returns
    -------
    pandas.DataFrame
        Questions alone are left out; statements that were turned round are marked.
    """
    shared = frame[frame["item_rest"].notna()]
    labels = driver_labels(shared.assign(label=shared["item_label"]), texts)
    return shared.assign(item_label=labels, detail=[texts.pick(label) for label in shared["label"]])


def fit_rows(frame: pd.DataFrame, *, texts: Texts) -> pd.DataFrame:
    """Return how models fit as rows of a table.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of :func:`exresearch.measures.structure_of_study`.
    texts : Texts
        Language of the reader.

    Returns
    -------
    pandas.DataFrame
        Models that could not be fitted are left out; :func:`without_number` says why.
    """
    fitted = frame[frame["chisq"].notna()]
    rmsea = [_with_interval(row.rmsea, row.rmsea_low, row.rmsea_high, texts) for row in rows_of(fitted)]
    tables = [texts.say(TABLE_LABELS[name]) for name in fitted["table"]]
    return fitted.assign(table=tables, model=[_MODELS[model] for model in fitted["model"]], rmsea=rmsea)


def invariance_rows(frame: pd.DataFrame, *, texts: Texts, codebook: Codebook) -> pd.DataFrame:
    """Return how far groups may be compared as rows of a table.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of :func:`exresearch.measures.invariance_summary`.
    texts : Texts
        Language of the reader.
    codebook : Codebook
        Labels the categories.

    Returns
    -------
    pandas.DataFrame
        Comparisons that could not be made are left out; :func:`without_number` says why.
    """
    made = frame[frame["highest"] != ""]
    return made.assign(
        table=[texts.say(TABLE_LABELS[name]) for name in made["table"]],
        by=[_named(str(name), texts, codebook) for name in made["by"]],
        highest=[_LEVELS[level] for level in made["highest"]],
    )


def marker_rows(frame: pd.DataFrame, *, texts: Texts, codebook: Codebook) -> pd.DataFrame:
    """Return correlations corrected by a marker variable as rows of a table.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of :func:`exresearch.measures.marker_of_study`.
    texts : Texts
        Language of the reader.
    codebook : Codebook
        Labels the constructs.

    Returns
    -------
    pandas.DataFrame
        The pairs that the correction moves most, at most fifteen; :func:`without_number` says why others are lacking.
    """
    known = frame[frame["estimate"].notna()]
    moved = (known["correlation"] - known["estimate"]).abs().sort_values(ascending=False, kind="stable")
    known = known.loc[moved.index[:_MOST_PAIRS]]
    named = {
        side: [_named(str(name), texts, codebook) for name in known[side]] for side in ("first", "second")
    }
    return known.assign(**named)


def without_number(frame: pd.DataFrame, *, texts: Texts, codebook: Codebook) -> Note | None:
    """Say what a table about measurement has no number for, and why.

    Parameters
    ----------
    frame : pandas.DataFrame
        As for the functions above, with ``table, reason``; ``by, construct`` where it has them.
    texts : Texts
        Language of the reader.
    codebook : Codebook
        Labels constructs and categories.

    Returns
    -------
    Note or None
        For the note below a table; None where nothing is lacking.
    """
    number = next(name for name in ("estimate", "chisq", "cfi") if name in frame)
    lacking = frame[frame[number].isna() & (frame["reason"] != "")]
    said: dict[str, None] = {}
    for row in rows_of(lacking):
        table = texts.say(TABLE_LABELS[str(row.table)]) if row.table else ""
        alone = getattr(row, "first", "") if getattr(row, "second", "x") == "" else ""
        what = str(getattr(row, "by", "") or getattr(row, "construct", "") or alone)
        place = ", ".join(part for part in (table, _named(what, texts, codebook) if what else "") if part)
        reason = texts.translate(str(row.reason)).rstrip(".")
        said[f"{place}: {reason[:1].lower()}{reason[1:]}" if place else reason] = None
    if not said:
        return None
    return Note(message="No number for: {what}.", values={"what": "; ".join(said)})


def comparable(frame: pd.DataFrame) -> Note | None:
    """Say in how many comparisons means may be compared; None where nothing could be tested.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of :func:`exresearch.measures.invariance_summary`.
    """
    made = frame[frame["highest"] != ""]
    if made.empty:
        return None
    means = int(made["highest"].isin(["scalar", "strict"]).sum())
    return Note(
        message="Means may be compared (scalar or strict) in {means:integer} of {total:integer} comparisons.",
        values={"means": means, "total": len(made)},
    )


def _with_interval(value: float, low: float, high: float, texts: Texts) -> str:
    if pd.isna(low) or pd.isna(high):
        return "–"
    limits = interval(float(low), float(high), "number3", language=texts.language)
    return f"{texts.number(float(value), 'number3')} ({limits})"


def _named(name: str, texts: Texts, codebook: Codebook) -> str:
    return texts.say(_COMPARED[name]) if name in _COMPARED else texts.pick(codebook.label(name))
