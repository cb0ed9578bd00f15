"""Notebook 02: engagement and customer experience by unit, and the share of engaged employees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.link_checks import (
    association_checks,
    counted,
    definition_check,
    ratio_checks,
    share_contrast,
)
from exresearch.findings.analyses.dependence import few_units_caveat
from exresearch.findings.claims import claims_for
from exresearch.findings.conclude import conclude, estimand_for, not_testable
from exresearch.findings.finding import Comparison, EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.findings.testability import testability
from exresearch.measures import (
    EngagedDefinition,
    LinkTable,
    UnsuitableScale,
    dependence_groups,
    engaged,
    engagement_band,
    engagement_index,
    link_table,
)
from exresearch.models import clustered_proportion, unit_association
from exresearch.study import Study

_SHARE_METHODS = {
    "unit": "Korn-Graubard interval, answers of one unit kept together",
    "person": "Korn-Graubard interval, answers of one person kept together",
    "row": "Korn-Graubard interval, every answer sheet on its own",
}
_FEW_UNITS = 30
_ENGAGED = {"nl": "Aandeel bevlogen medewerkers", "en": "Share of engaged employees"}
_BAND_LABELS = {
    "highly": {"nl": "sterk bevlogen (19-21)", "en": "highly engaged (19-21)"},
    "moderately": {"nl": "redelijk bevlogen (16-18)", "en": "moderately engaged (16-18)"},
    "slightly": {"nl": "licht bevlogen (13-15)", "en": "slightly engaged (13-15)"},
    "disengaged": {"nl": "niet bevlogen (3-12)", "en": "disengaged (3-12)"},
}
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
        The link table with ``n`` (answers on the smaller side) and ``group`` (leaders, middle, laggards); empty when not
        testable.
    contrast : pandas.DataFrame
        Rows of :func:`exresearch.models.leader_contrast`; empty where employee experience is not a share.
    association : pandas.DataFrame
        Rows of :func:`exresearch.models.unit_association`.
    labels : dict of str to dict of str to str
        Label of ``ex`` and ``cx`` in both languages.
    """

    finding: Finding
    units: pd.DataFrame
    contrast: pd.DataFrame
    association: pd.DataFrame
    labels: dict[str, dict[str, str]]

    @property
    def line(self) -> tuple[float, float] | None:
        """Intercept and slope of the least-squares line through the unit means."""
        slopes = self.association.loc[self.association["term"] == "slope", "estimate"]
        if slopes.empty:
            return None
        slope = float(slopes.iloc[0])
        return float(self.units["cx"].mean() - slope * self.units["ex"].mean()), slope


