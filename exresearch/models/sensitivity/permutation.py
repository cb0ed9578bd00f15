"""Whether a whole specification curve could come from chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from exresearch.models.columns import check_columns, label_codes
from exresearch.models.names import name_list, optional_name
from exresearch.models.resampling import NotEstimable, check_whole
from exresearch.models.sensitivity.curve import Estimator, SpecificationCurve, specification_rows

FloatArray = NDArray[np.float64]

#: Statistics of a curve that are tested.
STATISTICS = ("median", "share_excluding_null", "stouffer")
_NEEDED = ("estimate", "conf_low", "conf_high", "p_value")
# Rounding in sums of the same estimates.
_TIE = 1e-12
# Units times shuffles at once.
_CELLS = 500_000


def _statistics(estimates: FloatArray, null: float) -> dict[str, float]:
    """The three statistics of estimates [m, 4] as in `_NEEDED`, large when they lie far on their median's side."""
    made = estimates[np.isfinite(estimates[:, 0])]
    if not len(made):
        return dict.fromkeys(STATISTICS, np.nan)
    middle = float(np.median(made[:, 0])) - null
    side = -1.0 if middle < 0.0 else 1.0
    outside = made[:, 1] > null if side > 0.0 else made[:, 2] < null
    # A p value of zero is one that floats do not hold.
    score = np.sign(made[:, 0] - null) * -ndtri(np.maximum(made[:, 3], 1e-300) / 2.0)
    return {
        "median": side * middle,
        "share_excluding_null": float(outside.mean()),
        "stouffer": side * float(score.sum()) / float(np.sqrt(len(score))),
    }


