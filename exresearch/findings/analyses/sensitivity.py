"""How far a finding hangs on the choices that were made: every declared combination. It informs and never decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.finding import EstimateRecord, MeasurementUnit
from exresearch.findings.note import Note
from exresearch.models.sensitivity import specification_curve, specification_test, summarise_specifications
from exresearch.models.sensitivity.curve import Estimator

#: Statistic of the permutation test that the summary shows.
TESTED = "median"
_NONE = Note(message="None of the combinations of choices can be computed with these data.")
# Two ways to one number differ by rounding only.
_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to decide: ``key`` (column value), ``label`` (words) and ``value`` (what the estimator gets)."""

    key: str
    label: Note
    value: Any = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A choice that could have been made otherwise.

    Attributes
    ----------
    name : str
        Name of the estimator's argument and of the column.
    label : Note
        What is decided, for the reader: "Cut-off".
    alternatives : tuple of Alternative
        In the order of the page.
    """

    name: str
    label: Note
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Specifications:
    """One association under every combination of declared choices.

    Attributes
    ----------
    table : pandas.DataFrame
        As :class:`exresearch.models.sensitivity.SpecificationCurve`, with the key of the alternative in each decision's
        column, and ``deciding`` (the declared combination, on which the verdict rests). Empty when nothing could be
        computed.
    decisions : tuple of Decision
        What was varied, with the words for it.
    summary : pandas.DataFrame of one row
        As :func:`exresearch.models.sensitivity.summarise_specifications`, with ``p_value`` of the permutation test
        (missing where it was not done), ``n_permutations`` and ``n`` (fewest answers or units behind an estimate).
    null : float
        Value of no effect.
    unit_of_measurement : str
        Unit of the estimates.
    smallest_effect : tuple of float, optional
        Bounds of what is too small to matter.
    test : pandas.DataFrame
        All statistics of :func:`exresearch.models.sensitivity.specification_test`; empty when not done.
    note : Note, optional
        How many combinations could not be computed, or why there is none.
    """

    table: pd.DataFrame
    decisions: tuple[Decision, ...]
    summary: pd.DataFrame
    null: float
    unit_of_measurement: MeasurementUnit
    smallest_effect: tuple[float, float] | None = None
    test: pd.DataFrame = field(default_factory=pd.DataFrame)
    note: Note | None = None

    @property
    def deciding(self) -> pd.Series | None:
        """The row of the declared combination, where it has an estimate."""
        rows = self.table[self.table["deciding"]] if len(self.table) else self.table
        return None if rows.empty or not np.isfinite(rows["estimate"].iloc[0]) else rows.iloc[0]


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """How far the associations of a page hang on choices, and on what was not measured.

    Attributes
    ----------
    deciding : Specifications
        The curve that the page draws: of the first estimand that decides.
    curves : tuple of (Note, Specifications)
        All curves with the names of their associations, the one that is drawn first; none where nothing was tested.
    unmeasured : pandas.DataFrame
        Rows of :func:`exresearch.findings.analyses.unmeasured_rows`; empty where nothing was tested, or where the page
        has a table of its own.
    """

    deciding: Specifications
    curves: tuple[tuple[Note, Specifications], ...] = ()
    unmeasured: pd.DataFrame = field(default_factory=pd.DataFrame)


def declared_specifications(
    data: Any,
    *,
    decisions: Sequence[Decision],
    estimate: Estimator,
    deciding: Mapping[str, str] | None,
    unit_of_measurement: MeasurementUnit,
    null: float = 0.0,
    smallest_effect: tuple[float, float] | None = None,
    verdict: EstimateRecord | None = None,
    permute: Sequence[str] = (),
    cluster: str | None = None,
    n_permutations: int = 199,
    seed: int = 1,
) -> Specifications:
    """Estimate one association under every combination of declared choices.

    Parameters
    ----------
    data : any
        Handed to the estimator as it is; a DataFrame where the permutation test is asked for.
    decisions : sequence of Decision
        What could have been decided otherwise.
    estimate : callable
        ``estimate(data, **choices)`` with the alternatives' values; gives one row of the estimate schema or raises
        :class:`exresearch.models.NotEstimable`.
    deciding : mapping of str to str, or None
        Key of the alternative on which the verdict rests, for each decision; None where this association does not
        decide.
    unit_of_measurement, null, smallest_effect
        Of the estimates.
    verdict : EstimateRecord, optional
        The deciding estimate as recorded: its interval takes the place of the one computed here, which may use fewer
        replicates, so that a page never shows two intervals of one number.
    permute, cluster, n_permutations, seed
        As :func:`exresearch.models.sensitivity.specification_test`; without columns to permute there is no test.

    Returns
    -------
    Specifications

    Raises
    ------
    ValueError
        If ``deciding`` is not one of the combinations, its estimate is not the recorded one, or as the curve.

    Examples
    --------
    >>> units = pd.DataFrame({"ex": [1.0, 2.0, 3.0, 4.0], "cx": [1.0, 2.0, 2.0, 4.0]})
    >>> cut = Decision("cut", Note(message="Cut-off"), (Alternative("low", Note(message="Low"), 0.5),))
    >>> made = declared_specifications(
    ...     units,
    ...     decisions=[cut],
    ...     estimate=lambda units, cut: {"estimate": cut, "conf_low": 0.2, "conf_high": 0.8, "n": 4},
    ...     deciding={"cut": "low"},
    ...     unit_of_measurement="slope",
    ... )
    >>> made.table[["cut", "estimate", "deciding"]].values.tolist()
    [['low', 0.5, True]]
    """
    curve = specification_curve(
        data,
        specifications={
            decision.name: {option.key: option.value for option in decision.alternatives}
            for decision in decisions
        },
        estimate=estimate,
        null=null,
    )
    names = [decision.name for decision in decisions]
    marked = pd.Series(False, index=curve.table.index)
    if deciding is not None:
        if set(deciding) != set(names):
            raise ValueError(
                f"deciding must name an alternative of each of {names}, got {sorted(deciding)}: add what is missing."
            )
        marked = (curve.table[names] == pd.Series(dict(deciding))[names]).all(axis=1)
        if marked.sum() != 1:
            raise ValueError(f"deciding must be one of the declared combinations, got {dict(deciding)!r}.")
    table = curve.table.assign(deciding=marked)
    if verdict is not None and deciding is not None:
        table = _recorded(table, verdict)
    made = table["estimate"].notna()
    summary = summarise_specifications(table, null=null).assign(
        p_value=np.nan, n_permutations=0, n=table["n"].min()
    )
    common: dict[str, Any] = {
        "decisions": tuple(decisions),
        "null": null,
        "unit_of_measurement": unit_of_measurement,
        "smallest_effect": smallest_effect,
    }
    if not made.any():
        return Specifications(table.iloc[:0], summary=summary, note=_NONE, **common)
    made_curve = Specifications(table, summary=summary, note=_lacking(made), **common)
    if not permute:
        return made_curve
    test = specification_test(
        curve,
        data,
        estimate=estimate,
        permute=permute,
        cluster=cluster,
        n_permutations=n_permutations,
        seed=seed,
    )
    return with_test(made_curve, test)


def with_test(curve: Specifications, test: pd.DataFrame) -> Specifications:
    """Return a curve with the result of a permutation test that was made apart."""
    if curve.table.empty:
        return curve
    row = test[test["statistic"] == TESTED].iloc[0]
    summary = curve.summary.assign(p_value=float(row["p_value"]), n_permutations=int(row["n_permutations"]))
    return replace(curve, summary=summary, test=test)


def no_specifications(
    decisions: Sequence[Decision] = (), *, unit_of_measurement: MeasurementUnit, note: Note, null: float = 0.0
) -> Specifications:
    """Return the curve of a finding that could not be tested: no rows, and why."""
    columns = ["specification", "rank", "estimate", "conf_low", "conf_high", "n", "deciding"]
    table = pd.DataFrame(columns=[*columns, *(decision.name for decision in decisions)])
    return Specifications(
        table, tuple(decisions), pd.DataFrame(), null, unit_of_measurement=unit_of_measurement, note=note
    )


def _recorded(table: pd.DataFrame, verdict: EstimateRecord) -> pd.DataFrame:
    place = table.index[table["deciding"]][0]
    found = table.loc[place, "estimate"]
    if np.isnan(found) or abs(found - verdict.estimate) > _SAME * max(1.0, abs(verdict.estimate)):
        raise ValueError(
            f"the deciding combination gives {found!r} and the finding {verdict.estimate!r}: let them be one."
        )
    table = table.copy()
    table.loc[place, ["conf_low", "conf_high"]] = [verdict.conf_low, verdict.conf_high]
    return table


def _lacking(made: pd.Series) -> Note | None:
    if made.all():
        return None
    return Note(
        message=(
            "{count:integer} of the {total:integer} combinations of choices could not be computed: too few units were "
            "left, or they hardly differ."
        ),
        values={"count": int((~made).sum()), "total": len(made)},
    )
