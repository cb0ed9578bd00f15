"""What a notebook shows things with: tables, figures, verdicts and sentences, in one style."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
from IPython.display import HTML
from markupsafe import Markup

from exresearch.disclosure import DisclosureRules, Entry, Groups, ledger_text, read_ledger, release
from exresearch.findings.finding import Finding
from exresearch.findings.note import Note
from exresearch.report.behind import data_tables
from exresearch.report.key_figures import FOLDER, key_figure_of, write_key_figure
from exresearch.report.markup import asset, fill
from exresearch.report.numbers import Language
from exresearch.report.tables import Column, html_table
from exresearch.report.text import Texts
from exresearch.report.theme import Picture, svg
from exresearch.report.verdict import shown_entry, verdict_block

_PIXELS = 96
# What a fragment brings along for JupyterLab, of whatever version it was made.
_LAB_STYLE = re.compile(r'<style class="exr-lab">.*?</style>\n?', re.DOTALL)
# Under this name an output carries what it shows, for the audit of the whole report; no page shows it.
LEDGER = "exresearch"
NOTHING = Note(message="There is nothing to show here.")
TOO_FEW = Note(message="Not drawn: fewer than {minimum} people are behind a part of it.")


class Page:
    """The page that a notebook writes.

    Every method returns an object that JupyterLab shows and that the report takes over; a frame reaches a
    table only through :func:`exresearch.disclosure.release`.

    Parameters
    ----------
    language : {"nl", "en"}
        Language of the reader.
    rules : DisclosureRules
        Minimum groups.
    output_dir : pathlib.Path, optional
        Folder of this notebook's own, into which every figure is also written as ``figure-01.svg`` and so on.
    report_dir : pathlib.Path, optional
        Folder of the report, into whose ``figures`` the key figures go as PNG for slides and documents.

    Raises
    ------
    ValueError
        If the language is not known.

    Examples
    --------
    >>> page = Page(language="en", rules=DisclosureRules())
    >>> "5,812 people took part." in page.say(Note(message="{n:integer} people took part.", values={"n": 5812})).data
    True
    """

    def __init__(
        self,
        *,
        language: Language,
        rules: DisclosureRules,
        output_dir: Path | None = None,
        report_dir: Path | None = None,
    ) -> None:
        self.texts = Texts(language)
        self.rules = rules
        self._output_dir = output_dir
        self._key_figures = None if report_dir is None else report_dir / FOLDER
        self._figures = 0

    def table(
        self,
        frame: pd.DataFrame,
        *,
        count: str | int,
        caption: str | Note,
        columns: Mapping[str, str | Column | Mapping[str, str] | None] | Sequence[str] | None = None,
        note: str | Note | None = None,
        within: Sequence[str] = (),
        groups: Groups | None = None,
        comments: bool = False,
    ) -> HTML:
        """Show a frame, with the numbers of small groups hidden.

        Parameters
        ----------
        frame : pandas.DataFrame
            One row per table row; not changed.
        count : str or int
            Column with the number of respondents behind each row, or that number for the whole table.
        caption, note : str or Note
            English message, without places or as a note with values.
        columns : mapping or sequence, optional
            As for :func:`exresearch.report.tables.html_table`.
        within : sequence of str
            Columns that tell apart several tables in one frame, each with a total of its own; see
            :func:`exresearch.disclosure.release`.
        groups : Groups, optional
            Who is in each row, where rows are groups of people.
        comments : bool
            Whether the table sums up comments, which need more people behind them.

        Returns
        -------
        IPython.display.HTML
            Without rows the note alone, or a sentence that there is nothing to show.

        Raises
        ------
        ValueError
            As :func:`exresearch.disclosure.release` and :func:`exresearch.report.tables.html_table`.
        """
        if frame.empty:
            return self._message(note or NOTHING, "absent")
        rules = self.rules.for_comments() if comments else self.rules
        released = release(frame, count=count, rules=rules, within=within, groups=groups, name=_name(caption))
        table = html_table(
            released,
            texts=self.texts,
            caption=self._text(caption),
            columns=columns,
            note=None if note is None else self._text(note),
        )
        return _shown(table, [released.entry])

    def words(
        self,
        frame: pd.DataFrame,
        *,
        caption: str | Note,
        columns: Mapping[str, str | Column | Mapping[str, str] | None] | Sequence[str] | None = None,
    ) -> HTML:
        """Show a frame of words only, behind which there is nobody to count.

        Raises
        ------
        ValueError
            If a column holds numbers: those go through :meth:`table`, which asks how many people are behind them.
        """
        released = release(frame, count=None, rules=self.rules, name=_name(caption))
        table = html_table(released, texts=self.texts, caption=self._text(caption), columns=columns)
        return _shown(table, [released.entry])

    def figure(self, picture: Picture | Note, *, of: str | Sequence[str] = ()) -> HTML:
        """Show a picture with its takeaway, alternative text, caption and, folded, its data; it loads nothing.

        A note is what a figure returns for data that cannot be drawn: it is said in the picture's place. So is that
        too few people are behind it, where the figure did not look itself.

        Parameters
        ----------
        picture : Picture or Note
            What to show.
        of : str or sequence of str
            Hypotheses whose key figure this is: the one that stands beside the verdict on a slide.

        Returns
        -------
        IPython.display.HTML
        """
        if isinstance(picture, Note):
            return self._message(picture, "absent")
        least = min((r.entry.least for r in picture.shown if r.entry.least is not None), default=None)
        if least is not None and least < self.rules.min_respondents:
            return self._message(
                TOO_FEW.model_copy(update={"values": {"minimum": self.rules.min_respondents}}), "absent"
            )
        drawing = svg(picture.figure)
        self._figures += 1
        if self._output_dir is not None:
            self._output_dir.mkdir(parents=True, exist_ok=True)
            (self._output_dir / f"figure-{self._figures:02d}.svg").write_text(
                drawing, encoding="utf-8", newline="\n"
            )
        hypotheses = (of,) if isinstance(of, str) else tuple(of)
        if hypotheses and self._key_figures is not None:
            key = key_figure_of(picture)
            for hypothesis in hypotheses:
                write_key_figure(key, hypothesis, self._key_figures)
        width, height = picture.figure.get_size_inches() * _PIXELS
        source = "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode("ascii")
        block = fill(
            "figure.html.j2",
            texts=self.texts,
            picture=picture,
            source=source,
            width=round(width),
            height=round(height),
            tables=data_tables(picture, texts=self.texts),
            of=hypotheses,
        )
        entries = [
            replace(released.entry, name=released.entry.name or picture.caption) for released in picture.shown
        ]
        return _shown(block, entries)

    def verdict(self, finding: Finding) -> HTML:
        """Show a finding: verdict, sentence, numbers, checks, published figures and caveats."""
        return _shown(verdict_block(finding, self.texts), [shown_entry(finding)])

    def say(self, note: str | Note) -> HTML:
        """Show a sentence: an English message, or a note with values."""
        return self._message(note, "say")

    def warning(self, note: str | Note) -> HTML:
        """Show a sentence that the reader must not miss."""
        return self._message(note, "warning")

    def _message(self, note: str | Note, kind: str) -> HTML:
        block = fill("message.html.j2", texts=self.texts, kind=kind, text=self._text(note))
        return _shown(block, [Entry(_name(note), "words")])

    def _text(self, message: str | Note) -> str:
        return self.texts.note(message) if isinstance(message, Note) else self.texts.say(message)


def entries_shown(output: HTML) -> tuple[Entry, ...]:
    """Return what a method of :class:`Page` wrote into the metadata of its output, for the report's ledger."""
    return tuple(read_ledger((output.metadata or {})[LEDGER]))


def without_lab_style(html: str) -> str:
    """Return a fragment for a page of the report, which has a style of its own."""
    return _LAB_STYLE.sub("", html)


def lab_style() -> str:
    """Return the style that a fragment brings along for JupyterLab; a rendered page has its own instead."""
    return f'<style class="exr-lab">{asset("fragment.css")}</style>\n'


def _name(message: str | Note) -> str:
    return message.message if isinstance(message, Note) else message


def _shown(block: Markup, entries: Sequence[Entry]) -> HTML:
    metadata = {LEDGER: ledger_text(entries)}
    return HTML(lab_style() + str(block), metadata=metadata)  # type: ignore[no-untyped-call]
