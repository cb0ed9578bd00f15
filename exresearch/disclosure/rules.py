"""The minimum groups below which nothing is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

_LOWEST = {"min_respondents": 5, "min_comments": 10, "min_model": 30, "min_units": 5}
# In parts of the distance between the lowest and the highest possible answer.
PROTECTION = 0.5
# The largest part of a sum that may come from one contributor.
DOMINANCE = 0.5


@dataclass(frozen=True, slots=True)
class DisclosureRules:
    """Minimum numbers of people and units behind anything that is shown.

    Parameters
    ----------
    min_respondents : int
        Respondents behind a shown number; at least 5.
    min_model : int
        Respondents behind a driver model; at least 30.
    min_units : int
        Units behind a figure of units; at least 5.
    min_comments : int
        People behind what is shown of comments; at least 10.
    roll_ups : mapping
        Larger groups that smaller ones lie in, such as the kind of each unit, whose totals other tables may show; see
        :func:`exresearch.disclosure.roll_ups_of`.

    Raises
    ------
    ValueError
        If a minimum is not a whole number, or set below its floor. They can be raised freely, never lowered.

    Examples
    --------
    >>> DisclosureRules(min_respondents=10).min_respondents
    10
    """

    min_respondents: int = 5
    min_model: int = 30
    min_units: int = 5
    min_comments: int = 10
    roll_ups: Mapping[str, Mapping[str, Sequence[tuple[str, str]]]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        for name, floor in _LOWEST.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise ValueError(f"{name} must be a whole number of at least {floor}; got {value!r}.")
            if value < floor:
                raise ValueError(f"{name} is {value}; it can be raised but not set below {floor}.")

    def for_comments(self) -> DisclosureRules:
        """Return the rules for what is shown of comments: as many people as these need, also where fewer would do.

        Examples
        --------
        >>> DisclosureRules().for_comments().min_respondents
        10
        """
        return replace(self, min_respondents=max(self.min_respondents, self.min_comments))

    @classmethod
    def from_values(cls, values: Mapping[str, object]) -> DisclosureRules:
        """Return the rules that :meth:`sentence` gave the values of, as a finding keeps them."""
        least = {name: int(str(values[name])) for name in _LOWEST if name in values}
        return cls(
            min_respondents=least.get("min_respondents", _LOWEST["min_respondents"]),
            min_model=least.get("min_model", _LOWEST["min_model"]),
            min_units=least.get("min_units", _LOWEST["min_units"]),
            min_comments=least.get("min_comments", _LOWEST["min_comments"]),
        )

    def sentence(self) -> tuple[str, dict[str, int]]:
        """Return the rule as a message with named places and its values, for findings and footers."""
        message = (
            "Shown only with at least {min_respondents:integer} respondents behind a number, {min_comments:integer} "
            "people behind a summary of comments, {min_model:integer} respondents behind a driver model and "
            "{min_units:integer} units in a figure of units."
        )
        return message, {name: getattr(self, name) for name in _LOWEST}
