"""Figure about comments: what each contact moment did to people, by what they wrote."""

from __future__ import annotations

import pandas as pd
from matplotlib.patches import Patch

from exresearch.disclosure import DisclosureRules, release
from exresearch.report.figures.journey.groups import of_codes, of_comments
from exresearch.report.figures.rows import row_value, rows_axes
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, number_axis, rows_of, style

CODE_WORDS = {
    "hinders": mark("hinders"),
    "helps": mark("helps"),
    "motivates": mark("motivates"),
    "inspires": mark("inspires"),
    "none": mark("does not tell"),
}
_COLOURS = {
    "hinders": COLOURS["orange"],
    "helps": COLOURS["sky"],
    "motivates": COLOURS["blue"],
    "inspires": COLOURS["green"],
    "none": COLOURS["light"],
}


def stacked_codes(codes: pd.DataFrame, *, texts: Texts, rules: DisclosureRules, trusted: bool) -> Picture:
    """Draw the shares of codes per contact moment, as given by the coder; what may not be shown stays blank.

    Parameters
    ----------
    codes : pandas.DataFrame
        As in :class:`exresearch.findings.analyses.MomentComments`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Least people behind a part of a bar; those for comments count.
    trusted : bool
        Whether the codes are good enough for conclusions; the takeaway says so where they are not.

    Returns
    -------
    Picture
    """
    rules = rules.for_comments()
    released = release(
        codes,
        count="people",
        rules=rules,
        within=["group"],
        groups=of_codes(),
        name="Codes of remarks by moment",
    )
    totals = release(
        codes.drop_duplicates("group")[["group", "label", "total", "writers"]],
        count="writers",
        rules=rules,
        groups=of_comments(),
        name="Remarks by moment",
    )
    shown = released.frame
    with style():
        figure, axes, places = rows_axes(
            [texts.pick(label) for label in totals.frame["label"]], left=1.45, right=0.8, top=0.55, wrap=18
        )
        for row, y in zip(rows_of(totals.frame), places, strict=True):
            part = shown[shown["group"] == row.group].set_index("code")["share"]
            start = 0.0
            for code, colour in _COLOURS.items():
                if pd.isna(part[code]):
                    continue
                axes.barh(y, float(part[code]), left=start, height=0.24, color=colour)
                start += float(part[code])
            row_value(axes, y, "–" if pd.isna(row.total) else texts.number(int(row.total), "integer"))
        axes.set_xlim(0, 1)
        number_axis(axes.xaxis, "percent0", texts)
        axes.set_xlabel(texts.say("share of the remarks on this moment"))
        handles = [Patch(color=colour) for colour in _COLOURS.values()]
        axes.legend(
            handles,
            [texts.say(CODE_WORDS[code]) for code in _COLOURS],
            loc="lower left",
            bbox_to_anchor=(-0.42, 1.0),
            ncols=5,
            frameon=False,
            fontsize=8.5,
            handlelength=0.9,
            columnspacing=0.9,
        )
    takeaway = (
        _takeaway(shown[shown["code"] == "hinders"], texts)
        if trusted
        else texts.say("The codes are not good enough to compare moments: read them as a rough sorting.")
    )
    caption = texts.say(
        "What remarks on each contact moment say that it did, as sorted by the coder, not corrected; at the right the "
        "number of remarks. Blank: fewer than {minimum:integer} people, or a part that would give such a group away.",
        minimum=rules.min_respondents,
    )
    told = " ".join(
        texts.say(
            "{moment}: {codes}.",
            moment=texts.pick(part["label"].iloc[0]),
            codes=", ".join(
                f"{texts.say(CODE_WORDS[code])} {texts.number(share, 'percent0')}"
                for code, share in zip(part["code"], part["share"], strict=True)
                if pd.notna(share) and code in CODE_WORDS
            ),
        )
        for _, part in shown[shown["share"].notna()].groupby("group", sort=False)
    )
    return Picture(figure, caption, f"{takeaway} {told}".strip(), takeaway, [released, totals])


def _takeaway(hinders: pd.DataFrame, texts: Texts) -> str:
    """Name the moment of which remarks say most often that something hinders, where corrected intervals settle it."""
    known = hinders[hinders["share"].notna()].sort_values("estimate", ascending=False, kind="stable")
    if known.empty:
        return texts.say("Too few people wrote something to say which moment hinders most.")
    top, others = known.iloc[0], known.iloc[1:]
    certain = pd.notna(top["conf_low"]) and others["conf_high"].notna().all()
    if not len(others) or not certain or not float(top["conf_low"]) > float(others["conf_high"].max()):
        return texts.say("At which moment remarks say most often that something hinders stays open.")
    return texts.say(
        "Remarks that something hinders are most frequent about “{moment}”: {share:percent0}.",
        moment=top["label"],
        share=float(top["share"]),
    )
