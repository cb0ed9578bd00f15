"""How sure the outcomes of notebook 09 are: spread of the counts, unmeasured causes, and other choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.analyses.business_checks import smaller_units
from exresearch.findings.analyses.business_models import EX, OutcomeFit, outcome_fit
from exresearch.findings.analyses.business_panel import RATES, OutcomePanel, outcome_label, outcome_panel
from exresearch.findings.decision import error_rate
from exresearch.measures import UnsuitableScale, other_definition
from exresearch.models import (
    LinearFit,
    NotEstimable,
    RateFit,
    SpecificationCurve,
    e_value,
    robustness_value,
    specification_curve,
)
from exresearch.study import Study

# A unit needs twice as many answers in the stricter alternative.
_STRICTER = 2


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


def outcome_specifications(
    study: Study, component: str | None, *, conf_level: float, **side_options: Any
) -> SpecificationCurve | None:
    """Answer for one outcome under every combination of choices that could have been made otherwise.

    Parameters
    ----------
    study : Study
        The client.
    component : str or None
        The outcome; None where nothing could be tested.
    conf_level : float
        Of the intervals.
    **side_options
        The declared choices about employee experience, as for :func:`exresearch.measures.link_side`.

    Returns
    -------
    SpecificationCurve or None
        Choices ``definition`` (who counts as engaged: declared, other), ``answers`` (least in a unit and wave),
        ``kinds`` (of unit: kept, left_out), ``units`` (all, smaller: without the largest tenth) and ``earlier`` (its
        own earlier value: left_out, kept). None without an outcome.
    """
    if component is None:
        return None
    panel = outcome_panel(study, **side_options)
    least = int(side_options["min_unit_n"])
    panels = {("declared", least): panel}
    definitions = {"declared": "declared"}
    other = other_definition(side_options["engaged_definition"])
    if panel.side.construct == "engagement" and panel.side.source == "employees" and other is not None:
        definitions["other"] = other

    def data(definition: str, answers: int) -> OutcomePanel:
        if (definition, answers) not in panels:
            changed = {} if definition == "declared" else {"engaged_definition": definition}
            panels[definition, answers] = outcome_panel(
                study, **{**side_options, **changed, "min_unit_n": answers}
            )
        return panels[definition, answers]

    def estimate(
        _: object, definition: str, answers: int, kinds: bool, units: bool, earlier: bool
    ) -> pd.Series:
        try:
            chosen = data(definition, answers)
        except UnsuitableScale as reason:
            raise NotEstimable(str(reason)) from reason
        if component not in chosen.measured:
            raise NotEstimable(f"'{component}' is not measured.")
        row = outcome_fit(
            chosen,
            component,
            categories=kinds,
            earlier=earlier,
            units=None if units else smaller_units(chosen),
            conf_level=conf_level,
        ).row.iloc[0]
        return row.rename({"n_units": "n_clusters"})

    return specification_curve(
        None,
        specifications={
            "definition": definitions,
            "answers": {str(least): least, str(_STRICTER * least): _STRICTER * least},
            "kinds": {"kept": True, "left_out": False} if panel.categories else {"left_out": False},
            "units": {"all": True, "smaller": False},
            "earlier": {"left_out": False, "kept": True},
        },
        estimate=estimate,
        null=1.0 if component in RATES else 0.0,
    )
