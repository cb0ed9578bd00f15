"""What a client contributes to pooled drivers: one moment matrix of all complete answer sheets, and its importances."""

from __future__ import annotations

import json
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat, model_validator

from exresearch.findings.parts import Frozen

FloatArray = NDArray[np.float64]
#: Fewer people than this do not contribute, whatever the rules of the report.
LEAST_PEOPLE = 30


class Contributed(Frozen):
    """A driver, or the outcome, of a contribution, by its construct; more is more of it, reversed or not."""

    name: str
    label: dict[str, str]
    block: str | None
    group: str | None
    minimum: FiniteFloat
    maximum: FiniteFloat


class DriverMoments(Frozen):
    """Weighted sums over all complete answer sheets of a client, and what they say there.

    ``moments`` is the sum of w z z' with z = (1, outcome, drivers in order), row by row: its first row holds the sums
    of w and of w x. ``importance`` is LMG of each driver in the client's own data and ``covariance`` that of its
    bootstrap replicates, with whole units resampled where there are ten of them or more: what standard errors of
    importances are made of. Nothing in it is of a unit, a wave or a person.

    Raises
    ------
    pydantic.ValidationError
        If shapes do not fit, the matrix is not one of moments, or fewer than 30 people are behind it.
    """

    schema_version: Literal["1.0"] = "1.0"
    kind: Literal["drivers"] = "drivers"
    outcome: Contributed
    drivers: tuple[Contributed, ...] = Field(min_length=2)
    n: int = Field(ge=1)
    n_people: int = Field(ge=LEAST_PEOPLE)
    n_units: int = Field(ge=1)
    resampled: Literal["unit", "person", "row"]
    weighted: bool
    moments: tuple[tuple[FiniteFloat, ...], ...]
    importance: tuple[FiniteFloat, ...]
    covariance: tuple[tuple[FiniteFloat, ...], ...]
    r_squared: FiniteFloat

    @model_validator(mode="after")
    def _check(self) -> Self:
        size = len(self.drivers) + 2
        if np.shape(self.moments) != (size, size):
            raise ValueError(f"moments must be {size} by {size}: 1, the outcome and each driver.")
        if len(self.importance) != size - 2 or np.shape(self.covariance) != (size - 2, size - 2):
            raise ValueError(f"importance and covariance must be of the {size - 2} drivers.")
        names = [driver.name for driver in self.drivers]
        if len(set(names)) < len(names):
            raise ValueError("two drivers measure the same construct.")
        matrix = np.asarray(self.moments)
        if not np.allclose(matrix, matrix.T, rtol=1e-9) or matrix[0, 0] <= 0.0:
            raise ValueError("moments must be symmetric, with a positive sum of weights.")
        if np.linalg.eigvalsh(self.within()).min() < -1e-8 * np.trace(self.within()):
            raise ValueError(
                "moments do not belong to any answers: a covariance matrix has no negative root."
            )
        return self

    def within(self) -> FloatArray:
        """Return the weighted covariance matrix of outcome and drivers."""
        matrix = np.asarray(self.moments, dtype="float64")
        means = matrix[0, 1:] / matrix[0, 0]
        return np.asarray(matrix[1:, 1:] / matrix[0, 0] - np.outer(means, means))

    def std_errors(self) -> FloatArray:
        """Return the standard error of each importance."""
        return np.sqrt(np.diag(np.asarray(self.covariance, dtype="float64")))

    def as_text(self) -> str:
        """Return the file's content: one row of a matrix on a line, shortest floats that read back the same."""
        content = self.model_dump(mode="json")
        lines = []
        for key, value in content.items():
            if key in ("moments", "covariance", "drivers"):
                rows = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in value)
                lines.append(f"  {json.dumps(key)}: [\n{rows}\n  ]")
            else:
                lines.append(f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
        return "{\n" + ",\n".join(lines) + "\n}\n"
