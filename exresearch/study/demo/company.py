"""The demo company: its settings, its units, and how EX, CX, partner experience and complaints move over waves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exresearch.study.demo import planted as p

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """Size and world of the demo company.

    Parameters
    ----------
    n_units : int
        Units (branches, teams) of the company, at least 2.
    n_waves : int
        Quarterly waves from 2024Q1 on, 1 to 40. Programmes start only where there are at least five waves.
    mean_headcount : int
        Mean number of posts in a unit, at least 10. Posts differ from 40 to 160 % of it.
    programme_share : float
        Share of units with a programme, 0 to 1.
    ex_to_cx, cx_to_ex : float
        Cross-lagged effects within units, in within-unit standard deviations per wave.
    effect_scale : float
        1 for the planted effects, 0 for a company in which nothing affects anything; multiplies every effect.

    Raises
    ------
    ValueError
        If a value lies outside the range given above.

    Examples
    --------
    >>> DemoSettings(n_units=40).n_waves
    6
    """

    n_units: int = 120
    n_waves: int = 6
    mean_headcount: int = 50
    programme_share: float = 25 / 120
    ex_to_cx: float = p.EX_TO_CX
    cx_to_ex: float = p.CX_TO_EX
    effect_scale: float = 1.0

    def __post_init__(self) -> None:
        """Check every field against its legal range."""
        legal: dict[str, tuple[float, float]] = {
            "n_units": (2, 100_000),
            "n_waves": (1, 40),
            "mean_headcount": (10, 10_000),
            "programme_share": (0.0, 1.0),
            "ex_to_cx": (-0.4, 0.4),
            "cx_to_ex": (-0.4, 0.4),
            "effect_scale": (0.0, 1.0),
        }
        for name, (low, high) in legal.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(
                    f"DemoSettings: {name} is {value!r}; legal values are {low:g} to {high:g}. "
                    f"Choose a value in that range or leave {name} out for its default."
                )


@dataclass(frozen=True, slots=True)
class Company:
    """Units and their latent course; arrays are (units,) or (units, waves + 1), column 0 being the hidden wave.

    The hidden wave before the first published one gives every lagged effect a past.
    """

    unit_type: Integers
    business_unit: Integers
    location: Integers
    posts: Integers
    contact: Floats
    autonomy: Floats
    standardisation: Floats
    skill: Floats
    programme_start: Integers
    ex: Floats
    cx: Floats
    partner: Floats
    complaints: Integers

    @property
    def ex_standard(self) -> Floats:
        """EX in units of its total (between plus within) standard deviation."""
        standard: Floats = self.ex / np.hypot(p.EX_BETWEEN_SD, p.EX_WITHIN_SD)
        return standard

    @property
    def cx_standard(self) -> Floats:
        """CX in units of its total (between plus within) standard deviation."""
        standard: Floats = self.cx / np.hypot(p.CX_BETWEEN_SD, p.CX_WITHIN_SD)
        return standard

    def programme_active(self) -> NDArray[np.bool_]:
        """Whether a programme runs, (units, waves + 1)."""
        waves = np.arange(self.ex.shape[1])
        return (self.programme_start[:, None] > 0) & (waves[None, :] >= self.programme_start[:, None])


def innovation_covariance(settings: DemoSettings) -> tuple[Floats, Floats, Floats]:
    """Give the lag matrix, the stationary and the innovation covariance of (EX, CX) within units.

    Parameters
    ----------
    settings : DemoSettings
        The world; its cross-lagged effects are multiplied by ``effect_scale``.

    Returns
    -------
    tuple of three (2, 2) arrays
        A, Sigma and Q = Sigma - A Sigma A', for w[t] = A w[t-1] + innovation.

    Raises
    ------
    ValueError
        If no stationary process with unit variances has these effects.

    Examples
    --------
    >>> innovation_covariance(DemoSettings())[0].tolist()
    [[0.4, 0.1], [0.2, 0.4]]
    """
    scale = settings.effect_scale
    lag = np.array(
        [[p.AUTOREGRESSION, settings.cx_to_ex * scale], [settings.ex_to_cx * scale, p.AUTOREGRESSION]]
    )
    correlation = p.WITHIN_CORRELATION * scale
    stationary = np.array([[1.0, correlation], [correlation, 1.0]])
    innovation = stationary - lag @ stationary @ lag.T
    rest = innovation - np.diag([(p.COMPLAINT_SHOCK * scale) ** 2, 0.0])
    if np.linalg.eigvalsh(rest).min() <= 0:
        raise ValueError(
            f"DemoSettings: ex_to_cx {settings.ex_to_cx!r} and cx_to_ex {settings.cx_to_ex!r} leave no stationary "
            f"process with unit variances. Choose effects closer to 0, such as 0.2 and 0.1."
        )
    return lag, stationary, innovation


def simulate_company(rng: np.random.Generator, settings: DemoSettings) -> Company:
    """Draw the units and their course.

    Every unit is drawn independently of the others, so that a bootstrap over units sees all the variation
    there is.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    settings : DemoSettings
        Size and world.

    Returns
    -------
    Company

    Raises
    ------
    ValueError
        If the lagged effects are not stationary.

    Examples
    --------
    >>> simulate_company(np.random.default_rng(1), DemoSettings(n_units=3)).ex.shape
    (3, 7)
    """
    n, scale, steps = settings.n_units, settings.effect_scale, settings.n_waves + 1
    unit_type = rng.choice(4, size=n, p=[0.40, 0.25, 0.20, 0.15])
    posts = np.rint(settings.mean_headcount * rng.uniform(0.4, 1.6, n)).astype(np.int64)
    contact = np.array([0.5, 0.8, 0.0, -1.6])[unit_type] * 0.8 + 0.75 * rng.standard_normal(n)
    autonomy, standardisation, skill = rng.standard_normal((3, n))

    ex_between = 0.97 * rng.standard_normal(n) + scale * np.array(p.TYPE_EX)[unit_type]
    cx_between = 0.72 * rng.standard_normal(n) + scale * (
        (p.BETWEEN_SLOPE + p.CONTACT_MODERATION * contact) * ex_between
        + np.array(p.TYPE_CX)[unit_type]
        + p.AUTONOMY_SLOPE * autonomy
        + p.SKILL_SLOPE * skill
        + p.STANDARDISATION_BY_SKILL * standardisation * skill
    )
    partner_between = 0.75 * rng.standard_normal(n) + scale * (
        p.PARTNER_ON_EX * ex_between + p.PARTNER_ON_CX * cx_between
    )

    start = np.zeros(n, dtype=np.int64)
    if settings.n_waves >= 5:
        chosen = rng.permutation(n)[: round(settings.programme_share * n)]
        # Positions are 0-based over published waves, columns here count the hidden wave too.
        start[chosen] = np.array(p.PROGRAMME_STARTS)[np.arange(chosen.size) % 3] + 1

    within, complaints = _within_units(rng, settings, cx_between, posts)
    columns = np.arange(steps)
    treated = start[:, None] > 0
    on_ex = treated & (columns >= start[:, None])
    on_cx = treated & (columns >= start[:, None] + 1)
    partner_within = np.empty((n, steps))
    partner_within[:, 0] = rng.standard_normal(n)
    for t in range(1, steps):
        noise = np.sqrt(1 - p.AUTOREGRESSION**2) * rng.standard_normal(n)
        partner_within[:, t] = p.AUTOREGRESSION * partner_within[:, t - 1] + noise
    return Company(
        unit_type=unit_type,
        business_unit=rng.integers(0, 6, n),
        location=rng.integers(0, 10, n),
        posts=posts,
        contact=contact,
        autonomy=autonomy,
        standardisation=standardisation,
        skill=skill,
        programme_start=start,
        ex=p.EX_BETWEEN_SD * ex_between[:, None]
        + p.EX_WITHIN_SD * (within[0] + scale * p.PROGRAMME_EX * on_ex),
        cx=p.CX_BETWEEN_SD * cx_between[:, None]
        + p.CX_WITHIN_SD * (within[1] + scale * p.PROGRAMME_CX * on_cx),
        partner=p.CX_BETWEEN_SD * partner_between[:, None] + p.CX_WITHIN_SD * partner_within,
        complaints=complaints,
    )


def _within_units(
    rng: np.random.Generator, settings: DemoSettings, cx_between: Floats, posts: Integers
) -> tuple[Floats, Integers]:
    """Run the VAR(1) of (EX, CX) within units, with complaints as part of the shocks of EX."""
    n, steps = settings.n_units, settings.n_waves + 1
    shock = p.COMPLAINT_SHOCK * settings.effect_scale
    lag, stationary, innovation = innovation_covariance(settings)
    rest = np.linalg.cholesky(innovation - np.diag([shock**2, 0.0]))
    within = np.empty((2, n, steps))
    complaints = np.empty((n, steps), dtype=np.int64)
    within[:, :, 0] = np.linalg.cholesky(stationary) @ rng.standard_normal((2, n))
    for t in range(steps):
        if t > 0:
            # A surprise in complaints is unrelated to CX itself, so the path CX -> EX stays what was planted.
            expected = _complaint_rate(settings, cx_between, within[1, :, t - 1], posts)
            surprise = (complaints[:, t - 1] - expected) / np.sqrt(expected)
            within[:, :, t] = lag @ within[:, :, t - 1] + rest @ rng.standard_normal((2, n))
            within[0, :, t] += shock * surprise
        complaints[:, t] = rng.poisson(_complaint_rate(settings, cx_between, within[1, :, t], posts))
    return within, complaints


def _complaint_rate(settings: DemoSettings, between: Floats, within: Floats, posts: Integers) -> Floats:
    """Give the expected complaints of a unit in a wave."""
    log_rate = settings.effect_scale * p.COMPLAINTS_ON_CX * (between + 0.7 * within)
    return np.asarray(0.08 * posts * np.exp(log_rate), dtype=np.float64)
