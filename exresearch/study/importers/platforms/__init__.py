"""Exports of survey platforms: what their headings mean, and which sheets are tests."""
