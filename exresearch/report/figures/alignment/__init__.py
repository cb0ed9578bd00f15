"""Figures about people who are ready, willing and able, and about promise and delivery."""

from exresearch.report.figures.alignment.promise import promise_surface
from exresearch.report.figures.alignment.rivals import rival_models
from exresearch.report.figures.alignment.weakest import weakest_link

__all__ = ["promise_surface", "rival_models", "weakest_link"]
