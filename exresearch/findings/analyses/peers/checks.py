"""Ambassadors and colleagues, checks beside the verdict: likeness, shared events, coming and going, own course."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.findings.analyses.linkage.covariates import unit_kinds
from exresearch.findings.analyses.peers.sheets import (
    AFTER,
    BEFORE,
    OUTCOME,
    PROMOTER,
    SAME,
    SPELL,
    UNIT,
    WAVE,
    PeerSheets,
    followed,
)
from exresearch.findings.finding import EstimateRecord, MeasurementUnit
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.measures import NotMeasured, link_side, unit_categories
from exresearch.models import NotEstimable, WithinFit
from exresearch.models.regression import linear_combinations, linear_regression
from exresearch.study import Study

METHOD = Note(
    message=(
        "least squares within persons and waves, in standard deviations within persons, standard error by unit (CR2)"
    )
)
_EVERYBODY = Note(
    message="least squares on answer sheets and waves, in standard deviations, standard error by unit (CR2)"
)
_PLAIN = Note(message="least squares within persons and waves, standard error by unit (CR2)")
LABELS = {
    "later": "Colleagues a wave later instead (should be nothing)",
    "beside_later": "With equal colleagues a wave later",
    "same_wave": "Colleagues in the same wave instead",
    "plain": "Without equal engagement of colleagues",
    "customers": "With equal customer experience of the unit, in this wave and the one before",
    "kind_waves": "Compared within one kind of unit and wave",
    "everybody": "Also between people and between units",
    "both_waves": "Only colleagues present in both waves",
    "every_wave": "Only people who answered in every wave",
    "own_course": "With equal own answer in the wave before",
    "means": "Mean answer of colleagues instead of the share of ambassadors",
}
_AMBASSADORS = {
    "voluntary": "Ten in a hundred colleagues more who are ambassadors of their own accord",
    "assigned": "Ten in a hundred colleagues more who were appointed as ambassadors",
    "difference": "Of their own accord instead of appointed",
}
_NO_KINDS = Note(
    message="The study does not tell ambassadors of their own accord from appointed ones: that part stays untested."
)
#: Ten in a hundred.
_TENTH = 0.1


def peer_checks(
    study: Study, sheets: PeerSheets, *, held: Sequence[str], conf_level: float
) -> tuple[EstimateRecord, ...]:
    """Estimate the effect of colleagues by other choices; none of them chooses the verdict.

    Parameters
    ----------
    study : Study
        The client.
    sheets : PeerSheets
        Behind the verdict.
    held : sequence of str
        Columns that the deciding regression holds equal.
    conf_level : float
        Of the intervals.

    Returns
    -------
    tuple of EstimateRecord
        Under the names of ``LABELS`` with ``peers_`` before them, as far as the data allow.
    """
    frame = sheets.frame
    found: list[EstimateRecord] = []

    def ask(name: str, predictors: list[str], rows: pd.DataFrame = frame, wave: str = WAVE) -> None:
        more = [] if name == "plain" else held
        fit = followed(rows, [*predictors, *more], conf_level=conf_level, wave=wave)
        if fit is not None:
            found.append(
                peer_record(fit, predictors[0], name=f"peers_{name}", label=Note(message=LABELS[name]))
            )

    if held:
        ask("plain", [BEFORE])
    ask("later", [AFTER])
    ask("beside_later", [BEFORE, AFTER])
    ask("same_wave", [SAME])
    customers = _customers(study, sheets)
    if customers is not None:
        ask("customers", [BEFORE, *customers.columns], frame.join(customers))
    kinds = _kind_waves(study, frame)
    if kinds is not None:
        ask("kind_waves", [BEFORE], frame.assign(**{"(kind and wave)": kinds}), "(kind and wave)")
    everybody = _everybody(sheets, conf_level=conf_level)
    if everybody is not None:
        found.append(everybody)
    both = sheets.of_colleagues([PROMOTER], lag=1, present_in_both=True)[PROMOTER]
    ask("both_waves", ["(stayed)"], frame.assign(**{"(stayed)": both}))
    spell = frame[SPELL].cat.codes.to_numpy()
    answered = np.bincount(spell[(spell >= 0) & frame[OUTCOME].notna().to_numpy()], minlength=len(frame))
    ask("every_wave", [BEFORE], frame[(spell >= 0) & (answered[spell] == len(sheets.waves))])
    ask("own_course", [BEFORE, "(own before)"], frame.assign(**{"(own before)": _own_before(sheets)}))
    means = sheets.of_colleagues([OUTCOME], lag=1)[OUTCOME]
    ask("means", ["(mean of colleagues)"], frame.assign(**{"(mean of colleagues)": means}))
    return tuple(found)


def peer_record(
    fit: WithinFit,
    term: str,
    *,
    name: str,
    label: Note,
    method: Note = METHOD,
    unit: MeasurementUnit = "standardised",
) -> EstimateRecord:
    """Take one effect of colleagues into a record."""
    return estimate_record(
        fit.table.assign(n_units=fit.table["n_clusters"]),
        term,
        name=name,
        label=label,
        unit_of_measurement=unit,
        method=method,
    )


def ambassador_records(
    sheets: PeerSheets, *, conf_level: float
) -> tuple[tuple[EstimateRecord, ...], list[Note]]:
    """Set colleagues who are ambassadors of their own accord against appointed ones, and their difference.

    Parameters
    ----------
    sheets : PeerSheets
        With or without the two kinds.
    conf_level : float
        Of the intervals.

    Returns
    -------
    tuple of EstimateRecord, and list of Note
        Change of a person's answer, on its own scale, with ten in a hundred more colleagues of that kind, within
        persons; no records and a note where the study does not tell the kinds apart.
    """
    if not sheets.kinds:
        return (), [_NO_KINDS]
    kinds = list(sheets.kinds.values())
    shares = sheets.of_colleagues(kinds, lag=0).add_prefix("share of ")
    fit = followed(sheets.frame.join(shares), list(shares.columns), conf_level=conf_level, standardised=False)
    if fit is None:
        return (), [
            Note(
                message="The share of ambassadors of either kind hardly changes within units: that part stays untested."
            )
        ]
    voluntary, assigned = (f"share of {sheets.kinds[name]}" for name in ("voluntary", "assigned"))
    wanted = {
        "voluntary": {voluntary: _TENTH},
        "assigned": {assigned: _TENTH},
        "difference": {voluntary: _TENTH, assigned: -_TENTH},
    }
    table = linear_combinations(fit.fit, combinations=wanted)
    records = tuple(
        estimate_record(
            table.assign(n_units=table["n_clusters"]),
            name,
            name=f"ambassadors_{name}",
            label=Note(message=_AMBASSADORS[name]),
            unit_of_measurement="slope",
            method=_PLAIN,
        )
        for name in wanted
    )
    return records, []


def _own_before(sheets: PeerSheets) -> pd.Series:
    """A person's own answer in the wave before, in the same unit."""
    frame = sheets.frame
    spell, place = frame[SPELL].cat.codes.to_numpy(dtype=np.int64), _places(sheets)
    known = np.flatnonzero((spell >= 0) & (place >= 0))
    # A row for each wave of each person in a unit, and the wave before the first one.
    table = np.full(((int(spell.max(initial=0)) + 1), len(sheets.waves) + 1), np.nan)
    table[spell[known], place[known] + 1] = frame[OUTCOME].to_numpy()[known]
    found = np.full(len(frame), np.nan)
    found[known] = table[spell[known], place[known]]
    return pd.Series(found, index=frame.index)


