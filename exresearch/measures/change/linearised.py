"""Standard errors and intervals of terms that are smooth functions of means, with dependent answers kept together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

COLUMNS = ["term", "estimate", "std_error", "conf_low", "conf_high", "conf_level", "n_from", "n_to", "n_both"]
Term = tuple[float, NDArray[np.float64]]


def with_intervals(
    terms: Mapping[str, Term], groups: pd.Series, *, conf_level: float, counts: Mapping[str, Any]
) -> pd.DataFrame:
    """Turn terms with their influence values into rows with intervals.

    Parameters
    ----------
    terms : mapping of str to (float, numpy.ndarray)
        Estimate, and by how much each row moves it (first-order Taylor terms; they sum to zero).
    groups : pandas.Series
        Group of each row whose members depend on each other; at least two. A row without one is a group by itself.
    conf_level : float
        Level of the intervals.
    counts : mapping
        ``n_from, n_to, n_both`` of every row.

    Returns
    -------
    pandas.DataFrame
        Columns :data:`COLUMNS`. The variance is ``G / (G - 1) * sum_g u_g^2`` with ``u_g`` the sum of the influence
        values of group g of G; the interval takes Student's t with G - 1 degrees of freedom.

    References
    ----------
    Binder, D. A. (1983). On the variances of asymptotically normal estimators from complex surveys. *International
    Statistical Review*, 51, 279-292. https://doi.org/10.2307/1402588
    """
    codes, _ = numbered(groups)
    return pd.DataFrame(rows_by_group(terms, codes, conf_level=conf_level, counts=counts), columns=COLUMNS)


def rows_by_group(
    terms: Mapping[str, Term], codes: NDArray[np.intp], *, conf_level: float, counts: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Give the rows of :func:`with_intervals`, not yet a frame, with groups numbered from 0 without gaps."""
    sums = {
        term: (estimate, np.bincount(codes, weights=influence).astype(np.float64))
        for term, (estimate, influence) in terms.items()
    }
    return rows_of_sums(sums, conf_level=conf_level, counts=counts)


def numbered(groups: pd.Series) -> tuple[NDArray[np.intp], int]:
    """Number the groups from 0; a row without one is a group by itself."""
    codes, names = pd.factorize(groups)
    alone = codes < 0
    codes[alone] = len(names) + np.arange(alone.sum())
    return codes, len(names) + int(alone.sum())


def rows_of_sums(
    terms: Mapping[str, Term], *, conf_level: float, counts: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Give the rows of :func:`with_intervals`, not yet a frame, from the sums of the influence values of each group."""
    size = max((len(sums) for _, sums in terms.values()), default=0)
    quantile = float(stdtrit(size - 1, 0.5 + conf_level / 2)) if size > 1 else float("nan")
    rows = []
    for term, (estimate, sums) in terms.items():
        error = float(np.sqrt(size / (size - 1) * (sums @ sums))) if size > 1 else float("nan")
        rows.append(
            {
                "term": term,
                "estimate": estimate,
                "std_error": error,
                "conf_low": estimate - quantile * error,
                "conf_high": estimate + quantile * error,
                "conf_level": conf_level,
                **counts,
            }
        )
    return rows


def check_rows(frame: pd.DataFrame, columns: list[str], *, conf_level: float) -> None:
    """Refuse a frame that lacks columns, holds unusable values or weights, or one wave alone.

    Raises
    ------
    ValueError
        If any of it is so, or the level is out of range.
    """
    missing = [name for name in columns if name not in frame]
    if missing:
        raise ValueError(f"the frame needs the columns {', '.join(columns)}; missing: {', '.join(missing)}.")
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must be between 0 and 1; got {conf_level!r}.")
    # Of a nullable column a comparison is neither true nor false where the value is missing.
    value, weight = (frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in ("value", "weight"))
    wrong = int((~(np.isfinite(value) & np.isfinite(weight) & (weight > 0))).sum())
    if wrong:
        raise ValueError(f"values must be known and weights above 0; {wrong} rows are otherwise.")
    if frame["later"].nunique() != 2:
        raise ValueError("later must be true in some rows and false in others; there is one wave only.")
