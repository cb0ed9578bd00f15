"""Linkage of employee and customer experience per unit."""

from exresearch.models.linkage.association import unit_association
from exresearch.models.linkage.changes import change_on_change
from exresearch.models.linkage.leaders import LEADER_TERMS, leader_contrast
from exresearch.models.linkage.published import katz_interval

__all__ = ["LEADER_TERMS", "change_on_change", "katz_interval", "leader_contrast", "unit_association"]
