"""Importance of drivers for an outcome in categories: dominance over the likelihood of all subsets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from exresearch.models.likelihood.design import Design, Model, read_design
from exresearch.models.likelihood.subsets import Progress, fit_subsets
from exresearch.models.likelihood.tables import (
    coefficients_table,
    complete_table,
    conditional_table,
    importance_table,
    importance_values,
    subsets_table,
)
from exresearch.models.names import as_list
from exresearch.models.resampling import NotEstimable, check_conf_level, is_whole

FloatArray = NDArray[np.float64]

#: Measures of fit: pseudo R-squared by McFadden and by Nagelkerke.
FITS = ("mcfadden", "nagelkerke")
#: More players than this are refused: each doubles the number of models.
MAX_LIKELIHOOD_PLAYERS = 12


@dataclass(frozen=True, slots=True, eq=False)
class LikelihoodImportance:
    """Importance of P players by likelihood; made by `likelihood_importance`.

    Attributes
    ----------
    table : DataFrame
        driver, fit, importance, share, rank, n, model_fit, n_excluded, model; with `n_groups` also std_error, conf_low,
        conf_high, conf_level, n_groups.
    conditional : DataFrame
        driver, fit, n_others, importance: mean gain beside `n_others` other players.
    complete : DataFrame
        driver, other, fit, dominance (1: the driver adds at least as much as the other to every subset of the rest, -1:
        the reverse, 0: neither), share_greater (of these subsets, those to which it adds more). Both orders of a pair.
    subsets : DataFrame
        subset (names joined by " + "), n_players, log_likelihood and one column per measure of fit: every model.
    coefficients : DataFrame
        term, estimate, std_error, statistic, p_value, conf_low, conf_high, n of the model with all columns, on the
        scale of the columns: coefficients first, then the thresholds "0|1", "1|2", ... (logistic: the intercept).
        Standard errors are the model's: they know neither clusters nor that weights are not counts.
    log_likelihood, null_log_likelihood : float
        Of the model with all columns, and of the one without any.
    model : str
    n, n_excluded : int
        Complete rows, and rows left out.
    """

    table: pd.DataFrame
    conditional: pd.DataFrame
    complete: pd.DataFrame
    subsets: pd.DataFrame
    coefficients: pd.DataFrame
    log_likelihood: float
    null_log_likelihood: float
    model: str
    n: int
    n_excluded: int


def likelihood_importance(
    data: pd.DataFrame,
    *,
    outcome: str,
    drivers: Iterable[str],
    model: Model,
    blocks: Mapping[str, str] | None = None,
    covariates: Iterable[str] | None = None,
    weights: str | None = None,
    fits: Iterable[str] = FITS,
    cluster: str | None = None,
    n_groups: int | None = None,
    conf_level: float = 0.95,
    seed: int | None = None,
    progress: Progress | None = None,
) -> LikelihoodImportance:
    """Dominance analysis of drivers of an outcome that is not a number: yes or no, or ordered categories.

    Use it beside `relative_importance`, to show that a ranking does not rest on taking answers of 0 to 10 for numbers.

    Parameters
    ----------
    data : DataFrame
        One row per answer sheet. A row missing outcome, driver, covariate, weight or cluster is left out and counted.
    outcome : str
        0 and 1 for 'logistic', up to 20 ordered numbers for 'ordinal'.
    drivers : sequence of str
        Numeric columns; at most 12 players.
    model : {'logistic', 'ordinal'}
        Logistic regression, or proportional odds (see `proportional_odds_test`).
    blocks : mapping of driver to block name, optional
        The drivers of a block are one player, under the block's name.
    covariates : sequence of str, optional
        Numeric columns in every model; importance is what drivers add to them.
    weights : str, optional
        Column with positive survey weights, used with mean 1.
    fits : sequence of str
        'mcfadden', 'nagelkerke' or both.
    cluster : str, optional
        Column with the unit that is left out as a whole by the jackknife.
    n_groups : int, optional
        Adds intervals by a delete-a-group jackknife: the units are put into this many random groups (20 will do), and
        all models are fitted without each in turn, so that it takes about n_groups times as long. Without it (the
        default) there are no intervals.
    conf_level, seed : float, int
        Coverage of these intervals, and seed of the grouping, which is needed with `n_groups`.
    progress : callable (done, total), optional
        Called after every model.

    Returns
    -------
    LikelihoodImportance
        Its `table` has one row per measure of fit and player: driver, fit, importance (in units of the pseudo
        R-squared; sums to the fit of the full model less that of the covariates), share (of that sum), rank (1 is the
        most important), n (rows), model_fit (of the full model), n_excluded, model; with `n_groups` std_error,
        conf_low, conf_high, conf_level, n_groups.

    Raises
    ------
    ValueError
        As `read_design` says of columns; too many players; unknown fits; options out of range.
    NotEstimable
        The data have no answer: one value of the outcome, a category in no complete row (or in a single group of the
        jackknife), too few rows, columns that are constant or combinations of one another, drivers that separate the
        categories perfectly, or a model that does not converge.

    Notes
    -----
    With v(S) the pseudo R-squared of covariates and players S, the importance of player j is its Shapley value, the
    mean of v(S + j) - v(S) over all orders of entry. The jackknife's variance is (G - 1) / G times the sum of squared
    distances of the G leave-out values to their mean, its interval has t quantiles with G - 1 degrees of freedom.

    References
    ----------
    Azen & Traxel (2009), Using dominance analysis to determine predictor importance in logistic regression,
    doi:10.3102/1076998609332754; McCullagh (1980), Regression models for ordinal data, JRSS B 42(2), 109-142;
    Nagelkerke (1991), doi:10.1093/biomet/78.3.691; Kott (2001), The delete-a-group jackknife, Journal of
    Official Statistics 17(4), 521-526

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame(rng.normal(size=(300, 2)), columns=["needs", "pay"])
    >>> data["enps"] = np.clip(np.round(5 + 2 * data["needs"] + rng.logistic(size=300)), 0, 10)
    >>> result = likelihood_importance(data, outcome="enps", drivers=["needs", "pay"], model="ordinal")
    >>> result.table[["driver", "fit", "rank", "n"]].values.tolist()[:2]
    [['needs', 'mcfadden', 1, 300], ['pay', 'mcfadden', 2, 300]]
    """
    asked = as_list(fits)
    if not asked or any(fit not in FITS for fit in asked):
        raise ValueError(
            f"fits must be a list of some of {list(FITS)}, got {fits if asked is None else asked!r}."
        )
    fits = asked
    design = read_design(
        data,
        outcome=outcome,
        drivers=drivers,
        model=model,
        blocks=blocks,
        covariates=covariates,
        weights=weights,
        cluster=cluster,
    )
    if len(design.players) > MAX_LIKELIHOOD_PLAYERS:
        raise ValueError(
            f"all 2**players models are fitted, so at most {MAX_LIKELIHOOD_PLAYERS} players, got "
            f"{len(design.players)}: put related drivers in blocks, or use relative_importance."
        )
    groups = _groups(design, n_groups, conf_level, seed)
    rounds = 1 if groups is None else 1 + int(groups.max()) + 1
    whole = fit_subsets(design, progress=_part(progress, 0, rounds))
    table = importance_table(design, whole, fits, model)
    if groups is not None:
        left_out = []
        for group in range(rounds - 1):
            part = _without(design, groups == group, outcome)
            fitted = fit_subsets(
                part,
                start=whole.params,
                what=f"the model without group {group + 1} of {rounds - 1}",
                progress=_part(progress, group + 1, rounds),
            )
            left_out.append(importance_values(fitted, fits))
        table = _with_intervals(table, np.array(left_out), conf_level)
    return LikelihoodImportance(
        table=table,
        conditional=conditional_table(design, whole, fits),
        complete=complete_table(design, whole, fits),
        subsets=subsets_table(design, whole, fits),
        coefficients=coefficients_table(design, whole, model),
        log_likelihood=whole.full.log_likelihood,
        null_log_likelihood=whole.null,
        model=model,
        n=len(design.levels),
        n_excluded=design.n_excluded,
    )


def _part(progress: Progress | None, done_rounds: int, rounds: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total: progress(done_rounds * total + done, rounds * total)


def _groups(
    design: Design, n_groups: int | None, conf_level: float, seed: int | None
) -> NDArray[np.int64] | None:
    """Group of each row: units in a random order, dealt out one by one."""
    if n_groups is None:
        return None
    check_conf_level(conf_level)
    if seed is None or not is_whole(seed) or seed < 0:
        raise ValueError(f"seed must be an integer of 0 or more where n_groups is given, got {seed!r}.")
    n_units = int(design.units.max()) + 1
    if not is_whole(n_groups) or n_groups < 2:
        raise ValueError(f"n_groups must be an integer of 2 or more, got {n_groups!r}: use 20.")
    if n_groups > n_units:
        raise NotEstimable(
            f"the jackknife needs at least one unit in each of {n_groups} groups, and there are {n_units}: use fewer "
            "groups, or no intervals."
        )
    return (np.random.default_rng(seed).permutation(n_units) % n_groups)[design.units].astype(np.int64)


def _without(design: Design, gone: NDArray[np.bool_], outcome: str) -> Design:
    levels = design.levels[~gone]
    lost = np.flatnonzero(np.bincount(levels, minlength=len(design.categories)) == 0)
    if lost.size:
        raise NotEstimable(
            f"categories {design.categories[lost].tolist()} of outcome '{outcome}' occur in one group of the jackknife "
            "only: merge each with a neighbour, or leave out n_groups."
        )
    return replace(
        design, levels=levels, x=design.x[~gone], weights=design.weights[~gone], units=design.units[~gone]
    )


def _with_intervals(table: pd.DataFrame, left_out: FloatArray, conf_level: float) -> pd.DataFrame:
    size = len(left_out)
    variance = (size - 1) / size * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0)
    std_error = np.sqrt(variance)
    half = stats.t.ppf((1.0 + conf_level) / 2.0, size - 1) * std_error
    return table.assign(
        std_error=std_error,
        conf_low=table["importance"] - half,
        conf_high=table["importance"] + half,
        conf_level=conf_level,
        n_groups=size,
    )
