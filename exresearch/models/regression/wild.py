"""The restricted wild cluster bootstrap: a test of one coefficient when clusters are few."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.regression.contrasts import combination_matrix
from exresearch.models.regression.design import Design
from exresearch.models.regression.linear import LinearFit
from exresearch.models.regression.sandwich import check_variances
from exresearch.models.resampling import NotEstimable, check_resampling

FloatArray = NDArray[np.float64]
Multipliers = Literal["auto", "rademacher", "webb"]

#: Below this many clusters two signs give too few different samples, and Webb's six points are drawn.
WEBB_BELOW = 12
# Samples that mirror the data tie with them exactly, up to rounding.
_TIE = 1e-9
# Steps outwards from the estimate in standard errors, between which the outermost crossing is looked for.
_STEPS = 0.125 * 1.1 ** np.arange(200)
_CELLS = 4_000_000


def _signs(clusters: int, start: int, stop: int) -> FloatArray:
    """Rows start to stop of all patterns of signs, up to mirror images: the last cluster keeps its sign."""
    bits = (np.arange(start, stop)[:, None] >> np.arange(clusters)) & 1
    return np.asarray(1.0 - 2.0 * bits)


def _multipliers(
    clusters: int, *, n_boot: int, distribution: str, enumerate_all: bool, seed: int
) -> Iterator[FloatArray]:
    """Multipliers [b, G] in chunks of bounded size; the same whatever the chunks."""
    rng = np.random.default_rng(seed)
    points = np.sqrt(np.array([0.5, 1.0, 1.5]))
    webb = np.concatenate([-points, points]).astype(np.float64)
    total = 2 ** (clusters - 1) if enumerate_all else n_boot
    step = max(1, _CELLS // clusters)
    for start in range(0, total, step):
        stop = min(start + step, total)
        if enumerate_all:
            yield _signs(clusters, start, stop)
        elif distribution == "webb":
            yield np.asarray(webb[rng.integers(6, size=(stop - start, clusters))])
        else:
            yield 2.0 * rng.integers(2, size=(stop - start, clusters)) - 1.0


def _cluster_terms(design: Design, direction: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Per cluster X'W e and X'W X c [G, k] in the rotated design."""
    size = design.size
    if design.kernels is not None:
        return design.scores, np.asarray(design.kernels[:, :size, -size:] @ direction)
    if design.generators is None:
        raise ValueError("a design holds kernels or generators.")
    return design.scores, design.generators[:, :size] * (design.generators[:, -size:] @ direction)[:, None]


