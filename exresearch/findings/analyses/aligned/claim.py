"""Notebook 05: do people who are ready, willing and able, and behind the organisation, put the customer first."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.aligned.checks import (
    from_colleagues,
    model_records,
    other_ways,
    overlap,
    rescored,
)
from exresearch.findings.analyses.aligned.rivals import (
    ALIGNMENT,
    BEHAVIOUR,
    DECIDING,
    MODELS,
    MODERATION,
    PARTS,
    compared,
    gain_record,
    sign_of,
    sums_of,
)
from exresearch.findings.analyses.aligned.weakest import weakest_groups
from exresearch.findings.analyses.answer_sheets import AnswerSheets, answer_sheets
from exresearch.findings.analyses.dependence import few_units_caveat
from exresearch.findings.analyses.score_rules import score_rule
from exresearch.findings.analyses.wording import skipped_checks
from exresearch.findings.conclude import conclude, estimand_for, not_testable
from exresearch.findings.finding import Finding
from exresearch.findings.note import Note, NoteValue
from exresearch.findings.testability import Testability, testability
from exresearch.study import Study

_HYPOTHESIS = "aligned-workforce"
CONSTRUCTS = {name: name for name in (*PARTS, ALIGNMENT)} | {BEHAVIOUR: "customer_orientation"}


@dataclass(frozen=True, slots=True)
class AlignedWorkforce:
    """Everything the page shows about people who are ready, willing and able; no row of it is about one person.

    Attributes
    ----------
    finding : Finding
        The verdict on ``aligned-workforce``.
    models : pandas.DataFrame
        ``model`` (sum, product, minimum, moderation, together), ``estimate`` (explained variance), ``conf_low,
        conf_high``, ``held_out`` (on folds without part in the fit), ``gain, gain_low, gain_high, gain_held_out`` over
        the sum (missing for the sum), ``conf_level, n``.
    groups : pandas.DataFrame
        Of :func:`exresearch.findings.analyses.aligned.weakest.weakest_groups`.
    parts : pandas.DataFrame
        Overlap of the four parts: ``part, mean, sd, readiness, willingness, ability, alignment, vif, n``.
    labels : dict of str to dict of str to str
        Of ``readiness, willingness, ability, alignment, behaviour``, in both languages.
    """

    finding: Finding
    models: pd.DataFrame = field(default_factory=pd.DataFrame)
    groups: pd.DataFrame = field(default_factory=pd.DataFrame)
    parts: pd.DataFrame = field(default_factory=pd.DataFrame)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)


def aligned_workforce(
    study: Study, *, conf_level: float, seed: int, rules: DisclosureRules
) -> AlignedWorkforce:
    """Decide whether readiness, willingness, ability and alignment say more together than added up.

    Behaviour towards customers is explained by the four with a slope each (the sum), and by the same four with the
    products of the first three, the weakest of the three, and alignment times their mean. What the second explains
    beyond the first decides; it is counted negative where the weakest part matters less than the sum says.

    Parameters
    ----------
    study : Study
        The client.
    conf_level : float
        Of every interval.
    seed : int
        Of the folds and of the random halves of units.
    rules : DisclosureRules
        Rules of the report.

    Returns
    -------
    AlignedWorkforce
    """
    ready = testability(study, _HYPOTHESIS, conf_level=conf_level)
    if ready.reason is not None:
        return AlignedWorkforce(_untested(ready.reason, ready, rules))
    scored = answer_sheets(study, CONSTRUCTS)
    if isinstance(scored, Note):
        return AlignedWorkforce(_untested(scored, ready, rules))
    sheets = rescored(scored)
    sums = sums_of(sheets, MODELS[DECIDING])
    found = compared(sheets, sums=sums, conf_level=conf_level, seed=seed)
    if found is None:
        reason = Note(message="Too few people, or too few groups of them, answered on all five.")
        return AlignedWorkforce(_untested(reason, ready, rules))
    deciding = gain_record(
        found,
        f"gain: {DECIDING}",
        sheets,
        name="product_gain",
        label=Note(message="Explained variance beyond the sum"),
        sign=sign_of(sheets, sums=sums),
    )
    pulls = sign_of(sheets, MODERATION, sums=sums) > 0.0
    others, skipped = other_ways(study, sheets, conf_level=conf_level, seed=seed)
    caveats = [
        *_caveats(study, sheets, found, pulls=pulls),
        *_colleagues(study, sheets, found, conf_level=conf_level, seed=seed),
        *skipped_checks(skipped),
    ]
    finding = conclude(
        deciding,
        hypothesis=_HYPOTHESIS,
        estimand=estimand_for(_HYPOTHESIS),
        n_excluded=sheets.n_excluded,
        rules=rules,
        robustness=[*model_records(found, sheets, sums), *others],
        caveats=caveats,
    )
    return AlignedWorkforce(
        finding,
        models=_models(found),
        groups=weakest_groups(sheets, study.table("employees"), conf_level=conf_level, rules=rules),
        parts=overlap(sheets),
        labels=sheets.labels,
    )


def _untested(reason: Note, ready: Testability, rules: DisclosureRules) -> Finding:
    return not_testable(_HYPOTHESIS, reason=reason, rules=rules, detectable_effect=ready.detectable_effect)


def _models(found: pd.DataFrame) -> pd.DataFrame:
    rows = found.set_index("term")
    models = rows.loc[list(MODELS), ["estimate", "conf_low", "conf_high", "held_out", "conf_level", "n"]]
    gains = rows.reindex([f"gain: {name}" for name in MODELS])
    for name, column in (("gain", "estimate"), ("gain_low", "conf_low"), ("gain_high", "conf_high")):
        models[name] = gains[column].to_numpy()
    models["gain_held_out"] = gains["held_out"].to_numpy()
    return models.reset_index(names="model")


def _caveats(study: Study, sheets: AnswerSheets, found: pd.DataFrame, *, pulls: bool) -> list[Note]:
    rows = found.set_index("term")
    held_out = float(rows["held_out"][f"gain: {DECIDING}"])
    most = float(overlap(sheets)["vif"].max())
    notes = [
        Note(
            message=(
                "The four and the behaviour come from one questionnaire, and people describe their own behaviour: what "
                "colours all answers lifts the sum. An interplay it rather hides than makes (Siemsen and others 2010)."
            )
        ),
        Note(
            message=(
                "In people that had no part in the estimate the interplay explains {held_out:percent2} beyond the sum."
            ),
            values={"held_out": held_out},
        ),
        Note(
            message=(
                "The parts overlap little: overlap makes the variance of a slope at most {most:number1} times as large."
            )
            if most < _MUCH
            else (
                "The parts overlap: that makes the variance of a slope up to {most:number1} times as large, so that "
                "what each does by itself, and any product, is hard to tell apart."
            ),
            values={"most": most},
        ),
        Note(
            message=(
                "Answers are not exact, and products and the weakest part suffer from that most: the gain is rather "
                "too small than too large."
            )
        ),
    ]
    if not pulls:
        message = (
            "Alignment does not strengthen the other three: where people stand behind the organisation, these matter "
            "less."
        )
        notes.append(Note(message=message))
    for construct in CONSTRUCTS.values():
        notes += score_rule(study.codebook, "employees", construct)
    return notes + few_units_caveat(sheets.groups)


# Variance inflation from which slopes are called hard to tell apart; a rule of thumb (O'Brien 2007 warns against any).
_MUCH = 2.5


def _colleagues(
    study: Study, sheets: AnswerSheets, found: pd.DataFrame, *, conf_level: float, seed: int
) -> list[Note]:
    """What is left of the sum when colleagues describe the four, which says nothing about interplay."""
    others = from_colleagues(study, sheets, conf_level=conf_level, seed=seed)
    if isinstance(others, Note):
        return []
    row = others.iloc[0]
    own = float(found.set_index("term")["estimate"]["sum"])
    message = (
        "Taken from other people of the same unit, the four explain {others:percent1} of behaviour ({low:percent1} to "
        "{high:percent1}); taken from people themselves {own:percent1}. Only differences between units can show in the "
        "first, and an interplay within one person cannot show there at all."
    )
    values: dict[str, NoteValue] = {
        "others": float(row["estimate"]),
        "low": float(row["conf_low"]),
        "high": float(row["conf_high"]),
        "own": own,
    }
    return [Note(message=message, values=values)]
