"""Notebook 09: whether those who recommend the employer stay and bring others along."""
