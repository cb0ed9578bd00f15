"""The three surveys of the demo company as tables: employees, customers and partners."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.study.demo import planted as p
from exresearch.study.demo.company import Company, DemoSettings, Floats
from exresearch.study.demo.workforce import (
    AMBASSADORS,
    CONTRACTS,
    FUNCTIONS,
    LEVELS,
    Workforce,
    quarter_start,
    wave_names,
)

DEPARTMENTS = (
    *("winkelverkoop", "zakelijke verkoop", "klantenservice", "advies"),
    *("magazijn", "bezorging", "onderhoud", "techniek en IT", "financiën", "personeel en organisatie"),
)
BUSINESS_UNITS = ("Noord", "Oost", "West", "Zuid", "Midden", "Landelijk")
LOCATIONS = (
    *("Groningen", "Assen", "Zwolle", "Enschede", "Arnhem"),
    *("Utrecht", "Amersfoort", "Haarlem", "Breda", "Venlo"),
)
TENURE_BANDS = ("minder dan 1 jaar", "1 tot 3 jaar", "3 tot 10 jaar", "10 jaar of langer")


def named(labels: tuple[str, ...] | list[str], codes: NDArray[np.int64]) -> NDArray[np.object_]:
    """Give the label of every code."""
    return np.array(labels, dtype=object)[codes]


def person_ids(numbers: NDArray[np.int64], *, letter: str) -> NDArray[np.object_]:
    """Write person numbers as identifiers, such as M000017."""
    if numbers.size == 0:
        return np.empty(0, dtype=object)
    known, position = np.unique(numbers, return_inverse=True)
    return named([f"{letter}{number:06d}" for number in known], position)


def unit_ids(numbers: NDArray[np.int64]) -> NDArray[np.object_]:
    """Write unit numbers as identifiers, such as U007."""
    return named([f"U{number + 1:03d}" for number in range(int(numbers.max(initial=0)) + 1)], numbers)


def missing_rates(columns: list[str]) -> dict[str, float]:
    """Give the planted share of answers left out of each item, 1 to 6 %, completely at random."""
    return {name: 0.01 + 0.01 * (position % 6) for position, name in enumerate(columns)}


def employees_table(
    rng: np.random.Generator,
    company: Company,
    workforce: Workforce,
    settings: DemoSettings,
    start: NDArray[np.datetime64],
) -> pd.DataFrame:
    """Give the answer sheets: who answered depends on the contract only, what is missing on chance only.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    company, workforce : Company, Workforce
        What was simulated.
    settings : DemoSettings
        Size and world.
    start : array of dates, (persons,)
        First working day by person number, for the tenure band.

    Returns
    -------
    pandas.DataFrame
        One row per person and wave: keys, weight, phase, HR categories, then the items as numbers with NaN.

    Examples
    --------
    >>> from exresearch.study.demo import simulate_demo
    >>> simulate_demo(1, DemoSettings(n_units=3))["employees"].columns[:4].tolist()
    ['person_id', 'unit', 'wave', 'weight']
    """
    kept = workforce.payroll["responded"].astype(bool)
    person, unit, wave = (workforce.payroll[name][kept] for name in ("person", "unit", "wave"))
    people = {name: values[person] for name, values in workforce.people.items()}
    years = (quarter_start(wave) - start[person]).astype(np.int64) / 365.25
    # Inverse of the planted response probability, with mean 1 among those who answer.
    inverse = 1 / np.array(list(p.RESPONSE.values()))
    overall = sum(p.CONTRACT_SHARES[name] * p.RESPONSE[name] for name in CONTRACTS)
    columns: dict[str, NDArray[np.object_] | Floats] = {
        "person_id": person_ids(person, letter="M"),
        "unit": unit_ids(unit),
        "wave": named(wave_names(settings.n_waves), wave - 1),
        "weight": np.round((inverse * overall)[people["contract"]], 4),
        "phase": named(("employee", "leaver"), workforce.payroll["notice"][kept].astype(np.int64)),
        "function": named(FUNCTIONS, people["function"]),
        "level": named(LEVELS, people["level"]),
        "department": named(DEPARTMENTS, people["department"]),
        "business_unit": named(BUSINESS_UNITS, company.business_unit[unit]),
        "location": named(LOCATIONS, company.location[unit]),
        "tenure_band": named(TENURE_BANDS, np.searchsorted([1.0, 3.0, 10.0], years, side="right")),
        "contract": named(CONTRACTS, people["contract"]),
        "ambassador": named(AMBASSADORS, people["ambassador"]),
    }
    rates = missing_rates(list(workforce.answers))
    for name, complete in workforce.answers.items():
        answer = complete.copy()
        if name in p.NO_OPINION_RATES:
            answer[rng.random(answer.size) < p.NO_OPINION_RATES[name]] = p.NO_OPINION
        answer[rng.random(answer.size) < rates[name]] = np.nan
        columns[name] = answer
    item, category, value = p.NOT_ASKED
    columns[item] = np.where(columns[category] == value, np.nan, columns[item].astype(np.float64))
    return pd.DataFrame(columns)


def customers_table(rng: np.random.Generator, company: Company, settings: DemoSettings) -> pd.DataFrame:
    """Give customer answers: 20 to 40 a unit and wave, three satisfaction items and NPS, all 0 to 10.

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
    pandas.DataFrame
        One row per answer: unit, wave, weight, kind of customer, contacts in the quarter, cx_1 to cx_3, nps.

    Examples
    --------
    >>> from exresearch.study.demo import simulate_demo
    >>> float(simulate_demo(1, DemoSettings(n_units=3))["customers"]["nps"].max())
    10.0
    """
    unit, wave = _answers_per_unit(rng, settings, low=20, high=40)
    quality = company.cx[unit, wave] + 1.10 * rng.standard_normal(unit.size)
    private = rng.random(unit.size) < 0.8
    contacts = 1 + rng.poisson(np.exp(0.6 + 0.25 * company.contact[unit]))
    columns: dict[str, NDArray[np.object_] | Floats] = {
        "unit": unit_ids(unit),
        "wave": named(wave_names(settings.n_waves), wave - 1),
        "weight": np.where(private, 1.05, 0.80),
        "customer_type": named(("zakelijk", "particulier"), private.astype(np.int64)),
        "contacts": contacts.astype(np.float64),
    }
    for name, mean in (("cx_1", 7.1), ("cx_2", 6.8), ("cx_3", 7.3)):
        answer = np.clip(np.rint(mean + quality + 1.0 * rng.standard_normal(unit.size)), 0, 10)
        columns[name] = np.where(rng.random(unit.size) < 0.02, np.nan, answer)
    recommend = np.clip(np.rint(7.2 + 1.1 * quality + 1.2 * rng.standard_normal(unit.size)), 0, 10)
    columns["nps"] = np.where(rng.random(unit.size) < 0.03, np.nan, recommend)
    return pd.DataFrame(columns)


def partners_table(rng: np.random.Generator, company: Company, settings: DemoSettings) -> pd.DataFrame:
    """Give answers of suppliers and other partners: 6 to 10 a unit and wave, two items, 0 to 10.

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
    pandas.DataFrame
        One row per answer: unit, wave, kind of partner, px_1, px_2.

    Examples
    --------
    >>> from exresearch.study.demo import simulate_demo
    >>> list(simulate_demo(1, DemoSettings(n_units=3))["partners"])
    ['unit', 'wave', 'partner_type', 'px_1', 'px_2']
    """
    unit, wave = _answers_per_unit(rng, settings, low=6, high=10)
    quality = company.partner[unit, wave] + 0.90 * rng.standard_normal(unit.size)
    columns: dict[str, NDArray[np.object_] | Floats] = {
        "unit": unit_ids(unit),
        "wave": named(wave_names(settings.n_waves), wave - 1),
        "partner_type": named(("leverancier", "vervoerder", "dienstverlener"), rng.integers(0, 3, unit.size)),
    }
    for name, mean in (("px_1", 7.0), ("px_2", 6.7)):
        answer = np.clip(np.rint(mean + quality + 0.9 * rng.standard_normal(unit.size)), 0, 10)
        columns[name] = np.where(rng.random(unit.size) < 0.02, np.nan, answer)
    return pd.DataFrame(columns)


def _answers_per_unit(
    rng: np.random.Generator, settings: DemoSettings, *, low: int, high: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw how many answers each unit gets in each wave; give unit and wave (from 1) of each answer."""
    counts = rng.integers(low, high + 1, (settings.n_waves, settings.n_units)).ravel()
    cell = np.repeat(np.arange(counts.size), counts)
    return cell % settings.n_units, cell // settings.n_units + 1
