"""Polynomial regression with a response surface, for the balance of two measures."""

from exresearch.models.surface.response import ResponseSurface, response_surface

__all__ = ["ResponseSurface", "response_surface"]
