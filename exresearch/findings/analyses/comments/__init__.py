"""Notebook 06: what people write about contact moments, coded and counted."""
