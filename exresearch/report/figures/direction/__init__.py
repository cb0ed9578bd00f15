"""Figures about what comes first, and about the balance of employee and customer experience."""

from exresearch.report.figures.direction.lags import lag_curve
from exresearch.report.figures.direction.models import effects_by_model
from exresearch.report.figures.direction.paths import path_picture
from exresearch.report.figures.direction.surface import balance_surface
from exresearch.report.figures.direction.surface_checks import balance_checks_forest
from exresearch.report.figures.direction.two_links import two_links

__all__ = [
    "balance_checks_forest",
    "balance_surface",
    "effects_by_model",
    "lag_curve",
    "path_picture",
    "two_links",
]
