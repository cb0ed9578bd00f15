"""How the columns of the notebooks' tables are headed and shown, declared in one place."""

from __future__ import annotations

import pandas as pd

from exresearch.findings import load_registry
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.study import Codebook

# Words that the figures and what `check` prints have in common.
TABLE_LABELS = {
    "employees": mark("Employees"),
    "customers": mark("Customers"),
    "partners": mark("Partners"),
    "units": mark("Units"),
    "people": mark("Staff list"),
    "moments": mark("Moments"),
}
KEY_LABELS = {
    "unit": mark("unit"),
    "person": mark("person"),
    "wave": mark("wave"),
}
# Whom a response rate is about, by where the number comes from.
INVITED = {
    "head counts": mark("Invited are the people in the head counts of the units."),
    "staff list": mark("Invited are the people on the staff list in service during the wave."),
    "whole staff list": mark("Invited are all people on the staff list."),
}
FLAG_LABELS = {
    "straight_lining": mark("the same answer to everything"),
    "too_fast": mark("answered too fast"),
    "impossible_duration": mark("impossible duration"),
    "duplicate_sheet": mark("copy of another sheet"),
}
# Kind of a detectable effect: its name, and how it is written.
EFFECTS = {
    "correlation": (mark("correlation"), "number2"),
    "share_difference": (mark("difference between two shares"), "points1"),
    "variance_share": (mark("share of explained variance"), "percent1"),
}
# Drivers whose values were turned round while their label is the wording of the question.
REVERSED_NOTE = mark(
    "“(reversed)”: the answers to this statement were turned round; the number is about the opposite of what it says."
)
_SMALL_SHARE = 0.005
LEDGER: dict[str, Column] = {
    "table": Column(mark("Table"), "message"),
    "step": Column(mark("Step"), "message"),
    "counted": Column(mark("Counted"), "message"),
    "n": Column(mark("Number"), "integer"),
    "removed": Column(mark("Removed"), "integer"),
}
TESTABILITY: dict[str, Column] = {
    "title": Column(mark("Hypothesis")),
    "testable": Column(mark("Testable"), "yes_no"),
    "note": Column(mark("Why not")),
    "n_respondents": Column(mark("Answers"), "integer"),
    "n_units": Column(mark("Units"), "integer"),
    "n_waves": Column(mark("Waves"), "integer"),
}
SCORES: dict[str, Column | None] = {
    "variant": Column(mark("Variant")),
    "wave": Column(mark("Wave"), "message"),
    "estimate": Column(mark("eNPS"), "number1"),
    "conf_low": Column(mark("Interval"), "number1"),
    "promoters": Column(mark("Promoters"), "percent0"),
    "passives": Column(mark("Passives"), "percent0"),
    "detractors": Column(mark("Detractors"), "percent0"),
    "n": Column(mark("Answers"), "integer"),
}
VERDICTS: dict[str, Column] = {
    "title": Column(mark("Hypothesis")),
    "verdict": Column(mark("Verdict"), "verdict"),
    "sentence": Column(mark("In one sentence")),
}
ESTIMATES: dict[str, Column | None] = {
    "title": Column(mark("Hypothesis")),
    "estimate": None,
    "conf_low": None,
    "n": None,
    "n_units": None,
    "n_excluded": None,
}
MISSING_ANSWERS: dict[str, Column | None] = {
    "label": Column(mark("Outcome")),
    "handling": Column(mark("Based on"), "message"),
    "estimate": Column(mark("Difference"), "estimate"),
    "conf_low": None,
    "n": None,
    "n_excluded": None,
    "imputed": Column(mark("Imputed answers"), "percent1"),
    "missing_information": Column(mark("Missing information"), "percent1"),
}
FAMILIES: dict[str, Column | None] = {
    "family": Column(mark("Family")),
    "member": Column(mark("Member")),
    "p_value": None,
    "p_adjusted": None,
    "verdict": None,
}


def effect_spec(kind: str, least: float) -> str:
    """Return how a detectable effect is written, with more decimals where the smallest one shown needs them.

    Examples
    --------
    >>> effect_spec("variance_share", 0.0012), effect_spec("correlation", 0.0012)
    ('percent2', 'number2')
    """
    if kind == "variance_share" and least < _SMALL_SHARE:
        # In a large study the detectable share of variance is a fraction of a per cent.
        return "percent4" if least < _SMALL_SHARE / 10 else "percent2"
    return EFFECTS[kind][1]


def driver_labels(frame: pd.DataFrame, texts: Texts) -> list[str]:
    """Return the names of drivers in the reader's language, with a word where the values run against the name.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label`` (text or mapping); optional ``reversed`` (bool).
    texts : Texts
        Language of the reader.

    Returns
    -------
    list of str
        In the order of the rows; :data:`REVERSED_NOTE` explains the word.
    """
    turned = frame["reversed"] if "reversed" in frame else [False] * len(frame)
    labels = [texts.pick(label) for label in frame["label"]]
    return [
        texts.say("(reversed) {driver}", driver=label) if is_turned else label
        for label, is_turned in zip(labels, turned, strict=True)
    ]


def correlation_columns(codebook: Codebook) -> dict[str, Column | None]:
    """Return the columns of the table of correlations: one per outcome that the codebook measures.

    Parameters
    ----------
    codebook : Codebook
        Labels the outcomes.

    Returns
    -------
    dict of str to Column
    """
    outcomes = [v.name for v in codebook.select("employees", role="outcome")]
    known = load_registry().family_of("employee-first").components
    return {
        "label": Column(mark("Driver")),
        **{name: Column(codebook.label(name), "number2") for name in known if name in outcomes},
        "n": None,
    }
