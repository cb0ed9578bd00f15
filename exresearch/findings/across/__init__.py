"""Across clients: findings and contributed moments of several reports held together; no row of answers is read."""

from exresearch.findings.across.clients import ClientReport, differing
from exresearch.findings.across.contribution import LEAST_PEOPLE, Contributed, DriverMoments
from exresearch.findings.across.drivers import (
    PooledDriver,
    PooledDrivers,
    RankedDriver,
    pool_drivers,
    ranked_drivers,
)
from exresearch.findings.across.hypothesis import (
    LEAST_CLIENTS,
    PooledHypothesis,
    PooledPart,
    pool_hypothesis,
)
from exresearch.findings.across.scales import from_scale, scale_of, to_scale
from exresearch.findings.across.waves import Change, changes, shared_inputs

__all__ = [
    "LEAST_CLIENTS",
    "LEAST_PEOPLE",
    "Change",
    "ClientReport",
    "Contributed",
    "DriverMoments",
    "PooledDriver",
    "PooledDrivers",
    "PooledHypothesis",
    "PooledPart",
    "RankedDriver",
    "changes",
    "differing",
    "from_scale",
    "pool_drivers",
    "pool_hypothesis",
    "ranked_drivers",
    "scale_of",
    "shared_inputs",
    "to_scale",
]
