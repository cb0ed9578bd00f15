"""Tests what is claimed about employee and customer experience, on a client's own data."""

__version__ = "0.1.0"
