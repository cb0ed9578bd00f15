"""The report that compares clients, or one client's reports: pages made of findings and contributed moments alone."""

from exresearch.report.across.comparison import Comparison
from exresearch.report.across.pages import render_comparison

__all__ = ["Comparison", "render_comparison"]
