"""How each question was answered: the share of every answer, beside the mean that a score is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.measures.resampling import respondents
from exresearch.measures.scores import oriented
from exresearch.study import Study, Variable
from exresearch.study.coded import coded

Mask = NDArray[np.bool_]

ANSWER_TABLES = ("employees", "customers", "partners", "moments")
_ASKED = ("item", "outcome", "driver", "need")
# A scale with more points than this is measured, not chosen from.
_MOST_POINTS = 11
_COLUMNS = [
    "table", "construct", "column", "label", "reversed", "minimum", "maximum", "value", "share", "people", "mean", "n",
    "respondents",
]  # fmt: skip


def item_distribution(study: Study) -> pd.DataFrame:
    """Give the share of every answer to every question on a scale of at most eleven points.

    When to use it: before any score is believed. A mean of 5.5 on 1-7 may be everybody near 5.5, or two camps; and a
    question that nearly everybody answers with the highest point cannot tell people apart.

    Parameters
    ----------
    study : Study
        The client.

    Returns
    -------
    pandas.DataFrame
        One row per question and scale point, answered or not: ``table, construct`` (its name, or the column's where it
        measures none), ``column, label`` (both languages), ``reversed, minimum, maximum, value`` (turned round where
        ``reversed``, so that higher means more of the construct), ``share`` (weighted, of the answers to the question),
        ``people`` (who gave this answer, each counted once), ``mean`` (weighted, of the question), ``n`` (answers to
        the question) and ``respondents`` (who answered it, each counted once). Sheets of all waves together.
        Questions that nobody answered, or with answers between the scale
        points, are left out.
    """
    rows: list[dict[str, Any]] = []
    for name in ANSWER_TABLES:
        if not study.has(name):
            continue
        frame = study.table(name)
        for variable in study.codebook.select(name):
            if variable.role in _ASKED and variable.column in frame:
                rows.extend(_of_item(study, frame, variable))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _of_item(study: Study, frame: pd.DataFrame, variable: Variable) -> list[dict[str, Any]]:
    low, high = variable.minimum, variable.maximum
    if low is None or high is None or high - low >= _MOST_POINTS or not float(high - low).is_integer():
        return []
    turned = oriented(frame[variable.column], variable)
    there = turned.notna().to_numpy(dtype=bool)
    answers = turned[there]
    points = np.arange(low, high + 1)
    above = answers.to_numpy(dtype=np.float64) - low
    if answers.empty or above.min() < 0 or above.max() > high - low or (above != np.rint(above)).any():
        return []
    place = above.astype(np.intp)
    weights = frame["weight"].to_numpy(dtype=np.float64)[there] if "weight" in frame else np.ones(len(place))
    sizes = np.bincount(place, weights=weights, minlength=len(points))
    people = _people(frame, there, place, n_points=len(points))
    fixed = {
        "table": variable.table,
        "construct": variable.name,
        "column": variable.column,
        "label": study.codebook.label(variable.column),
        "reversed": variable.reversed,
        "minimum": float(low),
        "maximum": float(high),
        "mean": float(np.average(answers, weights=weights)),
        "n": len(answers),
        "respondents": respondents(frame, where=there),
    }
    total = float(sizes.sum())
    return [
        fixed | {"value": float(point), "share": float(size / total), "people": int(count)}
        for point, size, count in zip(points, sizes, people, strict=True)
    ]


def _people(frame: pd.DataFrame, there: Mask, place: NDArray[np.intp], *, n_points: int) -> NDArray[np.intp]:
    """Count who gave each answer: a person once, a sheet without a person as somebody of its own."""
    if "person" not in frame:
        return np.bincount(place, minlength=n_points)
    codes, names = coded(frame["person"])
    who = codes[there]
    known = who >= 0
    gave = np.zeros((len(names), n_points), dtype=bool)
    gave[who[known], place[known]] = True
    found: NDArray[np.intp] = gave.sum(axis=0) + np.bincount(place[~known], minlength=n_points)
    return found
