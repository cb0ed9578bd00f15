"""How a score changed between two waves: other answers of the same people, or other people."""

from exresearch.measures.change.composition import composition_change
from exresearch.measures.change.panel import panel_change
from exresearch.measures.change.waves import wave_change, wave_changes

__all__ = ["composition_change", "panel_change", "wave_change", "wave_changes"]
