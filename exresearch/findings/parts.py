"""What a finding is made of: estimates, drivers, comparisons and effects, each checking its own numbers."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from exresearch.findings.decision import Direction, Verdict, decide, error_rate
from exresearch.findings.note import Note

MeasurementUnit = Literal[
    "ratio", "odds_ratio", "share", "share_difference", "correlation", "variance_share", "slope", "score",
    "hazard_ratio", "rate_ratio", "points", "index", "standardised",
    "returned_share",
]  # fmt: skip
_BOUNDS: dict[str, tuple[float, float]] = {
    "ratio": (0, math.inf),
    "odds_ratio": (0, math.inf),
    "hazard_ratio": (0, math.inf),
    "rate_ratio": (0, math.inf),
    "share": (0, 1),
    "share_difference": (-1, 1),
    "correlation": (-1, 1),
    "variance_share": (-1, 1),
}
# Limits computed on another scale can pass a bound, and adjusted p-values their origin, by rounding only.
_ROUNDING = 1e-12


class Frozen(BaseModel):
    """Frozen, without unknown keys, and without guessing a number from text."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class SmallestEffect(Frozen):
    """What is too small to matter, in the unit of the estimand."""

    low: FiniteFloat
    high: FiniteFloat


class DetectableEffect(Frozen):
    """The effect that a study of this size would have found, with the stated power."""

    kind: Literal["correlation", "share_difference", "variance_share"]
    value: FiniteFloat = Field(gt=0)
    power: FiniteFloat = Field(gt=0, lt=1)
    n: int = Field(ge=1)


class DecisionRule(Frozen):
    """What decides about one component: the estimand, its null and direction, and what is too small to matter."""

    estimand: str
    null: FiniteFloat
    direction: Direction
    smallest_effect: SmallestEffect

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.smallest_effect.low <= self.null <= self.smallest_effect.high:
            raise ValueError(
                f"{self.estimand}: the smallest effect of interest does not contain the null {self.null}."
            )
        return self

    def decide(self, conf_low: float, conf_high: float, *, p_adjusted: float, conf_level: float) -> Verdict:
        """Apply the decision rule to an interval."""
        return decide(
            conf_low,
            conf_high,
            null=self.null,
            direction=self.direction,
            smallest_effect=(self.smallest_effect.low, self.smallest_effect.high),
            p_adjusted=p_adjusted,
            alpha=error_rate(conf_level),
        )


class EstimateRecord(Frozen):
    """One estimate with its interval: a component of the claim, or a robustness check beside it."""

    term: str
    label: Note
    unit_of_measurement: MeasurementUnit
    estimate: FiniteFloat
    conf_low: FiniteFloat
    conf_high: FiniteFloat
    conf_level: FiniteFloat
    std_error: FiniteFloat | None = Field(None, ge=0)
    p_value: FiniteFloat | None = None
    p_adjusted: FiniteFloat | None = None
    n: int = Field(ge=1)
    n_units: int | None = Field(None, ge=1)
    method: Note
    verdict: Verdict | None = None
    # Of a component alone: the members of one claim may be judged by different estimands.
    rule: DecisionRule | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_interval(
            self.unit_of_measurement, self.estimate, self.conf_low, self.conf_high, self.conf_level
        )
        check_p_values(self.p_value, self.p_adjusted)
        return self


class DriverRecord(Frozen):
    """Importance and rank of one driver (or group of drivers) for one outcome."""

    outcome: str
    driver: str
    label: dict[str, str]
    block: str | None
    importance: FiniteFloat
    conf_low: FiniteFloat
    conf_high: FiniteFloat
    rank: int = Field(ge=1)
    rank_low: int = Field(ge=1)
    rank_high: int = Field(ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.rank_low <= self.rank_high:
            raise ValueError(
                f"driver {self.driver!r}: rank_low {self.rank_low} is above rank_high {self.rank_high}."
            )
        if self.conf_low > self.conf_high:
            raise ValueError(f"driver {self.driver!r}: conf_low is above conf_high.")
        return self


class Comparison(Frozen):
    """A published figure beside the client's interval: context, never a target."""

    claim: str
    published: FiniteFloat
    relation: Literal["below", "inside", "above"]

    @classmethod
    def of(cls, claim: str, published: float, *, conf_low: float, conf_high: float) -> Comparison:
        """Say whether the client's interval lies below, around or above a published figure."""
        relation = relation_to(published, conf_low=conf_low, conf_high=conf_high)
        return cls(claim=claim, published=float(published), relation=relation)


def relation_to(
    published: float, *, conf_low: float | None, conf_high: float | None
) -> Literal["below", "inside", "above"]:
    """Say where an interval lies, seen from a published figure."""
    if conf_high is not None and conf_high < published:
        return "below"
    return "above" if conf_low is not None and conf_low > published else "inside"


def check_interval(unit: str, estimate: float, low: float, high: float, level: float) -> None:
    """Raise ValueError for crossed limits, numbers outside the range of their unit, or a level of 0.5 or less."""
    if low > high:
        raise ValueError(f"conf_low {low} is above conf_high {high}.")
    bound_low, bound_high = _BOUNDS.get(unit, (-math.inf, math.inf))
    outside = [v for v in (estimate, low, high) if v < bound_low - _ROUNDING or v > bound_high + _ROUNDING]
    if outside:
        raise ValueError(f"a {unit} lies between {bound_low} and {bound_high}; got {outside}.")
    if not 0.5 < level < 1:
        raise ValueError(f"conf_level must lie between 0.5 and 1; got {level}.")


def check_p_values(p_value: float | None, p_adjusted: float | None) -> None:
    """Raise ValueError for p-values that are no probabilities, or that correction made smaller."""
    for name, value in (("p_value", p_value), ("p_adjusted", p_adjusted)):
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f"{name} must lie between 0 and 1; got {value}.")
    if p_value is not None and p_adjusted is not None and p_adjusted < p_value - _ROUNDING:
        raise ValueError(f"p_adjusted {p_adjusted} is below p_value {p_value}.")
