"""Notebook 02: engagement and customer experience by unit."""
