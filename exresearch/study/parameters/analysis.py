"""The settings of the analysis: what may be set, of which type, within which limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    FiniteFloat,
    ValidationInfo,
)

from exresearch.study.parameters.sources import NAME, Strict


def _none_or_several(value: int) -> int:
    """Refuse so few imputations that their differences say nothing about what is missing."""
    if 0 < value < 5:
        raise ValueError(f"{value} imputations are too few: give 5 to 200, or 0 for none")
    return value


def _below_promoters(value: int, info: ValidationInfo) -> int:
    """Refuse cut-points by which one answer makes both a promoter and a detractor."""
    promoters = info.data.get("enps_promoters_from")
    if info.data.get("enps_variant") == "custom" and promoters is not None and value >= promoters:
        raise ValueError(
            f"{value} is not below enps_promoters_from ({promoters}): nobody can be promoter and detractor at once"
        )
    return value


def _not_all_zero(value: float, info: ValidationInfo) -> float:
    """Refuse a composite without any weight."""
    others = [info.data.get("composite_ex"), info.data.get("composite_cx")]
    if value == 0 and all(other == 0 for other in others):
        raise ValueError(
            "composite_ex, composite_cx and composite_bx are all 0: give at least one of them a weight"
        )
    return value


class Parameters(Strict):
    """Settings of the analysis: flat and typed, each the default of a notebook's parameters cell."""

    ex_measure: str = Field(
        "engagement", pattern=NAME, description="Construct that stands for employee experience."
    )
    ex_alternative: str = Field(
        "",
        pattern=r"^([a-z][a-z0-9_]*)?$",
        description="A second construct for employee experience, shown as a check.",
    )
    cx_measure: str = Field("cx", pattern=NAME, description="Construct that stands for customer experience.")
    engaged_definition: Literal[
        "highly",
        "highly_or_moderately",
        "highly_approximated",
        "highly_or_moderately_approximated",
        "threshold",
    ] = Field(
        "highly_or_moderately",
        description=(
            "Who counts as engaged: bands of the three-item index (19 or more, 16 or more of 21), the same bands "
            "approximated by stretching three items of another scale to 1-7, or a threshold."
        ),
    )
    engaged_threshold: FiniteFloat = Field(
        5.0,
        description="Mean item score from which someone counts as engaged, with engaged_definition: threshold.",
    )
    leader_share: FiniteFloat = Field(
        0.25,
        ge=0.05,
        le=0.5,
        description="Share of units that are leaders, and laggards, in customer experience.",
    )
    set_apart: str = Field(
        "",
        pattern=r"^([^=]+=.+)?$",
        description="Category of units to set apart as a check, as 'column=value'; empty for none.",
    )
    moderator: str = Field(
        "",
        pattern=r"^([a-z][a-z0-9_]*)?$",
        description=(
            "Construct of the units that may strengthen the link, such as the intensity of customer contact; empty for "
            "none."
        ),
    )
    later_outcome: str = Field(
        "",
        pattern=r"^([a-z][a-z0-9_]*)?$",
        description=(
            "Construct of the units that a balance of EX and CX should serve a wave later, such as the result; "
            "empty for none."
        ),
    )
    waves_overlap: bool = Field(
        False,
        description="Whether successive waves share part of the time they measure; no wave then comes before another.",
    )
    programme: str = Field(
        "",
        pattern=r"^([^\s].*)?$",
        description="Flag of the units that says when a programme runs; may be empty where there is one flag.",
    )
    anticipation: int = Field(
        0, ge=0, le=4, description="Waves before its start in which a programme may work already."
    )
    composite_ex: FiniteFloat = Field(
        1.0,
        ge=0,
        description="Weight of employee experience in a composite of EX, CX and BX; their sum is free.",
    )
    composite_cx: FiniteFloat = Field(
        1.0, ge=0, description="Weight of customer experience in that composite."
    )
    composite_bx: Annotated[FiniteFloat, AfterValidator(_not_all_zero)] = Field(
        1.0,
        ge=0,
        validate_default=True,
        description="Weight of partner experience in that composite; not all three are 0.",
    )
    enps_variant: Literal["us", "eu", "custom"] = Field(
        "us",
        description=(
            "Promoters and detractors: us = 9-10 and 0-6, eu = 8-10 and 0-5, custom = by the two settings that follow. "
            "Printed beside every score."
        ),
    )
    enps_promoters_from: int = Field(
        9, ge=1, le=10, description="Lowest answer of a promoter, with enps_variant: custom."
    )
    enps_detractors_to: Annotated[int, AfterValidator(_below_promoters)] = Field(
        6,
        ge=0,
        le=9,
        validate_default=True,
        description="Highest answer of a detractor, with enps_variant: custom.",
    )
    marker: str = Field(
        "",
        pattern=r"^([^\s].*)?$",
        description=(
            "A question or construct that has nothing to do with the others, to correct correlations for what comes "
            "from one questionnaire; empty for none."
        ),
    )
    conf_level: FiniteFloat = Field(
        0.95, ge=0.8, le=0.999, description="Level of every interval; alpha is 1 minus it."
    )
    n_boot: int = Field(2000, ge=200, le=100_000, description="Bootstrap replicates.")
    n_imputations: Annotated[int, AfterValidator(_none_or_several)] = Field(
        20,
        ge=0,
        le=200,
        description="Times that missing answers are imputed, to check the driver models: 5 to 200; 0 for no check.",
    )
    seed: int = Field(2016, ge=0, le=2**32 - 1, description="Seed of every random draw.")
    min_respondents: int = Field(
        5, ge=5, le=1000, description="Respondents behind a shown number; 5 or more."
    )
    min_comments: int = Field(
        10, ge=10, le=1000, description="People behind what is shown of comments; 10 or more."
    )
    min_model: int = Field(
        30, ge=30, le=100_000, description="Respondents behind a driver model; 30 or more."
    )
    min_units: int = Field(5, ge=5, le=1000, description="Units behind a figure of units; 5 or more.")
    min_unit_n: int = Field(
        5,
        ge=5,
        le=1000,
        description="Answers, and people behind them, a unit needs on each side to enter the link between EX and CX.",
    )
    least_icc2: FiniteFloat = Field(
        0.60,
        ge=0,
        le=1,
        description="Least reliability of unit means, ICC(2), below which a link between units is flagged.",
    )
    least_rwg: FiniteFloat = Field(
        0.70,
        ge=0,
        le=1,
        description="Least median agreement within units, rwg, below which a link between units is flagged.",
    )
