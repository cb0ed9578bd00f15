"""What several pages call in the same words: the two sides, and checks that these data do not allow."""

from __future__ import annotations

from exresearch.findings.note import Note
from exresearch.study import Study
from exresearch.study.languages import worded


def side_label(study: Study, construct: str) -> dict[str, str]:
    """Return what stands for a side of the link in both languages.

    Engagement enters as the share of engaged people, complaints per head and turned; anything else under its own label.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from exresearch.study import load_study
    >>> from exresearch.study.demo import write_demo_study
    >>> study = load_study(write_demo_study(Path(mkdtemp()), n_units=4, n_employees=40))
    >>> side_label(study, "engagement")["en"], side_label(study, "cx")["en"]
    ('Share of engaged employees', 'Customer experience')
    """
    if construct == "engagement":
        return worded("Share of engaged employees")
    if construct == "complaints":
        return worded("Complaints per head (reversed)")
    return study.codebook.label(construct)


def skipped_checks(count: int) -> list[Note]:
    """Say how many checks these data do not allow; nothing where all could be computed."""
    if not count:
        return []
    message = "{count:integer} checks could not be computed: too few units or waves were left, or they hardly differ."
    return [Note(message=message, values={"count": count})]
