"""Tables and sentences about business outcomes: what the frames of the analysis look like on a page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note, load_claims
from exresearch.findings.analyses import BusinessOutcomes
from exresearch.report.figures.business import outcome_forest, outcome_timing, rate_levels
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture, rows_of

# In the order of the table.
_CHECKS = {
    "declared": mark("As in the verdict"),
    "within": mark("Changes within units alone"),
    "between": mark("Differences between units alone"),
    "earlier": mark("Its own value of a wave before kept equal"),
    "same": mark("Experience of the same wave"),
    "after": mark("Experience of a wave after"),
    "plain": mark("Kinds of unit not kept equal"),
    "smaller": mark("Without the tenth of the units that is largest"),
    "alternative": mark("With the other measure of experience"),
    "corrected": mark("Corrected for error in measuring experience"),
}
_TIMING = {"before": "declared", "same": "same", "after": "after"}
_MODELS = {"poisson": mark("Poisson"), "negative_binomial": mark("negative binomial")}
DISPERSION: dict[str, Column | None] = {
    "label": Column(mark("Outcome")),
    "n_events": Column(mark("Counted in all"), "integer"),
    "mean": Column(mark("Per unit and wave"), "number1"),
    "dispersion": Column(mark("Spread (1: like Poisson)"), "number1"),
    "p_value": Column(mark("More than Poisson, p"), "p"),
    "model": Column(mark("Model used"), "message"),
}
CONFOUNDING: dict[str, Column | None] = {
    "label": Column(mark("Outcome")),
    "estimate": Column(mark("Estimate"), "estimate"),
    "conf_low": None,
    "e_value": Column(mark("E-value"), "number2"),
    "e_value_limit": Column(mark("E-value of the interval"), "number2"),
    "robustness_value": Column(mark("Robustness value"), "percent0"),
    "robustness_value_limit": Column(mark("Robustness value of the interval"), "percent0"),
}
PUBLISHED: dict[str, Column] = {
    "definition": Column(mark("What was published")),
    "value": Column(mark("Figure")),
    "period": Column(mark("Years")),
    "region": Column(mark("Where")),
    "caveat": Column(mark("What to know about it")),
    "source": Column(mark("Source"), "reference"),
}
EARNINGS = ("gallup-2012-eps-high", "gallup-2012-eps-low", "schneider-2003-results-first")
UNITS = ("harter-2002-turnover", "harter-2002-productivity", "harter-2002-profit")
_HARD = "\u00a0"
_RELATIVE = {"more": mark("{value:percent0} higher"), "less": mark("{value:percent0} lower")}


def pictures(result: BusinessOutcomes, *, texts: Texts, rules: DisclosureRules) -> dict[str, Picture | Note]:
    """Draw the figures of the page by name; each is a note where it cannot be drawn.

    Parameters
    ----------
    result : BusinessOutcomes
        Of :func:`exresearch.findings.analyses.business_outcomes`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Rules of the report.

    Returns
    -------
    dict of str to Picture or Note
        ``outcomes``, ``levels`` and ``timing``.
    """
    if not result.finding.tested:
        return dict.fromkeys(("outcomes", "levels", "timing"), result.finding.reason)
    few = Note(
        message="Rates by level of experience are not drawn: there are too few units, or neither leavers nor absence."
    )
    levels = rate_levels(
        result.levels,
        texts=texts,
        rules=rules,
        ex_label=texts.pick(result.labels["ex"]),
        ex_is_share=result.ex_is_share,
    )
    when = pd.concat(
        [
            result.checks[result.checks["check"] == check].assign(timing=name)
            for name, check in _TIMING.items()
        ]
    )
    when = when.assign(timing=pd.Categorical(when["timing"], categories=list(_TIMING)))
    order = {name: place for place, name in enumerate(result.outcomes["component"])}
    when = when.sort_values(
        ["component", "timing"], key=lambda c: c.map(order) if c.name == "component" else c
    )
    return {
        "outcomes": outcome_forest(result.outcomes, texts=texts),
        "levels": few if levels is None else levels,
        "timing": outcome_timing(when.astype({"timing": "str"}), texts=texts),
    }


def tables(result: BusinessOutcomes, *, texts: Texts) -> dict[str, dict[str, Any]]:
    """Return the tables with numbers by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    result : BusinessOutcomes
        Of :func:`exresearch.findings.analyses.business_outcomes`.
    texts : Texts
        Language of the reader.

    Returns
    -------
    dict of str to dict
        ``checks``, ``dispersion`` and ``confounding``.
    """
    reason = None if result.finding.tested else result.finding.reason
    checks, headers = _checks(result.checks, texts)
    dispersion = result.dispersion
    if len(dispersion):
        dispersion = dispersion.assign(model=dispersion["model"].map(_MODELS))
    return {
        "checks": {
            "frame": checks,
            "count": "n",
            "caption": mark("The link of each outcome with employee experience, in other ways"),
            "columns": headers,
            "note": reason
            or mark(
                "Turnover and absence: times as much per standard deviation of experience. Productivity and result: "
                "standard deviations. Intervals in brackets; a dash: could not be computed."
            ),
        },
        "dispersion": {
            "frame": dispersion,
            "count": "n",
            "caption": mark("Do the counts vary more than chance alone would have them?"),
            "columns": DISPERSION,
            "note": reason
            or mark(
                "Spread: squared deviations over what Poisson expects. Where it is more than Poisson (p < 0.05, laid "
                "down beforehand), the negative binomial is used; the ratio means the same."
            ),
        },
        "confounding": {
            "frame": result.confounding,
            "count": "n",
            "caption": mark("How strong would something unmeasured have to be to explain each link away?"),
            "columns": CONFOUNDING,
            "note": reason
            or mark(
                "E-value: how many times as likely it would have to make both good experience and the outcome. "
                "Robustness value: the share of what is left to explain in both that it would have to explain. Of the "
                "interval: what would bring the interval to no link; 1 or 0% where it holds no link already."
            ),
        },
    }


def published(ids: tuple[str, ...], *, texts: Texts) -> dict[str, Any]:
    """Return a table of published figures in words, as arguments of :meth:`exresearch.report.page.Page.words`.

    Parameters
    ----------
    ids : tuple of str
        Figures of the ledger, such as :data:`EARNINGS` or :data:`UNITS`.
    texts : Texts
        Language of the reader.

    Returns
    -------
    dict of str to Any
    """
    known = {figure.id: figure for figure in load_claims()}
    rows = []
    for name in ids:
        figure = known[name]
        rows.append(
            {
                "definition": figure.definition.model_dump(),
                "value": _value(figure.value, figure.unit, texts),
                "period": figure.period or str(figure.year),
                "region": figure.region.model_dump(),
                "caveat": figure.caveat.model_dump(),
                "source": figure.source if isinstance(figure.source, str) else figure.source.texts,
            }
        )
    caption = mark("Published figures, with what is known about them")
    return {"frame": pd.DataFrame(rows), "caption": caption, "columns": PUBLISHED}


def _checks(frame: pd.DataFrame, texts: Texts) -> tuple[pd.DataFrame, dict[str, Column | None]]:
    """One row per check and one column per outcome, each cell an estimate with its interval."""
    if frame.empty:
        return frame, {}
    labels = dict(zip(frame["component"], frame["label"], strict=True))
    rows = []
    for check, label in _CHECKS.items():
        part = frame[frame["check"] == check]
        if part.empty:
            continue
        cells = {row.component: _cell(row, texts) for row in rows_of(part)}
        rows.append(
            {"check": label, **{name: cells.get(name, "–") for name in labels}, "n": int(part["n"].min())}
        )
    headers: dict[str, Column | None] = {"check": Column(mark("Based on"), "message")}
    headers |= {name: Column(label) for name, label in labels.items()}
    return pd.DataFrame(rows), {**headers, "n": None}


def _cell(row: Any, texts: Texts) -> str:
    spec = unit_spec(row.unit_of_measurement)
    limits = interval(row.conf_low, row.conf_high, spec, language=texts.language)
    # Hard spaces, so that a narrow column breaks before the interval and not within it.
    return f"{texts.number(row.estimate, spec)} ({limits.replace(' ', _HARD)})"


def _value(value: float | None, unit: str, texts: Texts) -> str:
    if value is None:
        return "–"
    if unit == "relative_difference":
        return texts.say(_RELATIVE["more" if value > 0 else "less"], value=abs(value))
    return texts.number(value, unit_spec(unit))
