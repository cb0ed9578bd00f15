"""Do the items measure the same thing in the same way in each group? Configural, metric, scalar, strict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from exresearch.measures.structure.cfa import check_factors, factor_names
from exresearch.measures.structure.fit import FitMeasures, chi_square_difference, fit_measures
from exresearch.measures.structure.robust import RobustStatistics, robust_statistics
from exresearch.measures.structure.sem import (
    SampleMoments,
    SemFit,
    StructuralModel,
    fit_model,
    measurement_parameters,
    sample_moments,
)
from exresearch.measures.structure.sem.clusters import FloatArray
from exresearch.measures.structure.sem.moments import check_input
from exresearch.study.coded import coded, distinct

InvarianceRule = Literal["chen_tested", "chen", "cheung_rensvold"]
Equal = Literal["loadings", "intercepts", "residuals"]

LEVELS: dict[str, tuple[Equal, ...]] = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
}
INVARIANCE_REASONS = {
    "one_group": "fewer than two groups have enough complete answer sheets",
    "not_identified": "one construct of two items can be fitted to any answers, so that nothing can be tested",
}
INVARIANCE_COLUMNS = [
    "level", "chisq", "df", "p_value", "cfi", "rmsea", "srmr", "delta_chisq", "delta_df", "delta_p", "delta_cfi",
    "delta_rmsea", "n", "n_groups", "n_excluded", "n_groups_excluded", "holds", "reason",
]  # fmt: skip

# The largest loss of CFI (Cheung & Rensvold 2002) and rise of RMSEA (Chen 2007) of an invariant level.
_CFI_LOSS, _RMSEA_RISE = 0.010, 0.015
# A change of fit that chance explains at this level is not taken as a difference between groups.
_ALPHA = 0.05
# What the configural model has to show (Bentler & Bonett 1980; Hu & Bentler 1999). RMSEA is no part of it: it is too
# strict in models with few degrees of freedom (Kenny, Kaniskan & McCoach 2015).
_CFI_LEAST, _SRMR_MOST = 0.90, 0.08


def measurement_invariance(
    data: pd.DataFrame,
    *,
    factors: Mapping[str, Sequence[str]],
    by: str,
    weights: str | None = None,
    cluster: str | None = None,
    robust: bool | None = None,
    rule: InvarianceRule = "chen_tested",
    min_group_n: int = 100,
) -> pd.DataFrame:
    """Test step by step whether groups may be compared on constructs.

    When to use it: before means of waves, languages or kinds of units are compared. Metric invariance (equal
    loadings) allows the comparison of relations, scalar invariance (equal intercepts as well) that of means; without
    it a difference of means may be one of understanding the question. Strict invariance (equal residual variances)
    also allows the comparison of sums with their errors.

    Parameters
    ----------
    data : pandas.DataFrame
        One row per answer sheet, items oriented so that higher means more.
    factors : mapping of str to sequence of str
        Columns of the items per construct.
    by : str
        Column with the groups; rows without one are left out.
    weights, cluster : str, optional
        Columns with a positive weight, and with the cluster of a row, which may be in several groups (a person in
        several waves).
    robust : bool, optional
        As :func:`confirmatory_factor_analysis`.
    rule : {"chen_tested", "chen", "cheung_rensvold"}
        What decides whether a further level holds. ``chen``: CFI falls by less than 0.010 and RMSEA rises by less
        than 0.015 (where the level before has no degrees of freedom, CFI alone). ``chen_tested``: a level is refused
        where Chen's limits refuse it **and** the test against the level before has p below 0.05.
        ``cheung_rensvold``: CFI alone.
    min_group_n : int
        Complete rows that a group needs; at least as many as it has parameters are asked in any case. Below 100 the
        changes of fit follow chance more than the groups (Meade, Johnson & Braddy 2008).

    Returns
    -------
    pandas.DataFrame
        One row per level, ``configural, metric, scalar, strict`` (one row with an empty level where nothing can be
        tested): ``level, chisq, df, p_value, cfi, rmsea, srmr``, the test against the level before ``delta_chisq,
        delta_df, delta_p``, the changes ``delta_cfi`` (negative is worse) and ``delta_rmsea`` (positive is worse),
        ``n`` (rows used), ``n_groups, n_excluded`` (rows without group, incomplete or in a group that is too small),
        ``n_groups_excluded``, ``holds, reason``. ``holds`` is true where this level and all before it pass; for the
        configural level that is CFI of at least 0.90 and SRMR of at most 0.08. It is missing where there are no
        numbers. ``reason`` says why, or why numbers ask for care.

    Raises
    ------
    ValueError
        As :func:`confirmatory_factor_analysis`; or if `rule` has no legal value or `min_group_n` is below 2.

    Notes
    -----
    In the scalar and strict models the factor means are 0 in the first group and free in the others. The chi-square
    test alone decides nothing: with thousands of answers it rejects differences that change no conclusion. Nor do the
    limits alone by default: in models with few degrees of freedom RMSEA follows chance (Kenny, Kaniskan & McCoach
    2015), so that Chen's limits reject what is true (``docs/structure-robust.md``). Where the test cannot be computed,
    the limits decide. With more than ten groups the limits are strict (Rutkowski & Svetina 2014).

    References
    ----------
    Cheung, G. W., & Rensvold, R. B. (2002). Evaluating goodness-of-fit indexes for testing measurement invariance.
    *Structural Equation Modeling*, 9(2), 233-255. https://doi.org/10.1207/S15328007SEM0902_5
    Chen, F. F. (2007).
    Sensitivity of goodness of fit indexes to lack of measurement invariance. *Structural Equation Modeling*, 14(3),
    464-504. https://doi.org/10.1080/10705510701301834
    Kenny, D. A., Kaniskan, B., & McCoach, D. B. (2015). The performance of RMSEA in models with small degrees of
    freedom. *Sociological Methods & Research*, 44(3), 486-507. https://doi.org/10.1177/0049124114543236 In R:
    ``cfa(model, data, group = "school", group.equal = c("loadings", "intercepts"))``.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> sheets = pd.DataFrame(rng.normal(size=(600, 1)) + rng.normal(size=(600, 4)), columns=list("abcd"))
    >>> sheets["wave"] = ["one", "two"] * 300
    >>> measurement_invariance(sheets, factors={"joy": list("abcd")}, by="wave")["holds"].tolist()
    [True, True, True, True]
    """
    if rule not in get_args(InvarianceRule):
        raise ValueError(f"rule must be one of {list(get_args(InvarianceRule))}; got {rule!r}.")
    if min_group_n < 2:
        raise ValueError(f"min_group_n must be at least 2; got {min_group_n!r}.")
    items = check_factors(factors)
    if robust is None:
        robust = weights is not None or cluster is not None
    check_input(data, items=items, weights=weights, other=[by, cluster])
    rows = comparable_rows(data, factors=factors, by=by, min_group_n=min_group_n)
    used = data[rows]
    n_groups = distinct(data[by], rows.to_numpy())
    counted = {
        "n": len(used),
        "n_groups": n_groups,
        "n_excluded": len(data) - len(used),
        "n_groups_excluded": distinct(data[by]) - n_groups,
    }
    if n_groups < 2:
        return _untestable(INVARIANCE_REASONS["one_group"], counted)
    if len(items) < 3:
        return _untestable(INVARIANCE_REASONS["not_identified"], counted)
    moments = sample_moments(used, columns=items, groups=by, weights=weights, cluster=cluster, robust=robust)
    return _table(invariance_fits(moments, factors=factors), robust=robust, rule=rule, counted=counted)


def comparable_rows(
    data: pd.DataFrame, *, factors: Mapping[str, Sequence[str]], by: str, min_group_n: int
) -> pd.Series:
    """Say of each row whether it is complete and in a group that is large enough; as :func:`measurement_invariance`."""
    items = check_factors(factors)
    codes, names = coded(data[by])
    complete = codes >= 0
    for item in items:
        complete &= data[item].notna().to_numpy()
    counts = np.bincount(codes[complete], minlength=len(names))
    least = max(min_group_n, 3 * len(items) + len(factors) * (len(factors) - 1) // 2)
    # One place more, for rows without a group.
    return pd.Series(complete & np.append(counts >= least, False)[codes], index=data.index)


def invariance_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Say in one row per comparison how far it goes.

    Parameters
    ----------
    table : pandas.DataFrame
        From :func:`exresearch.measures.invariance_of_study`.

    Returns
    -------
    pandas.DataFrame
        ``table, by, highest`` (the last level that holds: ``strict``, ``scalar``, ``metric``, ``configural`` or
        ``none``; empty where nothing could be tested), ``n, n_groups, cfi`` (of the configural model), ``delta_cfi,
        delta_rmsea`` (largest loss and rise of the later levels), ``reason``.

    Examples
    --------
    >>> steps = pd.DataFrame({"table": "employees", "by": "wave", "level": list(LEVELS), "n": 900, "n_groups": 3,
    ...                       "cfi": [0.97, 0.969, 0.95, 0.949], "delta_cfi": [None, -0.001, -0.019, -0.001],
    ...                       "delta_rmsea": [None, 0.0, 0.02, 0.0], "holds": [True, True, False, False], "reason": ""})
    >>> invariance_summary(steps)[["by", "highest", "delta_cfi"]].to_numpy().tolist()
    [['wave', 'metric', -0.019]]
    """
    rows = []
    for (name, by), steps in table.groupby(["table", "by"], sort=False):
        judged = steps[steps["holds"].notna()]
        held = judged.loc[judged["holds"].astype(bool), "level"].tolist()
        reasons = [reason for reason in steps["reason"] if reason]
        rows.append(
            {
                "table": name,
                "by": by,
                "highest": (held[-1] if held else "none") if len(judged) else "",
                "n": int(steps["n"].max()),
                "n_groups": int(steps["n_groups"].max()),
                "cfi": steps["cfi"].astype("float64").iloc[0],
                "delta_cfi": steps["delta_cfi"].astype("float64").min(),
                "delta_rmsea": steps["delta_rmsea"].astype("float64").max(),
                "reason": reasons[0] if reasons else "",
            }
        )
    columns = ["table", "by", "highest", "n", "n_groups", "cfi", "delta_cfi", "delta_rmsea", "reason"]
    return pd.DataFrame(rows, columns=columns)


