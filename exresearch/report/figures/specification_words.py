"""What a specification curve says in words: caption, alternative text and the sentence to remember."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.analyses.sensitivity import Decision, Specifications
from exresearch.report.numbers import interval
from exresearch.report.text import Texts
from exresearch.report.theme import intervals_name


def strongest_choice(
    made: pd.DataFrame, curve: Specifications
) -> tuple[Decision, list[tuple[str, Any, float]]] | None:
    """The decision whose alternatives have the most different medians, and these from low to high."""
    best: tuple[float, Decision, list[tuple[str, Any, float]]] | None = None
    for decision in curve.decisions:
        medians = [
            (
                option.key,
                option.label,
                float(made.loc[made[decision.name] == option.key, "estimate"].median()),
            )
            for option in decision.alternatives
            if (made[decision.name] == option.key).any()
        ]
        medians.sort(key=lambda one: one[2])
        if len(medians) > 1 and (best is None or medians[-1][2] - medians[0][2] > best[0]):
            best = (medians[-1][2] - medians[0][2], decision, medians)
    return None if best is None else best[1:]


def takeaway(made: pd.DataFrame, curve: Specifications, *, texts: Texts, spec: str) -> str:
    """How many combinations agree, and which decision moves the median most."""
    row = curve.summary.iloc[0]
    total, share = int(row["n_estimated"]), float(row["share_same_sign"])
    if share == 1:
        said = texts.say("All {n:integer} combinations of choices point in the same direction.", n=total)
    else:
        said = texts.say(
            "{share:percent0} of the {n:integer} combinations of choices point in the same direction.",
            share=share,
            n=total,
        )
    clear = float(row["share_excluding_null"])
    if np.isfinite(clear) and clear < 1:
        # Pointing one way is little where most of them could as well be nothing.
        said += " " + texts.say(
            "In {share:percent0} of them the interval leaves out “no effect”.", share=clear
        )
    found = strongest_choice(made, curve)
    if found is None:
        return said
    decision, medians = found
    return f"{said} " + texts.say(
        "What matters most is “{decision}”: the median goes from {low} ({first}) to {high} ({last}).",
        decision=decision.label,
        low=texts.number(medians[0][2], spec),
        first=medians[0][1],
        high=texts.number(medians[-1][2], spec),
        last=medians[-1][1],
    )


def alt_text(made: pd.DataFrame, curve: Specifications, *, texts: Texts, spec: str) -> str:
    """The span, the declared combination and its place, in words."""
    row, number = curve.summary.iloc[0], texts.number
    said = texts.say(
        "Estimates from {low} to {high}, median {median}; no effect is {null}.",
        low=number(float(row["lowest"]), spec),
        high=number(float(row["highest"]), spec),
        median=number(float(row["median"]), spec),
        null=number(curve.null, spec),
    )
    deciding = curve.deciding
    if deciding is not None:
        said += " " + texts.say(
            "The declared choice gives {estimate} ({limits}), number {rank:integer} of {n:integer} from the lowest.",
            estimate=number(float(deciding["estimate"]), spec),
            limits=interval(
                float(deciding["conf_low"]), float(deciding["conf_high"]), spec, language=texts.language
            ),
            rank=int(np.flatnonzero(made["deciding"])[0]) + 1,
            n=len(made),
        )
    return f"{said} {takeaway(made, curve, texts=texts, spec=spec)}"


def caption(made: pd.DataFrame, curve: Specifications, *, cut: bool, texts: Texts) -> str:
    """What is drawn, and what was cut off or could not be computed."""
    parts = [
        texts.say(
            "Each column is one combination of choices, from the lowest to the highest estimate, with {intervals}; the "
            "marks below say which choices. Right: the median under each choice. Grey: no effect lies within the "
            "interval.",
            intervals=intervals_name(made, texts),
        )
    ]
    if curve.deciding is not None:
        parts.append(texts.say("Diamond: the declared combination, which alone decides."))
    if curve.smallest_effect is not None:
        parts.append(texts.say("Shaded: too small to matter."))
    if cut:
        parts.append(texts.say("The longest intervals run on past the edge."))
    if curve.note is not None:
        parts.append(texts.note(curve.note))
    return " ".join(parts)
