"""Notebook 05: human work against standardisation, unit by unit."""
