"""Notebook 04: which comes first, within units and over time."""
