"""From an estimate to a finding: the right estimand, verdict and reason, and nothing beside it that decides."""

from __future__ import annotations

from typing import Any

import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import (
    Comparison,
    DetectableEffect,
    EstimateRecord,
    Finding,
    Note,
    UnknownHypothesis,
    Verdict,
    conclude,
    conclude_conjunction,
    estimand_for,
    not_testable,
)

RULES = DisclosureRules(min_respondents=6)
RATIO = estimand_for("engagement-cx", ex_construct="engagement")
LMG = estimand_for("employee-first")


def record(
    low: float, high: float, *, p: float | None, unit: Any = "ratio", term: str = "ratio"
) -> EstimateRecord:
    return EstimateRecord(
        term=term,
        label=Note(message="It"),
        unit_of_measurement=unit,
        estimate=(low + high) / 2,
        conf_low=low,
        conf_high=high,
        conf_level=0.95,
        std_error=0.1,
        p_value=p,
        n=500,
        n_units=40,
        method=Note(message="a method"),
    )


def concluded(low: float, high: float, p: float, **more: Any) -> Finding:
    return conclude(
        record(low, high, p=p), hypothesis="engagement-cx", estimand=RATIO, n_excluded=2, rules=RULES, **more
    )


def together(*components: tuple[float, float, float], **more: Any) -> Finding:
    names = ("enps", "stay", "effort", "promote")
    records = {
        name: record(low, high, p=p, unit="variance_share", term=name)
        for name, (low, high, p) in zip(names, components, strict=False)
    }
    return conclude_conjunction(records, hypothesis="employee-first", n_excluded=7, rules=RULES, **more)


def test_which_estimand_decides() -> None:
    assert (RATIO.name, RATIO.unit, RATIO.null) == ("ratio", "ratio", 1)
    for construct in ("not_burned_out", None):
        assert estimand_for("engagement-cx", ex_construct=construct).name == "correlation"
    assert LMG.components == ("enps", "stay", "effort", "promote")
    assert estimand_for("ex-precedes-cx") == estimand_for("ex-precedes-cx", component="ex_to_cx")
    assert estimand_for("ex-precedes-cx", component="ex_minus_cx").name == "cross_lagged_difference"


def test_which_estimands_do_not_exist() -> None:
    with pytest.raises(UnknownHypothesis) as unknown:
        estimand_for("engagment-cx")
    assert str(unknown.value).startswith(
        "hypothesis 'engagment-cx' is not in the registry; the nearest id is 'engagement-cx'. Legal ids: engagement-cx,"
    )
    with pytest.raises(ValueError) as caught:
        estimand_for("employee-first", component="joy")
    assert str(caught.value) == (
        "employee-first: component 'joy' is not declared; legal components: enps, stay, effort, promote."
    )


@pytest.mark.parametrize(
    ("low", "high", "p", "verdict", "message", "values"),
    [
        (1.2, 1.9, 0.001, "supported", "The whole interval lies on the side of the claim, and not all of it is too "
         "small to matter.", {}),
        (0.5, 0.8, 0.001, "contradicted", "The whole interval lies on the other side than the claim.", {}),
        (0.95, 1.05, 0.9, "equivalent", "The whole interval lies within what was agreed to be too small to "
         "matter.", {}),
        (0.9, 1.9, 0.2, "inconclusive", "The interval holds both no effect and effects that would matter: these data "
         "do not decide.", {}),
        (1.01, 1.9, 0.051, "inconclusive", "The interval leaves out no effect, but after correction for several tests "
         "(p = {p_adjusted:p}) this may be chance.", {"p_adjusted": 0.051}),
    ],
)  # fmt: skip
def test_every_verdict_on_one_number(
    low: float, high: float, p: float, verdict: str, message: str, values: dict[str, float]
) -> None:
    finding = concluded(low, high, p)
    assert finding.verdict.value == verdict
    assert finding.reason == Note(message=message, values=values)
    assert (finding.estimand, finding.unit_of_measurement, finding.null) == ("ratio", "ratio", 1)
    assert (finding.direction, finding.family) == ("greater", "engagement-cx")
    assert (finding.conf_low, finding.conf_high, finding.conf_level) == (low, high, 0.95)
    assert (finding.std_error, finding.p_value, finding.p_adjusted) == (0.1, p, p)
    assert (finding.n, finding.n_units, finding.n_excluded) == (500, 40, 2)
    assert finding.disclosure_rule.values["min_respondents"] == 6