@dataclass(frozen=True, slots=True)
class EngagedMinority:
    """Everything the page shows about the share of engaged employees.

    Attributes
    ----------
    finding : Finding
        The verdict on ``engaged-minority``.
    bands : pandas.DataFrame
        ``band, share, conf_low, conf_high, n`` of the three-item index; empty for other scales.
    published : pandas.DataFrame
        Published shares: ``value, year, region, source, claim``.
    """

    finding: Finding
    bands: pd.DataFrame
    published: pd.DataFrame


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

    Returns
    -------
    EngagementAndCx

    Raises
    ------
    ValueError
        If ``set_apart`` does not name a category of the units.
    """
    estimand = estimand_for("engagement-cx", ex_construct=ex_measure)
    labels = {"ex": _ENGAGED if ex_measure == "engagement" else study.codebook.label(ex_measure)}
    labels["cx"] = study.codebook.label(cx_measure)
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
    reason = ready.reason
    if reason is None:
        try:
            link = link_table(study, ex_measure=ex_measure, engaged_definition=engaged_definition, **options)
            reason = _without_spread(link)
        except UnsuitableScale as error:
            reason = Note(
                message="The engagement items do not fit the chosen definition: {reason}",
                values={"reason": str(error)},
            )
    if reason is not None:
        finding = not_testable(
            "engagement-cx",
            reason=reason,
            rules=rules,
            estimand=estimand,
            detectable_effect=ready.detectable_effect,
        )
        return EngagementAndCx(finding, pd.DataFrame(), _EMPTY, _EMPTY, labels)

    association = counted(unit_association(link.units, ex="ex", cx="cx", **resampling), link.units)
    contrast, problem = share_contrast(link, leader_share=leader_share, **resampling)
    if estimand.name == "ratio" and problem is not None:
        finding = not_testable(
            "engagement-cx",
            reason=problem,
            rules=rules,
            estimand=estimand,
            detectable_effect=ready.detectable_effect,
        )
        return EngagementAndCx(finding, _grouped(link.units, leader_share), _EMPTY, association, labels)

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
        options=options,
        resampling=resampling,
    )
    # The same numbers decide or stand beside the verdict, never both.
    checks = [record for record in ratios + links if record.term != estimand.name]
    deciding = next(record for record in ratios + links if record.term == estimand.name)
    finding = conclude(
        deciding,
        hypothesis="engagement-cx",
        estimand=estimand,
        n_excluded=link.n_excluded,
        rules=rules,
        robustness=checks,
        comparisons=_published_ratio(deciding, engaged_definition) if estimand.name == "ratio" else (),
        caveats=_caveats(study, link, ex_measure=ex_measure, set_apart=set_apart),
    )
    return EngagementAndCx(finding, _grouped(link.units, leader_share), contrast, association, labels)


def engaged_minority(
    study: Study,
    *,
    engaged_definition: EngagedDefinition,
    engaged_threshold: float,
    conf_level: float,
    rules: DisclosureRules,
) -> EngagedMinority:
    """Decide whether the engaged are a minority, with published shares beside it.

    Parameters
    ----------
    study : Study
        The client.
    engaged_definition, engaged_threshold
        As :func:`exresearch.measures.engaged`.
    conf_level : float
        Level of the intervals.
    rules : DisclosureRules
        Rules of the report.

    Returns
    -------
    EngagedMinority
    """
    ready = testability(study, "engaged-minority", conf_level=conf_level)
    reason, values = ready.reason, pd.Series(dtype="float64")
    employees = study.table("employees")
    if reason is None:
        try:
            values = engaged(
                employees, codebook=study.codebook, definition=engaged_definition, threshold=engaged_threshold
            )
            if values.notna().sum() < rules.min_model:
                reason = Note(
                    message="Fewer than {needed:integer} people answered.", values={"needed": rules.min_model}
                )
        except UnsuitableScale as error:
            reason = Note(
                message="The engagement items do not fit the chosen definition: {reason}",
                values={"reason": str(error)},
            )
    published = _published_shares()
    if reason is not None:
        finding = not_testable(
            "engaged-minority", reason=reason, rules=rules, detectable_effect=ready.detectable_effect
        )
        return EngagedMinority(finding, pd.DataFrame(), published)

    shares, method = _share(employees, values, conf_level=conf_level)
    deciding = estimate_record(
        shares,
        "share",
        label=Note(message="Share of engaged employees"),
        unit_of_measurement="share",
        method=method,
    )
    checks: list[EstimateRecord] = []
    bands = pd.DataFrame()
    if engaged_definition != "threshold":
        bands = _band_shares(study, conf_level=conf_level)
        other: EngagedDefinition = (
            "highly" if engaged_definition == "highly_or_moderately" else "highly_or_moderately"
        )
        checks.append(_share_of(study, other, conf_level=conf_level))
    caveats = [Note(message="Published shares use definitions of their own and are context, not a target.")]
    caveats.append(Note(message="People who did not answer may be less engaged than those who did."))
    caveats += few_units_caveat(dependence_groups(employees))
    finding = conclude(
        deciding,
        hypothesis="engaged-minority",
        estimand=estimand_for("engaged-minority"),
        n_excluded=int(values.isna().sum()),
        rules=rules,
        robustness=checks,
        comparisons=[
            Comparison.of(
                row["claim"], row["value"], conf_low=deciding.conf_low, conf_high=deciding.conf_high
            )
            for _, row in published.iterrows()
        ],
        caveats=caveats,
    )
    return EngagedMinority(finding, bands, published)


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


def _published_ratio(deciding: EstimateRecord, definition: EngagedDefinition) -> tuple[Comparison, ...]:
    # The published ratio is about highly or moderately engaged employees; another definition is another quantity.
    if definition != "highly_or_moderately":
        return ()
    return tuple(
        Comparison.of(figure.id, figure.value, conf_low=deciding.conf_low, conf_high=deciding.conf_high)
        for figure in claims_for("engagement-cx")
        if figure.estimand == "ratio" and figure.value is not None
    )


def _caveats(study: Study, link: LinkTable, *, ex_measure: str, set_apart: str) -> list[Note]:
    caveats = [
        Note(
            message="This is a link between units. It does not say which side causes the other, or whether a third thing does."
        )
    ]
    if ex_measure != "engagement":
        caveats.append(
            Note(
                message=(
                    "The employee side is measured by {measure}, which is not engagement: the published 1.5 times cannot be "
                    "compared with it."
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
    if len(study.waves) < 3:
        caveats.append(
            Note(
                message="With {n_waves:integer} waves it cannot be tested which side comes first.",
                values={"n_waves": max(len(study.waves), 1)},
            )
        )
    if len(link.units) < _FEW_UNITS:
        caveats.append(
            Note(
                message="There are fewer than {few:integer} units: intervals from so few units are often too narrow.",
                values={"few": _FEW_UNITS},
            )
        )
    return caveats


def _share(frame: pd.DataFrame, values: pd.Series, *, conf_level: float) -> tuple[pd.DataFrame, Note]:
    groups = dependence_groups(frame)
    weight = frame["weight"] if "weight" in frame else pd.Series(1.0, index=frame.index)
    answered = pd.DataFrame({"group": groups.labels, "engaged": values, "weight": weight}).dropna()
    # Weights of mean 1, so that their sums count answers.
    answered["weight"] /= answered["weight"].mean()
    answered["engaged"] *= answered["weight"]
    counts = answered.groupby("group", sort=True)[["engaged", "weight"]].sum()
    counts["engaged"] = counts[["engaged", "weight"]].min(axis=1)
    shares = clustered_proportion(counts, events="engaged", n="weight", null=0.5, conf_level=conf_level)
    return shares.assign(term="share", n=len(answered)), Note(message=_SHARE_METHODS[groups.by])


def _share_of(study: Study, definition: EngagedDefinition, *, conf_level: float) -> EstimateRecord:
    frame = study.table("employees")
    shares, method = _share(
        frame, engaged(frame, codebook=study.codebook, definition=definition), conf_level=conf_level
    )
    label = (
        "Share of highly engaged employees"
        if definition == "highly"
        else "Share of highly or moderately engaged employees"
    )
    return estimate_record(
        shares,
        "share",
        name=f"share_{definition}",
        label=Note(message=label),
        unit_of_measurement="share",
        method=method,
    )


def _band_shares(study: Study, *, conf_level: float) -> pd.DataFrame:
    frame = study.table("employees")
    bands = engagement_band(engagement_index(frame, codebook=study.codebook))
    rows = []
    for band in bands.cat.categories:
        inside = (bands == band).astype("float64").where(bands.notna())
        shares, _ = _share(frame, inside, conf_level=conf_level)
        row = shares.iloc[0]
        rows.append(
            {
                "band": _BAND_LABELS[band],
                "share": row["estimate"],
                "conf_low": row["conf_low"],
                "conf_high": row["conf_high"],
                "n": int(row["n"]),
            }
        )
    return pd.DataFrame(rows)


def _published_shares() -> pd.DataFrame:
    rows = [
        {
            "claim": f.id,
            "value": f.value,
            "year": f.period or f.year,
            "region": f.region.model_dump(),
            "source": f.source,
        }
        for f in claims_for("engaged-minority")
        if f.estimand == "share" and f.value is not None
    ]
    return pd.DataFrame(rows, columns=["claim", "value", "year", "region", "source"])
