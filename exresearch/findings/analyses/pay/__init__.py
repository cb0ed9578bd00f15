"""Notebook 09: pay satisfaction and staying, where experience is poor and where it is good."""
