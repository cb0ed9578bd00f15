"""Figures about how engaged people are, and how their answers are distributed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups, Measure, release
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.report.figures.door import too_few
from exresearch.report.figures.rows import draw_interval, row_value, rows_axes
from exresearch.report.figures.visible import enough_people
from exresearch.report.text import Texts, mark
from exresearch.report.theme import (
    COLOURS,
    Picture,
    intervals_name,
    number_axis,
    require,
    rows_of,
    style,
)

# After six years a benchmark describes other people in another time.
_DATED_AFTER = 6
HIDDEN = mark("Hidden, or marked ×: answers that too few people gave.")
_OWN = (
    mark("This organisation"),
    mark("This organisation, lower limit of the interval"),
    mark("This organisation, upper limit of the interval"),
)
_BANDS = Groups("employees", answer="level", answered="engagement band")
_ENGAGED = Groups("employees", measures={"estimate": Measure("engaged")})


def engagement_bands(frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> Picture:
    """Draw the share of people in each band of engagement.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``level`` (name of the band), ``band`` (text or mapping, from low to high or the reverse), ``share``,
        ``conf_low``, ``conf_high`` (0 to 1), ``n`` (answers in total), ``answers``, ``people`` (in the band).
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum groups.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    columns = ["level", "band", "share", "conf_low", "conf_high", "n", "answers", "people"]
    require(frame, columns, figure="engagement_bands")
    total = int(frame["n"].max())
    behind = enough_people(frame["answers"], frame["people"], rules)
    released = release(
        frame.drop(columns=["answers", "people"]).assign(behind=behind),
        count="behind", rules=rules, groups=_BANDS, name="Bands of engagement",
    )  # fmt: skip
    frame = released.frame
    labels = [texts.pick(band) for band in frame["band"]]
    with style():
        figure, axes, y = rows_axes(labels, left=1.6, right=0.75)
        highest = frame[["share", "conf_high"]].max().max()
        axes.set_xlim(0, 1.0 if pd.isna(highest) else min(1.0, float(highest) * 1.08))
        for position, row in zip(y, rows_of(frame), strict=True):
            if pd.isna(row.share):
                row_value(axes, position, texts.say("hidden"), colour=COLOURS["grey"])
                continue
            axes.barh(position, row.share, height=0.24, color=COLOURS["sky"])
            draw_interval(
                axes,
                position,
                row.share,
                row.conf_low,
                row.conf_high,
                colour=COLOURS["ink"],
                marker="|",
                size=8,
            )
            row_value(axes, position, texts.number(row.share, "percent0"), bold=True)
        number_axis(axes.xaxis, "percent0", texts)
        axes.set_xlabel(texts.say("share of employees"))
    listed = "; ".join(
        texts.say(
            "{band}: {share:percent0} (interval {low:percent0} to {high:percent0})",
            band=label,
            share=row.share,
            low=row.conf_low,
            high=row.conf_high,
        )
        for label, row in zip(labels, rows_of(frame), strict=True)
        if pd.notna(row.share)
    )
    shares = pd.Series(frame["share"].to_numpy("float64", na_value=np.nan))
    if shares.notna().any():
        largest = int(np.nanargmax(shares.to_numpy()))
        takeaway = texts.say(
            "The largest group is “{band}”, with {share:percent0}.",
            band=labels[largest],
            share=shares[largest],
        )
    else:
        takeaway = texts.say("Every group is too small to be shown.")
    caption = texts.say(
        "Share of employees in each band, with {intervals}; {n:integer} answers.",
        intervals=intervals_name(frame, texts),
        n=total,
    )
    if shares.isna().any():
        caption += " " + texts.say(HIDDEN)
    return Picture(figure, caption, f"{listed}." if listed else takeaway, takeaway, [released])