def _blocks(
    data: pd.DataFrame, columns: Sequence[str], cluster: str | None
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """The first row of each block and the block of each row."""
    if cluster is None:
        return np.arange(len(data)), np.arange(len(data))
    if data[cluster].isna().any():
        raise ValueError(
            f"cluster column '{cluster}' has {int(data[cluster].isna().sum())} missing values: give each row a unit, "
            "or leave those rows out first and say so."
        )
    codes, _ = label_codes(data[cluster], argument="cluster")
    changing = []
    for name in columns:
        pairs = pd.DataFrame({"unit": codes, "value": data[name].array}).drop_duplicates()
        if len(pairs) > len(np.unique(codes)):
            changing.append(name)
    if changing:
        raise ValueError(
            f"columns {changing} vary within '{cluster}', so they cannot be shuffled between its units: aggregate "
            "first, or leave cluster out."
        )
    return np.unique(codes, return_index=True)[1], codes


def specification_test(
    curve: SpecificationCurve,
    data: pd.DataFrame,
    *,
    estimate: Estimator,
    permute: Sequence[str],
    cluster: str | None = None,
    n_permutations: int = 500,
    seed: int,
) -> pd.DataFrame:
    """Joint permutation test of a specification curve: could an exposure without any link give all of it.

    Use it when specifications agree and one asks whether so much agreement is chance: they share data, so that their
    p values may not be added up. Rejecting says that something is there, not that it is large or causal.

    Parameters
    ----------
    curve : SpecificationCurve
        From `specification_curve` with the same data and estimator; estimates need p_value and an interval.
    data : DataFrame
        What the curve was made from.
    estimate : callable
        As for the curve.
    permute : sequence of str
        Columns of the exposure. They are shuffled together over the rows.
    cluster : str, optional
        Column with the unit; the exposure, constant within units, is then shuffled between units.
    n_permutations : int
        Number of shuffles B; each runs all specifications.
    seed : int
        Seed of the shuffles.

    Returns
    -------
    DataFrame, one row per statistic
        statistic: median (of the estimates, distance from the null on the side of the observed median),
        share_excluding_null (intervals that leave the null out on that side) and stouffer (sum of z of all
        specifications over the root of their number); observed; expected (mean under the null); p_value; n_permutations
        (shuffles with an answer); n_failed (without one); seed.

    Raises
    ------
    ValueError
        Columns missing, an exposure that varies within units, too few permutations, or estimates without p values.
    NotEstimable
        No specification has an estimate.

    Notes
    -----
    p = (1 + number of shuffles with a statistic at least as large, on either side, as the observed one) / (1 + B). Each
    shuffled curve is judged on the side of its own median, so the test is two-sided. The null is that the
    exposure is exchangeable between rows: linked to neither the outcome nor the covariates.

    References
    ----------
    Simonsohn, Simmons & Nelson (2020), doi:10.1038/s41562-020-0912-z

    Examples
    --------
    >>> from exresearch.models.regression import linear_regression
    >>> from exresearch.models.sensitivity import specification_curve
    >>> rng = np.random.default_rng(1)
    >>> units = pd.DataFrame(rng.normal(size=(40, 3)), columns=["ex", "size", "cx"])
    >>> units["cx"] += units["ex"]
    >>> def slope(units, covariates):
    ...     fit = linear_regression(units, outcome="cx", predictors=["ex", *covariates])
    ...     return fit.table[fit.table["term"] == "ex"]
    >>> choices = {"covariates": {"none": [], "size": ["size"]}}
    >>> curve = specification_curve(units, specifications=choices, estimate=slope)
    >>> test = specification_test(curve, units, estimate=slope, permute=["ex"], n_permutations=19, seed=1)
    >>> test["p_value"].tolist()
    [0.05, 0.05, 0.05]
    """
    check_whole("n_permutations", n_permutations, least=19)
    check_whole("seed", seed, least=0)
    columns = name_list("permute", permute)
    optional_name("cluster", cluster)
    check_columns(data, numeric=[], other=[*columns, *(() if cluster is None else (cluster,))])
    made = curve.table[curve.table["estimate"].notna()]
    if not len(made):
        raise NotEstimable("none of the specifications could be estimated, so there is nothing to test.")
    without = int(made[list(_NEEDED)].isna().any(axis=1).sum())
    if without:
        raise ValueError(f"{without} estimates have no {list(_NEEDED[1:])}: let estimate give them.")
    first, block = _blocks(data, columns, cluster)
    observed = _statistics(curve.table[list(_NEEDED)].to_numpy(np.float64), curve.null)
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(n_permutations):
        source = first[rng.permutation(len(first))][block]
        shuffled = data.copy(deep=False)
        for name in columns:
            shuffled[name] = data[name].array.take(source)
        rows = specification_rows(shuffled, curve.specifications, estimate)
        drawn.append(_statistics(np.array([[row[name] for name in _NEEDED] for row in rows]), curve.null))
    under_null = pd.DataFrame(drawn, columns=list(STATISTICS))
    answered = under_null[under_null["median"].notna()]
    return pd.DataFrame(
        {
            "statistic": list(STATISTICS),
            "observed": [observed[name] for name in STATISTICS],
            "expected": [float(answered[name].mean()) for name in STATISTICS],
            "p_value": [
                (1 + int((answered[name] >= observed[name] - _TIE * abs(observed[name])).sum()))
                / (1 + len(answered))
                for name in STATISTICS
            ],
            "n_permutations": len(answered),
            "n_failed": len(under_null) - len(answered),
            "seed": seed,
        }
    )


def specification_median_test(
    estimates: Callable[[NDArray[np.intp]], FloatArray],
    *,
    n_units: int,
    null: float = 0.0,
    n_permutations: int = 500,
    seed: int,
) -> pd.DataFrame:
    """Permutation test of the median of a specification curve, for estimators that work on arrays.

    Use it in place of `specification_test` where that takes too long: thousands of fits through a table cost more in
    handling than in reckoning, and the median needs estimates alone.

    Parameters
    ----------
    estimates : callable
        Given orders [B, n_units], the estimates [B, m] of all specifications with, in row b, the exposure of unit
        `orders[b, i]` at unit i; missing where there is none. Called with as many orders at once as memory bears.
    n_units : int
        Units that are shuffled.
    null : float
        Value of no effect, on the scale of the estimates (0 for logarithms of ratios).
    n_permutations, seed : int
        As in `specification_test`.

    Returns
    -------
    DataFrame of one row
        As `specification_test`, for the median.

    Raises
    ------
    ValueError
        Too few permutations or units.
    NotEstimable
        No specification has an estimate.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> ex = rng.normal(size=40)
    >>> cx = ex + rng.normal(size=40)
    >>> slope = lambda orders: (ex[orders] - ex.mean()) @ (cx - cx.mean())[:, None]
    >>> specification_median_test(slope, n_units=40, n_permutations=19, seed=1)["p_value"].tolist()
    [0.05]
    """
    check_whole("n_permutations", n_permutations, least=19)
    check_whole("seed", seed, least=0)
    check_whole("n_units", n_units, least=2)

    def distances(orders: NDArray[np.intp]) -> FloatArray:
        found = np.array(estimates(orders), dtype=np.float64)
        made = np.isfinite(found)
        far = np.full(len(found), np.nan)
        some = made.any(axis=1)
        far[some] = np.abs(np.nanmedian(np.where(made, found, np.nan)[some], axis=1) - null)
        return far

    observed = float(distances(np.arange(n_units)[None, :])[0])
    if np.isnan(observed):
        raise NotEstimable("none of the specifications could be estimated, so there is nothing to test.")
    rng = np.random.default_rng(seed)
    step = max(1, _CELLS // n_units)
    drawn = np.concatenate(
        [
            distances(np.stack([rng.permutation(n_units) for _ in range(min(step, n_permutations - start))]))
            for start in range(0, n_permutations, step)
        ]
    )
    answered = drawn[np.isfinite(drawn)]
    return pd.DataFrame(
        {
            "statistic": ["median"],
            "observed": observed,
            "expected": float(answered.mean()) if len(answered) else np.nan,
            "p_value": (1 + int((answered >= observed * (1.0 - _TIE)).sum())) / (1 + len(answered)),
            "n_permutations": len(answered),
            "n_failed": n_permutations - len(answered),
            "seed": seed,
        }
    )
