"""Names of columns as people write them, and the one role that each has in an analysis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

# Names that a message lists in full.
_SHOWN = 8


def as_list(values: object) -> list[Any] | None:
    """The members of a list, tuple, index, array, series or generator in their order; None for anything else.

    Text is one name, and the order of a set is not the same in every run.
    """
    if isinstance(values, (str, bytes, set, frozenset)) or not isinstance(values, Iterable):
        return None
    try:
        members = list(values)
    except TypeError:
        return None
    return [member.item() if isinstance(member, np.generic) else member for member in members]


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _got(value: object) -> str:
    """What was given, without its values where these are data."""
    if isinstance(value, (pd.DataFrame, pd.Series, pd.Index, np.ndarray)):
        return f"a {type(value).__name__}"
    if isinstance(value, (set, frozenset)):
        return "a set, whose order is not the same in every run"
    return repr(value)


def name_list(argument: str, names: object, *, least: int = 1) -> list[str]:
    """Names of columns as a list.

    Raises
    ------
    ValueError
        Naming the argument: no list (text and sets are none), fewer than `least`, or members that are no names.
    """
    members = as_list(names)
    if members is None or len(members) < least or not all(_is_hashable(member) for member in members):
        what = "one or more column names" if least else "column names"
        got = (
            _got(names) if members is None or isinstance(names, (pd.DataFrame, np.ndarray)) else repr(members)
        )
        raise ValueError(f"{argument} must be a list of {what}, got {got}.")
    return members


def one_name(argument: str, name: object) -> str:
    """The name of one column; raises ValueError for the column itself, for lists and for None."""
    if name is None or not _is_hashable(name):
        data = isinstance(name, (pd.DataFrame, pd.Series, pd.Index, np.ndarray))
        remedy = ": make it a column of the data and give its name" if data else ""
        raise ValueError(f"{argument} must be the name of a column, got {_got(name)}{remedy}.")
    named: Any = name.item() if isinstance(name, np.generic) else name
    return named  # type: ignore[no-any-return]


def optional_name(argument: str, name: object) -> str | None:
    """As `one_name`, and None stays None."""
    return None if name is None else one_name(argument, name)


def name_order(name: object) -> tuple[str, str]:
    """Key to sort names by, also where some are text and others numbers."""
    return type(name).__name__, str(name)


def repeated(names: Sequence[str]) -> list[str]:
    """The names that occur more than once, sorted."""
    return sorted({name for name in names if names.count(name) > 1}, key=name_order)


def shown(names: Sequence[str]) -> str:
    """The names as a list for a message, which a long one does not fill."""
    if len(names) <= _SHOWN:
        return str(list(names))
    return f"{list(names[:_SHOWN])} and {len(names) - _SHOWN} more"


@dataclass(frozen=True, slots=True)
class Roles:
    """Who is what in a driver analysis; made by `read_roles`.

    Attributes
    ----------
    outcome : str
    drivers, covariates : list of str
    players : dict of name to list of str
        Drivers, or blocks of them under the block's name, in the order of the drivers.
    """

    outcome: str
    drivers: list[str]
    covariates: list[str]
    players: dict[str, list[str]]

    @property
    def columns(self) -> list[str]:
        """Outcome, drivers and covariates."""
        return [self.outcome, *self.drivers, *self.covariates]


def read_roles(outcome: object, drivers: object, covariates: object = None, blocks: object = None) -> Roles:
    """Outcome, drivers, covariates and players from what was given.

    Raises
    ------
    ValueError
        No names or no list of them, columns with two roles, blocks that name other columns, that have no name, or the
        name of a column that is not in them.
    """
    target = one_name("outcome", outcome)
    inner = name_list("drivers", drivers)
    others = [] if covariates is None else name_list("covariates", covariates, least=0)
    named = [target, *inner, *others]
    if repeated(named):
        raise ValueError(
            f"columns {repeated(named)} are named more than once among outcome, drivers and covariates."
        )
    block_of = _blocks(blocks, target, inner, others)
    players: dict[str, list[str]] = {}
    for name in inner:
        players.setdefault(block_of.get(name, name), []).append(name)
    return Roles(outcome=target, drivers=inner, covariates=others, players=players)


def _blocks(blocks: object, outcome: str, drivers: list[str], covariates: list[str]) -> Mapping[str, str]:
    if blocks is None:
        return {}
    if not isinstance(blocks, Mapping):
        raise ValueError(
            f"blocks must map drivers to the name of their block, as in {{'a': 'pay', 'b': 'pay'}}, got {_got(blocks)}."
        )
    strangers = [name for name in blocks if name not in drivers]
    if strangers:
        raise ValueError(f"blocks name {strangers}, which are not among the drivers {shown(drivers)}.")
    nameless = [name for name, block in blocks.items() if not _is_hashable(block) or _is_missing(block)]
    if nameless:
        raise ValueError(
            f"blocks give drivers {nameless} no name of a block: give one, or leave these drivers out of blocks."
        )
    used = set(blocks.values())
    clash = [name for name in drivers if name not in blocks and name in used]
    if clash:
        raise ValueError(
            f"blocks {sorted(clash, key=name_order)} have the name of a driver outside the block: rename the block."
        )
    clash = [name for name in (outcome, *covariates) if name in used]
    if clash:
        raise ValueError(f"blocks {clash} have the name of the outcome or of a covariate: rename the block.")
    return blocks


def _is_missing(value: object) -> bool:
    return (
        value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value))
    )
