"""Who had a programme and from when, and one side of the link by unit and wave beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from exresearch.findings.note import Note
from exresearch.measures import Side
from exresearch.models import MIN_UNITS
from exresearch.study import Study

_SEVERAL = (
    "The units have several flags ({flags}), and which of them is the programme is not said: name it with the setting "
    "“programme”."
)
_NO_FLAG = "The setting programme names “{named}”, which is no flag of the units. There are: {flags}."
_NONE = "The table of units has no flag that says when a programme runs."


@dataclass(frozen=True, slots=True)
class Programme:
    """Which units had the programme, and when.

    Attributes
    ----------
    column : str
        The flag.
    label : dict of str to str
        What the codebook calls it.
    units : pandas.DataFrame
        One row per unit whose start is known: ``unit, start`` (place of the first wave with the flag among the waves of
        the study, missing where there is none), ``last`` (place of the last wave in which the flag still says what the
        start promises), ``ended`` (whether the flag went off again) and the categories of the unit.
    categories : dict of str to dict of str to str
        The columns of these categories, with their labels.
    n_unknown : int
        Units left out, because in the wave before their first flag it is missing, or it is missing throughout.
    """

    column: str
    label: dict[str, str]
    units: pd.DataFrame
    categories: dict[str, dict[str, str]]
    n_unknown: int

    @property
    def n_ended(self) -> int:
        """Units whose flag goes off again."""
        return int(self.units["ended"].sum())


def read_programme(study: Study, programme: str) -> Programme | Note:
    """Find the flag of the programme and the wave in which each unit starts.

    Parameters
    ----------
    study : Study
        The client.
    programme : str
        Name of the flag; empty where the units have one flag.

    Returns
    -------
    Programme or Note
        The note says why there is none.
    """
    flags = [
        v.column
        for v in study.codebook.select("units", role="flag")
        if study.has("units", "unit", "wave", v.column)
    ]
    if programme and programme not in flags:
        if not flags:
            return Note(message=_NONE)
        return Note(message=_NO_FLAG, values={"named": programme, "flags": ", ".join(flags)})
    if not flags:
        return Note(message=_NONE)
    if not programme and len(flags) > 1:
        return Note(message=_SEVERAL, values={"flags": ", ".join(flags)})
    column = programme or flags[0]
    frame = study.table("units")
    frame = frame[frame["unit"].notna() & frame["wave"].notna()]
    wide = frame.drop_duplicates(["unit", "wave"]).pivot(index="unit", columns="wave", values=column)
    wide = wide.reindex(columns=list(study.waves)).astype("float64").sort_index()
    on, off = wide.to_numpy() == 1.0, wide.to_numpy() == 0.0
    n_waves = wide.shape[1]
    starts = np.where(on.any(axis=1), on.argmax(axis=1), n_waves)
    places = np.arange(n_waves)
    before = places < starts[:, None]
    # A gap just before the first flag hides when the programme began; one earlier on does not.
    last_off = np.where(off & before, places, -1).max(axis=1)
    known = np.where(starts < n_waves, last_off == starts - 1, last_off >= 0)
    later_off = off & ~before
    ended = later_off.any(axis=1)
    last = np.where(starts == n_waves, last_off, n_waves - 1)
    last = np.where(ended, later_off.argmax(axis=1) - 1, last)
    units = pd.DataFrame(
        {
            "unit": wide.index.astype(str),
            "start": np.where(starts < n_waves, starts, np.nan),
            "last": last,
            "ended": ended,
        }
    )
    names = tuple(v.column for v in study.codebook.select("units", role="category") if v.column in frame)
    if names:
        order = {wave: place for place, wave in enumerate(study.waves)}
        ordered = frame.sort_values("wave", key=lambda waves: waves.map(order), kind="stable")
        own = ordered[["unit", *names]].groupby("unit", as_index=False).last()
        renamed = own.rename(columns={name: f"category:{name}" for name in names})
        units = units.merge(renamed, on="unit", how="left", validate="one_to_one")
    return Programme(
        column=column,
        label=study.codebook.label(column),
        units=units[known].reset_index(drop=True),
        categories={f"category:{name}": study.codebook.label(name) for name in names},
        n_unknown=int((~known).sum()),
    )


def side_waves(side: Side, waves: Sequence[str]) -> list[str]:
    """Return the waves in which a side is measured, in order."""
    present = set(side.frame["wave"])
    return [wave for wave in waves if wave in present]


def side_panel(
    side: Side, programme: Programme, waves: Sequence[str], *, absorbing: bool = False
) -> pd.DataFrame:
    """Set one side of the link beside the programme, by unit and wave.

    Parameters
    ----------
    side : Side
        Of :func:`exresearch.measures.link_side`.
    programme : Programme
        Of :func:`read_programme`; units it does not know are left out.
    waves : sequence of str
        All waves of the study, in order.
    absorbing : bool
        Whether a unit whose flag goes off again counts as treated afterwards; by default its later waves are left out.

    Returns
    -------
    pandas.DataFrame
        ``unit, wave, value, n, size``, ``start`` (the first wave in which this side was measured at or after the start
        of the programme; missing for units that do not start within the waves) and the categories. Waves in which it is
        not known whether a unit has the programme are left out.
    """
    order = {wave: place for place, wave in enumerate(waves)}
    own = side_waves(side, waves)
    places = np.array([order[wave] for wave in own])
    firsts: list[str | None] = []
    for start in programme.units["start"]:
        later = [] if np.isnan(start) else [w for w, place in zip(own, places, strict=True) if place >= start]
        firsts.append(later[0] if later else None)
    units = programme.units.assign(first=pd.Series(firsts, index=programme.units.index, dtype="object"))
    frame = side.frame.merge(units, on="unit", how="inner", validate="many_to_one")
    # Without rows there is nothing to tell a number by.
    held = frame["wave"].map(order).astype("float64") <= frame["last"].astype("float64")
    if absorbing:
        held |= frame["ended"]
    kept = frame[held & frame["value"].notna()]
    columns = ["unit", "wave", "value", "n", "size", *programme.categories]
    panel = kept[columns].assign(value=kept["value"].astype("float64"), start=kept["first"])
    return panel.reset_index(drop=True)


def starts_of(panel: pd.DataFrame) -> pd.Series:
    """Return the start of each unit of a panel, by unit."""
    return panel.drop_duplicates("unit").set_index("unit")["start"]


def assigned_by(panel: pd.DataFrame, categories: Iterable[str]) -> tuple[str | None, bool]:
    """Find the category of units within which all units start together, as where a programme goes by region.

    Parameters
    ----------
    panel : pandas.DataFrame
        Of :func:`side_panel`.
    categories : iterable of str
        Columns to look at.

    Returns
    -------
    tuple of str or None and bool
        The category with the fewest values in which every unit of a value has the same start, at least two values
        start, and values hold more than one unit; and whether it has enough values to take them for the independent
        units of the inference.
    """
    units = panel.drop_duplicates("unit")
    found: list[tuple[int, str]] = []
    for name in categories:
        if units[name].isna().any():
            continue
        start = units["start"].astype(object).where(units["start"].notna(), "")
        together = start.groupby(units[name]).nunique().max() == 1
        values, starting = units[name].nunique(), units.loc[units["start"].notna(), name].nunique()
        if together and starting >= 1 and 2 * values <= len(units):
            found.append((values, name))
    if not found:
        return None, False
    values, name = min(found)
    starting = units.loc[units["start"].notna(), name].nunique()
    return name, values >= MIN_UNITS and starting >= 2
