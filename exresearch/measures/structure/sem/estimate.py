"""Maximum likelihood for a structural equation model, by Fisher scoring with a memory."""

from __future__ import annotations

import numpy as np

from exresearch.measures.resampling import LEAST_GROUPS
from exresearch.measures.structure.sem.clusters import FloatArray
from exresearch.measures.structure.sem.derivatives import derivatives, joined
from exresearch.measures.structure.sem.information import Factored, factor, factor_groups, owners
from exresearch.measures.structure.sem.matrices import (
    GroupMatrices,
    compile_model,
    implied_groups,
    told_at,
)
from exresearch.measures.structure.sem.model import Parameter, StructuralModel
from exresearch.measures.structure.sem.moments import SampleMoments
from exresearch.measures.structure.sem.solution import REASONS, SemFit
from exresearch.measures.structure.sem.start import starting_values

_ITERATIONS = 300
# Half of the gain in log likelihood that a step still promises: far below what a rounded chi-square shows.
_PRECISION = 1e-11
_HALVINGS = 30
# Steps remembered.
_MEMORY = 12
# Smallest eigenvalue of the factors' correlations that rounding may explain.
_CONTRADICTION = -1e-6
# Scoring that gets this much nearer in a step needs no help.
_QUICK = 0.2


def fit_model(model: StructuralModel, moments: SampleMoments, *, start: FloatArray | None = None) -> SemFit:
    r"""Estimate a model by normal-theory maximum likelihood.

    When to use it: for any model of means and covariances, from a factor model to a cross-lagged panel. Rows with
    missing answers enter where the moments were made with ``missing="fiml"``, which needs a model with means.

    Parameters
    ----------
    model : StructuralModel
        Variables and parameters.
    moments : SampleMoments
        Data of the same observed variables and number of groups.
    start : numpy.ndarray, optional
        A value for each row of ``model.parameters``, such as ``SemFit.row_values`` of a similar model.

    Returns
    -------
    SemFit
        Where it could not be estimated, with the reason and without numbers.

    Raises
    ------
    ValueError
        If variables or groups of model and data differ, or rows are incomplete and the model has no means.

    Notes
    -----
    With the cells :math:`A, S, m` of a group, :math:`\Sigma = F(I-A)^{-1}S(I-A)^{-T}F'` and
    :math:`\mu = F(I-A)^{-1}m`. The log likelihood is maximised by Fisher scoring with analytic derivatives, in
    which the last
    steps correct the curvature (L-BFGS); a step that does not raise it is halved. ``chisq`` is ``N * F_ML`` with the
    divisor N, as in lavaan's default.

    References
    ----------
    Rosseel, Y. (2012). lavaan: an R package for structural equation modeling. *Journal of Statistical Software*,
    48(2). https://doi.org/10.18637/jss.v048.i02. In R: ``sem(model, data)``.

    Examples
    --------
    >>> from exresearch.measures.structure.sem import Parameter, moments_from_summary
    >>> rows = (Parameter("y", "~", "x"), Parameter("x", "~~", "x"), Parameter("y", "~~", "y"))
    >>> model = StructuralModel(observed=("x", "y"), latent=(), parameters=rows)
    >>> cov = np.array([[4.0, 2.0], [2.0, 3.0]])
    >>> fit = fit_model(model, moments_from_summary(["x", "y"], n=[100], means=[np.zeros(2)], covs=[cov]))
    >>> fit.estimates()["estimate"].round(6).tolist(), fit.df
    ([0.5, 4.0, 2.0], 0)
    """
    if model.observed != moments.columns or model.n_groups != len(moments.groups):
        raise ValueError(
            f"the model has the observed variables {list(model.observed)} in {model.n_groups} groups and the moments "
            f"{list(moments.columns)} in {len(moments.groups)}: make the moments of the model's columns."
        )
    if not (moments.complete or model.has_means):
        raise ValueError("with missing answers the model needs means: add '~1' parameters.")
    df = model.degrees_of_freedom()
    trouble = _trouble(moments)
    if trouble or df < 0:
        return _nothing(model, moments, df, trouble or REASONS["too_many_parameters"], 0)
    saturated, told = _saturated(moments)
    groups = compile_model(model)
    theta = np.full(model.n_free, np.nan) if start is None else _from_rows(model, start)
    if not np.isfinite(theta).all():
        theta = starting_values(model, moments)
    theta, value, steps, converged = _scoring(groups, moments, theta, means=model.has_means)
    if not converged:
        return _nothing(model, moments, df, REASONS["not_converged"], steps)
    covariance = _covariance(groups, moments, theta, means=model.has_means)
    if covariance is None or not np.isfinite(saturated):
        return _nothing(model, moments, df, REASONS["not_identified"], steps)
    chisq = max(2 * (saturated - value), 0.0)
    reason = _improper(model, groups, theta)
    return SemFit(model, moments, theta, covariance, value, saturated, chisq, df, steps, True, reason, told)


