"""Every effect that is planted in the demo company, in one place.

The numbers below are choices, not findings. `planted_truth` gives them per hypothesis, and `data/demo/truth.yaml`
repeats them so that a reader need not open the code; a test keeps the two equal.
"""

from __future__ import annotations

EMPLOYEE_FIRST = ("d_needs", "d_recognition", "d_appreciation", "d_growth", "d_wellbeing")
CUSTOMER_FIRST = ("d_customers_decide", "d_customer_voice", "d_customer_pride")
OTHER_DRIVERS = ("d_tools", "d_rules")
DRIVERS = EMPLOYEE_FIRST + CUSTOMER_FIRST + OTHER_DRIVERS
OUTCOMES = ("enps", "stay", "effort", "promote")
NEEDS = tuple(f"need_{number}" for number in range(1, 10))

#: Slopes of the outcome latents on the (standardised) driver latents, in the order of DRIVERS.
DRIVER_SLOPES: dict[str, tuple[float, ...]] = {
    "enps": (0.42, 0.10, 0.06, 0.12, 0.10, 0.00, 0.05, 0.08, 0.08, -0.18),
    "stay": (0.32, 0.08, 0.05, 0.16, 0.12, 0.02, 0.02, 0.06, 0.06, -0.14),
    "effort": (0.26, 0.10, 0.06, 0.10, 0.06, 0.05, 0.08, 0.12, 0.10, -0.08),
    "promote": (0.11, 0.08, 0.05, 0.08, 0.06, 0.08, 0.06, 0.16, 0.05, -0.10),
}
#: Loadings of the driver latents on the person's general experience and on the factor of their block.
DRIVER_LOADINGS: dict[str, tuple[float, float]] = {
    "d_needs": (0.60, 0.30),
    "d_recognition": (0.50, 0.30),
    "d_appreciation": (0.50, 0.30),
    "d_growth": (0.50, 0.30),
    "d_wellbeing": (0.50, 0.30),
    "d_customers_decide": (0.30, 0.45),
    "d_customer_voice": (0.35, 0.45),
    "d_customer_pride": (0.45, 0.40),
    "d_tools": (0.45, 0.00),
    "d_rules": (-0.20, 0.00),
}
#: Slope of each outcome latent on engagement, beyond the drivers.
ENGAGEMENT_SLOPES = {"enps": 0.15, "stay": 0.15, "effort": 0.20, "promote": 0.12}

SEGMENTS = ("groei", "zekerheid", "verbinding")
SEGMENT_SHARES = (0.40, 0.35, 0.25)
#: Mean of the nine needs items per segment, on the scale 1 to 7.
SEGMENT_PROFILES = (
    (5.9, 5.7, 5.6, 3.9, 3.7, 4.0, 4.3, 4.1, 4.2),
    (3.8, 4.0, 3.9, 5.9, 5.8, 5.6, 4.2, 4.4, 4.0),
    (4.2, 4.1, 4.3, 4.2, 4.0, 4.1, 5.9, 5.7, 5.8),
)
SEGMENT_EFFECTS = {"enps": (0.20, 0.00, -0.30), "effort": (0.35, -0.05, -0.50)}

#: (moment, phase, weight of its rating in the recommendation); who rates which is in MOMENTS_RATED.
MOMENTS = (
    ("verkennen", "voor", 0.20),
    ("solliciteren", "voor", 0.30),
    ("eerste weken", "tijdens", 0.35),
    ("werk en groei", "tijdens", 0.55),
    ("afscheid", "na", 0.40),
    ("contact erna", "na", 0.25),
)
MOMENTS_RATED = {"candidate": (0, 1), "employee": (0, 1, 2, 3), "leaver": (3, 4), "alumnus": (4, 5)}
#: Share of rated moments with a remark; of remarks: in English, and with a made-up name, number or address.
COMMENTED, COMMENT_ENGLISH, COMMENT_PERSONAL = 0.15, 0.20, 0.04
TONES = ("hinders", "helps", "motivates", "inspires", "none")
#: Chance of each tone of a remark, by the rating of the moment.
TONE_BY_RATING = {
    "1 to 3": (0.72, 0.10, 0.04, 0.02, 0.12),
    "4": (0.45, 0.25, 0.10, 0.05, 0.15),
    "5": (0.20, 0.38, 0.20, 0.10, 0.12),
    "6 to 7": (0.06, 0.34, 0.30, 0.20, 0.10),
}

RESPONSE = {"vast": 0.74, "tijdelijk": 0.64, "inhuur": 0.55}
CONTRACT_SHARES = {"vast": 0.70, "tijdelijk": 0.22, "inhuur": 0.08}

NO_OPINION = 99
NO_OPINION_RATES = {"d_tools": 0.03, "pay_satisfaction": 0.04}
#: This item was not put to this function, whatever people would have answered.
NOT_ASKED = ("skill", "function", "staf")

