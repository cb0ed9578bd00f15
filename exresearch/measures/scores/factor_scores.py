"""One factor behind the items of a construct: maximum likelihood, and Bartlett's scores on the items' own scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.measures.factors import one_factor

_LEAST_ITEMS = 3
# De Winter, Dodou & Wieringa (2009) call 50 the least that authors usually dare; one strong factor needs no more.
_LEAST_SHEETS = 50
FACTOR_REASONS = {
    "few_items": "A factor score needs at least 3 items; score the mean or the sum instead.",
    "few_sheets": "A factor score needs at least 50 answer sheets on which all items are answered.",
    "constant": "One of the items has the same answer on every complete sheet, so that no factor can be found.",
    "alike": "Some of the items follow from the others exactly, so that no factor can be found; leave one out.",
    "improper": (
        "One of the items would be the factor by itself (a Heywood case); score the mean or the sum instead."
    ),
    "opposed": (
        "One of the items goes against the others: see whether it is reversed, or score the mean or the sum instead."
    ),
}


class NotScorable(ValueError):
    """No factor can be found behind these items.

    Attributes
    ----------
    reason : str
        Why, as a sentence without names.
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class FactorModel:
    """A model of one factor with variance 1: ``item = mean + loading * factor + error``.

    Attributes
    ----------
    means, loadings, uniquenesses : numpy.ndarray
        Per item, in its own units; uniquenesses are variances of the errors.
    n : int
        Complete sheets that it was fitted on.
    """

    means: NDArray[np.float64]
    loadings: NDArray[np.float64]
    uniquenesses: NDArray[np.float64]
    n: int


def fit_factor(answers: pd.DataFrame, *, weights: pd.Series | None = None) -> FactorModel:
    """Fit a model of one factor by maximum likelihood.

    When to use it: for scores whose weights the data choose, and nowhere else here. It says nothing about whether one
    factor is enough.

    Parameters
    ----------
    answers : pandas.DataFrame
        One column per item, oriented. Sheets with a missing answer are left out of the fit.
    weights : pandas.Series, optional
        Survey weights in the order of ``answers``; their unit does not matter. A sheet without one, or with 0, is left
        out of the fit.

    Returns
    -------
    FactorModel
        Loadings are all positive.

    Raises
    ------
    NotScorable
        If there are fewer than 3 items or 50 complete sheets, an item does not vary or follows from the others, an
        item is the factor by itself, or goes against the others.

    Notes
    -----
    The fit is that of :func:`exresearch.measures.factors.one_factor`, as by R's ``factanal(x, 1)``.

    References
    ----------
    Joreskog, K. G. (1967). Some contributions to maximum likelihood factor analysis. *Psychometrika*, 32, 443-482.
    https://doi.org/10.1007/BF02289658; De Winter, Dodou & Wieringa (2009). Exploratory factor analysis with small
    sample sizes. *Multivariate Behavioral Research*, 44, 147-181. https://doi.org/10.1080/00273170902794206

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> factor = rng.standard_normal((4000, 1))
    >>> answers = pd.DataFrame(factor * [1.0, 0.8, 0.6] + rng.standard_normal((4000, 3)), columns=list("abc"))
    >>> fit_factor(answers).loadings.round(1).tolist()
    [1.0, 0.8, 0.6]
    """
    if answers.shape[1] < _LEAST_ITEMS:
        raise _not_scorable("few_items")
    used = answers.notna().all(axis=1)
    if weights is not None:
        used &= weights.notna() & (weights > 0)
    if int(used.sum()) < _LEAST_SHEETS:
        raise _not_scorable("few_sheets")
    x = answers[used].to_numpy(dtype=np.float64)
    w = np.ones(len(x)) if weights is None else weights[used].to_numpy(dtype=np.float64)
    w = w / w.sum()
    means = w @ x
    covariance = (x - means).T @ ((x - means) * w[:, None])
    spread = np.sqrt(np.diag(covariance))
    if (x.max(axis=0) == x.min(axis=0)).any():
        raise _not_scorable("constant")
    correlations = covariance / np.outer(spread, spread)
    if np.linalg.eigvalsh(correlations)[0] < 1e-8:
        raise _not_scorable("alike")
    found = one_factor(covariance[None])
    if found.heywood[0] or not found.converged[0]:
        raise _not_scorable("improper")
    loadings, uniquenesses = found.loadings[0], found.uniquenesses[0]
    if (loadings <= 0).any():
        raise _not_scorable("opposed")
    return FactorModel(means, loadings, uniquenesses, len(x))


def bartlett_scores(answers: pd.DataFrame, model: FactorModel) -> pd.Series:
    """Give each sheet its factor score, in points of the items' own scale.

    Bartlett's score is the factor that explains a sheet's answers best, ``f = sum(b (x - mean)) / sum(b loading)`` over
    the answered items, with ``b = loading / uniqueness``. It is unbiased for the factor, unlike the regression score,
    which draws sheets with many gaps towards the middle. It comes back as ``sum(b mean) / sum(b) + f * sum(b loading) /
    sum(b)``, sums over all items. That is a straight line of ``f``, so that nothing changes but the unit, and of a
    complete sheet it is the weighted mean ``sum(b x) / sum(b)`` of its answers: somebody who answers 5 everywhere
    scores 5.

    Parameters
    ----------
    answers : pandas.DataFrame
        The items of the model, oriented; missing answers are left out of a sheet's score.
    model : FactorModel
        From :func:`fit_factor`.

    Returns
    -------
    pandas.Series
        Score of each sheet with at least one answer. Of a complete sheet it lies within the scale; of one with gaps it
        can lie a little outside, because items that are hard to agree with count as such.

    References
    ----------
    Bartlett, M. S. (1937). The statistical conception of mental factors. *British Journal of Psychology*, 28, 97-104.
    https://doi.org/10.1111/j.2044-8295.1937.tb00863.x. In R: ``factanal(x, 1, scores = "Bartlett")``.

    Examples
    --------
    >>> model = FactorModel(np.array([3.0, 4.0]), np.array([1.0, 1.0]), np.array([1.0, 3.0]), 100)
    >>> bartlett_scores(pd.DataFrame({"a": [5.0, 1.0, 4.0], "b": [5.0, 5.0, None]}), model).round(6).tolist()
    [5.0, 2.0, 4.25]
    """
    strength = model.loadings / model.uniquenesses
    information = strength * model.loadings
    x = answers.to_numpy(dtype=np.float64)
    answered = np.isfinite(x)
    known = answered @ information
    explained = np.where(answered, x - model.means, 0.0) @ strength
    factor = np.divide(explained, known, out=np.full(len(x), np.nan), where=known > 0)
    total = strength.sum()
    return pd.Series(
        float(strength @ model.means) / total + factor * float(information.sum()) / total, index=answers.index
    )


def _not_scorable(key: str) -> NotScorable:
    return NotScorable(FACTOR_REASONS[key], reason=FACTOR_REASONS[key])
