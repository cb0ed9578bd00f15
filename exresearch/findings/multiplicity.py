"""Correction for several tests within one declared family."""

from __future__ import annotations

import math
from collections.abc import Mapping


def holm(p_values: Mapping[str, float | None]) -> dict[str, float | None]:
    """Adjust the p-values of one family by Holm's step-down method.

    Tests that could not be done (``None`` or NaN) become ``None`` and are not counted; statsmodels would count them.

    Parameters
    ----------
    p_values : mapping of str to float or None
        Two-sided p-value of each member of the family.

    Returns
    -------
    dict of str to float or None
        Adjusted p-values under the same names, in the same order.

    Raises
    ------
    ValueError
        If a p-value lies outside 0 to 1.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. *Scandinavian Journal of Statistics*,
    6(2), 65-70. R: ``p.adjust(p, method = "holm")``.

    Examples
    --------
    >>> holm({"enps": 0.01, "stay": 0.04, "effort": None})
    {'enps': 0.02, 'stay': 0.04, 'effort': None}
    """
    tested = {name: p for name, p in p_values.items() if p is not None and not math.isnan(p)}
    wrong = {name: p for name, p in tested.items() if not 0 <= p <= 1}
    if wrong:
        raise ValueError(f"p-values must lie between 0 and 1; got {wrong}.")
    adjusted: dict[str, float | None] = dict.fromkeys(p_values)
    largest = 0.0
    for done, (name, p) in enumerate(sorted(tested.items(), key=lambda item: item[1])):
        largest = max(largest, min(1.0, (len(tested) - done) * p))
        adjusted[name] = float(largest)
    return adjusted
