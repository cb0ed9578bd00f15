"""What changed between two waves of a study, construct by construct: answers or people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.measures.change.composition import Cells
from exresearch.measures.change.linearised import COLUMNS, check_rows, numbered
from exresearch.measures.change.panel import panel_rows
from exresearch.measures.resampling import LEAST_GROUPS, dependence_groups
from exresearch.measures.scores import NotScorable, construct_score, score_items
from exresearch.measures.scores.summary import asked
from exresearch.study import Study
from exresearch.study.coded import coded

LEAST_PEOPLE = 30
_LEAST_IN_CATEGORY = 10
_HEADING = ["construct", "label", "from_wave", "to_wave", "method", *COLUMNS, "reason"]
CHANGE_REASONS = {
    "one_wave": "It was not asked in two waves, so that there is no change to speak of.",
    "not_asked": "It was not asked in both of these waves.",
    "few_people": "Fewer than 30 people have a score in one of the two waves.",
    "few_stayers": "Fewer than 30 people have a score in both waves, so that their change cannot be told.",
    "unsplit": "The answer sheets hold neither persons nor categories, so that the change cannot be split.",
    "one_category": "All answer sheets are of one category.",
    "small_categories": "The categories are too small: on average they hold fewer than 10 scores in one of the waves.",
}


def wave_change(
    study: Study,
    *,
    construct: str,
    table: str = "employees",
    from_wave: str | None = None,
    to_wave: str | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Split the change of a score between two waves into change of answers and change of people.

    When to use it: before anybody is congratulated on a rise. A score rises when people become more positive, and also
    when the discontented leave.

    Parameters
    ----------
    study : Study
        The client.
    construct : str
        Whose score, on the scale that the codebook gives it (:func:`exresearch.measures.construct_score`), fitted and
        computed over all waves together.
    table : str
        Where its items are.
    from_wave, to_wave : str, optional
        By default the first and the last wave in which it was asked.
    conf_level : float
        Level of the intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        ``construct, label`` (a mapping from language to text), ``from_wave, to_wave, method, term, estimate, std_error,
        conf_low, conf_high, conf_level, n_from, n_to, n_both, reason``. ``method`` is ``panel`` where sheets say who is
        who (terms of :func:`panel_change`; n counts people), and ``categories:<column>`` for every category column of
        the table (terms of :func:`composition_change`; n counts sheets). All are shown, in the order of the codebook,
        and none is picked for its result; they overlap, so that their ``people`` do not add up. ``method`` is empty
        where neither is there. ``reason`` is empty, or says why there is no estimate, which is then missing.

    Raises
    ------
    ValueError
        If no item of the table measures the construct, a wave is not one of the study or the first does not come before
        the second, or the level is out of range.

    Notes
    -----
    Answers of one unit, or else of one person, are kept together (:func:`exresearch.measures.dependence_groups`); the
    survey weights are used and taken as given. Standard errors are linearised, so that there is no seed and a large
    study costs no more than a sum. Each wave needs scores of 30 people, and the panel 30 people in both; a category
    column 10 scores for each of its categories on average.
    """
    _check(study, from_wave, to_wave, conf_level=conf_level)
    if not score_items(study.codebook, table, construct):
        raise ValueError(f"no item of table {table!r} measures construct {construct!r}; see the codebook.")
    return _change(study, construct, table, from_wave, to_wave, conf_level=conf_level, pairs={})


