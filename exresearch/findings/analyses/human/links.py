"""The three links between units, each with the third side held constant, and the same links reckoned otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.analyses.human.sides import EDGES, HYPOTHESIS, NAMES
from exresearch.findings.analyses.linkage.covariates import Covariates, both_languages, unit_covariates
from exresearch.findings.analyses.pay.checks import normal_scores
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.findings.registry import load_registry
from exresearch.measures import ThreeSides
from exresearch.models import NotEstimable, PartialNetwork, disattenuated_network, partial_network
from exresearch.study import Study

_METHOD = Note(message="bootstrap standard error over units, t interval on the Fisher z scale")
_CORRECTED = Note(message="sampling variances taken off, bootstrap over units, expanded percentile interval")
_LABELS = {
    "plain": "{edge}: without holding the third side constant",
    "corrected": "{edge}: corrected for unreliable unit values",
    "waves": "{edge}: waves brought to the same mean first",
    "apart": "{edge}: each side from another wave",
    "size": "{edge}: size of the unit held constant",
    "kinds": "{edge}: size and kind of the unit held constant",
    "ranks": "{edge}: by rank instead of by value",
    "within": "{edge}: within units, in the waves in which a unit is above or below its own level",
}
#: The checks in reading order.
CHECKS = tuple(_LABELS)
_ERRORS_UNKNOWN = Note(
    message=(
        "The links are not corrected for unreliable unit values: the study says nothing about the sampling error of "
        "{measure}."
    )
)
_NO_CORRECTION = Note(
    message=(
        "The links are not corrected for unreliable unit values: on one side units differ hardly more than chance "
        "alone would make them."
    )
)
_BY_WAVES = Note(
    message=(
        "Sampling errors of {measure} are not given; what differs from wave to wave within a unit counts as error, so "
        "that the correction is an upper bound."
    )
)
_RELIABLE = Note(
    message=(
        "Reliability of the unit values, from 0 to 1: employees {ex:number2}, customers {cx:number2}, partners "
        "{bx:number2}."
    )
)
_HELD = Note(message="Held constant beside size: {names}.")


class Links:
    """Networks of one study by name of the check, ``deciding`` among them, and what is to be said about them."""

    def __init__(
        self,
        networks: dict[str, PartialNetwork],
        notes: list[Note],
        answers: int | None,
        *,
        by_wave: Mapping[str, int | None],
    ) -> None:
        self.networks, self.notes, self.answers = networks, notes, answers
        # Of the checks that take waves apart: units that miss a wave may have no part in them.
        self._by_wave = by_wave

    @property
    def deciding(self) -> PartialNetwork:
        """The network that decides."""
        return self.networks["deciding"]

    def records(self) -> dict[str, EstimateRecord]:
        """Return the deciding estimates by component."""
        return {edge: self._record("deciding", edge, name=edge) for edge in EDGES}

    def checks(self) -> tuple[EstimateRecord, ...]:
        """Return every other way of reckoning, link by link."""
        return tuple(
            self._record(check, edge, name=f"{check}_{edge}")
            for edge in EDGES
            for check in CHECKS
            if check in self.networks
        )

    def table(self) -> pd.DataFrame:
        """Return every estimate: ``check, component, x, y, label`` (a note) and the estimates with ``n_units``."""
        rows = []
        for check in ("deciding", *CHECKS):
            if check in self.networks:
                for edge, (x, y) in EDGES.items():
                    row = _row_of(self.networks[check].table, x, y)
                    rows.append(
                        {"check": check, "component": edge, "label": self._label(check, edge)}
                        | {name: row[name] for name in ("x", "y", "estimate", "conf_low", "conf_high")}
                        | {
                            "conf_level": row["conf_level"],
                            "n": self._n(check, row),
                            "n_units": row["n_units"],
                        }
                    )
        return pd.DataFrame(rows)

    def _record(self, check: str, edge: str, *, name: str) -> EstimateRecord:
        rows = self.networks[check].table
        row = rows[(rows["x"] == EDGES[edge][0]) & (rows["y"] == EDGES[edge][1])]
        return estimate_record(
            row.assign(n=self._n(check, row.iloc[0].to_dict())),
            str(row["term"].iloc[0]),
            name=name,
            label=self._label(check, edge),
            unit_of_measurement="correlation",
            method=_CORRECTED if check == "corrected" else _METHOD,
        )

    def _label(self, check: str, edge: str) -> Note:
        named = edge_label(edge)
        if check == "deciding":
            return Note(message="{edge}", values={"edge": named})
        return Note(message=_LABELS[check], values={"edge": named})

    def _n(self, check: str, row: Mapping[Any, Any]) -> int:
        """Answers behind an estimate, where they are known; units, or units by waves, elsewhere."""
        answers = self._by_wave.get(check, self.answers)
        return int(row["n"]) if answers is None else answers


def edge_label(edge: str) -> dict[str, str]:
    """Return the name of a link in both languages, as the registry declares it."""
    return load_registry().family_of(HYPOTHESIS).components[edge].model_dump()


def links_of(
    study: Study,
    sides: ThreeSides,
    *,
    labels: Mapping[str, dict[str, str]],
    n_boot: int,
    conf_level: float,
    seed: int,
) -> Links:
    """Estimate the three links in the deciding way and in the others.

    Parameters
    ----------
    study : Study
        The client.
    sides : ThreeSides
        Its three sides.
    labels : mapping
        Label of ``ex, cx`` and ``bx``.
    n_boot, conf_level, seed
        Of every interval.

    Returns
    -------
    Links

    Raises
    ------
    NotEstimable
        Where the deciding links cannot be estimated.
    """
    resampling: dict[str, Any] = {"n_boot": n_boot, "conf_level": conf_level, "seed": seed}
    units = sides.units
    networks = {"deciding": partial_network(units, columns=NAMES, **resampling)}
    networks["plain"] = _plain(networks["deciding"])
    notes: list[Note] = []
    ranked = units.assign(**{name: normal_scores(units[name]) for name in NAMES})
    held = unit_covariates(study, units)
    frame = units[["unit", *NAMES]].merge(held.frame, on="unit", validate="one_to_one")
    size = _size(frame, units, held)
    attempts: list[tuple[str, pd.DataFrame, dict[str, Any]]] = [
        ("size", size, {"covariates": ["(size)"]}),
        ("kinds", frame, {"covariates": held.columns}),
        ("ranks", ranked, {}),
        ("waves", same_mean(sides.panel), {}),
        ("apart", rotated(sides.panel, study.waves), {"cluster": "unit"}),
        ("within", within_units(sides.panel), {"cluster": "unit"}),
    ]
    for name, rows, options in attempts:
        # Without kinds this is the check on size again.
        if rows.empty or (name == "kinds" and len(held.columns) < 2):
            continue
        try:
            networks[name] = partial_network(rows, columns=NAMES, **options, **resampling)
        except NotEstimable:
            continue
    kinds = [label for label in held.labels if label != study.codebook.label("headcount")]
    if "kinds" in networks and kinds:
        notes.append(_HELD.model_copy(update={"values": {"names": both_languages(kinds)}}))
    corrected, remarks = _corrected(sides, labels, resampling)
    if corrected is not None:
        networks["corrected"] = corrected
    counts = units[[f"{name}_n" for name in NAMES]]
    answers = None if counts.isna().any(axis=None) else int(counts.to_numpy().sum())
    by_wave = {name: _answers(sides.panel, rows) for name, rows, _ in attempts if name in ("apart", "within")}
    return Links(networks, [*held.notes, *notes, *remarks], answers, by_wave=by_wave)


def _answers(panel: pd.DataFrame, rows: pd.DataFrame) -> int | None:
    """Answers, over all waves, of the units that rows are about; None where they are not known."""
    if rows.empty:
        return None
    counts = panel.loc[panel["unit"].isin(rows["unit"]), [f"{name}_n" for name in NAMES]]
    return None if counts.isna().any(axis=None) else int(counts.to_numpy().sum())


def same_mean(panel: pd.DataFrame) -> pd.DataFrame:
    """Average the waves of each unit, after every wave was brought to the same mean; empty with a single wave.

    Examples
    --------
    >>> panel = pd.DataFrame({"unit": list("aab"), "wave": list("121"), "ex": [1.0, 9.0, 3.0], "cx": 0.0, "bx": 0.0})
    >>> same_mean(panel)["ex"].tolist()
    [-0.5, 1.0]
    """
    if panel["wave"].nunique() < 2:
        return panel.iloc[:0]
    shifted = panel[NAMES] - panel.groupby("wave")[NAMES].transform("mean")
    return shifted.groupby(panel["unit"]).mean().reset_index()


def rotated(panel: pd.DataFrame, waves: Sequence[str]) -> pd.DataFrame:
    """Set each side beside the others in another wave, in every such order; empty with fewer than three waves.

    Use it for what the sides may have in common because they were measured at the same moment.

    Parameters
    ----------
    panel : pandas.DataFrame
        ``unit, wave, ex, cx, bx``.
    waves : sequence of str
        In order.

    Returns
    -------
    pandas.DataFrame
        ``unit, ex, cx, bx`` as deviations from the mean of each wave: a unit has as many rows as there are ways of
        taking wave t for EX, wave t + 1 for CX and wave t + 2 for BX, where after the last wave comes the first.
    """
    present = [wave for wave in waves if wave in set(panel["wave"])]
    if len(present) < 3:
        return panel.iloc[:0]
    centred = panel[NAMES] - panel.groupby("wave")[NAMES].transform("mean")
    wide = centred.assign(unit=panel["unit"], wave=panel["wave"]).set_index(["unit", "wave"]).unstack("wave")
    parts = []
    for t in range(len(present)):
        taken = {name: wide[name, present[(t + k) % len(present)]] for k, name in enumerate(NAMES)}
        parts.append(pd.DataFrame(taken))
    return pd.concat(parts).dropna().reset_index()


def within_units(panel: pd.DataFrame) -> pd.DataFrame:
    """Take out of each side what a unit always has and what all units have in a wave; empty with a single wave.

    Parameters
    ----------
    panel : pandas.DataFrame
        ``unit, wave, ex, cx, bx``.

    Returns
    -------
    pandas.DataFrame
        ``unit, ex, cx, bx`` as deviations, for units with two waves or more.
    """
    kept = panel[panel.groupby("unit")["wave"].transform("size") > 1].sort_values(["unit", "wave"])
    if kept["wave"].nunique() < 2:
        return panel.iloc[:0]
    dummies = pd.get_dummies(kept["wave"]).iloc[:, 1:].astype("float64")
    both = pd.concat([kept[NAMES], dummies], axis=1)
    both = both - both.groupby(kept["unit"]).transform("mean")
    x, y = both[dummies.columns].to_numpy(), both[NAMES].to_numpy()
    rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return pd.DataFrame(rest, columns=NAMES).assign(unit=kept["unit"].to_numpy())


def _plain(network: PartialNetwork) -> PartialNetwork:
    return PartialNetwork(network.marginal, network.marginal, network.replicates, network.reliability)


def _size(frame: pd.DataFrame, units: pd.DataFrame, held: Covariates) -> pd.DataFrame:
    """Units with the logarithm of their size: heads where those are counted, else the employees who answered."""
    if "log headcount" in held.columns:
        return frame.assign(**{"(size)": frame["log headcount"]})
    answers = units["ex_n"].astype("float64")
    if answers.isna().any() or answers.le(0).any() or answers.nunique() < 2:
        return frame.iloc[:0]
    return frame.assign(**{"(size)": np.log(answers.to_numpy())})


def _corrected(
    sides: ThreeSides, labels: Mapping[str, dict[str, str]], resampling: Mapping[str, Any]
) -> tuple[PartialNetwork | None, list[Note]]:
    notes = []
    for name, precision in sides.precision.items():
        values: dict[str, Any] = {"measure": labels[name]}
        if precision.source == "unknown" or sides.units[f"{name}_error"].isna().all():
            return None, [_ERRORS_UNKNOWN.model_copy(update={"values": values})]
        if precision.source == "waves":
            notes.append(_BY_WAVES.model_copy(update={"values": values}))
    try:
        network = disattenuated_network(
            sides.units, columns=NAMES, errors=[f"{name}_error" for name in NAMES], **resampling
        )
    except NotEstimable:
        return None, [_NO_CORRECTION]
    shares = dict(zip(network.reliability["term"], network.reliability["estimate"], strict=True))
    values = {str(name): float(share) for name, share in shares.items()}
    return network, [*notes, _RELIABLE.model_copy(update={"values": values})]


def _row_of(table: pd.DataFrame, x: str, y: str) -> dict[str, Any]:
    found = table[(table["x"] == x) & (table["y"] == y)]
    return {str(name): value for name, value in found.iloc[0].to_dict().items()}
