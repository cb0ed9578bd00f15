"""The share of a total effect that goes through mediators, where there is such a share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from exresearch.models.bootstrap import percentile_interval
from exresearch.models.mediation.analysis import Mediation

Reason = Literal["total_includes_zero", "opposite_signs"]


@dataclass(frozen=True, slots=True)
class ProportionMediated:
    """A share of the total effect, or why there is none.

    Attributes
    ----------
    estimate, conf_low, conf_high : float or None
        Indirect effect over total effect, with a percentile interval.
    reason : {"total_includes_zero", "opposite_signs"} or None
        Why a share would mean nothing.
    """

    estimate: float | None
    conf_low: float | None
    conf_high: float | None
    reason: Reason | None


def proportion_mediated(fit: Mediation, *, term: str = "total_indirect") -> ProportionMediated:
    """Divide an indirect effect by the total effect, where that is a share of something.

    Use it to say how much of a link goes through the mediators. It is refused where the total effect may be zero, since
    a share of nothing explodes, and where the two effects have opposite signs, since then it is no share.

    Parameters
    ----------
    fit : Mediation
        Of `mediation_analysis`.
    term : str
        Which indirect effect.

    Returns
    -------
    ProportionMediated

    Raises
    ------
    ValueError
        The fit has no such effect.

    References
    ----------
    MacKinnon, Warsi & Dwyer (1995), A simulation study of mediated effect measures,
    doi:10.1207/s15327906mbr3001_3.

    Examples
    --------
    >>> import pandas as pd
    >>> from exresearch.models.mediation import mediation_analysis
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=400)
    >>> m = x + rng.normal(size=400)
    >>> data = pd.DataFrame({"x": x, "m": m, "y": m + rng.normal(size=400)})
    >>> found = mediation_analysis(data, exposure="x", mediators=["m"], outcome="y", n_boot=200)
    >>> round(proportion_mediated(found).estimate, 1)
    1.0
    """
    effects: Any = fit.effects.set_index("term")
    if term not in effects.index:
        raise ValueError(f"term must be one of {', '.join(effects.index)}; got {term!r}.")
    total, part = effects.loc["total"], effects.loc[term]
    if total["conf_low"] <= 0.0 <= total["conf_high"]:
        return ProportionMediated(None, None, None, "total_includes_zero")
    if np.sign(total["estimate"]) != np.sign(part["estimate"]):
        return ProportionMediated(None, None, None, "opposite_signs")
    shares = (fit.replicates[term] / fit.replicates["total"]).to_numpy()
    low, high = percentile_interval(shares, conf_level=float(total["conf_level"]))
    return ProportionMediated(float(part["estimate"] / total["estimate"]), float(low), float(high), None)
