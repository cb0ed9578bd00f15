"""What a structural equation model says: its variables, and one row for each parameter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

Operator = Literal["=~", "~", "~~", "~1"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One arrow of the path diagram in one group.

    Attributes
    ----------
    lhs, op, rhs : str
        As in lavaan: ``factor =~ item`` (loading of the item), ``outcome ~ predictor``, ``a ~~ b`` (covariance, or
        the variance where both are one), ``a ~1`` (mean or intercept; ``rhs`` is empty).
    group : int
        Position of the group, from 0.
    value : float, optional
        Fixed at this value; without it free.
    label : str
        Free parameters with one label are equal, within a group and across groups.
    """

    lhs: str
    op: Operator
    rhs: str = ""
    group: int = 0
    value: float | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class StructuralModel:
    """A model of means and covariances, in RAM form, for one or several groups.

    Nothing is added to what is written down: a variance that is not among the parameters is zero. A model without any
    ``~1`` leaves the means alone (they fit perfectly and are not counted).

    Attributes
    ----------
    observed, latent : tuple of str
        Columns of the data, and factors.
    parameters : tuple of Parameter
        Fixed and free.
    n_groups : int
        Groups, numbered from 0.

    Raises
    ------
    ValueError
        If a parameter names an unknown variable or group or an operator that is none, stands there twice, is both
        fixed and labelled, or if a variable is both observed and latent.

    References
    ----------
    McArdle, J. J., & McDonald, R. P. (1984). Some algebraic properties of the reticular action model for moment
    structures. *British Journal of Mathematical and Statistical Psychology*, 37(2), 234-251.
    https://doi.org/10.1111/j.2044-8317.1984.tb00802.x

    Examples
    --------
    >>> rows = (Parameter("y", "~", "x"), Parameter("x", "~~", "x"), Parameter("y", "~~", "y"))
    >>> StructuralModel(observed=("x", "y"), latent=(), parameters=rows).n_free
    3
    """

    observed: tuple[str, ...]
    latent: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    n_groups: int = 1
    # Found once: every fit asks for it many times.
    _free: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = Counter((*self.observed, *self.latent))
        twice = sorted(name for name, count in known.items() if count > 1)
        if twice:
            raise ValueError(f"variables {twice} are named more than once in observed and latent.")
        operators = get_args(Operator)
        wrong = sorted({p.op for p in self.parameters if p.op not in operators})
        if wrong:
            raise ValueError(f"op must be one of {list(operators)}; got {wrong}.")
        named = {name for p in self.parameters for name in (p.lhs, *([] if p.op == "~1" else [p.rhs]))}
        unknown = sorted(named - set(known))
        if unknown:
            raise ValueError(f"parameters name {unknown}, which are neither observed nor latent.")
        groups = sorted({p.group for p in self.parameters if not 0 <= p.group < self.n_groups})
        if groups:
            raise ValueError(f"group must be from 0 to {self.n_groups - 1}; got {groups}.")
        both = sorted({p.label for p in self.parameters if p.label and p.value is not None})
        if both:
            raise ValueError(f"parameters with the labels {both} are fixed as well: give a value or a label.")
        places = Counter(_place(p) for p in self.parameters)
        repeated = sorted(f"{a} {op} {b}".strip() for (op, a, b, _), count in places.items() if count > 1)
        if repeated:
            raise ValueError(f"parameters {repeated} are given more than once.")
        positions: dict[str | int, int] = {}
        found = [
            -1 if p.value is not None else positions.setdefault(p.label or row, len(positions))
            for row, p in enumerate(self.parameters)
        ]
        object.__setattr__(self, "_free", tuple(found))

    @property
    def has_means(self) -> bool:
        """Whether the model says anything about means."""
        return any(p.op == "~1" for p in self.parameters)

    @property
    def free_index(self) -> tuple[int, ...]:
        """For each parameter its position among the distinct free ones, or -1 where it is fixed."""
        return self._free

    @property
    def n_free(self) -> int:
        """Distinct free parameters, those of means included."""
        return max(self.free_index, default=-1) + 1

    def degrees_of_freedom(self) -> int:
        """Moments of the data minus distinct free parameters."""
        p = len(self.observed)
        return self.n_groups * (p * (p + 1) // 2 + (p if self.has_means else 0)) - self.n_free


def _place(parameter: Parameter) -> tuple[str, str, str, int]:
    """Where a parameter stands in the matrices: a covariance has no direction, a loading is a regression."""
    a, b = parameter.lhs, parameter.rhs
    if parameter.op == "~~":
        a, b = sorted((a, b))
    elif parameter.op == "=~":
        return "~", b, a, parameter.group
    return parameter.op, a, b, parameter.group


def measurement_parameters(
    factors: Mapping[str, Sequence[str]],
    *,
    n_groups: int = 1,
    means: bool = False,
    equal: Sequence[Literal["loadings", "intercepts", "residuals"]] = (),
) -> tuple[Parameter, ...]:
    """Write down a confirmatory factor model: the first loading of a factor is 1, factors are correlated.

    Parameters
    ----------
    factors : mapping of str to sequence of str
        Items per factor; each item belongs to one factor.
    n_groups : int
        Number of groups.
    means : bool
        With intercepts of items and means of factors, which are 0 in the first group, and in all groups unless
        intercepts are equal.
    equal : sequence
        What is equal in all groups.

    Returns
    -------
    tuple of Parameter
        In the order of the groups; the rows of a group are the same whatever is equal.
    """
    names = list(factors)
    rows: list[Parameter] = []
    for g in range(n_groups):
        for factor, items in factors.items():
            for position, item in enumerate(items):
                label = f"{factor} =~ {item}" if "loadings" in equal and position else ""
                rows.append(Parameter(factor, "=~", item, g, None if position else 1.0, label))
        for items in factors.values():
            rows += [
                Parameter(i, "~~", i, g, None, f"{i} ~~ {i}" if "residuals" in equal else "") for i in items
            ]
        rows += [Parameter(a, "~~", b, g) for position, a in enumerate(names) for b in names[position:]]
        if means:
            for items in factors.values():
                rows += [
                    Parameter(i, "~1", "", g, None, f"{i} ~1" if "intercepts" in equal else "") for i in items
                ]
            free = "intercepts" in equal and g > 0
            rows += [Parameter(factor, "~1", "", g, None if free else 0.0) for factor in names]
    return tuple(rows)
