"""What the map of importance and performance says in words: takeaway, alternative text and caption."""

from __future__ import annotations

import pandas as pd

from exresearch.report.text import Texts

# Signs behind a name on the map; the caption explains those that occur.
TURNED, AGAINST = "(R)", "(−)"
# A sign stays on the line of the word before it.
_HARD = "\N{NO-BREAK SPACE}"
_NAMED = 3
# Characters that fit on two lines of a heading.
_TWO_LINES = 146


def short_names(frame: pd.DataFrame, texts: Texts) -> list[str]:
    """Names for the map, with signs in the place of words."""
    turned = frame["reversed"] if "reversed" in frame else [False] * len(frame)
    rows = zip(frame["label"], turned, frame["quadrant"] == "against", strict=True)
    return [
        texts.pick(label) + f"{_HARD}{TURNED}" * bool(is_turned) + f"{_HARD}{AGAINST}" * bool(against)
        for label, is_turned, against in rows
    ]


def map_takeaway(panels: list[pd.DataFrame], texts: Texts) -> str:
    """What matters and is low for the first outcome that has such drivers, at most three of them by name."""
    found = [(name, drivers) for name, drivers in _found(panels, "short", texts) if drivers]
    if not found:
        return texts.say("No driver clearly matters more than most and is clearly lower than the others.")
    (outcome, drivers), others = found[0], [name for name, _ in found[1:]]
    for kept in range(min(_NAMED, len(drivers)), 0, -1):
        for also in (others, len(others)):
            text = _sentence(outcome, drivers, kept, also, texts)
            if len(text) <= _TWO_LINES:
                return text
    return _sentence(outcome, drivers, 1, len(others), texts)


def _sentence(outcome: str, drivers: list[str], kept: int, also: list[str] | int, texts: Texts) -> str:
    quoted = [texts.say("“{driver}”", driver=driver) for driver in drivers[:kept]]
    if kept < len(drivers):
        listed = texts.say(
            "{drivers} and {count:integer} more", drivers=", ".join(quoted), count=len(drivers) - kept
        )
    elif kept > 1:
        listed = texts.say("{drivers} and {last}", drivers=", ".join(quoted[:-1]), last=quoted[-1])
    else:
        listed = quoted[0]
    text = texts.say("Matters and is low for {outcome}: {drivers}.", outcome=outcome, drivers=listed)
    if not also:
        return text
    if isinstance(also, list):
        return text + " " + texts.say("Some for {outcomes} too.", outcomes=", ".join(also))
    return text + " " + texts.say("Some for other outcomes too.")


def map_alt(panels: list[pd.DataFrame], texts: Texts) -> str:
    """Every driver that matters and is low, per outcome; and the most important and the lowest of the first."""
    said = [
        texts.say(
            "Matters and is low for {outcome}: {drivers}.",
            outcome=outcome,
            drivers=", ".join(texts.say("“{driver}”", driver=driver) for driver in drivers),
        )
        for outcome, drivers in _found(panels, "text", texts)
        if drivers
    ] or [map_takeaway(panels, texts)]
    rows = panels[0]
    top = rows.iloc[int(rows["importance"].to_numpy().argmax())]
    lowest = rows.iloc[int(rows["performance"].to_numpy().argmin())]
    said.append(
        texts.say(
            "For {outcome} “{first}” is most important ({importance:percent1}) with a performance of "
            "{performance:number0}; “{lowest}” has the lowest performance ({least:number0}).",
            outcome=texts.pick(top["outcome_label"]),
            first=top["text"],
            importance=float(top["importance"]),
            performance=float(top["performance"]),
            lowest=lowest["text"],
            least=float(lowest["performance"]),
        )
    )
    return " ".join(said)


def map_caption(frame: pd.DataFrame, texts: Texts, *, numbered: bool) -> str:
    """How to read the map, with those signs explained that are on it."""
    parts = [
        texts.say(
            "Each mark is a driver. Above the horizontal line: at least as important as the median driver. Left of the "
            "vertical line: lower than the mean of the drivers. Shaded: what matters, and is low. Hollow: the distance "
            "from one of the two lines may be chance."
        )
    ]
    if numbered:
        first = texts.pick(frame["outcome_label"].iloc[0])
        parts.append(texts.say("Numbers: the order of importance for {outcome}.", outcome=first))
    if frame["named"].any():
        parts.append(texts.say("Bold: drivers that the claim names."))
    if (frame["quadrant"] == "against").any():
        parts.append(texts.say("(−): goes with a worse outcome, so that low is no shortcoming."))
    if "reversed" in frame and frame["reversed"].any():
        parts.append(
            texts.say(
                "(R): the answers to this statement were turned round; the number is about the opposite of what it "
                "says."
            )
        )
    parts.append(
        texts.say(
            "Thin lines: interval of the importance, and of the distance from the mean performance. The vertical axis "
            "is stretched at the bottom, where most drivers are."
        )
    )
    return " ".join(parts)


def _found(panels: list[pd.DataFrame], column: str, texts: Texts) -> list[tuple[str, list[str]]]:
    """Per outcome the drivers that clearly matter and are low, the most important first."""
    return [
        (
            texts.pick(rows["outcome_label"].iloc[0]),
            rows[(rows["quadrant"] == "matters_low") & rows["clear"]]
            .sort_values("importance", ascending=False, kind="stable")[column]
            .tolist(),
        )
        for rows in panels
    ]
