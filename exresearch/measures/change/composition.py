"""Change of a mean between two waves without persons: categories that answer otherwise, or other shares of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.measures.change.linearised import COLUMNS, check_rows, numbered, rows_of_sums

Vector = NDArray[np.float64]


def composition_change(frame: pd.DataFrame, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Split the change of a weighted mean into change within categories and change of their shares.

    When to use it: where nobody can be followed, or beside :func:`panel_change` to see who came and went. It knows
    people by one category alone: what changes within it counts as answers, be it other people of the same category.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per answer sheet: ``later`` (whether it is of the second wave), ``category`` (missing is a category of
        its own), ``value``, ``weight`` (above 0), ``group`` (whose answers depend on each other; a
        row without one is a group by itself).
    conf_level : float
        Level of the intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        ``term, estimate, std_error, conf_low, conf_high, conf_level, n_from, n_to, n_both``: ``total``, ``answers``
        (the same categories answered differently), ``people`` (their shares changed); the last two sum to the first. n
        counts answer sheets, ``n_both`` is missing.

    Raises
    ------
    ValueError
        If a column is missing, a value is missing, a weight is not above 0, there is one wave only, or the level is out
        of range.

    Notes
    -----
    With s the weight shares and m the means of the categories in both waves (Kitagawa 1955, two components):
    ``answers = sum (s0 + s1) / 2 (m1 - m0)`` and ``people = sum (m0 + m1) / 2 (s1 - s0)``. A category that only one
    wave knows has no change of its own: its mean is taken for both waves, so that all of it counts as people.

    References
    ----------
    Kitagawa, E. M. (1955). Components of a difference between two rates. *Journal of the American Statistical
    Association*, 50(272), 1168-1194. https://doi.org/10.1080/01621459.1955.10501299; Das Gupta, P. (1993).
    *Standardization and Decomposition of Rates*. U.S. Bureau of the Census, P23-186.

    Examples
    --------
    Both categories fall by 1, and yet the mean rises, because the contented one has grown (Simpson's paradox):

    >>> sheets = pd.DataFrame(
    ...     {
    ...         "later": [False] * 4 + [True] * 4,
    ...         "category": ["shop", "shop", "shop", "office", "shop", "office", "office", "office"],
    ...         "value": [3.0, 3.0, 3.0, 9.0, 2.0, 8.0, 8.0, 8.0],
    ...         "weight": 1.0,
    ...         "group": range(8),
    ...     }
    ... )
    >>> composition_change(sheets).set_index("term")["estimate"].round(6).to_dict()
    {'total': 2.0, 'answers': -1.0, 'people': 3.0}
    """
    check_rows(frame, ["later", "category", "value", "weight", "group"], conf_level=conf_level)
    codes, names = pd.factorize(frame["category"], use_na_sentinel=False)
    groups, n_groups = numbered(frame["group"])
    cells = Cells.of(frame, groups, n_groups=n_groups)
    return cells.change(codes, size=len(names), conf_level=conf_level)


@dataclass(frozen=True, slots=True)
class Cells:
    """The sheets of two waves, which change category by category and no further: all that a split needs of them.

    Attributes
    ----------
    later : ndarray [n] of bool
        Whether a sheet is of the second wave.
    value, weight : ndarray [n]
        Its score, and its weight.
    place : ndarray [n] of int
        Twice the number of its group, and one more in the second wave.
    n_groups : int
        Groups whose members depend on each other.
    """

    later: NDArray[np.bool_]
    value: Vector
    weight: Vector
    place: NDArray[np.intp]
    n_groups: int

    @classmethod
    def of(cls, frame: pd.DataFrame, groups: NDArray[np.intp], *, n_groups: int) -> Cells:
        """Take them from a frame as :func:`composition_change` has it."""
        later = frame["later"].to_numpy(dtype=bool)
        value, weight = (frame[name].to_numpy(dtype=np.float64) for name in ("value", "weight"))
        return cls(later, value, weight, 2 * groups + later, n_groups)

    def change(self, codes: NDArray[np.intp], *, size: int, conf_level: float) -> pd.DataFrame:
        """Split the change by categories numbered from 0 to ``size``; a frame as :func:`composition_change`."""
        return pd.DataFrame(self.rows(codes, size=size, conf_level=conf_level), columns=COLUMNS)

    def rows(self, codes: NDArray[np.intp], *, size: int, conf_level: float) -> list[dict[str, Any]]:
        """Return the rows of :meth:`change` before they are a frame.

        Estimates and influence values are linear in the sums of weights and of weighted values of a group, wave and
        category, so that the sheets are added up once.
        """
        cell, length = self.place * size + codes, 2 * self.n_groups * size
        shape = (self.n_groups, 2, size)
        w = np.bincount(cell, weights=self.weight, minlength=length).reshape(shape)
        wy = np.bincount(cell, weights=self.weight * self.value, minlength=length).reshape(shape)
        sums, products = w.sum(axis=0), wy.sum(axis=0)
        known = sums > 0
        means = np.divide(products, sums, out=np.zeros((2, size)), where=known)
        # The mean of a category that one wave knows stands for both.
        means = np.where(known, means, means[::-1])
        totals = sums.sum(axis=1)
        shares = sums / totals[:, None]
        change, weight = means[1] - means[0], shares.mean(axis=0) * known.all(axis=0)
        overall = (shares * means).sum(axis=1)
        answers, people = float(weight @ change), float(means.mean(axis=0) @ (shares[1] - shares[0]))
        sign = np.array([-1.0, 1.0])
        # Of each group, wave and category: its weight share, how it moves the mean, and how it moves the shares.
        own = w / totals[:, None]
        within = np.divide(weight, shares, out=np.zeros((2, size)), where=known) * (
            wy / totals[:, None] - own * means
        )
        between = own * ((change - (shares @ change)[:, None]) / 2)
        at_answers = (sign[:, None] * within + between).sum(axis=(1, 2))
        at_total = (sign[:, None] * (wy / totals[:, None] - own * overall[:, None])).sum(axis=(1, 2))
        return rows_of_sums(
            {
                "total": (float(overall[1] - overall[0]), at_total),
                "answers": (answers, at_answers),
                "people": (people, at_total - at_answers),
            },
            conf_level=conf_level,
            counts={"n_from": int((~self.later).sum()), "n_to": int(self.later.sum()), "n_both": pd.NA},
        )
