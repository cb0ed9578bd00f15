"""Items one by one, and the reliability of every construct of a study."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.measures.reliability.alpha import alpha_of, cronbach_alpha
from exresearch.measures.reliability.answers import Handling, checked_answers, covariance_matrix
from exresearch.measures.reliability.hierarchical import omega_hierarchical
from exresearch.measures.reliability.intervals import REASONS, Reliability
from exresearch.measures.reliability.omega import omega_total
from exresearch.measures.resampling import dependence_labels, respondents
from exresearch.measures.respondents.weights import TABLES_OF_ANSWERS
from exresearch.measures.scores import oriented_frame, score_method
from exresearch.study import Study, Variable

FloatArray = NDArray[np.float64]
ROLES = ("item", "outcome", "need")
# A group factor needs three items to be told apart from the general one; groups are two, or three with enough items.
_HIERARCHICAL_FROM, _THREE_FROM = 6, 9
_NUMBERS = ("estimate", "std_error", "conf_low", "conf_high")
_RELIABILITY = [
    "table", "construct", "label", "coefficient", *_NUMBERS, "conf_level", "n_items", "n", "respondents", "n_clusters",
    "method", "reason",
]  # fmt: skip
_ITEMS = [
    "table", "construct", "label", "column", "item_label", "reversed", "n", "respondents", "missing", "mean", "sd",
    "item_rest", "alpha_if_dropped", "reason",
]  # fmt: skip


def reliability_table(
    study: Study, *, conf_level: float = 0.95, n_boot: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Compute alpha and omega of every construct of a study.

    When to use it: before a score is believed or compared. Answers are turned by the codebook and weighted; sheets of
    all waves enter that answer all items of the construct, and the intervals keep together what depends on each
    other among them (:func:`dependence_groups`). All coefficients are those of the plain sum of the items, also where
    the codebook asks for a factor score.

    Parameters
    ----------
    study : Study
        The client.
    conf_level : float
        Level of the intervals.
    n_boot : int
        Replicates of the bootstrap of hierarchical omega, 100 or more; the others need none.
    seed : int
        Its seed.

    Returns
    -------
    pandas.DataFrame
        Tables in order, constructs in that of the codebook, and for each the rows ``alpha``, ``omega_total`` and, from
        six items, ``omega_hierarchical`` (three factors from nine items, else two: each then has three items or more):
        ``table, construct, label`` (a mapping from language to text), ``coefficient, estimate, std_error, conf_low,
        conf_high, conf_level, n_items, n`` (sheets used), ``respondents`` (people behind them), ``n_clusters, method,
        reason``. ``reason`` is empty, or says in a sentence of ``REASONS`` why numbers are missing, or else that the
        score is a factor score and the numbers are not its own; a construct of a single item has one row, ``alpha``,
        with its reason.

    Raises
    ------
    ValueError
        If the level or the number of replicates is out of range.
    """
    if n_boot < 100:
        raise ValueError(f"n_boot must be 100 or more; got {n_boot!r}.")
    rows: list[dict[str, Any]] = []
    for table, construct, variables in _constructs(study):
        frame = study.table(table)
        items = oriented_frame(frame, variables)
        about = {"table": table, "construct": construct, "label": study.codebook.label(construct)}
        k = len(variables)
        lacking = _lacking(variables)
        complete = items.notna().all(axis=1)
        people = respondents(frame, where=complete)
        by_factor = score_method(study.codebook, construct) == "factor"
        coefficients = [
            "alpha",
            *(["omega_total"] if k > 1 else []),
            *(["omega_hierarchical"] if k >= _HIERARCHICAL_FROM else []),
        ]
        # A question that a few units alone were asked has other groups than the table as a whole.
        options: dict[str, Any] = {
            "weights": frame["weight"] if "weight" in frame else None,
            "cluster": dependence_labels(frame, where=complete),
            "conf_level": conf_level,
        }
        for coefficient in coefficients:
            reason = lacking or ("two_items" if coefficient == "omega_total" and k == 2 else "")
            if reason:
                found = _nothing(coefficient, reason, items=items, conf_level=conf_level)
            elif coefficient == "alpha":
                found = _fields(cronbach_alpha(items, **options))
            elif coefficient == "omega_total":
                found = _fields(omega_total(items, **options))
            else:
                factors = 3 if k >= _THREE_FROM else 2
                found = _fields(
                    omega_hierarchical(items, n_factors=factors, n_boot=n_boot, seed=seed, **options)
                )
            if by_factor and not found["reason"]:
                found["reason"] = REASONS["factor_score"]
            rows.append(about | found | {"respondents": people})
    return pd.DataFrame(rows, columns=_RELIABILITY).astype(dict.fromkeys(_NUMBERS, "float64"))