def invariance_fits(moments: SampleMoments, *, factors: Mapping[str, Sequence[str]]) -> dict[str, SemFit]:
    """Fit the four levels to the moments of several groups.

    Parameters
    ----------
    moments : SampleMoments
        Of the items in the order of `factors`.
    factors : mapping of str to sequence of str
        Items per construct.

    Returns
    -------
    dict of str to SemFit
        By level, in the order of the tests.
    """
    names = factor_names(factors)
    inner = {names[factor]: list(own) for factor, own in factors.items()}
    n_groups = len(moments.groups)
    found: dict[str, SemFit] = {}
    start: FloatArray | None = None
    for level, equal in LEVELS.items():
        rows = measurement_parameters(inner, n_groups=n_groups, means=True, equal=equal)
        model = StructuralModel(moments.columns, tuple(inner), rows, n_groups)
        found[level] = fit_model(model, moments, start=start)
        start = found[level].row_values if found[level].estimated else None
    return found


def untested(reason: str) -> pd.DataFrame:
    """Give the row of a comparison that could not be made, in the columns of :func:`measurement_invariance`."""
    return _untestable(reason, {"n": 0, "n_groups": 0, "n_excluded": 0, "n_groups_excluded": 0})


def _table(
    fits: Mapping[str, SemFit], *, robust: bool, rule: InvarianceRule, counted: Mapping[str, int]
) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    before: tuple[SemFit, RobustStatistics | None, FitMeasures] | None = None
    holding: bool | None = True
    for level, fit in fits.items():
        spread = robust_statistics(fit) if robust and fit.estimated else None
        measures = fit_measures(fit, robust=spread)
        row: dict[str, Any] = {
            "level": level,
            "chisq": measures.chisq,
            "df": measures.df,
            "p_value": measures.p_value,
            "cfi": measures.cfi,
            "rmsea": measures.rmsea,
            "srmr": measures.srmr,
            **counted,
            "reason": fit.reason,
        }
        if not fit.estimated:
            passed: bool | None = None
        elif before is None:
            passed = measures.cfi >= _CFI_LEAST and measures.srmr <= _SRMR_MOST
        else:
            pair = (spread, before[1]) if spread is not None and before[1] is not None else None
            row["delta_chisq"], row["delta_df"], row["delta_p"] = chi_square_difference(
                fit, before[0], robust=pair
            )
            row["delta_cfi"] = measures.cfi - before[2].cfi
            row["delta_rmsea"] = measures.rmsea - before[2].rmsea
            passed = _passes(row["delta_cfi"], row["delta_rmsea"], row["delta_p"], rule=rule)
        holding = None if holding is None or passed is None else holding and passed
        row["holds"] = holding
        rows.append(row)
        before = (fit, spread, measures)
    return _typed(rows)


