"""Names of people, units and waves as numbers, found once: a million sheets take a tenth of a second each time."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_KEPT = 16
# Secrets are collected aside while a run goes on.
_LOCK = Lock()
Codes = tuple[NDArray[np.int64], pd.Index]
# By the Arrow array behind a column, which never changes; a column that is taken anew from its frame has the same one.
_KNOWN: OrderedDict[int, tuple[weakref.ref[Any], Codes]] = OrderedDict()
_RANKED: OrderedDict[int, tuple[weakref.ref[Any], Codes]] = OrderedDict()


def coded(names: pd.Series) -> Codes:
    """Number the names of a column, as :func:`pandas.factorize`, and remember it while the column is there.

    When to use it: on keys of a whole table, of which parts are then taken as numbers instead of as text.

    Parameters
    ----------
    names : pandas.Series
        Such as ``person``, ``unit`` or ``wave``.

    Returns
    -------
    (numbers, names) : ndarray of int, pandas.Index
        -1 where there is no name. The numbers must not be changed, and cannot be.

    Examples
    --------
    >>> coded(pd.Series(["b", "a", None, "b"]))[0].tolist()
    [0, 1, -1, 0]
    """
    return _kept(names, _KNOWN, _factorized)


def ranked(names: pd.Series) -> Codes:
    """Number the names of a column in their order, as ``pandas.factorize(sort=True)``, and remember it.

    When to use it: where the order of names decides something, such as the rows of a table or a random draw.

    Parameters
    ----------
    names : pandas.Series
        Such as ``person``, ``unit`` or ``wave``.

    Returns
    -------
    (numbers, names) : ndarray of int, pandas.Index
        -1 where there is no name. The numbers must not be changed, and cannot be.

    Examples
    --------
    >>> ranked(pd.Series(["b", "a", None, "b"]))[0].tolist()
    [1, 0, -1, 1]
    """
    return _kept(names, _RANKED, _sorted)


def _factorized(names: pd.Series) -> Codes:
    codes, found = pd.factorize(names)
    return np.asarray(codes, dtype=np.int64), pd.Index(found)


def _sorted(names: pd.Series) -> Codes:
    codes, found = coded(names)
    order = found.argsort()
    # One place more, for those without a name.
    rank = np.full(len(found) + 1, -1)
    rank[order] = np.arange(len(found))
    return rank[codes], found[order]


def _kept(
    names: pd.Series,
    store: OrderedDict[int, tuple[weakref.ref[Any], Codes]],
    make: Callable[[pd.Series], Codes],
) -> Codes:
    held = getattr(names.array, "_pa_array", None)
    if held is not None:
        with _LOCK:
            known = store.get(id(held))
            if known is not None and known[0]() is held:
                store.move_to_end(id(held))
                return known[1]
    made = make(names)
    made[0].setflags(write=False)
    if held is not None:
        with _LOCK:
            # What is gone gives its memory back.
            for place in [place for place, (there, _) in store.items() if there() is None]:
                del store[place]
            store[id(held)] = (weakref.ref(held), made)
            while len(store) > _KEPT:
                store.popitem(last=False)
    return made


def distinct(names: pd.Series, where: Any = None) -> int:
    """Count the different names in a column, or in the rows of it that a mask selects; no name is none.

    Examples
    --------
    >>> distinct(pd.Series(["b", "a", None, "b"])), distinct(pd.Series(["b", "a"]), np.array([True, False]))
    (2, 1)
    """
    codes, found = coded(names)
    if where is None:
        return len(found)
    # One place more, for those without a name.
    there = np.zeros(len(found) + 1, dtype=bool)
    there[codes[where]] = True
    return int(np.count_nonzero(there[:-1]))
