"""One module per hypothesis notebook: from a study to its findings and the frames that its page shows."""

from exresearch.findings.analyses.drivers import EmployeeFirst, employee_first
from exresearch.findings.analyses.linkage import (
    EngagedMinority,
    EngagementAndCx,
    engaged_minority,
    engagement_and_cx,
)
from exresearch.findings.analyses.outcomes import OutcomeAnswers, outcome_answers

__all__ = [
    "EmployeeFirst",
    "EngagedMinority",
    "EngagementAndCx",
    "employee_first",
    "engaged_minority",
    "engagement_and_cx",
]
