"""Unit means drawn towards the mean of all units, so that small units do not lead and trail by luck."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from exresearch.measures.aggregation.reml import reml_between

#: With fewer units the variance between them cannot be told from the data.
LEAST_UNITS = 5
_COLUMNS = [
    "unit", "n", "mean", "std_error", "shrunken", "shrunken_low", "shrunken_high", "reliability", "rank", "rank_low",
    "rank_high",
]  # fmt: skip


def shrunken_means(
    means: pd.DataFrame, *, conf_level: float = 0.95, n_draws: int = 2000, seed: int
) -> pd.DataFrame:
    """Estimate the true mean of each unit from its own mean and from those of all units, and rank the units.

    When to use it: to compare or rank units of different sizes. Of plain means, the highest and the lowest belong
    mostly to small units.

    Parameters
    ----------
    means : pandas.DataFrame
        One row per unit with ``unit, n, mean, std_error``, such as :func:`unit_means` gives; at least five rows, no
        value missing, standard errors above 0. With ``own_variance_from=inf`` there, the result is close to
        that of a mixed model with one variance within all units, which would estimate both variances together.
    conf_level : float
        Level of the intervals of value and rank, between 0 and 1.
    n_draws : int
        Simulated sets of true means behind the rank intervals.
    seed : int
        Seed of these draws.

    Returns
    -------
    pandas.DataFrame
        One row per unit, in the order of their names: ``unit, n, mean, std_error``; ``shrunken, shrunken_low,
        shrunken_high``; ``reliability``, the part of a unit's own mean in ``shrunken``, from 0 to 1; ``rank`` of
        ``shrunken``, 1 the highest, equal values sharing a rank, with ``rank_low, rank_high``.

    Raises
    ------
    ValueError
        If a column is missing, there are fewer than five units, a unit stands twice, a value is missing, or a standard
        error is not above 0.

    Notes
    -----
    ``shrunken = centre + reliability (mean - centre)``, ``reliability = between / (between + std_error^2)``, with
    ``between`` by restricted maximum likelihood and ``centre`` the mean weighted by ``1 / (between + std_error^2)``:
    the best linear unbiased predictor. The variance of its error is Morris's, which counts that ``between`` is itself
    estimated: with V the squared standard error and ``B = (G - 3) / (G - 1) (1 - reliability)``,
    ``V (1 - (G - 1) / G B) + 2 / (G - 3) B^2 (mean(V) + between) / (V + between) (mean - centre)^2``.

    An interval holds the truth at its level on average over units. For a single unit far from all others it does so
    less often: shrinkage is a bet that units are alike.

    References
    ----------
    Morris, C. N. (1983). Parametric empirical Bayes inference: theory and applications. *Journal of the American
    Statistical Association*, 78(381), 47-55. https://doi.org/10.1080/01621459.1983.10477920

    Goldstein, H. & Spiegelhalter, D. J. (1996). League tables and their limitations. *Journal of the Royal Statistical
    Society A*, 159(3), 385-443. https://doi.org/10.2307/2983325

    Examples
    --------
    >>> units = pd.DataFrame({"unit": list("abcde"), "n": 4, "mean": [1.0, 2, 3, 4, 9], "std_error": 1.0})
    >>> shrunken_means(units, seed=1)[["shrunken", "rank"]].round(2).to_numpy().tolist()[-1]
    [8.46, 1.0]
    """
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must be between 0 and 1; got {conf_level!r}.")
    missing = [name for name in ("unit", "n", "mean", "std_error") if name not in means]
    if missing:
        raise ValueError(
            f"means must have the columns unit, n, mean, std_error; missing: {', '.join(missing)}."
        )
    if len(means) < LEAST_UNITS:
        raise ValueError(f"means must have at least {LEAST_UNITS} units; got {len(means)}.")
    if means["unit"].duplicated().any():
        raise ValueError("means must have one row per unit; some units stand twice.")
    frame = means[["unit", "n", "mean", "std_error"]].sort_values("unit", ignore_index=True)
    y, error = frame["mean"].to_numpy(dtype="float64"), frame["std_error"].to_numpy(dtype="float64")
    if not (np.isfinite(y).all() and (error > 0).all() and np.isfinite(error).all()):
        raise ValueError("means must have a value and a standard error above 0 for every unit.")
    n_units, v = len(frame), error**2
    between = reml_between(y, v)
    w = 1 / (between + v)
    centre = float(w @ y / w.sum())
    reliability = between / (between + v)
    shrunken = centre + reliability * (y - centre)
    part = (n_units - 3) / (n_units - 1) * (1 - reliability)
    sd = np.sqrt(
        v * (1 - (n_units - 1) / n_units * part)
        + 2 / (n_units - 3) * part**2 * (v.mean() + between) * w * (y - centre) ** 2
    )
    half = float(norm.ppf(0.5 + conf_level / 2)) * sd
    draws = shrunken + sd * np.random.default_rng(seed).standard_normal((n_draws, n_units))
    ranks = rankdata(-draws, axis=1)
    tail = (1 - conf_level) / 2
    rank = rankdata(-shrunken)
    low, high = np.quantile(ranks, [tail, 1 - tail], axis=0, method="inverted_cdf")
    frame["shrunken"], frame["shrunken_low"], frame["shrunken_high"] = (
        shrunken,
        shrunken - half,
        shrunken + half,
    )
    frame["reliability"], frame["rank"] = reliability, rank
    # A unit of few answers can have a shrunken value above its middle rank.
    frame["rank_low"], frame["rank_high"] = np.minimum(low, rank), np.maximum(high, rank)
    return frame[_COLUMNS]
