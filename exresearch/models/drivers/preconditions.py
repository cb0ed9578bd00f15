"""What driver analysis refuses: columns without a role of their own, and data without a unique answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from exresearch.models.drivers.doubling import MAX_PLAYERS
from exresearch.models.drivers.metrics import BLOCK_METHODS, METHODS
from exresearch.models.drivers.owen import check_blocks
from exresearch.models.drivers.sampling import SAMPLED
from exresearch.models.moments.pairwise import PairwiseMoments
from exresearch.models.moments.unit import UnitMoments
from exresearch.models.resampling import MIN_UNITS, NotEstimable

# Correlations among the predictors with an eigenvalue below this are a combination, not collinearity.
SINGULAR = 1e-10


def check_names(
    outcome: str,
    drivers: Sequence[str],
    covariates: Sequence[str],
    blocks: Mapping[str, str] | None,
    methods: Sequence[str],
) -> None:
    """Refuse names that are no list, unknown methods and columns with two roles."""
    if isinstance(drivers, str) or not drivers:
        raise ValueError(f"drivers must be a list of one or more column names, got {drivers!r}.")
    if isinstance(covariates, str):
        raise ValueError(f"covariates must be a list of column names, got {covariates!r}.")
    known = [*METHODS, SAMPLED]
    if isinstance(methods, str) or not methods or any(method not in known for method in methods):
        raise ValueError(f"methods must be a list of some of {known}, got {methods!r}.")
    named = [outcome, *drivers, *covariates]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise ValueError(f"columns {twice} are named more than once among outcome, drivers and covariates.")
    if blocks is not None:
        strangers = [name for name in blocks if name not in drivers]
        if strangers:
            raise ValueError(f"blocks name {strangers}, which are not among the drivers {list(drivers)}.")
        alone = [name for name in drivers if name not in blocks]
        clash = sorted(set(blocks.values()) & set(alone))
        if clash:
            raise ValueError(f"blocks {clash} have the name of a driver outside the block: rename the block.")


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
    outcome: str,
    predictors: Sequence[str],
    drivers: Sequence[str],
    cluster: str | None,
    resampled: bool,
) -> None:
    """Refuse what has no unique answer, naming all the columns at once."""
    if moments.n_rows <= len(predictors) + 1:
        raise NotEstimable(
            f"{len(predictors)} drivers and covariates need more than {len(predictors) + 1} complete rows, got "
            f"{moments.n_rows} ({moments.n_excluded} left out as incomplete): use fewer of {list(predictors)}."
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
    place = {name: index for index, name in enumerate(moments.columns)}
    copies = [name for name in drivers if 1.0 - abs(correlations[place[outcome], place[name]]) < SINGULAR]
    if copies:
        raise NotEstimable(
            f"drivers {copies} equal the outcome '{outcome}' up to scale: an outcome cannot be its own driver."
        )
    index = [place[name] for name in predictors]
    eigenvalues, vectors = np.linalg.eigh(correlations[np.ix_(index, index)])
    null = vectors[:, eigenvalues < SINGULAR]
    if null.size:
        # A column takes part in an exact relation when it has weight in the null space.
        involved = [name for name, row in zip(predictors, null, strict=True) if np.abs(row).max() > 1e-6]
        raise NotEstimable(
            f"columns {involved} are exact copies or linear combinations of one another, so their importance is "
            "not unique: leave one of them out of each such set, or average them into one score."
        )
    if resampled and moments.n_units < MIN_UNITS:
        named = "" if cluster is None else f" in column '{cluster}'"
        raise NotEstimable(
            f"intervals come from resampling units and need {MIN_UNITS} or more of them, got {moments.n_units}{named}: "
            "name a cluster with more units, or leave cluster out to resample rows."
        )
