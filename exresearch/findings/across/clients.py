"""What is known of one client's report when clients are compared: findings, settings, contribution; never rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exresearch.findings.across.contribution import DriverMoments
from exresearch.findings.decision import Verdict
from exresearch.findings.finding import DecisionRule, EstimateRecord, Finding
from exresearch.findings.registry import load_registry

# Settings that say what a number means, in the order in which they are named. Those of the eNPS count where it decides.
_SETTINGS = (
    "ex_measure",
    "cx_measure",
    "engaged_definition",
    "engaged_threshold",
    "leader_share",
    "later_outcome",
    "waves_overlap",
    "anticipation",
    "composite_ex",
    "composite_cx",
    "composite_bx",
)
_ENPS = ("enps_variant", "enps_promoters_from", "enps_detractors_to")
_ENPS_DECIDES = ("peers-carry-peers", "talent-magnet")
# Settings that count only beside a value of another.
_ONLY_WITH = {
    "engaged_threshold": ("engaged_definition", "threshold"),
    "enps_promoters_from": ("enps_variant", "custom"),
    "enps_detractors_to": ("enps_variant", "custom"),
}


@dataclass(frozen=True, slots=True)
class ClientReport:
    """One client.

    Attributes
    ----------
    client : str
        Key of the client in its own report; shown only where names are.
    label : dict of str to str
        What it is called in the comparison, by language.
    findings : dict of str to Finding
        By hypothesis.
    settings : mapping of str to mapping
        Settings of each notebook, by its name.
    digest : str
        Hash of all the report's files, as its provenance has them.
    inputs : dict of str to str
        Hash of each input file, by its table and name.
    drivers : DriverMoments or None
        What the client contributed to pooled drivers.
    synthetic : bool
        Whether the data are fictional.
    """

    client: str
    label: dict[str, str]
    findings: dict[str, Finding]
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    digest: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    drivers: DriverMoments | None = None
    synthetic: bool = False

    def records(self, hypothesis: str) -> dict[str, Finding | EstimateRecord]:
        """Return what decides a hypothesis here: its parts by name, or the one estimate under the estimand's name."""
        finding = self.findings.get(hypothesis)
        if finding is None or not finding.tested:
            return {}
        if len(finding.components) > 1 or finding.components:
            return {part.term: part for part in finding.components}
        return {"": finding}

    def verdict(self, hypothesis: str) -> Verdict | None:
        """Return the client's own verdict; None where the report has no finding."""
        finding = self.findings.get(hypothesis)
        return None if finding is None else finding.verdict

    def definition(self, hypothesis: str, record: Finding | EstimateRecord) -> tuple[tuple[str, str], ...]:
        """Return all that must be alike for two estimates to be of one thing, each with its value in words."""
        finding = self.findings[hypothesis]
        rule = rule_of(record, finding)
        found: dict[str, str] = {
            "estimand": rule.estimand,
            "unit_of_measurement": record.unit_of_measurement,
            "null": repr(rule.null),
            "direction": rule.direction,
        }
        for side, label in finding.measures.items():
            found[f"measure_{side}"] = label.get("en") or next(iter(label.values()), "")
        notebook = load_registry()[hypothesis].notebook if hypothesis in load_registry() else ""
        values = self.settings.get(notebook, {})
        names = _SETTINGS + (_ENPS if hypothesis in _ENPS_DECIDES else ())
        for name in names:
            other, value = _ONLY_WITH.get(name, (name, None))
            if name in values and (value is None or str(values.get(other, "")).startswith(value)):
                found[name] = str(values[name])
        drivers = {driver.driver for driver in finding.drivers}
        if drivers:
            # Shares of one explained variance: with more drivers each has less.
            found["number_of_drivers"] = str(len(drivers))
        return tuple(found.items())


def rule_of(record: Finding | EstimateRecord, finding: Finding) -> DecisionRule:
    """Return what judges an estimate."""
    return record.rule or finding.rule


def differing(one: tuple[tuple[str, str], ...], other: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Return the names of what two definitions differ in, in a fixed order."""
    first, second = dict(one), dict(other)
    return tuple(
        name for name in dict.fromkeys([*first, *second]) if first.get(name, "") != second.get(name, "")
    )
