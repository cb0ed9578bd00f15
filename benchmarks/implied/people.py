"""People and process, ambassadors and colleagues: what the demo company implies, in plain numpy."""

from __future__ import annotations

import numpy as np
import pandas as pd

DEFINITIONS = {
    "people-not-process": (
        "Units by wave. Autonomy, standardisation and skill: weighted means of a unit's answers over all waves. "
        "Customer experience: weighted mean of the mean of cx_1 to cx_3 (two or more answered) by unit and wave. All "
        "four in standard deviations over rows; least squares on the three, the product of standardisation and "
        "skill, and waves."
    ),
    "peers-carry-peers": (
        "Answers on enps, and the weighted share of 9 or 10 among the others who answered in the same unit a wave "
        "before, five of them or more. Weighted deviations from a person's mean, persons with two rows or more; "
        "effects of waves and of the others' mean engagement (eng_1 to eng_3, two or more answered) in this wave and "
        "the one before taken out; slope in standard deviations of deviations from person and wave. plain: "
        "without engagement."
    ),
}
FROM, LEAST = 9, 5


def weighted_mean(values: np.ndarray, weights: np.ndarray, group: np.ndarray, size: int) -> np.ndarray:
    """Mean of the values that are there, by group."""
    has = ~np.isnan(values)
    total = np.bincount(group[has], (values * weights)[has], size)
    return total / np.bincount(group[has], weights[has], size)


def standard(values: np.ndarray) -> np.ndarray:
    """Bring values to mean 0 and standard deviation 1."""
    return (values - values.mean(axis=0)) / values.std(axis=0)


def process(tables: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Give the slope of autonomy and the interplay of standardisation and skill."""
    sheets, customers = tables["employees"], tables["customers"]
    units = sorted(sheets["unit"].unique())
    place = pd.Series(range(len(units)), index=units)
    unit, w = place[sheets["unit"]].to_numpy(), sheets["weight"].to_numpy()
    names = ("autonomy", "standardisation", "skill")
    x = np.column_stack(
        [weighted_mean(sheets[name].to_numpy(dtype=float), w, unit, len(units)) for name in names]
    )
    waves = sorted(customers["wave"].unique())
    of_unit = place[customers["unit"]].to_numpy()
    of_wave = pd.Series(range(len(waves)), index=waves)[customers["wave"]].to_numpy()
    items = customers[["cx_1", "cx_2", "cx_3"]]
    score = items.mean(axis=1).where(items.notna().sum(axis=1) >= 2).to_numpy(dtype=float)
    cell = of_unit * len(waves) + of_wave
    cx = weighted_mean(score, customers["weight"].to_numpy(), cell, len(units) * len(waves))
    rows = standard(np.column_stack([cx, np.repeat(x, len(waves), axis=0)]))
    dummies = np.tile(np.eye(len(waves)), (len(units), 1))
    design = np.column_stack([rows[:, 1:], rows[:, 2] * rows[:, 3], dummies])
    slopes = np.linalg.lstsq(design, rows[:, 0], rcond=None)[0]
    return {"autonomy_slope": float(slopes[0]), "standardisation_interaction": float(slopes[3])}


def others(
    value: np.ndarray, who: np.ndarray, g: np.ndarray, t: np.ndarray, w: np.ndarray, *, lag: int
) -> np.ndarray:
    """Weighted mean of the others of the unit, ``lag`` waves before; NaN with too few of them."""
    has = ~np.isnan(value)
    parts = (np.where(has, value, 0.0) * w, w * has, has * 1.0)
    shape = (g.max() + 1, t.max() + 1)
    there = t - lag
    found = []
    for part in parts:
        own = np.zeros((who.max() + 1, shape[1]))
        own[who, t] = part
        total = np.bincount(g * shape[1] + t, part, shape[0] * shape[1]).reshape(shape)
        found.append(total[g, there] - own[who, there])
    return np.where((there >= 0) & (found[2] >= LEAST), found[0] / np.maximum(found[1], 1e-12), np.nan)


def peers(sheets: pd.DataFrame) -> dict[str, float]:
    """Give the effect of colleagues' earlier share of promoters within persons."""
    waves = sorted(sheets["wave"].unique())
    t = pd.Series(range(len(waves)), index=waves)[sheets["wave"]].to_numpy()
    who, g = pd.factorize(sheets["person_id"])[0], pd.factorize(sheets["unit"])[0]
    w, y = sheets["weight"].to_numpy(), sheets["enps"].to_numpy(dtype=float)
    items = sheets[["eng_1", "eng_2", "eng_3"]]
    mood = items.mean(axis=1).where(items.notna().sum(axis=1) >= 2).to_numpy(dtype=float)
    fan = np.where(np.isnan(y), np.nan, y >= FROM)
    share = others(fan, who, g, t, w, lag=1)
    held = [others(mood, who, g, t, w, lag=lag) for lag in (0, 1)]
    return {
        "peer_effect": within(np.column_stack([y, share, *held]), who, t, w),
        "plain": within(np.column_stack([y, share]), who, t, w),
    }


def within(columns: np.ndarray, who: np.ndarray, t: np.ndarray, w: np.ndarray) -> float:
    """Slope of the first column on the second, the rest held equal, in standard deviations within persons."""
    kept = ~np.isnan(columns).any(axis=1)
    kept &= np.bincount(who, kept)[who] > 1
    person, weight = pd.factorize(who[kept])[0], w[kept]
    data = np.column_stack([columns[kept], np.eye(t.max() + 1)[t[kept]][:, 2:]])
    mean = np.column_stack([np.bincount(person, weight * column) for column in data.T])
    data = data - (mean / np.bincount(person, weight)[:, None])[person]
    root, k = np.sqrt(weight)[:, None], columns.shape[1]
    shared = np.linalg.lstsq(root * data[:, k:], root * data[:, :k], rcond=None)[0]
    rest = (data[:, :k] - data[:, k:] @ shared) * root
    slopes = np.linalg.lstsq(rest[:, 1:], rest[:, 0], rcond=None)[0]
    return float(slopes[0] * np.sqrt((rest[:, 1] ** 2).sum() / (rest[:, 0] ** 2).sum()))


def values(tables: dict[str, pd.DataFrame]) -> dict[str, dict[str, float]]:
    """Compute what ``DEFINITIONS`` says for one company."""
    return {"people-not-process": process(tables), "peers-carry-peers": peers(tables["employees"])}
