"""Words, figures, tables and pages; nothing here estimates anything."""

# The site (site.py, index.py, notebook.py) is imported from its modules: a notebook has no need of nbconvert.

from exresearch.report.page import Page
from exresearch.report.tables import Column, html_table
from exresearch.report.text import MissingTranslation, Texts
from exresearch.report.theme import Picture
from exresearch.report.verdict import verdict_block

__all__ = ["Column", "MissingTranslation", "Page", "Picture", "Texts", "html_table", "verdict_block"]
