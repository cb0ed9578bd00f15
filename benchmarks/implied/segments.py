"""Explained variance by needs segments and by the categories of the organisation, where everybody could be asked."""

from __future__ import annotations

import numpy as np
import pandas as pd

from exresearch.study.demo import planted as p

CATEGORIES = ["function", "level", "department", "business_unit", "location"]
STEPS = 40
DEFINITIONS = {
    "needs-segments": (
        "Latest sheet of every person with at least half of the needs. Segments: three profiles with equal "
        "variances, by EM from the planted means, everybody in the likeliest. R2 of enps, stay, effort and promote "
        "(weighted), mean over the four: of dummies of the segments; of dummies of the five categories, taken as "
        "two thirds of R2 in the sample and a third of that in halves of the units that had no part in the fit, which "
        "have errors of opposite sign; of the nine needs. out_of_sample_gain: segments minus categories."
    )
}


def values(tables: dict[str, pd.DataFrame]) -> dict[str, dict[str, float]]:
    """Compute the values of one company."""
    sheets = tables["employees"].sort_values("wave", kind="stable")
    sheets = sheets[sheets[list(p.NEEDS)].notna().sum(axis=1) >= 4.5]
    last = sheets[~sheets["person_id"].duplicated(keep="last")]
    needs = last[list(p.NEEDS)].to_numpy(dtype="float64")
    weights = last["weight"].to_numpy(dtype="float64")
    dummies = np.eye(3)[likeliest(needs, weights)][:, 1:]
    categories = pd.get_dummies(last[CATEGORIES].astype(str), drop_first=True).to_numpy(dtype="float64")
    plain = np.where(np.isnan(needs), np.nanmean(needs, axis=0), needs)
    half = pd.factorize(last["unit"])[0] % 2
    of_segments, of_categories, of_needs = [], [], []
    for name in p.OUTCOMES:
        y = last[name].to_numpy(dtype="float64")
        known = ~np.isnan(y)
        y, w, side = y[known], weights[known], half[known]
        of_segments.append(r2(dummies[known], y, w))
        of_needs.append(r2(plain[known], y, w))
        held_out = r2(categories[known], y, w, side=side)
        of_categories.append((2 * r2(categories[known], y, w) + held_out) / 3)
    mean = {
        "segments": float(np.mean(of_segments)),
        "categories": float(np.mean(of_categories)),
        "needs": float(np.mean(of_needs)),
    }
    return {"needs-segments": {"out_of_sample_gain": mean["segments"] - mean["categories"], **mean}}


def likeliest(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Segment of everybody by EM."""
    there = ~np.isnan(x)
    filled, share = np.where(there, x, 0.0), np.array(p.SEGMENT_SHARES)
    mean, variance = np.array(p.SEGMENT_PROFILES), np.ones(x.shape[1])
    for _ in range(STEPS):
        distance = np.stack([(there * (filled - one) ** 2 / variance).sum(axis=1) for one in mean], axis=1)
        logs = np.log(share) - distance / 2
        posterior = np.exp(logs - logs.max(axis=1, keepdims=True))
        posterior /= posterior.sum(axis=1, keepdims=True)
        weighted = posterior * w[:, None]
        count = weighted.T @ there
        mean = weighted.T @ filled / count
        square = sum(weighted[:, [k]] * there * (filled - mean[k]) ** 2 for k in range(3)).sum(axis=0)
        variance, share = square / count.sum(axis=0), weighted.sum(axis=0) / w.sum()
    return np.asarray(posterior.argmax(axis=1), dtype=np.intp)


def r2(x: np.ndarray, y: np.ndarray, w: np.ndarray, *, side: np.ndarray | None = None) -> float:
    """Weighted R2, in the sample or of each side predicted by the other."""
    rows, root = np.column_stack([np.ones(len(x)), x]), np.sqrt(w)
    left, total = 0.0, float(w @ (y - np.average(y, weights=w)) ** 2)
    for test in [np.ones(len(y), dtype=bool)] if side is None else [side == 0, side == 1]:
        train = test if side is None else ~test
        slopes = np.linalg.lstsq(rows[train] * root[train, None], y[train] * root[train], rcond=None)[0]
        left += float(w[test] @ (y[test] - rows[test] @ slopes) ** 2)
    return 1 - left / total
