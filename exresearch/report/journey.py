"""The employee journey: what the frames of the analysis look like on a page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses import JourneyMoments
from exresearch.findings.note import Note
from exresearch.report.figures.journey import journey_map, journey_steps, outer_bars
from exresearch.report.figures.journey.groups import (
    of_advocacy,
    of_groups,
    of_moments,
    of_promise,
    of_raters,
    of_recall,
)
from exresearch.report.journey_frames import frames
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture

_LABEL = Column(mark("Contact moment"))
_PEOPLE = Column(mark("People"), "integer")
COLUMNS: dict[str, dict[str, Column | None]] = {
    "moments": {
        "label": _LABEL,
        "when": Column(mark("When"), "message"),
        "estimate": Column(mark("Mean"), "number2"),
        "conf_low": Column(mark("Interval"), "number2"),
        "ranks": Column(mark("Place"), "figures"),
        "people": _PEOPLE,
    },
    "groups": {
        "label": _LABEL,
        "named": Column(mark("Group")),
        "estimate": Column(mark("Mean"), "number2"),
        "conf_low": Column(mark("Interval"), "number2"),
        "people": _PEOPLE,
    },
    "overlap": {
        "label": Column(mark("Who rated")),
        "n": _PEOPLE,
        "also": Column(mark("Of these also in another role"), "integer"),
        "moments": Column(mark("Contact moments")),
    },
    "importance": {
        "label": _LABEL,
        "kind": Column(mark("Who rated")),
        "importance": Column(mark("Weight"), "percent1"),
        "conf_low": Column(mark("Interval"), "percent1"),
        "ranks": Column(mark("Place"), "figures"),
        "people": _PEOPLE,
    },
    "rivals": {
        "label": Column(mark("What sums up the journey"), "message"),
        "estimate": Column(mark("Explains"), "percent1"),
        "held_out": Column(mark("In people left out"), "percent1"),
        "gain": Column(mark("More than the mean"), "points1"),
        "limits": Column(mark("Interval"), "figures"),
        "n": Column(mark("Answers"), "integer"),
    },
    "necessity": {
        "label": _LABEL,
        "kind": Column(mark("Who rated")),
        "effect_size": Column(mark("Empty corner"), "number2"),
        "line": Column(mark("Same, straight line"), "number2"),
        "p_adjusted": None,
    },
    "promise": {
        "label": Column(mark("How"), "message"),
        "mean_before": Column(mark("Before"), "number2"),
        "mean_first": Column(mark("After"), "number2"),
        "estimate": Column(mark("Difference"), "signed2"),
        "conf_low": Column(mark("Interval"), "signed2"),
        "n": _PEOPLE,
    },
    "recall": {
        "label": _LABEL,
        "recalled": Column(mark("Rated in a later phase"), "percent0"),
        "months": Column(mark("Median months"), "number0"),
        "since": Column(mark("Since"), "message"),
        "estimate": Column(mark("Later phase against same"), "signed2"),
        "conf_low": Column(mark("Interval"), "signed2"),
        "n": _PEOPLE,
    },
    "advocacy": {
        "label": Column(mark("Who")),
        "estimate": Column(mark("Mean"), "number1"),
        "conf_low": Column(mark("Interval"), "number1"),
        "n": _PEOPLE,
    },
}
_ABSENT = {
    "moments": mark("Nobody rated a contact moment."),
    "groups": mark("There is no category with two to six groups that all rate the same moments."),
    "overlap": mark("The data do not say who rated."),
    "importance": mark("Too few people rated two or more moments to weigh them."),
    "rivals": mark("Too few people rated three or more moments to show a whole journey."),
    "necessity": mark("Too few people rated a moment to ask what is necessary."),
    "promise": mark(
        "Nobody, or too few people, rated a moment before employment as well as the first one during it."
    ),
    "recall": mark("The data do not say when a moment was rated, or by whom."),
    "advocacy": mark(
        "At contact moments before or after employment nobody, or too few people, were asked about recommending."
    ),
}
_PLACE_NOTE = mark(
    "Weight is the share of the differences in recommending that goes with a moment, averaged over all orders of "
    "entry. A place such as 1–2: the data leave open which of those it is."
)
_RANK_NOTE = mark(
    "A place such as 1–3: the data leave open which of those it is. Places follow from the differences between "
    "moments. Many people rated several, so that a difference may be certain although two intervals overlap."
)
_RECALL_NOTE = mark(
    "Who is in a later phase looks back. Who is in the same phase may do so as well: the months say how long after."
)
_PEAK_NOTE = mark(
    "The peak is the rating furthest from the middle of the scale, the end the last moment that was rated. Explained "
    "shares are corrected for chance; “in people left out” is the fit in units that had no part in it."
)
_EMPTY_NOTE = mark(
    "The empty corner is the part of all possible answers above the ceiling: from 0.1 medium, from 0.3 large (Dul "
    "2016). p is the share of random pairings that leave as large a corner empty, corrected for the number of moments. "
    "The last columns give the rating at or below which there are only as many people with such a recommendation as "
    "this report needs for a number. “Any” means that as many gave the lowest rating of all."
)
_PROMISE_NOTE = mark(
    "From “{before}” to “{first}”, of the same persons. Who looks back on both at once tends to bring them into line."
)


def tables(result: JourneyMoments, *, texts: Texts) -> dict[str, dict[str, Any]]:
    """Return the tables of the page by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    result : JourneyMoments
        Of :func:`exresearch.findings.analyses.journey_moments`.
    texts : Texts
        Language of the reader.

    Returns
    -------
    dict of str to dict
        ``moments, groups, overlap, importance, rivals, necessity, promise, recall, advocacy``; without rows a table
        says why.
    """
    made_frames = frames(result, texts=texts)
    by = result.map.groups["by"].iloc[0] if len(result.map.groups) else {"nl": "", "en": ""}
    captions: dict[str, str | Note] = {
        "moments": mark("Every contact moment of the journey, in order"),
        "groups": Note(message="The same moments by group: {by}", values={"by": by}),
        "overlap": mark("Who rated which moments"),
        "importance": mark("What each moment weighs in recommending"),
        "rivals": mark("Which summary of a journey goes best with recommending"),
        "necessity": mark("What is necessary for a high recommendation"),
        "promise": mark("What becomes of the promise"),
        "recall": mark("When moments were rated"),
        "advocacy": mark(
            "Recommending the employer before, during and after employment, on a scale of 0 to 10"
        ),
    }
    notes: dict[str, str | Note] = {
        "moments": _RANK_NOTE,
        "importance": _PLACE_NOTE,
        "rivals": _PEAK_NOTE,
        "necessity": _EMPTY_NOTE,
    }
    notes["recall"] = _RECALL_NOTE
    if len(result.promise):
        named = result.map.moments.set_index("moment")["label"]
        ends = {side: named[result.promise[side].iloc[0]] for side in ("before", "first")}
        notes["promise"] = Note(message=_PROMISE_NOTE, values=ends)
    # The others are estimates from models, about everybody in them.
    groups = {
        "moments": of_moments(result.map),
        "groups": of_groups(result.map),
        "overlap": of_raters(),
        "promise": of_promise(result.map),
        "recall": of_recall(result.map),
        "advocacy": of_advocacy(),
    }
    made = {}
    for name, frame in made_frames.items():
        columns = COLUMNS[name] | _levels(frame, texts)
        made[name] = {
            "frame": frame,
            "count": "people" if "people" in frame else "n",
            "caption": captions[name],
            "columns": columns,
            "note": notes.get(name) if len(frame) else result.map.reason or _ABSENT[name],
            "within": _apart(name, frame),
            "groups": groups.get(name) if len(frame) else None,
        }
    return made


def pictures(result: JourneyMoments, *, texts: Texts, rules: DisclosureRules) -> dict[str, Picture | Note]:
    """Return the figures of the page by name; a note where there is nothing to draw.

    Parameters
    ----------
    result : JourneyMoments
        Of :func:`exresearch.findings.analyses.journey_moments`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Least people behind a point.

    Returns
    -------
    dict of str to Picture or Note
        ``map, outer, steps``.
    """
    gain = pd.DataFrame() if result.gain is None else result.gain.table
    return {
        "map": result.map.reason or journey_map(result.map, result.importance, texts=texts, rules=rules),
        "outer": outer_bars(gain, texts=texts, rules=rules),
        "steps": journey_steps(result.whole, scale=result.outcome_scale, texts=texts, rules=rules),
    }


def _apart(name: str, frame: pd.DataFrame) -> list[str]:
    """Columns that tell apart tables with totals of their own: groups add up within a moment, moments do not."""
    if name in ("rivals", "promise", "overlap", "advocacy") or frame.empty:
        return []
    return ["moment", "who"] if "who" in frame else ["moment"]


def _levels(frame: pd.DataFrame, texts: Texts) -> dict[str, Column | None]:
    """Columns of the bottleneck table, one per level of the recommendation, and the people behind it."""
    names = [str(name) for name in frame.columns if str(name).startswith("level ")]
    if not names:
        return {"n": _PEOPLE} if "effect_size" in frame else {}
    made: dict[str, Column | None] = {}
    for name in names:
        level = texts.number(float(name.removeprefix("level ")), "number0")
        header = texts.say("Needed for {level}", level=level)
        made[name] = Column({"nl": header, "en": header}, "figures")
    return made | {"n": _PEOPLE}
