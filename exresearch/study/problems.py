"""What is wrong with a study's input: every problem at once, each with its place and its remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the input.

    Attributes
    ----------
    file : str
        Name of the file, as the user gave it.
    place : str
        Key, column or line in that file.
    message : str
        What is wrong, without any person's answer.
    remedy : str
        What to do about it.
    """

    file: str
    place: str
    message: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.place}" if self.place else self.file
        return f"{where}: {self.message} {self.remedy}".rstrip()


class StudyError(ValueError):
    """The input cannot be used; carries every problem found.

    Parameters
    ----------
    problems : iterable of Problem
        At least one.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        heading = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(
            "\n".join([f"{heading} with this study:", *(f"- {problem}" for problem in self.problems)])
        )


def nearest(value: str, legal: Sequence[str]) -> str:
    """Return a sentence with the nearest legal value, or all of them.

    Examples
    --------
    >>> nearest("langauge", ["client", "language"])
    "Did you mean 'language'? Legal: client, language."
    """
    listed = f"Legal: {', '.join(legal)}."
    close = difflib.get_close_matches(value, legal, n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}? {listed}" if close else listed
