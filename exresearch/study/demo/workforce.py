"""The people of the demo company, wave by wave: who is there, what they experience and answer, who leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exresearch.study.demo import planted as p
from exresearch.study.demo.answers import NOISE, answer, latents
from exresearch.study.demo.company import Company, DemoSettings, Floats, Integers

FUNCTIONS = ("verkoop", "service", "logistiek", "techniek", "staf")
LEVELS = ("medewerker", "teamleider", "manager")
CONTRACTS = tuple(p.RESPONSE)
AMBASSADORS = ("geen", "vrijwillig", "aangewezen")
REASONS = ("", "eigen keuze", "einde contract", "pensioen", "werkgever")
FIRST_YEAR = 2024
PROMOTER_FROM = 9  # only used to plant the influence of colleagues


def wave_names(n_waves: int) -> list[str]:
    """Name the quarters, such as 2024Q1, in order."""
    return [f"{FIRST_YEAR + t // 4}Q{t % 4 + 1}" for t in range(n_waves)]


def quarter_start(wave: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Give the first day of a quarter; wave 1 is the first published one, wave 0 the hidden one before it."""
    months = np.datetime64(f"{FIRST_YEAR}-01", "M") + 3 * (wave - 1)
    return months.astype("datetime64[D]")


@dataclass(frozen=True, slots=True)
class Workforce:
    """Everybody who was on the payroll.

    ``payroll`` has one entry per person and wave (hidden wave 0 included): person, unit, wave, experience,
    engagement, enps (latents), promoter, leaving, notice, responded. ``answers`` holds the answers of those who
    responded in a published wave, in the order of ``payroll``. ``people`` has one entry per person number.
    """

    payroll: dict[str, NDArray[Any]]
    answers: dict[str, Floats]
    people: dict[str, Integers]


def simulate_workforce(rng: np.random.Generator, company: Company, settings: DemoSettings) -> Workforce:
    """Draw people, answers, exits and replacements.

    A unit has a fixed number of posts. Who leaves after a wave is replaced by somebody new, in the next quarter
    or later. What is stable in a person (half of every specific variance) stays with the person.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    company : Company
        The units and their course.
    settings : DemoSettings
        Size and world.

    Returns
    -------
    Workforce

    Examples
    --------
    >>> from exresearch.study.demo.company import simulate_company
    >>> rng, small = np.random.default_rng(1), DemoSettings(n_units=3)
    >>> len(simulate_workforce(rng, simulate_company(rng, small), small).payroll)
    10
    """
    unit = np.repeat(np.arange(settings.n_units), company.posts)
    n = unit.size
    post: dict[str, NDArray[Any]] = {
        **_new_people(rng, n, settings),
        "person": np.arange(n),
        "stable": rng.standard_normal((n, len(NOISE))),
    }
    register = [_record(post, unit, np.ones(n, bool), hired=-1, referrer=np.full(n, -1))]
    ended: list[tuple[Integers, int, Integers]] = []
    occupied = np.ones(n, bool)
    promoter = np.zeros(n)
    known, before = np.zeros(n, bool), np.zeros(n, bool)
    payroll: list[dict[str, NDArray[Any]]] = []
    answers: list[dict[str, Floats]] = []
    next_person, weight = n, np.zeros(n)

    for wave in range(settings.n_waves + 1):
        if wave > 0:
            filled = ~occupied & (rng.random(n) < 0.75)
            k = int(filled.sum())
            fresh = {**_new_people(rng, k, settings), "person": np.arange(next_person, next_person + k)}
            next_person += k
            referrer = _referrers(rng, unit, filled, weight, post["person"])
            for name, values in fresh.items():
                post[name][filled] = values
            post["stable"][filled] = rng.standard_normal((k, len(NOISE)))
            register.append(_record(post, unit, filled, hired=wave, referrer=referrer))
            occupied, known = occupied | filled, known & ~filled
        peers = _peer_influence(settings, unit, post["ambassador"], occupied, promoter, known, before)
        latent = latents(rng, company, settings, post, unit, peers, wave)
        given = answer(rng, latent, np.asarray(post["segment"], dtype=np.int64))
        promoter = np.where(occupied & (given["enps"] >= PROMOTER_FROM), 1.0, 0.0)
        logit = -3.75 + settings.effect_scale * p.EXIT_ON_ENGAGEMENT * latent["engagement"]
        own_choice = rng.random(n) < 1 / (1 + np.exp(-logit))
        other = rng.random(n) < p.OTHER_EXIT_RATE
        leaving = occupied & (own_choice | other)
        chance = np.array(list(p.RESPONSE.values()))[np.asarray(post["contract"], dtype=np.int64)]
        responded = occupied & (rng.random(n) < chance) & (wave > 0)
        notice = leaving & (rng.random(n) < 0.4)
        payroll.append(
            {
                "person": post["person"][occupied],
                "unit": unit[occupied],
                "wave": np.full(int(occupied.sum()), wave),
                "experience": latent["experience"][occupied],
                "engagement": latent["engagement"][occupied],
                "enps": latent["enps"][occupied],
                "promoter": promoter[occupied],
                "leaving": leaving[occupied],
                "notice": notice[occupied],
                "responded": responded[occupied],
            }
        )
        answers.append({name: values[responded] for name, values in given.items()})
        reason = np.where(own_choice, 1, rng.integers(2, 5, n))[leaving]
        ended.append((np.asarray(post["person"][leaving], dtype=np.int64), wave, reason))
        # Referrals of the next quarter come from people who are still there and are enthusiastic.
        weight = np.where(occupied & ~leaving, np.exp(0.5 * settings.effect_scale * latent["enps"]), 0.0)
        before, known = occupied, occupied.copy()
        occupied = occupied & ~leaving

    people = {name: np.concatenate([part[name] for part in register]) for name in register[0]}
    people["exit_wave"], people["reason"] = np.full(next_person, -1), np.zeros(next_person, dtype=np.int64)
    for person, wave, reason in ended:
        people["exit_wave"][person], people["reason"][person] = wave, reason
    return Workforce(
        payroll={name: np.concatenate([part[name] for part in payroll]) for name in payroll[0]},
        answers={name: np.concatenate([part[name] for part in answers]) for name in answers[0]},
        people=people,
    )