def test_what_stands_beside_the_verdict_does_not_change_it() -> None:
    alone = concluded(1.2, 1.9, 0.001)
    other = record(0.2, 0.4, p=0.001, term="against")
    published = Comparison.of("temkin-2016-ratio", 1.53, conf_low=1.2, conf_high=1.9)
    beside = concluded(
        1.2, 1.9, 0.001, robustness=[other], comparisons=[published], caveats=[Note(message="Mind this.")]
    )
    assert beside.robustness == (other,)
    without = beside.model_copy(update={"robustness": (), "comparisons": (), "caveats": ()})
    assert without == alone


def test_an_estimate_without_a_p_value_cannot_decide() -> None:
    with pytest.raises(ValueError) as caught:
        concluded(1.2, 1.9, None)  # type: ignore[arg-type]
    assert str(caught.value) == "engagement-cx: the deciding estimate 'ratio' needs a p-value."


UP, DOWN, SMALL, OPEN = (0.05, 0.1, 0.001), (-0.1, -0.05, 0.001), (-0.01, 0.01, 0.8), (-0.05, 0.1, 0.3)
DISAGREE = (
    "The claim is about all its parts together, and not all of the {n:integer} measured ones support it."
)


@pytest.mark.parametrize(
    ("components", "verdict", "message", "values"),
    [
        ([UP, UP, UP, UP], "supported", "Each of the {n:integer} measured parts of the claim supports it.", {"n": 4}),
        ([DOWN, DOWN], "contradicted",
         "No measured part of the claim supports it, and at least one contradicts it.", {}),
        ([OPEN, DOWN, SMALL], "contradicted",
         "No measured part of the claim supports it, and at least one contradicts it.", {}),
        ([SMALL, SMALL, SMALL], "equivalent",
         "For each of the {n:integer} measured parts of the claim the effect is too small to matter.", {"n": 3}),
        ([UP, SMALL], "inconclusive", DISAGREE, {"n": 2}),
        ([UP, DOWN, UP], "inconclusive", DISAGREE, {"n": 3}),
        ([OPEN, SMALL], "inconclusive", DISAGREE, {"n": 2}),
        ([OPEN, OPEN], "inconclusive", "None of the {n:integer} measured parts of the claim decides: no "
         "verdict on a single one is more than inconclusive.", {"n": 2}),
        ([UP], "supported", "The whole interval lies on the side of the claim, and not all of it is too small to "
         "matter.", {}),
        ([OPEN], "inconclusive", "The interval holds both no effect and effects that would matter: these data do not "
         "decide.", {}),
        ([SMALL], "equivalent", "The whole interval lies within what was agreed to be too small to "
         "matter.", {}),
    ],
)  # fmt: skip
def test_every_verdict_on_several_outcomes(
    components: list[tuple[float, float, float]], verdict: str, message: str, values: dict[str, float]
) -> None:
    finding = together(*components)
    assert finding.verdict.value == verdict
    assert finding.reason == Note(message=message, values=values)
    assert [p.p_value for p in finding.components] == [p for _, _, p in components]
    assert finding.estimate == finding.components[0].estimate
    assert (finding.n, finding.n_units, finding.n_excluded, finding.family) == (
        500, 40, 7, "employee-first-outcomes",
    )  # fmt: skip


def test_the_family_is_corrected_together() -> None:
    # 0.03 would do alone, and does not after correction for two.
    finding = together((0.05, 0.1, 0.03), (0.05, 0.1, 0.04))
    assert [part.p_adjusted for part in finding.components] == [0.06, 0.06]
    assert [part.verdict for part in finding.components] == [Verdict.INCONCLUSIVE] * 2
    assert finding.p_adjusted == 0.06
    assert together((0.05, 0.1, 0.03)).verdict is Verdict.SUPPORTED


def test_what_cannot_be_a_conjunction() -> None:
    with pytest.raises(ValueError) as caught:
        together()
    assert str(caught.value) == "employee-first: a conjunction needs at least one tested component; got none."
    with pytest.raises(ValueError) as caught:
        together(UP, (0.05, 0.1, None))  # type: ignore[arg-type]
    assert str(caught.value) == "employee-first: components need a p-value; stay have none."


def test_not_testable_says_why_and_what_could_have_been_found() -> None:
    effect = DetectableEffect(kind="correlation", value=0.9, power=0.8, n=6)
    why = Note(message="Too few.")
    finding = not_testable("engagement-cx", reason=why, rules=RULES, estimand=RATIO, detectable_effect=effect)
    assert (finding.verdict, finding.reason, finding.detectable_effect) == (Verdict.NOT_TESTABLE, why, effect)
    assert (finding.estimand, finding.estimate, finding.n, finding.method) == ("ratio", None, None, None)
    assert not_testable("engagement-cx", reason=why, rules=RULES).estimand == "correlation"
    assert not_testable("two-way", reason=why, rules=RULES).family == "direction"
