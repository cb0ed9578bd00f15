"""What was worked out of a study and is asked for again: kept as long as the study is."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import ref

import pandas as pd

from exresearch.study import Study

Result = TypeVar("Result")


@dataclass(slots=True)
class _Kept:
    """Results of one study, and the tables that they are of."""

    study: ref[Study]
    tables: dict[str, pd.DataFrame]
    shapes: dict[str, tuple[int, int]]
    results: dict[Hashable, Any] = field(default_factory=dict)

    def holds(self, study: Study) -> bool:
        """Whether it is of this study, with the tables that the study has now."""
        return (
            self.study() is study
            and self.tables.keys() == study.tables.keys()
            and all(
                study.tables[name] is frame and frame.shape == self.shapes[name]
                for name, frame in self.tables.items()
            )
        )


# By identity: a study cannot be hashed, and an identity may be given out again once a study is gone.
_KEPT: dict[int, _Kept] = {}


def remembered(study: Study, key: Hashable, make: Callable[[], Result]) -> Result:
    """Return what `make` gave for this study and key before, or let it work it out now.

    Parameters
    ----------
    study : Study
        Nothing of it is kept once it is gone, or once it has another table (or another number of columns or
        rows in one; cells are not looked at, as nobody changes them).
    key : hashable
        What is asked for, with everything that it depends on besides the study.
    make : callable
        Works it out. What it raises goes on, and is not kept.

    Returns
    -------
    whatever `make` gives
        The same object every time: whoever hands it on gives copies of what can be changed.
    """
    place = id(study)
    kept = _KEPT.get(place)
    if kept is None or not kept.holds(study):
        shapes = {name: frame.shape for name, frame in study.tables.items()}
        kept = _KEPT[place] = _Kept(ref(study, lambda gone: _forget(place, gone)), dict(study.tables), shapes)
    if key not in kept.results:
        kept.results[key] = make()
    result: Result = kept.results[key]
    return result


def _forget(place: int, gone: ref[Study]) -> None:
    """Drop what was kept of a study that is gone, unless its identity is another's already."""
    kept = _KEPT.get(place)
    if kept is not None and kept.study is gone:
        del _KEPT[place]
