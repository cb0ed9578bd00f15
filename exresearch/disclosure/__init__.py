"""Nobody's answers can be worked out from a report."""

from exresearch.disclosure.attack.audit import Audit, Disclosure, audit
from exresearch.disclosure.attack.members import Members, members_of, roll_ups_of
from exresearch.disclosure.groups import Groups, Measure
from exresearch.disclosure.hiding.suppression import Pattern, complementary_suppression
from exresearch.disclosure.ledger import Cell, Entry, Total, ledger_text, read_ledger
from exresearch.disclosure.release import Released, release
from exresearch.disclosure.rules import DisclosureRules
from exresearch.disclosure.search.confidential import secrets_of
from exresearch.disclosure.search.known import Secrets
from exresearch.disclosure.search.scan import Known, Leak, scan_files, scan_text

__all__ = [
    "Audit",
    "Cell",
    "Disclosure",
    "DisclosureRules",
    "Entry",
    "Groups",
    "Known",
    "Leak",
    "Measure",
    "Members",
    "Pattern",
    "Released",
    "Secrets",
    "Total",
    "audit",
    "complementary_suppression",
    "ledger_text",
    "members_of",
    "read_ledger",
    "release",
    "roll_ups_of",
    "scan_files",
    "scan_text",
    "secrets_of",
]
