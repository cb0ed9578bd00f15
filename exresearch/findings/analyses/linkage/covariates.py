"""What is held constant in the link between units: what kind of unit it is, and how large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from exresearch.findings.note import Note
from exresearch.study import Study, Variable
from exresearch.study.languages import listed

#: Units that a kind needs to stand by itself; smaller kinds are put together.
LEAST_OF_A_KIND = 5
#: What smaller kinds, put together, are called.
OTHER_KINDS = "(other kinds)"
# Units for each column that is held constant.
_UNITS_A_COLUMN = 10
_HEADCOUNT = "headcount"
_LEFT_OUT = Note(
    message=(
        "Not held constant, because there are too few units for it or each of its kinds has too few: {names}."
    )
)


@dataclass(frozen=True, slots=True)
class Kinds:
    """A category of units, with its small kinds put together.

    Attributes
    ----------
    column : str
        Its column in the link table.
    label : dict of str to str
        Its name in both languages.
    members : pandas.Series
        Kind of each unit, in the order of the link's units.
    """

    column: str
    label: dict[str, str]
    members: pd.Series


@dataclass(frozen=True, slots=True)
class Covariates:
    """What is held constant, as numbers.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``unit`` and one numeric column per covariate.
    labels : list of dict
        Names of what is held constant, in both languages.
    notes : list of Note
        What could not be.
    """

    frame: pd.DataFrame
    labels: list[dict[str, str]]
    notes: list[Note]

    @property
    def columns(self) -> list[str]:
        """Names of the columns of numbers."""
        return [str(name) for name in self.frame.columns if name != "unit"]


def unit_kinds(study: Study, units: pd.DataFrame, *, least: int = LEAST_OF_A_KIND) -> list[Kinds]:
    """Return the categories of the units that tell apart two kinds or more with enough units each.

    Parameters
    ----------
    study : Study
        The client.
    units : pandas.DataFrame
        Units of its link, with their categories.
    least : int
        Units that a kind needs; smaller kinds, and units of no kind, are put together, where needed with the smallest
        of the others.

    Returns
    -------
    list of Kinds
        In the order of the codebook.
    """
    found = []
    for variable in study.codebook.select("units", role="category"):
        column = variable.column
        sides = {f"{side}{end}" for side in ("ex", "cx", "bx") for end in ("", "_n", "_size", "_error")}
        taken = {"unit", "wave", *sides}
        name = f"{column}_category" if column in taken else column
        if name not in units:
            continue
        values = _together(units[name], least)
        if values is None:
            continue
        found.append(Kinds(name, _label(variable), values))
    return found


def _label(variable: Variable) -> dict[str, str]:
    # By its own column: the codebook may name a column of another table alike.
    return variable.label.model_dump() if variable.label is not None else {"en": variable.column}


def _together(column: pd.Series, least: int) -> pd.Series | None:
    values = column.astype("object").where(column.notna(), OTHER_KINDS).astype(str)
    counts = values.value_counts()
    small = set(counts[counts < least].index)
    if small:
        rest = counts.drop(list(small)).sort_index().sort_values(kind="stable")
        if int(counts.loc[list(small)].sum()) < least and len(rest):
            small.add(rest.index[0])
        values = values.where(~values.isin(small), OTHER_KINDS)
    return values if values.nunique() >= 2 and values.value_counts().min() >= least else None


def unit_covariates(study: Study, units: pd.DataFrame) -> Covariates:
    """Return what is known about kind and size of the units, as far as the number of units carries it.

    Parameters
    ----------
    study : Study
        The client.
    units : pandas.DataFrame
        Units of its link, with their categories.

    Returns
    -------
    Covariates
        The logarithm of the head count where the study has it, then categories as columns of 0 and 1, at most one
        column for every ten units.
    """
    room = len(units) // _UNITS_A_COLUMN
    frame = pd.DataFrame({"unit": units["unit"].to_numpy()})
    labels: list[dict[str, str]] = []
    left_out: list[dict[str, str]] = []
    size = _log_headcount(study, units)
    if size is not None and room >= 1:
        frame["log headcount"] = size.to_numpy()
        labels.append(study.codebook.label(_HEADCOUNT))
    kinds = {one.column: one for one in unit_kinds(study, units)}
    for variable in study.codebook.select("units", role="category"):
        one = kinds.get(variable.column) or kinds.get(f"{variable.column}_category")
        label = _label(variable)
        dummies = pd.DataFrame() if one is None else _dummies(one)
        fits = one is not None and frame.shape[1] - 1 + dummies.shape[1] <= room
        if not fits or not _independent(frame, dummies):
            left_out.append(label)
            continue
        frame = pd.concat([frame, dummies], axis=1)
        labels.append(label)
    notes = [_LEFT_OUT.model_copy(update={"values": {"names": both_languages(left_out)}})] if left_out else []
    return Covariates(frame, labels, notes)


def both_languages(labels: list[dict[str, str]]) -> dict[str, str]:
    """Return a list of names as one text in each language, as it reads within a sentence."""
    return listed(labels, each=_lower)


def _lower(name: str) -> str:
    # An abbreviation keeps its capitals.
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def _dummies(kinds: Kinds) -> pd.DataFrame:
    values = kinds.members.reset_index(drop=True)
    names = sorted(values.unique())
    return pd.DataFrame({f"{kinds.column}: {name}": (values == name).astype("float64") for name in names[1:]})


def _independent(frame: pd.DataFrame, dummies: pd.DataFrame) -> bool:
    """Whether columns add something that those before them, and a constant, do not hold already."""
    held = [frame[name] - frame[name].mean() for name in frame.columns if name != "unit"]
    matrix = np.column_stack([*held, *(dummies[name] - dummies[name].mean() for name in dummies)])
    matrix = matrix[np.isfinite(matrix).all(axis=1)]
    return bool(np.linalg.matrix_rank(matrix) == matrix.shape[1])


def _log_headcount(study: Study, units: pd.DataFrame) -> pd.Series | None:
    """Logarithm of the mean head count over the waves, in the order of the units."""
    counts = [
        variable
        for role in ("count", "measure")
        for variable in study.codebook.select("units", role=role, construct=_HEADCOUNT)
    ]
    if not counts or not study.has("units", "unit"):
        return None
    table = study.table("units")
    sizes = table[counts[0].column].astype("float64")
    mean = sizes.where(sizes > 0).groupby(table["unit"]).mean()
    known = units["unit"].map(mean).astype("float64")
    enough = known.notna().sum() >= _UNITS_A_COLUMN and known.max() > known.min()
    return pd.Series(np.log(known)) if enough else None
