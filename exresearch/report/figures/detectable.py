"""The smallest effect that a study would find, for each hypothesis."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from exresearch.disclosure import DisclosureRules, release
from exresearch.report.columns import EFFECTS, effect_spec
from exresearch.report.figures.rows import headroom, row_value, rows_panels
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, number_axis, require, rows_of, style
from exresearch.study.remarks import one_or_more

# For one hypothesis, and for more.
_TESTABLE = (
    mark("Only {testable} of {total} hypotheses can be tested with these data."),
    mark("{testable} of {total} hypotheses can be tested with these data."),
)


def detectable_effects(frame: pd.DataFrame, *, texts: Texts, power: float = 0.8) -> Picture:
    """Draw the smallest effect that this study would find, for each hypothesis.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``title`` (hypothesis, text or mapping), ``testable`` (bool), ``value`` (detectable effect, may be
        missing), ``kind`` (``correlation``, ``share_difference`` or ``variance_share``), ``n`` (units or
        respondents that decide, may be missing).
    texts : Texts
        Language of the reader.
    power : float
        Probability of finding the effect.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing, a kind is unknown, or there is no row.
    """
    require(frame, ["title", "testable", "value", "kind", "n"], figure="detectable_effects")
    unknown = sorted(set(frame["kind"].dropna()) - set(EFFECTS))
    if unknown:
        raise ValueError(
            f"detectable_effects knows the kinds {', '.join(EFFECTS)}; got {', '.join(unknown)}."
        )
    ordered = frame.sort_values(
        ["testable", "value"], ascending=[False, True], na_position="last", kind="stable"
    )
    # How large an effect must be follows from how many there are, and from nobody's answers.
    most = ordered["n"].max()
    released = release(
        ordered.drop(columns="testable"),
        count=0 if pd.isna(most) else int(most),
        rules=DisclosureRules(),
        name="detectable effects",
    )
    ordered = released.frame.assign(testable=ordered["testable"])
    # What has no detectable effect stands with the correlations, the commonest kind.
    kinds = ordered["kind"].astype(object).where(ordered["kind"].notna(), "correlation")
    groups = [(kind, ordered[kinds == kind]) for kind in EFFECTS if (kinds == kind).any()]
    with style():
        labels = [[texts.pick(title) for title in part["title"]] for _, part in groups]
        figure, panels = rows_panels(labels, left=2.2, right=1.05, top=0.36, bottom=0.42, wrap=28)
        for (kind, part), (axes, positions) in zip(groups, panels, strict=True):
            name, spec = EFFECTS[kind][0], _spec(kind, part)
            headroom(axes, texts.say(name))
            _detectable_panel(axes, positions, part, spec=spec, texts=texts)
        panels[-1][0].set_xlabel(texts.say("dot: testable · cross: not testable"))
    testable = int(frame["testable"].sum())
    takeaway = texts.say(one_or_more(_TESTABLE, testable), testable=testable, total=len(frame))
    return Picture(
        figure,
        texts.say(
            "The smallest effect that this study would find with {power:percent0} probability; further to "
            "the left is better.",
            power=power,
        ),
        takeaway + " " + _detail(ordered, texts),
        takeaway,
        [released],
    )


def _detectable_panel(
    axes: Axes, positions: list[float], part: pd.DataFrame, *, spec: str, texts: Texts
) -> None:
    finite = part["value"].dropna().astype(float)
    axes.set_xlim(0, min(1.0, float(finite.max()) * 1.15) if len(finite) else 0.5)
    for position, row in zip(positions, rows_of(part), strict=True):
        if pd.isna(row.value):
            row_value(axes, position, texts.say("not testable"), colour=COLOURS["grey"])
            continue
        colour = COLOURS["blue"] if row.testable else COLOURS["grey"]
        reach = min(float(row.value), axes.get_xlim()[1])
        axes.hlines(position, 0, reach, color=COLOURS["light"], linewidth=2)
        marker = "o" if row.testable else "X"
        axes.plot([reach], [position], marker=marker, color=colour, markersize=7, clip_on=False)
        row_value(
            axes, position, texts.number(float(row.value), spec), colour=colour, bold=bool(row.testable)
        )
    # Percentage points and small percentages are long to write.
    ticks = 2 if spec.startswith("points") or spec == "percent4" else 4
    number_axis(axes.xaxis, spec if len(finite) else "number1", texts, ticks=ticks)


def _spec(kind: str, part: pd.DataFrame) -> str:
    return effect_spec(kind, float(part["value"].fillna(1.0).min()))


def _detail(frame: pd.DataFrame, texts: Texts) -> str:
    parts = []
    for row in rows_of(frame):
        if pd.notna(row.value):
            name, spec = EFFECTS[row.kind][0], _spec(row.kind, frame[frame["kind"] == row.kind])
            parts.append(
                f"{texts.pick(row.title)}: {texts.number(float(row.value), spec)} ({texts.say(name)})"
            )
    return "; ".join(parts) + ("." if parts else "")
