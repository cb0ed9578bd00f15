"""Notebook 05: from experience through engagement and ambassadorship to customers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.chain.checks import checks, drawn_chain
from exresearch.findings.analyses.chain.hidden import confounded_links, unmeasured_links
from exresearch.findings.analyses.chain.people import between_colleagues
from exresearch.findings.analyses.chain.rows import CHAIN, CX, EXPERIENCE, UNIT, ChainRows, chain_rows
from exresearch.findings.analyses.dependence import few_units_caveat
from exresearch.findings.analyses.score_rules import score_rule
from exresearch.findings.analyses.wording import skipped_checks
from exresearch.findings.conclude import conclude, estimand_for, not_testable
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.findings.testability import Testability, testability
from exresearch.measures import Groups
from exresearch.models import NotEstimable
from exresearch.models.mediation import (
    DrawnMoments,
    Mediation,
    ProportionMediated,
    mediation_analysis,
    proportion_mediated,
)
from exresearch.study import Study

_HYPOTHESIS = "engagement-chain"
_METHOD = Note(message="three regressions on units by wave, waves held constant, bootstrap over units")
_LABEL = Note(message="Serial indirect effect")


@dataclass(frozen=True, slots=True)
class EngagementChain:
    """Everything the page shows about the chain; no row of it is about one person.

    Attributes
    ----------
    finding : Finding
        The verdict on ``engagement-chain``.
    labels : dict of str to dict of str to str
        Name of each link, in both languages.
    paths : pandas.DataFrame
        Paths of the deciding model: ``source, target, estimate, conf_low, conf_high, conf_level, n`` (answer sheets),
        ``n_rows`` (units by wave), ``n_units``.
    effects : pandas.DataFrame
        Total, direct and indirect effects with the same columns.
    colleagues : pandas.DataFrame
        Links between colleagues of one unit and wave, in standard deviations of people: ``source, target, estimate,
        conf_low, conf_high, conf_level, n, n_units``; empty where they cannot be estimated.
    proportion : ProportionMediated or None
        Share of the whole link that goes through the links between, or why there is none.
    curves, hidden : pandas.DataFrame
        As :func:`exresearch.findings.analyses.chain.hidden.confounded_links`, the second with ``label`` and ``n``.
    unmeasured : pandas.DataFrame
        As :func:`exresearch.findings.analyses.unmeasured_rows`, one row per link.
    """

    finding: Finding
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    paths: pd.DataFrame = field(default_factory=pd.DataFrame)
    effects: pd.DataFrame = field(default_factory=pd.DataFrame)
    colleagues: pd.DataFrame = field(default_factory=pd.DataFrame)
    proportion: ProportionMediated | None = None
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    hidden: pd.DataFrame = field(default_factory=pd.DataFrame)
    unmeasured: pd.DataFrame = field(default_factory=pd.DataFrame)


def engagement_chain(
    study: Study, *, min_unit_n: int, conf_level: float, n_boot: int, seed: int, rules: DisclosureRules
) -> EngagementChain:
    """Decide whether experience reaches customers through engagement and then through ambassadorship and effort.

    Units by wave are the rows: mean experience, mean engagement, mean of recommending and extra effort, and what
    customers say. Waves are held the same. The product of the three links decides, each with everything before it held
    the same, and the interval draws units.

    Parameters
    ----------
    study : Study
        The client.
    min_unit_n : int
        Answers that a unit needs in a wave, on each side.
    conf_level, n_boot, seed
        Of every interval.
    rules : DisclosureRules
        Rules of the report.

    Returns
    -------
    EngagementChain
    """
    ready = testability(study, _HYPOTHESIS, min_unit_n=min_unit_n, conf_level=conf_level)
    if ready.reason is not None:
        return EngagementChain(_untested(ready.reason, ready, rules))
    rows = chain_rows(study, min_unit_n=min_unit_n)
    if isinstance(rows, Note):
        return EngagementChain(_untested(rows, ready, rules))
    resampling: dict[str, Any] = {"conf_level": conf_level, "n_boot": n_boot, "seed": seed}
    try:
        drawn = drawn_chain(rows.cells, rows.waves, resampling)
        fit = deciding_model(rows, drawn=drawn, **resampling)
    except NotEstimable:
        reason = Note(
            message="There are too few units, or the links of the chain cannot be told apart between units."
        )
        return EngagementChain(_untested(reason, ready, rules))
    counted = {"n": int(rows.cells["n"].sum()), "n_units": fit.n_clusters, "n_rows": fit.n}
    effects, paths = fit.effects.assign(**counted), fit.paths.assign(**counted)
    deciding = estimate_record(
        effects,
        " > ".join(CHAIN),
        name="serial_indirect_effect",
        label=_LABEL,
        unit_of_measurement="standardised",
        method=_METHOD,
    )
    robustness, skipped = checks(study, rows, drawn=drawn, **resampling)
    colleagues, beside = between_colleagues(rows, **resampling)
    finding = conclude(
        deciding,
        hypothesis=_HYPOTHESIS,
        estimand=estimand_for(_HYPOTHESIS),
        n_excluded=rows.n_units_out,
        rules=rules,
        robustness=[_bca(rows, counted, resampling, drawn), *robustness, *beside],
        measures={"ex": rows.labels[EXPERIENCE], "cx": rows.labels[CX]},
        caveats=[*_caveats(study, rows), *skipped_checks(skipped)],
    )
    curves, hidden = confounded_links(fit)
    return EngagementChain(
        finding=finding,
        labels=rows.labels,
        paths=paths,
        effects=effects,
        colleagues=colleagues,
        proportion=proportion_mediated(fit),
        curves=curves,
        hidden=hidden.assign(n=counted["n"]),
        unmeasured=unmeasured_links(study, rows, conf_level=conf_level),
    )


def deciding_model(rows: ChainRows, *, drawn: DrawnMoments | None = None, **resampling: Any) -> Mediation:
    """Fit the model that decides.

    Parameters
    ----------
    rows : ChainRows
        Units by wave.
    drawn : DrawnMoments, optional
        Of :func:`exresearch.findings.analyses.chain.checks.drawn_chain` of these rows.
    **resampling
        ``conf_level, n_boot, seed``, and ``interval`` where it is another.
    """
    return mediation_analysis(
        rows.cells if drawn is None else drawn,
        exposure=CHAIN[0],
        mediators=CHAIN[1:-1],
        outcome=CHAIN[-1],
        covariates=rows.waves,
        cluster=UNIT if drawn is None else None,
        standardised=True,
        **resampling,
    )


def _bca(
    rows: ChainRows, counted: dict[str, int], resampling: dict[str, Any], drawn: DrawnMoments | None
) -> EstimateRecord:
    fit = deciding_model(rows, drawn=drawn, interval="bca", **resampling)
    return estimate_record(
        fit.effects.assign(**counted),
        " > ".join(CHAIN),
        name="chain_bca",
        label=Note(message="Interval corrected for skewness (BCa)"),
        unit_of_measurement="standardised",
        method=_METHOD,
    )


def _untested(reason: Note, ready: Testability, rules: DisclosureRules) -> Finding:
    return not_testable(_HYPOTHESIS, reason=reason, rules=rules, detectable_effect=ready.detectable_effect)


def _caveats(study: Study, rows: ChainRows) -> list[Note]:
    caveats = [
        Note(
            message=(
                "The order of the links is assumed: no regression can tell which of two things comes first, and all "
                "links hold only if nothing unmeasured moves two of them."
            )
        )
    ]
    for construct in ("experience", "engagement", "enps", "effort"):
        caveats += score_rule(study.codebook, "employees", construct)
    units = rows.cells[UNIT].drop_duplicates()
    return caveats + few_units_caveat(Groups("unit", units, len(units)))
