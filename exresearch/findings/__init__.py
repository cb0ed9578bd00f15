"""Hypotheses, published figures, the decision rule, and the record of what was found."""

from exresearch.findings.claims import PublishedFigure, claims_for, load_claims
from exresearch.findings.conclude import conclude, conclude_conjunction, estimand_for, not_testable
from exresearch.findings.decision import Verdict, combine, decide
from exresearch.findings.direction import direction_verdict
from exresearch.findings.finding import (
    Comparison,
    DecisionRule,
    DetectableEffect,
    DriverRecord,
    EstimateRecord,
    Finding,
    SmallestEffect,
)
from exresearch.findings.multiplicity import holm
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.findings.registry import Hypothesis, Registry, UnknownHypothesis, load_registry
from exresearch.findings.shared_source import by_construction, shared_source
from exresearch.findings.store import finding_schema, load_findings, read_findings, write_finding
from exresearch.findings.testability import Testability, testability, testability_table

__all__ = [
    "Comparison",
    "DecisionRule",
    "DetectableEffect",
    "DriverRecord",
    "EstimateRecord",
    "Finding",
    "Hypothesis",
    "Note",
    "PublishedFigure",
    "Registry",
    "SmallestEffect",
    "Testability",
    "UnknownHypothesis",
    "Verdict",
    "by_construction",
    "claims_for",
    "combine",
    "conclude",
    "conclude_conjunction",
    "decide",
    "direction_verdict",
    "estimand_for",
    "estimate_record",
    "finding_schema",
    "holm",
    "load_claims",
    "load_findings",
    "load_registry",
    "not_testable",
    "read_findings",
    "shared_source",
    "testability",
    "testability_table",
    "write_finding",
]
