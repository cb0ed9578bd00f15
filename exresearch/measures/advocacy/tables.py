"""Net promoter scores side by side, never of two variants in one table, and the answers that stand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from exresearch.measures.advocacy.answers import checked_weights
from exresearch.measures.advocacy.comparison import one_variant
from exresearch.measures.advocacy.cuts import Cuts, Variant, cut_points
from exresearch.measures.advocacy.intervals import Interval
from exresearch.measures.advocacy.score import check_interval, enps

NUMBERS = (
    "estimate", "std_error", "conf_low", "conf_high", "conf_level", "promoters", "passives", "detractors", "n",
    "n_effective",
)  # fmt: skip
REASONS = {
    "no_answers": "Nobody answered this question.",
    "one_cluster": (
        "All answers come from one unit or person, so that it cannot be said how certain the score is."
    ),
}


def enps_table(
    scores: pd.Series,
    *,
    by: pd.Series,
    variant: Variant | Cuts,
    weights: pd.Series | None = None,
    cluster: pd.Series | None = None,
    conf_level: float = 0.95,
    scale: tuple[float, float] | None = None,
    interval: Interval = "score",
    n_boot: int = 2000,
    seed: int = 2016,
) -> pd.DataFrame:
    """Score every group by itself, with the variant in every row.

    When to use it: units, regions or waves side by side. Rows that look different need not be: compare two of them with
    :func:`enps_difference` or :func:`enps_change`, and count how many comparisons were made.

    Parameters
    ----------
    scores : pandas.Series
        Answers, as in :func:`exresearch.measures.enps`.
    by : pandas.Series
        Group of each answer, in the order of ``scores``. Answers without a group are a group whose name is missing.
    variant, weights, cluster, conf_level, scale, interval, n_boot, seed
        As in :func:`exresearch.measures.enps`.

    Returns
    -------
    pandas.DataFrame
        One row per group in order of its name, or of its categories: ``group, variant, estimate, std_error, conf_low,
        conf_high, conf_level, promoters, passives, detractors, n, n_effective, reason``. ``reason`` says why numbers
        are missing and is empty where none are: nobody answered, or all answers are of one cluster (its score is shown,
        its uncertainty is not).

    Raises
    ------
    ValueError
        As :func:`exresearch.measures.enps`, and if ``by`` is not as long as the scores.

    Examples
    --------
    >>> team = pd.Series(["a", "a", "b", "b"])
    >>> enps_table(pd.Series([9, 10, 3, 9]), by=team, variant="us")[["group", "variant", "estimate", "n"]]
      group variant  estimate  n
    0     a      us     100.0  2
    1     b      us       0.0  2
    """
    if len(by) != len(scores):
        raise ValueError(f"by must be as many as the scores ({len(scores)}); got {len(by)}.")
    cuts = cut_points(variant, scale=scale)
    check_interval(interval, conf_level=conf_level, n_boot=n_boot, seed=seed)
    codes, groups = pd.factorize(by, sort=True, use_na_sentinel=False)
    rows: list[dict[str, Any]] = []
    for number, group in enumerate(groups):
        inside = codes == number
        own = {
            name: None if series is None else series[inside]
            for name, series in (("weights", weights), ("cluster", cluster))
        }
        numbers = scored(
            scores[inside],
            cuts=cuts,
            conf_level=conf_level,
            interval=interval,
            n_boot=n_boot,
            seed=seed,
            **own,
        )
        rows.append({"group": group, "variant": cuts.variant, **numbers})
    return pd.DataFrame(rows, columns=["group", "variant", *NUMBERS, "reason"]).astype({"n": "int64"})


def scored(
    scores: pd.Series, *, cuts: Cuts, weights: pd.Series | None, cluster: pd.Series | None, **options: Any
) -> dict[str, Any]:
    """Return the numbers of one row, missing where they cannot be estimated, and the reason."""
    there = scores.notna().to_numpy()
    if not there.any():
        return _row({}, n=0, conf_level=options["conf_level"], reason=REASONS["no_answers"])
    if cluster is not None and there.sum() > 1 and not _several(cluster[there]):
        alone = enps(scores, variant=cuts, weights=weights, **options)
        known = {name: getattr(alone, name) for name in ("estimate", "promoters", "passives", "detractors")}
        return _row(known, n=alone.n, conf_level=options["conf_level"], reason=REASONS["one_cluster"])
    # One answer is a cluster by itself, which is all that is known of it.
    score = enps(
        scores, variant=cuts, weights=weights, cluster=cluster if there.sum() > 1 else None, **options
    )
    return {**{name: getattr(score, name) for name in NUMBERS}, "reason": ""}


def combine_scores(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables of scores below each other, if all scores are of one variant.

    Parameters
    ----------
    tables : sequence of pandas.DataFrame
        Each with a column ``variant``, such as those of :func:`enps_table`.

    Returns
    -------
    pandas.DataFrame
        Their rows in order, numbered anew.

    Raises
    ------
    ValueError
        If there is no table, one has no column ``variant``, or two variants, or scales, would meet.

    Examples
    --------
    >>> answers, team = pd.Series([9, 8]), pd.Series(["a", "b"])
    >>> us, eu = (enps_table(answers, by=team, variant=name) for name in ("us", "eu"))
    >>> len(combine_scores([us, us]))
    4
    >>> combine_scores([us, eu])
    Traceback (most recent call last):
    ...
    ValueError: Net promoter scores of different variants cannot be compared or put in one table, because the same \
answers score differently; got 'us' and 'eu'. Compute all of them by one variant, on one scale.
    """
    if not len(tables):
        raise ValueError("combine_scores needs at least one table; got none.")
    without = [str(place) for place, table in enumerate(tables, start=1) if "variant" not in table]
    if without:
        raise ValueError(
            f"every table of scores must have a column 'variant'; {', '.join(without)} of {len(tables)} have none."
        )
    one_variant([str(name) for table in tables for name in table["variant"]])
    filled = [table for table in tables if len(table)]
    return pd.concat(filled or tables[:1], ignore_index=True)


