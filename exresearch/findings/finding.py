"""The record of what was found: one small, frozen, self-checking object per hypothesis and run."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from exresearch.findings.decision import Direction, DirectionVerdict, Verdict, combine
from exresearch.findings.note import Note
from exresearch.findings.parts import (
    Comparison,
    DecisionRule,
    DetectableEffect,
    DriverRecord,
    EstimateRecord,
    Frozen,
    MeasurementUnit,
    SmallestEffect,
    check_interval,
    check_p_values,
    relation_to,
)

__all__ = [
    "Comparison",
    "DecisionRule",
    "DetectableEffect",
    "DriverRecord",
    "EstimateRecord",
    "Finding",
    "MeasurementUnit",
    "SmallestEffect",
]


class Finding(Frozen):
    """What one run found about one hypothesis.

    The record checks itself: the verdict must be what the decision rule gives for its own numbers, ``not_testable``
    carries no estimate, every other verdict carries all of them. With components the numbers of the finding are those
    of the first one. ``n`` counts answers (units, where the number of answers is not known), ``n_units`` the units
    whose answers were kept together (missing where persons' answers were, or nobody's), ``n_excluded`` the units left
    out of a link between units, the answer sheets left out elsewhere. It holds no person-level value.

    Raises
    ------
    pydantic.ValidationError
        If fields are missing, unknown, not finite, out of range, or contradict each other.
    """

    schema_version: Literal["1.0"] = "1.0"
    hypothesis: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    verdict: Verdict
    # None where the question is not one of direction, or these data leave it open.
    direction_verdict: DirectionVerdict | None = None
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
    std_error: FiniteFloat | None = Field(None, ge=0)
    p_value: FiniteFloat | None = None
    p_adjusted: FiniteFloat | None = None
    n: int | None = Field(None, ge=1)
    n_units: int | None = Field(None, ge=1)
    n_excluded: int | None = Field(None, ge=0)
    method: Note | None = None
    components: tuple[EstimateRecord, ...] = ()
    robustness: tuple[EstimateRecord, ...] = ()
    drivers: tuple[DriverRecord, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    # What stands for employee, customer and partner experience in this study, in both languages.
    measures: dict[Literal["ex", "cx", "bx"], dict[str, str]] = Field(default_factory=dict)
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
        if self.direction_verdict == "undetermined_by_design" and self.tested:
            raise ValueError(f"{self.hypothesis}: what the design leaves undetermined was not tested.")
        if self.direction_verdict not in (None, "undetermined_by_design") and not self.tested:
            raise ValueError(
                f"{self.hypothesis}: what was not tested leaves the direction undetermined by design."
            )
        if self.tested:
            self._check_numbers()
        else:
            self._check_no_numbers()
        return self

    def _check_no_numbers(self) -> None:
        numbers = ("estimate", "conf_low", "conf_high", "conf_level", "std_error", "p_value", "p_adjusted", "n",
                   "n_units", "n_excluded", "method")  # fmt: skip
        lists = ("components", "robustness", "drivers", "comparisons")
        carried = [name for name in numbers if getattr(self, name) is not None]
        carried += [name for name in lists if getattr(self, name)]
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
        check_interval(
            self.unit_of_measurement,
            values["estimate"],
            values["conf_low"],
            values["conf_high"],
            values["conf_level"],
        )
        check_p_values(self.p_value, self.p_adjusted)
        self._check_parts()
        if self.components:
            expected = combine(self._component_verdicts())
        else:
            limits = (values["conf_low"], values["conf_high"])
            expected = self.decide(*limits, values["p_adjusted"], values["conf_level"])
        if expected is not self.verdict:
            raise ValueError(
                f"{self.hypothesis}: the decision rule gives {expected.value!r} for these numbers, "
                f"not {self.verdict.value!r}."
            )

    def _check_parts(self) -> None:
        for role, records in (("component", self.components), ("robustness check", self.robustness)):
            terms = [record.term for record in records]
            twice = sorted({term for term in terms if terms.count(term) > 1})
            if twice:
                raise ValueError(f"{self.hypothesis}: {role} {', '.join(twice)} is given more than once.")
        for comparison in self.comparisons:
            relation = relation_to(comparison.published, conf_low=self.conf_low, conf_high=self.conf_high)
            if relation != comparison.relation:
                raise ValueError(
                    f"{self.hypothesis}: the interval lies {relation!r} of the published figure "
                    f"{comparison.claim!r}, not {comparison.relation!r}."
                )
        if not self.components:
            return
        first = self.components[0]
        names = (
            "estimate",
            "conf_low",
            "conf_high",
            "conf_level",
            "p_value",
            "p_adjusted",
            "unit_of_measurement",
        )
        differ = [name for name in names if getattr(self, name) != getattr(first, name)]
        if differ:
            raise ValueError(
                f"{self.hypothesis}: with components the finding carries the numbers of the first, {first.term!r}; "
                f"different: {', '.join(differ)}."
            )

    def _component_verdicts(self) -> list[Verdict]:
        verdicts = []
        for position, part in enumerate(self.components):
            if part.p_adjusted is None or part.verdict is None or part.rule is None:
                raise ValueError(
                    f"{self.hypothesis}: component {part.term!r} needs p_adjusted, a verdict and the rule behind it."
                )
            if position == 0 and part.rule != self.rule:
                raise ValueError(
                    f"{self.hypothesis}: with components the finding carries the rule of the first, {part.term!r}."
                )
            expected = part.rule.decide(
                part.conf_low, part.conf_high, p_adjusted=part.p_adjusted, conf_level=part.conf_level
            )
            if expected is not part.verdict:
                raise ValueError(
                    f"{self.hypothesis}: the decision rule gives {expected.value!r} for component {part.term!r}, "
                    f"not {part.verdict.value!r}."
                )
            verdicts.append(part.verdict)
        return verdicts

    @property
    def rule(self) -> DecisionRule:
        """What decides: with components, about the first."""
        return DecisionRule(
            estimand=self.estimand,
            null=self.null,
            direction=self.direction,
            smallest_effect=self.smallest_effect,
        )

    def decide(self, conf_low: float, conf_high: float, p_adjusted: float, conf_level: float) -> Verdict:
        """Apply the decision rule with this finding's null, direction and smallest effect of interest."""
        return self.rule.decide(conf_low, conf_high, p_adjusted=p_adjusted, conf_level=conf_level)
