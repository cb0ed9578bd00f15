"""The waves or files of one table beside one another, before anything of them is pooled."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from exresearch.study.draft.columns.column import Column, Guess
from exresearch.study.draft.items.between_waves import other_directions, other_scales
from exresearch.study.draft.items.grouping import Part

# More than any guess about one column: a comparison over time rests on it.
_DOUBT = 4
_SHOWN = 6


def waves_amiss(part: Part, found: Mapping[str, Guess]) -> list[tuple[int, str]]:
    """Say in which wave, or file, answers seem to have another scale or another direction.

    When to use it: once all columns are guessed, and before items are turned round on all waves together. The reason of
    each guess it concerns says so too.

    Parameters
    ----------
    part : Part
        The table.
    found : mapping of str to Guess
        What every column is taken for; reasons and doubts change.

    Returns
    -------
    list of (int, str)
        How doubtful, and the sentence.
    """
    scaled = [c for c in part.columns if found[c.name].role in ("item", "driver", "outcome", "need")]
    frame: dict[str, pd.Series] = {}
    waves: pd.Series | None = None
    scales: dict[str, list[str]] = {}
    for column in scaled:
        rows = _waves(part, found, column)
        if rows is None or len(rows) != len(column.texts):
            continue
        answers = answers_of(column, found[column.name])
        if waves is None or len(rows) == len(waves):
            frame[column.name], waves = answers, rows
        for other in other_scales(answers, rows):
            (low, high), (lowest, highest) = other.here, other.elsewhere
            sentence = (
                f"in {other.wave} the answers run from {low} to {high}, elsewhere from {lowest} to {highest}"
            )
            scales.setdefault(sentence, []).append(column.name)
    said = []
    for sentence, names in scales.items():
        whole = f"{sentence}; perhaps the scale was another one, and they cannot be compared as they are."
        said.append((_DOUBT, f"{part.table}, {_listed(names)}: {whole}"))
        for name in names:
            _add(found[name], whole)
    if waves is None or waves.nunique() < 2:
        return said
    for wave, names in other_directions(pd.DataFrame(frame), waves).items():
        whole = (
            f"in {wave} the correlation with the other answers has another sign than before; perhaps these or the "
            "others were asked or coded the other way round there."
        )
        said.append((_DOUBT, f"{part.table}, {_listed(names)}: {whole}"))
        for name in names:
            _add(found[name], whole)
    return said


def answers_of(column: Column, guess: Guess) -> pd.Series:
    """Return the answers of a column as numbers, as its guess codes them; codes for no answer are missing."""
    values = guess.more.get("values")
    numbers = column.texts.map(values).astype("float64") if values else column.numbers
    codes = [float(code) for code in guess.more.get("missing", ()) if isinstance(code, int)]
    return numbers.mask(numbers.isin(codes))


def _add(guess: Guess, sentence: str) -> None:
    guess.doubt = max(guess.doubt, 2)
    guess.why += f" {sentence[0].upper()}{sentence[1:]}"


def _waves(part: Part, found: Mapping[str, Guess], column: Column) -> pd.Series | None:
    """The wave of each row that a column has cells in: by its own column, by the files, or by their names."""
    own = next((c for c in part.columns if found[c.name].role == "wave"), None)
    if own is not None:
        return own.texts
    if len(part.exports) < 2:
        return None
    names = part.waves or tuple(export.name for export in part.exports)
    rows = [
        pd.Series(name, index=range(len(export.raw.frame)), dtype="str")
        for name, export in zip(names, part.exports, strict=True)
        if column.name in export.raw.frame
    ]
    return pd.concat(rows, ignore_index=True) if rows else None


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
