"""Shares of codes that are given with mistakes: agreement with a standard, and shares corrected for the mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from exresearch.models.resampling import NotEstimable, check_conf_level

FloatArray = NDArray[np.float64]
_ROUNDS = 300


def nominal_agreement(
    table: ArrayLike, *, conf_level: float = 0.95, n_boot: int = 2000, seed: int
) -> pd.DataFrame:
    """Agreement of two codings of the same things, beyond chance.

    Parameters
    ----------
    table : array [k, k]
        Counts: rows by the standard, columns by the coder.
    conf_level : float
    n_boot, seed : int
        Multinomial draws of the whole table, for the intervals.

    Returns
    -------
    DataFrame
        Rows ``alpha`` (Krippendorff, nominal), ``kappa`` (Cohen), ``accuracy``: ``term, estimate, conf_low, conf_high,
        n, conf_level``.

    Raises
    ------
    ValueError
        If the table is not square, or holds negative or no counts.

    Notes
    -----
    alpha = 1 - D_o / D_e with D_o the share of disagreement and D_e = 1 - sum n_c (n_c - 1) / (2n (2n - 1)), n_c how
    often either used code c. kappa = (p_o - p_e) / (1 - p_e) with p_e from the margins.

    References
    ----------
    Krippendorff (2004), Content Analysis; Cohen (1960), A coefficient of agreement for nominal scales,
    doi:10.1177/001316446002000104

    Examples
    --------
    >>> nominal_agreement([[20, 5], [10, 15]], seed=1).set_index("term")["estimate"].round(3).to_dict()
    {'alpha': 0.4, 'kappa': 0.4, 'accuracy': 0.7}
    """
    check_conf_level(conf_level)
    counts = _table(table)
    n = int(counts.sum())
    draws = np.random.default_rng(seed).multinomial(n, counts.ravel() / n, size=n_boot)
    every = np.concatenate([counts.ravel()[None, :], draws]).reshape(-1, *counts.shape).astype(np.float64)
    agreed = np.einsum("bii->b", every) / n
    rows, columns = every.sum(axis=2), every.sum(axis=1)
    used = rows + columns
    by_chance = (used * (used - 1)).sum(axis=1) / (2 * n * (2 * n - 1))
    margins = (rows * columns).sum(axis=1) / n**2
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {
            "alpha": 1 - (1 - agreed) / (1 - by_chance),
            "kappa": (agreed - margins) / (1 - margins),
            "accuracy": agreed,
        }
    tail = (1 - conf_level) / 2
    return pd.DataFrame(
        [
            {
                "term": name,
                "estimate": float(values[0]),
                "conf_low": float(np.nanquantile(values[1:], tail)),
                "conf_high": float(np.nanquantile(values[1:], 1 - tail)),
                "n": n,
                "conf_level": conf_level,
            }
            for name, values in found.items()
        ]
    )


def corrected_shares(
    data: pd.DataFrame,
    *,
    group: str,
    code: str,
    stratum: str,
    confusion: Mapping[str, ArrayLike],
    codes: Sequence[str],
    cluster: str | None = None,
    conf_level: float = 0.95,
    n_boot: int = 1000,
    seed: int,
) -> pd.DataFrame:
    """Shares of codes per group, as given and corrected for how often the coder mistakes one for another.

    Parameters
    ----------
    data : DataFrame
        One row per coded thing.
    group, code, stratum : str
        Columns: what to compare, the code that was given, and which table of mistakes holds (a language).
    confusion : mapping of str to array [k, k]
        Per stratum counts on a sample with known codes: rows true, columns given.
    codes : sequence of str
        Names of the k codes.
    cluster : str, optional
        Column of whom the things come from; drawn together.
    conf_level : float
    n_boot, seed : int
        Draws of clusters and, at the same time, of each row of the tables of mistakes.

    Returns
    -------
    DataFrame
        One row per group and code: ``group, code, n`` (given), ``total`` (of the group), ``share`` (as given),
        ``estimate, conf_low, conf_high`` (corrected), ``conf_level``.

    Raises
    ------
    ValueError
        If a code or stratum is not known.
    NotEstimable
        If there is nothing coded, or a table has no thing of some code.

    Notes
    -----
    Given shares are ``q = M' p`` with M the probabilities of each given code for each true one. With two codes and
    nothing at the edge the solution is that of Rogan and Gladen; here it is the maximum of the multinomial likelihood,
    by EM, so that no share leaves 0 to 1. It supposes that the coder errs here as in the sample.

    References
    ----------
    Rogan & Gladen (1978), Estimating prevalence from the results of a screening test,
    doi:10.1093/oxfordjournals.aje.a112510

    Examples
    --------
    >>> given = pd.DataFrame({"where": "here", "code": ["a"] * 50 + ["b"] * 50, "by": "x"})
    >>> table = {"x": [[90, 10], [20, 80]]}
    >>> options = {"group": "where", "code": "code", "stratum": "by", "confusion": table, "codes": ["a", "b"]}
    >>> corrected_shares(given, **options, seed=1)["estimate"].round(3).tolist()
    [0.429, 0.571]
    """
    check_conf_level(conf_level)
    tables = {name: _table(counts) for name, counts in confusion.items()}
    unknown = sorted(set(data[code]) - set(codes)), sorted(set(data[stratum]) - set(tables))
    if any(unknown):
        raise ValueError(
            f"codes {unknown[0]} and strata {unknown[1]} are not known: use {list(codes)}, {sorted(tables)}."
        )
    if data.empty or any((counts.sum(axis=1) == 0).any() for counts in tables.values()):
        raise NotEstimable("corrected shares need something coded, and a sample with every code.")
    rng = np.random.default_rng(seed)
    groups = list(dict.fromkeys(data[group]))
    owners = pd.factorize(data[cluster])[0] if cluster is not None else np.arange(len(data))
    drawn = rng.multinomial(owners.max() + 1, np.full(owners.max() + 1, 1 / (owners.max() + 1)), size=n_boot)
    times = np.concatenate([np.ones((owners.max() + 1, 1)), drawn.T], axis=1)
    given = pd.Categorical(data[code], categories=list(codes)).codes
    place, strata = pd.Categorical(data[group], categories=groups).codes, data[stratum].to_numpy()
    total = np.zeros((n_boot + 1, len(groups), len(codes)))
    for name, counts in tables.items():
        mistakes = _drawn_rows(counts, rng, n_boot=n_boot)
        for number in range(len(groups)):
            rows = np.flatnonzero((place == number) & (strata == name))
            if len(rows):
                cells = (np.ones(len(rows)), (given[rows], owners[rows]))
                seen = (csr_array(cells, shape=(len(codes), len(times))) @ times).T
                total[:, number] += seen.sum(axis=1, keepdims=True) * _unmixed(seen, mistakes)
    with np.errstate(invalid="ignore"):
        shares = total / total.sum(axis=2, keepdims=True)
    tail = (1 - conf_level) / 2
    low, high = np.nanquantile(shares[1:], tail, axis=0), np.nanquantile(shares[1:], 1 - tail, axis=0)
    found = []
    for number, label in enumerate(groups):
        own = np.bincount(given[place == number], minlength=len(codes))
        for column, name in enumerate(codes):
            n, whole = int(own[column]), int(own.sum())
            row = {"group": label, "code": name, "n": n, "total": whole, "share": n / whole}
            row |= {"estimate": shares[0, number, column], "conf_low": low[number, column]}
            found.append(row | {"conf_high": high[number, column], "conf_level": conf_level})
    return pd.DataFrame(found)


def _table(table: ArrayLike) -> FloatArray:
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or (counts < 0).any() or not counts.sum() > 0:
        raise ValueError(f"a table of agreement must be square, with counts; got shape {counts.shape}.")
    return counts


def _drawn_rows(counts: FloatArray, rng: np.random.Generator, *, n_boot: int) -> FloatArray:
    """Probabilities of given codes for true ones [1 + B, k, k]: as counted, then drawn row by row."""
    sizes = counts.sum(axis=1).astype(int)
    rows = [
        rng.multinomial(size, row / row.sum(), size=n_boot) for size, row in zip(sizes, counts, strict=True)
    ]
    drawn = np.stack(rows, axis=1) / sizes[None, :, None]
    return np.concatenate([(counts / sizes[:, None])[None], drawn])


def _unmixed(seen: FloatArray, mistakes: FloatArray) -> FloatArray:
    """True shares [B, k] with the largest likelihood of what was given."""
    # Replicates lie in the last axis, so that every operation runs over all of them at once.
    given = np.ascontiguousarray(seen.T)
    chances = np.ascontiguousarray(mistakes.transpose(1, 2, 0))
    given /= np.maximum(given.sum(axis=0), 1e-12)
    shares = np.full(given.shape, 1 / len(given))
    joint = np.empty_like(chances)
    for _ in range(_ROUNDS):
        np.multiply(shares[:, None], chances, out=joint)
        expected = joint.sum(axis=0)
        ratio = np.divide(given, expected, out=np.zeros_like(given), where=expected > 0)
        joint *= ratio
        shares = joint.sum(axis=1)
    return np.ascontiguousarray(shares.T)
