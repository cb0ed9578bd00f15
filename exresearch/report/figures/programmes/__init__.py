"""Figures about programmes: the effect by waves since the start, the courses of units, and the checks."""

from exresearch.report.figures.programmes.checks import programme_checks
from exresearch.report.figures.programmes.courses import programme_courses
from exresearch.report.figures.programmes.event_study import programme_events

__all__ = ["programme_checks", "programme_courses", "programme_events"]
