"""Notebook 06: what people did on messages about contact moments, set against how they experienced these."""
