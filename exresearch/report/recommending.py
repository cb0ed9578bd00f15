"""Tables of net promoter scores: how the frames of the measures room look on a page, and whom their rows are about."""

from __future__ import annotations

import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups, Measure, release
from exresearch.measures.advocacy.of_study import ALL_WAVES
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import rows_of

NPS: dict[str, Column | None] = {
    "label": Column(mark("What")),
    "group": Column(mark("Wave"), "message"),
    "variant": Column(mark("Variant")),
    "estimate": Column(mark("Score"), "number1"),
    "conf_low": Column(mark("Interval"), "number1"),
    "n": None,
}
NPS_CHANGE: dict[str, Column | None] = {
    "label": Column(mark("What")),
    "waves": Column(mark("From – to")),
    "variant": Column(mark("Variant")),
    "estimate": Column(mark("Change"), "signed1"),
    "conf_low": Column(mark("Interval"), "number1"),
    "p_value": None,
}
_PUBLISHED = {
    "us": "US (9-10, 0-6)",
    "eu": "EU (8-10, 0-5)",
    "us, 1-10": "US (9-10, 1-6)",
    "eu, 1-10": "EU (8-10, 1-5)",
}


def nps_rows(frame: pd.DataFrame, *, texts: Texts) -> pd.DataFrame:
    """Return net promoter scores as rows of a table.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of :func:`exresearch.measures.nps_of_study`.
    texts : Texts
        Language of the reader.

    Returns
    -------
    pandas.DataFrame
        With ``wave``, missing where a row is about all of them. Rows without a score are left out;
        :func:`exresearch.report.measurement.without_number` says why.
    """
    known = frame[frame["estimate"].notna()]
    return known.assign(
        variant=[_variant(str(variant), texts) for variant in known["variant"]],
        wave=known["group"].astype(object).where(known["group"] != ALL_WAVES, None),
    )


def nps_groups(rows: pd.DataFrame) -> Groups:
    """Return who is in each row of the scores of one table.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of :func:`nps_rows`, about one question.
    """
    first = rows.iloc[0]
    return Groups(
        str(first["table"]),
        by={"wave": "wave"},
        measures={"estimate": Measure(str(first["construct"]), -100, 100)},
    )


def nps_change_rows(
    frame: pd.DataFrame, *, scores: pd.DataFrame, texts: Texts, rules: DisclosureRules
) -> pd.DataFrame:
    """Return changes of net promoter scores as rows of a table.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of :func:`exresearch.measures.nps_change_of_study`.
    scores : pandas.DataFrame
        The scores by wave, of :func:`exresearch.measures.nps_of_study`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum groups.

    Returns
    -------
    pandas.DataFrame
        ``respondents`` is 0, so that the row is hidden, where the score of one of its waves is hidden: that score would
        follow from the change and the other.
    """
    known = frame[frame["estimate"].notna()]
    secret: set[tuple[str, str]] = set()
    for (table, _), rows in nps_rows(scores, texts=texts).groupby(["table", "variant"], sort=False):
        hidden = release(rows, count="respondents", rules=rules, groups=nps_groups(rows)).hidden
        secret |= {(str(table), str(wave)) for wave in rows.loc[hidden, "group"]}
    gives_away = [
        (row.table, row.first) in secret or (row.table, row.last) in secret for row in rows_of(known)
    ]
    return known.assign(
        variant=[_variant(str(variant), texts) for variant in known["variant"]],
        waves=[f"{first} – {last}" for first, last in zip(known["first"], known["last"], strict=True)],
        respondents=known["respondents"].mask(pd.Series(gives_away, index=known.index, dtype=bool), 0),
    )


def _variant(variant: str, texts: Texts) -> str:
    """Name a variant with its limits; the same answers score differently by another."""
    if variant in _PUBLISHED:
        return _PUBLISHED[variant]
    return variant.replace("custom", texts.say("own limits")).removesuffix(", 1-10")
