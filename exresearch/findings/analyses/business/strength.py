"""How sure the outcomes of notebook 09 are: spread of the counts, and unmeasured causes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.analyses.business.models import EX, OutcomeFit
from exresearch.findings.analyses.business.panel import RATES, outcome_label
from exresearch.findings.decision import error_rate
from exresearch.models import (
    LinearFit,
    RateFit,
    e_value,
    robustness_value,
)


def dispersion_table(fits: Mapping[str, OutcomeFit]) -> pd.DataFrame:
    """Say for each count whether it varies more than Poisson expects, and which model was used for that.

    Returns
    -------
    pandas.DataFrame
        ``component, label, model, n_events, mean`` (events per unit and wave), ``statistic, p_value`` (likelihood
        ratio), ``estimate`` (alpha: the variance is mean + alpha mean^2), ``dispersion`` (Pearson; 1 for Poisson),
        ``n`` (answers).
    """
    rows = []
    for name, fit in fits.items():
        if not isinstance(fit.regression, RateFit):
            continue
        test = fit.regression.overdispersion.iloc[0]
        rows.append(
            {
                "component": name,
                "label": outcome_label(name),
                "model": fit.regression.model,
                "n_events": int(fit.used[name].sum()),
                "mean": float(fit.used[name].mean()),
                "statistic": float(test["statistic"]),
                "p_value": float(test["p_value"]),
                "estimate": float(test["estimate"]),
                "dispersion": fit.regression.pearson_dispersion,
                "n": int(fit.row["n"].iloc[0]),
            }
        )
    return pd.DataFrame(rows)


def confounding_table(fits: Mapping[str, OutcomeFit], *, conf_level: float) -> pd.DataFrame:
    """Say how strong an unmeasured cause must be to take an estimate, or its interval, to no effect.

    Returns
    -------
    pandas.DataFrame
        ``component, label, unit_of_measurement, estimate, conf_low, conf_high, conf_level, e_value, e_value_limit,
        robustness_value, robustness_value_limit`` (slopes alone), ``n``.
    """
    rows = []
    for name, fit in fits.items():
        row = fit.row.iloc[0]
        limits = {key: float(row[key]) for key in ("estimate", "conf_low", "conf_high")}
        scale: Any = "risk_ratio" if name in RATES else "standardised"
        strength = e_value(
            limits["estimate"], conf_low=limits["conf_low"], conf_high=limits["conf_high"], scale=scale
        ).iloc[0]
        value = at_limit = np.nan
        if isinstance(fit.regression, LinearFit):
            robust = robustness_value(fit.regression, term=EX, alpha=error_rate(conf_level)).iloc[0]
            value, at_limit = float(robust["robustness_value"]), float(robust["robustness_value_alpha"])
        rows.append(
            {
                "component": name,
                "label": outcome_label(name),
                "unit_of_measurement": "rate_ratio" if name in RATES else "standardised",
                **limits,
                "conf_level": conf_level,
                "e_value": float(strength["e_value"]),
                "e_value_limit": float(strength["e_value_limit"]),
                "robustness_value": value,
                "robustness_value_limit": at_limit,
                "n": int(row["n"]),
            }
        )
    return pd.DataFrame(rows)
