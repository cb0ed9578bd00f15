"""The decision rule on its whole truth table, conjunctions of verdicts, and Holm's correction."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from exresearch.findings import Verdict, combine, decide, holm
from exresearch.findings.decision import Direction, error_rate

REFERENCE = Path(__file__).parent / "reference" / "multiplicity.json"
# R prints three digits of these products of three-digit p-values, which are exact up to binary rounding.
ROUNDING = 1e-12
DIRECTIONS: tuple[Direction, ...] = ("greater", "less", "two-sided")
# Null 0, smallest effect -1 to 1: below, on and between every bound that the rule knows.
PLACES = (-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0)
ALPHA = 0.05
P_VALUES = (0.0, 0.01, ALPHA, 0.06, 1.0)


def oracle(low: float, high: float, direction: str, p: float) -> str:
    """Say what the rule says, from the words of docs/methods.md and by counting points rather than comparing bounds."""
    points = [low + (high - low) * step / 1000 for step in range(1001)]
    if not [x for x in points if abs(x) > 1]:
        return "equivalent"
    signs = {(x > 0) - (x < 0) for x in points}
    if len(signs) > 1 or 0 in signs:
        return "inconclusive"
    if p > ALPHA:
        return "inconclusive"
    sign = signs.pop()
    wanted = {"greater": {1}, "less": {-1}, "two-sided": {1, -1}}[direction]
    return "supported" if sign in wanted else "contradicted"


def test_the_rule_on_its_whole_truth_table() -> None:
    seen = set()
    intervals = [(a, b) for a, b in itertools.product(PLACES, PLACES) if a <= b]
    for (low, high), direction, p in itertools.product(intervals, DIRECTIONS, P_VALUES):
        found = decide(
            low, high, null=0, direction=direction, smallest_effect=(-1, 1), p_adjusted=p, alpha=ALPHA
        )
        assert found.value == oracle(low, high, direction, p), (low, high, direction, p)
        seen.add((direction, found))
    everything = set(itertools.product(DIRECTIONS, set(Verdict) - {Verdict.NOT_TESTABLE}))
    # A two-sided claim cannot be contradicted, and every other answer occurs.
    assert everything - seen == {("two-sided", Verdict.CONTRADICTED)}


# The same examples at every run, and no limit in seconds on a machine that may be busy.
STEADY = settings(derandomize=True, deadline=None)
numbers = st.floats(-5, 5, allow_nan=False)
probabilities = st.floats(0, 1)


@STEADY
@given(numbers, numbers, st.sampled_from(DIRECTIONS), probabilities, st.floats(0.01, 4))
def test_mirroring_the_data_mirrors_the_verdict(
    a: float, b: float, direction: Direction, p: float, d: float
) -> None:
    low, high = sorted((a, b))
    mirrored: dict[str, Direction] = {"greater": "less", "less": "greater", "two-sided": "two-sided"}
    here = decide(
        low, high, null=0, direction=direction, smallest_effect=(-d, d / 2), p_adjusted=p, alpha=ALPHA
    )
    there = decide(
        -high,
        -low,
        null=0,
        direction=mirrored[direction],
        smallest_effect=(-d / 2, d),
        p_adjusted=p,
        alpha=ALPHA,
    )
    assert here is there


@STEADY
@given(numbers, numbers, st.floats(0, 5), probabilities, st.sampled_from(DIRECTIONS))
def test_a_wider_interval_never_decides_more(
    a: float, b: float, more: float, p: float, direction: Direction
) -> None:
    low, high = sorted((a, b))

    def verdict(lower: float, upper: float) -> Verdict:
        return decide(
            lower, upper, null=0, direction=direction, smallest_effect=(-1, 1), p_adjusted=p, alpha=ALPHA
        )

    narrow, wide = verdict(low, high), verdict(low - more, high + more)
    if narrow is Verdict.INCONCLUSIVE:
        assert wide is Verdict.INCONCLUSIVE
    if wide in (Verdict.SUPPORTED, Verdict.CONTRADICTED):
        assert narrow in (wide, Verdict.EQUIVALENT)
    if wide is Verdict.EQUIVALENT:
        assert narrow is Verdict.EQUIVALENT


@STEADY
@given(st.floats(1.01, 5), st.floats(0, 5), st.floats(0, 5), probabilities)
def test_support_stays_when_the_interval_moves_further_away(
    low: float, width: float, shift: float, p: float
) -> None:
    before, after = (
        decide(
            low + s,
            low + width + s,
            null=0,
            direction="greater",
            smallest_effect=(-1, 1),
            p_adjusted=p,
            alpha=ALPHA,
        )
        for s in (0.0, shift)
    )
    assert before is after
    assert before is (Verdict.SUPPORTED if p <= ALPHA else Verdict.INCONCLUSIVE)


@STEADY
@given(numbers, numbers, probabilities, probabilities)
def test_a_smaller_p_value_never_makes_it_less_decided(a: float, b: float, p: float, q: float) -> None:
    low, high = sorted((a, b))
    verdicts = [
        decide(low, high, null=0, direction="greater", smallest_effect=(-1, 1), p_adjusted=x, alpha=ALPHA)
        for x in sorted((p, q))
    ]
    assert verdicts[1] in (verdicts[0], Verdict.INCONCLUSIVE)


GOOD = {
    "conf_low": 1.0,
    "conf_high": 2.0,
    "null": 0.0,
    "direction": "greater",
    "smallest_effect": (-1.0, 1.0),
    "p_adjusted": 0.01,
    "alpha": 0.05,
}
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"conf_low": NAN}, "conf_low and conf_high must be finite and in order; got nan and 2.0."),
        ({"conf_high": INF}, "conf_low and conf_high must be finite and in order; got 1.0 and inf."),
        ({"conf_low": -INF}, "conf_low and conf_high must be finite and in order; got -inf and 2.0."),
        ({"conf_low": 3.0}, "conf_low and conf_high must be finite and in order; got 3.0 and 2.0."),
        ({"null": 2.0}, "smallest_effect must contain the null 2.0; got -1.0 to 1.0."),
        ({"null": NAN}, "smallest_effect must contain the null nan; got -1.0 to 1.0."),
        ({"smallest_effect": (1.0, -1.0)}, "smallest_effect must contain the null 0.0; got 1.0 to -1.0."),
        ({"p_adjusted": 1.1}, "p_adjusted must lie between 0 and 1; got 1.1."),
        ({"p_adjusted": -0.1}, "p_adjusted must lie between 0 and 1; got -0.1."),
        ({"p_adjusted": NAN}, "p_adjusted must lie between 0 and 1; got nan."),
        ({"alpha": 0.0}, "alpha must lie between 0 and 1; got 0.0."),
        ({"alpha": 1.0}, "alpha must lie between 0 and 1; got 1.0."),
        ({"direction": "more"}, "direction must be 'greater', 'less' or 'two-sided'; got 'more'."),
    ],
)
def test_impossible_input_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        decide(**(GOOD | change))
    assert str(caught.value) == message


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95, 0.99, 0.999])
def test_the_error_rate_is_the_decimal_number(level: float) -> None:
    assert error_rate(level) == float(f"{100 - 100 * level:.1f}") / 100


TESTED = (Verdict.SUPPORTED, Verdict.CONTRADICTED, Verdict.EQUIVALENT, Verdict.INCONCLUSIVE)


def test_a_conjunction_of_every_set_of_verdicts() -> None:
    for size in range(1, 5):
        for verdicts in itertools.product(TESTED, repeat=size):
            values = [v.value for v in verdicts]
            if values.count(values[0]) == size:
                expected = values[0]
            elif values.count("contradicted") and not values.count("supported"):
                expected = "contradicted"
            else:
                expected = "inconclusive"
            assert combine(verdicts).value == expected, values


def test_a_conjunction_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError) as caught:
        combine([])
    assert str(caught.value) == "combine needs at least one verdict; got none."
    with pytest.raises(ValueError) as caught:
        combine([Verdict.SUPPORTED, Verdict.NOT_TESTABLE])
    assert str(caught.value) == (
        "combine takes tested components only; leave 'not_testable' ones out and name them in a caveat."
    )


def test_holm_gives_what_r_gives() -> None:
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
    adjusted = holm({str(number): p for number, p in enumerate(reference["p"])})
    assert list(adjusted) == [str(number) for number in range(len(reference["p"]))]
    assert list(adjusted.values()) == pytest.approx(reference["holm"], abs=ROUNDING)


@pytest.mark.parametrize(
    ("of_r", "method"),
    [
        ("bonferroni", "bonferroni"),
        ("holm", "holm"),
        ("hochberg", "simes-hochberg"),
        ("hommel", "hommel"),
        ("BH", "fdr_bh"),
        ("BY", "fdr_by"),
    ],
)
def test_other_corrections_of_statsmodels_are_those_of_r(of_r: str, method: str) -> None:
    """Holm is ours; whoever wants another correction takes it from here."""
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
    found = multipletests(reference["p"], method=method)[1]
    assert found.tolist() == pytest.approx(reference[of_r], abs=ROUNDING)


def test_holm_gives_what_statsmodels_gives() -> None:
    rng = np.random.default_rng(3)
    for size in range(1, 9):
        # Rounded, so that equal p-values occur.
        p_values = np.round(rng.uniform(0, 0.2, size), 2).tolist()
        adjusted = holm({str(number): p for number, p in enumerate(p_values)})
        expected = multipletests(p_values, method="holm")[1]
        assert list(adjusted.values()) == pytest.approx(list(expected), abs=ROUNDING)


def test_tests_that_were_not_done_do_not_count() -> None:
    assert holm({"a": 0.02, "b": None, "c": NAN, "d": 0.03}) == {"a": 0.04, "b": None, "c": None, "d": 0.04}
    assert holm({}) == {}
    assert holm({"a": None}) == {"a": None}


def test_p_values_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError) as caught:
        holm({"a": 0.5, "b": 1.5})
    assert str(caught.value) == "p-values must lie between 0 and 1; got {'b': 1.5}."
