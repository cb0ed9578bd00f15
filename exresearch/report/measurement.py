"""Tables about measurement: what the frames of the measures room look like on a page."""

from __future__ import annotations

import pandas as pd

from exresearch.findings.note import Note
from exresearch.report.columns import TABLE_LABELS, driver_labels
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
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
NPS: dict[str, Column | None] = {
    "label": Column(mark("What")),
    "group": Column(mark("Wave"), "message"),
    "variant": Column(mark("Variant")),
    "estimate": Column(mark("Score"), "number1"),
    "conf_low": Column(mark("Interval"), "number1"),
    "n": None,
}
NPS_CHANGE: dict[str, Column | None] = {
    "label": Column(mark("What")),
    "first": Column(mark("From")),
    "last": Column(mark("To")),
    "variant": Column(mark("Variant")),
    "estimate": Column(mark("Change"), "signed1"),
    "conf_low": Column(mark("Interval"), "number1"),
    "p_value": None,
    "n_first": Column(mark("Answers then"), "integer"),
    "n_last": Column(mark("Answers now"), "integer"),
}
ITEMS: dict[str, Column | None] = {
    "item_label": Column(mark("Question")),
    "detail": None,
    "n": None,
    "mean": None,
    "item_rest": Column(mark("With the others"), "number2"),
    "alpha_if_dropped": Column(mark("Alpha without it"), "number2"),
}
FIT: dict[str, Column | None] = {
    "table": Column(mark("Table")),
    "model": Column(mark("Model"), "message"),
    "n_items": Column(mark("Questions"), "integer"),
    "n": None,
    "chisq": Column(mark("Chi-square"), "number0"),
    "df": Column(mark("df"), "integer"),
    "cfi": Column(mark("CFI"), "number3"),
    "rmsea": Column(mark("RMSEA"), "number3"),
    "srmr": Column(mark("SRMR"), "number3"),
}
MARKER: dict[str, Column | None] = {
    "first": Column(mark("Construct")),
    "second": Column(mark("with")),
    "correlation": Column(mark("As measured"), "number2"),
    "estimate": Column(mark("Corrected"), "number2"),
    "conf_low": None,
    "n": None,
}
INVARIANCE: dict[str, Column | None] = {
    "table": Column(mark("Table")),
    "by": Column(mark("Compared by")),
    "n_groups": Column(mark("Groups"), "integer"),
    "n": None,
    "highest": Column(mark("Holds up to"), "message"),
    "cfi": Column(mark("CFI"), "number3"),
    "delta_cfi": Column(mark("Change of CFI"), "number3"),
    "delta_rmsea": Column(mark("of RMSEA"), "number3"),
}


def nps_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return net promoter scores as rows of a table.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of :func:`exresearch.measures.nps_of_study` or :func:`exresearch.measures.nps_change_of_study`.

    Returns
    -------
    pandas.DataFrame
        Rows without a score are left out; :func:`without_number` says why.
    """
    known = frame[frame["estimate"].notna()]
    variants = [str(variant).upper() if variant in ("us", "eu") else variant for variant in known["variant"]]
    return known.assign(variant=variants)


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
    tables = [texts.say(TABLE_LABELS[name]) for name in fitted["table"]]
    return fitted.assign(table=tables, model=[_MODELS[model] for model in fitted["model"]])


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
        Pairs without a correlation are left out; :func:`without_number` says why.
    """
    known = frame[frame["estimate"].notna()]
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
    for row in lacking.itertuples():
        table = texts.say(TABLE_LABELS[str(row.table)]) if row.table else ""
        what = str(getattr(row, "by", "") or getattr(row, "construct", ""))
        place = ", ".join(part for part in (table, _named(what, texts, codebook) if what else "") if part)
        reason = texts.translate(str(row.reason)).rstrip(".")
        said[f"{place}: {reason[:1].lower()}{reason[1:]}" if place else reason] = None
    if not said:
        return None
    return Note(message="No number for: {what}.", values={"what": "; ".join(said)})


def _named(name: str, texts: Texts, codebook: Codebook) -> str:
    return texts.say(_COMPARED[name]) if name in _COMPARED else texts.pick(codebook.label(name))
