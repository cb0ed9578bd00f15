"""Tables and words about programmes: what the frames of the analysis look like on a page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses import ProgrammeEffect
from exresearch.findings.note import Note
from exresearch.report.figures.programmes import programme_checks, programme_courses, programme_events
from exresearch.report.figures.programmes.event_study import SIDES
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture

_BALANCE = {
    "before": mark("Before the start: units with a programme less the others"),
    "difference_in_differences": mark("Effect, if courses would have stayed the same"),
    "lag_adjusted": mark("Effect, compared with units that stood as low or high (a line)"),
    "within_thirds": mark("Effect, compared with units that stood as low or high (thirds)"),
    "earlier_base": mark("Effect, against a wave earlier than the last before the start"),
}
EVENTS: dict[str, Column | None] = {
    "side": Column(mark("Side"), "message"),
    "event_time": Column(mark("Waves since the start"), "signed0"),
    "estimate": None,
    "conf_low": None,
    "n_treated": Column(mark("Units with a programme"), "integer"),
    "n_compared": Column(mark("Units compared with"), "integer"),
}
STARTS: dict[str, Column | None] = {
    "side": Column(mark("Side"), "message"),
    "starts": Column(mark("Start")),
    "estimate": None,
    "conf_low": None,
    "p_value": None,
    "n_treated": Column(mark("Units with a programme"), "integer"),
    "n_compared": Column(mark("Units compared with"), "integer"),
}
BALANCE: dict[str, Column | None] = {
    "side": Column(mark("Side"), "message"),
    "term": Column(mark("What"), "message"),
    "estimate": None,
    "conf_low": None,
    "n_units": None,
}
DESIGN: dict[str, Column | None] = {
    "side": Column(mark("Side"), "message"),
    "n_leads": Column(mark("Leads"), "integer"),
    "p_leads": Column(mark("p, all leads together"), "p"),
    "forbidden": Column(mark("Regression: compared with units already started"), "percent0"),
    "negative": Column(mark("Regression: counted with a negative weight"), "percent0"),
}


def tables(result: ProgrammeEffect) -> dict[str, dict[str, Any]]:
    """Return the tables of the page by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    result : ProgrammeEffect
        Of :func:`exresearch.findings.analyses.programme_effect`; where nothing could be estimated every table says why.

    Returns
    -------
    dict of str to dict
        ``events, starts, balance, design``.
    """
    made: dict[str, tuple[pd.DataFrame, str, dict[str, Column | None], str]] = {
        "events": (
            _worded(result.events),
            mark("Effect by waves since the start, in standard deviations between units"),
            EVENTS,
            mark(
                "Waves with too few units that start are left out; the wave that all are compared with is zero."
            ),
        ),
        "starts": (
            _worded(result.starts),
            mark("Effect by the wave in which units started, in standard deviations between units"),
            STARTS,
            mark(
                "Starts with too few units are joined; of one group of starters there is nothing to set apart."
            ),
        ),
        "balance": (
            _worded(_estimated(result.balance), term=_BALANCE),
            mark("Where units stood before, and the effect when that is allowed for"),
            BALANCE,
            mark(
                "In standard deviations between units. If either courses would have stayed the same, or units that "
                "stood as low or high are a fair comparison, the effect is one of the two or lies between them."
            ),
        ),
        "design": (
            _worded(result.design),
            mark("Courses before the start, and what the usual regression compares"),
            DESIGN,
            mark(
                "No other course found before the start does not show that there was none. The regression with effects "
                "of units and waves also compares with units that have started already, whose own change it then takes "
                "off; a negative weight means that an effect counts the wrong way. It stands among the checks only."
            ),
        ),
    }
    return {
        name: {
            "frame": frame,
            "count": "n",
            "caption": caption,
            "columns": columns,
            "note": note if len(frame) or not result.effects.empty else result.finding.reason,
        }
        for name, (frame, caption, columns, note) in made.items()
    }


def _estimated(balance: pd.DataFrame) -> pd.DataFrame:
    """Rows that could be had, and have an interval."""
    return balance.dropna(subset=["estimate", "conf_low"]) if len(balance) else balance


def _worded(frame: pd.DataFrame, **words: dict[str, str]) -> pd.DataFrame:
    if frame.empty:
        return frame
    said = {"side": {name: side[0] for name, side in SIDES.items()}, **words}
    return frame.assign(**{name: frame[name].map(mapping) for name, mapping in said.items()})


def pictures(result: ProgrammeEffect, *, texts: Texts, rules: DisclosureRules) -> dict[str, Picture | Note]:
    """Return the figures of the page by name, or the reason why there is none.

    Parameters
    ----------
    result : ProgrammeEffect
        Of :func:`exresearch.findings.analyses.programme_effect`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum groups.

    Returns
    -------
    dict of str to Picture or Note
        ``events, courses, checks``.
    """
    reason = result.finding.reason
    if result.effects.empty:
        return dict.fromkeys(("events", "courses", "checks"), reason)
    smallest = (result.finding.smallest_effect.low, result.finding.smallest_effect.high)
    said: dict[str, Any] = {"texts": texts, "rules": rules}
    return {
        "events": programme_events(result.events, result.effects, **said, smallest_effect=smallest),
        "courses": programme_courses(
            result.courses,
            **said,
            labels={name: texts.pick(label) for name, label in result.labels.items()},
            ex_is_share=result.ex_is_share,
        ),
        "checks": programme_checks(result.checks, **said, smallest_effect=smallest),
    }
