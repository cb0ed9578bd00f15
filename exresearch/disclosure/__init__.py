"""Nobody's answers can be worked out from a report."""

from exresearch.disclosure.groups import Groups, Measure
from exresearch.disclosure.ledger import Cell, Entry, Total, entry_from_json
from exresearch.disclosure.release import Released, release
from exresearch.disclosure.rules import DisclosureRules
from exresearch.disclosure.suppression import Pattern, complementary_suppression

__all__ = [
    "Cell",
    "DisclosureRules",
    "Entry",
    "Groups",
    "Measure",
    "Pattern",
    "Released",
    "Total",
    "complementary_suppression",
    "entry_from_json",
    "release",
]
