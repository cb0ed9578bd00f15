"""Notebook 02, beside its verdict: the link under every declared choice, and against causes that nobody measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.findings.analyses.linkage.decisions import (
    correlation_decisions,
    ratio_decisions,
    sample_decisions,
)
from exresearch.findings.analyses.linkage.engagement import EngagementAndCx
from exresearch.findings.analyses.linkage.unmeasured import link_unmeasured
from exresearch.findings.analyses.linkage.variants import LinkVariants, link_variants
from exresearch.findings.analyses.sensitivity import (
    Decision,
    Sensitivity,
    Specifications,
    declared_specifications,
    no_specifications,
    with_test,
)
from exresearch.findings.analyses.unmeasured import unmeasured_rows
from exresearch.findings.conclude import estimand_for
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.findings.registry import load_registry
from exresearch.measures import EngagedDefinition
from exresearch.models.linkage import correlation_in_closed_form, leader_contrast
from exresearch.models.linkage.leaders import Weighting
from exresearch.models.linkage.shuffles import shuffled_correlations, shuffled_log_ratios
from exresearch.models.sensitivity import specification_median_test
from exresearch.models.sensitivity.curve import Estimator
from exresearch.study import Study

Orders = NDArray[np.intp]
FloatArray = NDArray[np.float64]

#: Bootstrap replicates behind each ratio but the deciding one, whose recorded interval is shown.
REPLICATES = 400
CORRELATION = Note(message="Correlation of the two sides between units")
RATIO = Note(message="Engaged share of the leaders divided by that of the laggards")


def link_specifications(
    study: Study,
    link: EngagementAndCx,
    *,
    ex_measure: str,
    cx_measure: str,
    ex_alternative: str,
    engaged_definition: EngagedDefinition,
    engaged_threshold: float,
    leader_share: float,
    set_apart: str,
    min_unit_n: int,
    conf_level: float,
    seed: int,
    n_permutations: int = 199,
) -> Sensitivity:
    """Answer the question of the page under every combination of declared choices; the verdict stays what it is.

    Parameters
    ----------
    study : Study
        The client.
    link : EngagementAndCx
        What :func:`exresearch.findings.analyses.engagement_and_cx` gave with the same settings.
    ex_measure, cx_measure, ex_alternative, engaged_definition, engaged_threshold, leader_share, set_apart, min_unit_n
        As there.
    conf_level, seed
        Of the intervals, and of the permutation test.
    n_permutations : int
        Shuffles of the employees' side over the units.

    Returns
    -------
    Sensitivity
        Without curves and rows, with the reason, where the finding was not testable.
    """
    finding = link.finding
    estimand = estimand_for("engagement-cx", ex_construct=ex_measure)
    if not finding.tested:
        nothing = no_specifications(
            unit_of_measurement=estimand.unit, note=finding.reason, null=estimand.null
        )
        return Sensitivity(nothing, (), unmeasured_rows([]))
    variants = link_variants(
        study,
        ex_measure=ex_measure,
        cx_measure=cx_measure,
        ex_alternative=ex_alternative,
        engaged_definition=engaged_definition,
        engaged_threshold=engaged_threshold,
        min_unit_n=min_unit_n,
        set_apart=set_apart,
    )
    sample = sample_decisions(variants, min_unit_n, set_apart)
    options: dict[str, Any] = {"conf_level": conf_level, "seed": seed, "n_permutations": n_permutations}
    curves = []
    if estimand.name == "ratio":
        decisions = [*ratio_decisions(variants, leader_share), *sample]
        curves.append((RATIO, _curve("ratio", variants, decisions, verdict=finding, **options)))
    verdict = None if curves else finding
    decisions = [*correlation_decisions(variants), *sample]
    curves.append((CORRELATION, _curve("correlation", variants, decisions, verdict=verdict, **options)))
    rows = unmeasured_rows(link_unmeasured(variants, finding, labels=link.labels, conf_level=conf_level))
    return Sensitivity(curves[0][1], tuple(curves), rows)


def _curve(
    kind: str,
    variants: LinkVariants,
    decisions: Sequence[Decision],
    *,
    verdict: Finding | None,
    conf_level: float,
    seed: int,
    n_permutations: int,
) -> Specifications:
    estimand = next(one for one in load_registry()["engagement-cx"].estimands if one.name == kind)
    quick = _log_ratios if kind == "ratio" else _quick_correlations
    one: Estimator = partial(_correlation, conf_level=conf_level)
    if kind == "ratio":
        one = partial(_ratio, conf_level=conf_level, seed=seed)
    # The declared alternative is called so, or stands first.
    declared = {
        decision.name: next(
            (option.key for option in decision.alternatives if option.key == "declared"),
            decision.alternatives[0].key,
        )
        for decision in decisions
    }
    curve = declared_specifications(
        variants,
        decisions=decisions,
        estimate=one,
        deciding=None if verdict is None else declared,
        unit_of_measurement=estimand.unit,
        null=estimand.null,
        smallest_effect=(estimand.smallest_effect.low, estimand.smallest_effect.high),
        verdict=None if verdict is None else _recorded(verdict),
    )
    if curve.table.empty:
        return curve
    values = {
        decision.name: {option.key: option.value for option in decision.alternatives}
        for decision in decisions
    }
    chosen = [
        {name: values[name][getattr(row, name)] for name in values}
        for row in curve.table[curve.table["estimate"].notna()].itertuples()
    ]
    test = specification_median_test(
        _all_at_once(quick, variants, chosen),
        n_units=variants.n_units,
        n_permutations=n_permutations,
        seed=seed,
    )
    return with_test(curve, test)


def _all_at_once(
    quick: Callable[..., FloatArray], variants: LinkVariants, chosen: Sequence[dict[str, Any]]
) -> Callable[[Orders], FloatArray]:
    return lambda orders: np.column_stack([quick(variants, orders, **choices) for choices in chosen])


def _recorded(finding: Finding) -> EstimateRecord:
    values = finding.model_dump(
        include={"unit_of_measurement", "estimate", "conf_low", "conf_high", "conf_level", "n"}
    )
    return EstimateRecord(term="deciding", label=CORRELATION, method=finding.method or CORRELATION, **values)


def _correlation(
    variants: LinkVariants,
    *,
    scoring: str,
    covariates: bool = False,
    weights: str = "units",
    conf_level: float,
    **sample: Any,
) -> dict[str, object]:
    units = variants.frame(scoring, **sample)
    return correlation_in_closed_form(
        units,
        ex="ex",
        cx="cx",
        covariates=list(variants.labels) if covariates else [],
        weights="n" if weights == "employees" else None,
        conf_level=conf_level,
    )


def _ratio(
    variants: LinkVariants,
    *,
    scoring: str,
    cut: float,
    weights: Weighting = "units",
    conf_level: float,
    seed: int,
    **sample: Any,
) -> pd.DataFrame:
    units = variants.frame(scoring, **sample)
    return leader_contrast(
        units,
        cx="cx",
        engaged="ex",
        n="size",
        leader_share=cut,
        weighting=weights,
        terms=["ratio"],
        n_boot=REPLICATES,
        conf_level=conf_level,
        seed=seed,
    )


def _quick_correlations(
    variants: LinkVariants,
    orders: Orders,
    *,
    scoring: str,
    covariates: bool = False,
    weights: str = "units",
    **sample: Any,
) -> FloatArray:
    """The estimates of `_correlation` alone, with the employees' side of unit `orders[b, i]` at unit i."""
    ex, n, _, cx, kept = variants.sides(scoring, orders, **sample)
    codes = [variants.codes[name] for name in variants.labels] if covariates else []
    return shuffled_correlations(
        ex, cx, kept=kept, codes=codes, weights=n if weights == "employees" else None
    )


def _log_ratios(
    variants: LinkVariants,
    orders: Orders,
    *,
    scoring: str,
    cut: float,
    weights: Weighting = "units",
    **sample: Any,
) -> FloatArray:
    """The logarithms of the estimates of `_ratio`, with the employees' side of unit `orders[b, i]` at unit i."""
    ex, _, size, cx, kept = variants.sides(scoring, orders, **sample)
    return shuffled_log_ratios(ex, cx, kept=kept, employees=size, leader_share=cut, weighting=weights)