def engaged_share_benchmarks(
    estimate: EstimateRecord | Finding,
    published: pd.DataFrame,
    *,
    texts: Texts,
    rules: DisclosureRules,
    latest_year: int | None = None,
) -> Picture | Note:
    """Draw the client's engaged share beside published, dated figures.

    Parameters
    ----------
    estimate : EstimateRecord or Finding
        The client's share with its interval.
    published : pandas.DataFrame
        ``value`` (0 to 1), ``year`` (int or text such as "2011-2012"), ``region`` (text or mapping). Without rows the
        client's share stands alone.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum groups.
    latest_year : int, optional
        Year against which a figure is old; the newest published one by default.

    Returns
    -------
    Picture or Note
        The note where the share says too much about each employee.

    Raises
    ------
    ValueError
        If a column is missing, or the estimate holds no number.
    """
    if not published.empty:
        require(published, ["value", "year", "region"], figure="engaged_share_benchmarks")
    if estimate.estimate is None or estimate.conf_low is None or estimate.conf_high is None:
        raise ValueError(
            "engaged_share_benchmarks needs an estimate with an interval; this finding was not testable."
        )
    n = estimate.n or estimate.n_units or 0
    own_share = pd.DataFrame({"estimate": [estimate.estimate], "n": [estimate.n]}, dtype="float64")
    shown = [
        release(own_share.dropna(), count="n", rules=rules, groups=_ENGAGED, name="Engaged share"),
        release(
            pd.DataFrame({
                "label": [*(texts.say(text) for text in _OWN), *_published(published, texts)],
                "value": [estimate.estimate, estimate.conf_low, estimate.conf_high, *published["value"]],
            }),
            count=n, rules=rules, name="Engaged share beside published shares",
        ),
    ]  # fmt: skip
    if any(released.n_hidden for released in shown):
        return too_few(rules)
    years = [int(str(year)[-4:]) for year in published["year"]]
    newest = latest_year if latest_year is not None else max(years, default=0)
    order = sorted(range(len(years)), key=lambda index: -years[index])
    labels = [texts.say("This organisation")]
    labels += [_published(published, texts)[index] for index in order]
    with style():
        figure, axes, y = rows_axes(labels, left=1.95, right=1.35, bold=[True] + [False] * len(order))
        values = [float(published["value"].iloc[index]) for index in order]
        axes.set_xlim(0, min(1.0, max([estimate.conf_high, *values]) * 1.1))
        axes.axvspan(estimate.conf_low, estimate.conf_high, color=COLOURS["band"], zorder=0)
        draw_interval(
            axes,
            y[0],
            estimate.estimate,
            estimate.conf_low,
            estimate.conf_high,
            colour=COLOURS["blue"],
            size=9,
        )
        row_value(axes, y[0], texts.number(estimate.estimate, "percent0"), bold=True)
        for position, index, value in zip(y[1:], order, values, strict=True):
            old = newest - years[index] >= _DATED_AFTER
            axes.plot(
                [value],
                [position],
                marker="D",
                markersize=6.5,
                markerfacecolor="white" if old else COLOURS["grey"],
                markeredgecolor=COLOURS["grey"],
                linestyle="none",
                zorder=4,
                clip_on=False,
            )
            said = texts.number(value, "percent0")
            row_value(
                axes, position, f"{said} ({texts.say('dated')})" if old else said, colour=COLOURS["grey"]
            )
        number_axis(axes.xaxis, "percent0", texts)
        axes.set_xlabel(texts.say("share of employees who are engaged"))
    own = texts.say(
        "{share:percent0} of the employees are engaged ({level:percent0} interval {low:percent0} to "
        "{high:percent0}).",
        level=estimate.conf_level,
        share=estimate.estimate,
        low=estimate.conf_low,
        high=estimate.conf_high,
    )
    if published.empty:
        return Picture(figure, texts.say("The engaged share with its interval (shaded)."), own, own, shown)
    listed = "; ".join(
        f"{label}: {texts.number(value, 'percent0')}" for label, value in zip(labels[1:], values, strict=True)
    )
    caption = texts.say(
        "The engaged share with its interval (shaded) beside published figures. Open diamonds are dated: "
        "they say nothing about today."
    )
    return Picture(figure, caption, f"{own} {texts.say('Published figures')}: {listed}.", own, shown)


def _published(published: pd.DataFrame, texts: Texts) -> list[str]:
    """Region and year of each published figure."""
    rows = zip(published.get("region", []), published.get("year", []), strict=True)
    return [f"{texts.pick(region)}, {year}" for region, year in rows]