# Unit level, in between-unit standard deviations unless said otherwise.
UNIT_TYPES = ("winkel", "servicebalie", "bezorging", "kantoor")
TYPE_EX = (0.00, 0.30, -0.30, 0.00)
TYPE_CX = (0.10, 0.30, -0.40, 0.00)
BETWEEN_SLOPE = 0.50
CONTACT_MODERATION = 0.15
AUTONOMY_SLOPE = 0.20
SKILL_SLOPE = 0.20
STANDARDISATION_BY_SKILL = -0.20
PARTNER_ON_EX = 0.50
PARTNER_ON_CX = 0.20
# Within units, in within-unit standard deviations.
AUTOREGRESSION = 0.40
WITHIN_CORRELATION = 0.30
EX_TO_CX = 0.20
CX_TO_EX = 0.10
COMPLAINT_SHOCK = -0.15
COMPLAINTS_ON_CX = -0.35
PROGRAMME_EX = 0.90
PROGRAMME_CX = 0.60
PROGRAMME_STARTS = (2, 3, 4)  # position of the wave, 0 = the first one published
# Standard deviations of the unit parts, in person-level units (EX) and in points of the 0-10 scale (CX, partner).
EX_BETWEEN_SD = 0.44
EX_WITHIN_SD = 0.28
CX_BETWEEN_SD = 0.70
CX_WITHIN_SD = 0.45
# Unit outcomes, one wave later: log rate or standardised slope per standard deviation of EX.
ABSENCE_ON_EX = -0.15
PRODUCTIVITY_ON_EX = 0.25
RESULT_ON_EX = 0.00
RESULT_ON_INCONGRUENCE = -0.15
# Persons.
EXIT_ON_ENGAGEMENT = -0.60
OTHER_EXIT_RATE = 0.008
REFERRAL_ON_ENPS = 0.35
PEERS_ON_ENPS = 0.80
VOLUNTARY_ON_ENPS = 1.50
ASSIGNED_ON_ENPS = 0.00
WEAKEST_LINK = 0.35
ALIGNMENT_MODERATION = 0.12
DELIVERY_SLOPE = 0.18
PROMISE_SLOPE = -0.08
MISMATCH = -0.05
PAY_SLOPE = 0.15
FACET_SLOPE = 0.15
PAY_BY_FACET = -0.10
CLICKS_ON_RECOMMENDATION = 0.0


