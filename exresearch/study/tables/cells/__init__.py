"""Cells of one column: numbers, dates, texts and keys, each checked."""
