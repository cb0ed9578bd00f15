"""Workbooks: cells as they are shown, and what a reader of values alone would not see."""