def planted_truth() -> dict[str, dict[str, object]]:
    """Give the planted effect or null of every hypothesis, for `truth.yaml` and for tests of recovery.

    Returns
    -------
    dict
        Hypothesis id to ``effect`` ("present", "null" or "mixed"), ``says`` (one sentence) and the parameters.

    Examples
    --------
    >>> planted_truth()["two-way"]["cx_to_ex"]
    0.1
    """
    lags = {"ex_to_cx": EX_TO_CX, "cx_to_ex": CX_TO_EX, "autoregression": AUTOREGRESSION}

    def entry(effect: str, says: str, **parameters: object) -> dict[str, object]:
        return {"effect": effect, "says": says, **parameters}

    return {
        "engagement-cx": entry(
            "present",
            "Between units CX rises with EX, more so with customer contact; the type of unit confounds part of it.",
            between_slope=BETWEEN_SLOPE,
            contact_moderation=CONTACT_MODERATION,
            type_shift_ex=dict(zip(UNIT_TYPES, TYPE_EX, strict=True)),
            type_shift_cx=dict(zip(UNIT_TYPES, TYPE_CX, strict=True)),
        ),
        "engaged-minority": entry(
            "present", "Fewer than half of the answer sheets are engaged: see implied."
        ),
        "employee-first": entry(
            "present",
            "The named employee-first driver carries more than the named customer-first one for all four outcomes, "
            "least for promote; d_rules has a reversed sign; d_recognition and d_appreciation are collinear.",
            named_employee_first="d_needs",
            named_customer_first="d_customers_decide",
            reversed_sign="d_rules",
            collinear=["d_recognition", "d_appreciation"],
            slopes={y: dict(zip(DRIVERS, b, strict=True)) for y, b in DRIVER_SLOPES.items()},
            engagement_slopes=dict(ENGAGEMENT_SLOPES),
        ),
        "ex-precedes-cx": entry(
            "present", "EX moves CX a wave later, within units, more than the reverse.", **lags
        ),
        "two-way": entry("present", "Both cross-lagged effects exist within units.", **lags),
        "vicious-circle": entry(
            "present",
            "The loop gain is the product of the two paths; complaints follow CX, and a surprise in complaints hits "
            "EX a wave later; good and bad shocks are symmetrical (a null).",
            loop_gain=round(EX_TO_CX * CX_TO_EX, 6),
            complaints_on_cx=COMPLAINTS_ON_CX,
            complaint_shock_on_ex=COMPLAINT_SHOCK,
            asymmetry=0.0,
        ),
        "balance": entry(
            "mixed",
            "The result a wave later falls with the squared gap between standardised EX and CX, whichever of the two "
            "is ahead: who comes off worse makes no difference.",
            curvature_incongruence=RESULT_ON_INCONGRUENCE,
            slope_incongruence=0.0,
        ),
        "engagement-chain": entry(
            "present",
            "Experience moves engagement (0.60 plus 0.25 through d_needs), engagement moves enps and effort; "
            "unit EX and CX are linked as under engagement-cx and two-way.",
            experience_on_engagement=0.60,
            needs_on_engagement=0.25,
            engagement_on_enps=ENGAGEMENT_SLOPES["enps"],
            engagement_on_effort=ENGAGEMENT_SLOPES["effort"],
        ),
        "aligned-workforce": entry(
            "present",
            "Customer-oriented behaviour follows the weakest of readiness, willingness and ability, and alignment "
            "strengthens their mean.",
            weakest_link=WEAKEST_LINK,
            alignment_moderation=ALIGNMENT_MODERATION,
        ),
        "promise-delivered": entry(
            "present",
            "Stay rises with delivery, falls with promise and with their squared gap.",
            delivery=DELIVERY_SLOPE,
            promise=PROMISE_SLOPE,
            squared_gap=MISMATCH,
        ),
        "journey-moments": entry(
            "present",
            "Every moment counts, work and growth most, and so do the phases before and after employment; "
            "the rating of the last moment caps the recommendation at 4 + rating (a necessary condition).",
            weights={name: weight for name, _, weight in MOMENTS},
            ceiling="4 + rating",
            commented=COMMENTED,
            tone_by_rating={
                rating: dict(zip(TONES, chances, strict=True)) for rating, chances in TONE_BY_RATING.items()
            },
        ),
        "needs-segments": entry(
            "present",
            "Three segments, independent of function, department, business unit and location, move enps and effort.",
            segments=dict(zip(SEGMENTS, SEGMENT_SHARES, strict=True)),
            effects={name: list(values) for name, values in SEGMENT_EFFECTS.items()},
        ),
        "human-experience": entry(
            "mixed",
            "Partner experience goes with EX and CX between units, and not at all within units.",
            partner_on_ex_between=PARTNER_ON_EX,
            partner_on_cx_between=PARTNER_ON_CX,
            partner_on_ex_within=0.0,
            partner_on_cx_within=0.0,
        ),
        "business-outcomes": entry(
            "mixed",
            "Per standard deviation of EX: fewer exits and less absence, more productivity a wave later; no linear "
            "effect on the result.",
            exit_logit_per_engagement=EXIT_ON_ENGAGEMENT,
            absence_log_rate=ABSENCE_ON_EX,
            productivity=PRODUCTIVITY_ON_EX,
            result=RESULT_ON_EX,
        ),
        "talent-magnet": entry(
            "present",
            "Engaged people leave less often; units with a high eNPS have more referred applicants.",
            exit_logit_per_engagement=EXIT_ON_ENGAGEMENT,
            referred_applicants_log_rate=REFERRAL_ON_ENPS,
        ),
        "people-not-process": entry(
            "present",
            "Standardisation takes away what skill adds to CX; autonomy adds to CX.",
            standardisation_by_skill=STANDARDISATION_BY_SKILL,
            skill=SKILL_SLOPE,
            autonomy=AUTONOMY_SLOPE,
        ),
        "pay-is-not-enough": entry(
            "present",
            "Pay matters more for staying where experience is poor.",
            pay=PAY_SLOPE,
            experience=FACET_SLOPE,
            pay_by_experience=PAY_BY_FACET,
        ),
        "peers-carry-peers": entry(
            "mixed",
            "The earlier share of promoters among colleagues, and of voluntary ambassadors, lifts a person's enps; "
            "assigned ambassadors do nothing.",
            promoters_on_enps=PEERS_ON_ENPS,
            voluntary_on_enps=VOLUNTARY_ON_ENPS,
            assigned_on_enps=ASSIGNED_ON_ENPS,
        ),
        "beyond-clicks": entry(
            "mixed",
            "Ratings of moments move the recommendation; clicks and views do not.",
            ratings={name: weight for name, _, weight in MOMENTS},
            clicks_and_views=CLICKS_ON_RECOMMENDATION,
        ),
        "programme-effect": entry(
            "present",
            "From its start a programme lifts EX, and from a wave later CX, by a constant amount in within-unit "
            "standard deviations; parallel trends hold.",
            on_ex=PROGRAMME_EX,
            on_cx_one_wave_later=PROGRAMME_CX,
            starts=[f"wave {position + 1}" for position in PROGRAMME_STARTS],
        ),
    }