def _passes(delta_cfi: float, delta_rmsea: float, delta_p: float, *, rule: InvarianceRule) -> bool:
    # Written so that a missing change of RMSEA, after a level without degrees of freedom, refuses nothing, and a
    # missing p-value leaves the limits to decide.
    within = delta_cfi > -_CFI_LOSS and not (rule != "cheung_rensvold" and delta_rmsea >= _RMSEA_RISE)
    return within or (rule == "chen_tested" and delta_p >= _ALPHA)


def _untestable(reason: str, counted: Mapping[str, int]) -> pd.DataFrame:
    return _typed([{"level": "", **counted, "reason": reason}])


def _typed(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Make the table; what a row lacks is missing."""
    counts = ("n", "n_groups", "n_excluded", "n_groups_excluded")
    whole = {"df": "Int64", "delta_df": "Int64", "holds": "boolean"}
    columns: dict[str, Any] = {}
    for column in INVARIANCE_COLUMNS:
        values = [row.get(column) for row in rows]
        if column in counts:
            columns[column] = np.array(values, dtype=np.int64)
        elif column in whole:
            columns[column] = pd.Series(values, dtype=whole[column])
        elif column in ("level", "reason"):
            columns[column] = values
        else:
            columns[column] = np.array(values, dtype=np.float64)
    return pd.DataFrame(columns)
