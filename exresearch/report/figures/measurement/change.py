"""What moved between two waves: the answers of people, or who the people are."""

from __future__ import annotations

import pandas as pd
from matplotlib.lines import Line2D

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.figures.rows import draw_interval, row_value, rows_axes
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, intervals_name, number_axis, require, rows_of, style
from exresearch.study import Codebook

TERMS = {
    "total": (mark("change of the mean"), COLOURS["ink"], "D", True),
    "answers": (mark("other answers"), COLOURS["blue"], "o", True),
    "people": (mark("other people"), COLOURS["orange"], "s", False),
}
_MOST_ROWS = 30
_STEP = 0.15
NO_CHANGE = Note(
    message="People did not answer the same question in two waves, so there is no change of theirs to show."
)


def wave_change_forest(frame: pd.DataFrame, *, texts: Texts, codebook: Codebook) -> Picture | Note:
    """Draw the change of every score between two waves, and its split into answers and people.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``construct, label, from_wave, to_wave, method, term, estimate, conf_low, conf_high, conf_level, n_from, n_to``
        of :func:`exresearch.measures.wave_changes`; of the terms, ``total``, ``answers`` and ``people`` are drawn.
        Where the same people can be followed (``panel``) that split is drawn, else the one by each category.
    texts : Texts
        Language of the reader.
    codebook : Codebook
        Labels the categories.

    Returns
    -------
    Picture or Note
        The note where nothing could be computed.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if frame.empty:
        return NO_CHANGE
    columns = [
        "construct",
        "label",
        "from_wave",
        "to_wave",
        "method",
        "term",
        "estimate",
        "conf_low",
        "conf_high",
        "n_from",
        "n_to",
    ]
    require(frame, columns, figure="wave_change_forest")
    estimated = _drawn(frame[frame["estimate"].notna() & frame["term"].isin(TERMS)])
    released = release(
        # A change rests on the wave that fewer people answered.
        estimated.assign(people=estimated[["n_from", "n_to"]].astype("Float64").min(axis=1)),
        count="people",
        rules=DisclosureRules(),
        within=["construct", "method", "term"],
        name="change between waves",
    )
    known = released.frame[~released.hidden]
    if known.empty:
        reasons = frame.loc[frame["reason"] != "", "reason"] if "reason" in frame else pd.Series(dtype="str")
        if reasons.empty:
            return NO_CHANGE
        return Note(
            message="No change can be split: {reason}",
            values={"reason": texts.translate(str(reasons.mode()[0]))},
        )
    n_scores = known["construct"].nunique()
    groups = list(known.groupby(["construct", "method"], sort=False))[:_MOST_ROWS]
    followed = all(method == "panel" for (_, method), _ in groups)
    labels = [_label(rows, texts, codebook) for _, rows in groups]
    limits = pd.concat([rows for _, rows in groups])[["conf_low", "conf_high", "estimate"]].astype(float)
    low, high = min(0.0, float(limits.min().min())), max(0.0, float(limits.max().max()))
    pad = 0.05 * (high - low) or 0.05
    with style():
        figure, axes, positions = rows_axes(labels, left=2.1, right=0.75, top=0.34, bottom=0.4, least=0.54)
        axes.set_xlim(low - pad, high + pad)
        axes.axvline(0, color=COLOURS["grey"], linewidth=1)
        for y, (_, rows) in zip(positions, groups, strict=True):
            for row in rows_of(rows):
                _, colour, marker, filled = TERMS[row.term]
                place = y + _STEP * (list(TERMS).index(row.term) - 1)
                draw_interval(
                    axes, place, row.estimate, row.conf_low, row.conf_high,
                    colour=colour, marker=marker, filled=filled, size=5.5,
                )  # fmt: skip
            total = rows.loc[rows["term"] == "total", "estimate"]
            if len(total):
                row_value(axes, y, texts.number(float(total.iloc[0]), "signed2"), bold=True)
        number_axis(axes.xaxis, "number1" if high - low > 0.4 else "number2", texts)
        handles = [
            Line2D([], [], linestyle="none", marker=marker, markersize=6, markeredgecolor=colour,
                   markerfacecolor=colour if filled else "white", label=texts.say(name))
            for name, colour, marker, filled in TERMS.values()
        ]  # fmt: skip
        figure.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, fontsize=9,
            handletextpad=0.1, borderaxespad=0.1, columnspacing=1.2,
        )  # fmt: skip
    answers = known[known["term"] == "answers"]
    clear = (answers["conf_low"] > 0) | (answers["conf_high"] < 0)
    # Of a score that is split by several categories, every split has to say so: none is picked.
    moved = int(clear.groupby(answers["construct"]).all().sum())
    takeaway = texts.say("No score clearly changed because people answered otherwise.")
    if moved:
        takeaway = texts.say(
            "Clearly changed because people answered otherwise: {count:integer} of {total:integer} scores.",
            count=moved,
            total=n_scores,
        )
    caption = texts.say(
        "Change of each score from the first wave to the last in which it was asked ({start} to {end}), with "
        "{intervals}, split into other answers and other people; the two add up to the change of the mean.",
        start=str(known["from_wave"].iloc[0]),
        end=str(known["to_wave"].iloc[0]),
        intervals=intervals_name(known, texts),
    )
    caption += " " + (
        texts.say("Other answers are those of the people who answered in both waves.")
        if followed
        else texts.say("Other answers are those within the same category of people; nobody is followed.")
    )
    if len(groups) < known.groupby(["construct", "method"]).ngroups:
        caption += " " + texts.say("The first {shown:integer} rows.", shown=len(groups))
    listed = "; ".join(
        f"{texts.pick(row.label)}: {texts.number(float(row.estimate), 'signed2')}"
        for row in rows_of(known[known["term"] == "total"].drop_duplicates("construct"))
    )
    return Picture(figure, caption, f"{takeaway} {listed}.", takeaway, [released])


def _drawn(known: pd.DataFrame) -> pd.DataFrame:
    """Keep, of each construct, the split by person where there is one, else those by category."""
    split = known[known["term"] != "total"]
    followed = set(split.loc[split["method"] == "panel", "construct"])
    able = set(zip(split["construct"], split["method"], strict=True))
    keys = zip(known["construct"], known["method"], strict=True)
    keep = [
        (construct, method) in able and (method == "panel" or construct not in followed)
        for construct, method in keys
    ]
    return known.loc[pd.Series(keep, index=known.index, dtype=bool)]


def _label(rows: pd.DataFrame, texts: Texts, codebook: Codebook) -> str:
    name, method = texts.pick(rows["label"].iloc[0]), str(rows["method"].iloc[0])
    if method == "panel":
        return name
    return f"{name} ({texts.pick(codebook.label(method.partition(':')[2]))})"
