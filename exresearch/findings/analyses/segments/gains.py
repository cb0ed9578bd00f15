"""Explained variance of outcomes among people who had no part in a fit: segments, categories, needs, and both."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr

from exresearch.findings.analyses.dependence import FEW_UNITS
from exresearch.findings.analyses.segments.people import People
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.models import NotEstimable
from exresearch.models.gain import fold_numbers, unit_gain
from exresearch.models.segmentation import Cells, HeldOutFits, Refits, featured, held_out_fits, refitted
from exresearch.models.segmentation.features import Features
from exresearch.study.languages import worded

FOLDS = 10
#: People times repeats: of few people the folds are drawn again and again.
_ROWS_OF_FOLDS = 4000
#: Of few units a penalty is chosen by chance, which no influence knows of: the interval is then no narrower than by the
#: factor for overlapping training parts of Nadeau & Bengio 2003 (doi:10.1023/A:1024068626366).
_OVERLAP = float(np.sqrt(1 + FOLDS / (FOLDS - 1)))
_METHOD = (
    "nested cross-validation by {by}; gain linearised over {by}, in what is predicted and in what is learnt"
)
_BY = {
    "unit": "unit",
    "person": "person",
    "row": "person",
}
FloatArray = NDArray[np.float64]


@dataclass(slots=True, eq=False)
class HeldOut:
    """Predictions by other people's models, the same folds for all.

    Attributes
    ----------
    people : People
    folds : ndarray [repeats, n] of int
    seed : int
    fits : dict of str to list of HeldOutFits
        By model, one per repeat.
    """

    people: People
    folds: NDArray[np.int64]
    seed: int
    fits: dict[str, list[HeldOutFits]] = field(default_factory=dict)
    _refits: dict[int, Refits] = field(default_factory=dict)
    _features: Features | None = None

    def add(self, name: str, *, base: FloatArray | Cells | None = None, segments: int | str | None = None,
            most_columns: int | None = None, free: int = 0) -> None:  # fmt: skip
        """Predict by a model: plain columns, segments found anew in every training part, or both.

        `segments` is their number, or "bic": the number too is then chosen anew in every training part.
        """
        n, outcomes = len(self.people.needs), self.people.outcomes.to_numpy(dtype="float64")
        inside = None if segments is None else self._segments(segments)
        made = []
        for number, fold in enumerate(self.folds):
            designs: FloatArray | Cells | list[Cells]
            if inside is not None:
                designs = inside[number]
                if base is not None:
                    assert isinstance(base, Cells)  # noqa: S101
                    free = designs[0].rows.shape[1]
                    designs = [base.beside(cells) for cells in designs]
            else:
                designs = Cells(np.zeros((1, 0)), np.zeros(n, dtype=np.int64)) if base is None else base
            made.append(
                held_out_fits(
                    designs,
                    outcomes,
                    fold=fold,
                    weights=self.people.weights,
                    groups=self.people.codes,
                    most_columns=most_columns,
                    free=free,
                )
            )
        self.fits[name] = made

    def gain(
        self, full: str, *, base: str, conf_level: float, outcome: int | None = None
    ) -> pd.DataFrame | None:
        """Explained variance of one model beyond another, mean over outcomes or of one; None where not estimable.

        The interval knows that with other people the regressions would be others too. Segments are taken as found.
        """
        outcomes, weights = self.people.outcomes.to_numpy(dtype="float64"), self.people.weights
        chosen = list(range(outcomes.shape[1])) if outcome is None else [outcome]
        known = ~np.isnan(outcomes[:, chosen])
        # Every outcome counts the same, however many answered it.
        scale = len(outcomes) / (weights @ known)
        there = np.unique(self.people.codes[known.any(axis=1) & (weights > 0)])
        made = {"base": base, "full": full, "null": "mean"}
        squares, training = (
            pd.DataFrame(
                {
                    name: sum(getattr(fit, part)[:, chosen] @ scale for fit in self.fits[model])[there]
                    for name, model in made.items()
                },
                index=there,
            )
            for part in ("squares", "training")
        )
        try:
            found = unit_gain(squares, training=training, conf_level=conf_level)
        except NotEstimable:
            return None
        if found["n_clusters"].iloc[0] < FEW_UNITS:
            given = unit_gain(squares, conf_level=conf_level)
            found = _at_least(found, given["std_error"] * _OVERLAP)
        n = int(known.any(axis=1).sum())
        by_unit = self.people.groups.by == "unit"
        return found[found["term"] == "gain"].assign(
            n=n, n_units=found["n_clusters"].iloc[0] if by_unit else None
        )

    def record(
        self, name: str, full: str, *, base: str, label: Note, conf_level: float, outcome: int | None = None
    ) -> EstimateRecord | None:
        """The same as a record."""
        found = self.gain(full, base=base, conf_level=conf_level, outcome=outcome)
        if found is None:
            return None
        return estimate_record(
            found,
            "gain",
            name=name,
            label=label,
            unit_of_measurement="variance_share",
            method=method(self.people),
        )

    def _segments(self, number: int | str) -> list[list[Cells]]:
        """Segments as predictors, per repeat and fold."""
        numbers = [int(number)] if number != "bic" else [2, 3, 4, 5, 6]
        for k in numbers:
            if k not in self._refits:
                self._refits[k] = self._refitted(k)
        fits = [self._refits[k] for k in numbers]
        best = np.stack([fit.bic for fit in fits]).argmin(axis=0)
        columns = [
            Cells(np.eye(numbers[which]), fits[which].segments[:, place].astype(np.int64))
            for place, which in enumerate(best)
        ]
        folds = int(self.folds[0].max()) + 1
        return [columns[start : start + folds] for start in range(0, len(columns), folds)]

    def _refitted(self, k: int) -> Refits:
        kept = np.concatenate([fold[:, None] != np.arange(fold.max() + 1) for fold in self.folds], axis=1)
        weights = kept * (self.people.weights / self.people.weights.mean())[:, None]
        if self._features is None:
            self._features = featured(self.people.needs, kind=self.people.kind)
        return refitted(self._features, k=k, weights=weights, seed=self.seed)


def held_out(people: People, *, seed: int, by_person: bool = False) -> HeldOut:
    """Draw folds of groups, so that nobody's colleagues of the same unit help to predict them.

    Parameters
    ----------
    people : People
        Of :func:`exresearch.findings.analyses.segments.people.people`.
    seed : int
        Of the folds and of the starts of segments.
    by_person : bool
        Put people in folds by themselves, also where units are kept together otherwise.

    Returns
    -------
    HeldOut
        With the predictions ``mean``, by the mean alone.

    Raises
    ------
    NotEstimable
        If there are too few groups for folds.
    """
    n = len(people.needs)
    codes = np.arange(n) if by_person else people.codes
    repeats = int(np.clip(_ROWS_OF_FOLDS // max(n, 1), 1, 5))
    numbers = fold_numbers(int(codes.max()) + 1, folds=FOLDS, repeats=repeats, seed=seed)
    made = HeldOut(people, numbers[:, codes], seed)
    made.add("mean")
    return made


def _at_least(found: pd.DataFrame, std_error: pd.Series) -> pd.DataFrame:
    """The interval with another standard error where that is larger."""
    factor = np.maximum(std_error / found["std_error"], 1.0)
    estimate = found["estimate"]
    statistic: pd.Series = found["statistic"] / factor
    return found.assign(
        std_error=found["std_error"] * factor,
        statistic=statistic,
        p_value=2 * stdtr(found["df"], -statistic.abs()),
        conf_low=estimate - factor * (estimate - found["conf_low"]),
        conf_high=estimate + factor * (found["conf_high"] - estimate),
    )


def method(people: People) -> Note:
    """How an interval was made."""
    return Note(message=_METHOD, values={"by": worded(_BY[people.groups.by])})
