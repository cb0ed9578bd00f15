"""The ledger of published figures: context beside a client's figure, never a target."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
    ValidationError,
    model_validator,
)

from exresearch.findings.registry import Text, load_registry, problems
from exresearch.study.yaml_file import shipped_yaml

FigureUnit = Literal[
    "ratio", "odds_ratio", "share", "share_difference", "correlation", "points", "sum_score", "relative_difference",
    "direction", "definition", "quotation",
]  # fmt: skip
_WITHOUT_NUMBER = ("direction", "definition", "quotation")


class PublishedFigure(BaseModel):
    """One published figure, with what it means and what is wrong with it.

    ``value`` is in natural units: a share of 13 % is 0.13, 147 % more is 1.47, 2 % less is -0.02. ``year`` is the last
    year of the data (of publication where the data are not dated; none where neither is known), ``period`` spells out
    a longer one. ``estimand``
    names the only estimand that it may be set beside; without one the figure is background. ``source`` is a reference,
    which stays in its own language, or words of ours about where the figure comes from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    value: FiniteFloat | None
    unit: FigureUnit
    definition: Text
    year: int | None = Field(ge=1900, le=2100)
    period: str | None = None
    region: Text
    source: Annotated[str, StringConstraints(min_length=1, pattern=r"^\S(.*\S)?$")] | Text
    doi: str | None = Field(default=None, pattern=r"^10\.[0-9]{4,9}/\S+$")
    caveat: Text
    hypotheses: tuple[str, ...] = Field(min_length=1)
    estimand: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.value is None) != (self.unit in _WITHOUT_NUMBER):
            raise ValueError(
                f"figure {self.id!r}: units {', '.join(_WITHOUT_NUMBER)} go without a value and all "
                "others with one; "
                f"got {self.value} with {self.unit!r}."
            )
        if self.unit == "share" and self.value is not None and not 0 <= self.value <= 1:
            raise ValueError(f"figure {self.id!r}: a share lies between 0 and 1; got {self.value}.")
        if self.unit == "correlation" and self.value is not None and not -1 <= self.value <= 1:
            raise ValueError(f"figure {self.id!r}: a correlation lies between -1 and 1; got {self.value}.")
        registry = load_registry()
        for hypothesis in self.hypotheses:
            if hypothesis not in registry:
                # Asking for it gives the message with the nearest legal id.
                try:
                    registry[hypothesis]
                except KeyError as error:
                    raise ValueError(f"figure {self.id!r}: {error}") from error
        names = {
            estimand.name for hypothesis in self.hypotheses for estimand in registry[hypothesis].estimands
        }
        if self.estimand is not None and self.estimand not in names:
            raise ValueError(
                f"figure {self.id!r}: estimand {self.estimand!r} does not decide "
                f"{', '.join(self.hypotheses)}; "
                f"legal: {', '.join(sorted(names))}."
            )
        return self


class _Ledger(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    claims: tuple[PublishedFigure, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        ids = [figure.id for figure in self.claims]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"figure ids must be unique; given more than once: {', '.join(twice)}.")
        return self


def parse_claims(text: str) -> tuple[PublishedFigure, ...]:
    """Read a ledger of published figures from YAML text.

    Parameters
    ----------
    text : str
        YAML with the key ``claims``.

    Returns
    -------
    tuple of PublishedFigure
        In the order of the file.

    Raises
    ------
    ValueError
        If a field is missing, unknown, of the wrong type, or refers to a hypothesis or estimand that does not exist;
        all problems at once, each with its key.
    """
    try:
        return _Ledger.model_validate_json(json.dumps(shipped_yaml(text))).claims
    except ValidationError as error:
        raise ValueError(f"claims.yaml: {problems(error)}") from error


@cache
def load_claims() -> tuple[PublishedFigure, ...]:
    """Read the ledger that ships with the package.

    Returns
    -------
    tuple of PublishedFigure

    Examples
    --------
    >>> {figure.id: figure.value for figure in load_claims()}["temkin-2016-ratio"]
    1.53
    """
    return parse_claims(files("exresearch.findings").joinpath("claims.yaml").read_text(encoding="utf-8"))


def claims_for(hypothesis_id: str) -> tuple[PublishedFigure, ...]:
    """Return the published figures that bear on one hypothesis.

    Parameters
    ----------
    hypothesis_id : str
        Id in the registry.

    Returns
    -------
    tuple of PublishedFigure
        In the order of the ledger; empty where nothing was published.

    Raises
    ------
    UnknownHypothesis
        If the id is not in the registry.

    Examples
    --------
    >>> [figure.id for figure in claims_for("engagement-cx") if figure.estimand == "ratio"]
    ['temkin-2016-ratio']
    """
    known = load_registry()[hypothesis_id].id
    return tuple(figure for figure in load_claims() if known in figure.hypotheses)
