"""What columns are computed from, and what cannot be: a column that is not there, or a circle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exresearch.study.codebook.variable import Variable
from exresearch.study.problems import nearest

#: A table and a column of it.
Place = tuple[str, str]


def sources_of(variables: Sequence[Variable]) -> dict[Place, tuple[Place, ...]]:
    """Return what each column is computed from, by its table and name."""
    return {(v.table, v.column): tuple((v.table, name) for name in v.derived_from) for v in variables}


def source_faults(variables: Sequence[Variable]) -> list[tuple[int, str, str, str]]:
    """Find columns computed from one that is not there, or from each other in a circle.

    Parameters
    ----------
    variables : sequence of Variable
        Entries in the order of the file.

    Returns
    -------
    list of (number, name, message, remedy)
        Number of the entry, from 0.

    Examples
    --------
    >>> index = Variable(table="units", column="index", role="count", derived_from=("index2",))
    >>> source_faults([index])[0][2]
    "derived_from names 'index2', which the codebook does not describe in table 'units'."
    """
    found = []
    sources = sources_of(variables)
    numbers: dict[Place, int] = {}
    for number, v in enumerate(variables):
        numbers.setdefault((v.table, v.column), number)
        for name in v.derived_from:
            if (v.table, name) not in sources:
                known = [column for table, column in sources if table == v.table and column != v.column]
                message = (
                    f"derived_from names {name!r}, which the codebook does not describe in table {v.table!r}."
                )
                found.append((number, f"{v.table}.{v.column}", message, nearest(name, known)))
    circle = _circle(sources)
    if circle:
        listed = ", ".join(column for _, column in circle)
        message = f"derived_from goes round in a circle: {listed}."
        remedy = "A column cannot be computed from itself; take one of them out."
        found.append((numbers[circle[0]], ".".join(circle[0]), message, remedy))
    return found


def _circle(sources: Mapping[Place, Sequence[Place]]) -> list[Place]:
    """Return columns that are computed from each other in a circle, in that order; empty where there is none."""
    done: set[Place] = set()
    for start in sources:
        path: list[Place] = []
        trail = [iter([start])]
        while trail:
            place = next(trail[-1], None)
            if place is None:
                trail.pop()
                if path:
                    done.add(path.pop())
            elif place in path:
                return path[path.index(place) :]
            elif place not in done:
                path.append(place)
                trail.append(iter(sources.get(place, ())))
    return []
