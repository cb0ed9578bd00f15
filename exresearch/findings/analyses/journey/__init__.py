"""Notebook 06: contact moments before, during and after employment, and what they mean for recommending."""
