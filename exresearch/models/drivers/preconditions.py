"""What driver analysis refuses: methods that do not go with the players, and data without a unique answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from exresearch.models.columns import FloatArray
from exresearch.models.drivers.doubling import MAX_PLAYERS
from exresearch.models.drivers.metrics import BLOCK_METHODS, METHODS, explained_variance
from exresearch.models.drivers.owen import check_blocks
from exresearch.models.drivers.sampling import SAMPLED
from exresearch.models.moments.pairwise import PairwiseMoments
from exresearch.models.moments.unit import UnitMoments
from exresearch.models.names import Roles, as_list, shown
from exresearch.models.relations import SINGULAR, not_unique, null_space, redundant, related_sets
from exresearch.models.resampling import MIN_UNITS, NotEstimable

# Standardised coefficient of a column that takes part in an exact model of the outcome.
_TAKES_PART = 1e-6


def method_list(methods: object) -> list[str]:
    """The methods as a list; raises ValueError for unknown ones, for none, and for one without a list."""
    known = [*METHODS, SAMPLED]
    members = as_list(methods)
    if not members or any(method not in known for method in members):
        raise ValueError(
            f"methods must be a list of some of {known}, got {methods if members is None else members!r}."
        )
    return members


def check_methods(methods: Sequence[str], players: Mapping[str, Sequence[str]]) -> None:
    """Refuse methods that these players are too many for or that are not defined for blocks."""
    if "lmg" in methods and len(players) > MAX_PLAYERS:
        raise ValueError(
            f"method 'lmg' needs all 2**players subsets, so at most {MAX_PLAYERS} players, got {len(players)}: "
            f"put related drivers in blocks, or use method 'relative_weights' or '{SAMPLED}'."
        )
    undefined = [method for method in methods if method not in (*BLOCK_METHODS, SAMPLED)]
    if undefined and any(len(names) > 1 for names in players.values()):
        raise ValueError(
            f"methods {undefined} are not defined for blocks of drivers: use some of {[*BLOCK_METHODS, SAMPLED]}, "
            "or leave out blocks."
        )
    if "owen" in methods:
        check_blocks([len(names) for names in players.values()])


def check_moments(
    moments: UnitMoments | PairwiseMoments,
    *,
    roles: Roles,
    methods: Sequence[str],
    cluster: str | None,
    resampled: bool,
) -> list[str]:
    """Refuse what has no unique answer, naming all the columns at once.

    Returns
    -------
    list of str
        Drivers and covariates that add nothing to the rest of their own block or to the other covariates, so that the
        importances are unique and are those without them.
    """
    predictors = [*roles.drivers, *roles.covariates]
    if moments.n_rows <= len(predictors) + 1:
        also = " and covariates" if roles.covariates else ""
        what = f"{len(predictors)} drivers{also} need" if len(predictors) > 1 else "1 driver needs"
        raise NotEstimable(
            f"{what} more than {len(predictors) + 1} complete rows, got {moments.n_rows} ({moments.n_excluded} left "
            f"out as incomplete): use fewer of {shown(predictors)}."
        )
    correlations = moments.correlations()[0]
    constant = [name for name, one in zip(moments.columns, np.diag(correlations), strict=True) if one == 0.0]
    if constant:
        raise NotEstimable(f"columns {constant} are constant over the complete rows: leave them out.")
    if isinstance(moments, PairwiseMoments) and moments.smallest_eigenvalue < -SINGULAR:
        raise NotEstimable(
            f"the pairwise correlations of columns {list(moments.columns)} contradict one another (smallest eigenvalue "
            f"{moments.smallest_eigenvalue:.3g}): use missing='listwise', or impute."
        )
    # Outcome first, then the predictors.
    index = [moments.columns.index(name) for name in (roles.outcome, *predictors)]
    correlations = correlations[np.ix_(index, index)]
    _check_copies(correlations, roles)
    without = _check_relations(correlations[1:, 1:], roles, methods)
    _check_explained(correlations, roles, without)
    if resampled and moments.n_units < MIN_UNITS:
        named = "" if cluster is None else f" in column '{cluster}'"
        raise NotEstimable(
            f"intervals come from resampling units and need {MIN_UNITS} or more of them, got {moments.n_units}{named}: "
            "name a cluster with more units, or leave cluster out to resample rows."
        )
    return without


def _check_copies(correlations: FloatArray, roles: Roles) -> None:
    """Refuse single columns that equal the outcome."""
    equal = 1.0 - np.abs(correlations[0, 1:]) < SINGULAR
    size = len(roles.drivers)
    drivers = [name for name, one in zip(roles.drivers, equal[:size], strict=True) if one]
    covariates = [name for name, one in zip(roles.covariates, equal[size:], strict=True) if one]
    if drivers:
        raise NotEstimable(
            f"drivers {drivers} equal the outcome '{roles.outcome}' up to scale: an outcome cannot be its own driver."
        )
    if covariates:
        raise NotEstimable(
            f"covariates {covariates} equal the outcome '{roles.outcome}' up to scale, and leave nothing to explain: "
            "leave them out."
        )


def _check_relations(correlations: FloatArray, roles: Roles, methods: Sequence[str]) -> list[str]:
    """Refuse relations that leave an importance undecided; the columns to pass over where relations leave none."""
    predictors = [*roles.drivers, *roles.covariates]
    null = null_space(correlations)
    if not null.size:
        return []
    sets = related_sets(null, predictors)
    groups = [set(names) for names in (*roles.players.values(), roles.covariates)]
    undecided = [one for one in sets if not any(set(one) <= group for group in groups)]
    if undecided:
        raise NotEstimable(not_unique(undecided, "importance is") + ", or average them into one score.")
    shared = [one for one in sets if not set(one) <= set(roles.covariates)]
    if shared and "owen" in methods:
        raise NotEstimable(
            not_unique(shared, "shares of their block by method 'owen' are") + ", or leave out that method."
        )
    return redundant(null, predictors)


def _check_explained(correlations: FloatArray, roles: Roles, without: Sequence[str]) -> None:
    """Refuse an outcome that the predictors make up exactly."""
    predictors = [*roles.drivers, *roles.covariates]
    kept = [place for place, name in enumerate(predictors, start=1) if name not in without]
    if 1.0 - float(explained_variance(correlations[None], predictors=kept)[0]) >= SINGULAR:
        return
    slopes = np.linalg.solve(correlations[np.ix_(kept, kept)], correlations[kept, 0])
    parts = [
        predictors[place - 1] for place, slope in zip(kept, slopes, strict=True) if abs(slope) > _TAKES_PART
    ]
    raise NotEstimable(
        f"outcome '{roles.outcome}' is an exact linear combination of columns {parts}, so that nothing is left for "
        "others to explain: leave out what it was made of, or take another outcome."
    )
