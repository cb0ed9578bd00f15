"""What a study brought, in two sentences: which tables, how many answers, people and units, and when."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from exresearch.disclosure import DisclosureRules, Entry, release
from exresearch.report.text import Texts, mark
from exresearch.study import TABLES, Study

_WITH_PEOPLE = {"employees": mark("{n:integer} answers of {people:integer} employees")}
_COUNTED = {
    "employees": mark("{n:integer} answers of employees"),
    "customers": mark("{n:integer} answers of customers"),
    "partners": mark("{n:integer} answers of partners"),
    "units": mark("figures of {units:integer} units"),
    "people": mark("a staff list of {n:integer} people"),
    "moments": mark("{n:integer} ratings of contact moments"),
}
_BARE = {
    "employees": mark("answers of employees"),
    "customers": mark("answers of customers"),
    "partners": mark("answers of partners"),
    "units": mark("figures of units"),
    "people": mark("a staff list"),
    "moments": mark("ratings of contact moments"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of whom.

    Attributes
    ----------
    data : str
        What the study brought, as a list in words.
    where : str
        Units and waves, a sentence; empty where the data know neither.
    entry : Entry
        What the report's ledger has to know of the numbers.
    """

    data: str
    where: str
    entry: Entry


def asked_of(study: Study, *, texts: Texts, rules: DisclosureRules) -> Asked:
    """Say what a study brought.

    Parameters
    ----------
    study : Study
        A checked study.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum groups; a number with fewer people behind it is left out.

    Returns
    -------
    Asked
    """
    rows = []
    for name in TABLES:
        if name not in study.tables:
            continue
        frame = study.tables[name]
        people = int(frame["person"].nunique()) if "person" in frame else None
        rows.append(
            {
                "table": name,
                "n": len(frame),
                "people": people,
                "units": int(frame["unit"].nunique()) if "unit" in frame else None,
                "behind": len(frame) if people is None else min(people, len(frame)),
            }
        )
    frame = pd.DataFrame(rows, columns=["table", "n", "people", "units", "behind"])
    frame = frame.astype(dict.fromkeys(("n", "people", "units", "behind"), "Int64"))
    released = release(frame, count="behind", rules=rules, name="What was asked")
    brought = [_brought(row, texts) for _, row in released.frame.iterrows()]
    units = released.frame["units"].dropna()
    return Asked(_listed(brought, texts), _where(study, units, texts), released.entry)


def _brought(row: pd.Series, texts: Texts) -> str:
    name = str(row["table"])
    counts = {key: int(row[key]) for key in ("n", "people", "units") if pd.notna(row[key])}
    if name in _WITH_PEOPLE and {"n", "people"} <= set(counts) and counts["people"] < counts["n"]:
        return texts.say(_WITH_PEOPLE[name], n=counts["n"], people=counts["people"])
    wanted = "units" if name == "units" else "n"
    if wanted in counts:
        return texts.say(_COUNTED[name], **{wanted: counts[wanted]})
    return texts.say(_BARE[name])


def _where(study: Study, units: pd.Series, texts: Texts) -> str:
    waves = list(study.waves)
    if units.empty or not waves:
        return ""
    most = int(units.max())
    if len(waves) == 1:
        return texts.say("From {units:integer} units, in one wave ({wave}).", units=most, wave=waves[0])
    return texts.say(
        "From {units:integer} units, in {waves:integer} waves ({first} to {last}).",
        units=most,
        waves=len(waves),
        first=waves[0],
        last=waves[-1],
    )


def _listed(items: list[str], texts: Texts) -> str:
    """Join a list as a sentence does.

    Examples
    --------
    >>> _listed(["a", "b", "c"], Texts("en"))
    'a, b and c'
    """
    if len(items) < 2:
        return "".join(items)
    return texts.say("{first} and {last}", first=texts.listed(items[:-1]), last=items[-1])
