"""Notebook 05, beside its verdict: the chain under every declared choice."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from exresearch.findings.analyses.chain.checks import drawn_chain, kept_equal, pooled, serial
from exresearch.findings.analyses.chain.claim import EngagementChain
from exresearch.findings.analyses.chain.rows import AMBASSADORS, PARTS, WAVE, ChainRows, chain_rows
from exresearch.findings.analyses.sensitivity import (
    Alternative,
    Decision,
    Sensitivity,
    declared_specifications,
    no_specifications,
)
from exresearch.findings.conclude import estimand_for
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.models import NotEstimable
from exresearch.models.mediation import DrawnMoments
from exresearch.study import Study

#: Replicates of every combination but the declared one, whose interval is that of the verdict.
REPLICATES = 399
_STRICTER = 2
_SERIAL = Note(message="Serial indirect effect")


def chain_specifications(
    study: Study, result: EngagementChain, *, min_unit_n: int, conf_level: float, seed: int
) -> Sensitivity:
    """Estimate the chain under every combination of choices that could have been made otherwise.

    Parameters
    ----------
    study : Study
        The client.
    result : EngagementChain
        What :func:`exresearch.findings.analyses.engagement_chain` gave with the same settings.
    min_unit_n, conf_level, seed
        The declared choices, as there.

    Returns
    -------
    Sensitivity
        One curve. Decisions: ``made_of`` (recommending and effort, or one of them), ``level`` (units by wave, or one
        value per unit), ``kinds`` (of unit kept equal or not), ``answers`` (least in a unit and wave) and ``weights``
        (units alike, or by answers); a decision that changes nothing in these data is not there. Without a curve, with
        the reason, where the finding was not testable.
    """
    finding = result.finding
    estimand = estimand_for(finding.hypothesis)
    if not finding.tested or finding.estimate is None:
        nothing = no_specifications(
            unit_of_measurement=estimand.unit, note=finding.reason, null=estimand.null
        )
        return Sensitivity(nothing, unmeasured=result.unmeasured)
    samples = _samples(study, min_unit_n)
    decisions = _decisions(study, samples)
    curve = declared_specifications(
        samples,
        decisions=decisions,
        estimate=partial(
            _estimate,
            study=study,
            conf_level=conf_level,
            seed=seed,
            least=next(iter(samples)),
            made={},
            sums={},
        ),
        deciding={decision.name: decision.alternatives[0].key for decision in decisions},
        unit_of_measurement=estimand.unit,
        null=estimand.null,
        smallest_effect=(estimand.smallest_effect.low, estimand.smallest_effect.high),
        verdict=EstimateRecord(
            term="serial_indirect_effect",
            label=_SERIAL,
            method=finding.method or _SERIAL,
            **finding.model_dump(
                include={"unit_of_measurement", "estimate", "conf_low", "conf_high", "conf_level", "n"}
            ),
        ),
    )
    return Sensitivity(curve, ((_SERIAL, curve),), result.unmeasured)


def _samples(study: Study, min_unit_n: int) -> dict[int, ChainRows]:
    """Rows by the least number of answers; the stricter one only where it leaves something out."""
    made: dict[int, ChainRows] = {}
    scored = None
    for least in (min_unit_n, _STRICTER * min_unit_n):
        rows = chain_rows(study, min_unit_n=least, scored=scored)
        if isinstance(rows, ChainRows):
            made[least], scored = rows, rows.answered
    sizes = [len(rows.cells) for rows in made.values()]
    return dict(list(made.items())[:1]) if len(set(sizes)) < len(sizes) else made


def _decisions(study: Study, samples: Mapping[int, ChainRows]) -> list[Decision]:
    rows = next(iter(samples.values()))
    named = {name: Note(message="{measure}", values={"measure": rows.labels[name]}) for name in PARTS}
    both = Note(message="{measure}", values={"measure": rows.labels[AMBASSADORS]})
    decisions = [
        Decision(
            "made_of",
            Note(message="Ambassadorship"),
            (
                Alternative("both", both, AMBASSADORS),
                *(Alternative(name, named[name], name) for name in PARTS),
            ),
        ),
        Decision(
            "level",
            Note(message="Rows"),
            (
                Alternative("cells", Note(message="Units by wave"), False),
                Alternative("units", Note(message="Units, waves together"), True),
            )[: 2 if rows.cells[WAVE].nunique() >= 2 else 1],
        ),
        Decision(
            "kinds",
            Note(message="Kinds of unit"),
            (
                Alternative("left_out", Note(message="Not kept equal"), False),
                Alternative("kept", Note(message="Kept equal"), True),
            )[: 2 if kept_equal(study, rows.cells)[1] else 1],
        ),
        Decision(
            "weights",
            Note(message="Weight of a unit"),
            (
                Alternative("alike", Note(message="All alike"), None),
                Alternative("answers", Note(message="By answers"), "n"),
            ),
        ),
        Decision(
            "answers",
            Note(message="Answers a unit needs"),
            tuple(
                Alternative(
                    f"n_{least}", Note(message="{least:integer} or more", values={"least": least}), least
                )
                for least in samples
            ),
        ),
    ]
    # A choice with one alternative is none.
    return [decision for decision in decisions if len(decision.alternatives) > 1]


def _estimate(
    samples: Mapping[int, ChainRows],
    *,
    study: Study,
    conf_level: float,
    seed: int,
    least: int,
    made: dict[tuple[int, bool, bool], tuple[pd.DataFrame, list[str]]],
    sums: dict[tuple[int, bool, bool, str | None], DrawnMoments | None],
    made_of: str = AMBASSADORS,
    level: bool = False,
    kinds: bool = False,
    weights: str | None = None,
    answers: int | None = None,
) -> pd.Series:
    # The same rows serve several combinations.
    key = (least if answers is None else answers, level, kinds)
    if key not in made:
        made[key] = _rows(samples[key[0]], study, level=level, kinds=kinds)
    frame, held = made[key]
    resampling: dict[str, Any] = {"n_boot": REPLICATES, "conf_level": conf_level, "seed": seed}
    if (*key, weights) not in sums:
        sums[(*key, weights)] = drawn_chain(frame, held, resampling, weights=weights)
    drawn = sums[(*key, weights)]
    found = serial(frame, held, resampling, drawn=drawn, made_of=made_of, weights=weights).iloc[-1]
    named = {"n_sheets": "n", "n_clusters": "n_units"}
    values = {named.get(str(key), key): value for key, value in found.items() if key != "n"}
    return pd.Series(values, dtype=found.dtype, name=found.name)


def _rows(rows: ChainRows, study: Study, *, level: bool, kinds: bool) -> tuple[pd.DataFrame, list[str]]:
    """The rows of a combination, and the columns that are held the same."""
    frame, held = (pooled(rows.cells), []) if level else (rows.cells, list(rows.waves))
    if kinds:
        frame, more = kept_equal(study, frame)
        if not more:
            raise NotEstimable("there are no kinds of unit to keep equal.")
        held += more
    return frame, held
