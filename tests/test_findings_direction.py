"""Which comes first: one answer of five or none, on every pattern of effects, judged by the registry's own rules."""

from __future__ import annotations

import itertools

import pytest

from exresearch.findings import EstimateRecord, Note, direction_verdict

SHOWS, AGAINST, OPEN, SMALL = (0.05, 0.30), (-0.30, -0.05), (-0.10, 0.20), (-0.02, 0.02)
# A surely negligible effect that differs from nothing is no support.
TINY = (0.001, 0.025)


def component(limits: tuple[float, float], *, p_value: float | None = None) -> EstimateRecord:
    low, high = limits
    decided = 0.001 if low > 0 or high < 0 else 0.5
    return EstimateRecord(
        term="effect",
        label=Note(message="It"),
        unit_of_measurement="standardised",
        estimate=(low + high) / 2,
        conf_low=low,
        conf_high=high,
        conf_level=0.95,
        p_value=decided if p_value is None else p_value,
        n=150,
        method=Note(message="a method"),
    )


def answer(forth: tuple[float, float], back: tuple[float, float], lead: tuple[float, float]) -> str | None:
    limits = {"ex_to_cx": forth, "cx_to_ex": back, "ex_minus_cx": lead}
    return direction_verdict({name: component(pair) for name, pair in limits.items()})


@pytest.mark.parametrize(
    ("forth", "back", "lead", "expected"),
    [
        (SHOWS, OPEN, SHOWS, "ex_first"),
        (SHOWS, SMALL, SHOWS, "ex_first"),
        (SHOWS, AGAINST, SHOWS, "ex_first"),
        (OPEN, SHOWS, AGAINST, "cx_first"),
        (SHOWS, OPEN, OPEN, None),
        (OPEN, SHOWS, OPEN, None),
        (SHOWS, TINY, TINY, None),
        (SHOWS, SHOWS, OPEN, "both"),
        (SHOWS, SHOWS, SHOWS, "both"),
        (OPEN, OPEN, SHOWS, "neither"),
        (TINY, TINY, OPEN, "neither"),
        (AGAINST, AGAINST, OPEN, "neither"),
    ],
)
def test_the_rule(
    forth: tuple[float, float], back: tuple[float, float], lead: tuple[float, float], expected: str | None
) -> None:
    assert answer(forth, back, lead) == expected


def test_exchanging_the_two_sides_exchanges_the_answer() -> None:
    exchanged = {"ex_first": "cx_first", "cx_first": "ex_first"}
    limits = (SHOWS, AGAINST, OPEN, SMALL, TINY)
    for forth, back, lead in itertools.product(limits, repeat=3):
        found = answer(forth, back, lead)
        mirrored = answer(back, forth, (-lead[1], -lead[0]))
        assert mirrored == exchanged.get(str(found), found)


def test_a_p_value_above_alpha_shows_nothing() -> None:
    parts = {
        "ex_to_cx": component(SHOWS, p_value=0.06),
        "cx_to_ex": component(OPEN),
        "ex_minus_cx": component(SHOWS),
    }
    assert direction_verdict(parts) == "neither"


def test_parts_that_are_missing_are_refused() -> None:
    parts = {name: component(OPEN) for name in ("ex_to_cx", "cx_to_ex", "ex_minus_cx")}
    with pytest.raises(KeyError, match="ex_minus_cx"):
        direction_verdict({name: part for name, part in parts.items() if name != "ex_minus_cx"})
    bare = parts["ex_to_cx"].model_copy(update={"p_value": None})
    with pytest.raises(ValueError) as caught:
        direction_verdict(parts | {"ex_to_cx": bare})
    assert str(caught.value) == "ex-precedes-cx: component 'ex_to_cx' needs a p-value."