def _replicates(
    design: Design, direction: FloatArray, multipliers: Iterator[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Numerator (linear) and squared denominator (quadratic) of each t* as polynomials in estimate - null."""
    scores, load = _cluster_terms(design, direction)
    length = float(direction @ direction)
    # Restricted scores are scores + (estimate - null) load / length; a product with the direction gives the share of
    # each cluster in the coefficient.
    own, pull = scores @ direction, load @ direction / length
    numerators, denominators = [], []
    for chunk in multipliers:
        free = chunk * own - (chunk @ scores) @ load.T
        tied = chunk * pull - (chunk @ load) @ load.T / length
        numerators.append(np.column_stack([chunk @ own, chunk @ pull]))
        denominators.append(
            np.column_stack(
                [(free * free).sum(axis=1), 2.0 * (free * tied).sum(axis=1), (tied * tied).sum(axis=1)]
            )
        )
    return np.concatenate(numerators), np.concatenate(denominators)


def wild_cluster_test(
    fit: LinearFit,
    *,
    combination: Mapping[str, float],
    null: float = 0.0,
    distribution: Multipliers = "auto",
    n_boot: int = 9999,
    conf_level: float | None = None,
    seed: int,
) -> pd.DataFrame:
    """Test and interval of one combination of coefficients by the restricted wild cluster bootstrap.

    Use it beside CR2 when clusters are few (under 30). It needs several clusters on both sides of the question: when
    one or two clusters alone carry a predictor it hardly ever rejects.

    Parameters
    ----------
    fit : LinearFit
        From `linear_regression` with a cluster; its covariance type plays no part.
    combination : mapping of term to weight
        For one coefficient {"term": 1}.
    null : float
        Value under test.
    distribution : {'auto', 'rademacher', 'webb'}
        Multipliers of the residuals of a cluster: signs, or Webb's six points. 'auto' takes Webb's below 12
        clusters, where signs give too few different samples. All patterns of signs are taken, instead of a
        sample, when there are no more than `n_boot` of them up to mirror images (to 14 clusters for 9,999).
    n_boot, conf_level, seed : int, float, int
        Replicates, coverage (that of the fit when left out) and seed.

    Returns
    -------
    DataFrame of one row
        term, estimate, std_error (CR1), statistic (estimate - null over it), p_value (two-sided, symmetric),
        conf_low, conf_high, n, n_clusters, n_excluded, n_boot (replicates used), conf_level, method.

    Raises
    ------
    ValueError
        As `linear_combinations`; a fit without clusters; options out of range.
    NotEstimable
        So few clusters that no interval of this coverage exists, or one that is unbounded.

    Notes
    -----
    Residuals of the fit under the null are multiplied by one random number per cluster, the model is fitted again
    without the null, and the t statistics (CR0) are compared with the one observed: Cameron, Gelbach & Miller (2008).
    Each refit needs the clusters' cross-products alone (MacKinnon 2023). Its t is a known function of estimate -
    null, so that the interval, the values of `null` with p > 1 - conf_level, uses the same replicates. The data count
    as one of the samples: p = (1 + number of |t*| >= |t|) / (1 + n_boot), or the share of all patterns; never 0. A
    share of 1 / 2^(G - 1) is the least, so that 95 % needs 6 clusters.
    In R: `fwildclusterboot::boottest(fit, param = "x", clustid = "g", B = 9999, type = "webb")`, Stata: `boottest`.

    References
    ----------
    Cameron, Gelbach & Miller (2008), doi:10.1162/rest.90.3.414; Roodman, MacKinnon, Nielsen & Webb (2019),
    doi:10.1177/1536867X19830877; Webb (2023), Reworking wild bootstrap-based inference for clustered errors, Canadian
    Journal of Economics 56, 839-858; MacKinnon (2023), Fast cluster bootstrap methods for linear regression models,
    Econometrics and Statistics 26, 52-71

    Examples
    --------
    >>> from exresearch.models.regression import linear_regression
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({"team": np.repeat(np.arange(12), 10), "x": rng.normal(size=120)})
    >>> data["y"] = data["x"] + rng.normal(size=12)[data["team"]] + rng.normal(size=120)
    >>> fit = linear_regression(data, outcome="y", predictors=["x"], cluster="team")
    >>> table = wild_cluster_test(fit, combination={"x": 1}, seed=1)
    >>> table[["term", "n_clusters", "n_boot"]].values.tolist(), bool(table["p_value"][0] < 0.01)
    ([['x', 12, 2048]], True)
    """
    level = fit.conf_level if conf_level is None else conf_level
    check_resampling(n_boot=n_boot, conf_level=level, seed=seed)
    if distribution not in ("auto", "rademacher", "webb"):
        raise ValueError(f"distribution must be 'auto', 'rademacher' or 'webb', got {distribution!r}.")
    design = fit.design
    if design.kernels is None:
        raise ValueError("the wild cluster bootstrap needs clusters: name a cluster in linear_regression.")
    weights = combination_matrix(fit, {"combination": combination})[0]
    clusters = design.n_clusters
    asked = distribution
    if asked == "auto":
        asked = "webb" if clusters < WEBB_BELOW else "rademacher"
    enumerate_all = asked == "rademacher" and clusters <= 40 and 2 ** (clusters - 1) <= n_boot
    least = 0.5 ** (clusters - 1)
    if (enumerate_all or asked == "rademacher") and least >= 1.0 - level:
        raise NotEstimable(
            f"{clusters} clusters have {2 ** (clusters - 1)} patterns of signs, too few for an interval of "
            f"{level:.0%}: use distribution='webb', or more clusters."
        )
    direction = design.to_raw.T @ weights
    term = " + ".join(
        name if value == 1.0 else f"{value:g} {name}" for name, value in combination.items() if value
    )
    scores = design.scores @ direction
    variance = float(scores @ scores)
    check_variances(design, np.array([variance]), (term,), direction[None, :])
    numerators, denominators = _replicates(
        design,
        direction,
        _multipliers(clusters, n_boot=n_boot, distribution=asked, enumerate_all=enumerate_all, seed=seed),
    )
    used = len(numerators)
    estimate = float(weights @ design.estimate)

    def p_value(distance: float) -> float:
        # |t*| >= |t| without a division, so that a replicate without variance counts as extreme.
        numerator = numerators @ np.array([1.0, distance])
        denominator = denominators @ np.array([1.0, distance, distance**2])
        extreme = int((numerator**2 >= distance**2 / variance * denominator * (1.0 - _TIE)).sum())
        return extreme / used if enumerate_all else (1 + extreme) / (1 + used)

    def limit(side: float) -> float:
        unit = side * np.sqrt(variance)
        inside = [step for step in _STEPS if p_value(step * unit) > 1.0 - level]
        if inside and inside[-1] == _STEPS[-1]:
            raise NotEstimable(
                f"the {level:.0%} interval of '{term}' by the wild cluster bootstrap is unbounded: too few of the "
                f"{clusters} clusters carry it."
            )
        low = inside[-1] if inside else 0.0
        high = _STEPS[np.searchsorted(_STEPS, low, side="right")]
        for _ in range(60):
            middle = 0.5 * (low + high)
            if p_value(middle * unit) > 1.0 - level:
                low = middle
            else:
                high = middle
        return float(estimate - high * unit)

    std_error = float(np.sqrt(variance * clusters / (clusters - 1)))
    kind = {"rademacher": "signs", "webb": "Webb's six points"}[asked]
    return pd.DataFrame(
        {
            "term": [term],
            "estimate": estimate,
            "std_error": std_error,
            "statistic": (estimate - null) / std_error,
            "p_value": p_value(estimate - null),
            "conf_low": limit(1.0),
            "conf_high": limit(-1.0),
            "n": design.n,
            "n_clusters": clusters,
            "n_excluded": design.n_excluded,
            "n_boot": used,
            "conf_level": level,
            "method": f"restricted wild cluster bootstrap t, {'all patterns of ' if enumerate_all else ''}{kind}",
        }
    )
