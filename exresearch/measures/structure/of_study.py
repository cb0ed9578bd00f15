"""The structure of a study's questionnaires: per table the factor model, one factor, invariance, and a marker."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from exresearch.measures.resampling import dependence_groups, dependence_labels
from exresearch.measures.scores import NotScorable, construct_score, oriented_frame
from exresearch.measures.structure.cfa import confirmatory_factor_analysis
from exresearch.measures.structure.common_method import MARKER_COLUMNS, marker_correction, one_factor_test
from exresearch.measures.structure.invariance import (
    INVARIANCE_COLUMNS,
    comparable_rows,
    measurement_invariance,
    untested,
)
from exresearch.study import Study, Variable
from exresearch.study.coded import distinct, ranked

STUDY_REASONS = {
    "no_construct": "no construct of this table has two items or more",
    "small_construct": "one construct of two or three items fits any answers, so that nothing can be tested",
    "one_construct": "the measured model is one factor already",
    "one_wave": "the table has fewer than two waves",
    "no_language": "no category of this table is a language",
    "no_kinds": "the units of this table have no categories",
    "many_groups": "there are more than twelve groups",
    "unknown_marker": "no table has a column or a construct of the marker's name",
    "few_scores": "fewer than two constructs remain beside the marker",
    "few_rows": "there are too few complete answer sheets",
}
_TABLES = ("employees", "customers", "partners", "moments")
_ITEMS = ("item", "need", "outcome")
_MANY_GROUPS = 12
_MODELS = ("measured", "one_factor")
# Names of ours beside the items; names from a file have no blanks around them.
_WEIGHT, _CLUSTER, _BY = " weight", " cluster", " by"
_LANGUAGE = re.compile(
    r"language|(?<![a-z])(?:taal|invultaal|voertaal|moedertaal|lang|locale)(?![a-z])", re.IGNORECASE
)
_FIT = [
    "table", "model", "n_constructs", "n_items", "n", "n_excluded", "n_clusters", "npar", "chisq", "df", "p_value",
    "scaling", "cfi", "tli", "rmsea", "rmsea_low", "rmsea_high", "rmsea_p", "srmr", "aic", "bic", "delta_cfi", "reason",
]  # fmt: skip


def structure_of_study(study: Study) -> pd.DataFrame:
    """Fit, per table of answers, the measured model and one factor behind all items.

    When to use it: on the page that says whether the scores of this study mean what they are called. The measured
    model has the constructs of the codebook with two or more items of role item, need or outcome; items are oriented;
    the weights of the study and the groups of :func:`exresearch.measures.dependence_groups` are in every number. The
    groups are chosen on the sheets that enter a model: questions that were asked in two of forty units have persons as
    groups, or sheets.

    Parameters
    ----------
    study : Study
        The client.

    Returns
    -------
    pandas.DataFrame
        Two rows per table that has such items, ``model`` is ``measured`` and ``one_factor``: ``table, model,
        n_constructs, n_items, n`` (complete sheets), ``n_excluded, n_clusters, npar, chisq`` (scaled), ``df, p_value,
        scaling, cfi, tli, rmsea, rmsea_low, rmsea_high, rmsea_p, srmr, aic, bic, delta_cfi`` (of one factor against
        the measured model), ``reason`` (why there are no numbers, or why they ask for care; else empty).
    """
    rows: list[dict[str, Any]] = []
    for name in _TABLES:
        if not _items(study, name):
            continue
        data, factors = _answers(study, name)
        size = {"table": name, "n_constructs": len(factors), "n_items": sum(map(len, factors.values()))}
        refused = _refusal(factors, least=4)
        if refused:
            rows += [size | {"model": m, "n": 0, "n_excluded": len(data), "reason": refused} for m in _MODELS]
            continue
        items = [item for own in factors.values() for item in own]
        _group(data, study.table(name), data[items].notna().all(axis=1))
        if len(factors) > 1:
            tested = one_factor_test(data, factors=factors, weights=_WEIGHT, cluster=_CLUSTER)
            rows += [size | {str(k): v for k, v in row.items()} for row in tested.to_dict("records")]
        else:
            analysis = confirmatory_factor_analysis(data, factors=factors, weights=_WEIGHT, cluster=_CLUSTER)
            counts = {"n": analysis.n, "n_excluded": analysis.n_excluded, "n_clusters": analysis.n_clusters}
            fit = {str(k): v for k, v in analysis.fit.iloc[0].items()}
            rows.append(size | fit | counts | {"model": "measured", "reason": analysis.reason})
            rows.append(size | counts | {"model": "one_factor", "reason": STUDY_REASONS["one_construct"]})
    table = pd.DataFrame(rows, columns=_FIT)
    kinds = {"Int64": ("n_clusters", "npar", "df"), "int64": ("n_constructs", "n_items", "n", "n_excluded")}
    kinds["str"] = ("table", "model", "reason")
    types = {column: kind for kind, columns in kinds.items() for column in columns}
    return table.astype({column: types.get(column, "float64") for column in _FIT})


def invariance_of_study(study: Study, *, min_group_n: int = 100) -> pd.DataFrame:
    """Test, per table of answers, invariance over waves, languages and kinds of units.

    Languages are the categories of the table whose name or label says language. Kinds of units are the categories of
    the ``units`` table (the latest of a unit that changed).

    Parameters
    ----------
    study : Study
        The client.
    min_group_n : int
        As :func:`measurement_invariance`.

    Returns
    -------
    pandas.DataFrame
        ``table, by`` (``wave``, or the category column) and the columns of :func:`measurement_invariance`, four rows
        per comparison. Where there is no language, no category of units, or one wave, one row with ``by`` as
        ``language``, ``unit`` or ``wave`` and the reason; where the items of a table allow no test, one row with an
        empty ``by``.

    Raises
    ------
    ValueError
        If `min_group_n` is below 2.
    """
    parts: list[pd.DataFrame] = []
    for name in _TABLES:
        if not _items(study, name):
            continue
        data, factors = _answers(study, name)
        refused = _refusal(factors, least=3)
        if refused:
            parts.append(_compared(untested(refused), name, ""))
            continue
        for by, groups, lacking in _comparisons(study, name):
            reason = lacking
            if not reason and distinct(groups) > _MANY_GROUPS:
                reason = STUDY_REASONS["many_groups"]
            if reason:
                parts.append(_compared(untested(reason), name, by))
                continue
            given = data.assign(**{_BY: groups.array})
            used = comparable_rows(given, factors=factors, by=_BY, min_group_n=min_group_n)
            _group(given, study.table(name), used)
            table = measurement_invariance(
                given, factors=factors, by=_BY, weights=_WEIGHT, cluster=_CLUSTER, min_group_n=min_group_n
            )
            parts.append(_compared(table, name, by))
    if not parts:
        return pd.DataFrame(columns=["table", "by", *INVARIANCE_COLUMNS])
    return pd.concat(parts, ignore_index=True)


def marker_of_study(study: Study, *, marker: str) -> pd.DataFrame:
    """Correct the correlations of a table's construct scores for a marker.

    Parameters
    ----------
    study : Study
        The client.
    marker : str
        A column or a construct of the codebook, unrelated to everything else that was asked.

    Returns
    -------
    pandas.DataFrame
        ``table, marker``, the columns of :func:`marker_correction` and ``reason``, one row per pair of constructs in
        each table that has the marker. One row with a reason where no table has it, or a table has too little beside
        it; and one per construct that has no score, with it as ``first``, an empty ``second`` and why.
    """
    parts: list[pd.DataFrame] = []
    for name in _TABLES:
        frame = study.table(name)
        own = [
            v for v in study.codebook.select(name) if marker in (v.column, v.construct) and v.column in frame
        ]
        own = [v for v in own if v.minimum is not None or v.role in _ITEMS]
        if not own:
            continue
        data, _ = _answers(study, name)
        scores: dict[str, pd.Series] = {}
        left_out: list[pd.DataFrame] = []
        taken = {v.column for v in own}
        for construct in dict.fromkeys(v.construct for v in _items(study, name)):
            mine = [v for v in _items(study, name) if v.construct == construct]
            if construct is None or taken & {v.column for v in mine}:
                continue
            if len({(v.minimum, v.maximum) for v in mine}) == 1:
                try:
                    scores[construct] = construct_score(
                        frame, codebook=study.codebook, table=name, construct=construct
                    )
                except NotScorable as error:
                    left_out.append(_no_marker(name, marker, error.reason, first=construct))
        if len(scores) < 2:
            parts += [_no_marker(name, marker, STUDY_REASONS["few_scores"]), *left_out]
            continue
        given = pd.DataFrame(scores, index=frame.index)
        given[_BY] = oriented_frame(frame, own).mean(axis=1)
        given[_WEIGHT] = data[_WEIGHT]
        _group(given, frame, given.notna().all(axis=1))
        table = marker_correction(given, columns=list(scores), marker=_BY, weights=_WEIGHT, cluster=_CLUSTER)
        table.insert(0, "table", name)
        table.insert(1, "marker", marker)
        table["reason"] = ["" if known else STUDY_REASONS["few_rows"] for known in table["estimate"].notna()]
        parts += [table, *left_out]
    if not parts:
        return _no_marker("", marker, STUDY_REASONS["unknown_marker"])
    return pd.concat(parts, ignore_index=True)


def _items(study: Study, table: str) -> list[Variable]:
    frame = study.table(table)
    return [v for v in study.codebook.select(table) if v.role in _ITEMS and v.construct and v.column in frame]


def _answers(study: Study, table: str) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """The oriented items of a table with weights, and the constructs that have two items or more."""
    frame, items = study.table(table), _items(study, table)
    data = oriented_frame(frame, items)
    data[_WEIGHT] = frame["weight"].astype("float64") if "weight" in frame else 1.0
    factors: dict[str, list[str]] = {}
    for item in items:
        factors.setdefault(str(item.construct), []).append(item.column)
    return data, {name: columns for name, columns in factors.items() if len(columns) > 1}


def _group(data: pd.DataFrame, frame: pd.DataFrame, used: pd.Series) -> None:
    """Put the clusters into the data, chosen on the sheets that enter the model and missing elsewhere."""
    # Units that did not answer say nothing of how answers vary between units.
    labels = dependence_labels(frame, where=used)
    if labels is None:
        labels = dependence_groups(frame, where=used).labels.reindex(frame.index)
    data[_CLUSTER] = labels


def _refusal(factors: dict[str, list[str]], *, least: int) -> str:
    if not factors:
        return STUDY_REASONS["no_construct"]
    if len(factors) == 1 and len(next(iter(factors.values()))) < least:
        return STUDY_REASONS["small_construct"]
    return ""


def _comparisons(study: Study, table: str) -> list[tuple[str, pd.Series, str]]:
    """By what the sheets of a table are compared, the group of each, and what is lacking."""
    frame = study.table(table)
    nothing = pd.Series(pd.NA, index=frame.index, dtype="str")
    found: list[tuple[str, pd.Series, str]] = []
    if "wave" in frame and distinct(frame["wave"]) > 1:
        found.append(("wave", frame["wave"], ""))
    else:
        found.append(("wave", nothing, STUDY_REASONS["one_wave"]))
    own = [v for v in study.codebook.select(table, role="category") if v.column in frame and _is_language(v)]
    found += [(v.column, frame[v.column], "") for v in own]
    if not own:
        found.append(("language", nothing, STUDY_REASONS["no_language"]))
    units = study.table("units")
    kinds = [v for v in study.codebook.select("units", role="category") if v.column in units]
    if kinds and "unit" in frame and "unit" in units:
        if "wave" in units:
            order = {wave: position for position, wave in enumerate(study.waves)}
            units = units.sort_values("wave", key=lambda waves: waves.map(order), kind="stable")
        latest = units[["unit", *(v.column for v in kinds)]].groupby("unit", sort=True).last()
        found += [(v.column, _of_units(frame["unit"], latest[v.column]), "") for v in kinds]
    else:
        found.append(("unit", nothing, STUDY_REASONS["no_kinds"]))
    return found


def _of_units(units: pd.Series, latest: pd.Series) -> pd.Series:
    """What is known of the unit of each sheet; looked up for each unit, not for each sheet."""
    codes, names = ranked(units)
    own = latest.reindex(names).array
    return pd.Series(own.take(codes, allow_fill=True), index=units.index)


def _is_language(variable: Variable) -> bool:
    label = variable.label
    texts = [variable.column.replace("_", " "), *([] if label is None else [label.nl, label.en])]
    return any(_LANGUAGE.search(text) for text in texts)


def _compared(found: pd.DataFrame, table: str, by: str) -> pd.DataFrame:
    found.insert(0, "table", table)
    found.insert(1, "by", by)
    return found


def _no_marker(table: str, marker: str, reason: str, *, first: str = "") -> pd.DataFrame:
    columns = ["table", "marker", *MARKER_COLUMNS, "reason"]
    row = {"table": table, "marker": marker, "first": first, "second": "", "n": 0, "reason": reason}
    found = pd.DataFrame([row]).reindex(columns=columns)
    numbers = dict.fromkeys(MARKER_COLUMNS[2:-1], "float64")
    return found.astype({**numbers, **dict.fromkeys(("first", "second"), "str")})
