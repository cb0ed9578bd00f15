"""What a verification came to: what was compared, and every difference in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

CheckName = Literal["record", "files", "findings", "pages", "passed_on", "recomputed"]
#: In words, in the order in which they are made.
CHECKS: dict[CheckName, str] = {
    "record": "The record and its seal",
    "files": "Hashes of the delivered files",
    "findings": "Findings, each by itself",
    "pages": "Numbers and words on pages, against the findings",
    "passed_on": "Spreadsheet, slides, single file and notebooks, against the findings and pages",
    "recomputed": "Findings and pages, computed again from the data",
}


class ReportUnreadable(ValueError):
    """There is no report to be verified, or what is needed for it cannot be read."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be.

    Attributes
    ----------
    file : str
        File of the report.
    place : str
        Where in it; may be empty.
    expected, found : str
        What should be there and what is; empty where that is no text or number.
    sentence : str
        The whole in a sentence.
    by : float or None
        How much two numbers differ (found minus expected).
    """

    file: str
    place: str
    expected: str
    found: str
    sentence: str
    by: float | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of comparison.

    Attributes
    ----------
    name : str
        One of :data:`CHECKS`.
    compared : int
        How many things were compared.
    differences : tuple of Difference
    left_out : tuple of str
        Why something could not be compared, in sentences.
    """

    name: CheckName
    compared: int
    differences: tuple[Difference, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """``differs``, ``ok`` or, where nothing could be compared, ``not possible``."""
        return "differs" if self.differences else "ok" if self.compared else "not possible"


@dataclass(frozen=True, slots=True)
class Verification:
    """All checks of one report.

    Attributes
    ----------
    client, seal : str
        Of the record, where it can be read; the seal as it was computed anew.
    checks : tuple of Check
    notes : tuple of str
        What a reader should know to judge the outcome, such as another version of the package.
    """

    client: str
    seal: str
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Every difference of every check."""
        return tuple(one for check in self.checks for one in check.differences)

    @property
    def ok(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def as_data(self) -> dict[str, Any]:
        """Return the outcome, ready for JSON."""
        return {
            "client": self.client,
            "seal": self.seal,
            "ok": self.ok,
            "notes": list(self.notes),
            "checks": [
                {
                    "name": check.name,
                    "state": check.state,
                    "compared": check.compared,
                    "left_out": list(check.left_out),
                    "differences": [
                        {
                            "file": one.file,
                            "place": one.place,
                            "expected": one.expected,
                            "found": one.found,
                            "by": one.by,
                            "sentence": one.sentence,
                        }
                        for one in check.differences
                    ],
                }
                for check in self.checks
            ],
        }


def plain(file: str, sentence: str, *, place: str = "") -> Difference:
    """Return a difference that is no pair of texts or numbers."""
    return Difference(file, place, "", "", f"{file}: {sentence}")


def other(file: str, place: str, *, expected: str, found: str, against: str) -> Difference:
    """Return a difference between what stands somewhere and what another file says."""
    where = f"{file}, {place}" if place else file
    has = f"{found!r}" if found else "nothing"
    should = f"{expected!r}" if expected else "nothing"
    give = "give" if against.split(",")[0].endswith(("findings", "pages", "data")) else "gives"
    return Difference(file, place, expected, found, f"{where}: shows {has}; {against} {give} {should}.")


def most(differences: Sequence[Difference], limit: int) -> tuple[Difference, ...]:
    """Return the first differences, and one more that counts the rest."""
    if len(differences) <= limit:
        return tuple(differences)
    rest = len(differences) - limit
    return (*differences[:limit], plain(differences[limit].file, f"and {rest} more."))
