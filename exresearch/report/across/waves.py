"""The page of what changed between reports of one client."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from exresearch.findings.across import (
    Change,
)
from exresearch.findings.registry import load_registry
from exresearch.report.across.comparison import Comparison, Headings, inside, made_of
from exresearch.report.markup import fill
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.page import Page
from exresearch.report.sentences import VERDICT_LABELS, hypothesis_title
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark


def changes_body(comparison: Comparison) -> tuple[Markup, Headings]:
    """Return the inside of the page of changes, and its headings."""
    texts = comparison.texts
    page = Page(language=comparison.language, rules=comparison.rules)
    blocks, headings = [], []
    for number, (before, after, rows) in enumerate(comparison.changes):
        title = texts.say(
            "From {before} to {after}", before=comparison.name(before), after=comparison.name(after)
        )
        headings.append((2, f"change-{number}", title))
        clear = sum(1 for row in rows if row.p_value is not None and row.p_value <= 0.05)
        tested = sum(1 for row in rows if row.p_value is not None)
        said = texts.say(
            "Of {tested:integer} numbers that both reports have and that can be compared, {clear:integer} changed by "
            "more than chance (p of 0.05 or less, not corrected).",
            tested=tested,
            clear=clear,
        )
        blocks.append((f"change-{number}", title, said, _changes_table(rows, comparison, page)))
    headings.append((2, "made", texts.say("What was compared")))
    body = fill("across_waves.html.j2", texts=texts, blocks=blocks, clients=made_of(comparison))
    return body, headings


def _changes_table(rows: Sequence[Change], comparison: Comparison, page: Page) -> Markup:
    texts, registry = comparison.texts, load_registry()
    shown = []
    for row in rows:
        spec = unit_spec(row.unit)
        title = hypothesis_title(row.hypothesis, texts)
        components = registry.family_of(row.hypothesis).components if row.hypothesis in registry else {}
        label = f"{title}: {texts.pick(components[row.term])}" if row.term in components else title
        change = "–"
        between = "–"
        if row.change is not None and row.conf_low is not None and row.conf_high is not None:
            form = spec if row.as_ratio else spec.replace("percent", "points")
            change = texts.number(row.change, form)
            between = interval(row.conf_low, row.conf_high, form, language=texts.language)
            if row.as_ratio:
                change = texts.say("{value} times", value=change)
        shown.append(
            {
                "claim": label,
                "before": texts.number(row.before.estimate, spec),
                "after": texts.number(row.after.estimate, spec),
                "change": change,
                "limits": between,
                "p_value": "–" if row.p_value is None else texts.number(row.p_value, "p"),
                "verdicts": _verdicts(row, texts),
                "detail": "" if row.reason is None else texts.note(row.reason),
            }
        )
    columns = {
        "claim": Column(mark("Claim")),
        "detail": None,
        "before": Column(mark("Before"), "figures"),
        "after": Column(mark("After"), "figures"),
        "change": Column(mark("Change"), "figures"),
        "limits": Column(mark("Interval"), "figures"),
        "p_value": Column(mark("p"), "figures"),
        "verdicts": Column(mark("Verdict of the claim")),
    }
    if not shown:
        return Markup("")
    least = min(min(row.before.n or 0, row.after.n or 0) for row in rows)
    table = page.table(
        pd.DataFrame(shown), count=least, caption="What both reports have, side by side", columns=columns
    )
    return inside(table.data)


def _verdicts(row: Change, texts: Texts) -> str:
    said = [
        texts.say(VERDICT_LABELS[verdict]) if verdict is not None else texts.say("not decided")
        for verdict in (row.verdict_before, row.verdict_after)
    ]
    return said[0] if said[0] == said[1] else " → ".join(said)
