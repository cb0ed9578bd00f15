"""How far sampling alone moves the means of units, wave by wave, and from wave to wave together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def unit_mean_errors(
    values: pd.Series,
    *,
    unit: pd.Series,
    wave: pd.Series,
    waves: Sequence[str],
    weights: pd.Series | None = None,
    person: pd.Series | None = None,
) -> Matrix:
    """Estimate the covariances between waves of the sampling errors of unit means, averaged over units.

    When to use it: for a model of unit means over waves that takes their sampling errors as known
    (:func:`exresearch.models.cross_lagged_panel`). A unit that seems to change may only have asked other people; where
    the same people answer again, their errors come again too, and are then part of what looks stable.

    Parameters
    ----------
    values : pandas.Series
        One answer or score per row; missing ones are left out.
    unit, wave : pandas.Series
        Of each answer, in the order of ``values``; answers without one are left out.
    waves : sequence of str
        The waves, in the order of the rows and columns of the result.
    weights : pandas.Series, optional
        Survey weights, above 0.
    person : pandas.Series, optional
        Who answered; without it the errors of different waves are taken to be unrelated.

    Returns
    -------
    numpy.ndarray [waves, waves]
        In the squared unit of ``values``; NaN where no unit has two answers in a wave, or in both waves of a pair.

    Raises
    ------
    ValueError
        If the series differ in length.

    Notes
    -----
    With shares s_i = w_i / sum w of the answers of a unit in a wave and deviations d_i from its mean, an error variance
    is ``sum s_i^2 d_i^2 / (1 - sum s_i^2)``, which is s^2 / n for equal weights; a covariance sums the products of the
    people who answered in both waves. People are taken to be drawn independently from a large population; where nearly
    everybody answers, this is too much.

    Examples
    --------
    >>> values, unit = pd.Series([1.0, 3.0, 2.0, 6.0]), pd.Series(["a", "a", "b", "b"])
    >>> unit_mean_errors(values, unit=unit, wave=pd.Series(["1"] * 4), waves=["1"]).round(9).tolist()
    [[2.5]]
    """
    given = {"unit": unit, "wave": wave, "weights": weights, "person": person}
    differ = [name for name, series in given.items() if series is not None and len(series) != len(values)]
    if differ:
        raise ValueError(f"{', '.join(differ)} must have one entry per value ({len(values)}).")
    frame = pd.DataFrame(
        {
            "value": values.to_numpy(dtype=np.float64, na_value=np.nan),
            "unit": unit.to_numpy(dtype=object),
            "wave": wave.to_numpy(dtype=object),
            "weight": 1.0 if weights is None else weights.to_numpy(dtype=np.float64, na_value=np.nan),
        }
    )
    # An answer of nobody in particular is somebody's of its own.
    own = pd.Series([f" row {number}" for number in range(len(frame))])
    frame["person"] = own if person is None else pd.Series(person.to_numpy(dtype=object)).fillna(own)
    frame = frame[frame["wave"].isin(list(waves))].dropna()
    cells = frame.groupby(["unit", "wave"])
    share = frame["weight"] / cells["weight"].transform("sum")
    mean = (share * frame["value"]).groupby([frame["unit"], frame["wave"]]).transform("sum")
    left = 1.0 - (share**2).groupby([frame["unit"], frame["wave"]]).transform("sum")
    frame["error"] = share * (frame["value"] - mean) / np.sqrt(left.where(left > 1e-12))
    frame = frame.dropna()
    by_person = frame.pivot_table(
        index=["unit", "person"], columns="wave", values="error", aggfunc="sum"
    ).reindex(columns=list(waves))
    errors = by_person.fillna(0.0).to_numpy()
    there = by_person.notna().groupby(level="unit").any().to_numpy(dtype=np.float64)
    pairs = there.T @ there
    return np.asarray(np.divide(errors.T @ errors, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0))
