"""Weights to known margins, wave by wave, as the study file asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from exresearch.study.codebook import Codebook
from exresearch.study.parameters import StudyFile, Weighting
from exresearch.study.problems import NAMEABLE, Problem, StudyError
from exresearch.study.remarks import Remark
from exresearch.study.tables.table import Table
from exresearch.study.weights.margins import are_counts, check_margins, staff_margins
from exresearch.study.weights.phases import at_work, phase_column
from exresearch.study.weights.raking import Raked, rake
from exresearch.study.weights.staff import categories_disagree, category_of

ALL_WAVES = "all"
_LACKING = "without a category to weight by"
_SHOWN = 5
_Margins = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class WaveWeights:
    """How the weights of one table and wave were raked.

    Attributes
    ----------
    table, wave : str
        Which answers; the wave is ``all`` where they were raked together.
    n : int
        Answer sheets.
    cycles : int
        Cycles over all margins.
    converged : bool
        Whether the margins are met.
    largest_deviation : float
        Largest distance of a weighted share to its margin, from 0 to 1.
    n_trimmed : int
        Sheets whose weight lies on a bound.
    """

    table: str
    wave: str
    n: int
    cycles: int
    converged: bool
    largest_deviation: float
    n_trimmed: int


def weigh_sheets(
    tables: Mapping[str, Table], *, settings: StudyFile, codebook: Codebook, file: str
) -> tuple[dict[str, Table], tuple[WaveWeights, ...]]:
    """Give the tables of answers that the study file has margins for a column ``weight``.

    When to use it: once, after the tables were read, checked and cleared of careless sheets. Weights have mean 1 in
    each wave (in the table, where it is not raked by wave), and start from a supplied weight where the codebook has
    one. Sheets of people who are not at work (:func:`exresearch.study.weights.phases.at_work`) are no part of the staff
    that margins describe: they keep their starting weight, on the scale on which the raking of their wave began, unless
    the phase itself is weighted by; the mean of 1 is then that of the others. Supplied weights of other tables stay as
    they are.

    Parameters
    ----------
    tables : mapping of str to Table
        All tables.
    settings : StudyFile
        Its ``weighting``.
    codebook : Codebook
        Says which columns are categories, and what the dates of the staff list are.
    file : str
        Name of the study file, for the messages.

    Returns
    -------
    tuple of dict of str to Table, and tuple of WaveWeights
        The tables, those with margins weighted and with remarks; and how raking went.

    Raises
    ------
    StudyError
        Settings that cannot be: see :func:`exresearch.study.weights.margins.check_margins`. Categories in the
        data without a margin, margins without answers, a staff list without people, more answers than people,
        margins that contradict one another.
    """
    weighed, records = dict(tables), list[WaveWeights]()
    problems: list[Problem] = []
    frames = {name: table.frame for name, table in tables.items()}
    for name, weighting in settings.weighting.items():
        found = check_margins(weighting, table=name, tables=frames, codebook=codebook, file=file)
        if not found:
            one = _TableWeighting(tables[name], weighting, frames.get("people"), codebook, file)
            one.days = settings.reference_days()
            weighed[name] = one.weigh()
            records += one.records
            found = one.problems()
        problems += found
    if problems:
        raise StudyError(problems)
    return weighed, tuple(records)


class _TableWeighting:
    """Rakes one table and collects what is wrong in its waves, so that each problem is told once."""

    def __init__(
        self, table: Table, weighting: Weighting, people: pd.DataFrame | None, codebook: Codebook, file: str
    ) -> None:
        self.table, self.weighting, self.codebook, self.file = table, weighting, codebook, file
        self.people = pd.DataFrame() if people is None else people
        self.columns = [*weighting.margins, *dict.fromkeys(weighting.staff_list)]
        self.days: dict[str, pd.Timestamp] = {}
        self.records: list[WaveWeights] = []
        self.no_margin: dict[str, dict[str, int]] = defaultdict(dict)
        self.no_answers: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self.unnamed: dict[str, set[str]] = defaultdict(set)
        self.nothing: dict[str, list[str]] = defaultdict(list)
        self.too_many: dict[str, list[str]] = defaultdict(list)
        self.contradicting: list[str] = []
        self.nobody: list[str] = []
        self.counted: dict[bool, list[str]] = {True: [], False: []}

    def weigh(self) -> Table:
        """Rake every wave; meaningless where :meth:`problems` finds any."""
        frame = self.table.frame
        categories = pd.DataFrame({column: self._category(column) for column in self.columns})
        start = frame["weight"] if "weight" in frame else pd.Series(1.0, index=frame.index)
        by_wave = self.weighting.by_wave and "wave" in frame
        waves = frame["wave"] if by_wave else pd.Series(ALL_WAVES, index=frame.index)
        working = self._working()
        weights = pd.Series(float("nan"), index=frame.index)
        for wave, rows in waves[working].groupby(waves[working], sort=True).groups.items():
            margins = self._margins(str(wave) if by_wave else None)
            if self._suits(categories.loc[rows], margins, wave=str(wave)):
                weights.loc[rows] = self._rake(categories.loc[rows], start.loc[rows], margins, str(wave))
        lost = waves.isna()
        if lost.any():
            weights[lost] = start[lost] / start[lost].mean()
        for wave in waves[~working].dropna().unique():
            rest, beside = start[~working & (waves == wave)], start[working & (waves == wave)]
            weights.loc[rest.index] = rest / (rest if beside.empty else beside).mean()
        raked = working & ~lost
        lacking = int(categories[raked].isna().any(axis=1).sum())
        counted = self.table.counted | ({_LACKING: lacking} if lacking else {})
        remarks = self._remarks(
            categories[raked], n_lost=int(lost.sum()), n_elsewhere=int((~working & ~lost).sum())
        )
        return replace(
            self.table,
            frame=frame.assign(weight=weights),
            counted=counted,
            remarks=(*self.table.remarks, *remarks),
        )

    def _working(self) -> pd.Series:
        """Whether each sheet is of the people that the margins count."""
        frame = self.table.frame
        if self.table.name != "employees" or phase_column(self.codebook) in self.columns:
            return pd.Series(True, index=frame.index)
        return pd.Series(frame.index.isin(at_work(frame, self.codebook).index), index=frame.index)

    def problems(self) -> list[Problem]:
        """Return what stands in the way of weights."""
        place = f"weighting.{self.table.name}"
        problems = []
        for column in self.columns:
            where = f"{place}.margins.{column}"
            correct = "Give each a margin, or list it under 'missing' in the codebook."
            merge = "Merge it with another category, in the data and in the margins, or leave out its margin."
            if column in self.weighting.staff_list:
                where = f"{place}.staff_list.{column}"
                correct = "Write them as the staff list does, or give 'margins' instead."
                merge = "Merge it with another category in both tables, or give 'margins' instead."
            if column in self.no_margin:
                counts = self.no_margin[column]
                named = _named([name for name, n in counts.items() if n >= NAMEABLE], of=len(counts))
                message = f"{_categories(len(counts))} in the data without a margin{named}."
                problems.append(Problem(self.file, where, message, correct))
            if column in self.no_answers:
                found = self.no_answers[column]
                named = _named([name for name in found if name not in self.unnamed[column]], of=len(found))
                waves = _in_waves(list(dict.fromkeys(w for waves in found.values() for w in waves)))
                message = f"{_categories(len(found))} with a margin without answers{named}{waves}."
                problems.append(Problem(self.file, where, message, merge))
            if column in self.nothing:
                message = f"no answer sheet has this category{_in_waves(self.nothing[column])}."
                problems.append(
                    Problem(self.file, where, message, "Complete the column, or take its margins out.")
                )
            if column in self.too_many:
                people = sum(self.weighting.margins[column].values())
                message = f"the margins count {people:g} people, but more answered{_in_waves(self.too_many[column])}."
                remedy = "Give the numbers of the population, or its shares."
                problems.append(Problem(self.file, where, message, remedy))
        if self.nobody:
            message = f"the staff list has nobody to count{_in_waves(self.nobody)}."
            remedy = "Complete its dates of service and its categories, or give 'margins' instead."
            problems.append(Problem(self.file, f"{place}.staff_list", message, remedy))
        if self.contradicting:
            message = f"no weights meet all margins{_in_waves(self.contradicting)}."
            remedy = "Merge small categories, or set trim_low and trim_high, which then hold instead of the margins."
            problems.append(Problem(self.file, place, message, remedy))
        return problems

    def _category(self, column: str) -> pd.Series:
        """Category of each sheet: as the staff list says where it is counted there or the table has none."""
        frame = self.table.frame
        if column in frame and column not in self.weighting.staff_list:
            return frame[column]
        return category_of(frame, self.people, column)

    def _margins(self, wave: str | None) -> _Margins:
        margins = {column: dict(margin) for column, margin in self.weighting.margins.items()}
        listed = list(dict.fromkeys(self.weighting.staff_list))
        if listed:
            day = self.days.get(wave) if wave is not None else None
            counted, in_service = staff_margins(
                listed, wave=wave, people=self.people, codebook=self.codebook, day=day
            )
            margins |= counted
            self.counted[in_service].append(wave or ALL_WAVES)
        return margins

    def _suits(self, categories: pd.DataFrame, margins: _Margins, *, wave: str) -> bool:
        """Note what keeps the answers of a wave from being raked to these margins."""
        fine = True
        for column, margin in margins.items():
            counts = categories[column].value_counts()
            if not margin:
                # Only the staff list can count nobody.
                self.nobody += [] if wave in self.nobody else [wave]
                fine = False
                continue
            if counts.empty:
                self.nothing[column].append(wave)
                fine = False
                continue
            for category in counts.index.difference(list(margin)):
                so_far = self.no_margin[column].get(str(category), 0)
                self.no_margin[column][str(category)] = so_far + int(counts[category])
                fine = False
            for category in [name for name in margin if name not in counts.index]:
                self.no_answers[column][category].append(wave)
                if column in self.weighting.staff_list and margin[category] < NAMEABLE:
                    self.unnamed[column].add(category)
                fine = False
            of_people = column in self.weighting.margins and are_counts(margin)
            # Over all waves together the same person may answer several times.
            once = self.weighting.by_wave or "wave" not in self.table.frame
            if of_people and once and len(categories) > sum(margin.values()):
                self.too_many[column].append(wave)
                fine = False
        return fine

    def _rake(self, categories: pd.DataFrame, start: pd.Series, margins: _Margins, wave: str) -> pd.Series:
        low, high = self.weighting.trim_low, self.weighting.trim_high
        raked: Raked = rake(categories, margins=margins, start=start, trim_low=low, trim_high=high)
        if not raked.converged and low is None and high is None:
            self.contradicting.append(wave)
        self.records.append(
            WaveWeights(
                table=self.table.name,
                wave=wave,
                n=len(categories),
                cycles=raked.cycles,
                converged=raked.converged,
                largest_deviation=raked.largest_deviation,
                n_trimmed=raked.n_trimmed,
            )
        )
        return raked.weights

    def _remarks(self, categories: pd.DataFrame, *, n_lost: int, n_elsewhere: int) -> list[Remark]:
        def remark(kind: str, *, n: int = 0, detail: str = "") -> Remark:
            return Remark(self.table.name, self.file, f"weighting.{self.table.name}", kind, n, detail)

        remarks = []
        listed = list(dict.fromkeys(self.weighting.staff_list))
        if listed:
            mixed = all(self.counted.values())
            for kind, waves in zip(
                ("margins_of_wave_staff", "margins_of_all_staff"), self.counted.values(), strict=True
            ):
                if waves:
                    which = f" ({', '.join(waves)})" if mixed else ""
                    remarks.append(remark(kind, detail=", ".join(listed) + which))
            without = int(self.people[listed].isna().any(axis=1).sum())
            if without:
                remarks.append(remark("staff_without_category", n=without, detail=", ".join(listed)))
        lacking = categories.isna()
        if lacking.any(axis=None):
            columns = ", ".join(str(column) for column in categories if lacking[column].any())
            remarks.append(
                remark("sheets_without_category", n=int(lacking.any(axis=1).sum()), detail=columns)
            )
        beside = self.table.frame.loc[categories.index]
        apart = {name: categories_disagree(beside, self.people, name) for name in listed}
        columns = ", ".join(name for name in listed if apart[name].any())
        if columns:
            n = int(pd.DataFrame(apart).any(axis=1).sum())
            remarks.append(remark("categories_disagree", n=n, detail=columns))
        if n_lost:
            remarks.append(remark("sheets_not_raked", n=n_lost))
        if n_elsewhere:
            remarks.append(remark("sheets_not_at_work_not_raked", n=n_elsewhere))
        off = [_deviation(r) for r in self.records if not r.converged]
        if off:
            remarks.append(remark("margins_not_met", n=len(off), detail=", ".join(off)))
        return remarks


def _deviation(record: WaveWeights) -> str:
    share = f"{100 * record.largest_deviation:.2g} %"
    return share if record.wave == ALL_WAVES else f"{record.wave} ({share})"


def _categories(count: int) -> str:
    return "there is 1 category" if count == 1 else f"there are {count} categories"


def _named(names: list[str], *, of: int) -> str:
    if not names:
        return ""
    shown = sorted(names)[:_SHOWN]
    return f": {', '.join(repr(name) for name in shown)}{' and others' if of > len(shown) else ''}"


def _in_waves(waves: list[str]) -> str:
    named = [wave for wave in waves if wave != ALL_WAVES]
    return f" (wave {', '.join(named)})" if named else ""
