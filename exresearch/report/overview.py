"""Findings as the frames of the summary page."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from exresearch.findings import Finding, load_registry
from exresearch.report.sentences import verdict_sentence
from exresearch.report.text import Texts


def verdict_table(findings: Sequence[Finding], *, texts: Texts) -> pd.DataFrame:
    """List every finding with its verdict and one plain sentence.

    Parameters
    ----------
    findings : sequence of Finding
        The findings of a report.
    texts : Texts
        Language of the reader.

    Returns
    -------
    pandas.DataFrame
        ``title, verdict, sentence`` in the order of the registry; words only.
    """
    rows = [
        {
            "title": _title(finding),
            "verdict": finding.verdict.value,
            "sentence": verdict_sentence(finding, texts),
        }
        for finding in reading_order(findings)
    ]
    return pd.DataFrame(rows, columns=["title", "verdict", "sentence"])


def estimates_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """List the deciding estimate of every finding that was tested.

    Parameters
    ----------
    findings : sequence of Finding
        The findings of a report.

    Returns
    -------
    pandas.DataFrame
        ``title, unit_of_measurement, estimate, conf_low, conf_high, conf_level, n, n_units, n_excluded``.
    """
    names = (
        "unit_of_measurement",
        "estimate",
        "conf_low",
        "conf_high",
        "conf_level",
        "n",
        "n_units",
        "n_excluded",
    )
    rows = [
        {"title": _title(finding)} | {name: getattr(finding, name) for name in names}
        for finding in reading_order(findings)
        if finding.tested
    ]
    frame = pd.DataFrame(rows, columns=["title", *names])
    return frame.astype(dict.fromkeys(("n", "n_units", "n_excluded"), "Int64"))


def family_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """List the members of every family with their p-values before and after correction.

    Parameters
    ----------
    findings : sequence of Finding
        The findings of a report.

    Returns
    -------
    pandas.DataFrame
        ``family, member, p_value, p_adjusted, verdict, n``; a finding without components is the only member
        of its family.
    """
    rows = []
    registry = load_registry()
    for finding in reading_order(findings):
        if not finding.tested:
            continue
        family = registry.family_of(finding.hypothesis)
        for part in finding.components or (finding,):
            component = family.components.get(getattr(part, "term", ""))
            rows.append(
                {
                    "family": family.label.model_dump(),
                    "member": component.model_dump() if component is not None else _title(finding),
                    "p_value": part.p_value,
                    "p_adjusted": part.p_adjusted,
                    "verdict": part.verdict.value if part.verdict is not None else None,
                    "n": part.n,
                }
            )
    return pd.DataFrame(rows, columns=["family", "member", "p_value", "p_adjusted", "verdict", "n"])


def _title(finding: Finding) -> dict[str, str]:
    registry = load_registry()
    if finding.hypothesis not in registry:
        return {"nl": finding.hypothesis, "en": finding.hypothesis}
    return registry[finding.hypothesis].title.model_dump()


def reading_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings in the order of the registry; those it does not know come last, by name.

    Parameters
    ----------
    findings : sequence of Finding
        In any order.

    Returns
    -------
    list of Finding
    """
    order = {name: place for place, name in enumerate(load_registry().ids)}
    return sorted(
        findings, key=lambda finding: (order.get(finding.hypothesis, len(order)), finding.hypothesis)
    )
