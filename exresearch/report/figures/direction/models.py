"""The two effects by one model after another, so that a reader sees what hangs on the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.report.figures.direction.lags import SIDES
from exresearch.report.figures.door import too_few
from exresearch.report.figures.rows import draw_interval, rows_axes
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, number_axis, style

_MODELS = {
    "": mark("The model of the verdict"),
    "free_lags": mark("Effects free to differ from wave to wave"),
    "robust": mark("Standard errors that ask nothing of the distribution"),
    "complete": mark("Units with all waves only"),
    "set_apart": mark("Without the units set apart"),
    "known_errors": mark("Without the sampling errors of unit means"),
    "dynamic": mark("A second kind of model"),
    "fixed_effects": mark("A plain regression within units"),
    "clpm": mark("Mixing what units are with what they do"),
}
_AIR = 0.12


@dataclass(frozen=True, slots=True)
class _Row:
    label: str
    pure: bool
    effects: dict[str, EstimateRecord]


def effects_by_model(finding: Finding, *, texts: Texts) -> Picture | Note:
    """Draw both effects of one wave on the next, by the deciding model and by the others.

    Parameters
    ----------
    finding : Finding
        The one on ``two-way``, whose components and checks hold both effects.
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture or Note
        A note where nothing was tested.
    """
    if not finding.tested:
        return Note(message="There are no checks to show.")
    records = {record.term: record for record in (*finding.components, *finding.robustness)}
    rows = []
    for suffix, name in _MODELS.items():
        terms = {side: f"{side}_{suffix}" if suffix else side for side in SIDES}
        effects = {side: records[term] for side, term in terms.items() if term in records}
        if effects:
            rows.append(_Row(texts.say(name), suffix != "clpm", effects))
    shown = [record for row in rows for record in row.effects.values()]
    released = release(
        _frame(rows, n=finding.n or finding.n_units or 0),
        count="n",
        rules=DisclosureRules(),
        name="Both effects, by model",
    )
    if released.n_hidden:
        return too_few(released.rules)
    with style():
        figure, axes, positions = rows_axes(
            [row.label for row in rows],
            left=2.15,
            right=0.15,
            top=0.36,
            bottom=0.56,
            wrap=27,
            least=0.5,
            bold=[index == 0 for index in range(len(rows))],
        )
        reach = 1.08 * max(max(abs(record.conf_low), abs(record.conf_high)) for record in shown)
        axes.set_xlim(-reach, reach)
        band = (finding.smallest_effect.low, finding.smallest_effect.high)
        axes.axvspan(*band, color=COLOURS["band"], zorder=0)
        axes.axvline(finding.null, color=COLOURS["ink"], linewidth=1.1, zorder=1)
        for y, row in zip(positions, rows, strict=True):
            for side, record in row.effects.items():
                _, marker, colour, shift = SIDES[side]
                draw_interval(
                    axes,
                    y + np.sign(shift) * _AIR,
                    record.estimate,
                    record.conf_low,
                    record.conf_high,
                    colour=colour,
                    marker=marker,
                    filled=row.pure,
                    size=6.0,
                )
        for side, (name, marker, colour, _) in SIDES.items():
            if any(side in row.effects for row in rows):
                axes.plot([], [], linestyle="none", marker=marker, color=colour, label=texts.say(name))
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=2,
            frameon=False,
            fontsize=9,
            handletextpad=0.1,
            columnspacing=1.0,
            borderaxespad=0.2,
        )
        axes.set_xlabel(texts.say("effect a wave later, in standard deviations"))
        number_axis(axes.xaxis, "number1", texts)
    takeaway = _takeaway(rows, texts)
    caption = texts.say(
        "Both effects of one wave on the next, by the model of the verdict and by other models, with {level:percent0} "
        "intervals. Line: no effect. Shaded: too small to matter. Hollow: a model that mixes what units are with what "
        "they do.",
        level=shown[0].conf_level,
    )
    told = " ".join(
        f"{row.label}: "
        + "; ".join(
            texts.say(
                "{what} {estimate:number2} ({limits})",
                what=texts.say(SIDES[side][0]),
                estimate=record.estimate,
                limits=interval(record.conf_low, record.conf_high, "number2", language=texts.language),
            )
            for side, record in row.effects.items()
        )
        + "."
        for row in rows
    )
    return Picture(figure, caption, f"{told} {takeaway} {caption}", takeaway, shown=[released])


def _frame(rows: list[_Row], *, n: int) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "model": row.label,
                "side": side,
                "estimate": record.estimate,
                "conf_low": record.conf_low,
                "conf_high": record.conf_high,
                "n": record.n or n,
            }
            for row in rows
            for side, record in row.effects.items()
        ]
    )


def _takeaway(rows: list[_Row], texts: Texts) -> str:
    """Count the models that do not mix, because the last one answers another question."""
    pure = [row for row in rows if row.pure]
    counts = {
        side: sum(row.effects[side].conf_low > 0 for row in pure if side in row.effects) for side in SIDES
    }
    if not any(counts.values()):
        return texts.say(
            "None of the {models:integer} models that keep what units are apart from what they do shows an effect in "
            "either direction.",
            models=len(pure),
        )
    return texts.say(
        "Of {models:integer} models that keep what units are apart from what they do, {forth:integer} show an effect "
        "of employees on customers and {back:integer} one of customers on employees.",
        models=len(pure),
        forth=counts["ex_to_cx"],
        back=counts["cx_to_ex"],
    )
