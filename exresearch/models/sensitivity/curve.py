"""The specification curve: one question answered under every combination of declared choices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.resampling import NotEstimable, check_whole

FloatArray = NDArray[np.float64]

#: Called as `estimate(data, **choices)`; gives one row of the estimate schema.
Estimator = Callable[..., Mapping[str, Any] | pd.Series | pd.DataFrame]

#: Columns of an estimate that a curve keeps; those an estimator does not give are missing.
NUMBERS = (
    "estimate",
    "std_error",
    "statistic",
    "df",
    "p_value",
    "conf_low",
    "conf_high",
    "n",
    "n_clusters",
    "conf_level",
)
_TEXTS = ("term", "method", "reason")
_OWN = ("specification", "rank", *NUMBERS, *_TEXTS)


@dataclass(frozen=True, slots=True, eq=False)
class SpecificationCurve:
    """Every declared specification with its estimate; see `specification_curve`.

    Attributes
    ----------
    table : DataFrame
        One row per specification, in the declared order.
    summary : DataFrame of one row
        What they say together.
    by_choice : DataFrame
        One row per choice and alternative.
    specifications : dict of choice to dict of label to value
    null : float
    """

    table: pd.DataFrame
    summary: pd.DataFrame
    by_choice: pd.DataFrame
    specifications: dict[str, dict[str, Any]]
    null: float


def _read(specifications: object) -> dict[str, dict[str, Any]]:
    if not isinstance(specifications, Mapping) or not specifications:
        raise ValueError(
            "specifications must map each choice to its alternatives, as in {'cut_off': [0.2, 0.25]}, got "
            f"{specifications!r}."
        )
    read: dict[str, dict[str, Any]] = {}
    for choice, alternatives in specifications.items():
        if not isinstance(choice, str) or not choice.isidentifier() or choice in _OWN:
            raise ValueError(
                f"choices must have the names of arguments, other than {list(_OWN)}, got {choice!r}."
            )
        if isinstance(alternatives, Mapping):
            labelled = {str(label): value for label, value in alternatives.items()}
        elif isinstance(alternatives, Sequence) and not isinstance(alternatives, str):
            labelled = {str(value): value for value in alternatives}
        else:
            raise ValueError(
                f"choice '{choice}' must have a list of alternatives, or a mapping of label to value, got "
                f"{alternatives!r}."
            )
        if not labelled or len(labelled) < len(alternatives):
            raise ValueError(f"choice '{choice}' must have alternatives with different labels.")
        read[choice] = labelled
    return read


def _number(value: object) -> float:
    return np.nan if value is None or value is pd.NA else float(value)  # type: ignore[arg-type]


def _one_row(given: object, label: str) -> dict[str, Any]:
    if isinstance(given, pd.DataFrame):
        if len(given) != 1:
            raise ValueError(
                f"estimate must give one row per specification, got {len(given)} rows for {label}: select the term."
            )
        given = given.iloc[0]
    if not isinstance(given, (Mapping, pd.Series)) or "estimate" not in given:
        raise ValueError(
            "estimate must give a mapping, Series or DataFrame of one row with 'estimate', got "
            f"{type(given).__name__} for {label}."
        )
    row: dict[str, Any] = {name: _number(given.get(name)) for name in NUMBERS}
    row |= {"term": given.get("term"), "method": given.get("method"), "reason": None}
    if not np.isfinite(row["estimate"]):
        row |= dict.fromkeys(NUMBERS, np.nan) | {"reason": "the estimate is not finite"}
    return row


def specification_rows(
    data: Any, specifications: dict[str, dict[str, Any]], estimate: Estimator
) -> Iterator[dict[str, Any]]:
    """One row per combination: labels of the choices, then the estimate or the reason that there is none."""
    for labels in product(*specifications.values()):
        named = dict(zip(specifications, labels, strict=True))
        choices = {choice: specifications[choice][label] for choice, label in named.items()}
        try:
            row = _one_row(estimate(data, **choices), str(named))
        except NotEstimable as reason:
            row = dict.fromkeys(NUMBERS, np.nan) | {"term": None, "method": None, "reason": str(reason)}
        yield {**named, **row}


@dataclass(frozen=True, slots=True)
class _Made:
    """The estimates made, with whether each has an interval and whether that leaves the null out."""

    estimates: FloatArray
    interval: NDArray[np.bool_]
    outside: NDArray[np.bool_]

    @classmethod
    def of(cls, table: pd.DataFrame, null: float, *, rows: NDArray[np.bool_] | slice = slice(None)) -> _Made:
        estimates, low, high = (
            table[name].to_numpy(dtype=np.float64, na_value=np.nan)[rows]
            for name in ("estimate", "conf_low", "conf_high")
        )
        there = ~np.isnan(estimates)
        outside = (low > null) | (high < null)
        interval = ~np.isnan(low) & ~np.isnan(high)
        return cls(estimates[there], interval[there], outside[there])

    def median(self) -> float:
        return float(np.median(self.estimates)) if len(self.estimates) else np.nan

    def side(self, null: float) -> float:
        """Where the median lies: 1 above the null, -1 below it."""
        return float(np.sign(self.median() - null))

    def excluding(self, among: NDArray[np.bool_] | bool = True) -> float:
        """Of those with an interval, the share that leaves the null out (and is among those)."""
        return _share((self.outside & among)[self.interval])


def _share(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else np.nan


def summarise_specifications(table: pd.DataFrame, *, null: float = 0.0) -> pd.DataFrame:
    """Median, spread, and shares of same sign and of intervals without the null, over the estimates that were made.

    Parameters
    ----------
    table : DataFrame
        With estimate, conf_low and conf_high, missing where there is none.
    null : float
        Value of no effect: 0 for slopes and differences, 1 for ratios.

    Returns
    -------
    DataFrame of one row
        n_specifications; n_estimated; n_intervals; median, lowest, lower_quartile, upper_quartile, highest
        (estimates); side (1 or -1: where the median lies, 0 on the null); share_same_sign (estimates on that side);
        share_excluding_null (of those with an interval); share_excluding_null_same_sign; null.
    """
    made = _Made.of(table, null)
    values, side = pd.Series(made.estimates), made.side(null)
    same = np.sign(made.estimates - null) == side
    return pd.DataFrame(
        {
            "n_specifications": [len(table)],
            "n_estimated": len(values),
            "n_intervals": int(made.interval.sum()),
            "median": made.median(),
            "lowest": values.min(),
            "lower_quartile": values.quantile(0.25),
            "upper_quartile": values.quantile(0.75),
            "highest": values.max(),
            "side": side,
            "share_same_sign": _share(same),
            "share_excluding_null": made.excluding(),
            "share_excluding_null_same_sign": made.excluding(same),
            "null": null,
        }
    )


def specification_curve(
    data: Any,
    *,
    specifications: Mapping[str, Sequence[Any] | Mapping[str, Any]],
    estimate: Estimator,
    null: float = 0.0,
    max_specifications: int = 5000,
) -> SpecificationCurve:
    """The same association under all combinations of alternatives that were declared beforehand.

    Use it to show how far a finding hangs on cut-offs, covariates, scoring, weights or the rule for missing answers.
    It informs and never picks: the verdict comes from the declared specification, whatever this shows.

    Parameters
    ----------
    data : any
        Handed to `estimate` as it is.
    specifications : mapping of choice to alternatives
        A list of values, or a mapping of label to value. The table shows labels; `estimate` gets values.
    estimate : callable
        `estimate(data, **choices)` gives one row of the estimate schema as a mapping, Series or DataFrame of one row.
        `NotEstimable` marks a specification without an answer; any other exception goes on.
    null : float
        Value of no effect: 0 for slopes and differences, 1 for ratios.
    max_specifications : int
        More combinations than this are refused rather than run.

    Returns
    -------
    SpecificationCurve
        `table`: specification (1, 2, ... in the declared order, the last choice varying fastest), rank (1 for the
        lowest estimate; missing without one), a column per choice, estimate, std_error, statistic, df, p_value,
        conf_low, conf_high, n, n_clusters, conf_level, term, method, reason (why there is no estimate). `summary` as
        `summarise_specifications`. `by_choice`: choice, alternative, n_estimated, median, share_same_sign (with the
        median of all), share_excluding_null.

    Raises
    ------
    ValueError
        No alternatives, equal labels, names that cannot be arguments, too many combinations, or an `estimate`
        that gives something else than one row.

    References
    ----------
    Simonsohn, Simmons & Nelson (2020), Specification curve analysis, doi:10.1038/s41562-020-0912-z; Steegen et al.
    (2016), doi:10.1177/1745691616658637

    Examples
    --------
    >>> from exresearch.models.regression import linear_regression
    >>> rng = np.random.default_rng(1)
    >>> units = pd.DataFrame(rng.normal(size=(60, 3)), columns=["ex", "size", "cx"])
    >>> units["cx"] += units["ex"]
    >>> def slope(units, covariates, weights):
    ...     fit = linear_regression(units, outcome="cx", predictors=["ex", *covariates], weights=weights)
    ...     return fit.table[fit.table["term"] == "ex"]
    >>> curve = specification_curve(
    ...     units,
    ...     specifications={"covariates": {"none": [], "size": ["size"]}, "weights": {"equal": None}},
    ...     estimate=slope,
    ... )
    >>> curve.table[["specification", "covariates", "weights"]].values.tolist()
    [[1, 'none', 'equal'], [2, 'size', 'equal']]
    >>> curve.summary["share_same_sign"].tolist()
    [1.0]
    """
    check_whole("max_specifications", max_specifications, least=1)
    read = _read(specifications)
    count = int(np.prod([len(labelled) for labelled in read.values()]))
    if count > max_specifications:
        raise ValueError(
            f"specifications make {count} combinations, more than max_specifications ({max_specifications}): declare "
            "fewer alternatives, or raise the limit."
        )
    table = pd.DataFrame(list(specification_rows(data, read, estimate)), columns=[*read, *NUMBERS, *_TEXTS])
    table.insert(0, "specification", np.arange(1, count + 1))
    table.insert(1, "rank", table["estimate"].rank(method="first"))
    side = _Made.of(table, null).side(null)
    # Rows are in the order of the combinations, so that places tell the alternatives.
    places = np.indices([len(labelled) for labelled in read.values()]).reshape(len(read), -1)
    parts = []
    for (choice, labelled), place in zip(read.items(), places, strict=True):
        for alternative, label in enumerate(labelled):
            made = _Made.of(table, null, rows=place == alternative)
            parts.append(
                {
                    "choice": choice,
                    "alternative": label,
                    "n_estimated": len(made.estimates),
                    "median": made.median(),
                    "share_same_sign": _share(np.sign(made.estimates - null) == side),
                    "share_excluding_null": made.excluding(),
                }
            )
    return SpecificationCurve(
        table=table,
        summary=summarise_specifications(table, null=null),
        by_choice=pd.DataFrame(parts),
        specifications=read,
        null=null,
    )
