"""Where the search begins: values that are right in order of size, whatever the units of the items."""

from __future__ import annotations

import numpy as np

from exresearch.measures.structure.sem.clusters import FloatArray
from exresearch.measures.structure.sem.model import Parameter, StructuralModel
from exresearch.measures.structure.sem.moments import SampleMoments

# A start this close to the borders of what is possible would make the first steps long.
_LEAST_SHARE, _LARGEST_SHARE = 0.1, 0.9


def starting_values(model: StructuralModel, moments: SampleMoments) -> FloatArray:
    """Guess each free parameter from the moments of its group.

    Loadings come from the covariances of an item and of the marker with the other items of the factor (as
    instrumental variables, Hägglund 1982, Psychometrika 47, 209-222); variances from loadings; means from the data;
    covariances of factors from those of their items; paths and other covariances start at 0. A shared parameter
    starts at the mean of the guesses.

    Parameters
    ----------
    model : StructuralModel
        What is to be estimated.
    moments : SampleMoments
        The data.

    Returns
    -------
    numpy.ndarray
        One value per distinct free parameter [q].
    """
    sums, counts = np.zeros(model.n_free), np.zeros(model.n_free)
    free = model.free_index
    for g in range(model.n_groups):
        rows = [(p, index) for p, index in zip(model.parameters, free, strict=True) if p.group == g]
        mean, cov = _pooled(moments, g)
        guess = _guesses([p for p, _ in rows], model, mean, cov)
        for (_, index), value in zip(rows, guess, strict=True):
            if index >= 0:
                sums[index] += value
                counts[index] += 1
    return sums / np.maximum(counts, 1)


def _pooled(moments: SampleMoments, group: int) -> tuple[FloatArray, FloatArray]:
    """Mean and covariance of one group over its patterns, each pair of columns from the rows that have both."""
    p = len(moments.columns)
    sizes, sums, products = np.zeros((p, p)), np.zeros(p), np.zeros((p, p))
    blocks = [block for block in moments.blocks if block.group == group]
    for block in blocks:
        sizes[np.ix_(block.columns, block.columns)] += block.n
        sums[block.columns] += block.n * block.mean
    mean = sums / np.maximum(np.diag(sizes), 1e-300)
    for block in blocks:
        off = block.mean - mean[block.columns]
        products[np.ix_(block.columns, block.columns)] += block.n * (block.cov + np.outer(off, off))
    return mean, products / np.maximum(sizes, 1e-300)


def _guesses(rows: list[Parameter], model: StructuralModel, mean: FloatArray, cov: FloatArray) -> list[float]:
    position = {name: index for index, name in enumerate(model.observed)}
    loadings: dict[tuple[str, str], float] = {}
    variances: dict[str, float] = {}
    for factor in model.latent:
        own = [p for p in rows if p.op == "=~" and p.lhs == factor and p.rhs in position]
        fixed = [p for p in own if p.value]
        if fixed and fixed[0].value is not None:
            marker, unit = position[fixed[0].rhs], fixed[0].value
            items = [position[p.rhs] for p in own]
            for p in own:
                ratio = _ratio(cov, marker, position[p.rhs], items)
                loadings[factor, p.rhs] = p.value if p.value is not None else unit * ratio
            shared = [
                cov[marker, position[p.rhs]] / (unit * loadings[factor, p.rhs])
                for p in own
                if position[p.rhs] != marker and loadings[factor, p.rhs]
            ]
            whole = cov[marker, marker] / unit**2
            variances[factor] = float(
                np.clip(
                    np.mean(shared) if shared else 0.5 * whole, _LEAST_SHARE * whole, _LARGEST_SHARE * whole
                )
            )
        else:
            # The variance of the factor is fixed, as a rule at 1.
            variances[factor] = 1.0
            for p in own:
                loadings[factor, p.rhs] = 0.7 * float(np.sqrt(cov[position[p.rhs], position[p.rhs]]))
    explained = dict.fromkeys(model.observed, 0.0)
    for (factor, item), value in loadings.items():
        explained[item] += value**2 * variances[factor]
    values: list[float] = []
    for p in rows:
        if p.op == "=~":
            values.append(loadings.get((p.lhs, p.rhs), 1.0))
        elif p.op == "~~" and p.lhs == p.rhs:
            if p.lhs in variances:
                values.append(variances[p.lhs])
            else:
                own_variance = float(cov[position[p.lhs], position[p.lhs]])
                left = own_variance - explained[p.lhs] if explained[p.lhs] else 0.5 * own_variance
                values.append(
                    float(np.clip(left, _LEAST_SHARE * own_variance, _LARGEST_SHARE * own_variance))
                )
        elif p.op == "~1" and p.lhs in position:
            values.append(float(mean[position[p.lhs]]))
        elif p.op == "~~" and p.lhs in variances and p.rhs in variances:
            values.append(_shared(p.lhs, p.rhs, loadings, variances, position, cov))
        else:
            values.append(0.0)
    return values


def _shared(
    first: str,
    second: str,
    loadings: dict[tuple[str, str], float],
    variances: dict[str, float],
    position: dict[str, int],
    cov: FloatArray,
) -> float:
    """Half the covariance of two factors that their items show: a factor of two items needs a start away from 0."""
    pairs = [
        cov[position[a], position[b]] / (loadings[first, a] * loadings[second, b])
        for factor, a in loadings
        if factor == first and loadings[first, a]
        for other, b in loadings
        if other == second and loadings[second, b] and a != b
    ]
    if not pairs:
        return 0.0
    most = 0.5 * float(np.sqrt(variances[first] * variances[second]))
    return float(np.clip(np.mean(pairs) / 2, -most, most))


def _ratio(cov: FloatArray, marker: int, item: int, items: list[int]) -> float:
    """Loading of an item relative to the marker's, kept within what two correlated items can show."""
    if item == marker:
        return 1.0
    scale = float(np.sqrt(cov[item, item] / cov[marker, marker]))
    others = [k for k in items if k not in (item, marker)]
    sign = -1.0 if cov[item, marker] < 0 else 1.0
    ratio = sign * scale
    power = float((cov[marker, others] ** 2).sum())
    if others and power > 0:
        ratio = float((cov[item, others] * cov[marker, others]).sum()) / power
    if abs(ratio) < 0.2 * scale or abs(ratio) > 5 * scale:
        return sign * scale
    return ratio
