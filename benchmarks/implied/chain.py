"""What the demo company implies for the chain from experience to customers, in plain least squares on units by wave."""

from __future__ import annotations

import numpy as np
import pandas as pd

DEFINITIONS = {
    "engagement-chain": (
        "Units by wave, all columns in standard deviations, waves as dummies. experience_on_engagement, "
        "engagement_on_ambassadors (experience held the same) and ambassadors_on_cx (both held the same), least "
        "squares; serial_indirect_effect: their product; total: the slope of cx on experience. Ambassadorship: mean of "
        "standardised enps and effort. With people without end in every unit the three measures of people would be "
        "nearly one, and the last link could not be told apart: the value is that of units of the demo's size."
    )
}
_LEAST = 5


def values(tables: dict[str, pd.DataFrame]) -> dict[str, dict[str, float]]:
    """Compute the estimands from one company's tables."""
    frame = _cells(tables)
    dummies = pd.get_dummies(frame["wave"], drop_first=True, dtype=float).to_numpy()
    x, m, n, y = (_z(frame[name].to_numpy()) for name in ("experience", "engagement", "ambassadors", "cx"))
    a = _slope(m, x, dummies)
    d = _slope(n, m, x, dummies)
    b = _slope(y, n, m, x, dummies)
    return {
        "engagement-chain": {
            "experience_on_engagement": a,
            "engagement_on_ambassadors": d,
            "ambassadors_on_cx": b,
            "serial_indirect_effect": a * d * b,
            "total": _slope(y, x, dummies),
        }
    }


def _cells(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    sheets, customers = tables["employees"], tables["customers"]
    people = pd.DataFrame(
        {
            "experience": _mean_of(sheets[["facet_emotion", "facet_memory", "facet_identity"]]),
            "engagement": _mean_of(sheets[["eng_1", "eng_2", "eng_3"]]),
            "enps": sheets["enps"].astype(float),
            "effort": sheets["effort"].astype(float),
        }
    )
    people = people.assign(unit=sheets["unit"], wave=sheets["wave"], w=sheets["weight"]).dropna()
    for name in ("experience", "engagement", "enps", "effort"):
        people[name] = _z(people[name].to_numpy(), people["w"].to_numpy())
    people["ambassadors"] = _z((people["enps"] + people["effort"]).to_numpy(), people["w"].to_numpy())
    names = ["experience", "engagement", "ambassadors"]
    ours = _weighted_means(people, names)
    theirs = pd.DataFrame({"cx": _mean_of(customers[["cx_1", "cx_2", "cx_3"]])})
    theirs = theirs.assign(unit=customers["unit"], wave=customers["wave"], w=customers["weight"]).dropna()
    return ours.join(_weighted_means(theirs, ["cx"]), how="inner").reset_index()


def _weighted_means(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    by = [frame["unit"], frame["wave"]]
    sums = frame[names].mul(frame["w"], axis=0).groupby(by).sum()
    weight, count = frame["w"].groupby(by).sum(), frame["w"].groupby(by).size()
    return sums.div(weight, axis=0)[count >= _LEAST]


def _mean_of(items: pd.DataFrame) -> pd.Series:
    """Mean of three items of which two or more are answered."""
    items = items.astype(float)
    return items.mean(axis=1).where(items.notna().sum(axis=1) >= 2)


def _z(values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    mean = np.average(values, weights=weights)
    return (values - mean) / np.sqrt(np.average((values - mean) ** 2, weights=weights))


def _slope(outcome: np.ndarray, *predictors: np.ndarray) -> float:
    design = np.column_stack([np.ones(len(outcome)), *predictors])
    return float(np.linalg.lstsq(design, outcome, rcond=None)[0][1])
