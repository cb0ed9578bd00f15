"""Correlations of the constructs of a study, as observed and corrected for unreliability."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.measures.aggregation.attenuation import NO_CORRECTION, construct_correlations
from exresearch.measures.aggregation.tables import constructs_of, same_scale, score_of
from exresearch.measures.resampling import LEAST_GROUPS, dependence_kind
from exresearch.measures.scores import oriented_frame, score_method
from exresearch.study import Study
from exresearch.study.coded import coded, distinct

# Of a whole number.
_BITS = 64


def correlation_table(
    study: Study, *, table: str = "employees", conf_level: float = 0.95, n_boot: int = 2000, seed: int
) -> pd.DataFrame:
    """Correlate all constructs of a table two by two, as observed and corrected for unreliability.

    When to use it: to see which constructs people hardly tell apart.

    Parameters
    ----------
    study : Study
        The client.
    table : str
        Table of answers.
    conf_level, n_boot, seed
        As :func:`construct_correlations`.

    Returns
    -------
    pandas.DataFrame
        ``x, x_label, y, y_label, n, respondents`` (people with both scores), ``r, conf_low, conf_high, disattenuated,
        dis_low, dis_high, reason``; constructs whose items have different scales are left out. The groups of the
        bootstrap are those of :func:`exresearch.measures.dependence_groups` among the sheets that have both scores, so
        that colleagues, and one person's waves, stay together. Of a factor score nothing is corrected.
    """
    frame = study.table(table)
    known = {name: items for name, items in constructs_of(study, table).items() if same_scale(items)}
    scored = {name: score_of(study, table, items) for name, items in known.items()}
    scores = pd.DataFrame({name: score for name, (score, _) in scored.items()}, index=frame.index, copy=False)
    by_factor = [
        name
        for name, items in known.items()
        if items[0].role != "driver" and score_method(study.codebook, name) == "factor"
    ]
    options: dict[str, Any] = {
        # Alpha is that of a plain sum, and not of a factor score.
        "items": {
            name: oriented_frame(frame, items) for name, items in known.items() if name not in by_factor
        },
        "weights": frame["weight"] if "weight" in frame else None,
        "conf_level": conf_level,
        "n_boot": n_boot,
        "seed": seed,
    }
    there = {name: scores[name].notna().to_numpy(dtype=bool) for name in scores}
    # A question that a few units alone were asked has other groups than the table as a whole.
    kinds = [_kind(frame, there[x] & there[y]) for x, y in combinations(scores, 2)]
    rows = construct_correlations(scores, **options, groups=_labels(frame, kinds[0] if kinds else "row"))
    for kind in dict.fromkeys(kinds[1:]):
        if kind != kinds[0]:
            others = construct_correlations(scores, **options, groups=_labels(frame, kind))
            mine = [other == kind for other in kinds]
            rows.loc[mine] = others.loc[mine]
    factor = (rows["x"].isin(by_factor) | rows["y"].isin(by_factor)) & (
        rows["reason"] == NO_CORRECTION["single_item"]
    )
    rows.loc[factor, "reason"] = NO_CORRECTION["factor_score"]
    for name, (_, reason) in scored.items():
        if reason:
            rows.loc[(rows["x"] == name) | (rows["y"] == name), "reason"] = reason
    rows.insert(list(rows.columns).index("n") + 1, "respondents", _people_with_both(frame, scores, rows))
    for place, name in ((1, "x"), (3, "y")):
        rows.insert(place, f"{name}_label", [study.codebook.label(one) for one in rows[name]])
    return rows


def _kind(frame: pd.DataFrame, rows: NDArray[np.bool_]) -> str:
    """What the groups are among some rows of a table."""
    if "unit" in frame:
        # A part of them will do where it is from enough units already.
        some = np.arange(0, len(rows), max(1, len(rows) // 2000))
        if distinct(frame["unit"], some[rows[some]]) >= LEAST_GROUPS:
            return "unit"
    return dependence_kind(frame, where=rows)[0]


def _labels(frame: pd.DataFrame, kind: str) -> pd.Series | None:
    """Groups of one kind for the whole table; none where every sheet is one."""
    if kind == "row":
        return None
    return frame[kind]


def _people_with_both(frame: pd.DataFrame, scores: pd.DataFrame, pairs: pd.DataFrame) -> list[int]:
    """Count the people behind each correlation, each person once."""
    if "person" not in frame:
        return pairs["n"].astype("int64").tolist()
    codes, names = coded(frame["person"])
    # A sheet without a person is somebody of its own; sheets of one person lie together.
    codes = np.where(codes < 0, len(names) + np.arange(len(codes)), codes)
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    if not len(starts):
        return [0] * len(pairs)
    there = {str(name): scores[name].notna().to_numpy(dtype=bool)[order] for name in scores}
    found = np.zeros(len(pairs), dtype=np.int64)
    left, right = pairs["x"].to_numpy(), pairs["y"].to_numpy()
    for name, own in there.items():
        rows = np.flatnonzero(left == name)
        # A bit for each of the others, so that all are looked up in one pass.
        for first in range(0, len(rows), _BITS):
            some = rows[first : first + _BITS]
            bits = np.zeros(len(own), dtype=np.uint64)
            for place, row in enumerate(some):
                bits |= there[right[row]].astype(np.uint64) << np.uint64(place)
            people = np.bitwise_or.reduceat(np.where(own, bits, np.uint64(0)), starts)
            for place, row in enumerate(some):
                found[row] = np.count_nonzero(people & (np.uint64(1) << np.uint64(place)))
    return [int(number) for number in found]