def wave_changes(
    study: Study,
    *,
    table: str = "employees",
    from_wave: str | None = None,
    to_wave: str | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Split the change of every construct of a table, in the order of the codebook.

    Parameters
    ----------
    study, table, from_wave, to_wave, conf_level
        As :func:`wave_change`.

    Returns
    -------
    pandas.DataFrame
        The rows of :func:`wave_change` below each other; empty where the table has no constructs. Many intervals stand
        side by side: of twenty at 95 % one misses by chance.

    Raises
    ------
    ValueError
        If a wave is not one of the study or the first does not come before the second, or the level is out of range.
    """
    _check(study, from_wave, to_wave, conf_level=conf_level)
    constructs = [v.construct for v in study.codebook.select(table) if v.construct]
    pairs: dict[tuple[str, str], _Pair] = {}
    parts = [
        _change(study, construct, table, from_wave, to_wave, conf_level=conf_level, pairs=pairs)
        for construct in dict.fromkeys(constructs)
        if study.has(table) and score_items(study.codebook, table, construct)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_HEADING)


@dataclass(frozen=True, slots=True)
class _Pair:
    """The sheets of two waves, names as numbers: the same for every construct.

    ``sheets`` has ``later, person`` (missing where unknown), ``weight, group``; ``categories`` a column per category,
    ``rows`` the places of the sheets in the table.
    """

    sheets: pd.DataFrame
    categories: pd.DataFrame
    rows: NDArray[np.intp]
    persons: bool


def _check(study: Study, from_wave: str | None, to_wave: str | None, *, conf_level: float) -> None:
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must be between 0 and 1; got {conf_level!r}.")
    given = {"from_wave": from_wave, "to_wave": to_wave}
    for name, wave in given.items():
        if wave is not None and wave not in study.waves:
            legal = ", ".join(study.waves) or "none: the study has no waves"
            raise ValueError(f"{name} must be a wave of the study ({legal}); got {wave!r}.")
    order = [study.waves.index(wave) for wave in given.values() if wave is not None]
    if len(order) == 2 and order[0] >= order[1]:
        raise ValueError(f"from_wave must come before to_wave; got {from_wave!r} and {to_wave!r}.")


def _change(
    study: Study,
    construct: str,
    table: str,
    from_wave: str | None,
    to_wave: str | None,
    *,
    conf_level: float,
    pairs: dict[tuple[str, str], _Pair],
) -> pd.DataFrame:
    items, frame = score_items(study.codebook, table, construct), study.table(table)
    waves: list[str] = []
    if study.has(table, "wave"):
        codes, names = coded(frame["wave"])
        some = codes[asked(frame, items).to_numpy(dtype=bool)]
        there = set(names[np.unique(some[some >= 0])])
        waves = [wave for wave in study.waves if wave in there]
    first = from_wave or (waves[0] if waves else "")
    last = to_wave or (waves[-1] if waves else "")
    named = {
        "construct": construct,
        "label": study.codebook.label(construct),
        "from_wave": first,
        "to_wave": last,
    }
    if len(waves) < 2:
        return _rows(named, _unknown("one_wave", conf_level=conf_level))
    if first not in waves or last not in waves or waves.index(first) >= waves.index(last):
        return _rows(named, _unknown("not_asked", conf_level=conf_level))
    try:
        scores = construct_score(frame, codebook=study.codebook, table=table, construct=construct)
    except NotScorable as error:
        return _rows(named, _unknown(error.reason, conf_level=conf_level))
    if (first, last) not in pairs:
        pairs[first, last] = _pair(study, table, frame, first=first, last=last)
    return _rows(named, _split(pairs[first, last], scores, frame, conf_level=conf_level))


def _pair(study: Study, table: str, frame: pd.DataFrame, *, first: str, last: str) -> _Pair:
    weights = frame["weight"] if "weight" in frame else pd.Series(1.0, index=frame.index)
    columns = [v.column for v in study.codebook.select(table, role="category") if v.column in frame]
    codes, names = coded(frame["wave"])
    own = weights.to_numpy(dtype=np.float64, na_value=np.nan)
    used = np.isin(codes, names.get_indexer(pd.Index([first, last]))) & np.isfinite(own) & (own > 0)
    keys = [name for name in ("unit", "person", "wave") if name in frame and name not in columns]
    rows = frame[[*keys, *columns]][used]
    sheets = pd.DataFrame(
        {
            "later": codes[used] == names.get_loc(last),
            "person": np.nan,
            "weight": own[used],
            "group": pd.factorize(dependence_groups(rows).labels)[0],
        },
        index=rows.index,
    )
    if "person" in rows:
        codes = pd.factorize(rows["person"])[0]
        sheets["person"] = np.where(codes < 0, np.nan, codes)
        sheets["group"] = _together(sheets["group"], sheets["person"])
    categories = {column: pd.factorize(rows[column], use_na_sentinel=False)[0] for column in columns}
    return _Pair(sheets, pd.DataFrame(categories, index=rows.index), np.flatnonzero(used), "person" in frame)


def _together(groups: pd.Series, persons: pd.Series) -> pd.Series:
    """Keep the rows of a person in one group, also who moved to another unit."""
    own = groups.groupby(persons).transform("first")
    return own.where(persons.notna(), groups).astype("int64")


def _split(pair: _Pair, scores: pd.Series, frame: pd.DataFrame, *, conf_level: float) -> list[pd.DataFrame]:
    values = scores.to_numpy(dtype=np.float64, na_value=np.nan)[pair.rows]
    there = np.isfinite(values)
    sheets = pair.sheets[there]
    sheets["value"] = values[there]
    if len(np.unique(sheets["group"])) < LEAST_GROUPS:
        # A question that a few units alone were asked: their number cannot stand for the variation between units.
        labels = pd.factorize(dependence_groups(frame, where=sheets.index).labels)[0]
        sheets["group"] = _together(pd.Series(labels, index=sheets.index), sheets["person"])
    counts = _counts(sheets, persons=pair.persons)
    fewest = min(counts["n_from"], counts["n_to"])
    if fewest < LEAST_PEOPLE:
        return _unknown("few_people", conf_level=conf_level, counts=counts)
    methods: dict[str, list[dict[str, Any]]] = {}
    check_rows(sheets, ["later", "value", "weight", "group"], conf_level=conf_level)
    if pair.persons:
        rows, _ = panel_rows(sheets, conf_level=conf_level)
        few = counts["n_both"] < LEAST_PEOPLE
        methods["panel"] = _total_alone(rows, "few_stayers") if few else rows
    groups, n_groups = numbered(sheets["group"])
    cells = Cells.of(sheets, groups, n_groups=n_groups)
    for column in map(str, pair.categories.columns):
        codes = pair.categories[column].to_numpy()[there]
        counted = np.bincount(codes)
        rows = cells.rows(codes, size=len(counted), conf_level=conf_level)
        size = np.count_nonzero(counted)
        if size == 1:
            rows = _total_alone(rows, "one_category")
        elif fewest < _LEAST_IN_CATEGORY * size:
            rows = _total_alone(rows, "small_categories")
        methods[f"categories:{column}"] = rows
    if not methods:
        nothing = np.zeros(len(sheets), dtype=np.intp)
        rows = cells.rows(nothing, size=1, conf_level=conf_level)
        methods[""] = _total_alone(rows, "unsplit")
    found = [{"reason": "", **row, "method": method} for method, rows in methods.items() for row in rows]
    return [pd.DataFrame(found)]


def _counts(sheets: pd.DataFrame, *, persons: bool) -> dict[str, Any]:
    later = sheets["later"].to_numpy(dtype=bool)
    if not persons:
        return {"n_from": int((~later).sum()), "n_to": int(later.sum()), "n_both": pd.NA}
    person = sheets["person"].to_numpy(dtype=np.float64)
    known = ~np.isnan(person)
    who = person[known].astype(np.intp)
    there = np.zeros((2, int(who.max(initial=-1)) + 1), dtype=bool)
    there[later[known].astype(np.intp), who] = True
    first, last = (int(row.sum()) for row in there)
    return {
        "n_from": first + int((~known & ~later).sum()),
        "n_to": last + int((~known & later).sum()),
        "n_both": int(there.all(axis=0).sum()),
    }


def _total_alone(rows: list[dict[str, Any]], reason: str) -> list[dict[str, Any]]:
    """Keep the total alone: it does not need the split that cannot be made."""
    numbers = ("estimate", "std_error", "conf_low", "conf_high")
    gone = {**dict.fromkeys(numbers, np.nan), "reason": CHANGE_REASONS[reason]}
    return [row if row["term"] == "total" else row | gone for row in rows]


def _unknown(reason: str, *, conf_level: float, counts: dict[str, Any] | None = None) -> list[pd.DataFrame]:
    """One row that says why there is no change."""
    row = {
        "term": "total",
        **dict.fromkeys(["estimate", "std_error", "conf_low", "conf_high"], np.nan),
        "conf_level": conf_level,
        **(counts or dict.fromkeys(["n_from", "n_to", "n_both"], pd.NA)),
        "method": "",
        "reason": CHANGE_REASONS.get(reason, reason),
    }
    return [pd.DataFrame([row])]


def _rows(named: dict[str, Any], parts: list[pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(parts, ignore_index=True)
    for name in ("n_from", "n_to", "n_both"):
        table[name] = table[name].astype("Int64")
    for name, value in named.items():
        table[name] = [value] * len(table)
    return table[_HEADING]
