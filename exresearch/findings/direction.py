"""Which comes first: one answer of five, read off the components that the registry declares, or none."""

from __future__ import annotations

from collections.abc import Mapping

from exresearch.findings.conclude import estimand_for, rule_of
from exresearch.findings.decision import DirectionVerdict, Verdict
from exresearch.findings.finding import EstimateRecord

#: Hypothesis that declares each component.
DECLARED = {
    "ex_to_cx": "ex-precedes-cx",
    "ex_minus_cx": "ex-precedes-cx",
    "cx_to_ex": "two-way",
}


def direction_verdict(components: Mapping[str, EstimateRecord]) -> DirectionVerdict | None:
    """Say which of employee and customer experience comes first.

    Each component is judged by its own declared rule; an effect *shows* where it is supported.

    ======================================================================  ========
    both effects show                                                       both
    EX on CX alone shows, and the difference of the two is above zero       ex_first
    CX on EX alone shows, and the difference of the two is below zero       cx_first
    neither effect shows                                                    neither
    one effect alone shows, and not that it is the larger                   none
    ======================================================================  ========

    Under three waves there are no components, and the answer is ``undetermined_by_design``. *Neither* says that nothing
    was seen; whether an effect that matters is excluded, the intervals tell.

    Parameters
    ----------
    components : mapping of str to EstimateRecord
        ``ex_to_cx``, ``cx_to_ex`` and ``ex_minus_cx``, with their p-values.

    Returns
    -------
    str or None
        None where these data leave the order open.

    Raises
    ------
    KeyError
        If one of the three is missing.
    ValueError
        If one has no p-value.

    Notes
    -----
    The p-values are not corrected: each answer rests on all its parts at once (an intersection-union test), and in
    every state of affairs a wrong answer takes at least one error at one side of one test, 2.5 % each at a level of
    95 %. Simulated in docs/direction.md.

    References
    ----------
    Berger, R. L. (1982). Multiparameter hypothesis testing and acceptance sampling. *Technometrics*, 24(4), 295-300.
    https://doi.org/10.1080/00401706.1982.10487790
    """
    verdicts = {name: _judged(name, components[name]) for name in DECLARED}
    forth, back = (verdicts[name] is Verdict.SUPPORTED for name in ("ex_to_cx", "cx_to_ex"))
    if forth and back:
        return "both"
    if forth:
        return "ex_first" if verdicts["ex_minus_cx"] is Verdict.SUPPORTED else None
    if back:
        return "cx_first" if verdicts["ex_minus_cx"] is Verdict.CONTRADICTED else None
    return "neither"


def _judged(component: str, record: EstimateRecord) -> Verdict:
    hypothesis = DECLARED[component]
    if record.p_value is None:
        raise ValueError(f"{hypothesis}: component {component!r} needs a p-value.")
    return rule_of(estimand_for(hypothesis, component=component)).decide(
        record.conf_low, record.conf_high, p_adjusted=record.p_value, conf_level=record.conf_level
    )
