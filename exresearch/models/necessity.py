"""Necessary condition analysis: what must be there for a high outcome, whatever else there is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from exresearch.models.ceiling import Ceiling, FloatArray, ceiling_line, line_area, scope_of
from exresearch.models.resampling import NotEstimable, check_whole

_LEAST_ROWS = 10
# Answers permuted at once: 32 MB.
_CELLS_AT_ONCE = 4_000_000


def necessity(
    data: pd.DataFrame,
    *,
    outcome: str,
    conditions: Sequence[str],
    scope: tuple[float, float, float, float] | None = None,
    n_permutations: int = 1000,
    seed: int,
) -> pd.DataFrame:
    """Test for each condition whether it is necessary for the outcome.

    Parameters
    ----------
    data : pandas.DataFrame
        One row per person: rows have to be independent, because the test permutes them. Rows without the outcome or a
        condition are left out for that condition.
    outcome : str
        Numeric column.
    conditions : sequence of str
        Numeric columns.
    scope : tuple of float, optional
        Ends of the scales, (x low, x high, y low, y high); those observed when left out.
    n_permutations : int
        Random pairings of condition and outcome; at least 99.
    seed : int
        Of these.

    Returns
    -------
    pandas.DataFrame
        Per condition and method: ``condition, method, effect_size`` (d), ``p_value`` (share of random pairings with at
        least that d, the observed one counted among them), ``accuracy, n_peers, intercept, slope, n, n_excluded``.

    Raises
    ------
    ValueError
        If columns are missing, or there are fewer than 99 permutations.
    NotEstimable
        If fewer than ten rows have outcome and condition, or one of these does not vary.

    References
    ----------
    Dul, J., van der Laan, E. & Kuik, R. (2020). A statistical significance test for necessary condition analysis.
    *Organizational Research Methods*, 23, 385-395. doi:10.1177/1094428118795272

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({"rating": rng.integers(1, 8, 300)})
    >>> data["enps"] = np.minimum(rng.integers(0, 11, 300), 3 + data["rating"])
    >>> found = necessity(data, outcome="enps", conditions=["rating"], n_permutations=199, seed=1)
    >>> found[["method", "p_value"]].values.tolist()
    [['ce_fdh', 0.005], ['cr_fdh', 0.005]]
    """
    check_whole("n_permutations", n_permutations, least=99)
    absent = [name for name in (outcome, *conditions) if name not in data]
    if absent:
        raise ValueError(f"necessity needs columns that the data lack: {', '.join(absent)}.")
    rows = []
    for number, condition in enumerate(conditions):
        complete = data[[condition, outcome]].dropna().astype("float64")
        if len(complete) < _LEAST_ROWS:
            raise NotEstimable(
                f"{len(complete)} rows are too few to draw a ceiling; {_LEAST_ROWS} are needed."
            )
        x, y = complete[condition].to_numpy(), complete[outcome].to_numpy()
        lines = {method: ceiling_line(x, y, method=method, scope=scope) for method in ("ce_fdh", "cr_fdh")}
        random = _permuted(x, y, scope=scope, n=n_permutations, seed=[seed, number])
        for method, line in lines.items():
            reached = int((random[method] >= line.effect_size - 1e-12).sum())
            rows.append(
                {
                    "condition": condition,
                    "method": method,
                    "effect_size": line.effect_size,
                    "p_value": (1 + reached) / (1 + n_permutations),
                    "accuracy": line.accuracy,
                    "n_peers": len(line.peers),
                    "intercept": line.intercept,
                    "slope": line.slope,
                    "n": len(complete),
                    "n_excluded": len(data) - len(complete),
                }
            )
    return pd.DataFrame(rows)


def bottlenecks(lines: dict[str, Ceiling], *, levels: Sequence[float]) -> pd.DataFrame:
    """Give the lowest value of each condition that goes with each level of the outcome.

    Returns
    -------
    pandas.DataFrame
        One row per level, ``level`` and a column per condition: NaN where nothing is necessary, infinity where the
        condition would have to lie beyond its scale.

    Examples
    --------
    >>> bottlenecks({"rating": ceiling_line([1, 2, 3], [4, 6, 9])}, levels=[4, 5, 9])["rating"].tolist()
    [nan, 2.0, 3.0]
    """
    return pd.DataFrame(
        [{"level": float(y)} | {name: line.required(y) for name, line in lines.items()} for y in levels]
    )


def _permuted(
    x: FloatArray, y: FloatArray, *, scope: tuple[float, float, float, float] | None, n: int, seed: list[int]
) -> dict[str, FloatArray]:
    """Effect sizes of both ceilings for random pairings, all at once: only the highest y at each x matters."""
    rng = np.random.default_rng(seed)
    bounds = scope_of(np.column_stack([x, y]), scope)
    low_x, high_x, low_y, high_y = bounds
    values, starts = np.unique(np.sort(x), return_index=True)
    edges = np.diff(np.concatenate([values, [high_x]]))
    whole = (high_x - low_x) * (high_y - low_y)
    sizes: dict[str, list[FloatArray]] = {"ce_fdh": [], "cr_fdh": []}
    per_chunk = max(1, _CELLS_AT_ONCE // len(y))
    # Ranks are drawn in place of values: of answers on a scale they take a byte each.
    scale, ranks = np.unique(y, return_inverse=True)
    ranks = ranks.astype(np.min_scalar_type(len(scale)))
    for start in range(0, n, per_chunk):
        drawn = rng.permuted(np.tile(ranks, (min(per_chunk, n - start), 1)), axis=1)
        tops = scale[np.maximum.accumulate(np.maximum.reduceat(drawn, starts, axis=1), axis=1)]
        area = (values[0] - low_x) * (high_y - low_y) + (high_y - tops) @ edges
        sizes["ce_fdh"].append(area / whole)
        before = np.column_stack([np.full(len(tops), -np.inf), tops[:, :-1]])
        peers = (tops > before).astype(np.float64)
        count = peers.sum(axis=1)
        mean_x, mean_y = peers @ values / count, (peers * tops).sum(axis=1) / count
        gap = (values[None, :] - mean_x[:, None]) * peers
        square = (gap**2).sum(axis=1)
        slope = np.divide((gap * tops).sum(axis=1), square, out=np.zeros_like(square), where=square > 0)
        rises = slope > 0
        lines = np.zeros_like(slope)
        lines[rises] = line_area((mean_y - slope * mean_x)[rises], slope[rises], bounds)
        sizes["cr_fdh"].append(lines / whole)
    return {method: np.concatenate(found) for method, found in sizes.items()}
