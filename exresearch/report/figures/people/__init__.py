"""Figures of notebook 05 about human work and standardisation, and about ambassadors and their colleagues."""

from exresearch.report.figures.people.checks import checks_forest
from exresearch.report.figures.people.peers import peer_bins
from exresearch.report.figures.people.skill import skill_lines

__all__ = ["checks_forest", "peer_bins", "skill_lines"]
