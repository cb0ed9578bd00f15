"""Panels of units over waves: which comes first, and does it come back."""

from exresearch.models.panel.cross_lagged import CrossLaggedPanel, cross_lagged_panel
from exresearch.models.panel.dynamic import DynamicPanel, dynamic_panel
from exresearch.models.panel.frame import LEAST_PANEL_UNITS
from exresearch.models.panel.lags import AsymmetricShocks, asymmetric_shocks, lag_scan
from exresearch.models.panel.loop import cross_lagged_difference, loop_gain

__all__ = [
    "LEAST_PANEL_UNITS",
    "AsymmetricShocks",
    "CrossLaggedPanel",
    "DynamicPanel",
    "asymmetric_shocks",
    "cross_lagged_difference",
    "cross_lagged_panel",
    "dynamic_panel",
    "lag_scan",
    "loop_gain",
]
