"""Notebook 05: whether colleagues follow ambassadors, within persons over time."""
