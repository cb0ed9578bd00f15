"""What moments before and after employment add to those during it, in people who were asked different things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from exresearch.findings.analyses.journey.sheets import GROUP, OUTCOME, PERSON, WEIGHT, WHO, JourneySheets
from exresearch.models import NotEstimable, held_out_gain

#: Complete sheets per coefficient that a kind of people needs for a model of its own.
_LEAST_PER_COEFFICIENT = 3


@dataclass(frozen=True, slots=True)
class OuterGain:
    """The gain of the outer phases, together and for each kind of people.

    Attributes
    ----------
    table : pandas.DataFrame
        Rows of :func:`exresearch.models.held_out_gain` with the gain of everybody together (``term`` "gain") and
        of each kind of people (``term`` their name), with ``base, full`` (explained variance without and with the
        outer phases), ``people, n_units``.
    used : dict of str to tuple of list of str
        Moments during employment, and outside it, of each kind of people that can tell.
    silent : list of str
        Kinds of people that cannot: they rate no moment during employment, none outside it, or too few answer.
    n_excluded : int
        Sheets left out: of people who cannot tell, or without the outcome or a moment that was asked of them.
    """

    table: pd.DataFrame
    used: dict[str, tuple[list[str], list[str]]]
    silent: list[str]
    n_excluded: int


def outer_gain(
    sheets: JourneySheets,
    *,
    during: Sequence[str],
    outer: Sequence[str],
    conf_level: float,
    seed: int,
    fill: bool = False,
) -> OuterGain | None:
    """Estimate the explained variance that moments outside employment add, tested together.

    Each kind of people has its own slopes for the moments that it was asked about; outcome and moments are taken as
    deviations from the mean of its kind and wave. So explained variance is that among people of one kind in one wave,
    and the sums of squares of all kinds are added up.

    Parameters
    ----------
    sheets : JourneySheets
        Of :func:`journey_sheets`.
    during, outer : sequence of str
        Moments of the base, and those whose gain is asked.
    conf_level : float
        Of the interval, which is that of a jackknife over units.
    seed : int
        Of the folds of ``held_out``.
    fill : bool
        Whether a moment that somebody skipped gets the mean of the kind of people, with a column in both models that
        says so; otherwise such sheets are left out.

    Returns
    -------
    OuterGain or None
        None where no kind of people can tell, or it cannot be estimated.
    """
    parts, used, silent = {}, {}, []
    for who, part in sheets.frame.groupby(WHO, sort=False):
        asked = sheets.asked[str(who)]
        base, added = [m for m in asked if m in during], [m for m in asked if m in outer]
        made = (
            _centred(part, base=base, added=added, waves=sheets.waves, fill=fill) if base and added else None
        )
        if made is None:
            silent.append(str(who))
        else:
            parts[str(who)], used[str(who)] = made, (base, added)
    if not parts:
        return None
    rows = []
    chosen = {"gain": list(parts)} | ({who: [who] for who in parts} if len(parts) > 1 else {})
    for term, kinds in chosen.items():
        row = _estimated(sheets, {who: parts[who] for who in kinds}, used, conf_level=conf_level, seed=seed)
        if row is None and term == "gain":
            return None
        rows += [] if row is None else [row | {"term": term}]
    n = sum(len(part) for part in parts.values())
    return OuterGain(pd.DataFrame(rows), used, silent, len(sheets.frame) - n)


def _centred(
    part: pd.DataFrame, *, base: list[str], added: list[str], waves: list[str], fill: bool
) -> pd.DataFrame | None:
    """Complete sheets of one kind of people, as deviations from the mean of their wave."""
    moments = [*base, *added]
    kept = part.dropna(subset=[OUTCOME])
    indicators: dict[str, pd.Series] = {}
    if fill:
        kept = kept[kept[moments].notna().any(axis=1)]
        for name in moments:
            missing = kept[name].isna()
            if 0 < missing.sum() < len(kept):
                indicators[f"no {name}"] = missing.astype("float64")
        kept = kept.assign(**{name: kept[name].fillna(kept[name].mean()) for name in moments}, **indicators)
    else:
        kept = kept.dropna(subset=moments)
    columns = [OUTCOME, *moments, *indicators]
    if len(kept) < _LEAST_PER_COEFFICIENT * (len(columns) + len(waves) + 1):
        return None
    weight = kept[WEIGHT] if WEIGHT in kept else pd.Series(1.0, index=kept.index)
    wave = kept[waves].to_numpy() @ np.arange(1.0, len(waves) + 1) if waves else np.zeros(len(kept))
    total = weight.groupby(wave).transform("sum")
    centred = kept.assign(
        **{
            name: kept[name] - (kept[name] * weight).groupby(wave).transform("sum") / total
            for name in columns
        }
    )
    varies = centred[[OUTCOME, *moments]].abs().max() > 1e-9
    return centred if varies.all() else None


def _estimated(
    sheets: JourneySheets,
    parts: dict[str, pd.DataFrame],
    used: dict[str, tuple[list[str], list[str]]],
    *,
    conf_level: float,
    seed: int,
) -> dict[str, object] | None:
    stacked, base, added = [], [], []
    for who, part in parts.items():
        sides = used[who]
        skipped = [name for name in part if str(name).startswith("no ")]
        names = {name: f"{who}: {name}" for side in (*sides, skipped) for name in side}
        base += [names[name] for name in (*sides[0], *skipped)]
        added += [names[name] for name in sides[1]]
        kept = [name for name in (OUTCOME, PERSON, GROUP, WEIGHT) if name in part]
        stacked.append(part[[*names, *kept]].rename(columns=names))
    data = pd.concat(stacked).fillna(dict.fromkeys([*base, *added], 0.0))
    try:
        found = held_out_gain(
            data,
            outcome=OUTCOME,
            base=base,
            added=added,
            cluster=sheets.cluster,
            weights=sheets.weights,
            conf_level=conf_level,
            seed=seed,
        ).set_index("term")
    except NotEstimable:
        return None
    row = {str(name): value for name, value in found.loc["gain"].to_dict().items()}
    # Sheets without a unit are groups of their own, and no units.
    units = min(int(found["n_clusters"]["gain"]), sheets.groups.n_units)
    return row | {
        "base": float(found["estimate"]["base"]),
        "full": float(found["estimate"]["full"]),
        "people": sheets.people(data),
        "n_units": units if sheets.groups.by == "unit" else None,
    }