def _places(sheets: PeerSheets) -> NDArray[np.int64]:
    """Number of the wave of each sheet in the order of waves; -1 where it is none of them."""
    waves = sheets.frame[WAVE].cat
    position = {wave: place for place, wave in enumerate(sheets.waves)}
    # One place more, for those without a wave.
    return np.array([*(position.get(wave, -1) for wave in waves.categories), -1])[waves.codes.to_numpy()]


def _customers(study: Study, sheets: PeerSheets) -> pd.DataFrame | None:
    """Customer experience of the unit in this wave and the one before."""
    try:
        side, _ = link_side(study, "cx", table="customers", min_unit_n=sheets.least)
    except NotMeasured:
        return None
    values = side.frame.astype({"value": "float64"})
    units = sheets.frame[UNIT].cat
    table = np.full((len(units.categories) + 1, len(sheets.waves) + 1), np.nan)
    position = {wave: place for place, wave in enumerate(sheets.waves)}
    row = units.categories.get_indexer(pd.Index(values["unit"]))
    column = values["wave"].map(position).fillna(-1).to_numpy(dtype=np.int64)
    there = (row >= 0) & (column >= 0)
    table[row[there], column[there] + 1] = values["value"].to_numpy()[there]
    # Of no unit, or before the first wave, nothing is known.
    unit, place = units.codes.to_numpy(), _places(sheets)
    return pd.DataFrame(
        {
            f"(customers {lag})": np.where(place >= 0, table[unit, np.maximum(place + 1 - lag, 0)], np.nan)
            for lag in (0, 1)
        },
        index=sheets.frame.index,
    )