def _saturated(moments: SampleMoments) -> tuple[float, tuple[tuple[FloatArray, FloatArray], ...]]:
    """Log likelihood and moments of the model that fits every mean and covariance of every group."""
    if moments.complete:
        total = 0.0
        for block in moments.blocks:
            p = len(block.columns)
            _, log_det = np.linalg.slogdet(block.cov)
            total -= block.n / 2 * (p * (np.log(2 * np.pi) + 1) + float(log_det))
        return total, tuple((block.mean, block.cov) for block in moments.blocks)
    names = moments.columns
    rows: list[Parameter] = []
    for g in range(len(moments.groups)):
        rows += [Parameter(a, "~~", b, g) for i, a in enumerate(names) for b in names[i:]]
        rows += [Parameter(a, "~1", "", g) for a in names]
    model = StructuralModel(names, (), tuple(rows), len(moments.groups))
    groups = compile_model(model)
    theta, value, _, converged = _scoring(groups, moments, starting_values(model, moments), means=True)
    told = implied_groups(groups, theta, len(names))
    return value if converged else float("nan"), tuple((group.mean, group.cov) for group in told)


def _scoring(
    groups: tuple[GroupMatrices, ...], moments: SampleMoments, theta: FloatArray, *, means: bool
) -> tuple[FloatArray, float, int, bool]:
    size = len(moments.columns)
    told = told_at(groups, moments.blocks, theta, n_observed=size, means=means)
    if told is None:
        return theta, -np.inf, 0, False
    owned = owners(groups, len(theta))
    past: list[tuple[FloatArray, FloatArray]] = []
    last: tuple[FloatArray, FloatArray] | None = None
    promised, slow = np.inf, False
    for step in range(1, _ITERATIONS + 1):
        gradient, informations = derivatives(
            groups, moments.blocks, theta, n_observed=size, means=means, told=told
        )
        if last is not None:
            past = [*past, (theta - last[0], last[1] - gradient)][-_MEMORY:]
        last, before = (theta, gradient), promised
        factored = factor_groups(informations, owned) or factor_groups(informations, owned, ridge=True)
        if factored is None:
            return theta, told.value, step, False
        direction = _remembering(factored, gradient, past)
        promised = float(gradient @ direction)
        if not promised > 0 or (not slow and promised < _QUICK * before):
            # Plain scoring is quick where the model fits; only where it is slow does the memory help.
            past, direction = [], factored.solve(gradient)
            promised = float(gradient @ direction)
        else:
            slow = True
        # At this distance the likelihood cannot show any more whether a step is good; the last one is taken as it is.
        blind = promised < 1e-7
        share = 1.0
        for _ in range(_HALVINGS):
            tried = theta + share * direction
            new = told_at(groups, moments.blocks, tried, n_observed=size, means=means)
            if new is not None and (blind or new.value >= told.value + 1e-4 * share * promised):
                break
            share /= 2
        else:
            return theta, told.value, step, False
        theta, told = tried, new
        if promised < _PRECISION:
            return theta, told.value, step, True
    return theta, told.value, _ITERATIONS, False


