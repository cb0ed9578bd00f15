"""How much of the correlations may come from asking everything in one questionnaire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from exresearch.measures.resampling import LEAST_GROUPS
from exresearch.measures.structure.cfa import check_factors, confirmatory_factor_analysis
from exresearch.measures.structure.fit import chi_square_difference
from exresearch.measures.structure.robust import robust_statistics
from exresearch.measures.structure.sem import sample_moments
from exresearch.measures.structure.sem.clusters import triangle

MARKER_COLUMNS = [
    "first", "second", "correlation", "marker_correlation", "estimate", "std_error", "statistic", "p_value",
    "conf_low", "conf_high", "n",
]  # fmt: skip


def one_factor_test(
    data: pd.DataFrame,
    *,
    factors: Mapping[str, Sequence[str]],
    weights: str | None = None,
    cluster: str | None = None,
    robust: bool | None = None,
) -> pd.DataFrame:
    """Compare the measured model with one factor behind all items.

    When to use it: as a first look at common method variance. A single factor that fits nearly as well as the
    constructs means that the answers do not tell the constructs apart. It is the confirmatory form of Harman's test;
    the exploratory form (does one component explain half?) depends on the number of items and constructs and decides
    nothing.

    What it cannot do: a single factor that fits badly does **not** show that method variance is absent. Method
    variance beside real constructs leaves the measured model the better one, and with it every correlation may still
    be too high (Podsakoff et al. 2003). See also :func:`marker_correction`.

    Parameters
    ----------
    data, factors, weights, cluster, robust
        As :func:`confirmatory_factor_analysis`, with two factors or more.

    Returns
    -------
    pandas.DataFrame
        Two rows, ``model`` is ``measured`` and ``one_factor``, with the columns of
        :class:`exresearch.measures.structure.FitMeasures`, ``delta_chisq, delta_df, delta_p, delta_cfi`` (of one
        factor against the measured model, missing in the first row), ``n_excluded, n_clusters`` (missing for normal
        theory) and ``reason``. One factor lies on the border of the measured model (correlations of 1), so that
        ``delta_p`` is approximate.

    Raises
    ------
    ValueError
        As :func:`confirmatory_factor_analysis`; or if there are fewer than two factors.

    References
    ----------
    Podsakoff, P. M., MacKenzie, S. B., Lee, J.-Y., & Podsakoff, N. P. (2003). Common method biases in behavioral
    research. *Journal of Applied Psychology*, 88(5), 879-903. https://doi.org/10.1037/0021-9010.88.5.879

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> traits = np.repeat(rng.normal(size=(400, 2)), 3, axis=1)
    >>> sheets = pd.DataFrame(traits + rng.normal(size=(400, 6)), columns=list("abcdef"))
    >>> table = one_factor_test(sheets, factors={"joy": list("abc"), "pace": list("def")})
    >>> (table["cfi"] > 0.95).tolist()
    [True, False]
    """
    if len(factors) < 2:
        raise ValueError(f"factors must name two constructs or more; got {list(factors)}.")
    options: dict[str, Any] = {"weights": weights, "cluster": cluster, "robust": robust}
    measured = confirmatory_factor_analysis(data, factors=factors, **options)
    single = confirmatory_factor_analysis(data, factors={" all": check_factors(factors)}, **options)
    pair = None
    if measured.n_clusters is not None and single.n_clusters is not None:
        pair = robust_statistics(single.solution), robust_statistics(measured.solution)
    tested = chi_square_difference(single.solution, measured.solution, robust=pair)
    rows = []
    for name, analysis in (("measured", measured), ("one_factor", single)):
        row = {"model": name, **analysis.fit.iloc[0].to_dict()}
        if name == "one_factor":
            row |= dict(zip(("delta_chisq", "delta_df", "delta_p"), tested, strict=True))
            row["delta_cfi"] = row["cfi"] - measured.fit.loc[0, "cfi"]
        row |= {
            "n_excluded": analysis.n_excluded,
            "n_clusters": analysis.n_clusters,
            "reason": analysis.reason,
        }
        rows.append(row)
    columns = ["model", *measured.fit.columns, "delta_chisq", "delta_df", "delta_p", "delta_cfi"]
    table = pd.DataFrame(rows)[[*columns, "n_excluded", "n_clusters", "reason"]]
    counts = dict.fromkeys(("n", "n_groups", "npar", "df", "baseline_df", "n_excluded"), "int64")
    return table.astype({**counts, "delta_df": "Int64", "n_clusters": "Int64"})


def marker_correction(
    data: pd.DataFrame,
    *,
    columns: Sequence[str],
    marker: str | float,
    weights: str | None = None,
    cluster: str | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Correct correlations for what they share with a marker: a question that has nothing to do with the others.

    When to use it: beside the plain correlations, to see whether a conclusion survives the share of method variance
    that a marker shows. The correction takes method variance as equal for all columns, and the marker as unrelated to
    them in truth. A marker without correlation does **not** show that method variance is absent: it shows what the
    marker shares, and a marker of another format or place shares little (Simmering et al. 2015).

    Parameters
    ----------
    data : pandas.DataFrame
        One row per answer sheet; rows with a missing value are left out.
    columns : sequence of str
        Scores or items to correlate, two or more.
    marker : str or float
        The column of the marker, whose smallest correlation with `columns` is taken as the method variance; or that
        correlation itself, declared beforehand, from 0 to below 1.
    weights, cluster : str, optional
        Columns with a positive weight, and with the cluster of a row.
    conf_level : float
        Level of the intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row per pair: ``first, second, correlation`` (plain), ``marker_correlation, estimate`` (corrected),
        ``std_error`` (sandwich over clusters, or rows), ``statistic, p_value, conf_low, conf_high`` (Fisher's z with
        Student's t on clusters - 1 degrees of freedom), ``n``. Missing where a column does not vary, a corrected
        correlation is not between -1 and 1, or there are fewer than ten clusters.

    Raises
    ------
    ValueError
        If there are fewer than two columns, `marker` is one of them or out of range, columns are missing or not
        numeric, weights are not positive, or the level is out of range.

    Notes
    -----
    :math:`r_{ij.M} = (r_{ij} - r_M) / (1 - r_M)`. A smallest correlation below zero shows no common part: :math:`r_M`
    is then 0. The interval counts :math:`r_M` as estimated, and the choice of the smallest as given.

    References
    ----------
    Lindell, M. K., & Whitney, D. J. (2001). Accounting for common method variance in cross-sectional research
    designs. *Journal of Applied Psychology*, 86(1), 114-121. https://doi.org/10.1037/0021-9010.86.1.114
    Simmering, M. J., Fuller, C. M., Richardson, H. A., Ocal, Y., & Atinc, G. M. (2015). *Organizational Research
    Methods*, 18(3),
    473-511. https://doi.org/10.1177/1094428114560023

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> habit = rng.normal(size=(800, 1))
    >>> sheets = pd.DataFrame(habit + rng.normal(size=(800, 3)), columns=["joy", "pace", "blue"])
    >>> row = marker_correction(sheets, columns=["joy", "pace"], marker="blue").iloc[0]
    >>> bool(row["correlation"] > 0.4), bool(row["conf_low"] < 0 < row["conf_high"])
    (True, True)
    """
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must be between 0 and 1; got {conf_level!r}.")
    names = list(columns)
    if len(names) < 2:
        raise ValueError(f"columns must be two or more; got {names}.")
    if marker in names:
        raise ValueError(f"marker {marker!r} is one of the columns to be corrected: take it out of columns.")
    if not isinstance(marker, str) and not 0 <= marker < 1:
        raise ValueError(f"marker must be a column, or a correlation from 0 to below 1; got {marker!r}.")
    asked = [*names, marker] if isinstance(marker, str) else names
    moments = sample_moments(data, columns=asked, weights=weights, cluster=cluster, robust=True)
    pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    given = moments.contributions
    if given is None or given.n_clusters < LEAST_GROUPS:
        rows = [{"first": names[i], "second": names[j], "n": moments.n} for i, j in pairs]
        table = pd.DataFrame(rows).reindex(columns=MARKER_COLUMNS)
        return table.astype(dict.fromkeys(MARKER_COLUMNS[2:-1], "float64"))
    block, size = moments.blocks[0], len(asked)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt(np.diag(block.cov))
        r = block.cov / np.outer(scale, scale)
    upper, lower = triangle(size)
    at = {(int(a), int(b)): size + k for k, (a, b) in enumerate(zip(upper, lower, strict=True))}

    def slope(i: int, j: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Derivative of a correlation by the moments."""
        found = np.zeros(size + len(upper))
        found[at[min(i, j), max(i, j)]] = 1 / (scale[i] * scale[j])
        found[at[i, i]] = -r[i, j] / (2 * block.cov[i, i])
        found[at[j, j]] = -r[i, j] / (2 * block.cov[j, j])
        return found

    common, common_slope = (marker if not isinstance(marker, str) else 0.0), np.zeros(size + len(upper))
    if isinstance(marker, str):
        smallest = int(np.argmin(r[size - 1, : size - 1]))
        common = max(float(r[size - 1, smallest]), 0.0)
        if common > 0:
            common_slope = slope(size - 1, smallest)
    quantile = float(stdtrit(given.n_clusters - 1, (1 + conf_level) / 2))
    rows = []
    for i, j in pairs:
        row: dict[str, Any] = {
            "first": names[i],
            "second": names[j],
            "correlation": float(r[i, j]),
            "n": moments.n,
        }
        adjusted = (r[i, j] - common) / (1 - common)
        row |= {"marker_correlation": common, "estimate": float(adjusted)}
        if abs(adjusted) < 1:
            change = slope(i, j) / (1 - common) + common_slope * (r[i, j] - 1) / (1 - common) ** 2
            error = float(np.sqrt(given.products(0, change[:, None])[0, 0])) / block.n
            centre, spread = float(np.arctanh(adjusted)), error / (1 - adjusted**2)
            statistic = centre / spread
            row |= {
                "std_error": error,
                "statistic": statistic,
                "p_value": 2 * float(stdtr(given.n_clusters - 1, -abs(statistic))),
                "conf_low": float(np.tanh(centre - quantile * spread)),
                "conf_high": float(np.tanh(centre + quantile * spread)),
            }
        rows.append(row)
    table = pd.DataFrame(rows).reindex(columns=MARKER_COLUMNS)
    return table.astype(dict.fromkeys(MARKER_COLUMNS[2:-1], "float64"))
