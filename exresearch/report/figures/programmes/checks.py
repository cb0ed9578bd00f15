"""The forest of checks: the same question asked in other ways, for employees and customers side by side."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.figures.door import too_few
from exresearch.report.figures.forests import checks_sentence
from exresearch.report.figures.programmes.event_study import SIDES
from exresearch.report.figures.rows import draw_interval, headroom, row_value, rows_panels
from exresearch.report.figures.visible import visible
from exresearch.report.numbers import interval
from exresearch.report.text import Texts
from exresearch.report.theme import COLOURS, Picture, intervals_name, number_axis, require, rows_of, style

_STEP = 0.11


def programme_checks(
    checks: pd.DataFrame, *, texts: Texts, rules: DisclosureRules, smallest_effect: tuple[float, float]
) -> Picture | Note:
    """Draw the deciding effects, the checks beside them, and starts that never were.

    Parameters
    ----------
    checks : pandas.DataFrame
        ``side, kind`` (deciding, check, placebo), ``check`` (same for both sides), ``label`` (text or a note),
        ``estimate, conf_low, conf_high, conf_level, n``, in standard deviations between units.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum groups.
    smallest_effect : tuple of float
        Bounds of what is too small to matter.

    Returns
    -------
    Picture or Note
        The note where too few people are behind them.

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    columns = ["side", "kind", "check", "label", "estimate", "conf_low", "conf_high", "n"]
    require(checks, columns, figure="programme_checks")
    released = release(
        checks, count="n", rules=rules, within=["side"], name="Effects, checks and pretended starts"
    )
    checks = visible(released)
    if checks.empty:
        return too_few(rules)
    groups = [
        _in_order(checks[checks["kind"].isin(kinds)]) for kinds in (("deciding", "check"), ("placebo",))
    ]
    groups = [group for group in groups if group]
    labels = [[_label(checks, name, texts) for name in group] for group in groups]
    limits = checks[["conf_low", "conf_high"]].to_numpy(dtype=float)
    deciding = checks.loc[checks["kind"] == "deciding", ["conf_low", "conf_high"]].to_numpy(dtype=float)
    # A check with hardly any controls ends in an arrow and does not squeeze the others.
    reach = 2.5 * float(abs(deciding).max()) if len(deciding) else float(abs(limits).max())
    low = max(min(float(limits.min()), smallest_effect[0]), -reach)
    high = min(max(float(limits.max()), smallest_effect[1]), reach)
    pad = 0.05 * (high - low)
    with style():
        bold = [True] + [False] * (len(groups[0]) - 1)
        figure, panels = rows_panels(
            labels, left=2.55, right=0.62, top=0.42, bottom=0.5, wrap=33, least=0.46, bold=bold
        )
        for number, ((axes, positions), group) in enumerate(zip(panels, groups, strict=True)):
            axes.set_xlim(low - pad, high + pad)
            axes.axvspan(*smallest_effect, color=COLOURS["band"], zorder=0)
            axes.axvline(0, color=COLOURS["grey"], linewidth=1)
            for y, name in zip(positions, group, strict=True):
                _row(axes, y, checks[checks["check"] == name], texts)
            number_axis(axes.xaxis, "number1", texts, ticks=5)
            heading = (
                texts.say("Effect in standard deviations between units")
                if number == 0
                else texts.say("Starts that never were: should be nothing")
            )
            headroom(axes, heading)
        _legend(panels[0][0], checks, texts)
    caption = texts.say(
        "The deciding effects (bold), the checks beside them, and below them starts that are pretended to be earlier, "
        "with {intervals}. Shaded: too small to matter.",
        intervals=intervals_name(checks, texts),
    )
    takeaway = _takeaway(checks, texts)
    described = "; ".join(
        f"{texts.pick(row.label)}: {texts.number(float(row.estimate), 'number2')} "
        f"({interval(float(row.conf_low), float(row.conf_high), 'number2', language=texts.language)})"
        for row in rows_of(checks)
    )
    return Picture(figure, caption, f"{described}. {takeaway}", takeaway, [released])


def _in_order(rows: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(rows["check"]))


def _label(checks: pd.DataFrame, name: str, texts: Texts) -> str:
    rows = checks[checks["check"] == name]
    if rows["kind"].iloc[0] == "deciding":
        return texts.say("Deciding estimate")
    # The side is told by colour and shape here, and by the first words of the label elsewhere.
    text = texts.pick(rows["label"].iloc[0]).partition(": ")[2]
    return text[0].upper() + text[1:]


def _row(axes: Axes, y: float, rows: pd.DataFrame, texts: Texts) -> None:
    deciding = rows["kind"].iloc[0] == "deciding"
    for row in rows_of(rows):
        _, colour, marker = SIDES[row.side]
        place = y + (0.0 if len(rows) == 1 else -_STEP if row.side == "ex" else _STEP)
        draw_interval(
            axes, place, float(row.estimate), float(row.conf_low), float(row.conf_high), colour=colour, marker=marker,
            filled=deciding, size=7.5 if deciding else 5.5,
        )  # fmt: skip
        row_value(axes, place, texts.number(float(row.estimate), "signed2"), colour=colour, bold=deciding)


def _legend(axes: Axes, checks: pd.DataFrame, texts: Texts) -> None:
    handles = [
        axes.plot([], [], color=colour, marker=marker, linewidth=2, markersize=5.5, label=texts.say(name))[0]
        for side, (name, colour, marker) in SIDES.items()
        if side in set(checks["side"])
    ]
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.0, -0.1 / _inches(axes)), ncols=1, frameon=False,
        bbox_transform=blended_transform_factory(axes.figure.transFigure, axes.transAxes),
        fontsize=8.5, handlelength=1.2, columnspacing=1.0, handletextpad=0.4, borderaxespad=0,
    )  # fmt: skip


def _inches(axes: Axes) -> float:
    return float(axes.get_position().height * axes.figure.get_figheight())  # type: ignore[union-attr]


def _takeaway(checks: pd.DataFrame, texts: Texts) -> str:
    asked = checks[checks["kind"] == "check"]
    never = checks[checks["kind"] == "placebo"]
    sides = checks[checks["kind"] == "deciding"].set_index("side")["estimate"]
    signs = asked["side"].map(sides > 0)
    clear = ((asked["conf_low"] > 0) & signs) | ((asked["conf_high"] < 0) & ~signs.astype(bool))
    said = texts.say("There are no checks beside the deciding estimate.")
    if len(asked):
        said = checks_sentence(int(clear.sum()), len(asked), texts)
    if never.empty:
        return said
    moved = int(((never["conf_low"] > 0) | (never["conf_high"] < 0)).sum())
    if not moved:
        return f"{said} " + texts.say(
            "None of the {total:integer} starts that never were shows a clear effect.", total=len(never)
        )
    return f"{said} " + texts.say(
        "Of {total:integer} starts that never were, {moved:integer} show a clear effect.",
        total=len(never),
        moved=moved,
    )
