"""How reliably every construct was measured: coefficients with their intervals."""

from __future__ import annotations

import pandas as pd
from matplotlib.lines import Line2D

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.columns import TABLE_LABELS
from exresearch.report.figures.door import model_rules
from exresearch.report.figures.rows import draw_interval, headroom, row_value, rows_panels
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, intervals_name, number_axis, require, rows_of, style

# Nunnally (1978): enough for research on groups. A convention, named as one in the caption.
CONVENTION = 0.70
_MARKS = {
    "alpha": (mark("alpha"), COLOURS["grey"], "s", False),
    "omega_total": (mark("omega total"), COLOURS["blue"], "o", True),
    "omega_hierarchical": (mark("omega hierarchical"), COLOURS["orange"], "D", False),
}
_STEP = 0.13
NO_RELIABILITY = Note(
    message="No construct was measured with two or more questions, so that reliability cannot be computed."
)


def reliability_forest(frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Draw alpha and omega of every construct with two or more questions.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``table, construct, label, coefficient, estimate, conf_low, conf_high, conf_level, n_items, n, respondents``
        of :func:`exresearch.measures.reliability_table`; rows without an interval are not drawn.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        A coefficient rests on as many people as a driver model.

    Returns
    -------
    Picture or Note
        The note where no coefficient could be computed.

    Raises
    ------
    ValueError
        If a column is missing or a coefficient is unknown.
    """
    if frame.empty:
        return NO_RELIABILITY
    columns = [
        "table",
        "construct",
        "label",
        "coefficient",
        "estimate",
        "conf_low",
        "conf_high",
        "n_items",
        "n",
        "respondents",
    ]
    require(frame, columns, figure="reliability_forest")
    released = release(
        frame[frame["conf_low"].notna()],
        count="respondents",
        rules=model_rules(rules),
        within=["table", "construct", "coefficient"],
        name="reliability",
    )
    known = released.frame[~released.hidden]
    if known.empty:
        return NO_RELIABILITY
    unknown = sorted({str(name) for name in known["coefficient"]} - set(_MARKS))
    if unknown:
        raise ValueError(f"reliability_forest knows {', '.join(_MARKS)}; got {', '.join(unknown)}.")
    parts = [(str(name), part) for name, part in known.groupby("table", sort=False)]
    constructs = [list(part.groupby("construct", sort=False)) for _, part in parts]
    labels = [[texts.pick(rows["label"].iloc[0]) for _, rows in group] for group in constructs]
    left = min(0.4, float(known["conf_low"].min()))
    with style():
        figure, panels = rows_panels(labels, left=2.1, right=1.0, top=0.42, bottom=0.36, least=0.46)
        for (name, _), group, (axes, positions) in zip(parts, constructs, panels, strict=True):
            headroom(axes, texts.say(TABLE_LABELS[name]))
            axes.set_xlim(max(left - 0.02, -1.0), 1.0)
            axes.axvline(CONVENTION, color=COLOURS["grey"], linewidth=1, linestyle=(0, (3, 2)))
            for y, (_, rows) in zip(positions, group, strict=True):
                offset = -_STEP * (len(rows) - 1) / 2
                for place, row in enumerate(rows_of(rows)):
                    _, colour, marker, filled = _MARKS[row.coefficient]
                    draw_interval(
                        axes, y + offset + place * _STEP, row.estimate, row.conf_low, row.conf_high,
                        colour=colour, marker=marker, filled=filled, size=6,
                    )  # fmt: skip
                row_value(axes, y, _value(rows, texts))
            number_axis(axes.xaxis, "number1", texts)
        present = [name for name in _MARKS if (known["coefficient"] == name).any()]
        handles = [
            Line2D([], [], linestyle="none", marker=_MARKS[name][2], markersize=6, markeredgecolor=_MARKS[name][1],
                   markerfacecolor=_MARKS[name][1] if _MARKS[name][3] else "white", label=texts.say(_MARKS[name][0]))
            for name in present
        ]  # fmt: skip
        figure.legend(
            handles=handles, loc="upper right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, fontsize=9,
            handletextpad=0.1, borderaxespad=0.1, columnspacing=1.2,
        )  # fmt: skip
    best = known.assign(order=known["coefficient"].map(list(_MARKS).index)).sort_values(
        "order", kind="stable"
    )
    # Omega total where there is one, alpha where a construct has only two questions.
    chosen = best[best["coefficient"] != "omega_hierarchical"].drop_duplicates(
        ["table", "construct"], keep="last"
    )
    low, surely = chosen[chosen["conf_low"] < CONVENTION], chosen[chosen["conf_high"] < CONVENTION]
    takeaway = texts.say("Every construct is measured reliably enough to compare groups.")
    if len(low):
        weakest = low.iloc[int(low["estimate"].to_numpy(dtype="float64").argmin())]
        takeaway = texts.say(
            "Less reliable than 0.70, of {total:integer} constructs: {surely:integer} surely, {perhaps:integer} "
            "perhaps. The least is “{label}” ({estimate:number2}).",
            surely=len(surely),
            perhaps=len(low) - len(surely),
            total=len(chosen),
            label=texts.pick(weakest["label"]),
            estimate=float(weakest["estimate"]),
        )
    caption = texts.say(
        "Reliability of each construct, with {intervals}; at the right omega total (ω), or alpha (α) of two "
        "questions, and the number of questions; {least:integer} to {most:integer} answer sheets. Dashed: 0.70, a "
        "convention for comparing groups (Nunnally 1978) and no law of nature.",
        intervals=intervals_name(known, texts),
        least=int(known["n"].min()),
        most=int(known["n"].max()),
    )
    listed = "; ".join(
        f"{texts.pick(row.label)}: {texts.number(float(row.estimate), 'number2')}" for row in rows_of(chosen)
    )
    return Picture(figure, caption, f"{takeaway} {listed}.", takeaway, [released])


def _value(rows: pd.DataFrame, texts: Texts) -> str:
    last = rows[rows["coefficient"] != "omega_hierarchical"].iloc[-1]
    name = "α" if last["coefficient"] == "alpha" else "ω"
    return f"{name} {texts.number(float(last['estimate']), 'number2')} ({int(last['n_items'])})"
