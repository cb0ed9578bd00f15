"""Which link, and which measure, holds least: by how often the bootstrap says so."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.expanded import expanded_interval
from exresearch.models.network.partial import PartialNetwork

FloatArray = NDArray[np.float64]


def weakest_link(network: PartialNetwork, *, conf_level: float = 0.95) -> tuple[pd.DataFrame, bool]:
    """Say how sure it is which link is the weakest, and which measure is tied to the others least.

    Use it instead of pointing at the smallest number: with few units the smallest of three is often so by chance.

    Parameters
    ----------
    network : PartialNetwork
        Of `partial_network`.
    conf_level : float
        From this share of the replicates on a link counts as the weakest; also the level of the intervals.

    Returns
    -------
    tuple of DataFrame and bool
        One row per link and one per measure: kind ('link', 'measure'), term, estimate (partial correlation; for a
        measure the mean of its links), conf_low, conf_high, probability (share of replicates in which it is the lowest
        of its kind), lowest (whether it is in these data), n, n_units, conf_level. The truth value says whether one
        link is the weakest in at least that share of replicates; where it is not, the links are tied.

    Raises
    ------
    ValueError
        A network of two measures, which has one link.

    Notes
    -----
    The share of bootstrap replicates is the approximate confidence that an item has the lowest value (Efron &
    Tibshirani 1998, The problem of regions, doi:10.1214/aos/1024691353); no prior is behind it. Replicates in which two
    are equal are shared between them.

    Examples
    --------
    >>> from exresearch.models import partial_network
    >>> rng = np.random.default_rng(1)
    >>> units = pd.DataFrame({"a": rng.normal(size=300), "c": rng.normal(size=300)})
    >>> units["b"] = units["a"] + rng.normal(size=300)
    >>> found, clear = weakest_link(partial_network(units, columns=["a", "b", "c"], n_boot=199, seed=1))
    >>> found[found["kind"] == "measure"].sort_values("probability")["term"].tolist()[-1], clear
    ('c', False)
    """
    table = network.table
    measures = list(dict.fromkeys([*table["x"], *table["y"]]))
    if len(table) < 2:
        raise ValueError("a network of two measures has one link: there is nothing to compare.")
    member = np.array([[(name in pair) for pair in table[["x", "y"]].to_numpy()] for name in measures])
    share = (member / member.sum(axis=1, keepdims=True)).T
    n_units = int(table["n_units"].iloc[0])
    frames, clear = [], False
    for kind, terms, once, drawn in (
        ("link", list(table["term"]), table["estimate"].to_numpy(), network.replicates),
        ("measure", measures, table["estimate"].to_numpy() @ share, network.replicates @ share),
    ):
        low, high = expanded_interval(drawn, conf_level=conf_level, n_units=n_units)
        if kind == "link":
            low, high = table["conf_low"].to_numpy(), table["conf_high"].to_numpy()
        probability = _share_lowest(drawn)
        if kind == "link":
            clear = bool(probability.max() >= conf_level)
        frames.append(
            pd.DataFrame(
                {
                    "kind": kind,
                    "term": terms,
                    "estimate": once,
                    "conf_low": low,
                    "conf_high": high,
                    "probability": probability,
                    "lowest": once == once.min(),
                }
            )
        )
    found = pd.concat(frames, ignore_index=True)
    return found.assign(n=int(table["n"].iloc[0]), n_units=n_units, conf_level=conf_level), clear


def _share_lowest(drawn: FloatArray) -> FloatArray:
    lowest = drawn == drawn.min(axis=1, keepdims=True)
    return np.asarray((lowest / lowest.sum(axis=1, keepdims=True)).mean(axis=0))
