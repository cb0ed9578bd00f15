"""One hypothesis and its parts: the claim, the number that decides it, the data it takes, its family of tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints, model_validator

from exresearch.findings.decision import Direction, DirectionVerdict
from exresearch.findings.finding import MeasurementUnit, SmallestEffect
from exresearch.study.codebook import Role
from exresearch.study.languages import in_language, languages
from exresearch.study.parameters import TableName

DIRECTION_VERDICTS: tuple[DirectionVerdict, ...] = (
    "ex_first",
    "cx_first",
    "both",
    "neither",
    "undetermined_by_design",
)
MIN_WAVES_FOR_DIRECTION = 3

_Filled = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S(.*\S)?$")]
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")]
_Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Text(_Frozen):
    """The same words in Dutch and English; the English ones are the message that other catalogues translate."""

    nl: _Filled
    en: _Filled

    def __getitem__(self, language: str) -> str:
        if language not in languages():
            raise KeyError(f"language must be one of {', '.join(languages())}; got {language!r}.")
        return in_language(self, language)

    @property
    def texts(self) -> dict[str, str]:
        """The words by language."""
        return {"nl": self.nl, "en": self.en}


class Answers(_Frozen):
    """The question behind a claim and its answers, each as one plain sentence for somebody who reads nothing else.

    ``question`` is a clause ("whether ..."), which the report completes where nothing was decided; ``equivalent`` may
    be left out, and the report then says that the effect is too small to matter.
    """

    question: Text
    supported: Text
    contradicted: Text
    equivalent: Text | None = None


class Phrases(_Frozen):
    """A list of short phrases in Dutch and English, in the same order; the English ones are messages."""

    nl: tuple[_Filled, ...] = Field(min_length=1)
    en: tuple[_Filled, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.nl) != len(self.en):
            raise ValueError(
                f"nl has {len(self.nl)} phrases and en has {len(self.en)}; give both lists the same phrases."
            )
        return self

    def __getitem__(self, language: str) -> tuple[str, ...]:
        pairs = zip(self.nl, self.en, strict=True)
        return tuple(in_language({"nl": dutch, "en": english}, language) for dutch, english in pairs)


class Estimand(_Frozen):
    """The quantity that decides, with everything the decision rule needs.

    ``meaning`` says in words what it is. ``components`` names the members of the family it is estimated for (empty:
    one number for the whole hypothesis).
    ``ex_construct`` limits it to studies whose employee measure is that construct; without it the estimand is what
    decides in every other case.
    """

    name: _Name
    meaning: Text
    unit: MeasurementUnit
    scale: Literal["linear", "log"]
    null: FiniteFloat
    direction: Direction
    smallest_effect: SmallestEffect
    reason: Text
    when: Text | None = None
    components: tuple[_Name, ...] = ()
    ex_construct: _Name | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        low, high = self.smallest_effect.low, self.smallest_effect.high
        if not low < self.null < high:
            raise ValueError(
                f"estimand {self.name!r}: the smallest effect of interest must lie on both sides of the "
                f"null {self.null}; "
                f"got {low} to {high}."
            )
        if self.scale == "log" and low <= 0:
            raise ValueError(
                f"estimand {self.name!r}: on a log scale every bound is above 0; got {low} to {high}."
            )
        return self


class Alternative(_Frozen):
    """One set of data with which a hypothesis can be tested.

    ``constructs`` and ``roles`` say, per table, what the codebook must declare; ``parts`` are measures of the
    ``units`` table: ``ex`` and ``cx`` are the constructs that the settings ``ex_measure`` and ``cx_measure`` name.
    """

    tables: tuple[TableName, ...] = Field(min_length=1)
    constructs: dict[TableName, tuple[_Name, ...]] = Field(default_factory=dict)
    roles: dict[TableName, tuple[Role, ...]] = Field(default_factory=dict)
    parts: tuple[Literal["ex", "cx", "bx"], ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        strangers = sorted((set(self.constructs) | set(self.roles)) - set(self.tables))
        if strangers:
            raise ValueError(f"constructs and roles may name listed tables only; got {', '.join(strangers)}.")
        if self.parts and "units" not in self.tables:
            raise ValueError("parts are measures of the table units; list that table.")
        return self


class Needs(_Frozen):
    """The data a hypothesis takes: one of several sets of tables, and how much of it."""

    any_of: tuple[Alternative, ...] = Field(min_length=1)
    min_units: int = Field(ge=0)
    min_waves: int = Field(ge=1)
    min_respondents: int = Field(ge=0)

    def missing(
        self,
        *,
        roles: Mapping[str, Collection[str]],
        constructs: Mapping[str, Collection[str]],
        parts: Collection[str] = (),
    ) -> tuple[str, ...]:
        """Say what is lacking, for the alternative that lacks least.

        Use it before any estimate: what is missing makes a hypothesis ``not_testable``, never an error. Counts of
        units, waves and respondents are compared by the caller, who knows what is left after cleaning.

        Parameters
        ----------
        roles : mapping of table name to roles
            Roles that the codebook declares in each table the study brings; a table absent here is a missing table.
        constructs : mapping of table name to constructs
            Constructs that the codebook declares in each table.
        parts : collection of str
            Parts (``ex``, ``cx``, ``bx``) for which ``units`` has a measure.

        Returns
        -------
        tuple of str
            Such as ``("table customers", "construct engagement in employees")``; empty when nothing is missing.

        Examples
        --------
        >>> option = Alternative(tables=("units",), parts=("ex", "cx"))
        >>> needs = Needs(any_of=(option,), min_units=10, min_waves=1, min_respondents=0)
        >>> needs.missing(roles={"units": ["unit", "measure"]}, constructs={}, parts=["ex"])
        ('part cx of units',)
        """
        return min((_lacking(option, roles, constructs, parts) for option in self.any_of), key=len)


class Family(_Frozen):
    """Tests whose p-values are corrected together.

    Claims about direction are not corrected: each asks several things at once, and no more than one of the claims can
    be wrongly supported by a single error (docs/decisions.md).
    """

    id: _Id
    label: Text
    correction: Literal["none", "holm"]
    components: dict[_Name, Text] = Field(default_factory=dict)
    direction: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.correction == "holm") != (len(self.components) > 1 and not self.direction):
            raise ValueError(
                f"family {self.id!r}: 'holm' goes with two or more components, and 'none' with fewer or with "
                f"direction; got {self.correction!r} with {len(self.components)}."
            )
        return self


class Hypothesis(_Frozen):
    """One claim of the articles, made testable before any data are read."""

    id: _Id
    title: Text
    claim: Text
    answers: Answers
    article: tuple[Annotated[str, StringConstraints(pattern=r"^00[0-4]$")], ...] = Field(min_length=1)
    estimands: tuple[Estimand, ...] = Field(min_length=1)
    rule: Literal["single", "conjunction"]
    family: _Id
    needs: Needs
    notebook: str = Field(pattern=r"^[0-9]{2}_[a-z]+(_[a-z]+)*$")
    rivals: Phrases
    power: Literal["correlation_units", "proportion_respondents", "variance_share_respondents", "panel_units"]
    direction_verdicts: tuple[DirectionVerdict, ...] = ()

    @property
    def components(self) -> tuple[str, ...]:
        """Members of the family that this hypothesis is tested on, in declared order."""
        return tuple(dict.fromkeys(name for estimand in self.estimands for name in estimand.components))

    def deciding(self, *, component: str | None = None, ex_construct: str | None = None) -> Estimand:
        """Return the estimand that decides.

        Parameters
        ----------
        component : str, optional
            Member of the family; needed where the hypothesis has components.
        ex_construct : str, optional
            Codebook construct of the employee measure. An estimand reserved for that construct goes first.

        Returns
        -------
        Estimand

        Raises
        ------
        ValueError
            If ``component`` is missing, or is not one of this hypothesis.
        """
        if component not in (self.components or (None,)):
            legal = ", ".join(self.components) or "none, this hypothesis has one number"
            raise ValueError(
                f"{self.id}: component {component!r} is not declared; legal components: {legal}."
            )
        candidates = [e for e in self.estimands if component is None or component in e.components]
        reserved = [e for e in candidates if e.ex_construct is not None and e.ex_construct == ex_construct]
        return (reserved or [e for e in candidates if e.ex_construct is None])[0]

    @model_validator(mode="after")
    def _check(self) -> Self:
        keys = [(name, e.ex_construct) for e in self.estimands for name in (e.components or (None,))]
        if len(set(keys)) != len(keys):
            raise ValueError(
                f"hypothesis {self.id!r}: two estimands decide the same component under the same condition."
            )
        if {name for name, _ in keys} != {name for name, construct in keys if construct is None}:
            raise ValueError(f"hypothesis {self.id!r}: no estimand without ex_construct to fall back on.")
        if len({bool(e.components) for e in self.estimands}) > 1:
            raise ValueError(f"hypothesis {self.id!r}: either every estimand names components or none does.")
        if len(self.estimands) > 1 and any(e.when is None for e in self.estimands):
            raise ValueError(
                f"hypothesis {self.id!r}: with more than one estimand each says when it decides."
            )
        if (self.rule == "conjunction") != (len(self.components) > 1):
            raise ValueError(
                f"hypothesis {self.id!r}: rule 'conjunction' goes with two or more components and "
                "'single' with fewer; "
                f"got {self.rule!r} with {len(self.components)}."
            )
        if self.direction_verdicts:
            self._check_direction()
        return self

    def _check_direction(self) -> None:
        if self.direction_verdicts != DIRECTION_VERDICTS:
            raise ValueError(
                f"hypothesis {self.id!r}: a direction question has exactly the verdicts "
                f"{', '.join(DIRECTION_VERDICTS)}; "
                f"got {', '.join(self.direction_verdicts)}."
            )
        if self.needs.min_waves < MIN_WAVES_FOR_DIRECTION:
            raise ValueError(
                f"hypothesis {self.id!r}: direction needs at least {MIN_WAVES_FOR_DIRECTION} waves; got "
                f"{self.needs.min_waves}."
            )


def _lacking(
    option: Alternative,
    roles: Mapping[str, Collection[str]],
    constructs: Mapping[str, Collection[str]],
    parts: Collection[str],
) -> tuple[str, ...]:
    lacking = [f"table {table}" for table in option.tables if table not in roles]
    # What is wanted inside a table that is not there counts too, so that the nearest alternative is really the nearest.
    for table, wanted in option.constructs.items():
        lacking += [
            f"construct {name} in {table}" for name in wanted if name not in constructs.get(table, ())
        ]
    for table, wanted_roles in option.roles.items():
        lacking += [f"role {name} in {table}" for name in wanted_roles if name not in roles.get(table, ())]
    lacking += [f"part {name} of units" for name in option.parts if name not in parts]
    return tuple(lacking)
