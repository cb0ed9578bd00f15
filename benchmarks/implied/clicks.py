"""Beyond clicks: explained variance of the recommendation by ratings less that by clicks and views."""

from __future__ import annotations

import numpy as np
import pandas as pd

DEFINITIONS = {
    "beyond-clicks": (
        "gain_difference: share of the variance of recommend, within population and wave, that ratings explain by "
        "least squares with slopes per population, less the share that clicks and views explain; people and waves "
        "with all moments of their population rated. gain_survey: the same for enps of the employees' survey."
    )
}


def values(tables: dict[str, pd.DataFrame]) -> dict[str, dict[str, float]]:
    """Compute the difference on one chunk."""
    moments = tables["moments"]
    enps = tables["employees"].set_index(["person_id", "wave"])["enps"].rename("survey")
    kinds = {}
    for population, part in moments.groupby("population"):
        names = part["moment"].value_counts()
        names = names[names > 0.5 * names.max()].index
        wide = part.pivot_table(
            index=["person_id", "wave"], columns="moment", values=["rating", "clicks", "views"]
        )
        wide = wide.loc[:, [key for key in wide.columns if key[1] in names]].dropna()
        asked = part.groupby(["person_id", "wave"])["recommend"].first()
        flat = wide.copy()
        flat.columns = [f"{kind} {moment}" for kind, moment in wide.columns]
        kinds[population] = flat.join(asked).join(enps)
    return {
        "beyond-clicks": {
            "gain_difference": _difference(kinds, "recommend"),
            "gain_survey": _difference(kinds, "survey"),
        }
    }


def _difference(kinds: dict[str, pd.DataFrame], outcome: str) -> float:
    left = {"rating": 0.0, "clicks": 0.0}
    total = 0.0
    for frame in kinds.values():
        rows = frame.dropna(subset=[outcome])
        if len(rows) < 100:
            continue
        centred = rows - rows.groupby(level="wave").transform("mean")
        y = centred[outcome].to_numpy()
        total += float(y @ y)
        for name in left:
            starts = (name,) if name == "rating" else ("clicks", "views")
            x = centred[[column for column in centred if column.startswith(starts)]].to_numpy()
            residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
            left[name] += float(residual @ residual)
    return (left["clicks"] - left["rating"]) / total
