"""A report verified: one check after the other, as far as each can be made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from exresearch import __version__
from exresearch.run.origin import source_digest
from exresearch.run.verify.again import check_again
from exresearch.run.verify.content import Delivered, check_pages, read_delivered, read_each
from exresearch.run.verify.files import check_files, check_record, read_record
from exresearch.run.verify.outcome import Check, CheckName, Verification, plain
from exresearch.run.verify.passed_on import check_passed_on

OnStep = Callable[[str], None]


def verify_report(
    folder: str | Path,
    *,
    study: str | Path | None = None,
    seal: str = "",
    quick: bool = False,
    recompute: bool = True,
    tolerance: float = 0.0,
    jobs: int | None = None,
    on_step: OnStep | None = None,
) -> Verification:
    """Say whether a report is still what was made.

    When to use it: before a report is passed on or relied on, with or without the data it was made from.

    Parameters
    ----------
    folder : str or pathlib.Path
        The folder of the report.
    study : str or pathlib.Path, optional
        The study file, where the data are at hand; by default what the run left in the working folder.
    seal : str
        The seal that somebody noted, or its first eight or more characters.
    quick : bool
        Stop after the record, the seal and the hashes.
    recompute : bool
        Compute the findings again where the data are at hand.
    tolerance : float
        Recomputed numbers may differ by so much (relative to the larger); 0 by default.
    jobs : int, optional
        Notebooks at a time.
    on_step : callable, optional
        Told what is being looked at.

    Returns
    -------
    Verification

    Raises
    ------
    ReportUnreadable
        If there is no report in that folder.
    """
    place = Path(folder).expanduser().resolve()
    tell = on_step if on_step is not None else _silent
    tell("run.json")
    record, changed = read_record(place)
    if record is None:
        return Verification("", "", (Check("record", 1, tuple(changed)),), ())
    computed, first = check_record(record, place, noted=seal, changed=changed)
    checks = [first, check_files(record, place, on_file=tell)]
    notes = _notes(record)
    if quick:
        return Verification(str(record.get("client", "")), computed, tuple(checks), tuple(notes))
    findings, each = read_each(place)
    checks.append(each)
    try:
        report = read_delivered(place, record, findings)
    except (KeyError, TypeError, ValueError, AttributeError):
        missing = plain("run.json", "lacks what its pages are made from; they cannot be compared with it.")
        old = "source_sha256" not in record and not first.differences
        checks.append(Check("pages", 0, (), (missing.sentence,)) if old else Check("pages", 1, (missing,)))
        return Verification(str(record.get("client", "")), computed, tuple(checks), tuple(notes))
    tell("pages")
    checks.append(_made(check_pages, "pages", report))
    tell("files that are passed on")
    checks.append(_made(check_passed_on, "passed_on", report))
    if recompute:
        checks.append(check_again(place, record, study=study, tolerance=tolerance, jobs=jobs, on_step=tell))
    return Verification(str(record.get("client", "")), computed, tuple(checks), tuple(notes))


def _made(check: Callable[[Delivered], Check], name: CheckName, report: Delivered) -> Check:
    """Make a check; where pages cannot be made from what the record holds, that is what differs."""
    try:
        return check(report)
    except Exception:  # noqa: BLE001 - a record that was changed may hold anything
        missing = plain("run.json", "holds what pages cannot be made from; they cannot be compared with it.")
        return Check(name, 1, (missing,))


def _notes(record: dict[str, object]) -> list[str]:
    made = record.get("source_sha256")
    if made == source_digest():
        return []
    return [
        f"The report was made with another state of exresearch ({record.get('exresearch')}; here {__version__}). Words "
        "and digits on pages that differ may be due to that: verify with the version that made it."
    ]


def _silent(step: str) -> None:
    """Say nothing."""
