"""Nobody's answers can be worked out from a report."""

from exresearch.disclosure.release import Released, release
from exresearch.disclosure.rules import DisclosureRules

__all__ = ["DisclosureRules", "Released", "release"]
