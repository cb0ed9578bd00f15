"""Figures about direction: what units are, what they do, what follows what, and after how long."""

from exresearch.report.figures.direction.lags import lag_curve
from exresearch.report.figures.direction.models import effects_by_model
from exresearch.report.figures.direction.paths import path_picture
from exresearch.report.figures.direction.two_links import two_links

__all__ = ["effects_by_model", "lag_curve", "path_picture", "two_links"]
