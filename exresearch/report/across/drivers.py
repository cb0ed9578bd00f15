"""The page of drivers over clients."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from exresearch.findings.across import (
    PooledDrivers,
)
from exresearch.report.across.comparison import Comparison, Headings, inside
from exresearch.report.across.forest import drivers_forest
from exresearch.report.markup import fill
from exresearch.report.numbers import interval
from exresearch.report.page import Page
from exresearch.report.tables import Column
from exresearch.report.text import mark


def drivers_body(comparison: Comparison) -> tuple[Markup, Headings]:
    """Return the inside of the page of drivers, and its headings."""
    texts, pooled = comparison.texts, comparison.drivers
    page = Page(language=comparison.language, rules=comparison.rules)
    figure, table, headings = Markup(""), Markup(""), []
    least = min((client.drivers.n for client in comparison.clients if client.drivers is not None), default=0)
    if pooled is not None and pooled.drivers:
        picture = drivers_forest(pooled, texts=texts, rules=comparison.rules, least=least)
        figure = inside(page.figure(picture).data)
        table = inside(_drivers_table(pooled, comparison, page, least))
        headings.append((2, "pooled", texts.say("Pooled importance")))
    ranks = _ranks(comparison, page)
    if ranks:
        headings.append((2, "ranks", texts.say("Ranks in each client")))
    left = []
    if pooled is not None:
        left = [(comparison.name(position), texts.note(reason)) for position, reason in pooled.left_out]
    body = fill(
        "across_drivers.html.j2",
        texts=texts,
        reason=texts.note(pooled.reason) if pooled is not None and pooled.reason is not None else "",
        figure=figure,
        table=table,
        ranks=ranks,
        left=left,
    )
    return body, headings


def _drivers_table(pooled: PooledDrivers, comparison: Comparison, page: Page, least: int) -> str:
    texts = comparison.texts
    rows = [
        {
            "driver": texts.pick(driver.label),
            "mean": texts.number(driver.mean.estimate, "percent1"),
            "limits": interval(
                driver.mean.conf_low, driver.mean.conf_high, "percent1", language=texts.language
            ),
            "next": interval(
                driver.mean.expect_low or 0.0,
                driver.mean.expect_high or 0.0,
                "percent1",
                language=texts.language,
            ),
            "i2": texts.number(driver.mean.i2, "percent0"),
            "together": texts.number(driver.together, "percent1"),
            "around": interval(
                driver.together_low, driver.together_high, "percent1", language=texts.language
            ),
            "ranks": texts.listed([str(rank) for rank in driver.ranks]),
        }
        for driver in pooled.drivers
    ]
    columns = {
        "driver": Column(mark("Driver")),
        "mean": Column(mark("Mean of the clients"), "figures"),
        "limits": Column(mark("Interval"), "figures"),
        "next": Column(mark("One more client"), "figures"),
        "i2": Column(mark("More than chance (I²)"), "figures"),
        "together": Column(mark("All answers together"), "figures"),
        "around": Column(mark("Interval over clients"), "figures"),
        "ranks": Column(mark("Rank in each client"), "figures"),
    }
    caption = "Importance of drivers over clients: share of the differences in recommending the employer"
    return str(page.table(pd.DataFrame(rows), count=least, caption=caption, columns=columns).data)


def _ranks(comparison: Comparison, page: Page) -> Markup:
    texts = comparison.texts
    if not comparison.ranked:
        return Markup("")
    names = {f"c{position}": comparison.name(position) for position in range(len(comparison.clients))}
    rows = []
    for driver in comparison.ranked:
        cells = {
            name: "–" if rank is None else str(rank) for name, rank in zip(names, driver.ranks, strict=True)
        }
        rows.append({"driver": texts.pick(driver.label), **cells})
    columns = {"driver": Column(mark("Driver"))}
    columns |= {
        name: Column(dict.fromkeys((comparison.language, "en"), label), "figures")
        for name, label in names.items()
    }
    least = min(
        (finding.n or 0 for client in comparison.clients for finding in client.findings.values()
         if finding.hypothesis == "employee-first" and finding.tested),
        default=0,
    )  # fmt: skip
    shown = page.table(
        pd.DataFrame(rows),
        count=least,
        caption="Rank of each driver among those of its own client",
        columns=columns,
    )
    return inside(shown.data)
