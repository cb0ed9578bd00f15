"""The commands, one module each; :mod:`exresearch.cli` puts them together."""
