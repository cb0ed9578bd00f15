"""How far something that nobody measured would have to go to undo a link of the chain."""

from __future__ import annotations

import pandas as pd

from exresearch.findings.analyses.chain.checks import unit_frame
from exresearch.findings.analyses.chain.rows import (
    AMBASSADORS,
    CX,
    ENGAGEMENT,
    EXPERIENCE,
    UNIT,
    ChainRows,
)
from exresearch.findings.analyses.linkage.covariates import both_languages, unit_kinds
from exresearch.findings.analyses.unmeasured import Slope, unmeasured_rows
from exresearch.findings.note import Note, NoteValue
from exresearch.models import NotEstimable, linear_regression
from exresearch.models.mediation import Mediation, confounded_path
from exresearch.study import Study

#: Links whose two ends may share an unmeasured cause, with what comes before them.
LINKS = {
    "engagement": (ENGAGEMENT, AMBASSADORS, (EXPERIENCE,)),
    "customers": (AMBASSADORS, CX, (EXPERIENCE, ENGAGEMENT)),
}


def confounded_links(fit: Mediation) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reckon the serial effect for every correlation of what two links leave over.

    Parameters
    ----------
    fit : Mediation
        The deciding model.

    Returns
    -------
    tuple of pandas.DataFrame
        The curves ``link, rho, effect``; and one row per link: ``link, estimate`` (the path), ``rho_zero, shares`` (of
        what is left of both ends, multiplied, that such a cause would explain).
    """
    paths: pd.Series = fit.paths.set_index("term")["estimate"]
    serial = float(fit.effects["estimate"].iloc[-1])
    curves, rows = [], []
    for name, (source, target, held) in LINKS.items():
        path = float(paths[f"{target} ~ {source}"])
        factor = serial / path if path else 0.0
        try:
            found = confounded_path(fit.covariance, source=source, target=target, held=held, factor=factor)
        except NotEstimable:
            continue
        curves.append(found.curve[["rho", "effect"]].assign(link=name))
        rows.append({"link": name, "estimate": path, "rho_zero": found.rho_zero, "shares": found.shares})
    empty = pd.DataFrame(columns=["rho", "effect", "link"])
    return pd.concat(curves, ignore_index=True) if curves else empty, pd.DataFrame(rows)


def unmeasured_links(study: Study, rows: ChainRows, *, conf_level: float) -> pd.DataFrame:
    """Say of every link how strong an unmeasured common cause of its two ends must be to take it away.

    Parameters
    ----------
    study : Study
        The client.
    rows : ChainRows
        Units by wave.
    conf_level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        As :func:`exresearch.findings.analyses.unmeasured_rows`, with kinds of unit as yardsticks.
    """
    kinds = unit_kinds(study, unit_frame(study, rows.cells))
    cells, benchmarks = rows.cells, {}
    for one in kinds[:1]:
        members = pd.Series(one.members.to_numpy(), index=sorted(cells[UNIT].unique()))
        values = cells[UNIT].map(members)
        columns = [f"(kind) {name}" for name in sorted(members.unique())[1:]]
        cells = cells.assign(**{name: (values == name.removeprefix("(kind) ")) * 1.0 for name in columns})
        benchmarks[one.column] = (one.label, columns)
    held = [*rows.waves, *(name for _, columns in benchmarks.values() for name in columns)]
    links = [
        (EXPERIENCE, ENGAGEMENT, ()),
        (ENGAGEMENT, AMBASSADORS, (EXPERIENCE,)),
        (AMBASSADORS, CX, (EXPERIENCE, ENGAGEMENT)),
    ]
    slopes = []
    for source, target, before in links:
        try:
            fit = linear_regression(
                cells,
                outcome=target,
                predictors=[source, *before, *held],
                cluster=UNIT,
                standardised=True,
                conf_level=conf_level,
            )
        except NotEstimable:
            continue
        sides: dict[str, NoteValue] = {"target": rows.labels[target], "source": rows.labels[source]}
        label = Note(message="“{target}” on “{source}”", values=sides)
        if benchmarks:
            equal = both_languages([named for named, _ in benchmarks.values()])
            label = Note(
                message="“{target}” on “{source}”, with equal: {kinds}", values=sides | {"kinds": equal}
            )
        slopes.append(
            Slope(label, fit, source, benchmarks, 1.0, "standardised", n=int(rows.cells["n"].sum()))
        )
    return unmeasured_rows(slopes)
