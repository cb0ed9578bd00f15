"""The registry of hypotheses: what is claimed, which number decides it, and what data that takes."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection
from functools import cache
from importlib.resources import files
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from exresearch.findings.decision import DirectionVerdict
from exresearch.findings.hypothesis import (
    DIRECTION_VERDICTS,
    MIN_WAVES_FOR_DIRECTION,
    Alternative,
    Estimand,
    Family,
    Hypothesis,
    Needs,
    Phrases,
    Text,
)
from exresearch.study.yaml_file import shipped_yaml

__all__ = [
    "DIRECTION_VERDICTS",
    "MIN_WAVES_FOR_DIRECTION",
    "Alternative",
    "DirectionVerdict",
    "Estimand",
    "Family",
    "Hypothesis",
    "Needs",
    "Phrases",
    "Registry",
    "Text",
    "UnknownHypothesis",
    "load_registry",
    "parse_registry",
    "problems",
]


class UnknownHypothesis(KeyError):
    """An id that is not in the registry; the message gives the nearest id and all legal ones."""

    def __init__(self, received: str, legal: Collection[str]) -> None:
        self.received = received
        self.legal = tuple(legal)
        self.nearest = difflib.get_close_matches(received, self.legal, n=1, cutoff=0.0)[0]
        super().__init__(received)

    def __str__(self) -> str:
        return (
            f"hypothesis {self.received!r} is not in the registry; the nearest id is {self.nearest!r}. "
            f"Legal ids: {', '.join(self.legal)}."
        )


class Registry(BaseModel):
    """All hypotheses and families, in reading order."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    families: tuple[Family, ...]
    hypotheses: tuple[Hypothesis, ...] = Field(min_length=1)

    @property
    def ids(self) -> tuple[str, ...]:
        """All legal ids, in reading order."""
        return tuple(hypothesis.id for hypothesis in self.hypotheses)

    def __len__(self) -> int:
        return len(self.hypotheses)

    def __contains__(self, hypothesis_id: object) -> bool:
        return hypothesis_id in self.ids

    def __getitem__(self, hypothesis_id: str) -> Hypothesis:
        """Return one hypothesis; :class:`UnknownHypothesis` where there is none of that id."""
        for hypothesis in self.hypotheses:
            if hypothesis.id == hypothesis_id:
                return hypothesis
        raise UnknownHypothesis(hypothesis_id, self.ids)

    def family_of(self, hypothesis_id: str) -> Family:
        """Return the multiplicity family of a hypothesis; :class:`UnknownHypothesis` as above."""
        name = self[hypothesis_id].family
        return next(family for family in self.families if family.id == name)

    def in_notebook(self, notebook: str) -> tuple[Hypothesis, ...]:
        """Return the hypotheses that a notebook (file stem) decides; empty where it decides none."""
        return tuple(hypothesis for hypothesis in self.hypotheses if hypothesis.notebook == notebook)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for kind, ids in (("hypothesis", self.ids), ("family", tuple(family.id for family in self.families))):
            twice = sorted({name for name in ids if ids.count(name) > 1})
            if twice:
                raise ValueError(f"{kind} ids must be unique; given more than once: {', '.join(twice)}.")
        declared = {family.id: family for family in self.families}
        for hypothesis in self.hypotheses:
            if hypothesis.family not in declared:
                raise ValueError(
                    f"hypothesis {hypothesis.id!r}: family {hypothesis.family!r} is not declared; "
                    f"declared: {', '.join(declared)}."
                )
            family = declared[hypothesis.family]
            strangers = [name for name in hypothesis.components if name not in family.components]
            if strangers:
                raise ValueError(
                    f"hypothesis {hypothesis.id!r}: family {family.id!r} has no component "
                    f"{', '.join(strangers)}; "
                    f"it has: {', '.join(family.components) or 'none'}."
                )
            if family.direction != bool(hypothesis.direction_verdicts):
                raise ValueError(
                    f"hypothesis {hypothesis.id!r}: direction_verdicts belong to families marked "
                    "'direction: true' "
                    f"and to no other; family {family.id!r} has direction {str(family.direction).lower()}."
                )
        unused = sorted(set(declared) - {hypothesis.family for hypothesis in self.hypotheses})
        if unused:
            raise ValueError(f"families without a hypothesis: {', '.join(unused)}.")
        return self


def parse_registry(text: str) -> Registry:
    """Read a registry from YAML text.

    Parameters
    ----------
    text : str
        YAML with the keys ``families`` and ``hypotheses``.

    Returns
    -------
    Registry

    Raises
    ------
    ValueError
        If a field is missing, unknown, of the wrong type or inconsistent; all problems at once, each with its key.
    """
    try:
        # Strict validation from JSON, where a list is a legal tuple and no number is guessed from text.
        return Registry.model_validate_json(json.dumps(shipped_yaml(text)))
    except ValidationError as error:
        raise ValueError(f"hypotheses.yaml: {problems(error)}") from error


@cache
def load_registry() -> Registry:
    """Read the registry that ships with the package.

    Returns
    -------
    Registry
        The same frozen object at every call.

    Examples
    --------
    >>> load_registry()["engagement-cx"].notebook
    '02_engagement_and_cx'
    """
    return parse_registry(
        files("exresearch.findings").joinpath("hypotheses.yaml").read_text(encoding="utf-8")
    )


def problems(error: ValidationError) -> str:
    """Say all problems of a validation error in one line, each with the key where it is."""
    items = error.errors()
    lines = []
    for item in items:
        # A list whose only entry is wrong also counts as empty: that is the same problem said twice.
        inside = [
            other for other in items if other is not item and other["loc"][: len(item["loc"])] == item["loc"]
        ]
        if item["type"] == "too_short" and inside:
            continue
        key = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        lines.append(f"{key}: {message}" if key else message)
    return "; ".join(lines)
