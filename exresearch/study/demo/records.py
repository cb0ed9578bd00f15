"""What the demo company's own systems hold: units, HR records and contact moments as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.study.demo import planted as p
from exresearch.study.demo.company import Company, DemoSettings, Floats, Integers
from exresearch.study.demo.remarks import remarks_table
from exresearch.study.demo.surveys import (
    BUSINESS_UNITS,
    LOCATIONS,
    named,
    person_ids,
    unit_ids,
)
from exresearch.study.demo.workforce import REASONS, Workforce, quarter_start, wave_names

POPULATIONS = tuple(p.MOMENTS_RATED)


def people_table(
    workforce: Workforce, start: NDArray[np.datetime64], end: NDArray[np.datetime64]
) -> pd.DataFrame:
    """Give the HR record of everybody who was on the payroll at some time since 2023Q4.

    Parameters
    ----------
    workforce : Workforce
        What was simulated.
    start, end : arrays of dates, (persons,)
        First and last working day by person number.

    Returns
    -------
    pandas.DataFrame
        person_id, unit, start, end, reason, referred_by; dates as ISO text, empty cells missing.

    Examples
    --------
    >>> from exresearch.study.demo import simulate_demo
    >>> bool(simulate_demo(1, DemoSettings(n_units=3))["people"]["person_id"].is_unique)
    True
    """
    people = workforce.people
    referred = people["referrer"] >= 0
    by = _only(referred, person_ids(np.maximum(people["referrer"], 0), letter="M"))
    return pd.DataFrame(
        {
            "person_id": person_ids(np.arange(start.size), letter="M"),
            "unit": unit_ids(people["unit"]),
            "start": start.astype(str),
            "end": _only(~np.isnat(end), end.astype(str).astype(object)),
            "reason": _only(people["reason"] > 0, named(REASONS, people["reason"])),
            "referred_by": by,
        }
    )


def _only(known: NDArray[np.bool_], values: NDArray[np.object_]) -> NDArray[np.object_]:
    """Empty the cells that are not known."""
    cells = values.copy()
    cells[~known] = None
    return cells


def units_table(
    rng: np.random.Generator, company: Company, workforce: Workforce, settings: DemoSettings
) -> pd.DataFrame:
    """Give one row per unit and wave: what it is, how many people came and went, and how it did.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    company, workforce : Company, Workforce
        What was simulated.
    settings : DemoSettings
        Size and world.

    Returns
    -------
    pandas.DataFrame
        Keys, unit_type, business_unit, location, contact_intensity, headcount at the survey, leavers in the rest
        of the quarter, hires and referred hires at its start, absence_days, productivity, result, complaints,
        programme, and the campaign funnel (reach, applicants, referred applicants).

    Examples
    --------
    >>> from exresearch.study.demo import simulate_demo
    >>> simulate_demo(1, DemoSettings(n_units=3, n_waves=2))["units"].shape
    (6, 18)
    """
    shape = (settings.n_units, settings.n_waves + 1)
    scale = settings.effect_scale
    payroll, people = workforce.payroll, workforce.people

    def count(unit: Integers, wave: Integers, weight: Floats | None = None) -> Floats:
        cells = np.bincount(unit * shape[1] + wave, weight, shape[0] * shape[1])
        return cells.reshape(shape).astype(np.float64)

    headcount = count(payroll["unit"], payroll["wave"])
    leavers = count(payroll["unit"], payroll["wave"], payroll["leaving"].astype(np.float64))
    mean_enps = count(payroll["unit"], payroll["wave"], payroll["enps"]) / np.maximum(headcount, 1)
    new = people["hired"] >= 0
    hires = count(people["unit"][new], people["hired"][new])
    referred = count(
        people["unit"][new], people["hired"][new], (people["referrer"][new] >= 0).astype(np.float64)
    )

    own = rng.standard_normal((3, shape[0], 1))
    noise = rng.standard_normal((2, *shape))
    ex, cx = (np.roll(values, 1, axis=1) for values in (company.ex_standard, company.cx_standard))
    absent = np.exp(1.0 + 0.2 * own[0] + scale * p.ABSENCE_ON_EX * ex) * headcount
    reach = rng.poisson(8.0 * np.maximum(headcount, 1))
    funnel = reach * 0.02 * np.exp(0.15 * scale * mean_enps)
    by_colleagues = headcount * 0.02 * np.exp(p.REFERRAL_ON_ENPS * scale * mean_enps)
    referred_applicants = referred + rng.poisson(by_colleagues)
    table = {
        "contact_intensity": np.round(np.repeat((5 + 1.5 * company.contact)[:, None], shape[1], axis=1), 2),
        "headcount": headcount,
        "leavers": leavers,
        "hires": hires,
        "hires_referred": referred,
        "absence_days": rng.poisson(absent * rng.gamma(8.0, 1 / 8.0, shape)),
        "productivity": np.round(
            100 + 8 * (scale * p.PRODUCTIVITY_ON_EX * ex + 0.5 * own[1] + 0.8 * noise[0]), 2
        ),
        "result": np.round(
            50 + 10 * (scale * p.RESULT_ON_INCONGRUENCE * (ex - cx) ** 2 + 0.4 * own[2] + 0.8 * noise[1]), 2
        ),
        "complaints": company.complaints,
        "programme": company.programme_active(),
        "campaign_reach": reach,
        "applicants": hires - referred + rng.poisson(funnel) + referred_applicants,
        "applicants_referred": referred_applicants,
    }
    # Wave by wave, published waves only.
    flat = {name: values[:, 1:].T.ravel() for name, values in table.items()}
    unit = np.tile(np.arange(shape[0]), settings.n_waves)
    wave = np.repeat(np.arange(settings.n_waves), shape[0])
    frame = pd.DataFrame(
        {
            "unit": unit_ids(unit),
            "wave": named(wave_names(settings.n_waves), wave),
            "unit_type": named(p.UNIT_TYPES, company.unit_type[unit]),
            "business_unit": named(BUSINESS_UNITS, company.business_unit[unit]),
            "location": named(LOCATIONS, company.location[unit]),
            **flat,
        }
    )
    measures = ("contact_intensity", "productivity", "result")
    counts = [name for name in flat if name not in measures]
    return frame.astype(dict.fromkeys(counts, "int64"))


def moments_table(
    rng: np.random.Generator,
    company: Company,
    workforce: Workforce,
    settings: DemoSettings,
    end: NDArray[np.datetime64],
    *,
    words: np.random.Generator,
) -> pd.DataFrame:
    """Give ratings of contact moments by candidates, employees, leavers and alumni.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    company, workforce : Company, Workforce
        What was simulated.
    settings : DemoSettings
        Size and world.
    end : array of dates, (persons,)
        Last working day by person number.
    words : numpy.random.Generator
        Source of what is written, so that remarks change no other column.

    Returns
    -------
    pandas.DataFrame
        One row per person, wave and moment: keys, population, moment, phase, date, rating (1 to 7), recommend
        (0 to 10, the same on all rows of a person and date), clicks, views, comment. Candidates who were not
        hired have an identifier that starts with K and no HR record.

    Examples
    --------
    >>> from exresearch.study.demo import simulate_demo
    >>> sorted(simulate_demo(1, DemoSettings(n_units=3))["moments"]["moment"].unique())[:2]
    ['afscheid', 'contact erna']
    """
    raters = [_raters(rng, company, workforce, settings, population) for population in range(4)]
    person, unit, wave, experience = (np.concatenate([part[k] for part in raters]) for k in range(4))
    population = np.repeat(np.arange(4), [part[0].size for part in raters])
    scale, weights = settings.effect_scale, np.array([weight for _, _, weight in p.MOMENTS])
    rates = np.zeros((4, 6), dtype=bool)
    for row, moments in enumerate(p.MOMENTS_RATED.values()):
        rates[row, list(moments)] = True
    rated = rates[population]
    latent = 0.5 * experience[:, None] + 0.85 * rng.standard_normal((person.size, 6))
    rating = np.clip(np.rint(4.8 + 1.3 * latent), 1, 7)
    recommend = 7.0 + 1.6 * (
        scale * (np.where(rated, latent, 0.0) @ weights) + 0.6 * rng.standard_normal(person.size)
    )
    last = 5 - np.argmax(rated[:, ::-1], axis=1)
    ceiling = np.where(scale > 0, 4 + rating[np.arange(person.size), last], 10)
    recommend = np.minimum(np.clip(np.rint(recommend), 0, 10), np.minimum(ceiling, 10))

    day = quarter_start(wave) + rng.integers(0, 10, person.size)
    # Leavers rate their farewell on their last day, when there is one.
    left = end[np.where(population == 2, person, 0)]
    day = np.where(population == 2, left, day)
    rater, moment = np.nonzero(rated)
    keep = rng.random(rater.size) > 0.04  # a moment that was skipped
    rater, moment = rater[keep], moment[keep]
    # Behaviour leaves traces: it goes with the rating, and says nothing more about the recommendation.
    views = rng.poisson(np.exp(1.5 + 0.10 * latent[rater, moment]))
    clicks = rng.binomial(views, 0.3)
    said = remarks_table(words, moment, rating[rater, moment], by_rating=scale > 0)
    ids = np.where(
        population == 0,
        person_ids(np.where(population == 0, person, 0), letter="K"),
        person_ids(np.where(population == 0, 0, person), letter="M"),
    )
    return pd.DataFrame(
        {
            "person_id": ids[rater],
            "unit": unit_ids(unit)[rater],
            "wave": named(wave_names(settings.n_waves), wave - 1)[rater],
            "population": named(POPULATIONS, population)[rater],
            "moment": named([name for name, _, _ in p.MOMENTS], moment),
            "phase": named([phase for _, phase, _ in p.MOMENTS], moment),
            "date": day.astype(str)[rater],
            "rating": rating[rater, moment],
            "recommend": recommend[rater],
            "clicks": clicks,
            "views": views,
            "comment": said["comment"].to_numpy(),
        }
    )


def _raters(
    rng: np.random.Generator, company: Company, workforce: Workforce, settings: DemoSettings, population: int
) -> tuple[Integers, Integers, Integers, Floats]:
    """Choose who rates: person, unit, wave (from 1) and experience of each rater of one population."""
    payroll = workforce.payroll
    if population == 0:
        k = round(settings.n_units * settings.n_waves * 0.8)
        unit, wave = rng.integers(0, settings.n_units, k), rng.integers(1, settings.n_waves + 1, k)
        experience = (company.ex[unit, wave] + 0.75 * rng.standard_normal(k)) / 0.91
        return np.arange(k), unit, wave, experience
    wave = payroll["wave"].astype(np.int64)
    leaving = payroll["leaving"].astype(bool)
    draw = rng.random(wave.size)
    if population == 1:
        chosen, when = (draw < 0.05) & (wave > 0) & ~leaving, wave
    elif population == 2:
        chosen, when = (draw < 0.60) & (wave > 0) & leaving, wave
    else:
        # Alumni are asked two quarters after they left, as long as there is such a wave.
        chosen, when = (draw < 0.45) & leaving & (wave + 2 <= settings.n_waves), wave + 2
    return (
        payroll["person"][chosen],
        payroll["unit"][chosen],
        when[chosen],
        payroll["experience"][chosen],
    )
