"""The two sides of the link in every declared scoring and choice of waves, as arrays over the same units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.findings.analyses.sensitivity import Alternative
from exresearch.findings.analyses.set_apart import is_set_apart
from exresearch.findings.note import Note
from exresearch.measures import (
    EngagedDefinition,
    LinkTable,
    NotMeasured,
    UnsuitableScale,
    construct_score,
    link_table,
    other_definition,
    unit_means,
)
from exresearch.study import Study
from exresearch.study.languages import listed

FloatArray = NDArray[np.float64]

#: Fewer units than this of one kind are put together with others before they are a covariate.
LEAST_OF_A_KIND = 5
#: What the employees' side is called under each definition of engaged.
DEFINITIONS: dict[EngagedDefinition, Note] = {
    "highly": Note(message="Share of highly engaged employees"),
    "highly_or_moderately": Note(message="Share of highly or moderately engaged employees"),
    "highly_approximated": Note(message="Share of highly engaged employees (approximated)"),
    "highly_or_moderately_approximated": Note(
        message="Share of highly or moderately engaged employees (approximated)"
    ),
    "threshold": Note(message="Share at or above the limit of engaged"),
}


@dataclass(frozen=True, slots=True)
class Scoring(Alternative):
    """A way to measure the employees' side; ``is_share`` says whether it is a share of people."""

    is_share: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """One side by unit: values, and numbers and weights of the answers behind them (missing where not known)."""

    value: FloatArray
    n: FloatArray
    size: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class LinkVariants:
    """What the link can be made from.

    Attributes
    ----------
    ex : dict of (scoring, waves) to Variant
        Employees' side under each scoring, of ``pooled`` or ``latest`` waves.
    cx : dict of waves to Variant
        Customers' side.
    codes : dict of str to ndarray
        Kind of each unit by category, as codes; rare kinds together.
    labels : dict of str to mapping
        Label of each category.
    apart : ndarray of bool
        Units of the category that is set apart.
    scorings : tuple of Scoring
        Words for the scorings, the declared one first.
    """

    ex: dict[tuple[str, str], Variant]
    cx: dict[str, Variant]
    codes: dict[str, NDArray[np.int64]]
    labels: dict[str, dict[str, str]]
    apart: NDArray[np.bool_]
    scorings: tuple[Scoring, ...]

    @property
    def waves(self) -> list[str]:
        """Which choices of waves there are."""
        return list(self.cx)

    @property
    def n_units(self) -> int:
        """Number of units with both sides under some scoring."""
        return len(self.apart)

    @property
    def n_known(self) -> bool:
        """Whether the numbers of answers on the employees' side are known."""
        first = self.ex[(self.scorings[0].key, "pooled")]
        return bool(np.isfinite(first.n[np.isfinite(first.value)]).all())

    @property
    def kinds(self) -> dict[str, str]:
        """Labels of the categories together."""
        return listed(self.labels.values())

    def sides(
        self,
        scoring: str,
        order: NDArray[np.intp] | None = None,
        *,
        waves: str = "pooled",
        answers: int = 0,
        without: bool = False,
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]:
        """Give value, n and size of the employees' side, the customers' side, and which units are in.

        Where sizes are not known all units are of size 1. With an ``order`` unit i gets the employees of
        ``order[i]``, with their numbers; several orders, one a row, give as many rows.
        """
        ex, cx = self.ex[(scoring, waves)], self.cx[waves]
        value, n, size = ex.value, ex.n, ex.size
        if not np.isfinite(size[np.isfinite(value)]).all():
            size = np.ones_like(value)
        if order is not None:
            value, n, size = value[order], n[order], size[order]
        # A missing number is not below the limit: units without numbers of answers stay.
        kept = np.isfinite(value) & np.isfinite(cx.value) & ~(n < answers) & ~(cx.n < answers)
        if without:
            kept = kept & ~self.apart
        return value, n, size, cx.value, kept

    def frame(self, scoring: str, **sample: Any) -> pd.DataFrame:
        """Return the same as a frame of the units that are in: ``ex, n, size, cx`` and the codes of their kinds."""
        ex, n, size, cx, kept = self.sides(scoring, **sample)
        units = pd.DataFrame({"ex": ex, "n": n, "size": size, "cx": cx, **self.codes})
        return units[kept].reset_index(drop=True)


