"""One module per hypothesis notebook: from a study to its findings and the frames that its page shows."""

from exresearch.findings.analyses.aligned.claim import AlignedWorkforce, aligned_workforce
from exresearch.findings.analyses.balance.claim import Balance, ex_cx_balance
from exresearch.findings.analyses.business.outcomes import BusinessOutcomes, business_outcomes
from exresearch.findings.analyses.business.specifications import outcome_specifications
from exresearch.findings.analyses.chain.claim import EngagementChain, engagement_chain
from exresearch.findings.analyses.chain.specifications import chain_specifications
from exresearch.findings.analyses.clicks.claim import BeyondClicks, beyond_clicks
from exresearch.findings.analyses.comments.counts import MomentComments, moment_comments
from exresearch.findings.analyses.direction.order import Direction, which_comes_first
from exresearch.findings.analyses.direction.specifications import direction_specifications
from exresearch.findings.analyses.drivers.employee_first import EmployeeFirst, employee_first
from exresearch.findings.analyses.drivers.likelihood import LikelihoodCheck, likelihood_check
from exresearch.findings.analyses.drivers.outcomes import OutcomeAnswers, outcome_answers
from exresearch.findings.analyses.human.experience import HumanExperience, human_experience
from exresearch.findings.analyses.human.sides import Choices as HumanChoices
from exresearch.findings.analyses.journey.claim import JourneyMoments, journey_moments
from exresearch.findings.analyses.journey.map import JourneyMap
from exresearch.findings.analyses.linkage.details import LinkDetails, link_details
from exresearch.findings.analyses.linkage.engagement import EngagementAndCx, engagement_and_cx
from exresearch.findings.analyses.linkage.minority import EngagedMinority, engaged_minority
from exresearch.findings.analyses.linkage.specifications import link_specifications
from exresearch.findings.analyses.pay.interplay import PayAndExperience, pay_and_experience
from exresearch.findings.analyses.peers.carry import PeersCarryPeers, peers_carry_peers
from exresearch.findings.analyses.people.process import PeopleNotProcess, people_not_process
from exresearch.findings.analyses.programmes.effect import ProgrammeEffect, programme_effect
from exresearch.findings.analyses.promise.claim import PromiseDelivered, promise_delivered
from exresearch.findings.analyses.segments.claim import NeedsSegments, needs_segments
from exresearch.findings.analyses.sensitivity import (
    Alternative,
    Decision,
    Sensitivity,
    Specifications,
    declared_specifications,
    no_specifications,
)
from exresearch.findings.analyses.set_apart import set_apart_problem
from exresearch.findings.analyses.talent.magnet import TalentMagnet, talent_magnet
from exresearch.findings.analyses.unmeasured import Ratio, Slope, unmeasured_rows

__all__ = [
    "AlignedWorkforce",
    "Alternative",
    "Balance",
    "BeyondClicks",
    "BusinessOutcomes",
    "Decision",
    "Direction",
    "EmployeeFirst",
    "EngagedMinority",
    "EngagementAndCx",
    "EngagementChain",
    "HumanChoices",
    "HumanExperience",
    "JourneyMap",
    "JourneyMoments",
    "LikelihoodCheck",
    "LinkDetails",
    "MomentComments",
    "NeedsSegments",
    "OutcomeAnswers",
    "PayAndExperience",
    "PeersCarryPeers",
    "PeopleNotProcess",
    "ProgrammeEffect",
    "PromiseDelivered",
    "Ratio",
    "Sensitivity",
    "Slope",
    "Specifications",
    "TalentMagnet",
    "aligned_workforce",
    "beyond_clicks",
    "business_outcomes",
    "chain_specifications",
    "declared_specifications",
    "direction_specifications",
    "employee_first",
    "engaged_minority",
    "engagement_and_cx",
    "engagement_chain",
    "ex_cx_balance",
    "human_experience",
    "journey_moments",
    "likelihood_check",
    "link_details",
    "link_specifications",
    "moment_comments",
    "needs_segments",
    "no_specifications",
    "outcome_answers",
    "outcome_specifications",
    "pay_and_experience",
    "peers_carry_peers",
    "people_not_process",
    "programme_effect",
    "promise_delivered",
    "set_apart_problem",
    "talent_magnet",
    "unmeasured_rows",
    "which_comes_first",
]
