"""The frames of the journey as its tables show them: words for codes, intervals as text, levels as columns."""

from __future__ import annotations

import numpy as np
import pandas as pd

from exresearch.findings.analyses import JourneyMoments
from exresearch.report.figures.journey import kind_name
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark

_EMPLOYMENT = {
    "before": mark("before employment"),
    "during": mark("during employment"),
    "after": mark("after employment"),
    "": mark("not in the journey"),
}
_RIVALS = {
    "mean": mark("The mean of all moments"),
    "peak_end": mark("Peak and end"),
    "weakest": mark("The weakest moment"),
    "last": mark("The last moment"),
    "good": mark("The number of good moments"),
    "each": mark("Every moment with a weight of its own"),
}
_PROMISE = {
    "followed": mark("Rated as a candidate, then as an employee"),
    "together": mark("Both rated on one sheet, looking back"),
}
_SINCE = {"start": mark("the first day"), "end": mark("the last day"), "": ""}


def frames(result: JourneyMoments, *, texts: Texts) -> dict[str, pd.DataFrame]:
    """Return the frame of each table of the page by name; empty where there is nothing to show.

    Parameters
    ----------
    result : JourneyMoments
        Of :func:`exresearch.findings.analyses.journey_moments`.
    texts : Texts
        Language of the reader.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``moments, groups, overlap, importance, rivals, necessity, promise, recall, advocacy``.
    """
    moments = result.map.moments
    labels = {} if moments.empty else dict(zip(moments["moment"], moments["label"], strict=True))
    advocacy = _labelled(result.advocacy.rename(columns={"phase": "who"}), labels, texts)
    if len(moments):
        moments = _ranked(moments.assign(when=moments["employment"].map(_EMPLOYMENT)))
    return {
        "moments": moments,
        "groups": _labelled(result.map.groups, labels, texts),
        "overlap": _overlap(result, labels, texts),
        "importance": _importance(result, labels, texts),
        "rivals": _rivals(result, texts),
        "necessity": _necessity(result, labels, texts),
        "promise": _spelled(result.promise, "kind", _PROMISE),
        "recall": _recall(result.map.recall),
        "advocacy": advocacy.assign(label=advocacy["kind"]) if len(advocacy) else advocacy,
    }


def _labelled(frame: pd.DataFrame, labels: dict[str, dict[str, str]], texts: Texts) -> pd.DataFrame:
    if frame.empty:
        return frame
    made = frame.copy()
    if "moment" in made:
        made["label"] = made["moment"].map(labels)
    if "group" in made:
        made["named"] = [name or texts.say("not known") for name in made["group"]]
    if "who" in made:
        made["kind"] = [kind_name(who, texts) for who in made["who"]]
    return made


def _overlap(result: JourneyMoments, labels: dict[str, dict[str, str]], texts: Texts) -> pd.DataFrame:
    frame = result.overlap
    if len(frame) < 2:
        return pd.DataFrame()
    names = [[texts.pick(labels[name]) for name in result.asked[who]] for who in frame["who"]]
    made = _labelled(frame, labels, texts).assign(moments=[", ".join(part) for part in names])
    return made.assign(label=made["kind"])


def _importance(result: JourneyMoments, labels: dict[str, dict[str, str]], texts: Texts) -> pd.DataFrame:
    frame = _labelled(result.importance, labels, texts)
    if frame.empty:
        return frame
    return _ranked(frame)


def _ranked(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``ranks``: one place, or the first and last that the data leave open."""
    ends = zip(frame["rank_low"], frame["rank_high"], strict=True)
    ranks = [
        "–" if pd.isna(low) else f"{low:.0f}" if low == high else f"{low:.0f}–{high:.0f}"
        for low, high in ends
    ]
    return frame.assign(ranks=ranks)


def _rivals(result: JourneyMoments, texts: Texts) -> pd.DataFrame:
    frame = result.whole.rivals
    if frame.empty:
        return frame
    rows = frame[frame["term"].isin(_RIVALS)].set_index("term")
    apart = frame.set_index("term")
    made = rows.loc[list(_RIVALS)].assign(label=list(_RIVALS.values()))
    made["gain"] = [apart["estimate"].get(f"{term} - mean", np.nan) for term in made.index]
    # The difference beside it names the unit.
    made["limits"] = [
        interval(
            100 * float(apart["conf_low"][f"{term} - mean"]),
            100 * float(apart["conf_high"][f"{term} - mean"]),
            "number1",
            language=texts.language,
        ).replace(" ", "\u00a0")
        if f"{term} - mean" in apart.index
        else "–"
        for term in made.index
    ]
    return made[["label", "estimate", "held_out", "gain", "limits", "n"]].reset_index(drop=True)


def _necessity(result: JourneyMoments, labels: dict[str, dict[str, str]], texts: Texts) -> pd.DataFrame:
    if result.necessity.empty:
        return pd.DataFrame()
    steps = result.necessity[result.necessity["method"] == "ce_fdh"].set_index(["who", "moment"])
    lines = result.necessity[result.necessity["method"] == "cr_fdh"].set_index(["who", "moment"])
    made = steps.assign(line=lines["effect_size"]).reset_index()
    made = _labelled(made, labels, texts)
    found = result.bottlenecks
    for level in sorted(found["level"].unique())[-3:] if len(found) else []:
        of_level = found[found["level"] == level].set_index(["who", "moment"])["required"]
        made[f"level {level:g}"] = [
            _needed(of_level, (str(row.who), str(row.moment)), texts) for row in made.itertuples()
        ]
    return made


def _needed(required: pd.Series, key: tuple[str, str], texts: Texts) -> str:
    if key not in required.index:
        return "–"
    value = float(required[key])
    return texts.say("any") if np.isnan(value) else texts.number(value, "number1")


def _spelled(frame: pd.DataFrame, column: str, words: dict[str, str]) -> pd.DataFrame:
    return frame.assign(label=frame[column].map(words)) if len(frame) else frame


def _recall(frame: pd.DataFrame) -> pd.DataFrame:
    if frame.empty or frame[["recalled", "months"]].isna().all(axis=None):
        return pd.DataFrame()
    return frame.assign(since=frame["since"].map(_SINCE))
