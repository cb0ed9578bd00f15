"""Notebook 04: does an outcome suffer a wave later where employees and customers are out of balance."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.aggregation import aggregation_caveats
from exresearch.findings.analyses.balance.checks import balance_checks
from exresearch.findings.analyses.balance.reasons import balance_caveats, later_side, too_few_units
from exresearch.findings.analyses.balance.records import COMPONENTS, components_of, lines_of, named_rows
from exresearch.findings.analyses.balance.rows import later_rows
from exresearch.findings.analyses.balance.surface import shown_region, surface_grid, surface_lines
from exresearch.findings.analyses.wording import side_label
from exresearch.findings.conclude import conclude_conjunction, not_testable
from exresearch.findings.finding import Finding
from exresearch.findings.note import Note
from exresearch.findings.shared_source import shared_sources
from exresearch.findings.testability import NOT_LINKED, testability, unsuitable_scale
from exresearch.measures import (
    LEAST_ICC2,
    LEAST_RWG,
    EngagedDefinition,
    NotMeasured,
    UnsuitableScale,
    link_table,
)
from exresearch.models import NotEstimable, ResponseSurface, response_surface
from exresearch.study import Study

_HYPOTHESIS = "balance"
_LINES = {
    "congruence_slope": "Both rise in step: slope",
    "congruence_curvature": "Both rise in step: curvature",
    "incongruence_slope": "One rises and the other falls: slope",
    "incongruence_curvature": "One rises and the other falls: curvature",
    "first_axis_intercept": "Ridge of the surface: height where employees are at their average",
    "first_axis_slope": "Ridge of the surface: slope (1 is in step)",
}


@dataclass(frozen=True, slots=True)
class Balance:
    """Everything the page about balance shows; the frames are empty when the claim is not testable.

    Attributes
    ----------
    finding : Finding
        The verdict on ``balance``.
    shape : pandas.DataFrame
        ``term, label`` (a note) and the estimate schema with ``n_units``: slope and curvature along both lines and the
        first principal axis, in standard deviations; axes without an interval are left out.
    sides : pandas.DataFrame
        ``group`` (x_above_y, y_above_x, equal, x_far_above_y, y_far_above_x), ``n`` (units by waves), ``share``.
    checks : pandas.DataFrame
        ``check, label, component`` and the estimate schema, two rows each; the deciding estimates come first, as check
        ``deciding``.
    region, grid, along : pandas.DataFrame
        Outline of what may be drawn, the predicted outcome on a lattice, and along both lines with intervals; ``x, y``
        and ``position`` in standard deviations, outcomes in their own unit.
    scales : dict of str to (float, float)
        Mean and standard deviation over units and waves of ``ex``, ``cx`` and ``outcome``.
    labels : dict of str to dict of str to str
        Label of the three in both languages.
    kinds : dict of str to str
        Of the three: ``share`` or ``mean``.
    difference_p : float or None
        p-value of what a difference score would take for granted.
    n_rows : int
        Unit and wave behind the surface.
    """

    finding: Finding
    shape: pd.DataFrame = field(default_factory=pd.DataFrame)
    sides: pd.DataFrame = field(default_factory=pd.DataFrame)
    checks: pd.DataFrame = field(default_factory=pd.DataFrame)
    region: pd.DataFrame = field(default_factory=pd.DataFrame)
    grid: pd.DataFrame = field(default_factory=pd.DataFrame)
    along: pd.DataFrame = field(default_factory=pd.DataFrame)
    scales: dict[str, tuple[float, float]] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    difference_p: float | None = None
    n_rows: int = 0


def ex_cx_balance(
    study: Study,
    *,
    ex_measure: str,
    cx_measure: str,
    later_outcome: str,
    engaged_definition: EngagedDefinition,
    engaged_threshold: float,
    min_unit_n: int,
    conf_level: float,
    n_boot: int,
    seed: int,
    rules: DisclosureRules,
    waves_overlap: bool = False,
    least_icc2: float = LEAST_ICC2,
    least_rwg: float = LEAST_RWG,
) -> Balance:
    """Decide whether an outcome is worse a wave later where employees lose to customers, and where the two drift apart.

    Parameters
    ----------
    study : Study
        The client.
    ex_measure, cx_measure : str
        Constructs of both sides.
    later_outcome : str
        Construct of a measure of the units; empty for none.
    engaged_definition, engaged_threshold
        As :func:`exresearch.measures.engaged`.
    min_unit_n : int
        Answers a unit needs on each side.
    conf_level, n_boot, seed
        Of every interval; only those of the axes are drawn anew.
    rules : DisclosureRules
        Rules of the report.
    waves_overlap : bool
        Successive waves share part of their time, so that no outcome is a later one.
    least_icc2, least_rwg : float
        As :func:`exresearch.measures.aggregation_gate`.

    Returns
    -------
    Balance

    Notes
    -----
    Both sides and the outcome are standardised over all units and waves at once. A share of engaged people and a mark
    from customers have no unit in common, so that being equal can only mean an equal position among the units; one mean
    and standard deviation for all waves keeps what changes from wave to wave, which standardising within waves would
    take out. No difference score is used: it takes for granted that both sides count the same and that nothing is
    curved, which the surface tests (Edwards 2002, doi:10.1016/B978-012218471-0/50010-9).
    """
    ready = testability(
        study,
        _HYPOTHESIS,
        ex_measure=ex_measure,
        cx_measure=cx_measure,
        min_unit_n=min_unit_n,
        conf_level=conf_level,
    )

    def refused(reason: Note) -> Balance:
        return Balance(
            not_testable(_HYPOTHESIS, reason=reason, rules=rules, detectable_effect=ready.detectable_effect)
        )

    outcome = later_side(study, later_outcome, waves_overlap=waves_overlap)
    reason = ready.reason or (outcome if isinstance(outcome, Note) else None)
    if reason is not None or isinstance(outcome, Note):
        return refused(reason or outcome)  # type: ignore[arg-type]
    try:
        link = link_table(
            study,
            ex_measure=ex_measure,
            cx_measure=cx_measure,
            engaged_definition=engaged_definition,
            engaged_threshold=engaged_threshold,
            min_unit_n=min_unit_n,
        )
    except NotMeasured:
        return refused(NOT_LINKED)
    except UnsuitableScale:
        return refused(unsuitable_scale(engaged_definition))
    rows = later_rows(link, outcome, waves=study.waves)
    reason = too_few_units(rows)
    if reason is not None:
        return refused(reason)
    try:
        surface = response_surface(
            rows.frame,
            outcome="outcome",
            x="ex",
            y="cx",
            scale="standardised",
            cluster="unit",
            n_boot=n_boot,
            conf_level=conf_level,
            seed=seed,
        )
    except NotEstimable:
        return refused(
            Note(message="There are too few units, or they hardly differ: no surface can be estimated.")
        )
    labels = {"ex": side_label(study, ex_measure), "cx": side_label(study, cx_measure)}
    labels["outcome"] = study.codebook.label(later_outcome)
    lines = lines_of(surface, rows.frame)
    components = components_of(lines)
    checks = balance_checks(study, link, rows, conf_level=conf_level, n_boot=n_boot, seed=seed)
    caveats = balance_caveats(surface, rows) + list(checks.notes)
    caveats += shared_sources(study, [ex_measure, cx_measure], [cx_measure, later_outcome])
    caveats += aggregation_caveats(
        study, link, min_unit_n=min_unit_n, least_icc2=least_icc2, least_rwg=least_rwg
    )
    finding = conclude_conjunction(
        components,
        hypothesis=_HYPOTHESIS,
        n_excluded=rows.n_excluded,
        rules=rules,
        ex_construct=ex_measure,
        robustness=checks.records,
        measures={"ex": labels["ex"], "cx": labels["cx"]},
        caveats=caveats,
    )
    values = rows.frame[["ex", "cx", "outcome"]]
    mean, spread = values.mean(), values.std(ddof=0)
    standard = ((values - mean) / spread)[["ex", "cx"]].to_numpy()
    region = shown_region(standard, rows.frame["unit"], min_units=rules.min_units)
    tests = surface.tests.set_index("term")["p_value"]
    return Balance(
        finding=finding,
        shape=_shape(lines, surface, rows.frame),
        sides=surface.balance,
        checks=_with_deciding(lines, checks.table),
        region=region,
        grid=_in_own_unit(surface_grid(surface, region), mean["outcome"], spread["outcome"]),
        along=_in_own_unit(surface_lines(surface, region), mean["outcome"], spread["outcome"]),
        scales={name: (float(mean[name]), float(spread[name])) for name in ("ex", "cx", "outcome")},
        labels=labels,
        kinds={"ex": link.ex.kind, "cx": link.cx.kind, "outcome": outcome.kind},
        difference_p=None if pd.isna(tests["difference_score"]) else float(tests["difference_score"]),
        n_rows=len(rows.frame),
    )


def _shape(lines: pd.DataFrame, surface: ResponseSurface, frame: pd.DataFrame) -> pd.DataFrame:
    axes = surface.axes.assign(n=lines["n"].iloc[0], n_units=frame["unit"].nunique())
    both = pd.concat([lines, axes], ignore_index=True)
    both = both[both["term"].isin(_LINES) & both[["estimate", "conf_low", "conf_high"]].notna().all(axis=1)]
    labels = pd.Series([Note(message=_LINES[term]) for term in both["term"]], index=both.index)
    return both.assign(label=labels).reset_index(drop=True)


def _with_deciding(lines: pd.DataFrame, checks: pd.DataFrame) -> pd.DataFrame:
    parts = [
        named_rows(
            lines[lines["term"] == term], "deciding", Note(message="Deciding estimate"), component=component
        )
        for component, term in COMPONENTS.items()
    ]
    return pd.concat([*parts, checks], ignore_index=True)


def _in_own_unit(frame: pd.DataFrame, mean: float, spread: float) -> pd.DataFrame:
    names = [name for name in ("estimate", "conf_low", "conf_high") if name in frame]
    return frame.assign(**{name: mean + spread * frame[name] for name in names})