def item_table(study: Study) -> pd.DataFrame:
    """Describe every item of the constructs of a study.

    Parameters
    ----------
    study : Study
        The client.

    Returns
    -------
    pandas.DataFrame
        One row per item, in the order of :func:`reliability_table`: ``table, construct, label, column, item_label,
        reversed, n`` (sheets that answer it), ``respondents`` (people behind them), ``missing`` (share of the sheets
        of the table that do not), ``mean, sd``
        (weighted, of those who answer it, turned by the codebook), ``item_rest, alpha_if_dropped`` (from the sheets
        that answer all items, see :func:`item_statistics`), ``reason`` (empty, or a sentence of ``REASONS`` that says
        why the last two are missing). ``alpha_if_dropped`` needs three items.
    """
    rows: list[dict[str, Any]] = []
    for table, construct, variables in _constructs(study):
        frame = study.table(table)
        items = oriented_frame(frame, variables)
        weights = frame["weight"] if "weight" in frame else pd.Series(1.0, index=frame.index)
        reason = _lacking(variables)
        beside = pd.DataFrame()
        if not reason:
            beside = item_statistics(items, weights=weights)
            if not beside["n"].min() > 2:
                reason = "few_sheets"
            elif beside["item_rest"].isna().any():
                reason = "no_variance"
        for number, variable in enumerate(variables):
            answers = items[variable.column]
            there = answers.notna().to_numpy()
            known = not reason or reason == "no_variance"
            rest = (
                beside[name].iloc[number] if known else np.nan for name in ("item_rest", "alpha_if_dropped")
            )
            item_rest, dropped = rest
            mean, sd = _moments(answers[there], weights[there])
            rows.append(
                {
                    "table": table,
                    "construct": construct,
                    "label": study.codebook.label(construct),
                    "column": variable.column,
                    "item_label": study.codebook.label(variable.column),
                    "reversed": variable.reversed,
                    "n": int(there.sum()),
                    "respondents": respondents(frame, where=there),
                    "missing": float((~there).mean()) if len(there) else float("nan"),
                    "mean": mean,
                    "sd": sd,
                    "item_rest": item_rest,
                    "alpha_if_dropped": dropped,
                    "reason": REASONS[reason] if reason and not (known and np.isfinite(item_rest)) else "",
                }
            )
    numbers = dict.fromkeys(("missing", "mean", "sd", "item_rest", "alpha_if_dropped"), "float64")
    return pd.DataFrame(rows, columns=_ITEMS).astype(numbers)


