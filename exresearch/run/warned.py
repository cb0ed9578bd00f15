"""How often and of which kind a notebook warned: numbers and names, for the text of a warning may quote data."""

from __future__ import annotations

import builtins
import re
from pathlib import Path

# Python's own, and those of the packages that notebooks compute with. Another name might come from anywhere.
_KINDS = {
    name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Warning)
} | {
    "ConvergenceWarning",
    "HessianInversionWarning",
    "IterationLimitWarning",
    "LinAlgWarning",
    "OptimizeWarning",
    "ParserWarning",
    "PerformanceWarning",
    "PerfectSeparationWarning",
    "SingularMatrixWarning",
    "SpecificationWarning",
    "ValueWarning",
}  # fmt: skip
_WARNED = re.compile(r"^\S.*?:\d+: (\w*Warning)\b", re.MULTILINE)
OTHER = "other"


def warnings_in(log: Path) -> dict[str, int]:
    """Count the warnings that a notebook wrote, by category.

    Parameters
    ----------
    log : pathlib.Path
        ``<notebook>.log`` of the working folder; there is none where nothing was written.

    Returns
    -------
    dict of str to int
        In alphabetical order; ``other`` for a category that is not known.

    Examples
    --------
    >>> warnings_in(Path("no such file"))
    {}
    """
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    counts: dict[str, int] = {}
    for name in _WARNED.findall(text):
        kind = name if name in _KINDS else OTHER
        counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items()))
