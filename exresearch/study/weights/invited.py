"""Who answered in a wave and who could have: the one count behind every response rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from exresearch.study.coded import coded
from exresearch.study.remarks import Remark
from exresearch.study.study import Study
from exresearch.study.weights.phases import working_rows
from exresearch.study.weights.staff import staff_during

ALL_WAVES = "all"


def waves_answered(study: Study) -> list[str]:
    """Return the waves that employees answered in, in order of time; ``all`` where their table has no waves."""
    frame = study.table("employees")
    if "wave" not in frame:
        return [ALL_WAVES]
    return [wave for wave in study.waves if wave in coded(frame["wave"])[1]]


def counted_waves(study: Study) -> list[str]:
    """Return the waves of ``units`` in order of time, ``all`` where it has none; for a study without answer sheets."""
    units = study.table("units")
    if "wave" not in units:
        return [ALL_WAVES]
    return [wave for wave in study.waves if (units["wave"] == wave).any()]


def answers_counted(study: Study, units: pd.DataFrame) -> pd.Series:
    """Return how many answered in each row of ``units``, by the first measure that says so; else missing."""
    names = [v.n_column for v in study.codebook.select("units", role="measure") if v.n_column is not None]
    return units[names[0]] if names else pd.Series(float("nan"), index=units.index)


def sheets_of(study: Study, wave: str, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the answer sheets of people at work in a wave, one of :func:`waves_answered`; some columns of them."""
    everyone = study.table("employees")
    working = working_rows(everyone, study.codebook)
    there = np.ones(len(everyone), dtype=bool) if working is None else working
    if wave != ALL_WAVES or "wave" in everyone:
        codes, names = coded(everyone["wave"])
        there = there & (codes == (names.get_loc(wave) if wave in names else len(names)))
    return (everyone if columns is None else everyone[list(columns)])[there]


def staff_of(study: Study, wave: str) -> pd.DataFrame | None:
    """Return the people of the staff list in service in a wave; None where that cannot be told.

    Where the study file gives the wave a day of reference, on that day.
    """
    if not study.has("people"):
        return None
    day = study.settings.reference_days().get(wave)
    return staff_during(study.table("people"), wave=wave, codebook=study.codebook, day=day)


def headcount_column(study: Study) -> str | None:
    """Return the column of ``units`` that counts the people of a unit.

    Returns
    -------
    str or None
        The column with role ``count`` whose construct is ``headcount``, else the one of that name, else None.
    """
    counts = study.codebook.select("units", role="count")
    named = [v.column for v in counts if v.construct == "headcount"]
    named += [v.column for v in counts if v.column == "headcount"]
    return named[0] if named and study.has("units", named[0]) else None


def headcount_source(study: Study, wave: str) -> str:
    """Return where the head counts of :func:`units_during` come from.

    Returns
    -------
    str
        ``head counts`` (of the units), ``staff list`` (people in service during the wave), ``whole staff list`` (where
        that cannot be told), or empty where nothing is known.
    """
    if headcount_column(study) is not None:
        return "head counts"
    if not study.has("people", "unit"):
        return ""
    return "whole staff list" if staff_of(study, wave) is None else "staff list"


def units_during(study: Study, wave: str) -> pd.DataFrame:
    """Return the units of a wave with ``n``, employees who answered, and ``headcount``.

    When to use it: for every response rate, so that the rate of a wave and those of its groups agree.

    Parameters
    ----------
    study : Study
        With units.
    wave : str
        One of :func:`waves_answered`, or of the waves of ``units``.

    Returns
    -------
    pandas.DataFrame
        Rows of ``units`` with both columns; none where ``units`` says nothing of that wave. Without waves of answers
        each unit as it was last, in order of time. A unit that answered and alone is not in ``units`` in that wave is
        there with what is known of it in another, and without a head count. The head count is that of
        :func:`headcount_column`, else the people of the unit on the staff list in service in the wave, else missing.
        Without answer sheets ``n`` is :func:`answers_counted`, missing where a unit does not say it.
    """
    own = study.has("employees", "unit")
    sheets = sheets_of(study, wave, columns=["unit"]) if own else pd.DataFrame({"unit": []})
    return _units(study, wave, answered=sheets["unit"].value_counts())


def _units(study: Study, wave: str, *, answered: pd.Series) -> pd.DataFrame:
    """The units of a wave, from the sheets of each unit in it."""
    known = _latest(study)
    units = known
    if "wave" in known and wave != ALL_WAVES:
        units = study.table("units").loc[lambda frame: frame["wave"] == wave]
    counted = headcount_column(study)
    if counted is not None:
        units = units.assign(headcount=units[counted].astype("float64"))
    lacking = pd.Index(answered.index).difference(pd.Index(units["unit"]))
    if len(lacking) and len(units):
        # Whatever stands there of another wave, its head count is not that of this one.
        added = known.set_index("unit").reindex(lacking).rename_axis("unit").reset_index()
        units = pd.concat([units, added], ignore_index=True)
    if counted is None and study.has("people", "unit"):
        during = staff_of(study, wave)
        people = study.table("people") if during is None else during
        units = units.assign(headcount=units["unit"].map(people["unit"].value_counts()).fillna(0.0))
    elif counted is None:
        units = units.assign(headcount=float("nan"))
    n = units["unit"].map(answered).fillna(0.0) if study.has("employees") else answers_counted(study, units)
    return units.assign(n=n, headcount=units["headcount"].astype("float64"))


