"""What a run contributes to comparisons of clients, where the study asks for it: one file, held by the audit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from exresearch.disclosure import Entry
from exresearch.disclosure.ledger import Cell, Total
from exresearch.findings.analyses.drivers.contributed import Contribution, contributed_drivers
from exresearch.findings.note import Note
from exresearch.report import Texts
from exresearch.run.door import DisclosureError
from exresearch.run.plan import Plan
from exresearch.run.render import rules_of, write_text

MOMENTS = "moments/drivers.json"
_AUDITED = (
    "The audit of the whole report refused it: with these moments beside what the report shows, a small group could "
    "be worked out."
)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Contributed:
    """The file with moments, with what it shows: its part of the report's ledger.

    Attributes
    ----------
    text : str
        What the file holds; empty where there is none.
    reason : str
        Why there is none, as a sentence.
    entries : tuple of Entry
        What the audit of the whole report has to know of it.
    name : str
        Where it lies in the report.
    """

    text: str = ""
    reason: str = ""
    entries: tuple[Entry, ...] = ()
    name: str = MOMENTS

    @property
    def sentence(self) -> str:
        """Return why a study that wants to contribute does not; empty where it does, or where it does not want to."""
        return f"No moments are contributed. {self.reason}" if self.reason else ""

    def as_record(self) -> dict[str, str] | None:
        """Return what the provenance says of it; None where nothing was asked for."""
        if not self.text and not self.reason:
            return None
        return {"file": MOMENTS if self.text else "", "left_out": self.reason}


def contribution_of(plan: Plan) -> Contributed:
    """Make the contribution of a study that asks for one (``contribute: true``).

    Parameters
    ----------
    plan : Plan
        What was run.

    Returns
    -------
    Contributed
        Without a text where nothing is asked for, or where the rules forbid it.
    """
    settings = plan.study.settings
    if not settings.contribute:
        return Contributed()
    made = contributed_drivers(
        plan.study,
        rules=rules_of(plan),
        n_boot=settings.parameters.n_boot,
        seed=settings.parameters.seed,
    )
    if isinstance(made, Note):
        return Contributed(reason=Texts("en").note(made))
    return Contributed(text=made.moments.as_text(), entries=(_entry(made),))


def checked_with(
    contribution: Contributed, check: Callable[[Sequence[Contributed]], _T]
) -> tuple[_T, Contributed]:
    """Audit a report with its contribution, or without it where the two together would tell too much.

    Parameters
    ----------
    contribution : Contributed
        What is to be contributed.
    check : callable
        The audit, given what is shown beside the pages.

    Returns
    -------
    tuple
        What the audit gave, and the contribution, or why there is none.

    Raises
    ------
    DisclosureError
        If the report tells too much without the contribution, too.
    """
    if contribution.text:
        try:
            return check([contribution]), contribution
        except DisclosureError:
            contribution = Contributed(reason=_AUDITED)
    return check([]), contribution


def write_contribution(contribution: Contributed, staging: Path) -> None:
    """Put the file into a report that is being built."""
    if contribution.text:
        path = staging / MOMENTS
        path.parent.mkdir(exist_ok=True)
        write_text(path, contribution.text)


def _entry(made: Contribution) -> Entry:
    """Say what the moments tell: the mean of every column among the sheets that are complete.

    A column that nobody else answered has its mean of everybody; of others it is the mean of a group of its own.
    """
    n = float(made.moments.n)
    totals = {
        # Under the name that tables of items give it, so that the audit holds the two together.
        column: Total(f"mean: {column}", low, high, mean * n)
        for column, (mean, low, high) in made.means.items()
    }
    parts = (
        Cell({}, n, tuple(total for column, total in totals.items() if column in made.whole), hidden=False),
        Cell(
            {"answers": "all drivers and eNPS"},
            n,
            tuple(total for column, total in totals.items() if column not in made.whole),
            hidden=False,
        ),
    )
    return Entry(
        "Moments contributed to comparisons of clients",
        "groups",
        "employees",
        float(made.moments.n_people),
        tuple(cell for cell in parts if cell.totals),
    )
