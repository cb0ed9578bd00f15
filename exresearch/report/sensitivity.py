"""Tables about sensitivity: unmeasured causes, and what a specification curve says in one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.analyses import Sensitivity, Specifications
from exresearch.findings.note import Note
from exresearch.report.figures.specification import specification_picture
from exresearch.report.figures.specification_release import shown_curve
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.sentences import UNIT_NAMES
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture, rows_of

UNMEASURED: dict[str, Column | None] = {
    "label": Column(mark("Association")),
    "detail": None,
    "estimate": Column(mark("Estimate"), "estimate"),
    "conf_low": Column(mark("Interval"), "estimate"),
    "robustness_value": Column(mark("Robustness value"), "percent0"),
    "robustness_value_alpha": Column(mark("For the interval"), "percent0"),
    "e_value": Column(mark("E\u2011value"), "number2"),
    "e_value_limit": Column(mark("E\u2011value, interval"), "number2"),
}
CURVE: dict[str, Column | None] = {
    "label": Column(mark("Association")),
    "n_estimated": Column(mark("Combinations"), "integer"),
    "median": Column(mark("Median"), "estimate"),
    "span": Column(mark("From lowest to highest"), "figures"),
    "share_same_sign": Column(mark("Same direction"), "percent0"),
    "share_excluding_null": Column(mark("Interval leaves out no effect"), "percent0"),
    "p_value": Column(mark("Permutation test, p"), "p"),
}
_HOW = mark(
    "Robustness value: the share of what is left of both sides that one unmeasured cause must explain to bring the "
    "estimate to zero. E-value: by how many times, at least, that cause must raise the chance of both sides. "
    "Neither says how likely such a cause is."
)
_PERMUTED = mark(
    "The permutation test shuffles the first measure over the units {n:integer} times and asks how often chance "
    "alone gives as strong a median."
)


def unmeasured_table(rows: pd.DataFrame, *, texts: Texts, note: Note | None = None) -> dict[str, Any]:
    """Return the table about unmeasured causes, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of :func:`exresearch.findings.analyses.unmeasured_rows`.
    texts : Texts
        Language of the reader.
    note : Note, optional
        Reason to show where there are no rows.

    Returns
    -------
    dict of str to Any
        Columns that no row has are left out.
    """
    caption = mark("How strong a cause that was not measured would have to be")
    if rows.empty:
        return {"frame": rows, "count": "n", "caption": caption, "columns": UNMEASURED, "note": note}
    details: list[Any] = [
        row.reason if isinstance(row.reason, Note) else _measured(row, texts) for row in rows_of(rows)
    ]
    hidden = release(rows, count="n", rules=DisclosureRules()).hidden
    shown = rows.assign(detail=pd.Series(details, index=rows.index, dtype=object).mask(hidden, ""))
    columns = {
        name: column for name, column in UNMEASURED.items() if name == "detail" or shown[name].notna().any()
    }
    return {"frame": shown, "count": "n", "caption": caption, "columns": columns, "note": _HOW}


def _measured(row: Any, texts: Texts) -> str:
    """The yardstick of a row, as small print below its name."""
    if row.yardstick is None or np.isnan(row.yardstick_exposure):
        return ""
    if row.yardstick_outcome >= 1:
        # The bound was cut off at everything that is left: what would remain of the link is no number then.
        return texts.say(
            "no yardstick: {covariate} is so strong that another cause like it would have to explain more than is left",
            covariate=row.yardstick,
        )
    spec = unit_spec(row.unit_of_measurement)
    return texts.say(
        "yardstick: another cause as strong as {covariate}, which explains {exposure:percent1} of the one side and "
        "{outcome:percent1} of the other, would leave {left} ({limits})",
        covariate=row.yardstick,
        exposure=row.yardstick_exposure,
        outcome=row.yardstick_outcome,
        left=texts.number(row.left_over, spec),
        limits=interval(row.left_low, row.left_high, spec, language=texts.language),
    )


def curve_picture(choices: Sensitivity, *, texts: Texts) -> Picture | Note:
    """Draw the curve of a page under the name of its association; the note says why where there is none.

    Parameters
    ----------
    choices : Sensitivity
        Of one of the analyses.
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture or Note
    """
    measure = None
    if choices.curves:
        unit = texts.say(UNIT_NAMES[choices.deciding.unit_of_measurement])
        measure = texts.say("{association} ({unit})", association=choices.curves[0][0], unit=unit)
    return specification_picture(choices.deciding, texts=texts, measure=measure)


def curve_table(
    curves: Sequence[tuple[Note, Specifications]], *, texts: Texts, note: Note | None = None
) -> dict[str, Any]:
    """Return the summary of specification curves, one row each, as arguments of :meth:`~exresearch.report.Page.table`.

    Parameters
    ----------
    curves : sequence of (Note, Specifications)
        Name of the association, and its curve; curves without an estimate have no row.
    texts : Texts
        Language of the reader.
    note : Note, optional
        Reason to show where there are no rows.

    Returns
    -------
    dict of str to Any
    """
    rows, shuffles = [], set()
    for label, curve in curves:
        if curve.table.empty:
            continue
        seen, _ = shown_curve(curve)
        if seen.table.empty:
            continue
        row = seen.summary.iloc[0].to_dict()
        spec = unit_spec(curve.unit_of_measurement)
        span = interval(row["lowest"], row["highest"], spec, language=texts.language)
        rows.append({**row, "label": label, "span": span, "unit_of_measurement": curve.unit_of_measurement})
        if pd.notna(row["p_value"]):
            shuffles.add(int(row["n_permutations"]))
    notes = [texts.note(curve.note) for _, curve in curves if curve.note is not None]
    if len(shuffles) == 1:
        notes.append(texts.say(_PERMUTED, n=shuffles.pop()))
    frame = pd.DataFrame(rows)
    small_print = Note(message="{notes}", values={"notes": " ".join(notes)}) if notes else None
    columns = {name: column for name, column in CURVE.items() if frame.empty or frame[name].notna().any()}
    return {
        "frame": frame,
        "count": "n",
        "caption": mark("The same question under every combination of declared choices"),
        "columns": columns,
        "note": (small_print or note) if frame.empty else small_print,
    }
