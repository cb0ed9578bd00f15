"""Why balance cannot be tested, and what to keep in mind where it can."""

from __future__ import annotations

from exresearch.findings.analyses.balance.rows import LEAST_SIDE, LaterRows
from exresearch.findings.note import Note
from exresearch.findings.registry import load_registry
from exresearch.measures import NotMeasured, Side, unit_measure
from exresearch.models import ResponseSurface
from exresearch.study import Study


def later_side(study: Study, construct: str, *, waves_overlap: bool) -> Side | Note:
    """Return the outcome by unit and wave, or why there is none."""
    if not construct:
        return Note(
            message=(
                "No outcome is named that should suffer from a lack of balance. The setting later_outcome takes a "
                "measure of the units, such as the result."
            )
        )
    try:
        side = unit_measure(study, construct)
    except NotMeasured:
        return Note(
            message=(
                "The setting later_outcome names “{construct}”, which is no measure of the table of units: give it "
                "there as a column with role measure, by unit and wave."
            ),
            values={"construct": construct},
        )
    if waves_overlap:
        return Note(
            message="Successive waves share part of the time they measure, so that no outcome comes a wave later."
        )
    return side


def too_few_units(rows: LaterRows) -> Note | None:
    """Say that too few units have an outcome a wave later, if so."""
    needed = load_registry()["balance"].needs.min_units
    if rows.n_units >= needed:
        return None
    return Note(
        message=(
            "For {n_units:integer} units the outcome of a later wave is known beside both sides; at least "
            "{needed:integer} are needed."
        ),
        values={"n_units": rows.n_units, "needed": needed},
    )


def balance_caveats(surface: ResponseSurface, rows: LaterRows) -> list[Note]:
    """Return what to keep in mind about the surface and the rows behind it."""
    caveats = [
        Note(
            message=(
                "Balance here means an equal position: equally far above or below the average of all units and waves, "
                "not an equally good experience."
            )
        ),
        Note(
            message=(
                "The outcome comes a wave later, and that is all that speaks for an order: a third thing may move all "
                "three."
            )
        ),
        Note(message=("Averages of units are never exact, which makes a surface look flatter than it is.")),
    ]
    shares = surface.balance.set_index("group")["share"]
    least = float(shares[["x_far_above_y", "y_far_above_x"]].min())
    if least < LEAST_SIDE:
        caveats.append(
            Note(
                message=(
                    "Only {share:percent0} of the rows lie clearly on one of the two sides, so that what happens there "
                    "rests on few of them."
                ),
                values={"share": least},
            )
        )
    if rows.n_without:
        caveats.append(
            Note(
                message=(
                    "{count:integer} combinations of unit and wave are left out because the next wave has no outcome "
                    "for them."
                ),
                values={"count": rows.n_without},
            )
        )
    return caveats
