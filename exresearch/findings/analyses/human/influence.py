"""How the three sides follow one another from wave to wave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from exresearch.findings.analyses.human.sides import NAMES
from exresearch.findings.note import Note
from exresearch.models import NotEstimable, lagged_influence, lagged_regression

_OVERLAP = Note(
    message=(
        "Successive waves share part of the time that they measure, so that nothing here follows anything else."
    )
)
_ONE_WAVE = Note(message="There is one wave: what follows what cannot be seen.")
_TOO_LITTLE = Note(
    message="There are too few units with all three sides in every wave, or they change too little."
)
_MIXED = Note(
    message=(
        "The effects mix what units are with what they do: lasting differences between units look like effects over "
        "time in them. Effects within units need three waves and thirty units or more with all sides in all waves."
    )
)


@dataclass(frozen=True, slots=True)
class Influence:
    """Effects of each side on each side a wave later.

    Attributes
    ----------
    within : pandas.DataFrame
        ``predictor, outcome`` and the estimate schema, within units; empty where that cannot be estimated.
    mixed : pandas.DataFrame
        The same over units and waves together.
    note : Note or None
        What is to be said of them, or why there are none.
    """

    within: pd.DataFrame = field(default_factory=pd.DataFrame)
    mixed: pd.DataFrame = field(default_factory=pd.DataFrame)
    note: Note | None = None

    @property
    def shown(self) -> pd.DataFrame:
        """The effects within units where there are any, else the mixed ones."""
        return self.mixed if self.within.empty else self.within

    @property
    def is_within(self) -> bool:
        """Whether the effects shown are those within units."""
        return not self.within.empty


def influence_of(
    panel: pd.DataFrame, *, waves: Sequence[str], waves_overlap: bool, conf_level: float
) -> Influence:
    """Estimate the nine effects of three sides on themselves and on one another a wave later.

    Parameters
    ----------
    panel : pandas.DataFrame
        ``unit, wave, ex, cx, bx``.
    waves : sequence of str
        In order.
    waves_overlap : bool
        Successive waves share part of their time.
    conf_level : float
        Of the intervals.

    Returns
    -------
    Influence
    """
    if waves_overlap:
        return Influence(note=_OVERLAP)
    present = [wave for wave in waves if wave in set(panel["wave"])]
    if len(present) < 2:
        return Influence(note=_ONE_WAVE)
    mixed = within = pd.DataFrame()
    try:
        mixed = lagged_regression(
            panel, columns=NAMES, unit="unit", wave="wave", waves=present, conf_level=conf_level
        )
    except NotEstimable:
        return Influence(note=_TOO_LITTLE)
    try:
        within = lagged_influence(
            panel, columns=NAMES, unit="unit", wave="wave", waves=present, conf_level=conf_level
        ).table
    except NotEstimable:
        return Influence(mixed=mixed, note=_MIXED)
    return Influence(within, mixed)
