"""Notebook 05: an outcome on what was promised and what was delivered."""
