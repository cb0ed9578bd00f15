"""Notebook 02: the share of engaged employees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.dependence import few_units_caveat, units_counted
from exresearch.findings.analyses.score_rules import approximation_caveat, score_rule
from exresearch.findings.claims import claims_for
from exresearch.findings.conclude import conclude, estimand_for, not_testable
from exresearch.findings.finding import Comparison, EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.findings.testability import testability, unsuitable_scale
from exresearch.measures import (
    EngagedDefinition,
    Groups,
    UnsuitableScale,
    approximates,
    dependence_groups,
    engaged,
    engagement_band,
    engagement_index,
    other_definition,
)
from exresearch.measures.resampling import respondents
from exresearch.models import clustered_proportion
from exresearch.study import Study
from exresearch.study.coded import coded
from exresearch.study.languages import worded

_SHARE_METHODS = {
    "unit": "Korn-Graubard interval, answers of one unit kept together",
    "person": "Korn-Graubard interval, answers of one person kept together",
    "row": "Korn-Graubard interval, every answer sheet on its own",
}
_BAND_LABELS = {
    "highly": "highly engaged (19-21)",
    "moderately": "moderately engaged (16-18)",
    "slightly": "slightly engaged (13-15)",
    "disengaged": "disengaged (3-12)",
}
# On a stretched scale the index takes other values than whole numbers, so that limits of 16-18 would leave gaps.
_APPROXIMATED_LABELS = {
    "highly": "highly engaged (approximated, 19 and up)",
    "moderately": "moderately engaged (approximated, 16 to 19)",
    "slightly": "slightly engaged (approximated, 13 to 16)",
    "disengaged": "disengaged (approximated, below 13)",
}
_SHARE_LABELS: dict[EngagedDefinition, str] = {
    "highly": "Share of highly engaged employees",
    "highly_or_moderately": "Share of highly or moderately engaged employees",
    "highly_approximated": "Share of highly engaged employees (approximated)",
    "highly_or_moderately_approximated": "Share of highly or moderately engaged employees (approximated)",
}


@dataclass(frozen=True, slots=True)
class EngagedMinority:
    """Everything the page shows about the share of engaged employees.

    Attributes
    ----------
    finding : Finding
        The verdict on ``engaged-minority``.
    bands : pandas.DataFrame
        ``level`` (its name in the code), ``band, share, conf_low, conf_high, n`` (answers in total), ``answers,
        people`` (in the band) of the three-item index, labelled as approximated where it is; empty with a threshold.
    published : pandas.DataFrame
        Published shares: ``value, year, region, source, claim``; none beside approximated bands.
    """

    finding: Finding
    bands: pd.DataFrame
    published: pd.DataFrame


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
            if respondents(employees, where=values.notna()) < rules.min_model:
                reason = Note(
                    message="Fewer than {needed:integer} people answered.", values={"needed": rules.min_model}
                )
        except UnsuitableScale:
            reason = unsuitable_scale(engaged_definition)
    # An approximation is set beside nothing that was measured.
    approximated = approximates(engaged_definition)
    published = _published_shares().iloc[: 0 if approximated else None]
    if reason is not None:
        finding = not_testable(
            "engaged-minority", reason=reason, rules=rules, detectable_effect=ready.detectable_effect
        )
        return EngagedMinority(finding, pd.DataFrame(), published)

    groups = dependence_groups(employees, where=values.notna())
    label = Note(message="Share of engaged employees")
    if approximated:
        label = Note(message="Share of engaged employees (approximated)")
    deciding = estimate_record(
        _share(employees, values, groups=groups, conf_level=conf_level),
        "share",
        label=label,
        unit_of_measurement="share",
        method=Note(message=_SHARE_METHODS[groups.by]),
    )
    checks: list[EstimateRecord] = []
    bands = pd.DataFrame()
    other = other_definition(engaged_definition)
    if other is not None:
        bands = _band_shares(study, groups=groups, conf_level=conf_level, approximated=approximated)
        checks.append(_share_of(study, other, groups=groups, conf_level=conf_level))
    caveats = approximation_caveat(engaged_definition) or [
        Note(message="Published shares use definitions of their own and are context, not a target.")
    ]
    caveats.append(Note(message="People who did not answer may be less engaged than those who did."))
    # The bands are limits of a sum, a threshold is one of a mean.
    complete = engaged_definition != "threshold"
    caveats += score_rule(study.codebook, "employees", "engagement", complete=complete, method="mean")
    caveats += few_units_caveat(groups)
    finding = conclude(
        deciding,
        hypothesis="engaged-minority",
        estimand=estimand_for("engaged-minority"),
        n_excluded=len(employees) - deciding.n,
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


def _share(frame: pd.DataFrame, values: pd.Series, *, groups: Groups, conf_level: float) -> pd.DataFrame:
    codes, names = coded(groups.labels)
    places = frame.index.get_indexer(groups.labels.index)
    given = values.to_numpy(dtype="float64", na_value=np.nan)[places]
    weight = np.ones(len(places))
    if "weight" in frame:
        weight = frame["weight"].to_numpy(dtype="float64", na_value=np.nan)[places]
    there = (codes >= 0) & ~np.isnan(given) & ~np.isnan(weight)
    codes, given, weight = codes[there], given[there], weight[there]
    # Weights of mean 1, so that their sums count answers.
    weight = weight / weight.mean()
    size = len(names)
    counts = pd.DataFrame(
        {
            "engaged": np.bincount(codes, weights=given * weight, minlength=size),
            "weight": np.bincount(codes, weights=weight, minlength=size),
        },
        index=pd.Index(names, name="group"),
    )[np.bincount(codes, minlength=size) > 0].sort_index()
    # Sums in another order may differ by rounding, and a count cannot be larger than its total.
    counts["engaged"] = counts[["engaged", "weight"]].min(axis=1)
    shares = clustered_proportion(counts, events="engaged", n="weight", null=0.5, conf_level=conf_level)
    return units_counted(shares.assign(term="share", n=len(codes)), groups)


def _share_of(
    study: Study, definition: EngagedDefinition, *, groups: Groups, conf_level: float
) -> EstimateRecord:
    frame = study.table("employees")
    values = engaged(frame, codebook=study.codebook, definition=definition)
    return estimate_record(
        _share(frame, values, groups=groups, conf_level=conf_level),
        "share",
        name=f"share_{definition}",
        label=Note(message=_SHARE_LABELS[definition]),
        unit_of_measurement="share",
        method=Note(message=_SHARE_METHODS[groups.by]),
    )


def _band_shares(study: Study, *, groups: Groups, conf_level: float, approximated: bool) -> pd.DataFrame:
    """Give the share of each band with its interval."""
    frame = study.table("employees")
    bands = engagement_band(engagement_index(frame, codebook=study.codebook, approximated=approximated))
    rows = []
    for band in bands.cat.categories:
        inside = (bands == band).astype("float64").where(bands.notna())
        row = _share(frame, inside, groups=groups, conf_level=conf_level).iloc[0]
        rows.append(
            {
                "level": band,
                "band": worded(_APPROXIMATED_LABELS[band] if approximated else _BAND_LABELS[band]),
                "share": row["estimate"],
                "conf_low": row["conf_low"],
                "conf_high": row["conf_high"],
                "n": int(row["n"]),
                "answers": int((bands == band).sum()),
                "people": respondents(frame, where=bands == band),
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
            "source": f.source if isinstance(f.source, str) else f.source.texts,
        }
        for f in claims_for("engaged-minority")
        if f.estimand == "share" and f.value is not None
    ]
    return pd.DataFrame(rows, columns=["claim", "value", "year", "region", "source"])