def item_statistics(
    items: pd.DataFrame, *, weights: pd.Series | None = None, handling: Handling = "listwise"
) -> pd.DataFrame:
    """Describe each item of a scale beside the others.

    Parameters
    ----------
    items : pandas.DataFrame [n, k]
        Two or more numeric columns, one per item, all turned so that higher means more; missing allowed.
    weights : pandas.Series, optional
        Weight of each row, above 0.
    handling : {"listwise", "pairwise"}
        As in :func:`cronbach_alpha`.

    Returns
    -------
    pandas.DataFrame
        One row per item: ``item``, ``n`` (rows that answer it, and with listwise all others), ``mean``, ``sd``,
        ``item_total`` (correlation with the mean of the answered items, the item itself among them), ``item_rest``
        (correlation with the sum of the other items), ``alpha_if_dropped`` (missing for two items). NaN where an item
        does not vary. In R: ``psych::alpha(x)``, columns ``raw.r`` and ``r.drop`` of ``item.stats`` and ``raw_alpha``
        of ``alpha.drop``.

    Raises
    ------
    ValueError
        If items or weights are not as described.

    Examples
    --------
    >>> items = pd.DataFrame({"a": [1, 2, 3, 4, 5, 4], "b": [2, 2, 3, 5, 5, 3], "c": [1, 3, 3, 4, 4, 4]})
    >>> item_statistics(items)[["item", "mean", "item_rest", "alpha_if_dropped"]].round(3).values.tolist()
    [['a', 3.167, 0.956, 0.824], ['b', 3.333, 0.813, 0.94], ['c', 3.167, 0.843, 0.924]]
    """
    answers = checked_answers(items, weights=weights, cluster=None, handling=handling)
    x, w = answers.scores, answers.weights
    k = len(answers.names)
    matrix = covariance_matrix(answers)
    given = ~np.isnan(x)
    score = np.where(given, x, 0.0).sum(axis=1) / np.maximum(given.sum(axis=1), 1)
    rows = []
    for i, name in enumerate(answers.names):
        there = given[:, i]
        rest = np.delete(np.delete(matrix, i, axis=0), i, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = np.sqrt(matrix[i, i] * rest.sum())
            rows.append(
                {
                    "item": name,
                    "n": int(there.sum()),
                    "mean": float(np.average(x[there, i], weights=w[there])) if there.any() else float("nan"),
                    "sd": float(np.sqrt(matrix[i, i])),
                    "item_total": _correlation(x[there, i], score[there], w[there]),
                    "item_rest": float((matrix[i].sum() - matrix[i, i]) / spread)
                    if spread > 0
                    else float("nan"),
                    "alpha_if_dropped": alpha_of(rest) if k > 2 and rest.sum() > 0 else float("nan"),
                }
            )
    return pd.DataFrame(rows)


def _constructs(study: Study) -> Iterator[tuple[str, str, list[Variable]]]:
    for table in TABLES_OF_ANSWERS:
        if not study.has(table):
            continue
        found: dict[str, list[Variable]] = {}
        for variable in study.codebook.select(table):
            if variable.role in ROLES and variable.construct is not None:
                found.setdefault(variable.construct, []).append(variable)
        for construct, variables in found.items():
            yield table, construct, variables


def _lacking(variables: list[Variable]) -> str:
    if len(variables) < 2:
        return "single_item"
    return "scales" if len({(v.minimum, v.maximum) for v in variables}) > 1 else ""


def _nothing(coefficient: str, reason: str, *, items: pd.DataFrame, conf_level: float) -> dict[str, Any]:
    return {
        "coefficient": coefficient,
        **dict.fromkeys(_NUMBERS, float("nan")),
        "conf_level": conf_level,
        "n_items": items.shape[1],
        "n": int(items.notna().all(axis=1).sum()),
        "n_clusters": 0,
        "method": "",
        "reason": REASONS[reason],
    }


def _fields(found: Reliability) -> dict[str, Any]:
    return {name: getattr(found, name) for name in _RELIABILITY[3:] if name != "respondents"}


def _moments(answers: pd.Series, weights: pd.Series) -> tuple[float, float]:
    x, w = answers.to_numpy(dtype=np.float64), weights.to_numpy(dtype=np.float64)
    if not len(x):
        return float("nan"), float("nan")
    mean = float(np.average(x, weights=w))
    divisor = w.sum() - (w * w).sum() / w.sum()
    return mean, float(np.sqrt((w * (x - mean) ** 2).sum() / divisor)) if len(x) > 1 else float("nan")


def _correlation(x: FloatArray, y: FloatArray, w: FloatArray) -> float:
    if not len(x):
        return float("nan")
    a, b = x - np.average(x, weights=w), y - np.average(y, weights=w)
    # Sums and not dot products: for long columns these start threads, which costs more than it gives.
    spread = float(np.sqrt((w * a * a).sum() * (w * b * b).sum()))
    return float((w * a * b).sum()) / spread if spread > 0 else float("nan")
