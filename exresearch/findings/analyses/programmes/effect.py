"""Notebook 10: what a programme for employee experience does to it, and a wave later to customer experience."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.programmes.effects import Name, SideEffects
from exresearch.findings.analyses.programmes.frames import component_record, page_frames
from exresearch.findings.analyses.programmes.panel import read_programme
from exresearch.findings.analyses.programmes.reasons import effect_or_reason
from exresearch.findings.analyses.programmes.specifications import no_programme, programme_specifications
from exresearch.findings.analyses.sensitivity import Sensitivity
from exresearch.findings.analyses.wording import side_label
from exresearch.findings.conclude import conclude_conjunction, not_testable
from exresearch.findings.finding import Finding
from exresearch.findings.note import Note
from exresearch.findings.registry import load_registry
from exresearch.findings.testability import testability, unsuitable_scale
from exresearch.measures import EngagedDefinition, NotMeasured, Side, UnsuitableScale, link_side
from exresearch.study import Study

_HYPOTHESIS = "programme-effect"
_TABLES: dict[Name, str] = {"ex": "employees", "cx": "customers"}


@dataclass(frozen=True, slots=True, eq=False)
class ProgrammeEffect:
    """Everything the page about programmes shows; all estimates are in standard deviations between units.

    Attributes
    ----------
    finding : Finding
        The verdict on ``programme-effect``.
    labels : dict of str to dict of str to str
        What stands for ``ex`` and ``cx``, in both languages.
    choices : Sensitivity
        The effect on each side under every declared choice.
    ex_is_share : bool
        Whether employee experience is a share of people.
    programme : dict of str to str or None
        What the codebook calls the programme.
    effects : pandas.DataFrame
        One row per side that could be estimated, also where the other could not: ``side, label`` (a note), ``estimate,
        std_error, p_value, conf_low, conf_high, conf_level, n_treated, n_compared, baseline_sd, few_treated,
        randomisation_p_value, n, n_units``.
    events : pandas.DataFrame
        Rows of :func:`event_times` of both sides.
    starts : pandas.DataFrame
        Rows of :func:`effects_by_start`.
    courses : pandas.DataFrame
        Rows of :func:`courses`, in the unit of the measures.
    checks : pandas.DataFrame
        ``side, kind`` (deciding, check, placebo), ``check`` (its name, the same for both sides), ``label`` (a note),
        ``estimate, conf_low, conf_high, conf_level, n``.
    balance : pandas.DataFrame
        ``side, term`` (before, and those of :attr:`Balance.effects`), ``estimate, conf_low, conf_high, conf_level, n``.
    design : pandas.DataFrame
        One row per side: ``side, n_leads, p_leads, forbidden, negative, n`` (shares of what the regression with effects
        of units and waves compares; missing where there is none).
    """

    finding: Finding
    labels: dict[str, dict[str, str]]
    choices: Sensitivity
    ex_is_share: bool = False
    programme: dict[str, str] | None = None
    effects: pd.DataFrame = field(default_factory=pd.DataFrame)
    events: pd.DataFrame = field(default_factory=pd.DataFrame)
    starts: pd.DataFrame = field(default_factory=pd.DataFrame)
    courses: pd.DataFrame = field(default_factory=pd.DataFrame)
    checks: pd.DataFrame = field(default_factory=pd.DataFrame)
    balance: pd.DataFrame = field(default_factory=pd.DataFrame)
    design: pd.DataFrame = field(default_factory=pd.DataFrame)


def programme_effect(
    study: Study,
    *,
    programme: str,
    anticipation: int,
    ex_measure: str,
    cx_measure: str,
    engaged_definition: EngagedDefinition,
    engaged_threshold: float,
    min_unit_n: int,
    conf_level: float,
    n_boot: int,
    seed: int,
    rules: DisclosureRules,
) -> ProgrammeEffect:
    """Decide whether a programme lifts employee experience, and from a wave later on customer experience.

    Each side is estimated from its own panel, so that a unit without customers counts for its employees. Employees
    count from the wave in which the programme starts, customers from the wave after it. Both must be
    estimable for a verdict; where only one is, it is shown and decides nothing.

    Parameters
    ----------
    study : Study
        The client.
    programme : str
        Flag of the units; empty where there is one flag.
    anticipation : int
        Waves before the start in which the programme may work already.
    ex_measure, cx_measure, engaged_definition, engaged_threshold, min_unit_n
        As :func:`exresearch.measures.link_table`, by unit and wave.
    conf_level, n_boot, seed
        Of every interval; draws are used for bands and joint tests alone.
    rules : DisclosureRules
        Rules of the report; no number is about fewer units than ``min_units`` that start.

    Returns
    -------
    ProgrammeEffect
    """
    labels = {"ex": side_label(study, ex_measure), "cx": side_label(study, cx_measure)}
    ready = testability(
        study,
        _HYPOTHESIS,
        ex_measure=ex_measure,
        cx_measure=cx_measure,
        min_unit_n=min_unit_n,
        conf_level=conf_level,
    )
    found = read_programme(study, programme)
    reasons: list[Note] = [] if ready.reason is None else [ready.reason]
    both: dict[Name, SideEffects] = {}
    if isinstance(found, Note):
        # What is missing altogether is said before what a setting should name.
        reasons.append(found)
    else:
        needs = load_registry()[_HYPOTHESIS].needs
        options: dict[str, Any] = {
            "waves": study.waves,
            "anticipation": anticipation,
            "conf_level": conf_level,
            "n_boot": n_boot,
            "seed": seed,
            "min_units": rules.min_units,
            "needed_units": needs.min_units,
            "needed_waves": needs.min_waves,
        }
        for name, construct in (("ex", ex_measure), ("cx", cx_measure)):
            side = _side(
                study,
                construct,
                table=_TABLES[name],  # type: ignore[index]
                definition=engaged_definition,
                threshold=engaged_threshold,
                min_unit_n=min_unit_n,
            )
            one = side if isinstance(side, Note) else effect_or_reason(name, side, found, **options)  # type: ignore[arg-type]
            if isinstance(one, Note):
                reasons.append(one)
            else:
                both[name] = one  # type: ignore[index]
    if isinstance(found, Note) or not both:
        finding = not_testable(
            _HYPOTHESIS, reason=reasons[0], rules=rules, detectable_effect=ready.detectable_effect
        )
        return ProgrammeEffect(finding, labels, no_programme(finding))
    shown, records, notes = page_frames(
        both, found, waves=study.waves, min_units=rules.min_units, conf_level=conf_level
    )
    if reasons:
        alone = Note(
            message=(
                "The claim is about employees and customers together. What could be estimated is shown on this page, "
                "and decides nothing by itself."
            )
        )
        finding = not_testable(
            _HYPOTHESIS,
            reason=reasons[0],
            rules=rules,
            detectable_effect=ready.detectable_effect,
            caveats=[alone, *notes],
        )
    else:
        finding = conclude_conjunction(
            {name: component_record(one) for name, one in both.items()},
            hypothesis=_HYPOTHESIS,
            n_excluded=_n_excluded(study, both),
            rules=rules,
            robustness=records,
            measures={"ex": labels["ex"], "cx": labels["cx"]},
            caveats=notes,
        )
    return ProgrammeEffect(
        finding,
        labels,
        programme_specifications(finding, both, found),
        ex_is_share="ex" in both and both["ex"].side.kind == "share",
        programme=found.label,
        **shown,
    )


def _side(
    study: Study,
    construct: str,
    *,
    table: str,
    definition: EngagedDefinition,
    threshold: float,
    min_unit_n: int,
) -> Side | Note:
    try:
        side, _ = link_side(
            study,
            construct,
            table=table,
            engaged_definition=definition,
            engaged_threshold=threshold,
            min_unit_n=min_unit_n,
        )
    except UnsuitableScale:
        return unsuitable_scale(definition)
    except NotMeasured:
        message = "“{measure}” is not measured by unit and wave."
        return Note(message=message, values={"measure": study.codebook.label(construct)})
    return side


def _n_excluded(study: Study, both: Mapping[Name, SideEffects]) -> int:
    """Units of the study without a part in the effect on either side."""
    everything = set(study.table("units")["unit"].dropna().astype(str))
    everything |= {unit for one in both.values() for unit in one.panel["unit"]}
    used = {
        unit for one in both.values() for unit in one.panel.loc[one.panel["start"] != one.waves[0], "unit"]
    }
    return len(everything - used)
