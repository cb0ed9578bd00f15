"""Linkage of employee and customer experience per unit."""

from exresearch.models.linkage.association import unit_association
from exresearch.models.linkage.changes import change_on_change
from exresearch.models.linkage.dose import DoseResponse, dose_response
from exresearch.models.linkage.funnel import funnel_limits
from exresearch.models.linkage.kinds import KIND_TERMS, kind_slopes
from exresearch.models.linkage.leaders import LEADER_TERMS, leader_contrast
from exresearch.models.linkage.moderation import Moderation, moderation
from exresearch.models.linkage.pooled import pooled_contrast
from exresearch.models.linkage.published import katz_interval
from exresearch.models.linkage.quantile import quantile_regression
from exresearch.models.linkage.quick import correlation_in_closed_form
from exresearch.models.linkage.reliable import disattenuated_association
from exresearch.models.linkage.within import WithinAssociation, within_association

__all__ = [
    "KIND_TERMS",
    "LEADER_TERMS",
    "DoseResponse",
    "Moderation",
    "WithinAssociation",
    "change_on_change",
    "correlation_in_closed_form",
    "disattenuated_association",
    "dose_response",
    "funnel_limits",
    "katz_interval",
    "kind_slopes",
    "leader_contrast",
    "moderation",
    "pooled_contrast",
    "quantile_regression",
    "unit_association",
    "within_association",
]
