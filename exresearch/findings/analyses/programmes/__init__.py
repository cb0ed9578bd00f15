"""Notebook 10: what a programme does to employee and to customer experience."""
