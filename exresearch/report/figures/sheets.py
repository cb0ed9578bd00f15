"""What happened to the answer sheets: rows kept, sheets that look careless, columns that look odd."""

from __future__ import annotations

import textwrap

import pandas as pd

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.columns import FLAG_LABELS, TABLE_LABELS
from exresearch.report.figures.door import too_few
from exresearch.report.figures.rows import LINE, headroom, row_value, rows_axes, rows_panels
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, number_axis, require, rows_of, style
from exresearch.study import Codebook
from exresearch.study.remarks import one_or_more

_MOST_COLUMNS = 24
_VALUE_WIDTH = 25
# Per kind of oddity: the lane it is drawn in, and its short name.
ODDITIES = {
    "all_missing": (0, mark("empty")),
    "mostly_missing": (0, mark("mostly empty")),
    "constant": (0, mark("always the same")),
    "id_like": (1, mark("looks like a name or number of a person")),
    "free_text": (1, mark("looks like free text")),
    "two_spellings": (1, mark("categories written in two ways")),
    "number_as_text": (1, mark("numbers read as categories")),
    "date_as_text": (1, mark("dates read as categories")),
    "narrow_scale": (2, mark("uses a part of its scale")),
    "between_points": (2, mark("a few answers between the points")),
    "unreversed_item": (2, mark("perhaps to be reversed")),
    "wrongly_reversed": (2, mark("perhaps wrongly reversed")),
    "opposed_items": (2, mark("runs against its partner")),
    "other_scale_in_wave": (2, mark("another scale in one wave")),
    "other_direction_in_wave": (2, mark("another direction in one wave")),
    "identical_columns": (0, mark("same as another column")),
}
# For one row, and for more.
_LEFT_OUT = (
    mark("{removed:integer} row was left out, in {table}; {kept:percent1} of that table is used."),
    mark("{removed:integer} rows were left out; most of them in {table}, of which {kept:percent1} is used."),
)
_LANES = (mark("content"), mark("kind"), mark("scale"))
NOT_JUDGED = Note(
    message=(
        "Careless answer sheets cannot be seen in these data: that takes ten or more answers on one sheet, or the time "
        "that a sheet took."
    )
)
NOTHING_ODD = Note(message="No column looks odd.")


