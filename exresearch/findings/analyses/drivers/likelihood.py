"""Answers as categories instead of numbers: the named drivers in logistic and ordinal models."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.drivers.models import FIRST, OUTCOMES, SECOND, DriverModel, driver_model
from exresearch.findings.note import Note
from exresearch.measures import oriented_frame
from exresearch.measures.advocacy import cut_points
from exresearch.measures.resampling import respondents
from exresearch.models import NotEstimable
from exresearch.models.likelihood import likelihood_importance
from exresearch.models.moments.algebra import row_order
from exresearch.study import Study, Variable

# Every subset of the players is fitted by iteration, so that a larger study is sampled.
_MOST_SHEETS = 5000
_PROMOTER, _WEIGHT = "(promoter)", "(weight)"
# Named drivers are players of their own, and the other drivers of each block are one; with more players than this the
# models take too long.
_MOST_PLAYERS = 10
MODELS = {
    "logistic": "promoter or not (logistic)",
    "ordinal": "in their order (ordinal)",
}


@dataclass(frozen=True, slots=True)
class LikelihoodCheck:
    """What the comparison of the named drivers becomes when answers are no numbers.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per outcome and model: ``outcome, label, model``; ``mcfadden_first, mcfadden_second, nagelkerke_first,
        nagelkerke_second`` (importance of a named driver, the mean where a side has several) and ``n``.
    notes : list of Note
        For which outcome a model could not be fitted, that sheets were sampled, and for how many models the
        employee-first side is the larger.
    """

    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: list[Note] = field(default_factory=list)


def likelihood_check(
    study: Study,
    *,
    enps_variant: Literal["us", "eu", "custom"],
    enps_promoters_from: int = 9,
    enps_detractors_to: int = 6,
    rules: DisclosureRules,
    seed: int,
) -> LikelihoodCheck:
    """Compare the named drivers by general dominance of models for categories.

    The players are few whatever the number of drivers: each named one, and together the other drivers of the two
    blocks and of neither. Every outcome gets a model of proportional odds,
    and recommending also a logistic one of promoters against all others.

    Parameters
    ----------
    study : Study
        The client.
    enps_variant, enps_promoters_from, enps_detractors_to
        Who is a promoter.
    rules : DisclosureRules
        Minimum groups.
    seed : int
        Of the sample that takes the place of more than 5,000 sheets.

    Returns
    -------
    LikelihoodCheck
        Empty where the codebook names no driver on one of the sides.
    """
    model = driver_model(study.codebook)
    if not all(model.side(block, named=True) for block in (FIRST, SECOND)):
        return LikelihoodCheck()
    named = [player for block in (FIRST, SECOND) for player in model.side(block, named=True)]
    others = {v.block for v in model.drivers if model.groups.get(v.column, v.column) not in named}
    if len(named) + len(others) > _MOST_PLAYERS:
        message = "The claim names too many drivers ({count:integer}) for models of categories."
        return LikelihoodCheck(notes=[Note(message=message, values={"count": len(named)})])
    measured = [
        v for name in OUTCOMES for v in study.codebook.select("employees", role="outcome", construct=name)[:1]
    ]
    employees = study.table("employees")
    data = oriented_frame(employees, [*model.drivers, *measured])
    if "weight" in employees:
        data[_WEIGHT] = employees["weight"].astype("float64")
    cuts = cut_points(enps_variant, promoters_from=enps_promoters_from, detractors_to=enps_detractors_to)
    rows: list[dict[str, Any]] = []
    notes: list[Note] = []
    for outcome in measured:
        label = study.codebook.label(outcome.name)
        columns = [outcome.column, *model.columns, *([_WEIGHT] if _WEIGHT in data else [])]
        complete = data[columns].dropna()
        if respondents(employees, where=complete.index) < rules.min_model:
            continue
        if len(complete) > _MOST_SHEETS:
            message = "For models of categories {n:integer} answer sheets were drawn at random."
            note = Note(message=message, values={"n": _MOST_SHEETS})
            notes += [note] if note not in notes else []
            complete = _sample(complete, seed=seed)
        for kind in ("logistic", "ordinal") if outcome.name == "enps" else ("ordinal",):
            target = outcome.column
            if kind == "logistic":
                least = _promoter(outcome, cuts)
                if least is None:
                    continue
                complete, target = complete.assign(**{_PROMOTER: complete[target] >= least}), _PROMOTER
                complete[_PROMOTER] = complete[_PROMOTER].astype("float64")
            row = _compared(complete, target, kind, model)
            if row is None:
                message = "{outcome}: the model of categories could not be fitted."
                notes.append(Note(message=message, values={"outcome": label}))
                continue
            rows.append({"outcome": outcome.name, "label": label, "model": MODELS[kind]} | row)
    table = pd.DataFrame(rows)
    return LikelihoodCheck(table, [*([_larger(table)] if len(table) else []), *notes])


def _sample(complete: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Draw sheets at random, the same ones whatever the order of the rows."""
    columns = [complete[name].to_numpy(dtype="float64") for name in reversed(list(complete))]
    ordered = complete.index[row_order(columns)]
    return complete.loc[
        ordered[np.random.default_rng(seed).choice(len(ordered), _MOST_SHEETS, replace=False)]
    ]


def _promoter(outcome: Variable, cuts: Any) -> float | None:
    """Lowest answer of a promoter on the item's own scale; None where the cut-points do not fit it."""
    if outcome.minimum is None or outcome.maximum is None:
        return None
    try:
        return float(cuts.on((outcome.minimum, outcome.maximum)).promoter)
    except ValueError:
        return None


def _compared(
    complete: pd.DataFrame, outcome: str, kind: Literal["logistic", "ordinal"], model: DriverModel
) -> dict[str, Any] | None:
    players = {}
    for v in model.drivers:
        player = model.groups.get(v.column, v.column)
        compared = v.block in (FIRST, SECOND) and model.named(player)
        players[v.column] = player if compared else f"(other {v.block})"
    try:
        table = likelihood_importance(
            complete,
            outcome=outcome,
            drivers=model.columns,
            model=kind,
            blocks=players,
            weights=_WEIGHT if _WEIGHT in complete else None,
        ).table
    except (NotEstimable, ValueError):
        return None
    found = table.set_index(["fit", "driver"])["importance"]
    row: dict[str, Any] = {"n": len(complete)}
    for fit in ("mcfadden", "nagelkerke"):
        for side, block in (("first", FIRST), ("second", SECOND)):
            named = model.side(block, named=True)
            row[f"{fit}_{side}"] = float(found.loc[[(fit, player) for player in named]].mean())
    return row


def _larger(table: pd.DataFrame) -> Note:
    both = (table["mcfadden_first"] > table["mcfadden_second"]) & (
        table["nagelkerke_first"] > table["nagelkerke_second"]
    )
    return Note(
        message=(
            "The employee-first side is the more important one, by McFadden and by Nagelkerke, in {count:integer} of "
            "{total:integer} models of categories."
        ),
        values={"count": int(both.sum()), "total": len(table)},
    )
