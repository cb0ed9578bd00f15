"""Notebook 09: turnover, absence, productivity and result a wave after employee experience."""
