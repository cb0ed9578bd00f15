"""Whether a report is still what was made: its files, its numbers, and what the data give today."""

from exresearch.run.verify.outcome import CHECKS, Check, Difference, ReportUnreadable, Verification
from exresearch.run.verify.verify import verify_report

__all__ = ["CHECKS", "Check", "Difference", "ReportUnreadable", "Verification", "verify_report"]
