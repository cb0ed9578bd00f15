"""Guesses about one column at a time."""
