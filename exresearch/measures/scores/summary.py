"""How scoring went: how many sheets have a score, why the others have none, and how the scores are distributed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from exresearch.measures.scores.factor_scores import NotScorable
from exresearch.measures.scores.score import construct_score, least_share, score_items, score_method
from exresearch.study import Study, Variable
from exresearch.study.coded import coded

_TABLES = ("employees", "customers", "partners", "moments")
_COLUMNS = [
    "table", "construct", "label", "method", "n_items", "min_share", "n", "n_scored", "n_too_few", "n_unasked",
    "n_unscorable", "mean", "sd", "minimum", "maximum", "reason",
]  # fmt: skip
SCORE_REASONS = {
    "unasked": "Nobody answered any of its items.",
    "too_few": "On no answer sheet enough of its items are answered.",
}


def score_summary(study: Study) -> pd.DataFrame:
    """Say of every construct how its items became a score, for how many, and how the scores are distributed.

    When to use it: before any score is used, to see that nobody got lost unnoticed.

    Parameters
    ----------
    study : Study
        The client.

    Returns
    -------
    pandas.DataFrame
        One row per table of answers and construct, in the order of the codebook: ``table, construct, label`` (a mapping
        from language to text), ``method`` (``mean``, ``sum`` or ``factor``), ``n_items, min_share, n`` (answer sheets),
        ``n_scored``, ``n_too_few`` (without a score although the wave asked: too few items answered),
        ``n_unasked`` (of waves in which nobody answered any of the items), ``n_unscorable`` (enough items answered, but
        no factor could be found; 0 with a mean or sum), ``mean, sd`` (with the study's weights), ``minimum, maximum``
        (of the scores), ``reason`` (empty, or why there are no scores).
        ``n_scored + n_too_few + n_unasked + n_unscorable = n``.

    Notes
    -----
    The standard deviation is ``sqrt(sum w (x - mean)^2 / sum w * n / (n - 1))``, without weights the usual one.
    Whether a wave asked is seen from its answers: where nobody answered any item of the construct, it was not asked.
    """
    rows: list[dict[str, Any]] = []
    for table in _TABLES:
        if not study.has(table):
            continue
        frame = study.table(table)
        for construct in dict.fromkeys(v.construct for v in study.codebook.select(table) if v.construct):
            items = score_items(study.codebook, table, construct)
            if items:
                rows.append(_row(study, frame, table, construct, items))
    return pd.DataFrame(rows, columns=_COLUMNS)


def asked(frame: pd.DataFrame, items: tuple[Variable, ...]) -> pd.Series:
    """Say of each sheet whether its wave asked any of these items: whether anybody in it answered one.

    Parameters
    ----------
    frame : pandas.DataFrame
        A cleaned table; without waves it is one wave. Sheets without a wave are one together.
    items : tuple of Variable
        Entries of that table.

    Returns
    -------
    pandas.Series
        True or False.

    Examples
    --------
    >>> item = Variable(table="employees", column="q", role="item", construct="c", minimum=1, maximum=5)
    >>> sheets = pd.DataFrame({"wave": ["1", "1", "2"], "q": [3.0, None, None]})
    >>> asked(sheets, (item,)).tolist()
    [True, True, False]
    """
    answered = np.zeros(len(frame), dtype=bool)
    for item in items:
        answered |= frame[item.column].notna().to_numpy()
    if "wave" not in frame:
        return pd.Series(bool(answered.any()), index=frame.index)
    codes, names = coded(frame["wave"])
    # Sheets without a wave come last, together.
    some = np.bincount(np.where(codes < 0, len(names), codes)[answered], minlength=len(names) + 1) > 0
    return pd.Series(some[codes], index=frame.index)


def _row(
    study: Study, frame: pd.DataFrame, table: str, construct: str, items: tuple[Variable, ...]
) -> dict[str, Any]:
    options: dict[str, Any] = {"codebook": study.codebook, "table": table, "construct": construct}
    reason = ""
    try:
        scores = construct_score(frame, **options)
        enough = scores.notna()
    except NotScorable as error:
        # Whether enough items are answered does not depend on the method.
        enough = construct_score(frame, **options, method="mean").notna()
        scores, reason = pd.Series(np.nan, index=frame.index), error.reason
    there = asked(frame, items)
    n, n_scored, n_unasked = len(frame), int(scores.notna().sum()), int((~there).sum())
    if not reason and n_scored == 0:
        reason = SCORE_REASONS["unasked" if n_unasked == n else "too_few"]
    return {
        "table": table,
        "construct": construct,
        "label": study.codebook.label(construct),
        "method": score_method(study.codebook, construct),
        "n_items": len(items),
        "min_share": least_share(study.codebook, construct),
        "n": n,
        "n_scored": n_scored,
        "n_too_few": int((there & ~enough).sum()),
        "n_unasked": n_unasked,
        "n_unscorable": int((there & enough & scores.isna()).sum()),
        **_described(scores, frame),
        "reason": reason,
    }


def _described(scores: pd.Series, frame: pd.DataFrame) -> dict[str, float]:
    weights = frame["weight"] if "weight" in frame else pd.Series(1.0, index=frame.index)
    used = scores.notna() & weights.notna() & (weights > 0)
    x, w = scores[used].to_numpy(dtype=np.float64), weights[used].to_numpy(dtype=np.float64)
    nan = float("nan")
    if not len(x):
        return {"mean": nan, "sd": nan, "minimum": nan, "maximum": nan}
    mean = float(w @ x / w.sum())
    spread = float(w @ (x - mean) ** 2 / w.sum())
    return {
        "mean": mean,
        "sd": float(np.sqrt(spread * len(x) / (len(x) - 1))) if len(x) > 1 else nan,
        "minimum": float(scores.min()),
        "maximum": float(scores.max()),
    }
