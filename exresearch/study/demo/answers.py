"""What people of the demo company experience, and how they answer on the scales of the survey."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from exresearch.study.demo import planted as p
from exresearch.study.demo.company import Company, DemoSettings, Floats, Integers

#: Every latent with a specific part of its own, half of it stable in the person.
NOISE = (
    *p.DRIVERS,
    *("employee_block", "customer_block", "twin", "engagement"),
    *p.OUTCOMES,
    *("readiness", "willingness", "ability", "alignment", "behaviour", "promise", "delivery", "pay", "facet"),
    *("autonomy", "standardisation", "skill", "satisfaction", "experience"),
)
_AT = {name: position for position, name in enumerate(NOISE)}


def latents(
    rng: np.random.Generator,
    company: Company,
    settings: DemoSettings,
    post: dict[str, NDArray[Any]],
    unit: Integers,
    peers: Floats,
    wave: int,
) -> dict[str, Floats]:
    """Give the latent experiences, attitudes and outcomes of everybody in one wave, each near unit variance."""
    scale = settings.effect_scale
    mixed = np.sqrt(0.5) * (np.asarray(post["stable"]) + rng.standard_normal((unit.size, len(NOISE))))

    def noise(name: str) -> Floats:
        column: Floats = mixed[:, _AT[name]]
        return column

    own, level = np.asarray(post["own"], dtype=float), np.asarray(post["level"], dtype=np.int64)
    experience = company.ex[unit, wave] + 0.50 * own + 0.55 * noise("experience")
    x = (experience + np.array([-0.03, 0.10, 0.25])[level]) / 0.91
    latent: dict[str, Floats] = {"experience": x}
    for name, (general, block) in p.DRIVER_LOADINGS.items():
        factor = "customer_block" if name in p.CUSTOMER_FIRST else "employee_block"
        specific = noise(name)
        if name in ("d_recognition", "d_appreciation"):
            # One shared specific part makes the pair collinear.
            specific = np.sqrt(0.86) * noise("twin") + np.sqrt(0.14) * specific
        rest = np.sqrt(1 - general**2 - block**2)
        latent[name] = general * x + block * noise(factor) + rest * specific
    latent["engagement"] = 0.60 * x + 0.25 * latent["d_needs"] + 0.63 * noise("engagement")
    latent["pay"] = 0.30 * x + np.array([-0.05, 0.15, 0.40])[level] + 0.94 * noise("pay")
    latent["facet"] = 0.60 * x + 0.80 * noise("facet")
    latent["promise"] = 0.20 * x + 0.98 * noise("promise")
    latent["delivery"] = 0.50 * x + 0.25 * noise("promise") + 0.83 * noise("delivery")
    for name in ("readiness", "willingness", "ability"):
        latent[name] = 0.45 * x + 0.89 * noise(name)
    latent["alignment"] = 0.40 * x + 0.92 * noise("alignment")
    three = np.stack([latent[name] for name in ("readiness", "willingness", "ability")])
    latent["behaviour"] = 0.70 * noise("behaviour") + scale * (
        0.15 * three.sum(axis=0)
        + p.WEAKEST_LINK * three.min(axis=0)
        + p.ALIGNMENT_MODERATION * latent["alignment"] * three.mean(axis=0)
    )
    latent["satisfaction"] = 0.70 * x + 0.20 * latent["pay"] + 0.65 * noise("satisfaction")
    for name, of_unit in (
        ("autonomy", company.autonomy),
        ("standardisation", company.standardisation),
        ("skill", company.skill),
    ):
        latent[name] = 0.50 * of_unit[unit] + 0.15 * x * (name != "standardisation") + 0.85 * noise(name)

    gap = latent["delivery"] - latent["promise"]
    extra = {
        "enps": peers,
        "stay": p.DELIVERY_SLOPE * latent["delivery"]
        + p.PROMISE_SLOPE * latent["promise"]
        + p.MISMATCH * gap**2
        + p.PAY_SLOPE * latent["pay"]
        + p.FACET_SLOPE * latent["facet"]
        + p.PAY_BY_FACET * latent["pay"] * latent["facet"],
    }
    segment = np.asarray(post["segment"], dtype=np.int64)
    for name in p.OUTCOMES:
        drivers = sum(b * latent[d] for b, d in zip(p.DRIVER_SLOPES[name], p.DRIVERS, strict=True))
        planted = drivers + p.ENGAGEMENT_SLOPES[name] * latent["engagement"]
        planted = planted + np.array(p.SEGMENT_EFFECTS.get(name, (0.0, 0.0, 0.0)))[segment]
        latent[name] = scale * planted + 0.70 * noise(name)
        # Peers are scaled already.
        latent[name] += extra["enps"] if name == "enps" else scale * extra.get(name, 0.0)
    return latent


def answer(rng: np.random.Generator, latent: dict[str, Floats], segment: Integers) -> dict[str, Floats]:
    """Turn latents into answers on their scales, before anything goes missing."""
    n = segment.size

    def scale7(z: Floats, mean: float, spread: float = 1.30) -> Floats:
        return np.clip(np.rint(mean + spread * z), 1, 7)

    def several(z: Floats, count: int, mean: float, reliability: float = 0.72) -> list[Floats]:
        own = rng.standard_normal((count, n))
        return [scale7(np.sqrt(reliability) * z + np.sqrt(1 - reliability) * one, mean) for one in own]

    given: dict[str, Floats] = {}
    for number, answer in enumerate(several(latent["engagement"], 3, 5.03), start=1):
        given[f"eng_{number}"] = answer
    given["enps"] = np.clip(np.rint(7.0 + 2.0 * latent["enps"]), 0, 10)
    given |= {name: scale7(latent[name], 4.8) for name in ("stay", "effort", "promote")}
    given |= {name: scale7(latent[name], 4.5) for name in p.DRIVERS}
    given["d_wellbeing"] = 8 - given["d_wellbeing"]  # worded the other way round
    given["satisfaction"] = scale7(latent["satisfaction"], 4.9)
    given |= {
        name: scale7(latent[name], 4.7) for name in ("readiness", "willingness", "ability", "alignment")
    }
    given["behaviour_1"], second = several(latent["behaviour"], 2, 4.8)
    given["behaviour_2"] = 8 - second  # worded the other way round
    given["promise_1"], given["promise_2"] = several(latent["promise"], 2, 4.8)
    given["delivery_1"], given["delivery_2"] = several(latent["delivery"], 2, 4.4)
    given["pay_satisfaction"] = scale7(latent["pay"], 4.2)
    given["facet_emotion"], given["facet_memory"], given["facet_identity"] = several(latent["facet"], 3, 4.5)
    given |= {name: scale7(latent[name], 4.4) for name in ("autonomy", "standardisation", "skill")}
    profile = np.array(p.SEGMENT_PROFILES)[segment]
    needs = profile + 1.0 * rng.standard_normal((n, len(p.NEEDS)))
    for column, name in enumerate(p.NEEDS):
        given[name] = np.clip(np.rint(needs[:, column]), 1, 7)
    return given
