"""What a figure may draw of a frame that was released."""

from __future__ import annotations

import pandas as pd

from exresearch.disclosure import DisclosureRules, Released

_BEFORE = {"Float64": "float64", "boolean": "bool"}


def visible(released: Released) -> pd.DataFrame:
    """Return the rows of a released frame that are not hidden, with plain numbers and yes or no.

    Parameters
    ----------
    released : Released
        Of :func:`exresearch.disclosure.release`.

    Returns
    -------
    pandas.DataFrame
    """
    rows = released.frame[~released.hidden]
    types = {
        name: _BEFORE[str(kind)]
        for name, kind in rows.dtypes.items()
        if str(kind) == "Float64" or (str(kind) == "boolean" and not rows[name].isna().any())
    }
    return rows.astype(types)


def enough_people(answers: pd.Series, people: pd.Series, rules: DisclosureRules) -> pd.Series:
    """Return numbers of answers, or of people where these are too few: several answers of one person are of one.

    Parameters
    ----------
    answers, people : pandas.Series
        Of the same rows.
    rules : DisclosureRules
        Minimum groups.

    Returns
    -------
    pandas.Series
    """
    counted, heads = answers.astype("float64"), people.astype("float64")
    return counted.where(heads >= rules.min_respondents, heads)
