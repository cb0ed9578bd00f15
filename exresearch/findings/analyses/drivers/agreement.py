"""Whether other measures of importance put the drivers in the same order."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from exresearch.findings.analyses.drivers.models import DriverModel, Fit
from exresearch.models import importance_metrics, kendall_w
from exresearch.models.drivers.metrics import BLOCK_METHODS

# Measures that stand beside the one that decides.
_METHODS = ("relative_weights", "first", "last", "beta_squared", "pratt", "car")


def agreement_table(fits: Mapping[str, Fit], importance: pd.DataFrame, model: DriverModel) -> pd.DataFrame:
    """Rank the drivers by every measure of importance.

    Parameters
    ----------
    fits : mapping of str to Fit
        The outcomes that were analysed.
    importance : pandas.DataFrame
        One row per outcome and driver, with labels.
    model : DriverModel
        The drivers and their groups.

    Returns
    -------
    pandas.DataFrame
        One row per outcome, driver and method: ``outcome, driver, label, block, named, reversed, method, importance,
        rank`` (1 is the most important), ``kendall_w`` (agreement of all methods on the outcome; missing with a single
        driver) and ``n``. Groups of drivers have fewer methods.
    """
    parts = []
    for name, fit in fits.items():
        place = {column: index for index, column in enumerate(fit.moments.columns)}
        players = [
            [place[column] for column in model.columns if model.groups.get(column, column) == player]
            for player in fit.replicates.drivers
        ]
        methods = [method for method in _METHODS if method in BLOCK_METHODS or not model.groups]
        # LMG as it was computed for the verdict: exactly, or from a sample of the orders.
        values = {"lmg": fit.replicates.estimate[model.method]} | {
            method: found[0]
            for method, found in importance_metrics(
                fit.moments.correlations(), methods=methods, players=players
            ).items()
        }
        concordance = kendall_w(np.vstack(list(values.values()))) if len(players) > 1 else float("nan")
        own = importance[importance["outcome"] == name].set_index("driver")
        for method, found in values.items():
            rows = own.loc[
                list(fit.replicates.drivers),
                ["outcome", "outcome_label", "label", "block", "named", "reversed", "n"],
            ]
            ranks = (found[None, :] > found[:, None]).sum(axis=1) + 1
            parts.append(
                rows.assign(method=method, importance=found, rank=ranks, kendall_w=concordance).reset_index()
            )
    return pd.concat(parts, ignore_index=True)