def _remembering(
    factored: Factored, gradient: FloatArray, past: list[tuple[FloatArray, FloatArray]]
) -> FloatArray:
    """The scoring step, bent by how the gradient changed in the last steps (the two loops of L-BFGS).

    The expected information is not the curvature where a model fits badly, and plain scoring then creeps.
    """
    left, used = gradient.copy(), []
    for move, change in reversed(past):
        curvature = float(move @ change)
        if curvature > 0:
            part = float(move @ left) / curvature
            left -= part * change
            used.append((move, change, curvature, part))
    found = factored.solve(left)
    for move, change, curvature, part in reversed(used):
        found = found + move * (part - float(change @ found) / curvature)
    return found


def _covariance(
    groups: tuple[GroupMatrices, ...], moments: SampleMoments, theta: FloatArray, *, means: bool
) -> FloatArray | None:
    size = len(moments.columns)
    owned = owners(groups, len(theta))
    _, informations = derivatives(groups, moments.blocks, theta, n_observed=size, means=means)
    if moments.complete:
        factored = factor_groups(informations, owned)
        return None if factored is None else factored.inverse()
    # The expected information takes answers as missing completely at random; the observed one does not.
    scale = np.sqrt(np.clip(np.diag(joined(groups, informations, len(theta))), 1e-300, None))
    observed = np.empty((len(theta), len(theta)))
    for k, width in enumerate(1e-4 / scale):
        moved = np.zeros(len(theta))
        moved[k] = width
        up, down = (
            derivatives(groups, moments.blocks, theta + step, n_observed=size, means=means, curvature=False)[
                0
            ]
            for step in (moved, -moved)
        )
        observed[k] = (down - up) / (2 * width)
    factored = factor((observed + observed.T) / 2, owned)
    return None if factored is None else factored.inverse()


def _from_rows(model: StructuralModel, rows: FloatArray) -> FloatArray:
    free = np.array(model.free_index)
    chosen = free >= 0
    sums = np.bincount(free[chosen], weights=np.asarray(rows)[chosen], minlength=model.n_free)
    found: FloatArray = sums / np.bincount(free[chosen], minlength=model.n_free)
    return found


def _trouble(moments: SampleMoments) -> str:
    """Why these data cannot be fitted by any model, or nothing."""
    p = len(moments.columns)
    if not moments.n_rows or min(moments.n_rows) <= p:
        return REASONS["too_few_rows"]
    if moments.contributions is not None and moments.contributions.n_clusters < LEAST_GROUPS:
        return REASONS["few_clusters"]
    if not moments.complete:
        seen = np.zeros(p, dtype=bool)
        for block in moments.blocks:
            seen[block.columns] = True
        return "" if seen.all() else REASONS["not_positive_definite"]
    for block in moments.blocks:
        variances = np.diag(block.cov)
        if (variances <= 1e-14 * (1 + block.mean**2)).any():
            return REASONS["not_positive_definite"]
        scale = np.sqrt(variances)
        if float(np.linalg.eigvalsh(block.cov / np.outer(scale, scale))[0]) < 1e-9:
            return REASONS["not_positive_definite"]
    return ""


def _improper(model: StructuralModel, groups: tuple[GroupMatrices, ...], theta: FloatArray) -> str:
    pairs = zip(model.parameters, model.free_index, strict=True)
    if any(i >= 0 and p.op == "~~" and p.lhs == p.rhs and theta[i] < 0 for p, i in pairs):
        return REASONS["negative_variance"]
    size = len(model.observed)
    for group in implied_groups(groups, theta, size):
        latent = group.total[size:, size:]
        scale = np.sqrt(np.clip(np.diag(latent), 1e-300, None))
        if len(latent) and float(np.linalg.eigvalsh(latent / np.outer(scale, scale))[0]) < _CONTRADICTION:
            return REASONS["improper_factors"]
    return ""


def _nothing(model: StructuralModel, moments: SampleMoments, df: int, reason: str, steps: int) -> SemFit:
    q, nan = model.n_free, float("nan")
    return SemFit(
        model, moments, np.full(q, nan), np.full((q, q), nan), nan, nan, nan, df, steps, False, reason, ()
    )
