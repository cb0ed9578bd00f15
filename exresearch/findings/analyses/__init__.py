"""One module per hypothesis notebook: from a study to its findings and the frames that its page shows."""

from exresearch.findings.analyses.driver_likelihood import LikelihoodCheck, likelihood_check
from exresearch.findings.analyses.drivers import EmployeeFirst, employee_first
from exresearch.findings.analyses.link_specifications import LinkSensitivity, link_specifications
from exresearch.findings.analyses.linkage import EngagementAndCx, engagement_and_cx
from exresearch.findings.analyses.minority import EngagedMinority, engaged_minority
from exresearch.findings.analyses.outcomes import OutcomeAnswers, outcome_answers
from exresearch.findings.analyses.sensitivity import (
    Alternative,
    Decision,
    Specifications,
    declared_specifications,
    no_specifications,
)
from exresearch.findings.analyses.set_apart import set_apart_problem
from exresearch.findings.analyses.unmeasured import Ratio, Slope, unmeasured_rows

__all__ = [
    "Alternative",
    "Decision",
    "EmployeeFirst",
    "EngagedMinority",
    "EngagementAndCx",
    "LikelihoodCheck",
    "LinkSensitivity",
    "OutcomeAnswers",
    "Ratio",
    "Slope",
    "Specifications",
    "declared_specifications",
    "employee_first",
    "engaged_minority",
    "engagement_and_cx",
    "likelihood_check",
    "link_specifications",
    "no_specifications",
    "outcome_answers",
    "set_apart_problem",
    "unmeasured_rows",
]
