"""Notebook 03: what moves recommending, staying, effort and promotion."""