def response_distribution(
    scores: pd.Series, *, scale: tuple[float, float], weights: pd.Series | None = None
) -> pd.DataFrame:
    """Give the share of every answer that could be given, those that nobody gave included.

    When to use it: beside every net promoter score, which throws most of the scale away.

    Parameters
    ----------
    scores : pandas.Series
        Whole answers; missing ones are left out.
    scale : tuple of float
        Lowest and highest answer of the question, whole numbers.
    weights : pandas.Series, optional
        Survey weights, in the order of ``scores``; above 0.

    Returns
    -------
    pandas.DataFrame
        One row per point of the scale: ``value``, ``share`` (weighted, summing to 1; missing where nobody answered) and
        ``n`` (answers).

    Raises
    ------
    ValueError
        If the scale is not two whole numbers in order, an answer is not on one of its points, or the weights are wrong.

    Examples
    --------
    >>> response_distribution(pd.Series([1, 3, 3, None]), scale=(1, 3)).values.tolist()
    [[1.0, 0.3333333333333333, 1.0], [2.0, 0.0, 0.0], [3.0, 0.6666666666666666, 2.0]]
    """
    low, high = scale
    if not (float(low).is_integer() and float(high).is_integer() and low < high):
        raise ValueError(f"scale must be two whole numbers, the lower one first; got {scale!r}.")
    if weights is not None and len(weights) != len(scores):
        raise ValueError(f"weights must be as many as the scores ({len(scores)}); got {len(weights)}.")
    there = scores.notna().to_numpy()
    values = scores.to_numpy(dtype="float64", na_value=np.nan)[there]
    points = np.arange(int(low), int(high) + 1)
    wrong = int((~np.isin(values, points)).sum())
    if wrong:
        raise ValueError(
            f"response_distribution takes the whole answers {low:g} to {high:g}; {wrong} lie outside or in between."
        )
    w = checked_weights(weights, there)
    places = values.astype("int64") - int(low)
    sums = np.bincount(places, weights=w, minlength=len(points))
    share = sums / sums.sum() if len(values) else np.full(len(points), np.nan)
    counts = np.bincount(places, minlength=len(points))
    return pd.DataFrame({"value": points, "share": share, "n": counts}).astype({"n": "int64"})


def _several(cluster: pd.Series) -> bool:
    return bool(cluster.nunique() + cluster.isna().sum() > 1)


def _row(known: dict[str, float], *, n: int, conf_level: float, reason: str) -> dict[str, Any]:
    missing = dict.fromkeys(NUMBERS, float("nan"))
    return {**missing, **known, "conf_level": conf_level, "n": n, "reason": reason}
