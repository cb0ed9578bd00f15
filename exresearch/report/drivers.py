"""Tables and figures about drivers: what the frames of the analysis look like on a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from exresearch.disclosure import Groups, Measure
from exresearch.findings.analyses import EmployeeFirst, LikelihoodCheck
from exresearch.findings.analyses.drivers.outcomes import OutcomeAnswers
from exresearch.findings.note import Note
from exresearch.report.columns import (
    MISSING_ANSWERS,
    REVERSED_NOTE,
    SCORES,
    correlation_columns,
    driver_labels,
)
from exresearch.report.figures.door import whole_as_missing
from exresearch.report.figures.drivers import driver_forest
from exresearch.report.figures.drivers.performance import PERFORMANCE
from exresearch.report.figures.forests import difference_forest
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture, rows_of
from exresearch.study import Codebook

_INFLUENCE = {"little": mark("little"), "more": mark("more"), "open": mark("undecided")}
INTERACTION: dict[str, Column | None] = {
    "label": Column(mark("Outcome")),
    "slope_low": Column(mark("Customer-first low"), "number2"),
    "slope_mean": Column(mark("Customer-first average"), "number2"),
    "slope_high": Column(mark("Customer-first high"), "number2"),
    "estimate": Column(mark("Interplay"), "number2"),
    "conf_low": Column(mark("Interval"), "number2"),
    "p_adjusted": None,
}
SOURCE: dict[str, Column | None] = {
    "label": Column(mark("Outcome")),
    "handling": Column(mark("Based on"), "message"),
    "estimate": Column(mark("Difference"), "estimate"),
    "conf_low": None,
    "n": None,
    "n_units": None,
}
LIKELIHOOD: dict[str, Column | None] = {
    "label": Column(mark("Outcome")),
    "model": Column(mark("Model"), "message"),
    "mcfadden_first": Column(mark("Employee-first, McFadden"), "percent1"),
    "mcfadden_second": Column(mark("Customer-first, McFadden"), "percent1"),
    "nagelkerke_first": Column(mark("Employee-first, Nagelkerke"), "percent1"),
    "nagelkerke_second": Column(mark("Customer-first, Nagelkerke"), "percent1"),
    "n": None,
}


def score_table(answers: OutcomeAnswers) -> dict[str, Any]:
    """Return the eNPS by wave, of answers that have one, as arguments of :meth:`exresearch.report.page.Page.table`."""
    classes = {name: Measure(f"enps: {name}") for name in ("promoters", "passives", "detractors")}
    return {
        "frame": answers.score.assign(of=whole_as_missing(answers.score["wave"])),
        "count": "n",
        "caption": answers.caption,
        "columns": SCORES,
        "groups": Groups(
            "employees", by={"wave": "of"}, measures={"estimate": Measure("enps", -100, 100), **classes}
        ),
    }


def forests(importance: pd.DataFrame, *, texts: Texts) -> Iterator[Picture | Note]:
    """Draw the importance of every driver, one figure per outcome.

    Parameters
    ----------
    importance : pandas.DataFrame
        Of :func:`exresearch.findings.analyses.employee_first`; none where it is empty.
    texts : Texts
        Language of the reader.
    """
    if importance.empty:
        return
    for _, rows in importance.groupby("outcome", sort=False):
        name = texts.pick(rows["outcome_label"].iloc[0])
        yield driver_forest(rows.assign(driver=rows["label"]), texts=texts, outcome=name)


def difference_picture(result: EmployeeFirst, *, texts: Texts) -> Picture | Note:
    """Draw the difference between the named drivers per outcome, or say why there is none.

    Parameters
    ----------
    result : EmployeeFirst
        Of :func:`exresearch.findings.analyses.employee_first`.
    texts : Texts
        Language of the reader.
    """
    finding = result.finding
    if result.differences.empty:
        return finding.reason
    return difference_forest(
        result.differences.assign(outcome=result.differences["label"]),
        texts=texts,
        null=finding.null,
        smallest_effect=(finding.smallest_effect.low, finding.smallest_effect.high),
    )


def tables(
    result: EmployeeFirst, check: LikelihoodCheck, *, texts: Texts, codebook: Codebook
) -> dict[str, dict[str, Any]]:
    """Return the tables of the page by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    result : EmployeeFirst
        Of :func:`exresearch.findings.analyses.employee_first`; where it is not testable every table says why.
    check : LikelihoodCheck
        Of :func:`exresearch.findings.analyses.likelihood_check`.
    texts : Texts
        Language of the reader.
    codebook : Codebook
        Labels the outcomes.

    Returns
    -------
    dict of str to dict
        ``signs, influence, interaction, performance, likelihood, source, missing``.
    """
    signs = result.correlations
    if len(signs):
        signs = signs.assign(label=driver_labels(signs, texts))
    turned = len(signs) > 0 and bool(signs["reversed"].any())
    made: dict[str, tuple[pd.DataFrame, str, dict[str, Column | None], str | Note | None]] = {
        "signs": (
            signs,
            mark("Correlation of drivers and outcomes"),
            correlation_columns(codebook),
            REVERSED_NOTE if turned else None,
        ),
        "influence": (
            influence_rows(result.influence, texts=texts),
            mark("Is the importance of a driver shown to be below what matters?"),
            influence_columns(result.influence),
            _together([*result.sentences.get("influence", []), *_answers(result.influence)], texts),
        ),
        "interaction": (
            interaction_rows(result.interaction),
            mark("Slope of the employee-first driver, by how high the customer-first driver is"),
            INTERACTION,
            None,
        ),
        "performance": (
            performance_rows(result.performance, texts=texts),
            mark("Performance of each driver, and its importance for each outcome"),
            performance_columns(result.performance),
            None,
        ),
        "likelihood": (
            check.table,
            mark("Importance of a named driver where answers are categories"),
            LIKELIHOOD,
            _together(check.notes, texts),
        ),
        "source": (
            result.source.table,
            mark("Difference between the named drivers, by who answered what"),
            SOURCE,
            _together(result.source.notes, texts),
        ),
        "missing": (
            result.missing_answers,
            mark("Difference between the named drivers, by what was done with missing answers"),
            MISSING_ANSWERS,
            None,
        ),
    }
    return {
        name: {
            "frame": frame,
            "count": "respondents" if name == "performance" else "n",
            "groups": PERFORMANCE if name == "performance" else None,
            "caption": caption,
            "columns": columns,
            "note": note if result.finding.tested else result.finding.reason,
        }
        for name, (frame, caption, columns, note) in made.items()
    }


def _together(notes: Sequence[Note], texts: Texts) -> Note | None:
    """One note of several, for the small print below a table."""
    return Note(message="{notes}", values={"notes": " ".join(map(texts.note, notes))}) if notes else None


def _answers(influence: pd.DataFrame) -> list[Note]:
    """On how many answers each outcome rests, at least: the same for all its drivers, so no column of the table."""
    if influence.empty:
        return []
    return [Note(message="{n:integer} answers or more per outcome.", values={"n": int(influence["n"].min())})]


def influence_rows(influence: pd.DataFrame, *, texts: Texts) -> pd.DataFrame:
    """Return which drivers are shown to have little influence: a row per driver, a word per outcome.

    Parameters
    ----------
    influence : pandas.DataFrame
        Of :func:`exresearch.findings.analyses.employee_first`.
    texts : Texts
        Language of the reader.

    Returns
    -------
    pandas.DataFrame
        ``label, detail`` (whether the claim names the driver), one column per outcome and ``n``, the smallest number of
        answers behind one of them.
    """
    return (
        _by_driver(influence, influence["influence"].map(_INFLUENCE), texts) if len(influence) else influence
    )


def influence_columns(influence: pd.DataFrame) -> dict[str, Column | None]:
    """Return the columns of that table."""
    return {"label": Column(mark("Driver")), "detail": None} | _outcome_columns(influence, "message")


def performance_rows(performance: pd.DataFrame, *, texts: Texts) -> pd.DataFrame:
    """Return importance and performance as a table: a row per driver, the importance for each outcome.

    Parameters
    ----------
    performance : pandas.DataFrame
        Of :func:`exresearch.findings.analyses.employee_first`.
    texts : Texts
        Language of the reader.

    Returns
    -------
    pandas.DataFrame
        ``label, detail, performance``, one column per outcome and ``respondents``, in the order of performance.
    """
    if performance.empty:
        return performance
    rows = _by_driver(performance, performance["importance"], texts)
    same = performance.drop_duplicates("driver").set_index("driver")[["performance", "respondents"]]
    return rows.join(same, on="driver").sort_values("performance", kind="stable")


def performance_columns(performance: pd.DataFrame) -> dict[str, Column | None]:
    """Return the columns of that table."""
    first = {
        "label": Column(mark("Driver")),
        "detail": None,
        "performance": Column(mark("Performance"), "number1"),
    }
    people = {"respondents": Column(mark("People"), "integer")}
    return first | _outcome_columns(performance, "percent1") | people


def interaction_rows(interaction: pd.DataFrame) -> pd.DataFrame:
    """Return slopes and product as one row per outcome.

    Parameters
    ----------
    interaction : pandas.DataFrame
        Of :func:`exresearch.findings.analyses.employee_first`.

    Returns
    -------
    pandas.DataFrame
        The rows of the products, with ``slope_low, slope_mean, slope_high``.
    """
    products = interaction[interaction["term"] == "product"] if len(interaction) else interaction
    if products.empty:
        return products
    slopes = interaction.pivot(index="outcome", columns="term", values="estimate")
    return products.join(slopes[["slope_low", "slope_mean", "slope_high"]], on="outcome")


def _by_driver(frame: pd.DataFrame, values: pd.Series, texts: Texts) -> pd.DataFrame:
    outcomes = list(frame["outcome"].unique())
    wide = frame.assign(value=values).pivot(index="driver", columns="outcome", values="value")[outcomes]
    own = frame.drop_duplicates("driver").set_index("driver")
    rows = own.assign(
        label=driver_labels(own, texts),
        detail=[texts.say("named by the claim") if row.named else "" for row in rows_of(own)],
        n=frame.groupby("driver")["n"].min(),
    )
    return rows[["label", "detail", "n"]].join(wide).reset_index()


def _outcome_columns(frame: pd.DataFrame, spec: str) -> dict[str, Column | None]:
    if frame.empty:
        return {}
    return {
        str(row.outcome): Column(row.outcome_label, spec) for row in rows_of(frame.drop_duplicates("outcome"))
    }
