"""Notebook 02: engagement and customer experience by unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.aggregation import aggregation_caveats, left_out_caveat
from exresearch.findings.analyses.dependence import few_units_caveat
from exresearch.findings.analyses.linkage.checks import (
    association_checks,
    counted,
    definition_check,
    ratio_checks,
    share_contrast,
)
from exresearch.findings.analyses.linkage.slopes import LinkSlopes, link_slopes
from exresearch.findings.analyses.score_rules import link_score_rules
from exresearch.findings.analyses.set_apart import set_apart_problem
from exresearch.findings.analyses.wording import side_label, skipped_checks
from exresearch.findings.claims import claims_for
from exresearch.findings.conclude import conclude, estimand_for, not_testable
from exresearch.findings.finding import Comparison, EstimateRecord, Finding
from exresearch.findings.hypothesis import MIN_WAVES_FOR_DIRECTION, Estimand
from exresearch.findings.note import Note
from exresearch.findings.shared_source import shared_sources
from exresearch.findings.testability import NOT_LINKED, Testability, testability, unsuitable_scale
from exresearch.measures import (
    LEAST_ICC2,
    LEAST_RWG,
    EngagedDefinition,
    Groups,
    LinkTable,
    NotMeasured,
    UnsuitableScale,
    link_table,
)
from exresearch.models import NotEstimable, unit_association
from exresearch.study import Study, StudyError

_EMPTY = pd.DataFrame(
    columns=[
        "term",
        "estimate",
        "std_error",
        "p_value",
        "conf_low",
        "conf_high",
        "conf_level",
        "n",
        "n_units",
    ]
)


@dataclass(frozen=True, slots=True)
class EngagementAndCx:
    """Everything the page about engagement and customer experience shows.

    Attributes
    ----------
    finding : Finding
        The verdict on ``engagement-cx``.
    units : pandas.DataFrame
        The link table with ``n`` (answers on the smaller side) and ``group`` (leaders, middle, laggards); empty when
        not testable.
    contrast : pandas.DataFrame
        Rows of :func:`exresearch.models.leader_contrast` with ``people`` (answers of the leaders, and of the laggards;
        missing where they are not known); empty where employee experience is not a share.
    association : pandas.DataFrame
        Rows of :func:`exresearch.models.unit_association`.
    labels : dict of str to dict of str to str
        Label of ``ex`` and ``cx`` in both languages.
    ex_is_share : bool
        Whether employee experience is a share of people.
    table : LinkTable or None
        The link itself; None where it cannot be estimated.
    slopes : LinkSlopes or None
        The link in standard deviations, reckoned in several ways; None with ``table``.
    """

    finding: Finding
    units: pd.DataFrame
    contrast: pd.DataFrame
    association: pd.DataFrame
    labels: dict[str, dict[str, str]]
    ex_is_share: bool = False
    table: LinkTable | None = None
    slopes: LinkSlopes | None = None

    @property
    def correlation(self) -> tuple[float, float] | None:
        """Confidence limits of the correlation of the unit means."""
        rows = self.association[self.association["term"] == "correlation"]
        return None if rows.empty else (float(rows["conf_low"].iloc[0]), float(rows["conf_high"].iloc[0]))

    @property
    def line(self) -> tuple[float, float] | None:
        """Intercept and slope of the least-squares line through the unit means."""
        slopes = self.association.loc[self.association["term"] == "slope", "estimate"]
        if slopes.empty:
            return None
        slope = float(slopes.iloc[0])
        return float(self.units["cx"].mean() - slope * self.units["ex"].mean()), slope


def engagement_and_cx(
    study: Study,
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
    n_boot: int,
    seed: int,
    rules: DisclosureRules,
    least_icc2: float = LEAST_ICC2,
    least_rwg: float = LEAST_RWG,
) -> EngagementAndCx:
    """Decide whether engagement is higher where customers are served better.

    The ratio of engaged shares in leading to lagging units decides when engagement itself is measured; otherwise the
    correlation of the unit means decides and the ratio is shown beside it.

    Parameters
    ----------
    study : Study
        The client.
    ex_measure, cx_measure, ex_alternative : str
        Constructs of both sides; the alternative is a check, or empty.
    engaged_definition, engaged_threshold
        As :func:`exresearch.measures.engaged`.
    leader_share : float
        Share of the units that lead, and that lag.
    set_apart : str
        ``column=value`` of a category of units that is left out in a check, or empty.
    min_unit_n : int
        Answers a unit needs on each side.
    conf_level, n_boot, seed
        Of every interval.
    rules : DisclosureRules
        Rules of the report.
    least_icc2, least_rwg : float
        As :func:`exresearch.measures.aggregation_gate`; a side below them is flagged, and linked all the same.

    Returns
    -------
    EngagementAndCx

    Raises
    ------
    StudyError
        If ``set_apart`` does not name a category of the units and one of its values.
    """
    problem = set_apart_problem(study, set_apart)
    if problem is not None:
        raise StudyError([problem])
    estimand = estimand_for("engagement-cx", ex_construct=ex_measure)
    labels = {"ex": side_label(study, ex_measure), "cx": side_label(study, cx_measure)}
    ready = testability(
        study,
        "engagement-cx",
        ex_measure=ex_measure,
        cx_measure=cx_measure,
        min_unit_n=min_unit_n,
        conf_level=conf_level,
    )
    resampling: dict[str, Any] = {"n_boot": n_boot, "conf_level": conf_level, "seed": seed}
    options: dict[str, Any] = {
        "engaged_threshold": engaged_threshold,
        "cx_measure": cx_measure,
        "min_unit_n": min_unit_n,
    }
    reason, association = ready.reason, _EMPTY
    if reason is None:
        try:
            link = link_table(study, ex_measure=ex_measure, engaged_definition=engaged_definition, **options)
            reason = _without_spread(link)
            if reason is None:
                rows = unit_association(link.units, ex="ex", cx="cx", **resampling)
                association = counted(rows, link.units)
        except NotMeasured:
            reason = NOT_LINKED
        except UnsuitableScale:
            reason = unsuitable_scale(engaged_definition)
        except NotEstimable:
            reason = Note(message="There are too few units, or they hardly differ: no link can be estimated.")
    if reason is not None:
        return _untestable(reason, ready, estimand, labels=labels, rules=rules)
    slopes = link_slopes(
        study,
        link,
        engaged_definition=engaged_definition,
        engaged_threshold=engaged_threshold,
        resampling=resampling,
    )
    contrast, problem_of_shares = share_contrast(link, leader_share=leader_share, **resampling)
    if estimand.name == "ratio" and problem_of_shares is not None:
        units = _grouped(link.units, leader_share)
        finding = _untestable(problem_of_shares, ready, estimand, labels=labels, rules=rules).finding
        is_share = link.ex.kind == "share"
        return EngagementAndCx(finding, units, _EMPTY, association, labels, is_share, link, slopes)

    ratios = ratio_checks(link, contrast, leader_share=leader_share, **resampling)
    ratios += definition_check(
        study,
        link,
        definition=engaged_definition,
        leader_share=leader_share,
        options=options,
        resampling=resampling,
    )
    links = association_checks(
        study,
        link,
        association,
        set_apart=set_apart,
        ex_alternative=ex_alternative,
        definition=engaged_definition,
        options=options,
        resampling=resampling,
    )
    # The same numbers decide or stand beside the verdict, never both.
    done = [record for record in ratios + links if record is not None]
    checks = [record for record in done if record.term != estimand.name] + slopes.records()
    deciding = next(record for record in done if record.term == estimand.name)
    caveats = _caveats(study, link, ex_measure=ex_measure, set_apart=set_apart)
    caveats += shared_sources(study, [ex_measure, ex_alternative], [cx_measure])
    caveats += left_out_caveat(link, min_unit_n=min_unit_n)
    caveats += aggregation_caveats(
        study, link, min_unit_n=min_unit_n, least_icc2=least_icc2, least_rwg=least_rwg
    )
    caveats += link_score_rules(study.codebook, link, definition=engaged_definition)
    skipped = len(ratios) + len(links) - len(done)
    caveats += skipped_checks(skipped)
    finding = conclude(
        deciding,
        hypothesis="engagement-cx",
        estimand=estimand,
        n_excluded=link.n_excluded,
        rules=rules,
        robustness=checks,
        comparisons=_published_ratio(deciding, link, estimand, engaged_definition),
        measures={"ex": labels["ex"], "cx": labels["cx"]},
        caveats=caveats,
    )
    units = _grouped(link.units, leader_share)
    is_share = link.ex.kind == "share"
    contrast = _with_people(contrast, units)
    return EngagementAndCx(finding, units, contrast, association, labels, is_share, link, slopes)


def _untestable(
    reason: Note,
    ready: Testability,
    estimand: Estimand,
    *,
    labels: dict[str, dict[str, str]],
    rules: DisclosureRules,
) -> EngagementAndCx:
    finding = not_testable(
        "engagement-cx",
        reason=reason,
        rules=rules,
        estimand=estimand,
        detectable_effect=ready.detectable_effect,
    )
    return EngagementAndCx(finding, pd.DataFrame(), _EMPTY, _EMPTY, labels)


def _without_spread(link: LinkTable) -> Note | None:
    for name, side in (("ex", link.ex), ("cx", link.cx)):
        if link.units[name].nunique() < 2:
            return Note(
                message="All units have the same value of {measure}, so nothing can vary with it.",
                values={"measure": side.construct},
            )
    return None


def _grouped(units: pd.DataFrame, leader_share: float) -> pd.DataFrame:
    ranks = units["cx"].rank(method="average", pct=False)
    size = leader_share * len(units)
    group = pd.Series("middle", index=units.index)
    group[ranks > len(units) - size] = "leaders"
    group[ranks <= size] = "laggards"
    return units.assign(group=group, n=units[["ex_n", "cx_n"]].min(axis=1, skipna=False))


def _with_people(contrast: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    if contrast.empty:
        return contrast
    answers = units.groupby("group")["ex_n"].sum(min_count=1)
    if units["ex_n"].isna().any():
        answers = answers.iloc[:0]
    group = contrast["term"].map({"share_leaders": "leaders", "share_laggards": "laggards"})
    return contrast.assign(people=group.map(answers).astype("float64"))


def _published_ratio(
    deciding: EstimateRecord, link: LinkTable, estimand: Estimand, definition: EngagedDefinition
) -> tuple[Comparison, ...]:
    # The published ratio is about highly or moderately engaged employees by the three-item index; another definition,
    # an approximation of this one, or a share that somebody else computed, is another quantity.
    if estimand.name != "ratio" or link.ex.source != "employees" or definition != "highly_or_moderately":
        return ()
    return tuple(
        Comparison.of(figure.id, figure.value, conf_low=deciding.conf_low, conf_high=deciding.conf_high)
        for figure in claims_for("engagement-cx")
        if figure.estimand == "ratio" and figure.value is not None
    )


def _caveats(study: Study, link: LinkTable, *, ex_measure: str, set_apart: str) -> list[Note]:
    caveats = [
        Note(
            message=(
                "This is a link between units. It does not say which side causes the other, or whether a third thing "
                "does."
            )
        )
    ]
    if ex_measure != "engagement":
        caveats.append(
            Note(
                message=(
                    "The employee side is measured by {measure}, which is not engagement: the published 1.5 times "
                    "cannot be compared with it."
                ),
                values={"measure": study.codebook.label(ex_measure)},
            )
        )
    if set_apart:
        column, _, value = set_apart.partition("=")
        count = int((link.units[column] == value).sum())
        caveats.append(
            Note(
                message="{count:integer} units are {kind}; the link without them is shown beside the verdict.",
                values={"count": count, "kind": value},
            )
        )
    n_waves = max(1, link.panel["wave"].nunique())
    if n_waves < MIN_WAVES_FOR_DIRECTION:
        message = "With {n_waves:integer} waves it cannot be tested which side comes first."
        caveats.append(Note(message=message, values={"n_waves": n_waves}))
    units = link.units["unit"]
    return caveats + few_units_caveat(Groups("unit", units, len(units)))
