"""Whether other measures of importance put the drivers in the same order."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from exresearch.findings.analyses.driver_models import DriverModel, Fit
from exresearch.findings.note import Note
from exresearch.models import METHODS, importance_metrics, kendall_w
from exresearch.models.drivers.metrics import BLOCK_METHODS


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
        methods = [m for m in METHODS if m != "lmg" and (m in BLOCK_METHODS or not model.groups)]
        # LMG as it was computed for the verdict: exactly, or from a sample of the orders.
        values = {"lmg": fit.replicates.estimate["lmg"]} | {
            method: found[0]
            for method, found in importance_metrics(
                fit.moments.correlations(), methods=methods, players=players
            ).items()
        }
        concordance = kendall_w(np.vstack(list(values.values()))) if len(players) > 1 else float("nan")
        own = importance[importance["outcome"] == name].set_index("driver")
        for method, found in values.items():
            rows = own.loc[list(fit.replicates.drivers), ["outcome", "label", "block", "named", "reversed", "n"]]
            ranks = (found[None, :] > found[:, None]).sum(axis=1) + 1
            parts.append(
                rows.assign(method=method, importance=found, rank=ranks, kendall_w=concordance).reset_index()
            )
    return pd.concat(parts, ignore_index=True)


def keeping_place(agreement: pd.DataFrame, labels: Mapping[str, dict[str, str]]) -> list[Note]:
    """Say per outcome which drivers have the same rank by every method.

    Parameters
    ----------
    agreement : pandas.DataFrame
        Of :func:`agreement_table`.
    labels : mapping
        Label of each outcome in both languages.

    Returns
    -------
    list of Note
        One per outcome, with the agreement of the methods.
    """
    notes = []
    for name, rows in agreement.groupby("outcome", sort=False):
        ranks = rows.groupby("driver", sort=False)["rank"].agg(["min", "max"])
        fixed = ranks[ranks["min"] == ranks["max"]].sort_values("min")
        named = rows.drop_duplicates("driver").set_index("driver")["label"]
        values = {
            "outcome": labels[str(name)],
            "methods": int(rows["method"].nunique()),
            "w": float(rows["kendall_w"].iloc[0]),
        }
        if np.isnan(values["w"]):
            continue
        message = "{outcome}: no driver has the same rank by all {methods:integer} methods (agreement {w:number2})."
        if len(fixed):
            message = (
                "{outcome}: the same rank by all {methods:integer} methods (agreement {w:number2}): {drivers}."
            )
            values["drivers"] = {
                language: ", ".join(
                    f"{rank}. {named[driver][language]}" for driver, rank in fixed["min"].items()
                )
                for language in ("nl", "en")
            }
        notes.append(Note(message=message, values=values))
    return notes
