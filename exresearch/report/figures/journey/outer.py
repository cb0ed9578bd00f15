"""What the phases before and after employment add: explained differences in recommending, without and with them."""

from __future__ import annotations

import pandas as pd

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.figures.journey.groups import of_raters
from exresearch.report.figures.journey.kinds import in_order, kind_name
from exresearch.report.figures.rows import row_value, rows_axes
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, intervals_name, number_axis, require, rows_of, style

NO_GAIN = Note(message="Too few people rated moments both during employment and outside it.")
_TAKEAWAYS = {
    "up": mark(
        "With moments before and after employment, {gain:points1} more of the differences in recommending is explained."
    ),
    "open": mark("It is not settled whether moments before and after employment add anything."),
}


def outer_bars(table: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Draw how much of the differences in recommending is explained without and with the outer phases.

    Parameters
    ----------
    table : pandas.DataFrame
        ``term`` ("gain" for everybody together, else the kind of people), ``base, estimate, conf_low, conf_high,
        conf_level, people``.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        People that a model needs.

    Returns
    -------
    Picture or Note
        A note where nobody can tell.
    """
    if table.empty:
        return NO_GAIN
    require(table, ["term", "base", "estimate", "conf_low", "conf_high", "people"], figure="outer_bars")
    whose = table["term"].where(table["term"] != "gain", None)
    released = release(
        # A share below nothing is drawn as nothing.
        table.assign(who=whose, bar=table["base"].clip(lower=0.0)),
        count="people",
        rules=rules,
        groups=of_raters(models=True),
        name="Explained differences in recommending, without and with the outer phases",
    )
    shown = released.frame[~released.hidden]
    shown = shown[shown["people"] >= rules.min_model]
    if shown.empty or shown["term"].iloc[0] != "gain":
        return NO_GAIN
    kinds = in_order([str(term) for term in shown["term"] if term != "gain"])
    ordered = shown.set_index("term").loc[["gain", *kinds]].reset_index()
    names = [
        texts.say("All together") if term == "gain" else kind_name(term, texts) for term in ordered["term"]
    ]
    # Who is of two kinds counts once together: how few they are must not follow from the numbers.
    both = int(ordered["people"].iloc[1:].sum() - ordered["people"].iloc[0])
    told = [not 0 < both < rules.min_respondents, *[True] * len(kinds)]
    labels = [
        f"{name}, n = {texts.number(row.people, 'integer')}" if counted else name
        for name, row, counted in zip(names, rows_of(ordered), told, strict=True)
    ]
    with style():
        figure, axes, y = rows_axes(
            labels, left=1.75, right=1.15, top=0.45, bottom=0.58, wrap=30, bold=[True, *[False] * len(kinds)]
        )
        axes.set_xlim(0, min(1.0, float((ordered["base"] + ordered["conf_high"]).max()) * 1.05))
        for place, row in zip(y, rows_of(ordered), strict=True):
            base, gain = float(row.bar), float(row.estimate)
            axes.barh(place, base, height=0.2, color=COLOURS["light"], zorder=2)
            axes.barh(place, gain, left=base, height=0.2, color=COLOURS["blue"], zorder=2)
            axes.plot(
                [base + row.conf_low, base + row.conf_high], [place, place], color=COLOURS["ink"], zorder=3
            )
            row_value(
                axes, place, texts.number(gain, "points1"), bold=row.term == "gain", colour=COLOURS["blue"]
            )
        number_axis(axes.xaxis, "percent0", texts)
        axes.set_xlabel(texts.say("Part of the differences in recommending that is explained"))
        width, height = figure.get_size_inches()
        for x, colour, text in (
            (0.03, COLOURS["light"], texts.say("moments during employment")),
            (2.45, COLOURS["blue"], texts.say("added by moments before and after")),
        ):
            figure.text(x / width, 1 - 0.20 / height, "■", va="center", fontsize=11, color=colour)
            figure.text((x + 0.17) / width, 1 - 0.20 / height, text, va="center", fontsize=9)
    first = ordered.iloc[0]
    takeaway = texts.say(
        _TAKEAWAYS["up" if first["conf_low"] > 0 else "open"],
        **({"gain": float(first["estimate"])} if first["conf_low"] > 0 else {}),
    )
    caption = texts.say(
        "Explained variance of recommending among people of one kind in one wave, corrected for what any questions "
        "explain by chance; at the end of each bar the {intervals} of the gain. Only people who rated moments during "
        "employment and outside it.",
        intervals=intervals_name(ordered, texts),
    )
    said = [
        texts.say(
            "{who}: {base:percent1} without, {gain:points1} more with them, interval {limits}.",
            who=name,
            base=float(row.base),
            gain=float(row.estimate),
            limits=interval(float(row.conf_low), float(row.conf_high), "points1", language=texts.language),
        )
        for name, row in zip(names, rows_of(ordered), strict=True)
    ]
    return Picture(figure, caption, " ".join([takeaway, *said]), takeaway, [released])