def invited(study: Study, wave: str) -> float:
    """Return how many people could answer in a wave.

    Parameters
    ----------
    study : Study
        The client.
    wave : str
        One of :func:`waves_answered`, or of the waves of ``units``.

    Returns
    -------
    float
        The sum over :func:`units_during` where ``units`` has head counts, missing where one of them is; else the people
        on the staff list in service in the wave, missing where that cannot be told.
    """
    if headcount_column(study) is not None:
        return float(units_during(study, wave)["headcount"].sum(skipna=False))
    return _on_the_list(study, wave)


def _on_the_list(study: Study, wave: str) -> float:
    staff = staff_of(study, wave)
    return float(len(staff)) if staff is not None and len(staff) else float("nan")


def response_rate(n: float, headcount: float) -> float:
    """Return the share of people who answered; missing where it cannot be: of nobody, or above 1.

    Examples
    --------
    >>> response_rate(30, 40), response_rate(30, 20), response_rate(30, float("nan"))
    (0.75, nan, nan)
    """
    return n / headcount if headcount > 0 and n <= headcount else float("nan")


def response_remarks(study: Study) -> list[Remark]:
    """Say where a response rate cannot be right, or cannot be known.

    Parameters
    ----------
    study : Study
        The client, its remarks aside.

    Returns
    -------
    list of Remark
        ``more_answers_than_people`` (waves, or waves in which a unit has more), ``units_without_headcount`` (units that
        answered in waves in which ``units`` does not count them) and ``answers_in_no_group`` (sheets without a unit).
    """
    if not study.has("employees"):
        return []
    counted, categories = headcount_column(study), study.codebook.select("units", role="category")
    waves = waves_answered(study)
    over, unknown, lacking, unplaced = set[str](), list[str](), set[str](), 0
    placed = study.has("units", "unit") and study.has("employees", "unit")
    for wave, sheets in _sheets(study, waves).items():
        # Counted once, because a large study has many sheets in many waves.
        units = _units(study, wave, answered=sheets["unit"].value_counts()) if placed else None
        if counted is None:
            could = _on_the_list(study, wave)
        else:
            could = invited(study, wave) if units is None else float(units["headcount"].sum(skipna=False))
        over |= {wave} if len(sheets) > could else set()
        if units is not None:
            for variable in categories if len(units) else ():
                of_group = units.groupby(variable.column)[["n", "headcount"]].sum(skipna=False)
                over |= {wave} if (of_group["n"] > of_group["headcount"]).any() else set()
            without = set(units.loc[units["headcount"].isna(), "unit"]) if counted is not None else set()
            unknown += [wave] if without else []
            lacking |= without
            known = counted is not None or study.has("people", "unit")
            unplaced += int(sheets["unit"].isna().sum()) if known and categories else 0
    remarks = []

    def remark(kind: str, n: int, *, of: list[str]) -> Remark:
        named = ", ".join(wave for wave in of if wave != ALL_WAVES)
        table = "people" if counted is None else "units"
        return Remark(table, _file(study, table), counted or "", kind, n, f" ({named})" if named else "")

    if over:
        remarks.append(remark("more_answers_than_people", len(over), of=[w for w in waves if w in over]))
    if unknown:
        remarks.append(remark("units_without_headcount", len(lacking), of=unknown))
    if unplaced:
        file = _file(study, "employees")
        remarks.append(Remark("employees", file, "unit", "answers_in_no_group", unplaced))
    return remarks


def _sheets(study: Study, waves: Sequence[str]) -> dict[str, pd.DataFrame]:
    """What :func:`sheets_of` returns for each wave, its keys alone."""
    keys = study.table("employees").columns.intersection(["unit", "wave"])
    return {wave: sheets_of(study, wave, columns=list(keys)) for wave in waves}


def _latest(study: Study) -> pd.DataFrame:
    """Each unit once, as it was in its last wave."""
    units = study.table("units")
    if "wave" not in units:
        return units.drop_duplicates("unit", keep="last")
    order = {wave: position for position, wave in enumerate(study.waves)}
    in_time = units.sort_values(
        "wave", key=lambda values: values.map(order), kind="stable", na_position="first"
    )
    # As the file has them, so that its order of units is kept.
    return in_time.drop_duplicates("unit", keep="last").sort_index()


def _file(study: Study, table: str) -> str:
    return ", ".join(path.name for path in study.files.get(table, ()))