def _new_people(rng: np.random.Generator, k: int, settings: DemoSettings) -> dict[str, NDArray[Any]]:
    """Draw what people bring with them; nothing here depends on their unit."""
    function = rng.choice(5, size=k, p=[0.35, 0.25, 0.20, 0.12, 0.08])
    own = rng.standard_normal(k)
    draw = rng.random(k)
    voluntary = 0.05 * np.exp(0.5 * settings.effect_scale * own)
    return {
        "own": own,
        "function": function,
        "level": rng.choice(3, size=k, p=[0.82, 0.12, 0.06]),
        "department": 2 * function + rng.integers(0, 2, k),
        "contract": rng.choice(3, size=k, p=list(p.CONTRACT_SHARES.values())),
        "segment": rng.choice(3, size=k, p=list(p.SEGMENT_SHARES)),
        "ambassador": np.where(draw < voluntary, 1, np.where(draw > 0.98, 2, 0)),
    }


def _record(
    post: dict[str, NDArray[Any]],
    unit: Integers,
    chosen: NDArray[np.bool_],
    *,
    hired: int,
    referrer: Integers,
) -> dict[str, Integers]:
    """Give the lasting facts about the people who now hold the chosen posts."""
    facts = ("function", "level", "department", "contract", "segment", "ambassador")
    record = {name: np.asarray(post[name][chosen], dtype=np.int64) for name in facts}
    return {**record, "unit": unit[chosen], "hired": np.full(int(chosen.sum()), hired), "referrer": referrer}


def _referrers(
    rng: np.random.Generator,
    unit: Integers,
    filled: NDArray[np.bool_],
    weight: Floats,
    person: NDArray[Any],
) -> Integers:
    """Choose a colleague of the same unit for about a quarter of the hires, likelier one with a high eNPS."""
    total = np.concatenate([[0.0], np.cumsum(weight)])
    first, last = np.searchsorted(unit, unit[filled]), np.searchsorted(unit, unit[filled], side="right")
    low, high = total[first], total[last]
    mean = (high - low) / np.maximum(last - first, 1)
    drawn = low + rng.random(low.size) * (high - low)
    colleague = np.minimum(np.searchsorted(total, drawn, side="right") - 1, last - 1)
    referred = rng.random(low.size) < np.clip(0.22 * mean, 0, 0.9)
    chosen: Integers = np.where(referred & (weight[colleague] > 0), person[colleague], -1).astype(np.int64)
    return chosen


def _peer_influence(
    settings: DemoSettings,
    unit: Integers,
    ambassador: NDArray[Any],
    occupied: NDArray[np.bool_],
    promoter: Floats,
    known: NDArray[np.bool_],
    before: NDArray[np.bool_],
) -> Floats:
    """Give what colleagues (never the person) add to a person's eNPS latent."""

    def share_of_others(flag: Floats, present: NDArray[np.bool_], own: NDArray[np.bool_]) -> Floats:
        size = np.bincount(unit, present, settings.n_units)[unit] - own
        count = np.bincount(unit, flag * present, settings.n_units)[unit] - flag * own
        share: Floats = count / np.maximum(size, 1)
        return share

    voluntary, assigned = (share_of_others((ambassador == code) * 1.0, occupied, occupied) for code in (1, 2))
    influence = p.VOLUNTARY_ON_ENPS * (voluntary - 0.05) + p.ASSIGNED_ON_ENPS * assigned
    if before.any():
        # `promoter` still holds last wave's answers by post; `known` says whose own answer is among them.
        influence = influence + p.PEERS_ON_ENPS * (share_of_others(promoter, before, known) - 0.25)
    return settings.effect_scale * influence


def employment_dates(
    rng: np.random.Generator, workforce: Workforce
) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """Give first and last working day by person number; NaT for who still works here.

    New people start on the first day of a quarter. People leave between the eleventh day of the quarter (after
    the survey, which is held in its first ten days) and its last day.
    """
    hired, left = workforce.people["hired"], workforce.people["exit_wave"]
    before = np.datetime64("2023-09-30") - np.rint(365.25 * rng.gamma(1.2, 5.5, hired.size)).astype(int)
    start = np.where(hired < 0, before, quarter_start(np.maximum(hired, 0)))
    end = quarter_start(np.maximum(left, 0)) + 10 + rng.integers(0, 79, left.size)
    return start, np.where(left < 0, np.datetime64("NaT"), end)
