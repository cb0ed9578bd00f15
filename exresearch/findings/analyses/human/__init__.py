"""Notebook 08: employee, customer and partner experience, and how they hang together."""
