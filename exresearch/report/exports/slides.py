"""``slides.pptx``: a slide per hypothesis with its figure, in words that can be edited."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pptx.dml.color import RGBColor
from pptx.util import Pt

from exresearch.disclosure import Entry
from exresearch.findings.decision import Verdict
from exresearch.report.exports.content import Content, Edition
from exresearch.report.exports.fit import fitting, pages_of
from exresearch.report.exports.layouts import (
    ACCENT,
    BADGE,
    BODY,
    FONT,
    LAYOUTS,
    PICTURE,
    SOURCE,
    TITLE,
    empty_presentation,
    number_slide,
    place_of,
)  # fmt: skip
from exresearch.report.exports.notes import notes_of
from exresearch.report.exports.package import plain_package
from exresearch.report.exports.pictures import figure_of, place_figure, place_logo
from exresearch.report.sentences import VERDICT_LABELS, component_sentence
from exresearch.report.text import Texts
from exresearch.report.verdict import SYMBOLS

# Dark enough for white words: at least 5 to 1.
FILLS = {
    Verdict.SUPPORTED: "0069A6", Verdict.CONTRADICTED: "A84300", Verdict.EQUIVALENT: "00664D",
    Verdict.INCONCLUSIVE: "4A525C", Verdict.NOT_TESTABLE: "4A525C",
}  # fmt: skip
_SIZES = {
    "title": (26, 24, 22, 20, 18, 16),
    "text": (16, 15, 14, 13, 12, 11),
    "list": (18, 16, 15, 14, 13, 12),
}


def slides_bytes(
    contents: Sequence[Content], edition: Edition, *, figures: Path
) -> tuple[bytes, list[Entry]]:
    """Return the findings of a report as slides.

    Parameters
    ----------
    contents : sequence of Content
        Of :func:`exresearch.report.exports.content.contents_of`.
    edition : Edition
        For whom and when.
    figures : pathlib.Path
        Folder with the key figures that the notebooks wrote; a hypothesis without one gets a figure drawn from its
        finding.

    Returns
    -------
    tuple of bytes and list of Entry
        A PPTX file, the same bytes for the same content and figures on the same day; and what the ledger has to know
        of it.
    """
    texts = edition.site.texts
    brand = edition.site.brand
    deck = empty_presentation(
        accent=brand.primary.lstrip("#") if brand is not None and brand.primary else ACCENT
    )
    entries = [entry for content in contents for entry in content.entries]
    _first(deck, edition)
    _summary(deck, contents, edition)
    for content in contents:
        if content.finding.tested:
            entries += _finding(deck, content, edition, figures)
    _untested(deck, [content for content in contents if not content.finding.tested], edition)
    properties = deck.core_properties
    properties.title, properties.author, properties.language = (
        edition.site.title,
        "exresearch",
        texts.language,
    )
    properties.last_modified_by = "exresearch"
    saved = io.BytesIO()
    deck.save(saved)
    return plain_package(saved.getvalue(), made_on=edition.made_on), entries


def _slide(deck: Any, layout: str) -> Any:
    index = list(LAYOUTS).index(layout)
    slide = deck.slides.add_slide(deck.slide_layouts[index])
    for shape in slide.placeholders:
        # Not "Title 1", "Text Placeholder 2": what a screen reader and the selection pane say.
        shape.name = place_of(layout, shape.placeholder_format.idx).name
    return slide


def _say(slide: Any, index: int, paragraphs: Sequence[tuple[str, dict[str, Any]]], texts: Texts) -> None:
    frame = next(shape for shape in slide.placeholders if shape.placeholder_format.idx == index).text_frame
    for number, (text, look) in enumerate(paragraphs):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        run = paragraph.add_run()
        run.text = text
        run.font.name = FONT
        run._r.get_or_add_rPr().set(
            "lang", {"nl": "nl-NL", "en": "en-GB"}.get(texts.language, texts.language)
        )
        if "size" in look:
            run.font.size = Pt(look["size"])
        if "bold" in look:
            run.font.bold = look["bold"]
        if "colour" in look:
            run.font.color.rgb = _rgb(look["colour"])
        if "after" in look:
            paragraph.space_before = Pt(look["after"])


def _titled(slide: Any, layout: str, text: str, texts: Texts) -> None:
    place = place_of(layout, TITLE)
    size = fitting([text], place.width, place.height, sizes=_SIZES["title"], bold=True)
    _say(slide, TITLE, [(text, {"size": size})], texts)


def _first(deck: Any, edition: Edition) -> None:
    site, texts = edition.site, edition.site.texts
    slide = _slide(deck, "Title")
    size = fitting([site.title], 11.5, 1.7, sizes=(38, 34, 30, 26, 22), bold=True)
    _say(slide, TITLE, [(site.title, {"size": size})], texts)
    _say(slide, BODY, [(site.client, {"bold": True}), (texts.number(edition.made_on, "date"), {})], texts)
    notice = []
    if site.synthetic:
        said = "This organisation does not exist; its figures were made up to show what a report looks like."
        notice.append((f"{texts.say('Fictional data.')} {texts.say(said)}", {"bold": True}))
    if site.source:
        notice.append((site.source, {}))
    if notice:
        _say(slide, SOURCE, notice, texts)
    else:
        _drop(slide, SOURCE)
    place_logo(slide, edition)
    message, values = site.rules.sentence()
    told = [
        f"exresearch {edition.version}; {texts.say('Seed')} {edition.seed}.",
        texts.say(message, **values),
    ]
    slide.notes_slide.notes_text_frame.text = "\n".join(told)


def _rgb(colour: str) -> RGBColor:
    return RGBColor(*bytes.fromhex(colour))  # type: ignore[no-untyped-call]


def _drop(slide: Any, index: int) -> None:
    shape = next(shape for shape in slide.placeholders if shape.placeholder_format.idx == index)
    shape._element.getparent().remove(shape._element)


def _summary(deck: Any, contents: Sequence[Content], edition: Edition) -> None:
    texts = edition.site.texts
    slide = _slide(deck, "Words")
    _titled(slide, "Words", texts.say("What these data say"), texts)
    groups = []
    for verdict, label in VERDICT_LABELS.items():
        titles = [content.title for content in contents if content.finding.verdict is verdict]
        if titles:
            heading = f"{SYMBOLS[verdict]} {texts.say(label)}: {texts.number(len(titles), 'integer')}"
            groups.append((heading, "; ".join(titles), FILLS[verdict]))
    if not groups:
        groups = [(texts.say("No hypothesis was decided in this run."), "", FILLS[Verdict.NOT_TESTABLE])]
    place = place_of("Words", BODY)
    said = [text for heading, titles, _ in groups for text in (heading, titles) if text]
    size = fitting(said, place.width, place.height, sizes=_SIZES["list"], gap=8)
    paragraphs: list[tuple[str, dict[str, Any]]] = []
    for heading, listed, colour in groups:
        paragraphs.append((heading, {"size": size + 2, "bold": True, "colour": colour, "after": 14}))
        if listed:
            paragraphs.append((listed, {"size": size, "after": 2}))
    _say(slide, BODY, paragraphs, texts)
    _say(slide, SOURCE, [(_footer(edition), {})], texts)
    number_slide(slide)
    slide.notes_slide.notes_text_frame.text = texts.say(
        "The rule was fixed before the data were read. Supported: the whole interval lies on the side of the "
        "claim, and not all of it is too small to matter. Contradicted: the whole interval lies on the other side. "
        "No meaningful effect: the whole interval is too small to matter. Inconclusive: both are still possible. "
        "Not testable: the data needed are not there."
    )


def _footer(edition: Edition) -> str:
    texts, site = edition.site.texts, edition.site
    parts = [site.client, texts.number(edition.made_on, "date")]
    return " · ".join(parts + [texts.say("fictional data")] * site.synthetic)


def _finding(deck: Any, content: Content, edition: Edition, figures: Path) -> list[Entry]:
    texts, finding = edition.site.texts, content.finding
    slide = _slide(deck, "Finding")
    _titled(slide, "Finding", content.answer, texts)
    _say(slide, BADGE, [(f"{content.symbol} {content.label}", {})], texts)
    badge = next(shape for shape in slide.placeholders if shape.placeholder_format.idx == BADGE)
    badge.fill.solid()
    badge.fill.fore_color.rgb = _rgb(FILLS[finding.verdict])
    figure, entries = figure_of(content, texts, figures)
    # What the title has said already is not said again.
    parts = component_sentence(finding, texts) if finding.components else ""
    meaning = (
        content.meaning.replace(parts, "").strip() if parts and parts in content.answer else content.meaning
    )
    said = [text for text in (content.effect, meaning) if text]
    said.append(f"{texts.say('The claim:')} {content.claim}")
    room = place_of("Finding", BODY)
    size = fitting(said, room.width, room.height, sizes=_SIZES["text"], gap=8)
    colours = ["1B1F24"] * (len(said) - 1) + ["4A525C"]
    looks = [{"size": size, "colour": colour, "bold": False, "after": 8} for colour in colours]
    _say(slide, BODY, list(zip(said, looks, strict=False)), texts)
    if figure is None:
        _drop(slide, PICTURE)
    else:
        place_figure(slide, figure)
    _say(slide, SOURCE, [(_source(content, edition), {})], texts)
    number_slide(slide)
    slide.notes_slide.notes_text_frame.text = notes_of(content, edition, figure)
    return entries


def _source(content: Content, edition: Edition) -> str:
    texts, parts = edition.site.texts, []
    numbers = content.lines[0].numbers
    for name, label in (("n", "Answers"), ("n_units", "Units")):
        if name in numbers and not (name == "n_units" and numbers.get("n") == numbers["n_units"]):
            parts.append(f"{texts.say(label)}: {texts.number(numbers[name], 'integer')}")
    if content.lines[0].level and not content.hidden:
        parts.append(texts.say("{level:percent0} interval", level=float(numbers["conf_level"])))
    return " · ".join([*parts, _footer(edition)])


def _untested(deck: Any, contents: Sequence[Content], edition: Edition) -> None:
    texts, place = edition.site.texts, place_of("Words", BODY)
    listed = [(f"{content.symbol} {content.title}", content.meaning) for content in contents]
    for page in pages_of(listed, place.width, place.height, size=14, gap=10):
        slide = _slide(deck, "Words")
        _titled(slide, "Words", texts.say("What these data cannot test, and why"), texts)
        paragraphs: list[tuple[str, dict[str, Any]]] = []
        for title, reason in page:
            paragraphs.append((title, {"size": 14, "bold": True, "after": 10}))
            paragraphs.append((reason, {"size": 14, "after": 2}))
        _say(slide, BODY, paragraphs, texts)
        _say(slide, SOURCE, [(_footer(edition), {})], texts)
        number_slide(slide)
        shown = {title for title, _ in page}
        told = [
            notes_of(content, edition, None)
            for content in contents
            if f"{content.symbol} {content.title}" in shown
        ]
        slide.notes_slide.notes_text_frame.text = "\n\n".join(told)