def _kind_waves(study: Study, frame: pd.DataFrame) -> pd.Series | None:
    """Kind of unit and wave together, by the first category of units that tells kinds apart."""
    categories = unit_categories(study)
    if categories.empty:
        return None
    units, waves = frame[UNIT].cat, frame[WAVE].cat
    # Units in the order in which they come.
    seen = pd.factorize(units.codes[units.codes >= 0])[1].to_numpy(dtype=np.int64)
    once = pd.DataFrame({UNIT: units.categories[seen]}).merge(categories, on=UNIT, how="left")
    kinds = unit_kinds(study, once)
    if not kinds:
        return None
    number, names = pd.factorize(kinds[0].members, sort=True)
    # One place more, for those without a unit.
    kind = np.full(len(units.categories) + 1, -1)
    kind[seen] = number
    codes = kind[units.codes.to_numpy()]
    both: NDArray[np.int64] = np.where(
        (codes >= 0) & (waves.codes >= 0), codes * len(waves.categories) + waves.codes, -1
    )
    labels = pd.Index([f"{name} | {wave}" for name in names for wave in waves.categories])
    return pd.Series(pd.Categorical.from_codes(both, labels), index=frame.index)


def _everybody(sheets: PeerSheets, *, conf_level: float) -> EstimateRecord | None:
    """The link over all sheets, people and units not set beside themselves."""
    frame = sheets.frame
    needed = [OUTCOME, BEFORE, UNIT, WAVE, *([] if sheets.weights is None else [sheets.weights])]
    rows = frame.loc[frame[[OUTCOME, BEFORE]].notna().all(axis=1), needed]
    waves = [wave for wave in sheets.waves if (rows[WAVE] == wave).any()][1:]
    for wave in waves:
        rows[f"wave: {wave}"] = (rows[WAVE] == wave).astype("float64")
    try:
        table = linear_regression(
            rows,
            outcome=OUTCOME,
            predictors=[BEFORE, *(f"wave: {wave}" for wave in waves)],
            weights=sheets.weights,
            cluster=UNIT,
            covariance="CR2",
            conf_level=conf_level,
            standardised=True,
        ).table
    except NotEstimable:
        return None
    return estimate_record(
        table.assign(n_units=table["n_clusters"]),
        BEFORE,
        name="peers_everybody",
        label=Note(message=LABELS["everybody"]),
        unit_of_measurement="standardised",
        method=_EVERYBODY,
    )
