"""Importance on the data, on bootstrap replicates and with each unit left out: what every summary starts from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.drivers.metrics import BLOCK_METHODS, METHODS, explained_variance, importance_metrics
from exresearch.models.drivers.subsets import MAX_PLAYERS
from exresearch.models.moments.accumulate import Missing, unit_moments
from exresearch.models.moments.pairwise import PairwiseMoments
from exresearch.models.moments.unit import UnitMoments
from exresearch.models.resampling import NotEstimable, count_chunks

FloatArray = NDArray[np.float64]

# A tenth of the smallest tail of a 95 % interval: rarer replicates without variance cannot move a limit much.
_MAX_CONSTANT_OUTCOME = 0.01
# Correlations among the predictors with an eigenvalue below this are a combination, not collinearity.
_SINGULAR = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class ImportanceReplicates:
    """Importance of P players by each method, with its replicates; made by `importance_replicates`.

    Attributes
    ----------
    drivers : tuple of str
        The P players: drivers, or blocks of drivers by their block name.
    estimate : dict of method to ndarray [P]
    replicates : dict of method to ndarray [B, P]
    jackknife : dict of method to ndarray [U, P], or None
    r_squared : float
        R-squared of the model with all drivers and covariates.
    n, n_units, n_excluded : int
        Complete rows, resampled units, rows left out.
    """

    drivers: tuple[str, ...]
    estimate: dict[str, FloatArray]
    replicates: dict[str, FloatArray]
    jackknife: dict[str, FloatArray] | None
    r_squared: float
    n: int
    n_units: int
    n_excluded: int


def _check_names(
    outcome: str,
    drivers: Sequence[str],
    covariates: Sequence[str],
    blocks: Mapping[str, str] | None,
    methods: Sequence[str],
) -> None:
    if isinstance(drivers, str) or not drivers:
        raise ValueError(f"drivers must be a list of one or more column names, got {drivers!r}.")
    if isinstance(covariates, str):
        raise ValueError(f"covariates must be a list of column names, got {covariates!r}.")
    if isinstance(methods, str) or not methods or any(method not in METHODS for method in methods):
        raise ValueError(f"methods must be a list of some of {list(METHODS)}, got {methods!r}.")
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


def players_of(drivers: Sequence[str], blocks: Mapping[str, str] | None) -> dict[str, list[str]]:
    """Player name to its drivers, in the order of the drivers; a driver without a block is its own player."""
    players: dict[str, list[str]] = {}
    for name in drivers:
        players.setdefault(blocks.get(name, name) if blocks else name, []).append(name)
    return players


def _check_moments(
    moments: UnitMoments | PairwiseMoments, outcome: str, predictors: Sequence[str], drivers: Sequence[str]
) -> None:
    """Refuse what has no unique answer, naming all the columns at once."""
    if moments.n_units < 2:
        raise NotEstimable(
            f"the bootstrap resamples units and there is {moments.n_units}: "
            "name a cluster with two or more units, or leave cluster out to resample rows."
        )
    if moments.n_rows <= len(predictors) + 1:
        raise NotEstimable(
            f"{len(predictors)} drivers and covariates need more than {len(predictors) + 1} complete rows, got "
            f"{moments.n_rows} ({moments.n_excluded} left out as incomplete): use fewer drivers."
        )
    correlations = moments.correlations()[0]
    constant = [name for name, one in zip(moments.columns, np.diag(correlations), strict=True) if one == 0.0]
    if constant:
        raise NotEstimable(f"columns {constant} are constant over the complete rows: leave them out.")
    if isinstance(moments, PairwiseMoments) and moments.smallest_eigenvalue < -_SINGULAR:
        raise NotEstimable(
            f"the pairwise correlations of columns {list(moments.columns)} contradict one another (smallest eigenvalue "
            f"{moments.smallest_eigenvalue:.3g}): use missing='listwise', or impute."
        )
    place = {name: index for index, name in enumerate(moments.columns)}
    copies = [name for name in drivers if 1.0 - abs(correlations[place[outcome], place[name]]) < _SINGULAR]
    if copies:
        raise NotEstimable(
            f"drivers {copies} equal the outcome '{outcome}' up to scale: an outcome cannot be its own driver."
        )
    index = [place[name] for name in predictors]
    eigenvalues, vectors = np.linalg.eigh(correlations[np.ix_(index, index)])
    null = vectors[:, eigenvalues < _SINGULAR]
    if null.size:
        # A column takes part in an exact relation when it has weight in the null space.
        involved = [name for name, row in zip(predictors, null, strict=True) if np.abs(row).max() > 1e-6]
        raise NotEstimable(
            f"columns {involved} are exact copies or linear combinations of one another, so their importance is "
            "not unique: leave one of them out of each such set, or average them into one score."
        )


def _stack(parts: list[dict[str, FloatArray]], methods: Sequence[str]) -> dict[str, FloatArray]:
    return {method: np.concatenate([part[method] for part in parts]) for method in methods}


def importance_from_counts(
    moments: UnitMoments | PairwiseMoments,
    counts: Iterable[NDArray[np.int32]],
    *,
    outcome: str,
    players: Mapping[str, Sequence[str]],
    covariates: Sequence[str] = (),
    methods: Sequence[str] = ("lmg",),
) -> dict[str, FloatArray]:
    """Importance [B, P] per method on replicates given by their unit counts (an iterable of chunks [b, U]).

    Raises
    ------
    NotEstimable
        The outcome does not vary in more than 1 % of the replicates, or pairwise correlations contradict one another
        in as many. In rarer ones its importances are zero, as there is nothing to explain.
    """
    place = {name: index for index, name in enumerate(moments.columns)}
    columns = [[place[name] for name in names] for names in players.values()]
    parts, flat, total, impossible = [], 0, 0, 0
    for chunk in counts:
        correlations = moments.correlations(chunk)
        if isinstance(moments, PairwiseMoments):
            wrong = np.linalg.eigvalsh(correlations)[:, 0] < -_SINGULAR
            impossible += int(wrong.sum())
            correlations[wrong, place[outcome], :] = correlations[wrong, :, place[outcome]] = 0.0
        flat += int((correlations[:, place[outcome], place[outcome]] == 0.0).sum())
        total += len(correlations)
        parts.append(
            importance_metrics(
                correlations,
                methods=methods,
                players=columns,
                covariates=[place[name] for name in covariates],
                outcome=place[outcome],
            )
        )
    if impossible > _MAX_CONSTANT_OUTCOME * total:
        raise NotEstimable(
            f"the pairwise correlations contradict one another in {impossible} of {total} bootstrap replicates: "
            "use missing='listwise', or impute."
        )
    if flat - impossible > _MAX_CONSTANT_OUTCOME * total:
        raise NotEstimable(
            f"the outcome '{outcome}' takes one single value in {flat} of {total} bootstrap replicates: "
            "too few units differ on it."
        )
    return _stack(parts, methods)


def importance_replicates(
    data: pd.DataFrame | UnitMoments | PairwiseMoments,
    *,
    outcome: str,
    drivers: Sequence[str],
    weights: str | None = None,
    cluster: str | None = None,
    blocks: Mapping[str, str] | None = None,
    covariates: Sequence[str] | None = None,
    methods: Sequence[str] = ("lmg",),
    missing: Missing = "listwise",
    n_boot: int = 2000,
    seed: int,
    jackknife: bool = False,
) -> ImportanceReplicates:
    """Importance on the data and on its bootstrap replicates, unsummarised.

    Use it for a statistic of the importances that `relative_importance` and `importance_differences` lack. The
    parameters are those of `relative_importance`; `jackknife` adds the values with each unit left out.

    Returns
    -------
    ImportanceReplicates

    Raises
    ------
    ValueError
        As `relative_importance`.
    """
    covariates = covariates if covariates is not None else ()
    _check_names(outcome, drivers, covariates, blocks, methods)
    players = players_of(drivers, blocks)
    if "lmg" in methods and len(players) > MAX_PLAYERS:
        raise ValueError(
            f"method 'lmg' needs all 2**players subsets, so at most {MAX_PLAYERS} players, got {len(players)}: "
            "put related drivers in blocks, or use method 'relative_weights'."
        )
    undefined = [method for method in methods if method not in BLOCK_METHODS]
    if undefined and any(len(names) > 1 for names in players.values()):
        raise ValueError(
            f"methods {undefined} are not defined for blocks of drivers: use some of {list(BLOCK_METHODS)}, "
            "or leave out blocks."
        )
    columns = [outcome, *drivers, *covariates]
    if isinstance(data, (UnitMoments, PairwiseMoments)):
        if weights is not None or cluster is not None:
            raise ValueError(
                "weights and cluster are already in the moments: give them to unit_moments instead."
            )
        if missing == "pairwise" and isinstance(data, UnitMoments):
            raise ValueError(
                "these moments are listwise already: give missing='pairwise' to unit_moments instead."
            )
        moments = data.select(columns)
    else:
        moments = unit_moments(data, columns=columns, weights=weights, cluster=cluster, missing=missing)
    _check_moments(moments, outcome, columns[1:], drivers)

    place = {name: index for index, name in enumerate(columns)}

    def measured(correlations: FloatArray) -> dict[str, FloatArray]:
        return importance_metrics(
            correlations,
            methods=methods,
            players=[[place[name] for name in names] for names in players.values()],
            covariates=[place[name] for name in covariates],
        )

    whole = moments.correlations()
    return ImportanceReplicates(
        drivers=tuple(players),
        estimate={method: values[0] for method, values in measured(whole).items()},
        replicates=importance_from_counts(
            moments,
            count_chunks(moments.n_units, n_boot=n_boot, seed=seed),
            outcome=outcome,
            players=players,
            covariates=covariates,
            methods=methods,
        ),
        jackknife=_stack([measured(part) for part in moments.leave_one_out()], methods)
        if jackknife
        else None,
        r_squared=float(explained_variance(whole, predictors=range(1, len(columns)))[0]),
        n=moments.n_rows,
        n_units=moments.n_units,
        n_excluded=moments.n_excluded,
    )
