"""Columns that pass every check and still look odd: for a person to look at before a number is computed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from exresearch.study.codebook import KEYS, Variable
from exresearch.study.draft.items.between_waves import other_directions, other_scales
from exresearch.study.draft.items.reversal import evenly, likely_reversed
from exresearch.study.problems import NAMEABLE
from exresearch.study.remarks import one_or_more
from exresearch.study.study import Study

# Per kind one sentence, or two: for one thing and for more. {n} is a number of rows or answers; {detail} names columns,
# scale points or a percentage.
SUSPECTS: dict[str, tuple[str, ...]] = {
    "all_missing": ("Nobody has a value here (one row).", "Nobody has a value here ({n} rows)."),
    "mostly_missing": ("{detail} per cent of the rows have no value.",),
    "constant": ("All {n} values are the same.",),
    "id_like": (
        "Nearly every one of the {n} values is different: this looks like a number or name of a person or row.",
    ),
    "free_text": ("The {n} values look like free text, not like categories.",),
    "two_spellings": (
        "Of the categories one is written in more than one way, such as with and without a capital; all count apart.",
        "Of the categories {n} are written in more than one way, such as with and without a capital; all count apart.",
    ),
    "number_as_text": ("The {n} values are numbers of many sizes, read as categories.",),
    "date_as_text": ("The {n} values are dates, read as categories.",),
    "narrow_scale": ("The {n} answers use only a part of the scale: {detail}.",),
    "between_points": (
        "Of the answers one lies between the points of the scale; perhaps an average.",
        "Of the answers {n} lie between the points of the scale; perhaps a row of averages.",
    ),
    "unreversed_item": (
        "This item runs against the {detail} it belongs with; perhaps it is to be reversed.",
    ),
    "wrongly_reversed": (
        "Turned round, this item runs against the {detail} it belongs with; perhaps it is not.",
    ),
    "opposed_items": (
        "This item and {detail} measure one thing and run against each other; one may be reversed.",
    ),
    "other_scale_in_wave": (
        "In one wave nobody gives answers that are usual in the others; perhaps its scale was another one: {detail}.",
    ),
    "other_direction_in_wave": (
        "In wave {detail} this item runs with the other answers in another way than in an earlier wave; perhaps it was "
        "asked or coded the other way round.",
    ),
    "identical_columns": ("All {n} values are those of {detail}.",),
}
_TEXTS = ("category", "text")
_SCALED = ("item", "driver", "outcome", "need")
_FEW = 20
_MOSTLY, _DISTINCT, _DATES, _PART = 0.8, 0.95, 0.9, 0.6
_MANY_NUMBERS = 20
_HARDLY = 0.05
_LONG = 40.0
_OPPOSED = -0.15


def suspicious_columns(study: Study) -> pd.DataFrame:
    """Say which described columns look odd, and why.

    When to use it: after the gate has let a study through, in ``exresearch check`` and on the readiness page. None of
    these stands in the way of a run; each is something that was right in the file and may be wrong in meaning.

    Parameters
    ----------
    study : Study
        A checked study.

    Returns
    -------
    pandas.DataFrame
        One row per column and kind, in the order of the codebook: ``table, column, kind, n, detail``. ``kind`` is a
        key of :data:`SUSPECTS`, whose sentence shows ``n`` and ``detail``. Columns that are not read are not here,
        and no value that fewer than five rows share is shown.
    """
    rows: list[dict[str, Any]] = []
    for name, frame in study.tables.items():
        variables = [v for v in study.codebook.select(name) if v.role not in ("ignore", *KEYS)]
        read = [v for v in variables if v.column in frame]
        found: dict[str, list[tuple[str, int, str]]] = {v.column: [] for v in read}
        for variable in read:
            found[variable.column] += _alone(frame[variable.column], variable)
        for column, kind, n, detail in (
            *_directions(frame, read),
            *_between_waves(frame, read),
            *_repeats(frame, read),
        ):
            found[column].append((kind, n, detail))
        rows += [
            {"table": name, "column": column, "kind": kind, "n": n, "detail": detail}
            for column, kinds in found.items()
            for kind, n, detail in kinds
        ]
    return pd.DataFrame(rows, columns=["table", "column", "kind", "n", "detail"])


def suspect_sentence(kind: str, n: int) -> str:
    """Return the sentence of :data:`SUSPECTS` about ``n`` rows or answers, its places still open.

    Raises
    ------
    KeyError
        If the kind is unknown.
    """
    return one_or_more(SUSPECTS[kind], n)


def _alone(cells: pd.Series, variable: Variable) -> Iterator[tuple[str, int, str]]:
    """What can be seen in one column by itself."""
    # How often each value stands there says all that is asked, and is much shorter than a million cells.
    counts = cells.value_counts(sort=False)
    n = int(counts.sum())
    if n == 0:
        yield "all_missing", len(cells), ""
        return
    if n <= (1 - _MOSTLY) * len(cells) and variable.role != "date":
        yield "mostly_missing", len(cells) - n, f"{100 * (1 - n / len(cells)):.0f}"
    n_distinct = len(counts)
    if n_distinct == 1 and n >= _FEW:
        yield "constant", n, ""
    if variable.role in _TEXTS and n >= _FEW:
        kind = _kind_of_text(counts, n, variable.role)
        if kind:
            yield kind, n, ""
    if variable.role == "category":
        written = pd.Series(counts.index.astype("str"))
        alike = written.str.casefold().str.split().str.join(" ").value_counts()
        if (alike > 1).any():
            yield "two_spellings", int((alike > 1).sum()), ""
    if variable.role in _SCALED and n >= 2 * _FEW:
        part = _used_part(counts, n, variable)
        if part:
            yield "narrow_scale", n, part
        n_between = int(counts[counts.index % 1 != 0].sum())
        if 0 < n_between <= _HARDLY * n and float(variable.minimum or 0).is_integer():
            yield "between_points", n_between, ""


def _kind_of_text(counts: pd.Series, n: int, role: str) -> str:
    texts, times = pd.Series(counts.index.astype("str")), counts.to_numpy()

    def share(right: pd.Series) -> float:
        return float(times[right.to_numpy(dtype=bool)].sum() / n)

    if share(pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True).notna()) >= _DATES:
        # A year or a whole number is a legal ISO date as well.
        return "" if pd.to_numeric(texts, errors="coerce").notna().all() else "date_as_text"
    if share(pd.to_datetime(texts, format="%d-%m-%Y", errors="coerce").notna()) >= _DATES:
        return "date_as_text"
    if role == "text":
        return ""
    if pd.to_numeric(texts, errors="coerce").notna().all() and len(texts) > _MANY_NUMBERS:
        return "number_as_text"
    if (texts.str.len().to_numpy() @ times) / n > _LONG and len(texts) > max(_FEW, n / 10):
        return "free_text"
    return "id_like" if len(texts) >= _DISTINCT * n else ""


def _used_part(counts: pd.Series, n: int, variable: Variable) -> str:
    """The part of the scale that answers lie in, where it is a small part; points of fewer than five rows apart."""
    if variable.minimum is None or variable.maximum is None:
        return ""
    shared = counts.index[counts >= NAMEABLE].to_numpy(dtype="float64")
    if len(shared) < 2 or counts[counts >= NAMEABLE].sum() < 0.9 * n:
        return ""
    low, high = float(shared.min()), float(shared.max())
    if (high - low) > _PART * (variable.maximum - variable.minimum):
        return ""
    return f"{low:g}-{high:g} ({variable.minimum:g}-{variable.maximum:g})"


def _directions(frame: pd.DataFrame, variables: list[Variable]) -> Iterator[tuple[str, str, int, str]]:
    """Items that run against those they belong with, as they are coded now."""
    groups: dict[tuple[str, float | None, float | None], list[Variable]] = {}
    for v in variables:
        # A driver often stands alone in its construct; drivers of one scale then keep one another company.
        belongs = "drivers" if v.role == "driver" else v.construct or ""
        if v.role in ("item", "need", "driver") and belongs:
            groups.setdefault((belongs, v.minimum, v.maximum), []).append(v)
    for group in groups.values():
        if len(group) == 2 and group[0].role != "driver":
            yield from _opposed(_turned(frame, group))
            continue
        judged = likely_reversed(_turned(frame.iloc[evenly(len(frame))], group))
        reversed_now = {v.column: v.reversed for v in group}
        for column in judged.items:
            kind = "wrongly_reversed" if reversed_now[column] else "unreversed_item"
            yield column, kind, int(frame[column].notna().sum()), str(len(judged.evidence) - 1)


def _turned(frame: pd.DataFrame, group: list[Variable]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            v.column: (v.minimum or 0) + (v.maximum or 0) - frame[v.column] if v.reversed else frame[v.column]
            for v in group
        }
    )


def _between_waves(frame: pd.DataFrame, variables: list[Variable]) -> Iterator[tuple[str, str, int, str]]:
    """Waves in which a question seems to have another scale, or to run the other way."""
    scaled = [v for v in variables if v.role in _SCALED]
    if "wave" not in frame or not scaled:
        return
    for v in scaled:
        for other in other_scales(frame[v.column], frame["wave"]):
            here, elsewhere = (f"{low}-{high}" for low, high in (other.here, other.elsewhere))
            yield v.column, "other_scale_in_wave", other.n, f"{other.wave}: {here} ({elsewhere})"
    asked = [v.column for v in scaled]
    for wave, columns in other_directions(frame, frame["wave"], questions=asked).items():
        for column in columns:
            n = int(frame.loc[frame["wave"] == wave, column].notna().sum())
            yield column, "other_direction_in_wave", n, wave


def _opposed(turned: pd.DataFrame) -> Iterator[tuple[str, str, int, str]]:
    first, second = turned.columns
    both = turned.dropna()
    if len(both) < 30 or both[first].nunique() < 2 or both[second].nunique() < 2:
        return
    r = float(np.corrcoef(both[first], both[second])[0, 1])
    if r <= _OPPOSED and np.arctanh(max(r, -0.999999)) * np.sqrt(len(both) - 3) < -2.5:
        yield str(first), "opposed_items", len(both), str(second)


def _repeats(frame: pd.DataFrame, variables: list[Variable]) -> Iterator[tuple[str, str, int, str]]:
    """Columns whose values are those of an earlier one."""
    seen: dict[tuple[int, int], list[str]] = {}
    for v in variables:
        cells = frame[v.column]
        n = int(cells.notna().sum())
        if n < _FEW or cells.nunique() < 2:
            continue
        # What looks alike in some rows is compared in all.
        some = cells.iloc[:: max(1, len(cells) // 2000)]
        key = (n, int(pd.util.hash_pandas_object(some, index=False).sum()))
        for earlier in seen.setdefault(key, []):
            if cells.equals(frame[earlier]):
                yield v.column, "identical_columns", n, earlier
                break
        else:
            seen[key].append(v.column)
