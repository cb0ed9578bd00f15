"""Mediation within units and between them, from one table of persons in units (1-1-1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from exresearch.models.mediation.analysis import mediation_analysis


def within_between_mediation(
    frame: pd.DataFrame,
    *,
    exposure: str,
    mediators: Sequence[str],
    outcome: str,
    cluster: str,
    **options: Any,
) -> pd.DataFrame:
    """Split a mediation model in what happens within units and what happens between them.

    Use it where persons in units answered everything. A link between units need not hold within them: the first says
    which units are high on both, the second which people are, compared with their colleagues.

    Parameters
    ----------
    frame : DataFrame
        One row per person; rows without one of the columns are left out first, so that both levels rest on the same.
    exposure, mediators, outcome
        As `mediation_analysis`.
    cluster : str
        The unit.
    **options
        ``arrangement, interval, conf_level, n_boot, seed`` of `mediation_analysis`.

    Returns
    -------
    DataFrame
        The effects of `mediation_analysis` with ``level`` (within, between). Between units every unit counts once.

    Raises
    ------
    ValueError
        As `mediation_analysis`, or an option is unknown.
    NotEstimable
        Too few units, or nothing varies within or between them.

    Notes
    -----
    Within: every column minus the mean of its unit, which is least squares with unit effects. Between: least squares on
    unit means. Both are resampled by unit. The means of small units hold sampling error, which pulls the slopes
    between units towards those within (Lüdtke et al. 2008, doi:10.1037/a0012869).

    References
    ----------
    Preacher, Zyphur & Zhang (2010), A general multilevel SEM framework for assessing multilevel mediation,
    doi:10.1037/a0020141.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> team = np.repeat(np.arange(20), 30)
    >>> x = rng.normal(size=20)[team] + rng.normal(size=600)
    >>> m = 0.5 * x + rng.normal(size=600)
    >>> data = pd.DataFrame({"team": team, "x": x, "m": m, "y": m + rng.normal(size=600)})
    >>> found = within_between_mediation(
    ...     data, exposure="x", mediators=["m"], outcome="y", cluster="team", n_boot=200
    ... )
    >>> found["level"].unique().tolist()
    ['within', 'between']
    """
    unknown = sorted(set(options) - {"arrangement", "interval", "conf_level", "n_boot", "seed"})
    if unknown:
        raise ValueError(f"options {unknown} are unknown, or mean nothing at two levels.")
    names = [exposure, *mediators, outcome]
    complete = frame[[*names, cluster]].dropna().reset_index(drop=True)
    complete[names] = complete[names].astype("float64")
    means = complete.groupby(cluster, sort=True)[names].mean()
    within = complete.copy()
    within[names] = complete[names] - means.loc[complete[cluster]].to_numpy()
    roles: dict[str, Any] = {"exposure": exposure, "mediators": mediators, "outcome": outcome}
    parts = {"within": within, "between": means.reset_index()}
    found = [
        mediation_analysis(part, **roles, cluster=cluster, **options).effects.assign(level=level)
        for level, part in parts.items()
    ]
    return pd.concat(found, ignore_index=True)
