"""The record of what was found: one small, frozen, self-checking object per hypothesis and run."""

from __future__ import annotations

import math
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from exresearch.findings.decision import Direction, Verdict, combine, decide
from exresearch.findings.note import Note

SCHEMA_VERSION = "1.0"
MeasurementUnit = Literal[
    "ratio", "odds_ratio", "share", "share_difference", "correlation", "variance_share", "slope", "score", "hazard_ratio",
    "rate_ratio", "points", "index", "standardised",
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
# Percentile limits can pass the estimate by rounding only; anything more is an error of the caller.
_ROUNDING = 1e-12


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class SmallestEffect(_Frozen):
    """What is too small to matter, in the unit of the estimand."""

    low: FiniteFloat
    high: FiniteFloat


class DetectableEffect(_Frozen):
    """The effect that a study of this size would have found, with the stated power."""

    kind: Literal["correlation", "share_difference", "variance_share"]
    value: FiniteFloat
    power: FiniteFloat
    n: int = Field(ge=0)


class EstimateRecord(_Frozen):
    """One estimate with its interval: a component of the claim, or a robustness check beside it."""

    term: str
    label: Note
    unit_of_measurement: MeasurementUnit
    estimate: FiniteFloat
    conf_low: FiniteFloat
    conf_high: FiniteFloat
    conf_level: FiniteFloat
    std_error: FiniteFloat | None = None
    p_value: FiniteFloat | None = None
    p_adjusted: FiniteFloat | None = None
    n: int
    n_units: int | None = None
    method: Note
    verdict: Verdict | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_interval(
            self.unit_of_measurement, self.estimate, self.conf_low, self.conf_high, self.conf_level
        )
        _check_p_values(self.p_value, self.p_adjusted)
        return self


class DriverRecord(_Frozen):
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


class Comparison(_Frozen):
    """A published figure beside the client's interval: context, never a target."""

    claim: str
    published: FiniteFloat
    relation: Literal["below", "inside", "above"]

    @classmethod
    def of(cls, claim: str, published: float, *, conf_low: float, conf_high: float) -> Comparison:
        """Say whether the client's interval lies below, around or above a published figure."""
        relation: Literal["below", "inside", "above"] = "inside"
        if conf_high < published:
            relation = "below"
        elif conf_low > published:
            relation = "above"
        return cls(claim=claim, published=float(published), relation=relation)


class Finding(_Frozen):
    """What one run found about one hypothesis.

    The record checks itself: the verdict must be what the decision rule gives for its own numbers, ``not_testable``
    carries no estimate, every other verdict carries all of them. It holds no person-level value.

    Raises
    ------
    pydantic.ValidationError
        If fields are missing, unknown, not finite, out of range, or contradict each other.
    """

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    hypothesis: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    verdict: Verdict
    direction_verdict: Literal["ex_first", "cx_first", "both", "neither", "undetermined_by_design"] | None = (
        None
    )
    reason: Note
    estimand: str
    unit_of_measurement: MeasurementUnit
    null: FiniteFloat
    direction: Direction
    smallest_effect: SmallestEffect
    family: str
    estimate: FiniteFloat | None = None
    conf_low: FiniteFloat | None = None
    conf_high: FiniteFloat | None = None
    conf_level: FiniteFloat | None = None
    std_error: FiniteFloat | None = None
    p_value: FiniteFloat | None = None
    p_adjusted: FiniteFloat | None = None
    n: int | None = None
    n_units: int | None = None
    n_excluded: int | None = None
    method: Note | None = None
    components: tuple[EstimateRecord, ...] = ()
    robustness: tuple[EstimateRecord, ...] = ()
    drivers: tuple[DriverRecord, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    detectable_effect: DetectableEffect | None = None
    caveats: tuple[Note, ...] = ()
    disclosure_rule: Note

    @property
    def tested(self) -> bool:
        """Whether there were data enough to estimate anything."""
        return self.verdict is not Verdict.NOT_TESTABLE

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.smallest_effect.low <= self.null <= self.smallest_effect.high:
            raise ValueError(
                f"{self.hypothesis}: the smallest effect of interest does not contain the null {self.null}."
            )
        if self.tested:
            self._check_numbers()
        else:
            self._check_no_numbers()
        return self

    def _check_no_numbers(self) -> None:
        numbers = ("estimate", "conf_low", "conf_high", "conf_level", "std_error", "p_value", "p_adjusted", "n", "n_units",
                   "n_excluded")  # fmt: skip
        carried = [name for name in numbers if getattr(self, name) is not None]
        carried += [name for name in ("components", "drivers", "comparisons") if getattr(self, name)]
        if carried:
            raise ValueError(
                f"{self.hypothesis}: a finding that is not testable carries no numbers; got {', '.join(carried)}."
            )

    def _check_numbers(self) -> None:
        needed = (
            "estimate",
            "conf_low",
            "conf_high",
            "conf_level",
            "p_value",
            "p_adjusted",
            "n",
            "n_excluded",
            "method",
        )
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f"{self.hypothesis}: verdict {self.verdict.value!r} needs {', '.join(missing)}.")
        values: dict[str, Any] = {name: getattr(self, name) for name in needed}
        _check_interval(
            self.unit_of_measurement,
            values["estimate"],
            values["conf_low"],
            values["conf_high"],
            values["conf_level"],
        )
        _check_p_values(self.p_value, self.p_adjusted)
        expected = combine(self._component_verdicts()) if self.components else self._decide_here(values)
        if expected is not self.verdict:
            raise ValueError(
                f"{self.hypothesis}: the decision rule gives {expected.value!r} for these numbers, not {self.verdict.value!r}."
            )

    def _decide_here(self, values: dict[str, Any]) -> Verdict:
        return self.decide(
            values["conf_low"], values["conf_high"], values["p_adjusted"], values["conf_level"]
        )

    def _component_verdicts(self) -> list[Verdict]:
        verdicts = []
        for part in self.components:
            if part.p_adjusted is None or part.verdict is None:
                raise ValueError(
                    f"{self.hypothesis}: component {part.term!r} needs p_adjusted and a verdict."
                )
            expected = self.decide(part.conf_low, part.conf_high, part.p_adjusted, part.conf_level)
            if expected is not part.verdict:
                raise ValueError(
                    f"{self.hypothesis}: the decision rule gives {expected.value!r} for component {part.term!r}, "
                    f"not {part.verdict.value!r}."
                )
            verdicts.append(part.verdict)
        return verdicts

    def decide(self, conf_low: float, conf_high: float, p_adjusted: float, conf_level: float) -> Verdict:
        """Apply the decision rule with this finding's null, direction and smallest effect of interest."""
        return decide(
            conf_low,
            conf_high,
            null=self.null,
            direction=self.direction,
            smallest_effect=(self.smallest_effect.low, self.smallest_effect.high),
            p_adjusted=p_adjusted,
            alpha=1 - conf_level,
        )


def _check_interval(unit: str, estimate: float, low: float, high: float, level: float) -> None:
    if low > high:
        raise ValueError(f"conf_low {low} is above conf_high {high}.")
    bound_low, bound_high = _BOUNDS.get(unit, (-math.inf, math.inf))
    outside = [v for v in (estimate, low, high) if v < bound_low - _ROUNDING or v > bound_high + _ROUNDING]
    if outside:
        raise ValueError(f"a {unit} lies between {bound_low} and {bound_high}; got {outside}.")
    if not 0.5 < level < 1:
        raise ValueError(f"conf_level must lie between 0.5 and 1; got {level}.")


def _check_p_values(p_value: float | None, p_adjusted: float | None) -> None:
    for name, value in (("p_value", p_value), ("p_adjusted", p_adjusted)):
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f"{name} must lie between 0 and 1; got {value}.")
    if p_value is not None and p_adjusted is not None and p_adjusted < p_value - _ROUNDING:
        raise ValueError(f"p_adjusted {p_adjusted} is below p_value {p_value}.")
