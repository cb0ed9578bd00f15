"""Linkage of employee and customer experience per unit."""

from exresearch.models.linkage.association import unit_association
from exresearch.models.linkage.changes import change_on_change
from exresearch.models.linkage.dose import DoseResponse, dose_response
from exresearch.models.linkage.leaders import LEADER_TERMS, leader_contrast
from exresearch.models.linkage.moderation import Moderation, moderation
from exresearch.models.linkage.published import katz_interval
from exresearch.models.linkage.quantile import quantile_regression
from exresearch.models.linkage.quick import correlation_in_closed_form

__all__ = [
    "LEADER_TERMS",
    "DoseResponse",
    "Moderation",
    "change_on_change",
    "correlation_in_closed_form",
    "dose_response",
    "katz_interval",
    "leader_contrast",
    "moderation",
    "quantile_regression",
    "unit_association",
]
