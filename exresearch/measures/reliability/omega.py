"""McDonald's omega: the share of a score's variance that one common factor explains."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.measures.factors import OneFactor, factor_derivatives, one_factor
from exresearch.measures.reliability.answers import (
    Answers,
    checked_answers,
    covariance_matrix,
    deletions,
)
from exresearch.measures.reliability.intervals import (
    Reliability,
    check_level,
    jackknife_interval,
    without_estimate,
    words_of,
)

FloatArray = NDArray[np.float64]
Variance = Literal["observed", "model"]
VARIANCES = ("observed", "model")
# A smallest eigenvalue of the correlations below this is a combination of items without variance.
_SINGULAR = 1e-8


def omega_total(
    items: pd.DataFrame,
    *,
    weights: pd.Series | None = None,
    cluster: pd.Series | None = None,
    variance: Variance = "observed",
    conf_level: float = 0.95,
) -> Reliability:
    """Compute McDonald's omega from a one-factor model, with an interval free of distributions.

    When to use it: instead of alpha where items measure one thing unequally well, which is nearly always. With loadings
    ``l`` and residual variances ``u`` of the maximum likelihood solution, ``omega = (sum l)^2 / V``. For
    ``"observed"`` V is the variance of the sum in the data, so that omega is a share of the variance that the score
    really has; for ``"model"`` it is ``(sum l)^2 + sum u``, which calls what the model does not explain no variance at
    all and comes out too high where items share more than the factor. The two agree for three items, whose
    model always fits, and where they differ much the items measure more than one thing. Hence the first is the default.

    Parameters
    ----------
    items : pandas.DataFrame [n, k]
        Three or more numeric columns, one per item, all turned so that higher means more. Rows that lack an answer are
        left out.
    weights : pandas.Series, optional
        Weight of each row, above 0; the unit does not matter.
    cluster : pandas.Series, optional
        Group of each row; answers of a group depend on each other. A row without one is a group by itself.
    variance : {"observed", "model"}
        Which variance of the score omega is a share of. In R: ``semTools::compRelSEM(fit)`` and row ``omega3``
        of ``semTools::reliability(fit)``, or its row ``omega``.
    conf_level : float
        Level of the interval.

    Returns
    -------
    Reliability
        ``coefficient`` is ``omega_total``. The interval is that of :func:`jackknife_interval`; without a group the
        parameters move by their derivatives with the covariances (one Newton step) and omega is computed anew. Where
        the model leaves an item no variance of its own (a Heywood case) there is no estimate, and ``reason`` says so.

    Raises
    ------
    ValueError
        If items, weights or clusters are not as described, or there are fewer than three items: one correlation cannot
        tell two loadings. For two, ``guttman_lambdas(items).lambda_3`` is the Spearman-Brown coefficient.

    References
    ----------
    McDonald, R. P. (1999). *Test Theory: A Unified Treatment*. https://doi.org/10.4324/9781410601087

    Kelley, K., & Pornprasertmanit, S. (2016). Confidence intervals for population reliability coefficients.
    *Psychological Methods*, 21(1), 69-92. https://doi.org/10.1037/a0040086

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> factor = rng.normal(size=(500, 1))
    >>> items = pd.DataFrame(factor * [0.9, 0.7, 0.5] + rng.normal(size=(500, 3)) * [0.44, 0.71, 0.87])
    >>> omega = omega_total(items)
    >>> bool(omega.conf_low < 0.751 < omega.conf_high)
    True
    """
    check_level(conf_level)
    if variance not in VARIANCES:
        raise ValueError(f"variance must be one of {', '.join(VARIANCES)}; got {variance!r}.")
    if isinstance(items, pd.DataFrame) and items.shape[1] < 3:
        raise ValueError(
            f"omega_total needs 3 or more items; got {items.shape[1]}: one correlation cannot tell two loadings. Use "
            "the Spearman-Brown coefficient, guttman_lambdas(items).lambda_3."
        )
    answers = checked_answers(items, weights=weights, cluster=cluster, handling="listwise")
    method = f"one-factor maximum likelihood, {variance} variance; {words_of(answers)}"
    matrix = covariance_matrix(answers)
    n, k = len(answers.scores), len(answers.names)
    lacking = fault_of(matrix, n=n)
    model = None if lacking else one_factor(matrix[None])
    if model is not None and model.heywood[0]:
        lacking = "heywood"
    elif model is not None and not model.converged[0]:
        lacking = "not_fitted"
    if model is None or lacking:
        return without_estimate("omega_total", lacking, answers=answers, conf_level=conf_level, method=method)
    estimate = _omega(model.loadings[0], model.uniquenesses[0], matrix.sum(), variance)
    error = low = high = float("nan")
    if answers.n_groups > 1:
        left_out = _left_out(answers, matrix, model, variance)
        limits = jackknife_interval(estimate, left_out, conf_level=conf_level)
        error, low, high = (float(value) for value in limits)
    if np.isnan(low):
        reason = "few_groups" if answers.n_groups < 2 else "one_group"
        return without_estimate(
            "omega_total", reason, answers=answers, conf_level=conf_level, method=method, estimate=estimate
        )
    return Reliability(
        coefficient="omega_total",
        estimate=estimate,
        std_error=error,
        conf_low=low,
        conf_high=high,
        conf_level=conf_level,
        n=n,
        n_items=k,
        n_clusters=answers.n_groups,
        method=method,
        n_pairwise=n,
    )


def fault_of(matrix: FloatArray, *, n: int) -> str:
    """Say why no factor model can be fitted to covariances of n rows: a key of ``REASONS``, or nothing."""
    if np.isnan(matrix).any() or n <= len(matrix) + 1:
        return "few_sheets"
    scale = np.sqrt(np.diag(matrix))
    if not (scale > _SINGULAR * scale.max()).all():
        return "no_variance"
    return "" if np.linalg.eigvalsh(matrix / np.outer(scale, scale))[0] > _SINGULAR else "not_fitted"


def _omega(loadings: FloatArray, uniquenesses: FloatArray, total: float, variance: str) -> float:
    common = float(loadings.sum()) ** 2
    return common / (float(total) if variance == "observed" else common + float(uniquenesses.sum()))


def _left_out(answers: Answers, matrix: FloatArray, model: OneFactor, variance: str) -> FloatArray:
    """Omega with each group left out, the parameters moved by their derivatives."""
    nothing = np.full(answers.n_groups, np.nan)
    try:
        derivatives = factor_derivatives(matrix[None], model)[0]
    except np.linalg.LinAlgError:
        return nothing
    k = len(matrix)
    # Omega needs the sums of the parameters alone.
    by_loading, by_unique = derivatives[:k].sum(axis=0), derivatives[k:].sum(axis=0)
    loading = np.full(answers.n_groups, float(model.loadings.sum()))
    unique = np.full(answers.n_groups, float(model.uniquenesses.sum()))
    total = np.zeros(answers.n_groups)
    for i, j, covariances in deletions(answers):
        times = 1 if i == j else 2
        change = covariances - matrix[i, j]
        loading += (by_loading[i, j] + by_loading[j, i]) * change * (times / 2)
        unique += (by_unique[i, j] + by_unique[j, i]) * change * (times / 2)
        total += times * covariances
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(loading**2 / (total if variance == "observed" else loading**2 + unique))
