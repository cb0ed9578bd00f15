"""More drivers than all their orders can be gone through: what a sample of the orders adds in error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from exresearch.findings.analyses.driver_models import FIRST, N_ORDERS, SECOND, DriverModel, Fit
from exresearch.findings.note import Note

# At this share of the standard error the sample of orders makes it 3 per cent larger.
_NEGLIGIBLE = 0.25


@dataclass(frozen=True, slots=True)
class SampledOrders:
    """Which outcomes stand although only a sample of orders was gone through.

    Attributes
    ----------
    fits : dict of str to Fit
        Those whose error of sampling is small against that of the answers; all of them where importance is exact.
    caveats : list of Note
        That orders were sampled, and which outcomes are left out for it.
    """

    fits: dict[str, Fit]
    caveats: list[Note]


def sampled_orders(fits: Mapping[str, Fit], model: DriverModel) -> SampledOrders:
    """Keep the outcomes for which the rule of the verdict still means what it says.

    Parameters
    ----------
    fits : mapping of str to Fit
        The outcomes that were analysed.
    model : DriverModel
        The drivers.

    Returns
    -------
    SampledOrders

    Notes
    -----
    An interval knows about the answers and not about the orders. The error that the orders add to the difference
    between the named drivers is taken as the root of the sum of squares of both sides, and has to stay under a quarter
    of the standard error.
    """
    if model.method == "lmg":
        return SampledOrders(dict(fits), [])
    kept: dict[str, Fit] = {}
    caveats: list[Note] = []
    largest = 0.0
    for name, fit in fits.items():
        weights = np.zeros(len(fit.replicates.drivers))
        for sign, block in ((1.0, FIRST), (-1.0, SECOND)):
            side = model.side(block, named=True)
            weights[[fit.replicates.drivers.index(player) for player in side]] = sign / len(side)
        error = float(np.sqrt((weights**2) @ fit.replicates.sampling_error[model.method] ** 2))
        spread = float((fit.replicates.replicates[model.method] @ weights).std(ddof=1))
        if error > _NEGLIGIBLE * spread:
            message = (
                "{outcome} is left out: there are so many drivers that importance rests on a sample of their orders, "
                "and the error of that ({error:points2}) is not small against that of the answers ({spread:points2})."
            )
            caveats.append(
                Note(message=message, values={"outcome": fit.label, "error": error, "spread": spread})
            )
            continue
        kept[name] = fit
        largest = max(largest, float(fit.replicates.sampling_error[model.method].max()))
    if kept:
        message = (
            "There are {count:integer} drivers, too many for all their orders: importance is the mean over "
            "{orders:integer} orders drawn at random. The error of that is at most {error:points2}, small against that "
            "of the answers."
        )
        caveats.insert(
            0,
            Note(
                message=message,
                values={"count": len(model.players), "orders": N_ORDERS, "error": largest},
            ),
        )
    return SampledOrders(kept, caveats)
