"""Effects that go through other variables: one after another or side by side, with intervals by resampling units."""

from exresearch.models.mediation.analysis import Mediation, mediation_analysis
from exresearch.models.mediation.averaged import averaged_mediation
from exresearch.models.mediation.confounding import ConfoundedPath, confounded_path
from exresearch.models.mediation.drawn import DrawnMoments
from exresearch.models.mediation.levels import within_between_mediation
from exresearch.models.mediation.linked import ChainLink, LinkedChain, linked_chain
from exresearch.models.mediation.proportion import ProportionMediated, proportion_mediated

__all__ = [
    "ChainLink",
    "ConfoundedPath",
    "DrawnMoments",
    "LinkedChain",
    "Mediation",
    "ProportionMediated",
    "averaged_mediation",
    "confounded_path",
    "linked_chain",
    "mediation_analysis",
    "proportion_mediated",
    "within_between_mediation",
]
