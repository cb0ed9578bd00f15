"""The journey map: one line through all contact moments, their phases, who rated them, and what each weighs."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from exresearch.disclosure import DisclosureRules, Released, release
from exresearch.findings.analyses import JourneyMap
from exresearch.findings.note import Note
from exresearch.report.figures.journey.bands import RATING, Places, bands, legend, names
from exresearch.report.figures.journey.groups import of_groups, of_moments, of_phases
from exresearch.report.figures.journey.kinds import in_order, kind_name
from exresearch.report.figures.journey.points import WEIGHT, gaps, lines, points, weights
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture, add_axes, intervals_name, new_figure, number_axis, rows_of, style

NO_MAP = Note(message="No contact moment was rated by enough people to draw the journey.")
#: Inches: margins, width of a moment, heights of the parts from the top.
_LEFT, _RIGHT, _PLACE, _LEAST_WIDTH = 0.68, 0.12, 0.84, 5.8
_HEAD, _NAMES, _LEGEND, _FOOT = 0.62, 0.80, 0.52, 0.14
#: Part of the scale that the axis shows at least, so that small differences stay small.
_LEAST_SHARE = 0.15
#: Moments that a sentence names at most.
_NAMED = 3
_ENDS = {
    "rank_low": (
        mark("{moment} is rated best ({mean:number1})."),
        mark("{moments} are rated best and cannot be told apart."),
        mark(
            "{n:integer} of the {k:integer} moments share the first place: no difference between them is certain."
        ),
    ),
    "rank_high": (
        mark("{moment} is rated worst ({mean:number1})."),
        mark("{moments} are rated worst and cannot be told apart."),
        mark(
            "{n:integer} of the {k:integer} moments share the last place: no difference between them is certain."
        ),
    ),
}


def journey_map(
    journey: JourneyMap, importance: pd.DataFrame, *, texts: Texts, rules: DisclosureRules
) -> Picture | Note:
    """Draw the journey of a study.

    The dark line goes through the mean of every moment, with its interval; coloured lines are the kinds of people who
    rated it. Moments that nobody was asked about are empty dashed circles, and the line is dotted where it passes them.
    Below, every kind of people has what a moment weighs in its recommending.

    Parameters
    ----------
    journey : JourneyMap
        Of :func:`exresearch.findings.analyses.journey_moments`.
    importance : pandas.DataFrame
        Of the same: ``who, moment, importance, conf_low, conf_high, rank_low, rank_high, people``; without rows there
        is no lower part.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        A moment, or a group at a moment, that too few people rated is not drawn.

    Returns
    -------
    Picture or Note
        A note where there is nothing to draw.
    """
    if journey.moments.empty:
        return NO_MAP
    # Moments have no total from which a hidden one would follow: each row is a table by itself.
    moments = release(
        journey.moments,
        count="people",
        rules=rules,
        within=["moment"],
        groups=of_moments(journey),
        name="Ratings of contact moments",
    )
    places = _places(moments, journey.moments)
    if not places.shown:
        return NO_MAP
    shown, empty = [moments], gaps(places)
    if len(empty):
        # Their height follows from the moments beside them.
        shown.append(
            release(empty, count="people", rules=rules, within=["place"], name="Gaps in the journey")
        )
    groups = _groups(journey, places, rules, shown)
    means = _means(journey, moments, rules, shown)
    if len(importance):
        weighing = release(
            importance.assign(label=importance["moment"].map(_labels(journey))),
            count="people",
            rules=rules,
            within=["who"],
            name="Weights of moments",
        )
        shown.append(weighing)
        importance = weighing.frame[~weighing.hidden]
    kinds = in_order(list(dict.fromkeys([*groups.get("group", []), *importance.get("who", [])])))
    weighed = len(importance) > 0
    with style():
        width = max(_LEAST_WIDTH, _LEFT + _RIGHT + _PLACE * len(places.frame))
        room = _LEGEND if kinds else 0.0
        height = _HEAD + RATING + _NAMES + room + _FOOT + (WEIGHT if weighed else 0.0)
        figure = new_figure(height, width=width)
        below = height - _HEAD - RATING
        axes = add_axes(figure, left=_LEFT, right=_RIGHT, top=_HEAD, bottom=below)
        _frame(axes, places, journey, groups, texts)
        bands(axes, places, means, texts)
        lines(axes, places, groups, kinds)
        points(axes, places, empty)
        names(axes, places, texts)
        if kinds:
            legend(figure, kinds, texts, top=(below - _NAMES) / height)
        if weighed:
            lower = add_axes(figure, left=_LEFT, right=_RIGHT, top=height - _FOOT - WEIGHT, bottom=_FOOT)
            weights(lower, places, importance, texts)
    return Picture(figure, *_said(journey, places, importance, texts), shown=shown)


def _places(moments: Released, every: pd.DataFrame) -> Places:
    frame = moments.frame
    seen = frame[~moments.hidden & frame["estimate"].notna()]
    return Places(
        frame,
        {name: float(i) for i, name in enumerate(frame["moment"])},
        shown=set(seen["moment"]),
        rated=set(every.loc[every["people"] > 0, "moment"]),
    )


def _groups(
    journey: JourneyMap, places: Places, rules: DisclosureRules, shown: list[Released]
) -> pd.DataFrame:
    """Means by who rates, without those that too few people gave or that would give others away."""
    who = journey.who
    if who.empty or who["group"].nunique() < 2:
        return pd.DataFrame()
    released = release(
        who[who["moment"].isin(places.shown)].assign(label=who["moment"].map(_labels(journey))),
        count="people",
        rules=rules,
        within=["moment"],
        groups=of_groups(journey),
        name="Ratings of contact moments, by who rates",
    )
    shown.append(released)
    return released.frame[~released.hidden & released.frame["estimate"].notna()]


def _labels(journey: JourneyMap) -> dict[str, object]:
    """Names of the moments."""
    return dict(zip(journey.moments["moment"], journey.moments["label"], strict=True))


def _means(
    journey: JourneyMap, moments: Released, rules: DisclosureRules, shown: list[Released]
) -> dict[str, float]:
    """Means of the phases that may be shown."""
    every = journey.moments
    # A phase has no part of moments with too few people; one that is hidden for another reason would follow from it.
    alike = every[moments.hidden & (every["people"] >= rules.min_respondents)]
    phases = journey.phases
    phases = phases[~phases["phase"].isin(alike["phase"])] if len(phases) else phases
    if phases.empty:
        return {}
    released = release(
        phases,
        count="people",
        rules=rules,
        within=["phase"],
        groups=of_phases(journey),
        name="Ratings of phases",
    )
    shown.append(released)
    seen = released.frame[~released.hidden & released.frame["estimate"].notna()]
    return {str(row.phase): float(row.estimate) for row in rows_of(seen)}


def _frame(axes: Axes, places: Places, journey: JourneyMap, groups: pd.DataFrame, texts: Texts) -> None:
    shown = places.frame[places.frame["moment"].isin(places.shown)]
    ends = [
        *shown["estimate"],
        *shown["conf_low"].dropna(),
        *shown["conf_high"].dropna(),
        *groups.get("estimate", []),
        *groups.get("conf_low", pd.Series(dtype=float)).dropna(),
        *groups.get("conf_high", pd.Series(dtype=float)).dropna(),
    ]
    low, high = min(ends), max(ends)
    whole = journey.scale[1] - journey.scale[0]
    room = max(0.12 * (high - low), (_LEAST_SHARE * whole - (high - low)) / 2)
    axes.set_ylim(
        max(journey.scale[0] - 0.02 * whole, low - room), min(journey.scale[1] + 0.02 * whole, high + room)
    )
    axes.set_xlim(-0.5, len(places.frame) - 0.5)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.yaxis.grid(True, color="white", linewidth=1.2)
    number_axis(axes.yaxis, "number1", texts, ticks=5)
    low, high = journey.scale
    scale = texts.say("mean rating, from {low:number0} to {high:number0}", low=low, high=high)
    axes.set_ylabel(scale, fontsize=8.5, labelpad=4)


def _said(
    journey: JourneyMap, places: Places, importance: pd.DataFrame, texts: Texts
) -> tuple[str, str, str]:
    """Caption, alternative text and takeaway."""
    shown = places.frame[places.frame["moment"].isin(places.shown)]
    takeaway = " ".join([*_ends(shown, texts), *_heaviest(importance, places.frame, texts)])
    low, high = journey.scale
    caption = texts.say(
        "Mean rating of every contact moment on a scale of {low:number0} to {high:number0} (the axis shows a part of "
        "it), with {intervals}; coloured lines are who rated, thin lines their intervals. Below: share of the "
        "differences in recommending that a moment accounts for, per kind of people. An empty dashed circle was not "
        "asked about, or by too few.",
        low=low,
        high=high,
        intervals=intervals_name(shown, texts),
    )
    said = []
    for row in rows_of(places.frame):
        if row.moment in places.shown:
            said.append(
                texts.say(
                    "{moment}: {estimate:number1}, interval {limits}.",
                    moment=texts.pick(row.label),
                    estimate=float(row.estimate),
                    limits=interval(
                        float(row.conf_low), float(row.conf_high), "number1", language=texts.language
                    )
                    if pd.notna(row.conf_low)
                    else "–",
                )
            )
        else:
            said.append(texts.say("{moment}: a gap.", moment=texts.pick(row.label)))
    return caption, " ".join([takeaway, *said]), takeaway


def _ends(shown: pd.DataFrame, texts: Texts) -> list[str]:
    """Sentences on the highest and the lowest moments, as far as their differences settle that."""
    total = len(shown)
    if total < 2 or (shown["rank_low"] == 1).all():
        return [
            texts.say(
                "No moment stands out: no difference between two moments is larger than chance may make it."
            )
        ]
    said = []
    for end, (one, several, many) in _ENDS.items():
        # What may be at both ends is named at neither.
        first, last = shown["rank_low"] == 1, shown["rank_high"] == total
        at_end = shown[first & ~last] if end == "rank_low" else shown[last & ~first]
        names = [texts.say("“{name}”", name=texts.pick(label)) for label in at_end["label"]]
        if not names:
            continue
        if len(names) == 1:
            said.append(texts.say(one, moment=names[0], mean=float(at_end["estimate"].iloc[0])))
        elif len(names) <= _NAMED:
            listed = texts.say("{first} and {last}", first=", ".join(names[:-1]), last=names[-1])
            said.append(texts.say(several, moments=listed))
        else:
            said.append(texts.say(many, n=len(names), k=total))
    return said


def _heaviest(importance: pd.DataFrame, frame: pd.DataFrame, texts: Texts) -> list[str]:
    """A sentence on the moment that weighs most, for the largest kind of people in whom the data settle it."""
    if importance.empty:
        return []
    first = importance[(importance["rank_low"] == 1) & (importance["rank_high"] == 1)]
    if first.empty:
        return [texts.say("Which moment weighs most in recommending stays open.")]
    row = first.sort_values("people", kind="stable").iloc[-1]
    moment = texts.pick(frame.loc[frame["moment"] == row["moment"], "label"].iloc[0])
    if (importance["who"] == row["who"]).all():
        return [texts.say("In recommending, “{moment}” weighs most.", moment=moment)]
    who = kind_name(str(row["who"]), texts).lower()
    return [texts.say("Among {who} “{moment}” weighs most in recommending.", who=who, moment=moment)]