def attrition_flow(frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Draw how many rows of each table were left on the way from the files to the analysis.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``table, step, n, removed`` of :func:`exresearch.measures.rows_used`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Tables with fewer rows than the minimum are not drawn.

    Returns
    -------
    Picture or Note
        The note where no table has enough rows.

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    require(frame, ["table", "step", "n", "removed"], figure="attrition_flow")
    total = frame.groupby("table", sort=False)["n"].transform("first")
    whole = total.clip(lower=1)
    work = frame.assign(
        total=total,
        kept=frame["n"] / whole,
        # A row among many is still seen.
        gone=(frame["removed"] / whole).clip(lower=0.008),
        last=~frame.duplicated("table", keep="last"),
    )
    lossless = work.groupby("table", sort=False)["removed"].transform("sum").eq(0)
    # Of a table that keeps all its rows one bar says everything.
    work = work[~lossless | work["last"]]
    # Steps say nothing of anybody's answers: what counts is how many rows there are.
    released = release(work, count="total", rules=rules, within=["table"], name="rows left out")
    work = released.frame[~released.hidden]
    if work.empty:
        return too_few(rules)
    labels, bold = [], []
    for row in rows_of(work):
        name = texts.say(TABLE_LABELS[row.table])
        labels.append(
            f"{name}: {texts.translate(row.step)}" if row.removed == 0 else texts.translate(row.step)
        )
        bold.append(bool(row.last))
    with style():
        figure, axes, positions = rows_axes(labels, left=2.3, right=1.15, wrap=31, least=0.34, bold=bold)
        axes.set_xlim(0, 1)
        for y, row in zip(positions, rows_of(work), strict=True):
            if row.removed:
                left = min(row.kept, 1 - row.gone)
                axes.barh(y, row.gone, left=left, height=0.2, color=COLOURS["orange"])
                row_value(
                    axes, y, "−" + texts.number(row.removed, "integer"), colour=COLOURS["orange"], bold=True
                )
                continue
            colour = COLOURS["blue"] if row.last else COLOURS["light"]
            axes.barh(y, row.kept, height=0.2, color=colour)
            row_value(axes, y, texts.say("{n:integer} rows", n=int(row.n)), bold=bool(row.last))
        number_axis(axes.xaxis, "percent0", texts)
        axes.set_xlabel(texts.say("part of the rows in the files"))
    ends = work[work["last"].astype(bool)]
    removed = int(work["removed"].sum())
    if removed:
        kept = ends["kept"].astype(float)
        worst = ends.iloc[int(kept.to_numpy().argmin())]
        takeaway = texts.say(
            one_or_more(_LEFT_OUT, removed),
            removed=removed,
            table=texts.say(TABLE_LABELS[str(worst["table"])]),
            kept=float(kept.min()),
        )
    else:
        takeaway = texts.say("Every row of the files is used.")
    listed = "; ".join(
        texts.say(
            "{table}: {n:integer} of {total:integer} rows",
            table=texts.say(TABLE_LABELS[row.table]),
            n=int(row.n),
            total=int(row.total),
        )
        for row in rows_of(ends)
    )
    caption = texts.say(
        "Rows of each table, from the files to the analysis, with what was left out between them."
    )
    return Picture(figure, caption, f"{takeaway} {listed}.", takeaway, [released])


def careless_sheets(frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Draw how many answer sheets look careless, by sign.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``table, flag, n, n_judged, share``: sheets with the sign, and sheets on which it could be seen.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Signs that could be seen on too few sheets get no number.

    Returns
    -------
    Picture or Note
        The note where no sign could be seen at all.

    Raises
    ------
    ValueError
        If a column is missing or a flag is unknown.
    """
    if frame.empty or not frame["n_judged"].gt(0).any():
        return NOT_JUDGED
    require(frame, ["table", "flag", "n", "n_judged", "share"], figure="careless_sheets")
    judged = frame.groupby("table", sort=False)["n_judged"].transform("sum") > 0
    # Each sign is about all sheets of a table, so that one says nothing of another.
    released = release(
        frame[judged], count="n_judged", rules=rules, within=["table", "flag"], name="careless sheets"
    )
    work = released.frame.assign(hidden=released.hidden)
    parts = [(str(name), part) for name, part in work.groupby("table", sort=False)]
    seen = work[~work["hidden"]]
    with style():
        labels = [[texts.say(FLAG_LABELS[flag]) for flag in part["flag"]] for _, part in parts]
        figure, panels = rows_panels(labels, left=2.1, right=1.4, top=0.36, bottom=0.5, wrap=30, least=0.33)
        reach = max(0.02, float(seen["share"].max()) * 1.1 if len(seen) else 0.0)
        for (name, part), (axes, positions) in zip(parts, panels, strict=True):
            headroom(axes, texts.say(TABLE_LABELS[name]))
            axes.set_xlim(0, reach)
            for y, row in zip(positions, rows_of(part), strict=True):
                if row.hidden:
                    row_value(axes, y, texts.say("cannot be seen"), colour=COLOURS["grey"])
                    continue
                axes.hlines(y, 0, row.share, color=COLOURS["sky"], linewidth=4)
                axes.plot([row.share], [y], "o", color=COLOURS["blue"], markersize=7, clip_on=False)
                text = texts.say("{n:integer} of {judged:integer}", n=int(row.n), judged=int(row.n_judged))
                row_value(axes, y, text, bold=True)
            number_axis(axes.xaxis, "percent1" if reach < 0.08 else "percent0", texts, ticks=4)
        panels[-1][0].set_xlabel(texts.say("share of the sheets on which it can be seen"))
    caption = texts.say(
        "Answer sheets that look careless, by sign. They are counted, and left out only where the study file asks for "
        "it."
    )
    if seen.empty or not seen["n"].sum():
        takeaway = texts.say("No answer sheet looks careless.")
        return Picture(figure, caption, takeaway, takeaway, [released])
    worst = seen.iloc[int(seen["share"].to_numpy(dtype="float64").argmax())]
    takeaway = texts.say(
        "The commonest sign of carelessness is “{flag}”: {share:percent1} of the sheets ({table}).",
        flag=texts.say(FLAG_LABELS[str(worst["flag"])]),
        share=float(worst["share"]),
        table=texts.say(TABLE_LABELS[str(worst["table"])]),
    )
    return Picture(figure, caption, takeaway, takeaway, [released])


def odd_columns(frame: pd.DataFrame, *, texts: Texts, codebook: Codebook) -> Picture | Note:
    """Draw which columns look odd, in which way.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``table, column, kind``, one row per column and kind, of
        :func:`exresearch.study.flags.suspects.suspicious_columns`.
    texts : Texts
        Language of the reader.
    codebook : Codebook
        Labels the columns.

    Returns
    -------
    Picture or Note
        The note where no column looks odd.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if frame.empty:
        return NOTHING_ODD
    require(frame, ["table", "column", "kind"], figure="odd_columns")
    words_only = frame[["table", "column", "kind"]].assign(
        lane=[str(ODDITIES[kind][0]) for kind in frame["kind"]],
        label=[texts.pick(codebook.label(column)) for column in frame["column"]],
        sign=[texts.say(ODDITIES[kind][1]) for kind in frame["kind"]],
    )
    released = release(words_only, count=None, rules=DisclosureRules(), name="odd columns")
    frame = released.frame
    names = frame.drop_duplicates(["table", "column"]).head(_MOST_COLUMNS)
    labels = [
        f"{texts.say(TABLE_LABELS[row.table])}: {texts.pick(codebook.label(row.column))}"
        for row in rows_of(names)
    ]
    kinds = frame.groupby(["table", "column"], sort=False)["kind"].agg(list)
    words = [
        ", ".join(texts.say(ODDITIES[kind][1]) for kind in kinds[(r.table, r.column)]) for r in rows_of(names)
    ]
    lines = max(len(textwrap.wrap(text, _VALUE_WIDTH)) for text in words)
    with style():
        figure, axes, positions = rows_axes(
            labels, left=2.1, right=1.75, top=0.36, bottom=0.06, wrap=29, least=max(0.33, lines * LINE + 0.1)
        )
        axes.set_xlim(-0.6, 2.6)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        for place, lane in enumerate(_LANES):
            axes.axvline(place, color=COLOURS["light"], linewidth=0.8)
            axes.annotate(texts.say(lane), (place, 1), xycoords=("data", "axes fraction"), xytext=(0, 5),
                          textcoords="offset points", ha="center", fontsize=9, color=COLOURS["grey"])  # fmt: skip
        for y, text, row in zip(positions, words, rows_of(names), strict=True):
            lanes = sorted({ODDITIES[kind][0] for kind in kinds[(row.table, row.column)]})
            axes.plot(lanes, [y] * len(lanes), "D", color=COLOURS["orange"], markersize=7)
            row_value(axes, y, text, wrap=_VALUE_WIDTH)
    listed = "; ".join(f"{label}: {text}" for label, text in zip(labels, words, strict=True))
    count = len(frame.drop_duplicates(["table", "column"]))
    takeaway = texts.say(
        "{count:integer} columns look odd; look at them before you trust a result.", count=count
    )
    if count == 1:
        takeaway = texts.say("One column looks odd; look at it before you trust a result.")
    caption = texts.say(
        "Columns that passed every check and may still mean something else than the codebook says."
    )
    if count > len(names):
        caption += " " + texts.say("The first {shown:integer} are drawn.", shown=len(names))
    return Picture(figure, caption, f"{takeaway} {listed}.", takeaway, [released])
