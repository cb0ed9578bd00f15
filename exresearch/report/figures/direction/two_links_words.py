"""What the figure of both links says in words."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.finding import EstimateRecord
from exresearch.report.figures.direction.clouds import Cloud
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark

_BETWEEN = {
    "up": mark("Units that are higher on “{ex}” are higher on “{cx}” as well."),
    "down": mark("Units that are higher on “{ex}” are lower on “{cx}”."),
    "open": mark("Between units no clear link shows between “{ex}” and “{cx}”."),
}
_WITHIN = {
    "up": mark("When a unit is above its own level on the one, it tends to be above it on the other too."),
    "down": mark("When a unit is above its own level on the one, it tends to be below it on the other."),
    "open": mark("When a unit rises above its own level on the one, nothing clear shows on the other."),
}


def correlation(record: EstimateRecord, texts: Texts) -> str:
    """Return a correlation with its interval."""
    limits = interval(record.conf_low, record.conf_high, "number2", language=texts.language)
    return texts.say("correlation {estimate:number2} ({limits})", estimate=record.estimate, limits=limits)


def caption_of(
    clouds: Mapping[str, Cloud],
    levels: pd.DataFrame,
    deviations: pd.DataFrame,
    *,
    texts: Texts,
    rules: DisclosureRules,
    correlations: Mapping[str, EstimateRecord | None],
) -> str:
    """Return what is shown, and how many marks are left out."""
    what = texts.say(
        "Left: {units:integer} units by their level. Right: {rows:integer} times that one of {within:integer} units "
        "was measured in a wave, as its distance from its own level and from what all units share in that wave. Both "
        "panels have the same scale, so that distances can be compared.",
        units=len(levels),
        rows=len(deviations),
        within=int(deviations["unit"].nunique()),
    )
    level = next((record.conf_level for record in correlations.values() if record is not None), None)
    if level is not None:
        what += " " + texts.say(
            "Line: least squares, with its {level:percent0} interval shaded; in brackets the interval of the "
            "correlation.",
            level=level,
        )
    left_out = {part: cloud.n_left_out for part, cloud in clouds.items()}
    if clouds["between"].form == "cells":
        return (
            what
            + " "
            + texts.say(
                "Circles stand for at least {minimum:integer} units each; {levels:integer} units on the left and "
                "{rows:integer} measurements on the right lie in emptier places and are not drawn.",
                minimum=rules.min_respondents,
                levels=left_out["between"],
                rows=left_out["within"],
            )
        )
    if any(left_out.values()):
        what += " " + texts.say(
            "Not drawn: marks with fewer than {minimum:integer} answers, or that would give those of such a mark away "
            "({levels:integer} on the left, {rows:integer} on the right).",
            minimum=rules.min_respondents,
            levels=left_out["between"],
            rows=left_out["within"],
        )
    return what


def takeaway_of(correlations: Mapping[str, EstimateRecord | None], texts: Texts, *, ex: str, cx: str) -> str:
    """Return which of the two links shows."""
    sentences = []
    for part, words in (("between", _BETWEEN), ("within", _WITHIN)):
        record = correlations.get(part)
        if record is None:
            continue
        message = words["up" if record.conf_low > 0 else "down" if record.conf_high < 0 else "open"]
        sentences.append(texts.say(message, ex=ex, cx=cx) if part == "between" else texts.say(message))
    return " ".join(sentences) or texts.say("Neither link can be told.")
