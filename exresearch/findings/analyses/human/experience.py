"""Notebook 08: do employee, customer and partner experience hang together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.dependence import few_units_caveat
from exresearch.findings.analyses.human.influence import Influence, influence_of
from exresearch.findings.analyses.human.links import edge_label, links_of
from exresearch.findings.analyses.human.sides import (
    HYPOTHESIS,
    NO_SPREAD,
    Choices,
    sides_of,
)
from exresearch.findings.analyses.human.together import Together, together_of
from exresearch.findings.analyses.linkage.checks import counted
from exresearch.findings.conclude import conclude_conjunction, not_testable
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note, NoteValue
from exresearch.findings.shared_source import shared_sources
from exresearch.findings.testability import Testability
from exresearch.measures import Groups, NotMeasured, ThreeSides, UnsuitableScale, link_table
from exresearch.models import NotEstimable, unit_association
from exresearch.study import Study
from exresearch.study.languages import listed

_LEFT_OUT = (
    "{n_out:integer} of {n_units:integer} units are left out, for want of a value or of enough answers: {ex:integer} "
    "on the side of employees, {cx:integer} of customers, {bx:integer} of partners; a unit can lack several."
)
_COMMON_CAUSE = Note(
    message=(
        "Three positive links are what one common cause would give as well: a unit that is run well in every way. "
        "Differences between units cannot tell this apart from sides that move one another; changes within units can."
    )
)
_ONLY_BETWEEN = Note(
    message=(
        "Within units no link could be estimated, so that the quality of the unit as a whole remains an explanation of "
        "everything found here."
    )
)
_NOT_WITHIN = Note(
    message=(
        "Between units, but not clearly within them: {edges}. A unit whose one side improves does not show the other "
        "side improving with it."
    )
)
_INVITED = Note(
    message=(
        "Who the partners are, and who of them answers, is mostly a choice of the organisation itself: partners that "
        "left do not answer."
    )
)


@dataclass(frozen=True, slots=True)
class HumanExperience:
    """Everything the page about employees, customers and partners shows.

    Attributes
    ----------
    finding : Finding
        The verdict on ``human-experience``.
    links : pandas.DataFrame
        Each link in each way of reckoning: ``check`` (``deciding`` first), ``component, x, y, label, estimate,
        conf_low, conf_high, conf_level, n, n_units``.
    influence : Influence
        From wave to wave.
    together : Together
        Consistency, weakest link, composite.
    two_sides : pandas.DataFrame
        Where the three cannot be tested: the plain correlation of employee and customer experience, if these are
        measured: ``label, estimate, conf_low, conf_high, conf_level, n, n_units``.
    labels : dict of str to dict of str to str
        Of ``ex, cx`` and ``bx``.
    notes : list of Note
        How the checks were made, or why some were not.
    """

    finding: Finding
    links: pd.DataFrame = field(default_factory=pd.DataFrame)
    influence: Influence = field(default_factory=Influence)
    together: Together = field(default_factory=Together)
    two_sides: pd.DataFrame = field(default_factory=pd.DataFrame)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


def human_experience(
    study: Study,
    *,
    choices: Choices,
    weights: Mapping[str, float],
    later_outcome: str,
    waves_overlap: bool,
    conf_level: float,
    n_boot: int,
    seed: int,
    rules: DisclosureRules,
) -> HumanExperience:
    """Decide whether the experiences of employees, customers and partners hang together, unit by unit.

    Three partial correlations of unit values decide, each with the third side held constant, corrected together by
    Holm's method; the claim stands only if all three do.

    Parameters
    ----------
    study : Study
        The client.
    choices : Choices
        What each side is.
    weights : mapping
        Declared weight of ``ex, cx`` and ``bx`` in a composite.
    later_outcome : str
        Construct of the units that composites are correlated with; empty for none.
    waves_overlap : bool
        Successive waves share part of their time, so that nothing follows anything else.
    conf_level, n_boot, seed
        Of every interval and of the draws of weights.
    rules : DisclosureRules
        Rules of the report.

    Returns
    -------
    HumanExperience
    """
    labels = choices.labels(study)
    sides, ready = sides_of(study, choices, conf_level=conf_level)
    resampling = {"n_boot": n_boot, "conf_level": conf_level, "seed": seed}
    if not isinstance(sides, Note):
        try:
            links = links_of(study, sides, labels=labels, **resampling)  # type: ignore[arg-type]
        except NotEstimable:
            sides = NO_SPREAD
    if isinstance(sides, Note):
        return HumanExperience(
            _untested(sides, ready, rules),
            two_sides=_two_sides(study, choices, labels, resampling),
            labels=labels,
        )
    together = together_of(
        study,
        sides,
        links.deciding,
        weights=weights,
        later_outcome=later_outcome,
        labels=labels,
        **resampling,  # type: ignore[arg-type]
    )
    checks = links.checks()
    finding = conclude_conjunction(
        links.records(),
        hypothesis=HYPOTHESIS,
        n_excluded=sides.n_excluded,
        rules=rules,
        robustness=checks,
        measures={"ex": labels["ex"], "cx": labels["cx"], "bx": labels["bx"]},
        caveats=_caveats(study, sides, choices, checks),
    )
    return HumanExperience(
        finding=finding,
        links=links.table(),
        influence=influence_of(
            sides.panel, waves=study.waves, waves_overlap=waves_overlap, conf_level=conf_level
        ),
        together=together,
        labels=labels,
        notes=links.notes,
    )


def _untested(reason: Note, ready: Testability, rules: DisclosureRules) -> Finding:
    return not_testable(HYPOTHESIS, reason=reason, rules=rules, detectable_effect=ready.detectable_effect)


def _two_sides(
    study: Study,
    choices: Choices,
    labels: Mapping[str, dict[str, str]],
    resampling: Mapping[str, float],
) -> pd.DataFrame:
    """The link that remains without partners: nothing is held constant in it."""
    try:
        link = link_table(
            study,
            ex_measure=choices.ex_measure,
            cx_measure=choices.cx_measure,
            engaged_definition=choices.engaged_definition,
            engaged_threshold=choices.engaged_threshold,
            min_unit_n=choices.min_unit_n,
        )
        rows = unit_association(link.units, ex="ex", cx="cx", **resampling)  # type: ignore[arg-type]
    except (NotMeasured, UnsuitableScale, NotEstimable):
        return pd.DataFrame()
    row = counted(rows, link.units).iloc[:1]
    label = Note(message="{ex} and {cx}", values={"ex": labels["ex"], "cx": labels["cx"]})
    names = ["estimate", "conf_low", "conf_high", "conf_level", "n", "n_units"]
    labelled = pd.Series([label], index=row.index, dtype="object")
    return row[names].assign(label=labelled, unit_of_measurement="correlation")


def _caveats(
    study: Study, sides: ThreeSides, choices: Choices, checks: tuple[EstimateRecord, ...]
) -> list[Note]:
    found = [_COMMON_CAUSE]
    within = {
        record.term.removeprefix("within_"): record for record in checks if record.term.startswith("within_")
    }
    absent = [edge for edge, record in within.items() if record.conf_low <= 0.0]
    if not within:
        found.append(_ONLY_BETWEEN)
    elif absent:
        edges = listed([edge_label(edge) for edge in absent], separator="; ", each=str.lower)
        found.append(_NOT_WITHIN.model_copy(update={"values": {"edges": edges}}))
    if sides.sides["bx"].source == "partners":
        found.append(_INVITED)
    measures = choices.measures
    for x, y in (("ex", "cx"), ("ex", "bx"), ("cx", "bx")):
        found += shared_sources(study, [measures[x]], [measures[y]])
    if sides.n_excluded:
        counts: dict[str, NoteValue] = {
            "n_out": sides.n_excluded,
            "n_units": sides.n_excluded + len(sides.units),
        }
        counts |= {str(name): count for name, count in sides.n_out.items()}
        found.append(Note(message=_LEFT_OUT, values=counts))
    return found + few_units_caveat(Groups("unit", sides.units["unit"], len(sides.units)))
