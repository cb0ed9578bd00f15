"""What the demo company implies for ready, willing and able people, and for promise and delivery."""

from __future__ import annotations

import numpy as np
import pandas as pd

DEFINITIONS = {
    "aligned-workforce": (
        "Answer sheets with all five scores, survey weights. Behaviour: mean of behaviour_1 and reversed behaviour_2, "
        "one of the two answered. All in standard deviations. sum: R-squared of behaviour on readiness, willingness, "
        "ability, alignment and waves. product_gain: what the pairwise products and the triple product of the first "
        "three, their minimum, and alignment times their mean add to it; the other gains: one of these forms alone."
    ),
    "promise-delivered": (
        "Answer sheets with stay, promise and delivery (means of two items, one answered), survey weights. Stay in "
        "standard deviations; promise and delivery around 4, divided by the root of the mean of their variances. "
        "Regression on both, their squares, their product and waves. incongruence_slope: delivery less promise; "
        "incongruence_curvature: both squares less the product."
    ),
}


def _standard(values: pd.DataFrame, weight: np.ndarray) -> pd.DataFrame:
    mean = np.average(values, axis=0, weights=weight)
    return (values - mean) / np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weight))


def _fit(y: np.ndarray, columns: list[np.ndarray], weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Weighted least squares with an intercept: coefficients and R-squared."""
    x = np.column_stack([np.ones(len(y)), *columns])
    slopes = np.linalg.solve(x.T @ (x * weight[:, None]), x.T @ (weight * y))
    left = np.sum(weight * (y - x @ slopes) ** 2)
    return slopes, float(1 - left / np.sum(weight * (y - np.average(y, weights=weight)) ** 2))


def _waves(sheets: pd.DataFrame) -> list[np.ndarray]:
    return [(sheets["wave"] == wave).to_numpy(float) for wave in sorted(sheets["wave"].unique())[1:]]


def _aligned(sheets: pd.DataFrame) -> dict[str, float]:
    scores = sheets[["readiness", "willingness", "ability", "alignment"]].copy()
    scores["behaviour"] = pd.concat([sheets["behaviour_1"], 8 - sheets["behaviour_2"]], axis=1).mean(axis=1)
    scores = scores.dropna()
    sheets = sheets.loc[scores.index]
    weight = sheets["weight"].to_numpy(float)
    r, w, a, alignment, y = _standard(scores, weight).to_numpy(float).T
    base = [r, w, a, alignment, *_waves(sheets)]
    forms = {
        "products_gain": [r * w, r * a, w * a, r * w * a],
        "minimum_gain": [np.minimum(np.minimum(r, w), a)],
        "moderation_gain": [alignment * (r + w + a) / 3],
    }
    total = _fit(y, base, weight)[1]
    everything = [column for form in forms.values() for column in form]
    gains = {name: _fit(y, base + form, weight)[1] - total for name, form in forms.items()}
    return {"sum": total, "product_gain": _fit(y, base + everything, weight)[1] - total, **gains}


def _promise(sheets: pd.DataFrame) -> dict[str, float]:
    scores = pd.DataFrame(
        {
            "stay": sheets["stay"],
            "delivery": sheets[["delivery_1", "delivery_2"]].mean(axis=1),
            "promise": sheets[["promise_1", "promise_2"]].mean(axis=1),
        }
    ).dropna()
    sheets = sheets.loc[scores.index]
    weight = sheets["weight"].to_numpy(float)
    y = _standard(scores, weight)["stay"].to_numpy(float)
    sides = scores[["delivery", "promise"]]
    away = (sides - np.average(sides, axis=0, weights=weight)) ** 2
    spread = np.sqrt(np.average(away, axis=0, weights=weight).mean())
    x, p = ((sides - 4) / spread).to_numpy(float).T
    b = _fit(y, [x, p, x**2, x * p, p**2, *_waves(sheets)], weight)[0]
    return {"incongruence_slope": float(b[1] - b[2]), "incongruence_curvature": float(b[3] - b[4] + b[5])}


def values(tables: dict[str, pd.DataFrame]) -> dict[str, dict[str, float]]:
    """Compute the estimands on one company, in-sample: chance adds less than 0.0001 to a gain."""
    sheets = tables["employees"]
    return {"aligned-workforce": _aligned(sheets), "promise-delivered": _promise(sheets)}
