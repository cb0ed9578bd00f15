"""Earlier and later waves beside this one: does the predictor come before the outcome, or after it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from exresearch.models.columns import check_columns
from exresearch.models.events.rates import RateModel, rate_regression
from exresearch.models.names import name_list, one_name, optional_name
from exresearch.models.regression.linear import linear_regression
from exresearch.models.resampling import NotEstimable, is_whole
from exresearch.models.unit_waves import unit_waves


def lagged_name(column: str, lag: int) -> str:
    """What `lagged_frame` calls the column: 'enps before 1', or 'enps after 1' for a lag of -1."""
    return f"{column} {'before' if lag > 0 else 'after'} {abs(lag)}"


def lagged_frame(
    units: pd.DataFrame,
    *,
    unit: str,
    wave: str,
    columns: Sequence[str],
    lag: int = 1,
    waves: Sequence[object] | None = None,
) -> pd.DataFrame:
    """Columns of an earlier (or later) wave beside the rows of this one.

    Use it for regressions of what happens on what was measured before. A unit that was not measured in the wave that
    is `lag` places away has a missing value there: gaps are not closed.

    Parameters
    ----------
    units : DataFrame
        One row per unit and wave.
    unit, wave : str
        Columns with the unit and the wave.
    columns : sequence of str
        Columns to shift.
    lag : int
        How many waves earlier; negative for later ones.
    waves : sequence, optional
        All waves in order, those in which nothing was measured included; without it the sorted values of `wave`.

    Returns
    -------
    DataFrame
        The rows of `units` in their order, with a new index and for each of the columns one more: 'enps before 1' for
        `enps` one wave earlier, 'enps after 1' for a lag of -1.

    Raises
    ------
    ValueError
        Columns missing; a unit twice in a wave; a wave that is not in `waves`; waves without an order among themselves;
        rows without unit or wave; a lag of 0; a new column that is there already.

    Examples
    --------
    >>> units = pd.DataFrame({"team": ["a", "a", "a", "b", "b"], "wave": [1, 2, 3, 1, 3], "enps": [10, 20, 30, 5, 7]})
    >>> lagged_frame(units, unit="team", wave="wave", columns=["enps"])["enps before 1"].tolist()
    [nan, 10.0, 20.0, nan, nan]
    """
    unit, wave, names = one_name("unit", unit), one_name("wave", wave), name_list("columns", columns)
    if not is_whole(lag) or lag == 0:
        raise ValueError(
            f"lag must be a whole number other than 0, got {lag!r}: use 1 for the wave before, -1 for the one after."
        )
    check_columns(units, numeric=[], other=[unit, wave, *names])
    rows = unit_waves(units, unit=unit, wave=wave, waves=waves)
    shifted = [lagged_name(name, lag) for name in names]
    there = [name for name in shifted if name in units.columns]
    if there:
        raise ValueError(f"columns {there} are in the data already: rename them.")
    codes, places, width = rows.unit, rows.wave, len(rows.waves)
    row_of = np.full(len(rows.units) * width, -1, dtype=np.int64)
    row_of[codes * width + places] = np.arange(len(units))
    wanted = places - lag
    inside = (wanted >= 0) & (wanted < width)
    source = np.full(len(units), -1, dtype=np.int64)
    source[inside] = row_of[codes[inside] * width + wanted[inside]]
    frame = units.reset_index(drop=True)
    # A place of -1, which no row has, gives a missing value.
    moved = frame[names].reindex(source).reset_index(drop=True)
    moved.columns = pd.Index(shifted)
    return pd.concat([frame, moved], axis=1)


def lead_lag(
    units: pd.DataFrame,
    *,
    unit: str,
    wave: str,
    outcome: str,
    predictor: str,
    covariates: Sequence[str] = (),
    exposure: str | None = None,
    counts: bool = False,
    model: RateModel = "auto",
    lag: int = 1,
    waves: Sequence[object] | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """The same regression with the predictor measured before the outcome and measured after it.

    Use it as a check on reverse causation, not as proof of direction: if the outcome goes with the experience that
    was measured afterwards as much as with that measured before, then units that differ and stay so, or an outcome
    that shapes experience, explain the link as well as experience does.

    Parameters
    ----------
    units : DataFrame
        One row per unit and wave.
    unit, wave, outcome, predictor : str
        Columns; outcome and predictor numeric.
    covariates : sequence of str
        Numeric columns of the outcome's own wave.
    exposure : str, optional
        Column with person-time; the outcome is then a count.
    counts : bool
        The outcome is a count although there is no exposure.
    model : {'auto', 'poisson', 'negative_binomial'}
        For counts, as in `rate_regression`.
    lag : int
        Waves between predictor and outcome, 1 or more.
    waves : sequence, optional
        All waves in order, as in `lagged_frame`.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame with two rows
        term 'before' (predictor `lag` waves before the outcome) and 'after'; estimate (rate ratio for counts, else
        slope, per standard deviation of the predictor over units), std_error, statistic, df, p_value, conf_low,
        conf_high, n (rows), n_clusters (units), n_excluded (rows without a predictor at that distance, or incomplete
        otherwise), conf_level, per (the standard deviation, the same for both), method.

    Raises
    ------
    ValueError
        As `lagged_frame`, `rate_regression` and `linear_regression`; a lag below 1.
    NotEstimable
        As these; the reason says for which of the rows.

    Notes
    -----
    Rows are clustered by unit (CR2, Satterthwaite). Which waves the two rows use differs by necessity: the outcome of
    the first wave has no predictor before it, and that of the last none after it.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> ex = rng.normal(size=(40, 4))
    >>> units = pd.DataFrame({"team": np.repeat(range(40), 4), "wave": [1, 2, 3, 4] * 40, "ex": ex.ravel()})
    >>> units["result"] = rng.normal(size=160) + np.roll(ex, 1, axis=1).ravel()
    >>> table = lead_lag(units, unit="team", wave="wave", outcome="result", predictor="ex")
    >>> table[["term", "n", "n_clusters"]].values.tolist()
    [['before', 120, 40], ['after', 120, 40]]
    """
    unit, outcome = one_name("unit", unit), one_name("outcome", outcome)
    predictor, exposure = one_name("predictor", predictor), optional_name("exposure", exposure)
    others = name_list("covariates", covariates, least=0)
    if not is_whole(lag) or lag < 1:
        raise ValueError(f"lag must be a whole number of 1 or more, got {lag!r}.")
    used = [outcome, *([] if exposure is None else [exposure]), *others]
    check_columns(units, numeric=[predictor, *used], other=[unit, wave])
    spread = float(units.groupby(unit)[predictor].mean().std(ddof=1))
    if not spread > 1e-12 * float(units[predictor].abs().max()):
        raise NotEstimable(
            f"the means of '{predictor}' do not differ between units, so there is no link to look for."
        )
    rows = []
    for term, steps in (("before", lag), ("after", -lag)):
        frame = lagged_frame(units, unit=unit, wave=wave, columns=[predictor], lag=steps, waves=waves)
        name = lagged_name(predictor, steps)
        frame[name] = frame[name] / spread
        try:
            if exposure is not None or counts:
                table = rate_regression(
                    frame,
                    events=outcome,
                    exposure=exposure,
                    predictors=[name, *others],
                    cluster=unit,
                    model=model,
                    conf_level=conf_level,
                ).table
            else:
                table = linear_regression(
                    frame,
                    outcome=outcome,
                    predictors=[name, *others],
                    cluster=unit,
                    covariance="CR2",
                    conf_level=conf_level,
                ).table
        except NotEstimable as error:
            raise NotEstimable(f"'{predictor}' {lag} wave(s) {term} '{outcome}': {error}") from error
        rows.append(table.loc[table["term"] == name].assign(term=term, per=spread))
    columns = ["term", "estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high", "n"]
    return pd.concat(rows, ignore_index=True)[
        [*columns, "n_clusters", "n_excluded", "conf_level", "per", "method"]
    ]