def link_variants(
    study: Study,
    *,
    ex_measure: str,
    cx_measure: str,
    ex_alternative: str,
    engaged_definition: EngagedDefinition,
    engaged_threshold: float,
    min_unit_n: int,
    set_apart: str,
) -> LinkVariants:
    """Read the link under every declared scoring.

    Parameters
    ----------
    study, ex_measure, cx_measure, ex_alternative, engaged_definition, engaged_threshold, min_unit_n, set_apart
        As :func:`exresearch.findings.analyses.engagement_and_cx`.

    Returns
    -------
    LinkVariants
        The first scoring is the one on which the verdict rests.
    """
    options: dict[str, Any] = {
        "cx_measure": cx_measure,
        "engaged_threshold": engaged_threshold,
        "min_unit_n": min_unit_n,
    }
    first = link_table(study, ex_measure=ex_measure, engaged_definition=engaged_definition, **options)
    engaged = ex_measure == "engagement" and first.ex.source == "employees"
    label = DEFINITIONS[engaged_definition] if engaged else _named(study, ex_measure)
    made = [(_scoring("declared", label, first), first)]
    other = other_definition(engaged_definition) if engaged else None
    if other is not None:
        try:
            again = link_table(study, ex_measure=ex_measure, engaged_definition=other, **options)
            made.append((_scoring(other, DEFINITIONS[other], again), again))
        except UnsuitableScale:
            pass
    if ex_alternative:
        try:
            again = link_table(
                study, ex_measure=ex_alternative, engaged_definition=engaged_definition, **options
            )
            made.append((_scoring("alternative", _named(study, ex_alternative), again), again))
        except (NotMeasured, UnsuitableScale):
            pass
    units = sorted({str(unit) for _, link in made for unit in link.units["unit"]})
    latest = _latest(first, study.waves)
    ex: dict[tuple[str, str], Variant] = {}
    cx: dict[str, Variant] = {}
    for option, link in made:
        for waves, frame in _by_waves(link, latest).items():
            ex[(option.key, waves)] = _variant(frame, "ex", units)
            cx.setdefault(waves, _variant(frame, "cx", units))
    scorings: list[Scoring] = [option for option, _ in made]
    if engaged:
        scorings.insert(len(scorings) - bool(ex_alternative and len(made) > 1), _MEAN)
        for waves in list(cx):
            ex[(_MEAN.key, waves)] = _mean_score(study, units, wave=latest if waves == "latest" else None)
    kinds = first.units.set_index(first.units["unit"].astype(str)).reindex(units)
    codes, labels = _kinds(study, kinds)
    apart = is_set_apart(kinds, set_apart) if set_apart else pd.Series(False, index=kinds.index)
    return LinkVariants(ex, cx, codes, labels, np.asarray(apart, dtype=bool), tuple(scorings))


_MEAN = Scoring("mean", Note(message="Mean engagement score"), "mean")


def _scoring(key: str, label: Note, link: LinkTable) -> Scoring:
    return Scoring(key, label, key, is_share=link.ex.kind == "share")


def _named(study: Study, construct: str) -> Note:
    return Note(message="{measure}", values={"measure": study.codebook.label(construct)})


def _latest(link: LinkTable, waves: tuple[str, ...] | list[str]) -> str | None:
    """The last wave in which the link has units, where there is an earlier one."""
    present = [wave for wave in waves if (link.panel["wave"] == wave).any()]
    return present[-1] if len(present) > 1 else None


def _by_waves(link: LinkTable, latest: str | None) -> dict[str, pd.DataFrame]:
    frames = {"pooled": link.units}
    if latest is not None:
        frames["latest"] = link.panel[link.panel["wave"] == latest]
    return frames


def _variant(frame: pd.DataFrame, side: str, units: list[str]) -> Variant:
    rows = frame.set_index(frame["unit"].astype(str)).reindex(units)
    value, n, size = (rows[name].to_numpy(np.float64) for name in (side, f"{side}_n", f"{side}_size"))
    return Variant(value, n, size)


def _mean_score(study: Study, units: list[str], *, wave: str | None) -> Variant:
    """The mean engagement score of each unit, which is no share."""
    sheets = study.table("employees")
    if wave is not None:
        sheets = sheets[sheets["wave"] == wave]
    scores = construct_score(sheets, codebook=study.codebook, table="employees", construct="engagement")
    means = unit_means(scores, unit=sheets["unit"], weights=sheets.get("weight"))
    rows = means.set_index(means["unit"].astype(str)).reindex(units)
    value, n, size = (rows[name].to_numpy(np.float64) for name in ("mean", "n", "size"))
    return Variant(value, n, size)


def _kinds(
    study: Study, units: pd.DataFrame
) -> tuple[dict[str, NDArray[np.int64]], dict[str, dict[str, str]]]:
    codes, labels = {}, {}
    for variable in study.codebook.select("units", role="category"):
        column = variable.column if variable.column in units else f"{variable.column}_category"
        if column not in units:
            continue
        values = units[column].astype(object).where(units[column].notna(), "").astype(str)
        counts = values.value_counts()
        rare = counts[counts < LEAST_OF_A_KIND].index
        merged = values.where(~values.isin(rare), "")
        if 0 < (merged == "").sum() < LEAST_OF_A_KIND:
            # Too few even together: they join the most frequent kind.
            merged = merged.where(merged != "", counts.index[0])
        if len(set(merged)) > 1:
            codes[column] = pd.factorize(merged, sort=True)[0].astype(np.int64)
            labels[column] = study.codebook.label(variable.column)
    return codes, labels
