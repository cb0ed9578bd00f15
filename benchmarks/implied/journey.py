"""The journey: what moments outside employment explain of recommending beyond those during it."""

from __future__ import annotations

import numpy as np
import pandas as pd

DEFINITIONS = {
    "journey-moments": (
        "Share of the variance of the recommendation within people of one kind in one wave that ratings of moments "
        "before and after employment explain beyond those during it: employees (two moments during, two before) and "
        "leavers (one during, one after) with models of their own, least squares, sums of squares added up; sheets "
        "with all moments; unweighted."
    )
}
KINDS = {
    "employee": (["eerste weken", "werk en groei"], ["verkennen", "solliciteren"]),
    "leaver": (["werk en groei"], ["afscheid"]),
}


def values(tables: dict[str, pd.DataFrame]) -> dict[str, dict[str, float]]:
    """Give the gain of both kinds together, and of each."""
    moments = tables["moments"]
    keys = ["person_id", "wave", "population"]
    wide = moments.pivot_table(index=keys, columns="moment", values="rating")
    wide = wide.join(moments.groupby(keys)["recommend"].first()).reset_index()
    gained = total = 0.0
    found = {}
    for who, (during, outer) in KINDS.items():
        part = wide[wide["population"] == who].dropna(subset=[*during, *outer])
        waves = pd.get_dummies(part["wave"], dtype=float).to_numpy()
        y = part["recommend"].to_numpy()
        left = []
        for chosen in ([], during, [*during, *outer]):
            design = np.column_stack([waves, part[chosen].to_numpy()])
            slopes = np.linalg.lstsq(design, y, rcond=None)[0]
            left.append(float(((y - design @ slopes) ** 2).sum()))
        found[f"gain_{who}"] = (left[1] - left[2]) / left[0]
        gained, total = gained + left[1] - left[2], total + left[0]
    return {"journey-moments": {"outer_phases_gain": gained / total, **found}}
