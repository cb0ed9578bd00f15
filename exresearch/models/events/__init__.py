"""Events: counts with exposure, times until they happen, and which wave comes first."""

from exresearch.models.events.hazards import CoxFit, cox_regression
from exresearch.models.events.kaplan_meier import kaplan_meier
from exresearch.models.events.lags import lagged_frame, lead_lag
from exresearch.models.events.proportional import proportional_hazards_test
from exresearch.models.events.rates import RateFit, rate_regression

__all__ = [
    "CoxFit",
    "RateFit",
    "cox_regression",
    "kaplan_meier",
    "lagged_frame",
    "lead_lag",
    "proportional_hazards_test",
    "rate_regression",
]
