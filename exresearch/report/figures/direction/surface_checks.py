"""The two parts of the claim on balance, asked in other ways: side by side, one row per way."""

from __future__ import annotations

import textwrap

import pandas as pd
from matplotlib.transforms import blended_transform_factory

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.figures.door import too_few
from exresearch.report.figures.rows import AIR, LINE, ROW, draw_interval
from exresearch.report.figures.visible import visible
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import (
    COLOURS,
    Picture,
    add_axes,
    intervals_name,
    new_figure,
    number_axis,
    require,
    style,
)

NO_CHECKS = Note(message="There are no checks to show.")
_PANELS = {"slope": mark("Who comes off worse"), "curvature": mark("How far they drift apart")}
_LEFT, _RIGHT, _BETWEEN, _TOP, _BOTTOM = 1.9, 0.12, 0.28, 0.5, 0.54


def balance_checks_forest(
    checks: pd.DataFrame, *, texts: Texts, smallest_effect: tuple[float, float]
) -> Picture | Note:
    """Draw slope and curvature along the line of difference as they decided, and as other choices have them.

    Parameters
    ----------
    checks : pandas.DataFrame
        ``check, label, component, estimate, conf_low, conf_high, n`` of
        :func:`exresearch.findings.analyses.ex_cx_balance`; ``deciding`` first.
    texts : Texts
        Language of the reader.
    smallest_effect : (float, float)
        What is too small to matter, of both.

    Returns
    -------
    Picture or Note
        The note where there is nothing to draw.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if checks.empty:
        return NO_CHECKS
    columns = ["check", "label", "component", "estimate", "conf_low", "conf_high", "n"]
    require(checks, columns, figure="balance_checks_forest")
    released = release(
        checks, count="n", rules=DisclosureRules(), name="Both parts of balance, in other ways"
    )
    checks = visible(released)
    if not (checks["check"] == "deciding").any():
        return too_few(released.rules)
    names = checks.drop_duplicates("check").set_index("check")["label"]
    labels = {
        check: textwrap.wrap(texts.pick(label), 24, max_lines=4, placeholder=" …")
        for check, label in names.items()
    }
    heights = {check: max(ROW, LINE * len(lines) + AIR) for check, lines in labels.items()}
    total = sum(heights.values())
    places, start = {}, 0.0
    for check, high in heights.items():
        places[check] = start + high / 2
        start += high
    with style():
        figure = new_figure(total + _TOP + _BOTTOM)
        wide = (figure.get_figwidth() - _LEFT - _RIGHT - _BETWEEN) / 2
        for number, (component, heading) in enumerate(_PANELS.items()):
            axes = add_axes(
                figure,
                left=_LEFT + number * (wide + _BETWEEN),
                right=_RIGHT + (1 - number) * (wide + _BETWEEN),
                top=_TOP,
                bottom=_BOTTOM,
            )
            rows = checks[checks["component"] == component]
            low = min(float(rows["conf_low"].min()), smallest_effect[0])
            high = max(float(rows["conf_high"].max()), smallest_effect[1])
            pad = 0.06 * (high - low)
            axes.set_xlim(low - pad, high + pad)
            axes.set_ylim(total, 0)
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            axes.xaxis.grid(True)
            axes.axvspan(*smallest_effect, color=COLOURS["band"], zorder=0)
            axes.axvline(0, color=COLOURS["grey"], linewidth=1)
            title = "\n".join(textwrap.wrap(texts.say(heading), 20))
            axes.set_title(title, fontsize=9.5, loc="left", pad=7, color=COLOURS["ink"])
            for check, row in rows.set_index("check").iterrows():
                decides = check == "deciding"
                draw_interval(
                    axes, places[str(check)], float(row["estimate"]), float(row["conf_low"]),
                    float(row["conf_high"]), colour=COLOURS["blue"] if decides else COLOURS["grey"],
                    marker="D" if decides else "o", filled=decides,
                )  # fmt: skip
            number_axis(axes.xaxis, "number1", texts, ticks=5)
            axes.set_xlabel(texts.say("standard deviations"))
            if number == 0:
                transform = blended_transform_factory(figure.transFigure, axes.transData)
                for check, lines in labels.items():
                    axes.text(
                        0.004, places[check], "\n".join(lines), transform=transform, va="center", ha="left",
                        fontsize=9.5, weight="bold" if check == "deciding" else "normal",
                    )  # fmt: skip
    others = checks[(checks["component"] == "curvature") & (checks["check"] != "deciding")]
    takeaway = texts.say(
        "That the outcome falls as the two drift apart shows, with its whole interval, in {clear:integer} of "
        "{total:integer} other ways of asking.",
        clear=int((others["conf_high"] < 0).sum()),
        total=len(others),
    )
    caption = texts.say(
        "Both parts of the claim, in standard deviations of the outcome, with {intervals}. Left: what each standard "
        "deviation does that employees go up and customers down. Right: what it does besides when the two are that far "
        "apart, whoever is ahead. Line: nothing; shaded: too small to matter.",
        intervals=intervals_name(checks, texts),
    )
    listed = "; ".join(
        f"{texts.pick(row['label'])}, {texts.say(_PANELS[str(row['component'])])}: "
        f"{texts.number(row['estimate'], 'number2')} "
        f"({interval(row['conf_low'], row['conf_high'], 'number2', language=texts.language)})"
        for _, row in checks.iterrows()
    )
    return Picture(figure, caption, f"{takeaway} {listed}.", takeaway, shown=[released])
