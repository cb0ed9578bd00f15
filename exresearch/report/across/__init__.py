"""The report that compares clients, or one client's reports: pages made of findings and contributed moments alone."""

from exresearch.report.across.pages import Comparison, render_comparison

__all__ = ["Comparison", "render_comparison"]
