"""Who the rows of a frame are, so that one table can be held against another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Measure:
    """A column whose values are means, shares or scores over the answers of a row's group.

    Parameters
    ----------
    name : str
        What was measured; the same name in every table that shows it.
    low, high : float or str
        Lowest and highest value that one answer can have, as a number or as the column that holds it. A share has 0 and
        1, a net promoter score -100 and 100.
    each : str
        Column that tells measures apart in a long frame; its value is added to the name. None by default.
    largest : str
        Column with the part (0 to 1) of the row's sum that comes from its largest contributor. None by default.
    """

    name: str
    low: float | str = 0.0
    high: float | str = 1.0
    each: str = ""
    largest: str = ""


@dataclass(frozen=True, slots=True)
class Groups:
    """Who is counted in each row.

    Parameters
    ----------
    population : str
        Study table whose rows were counted: ``employees``, ``customers``, ``moments`` and so on. Any other word makes
        the table stand on its own.
    by : mapping of str to str
        Column of that study table (or of ``units``, through the row's unit) and the column of the frame that holds its
        value. A missing value means all of them: a row with a total.
    pairs : tuple of str, optional
        For long frames: the column with the name of a category and the column with its value.
    fixed : mapping of str to str
        Values that all rows share and no column holds, such as the wave.
    measures : mapping of str to Measure
        Columns of the frame that hold a mean, a share or a score.
    answer : str
        Column of the frame with an answer that was given, where the count is the number of people who gave it: a
        distribution. None by default.
    answered : str
        Name, or column with the name, of the question that was answered; with ``answer``.

    Examples
    --------
    >>> Groups("employees", by={"wave": "wave"}, measures={"estimate": Measure("enps", -100, 100)}).population
    'employees'
    """

    population: str
    by: Mapping[str, str] = field(default_factory=dict)
    pairs: tuple[str, str] | None = None
    fixed: Mapping[str, str] = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)
    answer: str = ""
    answered: str = ""

    def columns(self) -> tuple[str, ...]:
        """Return the columns of the frame that say who a row is about."""
        return (*self.by.values(), *(self.pairs or ()), *([self.answer] if self.answer else []))
