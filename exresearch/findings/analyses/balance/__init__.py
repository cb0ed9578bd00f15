"""Notebook 04: employee and customer experience in balance, and an outcome a wave later."""
