"""Comments on contact moments: what the counts look like on a page. No page shows a comment."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups
from exresearch.findings.analyses import MomentComments
from exresearch.findings.note import Note
from exresearch.report.figures.journey import CODE_WORDS, stacked_codes
from exresearch.report.figures.journey.groups import of_codes, of_themes
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture

_LANGUAGES = {"nl": mark("Dutch"), "en": mark("English")}
CODES: dict[str, Column | None] = {
    "label": Column(mark("Contact moment")),
    "what": Column(mark("It"), "message"),
    "n": Column(mark("Remarks"), "integer"),
    "share": Column(mark("Share"), "percent0"),
    "estimate": Column(mark("Corrected"), "percent0"),
    "conf_low": Column(mark("Interval"), "percent0"),
    "people": Column(mark("People"), "integer"),
}
THEMES: dict[str, Column | None] = {
    "label": Column(mark("Theme")),
    "n": Column(mark("Remarks"), "integer"),
    "share": Column(mark("Share"), "percent0"),
    "people": Column(mark("People"), "integer"),
}
MOMENT_THEMES: dict[str, Column | None] = {
    "label": Column(mark("Contact moment")),
    "theme_label": Column(mark("Theme")),
    "n": Column(mark("Remarks"), "integer"),
    "share": Column(mark("Share"), "percent0"),
    "people": Column(mark("People"), "integer"),
}
AGREEMENT: dict[str, Column | None] = {
    "what": Column(mark("Language"), "message"),
    "estimate": Column(mark("Alpha"), "number2"),
    "conf_low": Column(mark("Interval"), "number2"),
    "kappa": Column(mark("Kappa"), "number2"),
    "accuracy": Column(mark("Same code"), "percent0"),
    "n": Column(mark("Remarks"), "integer"),
}
RECALL: dict[str, Column | None] = {
    "what": Column(mark("Language"), "message"),
    "named": Column(mark("Code"), "message"),
    "recall": Column(mark("Found"), "percent0"),
    "precision": Column(mark("Rightly given"), "percent0"),
    "n": Column(mark("Remarks"), "integer"),
}


def tables(result: MomentComments) -> dict[str, dict[str, Any]]:
    """Return the tables by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    result : MomentComments
        Of :func:`exresearch.findings.analyses.moment_comments`.

    Returns
    -------
    dict of str to dict
        ``codes, themes, moment_themes, agreement, recall``; without comments each says why.
    """
    codes, agreement, recall = result.codes, result.agreement, result.recall
    if len(codes):
        # A code that no remark was given has no row: nobody is behind it.
        codes = codes[codes.groupby("code")["people"].transform("sum") > 0]
        codes = codes.assign(what=codes["code"].map(CODE_WORDS))
        if result.uncorrected is not None:
            codes = codes.drop(columns=["estimate", "conf_low", "conf_high", "conf_level"])
        agreement = agreement.assign(what=agreement["language"].map(_LANGUAGES))
        recall = recall.assign(what=recall["language"].map(_LANGUAGES), named=recall["code"].map(CODE_WORDS))
    note: str | Note = (
        result.reason
        or result.uncorrected
        or mark(
            "Corrected: what the shares would be if the coder erred here as it did on the held-out remarks. "
            "Where it errs much, the interval is wide."
        )
    )
    several = mark(
        "A remark may be about several themes, or none. Rows with the fewest people may be hidden."
    )
    found = mark("Found: of the remarks with this code. Rightly given: of the remarks that were given it.")
    shown = {name: column for name, column in CODES.items() if codes.empty or name in codes or name == "what"}
    # Themes do not add up: a remark may be about several. On moments those of one theme do.
    about_people: dict[str, tuple[Groups, list[str]]] = {
        "codes": (of_codes(), ["group"]),
        "themes": (of_themes(), ["theme"]),
        "moment_themes": (of_themes(moments=True), ["theme"]),
    }
    made: dict[str, tuple[pd.DataFrame, str, dict[str, Column | None], str | Note, str]] = {
        "codes": (codes, mark("What remarks say that each moment did"), shown, note, "people"),
        "themes": (result.themes, mark("What remarks are about"), THEMES, result.reason or several, "people"),
        "moment_themes": (
            result.moment_themes,
            mark("The three themes named most about each moment"),
            MOMENT_THEMES,
            result.reason or several,
            "people",
        ),
        "agreement": (
            agreement,
            mark("Codes of the coder against codes by hand, on held-out remarks"),
            AGREEMENT,
            result.reason or mark("Made-up remarks: nobody is behind them."),
            "n",
        ),
        "recall": (recall, mark("Each code on held-out remarks"), RECALL, result.reason or found, "n"),
    }
    tables: dict[str, dict[str, Any]] = {
        name: {"frame": frame, "count": count, "caption": caption, "columns": columns, "note": text}
        for name, (frame, caption, columns, text, count) in made.items()
    }
    for name, (groups, within) in about_people.items():
        if len(tables[name]["frame"]):
            tables[name] |= {"groups": groups, "within": within, "comments": True}
    return tables


def codes_picture(result: MomentComments, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Return the figure of the codes, or why there is none."""
    if result.reason is not None:
        return result.reason
    return stacked_codes(result.codes, texts=texts, rules=rules, trusted=result.trusted)


def quality_sentence(result: MomentComments) -> Note:
    """Return what may be concluded from the codes, by the lowest agreement of the languages."""
    if result.reason is not None:
        return result.reason
    values: dict[str, int | float | str | dict[str, str]] = {
        "alpha": float(result.agreement["estimate"].min()),
        "n": result.n,
        "people": result.people,
    }
    if result.trusted:
        message = (
            "{n:integer} remarks of {people:integer} people were coded. The lowest agreement of a language is "
            "{alpha:number2}: enough for tentative conclusions."
        )
    else:
        message = (
            "{n:integer} remarks of {people:integer} people were coded. The lowest agreement of a language is "
            "{alpha:number2}: the codes are not good enough for conclusions."
        )
    return Note(message=message, values=values)
