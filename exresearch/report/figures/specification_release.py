"""The combinations of a specification curve that enough people are behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from exresearch.disclosure import DisclosureRules, Released, release
from exresearch.findings.analyses.sensitivity import Specifications
from exresearch.models.sensitivity import summarise_specifications
from exresearch.report.figures.visible import visible


def shown_curve(curve: Specifications) -> tuple[Specifications, Released]:
    """Return a curve with the combinations that enough people are behind, and its table as it was released.

    Parameters
    ----------
    curve : Specifications
        With at least one estimate.

    Returns
    -------
    tuple of Specifications and Released
        The table holds the estimates from the lowest on, with their ``place`` (from 0), and the summary is of them.
    """
    rules = DisclosureRules()
    made = curve.table[curve.table["estimate"].notna()].sort_values("rank").reset_index(drop=True)
    # Where some numbers are not known, the fewest that are known.
    made["n"] = made["n"].astype("float64").fillna(made["n"].astype("float64").min())
    kept = visible(release(made, count="n", rules=rules)).reset_index(drop=True)
    kept["place"] = np.arange(len(kept), dtype="float64")
    released = release(kept, count="n", rules=rules, name="Combinations of choices")
    summary = curve.summary
    if len(kept) < len(made) and len(kept):
        again = summarise_specifications(kept, null=curve.null)
        summary = again.assign(
            p_value=curve.summary["p_value"].to_numpy(),
            n_permutations=curve.summary["n_permutations"].to_numpy(),
            n=kept["n"].min(),
        )
    return replace(curve, table=kept, summary=summary), released
