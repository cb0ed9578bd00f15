"""Guesses about items together: direction, blocks and groups."""
