"""Human work and standardisation, ambassadors and colleagues: what the frames of the analyses look like on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses import PeersCarryPeers, PeopleNotProcess
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.report.figures.people import checks_forest, peer_bins, skill_lines
from exresearch.report.figures.people.checks import CheckGroup
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture

KNOWN: dict[str, Column | None] = {
    "label": Column(mark("Measure of a unit")),
    "reliability": Column(mark("Reliability"), "number2"),
    "n": None,
}
EFFECTS: dict[str, Column | None] = {
    "label": Column(mark("What")),
    "estimate": Column(mark("Difference on the scale of the question"), "number2"),
    "conf_low": Column(mark("Interval"), "number2"),
    "p_value": None,
    "n": None,
}
_KNOWN_NOTE = mark(
    "Reliability: the part of the differences between units that is not chance of who answered; answers of one person "
    "in several waves count as one person's."
)
_EFFECTS_NOTE = mark(
    "Within persons, in the wave in which these colleagues are there. The last row is the claim: more from those who "
    "do it of their own accord."
)
#: Checks on colleagues, by the rival that they answer; the first words are the heading.
_RIVALS: dict[str, tuple[str, tuple[str, ...]]] = {
    "events": (
        mark("Shared events: something happens to the whole unit"),
        ("plain", "customers", "kind_waves", "beside_later"),
    ),
    "turn": (
        mark("Colleagues who come and go, and who answers when"),
        ("both_waves", "every_wave", "own_course"),
    ),
    "alike": (
        mark("Misleading, for comparison: likeness, and few waves"),
        ("everybody", "own_course"),
    ),
    "other": (mark("Measured in another way"), ("means", "same_wave")),
    "never": (mark("What cannot be: should be nothing"), ("later",)),
}


def tables(process: PeopleNotProcess, peers: PeersCarryPeers) -> dict[str, dict[str, Any]]:
    """Return the tables of the page by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    process : PeopleNotProcess
        Of :func:`exresearch.findings.analyses.people_not_process`.
    peers : PeersCarryPeers
        Of :func:`exresearch.findings.analyses.peers_carry_peers`.

    Returns
    -------
    dict of str to dict
        ``known, ambassadors``; without rows a table says why.
    """
    rows = pd.DataFrame([_row(record) for record in peers.ambassadors])
    untold = Note(
        message="Ambassadors of their own accord and appointed ones could not be set beside each other."
    )
    return {
        "known": {
            "frame": process.known,
            "count": "n",
            "caption": mark("How well the values of units are known"),
            "columns": KNOWN,
            "note": _KNOWN_NOTE if len(process.known) else _reason(process.finding),
        },
        "ambassadors": {
            "frame": rows,
            "count": "n",
            "caption": mark(
                "Ambassadors of their own accord and appointed ones: what ten in a hundred colleagues more do"
            ),
            "columns": EFFECTS,
            "note": _EFFECTS_NOTE if len(rows) else _reason(peers.finding, otherwise=untold),
        },
    }


def pictures(
    process: PeopleNotProcess, peers: PeersCarryPeers, *, texts: Texts, rules: DisclosureRules
) -> dict[str, Picture | Note]:
    """Return the figures of the page by name; a note where there is nothing to draw.

    Parameters
    ----------
    process, peers
        As :func:`tables`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Least answers behind a point of the picture of colleagues.

    Returns
    -------
    dict of str to Picture or Note
        ``skill, process_checks, peers, peer_checks``.
    """
    interplay = next((part for part in process.finding.components if part.term == "standardisation"), None)
    low, high = peers.finding.conf_low, peers.finding.conf_high
    return {
        "skill": skill_lines(
            process.lines,
            process.slopes,
            texts=texts,
            labels=process.labels,
            interplay=None if interplay is None else (interplay.conf_low, interplay.conf_high),
        ),
        "process_checks": _process_checks(process.finding, texts),
        "peers": peer_bins(
            peers.bins,
            line=peers.line,
            texts=texts,
            label=peers.label,
            rules=rules,
            effect=None if low is None or high is None else (low, high),
        ),
        "peer_checks": _peer_checks(peers, texts),
    }


def _process_checks(finding: Finding, texts: Texts) -> Picture | Note:
    if not finding.tested:
        return finding.reason
    groups = []
    for part in finding.components:
        suffix = "_interaction" if part.term == "standardisation" else f"_{part.term}"
        rule = part.rule
        groups.append(
            CheckGroup(
                texts.say("{part}: effect in standard deviations", part=texts.note(part.label)),
                [
                    record
                    for record in finding.robustness
                    if record.term.endswith(suffix) and not _other(record)
                ],
                part,
                None if rule is None else (rule.smallest_effect.low, rule.smallest_effect.high),
            )
        )
    groups.append(
        CheckGroup(
            texts.say("Another interplay, for comparison"),
            [record for record in finding.robustness if _other(record)],
            band=groups[-1].band,
        )
    )
    return checks_forest(groups, texts=texts)


def _other(record: EstimateRecord) -> bool:
    return record.term == "other_product_interaction"


def _peer_checks(peers: PeersCarryPeers, texts: Texts) -> Picture | Note:
    finding = peers.finding
    if not finding.tested:
        return finding.reason
    by = {record.term: record for record in finding.robustness}
    band = (finding.smallest_effect.low, finding.smallest_effect.high)
    deciding = peers.timing[0]
    groups = []
    for index, (name, (heading, members)) in enumerate(_RIVALS.items()):
        found = [by[f"peers_{member}"] for member in members if f"peers_{member}" in by]
        if found or index == 0:
            # Every panel shows what decides, so that the eye need not travel.
            groups.append(
                CheckGroup(texts.say(heading), found, deciding, band, compared=name not in ("never", "alike"))
            )
    return checks_forest(groups, texts=texts)


def _row(record: EstimateRecord) -> dict[str, Any]:
    names: Sequence[str] = ("label", "estimate", "conf_low", "conf_high", "conf_level", "p_value", "n")
    return {name: getattr(record, name) for name in names}


def _reason(finding: Finding, *, otherwise: Note | None = None) -> Note:
    """Why there is nothing to show."""
    if not finding.tested or otherwise is None:
        return finding.reason
    return otherwise
