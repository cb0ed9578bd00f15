"""What the data give to a structural equation model: means and covariances by group, or by pattern of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.measures.structure.sem.clusters import Contributions, FloatArray, IntArray, contributions
from exresearch.study.coded import ranked


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one group in which the same columns are answered.

    Attributes
    ----------
    group : int
        Position of the group.
    columns : numpy.ndarray
        Positions of the answered columns.
    n : float
        Sum of the weights, which average 1 over all rows; the number of rows without weights.
    mean, cov : numpy.ndarray
        Weighted mean [p] and covariance [p, p] with the divisor n.
    """

    group: int
    columns: IntArray
    n: float
    mean: FloatArray
    cov: FloatArray


@dataclass(frozen=True, slots=True)
class SampleMoments:
    """Moments of complete rows by group, or of all rows by pattern of missing answers.

    Attributes
    ----------
    columns : tuple of str
        Observed variables.
    groups : tuple of str
        Names of the groups; one empty name where there are none.
    blocks : tuple of Block
        One per group where rows are complete.
    n_rows : tuple of int
        Rows used per group.
    n_excluded : int
        Rows left out: without a group, or with a missing answer (with all of them missing under ``missing="fiml"``).
    contributions : Contributions or None
        Present for robust statistics.
    """

    columns: tuple[str, ...]
    groups: tuple[str, ...]
    blocks: tuple[Block, ...]
    n_rows: tuple[int, ...]
    n_excluded: int
    contributions: Contributions | None = None

    @property
    def complete(self) -> bool:
        """Whether each group is one block without missing answers."""
        return len(self.blocks) == len(self.groups) and all(
            len(block.columns) == len(self.columns) for block in self.blocks
        )

    @property
    def n(self) -> int:
        """Rows used."""
        return sum(self.n_rows)


def moments_from_summary(
    columns: Sequence[str], *, n: Sequence[int], means: Sequence[FloatArray], covs: Sequence[FloatArray]
) -> SampleMoments:
    """Take published means and covariances as data.

    Parameters
    ----------
    columns : sequence of str
        Observed variables.
    n : sequence of int
        Rows per group.
    means, covs : sequence of numpy.ndarray
        Per group the means [p] and the covariances [p, p] with the divisor n (not n - 1).

    Returns
    -------
    SampleMoments

    Examples
    --------
    >>> moments_from_summary(["a"], n=[10], means=[np.zeros(1)], covs=[np.ones((1, 1))]).n
    10
    """
    everything = np.arange(len(columns), dtype=np.intp)
    blocks = tuple(
        Block(
            g, everything, float(size), np.asarray(mean, dtype=np.float64), np.asarray(cov, dtype=np.float64)
        )
        for g, (size, mean, cov) in enumerate(zip(n, means, covs, strict=True))
    )
    names = tuple("" if len(n) == 1 else str(g + 1) for g in range(len(n)))
    return SampleMoments(tuple(columns), names, blocks, tuple(int(size) for size in n), 0)


