"""Releasing what a figure draws, where its rows come from several tables of a study."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups, Released, release
from exresearch.findings.note import Note
from exresearch.report.page import TOO_FEW

# What analyses call the rows about all waves together.
_WHOLE = ("all", "all waves", "")


def release_tables(
    frame: pd.DataFrame,
    *,
    count: str,
    rules: DisclosureRules,
    name: str,
    groups: Callable[[str], Groups] | None = None,
    within: Sequence[str] = (),
    rounded: Mapping[str, float] | None = None,
) -> tuple[pd.DataFrame, list[Released]]:
    """Release the rows of each study table by themselves: its people are a population of their own.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``table`` and what :func:`exresearch.disclosure.release` asks for; not changed.
    count, rules, name, within, rounded
        As there.
    groups : callable, optional
        Returns who is in each row, by the name of the table.

    Returns
    -------
    tuple of pandas.DataFrame and list of Released
        The rows in their order, without the numbers of hidden ones, with ``hidden`` (bool); and what was released.
    """
    whole = frame.reset_index(drop=True)
    parts = [
        release(
            part,
            count=count,
            rules=rules,
            within=within,
            groups=None if groups is None else groups(str(table)),
            rounded=rounded,
            name=name,
        )
        for table, part in whole.groupby("table", sort=False)
    ]
    if not parts:
        return whole.assign(hidden=pd.Series(dtype=bool)), []
    shown = pd.concat([part.frame for part in parts]).sort_index()
    hidden = pd.concat([part.hidden for part in parts]).sort_index()
    return shown.assign(hidden=hidden.astype(bool)), parts


def model_rules(rules: DisclosureRules) -> DisclosureRules:
    """Return rules by which what rests on fewer people than a driver model takes is hidden."""
    return replace(rules, min_respondents=max(rules.min_respondents, rules.min_model))


def too_few(rules: DisclosureRules) -> Note:
    """Say that a figure is not drawn because too few people are behind it."""
    return TOO_FEW.model_copy(update={"values": {"minimum": rules.min_respondents}})


def whole_as_missing(values: pd.Series) -> pd.Series:
    """Return waves with a missing value for what is about all of them together, as groups are named."""
    return values.astype(object).where(~values.isin(_WHOLE), None)
