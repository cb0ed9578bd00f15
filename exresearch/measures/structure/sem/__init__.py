"""Structural equation models by maximum likelihood: the engine behind factor models and cross-lagged panels."""

from exresearch.measures.structure.sem.estimate import fit_model
from exresearch.measures.structure.sem.model import Parameter, StructuralModel, measurement_parameters
from exresearch.measures.structure.sem.moments import SampleMoments, moments_from_summary, sample_moments
from exresearch.measures.structure.sem.solution import REASONS, SemFit

__all__ = [
    "REASONS",
    "Parameter",
    "SampleMoments",
    "SemFit",
    "StructuralModel",
    "fit_model",
    "measurement_parameters",
    "moments_from_summary",
    "sample_moments",
]
