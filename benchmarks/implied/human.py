"""Partial correlations of the three sides between and within units, with plain numpy."""

from __future__ import annotations

import numpy as np
import pandas as pd

ENGAGED_FROM = 16  # highly or moderately engaged, sum of three items of 1 to 7
DEFINITIONS = {
    "human-experience": (
        "Units over all six waves. EX: weighted share with a sum of eng_1 to eng_3 of 16 or more, sheets with all "
        "three; CX: weighted mean over customer answers of the mean of cx_1 to cx_3, at least two answered; BX: mean "
        "of the mean of px_1 and px_2. ex_cx, ex_bx, cx_bx: Pearson correlations over units given the third, from the "
        "inverse of the correlation matrix. within_...: the same of units by waves after unit and wave means are taken "
        "out."
    ),
}
PAIRS = {"ex_cx": (0, 1), "ex_bx": (0, 2), "cx_bx": (1, 2)}


def means(frame: pd.DataFrame, values: pd.Series, keys: list[str]) -> pd.Series:
    """Weighted mean of the values that are there."""
    weight = (frame["weight"] if "weight" in frame else pd.Series(1.0, index=frame.index)).where(
        values.notna()
    )
    by = [frame[key] for key in keys]
    return (values * weight).groupby(by).sum() / weight.groupby(by).sum()


def partials(matrix: np.ndarray) -> dict[str, float]:
    """Partial correlations of three columns."""
    inverse = np.linalg.inv(np.corrcoef(matrix.T))
    return {
        name: float(-inverse[i, j] / np.sqrt(inverse[i, i] * inverse[j, j])) for name, (i, j) in PAIRS.items()
    }


def values(tables: dict[str, pd.DataFrame]) -> dict[str, dict[str, float]]:
    """Measure one company."""
    sheets, customers, partners = tables["employees"], tables["customers"], tables["partners"]
    total = sheets[["eng_1", "eng_2", "eng_3"]].sum(axis=1, skipna=False)
    answered = customers[["cx_1", "cx_2", "cx_3"]]
    supplied = partners[["px_1", "px_2"]]
    scores = (
        (sheets, (total >= ENGAGED_FROM).astype(float).where(total.notna())),
        (customers, answered.mean(axis=1).where(answered.notna().sum(axis=1) >= 2)),
        (partners, supplied.mean(axis=1)),
    )
    units = pd.concat([means(frame, score, ["unit"]) for frame, score in scores], axis=1).dropna()
    panel = pd.concat([means(frame, score, ["unit", "wave"]) for frame, score in scores], axis=1).dropna()
    within = panel - panel.groupby(level=0).transform("mean")
    within = within - within.groupby(level=1).transform("mean")
    inside = partials(within.to_numpy())
    return {
        "human-experience": partials(units.to_numpy())
        | {f"within_{name}": value for name, value in inside.items()}
    }