def sample_moments(
    data: pd.DataFrame,
    *,
    columns: Sequence[str],
    groups: str | None = None,
    weights: str | None = None,
    cluster: str | None = None,
    robust: bool = False,
    missing: str = "listwise",
) -> SampleMoments:
    """Compute the moments of a frame.

    Parameters
    ----------
    data : pandas.DataFrame
        One row per answer sheet.
    columns : sequence of str
        Observed variables, numeric.
    groups, weights, cluster : str, optional
        Columns with the group, a positive weight, and the cluster of a row. Weights are divided by their mean over
        the rows that are used.
    robust : bool
        Whether to keep what robust statistics need; each row is a cluster where `cluster` is not given.
    missing : {"listwise", "fiml"}
        Whether rows with a missing answer are left out or enter with what they have.

    Returns
    -------
    SampleMoments
        Groups in sorted order.

    Raises
    ------
    ValueError
        If columns are missing or not numeric, a weight is missing or not positive, or an option has no legal value.

    Examples
    --------
    >>> sheets = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [2.0, None, 4.0]})
    >>> moments = sample_moments(sheets, columns=["a", "b"])
    >>> moments.n, moments.n_excluded
    (2, 1)
    """
    if missing not in ("listwise", "fiml"):
        raise ValueError(f"missing must be 'listwise' or 'fiml'; got {missing!r}.")
    if missing == "fiml" and robust:
        raise ValueError("robust statistics need complete rows: set missing to 'listwise'.")
    check_input(data, items=columns, weights=weights, other=[groups, cluster])
    values = data[list(columns)].to_numpy(dtype=np.float64, na_value=np.nan)
    answered = ~np.isnan(values)
    used = answered.all(axis=1) if missing == "listwise" else answered.any(axis=1)
    if groups is not None:
        used &= data[groups].notna().to_numpy()
    if not used.all():
        values, answered = values[used], answered[used]
    weight = np.ones(len(values))
    if weights is not None:
        weight = data[weights].to_numpy(dtype=np.float64, na_value=np.nan)[used]
        if len(weight):
            weight = weight / weight.mean()
    names: tuple[str, ...] = ("",)
    codes = np.zeros(len(values), dtype=np.intp)
    if groups is not None and len(values):
        codes, found = _numbered(data[groups], used)
        names = tuple(str(name) for name in found)
    rows = tuple(np.bincount(codes, minlength=len(names)).tolist())
    blocks: list[Block] = []
    for g in range(len(names)):
        inside = codes == g
        if missing == "listwise":
            blocks.append(_block(g, values[inside], weight[inside], np.ones(values.shape[1], dtype=bool)))
            continue
        kinds, which = np.unique(answered[inside], axis=0, return_inverse=True)
        for kind, pattern in enumerate(kinds):
            rows_of = np.flatnonzero(inside)[which.ravel() == kind]
            blocks.append(
                _block(g, values[np.ix_(rows_of, np.flatnonzero(pattern))], weight[rows_of], pattern)
            )
    kept = None
    if robust and len(values):
        labels = np.arange(len(values), dtype=np.intp)
        if cluster is not None:
            labels, _ = _numbered(data[cluster], used)
            # A row without a cluster is one by itself.
            alone = labels < 0
            labels = np.where(alone, labels.max() + 1 + np.cumsum(alone), labels).astype(np.intp)
        kept = contributions(
            values,
            weight,
            groups=codes,
            clusters=labels,
            means=[block.mean for block in blocks],
            covs=[block.cov for block in blocks],
        )
    return SampleMoments(tuple(columns), names, tuple(blocks), rows, int((~used).sum()), kept)


def check_input(
    data: pd.DataFrame, *, items: Sequence[str], weights: str | None = None, other: Sequence[str | None] = ()
) -> None:
    """Raise ValueError for what :func:`sample_moments` refuses; `other` are columns of any type."""
    numeric = [*items, *([] if weights is None else [weights])]
    absent = [name for name in (*numeric, *other) if name is not None and name not in data]
    if absent:
        raise ValueError(f"columns {absent} are not in the data: check the spelling.")
    twice = sorted({name for name in numeric if numeric.count(name) > 1})
    if twice:
        raise ValueError(f"columns {twice} are named more than once: give every column one role.")
    text = [name for name in numeric if not pd.api.types.is_numeric_dtype(data[name])]
    if text:
        raise ValueError(f"columns {text} are not numeric: recode them to numbers.")
    numbers = {name: data[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in numeric}
    infinite = [name for name, values in numbers.items() if np.isinf(values).any()]
    if infinite:
        raise ValueError(f"columns {infinite} hold infinite values: declare them missing, or correct them.")
    wrong = 0 if weights is None else int((~(numbers[weights] > 0)).sum())
    if wrong:
        raise ValueError(
            f"weights column {weights!r} holds {wrong} values that are missing, zero or below: correct them, or "
            "remove those rows first and say so."
        )


def _block(group: int, values: FloatArray, weight: FloatArray, pattern: NDArray[np.bool_]) -> Block:
    total = float(weight.sum())
    if not total:
        nothing = np.full(len(values.T), np.nan)
        return Block(group, np.flatnonzero(pattern).astype(np.intp), 0.0, nothing, np.outer(nothing, nothing))
    mean = weight @ values / total
    centred = values - mean
    cov = (centred * weight[:, None]).T @ centred / total
    return Block(group, np.flatnonzero(pattern).astype(np.intp), total, mean, (cov + cov.T) / 2)


def _numbered(names: pd.Series, used: NDArray[np.bool_]) -> tuple[NDArray[np.intp], pd.Index]:
    """Number some of the names in their order, from 0 without gaps; -1 where there is none."""
    if isinstance(names.dtype, pd.CategoricalDtype):
        codes, found = names.cat.codes.to_numpy().astype(np.int64), names.cat.categories
    elif isinstance(names.dtype, pd.StringDtype):
        # Text is looked up once for all that is asked of it.
        codes, found = ranked(names)
    else:
        numbers, kinds = pd.factorize(names.to_numpy()[used], sort=True, use_na_sentinel=True)
        return numbers, pd.Index(kinds)
    codes = codes[used]
    there: NDArray[np.bool_] = np.bincount(codes[codes >= 0], minlength=len(found)) > 0
    # One place more, for those without a name.
    place = np.append(np.cumsum(there) - 1, -1)
    return place[codes].astype(np.intp), found[there]
